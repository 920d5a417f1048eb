/* SPDX-License-Identifier: MIT */
/* The playlist parser under libFuzzer. No input may make it read or write outside its text, and what it hands out must
 * be as its header says.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_POSIX_C_SOURCE=200809L -Ilib \
 *       tests/fuzz_playlist.c lib/core/playlist.c lib/core/err.c -o fuzz_playlist
 *   ./fuzz_playlist -max_len=65536 -max_total_time=60 CORPUS_DIR */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/playlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const struct trtc_playlist *p, size_t size, const char *s, size_t n)
{
    check(s >= p->text && s + n <= p->text + size && s[n] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
