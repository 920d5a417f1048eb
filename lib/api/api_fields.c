/* SPDX-License-Identifier: MIT */
/* The field table of the four actions (API version 2019-07-22, data types of the recording API;
 * ranges that it leaves open come from the pages on rooms and user ids). Values are named as the
 * API numbers them: MediaId, RenderMode and the formats are numbered differently in different
 * places. */
#include <stddef.h>

#include "api/api.h"

/* ---- the columns of a row ---- */

#define INT(n)       .name = (n), .type = TRTC_FIELD_INTEGER
#define TEXT(n)      .name = (n), .type = TRTC_FIELD_STRING
#define FLAG(n)      .name = (n), .type = TRTC_FIELD_BOOLEAN
#define OBJECT(n, m) .name = (n), .type = TRTC_FIELD_OBJECT, .members = (m)
#define LIST(n, m)   .name = (n), .type = TRTC_FIELD_ARRAY, .item = TRTC_FIELD_OBJECT, .members = (m)
#define TEXTS(n)     .name = (n), .type = TRTC_FIELD_ARRAY, .item = TRTC_FIELD_STRING
#define RANGE(a, b)  .min = (a), .max = (b)
#define NEEDED       .required = true
#define SECRET       .secret = true
#define NOT_EMPTY    RANGE(1, TRTC_API_INT_MAX)
#define END          \
    {                \
        .name = NULL \
    }

#define RENDER_VALUES "0 1 2 3"
#define RENDER_SAYS   "0 stretch, 1 crop, 2 letterbox, 3 limited crop (by a fifth at most)"
#define SDKAPPID                                                                  \
    {                                                                             \
        INT("SdkAppId"), NEEDED, RANGE(1, 4294967295),                            \
            .example = "1400000001", .says = "the application that owns the room" \
    }
#define TASKID                                                                                     \
    {                                                                                              \
        TEXT("TaskId"), NEEDED, RANGE(1, 1024), .form = TRTC_FORM_LINE,                            \
                                                .example = "\"-mmziew0DpcszXY1IwoabtoptW-L--Q.\"", \
                                                .says = "as printed by create"                     \
    }
#define USERS(n, word, why)                                                                        \
    {                                                                                              \
        TEXTS(n), RANGE(0, 32), .form = TRTC_FORM_LINE, .example = "[\"alice\", \"class-7-.*$\"]", \
                                .aside = (why),                                                    \
                                .says = word " (\".*$\" at its end makes it a prefix)"             \
    }
#define FONT                                                                                     \
    {                                                                                            \
        TEXT("Font"), .values = "Tencent SourceHanSans", .fallback = "\"Tencent\"",              \
                      .example = "\"Tencent\"", .only = "domestic",                              \
                      .aside = "domestic service only", .says = "Tencent default, SourceHanSans" \
    }

/* ---- what is recorded ---- */

static const struct trtc_field subscribe[] = {
    USERS("SubscribeAudioUserIds", "only the sound of these users", NULL),
    USERS("UnSubscribeAudioUserIds", "all sound except theirs", "instead of SubscribeAudioUserIds"),
    USERS("SubscribeVideoUserIds", "only the pictures of these users", NULL),
    USERS("UnSubscribeVideoUserIds", "all pictures except theirs",
          "instead of SubscribeVideoUserIds"),
    END,
};

static const struct trtc_field record[] = {
    { INT("RecordMode"), NEEDED, .values = "1 2", .example = "2",
      .says = "1 single-stream (files of each user), 2 mixed" },
    { INT("MaxIdleTime"), RANGE(5, 86400), .fallback = "30", .example = "30",
      .says = "seconds without any sender until the task ends" },
    { INT("StreamType"), .values = "0 1 2", .fallback = "0", .example = "0",
      .says = "0 audio+video, 1 audio, 2 video" },
    { OBJECT("SubscribeStreamUserIds", subscribe),
      .says = "whose streams are recorded; if absent: everyone's" },
    { INT("OutputFormat"), .values = "0 1 2 3 4", .fallback = "0", .example = "0",
      .says = "in a bucket: 0 hls, 1 hls+mp4, 2 hls+aac, 3 mp4, 4 aac" },
    { INT("AvMerge"), .values = "0 1", .fallback = "0", .example = "0",
      .says = "single-stream: files with sound and picture 0 separate, 1 merged" },
    { INT("MaxMediaFileDuration"), RANGE(1, 1440), .fallback = "1440", .example = "1440",
      .says = "minutes after which an MP4 or AAC file is cut (HLS: no effect)" },
    { INT("MediaId"), .values = "0 1 2", .fallback = "0", .example = "0",
      .says = "0 primary+substream, 1 primary, 2 substream" },
    { INT("FillType"), .values = "0 1", .example = "0",
      .says = "where a picture stops: 0 last frame, 1 black" },
    { INT("SubscribeAbility"), .values = "0 1", .fallback = "0", .example = "0",
      .says = "also streams that a robot mixes back into the room: 0 no, 1 yes" },
    END,
};

/* ---- where it is stored ---- */

static const struct trtc_field bucket[] = {
    { INT("Vendor"), NEEDED, .values = "0 1", .example = "0", .says = "0 COS, 1 AWS S3" },
    { TEXT("Region"), NEEDED, NOT_EMPTY, .example = "\"ap-singapore\"",
      .says = "region of the bucket" },
    { TEXT("Bucket"), NEEDED, NOT_EMPTY, .example = "\"recordings-1250000000\"",
      .says = "its name" },
    { TEXT("AccessKey"), NEEDED, SECRET, NOT_EMPTY, .example = "\"YOUR-ACCESS-KEY\"",
      .says = "COS: a SecretId with permission to write" },
    { TEXT("SecretKey"), NEEDED, SECRET, NOT_EMPTY, .example = "\"YOUR-SECRET-KEY\"",
      .says = "COS: its SecretKey" },
    { TEXTS("FileNamePrefix"), .form = TRTC_FORM_WORD, .example = "[\"school\", \"class-7\"]",
      .says = "directories above the task's (A-Za-z0-9_-)" },
    { TEXT("EndpointUrl"), NOT_EMPTY, .example = "\"s3.example.com\"", .only = "international",
      .aside = "only for another store than AWS", .says = "host of another store that speaks S3" },
    END,
};

static const struct trtc_field vod[] = {
    { TEXT("Procedure"), .example = "\"my-procedure\"", .says = "task flow to run afterwards" },
    { INT("ExpireTime"), .fallback = "0", .example = "86400",
      .says = "lifetime of the files in seconds; 0: unlimited" },
    { TEXT("StorageRegion"), .example = "\"ap-singapore\"", .says = "region for the upload" },
    { INT("ClassId"), .fallback = "0", .example = "0", .says = "category of the files" },
    { INT("SubAppId"), .example = "1500000001", .says = "sub-application of VOD" },
    { TEXT("SessionContext"), .example = "\"\"", .says = "returned when the task flow ends" },
    { TEXT("SourceContext"), .example = "\"\"", .says = "returned with the upload" },
    { INT("MediaType"), .values = "0 1 2 3 4", .fallback = "0", .example = "0",
      .says = "0 mp4, 1 hls, 2 aac, 3 hls+mp4, 4 hls+aac (2 and 4: StreamType 1)" },
    { TEXT("UserDefineRecordId"), RANGE(0, 64), .form = TRTC_FORM_WORD, .example = "\"class-7\"",
      .says = "prefix of the names (A-Za-z0-9_-)" },
    END,
};

static const struct trtc_field cloud_vod[] = {
    { OBJECT("TencentVod", vod), .says = "how VOD stores the files" },
    END,
};

static const struct trtc_field storage[] = {
    { OBJECT("CloudStorage", bucket), .says = "a bucket" },
    { OBJECT("CloudVod", cloud_vod), .aside = "instead of CloudStorage",
      .says = "video on demand" },
    END,
};

/* ---- how a mix is encoded ---- */

static const struct trtc_field video[] = {
    { INT("Width"), NEEDED, RANGE(1, 1920), .fallback = "360", .example = "1280",
      .says = "pixels (times Height at most 1920 x 1080)" },
    { INT("Height"), NEEDED, RANGE(1, 1920), .fallback = "640", .example = "720",
      .says = "pixels" },
    { INT("Fps"), NEEDED, RANGE(1, 60), .fallback = "15", .example = "15",
      .says = "pictures per second" },
    { INT("BitRate"), NEEDED, RANGE(64000, 8192000), .fallback = "550000", .example = "1200000",
      .says = "bits per second" },
    { INT("Gop"), NEEDED, .fallback = "10", .example = "10", .says = "seconds between key frames" },
    END,
};

static const struct trtc_field audio[] = {
    { INT("SampleRate"), NEEDED, .values = "1 2 3", .fallback = "1", .example = "1",
      .says = "Hz: 1 48000, 2 44100, 3 16000" },
    { INT("Channel"), NEEDED, .values = "1 2", .fallback = "2", .example = "2",
      .says = "1 mono, 2 stereo" },
    { INT("BitRate"), NEEDED, RANGE(32000, 128000), .fallback = "64000", .example = "64000",
      .says = "bits per second" },
    END,
};

static const struct trtc_field transcode[] = {
    { OBJECT("VideoParams", video), .says = "all of them, or none" },
    { OBJECT("AudioParams", audio), .says = "all of them, or none" },
    END,
};

/* ---- how a mix looks ---- */

#define SIDE(n, most, e, what)                                         \
    {                                                                  \
        INT(n), NEEDED, RANGE(0, most), .example = (e), .says = (what) \
    }

static const struct trtc_field window[] = {
    SIDE("Top", 1920, "0", "pixels from the top, inside the canvas"),
    SIDE("Left", 1920, "0", "pixels from the left"),
    SIDE("Width", 1920, "640", "pixels"),
    SIDE("Height", 1920, "720", "pixels"),
    { TEXT("UserId"), .form = TRTC_FORM_LINE, .example = "\"alice\"",
      .says = "user of the window; if absent: the next to enter" },
    { INT("Alpha"), RANGE(0, 255), .fallback = "0", .example = "0",
      .says = "0 opaque, 255 transparent" },
    { INT("RenderMode"), .values = RENDER_VALUES, .fallback = "1", .example = "1",
      .says = RENDER_SAYS },
    { INT("MediaId"), .values = "0 1", .fallback = "0", .example = "0",
      .says = "0 primary, 1 substream" },
    { INT("ImageLayer"), .fallback = "0", .example = "0",
      .says = "larger values are in front of smaller ones" },
    { TEXT("SubBackgroundImage"), .form = TRTC_FORM_PICTURE,
      .example = "\"https://example.com/away.png\"", .says = "shown while there is no picture" },
    END,
};

static const struct trtc_field mark_image[] = {
    { TEXT("WaterMarkUrl"), NEEDED, .form = TRTC_FORM_PICTURE, NOT_EMPTY,
      .example = "\"https://example.com/logo.png\"", .says = "address of a JPEG or PNG" },
    SIDE("Top", 2560, "20", "pixels from the top, inside the canvas"),
    SIDE("Left", 2560, "20", "pixels from the left"),
    SIDE("Width", 2560, "160", "pixels"),
    SIDE("Height", 2560, "90", "pixels"),
    END,
};

static const struct trtc_field mark_text[] = {
    { INT("Top"), NEEDED, .example = "20", .says = "pixels from the top, inside the canvas" },
    { INT("Left"), NEEDED, .example = "20", .says = "pixels from the left" },
    { INT("Width"), NEEDED, .example = "320", .says = "pixels" },
    { INT("Height"), NEEDED, .example = "40", .says = "pixels" },
    { TEXT("Chars"), NEEDED, NOT_EMPTY, .example = "\"class 7\"", .says = "the text" },
    { INT("FontSize"), .fallback = "14", .example = "24", .says = "pixels" },
    { TEXT("FontColor"), .form = TRTC_FORM_COLOUR_HEX, .example = "\"0xFFFFFF\"",
      .says = "0xRRGGBB; if absent: white" },
    { TEXT("BackGroundColor"), .form = TRTC_FORM_COLOUR_HEX, .example = "\"0x000000\"",
      .says = "0xRRGGBB; if absent: none" },
    FONT,
    END,
};

static const struct trtc_field mark_time[] = {
    { INT("Pos"), NEEDED, .values = "0 1 2 3 4 5 6", .example = "1",
      .says = "0 top left, 1 top right, 2 bottom left, 3 bottom right, 4 top centre, "
              "5 bottom centre, 6 centre" },
    { INT("TimeZone"), .fallback = "8", .example = "8", .says = "hours east of UTC" },
    FONT,
    END,
};

static const struct trtc_field mark[] = {
    { INT("WaterMarkType"), .values = "0 1 2", .fallback = "0", .example = "0",
      .says = "0 image, 1 text, 2 timestamp" },
    { OBJECT("WaterMarkImage", mark_image), .says = "for type 0" },
    { OBJECT("WaterMarkChar", mark_text), .aside = "instead of WaterMarkImage",
      .says = "for type 1" },
    { OBJECT("WaterMarkTimestamp", mark_time), .aside = "instead of WaterMarkImage",
      .says = "for type 2" },
    END,
};

static const struct trtc_field layout[] = {
    { INT("MixLayoutMode"), NEEDED, .values = "1 2 3 4", .example = "4",
      .says = "1 floating, 2 screen sharing, 3 grid, 4 custom" },
    { LIST("MixLayoutList", window), RANGE(0, 25), .says = "the windows of mode 4" },
    { TEXT("BackGroundColor"), .form = TRTC_FORM_COLOUR, .fallback = "\"#000000\"",
      .example = "\"#000000\"", .says = "of the canvas, #RRGGBB" },
    { TEXT("MaxResolutionUserId"), .form = TRTC_FORM_LINE, .example = "\"teacher\"",
      .says = "modes 1 and 2: user in the large window" },
    { INT("MediaId"), .values = "0 1", .fallback = "0", .example = "0",
      .says = "that user's stream: 0 primary, 1 substream" },
    { TEXT("BackgroundImageUrl"), .form = TRTC_FORM_PICTURE,
      .example = "\"https://example.com/wall.png\"", .says = "picture behind everything" },
    { INT("PlaceHolderMode"), .values = "0 1", .fallback = "0", .example = "0",
      .says = "a placeholder for reserved users who send nothing: 0 off, 1 on" },
    { INT("BackgroundImageRenderMode"), .values = RENDER_VALUES, .example = "1",
      .says = RENDER_SAYS },
    { TEXT("DefaultSubBackgroundImage"), .form = TRTC_FORM_PICTURE,
      .example = "\"https://example.com/away.png\"",
      .says = "shown in each window without a picture" },
    { LIST("WaterMarkList", mark), RANGE(0, 25), .says = "marks drawn over the picture" },
    { INT("RenderMode"), .values = RENDER_VALUES, .example = "1",
      .says = "modes 1 to 3: " RENDER_SAYS },
    { INT("MaxResolutionUserAlign"), .values = "0 1", .fallback = "0", .example = "0",
      .says = "mode 2: 0 large left, 1 large right" },
    { FLAG("PureAudioDisableLayout"), .fallback = "false", .example = "false",
      .says = "true: no window for users who send only sound" },
    END,
};

/* ---- the actions ---- */

static const struct trtc_field create[] = {
    SDKAPPID,
    { TEXT("RoomId"), NEEDED, RANGE(1, 64), .form = TRTC_FORM_LINE, .example = "\"3560\"",
      .says = "the room; a string even if it is a number" },
    { TEXT("UserId"), NEEDED, RANGE(1, 32), .form = TRTC_FORM_WORD, .example = "\"recorder_3560\"",
      .says = "id of the recording robot, unused by others (A-Za-z0-9_-)" },
    { TEXT("UserSig"), NEEDED, SECRET, NOT_EMPTY, .example = "\"YOUR-USERSIG\"",
      .says = "of the robot; valid longer than the recording" },
    { OBJECT("RecordParams", record), NEEDED, .says = "what is recorded" },
    { OBJECT("StorageParams", storage), NEEDED, .says = "where it is stored" },
    { INT("RoomIdType"), .values = "0 1", .fallback = "1", .example = "1",
      .says = "0 string room, 1 32-bit integer room" },
    { OBJECT("MixTranscodeParams", transcode), .says = "how a mix is encoded (RecordMode 2)" },
    { OBJECT("MixLayoutParams", layout), .says = "how a mix looks (RecordMode 2)" },
    { INT("ResourceExpiredHour"), RANGE(6, 720), .fallback = "72", .example = "72",
      .says = "hours during which the task can be described, modified and ended" },
    { TEXT("PrivateMapKey"), SECRET, NOT_EMPTY, .example = "\"YOUR-PRIVATEMAPKEY\"",
      .aside = "if the application has permission control",
      .says = "the robot's permission for the room" },
    END,
};

static const struct trtc_field describe[] = {
    SDKAPPID,
    TASKID,
    { TEXT("RecorderKey"), SECRET, NOT_EMPTY, .example = "\"YOUR-RECORDER-KEY\"",
      .only = "domestic", .aside = "for tasks of the relay API",
      .says = "the key that the relay task was started with" },
    END,
};

static const struct trtc_field modify[] = {
    SDKAPPID,
    TASKID,
    { OBJECT("MixLayoutParams", layout), .says = "how a mix looks from now on, in full" },
    { OBJECT("SubscribeStreamUserIds", subscribe),
      .says = "whose streams are recorded from now on, in full" },
    END,
};

static const struct trtc_field end_task[] = { SDKAPPID, TASKID, END };

const struct trtc_field *trtc_api_fields(enum trtc_action action)
{
    static const struct trtc_field *const of[] = {
        [TRTC_CREATE] = create,
        [TRTC_DESCRIBE] = describe,
        [TRTC_MODIFY] = modify,
        [TRTC_DELETE] = end_task,
    };
    return of[action];
}

const char *trtc_api_action(enum trtc_action action)
{
    static const char *const names[] = {
        [TRTC_CREATE] = "CreateCloudRecording",
        [TRTC_DESCRIBE] = "DescribeCloudRecording",
        [TRTC_MODIFY] = "ModifyCloudRecording",
        [TRTC_DELETE] = "DeleteCloudRecording",
    };
    return names[action];
}
