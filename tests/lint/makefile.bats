#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The Makefile, in a tree of stubs: what is built where, installed, taken away again, and when a test fails.

bats_require_minimum_version 1.5.0

setup() {
    [ -z "${TRTC_SAN:-}" ] || skip "nothing here runs a program that is built with the sanitizers"
    export LC_ALL=C TZ=UTC0
    # The make that runs this test must not be heard here.
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL B TRTC_LONG TRTC_SAN PREFIX DESTDIR CFLAGS LDFLAGS CPPFLAGS CC
    # Nor this bats by those that it starts.
    PATH=${PATH//"$BATS_LIBEXEC:"/}
    root=${BATS_TEST_DIRNAME%/tests/*}
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree"/{lib/base,lib/codec,lib/net,cmd,tests/{cmd/all,unit/base,fuzz},man,completions/{bash,zsh,fish}}
    cp "$root/Makefile" "$tree"
    cp "$root/tests/tap.sh" "$root/tests/deps.sh" "$tree/tests"
    cd "$tree" || return
    tools=$(sed -n 's/^TOOLS = //p' Makefile)
    local tool
    for tool in $tools; do
        printf '#include "base/a.h"\n#include <stdio.h>\nint main(void) { puts(A); return 0; }\n' >"cmd/${tool#trtc-}.c"
        echo page >"man/$tool.1"
        echo bash >"completions/bash/$tool"
        echo zsh >"completions/zsh/_$tool"
        echo fish >"completions/fish/$tool.fish"
    done
    mkdir cmd/recd examples
    echo page >cmd/recd/page.html
    echo 'extern const char recd_page[];' >cmd/recd/page.h
    echo echo >examples/live
    chmod 755 examples/live
    echo text >examples/settings
    echo echo >examples/demo.sh
    mkdir examples/more
    echo echo >examples/more/script
    chmod 755 examples/more/script
    echo text >examples/more/text
    echo page >man/trtc.7
    echo '#define A "one"' >lib/base/a.h
    printf 'int trtc_a(void);\nint trtc_a(void) { return 1; }\n' >lib/base/a.c
    printf 'int cli_a(void);\nint cli_a(void) { return 1; }\n' >cmd/cli.c
}

# The user's part of the tree: no debug information, no optimisation, so that it is quick.
mk() {
    make -s DEPS=true CFLAGS= "$@"
}

# Without what make itself puts there.
files() {
    (cd "$1" && find . ! -type d | sort)
}

@test "make builds the programs in B, and touches nothing else" {
    before=$(files .)
    mk -j2 B="$BATS_TEST_TMPDIR/b"
    [ "$(files .)" = "$before" ]
    for tool in $tools; do
        [ "$("$BATS_TEST_TMPDIR/b/$tool")" = one ]
    done
}

@test "a line for each file says what is done to it; V=1 shows the commands, -s nothing" {
    run -0 make DEPS=true CFLAGS= build/trtc-name
    [ "$(sort <<<"$output")" = "$(printf '%s\n' 'AR libbase.a' 'CC cmd/cli.c' 'CC cmd/name.c' 'CC lib/base/a.c' 'LD trtc-name')" ]
    run -0 make DEPS=true CFLAGS= V=1 build/trtc-layout
    [[ $output == *" -c -o build/cmd/layout.o cmd/layout.c"* && $output != *"CC "* ]]
    run -0 mk build/trtc-rec
    [ -z "$output" ]
    echo 'int main(void) { return x; }' >cmd/hls.c
    run -2 make DEPS=true CFLAGS= build/trtc-hls
    [[ $output == *"cmd/hls.c:1:"*"error: "* ]]
}

@test "B may have spaces" {
    before=$(files .)
    local b="$BATS_TEST_TMPDIR/a b/c  d"
    echo '@test "a" { [ "$(trtc-name)" = one ]; [ "$TRTC_B" = "'"$b"'" ]; [ "$B" = "$TRTC_B" ]; }' >tests/cmd/all/a.bats
    printf '#include <stdio.h>\nint main(void) { puts("1..1\\nok 1 - a"); return 0; }\n' >tests/unit/base/t_a.c
    run -0 mk -j2 B="$b" check
    [[ $output == *"Files=2, Tests=2"*"Result: PASS"* ]]
    mk -j2 B="$b" all tests
    [ "$("$b/trtc-mix")" = one ]
    run -0 make DEPS=true CFLAGS= B="$b"
    [[ $output != *"-c -o"* ]]
    echo '#define A "two"' >lib/base/a.h
    touch -d '1 minute' lib/base/a.h
    mk B="$b"
    [ "$("$b/trtc-name")" = two ]
    mk B="$b" install DESTDIR="$BATS_TEST_TMPDIR/d"
    [ "$("$BATS_TEST_TMPDIR/d/usr/local/bin/trtc-rec")" = two ]
    mk B="$b" clean
    [ ! -e "$b" ]
    rm tests/cmd/all/a.bats tests/unit/base/t_a.c
    echo '#define A "one"' >lib/base/a.h
    [ "$(files .)" = "$before" ]
}

@test "rec-tools needs none of FFmpeg's headers and libraries" {
    local source
    cd "$root"
    make -n V=1 rec-tools B="$BATS_TEST_TMPDIR/b" >"$BATS_TEST_TMPDIR/commands"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/commands")" -gt 100 ]
    run ! grep -E -e '-l(av|sw|ass)' "$BATS_TEST_TMPDIR/commands"
    for source in $(grep -oE '(lib|cmd)/[a-z0-9_/]+\.c' "$BATS_TEST_TMPDIR/commands" | sort -u); do
        run ! grep -E '/(lib(av|sw)[a-z]*|ass)/' "${TRTC_B:-build}/${source%.c}.d"
        [ "$status" -eq 1 ]
    done
}

@test "rec-tools builds without FFmpeg's headers" {
    [ "${TRTC_LONG:-}" ] || skip 'in check-long'
    local header name tool
    cd "$root"
    for header in $(grep -rhoE '<(lib(av|sw)[a-z]*|ass)/[a-z_]+\.h>' lib cmd | sort -u | tr -d '<>'); do
        mkdir -p "$BATS_TEST_TMPDIR/i/${header%/*}"
        echo '#error not installed' >"$BATS_TEST_TMPDIR/i/$header"
    done
    printf '#!/bin/sh\ncase "$*" in *libav* | *libass*) exit 1 ;; esac\nexec pkg-config "$@"\n' >"$BATS_TEST_TMPDIR/pkg"
    chmod +x "$BATS_TEST_TMPDIR/pkg"
    run ! make -s B="$BATS_TEST_TMPDIR/b" CFLAGS= CPPFLAGS="-I'$BATS_TEST_TMPDIR/i'" "$BATS_TEST_TMPDIR/b/lib/codec/av.o"
    make -s -j2 rec-tools B="$BATS_TEST_TMPDIR/b" CFLAGS= CPPFLAGS="-I'$BATS_TEST_TMPDIR/i'" PKG_CONFIG="$BATS_TEST_TMPDIR/pkg"
    name=$("$BATS_TEST_TMPDIR/b/trtc-name" encode -A 1 -R 2 --ext m3u8)
    [ "$name" = 1_2.m3u8 ]
    for tool in trtc-layout trtc-rec; do
        "$BATS_TEST_TMPDIR/b/$tool" --version
    done
}

@test "a second make does nothing, a changed header builds anew" {
    mk
    run mk -q all
    [ "$status" -eq 0 ]
    mk demo-programs
    run -0 make DEPS=true CFLAGS= demo-programs
    [ -z "$output" ]
    echo '#define A "two"' >lib/base/a.h
    touch -d '1 minute' lib/base/a.h
    mk
    [ "$(build/trtc-name)" = two ]
}

@test "CC, CFLAGS and LDFLAGS are the user's, from the command line or the environment" {
    run -0 make -n V=1 DEPS=true CC=my-cc CFLAGS=-Omine LDFLAGS=-Lmine
    [[ $output == *"my-cc "*" -Omine "*"-c -o"* && $output == *" -Lmine "* ]]
    [[ $output != *" -O2"* ]]
    run -0 env CC=my-cc CFLAGS=-Omine LDFLAGS=-Lmine make -n DEPS=true
    [[ $output == *"my-cc "*" -Omine "*"-c -o"* && $output == *" -Lmine "* ]]
}

@test "the programs are hardened, but not under the sanitizers" {
    run -0 make -n DEPS=true
    [[ $output == *-fstack-protector-strong*-D_FORTIFY_SOURCE=2*-z,relro,-z,now* ]]
    run -0 make -n DEPS=true CFLAGS='-O1 -fsanitize=address'
    [[ $output != *-fstack-protector* && $output != *FORTIFY* && $output != *relro* ]]
    run -0 make -n DEPS=true CFLAGS='-O2 -D_FORTIFY_SOURCE=3'
    [[ $output != *_FORTIFY_SOURCE=2* ]]
}

@test "install puts everything below DESTDIR and PREFIX, uninstall takes precisely that away" {
    dest="$BATS_TEST_TMPDIR/a dest"
    want=$(
        for tool in $tools; do
            printf './opt/x/%s\n' "bin/$tool" "share/man/man1/$tool.1" "share/zsh/site-functions/_$tool" \
                "share/bash-completion/completions/$tool" "share/fish/vendor_completions.d/$tool.fish"
        done
        echo ./opt/x/share/man/man7/trtc.7
        printf "./opt/x/share/doc/trtc-tools/examples/%s\n" live more/script more/text settings
    )
    mk install DESTDIR="$dest" PREFIX=/opt/x
    [ "$(files "$dest")" = "$(sort <<<"$want")" ]
    [ "$("$dest/opt/x/bin/trtc-name")" = one ]
    [ ! -x "$dest/opt/x/share/man/man7/trtc.7" ]
    [ -x "$dest/opt/x/share/doc/trtc-tools/examples/live" ]
    [ ! -x "$dest/opt/x/share/doc/trtc-tools/examples/settings" ]

    touch "$dest/opt/x/bin/stranger" "$dest/opt/x/share/man/man1/stranger.1"
    mk uninstall DESTDIR="$dest" PREFIX=/opt/x
    [ "$(files "$dest")" = "$(printf '%s\n' ./opt/x/bin/stranger ./opt/x/share/man/man1/stranger.1)" ]
    [ ! -e "$dest/opt/x/share/doc/trtc-tools" ]
    mk uninstall DESTDIR="$dest" PREFIX=/opt/x
}

@test "completions go where the shells look" {
    local p="$BATS_TEST_TMPDIR/p"
    mkdir "$p"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nprintf "%%s\\n" /usr/local/share/zsh/site-functions /usr/share/zsh/vendor-completions /usr/share/zsh/functions\n' >"$p/zsh"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nfor w; do case $w in --define-variable=prefix=*) echo "${w#*=*=}/of/fish" ;; esac; done\n' >"$p/pkg"
    chmod +x "$p"/*
    install_below() { PATH=$p:$PATH mk PKG_CONFIG="$p/pkg" install DESTDIR="$BATS_TEST_TMPDIR/$1" PREFIX="$2" "${@:3}"; }
    install_below d /usr
    [ -f "$BATS_TEST_TMPDIR/d/usr/share/zsh/vendor-completions/_trtc-mix" ]
    [ -f "$BATS_TEST_TMPDIR/d/usr/of/fish/trtc-mix.fish" ]
    install_below e /usr/local zshdir=/z
    [ -f "$BATS_TEST_TMPDIR/e/z/_trtc-mix" ]
    install_below f /usr/local
    [ -f "$BATS_TEST_TMPDIR/f/usr/local/share/zsh/site-functions/_trtc-mix" ]
}

@test "PREFIX is /usr/local unless said otherwise" {
    mk install DESTDIR="$BATS_TEST_TMPDIR/d"
    [ -x "$BATS_TEST_TMPDIR/d/usr/local/bin/trtc-name" ]
}

@test "clean leaves the tree as it was" {
    before=$(files .)
    mk
    mkdir demo
    mk clean
    [ "$(files .)" = "$before" ]
    [ ! -e build ] && [ ! -e demo ]
}

@test "check runs unit and shell tests, with the programs in the PATH" {
    echo '@test "a" { [ "$(trtc-name)" = one ]; [ "$TRTC_B" = "'"$tree/build"'" ]; }' >tests/cmd/all/a.bats
    printf '#include <stdio.h>\nint main(void) { puts("1..1\\nok 1 - a"); return 0; }\n' >tests/unit/base/t_a.c
    run mk check
    [ "$status" -eq 0 ]
    [[ $output == *"Files=2, Tests=2"*"Result: PASS"* ]]
}

@test "check fails and says where when a shell test fails" {
    printf '@test "right" {\ntrue\n}\n@test "wrong" {\nfalse\n}\n' >tests/cmd/all/a.bats
    run mk check
    [ "$status" -ne 0 ]
    [[ $output == *"not ok 2 wrong"*"line 5"* ]]
}

@test "check fails when a unit test fails, crashes or stops half way" {
    printf '#include <stdio.h>\nint main(void) { puts("1..1\\nnot ok 1 - a\\n# why"); return 0; }\n' >tests/unit/base/t_a.c
    run mk check
    [ "$status" -ne 0 ]
    [[ $output == *"Failed test:  1"* ]]

    printf '#include <stdlib.h>\nint main(void) { abort(); }\n' >tests/unit/base/t_a.c
    touch -d '1 minute' tests/unit/base/t_a.c
    run mk check
    [ "$status" -ne 0 ]
    [[ $output == *"tests/unit/base/t_a: exit status 134"* ]]

    printf '#include <stdio.h>\nint main(void) { puts("1..2\\nok 1 - a"); return 0; }\n' >tests/unit/base/t_a.c
    touch -d '2 minutes' tests/unit/base/t_a.c
    run mk check
    [ "$status" -ne 0 ]
    [[ $output == *"Bad plan"* ]]
}

@test "check ends a test that hangs" {
    printf '@test "hangs" {\nsleep 60\n}\n' >tests/cmd/all/a.bats
    TRTC_TEST_LIMIT_S=1 run mk check
    [ "$status" -ne 0 ]
    [[ $output == *"a.bats: exit status 124 (limit: 1 s)"* ]]
}

@test "fuzz builds the harnesses with clang; where libFuzzer is not to be had it is skipped" {
    printf 'int b;\n' >tests/fuzz/fuzz_b.c
    echo '[ "$1" != fuzz ]' >no-fuzz
    run -0 mk fuzz DEPS='sh ./no-fuzz'
    [[ ${lines[-1]} == 'fuzz: skipped: there is no libFuzzer' ]]
    run -0 make -n fuzz DEPS=true
    [[ $output == *"fuzz.sh 'build-fuzz' tests/fuzz/fuzz_b.c"* && $output == *-fsanitize=fuzzer-no-link,address,undefined* ]]
}

@test "check-long runs the long tests too, and says so to all" {
    mkdir tests/long
    echo '@test "long" { [ "$TRTC_LONG" = 1 ]; }' >tests/long/b.bats
    echo '@test "short" { [ "${TRTC_LONG:-0}" = "$want" ]; }' >tests/cmd/all/a.bats
    want=0 run mk check
    [ "$status" -eq 0 ]
    [[ $output == *"Files=1,"* ]]
    want=1 run mk check-long
    [ "$status" -eq 0 ]
    [[ $output == *"Files=2,"* ]]
}

@test "check-san finds what the sanitizers find" {
    printf '#include <stdio.h>\n#include <stdlib.h>\nint main(int argc, char **argv) {\n(void)argv;\n' >tests/unit/base/t_a.c
    printf 'volatile char *p = malloc(3); p[argc + 2] = 1; puts("1..1\\nok 1 - a"); return 0; }\n' >>tests/unit/base/t_a.c
    mk check
    run mk check-san
    [ "$status" -ne 0 ]
    [[ $output == *"tests/unit/base/t_a.c:5:"*"runtime error"* || $output == *"heap-buffer-overflow"* ]]
}
