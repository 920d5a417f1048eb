/* SPDX-License-Identifier: MIT */
/* The journal: what it says survives, whatever its end is cut to, and nothing else is ever overwritten. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "put/journal.h"
#include "unit/scratch.h"

#define PLACE "cos://b ü?region=r"

static struct trtc_journal_file file_of(const char *key, uint64_t stamp)
{
    struct trtc_err err;
    struct trtc_journal_file f = { .stamp = stamp, .key = key };
    assert_int_equal(trtc_put_hash_of(key, &f.hash, &err), 0);
    return f;
}

static struct trtc_journal *opened(struct trtc_proven *proven)
{
    struct trtc_err err;
    struct trtc_journal *j = trtc_journal_open("j", PLACE, proven, &err);
    if (!j)
        fail_msg("%s", err.msg);
    return j;
}

static void add(struct trtc_journal *j, const char *key, uint64_t stamp)
{
    struct trtc_storage_proof proof = {
        .bytes = 7, .crc64 = UINT64_MAX, .etag = "e%-1", .url = (char *)"http://h/a b"
    };
    const struct trtc_journal_file f = file_of(key, stamp);
    struct trtc_err err;
    int64_t at;
    assert_int_equal(trtc_journal_done(j, &f, &proof, &at, &err), 0);
    assert_int_equal(trtc_journal_sync(j, &err), 0);
}

/* The journal says of key what add has said of it. */
static bool has(const struct trtc_journal *j, const struct trtc_proven *proven, const char *key,
                uint64_t stamp)
{
    const struct trtc_journal_file f = file_of(key, stamp);
    const struct trtc_proven_entry *e = trtc_proven_find(proven, f.hash);
    struct trtc_storage_proof proof;
    struct trtc_err err;
    if (!e || e->stamp != stamp)
        return false;
    assert_int_equal(trtc_journal_read(j, e->at, &proof, &err), 0);
    assert_int_equal(proof.bytes, 7);
    assert_true(proof.crc64 == UINT64_MAX);
    assert_string_equal(proof.etag, "e%-1");
    assert_string_equal(proof.url, "http://h/a b");
    assert_null(proof.file_id);
    free(proof.url);
    return true;
}

static off_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

static void kept(void **state)
{
    struct trtc_proven proven = { 0 };
    struct stat st;
    (void)state;
    unlink("j");
    struct trtc_journal *j = opened(&proven);
    assert_int_equal(stat("j", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    add(j, "a\nb %\xff", 1);
    add(j, "c", 2);
    add(j, "c", 3);
    trtc_journal_close(&j);
    j = opened(&proven);
    assert_int_equal(proven.n, 2);
    assert_true(has(j, &proven, "a\nb %\xff", 1));
    assert_true(has(j, &proven, "c", 3));
    assert_false(has(j, &proven, "c", 2));
    trtc_journal_close(&j);
    trtc_proven_fini(&proven);
}

/* A line that is longer than any of ours is passed over with all its bytes: what stands behind it counts, and
 * what is added stands behind that. */
static void overlong(void **state)
{
    static const size_t lengths[] = { 1000, 32767, 32768, 40000, 300000, 700000 };
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct trtc_proven proven = { 0 };
        unlink("j");
        struct trtc_journal *j = opened(&proven);
        add(j, "a", 1);
        const off_t one = size_of("j");
        add(j, "b", 2);
        trtc_journal_close(&j);

        char line[500];
        FILE *f = fopen("j", "r+");
        assert_non_null(f);
        assert_int_equal(fseek(f, one, SEEK_SET), 0);
        assert_non_null(fgets(line, sizeof line, f));
        assert_int_equal(fseek(f, one, SEEK_SET), 0);
        for (size_t k = 0; k < lengths[i]; k++)
            fputc('x', f);
        fprintf(f, "\n%s", line);
        assert_int_equal(fclose(f), 0);

        for (int turn = 0; turn < 2; turn++) {
            trtc_proven_fini(&proven);
            j = opened(&proven);
            assert_true(has(j, &proven, "a", 1));
            assert_true(has(j, &proven, "b", 2));
            assert_int_equal(has(j, &proven, "c", 3), turn);
            add(j, "c", 3);
            trtc_journal_close(&j);
        }
        trtc_proven_fini(&proven);
    }
}

/* Cut at any byte: the whole lines count, and what is added then is found as well. */
static void cut(void **state)
{
    struct trtc_proven proven = { 0 };
    (void)state;
    unlink("j");
    struct trtc_journal *j = opened(&proven);
    add(j, "a", 1);
    const off_t one = size_of("j");
    add(j, "b", 2);
    trtc_journal_close(&j);
    for (off_t n = size_of("j") - 1; n >= 0; n--) {
        trtc_proven_fini(&proven);
        assert_int_equal(truncate("j", n), 0);
        j = opened(&proven);
        assert_int_equal(has(j, &proven, "a", 1), n >= one);
        assert_false(has(j, &proven, "b", 2));
        if (n % 7 == 0) {
            add(j, "b", 2);
            trtc_journal_close(&j);
            trtc_proven_fini(&proven);
            j = opened(&proven);
            assert_true(has(j, &proven, "b", 2));
        }
        trtc_journal_close(&j);
    }
    trtc_proven_fini(&proven);
}

/* Any byte changed: that line does not count, the others do. */
static void damaged(void **state)
{
    struct trtc_proven proven = { 0 };
    (void)state;
    unlink("j");
    struct trtc_journal *j = opened(&proven);
    const off_t begin = size_of("j");
    add(j, "a", 1);
    const off_t end = size_of("j");
    add(j, "b", 2);
    trtc_journal_close(&j);
    const int fd = open("j", O_RDWR);
    for (off_t at = begin; at < end - 1; at++) {
        char was, now;
        assert_int_equal(pread(fd, &was, 1, at), 1);
        now = was == '1' ? '2' : '1';
        assert_int_equal(pwrite(fd, &now, 1, at), 1);
        trtc_proven_fini(&proven);
        j = opened(&proven);
        assert_null(trtc_proven_find(&proven, file_of("a", 1).hash));
        assert_true(has(j, &proven, "b", 2));
        trtc_journal_close(&j);
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }
    close(fd);
    trtc_proven_fini(&proven);
}

static void refused(void **state)
{
    static const struct {
        const char *text;
        int want; /* 0: it is taken */
    } t[] = {
        { "", 0 },
        { "12ab", 0 },
        { "0123abcdplace cos", 0 },
        { "video", TRTC_EX_CONFIG },
        { "video\n", TRTC_EX_CONFIG },
        { "0123abcdplaces", TRTC_EX_CONFIG },
        { "0123abcdplace x\n", TRTC_EX_CONFIG },
        { "\n", TRTC_EX_CONFIG },
    };
    struct trtc_proven proven = { 0 };
    struct trtc_err err;
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        scratch_put("j", t[i].text, strlen(t[i].text));
        struct trtc_journal *j = trtc_journal_open("j", PLACE, &proven, &err);
        assert_int_equal(j == NULL, t[i].want != 0);
        if (!j) {
            assert_int_equal(err.code, t[i].want);
            assert_int_equal(size_of("j"), (off_t)strlen(t[i].text));
        }
        trtc_journal_close(&j);
    }
    unlink("j");
    struct trtc_journal *j = opened(&proven);
    assert_null(trtc_journal_open("j", PLACE, &proven, &err)); /* while another has it */
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    trtc_journal_close(&j);
    assert_null(trtc_journal_open("j", "cos://other", &proven, &err));
    assert_int_equal(err.code, TRTC_EX_CONFIG);
    assert_null(trtc_journal_open("/dev/null", PLACE, &proven, &err));
    assert_null(trtc_journal_open("none/j", PLACE, &proven, &err));
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    trtc_proven_fini(&proven);
}

static void uploads(void **state)
{
    const struct trtc_journal_file a = file_of("a", 1), b = file_of("b", 2),
                                   other = file_of("a", 9);
    struct trtc_storage_part part = { .number = 1, .bytes = 8 << 20, .crc64 = 5, .etag = "p1" };
    struct trtc_proven proven = { 0 };
    struct trtc_err err;
    (void)state;
    unlink("j");
    struct trtc_journal *j = opened(&proven);
    assert_int_equal(trtc_journal_begun(j, &a, "old", &err), 0);
    assert_int_equal(trtc_journal_part(j, &a, &part, &err), 0);
    assert_int_equal(trtc_journal_begun(j, &a, "up load=%", &err), 0);
    assert_int_equal(trtc_journal_begun(j, &b, "x", &err), 0);
    assert_int_equal(trtc_journal_part(j, &a, &part, &err), 0);
    part = (struct trtc_storage_part){
        .number = 2, .offset = 8 << 20, .bytes = 3, .crc64 = 6, .etag = "p2"
    };
    assert_int_equal(trtc_journal_part(j, &a, &part, &err), 0);
    add(j, "b", 2);
    trtc_journal_close(&j);
    j = opened(&proven);
    struct trtc_storage_resume r = trtc_journal_upload(j, &a);
    assert_string_equal(r.upload, "up load=%");
    assert_int_equal(r.nb_parts, 2);
    assert_int_equal(r.parts[1].number, 2);
    assert_int_equal(r.parts[1].offset, 8 << 20);
    assert_int_equal(r.parts[1].bytes, 3);
    assert_int_equal(r.parts[1].crc64, 6);
    assert_string_equal(r.parts[1].etag, "p2");
    assert_null(trtc_journal_upload(j, &b).upload);     /* done */
    assert_null(trtc_journal_upload(j, &other).upload); /* another file by now */
    trtc_journal_close(&j);
    trtc_proven_fini(&proven);
}

/* A playlist was put over and over: the journal is written anew when it is opened, and says what it said. */
static void shrinks(void **state)
{
    const struct trtc_journal_file a = file_of("a", 1);
    const struct trtc_storage_part part = {
        .number = 1, .bytes = 8 << 20, .crc64 = 5, .etag = "p1"
    };
    struct trtc_proven proven = { 0 };
    struct trtc_err err;
    struct stat st;
    (void)state;
    unlink("j");
    struct trtc_journal *j = opened(&proven);
    char key[32];
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "s %d", i);
        add(j, key, 5);
    }
    assert_int_equal(trtc_journal_begun(j, &a, "old", &err), 0);
    assert_int_equal(trtc_journal_part(j, &a, &part, &err), 0);
    assert_int_equal(trtc_journal_begun(j, &a, "up", &err), 0);
    for (uint64_t i = 1; i <= 1200; i++)
        add(j, "list", i);
    assert_int_equal(trtc_journal_part(j, &a, &part, &err), 0);
    trtc_journal_close(&j);
    assert_int_equal(chmod("j", 0640), 0);
    const off_t before = size_of("j");
    assert_int_equal(link("j", "k"), 0); /* another name of it would go on with the old one */
    j = opened(&proven);
    assert_int_equal(size_of("j"), before);
    trtc_journal_close(&j);
    assert_int_equal(unlink("k"), 0);
    for (int round = 0; round < 3; round++) {
        trtc_proven_fini(&proven);
        j = opened(&proven);
        assert_true(size_of("j") < before / 20);
        assert_int_equal(proven.n, 41);
        assert_true(has(j, &proven, "list", 1200 + (uint64_t)round));
        assert_true(has(j, &proven, "s 0", 5) && has(j, &proven, "s 39", 5));
        const struct trtc_storage_resume r = trtc_journal_upload(j, &a);
        assert_string_equal(r.upload, "up");
        assert_int_equal(r.nb_parts, 1);
        assert_null(trtc_journal_open("j", PLACE, &(struct trtc_proven){ 0 }, &err));
        assert_int_equal(err.code, TRTC_EX_TEMPFAIL); /* the new file is locked as well */
        add(j, "list", 1201 + (uint64_t)round);
        trtc_journal_close(&j);
    }
    assert_int_equal(stat("j", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(access(".j.part", F_OK), -1);
    trtc_proven_fini(&proven);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept),    cmocka_unit_test(overlong), cmocka_unit_test(cut),
        cmocka_unit_test(damaged), cmocka_unit_test(refused),  cmocka_unit_test(uploads),
        cmocka_unit_test(shrinks),
    };
    if (scratch_enter("t_journal") < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_leave);
}
