/* SPDX-License-Identifier: MIT */
/* What the service must not forget, in an SQLite database: tasks, files to be uploaded, callbacks
 * to be sent, and secrets, in a table of their own. The changes between trtc_store_begin and a
 * trtc_store_commit that returns 0 are on disk; after any failure in between the caller calls
 * trtc_store_rollback, and nothing has changed. Unless stated otherwise, functions return 0, or -1
 * with TRTC_EX_DATAERR (the file is damaged), TRTC_EX_TEMPFAIL (disk full, memory), TRTC_EX_NOPERM
 * or TRTC_EX_IOERR. Functions that take each call it for every row; it returns false to stop. Times
 * in ms are of the epoch. */
#ifndef TRTC_SERVICE_STORE_H
#define TRTC_SERVICE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct trtc_store;

/* Opens or creates the file (mode 0600), for this process alone, and checks all of it. NULL:
 * TRTC_EX_DATAERR (damaged, or not a database), TRTC_EX_CONFIG (written by a newer version),
 * TRTC_EX_TEMPFAIL (another process has it open), TRTC_EX_CANTCREAT (it cannot be opened or
 * created), or the codes above. */
struct trtc_store *trtc_store_open(const char *path, struct trtc_err *err);
/* Closes *s and sets it to NULL; NULL is accepted. A transaction that was not committed is lost. */
void trtc_store_free(struct trtc_store **s);

int trtc_store_begin(struct trtc_store *s, struct trtc_err *err);
int trtc_store_commit(struct trtc_store *s, struct trtc_err *err);
void trtc_store_rollback(struct trtc_store *s);

/* ---- tasks ---- */

/* How the API sees a task. */
enum trtc_life {
    TRTC_LIFE_OPEN,
    TRTC_LIFE_EXITED, /* it has left the room; files are still being uploaded */
    TRTC_LIFE_GONE    /* the API no longer knows it */
};

struct trtc_task_row { /* texts are owned by the row */
    char *id, *room, *robot;
    int64_t sdkappid;
    int room_type; /* RoomIdType: 0 text, 1 number */
    bool mixed, vod;
    int wants;                      /* enum trtc_wants: which files are uploaded */
    int64_t created_ms, expires_ms; /* expires: when the API no longer knows the id */
    enum trtc_life life;
    int64_t exited_ms; /* when it left the room (302); 0: not yet */
    int64_t ended_ms;  /* when it wrote its last line; 0: not yet */
    int leave_code;    /* LeaveCode of 302; -1: none yet */
    int end_status;    /* 1: it ended with a failure, or a line of it could not be read */
    int stop_code;     /* the LeaveCode with which it was asked to end; -1: it was not asked */
    int64_t starts;    /* how often it was started */
    int64_t seq;       /* the number of the last line that was read from events.ndjson */
    int64_t offset;    /* where the next line begins, in bytes */
    bool upload_told;  /* 303 was sent */
    int hls_told;      /* 305: 1 + the last Status, or 3 after a final 1; for VOD 1: 312; 0: none */
    int made_told;     /* for VOD 1: 311 was sent for the playlists */
    bool settled;      /* everything is uploaded and every callback is in the outbox */
    char *modify;      /* the last change, as a line for trtc-task; NULL: none */
};

void trtc_task_row_fini(struct trtc_task_row *t);
int trtc_store_task_add(struct trtc_store *s, const struct trtc_task_row *t, struct trtc_err *err);
/* Saves the members from life on, the ones that change while the task lives. */
int trtc_store_task_save(struct trtc_store *s, const struct trtc_task_row *t, struct trtc_err *err);
/* Removes the rows of the task, its files, losses and secrets; its callbacks stay in the outbox. */
int trtc_store_task_drop(struct trtc_store *s, const char *id, struct trtc_err *err);
/* Passes all tasks to take, oldest first. take owns the texts of the row, even when it returns -1
 * (memory). */
int trtc_store_tasks(struct trtc_store *s, int (*take)(void *arg, struct trtc_task_row *t),
                     void *arg, struct trtc_err *err);

/* ---- secrets ---- */

/* Store and read the secret of a task. *text belongs to the caller, who wipes and frees it; NULL:
 * the task has none. */
int trtc_store_secret_add(struct trtc_store *s, const char *id, const char *text,
                          struct trtc_err *err);
int trtc_store_secret(struct trtc_store *s, const char *id, char **text, struct trtc_err *err);
/* Removes the secret and overwrites it in the file and in the log of the database. Not to be called
 * in a transaction. After a failure call it again, even if the secret is no longer in the table:
 * its bytes may still be in the files. */
int trtc_store_secret_wipe(struct trtc_store *s, const char *id, struct trtc_err *err);

/* ---- files ---- */

struct trtc_file_row { /* texts passed to each are valid until it returns */
    const char *task;
    const char *path;   /* below the task's directory */
    const char *type;   /* "segment", "playlist", "mp4" or "aac" */
    int64_t seq;        /* number of the last line that named the file */
    int64_t proven_seq; /* the seq that the uploaded file had; 0: it was never uploaded */
    const char *key, *url, *file_id; /* where it is stored; NULL: not known */
};

/* Notes that a file is to be uploaded, or uploaded again: uses task, path, type, seq. */
int trtc_store_file_add(struct trtc_store *s, const struct trtc_file_row *f, struct trtc_err *err);
/* Notes that the file was uploaded as it was at proven_seq; key, url, file_id: NULL leaves what is
 * stored. */
int trtc_store_file_proven(struct trtc_store *s, const struct trtc_file_row *f,
                           struct trtc_err *err);
/* Passes the files of a task to each, in the order in which they are uploaded. */
int trtc_store_files(struct trtc_store *s, const char *task,
                     bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                     struct trtc_err *err);
/* Passes those that wait for their upload (seq > proven_seq), in the same order. */
int trtc_store_files_due(struct trtc_store *s, const char *task,
                         bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                         struct trtc_err *err);
/* Counts the files that wait, and how many of them are segments and playlists. */
int trtc_store_files_waiting(struct trtc_store *s, const char *task, int64_t *all, int64_t *hls,
                             struct trtc_err *err);
enum trtc_file_state { TRTC_FILE_UNKNOWN, TRTC_FILE_WAITS, TRTC_FILE_PROVEN };

/* Finds out whether a file is uploaded in its present state; UNKNOWN: the task has not listed
 * it. */
int trtc_store_file_state(struct trtc_store *s, const char *task, const char *path,
                          enum trtc_file_state *state, struct trtc_err *err);
/* Remove the row of a file; of all files of a task. */
int trtc_store_file_drop(struct trtc_store *s, const char *task, const char *path,
                         struct trtc_err *err);
int trtc_store_files_drop(struct trtc_store *s, const char *task, struct trtc_err *err);

/* ---- files made from a recording: MP4, AAC ---- */

enum trtc_made_told { TRTC_MADE_UNTOLD, TRTC_MADE_TOLD, TRTC_MADE_STUCK };

struct trtc_made_row {       /* texts passed to each are valid until it returns */
    int64_t id;              /* set by the database */
    const char *task, *json; /* json: {"FileList":...}, the payload of 310 */
    int64_t event_ms;
    enum trtc_made_told told; /* whether 310, or 311 for every file, was sent; STUCK: with Status 1 */
};

int trtc_store_made_add(struct trtc_store *s, const struct trtc_made_row *m, struct trtc_err *err);
int trtc_store_made_told(struct trtc_store *s, int64_t id, enum trtc_made_told told,
                         struct trtc_err *err);
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

/* The database stores these numbers. */
enum trtc_out_state {
    TRTC_OUT_WAITING,
    TRTC_OUT_SENT,
    TRTC_OUT_FAILED,
    TRTC_OUT_NONE /* there is no address to send it to */
};

struct trtc_out_row { /* texts passed to each are valid until it returns */
    int64_t id;       /* set by trtc_store_out_add; rises */
    int64_t sdkappid, event_ms;
    int type;                /* EventType */
    const char *task, *body; /* body: the callback without CallbackTs */
    enum trtc_out_state state;
    int tries;
    int64_t first_ms, next_ms; /* when it was first sent; when it is to be sent next */
    const char *error;         /* why the last attempt failed, or NULL */
};

/* Adds a callback and sets o->id. */
int trtc_store_out_add(struct trtc_store *s, struct trtc_out_row *o, struct trtc_err *err);
/* Saves the result of an attempt: state, tries, first_ms, next_ms, error. */
int trtc_store_out_save(struct trtc_store *s, const struct trtc_out_row *o, struct trtc_err *err);
/* Passes the callbacks that are due to each, oldest first. A callback is due only after every older
 * one of its task was tried at least once. */
int trtc_store_out_due(struct trtc_store *s, int64_t now_ms,
                       bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                       struct trtc_err *err);
/* Passes the newest callbacks with an id over after to each, at most nb of them, oldest first. */
int trtc_store_out_last(struct trtc_store *s, int64_t after, int nb,
                        bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                        struct trtc_err *err);
/* Counts the callbacks in each state (enum trtc_out_state is the index). */
int trtc_store_out_count(struct trtc_store *s, int64_t counts[4], struct trtc_err *err);
/* Removes callbacks that were sent or had no address, except among the newest kept callbacks. */
int trtc_store_out_prune(struct trtc_store *s, int kept, struct trtc_err *err);

/* ---- signatures of requests that changed something ---- */

/* Remembers a signature, made at signed_s (seconds of the epoch), with the action of its
 * request. */
int trtc_store_used_add(struct trtc_store *s, const char *signature, int action, int64_t signed_s,
                        struct trtc_err *err);
/* Passes the signatures that are still valid at now_s to each, and removes the others: a signature
 * is valid for 300 s. */
int trtc_store_used(struct trtc_store *s, int64_t now_s,
                    void (*each)(void *arg, const char *signature, int action, int64_t signed_s),
                    void *arg, struct trtc_err *err);

#endif
