/* SPDX-License-Identifier: MIT */
/* What the service must not forget, in SQLite: tasks, what is to be uploaded, what is to be sent, secrets in a table of
 * their own. A change is there when trtc_store_commit has returned 0, or not at all. Functions return 0, or -1 with
 * TRTC_EX_DATAERR (the file is damaged), TRTC_EX_TEMPFAIL (disk full, memory) or TRTC_EX_IOERR; after a failure the
 * transaction is to be rolled back. */
#ifndef TRTC_SERVICE_STORE_H
#define TRTC_SERVICE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_store;

/* Opens or makes the file (0600). Looks through all of it: TRTC_EX_DATAERR where it is damaged or no such file,
 * TRTC_EX_CONFIG where a newer program wrote it, TRTC_EX_TEMPFAIL where another has it. NULL on failure. */
struct trtc_store *trtc_store_open(const char *path, struct trtc_err *err);
void trtc_store_free(struct trtc_store **s);

int trtc_store_begin(struct trtc_store *s, struct trtc_err *err);
int trtc_store_commit(struct trtc_store *s, struct trtc_err *err);
void trtc_store_rollback(struct trtc_store *s);

/* ---- tasks ---- */

enum trtc_life { /* as the API sees it */
                 TRTC_LIFE_OPEN,
                 TRTC_LIFE_EXITED, /* it has left the room; files are on their way */
                 TRTC_LIFE_GONE    /* it is described no more */
};

struct trtc_task_row { /* texts are the row's */
    char *id, *room, *robot;
    int64_t sdkappid;
    int room_type; /* 0 string, 1 number */
    bool mixed, vod;
    int wants;                      /* enum trtc_wants: what is uploaded of it */
    int64_t created_ms, expires_ms; /* expires: when its id does */
    enum trtc_life life;
    int64_t exited_ms, ended_ms; /* 302; when nothing more is written; 0: not yet */
    int leave_code;              /* of 302; -1: none yet */
    int end_status;              /* 1: ended by failure */
    int stop_code;               /* it was told to end with this LeaveCode; -1: it was not */
    int64_t starts;              /* how often it was started */
    int64_t seq, offset; /* the last line of its events that was taken, and where the next begins */
    bool upload_told;    /* 303 */
    int hls_told,
        made_told; /* last Status of 305 (312) plus 1; whether VOD's playlists were told */
    bool settled;  /* everything is proven and told */
    char *modify;  /* the last change, as it goes to trtc-task; NULL: none */
};

void trtc_task_row_fini(struct trtc_task_row *t);
int trtc_store_task_add(struct trtc_store *s, const struct trtc_task_row *t, struct trtc_err *err);
/* What changes in the life of a task. */
int trtc_store_task_save(struct trtc_store *s, const struct trtc_task_row *t, struct trtc_err *err);
int trtc_store_task_drop(struct trtc_store *s, const char *id, struct trtc_err *err);
/* All of them, in the order in which they were made; take owns what it is given, also where it returns -1. */
int trtc_store_tasks(struct trtc_store *s, int (*take)(void *arg, struct trtc_task_row *t),
                     void *arg, struct trtc_err *err);

/* ---- secrets ---- */

/* The text of a task's secret; *text is NULL where there is none; the caller's, to be wiped and freed. */
int trtc_store_secret_add(struct trtc_store *s, const char *id, const char *text,
                          struct trtc_err *err);
int trtc_store_secret(struct trtc_store *s, const char *id, char **text, struct trtc_err *err);
/* Overwrites it in the file. Outside of transactions: what the log of the database has of it is overwritten too. */
int trtc_store_secret_wipe(struct trtc_store *s, const char *id, struct trtc_err *err);

/* ---- files ---- */

struct trtc_file_row {               /* texts: valid until the next call */
    const char *task, *path, *type;  /* path: below the task's directory; type: "segment" ... */
    int64_t seq;                     /* of the line that named it last */
    int64_t proven_seq;              /* what was proven is what it was then; 0: never */
    const char *key, *url, *file_id; /* where it is; or NULL */
};

/* A file that is to be put, or to be put again. */
int trtc_store_file_add(struct trtc_store *s, const struct trtc_file_row *f, struct trtc_err *err);
/* Proven as it was at that line. */
int trtc_store_file_proven(struct trtc_store *s, const struct trtc_file_row *f,
                           struct trtc_err *err);
/* Those of a task, in the order in which they are to be put. each returns false to stop. */
int trtc_store_files(struct trtc_store *s, const char *task,
                     bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                     struct trtc_err *err);
/* Those that wait, in the same order. */
int trtc_store_files_due(struct trtc_store *s, const char *task,
                         bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                         struct trtc_err *err);
/* How many wait, and how many of them are segments and playlists. */
int trtc_store_files_waiting(struct trtc_store *s, const char *task, int64_t *all, int64_t *hls,
                             struct trtc_err *err);
/* Whether a file is there as it is. */
int trtc_store_file_is_proven(struct trtc_store *s, const char *task, const char *path,
                              bool *proven, struct trtc_err *err);
/* Forgets them. */
int trtc_store_files_drop(struct trtc_store *s, const char *task, struct trtc_err *err);

/* ---- what was made of a task: MP4, AAC ---- */

struct trtc_made_row { /* texts: valid until the next call */
    int64_t id;
    const char *task, *json; /* {"FileList":...} */
    int64_t event_ms;
    bool told; /* 310 */
};

int trtc_store_made_add(struct trtc_store *s, const struct trtc_made_row *m, struct trtc_err *err);
int trtc_store_made_told(struct trtc_store *s, int64_t id, struct trtc_err *err);
int trtc_store_mades(struct trtc_store *s, const char *task,
                     bool (*each)(void *arg, const struct trtc_made_row *m), void *arg,
                     struct trtc_err *err);

/* ---- losses ---- */

int trtc_store_loss_add(struct trtc_store *s, const char *task, const char *user, const char *text,
                        struct trtc_err *err);
int trtc_store_losses(struct trtc_store *s, const char *task,
                      void (*each)(void *arg, const char *user, const char *text), void *arg,
                      struct trtc_err *err);

/* ---- the outbox ---- */

enum trtc_out_state { TRTC_OUT_WAITING, TRTC_OUT_SENT, TRTC_OUT_FAILED, TRTC_OUT_NONE };

struct trtc_out_row { /* texts: valid until the next call */
    int64_t id;       /* given by trtc_store_out_add */
    int64_t sdkappid, event_ms;
    int type;
    const char *task, *body; /* body: the callback without CallbackTs */
    enum trtc_out_state state;
    int tries;
    int64_t first_ms, next_ms; /* when it was first sent; when it is to be sent */
    const char *error;         /* why the last attempt failed, or NULL */
};

int trtc_store_out_add(struct trtc_store *s, struct trtc_out_row *o, struct trtc_err *err);
/* After an attempt: state, tries, first_ms, next_ms, error. */
int trtc_store_out_save(struct trtc_store *s, const struct trtc_out_row *o, struct trtc_err *err);
/* Those that are due; of a task none before the first attempt at the one before it. */
int trtc_store_out_due(struct trtc_store *s, int64_t now_ms,
                       bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                       struct trtc_err *err);
/* The newest with an id over after, nb at most, the oldest of them first. */
int trtc_store_out_last(struct trtc_store *s, int64_t after, int nb,
                        bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                        struct trtc_err *err);
/* How many are in each state. */
int trtc_store_out_count(struct trtc_store *s, int64_t counts[4], struct trtc_err *err);
/* Forgets those that were sent, but the newest kept of them. */
int trtc_store_out_prune(struct trtc_store *s, int kept, struct trtc_err *err);

/* ---- signatures of what changed something ---- */

int trtc_store_used_add(struct trtc_store *s, const char *signature, int action, int64_t signed_s,
                        struct trtc_err *err);
/* Those that are good after now_s; others are forgotten. */
int trtc_store_used(struct trtc_store *s, int64_t now_s,
                    void (*each)(void *arg, const char *signature, int action, int64_t signed_s),
                    void *arg, struct trtc_err *err);

#endif
