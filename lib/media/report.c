/* SPDX-License-Identifier: MIT */
/* The account of a merge as JSON. */
#include "media/report.h"

#include "core/ledger_json.h"
#include "core/plan_print.h"

static void add_ms(cJSON *o, const char *key, int64_t us)
{
    if (us != TRTC_NOTIME)
        cJSON_AddNumberToObject(o, key, (double)us / 1000);
}

static void add_offset(cJSON *o, const char *key, int64_t a_us, int64_t b_us)
{
    if (a_us != TRTC_NOTIME && b_us != TRTC_NOTIME)
        add_ms(o, key, a_us - b_us);
}

void trtc_report_account(cJSON *output, const char *key, const struct trtc_ledger *l)
{
    cJSON *t = cJSON_GetObjectItemCaseSensitive(output, key);
    cJSON *a = t ? trtc_ledger_json(l) : NULL;
    if (t && !cJSON_AddItemToObject(t, "account", a))
        cJSON_Delete(a);
}

static void add_stats(cJSON *j, const char *key, const struct trtc_track_stats *s, bool encoded)
{
    cJSON *t = cJSON_GetObjectItemCaseSensitive(j, key);
    if (!t)
        t = cJSON_AddObjectToObject(j, key);
    cJSON_DeleteItemFromObjectCaseSensitive(t, "action");
    cJSON_AddStringToObject(t, "action", encoded ? "encode" : "copy");
    cJSON_AddNumberToObject(t, "samples", (double)s->nb_samples);
    cJSON_AddNumberToObject(t, "filled_frames", (double)s->nb_filled);
    add_ms(t, "filled_ms", s->filled_us);
    cJSON_AddNumberToObject(t, "dropped_frames", (double)s->nb_dropped);
    if (encoded)
        cJSON_AddNumberToObject(t, "undecodable", (double)s->nb_broken);
}

cJSON *trtc_report_output(const struct trtc_output *o, const struct trtc_merge_result *res)
{
    cJSON *j = trtc_output_json(o);
    cJSON_DeleteItemFromObjectCaseSensitive(j, "path");
    if (res->has_video)
        add_stats(j, "video", &res->video, res->video_encoded);
    if (res->has_audio)
        add_stats(j, "audio", &res->audio, res->audio_encoded);
    trtc_report_account(j, "video", &res->video_account);
    trtc_report_account(j, "audio", &res->audio_account);
    if (res->has_video && res->has_audio) {
        cJSON *av = cJSON_AddObjectToObject(
            j, "av_offset_ms"); /* sound minus picture: first frames, last ends */
        add_offset(av, "start", res->audio.first_us, res->video.first_us);
        add_offset(av, "end", res->audio.last_us, res->video.last_us);
    }
    cJSON *files = cJSON_AddArrayToObject(j, "files");
    for (size_t i = 0; i < res->nb_files; i++) {
        const struct trtc_merge_file *f = &res->files[i];
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "path", f->path);
        add_ms(e, "start_ms", f->start_us);
        add_ms(e, "end_ms", f->end_us);
        cJSON_AddNumberToObject(e, "bytes", (double)f->bytes);
        cJSON_AddItemToArray(files, e);
    }
    cJSON_AddNumberToObject(j, "table_samples", (double)res->table_samples);
    cJSON_AddNumberToObject(j, "table_bytes", (double)res->table_bytes);
    if (res->interrupted)
        cJSON_AddTrueToObject(j, "interrupted");
    return j;
}

cJSON *trtc_report_loss(const struct trtc_loss *l)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "path", l->path);
    cJSON_AddStringToObject(j, "kind", l->kind);
    if (l->detail)
        cJSON_AddStringToObject(j, "detail", l->detail);
    add_ms(j, "start_ms", l->start_us);
    add_ms(j, "lost_ms", l->lost_us);
    if (l->lost_bytes >= 0)
        cJSON_AddNumberToObject(j, "lost_bytes", (double)l->lost_bytes);
    return j;
}

cJSON *trtc_report_input(const struct trtc_recording *r, const struct trtc_timeline *t)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "dir", r->dir);
    cJSON_AddNumberToObject(j, "sdkappid", (double)r->sdkappid);
    cJSON_AddStringToObject(j, "room", r->room);
    if (r->user)
        trtc_user_json(j, r);
    cJSON *lists = cJSON_AddArrayToObject(j, "playlists");
    for (size_t i = 0; i < r->nb_sources; i++) {
        const struct trtc_source *s = &r->sources[i];
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "file", s->file);
        cJSON_AddNumberToObject(e, "segments", (double)s->playlist.nb_segs);
        cJSON_AddBoolToObject(e, "ended", s->playlist.ended);
        cJSON_AddItemToArray(lists, e);
    }
    cJSON_AddNumberToObject(j, "segments", (double)r->nb_segments);
    cJSON_AddNumberToObject(j, "usable", (double)r->nb_pieces);
    cJSON_AddNumberToObject(j, "left_out", t->nb_left_out);
    cJSON_AddNumberToObject(j, "left_out_bytes", (double)t->left_out_bytes);
    cJSON_AddNumberToObject(j, "unused", (double)t->nb_unused);
    cJSON_AddNumberToObject(j, "unused_bytes", (double)t->unused_bytes);
    cJSON_AddNumberToObject(j, "bytes", (double)r->bytes);
    add_ms(j, "overlap_ms", t->overlap_us);
    cJSON *notes = cJSON_AddArrayToObject(j, "notes");
    for (size_t i = 0; i < r->nb_notes; i++)
        cJSON_AddItemToArray(notes, cJSON_CreateString(r->notes[i]));
    return j;
}
