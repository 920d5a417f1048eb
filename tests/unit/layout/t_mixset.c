/* SPDX-License-Identifier: MIT */
/* The settings of a mix: requests, scripts and options; every range at its edges, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/utc.h"
#include "layout/mixset.h"

/* What was said, a line each. */
struct said {
    char text[4096];
    size_t n;
};

static void hear(void *opaque, const char *what)
{
    struct said *said = opaque;
    int n = snprintf(said->text + said->n, sizeof said->text - said->n, "%s\n", what);
    said->n += (size_t)n;
    assert_true(said->n < sizeof said->text);
}

static cJSON *parse(const char *json)
{
    struct trtc_err err = { 0 };
    cJSON *root = trtc_json_parse("x.json", json, strlen(json), &err);
    if (!root)
        fail_msg("%s: %s", json, err.msg);
    return root;
}

static int read_request(const char *json, struct trtc_mix_settings *s, struct said *said,
                        struct trtc_err *err)
{
    cJSON *root = parse(json);
    *said = (struct said){ 0 };
    int ret = trtc_mix_request_read(root, s, &(struct trtc_mix_reader){ hear, said, err });
    cJSON_Delete(root);
    return ret;
}

/* Must be taken, with nothing said. */
static void take_request(const char *json, struct trtc_mix_settings *s)
{
    struct said said;
    struct trtc_err err = { 0 };
    trtc_mix_settings_init(s);
    if (read_request(json, s, &said, &err) < 0)
        fail_msg("%s: %s", json, err.msg);
    assert_string_equal(said.text, "");
}

static void check_default_look(const struct trtc_mix_look *l)
{
    assert_int_equal(l->mode, TRTC_LAYOUT_GRID);
    assert_int_equal(l->render, TRTC_RENDER_CROP);
    assert_int_equal(l->background_render, TRTC_RENDER_CROP);
    assert_int_equal(l->background, 0);
    assert_null(l->background_image);
    assert_null(l->placeholder);
    assert_null(l->anchor);
    assert_false(l->anchor_aux || l->right || l->show_reserved || l->no_audio_windows);
    assert_int_equal(l->nb_marks, 0);
    assert_int_equal(l->list.n, 0);
}

static void check_defaults(const struct trtc_mix_settings *s, int w, int h)
{
    assert_int_equal(s->width_px, w);
    assert_int_equal(s->height_px, h);
    assert_int_equal(s->fps, 15);
    assert_int_equal(s->video_bps, 550000);
    assert_int_equal(s->gop_s, 10);
    assert_int_equal(s->rate_hz, 48000);
    assert_int_equal(s->channels, 2);
    assert_int_equal(s->audio_bps, 64000);
    assert_true(s->audio && s->video && s->main && s->aux);
    assert_int_equal(s->fill, TRTC_FILL_HOLD);
    assert_false(s->sub.allow_audio.given || s->sub.block_audio.given || s->sub.allow_video.given ||
                 s->sub.block_video.given);
    check_default_look(&s->look);
}

static void defaults(void **state)
{
    struct trtc_mix_settings s;
    struct trtc_err err = { 0 };
    (void)state;
    trtc_mix_settings_init(&s);
    check_defaults(&s, 640, 360);
    assert_int_equal(trtc_mix_settings_check(&s, &err), 0);
    trtc_mix_settings_fini(&s);
    trtc_mix_settings_fini(&s);

    take_request("{}", &s);
    check_defaults(&s, 360, 640);
    trtc_mix_settings_fini(&s);
    take_request("{\"RecordParams\":{\"RecordMode\":2},\"MixTranscodeParams\":{},"
                 "\"MixLayoutParams\":{\"MixLayoutMode\":3}}",
                 &s);
    check_defaults(&s, 360, 640);
    trtc_mix_settings_fini(&s);
    take_request("{\"RecordParams\":null,\"MixTranscodeParams\":null,\"MixLayoutParams\":null}",
                 &s);
    check_defaults(&s, 360, 640);
    trtc_mix_settings_fini(&s);
}

/* In the form of the API's samples; everything that does not concern a mix passes in silence. */
static void sample(void **state)
{
    struct trtc_mix_settings s;
    (void)state;
    take_request(
        "{\"SdkAppId\":1400000000,\"RoomId\":\"1001\",\"RoomIdType\":0,\"UserId\":\"recorder-1\","
        "\"UserSig\":\"canary-sig\",\"ResourceExpiredHour\":72,\"PrivateMapKey\":\"canary-key\","
        "\"RecordParams\":{\"RecordMode\":2,\"MaxIdleTime\":5,\"StreamType\":0,\"OutputFormat\":3,"
        "\"AvMerge\":1,\"MaxMediaFileDuration\":1440,\"MediaId\":1,\"FillType\":1,"
        "\"SubscribeAbility\":0,\"SubscribeStreamUserIds\":{\"UnSubscribeAudioUserIds\":[\"10\"],"
        "\"SubscribeVideoUserIds\":[\"1.*$\",\"ann\"]}},"
        "\"StorageParams\":{\"CloudStorage\":{\"Vendor\":0,\"Region\":\"ap-shanghai\","
        "\"Bucket\":\"b\",\"AccessKey\":\"canary-a\",\"SecretKey\":\"canary-s\","
        "\"FileNamePrefix\":[\"a\",\"b\"]}},"
        "\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":1280,\"Height\":720,\"Fps\":24,"
        "\"BitRate\":1560000,\"Gop\":5},\"AudioParams\":{\"SampleRate\":2,\"Channel\":1,"
        "\"BitRate\":48000}},"
        "\"MixLayoutParams\":{\"MixLayoutMode\":4,\"BackGroundColor\":\"#12aBcD\","
        "\"MaxResolutionUserId\":\"\",\"PlaceHolderMode\":1,\"BackgroundImageRenderMode\":2,"
        "\"BackgroundImageUrl\":\"http://example.com/a,b.png\","
        "\"DefaultSubBackgroundImage\":\"https://example.com/p.jpg\","
        "\"MixLayoutList\":[{\"Top\":0,\"Left\":0,\"Width\":1280,\"Height\":720,\"UserId\":\"ann\"},"
        "{\"Top\":540,\"Left\":960,\"Width\":320,\"Height\":180,\"Alpha\":255,\"RenderMode\":2,"
        "\"MediaId\":1,\"ImageLayer\":3,\"UserId\":\"ann\",\"SubBackgroundImage\":\"file:/s.png\"}],"
        "\"WaterMarkList\":[{\"WaterMarkType\":0,\"WaterMarkImage\":{\"WaterMarkUrl\":\"http://e.com/w.png\","
        "\"Top\":10,\"Left\":20,\"Width\":0,\"Height\":0}},"
        "{\"WaterMarkType\":1,\"WaterMarkChar\":{\"Top\":0,\"Left\":0,\"Width\":400,\"Height\":20,"
        "\"Chars\":\"\\u4f60\\u597d, all\",\"FontSize\":20,\"FontColor\":\"0x102030\","
        "\"BackGroundColor\":\"0xbbccbb\",\"Font\":\"Tencent\"}},"
        "{\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":6,\"TimeZone\":0}}]}}",
        &s);
    assert_int_equal(s.width_px, 1280);
    assert_int_equal(s.height_px, 720);
    assert_int_equal(s.fps, 24);
    assert_int_equal(s.video_bps, 1560000);
    assert_int_equal(s.gop_s, 5);
    assert_int_equal(s.rate_hz, 44100);
    assert_int_equal(s.channels, 1);
    assert_int_equal(s.audio_bps, 48000);
    assert_true(s.main);
    assert_false(s.aux);
    assert_int_equal(s.fill, TRTC_FILL_BLACK);
    assert_string_equal(s.sub.block_audio.items[0], "10");
    assert_int_equal(s.sub.allow_video.n, 2);
    assert_false(s.sub.allow_audio.given);

    const struct trtc_mix_look *l = &s.look;
    assert_int_equal(l->mode, TRTC_LAYOUT_CUSTOM);
    assert_int_equal(l->background, 0x12abcd);
    assert_null(l->anchor);
    assert_true(l->show_reserved);
    assert_int_equal(l->background_render, TRTC_RENDER_FIT);
    assert_string_equal(l->background_image, "http://example.com/a,b.png");
    assert_string_equal(l->placeholder, "https://example.com/p.jpg");
    assert_int_equal(l->list.n, 2);
    assert_int_equal(l->list.items[0].rect.w, 1280);
    assert_string_equal(l->list.items[1].user, "ann");
    assert_true(l->list.items[1].aux);
    assert_int_equal(l->list.items[1].rect.y, 540);
    assert_int_equal(l->list.items[1].rect.x, 960);
    assert_string_equal(l->list.items[1].placeholder, "file:/s.png");

    assert_int_equal(l->nb_marks, 3);
    assert_int_equal(l->marks[0].kind, TRTC_MARK_IMAGE);
    assert_string_equal(l->marks[0].text, "http://e.com/w.png");
    assert_int_equal(l->marks[0].rect.x, 20);
    assert_int_equal(l->marks[0].rect.y, 10);
    assert_int_equal(l->marks[1].kind, TRTC_MARK_TEXT);
    assert_string_equal(l->marks[1].text, "\xe4\xbd\xa0\xe5\xa5\xbd, all");
    assert_int_equal(l->marks[1].rect.w, 400);
    assert_int_equal(l->marks[1].rect.h, 20);
    assert_int_equal(l->marks[1].size_px, 20);
    assert_int_equal(l->marks[1].colour, 0x102030);
    assert_true(l->marks[1].has_background);
    assert_int_equal(l->marks[1].background, 0xbbccbb);
    assert_int_equal(l->marks[2].kind, TRTC_MARK_CLOCK);
    assert_int_equal(l->marks[2].pos, 6);
    assert_int_equal(l->marks[2].zone_min, 0);
    assert_null(l->marks[2].text);
    trtc_mix_settings_fini(&s);
}

static void kinds_of_streams(void **state)
{
    static const struct {
        const char *json;
        bool audio, video, main, aux;
    } t[] = {
        { "\"StreamType\":0,\"MediaId\":0", true, true, true, true },
        { "\"StreamType\":1,\"MediaId\":1", true, false, true, false },
        { "\"StreamType\":2,\"MediaId\":2", false, true, false, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char json[256];
        struct trtc_mix_settings s;
        snprintf(json, sizeof json, "{\"RecordParams\":{\"RecordMode\":2,%s}}", t[i].json);
        take_request(json, &s);
        assert_int_equal(s.audio, t[i].audio);
        assert_int_equal(s.video, t[i].video);
        assert_int_equal(s.main, t[i].main);
        assert_int_equal(s.aux, t[i].aux);
        trtc_mix_settings_fini(&s);
    }
}

static void template_layout(void **state)
{
    struct trtc_mix_settings s;
    (void)state;
    take_request("{\"MixLayoutParams\":{\"MixLayoutMode\":2,\"MaxResolutionUserId\":\"bob\","
                 "\"MediaId\":1,\"RenderMode\":3,\"MaxResolutionUserAlign\":1,"
                 "\"PureAudioDisableLayout\":true,\"BackgroundImageRenderMode\":0,"
                 "\"WaterMarkList\":[]}}",
                 &s);
    assert_int_equal(s.look.mode, TRTC_LAYOUT_SCREEN);
    assert_string_equal(s.look.anchor, "bob");
    assert_true(s.look.anchor_aux);
    assert_true(s.look.right);
    assert_true(s.look.no_audio_windows);
    assert_int_equal(s.look.render, TRTC_RENDER_CROP20);
    assert_int_equal(s.look.background_render, TRTC_RENDER_STRETCH);
    trtc_mix_settings_fini(&s);
    /* a list in another mode is of no consequence, its windows' places included */
    take_request("{\"MixLayoutParams\":{\"MixLayoutMode\":1,\"MixLayoutList\":["
                 "{\"Top\":0,\"Left\":0,\"Width\":1920,\"Height\":1920}]}}",
                 &s);
    assert_int_equal(s.look.mode, TRTC_LAYOUT_FLOAT);
    trtc_mix_settings_fini(&s);
}

static void defaults_of_marks(void **state)
{
    struct trtc_mix_settings s;
    (void)state;
    take_request(
        "{\"MixLayoutParams\":{\"MixLayoutMode\":3,\"WaterMarkList\":["
        "{\"WaterMarkImage\":{\"WaterMarkUrl\":\"u\",\"Top\":639,\"Left\":359,\"Width\":1,\"Height\":1}},"
        "{\"WaterMarkType\":1,\"WaterMarkChar\":{\"Top\":0,\"Left\":0,\"Width\":360,\"Height\":640,"
        "\"Chars\":\"t\"}},"
        "{\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":0}}]}}",
        &s);
    const struct trtc_mark *m = s.look.marks;
    assert_int_equal(s.look.nb_marks, 3);
    assert_int_equal(m[0].kind, TRTC_MARK_IMAGE);
    assert_int_equal(m[1].size_px, 0);
    assert_int_equal(m[1].colour, 0xffffff);
    assert_false(m[1].has_background);
    assert_int_equal(m[2].zone_min, 480);
    trtc_mix_settings_fini(&s);
}

/* ---- ranges: every member at both edges, one below and one above ---- */

#define VIDEO(w, h, fps, rate, gop)                                                           \
    "{\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":" w ",\"Height\":" h ",\"Fps\":" fps \
    ",\"BitRate\":" rate ",\"Gop\":" gop "}}}"
#define AUDIO(rate, channel, bits)                                                           \
    "{\"MixTranscodeParams\":{\"AudioParams\":{\"SampleRate\":" rate ",\"Channel\":" channel \
    ",\"BitRate\":" bits "}}}"
#define RECORD(key, value) "{\"RecordParams\":{\"" key "\":" value "}}"
#define LAYOUT(key, value) "{\"MixLayoutParams\":{\"MixLayoutMode\":3,\"" key "\":" value "}}"
#define MARK(type, key, members) \
    LAYOUT("WaterMarkList", "[{\"WaterMarkType\":" type ",\"" key "\":{" members "}}]")
#define IMAGE(top, left, w, h)  \
    MARK("0", "WaterMarkImage", \
         "\"WaterMarkUrl\":\"u\",\"Top\":" top ",\"Left\":" left ",\"Width\":" w ",\"Height\":" h)
#define CHARS(more)            \
    MARK("1", "WaterMarkChar", \
         "\"Top\":0,\"Left\":0,\"Width\":0,\"Height\":0,\"Chars\":\"c\"," more)
#define CLOCK(pos, zone) MARK("2", "WaterMarkTimestamp", "\"Pos\":" pos ",\"TimeZone\":" zone)
#define WINDOW(top, left, w, h)                                                                    \
    "{\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[{\"Top\":" top ",\"Left\":" left \
    ",\"Width\":" w ",\"Height\":" h "}]}}"

#define V  "MixTranscodeParams.VideoParams."
#define A  "MixTranscodeParams.AudioParams."
#define R  "RecordParams."
#define L  "MixLayoutParams."
#define W0 "MixLayoutParams.WaterMarkList[0]."
#define TYPES(key, path, wanted)                                              \
    {                                                                         \
        LAYOUT(key, "{}"), path key ": an object, but " wanted " is required" \
    }

static const struct {
    const char *json, *message; /* NULL: taken */
} rows[] = {
    { VIDEO("2", "2", "1", "64000", "1"), NULL },
    { VIDEO("1920", "1080", "60", "8192000", "86400"), NULL },
    { VIDEO("1080", "1920", "60", "8192000", "10"), NULL },
    { VIDEO("1922", "64", "15", "550000", "10"), V "Width: 1922 is not within 2...1920" },
    { VIDEO("0", "64", "15", "550000", "10"), V "Width: 0 is not within 2...1920" },
    { VIDEO("64", "1922", "15", "550000", "10"), V "Height: 1922 is not within 2...1920" },
    { VIDEO("-2", "64", "15", "550000", "10"), V "Width: -2 is not within 2...1920" },
    { VIDEO("361", "640", "15", "550000", "10"), V "Width: 361 is odd" },
    { VIDEO("360", "639", "15", "550000", "10"), V "Height: 639 is odd" },
    { VIDEO("1920", "1082", "15", "550000", "10"),
      V "Width: 1920 by Height 1082 is over 1920x1080 pixels in all" },
    { VIDEO("64", "64", "0", "550000", "10"), V "Fps: 0 is not within 1...60" },
    { VIDEO("64", "64", "61", "550000", "10"), V "Fps: 61 is not within 1...60" },
    { VIDEO("64", "64", "29.97", "550000", "10"), V "Fps: 29.97 is not a whole number" },
    { VIDEO("64", "64", "15", "63999", "10"), V "BitRate: 63999 is not within 64000...8192000" },
    { VIDEO("64", "64", "15", "8192001", "10"),
      V "BitRate: 8192001 is not within 64000...8192000" },
    { VIDEO("64", "64", "15", "550", "10"), V "BitRate: 550 is not within 64000...8192000" },
    { VIDEO("64", "64", "15", "550000", "0"), V "Gop: 0 is not within 1...86400" },
    { VIDEO("64", "64", "15", "550000", "86401"), V "Gop: 86401 is not within 1...86400" },
    { VIDEO("\"64\"", "64", "15", "550000", "10"),
      V "Width: a string, but a whole number is required" },
    { VIDEO("null", "64", "15", "550000", "10"), V "Width: is missing" },
    { VIDEO("64", "64", "15", "550000", "null"), V "Gop: is missing" },
    { "{\"MixTranscodeParams\":{\"VideoParams\":{}}}", V "Width: is missing" },
    { "{\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":64,\"Height\":64,\"Fps\":15,\"Gop\":1}}}",
      V "BitRate: is missing" },
    { "{\"MixTranscodeParams\":{\"VideoParams\":[]}}",
      "MixTranscodeParams.VideoParams: an array, but an object is required" },
    { "{\"MixTranscodeParams\":1}", "MixTranscodeParams: a number, but an object is required" },

    { AUDIO("1", "1", "32000"), NULL },
    { AUDIO("3", "2", "128000"), NULL },
    { AUDIO("0", "2", "64000"), A "SampleRate: 0 is not within 1...3" },
    { AUDIO("48000", "2", "64000"), A "SampleRate: 48000 is not within 1...3" },
    { AUDIO("4", "2", "64000"), A "SampleRate: 4 is not within 1...3" },
    { AUDIO("1", "0", "64000"), A "Channel: 0 is not within 1...2" },
    { AUDIO("1", "3", "64000"), A "Channel: 3 is not within 1...2" },
    { AUDIO("1", "2", "31999"), A "BitRate: 31999 is not within 32000...128000" },
    { AUDIO("1", "2", "128001"), A "BitRate: 128001 is not within 32000...128000" },
    { AUDIO("1", "2", "null"), A "BitRate: is missing" },
    { AUDIO("1", "\"2\"", "64000"), A "Channel: a string, but a whole number is required" },
    { "{\"MixTranscodeParams\":{\"AudioParams\":{\"SampleRate\":1}}}", A "Channel: is missing" },

    { "[]", "the request: not an object" },
    { "{\"RecordParams\":[]}", "RecordParams: an array, but an object is required" },
    { RECORD("RecordMode", "1"), R "RecordMode: 1 asks for single streams, and 2 for a mix" },
    { RECORD("RecordMode", "0"), R "RecordMode: 0 is not within 1...2" },
    { RECORD("RecordMode", "3"), R "RecordMode: 3 is not within 1...2" },
    { RECORD("RecordMode", "\"2\""), R "RecordMode: a string, but a whole number is required" },
    { RECORD("StreamType", "-1"), R "StreamType: -1 is not within 0...2" },
    { RECORD("StreamType", "3"), R "StreamType: 3 is not within 0...2" },
    { RECORD("MediaId", "3"), R "MediaId: 3 is not within 0...2" },
    { RECORD("FillType", "0"), NULL },
    { RECORD("FillType", "2"), R "FillType: 2 is not within 0...1" },
    { RECORD("FillType", "true"), R "FillType: a boolean, but a whole number is required" },
    { RECORD("OutputFormat", "3"), NULL },
    { RECORD("OutputFormat", "5"), R "OutputFormat: 5 is not within 0...4" },
    { RECORD("OutputFormat", "\"hls+mp4\""),
      R "OutputFormat: a string, but a whole number is required" },
    { RECORD("AvMerge", "0"), NULL },
    { RECORD("AvMerge", "2"), R "AvMerge: 2 is not within 0...1" },
    { RECORD("MaxMediaFileDuration", "0"), R "MaxMediaFileDuration: 0 is not within 1...1440" },
    { RECORD("MaxMediaFileDuration", "1441"),
      R "MaxMediaFileDuration: 1441 is not within 1...1440" },
    { RECORD("SubscribeAbility", "2"), R "SubscribeAbility: 2 is not within 0...1" },
    { RECORD("SubscribeStreamUserIds", "[]"),
      R "SubscribeStreamUserIds: an array, but an object is required" },
    { RECORD("SubscribeStreamUserIds", "{\"SubscribeAudioUserIds\":[7]}"),
      R "SubscribeStreamUserIds.SubscribeAudioUserIds[0]: not a user id" },

    { "{\"MixLayoutParams\":{}}", L "MixLayoutMode: is missing" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":0}}", L "MixLayoutMode: 0 is not within 1...4" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":5}}", L "MixLayoutMode: 5 is not within 1...4" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":\"grid\"}}",
      L "MixLayoutMode: a string, but a whole number is required" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":4}}",
      L "MixLayoutList: is missing, and MixLayoutMode 4 needs windows" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[]}}",
      L "MixLayoutList: is missing, and MixLayoutMode 4 needs windows" },
    { LAYOUT("BackGroundColor", "\"#ff00FF\""), NULL },
    { LAYOUT("BackGroundColor", "\"ff00ff\""),
      L "BackGroundColor: 'ff00ff' is not a colour: #RRGGBB or 0xRRGGBB" },
    { LAYOUT("BackGroundColor", "\"#ff00f\""),
      L "BackGroundColor: '#ff00f' is not a colour: #RRGGBB or 0xRRGGBB" },
    { LAYOUT("BackGroundColor", "16711680"),
      L "BackGroundColor: a number, but a string is required" },
    { LAYOUT("MediaId", "2"), L "MediaId: 2 is not within 0...1" },
    { LAYOUT("PlaceHolderMode", "2"), L "PlaceHolderMode: 2 is not within 0...1" },
    { LAYOUT("PlaceHolderMode", "true"),
      L "PlaceHolderMode: a boolean, but a whole number is required" },
    { LAYOUT("BackgroundImageRenderMode", "4"),
      L "BackgroundImageRenderMode: 4 is not within 0...3" },
    { LAYOUT("RenderMode", "0"), NULL },
    { LAYOUT("RenderMode", "3"), NULL },
    { LAYOUT("RenderMode", "4"), L "RenderMode: 4 is not within 0...3" },
    { LAYOUT("RenderMode", "-1"), L "RenderMode: -1 is not within 0...3" },
    { LAYOUT("MaxResolutionUserAlign", "2"), L "MaxResolutionUserAlign: 2 is not within 0...1" },
    { LAYOUT("PureAudioDisableLayout", "false"), NULL },
    { LAYOUT("PureAudioDisableLayout", "1"),
      L "PureAudioDisableLayout: a number, but true or false is required" },
    TYPES("MaxResolutionUserId", L, "a string"),
    TYPES("BackgroundImageUrl", L, "a string"),
    TYPES("DefaultSubBackgroundImage", L, "a string"),
    TYPES("MixLayoutList", L, "an array"),
    TYPES("WaterMarkList", L, "an array"),
    TYPES("PureAudioDisableLayout", L, "true or false"),
    TYPES("BackGroundColor", L, "a string"),

    { WINDOW("0", "0", "360", "640"), NULL },
    { WINDOW("640", "360", "0", "0"), NULL },
    { WINDOW("0", "2", "360", "640"),
      L "MixLayoutList[0]: 360x640 at 2,0 is not inside the canvas of 360x640" },
    { WINDOW("1", "0", "360", "640"),
      L "MixLayoutList[0]: 360x640 at 0,1 is not inside the canvas of 360x640" },
    { WINDOW("1921", "0", "2", "2"), L "MixLayoutList[0].Top: 1921 is not within 0...1920" },
    { "{\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[7]}}",
      L "MixLayoutList[0]: is not an object" },

    { LAYOUT("WaterMarkList", "[7]"), L "WaterMarkList[0]: not an object" },
    { LAYOUT("WaterMarkList", "[{}]"), W0 "WaterMarkImage: is missing" },
    { LAYOUT("WaterMarkList", "[{\"WaterMarkType\":1}]"), W0 "WaterMarkChar: is missing" },
    { LAYOUT("WaterMarkList", "[{\"WaterMarkType\":2,\"WaterMarkImage\":{}}]"),
      W0 "WaterMarkTimestamp: is missing" },
    { LAYOUT("WaterMarkList", "[{\"WaterMarkType\":3}]"),
      W0 "WaterMarkType: 3 is not within 0...2" },
    { LAYOUT("WaterMarkList", "[{\"WaterMarkImage\":\"u\"}]"),
      W0 "WaterMarkImage: a string, but an object is required" },
    { IMAGE("0", "0", "0", "0"), NULL },
    { IMAGE("639", "359", "0", "0"), NULL },
    { IMAGE("0", "0", "360", "640"), NULL },
    { IMAGE("640", "0", "0", "0"),
      L "WaterMarkList[0]: its place 0,640 is not inside the canvas of 360x640" },
    { IMAGE("1", "0", "360", "640"),
      L "WaterMarkList[0]: 360x640 at 0,1 is not inside the canvas of 360x640" },
    { IMAGE("0", "0", "2560", "2560"),
      L "WaterMarkList[0]: 2560x2560 at 0,0 is not inside the canvas of 360x640" },
    { IMAGE("0", "0", "2561", "0"), W0 "WaterMarkImage.Width: 2561 is not within 0...2560" },
    { IMAGE("-1", "0", "0", "0"), W0 "WaterMarkImage.Top: -1 is not within 0...2560" },
    { IMAGE("0", "null", "0", "0"), W0 "WaterMarkImage.Left: is missing" },
    { MARK("0", "WaterMarkImage", "\"Top\":0,\"Left\":0,\"Width\":0,\"Height\":0"),
      W0 "WaterMarkImage.WaterMarkUrl: is missing" },
    { CHARS("\"FontSize\":1"), NULL },
    { CHARS("\"FontSize\":1920"), NULL },
    { CHARS("\"FontSize\":0"), W0 "WaterMarkChar.FontSize: 0 is not within 1...1920" },
    { CHARS("\"FontSize\":1921"), W0 "WaterMarkChar.FontSize: 1921 is not within 1...1920" },
    { CHARS("\"FontColor\":\"#FFFFFF\""), NULL },
    { CHARS("\"FontColor\":\"white\""),
      W0 "WaterMarkChar.FontColor: 'white' is not a colour: #RRGGBB or 0xRRGGBB" },
    { CHARS("\"BackGroundColor\":0"),
      W0 "WaterMarkChar.BackGroundColor: a number, but a string is required" },
    { CHARS("\"Font\":1"), W0 "WaterMarkChar.Font: a number, but a string is required" },
    { MARK("1", "WaterMarkChar", "\"Top\":0,\"Left\":0,\"Width\":0,\"Height\":0"),
      W0 "WaterMarkChar.Chars: is missing" },
    { CLOCK("0", "0"), NULL },
    { CLOCK("6", "23"), NULL },
    { CLOCK("7", "8"), W0 "WaterMarkTimestamp.Pos: 7 is not within 0...6" },
    { CLOCK("-1", "8"), W0 "WaterMarkTimestamp.Pos: -1 is not within 0...6" },
    { CLOCK("null", "8"), W0 "WaterMarkTimestamp.Pos: is missing" },
    { CLOCK("0", "24"), W0 "WaterMarkTimestamp.TimeZone: 24 is not within 0...23" },
    { CLOCK("0", "-1"), W0 "WaterMarkTimestamp.TimeZone: -1 is not within 0...23" },
};

static void ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trtc_mix_settings s;
        struct said said;
        struct trtc_err err = { 0 };
        trtc_mix_settings_init(&s);
        s.look.anchor = strdup("kept");
        int ret = read_request(rows[i].json, &s, &said, &err);
        if (!rows[i].message) {
            if (ret < 0)
                fail_msg("%s: %s", rows[i].json, err.msg);
            assert_null(s.look.anchor);
        } else {
            if (ret == 0 || strcmp(err.msg, rows[i].message) != 0)
                fail_msg("%s: %d %s", rows[i].json, ret, err.msg);
            assert_int_equal(err.code, TRTC_EX_DATAERR);
            assert_string_equal(s.look.anchor, "kept");
            assert_int_equal(s.width_px, 640);
        }
        assert_string_equal(said.text, "");
        trtc_mix_settings_fini(&s);
    }
}

static void what_it_cannot(void **state)
{
#define FILE_ONLY ": this mix writes one MP4, MPEG-TS or Matroska file\n"
    static const struct {
        const char *json, *said;
    } t[] = {
        { RECORD("OutputFormat", "0"), R "OutputFormat 0 (HLS)" FILE_ONLY },
        { RECORD("OutputFormat", "1"), R "OutputFormat 1 (HLS and MP4)" FILE_ONLY },
        { RECORD("OutputFormat", "2"), R "OutputFormat 2 (HLS and AAC)" FILE_ONLY },
        { RECORD("OutputFormat", "4"), R "OutputFormat 4 (AAC)" FILE_ONLY },
        { RECORD("MaxMediaFileDuration", "1"), R "MaxMediaFileDuration 1" FILE_ONLY },
        { RECORD("MaxMediaFileDuration", "1440"), "" },
        { RECORD("SubscribeAbility", "0"), "" },
        { RECORD("SubscribeAbility", "1"),
          R "SubscribeAbility 1: this mix uses only the streams of users, not mixed ones\n" },
        { RECORD("MaxIdleTime", "1"), "" },
        { CHARS("\"Font\":\"Tencent\""), "" },
        { CHARS("\"Font\":\"SourceHanSans\""), W0
          "WaterMarkChar.Font 'SourceHanSans': this mix writes with the fonts that are installed\n" },
        { MARK("2", "WaterMarkTimestamp", "\"Pos\":1,\"Font\":\"SourceHanSans\""), W0
          "WaterMarkTimestamp.Font 'SourceHanSans': this mix writes with the fonts that are installed\n" },
        { "{\"Foo\":1,\"SdkAppId\":\"x\",\"bar\\u001b[2J\":{\"deep\":[]}}",
          "Foo is not known\nbar\\x1B[2J is not known\n" },
        { "{\"recordparams\":{}}", "recordparams is not known\n" },
        { "{\"SubscribeStreamUserIds\":{}}", "SubscribeStreamUserIds is not known\n" },
        { "{\"StorageParams\":{\"Foo\":1}}", "" },
        { RECORD("Foo", "[1]"), R "Foo is not known\n" },
        { "{\"MixTranscodeParams\":{\"Foo\":1}}", "MixTranscodeParams.Foo is not known\n" },
        { VIDEO("64", "64", "15", "64000", "1,\"Foo\":2"), V "Foo is not known\n" },
        { AUDIO("1", "1", "64000,\"Codec\":\"aac\""), A "Codec is not known\n" },
        { LAYOUT("Foo", "1"), L "Foo is not known\n" },
        { LAYOUT("MixWatermark", "[]"), L "MixWatermark is not known\n" },
        { WINDOW("0", "0", "2", "2,\"Foo\":1,\"UserId\":\"a\",\"Bar\":2"),
          L "MixLayoutList[0].Foo is not known\n" L "MixLayoutList[0].Bar is not known\n" },
        { LAYOUT("WaterMarkList",
                 "[{\"url\":\"u\",\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":1}}]"),
          W0 "url is not known\n" },
        { IMAGE("0", "0", "0", "0,\"Foo\":1"), W0 "WaterMarkImage.Foo is not known\n" },
        { CHARS("\"Foo\":1"), W0 "WaterMarkChar.Foo is not known\n" },
        { CLOCK("0", "8,\"Foo\":1"), W0 "WaterMarkTimestamp.Foo is not known\n" },
        { "{\"RecordParams\":{\"RecordMode\":2,\"OutputFormat\":2,\"MaxMediaFileDuration\":60},\"X\":1}",
          "X is not known\n" R "OutputFormat 2 (HLS and AAC)" FILE_ONLY R
          "MaxMediaFileDuration 60" FILE_ONLY },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_mix_settings s;
        struct said said;
        struct trtc_err err = { 0 };
        trtc_mix_settings_init(&s);
        if (read_request(t[i].json, &s, &said, &err) < 0)
            fail_msg("%s: %s", t[i].json, err.msg);
        if (strcmp(said.text, t[i].said) != 0)
            fail_msg("%s: said %s", t[i].json, said.text);
        trtc_mix_settings_fini(&s);
    }
}

/* 25 windows and 25 marks, and one more of each. */
static void counts(void **state)
{
    (void)state;
    for (int n = 25; n <= 26; n++) {
        for (int marks = 0; marks < 2; marks++) {
            char json[4096];
            struct trtc_mix_settings s;
            struct said said;
            struct trtc_err err = { 0 };
            size_t len = (size_t)snprintf(json, sizeof json,
                                          "{\"MixLayoutParams\":{\"MixLayoutMode\":%d,\"%s\":[",
                                          marks ? 3 : 4, marks ? "WaterMarkList" : "MixLayoutList");
            for (int i = 0; i < n; i++)
                len += (size_t)snprintf(
                    json + len, sizeof json - len, "%s%s", i ? "," : "",
                    marks ? "{\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":1}}"
                          : "{\"Top\":0,\"Left\":0,\"Width\":8,\"Height\":8}");
            snprintf(json + len, sizeof json - len, "]}}");
            trtc_mix_settings_init(&s);
            assert_int_equal(read_request(json, &s, &said, &err), n == 25 ? 0 : -1);
            if (n == 25)
                assert_int_equal(marks ? s.look.nb_marks : s.look.list.n, 25);
            else
                assert_non_null(
                    strstr(err.msg, marks ? L "WaterMarkList: 26" : L "MixLayoutList: 26"));
            trtc_mix_settings_fini(&s);
        }
    }
}

static void long_text(void **state)
{
    (void)state;
    for (size_t n = TRTC_MARK_TEXT_MAX_BYTES; n <= TRTC_MARK_TEXT_MAX_BYTES + 1; n++) {
        char json[5000];
        struct trtc_mix_settings s;
        struct said said;
        struct trtc_err err = { 0 };
        char *text = malloc(n + 1);
        assert_non_null(text);
        memset(text, 'a', n);
        text[n] = '\0';
        snprintf(json, sizeof json,
                 MARK("1", "WaterMarkChar",
                      "\"Top\":0,\"Left\":0,\"Width\":0,\"Height\":0,\"Chars\":\"%s\""),
                 text);
        trtc_mix_settings_init(&s);
        int ret = read_request(json, &s, &said, &err);
        assert_int_equal(ret, n == TRTC_MARK_TEXT_MAX_BYTES ? 0 : -1);
        if (ret < 0)
            assert_string_equal(err.msg, W0 "WaterMarkChar.Chars: over 4096 bytes");
        trtc_mix_settings_fini(&s);
        free(text);
    }
}

/* ---- scripts ---- */

static int read_line(const char *line, struct trtc_mix_change *c, struct said *said,
                     struct trtc_err *err)
{
    struct trtc_mix_settings s;
    trtc_mix_settings_init(&s);
    *said = (struct said){ 0 };
    int ret = trtc_mix_change_read(line, strlen(line), &s, c,
                                   &(struct trtc_mix_reader){ hear, said, err });
    trtc_mix_settings_fini(&s);
    return ret;
}

static void scripts(void **state)
{
    struct trtc_mix_change c;
    struct said said;
    struct trtc_err err = { 0 };
    (void)state;
    assert_int_equal(read_line("{\"input\":\"anna:aux=x\"}", &c, &said, &err), 0);
    assert_string_equal(c.input, "anna:aux=x");
    assert_null(c.user);
    trtc_mix_change_fini(&c);
    assert_int_equal(read_line("{\"user\":\"a=b:aux\",\"input\":\"x=y\"}", &c, &said, &err), 0);
    assert_string_equal(c.user, "a=b:aux");
    assert_string_equal(c.input, "x=y");
    assert_true(!c.end && !c.ends_all && !c.has_look && !c.has_sub);
    trtc_mix_change_fini(&c);
    assert_int_equal(read_line("{\"end\":\"anna\"}", &c, &said, &err), 0);
    assert_string_equal(c.end, "anna");
    trtc_mix_change_fini(&c);
    assert_int_equal(read_line("{\"end\":true}", &c, &said, &err), 0);
    assert_true(c.ends_all && !c.end);
    trtc_mix_change_fini(&c);
    assert_int_equal(read_line("{\"at_ms\":1768908622495,\"layout\":{\"MixLayoutMode\":1,"
                               "\"MaxResolutionUserId\":\"bob\",\"Foo\":1,\"WaterMarkList\":[{"
                               "\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":1}}]},"
                               "\"subscribe\":{\"SubscribeAudioUserIds\":[\"bob\"]}}",
                               &c, &said, &err),
                     0);
    assert_string_equal(said.text, "layout.Foo is not known\n");
    assert_true(c.at_ms == INT64_C(1768908622495));
    assert_true(c.has_look && c.has_sub);
    assert_int_equal(c.look.mode, TRTC_LAYOUT_FLOAT);
    assert_string_equal(c.look.anchor, "bob");
    assert_int_equal(c.look.nb_marks, 1);
    assert_int_equal(c.look.render, TRTC_RENDER_CROP);
    assert_string_equal(c.sub.allow_audio.items[0], "bob");
    trtc_mix_change_fini(&c);
    trtc_mix_change_fini(&c);

    assert_int_equal(read_line("{\"subscribe\":{}}\n", &c, &said, &err), 0);
    assert_true(c.at_ms == TRTC_NOTIME);
    assert_true(c.has_sub);
    assert_false(c.has_look);
    trtc_mix_change_fini(&c);

    /* the canvas of the settings: 640x360 */
    assert_int_equal(read_line("{\"at_ms\":0,\"layout\":{\"MixLayoutMode\":4,\"MixLayoutList\":["
                               "{\"Top\":0,\"Left\":0,\"Width\":640,\"Height\":360}]}}",
                               &c, &said, &err),
                     0);
    assert_true(c.at_ms == 0);
    assert_true(c.has_look);
    assert_int_equal(c.look.list.n, 1);
    trtc_mix_change_fini(&c);
}

static void bad_scripts(void **state)
{
    static const struct {
        const char *line, *message;
    } t[] = {
        { "", "a change: empty" },
        { "{\"at_ms\":0", "a change: not JSON near byte" },
        { "[]", "a change: not an object" },
        { "{}", "neither layout, subscribe, input nor end" },
        { "{\"at_ms\":5,\"layout\":null}", "neither layout, subscribe, input nor end" },
        { "{\"input\":\"a=b\",\"at_ms\":5}",
          "input cannot be combined with other changes or at_ms" },
        { "{\"input\":\"a=b\",\"end\":\"a\"}",
          "input cannot be combined with other changes or at_ms" },
        { "{\"input\":5}", "input is not of the form USER=SOURCE" },
        { "{\"input\":5,\"user\":\"a\"}", "input is not a source" },
        { "{\"input\":\"x\",\"user\":\"\"}", "user is not the id of a user" },
        { "{\"input\":\"x\",\"user\":\"a\",\"at_ms\":5}",
          "input cannot be combined with other changes or at_ms" },
        { "{\"user\":\"a\"}", "user requires input" },
        { "{\"user\":\"a\",\"layout\":{}}", "user requires input" },
        { "{\"input\":\"\"}", "input is not of the form USER=SOURCE" },
        { "{\"end\":false}", "end is neither a user id nor true" },
        { "{\"end\":null}", "end is neither a user id nor true" },
        { "{\"at_ms\":5,\"Layout\":{}}", "Layout is not known" },
        { "{\"at\":5,\"subscribe\":{}}", "at is not known" },
        { "{\"\\u001b\":5,\"subscribe\":{}}", "\\x1B is not known" },
        { "{\"at_ms\":-1,\"subscribe\":{}}", "at_ms: -1 is not within 0...253402300799999" },
        { "{\"at_ms\":0.5,\"subscribe\":{}}", "at_ms: 0.5 is not a whole number" },
        { "{\"at_ms\":\"0\",\"subscribe\":{}}", "at_ms: a string, but a whole number is required" },
        { "{\"at_ms\":253402300800000,\"subscribe\":{}}", "at_ms: 253402300800000 is not within" },
        { "{\"layout\":[]}", "layout: an array, but an object is required" },
        { "{\"layout\":{}}", "layout.MixLayoutMode: is missing" },
        { "{\"layout\":{\"MixLayoutMode\":3},\"subscribe\":7}",
          "subscribe: a number, but an object is required" },
        { "{\"layout\":{\"MixLayoutMode\":3,\"MaxResolutionUserId\":\"a\"},\"subscribe\":{\"x\":1}}",
          "subscribe.x is not known" },
        { "{\"layout\":{\"MixLayoutMode\":4,\"MixLayoutList\":[{\"Top\":0,\"Left\":2,\"Width\":640,\"Height\":360}]}}",
          "layout.MixLayoutList[0]: 640x360 at 2,0 is not inside the canvas of 640x360" },
        { "{\"subscribe\":{},\"subscribe\":{}}", "a change: the key 'subscribe' appears twice" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_mix_change c = { .at_ms = 42 };
        struct said said;
        struct trtc_err err = { 0 };
        assert_int_equal(read_line(t[i].line, &c, &said, &err), -1);
        if (strstr(err.msg, t[i].message) != err.msg)
            fail_msg("%s: %s", t[i].line, err.msg);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_true(c.at_ms == 42);
    }
}

static void bombs(void **state)
{
    const size_t n = 100000;
    char *line = malloc(2 * n);
    struct trtc_mix_settings s;
    struct trtc_mix_change c;
    struct said said = { 0 };
    struct trtc_err err = { 0 };
    struct timespec a, b;
    (void)state;
    assert_non_null(line);
    memset(line, '[', n);
    memset(line + n, ']', n);
    memcpy(line, "{\"layout\":", 10);
    trtc_mix_settings_init(&s);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    assert_int_equal(
        trtc_mix_change_read(line, 2 * n, &s, &c, &(struct trtc_mix_reader){ hear, &said, &err }),
        -1);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    assert_string_equal(err.msg, "a change: byte 73: nested too deeply");
    assert_true(getenv("TRTC_SAN") ||
                (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec < 10000000L);
    trtc_mix_settings_fini(&s);
    free(line);
}

/* ---- options ---- */

static void colours(void **state)
{
    static const struct {
        const char *s;
        long want; /* -1: refused */
    } t[] = {
        { "#000000", 0 },
        { "#ffFFff", 0xffffff },
        { "0x12AbCd", 0x12abcd },
        { "0X102030", 0x102030 },
        { "", -1 },
        { "#", -1 },
        { "#fff", -1 },
        { "#1234567", -1 },
        { "123456", -1 },
        { "#12345g", -1 },
        { "# 12345", -1 },
        { "#-12345", -1 },
        { "0x", -1 },
        { "0x12345", -1 },
        { "red", -1 },
        { "##12345", -1 },
        { "#0x1234", -1 },
        { "#12345\xc3", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        uint32_t got = 7;
        struct trtc_err err = { 0 };
        int ret = trtc_colour_parse("--background", t[i].s, &got, &err);
        if (ret != (t[i].want < 0 ? -1 : 0) || got != (t[i].want < 0 ? 7 : (uint32_t)t[i].want))
            fail_msg("'%s': %d %x", t[i].s, ret, (unsigned)got);
        if (ret < 0) {
            assert_int_equal(err.code, TRTC_EX_USAGE);
            assert_ptr_equal(strstr(err.msg, "--background: '"), err.msg);
        }
    }
}

#define IMG TRTC_MARK_IMAGE
#define TXT TRTC_MARK_TEXT
#define CLK TRTC_MARK_CLOCK

static void mark_options(void **state)
{
    /* As text: "TEXT|x,y,w,h|size|colour|background"; clock: "pos|zone|size|colour". NULL: refused. */
    static const struct {
        enum trtc_mark_kind kind;
        const char *arg, *want;
    } t[] = {
        { IMG, "logo.png,10,20", "logo.png|10,20,0,0" },
        { IMG, "logo.png,10,20,30,40", "logo.png|10,20,30,40" },
        { IMG, "logo.png,0,0,0,0", "logo.png|0,0,0,0" },
        { IMG, "a,b#c,1.png,10,20", "a,b#c,1.png|10,20,0,0" },
        { IMG, "a,7,10,20", "a,7|10,20,0,0" },
        { IMG, "a,1,2,10,20,0,0", "a,1,2|10,20,0,0" },
        { IMG, ",,10,20", ",|10,20,0,0" },
        { IMG, "-,10,20", "-|10,20,0,0" },
        { IMG, "file:/a%20b,10,20", "file:/a%20b|10,20,0,0" },
        { IMG, "\xff\xfe.png,2560,0010", "\xff\xfe.png|2560,10,0,0" },
        { IMG, "f,1,2#,3,4", "f,1,2#|3,4,0,0" },
        { IMG, "", NULL },
        { IMG, "logo.png", NULL },
        { IMG, "logo.png,10", NULL },
        { IMG, ",10,20", NULL },
        { IMG, "10,20", NULL },
        { IMG, ",10,20,30,40", NULL },
        { IMG, "logo.png,-1,20", NULL },
        { IMG, "logo.png,10,-20", NULL },
        { IMG, "logo.png,10,20,", NULL },
        { IMG, "logo.png,10, 20", NULL },
        { IMG, "logo.png,+10,20", NULL },
        { IMG, "logo.png,10.5,20", NULL },
        { IMG, "logo.png,2561,20", NULL },
        { IMG, "logo.png,10,20,2561,40", NULL },
        { IMG, "logo.png,10,99999999999999999999", NULL },
        { IMG, "logo.png,10,99999999999999999999999999999999999", NULL },
        { IMG, "logo.png,10,20,30,0", NULL },
        { IMG, "logo.png,10,20,0,30", NULL },
        { IMG, "logo.png,10,20,#ffffff", NULL },

        { TXT, "Hello,10,20", "Hello|10,20,0,0|0|ffffff|-" },
        { TXT, "Hello,10,20,300,40", "Hello|10,20,300,40|0|ffffff|-" },
        { TXT, "Hello,10,20,24px", "Hello|10,20,0,0|24|ffffff|-" },
        { TXT, "Hello,10,20,#102030", "Hello|10,20,0,0|0|102030|-" },
        { TXT, "Hello,10,20,0x102030,#405060", "Hello|10,20,0,0|0|102030|405060" },
        { TXT, "Hello,10,20,300,40,1920px,#102030,0x405060",
          "Hello|10,20,300,40|1920|102030|405060" },
        { TXT, "a, b,12px,#ffffff,10,20", "a, b,12px,#ffffff|10,20,0,0|0|ffffff|-" },
        { TXT, "#1, the best,10,20,#000000", "#1, the best|10,20,0,0|0|000000|-" },
        { TXT, "1,2,3,4,0,0,1px", "1,2|3,4,0,0|1|ffffff|-" },
        { TXT, "\xe4\xbd\xa0,\xe5\xa5\xbd,10,20",
          "\xe4\xbd\xa0,\xe5\xa5\xbd|10,20,0,0|0|ffffff|-" },
        { TXT, "two\nlines,10,20", "two\nlines|10,20,0,0|0|ffffff|-" },
        { TXT, " ,10,20", " |10,20,0,0|0|ffffff|-" },
        { TXT, "", NULL },
        { TXT, "Hello", NULL },
        { TXT, ",10,20", NULL },
        { TXT, "Hello,10,20,0px", NULL },
        { TXT, "Hello,10,20,1921px", NULL },
        { TXT, "Hello,10,20,99999999999px", NULL },
        { TXT, "Hello,10,20,px", NULL },
        { TXT, "Hello,10,20,-4px", NULL },
        { TXT, "Hello,10,20,#fff", NULL },
        { TXT, "Hello,10,20,red", NULL },
        { TXT, "Hello,10,20,#102030,24px", NULL },
        { TXT, "Hello,10,20,#102030,#102030,#102030", NULL },
        { TXT, "\xff,10,20", NULL },

        { CLK, "0", "0|480|0|ffffff" },
        { CLK, "6", "6|480|0|ffffff" },
        { CLK, "top-left", "0|480|0|ffffff" },
        { CLK, "top-right", "1|480|0|ffffff" },
        { CLK, "bottom-left", "2|480|0|ffffff" },
        { CLK, "bottom-right", "3|480|0|ffffff" },
        { CLK, "top", "4|480|0|ffffff" },
        { CLK, "bottom", "5|480|0|ffffff" },
        { CLK, "center", "6|480|0|ffffff" },
        { CLK, "centre", "6|480|0|ffffff" },
        { CLK, "1,UTC", "1|0|0|ffffff" },
        { CLK, "1,Z", "1|0|0|ffffff" },
        { CLK, "1,0", "1|0|0|ffffff" },
        { CLK, "1,8", "1|480|0|ffffff" },
        { CLK, "1,+08:00", "1|480|0|ffffff" },
        { CLK, "1,-5", "1|-300|0|ffffff" },
        { CLK, "1,-0330", "1|-210|0|ffffff" },
        { CLK, "1,+05:45", "1|345|0|ffffff" },
        { CLK, "1,14", "1|840|0|ffffff" },
        { CLK, "1,-12", "1|-720|0|ffffff" },
        { CLK, "1,UTC,20px,#00ff00", "1|0|20|00ff00" },
        { CLK, "1,20px", "1|480|20|ffffff" },
        { CLK, "1,0x00ff00", "1|480|0|00ff00" },
        { CLK, "", NULL },
        { CLK, "7", NULL },
        { CLK, "-1", NULL },
        { CLK, "06", NULL },
        { CLK, "middle", NULL },
        { CLK, "to", NULL },
        { CLK, "topp", NULL },
        { CLK, "1,", NULL },
        { CLK, ",UTC", NULL },
        { CLK, "1,utc+8", NULL },
        { CLK, "1,15", NULL },
        { CLK, "1,14:01", NULL },
        { CLK, "1,-12:01", NULL },
        { CLK, "1,08:60", NULL },
        { CLK, "1,8:00", NULL },
        { CLK, "1,123", NULL },
        { CLK, "1,--5", NULL },
        { CLK, "1,+", NULL },
        { CLK, "1,UTC,8", NULL },
        { CLK, "1,20px,UTC", NULL },
        { CLK, "1,UTC,#00ff00,20px", NULL },
        { CLK, "1,UTC,#00ff00,#00ff00", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_mix_look look;
        struct trtc_err err = { 0 };
        char got[256], back[16] = "-";
        trtc_mix_look_init(&look);
        int ret = trtc_mark_parse(t[i].kind, t[i].arg, &look, &err);
        if (ret != (t[i].want ? 0 : -1))
            fail_msg("'%s': %d %s", t[i].arg, ret, err.msg);
        assert_int_equal(look.nb_marks, ret == 0);
        if (ret < 0) {
            static const char *const options[] = { "--watermark: '", "--text: '", "--clock: '" };
            assert_int_equal(err.code, TRTC_EX_USAGE);
            assert_ptr_equal(strstr(err.msg, options[t[i].kind]), err.msg);
            continue;
        }
        const struct trtc_mark *m = &look.marks[0];
        assert_int_equal(m->kind, t[i].kind);
        if (m->has_background)
            snprintf(back, sizeof back, "%06x", (unsigned)m->background);
        if (t[i].kind == CLK)
            snprintf(got, sizeof got, "%d|%d|%d|%06x", m->pos, m->zone_min, m->size_px,
                     (unsigned)m->colour);
        else if (t[i].kind == IMG)
            snprintf(got, sizeof got, "%s|%d,%d,%d,%d", m->text, m->rect.x, m->rect.y, m->rect.w,
                     m->rect.h);
        else
            snprintf(got, sizeof got, "%s|%d,%d,%d,%d|%d|%06x|%s", m->text, m->rect.x, m->rect.y,
                     m->rect.w, m->rect.h, m->size_px, (unsigned)m->colour, back);
        assert_string_equal(got, t[i].want);
        trtc_mix_look_fini(&look);
    }
}

static void mark_messages(void **state)
{
    struct trtc_mix_look look;
    struct trtc_err err = { 0 };
    (void)state;
    trtc_mix_look_init(&look);
    assert_int_equal(trtc_mark_parse(IMG, "logo\033.png", &look, &err), -1);
    assert_string_equal(
        err.msg,
        "--watermark: 'logo\\x1B.png': the position X,Y is missing, or something else follows it: FILE,X,Y[,W,H]");
    assert_int_equal(trtc_mark_parse(TXT, "a,1,2,#fff", &look, &err), -1);
    assert_string_equal(err.msg, "--text: '#fff' is not a colour: #RRGGBB or 0xRRGGBB");
    for (int i = 0; i < TRTC_MARKS_MAX; i++)
        assert_int_equal(trtc_mark_parse(IMG, "logo.png,1,2", &look, &err), 0);
    assert_int_equal(trtc_mark_parse(CLK, "0", &look, &err), -1);
    assert_int_equal(err.code, TRTC_EX_USAGE);
    assert_non_null(strstr(err.msg, "over 25 watermarks"));
    assert_int_equal(look.nb_marks, TRTC_MARKS_MAX);
    trtc_mix_look_fini(&look);

    char *text = malloc(TRTC_MARK_TEXT_MAX_BYTES + 16);
    assert_non_null(text);
    trtc_mix_look_init(&look);
    memset(text, 'a', TRTC_MARK_TEXT_MAX_BYTES + 1);
    memcpy(text + TRTC_MARK_TEXT_MAX_BYTES, ",1,2", 5);
    assert_int_equal(trtc_mark_parse(TXT, text, &look, &err), 0);
    assert_int_equal(strlen(look.marks[0].text), TRTC_MARK_TEXT_MAX_BYTES);
    memcpy(text + TRTC_MARK_TEXT_MAX_BYTES, "a,1,2", 6);
    assert_int_equal(trtc_mark_parse(TXT, text, &look, &err), -1);
    trtc_mix_look_fini(&look);
    free(text);
}

static void settings_check(void **state)
{
    static const struct {
        int w, h;
        const char *mark, *message;
    } t[] = {
        { 2, 2, NULL, NULL },
        { 1920, 1080, NULL, NULL },
        { 1080, 1920, NULL, NULL },
        { 1440, 1440, NULL, NULL },
        { 1920, 1082, NULL, "a picture of 1920x1082: over 1920x1080 pixels in all" },
        { 1922, 2, NULL, "a picture of 1922x2: width and height must be within 2...1920" },
        { 2, 1922, NULL, "a picture of 2x1922: width and height must be within 2...1920" },
        { 0, 2, NULL, "a picture of 0x2: width and height must be within 2...1920" },
        { 2, -2, NULL, "a picture of 2x-2: width and height must be within 2...1920" },
        { 641, 360, NULL, "a picture of 641x360: width and height must be even" },
        { 640, 361, NULL, "a picture of 640x361: width and height must be even" },
        { 640, 360, "f,639,359", NULL },
        { 640, 360, "f,0,0,640,360", NULL },
        { 640, 360, "f,640,0",
          "WaterMarkList[0]: its place 640,0 is not inside the canvas of 640x360" },
        { 640, 360, "f,0,360",
          "WaterMarkList[0]: its place 0,360 is not inside the canvas of 640x360" },
        { 640, 360, "f,1,0,640,360",
          "WaterMarkList[0]: 640x360 at 1,0 is not inside the canvas of 640x360" },
        { 640, 360, "f,0,1,640,360",
          "WaterMarkList[0]: 640x360 at 0,1 is not inside the canvas of 640x360" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_mix_settings s;
        struct trtc_err err = { 0 };
        trtc_mix_settings_init(&s);
        s.width_px = t[i].w;
        s.height_px = t[i].h;
        if (t[i].mark)
            assert_int_equal(trtc_mark_parse(IMG, t[i].mark, &s.look, &err), 0);
        int ret = trtc_mix_settings_check(&s, &err);
        if (ret != (t[i].message ? -1 : 0))
            fail_msg("row %zu: %d %s", i, ret, err.msg);
        if (ret < 0) {
            assert_string_equal(err.msg, t[i].message);
            assert_int_equal(err.code, TRTC_EX_DATAERR);
        }
        trtc_mix_settings_fini(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),          cmocka_unit_test(sample),
        cmocka_unit_test(kinds_of_streams),  cmocka_unit_test(template_layout),
        cmocka_unit_test(defaults_of_marks), cmocka_unit_test(ranges),
        cmocka_unit_test(what_it_cannot),    cmocka_unit_test(counts),
        cmocka_unit_test(long_text),         cmocka_unit_test(scripts),
        cmocka_unit_test(bad_scripts),       cmocka_unit_test(bombs),
        cmocka_unit_test(colours),           cmocka_unit_test(mark_options),
        cmocka_unit_test(mark_messages),     cmocka_unit_test(settings_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
