/* SPDX-License-Identifier: MIT */
/* The comparison, frame by frame; see judge.h. */
#include "judge.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <libavutil/avutil.h>

enum { AHEAD = 400, LAG_MORE = 30000 };

static const char letter[NB_KINDS] = { 'v', 'a' };

void verdict_add(struct verdict *v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (v->n > 0 && v->n + 3 < sizeof v->text)
        v->n += (size_t)snprintf(v->text + v->n, sizeof v->text - v->n, "; ");
    if (v->n + 1 < sizeof v->text)
        v->n += (size_t)vsnprintf(v->text + v->n, sizeof v->text - v->n, fmt, ap);
    if (v->n >= sizeof v->text)
        v->n = sizeof v->text - 1;
    va_end(ap);
}

/* ---- accounts ---- */

static int64_t number(const cJSON *o, const char *key)
{
    return (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(o, key));
}

static void add_account(struct account *a, const cJSON *o)
{
    const cJSON *why;
    if (!o)
        return;
    a->there = true;
    a->in += number(o, "frames_in");
    a->out += number(o, "frames_out");
    a->put_in += number(o, "put_in");
    a->unaccounted += number(o, "unaccounted");
    cJSON_ArrayForEach(why, cJSON_GetObjectItem(o, "left_out"))
    {
        a->left += (int64_t)why->valuedouble;
    }
}

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);
    if (f && text && fread(text, 1, (1 << 20) - 1, f) == 0)
        text[0] = 0;
    if (f)
        fclose(f);
    return text;
}

int told_by_lines(struct told *t, const char *path)
{
    char *text = read_text(path), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        cJSON *o = cJSON_Parse(line);
        const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(o, "kind"));
        const char *track = cJSON_GetStringValue(cJSON_GetObjectItem(o, "track"));
        if (kind && track && strcmp(kind, "account") == 0)
            add_account(&t->of[strcmp(track, "video") == 0 ? PICTURE : SOUND],
                        cJSON_GetObjectItem(o, "account"));
        cJSON_Delete(o);
    }
    free(text);
    return 0;
}

static void add_output(struct told *t, const cJSON *out, int k, const char *name)
{
    const cJSON *track = cJSON_GetObjectItem(out, name);
    const char *how = cJSON_GetStringValue(cJSON_GetObjectItem(track, "action"));
    add_account(&t->of[k], cJSON_GetObjectItem(track, "account"));
    if (how && strcmp(how, "encode") == 0)
        t->of[k].encoded = true;
}

int told_by_report(struct told *t, const char *path)
{
    char *text = read_text(path);
    cJSON *o = cJSON_Parse(text);
    const cJSON *out;
    free(text);
    if (!o)
        return -1;
    for (int i = 0; i < 2; i++)
        cJSON_ArrayForEach(out, cJSON_GetObjectItem(o, i ? "users" : "outputs"))
        {
            add_output(t, out, PICTURE, "video");
            add_output(t, out, SOUND, "audio");
        }
    cJSON_Delete(o);
    return 0;
}

/* ---- frames ---- */

/* Where b has what a[i] is, from j on, or SIZE_MAX. */
static size_t find(const struct frame *f, const struct track *b, size_t j)
{
    for (size_t k = j; k < b->n && k < j + AHEAD; k++)
        if (b->f[k].sum == f->sum && b->f[k].size == f->size)
            return k;
    return SIZE_MAX;
}

struct match {
    size_t missing, extra, first_missing;
    int64_t worst; /* the largest difference of times */
    size_t worst_at;
    size_t nb_no_time, nb_back, nb_dts_above;
};

static void compare_times(struct match *m, const struct frame *a, const struct frame *b,
                          int64_t shift, size_t i)
{
    if (b->pts == AV_NOPTS_VALUE) {
        m->nb_no_time++;
        return;
    }
    if (a->pts == AV_NOPTS_VALUE)
        return;
    const int64_t d = b->pts - a->pts - shift;
    if (llabs(d) > llabs(m->worst)) {
        m->worst = d;
        m->worst_at = i;
    }
}

static void match_tracks(struct match *m, const struct track *a, const struct track *b,
                         int64_t shift)
{
    size_t j = 0;
    for (size_t i = 0; i < a->n; i++) {
        const size_t k = find(&a->f[i], b, j);
        /* repeated frames of silence: one that is near is better than one that is far */
        if (k == SIZE_MAX || (k > j && find(&b->f[j], a, i + 1) < i + 1 + (k - j))) {
            if (m->missing++ == 0)
                m->first_missing = i;
            continue;
        }
        m->extra += k - j;
        compare_times(m, &a->f[i], &b->f[k], shift, i);
        j = k + 1;
    }
    m->extra += b->n - j;
}

/* By how much a picture is decoded before it is shown, at most. */
static int64_t lag_of(const struct track *t)
{
    int64_t most = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->f[i].pts != AV_NOPTS_VALUE && t->f[i].pts - t->f[i].dts > most)
            most = t->f[i].pts - t->f[i].dts;
    return most;
}

static void check_order(struct match *m, const struct track *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (i > 0 && b->f[i].dts != AV_NOPTS_VALUE && b->f[i].dts <= b->f[i - 1].dts)
            m->nb_back++;
        if (b->f[i].dts != AV_NOPTS_VALUE && b->f[i].pts < b->f[i].dts)
            m->nb_dts_above++;
    }
}

/* By how much the times of made are above those of want: of the first picture that both have, else of
 * the first frame of sound. */
static int64_t find_shift(const struct frames *want, const struct frames *made)
{
    for (int k = 0; k < NB_KINDS; k++)
        for (size_t i = 0; i < want->of[k].n; i++) {
            const struct frame *f = &want->of[k].f[i];
            const size_t at = find(f, &made->of[k], 0);
            if (at != SIZE_MAX && f->pts != AV_NOPTS_VALUE)
                return made->of[k].f[at].pts - f->pts;
        }
    return track_begin(&made->of[SOUND]) - track_begin(&want->of[SOUND]);
}

/* How long a frame lasts, on average. */
static double length_of(const struct track *t)
{
    const int64_t span = t->n > 1 ? t->f[t->n - 1].dts - t->f[0].dts : 0;
    return span > 0 ? (double)span / (double)(t->n - 1) : 1;
}

static void judge_copied(struct verdict *v, int k, const struct track *a, const struct track *b,
                         int64_t shift, const struct account *acc, int64_t tol)
{
    struct match m = { 0 };
    const char c = letter[k];
    match_tracks(&m, a, b, shift);
    check_order(&m, b);
    if ((int64_t)m.missing != acc->left)
        verdict_add(v, "missing-%c %zu of %zu, %" PRId64 " named, first %zu", c, m.missing, a->n,
                    acc->left, m.first_missing);
    if ((int64_t)m.extra != acc->put_in)
        verdict_add(v, "extra-%c %zu, %" PRId64 " named", c, m.extra, acc->put_in);
    if (llabs(m.worst) > tol)
        verdict_add(v, "time-%c %" PRId64 " ticks (%.1f frames) at %zu", c, m.worst,
                    fabs((double)m.worst) / length_of(a), m.worst_at);
    if (m.nb_no_time)
        verdict_add(v, "notime-%c %zu", c, m.nb_no_time);
    if (m.nb_back)
        verdict_add(v, "dts-%c %zu not above the one before", c, m.nb_back);
    if (m.nb_dts_above)
        verdict_add(v, "ptsdts-%c %zu", c, m.nb_dts_above);
    if (lag_of(b) > lag_of(a) + LAG_MORE)
        verdict_add(v, "lag-%c %" PRId64 ", not %" PRId64, c, lag_of(b), lag_of(a));
}

static void judge_encoded(struct verdict *v, int k, const struct track *a, const struct track *b,
                          int64_t shift, const struct account *acc, int64_t tol)
{
    const int64_t begin = track_begin(b) - track_begin(a) - shift;
    const int64_t end = track_end(b) - track_end(a) - shift;
    if (b->n == 0)
        verdict_add(v, "missing-%c all, encoded", letter[k]);
    else if (acc->left == 0 && (begin > tol || end < -tol))
        verdict_add(v, "span-%c begins %" PRId64 ", ends %" PRId64, letter[k], begin, end);
}

static void judge_account(struct verdict *v, int k, const struct track *a,
                          const struct account *acc, bool mixed)
{
    const char c = letter[k];
    if (a->n > 0 && !acc->there)
        verdict_add(v, "noaccount-%c", c);
    if (!acc->there || a->n == 0) /* what FFmpeg did not find may be found all the same */
        return;
    if (acc->in != (int64_t)a->n && !acc->encoded)
        verdict_add(v, "in-%c %" PRId64 " of %zu", c, acc->in, a->n);
    if (acc->unaccounted || acc->in != acc->out + acc->left)
        verdict_add(v, "balance-%c in %" PRId64 " out %" PRId64 " left %" PRId64, c, acc->in,
                    acc->out, acc->left);
    if (acc->left > (int64_t)a->nb_hidden && !mixed)
        verdict_add(v, "left-%c %" PRId64, c, acc->left);
}

void judge(struct verdict *v, const struct frames *want, const struct frames *made,
           const struct told *t, const struct tolerance *tol)
{
    const int64_t shift = made ? find_shift(want, made) : 0;
    if (t->status != 0)
        verdict_add(v, "status %d: %s", t->status, t->words);
    if (t->status == 3 && !*t->words)
        verdict_add(v, "silent");
    for (int k = 0; k < NB_KINDS; k++) {
        const struct track *a = &want->of[k], *b = made ? &made->of[k] : NULL;
        judge_account(v, k, a, &t->of[k], !made);
        if (!b || a->n == 0)
            continue;
        if (!t->of[k].encoded && a->codec == b->codec)
            judge_copied(v, k, a, b, shift, &t->of[k], tol->of[k]);
        else
            judge_encoded(v, k, a, b, shift, &t->of[k], tol->encoded);
    }
}
