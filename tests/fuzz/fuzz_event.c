/* SPDX-License-Identifier: MIT */
/* Callback bodies under libFuzzer: what is taken out of them is JSON again, and says the same. */
#include <cjson/cJSON.h>
#include <string.h>

#include "api/event_make.h"
#include "api/events.h"
#include "base/json.h"
#include "fuzz/fuzz.h"
#include "serve/spool.h"

/* JSON that was cut out of a body: it can be read, and holds no blank that could end a line. */
static void is_json(const char *text)
{
    struct trtc_err err = { 0 };
    size_t pos;

    if (!text)
        return;
    check(trtc_json_is(text, strlen(text), &pos) && pos == strlen(text));
    check(!strpbrk(text, "\n\r"));
    cJSON *json = trtc_json_parse("payload", text, strlen(text), &err);
    check(json != NULL);
    cJSON_Delete(json);
}

/* Another event with other blanks is the same one. */
static void same_again(const struct trtc_event *e, int64_t sdkappid)
{
    char id[TRTC_EVENT_ID_LEN + 1], again[TRTC_EVENT_ID_LEN + 1];
    struct trtc_event f;
    struct trtc_err err = { 0 };
    char *body = text_of((const uint8_t *)e->body, e->body_bytes);

    check(trtc_event_parse(body, e->body_bytes, &f, &err) == 0);
    check(trtc_event_id(e, sdkappid, id) == 0 && trtc_event_id(&f, sdkappid, again) == 0);
    check(f.wrapped || strcmp(id, again) == 0);
    trtc_event_fini(&f);
    free(body);
}

static void as_event(const char *text, size_t n)
{
    struct trtc_event e;
    struct trtc_err err = { 0 };
    char name[TRTC_SPOOL_NAME_MAX];
    int64_t ms, type;

    if (trtc_event_parse(text, n, &e, &err) < 0) {
        check(err.code == TRTC_EX_DATAERR && err.msg[0]);
        return;
    }
    is_json(e.payload);
    is_json(e.info);
    same_again(&e, 1);
    cJSON *line = trtc_event_line(&e, 1);
    char *shown = cJSON_PrintUnformatted(line);
    is_json(shown);
    trtc_spool_name(e.event_ms == TRTC_NOTIME ? 0 : e.event_ms, e.type, "0a", name);
    check(trtc_spool_name_parts(name, &ms, &type) && type == e.type);
    cJSON_free(shown);
    cJSON_Delete(line);
    trtc_event_fini(&e);
}

/* PATH=VALUE of a member. */
static void as_path(const char *text, size_t n)
{
    char *copy = text_of((const uint8_t *)text, n), *value = strchr(copy, '=');
    cJSON *json = cJSON_CreateObject();
    struct trtc_err err = { 0 };

    if (value) {
        *value++ = '\0';
        if (trtc_event_set(&json, copy, value, &err) < 0)
            check(err.code == TRTC_EX_USAGE);
    }
    cJSON_Delete(json);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    int64_t ms, type;

    as_event(text, size);
    as_path(text, size);
    trtc_spool_name_parts(text, &ms, &type);
    free(text);
    return 0;
}
