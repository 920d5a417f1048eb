/* SPDX-License-Identifier: MIT */
/* Writes a recording's playlist while it grows; see playlist_write.h. The lines of the segments are
 * kept as text, to which each new segment is appended. The header is made anew for each write,
 * since the target duration in it may change. */
#include "playlist/playlist_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file.h"
#include "base/text.h"
#include "playlist/playlist_load.h"

/* How recorders identify themselves: build number and date. They are constant so that the same
 * input gives the same playlist. */
#define BUILD      "000100"
#define BUILD_DATE "2026-01-01 00:00:00 +0000"

#define END_LINE "#EXT-X-ENDLIST\n"

enum {
    CLASSIC_TARGET_S = 70, /* in the specification's playlist */
    SAMPLE_FORMAT_S16 = 1, /* FFmpeg's number */
    CODEC_H264 = 27,       /* FFmpeg's number */
    CODEC_AAC = 86018,     /* FFmpeg's number */
    US_PER_S = 1000000
};

struct trtc_playlist_writer {
    char *path;
    struct trtc_playlist_head head; /* user_id: unused */
    char *user_id;                  /* escaped, or NULL */
    int width_px, height_px, codec; /* of the picture, in force after the last segment */
    int video_codec;                /* of the next segment */
    int64_t target_s;
    bool any;   /* a segment was added */
    FILE *body; /* writes to text, which is complete after a flush */
    char *text;
    size_t size;
};

/* Rounds to the six significant digits with which C++ streams print a double, in whole
 * microseconds. */
static int64_t six_digits(int64_t us)
{
    int64_t unit = 1;

    if (us < 0)
        return 0;
    for (int64_t s = us / US_PER_S; s > 0 && unit < US_PER_S; s /= 10)
        unit *= 10;
    return us > INT64_MAX - unit ? us : (us + unit / 2) / unit * unit;
}

/* Formats seconds without trailing zeros. out has 32 bytes. */
static void format_seconds(int64_t us, char *out)
{
    size_t n = (size_t)snprintf(out, 32, "%" PRId64 ".%06" PRId64, us / US_PER_S, us % US_PER_S);

    while (out[n - 1] == '0')
        n--;
    if (out[n - 1] == '.')
        n--;
    out[n] = '\0';
}

static void put_video(const struct trtc_playlist_head *h, int width_px, int height_px, int codec,
                      FILE *to)
{
    fprintf(to, "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:%d HEIGHT:%d", width_px, height_px);
    if (h->tags == TRTC_TAGS_FULL)
        fprintf(to, " Codec:%d", codec);
    fputc('\n', to);
}

/* Writes the lines that only current recordings have. */
static void put_identity(const struct trtc_playlist_writer *w, FILE *to)
{
    const struct trtc_playlist_head *h = &w->head;
    const int type = !h->has_video ? 0 : !h->has_audio ? 1 : 2;

    fprintf(to, "#EXT-X-TRTC-MEDIA-ID:%s\n", h->media == TRTC_MEDIA_AUX ? "aux" : "main");
    if (w->user_id)
        fprintf(to, "#EXT-X-TRTC-USER-ID:%s\n", w->user_id);
    fprintf(to, "#EXT-X-TRTC-MIX-STREAM:%d\n", h->media == TRTC_MEDIA_NONE);
    fprintf(to, "#EXT-X-TRTC-STREAM-TYPE:%d\n", type);
    if (h->has_audio)
        fprintf(to,
                "#EXT-X-TRTC-AUDIO-METADATA:Channel:%d SampleRate:%d SampleFormat:%d Codec:%d\n",
                h->channels, h->rate_hz, SAMPLE_FORMAT_S16, CODEC_AAC);
}

static void put_header(const struct trtc_playlist_writer *w, FILE *to)
{
    const struct trtc_playlist_head *h = &w->head;

    fputs("#EXTM3U\n"
          "#EXT-X-VERSION:3\n"
          "#EXT-X-ALLOW-CACHE:NO\n"
          "#EXT-X-MEDIA-SEQUENCE:0\n",
          to);
    fprintf(to, "#EXT-X-TARGETDURATION:%" PRId64 "\n", w->target_s);
    if (h->tags == TRTC_TAGS_FULL)
        fputs("#EXT-X-TRTC-VERSION:" BUILD "\n#EXT-X-TRTC-DATE:" BUILD_DATE "\n", to);
    fprintf(to, "#EXT-X-TRTC-START-REC-TIME:%" PRId64 "\n", h->start_rec_ms);
    if (h->tags == TRTC_TAGS_FULL)
        put_identity(w, to);
    if (h->has_video && h->width_px > 0)
        put_video(h, h->width_px, h->height_px, h->video_codec, to);
}

struct trtc_playlist_writer *trtc_playlist_writer_new(const char *path,
                                                      const struct trtc_playlist_head *head,
                                                      struct trtc_err *err)
{
    struct trtc_playlist_writer *w = calloc(1, sizeof *w);

    if (!w)
        goto nomem;
    w->head = *head;
    w->head.user_id = NULL;
    w->width_px = head->width_px;
    w->height_px = head->height_px;
    w->codec = w->video_codec = head->video_codec;
    w->target_s = head->tags == TRTC_TAGS_CLASSIC ? CLASSIC_TARGET_S : head->target_s;
    w->path = strdup(path);
    w->body = open_memstream(&w->text, &w->size);
    if (!w->path || !w->body)
        goto nomem;
    if (head->user_id) {
        w->user_id = malloc(4 * head->user_id_len + 1);
        if (!w->user_id)
            goto nomem;
        trtc_text_escape(head->user_id, head->user_id_len, w->user_id);
    }
    return w;
nomem:
    trtc_fail_nomem(err);
    trtc_playlist_writer_free(&w);
    return NULL;
}

/* ---- an existing playlist ---- */

/* The number after key in a line, or 0. */
static int number_of(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    const long long n = at ? strtoll(at + strlen(key), NULL, 10) : 0;

    return n > 0 && n <= INT_MAX ? (int)n : 0;
}

static bool begins(const char *line, const char *with)
{
    return strncasecmp(line, with, strlen(with)) == 0;
}

/* Reads a line of the header. */
static void take_header(struct trtc_playlist_writer *w, const char *line)
{
    struct trtc_playlist_head *h = &w->head;

    if (begins(line, "#EXT-X-TARGETDURATION:")) {
        w->target_s = h->target_s = number_of(line, ":");
    } else if (begins(line, "#EXT-X-TRTC-VERSION:")) {
        h->tags = TRTC_TAGS_FULL;
    } else if (begins(line, "#EXT-X-TRTC-START-REC-TIME:")) {
        h->start_rec_ms = strtoll(strchr(line, ':') + 1, NULL, 10);
    } else if (begins(line, "#EXT-X-TRTC-AUDIO-METADATA:")) {
        h->has_audio = true;
        h->channels = number_of(line, "Channel:");
        h->rate_hz = number_of(line, "SampleRate:");
    } else if (begins(line, "#EXT-X-TRTC-STREAM-TYPE:")) {
        h->has_video = line[strlen("#EXT-X-TRTC-STREAM-TYPE:")] != '0';
    }
}

/* Reads a line that describes the pictures that follow. */
static void take_video(struct trtc_playlist_writer *w, const char *line)
{
    const int codec = number_of(line, "Codec:");

    w->head.has_video = true;
    w->width_px = number_of(line, "WIDTH:");
    w->height_px = number_of(line, "HEIGHT:");
    w->codec = w->video_codec = codec ? codec : CODEC_H264;
    if (w->head.width_px > 0)
        return;
    w->head.width_px = w->width_px;
    w->head.height_px = w->height_px;
    w->head.video_codec = w->codec;
}

/* Reads a line. in_body: the lines of the segments have begun, which is after the header's one
 * description of the pictures. */
static bool take_line(struct trtc_playlist_writer *w, const char *line, bool in_body)
{
    const bool video = begins(line, "#EXT-X-TRTC-VIDEO-METADATA:");

    in_body |= begins(line, "#EXTINF:") || begins(line, "#EXT-X-DISCONTINUITY") ||
               begins(line, "#EXT-X-TRTC-FILE-ATTR:") || (video && w->head.width_px > 0);
    if (video)
        take_video(w, line);
    else if (!in_body)
        take_header(w, line);
    if (in_body && *line && !begins(line, "#EXT-X-ENDLIST"))
        fprintf(w->body, "%s\n", line);
    return in_body;
}

static int read_list(const char *path, char **text, struct trtc_err *err)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int64_t n = -1;

    *text = NULL;
    if (!dir)
        trtc_fail_nomem(err);
    else if (fd < 0)
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", dir);
    else
        n = trtc_read_beneath(fd, slash ? slash + 1 : path, TRTC_PLAYLIST_BYTES_MAX, text, err);
    if (fd >= 0)
        close(fd);
    free(dir);
    if (n < 0 || trtc_playlist_text(text, &n, err) < 0)
        return -1;
    (*text)[n] = '\0';
    return 0;
}

struct trtc_playlist_writer *trtc_playlist_writer_resume(const char *path,
                                                         const struct trtc_playlist_head *head,
                                                         struct trtc_err *err)
{
    const struct trtc_playlist_head ours = { .tags = TRTC_TAGS_CLASSIC,
                                             .media = head->media,
                                             .user_id = head->user_id,
                                             .user_id_len = head->user_id_len };
    struct trtc_playlist_writer *w = trtc_playlist_writer_new(path, &ours, err);
    char *text = NULL, *rest = NULL;
    bool in_body = false;

    if (!w || read_list(path, &text, err) < 0)
        goto fail;
    char *first = text;
    for (size_t mark; (mark = trtc_text_mark(first, strlen(first))) != 0;)
        first += mark;
    first += strspn(first, " \t\r\n");
    if (!begins(first, "#EXTM3U")) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: not a playlist, so it cannot be continued", path);
        goto fail;
    }
    for (char *line = strtok_r(first, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
        in_body = take_line(w, line + strspn(line, " \t"), in_body);
    free(text);
    w->any = true;
    if (fflush(w->body) == 0 && !ferror(w->body))
        return w;
    text = NULL;
    trtc_fail_nomem(err);
fail:
    free(text);
    trtc_playlist_writer_free(&w);
    return NULL;
}

void trtc_playlist_writer_update(struct trtc_playlist_writer *w,
                                 const struct trtc_playlist_head *now)
{
    w->head.has_audio |= now->has_audio;
    w->head.has_video |= now->has_video;
    w->video_codec = now->video_codec;
    if (w->head.rate_hz == 0) {
        w->head.rate_hz = now->rate_hz;
        w->head.channels = now->channels;
    }
}

int trtc_playlist_writer_add(struct trtc_playlist_writer *w, const struct trtc_playlist_entry *e,
                             struct trtc_err *err)
{
    const bool full = w->head.tags == TRTC_TAGS_FULL;
    const int width_px = e->width_px, height_px = e->height_px;
    const int64_t extinf_us = six_digits(e->dur_us);
    const int64_t rounded_s = extinf_us / US_PER_S + (extinf_us % US_PER_S >= US_PER_S / 2);
    char seconds[32];

    if (e->discontinuity)
        fputs("#EXT-X-DISCONTINUITY\n", w->body);
    if (w->head.has_video && width_px > 0 && height_px > 0 &&
        (width_px != w->width_px || height_px != w->height_px || w->video_codec != w->codec)) {
        if (!w->any && w->head.width_px <= 0) {
            w->head.width_px = width_px;
            w->head.height_px = height_px;
            w->head.video_codec = w->video_codec;
        } else {
            put_video(&w->head, width_px, height_px, w->video_codec, w->body);
        }
        w->width_px = width_px;
        w->height_px = height_px;
        w->codec = w->video_codec;
    }
    if (full)
        fprintf(w->body, "#EXT-X-TRTC-FILE-ATTR:%" PRId64 ",%" PRId64 "\n", e->start_ms, e->bytes);
    format_seconds(extinf_us, seconds);
    fprintf(w->body, "#EXTINF:%s%s\n%s\n", seconds, full ? "," : "", e->name);
    w->any = true;
    if (w->target_s < rounded_s)
        w->target_s = rounded_s;
    if (fflush(w->body) || ferror(w->body))
        return trtc_fail_nomem(err);
    return 0;
}

/* The text of the header; the caller frees it. NULL: out of memory. */
static char *header_text(const struct trtc_playlist_writer *w, size_t *size)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, size);

    if (!to)
        return NULL;
    put_header(w, to);

    const bool bad = ferror(to);
    if (fclose(to) || bad) {
        free(text);
        return NULL;
    }
    return text;
}

int trtc_playlist_writer_write(struct trtc_playlist_writer *w, bool ended, bool sync,
                               struct trtc_err *err)
{
    int ret = -1;
    size_t size = 0;
    struct trtc_file *f = NULL;
    char *header = header_text(w, &size);

    if (!header) {
        trtc_fail_nomem(err);
        goto done;
    }
    f = trtc_file_create(w->path, err);
    if (!f)
        goto done;

    const int fd = trtc_file_fd(f);
    if (trtc_write_all(fd, header, size, w->path, err) < 0 ||
        trtc_write_all(fd, w->text, w->size, w->path, err) < 0 ||
        (ended && trtc_write_all(fd, END_LINE, sizeof END_LINE - 1, w->path, err) < 0))
        goto done;
    ret = trtc_file_commit(&f, sync, err);
done:
    trtc_file_abort(&f);
    free(header);
    return ret;
}

const char *trtc_playlist_writer_path(const struct trtc_playlist_writer *w)
{
    return w->path;
}

void trtc_playlist_writer_free(struct trtc_playlist_writer **w)
{
    if (!*w)
        return;
    if ((*w)->body)
        fclose((*w)->body);
    free((*w)->text);
    free((*w)->user_id);
    free((*w)->path);
    free(*w);
    *w = NULL;
}
