/* SPDX-License-Identifier: MIT */
/* The journal on disk. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/array.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_put.h"
#include "base/records.h"

#define NAME "events.ndjson"

enum { LINE_MAX_BYTES = 1 << 20 };

/* ---- reading ---- */

/* Returns where the last complete line ends, in bytes; -1: failure. */
static int64_t whole(int fd)
{
    char chunk[4096];
    int64_t end = lseek(fd, 0, SEEK_END);
    while (end > 0) {
        const int64_t from = end > (int64_t)sizeof chunk ? end - (int64_t)sizeof chunk : 0;
        ssize_t n = pread(fd, chunk, (size_t)(end - from), (off_t)from);
        for (; n > 0; n--)
            if (chunk[n - 1] == '\n')
                return from + n;
        if (n < 0)
            return -1;
        end = from;
    }
    return end;
}

static int take_line(struct log *l, const char *text, size_t n,
                     int (*take)(void *arg, const cJSON *line), void *arg)
{
    struct trtc_err err;
    const bool whole = trtc_json_is_whole(text, n);
    cJSON *line = whole ? trtc_json_parse(NAME, text, n, &err) : NULL;
    if (!whole)
        cli_error(NAME ": a line is not as it was written: it is left out");
    else if (!line)
        cli_error("%s: the line is left out", err.msg);
    l->nb_bad += !line;
    const int ret = line ? take(arg, line) : 0;
    cJSON_Delete(line);
    return ret;
}

int log_read(struct log *l, int (*take)(void *arg, const cJSON *line), void *arg,
             struct trtc_err *err)
{
    struct trtc_records r;
    const char *text;
    size_t n;
    int ret;
    if (lseek(l->fd, 0, SEEK_SET) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, NAME);
    if (trtc_records_init(&r, l->fd, '\n', LINE_MAX_BYTES, err) < 0)
        return -1;
    r.name = NAME;
    while ((ret = trtc_records_next(&r, &text, &n, err)) > 0)
        if (text && take_line(l, text, n, take, arg) < 0) {
            ret = trtc_fail_nomem(err);
            break;
        }
    trtc_records_fini(&r);
    return ret;
}

int log_open(struct log *l, int dir, int (*take)(void *arg, const cJSON *line), void *arg,
             struct trtc_err *err)
{
    l->fd = openat(dir, NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (l->fd < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot open " NAME);
    l->size = whole(l->fd);
    if (l->size < 0 || ftruncate(l->fd, (off_t)l->size) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, NAME);
    return log_read(l, take, arg, err);
}

/* ---- writing ---- */

int log_put(struct log *l, cJSON *line)
{
    char *text = trtc_json_checked_line(line);
    const size_t n = text ? strlen(text) : 0;
    cJSON_Delete(line);
    if (!text || trtc_array_reserve(&l->text, &l->cap, l->n + n, 1) < 0) {
        free(text);
        cli_error("out of memory: " NAME " lacks a line");
        return -1;
    }
    memcpy(l->text + l->n, text, n);
    l->n += n;
    free(text);
    return 0;
}

bool log_flush(struct log *l)
{
    struct trtc_err err;
    if (l->n == 0)
        return true;
    int ret = trtc_pwrite_all(l->fd, (struct trtc_bytes){ (uint8_t *)l->text, l->n }, l->size, NAME,
                              &err);
    if (ret == 0 && fdatasync(l->fd) < 0)
        ret = trtc_fail_errno(&err, TRTC_EX_IOERR, errno, NAME);
    if (ret < 0) {
        if (!l->said)
            cli_error("%s: trying again", err.msg);
        l->said = true;
        return false; /* the next attempt overwrites what was written */
    }
    l->size += (int64_t)l->n;
    l->n = 0;
    l->said = false;
    return true;
}

void log_close(struct log *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l->text);
    *l = (struct log){ .fd = -1 };
}
