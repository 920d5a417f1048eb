/* SPDX-License-Identifier: MIT */
/* Publishers. */
#include "publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "base/num.h"
#include "convert.h"
#include "gate.h"

/* Reads ?audio=0 and ?video=0, which announce what a stream lacks. False: both, or another
 * value. */
static bool take_tracks(const struct trtc_request *r, struct stream *s)
{
    const char *audio = trtc_request_query(r, "audio"), *video = trtc_request_query(r, "video");
    if ((audio && strcmp(audio, "0") != 0 && strcmp(audio, "1") != 0) ||
        (video && strcmp(video, "0") != 0 && strcmp(video, "1") != 0))
        return false;
    if (s) {
        s->audio = !audio || *audio == '1';
        s->video = !video || *video == '1';
    }
    return !audio || !video || *audio == '1' || *video == '1';
}

int publish_head(struct house *h, struct trtc_request *r, const struct trtc_spot *spot)
{
    if (!*spot->user || !take_tracks(r, NULL))
        return 400;
    if (!gate_lets_publish(h, r, spot->user))
        return 401;
    if (h->closing)
        return 503;
    if (strcmp(trtc_request_method(r), "PUT") != 0 && trtc_request_query(r, "session"))
        return 0;
    if (trtc_request_header(r, "Content-Range"))
        return 400; /* a part of something: GStreamer's souphttpclientsink sends each buffer like
                       this */
    const int status = stream_refuses(h, spot);
    struct stream *s = status ? NULL : stream_new(h, spot, r);
    if (!s)
        return status ? status : 503;
    take_tracks(r, s);
    s->publisher = r;
    trtc_request_set(r, s);
    trtc_request_stream(r);
    return 0;
}

/* ---- one body ---- */

enum trtc_piece publish_piece(struct house *h, struct trtc_request *r, const char *data, size_t n)
{
    bool full;
    struct stream *s = trtc_request_ours(r);
    const int status = stream_feed(h, s, data, n, &full);
    if (!status)
        return full ? TRTC_PIECE_WAIT : TRTC_PIECE_ON;
    trtc_request_break(r, status);
    stream_over(h, s, TRTC_REASON_REMOVED);
    return TRTC_PIECE_ON; /* its sender gets the answer later */
}

void publish_end(struct house *h, struct trtc_request *r)
{
    struct stream *s = trtc_request_ours(r);
    const int status = stream_finish(h, s);
    if (status)
        trtc_request_answer(r, status, status == 200 ? "{\"code\":0}" : NULL);
}

void publish_gone(struct house *h, struct stream *s, bool whole)
{
    char name[STREAM_NAME_SIZE];
    s->publisher = NULL;
    if (whole || s->state == STREAM_IS_OVER)
        return;
    cli_note("%s: its publisher disconnected", stream_name(&s->spot, name));
    s->broke = s->ended = true;
    if (s->convert)
        convert_finish(h, s); /* its remaining output is delivered first */
    else
        stream_over(h, s, TRTC_REASON_TIMEOUT);
}

void publish_converted(struct house *h, struct stream *s, bool failed)
{
    const bool nothing = s->state == STREAM_LOOKS;
    stream_over(h, s,
                s->broke ? TRTC_REASON_TIMEOUT
                : failed ? TRTC_REASON_REMOVED
                         : TRTC_REASON_NORMAL);
    if (!s->publisher)
        return;
    if (s->ended)
        trtc_request_answer(s->publisher, failed || nothing ? 415 : 200,
                            failed || nothing ? NULL : "{\"code\":0}");
    else
        trtc_request_break(s->publisher, 415);
}

/* ---- numbered POSTs ---- */

static struct stream *find_session(const struct house *h, const struct trtc_spot *spot,
                                   const char *session)
{
    for (struct stream *s = h->streams; s; s = s->next)
        if (s->numbered && strcmp(s->session, session) == 0 && trtc_spot_same(&s->spot, spot))
            return s;
    return NULL;
}

static struct stream *new_session(struct house *h, struct trtc_request *r,
                                  const struct trtc_spot *spot, const char *session)
{
    struct trtc_err err;
    struct stream *s = stream_new(h, spot, r);
    if (!s)
        return NULL;
    take_tracks(r, s);
    s->numbered = trtc_numbered_new(&err);
    snprintf(s->session, sizeof s->session, "%s", session);
    if (s->numbered)
        return s;
    stream_over(h, s, 0);
    return NULL;
}

/* Passes on the pieces whose turn it is. Returns 0, or a status. */
static int feed_numbered(struct house *h, struct stream *s)
{
    size_t n = 0;
    void *data;
    int status = 0;
    bool full;
    while (!status && (data = trtc_numbered_next(s->numbered, &n)) != NULL) {
        status = stream_feed(h, s, data, n, &full);
        free(data);
    }
    if (status)
        stream_over(h, s, TRTC_REASON_REMOVED);
    else if (trtc_numbered_done(s->numbered) && !s->ended)
        status = stream_finish(h, s);
    return status;
}

static int put_numbered(struct house *h, struct trtc_request *r, struct stream *s, int64_t number)
{
    size_t n;
    const char *body = trtc_request_body(r, &n), *end = trtc_request_query(r, "end");
    if (s->state == STREAM_IS_OVER)
        return trtc_numbered_done(s->numbered) ? 200 : 409;
    s->fed_ms = h->now_ms;
    switch (trtc_numbered_put(s->numbered, number, body, n, end && strcmp(end, "1") == 0)) {
    case TRTC_NUMBERED_TAKEN:
        return feed_numbered(h, s);
    case TRTC_NUMBERED_REPEATED:
        return 200;
    case TRTC_NUMBERED_FAR:
        return 409;
    default:
        return 503;
    }
}

/* A session has a unique name, so that the pieces of a reloaded page are not taken for
 * repetitions. */
static bool is_session(const char *s)
{
    return s && *s && strlen(s) <= SESSION_MAX &&
           !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")];
}

void publish_numbered(struct house *h, struct trtc_request *r, const struct trtc_spot *spot)
{
    const char *session = trtc_request_query(r, "session"), *seq = trtc_request_query(r, "seq");
    int64_t number = 0;
    if (!is_session(session) || !seq ||
        trtc_num_int("seq", seq, (struct trtc_range){ 0, INT32_MAX }, &number, NULL) < 0) {
        trtc_request_answer(r, 400, NULL);
        return;
    }
    struct stream *s = find_session(h, spot, session);
    int status = s ? 0 : stream_refuses(h, spot);
    if (!s && !status && !(s = new_session(h, r, spot, session)))
        status = 503;
    if (!status)
        status = put_numbered(h, r, s, number);
    if (!status)
        status = 200;
    trtc_request_answer(r, status, status == 200 ? "{\"code\":0}" : NULL);
}

void numbered_tick(struct house *h, struct stream *s)
{
    char name[STREAM_NAME_SIZE];
    if (s->state == STREAM_IS_OVER)
        return;
    const int64_t first = trtc_numbered_wanted(s->numbered);
    const int64_t n = trtc_numbered_skip(s->numbered, h->now_ms);
    if (!n)
        return;
    cli_error("%s: %" PRId64 " POSTs from number %" PRId64 " on did not arrive: lost",
              stream_name(&s->spot, name), n, first);
    feed_numbered(h, s);
}
