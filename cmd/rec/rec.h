/* SPDX-License-Identifier: MIT */
/* What the parts of trtc-rec share: the options, the session with the service, the four actions. */
#ifndef TRTC_CMD_REC_H
#define TRTC_CMD_REC_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "api/api.h"
#include "net/call.h"
#include "net/endpoint.h"
#include "net/http.h"
#include "net/secret.h"
#include "net/task.h"

struct cJSON;
struct trtc_answer;

#define REC_PACE_US     51000 /* between two requests: the service takes 20 a second */
#define REC_ROOM_HOURS  72    /* ResourceExpiredHour where the request has none */
#define REC_USERSIG_S   (INT64_C(7) * 24 * 3600)
#define REC_INTERVAL_US (INT64_C(5) * 1000000)
#define REC_IDLE_US     (INT64_C(15) * 1000000)
#define REC_SILENCE_US  (INT64_C(1800) * 1000000) /* a wait goes on without an answer so long */
#define REC_BATCH_JOBS  8                         /* requests that are under way at a time */

/* Where a secret is not at hand and none is sent: something has to stand there for the checks. */
#define REC_STAND_IN "not-given"

/* The sub-commands, in the order of the table. */
enum rec_sub {
    REC_CREATE,
    REC_DESCRIBE,
    REC_MODIFY,
    REC_DELETE,
    REC_WAIT,
    REC_LIST,
    REC_FILES,
    REC_USERSIG,
    REC_BATCH,
    REC_SUBS
};

/* What wait waits for. */
enum rec_want { REC_WANT_RECORDING, REC_WANT_IDLE, REC_WANT_ENDED };

/* A member of the request, in the order given. The texts are argv's or constants. */
struct rec_set {
    const char *path, *value;
};

struct rec_words {
    const char **items;
    size_t n;
};

struct rec_opts {
    enum rec_sub sub;
    const char *task; /* TASKID, or NULL */
    int64_t sdkappid; /* 0: not given */
    const char *region, *endpoint, *profile, *secret_file, *ca_file;
    bool intl;
    int64_t timeout_us; /* of a call; wait: of the waiting. 0: not given */
    int64_t retries;
    bool json, header, dry_run, skeleton, follow, replace, offline;
    const char *file; /* -f */
    struct rec_set *sets;
    size_t nb_sets;
    struct rec_words users, subscribe, unsubscribe;
    const char *usersig_file, *layout, *storage, *prefix, *check;
    int format;       /* OutputFormat, or -1 */
    bool video;       /* --size, --fps or --bitrate was given */
    int64_t expire_s; /* of a UserSig */
    enum rec_want want;
    int64_t interval_us, idle_us;
};

/* When the next request may go out; for all threads of the program. */
struct rec_pace {
    pthread_mutex_t lock;
    int64_t next_us;
};

/* A session: one connection, one hold on the state directory. For one thread. */
struct rec {
    const struct rec_opts *opts;
    struct trtc_env env;
    const struct trtc_credentials *credentials; /* NULL until asked for */
    struct trtc_credentials own;                /* where they are this session's */
    struct rec_pace *pace;
    struct trtc_http *http;
    struct trtc_transport wire; /* http's */
    struct trtc_caller caller;
    struct trtc_endpoint endpoint;
    char region[64];
    char *state_dir;
    bool file_shows;          /* others may read the secrets in -f */
    struct trtc_tasks *tasks; /* NULL until asked for */
    int code;                 /* what went wrong beside the call, already told */
};

/* ---- rec_operands.c ---- */

/* Parts argv's words (the first is the program's name) into options and operands: out gets the
 * name, the options and their values, "--" and the operands, nb + 2 pointers at most. A TASKID
 * that begins with '-' is an operand; first: one may stand right behind the sub-command's name. */
struct option;
int rec_part(int argc, char *const argv[], const char *shorts, const struct option *longs,
             bool takes_task, char *out[]);

/* ---- rec_session.c ---- */

int rec_begin(struct rec *r, const struct rec_opts *opts, struct rec_pace *pace,
              struct trtc_err *err);
void rec_end(struct rec *r);

/* Finds the credentials, once. */
int rec_credentials(struct rec *r, struct trtc_err *err);

/* Region and endpoint, of the options, of what is remembered of the task (NULL: nothing), of the
 * environment, or the defaults. */
int rec_target(struct rec *r, const struct trtc_task *task, struct trtc_err *err);

/* Calls the action. unknown as for trtc_call. */
int rec_call(struct rec *r, enum trtc_action action, const struct cJSON *request,
             const struct trtc_task *task, struct trtc_answer *answer, bool *unknown,
             struct trtc_err *err);

/* Opens the state directory. */
int rec_state(struct rec *r, struct trtc_err *err);

int64_t rec_now_ms(void);             /* since the epoch */
int64_t rec_mono_us(void);            /* a clock that nobody sets */
int rec_sleep_until(int64_t mono_us); /* nonzero: a signal asked for the end */
int rec_random(void *out, size_t n, struct trtc_err *err);

/* ---- rec_request.c ---- */

/* The request that the options make: -f, what lies over it, sdkappid and task. Owner: the caller. */
struct cJSON *rec_request(struct rec *r, enum trtc_action action, struct trtc_err *err);

/* What a create must have and need not be given: the storage's keys, the UserSig of the robot or
 * its place (rec_complete.c). */
int rec_complete(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* Makes the robot's UserSig where only its place is there, once application and robot have been
 * checked; looks at one that was given. */
int rec_sign_in(struct rec *r, struct cJSON *request, struct trtc_err *err);

/* Reads a file or '-'. *text is the caller's. secret: TRTC_EX_NOPERM where others may read it. */
int rec_read(const char *path, bool secret, char **text, size_t *n, struct trtc_err *err);

/* A member by its path ("RecordParams.RecordMode"), or NULL. */
struct cJSON *rec_member(const struct cJSON *request, const char *path);

/* ---- rec_create.c, rec_actions.c: each takes a request that says what is known, completes, checks and sends
 * it, and keeps the state. *answer is the caller's in any case, empty for --dry-run. ---- */

int rec_create(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err);
int rec_describe(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
                 struct trtc_err *err);
int rec_modify(struct rec *r, struct cJSON *change, struct trtc_answer *answer,
               struct trtc_err *err);
int rec_delete(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err);

/* The member's text, or NULL. */
const char *rec_text(const struct cJSON *object, const char *name);

/* Whether anything is remembered of the task. */
bool rec_remembered(struct rec *r, const char *id);

/* The service does not know the task (any more). */
bool rec_gone(const struct trtc_answer *answer);

/* ---- rec_show.c ---- */

void rec_show_answer(const struct rec *r, const struct trtc_answer *answer);

/* --dry-run: the request as it would be sent, without its secrets. */
int rec_show_request(struct rec *r, enum trtc_action action, const struct cJSON *request,
                     const struct trtc_task *task, struct trtc_err *err);

/* ---- rec_wait.c ---- */

/* Watches the task until it is as wanted: a line on stdout for each change. */
int rec_watch(struct rec *r, const char *task, enum rec_want want, struct trtc_err *err);

/* Says what it means that a task is idle for so long. */
void rec_explain_idle(int64_t idle_us);

/* The line that begins a create --follow. */
void rec_watch_created(const char *task, const char *request_id);

/* ---- the other sub-commands: 0, or -1 with err ---- */

int rec_list(struct rec *r, struct trtc_err *err);
int rec_files(struct rec *r, struct trtc_err *err);
int rec_usersig(struct rec *r, struct trtc_err *err);
int rec_batch(struct rec *r, struct trtc_err *err);

#endif
