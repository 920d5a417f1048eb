/* SPDX-License-Identifier: MIT */
/* The sound side of the mix: a thread that sums the voices block by block and encodes the sum and,
 * on request, each voice alone. */
#include "mix/mix_priv.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "codec/aacenc.h"
#include "mix/mixer.h"

enum { BLOCK_MAX = 4096 };
enum { WARM_S = 6 }; /* how long before a part its sound is mixed; no limiter looks back further */

struct voice { /* of one participant */
    struct trtc_mix *mix;
    struct trtc_participant *participant;
    int number;              /* in the mixer; -1: it has no sound */
    struct trtc_aacenc *own; /* the encoder of its own track, or NULL */
    int track;
    char *name;
};

struct trtc_sound {
    struct trtc_mixer *mixer;
    struct trtc_aacenc *encoder;
    struct voice *voices;
    size_t nb_voices;
    const struct trtc_subscription *sub;
    const struct trtc_timed_change *seen_change;
    float *planes[2];
};

/* Returns the next packet of a voice, with times since the beginning of the mix. */
static int next_packet(void *opaque, struct trtc_packet *p, struct trtc_coding *coding,
                       struct trtc_err *err)
{
    const struct voice *v = opaque;
    struct trtc_feed_frame f;
    int ret = trtc_feed_next(v->participant->sound, &f, err);
    if (ret < 0)
        v->participant->sound_failure = *err;
    if (ret < 0 && trtc_mix_must_end(v->mix, err))
        trtc_mix_fail(&v->mix->state, err);
    if (ret == TRTC_FED_FRAME) {
        *p = f.pkt;
        p->pts_us -= v->mix->state.start_us;
        p->dts_us = p->pts_us;
        *coding = (struct trtc_coding){ f.codec_name, f.av_parameters };
    }
    return ret;
}

static int new_voice(struct trtc_sound *s, struct trtc_mix *m, size_t i, struct trtc_err *err)
{
    const struct trtc_mix_settings *set = m->o.set;
    struct voice *v = &s->voices[i];
    *v = (struct voice){ .mix = m, .participant = &m->participants[i], .number = -1, .track = -1 };
    if (!v->participant->sound)
        return 0;
    const struct trtc_mixer_source src = { .next = next_packet, .opaque = v };
    v->number = trtc_mixer_add(s->mixer, &src, err);
    if (v->number < 0)
        return -1;
    if (!m->o.per_user || m->writer) /* a file that was begun gets no more tracks */
        return 0;
    const size_t n = strlen(v->participant->member->user) + sizeof ":aux";
    v->own = trtc_aacenc_new(set->rate_hz, 1, set->audio_bps, err);
    v->name = malloc(n);
    if (!v->own)
        return -1;
    if (!v->name)
        return trtc_fail_nomem(err);
    memcpy(v->name, v->participant->member->user, n - sizeof ":aux" + 1);
    if (v->participant->member->aux)
        memcpy(v->name + n - sizeof ":aux", ":aux", sizeof ":aux");
    return 0;
}

struct trtc_sound *trtc_mix_sound_new(struct trtc_mix *m, struct trtc_err *err)
{
    const struct trtc_mix_settings *set = m->o.set;
    struct trtc_sound *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->nb_voices = m->nb_participants;
    s->voices = calloc(m->nb_participants + m->nb_room + 1, sizeof *s->voices);
    s->planes[0] = calloc(BLOCK_MAX, sizeof(float));
    s->planes[1] = calloc(BLOCK_MAX, sizeof(float));
    if (!s->voices || !s->planes[0] || !s->planes[1]) {
        trtc_fail_nomem(err);
        goto fail;
    }
    s->sub = &set->sub;
    s->mixer = trtc_mixer_new(set->rate_hz, set->channels, err);
    s->encoder =
        s->mixer ? trtc_aacenc_new(set->rate_hz, set->channels, set->audio_bps, err) : NULL;
    if (!s->encoder)
        goto fail;
    if (m->o.per_user)
        trtc_mixer_keep(s->mixer);
    for (size_t i = 0; i < m->nb_participants; i++)
        if (new_voice(s, m, i, err) < 0)
            goto fail;
    return s;
fail:
    trtc_mix_sound_free(&s);
    return NULL;
}

void trtc_mix_sound_free(struct trtc_sound **s)
{
    struct trtc_sound *x = *s;
    if (!x)
        return;
    for (size_t i = 0; x->voices && i < x->nb_voices; i++) {
        trtc_aacenc_free(&x->voices[i].own);
        free(x->voices[i].name);
    }
    trtc_aacenc_free(&x->encoder);
    trtc_mixer_free(&x->mixer);
    free(x->voices);
    free(x->planes[0]);
    free(x->planes[1]);
    free(x);
    *s = NULL;
}

static struct trtc_writer_track track_of(const struct trtc_aacenc *e, const struct trtc_mix *m,
                                         int channels, const char *name)
{
    struct trtc_writer_track t = {
        .codec = TRTC_CODEC_AAC, .rate_hz = m->o.set->rate_hz, .channels = channels, .name = name
    };
    t.asc = trtc_aacenc_asc(e, &t.asc_size);
    return t;
}

int trtc_mix_sound_tracks(const struct trtc_mix *m, int first, struct trtc_writer_track *t)
{
    struct trtc_sound *s = m->sound;
    int nb = 0;
    t[nb++] = track_of(s->encoder, m, m->o.set->channels, m->o.per_user ? "mix" : NULL);
    for (size_t i = 0; i < s->nb_voices; i++)
        if (s->voices[i].own) {
            s->voices[i].track = first + nb;
            t[nb++] = track_of(s->voices[i].own, m, 1, s->voices[i].name);
        }
    return nb;
}

/* ---- the thread ---- */

/* Applies the changes up to due_us to the voices that are heard. */
static void take_changes(struct trtc_sound *s, struct trtc_mix *m, int64_t due_us, bool first)
{
    const struct trtc_timed_change *c;
    bool any = first;
    while ((c = trtc_mix_next_change(&m->state, s->seen_change, due_us))) {
        s->seen_change = c;
        if (!c->what.has_sub)
            continue;
        s->sub = &c->what.sub;
        any = true;
    }
    for (size_t i = 0; any && i < s->nb_voices; i++)
        if (s->voices[i].number >= 0)
            trtc_mixer_hear(s->mixer, s->voices[i].number,
                            trtc_subscribed(s->sub, false, s->voices[i].participant->member->user,
                                            m->users, m->nb_participants));
}

/* Adds the voices of participants who have joined. */
static int take_joined(struct trtc_sound *s, struct trtc_mix *m, struct trtc_err *err)
{
    for (; s->nb_voices < m->nb_participants; s->nb_voices++) {
        const size_t i = s->nb_voices;
        if (new_voice(s, m, i, err) < 0)
            return -1;
        if (s->voices[i].number >= 0)
            trtc_mixer_hear(s->mixer, s->voices[i].number,
                            trtc_subscribed(s->sub, false, m->participants[i].member->user,
                                            m->users, m->nb_participants));
    }
    return 0;
}

static int write_encoded(struct trtc_mix *m, struct trtc_aacenc *e, int track, struct trtc_err *err)
{
    struct trtc_packet p;
    int ret;
    while ((ret = trtc_aacenc_receive(e, &p, err)) > 0)
        if (trtc_writer_write(m->writer, track, &p, err) < 0)
            return -1;
    return ret;
}

static int encode(struct trtc_mix *m, struct trtc_aacenc *e, int track, int n, struct trtc_err *err)
{
    return trtc_aacenc_send(e, (const float *const *)m->sound->planes, n, err) < 0
               ? -1
               : write_encoded(m, e, track, err);
}

/* Waits until the next block, of at most n samples, may be mixed. Returns its length; 0: the end.
 * *pos: its first sample. */
static int claim(struct trtc_mix *m, int n, int64_t *pos)
{
    int64_t left = 0;
    pthread_mutex_lock(&m->state.lock);
    *pos = m->state.sound_pos;
    while (!m->state.failed) {
        left =
            (m->state.nb_begun < m->state.nb_frames ? trtc_mix_samples(&m->state, m->state.nb_begun)
                                                    : m->state.nb_samples) -
            *pos;
        if (left >= n || m->state.nb_begun >= m->state.nb_frames)
            break;
        pthread_cond_wait(&m->state.moved, &m->state.lock);
    }
    left = m->state.failed || left < 0 ? 0 : left > n ? n : left;
    m->state.sound_pos += left;
    pthread_cond_broadcast(&m->state.moved);
    pthread_mutex_unlock(&m->state.lock);
    return (int)left;
}

static int mix_block(struct trtc_mix *m, int n, struct trtc_err *err)
{
    struct trtc_sound *s = m->sound;
    if (trtc_mixer_block(s->mixer, s->planes, n, err) < 0 ||
        encode(m, s->encoder, m->audio_track, n, err) < 0)
        return -1;
    for (size_t i = 0; i < s->nb_voices; i++) {
        const struct voice *v = &s->voices[i];
        if (!v->own)
            continue;
        if (trtc_mixer_voice(s->mixer, v->number, s->planes, n) < 0)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "a voice is missing from the mix");
        for (int k = 0; m->o.set->channels > 1 && k < n; k++) /* own tracks are mono */
            s->planes[0][k] = (s->planes[0][k] + s->planes[1][k]) / 2;
        if (encode(m, v->own, v->track, n, err) < 0)
            return -1;
    }
    return 0;
}

static int finish(struct trtc_mix *m, struct trtc_aacenc *e, int track, int64_t end_us,
                  struct trtc_err *err)
{
    return trtc_aacenc_send(e, NULL, 0, err) < 0 || write_encoded(m, e, track, err) < 0
               ? -1
               : trtc_writer_end_track(m->writer, track, end_us, err);
}

/* Advances the voices from the beginning of the mix to the beginning of the part. Time stamps, from
 * which the place of the sound follows, are read all the way; only the last seconds are mixed. */
static int warm_up(struct trtc_mix *m, int block, struct trtc_err *err)
{
    struct trtc_sound *s = m->sound;
    const int rate = m->o.set->rate_hz;
    const int64_t to = m->state.sound_pos, passes_to = to - (int64_t)WARM_S * rate;
    for (int64_t pos = 0; pos < to && !trtc_mix_failed(&m->state); pos += block) {
        trtc_mixer_go(s->mixer, pos < passes_to ? TRTC_VOICE_PASSES : TRTC_VOICE_WARMS);
        take_changes(s, m, m->state.start_us + av_rescale(pos, 1000000, rate), pos == 0);
        if (trtc_mixer_block(s->mixer, s->planes, block, err) < 0)
            return -1;
    }
    trtc_mixer_go(s->mixer, TRTC_VOICE_PLAYS);
    trtc_aacenc_begin_at(s->encoder, to);
    for (size_t i = 0; i < s->nb_voices; i++)
        if (s->voices[i].own)
            trtc_aacenc_begin_at(s->voices[i].own, to);
    return 0;
}

void *trtc_mix_sound_run(void *arg)
{
    struct trtc_mix *m = arg;
    struct trtc_sound *s = m->sound;
    const int rate = m->o.set->rate_hz, block = trtc_aacenc_frame(s->encoder);
    struct trtc_err err;
    int64_t pos = 0;
    int n;
    if (warm_up(m, block, &err) < 0) {
        trtc_mix_fail(&m->state, &err);
        return NULL;
    }
    while ((n = claim(m, block, &pos)) > 0) {
        const int64_t due_us = m->state.start_us + av_rescale(pos + n, 1000000, rate);
        if (m->state.live)
            trtc_mix_live_wait(m, due_us);
        take_changes(s, m, m->state.start_us + av_rescale(pos, 1000000, rate), pos == 0);
        if (take_joined(s, m, &err) < 0 || mix_block(m, n, &err) < 0) {
            trtc_mix_fail(&m->state, &err);
            return NULL;
        }
    }
    if (trtc_mix_failed(&m->state))
        return NULL;
    const int64_t end_us = av_rescale(m->state.nb_frames, 1000000, m->o.set->fps);
    bool ok = finish(m, s->encoder, m->audio_track, end_us, &err) == 0;
    for (size_t i = 0; ok && i < s->nb_voices; i++)
        if (s->voices[i].own)
            ok = finish(m, s->voices[i].own, s->voices[i].track, end_us, &err) == 0;
    if (!ok)
        trtc_mix_fail(&m->state, &err);
    return NULL;
}

void trtc_mix_sound_settle(struct trtc_mix *m, bool whole)
{
    const struct trtc_sound *s = m->sound;
    if (!s)
        return;
    trtc_mixer_settle(s->mixer, whole, m->o.set->rate_hz / m->o.set->fps);
    for (size_t i = 0; i < s->nb_voices; i++)
        if (s->voices[i].number >= 0)
            m->participants[i].sounds = trtc_mixer_ledger(s->mixer, s->voices[i].number);
}
