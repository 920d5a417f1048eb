/* SPDX-License-Identifier: MIT */
/* The state directory: names of any id, no secrets, journals, locks, damage, other people's files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"
#include "base/utc.h"
#include "net/task.h"

static char root[64], dir[128];

static int make_root(void **state)
{
    struct trtc_err err = { 0 };
    snprintf(root, sizeof root, "/tmp/t_task.XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(dir, sizeof dir, "%s/state/trtc", root);
    *state = trtc_tasks_open(dir, &err);
    if (!*state)
        fail_msg("%s", err.msg);
    return 0;
}

static int remove_root(void **state)
{
    struct trtc_tasks *t = *state;
    trtc_tasks_free(&t);
    assert_null(t);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", root, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    return 0;
}

static size_t count(const char *prefix)
{
    size_t n = 0;
    struct dirent *e;
    DIR *d = opendir(dir);
    while ((e = readdir(d)))
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0 && strcmp(e->d_name, ".") != 0 &&
             strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

/* The only file whose name begins so. */
static const char *only(const char *prefix)
{
    static char path[512];
    struct dirent *e;
    DIR *d = opendir(dir);
    assert_int_equal(count(prefix), 1);
    while ((e = readdir(d)))
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    closedir(d);
    return path;
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static struct trtc_task make(const char *id, int64_t created_ms)
{
    static const char request[] =
        "{\"RoomId\":\"3560\",\"UserId\":\"recorder\",\"UserSig\":\"CANARY\",\"StorageParams\":"
        "{\"CloudStorage\":{\"AccessKey\":\"CANARY\",\"secretkey\":\"CANARY\",\"Bucket\":\"b\"}},"
        "\"MixLayoutParams\":{\"MixLayoutMode\":3}}";
    return (struct trtc_task){ .id = id ? strdup(id) : NULL,
                               .state = id ? TRTC_TASK_KNOWN : TRTC_TASK_CREATING,
                               .sdkappid = 1400000001,
                               .region = strdup("ap-singapore"),
                               .created_ms = created_ms,
                               .changed_ms =
                                   created_ms == TRTC_NOTIME ? TRTC_NOTIME : created_ms + 1,
                               .expires_ms = TRTC_NOTIME,
                               .request = cJSON_Parse(request) };
}

static void save(struct trtc_tasks *t, const char *id, int64_t created_ms)
{
    struct trtc_err err = { 0 };
    struct trtc_task task = make(id, created_ms);
    if (trtc_task_save(t, &task, &err) < 0)
        fail_msg("%s", err.msg);
    trtc_task_fini(&task);
}

static void load_fails(struct trtc_tasks *t, const char *id, int code, const char *why)
{
    struct trtc_err err = { 0 };
    struct trtc_task task = { .sdkappid = 7 };
    int ret = trtc_task_load(t, id, &task, &err);
    if (ret != -1 || err.code != code || !strstr(err.msg, why))
        fail_msg("%d: %d %s", ret, err.code, err.msg);
    assert_int_equal(task.sdkappid, 0);
}

/* ---- what is kept ---- */

static void saved_and_loaded(void **state)
{
    struct trtc_err err = { 0 };
    struct stat st;
    struct trtc_task task = make("-a+b/../c.", 1768908622495), back;
    task.status = strdup("Idle");
    task.endpoint = strdup("trtc.tencentcloudapi.com");
    assert_int_equal(trtc_task_save(*state, &task, &err), 0);
    assert_non_null(strstr(cJSON_GetObjectItem(task.request, "UserSig")->valuestring, "CANARY"));
    trtc_task_fini(&task);

    const char *path = only("t-");
    assert_string_equal(strrchr(path, '/'), "/t--a+b%2F..%2Fc..json");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    char text[2048] = "";
    FILE *f = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    assert_null(strstr(text, "CANARY"));

    assert_int_equal(trtc_task_load(*state, "-a+b/../c.", &back, &err), 1);
    assert_string_equal(back.id, "-a+b/../c.");
    assert_int_equal(back.state, TRTC_TASK_KNOWN);
    assert_int_equal(back.sdkappid, 1400000001);
    assert_string_equal(back.region, "ap-singapore");
    assert_string_equal(back.endpoint, "trtc.tencentcloudapi.com");
    assert_string_equal(back.status, "Idle");
    assert_true(back.created_ms == 1768908622495 && back.changed_ms == 1768908622496);
    assert_true(back.expires_ms == TRTC_NOTIME);
    char *json = cJSON_PrintUnformatted(back.request);
    assert_string_equal(json, "{\"RoomId\":\"3560\",\"UserId\":\"recorder\",\"UserSig\":\"***\","
                              "\"StorageParams\":{\"CloudStorage\":{\"AccessKey\":\"***\","
                              "\"secretkey\":\"***\",\"Bucket\":\"b\"}},"
                              "\"MixLayoutParams\":{\"MixLayoutMode\":3}}");
    free(json);
    back.state = TRTC_TASK_ENDED;
    trtc_api_forget(&back.request);
    assert_int_equal(trtc_task_save(*state, &back, &err), 0);
    trtc_task_fini(&back);
    assert_int_equal(trtc_task_load(*state, "-a+b/../c.", &back, &err), 1);
    assert_int_equal(back.state, TRTC_TASK_ENDED);
    assert_null(back.request);
    assert_int_equal(trtc_task_remove(*state, &back, &err), 0);
    assert_int_equal(trtc_task_remove(*state, &back, &err), 0);
    trtc_task_fini(&back);
    assert_int_equal(trtc_task_load(*state, "-a+b/../c.", &back, &err), 0);
    assert_null(back.id);
    assert_int_equal(count(""), 0);
}

static void ids_of_all_kinds(void **state)
{
    char ids[12][1030] = {
        "-mmziew0DpcszXY1IwoabtoptW-L--Q-EAy1B7XZglcjbUAcSN+BS8NCPt9bpasH3vx+t-mstR6E6zau2QM.",
        "AAbb+CC-dd..",
        ".",
        "..",
        "../../etc/passwd",
        "",
        "%2F",
        "/",
        "a\nb",
        "\xe8\x80\x81",
    };
    struct trtc_err err = { 0 };
    memset(ids[10], 'x', 1024);
    memset(ids[11], 'x', 1024);
    ids[11][1023] = 'y';
    for (size_t i = 0; i < 12; i++)
        save(*state, ids[i], (int64_t)i);
    assert_int_equal(count("t-"), 12);
    for (size_t i = 0; i < 12; i++) {
        struct trtc_task task;
        assert_int_equal(trtc_task_load(*state, ids[i], &task, &err), 1);
        assert_string_equal(task.id, ids[i]);
        assert_true(task.created_ms == (int64_t)i);
        trtc_task_fini(&task);
    }
    for (size_t n = 150; n < 170; n++) { /* where the name is cut */
        struct trtc_task task;
        memset(ids[0], '/', n);
        memset(ids[0], 'z', n / 2);
        ids[0][n] = '\0';
        save(*state, ids[0], 1);
        assert_int_equal(trtc_task_load(*state, ids[0], &task, &err), 1);
        assert_string_equal(task.id, ids[0]);
        trtc_task_fini(&task);
    }
}

struct seen {
    char text[512];
    int stop, nb_bad;
};

static int see(void *opaque, const struct trtc_task *task)
{
    struct seen *s = opaque;
    size_t n = strlen(s->text);
    snprintf(s->text + n, sizeof s->text - n, "%s ", task->id ? task->id : "-");
    return s->stop;
}

static void bad(void *opaque, const char *file, const char *why)
{
    struct seen *s = opaque;
    size_t n = strlen(s->text);
    assert_non_null(strstr(why, file));
    assert_null(strstr(why, "CANARY"));
    snprintf(s->text + n, sizeof s->text - n, "!");
    s->nb_bad++;
}

static void journal(void **state)
{
    struct trtc_err err = { 0 };
    save(*state, NULL, 1000);
    assert_non_null(strstr(only("c-"), "/c-1400000001_3560_recorder~"));
    save(*state, "task1", 1000); /* it got its id */
    assert_int_equal(count("c-"), 0);
    assert_int_equal(count("t-"), 1);
    save(*state, NULL, 2000); /* the same robot again */
    save(*state, "task1", 1000);
    assert_int_equal(count("c-"), 1);
    struct trtc_task failed = make(NULL, 2000);
    assert_int_equal(trtc_task_remove(*state, &failed, &err), 0);
    trtc_task_fini(&failed);
    assert_int_equal(count("c-"), 0);
    struct trtc_task bare = { .state = TRTC_TASK_CREATING, .created_ms = 3 };
    assert_int_equal(trtc_task_save(*state, &bare, &err), 0);
    assert_non_null(strstr(only("c-"), "/c-0__~"));
}

static struct trtc_task robot(const char *room, const char *user, int type, const char *endpoint)
{
    struct trtc_task task = make(NULL, 1000);
    cJSON_ReplaceItemInObject(task.request, "RoomId", cJSON_CreateString(room));
    cJSON_ReplaceItemInObject(task.request, "UserId", cJSON_CreateString(user));
    cJSON_DeleteItemFromObject(task.request, "RoomIdType");
    if (type >= 0)
        cJSON_AddNumberToObject(task.request, "RoomIdType", type);
    free(task.endpoint);
    task.endpoint = endpoint ? strdup(endpoint) : NULL;
    return task;
}

/* No two robots share a journal, however their names are put together. */
static void journals_apart(void **state)
{
    static const struct {
        const char *room, *user;
        int type;
        const char *endpoint;
    } t[] = {
        { "a_b", "c", 0, NULL },     { "a", "b_c", 0, NULL },  { "a b", "c", 0, NULL },
        { "a", "b c", 0, NULL },     { "7", "r", 0, NULL },    { "7", "r", 1, NULL },
        { "", "7_r", 0, NULL },      { "7_", "r", 0, NULL },   { "a", "b_c", 0, "https://other" },
        { "a 0 1 1", "c", 0, NULL }, { "a%5F", "c", 0, NULL }, { "a_", "c", 0, NULL },
    };
    const int n = sizeof t / sizeof t[0];
    struct trtc_err err = { 0 };
    struct seen s = { 0 };
    for (int i = 0; i < n; i++) {
        struct trtc_task task = robot(t[i].room, t[i].user, t[i].type, t[i].endpoint);
        assert_int_equal(trtc_task_save(*state, &task, &err), 0);
        assert_int_equal(trtc_task_save(*state, &task, &err), 0);
        assert_int_equal(count("c-"), i + 1);
        trtc_task_fini(&task);
    }
    /* no type is type 1 */
    struct trtc_task task = robot("7", "r", -1, NULL);
    assert_int_equal(trtc_task_save(*state, &task, &err), 0);
    trtc_task_fini(&task);
    assert_int_equal(count("c-"), n);
    assert_int_equal(trtc_task_each(*state, see, bad, &s, &err), 0);
    assert_int_equal(s.nb_bad, 0);
}

/* A journal of version 0.1.0 is read, and goes when the robot gets a new one. */
static void old_journal(void **state)
{
    struct trtc_err err = { 0 };
    struct seen s = { 0 };
    char path[256], old[256];
    save(*state, NULL, 1000);
    snprintf(path, sizeof path, "%s", only("c-"));
    snprintf(old, sizeof old, "%.*s.json", (int)strcspn(path, "~"), path);
    assert_int_equal(rename(path, old), 0);
    assert_int_equal(trtc_task_each(*state, see, bad, &s, &err), 0);
    assert_string_equal(s.text, "- ");
    struct trtc_task other = robot("3560", "other", 0, NULL);
    assert_int_equal(trtc_task_save(*state, &other, &err), 0);
    trtc_task_fini(&other);
    assert_int_equal(count("c-"), 2);
    save(*state, NULL, 2000);
    assert_int_equal(count("c-"), 2);
    assert_int_not_equal(access(old, F_OK), 0);
}

/* ---- all ---- */

static void newest_first(void **state)
{
    struct trtc_err err = { 0 };
    struct seen s = { 0 };
    save(*state, "b", 2000);
    save(*state, "a", 2000);
    save(*state, "c", 3000);
    save(*state, "d", TRTC_NOTIME);
    save(*state, NULL, 2500);
    assert_int_equal(trtc_task_each(*state, see, bad, &s, &err), 0);
    assert_string_equal(s.text, "c - a b d ");
    s = (struct seen){ .stop = 5 };
    assert_int_equal(trtc_task_each(*state, see, bad, &s, &err), 5);
    assert_string_equal(s.text, "c ");
}

static void damaged_files(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"version\":2}",
        "{\"version\":1}",
        "{\"version\":1,\"task_id\":\"y\",\"state\":\"known\"}", /* another's */
        "{\"version\":1,\"task_id\":\"x\",\"state\":\"asleep\"}",
        "{\"version\":1,\"state\":\"known\"}",
        "{\"version\":1,\"task_id\":5,\"state\":\"known\"}",
        "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\",\"created_ms\":\"1\"}",
        "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\",\"created_ms\":-1}",
        "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\",\"request\":\"CANARY\"}",
        "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\",\"region\":[]}",
        "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\"}x",
    };
    struct trtc_err err = { 0 };
    char path[256];
    snprintf(path, sizeof path, "%s/t-x.json", dir);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put(path, texts[i]);
        load_fails(*state, "x", TRTC_EX_DATAERR, "t-x.json");
    }
    save(*state, "y", 1);
    struct seen s = { 0 };
    assert_int_equal(trtc_task_each(*state, see, bad, &s, &err), 0);
    assert_string_equal(s.text, "!y ");
    s = (struct seen){ 0 };
    assert_int_equal(trtc_task_each(*state, see, NULL, &s, &err), 0);
    assert_string_equal(s.text, "y ");
    /* the least that is a task, and what later versions add */
    put(path, "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\",\"region\":null,\"more\":[1]}");
    struct trtc_task task;
    assert_int_equal(trtc_task_load(*state, "x", &task, &err), 1);
    assert_true(task.created_ms == TRTC_NOTIME && !task.region);
    trtc_task_fini(&task);
}

/* ---- others ---- */

static void links_and_others_files(void **state)
{
    char path[256], outside[256];
    struct trtc_err err = { 0 };
    struct trtc_task task = make("x", 1);
    snprintf(path, sizeof path, "%s/t-x.json", dir);
    snprintf(outside, sizeof outside, "%s/outside", root);
    put(outside, "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\"}");
    assert_int_equal(symlink(outside, path), 0);
    load_fails(*state, "x", TRTC_EX_NOPERM, "is a symbolic link");
    assert_int_equal(trtc_task_save(*state, &task, &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOPERM);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    load_fails(*state, "x", TRTC_EX_DATAERR, "not a regular file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    load_fails(*state, "x", TRTC_EX_DATAERR, "not a regular file");
    rmdir(path);
    put(path, "{\"version\":1,\"task_id\":\"x\",\"state\":\"known\"}");
    assert_int_equal(chmod(path, 0666), 0);
    load_fails(*state, "x", TRTC_EX_NOPERM, "others may write");
    chmod(path, 0600);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        load_fails(*state, "x", TRTC_EX_NOPERM, "belongs to another user");
        assert_int_equal(trtc_task_save(*state, &task, &err), -1);
        assert_int_equal(err.code, TRTC_EX_NOPERM);
    }
    trtc_task_fini(&task);
    snprintf(path, sizeof path, "%s/.lock-x", dir);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(trtc_task_lock(*state, "x", &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOPERM);
}

static void directories(void **state)
{
    char path[256];
    struct trtc_err err = { 0 };
    (void)state;
    snprintf(path, sizeof path, "%s/wide/", root);
    struct trtc_tasks *t = trtc_tasks_open(path, &err);
    assert_non_null(t);
    trtc_tasks_free(&t);
    assert_int_equal(chmod(path, 0770), 0);
    assert_null(trtc_tasks_open(path, &err));
    assert_int_equal(err.code, TRTC_EX_NOPERM);
    assert_int_equal(chmod(path, 0755), 0); /* no secrets are there */
    t = trtc_tasks_open(path, &err);
    assert_non_null(t);
    trtc_tasks_free(&t);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_null(trtc_tasks_open(path, &err));
        assert_int_equal(err.code, TRTC_EX_NOPERM);
    }
    snprintf(path, sizeof path, "%s/file", root);
    put(path, "");
    assert_null(trtc_tasks_open(path, &err));
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    snprintf(path, sizeof path, "%s/file/below", root);
    assert_null(trtc_tasks_open(path, &err));
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    trtc_tasks_free(&t);
}

/* ---- at the same time ---- */

static void locks(void **state)
{
    struct trtc_err err = { 0 };
    struct trtc_tasks *other = trtc_tasks_open(dir, &err);
    assert_int_equal(trtc_task_lock(*state, "-a/b", &err), 0);
    assert_int_equal(trtc_task_lock(*state, "c", &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(trtc_task_lock(other, "-a/b", &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_string_equal(err.msg, "-a/b: another process is using it: try again");
    assert_int_equal(trtc_task_lock(other, "c", &err), 0);
    trtc_task_unlock(other);
    trtc_task_unlock(*state);
    trtc_task_unlock(*state);
    assert_int_equal(trtc_task_lock(other, "-a/b", &err), 0);
    trtc_tasks_free(&other); /* unlocks */
    assert_int_equal(count(".lock"), 0);
    /* who was killed holds nothing */
    pid_t pid = fork();
    if (pid == 0)
        _exit(trtc_task_lock(*state, "k", NULL) == 0 ? 0 : 1);
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(count(".lock"), 1);
    assert_int_equal(trtc_task_lock(*state, "k", &err), 0);
}

static void leftovers(void **state)
{
    struct trtc_err err = { 0 };
    char path[256];
    snprintf(path, sizeof path, "%s/.w-%ld-0.part", dir, (long)getpid());
    put(path, "{\"half");
    save(*state, "x", 1); /* beside what has the same number */
    assert_int_equal(count(".w-"), 1);
    struct trtc_tasks *other = trtc_tasks_open(dir, &err);
    assert_int_equal(count(".w-"), 0);
    assert_int_equal(count("t-"), 1);
    trtc_tasks_free(&other);
}

/* Whoever reads meanwhile sees one state or the other, whole. */
static void written_at_once(void **state)
{
    struct trtc_err err = { 0 };
    save(*state, "x", 1);
    pid_t pids[2];
    for (int k = 0; k < 2; k++) {
        pids[k] = fork();
        if (pids[k] == 0) {
            struct trtc_tasks *own = trtc_tasks_open(dir, NULL);
            struct trtc_task task = make("x", 10 + k);
            int failed = !own;
            for (int i = 0; i < 20 && !failed; i++)
                failed = trtc_task_save(own, &task, NULL) < 0;
            _exit(failed);
        }
    }
    for (int i = 0; i < 60; i++) {
        struct trtc_task task;
        if (trtc_task_load(*state, "x", &task, &err) != 1)
            fail_msg("%s", err.msg);
        trtc_task_fini(&task);
    }
    for (int k = 0; k < 2; k++) {
        int status = -1;
        waitpid(pids[k], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(count(""), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(saved_and_loaded), CASE(ids_of_all_kinds),
        CASE(journal),          CASE(journals_apart),
        CASE(old_journal),      CASE(newest_first),
        CASE(damaged_files),    CASE(links_and_others_files),
        CASE(directories),      CASE(locks),
        CASE(leftovers),        CASE(written_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
