/* SPDX-License-Identifier: MIT */
/* A directory of the test program's own, the current one, for as long as it runs. */
#ifndef TRTC_TESTS_SCRATCH_H
#define TRTC_TESTS_SCRATCH_H

#include <stddef.h>

/* Makes /tmp/NAME.XXXXXX and goes there: 0, or -1. */
int scratch_enter(const char *name);

/* Its path, while it is there. */
char *scratch_dir(void);

/* Removes it with all that is in it. For cmocka's groups. */
int scratch_leave(void **state);

/* Writes a file; the test fails where that cannot be done. */
void scratch_put(const char *path, const void *data, size_t n);

#endif
