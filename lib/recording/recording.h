/* SPDX-License-Identifier: MIT */
/* What is in a directory: recordings, their playlists, their segments on one clock, and everything
 * unusual about them. A segment begins at the time in its FILE-ATTR tag; without one, at the UTC
 * time in its name, shifted so that the first agrees with START-REC-TIME; without that, where the
 * durations before it end. */
#ifndef TRTC_RECORDING_RECORDING_H
#define TRTC_RECORDING_RECORDING_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "playlist/kind.h"
#include "playlist/name.h"
#include "playlist/playlist.h"
#include "recording/loss.h"

#define TRTC_ROUNDING_US 40000  /* a smaller difference is rounding or drift, a larger one a jump */
#define TRTC_OVERLAP_US  100000 /* a smaller overlap of two segments is rounding */

/* What the first frames of a segment show; filled in by source/probe. */
struct trtc_facts {
    unsigned kinds;                       /* TRTC_AUDIO | TRTC_VIDEO: what was found in it */
    int64_t first_ts_90k;                 /* lowest PTS of the first frames, 33 bits */
    int64_t first_90k[TRTC_NB_KINDS];     /* of each kind; TRTC_NOTIME: none was seen */
    int64_t first_dts_90k[TRTC_NB_KINDS]; /* the same of decoding: of the first frame in the file */
    int64_t end_90k[TRTC_NB_KINDS];       /* where the last frame of each kind ends, by its decoding
                                             time; TRTC_NOTIME: its end was not read */
    bool headless;                        /* it begins in the middle of a picture or of a frame of
                                         sound */
    bool goes_on;            /* its packets follow those of the one before by their counters */
    bool beheaded;           /* its first packets were overwritten */
    bool tables_first;       /* it begins with tables, so it has its beginning */
    int64_t tables_place;    /* it has no tables, or has them too late: those of the segment with
                                this number in its playlist apply; -1: it has its own */
    unsigned scrambled;      /* TRTC_AUDIO | TRTC_VIDEO: what is in it, and encrypted */
    bool odd;                /* its clock restarts: first_ts_90k is the start of its course */
    char video_codec[16];    /* "h264", "hevc", ...; "": no picture */
    int width_px, height_px; /* 0: it has no parameter sets, those of an earlier segment apply */
    int sar_num, sar_den, profile;
    struct trtc_colour colour; /* as its parameter sets say */
    char audio_codec[16];      /* "aac", ...; "": no sound */
    int rate_hz, channels, object_type;
    bool blocks;       /* its frames hold several blocks each */
    int64_t nb_frames; /* number of pictures if the whole segment was measured, or -1 */
};

struct trtc_piece {     /* a segment file that can be used, or a part of one */
    const char *uri;    /* relative to the directory of the recording */
    int64_t start_us;   /* on the epoch clock */
    int64_t dur_us;     /* by EXTINF or as measured; TRTC_NOTIME: not known yet */
    bool whole;         /* its EXTINF may be rounded to seconds */
    int64_t next_us;    /* time from its start to that of the next segment of its playlist, by
                           the clock; or TRTC_NOTIME */
    int64_t at_bytes;   /* where it begins in the file; not 0 only for the later byte ranges of a
                           file */
    int64_t bytes;      /* size on disk */
    int64_t attr_bytes; /* size by FILE-ATTR or its byte range, or -1 */
    bool ranged;        /* it ends after bytes, even if the file is longer */
    const char *key_method;   /* the encryption that the playlist names, or NULL */
    bool map;                 /* the playlist says that its header is in another file */
    int64_t name_ms;          /* UTC time in its name, or TRTC_NOTIME */
    int list;                 /* index of its playlist in the recording */
    int64_t place;            /* its number in that playlist, from 0 */
    bool exact;               /* start_us comes from FILE-ATTR or the name */
    bool measure;             /* its stated length is implausible: it must be measured */
    bool cut;                 /* it ends too early, which is already listed as a loss */
    bool unusable;            /* it holds nothing, which is already listed as a loss */
    int part;                 /* number of this part of a segment that a pause divides, from 1;
                                 0: not divided */
    int64_t from_90k, to_90k; /* ... the range that belongs to it, in ticks from the segment's
                                 first stamp */
    int64_t whole_us, whole_next_us;   /* ... dur_us and next_us of the whole segment */
    int said_width_px, said_height_px; /* by VIDEO-METADATA; 0: not stated */
    struct trtc_facts facts;
};

struct trtc_list { /* a playlist of a recording */
    char *file;    /* name of the file */
    int ha;        /* 0-3 */
    int64_t index; /* number of a numbered playlist, else 0 */
    enum trtc_media media;
    enum trtc_kind type;
    struct trtc_playlist playlist;
};

struct trtc_recording { /* all of one directory, SdkAppId, room and user */
    char *dir;          /* as given, without a slash at the end */
    int64_t sdkappid;
    char *room;    /* as it stands in file names */
    char *user;    /* as it stands in file names; NULL: mixed recording */
    char *user_id; /* decoded: any bytes, and a NUL after them; "" in mixed mode */
    size_t user_id_len;
    bool user_id_text; /* it is UTF-8 without control characters */
    struct trtc_list *lists;
    size_t nb_lists;
    struct trtc_piece *pieces; /* in the order of the playlists and their lines */
    size_t nb_pieces, cap_pieces;
    size_t nb_parts; /* how many more pieces than segments there are because of pauses */
    char **found;    /* files found under another name than the playlist has; pieces point to these
                     names */
    size_t nb_found;
    struct trtc_losses losses;
    char **notes; /* oddities that lose nothing, a line each */
    size_t nb_notes;
    int64_t nb_segments;   /* number of listed segments, usable or not */
    int64_t bytes;         /* total size of the usable pieces */
    int64_t newest_ms;     /* latest modification time of its files */
    struct trtc_err *held; /* why it cannot be examined now (a shortage of the machine), or NULL */
    bool ended;            /* the last playlist of every track has ENDLIST */
    bool denied;           /* a file must not be read: another user might find more than there is */
    bool loaded;           /* probed and settled by source/load: it does not change any more */
};

struct trtc_dir_id {
    uint64_t dev, ino; /* ino 0: empty */
};

struct trtc_scan {
    struct trtc_recording *recs; /* sorted by directory, SdkAppId, room, user */
    size_t n, cap;
    char **notes; /* about playlists that belong to no recording */
    size_t nb_notes;
    struct trtc_losses losses; /* what could not be examined and belongs to no recording */
    bool denied;               /* the same of a directory */
    size_t nb_playlists;
    struct trtc_dir_id *dirs; /* directories already visited: a hash table with open addressing */
    size_t nb_dirs, nb_slots;
};

struct trtc_find {            /* which recordings to find. All zeros: those in the directory
                                 itself */
    bool recursive;           /* also those in directories below it; links are not followed */
    const char *const *users; /* only these user ids (decoded); nb_users 0: all */
    size_t nb_users;
    const volatile sig_atomic_t *stop; /* when it becomes nonzero nothing more is found */
};

/* Adds the recordings of dir to *s. A directory that was visited before is skipped. TRTC_EX_NOINPUT
 * if dir cannot be read. If the machine runs short of something (trtc_is_shortage) in dir or below
 * it, the first shortage is reported in err, and *s holds everything else that was found. */
int trtc_scan_dir(struct trtc_scan *s, const char *dir, const struct trtc_find *find,
                  struct trtc_err *err);

/* Corrects the clock once the facts of all pieces are known. Pieces more than 48 hours away from
 * all others have a wrong clock and are listed as "stray"; they are left out, or placed by their
 * names if these agree with the others. If the clock of a playlist steps back while its stream
 * continues, the stream is followed and a note is made. Segments listed out of order, or for a time
 * that is already covered, stay where their clock puts them. 0, or -1: out of memory. */
int trtc_recording_settle(struct trtc_recording *r, struct trtc_err *err);

/* By how much later b begins than a by the clock, less what the stream says; TRTC_NOTIME: one of them
 * does not say. places: how far b is behind a in their playlist. */
int64_t trtc_piece_off_us(const struct trtc_piece *a, const struct trtc_piece *b, int places);

/* Returns the kinds (TRTC_AUDIO | TRTC_VIDEO) that the segments of a playlist may contain: those for
 * which the stream has no other playlist. heard_elsewhere: the sound of a shared screen is that of the
 * user's primary stream, if there is one. */
unsigned trtc_list_may_have(const struct trtc_recording *r, int list, bool heard_elsewhere);

/* Frees the contents and empties s. A second call does nothing. */
void trtc_scan_fini(struct trtc_scan *s);

/* Adds a formatted note to a recording. 0, or -1: out of memory. */
__attribute__((format(printf, 2, 3))) int trtc_recording_note(struct trtc_recording *r,
                                                              const char *fmt, ...);

/* Puts a recording on hold because the machine could not read one of its files. It must be left
 * alone as a whole, since the unknown part would look like a loss. The first reason is kept; its
 * message begins with "DIR/FILE". 0, or -1: out of memory. */
int trtc_recording_hold(struct trtc_recording *r, const char *file, const struct trtc_err *why);

struct trtc_lost {    /* what is lost of a piece */
    const char *kind; /* as in struct trtc_loss */
    int64_t us, bytes;
};

/* Adds to l that a part of piece p of r is lost, with a formatted reason (fmt NULL: none). 0, or
 * -1: out of memory. */
__attribute__((format(printf, 5, 6))) int
trtc_losses_add_piece(struct trtc_losses *l, const struct trtc_recording *r,
                      const struct trtc_piece *p, struct trtc_lost lost, const char *fmt, ...);

/* "DIR/URI" of a piece. The caller frees it. NULL: out of memory. */
char *trtc_piece_path(const struct trtc_recording *r, const struct trtc_piece *p);

#endif
