/* SPDX-License-Identifier: MIT */
/* The account of a track: what balances, what does not, and the names of the reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "recording/ledger.h"
#include "recording/ledger_json.h"

static void balances(void **state)
{
    (void)state;
    struct trtc_ledger l = { .nb_in = 10, .nb_out = 7, .nb_put_in = 5 };
    l.nb_left[TRTC_LEFT_DAMAGED] = 2;
    l.nb_left[TRTC_LEFT_RATE] = 1;
    assert_int_equal(trtc_ledger_left(&l), 3);
    assert_int_equal(trtc_ledger_open(&l), 0);
    l.nb_in++;
    assert_int_equal(trtc_ledger_open(&l), 1);
    l.nb_out += 2;
    assert_int_equal(trtc_ledger_open(&l), -1);
}

static void adds_up(void **state)
{
    (void)state;
    struct trtc_ledger a = { .nb_packets = 1, .nb_in = 2, .nb_out = 1, .nb_put_in = 4 }, b = a;
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        b.nb_left[k] = k;
    trtc_ledger_add(&a, &b);
    assert_int_equal(a.nb_packets, 2);
    assert_int_equal(a.nb_in, 4);
    assert_int_equal(a.nb_out, 2);
    assert_int_equal(a.nb_put_in, 8);
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        assert_int_equal(a.nb_left[k], k);
}

static void reasons_have_names(void **state)
{
    (void)state;
    for (int k = 0; k < TRTC_NB_LEFT; k++) {
        const char *name = trtc_left_name((enum trtc_left)k);
        assert_non_null(name);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        assert_non_null(trtc_left_words((enum trtc_left)k));
        for (int j = 0; j < k; j++)
            assert_string_not_equal(name, trtc_left_name((enum trtc_left)j));
    }
    assert_true(trtc_left_is_loss(TRTC_LEFT_NO_KEY));
    assert_false(trtc_left_is_loss(TRTC_LEFT_RATE));
}

/* The n-th allocation of cJSON fails. */
static int allocations_left = -1;

static void *scarce(size_t n)
{
    return allocations_left-- == 0 ? NULL : malloc(n);
}

static void printed(void **state)
{
    (void)state;
    struct trtc_ledger l = { .nb_in = 10, .nb_out = 6, .nb_put_in = 1 };
    l.nb_left[TRTC_LEFT_DAMAGED] = 3;
    cJSON *j = trtc_ledger_json(&l);
    char *text = cJSON_PrintUnformatted(j);
    assert_string_equal(text, "{\"frames_in\":10,\"frames_out\":6,\"put_in\":1,"
                              "\"left_out\":{\"damaged\":3},\"unaccounted\":1}");
    free(text);
    cJSON_Delete(j);
    l.nb_packets = 7;
    j = trtc_ledger_json(&l);
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(j, "packets_in")->valueint, 7);
    cJSON_Delete(j);

    cJSON_Hooks hooks = { scarce, free };
    cJSON_InitHooks(&hooks);
    int nb_failed = 0;
    for (int n = 0; nb_failed == n; n++) {
        allocations_left = n;
        j = trtc_ledger_json(&l);
        nb_failed += j == NULL;
        cJSON_Delete(j);
    }
    assert_true(nb_failed > 8);
    cJSON_InitHooks(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balances),
        cmocka_unit_test(printed),
        cmocka_unit_test(adds_up),
        cmocka_unit_test(reasons_have_names),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
