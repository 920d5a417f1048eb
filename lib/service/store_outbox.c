/* SPDX-License-Identifier: MIT */
/* Rows of the outbox: callbacks to be sent, and those that were sent. */
#include "service/store_priv.h"

enum { PAUSE_MAX_MS = 10000 }; /* between attempts */

#define COLUMNS "id,task,sdkappid,event_ms,type,body,state,tries,first_ms,next_ms,error"

int trtc_store_out_add(struct trtc_store *s, struct trtc_out_row *o, struct trtc_err *err)
{
    static const char sql[] =
        "INSERT INTO outbox(task,sdkappid,event_ms,type,body,state,tries,first_ms,next_ms)"
        " VALUES(?,?,?,?,?,?,0,0,?)";
    if (trtc_store_done(s,
                        trtc_store_bind(s, err, sql, "tiiitii", o->task, o->sdkappid, o->event_ms,
                                        (int64_t)o->type, o->body, (int64_t)o->state, o->next_ms),
                        err) < 0)
        return -1;
    o->id = sqlite3_last_insert_rowid(s->db);
    return 0;
}

int trtc_store_out_save(struct trtc_store *s, const struct trtc_out_row *o, struct trtc_err *err)
{
    static const char sql[] =
        "UPDATE outbox SET state=?,tries=?,first_ms=?,next_ms=?,error=? WHERE id=?";
    return trtc_store_done(s,
                           trtc_store_bind(s, err, sql, "iiiiti", (int64_t)o->state,
                                           (int64_t)o->tries, o->first_ms, o->next_ms, o->error,
                                           o->id),
                           err);
}

static struct trtc_out_row row_of(sqlite3_stmt *q)
{
    return (struct trtc_out_row){ .id = sqlite3_column_int64(q, 0),
                                  .task = trtc_store_text(q, 1),
                                  .sdkappid = sqlite3_column_int64(q, 2),
                                  .event_ms = sqlite3_column_int64(q, 3),
                                  .type = sqlite3_column_int(q, 4),
                                  .body = trtc_store_text(q, 5),
                                  .state = (enum trtc_out_state)sqlite3_column_int(q, 6),
                                  .tries = sqlite3_column_int(q, 7),
                                  .first_ms = sqlite3_column_int64(q, 8),
                                  .next_ms = sqlite3_column_int64(q, 9),
                                  .error = trtc_store_text(q, 10) };
}

static int give(struct trtc_store *s, sqlite3_stmt *q,
                bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                struct trtc_err *err)
{
    int ret;
    while ((ret = trtc_store_step(s, q, err)) == 1) {
        const struct trtc_out_row o = row_of(q);
        if (!each(arg, &o)) {
            ret = 0;
            break;
        }
    }
    trtc_store_end(q);
    return ret;
}

/* An attempt that is further away than any pause was planned before the clock was set back. */
int trtc_store_out_due(struct trtc_store *s, int64_t now_ms,
                       bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                       struct trtc_err *err)
{
    static const char sql[] =
        "SELECT " COLUMNS
        " FROM outbox AS a WHERE state=0 AND (next_ms<=? OR next_ms>?) AND NOT EXISTS"
        " (SELECT 1 FROM outbox AS b WHERE b.state=0 AND b.tries=0 AND b.task=a.task AND b.id<a.id)"
        " ORDER BY id";
    return give(s, trtc_store_bind(s, err, sql, "ii", now_ms, now_ms + PAUSE_MAX_MS), each, arg,
                err);
}

int trtc_store_out_last(struct trtc_store *s, int64_t after, int nb,
                        bool (*each)(void *arg, const struct trtc_out_row *o), void *arg,
                        struct trtc_err *err)
{
    static const char sql[] = "SELECT * FROM (SELECT " COLUMNS
                              " FROM outbox WHERE id>? ORDER BY id DESC LIMIT ?) ORDER BY id";
    return give(s, trtc_store_bind(s, err, sql, "ii", after, (int64_t)nb), each, arg, err);
}

int trtc_store_out_count(struct trtc_store *s, int64_t counts[4], struct trtc_err *err)
{
    static const char sql[] = "SELECT state, count(*) FROM outbox GROUP BY state";
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "");
    int ret;
    for (int i = 0; i < 4; i++)
        counts[i] = 0;
    while ((ret = trtc_store_step(s, q, err)) == 1)
        counts[sqlite3_column_int(q, 0) & 3] = sqlite3_column_int64(q, 1);
    trtc_store_end(q);
    return ret;
}

int trtc_store_out_prune(struct trtc_store *s, int kept, struct trtc_err *err)
{
    static const char sql[] =
        "DELETE FROM outbox WHERE state IN (1,3) AND id <= (SELECT max(id) FROM outbox) - ?";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "i", (int64_t)kept), err);
}
