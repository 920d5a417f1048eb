/* SPDX-License-Identifier: MIT */
/* Parses the configuration of trtc-recd, an INI file (trtc-recd(1), Configuration), and checks it
 * line by line. Opens no files; keys are kept as secrets (net/secret), which wipe their memory. */
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
    struct trtc_secret usersig_key;  /* empty: UserSigs are not checked */
    struct trtc_secret callback_key; /* empty: callbacks are not signed */
    char *callback_url;              /* NULL: no callbacks are sent */
    int line;                        /* the line on which the section begins, from 1 */
};

struct trtc_config { /* texts are owned; NULL where the file does not set them */
    char *listen, *node;
    char *room;        /* the --room of every trtc-task */
    bool send_request; /* upload to the storage that the request names; else to storage_dir */
    bool keep;         /* files stay in the task's directory after they are uploaded */
    char *storage_dir; /* replaces DIR/storage */
    char *vod_url;     /* the beginning of every VideoUrl */
    struct trtc_secret vod_keys; /* SecretId and SecretKey for trtc-put, a line each */
    int64_t rate, tasks;         /* calls per second of each action; open tasks at a time */
    int64_t exited_s;         /* for how long a task can be described after it has left its room */
    int64_t callback_s;       /* for how long a callback is repeated */
    int64_t free_percent;     /* of the disk: with less free space no task begins */
    int64_t end_percent;      /* of the disk: with less free space the running tasks are ended */
    int64_t keep_days;        /* after so many days the rest of an ended task is removed */
    char *launch;             /* the command that starts trtc-task */
    char *launch_environment; /* names of further variables that it inherits, separated by blanks */
    char *hls_js;             /* the player library that the page loads */
    bool no_page;
    bool picture_http;     /* pictures may be fetched over http as well as https */
    bool picture_internal; /* and from this machine and private networks */
    struct trtc_config_app *apps;
    size_t nb_apps;
};

/* Receives each error of the file as a line without its end: "recd.ini: line 7: ...". */
struct trtc_complain {
    void (*hear)(void *arg, const char *text);
    void *arg;
};

/* Sets the defaults. trtc_config_fini frees c, also after a failed parse. */
void trtc_config_init(struct trtc_config *c);
void trtc_config_fini(struct trtc_config *c);

/* Parses text (NUL-terminated) into c, which is initialised. what is the file's name, for messages.
 * Every error is reported to complain; no message contains the value of a key. Returns the number
 * of errors, or -1 when memory runs out. */
int trtc_config_parse(const char *what, const char *text, struct trtc_config *c,
                      const struct trtc_complain *complain);

/* Returns the application with this SecretId, or with this SdkAppId; NULL: there is none. It
 * belongs to c. */
const struct trtc_config_app *trtc_config_by_id(const struct trtc_config *c, const char *secret_id);
const struct trtc_config_app *trtc_config_app(const struct trtc_config *c, int64_t sdkappid);

/* Whether the address ADDR:PORT is on the loopback interface, which only this machine reaches. */
bool trtc_config_is_loopback(const char *listen);

#endif
