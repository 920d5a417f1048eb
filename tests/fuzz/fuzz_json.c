/* SPDX-License-Identifier: MIT */
/* JSON from outside under libFuzzer: requests, layouts, scripts of a mix, answers of the service, lists of files. */
#include <cjson/cJSON.h>
#include <limits.h>

#include "api/api.h"
#include "api/files.h"
#include "base/json.h"
#include "fuzz/fuzz.h"
#include "layout/layout.h"
#include "layout/mixset.h"
#include "net/call.h"

static void refused(const struct trtc_err *err)
{
    check(err->code >= TRTC_EX_USAGE && err->code != TRTC_EX_SOFTWARE && err->msg[0]);
}

static void cannot(void *opaque, const char *what)
{
    (void)opaque;
    check(*what);
}

static void as_layout(const cJSON *json)
{
    static const struct trtc_stream streams[] = { { "a", false }, { "b", true }, { "", false } };
    struct trtc_layout_list list = { 0 };
    struct trtc_layout l;
    struct trtc_err err = { 0 };
    struct trtc_layout_opts o = {
        .mode = TRTC_LAYOUT_CUSTOM, .width_px = 640, .height_px = 360, .list = &list
    };

    if (trtc_layout_list_read(json, &list, &err) < 0) {
        refused(&err);
        return;
    }
    if (trtc_layout_make(&o, streams, 3, &l, &err) < 0)
        refused(&err);
    for (size_t i = 0; i < l.n && !err.code; i++) {
        const struct trtc_rect r = l.windows[i].rect;
        check(r.x >= 0 && r.y >= 0 && r.w >= 0 && r.h >= 0 && r.x + r.w <= 640 && r.y + r.h <= 360);
        check(!((r.x | r.y | r.w | r.h) & 1));
    }
    trtc_layout_list_fini(&list);
}

static void as_mix(const cJSON *json, const char *text, size_t n)
{
    struct trtc_mix_settings s;
    struct trtc_mix_change c;
    struct trtc_err err = { 0 };

    trtc_mix_settings_init(&s);
    if (trtc_mix_request_read(json, &s, &(struct trtc_mix_reader){ cannot, NULL, &err }) < 0)
        refused(&err);
    else if (trtc_mix_settings_check(&s, &err) < 0)
        refused(&err);
    if (trtc_mix_change_read(text, n, &s, &c, &(struct trtc_mix_reader){ cannot, NULL, &err }) < 0)
        refused(&err);
    else
        trtc_mix_change_fini(&c);
    trtc_mix_settings_fini(&s);
}

/* Shown, it holds no secret, and lies over itself as it is. */
static void as_request(cJSON *json)
{
    struct trtc_err err = { 0 };
    cJSON *shown = trtc_api_redacted(json);

    check(shown && !trtc_api_holds_secret(shown));
    for (int a = TRTC_CREATE; a <= TRTC_DELETE; a++)
        if (trtc_api_check(json, (enum trtc_action)a, &err) < 0)
            refused(&err);
    if (trtc_api_check_modify(json, shown, &err) < 0)
        refused(&err);
    check(trtc_api_overlay(shown, json, &err) == 0);
    trtc_api_forget(&shown);
}

static void as_files(const cJSON *json)
{
    struct trtc_listing l = { 0 };
    struct trtc_err err = { 0 };

    if (trtc_files_expected(json, "task", NULL, 0, &l, &err) < 0)
        refused(&err);
    if (trtc_files_reported(json, json, "task", &l, &err) < 0)
        refused(&err);
    if (trtc_files_reported(cJSON_GetObjectItemCaseSensitive(json, "StorageFileList"), json, "task",
                            &l, &err) < 0)
        refused(&err);
    for (size_t i = 0; i < l.n; i++)
        check(l.items[i].name && l.items[i].found);
    trtc_listing_fini(&l);
}

/* Strings alone are no path of a member; each with the first byte's action. */
static void as_path(const char *text, size_t n)
{
    char *copy = text_of((const uint8_t *)text, n), *value = strchr(copy, '=');
    cJSON *json = cJSON_CreateObject();
    struct trtc_err err = { 0 };

    if (value) {
        *value++ = '\0';
        for (int a = TRTC_CREATE; a <= TRTC_DELETE; a++)
            if (trtc_api_set(json, (enum trtc_action)a, copy, value, &err) < 0)
                refused(&err);
    }
    trtc_api_forget(&json);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct trtc_err err = { 0 };
    struct trtc_answer answer = { 0 };
    size_t pos;
    cJSON *json = trtc_json_parse("it", text, size, &err),
          *request = trtc_api_read("it", text, size, &err);

    if (!json)
        refused(&err);
    else
        check(trtc_json_is(text, size, &pos));
    if (json && cJSON_IsObject(json)) {
        as_mix(json, text, size);
        as_files(json);
    }
    if (json)
        as_layout(json);
    if (request)
        as_request(request);
    as_path(text, size);
    if (trtc_answer_parse(text, size, &answer, &err) < 0)
        refused(&err);
    trtc_answer_fini(&answer);
    trtc_api_forget(&request);
    cJSON_Delete(json);
    free(text);
    return 0;
}
