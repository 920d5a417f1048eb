/* SPDX-License-Identifier: MIT */
/* A place that is out: one asks, some seconds after the last attempt, and nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "put/outage.h"

#define S INT64_C(1000000)

static void out_and_back(void **state)
{
    struct trtc_outage o = { 0 };
    int64_t wake_us = 0;

    (void)state;
    trtc_outage_failed(&o, 10 * S);
    trtc_outage_failed(&o, 11 * S);
    assert_int_equal(trtc_outage_may(&o, 11 * S, &wake_us), TRTC_OUTAGE_GO);
    assert_false(trtc_outage_over(&o)); /* it was the files */
    for (int i = 0; i < 3; i++)
        trtc_outage_failed(&o, (20 + i) * S);
    for (int64_t t = 22 * S; t < 120 * S; t = wake_us) { /* nothing comes of asking */
        assert_int_equal(trtc_outage_may(&o, t, &wake_us), TRTC_OUTAGE_WAIT);
        assert_int_equal(wake_us, t + TRTC_OUTAGE_ASK_US);
        assert_int_equal(trtc_outage_may(&o, wake_us, &wake_us), TRTC_OUTAGE_ASK);
        o.asking = true;
        const int64_t asked_us = wake_us;
        assert_int_equal(trtc_outage_may(&o, asked_us, &wake_us), TRTC_OUTAGE_WAIT);
        assert_int_equal(wake_us, INT64_MAX);
        trtc_outage_failed(&o, asked_us);
        wake_us = asked_us;
    }
    assert_int_equal(trtc_outage_may(&o, 200 * S, &wake_us), TRTC_OUTAGE_ASK);
    o.asking = true;
    trtc_outage_silent(&o); /* that file was not there: the next one asks */
    assert_int_equal(trtc_outage_may(&o, 200 * S, &wake_us), TRTC_OUTAGE_ASK);
    assert_true(trtc_outage_over(&o));
    assert_int_equal(trtc_outage_may(&o, 200 * S, &wake_us), TRTC_OUTAGE_GO);
    assert_false(trtc_outage_over(&o));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(out_and_back) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
