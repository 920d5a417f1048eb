/* SPDX-License-Identifier: MIT */
/* What the recording generator makes, and the packets of one track of it. One clock inside: ticks of
 * 90 kHz since the last marker instant (epoch ms % 10000 == 0) before the start of the recording. */
#ifndef TRTC_TESTS_GENSRC_H
#define TRTC_TESTS_GENSRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>

#include "base/err.h"
#include "make/genlib.h"
#include "make/genscene.h"

enum { GEN_MAX_USERS = 64, GEN_MAX_RANGES = 32, GEN_MAX_RUNS = 2 * GEN_MAX_RANGES + 2 };
enum { GEN_PHASES = 64 }; /* --loop: so many places in a frame of sound can a beep begin at */
enum { GEN_MAX_HA = 3 };
enum { GEN_KIND_VIDEO = 1, GEN_KIND_AUDIO = 2 };
enum gen_media { GEN_MAIN, GEN_AUX };

/* A stretch of time, ms after --start. */
struct gen_range {
    int64_t a_ms, b_ms;
    int kinds;  /* holes: what is missing */
    bool stall; /* holes: the segment goes on behind it */
};

struct gen_size_change {
    int64_t at_ms;
    int w_px, h_px;
    bool inside; /* no new segment for it */
};

struct gen_user {
    char id[512];
    int kinds, aux_kinds;
    struct gen_range stay; /* b_ms < 0: to the end */
    struct gen_range holes[GEN_MAX_RANGES];
    int nb_holes;
    struct gen_range aux[GEN_MAX_RANGES];
    int nb_aux;
    struct gen_size_change sizes[GEN_MAX_RANGES];
    int nb_sizes;
    int w_px, h_px, fps, bframes;
    int64_t gop_ms, avoff_ms;
    double drift; /* 1e-6: one ppm fast */
    char codec[8], audio[8];
    int rate_hz, channels;
};

struct gen_ha {
    int n;
    int64_t from_ms, overlap_ms;
};

struct gen_opts {
    const char *dir, *room, *task, *prefix, *truth;
    int64_t sdkappid, start_ms, length_ms, segment_ms, pts_start;
    int64_t bitrate_bps, audio_bitrate_bps;
    bool room_string, old_tags, numbered, av_merge, mixed, restart_pts, loop, verbose;
    bool scene; /* people and a screen instead of bars */
    bool no_endlist, crlf, bom, no_comma;
    struct gen_user users[GEN_MAX_USERS];
    int nb_users;
    struct gen_ha ha[GEN_MAX_HA];
    int nb_ha;
};

/* One uninterrupted stretch of one track, in one picture size. */
struct gen_run {
    int64_t a, b; /* ticks */
    int w_px, h_px;
    bool cut; /* a segment starts with it */
};

/* One audio or video track of one user in one take (the recording proper, or a recovery). */
struct gen_track {
    const struct gen_opts *o;
    const struct gen_user *u;
    enum gen_media media;
    int kind;
    int colour;
    int64_t t0, pts0; /* the user's first media in this take, and its PTS */
    struct gen_run runs[GEN_MAX_RUNS];
    int nb_runs;
};

struct gen_packet {
    uint8_t *data; /* valid until the source is asked again */
    size_t size;
    double wall; /* start of its presentation, ticks */
    double dur;  /* ticks of the track's own clock */
    int64_t pts, dts;
    bool key;
    bool cut; /* the first one of a run that begins a segment */
    int w_px, h_px;
};

struct gen_stored;

/* Produces the packets of a track in decoding order. */
struct gen_source {
    const struct gen_track *t;
    int run; /* index, -1 before the first */
    AVCodecContext *enc;
    AVFrame *frame;
    AVPacket *pkt;
    struct gen_picture pic;
    struct gen_scene scene;
    int64_t next;       /* what the encoder gets next: a frame number, or the run's sample */
    int64_t taken;      /* packets of the run that went out */
    int64_t first, end; /* video: frame numbers on the marker grid */
    int64_t delay;      /* video: PTS less DTS of the run's first packet */
    int64_t total;      /* audio, and video with --loop: packets of the run */
    double origin;      /* audio: wall time of the run's sample 0 */
    uint8_t *buf;       /* audio: a frame with its header */
    size_t cap;
    struct gen_stored *bank; /* --loop: packets to repeat */
    int nb_bank;
    int64_t marker;              /* --loop, audio: the current marker, */
    int64_t beep_frame;          /* the frame in which its beep begins, */
    int beep_phase;              /* and where in it */
    int clip_phases[GEN_PHASES]; /* of the clips that are in the bank, in order, */
    int nb_clips;                /* and how many there are */
    bool have;                   /* cur holds a packet that was not used yet */
    struct gen_packet cur;
};

int64_t gen_floor_div(int64_t a, int64_t b);

/* The epoch time of tick 0. */
int64_t gen_base_ms(const struct gen_opts *o);

/* The tick of ms after --start. */
int64_t gen_to_ticks(const struct gen_opts *o, int64_t ms);

/* The epoch time of a tick, rounded. */
int64_t gen_wall_ms(const struct gen_opts *o, double ticks);

/* Where --numbered begins the second playlist. */
int64_t gen_half_ticks(const struct gen_opts *o);

/* Pictures stand on a grid that has one at every marker: the first one at or after a time, and
 * the time of one. */
int64_t gen_grid_frame(const struct gen_user *u, int64_t ticks);
double gen_grid_time(const struct gen_user *u, int64_t frame);

/* Fills t->runs for the part of the track between from_ms and to_ms after --start. */
void gen_plan_runs(struct gen_track *t, int64_t from_ms, int64_t to_ms);

/* t stays yours and must outlive s. After a failure call gen_source_fini, too. */
int gen_source_init(struct gen_source *s, const struct gen_track *t, struct trtc_err *err);
void gen_source_fini(struct gen_source *s);

/* Puts the next packet into s->cur; s->have says whether there is one. */
int gen_source_next(struct gen_source *s, struct trtc_err *err);

#endif
