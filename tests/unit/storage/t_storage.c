/* SPDX-License-Identifier: MIT */
/* Files into COS, S3 and VOD, as a store on loopback has them that checks signatures, fails and lies.
 * What is called proven has to be there, byte by byte; waits move a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "serve/objectstore.h"
#include "storage/crc64.h"
#include "storage/storage_priv.h"
#include "unit/range.h"

#define ID    "AKIDexampleexampleexample"
#define KEY   "cAnArYcAnArYcAnArYcAnArY"
#define TOKEN "tOkEn+tOkEn/tOkEn=="

enum { PART = 4096, BYTES_MAX = 10 * PART, JOURNAL_MAX = 128 };

/* A store, a client, a file. */
struct world {
    struct objectstore_options store_options;
    struct objectstore *store;
    struct trtc_place place;
    struct trtc_credentials keys;
    struct trtc_storage_options options;
    struct trtc_storage *storage;
    int fd;
    uint8_t bytes[BYTES_MAX];
    size_t n;
    int64_t mono_ms;
    int nb_waits;
    int64_t good_after_ms; /* from then on another one puts well; 0: never */
    char notice[1024];     /* the last one */
    /* the journal */
    char upload[1024];
    struct trtc_storage_part parts[JOURNAL_MAX];
    size_t nb_parts;
    int (*on_part)(struct world *w, const struct trtc_storage_part *part);
};

/* ---- the client's surroundings ---- */

static int64_t wall_s(void *arg)
{
    (void)arg;
    return time(NULL);
}

static int64_t mono_ms(void *arg)
{
    return ((struct world *)arg)->mono_ms;
}

static double chance(void *arg)
{
    (void)arg;
    return 0.5;
}

static int wait_ms(void *arg, int64_t ms)
{
    struct world *w = arg;

    w->mono_ms += ms;
    w->nb_waits++;
    if (w->good_after_ms && w->mono_ms >= w->good_after_ms)
        atomic_fetch_add(&w->options.shared->nb_good, 1);
    return 0;
}

static void notice(void *arg, const char *text)
{
    struct world *w = arg;

    snprintf(w->notice, sizeof w->notice, "%s", text);
    assert_null(strstr(text, "cAnArY"));
    assert_null(strstr(text, "tOkEn"));
}

static void write_file(struct world *w)
{
    assert_int_equal(ftruncate(w->fd, 0), 0);
    assert_int_equal(pwrite(w->fd, w->bytes, w->n, 0), (ssize_t)w->n);
}

/* Other bytes, so many. */
static void fill(struct world *w, size_t n, uint32_t seed)
{
    w->n = n;
    for (size_t i = 0; i < n; i++)
        w->bytes[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    write_file(w);
}

static void open_storage(struct world *w)
{
    struct trtc_err err = { 0 };

    trtc_storage_close(&w->storage);
    w->storage = trtc_storage_open(&w->options, &err);
    if (!w->storage)
        fail_msg("%s", err.msg);
}

static void start(struct world *w, enum trtc_place_kind kind, const struct objectstore_options *o)
{
    char name[] = "/tmp/t_storage.XXXXXX";

    *w = (struct world){ .store_options = o ? *o : (struct objectstore_options){ 0 } };
    w->store_options.id = ID;
    w->store_options.key = KEY;
    w->store = objectstore_start(&w->store_options);
    assert_non_null(w->store);
    w->place.kind = kind;
    w->place.bucket = kind == TRTC_PLACE_VOD ? NULL : strdup(OBJECTSTORE_BUCKET);
    w->place.region = strdup(OBJECTSTORE_REGION);
    w->place.endpoint = strdup(objectstore_url(w->store));
    assert_int_equal(trtc_secret_set(&w->keys.id, ID, strlen(ID), NULL), 0);
    assert_int_equal(trtc_secret_set(&w->keys.key, KEY, strlen(KEY), NULL), 0);
    if (w->store_options.token)
        trtc_secret_set(&w->keys.token, TOKEN, strlen(TOKEN), NULL);
    w->options.place = &w->place;
    w->options.keys = &w->keys;
    w->options.outside = (struct trtc_outside){ wall_s, mono_ms, chance, wait_ms, notice, w };
    w->options.part_bytes = PART;
    w->options.idle_ms = 5000;
    open_storage(w);
    w->fd = mkstemp(name);
    assert_true(w->fd >= 0);
    unlink(name);
}

static void end(struct world *w)
{
    trtc_storage_close(&w->storage);
    objectstore_stop(&w->store);
    trtc_place_fini(&w->place);
    trtc_credentials_fini(&w->keys);
    close(w->fd);
}

static int begun(void *arg, const char *upload)
{
    struct world *w = arg;

    snprintf(w->upload, sizeof w->upload, "%s", upload);
    w->nb_parts = 0;
    return 0;
}

static int part(void *arg, const struct trtc_storage_part *part)
{
    struct world *w = arg;

    assert_true(w->nb_parts < JOURNAL_MAX);
    w->parts[w->nb_parts++] = *part;
    return w->on_part ? w->on_part(w, part) : 0;
}

/* Puts the file; 0, or the exit status, with no secret in what is said. */
static int put_with(struct world *w, const struct trtc_storage_file *file,
                    struct trtc_storage_proof *proof, struct trtc_err *err)
{
    *err = (struct trtc_err){ 0 };
    if (!trtc_storage_put(w->storage, file, proof, err))
        return 0;
    if (getenv("TRTC_SHOW"))
        fprintf(stderr, "# %s\n", err->msg);
    assert_null(strstr(err->msg, "cAnArY"));
    assert_null(strstr(err->msg, ID));
    assert_null(strstr(err->msg, "tOkEn"));
    assert_int_equal(strncmp(err->msg, "dir/f.ts: ", 10), 0);
    assert_null(proof->url);
    return err->code;
}

static int put(struct world *w, const char *key)
{
    const struct trtc_storage_file file = {
        .fd = w->fd, .path = "dir/f.ts", .key = key, .mime = "video/mp2t"
    };
    struct trtc_storage_proof proof;
    struct trtc_err err;
    const int code = put_with(w, &file, &proof, &err);

    if (code)
        return code;
    assert_int_equal(proof.bytes, w->n);
    assert_true(proof.crc64 == trtc_crc64(0, w->bytes, w->n));
    assert_true(*proof.etag);
    assert_non_null(proof.url);
    assert_true(objectstore_has(w->store, key, w->bytes, w->n));
    trtc_storage_proof_fini(&proof);
    return 0;
}

static const enum trtc_place_kind buckets[] = { TRTC_PLACE_COS, TRTC_PLACE_S3 };

/* ---- tests ---- */

static void sizes(void **state)
{
    static const size_t list[] = { 0, 1, PART - 1, PART, PART + 1, 2 * PART, 9 * PART + 7 };

    (void)state;
    for (int b = 0; b < 2; b++) {
        struct world w;

        start(&w, buckets[b], NULL);
        for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
            const int requests = objectstore_counts(w.store).requests;
            const int parts = (int)((list[i] + PART - 1) / PART);

            fill(&w, list[i], (uint32_t)i);
            assert_int_equal(put(&w, "a/b.ts"), 0);
            /* PUT and HEAD; begin, parts, complete and HEAD */
            assert_int_equal(objectstore_counts(w.store).requests - requests,
                             list[i] <= PART ? 2 : parts + 3);
        }
        assert_int_equal(objectstore_counts(w.store).objects, 1);
        assert_int_equal(objectstore_counts(w.store).uploads, 0);
        assert_int_equal(objectstore_counts(w.store).refused, 0);
        end(&w);
    }
}

static void keys(void **state)
{
    static const char *const list[] = { "+/=%25 % &?#", "-x",     "a//b",        "/a",
                                        "a/",           "é/语/😀", "a=b+c/d e&f", "~a!*'()$;:@,",
                                        "[x]|{y}^`",    "\"<>\\", "a/./b/../c",  "%2F",
                                        "..",           "a\tb" };

    (void)state;
    for (int b = 0; b < 4; b++) {
        struct world w;

        start(&w, buckets[b % 2], &(struct objectstore_options){ .token = TOKEN });
        w.place.path_style = b >= 2;
        open_storage(&w);
        for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
            fill(&w, i % 2 ? 100 : 2 * PART, (uint32_t)i);
            if (put(&w, list[i]))
                fail_msg("key %s", list[i]);
        }
        assert_int_equal(objectstore_counts(w.store).objects, sizeof list / sizeof *list);
        assert_int_equal(objectstore_counts(w.store).refused, 0);
        end(&w);
    }
}

static void wrong_key_files(void **state)
{
    char longest[TRTC_STORAGE_KEY_MAX + 2];
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_COS, NULL);
    fill(&w, 10, 0);
    memset(longest, 'k', sizeof longest);
    longest[TRTC_STORAGE_KEY_MAX + 1] = '\0';
    assert_int_equal(put(&w, longest), TRTC_EX_DATAERR);
    assert_int_equal(put(&w, longest + 1), 0);
    assert_int_equal(put(&w, ""), TRTC_EX_DATAERR);
    assert_int_equal(put(&w, "\xff"), TRTC_EX_DATAERR);
    end(&w);
}

/* Every fault once, in every request of a put in one and in parts, is mended. */
static void each_fault_once(void **state)
{
    static const char *const small[] = { "put", "head" }, *const large[] = { "begin", "part",
                                                                             "complete", "head" };

    (void)state;
    for (int b = 0; b < 2; b++) {
        struct world w;

        start(&w, buckets[b], NULL);
        for (int f = STORE_BUSY; f < STORE_FAULTS; f++) {
            for (int k = 0; k < 6; k++) {
                const char *operation = k < 2 ? small[k] : large[k - 2];
                int code;

                if (!objectstore_suits((enum store_fault)f, operation))
                    continue;
                fill(&w, k < 2 ? PART / 2 : 3 * PART + 1, (uint32_t)(f * 100 + k));
                objectstore_next(w.store, operation, (enum store_fault)f, 1, 0);
                code = put(&w, "k");
                if (code != (f == STORE_REFUSE ? TRTC_EX_NOPERM : 0))
                    fail_msg("fault %d in %s: %d", f, operation, code);
            }
        }
        end(&w);
    }
}

/* What never ends is never called proven. */
static void each_fault_for_ever(void **state)
{
    (void)state;
    for (int b = 0; b < 2; b++) {
        struct world w;

        start(&w, buckets[b], NULL);
        for (int f = STORE_BUSY; f < STORE_FAULTS; f++) {
            for (int parts = 0; parts < 2; parts++) {
                int code, wanted = TRTC_EX_TEMPFAIL;

                fill(&w, parts ? 3 * PART + 1 : PART, (uint32_t)(f * 10 + parts));
                objectstore_always(w.store, (enum store_fault)f);
                code = put(&w, "k");
                objectstore_always(w.store, STORE_RIGHT);
                if (f == STORE_SILENT || (!parts && !objectstore_suits((enum store_fault)f, "put")))
                    wanted = 0;
                else if (f == STORE_REFUSE || f == STORE_SKEWED)
                    wanted = TRTC_EX_NOPERM;
                if (code != wanted)
                    fail_msg("fault %d%s: %d", f, parts ? " in parts" : "", code);
                assert_true(w.mono_ms < INT64_C(1000) * 3600 * 24);
            }
        }
        end(&w);
    }
}

/* The store is right again, and no parts are left lying there. */
static void nothing_is_left_behind(void **state)
{
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_COS, NULL);
    fill(&w, 4 * PART, 1);
    objectstore_next(w.store, "part", STORE_REFUSE, 1, 2);
    assert_int_equal(put(&w, "k"), TRTC_EX_NOPERM);
    assert_int_equal(objectstore_counts(w.store).uploads, 0);
    assert_int_equal(objectstore_counts(w.store).parts, 2);
    assert_int_equal(put(&w, "k"), 0);
    end(&w);
}

/* With a journal the parts stay, and the next run sends only what is missing. */
static void resumed(void **state)
{
    (void)state;
    for (int b = 0; b < 2; b++) {
        struct world w;
        struct trtc_storage_file file = {
            .path = "dir/f.ts", .key = "k", .begun = begun, .part = part
        };
        struct trtc_storage_proof proof;
        struct trtc_err err;

        start(&w, buckets[b], NULL);
        file.fd = w.fd;
        file.arg = &w;
        fill(&w, 7 * PART + 5, 1);
        objectstore_next(w.store, "part", STORE_REFUSE, 1, 5);
        assert_int_equal(put_with(&w, &file, &proof, &err), TRTC_EX_NOPERM);
        assert_int_equal(w.nb_parts, 5);
        assert_int_equal(objectstore_counts(w.store).uploads, 1);
        /* the second part is no longer what it was */
        w.bytes[PART + 1] ^= 1;
        write_file(&w);
        file.resume = (struct trtc_storage_resume){ w.upload, w.parts, w.nb_parts };
        assert_int_equal(put_with(&w, &file, &proof, &err), 0);
        assert_true(objectstore_has(w.store, "k", w.bytes, w.n));
        assert_int_equal(objectstore_counts(w.store).parts, 5 + 1 + 3);
        trtc_storage_proof_fini(&proof);
        /* that upload is complete: the next begins anew */
        fill(&w, 3 * PART, 2);
        assert_int_equal(put_with(&w, &file, &proof, &err), 0);
        assert_true(objectstore_has(w.store, "k", w.bytes, w.n));
        assert_int_equal(objectstore_counts(w.store).parts, 5 + 1 + 3 + 3);
        trtc_storage_proof_fini(&proof);
        end(&w);
    }
}

/* A journal that lies, or is of another file, does no harm. */
static void journal_of_something_else(void **state)
{
    struct trtc_storage_part parts[] = { { 1, 0, PART, 1, "e" },     { 2, 0, PART, 1, "e" },
                                         { 0, 0, PART, 1, "e" },     { -5, 0, PART, 1, "e" },
                                         { 20000, 0, PART, 1, "e" }, { 3, 2 * PART, 1, 1, "" } };
    struct trtc_storage_file file = { .path = "dir/f.ts", .key = "k", .begun = begun, .part = part };
    struct trtc_storage_proof proof;
    struct trtc_err err;
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_S3, NULL);
    file.fd = w.fd;
    file.arg = &w;
    fill(&w, 3 * PART, 1);
    objectstore_next(w.store, "part", STORE_REFUSE, 1, 2);
    assert_int_equal(put_with(&w, &file, &proof, &err), TRTC_EX_NOPERM);
    file.resume = (struct trtc_storage_resume){ w.upload, parts, sizeof parts / sizeof *parts };
    assert_int_equal(put_with(&w, &file, &proof, &err), 0);
    assert_true(objectstore_has(w.store, "k", w.bytes, w.n));
    trtc_storage_proof_fini(&proof);
    end(&w);
}

static int journal_full(struct world *w, const struct trtc_storage_part *p)
{
    (void)w;
    return p->number == 2 ? -1 : 0;
}

static void journal_that_cannot_be_written(void **state)
{
    struct trtc_storage_file file = { .path = "dir/f.ts", .key = "k", .begun = begun, .part = part };
    struct trtc_storage_proof proof;
    struct trtc_err err;
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_COS, NULL);
    file.fd = w.fd;
    file.arg = &w;
    w.on_part = journal_full;
    fill(&w, 3 * PART, 1);
    assert_int_equal(put_with(&w, &file, &proof, &err), TRTC_EX_IOERR);
    end(&w);
}

/* ---- files that change ---- */

static int grows_once(struct world *w, const struct trtc_storage_part *p)
{
    if (p->number == 2 && w->n == 3 * PART)
        fill(w, 4 * PART + 9, 77);
    return 0;
}

static int shrinks_once(struct world *w, const struct trtc_storage_part *p)
{
    if (p->number == 1 && w->n == 3 * PART)
        fill(w, PART + 9, 78);
    return 0;
}

/* Within the same tick of the clock, or with its time set back. */
static int changes_unseen(struct world *w, const struct trtc_storage_part *p)
{
    struct stat st;

    if (p->number != 2 || w->bytes[0] == 99)
        return 0;
    fstat(w->fd, &st);
    w->bytes[0] = 99;
    assert_int_equal(pwrite(w->fd, w->bytes, 1, 0), 1);
    assert_int_equal(futimens(w->fd, (struct timespec[]){ st.st_atim, st.st_mtim }), 0);
    return 0;
}

static int changes_always(struct world *w, const struct trtc_storage_part *p)
{
    if (p->number == 2)
        fill(w, w->n + 1, (uint32_t)w->n);
    return 0;
}

static void changing_files(void **state)
{
    static int (*const how[])(struct world *, const struct trtc_storage_part *) = {
        grows_once, shrinks_once, changes_unseen, changes_always
    };

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct world w;
        struct trtc_storage_file file = { .path = "dir/f.ts", .key = "k", .part = part };
        struct trtc_storage_proof proof;
        struct trtc_err err;

        start(&w, buckets[i % 2], NULL);
        file.fd = w.fd;
        file.arg = &w;
        w.on_part = how[i / 2];
        fill(&w, 3 * PART, 1);
        for (int k = 0; k < 1; k++)
            assert_int_equal(put_with(&w, &file, &proof, &err), i / 2 == 3 ? TRTC_EX_TEMPFAIL : 0);
        if (i / 2 < 3) {
            assert_true(objectstore_has(w.store, "k", w.bytes, w.n));
            assert_int_equal(proof.bytes, w.n);
            trtc_storage_proof_fini(&proof);
        } else {
            assert_non_null(strstr(err.msg, "changed"));
        }
        assert_int_equal(objectstore_counts(w.store).uploads, 0);
        end(&w);
    }
}

/* ---- stores that are different ---- */

static void store_without_checksums(void **state)
{
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_S3, &(struct objectstore_options){ .plain = true });
    fill(&w, 10, 1);
    assert_int_equal(put(&w, "k"), 0);
    open_storage(&w);
    fill(&w, 3 * PART, 2);
    assert_int_equal(put(&w, "k"), 0);
    end(&w);
}

static void clocks_that_differ(void **state)
{
    static const int64_t off_s[] = { -86400, 86400, 3600, -1200, 30 };

    (void)state;
    for (int i = 0; i < 10; i++) {
        struct world w;

        start(&w, buckets[i % 2], &(struct objectstore_options){ .clock_s = off_s[i / 2] });
        fill(&w, 100, 1);
        assert_int_equal(put(&w, "k"), 0);
        assert_int_equal(objectstore_counts(w.store).refused, i < 8 ? 1 : 0);
        assert_int_equal(!!strstr(w.notice, "clock is"), i < 8);
        fill(&w, 3 * PART, 1);
        assert_int_equal(put(&w, "k"), 0);
        assert_int_equal(objectstore_counts(w.store).refused, i < 8 ? 1 : 0);
        end(&w);
    }
}

static void wrong_keys(void **state)
{
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_COS, NULL);
    trtc_secret_set(&w.keys.id, "another", 7, NULL);
    open_storage(&w);
    fill(&w, 100, 1);
    assert_int_equal(put(&w, "k"), TRTC_EX_NOPERM);
    assert_int_equal(objectstore_counts(w.store).requests, 1);
    end(&w);
}

/* A refused connection is final before the store was reached, and tried again afterwards. */
static void store_that_goes_away(void **state)
{
    struct world w;
    struct trtc_storage_shared shared = { 0 };

    (void)state;
    start(&w, TRTC_PLACE_COS, NULL);
    w.options.shared = &shared;
    open_storage(&w);
    fill(&w, 100, 1);
    objectstore_stop(&w.store);
    assert_int_equal(put(&w, "k"), TRTC_EX_TEMPFAIL);
    assert_int_equal(w.nb_waits, 0);
    shared.reached = true;
    assert_int_equal(put(&w, "k"), TRTC_EX_TEMPFAIL);
    assert_true(w.nb_waits > 5);
    assert_true(w.mono_ms > 2 * 60 * 1000 && w.mono_ms <= TRTC_RETRY_BUDGET_MS);
    end(&w);
}

/* Two minutes and a half without a store lose nothing, and when it is back that is seen within some seconds; where the number of
 * attempts is given, these are as far apart as those of all programs. */
static void store_that_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const int nb_busy = i < 2 ? 36 : 6;
        struct world w;

        start(&w, buckets[i % 2], NULL);
        w.options.retries = i < 2 ? 0 : 6;
        open_storage(&w);
        fill(&w, 3 * PART, 1);
        objectstore_next(w.store, "part", STORE_BUSY, nb_busy, 1);
        assert_int_equal(put(&w, "k"), 0);
        assert_int_in_range(w.mono_ms, 140 * 1000, i < 2 ? nb_busy * INT64_C(4500) : 200 * 1000);
        assert_int_equal(objectstore_counts(w.store).faults[STORE_BUSY], nb_busy);
        end(&w);
    }
}

/* Several wait: one of them asks every four seconds, and when one request went well the others wait no longer. */
static void one_asks_for_all(void **state)
{
    struct trtc_storage_shared shared = { 0 };
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_COS, NULL);
    w.options.shared = &shared;
    open_storage(&w);
    fill(&w, 10, 1);
    objectstore_next(w.store, "put", STORE_BUSY, 4, 0);
    shared.asked_ms = 1000000; /* another one is asking */
    assert_int_equal(put(&w, "k"), 0);
    assert_int_in_range(w.mono_ms, 45 * 1000, 60 * 1000); /* 3, 6, 12, 24 s and an eighth */
    w.mono_ms = 0;
    w.good_after_ms = 20 * 1000;
    objectstore_next(w.store, "put", STORE_BUSY, 4, 0);
    assert_int_equal(put(&w, "k"), 0);
    assert_int_in_range(w.mono_ms, 20 * 1000,
                        24 * 1000); /* in the third wait; another one of 3 s */
    end(&w);
}

/* Larger than memory should hold: parts of the usual size, of a file without bytes of its own. */
static void large_file(void **state)
{
    const int64_t size = getenv("TRTC_LONG") ? INT64_C(5) << 30 : INT64_C(50) << 20;
    const int nb_parts =
        (int)(size / TRTC_STORAGE_PART_BYTES) + (size % TRTC_STORAGE_PART_BYTES != 0);

    (void)state;
    for (int b = 0; b < 2; b++) {
        static const uint8_t zeros[1 << 20];
        struct world w;
        struct trtc_storage_file file = { .path = "dir/f.ts", .key = "k" };
        struct trtc_storage_proof proof;
        struct trtc_err err;
        uint64_t crc = 0;

        start(&w, buckets[b], &(struct objectstore_options){ .digests_only = true });
        w.options.part_bytes = 0;
        open_storage(&w);
        file.fd = w.fd;
        assert_int_equal(ftruncate(w.fd, size), 0);
        if (put_with(&w, &file, &proof, &err))
            fail_msg("%s", err.msg);
        for (int64_t at = 0; at < size; at += sizeof zeros)
            crc = trtc_crc64(crc, zeros, sizeof zeros);
        assert_true(proof.crc64 == crc);
        assert_int_equal(proof.bytes, size);
        assert_true(objectstore_has_crc(w.store, "k", crc, size));
        assert_int_equal(objectstore_counts(w.store).parts, nb_parts);
        trtc_storage_proof_fini(&proof);
        end(&w);
    }
}

/* More than 10,000 usual parts: larger ones, read while they are sent, and never whole in memory. */
static int64_t very_large(struct world *w, uint64_t *crc)
{
    static uint8_t piece[1 << 16];
    const int64_t size = (int64_t)PART * (TRTC_STORAGE_PARTS_MAX + 1000) + 11;

    *crc = 0;
    for (int64_t at = 0; at < size; at += sizeof piece) {
        const size_t n = size - at < (int64_t)sizeof piece ? (size_t)(size - at) : sizeof piece;

        memset(piece, (int)(at >> 16), n);
        assert_int_equal(pwrite(w->fd, piece, n, at), (ssize_t)n);
        *crc = trtc_crc64(*crc, piece, n);
    }
    return size;
}

static void streamed(void **state)
{
    (void)state;
    for (int b = 0; b < 3; b++) {
        struct world w;
        struct trtc_storage_file file = { .path = "dir/f.ts", .key = "k" };
        struct trtc_storage_proof proof;
        struct trtc_err err;
        uint64_t crc;
        int64_t size;

        start(&w, buckets[b % 2],
              &(struct objectstore_options){ .digests_only = true, .plain = b == 2 });
        if (b == 2)
            w.place.kind = TRTC_PLACE_S3, open_storage(&w);
        file.fd = w.fd;
        size = very_large(&w, &crc);
        objectstore_next(w.store, "part", STORE_FLIP, 1, 2);
        objectstore_next(w.store, "part", STORE_LIE, 1, 4);
        objectstore_next(w.store, "part", STORE_DROP, 1, 6);
        objectstore_next(w.store, "part", STORE_BUSY, 1, 8);
        if (put_with(&w, &file, &proof, &err))
            fail_msg("%s", err.msg);
        assert_true(proof.crc64 == crc);
        assert_true(objectstore_has_crc(w.store, "k", crc, size));
        assert_int_equal(objectstore_counts(w.store).refused, 0);
        assert_int_equal(!!objectstore_counts(w.store).streamed, b > 0);
        trtc_storage_proof_fini(&proof);
        end(&w);
    }
}

/* A stream's file that ends too early, and one that is resumed. */
static int cut_at_once(struct world *w, const struct trtc_storage_part *p)
{
    return p->number == 3 ? ftruncate(w->fd, PART + 7) : 0;
}

static void streams_that_break(void **state)
{
    (void)state;
    for (int b = 0; b < 4; b++) {
        struct world w;
        struct trtc_storage_file file = { .path = "dir/f.ts", .key = "k", .part = part };
        struct trtc_storage_proof proof;
        struct trtc_err err;
        uint64_t crc;
        int64_t size;

        start(&w, buckets[b % 2], &(struct objectstore_options){ .digests_only = true });
        file.fd = w.fd;
        file.arg = &w;
        size = very_large(&w, &crc);
        if (b < 2) {
            w.on_part = cut_at_once;
            assert_int_equal(put_with(&w, &file, &proof, &err), 0);
            assert_int_equal(proof.bytes, PART + 7);
            trtc_storage_proof_fini(&proof);
        } else {
            file.begun = begun;
            objectstore_next(w.store, "part", STORE_REFUSE, 1, 5);
            assert_int_equal(put_with(&w, &file, &proof, &err), TRTC_EX_NOPERM);
            assert_int_equal(w.nb_parts, 5);
            file.resume = (struct trtc_storage_resume){ w.upload, w.parts, w.nb_parts };
            assert_int_equal(put_with(&w, &file, &proof, &err), 0);
            assert_true(objectstore_has_crc(w.store, "k", crc, size));
            trtc_storage_proof_fini(&proof);
        }
        end(&w);
    }
}

/* ---- VOD ---- */

static int put_vod(struct world *w, const char *key, struct trtc_storage_proof *proof,
                   struct trtc_err *err)
{
    const struct trtc_storage_file file = { .fd = w->fd, .path = "dir/f.ts", .key = key };

    return put_with(w, &file, proof, err);
}

static void vod(void **state)
{
    struct world w;
    struct trtc_storage_proof proof;
    struct trtc_err err;

    (void)state;
    start(&w, TRTC_PLACE_VOD, &(struct objectstore_options){ .token = TOKEN });
    w.place.vod.sub_app_id = 1500000000;
    w.place.vod.expire_s = 86400;
    w.place.vod.procedure = strdup("p");
    for (int i = 0; i < 2; i++) {
        fill(&w, i ? 3 * PART + 1 : 10, 1);
        assert_int_equal(put_vod(&w, "a/b+c.d.mp4", &proof, &err), 0);
        assert_string_equal(proof.file_id, "387702299");
        assert_non_null(strstr(proof.url, "http://media.example/vod/"));
        assert_true(
            objectstore_has(w.store, proof.url + strlen("http://media.example/"), w.bytes, w.n));
        assert_true(proof.crc64 == trtc_crc64(0, w.bytes, w.n));
        trtc_storage_proof_fini(&proof);
    }
    assert_int_equal(objectstore_counts(w.store).refused, 0);
    objectstore_next(w.store, "part", STORE_FLIP_LIE, 1, 0);
    objectstore_next(w.store, "complete", STORE_LOSE_PART, 1, 0);
    assert_int_equal(put_vod(&w, "x.mp4", &proof, &err), 0);
    trtc_storage_proof_fini(&proof);
    assert_int_equal(put_vod(&w, "a.b/x", &proof, &err), TRTC_EX_DATAERR);
    objectstore_next(w.store, "part", STORE_REFUSE, 1, 0);
    assert_int_equal(put_vod(&w, "x.mp4", &proof, &err), TRTC_EX_NOPERM);
    objectstore_next(w.store, "commit", STORE_BEHIND, 1, 0);
    assert_int_equal(put_vod(&w, "x.mp4", &proof, &err), 0);
    trtc_storage_proof_fini(&proof);
    end(&w);
}

/* The temporary keys do not last as long as the upload: they are applied for once more. */
static void vod_keys_expire(void **state)
{
    static const struct {
        int after;
        bool unsaid;
        size_t n;
    } t[] = { { 1, false, 10 },
              { 3, false, 3 * PART + 1 },
              { 3, true, 3 * PART + 1 },
              { 5, true, 3 * PART + 1 } };

    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct world w;
        struct trtc_storage_proof proof;
        struct trtc_err err;

        start(&w, TRTC_PLACE_VOD,
              &(struct objectstore_options){ .expire_after = t[i].after,
                                             .expire_unsaid = t[i].unsaid });
        fill(&w, t[i].n, 1);
        assert_int_equal(put_vod(&w, "x.mp4", &proof, &err), 0);
        assert_true(
            objectstore_has(w.store, proof.url + strlen("http://media.example/"), w.bytes, w.n));
        trtc_storage_proof_fini(&proof);
        end(&w);
    }
}

/* ---- thousands of faults ---- */

/* Puts files until the store has done so many wrongs. A put ends with a proof that is true, or with
 * an error. */
static void random_faults(void **state)
{
    const char *given = getenv("TRTC_FAULTS"), *seed = getenv("TRTC_SEED");
    const int wanted = given ? atoi(given) : getenv("TRTC_LONG") ? 10000 : 1000;

    (void)state;
    for (int b = 0; b < 2; b++) {
        struct objectstore_options o = { .seed = seed ? (uint32_t)atoi(seed) : 7,
                                         .per_mille = 300,
                                         .but = 1 << STORE_REFUSE | 1 << STORE_SKEWED };
        struct objectstore_counts c = { 0 };
        struct world w;
        int nb = 0, proven = 0;

        start(&w, buckets[b], &o);
        for (int faults = 0; faults < wanted / 2; nb++) {
            int code;

            fill(&w, (size_t)(nb * 977) % BYTES_MAX, (uint32_t)nb);
            code = put(&w, "k");
            if (code && code != TRTC_EX_TEMPFAIL)
                fail_msg("put %d: %d", nb, code);
            proven += !code;
            c = objectstore_counts(w.store);
            faults = c.requests - c.faults[STORE_RIGHT];
        }
        assert_true(proven > nb / 2);
        print_message("# %s: %d files, %d proven, %d requests, %d faults, 0 undetected\n",
                      b ? "S3" : "COS", nb, proven, c.requests, c.requests - c.faults[STORE_RIGHT]);
        end(&w);
    }
}

/* Where requests go: the store's own host with or without the bucket in front, or the endpoint. */
static void hosts(void **state)
{
    static const struct {
        enum trtc_place_kind kind;
        const char *bucket, *region, *endpoint;
        bool path_style;
        const char *url; /* of the key "a b+/c" */
    } list[] = {
        { TRTC_PLACE_COS, "b-125", "ap-x", NULL, false,
          "https://b-125.cos.ap-x.myqcloud.com/a%20b%2B/c" },
        { TRTC_PLACE_COS, "b-125", "ap-x", "cdn.example.org", false,
          "https://cdn.example.org/a%20b%2B/c" },
        { TRTC_PLACE_COS, "b-125", "ap-x", "cdn.example.org", true,
          "https://cdn.example.org/b-125/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "eu-x-1", NULL, false,
          "https://b.s3.eu-x-1.amazonaws.com/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "cn-x-1", NULL, false,
          "https://b.s3.cn-x-1.amazonaws.com.cn/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b.c", "r", NULL, false, "https://s3.r.amazonaws.com/b.c/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "r", NULL, true, "https://s3.r.amazonaws.com/b/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "r", "S3.example.org:9000", false,
          "https://b.s3.example.org:9000/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "r", "https://s3.example.org", true,
          "https://s3.example.org/b/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "r", "192.0.2.1:9000", false, "https://192.0.2.1:9000/b/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "r", "http://[::1]:9000", false, "http://[::1]:9000/b/a%20b%2B/c" },
        { TRTC_PLACE_S3, "b", "r", "http://localhost", false, "http://localhost/b/a%20b%2B/c" },
    };
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_S3, NULL);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const struct trtc_place place = { .kind = list[i].kind,
                                          .bucket = (char *)list[i].bucket,
                                          .region = (char *)list[i].region,
                                          .endpoint = (char *)list[i].endpoint,
                                          .path_style = list[i].path_style };
        const struct trtc_store_request q = { .key = "a b+/c" };
        struct trtc_storage_options o = w.options;
        struct trtc_storage *s;
        char *url;

        o.place = &place;
        s = trtc_storage_open(&o, NULL);
        assert_non_null(s);
        url = trtc_store_url(s, &q);
        assert_string_equal(url, list[i].url);
        free(url);
        trtc_storage_close(&s);
    }
    end(&w);
}

static void wrong_places(void **state)
{
    static const struct {
        const char *bucket, *region, *endpoint;
    } bad[] = {
        { NULL, "r", NULL },
        { "", "r", NULL },
        { "b/c", "r", NULL },
        { "b", "r/..", NULL },
        { "b.", "r", NULL },
        { "-b", "r", NULL },
        { "b", NULL, NULL },
        { "b", "r", "http://example.org" },
        { "b", "r", "https://u@example.org" },
        { "b", "r", "https://example.org/path" },
    };
    struct world w;

    (void)state;
    start(&w, TRTC_PLACE_S3, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct trtc_place place = { .kind = TRTC_PLACE_S3,
                                          .bucket = (char *)bad[i].bucket,
                                          .region = (char *)bad[i].region,
                                          .endpoint = (char *)bad[i].endpoint };
        struct trtc_storage_options o = w.options;
        struct trtc_err err;

        o.place = &place;
        assert_null(trtc_storage_open(&o, &err));
        assert_int_equal(err.code, TRTC_EX_USAGE);
    }
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(keys),
        cmocka_unit_test(wrong_key_files),
        cmocka_unit_test(each_fault_once),
        cmocka_unit_test(each_fault_for_ever),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(resumed),
        cmocka_unit_test(journal_of_something_else),
        cmocka_unit_test(journal_that_cannot_be_written),
        cmocka_unit_test(changing_files),
        cmocka_unit_test(store_without_checksums),
        cmocka_unit_test(clocks_that_differ),
        cmocka_unit_test(wrong_keys),
        cmocka_unit_test(store_that_goes_away),
        cmocka_unit_test(store_that_comes_back),
        cmocka_unit_test(one_asks_for_all),
        cmocka_unit_test(large_file),
        cmocka_unit_test(streamed),
        cmocka_unit_test(streams_that_break),
        cmocka_unit_test(vod),
        cmocka_unit_test(vod_keys_expire),
        cmocka_unit_test(random_faults),
        cmocka_unit_test(hosts),
        cmocka_unit_test(wrong_places),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
