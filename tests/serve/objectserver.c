/* SPDX-License-Identifier: MIT */
/* An object store for the tests of commands (objectstore.h): its address stands on stdout. It
 * speaks COS, S3 and VOD's ApplyUpload and CommitUpload; reading needs no signature.
 *
 *   objectserver [--log FILE] [--script FILE] [--seed N --per-mille N] [--clock S] [--life S]
 *                [--digests] [--unchecked] [--plain] [--expire-after N]
 *
 * The environment has the keys that it knows: TRTC_STORAGE_ACCESS_KEY and _SECRET_KEY,
 * TRTC_STORAGE_TOKEN. The script is read again at each request; when it has changed it begins anew.
 * Its lines are
 *
 *   OPERATION N FAULT     put, part, begin, complete, abort, list, head, get, apply, commit or any;
 *                         so many requests of it (-: all). The first line that has not had its
 *                         requests is taken
 *
 * and FAULT is one of objectstore.c's names (busy, drop, refuse, flip, lose-part, right ...). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/objectstore.h"

static void die(const char *what)
{
    fprintf(stderr, "objectserver: %s\n", what);
    exit(1);
}

/* An option without a value. */
static bool take_flag(const char *name, struct objectstore_options *o)
{
    if (!strcmp(name, "--digests"))
        o->digests_only = true;
    else if (!strcmp(name, "--unchecked"))
        o->unchecked = true;
    else if (!strcmp(name, "--plain"))
        o->plain = true;
    else
        return false;
    return true;
}

static void take_value(const char *name, const char *value, struct objectstore_options *o,
                       unsigned *life_s)
{
    if (!strcmp(name, "--log"))
        o->log = fopen(value, "a");
    else if (!strcmp(name, "--script"))
        o->script = value;
    else if (!strcmp(name, "--seed"))
        o->seed = (uint32_t)atoll(value);
    else if (!strcmp(name, "--per-mille"))
        o->per_mille = atoi(value);
    else if (!strcmp(name, "--expire-after"))
        o->expire_after = atoi(value);
    else if (!strcmp(name, "--clock"))
        o->clock_s = atoll(value);
    else if (!strcmp(name, "--life"))
        *life_s = (unsigned)atoi(value);
    else
        die("no such option");
}

int main(int argc, char **argv)
{
    struct objectstore_options o = {
        .id = getenv("TRTC_STORAGE_ACCESS_KEY"),
        .key = getenv("TRTC_STORAGE_SECRET_KEY"),
        .token = getenv("TRTC_STORAGE_TOKEN"),
    };
    struct objectstore *store;
    unsigned life_s = 900; /* nothing is left running for ever */
    sigset_t ends;
    int sig;

    if (!o.id || !o.key)
        die("no keys in the environment");
    for (int i = 1; i < argc; i++) {
        if (take_flag(argv[i], &o))
            continue;
        if (i + 1 == argc)
            die("an option without a value");
        take_value(argv[i], argv[i + 1], &o, &life_s);
        i++;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    alarm(life_s);
    store = objectstore_start(&o);
    if (!store)
        die("cannot start");
    printf("%s\n", objectstore_url(store));
    fflush(stdout);
    sigwait(&ends, &sig);
    _exit(0); /* connections end with it */
}
