/* SPDX-License-Identifier: MIT */
/* What a file holds, as FFmpeg's demuxers give it with -c copy: of its first picture and its first
 * sound each packet with its times and a sum of what is coded in it, whatever container it is in. */
#ifndef TESTS_FOREIGN_FRAMES_H
#define TESTS_FOREIGN_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/codec_id.h>

enum kind { PICTURE, SOUND, NB_KINDS };

struct frame {
    int64_t pts, dts; /* at 90 kHz, from the first one on without a wrap; AV_NOPTS_VALUE */
    int64_t pos;      /* in the file; -1 unknown */
    uint64_t sum;     /* of the slices, or of the frame of sound without its header */
    size_t size;      /* of what was summed */
    bool key;
    uint8_t *data; /* with keep: the packet as it came */
    size_t data_size;
};

struct track {
    enum AVCodecID codec;
    int rate_hz, channels;
    int64_t frame_ticks; /* how long a frame of sound is; else 0 */
    struct frame *f;
    size_t n, cap;
    size_t nb_hidden; /* that FFmpeg says an edit list hides */
};

struct frames {
    struct track of[NB_KINDS];
};

/* Appends what path holds. wrap: its stamps have 33 bits. 0, or -1 where it cannot be read. */
int frames_read(struct frames *all, const char *path, bool wrap, bool keep);
void frames_fini(struct frames *all);

/* The lowest time of a track, and when its last frame ends. */
int64_t track_begin(const struct track *t);
int64_t track_end(const struct track *t);

/* True where frames of sound do not follow each other as long as they are. */
bool track_is_uneven(const struct track *t);

/* One line a frame, for people. */
void frames_print(const struct frames *all);

#endif
