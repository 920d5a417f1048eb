/* SPDX-License-Identifier: MIT */
/* Allow and block lists of user ids, for sound and for pictures: the API's
 * SubscribeStreamUserIds. */
#include "layout/subscribe.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define SHOWN_MAX 128
#define WILDCARD  ".*$"

static struct trtc_user_list *list_of(struct trtc_subscription *s, bool video, bool allow)
{
    if (video)
        return allow ? &s->allow_video : &s->block_video;
    return allow ? &s->allow_audio : &s->block_audio;
}

/* Appends an entry, for which there must be room. */
static int list_put(struct trtc_user_list *l, const char *entry, struct trtc_err *err)
{
    char *copy = strdup(entry);
    if (!copy)
        return trtc_fail_nomem(err);
    l->items[l->n++] = copy;
    return 0;
}

static int list_open(struct trtc_user_list *l, struct trtc_err *err)
{
    if (!l->items)
        l->items = calloc(TRTC_SUBSCRIBE_MAX, sizeof *l->items);
    if (!l->items)
        return trtc_fail_nomem(err);
    l->given = true;
    return 0;
}

static void list_fini(struct trtc_user_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->items[i]);
    free(l->items);
    *l = (struct trtc_user_list){ 0 };
}

void trtc_subscription_fini(struct trtc_subscription *s)
{
    list_fini(&s->allow_audio);
    list_fini(&s->block_audio);
    list_fini(&s->allow_video);
    list_fini(&s->block_video);
}

/* ---- from JSON ---- */

static int read_list(const cJSON *object, const char *path, const char *key,
                     struct trtc_user_list *l, struct trtc_err *err)
{
    const cJSON *array, *item;
    int ret = trtc_json_array(object, path, key, &array, err);
    if (ret <= 0)
        return ret;
    if (cJSON_GetArraySize(array) > TRTC_SUBSCRIBE_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s.%s: %d entries, and %d are allowed", path, key,
                         cJSON_GetArraySize(array), TRTC_SUBSCRIBE_MAX);
    if (list_open(l, err) < 0)
        return -1;
    cJSON_ArrayForEach(item, array)
    {
        if (!cJSON_IsString(item) || !*item->valuestring)
            return trtc_fail(err, TRTC_EX_DATAERR, "%s.%s[%zu]: not a user id", path, key, l->n);
        if (list_put(l, item->valuestring, err) < 0)
            return -1;
    }
    return 0;
}

int trtc_subscription_read(const struct cJSON *object, const char *path,
                           struct trtc_subscription *out, struct trtc_err *err)
{
    static const char *const keys[] = { "SubscribeAudioUserIds", "UnSubscribeAudioUserIds",
                                        "SubscribeVideoUserIds", "UnSubscribeVideoUserIds", NULL };
    struct trtc_subscription s = { 0 };
    if (!cJSON_IsObject(object))
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: not an object", path);
    /* This is an error, not a remark: a list of people to exclude must not be lost over one letter
     * in its name. */
    const char *unknown = trtc_json_unknown(object, keys);
    if (unknown) {
        char shown[SHOWN_MAX];
        return trtc_fail(err, TRTC_EX_DATAERR, "%s.%s is not known", path,
                         trtc_text_show(unknown, strlen(unknown), shown, sizeof shown));
    }
    for (int i = 0; keys[i]; i++)
        if (read_list(object, path, keys[i], list_of(&s, i >= 2, i % 2 == 0), err) < 0)
            goto fail;
    for (int video = 0; video < 2; video++) {
        /* An empty block list has no effect. */
        if (list_of(&s, video, true)->given && list_of(&s, video, false)->n) {
            trtc_fail(err, TRTC_EX_DATAERR, "%s: %s and %s exclude each other", path,
                      keys[2 * video], keys[2 * video + 1]);
            goto fail;
        }
    }
    *out = s;
    return 0;
fail:
    trtc_subscription_fini(&s);
    return -1;
}

/* ---- from options ---- */

static int check_add(struct trtc_subscription *s, bool video, bool allow, const char *shown,
                     struct trtc_err *err)
{
    const char *medium = video ? "video" : "audio";
    if (list_of(s, video, !allow)->given)
        return trtc_fail(err, TRTC_EX_USAGE, "'%s': %s already has a list of users to %s", shown,
                         medium, allow ? "leave out" : "take");
    if (list_of(s, video, allow)->n >= TRTC_SUBSCRIBE_MAX)
        return trtc_fail(err, TRTC_EX_USAGE, "'%s': over %d users in a list for %s", shown,
                         TRTC_SUBSCRIBE_MAX, medium);
    return 0;
}

static int add_to(struct trtc_user_list *l, const char *user, struct trtc_err *err)
{
    return list_open(l, err) < 0 ? -1 : list_put(l, user, err);
}

int trtc_subscription_add(struct trtc_subscription *s, bool allow, const char *entry,
                          struct trtc_err *err)
{
    static const char *const prefixes[] = { "audio:", "video:" };
    const size_t len = 6;
    char shown[SHOWN_MAX];
    bool audio = strncmp(entry, prefixes[1], len) != 0;
    bool video = strncmp(entry, prefixes[0], len) != 0;
    const char *user = audio && video ? entry : entry + len;
    trtc_text_show(entry, strlen(entry), shown, sizeof shown);
    if (!*user)
        return trtc_fail(err, TRTC_EX_USAGE, "'%s': an empty user id", shown);
    if ((audio && check_add(s, false, allow, shown, err) < 0) ||
        (video && check_add(s, true, allow, shown, err) < 0))
        return -1;
    if ((audio && add_to(list_of(s, false, allow), user, err) < 0) ||
        (video && add_to(list_of(s, true, allow), user, err) < 0))
        return -1;
    return 0;
}

/* ---- use ---- */

static bool is_present(const char *id, const char *const *users, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(users[i], id) == 0)
            return true;
    return false;
}

/* Whether entry is the id of user or a prefix pattern for it. If the id of someone present is
 * literally the pattern, it counts as an id. */
static bool matches(const char *entry, const char *user, const char *const *users, size_t nb_users)
{
    const size_t wild = sizeof WILDCARD - 1;
    size_t n = strlen(entry);
    if (strcmp(entry, user) == 0)
        return true;
    return n >= wild && strcmp(entry + n - wild, WILDCARD) == 0 &&
           strncmp(entry, user, n - wild) == 0 && !is_present(entry, users, nb_users);
}

static bool list_has(const struct trtc_user_list *l, const char *user, const char *const *users,
                     size_t nb_users)
{
    for (size_t i = 0; i < l->n; i++)
        if (matches(l->items[i], user, users, nb_users))
            return true;
    return false;
}

bool trtc_subscribed(const struct trtc_subscription *s, bool video, const char *user,
                     const char *const *users, size_t nb_users)
{
    const struct trtc_user_list *allow = video ? &s->allow_video : &s->allow_audio;
    const struct trtc_user_list *block = video ? &s->block_video : &s->block_audio;
    return (!allow->given || list_has(allow, user, users, nb_users)) &&
           !list_has(block, user, users, nb_users);
}
