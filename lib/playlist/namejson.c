/* SPDX-License-Identifier: MIT */
/* File names as NDJSON objects. They are written by hand, since a batch of names spends most of its
 * time there. They are read with cJSON after checks that cJSON omits (UTF-8, NUL and control
 * characters, repeated keys, trailing text). */
#include "playlist/namejson.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "base/b64.h"
#include "base/json.h"
#include "base/text.h"
#include "playlist/put.h"

/* ---- writing ---- */

static char *put_u00(char *q, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    q = trtc_put_bytes(q, "\\u00", 4);
    *q++ = digits[c >> 4];
    *q++ = digits[c & 15];
    return q;
}

/* Writes the content of a JSON string; s is valid UTF-8. Control characters up to U+009F are
 * escaped, for the sake of terminals. */
static char *put_escaped(char *q, const unsigned char *s, size_t n)
{
    for (const unsigned char *end = s + n; s < end; s++) {
        unsigned char c = *s;
        if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
            *q++ = (char)c;
        } else if (c == '"' || c == '\\') {
            *q++ = '\\';
            *q++ = (char)c;
        } else if (c == '\n' || c == '\t' || c == '\r') {
            *q++ = '\\';
            *q++ = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
        } else if (c < 0x20 || c == 0x7f) {
            q = put_u00(q, c);
        } else if (c == 0xc2 && s[1] < 0xa0) {
            q = put_u00(q, *++s);
        } else {
            *q++ = (char)c;
        }
    }
    return q;
}

/* key is the beginning of a member: a comma, a quote and the name. */
static char *put_key(char *q, const char *key, bool as_text)
{
    q = trtc_put_word(q, key);
    return as_text ? TRTC_PUT(q, "\":\"") : TRTC_PUT(q, "_b64\":\"");
}

/* Converts the Base64 of a file name to the standard alphabet. */
static char *put_standard(char *q, const char *b64, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *q++ = b64[i] == '-' ? '/' : b64[i] == '.' ? '=' : b64[i];
    return q;
}

static char *put_text(char *q, const char *key, const char *s, size_t n)
{
    bool as_text = trtc_utf8_valid(s, n);
    q = put_key(q, key, as_text);
    if (as_text) {
        q = put_escaped(q, (const unsigned char *)s, n);
    } else {
        size_t len = trtc_b64_encode(s, n, q);
        q = put_standard(q, q, len);
    }
    *q++ = '"';
    return q;
}

/* Writes an id that is Base64 in the name. */
static char *put_id(char *q, const char *key, struct trtc_span b64, unsigned char *scratch)
{
    size_t len = 0, bad;
    bool as_text = trtc_b64_decode(b64.p, b64.n, scratch, &len, &bad) == 0 &&
                   trtc_utf8_valid(scratch, len) && !memchr(scratch, '\0', len);
    q = put_key(q, key, as_text);
    q = as_text ? put_escaped(q, scratch, len) : put_standard(q, b64.p, b64.n);
    *q++ = '"';
    return q;
}

static char *put_room(char *q, struct trtc_span room, enum trtc_room_type room_type,
                      unsigned char *scratch)
{
    if (room_type == TRTC_ROOM_AUTO)
        room_type = trtc_name_room_type(room);
    if (room_type == TRTC_ROOM_STRING)
        return TRTC_PUT(put_id(q, ",\"room", room, scratch), ",\"room_type\":\"string\"");
    q = trtc_put_bytes(TRTC_PUT(q, ",\"room\":\""), room.p, room.n);
    return TRTC_PUT(q, "\",\"room_type\":\"int\"");
}

/* Writes the name s. Only its directories can hold what needs an escape: the parser accepts no such
 * byte in a file name. */
static char *put_name(char *q, const struct trtc_name *name, const char *s, size_t n)
{
    const size_t dirs = n - name->file.n;
    if (!trtc_utf8_valid(s, dirs))
        return put_text(q, ",\"name", s, n);
    q = put_escaped(TRTC_PUT(q, ",\"name\":\""), (const unsigned char *)s, dirs);
    q = trtc_put_bytes(q, name->file.p, name->file.n);
    *q++ = '"';
    return q;
}

size_t trtc_namejson_write(const struct trtc_name *name, const char *s, size_t n,
                           enum trtc_room_type room_type, char *out, unsigned char *scratch)
{
    char *q = trtc_put_number(TRTC_PUT(out, "{\"sdkappid\":"), name->sdkappid);
    q = put_room(q, name->room, room_type, scratch);
    if (name->user.p) {
        q = TRTC_PUT(put_id(q, ",\"user", name->user, scratch), ",\"media\":\"");
        q = TRTC_PUT(trtc_put_word(q, trtc_name_media(name->media)), "\"");
    }
    if (name->type) {
        q = trtc_put_word(TRTC_PUT(q, ",\"type\":\""), trtc_name_type(name->type));
        q = TRTC_PUT(q, "\"");
    }
    if (name->utc.p) {
        q = trtc_put_bytes(TRTC_PUT(q, ",\"utc\":\""), name->utc.p, name->utc.n);
        q = TRTC_PUT(q, "\"");
    }
    if (name->index)
        q = trtc_put_number(TRTC_PUT(q, ",\"index\":"), name->index);
    q = trtc_put_word(TRTC_PUT(q, ",\"ext\":\""), trtc_name_ext(name->ext));
    q = TRTC_PUT(q, "\"");
    if (name->ha)
        q = trtc_put_number(TRTC_PUT(q, ",\"ha\":"), name->ha);
    if (name->task.p)
        q = put_text(q, ",\"task", name->task.p, name->task.n);
    if (name->prefix.p)
        q = put_text(q, ",\"prefix", name->prefix.p, name->prefix.n);
    q = name->user.p ? TRTC_PUT(q, ",\"mode\":\"single\"") : TRTC_PUT(q, ",\"mode\":\"mixed\"");
    if (name->utc_ms != TRTC_NOTIME)
        q = trtc_put_number(TRTC_PUT(q, ",\"utc_ms\":"), name->utc_ms);
    q = TRTC_PUT(put_name(q, name, s, n), "}");
    return (size_t)(q - out);
}

/* ---- reading ---- */

enum key {
    KEY_SDKAPPID,
    KEY_ROOM,
    KEY_ROOM_B64,
    KEY_ROOM_TYPE,
    KEY_USER,
    KEY_USER_B64,
    KEY_MEDIA,
    KEY_TYPE,
    KEY_UTC,
    KEY_UTC_MS,
    KEY_INDEX,
    KEY_EXT,
    KEY_HA,
    KEY_TASK,
    KEY_TASK_B64,
    KEY_PREFIX,
    KEY_PREFIX_B64,
    KEY_MODE,
    KEY_NAME,
    KEY_NAME_B64,
    NB_KEYS,
};

static const struct {
    const char *name;
    bool number;
} keys[NB_KEYS] = {
    [KEY_SDKAPPID] = { "sdkappid", true },
    [KEY_ROOM] = { "room", false },
    [KEY_ROOM_B64] = { "room_b64", false },
    [KEY_ROOM_TYPE] = { "room_type", false },
    [KEY_USER] = { "user", false },
    [KEY_USER_B64] = { "user_b64", false },
    [KEY_MEDIA] = { "media", false },
    [KEY_TYPE] = { "type", false },
    [KEY_UTC] = { "utc", false },
    [KEY_UTC_MS] = { "utc_ms", true },
    [KEY_INDEX] = { "index", true },
    [KEY_EXT] = { "ext", false },
    [KEY_HA] = { "ha", true },
    [KEY_TASK] = { "task", false },
    [KEY_TASK_B64] = { "task_b64", false },
    [KEY_PREFIX] = { "prefix", false },
    [KEY_PREFIX_B64] = { "prefix_b64", false },
    [KEY_MODE] = { "mode", false },
    [KEY_NAME] = { "name", false },
    [KEY_NAME_B64] = { "name_b64", false },
};

/* The value of each key in an object; NULL: absent. */
struct object {
    const cJSON *item[NB_KEYS];
    char *free; /* the unused part of the caller's scratch */
};

static int reject(struct trtc_err *err, const char *why)
{
    return trtc_fail(err, TRTC_EX_DATAERR, "%s", why);
}

/* Refuses what cJSON accepts but JSON, or a C string, does not. */
static int check_text(const char *s, size_t n, struct trtc_err *err)
{
    bool in_string = false;
    if (!trtc_utf8_valid(s, n))
        return reject(err, "the object is not UTF-8: such ids go into user_b64 or room_b64");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"') {
            in_string = !in_string;
        } else if (c < 0x20 && (in_string || (c != '\t' && c != '\r' && c != '\n'))) {
            return trtc_fail(err, TRTC_EX_DATAERR, "a control character (0x%02x) in the object", c);
        } else if (c == '\\' && in_string) {
            if (n - i > 5 && memcmp(s + i, "\\u0000", 6) == 0)
                return reject(err,
                              "a NUL character in a string: such ids go into user_b64 or room_b64");
            i++;
        }
    }
    return 0;
}

static int find_key(const char *name)
{
    for (int k = 0; k < NB_KEYS; k++)
        if (strcmp(keys[k].name, name) == 0)
            return k;
    return -1;
}

static int sort_items(const cJSON *root, struct object *obj, struct trtc_err *err)
{
    bool seen[NB_KEYS] = { false };
    const cJSON *item;
    cJSON_ArrayForEach(item, root)
    {
        int k = find_key(item->string);
        if (k < 0) {
            char shown[64];
            return trtc_fail(
                err, TRTC_EX_DATAERR, "unknown key '%s'",
                trtc_text_show(item->string, strlen(item->string), shown, sizeof shown));
        }
        if (seen[k])
            return trtc_fail(err, TRTC_EX_DATAERR, "the key '%s' appears twice", keys[k].name);
        seen[k] = true;
        if (cJSON_IsNull(item))
            continue;
        if (keys[k].number ? !cJSON_IsNumber(item) : !cJSON_IsString(item))
            return trtc_fail(err, TRTC_EX_DATAERR, "'%s' must be a %s", keys[k].name,
                             keys[k].number ? "number" : "string");
        obj->item[k] = item;
    }
    return 0;
}

struct range {
    int64_t min, max;
};

static int read_integer(const struct object *obj, enum key key, struct range r, int64_t *out,
                        struct trtc_err *err)
{
    const int64_t min = r.min, max = r.max;
    if (!obj->item[key])
        return 0;
    double value = obj->item[key]->valuedouble;
    if (!(value >= (double)min && value <= (double)max) || value != (double)(int64_t)value)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "'%s' is not an integer from %" PRId64 " to %" PRId64, keys[key].name, min,
                         max);
    *out = (int64_t)value;
    return 0;
}

/* Reads one of two or three words (the third may be NULL); *out is its number, from 1. */
static int read_word(const struct object *obj, enum key key, const char *const words[3], int *out,
                     struct trtc_err *err)
{
    if (!obj->item[key])
        return 0;
    const char *s = obj->item[key]->valuestring;
    for (int i = 0; i < 3 && words[i]; i++) {
        if (strcmp(s, words[i]) == 0) {
            *out = i + 1;
            return 0;
        }
    }
    return trtc_fail(err, TRTC_EX_DATAERR, "'%s' must be %s%s%s%s%s", keys[key].name, words[0],
                     words[2] ? ", " : " or ", words[1], words[2] ? " or " : "",
                     words[2] ? words[2] : "");
}

/* Takes n bytes from the scratch. */
static char *take(struct object *obj, size_t n)
{
    char *p = obj->free;
    obj->free += n;
    return p;
}

/* Reads standard Base64 and converts it to the alphabet of names. */
static int read_b64(struct object *obj, enum key key, struct trtc_span *out, struct trtc_err *err)
{
    const char *s = obj->item[key]->valuestring;
    size_t n = strlen(s), bad = 0;
    char *p = take(obj, n);
    bool ok = !strpbrk(s, "-.");
    for (size_t i = 0; i < n; i++)
        p[i] = s[i] == '/' ? '-' : s[i] == '=' ? '.' : s[i];
    if (!ok || trtc_b64_check(p, n, &bad) < 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "'%s' is not valid standard Base64", keys[key].name);
    *out = (struct trtc_span){ p, n };
    return 0;
}

static int exclude(const struct object *obj, enum key a, enum key b, struct trtc_err *err)
{
    if (obj->item[a] && obj->item[b])
        return trtc_fail(err, TRTC_EX_DATAERR, "'%s' and '%s' exclude each other", keys[a].name,
                         keys[b].name);
    return 0;
}

/* Reads a directory: as text, or as bytes in Base64. */
static int read_dir(struct object *obj, enum key text, enum key b64, struct trtc_span *out,
                    struct trtc_err *err)
{
    if (exclude(obj, text, b64, err) < 0)
        return -1;
    if (obj->item[text]) {
        const char *s = obj->item[text]->valuestring;
        size_t n = strlen(s);
        *out = (struct trtc_span){ memcpy(take(obj, n), s, n), n };
        return 0;
    }
    if (!obj->item[b64])
        return 0;
    struct trtc_span coded;
    if (read_b64(obj, b64, &coded, err) < 0)
        return -1;
    size_t len, bad;
    char *p = take(obj, TRTC_B64_DECODED_MAX(coded.n));
    if (trtc_b64_decode(coded.p, coded.n, (unsigned char *)p, &len, &bad) < 0)
        return reject(err, "Base64"); /* already checked above */
    *out = (struct trtc_span){ p, len };
    return 0;
}

static int read_room(struct object *obj, struct trtc_span *room, struct trtc_err *err)
{
    static const char *const words[3] = { "int", "string" };
    int word = 0;
    if (exclude(obj, KEY_ROOM, KEY_ROOM_B64, err) < 0 ||
        read_word(obj, KEY_ROOM_TYPE, words, &word, err) < 0)
        return -1;
    if (obj->item[KEY_ROOM_B64])
        return word == 1 ? reject(err, "'room_b64' has the room_type string")
                         : read_b64(obj, KEY_ROOM_B64, room, err);
    if (!obj->item[KEY_ROOM])
        return reject(err, "the key 'room' is missing");
    const char *s = obj->item[KEY_ROOM]->valuestring;
    size_t n = strlen(s);
    char *text = memcpy(take(obj, n), s, n);
    enum trtc_room_type type = word == 1   ? TRTC_ROOM_INT
                               : word == 2 ? TRTC_ROOM_STRING
                                           : TRTC_ROOM_AUTO;
    return trtc_name_room(text, n, type, take(obj, TRTC_B64_ENCODED_MAX(n)), room, err);
}

static int read_user(struct object *obj, struct trtc_span *user, struct trtc_err *err)
{
    if (exclude(obj, KEY_USER, KEY_USER_B64, err) < 0)
        return -1;
    if (obj->item[KEY_USER_B64])
        return read_b64(obj, KEY_USER_B64, user, err);
    if (obj->item[KEY_USER]) {
        const char *s = obj->item[KEY_USER]->valuestring;
        size_t n = strlen(s);
        char *p = take(obj, TRTC_B64_ENCODED_MAX(n));
        *user = (struct trtc_span){ p, trtc_b64_encode(s, n, p) };
    }
    return 0;
}

static int read_utc(const struct object *obj, int64_t *utc_ms, struct trtc_err *err)
{
    int64_t ms = TRTC_NOTIME;
    if (read_integer(obj, KEY_UTC_MS, (struct range){ 0, INT64_C(253402300799999) }, &ms, err) < 0)
        return -1;
    *utc_ms = ms;
    if (!obj->item[KEY_UTC])
        return 0;
    const char *s = obj->item[KEY_UTC]->valuestring;
    if (strlen(s) != TRTC_UTC_LEN || trtc_utc_parse17(s, utc_ms) < 0)
        return reject(err, "'utc' is not a time of 17 digits");
    if (ms != TRTC_NOTIME && ms != *utc_ms)
        return reject(err, "'utc' and 'utc_ms' are different times");
    return 0;
}

static int read_parts(struct object *obj, struct trtc_name *out, struct trtc_err *err)
{
    static const char *const media[3] = { "main", "aux" };
    static const char *const types[3] = { "audio", "video" };
    static const char *const exts[3] = { "m3u8", "ts", "mp4" };
    int64_t ha = 0;
    int media_nr = 0, type_nr = 0, ext_nr = 0;
    if (!obj->item[KEY_SDKAPPID])
        return reject(err, "the key 'sdkappid' is missing");
    if (!obj->item[KEY_EXT])
        return reject(err, "the key 'ext' is missing");
    if (read_integer(obj, KEY_SDKAPPID, (struct range){ 0, TRTC_NAME_SDKAPPID_MAX }, &out->sdkappid,
                     err) < 0 ||
        read_room(obj, &out->room, err) < 0 || read_user(obj, &out->user, err) < 0 ||
        read_word(obj, KEY_MEDIA, media, &media_nr, err) < 0 ||
        read_word(obj, KEY_TYPE, types, &type_nr, err) < 0 ||
        read_utc(obj, &out->utc_ms, err) < 0 ||
        read_integer(obj, KEY_INDEX, (struct range){ 1, TRTC_NAME_INDEX_MAX }, &out->index, err) <
            0 ||
        read_word(obj, KEY_EXT, exts, &ext_nr, err) < 0 ||
        read_integer(obj, KEY_HA, (struct range){ 1, TRTC_NAME_HA_MAX }, &ha, err) < 0 ||
        read_dir(obj, KEY_TASK, KEY_TASK_B64, &out->task, err) < 0 ||
        read_dir(obj, KEY_PREFIX, KEY_PREFIX_B64, &out->prefix, err) < 0)
        return -1;
    out->ha = (int)ha;
    out->media = (enum trtc_media)media_nr;
    out->type = (enum trtc_kind)type_nr;
    out->ext = (enum trtc_ext)(ext_nr - 1);
    return 0;
}

int trtc_namejson_read(const char *json, size_t n, struct trtc_name *out, char *scratch,
                       struct trtc_err *err)
{
    int ret = -1;
    struct object obj = { .free = scratch };
    const char *rest = json;
    cJSON *root = NULL;
    *out = (struct trtc_name){ .utc_ms = TRTC_NOTIME };

    if (check_text(json, n, err) < 0)
        goto done;
    root = cJSON_ParseWithLengthOpts(json, n, &rest, false);
    if (!root) {
        size_t pos;
        if (trtc_json_is(json, n, &pos))
            trtc_fail_nomem(err);
        else
            trtc_fail(err, TRTC_EX_DATAERR, "column %zu: not a JSON object", pos + 1);
        goto done;
    }
    while (rest < json + n && (*rest == ' ' || *rest == '\t' || *rest == '\r' || *rest == '\n'))
        rest++;
    if (rest < json + n) {
        trtc_fail(err, TRTC_EX_DATAERR, "column %zu: something follows the object",
                  (size_t)(rest - json) + 1);
        goto done;
    }
    if (!cJSON_IsObject(root)) {
        reject(err, "not a JSON object");
        goto done;
    }
    if (sort_items(root, &obj, err) < 0)
        goto done;
    ret = read_parts(&obj, out, err);
done:
    cJSON_Delete(root);
    return ret;
}
