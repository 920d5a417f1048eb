/* SPDX-License-Identifier: MIT */
/* What a merge will make. */
#include "recording/plan.h"

#include "base/array.h"
#include "layout/fit.h"
#include "recording/output_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AAC_FRAME = 1024, ENCODED_HZ = 48000 };

/* ---- facts over a lane ---- */

struct video_facts {
    bool same_codec, same_size, same_shape, h264, mp4_codec, plain_profile;
    int width_px, height_px; /* of the first picture */
    int max_width_px, max_height_px;
    const char *codec;
    double fps; /* the average; 0 if pictures were not counted */
};

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The facts of the first segment that gives a picture size. Segments without one inherit it. */
static const struct trtc_facts *first_sized(const struct trtc_lane *lane)
{
    size_t i = 0;
    while (i < lane->n - 1 && lane->clips[i].piece->facts.width_px <= 0)
        i++;
    return &lane->clips[i].piece->facts;
}

static bool is_shaped_alike(const struct trtc_facts *a, const struct trtc_facts *b)
{
    return trtc_fit_shape(a->sar_num, a->sar_den) == trtc_fit_shape(b->sar_num, b->sar_den);
}

static void widen(struct video_facts *v, const struct trtc_facts *f)
{
    int w, h;
    trtc_fit_shown(f->width_px, f->height_px, trtc_fit_shape(f->sar_num, f->sar_den), &w, &h);
    v->max_width_px = w > v->max_width_px ? w : v->max_width_px;
    v->max_height_px = h > v->max_height_px ? h : v->max_height_px;
}

static struct video_facts look_at_video(const struct trtc_lane *lane)
{
    const struct trtc_facts *first = first_sized(lane);
    struct video_facts v = { .same_codec = true,
                             .same_size = true,
                             .same_shape = true,
                             .plain_profile = true,
                             .codec = first->video_codec,
                             .width_px = first->width_px,
                             .height_px = first->height_px };
    int64_t frames = 0, us = 0;
    for (size_t i = 0; i < lane->n; i++) {
        const struct trtc_piece *p = lane->clips[i].piece;
        const struct trtc_facts *f = &p->facts;
        v.same_codec &= is(f->video_codec, first->video_codec);
        frames += f->nb_frames > 0 ? f->nb_frames : 0;
        us += p->dur_us;
        if (f->width_px <= 0)
            continue;
        v.same_size &= f->width_px == first->width_px && f->height_px == first->height_px;
        v.same_shape &= is_shaped_alike(f, first);
        v.plain_profile &=
            f->profile == 66 || f->profile == 77 || f->profile == 88 || f->profile == 100;
        widen(&v, f);
    }
    v.h264 = v.same_codec && is(v.codec, "h264");
    v.mp4_codec = v.h264 || (v.same_codec && is(v.codec, "hevc"));
    v.fps = us > 0 ? (double)frames * 1e6 / (double)us : 0;
    return v;
}

/* Whether the picture cannot simply be copied. If so, the reason is written to why. */
static bool must_encode_video(const struct video_facts *v, const struct trtc_plan_opts *o,
                              bool black_holes, bool can_black, char why[96])
{
    if (!v->same_codec)
        snprintf(why, 96, "the codec changes");
    else if (!v->mp4_codec)
        snprintf(why, 96, "%s is not copied into MP4", v->codec);
    else if (!v->same_size)
        snprintf(why, 96, "the picture size changes");
    else if (!v->same_shape)
        snprintf(why, 96, "the sample aspect ratio changes");
    else if (o->width_px && v->width_px <= 0)
        snprintf(why, 96, "the picture size is unknown");
    else if (o->width_px && (o->width_px != v->width_px || o->height_px != v->height_px))
        snprintf(why, 96, "the picture is %dx%d", v->width_px, v->height_px);
    else if (o->fps && v->fps > o->fps * 1.02)
        snprintf(why, 96, "the frame rate is %.2f", v->fps);
    else if (o->black && black_holes && !can_black)
        snprintf(why, 96,
                 "black holes were requested, and this kind of %s must be encoded for them",
                 v->codec);
    else
        return false;
    return true;
}

static bool must_encode_audio(const struct trtc_lane *lane, char why[96])
{
    const struct trtc_facts *first = &lane->clips[0].piece->facts;
    for (size_t i = 0; i < lane->n; i++) {
        const struct trtc_facts *f = &lane->clips[i].piece->facts;
        if (!is(f->audio_codec, "aac")) {
            snprintf(why, 96, "%s is not AAC", f->audio_codec);
            return true;
        }
        if (f->blocks) {
            snprintf(why, 96, "its AAC has several blocks in a frame");
            return true;
        }
        if (f->rate_hz != first->rate_hz || f->channels != first->channels ||
            f->object_type != first->object_type) {
            snprintf(why, 96, "the AAC format changes");
            return true;
        }
    }
    if (first->rate_hz <= 0 || first->channels < 1 || first->channels > 2) {
        snprintf(why, 96, "AAC of %d channels has no ready-made silence", first->channels);
        return true;
    }
    return false;
}

/* ---- gaps ---- */

static int add_gap(struct trtc_output *out, enum trtc_kind kind, int64_t start_us, int64_t end_us)
{
    if (end_us - start_us < TRTC_GAP_MIN_US)
        return 0;
    if (trtc_array_room(&out->gaps, out->nb_gaps, sizeof *out->gaps) < 0)
        return -1;
    out->gaps[out->nb_gaps++] = (struct trtc_gap){ kind, start_us, end_us };
    return 0;
}

static int find_gaps(struct trtc_output *out, enum trtc_kind kind, const struct trtc_lane *lane)
{
    size_t i = 0;
    for (size_t s = 0; s < out->nb_stretches && lane->n; s++) {
        int64_t at = out->stretches[s].start_us;
        for (; i < lane->n && lane->clips[i].piece->start_us < out->stretches[s].end_us; i++) {
            int64_t end = trtc_clip_end_us(&lane->clips[i]);
            if (add_gap(out, kind, at, lane->clips[i].piece->start_us) < 0)
                return -1;
            at = end > at ? end : at;
        }
        if (add_gap(out, kind, at, out->stretches[s].end_us) < 0)
            return -1;
    }
    return 0;
}

static bool has_gap(const struct trtc_output *out, enum trtc_kind kind)
{
    for (size_t i = 0; i < out->nb_gaps; i++)
        if (out->gaps[i].kind == kind)
            return true;
    return false;
}

/* ---- outputs ---- */

static const char *media_of(const struct trtc_output *out)
{
    bool main = false, aux = false;
    if (!out->rec->user)
        return "mixed";
    const struct trtc_lane *lanes[2] = { &out->video, &out->audio };
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < lanes[k]->n; i++) {
            enum trtc_media m = out->rec->lists[lanes[k]->clips[i].piece->list].media;
            main |= m == TRTC_MEDIA_MAIN;
            aux |= m == TRTC_MEDIA_AUX;
        }
        if (main || aux) /* the picture decides; the sound only if there is no picture */
            break;
    }
    return main && aux ? "main+aux" : aux ? "aux" : "main";
}

static int64_t lane_bytes(const struct trtc_lane *lane)
{
    int64_t sum = 0;
    for (size_t i = 0; i < lane->n; i++)
        sum += lane->clips[i].piece->bytes;
    return sum;
}

static int set_path(struct trtc_output *out, const struct trtc_plan_opts *o, int64_t stamp_ms)
{
    const char *dir = o->outdir ? o->outdir : out->rec->dir;
    if (!*dir)
        dir = ".";
    size_t n = strlen(dir);
    while (n > 0 && dir[n - 1] == '/')
        n--;
    struct trtc_output named = *out;
    char *anchor = malloc(n + 3);
    if (!anchor)
        return -1;
    snprintf(anchor, n + 3, "%.*s/x", (int)n, dir);
    named.path = anchor;
    out->path = trtc_output_part_path(&named, o->names, stamp_ms, out->index);
    free(anchor);
    return out->path ? 0 : -1;
}

/* Whether the output has more frames than one file may hold. Copied pictures are not counted: an
 * input with that many has too many segments first. */
static bool is_too_long(const struct trtc_output *out)
{
    int64_t rate_hz = out->do_audio == TRTC_CHOICE_COPY ? out->audio.clips[0].piece->facts.rate_hz
                      : out->do_audio == TRTC_CHOICE_ENCODE ? ENCODED_HZ
                                                            : 0;
    int64_t fps = out->do_video == TRTC_CHOICE_ENCODE ? out->fps : 0, s = out->dur_us / 1000000;
    return s > TRTC_OUTPUT_FRAMES_MAX / (fps + 1) ||
           s > TRTC_OUTPUT_FRAMES_MAX / (rate_hz / AAC_FRAME + 1);
}

static void decide(struct trtc_output *out, const struct trtc_plan_opts *o)
{
    if (out->video.n) {
        struct video_facts v = look_at_video(&out->video);
        out->can_black =
            v.h264 && v.plain_profile && v.same_size && v.width_px % 2 == 0 && v.height_px % 2 == 0;
        bool must =
            must_encode_video(&v, o, has_gap(out, TRTC_VIDEO), out->can_black, out->why_video);
        out->refused = must && o->video == TRTC_CHOICE_COPY;
        if (!must && o->video == TRTC_CHOICE_ENCODE)
            snprintf(out->why_video, sizeof out->why_video, "asked for");
        out->do_video =
            must || o->video == TRTC_CHOICE_ENCODE ? TRTC_CHOICE_ENCODE : TRTC_CHOICE_COPY;
        out->size_given = o->width_px > 0;
        out->width_px = o->width_px ? o->width_px : v.max_width_px;
        out->height_px = o->height_px ? o->height_px : v.max_height_px;
        out->fps = o->fps ? o->fps : TRTC_FPS_DEFAULT;
    }
    if (out->audio.n) {
        bool must = must_encode_audio(&out->audio, out->why_audio);
        if (!must && o->audio == TRTC_CHOICE_ENCODE)
            snprintf(out->why_audio, sizeof out->why_audio, "asked for");
        out->do_audio =
            must || o->audio == TRTC_CHOICE_ENCODE ? TRTC_CHOICE_ENCODE : TRTC_CHOICE_COPY;
    }
    out->too_long = is_too_long(out);
}

/* One output file: nb sections of a recording, beginning with s. */
struct group {
    const struct trtc_recording *rec;
    const struct trtc_section *s;
    size_t nb;
    int index; /* as in struct trtc_output */
};

static int add_output(struct trtc_plan *p, const struct group *g, const struct trtc_plan_opts *o,
                      struct trtc_err *err)
{
    const struct trtc_section *s = g->s;
    const size_t nb = g->nb;
    if (trtc_array_room(&p->outputs, p->n, sizeof *p->outputs) < 0)
        return trtc_fail_nomem(err);
    struct trtc_output *out = &p->outputs[p->n];
    *out = (struct trtc_output){ .rec = g->rec,
                                 .audio = s->audio,
                                 .video = s->video,
                                 .start_us = s->start_us,
                                 .end_us = s[nb - 1].end_us,
                                 .index = g->index,
                                 .form = o->form };
    p->n++;
    for (size_t i = 1; i < nb; i++) {
        out->audio.n += s[i].audio.n;
        out->video.n += s[i].video.n;
    }
    out->nb_stretches = o->whole && !o->strip ? 1 : nb;
    out->stretches = malloc(out->nb_stretches * sizeof *out->stretches);
    if (!out->stretches)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < out->nb_stretches; i++) {
        int64_t end = out->nb_stretches == 1 ? out->end_us : s[i].end_us;
        out->stretches[i] = (struct trtc_stretch){ s[i].start_us, end, out->dur_us };
        out->dur_us += end - s[i].start_us;
    }
    out->bytes = lane_bytes(&out->audio) + lane_bytes(&out->video);
    out->media = media_of(out);
    /* the suffix of the name depends on whether there is a picture */
    out->do_video = out->video.n ? TRTC_CHOICE_COPY : TRTC_CHOICE_AUTO;
    if (find_gaps(out, TRTC_VIDEO, &out->video) < 0 ||
        find_gaps(out, TRTC_AUDIO, &out->audio) < 0 || set_path(out, o, s->stamp_ms) < 0)
        return trtc_fail_nomem(err);
    decide(out, o);
    return 0;
}

int trtc_plan_add(struct trtc_plan *p, const struct trtc_recording *r,
                  const struct trtc_timeline *t, const struct trtc_plan_opts *o,
                  struct trtc_err *err)
{
    const bool numbered = o->names == TRTC_NAMES_RECORDING && t->nb_sections > 1;
    if (t->nb_sections == 0)
        return 0;
    if (o->whole)
        return add_output(p, &(struct group){ r, t->sections, t->nb_sections, 0 }, o, err);
    for (size_t i = 0; i < t->nb_sections; i++) {
        const struct group one = { r, &t->sections[i], 1, numbered ? (int)i + 1 : 0 };
        if (add_output(p, &one, o, err) < 0)
            return -1;
    }
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int trtc_plan_check(const struct trtc_plan *p, struct trtc_err *err)
{
    const char **paths = malloc((p->n + 1) * sizeof *paths);
    int ret = 0;
    if (!paths)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < p->n; i++)
        paths[i] = p->outputs[i].path;
    if (p->n)
        qsort(paths, p->n, sizeof *paths, by_path);
    for (size_t i = 1; i < p->n && ret == 0; i++)
        if (is(paths[i], paths[i - 1]))
            ret = trtc_fail(
                err, TRTC_EX_CANTCREAT,
                "%s: two outputs have this name; merge the recordings one by one into directories of their own",
                paths[i]);
    free(paths);
    return ret;
}

static void free_output(struct trtc_output *o)
{
    free(o->stretches);
    free(o->gaps);
    free(o->path);
}

void trtc_plan_drop(struct trtc_plan *p, size_t i)
{
    free_output(&p->outputs[i]);
    p->n--;
    memmove(&p->outputs[i], &p->outputs[i + 1], (p->n - i) * sizeof *p->outputs);
}

void trtc_plan_fini(struct trtc_plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        free_output(&p->outputs[i]);
    free(p->outputs);
    *p = (struct trtc_plan){ 0 };
}

int64_t trtc_output_us(const struct trtc_output *o, int64_t us, size_t *hint)
{
    while (*hint + 1 < o->nb_stretches &&
           us >= (o->stretches[*hint].end_us + o->stretches[*hint + 1].start_us) / 2)
        (*hint)++;
    const struct trtc_stretch *s = &o->stretches[*hint];
    return us - s->start_us + s->out_us;
}

int64_t trtc_output_epoch_us(const struct trtc_output *o, int64_t out_us)
{
    size_t i = o->nb_stretches - 1;
    while (i > 0 && o->stretches[i].out_us > out_us)
        i--;
    return o->stretches[i].start_us + out_us - o->stretches[i].out_us;
}
