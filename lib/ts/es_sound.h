/* SPDX-License-Identifier: MIT */
/* Frame headers of sound in elementary streams: ADTS and LOAS (AAC), MPEG audio, AC-3, E-AC-3, DTS,
 * TrueHD, and LPCM as Blu-ray has it.
 * Pure functions over bytes in memory; hostile values are refused, nothing is read past the end. */
#ifndef TRTC_TS_ES_SOUND_H
#define TRTC_TS_ES_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trtc_sound_header {
    int frame_bytes;
    int samples, rate_hz; /* of a channel; 0 where the header does not say */
    bool joins;           /* it belongs to the frame before: substreams, extensions */
};

/* State that headers leave for those after them (LOAS, TrueHD). Zero-initialise. */
struct trtc_sound_memory {
    int samples, rate_hz, substreams;
};

/* What reads one kind of header. */
struct trtc_sound_parser {
    const char *codec_name; /* of FFmpeg's spelling */
    size_t least;           /* bytes that parse needs */
    bool joins;             /* there are frames that join others */
    bool weak;              /* much else looks like a header: only the tables tell the codec */

    /* 0, or -1 where p, of which n >= least bytes are there, is no header. The frame may go on
     * past n. */
    int (*parse)(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                 struct trtc_sound_header *out);

    /* True if these n bytes can be the beginning of a header. */
    bool (*starts)(const uint8_t *p, size_t n);
};

/* The syntax of a codec by its name, or by number from 0 on; NULL: there is none. */
const struct trtc_sound_parser *trtc_sound_parser(const char *codec_name);
const struct trtc_sound_parser *trtc_sound_parser_at(int i);

#define TRTC_ID3_HEADER 10 /* bytes */

/* Returns the size of an ID3 tag (ID3v2.4, 3.1) that begins there, in bytes; 0: none does, or n bytes are too few. */
int64_t trtc_id3_bytes(const uint8_t *p, size_t n);

#endif
