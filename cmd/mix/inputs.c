/* SPDX-License-Identifier: MIT */
/* trtc-mix: the inputs: streams from directories of recordings, files, live sources. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../cli.h"
#include "../clock.h"
#include "../memory.h"
#include "account.h"
#include "base/array.h"
#include "base/text.h"
#include "base/utc.h"
#include "inputs.h"
#include "layout/operand.h"
#include "net/fetch.h"
#include "playlist/stray.h"
#include "source/load.h"
#include "source/presence.h"

/* How many descriptors are open at a time: for a lane of a recording, for a file (sound, pictures,
 * and its examination), and for everything else: the output, a script, a font. */
enum { FILES_PER_LANE = 2, FILES_PER_SOURCE = 3, FILES_BESIDES = 32 };

/* ---- the list ---- */

static void free_origin(struct origin *o)
{
    if (!o)
        return;
    if (o->rec) {
        trtc_feed_free(&o->picture);
        trtc_feed_free(&o->sound);
        trtc_timeline_fini(&o->line);
    }
    trtc_source_free(&o->input);
    trtc_losses_fini(&o->losses);
    trtc_losses_fini(&o->sound_losses);
    trtc_member_fini(&o->member);
    free(o->user);
    free(o->label);
    free(o);
}

/* Adds an origin. Its address does not change, since sources point into it. NULL: no memory. */
static struct origin *add_origin(struct inputs *in, const char *user, size_t len, bool aux,
                                 const char *label)
{
    if (trtc_array_room(&in->origins, in->nb_origins, sizeof *in->origins) < 0)
        return NULL;
    struct origin *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    in->origins[in->nb_origins] = o;
    in->nb_origins++; /* it is freed with the others, even if it is incomplete */
    o->user = strndup(user, len);
    o->label = strdup(label);
    o->aux = aux;
    return o->user && o->label ? o : NULL;
}

/* Returns which kinds of a user's stream are wanted, as far as that is known beforehand. */
static struct trtc_wanted wanted(const struct inputs *in, const char *user, bool aux)
{
    const struct trtc_mix_settings *s = in->set;
    const bool in_room = aux ? s->aux : s->main;
    return (struct trtc_wanted){
        .sound = in_room && s->audio &&
                 (in->everybody || trtc_subscribed(&s->sub, false, user, &user, 1)),
        .picture = in_room && s->video &&
                   (in->everybody || trtc_subscribed(&s->sub, true, user, &user, 1)),
    };
}

/* ---- directories ---- */

/* Returns the size of the segments of a lane; one that is used several times counts each time. */
static int64_t bytes_of(const struct trtc_lane *lane)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < lane->n; i++)
        bytes += lane->clips[i].piece->bytes;
    return bytes;
}

static int add_stream(struct inputs *in, const struct trtc_recording *r, bool aux,
                      struct trtc_err *err)
{
    /* a user id that is not text is used as it is in file names */
    const char *user =
        r->user_id_text && strlen(r->user_id) == r->user_id_len ? r->user_id : r->user;
    const struct trtc_wanted want = wanted(in, user, aux);
    struct trtc_timeline line;
    if (!want.sound && !want.picture)
        return 0;
    if (trtc_timeline_build(r, aux ? TRTC_AUX_ONLY : TRTC_AUX_MAIN, &line, err) < 0)
        return -1;
    if (!line.audio.n && !line.video.n) {
        trtc_timeline_fini(&line);
        return 0;
    }
    struct origin *o = add_origin(in, user, strlen(user), aux, r->dir);
    if (!o) {
        trtc_timeline_fini(&line);
        return trtc_fail_nomem(err);
    }
    o->rec = r;
    o->line = line;
    o->bytes = bytes_of(&line.audio) + bytes_of(&line.video);
    for (size_t i = 0; i < line.video.n; i++)
        if (line.video.clips[i].piece->facts.width_px > 0)
            trtc_colour_vote(&o->colour, &line.video.clips[i].piece->facts.colour);
    if ((want.sound &&
         trtc_presence_of_lane(r, &line.audio, TRTC_AUDIO, &o->member.sound, err) < 0) ||
        (want.picture &&
         trtc_presence_of_lane(r, &line.video, TRTC_VIDEO, &o->member.picture, err) < 0))
        return -1;
    return 0;
}

static bool is_usable(const struct trtc_recording *r)
{
    for (size_t i = 0; i < r->nb_pieces; i++)
        if (!r->pieces[i].unusable)
            return true;
    return false;
}

/* Whether any stream of the recording is wanted. */
static bool takes_part(const struct inputs *in, const struct trtc_recording *r)
{
    const char *user = r->user_id_text ? r->user_id : r->user;
    if (!r->user)
        return false;
    const struct trtc_wanted a = wanted(in, user, false), b = wanted(in, user, true);
    return a.sound || a.picture || b.sound || b.picture;
}

static bool is_wanted(void *opaque, const struct trtc_recording *r)
{
    return takes_part(opaque, r);
}

static int add_recording(struct inputs *in, const struct trtc_recording *r, struct trtc_err *err)
{
    const size_t before = in->nb_origins;
    if (!r->user) {
        cli_note("%s: its mixed recording is left out: only single streams are mixed", r->dir);
        return 0;
    }
    const char *user = r->user_id_text ? r->user_id : r->user;
    if (!takes_part(in, r))
        return 0;
    if (r->held) { /* it cannot be read now, and must not be missing in the mix */
        *err = *r->held;
        return -1;
    }
    if (add_stream(in, r, false, err) < 0 || add_stream(in, r, true, err) < 0)
        return -1;
    for (size_t i = 0; i < r->nb_notes; i++)
        cli_note("%s", r->notes[i]);
    for (size_t i = 0; i < r->losses.n; i++)
        mix_lose(in, &r->losses.items[i]);
    for (size_t k = before; k < in->nb_origins; k++)
        for (size_t i = 0; i < in->origins[k]->line.losses.n; i++)
            mix_lose(in, &in->origins[k]->line.losses.items[i]);
    if (in->nb_origins > before)
        return 0;
    if (!is_usable(r)) { /* no user is left out silently */
        mix_say(in, "%s: user %s: no usable media", r->dir, user);
        if (!in->allow_missing)
            in->code = trtc_worse(in->code, TRTC_EX_LOSS);
    } else {
        cli_note("%s: user %s: excluded by the options", r->dir, user);
    }
    return 0;
}

static int add_recordings(struct inputs *in, struct trtc_err *err)
{
    const struct trtc_recording *first = NULL;
    bool rooms = false;
    for (size_t i = 0; i < in->scan.nb_notes; i++)
        cli_note("%s", in->scan.notes[i]);
    for (size_t i = 0; i < in->scan.losses.n; i++)
        mix_lose(in, &in->scan.losses.items[i]);
    for (size_t i = 0; i < in->scan.n && !cli_signal; i++) {
        const struct trtc_recording *r = &in->scan.recs[i];
        if (first && (r->sdkappid != first->sdkappid || strcmp(r->room, first->room) != 0))
            rooms = true;
        first = first ? first : r;
        if (add_recording(in, r, err) < 0)
            return -1;
    }
    if (rooms)
        cli_note("there are recordings of several rooms: all of them are mixed");
    return 0;
}

/* ---- files and live sources ---- */

enum source_kind { SOURCE_FILE, SOURCE_PIPE, SOURCE_NET };

const char *mix_source_path(const char *source)
{
    if (strncmp(source, "file://", 7) == 0)
        return source + 7;
    return strncmp(source, "file:", 5) == 0 ? source + 5 : source;
}

static int64_t size_of(const char *source)
{
    struct stat st;
    return stat(mix_source_path(source), &st) == 0 ? st.st_size : 0;
}

static enum source_kind kind_of(const char *source)
{
    struct stat st;
    if (strcmp(source, "-") == 0)
        return SOURCE_PIPE;
    if (strstr(source, "://") && strncmp(source, "file:", 5) != 0)
        return SOURCE_NET;
    if (stat(mix_source_path(source), &st) == 0 && !S_ISREG(st.st_mode))
        return SOURCE_PIPE;
    return SOURCE_FILE;
}

/* Writes "USER:aux (SOURCE)" for messages; without the source if it is a URL, which may contain
 * secrets. */
static void label_of(const struct trtc_operand *op, enum source_kind kind, char *out, size_t size)
{
    char user[256];
    trtc_text_show(op->user, op->user_len, user, sizeof user);
    if (kind == SOURCE_NET)
        snprintf(out, size, "%s%s", user, op->aux ? ":aux" : "");
    else
        snprintf(out, size, "%s%s (%s)", user, op->aux ? ":aux" : "", mix_source_path(op->source));
}

bool mix_inputs_past(const struct inputs *in)
{
    return in->from_us != TRTC_NOTIME && in->from_us < in->began_us;
}

/* Returns the time up to which data that a server has kept is placed by its arrival: for a mix that
 * begins in the past, when the program began; 0: data is not placed that way. */
static int64_t kept_before_us(const struct inputs *in)
{
    return mix_inputs_past(in) ? in->began_us : 0;
}

static int add_source(struct inputs *in, const struct trtc_operand *op, int64_t base_us,
                      struct trtc_err *err)
{
    char label[4096];
    const enum source_kind kind = kind_of(op->source);
    const bool placed = op->start_ms != TRTC_NOTIME, stored = kind == SOURCE_FILE || placed;
    const int64_t start_us = placed ? op->start_ms * 1000 : base_us;
    label_of(op, kind, label, sizeof label);
    struct origin *o = add_origin(in, op->user, op->user_len, op->aux, label);
    if (!o)
        return trtc_fail_nomem(err);
    const struct trtc_wanted want = wanted(in, o->user, o->aux);
    if (!want.sound && !want.picture)
        return 0;
    o->stored = stored;
    o->start_us = start_us;
    o->dynamic = kind != SOURCE_FILE;
    if (!o->dynamic) {
        o->bytes = size_of(op->source);
        struct trtc_member found = { 0 };
        const struct trtc_presence where = { mix_source_path(op->source), start_us,
                                             in->only_until_us, &cli_signal };
        int ret = trtc_presence_of_file(&where, &found, &o->torn, err);
        if (want.sound)
            o->member.sound = found.sound;
        else
            trtc_intervals_fini(&found.sound);
        if (want.picture)
            o->member.picture = found.picture;
        else
            trtc_intervals_fini(&found.picture);
        if (ret < 0)
            return -1;
    }
    const struct trtc_remote web = trtc_fetch_remote(getenv("SSL_CERT_FILE"), memory_require);
    const struct trtc_source_opts so = {
        .remote = &web,
        .url = kind == SOURCE_NET ? op->source : mix_source_path(op->source),
        .pace = stored ? TRTC_PACE_STORED : TRTC_PACE_LIVE,
        .start_us = start_us,
        .audio = want.sound,
        .video = want.picture,
        .now_us = clock_steady_us,
        .before_us = kept_before_us(in),
        .stop = o->dynamic ? &cli_signal : NULL,
    };
    o->want = want;
    o->input = trtc_source_open(&so, o->label, &o->losses, err);
    if (!o->input)
        return -1;
    struct trtc_colour colour;
    if (trtc_source_colour(o->input, &colour))
        trtc_colour_vote(&o->colour, &colour);
    o->picture = trtc_source_feed(o->input, TRTC_VIDEO);
    o->sound = trtc_source_feed(o->input, TRTC_AUDIO);
    return 0;
}

/* ---- all of them ---- */

/* Whether the operand is USER=SOURCE, and not an address that contains '='. */
static bool names_user(const char *operand)
{
    const char *equals = strchr(operand, '='), *scheme = strstr(operand, "://");
    return equals && (!scheme || equals < scheme);
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Reports an input that cannot be opened, and leaves it out. Returns -1 if resources of the machine
 * are short, in which case no mix is made. */
static int refuse(struct inputs *in, const struct trtc_err *why, struct trtc_err *err)
{
    if (trtc_is_shortage(why)) {
        *err = *why;
        return -1;
    }
    mix_say(in, "%s", why->msg);
    in->code = trtc_worse(in->code, why->code);
    return 0;
}

/* ---- clocks that are days off ---- */

static int64_t latest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Finds the first and last time of a source, and how long it is present (*us). Returns false if
 * that is not known. */
static bool extent_of(const struct origin *o, struct trtc_spot *out, int64_t *us)
{
    const struct trtc_intervals *v[2] = { &o->member.sound, &o->member.picture };
    *out = (struct trtc_spot){ .start_us = INT64_MAX, .end_us = INT64_MIN };
    *us = 0;
    for (int k = 0; k < 2; k++) {
        int64_t sum = 0;
        for (size_t i = 0; i < v[k]->n; i++) {
            const int64_t start = v[k]->items[i].start_us, end = v[k]->items[i].end_us;
            out->start_us = start < out->start_us ? start : out->start_us;
            out->end_us = latest(out->end_us, end);
            sum += end - start;
        }
        *us = latest(*us, sum);
    }
    if (o->dynamic && o->stored)
        out->start_us = out->end_us = o->start_us;
    return out->start_us <= out->end_us;
}

/* Decides when a source without a START begins: with the earliest stored input, else now. An input
 * that is days away from all others is ignored. */
static int base_of(const struct inputs *in, const struct trtc_operand *ops, size_t nb_ops,
                   int64_t *base_us, struct trtc_err *err)
{
    struct trtc_spot *spots = calloc(in->nb_origins + nb_ops + 1, sizeof *spots);
    size_t n = 0;
    int64_t us;
    bool live = false;
    if (!spots)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < in->nb_origins; i++)
        n += extent_of(in->origins[i], &spots[n], &us);
    for (size_t i = 0; i < nb_ops; i++) {
        const int64_t at = ops[i].start_ms * 1000;
        const bool placed = ops[i].start_ms != TRTC_NOTIME;
        if (ops[i].source && placed)
            spots[n++] = (struct trtc_spot){ .start_us = at, .end_us = at };
        live |= ops[i].source && !placed && kind_of(ops[i].source) != SOURCE_FILE;
    }
    const int64_t now_us = in->deterministic ? 0 : clock_steady_us() / 1000 * 1000;
    const int ret = trtc_extent_base(spots, n, live, now_us, base_us, err);
    free(spots);
    return ret;
}

static void take_extent(struct inputs *in, const struct trtc_intervals *v)
{
    if (!v->n)
        return;
    if (in->start_us == TRTC_NOTIME || v->items[0].start_us < in->start_us)
        in->start_us = v->items[0].start_us;
    if (in->end_us == TRTC_NOTIME || v->items[v->n - 1].end_us > in->end_us)
        in->end_us = v->items[v->n - 1].end_us;
}

/* Extends the presence of a file that is cut off by 15 s, as if it stalled. */
static void freeze(struct trtc_intervals *v)
{
    if (v->n)
        v->items[v->n - 1].end_us += TRTC_SECTION_GAP_US;
}

static void lose_stray(struct inputs *in, const struct origin *o, const struct trtc_spot *spot,
                       int64_t us)
{
    char who[4352], when[32], why[96];
    const struct trtc_loss l = { .path = who,
                                 .kind = "stray",
                                 .detail = why,
                                 .start_us = spot->start_us,
                                 .lost_us = us,
                                 .lost_bytes = -1,
                                 .list = -1 };
    trtc_utc_format3339(spot->start_us / 1000, when);
    if (o->rec)
        snprintf(who, sizeof who, "%s: user %s%s", o->label, o->user, o->aux ? ":aux" : "");
    else
        snprintf(who, sizeof who, "%s", o->label);
    snprintf(why, sizeof why, "it begins at %s, over 48 h away from the rest of the mix", when);
    mix_lose(in, &l);
}

/* Whether a source is outside the time that is mixed. */
static bool is_beside(const struct inputs *in, const struct trtc_spot *s)
{
    return (in->from_us != TRTC_NOTIME && s->end_us < in->from_us) ||
           (in->to_us != TRTC_NOTIME && s->start_us > in->to_us);
}

/* Leaves out sources that are days away from all others, and reports them: a mix with them would
 * contain days of empty canvas. */
static int drop_strays(struct inputs *in, struct trtc_err *err)
{
    struct trtc_spot *spots = calloc(in->nb_origins + 1, sizeof *spots);
    size_t *whose = calloc(in->nb_origins + 1, sizeof *whose), n = 0;
    int64_t us;
    int ret = spots && whose ? 0 : trtc_fail_nomem(err);
    for (size_t i = 0; i < in->nb_origins && ret == 0; i++) {
        struct origin *o = in->origins[i];
        const bool now = o->dynamic && !o->stored;
        if (now)
            spots[n] = (struct trtc_spot){ in->began_us, in->began_us, .anchor = true };
        whose[n] = i;
        n += now || (extent_of(o, &spots[n], &us) && !is_beside(in, &spots[n]));
    }
    if (ret == 0 && trtc_find_strays(spots, n) < 0)
        ret = trtc_fail_nomem(err);
    for (size_t k = n; k-- > 0 && ret == 0;) {
        struct trtc_spot spot;
        if (!spots[k].stray)
            continue;
        extent_of(in->origins[whose[k]], &spot, &us);
        lose_stray(in, in->origins[whose[k]], &spot, us);
        free_origin(in->origins[whose[k]]);
        in->nb_origins--;
        memmove(in->origins + whose[k], in->origins + whose[k] + 1,
                (in->nb_origins - whose[k]) * sizeof *in->origins);
    }
    free(spots);
    free(whose);
    return ret;
}

static int list_sources(struct inputs *in, struct trtc_err *err)
{
    size_t n = 0;
    in->participants = calloc(in->nb_origins + in->room + 1, sizeof *in->participants);
    if (!in->participants)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < in->nb_origins; i++) {
        struct origin *o = in->origins[i];
        if (!o->rec && !o->input) { /* it is not wanted, or could not be opened */
            free_origin(o);
            continue;
        }
        take_extent(in, &o->member.sound);
        take_extent(in, &o->member.picture);
        if (o->dynamic && o->stored && (in->start_us == TRTC_NOTIME || o->start_us < in->start_us))
            in->start_us = o->start_us;
        in->live |= o->dynamic;
        in->unplaced |= o->dynamic && !o->stored;
        in->origins[n++] = o;
    }
    in->nb_origins = n;
    for (size_t i = 0; i < n; i++) {
        struct origin *o = in->origins[i];
        o->member.user = o->user;
        o->member.aux = o->aux;
        if (o->torn) {
            freeze(&o->member.sound);
            freeze(&o->member.picture);
        }
        if (trtc_member_settle(&o->member, 0, err) < 0)
            return -1;
    }
    if (!in->live && n > 0)
        in->room = 0; /* a mix of stored inputs only does not follow the clock */
    in->live |= in->room > 0;
    in->unplaced |= in->room > 0;
    if (in->live)
        in->end_us = TRTC_NOTIME;
    return 0;
}

static bool is_known(const struct inputs *in, const struct trtc_operand *ops, size_t n,
                     const char *user)
{
    for (size_t i = 0; i < in->scan.n; i++)
        if (in->scan.recs[i].user_id && strcmp(in->scan.recs[i].user_id, user) == 0)
            return true;
    for (size_t i = 0; i < n; i++)
        if (ops[i].source && ops[i].user_len == strlen(user) &&
            memcmp(ops[i].user, user, ops[i].user_len) == 0)
            return true;
    return false;
}

/* Reports entries of the subscriptions that match no user: they may be misspelt. */
static void say_strangers(const struct inputs *in, const struct trtc_operand *ops, size_t n)
{
    const struct trtc_subscription *s = &in->set->sub;
    const struct trtc_user_list *lists[] = { &s->allow_video, &s->block_video, &s->allow_audio,
                                             &s->block_audio };
    for (size_t l = 0; l < 4; l++)
        for (size_t i = 0; i < lists[l]->n; i++) {
            const char *user = lists[l]->items[i];
            const size_t len = strlen(user);
            const bool prefix = len >= 3 && strcmp(user + len - 3, ".*$") == 0;
            bool told = prefix || is_known(in, ops, n, user);
            for (size_t k = 0; k < l && !told; k++)
                for (size_t j = 0; j < lists[k]->n && !told; j++)
                    told = strcmp(lists[k]->items[j], user) == 0;
            if (!told)
                cli_note("'%s' is in a list of users, but no user here has that id", user);
        }
}

static int seen_dir(void *opaque, const char *dir, const struct trtc_err *why)
{
    struct inputs *in = opaque;
    struct trtc_err ignored, file;
    struct stat st;
    const char *slash = strrchr(dir, '/');
    const int n = slash && slash != dir ? (int)(slash - dir) : 1;
    if (why && stat(dir, &st) == 0 && S_ISREG(st.st_mode)) {
        if (cli_is_recorded(dir))
            trtc_fail(&file, TRTC_EX_NOINPUT,
                      "%s: it is a file: give its directory, '%.*s', or 'USER=%s'", dir, n,
                      slash ? dir : ".", dir);
        else
            trtc_fail(&file, TRTC_EX_NOINPUT,
                      "%s: it is a file: 'USER=%s' mixes it as the stream of USER", dir, dir);
        why = &file;
    } else if (why && cli_no_directory(dir) && !trtc_is_shortage(why)) {
        trtc_fail(&file, TRTC_EX_NOINPUT, "%.*s: %s, or 'USER=%.*s'", cli_shown(dir), dir,
                  cli_no_directory(dir), cli_shown(dir), dir);
        why = &file;
    }
    if (why)
        return refuse(in, why, &ignored);
    if (in->scan.nb_playlists == 0 && !cli_signal)
        cli_note("%s: contains no playlists%s", dir,
                 cli_has_directories(dir) ? "; give one of its directories" : "");
    return 0;
}

static int load_recordings(struct inputs *in, const char *const *dirs, size_t n,
                           struct trtc_err *err)
{
    const struct trtc_load what = { .dirs = dirs,
                                    .nb_dirs = n,
                                    .seen = seen_dir,
                                    .wanted = is_wanted,
                                    .opaque = in,
                                    .stop = &cli_signal };
    return trtc_recordings_load(&in->scan, &what, err);
}

int mix_inputs_open(struct inputs *in, const char *const *operands, size_t n, struct trtc_err *err)
{
    struct trtc_operand *ops = calloc(n + 1, sizeof *ops);
    const char **dirs = calloc(n + 1, sizeof *dirs);
    size_t nb_dirs = 0;
    int ret = -1;
    in->start_us = in->end_us = TRTC_NOTIME;
    if (!ops || !dirs) {
        trtc_fail_nomem(err);
        goto done;
    }
    cli_open_files(FILES_BESIDES + (int64_t)n * FILES_PER_SOURCE);
    for (size_t i = 0; i < n; i++) {
        if (is_directory(operands[i]) || !names_user(operands[i]))
            dirs[nb_dirs++] = operands[i];
        else if (trtc_operand_parse(operands[i], &ops[i], err) < 0)
            goto done;
    }
    if (load_recordings(in, dirs, nb_dirs, err) < 0 || add_recordings(in, err) < 0)
        goto done;
    int64_t base = 0;
    if (base_of(in, ops, n, &base, err) < 0)
        goto done;
    for (size_t i = 0; i < n && !cli_signal; i++) {
        struct trtc_err why;
        if (ops[i].source && add_source(in, &ops[i], base, &why) < 0 && refuse(in, &why, err) < 0)
            goto done;
    }
    if (drop_strays(in, err) < 0 || list_sources(in, err) < 0)
        goto done;
    if (in->nb_origins > 0 || in->scan.n > 0)
        say_strangers(in, ops, n);
    if (in->nb_origins > 0 || (n == 0 && in->room > 0))
        ret = 0;
    else if (cli_signal)
        ret = 1;
    else if (in->scan.n > 0 && in->code <= TRTC_EX_LOSS)
        trtc_fail(err, TRTC_EX_DATAERR, "there is nothing usable to mix in '%s'", operands[0]);
    else if (in->code <= TRTC_EX_LOSS)
        trtc_fail(err, TRTC_EX_NOINPUT, "there is nothing to mix in '%s'", operands[0]);
    else
        ret = 1;
done:
    free(dirs);
    free(ops);
    return ret;
}

const char *mix_inputs_user(const struct inputs *in, size_t i)
{
    return in->origins[i]->user;
}

/* Whether the process cannot open enough files: each lane keeps its directory and a segment open.
 * Otherwise both are opened again for each read. */
static bool is_short_of_files(const struct inputs *in)
{
    int64_t need = FILES_BESIDES;
    for (size_t i = 0; i < in->nb_origins; i++)
        need += in->origins[i]->rec ? FILES_PER_LANE * 2 : 0;
    return cli_open_files(need) < need;
}

/* Opens the feeds of a stream of a recording. */
static int start_recording(struct origin *o, bool sparing, struct trtc_feed_from from,
                           struct trtc_err *err)
{
    /* in a pause, the last picture before the pause is shown */
    const int64_t gap_us = from.from_us == TRTC_NOTIME ? 0 : TRTC_SECTION_GAP_US;
    const struct trtc_feed_from before = { from.from_us - gap_us, from.read_us - gap_us };
    const struct trtc_reader_opts video = { .rec = o->rec,
                                            .lane = &o->line.video,
                                            .kind = TRTC_VIDEO,
                                            .losses = &o->losses,
                                            .sparing = sparing };
    const struct trtc_reader_opts audio = { .rec = o->rec,
                                            .lane = &o->line.audio,
                                            .kind = TRTC_AUDIO,
                                            .losses = &o->sound_losses,
                                            .sparing = sparing };
    if (o->member.picture.n && !(o->picture = trtc_feed_recording(&video, before, err)))
        return -1;
    if (o->member.sound.n && !(o->sound = trtc_feed_recording(&audio, from, err)))
        return -1;
    return 0;
}

static struct trtc_participant participant_of(const struct origin *o)
{
    return (struct trtc_participant){ .member = &o->member,
                                      .colour = o->colour,
                                      .bytes = o->bytes,
                                      .picture = o->picture,
                                      .sound = o->sound,
                                      .live = o->dynamic ? o->input : NULL,
                                      .stored = o->stored };
}

int mix_inputs_start(struct inputs *in, int64_t from_us, int64_t first_us, struct trtc_err *err)
{
    const struct trtc_feed_from from = { from_us, first_us };
    const bool sparing = is_short_of_files(in);
    for (size_t i = 0; i < in->nb_origins; i++) {
        struct origin *o = in->origins[i];
        if (o->rec && start_recording(o, sparing, from, err) < 0)
            return -1;
        in->participants[i] = participant_of(o);
    }
    return 0;
}

/* Opens an input that joins a running mix. It begins now, even if it is a file. */
static int open_joining(struct inputs *in, const struct trtc_operand *op, struct trtc_err *err)
{
    char label[4096];
    const enum source_kind kind = kind_of(op->source);
    label_of(op, kind, label, sizeof label);
    struct origin *o = add_origin(in, op->user, op->user_len, op->aux, label);
    if (!o)
        return trtc_fail_nomem(err);
    const struct trtc_wanted want = wanted(in, o->user, o->aux);
    const struct trtc_remote web = trtc_fetch_remote(getenv("SSL_CERT_FILE"), memory_require);
    const struct trtc_source_opts so = {
        .remote = &web,
        .url = kind == SOURCE_NET ? op->source : mix_source_path(op->source),
        .pace = TRTC_PACE_LIVE,
        .audio = want.sound,
        .video = want.picture,
        .now_us = clock_steady_us,
        .before_us = kept_before_us(in),
        .stop = &cli_signal,
    };
    o->dynamic = true;
    o->member.user = o->user;
    o->member.aux = o->aux;
    o->want = want;
    o->input = trtc_source_open(&so, o->label, &o->losses, err);
    if (!o->input)
        return -1;
    o->picture = trtc_source_feed(o->input, TRTC_VIDEO);
    o->sound = trtc_source_feed(o->input, TRTC_AUDIO);
    return 0;
}

static int join(struct inputs *in, const struct trtc_operand *op, struct trtc_mix *m,
                struct trtc_err *err)
{
    if (!op->source)
        return trtc_fail(err, TRTC_EX_DATAERR, "an input must be USER=SOURCE");
    if (strcmp(op->source, "-") == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "standard input cannot be added to a mix");
    if (op->start_ms != TRTC_NOTIME)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%.*s: an input that is added begins at once: START is not allowed",
                         (int)op->user_len, op->user);
    if (open_joining(in, op, err) < 0)
        return -1;
    const struct trtc_participant p = participant_of(in->origins[in->nb_origins - 1]);
    return trtc_mix_join(m, &p, err);
}

int mix_inputs_join(struct inputs *in, const struct trtc_mix_change *c, struct trtc_mix *m,
                    struct trtc_err *err)
{
    struct trtc_operand op;
    const size_t before = in->nb_origins;
    if ((c->user ? trtc_stream_parse(c->user, strlen(c->user), &op, err)
                 : trtc_operand_parse(c->input, &op, err)) < 0) {
        err->code = TRTC_EX_DATAERR;
        return -1;
    }
    if (c->user)
        op.source = c->input;
    const int ret = join(in, &op, m, err);
    if (ret < 0)
        mix_inputs_joined(in, before);
    return ret;
}

/* Returns the length of the id in "USER", "USER:main" or "USER:aux". */
static size_t id_of(const char *user, bool *aux)
{
    const size_t n = strlen(user);
    *aux = trtc_ends_with(user, n, ":aux");
    return *aux ? n - strlen(":aux") : trtc_ends_with(user, n, ":main") ? n - strlen(":main") : n;
}

int mix_inputs_leave(struct inputs *in, const char *user, struct trtc_err *err)
{
    bool aux, any = false;
    const size_t n = id_of(user, &aux);
    for (size_t i = 0; i < in->nb_origins; i++) {
        const struct origin *o = in->origins[i];
        if (!o->input || o->aux != aux || strlen(o->user) != n || memcmp(o->user, user, n) != 0)
            continue;
        trtc_source_end(o->input);
        any = true;
    }
    return any ? 0 : trtc_fail(err, TRTC_EX_DATAERR, "%s is not in the mix", user);
}

void mix_inputs_joined(struct inputs *in, size_t nb)
{
    while (in->nb_origins > nb)
        free_origin(in->origins[--in->nb_origins]);
}

void mix_inputs_close(struct inputs *in)
{
    for (size_t i = 0; i < in->nb_origins; i++) {
        if (in->participants)
            trtc_member_fini(&in->participants[i].there);
        free_origin(in->origins[i]);
    }
    trtc_losses_fini(&in->losses);
    trtc_losses_fini(&in->early);
    trtc_mix_note_fini(&in->note);
    free(in->origins);
    free(in->participants);
    trtc_scan_fini(&in->scan);
}
