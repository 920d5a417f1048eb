/* SPDX-License-Identifier: MIT */
/* Rows of files, made files and losses. */
#include "service/store_priv.h"

int trtc_store_file_add(struct trtc_store *s, const struct trtc_file_row *f, struct trtc_err *err)
{
    static const char sql[] = "INSERT INTO files(task,path,type,seq,proven_seq) VALUES(?,?,?,?,0)"
                              " ON CONFLICT(task,path) DO UPDATE SET seq=excluded.seq";
    return trtc_store_done(
        s, trtc_store_bind(s, err, sql, "ttti", f->task, f->path, f->type, f->seq), err);
}

int trtc_store_file_proven(struct trtc_store *s, const struct trtc_file_row *f,
                           struct trtc_err *err)
{
    static const char sql[] =
        "UPDATE files SET proven_seq=max(proven_seq,?), key=coalesce(?,key),"
        " url=coalesce(?,url), file_id=coalesce(?,file_id) WHERE task=? AND path=?";
    return trtc_store_done(s,
                           trtc_store_bind(s, err, sql,
                                           "itttt"
                                           "t",
                                           f->proven_seq, f->key, f->url, f->file_id, f->task,
                                           f->path),
                           err);
}

static int give(struct trtc_store *s, sqlite3_stmt *q,
                bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                struct trtc_err *err)
{
    int ret;
    while ((ret = trtc_store_step(s, q, err)) == 1) {
        const struct trtc_file_row f = { .task = trtc_store_text(q, 0),
                                         .path = trtc_store_text(q, 1),
                                         .type = trtc_store_text(q, 2),
                                         .seq = sqlite3_column_int64(q, 3),
                                         .proven_seq = sqlite3_column_int64(q, 4),
                                         .key = trtc_store_text(q, 5),
                                         .url = trtc_store_text(q, 6),
                                         .file_id = trtc_store_text(q, 7) };
        if (!each(arg, &f)) {
            ret = 0;
            break;
        }
    }
    trtc_store_end(q);
    return ret;
}

#define SELECT "SELECT task,path,type,seq,proven_seq,key,url,file_id FROM files WHERE task=?"

int trtc_store_files(struct trtc_store *s, const char *task,
                     bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                     struct trtc_err *err)
{
    static const char sql[] = SELECT " ORDER BY seq";
    return give(s, trtc_store_bind(s, err, sql, "t", task), each, arg, err);
}

int trtc_store_files_due(struct trtc_store *s, const char *task,
                         bool (*each)(void *arg, const struct trtc_file_row *f), void *arg,
                         struct trtc_err *err)
{
    static const char sql[] = SELECT " AND seq>proven_seq ORDER BY seq";
    return give(s, trtc_store_bind(s, err, sql, "t", task), each, arg, err);
}

int trtc_store_files_waiting(struct trtc_store *s, const char *task, int64_t *all, int64_t *hls,
                             struct trtc_err *err)
{
    static const char sql[] = "SELECT count(*), coalesce(sum(type IN ('segment','playlist')),0)"
                              " FROM files WHERE task=? AND seq>proven_seq";
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "t", task);
    const int ret = trtc_store_step(s, q, err);
    if (ret == 1) {
        *all = sqlite3_column_int64(q, 0);
        *hls = sqlite3_column_int64(q, 1);
    }
    trtc_store_end(q);
    return ret == 1 ? 0 : -1;
}

int trtc_store_file_state(struct trtc_store *s, const char *task, const char *path,
                          enum trtc_file_state *state, struct trtc_err *err)
{
    static const char sql[] = "SELECT proven_seq>=seq FROM files WHERE task=? AND path=?";
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "tt", task, path);
    const int ret = trtc_store_step(s, q, err);
    *state = ret != 1                   ? TRTC_FILE_UNKNOWN
             : sqlite3_column_int(q, 0) ? TRTC_FILE_PROVEN
                                        : TRTC_FILE_WAITS;
    trtc_store_end(q);
    return ret < 0 ? -1 : 0;
}

int trtc_store_file_drop(struct trtc_store *s, const char *task, const char *path,
                         struct trtc_err *err)
{
    static const char sql[] = "DELETE FROM files WHERE task=? AND path=?";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "tt", task, path), err);
}

int trtc_store_files_drop(struct trtc_store *s, const char *task, struct trtc_err *err)
{
    static const char sql[] = "DELETE FROM files WHERE task=?";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "t", task), err);
}

int trtc_store_made_add(struct trtc_store *s, const struct trtc_made_row *m, struct trtc_err *err)
{
    static const char sql[] = "INSERT INTO made(task,json,event_ms,told) VALUES(?,?,?,0)";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "tti", m->task, m->json, m->event_ms),
                           err);
}

int trtc_store_made_told(struct trtc_store *s, int64_t id, enum trtc_made_told told,
                         struct trtc_err *err)
{
    static const char sql[] = "UPDATE made SET told=? WHERE id=?";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "ii", (int64_t)told, id), err);
}

int trtc_store_mades(struct trtc_store *s, const char *task,
                     bool (*each)(void *arg, const struct trtc_made_row *m), void *arg,
                     struct trtc_err *err)
{
    static const char sql[] = "SELECT id,json,event_ms,told FROM made WHERE task=? ORDER BY id";
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "t", task);
    int ret;
    while ((ret = trtc_store_step(s, q, err)) == 1) {
        const struct trtc_made_row m = { .id = sqlite3_column_int64(q, 0),
                                         .task = task,
                                         .json = trtc_store_text(q, 1),
                                         .event_ms = sqlite3_column_int64(q, 2),
                                         .told = (enum trtc_made_told)sqlite3_column_int(q, 3) };
        if (!each(arg, &m)) {
            ret = 0;
            break;
        }
    }
    trtc_store_end(q);
    return ret;
}

int trtc_store_loss_add(struct trtc_store *s, const char *task, const char *user, const char *text,
                        struct trtc_err *err)
{
    static const char sql[] = "INSERT INTO losses(task,user,text) VALUES(?,?,?)";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "ttt", task, user, text), err);
}

int trtc_store_losses(struct trtc_store *s, const char *task,
                      void (*each)(void *arg, const char *user, const char *text), void *arg,
                      struct trtc_err *err)
{
    static const char sql[] = "SELECT user,text FROM losses WHERE task=? ORDER BY id";
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "t", task);
    int ret;
    while ((ret = trtc_store_step(s, q, err)) == 1)
        each(arg, trtc_store_text(q, 0), trtc_store_text(q, 1));
    trtc_store_end(q);
    return ret;
}
