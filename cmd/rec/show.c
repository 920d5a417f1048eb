/* SPDX-License-Identifier: MIT */
/* Answers on standard output, and requests as they would be sent, without their secrets. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "base/json_put.h"
#include "net/sign.h"
#include "show.h"

#define HIDDEN TRTC_API_SECRET

void rec_show_answer(const struct rec *r, const struct trtc_answer *answer)
{
    cli_put_json(answer->response, !r->opts->json);
}

/* Writes the value of a header to out without its secrets: the key's id, the signature, the token. */
static void hide(const struct trtc_header *h, char *out, size_t size)
{
    const char *id = strstr(h->value, "Credential="), *sig = strstr(h->value, "Signature=");
    const char *scope = id ? strchr(id, '/') : NULL;
    if (strcasecmp(h->name, "X-TC-Token") == 0)
        snprintf(out, size, HIDDEN);
    else if (strcasecmp(h->name, "Authorization") != 0)
        snprintf(out, size, "%s", h->value);
    else if (scope && sig && sig > scope)
        snprintf(out, size, "%.*s" HIDDEN "%.*sSignature=" HIDDEN,
                 (int)(id - h->value) + (int)strlen("Credential="), h->value, (int)(sig - scope),
                 scope);
    else
        snprintf(out, size, HIDDEN);
}

/* Prints a header as text if out is NULL, else adds it to out. */
static void show_header(const struct trtc_header *h, cJSON **out)
{
    char value[1024];
    hide(h, value, sizeof value);
    if (out)
        trtc_json_put_text(out, h->name, value);
    else
        printf("%s: %s\n", h->name, value);
}

static void show_text(const struct rec *r, const struct trtc_headers *headers, const cJSON *body)
{
    printf("POST %s HTTP/1.1\n", r->endpoint.url);
    for (size_t i = 0; i < headers->nb; i++)
        show_header(&headers->list[i], NULL);
    putchar('\n');
    cli_put_json(body, true);
}

static void show_json(const struct rec *r, const struct trtc_headers *headers, const cJSON *body)
{
    cJSON *all = cJSON_CreateObject(), *list = cJSON_CreateObject();
    for (size_t i = 0; i < headers->nb; i++)
        show_header(&headers->list[i], &list);
    trtc_json_put(&all, "headers", list);
    trtc_json_put_text(&all, "url", r->endpoint.url);
    trtc_json_put(&all, "body", cJSON_Duplicate(body, true));
    cli_put_json(all, false);
    cJSON_Delete(all);
}

int rec_show_request(struct rec *r, enum trtc_action action, const struct cJSON *request,
                     const struct trtc_task *task, struct trtc_err *err)
{
    int ret = -1;
    struct trtc_headers headers = { 0 };
    struct trtc_err none;
    cJSON *shown = trtc_api_redacted(request);
    char *body = cJSON_PrintUnformatted(request);
    const bool known = rec_credentials(r, &none) == 0; /* without, the rest is worth a look too */
    if (!known && r->opts->secret_file) {
        *err = none;
        goto done;
    }
    if (!known)
        cli_debug("%s; the request is shown nevertheless", none.msg);
    if (!shown || !body) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (rec_target(r, task, err) < 0)
        goto done;
    const struct trtc_sign_call call = {
        .secret_id = known ? r->credentials->id.text : "none",
        .secret_key = known ? r->credentials->key.text : "none",
        .token = known ? r->credentials->token.text : NULL,
        .host = r->endpoint.host,
        .action = trtc_api_action(action),
        .version = TRTC_API_VERSION,
        .region = r->region,
        .language = r->caller.language,
        .client = r->caller.client,
        .time_s = clock_real_ms() / 1000,
        .body = body,
        .body_bytes = strlen(body),
    };
    if (trtc_sign_call(&call, &headers, err) < 0)
        goto done;
    (r->opts->json ? show_json : show_text)(r, &headers, shown);
    ret = 0;
done:
    trtc_headers_fini(&headers);
    cJSON_free(body);
    cJSON_Delete(shown);
    return ret;
}
