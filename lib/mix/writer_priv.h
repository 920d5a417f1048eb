/* SPDX-License-Identifier: MIT */
/* What the files of the writer share: the output as the containers see it, and what each of them
 * does. */
#ifndef TRTC_MIX_WRITER_PRIV_H
#define TRTC_MIX_WRITER_PRIV_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "mix/writer.h"

struct trtc_writer_out {
    int fd;                    /* at offset 0; a file can be read back and sought in */
    const char *name;          /* for messages */
    bool is_file;              /* what is written cannot block for long */
    struct trtc_writer_opts o; /* with the tracks; copies */
    const char *note;          /* of a part, at the finish; or NULL */
    int64_t *end_us;           /* per track, at the finish: where it ends, or TRTC_NOTIME */
    atomic_bool cancelled;     /* no waiting any more */
    atomic_bool reader_left;   /* the pipe was closed at its other end: then all calls fail */
    int64_t bytes;             /* set by finish */
    void *state;               /* the container's own */
};

/* One container. All are called by one thread at a time. */
struct trtc_writer_ops {
    int (*open)(struct trtc_writer_out *out, struct trtc_err *err);
    /* Next packet in the order of decoding times over all tracks. */
    int (*put)(struct trtc_writer_out *out, int track, const struct trtc_packet *p,
               struct trtc_err *err);
    int (*finish)(struct trtc_writer_out *out, struct trtc_err *err);
    void (*close)(struct trtc_writer_out *out); /* frees state; also after a failed open */
};

/* Whether this frame of sound is the encoder's priming and nothing else: left out where the
 * container, or its players, have no way to leave it out of what is heard. */
bool trtc_writer_is_priming(const struct trtc_writer_track *t, const struct trtc_packet *p);

extern const struct trtc_writer_ops trtc_writer_mp4, trtc_writer_ts, trtc_writer_mkv;

#endif
