/* SPDX-License-Identifier: MIT */
/* The configuration of trtc-recd: an INI file, checked line by line. Pure, but for keys that are kept as secrets. */
#ifndef TRTC_SERVICE_CONFIG_H
#define TRTC_SERVICE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/secret.h"

struct trtc_config_app { /* [app SDKAPPID] */
    int64_t sdkappid;
    struct trtc_secret secret_id, secret_key;
    struct trtc_secret usersig_key;  /* none: UserSigs are not looked at */
    struct trtc_secret callback_key; /* none: callbacks are not signed */
    char *callback_url;              /* NULL: none are sent */
    int line;                        /* where it begins */
};

struct trtc_config { /* texts: NULL where the file has none */
    char *listen, *node;
    char *room;        /* what trtc-task gets as --room */
    bool send_request; /* [storage] send = request: to what the request names; else into a directory */
    bool keep;         /* files stay with the task when they are proven */
    char *storage_dir,
        *vod_url; /* the directory in place of DIR/storage; what VideoUrl begins with */
    struct trtc_secret vod_keys; /* two lines for trtc-put: SecretId, SecretKey */
    int64_t rate, tasks;         /* calls a second of an action; tasks at a time */
    int64_t exited_s;            /* how long a task that has ended is there for Describe at most */
    int64_t callback_s;          /* callbacks are sent again for so long */
    int64_t free_percent;        /* of the disk: below it no task begins */
    int64_t end_percent;         /* below it tasks end */
    int64_t keep_days;           /* what is left of a task goes after that */
    char *launch;                /* the command that starts trtc-task */
    char *launch_environment; /* variables that it gets besides the usual ones, with blanks between */
    char *hls_js;             /* the player's library for the page */
    bool no_page;
    bool picture_http,
        picture_internal; /* pictures over http, too; from this machine and networks around it, too */
    struct trtc_config_app *apps;
    size_t nb_apps;
};

/* What hears of each thing that is wrong: "recd.ini: line 7: ...". */
struct trtc_complain {
    void (*hear)(void *arg, const char *text);
    void *arg;
};

/* The defaults; to be freed by trtc_config_fini, after any failure too. */
void trtc_config_init(struct trtc_config *c);
void trtc_config_fini(struct trtc_config *c);

/* Reads text, whose name is what. All that is wrong is complained of; no complaint holds the value of a key. The number of
 * complaints, or -1 without memory. */
int trtc_config_parse(const char *what, const char *text, struct trtc_config *c,
                      const struct trtc_complain *complain);

/* The application of this SecretId, or NULL. */
const struct trtc_config_app *trtc_config_by_id(const struct trtc_config *c, const char *secret_id);
const struct trtc_config_app *trtc_config_app(const struct trtc_config *c, int64_t sdkappid);

/* Whether nobody but processes of this machine can reach ADDR:PORT. */
bool trtc_config_is_loopback(const char *listen);

#endif
