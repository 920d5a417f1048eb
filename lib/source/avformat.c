/* SPDX-License-Identifier: MIT */
/* Loads libavformat, in the version whose headers this was built with. */
#include "source/avformat.h"

#include <pthread.h>
#include <stdbool.h>

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
};

static int load_all(struct trtc_err *err)
{
    if (trtc_ffmpeg_load(err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++)
        if (trtc_library_load(&libraries[i], &trtc_avformat, err) < 0)
            return -1;
    return 0;
}

int trtc_avformat_load(struct trtc_err *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;

    pthread_mutex_lock(&lock);
    const int ret = loaded ? 0 : load_all(err);
    loaded |= ret == 0;
    pthread_mutex_unlock(&lock);
    return ret;
}
