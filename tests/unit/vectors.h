/* SPDX-License-Identifier: MIT */
/* The vector files in tests/data, for the tests of lib/net. */
#ifndef TRTC_TESTS_VECTORS_H
#define TRTC_TESTS_VECTORS_H

#include <cjson/cJSON.h>
#include <stddef.h>

/* tests/data/NAME, parsed, the caller's (cJSON_Delete); the test fails where it is not there. */
cJSON *vectors_load(const char *name);

/* The element of an array whose "name" is that; the test fails where there is none. */
const cJSON *vectors_find(const cJSON *array, const char *name);

/* Members that must be there. */
const char *vectors_text(const cJSON *object, const char *key);
double vectors_number(const cJSON *object, const char *key);

/* Bytes of standard Base64, the caller's to free. */
unsigned char *vectors_bytes(const char *base64, size_t *n);

#endif
