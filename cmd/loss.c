/* SPDX-License-Identifier: MIT */
/* Losses and tracks in words: the same in all programs. */
#include "loss.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "input/input.h"
#include "recording/loss.h"

static void extent_of(const struct trtc_loss *l, char *out, size_t n)
{
    *out = '\0';
    if (l->lost_us > 0 && l->lost_bytes > 0)
        snprintf(out, n, "%.3f s, %" PRId64 " bytes lost", (double)l->lost_us / 1e6, l->lost_bytes);
    else if (l->lost_us > 0)
        snprintf(out, n, "%.3f s lost", (double)l->lost_us / 1e6);
    else if (l->lost_bytes > 0)
        snprintf(out, n, "%" PRId64 " bytes lost", l->lost_bytes);
}

void loss_words(const struct trtc_loss *l, char *out, size_t n)
{
    char extent[96];
    extent_of(l, extent, sizeof extent);
    const char *why = l->detail ? l->detail : "";
    snprintf(out, n, "%s%s%s%s", *why || *extent ? ": " : "", why, *why && *extent ? "; " : "",
             extent);
}

void loss_line(const struct trtc_loss *l, char *out, size_t n)
{
    const int used = snprintf(out, n, "%s: %s", l->path, l->kind);
    if (used > 0 && (size_t)used < n)
        loss_words(l, out + used, n - (size_t)used);
}

void loss_say(const struct trtc_loss *l)
{
    char line[1024]; /* no message is longer */
    loss_line(l, line, sizeof line);
    cli_error("%s", line);
}

void note_askew(const char *name, int64_t nb_pictures)
{
    if (nb_pictures > 0)
        cli_note(
            "%s: %" PRId64
            " picture%s should be shown at an angle that is no quarter turn, or stretched: the nearest quarter turn is used",
            name, nb_pictures, nb_pictures == 1 ? "" : "s");
}

const char *track_words(const struct trtc_input_named *t, char *out, size_t n)
{
    static const char *const kinds[] = { "data", "sound", "picture" };
    const char *codec = *t->codec_name || t->kind == TRTC_NO_KIND ? t->codec_name : "unknown codec";
    snprintf(out, n, "%s (%s %d%s%s%s%s)", kinds[t->kind], t->is_pid ? "PID" : "stream", t->id,
             *codec ? ", " : "", codec, *t->language ? ", " : "", t->language);
    return out;
}
