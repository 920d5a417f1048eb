/* SPDX-License-Identifier: MIT */
/* Opens the database, and executes statements. */
#include "service/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/store_priv.h"

enum { VERSION = 1, BUSY_MS = 2000 };

static const char schema[] =
    "CREATE TABLE tasks(id TEXT PRIMARY KEY, sdkappid INTEGER, room TEXT, room_type INTEGER, robot TEXT,"
    " mixed INTEGER, vod INTEGER, wants INTEGER, created_ms INTEGER, expires_ms INTEGER, life INTEGER,"
    " exited_ms INTEGER, ended_ms INTEGER, leave_code INTEGER, end_status INTEGER, stop_code INTEGER,"
    " starts INTEGER, seq INTEGER, offset INTEGER, upload_told INTEGER, hls_told INTEGER,"
    " made_told INTEGER, settled INTEGER, modify TEXT);"
    "CREATE TABLE secrets(task TEXT PRIMARY KEY, text TEXT);"
    "CREATE TABLE files(task TEXT, path TEXT, type TEXT, seq INTEGER, proven_seq INTEGER, key TEXT,"
    " url TEXT, file_id TEXT, PRIMARY KEY(task, path));"
    "CREATE INDEX files_due ON files(task, seq) WHERE seq>proven_seq;"
    "CREATE TABLE made(id INTEGER PRIMARY KEY, task TEXT, json TEXT, event_ms INTEGER, told INTEGER);"
    "CREATE INDEX made_task ON made(task);"
    "CREATE TABLE losses(id INTEGER PRIMARY KEY, task TEXT, user TEXT, text TEXT);"
    "CREATE INDEX losses_task ON losses(task);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, task TEXT, sdkappid INTEGER,"
    " event_ms INTEGER, type INTEGER, body TEXT, state INTEGER, tries INTEGER, first_ms INTEGER,"
    " next_ms INTEGER, error TEXT);"
    "CREATE INDEX outbox_state ON outbox(state, next_ms);"
    "CREATE INDEX outbox_task ON outbox(task, state, tries, id);"
    "CREATE TABLE used(signature TEXT PRIMARY KEY, action INTEGER, signed_s INTEGER);"
    "PRAGMA user_version = 1;";

/* ---- failures ---- */

static int code_of(sqlite3 *db)
{
    const int why = sqlite3_system_errno(db);

    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return TRTC_EX_DATAERR;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
        return TRTC_EX_TEMPFAIL;
    case SQLITE_CANTOPEN:
        return why == EMFILE || why == ENFILE ? TRTC_EX_TEMPFAIL : TRTC_EX_CANTCREAT;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
        return TRTC_EX_NOPERM;
    default:
        return TRTC_EX_IOERR;
    }
}

int trtc_store_fail(struct trtc_store *s, const char *what, struct trtc_err *err)
{
    return trtc_fail(err, code_of(s->db), "the database: %s: %s", what, sqlite3_errmsg(s->db));
}

/* ---- statements ---- */

static sqlite3_stmt *prepare(struct trtc_store *s, const char *sql, struct trtc_err *err)
{
    for (int i = 0; i < s->nb_statements; i++)
        if (s->statements[i].sql == sql)
            return s->statements[i].stmt;
    if (s->nb_statements == TRTC_STORE_STATEMENTS) {
        trtc_fail(err, TRTC_EX_SOFTWARE, "the database: too many statements");
        return NULL;
    }
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK) {
        trtc_store_fail(s, "cannot be queried", err);
        return NULL;
    }
    s->statements[s->nb_statements].sql = sql;
    s->statements[s->nb_statements++].stmt = stmt;
    return stmt;
}

sqlite3_stmt *trtc_store_bind(struct trtc_store *s, struct trtc_err *err, const char *sql,
                              const char *types, ...)
{
    sqlite3_stmt *stmt = prepare(s, sql, err);
    va_list ap;
    va_start(ap, types);
    for (int i = 0; stmt && types[i]; i++) {
        int ret;
        if (types[i] == 'i')
            ret = sqlite3_bind_int64(stmt, i + 1, va_arg(ap, int64_t));
        else
            ret = sqlite3_bind_text(stmt, i + 1, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
        if (ret != SQLITE_OK) {
            trtc_store_fail(s, "cannot be queried", err);
            trtc_store_end(stmt);
            stmt = NULL;
        }
    }
    va_end(ap);
    return stmt;
}

void trtc_store_end(sqlite3_stmt *stmt)
{
    if (!stmt)
        return;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
}

int trtc_store_step(struct trtc_store *s, sqlite3_stmt *stmt, struct trtc_err *err)
{
    if (!stmt)
        return -1;
    const int ret = sqlite3_step(stmt);
    if (ret == SQLITE_ROW)
        return 1;
    return ret == SQLITE_DONE ? 0 : trtc_store_fail(s, "a query failed", err);
}

int trtc_store_done(struct trtc_store *s, sqlite3_stmt *stmt, struct trtc_err *err)
{
    const int ret = trtc_store_step(s, stmt, err);
    trtc_store_end(stmt);
    return ret < 0 ? -1 : 0;
}

const char *trtc_store_text(sqlite3_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt, column);
}

static int run(struct trtc_store *s, const char *sql, struct trtc_err *err)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : trtc_store_fail(s, "a query failed", err);
}

int trtc_store_begin(struct trtc_store *s, struct trtc_err *err)
{
    return run(s, "BEGIN IMMEDIATE", err);
}

int trtc_store_commit(struct trtc_store *s, struct trtc_err *err)
{
    return run(s, "COMMIT", err);
}

void trtc_store_rollback(struct trtc_store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- opening ---- */

/* Creates the file with mode 0600; SQLite gives the files beside it the same mode. */
static int make_file(const char *path, struct trtc_err *err)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", path);
    const int ret = fchmod(fd, 0600);
    close(fd);
    return ret < 0 ? trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", path) : 0;
}

static int user_version(struct trtc_store *s, int64_t *version, struct trtc_err *err)
{
    sqlite3_stmt *q = trtc_store_bind(s, err, "PRAGMA user_version", "");
    const int ret = trtc_store_step(s, q, err);
    if (ret == 1)
        *version = sqlite3_column_int64(q, 0);
    trtc_store_end(q);
    return ret == 1 ? 0 : -1;
}

/* Checks every page and index. */
static int look_through(struct trtc_store *s, struct trtc_err *err)
{
    sqlite3_stmt *q = trtc_store_bind(s, err, "PRAGMA integrity_check(1)", "");
    int ret = trtc_store_step(s, q, err);
    if (ret == 1 && strcmp(trtc_store_text(q, 0), "ok") != 0)
        ret = trtc_fail(err, TRTC_EX_DATAERR, "the database is damaged: %s", trtc_store_text(q, 0));
    trtc_store_end(q);
    return ret < 0 ? -1 : 0;
}

int trtc_store_empty_log(struct trtc_store *s, struct trtc_err *err)
{
    sqlite3_stmt *q = trtc_store_bind(s, err, "PRAGMA wal_checkpoint(TRUNCATE)", "");
    int ret = trtc_store_step(s, q, err);
    if (ret == 1 && sqlite3_column_int(q, 0))
        ret = trtc_fail(err, TRTC_EX_TEMPFAIL, "the database: its log cannot be emptied");
    trtc_store_end(q);
    if (ret < 0)
        return -1;
    s->secret_in_log = false;
    return 0;
}

static int settle(struct trtc_store *s, struct trtc_err *err)
{
    int64_t version = 0;
    sqlite3_busy_timeout(s->db, BUSY_MS);
    if (run(s,
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;",
            err) < 0 ||
        look_through(s, err) < 0 || user_version(s, &version, err) < 0)
        return -1;
    if (version > VERSION)
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "the database was written by a newer trtc-recd (version %d)",
                         (int)version);
    if (version == VERSION)
        return trtc_store_empty_log(s,
                                    err); /* a secret may be in it: a kill can prevent its wiping */
    if (trtc_store_begin(s, err) < 0)
        return -1;
    if (run(s, schema, err) < 0) {
        trtc_store_rollback(s);
        return -1;
    }
    return trtc_store_commit(s, err);
}

struct trtc_store *trtc_store_open(const char *path, struct trtc_err *err)
{
    struct trtc_store *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (make_file(path, err) < 0) {
        free(s);
        return NULL;
    }
    if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) !=
        SQLITE_OK) {
        trtc_fail(err, TRTC_EX_CANTCREAT, "the database: %s: %s", path,
                  s->db ? sqlite3_errmsg(s->db) : "out of memory");
        trtc_store_free(&s);
    } else if (settle(s, err) < 0) {
        if ((sqlite3_errcode(s->db) & 0xff) == SQLITE_BUSY)
            trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: another trtc-recd is using it", path);
        trtc_store_free(&s);
    }
    return s;
}

void trtc_store_free(struct trtc_store **s)
{
    if (!*s)
        return;
    for (int i = 0; i < (*s)->nb_statements; i++)
        sqlite3_finalize((*s)->statements[i].stmt);
    sqlite3_close((*s)->db);
    free(*s);
    *s = NULL;
}
