/* SPDX-License-Identifier: MIT */
/* Watches the allocator of the C library, or of a preloaded library; see memory.h. The program
 * itself defines the symbols, so that its libraries use them too. */
#define _GNU_SOURCE /* RTLD_NEXT, on_exit */

#include "memory.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cli.h"

static atomic_bool failed, required;

void memory_require(bool on)
{
    atomic_store(&required, on);
}

bool memory_failed(void)
{
    return atomic_load_explicit(&failed, memory_order_relaxed);
}

int memory_check(struct trtc_err *err)
{
    return memory_failed() ? trtc_fail_nomem(err) : 0;
}

int memory_settle(int code)
{
    struct trtc_err err;
    if (code == TRTC_EX_TEMPFAIL || memory_check(&err) == 0)
        return code;
    return trtc_worse(code, cli_report(&err));
}

#ifdef __has_feature
#define CLANG_SANITIZER                                                     \
    (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
     __has_feature(memory_sanitizer))
#else
#define CLANG_SANITIZER 0
#endif

/* The sanitizers have allocators of their own. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !CLANG_SANITIZER

/* Returns the function with this name that would be used without this file. */
static void *find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

/* After a failed allocation the libraries may fail an assertion, or use a null pointer. */
static void give_up(int sig)
{
    static const char text[] = ": out of memory\n";
    const char *name = cli_name();
    const ssize_t named = write(STDERR_FILENO, name, strlen(name));
    const ssize_t told = write(STDERR_FILENO, text, sizeof text - 1);
    (void)named, (void)told, (void)sig; /* if that fails too, nothing can be reported */
    _exit(TRTC_EX_TEMPFAIL);
}

/* No program here ends with EXIT_FAILURE; a library does that, if it cannot be loaded for lack of
 * memory. */
static void on_end(int status, void *arg)
{
    (void)arg;
    if (status == EXIT_FAILURE && memory_failed())
        give_up(0);
}

/* Not when an allocation fails: that may be one of atexit(3), which holds its lock meanwhile. */
__attribute__((constructor)) static void watch_end(void)
{
    on_exit(on_end, NULL);
}

/* Uses a stack of its own: to note that memory is short, OpenSSL 3.6 allocates memory, fails again,
 * and so on until its stack is full. */
static void note_failure(void)
{
    static char stack[65536];
    const stack_t own = { .ss_sp = stack, .ss_size = sizeof stack };
    const struct sigaction sa = { .sa_handler = give_up, .sa_flags = SA_ONSTACK };
    if (atomic_exchange(&failed, true))
        return;
    sigaltstack(&own, NULL);
    sigaction(SIGABRT, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL); /* GLib's way to abort */
}

/* Whether this is an address in the dynamic loader, which ends the process with 127 if it gets no
 * memory for the data that a library has in each thread. */
static bool is_in_loader(const void *address)
{
    Dl_info in;
    return dladdr(address, &in) && in.dli_fbase == (const void *)getauxval(AT_BASE);
}

static void *watched(void *p, size_t n, const void *caller)
{
    if (!p && n) {
        note_failure();
        if (atomic_load(&required) || is_in_loader(caller))
            give_up(0);
        errno = ENOMEM;
    }
    return p;
}

void *malloc(size_t n)
{
    static void *(*_Atomic next)(size_t);
    if (!next)
        next = (void *(*)(size_t))find("malloc");
    return watched(next(n), n, __builtin_return_address(0));
}

void *calloc(size_t n, size_t size)
{
    static void *(*_Atomic next)(size_t, size_t);
    if (!next)
        next = (void *(*)(size_t, size_t))find("calloc");
    return watched(next(n, size), n && size, __builtin_return_address(0));
}

void *realloc(void *p, size_t n)
{
    static void *(*_Atomic next)(void *, size_t);
    if (!next)
        next = (void *(*)(void *, size_t))find("realloc");
    return watched(next(p, n), n, __builtin_return_address(0));
}

void *memalign(size_t align, size_t n)
{
    static void *(*_Atomic next)(size_t, size_t);
    if (!next)
        next = (void *(*)(size_t, size_t))find("memalign");
    return watched(next(align, n), n, __builtin_return_address(0));
}

void *aligned_alloc(size_t align, size_t n)
{
    static void *(*_Atomic next)(size_t, size_t);
    if (!next)
        next = (void *(*)(size_t, size_t))find("aligned_alloc");
    return watched(next(align, n), n, __builtin_return_address(0));
}

int posix_memalign(void **p, size_t align, size_t n)
{
    static int (*_Atomic next)(void **, size_t, size_t);
    if (!next)
        next = (int (*)(void **, size_t, size_t))find("posix_memalign");
    int errnum = next(p, align, n);
    if (errnum == ENOMEM)
        watched(NULL, 1, __builtin_return_address(0));
    return errnum;
}

#endif
