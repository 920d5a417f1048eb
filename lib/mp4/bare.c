/* SPDX-License-Identifier: MIT */
/* Bare AAC with an ID3v2 tag: see bare.h. */
#include "mp4/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utc.h"

enum {
    HEADER = 7,       /* ADTS without a checksum */
    FRAME_MAX = 8191, /* frame_length has 13 bits */
    BLOCK = 256 * 1024,
    TITLE_MAX = 256,
    TAG = 1024, /* size of the tag in front, padding included */
    TAG_HEADER = 10,
    FRAME_HEADER = 10,
    UTF8 = 3 /* ID3v2.4, 4: the encoding of a text */
};

static const char losses_key[] = "trtc-losses";

struct trtc_bare {
    int fd;
    char *name;
    uint8_t header[HEADER]; /* with a length of 0 */
    char title[TITLE_MAX];
    char time[32]; /* when the sound begins, or "" */
    int64_t nb_frames, bytes;
    size_t held;
    uint8_t buf[BLOCK];
};

/* ---- the tag (ID3v2.4.0, structure: 3.1 and 4; frames: 4.2 and 4.10) ---- */

/* Writes 28 bits as four bytes of seven bits each. */
static void put_size(uint8_t *p, size_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(n >> (21 - 7 * i) & 127);
}

static size_t get_size(const uint8_t *p)
{
    return (size_t)(p[0] & 127) << 21 | (size_t)(p[1] & 127) << 14 | (size_t)(p[2] & 127) << 7 |
           (p[3] & 127);
}

/* Writes a text frame at p: front, which precedes the text, and the text. Returns its size. */
static size_t put_text(uint8_t *p, const char *id, const char *front, size_t nb_front,
                       const char *text)
{
    const size_t n = strlen(text);

    memcpy(p, id, 4);
    put_size(p + 4, 1 + nb_front + n);
    p[8] = p[9] = 0; /* flags */
    p[FRAME_HEADER] = UTF8;
    memcpy(p + FRAME_HEADER + 1, front, nb_front);
    memcpy(p + FRAME_HEADER + 1 + nb_front, text, n);
    return FRAME_HEADER + 1 + nb_front + n;
}

static void make_tag(const struct trtc_bare *b, int64_t nb_losses, uint8_t tag[TAG])
{
    uint8_t *p = tag + TAG_HEADER;
    char number[24], sentence[64];

    memset(tag, 0, TAG);
    memcpy(tag, "ID3\4", 4);
    put_size(tag + 6, TAG - TAG_HEADER);
    if (b->title[0])
        p += put_text(p, "TIT2", "", 0, b->title);
    if (b->time[0])
        p += put_text(p, "TDRC", "", 0, b->time);
    if (nb_losses == 0)
        return;
    snprintf(number, sizeof number, "%" PRId64, nb_losses);
    snprintf(sentence, sizeof sentence, TRTC_MP4_LOSSES_SENTENCE "%s", number);
    p += put_text(p, "TXXX", losses_key, sizeof losses_key, number);
    put_text(p, "COMM", "und\0", 4, sentence); /* the language, no description */
}

/* ---- frames ---- */

/* Makes the fixed part of the ADTS headers from an AudioSpecificConfig (1.6.2.1). */
static int make_header(struct trtc_bare *b, const struct trtc_mp4_track *t, struct trtc_err *err)
{
    const unsigned config = t->asc_size >= 2 ? (unsigned)(t->asc[0] << 8 | t->asc[1]) : 0;
    const unsigned type = config >> 11, rate = config >> 7 & 15, channels = config >> 3 & 15;

    if (type < 1 || type > 4 || rate > 12 || channels < 1 || channels > 7)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE,
                         "%s: AAC of this kind (object type %u, %d channels) has no place in ADTS",
                         b->name, type, t->channels);
    b->header[0] = 0xff;
    b->header[1] = 0xf1; /* MPEG-4, no checksum */
    b->header[2] = (uint8_t)((type - 1) << 6 | rate << 2 | channels >> 2);
    b->header[3] = (uint8_t)((channels & 3) << 6);
    b->header[5] = 0x1f;
    b->header[6] = 0xfc; /* buffer fullness: variable rate */
    return 0;
}

struct trtc_bare *trtc_bare_new(int fd, const char *name, const struct trtc_mp4_info *info,
                                const struct trtc_mp4_track *t, struct trtc_err *err)
{
    struct trtc_bare *b = calloc(1, sizeof *b);

    if (!b || !(b->name = strdup(name))) {
        trtc_bare_free(&b);
        trtc_fail_nomem(err);
        return NULL;
    }
    b->fd = fd;
    if (make_header(b, t, err) < 0) {
        trtc_bare_free(&b);
        return NULL;
    }
    if (info->title && strlen(info->title) < sizeof b->title)
        snprintf(b->title, sizeof b->title, "%s", info->title);
    if (info->creation_ms != TRTC_NOTIME) {
        trtc_utc_format3339(info->creation_ms, b->time);
        b->time[strlen("2026-01-20T11:30:22")] = '\0'; /* as precise as ID3 allows, in UTC */
    }
    make_tag(b, 0, b->buf);
    b->held = b->bytes = TAG;
    return b;
}

static int flush(struct trtc_bare *b, struct trtc_err *err)
{
    const size_t n = b->held;

    b->held = 0;
    return n ? trtc_write_all(b->fd, b->buf, n, b->name, err) : 0;
}

int trtc_bare_write(struct trtc_bare *b, const struct trtc_sample *s, struct trtc_err *err)
{
    const size_t size = HEADER + s->size;

    if (s->pts < 0)
        return 0;
    if (size > FRAME_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: a sound frame of %zu bytes is too large",
                         b->name, s->size);
    if (b->held + size > sizeof b->buf && flush(b, err) < 0)
        return -1;

    uint8_t *p = b->buf + b->held;
    memcpy(p, b->header, HEADER);
    p[3] |= (uint8_t)(size >> 11);
    p[4] = (uint8_t)(size >> 3);
    p[5] |= (uint8_t)((size & 7) << 5);
    memcpy(p + HEADER, s->data, s->size);
    b->held += size;
    b->bytes += (int64_t)size;
    b->nb_frames++;
    return 0;
}

int64_t trtc_bare_size(const struct trtc_bare *b)
{
    return b->bytes;
}

int trtc_bare_finish(struct trtc_bare *b, int64_t nb_losses, struct trtc_err *err)
{
    uint8_t tag[TAG];

    if (b->nb_frames == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: nothing was written to it", b->name);
    if (flush(b, err) < 0)
        return -1;
    if (nb_losses == 0)
        return 0;
    make_tag(b, nb_losses, tag);
    return trtc_pwrite_all(b->fd, (struct trtc_bytes){ tag, sizeof tag }, 0, b->name, err);
}

void trtc_bare_free(struct trtc_bare **b)
{
    if (*b)
        free((*b)->name);
    free(*b);
    *b = NULL;
}

/* ---- reading it again ---- */

/* The number in a text frame with our key. */
static int64_t losses_in(const uint8_t *text, size_t n)
{
    char digits[24] = "";

    if (n <= 1 + sizeof losses_key || n - 1 - sizeof losses_key >= sizeof digits ||
        text[0] != UTF8 || memcmp(text + 1, losses_key, sizeof losses_key) != 0)
        return 0;
    memcpy(digits, text + 1 + sizeof losses_key, n - 1 - sizeof losses_key);
    const long long nb = strtoll(digits, NULL, 10);
    return nb > 0 ? nb : 0;
}

static int64_t look_into_tag(const uint8_t *tag, size_t n)
{
    if (n < TAG_HEADER || memcmp(tag, "ID3\4", 4) != 0)
        return 0;
    for (size_t at = TAG_HEADER; at + FRAME_HEADER < n && tag[at];) {
        const size_t size = get_size(tag + at + 4);
        const uint8_t *text = tag + at + FRAME_HEADER;
        if (size > n - at - FRAME_HEADER)
            break;
        if (memcmp(tag + at, "TXXX", 4) == 0 && losses_in(text, size) > 0)
            return losses_in(text, size);
        at += FRAME_HEADER + size;
    }
    return 0;
}

int trtc_bare_read_losses(const char *path, int64_t *nb, struct trtc_err *err)
{
    uint8_t tag[TAG];
    size_t n = 0;
    ssize_t got = 1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *nb = 0;
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", path);
    while (n < sizeof tag && got > 0) {
        got = read(fd, tag + n, sizeof tag - n);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            n += (size_t)got;
    }
    const int errnum = got < 0 ? errno : 0;
    close(fd);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "%s", path);
    *nb = look_into_tag(tag, n);
    return 0;
}
