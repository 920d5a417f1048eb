/* SPDX-License-Identifier: MIT */
/* The account of a merge as JSON. */
#include "merge/report.h"

#include "base/json_put.h"
#include "recording/ledger_json.h"
#include "recording/plan_print.h"

/* A time on the clock, in whole milliseconds like everywhere in JSON. */
static void put_time(cJSON **o, const char *key, int64_t us)
{
    if (us != TRTC_NOTIME)
        trtc_json_put_number(o, key, (double)(us / 1000));
}

/* A length, with its fraction. */
static void put_ms(cJSON **o, const char *key, int64_t us)
{
    if (us != TRTC_NOTIME)
        trtc_json_put_number(o, key, (double)us / 1000);
}

static void put_offset(cJSON **o, const char *key, int64_t a_us, int64_t b_us)
{
    if (a_us != TRTC_NOTIME && b_us != TRTC_NOTIME)
        put_ms(o, key, a_us - b_us);
}

void trtc_report_account(cJSON **output, const char *key, const struct trtc_ledger *l)
{
    cJSON *t = cJSON_GetObjectItemCaseSensitive(*output, key);
    if (t)
        trtc_json_put_into(output, t, "account", trtc_ledger_json(l));
}

/* Sets a member of the object that is the member inner. */
static void put_into(cJSON **j, const char *inner, const char *key, cJSON *value)
{
    trtc_json_put_into(j, cJSON_GetObjectItemCaseSensitive(*j, inner), key, value);
}

/* Adds the result for a track to what was done with it. */
static void put_stats(cJSON **j, const char *key, const struct trtc_track_stats *s,
                      enum trtc_choice done)
{
    put_into(j, key, "samples", cJSON_CreateNumber((double)s->nb_samples));
    put_into(j, key, "filled_frames", cJSON_CreateNumber((double)s->nb_filled));
    put_into(j, key, "filled_ms", cJSON_CreateNumber((double)s->filled_us / 1000));
    put_into(j, key, "dropped_frames", cJSON_CreateNumber((double)s->nb_dropped));
    if (done == TRTC_CHOICE_ENCODE)
        put_into(j, key, "undecodable", cJSON_CreateNumber((double)s->nb_broken));
}

static cJSON *file_json(const struct trtc_merge_file *f)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "path", f->path);
    put_time(&j, "start_ms", f->start_us);
    put_time(&j, "end_ms", f->end_us);
    trtc_json_put_number(&j, "bytes", (double)f->bytes);
    return j;
}

/* Sound minus picture: first frames, last ends. */
static cJSON *offset_json(const struct trtc_merge_result *res)
{
    cJSON *j = cJSON_CreateObject();
    put_offset(&j, "start", res->audio.first_us, res->video.first_us);
    put_offset(&j, "end", res->audio.last_us, res->video.last_us);
    return j;
}

static void replace_ms(cJSON **j, const char *key, int64_t us)
{
    trtc_json_replace(j, key, cJSON_CreateNumber((double)(us / 1000)));
}

/* The times of the files, in the place of those that the playlist promised. */
static void put_times(cJSON **j, const struct trtc_merge_result *res)
{
    int64_t dur_us = 0;
    for (size_t i = 0; i < res->nb_files; i++)
        dur_us += res->files[i].end_us - res->files[i].start_us;
    if (res->nb_files == 0)
        return;
    replace_ms(j, "start_ms", res->files[0].start_us);
    replace_ms(j, "end_ms", res->files[res->nb_files - 1].end_us);
    replace_ms(j, "duration_ms", dur_us);
}

cJSON *trtc_report_output(const struct trtc_merge_result *res)
{
    cJSON *j = trtc_output_json(&res->made), *files = cJSON_CreateArray();
    cJSON_DeleteItemFromObjectCaseSensitive(j, "path");
    put_times(&j, res);
    if (res->has_video)
        put_stats(&j, "video", &res->video, res->made.do_video);
    if (res->has_audio)
        put_stats(&j, "audio", &res->audio, res->made.do_audio);
    trtc_report_account(&j, "video", &res->video_account);
    trtc_report_account(&j, "audio", &res->audio_account);
    if (res->has_video && res->has_audio)
        trtc_json_put(&j, "av_offset_ms", offset_json(res));
    for (size_t i = 0; i < res->nb_files; i++)
        trtc_json_push(&files, file_json(&res->files[i]));
    trtc_json_put(&j, "files", files);
    trtc_json_put_number(&j, "table_samples", (double)res->table_samples);
    trtc_json_put_number(&j, "table_bytes", (double)res->table_bytes);
    if (res->interrupted)
        trtc_json_put_bool(&j, "interrupted", true);
    return j;
}

static cJSON *playlist_json(const struct trtc_list *s)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "file", s->file);
    trtc_json_put_number(&j, "segments", (double)s->playlist.nb_segs);
    trtc_json_put_bool(&j, "ended", s->playlist.ended);
    return j;
}

cJSON *trtc_report_input(const struct trtc_recording *r, const struct trtc_timeline *t)
{
    cJSON *j = cJSON_CreateObject(), *lists = cJSON_CreateArray(), *notes = cJSON_CreateArray();
    trtc_json_put_text(&j, "dir", r->dir);
    trtc_json_put_number(&j, "sdkappid", (double)r->sdkappid);
    trtc_json_put_text(&j, "room", r->room);
    if (r->user)
        trtc_json_put_user(&j, r->user_id, r->user_id_len);
    for (size_t i = 0; i < r->nb_lists; i++)
        trtc_json_push(&lists, playlist_json(&r->lists[i]));
    trtc_json_put(&j, "playlists", lists);
    trtc_json_put_number(&j, "segments", (double)r->nb_segments);
    trtc_json_put_number(&j, "usable", (double)(r->nb_pieces - r->nb_parts));
    trtc_json_put_number(&j, "left_out", t->nb_left_out);
    trtc_json_put_number(&j, "left_out_bytes", (double)t->left_out_bytes);
    trtc_json_put_number(&j, "unused", (double)t->nb_unused);
    trtc_json_put_number(&j, "unused_bytes", (double)t->unused_bytes);
    trtc_json_put_number(&j, "bytes", (double)r->bytes);
    put_ms(&j, "overlap_ms", t->overlap_us);
    for (size_t i = 0; i < r->nb_notes; i++)
        trtc_json_push(&notes, cJSON_CreateString(r->notes[i]));
    trtc_json_put(&j, "notes", notes);
    return j;
}
