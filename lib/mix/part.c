/* SPDX-License-Identifier: MIT */
/* Parts of a mix. */
#include "mix/part.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "base/array.h"
#include "base/num.h"
#include "base/text.h"

#define CUT_MAX_US 100000 /* sound at the end of a mix that is behind its last picture */

/* ---- which pictures ---- */

int64_t trtc_mix_pictures(int64_t start_us, int64_t end_us, int fps)
{
    const int64_t length_us = end_us - start_us;
    int64_t n = av_rescale_rnd(length_us, fps, 1000000, AV_ROUND_NEAR_INF);
    if (length_us - av_rescale(n, 1000000, fps) > CUT_MAX_US)
        n++;
    return n > 0 ? n : 1;
}

int trtc_mix_part_find(struct trtc_mix_part *p, struct trtc_share share, int64_t all, int gop,
                       struct trtc_err *err)
{
    const int64_t step = all / share.n >= gop ? gop : 1;
    if (all < share.n)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "%d parts: the mix has %" PRId64 " picture%s, and a part has at least one",
                         share.n, all, all == 1 ? "" : "s");
    p->share = share;
    p->all = all;
    p->first = av_rescale(all, share.k - 1, share.n * step) * step;
    p->end = share.k < share.n ? av_rescale(all, share.k, share.n * step) * step : all;
    return 0;
}

/* ---- in a file ---- */

void trtc_mix_part_write(const struct trtc_mix_part *p, char text[TRTC_MIX_PART_TEXT])
{
    snprintf(text, TRTC_MIX_PART_TEXT,
             "%d/%d pictures %" PRId64 "-%" PRId64 " of %" PRId64
             " at %d/s, sound %d Hz, from %" PRId64 " us, mix %016" PRIx64,
             p->share.k, p->share.n, p->first, p->end, p->all, p->fps, p->rate_hz, p->start_us,
             p->call);
}

bool trtc_mix_part_read(const char *text, struct trtc_mix_part *out)
{
    struct trtc_mix_part p = { 0 };
    char again[TRTC_MIX_PART_TEXT];
    if (sscanf(text,
               "%d/%d pictures %" SCNd64 "-%" SCNd64 " of %" SCNd64
               " at %d/s, sound %d Hz, from %" SCNd64 " us, mix %" SCNx64,
               &p.share.k, &p.share.n, &p.first, &p.end, &p.all, &p.fps, &p.rate_hz, &p.start_us,
               &p.call) != 9)
        return false;
    trtc_mix_part_write(&p, again);
    if (strcmp(again, text) != 0 || p.share.n < 1 || p.share.n > TRTC_SHARES_MAX || p.share.k < 1 ||
        p.share.k > p.share.n || p.first < 0 || p.end <= p.first || p.all < p.end ||
        p.all > INT64_MAX / 1000000 || p.fps < 1 || p.fps > 60 || p.rate_hz < 1 ||
        p.rate_hz > 96000)
        return false;
    *out = p;
    return true;
}

/* ---- notes ---- */

enum { LINE_MAX_BYTES = 2048, STATUS_MAX = 255 };

int trtc_mix_note_add(struct trtc_mix_note *note, const char *line)
{
    char shown[LINE_MAX_BYTES];
    trtc_text_line(line, strlen(line), shown, sizeof shown);
    const size_t n = strlen(shown);
    if (trtc_array_reserve(&note->text, &note->cap, note->n + n + 2, 1) < 0)
        return -1;
    memcpy(note->text + note->n, shown, n);
    note->n += n;
    note->text[note->n++] = '\n';
    note->text[note->n] = '\0';
    return 0;
}

void trtc_mix_note_fini(struct trtc_mix_note *note)
{
    free(note->text);
    *note = (struct trtc_mix_note){ 0 };
}

char *trtc_mix_note_write(int status, const struct trtc_mix_note *a, const struct trtc_mix_note *b)
{
    const size_t size = a->n + b->n + 32;
    char *text = malloc(size);
    if (text)
        snprintf(text, size, "status %d\n%s%s", status, a->n ? a->text : "", b->n ? b->text : "");
    return text;
}

bool trtc_mix_note_read(const char *text, size_t n, int *status, struct trtc_bytes *lines)
{
    static const char word[] = "status ";
    const size_t least = sizeof word - 1;
    const char *end = n ? memchr(text, '\n', n) : NULL;
    char number[8];
    int64_t value;
    if (!end || (size_t)(end - text) <= least || memcmp(text, word, least) != 0 ||
        (size_t)(end - text) - least >= sizeof number || text[n - 1] != '\n')
        return false;
    const size_t digits = (size_t)(end - text) - least;
    memcpy(number, text + least, digits);
    number[digits] = '\0';
    if (trtc_num_int("", number, (struct trtc_range){ 0, STATUS_MAX }, &value, NULL) < 0)
        return false;
    *status = (int)value;
    *lines = (struct trtc_bytes){ (const uint8_t *)end + 1, n - (size_t)(end + 1 - text) };
    return true;
}

/* ---- whether the parts of a mix are complete ---- */

static int by_part(const void *a, const void *b)
{
    const struct trtc_mix_part_file *x = a, *y = b;
    return x->part.share.k < y->part.share.k ? -1 : x->part.share.k > y->part.share.k;
}

static bool is_of_one_mix(const struct trtc_mix_part *a, const struct trtc_mix_part *b)
{
    return a->share.n == b->share.n && a->all == b->all && a->fps == b->fps &&
           a->rate_hz == b->rate_hz && a->start_us == b->start_us && a->call == b->call;
}

/* Returns the mix to which most files belong, so that one file of another mix is the one that is
 * reported. */
static const struct trtc_mix_part *most_common(const struct trtc_mix_part_file *files, size_t n)
{
    const struct trtc_mix_part *best = &files[0].part;
    size_t most = 0;
    for (size_t i = 0; i < n && most <= n / 2; i++) {
        size_t nb = 0;
        for (size_t k = 0; k < n; k++)
            nb += is_of_one_mix(&files[i].part, &files[k].part);
        if (nb > most) {
            most = nb;
            best = &files[i].part;
        }
    }
    return best;
}

/* Writes the numbers of the parts that are missing, for example "3, 5-7"; if they do not fit, the
 * first ones and "...". files: sorted by number. Returns false if no part is missing. */
static bool list_missing(const struct trtc_mix_part_file *files, size_t n, char *out, size_t size)
{
    enum { RANGE_MAX_BYTES = sizeof ", 1000000000-1000000000" };
    static const char more[] = ", ...";
    const int all = files[0].part.share.n;
    size_t at = 0, i = 0;
    for (int k = 1; k <= all; k++) {
        int to = k;
        if (i < n && files[i].part.share.k == k) {
            i++;
            continue;
        }
        if (at + RANGE_MAX_BYTES + sizeof more > size) {
            memcpy(out + at, more, sizeof more);
            break;
        }
        while (to < all && (i >= n || files[i].part.share.k > to + 1))
            to++;
        at += (size_t)snprintf(out + at, size - at, to > k ? "%s%d-%d" : "%s%d", at ? ", " : "", k,
                               to);
        k = to;
    }
    return at > 0;
}

int trtc_mix_parts_check(struct trtc_mix_part_file *files, size_t n, struct trtc_err *err)
{
    char name[256], other[256], missing[128];
    const struct trtc_mix_part mix = *most_common(files, n);
    for (size_t i = 0; i < n; i++)
        if (!is_of_one_mix(&files[i].part, &mix))
            return trtc_fail(
                err, TRTC_EX_DATAERR,
                "%s: it belongs to another mix than the other parts, or was made with other inputs or options",
                trtc_text_show(files[i].name, strlen(files[i].name), name, sizeof name));
    qsort(files, n, sizeof *files, by_part);
    for (size_t i = 1; i < n; i++)
        if (files[i].part.share.k == files[i - 1].part.share.k)
            return trtc_fail(
                err, TRTC_EX_DATAERR, "%s: it is part %d, and so is %s",
                trtc_text_show(files[i].name, strlen(files[i].name), name, sizeof name),
                files[i].part.share.k,
                trtc_text_show(files[i - 1].name, strlen(files[i - 1].name), other, sizeof other));
    if (list_missing(files, n, missing, sizeof missing))
        return trtc_fail(err, TRTC_EX_NOINPUT, "of %d parts, these are missing: %s", mix.share.n,
                         missing);
    for (size_t i = 0; i < n; i++)
        if (files[i].part.first != (i ? files[i - 1].part.end : 0) ||
            (i + 1 == n && files[i].part.end != mix.all))
            return trtc_fail(
                err, TRTC_EX_DATAERR, "%s: it does not begin where the part before it ends",
                trtc_text_show(files[i].name, strlen(files[i].name), name, sizeof name));
    return 0;
}
