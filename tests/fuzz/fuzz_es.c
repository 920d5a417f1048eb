/* SPDX-License-Identifier: MIT */
/* What stands inside elementary streams under libFuzzer: headers of sound, parameter sets, slices and their order,
 * sections of tables, and the sample entries that are made of parameter sets. */
#include <stdio.h>

#include "base/err.h"
#include "fuzz/fuzz.h"
#include "mp4/mp4_priv.h"
#include "ts/es.h"
#include "ts/es_sound.h"
#include "ts/poc.h"
#include "ts/psi.h"

static void sound(const uint8_t *p, size_t n)
{
    const struct trtc_sound_parser *s;
    struct trtc_sound_memory m = { 0 };
    struct trtc_sound_header h;
    struct trtc_adts a;
    uint8_t asc[2];

    if (trtc_adts_parse(p, n, &a) == 0) {
        check(a.rate_hz > 0 && a.frame_bytes >= a.header_bytes && a.samples > 0);
        trtc_adts_asc(&a, asc);
    }
    for (int i = 0; (s = trtc_sound_parser_at(i)); i++) {
        (void)s->starts(p, n);
        if (n >= s->least && s->parse(p, n, &m, &h) == 0)
            check(h.frame_bytes > 0 && h.samples >= 0 && h.rate_hz >= 0);
    }
}

static void pictures(enum trtc_codec codec, const uint8_t *p, size_t n)
{
    const uint8_t *pos = p, *nal, *before = NULL;
    struct trtc_poc poc = { 0 };
    struct trtc_video_params v;
    struct trtc_order order;
    uint8_t *out = malloc(TRTC_LENGTHS_MAX(n));
    size_t size, nb_before = 0;

    check(out != NULL);
    trtc_poc_begin(&poc, codec);
    while ((nal = trtc_annexb_next(&pos, p + n, &size))) {
        const enum trtc_nal kind = trtc_nal_kind(codec, *nal);
        check(size > 0 && nal >= p && nal + size <= p + n);
        if (codec == TRTC_CODEC_H264)
            (void)trtc_sei_recovery_point(nal, size);
        if (trtc_video_params_of_sps(codec, nal, size, &v) == 0)
            check(v.width_px > 0 && v.width_px <= 16384 && v.height_px > 0 && v.height_px <= 16384);
        trtc_poc_set(&poc, nal, size);
        if (kind != TRTC_NAL_SLICE && kind != TRTC_NAL_KEY_SLICE)
            continue;
        trtc_poc_next(&poc, nal, size, &order);
        if (before)
            (void)trtc_poc_is_other_field(&poc, before, nb_before, nal, size);
        before = nal;
        nb_before = size;
    }
    (void)trtc_video_params_read(codec, p, n, &v);
    (void)trtc_annexb_is_open(codec, p, n);
    (void)trtc_annexb_refers_back(codec, p, n);
    check(trtc_annexb_to_lengths(codec, p, n, true, out) <= TRTC_LENGTHS_MAX(n));
    free(out);
}

static void entry(enum trtc_codec codec, const uint8_t *p, size_t n)
{
    struct trtc_mp4_entry e = { 0 };
    struct trtc_err err = { 0 };
    const struct trtc_mp4_track t = { .codec = codec,
                                      .timescale = 90000,
                                      .width_px = 64,
                                      .height_px = 48,
                                      .annexb = p,
                                      .annexb_size = n,
                                      .asc = p,
                                      .asc_size = n < 64 ? n : 64,
                                      .rate_hz = 48000,
                                      .channels = 2 };

    if (trtc_mp4_entry_make(&e, codec, &t, &err) == 0)
        check(e.data && e.size >= 8);
    else
        check(err.code == TRTC_EX_DATAERR && err.msg[0]);
    free(e.data);
}

/* Payloads of up to 184 bytes; the sections get the CRC that is right, so that what is in them is read. */
static void sections(const uint8_t *p, size_t n)
{
    struct trtc_psi psi = { 0 };
    const uint8_t *s;
    size_t size, pos;
    int pid;
    struct trtc_pmt_entry e;
    struct trtc_psi_time t;

    for (size_t at = 0; at < n; at += 184) {
        trtc_psi_push(&psi, p + at, n - at < 184 ? n - at : 184, at % 368 == 0);
        while ((s = trtc_psi_next(&psi, &size))) {
            check(size >= 4 && size <= TRTC_PSI_MAX);
            for (pos = 0; trtc_pat_next(s, size, &pos, &pid);)
                check(pid >= 0 && pid < 8192);
            for (pos = 0; trtc_pmt_next(s, size, &pos, &e);)
                check(e.pid >= 0 && e.pid < 8192 && e.desc + e.desc_size <= s + size);
            (void)trtc_pmt_time(s, size, &t);
            (void)trtc_psi_number(s);
        }
    }
}

/* Makes one section of it, behind a pointer byte. */
static void with_crc(uint8_t *p, size_t n)
{
    if (n < 16)
        return;
    const size_t total = n - 1 > 1024 ? 1024 : n - 1;
    uint8_t *section = p + 1;
    p[0] = 0;
    section[1] = (uint8_t)(0xb0 | ((total - 3) >> 8));
    section[2] = (uint8_t)(total - 3);
    section[5] |= 1;
    const uint32_t crc = trtc_psi_crc32(section, total - 4);
    for (size_t i = 0; i < 4; i++)
        section[total - 4 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *p = malloc(size);

    if (!size || !p) {
        free(p);
        return 0;
    }
    memcpy(p, data, size);
    sound(p, size);
    pictures(TRTC_CODEC_H264, p, size);
    pictures(TRTC_CODEC_H265, p, size);
    entry(TRTC_CODEC_H264, p, size);
    entry(TRTC_CODEC_H265, p, size);
    entry(TRTC_CODEC_AAC, p, size);
    sections(p, size);
    with_crc(p, size);
    sections(p, size);
    free(p);
    return 0;
}
