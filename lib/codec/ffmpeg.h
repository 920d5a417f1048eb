/* SPDX-License-Identifier: MIT */
/* Loads FFmpeg's libraries when something is decoded or encoded for the first time. They need 100
 * other libraries; loading them takes 20 ms and 16 MB, which a merge that copies saves. A file that
 * includes this header calls FFmpeg's functions by their own names, which are macros for members of
 * a table; it includes no header of FFmpeg. */
#ifndef TRTC_CODEC_FFMPEG_H
#define TRTC_CODEC_FFMPEG_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <libavcodec/avcodec.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/error.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include "base/err.h"

struct trtc_library_function {
    const char *name; /* NULL: the list ends */
    size_t at;        /* where its address is kept in the table */
};

#define TRTC_LIBRARY_MEMBER(name) __typeof__(name) *name##_;

struct trtc_library {
    const char *file; /* NULL: the list ends */
    const struct trtc_library_function *functions;
};

/* Libraries that are loaded together. */
struct trtc_libraries {
    const struct trtc_library *list;
    void *table;
    void (*begin)(void); /* called once, as soon as all of them are loaded; may be NULL */
    pthread_mutex_t lock;
    bool loaded;
};

/* Loads the libraries, which stay loaded, and stores the addresses of their functions in the table,
 * unless that has been done. Thread-safe. Returns 0, or -1 with the errors of trtc_ffmpeg_load. */
int trtc_libraries_load(struct trtc_libraries *l, struct trtc_err *err);

/* Loads the libraries, unless they are loaded, and turns off their messages on standard error. Call
 * it before their first use: before a codec is searched for, or a frame or packet allocated.
 * Thread-safe. Returns 0, or -1: TRTC_EX_UNAVAILABLE (a library or function is missing),
 * TRTC_EX_TEMPFAIL (memory or files are short). */
int trtc_ffmpeg_load(struct trtc_err *err);

/* F(name) for each function that is used, library by library. */
#define TRTC_AVUTIL_FUNCTIONS(F) \
    F(av_audio_fifo_alloc)       \
    F(av_audio_fifo_free)        \
    F(av_audio_fifo_read)        \
    F(av_audio_fifo_size)        \
    F(av_audio_fifo_write)       \
    F(av_buffer_ref)             \
    F(av_channel_layout_compare) \
    F(av_channel_layout_copy)    \
    F(av_channel_layout_default) \
    F(av_channel_layout_uninit)  \
    F(av_frame_alloc)            \
    F(av_frame_free)             \
    F(av_frame_get_buffer)       \
    F(av_frame_get_side_data)    \
    F(av_frame_is_writable)      \
    F(av_frame_move_ref)         \
    F(av_frame_ref)              \
    F(av_frame_unref)            \
    F(av_get_bytes_per_sample)   \
    F(av_get_pix_fmt_name)       \
    F(av_log_set_level)          \
    F(av_opt_set)                \
    F(av_opt_set_double)         \
    F(av_opt_set_int)            \
    F(av_pix_fmt_desc_get)       \
    F(av_rescale)                \
    F(av_rescale_rnd)            \
    F(av_sample_fmt_is_planar)   \
    F(av_samples_set_silence)    \
    F(av_strerror)

#define TRTC_AVCODEC_FUNCTIONS(F)     \
    F(av_new_packet)                  \
    F(av_packet_alloc)                \
    F(av_packet_free)                 \
    F(av_packet_unref)                \
    F(av_parser_close)                \
    F(av_parser_init)                 \
    F(av_parser_parse2)               \
    F(avcodec_alloc_context3)         \
    F(avcodec_descriptor_get_by_name) \
    F(avcodec_find_decoder)           \
    F(avcodec_find_decoder_by_name)   \
    F(avcodec_find_encoder_by_name)   \
    F(avcodec_flush_buffers)          \
    F(avcodec_free_context)           \
    F(avcodec_open2)                  \
    F(avcodec_parameters_alloc)       \
    F(avcodec_parameters_copy)        \
    F(avcodec_parameters_free)        \
    F(avcodec_parameters_to_context)  \
    F(avcodec_receive_frame)          \
    F(avcodec_receive_packet)         \
    F(avcodec_send_frame)             \
    F(avcodec_send_packet)

#define TRTC_SWRESAMPLE_FUNCTIONS(F) \
    F(swr_alloc_set_opts2)           \
    F(swr_convert)                   \
    F(swr_free)                      \
    F(swr_get_delay)                 \
    F(swr_get_out_samples)           \
    F(swr_init)                      \
    F(swr_set_matrix)

#define TRTC_SWSCALE_FUNCTIONS(F) \
    F(sws_alloc_context)          \
    F(sws_freeContext)            \
    F(sws_getCoefficients)        \
    F(sws_init_context)           \
    F(sws_isSupportedInput)       \
    F(sws_isSupportedOutput)      \
    F(sws_scale)                  \
    F(sws_setColorspaceDetails)

/* Valid after trtc_ffmpeg_load() only. */
struct trtc_ffmpeg {
    TRTC_AVUTIL_FUNCTIONS(TRTC_LIBRARY_MEMBER)
    TRTC_AVCODEC_FUNCTIONS(TRTC_LIBRARY_MEMBER)
    TRTC_SWRESAMPLE_FUNCTIONS(TRTC_LIBRARY_MEMBER)
    TRTC_SWSCALE_FUNCTIONS(TRTC_LIBRARY_MEMBER)
};

extern struct trtc_ffmpeg trtc_ffmpeg;

#define av_audio_fifo_alloc            trtc_ffmpeg.av_audio_fifo_alloc_
#define av_audio_fifo_free             trtc_ffmpeg.av_audio_fifo_free_
#define av_audio_fifo_read             trtc_ffmpeg.av_audio_fifo_read_
#define av_audio_fifo_size             trtc_ffmpeg.av_audio_fifo_size_
#define av_audio_fifo_write            trtc_ffmpeg.av_audio_fifo_write_
#define av_buffer_ref                  trtc_ffmpeg.av_buffer_ref_
#define av_channel_layout_compare      trtc_ffmpeg.av_channel_layout_compare_
#define av_channel_layout_copy         trtc_ffmpeg.av_channel_layout_copy_
#define av_channel_layout_default      trtc_ffmpeg.av_channel_layout_default_
#define av_channel_layout_uninit       trtc_ffmpeg.av_channel_layout_uninit_
#define av_frame_alloc                 trtc_ffmpeg.av_frame_alloc_
#define av_frame_free                  trtc_ffmpeg.av_frame_free_
#define av_frame_get_buffer            trtc_ffmpeg.av_frame_get_buffer_
#define av_frame_get_side_data         trtc_ffmpeg.av_frame_get_side_data_
#define av_frame_is_writable           trtc_ffmpeg.av_frame_is_writable_
#define av_frame_move_ref              trtc_ffmpeg.av_frame_move_ref_
#define av_frame_ref                   trtc_ffmpeg.av_frame_ref_
#define av_frame_unref                 trtc_ffmpeg.av_frame_unref_
#define av_get_bytes_per_sample        trtc_ffmpeg.av_get_bytes_per_sample_
#define av_get_pix_fmt_name            trtc_ffmpeg.av_get_pix_fmt_name_
#define av_log_set_level               trtc_ffmpeg.av_log_set_level_
#define av_opt_set                     trtc_ffmpeg.av_opt_set_
#define av_opt_set_double              trtc_ffmpeg.av_opt_set_double_
#define av_opt_set_int                 trtc_ffmpeg.av_opt_set_int_
#define av_pix_fmt_desc_get            trtc_ffmpeg.av_pix_fmt_desc_get_
#define av_rescale                     trtc_ffmpeg.av_rescale_
#define av_rescale_rnd                 trtc_ffmpeg.av_rescale_rnd_
#define av_sample_fmt_is_planar        trtc_ffmpeg.av_sample_fmt_is_planar_
#define av_samples_set_silence         trtc_ffmpeg.av_samples_set_silence_
#define av_strerror                    trtc_ffmpeg.av_strerror_
#define av_new_packet                  trtc_ffmpeg.av_new_packet_
#define av_packet_alloc                trtc_ffmpeg.av_packet_alloc_
#define av_packet_free                 trtc_ffmpeg.av_packet_free_
#define av_packet_unref                trtc_ffmpeg.av_packet_unref_
#define av_parser_close                trtc_ffmpeg.av_parser_close_
#define av_parser_init                 trtc_ffmpeg.av_parser_init_
#define av_parser_parse2               trtc_ffmpeg.av_parser_parse2_
#define avcodec_alloc_context3         trtc_ffmpeg.avcodec_alloc_context3_
#define avcodec_descriptor_get_by_name trtc_ffmpeg.avcodec_descriptor_get_by_name_
#define avcodec_find_decoder           trtc_ffmpeg.avcodec_find_decoder_
#define avcodec_find_decoder_by_name   trtc_ffmpeg.avcodec_find_decoder_by_name_
#define avcodec_find_encoder_by_name   trtc_ffmpeg.avcodec_find_encoder_by_name_
#define avcodec_flush_buffers          trtc_ffmpeg.avcodec_flush_buffers_
#define avcodec_free_context           trtc_ffmpeg.avcodec_free_context_
#define avcodec_open2                  trtc_ffmpeg.avcodec_open2_
#define avcodec_parameters_alloc       trtc_ffmpeg.avcodec_parameters_alloc_
#define avcodec_parameters_copy        trtc_ffmpeg.avcodec_parameters_copy_
#define avcodec_parameters_free        trtc_ffmpeg.avcodec_parameters_free_
#define avcodec_parameters_to_context  trtc_ffmpeg.avcodec_parameters_to_context_
#define avcodec_receive_frame          trtc_ffmpeg.avcodec_receive_frame_
#define avcodec_receive_packet         trtc_ffmpeg.avcodec_receive_packet_
#define avcodec_send_frame             trtc_ffmpeg.avcodec_send_frame_
#define avcodec_send_packet            trtc_ffmpeg.avcodec_send_packet_
#define swr_alloc_set_opts2            trtc_ffmpeg.swr_alloc_set_opts2_
#define swr_convert                    trtc_ffmpeg.swr_convert_
#define swr_free                       trtc_ffmpeg.swr_free_
#define swr_get_delay                  trtc_ffmpeg.swr_get_delay_
#define swr_get_out_samples            trtc_ffmpeg.swr_get_out_samples_
#define swr_init                       trtc_ffmpeg.swr_init_
#define swr_set_matrix                 trtc_ffmpeg.swr_set_matrix_
#define sws_alloc_context              trtc_ffmpeg.sws_alloc_context_
#define sws_freeContext                trtc_ffmpeg.sws_freeContext_
#define sws_getCoefficients            trtc_ffmpeg.sws_getCoefficients_
#define sws_init_context               trtc_ffmpeg.sws_init_context_
#define sws_isSupportedInput           trtc_ffmpeg.sws_isSupportedInput_
#define sws_isSupportedOutput          trtc_ffmpeg.sws_isSupportedOutput_
#define sws_scale                      trtc_ffmpeg.sws_scale_
#define sws_setColorspaceDetails       trtc_ffmpeg.sws_setColorspaceDetails_

#endif
