/* SPDX-License-Identifier: MIT */
/* Zeroed memory for FFmpeg's libraries that is in memory only where it is used.
 *
 * A decoder of H.264 or AAC allocates 0.5 MB for what few streams have (data partitions, spectral
 * band replication, long-term prediction). FFmpeg's av_mallocz writes zeros to all of it, so that
 * each of 50 decoders takes that much. The program itself defines the function, so that the
 * libraries use this one. */
#define _DEFAULT_SOURCE /* madvise */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    ALIGN = 64,               /* enough for every vector that FFmpeg uses */
    LARGE_BYTES = 64 * 1024,  /* less is not worth a system call */
    SIZE_MAX_BYTES = INT_MAX, /* FFmpeg's own limit */
};

void *av_mallocz(size_t size);

/* Makes whole pages zero by giving them back: whoever uses them gets new ones. Returns false if the
 * system refuses, as for locked memory, or is another one, which may leave them as they are. */
static bool give_back(uint8_t *begin, const uint8_t *end)
{
#ifdef __linux__
    return madvise(begin, (size_t)(end - begin), MADV_DONTNEED) == 0;
#else
    (void)begin, (void)end;
    return false;
#endif
}

/* The documented contract (libavutil/mem.h): aligned, freed by free(3), NULL: no memory. */
void *av_mallocz(size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *p = NULL;
    if (size > SIZE_MAX_BYTES || posix_memalign(&p, ALIGN, size ? size : 1) != 0)
        return NULL;
    uint8_t *const all = p, *const end = all + size;
    uint8_t *const first = all + (page - (uintptr_t)all % page) % page;
    const uint8_t *const last = end - (uintptr_t)end % page;
    if (size < LARGE_BYTES || last <= first || !give_back(first, last))
        return memset(p, 0, size);
    memset(all, 0, (size_t)(first - all));
    memset(all + (last - all), 0, (size_t)(end - last));
    return p;
}
