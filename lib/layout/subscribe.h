/* SPDX-License-Identifier: MIT */
/* Whose sound and whose picture are wanted: the API's SubscribeStreamUserIds (allow and block
 * lists, prefixes ending in ".*$"). */
#ifndef TRTC_LAYOUT_SUBSCRIBE_H
#define TRTC_LAYOUT_SUBSCRIBE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TRTC_SUBSCRIBE_MAX 32 /* entries per list */

struct trtc_user_list {
    char **items;
    size_t n;
    bool given; /* a list that is given but empty allows nobody */
};

struct trtc_subscription { /* all zeros: everyone */
    struct trtc_user_list allow_audio, block_audio, allow_video, block_video;
};

struct cJSON;

/* Reads the API's object; path is its place, for messages. TRTC_EX_DATAERR with the member: wrong
 * types, more than 32 entries, an allow and a block list for the same medium, unknown members. 0,
 * or -1. */
int trtc_subscription_read(const struct cJSON *object, const char *path,
                           struct trtc_subscription *out, struct trtc_err *err);

/* Adds an entry (copied) from an option to the lists for audio, video or both. An entry that begins
 * with "audio:" or "video:" is for that medium only. TRTC_EX_USAGE: both an allow and a block list,
 * or more than 32 entries. 0, or -1. */
int trtc_subscription_add(struct trtc_subscription *s, bool allow, const char *entry,
                          struct trtc_err *err);

/* Whether the user is subscribed to. users: the ids present in the room; an entry that is literally
 * one of these ids means that user alone. */
bool trtc_subscribed(const struct trtc_subscription *s, bool video, const char *user,
                     const char *const *users, size_t nb_users);

/* Frees the contents of s. */
void trtc_subscription_fini(struct trtc_subscription *s);

#endif
