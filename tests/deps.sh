#!/bin/sh
# SPDX-License-Identifier: MIT
# Sees to it that everything needed to build, run and test is there. Looks for headers and programs, not
# for packages, and does nothing where all is found. Installs Debian packages where there is apt-get;
# elsewhere names what is missing and exits 1.
#
#   deps.sh [-n]       -n: only look
set -u

# What is looked for, the Debian package that has it, what it is for.
needed='
program cc                      gcc                 build
program ar                      binutils            build
program make                    make                build
program pkg-config              pkg-config          build
header  stdio.h                 libc6-dev           build
header  libavformat/avformat.h  libavformat-dev     build
header  libavcodec/avcodec.h    libavcodec-dev      build
header  libswscale/swscale.h    libswscale-dev      build
header  libswresample/swresample.h libswresample-dev build
header  libavutil/avutil.h      libavutil-dev       build
header  b64/cencode.h           libb64-dev          build
header  cjson/cJSON.h           libcjson-dev        build
header  cmocka.h                libcmocka-dev       test
program bash                    bash                test
program bats                    bats                test
program prove                   perl                test
program timeout                 coreutils           test
program ffmpeg                  ffmpeg              test
program ffprobe                 ffmpeg              test
program jq                      jq                  test
program parallel                parallel            test
program strace                  strace              test
program flock                   util-linux          test
program ps                      procps              test
program xxd                     xxd                 test
program rsvg-convert            librsvg2-bin        test
program gcc                     gcc                 lint
program clang                   clang               lint
program cppcheck                cppcheck            lint
program shellcheck              shellcheck          lint
program mandoc                  mandoc              lint
program zsh                     zsh                 lint
program fish                    fish                lint
program python3                 python3             bench
program /usr/bin/time           time                bench
'

# A header is there when the compiler finds it where pkg-config or its own path says.
has_header() {
    flags=
    case $1 in
    lib*/*) flags=$("${PKG_CONFIG:-pkg-config}" --cflags "${1%%/*}" 2>/dev/null) ;;
    cmocka.h) flags=$("${PKG_CONFIG:-pkg-config}" --cflags cmocka 2>/dev/null) ;;
    esac
    # shellcheck disable=SC2086 # flags, CC and the user's flags are lists
    printf '#include <%s>\n' "$1" | ${CC:-cc} ${CPPFLAGS:-} ${CFLAGS:-} $flags -E - >/dev/null 2>&1
}

# Prints the lines of needed that are not met.
missing() {
    printf '%s' "$needed" | while read -r kind what package use; do
        case $kind in
        program) command -v "$what" >/dev/null 2>&1 && continue ;;
        header) has_header "$what" && continue ;;
        *) continue ;;
        esac
        printf '%s %s %s %s\n' "$kind" "$what" "$package" "$use"
    done
}

name_them() {
    echo "deps: missing (with the Debian package that has it):" >&2
    printf '%s\n' "$1" | while read -r kind what package use; do
        printf '  %-7s %-28s %-20s for: %s\n' "$kind" "$what" "$package" "$use"
    done >&2
}

lack=$(missing)
[ -z "$lack" ] && exit 0

if [ "${1:-}" = -n ] || ! command -v apt-get >/dev/null 2>&1; then
    name_them "$lack"
    exit 1
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        name_them "$lack"
        echo "deps: neither root nor sudo: install these as root" >&2
        exit 1
    fi
    as_root=sudo
fi

# A machine that has just been started often runs apt itself: wait for it. DPkg::Lock::Timeout does not
# cover the lock of the lists, hence the second try.
apt() {
    for pause in 10 20 0; do
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 \
            -o Acquire::Retries=3 "$@" </dev/null >&2 && return 0
        sleep "$pause"
    done
    return 1
}

packages=$(printf '%s\n' "$lack" | awk '{ print $3 }' | sort -u | tr '\n' ' ')
echo "deps: installing: $packages" >&2
apt update || echo "deps: apt-get update failed, trying with the lists that are there" >&2
# shellcheck disable=SC2086 # a list
if ! apt install -y --no-install-recommends $packages; then
    echo "deps: apt-get could not install: $packages" >&2
    exit 1
fi

hash -r
lack=$(missing)
[ -z "$lack" ] && exit 0
name_them "$lack"
exit 1
