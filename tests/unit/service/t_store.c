/* SPDX-License-Identifier: MIT */
/* The store: what is in it after a commit and after none, secrets that are gone, a file that is damaged. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "service/store.h"
#include "unit/scratch.h"

static char path[512];
static struct trtc_err err;

static struct trtc_store *open_store(void)
{
    struct trtc_store *s = trtc_store_open(path, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static int begin(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "recd.db");
    return scratch_enter("store");
}

static struct trtc_task_row row(const char *id)
{
    return (struct trtc_task_row){ .id = (char *)(uintptr_t)id,
                                   .room = (char *)(uintptr_t) "3560",
                                   .robot = (char *)(uintptr_t) "r",
                                   .sdkappid = 1400000001,
                                   .room_type = 1,
                                   .mixed = true,
                                   .wants = 3,
                                   .created_ms = 1768960945384,
                                   .expires_ms = 1768960945385,
                                   .leave_code = -1,
                                   .stop_code = -1 };
}

static size_t nb_taken;
static struct trtc_task_row taken;

static int take(void *arg, struct trtc_task_row *t)
{
    (void)arg;
    if (nb_taken++)
        trtc_task_row_fini(&taken);
    taken = *t;
    return 0;
}

static void load(struct trtc_store *s)
{
    if (nb_taken)
        trtc_task_row_fini(&taken);
    nb_taken = 0;
    assert_int_equal(trtc_store_tasks(s, take, NULL, &err), 0);
}

static void tasks(void **state)
{
    struct trtc_store *s = open_store();
    struct trtc_task_row t = row("one");
    struct stat st;
    (void)state;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(trtc_store_begin(s, &err), 0);
    assert_int_equal(trtc_store_task_add(s, &t, &err), 0);
    trtc_store_rollback(s);
    load(s);
    assert_int_equal(nb_taken, 0);
    assert_int_equal(trtc_store_begin(s, &err), 0);
    assert_int_equal(trtc_store_task_add(s, &t, &err), 0);
    t.id = (char *)(uintptr_t) "two";
    assert_int_equal(trtc_store_task_add(s, &t, &err), 0);
    assert_int_equal(trtc_store_commit(s, &err), 0);
    assert_int_equal(trtc_store_task_add(s, &t, &err), -1); /* there is one of that name */
    t.life = TRTC_LIFE_EXITED;
    t.exited_ms = 5;
    t.leave_code = 99;
    t.stop_code = 0;
    t.seq = 1234567890123;
    t.offset = 77;
    t.upload_told = true;
    t.hls_told = 2;
    t.modify = (char *)(uintptr_t) "{\"modify\":{}}";
    assert_int_equal(trtc_store_task_save(s, &t, &err), 0);
    trtc_store_free(&s);
    s = open_store();
    load(s);
    assert_int_equal(nb_taken, 2);
    assert_string_equal(taken.id, "two");
    assert_int_equal(taken.sdkappid, 1400000001);
    assert_true(taken.mixed && !taken.vod && taken.upload_told && !taken.settled);
    assert_int_equal(taken.created_ms, 1768960945384);
    assert_int_equal(taken.life, TRTC_LIFE_EXITED);
    assert_int_equal(taken.seq, 1234567890123);
    assert_int_equal(taken.offset, 77);
    assert_int_equal(taken.hls_told, 2);
    assert_string_equal(taken.modify, "{\"modify\":{}}");
    assert_int_equal(trtc_store_task_drop(s, "two", &err), 0);
    load(s);
    assert_int_equal(nb_taken, 1);
    trtc_task_row_fini(&taken);
    nb_taken = 0;
    trtc_store_free(&s);
}

/* Whether the words stand in the database, or in its log. */
static bool in_files(const char *words)
{
    char command[1200];
    snprintf(command, sizeof command, "%s-wal", path);
    const char *const names[] = { path, command };
    bool found = false;
    for (int i = 0; i < 2; i++) {
        FILE *f = fopen(names[i], "rb");
        char *all = calloc(1, 1 << 20);
        const size_t n = f ? fread(all, 1, (1 << 20) - 1, f) : 0;
        for (size_t k = 0; k + strlen(words) <= n; k++)
            found = found || memcmp(all + k, words, strlen(words)) == 0;
        free(all);
        if (f)
            fclose(f);
    }
    return found;
}

static void secrets(void **state)
{
    struct trtc_store *s = open_store();
    char *text;
    (void)state;
    assert_int_equal(trtc_store_secret_add(s, "one", "{\"SecretKey\":\"CanaryZq\"}", &err), 0);
    assert_int_equal(trtc_store_secret_add(s, "two", "{}", &err), 0);
    assert_int_equal(trtc_store_secret(s, "one", &text, &err), 0);
    assert_string_equal(text, "{\"SecretKey\":\"CanaryZq\"}");
    free(text);
    assert_true(in_files("CanaryZq"));
    assert_int_equal(trtc_store_secret_wipe(s, "one", &err), 0);
    assert_int_equal(trtc_store_secret(s, "one", &text, &err), 0);
    assert_null(text);
    assert_false(in_files("CanaryZq"));
    trtc_store_free(&s);
    assert_false(in_files("CanaryZq"));
}

static void limit_files(rlim_t bytes)
{
    struct rlimit l;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* The removal is kept, but the page with the secret, far behind in the file, cannot be overwritten. */
static void wiped_later(void **state)
{
    struct trtc_store *s = open_store();
    static char secret[9000];
    (void)state;
    memset(secret, 'q', sizeof secret);
    memcpy(secret + sizeof secret - 9, "CanaryZq", 9);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(trtc_store_secret_add(s, "one", secret, &err), 0);
    trtc_store_free(&s);
    s = open_store();
    limit_files(80000);
    assert_int_equal(trtc_store_secret_wipe(s, "one", &err), -1);
    limit_files(RLIM_INFINITY);
    assert_true(in_files("CanaryZq"));
    assert_int_equal(trtc_store_secret_wipe(s, "one", &err), 0);
    assert_false(in_files("CanaryZq"));
    trtc_store_free(&s);
}

static char seen[1024];

static bool see_file(void *arg, const struct trtc_file_row *f)
{
    const size_t n = strlen(seen);
    (void)arg;
    snprintf(seen + n, sizeof seen - n, "%s:%d/%d%s ", f->path, (int)f->seq, (int)f->proven_seq,
             f->key ? f->key : "");
    return true;
}

static void files(void **state)
{
    struct trtc_store *s = open_store();
    struct trtc_file_row f = { .task = "one", .path = "files/a.ts", .type = "segment", .seq = 1 };
    struct trtc_file_row list = {
        .task = "one", .path = "files/a.m3u8", .type = "playlist", .seq = 2
    };
    const struct trtc_file_row mp4 = {
        .task = "one", .path = "files/a.mp4", .type = "mp4", .seq = 3
    };
    int64_t all, hls;
    enum trtc_file_state is;
    (void)state;
    assert_int_equal(trtc_store_file_add(s, &f, &err), 0);
    assert_int_equal(trtc_store_file_add(s, &list, &err), 0);
    assert_int_equal(trtc_store_file_add(s, &mp4, &err), 0);
    list.proven_seq = 2;
    list.key = "K";
    assert_int_equal(trtc_store_file_proven(s, &list, &err), 0);
    assert_int_equal(trtc_store_file_state(s, "one", list.path, &is, &err), 0);
    assert_int_equal(is, TRTC_FILE_PROVEN);
    list.seq = 9; /* it has grown */
    assert_int_equal(trtc_store_file_add(s, &list, &err), 0);
    assert_int_equal(trtc_store_file_state(s, "one", list.path, &is, &err), 0);
    assert_int_equal(is, TRTC_FILE_WAITS);
    assert_int_equal(trtc_store_file_state(s, "two", list.path, &is, &err), 0);
    assert_int_equal(is, TRTC_FILE_UNKNOWN);
    assert_int_equal(trtc_store_files_waiting(s, "one", &all, &hls, &err), 0);
    assert_int_equal(all, 3);
    assert_int_equal(hls, 2);
    f.proven_seq = 1;
    assert_int_equal(trtc_store_file_proven(s, &f, &err), 0);
    seen[0] = '\0';
    assert_int_equal(trtc_store_files_due(s, "one", see_file, NULL, &err), 0);
    assert_string_equal(seen, "files/a.mp4:3/0 files/a.m3u8:9/2K ");
    seen[0] = '\0';
    assert_int_equal(trtc_store_files(s, "one", see_file, NULL, &err), 0);
    assert_string_equal(seen, "files/a.ts:1/1 files/a.mp4:3/0 files/a.m3u8:9/2K ");
    trtc_store_free(&s);
}

static bool see_out(void *arg, const struct trtc_out_row *o)
{
    const size_t n = strlen(seen);
    (void)arg;
    snprintf(seen + n, sizeof seen - n, "%s%d ", o->task, o->type);
    return true;
}

static void due(struct trtc_store *s, int64_t now_ms, const char *want)
{
    seen[0] = '\0';
    assert_int_equal(trtc_store_out_due(s, now_ms, see_out, NULL, &err), 0);
    assert_string_equal(seen, want);
}

static void outbox(void **state)
{
    struct trtc_store *s = open_store();
    struct trtc_out_row o[4] = {
        { .task = "a", .type = 301, .body = "{}" },
        { .task = "a", .type = 302, .body = "{}" },
        { .task = "b", .type = 301, .body = "{}" },
        { .task = "b", .type = 303, .body = "{}", .state = TRTC_OUT_NONE }
    };
    int64_t counts[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(trtc_store_out_add(s, &o[i], &err), 0);
    due(s, 100, "a301 b301 "); /* of each task the first that was never sent */
    o[0].tries = 1;
    o[0].next_ms = 200;
    o[0].error = "refused";
    assert_int_equal(trtc_store_out_save(s, &o[0], &err), 0);
    due(s, 100, "a302 b301 "); /* one that failed holds up no other */
    due(s, 200, "a301 a302 b301 ");
    o[0].next_ms = 20000;
    assert_int_equal(trtc_store_out_save(s, &o[0], &err), 0);
    due(s, 10000, "a302 b301 ");
    due(s, 9999, "a301 a302 b301 "); /* the clock was set back: no pause is that long */
    o[0].next_ms = 200;
    assert_int_equal(trtc_store_out_save(s, &o[0], &err), 0);
    o[1].state = TRTC_OUT_SENT;
    o[2].state = TRTC_OUT_FAILED;
    assert_int_equal(trtc_store_out_save(s, &o[1], &err), 0);
    assert_int_equal(trtc_store_out_save(s, &o[2], &err), 0);
    due(s, 300, "a301 ");
    assert_int_equal(trtc_store_out_count(s, counts, &err), 0);
    assert_int_equal(counts[TRTC_OUT_WAITING], 1);
    assert_int_equal(counts[TRTC_OUT_SENT], 1);
    assert_int_equal(counts[TRTC_OUT_FAILED], 1);
    seen[0] = '\0';
    assert_int_equal(trtc_store_out_last(s, 1, 2, see_out, NULL, &err), 0);
    assert_string_equal(seen, "b301 b303 ");
    assert_int_equal(trtc_store_out_prune(s, 1, &err), 0);
    seen[0] = '\0';
    assert_int_equal(trtc_store_out_last(s, 0, 9, see_out, NULL, &err), 0);
    assert_string_equal(seen, "a301 b301 b303 "); /* what failed and what waits stays */
    trtc_store_free(&s);
}

static int nb_used;

static void see_used(void *arg, const char *signature, int action, int64_t signed_s)
{
    (void)arg;
    (void)signature;
    (void)action;
    (void)signed_s;
    nb_used++;
}

static void others(void **state)
{
    struct trtc_store *s = open_store();
    struct trtc_store *second;
    (void)state;
    second = trtc_store_open(path, &err); /* one process has it */
    assert_null(second);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_int_equal(trtc_store_used_add(s, "aa", 0, 1000, &err), 0);
    assert_int_equal(trtc_store_used_add(s, "bb", 2, 1200, &err), 0);
    assert_int_equal(trtc_store_used(s, 1400, see_used, NULL, &err), 0);
    assert_int_equal(nb_used, 1);
    trtc_store_free(&s);
    trtc_store_free(&s);
}

/* Killed between a commit and the next: the first is there, the second is not. */
static void killed(void **state)
{
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        struct trtc_store *s = trtc_store_open(path, NULL);
        struct trtc_task_row t = row("one");
        trtc_store_begin(s, NULL);
        trtc_store_task_add(s, &t, NULL);
        trtc_store_commit(s, NULL);
        t.id = (char *)(uintptr_t) "two";
        trtc_store_begin(s, NULL);
        trtc_store_task_add(s, &t, NULL);
        raise(SIGKILL);
    }
    waitpid(pid, NULL, 0);
    struct trtc_store *s = open_store();
    load(s);
    assert_int_equal(nb_taken, 1);
    assert_string_equal(taken.id, "one");
    trtc_task_row_fini(&taken);
    nb_taken = 0;
    trtc_store_free(&s);
}

static void overwrite(long at, size_t n)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    for (size_t i = 0; i < n; i++)
        fputc(0x5a, f);
    fclose(f);
}

static void damaged(void **state)
{
    static const long places[] = { 0, 100, 4096, 8192 + 10, 20480 };
    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct trtc_store *s = open_store();
        struct trtc_task_row t = row("one");
        for (int k = 0; k < 50; k++) {
            char id[16];
            snprintf(id, sizeof id, "t%d", k);
            t.id = id;
            assert_int_equal(trtc_store_task_add(s, &t, &err), 0);
        }
        trtc_store_free(&s);
        overwrite(places[i], 2000);
        s = trtc_store_open(path, &err);
        if (s)
            fail_msg("damage at %ld is not seen", places[i]);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tasks, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(secrets, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(wiped_later, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(files, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(outbox, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(others, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(killed, begin, scratch_leave),
        cmocka_unit_test_setup_teardown(damaged, begin, scratch_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
