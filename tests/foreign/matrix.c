/* SPDX-License-Identifier: MIT */
/* matrix: media that others made, times the shapes that a transport stream may have, times the
 * programs. Each combination is judged by what FFmpeg's demuxers find in the same file, and by the
 * account that the program gives. What differs is explained by a class that has a reason, or is a
 * failure.
 *
 *   matrix [-j JOBS] [-s SEED] [-t SECONDS] [-e N] [-o ONLY] [-r RUN] [-k DIR] FILE...
 *
 * -e: each pair in every Nth shape, others in the other ones; -s: in another order; -t: as many as there is time for; -o, -r: those with this in their name; -k:
 * keep what the last one wrote. */
#include <fnmatch.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libavutil/avutil.h>
#include <libavutil/log.h>

#include "frames.h"
#include "judge.h"
#include "runs.h"
#include "shape.h"

enum { MAX_CASES = 200000, NAME_SIZE = 300, PATH_SIZE = 1000, SECOND = 90000 };

/* ---- shapes ---- */

struct named_shape {
    const char *name;
    struct shape s;
};

/* They are written from the plain stream of a pair. */
static const struct named_shape shapes[] = {
    { "frames5", { .frames_a_pes = { 0, 5 } } },
    { "frames40", { .frames_a_pes = { 0, 40 } } },
    { "pictures2", { .frames_a_pes = { 2, 0 } } },
    { "pictures4", { .frames_a_pes = { 4, 7 }, .no_delimiters = true } },
    { "nodts", { .no_dts = true } },
    { "nodts-nodelimiters", { .no_dts = true, .no_delimiters = true } },
    { "skipped", { .skip_stamps = true } },
    { "cut", { .cut_frames = true } },
    { "cut3", { .cut_frames = true, .frames_a_pes = { 0, 3 }, .lengths = true } },
    { "lengths", { .lengths = true, .short_codes = true } },
    { "nodelimiters", { .no_delimiters = true, .short_codes = true } },
    { "repeats", { .repeats = true } },
    { "fields", { .fields = true } },
    { "extras", { .pes_extras = true, .lengths = true } },
    { "nopcr", { .no_pcr = true } },
    { "room100", { .room = 100 } },
    { "once", { .tables = TABLES_ONCE } },
    { "late", { .tables = TABLES_LATE } },
    { "versions", { .tables = TABLES_VERSION } },
    { "soundfirst", { .tables = TABLES_SOUND_FIRST } },
    { "brokentables", { .tables = TABLES_BROKEN } },
    { "wrap1", { .offset = (INT64_C(1) << 33) - SECOND } },
    { "wrap2", { .offset = (INT64_C(1) << 33) - 2 * SECOND, .frames_a_pes = { 0, 4 } } },
    { "half", { .offset = INT64_C(1) << 32 } },
    { "jitter10", { .jitter = { 0, 900 } } },
    { "jitter3", { .jitter = { 0, 270 } } },
    { "restart", { .restart_at = SECOND * 3 / 2 } },
    { "restart-late", { .restart_at = SECOND * 9 / 5, .offset = 40000 * (int64_t)SECOND } },
    { "back", { .restart_at = SECOND * 3 / 2, .jump = -SECOND } },
    { "ahead", { .restart_at = SECOND * 3 / 2, .jump = 40000 * (int64_t)SECOND } },
    { "soundahead", { .ahead = { 0, SECOND } } },
    { "soundbehind", { .ahead = { 0, -SECOND } } },
    { "packets192", { .lead = 4 } },
    { "packets204", { .tail = 16 } },
    { "front", { .front = 77 } },
    { "front192", { .front = 1000, .lead = 4, .tables = TABLES_LATE } },
    { "mixed1", { .frames_a_pes = { 0, 3 }, .no_dts = true, .jitter = { 0, 900 }, .tail = 16 } },
    { "mixed2", { .cut_frames = true, .repeats = true, .fields = true, .no_delimiters = true } },
    { "mixed3", { .offset = (INT64_C(1) << 33) - SECOND, .jitter = { 0, 900 }, .lead = 4 } },
    { "mixed4", { .restart_at = SECOND, .frames_a_pes = { 0, 6 }, .no_dts = true } },
};
enum { NB_SHAPES = sizeof shapes / sizeof shapes[0] };

/* ---- what differs, and is right ---- */

/* A difference is explained if its combination's name and its text match, and there is no more of it than
 * the pattern has. */
struct class
{
    const char *name, *found, *reason;
};

static const struct class classes[] = {
    { "mix *.dash.mp4", "status 3:* could not be decoded",
      "FFmpeg's demuxer gives two pictures of a fragmented file with an edit list one time" },
    { "hls* *.dash.mp4", "status 3:* out of order*",
      "FFmpeg's demuxer gives two pictures of a fragmented file with an edit list one time" },
    { "hls* *.dash.mp4", "status 3:* out of order*; time-a *",
      "FFmpeg's demuxer gives two pictures of a fragmented file with an edit list one time" },
    { "merge-segments *.dash.mp4", "status 3:* out of order*",
      "FFmpeg's demuxer gives two pictures of a fragmented file with an edit list one time" },
    { "merge-segments *.dash.mp4", "status 3:* out of order*; time-a *",
      "FFmpeg's demuxer gives two pictures of a fragmented file with an edit list one time" },
    { "merge-segments *.dash.mp4", "status 3:* out of order*; time-v *",
      "FFmpeg's demuxer gives two pictures one time, and EXTINF counts from it" },
    { "merge-segments *.dash.mp4", "status 3:* out of order*; time-v *; time-a *",
      "FFmpeg's demuxer gives two pictures one time, and EXTINF counts from it" },
    { "hls-pipe *.cmaf.mp4", "status 3:* out of order*; time-v * ([0-2].? frames) at *",
      "FFmpeg's demuxer gives the first pictures other times where it cannot seek" },
    { "hls-pipe *.cmaf.mp4", "status 3:* out of order*; time-v * ([0-2].? frames) at *; time-a *",
      "FFmpeg's demuxer gives the first pictures other times where it cannot seek" },
    { "merge-cut *+mixed4", "time-v * ([0-3].? frames) at *",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "* hrd.*+pictures[24]", "time-v 3599 ticks (1.0 frames) at 1",
      "FFmpeg gives the second picture of a PES the time of the third" },
    { "merge-cut *60.*.m2ts.ts", "status 3:* overlap:*; * s lost; time-v *",
      "FFmpeg does not recognise late sound at once: the pieces are named after their pictures" },
    { "merge-[nb]e* *60.*+mixed4", "time-v * ([0-6].? frames) at *; time-a * ([0-7].? frames) at *",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "* *s1.*+pictures4", "time-v *", "three pictures, one a second, in one PES with one time" },
    { "merge-segments *", "time-*",
      "EXTINF says how far key pictures are apart: the playlist's clock is believed" },
    { "merge-segments *", "time-*; time-*",
      "EXTINF says how far key pictures are apart: the playlist's clock is believed" },
    { "merge-segments *", "time-v *; left-a [1-9]",
      "EXTINF says how far key pictures are apart: the playlist's clock is believed" },
    { "merge-segments *", "left-a [1-9]",
      "EXTINF says how far key pictures are apart: the playlist's clock is believed" },
    { "merge-segments *", "left-a [1-9]; time-a *",
      "EXTINF says how far key pictures are apart: the playlist's clock is believed" },
    { "merge-segments *", "time-v *; left-a [1-9]; time-a *",
      "EXTINF says how far key pictures are apart: the playlist's clock is believed" },
    { "merge-segments *.aac8.*", "status 3:* uncertain: *",
      "EXTINF says how far key pictures are apart; long frames of sound contradict it: reported" },
    { "merge-segments *.aac8.*", "status 3:* uncertain: *; time-*",
      "EXTINF says how far key pictures are apart; long frames of sound contradict it: reported" },
    { "merge-segments *.aac8.*", "status 3:* uncertain: *; time-*; time-*",
      "EXTINF says how far key pictures are apart; long frames of sound contradict it: reported" },
    { "merge-near *60.*+mixed4", "status 3:* uncertain: *; time-v *",
      "no decoding times, a restart and a cut within three pictures of each other: reported" },
    { "* onekey*+mixed4", "*",
      "a restart within a group of reordered pictures without decoding times" },
    { "* *.aacpce.gst*", "*",
      "GStreamer leaves the description of the channels out of the frames: FFmpeg decodes none" },
    { "* *.dash.mp4", "time-a *",
      "FFmpeg's muxer stamps frames of sound as late as they are long" },
    { "* *.cmaf.mp4", "time-a *",
      "FFmpeg's muxer stamps frames of sound as late as they are long" },
    { "hls-pipe *.cmaf.mp4", "time-v * ([0-2].? frames) at *",
      "FFmpeg's demuxer gives the first pictures other times where it cannot seek" },
    { "hls-pipe *.cmaf.mp4", "time-v * ([0-2].? frames) at *; time-a *",
      "FFmpeg's demuxer gives the first pictures other times where it cannot seek" },
    { "mix *.cmaf.mp4", "status 3:* could not be decoded",
      "FFmpeg's muxer gives two pictures of a fragmented file one time" },
    { "merge-[nb]e* *+mixed4", "time-v * ([0-3].? frames) at *",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "merge-[nb]e* *+mixed4", "time-v * ([0-3].? frames) at *; time-a * ([0-7].? frames) at *",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "merge-cut *+mixed4", "time-v * ([0-3].? frames) at *; left-a [1-3]",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "merge-cut *+mixed4", "time-v * ([0-3].? frames) at *; time-a * ([0-7].? frames) at *",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "merge-[nb]e* *+mixed4", "left-a 1",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "merge-[nb]e* *+mixed4", "time-v * ([0-3].? frames) at *; left-a [1-3]",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "merge-[nb]e* *+mixed4",
      "time-v * ([0-3].? frames) at *; left-a [1-3]; time-a * ([0-7].? frames) at *",
      "no decoding times, a restart and a cut within three pictures of each other" },
    { "* *s1.*+restart*", "*", "three pictures, one a second, do not show how far apart they are" },
    { "* *s1.*+back", "*", "three pictures, one a second, do not show how far apart they are" },
    { "* *s1.*+ahead", "*", "three pictures, one a second, do not show how far apart they are" },
    { "* *s1.*+mixed4", "*", "three pictures, one a second, do not show how far apart they are" },
};

static size_t nb_parts(const char *s)
{
    size_t n = 1;
    while ((s = strstr(s, "; ")) != NULL) {
        s += 2;
        n++;
    }
    return n;
}

/* Frames that are gone and were not named are never explained. */
static const struct class *explain(const char *name, const char *found)
{
    if (strstr(found, "missing-") || strstr(found, "balance-") || strstr(found, "silent"))
        return NULL;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (fnmatch(classes[i].name, name, 0) == 0 && fnmatch(classes[i].found, found, 0) == 0 &&
            (strcmp(classes[i].found, "*") == 0 || nb_parts(found) == nb_parts(classes[i].found)))
            return &classes[i];
    return NULL;
}

/* ---- combinations ---- */

struct combination {
    const char *path;
    int shape; /* -1: as it is */
};

struct work {
    struct combination *of;
    size_t n;
    const char *only, *run, *keep;
    char dir[PATH_SIZE];
    double until; /* 0: no limit */
    int jobs;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool ends(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static void add(struct work *w, const char *path, int shape)
{
    if (w->n < MAX_CASES)
        w->of[w->n++] = (struct combination){ path, shape };
}

static void shuffle(struct work *w, unsigned seed)
{
    uint64_t r = seed;
    for (size_t i = w->n; i > 1; i--) {
        r = r * 6364136223846793005u + 1442695040888963407u;
        const size_t k = (size_t)(r >> 33) % i;
        const struct combination c = w->of[i - 1];
        w->of[i - 1] = w->of[k];
        w->of[k] = c;
    }
}

static void list_combinations(struct work *w, int every, int nb, char **paths)
{
    int nb_plain = 0;
    for (int i = 0; i < nb; i++) {
        add(w, paths[i], -1);
        if (!ends(paths[i], ".plain.ts"))
            continue;
        for (int k = nb_plain++ % every; k < NB_SHAPES; k += every)
            add(w, paths[i], k);
    }
}

/* "PICTURE.SOUND.MUXING.ts+SHAPE" */
static void name_it(const struct combination *c, char *name, size_t size)
{
    const char *base = strrchr(c->path, '/');
    snprintf(name, size, "%s%s%s", base ? base + 1 : c->path, c->shape < 0 ? "" : "+",
             c->shape < 0 ? "" : shapes[c->shape].name);
}

/* ---- one file, all programs ---- */

/* From one packet to the next, and bytes before the first. */
static void measure(struct source *s, const struct shape *shape, const char *path)
{
    s->ts = ends(path, ".ts");
    s->unit = strstr(path, "m2ts") ? 192 : 188;
    s->front = 0;
    if (shape) {
        s->unit = 188 + shape->lead + shape->tail;
        s->front = shape->front;
    }
}

/* The packet at pos: where there are bytes behind packets, FFmpeg names the place before them. */
static int64_t packet_at(const struct source *s, int64_t pos)
{
    return pos < 0 ? pos : s->front + (pos - s->front + s->unit - 1) / s->unit * s->unit;
}

/* A time that FFmpeg does not give: where pictures come at a fixed rate, that of the plain stream. */
static int64_t time_of(int64_t seen, int64_t had, int64_t shift, bool even)
{
    return seen == AV_NOPTS_VALUE && even ? had + shift : seen;
}

/* Where FFmpeg finds each frame of a shaped file gives the times that are right, but where its clock
 * restarts: there those that it had. */
static bool take_times(struct frames *want, const struct frames *seen, const struct source *s,
                       const struct shape *shape)
{
    if (seen->of[PICTURE].n != want->of[PICTURE].n || seen->of[SOUND].n != want->of[SOUND].n)
        return false;
    for (int k = 0; k < NB_KINDS; k++) {
        const bool even = k == PICTURE && !strstr(s->name, "vfr") && want->of[k].n > 0;
        const int64_t shift = even ? seen->of[k].f[0].pts - want->of[k].f[0].pts : 0;
        for (size_t i = 0; i < want->of[k].n; i++) {
            struct frame *f = &want->of[k].f[i];
            f->pos = packet_at(s, seen->of[k].f[i].pos);
            if (shape->restart_at)
                continue;
            f->dts = time_of(seen->of[k].f[i].dts, f->dts, shift, even);
            f->pts = time_of(seen->of[k].f[i].pts, f->pts, shift, even);
        }
    }
    return true;
}

/* Milliseconds where the container or the playlist has no more; what smoothing may do. */
static struct tolerance tolerance_of(const struct run *r, const struct source *s,
                                     const struct shape *shape)
{
    const char *path = s->path;
    struct tolerance tol = { { 2, 2 }, 9000 };
    const bool merged = strstr(r->name, "merge"), cut = strstr(r->name, "cut");
    if (ends(path, ".mkv") || ends(path, ".flv"))
        tol.of[SOUND] = 100;
    if (shape && shape->jitter[SOUND])
        tol.of[SOUND] = 100;
    for (int k = 0; k < NB_KINDS; k++)
        if (merged && strstr(r->name, "segments"))
            tol.of[k] =
                90 * SECOND / 1000; /* the playlist says when the first picture is shown, no more */
        else if (merged && strcmp(r->name, "merge") != 0)
            tol.of[k] = cut ? 20 * SECOND / 1000 : 100;
    if (shape && shape->jitter[SOUND] && merged)
        tol.of[SOUND] = 2 * shape->jitter[SOUND];
    if (shape && shape->jitter[SOUND] && cut)
        tol.of[PICTURE] = 2 * shape->jitter[SOUND];
    if (merged && track_is_uneven(&s->want->of[SOUND]))
        tol.of[SOUND] = 40 * SECOND / 1000;
    if (shape &&
        shape->frames_a_pes[PICTURE]) /* they share what lies between two that have a time */
        tol.of[PICTURE] += SECOND / 2000;
    if (shape && shape->restart_at)
        tol.of[PICTURE] = tol.of[SOUND] = 45 * SECOND / 1000;
    return tol;
}

/* Where in the shaped file the first frame stands whose clock is another one. */
static int64_t find_restart(const struct frames *want, const struct shape *shape)
{
    const int64_t from = shape_restart(shape, want);
    int64_t pos = -1;
    for (int k = 0; k < NB_KINDS && shape->restart_at; k++)
        for (size_t i = 0; i < want->of[k].n; i++) {
            const struct frame *f = &want->of[k].f[i];
            if (f->dts >= from && f->pos >= 0 && (pos < 0 || f->pos < pos))
                pos = f->pos;
        }
    return pos;
}

/* FFmpeg, the program, finds the same. */
static void check_witness(struct verdict *v, const struct source *s, const char *dir)
{
    char path[PATH_SIZE], line[300];
    size_t n[NB_KINDS] = { 0, 0 };
    int kind[2] = { -1, -1 }, nb = 0;
    snprintf(path, sizeof path, "%.900s/crc", dir);
    shell(
        "cd %s && exec ffmpeg -nostdin -v quiet -y -copyts -i '%s' -map 0:v:0? -map 0:a:0? -c copy -copyinkf -f "
        "framecrc crc",
        dir, s->path);
    for (int k = 0; k < NB_KINDS; k++)
        if (s->want->of[k].n > 0)
            kind[nb++] = k;
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (line[0] >= '0' && line[0] < '0' + nb)
            n[kind[line[0] - '0']]++;
    if (f)
        fclose(f);
    for (int k = 0; k < NB_KINDS; k++)
        if (n[k] != s->want->of[k].n)
            verdict_add(v, "witness-%c %zu, not %zu", "va"[k], n[k], s -> want -> of[k].n);
}

static void report(FILE *out, const char *run, const char *name, const struct verdict *v)
{
    fprintf(out, "%s %s: %s\n", run, name, v->n ? v->text : "ok");
    fflush(out);
}

static void make_fresh(const char *dir)
{
    shell("rm -rf %s && mkdir -p %s", dir, dir);
}

static void run_one(const struct work *w, const struct run *r, const char *dir,
                    const struct source *s, const char *name, const struct shape *shape, FILE *out)
{
    const struct tolerance tol = tolerance_of(r, s, shape);
    struct verdict v = { .n = 0 };
    struct told t = { 0 };
    struct frames made = { 0 };
    if ((w->run && strcmp(w->run, r->name) != 0) || (r->ts_only && !s->ts))
        return;
    make_fresh(dir);
    if (r->go(dir, s, &t, &made) == 0) {
        judge(&v, s->want, strcmp(r->name, "mix") == 0 ? NULL : &made, &t, &tol);
        report(out, r->name, name, &v);
    }
    frames_fini(&made);
}

static void run_file(const struct work *w, const struct combination *c, const char *dir, FILE *out)
{
    char name[NAME_SIZE], path[PATH_SIZE + 40];
    struct frames want = { 0 }, seen = { 0 };
    struct verdict v = { .n = 0 };
    const struct shape *shape = c->shape < 0 ? NULL : &shapes[c->shape].s;
    struct source s = {
        .path = c->path, .name = name, .want = &want, .placed = true, .restart = -1
    };
    name_it(c, name, sizeof name);
    if (w->only && fnmatch(w->only, name, 0) != 0)
        return;
    measure(&s, shape, c->path);
    if (frames_read(&want, c->path, s.ts, shape) < 0)
        verdict_add(&v, "unread");
    if (shape) {
        snprintf(path, sizeof path, "%s.ts", dir);
        if (shape_write(shape, &want, path) < 0)
            goto done;
        s.path = path;
        frames_read(&seen, path, true, false);
        s.placed = take_times(&want, &seen, &s, shape) && !shape->ahead[SOUND];
        s.restart = find_restart(&want, shape);
    } else {
        make_fresh(dir);
        check_witness(&v, &s, dir);
        report(out, "ffmpeg", name, &v);
    }
    if (want.of[PICTURE].n + want.of[SOUND].n == 0)
        goto done; /* another program could not write it */
    for (size_t i = 0; i < nb_runs; i++)
        run_one(w, &runs[i], dir, &s, name, shape, out);
done:
    frames_fini(&want);
    frames_fini(&seen);
}

/* ---- all of them ---- */

static int run_share(const struct work *w, int job)
{
    char dir[PATH_SIZE + 20], path[PATH_SIZE + 40];
    snprintf(dir, sizeof dir, "%s/job%d", w->dir, job);
    snprintf(path, sizeof path, "%s.txt", dir);
    FILE *out = fopen(path, "w");
    if (!out)
        return 1;
    for (size_t i = (size_t)job; i < w->n; i += (size_t)w->jobs) {
        if (w->until > 0 && now() > w->until)
            break;
        run_file(w, &w->of[i], dir, out);
    }
    return fclose(out) == 0 ? 0 : 1;
}

/* Of a share's lines: counts, and what nothing explains is printed. */
static void sum_up(const char *path, size_t *nb, size_t *nb_explained, size_t *nb_bad)
{
    char line[4000];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        char *found = strstr(line, ": ");
        line[strcspn(line, "\n")] = 0;
        if (!found)
            continue;
        *found = 0;
        found += 2;
        ++*nb;
        if (strcmp(found, "ok") == 0)
            continue;
        const struct class *c = explain(line, found);
        if (c) {
            ++*nb_explained;
            printf("explained: %s\n", c->reason);
        } else {
            ++*nb_bad;
            printf("%s: %s\n", line, found);
        }
    }
    if (f)
        fclose(f);
}

static int run_all(struct work *w)
{
    size_t nb = 0, nb_explained = 0, nb_bad = 0;
    const double from = now();
    for (int i = 0; i < w->jobs; i++)
        if (fork() == 0)
            _exit(run_share(w, i));
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < w->jobs; i++) {
        char path[PATH_SIZE + 40];
        snprintf(path, sizeof path, "%s/job%d.txt", w->dir, i);
        sum_up(path, &nb, &nb_explained, &nb_bad);
    }
    printf("%zu combinations in %.0f s: %zu explained, %zu not\n", nb, now() - from, nb_explained,
           nb_bad);
    return nb_bad > 0 || nb == 0;
}

int main(int argc, char **argv)
{
    struct work w = { .jobs = 2 };
    unsigned seed = 0;
    int c, every = 1;
    while ((c = getopt(argc, argv, "j:s:t:e:o:r:k:")) >= 0)
        switch (c) {
        case 'j':
            w.jobs = atoi(optarg);
            break;
        case 's':
            seed = (unsigned)atoi(optarg);
            break;
        case 't':
            w.until = now() + atof(optarg);
            break;
        case 'e':
            every = atoi(optarg) > 0 ? atoi(optarg) : 1;
            break;
        case 'o':
            w.only = optarg;
            break;
        case 'r':
            w.run = optarg;
            break;
        case 'k':
            w.keep = optarg;
            break;
        default:
            return 64;
        }
    av_log_set_level(AV_LOG_QUIET);
    w.of = calloc(MAX_CASES, sizeof *w.of);
    snprintf(w.dir, sizeof w.dir, "%s", w.keep ? w.keep : "/tmp/matrix-XXXXXX");
    if (!w.of || (w.keep ? mkdir(w.dir, 0777) < 0 && access(w.dir, W_OK) < 0 : !mkdtemp(w.dir)))
        return 74;
    list_combinations(&w, every, argc - optind, argv + optind);
    if (seed)
        shuffle(&w, seed);
    const int ret = run_all(&w);
    if (!w.keep)
        shell("rm -rf %s", w.dir);
    free(w.of);
    return ret;
}
