/* SPDX-License-Identifier: MIT */
/* A directory of the test program's own. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include "unit/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

int scratch_enter(const char *name)
{
    snprintf(dir, sizeof dir, "/tmp/%s.XXXXXX", name);
    return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

char *scratch_dir(void)
{
    return dir;
}

int scratch_leave(void **state)
{
    char cmd[sizeof dir + 16];
    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return chdir("/") || system(cmd);
}

void scratch_put(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}
