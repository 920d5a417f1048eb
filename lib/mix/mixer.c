/* SPDX-License-Identifier: MIT */
/* Sums voices, each of which delivers as many samples as the block needs.
 *
 * `pos` is the place of the next sample to be summed. The output is late by the limiter's delay, so
 * before the first block as many samples are summed whose output is dropped.
 *
 * Of each source one packet is read ahead. While it is not due soon, the voice does nothing: it has
 * no decoder before its first sound, and pauses cost nothing. */
#include "mix/mixer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "base/array.h"
#include "base/utc.h"
#include "mix/limiter.h"

#define AHEAD_MS 500 /* how far packets are decoded before they are due */
#define FADE_MS  5

enum gap { GAP_NONE, GAP_PAUSE, GAP_END };

struct part {
    struct trtc_mixer_source source;
    struct trtc_ledger ledger; /* of voices that were freed, and of packets that no voice got */
    bool done;                 /* all of it was mixed */

    struct trtc_packet in; /* the packet read ahead, if has_in; its data is the source's */
    struct trtc_coding in_coding;
    bool has_in;
    bool ended; /* the source has ended */

    struct trtc_voice *voice; /* NULL: before its first sound, or done */
    bool drained;             /* the voice was told that the source has ended */
    bool deaf;                /* it has failed: its packets are dropped */
    int64_t pos;              /* of the next sample to be read from the voice */

    bool begun; /* a block was read */
    bool heard;
    int fade; /* 0: not heard ... m->fade_len: heard */

    float *kept[2]; /* its share of the last block, if the mixer keeps voices */
    struct trtc_limiter *limiter;
    int tail; /* how many samples may still be in the limiter */
};

struct trtc_mixer {
    int rate_hz, channels, fade_len;
    int64_t pos;
    enum trtc_voice_way way;
    bool keep;
    int last; /* number of samples in the last block */
    struct trtc_limiter *limiter;
    float *planes[2]; /* scratch: a voice's samples */
    struct part *parts;
    int nb_parts;
    int *live; /* the parts that are not done */
    int nb_live;
};

static float ceiling(void)
{
    return (float)pow(10, TRTC_MIXER_CEILING_DB / 20);
}

struct trtc_mixer *trtc_mixer_new(int rate_hz, int channels, struct trtc_err *err)
{
    if (channels < 1 || channels > 2 || rate_hz < 1) {
        trtc_fail(err, TRTC_EX_SOFTWARE, "a mix at %d Hz with %d channels", rate_hz, channels);
        return NULL;
    }
    struct trtc_mixer *m = calloc(1, sizeof *m);
    if (!m) {
        trtc_fail_nomem(err);
        return NULL;
    }
    m->rate_hz = rate_hz;
    m->channels = channels;
    m->fade_len = rate_hz * FADE_MS / 1000 + 1;
    m->limiter = trtc_limiter_new(rate_hz, channels, ceiling(), err);
    m->planes[0] = calloc(TRTC_MIXER_BLOCK, sizeof(float));
    m->planes[1] = calloc(TRTC_MIXER_BLOCK, sizeof(float));
    if (!m->limiter || !m->planes[0] || !m->planes[1]) {
        trtc_fail_nomem(err);
        trtc_mixer_free(&m);
    }
    return m;
}

static void free_voice(struct part *p, int64_t slack)
{
    if (!p->voice)
        return;
    trtc_voice_settle(p->voice, slack);
    trtc_ledger_add(&p->ledger, trtc_voice_ledger(p->voice));
    trtc_voice_free(&p->voice);
}

/* Frees the voice of a part that is done. Its ledger stays. */
static void finish(struct part *p)
{
    free_voice(p, INT64_MAX);
    trtc_limiter_free(&p->limiter);
    for (int c = 0; c < 2; c++) {
        free(p->kept[c]);
        p->kept[c] = NULL;
    }
    p->done = true;
}

void trtc_mixer_free(struct trtc_mixer **m)
{
    struct trtc_mixer *x = *m;
    if (!x)
        return;
    for (int i = 0; i < x->nb_parts; i++)
        finish(&x->parts[i]);
    free(x->parts);
    free(x->live);
    free(x->planes[0]);
    free(x->planes[1]);
    trtc_limiter_free(&x->limiter);
    free(x);
    *m = NULL;
}

static int open_kept(struct trtc_mixer *m, struct part *p, struct trtc_err *err)
{
    p->limiter = trtc_limiter_new(m->rate_hz, m->channels, ceiling(), err);
    if (!p->limiter)
        return -1;
    for (int c = 0; c < m->channels; c++) {
        p->kept[c] = calloc(TRTC_MIXER_BLOCK, sizeof(float));
        if (!p->kept[c])
            return trtc_fail_nomem(err);
    }
    return 0;
}

int trtc_mixer_add(struct trtc_mixer *m, const struct trtc_mixer_source *source,
                   struct trtc_err *err)
{
    if (trtc_array_room(&m->parts, (size_t)m->nb_parts, sizeof *m->parts) < 0 ||
        trtc_array_room(&m->live, (size_t)m->nb_parts, sizeof *m->live) < 0)
        return trtc_fail_nomem(err);
    m->parts[m->nb_parts] = (struct part){
        .source = *source,
        .heard = true,
        .fade = m->fade_len,
        .pos = m->pos,
    };
    m->live[m->nb_live++] = m->nb_parts;
    return m->nb_parts++;
}

void trtc_mixer_hear(struct trtc_mixer *m, int voice, bool heard)
{
    struct part *p = &m->parts[voice];
    p->heard = heard;
    if (!p->begun) /* there is nothing to fade from */
        p->fade = heard ? m->fade_len : 0;
}

void trtc_mixer_go(struct trtc_mixer *m, enum trtc_voice_way way)
{
    m->way = way;
    for (int i = 0; i < m->nb_parts; i++)
        if (m->parts[i].voice)
            trtc_voice_go(m->parts[i].voice, way);
}

void trtc_mixer_keep(struct trtc_mixer *m)
{
    m->keep = true;
}

/* ---- one voice ---- */

/* Returns 0 for a failure that ends only this voice, or -1 and *err if memory has run out. */
static int unless_short(const struct trtc_err *why, struct trtc_err *err)
{
    if (why->code != TRTC_EX_TEMPFAIL)
        return 0;
    if (err)
        *err = *why;
    return -1;
}

/* Reads the next packet ahead, unless one was read. Returns 1; 0: there is none now, or the source
 * has ended. */
static int grasp(struct part *p)
{
    struct trtc_err ignored;
    if (p->has_in)
        return 1;
    if (p->ended)
        return 0;
    const int ret = p->source.next(p->source.opaque, &p->in, &p->in_coding, &ignored);
    p->has_in = ret == 1;
    p->ended = ret != 1 && ret != 2;
    return p->has_in;
}

/* Whether the packet that was read ahead must be decoded for samples up to `to`. */
static bool is_due(const struct trtc_mixer *m, const struct part *p, int64_t to)
{
    return p->in.pts_us == TRTC_NOTIME ||
           av_rescale(p->in.pts_us, m->rate_hz, 1000000) < to + m->rate_hz * AHEAD_MS / 1000;
}

/* Drops the packet that was read ahead; why: the reason in the account. */
static void leave(struct part *p, enum trtc_left why)
{
    p->has_in = false;
    p->ledger.nb_in++;
    p->ledger.nb_left[why]++;
}

static int send(struct trtc_mixer *m, struct part *p, struct trtc_err *err)
{
    struct trtc_err why = { 0 };
    if (p->deaf) {
        leave(p, TRTC_LEFT_FORMAT);
        return 0;
    }
    if (!p->voice) {
        p->voice = trtc_voice_new(m->rate_hz, m->channels, err);
        if (!p->voice)
            return -1;
        trtc_voice_skip(p->voice, p->pos);
        trtc_voice_go(p->voice, m->way);
    }
    const struct trtc_coding *c = &p->in_coding;
    if (c->par && trtc_voice_parameters(p->voice, c->par, err) < 0)
        return -1;
    if (trtc_voice_send(p->voice, c->name, &p->in, &why) == 0) {
        p->has_in = false;
        return 0;
    }
    leave(p, TRTC_LEFT_FORMAT);
    return unless_short(&why, err);
}

/* Gives up a voice that has failed and would fail again. Its packets are still read, since a thread
 * may wait until they are. */
static int give_up(struct part *p, const struct trtc_err *why, struct trtc_err *err)
{
    free_voice(p, INT64_MAX);
    p->deaf = true;
    if (p->has_in)
        leave(p, TRTC_LEFT_FORMAT);
    return unless_short(why, err);
}

/* Decodes until the voice has n samples ready. *gap: GAP_NONE, or why it has fewer. */
static int work(struct trtc_mixer *m, struct part *p, int n, enum gap *gap, struct trtc_err *err)
{
    struct trtc_err why = { 0 };
    *gap = GAP_NONE;
    while (!p->voice || trtc_voice_ready(p->voice) < n) {
        const int ret = p->voice ? trtc_voice_step(p->voice, &why) : 0;
        if (ret < 0 && give_up(p, &why, err))
            return -1;
        if (ret)
            continue;
        if (grasp(p) && is_due(m, p, p->pos + n)) {
            if (send(m, p, err))
                return -1;
        } else if (p->has_in || !p->ended) {
            *gap = GAP_PAUSE;
            break;
        } else if (!p->voice || p->drained) {
            *gap = GAP_END;
            break;
        } else {
            if (trtc_voice_end(p->voice, TRTC_NOTIME, err))
                return -1;
            p->drained = true;
        }
    }
    return 0;
}

/* Reads the voice's next n samples into m->planes, and fills up with silence. Returns how many are
 * from the voice, or -1. *end: it has no more. */
static int read_part(struct trtc_mixer *m, struct part *p, int n, bool *end, struct trtc_err *err)
{
    float *const *planes = m->planes;
    enum gap gap;
    int got = 0;
    if (work(m, p, n, &gap, err))
        return -1;
    if (p->voice) {
        if (gap != GAP_NONE && trtc_voice_flush(p->voice, err))
            return -1;
        got = trtc_voice_ready(p->voice);
        got = got < n ? got : n;
        trtc_voice_hear(p->voice, p->heard);
        if (got > 0 && trtc_voice_read(p->voice, planes, got, err))
            return -1;
        if (got < n)
            trtc_voice_skip(p->voice, n - got);
    }
    for (int c = 0; c < m->channels && got < n; c++)
        memset(planes[c] + got, 0, (size_t)(n - got) * sizeof(float));
    p->pos += n;
    p->begun = true;
    *end = gap == GAP_END && got < n;
    return got;
}

/* Fades in or out, as trtc_mixer_hear has asked. Returns false if the voice is not heard. */
static bool fade(const struct trtc_mixer *m, struct part *p, float *const *planes, int n)
{
    const int to = p->heard ? m->fade_len : 0;
    if (p->fade == to)
        return to > 0;
    for (int i = 0; i < n; i++) {
        p->fade += p->fade < to ? 1 : p->fade > to ? -1 : 0;
        for (int c = 0; c < m->channels; c++)
            planes[c][i] *= (float)p->fade / (float)m->fade_len;
    }
    return true;
}

/* Passes the voice's share of the sum through its own limiter, into p->kept. */
static int keep(struct trtc_mixer *m, struct part *p, int n, bool heard, struct trtc_err *err)
{
    float *const *planes = m->planes;
    if (heard)
        p->tail = trtc_limiter_delay(m->limiter);
    if (!p->limiter && (!heard || open_kept(m, p, err)))
        return heard ? -1 : 0;
    for (int c = 0; c < m->channels; c++) {
        if (heard)
            memcpy(p->kept[c], planes[c], (size_t)n * sizeof(float));
        else
            memset(p->kept[c], 0, (size_t)n * sizeof(float));
    }
    trtc_limiter_run(p->limiter, p->kept, n);
    return 0;
}

/* Adds the part's next n samples to sum. Returns 1; 0: it is done; -1. */
static int add_part(struct trtc_mixer *m, struct part *p, float *const *sum, int n,
                    struct trtc_err *err)
{
    bool end;
    const int got = read_part(m, p, n, &end, err);
    if (got < 0)
        return -1;
    const bool heard = fade(m, p, m->planes, n) && got > 0;
    const bool passes = m->way == TRTC_VOICE_PASSES;
    for (int c = 0; c < m->channels && heard && !passes; c++)
        for (int i = 0; i < got; i++)
            sum[c][i] += m->planes[c][i];
    /* after the end of the sound, the limiter still contains some of it */
    const bool done = end && got == 0 && p->tail <= 0;
    if (got == 0)
        p->tail -= n;
    return m->keep && !passes && keep(m, p, n, heard, err) < 0 ? -1 : !done;
}

/* ---- the sum ---- */

static int sum(struct trtc_mixer *m, float *const *planes, int n, struct trtc_err *err)
{
    for (int c = 0; c < m->channels; c++)
        memset(planes[c], 0, (size_t)n * sizeof(float));
    int nb = 0;
    for (int i = 0; i < m->nb_live; i++) {
        struct part *p = &m->parts[m->live[i]];
        const int more = add_part(m, p, planes, n, err);
        if (more < 0)
            return -1;
        if (more)
            m->live[nb++] = m->live[i];
        else
            finish(p);
    }
    m->nb_live = nb;
    m->pos += n;
    if (m->way != TRTC_VOICE_PASSES) /* the sum is silence then, which the limiter can miss */
        trtc_limiter_run(m->limiter, planes, n);
    return 0;
}

int trtc_mixer_block(struct trtc_mixer *m, float *const *planes, int n, struct trtc_err *err)
{
    if (n < 0 || n > TRTC_MIXER_BLOCK)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%d samples in a block of the mix", n);
    /* the first samples from the limiter are its empty delay, and are dropped */
    const int delay = trtc_limiter_delay(m->limiter);
    while (n > 0 && m->pos < delay) {
        const int left = delay - (int)m->pos;
        if (sum(m, planes, left < n ? left : n, err))
            return -1;
    }
    if (sum(m, planes, n, err))
        return -1;
    m->last = n;
    return 0;
}

int trtc_mixer_voice(struct trtc_mixer *m, int voice, float *const *planes, int n)
{
    const struct part *p = &m->parts[voice];
    if (!m->keep || n != m->last)
        return -1;
    for (int c = 0; c < m->channels; c++) {
        if (p->kept[c])
            memcpy(planes[c], p->kept[c], (size_t)n * sizeof(float));
        else
            memset(planes[c], 0, (size_t)n * sizeof(float));
    }
    return 0;
}

/* Counts the packets that were not decoded. whole: also reads all that the source still has. */
static void read_rest(struct trtc_mixer *m, struct part *p, bool whole, int64_t slack)
{
    const int64_t last_us =
        av_rescale(m->pos - trtc_limiter_delay(m->limiter) + slack, 1000000, m->rate_hz);
    while (whole ? grasp(p) : p->has_in)
        leave(p, p->deaf                             ? TRTC_LEFT_FORMAT
                 : !whole || p->in.pts_us <= last_us ? TRTC_LEFT_CUT
                                                     : TRTC_LEFT_UNPLACED);
}

void trtc_mixer_settle(struct trtc_mixer *m, bool whole, int64_t slack)
{
    for (int i = 0; i < m->nb_parts; i++) {
        struct part *p = &m->parts[i];
        free_voice(p, whole ? slack : INT64_MAX);
        read_rest(m, p, whole, slack);
    }
}

struct trtc_ledger trtc_mixer_ledger(const struct trtc_mixer *m, int voice)
{
    const struct part *p = &m->parts[voice];
    struct trtc_ledger l = p->ledger;
    if (p->voice)
        trtc_ledger_add(&l, trtc_voice_ledger(p->voice));
    return l;
}

bool trtc_mixer_sounds(const struct trtc_mixer *m, int voice)
{
    return !m->parts[voice].done;
}
