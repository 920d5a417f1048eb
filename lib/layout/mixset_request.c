/* SPDX-License-Identifier: MIT */
/* Reads a CreateCloudRecording request as the settings of a mix, and the lines of a script. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "base/utc.h"
#include "layout/mixset_priv.h"

#define GOP_MAX_S    86400                    /* the API states no limit */
#define AT_MS_MAX    INT64_C(253402300799999) /* the year 9999 */
#define SINGLE_FILE  "this mix writes one MP4, MPEG-TS or Matroska file"
#define STREAM_AUDIO 1 /* StreamType */
#define STREAM_VIDEO 2
#define MEDIA_MAIN   1 /* RecordParams.MediaId: numbered differently from MixLayout.MediaId */
#define MEDIA_AUX    2

/* ---- MixTranscodeParams ---- */

static int read_side(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                     const char *key, int *out)
{
    if (trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ key, true, 2, TRTC_MIX_SIDE_MAX_PX }, out) < 0)
        return -1;
    if (*out % 2)
        return trtc_fail(r->err, TRTC_EX_DATAERR, "%s.%s: %d is odd", path, key, *out);
    return 0;
}

static int read_video(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                      struct trtc_mix_settings *s)
{
    static const char *const known[] = { "Width", "Height", "Fps", "BitRate", "Gop", NULL };
    trtc_mix_unknown(r, o, path, known);
    if (read_side(r, o, path, "Width", &s->width_px) < 0 ||
        read_side(r, o, path, "Height", &s->height_px) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "Fps", true, 1, 60 }, &s->fps) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "BitRate", true, 64000, 8192000 },
                     &s->video_bps) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "Gop", true, 1, GOP_MAX_S }, &s->gop_s) < 0)
        return -1;
    if (s->width_px * s->height_px > TRTC_MIX_MAX_PX)
        return trtc_fail(r->err, TRTC_EX_DATAERR,
                         "%s.Width: %d by Height %d is over 1920x1080 pixels in all", path,
                         s->width_px, s->height_px);
    return 0;
}

static int read_audio(const struct trtc_mix_reader *r, const cJSON *o, const char *path,
                      struct trtc_mix_settings *s)
{
    static const char *const known[] = { "SampleRate", "Channel", "BitRate", NULL };
    static const int rates_hz[] = { 48000, 44100, 16000 };
    int rate = 1;
    trtc_mix_unknown(r, o, path, known);
    if (trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "SampleRate", true, 1, 3 }, &rate) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "Channel", true, 1, 2 }, &s->channels) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ o, path },
                     (struct trtc_mix_number){ "BitRate", true, 32000, 128000 }, &s->audio_bps) < 0)
        return -1;
    s->rate_hz = rates_hz[rate - 1];
    return 0;
}

static int read_transcode(const struct trtc_mix_reader *r, const cJSON *request,
                          struct trtc_mix_settings *s)
{
    static const char *const known[] = { "VideoParams", "AudioParams", NULL };
    const char *const path = "MixTranscodeParams";
    const cJSON *params, *video, *audio;
    int ret = trtc_json_object(request, "", path, &params, r->err);
    if (ret <= 0)
        return ret;
    trtc_mix_unknown(r, params, path, known);
    ret = trtc_json_object(params, path, "VideoParams", &video, r->err);
    if (ret < 0 || (ret && read_video(r, video, "MixTranscodeParams.VideoParams", s) < 0))
        return -1;
    ret = trtc_json_object(params, path, "AudioParams", &audio, r->err);
    if (ret < 0 || (ret && read_audio(r, audio, "MixTranscodeParams.AudioParams", s) < 0))
        return -1;
    return 0;
}

/* ---- RecordParams ---- */

/* Reads what concerns files and tasks, which a mix made afterwards does not have. */
static int read_output(const struct trtc_mix_reader *r, const cJSON *params, const char *path)
{
    static const char *const formats[] = { "HLS", "HLS and MP4", "HLS and AAC", "MP4", "AAC" };
    int format = 3, minutes = 1440, merge = 1, ability = 0;
    /* AvMerge is for single streams. Only its type is checked, since a mix has both kinds in one
     * file anyway. */
    if (trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "OutputFormat", false, 0, 4 }, &format) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "AvMerge", false, 0, 1 }, &merge) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "MaxMediaFileDuration", false, 1, 1440 },
                     &minutes) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "SubscribeAbility", false, 0, 1 }, &ability) < 0)
        return -1;
    if (format != 3)
        trtc_mix_cannot(r, "%s.OutputFormat %d (%s): " SINGLE_FILE, path, format, formats[format]);
    if (minutes != 1440)
        trtc_mix_cannot(r, "%s.MaxMediaFileDuration %d: " SINGLE_FILE, path, minutes);
    if (ability)
        trtc_mix_cannot(
            r, "%s.SubscribeAbility 1: this mix uses only the streams of users, not mixed ones",
            path);
    return 0;
}

/* The API requires RecordMode, but its absence makes no difference to a mix. */
static int read_streams(const struct trtc_mix_reader *r, const cJSON *params, const char *path,
                        struct trtc_mix_settings *s)
{
    int mode = 2, type = 0, media = 0, fill = TRTC_FILL_HOLD;
    if (trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "RecordMode", false, 1, 2 }, &mode) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "StreamType", false, 0, 2 }, &type) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "MediaId", false, 0, 2 }, &media) < 0 ||
        trtc_mix_int(r, (struct trtc_mix_at){ params, path },
                     (struct trtc_mix_number){ "FillType", false, TRTC_FILL_HOLD, TRTC_FILL_BLACK },
                     &fill) < 0)
        return -1;
    if (mode == 1)
        return trtc_fail(r->err, TRTC_EX_DATAERR,
                         "%s.RecordMode: 1 asks for single streams, and 2 for a mix", path);
    s->audio = type != STREAM_VIDEO;
    s->video = type != STREAM_AUDIO;
    s->main = media != MEDIA_AUX;
    s->aux = media != MEDIA_MAIN;
    s->fill = (enum trtc_fill)fill;
    return 0;
}

static int read_record(const struct trtc_mix_reader *r, const cJSON *request,
                       struct trtc_mix_settings *s)
{
    static const char *const known[] = {
        "RecordMode",
        "MaxIdleTime",
        "StreamType",
        "SubscribeStreamUserIds",
        "OutputFormat",
        "AvMerge",
        "MaxMediaFileDuration",
        "MediaId",
        "FillType",
        "SubscribeAbility",
        NULL,
    };
    const char *const path = "RecordParams";
    const cJSON *params, *lists;
    int ret = trtc_json_object(request, "", path, &params, r->err);
    if (ret <= 0)
        return ret;
    trtc_mix_unknown(r, params, path, known);
    if (read_streams(r, params, path, s) < 0 || read_output(r, params, path) < 0)
        return -1;
    ret = trtc_json_object(params, path, "SubscribeStreamUserIds", &lists, r->err);
    if (ret <= 0)
        return ret;
    return trtc_subscription_read(lists, "RecordParams.SubscribeStreamUserIds", &s->sub, r->err);
}

/* ---- the request ---- */

int trtc_mix_request_read(const struct cJSON *request, struct trtc_mix_settings *s,
                          const struct trtc_mix_reader *r)
{
    static const char *const known[] = {
        "SdkAppId",
        "RoomId",
        "UserId",
        "UserSig",
        "RecordParams",
        "RoomIdType",
        "StorageParams",
        "MixTranscodeParams",
        "PrivateMapKey",
        "MixLayoutParams",
        "ResourceExpiredHour",
        NULL,
    };
    struct trtc_mix_settings made;
    const cJSON *layout;
    if (!cJSON_IsObject(request))
        return trtc_fail(r->err, TRTC_EX_DATAERR, "the request: not an object");
    trtc_mix_settings_init(&made);
    made.width_px = 360;
    made.height_px = 640;
    trtc_mix_unknown(r, request, "", known);
    if (read_record(r, request, &made) < 0 || read_transcode(r, request, &made) < 0)
        goto fail;
    int ret = trtc_json_object(request, "", "MixLayoutParams", &layout, r->err);
    if (ret < 0 || (ret && trtc_mix_look_read(layout, "MixLayoutParams", &made, &made.look, r) < 0))
        goto fail;
    trtc_mix_settings_fini(s);
    *s = made;
    return 0;
fail:
    trtc_mix_settings_fini(&made);
    return -1;
}

/* ---- scripts ---- */

void trtc_mix_change_fini(struct trtc_mix_change *c)
{
    trtc_mix_look_fini(&c->look);
    trtc_subscription_fini(&c->sub);
    free(c->input);
    free(c->user);
    free(c->end);
    c->has_look = c->has_sub = c->ends_all = false;
    c->input = c->user = c->end = NULL;
}

static int copy_word(const cJSON *word, const char *wrong, char **to, struct trtc_err *err)
{
    if (!cJSON_IsString(word) || !*word->valuestring)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s", wrong);
    *to = strdup(word->valuestring);
    return *to ? 1 : trtc_fail_nomem(err);
}

/* Reads "input", with or without "user", or "end". 1: present; 0: the line has neither; -1:
 * wrong. */
static int read_coming(const struct trtc_mix_reader *r, const cJSON *line,
                       struct trtc_mix_change *c)
{
    const cJSON *input = cJSON_GetObjectItemCaseSensitive(line, "input");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(line, "end");
    const cJSON *user = cJSON_GetObjectItemCaseSensitive(line, "user");
    const cJSON *one = input ? input : end;
    if (user && !input)
        return trtc_fail(r->err, TRTC_EX_DATAERR, "user requires input");
    if (!one)
        return 0;
    if (cJSON_GetArraySize(line) != (user ? 2 : 1))
        return trtc_fail(r->err, TRTC_EX_DATAERR,
                         "%s cannot be combined with other changes or at_ms", one->string);
    if (end && cJSON_IsTrue(end)) {
        c->ends_all = true;
        return 1;
    }
    if (end)
        return copy_word(end, "end is neither a user id nor true", &c->end, r->err);
    if (user && copy_word(user, "user is not the id of a user", &c->user, r->err) < 0)
        return -1;
    return copy_word(input, user ? "input is not a source" : "input is not of the form USER=SOURCE",
                     &c->input, r->err);
}

static int read_change(const struct trtc_mix_reader *r, const cJSON *line,
                       const struct trtc_mix_settings *s, struct trtc_mix_change *c)
{
    const cJSON *layout, *lists;
    const int coming = read_coming(r, line, c);
    if (coming != 0)
        return coming < 0 ? -1 : 0;
    if (trtc_json_int(line, "", "at_ms", 0, AT_MS_MAX, &c->at_ms, r->err) < 0)
        return -1;
    int has_look = trtc_json_object(line, "", "layout", &layout, r->err);
    int has_sub = trtc_json_object(line, "", "subscribe", &lists, r->err);
    if (has_look < 0 || has_sub < 0)
        return -1;
    if (!has_look && !has_sub)
        return trtc_fail(r->err, TRTC_EX_DATAERR, "neither layout, subscribe, input nor end");
    if (has_look && trtc_mix_look_read(layout, "layout", s, &c->look, r) < 0)
        return -1;
    if (has_sub && trtc_subscription_read(lists, "subscribe", &c->sub, r->err) < 0)
        return -1;
    c->has_look = has_look == 1;
    c->has_sub = has_sub == 1;
    return 0;
}

int trtc_mix_change_read(const char *line, size_t n, const struct trtc_mix_settings *s,
                         struct trtc_mix_change *out, const struct trtc_mix_reader *r)
{
    struct trtc_err *err = r->err;
    static const char *const known[] = { "at_ms", "layout", "subscribe", "input",
                                         "user",  "end",    NULL };
    struct trtc_mix_change made = { .at_ms = TRTC_NOTIME };
    int ret = -1;
    cJSON *root = trtc_json_parse("a change", line, n, err);
    if (!root)
        return -1;
    trtc_mix_look_init(&made.look);
    const char *unknown = cJSON_IsObject(root) ? trtc_json_unknown(root, known) : NULL;
    if (!cJSON_IsObject(root)) {
        trtc_fail(err, TRTC_EX_DATAERR, "a change: not an object");
    } else if (unknown) {
        char shown[TRTC_MIX_PATH_MAX];
        trtc_fail(err, TRTC_EX_DATAERR, "%s is not known",
                  trtc_text_show(unknown, strlen(unknown), shown, sizeof shown));
    } else {
        ret = read_change(r, root, s, &made);
    }
    cJSON_Delete(root);
    if (ret < 0)
        trtc_mix_change_fini(&made);
    else
        *out = made;
    return ret;
}
