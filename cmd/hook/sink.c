/* SPDX-License-Identifier: MIT */
/* Standard output that never blocks its writer. */
#include "sink.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"

#define WAITING_MAX ((size_t)8 << 20) /* limit of waiting lines */

struct waiting {
    struct waiting *next;
    char *line;
};

struct sink {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct waiting *first, **last;
    size_t bytes;
    int64_t nb_lost;
    bool ends;
};

static struct waiting *take_all(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    while (!s->first && !s->ends)
        pthread_cond_wait(&s->more, &s->lock);
    struct waiting *all = s->first;
    s->first = NULL;
    s->last = &s->first;
    pthread_mutex_unlock(&s->lock);
    return all;
}

static void *write_lines(void *arg)
{
    struct sink *s = arg;
    struct waiting *all;
    while ((all = take_all(s)) != NULL) {
        while (all) {
            struct waiting *w = all;
            all = w->next;
            fputs(w->line, stdout);
            pthread_mutex_lock(&s->lock);
            s->bytes -= strlen(w->line);
            pthread_mutex_unlock(&s->lock);
            free(w->line);
            free(w);
        }
        fflush(stdout);
    }
    return NULL;
}

struct sink *sink_new(struct trtc_err *err)
{
    sigset_t all, before;
    struct sink *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    /* if the reader of stdout goes away the program ends, as always; if a peer goes away it must
     * not: only this thread receives SIGPIPE */
    sigfillset(&all);
    sigdelset(&all, SIGPIPE);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool ok = pthread_create(&s->thread, NULL, write_lines, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok)
        return s;
    free(s);
    trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
    return NULL;
}

/* Appends w. Returns false if there is no room. */
static bool append(struct sink *s, struct waiting *w)
{
    pthread_mutex_lock(&s->lock);
    const bool room = s->bytes < WAITING_MAX;
    if (room) {
        *s->last = w;
        s->last = &w->next;
        s->bytes += strlen(w->line);
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

void sink_put(struct sink *s, char *line)
{
    struct waiting *w = calloc(1, sizeof *w);
    if (w) {
        w->line = line;
        if (append(s, w))
            return;
    }
    free(w);
    free(line);
    if (s->nb_lost++ == 0)
        cli_error(
            "standard output is read too slowly: lines are left out, but the events are in the spool");
}

int64_t sink_end(struct sink **sink)
{
    struct sink *s = *sink;
    if (!s)
        return 0;
    pthread_mutex_lock(&s->lock);
    s->ends = true;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    const int64_t nb_lost = s->nb_lost;
    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->lock);
    free(s);
    *sink = NULL;
    return nb_lost;
}
