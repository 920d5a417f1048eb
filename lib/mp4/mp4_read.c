/* SPDX-License-Identifier: MIT */
/* Reads from a finished file how many losses there were when it was made: moov, udta, meta, ilst,
 * ---- (or the comment), data (ISO/IEC 14496-12, 4.2; the metadata as in QuickTime). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/num.h"
#include "mp4/mp4_priv.h"

enum {
    BOX_HEADER = 8,
    META_HEADER = 4,
    TEXT_HEADER = 4,
    DATA_HEADER = 8,
    BOXES_MAX = 1000,
    TEXT_MAX = 64
};

/* Finds a box of this type in [*from, *to), and sets the range to that of its content. */
static bool enter(int fd, const char *type, int64_t *from, int64_t *to)
{
    int64_t at = *from;
    for (int i = 0; i < BOXES_MAX && at + BOX_HEADER <= *to; i++) {
        uint8_t h[16];
        int64_t header = BOX_HEADER;
        if (trtc_read_at(fd, h, sizeof h, at) < BOX_HEADER)
            return false;
        int64_t size = (int64_t)trtc_be(h, 4);
        if (size == 1) {
            size = (int64_t)trtc_be(h + 8, 8);
            header = 16;
        }
        if (size < header || size > *to - at)
            return false;
        if (memcmp(h + 4, type, 4) == 0) {
            *from = at + header;
            *to = at + size;
            return true;
        }
        at += size;
    }
    return false;
}

struct stretch {
    int64_t from, to;
};

/* The text of the box of that type within a range, after its header. Returns its length, or -1. */
static ssize_t text_of(int fd, const char *type, struct stretch in, int header, char out[TEXT_MAX])
{
    int64_t from = in.from, to = in.to;
    if (!enter(fd, type, &from, &to) || to - from < header || to - from - header >= TEXT_MAX)
        return -1;
    const ssize_t n = trtc_read_at(fd, out, (size_t)(to - from - header), from + header);
    if (n >= 0)
        out[n] = '\0';
    return n;
}

static bool has_text(int fd, const char *type, int64_t from, int64_t to, const char *text)
{
    char got[TEXT_MAX];
    return text_of(fd, type, (struct stretch){ from, to }, TEXT_HEADER, got) ==
               (ssize_t)strlen(text) &&
           strcmp(got, text) == 0;
}

/* Finds the item that states the losses among the items in [*from, *to). */
static bool find_item(int fd, int64_t *from, int64_t *to)
{
    int64_t at = *from;
    for (int i = 0; i < BOXES_MAX; i++) {
        int64_t begin = at, end = *to;
        if (!enter(fd, "----", &begin, &end))
            return false;
        if (has_text(fd, "mean", begin, end, TRTC_MP4_LOSSES_MEAN) &&
            has_text(fd, "name", begin, end, TRTC_MP4_LOSSES_NAME)) {
            *from = begin;
            *to = end;
            return true;
        }
        at = end;
    }
    return false;
}

/* Finds the sentence in the comment. In files of version 0.1 it is the only record. */
static bool find_sentence(int fd, int64_t from, int64_t to, char text[TEXT_MAX])
{
    static const char begin[] = TRTC_MP4_LOSSES_SENTENCE;
    if (!enter(fd,
               "\xa9"
               "cmt",
               &from, &to) ||
        text_of(fd, "data", (struct stretch){ from, to }, DATA_HEADER, text) <
            (ssize_t)sizeof begin - 1 ||
        strncmp(text, begin, sizeof begin - 1) != 0)
        return false;
    memmove(text, text + sizeof begin - 1, strlen(text + sizeof begin - 1) + 1);
    return true;
}

static bool find_losses(int fd, int64_t size, char text[TEXT_MAX])
{
    int64_t from = 0, to = size;
    if (!enter(fd, "moov", &from, &to) || !enter(fd, "udta", &from, &to) ||
        !enter(fd, "meta", &from, &to))
        return false;
    from += META_HEADER;
    if (!enter(fd, "ilst", &from, &to))
        return false;
    int64_t begin = from, end = to;
    if (find_item(fd, &begin, &end))
        return text_of(fd, "data", (struct stretch){ begin, end }, DATA_HEADER, text) > 0;
    return find_sentence(fd, from, to, text);
}

int trtc_mp4_read_losses(const char *path, int64_t *nb, struct trtc_err *err)
{
    char text[TEXT_MAX];
    struct trtc_err none;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *nb = 0;
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
    errno = 0; /* not finding anything is no error */
    const bool found = find_losses(fd, lseek(fd, 0, SEEK_END), text);
    const int errnum = errno;
    close(fd);
    if (found && trtc_num_int("losses", text, (struct trtc_range){ 0, INT64_MAX }, nb, &none) < 0)
        *nb = 0;
    return errnum ? trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "%s", path) : 0;
}
