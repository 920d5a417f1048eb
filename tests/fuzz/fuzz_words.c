/* SPDX-License-Identifier: MIT */
/* The words of command lines under libFuzzer: numbers, times, operands, colours, marks, addresses. What is taken lies in
 * the range that was given, what is refused has an exit status and one line of text. */
#include "base/num.h"
#include "base/text.h"
#include "base/utc.h"
#include "fuzz/fuzz.h"
#include "layout/mixset.h"
#include "layout/operand.h"
#include "net/endpoint.h"

static void refused(const struct trtc_err *err)
{
    check(err->code >= TRTC_EX_USAGE && err->msg[0]);
    check(trtc_utf8_valid(err->msg, strlen(err->msg)));
    for (const char *c = err->msg; *c; c++)
        check((unsigned char)*c >= ' ' && *c != 0x7f);
}

static void numbers(const char *s)
{
    struct trtc_err err = { 0 };
    int64_t v;
    int w, h;

    if (trtc_num_int("-x", s, (struct trtc_range){ INT64_MIN, INT64_MAX }, &v, &err) < 0)
        refused(&err);
    if (trtc_num_int("-x", s, (struct trtc_range){ -5, 7 }, &v, &err) == 0)
        check(v >= -5 && v <= 7);
    if (trtc_num_duration_us("-x", s, (struct trtc_range){ 0, INT64_MAX }, &v, &err) == 0)
        check(v >= 0);
    else
        refused(&err);
    if (trtc_num_duration_us("-x", s, (struct trtc_range){ -1000, 86400000000 }, &v, &err) == 0)
        check(v >= -1000 && v <= 86400000000);
    if (trtc_num_bytes("-x", s, (struct trtc_range){ 1, INT64_MAX }, &v, &err) == 0)
        check(v >= 1);
    else
        refused(&err);
    if (trtc_num_size("-x", s, &w, &h, &err) == 0)
        check(w >= 2 && w <= 16384 && h >= 2 && h <= 16384);
    else
        refused(&err);
}

static void times(const char *s, size_t n)
{
    struct trtc_err err = { 0 };
    int64_t ms, again;
    char text[32];

    if (trtc_time_parse(s, &ms, &err) < 0)
        refused(&err);
    else
        trtc_utc_format3339(ms, text);
    if (n >= TRTC_UTC_LEN && trtc_utc_parse17(s, &ms) == 0) {
        trtc_utc_format17(ms, text);
        check(trtc_utc_parse17(text, &again) == 0 && again == ms);
    }
}

static void operands(const char *s, size_t n)
{
    struct trtc_operand o;
    struct trtc_err err = { 0 };

    if (trtc_operand_parse(s, &o, &err) == 0) {
        check(o.user >= s && o.user + o.user_len <= s + n);
        check(!o.source || (o.source > s && o.source <= s + n));
    } else {
        refused(&err);
    }
    if (trtc_stream_parse(s, n, &o, &err) < 0)
        refused(&err);
}

static void looks(const char *s)
{
    struct trtc_mix_look look;
    struct trtc_err err = { 0 };
    uint32_t colour;

    if (trtc_colour_parse("-x", s, &colour, &err) == 0)
        check(colour <= 0xffffff);
    else
        refused(&err);
    trtc_mix_look_init(&look);
    for (int kind = TRTC_MARK_IMAGE; kind <= TRTC_MARK_CLOCK; kind++)
        if (trtc_mark_parse((enum trtc_mark_kind)kind, s, &look, &err) < 0)
            refused(&err);
    trtc_mix_look_fini(&look);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = text_of(data, size);
    const size_t n = strlen(s);
    struct trtc_endpoint e;
    struct trtc_err err = { 0 };

    numbers(s);
    times(s, n);
    operands(s, n);
    looks(s);
    if (trtc_endpoint_parse(s, &e, &err) == 0)
        check(strlen(e.url) < sizeof e.url && *e.host && strncmp(e.url, "http", 4) == 0);
    else
        refused(&err);
    free(s);
    return 0;
}
