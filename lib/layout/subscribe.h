/* SPDX-License-Identifier: MIT */
/* Whose sound and whose picture are wanted: the API's SubscribeStreamUserIds (allow and block
 * lists, prefixes ending in ".*$"). */
#ifndef TRTC_LAYOUT_SUBSCRIBE_H
#define TRTC_LAYOUT_SUBSCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TRTC_SUBSCRIBE_MAX 32 /* entries a list */

struct trtc_user_list {
    char **items;
    size_t n;
    bool given; /* an empty list that was given allows nobody */
};

struct trtc_subscription { /* zero: everybody */
    struct trtc_user_list allow_audio, block_audio, allow_video, block_video;
};

struct cJSON;

/* Reads the API's object. TRTC_EX_DATAERR naming the member: types, over 32 entries, allow and block
 * lists for one medium together, unknown members. path is the object's place, for messages. */
int trtc_subscription_read(const struct cJSON *object, const char *path,
                           struct trtc_subscription *out, struct trtc_err *err);

/* Adds an entry (copied) to the lists of audio, video or both: what the options say. An entry that
 * begins with "audio:" or "video:" is for that medium alone. TRTC_EX_USAGE where allow and block
 * meet, or over 32. */
int trtc_subscription_add(struct trtc_subscription *s, bool allow, const char *entry,
                          struct trtc_err *err);

/* users: the ids present in the room (an entry that is literally the id of one of them means that
 * user alone). */
bool trtc_subscribed(const struct trtc_subscription *s, bool video, const char *user,
                     const char *const *users, size_t nb_users);

/* Frees what it holds. */
void trtc_subscription_fini(struct trtc_subscription *s);

#endif
