/* SPDX-License-Identifier: MIT */
/* Preloaded into a program (LD_PRELOAD), makes allocations fail: the FAIL_AT-th (1...), or, with FAIL_ON, all from
 * there on. FAIL_IN: only in the program of this name, not in those that it starts. FAIL_DEEP: the next one that fails
 * calls itself until the stack is full, as OpenSSL 3.6 may. FAIL_EXITS: so many functions are registered with atexit, the
 * list of which takes memory. FAIL_COUNT: a file that receives how many there were. Needs
 * glibc. */
#define _GNU_SOURCE /* memalign's place in glibc, program_invocation_short_name */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void *memalign(size_t, size_t);

static atomic_long nb;
static long fail_at;
static bool fail_on, fail_deep, counting;

static long dive(long n)
{
    volatile char hole[4096];
    hole[0] = (char)n;
    return n ? dive(n + 1) + hole[0] : 0;
}

static bool fails(void)
{
    if (!counting)
        return false;
    long n = atomic_fetch_add(&nb, 1) + 1;
    if (!fail_at || (fail_on ? n < fail_at : n != fail_at))
        return false;
    errno = ENOMEM;
    return !fail_deep || n == fail_at || dive(n);
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}

void *memalign(size_t align, size_t n)
{
    return fails() ? NULL : __libc_memalign(align, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    return memalign(align, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    void *got = memalign(align, n);
    if (!got)
        return ENOMEM;
    *p = got;
    return 0;
}

static void tell(void)
{
    char text[32];
    const char *path = counting ? getenv("FAIL_COUNT") : NULL;
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    int n = snprintf(text, sizeof text, "%ld\n", atomic_load(&nb));
    if (fd >= 0 && write(fd, text, (size_t)n) == n)
        close(fd);
}

static void nothing(void)
{
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_AT");
    fail_at = at ? atol(at) : 0;
    fail_on = getenv("FAIL_ON") != NULL;
    fail_deep = getenv("FAIL_DEEP") != NULL;
    atexit(tell);
    const char *in = getenv("FAIL_IN");
    counting = !in || strcmp(program_invocation_short_name, in) == 0;
    const char *exits = getenv("FAIL_EXITS");
    for (int i = exits ? atoi(exits) : 0; i > 0; i--)
        atexit(nothing);
}
