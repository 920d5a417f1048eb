/* SPDX-License-Identifier: MIT */
/* What the files of service/store share: statements, prepared once. */
#ifndef TRTC_SERVICE_STORE_PRIV_H
#define TRTC_SERVICE_STORE_PRIV_H

#include <sqlite3.h>

#include "service/store.h"

enum { TRTC_STORE_STATEMENTS = 64 };

struct trtc_store {
    sqlite3 *db;
    struct {
        const char *sql; /* constant: known by its address */
        sqlite3_stmt *stmt;
    } statements[TRTC_STORE_STATEMENTS];
    int nb_statements;
};

/* -1, with what SQLite says. */
int trtc_store_fail(struct trtc_store *s, const char *what, struct trtc_err *err);

/* The statement of this text, which is constant, with its parameters bound: i an int64_t, t a text or NULL. NULL on
 * failure. It is to be ended by trtc_store_end. */
sqlite3_stmt *trtc_store_bind(struct trtc_store *s, struct trtc_err *err, const char *sql,
                              const char *types, ...);

/* The next row: 1; 0: none; -1. */
int trtc_store_step(struct trtc_store *s, sqlite3_stmt *stmt, struct trtc_err *err);
void trtc_store_end(sqlite3_stmt *stmt);

/* Carries out a statement that has no rows. */
int trtc_store_done(struct trtc_store *s, sqlite3_stmt *stmt, struct trtc_err *err);

/* The text of a column, valid until the next step; NULL. */
const char *trtc_store_text(sqlite3_stmt *stmt, int column);

#endif
