/* SPDX-License-Identifier: MIT */
/* Lists of file names. No other module reads directories. */
#include "base/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"

int trtc_names_add(struct trtc_names *l, const char *s)
{
    if (trtc_array_room(&l->v, l->n, sizeof *l->v) < 0)
        return -1;
    l->v[l->n] = strdup(s);
    return l->v[l->n] ? (l->n++, 0) : -1;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void trtc_names_sort(struct trtc_names *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, by_bytes);
}

void trtc_names_fini(struct trtc_names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
    *l = (struct trtc_names){ 0 };
}

int trtc_list_rest(DIR *d, const char *dir, struct trtc_names *out, struct trtc_err *err)
{
    const struct dirent *e;
    for (errno = 0; (e = readdir(d)); errno = 0)
        if (trtc_names_add(out, e->d_name) < 0)
            return trtc_fail_nomem(err);
    return errno ? trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", dir) : 0;
}

int trtc_list_dir(int dirfd, const char *dir, struct trtc_names *out, struct trtc_err *err)
{
    const int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", dir);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    const int ret = trtc_list_rest(d, dir, out, err);
    closedir(d);
    return ret;
}
