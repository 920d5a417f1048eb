/* SPDX-License-Identifier: MIT */
/* What is damaged in an input, in words. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "input/input.h"

struct listener {
    void (*say)(void *of, const char *words, int64_t bytes);
    void *of;
    bool any;
};

/* Says something if nb is not 0. */
__attribute__((format(printf, 4, 5))) static void say(struct listener *x, int64_t nb, int64_t bytes,
                                                      const char *fmt, ...)
{
    char words[320];
    va_list ap;

    if (nb <= 0)
        return;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    x->any = true;
    x->say(x->of, words, bytes);
}

static void say_container(struct listener *x, const struct trtc_input_losses *l)
{
    say(x, l->nb_lost_packets, -1, "at least %" PRId64 " transport packet%s missing",
        l->nb_lost_packets, trtc_text_s(l->nb_lost_packets));
    say(x, l->nb_faults, -1,
        "faults of the container, where frames may be missing: %" PRId64 "%s%s", l->nb_faults,
        l->fault ? "; the first: " : "", l->fault ? l->fault : "");
    say(x, l->nb_unfetched, -1, "%" PRId64 " segment%s could not be fetched, or not to the end",
        l->nb_unfetched, trtc_text_s(l->nb_unfetched));
    say(x, l->nb_short, -1, "%" PRId64 " segment%s too early, where %.3f s are missing",
        l->nb_short, l->nb_short == 1 ? " ends" : "s end", (double)l->short_us / 1e6);
    say(x, l->nb_torn, -1, "%" PRId64 " segment%s within a frame", l->nb_torn,
        l->nb_torn == 1 ? " ends" : "s end");
}

bool trtc_input_say_damage(const struct trtc_input_losses *l, const char *untimed,
                           void (*listen)(void *of, const char *words, int64_t bytes), void *of)
{
    struct listener x = { listen, of, false };

    say_container(&x, l);
    say(&x, l->nb_damaged, -1, "%" PRId64 " incomplete frame%s recorded unchanged", l->nb_damaged,
        trtc_text_s(l->nb_damaged));
    say(&x, l->nb_mended, -1, "%" PRId64 " impossible time stamp%s, guessed instead", l->nb_mended,
        trtc_text_s(l->nb_mended));
    say(&x, l->nb_unordered, -1, "%" PRId64 " frame%s with times out of order, placed as they came",
        l->nb_unordered, trtc_text_s(l->nb_unordered));
    say(&x, l->nb_untimed, -1, "%" PRId64 " picture%s within 1 ms of the one before, %s",
        l->nb_untimed, trtc_text_s(l->nb_untimed), untimed);
    say(&x, l->nb_bad_bytes, l->nb_bad_bytes, "%" PRId64 " byte%s could not be used",
        l->nb_bad_bytes, trtc_text_s(l->nb_bad_bytes));
    say(&x, l->nb_undecoded, -1, "%" PRId64 " packet%s of sound could not be decoded",
        l->nb_undecoded, trtc_text_s(l->nb_undecoded));
    return x.any;
}
