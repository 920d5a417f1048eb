/* SPDX-License-Identifier: MIT */
/* Makes a recording from the frames of a stream.
 *
 * A lane is one sequence of segments: sound, picture, or both. A segment's name carries the lowest
 * PTS in it, and its length is the distance to the lowest PTS of the next one. With reordered
 * pictures, or sound that arrives a little behind the picture, that is known only shortly after the
 * next segment has begun: until then the old file waits, complete but without a name. */
#include "hls/segmenter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "hls/cut.h"
#include "hls/segmenter_priv.h"
#include "hls/waiting.h"

enum { LANES_MAX = 2 };
#define LAG_MAX_US 1000000 /* how far sound may arrive behind the picture */
#define WINDOW_BYTES \
    ((size_t)32 * 1024 * 1024) /* the limit of frames that wait for the other track */
#define TICK_US 12             /* a little more than a tick of 90 kHz */
#define LOW_US  1400000 /* the lowest time stamp: players take one below 0 for one far ahead */
#define PICTURE_GONE_US \
    10000000 /* after this time without a picture, segments are cut at the sound */

struct segment { /* a file that is being written */
    struct trtc_file *file;
    int64_t low_us, high_us; /* stream clock: lowest PTS, highest end of a frame */
    int64_t bytes;
    int64_t nb_moved; /* pictures that were too late for their own time */
    bool fixed;       /* its start is in the length of the one before */
    bool discontinuity;
    bool new_list;               /* it is the first one of a playlist */
    struct trtc_input_info info; /* of each track, at its first frame in the segment */
};

struct lane {
    const struct trtc_segmenter *s;
    enum trtc_kind type; /* NONE: picture and sound */
    bool audio, video;
    enum trtc_codec video_codec; /* in the current segment */
    struct trtc_cut cut;
    struct trtc_tsmux *mux;
    struct trtc_playlist_writer *list;
    struct segment now; /* the current segment; file NULL: none yet */
    struct segment old; /* the one before, which waits for its name; file NULL: none */
    int64_t key_us;     /* the PTS of the first frame of now */
    bool heard;         /* now contains sound */
    struct trtc_interleave_late moved; /* pictures that were too late for their own time */
    int64_t packing;    /* the PES of sound that was being packed at the last flush, or 0 */
    int64_t sound_us;   /* PTS of the last sound, or TRTC_NOTIME */
    int64_t video_us;   /* PTS of the last picture, or TRTC_NOTIME */
    int64_t decoded_us; /* DTS of the last picture, or TRTC_NOTIME */
    int64_t gone_us;    /* the highest DTS so far, or TRTC_NOTIME */
    bool force;         /* the next frame that can begin a segment does so */
    bool breaks;        /* the next segment begins with a discontinuity */
    bool broken;        /* a write to now has failed: it will not be listed */
    int64_t floor_us;   /* no segment begins before this: it would precede a listed one */
    int64_t listed_us;  /* the length of all segments in the playlist */
    int64_t index;      /* the number of the playlist; 0: none */
    int64_t list_start_ms;
    int64_t opened_ms,
        named_ms; /* the times in the temporary and final name of the last segment; no two are equal */
};

struct trtc_segmenter {
    struct trtc_segmenter_opts o;
    struct lane lanes[LANES_MAX];
    int nb_lanes;
    bool late_said;
    int64_t shift_us; /* added to times of the stream: times in the segments */
    int64_t nb_in;
    int64_t nb_written[2];         /* frames of sound, pictures */
    int64_t nb_dropped;            /* frames of sound */
    struct trtc_interleave *order; /* if a lane contains both, else NULL */
    struct trtc_waiting *waiting;  /* of a live stream: the frames that wait in order, on disk */
};

int64_t trtc_segmenter_shift_us(const struct trtc_segmenter_opts *o)
{
    return o->stream_start_us >= LOW_US ? 0
                                        : (LOW_US - o->stream_start_us + 99) / 100 *
                                              100; /* a multiple of 9 ticks of 90 kHz */
}

int64_t trtc_segmenter_90k(int64_t us)
{
    return (us * 9 + (us >= 0 ? 50 : -50)) / 100;
}

int trtc_segmenter_mux(struct trtc_tsmux *m, const struct trtc_input_frame *f, int64_t shift_us,
                       struct trtc_err *err)
{
    const struct trtc_packet *p = &f->pkt;
    const int64_t pts_90k = trtc_segmenter_90k(p->pts_us + shift_us);
    if (!f->video)
        return trtc_tsmux_audio(m, p->data, p->size, pts_90k, err);
    const struct trtc_tsmux_picture pic = { .au = { p->data, p->size },
                                            .sets = { f->sets, f->sets_size },
                                            .pts_90k = pts_90k,
                                            .dts_90k = trtc_segmenter_90k(p->dts_us + shift_us),
                                            .key = p->key };
    return trtc_tsmux_video(m, &pic, err);
}

/* ---- segments ---- */

static int64_t epoch_us(const struct trtc_segmenter *s, int64_t stream_us)
{
    return s->o.start_us + stream_us - s->o.stream_start_us;
}

static int64_t round_ms(int64_t us)
{
    return (us >= 0 ? us + 500 : us - 499) / 1000;
}

static int sink(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    struct lane *l = opaque;
    if (trtc_write_all(trtc_file_fd(l->now.file), data, size, trtc_file_path(l->now.file), err) ==
        0)
        return 0;
    l->broken = true;
    return -1;
}

/* Returns the codecs that the multiplexer announces. */
static int announce(struct lane *l, const struct trtc_input_info *info, struct trtc_err *err)
{
    l->video_codec = l->video ? info->video : TRTC_CODEC_NONE;
    return trtc_tsmux_announce(l->mux, l->video_codec, l->audio ? TRTC_CODEC_AAC : TRTC_CODEC_NONE,
                               err);
}

/* Returns the time for a name. Two segments within a millisecond must not get the same name. */
static int64_t name_ms(const struct trtc_segmenter *s, int64_t us, int64_t last_ms)
{
    const int64_t ms = round_ms(epoch_us(s, us));
    return last_ms != TRTC_NOTIME && ms <= last_ms ? last_ms + 1 : ms;
}

static char *segment_path(const struct lane *l, int64_t utc_ms, struct trtc_err *err)
{
    const struct trtc_segmenter_file file = { .type = l->type,
                                              .utc_ms = utc_ms,
                                              .ha = l->s->o.name.ha };
    return trtc_segmenter_path(&l->s->o, &file, err);
}

static int open_segment(struct lane *l, int64_t pts_us, const struct trtc_input_info *info,
                        struct trtc_err *err)
{
    l->opened_ms = name_ms(l->s, pts_us, l->opened_ms);
    char *path = segment_path(l, l->opened_ms, err);
    l->now = (struct segment){
        .low_us = pts_us, .high_us = pts_us, .discontinuity = l->breaks, .info = *info
    };
    l->now.file = path ? trtc_file_create(path, err) : NULL;
    free(path);
    l->key_us = pts_us;
    l->heard = false;
    l->force = l->breaks = false;
    if (!l->now.file || announce(l, info, err) < 0)
        return -1;
    return trtc_tsmux_begin(l->mux, err);
}

/* Completes the current file, which then waits until its length is known. */
static int shut_segment(struct lane *l, struct trtc_err *err)
{
    if (trtc_tsmux_end(l->mux, &l->now.bytes, err) < 0)
        return -1;
    l->old = l->now;
    l->floor_us = l->old.low_us + 1000;
    l->now = (struct segment){ 0 };
    return 0;
}

static int write_list(struct trtc_segmenter *s, struct lane *l, bool ended, struct trtc_err *err)
{
    struct stat st;
    const char *path = trtc_playlist_writer_path(l->list);
    if (trtc_playlist_writer_write(l->list, ended, s->o.sync, err) < 0)
        return -1;
    if (stat(path, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", path);
    const struct trtc_segment_done done = { .path = path,
                                            .playlist = true,
                                            .type = l->type,
                                            .start_ms = l->list_start_ms,
                                            .dur_us = l->listed_us,
                                            .bytes = st.st_size };
    return s->o.told(s->o.opaque, &done, err);
}

/* Describes the lane for the playlist, by what is known of a segment. */
static struct trtc_playlist_head head_of(const struct trtc_segmenter *s, const struct lane *l,
                                         const struct trtc_input_info *info)
{
    struct trtc_playlist_head head = trtc_segmenter_head(&s->o, info, l->list_start_ms);
    head.has_audio = l->audio;
    head.has_video = l->video;
    return head;
}

/* Returns the listed recording with the lane's names that this one continues, or NULL. */
static const struct trtc_listed *listed_of(const struct trtc_segmenter *s, const struct lane *l)
{
    const bool sound = s->o.user_id && l->type == TRTC_AUDIO;
    const struct trtc_listed *was = &s->o.listed[sound ? TRTC_AT_AUDIO : TRTC_AT_VIDEO];
    return s->o.how == TRTC_SEGMENTER_APPEND && was->any ? was : NULL;
}

/* Opens the lane's playlist with this number; goes_on: it exists, and is continued after a
 * discontinuity. */
static int open_list(struct trtc_segmenter *s, struct lane *l, bool goes_on, int64_t start_ms,
                     struct trtc_err *err)
{
    const struct trtc_listed *was = goes_on ? listed_of(s, l) : NULL;
    const struct trtc_segmenter_file file = {
        .type = l->type, .utc_ms = TRTC_NOTIME, .index = l->index, .ha = s->o.name.ha
    };
    l->list_start_ms = was ? was->start_ms : start_ms;
    l->listed_us = was ? was->dur_us : 0;
    l->old.discontinuity = was || (l->old.discontinuity && !l->old.new_list);
    const struct trtc_playlist_head head = head_of(s, l, &l->old.info);
    char *path = trtc_segmenter_path(&s->o, &file, err);
    if (path)
        l->list = was ? trtc_playlist_writer_resume(path, &head, err)
                      : trtc_playlist_writer_new(path, &head, err);
    free(path);
    return l->list ? 0 : -1;
}

/* Makes sure that there is a playlist for the waiting segment. */
static int follow_list(struct trtc_segmenter *s, struct lane *l, int64_t start_ms,
                       struct trtc_err *err)
{
    const struct trtc_listed *was = listed_of(s, l);
    const bool first = !l->list;
    if (!first && !l->old.new_list)
        return 0;
    if (first && was)
        l->index = was->index;
    if (l->old.new_list)
        l->index = l->index ? l->index + 1 : 2;
    trtc_playlist_writer_free(&l->list);
    return open_list(s, l, was && first && was->last_ms != TRTC_NOTIME && !l->old.new_list,
                     start_ms, err);
}

/* Lists a segment that is complete under its name. */
static int list_segment(struct trtc_segmenter *s, struct lane *l,
                        const struct trtc_segment_done *done, bool ended, struct trtc_err *err)
{
    const struct segment *g = &l->old;
    if (follow_list(s, l, done->start_ms, err) < 0)
        return -1;
    const struct trtc_playlist_head head = head_of(s, l, &g->info);
    trtc_playlist_writer_update(l->list, &head);
    const struct trtc_playlist_entry entry = { .name = strrchr(done->path, '/') + 1,
                                               .start_ms = done->start_ms,
                                               .dur_us = done->dur_us,
                                               .bytes = done->bytes,
                                               .discontinuity = g->discontinuity,
                                               .width_px = g->info.width_px,
                                               .height_px = g->info.height_px };
    if (trtc_playlist_writer_add(l->list, &entry, err) < 0)
        return -1;
    l->listed_us += done->dur_us;
    return write_list(s, l, ended, err);
}

/* Names the waiting segment, which lasts until next_us, and lists it, even if nobody reads the
 * output any more. */
static int settle(struct trtc_segmenter *s, struct lane *l, int64_t next_us, bool ended,
                  struct trtc_err *err)
{
    struct segment *g = &l->old;
    int64_t start_ms = name_ms(s, g->low_us, l->named_ms), dur_us = next_us - g->low_us;
    struct trtc_err deaf;
    int ret = -1;
    ended |= l->now.file && l->now.new_list;
    char *path = segment_path(l, start_ms, err);
    if (!path || trtc_file_retarget(g->file, path, err) < 0 ||
        trtc_file_commit(&g->file, s->o.sync, err) < 0) {
        l->now.discontinuity = true; /* the next segment does not continue the listed ones */
        goto done;
    }
    l->named_ms = start_ms;
    const struct trtc_segment_done done = {
        .path = path, .type = l->type, .start_ms = start_ms, .dur_us = dur_us, .bytes = g->bytes
    };
    int told = s->o.told(s->o.opaque, &done, &deaf);
    ret = list_segment(s, l, &done, ended, err);
    if (told < 0) {
        *err = deaf;
        ret = -1;
    }
done:
    trtc_file_abort(&g->file);
    free(path);
    return ret;
}

/* ---- tracks ---- */

static int deliver(void *opaque, const struct trtc_input_frame *f,
                   const struct trtc_input_info *info, struct trtc_err *err);

/* Returns the kind in the names of the lane. */
static enum trtc_kind type_of(const struct trtc_segmenter *s, const struct lane *l)
{
    if ((l->audio && l->video) || !s->o.user_id)
        return TRTC_NO_KIND;
    return l->video ? TRTC_VIDEO : TRTC_AUDIO;
}

static int add_lane(struct trtc_segmenter *s, const struct trtc_input_info *info, bool audio,
                    bool video, struct trtc_err *err)
{
    struct lane *l = &s->lanes[s->nb_lanes++];
    *l = (struct lane){ .s = s,
                        .audio = audio,
                        .video = video,
                        .video_us = TRTC_NOTIME,
                        .decoded_us = TRTC_NOTIME,
                        .gone_us = TRTC_NOTIME,
                        .sound_us = TRTC_NOTIME,
                        .floor_us = TRTC_NOTIME,
                        .opened_ms = TRTC_NOTIME,
                        .named_ms = TRTC_NOTIME,
                        .cut = { .target_us = s->o.target_us } };
    l->type = type_of(s, l);
    l->mux = trtc_tsmux_new(video ? info->video : TRTC_CODEC_NONE,
                            audio ? TRTC_CODEC_AAC : TRTC_CODEC_NONE, sink, l, err);
    return l->mux ? 0 : -1;
}

/* A track that appears later joins the existing lane, with one exception: if a user's picture and
 * sound share the picture's names, sound that has been listed under its own name stays separate. */
static bool can_join(const struct trtc_segmenter *s, const struct lane *l)
{
    return !s->o.user_id || (s->o.av_merge && (l->video || !l->list));
}

static int keep_waiting(struct trtc_segmenter *s, struct trtc_err *err)
{
    const struct trtc_segmenter_file list = { .type = s->lanes[0].type,
                                              .utc_ms = TRTC_NOTIME,
                                              .ha = s->o.name.ha };
    char *path = trtc_segmenter_path(&s->o, &list, err);
    const struct trtc_waiting_opts o = { .path = path,
                                         .shift_us = s->shift_us,
                                         .utc_us = epoch_us(s, 0) };
    s->waiting = path ? trtc_waiting_new(&o, err) : NULL;
    free(path);
    return s->waiting ? 0 : -1;
}

/* Makes the lane contain both tracks from now on. */
static int keep_order(struct trtc_segmenter *s, struct trtc_err *err)
{
    const struct trtc_interleave_opts o = {
        .window_us = s->o.window_us, .window_bytes = WINDOW_BYTES, .emit = deliver, .opaque = s
    };
    s->order = trtc_interleave_new(&o, err);
    return s->order && (s->o.window_us == 0 || keep_waiting(s, err) == 0) ? 0 : -1;
}

/* Makes sure that there is a lane for the frame's track. */
static int follow(struct trtc_segmenter *s, const struct trtc_input_frame *f,
                  const struct trtc_input_info *info, struct trtc_err *err)
{
    for (int i = 0; i < s->nb_lanes; i++)
        if (f->video ? s->lanes[i].video : s->lanes[i].audio)
            return 0;

    struct lane *l = &s->lanes[0];
    if (!can_join(s, l))
        return add_lane(s, info, !f->video, f->video, err);
    l->audio |= !f->video;
    l->video |= f->video;
    l->type = type_of(s, l);
    /* the next segment has one more track (RFC 8216, 4.3.2.3) */
    l->breaks |= l->now.file != NULL;
    l->force |= f->video && l->now.file;
    return keep_order(s, err);
}

/* ---- frames ---- */

/* Whether frames of this track decide where the lane is cut: pictures, or sound before the first
 * picture and after the last. */
static bool leads(const struct lane *l, const struct trtc_input_frame *f)
{
    if (f->video == l->video)
        return true;
    return l->video_us == TRTC_NOTIME || f->pkt.pts_us - l->video_us > PICTURE_GONE_US;
}

/* Returns the length of the playlist up to pts_us. */
static int64_t list_length_us(const struct trtc_segmenter *s, const struct lane *l, int64_t pts_us)
{
    const struct trtc_listed *was = listed_of(s, l);
    const struct segment *const parts[] = { &l->old, &l->now };
    int64_t length_us = l->list ? l->listed_us : was ? was->dur_us : 0;
    for (size_t i = 0; i < 2; i++) {
        const struct segment *g = parts[i];
        if (!g->file)
            continue;
        const int64_t end_us = i == 0 && l->now.file ? l->now.low_us : pts_us;
        length_us = (g->new_list ? 0 : length_us) + end_us - g->low_us;
    }
    return length_us;
}

/* Compares two times with the accuracy of time stamps. */
static bool list_is_full(const struct trtc_segmenter *s, const struct lane *l, int64_t pts_us)
{
    return s->o.max_us > 0 && list_length_us(s, l, pts_us) >= s->o.max_us - 1000;
}

static bool changes_codec(const struct lane *l, const struct trtc_input_frame *f,
                          const struct trtc_input_info *info)
{
    return f->video && info->video != l->video_codec;
}

/* Whether a new segment begins with the frame. */
static bool cuts(struct lane *l, const struct trtc_input_frame *f,
                 const struct trtc_input_info *info)
{
    const bool codec = changes_codec(l, f, info);
    const bool key = !f->video || f->pkt.key || codec;
    if (!l->now.file)
        return false;
    const bool force = l->force || codec || list_is_full(l->s, l, f->pkt.pts_us);
    bool began = l->cut.open;
    return leads(l, f) && trtc_cut_frame(&l->cut, f->pkt.pts_us, f->dur_us, key, force) && began;
}

/* Whether no later frame can be earlier than the lowest PTS of the new segment: the pictures have
 * passed its first one, and the sound, which arrives behind the picture, has reached it. */
static bool start_is_known(const struct lane *l, const struct trtc_input_frame *f)
{
    const bool far = f->pkt.dts_us > l->key_us + LAG_MAX_US;
    const bool silent = l->sound_us == TRTC_NOTIME || l->sound_us < l->key_us - LAG_MAX_US;
    const bool none = silent && f->pkt.dts_us > l->key_us + TRTC_INTERLEAVE_SLACK_US;
    const bool sound = !l->audio || l->heard || none || far;
    return sound && (!l->video || l->decoded_us >= l->key_us || far);
}

/* Whether a frame came too late to be put in order, and belongs before the current segment, which is
 * not the first one: its own time would be the lowest in the file, from which the times of all other
 * frames are counted. */
static bool is_past(const struct lane *l, const struct trtc_input_frame *f)
{
    const bool late =
        l->gone_us != TRTC_NOTIME && f->pkt.dts_us + TRTC_INTERLEAVE_LATE_US < l->gone_us;
    return f->pkt.pts_us < l->now.low_us && (l->now.fixed || (late && l->old.file));
}

/* Moves a picture that is past to the start of the segment, with a decoding time before those that
 * follow, which may refer to it. */
static void move_up(struct lane *l, struct trtc_packet *p)
{
    const int64_t late_us = l->gone_us - p->dts_us;
    l->moved.nb++;
    l->moved.most_us = late_us > l->moved.most_us ? late_us : l->moved.most_us;
    p->pts_us = l->now.low_us + l->now.nb_moved++ * TICK_US;
    if (p->dts_us < p->pts_us - LAG_MAX_US)
        p->dts_us = p->pts_us - LAG_MAX_US;
}

/* Notes the properties of a track at its first frame in the segment. */
static void note_info(struct segment *g, const struct trtc_input_frame *f,
                      const struct trtc_input_info *info)
{
    if (f->video && g->info.width_px == 0) {
        g->info.video = info->video;
        g->info.width_px = info->width_px;
        g->info.height_px = info->height_px;
    } else if (!f->video && g->info.rate_hz == 0) {
        g->info.rate_hz = info->rate_hz;
        g->info.channels = info->channels;
    }
}

static int lane_frame(struct trtc_segmenter *s, struct lane *l, const struct trtc_input_frame *came,
                      const struct trtc_input_info *info, struct trtc_err *err)
{
    struct trtc_input_frame own = *came, *f = &own;
    if (is_past(l, f) && !f->video) { /* where it could be put there is sound already */
        s->nb_dropped++;
        return 0;
    }
    if (is_past(l, f))
        move_up(l, &f->pkt);
    int64_t pts_us = f->pkt.pts_us, end_us = pts_us + f->dur_us;
    if (cuts(l, f, info)) {
        l->breaks |= changes_codec(l, f, info);
        if (l->old.file && settle(s, l, l->now.low_us, false, err) < 0)
            return -1;
        if (shut_segment(l, err) < 0)
            return -1;
    }
    if (!l->now.file) {
        const bool new_list = list_is_full(s, l, pts_us);
        if (open_segment(l, pts_us, info, err) < 0)
            return -1;
        l->now.new_list = new_list;
        if (!l->cut.open && leads(l, f))
            trtc_cut_frame(&l->cut, pts_us, f->dur_us, !f->video || f->pkt.key, false);
    }
    note_info(&l->now, f, info);
    if (announce(l, info, err) < 0 || trtc_segmenter_mux(l->mux, f, s->shift_us, err) < 0)
        return -1;
    s->nb_written[f->video]++;
    if (pts_us < l->now.low_us)
        l->now.low_us = pts_us > l->floor_us ? pts_us : l->floor_us;
    l->now.high_us = end_us > l->now.high_us ? end_us : l->now.high_us;
    l->heard |= !f->video;
    *(f->video ? &l->video_us : &l->sound_us) = pts_us;
    if (f->video)
        l->decoded_us = f->pkt.dts_us;
    l->gone_us = f->pkt.dts_us > l->gone_us ? f->pkt.dts_us : l->gone_us;
    if (!l->old.file || !start_is_known(l, f))
        return 0;
    l->now.fixed = true;
    return settle(s, l, l->now.low_us, false, err);
}

static int deliver(void *opaque, const struct trtc_input_frame *f,
                   const struct trtc_input_info *info, struct trtc_err *err)
{
    struct trtc_segmenter *s = opaque;
    for (int i = 0; i < s->nb_lanes; i++) {
        struct lane *l = &s->lanes[i];
        if (f->breaks)
            l->force = l->breaks = true;
        if (f->video && f->new_size && l->video)
            l->force = true;
        if (!f->video && f->new_format && l->audio)
            l->force = l->breaks = true;
    }
    for (int i = 0; i < s->nb_lanes; i++) {
        struct lane *l = &s->lanes[i];
        if ((f->video ? l->video : l->audio) && lane_frame(s, l, f, info, err) < 0)
            return -1;
    }
    return 0;
}

int trtc_segmenter_frame(struct trtc_segmenter *s, const struct trtc_input_frame *f,
                         const struct trtc_input_info *info, struct trtc_err *err)
{
    s->nb_in++;
    if (follow(s, f, info, err) < 0)
        return -1;
    return s->order ? trtc_interleave_put(s->order, f, info, err) : deliver(s, f, info, err);
}

static int end_lane(struct trtc_segmenter *s, struct lane *l, struct trtc_err *err)
{
    if (l->old.file && settle(s, l, l->now.file ? l->now.low_us : l->old.high_us, false, err) < 0)
        return -1;
    if (l->now.file && !l->broken)
        return shut_segment(l, err) < 0 ? -1 : settle(s, l, l->old.high_us, true, err);
    trtc_file_leave(&l->now.file); /* what was written is salvaged */
    return l->list ? write_list(s, l, true, err) : 0;
}

int trtc_segmenter_end(struct trtc_segmenter *s, struct trtc_err *err)
{
    int ret = s->order ? trtc_interleave_end(s->order, err) : 0;
    for (int i = 0; i < s->nb_lanes; i++) {
        struct lane *l = &s->lanes[i];
        if (end_lane(s, l, err) == 0)
            continue;
        ret = -1;
        trtc_file_leave(&l->now.file);
        trtc_file_leave(&l->old.file);
        struct trtc_err ignored; /* the first error is the one to report */
        if (l->list)
            trtc_playlist_writer_write(l->list, true, s->o.sync, &ignored);
    }
    return ret;
}

/* Also writes sound that has been packed since the flush before, since the next frame may be long
 * in coming. */
static int flush_lane(struct lane *l, struct trtc_err *err)
{
    const int64_t packing = trtc_tsmux_packing(l->mux);
    const bool stalls = packing && packing == l->packing;
    l->packing = packing;
    return stalls ? trtc_tsmux_flush_all(l->mux, err) : trtc_tsmux_flush(l->mux, err);
}

int trtc_segmenter_flush(struct trtc_segmenter *s, struct trtc_err *err)
{
    for (int i = 0; i < s->nb_lanes; i++)
        if (s->lanes[i].now.file && flush_lane(&s->lanes[i], err) < 0)
            return -1;
    if (s->waiting && trtc_waiting_save(s->waiting, s->order, err) < 0)
        return -1;
    if (s->o.early && s->nb_in >= trtc_early_nb(s->o.early))
        trtc_early_drop(s->o.early);
    return 0;
}

int64_t trtc_segmenter_nb_dropped(const struct trtc_segmenter *s)
{
    return s->nb_dropped;
}

int64_t trtc_segmenter_nb_written(const struct trtc_segmenter *s, bool video)
{
    return s->nb_written[video];
}

void trtc_segmenter_late(const struct trtc_segmenter *s, bool video,
                         struct trtc_interleave_late *out)
{
    *out = (struct trtc_interleave_late){ 0 };
    if (s->order)
        trtc_interleave_late(s->order, video, out);
    if (!video)
        out->nb -= s->nb_dropped < out->nb ? s->nb_dropped : out->nb;
    for (int i = 0; i < s->nb_lanes; i++) /* of a track that joins, some were not put in order */
        if (video && s->lanes[i].moved.nb > out->nb)
            *out = s->lanes[i].moved;
}

bool trtc_segmenter_says_late(struct trtc_segmenter *s)
{
    bool late = false;
    for (int i = 0; i < s->nb_lanes; i++)
        late |= s->lanes[i].cut.late;
    bool say = late && !s->late_said;
    s->late_said |= late;
    return say;
}

/* ---- construction ---- */

struct trtc_segmenter *trtc_segmenter_new(const struct trtc_segmenter_opts *o,
                                          const struct trtc_input_info *info, struct trtc_err *err)
{
    bool audio = info->audio != TRTC_CODEC_NONE, video = info->video != TRTC_CODEC_NONE;
    bool together = audio && video && (!o->user_id || o->av_merge);
    struct trtc_segmenter *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->o = *o;
    s->shift_us = trtc_segmenter_shift_us(o);
    int ret = together ? add_lane(s, info, true, true, err) : 0;
    if (together && ret == 0)
        ret = keep_order(s, err);
    if (!together && video)
        ret = add_lane(s, info, false, true, err);
    if (!together && audio && ret == 0)
        ret = add_lane(s, info, true, false, err);
    if (ret < 0)
        trtc_segmenter_free(&s);
    return s;
}

void trtc_segmenter_free(struct trtc_segmenter **s)
{
    if (!*s)
        return;
    for (int i = 0; i < (*s)->nb_lanes; i++) {
        struct lane *l = &(*s)->lanes[i];
        trtc_file_abort(&l->now.file);
        trtc_file_abort(&l->old.file);
        trtc_tsmux_free(&l->mux);
        trtc_playlist_writer_free(&l->list);
    }
    trtc_waiting_free(&(*s)->waiting);
    trtc_interleave_free(&(*s)->order);
    free(*s);
    *s = NULL;
}
