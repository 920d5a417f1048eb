/* SPDX-License-Identifier: MIT */
/* A spool of events: a directory similar to a maildir, so that an event is either complete and on
 * disk, or not there.
 *
 *   tmp/      being written
 *   new/      NAME: the body as received; waits to be handled
 *   done/     handled                failed/   failed finally
 *   head/     NAME without its suffix: SdkAppId and Sign as received
 *   gone/     NAME, empty: removed from done/ or failed/, but a repetition is still recognised
 *
 * A name is "MS-TYPE-ID.json": when the event happened, its type, and a unique id. */
#ifndef TRTC_SERVE_SPOOL_H
#define TRTC_SERVE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/listing.h"

#define TRTC_SPOOL_NAME_MAX 96 /* size with the NUL */
#define TRTC_SPOOL_SIGN_MAX 64

enum trtc_spool_place {
    TRTC_SPOOL_NEW,
    TRTC_SPOOL_DONE,
    TRTC_SPOOL_FAILED,
    TRTC_SPOOL_GONE,
    TRTC_SPOOL_PLACES
};

/* The directory's name: "new", "done", "failed", "gone". Static. */
const char *trtc_spool_place_name(enum trtc_spool_place place);

struct trtc_spool; /* several threads may use one */

/* Opens the spool; create: creates missing directories, for the owner only. TRTC_EX_NOINPUT,
 * TRTC_EX_CANTCREAT, TRTC_EX_IOERR; TRTC_EX_NOPERM: others may write to it. NULL on failure. */
struct trtc_spool *trtc_spool_open(const char *dir, bool create, struct trtc_err *err);
void trtc_spool_free(struct trtc_spool **s);

/* The directory as given, and the descriptors of its subdirectories; valid as long as s. */
const char *trtc_spool_dir(const struct trtc_spool *s);
int trtc_spool_fd(const struct trtc_spool *s, enum trtc_spool_place place); /* of the directory */

/* Locks the spool for this process until it exits, and removes what killed runs left in tmp/.
 * TRTC_EX_TEMPFAIL: another process serves it; TRTC_EX_CANTCREAT, TRTC_EX_IOERR. 0, or -1. */
int trtc_spool_lock(struct trtc_spool *s, struct trtc_err *err);

/* Makes a name; trtc_spool_parse reads its parts. False: it is not such a name. */
void trtc_spool_name(int64_t event_ms, int64_t type, const char *id, char out[TRTC_SPOOL_NAME_MAX]);
bool trtc_spool_name_parts(const char *name, int64_t *event_ms, int64_t *type);

struct trtc_spool_entry {
    const char *name;
    const void *body;
    size_t n;
    int64_t sdkappid; /* 0: none */
    const char *sign; /* NULL: none */
};

/* Stores an event. 1: stored; 0: it was already stored (wherever it is now); -1: nothing is stored;
 * TRTC_EX_TEMPFAIL: a full disk and the like, TRTC_EX_IOERR. After 1 and 0 it is on disk with its
 * directory entry. */
int trtc_spool_put(struct trtc_spool *s, const struct trtc_spool_entry *e, struct trtc_err *err);

/* Reads a body, which the caller frees; a NUL follows it. Returns its size in bytes, or -1;
 * TRTC_EX_NOINPUT: it is not there (any more). */
int64_t trtc_spool_read(const struct trtc_spool *s, enum trtc_spool_place place, const char *name,
                        char **body, struct trtc_err *err);

/* The SdkAppId and Sign received with an event; 0 and "" if unknown. Returns 0, or -1 for a shortage
 * of the machine. */
int trtc_spool_head(const struct trtc_spool *s, const char *name, int64_t *sdkappid,
                    char sign[TRTC_SPOOL_SIGN_MAX], struct trtc_err *err);

/* Moves an event between places, durably. TRTC_EX_NOINPUT: it is not there; TRTC_EX_IOERR. 0, or
 * -1. */
int trtc_spool_move(struct trtc_spool *s, const char *name, enum trtc_spool_place from,
                    enum trtc_spool_place to, struct trtc_err *err);

/* Removes an event from done/ or failed/; an empty file stays in gone/. 0, or -1. */
int trtc_spool_drop(struct trtc_spool *s, const char *name, enum trtc_spool_place from,
                    struct trtc_err *err);

/* Forgets events that were removed before before_ms (milliseconds since 1970). */
void trtc_spool_forget(struct trtc_spool *s, int64_t before_ms);

/* Adds the names in a place to out, which must be empty, sorted by time, type and id. On failure it
 * stays empty. 0, or -1. */
int trtc_spool_list(const struct trtc_spool *s, enum trtc_spool_place place, struct trtc_names *out,
                    struct trtc_err *err);

/* Holds an event of new/ while it is handled. Returns a locked descriptor for reading; -1: it is
 * not there (*held false), another process holds it (*held true), or failure (err->code set). */
int trtc_spool_hold(const struct trtc_spool *s, const char *name, bool *held, struct trtc_err *err);

#endif
