/* SPDX-License-Identifier: MIT */
/* Reads the configuration, and prepares the data directory. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "../cli.h"
#include "api/room_event.h"
#include "base/file.h"

#define MADE_UP_APP 1400000001
#define LISTEN      "127.0.0.1:8490"

static void hear(void *arg, const char *text)
{
    (void)arg;
    cli_error("%s", text);
}

static const struct trtc_complain complain = { hear, NULL };

char *setup_path(const char *dir, const char *name)
{
    const size_t n = strlen(dir) + strlen(name) + 2;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s/%s", dir, name);
    return path;
}

/* ---- the configuration ---- */

/* Returns 0, or the exit status; errors have been reported. */
static int read_config(const char *path, struct trtc_config *c)
{
    struct trtc_secret text = { 0 };
    struct trtc_err err;
    if (trtc_secret_read(path, &text, &err) < 0)
        return cli_report(&err);
    const int nb_wrong = trtc_config_parse(path, text.text, c, &complain);
    trtc_secret_fini(&text);
    if (nb_wrong < 0)
        return cli_no_memory();
    return nb_wrong ? TRTC_EX_CONFIG : 0;
}

int setup_check(const struct recd_opts *o)
{
    struct trtc_config c;
    if (!o->config)
        return cli_usage("--check-config needs --config FILE");
    trtc_config_init(&c);
    const int code = read_config(o->config, &c);
    if (!code)
        cli_note("%s: no errors; %zu application%s", o->config, c.nb_apps,
                 c.nb_apps == 1 ? "" : "s");
    trtc_config_fini(&c);
    return code;
}

/* ---- a made-up application ---- */

static void make_word(char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    unsigned char bytes[64] = { 0 };
    while (getrandom(bytes, n, 0) < 0 && errno == EINTR)
        ;
    for (size_t i = 0; i < n; i++)
        out[i] = letters[bytes[i] % (sizeof letters - 1)];
    out[n] = '\0';
    OPENSSL_cleanse(bytes, sizeof bytes);
}

/* Writes the file of credentials, which appears complete; it is never replaced, not even if another
 * process makes it at the same time. */
static int make_credentials(const char *dir, struct trtc_err *err)
{
    static const char name[] = "credentials";
    struct trtc_temp temp = { .prefix = "credentials.", .suffix = ".part" };
    char text[512], id[33], key[33];
    make_word(id, 32);
    make_word(key, 32);
    snprintf(text, sizeof text,
             "# The made-up application of this trtc-recd: trtc-rec --secret-file THIS-FILE\n"
             "# SdkAppId %d\n[default]\nsecret_id = %s%s\nsecret_key = %s\n",
             MADE_UP_APP, "AKID", id, key);
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int errnum = fd < 0
                     ? errno
                     : trtc_temp_write(fd, &temp,
                                       (struct trtc_bytes){ (const uint8_t *)text, strlen(text) });
    if (!errnum) {
        errnum = linkat(fd, temp.name, fd, name, 0) < 0 ? errno : 0;
        if (errnum == EPERM || errnum == EOPNOTSUPP) /* a file system without links */
            errnum = renameat(fd, temp.name, fd, name) < 0 ? errno : 0;
        unlinkat(fd, temp.name, 0);
        close(temp.fd);
    }
    if (fd >= 0)
        close(fd);
    OPENSSL_cleanse(text, sizeof text);
    OPENSSL_cleanse(key, sizeof key);
    if (!errnum)
        cli_note("an application was created: SdkAppId %d, its keys are in %s/%s", MADE_UP_APP, dir,
                 name);
    return errnum && errnum != EEXIST
               ? trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "cannot create '%s/%s'", dir, name)
               : 0;
}

/* Makes a configuration of the keys in DIR/credentials. */
static int read_credentials(const char *path, struct trtc_config *c, struct trtc_err *err)
{
    const struct trtc_credential_places places = { .secret_file = path };
    struct trtc_credentials keys = { 0 };
    if (trtc_credentials_find(&places, &keys, err) < 0)
        return -1;
    c->apps = calloc(1, sizeof *c->apps);
    if (!c->apps) {
        trtc_credentials_fini(&keys);
        return trtc_fail_nomem(err);
    }
    c->nb_apps = 1;
    c->apps[0].sdkappid = MADE_UP_APP;
    c->apps[0].secret_id = keys.id;
    c->apps[0].secret_key = keys.key;
    trtc_secret_fini(&keys.token);
    return 0;
}

static int make_up(struct recd *r, struct trtc_err *err)
{
    char *path = setup_path(r->data, "credentials");
    int ret = path ? 0 : trtc_fail_nomem(err);
    if (ret == 0 && access(path, F_OK) < 0 && errno == ENOENT)
        ret = make_credentials(r->data, err);
    if (ret == 0)
        ret = read_credentials(path, &r->config, err);
    free(path);
    return ret;
}

/* ---- directories ---- */

/* Creates the directories. That of the tasks is private; --data keeps its mode, since it may have
 * existed before, for example as the current directory. */
static int make_private(const char *path, struct trtc_err *err)
{
    if (trtc_mkdirs(path, err) < 0)
        return -1;
    if (chmod(path, 0700) < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", path);
    return 0;
}

static int make_directories(struct recd *r, struct trtc_err *err)
{
    const char *storage = r->config.storage_dir;
    if (trtc_mkdirs(r->o->data, err) < 0)
        return -1;
    if (!(r->data = realpath(r->o->data, NULL)))
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", r->o->data);
    r->tasks_dir = setup_path(r->data, "tasks");
    r->storage_dir = storage ? strdup(storage) : setup_path(r->data, "storage");
    if (!r->tasks_dir || !r->storage_dir)
        return trtc_fail_nomem(err);
    return make_private(r->tasks_dir, err) < 0 ? -1 : trtc_mkdirs(r->storage_dir, err);
}

static int replace(char **text, const char *with)
{
    if (!with)
        return 0;
    free(*text);
    return (*text = strdup(with)) ? 0 : -1;
}

/* Applies the command line, which overrides the file, and the defaults. */
static int settle(struct recd *r, struct trtc_err *err)
{
    struct trtc_config *c = &r->config;
    if (replace(&c->listen, r->o->listen ? r->o->listen
                            : c->listen  ? NULL
                                         : LISTEN) < 0 ||
        replace(&c->launch, r->o->launch ? r->o->launch
                            : c->launch  ? NULL
                                         : "trtc-task") < 0 ||
        replace(&c->room, r->o->room) < 0)
        return trtc_fail_nomem(err);
    if (c->room && trtc_room_source(c->room, NULL) == TRTC_ROOM_SOURCE_NONE)
        return trtc_fail(err, r->o->room ? TRTC_EX_USAGE : TRTC_EX_CONFIG,
                         "%s: '%s': a SOURCE is " TRTC_ROOM_SOURCES,
                         r->o->room ? "--room" : "[room] source", c->room);
    if (!r->o->config && !trtc_config_is_loopback(c->listen))
        return trtc_fail(err, TRTC_EX_USAGE,
                         "--listen: '%s' is not an address of loopback such as 127.0.0.1:8490, and "
                         "others require --config",
                         c->listen);
    return 0;
}

int setup_begin(struct recd *r)
{
    struct trtc_err err;
    int code = 0;
    trtc_config_init(&r->config);
    umask(077);
    if (r->o->config && (code = read_config(r->o->config, &r->config)) != 0)
        return code;
    if (settle(r, &err) < 0)
        return err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
    if (make_directories(r, &err) < 0 || (!r->o->config && make_up(r, &err) < 0))
        return cli_report(&err);
    r->rates = calloc(r->config.nb_apps, 4 * sizeof *r->rates);
    return r->rates ? 0 : cli_no_memory();
}
