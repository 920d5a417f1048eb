/* SPDX-License-Identifier: MIT */
/* Text from outside under libFuzzer: what is shown of it acts on no terminal and holds no secret; tokens and credentials
 * as other tools leave them. The input's fields are a text and two secrets. */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "fuzz/fuzz.h"
#include "layout/xml.h"
#include "net/redact.h"
#include "net/secret.h"
#include "net/usersig.h"
#include "playlist/content.h"

/* Nothing but text, without controls, of C1 too, and without marks of direction. */
static void harmless(const char *s, size_t n)
{
    check(trtc_utf8_valid(s, n));
    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = (const unsigned char *)s + i;
        check(*p >= ' ' && *p != 0x7f && !(*p == 0xc2 && p[1] < 0xa0));
        check(!(*p == 0xe2 && p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae));
        check(!(*p == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
    }
}

static void shown(const char *s, size_t n)
{
    char small[9], large[256], *all = malloc(4 * n + 1), *out = NULL;
    size_t nb = 0;
    FILE *f = open_memstream(&out, &nb);

    check(all && f);
    harmless(trtc_text_show(s, n, small, sizeof small), strlen(small));
    harmless(trtc_text_show(s, n, large, sizeof large), strlen(large));
    harmless(trtc_text_line(s, n, large, sizeof large), strlen(large));
    check(trtc_utf8_valid(trtc_text_drawn(s, n, large, sizeof large), strlen(large)));
    const size_t len = trtc_text_escape(s, n, all);
    check(len <= 4 * n && len == strlen(all));
    harmless(all, len);
    trtc_text_put(s, n, f);
    fflush(f);
    check(nb == len && memcmp(out, all, len) == 0);
    trtc_xml_put(s, 40, f);
    fclose(f);
    check(!memchr(out + len, '<', nb - len) && !memchr(out + len, '"', nb - len));
    check(trtc_utf8_valid(out + len, nb - len));
    free(out);
    free(all);
    const char *what = trtc_content_name(s, n);
    check(!what || *what);
}

/* Any 8 bytes of a secret. */
static bool holds(const char *text, const char *secret)
{
    const size_t n = strlen(secret), part = n < 8 ? n : 8;
    char piece[9];

    for (size_t i = 0; n >= 3 && i + part <= n; i++) {
        memcpy(piece, secret + i, part);
        piece[part] = '\0';
        if (strstr(text, piece))
            return true;
    }
    return false;
}

static void redacted(const char *text, const char *a, const char *b)
{
    struct trtc_err err = { 0 };
    struct trtc_redact *r = trtc_redact_new(&err);
    char *copy = strdup(text);

    check(r && copy && trtc_redact_add(r, a, &err) == 0 && trtc_redact_add(r, b, &err) == 0);
    check(trtc_redact_text(r, copy, &err) == 0);
    check(strlen(copy) <= strlen(text));
    if (!strchr(a, '*') && !strchr(b, '*'))
        check(!holds(copy, a) && !holds(copy, b));
    cJSON *json = cJSON_Parse(text);
    if (json)
        check(trtc_redact_json(r, json, &err) == 0);
    cJSON_Delete(json);
    free(copy);
    trtc_redact_free(&r);
}

static void as_usersig(const char *s, size_t n)
{
    struct trtc_usersig_read *r = NULL;
    struct trtc_err err = { 0 };

    if (trtc_usersig_open(s, n, &r, &err) != TRTC_USERSIG_OK) {
        check(!r && err.msg[0]);
        return;
    }
    check(trtc_usersig_members(r)->user != NULL);
    trtc_usersig_read_free(&r);
}

static const char *nothing(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return NULL;
}

static void as_credentials(const char *s, size_t n)
{
    char path[64];
    struct trtc_err err = { 0 };
    struct trtc_credentials c = { 0 };
    const int fd = memfd_create("credentials", MFD_CLOEXEC);

    check(fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, s, n) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const struct trtc_credential_places places = { .secret_file = path, .env = { nothing, NULL } };
    if (trtc_credentials_find(&places, &c, &err) < 0) {
        check(err.code >= TRTC_EX_USAGE && err.msg[0]);
        harmless(err.msg, strlen(err.msg));
    } else {
        check(c.id.len && c.key.len);
    }
    trtc_credentials_fini(&c);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *field[3];
    size_t n[3];

    for (int i = 0; i < 3; i++) {
        const uint8_t *p = data;
        n[i] = 0;
        (void)next_field(&data, &size, &p, &n[i]);
        field[i] = text_of(p, n[i]);
    }
    shown(field[0], n[0]);
    as_usersig(field[0], n[0]);
    as_credentials(field[0], n[0]);
    redacted(field[0], field[1], field[2]);
    for (int i = 0; i < 3; i++)
        free(field[i]);
    return 0;
}
