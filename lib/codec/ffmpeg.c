/* SPDX-License-Identifier: MIT */
/* Loads FFmpeg's libraries, in the versions whose headers this was built with. */
#include "codec/ffmpeg.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

struct trtc_ffmpeg trtc_ffmpeg;

#define FUNCTION(name) { #name, offsetof(struct trtc_ffmpeg, name##_) },

static const struct trtc_library_function of_avutil[] = {
    TRTC_AVUTIL_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};
static const struct trtc_library_function of_avcodec[] = {
    TRTC_AVCODEC_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};
static const struct trtc_library_function of_swresample[] = {
    TRTC_SWRESAMPLE_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};
static const struct trtc_library_function of_swscale[] = {
    TRTC_SWSCALE_FUNCTIONS(FUNCTION) //
    { NULL, 0 },
};

static const struct trtc_library libraries[] = {
    { "libavutil.so." AV_STRINGIFY(LIBAVUTIL_VERSION_MAJOR), of_avutil },
    { "libavcodec.so." AV_STRINGIFY(LIBAVCODEC_VERSION_MAJOR), of_avcodec },
    { "libswresample.so." AV_STRINGIFY(LIBSWRESAMPLE_VERSION_MAJOR), of_swresample },
    { "libswscale.so." AV_STRINGIFY(LIBSWSCALE_VERSION_MAJOR), of_swscale },
    { NULL, NULL },
};

/* Whether a library or a function does not exist, so that trying again is useless. The loader has
 * no error codes, only texts. */
static bool is_missing(const char *why)
{
    return strstr(why, strerror(ENOENT)) || strstr(why, "undefined symbol");
}

static int not_loaded(struct trtc_err *err)
{
    const char *why = dlerror();
    why = why ? why : "out of memory";
    return trtc_fail(err, is_missing(why) ? TRTC_EX_UNAVAILABLE : TRTC_EX_TEMPFAIL,
                     "cannot load FFmpeg: %s", why);
}

static int load(const struct trtc_library *l, void *table, struct trtc_err *err)
{
    void *const library = dlopen(l->file, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return not_loaded(err);
    for (const struct trtc_library_function *f = l->functions; f->name; f++) {
        void *const address = dlsym(library, f->name);
        if (!address)
            return not_loaded(err);
        memcpy((char *)table + f->at, &address, sizeof address);
    }
    return 0;
}

/* After a failure, libraries stay loaded: the next attempt is cheaper. */
static int load_all(struct trtc_libraries *l, struct trtc_err *err)
{
    for (const struct trtc_library *next = l->list; next->file; next++)
        if (load(next, l->table, err) < 0)
            return -1;
    if (l->begin)
        l->begin();
    l->loaded = true;
    return 0;
}

int trtc_libraries_load(struct trtc_libraries *l, struct trtc_err *err)
{
    pthread_mutex_lock(&l->lock);
    const int ret = l->loaded ? 0 : load_all(l, err);
    pthread_mutex_unlock(&l->lock);
    return ret;
}

static void be_quiet(void)
{
    av_log_set_level(AV_LOG_QUIET);
}

int trtc_ffmpeg_load(struct trtc_err *err)
{
    static struct trtc_libraries all = { .list = libraries,
                                         .table = &trtc_ffmpeg,
                                         .begin = be_quiet,
                                         .lock = PTHREAD_MUTEX_INITIALIZER };

    return trtc_libraries_load(&all, err);
}
