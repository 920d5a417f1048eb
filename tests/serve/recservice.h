/* SPDX-License-Identifier: MIT */
/* What the recording service does with requests that are properly signed: checks them, and lets
 * tasks live ("Task life" of the API's reference). Pure: the time is passed in. */
#ifndef TRTC_TESTS_RECSERVICE_H
#define TRTC_TESTS_RECSERVICE_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* How it behaves; to be changed at any time. */
struct recservice_settings {
    uint32_t app;    /* SdkAppId that it knows */
    const char *key; /* of that application, to check UserSigs; NULL: unchecked */
    int idle;        /* so many describes say Idle, -1: all */
    int records;     /* then so many say InProgress before the task ends by itself, -1: all */
    int exits;       /* when it has ended, so many say Exited */
    int limit;       /* tasks at a time */
    int rate;        /* requests of an action within a second; 0: any */
    bool dash;       /* task ids begin with '-' */
    bool null_files; /* StorageFileList is null where it is empty */
    char users[256]; /* who is in the room, with commas */
};

extern const struct recservice_settings recservice_defaults;

struct recservice;

struct recservice *recservice_new(void);
void recservice_free(struct recservice **s);

struct recservice_settings *recservice_settings(struct recservice *s);

/* What stands in "Response", the caller's: an error (code: "FailedOperation"), or what the action
 * answers. body is NULL where it was no JSON object. wall_s is for UserSigs, mono_ms counts the
 * rest of time. */
struct cJSON *recservice_act(struct recservice *s, const char *action, const struct cJSON *body,
                             int64_t wall_s, int64_t mono_ms);
struct cJSON *recservice_error(struct recservice *s, const char *code, const char *message);

/* The code of the error in there, or NULL. */
const char *recservice_code(const struct cJSON *response);

#endif
