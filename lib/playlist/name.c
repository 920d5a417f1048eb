/* SPDX-License-Identifier: MIT */
/* Recording file names: one reader and one writer for all forms.
 *
 *   name   = [ [ prefix "/" ] task "/" ] file
 *   file   = [ "ha" 1-3 "_" ] sdkappid "_" room [ user ] [ "_" digits ] "." ext
 *   user   = "__UserId_s_" base64 "__UserId_e_" ( "main" / "aux" ) [ "_" ( "audio" / "video" ) ]
 *
 * digits is the UTC time of a segment, or the index of a playlist or an MP4. This Base64 has no
 * '_', so that each part ends at the next '_'. The extension is read first and the rest from the
 * left; an error is reported with its column. */
#include "playlist/name.h"

#include <string.h>

#include "base/b64.h"
#include "base/text.h"
#include "playlist/put.h"

#define SHOWN       200
#define USER_START  "__UserId_s_"
#define USER_END    "__UserId_e_"
#define EXT_UNKNOWN (-1)

/* The state of the reader: s[at] is the next byte, s[end] the first one after the stem. */
struct reader {
    const char *s;
    size_t at, end;
    const char *why; /* what is wrong at s[at] */
};

static bool fault(struct reader *r, size_t at, const char *why)
{
    r->at = at;
    r->why = why;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool looking_at(const struct reader *r, const char *word, size_t n)
{
    return r->end - r->at >= n && memcmp(r->s + r->at, word, n) == 0;
}

static bool take_literal(struct reader *r, const char *word, const char *why)
{
    size_t i = r->at;
    for (; *word; word++, i++)
        if (i == r->end || r->s[i] != *word)
            return fault(r, i, why);
    r->at = i;
    return true;
}

/* Reads a number as the writer writes it: no sign, no leading zero. max is at most 2^53. */
static bool take_number(struct reader *r, int64_t min, int64_t max, int64_t *out, const char *why)
{
    size_t i = r->at;
    int64_t value = 0;
    if (i == r->end || !is_digit(r->s[i]) || (min > 0 && r->s[i] == '0'))
        return fault(r, i, why);
    for (; i < r->end && is_digit(r->s[i]); i++) {
        if (i > r->at && r->s[r->at] == '0')
            return fault(r, i, "a leading zero");
        value = value * 10 + (r->s[i] - '0');
        if (value > max)
            return fault(r, i, why);
    }
    r->at = i;
    *out = value;
    return true;
}

/* Takes the text up to the next '_' or the end of the stem. */
static struct trtc_span take_token(struct reader *r)
{
    const char *p = r->s + r->at;
    size_t n = r->end - r->at;
    const char *stop = memchr(p, '_', n);
    if (stop)
        n = (size_t)(stop - p);
    r->at += n;
    return (struct trtc_span){ p, n };
}

enum trtc_room_type trtc_name_room_type(struct trtc_span room)
{
    struct reader r = { .s = room.p, .end = room.n };
    int64_t value;
    return take_number(&r, 1, TRTC_NAME_ROOM_MAX, &value, "") && r.at == r.end ? TRTC_ROOM_INT
                                                                               : TRTC_ROOM_STRING;
}

static bool take_room(struct reader *r, enum trtc_room_type room_type, struct trtc_span *room)
{
    static const char no_number[] = "expected a room number from 1 to 4294967295";
    size_t start = r->at, bad;
    *room = take_token(r);
    if (!room->n)
        return fault(r, start, "the room is missing");
    if (room_type == TRTC_ROOM_INT) {
        struct reader digits = { .s = r->s, .at = start, .end = r->at };
        int64_t value;
        if (!take_number(&digits, 1, TRTC_NAME_ROOM_MAX, &value, no_number) ||
            digits.at < digits.end)
            return fault(r, digits.at, no_number);
        return true;
    }
    if (room_type == TRTC_ROOM_AUTO && trtc_name_room_type(*room) == TRTC_ROOM_INT)
        return true;
    if (trtc_b64_check(room->p, room->n, &bad) < 0)
        return fault(r, start + bad,
                     room_type == TRTC_ROOM_AUTO
                         ? "the room is neither a number from 1 to 4294967295 nor valid Base64"
                         : "the room is not valid Base64");
    return true;
}

static bool take_type(struct reader *r, enum trtc_kind *type)
{
    /* digits may follow the '_'; they are read later */
    if (r->end - r->at < 2 || r->s[r->at] != '_' || is_digit(r->s[r->at + 1]))
        return true;
    r->at++;
    size_t start = r->at;
    struct trtc_span word = take_token(r);
    if (word.n == 5 && memcmp(word.p, "audio", 5) == 0)
        *type = TRTC_AUDIO;
    else if (word.n == 5 && memcmp(word.p, "video", 5) == 0)
        *type = TRTC_VIDEO;
    else
        return fault(r, start, "expected audio or video");
    return true;
}

static bool take_user(struct reader *r, struct trtc_name *out)
{
    if (!take_literal(r, USER_START, "expected " USER_START))
        return false;
    size_t start = r->at, bad;
    out->user = take_token(r);
    if (trtc_b64_check(out->user.p, out->user.n, &bad) < 0)
        return fault(r, start + bad, "the user is not valid Base64");
    if (!take_literal(r, USER_END, "expected " USER_END))
        return false;
    start = r->at;
    struct trtc_span word = take_token(r);
    if (word.n == 4 && memcmp(word.p, "main", 4) == 0)
        out->media = TRTC_MEDIA_MAIN;
    else if (word.n == 3 && memcmp(word.p, "aux", 3) == 0)
        out->media = TRTC_MEDIA_AUX;
    else
        return fault(r, start, "expected main or aux");
    return true;
}

static bool take_ha(struct reader *r, int *ha)
{
    if (r->at == r->end || r->s[r->at] != 'h')
        return true;
    if (!take_literal(r, "ha", "expected ha1_, ha2_, ha3_ or the SdkAppId"))
        return false;
    if (r->at == r->end || r->s[r->at] < '1' || r->s[r->at] > '0' + TRTC_NAME_HA_MAX)
        return fault(r, r->at, "expected ha1_, ha2_ or ha3_");
    *ha = r->s[r->at++] - '0';
    return take_literal(r, "_", "expected _ after ha and its number");
}

static bool take_utc(struct reader *r, struct trtc_name *out)
{
    size_t n = 0;
    while (n < TRTC_UTC_LEN && r->at + n < r->end && is_digit(r->s[r->at + n]))
        n++;
    if (n < TRTC_UTC_LEN)
        return fault(r, r->at + n, "expected the 17 digits of a UTC");
    if (trtc_utc_parse17(r->s + r->at, &out->utc_ms) < 0)
        return fault(r, r->at, "no such time");
    out->utc = (struct trtc_span){ r->s + r->at, n };
    r->at += n;
    return true;
}

/* Reads what follows the room or the user, depending on the extension. */
static bool take_tail(struct reader *r, int ext, struct trtc_name *out)
{
    if (r->at == r->end)
        return ext != TRTC_EXT_TS || fault(r, r->at, "a .ts name needs the UTC of its start here");
    if (!take_literal(r, "_", "expected _ or the end of the name"))
        return false;
    if (ext == TRTC_EXT_TS) {
        if (!take_utc(r, out))
            return false;
    } else if (ext == EXT_UNKNOWN) {
        while (r->at < r->end && is_digit(r->s[r->at]))
            r->at++;
    } else if (!take_number(r, 1, TRTC_NAME_INDEX_MAX, &out->index, "expected an index from 1")) {
        return false;
    }
    return r->at == r->end || fault(r, r->at, "expected the end of the name");
}

static bool take_stem(struct reader *r, int ext, enum trtc_room_type room_type,
                      struct trtc_name *out)
{
    size_t start = r->at;
    if (!take_ha(r, &out->ha))
        return false;
    if (out->ha && ext == TRTC_EXT_MP4)
        return fault(r, start, "an MP4 has no recovered (ha) form");
    if (!take_number(r, 0, TRTC_NAME_SDKAPPID_MAX, &out->sdkappid,
                     "expected an SdkAppId up to 4294967295") ||
        !take_literal(r, "_", "expected _ and the room") || !take_room(r, room_type, &out->room))
        return false;
    if (looking_at(r, "__", 2)) {
        if (!take_user(r, out))
            return false;
        size_t type_at = r->at;
        if (!take_type(r, &out->type))
            return false;
        if (out->type && ext == TRTC_EXT_MP4)
            return fault(r, type_at, "an MP4 has neither _audio nor _video");
        if (!out->type && (ext == TRTC_EXT_M3U8 || ext == TRTC_EXT_TS))
            return fault(r, type_at, "expected _audio or _video");
    }
    return take_tail(r, ext, out);
}

/* Whether the file name ends with end, which then ends the stem. */
static inline bool take_ext(struct reader *r, size_t n, const char *end, size_t k)
{
    if (n - r->at < k || memcmp(r->s + n - k, end, k) != 0)
        return false;
    r->end = n - k;
    return true;
}

/* Finds the extension and ends the stem before it. An unknown extension is removed too, so that the
 * rest can still be checked. */
static int read_ext(struct reader *r, size_t n)
{
    if (take_ext(r, n, ".ts", 3))
        return TRTC_EXT_TS;
    if (take_ext(r, n, ".m3u8", 5))
        return TRTC_EXT_M3U8;
    if (take_ext(r, n, ".mp4", 4))
        return TRTC_EXT_MP4;
    r->end = n;
    for (size_t i = n; i > r->at; i--) {
        if (r->s[i - 1] == '.') {
            r->end = i - 1;
            break;
        }
    }
    return EXT_UNKNOWN;
}

/* Splits off the directories and returns the offset of the file name. The slashes are searched from
 * the front, since most names have none and memchr is fast. */
static size_t read_dirs(const char *s, size_t n, struct trtc_name *out)
{
    const char *task = NULL, *file = s, *slash;
    while ((slash = memchr(file, '/', (size_t)(s + n - file)))) {
        task = file;
        file = slash + 1;
    }
    out->file = (struct trtc_span){ file, (size_t)(s + n - file) };
    if (task)
        out->task = (struct trtc_span){ task, (size_t)(file - 1 - task) };
    if (task && task > s)
        out->prefix = (struct trtc_span){ s, (size_t)(task - 1 - s) };
    return (size_t)(file - s);
}

static bool read_name(struct reader *r, size_t n, enum trtc_room_type room_type,
                      struct trtc_name *out)
{
    const char *nul = memchr(r->s, '\0', n);
    if (nul)
        return fault(r, (size_t)(nul - r->s), "a NUL byte");
    r->at = read_dirs(r->s, n, out);
    int ext = read_ext(r, n);
    if (!take_stem(r, ext, room_type, out))
        return false;
    if (ext == EXT_UNKNOWN)
        return fault(r, r->end, "expected .m3u8, .ts or .mp4");
    out->ext = (enum trtc_ext)ext;
    return true;
}

int trtc_name_parse(const char *s, size_t n, enum trtc_room_type room_type, struct trtc_name *out,
                    size_t *column, struct trtc_err *err)
{
    struct reader r = { .s = s, .end = n };
    *out = (struct trtc_name){ .utc_ms = TRTC_NOTIME };
    if (n ? read_name(&r, n, room_type, out) : fault(&r, 0, "an empty name"))
        return 0;
    if (column)
        *column = r.at + 1;
    if (!err)
        return -1;
    char shown[SHOWN];
    return trtc_fail(err, TRTC_EX_DATAERR, "'%s': column %zu: %s",
                     trtc_text_show(s, n, shown, sizeof shown), r.at + 1, r.why);
}

const char *trtc_name_ext(enum trtc_ext ext)
{
    return ext == TRTC_EXT_M3U8 ? "m3u8" : ext == TRTC_EXT_TS ? "ts" : "mp4";
}

const char *trtc_name_media(enum trtc_media media)
{
    return media == TRTC_MEDIA_MAIN ? "main" : media == TRTC_MEDIA_AUX ? "aux" : "";
}

const char *trtc_name_type(enum trtc_kind type)
{
    return type == TRTC_AUDIO ? "audio" : type == TRTC_VIDEO ? "video" : "";
}

static int reject(struct trtc_err *err, const char *why)
{
    return trtc_fail(err, TRTC_EX_DATAERR, "%s", why);
}

static bool span_has(struct trtc_span span, char c)
{
    return span.n && memchr(span.p, c, span.n);
}

static int check_dirs(const struct trtc_name *name, struct trtc_err *err)
{
    if (name->prefix.p && !name->task.p)
        return reject(err, "a prefix needs a task: the last directory of a name is the task's");
    if (span_has(name->task, '/'))
        return reject(err, "the task holds a '/'");
    if (span_has(name->task, '\0') || span_has(name->prefix, '\0'))
        return reject(err, "the prefix or the task holds a NUL byte");
    return 0;
}

static int check_user(const struct trtc_name *name, struct trtc_err *err)
{
    size_t bad;
    if (!name->user.p)
        return name->media || name->type ? reject(err, "media and type need a user") : 0;
    if (!name->media)
        return reject(err, "a user needs a media: main or aux");
    if (trtc_b64_check(name->user.p, name->user.n, &bad) < 0)
        return reject(err, "the user is not valid Base64");
    if (name->ext == TRTC_EXT_MP4)
        return name->type ? reject(err, "an MP4 has no type (audio or video)") : 0;
    return name->type ? 0
                      : reject(err, "a playlist or segment of a user needs a type: audio or video");
}

static int check_tail(const struct trtc_name *name, struct trtc_err *err)
{
    bool utc = name->utc_ms != TRTC_NOTIME;
    if (name->ext != TRTC_EXT_TS) {
        if (utc)
            return reject(err, "only a .ts has a utc");
        if (name->index < 0 || name->index > TRTC_NAME_INDEX_MAX)
            return reject(err, "the index is not within 1 to 9007199254740991");
        return 0;
    }
    if (!utc)
        return reject(err, "a .ts needs a utc, such as 20260120113022495");
    if (name->index)
        return reject(err, "a .ts has no index");
    char text[TRTC_UTC_LEN + 1];
    int64_t back;
    trtc_utc_format17(name->utc_ms, text);
    if (trtc_utc_parse17(text, &back) < 0 || back != name->utc_ms)
        return reject(err, "the utc is not within the years 1970 to 9999");
    return 0;
}

int trtc_name_check(const struct trtc_name *name, struct trtc_err *err)
{
    size_t bad;
    if (check_dirs(name, err) < 0)
        return -1;
    if (name->ha < 0 || name->ha > TRTC_NAME_HA_MAX)
        return reject(err, "ha is not within 1 to 3");
    if (name->ha && name->ext == TRTC_EXT_MP4)
        return reject(err, "an MP4 has no recovered (ha) form");
    if (name->sdkappid < 0 || name->sdkappid > TRTC_NAME_SDKAPPID_MAX)
        return reject(err, "the sdkappid is not within 0 to 4294967295");
    if (!name->room.n)
        return reject(err, "the room is missing or empty");
    if (trtc_name_room_type(name->room) != TRTC_ROOM_INT &&
        trtc_b64_check(name->room.p, name->room.n, &bad) < 0)
        return reject(err, "the room is neither a number from 1 to 4294967295 nor valid Base64");
    if (check_user(name, err) < 0)
        return -1;
    return check_tail(name, err);
}

int trtc_name_room(const char *text, size_t n, enum trtc_room_type room_type, char *out,
                   struct trtc_span *room, struct trtc_err *err)
{
    struct trtc_span span = { text, n };
    enum trtc_room_type is = trtc_name_room_type(span);
    if (room_type == TRTC_ROOM_AUTO)
        room_type = is;
    if (room_type == TRTC_ROOM_INT && is != TRTC_ROOM_INT)
        return reject(err, "the room of type int is not a number from 1 to 4294967295");
    *room = room_type == TRTC_ROOM_INT ? span
                                       : (struct trtc_span){ out, trtc_b64_encode(text, n, out) };
    return 0;
}

size_t trtc_name_size(const struct trtc_name *name)
{
    /* constant parts: ha3_, ten digits, the words around the user, 20 digits, .m3u8, slashes,
     * NUL */
    return name->prefix.n + name->task.n + name->room.n + name->user.n + 96;
}

static char *put_dirs(char *q, const struct trtc_name *name)
{
    if (name->prefix.p) {
        q = trtc_put_bytes(q, name->prefix.p, name->prefix.n);
        *q++ = '/';
    }
    if (name->task.p) {
        q = trtc_put_bytes(q, name->task.p, name->task.n);
        *q++ = '/';
    }
    return q;
}

static char *put_user(char *q, const struct trtc_name *name)
{
    q = trtc_put_word(q, USER_START);
    q = trtc_put_bytes(q, name->user.p, name->user.n);
    q = trtc_put_word(q, USER_END);
    q = trtc_put_word(q, trtc_name_media(name->media));
    if (name->type) {
        *q++ = '_';
        q = trtc_put_word(q, trtc_name_type(name->type));
    }
    return q;
}

int trtc_name_format(const struct trtc_name *name, char *out, size_t size, size_t *len,
                     struct trtc_err *err)
{
    if (trtc_name_check(name, err) < 0)
        return -1;
    if (size < trtc_name_size(name))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "buffer of %zu bytes for a name of up to %zu", size,
                         trtc_name_size(name));
    char *q = put_dirs(out, name);
    if (name->ha) {
        q = trtc_put_word(q, "ha");
        *q++ = (char)('0' + name->ha);
        *q++ = '_';
    }
    q = trtc_put_number(q, name->sdkappid);
    *q++ = '_';
    q = trtc_put_bytes(q, name->room.p, name->room.n);
    if (name->user.p)
        q = put_user(q, name);
    if (name->ext == TRTC_EXT_TS) {
        *q++ = '_';
        trtc_utc_format17(name->utc_ms, q);
        q += TRTC_UTC_LEN;
    } else if (name->index) {
        *q++ = '_';
        q = trtc_put_number(q, name->index);
    }
    *q++ = '.';
    q = trtc_put_word(q, trtc_name_ext(name->ext));
    *q = '\0';
    if (len)
        *len = (size_t)(q - out);
    return 0;
}
