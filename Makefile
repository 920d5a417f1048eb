# trtc-tools: GNU make. `make demo` shows the main job, `make check` runs the tests.
#
#   B=DIR               build directory (build)
#   CC CFLAGS LDFLAGS   the user's compiler and flags, after the project's own
#   PREFIX DESTDIR      where `make install` puts things

B = build
PREFIX = /usr/local
DESTDIR =
CFLAGS = -O2 -g
PKG_CONFIG = pkg-config
VERSION = 0.1.0
PKGS =

TOOLS = trtc-name trtc-merge
CTESTS = $(patsubst tests/%.c,%,$(wildcard tests/t_*.c))
AV = libavformat libavcodec libswscale libswresample libavutil

cpp = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DTRTC_VERSION='"$(VERSION)"' -Ilib
cc = -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef -pthread
pkg = $(if $(PKGS),$(shell $(PKG_CONFIG) $(1) $(PKGS)))
libsrc = $(wildcard lib/core/*.c lib/media/*.c)

all: $(TOOLS:%=$(B)/%)

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(cpp) $(CPPFLAGS) $(cc) $(call pkg,--cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libtrtc.a: $(libsrc:%.c=$(B)/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(TOOLS:%=$(B)/%): $(B)/%: $(B)/cmd/%.o $(B)/cmd/cli.o $(B)/libtrtc.a
	$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs) $(LDLIBS)

$(B)/tests/%: $(B)/tests/%.o $(B)/libtrtc.a
	$(CC) -pthread $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs) $(LDLIBS)

$(B)/trtc-name: private LDLIBS = -lb64 -lcjson
$(B)/trtc-merge: private PKGS = $(AV) libcjson
$(B)/trtc-merge: private LDLIBS = -lb64
$(B)/tests/%: private PKGS = $(AV) libcjson cmocka
$(B)/tests/%: private LDLIBS = -lb64 -lm

clean:
	rm -rf $(B)

.PHONY: all clean
.DELETE_ON_ERROR:
-include $(wildcard $(B)/*/*.d $(B)/lib/*/*.d)
