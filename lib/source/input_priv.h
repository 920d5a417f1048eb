/* SPDX-License-Identifier: MIT */
/* What the files of the input share.
 *
 * input.c asks a back end (input_ts.c: transport streams; input_av.c: everything else) for raw
 * frames, has the clock (input_clock.c) put them on one time line, encodes sound that is no AAC,
 * and keeps the first frames until it knows where the stream starts. input_src.c reads bytes,
 * input_net.c those of connections; input_config.c reads the configuration records of
 * containers. */
#ifndef TRTC_SOURCE_INPUT_PRIV_H
#define TRTC_SOURCE_INPUT_PRIV_H

#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/utc.h"
#include "source/input.h"

struct AVCodecParameters;
struct AVFormatContext;

/* Times beyond this are damage; below it, nothing that is computed here can overflow. */
#define TRTC_INPUT_TIME_MAX_US (INT64_C(1) << 56)

/* ---- input_src.c: bytes of a file, of standard input, or of another machine ---- */

#define TRTC_INPUT_SNIFF_BYTES 2048

struct trtc_input_src {
    int fd;
    bool own;      /* fd is to be closed */
    bool seekable; /* a plain file, or one that the other machine sends from any place */
    off_t base;    /* where it stood when it was opened */
    const volatile sig_atomic_t *stop;
    int errnum;                           /* of the read that failed, or 0 */
    const struct trtc_remote *remote;     /* who fetches it; NULL: fd */
    void *body;                           /* remote's */
    struct trtc_err why;                  /* of a fetch that failed: then errnum is set too */
    uint8_t head[TRTC_INPUT_SNIFF_BYTES]; /* the first bytes, */
    size_t nb_head, head_at;              /* of which so many were handed out */
};

/* path "-": standard input. 0 or -1. */
int trtc_input_src_open(struct trtc_input_src *s, const char *path,
                        const volatile sig_atomic_t *stop, struct trtc_err *err);
/* The same for what remote fetches. name: for messages. */
int trtc_input_src_fetch(struct trtc_input_src *s, const char *url,
                         const struct trtc_remote *remote, const char *name, struct trtc_err *err);
void trtc_input_src_close(struct trtc_input_src *s);

/* Up to n bytes, as many as there are: > 0, 0 at the end (or where stop is set), -1: errnum. */
ssize_t trtc_input_src_read(struct trtc_input_src *s, uint8_t *p, size_t n);

/* Of a seekable one: goes to a place counted from where it stood when it was opened (whence as for
 * lseek; size: nothing moves, the answer is the size). The new place, or -1. */
int64_t trtc_input_src_seek(struct trtc_input_src *s, int64_t to, int whence, bool size);

/* Looks at the first bytes, which are read again: true for a transport stream. */
bool trtc_input_src_is_ts(struct trtc_input_src *s);

/* After that: true for a list of other URLs (HLS, DASH). */
bool trtc_input_src_is_list(const struct trtc_input_src *s);

/* ---- input_net.c ---- */

/* Fetches what comes over TCP, TLS, SRT, UDP and local sockets. The peer's end of a connection is
 * the end; all else is TRTC_EX_TEMPFAIL. */
extern const struct trtc_remote trtc_input_net;

/* ---- back ends ---- */

/* A track that the container has announced. */
struct trtc_input_track {
    enum trtc_codec codec; /* NONE: there is none */
    const char *codec_name;
    int width_px, height_px, rate_hz, channels;    /* 0 where unknown */
    struct trtc_colour colour;                     /* as the container says */
    const struct AVCodecParameters *av_parameters; /* for a decoder, or NULL */
};

/* A frame as the container has it, valid until the next call. */
struct trtc_input_raw {
    int track;
    enum trtc_codec codec; /* H264, H265: Annex B; AAC: ADTS; OTHER: packets for a decoder */
    const char *codec_name;
    const uint8_t *data;
    size_t size;
    int64_t pts_us, dts_us; /* on the container's clock, wraps undone; or TRTC_NOTIME */
    int64_t dur_us;         /* 0: unknown */
    bool key, damaged;
    const uint8_t *sets; /* parameter sets outside the stream, where they are new; else NULL */
    size_t sets_size;
    const struct AVCodecParameters *av_parameters; /* OTHER: where they are new; else NULL */
    bool hidden;                                   /* as struct trtc_packet */
    int64_t trim_us, trim_end_us;                  /* ... */
    unsigned turn;                                 /* as struct trtc_input_frame */
    int sar_num, sar_den;
};

struct trtc_input_ops {
    /* 1, 0 at the end, -1. */
    int (*next)(void *self, struct trtc_input_raw *raw, struct trtc_err *err);
    /* What is announced as of now. */
    void (*track)(const void *self, int track, struct trtc_input_track *out);
    void (*losses)(const void *self, struct trtc_input_losses *out);
    void (*ledger)(const void *self, int track, struct trtc_ledger *out); /* all but nb_out */
    bool (*named)(const void *self, int k, struct trtc_input_named *out);
    /* Where the stream says what time of day (us since the epoch) belongs to a time of its raw
     * clock, in 33 bits of 90 kHz; NULL: it cannot. */
    bool (*time)(const void *self, int64_t *utc_us, int64_t *at_90k);
    bool (*may_grow)(const void *self);    /* what is absent now may be announced later */
    int64_t (*nb_bytes)(const void *self); /* taken in so far */
    void (*free)(void *self);
};

extern const struct trtc_input_ops trtc_input_ts_ops, trtc_input_av_ops;

/* Both borrow src, which must outlive them. name: for messages. NULL on failure. */
void *trtc_input_ts_new(struct trtc_input_src *src, const char *name, struct trtc_err *err);
void *trtc_input_av_new(struct trtc_input_src *src, const char *name, struct trtc_err *err);

/* The container is one whose index places every frame (MP4, MOV). */
bool trtc_input_av_is_indexed(const void *back);

/* Has libavformat open a URL. */
void *trtc_input_av_open(const char *url, const char *name, const volatile sig_atomic_t *stop,
                         struct trtc_err *err);

/* After a read of src failed: TRTC_EX_IOERR, or TEMPFAIL for a broken connection. */
int trtc_input_fail_read(const struct trtc_input_src *src, const char *name, struct trtc_err *err);

/* ---- input_watch.c: faults that libavformat passes over ---- */

/* Zero-initialise, but for stop. */
struct trtc_input_watch {
    const volatile sig_atomic_t *stop; /* once set, it is we who end it; or NULL */
    int64_t nb_faults;
    char first[160]; /* the first of them, in words */

    enum { TRTC_INPUT_OTHER, TRTC_INPUT_BOXES, TRTC_INPUT_TAGS } layout; /* an MP4, an FLV */
    bool done;          /* of the parts there is no more to know */
    int64_t part_at;    /* the one in hand begins there, */
    uint8_t header[16]; /* with these bytes, */
    size_t nb_header;   /* as far as they were seen */
    uint64_t tag_bytes; /* of the tag before */
};

/* Counts what libavformat says of ic from here on, for whoever reads it. w must outlive ic. */
void trtc_input_watch_log(struct trtc_input_watch *w, struct AVFormatContext *ic);

/* Takes what it is from its first bytes. */
void trtc_input_watch_begin(struct trtc_input_watch *w, const uint8_t *head, size_t n);

/* n bytes at pos are read: do the boxes on its top level, or its tags, follow each other? */
void trtc_input_watch_bytes(struct trtc_input_watch *w, int64_t pos, const uint8_t *p, size_t n);

/* The byte that it has to see next, or -1: none. */
int64_t trtc_input_watch_wants(const struct trtc_input_watch *w);

/* It ends at size: true where that is in the middle of a part. */
bool trtc_input_watch_end(struct trtc_input_watch *w, int64_t size);

/* ---- input_clock.c: one time line ---- */

/* Zero-initialise. Every epoch of the stream, from one jump of its time stamps to the next, has
 * an offset that puts it behind the one before. A track is in the current epoch, or still in
 * the one before, since tracks do not jump at the same moment. */
struct trtc_input_clock {
    bool steady; /* the container has a time line of its own: its stamps do not jump */
    bool running;
    int epoch;
    int64_t off_us;          /* of the current epoch: from raw time to ours */
    int64_t start_us, at_us; /* raw time of its first and its latest frame */
    int64_t owed_us;         /* to be added to the offset if the other track joins this epoch */
    struct trtc_input_lane {
        bool seen;
        bool hid; /* one that is hidden has been placed */
        int epoch;
        int64_t off_us;
        int64_t late_us;      /* by so much its DTS are above its PTS, and are lowered */
        int64_t high_us;      /* highest PTS in its epoch, raw */
        int64_t raw_us;       /* DTS of the last frame, raw, */
        int64_t dts_us;       /* and ours */
        int64_t delay_us;     /* its PTS less DTS */
        int64_t step_us;      /* usual distance of frames, 0 unknown */
        int64_t before_us;    /* that of the frame before */
        bool fell;            /* the last frame's time was a little below that of the one before, */
        int64_t fell_from_us; /* which was this: it was placed behind it for now */
    } lane[TRTC_NB_KINDS];
};

struct trtc_input_placed {
    int64_t pts_us, dts_us, dur_us;
    bool breaks;
    int64_t jump_us;
    int epoch;
    bool mended; /* its PTS could not be right, and another one was made */
};

/* What a frame says of its time: pts_us, dts_us may be TRTC_NOTIME; dur_us is 0 where it does not
 * say it. */
struct trtc_input_stamp {
    int track;
    int64_t pts_us, dts_us, dur_us;
    bool key; /* a picture to start with */
};

/* Places the next frame of a track. DTS of a track never fall and never repeat. */
void trtc_input_clock_place(struct trtc_input_clock *c, const struct trtc_input_stamp *stamp,
                            struct trtc_input_placed *out);

/* The same for a frame that is hidden: an edit list may have it come again, or far from what is
 * shown next. It moves no clock, and is due at once. */
void trtc_input_clock_hide(struct trtc_input_clock *c, const struct trtc_input_stamp *s,
                           struct trtc_input_placed *out);

/* Undoes the wrap of a counter of so many bits: the value that is nearest to ref. */
int64_t trtc_input_unwrap(int64_t value, int bits, int64_t ref);

/* ---- input_config.c: configuration records ---- */

/* H.264 and H.265 in containers that give lengths (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1): the
 * parameter sets as Annex B. -1: damaged record or no memory. */
struct trtc_input_config {
    uint8_t *sets; /* allocated, the caller frees them; NULL where there are none */
    size_t sets_size;
    int nal_length; /* bytes of a length, or 0: the stream is Annex B, and so is the record */
};
int trtc_input_video_config(enum trtc_codec codec, struct trtc_bytes record,
                            struct trtc_input_config *out, struct trtc_err *err);

/* Bytes that trtc_input_to_annexb may write for size bytes. */
#define TRTC_INPUT_ANNEXB_MAX(size) ((size)*3 + 4)

struct trtc_input_annexb {
    size_t size;  /* written */
    bool key;     /* a picture to start with */
    bool damaged; /* a length goes past the end */
};

/* Lengths of nal_length bytes to start codes; out has TRTC_INPUT_ANNEXB_MAX bytes. */
struct trtc_input_annexb trtc_input_to_annexb(enum trtc_codec codec, int nal_length,
                                              struct trtc_bytes in, uint8_t *out);

/* ---- input_aac.c: AAC ---- */

/* A program_config_element as it stands at the beginning of a block, a whole number of bytes. */
struct trtc_input_pce {
    uint8_t bytes[64];
    size_t size; /* 0: none */
    int channels;
};

struct trtc_input_aac {
    int object_type, rate_index, channels;
    struct trtc_input_pce pce; /* where channels is 0 */
};

/* The element with which a block (what is behind an ADTS header) begins; false: with another. */
bool trtc_input_pce_of(const uint8_t *block, size_t size, struct trtc_input_pce *out);

/* Writes the ADTS frame with the element in front of its block. Returns the size, at most 8191; 0
 * where it cannot be put in. */
size_t trtc_input_pce_put(const struct trtc_input_pce *pce, const uint8_t *adts, size_t size,
                          uint8_t *out);

/* AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): 0 and what ADTS has to say of the core, or -1
 * where ADTS cannot carry it. */
int trtc_input_aac_config(const uint8_t *p, size_t size, struct trtc_input_aac *out);

/* Writes the header of an ADTS frame with so many bytes of payload; -1: it is too large. */
int trtc_input_adts_header(const struct trtc_input_aac *a, size_t payload_bytes, uint8_t out[7]);

/* ---- input_order.c: pictures without times ---- */

/* Order of presentation by picture order counts, for streams that have no times. Pictures are
 * numbered as they come (decoding order); a number's place in the order of presentation is known
 * as soon as enough pictures after it were seen. */
enum { TRTC_INPUT_ORDER_MAX = 32 };

struct trtc_input_order {
    int delay;       /* pictures of reordering */
    int64_t nb_in;   /* pictures that came */
    int64_t nb_out;  /* of them were taken */
    int64_t nb_slot; /* places that were given away */
    struct {
        int64_t count; /* picture order count */
        int64_t place; /* or -1: not known yet */
    } ring[TRTC_INPUT_ORDER_MAX];
};

/* There is room for a picture. */
bool trtc_input_order_has_room(const struct trtc_input_order *o);

/* resets: counts begin anew with this picture (IDR). Needs room. */
void trtc_input_order_push(struct trtc_input_order *o, int64_t count, bool resets);

/* The next picture in decoding order; its place (0 is shown first), or -1: more must come. */
int64_t trtc_input_order_take(struct trtc_input_order *o);

/* No more pictures: all that are there get their places. */
void trtc_input_order_end(struct trtc_input_order *o);

#endif
