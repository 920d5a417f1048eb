/* SPDX-License-Identifier: MIT */
/* Adds to a create what nobody likes to type: the keys of the storage, and the UserSig of the
 * robot. Secrets come from files and the environment only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>

#include "../cli.h"
#include "../clock.h"
#include "actions.h"
#include "api/change.h"
#include "base/json_put.h"
#include "base/text.h"
#include "complete.h"
#include "net/usersig.h"
#include "request.h"

/* Whether the member has a real value, and not the placeholder of a secret in a printed request or
 * a skeleton. */
static bool has_secret(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    const char *s = cJSON_GetStringValue(member);
    if (s)
        return *s && strcmp(s, TRTC_API_SECRET) != 0 && strncmp(s, "YOUR-", 5) != 0;
    return member != NULL;
}

static int put(cJSON *object, const char *name, const char *value, struct trtc_err *err)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, name);
    return cJSON_AddStringToObject(object, name, value) ? 0 : trtc_fail_nomem(err);
}

/* Removes what tools leave around a secret in a request: blanks, quotation marks, a byte order
 * mark. What is no word then is refused, as the service would only refuse it later. */
static int tidy(cJSON *object, const char *name, const char *what, struct trtc_err *err)
{
    cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    char *text = cJSON_GetStringValue(member);
    if (!text || !has_secret(object, name))
        return 0;
    const char *word = text;
    size_t n = strlen(text);
    const size_t all = n;
    if (trtc_secret_word(what, &word, &n, err) < 0) {
        err->code = TRTC_EX_DATAERR;
        return -1;
    }
    memmove(text, word, n);
    OPENSSL_cleanse(text + n, all - n);
    return 0;
}

/* Takes one of the storage's keys from the environment if the request has none. */
static int storage_key(struct rec *r, cJSON *storage, const char *name, const char *variable,
                       struct trtc_err *err)
{
    struct trtc_secret key = { 0 };
    char what[64];
    int ret = 0;
    snprintf(what, sizeof what, "StorageParams.CloudStorage.%s", name);
    if (!cJSON_IsObject(storage))
        return 0;
    if (tidy(storage, name, what, err) < 0)
        return -1;
    if (has_secret(storage, name))
        return 0;
    const int found = trtc_secret_env(&r->env, variable, &key, err);
    if (found > 0)
        ret = put(storage, name, key.text, err);
    else if (found == 0 && r->opts->dry_run)
        ret = put(storage, name, REC_STAND_IN, err);
    else if (found == 0)
        ret = trtc_fail(err, TRTC_EX_DATAERR,
                        "StorageParams.CloudStorage.%s is missing: put it into the request's file, "
                        "or into %s",
                        name, variable);
    trtc_secret_fini(&key);
    return found < 0 ? -1 : ret;
}

/* Reads the UserSig from a file. Blanks, quotation marks and a byte-order mark around it are
 * dropped. */
static int usersig_of_file(const char *path, cJSON *request, struct trtc_err *err)
{
    char *text, *token = NULL;
    size_t n, len;
    int ret = -1;
    if (rec_read(path, true, &text, &n, err) < 0)
        return -1;
    const char *word = text;
    len = n;
    if (trtc_secret_word(path, &word, &len, err) < 0)
        len = 0;
    if (len)
        token = strndup(word, len);
    if (len && !token)
        trtc_fail_nomem(err);
    else if (!len)
        trtc_fail(err, TRTC_EX_DATAERR, "%s: no UserSig: expected one word", path);
    else
        ret = put(request, "UserSig", token, err);
    if (token)
        OPENSSL_cleanse(token, len);
    free(token);
    OPENSSL_cleanse(text, n);
    free(text);
    return ret;
}

/* Checks a UserSig. With one of another application or user, or an expired one, a task never
 * records, and the service may report that only in a callback. */
static int check_usersig(const cJSON *request, struct trtc_err *err)
{
    const cJSON *sig = cJSON_GetObjectItemCaseSensitive(request, "UserSig"),
                *app = cJSON_GetObjectItemCaseSensitive(request, "SdkAppId"),
                *user = cJSON_GetObjectItemCaseSensitive(request, "UserId");
    struct trtc_usersig_read *in = NULL;
    struct trtc_err none;
    char shown[80];
    int ret = 0;
    if (!cJSON_IsString(sig) || !cJSON_IsNumber(app) || !cJSON_IsString(user) ||
        trtc_usersig_open(sig->valuestring, strlen(sig->valuestring), &in, &none) !=
            TRTC_USERSIG_OK)
        return 0;
    const struct trtc_usersig *m = trtc_usersig_members(in);
    if ((double)m->sdkappid != app->valuedouble)
        ret = trtc_fail(err, TRTC_EX_DATAERR, "UserSig: it belongs to application %u", m->sdkappid);
    else if (strcmp(m->user, user->valuestring) != 0)
        ret = trtc_fail(err, TRTC_EX_DATAERR, "UserSig: it belongs to user '%s', not to the robot",
                        trtc_text_show(m->user, strlen(m->user), shown, sizeof shown));
    else if (m->time_s + m->expire_s <= clock_real_ms() / 1000)
        ret = trtc_fail(err, TRTC_EX_DATAERR, "UserSig: it has expired");
    trtc_usersig_read_free(&in);
    return ret;
}

int rec_sign_in(struct rec *r, struct cJSON *request, struct trtc_err *err)
{
    const cJSON *app = cJSON_GetObjectItemCaseSensitive(request, "SdkAppId"),
                *user = cJSON_GetObjectItemCaseSensitive(request, "UserId");
    struct trtc_secret key = { 0 };
    int ret = -1;
    const char *now = rec_text(request, "UserSig");
    if (!now || strcmp(now, REC_STAND_IN) != 0)
        return check_usersig(request, err);
    const int found = trtc_secret_env(&r->env, "TRTC_SECRET_KEY", &key, err);
    if (found == 0 && r->opts->dry_run)
        return 0;
    if (found == 0)
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "UserSig is missing: set TRTC_SECRET_KEY to the application's key, from "
                         "which it is made, or give it with --usersig-file");
    if (found < 0)
        return -1;
    const struct trtc_usersig sig = {
        .sdkappid = (uint32_t)app->valuedouble,
        .user = user->valuestring,
        .time_s = clock_real_ms() / 1000,
        .expire_s = r->opts->expire_s,
    };
    char *text = trtc_usersig_make(&sig, key.text, err);
    if (text) {
        ret = put(request, "UserSig", text, err);
        OPENSSL_cleanse(text, strlen(text));
    }
    free(text);
    trtc_secret_fini(&key);
    return ret;
}

int rec_complete(struct rec *r, struct cJSON *request, struct trtc_err *err)
{
    cJSON *storage = trtc_api_member(request, "StorageParams.CloudStorage");
    if (storage_key(r, storage, "AccessKey", "TRTC_STORAGE_ACCESS_KEY", err) < 0 ||
        storage_key(r, storage, "SecretKey", "TRTC_STORAGE_SECRET_KEY", err) < 0)
        return -1;
    if (r->opts->usersig_file)
        return usersig_of_file(r->opts->usersig_file, request, err);
    if (tidy(request, "UserSig", "UserSig", err) < 0)
        return -1;
    return has_secret(request, "UserSig") ? 0 : put(request, "UserSig", REC_STAND_IN, err);
}

int rec_usersig(struct rec *r, struct trtc_err *err)
{
    const struct rec_opts *o = r->opts;
    struct trtc_secret key = { 0 };
    int ret = -1;
    const int found = trtc_secret_env(&r->env, "TRTC_SECRET_KEY", &key, err);
    if (found <= 0)
        return found < 0 ? -1
                         : trtc_fail(err, TRTC_EX_NOPERM,
                                     "TRTC_SECRET_KEY is not set: it is the application's key, "
                                     "from the console");
    const struct trtc_usersig sig = {
        .sdkappid = (uint32_t)o->sdkappid,
        .user = o->users.items[0],
        .time_s = clock_real_ms() / 1000,
        .expire_s = o->expire_s,
    };
    char *text = trtc_usersig_make(&sig, key.text, err);
    cJSON *json = cJSON_CreateObject();
    if (text && o->json) {
        trtc_json_put_number(&json, "sdkappid", sig.sdkappid);
        trtc_json_put_text(&json, "user", sig.user);
        trtc_json_put_number(&json, "expires_ms", (double)(sig.time_s + sig.expire_s) * 1000);
        trtc_json_put_text(&json, "usersig", text);
        cli_put_json(json, false);
        ret = 0;
    } else if (text) {
        puts(text);
        ret = 0;
    }
    cJSON_Delete(json);
    free(text);
    trtc_secret_fini(&key);
    return ret;
}
