/* SPDX-License-Identifier: MIT */
/* Shared by the files of service/store: SQL statements, each prepared once. */
#ifndef TRTC_SERVICE_STORE_PRIV_H
#define TRTC_SERVICE_STORE_PRIV_H

#include <sqlite3.h>

#include "service/store.h"

enum { TRTC_STORE_STATEMENTS = 64 };

struct trtc_store {
    sqlite3 *db;
    struct {
        const char *sql; /* a constant; compared by address */
        sqlite3_stmt *stmt;
    } statements[TRTC_STORE_STATEMENTS];
    int nb_statements;
    bool secret_in_log; /* it was removed, but the log of the database has not been emptied since */
};

/* Writes the log of the database into its file and empties it. Returns 0, or -1. */
int trtc_store_empty_log(struct trtc_store *s, struct trtc_err *err);

/* Fills *err with the last error of SQLite, after what, and returns -1. */
int trtc_store_fail(struct trtc_store *s, const char *what, struct trtc_err *err);

/* Returns the statement sql, which must be a constant, with its parameters bound. types has a
 * letter for each: i for an int64_t, t for a text or NULL, which is copied. The caller ends it with
 * trtc_store_end. NULL: failure. */
sqlite3_stmt *trtc_store_bind(struct trtc_store *s, struct trtc_err *err, const char *sql,
                              const char *types, ...);

/* Goes to the next row. Returns 1; 0: there are no more rows; -1: failure, or stmt is NULL (*err
 * stays as it is then). */
int trtc_store_step(struct trtc_store *s, sqlite3_stmt *stmt, struct trtc_err *err);
void trtc_store_end(sqlite3_stmt *stmt);

/* Executes a statement that yields no rows, and ends it. Returns 0, or -1. */
int trtc_store_done(struct trtc_store *s, sqlite3_stmt *stmt, struct trtc_err *err);

/* Returns the text of a column, valid until the next step; NULL: the column is NULL. */
const char *trtc_store_text(sqlite3_stmt *stmt, int column);

#endif
