/* SPDX-License-Identifier: MIT */
/* Credentials: which place wins, forms of files, what is refused, and that no message holds a
 * value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/secret.h"

#define CANARY "cAnArY"

static char home[64];

/* The environment is a list of name, value, ..., NULL. */
static const char *lookup(void *arg, const char *name)
{
    const char *const *list = arg;
    for (; list[0]; list += 2)
        if (!strcmp(list[0], name))
            return list[1];
    return NULL;
}

static struct trtc_env env_of(const char *const *list)
{
    return (struct trtc_env){ lookup, (void *)list };
}

static char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static const char *put(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path_of(name), mode), 0);
    return path_of(name);
}

static int enter(void **state)
{
    (void)state;
    snprintf(home, sizeof home, "/tmp/trtc-secret.XXXXXX");
    return mkdtemp(home) && !mkdir(path_of(".tccli"), 0700) &&
                   !mkdir(path_of(".tencentcloud"), 0700)
               ? 0
               : -1;
}

static int leave(void **state)
{
    static const char *const names[] = {
        "secret",
        ".tccli/default.credential",
        ".tccli/work.credential",
        ".tccli/default.configure",
        ".tencentcloud/credentials",
        ".tccli",
        ".tencentcloud",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(path_of(names[i]));
    return 0;
}

/* Finds and compares "id key token"; or "CODE word" of the error. */
static void expect(const char *file, const char *profile, const char *const *list, const char *want)
{
    struct trtc_credential_places places = { file, profile, env_of(list) };
    struct trtc_credentials c;
    struct trtc_err err = { 0 };
    char got[600];
    if (trtc_credentials_find(&places, &c, &err)) {
        snprintf(got, sizeof got, "%d ", err.code);
        if (strncmp(got, want, 3) != 0 || !strstr(err.msg, want + 3) || strstr(err.msg, CANARY))
            fail_msg("want '%s', got %d '%s'", want, err.code, err.msg);
        assert_null(c.id.text);
        assert_null(c.key.text);
        assert_null(c.token.text);
    } else {
        snprintf(got, sizeof got, "%s %s %s", c.id.text, c.key.text,
                 c.token.text ? c.token.text : "-");
        assert_string_equal(got, want);
        assert_true(*c.found_in);
    }
    trtc_credentials_fini(&c);
}

static const char *const full[] = { "HOME",
                                    home,
                                    "TENCENTCLOUD_SECRET_ID",
                                    "envid",
                                    "TENCENTCLOUD_SECRET_KEY",
                                    " envkey\n",
                                    "TENCENTCLOUD_TOKEN",
                                    "envtoken",
                                    NULL };
static const char *const only_home[] = {
    "HOME", home, "TENCENTCLOUD_SECRET_ID", "", "TENCENTCLOUD_TOKEN", "x", NULL
};
static const char *const nothing[] = { NULL };

static void order(void **state)
{
    (void)state;
    expect(NULL, NULL, nothing, "77 --secret-file");
    expect(NULL, NULL, only_home, "77 --secret-file");
    put(".tencentcloud/credentials",
        "# c\n; d\n\n[default]\nsecret_id = iniid\n secret_key=inikey\t\r\n[work]\n"
        "secret_id=workid\nsecret_key=workkey\ntoken=worktoken\n",
        0644);
    expect(NULL, NULL, only_home, "iniid inikey -");
    expect(NULL, "work", only_home, "workid workkey worktoken");
    expect(NULL, "none", only_home, "77 no credentials");
    put(".tccli/default.credential",
        "{\"secretId\":\"cliid\",\"secretKey\":\"clikey\",\"token\":null}", 0644);
    expect(NULL, NULL, only_home, "cliid clikey -");
    put(".tccli/work.credential",
        "{\"secretId\":\"cliid2\",\"secretKey\":\"clikey2\",\"token\":\"t\"}", 0600);
    expect(NULL, "work", only_home, "cliid2 clikey2 t");
    expect(NULL, NULL, full, "envid envkey envtoken");
    put("secret", "secret_id=fileid\nsecret_key=filekey\n", 0600);
    expect(path_of("secret"), NULL, full, "fileid filekey -");
}

static void forms(void **state)
{
    static const struct {
        const char *text, *profile, *want;
    } t[] = {
        { "{\"secretId\":\"i\",\"secretKey\":\"k\"}", NULL, "i k -" },
        { " \n{\"secretId\":\" i \",\"secretKey\":\"k\\n\",\"token\":\"t\",\"other\":1}", NULL,
          "i k t" },
        { "\xef\xbb\xbf[default]\r\nsecret_id = i\r\nsecret_key = k=/+\r\n", NULL, "i k=/+ -" },
        { "[a]\nsecret_id=x\nsecret_key=y\n[default]\nsecret_id=i\nsecret_key=k", NULL, "i k -" },
        { "[a]\nsecret_id=x\nsecret_key=y\n[default]\nsecret_id=i\nsecret_key=k", "a", "x y -" },
        { "secret_id=i\nsecret_key=k\n[a]\nsecret_id=x\n", NULL, "i k -" },
        { "secret_identity=z\nsecret_id=i\nsecret_key=old\nsecret_key=k\n", NULL, "i k -" },
        { "", NULL, "78 no credentials for profile 'default'" },
        { "[a]\nsecret_id=" CANARY "\nsecret_key=y\n", NULL, "78 no credentials" },
        { "secret_id=" CANARY "\nsecret_key=AKID" CANARY "\n", NULL,
          "78 secret_key looks like a secret_id: they are exchanged" },
        { "{\"secretId\":\"" CANARY "\",\"secretKey\":\"AKIDx\"}", NULL, "78 are exchanged" },
        { "secret_id=AKIDi\nsecret_key=AKIDk\n", NULL, "AKIDi AKIDk -" },
        { "secret_id=" CANARY "\n", NULL, "78 no secret_key" },
        { "secret_key=" CANARY "\n", NULL, "78 no secret_id" },
        { CANARY "\n", NULL, "78 KEY = VALUE" },
        { "SecretId,SecretKey\r\n" CANARY "," CANARY "\r\n", NULL,
          "78 expected lines secret_id = ... and secret_key = ..., or JSON" },
        { "$env:TENCENTCLOUD_SECRET_ID = \"" CANARY "\"\n$env:TENCENTCLOUD_SECRET_KEY = \"" CANARY
          "\"\n",
          NULL, "78 expected lines secret_id = ... and secret_key = ..., or JSON" },
        /* as other tools leave them */
        { "\xef\xbb\xbf{\"secretId\":\"i\",\"secretKey\":\"k\"}", NULL, "i k -" },
        { "\r\n\xef\xbb\xbf", NULL, "78 " },
        /* CR alone, two marks, Ctrl-Z */
        { "\xef\xbb\xbf\xef\xbb\xbf[default]\rsecret_id = i\rsecret_key = k\r", NULL, "i k -" },
        { "secret_id = i\r\r\nsecret_key = 'k'\r\r\n\x1a", NULL, "i k -" },
        { "{\"secretId\":\"\\\"i\\\"\\r\\n\",\"secretKey\":\" k\"}", NULL, "i k -" },
        { "{\"secretId\":\" 'i'\\r\\n\",\"secretKey\":\"\\\"k\\\"\",\"token\":null}", NULL,
          "i k -" },
        { "secret_id = \"i\"\nsecret_key='k'\ntoken=\"\"\n", NULL, "i k -" },
        { "secretId = \" i \"  \r\nSecretKey: x = y\nsecretKey=k\r\n", NULL, "i k -" },
        { "export TENCENTCLOUD_SECRET_ID=\"i\"\nexport\tTENCENTCLOUD_SECRET_KEY=k\nTENCENTCLOUD_TOKEN='t'\n",
          NULL, "i k t" },
        { "exported_secret_id=x\nsecret_id=i\nSECRET_KEY=k\n", NULL, "i k -" },
        { "secret_id=\"" CANARY "\nsecret_key=k\n", NULL,
          "78 secret_id: there is a quotation mark at one end" },
        { "secret_id=" CANARY "'\nsecret_key=k\n", NULL, "78 quotation mark at one end" },
        { "secret_id=\"" CANARY "'\nsecret_key=k\n", NULL, "78 quotation mark at one end" },
        { "secret_id=\"\"" CANARY "\"\"\nsecret_key=k\n", NULL, "78 a quotation mark" },
        { "secret_id=\"\nsecret_key=k\n", NULL, "78 quotation mark at one end" },
        { "secret_id=\xe2\x80\x9c" CANARY "\xe2\x80\x9d\nsecret_key=k\n", NULL, "78 not ASCII" },
        { "\xff\xfes\n", NULL, "78 is UTF-16: save it as UTF-8" },
        { "\xfe\xff\n", NULL, "78 is UTF-16" },
        { "secret_id=" CANARY " x\nsecret_key=k\n", NULL, "78 secret_id holds a blank" },
        { "secret_id=" CANARY "\xc3\xa9\nsecret_key=k\n", NULL, "78 secret_id holds" },
        { "{\"secretId\":\"" CANARY "\"}", NULL, "78 no secretKey" },
        { "{\"secretId\":\"" CANARY "\",\"secretKey\":1}", NULL, "78 secretKey" },
        { "{\"secretId\":\"" CANARY "\",\"secretKey\":\"" CANARY "\"", NULL, "78 " },
        { "{\"secretId\":\"" CANARY "\",\"secretId\":\"" CANARY "\"}", NULL, "78 secretId" },
        { "{\"secretId\":\"" CANARY "\\u0000\",\"secretKey\":\"k\"}", NULL, "78 " },
        { "secret_id=i\nsecret_key=k\n", "../x", "64 profile" },
        { "secret_id=i\nsecret_key=k\n", "", "64 profile" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        put("secret", t[i].text, 0600);
        expect(path_of("secret"), t[i].profile, full, t[i].want);
    }
    char *big = malloc(70000);
    memset(big, '#', 69999);
    big[69999] = '\0';
    put("secret", big, 0600);
    expect(path_of("secret"), NULL, full, "78 larger than");
    memcpy(big, "secret_id=", 10);
    big[6000] = '\0';
    put("secret", big, 0600);
    expect(path_of("secret"), NULL, full, "78 longer than");
    free(big);
}

static void modes(void **state)
{
    static const struct {
        mode_t mode;
        const char *want;
    } t[] = {
        { 0600, "i k -" },   { 0400, "i k -" },   { 0700, "i k -" },        { 0640, "77 0640" },
        { 0604, "77 0604" }, { 0620, "77 0620" }, { 0666, "77 chmod 600" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        put("secret", "secret_id=i\nsecret_key=k\n", t[i].mode);
        expect(path_of("secret"), NULL, full, t[i].want);
    }
    expect(path_of("absent"), NULL, full, "66 absent");
    expect(home, NULL, full, "78 not a file");

    /* a pipe, as a shell's <(command) gives it */
    int fd[2];
    char name[32];
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], "secret_id=i\nsecret_key=k\n", 25), 25);
    close(fd[1]);
    snprintf(name, sizeof name, "/dev/fd/%d", fd[0]);
    expect(name, NULL, nothing, "i k -");
    close(fd[0]);
}

static void half(void **state)
{
    static const char *const id[] = { "HOME", home, "TENCENTCLOUD_SECRET_ID", CANARY, NULL };
    static const char *const key[] = { "HOME", home, "TENCENTCLOUD_SECRET_KEY", CANARY, NULL };
    static const char *const odd[] = { "TENCENTCLOUD_SECRET_ID", CANARY " " CANARY, NULL };
    (void)state;
    expect(NULL, NULL, id, "78 no TENCENTCLOUD_SECRET_KEY");
    expect(NULL, NULL, key, "78 no TENCENTCLOUD_SECRET_ID");
    expect(NULL, NULL, odd, "78 TENCENTCLOUD_SECRET_ID holds");
    static const char *const quoted[] = { "TENCENTCLOUD_SECRET_ID", "\"" CANARY "\"",
                                          "TENCENTCLOUD_SECRET_KEY", "'" CANARY "'", NULL };
    static const char *const end[] = { "TENCENTCLOUD_SECRET_ID", "i", "TENCENTCLOUD_SECRET_KEY",
                                       CANARY "\" ", NULL };
    static const char *const marked[] = { "TENCENTCLOUD_SECRET_ID", "\xef\xbb\xbfi",
                                          "TENCENTCLOUD_SECRET_KEY", CANARY, NULL };
    expect(NULL, NULL, quoted, "78 TENCENTCLOUD_SECRET_ID has a quotation mark");
    expect(NULL, NULL, end, "78 TENCENTCLOUD_SECRET_KEY has a quotation mark");
    expect(NULL, NULL, marked, "i " CANARY " -");
}

/* The VmFlags of the mapping that holds p. */
static char *flags_of(const void *p)
{
    static char line[512];
    FILE *f = fopen("/proc/self/smaps", "r");
    bool ours = false;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        unsigned long a, b;
        if (sscanf(line, "%lx-%lx ", &a, &b) == 2)
            ours = (uintptr_t)p >= a && (uintptr_t)p < b;
        if (ours && !strncmp(line, "VmFlags:", 8))
            break;
        *line = '\0';
    }
    fclose(f);
    return line;
}

static void memory(void **state)
{
    struct trtc_secret s = { 0 };
    static const char *const list[] = { "A", " a\t", "B", " ", NULL };
    struct trtc_env env = env_of(list);
    (void)state;
    assert_int_equal(trtc_secret_set(&s, "abcdef", 3, NULL), 0);
    assert_string_equal(s.text, "abc");
    assert_int_equal(s.len, 3);
    assert_non_null(strstr(flags_of(s.text), " dd"));
    assert_int_equal(trtc_secret_set(&s, "", 0, NULL), 0);
    assert_string_equal(s.text, "");
    char page[4096]; /* the NUL needs the next page */
    memset(page, 'x', sizeof page);
    assert_int_equal(trtc_secret_set(&s, page, sizeof page, NULL), 0);
    assert_int_equal(strlen(s.text), sizeof page);
    assert_true(s.mapped_bytes > sizeof page);
    trtc_secret_fini(&s);
    assert_null(s.text);
    trtc_secret_fini(&s);
    assert_int_equal(trtc_secret_env(&env, "A", &s, NULL), 1);
    assert_string_equal(s.text, "a");
    trtc_secret_fini(&s);
    assert_int_equal(trtc_secret_env(&env, "B", &s, NULL), 0);
    assert_int_equal(trtc_secret_env(&env, "C", &s, NULL), 0);
    assert_null(s.text);
}

static void region(void **state)
{
    struct trtc_env env = env_of(only_home);
    char out[32] = "";
    struct trtc_err err = { 0 };
    (void)state;
    assert_int_equal(trtc_profile_region(&env, NULL, out, sizeof out, &err), 0);
    put(".tccli/default.configure",
        "{\"_sys_param\":{\"region\":\"ap-guangzhou\",\"output\":\"json\"},\"trtc\":{}}", 0644);
    assert_int_equal(trtc_profile_region(&env, NULL, out, sizeof out, &err), 1);
    assert_string_equal(out, "ap-guangzhou");
    assert_int_equal(trtc_profile_region(&env, "work", out, sizeof out, &err), 0);
    assert_int_equal(trtc_profile_region(&env, "a/b", out, sizeof out, &err), -1);
    put(".tccli/default.configure", "{\"_sys_param\":{}}", 0644);
    assert_int_equal(trtc_profile_region(&env, NULL, out, sizeof out, &err), 0);
    put(".tccli/default.configure", "{\"_sys_param\":{\"region\":7}}", 0644);
    assert_int_equal(trtc_profile_region(&env, NULL, out, sizeof out, &err), -1);
    assert_int_equal(err.code, TRTC_EX_CONFIG);
    env = env_of(nothing);
    assert_int_equal(trtc_profile_region(&env, NULL, out, sizeof out, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(order, enter, leave),
        cmocka_unit_test_setup_teardown(forms, enter, leave),
        cmocka_unit_test_setup_teardown(modes, enter, leave),
        cmocka_unit_test_setup_teardown(half, enter, leave),
        cmocka_unit_test(memory),
        cmocka_unit_test_setup_teardown(region, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
