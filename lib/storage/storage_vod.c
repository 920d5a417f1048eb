/* SPDX-License-Identifier: MIT */
/* Puts a file into VOD (API 2018-07-17): ApplyUpload returns a bucket, a key and temporary keys;
 * the file is put there; CommitUpload makes it a media. */
#include <cjson/cJSON.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_put.h"
#include "base/utc.h"
#include "storage/storage_priv.h"

#define SERVICE "vod"
#define VERSION "2018-07-17"

enum { NAME_MAX_BYTES = 128 };

/* The answer to ApplyUpload. The texts point into the answer; the keys are copies in memory pages
 * of their own. */
struct applied {
    const char *bucket, *region, *key, *session;
    struct trtc_credentials keys;
    int64_t expire_s; /* when the keys expire, in s since 1970; 0: not stated */
};

static int attempts(const struct trtc_storage *s)
{
    return s->o.retries > 0 ? s->o.retries : s->o.retries < 0 ? 0 : 1000;
}

enum action { APPLY, COMMIT };

/* Calls an action. The caller frees the answer in any case. */
static int call(struct trtc_storage *s, enum action action, const cJSON *request,
                struct trtc_answer *answer, struct trtc_err *err)
{
    struct trtc_caller caller = {
        .transport = s->wire,
        .outside = s->o.outside,
        .credentials = s->o.keys,
        .endpoint = &s->endpoint,
        .service = SERVICE,
        .version = VERSION,
        .region = s->o.place->region,
        .redact = s->redact,
        .retries = attempts(s),
        .budget_ms = s->o.budget_ms,
        .offset_s = s->offset_s,
    };
    char *body = trtc_json_text(request, false);
    const struct trtc_ask ask = { .action = action == APPLY ? "ApplyUpload" : "CommitUpload",
                                  .body = body,
                                  .n = body ? strlen(body) : 0,
                                  .hands_out_keys = action == APPLY };
    int ret = body ? trtc_call(&caller, &ask, answer, NULL, err) : trtc_fail_nomem(err);

    s->offset_s = caller.offset_s;
    free(body);
    return ret;
}

static void put_some_text(cJSON **request, const char *name, const char *text)
{
    if (text && *text)
        trtc_json_put_text(request, name, text);
}

static void put_some_number(cJSON **request, const char *name, int64_t number)
{
    if (number > 0)
        trtc_json_put_number(request, name, (double)number);
}

/* Adds MediaName and MediaType, the two halves of the last part of the key. */
static int put_media(cJSON **request, const char *key, struct trtc_err *err)
{
    const char *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;
    const char *dot = strrchr(name, '.');
    char text[NAME_MAX_BYTES + 1];

    if (!dot || dot == name || !dot[1])
        return trtc_fail(
            err, TRTC_EX_DATAERR,
            "VOD derives the type of a media from the suffix of its name, which has none");
    snprintf(text, sizeof text, "%.*s", (int)(dot - name), name);
    trtc_json_put_text(request, "MediaType", dot + 1);
    trtc_json_put_text(request, "MediaName", text);
    return 0;
}

static cJSON *application_of(const struct trtc_storage *s, const struct trtc_storage_file *file,
                             struct trtc_err *err)
{
    const struct trtc_place_vod *v = &s->o.place->vod;
    cJSON *request = cJSON_CreateObject();
    char expires[32];

    if (put_media(&request, file->key, err)) {
        cJSON_Delete(request);
        return NULL;
    }
    put_some_number(&request, "SubAppId", v->sub_app_id);
    put_some_text(&request, "Procedure", v->procedure);
    if (v->expire_s > 0) {
        trtc_utc_format3339((s->o.outside.wall_s(s->o.outside.arg) + v->expire_s) * 1000, expires);
        trtc_json_put_text(&request, "ExpireTime", expires);
    }
    put_some_text(&request, "StorageRegion", v->storage_region);
    put_some_number(&request, "ClassId", v->class_id);
    put_some_text(&request, "SourceContext", v->source_context);
    put_some_text(&request, "SessionContext", v->session_context);
    if (!request)
        trtc_fail_nomem(err);
    return request;
}

static int take_text(const cJSON *object, const char *name, const char **out, struct trtc_err *err)
{
    if (trtc_json_string(object, "Response", name, out, NULL) == 1 && **out)
        return 0;
    return trtc_fail(err, TRTC_EX_UNAVAILABLE, "ApplyUpload: the answer has no %s", name);
}

static int take_keys(const cJSON *response, struct applied *out, struct trtc_err *err)
{
    const cJSON *temporary = NULL;
    const char *id, *key, *token;

    if (trtc_json_object(response, "Response", "TempCertificate", &temporary, NULL) != 1)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE,
                         "ApplyUpload: the answer has no TempCertificate");
    if (trtc_json_int(temporary, "Response.TempCertificate", "ExpiredTime", 1, INT64_C(1) << 40,
                      &out->expire_s, NULL) != 1)
        out->expire_s = 0;
    if (take_text(temporary, "SecretId", &id, err) ||
        take_text(temporary, "SecretKey", &key, err) || take_text(temporary, "Token", &token, err))
        return -1;
    return trtc_secret_set(&out->keys.id, id, strlen(id), err) ||
                   trtc_secret_set(&out->keys.key, key, strlen(key), err) ||
                   trtc_secret_set(&out->keys.token, token, strlen(token), err)
               ? -1
               : 0;
}

static int take(const struct trtc_answer *answer, struct applied *out, struct trtc_err *err)
{
    const cJSON *r = answer->response;

    if (take_text(r, "StorageBucket", &out->bucket, err) ||
        take_text(r, "StorageRegion", &out->region, err) ||
        take_text(r, "MediaStoragePath", &out->key, err) ||
        take_text(r, "VodSessionKey", &out->session, err))
        return -1;
    out->key += *out->key == '/';
    return take_keys(r, out, err);
}

/* Overwrites the texts of JSON before they are freed: those of the answer are keys. */
static void wipe(cJSON *json)
{
    for (cJSON *c = json ? json->child : NULL; c; c = c->next) {
        wipe(c);
        if (cJSON_IsString(c) && c->valuestring)
            OPENSSL_cleanse(c->valuestring, strlen(c->valuestring));
    }
}

static int put_there(struct trtc_storage *s, const struct trtc_storage_file *file,
                     const struct applied *applied, struct trtc_storage_proof *proof,
                     struct trtc_err *err)
{
    const struct trtc_place place = {
        .kind = TRTC_PLACE_COS,
        .bucket = (char *)applied->bucket,
        .region = (char *)applied->region,
        .endpoint = s->endpoint.loopback ? s->endpoint.url : NULL,
        .path_style = s->endpoint.loopback,
    };
    struct trtc_storage_options options = s->o;
    struct trtc_storage_file moved = *file;
    struct trtc_storage *bucket;
    int ret;

    options.place = &place;
    options.keys = &applied->keys;
    options.shared = s->shared;
    moved.key = applied->key;
    moved.resume = (struct trtc_storage_resume){ 0 };
    moved.begun = NULL;
    moved.part = NULL;
    bucket = trtc_storage_open(&options, err);
    if (!bucket)
        return -1;
    bucket->subject = s->subject;
    bucket->offset_s = s->offset_s;
    ret = trtc_store_hide(bucket, s->o.keys, err);
    if (!ret)
        ret = trtc_store_put(bucket, &moved, proof, err);
    s->stopped |= bucket->stopped;
    s->expired = bucket->expired;
    trtc_storage_close(&bucket);
    return ret;
}

static int commit(struct trtc_storage *s, const char *session, struct trtc_storage_proof *proof,
                  struct trtc_err *err)
{
    struct trtc_answer answer = { 0 };
    cJSON *request = cJSON_CreateObject();
    const char *id = NULL, *url = NULL;
    int ret;

    trtc_json_put_text(&request, "VodSessionKey", session);
    put_some_number(&request, "SubAppId", s->o.place->vod.sub_app_id);
    ret = call(s, COMMIT, request, &answer, err);
    if (!ret && (trtc_json_string(answer.response, "Response", "FileId", &id, NULL) != 1 || !*id ||
                 trtc_json_string(answer.response, "Response", "MediaUrl", &url, NULL) != 1))
        ret = trtc_fail(err, TRTC_EX_UNAVAILABLE,
                        "CommitUpload: the answer has no FileId and MediaUrl");
    if (!ret) {
        free(proof->url);
        proof->url = strdup(url);
        proof->file_id = strdup(id);
        if (!proof->url || !proof->file_id)
            ret = trtc_fail_nomem(err);
    }
    wipe(request);
    cJSON_Delete(request);
    trtc_answer_fini(&answer);
    return ret;
}

/* Puts a file with temporary keys of its own. s->expired: it was refused because they have
 * expired. */
static int put_once(struct trtc_storage *s, const struct trtc_storage_file *file,
                    const cJSON *request, struct trtc_storage_proof *proof, struct trtc_err *err)
{
    const struct trtc_outside *o = &s->o.outside;
    struct trtc_answer answer = { 0 };
    struct applied applied = { 0 };
    int ret = call(s, APPLY, request, &answer, err);

    s->expired = false;
    if (!ret)
        ret = take(&answer, &applied, err);
    if (!ret && (ret = put_there(s, file, &applied, proof, err))) {
        s->expired |= applied.expire_s > 0 && o->wall_s(o->arg) + s->offset_s >= applied.expire_s;
        s->expired &= err->code == TRTC_EX_NOPERM;
    }
    if (!ret)
        ret = commit(s, applied.session, proof, err);
    if (ret)
        trtc_storage_proof_fini(proof);
    wipe(answer.json);
    trtc_answer_fini(&answer);
    trtc_credentials_fini(&applied.keys);
    return ret;
}

int trtc_store_vod(struct trtc_storage *s, const struct trtc_storage_file *file,
                   struct trtc_storage_proof *proof, struct trtc_err *err)
{
    cJSON *request = application_of(s, file, err);
    int ret = request ? put_once(s, file, request, proof, err) : -1;

    if (request && ret && s->expired) {
        trtc_store_notice(s, "%s; its temporary keys may have expired: once more with new ones",
                          err->msg);
        ret = put_once(s, file, request, proof, err);
    }
    cJSON_Delete(request);
    return ret;
}
