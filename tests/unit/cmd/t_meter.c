/* SPDX-License-Identifier: MIT */
/* What programs print of their progress and of losses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmd/cli.h"
#include "cmd/loss.h"
#include "cmd/meter.h"
#include "recording/loss.h"

#define S INT64_C(1000000)

static void progress(void **state)
{
    static const struct {
        struct meter_state s;
        int64_t elapsed_us;
        const char *line, *json;
    } t[] = {
        { { .done_us = 30 * S, .total_us = 120 * S },
          10 * S,
          " 25 %  3.0x  0:30 left",
          "{\"fraction\":0.2500,\"done_ms\":30000,\"total_ms\":120000,\"speed\":3.00,"
          "\"left_ms\":30003}" },
        /* slower than life: the speed is no 0 */
        { { .done_us = 4 * S, .total_us = 60 * S },
          10 * S,
          "  7 %  0.40x  2:20 left",
          "{\"fraction\":0.0667,\"done_ms\":4000,\"total_ms\":60000,\"speed\":0.40,"
          "\"left_ms\":140014}" },
        { { .done_us = 3725 * S },
          3725 * S,
          "1:02:05  1.0x",
          "{\"done_ms\":3725000,\"speed\":1.00}" },
        { { .done_us = 600 * S,
            .total_us = 1200 * S,
            .bytes = 300000000,
            .total_bytes = 600000000,
            .file = 2,
            .files = 4 },
          2 * S,
          "file 2 of 4   50 %  150 MB/s  300x  0:02 left",
          "{\"fraction\":0.5000,\"bytes\":300000000,\"total_bytes\":600000000,\"speed\":299.85,"
          "\"left_ms\":2001,\"file\":2,\"files\":4}" },
        /* half was there, and has cost no time */
        { { .done_us = 75 * S,
            .total_us = 100 * S,
            .there_us = 50 * S,
            .bytes = 7500,
            .total_bytes = 10000,
            .there_bytes = 5000,
            .file = 2,
            .files = 2 },
          50 * S,
          "file 2 of 2   75 %  0.50x  0:50 left",
          "{\"fraction\":0.7500,\"bytes\":7500,\"total_bytes\":10000,\"speed\":0.50,"
          "\"left_ms\":50001,\"file\":2,\"files\":2}" },
        { { .total_us = 100 * S, .total_bytes = 10, .files = 1 },
          0,
          "  0 %  0.00x  0:00 left",
          "{\"fraction\":0.0000,\"bytes\":0,\"total_bytes\":10,\"speed\":0.00,\"left_ms\":0,"
          "\"file\":0,\"files\":1}" },
        { { .done_us = 101 * S, .total_us = 100 * S }, 10 * S, "100 %  10x  0:00 left", NULL },
    };
    char got[256];
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        meter_line(&t[i].s, t[i].elapsed_us, got, sizeof got);
        assert_string_equal(got, t[i].line);
        meter_json(&t[i].s, t[i].elapsed_us, got, sizeof got);
        if (t[i].json)
            assert_string_equal(got, t[i].json);
    }
}

static void losses(void **state)
{
    static const struct {
        struct trtc_loss l;
        const char *words;
    } t[] = {
        { { .lost_bytes = -1 }, "" },
        { { .lost_us = 1500000, .lost_bytes = -1 }, ": 1.500 s lost" },
        { { .lost_bytes = 12 }, ": 12 bytes lost" },
        { { .lost_us = 1000, .lost_bytes = 12 }, ": 0.001 s, 12 bytes lost" },
        { { .detail = "no such file" }, ": no such file" },
        { { .detail = "no such file", .lost_us = 1500000, .lost_bytes = 9 },
          ": no such file; 1.500 s, 9 bytes lost" },
    };
    char got[256];
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        loss_words(&t[i].l, got, sizeof got);
        assert_string_equal(got, t[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(progress), cmocka_unit_test(losses) };
    cli_init("prog");
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
