/* SPDX-License-Identifier: MIT */
/* The HTTP server: files, and parts of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/server.h"
#include "unit/scratch.h"

static char path[] = "file.bin";

static void answer_file(void *arg, struct trtc_request *r)
{
    const char *name = arg;
    const int fd =
        open(strcmp(trtc_request_path(r), "/dir") == 0 ? "." : name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    trtc_request_send_file(r, fd, "video/mp2t");
}

static int connect_to(const struct trtc_server *s)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    a.sin_port = htons((uint16_t)atoi(strrchr(trtc_server_address(s), ':') + 1));
    inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* What the server answers, all of it; in out. */
static void ask(struct trtc_server *s, const char *what, const char *range, char *out, size_t size)
{
    char text[256];
    const int fd = connect_to(s);
    const int n =
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%s\r\n",
                 what, range ? "Range: " : "", range ? range : "", range ? "\r\n" : "");
    assert_int_equal(send(fd, text, (size_t)n, 0), n);
    size_t got = 0;
    for (int64_t ms = 0; ms < 5000; ms++) {
        trtc_server_run(s, ms);
        struct pollfd p = { .fd = fd, .events = POLLIN };
        if (poll(&p, 1, 1) <= 0)
            continue;
        const ssize_t k = recv(fd, out + got, size - 1 - got, 0);
        if (k <= 0)
            break;
        got += (size_t)k;
    }
    out[got] = '\0';
    close(fd);
}

static void files(void **state)
{
    static const struct {
        const char *what, *range;
        const char *status, *field, *body; /* field, body NULL: none */
    } cases[] = {
        { "/", NULL, "200", "Accept-Ranges: bytes\r\n", "0123456789" },
        { "/", "bytes=2-4", "206", "Content-Range: bytes 2-4/10\r\n", "234" },
        { "/", "bytes=-3", "206", "Content-Range: bytes 7-9/10\r\n", "789" },
        { "/", "bytes=8-99", "206", "Content-Length: 2\r\n", "89" },
        { "/", "bytes=10-", "416", "Content-Range: bytes */10\r\n", NULL },
        { "/", "bytes=a", "200", "Content-Type: video/mp2t\r\n", "0123456789" },
        { "/dir", NULL, "404", NULL, NULL },
    };
    const struct trtc_server_limits limits = { 0 };
    const struct trtc_server_calls calls = { .request = answer_file, .allow = "GET", .arg = path };
    struct trtc_err err;
    char got[4096];
    (void)state;
    scratch_put(path, "0123456789", 10);
    struct trtc_server *s = trtc_server_new("127.0.0.1:0", &limits, &calls, &err);
    assert_non_null(s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(s, cases[i].what, cases[i].range, got, sizeof got);
        const char *body = strstr(got, "\r\n\r\n");
        if (strncmp(got, "HTTP/1.1 ", 9) != 0 || strncmp(got + 9, cases[i].status, 3) != 0 ||
            !body || (cases[i].field && !strstr(got, cases[i].field)) ||
            (cases[i].body && strcmp(body + 4, cases[i].body) != 0))
            fail_msg("%s, %s: %s", cases[i].what, cases[i].range, got);
    }
    trtc_server_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(files) };
    if (scratch_enter("t_server") < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_leave);
}
