/* SPDX-License-Identifier: MIT */
/* A session of trtc-rec with the service: one connection, one hold on the state directory. */
#ifndef TRTC_CMD_REC_SESSION_H
#define TRTC_CMD_REC_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/api.h"
#include "base/err.h"
#include "net/call.h"
#include "net/endpoint.h"
#include "net/http.h"
#include "net/secret.h"
#include "net/task.h"
#include "options.h"

struct cJSON;

#define REC_PACE_US 51000 /* the time between two requests: the service accepts 20 per second */

/* When the next request may be sent. All threads of the program share it. */
struct rec_pace {
    pthread_mutex_t lock;
    int64_t next_us;
};

/* A session: one connection, one hold on the state directory. For one thread. */
struct rec {
    const struct rec_opts *opts;
    struct trtc_env env;
    const struct trtc_credentials *credentials; /* NULL until they are needed */
    struct trtc_credentials own;                /* the same, if this session has read them */
    struct trtc_redact_past *past; /* in a batch: the secrets of other lines; NULL: none */
    struct rec_pace *pace;
    struct trtc_http *http;
    struct trtc_transport wire; /* http's */
    struct trtc_caller caller;
    struct trtc_endpoint endpoint;
    char region[64];
    char *state_dir;
    bool file_shows;          /* others may read the secrets in -f */
    struct trtc_tasks *tasks; /* NULL until they are needed */
    int code;                 /* exit status of failures beside the call, which were reported */
};

/* Begins a session; opts and pace must outlive it. Like the functions below, returns 0, or -1. */
int rec_begin(struct rec *r, const struct rec_opts *opts, struct rec_pace *pace,
              struct trtc_err *err);
void rec_end(struct rec *r);

/* Finds the credentials, once. */
int rec_credentials(struct rec *r, struct trtc_err *err);

/* Determines region and endpoint: from the options, from what is remembered of the task (NULL:
 * nothing), from the environment, or the defaults. */
int rec_target(struct rec *r, const struct trtc_task *task, struct trtc_err *err);

struct rec_ask { /* a request to the service */
    enum trtc_action action;
    struct cJSON *request;
    const struct trtc_task *task; /* what is remembered of the task; NULL: nothing */
};

/* Calls the action. unknown as for trtc_call. */
int rec_call(struct rec *r, const struct rec_ask *ask, struct trtc_answer *answer, bool *unknown,
             struct trtc_err *err);

/* Opens the state directory, unless it is open, and creates it if necessary. */
int rec_state(struct rec *r, struct trtc_err *err);

/* The same, but creates nothing. 1; 0: it does not exist; -1: failure. */
int rec_state_there(struct rec *r, struct trtc_err *err);

/* Fills out with n random bytes, fit for secrets. */
int rec_random(void *out, size_t n, struct trtc_err *err);

#endif
