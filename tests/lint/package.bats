#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The tarball and the packages, as far as that can be seen without building them; and the units.

load ../lib

setup() {
    [[ -z ${TRTC_SAN:-} ]] || skip 'nothing here runs a program that is built with the sanitizers'
    files_begin
    test_begin
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL B SOURCE_DATE_EPOCH PREFIX DESTDIR
    version=$(sed -n "s/^VERSION = //p" "$tree/Makefile")
}

# sources DIR: the files of the project that belong to it, without git.
sources() {
    mkdir "$1"
    (cd "$tree" && find . -maxdepth 1 -type f ! -name .git -print0) | (cd "$tree" && xargs -0 cp -t "$OLDPWD/$1")
    (cd "$tree" && cp -r cmd lib man completions examples doc pkg tests "$OLDPWD/$1")
}

@test "the same tree makes the same tarball, and so does what is in it" {
    local tar=build/trtc-tools-$version.tar.gz
    sources a
    mkdir a/build-san a/demo
    : >a/build-san/x
    touch -d '2001-02-03 04:05:06 UTC' a/CHANGELOG.md
    make -s -C a dist DEPS=true >/dev/null
    cp -r a b
    rm -rf b/build
    touch -d '2001-02-03 04:05:06 UTC' b/CHANGELOG.md
    chmod -R go-rwx b
    (umask 077 && make -s -C b dist DEPS=true >/dev/null)
    cmp "a/$tar" "b/$tar"
    # also below a directory that git knows
    if command -v git >/dev/null; then
        git init -q . && git -c user.name=x -c user.email=x@localhost commit -q --allow-empty -m x
    fi
    tar -xzf "a/$tar"
    make -s -C "trtc-tools-$version" dist DEPS=true >/dev/null
    cmp "a/$tar" "trtc-tools-$version/$tar"
    tar -tzf "a/$tar" >list
    LC_ALL=C sort -c list || fail 'not in the order of names, but in that of the file system'
    grep -qxF "trtc-tools-$version/lib/merge/merge.c" list && grep -qxF "trtc-tools-$version/.clang-format" list
    run ! grep -e build -e demo/ list
    [[ $(tar -tvzf "a/$tar" | awk '{ print $2, $4, $5 }' | sort -u) == '0/0 2001-02-03 04:05' ]]
}

@test "make starts with the tests' programs in the PATH" {
    [[ :$PATH: == *:"${TRTC_B:-$tree/build}"/tests:* ]]
    make -s -C "$tree" deps DEPS='make --version' >said
    grep -q 'GNU Make' said
}

@test "a package has each program, its page and its completions, and no other has" {
    local tool path
    for tool in $(sed -n 's/^TOOLS = //p' "$tree/Makefile"); do
        for path in "bin/$tool" "share/man/man1/$tool.1" "share/bash-completion/completions/$tool" \
            "share/fish/vendor_completions.d/$tool.fish" "share/zsh/vendor-completions/_$tool"; do
            [[ $(cat "$tree"/pkg/debian/*.install | grep -cxF "usr/$path") -eq 1 ]] || fail "usr/$path is not in one package"
        done
    done
    grep -qF "trtc-tools ($version) " "$tree/pkg/debian/changelog"
}

@test "the units are whole, shut in, and say where the programs are" {
    command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
    local units=$PWD/p/lib/systemd/system unit
    make -s -C "$tree" install DEPS=true B="${TRTC_B:-$tree/build}" PREFIX="$PWD/p" >/dev/null 2>&1
    run ! grep -n '@[a-z]*dir@' "$units"/*
    for unit in "$units"/*@.*; do
        systemd-analyze verify --man=no --recursive-errors=no "${unit/@./@srv-recordings.}" 2>&1 || fail "$unit"
    done >said
    run grep -F "$PWD/p" said
    [[ ! $output ]] || fail "$output"
    systemd-analyze security --offline=true --threshold=30 "$units/trtc-merge-finished@.service" >said 2>&1 || fail "$(tail -n 1 said)"
}

@test "the units of the recording service are whole, and shut in" {
    command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
    local unit
    mkdir units
    cp "$tree"/examples/systemd/*.{socket,service} units
    sed -i 's,^ExecStart=/usr/bin/trtc-[a-z]* ,ExecStart=/bin/true ,' units/*.service # it may not be installed
    mv units/trtc-task@.service units/trtc-task@Ab-_9.service
    for unit in units/*; do
        systemd-analyze verify --man=no --recursive-errors=no "./$unit" >>said 2>&1 || fail "$unit: $(cat said)"
    done
    [[ ! -s said ]] || fail "$(cat said)"
    for unit in units/*.service; do
        systemd-analyze security --offline=true --threshold=30 "$unit" >said 2>&1 || fail "$(tail -n 1 said)"
    done
    grep -q '^IPAddressDeny=any' units/trtc-task@* # it has loopback alone
    mkdir bin
    printf '#!/bin/sh\necho "$*" >args\n' >bin/systemctl
    chmod +x bin/systemctl
    PATH=$PWD/bin:$PATH "$tree/examples/systemd/launch-task" /var/lib/trtc-recd/tasks/Ab-_9 --room http://127.0.0.1:8080
    [[ $(cat args) == '--no-ask-password start trtc-task@Ab-_9.service' ]]
}

@test "who is mailed, and what" {
    mkdir bin
    printf '#!/bin/sh\necho "$*" >>args; cat >mail\n' >bin/sendmail
    printf '#!/bin/sh\necho "$*" >>args; echo "trtc-merge: a segment is missing"\n' >bin/journalctl
    chmod +x bin/*
    local tool=$tree/pkg/systemd/mail-failure
    MONITOR_EXIT_STATUS=3 MONITOR_INVOCATION_ID=abc MONITOR_UNIT=u PATH=$PWD/bin:$PATH MAILTO=ops "$tool" $'/srv/a\nBcc: x'
    printf '%s\n' 'To: ops' 'Subject: recordings below /srv/a Bcc: x: something is missing' | cmp - <(head -n 2 mail)
    grep -qx 'trtc-merge: a segment is missing' mail && grep -q '_SYSTEMD_INVOCATION_ID=abc' args
    MONITOR_EXIT_STATUS=70 PATH=$PWD/bin:$PATH "$tool" /srv
    printf '%s\n' 'To: root' 'Subject: recordings below /srv: failed (70)' | cmp - <(head -n 2 mail)
    rm mail
    MONITOR_EXIT_STATUS=3 MAILTO='' PATH=$PWD/bin:$PATH "$tool" /srv
    [[ ! -e mail ]]
}
