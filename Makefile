# SPDX-License-Identifier: MIT
# trtc-tools: GNU make. `make demo` shows the main job, `make check` runs the tests.
#
#   all tests           the programs; the test programs
#   rec-tools           the programs that do not need FFmpeg: trtc-name, trtc-layout, trtc-rec, trtc-hook, trtc-put,
#                       trtc-room, trtc-task, trtc-recd
#   deps                installs what is needed to build, run and test (Debian), or lists what is missing
#   demo                makes a recording of a call, merges it and mixes it, in demo/
#   demo-live           records a call while it is live, with a recording service of its own, in live/; with
#                       DEMO_SECONDS=N it ends after N seconds
#   check check-long check-san      the tests; these and the slow ones; the tests under the sanitizers
#   lint bench bench-live           static checks; measurements; measurements of the service
#   dist deb            the source as a tarball; Debian packages (B/deb)
#   fuzz                the parsers under libFuzzer, each for FUZZ_SECONDS (60)
#
#   B=DIR               build directory (build)
#   CC CFLAGS LDFLAGS   the compiler and your flags, which follow the project's own
#   PREFIX DESTDIR      where `make install` puts files; bashdir, zshdir, fishdir: where it puts completions
#   T=FILES J=N         for check: only these tests (tests/cmd/hls/faults.bats tests/unit/ts/t_ts.c), N at a time
#   DEPS=true           assumes that everything needed is installed
#   V=1                 prints the commands instead of a short line for each file

B = build
dir = $(B)
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
PKG_CONFIG ?= pkg-config
DEPS = sh tests/deps.sh
VERSION = 0.2.0
PKGS =
INCLUDE =
TOOLS = trtc-name trtc-merge trtc-hls trtc-layout trtc-mix trtc-rec trtc-hook trtc-put trtc-room trtc-task trtc-recd
REC_TOOLS = trtc-name trtc-layout trtc-rec trtc-hook trtc-put trtc-room trtc-task trtc-recd
AV = libavformat libavcodec libswscale libswresample libavutil
NET = libcurl libcrypto zlib libcjson
CTESTS = $(wildcard tests/unit/*/t_*.c)
MAKERS = $(wildcard tests/make/mkrec.c tests/witness/marks.c)
HELPERS = $(wildcard tests/make/restamp.c tests/make/rewrap.c tests/serve/recserver.c tests/serve/objectserver.c tests/foreign/matrix.c)
MEASURES = $(wildcard tests/bench/scalebench.c)
FUZZERS = $(wildcard tests/fuzz/fuzz_*.c)
T = $(filter-out tests/lint/lint.bats,$(wildcard tests/cmd/*/*.bats tests/make/*.bats tests/lint/*.bats $(if $(TRTC_LONG),tests/long/*.bats))) $(CTESTS)
J = 8
cpp = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DTRTC_VERSION='"$(VERSION)"' -Ilib $(INCLUDE)
cc = -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -pthread
pkg = $(if $(PKGS),$(shell $(PKG_CONFIG) $(1) $(PKGS)))
testsrc = $(filter-out %/failalloc.c %/setclock.c $(MAKERS) $(HELPERS),$(wildcard $(patsubst %,tests/%/*.c,make witness serve unit foreign)))
# Not $(B)/tests/make: a make that finds a folder of its name in the PATH does not start.
testobj = $(patsubst %.c,$(B)/%.o,$(1:tests/make/%=tests/made/%))
gen = $(call testobj,$(wildcard tests/make/gen*.c))
program = $(patsubst %.c,$(B)/tests/%,$(notdir $(1)))
lib = $(patsubst %,$(B)/lib%.a,$(filter $(notdir $(wildcard lib/*)),$(1)))

# The rooms of lib/, from the top: what a program links. Which may know which stands in tests/lint/lint.sh.
media = source input container picture codec mp4 ts recording
wire = storage net api
serve = serve
service = service
low = playlist layout base
rooms = merge hls mix $(media) put $(service) $(serve) task $(wire) $(low)

# Hardening clashes with the sanitizers; _FORTIFY_SOURCE wants optimisation, and is the user's choice where it is set.
comma = ,
plain = $(if $(findstring -fsanitize,$(CFLAGS)),,$(1))
fortify = $(if $(findstring FORTIFY,$(CFLAGS) $(CPPFLAGS)),,$(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
cc += $(call plain,-fPIE -fstack-protector-strong $(fortify))
ld = -pthread -Wl,--as-needed $(call plain,-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)

# A line for each file, as short as make -s or V=1 has it; a failure shows the compiler's own message.
silent = $(findstring s,$(firstword -$(MAKEFLAGS)))
Q = $(if $(V),,@)
show = @$(if $(V)$(silent),:,echo '$(1) $(2)')
define link
$(call show,LD,$(@:$(B)/%=%))
$(Q)$(CC) $(ld) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(call pkg,--libs) $(LDLIBS)
endef

# Make's names have no spaces. A make below opens a B that has some, and knows it by its descriptor.
ifneq ($(word 2,$(B)),)
$(or $(MAKECMDGOALS),all): in-dir ; @:
in-dir:
	+@mkdir -p '$(B)' && exec 9<'$(B)' && $(MAKE) --no-print-directory B=/proc/self/fd/9 dir='$(B)' $(MAKECMDGOALS)
.PHONY: in-dir
else

all: $(TOOLS:%=$(B)/%)
tests: $(CTESTS:%.c=$(B)/%) $(call program,$(MAKERS) $(HELPERS)) $(patsubst tests/make/%.c,$(B)/tests/%.so,$(wildcard tests/make/failalloc.c tests/make/setclock.c))
everything: all tests ; @:
demo-programs: all $(call program,$(MAKERS)) ; @:
rec-tools: $(REC_TOOLS:%=$(B)/%)

define compile
@mkdir -p $(@D)
$(call show,CC,$<)
$(Q)$(CC) $(cpp) $(CPPFLAGS) $(cc) $(call pkg,--cflags) $(CFLAGS) -MMD -MP -c -o $@ $<
endef

$(B)/%.o: %.c Makefile
	$(compile)

$(B)/tests/made/%.o: tests/make/%.c Makefile
	$(compile)

# The page of trtc-recd, as C.
$(B)/cmd/recd/page.c: cmd/recd/page.html Makefile
	@mkdir -p $(@D)
	$(call show,C,$<)
	$(Q){ echo '#include "cmd/recd/page.h"'; echo 'const char recd_page[] = {'; \
	    od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g'; echo '0 };'; } >$@

$(B)/cmd/recd/page.o: $(B)/cmd/recd/page.c
	$(compile)

$(B)/cmd/recd/page.o: private INCLUDE = -I.
$(B)/trtc-recd: $(B)/cmd/recd/page.o

$(foreach l,$(rooms),$(eval $(B)/lib$(l).a: $(patsubst %.c,$(B)/%.o,$(wildcard lib/$(l)/*.c))))
$(B)/tests/libtests.a: $(call testobj,$(testsrc))
%.a:
	@mkdir -p $(@D) && rm -f $@
	$(call show,AR,$(@:$(B)/%=%))
	$(Q)$(AR) rcs $@ $^

# A program is a file of cmd/ or a folder, in the frame that all of them share.
parts = $(patsubst %.c,$(B)/%.o,$(wildcard $(foreach t,$(1:trtc-%=%),cmd/$(t).c cmd/$(t)/*.c)))
$(foreach t,$(TOOLS),$(eval $(B)/$(t): $(call parts,$(t))))
$(TOOLS:%=$(B)/%): $(patsubst %.c,$(B)/%.o,$(wildcard $(patsubst %,cmd/%.c,cli clock loss meter opt opt_help report)))
	$(link)

$(FUZZERS:%.c=$(B)/%): $(B)/%: $(B)/%.o $(call lib,$(rooms))
	$(link)

# What makes, measures and serves stands in $(B)/tests, where scripts find it.
$(foreach p,$(MAKERS) $(HELPERS) $(MEASURES),$(eval $(call program,$(p)): $(call testobj,$(p))))
$(CTESTS:%.c=$(B)/%): $(B)/%: $(B)/%.o
$(CTESTS:%.c=$(B)/%) $(call program,$(HELPERS) $(MEASURES)): $(B)/tests/libtests.a $(call lib,$(rooms))
	$(link)

# What makes and measures recordings is all of the tests that the demo needs.
$(call program,$(MAKERS)): $(gen) $(call lib,base)
	$(link)

# Without the sanitizers' flags: nothing may be failed that they allocate.
$(B)/tests/%.so: tests/make/%.c Makefile
	@mkdir -p $(@D)
	$(call show,CC,$<)
	$(Q)$(CC) $(cc) -g -fPIC -shared -o $@ $<

$(B)/trtc-name $(B)/trtc-layout: $(call lib,$(low))
$(B)/trtc-rec: $(call lib,$(wire) $(low))
$(B)/trtc-hook $(B)/trtc-room: $(call lib,$(serve) $(wire) $(low))
$(B)/trtc-put: $(call lib,put $(wire) $(low))
$(B)/trtc-task: $(call lib,task api $(low))
$(B)/trtc-recd: $(call lib,$(service) $(serve) task $(wire) $(low))
$(B)/trtc-merge: $(call lib,merge $(media) $(low))
$(B)/trtc-hls: $(call lib,hls $(media) $(wire) $(low))
$(B)/trtc-mix: $(call lib,mix $(media) $(wire) $(low))
$(foreach r,put storage net api,$(eval $(B)/lib/$(r)/%.o: private PKGS = $(NET)))
$(B)/lib/serve/%.o: private PKGS = libmicrohttpd libcrypto
$(B)/lib/service/%.o: private PKGS = $(NET) sqlite3
$(foreach r,merge hls mix source input container picture codec mp4 ts,$(eval $(B)/lib/$(r)/%.o: private PKGS = $(AV) libass))
$(foreach t,merge hls mix,$(eval $(B)/cmd/$(t)/%.o: private PKGS = $(AV)))
$(foreach t,merge hls mix rec hook put room task recd,$(eval $(B)/trtc-$(t): $(patsubst %.c,$(B)/%.o,$(wildcard cmd/memory.c))))
$(foreach t,hook room recd,$(eval $(B)/trtc-$(t): $(patsubst %.c,$(B)/%.o,$(wildcard cmd/ready.c))))
$(foreach t,hook room recd,$(eval $(B)/trtc-$(t): $(patsubst %.c,$(B)/%.o,$(wildcard cmd/signals.c))))
$(foreach t,rec hook put room recd,$(eval $(B)/trtc-$(t): $(patsubst %.c,$(B)/%.o,$(wildcard cmd/crypto.c))))
$(B)/trtc-name: private LDLIBS = -lb64 -lcjson
$(B)/trtc-layout: private LDLIBS = -lb64 -lcjson -lm
# Without FFmpeg's libraries, which lib/codec loads when they are needed.
$(B)/trtc-merge: private PKGS = zlib libcjson
$(B)/trtc-hls: private PKGS = libcurl zlib libcjson
$(B)/trtc-merge $(B)/trtc-hls: private LDLIBS = -lb64 -lm
$(B)/trtc-mix: private PKGS = $(AV) libass libcurl zlib libcjson
$(B)/trtc-mix: private LDLIBS = -lb64 -lm
$(B)/cmd/rec/%.o: private PKGS = $(NET)
$(B)/trtc-rec: private PKGS = $(NET)
$(B)/trtc-rec: private LDLIBS = -lb64
$(B)/cmd/hook/%.o $(B)/cmd/room/%.o: private PKGS = $(NET)
$(B)/trtc-hook $(B)/trtc-room: private PKGS = $(NET) libmicrohttpd
$(B)/trtc-hook $(B)/trtc-room: private LDLIBS = -lb64
$(B)/cmd/put/%.o: private PKGS = $(NET)
$(B)/trtc-put: private PKGS = $(NET)
$(B)/trtc-put: private LDLIBS = -lb64
$(B)/trtc-task: private PKGS = libcjson libcrypto
$(B)/trtc-task: private LDLIBS = -lb64
$(B)/cmd/recd/%.o: private PKGS = $(NET)
$(B)/trtc-recd: private PKGS = $(NET) libmicrohttpd sqlite3
$(B)/trtc-recd: private LDLIBS = -lb64
$(B)/tests/unit/cmd/t_opt $(B)/tests/unit/cmd/t_meter: $(patsubst %,$(B)/cmd/%.o,cli clock loss meter opt opt_help report)
$(B)/tests/%: private INCLUDE = -Itests -I.
$(B)/tests/%: private PKGS = $(AV) libass $(NET) libmicrohttpd sqlite3 cmocka
$(B)/tests/%: private LDLIBS = -lb64 -lm
$(gen) $(call testobj,$(MAKERS)) $(call program,$(MAKERS)): private PKGS = $(AV) libcjson
$(B)/tests/scalebench: private LDLIBS = -lyuv -lb64 -lm

deps:
	@$(DEPS)

# deps first, then the build in a make of its own: nothing can be compiled before the compiler is there.
sub = +@$(MAKE) --no-print-directory$(if $(filter -j% --jobserver%,$(MAKEFLAGS)),, -j$(or $(shell nproc 2>/dev/null),1))
env = b=$$(cd '$(dir)' && pwd) && B=$$b TRTC_B=$$b PATH=$$b:$$PATH LC_ALL=C TZ=UTC0

demo:
	@$(DEPS) build demo
	$(sub) demo-programs
	@$(env) examples/demo.sh demo

demo-live:
	@$(DEPS) build demo demo-live
	$(sub) demo-programs
	@$(env) examples/demo-live.sh live

# The tests need Python's own library only. What is in the PATH may be a script that looks for the interpreter, or
# may import more than that, each time: the tests start it some 200 times.
quick-python = p=$$(python3 -c 'import sys; print(sys.executable)') && mkdir -p '$(dir)/tests' && rm -f '$(dir)/tests/python3' && \
    printf '\#!/bin/sh\nexec "%s" -S "$$@"\n' "$$p" >'$(dir)/tests/python3' && chmod +x '$(dir)/tests/python3'

# A pattern in T is one of sources: beside a program that tests are built to are its objects.
suites = $(foreach t,$(T),$(or $(wildcard $(t)),$(t)))
check:
	@$(DEPS) build demo test browser foreign $(if $(TRTC_LONG),live)
	$(sub) everything
	@$(quick-python)
	@$(env) prove --timer -j$(J) -e 'bash tests/tap.sh' $(patsubst %.c,'$(dir)'/%,$(suites)) </dev/null

check-long: export TRTC_LONG = 1
check-long: check

san = -fsanitize=address,undefined
check-san: export TRTC_SAN = 1
check-san: export ASAN_OPTIONS = abort_on_error=1:detect_leaks=1:handle_segv=2:handle_sigbus=2:handle_sigfpe=2
check-san: export LSAN_OPTIONS = exitcode=99
check-san: export UBSAN_OPTIONS = abort_on_error=1:print_stacktrace=1
check-san:
	$(sub) check B='$(dir)-san' dir='$(dir)-san' LDFLAGS='$(san)' \
	    CFLAGS='-g -O1 $(san) -fno-sanitize-recover=all -fno-omit-frame-pointer'

lint:
	@$(DEPS) build demo test lint bench
	$(sub) everything $(MEASURES:%.c=$(B)/lint-gcc/%.o) B=$(B)/lint-gcc CC=gcc CFLAGS='-O3 -g -Werror'
	$(sub) everything $(patsubst %.c,$(B)/lint-clang/%.o,$(FUZZERS) $(MEASURES)) \
	    B=$(B)/lint-clang CC=clang CFLAGS='-O3 -g -Werror'
	@bash tests/lint/lint.sh '$(dir)/lint-gcc' $(TOOLS)
	@bash tests/tap.sh tests/lint/lint.bats

# The inputs that it finds are kept beside the harnesses, for the next time.
fuzz:
	@$(DEPS) build demo test
	+@if $(DEPS) fuzz; then $(MAKE) --no-print-directory run-fuzz; \
	else echo 'fuzz: skipped: there is no libFuzzer'; fi

run-fuzz:
	$(sub) all
	$(sub) $(FUZZERS:%.c=$(B)-fuzz/%) B='$(B)-fuzz' dir='$(dir)-fuzz' CC=clang LDFLAGS=-fsanitize=fuzzer \
	    CFLAGS='-g -O1 -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow -fno-sanitize-recover=all'
	@$(env) bash tests/fuzz/fuzz.sh '$(dir)-fuzz' $(FUZZERS)

bench-live:
	@$(DEPS) build demo test
	$(sub) all
	@$(env) bash tests/bench/bench-recd.sh

bench:
	@$(DEPS) build demo test bench
	$(sub) all tests $(call program,$(MEASURES))
	@$(env) bash tests/bench/bench.sh

bin = $(DESTDIR)$(PREFIX)/bin
share = $(DESTDIR)$(PREFIX)/share
man7 = $(patsubst man/%,%,$(wildcard man/*.7))
examples = $(patsubst examples/%,%,$(filter-out %.sh $(patsubst %/,%,$(wildcard examples/*/)),$(wildcard examples/*)))
more_examples = $(wildcard examples/*/*)
put = install -D -m 644 -t
man8 = $(patsubst man/%,%,$(wildcard man/*.8))
units = $(patsubst pkg/systemd/%,%,$(wildcard pkg/systemd/*.service pkg/systemd/*.timer))
unitdir = $(PREFIX)/lib/systemd/system
libexecdir = $(PREFIX)/libexec/trtc-tools
helpers = $(wildcard examples/merge-finished pkg/systemd/mail-failure)

# Each shell is asked where below PREFIX it looks: on Debian zsh has a directory of its own under /usr.
asked = $(shell $(PKG_CONFIG) --define-variable=prefix='$(PREFIX)' --variable=completionsdir $(1) 2>/dev/null)
ask_zsh = $(shell zsh -fc 'print -l $$fpath' 2>/dev/null | grep -Fx -e '$(PREFIX)/share/zsh/site-functions' \
    -e '$(PREFIX)/share/zsh/vendor-completions' | tail -n 1)
bashdir = $(or $(call asked,bash-completion),$(PREFIX)/share/bash-completion/completions)
zshdir = $(or $(ask_zsh),$(PREFIX)/share/zsh/site-functions)
fishdir = $(or $(call asked,fish),$(PREFIX)/share/fish/vendor_completions.d)

install: all
	install -D -t '$(bin)' $(TOOLS:%=$(B)/%)
	$(put) '$(share)/man/man1' $(TOOLS:%=man/%.1)
	$(put) '$(share)/man/man7' $(man7:%=man/%)
	$(put) '$(DESTDIR)$(bashdir)' $(TOOLS:%=completions/bash/%)
	$(put) '$(DESTDIR)$(zshdir)' $(TOOLS:%=completions/zsh/_%)
	$(put) '$(DESTDIR)$(fishdir)' $(TOOLS:%=completions/fish/%.fish)
	$(if $(man8),$(put) '$(share)/man/man8' $(man8:%=man/%))
	for file in $(examples:%=examples/%) $(more_examples); do \
	    install -D -m "$$([ -x "$$file" ] && echo 755 || echo 644)" "$$file" '$(share)/doc/trtc-tools'/"$$file" || exit; \
	done
	$(if $(helpers),install -D -t '$(DESTDIR)$(libexecdir)' $(helpers))
	$(if $(units),install -d '$(DESTDIR)$(unitdir)')
	for unit in $(units); do \
	    sed 's,@bindir@,$(PREFIX)/bin,g; s,@libexecdir@,$(libexecdir),g' "pkg/systemd/$$unit" >'$(DESTDIR)$(unitdir)'/"$$unit" || exit; \
	done

uninstall:
	rm -f $(TOOLS:%='$(bin)/%') $(TOOLS:%='$(share)/man/man1/%.1') $(man7:%='$(share)/man/man7/%')
	rm -f $(TOOLS:%='$(DESTDIR)$(bashdir)/%') $(TOOLS:%='$(DESTDIR)$(zshdir)/_%') \
	    $(TOOLS:%='$(DESTDIR)$(fishdir)/%.fish') $(examples:%='$(share)/doc/trtc-tools/examples/%') $(more_examples:%='$(share)/doc/trtc-tools/%')
	rm -f $(man8:%='$(share)/man/man8/%') $(units:%='$(DESTDIR)$(unitdir)/%') $(patsubst %,'$(DESTDIR)$(libexecdir)/%',$(notdir $(helpers)))
	@for d in '$(share)/doc/trtc-tools' '$(DESTDIR)$(libexecdir)'; do [ ! -d "$$d" ] || find "$$d" -depth -type d -empty -delete; done

# The same tree makes the same tarball: in the order of names, without owners, and with the time of the last change
# that git knows (SOURCE_DATE_EPOCH, or where git does not know the tree the time of the change log).
in_git = git ls-files --error-unmatch Makefile >/dev/null 2>&1
tarball = $(B)/trtc-tools-$(VERSION).tar.gz
dist:
	@mkdir -p $(B)
	@{ if $(in_git); then git ls-files -z; else find . -type f ! -path './.git/*' ! -path './build*' ! -path './$(B)/*' ! -path './demo/*' -printf '%P\0'; fi; } | \
	    LC_ALL=C sort -z | \
	    tar -c -f $(tarball:.gz=) --null --no-recursion --files-from=- --format=ustar \
	        --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX,a-s \
	        --mtime="@$${SOURCE_DATE_EPOCH:-$$($(in_git) && git log -1 --format=%ct || stat -c %Y CHANGELOG.md)}" \
	        --transform='s,^,trtc-tools-$(VERSION)/,S'
	@gzip -9nf $(tarball:.gz=)
	@echo '$(tarball:$(B)/%=$(dir)/%)'

deb:
	@$(DEPS) build package
	$(sub) dist
	@rm -rf $(B)/deb && mkdir -p $(B)/deb && tar -xzf $(tarball) -C $(B)/deb
	@cp -r pkg/debian $(B)/deb/trtc-tools-$(VERSION)/debian
	cd $(B)/deb/trtc-tools-$(VERSION) && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc -b
	@ls $(B)/deb/*.deb

clean:
	rm -rf '$(dir)' '$(dir)-san' '$(dir)-fuzz' demo live

endif

.PHONY: all tests everything demo-programs rec-tools deps demo demo-live check check-long check-san lint bench bench-live fuzz run-fuzz dist deb install uninstall clean
.DELETE_ON_ERROR:
-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d)
