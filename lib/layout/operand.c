/* SPDX-License-Identifier: MIT */
/* Operands that name a user's stream. */
#include "layout/operand.h"

#include <string.h>

#include "base/text.h"
#include "base/utc.h"

#define TIME_MAX_BYTES 63 /* RFC 3339 with a long fraction */

static bool take_end(const char *s, size_t *n, const char *word)
{
    const size_t k = strlen(word);
    if (*n < k || memcmp(s + *n - k, word, k) != 0)
        return false;
    *n -= k;
    return true;
}

int trtc_stream_parse(const char *s, size_t n, struct trtc_operand *out, struct trtc_err *err)
{
    char shown[128];
    const size_t all = n;
    bool aux = take_end(s, &n, ":aux");
    if (!aux)
        take_end(s, &n, ":main");
    if (n == 0)
        return trtc_fail(err, TRTC_EX_USAGE, "'%s': the user id is empty",
                         trtc_text_show(s, all, shown, sizeof shown));
    *out = (struct trtc_operand){ .user = s, .user_len = n, .aux = aux, .start_ms = TRTC_NOTIME };
    return 0;
}

/* Takes the time after the last '@' of the n bytes and shortens *n; TRTC_NOTIME: there is none. */
static int64_t take_start(const char *s, size_t *n)
{
    char text[TIME_MAX_BYTES + 1];
    size_t at = *n;
    int64_t ms;
    while (at > 0 && s[at - 1] != '@')
        at--;
    const size_t len = *n - at;
    if (at == 0 || len == 0 || len > TIME_MAX_BYTES)
        return TRTC_NOTIME;
    memcpy(text, s + at, len);
    text[len] = '\0';
    if (trtc_time_parse(text, &ms, NULL) < 0)
        return TRTC_NOTIME;
    *n = at - 1;
    return ms;
}

int trtc_operand_parse(const char *s, struct trtc_operand *out, struct trtc_err *err)
{
    const char *equals = strchr(s, '=');
    char shown[128];
    if (!*s)
        return trtc_fail(err, TRTC_EX_USAGE, "an input's name is empty");
    if (!equals) {
        *out = (struct trtc_operand){ .user = s, .user_len = strlen(s), .start_ms = TRTC_NOTIME };
        return 0;
    }
    size_t n = (size_t)(equals - s);
    trtc_text_show(s, strlen(s), shown, sizeof shown);
    if (!equals[1])
        return trtc_fail(err, TRTC_EX_USAGE, "'%s': nothing follows the '='", shown);
    const int64_t start_ms = take_start(s, &n);
    if (trtc_stream_parse(s, n, out, NULL) < 0)
        return trtc_fail(err, TRTC_EX_USAGE, "'%s': the user id is empty", shown);
    out->start_ms = start_ms;
    out->source = equals + 1;
    return 0;
}
