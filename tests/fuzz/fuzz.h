/* SPDX-License-Identifier: MIT */
/* What the harnesses share. `make fuzz` builds and runs them, with whatever they need from the libraries. */
#ifndef TRTC_TESTS_FUZZ_H
#define TRTC_TESTS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define check(holds) ((holds) ? (void)0 : failed(__FILE__, __LINE__, #holds))

static inline void failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "SUMMARY: %s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* A copy of exactly n bytes and a NUL, so that a byte read behind it is found. */
static inline char *text_of(const uint8_t *data, size_t n)
{
    char *s = malloc(n + 1);
    check(s != NULL);
    if (n)
        memcpy(s, data, n);
    s[n] = '\0';
    return s;
}

/* Takes the next field of the input, which a byte that is none of text ends; false at the end. */
static inline bool next_field(const uint8_t **data, size_t *size, const uint8_t **field, size_t *n)
{
    if (!*size)
        return false;
    const uint8_t *end = memchr(*data, 0xff, *size);
    *field = *data;
    *n = end ? (size_t)(end - *data) : *size;
    const size_t used = *n + (end != NULL);
    *data += used;
    *size -= used;
    return true;
}

#endif
