/* SPDX-License-Identifier: MIT */
/* The claim to a recording's names. */
#include "hls/claim.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/listing.h"
#include "base/text.h"

#define SOUND     "_audio.m3u8"
#define PLAYLIST  ".m3u8"
#define TEMPORARY ".part"

/* The temporary file of NAME.lock is the lock; it never gets the name itself. */
struct trtc_file *trtc_claim_take(const char *path, bool *held, struct trtc_err *err)
{
    static const char suffix[] = ".lock";
    size_t size = strlen(path) + sizeof suffix;
    char *lock = malloc(size);
    struct trtc_file *f = NULL;

    *held = false;
    if (!lock) {
        trtc_fail_nomem(err);
        return NULL;
    }
    snprintf(lock, size, "%s%s", path, suffix);
    f = trtc_file_claim(lock, held, err);
    free(lock);
    return f;
}

/* The end of a temporary name that was shortened because it was too long: "~" and a hash. */
static bool is_hash(const char *s, size_t n)
{
    return n == 17 && s[0] == '~' && strspn(s + 1, "0123456789abcdef") >= 16;
}

/* Whether s matches the form, in which # stands for a digit and * for more digits. */
static bool fits(const char *s, size_t n, const char *form)
{
    for (; n && *form; s++, n--, form++) {
        for (; *form == '*' && n && isdigit((unsigned char)*s); s++)
            n--;
        form += *form == '*';
        if (!n || (*form == '#' ? !isdigit((unsigned char)*s) : *s != *form))
            return is_hash(s, n);
    }
    return !n && !*form;
}

/* Whether these n bytes, after the part that the names of all its files share, make the name of a
 * file of the recording. */
static bool is_file(const char *s, size_t n, bool single)
{
    static const char *const of_user[] = { "_audio.m3u8",
                                           "_video.m3u8",
                                           "_audio_#*.m3u8",
                                           "_video_#*.m3u8",
                                           "_audio_#################.ts",
                                           "_video_#################.ts",
                                           "_audio_waiting#.ts",
                                           "_video_waiting#.ts",
                                           NULL };
    static const char *const mixed[] = { ".m3u8", "_#*.m3u8", "_#################.ts",
                                         "_waiting#.ts", NULL };
    for (const char *const *form = single ? of_user : mixed; *form; form++)
        if (fits(s, n, *form))
            return true;
    return false;
}

struct recording {
    const char *name; /* the name of its playlist */
    size_t stem;      /* the length of the part that the names of all its files share */
    bool single;
};

/* Whether a directory entry is a temporary file of the recording. */
static bool is_ours(const struct recording *r, const char *entry)
{
    size_t n = strlen(entry), part = strlen(TEMPORARY);
    if (entry[0] != '.' || n < 1 + r->stem + part || !trtc_ends_with(entry, n, TEMPORARY) ||
        memcmp(entry + 1, r->name, r->stem))
        return false;
    return is_file(entry + 1 + r->stem, n - 1 - r->stem - part, r->single);
}

static void remove_entry(const char *dir, size_t dir_len, const char *entry,
                         struct trtc_claim_stale *stale)
{
    size_t size = dir_len + strlen(entry) + 1;
    char *path = malloc(size);
    int64_t bytes;
    if (!path)
        return;
    snprintf(path, size, "%.*s%s", (int)dir_len, dir, entry);
    if (trtc_file_remove_stale(path, &bytes)) {
        stale->nb_files++;
        stale->bytes += bytes;
    }
    free(path);
}

void trtc_claim_clean(const char *path, struct trtc_claim_stale *stale)
{
    const char *slash = strrchr(path, '/');
    size_t dir_len = slash ? (size_t)(slash - path) + 1 : 0;
    struct recording r = { .name = path + dir_len };
    size_t len = strlen(r.name);
    r.single = trtc_ends_with(r.name, len, SOUND);
    r.stem = len - strlen(r.single ? SOUND : PLAYLIST);

    char *dir = dir_len ? strndup(path, dir_len) : strdup(".");
    const int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    struct trtc_names entries = { 0 };
    if (fd >= 0)
        trtc_list_dir(fd, dir, &entries, NULL);
    for (size_t i = 0; i < entries.n; i++)
        if (is_ours(&r, entries.v[i]))
            remove_entry(path, dir_len, entries.v[i], stale);
    trtc_names_fini(&entries);
    if (fd >= 0)
        close(fd);
    free(dir);
}
