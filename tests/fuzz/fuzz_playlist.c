/* SPDX-License-Identifier: MIT */
/* Playlists under libFuzzer: what tools make of their text, the parser, and the names in their lines. No input may make it
 * read or write outside its text, and what it hands out must be as its header says. */
#include "container/segments_priv.h"
#include "fuzz/fuzz.h"
#include "playlist/name.h"
#include "playlist/plain_name.h"
#include "playlist/playlist_load.h"

static void check_text(const struct trtc_playlist *p, size_t size, const char *s, size_t n)
{
    check(s >= p->text && s + n <= p->text + size && s[n] == '\0');
}

/* A plain name is a file's, and plain already. */
static void check_name(const char *s, size_t n)
{
    char plain[TRTC_PLAIN_MAX], again[TRTC_PLAIN_MAX];
    struct trtc_name name;
    if (!trtc_plain_name(s, n, plain))
        return;
    check(*plain && strlen(plain) < TRTC_PLAIN_MAX);
    if (trtc_name_parse(plain, strlen(plain), TRTC_ROOM_AUTO, &name, NULL, NULL) == 0)
        check(trtc_plain_name(plain, strlen(plain), again) && strcmp(plain, again) == 0);
}

/* The text as it was meant to be. */
static void check_text_of(const uint8_t *data, size_t size)
{
    int64_t n = (int64_t)size;
    char *text = malloc(size + 1);
    struct trtc_err err = { 0 };
    if (!text)
        return;
    memcpy(text, data, size);
    if (trtc_playlist_text(&text, &n, &err) < 0)
        check(err.code == TRTC_EX_DATAERR && strncmp(err.msg, "compressed with gzip", 20) == 0);
    else
        text[n] = '\0';
    free(text);
}

/* A playlist that changes from its one half to the other. */
static void check_numbers(const uint8_t *data, size_t size)
{
    struct trtc_segment_list list = { 0 };
    struct trtc_segments g = { 0 };

    for (int k = 0; k < 4; k++) {
        size_t n = k % 2 ? size - size / 2 : size / 2;
        char *text = malloc(n + 1);
        if (!text)
            break;
        memcpy(text, data + (k % 2 ? size / 2 : 0), n);
        check(trtc_segment_renumber(&g, &list, &text, &n) < 0 || n <= size + 64);
        free(text);
    }
    free(list.marks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size)
        check_numbers(data, size);
    check_text_of(data, size);
    check_name((const char *)data, size);
    char *text = malloc(size + 1);
    struct trtc_playlist p;
    struct trtc_err err = { 0 };
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    if (trtc_playlist_parse(text, size, &p, &err) < 0)
        check(err.code == TRTC_EX_DATAERR && err.msg[0]);
    for (size_t i = 0; i < p.nb_segs; i++) {
        const struct trtc_playlist_seg *s = &p.segs[i];
        check_text(&p, size, s->uri, s->uri_len);
        check_name(s->uri, s->uri_len);
        check(s->uri_len > 0 && s->uri_len <= TRTC_PLAYLIST_LINE_MAX &&
              strlen(s->uri) <= s->uri_len);
        check(s->uri[0] != '#' && !memchr(s->uri, '\n', s->uri_len));
        check(s->duration_us == TRTC_NOTIME ||
              (s->duration_us >= 0 && s->duration_us < INT64_C(864001000000)));
        check((s->attr_start_ms == TRTC_NOTIME) == (s->attr_bytes == -1));
        check(s->attr_start_ms == TRTC_NOTIME || (s->attr_start_ms >= 0 && s->attr_bytes >= 0));
        check(s->range_at >= 0 && s->range_bytes >= -1 && (s->range_bytes >= 0 || !s->range_at));
        if (s->key_method)
            check(*s->key_method && strcmp(s->key_method, "NONE") != 0);
        check(s->width_px >= 0 && s->height_px >= 0 && s->line > (i ? s[-1].line : 1));
    }
    if (p.user_id)
        check_text(&p, size, p.user_id, strlen(p.user_id));
    check(p.start_rec_ms == TRTC_NOTIME || p.start_rec_ms >= 0);
    check(p.stream_type >= -1 && p.mix_stream >= -1 && p.target_s >= -1);
    check((p.nb_bad_lines > 0) == (p.first_bad_line > 0));
    trtc_playlist_fini(&p);
    return 0;
}
