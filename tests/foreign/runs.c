/* SPDX-License-Identifier: MIT */
/* How each program is run, and what it wrote; see runs.h. */
#include "runs.h"

#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libavutil/avutil.h>

#include "base/utc.h"

#define BASE_MS INT64_C(1767225600495)
#define STEM    "1400000001_3560"

enum { PATH_SIZE = 1000, PIECES = 3, PACKET = 188 };

int shell(const char *fmt, ...)
{
    char command[4000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    const pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The last line of what it said. */
static void read_words(const char *dir, struct told *t)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/err", dir);
    FILE *f = fopen(path, "r");
    while (f && fgets(t->words, sizeof t->words, f))
        t->words[strcspn(t->words, "\n")] = 0;
    if (f)
        fclose(f);
}

/* Appends what the files of a pattern hold. */
static void read_all(struct frames *made, const char *dir, const char *pattern, bool wrap)
{
    char path[PATH_SIZE];
    glob_t g;
    snprintf(path, sizeof path, "%s/%s", dir, pattern);
    if (glob(path, 0, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++)
        frames_read(made, g.gl_pathv[i], wrap, false);
    globfree(&g);
}

/* ---- trtc-hls ---- */

static int run_hls(const char *dir, const char *how, struct told *t, struct frames *made,
                   const struct source *s)
{
    t->status = shell("cd %s && exec %s >out 2>err", dir, how);
    read_words(dir, t);
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/out", dir);
    told_by_lines(t, path);
    /* a user's tracks in a row: of a segment with a frame or two FFmpeg may believe anything */
    shell("cd %s && for k in audio video; do set -- o/*_${k}_2*.ts; [ ! -e \"$1\" ] || "
          "cat \"$@\" >$k.bin; done",
          dir);
    snprintf(path, sizeof path, "%s/audio.bin", dir);
    const bool split = access(path, R_OK) == 0;
    snprintf(path, sizeof path, "%s/video.bin", dir);
    read_all(made, dir, split || access(path, R_OK) == 0 ? "*.bin" : "o/*.ts", true);
    (void)s;
    return 0;
}

#define HLS "trtc-hls -A 1400000001 -R 3560 -S 1767225600495 --no-sync -t 1 -d o --json"

static int hls_mixed(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    char how[PATH_SIZE];
    snprintf(how, sizeof how, HLS " '%s' </dev/null", s->path);
    return run_hls(dir, how, t, made, s);
}

static int hls_user(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    char how[PATH_SIZE];
    snprintf(how, sizeof how, HLS " -u 10001 '%s' </dev/null", s->path);
    return run_hls(dir, how, t, made, s);
}

static int hls_pipe(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    char how[PATH_SIZE];
    snprintf(how, sizeof how, "cat '%s' | " HLS, s->path);
    return run_hls(dir, how, t, made, s);
}

/* ---- recordings ---- */

/* What a playlist says of a piece. */
struct piece {
    int64_t from, to; /* bytes */
    int64_t begin_us, end_us;
};

static int64_t in_us(int64_t ticks)
{
    return ticks * 100 / 9;
}

/* The lowest time of the frames that begin in a range of bytes, or INT64_MAX. */
static int64_t first_time(const struct frames *all, int64_t from, int64_t to)
{
    int64_t low = INT64_MAX;
    for (int k = 0; k < NB_KINDS; k++)
        for (size_t i = 0; i < all->of[k].n; i++) {
            const struct frame *f = &all->of[k].f[i];
            if (f->pos >= from && f->pos < to && f->pts != AV_NOPTS_VALUE && f->pts < low)
                low = f->pts;
        }
    return low;
}

static int64_t lowest(const struct frames *all)
{
    return first_time(all, INT64_MIN, INT64_MAX);
}

static int64_t highest(const struct frames *all)
{
    int64_t high = INT64_MIN;
    for (int k = 0; k < NB_KINDS; k++)
        if (all->of[k].n > 0 && track_end(&all->of[k]) > high)
            high = track_end(&all->of[k]);
    return high;
}

static void name_piece(char *name, size_t size, const struct piece *p)
{
    char utc[TRTC_UTC_LEN + 1];
    trtc_utc_format17(BASE_MS + (p->begin_us + 500) / 1000, utc);
    snprintf(name, size, STEM "_%s.ts", utc);
}

static int copy_piece(const char *dir, const char *name, const uint8_t *bytes,
                      const struct piece *p)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/r/%s", dir, name);
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    fwrite(bytes + p->from, 1, (size_t)(p->to - p->from), f);
    return fclose(f);
}

static int write_recording(const char *dir, const uint8_t *bytes, const struct piece *p, int nb)
{
    char path[PATH_SIZE], name[100];
    snprintf(path, sizeof path, "%s/r", dir);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/r/" STEM ".m3u8", dir);
    FILE *list = fopen(path, "w");
    if (!list)
        return -1;
    fprintf(list,
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n"
            "#EXT-X-TRTC-START-REC-TIME:%" PRId64 "\n",
            BASE_MS);
    for (int i = 0; i < nb; i++) {
        name_piece(name, sizeof name, &p[i]);
        if (copy_piece(dir, name, bytes, &p[i]) < 0)
            return -1;
        fprintf(list, "#EXT-X-TRTC-FILE-ATTR:%" PRId64 ",%" PRId64 "\n#EXTINF:%.6f,\n%s\n",
                BASE_MS + (p[i].begin_us + 500) / 1000, p[i].to - p[i].from,
                (double)(p[i].end_us - p[i].begin_us) / 1e6, name);
    }
    fputs("#EXT-X-ENDLIST\n", list);
    return fclose(list);
}

static uint8_t *read_bytes(const char *path, int64_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) < 0)
        return NULL;
    uint8_t *p = malloc((size_t)st.st_size + 1);
    *size = (int64_t)fread(p, 1, (size_t)st.st_size, f);
    fclose(f);
    return p;
}

static int run_merge(const char *dir, const char *how, struct told *t, struct frames *made)
{
    char path[PATH_SIZE];
    t->status = shell(
        "cd %s && exec trtc-merge -j 1 -f %s -o m --report r.json >out 2>err </dev/null", dir, how);
    read_words(dir, t);
    snprintf(path, sizeof path, "%s/r.json", dir);
    told_by_report(t, path);
    read_all(made, dir, "m/*.m*", false);
    return 0;
}

/* Where the pieces begin and end that are cut at these packets. One in which no frame begins, or
 * none later than before, has no name of its own: it goes with a neighbour. Returns how many there are. */
static int place_pieces(struct piece p[PIECES], const struct source *s, int nb, const int64_t *cuts,
                        int64_t size)
{
    const int64_t low = lowest(s->want);
    bool placed = false;
    int n = 0;
    for (int i = 0; i < nb; i++) {
        const int64_t from = i == 0 ? 0 : s->front + cuts[i - 1] * s->unit;
        const int64_t to = i == nb - 1 ? size : s->front + cuts[i] * s->unit;
        const int64_t first = first_time(s->want, from, to);
        if (n == 0 ||
            (placed && first != INT64_MAX && in_us(first - low) >= p[n - 1].begin_us + 1000))
            p[n++] = (struct piece){ .from = from,
                                     .begin_us = first == INT64_MAX ? 0 : in_us(first - low) };
        p[n - 1].to = to;
        placed |= first != INT64_MAX;
    }
    for (int i = 0; i < n; i++)
        p[i].end_us = i + 1 < n ? p[i + 1].begin_us : in_us(highest(s->want) - low);
    return n;
}

/* The recording is cut into nb pieces, at these packets. */
static int make_pieces(const char *dir, const struct source *s, int nb, const int64_t *cuts)
{
    struct piece p[PIECES];
    int64_t size;
    uint8_t *bytes = read_bytes(s->path, &size);
    if (!bytes)
        return -1;
    const int ret = write_recording(dir, bytes, p, place_pieces(p, s, nb, cuts, size));
    free(bytes);
    return ret;
}

static int merge_one(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    if (make_pieces(dir, s, 1, NULL) < 0)
        return -1;
    return run_merge(dir, "r", t, made);
}

static int64_t packets_of(const struct source *s)
{
    struct stat st;
    return stat(s->path, &st) < 0 ? 0 : (st.st_size - s->front) / s->unit;
}

/* Cut where nothing else begins. */
static int merge_cut(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    const char *given = getenv("MATRIX_CUT");
    const int64_t n = packets_of(s), by = given ? atoi(given) : 0;
    const int64_t cuts[PIECES - 1] = { n / PIECES + by, n * 2 / PIECES + by };
    if (!s->placed || cuts[0] < 0 || cuts[1] > n || make_pieces(dir, s, PIECES, cuts) < 0)
        return -1;
    return run_merge(dir, "r", t, made);
}

/* Cut so many packets behind the place where the clock restarts, or in front of it. */
static int merge_cut_at(const char *dir, const struct source *s, int64_t by, struct told *t,
                        struct frames *made)
{
    const int64_t at = (s->restart - s->front) / s->unit, n = packets_of(s);
    const char *given = getenv("MATRIX_NEAR");
    by = given ? atoi(given) : by;
    if (s->restart < 0 || !s->placed || at + by < 10 || at + by + 10 > n)
        return -1;
    if (make_pieces(dir, s, 2, (const int64_t[]){ at + by }) < 0)
        return -1;
    return run_merge(dir, "r", t, made);
}

/* Cut close to that place, and very close: how close differs from file to file. */
static int merge_near(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    return merge_cut_at(dir, s, packets_of(s) % 61 - 30, t, made);
}

static int merge_beside(const char *dir, const struct source *s, struct told *t,
                        struct frames *made)
{
    return merge_cut_at(dir, s, packets_of(s) % 13 - 6, t, made);
}

/* FFmpeg's own segments under a recording's names, in a playlist that says no more than FFmpeg's. */
static int take_segments(const char *dir, int64_t start_us)
{
    char line[200], name[100];
    double length = 0;
    FILE *in = NULL, *out = NULL;
    char path[PATH_SIZE], to[PATH_SIZE];
    snprintf(path, sizeof path, "%.800s/r/list", dir);
    snprintf(to, sizeof to, "%.800s/r/" STEM ".m3u8", dir);
    if (!(in = fopen(path, "r")) || !(out = fopen(to, "w"))) {
        if (in)
            fclose(in);
        return -1;
    }
    fprintf(out, "#EXTM3U\n#EXT-X-TRTC-START-REC-TIME:%" PRId64 "\n", BASE_MS);
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "#EXTINF:%lf", &length) == 1 || line[0] == '#')
            continue;
        const struct piece p = { 0, 0, start_us, 0 };
        name_piece(name, sizeof name, &p);
        snprintf(path, sizeof path, "%.800s/r/%.99s", dir, line);
        snprintf(to, sizeof to, "%.800s/r/%s", dir, name);
        rename(path, to);
        fprintf(out, "#EXTINF:%.6f,\n%s\n", length, name);
        start_us += (int64_t)(length * 1e6);
    }
    fputs("#EXT-X-ENDLIST\n", out);
    fclose(in);
    return fclose(out);
}

static int merge_segments(const char *dir, const struct source *s, struct told *t,
                          struct frames *made)
{
    if (s->ts ||
        shell(
            "mkdir %s/r && cd %s/r && exec ffmpeg -nostdin -v quiet -i '%s' -c copy -f hls -hls_time 1 "
            "-hls_list_size 0 -hls_segment_filename %%d.ts list",
            dir, dir, s->path) != 0)
        return -1;
    if (take_segments(dir, 0) < 0)
        return -1;
    return run_merge(dir, "r", t, made);
}

/* What trtc-hls made of it is merged. */
static int merge_chain(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    if (shell("cd %s && " HLS " -u 10001 '%s' >out 2>err </dev/null", dir, s->path) != 0)
        return -1;
    t->of[SOUND].encoded = s->want->of[SOUND].codec != AV_CODEC_ID_AAC;
    return run_merge(dir, "o", t, made);
}

/* ---- trtc-mix ---- */

static int mix(const char *dir, const struct source *s, struct told *t, struct frames *made)
{
    char path[PATH_SIZE];
    (void)made;
    if (shell("cd %s && " HLS " -u 10001 '%s' >out 2>err </dev/null", dir, s->path) != 0)
        return -1;
    t->of[SOUND].encoded = s->want->of[SOUND].codec != AV_CODEC_ID_AAC;
    t->status = shell(
        "cd %s && exec trtc-mix -s 64x36 -r 5 --report r.json -o m.mkv o >out 2>err </dev/null",
        dir);
    read_words(dir, t);
    snprintf(path, sizeof path, "%s/r.json", dir);
    return told_by_report(t, path);
}

const struct run runs[] = {
    { "hls", false, hls_mixed },
    { "hls-user", false, hls_user },
    { "hls-pipe", false, hls_pipe },
    { "merge", true, merge_one },
    { "merge-cut", true, merge_cut },
    { "merge-near", true, merge_near },
    { "merge-beside", true, merge_beside },
    { "hls-merge", false, merge_chain },
    { "merge-segments", false, merge_segments },
    { "mix", false, mix },
};
const size_t nb_runs = sizeof runs / sizeof runs[0];
