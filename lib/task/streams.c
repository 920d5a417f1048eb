/* SPDX-License-Identifier: MIT */
/* Decides which streams a task records. */
#include "task/streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utc.h"

static void fini(struct trtc_task_stream *s)
{
    free(s->user);
    free(s->source);
}

void trtc_task_streams_fini(struct trtc_task_streams *s)
{
    for (size_t i = 0; i < s->n + s->nb_waiting; i++)
        fini(&s->items[i]);
    free(s->items);
    *s = (struct trtc_task_streams){ 0 };
}

static bool is_same_time(int64_t a_ms, int64_t b_ms)
{
    return a_ms != TRTC_NOTIME && a_ms == b_ms;
}

bool trtc_task_stream_same(const struct trtc_task_stream *was, const struct trtc_task_stream *is)
{
    return was->source && is->source && strcmp(was->source, is->source) == 0 &&
           (was->since_ms == is->since_ms || is_same_time(was->picture_ms, is->picture_ms) ||
            is_same_time(was->sound_ms, is->sound_ms));
}

const char *trtc_task_stream_word(const struct trtc_task_stream *s)
{
    return s->aux ? "substream" : "primary stream";
}

const struct trtc_task_stream *trtc_task_streams_find(const struct trtc_task_streams *s,
                                                      const char *user, bool aux)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].aux == aux && strcmp(s->items[i].user, user) == 0)
            return &s->items[i];
    return NULL;
}

/* ---- who is there ---- */

static bool is_user(const struct trtc_fact *f, const struct trtc_task_request *r)
{
    return f->type == TRTC_ROOM_ENTERED && strcmp(f->room, r->room) == 0 &&
           strcmp(f->user, r->robot) != 0;
}

const char **trtc_task_users(const struct trtc_attendance *here, const struct trtc_task_request *r,
                             size_t *n)
{
    const char **users = NULL;
    *n = 0;
    for (size_t i = 0; i < here->n; i++)
        *n += is_user(&here->items[i], r);
    if (*n && !(users = calloc(*n, sizeof *users)))
        *n = 1;
    for (size_t i = 0, k = 0; users && i < here->n; i++)
        if (is_user(&here->items[i], r))
            users[k++] = here->items[i].user;
    return users;
}

/* ---- which of their streams ---- */

struct choice {
    const struct trtc_attendance *here;
    const struct trtc_task_request *r;
    const char *const *users;
    size_t nb_users;
};

/* Appends a copy of s. */
static int add(struct trtc_task_streams *out, const struct trtc_task_stream *s,
               struct trtc_err *err)
{
    struct trtc_task_stream copy = *s;
    if (trtc_array_reserve(&out->items, &out->cap, out->n + 1, sizeof *out->items) < 0)
        return trtc_fail_nomem(err);
    copy.user = strdup(s->user);
    copy.source = s->source ? strdup(s->source) : NULL;
    if (!copy.user || (s->source && !copy.source)) {
        fini(&copy);
        return trtc_fail_nomem(err);
    }
    out->items[out->n++] = copy;
    return 0;
}

static const struct trtc_fact *fact(const struct choice *c, const char *user, int type)
{
    return trtc_attendance_find(c->here, c->r->room, user, type);
}

static bool subscribed(const struct choice *c, bool video, const char *user)
{
    return (video ? c->r->video : c->r->audio) &&
           trtc_subscribed(&c->r->sub, video, user, c->users, c->nb_users);
}

/* Describes a user's primary stream. Returns false if it is not wanted, or none of its wanted
 * tracks has begun. */
static bool main_of(const struct choice *c, const char *user, struct trtc_task_stream *out)
{
    const struct trtc_fact *video = fact(c, user, TRTC_ROOM_VIDEO);
    const struct trtc_fact *audio = fact(c, user, TRTC_ROOM_AUDIO);
    const struct trtc_fact *first = video ? video : audio;
    const bool hears = subscribed(c, false, user), sees = subscribed(c, true, user);
    if (!c->r->main || !((audio && hears) || (video && sees)))
        return false;
    if (audio && video && audio->since_ms < video->since_ms)
        first = audio;
    /* a track that begins later is recorded from then on */
    *out = (struct trtc_task_stream){ .user = (char *)user,
                                      .source = first->source,
                                      .since_ms = first->since_ms,
                                      .picture_ms = video ? video->since_ms : TRTC_NOTIME,
                                      .sound_ms = audio ? audio->since_ms : TRTC_NOTIME,
                                      .audio = hears,
                                      .video = sees };
    return true;
}

/* Describes a user's substream, which is recorded only when its picture is wanted. */
static bool aux_of(const struct choice *c, const char *user, struct trtc_task_stream *out)
{
    const struct trtc_fact *aux = fact(c, user, TRTC_ROOM_AUX);
    if (!c->r->aux || !aux || !subscribed(c, true, user))
        return false;
    *out = (struct trtc_task_stream){ .user = (char *)user,
                                      .aux = true,
                                      .source = aux->source,
                                      .since_ms = aux->since_ms,
                                      .picture_ms = aux->since_ms,
                                      .sound_ms = aux->since_ms,
                                      .audio = subscribed(c, false, user),
                                      .video = true };
    return true;
}

static int add_all(const struct choice *c, struct trtc_task_streams *out, struct trtc_err *err)
{
    struct trtc_task_stream s;
    for (size_t i = 0; i < c->nb_users; i++) {
        if (main_of(c, c->users[i], &s) && add(out, &s, err) < 0)
            return -1;
        if (aux_of(c, c->users[i], &s) && add(out, &s, err) < 0)
            return -1;
    }
    return 0;
}

/* Whether a goes before b: streams that are recorded already go first, then those that began
 * first. */
static bool goes_before(const struct trtc_task_stream *a, const struct trtc_task_stream *b,
                        const struct trtc_task_streams *held)
{
    const bool a_held = trtc_task_streams_find(held, a->user, a->aux);
    const bool b_held = trtc_task_streams_find(held, b->user, b->aux);
    return a_held != b_held ? a_held : a->since_ms < b->since_ms;
}

static void sort(struct trtc_task_streams *s, const struct trtc_task_streams *held)
{
    for (size_t i = 1; i < s->n; i++) {
        const struct trtc_task_stream moving = s->items[i];
        size_t k = i;
        for (; k > 0 && goes_before(&moving, &s->items[k - 1], held); k--)
            s->items[k] = s->items[k - 1];
        s->items[k] = moving;
    }
}

int trtc_task_streams_wanted(const struct trtc_attendance *here, const struct trtc_task_request *r,
                             const struct trtc_task_streams *held, struct trtc_task_streams *out,
                             struct trtc_err *err)
{
    struct choice c = { .here = here, .r = r };
    const char **users = trtc_task_users(here, r, &c.nb_users);
    if (!users)
        return c.nb_users ? trtc_fail_nomem(err) : 0;
    c.users = users;
    const int ret = add_all(&c, out, err);
    free(users);
    sort(out, held);
    for (; out->n > TRTC_TASK_STREAMS_MAX; out->n--)
        out->nb_waiting++;
    return ret;
}
