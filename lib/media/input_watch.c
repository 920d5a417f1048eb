/* SPDX-License-Identifier: MIT */
/* Faults of a container that libavformat passes over: what it says to its log, and boxes of an MP4
 * that do not follow each other. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/log.h>

#include "media/input_priv.h"

/* ---- the log ---- */

/* What a demuxer calls a warning though something is lost: the tags of an FLV that do not fit, the
 * segments of a playlist that cannot be had. */
static bool is_loss(const char *fmt)
{
    return strstr(fmt, "mismatch") || strstr(fmt, "egment");
}

static void note(struct trtc_input_watch *w, const char *fmt, va_list ap)
{
    if ((w->stop && *w->stop) || w->nb_faults++ > 0)
        return;
    const int n = vsnprintf(w->first, sizeof w->first, fmt, ap);
    if (n > 0 && (size_t)n < sizeof w->first && w->first[n - 1] == '\n')
        w->first[n - 1] = '\0';
}

static void on_log(void *of, int level, const char *fmt, va_list ap)
{
    const AVClass *class = of ? *(const AVClass *const *)of : NULL;
    AVFormatContext *ic = class && strcmp(class->class_name, "AVFormatContext") == 0 ? of : NULL;
    va_list copy;

    level &= 0xff;
    if (ic && ic->iformat && ic->opaque &&
        (level <= AV_LOG_ERROR || (level <= AV_LOG_WARNING && is_loss(fmt)))) {
        va_copy(copy, ap);
        note(ic->opaque, fmt, copy);
        va_end(copy);
    }
    av_log_default_callback(of, level, fmt, ap);
}

static void install(void)
{
    av_log_set_callback(on_log);
}

void trtc_input_watch_log(struct trtc_input_watch *w, AVFormatContext *ic)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, install);
    ic->opaque = w;
}

/* ---- boxes (ISO/IEC 14496-12, 4.2) ---- */

static bool is_type(const uint8_t *p)
{
    for (int i = 0; i < 4; i++)
        if (p[i] < ' ' || p[i] > '~')
            return false;
    return true;
}

static void broken(struct trtc_input_watch *w)
{
    w->done = true;
    if (w->nb_faults++ == 0)
        snprintf(w->first, sizeof w->first, "no box begins at byte %" PRId64, w->box_at);
}

/* The header of the box in hand is complete. */
static void take_header(struct trtc_input_watch *w)
{
    const uint8_t *h = w->header;
    uint64_t size = (uint64_t)h[0] << 24 | (uint64_t)h[1] << 16 | (uint64_t)h[2] << 8 | h[3];
    const bool large = size == 1;

    for (int i = 8; large && i < 16; i++)
        size = (i == 8 ? 0 : size << 8) | h[i];
    if (size == 0 && (is_type(h + 4) || memcmp(h + 4, "\0\0\0", 4) == 0)) {
        w->done = true; /* a box to the end of the file, or zeros */
    } else if (!is_type(h + 4) || size < (large ? 16 : 8) || size > INT64_MAX / 2) {
        broken(w);
    } else {
        w->box_at += (int64_t)size;
        w->nb_header = 0;
    }
}

void trtc_input_watch_boxes(struct trtc_input_watch *w, int64_t pos, const uint8_t *p, size_t n)
{
    while (w->boxes && !w->done) {
        const int64_t want = w->box_at + (int64_t)w->nb_header;
        if (want < pos || want >= pos + (int64_t)n)
            return;
        w->header[w->nb_header++] = p[want - pos];
        if (w->nb_header == 16 || (w->nb_header == 8 && memcmp(w->header, "\0\0\0\1", 4) != 0))
            take_header(w);
    }
}

int64_t trtc_input_watch_wants(const struct trtc_input_watch *w)
{
    return w->boxes && !w->done ? w->box_at + (int64_t)w->nb_header : -1;
}

bool trtc_input_watch_end(struct trtc_input_watch *w, int64_t size)
{
    const bool cut = w->boxes && !w->done && (w->nb_header > 0 || w->box_at > size);

    w->done = true;
    return cut;
}
