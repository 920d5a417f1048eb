/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of the input.
 *
 * input_frame.c gets raw frames from a back end (input_ts.c: transport streams; input_av.c: everything
 * else), whose order input_rise.c mends, has the clock (input_clock.c) place them on one time line,
 * and encodes sound that is not AAC. input.c keeps the first frames until it knows where the stream starts.
 * input_src.c reads the bytes of files, input_net.c those of connections; input_config.c reads the
 * configuration records of containers. container/parts checks what a file states about itself,
 * container/segments what a playlist does. */
#ifndef TRTC_INPUT_INPUT_PRIV_H
#define TRTC_INPUT_INPUT_PRIV_H

#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/utc.h"
#include "container/edits.h"
#include "input/input.h"

struct AVCodecParameters;
struct AVDictionary;
struct AVFormatContext;
struct AVIOContext;

/* Larger times are damage. With smaller ones, no calculation here can overflow. */
#define TRTC_INPUT_TIME_MAX_US TRTC_EDITS_TIME_MAX_US

/* A PTS this far from its DTS is damage, unless a pause is between them. */
#define TRTC_INPUT_REORDER_US 10000000

/* Whether it is. sure: it may be above, as in struct trtc_input_raw. */
static inline bool trtc_input_is_wild(int64_t pts_us, int64_t dts_us, bool sure)
{
    return dts_us - pts_us > TRTC_INPUT_REORDER_US ||
           (!sure && pts_us - dts_us > TRTC_INPUT_REORDER_US);
}

/* ---- input_src.c: bytes from a file, from standard input, or from another machine ---- */

#define TRTC_INPUT_SNIFF_BYTES 2048

struct trtc_input_src {
    int fd;
    bool own;      /* fd is closed with it */
    bool seekable; /* a plain file, or one that the other machine can send from any position */
    off_t base;    /* the position at which it was opened */
    const volatile sig_atomic_t *stop;
    int errnum;                           /* of the read that failed, or 0 */
    const struct trtc_remote *remote;     /* fetches it; NULL: it is read from fd */
    void *body;                           /* belongs to remote */
    struct trtc_err why;                  /* of a fetch that failed: then errnum is set too */
    uint8_t head[TRTC_INPUT_SNIFF_BYTES]; /* the first bytes, for sniffing */
    size_t nb_head, head_at;              /* their number; how many of them were read */
};

/* Opens a file. path "-": standard input. Returns 0, or -1. */
int trtc_input_src_open(struct trtc_input_src *s, const char *path,
                        const volatile sig_atomic_t *stop, struct trtc_err *err);
/* Opens a URL that remote fetches. name: for messages. Returns 0, or -1. */
int trtc_input_src_fetch(struct trtc_input_src *s, const char *url,
                         const struct trtc_remote *remote, const char *name, struct trtc_err *err);
void trtc_input_src_close(struct trtc_input_src *s);

/* Reads up to n bytes; waits only for the first. Returns their number; 0: the end, or stop is set;
 * -1: errnum is set. */
ssize_t trtc_input_src_read(struct trtc_input_src *s, uint8_t *p, size_t n);

/* Only for a seekable source: moves to a position, counted from the one at which it was opened;
 * whence: as for lseek. size: does not move, and returns the size. Returns the new position, or
 * -1. */
int64_t trtc_input_src_seek(struct trtc_input_src *s, int64_t to, int whence, bool size);

/* Reads the first bytes ahead; they will be read again. Returns true for a transport stream. */
bool trtc_input_src_is_ts(struct trtc_input_src *s);

/* Call trtc_input_src_is_ts first. Returns true for a list of other URLs (HLS, DASH). */
bool trtc_input_src_is_list(const struct trtc_input_src *s);

/* ---- input_net.c ---- */

/* Receives streams over TCP, TLS, SRT, UDP, RTP and local sockets. If the peer closes the connection,
 * the stream has ended; all other failures are TRTC_EX_TEMPFAIL. RTP that carries no transport stream
 * is empty. */
extern const struct trtc_remote trtc_input_net;

/* ---- input_rtp.c ---- */

#define TRTC_INPUT_RTP_HELD 16

/* Datagrams of RTP; zeros are the beginning. */
struct trtc_input_rtp {
    struct trtc_input_datagram {
        uint8_t *p;
        size_t n;
        int64_t place;                    /* 1... */
    } current, held[TRTC_INPUT_RTP_HELD]; /* in order */
    unsigned nb;                          /* held */
    size_t at;                            /* how much of the current one is used */
    int64_t given, newest;                /* places: of the current one, of the last of all */
    uint8_t newest_header[12];
    bool bye;   /* the sender has ended */
    bool other; /* the first datagram is no transport stream */
};

/* Takes a datagram. Call trtc_input_rtp_next until it returns false before. -1: out of memory. */
int trtc_input_rtp_put(struct trtc_input_rtp *r, const uint8_t *p, size_t n);

/* Makes the next datagram the current one. False: it may still come; all: it does not. */
bool trtc_input_rtp_next(struct trtc_input_rtp *r, bool all);

void trtc_input_rtp_fini(struct trtc_input_rtp *r);

/* ---- back ends ---- */

/* A track that the container has announced. */
struct trtc_input_track {
    enum trtc_codec codec; /* NONE: there is no such track */
    const char *codec_name;
    int width_px, height_px, rate_hz, channels;    /* 0: unknown */
    struct trtc_colour colour;                     /* as the container states */
    const struct AVCodecParameters *av_parameters; /* for a decoder, or NULL */
};

/* A frame as it is in the container, valid until the next call. */
struct trtc_input_raw {
    int track;
    enum trtc_codec codec; /* H264, H265: Annex B; AAC: ADTS; OTHER: packets for a decoder */
    const char *codec_name;
    const uint8_t *data;
    size_t size;
    int64_t pts_us, dts_us; /* on the container's clock, without wraps; or TRTC_NOTIME */
    int64_t dur_us;         /* 0: unknown */
    bool sure;              /* pts_us may be far above dts_us, as beside a pause */
    int64_t lags_us;        /* dts_us, which the container does not state, is so far behind, unless
                             * pictures from before a pause follow */
    bool key, damaged;
    const uint8_t *sets; /* new parameter sets from outside the stream, or NULL */
    size_t sets_size;
    const struct AVCodecParameters *av_parameters; /* OTHER: new ones, or NULL */
    bool hidden;                                   /* as struct trtc_packet */
    int64_t trim_us, trim_end_us;                  /* ... */
    unsigned turn;                                 /* as struct trtc_input_frame */
    int sar_num, sar_den;
    bool waited; /* it came before a stop */
};

struct trtc_input_ops {
    /* Reads the next frame. Returns 1; 0: the end; -1. */
    int (*next)(void *self, struct trtc_input_raw *raw, struct trtc_err *err);
    /* Returns the track as it is announced so far. */
    void (*track)(const void *self, int track, struct trtc_input_track *out);
    /* kinds: those whose losses count, TRTC_AUDIO, TRTC_VIDEO. */
    void (*losses)(const void *self, unsigned kinds, struct trtc_input_losses *out);
    void (*ledger)(const void *self, int track, struct trtc_ledger *out); /* all but nb_out */
    bool (*named)(const void *self, int k, struct trtc_input_named *out);
    /* Returns the time of day (us since 1970) that the stream states for a time on its raw clock
     * (33 bits of 90 kHz); false: it states none. NULL: the container cannot. */
    bool (*time)(const void *self, int64_t *utc_us, int64_t *at_90k);
    bool (*may_grow)(const void *self);    /* whether further tracks may be announced */
    int64_t (*nb_bytes)(const void *self); /* bytes read so far */
    /* Returns when the first packet of a track came, on the clock of trtc_mono_us, if it may be long
     * before its frame, which ends with the next one; 0: it has not come. NULL: not known. */
    int64_t (*came_us)(const void *self);
    /* Whether the container states that more frames of a track will come. NULL: it cannot. */
    bool (*is_due)(const void *self, int track);
    void (*free)(void *self);
};

extern const struct trtc_input_ops trtc_input_ts_ops, trtc_input_av_ops;

/* Open a back end, which borrows src; src must outlive it. name: for messages. NULL: failure. */
void *trtc_input_ts_new(struct trtc_input_src *src, const char *name, struct trtc_err *err);
/* copies: for a recording, which has no edit lists, so that lists of several parts are not
 * followed. */
void *trtc_input_av_new(struct trtc_input_src *src, const char *name, bool copies,
                        struct trtc_err *err);

/* Whether the container has an index that places every frame (MP4, MOV). */
bool trtc_input_av_is_indexed(const void *back);

/* ... and no fragments follow it, which may be those of several streams in a row. */
bool trtc_input_av_is_steady(const void *back);

/* Opens a back end for a URL that libavformat fetches. NULL: failure. */
void *trtc_input_av_open(const char *url, const char *name, const volatile sig_atomic_t *stop,
                         struct trtc_err *err);

/* Fills *err after a read of src has failed: TRTC_EX_IOERR, or TRTC_EX_TEMPFAIL for a broken
 * connection. Returns -1. */
int trtc_input_fail_read(const struct trtc_input_src *src, const char *name, struct trtc_err *err);

/* ---- input_clock.c: one time line ---- */

enum { TRTC_INPUT_CLOCK_KEPT = 8 }; /* so many epochs are returned to */

/* Zero-initialise. An epoch is the time from one jump of the stream's time stamps to the next; it
 * has an offset that places it after the previous epoch. A track is in the current epoch or still
 * in the previous one, since tracks do not jump at the same moment. "Raw" times are the
 * stream's. */
struct trtc_input_clock {
    bool steady; /* the container has a time line of its own: its time stamps do not jump */
    bool running;
    int epoch;
    int64_t off_us;                        /* of the current epoch: to be added to raw times */
    int64_t was_us[TRTC_INPUT_CLOCK_KEPT]; /* a ring of the offsets of the epochs before it */
    int64_t start_us, at_us; /* raw time of the first and of the latest frame of the epoch */
    int64_t owed_us;         /* to be added to the offset if the other track joins this epoch */
    int64_t undone_us;       /* one track rose by this, and fell back: if the other one goes on to
                              * start_us, it joins this epoch; 0: it did not */
    struct trtc_input_lane {
        bool seen;
        bool hid;      /* a hidden frame was placed, */
        bool hid_last; /* ... and none after it that is shown */
        int epoch;
        int64_t off_us;
        int64_t late_us;      /* by how much DTS are above PTS; they are reduced by it */
        int64_t high_us;      /* the highest raw PTS in its epoch */
        int64_t raw_us;       /* the raw DTS of the last frame */
        int64_t dts_us;       /* the same, as it was placed */
        int64_t delay_us;     /* PTS - DTS of the last frame */
        int64_t step_us;      /* the usual distance between frames; 0: unknown */
        int64_t before_us;    /* step_us as it was before the last frame */
        bool fell;            /* the time of the last frame fell slightly; it was placed after the
                               * previous frame for now */
        int64_t fell_from_us; /* ... the time from which it fell, */
        int64_t fell_step_us; /* and the usual distance there */
        int64_t rose_us;      /* how far the stamps rose last in this epoch, beyond one step, */
        int64_t rose_at_us;   /* ... and to which raw DTS */
    } lane[TRTC_NB_KINDS];
};

struct trtc_input_placed {
    int64_t pts_us, dts_us, dur_us;
    bool breaks;
    int64_t jump_us;
    int64_t later_us; /* with breaks: how much later it stands, since nothing came for so long */
    int epoch;
    bool mended;    /* its PTS was impossible, and was replaced */
    bool unordered; /* the frame before it had fallen alone, and stands behind its time */
};

/* The time stamps of a frame: pts_us and dts_us, or TRTC_NOTIME; dur_us, or 0: unknown. */
struct trtc_input_stamp {
    int track;
    int64_t pts_us, dts_us, dur_us;
    bool key;          /* a picture at which decoding can start */
    bool sure;         /* pts_us may be far above dts_us, as beside a pause */
    int64_t silent_us; /* so long nothing came from a live source just before; or 0 */
};

/* Places the next frame of a track. DTS of a track never fall and never repeat. */
void trtc_input_clock_place(struct trtc_input_clock *c, const struct trtc_input_stamp *stamp,
                            struct trtc_input_placed *out);

/* The same for a hidden frame, which is due at once and does not move the clock: because of an edit
 * list, it may come several times, or be far from the next frame that is shown. */
void trtc_input_clock_hide(struct trtc_input_clock *c, const struct trtc_input_stamp *stamp,
                           struct trtc_input_placed *out);

/* Undoes the wrap of a counter with so many bits: returns the possible value nearest to ref. */
int64_t trtc_input_unwrap(int64_t value, int bits, int64_t ref);

/* ---- input_rise.c: time stamps that rise for a moment only ---- */

/* Zero-initialise. Frames out of order, or with a stamp that is ahead, are put between those beside
 * them; a few frames wait where it has to be seen whether the stamps stay up. */
struct trtc_input_rise {
    bool off;                                      /* nothing waits */
    int64_t nb_moved[TRTC_NB_KINDS];               /* frames that were put elsewhere */
    struct trtc_input_risen *first, *last, *given; /* those that wait; the one returned last */
    size_t nb_bytes;
    bool is_ahead; /* a frame that cannot wait follows those that do: */
    struct trtc_input_raw ahead;
    bool ended; /* the back end has ended, with this result */
    int result;
    struct trtc_input_rise_lane {
        bool seen;
        int64_t at_us;      /* the time of the last frame */
        int64_t step_us;    /* the usual distance; 0: unknown */
        int64_t other_us;   /* where the other track was then, or NOTIME */
        int nb_risen;       /* so many frames are doubted, */
        int64_t risen_us;   /* ... from this one on; */
        int64_t from_us;    /* the time of the one before; */
        int64_t far_us;     /* ... and how far apart these two were the last time */
        bool came;          /* a frame has come, */
        int64_t came_us;    /* ... the last one at this time */
        int64_t awaited_us; /* a picture is shown so long after it was decoded that the stream should
                             * come to this time, */
        int nb_awaited;     /* ... within so many frames; 0: it has, or there is none */
    } lane[TRTC_NB_KINDS];
};

/* Returns the next frame of the back end: as its function next does. */
int trtc_input_rise_next(struct trtc_input_rise *r, const struct trtc_input_ops *ops, void *back,
                         struct trtc_input_raw *raw, struct trtc_err *err);

/* How many frames of a track have been read and wait. */
int64_t trtc_input_rise_waiting(const struct trtc_input_rise *r, int track);

void trtc_input_rise_fini(struct trtc_input_rise *r);

/* ---- input_config.c: configuration records ---- */

/* A configuration record of H.264 or H.265 (ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1), read. */
struct trtc_input_config {
    uint8_t *sets; /* the parameter sets with start codes; the caller frees them; NULL: none */
    size_t sets_size;
    int nal_length; /* bytes of a length; 0: the stream and the record have start codes */
};
/* Reads a record. Returns 0, or -1: it is damaged, or no memory. */
int trtc_input_video_config(enum trtc_codec codec, struct trtc_bytes record,
                            struct trtc_input_config *out, struct trtc_err *err);

/* How many bytes trtc_input_to_annexb may write for size bytes. */
#define TRTC_INPUT_ANNEXB_MAX(size) ((size)*3 + 4)

struct trtc_input_annexb {
    size_t size;  /* bytes written */
    bool key;     /* a picture at which decoding can start */
    bool damaged; /* a length exceeds the data, or there are zeros where no unit has any */
};

/* Replaces lengths of nal_length bytes by start codes (ITU-T H.264 and H.265, annex B). out has
 * room for TRTC_INPUT_ANNEXB_MAX bytes. */
struct trtc_input_annexb trtc_input_to_annexb(enum trtc_codec codec, int nal_length,
                                              struct trtc_bytes in, uint8_t *out);

/* ---- input_aac.c: AAC ---- */

/* A program_config_element as it is at the beginning of a block, padded to whole bytes. */
struct trtc_input_pce {
    uint8_t bytes[64];
    size_t size; /* 0: there is none */
    int channels;
};

struct trtc_input_aac {
    int object_type, rate_index, channels;
    struct trtc_input_pce pce; /* if channels is 0 */
};

/* Reads the element at the beginning of a block (the data after an ADTS header). Returns false if
 * the block begins with another element. */
bool trtc_input_pce_of(const uint8_t *block, size_t size, struct trtc_input_pce *out);

/* Writes the ADTS frame with the element inserted before its block. Returns the size, at most 8191;
 * 0: it does not fit. */
size_t trtc_input_pce_put(const struct trtc_input_pce *pce, const uint8_t *adts, size_t size,
                          uint8_t *out);

/* Reads an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): what an ADTS header contains about the
 * core. Returns 0, or -1: ADTS cannot carry this sound. */
int trtc_input_aac_config(const uint8_t *p, size_t size, struct trtc_input_aac *out);

/* Fills in what a container without such a record states: AAC-LC. Returns 0, or -1 as above. */
int trtc_input_aac_plain(int rate_hz, int channels, struct trtc_input_aac *out);

/* Writes the header of an ADTS frame with this payload. Returns 0, or -1: it is too large. */
int trtc_input_adts_header(const struct trtc_input_aac *a, size_t payload_bytes, uint8_t out[7]);

/* ---- input_order.c: pictures without times ---- */

/* Finds the order of presentation from picture order counts, for streams without times. Pictures
 * are pushed and taken in decoding order; the place of a picture in the order of presentation is
 * known once enough pictures after it were pushed. */
enum { TRTC_INPUT_ORDER_MAX = 32 };

struct trtc_input_order {
    int delay;       /* by how many pictures the stream reorders at most */
    bool unstated;   /* the stream does not state that: it is what was seen, */
    bool odd;        /* ... and counts rise by 1 from one picture to the next, not by 2 */
    int64_t last;    /* count of the picture that got the last place */
    int64_t nb_in;   /* pictures pushed */
    int64_t nb_out;  /* pictures taken */
    int64_t nb_slot; /* places assigned */
    struct {
        int64_t count; /* picture order count */
        int64_t place; /* or -1: not known yet */
    } ring[TRTC_INPUT_ORDER_MAX];
};

/* Whether there is room for a picture. */
bool trtc_input_order_has_room(const struct trtc_input_order *o);

/* Adds a picture, for which there must be room. resets: counts begin again with it (IDR). */
void trtc_input_order_push(struct trtc_input_order *o, int64_t count, bool resets);

/* Takes the next picture in decoding order. Returns its place (0 is shown first), or -1: more
 * pictures must be pushed first. */
int64_t trtc_input_order_take(struct trtc_input_order *o);

/* Called after the last picture: all get their places. */
void trtc_input_order_end(struct trtc_input_order *o);

#endif
