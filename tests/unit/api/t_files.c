/* SPDX-License-Identifier: MIT */
/* The files of a task: by the naming rules, by what is reported, and on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/files.h"

#define TASK "-AAbb+CC-dd.."

static char root[64];

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/t_files.XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", root, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    return 0;
}

static cJSON *parse(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    if (!json)
        fail_msg("%s", text);
    return json;
}

/* "NAME user track FLAGS fault" a line: E expected, R reported, T there, L listed, m maybe. */
static char *show(const struct trtc_listing *l)
{
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_listed *f = &l->items[i];
        n += (size_t)snprintf(
            text + n, sizeof text - n, "%s %s %s %s%s%s%s%s %s\n", f->name, f->user ? f->user : "-",
            f->track ? f->track : "-", f->found & TRTC_FILE_EXPECTED ? "E" : "",
            f->found & TRTC_FILE_REPORTED ? "R" : "", f->found & TRTC_FILE_THERE ? "T" : "",
            f->found & TRTC_FILE_LISTED ? "L" : "", f->maybe ? "m" : "", f->fault ? f->fault : "-");
        assert_true(n < sizeof text);
    }
    return text;
}

static void assert_shown(struct trtc_listing *l, const char *want)
{
    const char *got = show(l);
    if (strcmp(got, want) != 0)
        fail_msg("got:\n%swant:\n%s", got, want);
    trtc_listing_fini(l);
}

/* ---- expected ---- */

#define U(b64) "7_3560__UserId_s_" b64 "__UserId_e_"
#define SINGLE "\"SdkAppId\":7,\"RoomId\":\"3560\",\"RecordParams\":{\"RecordMode\":1"
#define MIXED  "\"SdkAppId\":7,\"RoomId\":\"3560\",\"RecordParams\":{\"RecordMode\":2"

static void expected(void **state)
{
    static const struct {
        const char *request, *users[3], *want;
    } t[] = {
        { "{" MIXED "}}", { NULL }, TASK "/7_3560.m3u8 - audio_video E -\n" },
        { "{" MIXED ",\"StreamType\":1,\"AvMerge\":0}}",
          { NULL },
          TASK "/7_3560.m3u8 - audio E -\n" },
        { "{" MIXED ",\"OutputFormat\":1}}",
          { NULL },
          TASK "/7_3560.m3u8 - audio_video E -\n" TASK "/7_3560.mp4 - audio_video E -\n" },
        { "{" MIXED ",\"OutputFormat\":2}}", { NULL }, TASK "/7_3560.m3u8 - audio_video E -\n" },
        { "{" MIXED ",\"OutputFormat\":3}}", { NULL }, TASK "/7_3560.mp4 - audio_video E -\n" },
        { "{" MIXED ",\"OutputFormat\":4}}", { NULL }, "" },
        { "{" MIXED "},\"StorageParams\":{\"CloudStorage\":{\"FileNamePrefix\":[\"a\",\"b_c\"]}}}",
          { NULL },
          "a/b_c/" TASK "/7_3560.m3u8 - audio_video E -\n" },
        { "{" MIXED "},\"StorageParams\":{\"CloudVod\":{}}}", { NULL }, "" },
        { "{\"SdkAppId\":7,\"RoomId\":\"subjects?\",\"RoomIdType\":0,\"RecordParams\":{\"RecordMode\":2}}",
          { NULL },
          TASK "/7_c3ViamVjdHM-.m3u8 - audio_video E -\n" },
        { "{\"SdkAppId\":7,\"RoomId\":\"123\",\"RoomIdType\":0,\"RecordParams\":{\"RecordMode\":2}}",
          { NULL },
          TASK "/7_MTIz.m3u8 - audio_video E -\n" },
        { "{" SINGLE "}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "main_audio.m3u8 10001 audio E -\n" TASK
                                 "/" U("MTAwMDE.") "main_video.m3u8 10001 video E -\n" TASK "/" U(
                                     "MTAwMDE.") "aux_video.m3u8 10001 video Em -\n" },
        { "{" SINGLE ",\"MediaId\":1}}",
          { ">>>", "\xe8\x80\x81\xe5\xb8\x88" },
          TASK "/" U("Pj4+") "main_audio.m3u8 >>> audio E -\n" TASK "/" U(
              "Pj4+") "main_video.m3u8 >>> video E -\n" TASK
                      "/" U("6ICB5biI") "main_audio.m3u8 \xe8\x80\x81\xe5\xb8\x88 audio E -\n" TASK "/" U(
                          "6ICB5biI") "main_video.m3u8 \xe8\x80\x81\xe5\xb8\x88 video E -\n" },
        { "{" SINGLE ",\"MediaId\":2}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "aux_video.m3u8 10001 video E -\n" },
        { "{" SINGLE ",\"StreamType\":1}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "main_audio.m3u8 10001 audio E -\n" },
        { "{" SINGLE ",\"StreamType\":2,\"MediaId\":1}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "main_video.m3u8 10001 video E -\n" },
        { "{" SINGLE ",\"AvMerge\":1,\"MediaId\":1}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "main_video.m3u8 10001 audio_video E -\n" },
        { "{" SINGLE ",\"AvMerge\":1,\"StreamType\":1}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "main_audio.m3u8 10001 audio E -\n" },
        { "{" SINGLE ",\"OutputFormat\":3}}",
          { "10001" },
          TASK "/" U("MTAwMDE.") "main.mp4 10001 audio_video E -\n" TASK
                                 "/" U("MTAwMDE.") "aux.mp4 10001 video Em -\n" },
        /* those of the lists */
        { "{" SINGLE
          ",\"MediaId\":1,\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"a\",\"c.*$\"],"
          "\"SubscribeVideoUserIds\":[\"a\",\"b\"]}}}",
          { NULL },
          TASK "/" U("YQ..") "main_audio.m3u8 a audio E -\n" TASK
                             "/" U("YQ..") "main_video.m3u8 a video E -\n" TASK
                                           "/" U("Yg..") "main_video.m3u8 b video E -\n" },
        { "{" SINGLE
          ",\"MediaId\":1,\"SubscribeStreamUserIds\":{\"UnSubscribeVideoUserIds\":[\"a\"]}}}",
          { "a" },
          TASK "/" U("YQ..") "main_audio.m3u8 a audio E -\n" },
        { "{" SINGLE ",\"SubscribeStreamUserIds\":{\"SubscribeVideoUserIds\":[],"
          "\"SubscribeAudioUserIds\":[\"b\"]}}}",
          { "a" },
          "" },
        { "{" SINGLE "}}", { NULL }, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        struct trtc_listing l = { 0 };
        cJSON *request = parse(t[i].request);
        size_t n = 0;
        while (t[i].users[n])
            n++;
        if (trtc_files_expected(request, TASK, n ? t[i].users : NULL, n, &l, &err) < 0)
            fail_msg("%s: %s", t[i].request, err.msg);
        assert_shown(&l, t[i].want);
        cJSON_Delete(request);
    }
}

static void not_expected(void **state)
{
    static const struct {
        const char *request, *why;
    } t[] = {
        { "[]", "the request: not an object" },
        { "{}", "SdkAppId is missing" },
        { "{\"SdkAppId\":7}", "RoomId is missing" },
        { "{\"SdkAppId\":7,\"RoomId\":\"\"}", "RoomId is missing" },
        { "{\"SdkAppId\":7,\"RoomId\":\"1\"}", "RecordParams.RecordMode is missing" },
        { "{\"SdkAppId\":7,\"RoomId\":\"x\","
          "\"RecordParams\":{\"RecordMode\":2}}",
          "not a number" },
        { "{" SINGLE ",\"StreamType\":3}}", "RecordParams.StreamType: 3 is not" },
        { "{" SINGLE ",\"SubscribeStreamUserIds\":{\"x\":1}}}", "SubscribeStreamUserIds.x is not" },
        { "{\"SdkAppId\":-7,\"RoomId\":\"1\"}", "SdkAppId: -7 is not" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        struct trtc_listing l = { 0 };
        cJSON *request = parse(t[i].request);
        if (trtc_files_expected(request, TASK, NULL, 0, &l, &err) != -1 ||
            err.code != TRTC_EX_DATAERR || !strstr(err.msg, t[i].why))
            fail_msg("%s: %s", t[i].request, err.msg);
        trtc_listing_fini(&l);
        cJSON_Delete(request);
    }
}

/* ---- reported ---- */

static void reported(void **state)
{
    struct trtc_err err = { 0 };
    struct trtc_listing l = { 0 };
    const char *users[] = { "a" };
    cJSON *request = parse("{" SINGLE ",\"MediaId\":1},\"StorageParams\":{\"CloudStorage\":"
                           "{\"FileNamePrefix\":[\"p\"]}}}");
    cJSON *list = parse("[{\"UserId\":\"a\",\"FileName\":\"" U(
        "YQ..") "main_audio.m3u8\",\"TrackType\":\"audio\","
                "\"BeginTimeStamp\":1768908622495},"
                "{\"UserId\":null,\"FileName\":\"p/x/" U(
                    "YQ..") "main_video.m3u8\",\"TrackType\":null,"
                            "\"BeginTimeStamp\":null},"
                            "{\"FileName\":\"ha1_" U(
                                "Yg..") "aux_video.m3u8\",\"BeginTimeStamp\":\"1768908622496\"},"
                                        "{\"UserId\":\"\",\"FileName\":\"q/odd\\nname\",\"TrackType\":\"smell\",\"BeginTimeStamp\":-5}]");
    (void)state;
    assert_int_equal(trtc_files_expected(request, TASK, users, 1, &l, &err), 0);
    assert_int_equal(trtc_files_reported(NULL, request, TASK, &l, &err), 0);
    assert_int_equal(trtc_files_reported(list, request, TASK, &l, &err), 0);
    assert_int_equal(l.n, 4);
    assert_true(l.items[0].begin_ms == 1768908622495 && l.items[1].begin_ms == TRTC_NOTIME);
    assert_true(l.items[2].begin_ms == 1768908622496 && l.items[3].begin_ms == TRTC_NOTIME);
    assert_shown(&l, "p/" TASK
                     "/" U("YQ..") "main_audio.m3u8 a audio ER -\n"
                                   "p/" TASK
                                   "/" U("YQ..") "main_video.m3u8 a video ER -\n"
                                                 "p/" TASK
                                                 "/ha1_" U("Yg..") "aux_video.m3u8 b video R -\n"
                                                                   "q/odd\nname - - R -\n");
    cJSON_Delete(list);
    list = cJSON_CreateNull();
    assert_int_equal(trtc_files_reported(list, NULL, TASK, &l, &err), 0);
    cJSON_Delete(list);
    static const char *const wrong[] = { "{}",
                                         "\"x\"",
                                         "[{}]",
                                         "[null]",
                                         "[{\"FileName\":5}]",
                                         "[{\"FileName\":\"\"}]",
                                         "[{\"FileName\":\"a/\"}]" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        list = parse(wrong[i]);
        assert_int_equal(trtc_files_reported(list, NULL, TASK, &l, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_int_equal(l.n, 0);
        cJSON_Delete(list);
    }
    list = parse("[{\"FileName\":\"7_3560.m3u8\"}]");
    assert_int_equal(trtc_files_reported(list, NULL, TASK, &l, &err), 0);
    assert_shown(&l, TASK "/7_3560.m3u8 - audio_video R -\n");
    cJSON_Delete(list);
    cJSON_Delete(request);
}

/* ---- there ---- */

static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

#define SEG(attr, name) "#EXT-X-TRTC-FILE-ATTR:1768908622495," attr "\n#EXTINF:10,\n" name "\n"
#define BARE(name)      "#EXTINF:10\n" name "\n"
#define T1              "_20260120113022495.ts"
#define T2              "_20260120113032495.ts"
#define T3              "_20260120113042495.ts"
#define A               U("YQ..") "main_audio"
#define V               U("YQ..") "main_video"

static void check(const char *below, struct trtc_listing *l, const char *want)
{
    struct trtc_err err = { 0 };
    char dir[512];
    snprintf(dir, sizeof dir, "%s%s", root, below);
    if (trtc_files_check(dir, TASK, l, &err) < 0)
        fail_msg("%s", err.msg);
    assert_shown(l, want);
}

static void expect(struct trtc_listing *l, const char *text)
{
    struct trtc_err err = { 0 };
    const char *users[] = { "a" };
    cJSON *request = parse(text);
    if (trtc_files_expected(request, TASK, users, 1, l, &err) < 0)
        fail_msg("%s", err.msg);
    cJSON_Delete(request);
}

#define REQUEST \
    "{" SINGLE "},\"StorageParams\":{\"CloudStorage\":{\"FileNamePrefix\":[\"p\",\"q\"]}}}"

static void compared(void **state)
{
    struct trtc_listing l = { 0 };
    (void)state;
    put("s/p/q/" TASK "/" A ".m3u8", "#EXTM3U\n#EXT-X-TRTC-USER-ID:a\n" SEG("5", A T1)
                                         SEG("5", A T2) SEG("5", A T3) SEG("0", A T1));
    put("s/p/q/" TASK "/" A T1, "12345");
    put("s/p/q/" TASK "/" A T2, "1234");
    put("s/p/q/" TASK "/ha1_" V ".m3u8", "#EXTM3U\n" BARE("ha1_" V T1) BARE("ha1_" V T2));
    put("s/p/q/" TASK "/ha1_" V T1, "1");
    put("s/p/q/" TASK "/ha1_" V T2, "");
    put("s/p/q/" TASK "/" V T3, "1");
    put("s/p/q/" TASK "/x.ts", "1");
    put("s/p/q/" TASK "/notes.txt", "1");
    put("s/p/q/" TASK "/7_99.m3u8", "#EXTM3U\n" BARE("listed.ts") BARE("gone.ts"));
    put("s/p/q/" TASK "/listed.ts", "1");
    put("s/p/q/" TASK "/7_99" T1, "1");
    static const char want[] =
        "p/q/" TASK "/" A ".m3u8 a audio ET -\n"
        "p/q/" TASK "/" V ".m3u8 a video E missing\n"
        "p/q/" TASK "/" U("YQ..") "aux_video.m3u8 a video Em -\n"
                                  "p/q/" TASK "/" A T1 " a audio TL -\n"
                                  "p/q/" TASK "/" A T2 " a audio TL size\n"
                                  "p/q/" TASK "/" A T3 " a audio L missing\n"
                                  "p/q/" TASK "/ha1_" V ".m3u8 a video T -\n"
                                  "p/q/" TASK "/ha1_" V T1 " a video TL -\n"
                                  "p/q/" TASK "/ha1_" V T2 " a video TL empty\n"
                                  "p/q/" TASK "/" V T3 " a video T extra\n"
                                  "p/q/" TASK "/x.ts - - T extra\n";
    static const char *const dirs[] = { "/s", "/s/p", "/s/p/q/", "/s/p/q/" TASK,
                                        "/s/p/q/" TASK "//" };
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        expect(&l, REQUEST);
        check(dirs[i], &l, want);
    }
}

/* What tools make of the names: the files are those that were expected, and a copy is one too many. */
static void renamed_files(void **state)
{
    struct trtc_listing l = { 0 };
    (void)state;
    put("r/" A ".m3u8?sign=x", "#EXTM3U\n" SEG("5", "https://h/p/" A T1 "?sign=y")
                                   SEG("5", "C:\\rec\\" A T2) SEG("5", "/a/" A T3));
    put("r/" A "_20260120113022495 (1).ts", "12345");
    put("r/" A T2, "123"); /* a download that was broken off and repeated */
    put("r/" A T2 ".1", "12345");
    put("r/" A "_20260120113032495 - Copy.ts", "123456");
    put("r/" V ".M3U8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n");
    expect(&l, REQUEST);
    check("/r", &l,
          "p/q/" TASK "/" A ".m3u8 a audio ET -\n"
          "p/q/" TASK "/" V ".m3u8 a video ET a master playlist\n"
          "p/q/" TASK "/" U("YQ..") "aux_video.m3u8 a video Em -\n"
                                    "p/q/" TASK "/" A T1 " a audio TL -\n"
                                    "p/q/" TASK "/" A T2 " a audio TL -\n"
                                    "p/q/" TASK "//a/" A T3
                                    " a audio L leads out of its directory\n"
                                    "p/q/" TASK "/" A "_20260120113032495 - Copy.ts - - T extra\n"
                                    "p/q/" TASK "/" A T2 ".1 - - T extra\n");
}

static void sizes_are_told(void **state)
{
    struct trtc_err err = { 0 };
    struct trtc_listing l = { 0 };
    char dir[128];
    (void)state;
    put(TASK "/7_3560.m3u8", "#EXTM3U\n" SEG("6", "7_3560" T1));
    put(TASK "/7_3560" T1, "12345");
    snprintf(dir, sizeof dir, "%s/" TASK, root);
    assert_int_equal(trtc_files_check(dir, TASK, &l, &err), 0);
    assert_int_equal(l.n, 2);
    assert_true(l.items[1].bytes == 5 && l.items[1].attr_bytes == 6);
    assert_true(l.items[0].bytes > 50 && l.items[0].attr_bytes == -1);
    trtc_listing_fini(&l);
}

static void renamed_directory(void **state)
{
    struct trtc_listing l = { 0 };
    (void)state;
    put("d/7_3560.m3u8", "#EXTM3U\r\n" BARE("7_3560" T1 "\r"));
    put("d/7_3560" T1, "12345");
    check("/d", &l,
          TASK "/7_3560.m3u8 - audio_video T -\n" TASK "/7_3560" T1 " - audio_video TL -\n");
    expect(&l, "{" MIXED ",\"OutputFormat\":1}}");
    put("d/7_3560_1.mp4", "1");
    put("d/7_3560_2.mp4", "");
    put("d/ha1_7_3560_2.m3u8", "");
    put("d/odd.m3u8", "no playlist");
    put("d/skips.m3u8", "#EXTM3U\n#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n");
    put("d/torn.m3u8", "#EXTM3U\n#EXT-X-TRTC-FILE-ATTR:x,y\n");
    check("/d", &l,
          TASK "/7_3560.m3u8 - audio_video ET -\n" TASK "/7_3560.mp4 - audio_video Em -\n" TASK
               "/7_3560" T1 " - audio_video TL -\n" TASK "/7_3560_1.mp4 - audio_video T -\n" TASK
               "/7_3560_2.mp4 - audio_video T empty\n" TASK
               "/ha1_7_3560_2.m3u8 - audio_video T empty\n" TASK
               "/odd.m3u8 - - T not a playlist\n" TASK "/skips.m3u8 - - T skips segments\n" TASK
               "/torn.m3u8 - - T damaged\n");
    /* nothing of it is there */
    put("e/f", "");
    expect(&l, "{" MIXED ",\"OutputFormat\":1}}");
    check("/e", &l,
          TASK "/7_3560.m3u8 - audio_video E missing\n" TASK
               "/7_3560.mp4 - audio_video E missing\n");
}

static void hostile(void **state)
{
    struct trtc_listing l = { 0 };
    char path[512], target[512];
    (void)state;
    put("outside.ts", "12345");
    put("outside.m3u8", "#EXTM3U\n" BARE("7_3560" T1));
    put(TASK "/7_3560.m3u8", "#EXTM3U\n" BARE("../outside.ts") BARE("/etc/passwd") BARE("link.ts")
                                 BARE("sub/in.ts") BARE("sub") BARE("a\tb") BARE("fifo.ts"));
    put(TASK "/sub/in.ts", "1");
    snprintf(target, sizeof target, "%s/outside.ts", root);
    snprintf(path, sizeof path, "%s/" TASK "/link.ts", root);
    assert_int_equal(symlink(target, path), 0);
    snprintf(target, sizeof target, "%s/outside.m3u8", root);
    snprintf(path, sizeof path, "%s/" TASK "/7_3560_2.m3u8", root);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/" TASK "/fifo.ts", root);
    assert_int_equal(mkfifo(path, 0600), 0);
    check("/" TASK, &l,
          TASK "/7_3560.m3u8 - audio_video T -\n" TASK
               "/../outside.ts - audio_video L leads out of its directory\n" TASK
               "//etc/passwd - audio_video L leads out of its directory\n" TASK
               "/link.ts - audio_video L leads out of its directory\n" TASK
               "/sub/in.ts - audio_video TL -\n" TASK
               "/sub - audio_video L not a regular file\n" TASK
               "/a\tb - audio_video L missing\n" TASK
               "/fifo.ts - audio_video L not a regular file\n" TASK
               "/7_3560_2.m3u8 - audio_video  leads out of its directory\n");
    /* the task's directory is a link */
    snprintf(target, sizeof target, "%s/" TASK, root);
    snprintf(path, sizeof path, "%s/u", root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/u/" TASK, root);
    assert_int_equal(symlink(target, path), 0);
    check("/u", &l, "");
    /* task ids that are none of a directory */
    struct trtc_err err = { 0 };
    snprintf(path, sizeof path, "%s/u", root);
    assert_int_equal(trtc_files_check(path, "..", &l, &err), 0);
    assert_int_equal(trtc_files_check(path, "../../" TASK, &l, &err), 0);
    assert_int_equal(trtc_files_check(path, "/", &l, &err), 0);
    assert_int_equal(trtc_files_check(path, "", &l, &err), 0);
    assert_int_equal(l.n, 0);
    snprintf(path, sizeof path, "%s/none", root);
    assert_int_equal(trtc_files_check(path, TASK, &l, &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    snprintf(path, sizeof path, "%s/outside.ts", root);
    assert_int_equal(trtc_files_check(path, TASK, &l, &err), -1);
    trtc_listing_fini(&l);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_root, remove_root)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expected), cmocka_unit_test(not_expected),
        cmocka_unit_test(reported), CASE(compared),
        CASE(renamed_files),        CASE(sizes_are_told),
        CASE(renamed_directory),    CASE(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
