/* SPDX-License-Identifier: MIT */
/* A spool of events: a directory like a maildir, so that an event is either whole and on disk, or not there.
 *
 *   tmp/      being written
 *   new/      NAME: the body as it came; waits for what is to be done with it
 *   done/     that was done          failed/   that failed for good
 *   head/     NAME without its suffix: SdkAppId and Sign as they came with it
 *   gone/     NAME, empty: it was taken out of done/ or failed/; a repetition is still known
 *
 * A name is "MS-TYPE-ID.json": when the event happened, its type, what tells it from all others. */
#ifndef TRTC_SERVE_SPOOL_H
#define TRTC_SERVE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/listing.h"

#define TRTC_SPOOL_NAME_MAX 96 /* with the NUL */
#define TRTC_SPOOL_SIGN_MAX 64

enum trtc_spool_place {
    TRTC_SPOOL_NEW,
    TRTC_SPOOL_DONE,
    TRTC_SPOOL_FAILED,
    TRTC_SPOOL_GONE,
    TRTC_SPOOL_PLACES
};

/* "new", "done", "failed", "gone": the directory's name. */
const char *trtc_spool_place_name(enum trtc_spool_place place);

struct trtc_spool; /* many threads may use one */

/* Opens the spool; create: makes what is not there, for the owner only. TRTC_EX_NOINPUT, TRTC_EX_CANTCREAT, TRTC_EX_NOPERM
 * where others may write to it. NULL on failure. */
struct trtc_spool *trtc_spool_open(const char *dir, bool create, struct trtc_err *err);
void trtc_spool_free(struct trtc_spool **s);

/* The directory as it was given, and the descriptors of those in it; valid as long as s. */
const char *trtc_spool_dir(const struct trtc_spool *s);
int trtc_spool_fd(const struct trtc_spool *s, enum trtc_spool_place place); /* of the directory */

/* Takes the spool for this process, until it ends: TRTC_EX_TEMPFAIL where another one serves it. Removes what killed runs
 * have left in tmp/. */
int trtc_spool_lock(struct trtc_spool *s, struct trtc_err *err);

/* Makes a name. Its parts, read back: false where it is none. */
void trtc_spool_name(int64_t event_ms, int64_t type, const char *id, char out[TRTC_SPOOL_NAME_MAX]);
bool trtc_spool_name_parts(const char *name, int64_t *event_ms, int64_t *type);

struct trtc_spool_entry {
    const char *name;
    const void *body;
    size_t n;
    int64_t sdkappid; /* 0: none */
    const char *sign; /* NULL: none */
};

/* Stores an event: 1, or 0 where it has been stored before (in whatever place it is now), or -1 and nothing is stored
 * (TRTC_EX_TEMPFAIL for a full disk and the like, TRTC_EX_IOERR). After 1 and 0 it is on disk, with its directory entry. */
int trtc_spool_put(struct trtc_spool *s, const struct trtc_spool_entry *e, struct trtc_err *err);

/* Reads the body (malloc'd, with a NUL behind it), and returns its bytes; or -1, TRTC_EX_NOINPUT where it is not
 * there (any more). */
int64_t trtc_spool_read(const struct trtc_spool *s, enum trtc_spool_place place, const char *name,
                        char **body, struct trtc_err *err);

/* What came with it; 0 and "" where nothing is known. */
void trtc_spool_head(const struct trtc_spool *s, const char *name, int64_t *sdkappid,
                     char sign[TRTC_SPOOL_SIGN_MAX]);

/* Moves an event from place to place, on disk. TRTC_EX_NOINPUT where it is not there. */
int trtc_spool_move(struct trtc_spool *s, const char *name, enum trtc_spool_place from,
                    enum trtc_spool_place to, struct trtc_err *err);

/* Takes an event out of done/ or failed/; what stays in gone/ has no bytes. */
int trtc_spool_drop(struct trtc_spool *s, const char *name, enum trtc_spool_place from,
                    struct trtc_err *err);

/* Forgets what was dropped before before_ms (since the epoch). */
void trtc_spool_forget(struct trtc_spool *s, int64_t before_ms);

/* Adds the names in a place to out, which is empty, sorted by time, then type and id. On failure it stays
 * empty. */
int trtc_spool_list(const struct trtc_spool *s, enum trtc_spool_place place, struct trtc_names *out,
                    struct trtc_err *err);

/* Holds an event of new/ while something is done with it: a descriptor for reading, locked; -1 where it is not there
 * (*held false) or another process has it (*held true), or with err->code set. */
int trtc_spool_hold(const struct trtc_spool *s, const char *name, bool *held, struct trtc_err *err);

#endif
