#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes sure that everything needed to build, run and test is installed. It looks for headers, programs and a font
# rather than for packages, and does nothing where it finds them all. Where there is apt-get, it prints how much
# there is to install, and installs it; elsewhere it names what is missing and exits with 1. The tests that need a
# browser, the vendor's SDK, GStreamer, rclone or other servers are skipped, or a part of them is, where those cannot be
# installed. Their JavaScript comes from npm, into a cache outside the tree.
#
#   deps.sh [-n] [USE...]      -n: only look
#   USE: build, demo, demo-live, test, lint, bench, browser, foreign, live (all of these), cluster, fuzz, chroot
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
header  ass/ass.h               libass-dev          build
header  curl/curl.h             libcurl4-openssl-dev build
header  openssl/evp.h           libssl-dev          build
header  zlib.h                  zlib1g-dev          build
header  microhttpd.h            libmicrohttpd-dev   build
header  sqlite3.h               libsqlite3-dev      build
font    DejaVuSans.ttf          fonts-dejavu-core   demo
program bash                    bash                demo
program jq                      jq                  demo
header  cmocka.h                libcmocka-dev       test
program bats                    bats                test
program prove                   perl                test
program timeout                 coreutils           test
certs   ca-certificates.crt     ca-certificates     test
program ffmpeg                  ffmpeg              test
program ffprobe                 ffmpeg              test
program parallel                parallel            test
program strace                  strace              test
program flock                   util-linux          test
program ps                      procps              test
program /usr/bin/time           time                test
program systemd-analyze         systemd             test
program xxd                     xxd                 test
program rsvg-convert            librsvg2-bin        test
program python3                 python3             test
program curl                    curl                test
program openssl                 openssl             test
program gcc                     gcc                 lint
program clang                   clang               lint
program clang-format            clang-format        lint
program cppcheck                cppcheck            lint
program shellcheck              shellcheck          lint
program mandoc                  mandoc              lint
program zsh                     zsh                 lint
program fish                    fish                lint
header  libyuv.h                libyuv-dev          bench
program rclone                  rclone              bench
program webhook                 webhook             bench
program g++                     build-essential     package
program dpkg-buildpackage       dpkg-dev            package
program dh                      debhelper           package
program lintian                 lintian             package
program fakeroot                fakeroot            package
program debootstrap             debootstrap         chroot
program unshare                 util-linux          chroot
program chromium                chromium            browser
program node                    nodejs              browser
program npm                     npm                 browser
program rclone                  rclone              foreign
program gst-launch-1.0          gstreamer1.0-tools  foreign
program gst-inspect-1.0         gstreamer1.0-tools  foreign
element audioconvert            gstreamer1.0-plugins-base foreign
element matroskamux             gstreamer1.0-plugins-good foreign
element mpegtsmux               gstreamer1.0-plugins-bad  foreign
element x264enc                 gstreamer1.0-plugins-ugly foreign
element avenc_ac3               gstreamer1.0-libav  foreign
program janus                   janus               live
program nginx                   nginx-light         live
module  ngx_rtmp_module.so      libnginx-mod-rtmp   live
program haproxy                 haproxy             live
program ffmpeg                  ffmpeg              demo-live
program ffprobe                 ffmpeg              demo-live
program curl                    curl                demo-live
program flock                   util-linux          demo-live
program pkill                   procps              demo-live
program slurmctld               slurmctld           cluster
program slurmd                  slurmd              cluster
program sbatch                  slurm-client        cluster
program clang                   clang               fuzz
fuzzer  libclang_rt.fuzzer      libclang-rt-dev     fuzz
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

# A font is there when it lies where fontconfig looks by default.
has_font() {
    IFS_was=$IFS
    IFS=:
    # shellcheck disable=SC2086 # a list
    set -- "$1" "${XDG_DATA_HOME:-${HOME:-/nonexistent}/.local/share}" ${XDG_DATA_DIRS:-/usr/local/share:/usr/share}
    IFS=$IFS_was
    name=$1
    shift
    for share; do
        for font in "$share"/fonts/"$name" "$share"/fonts/*/"$name" "$share"/fonts/*/*/"$name"; do
            [ -e "$font" ] && return 0
        done
    done
    return 1
}

# libFuzzer is there when a program can be linked with it.
has_fuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p == (char *)n; }' |
        clang -x c -fsanitize=fuzzer,address,undefined -o /dev/null - >/dev/null 2>&1
}

# The authorities' certificates are there when they lie where SSL_CERT_FILE says, or else where they usually do.
has_certs() {
    name=$1
    set -- /etc/ssl/certs/"$name" /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem
    [ -z "${SSL_CERT_FILE:-}" ] || set -- "$SSL_CERT_FILE"
    for file; do
        [ -s "$file" ] && return 0
    done
    return 1
}

# An element of GStreamer is there when it says so.
has_element() {
    gst-inspect-1.0 "$1" >/dev/null 2>&1
}

# A module of nginx is there when it lies where the package puts it.
has_module() {
    [ -e "${NGINX_MODULES:-/usr/lib/nginx/modules}/$1" ]
}

# missing USE...: prints the lines of needed with these uses that are not met.
missing() {
    printf '%s' "$needed" | while read -r kind what package use; do
        case " $* " in
        *" $use "*) ;;
        *) continue ;;
        esac
        case $kind in
        program) command -v "$what" >/dev/null 2>&1 && continue ;;
        header) has_header "$what" && continue ;;
        font) has_font "$what" && continue ;;
        certs) has_certs "$what" && continue ;;
        fuzzer) has_fuzzer && continue ;;
        module) has_module "$what" && continue ;;
        element) has_element "$what" && continue ;;
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

# A machine that has just been started often runs apt itself: wait for it. DPkg::Lock::Timeout does not
# cover the lock of the lists, hence the second try. What apt-get prints is shown only where it fails.
pauses='10 20 0'
apt() {
    for pause in $pauses; do
        {
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 \
                -o Acquire::Retries=3 "$@" </dev/null 2>&1
            echo "exit $?"
        } | awk "$progress" >&2 && return 0
        sleep "$pause"
    done
    return 1
}

# A line for each quarter of what apt-get has to do, or its last lines when it failed.
# shellcheck disable=SC2016 # awk's dollars
progress='
    /^[0-9]+ upgraded, [0-9]+ newly installed/ { all = $1 + $3 }
    /^Get:/ { got++ }
    /^Setting up / { set_up++ }
    all >= 40 && /^Get:/ && got % int(all / 4) == 0 { print "deps: fetched " got " of " all }
    all >= 40 && /^Setting up / && set_up % int(all / 4) == 0 { print "deps: set up " set_up " of " all }
    { line[NR] = $0 }
    END {
        if ($0 == "exit 0") exit 0
        for (i = NR > 20 ? NR - 20 : 1; i < NR; i++) print line[i]
        exit 1
    }'

# how_much PACKAGE...: the number of packages that come with these, and their size, by apt-get's own reckoning.
how_much() {
    $as_root apt-get -qq -y --print-uris --no-install-recommends install "$@" </dev/null 2>/dev/null |
        awk '/^.[a-z+]+:/ { n++; bytes += $3 } END { if (n) printf "%d packages, %.0f MB: ", n, bytes / 1e6 + 0.5 }'
}

# Installs the packages of these lines.
install() {
    packages=$(printf '%s\n' "$1" | awk '{ print $3 }' | sort -u | tr '\n' ' ')
    apt update || echo "deps: apt-get update failed, trying with the lists that are there" >&2
    # shellcheck disable=SC2086 # a list
    echo "deps: installing $(how_much $packages)$packages" >&2
    # shellcheck disable=SC2086 # a list
    apt install -y --no-install-recommends $packages || {
        echo "deps: apt-get could not install: $packages" >&2
        return 1
    }
    hash -r
}

# get_needed USE...: what the build and all tests but those of a use of their own need.
get_needed() {
    lack=$(missing "$@")
    [ -z "$lack" ] && return 0
    if [ "$look" ] || ! command -v apt-get >/dev/null 2>&1; then
        name_them "$lack"
        return 1
    fi
    if [ ! "$may_install" ]; then
        name_them "$lack"
        echo "deps: neither root nor sudo: install these as root" >&2
        return 1
    fi
    install "$lack" || return 1
    lack=$(missing "$@")
    [ -z "$lack" ] && return 0
    name_them "$lack"
    return 1
}

# have_modules NAME PACKAGE...: these packages, of tests/NAME/package-lock.json, are in the cache.
have_modules() {
    from=$tests/$1 to=$cache/$1
    shift
    for package; do
        [ -e "$to/node_modules/$package" ] || return 1
    done
    [ "$(awk 1 "$to/package-lock.json" 2>/dev/null)" = "$(awk 1 "$from/package-lock.json")" ]
}

# get_modules NAME TEST PACKAGE...: puts them there; what fails is told, with the test that is skipped.
get_modules() {
    name=$1 test=$2
    shift 2
    [ -e "$tests/$name" ] || return 0
    have_modules "$name" "$@" && return
    if [ ! "$look" ]; then
        echo "deps: npm packages for the $test test: $cache/$name" >&2
        mkdir -p "$cache/$name" && cp "$tests/$name/package.json" "$tests/$name/package-lock.json" "$cache/$name" &&
            (cd "$cache/$name" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 </dev/null >&2)
        have_modules "$name" "$@" && return
    fi
    echo "deps: no $* in $cache/$name: the $test test is skipped" >&2
}

# get_packages USE: what is missing is named, and no failure.
get_packages() {
    pauses=0 # who has no network shall not wait for this each time
    lack=$(missing "$1")
    if [ "$lack" ] && [ ! "$look" ] && [ "$may_install" ] && command -v apt-get >/dev/null 2>&1; then
        install "$lack"
        lack=$(missing "$1")
    fi
    [ -z "$lack" ] || name_them "$lack"
}

# services VERB PROGRAM...: of servers that the tests start themselves, on loopback.
services() {
    verb=$1
    shift
    command -v systemctl >/dev/null 2>&1 || return 0
    for service; do
        $as_root systemctl -q "$verb" "$service.service" >/dev/null 2>&1
    done
}

# get_servers USE: what the long tests beside other servers need. These would be started where they are installed, some for
# the whole network.
get_servers() {
    use=$1
    # shellcheck disable=SC2046 # a list
    set -- $(missing "$use" | awk '$1 == "program" { print $2 }')
    [ "$look" ] || [ ! "$may_install" ] || services mask "$@"
    get_packages "$use"
    [ "$look" ] || [ ! "$may_install" ] || { services unmask "$@" && services disable "$@"; }
}

# What the long tests of many processes need.
get_cluster() {
    get_servers cluster
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return
    get_modules kubernetes Kubernetes kubernetes-models yaml
}

# What the browser test and the tests of the SDKs need.
get_browser() {
    get_packages browser
    command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || return
    [ "$lack" ] || get_modules browser browser hls.js playwright-core
    get_modules sdk SDK tencentcloud-sdk-nodejs
    get_modules stores stores cos-nodejs-sdk-v5 @smithy/signature-v4
    get_modules vod VOD vod-node-sdk
}

look=
if [ "${1:-}" = -n ]; then
    look=yes
    shift
fi
case $0 in
*/*) tests=${0%/*} ;;
*) tests=. ;;
esac
cache=${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/trtc-tools
as_root=
may_install=yes
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    command -v sudo >/dev/null 2>&1 || may_install=
fi

# The uses that are wanted, apart from those that a single test has.
browser=
foreign=
live=
cluster=
[ $# -gt 0 ] || set -- build demo test lint bench browser foreign live
for use; do
    shift
    case $use in
    browser) browser=yes ;;
    foreign) foreign=yes ;;
    live) live=yes ;;
    cluster) cluster=yes ;;
    build | demo | demo-live | test | lint | bench | fuzz | chroot | package) set -- "$@" "$use" ;;
    *)
        echo "deps: $use: no such use; there are build, demo, demo-live, test, lint, bench, browser, foreign, live, cluster, fuzz, chroot, package" >&2
        exit 64
        ;;
    esac
done
get_needed "$@" || exit 1
[ -z "$browser" ] || get_browser
[ -z "$foreign" ] || get_packages foreign
[ -z "$live" ] || get_servers live
[ -z "$cluster" ] || get_cluster
exit 0
