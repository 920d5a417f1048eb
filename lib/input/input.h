/* SPDX-License-Identifier: MIT */
/* Reads a live or stored stream in any container as frames of one video (H.264, H.265) and one
 * sound (AAC in ADTS; other codecs are encoded to it). Transport streams are read by our own
 * demultiplexer, other containers by libavformat. */
#ifndef TRTC_INPUT_INPUT_H
#define TRTC_INPUT_INPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "base/remote.h"
#include "playlist/kind.h"
#include "recording/ledger.h"
#include "ts/packet.h"

struct trtc_input;

struct trtc_input_info {   /* the tracks found; fields of an absent kind are 0 */
    enum trtc_codec video; /* H264, H265 or NONE; with trtc_input_open_any also OTHER */
    int width_px, height_px;
    int sar_num, sar_den;      /* the shape of a pixel, as the pictures state it; 0: they do not */
    struct trtc_colour colour; /* as the parameter sets state it, or else the container */
    bool colour_outside;       /* only the container states the matrix */
    enum trtc_codec audio;     /* AAC or NONE; with trtc_input_open_any also OTHER */
    int rate_hz, channels;     /* 0 before the first frame of an announced track */
    bool audio_encoded;        /* the stream has another codec */
    bool audio_undecodable;    /* there is no decoder; left out if there are pictures (FORMAT) */
    bool stored;               /* a seekable file, which does not grow */
    bool may_grow;             /* the container does not announce all tracks in advance */
};

struct AVCodecParameters;
struct trtc_edits;

struct trtc_input_frame {
    bool video;
    enum trtc_codec codec;  /* OTHER only from trtc_input_open_any: a packet for a decoder */
    const char *codec_name; /* FFmpeg's name; a constant */
    /* OTHER: the container's parameters for a decoder if they are new, else NULL. In a container
     * without them, such as a transport stream, a packet may contain several frames, or parts of
     * one. */
    const struct AVCodecParameters *av_parameters;
    struct trtc_packet pkt; /* video: Annex B; sound: ADTS. Times: us on the stream's clock,
                                33-bit wraps undone, starting anywhere (may be negative); DTS of
                                a track always rise */
    int64_t dur_us;         /* of the frame; for video an estimate from the frames before */
    bool breaks;            /* the time stamps of the stream jumped here (backwards, or forwards by
                                more than half an hour); its times are shifted so that they continue
                                after the last frame */
    int64_t jump_us;        /* with breaks: how far the stream's own clock jumped, */
    int64_t later_us;       /* ... and how long nothing came from a live source: so much later it
                                stands */
    int epoch;              /* the number of jumps before this frame; for some frames after a jump
                                the other track may still be in the epoch before it */
    bool damaged;           /* parts of it are missing */
    bool other_due;         /* the container states that frames of the other track will come */
    bool guessed;           /* its PTS is a guess, since the container has none (AVI) */
    const uint8_t *sets;    /* video key frames: all parameter sets in force if the access unit
                                lacks one of them; else NULL */
    size_t sets_size;
    bool headless;        /* video: neither a key frame nor parameter sets have come so far */
    bool new_format;      /* sound: the rate, the channels or the kind of AAC have changed */
    bool new_size;        /* video: width_px and height_px of the info change with this key frame */
    unsigned turn;        /* video: how the picture is turned for display, of enum trtc_turn */
    int sar_num, sar_den; /* ... and the shape of a pixel as the container states it; or 0 */
    struct trtc_colour colour; /* H.264, H.265: as the stream states, or else the container */
};

struct trtc_input_losses {   /* so far */
    int64_t nb_lost_packets; /* TS: missing according to the continuity counters (at least) */
    int64_t nb_bad_bytes;    /* bytes that could not be used */
    int64_t nb_early_bytes;  /* TS: others in front of the first frames of a live stream, the end of
                                one that had begun before: no loss */
    int64_t nb_undecoded;    /* packets of sound that could not be decoded, and became silence */
    int64_t nb_damaged;      /* frames that were returned although parts are missing */
    int64_t nb_mended;       /* frames with an impossible PTS, which got another one */
    int64_t nb_unordered;    /* frames whose stamps contradict those beside them, placed there */
    int64_t nb_untimed;      /* pictures decoded within 1 ms of the one before, if most are so */
    int64_t nb_faults;       /* containers other than TS: faults that were passed over; RTP:
                                datagrams that are missing */
    const char *fault; /* a description of the first of them, or NULL; valid as long as the input */
    int64_t nb_before; /* segments of one that grows in front of those that were read: no loss */
    int64_t nb_unfetched; /* segments of an HLS playlist that did not come, or not to their ends; */
    int64_t nb_short;     /* ... that end too early, */
    int64_t short_us;     /* ... all together by so much, */
    int64_t nb_torn;      /* ... and others that end within a frame */
    int64_t nb_scrambled[TRTC_NB_KINDS]; /* TS: scrambled packets, which were left out */
    char encrypted[24]; /* the method with which frames are encrypted; "": none are */
    int64_t nb_encrypted[TRTC_NB_KINDS]; /* frames left out for this; 0 if they are not counted */
    bool cut;                            /* the input is truncated */
};

/* Says what is damaged, except for encryption and truncation. untimed: what becomes of pictures without a time of
 * their own. listen: takes a sentence; bytes: so many are lost; -1: it is about something else. Returns whether
 * anything is. */
bool trtc_input_say_damage(const struct trtc_input_losses *l, const char *untimed,
                           void (*listen)(void *of, const char *words, int64_t bytes), void *of);

/* Whether the frame returned last had come earlier, and waited for what follows it: after a signal,
 * too, it belongs to what was received. */
bool trtc_input_waited(const struct trtc_input *in);

/* Opens a file, "-" (standard input) or a URL. HTTP and HTTPS are fetched by remote (borrowed; may
 * be NULL), which notices an incomplete transfer; libavformat reads other URLs, and playlists. stop
 * (may be NULL): when a signal sets it, pending reads end as at the end of input. Returns after the
 * first frame of each announced track, or after a few seconds of the stream. NULL on failure:
 * TRTC_EX_NOINPUT, TRTC_EX_DATAERR (no container is recognised), TRTC_EX_UNAVAILABLE (video other
 * than H.264 and H.265; the message names the codec). Messages contain only the host of a URL. */
struct trtc_input *trtc_input_open(const char *url, const struct trtc_remote *remote,
                                   const volatile sig_atomic_t *stop, struct trtc_err *err);

/* All options of opening. */
struct trtc_input_how {
    enum trtc_kind kind; /* NO_KIND: both, else as for trtc_input_open_only */
    const struct trtc_remote *remote;
    const volatile sig_atomic_t *stop;
    /* Called for the frames of a live source that wait for the first frames of all tracks, so that
     * the caller can save them. in has a name, an info, a start and an age as far as they are
     * known. When it returns -1, opening fails. */
    int (*keep)(void *opaque, const struct trtc_input *in, const struct trtc_input_frame *f,
                struct trtc_err *err);
    void *opaque;
};

struct trtc_input *trtc_input_open_how(const char *url, const struct trtc_input_how *how,
                                       struct trtc_err *err);

/* The same for a caller that decodes: accepts pictures and sound of any codec, and encodes
 * nothing. */
struct trtc_input *trtc_input_open_any(const char *url, const struct trtc_remote *remote,
                                       const volatile sig_atomic_t *stop, struct trtc_err *err);

/* The same as trtc_input_open for one kind only. Frames of the other kind are skipped, whatever
 * their codec, and counted as unwanted; the stream starts where it does with both. Returns after
 * the first wanted frame. */
struct trtc_input *trtc_input_open_only(const char *url, enum trtc_kind kind,
                                        const struct trtc_remote *remote,
                                        const volatile sig_atomic_t *stop, struct trtc_err *err);

/* Returns how long ago the first frame began to arrive, in us. */
int64_t trtc_input_age_us(const struct trtc_input *in);

/* Returns the name of the input for messages; of a URL, only the host. */
const char *trtc_input_name(const struct trtc_input *in);

/* Returns the tracks, valid as long as in. A track may appear later (in a later table of a
 * transport stream, or not flagged in the header of an FLV file); the info changes with its first
 * frame. */
const struct trtc_input_info *trtc_input_info(const struct trtc_input *in);

/* For a caller that wants only pictures: sound that would have to be encoded is not encoded, and
 * not waited for. */
void trtc_input_leave_sound(struct trtc_input *in);

/* For a caller that uses only these kinds (TRTC_AUDIO, TRTC_VIDEO): what is wrong with frames of the
 * other one is no loss. */
void trtc_input_mind(struct trtc_input *in, unsigned kinds);

/* From now on, pictures whose codec changes to one that is not supported are left out and counted.
 * Otherwise they end the input with TRTC_EX_UNAVAILABLE. */
void trtc_input_leave_other(struct trtc_input *in);

/* Returns the lowest first PTS of all tracks, in us on the stream's clock. */
int64_t trtc_input_start_us(const struct trtc_input *in);

/* Reports when the first byte had arrived at the server (epoch ms). Returns false if the server
 * does not state it. */
bool trtc_input_came_ms(const struct trtc_input *in, int64_t *ms);

/* Reports the epoch time of trtc_input_start_us as the stream states it. Returns false if it does
 * not; streams of trtc-mix do. */
bool trtc_input_utc_us(const struct trtc_input *in, int64_t *utc_us);

/* Returns when the presentation begins, on the stream's clock: at trtc_input_start_us, but without
 * hidden frames; at 0 if only sound begins a little earlier, which is the priming of its encoder. */
int64_t trtc_input_zero_us(const struct trtc_input *in);

/* Reads the next frame in the order of arrival, which is valid until the next call. Returns 1; 0:
 * the end; -1: TRTC_EX_IOERR, or TRTC_EX_TEMPFAIL (a network source broke). Everything that was
 * read before a failure has been returned. */
int trtc_input_next(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err);

/* Reports the losses so far. */
void trtc_input_losses(const struct trtc_input *in, struct trtc_input_losses *out);

/* Reports the account of the picture or the sound so far: transport packets and frames in, frames
 * left out, and in nb_out frames that were returned, or decoded to be encoded. */
void trtc_input_ledger(const struct trtc_input *in, bool video, struct trtc_ledger *out);

/* Whether a frame is one of the pictures, of at most 10 s, that a live stream begins with if it is
 * joined between key frames: no decoder can show them, and nobody misses them. */
bool trtc_input_is_joined(const struct trtc_input *in, const struct trtc_input_frame *f);

/* Returns the number of frames that trtc_input_next has returned; of encoded sound, those of the
 * encoder. */
int64_t trtc_input_nb_returned(const struct trtc_input *in, bool video);

/* Returns FFmpeg's name of the codec in the stream; NULL: there is no such track. */
const char *trtc_input_codec_name(const struct trtc_input *in, bool video);

/* A track that the container names, used or not. */
struct trtc_input_named {
    enum trtc_kind kind;
    int id; /* its PID, or its number in the container */
    bool is_pid;
    char codec_name[32];   /* "": unknown */
    char language[16];     /* "": unknown */
    bool taken;            /* frames of it were returned, if only for a while */
    int64_t nb_packets;    /* its packets; -1: unknown */
    int64_t nb_unfollowed; /* transport packets that came while the track was not used */
    int64_t nb_unread; /* frames of a complete MP4 that an edit list leaves out: known at its end */
    const struct trtc_edits *edits; /* of an MP4, if they are not followed as they are, or NULL; */
    bool whole;                     /* ... the track comes in the order of coding then */
    bool clap; /* of an MP4: only a part of each picture is to be shown (clean aperture) */
};

/* Supplies the k-th named track, from 0; the order does not change, but more may follow. Returns
 * false: there is none. */
bool trtc_input_named(const struct trtc_input *in, int k, struct trtc_input_named *out);

/* Frees *in and sets it to NULL; NULL is accepted. */
void trtc_input_free(struct trtc_input **in);

#endif
