/* SPDX-License-Identifier: MIT */
/* The messages of trtc-hls about its input: tracks that are left out, losses, the account. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../loss.h"
#include "account.h"
#include "base/json_put.h"
#include "base/text.h"
#include "container/edits.h"
#include "picture/turn.h"
#include "recording/ledger_json.h"

enum { JUMPS_MAX = 10 };  /* that are noted one by one */
#define PRIMING_US 200000 /* the longest priming that an encoder inserts before the sound */

static const char *const tracks[] = { "sound", "picture" };

/* ---- tracks ---- */

static bool left_out(const struct trtc_input_named *n)
{
    return !n->taken && n->nb_packets != 0;
}

/* Whether frames of another track of the same kind came. */
static bool has_other(const struct hls_account *a, const struct trtc_input_named *n)
{
    struct trtc_ledger l;

    trtc_input_ledger(a->in, n->kind == TRTC_VIDEO, &l);
    return l.nb_in > 0;
}

static void note_encoded(struct hls_account *a)
{
    const char *codec = trtc_input_codec_name(a->in, false);

    if (a->noted_encoded || !codec || !trtc_input_info(a->in)->audio_encoded)
        return;
    a->noted_encoded = true;
    if (strcmp(codec, "aac") == 0)
        cli_note(
            "%s: the sound is AAC in a form that a recording cannot contain: it is encoded again",
            a->input);
    else
        cli_note("%s: the sound is %s, not AAC, and is %s", a->input, codec,
                 trtc_input_info(a->in)->audio_undecodable ? "left out: there is no decoder for it"
                                                           : "encoded");
}

void hls_note_tracks(struct hls_account *a)
{
    struct trtc_input_named n;
    char text[96];

    note_encoded(a);
    for (int k = 0; k < 32 && trtc_input_named(a->in, k, &n); k++) {
        if (!left_out(&n) || a->noted >> k & 1 || (n.kind != TRTC_NO_KIND && !has_other(a, &n)))
            continue; /* a kind of which nothing is recorded is a loss */
        cli_note("%s: %s is left out: only %s", a->input, track_words(&n, text, sizeof text),
                 n.kind == TRTC_NO_KIND ? "sound and pictures are recorded"
                                        : "one picture track and one sound track are recorded");
        a->noted |= UINT32_C(1) << k;
    }
}

/* ---- what a recording cannot say ---- */

static void note_jump(struct hls_account *a, const struct trtc_input_frame *f)
{
    const int64_t into_us = f->pkt.pts_us - trtc_input_start_us(a->in);
    const double s = (double)f->jump_us / 1e6, days = s / 86400;
    char jump[32], later[32];

    if (a->nb_jumps++ >= JUMPS_MAX)
        return;
    snprintf(jump, sizeof jump, days >= 1 || days <= -1 ? "%+.1f days" : "%+.3f s",
             days >= 1 || days <= -1 ? days : s);
    snprintf(later, sizeof later, "%.1f s later than ", (double)f->later_us / 1e6);
    cli_note("%s: at %.3f s its time stamps jump by %s: what follows is placed %s%s", a->input,
             (double)into_us / 1e6, jump, f->later_us ? later : "after ",
             f->later_us ? "what came before, as nothing came for so long" : "what came before");
    if (a->nb_jumps == JUMPS_MAX)
        cli_note("%s: further jumps are only counted", a->input);
}

/* "turned by a quarter". */
static const char *words_of(unsigned turn)
{
    const bool upright = !(turn & TRTC_TURN_MIRROR) == !(turn & TRTC_TURN_FLIP);

    if (turn & TRTC_TURN_ASKEW)
        return "at an angle that is no quarter turn";
    if (turn & TRTC_TURN_STRETCH)
        return "stretched";
    if (turn & TRTC_TURN_TRANSPOSE)
        return upright ? "turned by a quarter and mirrored" : "turned by a quarter";
    return upright ? "turned by a half" : "mirrored";
}

static void note_turn(struct hls_account *a, unsigned turn)
{
    a->turn = turn;
    if (turn)
        cli_note(
            "%s: the picture should be shown %s: a recording cannot state this, and stores it unchanged",
            a->input, words_of(turn));
}

/* The container states a shape of pixels, and the pictures state another one or none. */
static void note_shape(struct hls_account *a, const struct trtc_input_frame *f)
{
    const struct trtc_input_info *info = trtc_input_info(a->in);
    const int num = info->sar_num ? info->sar_num : 1, den = info->sar_den ? info->sar_den : 1;

    if (a->noted_shape || f->sar_num == 0 || (int64_t)f->sar_num * den == (int64_t)f->sar_den * num)
        return;
    a->noted_shape = true;
    cli_note(
        "%s: only the container states a sample aspect ratio of %d:%d: in the recording it is %d:%d",
        a->input, f->sar_num, f->sar_den, num, den);
}

static void note_colour(struct hls_account *a)
{
    if (a->noted_colour || !trtc_input_info(a->in)->colour_outside)
        return;
    a->noted_colour = true;
    cli_note("%s: only the container states the colours of the picture: the recording does not",
             a->input);
}

/* No picture can be shown before the first key frame and the parameter sets have come. */
static void look_for_key(struct hls_account *a, const struct trtc_input_frame *f)
{
    a->nb_pictures++;
    a->keyed |= f->pkt.key;
    a->decodable |= f->pkt.key && trtc_input_info(a->in)->width_px > 0;
}

void hls_look(struct hls_account *a, const struct trtc_input_frame *f)
{
    if (f->video && !a->decodable)
        look_for_key(a, f);
    if (f->breaks)
        note_jump(a, f);
    if (f->video && f->turn != a->turn)
        note_turn(a, f->turn);
    if (f->video && f->pkt.key) {
        note_shape(a, f);
        note_colour(a);
    }
    if (f->video)
        a->nb_hidden += f->pkt.hidden;
    else if (f->pkt.hidden)
        a->unheard_us += f->dur_us;
}

/* Notes what the index of an MP4 wants to be shown otherwise than it is recorded. */
static void note_showing(const struct hls_account *a)
{
    struct trtc_input_named n;
    char text[96], parts[256];

    for (int k = 0; trtc_input_named(a->in, k, &n); k++) {
        if (n.edits)
            cli_note("%s: the edit list of %s shows %s: a recording has no edit lists, so %s",
                     a->input, track_words(&n, text, sizeof text),
                     trtc_edits_words(n.edits, parts, sizeof parts),
                     n.whole ? "everything is recorded, as it is coded"
                             : "from a pipe its parts may be recorded over each other");
        if (n.clap)
            cli_note(
                "%s: only a part of the picture should be shown: a recording cannot state this, and stores all of it",
                a->input);
    }
}

static void note_hidden(const struct hls_account *a)
{
    if (a->nb_hidden)
        cli_note("%s: an edit list hides %" PRId64
                 " pictures: a recording has no edit lists, so they are shown",
                 a->input, a->nb_hidden);
    if (a->unheard_us > PRIMING_US)
        cli_note(
            "%s: an edit list hides %.3f s of sound: a recording has no edit lists, so it is heard",
            a->input, (double)a->unheard_us / 1e6);
}

/* ---- losses ---- */

/* Reports frames that an edit list leaves out. Those of a whole track are a loss: true. */
static bool say_unread(const struct hls_account *a)
{
    struct trtc_input_named n;
    struct trtc_ledger l;
    char text[96];
    bool any = false;

    for (int k = 0; trtc_input_named(a->in, k, &n); k++) {
        if (n.nb_unread == 0)
            continue;
        trtc_input_ledger(a->in, n.kind == TRTC_VIDEO, &l);
        if (l.nb_in > 0)
            cli_note("%s: an edit list leaves out %" PRId64 " frames of %s, which are not recorded",
                     a->input, n.nb_unread, track_words(&n, text, sizeof text));
        else
            cli_error("%s: an edit list leaves out all of %s: it is not recorded", a->input,
                      track_words(&n, text, sizeof text));
        any |= l.nb_in == 0;
    }
    return any;
}

/* Reports tracks that had packets and were not recorded. True if there are any. */
static bool say_unfollowed(const struct hls_account *a)
{
    struct trtc_input_named n;
    char text[96];
    bool any = false;

    for (int k = 0; trtc_input_named(a->in, k, &n); k++) {
        if (n.nb_unfollowed > 0) {
            cli_error("%s: %s: %" PRId64 " of its %" PRId64
                      " transport packets came while no table listed it",
                      a->input, track_words(&n, text, sizeof text), n.nb_unfollowed, n.nb_packets);
            any = true;
        }
        if (n.kind == TRTC_NO_KIND || !left_out(&n))
            continue;
        if (has_other(a, &n))
            continue;
        cli_error("%s: %s came, but is not recorded", a->input, track_words(&n, text, sizeof text));
        any = true;
    }
    return any;
}

/* ---- the account ---- */

/* Compares the frames that were read with those that were written. Frames that a signal has cut off
 * are not a loss. */
static void balance(const struct hls_account *a, bool video, struct trtc_ledger *l)
{
    trtc_input_ledger(a->in, video, l);
    if (a->seg)
        l->nb_out -=
            trtc_input_nb_returned(a->in, video) - trtc_segmenter_nb_written(a->seg, video);
    if (video) {
        l->nb_left[TRTC_LEFT_TWICE] += a->nb_had;
        l->nb_left[TRTC_LEFT_CUT] += a->nb_joined;
    } else if (a->seg) {
        l->nb_left[TRTC_LEFT_LATE] += trtc_segmenter_nb_dropped(a->seg);
    }
    if (cli_signal && trtc_ledger_open(l) > 0)
        l->nb_left[TRTC_LEFT_CUT] += trtc_ledger_open(l);
}

static bool say_left_out(const struct hls_account *a, bool video)
{
    struct trtc_ledger l;
    bool any = false;

    balance(a, video, &l);
    for (int k = 0; k < TRTC_NB_LEFT; k++) {
        if (l.nb_left[k] == 0 || !trtc_left_is_loss((enum trtc_left)k) ||
            k == TRTC_LEFT_UNDECODED || k == TRTC_LEFT_ENCRYPTED) /* said with the damage */
            continue;
        cli_error("%s: %s: left out, %s: %" PRId64 " of %" PRId64 " frames", a->input,
                  tracks[video], trtc_left_words((enum trtc_left)k), l.nb_left[k], l.nb_in);
        any = true;
    }
    if (trtc_ledger_open(&l) == 0 || a->failed)
        return any;
    cli_error("%s: %s: of %" PRId64 " frames %" PRId64 " were written, for an unknown reason",
              a->input, tracks[video], l.nb_in, l.nb_out);
    return true;
}

static bool say_late(const struct hls_account *a, bool video)
{
    struct trtc_interleave_late late;

    trtc_segmenter_late(a->seg, video, &late);
    if (late.nb == 0)
        return false;
    cli_error("%s: %s: %" PRId64
              " frames came up to %.1f s behind the %s, which is more than is waited for: "
              "they are recorded, but not in order",
              a->input, tracks[video], late.nb, (double)late.most_us / 1e6, tracks[!video]);
    return true;
}

static bool say_encrypted(const struct hls_account *a, const struct trtc_input_losses *l)
{
    bool counted = false, scrambled = false;

    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const char *what = tracks[k == TRTC_AT_VIDEO];
        scrambled |= l->nb_scrambled[k] > 0;
        counted |= l->nb_encrypted[k] > 0;
        if (l->nb_scrambled[k] > 0)
            cli_error("%s: encrypted: %" PRId64 " scrambled packet%s of %s left out", a->input,
                      l->nb_scrambled[k], trtc_text_s(l->nb_scrambled[k]), what);
        if (l->nb_encrypted[k] > 0)
            cli_error("%s: encrypted: %" PRId64 " frame%s of %s encrypted with %s, and left out",
                      a->input, l->nb_encrypted[k], trtc_text_s(l->nb_encrypted[k]), what,
                      l->encrypted);
    }
    if (*l->encrypted && !counted)
        cli_error("%s: encrypted: the parts that are encrypted with %s are left out", a->input,
                  l->encrypted);
    return *l->encrypted || scrambled;
}

static void on_damage(void *of, const char *words, int64_t bytes)
{
    const struct hls_account *a = of;

    (void)bytes;
    cli_error("%s: damaged: %s", a->input, words);
}

static bool say_damage(struct hls_account *a)
{
    struct trtc_input_losses l;

    trtc_input_losses(a->in, &l);
    if (l.nb_before > 0)
        cli_note("%s: its playlist has no #EXT-X-ENDLIST, so it is live: the %" PRId64
                 " segment%s before the last three that it listed at first %s not recorded",
                 a->input, l.nb_before, trtc_text_s(l.nb_before), l.nb_before == 1 ? "is" : "are");
    const bool damaged = trtc_input_say_damage(&l, "recorded unchanged", on_damage, a);
    const bool encrypted = say_encrypted(a, &l);
    l.cut &= !cli_signal; /* then it was we who ended it */
    if (l.cut)
        cli_error("%s: truncated: it ends in the middle of a frame", a->input);
    return damaged || encrypted || l.cut;
}

static bool say_undecodable(const struct hls_account *a)
{
    if (a->nb_pictures == 0 || a->decodable || cli_signal)
        return false;
    cli_error("%s: picture: no %s came: its %" PRId64
              " frames are recorded, but no player can start at any of them",
              a->input, a->keyed ? "parameter sets" : "key frame", a->nb_pictures);
    return true;
}

bool hls_say_losses(struct hls_account *a)
{
    bool any = say_damage(a);

    hls_note_tracks(a);
    note_showing(a);
    note_hidden(a);
    if (a->nb_joined && a->keyed)
        cli_note("%s: the stream had begun before: %" PRId64
                 " picture%s before its first key frame left out",
                 a->input, a->nb_joined, trtc_text_s(a->nb_joined));
    if (a->nb_jumps > JUMPS_MAX)
        cli_note("%s: its time stamps jump %d times", a->input, a->nb_jumps);
    any |= say_undecodable(a);
    any |= say_unread(a);
    any |= say_unfollowed(a);
    any |= say_left_out(a, true);
    any |= say_left_out(a, false);
    any |= say_late(a, true);
    any |= say_late(a, false);
    return any;
}

static int print_track(const struct hls_account *a, bool video, const char *codec)
{
    struct trtc_ledger l;
    char *text = NULL;

    balance(a, video, &l);
    cJSON *j = cJSON_CreateObject(), *account = trtc_ledger_json(&l);
    if (j && account && cJSON_AddStringToObject(j, "kind", "account") &&
        cJSON_AddStringToObject(j, "track", video ? "video" : "audio") &&
        cJSON_AddStringToObject(j, "codec", codec) &&
        cJSON_AddItemToObject(j, "account", account)) {
        account = NULL;
        text = trtc_json_text(j, false);
    }
    if (text)
        puts(text);
    cJSON_Delete(account);
    cJSON_Delete(j);
    const int ret = text ? 0 : -1;
    free(text);
    return ret;
}

int hls_print_account(const struct hls_account *a)
{
    for (int video = 1; video >= 0; video--) {
        const char *codec = trtc_input_codec_name(a->in, video);
        if (codec && print_track(a, video, codec) < 0)
            return -1;
    }
    return 0;
}
