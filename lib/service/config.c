/* SPDX-License-Identifier: MIT */
/* The configuration: a table of what each section may hold. */
#include "service/config.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/num.h"
#include "base/text.h"
#include "net/callback.h"
#include "service/limits.h"

enum kind { TEXT, SECRET, NUMBER, CHOICE, ADDRESS, CALLBACK, WORD };

struct key {
    const char *section, *name;
    enum kind kind;
    size_t at;
    int64_t min, max;
    const char *choices; /* "no yes": the index of the word is the value */
};

#define TOP(s, n, k, m)                                            \
    {                                                              \
        (s), (n), (k), offsetof(struct trtc_config, m), 0, 0, NULL \
    }
#define INT(s, n, m, a, b)                                                \
    {                                                                     \
        (s), (n), NUMBER, offsetof(struct trtc_config, m), (a), (b), NULL \
    }
#define ONE_OF(s, n, m, words)                                           \
    {                                                                    \
        (s), (n), CHOICE, offsetof(struct trtc_config, m), 0, 0, (words) \
    }
#define APP(n, k, m)                                                     \
    {                                                                    \
        "app", (n), (k), offsetof(struct trtc_config_app, m), 0, 0, NULL \
    }

static const struct key keys[] = {
    TOP("listen", "address", ADDRESS, listen),
    TOP("listen", "node", WORD, node),
    APP("secret_id", SECRET, secret_id),
    APP("secret_key", SECRET, secret_key),
    APP("usersig_key", SECRET, usersig_key),
    APP("callback_url", CALLBACK, callback_url),
    APP("callback_key", SECRET, callback_key),
    TOP("room", "source", TEXT, room),
    ONE_OF("storage", "send", send_request, "directory request"),
    ONE_OF("storage", "keep", keep, "no yes"),
    TOP("storage", "directory", TEXT, storage_dir),
    TOP("storage", "vod_url", TEXT, vod_url),
    TOP("storage", "vod_secret_id", SECRET, vod_keys),
    TOP("storage", "vod_secret_key", SECRET, vod_keys),
    INT("limits", "calls", rate, 1, TRTC_RATE_MAX),
    INT("limits", "tasks", tasks, 1, 100000),
    INT("limits", "exited", exited_s, 0, 86400),
    INT("limits", "callbacks", callback_s, 0, 30 * 86400),
    INT("limits", "free", free_percent, 0, 100),
    INT("limits", "end", end_percent, 0, 100),
    INT("limits", "keep_days", keep_days, 1, 36500),
    TOP("launch", "command", TEXT, launch),
    TOP("launch", "environment", TEXT, launch_environment),
    ONE_OF("page", "show", no_page, "yes no"),
    TOP("page", "hls_js", TEXT, hls_js),
    ONE_OF("pictures", "http", picture_http, "no yes"),
    ONE_OF("pictures", "internal", picture_internal, "no yes"),
};
enum { NB_KEYS = sizeof keys / sizeof keys[0] };

struct reader {
    const char *what;
    struct trtc_config *c;
    const struct trtc_complain *complain;
    int line, nb_wrong;
    const char *section;         /* NULL: no section yet, or an unknown one */
    struct trtc_config_app *app; /* the one that [app N] fills */
    bool lost;                   /* in a wrong section: its lines are skipped */
    unsigned seen;               /* bit k: keys[k] was seen in this section */
    bool no_memory;
};

__attribute__((format(printf, 2, 3))) static void wrong(struct reader *r, const char *fmt, ...)
{
    char text[400], line[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->line)
        snprintf(line, sizeof line, "%.180s: line %d: %s", r->what, r->line, text);
    else
        snprintf(line, sizeof line, "%.180s: %s", r->what, text);
    r->complain->hear(r->complain->arg, line);
    r->nb_wrong++;
}

/* ---- values ---- */

static void set_text(struct reader *r, char **to, const char *value)
{
    free(*to);
    *to = strdup(value);
    r->no_memory = r->no_memory || !*to;
}

static bool is_address(const char *s)
{
    const char *colon = strrchr(s, ':');
    int64_t port;
    return colon && colon != s &&
           trtc_num_int("", colon + 1, (struct trtc_range){ 0, 65535 }, &port, NULL) == 0;
}

static bool is_word(const char *s)
{
    return strlen(s) <= 16 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789") == strlen(s);
}

static void set_secret(struct reader *r, const struct key *k, struct trtc_secret *to,
                       const char *value)
{
    struct trtc_err err;
    const size_t n = strlen(value);
    for (size_t i = 0; i < n; i++)
        if (value[i] <= ' ' || value[i] > '~' || value[i] == '"' || value[i] == '\'') {
            wrong(r, "%s: only visible ASCII characters are allowed, no blanks, no quotation marks",
                  k->name);
            return;
        }
    if (n > 256)
        wrong(r, "%s: over 256 characters", k->name);
    /* the two keys for VOD share one secret, a line each */
    char *both = NULL;
    if (to == &r->c->vod_keys && to->text) {
        const bool id_first = strcmp(k->name, "vod_secret_key") == 0;
        const size_t size = n + to->len + 3;
        both = malloc(size);
        if (both)
            snprintf(both, size, "%s\n%s", id_first ? to->text : value,
                     id_first ? value : to->text);
    }
    if (trtc_secret_set(to, both ? both : value, strlen(both ? both : value), &err) < 0)
        r->no_memory = true;
    if (both)
        OPENSSL_cleanse(both, strlen(both));
    free(both);
}

static void set_choice(struct reader *r, const struct key *k, bool *to, const char *value)
{
    const char *space = strchr(k->choices, ' ');
    const size_t n = (size_t)(space - k->choices);
    if (strlen(value) == n && strncmp(k->choices, value, n) == 0)
        *to = false;
    else if (strcmp(space + 1, value) == 0)
        *to = true;
    else
        wrong(r, "%s: must be one of: %s", k->name, k->choices);
}

static void set_number(struct reader *r, const struct key *k, int64_t *to, const char *value)
{
    struct trtc_err err;
    if (trtc_num_int(k->name, value, (struct trtc_range){ k->min, k->max }, to, &err) < 0)
        wrong(r, "%s", err.msg);
}

static void set(struct reader *r, const struct key *k, const char *value)
{
    char *base = strcmp(k->section, "app") == 0 ? (char *)r->app : (char *)r->c;
    void *to = base + k->at;
    struct trtc_err err;
    if (!*value)
        wrong(r, "%s: empty", k->name);
    else if (k->kind == SECRET)
        set_secret(r, k, to, value);
    else if (k->kind == CHOICE)
        set_choice(r, k, to, value);
    else if (k->kind == NUMBER)
        set_number(r, k, to, value);
    else if (k->kind == ADDRESS && !is_address(value))
        wrong(r, "%s: must be ADDR:PORT, for example 127.0.0.1:8490", k->name);
    else if (k->kind == CALLBACK && trtc_callback_url(value, &err) < 0)
        wrong(r, "%s: %s", k->name, err.msg);
    else if (k->kind == WORD && !is_word(value))
        wrong(r, "%s: at most 16 letters and digits", k->name);
    else
        set_text(r, to, value);
}

/* ---- lines ---- */

static struct trtc_config_app *add_app(struct reader *r, int64_t sdkappid)
{
    struct trtc_config *c = r->c;
    if (trtc_array_room(&c->apps, c->nb_apps, sizeof *c->apps) < 0) {
        r->no_memory = true;
        return NULL;
    }
    struct trtc_config_app *app = &c->apps[c->nb_apps++];
    *app = (struct trtc_config_app){ .sdkappid = sdkappid, .line = r->line };
    return app;
}

static void begin_app(struct reader *r, const char *number)
{
    int64_t id;
    struct trtc_err err;
    if (trtc_num_int("SDKAPPID", number, (struct trtc_range){ 1, UINT32_MAX }, &id, &err) < 0)
        wrong(r, "%s", err.msg);
    else if (trtc_config_app(r->c, id))
        wrong(r, "[app %s] appears twice", number);
    else if ((r->app = add_app(r, id)) != NULL)
        r->section = "app";
}

static void begin_section(struct reader *r, char *name)
{
    char shown[64];
    r->section = NULL;
    r->app = NULL;
    r->seen = 0;
    if (strncmp(name, "app ", 4) == 0)
        begin_app(r, name + 4 + strspn(name + 4, " \t"));
    for (size_t i = 0; i < NB_KEYS && !r->section; i++)
        if (strcmp(keys[i].section, "app") != 0 && strcmp(keys[i].section, name) == 0)
            r->section = keys[i].section;
    r->lost = !r->section;
    if (r->lost && strncmp(name, "app ", 4) != 0)
        wrong(
            r,
            "[%s]: unknown; the sections are [listen], [app SDKAPPID], [room], [storage], [limits], [launch], [page], [pictures]",
            trtc_text_show(name, strlen(name), shown, sizeof shown));
}

static void take_pair(struct reader *r, char *name, char *value)
{
    char shown[64];
    size_t k = 0;
    while (k < NB_KEYS &&
           (strcmp(keys[k].section, r->section) != 0 || strcmp(keys[k].name, name) != 0))
        k++;
    if (k == NB_KEYS) {
        wrong(r, "%s: there is no such key in [%s]",
              trtc_text_show(name, strlen(name), shown, sizeof shown), r->section);
    } else if (r->seen & (1U << k)) {
        wrong(r, "%s: appears twice", name);
    } else {
        r->seen |= 1U << k;
        set(r, &keys[k], value);
    }
}

/* Removes the blanks at both ends. */
static char *trim(char *s)
{
    s += strspn(s, " \t\r");
    size_t n = strlen(s);
    while (n && strchr(" \t\r", s[n - 1]))
        s[--n] = '\0';
    return s;
}

/* Removes a pair of quotation marks around a value. A command keeps them: they may be its own. */
static char *unquote(struct reader *r, char *value)
{
    const size_t n = strlen(value);
    if (n < 2 || !strchr("\"'", *value) || value[n - 1] != *value ||
        strcmp(r->section, "launch") == 0)
        return value;
    value[n - 1] = '\0';
    return trim(value + 1);
}

static void take_line(struct reader *r, char *line)
{
    line = trim(line);
    const size_t n = strlen(line);
    char *sign = strchr(line, '=');
    if (!n || *line == '#' || *line == ';')
        return;
    if (*line == '[' && line[n - 1] == ']') {
        line[n - 1] = '\0';
        begin_section(r, trim(line + 1));
    } else if (!sign) { /* the line is not shown: it may contain a key */
        wrong(r, "neither [SECTION] nor NAME = VALUE");
    } else if (!r->section) {
        if (!r->lost)
            wrong(r, "it belongs to no [SECTION]");
    } else {
        *sign = '\0';
        take_pair(r, trim(line), unquote(r, trim(sign + 1)));
    }
}

static void check_apps(struct reader *r)
{
    const struct trtc_config *c = r->c;
    for (size_t i = 0; i < c->nb_apps; i++) {
        const struct trtc_config_app *a = &c->apps[i];
        r->line = a->line;
        if (!a->secret_id.text || !a->secret_key.text)
            wrong(r, "[app %lld]: secret_id and secret_key are both needed",
                  (long long)a->sdkappid);
        if (a->callback_key.text && !a->callback_url)
            wrong(r, "[app %lld]: callback_key needs a callback_url", (long long)a->sdkappid);
        for (size_t k = 0; k < i && a->secret_id.text; k++)
            if (c->apps[k].secret_id.text &&
                strcmp(c->apps[k].secret_id.text, a->secret_id.text) == 0 && a->secret_key.text &&
                c->apps[k].secret_key.text &&
                strcmp(c->apps[k].secret_key.text, a->secret_key.text) != 0)
                wrong(r, "[app %lld]: the same secret_id has a different secret_key in [app %lld]",
                      (long long)a->sdkappid, (long long)c->apps[k].sdkappid);
    }
    r->line = 0;
    if (!c->nb_apps)
        wrong(r, "there is no [app SDKAPPID]");
    if (c->vod_keys.text && !strchr(c->vod_keys.text, '\n'))
        wrong(r, "[storage]: vod_secret_id and vod_secret_key are both needed");
    if (c->end_percent > c->free_percent)
        wrong(r, "[limits]: end is larger than free");
}

int trtc_config_parse(const char *what, const char *text, struct trtc_config *c,
                      const struct trtc_complain *complain)
{
    struct reader r = { .what = what, .c = c, .complain = complain };
    for (const char *at = text; *at; at += *at == '\n') {
        const size_t n = strcspn(at, "\n");
        char *line = strndup(at, n);
        r.line++;
        r.no_memory = r.no_memory || !line;
        if (line) {
            take_line(&r, line);
            OPENSSL_cleanse(line, n);
        }
        free(line);
        at += n;
    }
    check_apps(&r);
    return r.no_memory ? -1 : r.nb_wrong;
}

/* ---- the whole ---- */

void trtc_config_init(struct trtc_config *c)
{
    *c = (struct trtc_config){ .rate = 20,
                               .tasks = 100,
                               .exited_s = 60,
                               .callback_s = 60,
                               .free_percent = 5,
                               .end_percent = 2,
                               .keep_days = 30 };
}

void trtc_config_fini(struct trtc_config *c)
{
    char **texts[] = { &c->listen,  &c->node,   &c->room,   &c->storage_dir,
                       &c->vod_url, &c->launch, &c->hls_js, &c->launch_environment };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(*texts[i]);
        *texts[i] = NULL;
    }
    for (size_t i = 0; i < c->nb_apps; i++) {
        struct trtc_config_app *a = &c->apps[i];
        trtc_secret_fini(&a->secret_id);
        trtc_secret_fini(&a->secret_key);
        trtc_secret_fini(&a->usersig_key);
        trtc_secret_fini(&a->callback_key);
        free(a->callback_url);
    }
    trtc_secret_fini(&c->vod_keys);
    free(c->apps);
    c->apps = NULL;
    c->nb_apps = 0;
}

const struct trtc_config_app *trtc_config_by_id(const struct trtc_config *c, const char *secret_id)
{
    for (size_t i = 0; i < c->nb_apps; i++)
        if (c->apps[i].secret_id.text && strcmp(c->apps[i].secret_id.text, secret_id) == 0)
            return &c->apps[i];
    return NULL;
}

const struct trtc_config_app *trtc_config_app(const struct trtc_config *c, int64_t sdkappid)
{
    for (size_t i = 0; i < c->nb_apps; i++)
        if (c->apps[i].sdkappid == sdkappid)
            return &c->apps[i];
    return NULL;
}

bool trtc_config_is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]:", 6) == 0;
}
