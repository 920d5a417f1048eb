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
#define RENDER_HELP   "0 stretch, 1 crop, 2 letterbox, 3 limited crop (by a fifth at most)"
#define SDKAPPID                                                                  \
    {                                                                             \
        INT("SdkAppId"), NEEDED, RANGE(1, 4294967295),                            \
            .example = "1400000001", .help = "the application that owns the room" \
    }
#define TASKID                                                                                     \
    {                                                                                              \
        TEXT("TaskId"), NEEDED, RANGE(1, 1024), .form = TRTC_FORM_LINE,                            \
                                                .example = "\"-mmziew0DpcszXY1IwoabtoptW-L--Q.\"", \
                                                .help = "as printed by create"                     \
    }
#define USERS(n, word, why)                                                                        \
    {                                                                                              \
        TEXTS(n), RANGE(0, 32), .form = TRTC_FORM_LINE, .example = "[\"alice\", \"class-7-.*$\"]", \
                                .aside = (why),                                                    \
                                .help = word " (\".*$\" at its end makes it a prefix)"             \
    }
#define FONT                                                                                     \
    {                                                                                            \
        TEXT("Font"), .values = "Tencent SourceHanSans", .fallback = "\"Tencent\"",              \
                      .example = "\"Tencent\"", .only = "domestic",                              \
                      .aside = "domestic service only", .help = "Tencent default, SourceHanSans" \
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
      .help = "1 single-stream (files of each user), 2 mixed" },
    { INT("MaxIdleTime"), RANGE(5, 86400), .fallback = "30", .example = "30",
      .help = "seconds without any sender until the task ends" },
    { INT("StreamType"), .values = "0 1 2", .fallback = "0", .example = "0",
      .help = "0 audio+video, 1 audio, 2 video" },
    { OBJECT("SubscribeStreamUserIds", subscribe),
      .help = "whose streams are recorded; if absent: everyone's" },
    { INT("OutputFormat"), .values = "0 1 2 3 4", .fallback = "0", .example = "0",
      .help = "in a bucket: 0 hls, 1 hls+mp4, 2 hls+aac, 3 mp4, 4 aac" },
    { INT("AvMerge"), .values = "0 1", .fallback = "0", .example = "0",
      .help = "single-stream: files with sound and picture 0 separate, 1 merged" },
    { INT("MaxMediaFileDuration"), RANGE(1, 1440), .fallback = "1440", .example = "1440",
      .help = "minutes after which an MP4 or AAC file is cut (HLS: no effect)" },
    { INT("MediaId"), .values = "0 1 2", .fallback = "0", .example = "0",
      .help = "0 primary+substream, 1 primary, 2 substream" },
    { INT("FillType"), .values = "0 1", .example = "0",
      .help = "where a picture stops: 0 last frame, 1 black" },
    { INT("SubscribeAbility"), .values = "0 1", .fallback = "0", .example = "0",
      .help = "also streams that a robot mixes back into the room: 0 no, 1 yes" },
    END,
};

/* ---- where it is stored ---- */

static const struct trtc_field bucket[] = {
    { INT("Vendor"), NEEDED, .values = "0 1", .example = "0", .help = "0 COS, 1 AWS S3" },
    { TEXT("Region"), NEEDED, NOT_EMPTY, .example = "\"ap-singapore\"",
      .help = "region of the bucket" },
    { TEXT("Bucket"), NEEDED, NOT_EMPTY, .example = "\"recordings-1250000000\"",
      .help = "its name" },
    { TEXT("AccessKey"), NEEDED, SECRET, NOT_EMPTY, .example = "\"YOUR-ACCESS-KEY\"",
      .help = "COS: a SecretId with permission to write" },
    { TEXT("SecretKey"), NEEDED, SECRET, NOT_EMPTY, .example = "\"YOUR-SECRET-KEY\"",
      .help = "COS: its SecretKey" },
    { TEXTS("FileNamePrefix"), .form = TRTC_FORM_WORD, .example = "[\"school\", \"class-7\"]",
      .help = "directories above the task's (A-Za-z0-9_-)" },
    { TEXT("EndpointUrl"), NOT_EMPTY, .example = "\"s3.example.com\"", .only = "international",
      .aside = "only for another store than AWS", .help = "host of another store that speaks S3" },
    END,
};

static const struct trtc_field vod[] = {
    { TEXT("Procedure"), .example = "\"my-procedure\"", .help = "task flow to run afterwards" },
    { INT("ExpireTime"), .fallback = "0", .example = "86400",
      .help = "lifetime of the files in seconds; 0: unlimited" },
    { TEXT("StorageRegion"), .example = "\"ap-singapore\"", .help = "region for the upload" },
    { INT("ClassId"), .fallback = "0", .example = "0", .help = "category of the files" },
    { INT("SubAppId"), .example = "1500000001", .help = "sub-application of VOD" },
    { TEXT("SessionContext"), .example = "\"\"", .help = "returned when the task flow ends" },
    { TEXT("SourceContext"), .example = "\"\"", .help = "returned with the upload" },
    { INT("MediaType"), .values = "0 1 2 3 4", .fallback = "0", .example = "0",
      .help = "0 mp4, 1 hls, 2 aac, 3 hls+mp4, 4 hls+aac (2 and 4: StreamType 1)" },
    { TEXT("UserDefineRecordId"), RANGE(0, 64), .form = TRTC_FORM_WORD, .example = "\"class-7\"",
      .help = "prefix of the names (A-Za-z0-9_-)" },
    END,
};

static const struct trtc_field cloud_vod[] = {
    { OBJECT("TencentVod", vod), .help = "how VOD stores the files" },
    END,
};

static const struct trtc_field storage[] = {
    { OBJECT("CloudStorage", bucket), .help = "a bucket" },
    { OBJECT("CloudVod", cloud_vod), .aside = "instead of CloudStorage",
      .help = "video on demand" },
    END,
};

/* ---- how a mix is encoded ---- */

static const struct trtc_field video[] = {
    { INT("Width"), NEEDED, RANGE(1, 1920), .fallback = "360", .example = "1280",
      .help = "pixels (times Height at most 1920 x 1080)" },
    { INT("Height"), NEEDED, RANGE(1, 1920), .fallback = "640", .example = "720",
      .help = "pixels" },
    { INT("Fps"), NEEDED, RANGE(1, 60), .fallback = "15", .example = "15",
      .help = "pictures per second" },
    { INT("BitRate"), NEEDED, RANGE(64000, 8192000), .fallback = "550000", .example = "1200000",
      .help = "bits per second" },
    { INT("Gop"), NEEDED, .fallback = "10", .example = "10", .help = "seconds between key frames" },
    END,
};

static const struct trtc_field audio[] = {
    { INT("SampleRate"), NEEDED, .values = "1 2 3", .fallback = "1", .example = "1",
      .help = "Hz: 1 48000, 2 44100, 3 16000" },
    { INT("Channel"), NEEDED, .values = "1 2", .fallback = "2", .example = "2",
      .help = "1 mono, 2 stereo" },
    { INT("BitRate"), NEEDED, RANGE(32000, 128000), .fallback = "64000", .example = "64000",
      .help = "bits per second" },
    END,
};

static const struct trtc_field transcode[] = {
    { OBJECT("VideoParams", video), .help = "all of them, or none" },
    { OBJECT("AudioParams", audio), .help = "all of them, or none" },
    END,
};

/* ---- how a mix looks ---- */

#define SIDE(n, most, e, what)                                         \
    {                                                                  \
        INT(n), NEEDED, RANGE(0, most), .example = (e), .help = (what) \
    }

static const struct trtc_field window[] = {
    SIDE("Top", 1920, "0", "pixels from the top, inside the canvas"),
    SIDE("Left", 1920, "0", "pixels from the left"),
    SIDE("Width", 1920, "640", "pixels"),
    SIDE("Height", 1920, "720", "pixels"),
    { TEXT("UserId"), .form = TRTC_FORM_LINE, .example = "\"alice\"",
      .help = "user of the window; if absent: the next to enter" },
    { INT("Alpha"), RANGE(0, 255), .fallback = "0", .example = "0",
      .help = "0 opaque, 255 transparent" },
    { INT("RenderMode"), .values = RENDER_VALUES, .fallback = "1", .example = "1",
      .help = RENDER_HELP },
    { INT("MediaId"), .values = "0 1", .fallback = "0", .example = "0",
      .help = "0 primary, 1 substream" },
    { INT("ImageLayer"), .fallback = "0", .example = "0",
      .help = "larger values are in front of smaller ones" },
    { TEXT("SubBackgroundImage"), .form = TRTC_FORM_PICTURE,
      .example = "\"https://example.com/away.png\"", .help = "shown while there is no picture" },
    END,
};

static const struct trtc_field mark_image[] = {
    { TEXT("WaterMarkUrl"), NEEDED, .form = TRTC_FORM_PICTURE, NOT_EMPTY,
      .example = "\"https://example.com/logo.png\"", .help = "address of a JPEG or PNG" },
    SIDE("Top", 2560, "20", "pixels from the top, inside the canvas"),
    SIDE("Left", 2560, "20", "pixels from the left"),
    SIDE("Width", 2560, "160", "pixels"),
    SIDE("Height", 2560, "90", "pixels"),
    END,
};

static const struct trtc_field mark_text[] = {
    { INT("Top"), NEEDED, .example = "20", .help = "pixels from the top, inside the canvas" },
    { INT("Left"), NEEDED, .example = "20", .help = "pixels from the left" },
    { INT("Width"), NEEDED, .example = "320", .help = "pixels" },
    { INT("Height"), NEEDED, .example = "40", .help = "pixels" },
    { TEXT("Chars"), NEEDED, NOT_EMPTY, .example = "\"class 7\"", .help = "the text" },
    { INT("FontSize"), .fallback = "14", .example = "24", .help = "pixels" },
    { TEXT("FontColor"), .form = TRTC_FORM_COLOUR_HEX, .example = "\"0xFFFFFF\"",
      .help = "0xRRGGBB; if absent: white" },
    { TEXT("BackGroundColor"), .form = TRTC_FORM_COLOUR_HEX, .example = "\"0x000000\"",
      .help = "0xRRGGBB; if absent: none" },
    FONT,
    END,
};

static const struct trtc_field mark_time[] = {
    { INT("Pos"), NEEDED, .values = "0 1 2 3 4 5 6", .example = "1",
      .help = "0 top left, 1 top right, 2 bottom left, 3 bottom right, 4 top centre, "
              "5 bottom centre, 6 centre" },
    { INT("TimeZone"), .fallback = "8", .example = "8", .help = "hours east of UTC" },
    FONT,
    END,
};

static const struct trtc_field mark[] = {
    { INT("WaterMarkType"), .values = "0 1 2", .fallback = "0", .example = "0",
      .help = "0 image, 1 text, 2 timestamp" },
    { OBJECT("WaterMarkImage", mark_image), .help = "for type 0" },
    { OBJECT("WaterMarkChar", mark_text), .aside = "instead of WaterMarkImage",
      .help = "for type 1" },
    { OBJECT("WaterMarkTimestamp", mark_time), .aside = "instead of WaterMarkImage",
      .help = "for type 2" },
    END,
};

static const struct trtc_field layout[] = {
    { INT("MixLayoutMode"), NEEDED, .values = "1 2 3 4", .example = "4",
      .help = "1 floating, 2 screen sharing, 3 grid, 4 custom" },
    { LIST("MixLayoutList", window), RANGE(0, 25), .help = "the windows of mode 4" },
    { TEXT("BackGroundColor"), .form = TRTC_FORM_COLOUR, .fallback = "\"#000000\"",
      .example = "\"#000000\"", .help = "of the canvas, #RRGGBB" },
    { TEXT("MaxResolutionUserId"), .form = TRTC_FORM_LINE, .example = "\"teacher\"",
      .help = "modes 1 and 2: user in the large window" },
    { INT("MediaId"), .values = "0 1", .fallback = "0", .example = "0",
      .help = "that user's stream: 0 primary, 1 substream" },
    { TEXT("BackgroundImageUrl"), .form = TRTC_FORM_PICTURE,
      .example = "\"https://example.com/wall.png\"", .help = "picture behind everything" },
    { INT("PlaceHolderMode"), .values = "0 1", .fallback = "0", .example = "0",
      .help = "a placeholder for reserved users who send nothing: 0 off, 1 on" },
    { INT("BackgroundImageRenderMode"), .values = RENDER_VALUES, .example = "1",
      .help = RENDER_HELP },
    { TEXT("DefaultSubBackgroundImage"), .form = TRTC_FORM_PICTURE,
      .example = "\"https://example.com/away.png\"",
      .help = "shown in each window without a picture" },
    { LIST("WaterMarkList", mark), RANGE(0, 25), .help = "marks drawn over the picture" },
    { INT("RenderMode"), .values = RENDER_VALUES, .example = "1",
      .help = "modes 1 to 3: " RENDER_HELP },
    { INT("MaxResolutionUserAlign"), .values = "0 1", .fallback = "0", .example = "0",
      .help = "mode 2: 0 large left, 1 large right" },
    { FLAG("PureAudioDisableLayout"), .fallback = "false", .example = "false",
      .help = "true: no window for users who send only sound" },
    END,
};

/* ---- the actions ---- */

static const struct trtc_field create[] = {
    SDKAPPID,
    { TEXT("RoomId"), NEEDED, RANGE(1, 64), .form = TRTC_FORM_LINE, .example = "\"3560\"",
      .help = "the room; a string even if it is a number" },
    { TEXT("UserId"), NEEDED, RANGE(1, 32), .form = TRTC_FORM_WORD, .example = "\"recorder_3560\"",
      .help = "id of the recording robot, unused by others (A-Za-z0-9_-)" },
    { TEXT("UserSig"), NEEDED, SECRET, NOT_EMPTY, .example = "\"YOUR-USERSIG\"",
      .help = "of the robot; valid longer than the recording" },
    { OBJECT("RecordParams", record), NEEDED, .help = "what is recorded" },
    { OBJECT("StorageParams", storage), NEEDED, .help = "where it is stored" },
    { INT("RoomIdType"), .values = "0 1", .fallback = "1", .example = "1",
      .help = "0 string room, 1 32-bit integer room" },
    { OBJECT("MixTranscodeParams", transcode), .help = "how a mix is encoded (RecordMode 2)" },
    { OBJECT("MixLayoutParams", layout), .help = "how a mix looks (RecordMode 2)" },
    { INT("ResourceExpiredHour"), RANGE(6, 720), .fallback = "72", .example = "72",
      .help = "hours during which the task can be described, modified and ended" },
    { TEXT("PrivateMapKey"), SECRET, NOT_EMPTY, .example = "\"YOUR-PRIVATEMAPKEY\"",
      .aside = "if the application has permission control",
      .help = "the robot's permission for the room" },
    END,
};

static const struct trtc_field describe[] = {
    SDKAPPID,
    TASKID,
    { TEXT("RecorderKey"), SECRET, NOT_EMPTY, .example = "\"YOUR-RECORDER-KEY\"",
      .only = "domestic", .aside = "for tasks of the relay API",
      .help = "the key that the relay task was started with" },
    END,
};

static const struct trtc_field modify[] = {
    SDKAPPID,
    TASKID,
    { OBJECT("MixLayoutParams", layout), .help = "how a mix looks from now on, in full" },
    { OBJECT("SubscribeStreamUserIds", subscribe),
      .help = "whose streams are recorded from now on, in full" },
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
