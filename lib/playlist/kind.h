/* SPDX-License-Identifier: MIT */
/* Sound and pictures: the one enum for them. */
#ifndef TRTC_PLAYLIST_KIND_H
#define TRTC_PLAYLIST_KIND_H

enum trtc_kind {                   /* bits, so that several may be said at once */
                 TRTC_NO_KIND = 0, /* subtitles, data, or not known */
                 TRTC_AUDIO = 1,
                 TRTC_VIDEO = 2,
};

/* Places in an array with an entry for each kind. */
enum { TRTC_AT_VIDEO, TRTC_AT_AUDIO, TRTC_NB_KINDS };

#endif
