/* SPDX-License-Identifier: MIT */
/* Pictures from addresses in requests: tricks by which one of them would reach what only this machine reaches. Two servers:
 * "outside" on 127.0.0.2, which the test takes for public, and "internal" on the other addresses of loopback, which
 * nothing may reach. Names are resolved by the test. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/picture.h"

static const unsigned char png[] = "\x89PNG\r\n\x1a\n the rest of it";

/* ---- names ---- */

static atomic_int nb_turns; /* how often turning.test was asked for */

static const struct {
    const char *name, *first, *second; /* second NULL: there is none */
} names[] = {
    { "outside.test", "127.0.0.2", NULL },
    { "rebound.test", "127.0.0.1", NULL },
    { "six.test", "::1", NULL },
    { "mapped.test", "::ffff:127.0.0.1", NULL },
    { "both.test", "127.0.0.2", "127.0.0.1" },
    { "link.test", "169.254.169.254", NULL },
    { "any.test", "0.0.0.0", NULL },
};

static int numeric(const char *host, const char *service, const struct addrinfo *hints,
                   struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo h = hints ? *hints : (struct addrinfo){ 0 };
    h.ai_family = AF_UNSPEC;
    h.ai_flags = (h.ai_flags & ~AI_ADDRCONFIG) | AI_NUMERICHOST;
    return real(host, service, &h, out);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    if (strncasecmp(host, "localhost", 9) == 0)
        host = "127.0.0.1";
    if (strcmp(host, "turning.test") == 0)
        host = nb_turns++ ? "127.0.0.1" : "127.0.0.2";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(host, names[i].name) != 0)
            continue;
        const int ret = numeric(names[i].first, service, hints, out);
        struct addrinfo *last = *out;
        while (!ret && last->ai_next)
            last = last->ai_next;
        return ret || !names[i].second ? ret
                                       : numeric(names[i].second, service, hints, &last->ai_next);
    }
    return numeric(host, service, hints, out);
}

/* ---- servers ---- */

static int internal[2], outside, ports[2]; /* listeners; ports of internal, outside */
static atomic_int nb_hits;

static int listen_on(const char *host, int port)
{
    char service[8];
    struct addrinfo *a = NULL, hints = { .ai_socktype = SOCK_STREAM };
    const int one = 1;
    snprintf(service, sizeof service, "%d", port);
    assert_int_equal(numeric(host, service, &hints, &a), 0);
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (fd >= 0 && (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 64) < 0)) {
        close(fd);
        freeaddrinfo(a);
        return -1; /* a machine without IPv6 */
    }
    freeaddrinfo(a);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &n);
    return ntohs(a.sin_port);
}

static void say(int fd, const char *text)
{
    send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Answers by the path: /to/URL redirects there, URL with '!' for '/'. */
static void answer(int fd)
{
    char text[2048], head[2200];
    const ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    char *path = strchr(text, ' ');
    path = path ? path + 1 : text;
    path[strcspn(path, " ")] = '\0';
    if (strncmp(path, "/to/", 4) == 0) {
        for (char *c = path + 4; *c; c++)
            *c = *c == '!' ? '/' : *c;
        path[strlen(path) - 4] = '\0'; /* the .png */
        snprintf(head, sizeof head,
                 "HTTP/1.1 307 To\r\nLocation: %.1900s\r\nContent-Length: 0\r\n\r\n", path + 4);
        say(fd, head);
    } else if (strcmp(path, "/slow.png") == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n\x89PNG");
        struct pollfd p = { .fd = fd, .events = POLLIN };
        poll(&p, 1, 20000); /* until it goes */
    } else if (strcmp(path, "/large.png") == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5242881\r\n\r\n\x89PNG");
    } else if (strcmp(path, "/endless.png") == 0) {
        static const char chunk[65536] = "\x89PNG";
        say(fd, "HTTP/1.1 200 OK\r\n\r\n");
        while (send(fd, chunk, sizeof chunk, MSG_NOSIGNAL) > 0)
            ;
    } else if (strcmp(path, "/page.png") == 0) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n<html></html>   ");
    } else if (strcmp(path, "/gone.png") == 0) {
        say(fd, "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n");
    } else {
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
                 sizeof png - 1);
        say(fd, head);
        send(fd, png, sizeof png - 1, MSG_NOSIGNAL);
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        struct pollfd p[3] = { { .fd = internal[0], .events = POLLIN },
                               { .fd = internal[1], .events = POLLIN },
                               { .fd = outside, .events = POLLIN } };
        poll(p, 3, -1);
        for (int i = 0; i < 3; i++) {
            const int fd = p[i].revents ? accept(p[i].fd, NULL, NULL) : -1;
            if (fd < 0)
                continue;
            nb_hits += i < 2;
            answer(fd);
            close(fd);
        }
    }
    return NULL;
}

static int begin(void **state)
{
    pthread_t thread;
    (void)state;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    internal[0] = listen_on("127.0.0.1", 0);
    outside = listen_on("127.0.0.2", 0);
    assert_true(internal[0] >= 0 && outside >= 0);
    ports[0] = port_of(internal[0]);
    ports[1] = port_of(outside);
    internal[1] = listen_on("::1", ports[0]);
    return pthread_create(&thread, NULL, serve, NULL);
}

/* 127.0.0.2 is taken for public. */
static bool may(const struct sockaddr *a)
{
    const struct sockaddr_in *in = (const void *)a;
    return (a->sa_family == AF_INET && ntohl(in->sin_addr.s_addr) == 0x7f000002) ||
           trtc_address_is_public(a);
}

/* url: I and O are the ports of the two servers. Returns the error's code, 0 for none. */
static int fetch(const char *url, bool http, FILE *to, struct trtc_err *err)
{
    const struct trtc_picture_rules rules = { .http = http, .may = may };
    char text[512];
    size_t n = 0;
    for (const char *s = url; *s; s++) {
        const bool port = (*s == 'I' || *s == 'O') && s > url && s[-1] == ':';
        n += (size_t)(port ? snprintf(text + n, sizeof text - n, "%d", ports[*s == 'O'])
                           : snprintf(text + n, sizeof text - n, "%c", *s));
    }
    rewind(to);
    return trtc_picture_fetch(text, &rules, fileno(to), err) == 0 ? 0 : err->code;
}

/* ---- tests ---- */

static void tricks(void **state)
{
    static const char *const urls[] = {
        "http://127.0.0.1:I/a.png",
        "http://127.1:I/a.png",
        "http://127.0.1:I/a.png",
        "http://2130706433:I/a.png",
        "http://0x7f000001:I/a.png",
        "http://0x7f.1:I/a.png",
        "http://0177.0.0.1:I/a.png",
        "http://017700000001:I/a.png",
        "http://127.0.0.1.:I/a.png",
        "http://127.255.255.254:I/a.png",
        "http://0.0.0.0:I/a.png",
        "http://0:I/a.png",
        "http://[::1]:I/a.png",
        "http://[::]:I/a.png",
        "http://[0:0:0:0:0:0:0:1]:I/a.png",
        "http://[::ffff:127.0.0.1]:I/a.png",
        "http://[::ffff:7f00:1]:I/a.png",
        "http://[0:0:0:0:0:ffff:127.0.0.1]:I/a.png",
        "http://[::127.0.0.1]:I/a.png",
        "http://[64:ff9b::7f00:1]:I/a.png",
        "http://[2002:7f00:1::]:I/a.png",
        "http://[fe80::1]:I/a.png",
        "http://[fd00::1]:I/a.png",
        "http://169.254.169.254/latest/a.png",
        "http://10.0.0.1:I/a.png",
        "http://192.168.0.1:I/a.png",
        "http://172.16.0.1:I/a.png",
        "http://100.64.0.1:I/a.png",
        "http://localhost:I/a.png",
        "http://LocalHost:I/a.png",
        "http://localhost.:I/a.png",
        "http://rebound.test:I/a.png",
        "http://six.test:I/a.png",
        "http://mapped.test:I/a.png",
        "http://both.test:I/a.png",
        "http://link.test:I/a.png",
        "http://any.test:I/a.png",
        "https://127.0.0.1:I/a.png",
        "https://rebound.test:I/a.png",
        "http://outside.test:O/to/http:!!127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/http:!!2130706433:I!a.png.png",
        "http://outside.test:O/to/http:!![::1]:I!a.png.png",
        "http://outside.test:O/to/http:!!rebound.test:I!a.png.png",
        "http://outside.test:O/to/https:!!127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/!!127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/http:!!user:pass@127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/ftp:!!127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/gopher:!!127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/dict:!!127.0.0.1:I!a.png.png",
        "http://outside.test:O/to/file:!!!etc!passwd.png",
        "http://turning.test:O/to/http:!!turning.test:I!a.png.png",
        "http://outside.test:O/to/http:!!outside.test:O!to!http:!!127.0.0.1:I!a.png.png.png",
        "http://outside.test@127.0.0.1:I/a.png",
        "http://127.0.0.1:I@outside.test:O/a.png",
        "http://outside.test:O#@127.0.0.1:I/a.png",
        "http://outside.test:O\\@127.0.0.1:I/a.png",
        "http://127%2e0%2e0%2e1:I/a.png",
        "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:I/a.png",
        "http://127.0.0.1:I/a.png\r\nHost: x",
        "http:///127.0.0.1:I/a.png",
        "http:127.0.0.1:I/a.png",
        "//127.0.0.1:I/a.png",
        "file:///etc/passwd.png",
        "gopher://127.0.0.1:I/a.png",
        "ftp://127.0.0.1:I/a.png",
        "dict://127.0.0.1:I/a.png",
        " http://127.0.0.1:I/a.png",
    };
    struct trtc_err err;
    FILE *to = tmpfile();
    (void)state;
    assert_true(sizeof urls / sizeof *urls >= 50);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        nb_turns = 0;
        if (fetch(urls[i], true, to, &err) == 0)
            fail_msg("%s: fetched", urls[i]);
        if (nb_hits)
            fail_msg("%s: reaches what is internal", urls[i]);
    }
    fclose(to);
}

static void pictures(void **state)
{
    static const struct {
        const char *url;
        bool http;
        int code;
        const char *says;
    } cases[] = {
        { "http://outside.test:O/a.png", true, 0, NULL },
        { "http://outside.test:O/dir.x/a.JPEG?x=1", true, 0, NULL },
        { "http://outside.test:O/to/http:!!outside.test:O!b.png.png", true, 0, NULL },
        { "http://outside.test:O/a.png", false, TRTC_EX_DATAERR, "Unsupported protocol" },
        { "http://outside.test:O/to/!to!!a.png.png.png", true, 0, NULL },
        { "http://outside.test:O/large.png", true, TRTC_EX_DATAERR, "more than 5 MiB" },
        { "http://outside.test:O/endless.png", true, TRTC_EX_DATAERR, "more than 5 MiB" },
        { "http://outside.test:O/page.png", true, TRTC_EX_DATAERR, "neither a JPEG nor a PNG" },
        { "http://outside.test:O/gone.png", true, TRTC_EX_NOINPUT, "HTTP status 404" },
        { "http://outside.test:O/a.gif", true, TRTC_EX_DATAERR, "its path ends" },
        { "http://outside.test:O/a?x=.png", true, TRTC_EX_DATAERR, "its path ends" },
        { "http://outside.test:O/a$.png", true, TRTC_EX_DATAERR, "a character" },
        { "http://rebound.test:I/a.png", true, TRTC_EX_NOPERM, "no public address" },
        { "http://outside.test:O/slow.png", true, TRTC_EX_TEMPFAIL, "imeout" },
    };
    struct trtc_err err;
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1); /* a proxy would resolve names itself */
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char got[64] = "";
        FILE *to = tmpfile();
        const int code = fetch(cases[i].url, cases[i].http, to, &err);
        if (code != cases[i].code || (code && !strstr(err.msg, cases[i].says)))
            fail_msg("%s: %d, %s", cases[i].url, code, code ? err.msg : "");
        rewind(to);
        if (!code && (fread(got, 1, sizeof got, to) != sizeof png - 1 ||
                      memcmp(got, png, sizeof png - 1) != 0))
            fail_msg("%s: not the picture", cases[i].url);
        fclose(to);
    }
    assert_int_equal(nb_hits, 0);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

static void addresses(void **state)
{
    static const struct {
        const char *address;
        bool is_public;
    } cases[] = {
        { "1.1.1.1", true },
        { "9.255.255.255", true },
        { "11.0.0.0", true },
        { "172.15.255.255", true },
        { "172.32.0.0", true },
        { "192.167.255.255", true },
        { "223.255.255.255", true },
        { "2606:4700::1111", true },
        { "2a00:1450::1", true },
        { "::ffff:1.1.1.1", true },
        { "64:ff9b::1.1.1.1", true },
        { "0.1.2.3", false },
        { "10.255.255.255", false },
        { "100.127.255.255", false },
        { "127.0.0.1", false },
        { "169.254.169.254", false },
        { "172.31.255.255", false },
        { "192.0.0.170", false },
        { "192.168.255.255", false },
        { "198.19.0.1", false },
        { "203.0.113.9", false },
        { "224.0.0.1", false },
        { "240.0.0.1", false },
        { "255.255.255.255", false },
        { "::", false },
        { "::1", false },
        { "::ffff:10.0.0.1", false },
        { "64:ff9b::10.0.0.1", false },
        { "64:ff9b:1::1", false },
        { "100::1", false },
        { "2001::1", false },
        { "2001:db8::1", false },
        { "2002:a00:1::1", false },
        { "3fff::1", false },
        { "fc00::1", false },
        { "fdff::1", false },
        { "fe80::1", false },
        { "fec0::1", false },
        { "ff02::1", false },
    };
    const struct sockaddr unix_socket = { .sa_family = AF_UNIX };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct addrinfo *a = NULL;
        assert_int_equal(numeric(cases[i].address, "80", NULL, &a), 0);
        if (trtc_address_is_public(a->ai_addr) != cases[i].is_public)
            fail_msg("%s", cases[i].address);
        freeaddrinfo(a);
    }
    assert_false(trtc_address_is_public(&unix_socket));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(tricks),
        cmocka_unit_test(pictures),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
