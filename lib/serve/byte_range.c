/* SPDX-License-Identifier: MIT */
/* Finds out which part of a file a request asks for. */
#include "serve/byte_range.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Reads a number of at most 18 digits, and moves at after it. Returns false if there is none. */
static bool number(const char **at, int64_t *out)
{
    const size_t n = strspn(*at, "0123456789");
    if (n == 0 || n > 18)
        return false;
    *out = strtoll(*at, NULL, 10);
    *at += n;
    return true;
}

/* Reads "FROM-TO", "FROM-" or "-N". *first, *last: the first and last byte; last INT64_MAX: up to
 * the end; first -1: the last *last bytes. */
static bool parse(const char *at, int64_t *first, int64_t *last)
{
    *first = -1;
    *last = INT64_MAX;
    const bool has_first = number(&at, first);
    if (*at++ != '-')
        return false;
    const bool has_last = number(&at, last);
    return !*at && (has_first || has_last) && (!has_first || *first <= *last);
}

enum trtc_byte_range trtc_byte_range_of(const char *range, int64_t size, int64_t *from, int64_t *n)
{
    int64_t first, last;
    if (!range || strncasecmp(range, "bytes=", 6) != 0 || !parse(range + 6, &first, &last))
        return TRTC_BYTES_ALL;
    if (first < 0) {
        first = last < size ? size - last : 0;
        last = last ? INT64_MAX : first - 1;
    }
    if (first >= size || last < first)
        return TRTC_BYTES_NONE;
    *from = first;
    *n = (last < size ? last + 1 : size) - first;
    return TRTC_BYTES_PART;
}
