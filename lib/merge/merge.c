/* SPDX-License-Identifier: MIT */
/* Carries out one output of a plan. */
#include "merge/merge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/array.h"
#include "base/text.h"
#include "merge/decodable.h"
#include "merge/lane.h"
#include "mp4/bare.h"
#include "recording/output_name.h"

#define LOSSES_FORMAT TRTC_MP4_LOSSES_SENTENCE "%" PRId64

enum { RESERVE_BASE = 64 * 1024, RESERVE_PER_S = 500, RESERVE_PER_PICTURE = 16 };
enum { QUEUE_MAX_BYTES = 64 << 20, QUEUE_MAX_SAMPLES = 1 << 16, SAMPLE_TABLE_BYTES = 24 };

/* A sample that waits until it is known which part it belongs to. */
struct queued {
    int kind;
    struct trtc_sample s; /* its data is not valid any more */
    size_t offset;        /* where its bytes are in those of the queue */
};

struct merge {
    const struct trtc_output *out;
    const struct trtc_merge_opts *o;
    struct trtc_merge_result *res;
    struct trtc_track *tracks[TRTC_NB_KINDS];
    /* the part being written */
    struct trtc_file *file;
    struct trtc_mp4 *mp4;
    struct trtc_bare *bare;    /* instead of mp4: bare AAC */
    int number[TRTC_NB_KINDS]; /* track numbers in mp4 */
    int64_t base_us;           /* its place in the output */
    int64_t nb_written;        /* samples in it */
    /* for splitting: the samples since the last place where a part can begin */
    struct queued *queue;
    size_t nb_queued, cap_queue;
    uint8_t *bytes;
    size_t nb_bytes, cap_bytes;
    bool unit_open;       /* the queue was flushed before its unit was complete */
    size_t leading_bytes; /* the most bytes that a unit has had to leave to the part before it */
};

static int64_t tick_us(const struct merge *m, int kind, int64_t ticks)
{
    return trtc_ticks_to_us(ticks, m->tracks[kind]->format.timescale);
}

static int64_t base_ticks(const struct merge *m, int kind)
{
    return trtc_us_to_ticks(m->base_us, m->tracks[kind]->format.timescale);
}

/* ---- parts ---- */

/* Copying needs about as much room as its input; better to know before hours of work. */
static int check_room(const struct merge *m, struct trtc_err *err)
{
    struct statvfs fs;
    if (m->res->nb_files > 0 || m->out->do_video == TRTC_CHOICE_ENCODE ||
        fstatvfs(trtc_file_fd(m->file), &fs) < 0 || fs.f_blocks == 0)
        return 0;
    int64_t have = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    if (have >= m->out->bytes)
        return 0;
    const bool little = m->out->bytes < 10000000;
    const int64_t unit = little ? 1000 : 1000000;
    return trtc_fail(err, TRTC_EX_TEMPFAIL,
                     "%s: needs about %" PRId64 " %s, but only %" PRId64 " are free", m->out->path,
                     (m->out->bytes + unit - 1) / unit, little ? "kB" : "MB", have / unit);
}

static int64_t reserve_bytes(const struct merge *m)
{
    int64_t left_us = m->out->dur_us - m->base_us;
    if (m->o->split_us && left_us > m->o->split_us)
        left_us = m->o->split_us;
    int64_t per_s = RESERVE_PER_S;
    if (m->out->do_video == TRTC_CHOICE_ENCODE)
        per_s += m->out->fps * RESERVE_PER_PICTURE;
    int64_t n = RESERVE_BASE + left_us / 1000000 * per_s;
    int64_t most = m->o->split_bytes / 16;
    return most && n > most ? most : n;
}

/* Returns the title of a file: the user's id, or, if that is not text, its form in file names. */
static const char *title_of(const struct trtc_recording *r)
{
    return !r->user ? r->room : r->user_id_text ? r->user_id : r->user;
}

static int open_part(struct merge *m, int64_t base_us, struct trtc_err *err)
{
    int64_t start_us = trtc_output_epoch_us(m->out, base_us);
    bool first = m->res->nb_files == 0;
    int ret = -1;
    char *path = first && m->out->index == 0
                     ? trtc_output_part_path(m->out, TRTC_NAMES_SCRIPT, TRTC_NOTIME, 0)
                     : trtc_output_part_path(m->out, TRTC_NAMES_SCRIPT, start_us / 1000, 0);
    if (!path)
        return trtc_fail_nomem(err);
    const struct trtc_mp4_info info = {
        .creation_ms = start_us / 1000,
        .title = title_of(m->out->rec),
        .reserve_bytes = reserve_bytes(m),
        .give_back = true,
    };
    m->base_us = base_us;
    m->nb_written = 0;
    m->file = trtc_file_create(path, err);
    if (!m->file || check_room(m, err) < 0)
        goto done;
    if (m->out->form == TRTC_FORM_AAC) {
        m->bare = trtc_bare_new(trtc_file_fd(m->file), path, &info,
                                &m->tracks[TRTC_AT_AUDIO]->format, err);
        ret = m->bare ? 0 : -1;
        goto done;
    }
    m->mp4 = trtc_mp4_new(trtc_file_fd(m->file), path, &info, err);
    if (!m->mp4)
        goto done;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        m->number[k] = m->tracks[k] ? trtc_mp4_add_track(m->mp4, &m->tracks[k]->format, err) : -1;
        if (m->tracks[k] && m->number[k] < 0)
            goto done;
    }
    ret = 0;
done:
    free(path);
    return ret;
}

/* Completes the part's MP4. */
static int finish_mp4(struct merge *m, struct trtc_err *err)
{
    struct trtc_merge_result *res = m->res;
    uint64_t samples = 0;
    res->table_bytes = (int64_t)trtc_mp4_table_bytes(m->mp4, &samples);
    res->table_samples = (int64_t)samples;
    if (res->losses.n > 0) {
        char comment[64];
        snprintf(comment, sizeof comment, LOSSES_FORMAT, (int64_t)res->losses.n);
        if (trtc_mp4_set_comment(m->mp4, comment, err) < 0)
            return -1;
        trtc_mp4_set_losses(m->mp4, (int64_t)res->losses.n);
    }
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (m->tracks[k] && trtc_track_describe(m->tracks[k], m->mp4, m->number[k], err) < 0)
            return -1;
    if (trtc_mp4_finish(m->mp4, err) < 0)
        return -1;
    trtc_mp4_free(&m->mp4);
    return 0;
}

static int finish_bare(struct merge *m, struct trtc_err *err)
{
    if (trtc_bare_finish(m->bare, (int64_t)m->res->losses.n, err) < 0)
        return -1;
    trtc_bare_free(&m->bare);
    return 0;
}

/* Finishes the part and adds it to the result: complete on disk, but not under its name. */
static int close_part(struct merge *m, int64_t end_us, struct trtc_err *err)
{
    struct trtc_merge_result *res = m->res;
    struct stat st;
    if (trtc_array_room(&res->files, res->nb_files, sizeof *res->files) < 0)
        return trtc_fail_nomem(err);
    if ((m->bare ? finish_bare(m, err) : finish_mp4(m, err)) < 0)
        return -1;
    if (fstat(trtc_file_fd(m->file), &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", trtc_file_path(m->file));
    /* the first one stays open and locked: it stands for the whole output */
    if (res->nb_files > 0 && trtc_file_park(m->file, err) < 0)
        return -1;
    res->files[res->nb_files++] = (struct trtc_merge_file){
        .file = m->file,
        .start_us = trtc_output_epoch_us(m->out, m->base_us),
        .end_us = trtc_output_epoch_us(m->out, end_us),
        .bytes = st.st_size,
    };
    m->file = NULL;
    return 0;
}

static int write_sample(struct merge *m, int kind, const struct trtc_sample *s,
                        struct trtc_err *err)
{
    int64_t base = m->base_us ? base_ticks(m, kind) : 0;
    struct trtc_sample placed = *s;
    placed.dts -= base;
    placed.pts -= base;
    m->nb_written++;
    return m->bare ? trtc_bare_write(m->bare, &placed, err)
                   : trtc_mp4_write(m->mp4, m->number[kind], &placed, err);
}

/* ---- splitting ---- */

static int enqueue(struct merge *m, int kind, const struct trtc_sample *s, struct trtc_err *err)
{
    if (trtc_array_reserve(&m->queue, &m->cap_queue, m->nb_queued + 1, sizeof *m->queue) < 0 ||
        trtc_array_reserve(&m->bytes, &m->cap_bytes, m->nb_bytes + s->size, 1) < 0)
        return trtc_fail_nomem(err);
    memcpy(m->bytes + m->nb_bytes, s->data, s->size);
    m->queue[m->nb_queued++] = (struct queued){ kind, *s, m->nb_bytes };
    m->nb_bytes += s->size;
    return 0;
}

static int write_queued(struct merge *m, struct queued *q, struct trtc_err *err)
{
    q->s.data = m->bytes + q->offset;
    return write_sample(m, q->kind, &q->s, err);
}

/* Where a part that begins with the queued unit would begin in the output. */
static int64_t unit_start_us(const struct merge *m)
{
    int lead = m->tracks[TRTC_AT_VIDEO] ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    for (size_t i = 0; i < m->nb_queued; i++)
        if (m->queue[i].kind == lead)
            return tick_us(m, lead, m->queue[i].s.pts);
    return tick_us(m, m->queue[0].kind, m->queue[0].s.pts);
}

/* The queued pictures that are shown before the key picture that they follow (open groups of
 * pictures), and that picture: their number, 0 where there are none. They begin the queue's
 * pictures. */
static size_t leading(const struct merge *m, size_t *bytes)
{
    const struct queued *key = NULL;
    size_t nb = 0;
    *bytes = 0;
    for (size_t i = 0; i < m->nb_queued; i++) {
        const struct queued *q = &m->queue[i];
        if (q->kind != TRTC_AT_VIDEO)
            continue;
        if (key && q->s.pts >= key->s.pts)
            break;
        key = key ? key : q;
        *bytes += q->s.size;
        nb++;
    }
    return nb > 1 ? nb : 0;
}

/* Whether the unit, which lasts until end_us, exceeds a limit of the part. It counts what would
 * have to be written to this part if another one began with the unit. */
static bool unit_exceeds(struct merge *m, int64_t end_us)
{
    const struct trtc_merge_opts *o = m->o;
    size_t bytes;
    if (leading(m, &bytes) && bytes > m->leading_bytes)
        m->leading_bytes = bytes;
    int64_t size = (m->bare ? trtc_bare_size(m->bare) : trtc_mp4_size(m->mp4)) +
                   (int64_t)(m->nb_bytes + 2 * m->leading_bytes) +
                   (int64_t)m->nb_queued * SAMPLE_TABLE_BYTES;
    return m->nb_written > 0 && ((o->split_bytes && size >= o->split_bytes) ||
                                 (o->split_us && end_us - m->base_us > o->split_us));
}

/* Writes what of the queued unit belongs to the part that ends where it begins: sound, and
 * pictures that are shown before its key picture. These need it, hence it is written twice: here
 * it is shown for a tick at the end. */
static int end_part(struct merge *m, int64_t start_us, struct trtc_err *err)
{
    size_t bytes, nb = leading(m, &bytes), left = nb;
    for (size_t i = 0; i < m->nb_queued; i++) {
        struct queued *q = &m->queue[i];
        const bool sound = q->kind != TRTC_AT_VIDEO && tick_us(m, q->kind, q->s.pts) < start_us;
        const bool picture = q->kind == TRTC_AT_VIDEO && left > 0;
        if (!sound && !picture)
            continue;
        if (write_queued(m, q, err) < 0)
            return -1;
        if (sound || left < nb)
            q->kind = -1;
        left -= picture;
    }
    if (m->tracks[TRTC_AT_VIDEO] && m->number[TRTC_AT_VIDEO] >= 0)
        trtc_mp4_end_track(m->mp4, m->number[TRTC_AT_VIDEO],
                           trtc_us_to_ticks(start_us, m->tracks[TRTC_AT_VIDEO]->format.timescale) -
                               base_ticks(m, TRTC_AT_VIDEO) + (nb > 0));
    return 0;
}

/* Writes the queued unit, to a new part where it would exceed the one being written. */
static int flush_unit(struct merge *m, int64_t end_us, struct trtc_err *err)
{
    if (m->nb_queued == 0)
        return 0;
    if (!m->unit_open && unit_exceeds(m, end_us)) {
        int64_t start_us = unit_start_us(m);
        if (end_part(m, start_us, err) < 0 || close_part(m, start_us, err) < 0 ||
            open_part(m, start_us, err) < 0)
            return -1;
    }
    for (size_t i = 0; i < m->nb_queued; i++)
        if (m->queue[i].kind >= 0 && write_queued(m, &m->queue[i], err) < 0)
            return -1;
    m->nb_queued = m->nb_bytes = 0;
    return 0;
}

/* One sample of the interleaved sequence. */
static int put(struct merge *m, int kind, const struct trtc_sample *s, struct trtc_err *err)
{
    bool splitting = m->o->split_bytes || m->o->split_us;
    if (!splitting)
        return write_sample(m, kind, s, err);
    int lead = m->tracks[TRTC_AT_VIDEO] ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
    bool begins = kind == lead && s->key;
    if (begins) {
        if (flush_unit(m, tick_us(m, kind, s->pts), err) < 0)
            return -1;
        m->unit_open = false;
    }
    if (m->nb_bytes > QUEUE_MAX_BYTES || m->nb_queued > QUEUE_MAX_SAMPLES) {
        if (flush_unit(m, tick_us(m, kind, s->pts), err) < 0)
            return -1;
        m->unit_open = true;
    }
    return enqueue(m, kind, s, err);
}

/* ---- the run ---- */

static int open_tracks(struct merge *m, struct trtc_err *err)
{
    const struct trtc_output *out = m->out;
    struct trtc_track_opts to = { .black = m->o->black,
                                  .threads = m->o->threads,
                                  .channels = m->o->channels,
                                  .losses = &m->res->losses,
                                  .bytes = m->o->bytes,
                                  .account = &m->res->video_account,
                                  .stop = m->o->stop };
    int ret = 0;
    if (out->do_video == TRTC_CHOICE_COPY)
        ret = trtc_picture_copy_new(out, &to, &m->tracks[TRTC_AT_VIDEO], err);
    else if (out->do_video == TRTC_CHOICE_ENCODE)
        ret = trtc_picture_encode_new(out, &to, &m->tracks[TRTC_AT_VIDEO], err);
    to.account = &m->res->audio_account;
    if (ret == 0 && out->do_audio == TRTC_CHOICE_COPY)
        ret = trtc_sound_copy_new(out, &to, &m->tracks[TRTC_AT_AUDIO], err);
    else if (ret == 0 && out->do_audio == TRTC_CHOICE_ENCODE)
        ret = trtc_sound_encode_new(out, &to, &m->tracks[TRTC_AT_AUDIO], err);
    if (ret == 0 && !m->tracks[TRTC_AT_VIDEO] && !m->tracks[TRTC_AT_AUDIO])
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: nothing usable in its segments", out->path);
    return ret;
}

/* Pulls the tracks in the order of their decoding times until all are done. */
static int copy_samples(struct merge *m, struct trtc_err *err)
{
    struct trtc_sample s[TRTC_NB_KINDS];
    int64_t at_us[TRTC_NB_KINDS];
    bool have[TRTC_NB_KINDS] = { false, false },
         done[TRTC_NB_KINDS] = { !m->tracks[TRTC_AT_VIDEO], !m->tracks[TRTC_AT_AUDIO] };
    while (true) {
        for (int k = 0; k < TRTC_NB_KINDS; k++) {
            if (done[k] || have[k])
                continue;
            s[k] = (struct trtc_sample){ 0 };
            int got = trtc_track_next(m->tracks[k], &s[k], err);
            if (got < 0)
                return -1;
            have[k] = got > 0;
            done[k] = got == 0;
            at_us[k] = got > 0 ? tick_us(m, k, s[k].dts) : INT64_MAX;
        }
        if (done[TRTC_AT_VIDEO] && done[TRTC_AT_AUDIO])
            return 0;
        if (trtc_is_stopped(m->o->stop)) {
            m->res->interrupted = true;
            return 0;
        }
        int k = have[TRTC_AT_VIDEO] &&
                        (!have[TRTC_AT_AUDIO] || at_us[TRTC_AT_VIDEO] <= at_us[TRTC_AT_AUDIO])
                    ? TRTC_AT_VIDEO
                    : TRTC_AT_AUDIO;
        if (put(m, k, &s[k], err) < 0)
            return -1;
        have[k] = false;
    }
}

static int64_t end_us_of(const struct merge *m)
{
    int64_t end = m->base_us;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const struct trtc_track *t = m->tracks[k];
        if (!t)
            continue;
        int64_t us = m->res->interrupted ? t->stats.last_us : tick_us(m, k, t->end);
        end = us > end ? us : end;
    }
    return end;
}

static void take_stats(struct merge *m)
{
    struct trtc_merge_result *res = m->res;
    res->has_video = m->tracks[TRTC_AT_VIDEO];
    res->has_audio = m->tracks[TRTC_AT_AUDIO];
    res->made = *m->out;
    if (res->has_video) {
        res->video = m->tracks[TRTC_AT_VIDEO]->stats;
        res->made.width_px = m->tracks[TRTC_AT_VIDEO]->format.width_px;
        res->made.height_px = m->tracks[TRTC_AT_VIDEO]->format.height_px;
    }
    if (res->has_audio)
        res->audio = m->tracks[TRTC_AT_AUDIO]->stats;
}

/* Lists what was lost in an output as a whole, not in one segment. */
static int lose(struct merge *m, const char *kind, const char *why)
{
    const struct trtc_loss loss = {
        .path = m->out->path, .kind = kind, .detail = why, .start_us = TRTC_NOTIME, .list = -1
    };
    return trtc_losses_add(&m->res->losses, &loss);
}

/* Lists frames that came in but neither went out nor were left out for a reason. */
static int settle_account(struct merge *m, const struct trtc_ledger *l, const char *what)
{
    const int64_t open = trtc_ledger_open(l);
    char why[128];
    if (open == 0 || m->res->interrupted)
        return 0;
    snprintf(why, sizeof why, "%" PRId64 " frames of %s %s", open < 0 ? -open : open, what,
             open < 0 ? "were written but never read" : "were read and are unaccounted for");
    return lose(m, "unaccounted", why);
}

static int settle_track(struct merge *m, int kind, const struct trtc_ledger *l, const char *what)
{
    struct trtc_track *t = m->tracks[kind];
    char why[128];
    if (t)
        trtc_track_account(t);
    if (t && t->stats.nb_broken > 0) {
        snprintf(why, sizeof why, "%" PRId64 " frames of %s could not be decoded",
                 t->stats.nb_broken, what);
        if (lose(m, "undecoded", why) < 0)
            return -1;
    }
    return settle_account(m, l, what);
}

static int merge_once(const struct trtc_output *out, const struct trtc_merge_opts *o,
                      struct trtc_merge_result *res, bool refused[TRTC_NB_KINDS],
                      struct trtc_err *err)
{
    struct merge m = { .out = out, .o = o, .res = res };
    int ret = -1;
    if (open_tracks(&m, err) < 0 || open_part(&m, 0, err) < 0 || copy_samples(&m, err) < 0)
        goto done;
    int64_t end_us = end_us_of(&m);
    if (flush_unit(&m, end_us, err) < 0)
        goto done;
    if (settle_track(&m, TRTC_AT_VIDEO, &res->video_account, "picture") < 0 ||
        settle_track(&m, TRTC_AT_AUDIO, &res->audio_account, "sound") < 0) {
        trtc_fail_nomem(err);
        goto done;
    }
    for (int k = 0; k < TRTC_NB_KINDS && !res->interrupted; k++)
        if (m.tracks[k] && m.mp4)
            trtc_mp4_end_track(m.mp4, m.number[k], m.tracks[k]->end - base_ticks(&m, k));
    if (close_part(&m, end_us, err) < 0)
        goto done;
    ret = 0;
done:
    take_stats(&m);
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        refused[k] = m.tracks[k] && m.tracks[k]->uncopyable;
        trtc_track_free(&m.tracks[k]);
    }
    trtc_mp4_free(&m.mp4);
    trtc_bare_free(&m.bare);
    trtc_file_abort(&m.file);
    free(m.queue);
    free(m.bytes);
    return ret;
}

static void drop_files(struct trtc_merge_result *res)
{
    for (size_t i = 0; i < res->nb_files; i++) {
        trtc_file_abort(&res->files[i].file);
        free(res->files[i].path);
    }
    res->nb_files = 0;
}

/* Plans to encode what could not be copied to its end, in the number of channels that it turns
 * out to have. */
static int encode_instead(struct trtc_output *out, struct trtc_merge_opts *o,
                          const bool refused[TRTC_NB_KINDS], struct trtc_err *err)
{
    static const char why[] = "its format changes within a segment";
    if (refused[TRTC_AT_AUDIO]) {
        out->do_audio = TRTC_CHOICE_ENCODE;
        snprintf(out->why_audio, sizeof out->why_audio, "%s", why);
        if (trtc_sound_channels(out, o->stop, &o->channels, err) < 0)
            return -1;
    }
    if (refused[TRTC_AT_VIDEO]) {
        out->do_video = TRTC_CHOICE_ENCODE;
        snprintf(out->why_video, sizeof out->why_video, "%s", why);
    }
    return 0;
}

int trtc_merge_run(const struct trtc_output *out, const struct trtc_merge_opts *o,
                   struct trtc_merge_result *res, struct trtc_err *err)
{
    struct trtc_output made = *out;
    struct trtc_merge_opts how = *o;
    bool refused[TRTC_NB_KINDS];
    *res = (struct trtc_merge_result){ 0 };
    int ret = merge_once(&made, &how, res, refused, err);
    while (ret < 0 &&
           (refused[TRTC_AT_AUDIO] || (refused[TRTC_AT_VIDEO] && o->video == TRTC_CHOICE_AUTO))) {
        drop_files(res);
        trtc_losses_fini(&res->losses);
        if (encode_instead(&made, &how, refused, err) < 0)
            break;
        ret = merge_once(&made, &how, res, refused, err);
    }
    if (ret < 0)
        drop_files(res);
    return ret;
}

int64_t trtc_merge_told_losses(const char *path, struct trtc_err *err)
{
    const bool bare = trtc_ends_with(path, strlen(path), ".aac");
    int64_t n = 0;
    const int ret =
        bare ? trtc_bare_read_losses(path, &n, err) : trtc_mp4_read_losses(path, &n, err);
    return ret < 0 ? -1 : n;
}

void trtc_merge_result_fini(struct trtc_merge_result *res)
{
    drop_files(res);
    free(res->files);
    trtc_losses_fini(&res->losses);
    *res = (struct trtc_merge_result){ 0 };
}
