/* SPDX-License-Identifier: MIT */
/* Input through libavformat: what its parts share. One context reads one container or URL: input_av.c
 * makes frames of packets, which input_av_open.c finds the streams for, input_av_read.c reads,
 * input_av_times.c places in time, and input_av_order.c puts in order if they have no times. */
#ifndef TRTC_INPUT_INPUT_AV_PRIV_H
#define TRTC_INPUT_INPUT_AV_PRIV_H

#include "container/avformat.h"
#include "container/parts.h"
#include "input/input_priv.h"
#include "ts/shown.h"

struct trtc_input_av_stream {
    int index; /* in the container, or -1 */
    enum trtc_codec codec;
    const char *codec_name;
    bool configured; /* a configuration record has been read, */
    bool config_new; /* and not returned yet */

    int nal_length; /* H.264, H.265: bytes of a length; 0: Annex B */
    uint8_t *sets;  /* parameter sets outside the stream */
    size_t sets_size;

    bool bare; /* AAC without ADTS headers, which are made from this: */
    struct trtc_input_aac aac;

    bool running;
    int64_t at;           /* time stamp before, in its own time base, wraps undone */
    int nb_without_dts;   /* frames without a DTS at the beginning, */
    int64_t first_dts_us; /* from this one on */
    int64_t ahead_us[2];  /* derived DTS: the most that one was before its PTS in this group of
                             pictures, and in the one before it */
    int64_t lagging_us;   /* the last one that lagged after a pause; 0: none since it */
    int64_t late_us;      /* decoding times are too late by this */

    struct trtc_ledger ledger;
    int64_t nb_taken; /* packets that became frames, or could not */
    int64_t nb_empty; /* packets without content, or without a picture */
    int64_t read_at;  /* the DTS of the last packet, in its own time base, or AV_NOPTS_VALUE */
    int64_t sum_us;   /* the sum of their durations */
    int64_t trim_us;  /* sound that is still to be trimmed */
    int64_t next_us;  /* sound of a fragment: when the frame before ends */
    bool mended;      /* that was stamped too late */
    bool timed;       /* sound: a frame had this time */
    int64_t said_us;
    bool stepless;   /* the index states no durations that can be right */
    bool standing;   /* the times stand still, or are still behind after that: */
    int64_t from_us; /* since then there were so many samples */
    int64_t nb_samples;
    unsigned turn; /* as the stream states */
};

struct trtc_input_av {
    struct trtc_input_src *src; /* NULL: libavformat has opened a URL */
    const char *name;
    const volatile sig_atomic_t *stop;
    AVFormatContext *ic;
    AVIOContext *pb;
    AVPacket *pkt;
    AVPacket *ahead; /* with has_ahead: the packet after an incomplete one */
    bool has_ahead;
    int ahead_track;
    struct trtc_parts watch;
    int64_t at;        /* of src: the next byte to be read */
    int64_t nb_opened; /* ... its size when it was opened, if it is a file */
    struct trtc_input_av_stream stream[TRTC_NB_KINDS];
    uint8_t *out; /* the frame that is returned, unless it is the packet itself */
    size_t cap;
    uint8_t *lead; /* units without a picture, for the next one */
    size_t nb_lead, lead_cap;
    AVPacket *unit; /* a picture of which more slices may come; NULL: there was none */
    bool unit_pair; /* it has both fields of a frame */
    bool fields; /* bare H.264: a picture may be a field, of which the other one comes behind it */
    bool unit_last;  /* nothing comes after it, */
    int unit_result; /* ... for this reason */
    struct trtc_err unit_err;
    int64_t nb_bytes, nb_bad_bytes[TRTC_NB_KINDS], nb_damaged[TRTC_NB_KINDS];
    char encrypted[24]; /* the method of frames that are; "": there was none */
    struct trtc_poc poc;
    struct trtc_shown shown;
    int64_t nb_misplaced; /* pictures whose times contradict the order in which they are shown */
    bool cut, at_end;
    bool one_way; /* libavformat must not seek in a file */
    bool copies;  /* for a recording that has no edit lists */
    bool whole; /* libavformat applies no edit lists, except for the beginning of the first part */
    bool begun; /* ... and some sound was heard */

    /* pictures without times */
    bool untimed;
    bool bare;           /* they have no decoding times either */
    AVRational frame_us; /* distance of two */
    int64_t lead_us;     /* by which an edit list assumes that they are shown later than decoded */
    int64_t decoded_us[2 * TRTC_INPUT_ORDER_MAX]; /* decoding times of the latest ones */
    AVCodecParserContext *parser;
    AVCodecContext *parser_ctx;
    struct trtc_input_order order;
    AVPacket *held[TRTC_INPUT_ORDER_MAX];
    bool ended;
    int end_result;
    struct trtc_err end_err;
};

static inline bool trtc_input_av_stopped(const struct trtc_input_av *b)
{
    return trtc_is_stopped(b->stop);
}

/* ---- input_av_bytes.c: what is below libavformat ---- */

/* Lets libavformat read src through b->pb. Returns 0, or -1: no memory. */
int trtc_input_av_wrap(struct trtc_input_av *b);

/* Returns the size of src, or how much has been read of a source that has none, in bytes. */
int64_t trtc_input_av_size(const struct trtc_input_av *b);

/* Looks at the parts of an MP4, FLV and so on that were passed over so far. */
void trtc_input_av_check_parts(struct trtc_input_av *b);

/* Whether the index of an MP4, or a fragment, states that packets of a track will come. */
bool trtc_input_av_is_due(const void *self, int track);

/* Whether an MP4 is cut before the end of its index. */
bool trtc_input_av_lacks_index(struct trtc_input_av *b);

/* Whether it is an MP4 that cannot be read but from its beginning to its end. */
bool trtc_input_av_is_mp4_pipe(const struct trtc_input_av *b);

/* Fills *err for such an MP4 with its index at the end. Returns -1. */
int trtc_input_av_fail_mp4_pipe(const struct trtc_input_av *b, struct trtc_err *err);

/* ---- input_av_streams.c: which streams become tracks ---- */

/* Returns the track that a stream of the container is, or -1. */
int trtc_input_av_track_of(const struct trtc_input_av *b, int index);

/* Whether a stream consists of attached pictures, such as a cover. */
bool trtc_input_av_is_attached(const AVStream *st);

/* Chooses the streams that become tracks. Returns 0, or -1: a configuration record cannot be read. */
int trtc_input_av_choose(struct trtc_input_av *b, struct trtc_err *err);

/* A stream that the container did not announce has a packet. Returns the track that it now is, or -1.
 * FLV and MPEG streams announce nothing, or not all. */
int trtc_input_av_adopt(struct trtc_input_av *b, int index);

/* Reads a configuration record of stream s. Returns 0, or -1: it is damaged, or no memory. */
int trtc_input_av_configure(struct trtc_input_av_stream *s, enum AVCodecID id, const uint8_t *p,
                            size_t size, struct trtc_err *err);

/* Returns how a display matrix (or NULL) turns the pictures of a stream. libavformat makes a stretch
 * the shape of the pixels, unless the container states another shape as well, or turns the picture. */
unsigned trtc_input_av_turn(const AVStream *st, const uint8_t *matrix);

/* Returns what the index of an MP4 states about the track, or NULL: nothing, or not everything. */
const struct trtc_box_track *trtc_input_av_indexed_track(const struct trtc_input_av *b, int track);

/* ---- input_av_open.c ---- */

/* Frees a back end, which may be NULL. */
void trtc_input_av_free(void *self);

/* ---- input_av_read.c: packets ---- */

/* Reads the next packet of a chosen stream into b->pkt. An incomplete packet that is not followed by
 * another one is the truncated end, and is left out. Returns 1; 0: the end; -1: failure. */
int trtc_input_av_read(struct trtc_input_av *b, int *track, struct trtc_err *err);

/* Returns how many frames in the index of an MP4 libavformat has left out: an edit list does that with
 * everything between the parts that it lists and the key frames before them. */
int64_t trtc_input_av_nb_unread(const struct trtc_input_av *b, const AVStream *st);

/* ---- input_av_times.c ---- */

/* Returns a time in microseconds, or TRTC_NOTIME: no time can be meant by that. */
int64_t trtc_input_av_us(int64_t t, AVRational tb);

/* Returns the distance of two pictures, in seconds. An index without durations still states that of
 * the track. */
AVRational trtc_input_av_distance(struct trtc_input_av *b, AVStream *st);

/* Sets the times of the current packet, and what of it is not shown or heard. */
void trtc_input_av_set_times(struct trtc_input_av *b, int track, struct trtc_input_raw *raw);

/* Counts a picture, as Annex B, whose time contradicts the order in which it is shown. One without a time gets it. */
void trtc_input_av_judge(struct trtc_input_av *b, struct trtc_input_raw *raw);

/* Places a frame by the edit list that libavformat has not applied. A recording has none: everything
 * is in it. */
void trtc_input_av_edit(struct trtc_input_av *b, struct trtc_input_raw *raw);

/* ---- input_av_order.c: pictures without times ---- */

/* Prepares the search for their order if the pictures have no times: a parser determines it, and the
 * stream states their rate. Returns 0, or -1. */
int trtc_input_av_prepare_untimed(struct trtc_input_av *b, struct trtc_err *err);

/* Whether a picture begins a new sequence: nothing before it is shown after it (H.264: IDR; H.265: IDR or
 * BLA). */
bool trtc_input_av_begins_sequence(const struct trtc_input_av_stream *s, const AVPacket *pkt);

/* Returns the next frame of such an input, as trtc_input_ops.next does. */
int trtc_input_av_next_untimed(struct trtc_input_av *b, struct trtc_input_raw *raw,
                               struct trtc_err *err);

/* ---- input_av_units.c: access units ---- */

/* Reads the next packet as trtc_input_av_read does, with all that belongs to its picture, unless it is encrypted. */
int trtc_input_av_read_unit(struct trtc_input_av *b, int *track, struct trtc_err *err);

/* ---- input_av.c: frames ---- */

/* Reads the configuration that comes with the current packet. */
void trtc_input_av_take_config(const struct trtc_input_av *b, struct trtc_input_av_stream *s);

/* Makes a frame of the current packet; raw->size is 0 if that is impossible. Returns 0, or -1. */
int trtc_input_av_set_frame(struct trtc_input_av *b, int track, struct trtc_input_raw *raw,
                            struct trtc_err *err);

/* Whether the current packet is encrypted; then it is left out. */
bool trtc_input_av_leave_encrypted(struct trtc_input_av *b, int track);

#endif
