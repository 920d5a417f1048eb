/* SPDX-License-Identifier: MIT */
/* A live or stored stream of any container as frames: one video (H.264, H.265), one sound (AAC
 * as ADTS; what is not AAC is encoded). Transport streams go through the project's own
 * demultiplexer, the rest through libavformat. */
#ifndef TRTC_SOURCE_INPUT_H
#define TRTC_SOURCE_INPUT_H

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

struct trtc_input_info {   /* what was found; fields of an absent kind are 0 */
    enum trtc_codec video; /* H264, H265 or NONE; of trtc_input_open_any OTHER, too */
    int width_px, height_px;
    int sar_num, sar_den;      /* of a sample, as the pictures themselves say; 0: they do not */
    struct trtc_colour colour; /* as the parameter sets say, or else the container */
    bool colour_outside;       /* the container alone says the matrix */
    enum trtc_codec audio;     /* AAC or NONE; ... */
    int rate_hz, channels;     /* 0 as long as no frame of an announced track has come */
    bool audio_encoded;        /* it was another codec */
    bool audio_undecodable; /* nothing here decodes it: beside pictures it is left out (FORMAT) */
    bool stored;            /* a file that can be read anywhere: no more will be added to it */
    bool may_grow;          /* the container does not announce all: what is absent now may come */
};

struct AVCodecParameters;

struct trtc_input_frame {
    bool video;
    enum trtc_codec codec;  /* OTHER only from trtc_input_open_any: a packet for a decoder */
    const char *codec_name; /* FFmpeg's, valid for ever */
    /* OTHER: where they are new, else NULL: what the container says to a decoder. Without them, as
     * from a transport stream, a packet may hold several frames, or parts. */
    const struct AVCodecParameters *av_parameters;
    struct trtc_packet pkt; /* video: Annex B; sound: ADTS. Times: us on the stream's clock,
                                33-bit wraps undone, starting anywhere (may be negative); DTS of
                                a track always rise */
    int64_t dur_us;         /* of the frame; for video an estimate from the frames before */
    bool breaks;            /* the time stamps of the stream jumped here (backwards, or ahead by
                                more than half an hour): the stream's clock starts anew, and its times
                                are moved so that they go on behind the last frame */
    int64_t jump_us;        /* with breaks: so far the stream's own clock jumped */
    int epoch;              /* jumps before this frame: for some frames behind a jump the other
                                track may still be in the epoch before it */
    bool damaged;           /* parts of it are missing */
    bool guessed;           /* its PTS is a guess: the container has none (AVI) */
    const uint8_t *sets;    /* video key frames: all parameter sets in force, where the access unit
                                lacks one of them; else NULL */
    size_t sets_size;
    bool new_format; /* sound: rate, channels or kind of AAC are not those of the frame before */
    bool new_size;   /* video: width_px, height_px of the info have changed with this key
                                frame */
    unsigned turn;   /* video: how the container wants it shown, of enum trtc_turn */
    int sar_num, sar_den; /* ... and the shape of a sample, where the container says it; or 0 */
    struct trtc_colour colour; /* H.264, H.265: what the stream says, or else the container */
};

struct trtc_input_losses {   /* so far */
    int64_t nb_lost_packets; /* TS: missing by the continuity counters (at least) */
    int64_t nb_bad_bytes;    /* could not be used */
    int64_t nb_undecoded;    /* packets of sound that could not be decoded, and became silence */
    int64_t nb_damaged;      /* frames that were returned and are not whole */
    int64_t nb_mended;       /* frames whose PTS could not be right, and got another one */
    int64_t nb_faults;       /* other containers than TS: faults that were passed over, */
    const char *fault;       /* the first of them, in words, or NULL; valid as long as the input */
    bool scrambled;          /* TS: scrambled packets were left out */
    bool encrypted;          /* TS: the samples of some stream are encrypted (SAMPLE-AES) */
    bool cut;                /* the input ends in the middle of something */
};

/* Opens url: a file, "-" (standard input) or a URL: of HTTP and HTTPS remote (borrowed; may be NULL) fetches
 * it, which knows whether all came; libavformat reads the others, and the playlists. stop (may be NULL):
 * set by a signal; pending reads then end as at the end of input. Errors: TRTC_EX_NOINPUT;
 * TRTC_EX_DATAERR where no container is recognised; TRTC_EX_UNAVAILABLE (naming the codec) for
 * video other than H.264 and H.265; messages name no more of a URL than its host. Returns once
 * the first frame of each track that the container announces has been seen, or a few seconds of
 * the stream. */
struct trtc_input *trtc_input_open(const char *url, const struct trtc_remote *remote,
                                   const volatile sig_atomic_t *stop, struct trtc_err *err);

/* How else it may be opened. */
struct trtc_input_how {
    enum trtc_kind kind; /* NO_KIND: both, else as trtc_input_open_only */
    const struct trtc_remote *remote;
    const volatile sig_atomic_t *stop;
    /* Called for the frames of a live source that wait until the first ones of all tracks are there: for who keeps them
     * meanwhile. in has a name, an info, a start and an age as known so far. -1 ends the opening. */
    int (*keep)(void *opaque, const struct trtc_input *in, const struct trtc_input_frame *f,
                struct trtc_err *err);
    void *opaque;
};

struct trtc_input *trtc_input_open_how(const char *url, const struct trtc_input_how *how,
                                       struct trtc_err *err);

/* The same for who decodes: pictures and sound of any codec are taken, and none is encoded. */
struct trtc_input *trtc_input_open_any(const char *url, const struct trtc_remote *remote,
                                       const volatile sig_atomic_t *stop, struct trtc_err *err);

/* The same as trtc_input_open for who wants one kind only: the frames of the other one are passed over, whatever their
 * codec, and counted as unwanted; the stream starts where it does with both. Returns once the first frame that is wanted has come. */
struct trtc_input *trtc_input_open_only(const char *url, enum trtc_kind kind,
                                        const struct trtc_remote *remote,
                                        const volatile sig_atomic_t *stop, struct trtc_err *err);

/* How long ago its first frame came, by the clock on the wall. */
int64_t trtc_input_age_us(const struct trtc_input *in);

/* As messages call it: of a URL no more than the host. */
const char *trtc_input_name(const struct trtc_input *in);

/* Valid as long as in. A track may appear later (announced by a further table of a transport
 * stream; not flagged by the header of an FLV): then the info changes with its first frame. */
const struct trtc_input_info *trtc_input_info(const struct trtc_input *in);

/* For who wants the pictures only: sound that would have to be encoded is not, and need not come any more. */
void trtc_input_leave_sound(struct trtc_input *in);

/* Pictures of a codec that is not taken, which come when the stream has begun, are left out and counted from here on;
 * else they end the input, TRTC_EX_UNAVAILABLE. */
void trtc_input_leave_other(struct trtc_input *in);

/* Lowest first PTS over all tracks, in us on the stream's clock. */
int64_t trtc_input_start_us(const struct trtc_input *in);

/* When its first byte came to the server that it comes from (epoch ms), if that says so. */
bool trtc_input_came_ms(const struct trtc_input *in, int64_t *ms);

/* The time of day (us since the epoch) that the stream itself says belongs to trtc_input_start_us; false: it says
 * nothing. A transport stream that trtc-mix has written does. */
bool trtc_input_utc_us(const struct trtc_input *in, int64_t *utc_us);

/* Where the presentation begins, on the stream's clock: as above, but for frames that are hidden; and sound that begins a
 * little below 0 is the priming of its encoder: then it is 0. */
int64_t trtc_input_zero_us(const struct trtc_input *in);

/* Next frame in the order of arrival: 1, 0 at the end, -1 on failure (TRTC_EX_IOERR or
 * TEMPFAIL for a network source that broke; what was read before has been handed out). The
 * frame is valid until the next call. */
int trtc_input_next(struct trtc_input *in, struct trtc_input_frame *f, struct trtc_err *err);

/* What was lost so far. */
void trtc_input_losses(const struct trtc_input *in, struct trtc_input_losses *out);

/* The account of the picture or the sound so far: transport packets and frames in, frames left out, and in nb_out
 * those that were handed out, or decoded to be encoded. */
void trtc_input_ledger(const struct trtc_input *in, bool video, struct trtc_ledger *out);

/* Frames of it that trtc_input_next has returned; of encoded sound the encoder's. */
int64_t trtc_input_nb_returned(const struct trtc_input *in, bool video);

/* FFmpeg's name of the codec as it came in, or NULL where there is no such track. */
const char *trtc_input_codec_name(const struct trtc_input *in, bool video);

/* A track that the container names, taken or not. */
struct trtc_input_named {
    enum trtc_kind kind;
    int id; /* PID, or number in the container */
    bool is_pid;
    char codec_name[32];   /* "" where unknown */
    char language[16];     /* "" where unknown */
    bool taken;            /* its frames were handed out, if only for a while */
    int64_t nb_packets;    /* of it, -1 where unknown */
    int64_t nb_unfollowed; /* transport packets of one that was taken, but not when they came */
};

/* The k-th (from 0; the order stays, more may follow); false where there is none. */
bool trtc_input_named(const struct trtc_input *in, int k, struct trtc_input_named *out);

/* Frees it and clears the pointer. NULL is fine. */
void trtc_input_free(struct trtc_input **in);

#endif
