#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The packages: built, looked at by lintian, installed into a system that has nothing else, and taken away again. Run by
# `make check-long`; the systems are kept in $XDG_CACHE_HOME/trtc-tools.

load ../lib
load ../chroot

setup_file() {
    files_begin
    [[ ! ${TRTC_SAN:-} ]] || skip 'the packages are built without the sanitizers'
    command -v dpkg-buildpackage >/dev/null || skip 'not a Debian'
    sh "$tree/tests/deps.sh" build package chroot || skip 'what packages are built with cannot be installed'
    cp -r "$tree" source
    rm -rf source/build* source/demo
    (cd source && make deb DEPS=true >../log 2>&1) || fail "$(tail -n 20 log)"
}

setup() {
    test_begin
    debs=("$BATS_FILE_TMPDIR"/source/build/deb/*.deb)
}

# fresh SUITE: a new system in ./root, which goes with the test.
fresh() {
    local why kept=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/trtc-tools/fresh-$1
    why=$(chroot_possible) || skip "$why"
    [[ -e $kept ]] || chroot_make "$1" "$kept" || skip 'debootstrap failed'
    cp -a "$kept" root
    chroot_in root apt-get -q update >/dev/null || skip 'its packages cannot be had'
}

# upgraded: a version after those installed in ./root, over them, where a timer is enabled and has settings. It changes
# the programs and nothing below /etc.
upgraded() {
    local deb wants=etc/systemd/system/timers.target.wants
    mkdir -p root/next "root/$wants" root/etc/default
    ln -s /usr/lib/systemd/system/trtc-merge-finished@.timer "root/$wants/trtc-merge-finished@rec.timer"
    echo OUTDIR=/out >root/etc/default/trtc-merge-finished
    (cd root/etc && find . | sort) >etc
    for deb in root/debs/*.deb; do
        dpkg-deb -R "$deb" next
        sed -i 's/^\(Version: .*\)/\1.1/' next/DEBIAN/control
        find next/usr/bin -type f -exec sh -c 'echo "#!/bin/sh" >"$0"' {} \;
        dpkg-deb -b next "root/next/${deb##*/}"
        rm -r next
    done >log
    chroot_in root sh -c 'dpkg -i /next/*.deb' >log 2>&1 || fail "$(tail log)"
    [[ $(head -c 9 root/usr/bin/trtc-merge) == '#!/bin/sh' ]]
    (cd root/etc && find . | sort) | diff etc - || fail 'changed below /etc'
    [[ -e root/usr/lib/systemd/system/trtc-merge-finished@.timer && $(<root/etc/default/trtc-merge-finished) == OUTDIR=/out ]]
    rm -r root/next "root/$wants/trtc-merge-finished@rec.timer" root/etc/default/trtc-merge-finished
}

@test "they build without a warning, and lintian has nothing to say" {
    run -1 grep -n 'warning' "$BATS_FILE_TMPDIR/log"
    lintian --allow-root -EI "$BATS_FILE_TMPDIR"/source/build/deb/*.changes >said 2>&1 || fail "$(cat said)"
    [[ ! -s said ]] || fail "$(cat said)"
    [[ $(dpkg-deb -f "${debs[0]%/*}"/trtc-tools_*.deb Depends) != *libav* ]]
}

@test "installed in a fresh system they work, and leave nothing behind" {
    # shellcheck disable=SC1091
    fresh "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
    mk root/rec --user "$(user id=anna)" --length 12
    mkdir root/debs
    cp "${debs[@]}" root/debs
    rm -f root/debs/*-dbgsym_*
    # Those that are slim leave pages out.
    rm -f root/etc/dpkg/dpkg.cfg.d/*
    chroot_in root sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends man-db zsh fish bash-completion' \
        >log 2>&1 || fail "$(tail log)"
    (cd root && find . -xdev | sort) >before
    chroot_in root sh -c 'DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends /debs/*.deb' \
        >log 2>&1 || fail "$(tail log)"
    chroot_in root sh -c 'man -P cat trtc-merge && man -P cat 7 trtc && man -P cat trtc-merge-finished' >page || fail 'no page'
    grep -q '^TRTC-MERGE(1)' page && grep -q '^TRTC-MERGE-FINISHED(8)' page
    chroot_in root trtc-merge /rec >out || fail 'no merge'
    [[ $(cat out) == /rec/*.mp4 ]]
    lasts root"$(cat out)" 12 0.3
    chroot_in root bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader trtc-merge
        COMP_WORDS=(trtc-merge --forc) COMP_CWORD=1; _trtc_merge trtc-merge --forc; echo "${COMPREPLY[*]}"' >out
    [[ $(cat out) == --force* ]] || fail 'bash completes nothing'
    chroot_in root zsh -fc 'autoload -Uz compinit && compinit -u -D && echo ${_comps[trtc-mix]}' >out
    [[ $(cat out) == _trtc-mix ]] || fail 'zsh completes nothing'
    chroot_in root fish -c 'complete -C "trtc-rec cre"' >out
    [[ $(cat out) == create* ]] || fail 'fish completes nothing'
    [[ -z $(find root/etc/systemd -name 'trtc-*') ]]
    upgraded
    for deb in root/debs/*.deb; do dpkg-deb -f "$deb" Package; done >names
    chroot_in root sh -c "apt-get -q purge -y $(paste -sd ' ' names) && apt-get -q autoremove --purge -y" >log 2>&1 || fail "$(tail log)"
    (cd root && find . -xdev | sort) >after
    run grep -v -e '^\./var/\(log\|lib\|cache\)/' -e '^\./etc/ld.so' -e '^\./rec' -e '^\./root/' -e '^\./tmp/' -e '^\./run/' < <(comm -13 before after)
    [[ ! $output ]] || fail "left: $output"
}

@test "they build on Debian 13" {
    "$BATS_FILE_TMPDIR/source/.ci/debian-13" sh -c 'sh tests/deps.sh build package && make deb DEPS=true' >log 2>&1 ||
        fail "$(tail -n 20 log)"
    run ! grep 'debian-13: skipped' log
    [[ ! $output ]] || skip "${output#*skipped: }"
    grep -q 'build/deb/trtc-tools-media_.*\.deb' log
    run ! grep 'warning' log
    [[ ! $output ]] || fail "$output"
}

@test "the image of the packages" {
    local tool
    tool=$(command -v podman || command -v buildah) || skip 'neither podman nor buildah'
    "$tool" pull -q docker.io/library/debian:12-slim >log 2>&1 || skip "no image of Debian: $(tail -n 1 log)"
    "$tool" build -q -t trtc-tools-test -f "$tree/pkg/Containerfile" "$tree" >image 2>log || fail "$(tail log)"
    if [[ $tool == *podman ]]; then
        podman run --rm trtc-tools-test trtc-merge --version
    else
        buildah run "$(buildah from trtc-tools-test)" trtc-merge --version
    fi
}
