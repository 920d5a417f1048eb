/* SPDX-License-Identifier: MIT */
/* Secrets in memory, and where the API's credentials are searched for. */
#define _DEFAULT_SOURCE /* madvise, MAP_ANONYMOUS */

#include "net/secret.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"

enum {
    FILE_MAX = 64 << 10, /* size of a file with credentials */
    VALUE_MAX = 4096,    /* length of a value: tokens have 1 to 2 KB */
};

static int secret_map(struct trtc_secret *s, size_t n, struct trtc_err *err)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = (n + page) / page * page; /* with room for the NUL */
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    trtc_secret_fini(s);
    if (p == MAP_FAILED)
        return trtc_fail_nomem(err);
#ifdef MADV_DONTDUMP
    madvise(p, size, MADV_DONTDUMP);
#endif
    mlock(p, size); /* if possible: the limit may be 0 */
    s->text = p;
    s->len = n;
    s->mapped_bytes = size;
    return 0;
}

int trtc_secret_set(struct trtc_secret *s, const char *text, size_t n, struct trtc_err *err)
{
    if (secret_map(s, n, err))
        return -1;
    memcpy(s->text, text, n);
    return 0;
}

void trtc_secret_fini(struct trtc_secret *s)
{
    if (s->text) {
        OPENSSL_cleanse(s->text, s->mapped_bytes);
        munmap(s->text, s->mapped_bytes);
    }
    *s = (struct trtc_secret){ 0 };
}

void trtc_credentials_fini(struct trtc_credentials *c)
{
    trtc_secret_fini(&c->id);
    trtc_secret_fini(&c->key);
    trtc_secret_fini(&c->token);
}

static void trim(const char **value, size_t *n)
{
    while (*n && strchr(" \t\r\n", **value)) {
        (*value)++;
        (*n)--;
    }
    while (*n && strchr(" \t\r\n", (*value)[*n - 1]))
        (*n)--;
}

/* Removes byte order marks from the start. */
static void skip_marks(const char **value, size_t *n)
{
    for (size_t mark; (mark = trtc_text_mark(*value, *n)) != 0; *n -= mark)
        *value += mark;
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

int trtc_secret_unquote(const char *what, const char **value, size_t *n, struct trtc_err *err)
{
    trim(value, n);
    if (!*n || (!is_quote(**value) && !is_quote((*value)[*n - 1])))
        return 0;
    if (*n < 2 || **value != (*value)[*n - 1])
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: there is a quotation mark at one end only",
                         what);
    (*value)++;
    *n -= 2;
    trim(value, n);
    return 0;
}

int trtc_secret_word(const char *what, const char **value, size_t *n, struct trtc_err *err)
{
    skip_marks(value, n);
    if (trtc_secret_unquote(what, value, n, err))
        return -1;
    for (size_t i = 0; i < *n; i++)
        if ((*value)[i] <= ' ' || (*value)[i] > '~' || is_quote((*value)[i]))
            return trtc_fail(err, TRTC_EX_CONFIG,
                             "%s holds a blank, a quotation mark or a character that is not ASCII",
                             what);
    return 0;
}

/* A literal value to be stored; messages call it "where: key". */
struct value {
    const char *where, *key;
    const char *text; /* n bytes */
    size_t n;
};

/* Stores it, without blanks and quotation marks around it. */
static int store(struct value v, struct trtc_secret *out, struct trtc_err *err)
{
    char what[512];

    snprintf(what, sizeof(what), "%s: %s", v.where, v.key);
    if (trtc_secret_word(what, &v.text, &v.n, err))
        return -1;
    if (v.n > VALUE_MAX)
        return trtc_fail(err, TRTC_EX_CONFIG, "%s is longer than %d bytes", what, VALUE_MAX);
    if (v.n == 0) {
        trtc_secret_fini(out);
        return 0;
    }
    return trtc_secret_set(out, v.text, v.n, err);
}

/* Whether it begins as the vendor's identifiers of keys do. */
static bool is_id(const struct trtc_secret *s)
{
    return strncmp(s->text, "AKID", 4) == 0;
}

/* Checks that there are both or neither. 1: both; 0: neither, so a token is useless too; -1:
 * failure. */
static int complete(const char *where, const char *id, const char *key, struct trtc_credentials *c,
                    struct trtc_err *err)
{
    if (c->id.text && c->key.text) {
        if (is_id(&c->key) && !is_id(&c->id)) /* the key would be sent */
            return trtc_fail(err, TRTC_EX_CONFIG, "%s: %s looks like a %s: they are exchanged",
                             where, key, id);
        snprintf(c->found_in, sizeof(c->found_in), "%s", where);
        return 1;
    }
    if (c->id.text || c->key.text)
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: there is %s but no %s", where,
                         c->id.text ? id : key, c->id.text ? key : id);
    trtc_secret_fini(&c->token);
    return 0;
}

int trtc_secret_env(const struct trtc_env *env, const char *name, struct trtc_secret *out,
                    struct trtc_err *err)
{
    const char *value = env->get(env->arg, name);

    if (!value)
        return 0;

    size_t n = strlen(value);

    trim(&value, &n);
    /* A shell removes quotation marks. If they are here, other programs see them too. */
    if (n && (is_quote(*value) || is_quote(value[n - 1])))
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "environment: %s has a quotation mark around its value: remove it (a "
                         "file for docker's --env-file has none)",
                         name);
    if (store((struct value){ "environment", name, value, n }, out, err))
        return -1;
    return out->text ? 1 : 0;
}

static int from_env(const struct trtc_env *env, struct trtc_credentials *c, struct trtc_err *err)
{
    static const char id[] = "TENCENTCLOUD_SECRET_ID", key[] = "TENCENTCLOUD_SECRET_KEY";

    if (trtc_secret_env(env, id, &c->id, err) < 0 || trtc_secret_env(env, key, &c->key, err) < 0 ||
        trtc_secret_env(env, "TENCENTCLOUD_TOKEN", &c->token, err) < 0)
        return -1;
    return complete("environment", id, key, c, err);
}

/* Checks that only its owner can read the file, and that this is the user or root. */
static int check_private(const char *path, const struct stat *st, struct trtc_err *err)
{
    if (st->st_mode & (S_IRWXG | S_IRWXO))
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "secret file '%s' has mode %04o: others may use it (chmod 600)", path,
                         (unsigned)st->st_mode & 07777u);
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return trtc_fail(err, TRTC_EX_NOPERM, "secret file '%s' belongs to another user", path);
    return 0;
}

/* Reads until the end, or one byte more than FILE_MAX. Returns the count, or -1 (errno). */
static ssize_t read_all(int fd, char *out)
{
    size_t n = 0;

    while (n <= FILE_MAX) {
        ssize_t k = read(fd, out + n, FILE_MAX + 1 - n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -1;
        if (k == 0)
            break;
        n += (size_t)k;
    }
    return (ssize_t)n;
}

/* Reads a whole file into *out. It may be a pipe ("--secret-file <(command)"). 1: read; 0: it does
 * not exist and need not (private is false); -1: failure. */
static int read_file(const char *path, bool private, struct trtc_secret *out, struct trtc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    ssize_t n;
    int ret = -1;

    if (fd < 0 && !private && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot read '%s'", path);
    if (fstat(fd, &st)) {
        trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot examine '%s'", path);
        goto done;
    }
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) {
        trtc_fail(err, TRTC_EX_CONFIG, "'%s' is not a file", path);
        goto done;
    }
    if (private && check_private(path, &st, err))
        goto done;
    if (secret_map(out, FILE_MAX + 1, err))
        goto done;
    n = read_all(fd, out->text);
    if (n < 0) {
        trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read '%s'", path);
    } else if (n > FILE_MAX) {
        trtc_fail(err, TRTC_EX_CONFIG, "'%s' is larger than %d bytes", path, FILE_MAX);
    } else {
        out->text[n] = '\0';
        out->len = (size_t)n;
        ret = 1;
    }
done:
    close(fd);
    if (ret < 0)
        trtc_secret_fini(out);
    return ret;
}

#define EXPECTED \
    "expected lines secret_id = ... and secret_key = ..., or JSON with secretId and secretKey"

/* Makes faults of JSON in a file of settings those of the settings. Returns -1. */
static int fail_settings(struct trtc_err *err)
{
    if (err && err->code == TRTC_EX_DATAERR)
        err->code = TRTC_EX_CONFIG;
    return -1;
}

/* Overwrites every text before the library frees it. */
static void delete_json(cJSON *json)
{
    cJSON *v;

    if (json && json->valuestring)
        OPENSSL_cleanse(json->valuestring, strlen(json->valuestring));
    cJSON_ArrayForEach(v, json) if (v->valuestring)
        OPENSSL_cleanse(v->valuestring, strlen(v->valuestring));
    cJSON_Delete(json);
}

/* The format of tccli: an object with secretId, secretKey, token. */
static int parse_json(const char *path, const struct trtc_secret *file, struct trtc_credentials *c,
                      struct trtc_err *err)
{
    const struct {
        const char *key;
        struct trtc_secret *out;
    } members[] = { { "secretId", &c->id }, { "secretKey", &c->key }, { "token", &c->token } };
    cJSON *json = trtc_json_parse(path, file->text, file->len, err);
    int ret = -1;

    if (!json)
        return fail_settings(err);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        const char *value = NULL;
        int found = trtc_json_string(json, path, members[i].key, &value, err);

        if (found < 0 ||
            (found && store((struct value){ path, members[i].key, value, strlen(value) },
                            members[i].out, err)))
            goto done;
    }
    ret = complete(path, "secretId", "secretKey", c, err);
done:
    delete_json(json);
    return ret < 0 ? fail_settings(err) : ret;
}

/* Gets the next line of an INI file without surrounding blanks: its start and length. False: the
 * end. */
static bool next_line(const char **at, const char **line, size_t *n)
{
    if (!**at)
        return false;
    *line = *at;
    *n = strcspn(*at, "\n");
    *at += *n + ((*at)[*n] == '\n');
    while (*n && strchr(" \t\r", **line)) {
        (*line)++;
        (*n)--;
    }
    while (*n && strchr(" \t\r", (*line)[*n - 1]))
        (*n)--;
    return true;
}

/* Whether the n characters name the key: secret_id, secretId and SECRET_ID are the same, and so is,
 * as in a file for a shell, export TENCENTCLOUD_SECRET_ID. */
static bool is_key(const char *name, size_t n, const char *key)
{
    static const char export[] = "export", vendor[] = "tencentcloud";
    char plain[64] = "";
    size_t k = 0;

    if (n > sizeof(export) && !memcmp(name, export, sizeof(export) - 1) &&
        strchr(" \t", name[sizeof(export) - 1])) {
        name += sizeof(export);
        n -= sizeof(export);
    }
    for (; n; name++, n--) {
        if (strchr("_ \t", *name))
            continue;
        if (k + 1 == sizeof(plain))
            return false;
        plain[k++] = (char)tolower((unsigned char)*name);
    }
    return !strcmp(plain, key) || (!strncmp(plain, vendor, sizeof(vendor) - 1) &&
                                   !strcmp(plain + sizeof(vendor) - 1, key));
}

/* The vendor's format: "[profile]", then "secret_id = ...". Lines before the first section belong
 * to [default]. */
static int parse_ini(const char *path, const struct trtc_secret *file, const char *profile,
                     struct trtc_credentials *c, struct trtc_err *err)
{
    const struct {
        const char *name, *key;
        struct trtc_secret *out;
    } keys[] = { { "secret_id", "secretid", &c->id },
                 { "secret_key", "secretkey", &c->key },
                 { "token", "token", &c->token } };
    bool ours = !strcmp(profile, "default");
    const char *at = file->text, *line, *sign;
    size_t n;

    while (next_line(&at, &line, &n)) {
        if (n >= 2 && *line == '[' && line[n - 1] == ']')
            ours = n - 2 == strlen(profile) && !memcmp(line + 1, profile, n - 2);
        if (!n || strchr("[#;", *line))
            continue;
        sign = memchr(line, '=', n);
        if (!sign) /* the line is not shown: it may be a secret */
            return trtc_fail(err, TRTC_EX_CONFIG,
                             "%s: neither JSON nor lines of KEY = VALUE: " EXPECTED, path);
        for (size_t i = 0; ours && i < sizeof(keys) / sizeof(keys[0]); i++)
            if (is_key(line, (size_t)(sign - line), keys[i].key) &&
                store((struct value){ path, keys[i].name, sign + 1, (size_t)(line + n - sign - 1) },
                      keys[i].out, err))
                return -1;
    }
    return complete(path, "secret_id", "secret_key", c, err);
}

/* Removes byte order marks and the Ctrl-Z of DOS, makes an LF of each CR that ends a line, and
 * refuses what is not text. */
static int check_text(const char *path, struct trtc_secret *file, struct trtc_err *err)
{
    const char *text = file->text;

    if (!memcmp(file->text, "\xff\xfe", 2) || !memcmp(file->text, "\xfe\xff", 2))
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: is UTF-16: save it as UTF-8", path);
    if (strlen(file->text) != file->len)
        return trtc_fail(err, TRTC_EX_CONFIG, "%s: holds a NUL byte", path);
    skip_marks(&text, &file->len);
    memmove(file->text, text, file->len + 1);
    if (file->len && file->text[file->len - 1] == '\x1a')
        file->text[--file->len] = '\0';
    for (char *p = file->text; (p = strchr(p, '\r')) != NULL; p++)
        if (p[1] != '\n' && p[1] != '\r')
            *p = '\n';
    return 0;
}

int trtc_secret_read(const char *path, struct trtc_secret *out, struct trtc_err *err)
{
    if (read_file(path, true, out, err) == 1 && !check_text(path, out, err))
        return 0;
    trtc_secret_fini(out);
    return -1;
}

/* 1: found; 0: there is no such file or profile; -1: failure. */
static int from_file(const char *path, const char *profile, bool private,
                     struct trtc_credentials *c, struct trtc_err *err)
{
    struct trtc_secret file = { 0 };
    int ret = read_file(path, private, &file, err);

    if (ret == 1 && check_text(path, &file, err)) {
        ret = -1;
    } else if (ret == 1) {
        const char *first = file.text + strspn(file.text, " \t\r\n");

        ret = *first == '{' ? parse_json(path, &file, c, err)
                            : parse_ini(path, &file, profile, c, err);
    }
    trtc_secret_fini(&file);
    if (ret == 0 && private)
        return trtc_fail(err, TRTC_EX_CONFIG,
                         "%s: no credentials for profile '%s' in it: " EXPECTED, path, profile);
    return ret;
}

/* Checks the name of a profile, which becomes part of a file name. */
static int check_profile(const char *profile, struct trtc_err *err)
{
    if (!*profile || *profile == '.' || strlen(profile) > 100)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "the name of the profile is empty, hidden or too long");
    for (const char *s = profile; *s; s++)
        if (*s <= ' ' || *s > '~' || *s == '/')
            return trtc_fail(err, TRTC_EX_USAGE,
                             "the name of the profile holds '/', a blank or a "
                             "character that is not ASCII");
    return 0;
}

struct home { /* a file below $HOME */
    const char *dir, *name, *suffix;
};

/* Makes $HOME/DIR/NAME with the suffix; the caller frees *out. NULL: HOME is not set. */
static int home_path(const struct trtc_env *env, const struct home *h, char **out,
                     struct trtc_err *err)
{
    const char *home = env->get(env->arg, "HOME");
    size_t size;

    *out = NULL;
    if (!home || !*home)
        return 0;
    size = strlen(home) + strlen(h->dir) + strlen(h->name) + strlen(h->suffix) + 3;
    *out = malloc(size);
    if (!*out)
        return trtc_fail_nomem(err);
    snprintf(*out, size, "%s/%s/%s%s", home, h->dir, h->name, h->suffix);
    return 0;
}

static int from_home(const struct trtc_env *env, const struct home *h, const char *profile,
                     struct trtc_credentials *c, struct trtc_err *err)
{
    char *path;
    int ret = home_path(env, h, &path, err);

    if (!ret && path)
        ret = from_file(path, profile, false, c, err);
    free(path);
    return ret;
}

static int find(const struct trtc_credential_places *places, const char *profile,
                struct trtc_credentials *c, struct trtc_err *err)
{
    int ret;

    if (check_profile(profile, err))
        return -1;
    if (places->secret_file)
        return from_file(places->secret_file, profile, true, c, err);
    ret = from_env(&places->env, c, err);
    if (ret == 0)
        ret = from_home(&places->env, &(struct home){ ".tccli", profile, ".credential" }, profile,
                        c, err);
    if (ret == 0)
        ret = from_home(&places->env, &(struct home){ ".tencentcloud", "credentials", "" }, profile,
                        c, err);
    if (ret == 0)
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "no credentials: give --secret-file, or set TENCENTCLOUD_SECRET_ID and "
                         "TENCENTCLOUD_SECRET_KEY");
    return ret;
}

int trtc_credentials_find(const struct trtc_credential_places *places, struct trtc_credentials *out,
                          struct trtc_err *err)
{
    const char *profile = places->profile ? places->profile : "default";

    *out = (struct trtc_credentials){ 0 };
    if (find(places, profile, out, err) == 1)
        return 0;
    trtc_credentials_fini(out);
    return -1;
}

int trtc_profile_region(const struct trtc_env *env, const char *profile, char *out, size_t size,
                        struct trtc_err *err)
{
    const cJSON *params = NULL;
    const char *region = NULL;
    struct trtc_secret file = { 0 }; /* it holds no secret but is read in the same way */
    cJSON *json = NULL;
    char *path;
    int ret;

    if (!profile)
        profile = "default";
    if (check_profile(profile, err) ||
        home_path(env, &(struct home){ ".tccli", profile, ".configure" }, &path, err))
        return -1;
    ret = path ? read_file(path, false, &file, err) : 0;
    if (ret == 1) {
        json = trtc_json_parse(path, file.text, file.len, err);
        ret = json ? trtc_json_object(json, path, "_sys_param", &params, err) : -1;
    }
    if (ret == 1)
        ret = trtc_json_string(params, path, "region", &region, err);
    if (ret == 1 && (!*region || strlen(region) >= size))
        ret = 0;
    if (ret == 1)
        snprintf(out, size, "%s", region);
    cJSON_Delete(json);
    trtc_secret_fini(&file);
    free(path);
    return ret < 0 ? fail_settings(err) : ret;
}
