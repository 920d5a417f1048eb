/* SPDX-License-Identifier: MIT */
/* Loads libavformat when a container or a connection needs it for the first time, as codec/ffmpeg
 * loads the other libraries; transport streams and streams over HTTP do not need it. A file that
 * includes this header includes no header of FFmpeg. */
#ifndef TRTC_CONTAINER_AVFORMAT_H
#define TRTC_CONTAINER_AVFORMAT_H

#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/dict.h>
#include <libavutil/intreadwrite.h>
#include <libavutil/mem.h>

#include "codec/ffmpeg.h"

/* Like trtc_ffmpeg_load, which it calls. */
int trtc_avformat_load(struct trtc_err *err);

#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
#define TRTC_SIDE_DATA_OF_STREAM(F)
#define TRTC_SIDE_DATA_OF_PARAMETERS(F) F(av_packet_side_data_get)
#else
#define TRTC_SIDE_DATA_OF_STREAM(F) F(av_stream_get_side_data)
#define TRTC_SIDE_DATA_OF_PARAMETERS(F)
#endif

/* F(name) for each function that is used besides those of codec/ffmpeg. */
#define TRTC_AVFORMAT_FUNCTIONS(F)      \
    F(av_find_best_stream)              \
    F(av_guess_frame_rate)              \
    F(av_read_frame)                    \
    F(avformat_alloc_context)           \
    F(avformat_close_input)             \
    F(avformat_find_stream_info)        \
    F(avformat_index_get_entries_count) \
    F(avformat_index_get_entry)         \
    F(avformat_open_input)              \
    F(avio_alloc_context)               \
    F(avio_closep)                      \
    F(avio_context_free)                \
    F(avio_open2)                       \
    F(avio_read_partial)                \
    F(avio_seek)                        \
    F(avio_size)                        \
    TRTC_SIDE_DATA_OF_STREAM(F)

#define TRTC_AVFORMAT_UTIL_FUNCTIONS(F) \
    F(av_dict_copy)                     \
    F(av_dict_free)                     \
    F(av_dict_get)                      \
    F(av_dict_set)                      \
    F(av_free)                          \
    F(av_freep)                         \
    F(av_log_default_callback)          \
    F(av_log_set_callback)              \
    F(av_malloc)                        \
    F(av_match_name)                    \
    F(av_rescale_q)                     \
    F(av_strdup)

#define TRTC_AVFORMAT_CODEC_FUNCTIONS(F) \
    F(av_packet_get_side_data)           \
    F(av_grow_packet)                    \
    F(av_packet_move_ref)                \
    F(avcodec_get_name)                  \
    TRTC_SIDE_DATA_OF_PARAMETERS(F)

/* Valid after trtc_avformat_load() only. */
struct trtc_avformat {
    TRTC_AVFORMAT_FUNCTIONS(TRTC_LIBRARY_MEMBER)
    TRTC_AVFORMAT_UTIL_FUNCTIONS(TRTC_LIBRARY_MEMBER)
    TRTC_AVFORMAT_CODEC_FUNCTIONS(TRTC_LIBRARY_MEMBER)
};

extern struct trtc_avformat trtc_avformat;

#define av_find_best_stream              trtc_avformat.av_find_best_stream_
#define av_guess_frame_rate              trtc_avformat.av_guess_frame_rate_
#define av_read_frame                    trtc_avformat.av_read_frame_
#define avformat_alloc_context           trtc_avformat.avformat_alloc_context_
#define avformat_close_input             trtc_avformat.avformat_close_input_
#define avformat_find_stream_info        trtc_avformat.avformat_find_stream_info_
#define avformat_index_get_entries_count trtc_avformat.avformat_index_get_entries_count_
#define avformat_index_get_entry         trtc_avformat.avformat_index_get_entry_
#define avformat_open_input              trtc_avformat.avformat_open_input_
#define avio_alloc_context               trtc_avformat.avio_alloc_context_
#define avio_closep                      trtc_avformat.avio_closep_
#define avio_context_free                trtc_avformat.avio_context_free_
#define avio_open2                       trtc_avformat.avio_open2_
#define avio_read_partial                trtc_avformat.avio_read_partial_
#define avio_seek                        trtc_avformat.avio_seek_
#define avio_size                        trtc_avformat.avio_size_
#define av_dict_copy                     trtc_avformat.av_dict_copy_
#define av_dict_free                     trtc_avformat.av_dict_free_
#define av_dict_get                      trtc_avformat.av_dict_get_
#define av_dict_set                      trtc_avformat.av_dict_set_
#define av_free                          trtc_avformat.av_free_
#define av_freep                         trtc_avformat.av_freep_
#define av_log_default_callback          trtc_avformat.av_log_default_callback_
#define av_log_set_callback              trtc_avformat.av_log_set_callback_
#define av_malloc                        trtc_avformat.av_malloc_
#define av_match_name                    trtc_avformat.av_match_name_
#define av_rescale_q                     trtc_avformat.av_rescale_q_
#define av_strdup                        trtc_avformat.av_strdup_
#define av_packet_get_side_data          trtc_avformat.av_packet_get_side_data_
#define av_grow_packet                   trtc_avformat.av_grow_packet_
#define av_packet_move_ref               trtc_avformat.av_packet_move_ref_
#define avcodec_get_name                 trtc_avformat.avcodec_get_name_
#define av_stream_get_side_data          trtc_avformat.av_stream_get_side_data_
#define av_packet_side_data_get          trtc_avformat.av_packet_side_data_get_

#endif
