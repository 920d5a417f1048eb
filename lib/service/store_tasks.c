/* SPDX-License-Identifier: MIT */
/* Rows of tasks, secrets and used signatures. */
#include <stdlib.h>
#include <string.h>

#include "service/store_priv.h"

void trtc_task_row_fini(struct trtc_task_row *t)
{
    free(t->id);
    free(t->room);
    free(t->robot);
    free(t->modify);
    *t = (struct trtc_task_row){ 0 };
}

int trtc_store_task_add(struct trtc_store *s, const struct trtc_task_row *t, struct trtc_err *err)
{
    static const char sql[] =
        "INSERT INTO tasks VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
    return trtc_store_done(
        s,
        trtc_store_bind(s, err, sql,
                        "titit"
                        "iiiiii"
                        "iiiii"
                        "iii"
                        "iiii"
                        "t",
                        t->id, t->sdkappid, t->room, (int64_t)t->room_type, t->robot,
                        (int64_t)t->mixed, (int64_t)t->vod, (int64_t)t->wants, t->created_ms,
                        t->expires_ms, (int64_t)t->life, t->exited_ms, t->ended_ms,
                        (int64_t)t->leave_code, (int64_t)t->end_status, (int64_t)t->stop_code,
                        t->starts, t->seq, t->offset, (int64_t)t->upload_told, (int64_t)t->hls_told,
                        (int64_t)t->made_told, (int64_t)t->settled, t->modify),
        err);
}

int trtc_store_task_save(struct trtc_store *s, const struct trtc_task_row *t, struct trtc_err *err)
{
    static const char sql[] =
        "UPDATE tasks SET life=?,exited_ms=?,ended_ms=?,leave_code=?,end_status=?,stop_code=?,starts=?,"
        "seq=?,offset=?,upload_told=?,hls_told=?,made_told=?,settled=?,modify=? WHERE id=?";
    return trtc_store_done(
        s,
        trtc_store_bind(s, err, sql,
                        "iiiii"
                        "iii"
                        "iiiii"
                        "tt",
                        (int64_t)t->life, t->exited_ms, t->ended_ms, (int64_t)t->leave_code,
                        (int64_t)t->end_status, (int64_t)t->stop_code, t->starts, t->seq, t->offset,
                        (int64_t)t->upload_told, (int64_t)t->hls_told, (int64_t)t->made_told,
                        (int64_t)t->settled, t->modify, t->id),
        err);
}

int trtc_store_task_drop(struct trtc_store *s, const char *id, struct trtc_err *err)
{
    static const char *const of_a_task[] = { "DELETE FROM tasks WHERE id=?",
                                             "DELETE FROM made WHERE task=?",
                                             "DELETE FROM losses WHERE task=?",
                                             "DELETE FROM secrets WHERE task=?" };
    for (size_t i = 0; i < sizeof of_a_task / sizeof of_a_task[0]; i++)
        if (trtc_store_done(s, trtc_store_bind(s, err, of_a_task[i], "t", id), err) < 0)
            return -1;
    return trtc_store_files_drop(s, id, err);
}

static char *copy(sqlite3_stmt *q, int column)
{
    const char *text = trtc_store_text(q, column);
    return text ? strdup(text) : NULL;
}

static void read_row(sqlite3_stmt *q, struct trtc_task_row *t)
{
    int c = 0;
    *t = (struct trtc_task_row){ .id = copy(q, 0), .room = copy(q, 2), .robot = copy(q, 4) };
    t->sdkappid = sqlite3_column_int64(q, 1);
    t->room_type = sqlite3_column_int(q, 3);
    c = 5;
    t->mixed = sqlite3_column_int(q, c++);
    t->vod = sqlite3_column_int(q, c++);
    t->wants = sqlite3_column_int(q, c++);
    t->created_ms = sqlite3_column_int64(q, c++);
    t->expires_ms = sqlite3_column_int64(q, c++);
    t->life = (enum trtc_life)sqlite3_column_int(q, c++);
    t->exited_ms = sqlite3_column_int64(q, c++);
    t->ended_ms = sqlite3_column_int64(q, c++);
    t->leave_code = sqlite3_column_int(q, c++);
    t->end_status = sqlite3_column_int(q, c++);
    t->stop_code = sqlite3_column_int(q, c++);
    t->starts = sqlite3_column_int64(q, c++);
    t->seq = sqlite3_column_int64(q, c++);
    t->offset = sqlite3_column_int64(q, c++);
    t->upload_told = sqlite3_column_int(q, c++);
    t->hls_told = sqlite3_column_int(q, c++);
    t->made_told = sqlite3_column_int(q, c++);
    t->settled = sqlite3_column_int(q, c++);
    t->modify = copy(q, c);
}

int trtc_store_tasks(struct trtc_store *s, int (*take)(void *arg, struct trtc_task_row *t),
                     void *arg, struct trtc_err *err)
{
    sqlite3_stmt *q = trtc_store_bind(s, err, "SELECT * FROM tasks ORDER BY rowid", "");
    int ret = -1;
    while (q && (ret = trtc_store_step(s, q, err)) == 1) {
        struct trtc_task_row t;
        read_row(q, &t);
        if (!t.id || !t.room || !t.robot) {
            trtc_task_row_fini(&t);
            ret = trtc_fail_nomem(err);
            break;
        }
        if (take(arg, &t) < 0) {
            ret = trtc_fail_nomem(err);
            break;
        }
    }
    trtc_store_end(q);
    return ret;
}

/* ---- secrets ---- */

int trtc_store_secret_add(struct trtc_store *s, const char *id, const char *text,
                          struct trtc_err *err)
{
    static const char sql[] = "INSERT INTO secrets VALUES(?,?)";
    return trtc_store_done(s, trtc_store_bind(s, err, sql, "tt", id, text), err);
}

int trtc_store_secret(struct trtc_store *s, const char *id, char **text, struct trtc_err *err)
{
    static const char sql[] = "SELECT text FROM secrets WHERE task=?";
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "t", id);
    int ret = trtc_store_step(s, q, err);
    *text = NULL;
    if (ret == 1 && !(*text = copy(q, 0)))
        ret = trtc_fail_nomem(err);
    trtc_store_end(q);
    return ret < 0 ? -1 : 0;
}

int trtc_store_secret_wipe(struct trtc_store *s, const char *id, struct trtc_err *err)
{
    static const char sql[] = "DELETE FROM secrets WHERE task=?";
    if (trtc_store_done(s, trtc_store_bind(s, err, sql, "t", id), err) < 0)
        return -1;
    s->secret_in_log = s->secret_in_log || sqlite3_changes(s->db);
    return s->secret_in_log ? trtc_store_empty_log(s, err) : 0;
}

/* ---- signatures ---- */

int trtc_store_used_add(struct trtc_store *s, const char *signature, int action, int64_t signed_s,
                        struct trtc_err *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO used VALUES(?,?,?)";
    return trtc_store_done(
        s, trtc_store_bind(s, err, sql, "tii", signature, (int64_t)action, signed_s), err);
}

int trtc_store_used(struct trtc_store *s, int64_t now_s,
                    void (*each)(void *arg, const char *signature, int action, int64_t signed_s),
                    void *arg, struct trtc_err *err)
{
    static const char drop[] = "DELETE FROM used WHERE signed_s < ?";
    static const char sql[] = "SELECT signature, action, signed_s FROM used";
    if (trtc_store_done(s, trtc_store_bind(s, err, drop, "i", now_s - 300), err) < 0)
        return -1;
    sqlite3_stmt *q = trtc_store_bind(s, err, sql, "");
    int ret;
    while ((ret = trtc_store_step(s, q, err)) == 1)
        each(arg, trtc_store_text(q, 0), sqlite3_column_int(q, 1), sqlite3_column_int64(q, 2));
    trtc_store_end(q);
    return ret;
}
