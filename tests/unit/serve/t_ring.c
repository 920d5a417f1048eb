/* SPDX-License-Identifier: MIT */
/* The ring of a live stream: what readers get, what a slow one loses, what is kept for who comes later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/ring.h"

enum { P = TRTC_RING_PACKET, BLOCK = TRTC_RING_BLOCK };

static const struct trtc_ring_limits limits = { .bytes_max = 4 * BLOCK,
                                                .reach_ms = 10000,
                                                .back_ms = 3000 };

static struct trtc_ring *new_ring(void)
{
    struct trtc_err err;
    struct trtc_ring *r = trtc_ring_new(&limits, &err);
    assert_non_null(r);
    return r;
}

/* Adds n bytes; the byte at place k of the stream is k / P: the number of its packet. */
static void put(struct trtc_ring *r, size_t n, int64_t now_ms)
{
    struct trtc_err err;
    unsigned char *b = malloc(n + 1);
    assert_non_null(b);
    for (size_t i = 0; i < n; i++)
        b[i] = (unsigned char)((trtc_ring_total(r) + (int64_t)i) / P);
    assert_int_equal(trtc_ring_put(r, b, n, now_ms, &err), 0);
    free(b);
}

/* Takes all there is; each packet must be whole and from its place. Returns how many bytes. */
static size_t drain(const struct trtc_ring *r, struct trtc_ring_place *p)
{
    unsigned char b[3 * P + 50];
    size_t all = 0, n;
    int64_t at;
    do {
        n = trtc_ring_get(r, p, b, sizeof b);
        at = p->at - (int64_t)n;
        for (size_t i = 0; i < n; i++)
            assert_int_equal(b[i], (unsigned char)((at + (int64_t)i) / P));
        all += n;
    } while (n);
    return all;
}

static void whole_packets(void **state)
{
    struct trtc_ring *r = new_ring();
    struct trtc_ring_place p = trtc_ring_oldest(r, 0);
    (void)state;
    assert_int_equal(drain(r, &p), 0);
    put(r, P - 1, 0);
    assert_int_equal(drain(r, &p), 0);
    put(r, 1, 0);
    assert_int_equal(drain(r, &p), P);
    put(r, 3 * BLOCK + 7, 0);
    assert_int_equal(drain(r, &p), 3 * BLOCK);
    assert_int_equal(p.lost, 0);
    assert_false(trtc_ring_done(r, &p));
    trtc_ring_end(r);
    assert_int_equal(drain(r, &p), 7); /* the rest of the last packet */
    assert_true(trtc_ring_done(r, &p));
    trtc_ring_free(&r);
    assert_null(r);
}

static void slow_reader(void **state)
{
    struct trtc_ring *r = new_ring();
    struct trtc_ring_place slow = trtc_ring_oldest(r, 0), fast = slow;
    unsigned char b[5 * P];
    (void)state;
    put(r, BLOCK, 0);
    assert_int_equal(trtc_ring_get(r, &slow, b, sizeof b), 5 * P);
    for (int i = 0; i < 10; i++) {
        put(r, BLOCK, i);
        drain(r, &fast);
        trtc_ring_trim(r, slow.at, i);
    }
    assert_int_equal(fast.lost, 0);
    assert_int_equal(fast.at, 11 * BLOCK);
    assert_int_equal(trtc_ring_first(r), 7 * BLOCK);
    assert_int_equal(drain(r, &slow), 4 * BLOCK);
    assert_int_equal(slow.lost, 7 * BLOCK - 5 * P);
    assert_int_equal(slow.nb_gaps, 1);
    assert_int_equal(slow.lost % P, 0);
    trtc_ring_free(&r);
}

static void reach(void **state)
{
    struct trtc_ring *r = new_ring();
    struct trtc_ring_place slow = trtc_ring_oldest(r, 0);
    (void)state;
    put(r, BLOCK, 0);
    put(r, BLOCK, 1000);
    trtc_ring_trim(r, slow.at, 10000);
    assert_int_equal(trtc_ring_first(r), 0);
    trtc_ring_trim(r, slow.at, 10001); /* too old for anybody */
    assert_int_equal(trtc_ring_first(r), BLOCK);
    trtc_ring_trim(r, slow.at, 60000); /* the last block stays: it is being filled */
    assert_int_equal(trtc_ring_first(r), BLOCK);
    trtc_ring_free(&r);
}

static void back(void **state)
{
    struct trtc_ring *r = new_ring();
    (void)state;
    put(r, BLOCK, 0);
    put(r, BLOCK, 2000);
    put(r, P, 4000);
    assert_int_equal(trtc_ring_oldest(r, 3000).at, 0);
    assert_int_equal(trtc_ring_since(r, 1000, 1000).at, 0);
    assert_true(trtc_ring_since(r, 1000, 3000).at > 0);
    assert_int_equal(trtc_ring_oldest(r, 3001).at,
                     BLOCK); /* kept for another, but not for who comes now */
    assert_int_equal(trtc_ring_newest(r).at, 2 * BLOCK + P);
    trtc_ring_trim(r, INT64_MAX, 3000);
    assert_int_equal(trtc_ring_first(r), 0);
    trtc_ring_trim(r, INT64_MAX, 3001);
    assert_int_equal(trtc_ring_first(r), BLOCK);
    trtc_ring_trim(r, BLOCK, 6000); /* a reader has not got it */
    assert_int_equal(trtc_ring_first(r), BLOCK);
    trtc_ring_trim(r, 2 * BLOCK, 6000);
    assert_int_equal(trtc_ring_first(r), 2 * BLOCK);
    put(r, 10, 6000);
    assert_int_equal(trtc_ring_newest(r).at, 2 * BLOCK + P); /* from the start of a packet */
    trtc_ring_free(&r);
}

/* When the first byte of a new reader came. */
static void came(void **state)
{
    struct trtc_ring *r = new_ring();
    struct trtc_ring_place p;
    (void)state;
    p = trtc_ring_newest(r);
    assert_int_equal(trtc_ring_came_ms(r, &p, 900), 900); /* it is still to come */
    put(r, 10 * P, 1000);
    put(r, BLOCK, 2000);
    put(r, 5 * P, 3000);
    p = trtc_ring_oldest(r, 3000);
    assert_int_equal(trtc_ring_came_ms(r, &p, 3000), 1000);
    p = trtc_ring_oldest(r, 5500); /* the first block is too old */
    assert_int_equal(trtc_ring_came_ms(r, &p, 5500), 2000);
    p = trtc_ring_newest(r);
    assert_int_equal(trtc_ring_came_ms(r, &p, 5500), 5500);
    trtc_ring_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(came),  cmocka_unit_test(whole_packets), cmocka_unit_test(slow_reader),
        cmocka_unit_test(reach), cmocka_unit_test(back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
