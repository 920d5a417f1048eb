/* SPDX-License-Identifier: MIT */
/* Progress of a run: how far, how fast, how long still. */
#include "meter.h"

#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "clock.h"

enum { LOOK_US = 250000, WORDS = 256 };

struct figures {
    double done;   /* 0 to 1, or -1 */
    double speed;  /* seconds of media a second */
    double mb_s;   /* read */
    double left_s; /* 0: not known */
};

/* What an earlier run has made does not count for the speed. */
static struct figures work_out(const struct meter_state *s, int64_t elapsed_us)
{
    const double t = (double)elapsed_us / 1e6 + 1e-3;
    const double made_s = (double)(s->done_us - s->there_us) / 1e6;
    struct figures f = { .done = -1, .speed = made_s / t };
    f.mb_s = (double)(s->bytes - s->there_bytes) / 1e6 / t;
    if (s->total_us <= 0)
        return f;
    f.done = s->done_us < s->total_us ? (double)s->done_us / (double)s->total_us : 1;
    if (f.speed > 0)
        f.left_s = (double)(s->total_us - s->done_us) / 1e6 / f.speed;
    f.left_s = f.left_s > 0 ? f.left_s : 0;
    return f;
}

/* A speed is true to two digits: "0.35x", "3.5x", "35x". */
static int digits(double speed)
{
    return speed < 0.995 ? 2 : speed < 9.95 ? 1 : 0;
}

void meter_line(const struct meter_state *s, int64_t elapsed_us, char *out, size_t n)
{
    const struct figures f = work_out(s, elapsed_us);
    const int done_s = (int)(s->done_us / 1000000), left_s = (int)f.left_s;
    char file[48] = "", read[32] = "";
    if (s->files > 1)
        snprintf(file, sizeof file, "file %d of %d  ", s->file, s->files);
    if (s->total_bytes > 0 && f.mb_s >= 1)
        snprintf(read, sizeof read, "%.0f MB/s  ", f.mb_s);
    if (f.done >= 0)
        snprintf(out, n, "%s%3.0f %%  %s%.*fx  %d:%02d left", file, f.done * 100, read,
                 digits(f.speed), f.speed, left_s / 60, left_s % 60);
    else
        snprintf(out, n, "%d:%02d:%02d  %.*fx", done_s / 3600, done_s / 60 % 60, done_s % 60,
                 digits(f.speed), f.speed);
}

void meter_json(const struct meter_state *s, int64_t elapsed_us, char *out, size_t n)
{
    const struct figures f = work_out(s, elapsed_us);
    const double done_ms = (double)(s->done_us / 1000), total_ms = (double)(s->total_us / 1000);
    const double left_ms = f.left_s * 1000;
    if (s->total_bytes > 0 || s->files)
        snprintf(out, n,
                 "{\"fraction\":%.4f,\"bytes\":%lld,\"total_bytes\":%lld,\"speed\":%.2f,"
                 "\"left_ms\":%.0f,\"file\":%d,\"files\":%d}",
                 f.done < 0 ? 0 : f.done, (long long)s->bytes, (long long)s->total_bytes, f.speed,
                 left_ms, s->file, s->files);
    else if (f.done >= 0)
        snprintf(out, n,
                 "{\"fraction\":%.4f,\"done_ms\":%.0f,\"total_ms\":%.0f,\"speed\":%.2f,"
                 "\"left_ms\":%.0f}",
                 f.done, done_ms, total_ms, f.speed, left_ms);
    else
        snprintf(out, n, "{\"done_ms\":%.0f,\"speed\":%.2f}", done_ms, f.speed);
}

static void show(const struct meter *m)
{
    struct meter_state s = { 0 };
    char words[WORDS], line[WORDS + 1];
    m->look(m->opaque, &s);
    const int64_t elapsed_us = clock_mono_us() - m->since_us;
    if (m->json) {
        meter_json(&s, elapsed_us, words, sizeof words);
        snprintf(line, sizeof line, "%s\n", words);
        cli_put_err(line);
    } else {
        meter_line(&s, elapsed_us, words, sizeof words);
        cli_progress(words);
    }
}

static void *watch(void *arg)
{
    struct meter *m = arg;
    pthread_mutex_lock(&m->lock);
    while (!m->ended) {
        clock_cond_wait(&m->end, &m->lock, clock_mono_us() + LOOK_US);
        if (!m->ended)
            show(m);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

void meter_start(struct meter *m, bool json, void (*look)(void *opaque, struct meter_state *s),
                 void *opaque)
{
    *m = (struct meter){ .json = json, .look = look, .opaque = opaque };
    if (!json && (!isatty(STDERR_FILENO) || cli_verbosity() < 0))
        return;
    m->since_us = clock_mono_us();
    pthread_mutex_init(&m->lock, NULL);
    clock_cond_init(&m->end);
    m->running = pthread_create(&m->thread, NULL, watch, m) == 0;
}

void meter_stop(struct meter *m)
{
    if (m->running) {
        pthread_mutex_lock(&m->lock);
        m->ended = true;
        pthread_cond_signal(&m->end);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->thread, NULL);
    }
    if (m->json)
        show(m);
    cli_progress(NULL);
    m->running = m->json = false;
}
