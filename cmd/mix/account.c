/* SPDX-License-Identifier: MIT */
/* trtc-mix: losses, and the account of every frame, on standard error and as JSON. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../loss.h"
#include "account.h"
#include "base/json_put.h"
#include "base/text.h"
#include "base/utc.h"
#include "container/edits.h"
#include "input/input.h"
#include "recording/ledger_json.h"

/* ---- losses ---- */

/* By how much the content of a segment may begin before, or end after, its time. */
enum { BESIDE_US = 1000000 };

/* Whether a loss at this time is reported by this process, and not by that of another part. */
static bool is_told(const struct inputs *in, int64_t us)
{
    return !in->in_part || us == TRTC_NOTIME || (us >= in->part_from_us && us < in->part_to_us);
}

/* The same for a loss that was found while a segment was read. Its exact place in the segment is
 * not known, so every part that contains some of the segment reports it. Reading stops after the
 * part. */
static bool is_told_as_read(const struct inputs *in, const struct trtc_loss *l)
{
    return !in->in_part || l->start_us == TRTC_NOTIME || in->part_from_us == INT64_MIN ||
           l->start_us + l->within_us >= in->part_from_us - BESIDE_US;
}

/* Adds a line to the note of a part. */
static void note(struct inputs *in, const char *line)
{
    if (in->in_part && trtc_mix_note_add(&in->note, line) < 0)
        in->code = trtc_worse(in->code, TRTC_EX_TEMPFAIL);
}

void mix_say(struct inputs *in, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    cli_error("%s", line);
    note(in, line);
}

static void lose(struct inputs *in, int code)
{
    if (!in->allow_missing)
        in->code = trtc_worse(in->code, code);
}

static void tell(struct inputs *in, const struct trtc_loss *l)
{
    char line[1024];
    loss_line(l, line, sizeof line);
    mix_say(in, "%s", line);
    lose(in, TRTC_EX_LOSS);
    if (trtc_losses_add(&in->losses, l) < 0)
        in->code = trtc_worse(in->code, TRTC_EX_TEMPFAIL);
}

void mix_lose_early(struct inputs *in, int64_t from_us, int64_t to_us)
{
    in->told_early = true;
    in->part_from_us = from_us;
    in->part_to_us = to_us;
    for (size_t i = 0; i < in->early.n; i++)
        if (in->early.items[i].start_us != TRTC_NOTIME || from_us == INT64_MIN)
            mix_lose(in, &in->early.items[i]);
}

void mix_lose(struct inputs *in, const struct trtc_loss *l)
{
    if (in->in_part && !in->told_early) {
        if (trtc_losses_add(&in->early, l) < 0)
            in->code = trtc_worse(in->code, TRTC_EX_TEMPFAIL);
        return;
    }
    if (is_told(in, l->start_us))
        tell(in, l);
}

static void lose_found(struct inputs *in, const struct trtc_losses *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (is_told_as_read(in, &l->items[i]))
            tell(in, &l->items[i]);
}

struct lost_frames { /* of a track, for one reason */
    const char *kind;
    int64_t nb;
    const char *what, *how;
};

/* Writes the name of an origin: its user if it is a recording, else its label. Returns out. */
static const char *name_of(const struct origin *o, char *out, size_t size)
{
    if (o->rec)
        snprintf(out, size, "%s%s", o->user, o->aux ? ":aux" : "");
    else
        snprintf(out, size, "%s", o->label);
    return out;
}

/* Reports such frames as a loss, if there are any. */
static void lose_frames(struct inputs *in, const struct origin *o, struct lost_frames f)
{
    char name[512], detail[160];
    const struct trtc_loss l = { .path = name_of(o, name, sizeof name),
                                 .kind = f.kind,
                                 .detail = detail,
                                 .start_us = TRTC_NOTIME,
                                 .lost_us = 0,
                                 .lost_bytes = -1,
                                 .list = -1 };
    if (f.nb == 0)
        return;
    snprintf(detail, sizeof detail, "%" PRId64 " frame%s of the %s %s", f.nb, trtc_text_s(f.nb),
             f.what, f.how);
    mix_lose(in, &l);
}

/* Reports the losses in the account of a track. */
static void lose_of(struct inputs *in, const struct origin *o, const struct trtc_ledger *l,
                    const char *what)
{
    static const char *const how[TRTC_NB_LEFT] = {
        [TRTC_LEFT_DAMAGED] = "could not be decoded: parts of them are missing",
        [TRTC_LEFT_UNDECODED] = "could not be decoded",
        [TRTC_LEFT_NO_KEY] =
            "could not be decoded: before the first key frame, or without parameter sets",
        [TRTC_LEFT_FORMAT] = "could not be used: their format is not supported",
        [TRTC_LEFT_UNPLACED] = "had no place in the mix",
        [TRTC_LEFT_LATE] = "came too late",
    };
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        if (trtc_left_is_loss((enum trtc_left)k))
            lose_frames(
                in, o,
                (struct lost_frames){ trtc_left_name((enum trtc_left)k), l->nb_left[k], what,
                                      how[k] ? how[k] : trtc_left_words((enum trtc_left)k) });
}

/* Completes the account of a track, which so far contains only the frames that the feed has
 * delivered: adds those that it has read and left out, whose losses it has reported itself. For
 * sound, the frames from the decoder are counted, of which a packet may contain several. */
static void close_account(struct inputs *in, const struct origin *o, struct trtc_ledger *l,
                          struct trtc_feed *feed, bool video)
{
    const char *what = video ? "picture" : "sound";
    struct trtc_ledger below;
    lose_of(in, o, l, what);
    if (!feed)
        return;
    trtc_feed_ledger(feed, &below);
    if (o->input)
        lose_frames(in, o,
                    (struct lost_frames){ "format", below.nb_left[TRTC_LEFT_FORMAT], what,
                                          "could not be used: their format is not supported" });
    const int64_t given = video ? l->nb_in : below.nb_out;
    l->nb_packets = below.nb_packets;
    l->nb_in += below.nb_in - given;
    for (int k = 0; k < TRTC_NB_LEFT; k++)
        l->nb_left[k] += below.nb_left[k];
    lose_frames(
        in, o,
        (struct lost_frames){ "unaccounted", trtc_ledger_open(l), what, "are unaccounted for" });
}

/* Returns when a participant was present: for a live one as the mix has found out, else as it was
 * known beforehand. */
static const struct trtc_member *presence_of(const struct trtc_participant *p)
{
    return p->live ? &p->there : p->member;
}

/* Returns when a source ended (us since 1970); TRTC_NOTIME: it has sent nothing. */
static int64_t left_us(const struct origin *o, const struct trtc_participant *s)
{
    const struct trtc_member *m = presence_of(s);
    const struct trtc_intervals *v[2] = { &m->picture, &m->sound };
    int64_t end = TRTC_NOTIME;
    for (int i = 0; i < 2; i++)
        if (v[i]->n && v[i]->items[v[i]->n - 1].end_us != INT64_MAX &&
            v[i]->items[v[i]->n - 1].end_us > end)
            end = v[i]->items[v[i]->n - 1].end_us;
    /* for a file that is cut off, mix_inputs_open has added the gap */
    return end != TRTC_NOTIME && o->torn ? end - TRTC_SECTION_GAP_US : end;
}

/* Writes a time, as UTC and since the start of the mix; nothing for TRTC_NOTIME. */
static void when_of(int64_t end, int64_t start_us, char *out, size_t size)
{
    char utc[32];
    *out = '\0';
    if (end == TRTC_NOTIME)
        return;
    trtc_utc_format3339(end / 1000, utc);
    snprintf(out, size, " at %s (%.3f s)", utc, (double)(end - start_us) / 1e6);
}

static bool was_there(const struct trtc_participant *p)
{
    const struct trtc_member *m = presence_of(p);
    return m->both.n || m->sound.n || m->picture.n;
}

/* Reports why a source ended early. That pictures broke, the mix has already reported. */
static void say_failure(struct inputs *in, const struct origin *o, const struct trtc_participant *s,
                        int64_t start_us)
{
    struct trtc_err why = { 0 };
    char when[64], line[1024];
    if (s->failure.code) {
        snprintf(line, sizeof line, "%s: the picture breaks: %s", o->label, s->failure.msg);
        note(in, line);
        lose(in, TRTC_EX_LOSS);
    }
    if (!is_told(in, left_us(o, s)))
        return;
    if (o->input)
        trtc_source_failure(o->input, &why);
    when_of(left_us(o, s), start_us, when, sizeof when);
    if (why.code && !s->failure.code)
        mix_say(in, "%s: it breaks%s: %s", o->label, when, why.msg);
    else if (in->live && o->rec && s->sound_failure.code)
        mix_say(in, "%s%s: the sound breaks: %s", o->user, o->aux ? ":aux" : "",
                s->sound_failure.msg);
    else if (o->torn && !s->failure.code)
        mix_say(in, "%s: it ends early%s: the file is truncated", o->label, when);
    if (why.code || s->sound_failure.code || o->torn)
        lose(in, why.code && !was_there(s) ? why.code : TRTC_EX_LOSS);
}

/* Reports tracks of the source's container that are not in the mix. That is a loss if no track of
 * the same kind was mixed, else a note, since only one picture and one sound are mixed. */
static void say_tracks(struct inputs *in, const struct origin *o, const struct trtc_participant *s)
{
    struct trtc_input_named n;
    char what[96], lost[256];
    struct trtc_loss l = { .path = o->label,
                           .kind = "unfollowed",
                           .detail = lost,
                           .start_us = TRTC_NOTIME,
                           .lost_bytes = -1,
                           .list = -1 };
    for (int k = 0; o->input && trtc_source_named(o->input, k, &n); k++) {
        const struct trtc_feed *feed = n.kind == TRTC_VIDEO ? s->picture : s->sound;
        const struct trtc_ledger *taken = n.kind == TRTC_VIDEO ? &s->pictures : &s->sounds;
        if (n.nb_unfollowed > 0) {
            snprintf(lost, sizeof lost,
                     "%s: %" PRId64 " of its %" PRId64
                     " transport packets came while no table listed it",
                     track_words(&n, what, sizeof what), n.nb_unfollowed, n.nb_packets);
            mix_lose(in, &l);
        }
        if (n.nb_unread > 0 && feed && taken->nb_in == 0) {
            snprintf(lost, sizeof lost, "an edit list leaves out all of %s",
                     track_words(&n, what, sizeof what));
            mix_lose(in, &l);
        }
        if (n.taken || n.nb_packets == 0)
            continue;
        snprintf(lost, sizeof lost, "%s came, but is not in the mix",
                 track_words(&n, what, sizeof what));
        const bool wanted = n.kind == TRTC_VIDEO ? o->want.picture : o->want.sound;
        if (n.kind != TRTC_NO_KIND && wanted && taken->nb_in == 0)
            mix_lose(in, &l);
        else
            cli_note("%s: %s is left out: only %s", o->label, what,
                     n.kind == TRTC_NO_KIND
                         ? "sound and pictures are mixed"
                         : "one picture track and one sound track of a source are mixed");
    }
}

/* Notes what the index of an MP4 wants to be shown otherwise than it is mixed. */
static void say_showing(const struct origin *o)
{
    struct trtc_input_named n;
    char what[96], parts[256];

    for (int k = 0; o->input && trtc_source_named(o->input, k, &n); k++) {
        if (n.edits)
            cli_note("%s: the edit list of %s shows %s: it is mixed %s", o->label,
                     track_words(&n, what, sizeof what),
                     trtc_edits_words(n.edits, parts, sizeof parts),
                     n.whole ? "at normal speed"
                             : "at normal speed, and with its beginning in place of pauses");
        if (n.clap)
            cli_note("%s: only a part of the picture should be shown: all of it is", o->label);
    }
}

/* Ends the reading of the origin, and reports the losses found by it. */
static void settle_origin(struct inputs *in, struct origin *o)
{
    if (o->input)
        trtc_source_settle(o->input);
    if ((o->picture && trtc_feed_settle(o->picture) < 0) ||
        (o->sound && trtc_feed_settle(o->sound) < 0))
        in->code = trtc_worse(in->code, TRTC_EX_TEMPFAIL);
    lose_found(in, &o->losses);
    lose_found(in, &o->sound_losses);
}

void mix_settle(struct inputs *in, int64_t start_us)
{
    for (size_t i = 0; i < in->nb_origins; i++) {
        struct origin *o = in->origins[i];
        struct trtc_participant *s = &in->participants[i];
        char name[512];
        settle_origin(in, o);
        say_failure(in, o, s, start_us);
        close_account(in, o, &s->pictures, s->picture, true);
        close_account(in, o, &s->sounds, s->sound, false);
        say_tracks(in, o, s);
        note_askew(name_of(o, name, sizeof name), s->nb_askew);
        say_showing(o);
        lose_frames(
            in, o,
            (struct lost_frames){ "damaged", s->nb_flawed, "picture", "shown in spite of damage" });
    }
}

/* ---- JSON ---- */

static cJSON *intervals_json(const struct trtc_intervals *v)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < v->n; i++) {
        cJSON *x = cJSON_CreateObject();
        trtc_json_put_number(&x, "start_ms", (double)(v->items[i].start_us / 1000));
        if (v->items[i].end_us != INT64_MAX)
            trtc_json_put_number(&x, "end_ms", (double)(v->items[i].end_us / 1000));
        trtc_json_push(&a, x);
    }
    return a;
}

/* Adds the account of a track, if it has had any data. */
static void put_account(cJSON **to, const char *key, const struct trtc_ledger *l)
{
    cJSON *t;
    if (l->nb_in == 0 && trtc_ledger_left(l) == 0)
        return;
    t = cJSON_CreateObject();
    trtc_json_put(&t, "account", trtc_ledger_json(l));
    trtc_json_put(to, key, t);
}

static cJSON *users_json(const struct inputs *in)
{
    static const char *const medias[] = { "main", "aux" };
    cJSON *users = cJSON_CreateArray();
    for (size_t i = 0; i < in->nb_origins; i++) {
        const struct trtc_participant *s = &in->participants[i];
        const struct trtc_member *m = presence_of(s);
        const struct trtc_recording *rec = in->origins[i]->rec;
        cJSON *u = cJSON_CreateObject();
        if (rec)
            trtc_json_put_user(&u, rec->user_id, rec->user_id_len);
        else
            trtc_json_put_user(&u, m->user, strlen(m->user));
        trtc_json_put_text(&u, "media", medias[m->aux]);
        trtc_json_put(&u, "picture", intervals_json(&m->picture));
        trtc_json_put(&u, "sound", intervals_json(&m->sound));
        put_account(&u, "video", &s->pictures);
        put_account(&u, "audio", &s->sounds);
        trtc_json_push(&users, u);
    }
    return users;
}

static cJSON *losses_json(const struct trtc_losses *l)
{
    cJSON *a = cJSON_CreateArray();
    for (size_t i = 0; i < l->n; i++)
        trtc_json_push(&a, trtc_loss_json(&l->items[i]));
    return a;
}

cJSON *mix_made_json(const struct mix_made *made)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "path", made->path);
    trtc_json_put_number(&j, "start_ms", (double)(made->start_us / 1000));
    trtc_json_put_number(&j, "end_ms", (double)(made->end_us / 1000));
    trtc_json_put_number(&j, "duration_ms", (double)((made->end_us - made->start_us) / 1000));
    trtc_json_put_number(&j, "bytes", (double)made->bytes);
    trtc_json_put_number(&j, "width", made->width_px);
    trtc_json_put_number(&j, "height", made->height_px);
    trtc_json_put_number(&j, "fps", made->fps);
    trtc_json_put_number(&j, "frames", (double)made->nb_frames);
    return j;
}

char *mix_summary(const struct opts *o, const struct inputs *in, const struct trtc_mix_result *res)
{
    const struct mix_made made = { .path = o->output,
                                   .start_us = res->start_us,
                                   .end_us = res->end_us,
                                   .bytes = res->bytes,
                                   .nb_frames = o->set.video ? res->nb_frames : 0,
                                   .width_px = o->set.width_px,
                                   .height_px = o->set.height_px,
                                   .fps = o->set.fps };
    cJSON *j = mix_made_json(&made);
    trtc_json_put_bool(&j, "interrupted", res->interrupted);
    trtc_json_put(&j, "users", users_json(in));
    trtc_json_put(&j, "losses", losses_json(&in->losses));
    char *text = trtc_json_text(j, false);
    cJSON_Delete(j);
    return text;
}
