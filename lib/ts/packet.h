/* SPDX-License-Identifier: MIT */
/* One access unit (picture) or one audio frame on the common clock: what readers, encoders and
 * writers hand on. */
#ifndef TRTC_TS_PACKET_H
#define TRTC_TS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trtc_codec {
    TRTC_CODEC_NONE,
    TRTC_CODEC_H264,
    TRTC_CODEC_H265,
    TRTC_CODEC_AAC,
    TRTC_CODEC_OTHER
};

struct AVCodecParameters;

struct trtc_coding {                     /* what a decoder has to know of a packet */
    const char *name;                    /* the codec's, in FFmpeg's spelling */
    const struct AVCodecParameters *par; /* what a container says, where that is new; else NULL */
};

struct trtc_packet {
    const uint8_t
        *data; /* video: length-prefixed NAL units or Annex B, as the producer says; AAC: raw, no
                 ADTS */
    size_t size;
    int64_t pts_us; /* presentation time, epoch clock (or the producer's own zero) */
    int64_t dts_us; /* decoding time, same clock; == pts_us for audio */
    bool key;       /* decoding can start here */
    bool hidden;    /* an edit list cuts it off: decoded for later frames, but not shown or heard */
    int64_t trim_us,
        trim_end_us; /* sound: how much of its beginning, and of its end, is not to be heard */
};

#endif
