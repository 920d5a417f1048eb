/* SPDX-License-Identifier: MIT */
/* merge: what one output becomes: files, parts, accounts, and what is told of losses. */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavformat/avformat.h>

#include "merge/merge.h"
#include "unit/range.h"
#include "unit/recorded.h"
#include "unit/scratch.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define S             90000  /* ticks */
#define D             172800 /* ticks: 48 pictures, 90 frames of sound */
#define DMS           1920
#define NB            .nb_v = 48, .nb_a = 90

static int enter(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    alarm(60);
    return scratch_enter("t_merge");
}

struct planned {
    struct recorded_loaded l;
    struct trtc_plan plan;
};

/* The one output of what was recorded in dir. */
static const struct trtc_output *plan(struct planned *p, const char *dir)
{
    struct trtc_err err;
    *p = (struct planned){ 0 };
    recorded_load(&p->l, dir);
    if (trtc_plan_add(&p->plan, &p->l.scan.recs[0], &p->l.line,
                      &(struct trtc_plan_opts){ .whole = true }, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(p->plan.n, 1);
    return &p->plan.outputs[0];
}

static void drop(struct planned *p)
{
    trtc_plan_fini(&p->plan);
    recorded_unload(&p->l);
}

/* A file as players see it: "v48 a90 0+1920": packets of each track, its first time and its length in ms. */
static void see(const char *path, char *out, size_t size)
{
    AVFormatContext *f = NULL;
    AVPacket *p = av_packet_alloc();
    int64_t nb[2] = { 0 }, first = INT64_MAX;
    if (avformat_open_input(&f, path, NULL, NULL) < 0 || avformat_find_stream_info(f, NULL) < 0)
        fail_msg("%s is no MP4", path);
    while (av_read_frame(f, p) >= 0) {
        const AVStream *s = f->streams[p->stream_index];
        const int64_t ms = av_rescale_q(p->pts, s->time_base, (AVRational){ 1, 1000 });
        nb[s->codecpar->codec_type == AVMEDIA_TYPE_AUDIO]++;
        first = ms < first ? ms : first;
        av_packet_unref(p);
    }
    snprintf(out, size, "v%" PRId64 " a%" PRId64 " %" PRId64 "+%" PRId64, nb[0], nb[1], first,
             (f->duration + 500) / 1000);
    av_packet_free(&p);
    avformat_close_input(&f);
}

/* Names and commits the files of a result, and looks into each: "v48 a90 0+1920; ...". */
static const char *files_of(struct trtc_merge_result *res)
{
    static char text[400];
    struct trtc_err err;
    size_t n = 0;
    *text = '\0';
    for (size_t i = 0; i < res->nb_files; i++) {
        char seen[80], path[256];
        snprintf(path, sizeof path, "%s", trtc_file_path(res->files[i].file));
        if (trtc_file_commit(&res->files[i].file, false, &err) < 0)
            fail_msg("%s", err.msg);
        see(path, seen, sizeof seen);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? "; " : "", seen);
        assert_int_equal(trtc_merge_told_losses(path, &err), res->losses.n);
    }
    return text;
}

static const char *losses_of(const struct trtc_losses *l)
{
    static char text[200];
    size_t n = 0;
    *text = '\0';
    for (size_t i = 0; i < l->n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "", l->items[i].kind);
    return text;
}

static void test_copy(void **state)
{
    static const struct {
        const char *what;
        int64_t at_ms[2];
        struct segment s[2];
        int64_t split_us;
        const char *files, *losses;
    } t[] = {
        { "one after the other",
          { 0, DMS },
          { { 10 * S, NB }, { 10 * S + D, NB } },
          0,
          "v96 a180 0+3840",
          "" },
        { "sound alone",
          { 0, DMS },
          { { 10 * S, .nb_a = 90 }, { 10 * S + D, .nb_a = 90 } },
          0,
          "v0 a180 0+3840",
          "" },
        { "pictures alone",
          { 0, DMS },
          { { 10 * S, .nb_v = 48 }, { 10 * S + D, .nb_v = 48 } },
          0,
          "v96 a0 0+3840",
          "" },
        { "a pause is filled",
          { 0, 5000 },
          { { 10 * S, NB }, { 15 * S, NB } },
          0,
          "v96 a324 0+6920",
          "" },
        { "two parts, each from a key frame",
          { 0, DMS },
          { { 10 * S, NB }, { 10 * S + D, NB } },
          2000000,
          "v48 a90 0+1920; v48 a90 0+1920",
          "" },
        { "something is missing",
          { 0, DMS },
          { { 10 * S, NB }, { 10 * S + D, NB, .drop = 60, .nb_drop = 5 } },
          0,
          "v95 a180 0+3840",
          "damaged damaged" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct planned p;
        struct trtc_merge_result res;
        struct trtc_err err;
        atomic_llong bytes = 0;
        char dir[16];
        int64_t size = 0;
        snprintf(dir, sizeof dir, "copy%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < 2; k++) {
            recorded_add(&rec, t[i].at_ms[k], DMS, &t[i].s[k], 0);
            size += rec.bytes;
        }
        recorded_end(&rec);
        const struct trtc_output *o = plan(&p, dir);
        const struct trtc_merge_opts how = { .split_us = t[i].split_us, .bytes = &bytes };
        if (trtc_merge_run(o, &how, &res, &err) < 0)
            fail_msg("%s: %s", t[i].what, err.msg);
        const char *files = files_of(&res);
        if (strcmp(files, t[i].files) != 0 || strcmp(losses_of(&res.losses), t[i].losses) != 0)
            fail_msg("%s: '%s', %s", t[i].what, files, losses_of(&res.losses));
        assert_false(res.interrupted || res.made.do_video == TRTC_CHOICE_ENCODE ||
                     res.made.do_audio == TRTC_CHOICE_ENCODE);
        assert_int_equal(trtc_ledger_open(&res.video_account), 0);
        assert_int_equal(trtc_ledger_open(&res.audio_account), 0);
        assert_int_equal(bytes, res.has_video && res.has_audio ? 2 * size : size);
        trtc_merge_result_fini(&res);
        drop(&p);
    }
}

static void record(const char *dir, const struct segment *s)
{
    struct recorded rec;
    assert_int_equal(mkdir(dir, 0700), 0);
    recorded_begin(&rec, dir);
    recorded_add(&rec, 0, DMS, s, 0);
    recorded_end(&rec);
}

static int nb_files(const char *dir)
{
    char cmd[100];
    int n = 0;
    snprintf(cmd, sizeof cmd, "ls -A %s | wc -l", dir);
    FILE *f = popen(cmd, "r");
    assert_int_equal(fscanf(f, "%d", &n), 1);
    pclose(f);
    return n;
}

/* Nothing appears under its name, and nothing stays, until it is committed. */
static void test_uncommitted(void **state)
{
    struct planned p;
    struct trtc_merge_result res;
    struct trtc_err err;
    (void)state;
    record("uncommitted", &(struct segment){ 10 * S, NB });
    const struct trtc_output *o = plan(&p, "uncommitted");
    assert_int_equal(trtc_merge_run(o, &(struct trtc_merge_opts){ 0 }, &res, &err), 0);
    assert_int_equal(res.nb_files, 1);
    assert_int_equal(access(o->path, F_OK), -1);
    assert_int_equal(nb_files("uncommitted"), 3);
    assert_int_equal(res.files[0].start_us, RECORDED_START_MS * 1000);
    assert_int_equal(res.files[0].end_us, (RECORDED_START_MS + DMS) * 1000);
    assert_true(res.files[0].bytes > 0 && res.table_samples == 138);
    trtc_merge_result_fini(&res);
    assert_int_equal(nb_files("uncommitted"), 2);
    drop(&p);
}

/* A signal that came before the first frame leaves nothing. */
static void test_stop(void **state)
{
    static const volatile sig_atomic_t stop = 1;
    struct planned p;
    struct trtc_merge_result res;
    struct trtc_err err;
    (void)state;
    record("stop", &(struct segment){ 10 * S, NB });
    const struct trtc_merge_opts how = { .stop = &stop };
    assert_int_equal(trtc_merge_run(plan(&p, "stop"), &how, &res, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(err.msg, "nothing to write"));
    assert_true(res.interrupted && res.nb_files == 0);
    trtc_merge_result_fini(&res);
    assert_int_equal(nb_files("stop"), 2);
    drop(&p);
}

static void test_failures(void **state)
{
    struct planned p;
    struct trtc_merge_result res;
    struct trtc_err err;
    const struct trtc_merge_opts how = { 0 };
    (void)state;

    /* pictures of which none can be shown */
    record("nothing", &(struct segment){ .from_90k = S, .nb_v = 20, .first_v = 3 });
    assert_int_equal(trtc_merge_run(plan(&p, "nothing"), &how, &res, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_int_equal(res.nb_files, 0);
    assert_true(res.losses.n > 0);
    trtc_merge_result_fini(&res);
    trtc_merge_result_fini(&res);
    drop(&p);

    /* what stands under the name cannot be replaced */
    record("taken", &(struct segment){ 10 * S, NB });
    const struct trtc_output *o = plan(&p, "taken");
    assert_int_equal(mkdir(o->path, 0700), 0);
    assert_int_equal(trtc_merge_run(o, &how, &res, &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    trtc_merge_result_fini(&res);
    assert_int_equal(nb_files("taken"), 3);
    drop(&p);

    scratch_put("text.mp4", "no MP4", 6);
    assert_int_equal(trtc_merge_told_losses("nowhere.mp4", &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_int_equal(trtc_merge_told_losses("text.mp4", &err), 0); /* it tells none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_uncommitted),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("merge", tests, enter, scratch_leave);
}
