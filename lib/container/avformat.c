/* SPDX-License-Identifier: MIT */
/* Loads libavformat, in the version whose headers this was built with. */
#include "container/avformat.h"

struct trtc_avformat trtc_avformat;

#define FUNCTION(name) { #name, offsetof(struct trtc_avformat, name##_) },

static const struct trtc_library_function of_avutil[] = {
    TRTC_AVFORMAT_UTIL_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};
static const struct trtc_library_function of_avcodec[] = {
    TRTC_AVFORMAT_CODEC_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};
static const struct trtc_library_function of_avformat[] = {
    TRTC_AVFORMAT_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};

static const struct trtc_library libraries[] = {
    { "libavutil.so." AV_STRINGIFY(LIBAVUTIL_VERSION_MAJOR), of_avutil },
    { "libavcodec.so." AV_STRINGIFY(LIBAVCODEC_VERSION_MAJOR), of_avcodec },
    { "libavformat.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR), of_avformat },
    { NULL, NULL },
};

int trtc_avformat_load(struct trtc_err *err)
{
    static struct trtc_libraries all = { .list = libraries,
                                         .table = &trtc_avformat,
                                         .lock = PTHREAD_MUTEX_INITIALIZER };

    return trtc_ffmpeg_load(err) < 0 ? -1 : trtc_libraries_load(&all, err);
}
