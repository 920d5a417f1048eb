/* SPDX-License-Identifier: MIT */
/* Makes the command lines of a task's children. */
#include "task/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utc.h"
#include "task/index.h"

#define FROM_OLDEST "from=oldest"

enum {
    FRESH_MS = 2500,     /* trtc-room keeps about the first 3 seconds of a stream */
    MIX_FRESH_MS = 1000, /* a mix must not lag by more than this */
    KEPT_MS = 5000,      /* trtc-room keeps 6 seconds for from=oldest; a mix starts within one */
    EARLY_MS = 100,      /* how far the clocks of two hosts may differ */
};

/* ---- words ---- */

void trtc_words_add(struct trtc_words *w, const char *word)
{
    char *copy = w->n < TRTC_WORDS_MAX ? strdup(word) : NULL;
    w->failed |= !copy;
    if (copy)
        w->v[w->n++] = copy;
}

void trtc_words_fini(struct trtc_words *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->v[i]);
    *w = (struct trtc_words){ 0 };
}

void trtc_words_split(struct trtc_words *w, const char *text)
{
    char *copy = strdup(text), *at = copy;
    w->failed |= !copy;
    while (copy && *(at += strspn(at, " \t\n"))) {
        const size_t n = strcspn(at, " \t\n");
        const char end = at[n];
        at[n] = '\0';
        trtc_words_add(w, at);
        at[n] = end;
        at += n;
    }
    free(copy);
}

static void add_all(struct trtc_words *w, const char *const *words)
{
    for (; *words; words++)
        trtc_words_add(w, *words);
}

static void add_number(struct trtc_words *w, int64_t n)
{
    char word[32];
    snprintf(word, sizeof word, "%" PRId64, n);
    trtc_words_add(w, word);
}

/* ---- children ---- */

void trtc_command_watch(struct trtc_words *w, const struct trtc_task_request *r, const char *source)
{
    add_all(w,
            (const char *const[]){ "trtc-room", "watch", "--room", r->room, "--", source, NULL });
}

/* Adds the program and the options from which it makes the names of the stream's files. */
static void add_names(struct trtc_words *w, const struct trtc_task_request *r,
                      const struct trtc_task_stream *s)
{
    add_all(w,
            (const char *const[]){ "trtc-hls", "-q", "--json", "-d", TRTC_TASK_FILES, "-A", NULL });
    add_number(w, r->sdkappid);
    add_all(w, (const char *const[]){ "--room-type", r->room_is_text ? "string" : "int", "-R",
                                      r->room, NULL });
    if (s)
        add_all(w, (const char *const[]){ "-u", s->user, "-M", s->aux ? "aux" : "main", NULL });
    if (s && r->av_merge)
        trtc_words_add(w, "--av-merge");
}

void trtc_command_hls(struct trtc_words *w, const struct trtc_task_request *r,
                      const struct trtc_task_stream *s, const struct trtc_recorder *how,
                      int64_t start_ms)
{
    add_names(w, r, s);
    if (s && !(s->audio && s->video))
        add_all(w, (const char *const[]){ "--only", s->video ? "video" : "audio", NULL });
    if (how->how == TRTC_RECORDER_APPEND)
        trtc_words_add(w, "--append");
    if (how->how == TRTC_RECORDER_BESIDE || how->ha)
        trtc_words_add(w, "--ha");
    if (how->how == TRTC_RECORDER_BESIDE)
        trtc_words_add(w, "auto");
    else if (how->ha)
        add_number(w, how->ha);
    if (start_ms != TRTC_NOTIME) {
        trtc_words_add(w, "-S");
        add_number(w, start_ms);
    }
    trtc_words_add(w, "--");
    trtc_words_add(w, !s ? "-" : s->source ? s->source : "");
    w->failed |= s && !s->source; /* memory ran out when the address was made */
}

void trtc_command_mix(struct trtc_words *w, const char *request, int64_t from_ms)
{
    add_all(w, (const char *const[]){ "trtc-mix", "-q", "--request", request, "--script", "-", "-o",
                                      "-", NULL });
    if (from_ms == TRTC_NOTIME)
        return;
    trtc_words_add(w, "--from");
    add_number(w, from_ms);
}

void trtc_command_rescue(struct trtc_words *w, const struct trtc_task_request *r,
                         const struct trtc_task_stream *s)
{
    add_names(w, r, s);
    add_all(w, (const char *const[]){ "--append", "--", "/dev/null", NULL });
}

void trtc_command_merge(struct trtc_words *w, const struct trtc_task_request *r, const char *apart)
{
    add_all(w, (const char *const[]){ "trtc-merge", "-q", "--json", "--names", "recording",
                                      "--output", r->made == TRTC_MADE_AAC ? "aac" : "mp4", "-a",
                                      apart ? "2" : "0", "-o", TRTC_TASK_FILES, NULL });
    if (r->part_minutes) {
        char time[32];
        snprintf(time, sizeof time, "%" PRId64 "m", r->part_minutes);
        add_all(w, (const char *const[]){ "--split-time", time, NULL });
    }
    add_all(w, (const char *const[]){ "--", apart ? apart : TRTC_TASK_FILES, NULL });
}

/* ---- from which point a stream is read ---- */

static bool is_young(int64_t since_ms, int64_t now_ms, int64_t age_ms)
{
    return since_ms != TRTC_NOTIME && now_ms - since_ms <= age_ms && since_ms - now_ms <= EARLY_MS;
}

enum trtc_join trtc_join_of(int64_t since_ms, int64_t now_ms, bool again, bool beside)
{
    if (beside)
        return TRTC_JOIN_OLDEST;
    return !again && is_young(since_ms, now_ms, FRESH_MS) ? TRTC_JOIN_BEGINNING : TRTC_JOIN_NOW;
}

enum trtc_join trtc_join_mix(int64_t since_ms, int64_t now_ms)
{
    return is_young(since_ms, now_ms, MIX_FRESH_MS) ? TRTC_JOIN_BEGINNING : TRTC_JOIN_NOW;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t trtc_mix_again_ms(const struct trtc_task_streams *s, int64_t end_us, int64_t now_ms)
{
    int64_t first_ms = now_ms;
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].since_ms != TRTC_NOTIME)
            first_ms = earlier(first_ms, s->items[i].since_ms);
    first_ms = later(first_ms, now_ms - KEPT_MS);
    return end_us == TRTC_NOTIME ? first_ms
                                 : earlier(now_ms, later(first_ms, (end_us + 999) / 1000));
}

char *trtc_join_address(const char *source, enum trtc_join join)
{
    const size_t size = strlen(source) + sizeof FROM_OLDEST + 1;
    char *address = malloc(size);
    if (address && join != TRTC_JOIN_BEGINNING)
        snprintf(address, size, "%s%c%s", source, strchr(source, '?') ? '&' : '?',
                 join == TRTC_JOIN_NOW ? "from=now" : FROM_OLDEST);
    else if (address)
        snprintf(address, size, "%s", source);
    return address;
}

bool trtc_is_http(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}
