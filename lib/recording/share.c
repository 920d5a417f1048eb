/* SPDX-License-Identifier: MIT */
/* Shares of the work: finds out which one a process has, and what it contains. */
#include "recording/share.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/num.h"
#include "base/text.h"
#include "base/utc.h"

/* ---- which share ---- */

/* An engine that starts many processes, and the variable that gives each its number. */
struct engine {
    const char *index;
    int first;     /* the number of the first process */
    bool own_size; /* Slurm's own variables give the number of processes */
};

static const struct engine engines[] = {
    { "SLURM_ARRAY_TASK_ID", 0, true },
    { "JOB_COMPLETION_INDEX", 0, false },
    { "AWS_BATCH_JOB_ARRAY_INDEX", 0, false },
    { "PARALLEL_SEQ", 1, false },
};
enum { NB_ENGINES = sizeof engines / sizeof *engines };

static const char *set_in(char *(*env)(const char *), const char *name)
{
    const char *value = env(name);
    return value && *value ? value : NULL;
}

/* Reads the number in a variable. Returns 0, or -1 with err: it is not a number. */
static int env_number(char *(*env)(const char *), const char *name, int64_t *out,
                      struct trtc_err *err)
{
    const char *value = set_in(env, name);
    const struct trtc_range range = { 0, INT32_MAX };
    return value ? trtc_num_int(name, value, range, out, err)
                 : trtc_fail(err, TRTC_EX_USAGE, "%s is not set", name);
}

/* Slurm's arrays begin anywhere, and may count in steps. */
static int read_slurm(char *(*env)(const char *), int64_t *k, int64_t *n, struct trtc_err *err)
{
    int64_t min, max = -1, step = 1;
    if (env_number(env, "SLURM_ARRAY_TASK_ID", k, err) < 0 ||
        env_number(env, "SLURM_ARRAY_TASK_MIN", &min, err) < 0 ||
        env_number(env, "SLURM_ARRAY_TASK_COUNT", n, err) < 0 ||
        (set_in(env, "SLURM_ARRAY_TASK_STEP") &&
         env_number(env, "SLURM_ARRAY_TASK_STEP", &step, err) < 0) ||
        (set_in(env, "SLURM_ARRAY_TASK_MAX") &&
         env_number(env, "SLURM_ARRAY_TASK_MAX", &max, err) < 0))
        return -1;
    if (step < 1 || *k < min || (*k - min) % step != 0 || (*k - min) / step >= *n ||
        (max >= 0 && (max - min) / step + 1 != *n))
        return trtc_fail(err, TRTC_EX_USAGE, "the array has holes: give it as --array=1-N");
    *k = (*k - min) / step + 1;
    return 0;
}

static int read_counted(const struct engine *e, char *(*env)(const char *), int64_t *k, int64_t *n,
                        struct trtc_err *err)
{
    if (!set_in(env, "TRTC_PARTS"))
        return trtc_fail(err, TRTC_EX_USAGE, "%s is set, but not TRTC_PARTS, the number of parts",
                         e->index);
    if (env_number(env, e->index, k, err) < 0 || env_number(env, "TRTC_PARTS", n, err) < 0)
        return -1;
    *k += 1 - e->first;
    return 0;
}

/* Returns the engine whose variables are set completely; if there is none, one whose variables are
 * set partly, or NULL. *other: a second engine whose variables are complete, or NULL. */
static const struct engine *find_engine(char *(*env)(const char *), const struct engine **other)
{
    const bool counted = set_in(env, "TRTC_PARTS");
    const struct engine *found = NULL, *lame = NULL;
    *other = NULL;
    for (int i = 0; i < NB_ENGINES; i++) {
        const struct engine *e = &engines[i];
        if (!set_in(env, e->index))
            continue;
        if (!e->own_size && !counted)
            lame = lame ? lame : e;
        else if (found)
            *other = e;
        else
            found = e;
    }
    return found ? found : lame;
}

static int read_auto(char *(*env)(const char *), int64_t *k, int64_t *n, struct trtc_err *err)
{
    const struct engine *other, *e = find_engine(env, &other);
    if (!e)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, "
                         "AWS_BATCH_JOB_ARRAY_INDEX and PARALLEL_SEQ is set: give K/N");
    if (other)
        return trtc_fail(err, TRTC_EX_USAGE, "both %s and %s are set: give K/N", e->index,
                         other->index);
    return e->own_size ? read_slurm(env, k, n, err) : read_counted(e, env, k, n, err);
}

static bool is_pair(const char *value, int64_t *k, int64_t *n)
{
    const char *slash = strchr(value, '/');
    const struct trtc_range any = { 0, INT64_MAX };
    char first[32];
    if (!slash || (size_t)(slash - value) >= sizeof first)
        return false;
    memcpy(first, value, (size_t)(slash - value));
    first[slash - value] = '\0';
    return trtc_num_int("", first, any, k, NULL) == 0 &&
           trtc_num_int("", slash + 1, any, n, NULL) == 0;
}

int trtc_share_read(const char *what, const char *value, char *(*env)(const char *name),
                    struct trtc_share *out, struct trtc_err *err)
{
    const bool by_engine = strcmp(value, "auto") == 0;
    int64_t k = 0, n = 0;
    struct trtc_err why;
    char shown[64];
    trtc_text_show(value, strlen(value), shown, sizeof shown);
    if (by_engine && read_auto(env, &k, &n, &why) < 0)
        return trtc_fail(err, why.code, "%s auto: %s", what, why.msg);
    if (!by_engine && !is_pair(value, &k, &n))
        return trtc_fail(err, TRTC_EX_USAGE, "%s: '%s' is neither K/N, such as 2/8, nor auto", what,
                         shown);
    if (by_engine)
        snprintf(shown, sizeof shown, "auto, which is %" PRId64 "/%" PRId64, k, n);
    if (n < 1 || n > TRTC_SHARES_MAX || k < 1 || k > n)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "%s %s: there is no such part: K is 1 to N, and N is up to %d", what,
                         shown, TRTC_SHARES_MAX);
    *out = (struct trtc_share){ (int)k, (int)n };
    return 0;
}

/* ---- dividing ---- */

struct sized {
    int64_t bytes;
    size_t at;
};

static int larger_first(const void *a, const void *b)
{
    const struct sized *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

struct load {
    int64_t bytes, units;
    int share;
};

static bool is_lighter(const struct load *a, const struct load *b)
{
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes;
    return a->units != b->units ? a->units < b->units : a->share < b->share;
}

/* Moves the first item of a heap, which has become heavier, down to its place. */
static void sink(struct load *heap, int n)
{
    for (int i = 0, child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_lighter(&heap[child + 1], &heap[child]))
            child++;
        if (!is_lighter(&heap[child], &heap[i]))
            break;
        const struct load moved = heap[i];
        heap[i] = heap[child];
        heap[child] = moved;
    }
}

/* The largest unit comes first; each goes to the share with the fewest bytes so far. */
int trtc_share_divide(const int64_t *bytes, size_t nb, int n, int *of, struct trtc_err *err)
{
    struct sized *order = malloc((nb + 1) * sizeof *order);
    struct load *heap = malloc((size_t)n * sizeof *heap);
    const bool ok = order && heap;
    for (size_t i = 0; ok && i < nb; i++)
        order[i] = (struct sized){ bytes[i], i };
    for (int i = 0; ok && i < n; i++)
        heap[i] = (struct load){ .share = i + 1 };
    if (ok && nb)
        qsort(order, nb, sizeof *order, larger_first);
    for (size_t i = 0; ok && i < nb; i++) {
        of[order[i].at] = heap[0].share;
        heap[0].bytes += order[i].bytes;
        heap[0].units++;
        sink(heap, n);
    }
    free(heap);
    free(order);
    return ok ? 0 : trtc_fail_nomem(err);
}

/* ---- what must stay together ---- */

/* A name that an output of a recording may have. */
struct name {
    const char *dir, *user, *room;
    int64_t sdkappid, stamp_ms;
    size_t rec;
};

static int by_name(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int d = strcmp(x->user, y->user);
    d = d ? d : strcmp(x->room, y->room);
    d = d ? d : strcmp(x->dir, y->dir);
    if (!d && x->sdkappid != y->sdkappid)
        d = x->sdkappid < y->sdkappid ? -1 : 1;
    if (!d && x->stamp_ms != y->stamp_ms)
        d = x->stamp_ms < y->stamp_ms ? -1 : 1;
    return d ? d : x->rec < y->rec ? -1 : x->rec > y->rec;
}

static bool is_same_name(const struct name *a, const struct name *b)
{
    struct name c = *b;
    c.rec = a->rec;
    return by_name(a, &c) == 0;
}

static size_t root_of(size_t *parent, size_t i)
{
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
}

/* Joins the sets of a and b. The lowest number represents a set. */
static void join(size_t *parent, size_t a, size_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

/* The names of recording number at, a name for each segment with which an output may begin. */
static size_t names_of(const struct trtc_recording *r, size_t at, const struct trtc_plan_opts *o,
                       struct name *out)
{
    const bool recording = o->names == TRTC_NAMES_RECORDING, mixed = !r->user;
    struct name n = { .dir = o->outdir ? "" : r->dir,
                      .user = mixed ? "" : r->user,
                      .room = recording || mixed ? r->room : "",
                      .sdkappid = recording || mixed ? r->sdkappid : 0,
                      .rec = at };
    if (recording) {
        *out = n;
        return 1;
    }
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        n.stamp_ms = p->name_ms != TRTC_NOTIME ? p->name_ms : p->start_us / 1000;
        out[i] = n;
    }
    return r->nb_pieces;
}

/* parent[i]: a recording with which i must stay together, or i. */
static int tie(const struct trtc_scan *scan, const struct trtc_plan_opts *o, size_t *parent,
               struct trtc_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < scan->n; i++)
        n += scan->recs[i].nb_pieces + 1;
    struct name *names = malloc((n + 1) * sizeof *names);
    if (!names)
        return trtc_fail_nomem(err);
    n = 0;
    for (size_t i = 0; i < scan->n; i++) {
        parent[i] = i;
        n += names_of(&scan->recs[i], i, o, names + n);
    }
    if (n)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 1; i < n; i++)
        if (is_same_name(&names[i - 1], &names[i]))
            join(parent, names[i - 1].rec, names[i].rec);
    free(names);
    return 0;
}

/* ---- shares ---- */

static int add_unit(struct trtc_shares *s, int64_t bytes, struct trtc_err *err)
{
    if (trtc_array_room(&s->bytes, s->nb, sizeof *s->bytes) < 0)
        return trtc_fail_nomem(err);
    s->bytes[s->nb++] = bytes;
    return 0;
}

/* Makes a unit of each group of recordings, except of a recording that is divided because it is
 * alone in its group and larger than a share: trtc_shares_add() makes its units. */
static int make_units(struct trtc_shares *s, const struct trtc_scan *scan, size_t *parent,
                      int64_t share_bytes, struct trtc_err *err)
{
    for (size_t i = 0; i < scan->n; i++) {
        const size_t root = root_of(parent, i);
        if (s->unit[i] == SIZE_MAX) /* left out */
            continue;
        s->divided[i] = s->divided[i] && scan->recs[i].bytes > share_bytes;
        if (s->divided[i])
            continue;
        if (!s->nb_units[root]) {
            s->unit[root] = s->nb;
            s->nb_units[root] = 1;
            if (add_unit(s, 0, err) < 0)
                return -1;
        }
        s->unit[i] = s->unit[root];
        s->nb_units[i] = 1;
        s->bytes[s->unit[i]] += scan->recs[i].bytes;
    }
    return 0;
}

int trtc_shares_find(struct trtc_shares *s, const struct trtc_scan *scan,
                     const struct trtc_plan_opts *o, bool finished, int n, struct trtc_err *err)
{
    const bool divides = !o->whole && o->names == TRTC_NAMES_SCRIPT;
    int64_t total = 0;
    size_t *parent = malloc((scan->n + 1) * sizeof *parent);
    s->nb_recs = scan->n;
    s->unit = calloc(scan->n + 1, sizeof *s->unit);
    s->nb_units = calloc(scan->n + 1, sizeof *s->nb_units);
    s->divided = calloc(scan->n + 1, sizeof *s->divided);
    int ret = parent && s->unit && s->nb_units && s->divided ? 0 : trtc_fail_nomem(err);
    if (ret == 0)
        ret = tie(scan, o, parent, err);
    for (size_t i = 0; ret == 0 && i < scan->n; i++) {
        const bool left_out = finished && !scan->recs[i].ended;
        s->unit[i] = left_out ? SIZE_MAX : 0;
        total += left_out ? 0 : scan->recs[i].bytes;
        s->divided[i] = divides && !left_out;
    }
    for (size_t i = 0; ret == 0 && i < scan->n; i++)
        if (root_of(parent, i) != i) /* neither is alone in its group */
            s->divided[i] = s->divided[root_of(parent, i)] = false;
    if (ret == 0)
        ret = make_units(s, scan, parent, total / n, err);
    free(parent);
    return ret;
}

int trtc_shares_add(struct trtc_shares *s, size_t rec, const struct trtc_plan *outputs,
                    struct trtc_err *err)
{
    s->unit[rec] = s->nb;
    s->nb_units[rec] = outputs->n ? outputs->n : 1; /* one process must report that it is empty */
    for (size_t i = 0; i < s->nb_units[rec]; i++)
        if (add_unit(s, i < outputs->n ? outputs->outputs[i].bytes : 0, err) < 0)
            return -1;
    return 0;
}

int trtc_shares_settle(struct trtc_shares *s, int n, struct trtc_err *err)
{
    s->of = malloc((s->nb + 1) * sizeof *s->of);
    return s->of ? trtc_share_divide(s->bytes, s->nb, n, s->of, err) : trtc_fail_nomem(err);
}

bool trtc_shares_has_output(const struct trtc_shares *s, size_t rec, size_t i, int k)
{
    if (!s->nb_units[rec])
        return false;
    return s->of[s->unit[rec] + (s->divided[rec] ? i : 0)] == k;
}

bool trtc_shares_has(const struct trtc_shares *s, size_t rec, int k)
{
    for (size_t i = 0; i < s->nb_units[rec]; i++)
        if (s->of[s->unit[rec] + i] == k)
            return true;
    return false;
}

void trtc_shares_fini(struct trtc_shares *s)
{
    free(s->bytes);
    free(s->of);
    free(s->unit);
    free(s->nb_units);
    free(s->divided);
    *s = (struct trtc_shares){ 0 };
}
