/* SPDX-License-Identifier: MIT */
/* Sound and pictures as one enum. */
#ifndef TRTC_PLAYLIST_KIND_H
#define TRTC_PLAYLIST_KIND_H

enum trtc_kind {                   /* bits, so that kinds can be combined */
                 TRTC_NO_KIND = 0, /* subtitles, data, or unknown */
                 TRTC_AUDIO = 1,
                 TRTC_VIDEO = 2,
};

/* Indices for arrays with an entry per kind. */
enum { TRTC_AT_VIDEO, TRTC_AT_AUDIO, TRTC_NB_KINDS };

/* Returns the index of sound or pictures. */
static inline int trtc_at(enum trtc_kind kind)
{
    return kind == TRTC_VIDEO ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
}

#endif
