/* SPDX-License-Identifier: MIT */
/* What lies in a directory: recordings, their playlists, their segments on one clock, and
 * everything odd about them. The clock of a segment is the design's rule: FILE-ATTR, else the
 * UTC of its name (shifted to START-REC-TIME), else summed durations. */
#ifndef TRTC_RECORDING_RECORDING_H
#define TRTC_RECORDING_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "playlist/kind.h"
#include "playlist/name.h"
#include "playlist/playlist.h"
#include "recording/loss.h"

#define TRTC_ROUNDING_US 40000 /* differences below this are rounding and drift, above it a jump */

/* What the first frames of a segment say (filled by source/probe). */
struct trtc_facts {
    unsigned kinds;                   /* TRTC_AUDIO | TRTC_VIDEO: what was found in it */
    int64_t first_ts_90k;             /* lowest PTS among the first frames, 33 bits */
    int64_t first_90k[TRTC_NB_KINDS]; /* of each kind; TRTC_NOTIME where it was not seen */
    bool headless;                    /* it begins in the middle of a picture or of sound */
    bool odd;                /* its clock restarts: first_ts_90k is where its course begins */
    char video_codec[16];    /* "h264", "hevc", ... "" where there is none */
    int width_px, height_px; /* 0: no parameter sets in it, those of a segment before it hold */
    int sar_num, sar_den, profile;
    struct trtc_colour colour; /* as said */
    char audio_codec[16];      /* "aac", ... */
    int rate_hz, channels, object_type;
    bool blocks;       /* its frames hold several blocks each */
    int64_t nb_frames; /* pictures in it, where the whole segment was measured; else -1 */
};

struct trtc_piece {     /* one segment file that can be used */
    const char *uri;    /* relative to the recording's directory */
    int64_t start_us;   /* on the epoch clock */
    int64_t dur_us;     /* EXTINF, or what was measured; TRTC_NOTIME: unknown yet */
    int64_t next_us;    /* from its start to that of the next one of its playlist, by the clock; or
                           TRTC_NOTIME */
    int64_t at_bytes;   /* where it begins in the file: not 0 only for one of several byte ranges */
    int64_t bytes;      /* on disk */
    int64_t attr_bytes; /* by FILE-ATTR or its byte range, or -1 */
    bool ranged;        /* it ends after bytes, however much the file holds */
    const char *key_method;   /* the encryption that the playlist names, or NULL */
    bool map;                 /* the playlist says that its header is in another file */
    int64_t name_ms;          /* UTC of its name, or TRTC_NOTIME */
    int list;                 /* index of its playlist in the recording */
    int64_t place;            /* among the segments that are listed there, from 0 */
    bool exact;               /* start comes from FILE-ATTR or the name */
    bool measure;             /* its length cannot be believed: must be read to know */
    bool cut;                 /* found to end too early (already listed as a loss) */
    bool unusable;            /* found to hold nothing (already listed as a loss) */
    int part;                 /* of a segment that a pause divides, from 1; 0: it is not divided */
    int64_t from_90k, to_90k; /* ... what belongs to it, in ticks from its first stamp */
    int64_t whole_us, whole_next_us;   /* ... dur_us and next_us of the segment */
    int said_width_px, said_height_px; /* VIDEO-METADATA; 0: none */
    struct trtc_facts facts;
};

struct trtc_list { /* a playlist of a recording */
    char *file;    /* its name */
    int ha;        /* 0-3 */
    int64_t index; /* numbered playlists; 0 where there is none */
    enum trtc_media media;
    enum trtc_kind type;
    struct trtc_playlist playlist;
};

struct trtc_recording { /* (directory, SdkAppId, room, user) */
    char *dir;          /* as given, without a slash at the end */
    int64_t sdkappid;
    char *room;    /* as it stands in names */
    char *user;    /* as it stands in names; NULL: mixed */
    char *user_id; /* decoded: any bytes, and a NUL behind them; "" in mixed mode */
    size_t user_id_len;
    bool user_id_text; /* it is UTF-8 without control characters */
    struct trtc_list *lists;
    size_t nb_lists;
    struct trtc_piece *pieces; /* in the order of the playlists and their lines */
    size_t nb_pieces, cap_pieces;
    size_t nb_parts; /* more pieces than segments, since pauses divide some */
    char **found; /* names of files that the playlists name in another way: pieces point to them */
    size_t nb_found;
    struct trtc_losses losses;
    char **notes; /* oddities that lose nothing, a line each */
    size_t nb_notes;
    int64_t nb_segments;   /* listed, usable or not */
    int64_t bytes;         /* of the usable pieces */
    int64_t newest_ms;     /* latest modification time of its files */
    struct trtc_err *held; /* why it cannot be looked at now (the machine), or NULL */
    bool ended;            /* every track's last playlist has its ENDLIST */
    bool loaded;           /* probed and settled (source/load): it does not change any more */
};

struct trtc_dir_id {
    uint64_t dev, ino; /* ino 0: none */
};

struct trtc_scan {
    struct trtc_recording *recs; /* sorted by directory, app, room, user */
    size_t n, cap;
    char **notes; /* about playlists that belong to no recording */
    size_t nb_notes;
    struct trtc_losses losses; /* the same: what could not be looked at */
    size_t nb_playlists;
    struct trtc_dir_id *dirs; /* that were looked through: open addressing */
    size_t nb_dirs, nb_slots;
};

struct trtc_find {            /* zeros: all recordings of the directory itself */
    bool recursive;           /* and of the directories below it, links not followed */
    const char *const *users; /* only these ids (in clear); nb_users 0: all */
    size_t nb_users;
};

/* Adds the recordings of DIR to *s. A directory that is there already is not looked through again.
 * TRTC_EX_NOINPUT where DIR cannot be read;
 * a shortage of the machine (trtc_is_shortage) while it, or one below it, is looked through: the
 * first is told, and *s holds what could be found beside it. */
int trtc_scan_dir(struct trtc_scan *s, const char *dir, const struct trtc_find *find,
                  struct trtc_err *err);

/* Once the facts of the pieces are known: those that lie over 48 h from all others have a wild clock
 * and are listed as "stray": left out, or placed by their names where these lie with the others.
 * Where the clock of a playlist steps back although its stream goes on,
 * the stream is followed (and a note made). Segments listed out of order, or for a time that was
 * recorded already, stay where their clock says. -1 without memory. */
int trtc_recording_settle(struct trtc_recording *r, struct trtc_err *err);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_scan_fini(struct trtc_scan *s);

/* A note on a recording (copied). */
__attribute__((format(printf, 2, 3))) int trtc_recording_note(struct trtc_recording *r,
                                                              const char *fmt, ...);

/* The machine could not read one of its files: it must be left alone as a whole, since what is
 * not known of it would look like a loss. The first reason counts; its message begins with the
 * file, "DIR/FILE". */
int trtc_recording_hold(struct trtc_recording *r, const char *file, const struct trtc_err *why);

struct trtc_lost {    /* of a piece */
    const char *kind; /* as struct trtc_loss has it */
    int64_t us, bytes;
};

/* Adds what is lost of a piece of r, with the reason in words (fmt NULL: none). 0, or -1: no
 * memory. */
__attribute__((format(printf, 5, 6))) int
trtc_losses_add_piece(struct trtc_losses *l, const struct trtc_recording *r,
                      const struct trtc_piece *p, struct trtc_lost lost, const char *fmt, ...);

/* "DIR/URI" of a piece, malloc'd; or NULL: no memory. */
char *trtc_piece_path(const struct trtc_recording *r, const struct trtc_piece *p);

#endif
