/* SPDX-License-Identifier: MIT */
/* Writes the playlists and segments of made-up recordings. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/b64.h"
#include "base/file.h"
#include "base/utc.h"
#include "make/genout.h"

struct gen_segment {
    char *name;
    int64_t start_ms, bytes;
    double duration_s;
    int w_px, h_px; /* where the size is another than before, else 0 */
};

const char *gen_media_name(enum gen_media m)
{
    return m == GEN_AUX ? "aux" : "main";
}

static char *encoded(const char *text, bool b64)
{
    const size_t n = strlen(text);
    char *out = malloc(b64 ? TRTC_B64_ENCODED_MAX(n) : n + 1);
    if (out == NULL)
        return NULL;
    if (b64)
        trtc_b64_encode(text, n, out);
    else
        memcpy(out, text, n + 1);
    return out;
}

/* Directory and stem of the file names. */
static int name_files(struct gen_out *f, struct trtc_err *err)
{
    const struct gen_opts *o = f->o;
    const struct gen_track *t = f->video != NULL ? f->video : f->audio;
    char ha[16] = "", track[1024] = "";
    if (f->ha > 0)
        snprintf(ha, sizeof ha, "ha%d_", f->ha);
    char *room = encoded(o->room, o->room_string), *user = encoded(t->u->id, true);
    int ret = trtc_fail_nomem(err);
    if (room == NULL || user == NULL)
        goto done;
    if (!o->mixed)
        snprintf(track, sizeof track, "__UserId_s_%s__UserId_e_%s_%s", user,
                 gen_media_name(t->media), f->video != NULL ? "video" : "audio");
    const int n =
        snprintf(f->stem, sizeof f->stem, "%s%" PRId64 "_%s%s", ha, o->sdkappid, room, track);
    const int m = snprintf(f->dir, sizeof f->dir, "%s%s%s%s%s", o->dir, o->prefix ? "/" : "",
                           o->prefix ? o->prefix : "", o->task ? "/" : "", o->task ? o->task : "");
    ret = n >= (int)sizeof f->stem || m >= (int)sizeof f->dir
              ? trtc_fail(err, TRTC_EX_USAGE, "directory, room or user: too long")
              : 0;
done:
    free(room);
    free(user);
    return ret;
}

int gen_write_file(const char *path, const void *data, size_t size, struct trtc_err *err)
{
    FILE *fp = fopen(path, "wb");
    if (fp == NULL)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", path);
    setvbuf(fp, NULL, _IONBF, 0);
    const bool bad = fwrite(data, 1, size, fp) != size;
    const int errnum = errno;
    if (fclose(fp) != 0 || bad)
        return trtc_fail_errno(err, TRTC_EX_IOERR, bad ? errnum : errno, "%s", path);
    return 0;
}

/* Writes a file of the recording into its directory, and says so where that was asked for. */
static int put_file(const struct gen_out *f, const char *name, const void *data, size_t size,
                    struct trtc_err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    if (gen_write_file(path, data, size, err) < 0)
        return -1;
    if (f->o->verbose)
        puts(path);
    return 0;
}

static int close_segment(struct gen_out *f, struct trtc_err *err)
{
    char utc[TRTC_UTC_LEN + 1], name[3072];
    if (!f->open)
        return 0;
    f->open = false;
    if (gen_ts_end(&f->ts) < 0)
        return trtc_fail_nomem(err);
    if (f->nb_segs == f->cap_segs) {
        const int cap = f->cap_segs * 2 + 16;
        struct gen_segment *p = realloc(f->segs, (size_t)cap * sizeof *p);
        if (p == NULL)
            return trtc_fail_nomem(err);
        f->segs = p;
        f->cap_segs = cap;
    }
    struct gen_segment *seg = &f->segs[f->nb_segs];
    *seg =
        (struct gen_segment){ .start_ms = gen_wall_ms(f->o, f->start), .bytes = (int64_t)f->ts.n };
    seg->duration_s = (f->end_pts - (double)f->first_pts) / GEN_HZ;
    if (f->w_px > 0 && (f->w_px != f->last_w_px || f->h_px != f->last_h_px)) {
        seg->w_px = f->last_w_px = f->w_px;
        seg->h_px = f->last_h_px = f->h_px;
    }
    trtc_utc_format17(seg->start_ms, utc);
    snprintf(name, sizeof name, "%s_%s.ts", f->stem, utc);
    const size_t n = strlen(name) + 1;
    seg->name = malloc(n);
    if (seg->name == NULL)
        return trtc_fail_nomem(err);
    memcpy(seg->name, name, n);
    f->nb_segs++;
    f->nb_bytes += seg->bytes;
    return put_file(f, name, f->ts.buf, f->ts.n, err);
}

static int codec_id(const char *name)
{
    return strcmp(name, "h264") == 0   ? AV_CODEC_ID_H264
           : strcmp(name, "hevc") == 0 ? AV_CODEC_ID_HEVC
           : strcmp(name, "mp3") == 0  ? AV_CODEC_ID_MP3
           : strcmp(name, "opus") == 0 ? AV_CODEC_ID_OPUS
                                       : AV_CODEC_ID_AAC;
}

static void print_video(const struct gen_out *f, FILE *fp, const struct gen_segment *seg)
{
    fprintf(fp, "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:%d HEIGHT:%d", seg->w_px, seg->h_px);
    if (!f->o->old_tags)
        fprintf(fp, " Codec:%d", codec_id(f->video->u->codec));
    putc('\n', fp);
}

static void print_header(const struct gen_out *f, FILE *fp)
{
    const struct gen_opts *o = f->o;
    const struct gen_track *t = f->video != NULL ? f->video : f->audio;
    const struct gen_segment *first = &f->segs[f->first_seg];
    fprintf(fp, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-MEDIA-SEQUENCE:0\n");
    const int64_t target_s = o->old_tags ? 70 : (o->segment_ms + 999) / 1000;
    fprintf(fp, "#EXT-X-TARGETDURATION:%" PRId64 "\n", target_s);
    if (!o->old_tags)
        fprintf(fp, "#EXT-X-TRTC-VERSION:1a2b3c\n#EXT-X-TRTC-DATE:2025-11-27 11:23:39 +0800\n");
    fprintf(fp, "#EXT-X-TRTC-START-REC-TIME:%" PRId64 "\n", first->start_ms);
    if (o->old_tags)
        return;
    fprintf(fp, "#EXT-X-TRTC-MEDIA-ID:%s\n", gen_media_name(t->media));
    if (!o->mixed)
        fprintf(fp, "#EXT-X-TRTC-USER-ID:%s\n", t->u->id);
    fprintf(fp, "#EXT-X-TRTC-MIX-STREAM:%d\n", o->mixed);
    const int type = f->video == NULL ? 0 : f->audio == NULL ? 1 : 2;
    fprintf(fp, "#EXT-X-TRTC-STREAM-TYPE:%d\n", type);
    if (f->audio != NULL)
        fprintf(fp, "#EXT-X-TRTC-AUDIO-METADATA:Channel:%d SampleRate:%d SampleFormat:1 Codec:%d\n",
                f->audio->u->channels, f->audio->u->rate_hz, codec_id(f->audio->u->audio));
}

/* The text with every line feed as CR LF. */
static char *with_crlf(const char *text, size_t *n)
{
    char *out = malloc(2 * *n + 1), *p = out;
    for (size_t i = 0; out != NULL && i < *n; i++) {
        if (text[i] == '\n')
            *p++ = '\r';
        *p++ = text[i];
    }
    if (out != NULL)
        *n = (size_t)(p - out);
    return out;
}

static int close_playlist(struct gen_out *f, bool last, struct trtc_err *err)
{
    const struct gen_opts *o = f->o;
    if (close_segment(f, err) < 0)
        return -1;
    if (f->first_seg == f->nb_segs)
        return 0;
    char *text = NULL, name[3072];
    size_t n = 0;
    int ret = -1;
    FILE *fp = open_memstream(&text, &n);
    if (fp == NULL)
        return trtc_fail_nomem(err);
    if (o->bom)
        fputs("\xef\xbb\xbf", fp);
    print_header(f, fp);
    for (int i = f->first_seg; i < f->nb_segs; i++) {
        const struct gen_segment *seg = &f->segs[i];
        if (seg->w_px > 0)
            print_video(f, fp, seg);
        if (!o->old_tags)
            fprintf(fp, "#EXT-X-TRTC-FILE-ATTR:%" PRId64 ",%" PRId64 "\n", seg->start_ms,
                    seg->bytes);
        fprintf(fp, "#EXTINF:%.6g%s\n%s\n", seg->duration_s, o->old_tags || o->no_comma ? "" : ",",
                seg->name);
    }
    if (!(o->no_endlist && last))
        fputs("#EXT-X-ENDLIST\n", fp);
    if (fclose(fp) != 0 || text == NULL) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (o->crlf) {
        char *crlf = with_crlf(text, &n);
        if (crlf == NULL) {
            trtc_fail_nomem(err);
            goto done;
        }
        free(text);
        text = crlf;
    }
    if (f->nb_playlists++ == 0)
        snprintf(name, sizeof name, "%s.m3u8", f->stem);
    else
        snprintf(name, sizeof name, "%s_%d.m3u8", f->stem, f->nb_playlists);
    if (f->playlists != NULL)
        cJSON_AddItemToArray(f->playlists, cJSON_CreateString(name));
    f->first_seg = f->nb_segs;
    f->last_w_px = f->last_h_px = 0; /* the next playlist says its size again */
    ret = put_file(f, name, text, n, err);
done:
    free(text);
    return ret;
}

static int put_packet(struct gen_out *f, const struct gen_packet *p, bool video, bool cut,
                      struct trtc_err *err)
{
    const struct gen_opts *o = f->o;
    const bool split = o->numbered && !f->split && p->key && (video || f->video == NULL) &&
                       p->wall >= (double)gen_half_ticks(o);
    /* sound of a TS with both kinds may run a little into the next segment */
    if ((cut || split) && f->video != NULL && f->audio != NULL && (double)p->pts < f->end_pts)
        f->end_pts = (double)p->pts;
    if (cut && close_segment(f, err) < 0)
        return -1;
    if (split) {
        f->split = true;
        if (close_playlist(f, false, err) < 0)
            return -1;
    }
    if (!f->open) {
        gen_ts_begin(&f->ts);
        f->open = true;
        f->start = p->wall;
        f->first_pts = p->pts;
        f->end_pts = (double)p->pts;
        f->shift = o->restart_pts ? o->pts_start - p->pts : 0;
        f->target = p->wall + (double)o->segment_ms * 90;
        f->w_px = f->h_px = 0;
    }
    if (video && f->w_px == 0) { /* the tag says what the segment begins with */
        f->w_px = p->w_px;
        f->h_px = p->h_px;
    }
    if ((double)p->pts + p->dur > f->end_pts)
        f->end_pts = (double)p->pts + p->dur;
    if (video)
        gen_ts_video(&f->ts, f->ts_video, p->data, p->size, p->pts + f->shift, p->dts + f->shift,
                     p->key);
    else
        gen_ts_audio(&f->ts, f->ts_audio, p->data, p->size, p->pts + f->shift);
    f->nb_packets++;
    return 0;
}

/* Whether the packet begins a new segment. pictures: the video source of a TS with both kinds. */
static bool cuts(const struct gen_out *f, const struct gen_packet *p, bool video,
                 const struct gen_source *pictures)
{
    if (!f->open)
        return false;
    const bool full = p->key && p->wall >= f->target - 1;
    if (f->video == NULL || f->audio == NULL)
        return p->cut || full;
    if (video) /* a picture a little later than the sound that opened the segment joins it */
        return full || (p->cut && p->wall > f->start + GEN_HZ);
    /* sound waits for a key frame, unless pictures are far away */
    const bool near = pictures->have && pictures->cur.dts + pictures->delay < p->pts + 3 * GEN_HZ;
    return !near && (full || p->cut);
}

static int write_tracks(struct gen_out *f, struct trtc_err *err)
{
    struct gen_source v, a;
    int ret = -1;
    memset(&v, 0, sizeof v);
    memset(&a, 0, sizeof a);
    if (f->video != NULL &&
        (gen_source_init(&v, f->video, err) < 0 || gen_source_next(&v, err) < 0))
        goto done;
    if (f->audio != NULL &&
        (gen_source_init(&a, f->audio, err) < 0 || gen_source_next(&a, err) < 0))
        goto done;
    while (v.have || a.have) {
        const bool video = v.have && (!a.have || v.cur.dts + v.delay <= a.cur.pts);
        struct gen_source *s = video ? &v : &a;
        if (put_packet(f, &s->cur, video, cuts(f, &s->cur, video, &v), err) < 0)
            goto done;
        if (gen_source_next(s, err) < 0)
            goto done;
    }
    ret = close_playlist(f, true, err);
done:
    gen_source_fini(&v);
    gen_source_fini(&a);
    return ret;
}

int gen_out_write(struct gen_out *f, struct trtc_err *err)
{
    const struct gen_user *v = f->video != NULL ? f->video->u : NULL;
    const struct gen_user *a = f->audio != NULL ? f->audio->u : NULL;
    f->playlists = cJSON_CreateArray();
    if (f->playlists == NULL)
        return trtc_fail_nomem(err);
    if (v != NULL)
        f->ts_video = gen_ts_add(&f->ts, v->codec, 0, 0);
    if (a != NULL)
        f->ts_audio = gen_ts_add(&f->ts, a->audio, a->rate_hz, a->channels);
    if (name_files(f, err) < 0 || trtc_mkdirs(f->dir, err) < 0)
        return -1;
    return write_tracks(f, err);
}

void gen_out_fini(struct gen_out *f)
{
    for (int i = 0; i < f->nb_segs; i++)
        free(f->segs[i].name);
    free(f->segs);
    cJSON_Delete(f->playlists);
    gen_ts_fini(&f->ts);
}
