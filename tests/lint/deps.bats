#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# deps.sh on machines that are made up: a directory of dummy programs is all of the PATH.

bats_require_minimum_version 1.5.0

setup() {
    [ -z "${TRTC_SAN:-}" ] || skip "nothing here runs a program that is built with the sanitizers"
    export LC_ALL=C TZ=UTC0
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES CC CPPFLAGS CFLAGS PKG_CONFIG
    deps=$BATS_TEST_DIRNAME/../deps.sh
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    local program
    for program in $(sed -n 's/^program  *\([a-z][^ ]*\) .*/\1/p' "$deps"); do
        printf '#!/bin/sh\nexit 0\n' >"$bin/$program"
    done
    # What deps.sh itself needs. No links: nothing written here may reach the machine's own programs.
    for program in sh awk env id sort tr sleep bash make; do
        printf '#!/bin/sh\nexec %s "$@"\n' "$(type -P "$program")" >"$bin/$program"
    done
    chmod +x "$bin"/*
    export LOG=$BATS_TEST_TMPDIR/log BIN=$bin
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/home XDG_DATA_DIRS=/nonexistent:$BATS_TEST_TMPDIR/share
    font=$BATS_TEST_TMPDIR/share/fonts/truetype/dejavu/DejaVuSans.ttf
    mkdir -p "${font%/*}"
    : >"$font"
    export SSL_CERT_FILE=$BATS_TEST_TMPDIR/certs
    echo certificates >"$SSL_CERT_FILE"
    : >"$LOG"
    export NGINX_MODULES=$BATS_TEST_TMPDIR/modules
    mkdir "$NGINX_MODULES"
    : >"$NGINX_MODULES/ngx_rtmp_module.so"
    # What comes from npm is there.
    export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
    cache=$XDG_CACHE_HOME/trtc-tools
    mkdir -p "$cache"/browser/node_modules/hls.js "$cache"/browser/node_modules/playwright-core \
        "$cache"/sdk/node_modules/tencentcloud-sdk-nodejs "$cache"/stores/node_modules/cos-nodejs-sdk-v5 \
        "$cache"/stores/node_modules/@smithy/signature-v4 "$cache"/vod/node_modules/vod-node-sdk
    cp "$BATS_TEST_DIRNAME/../browser/package-lock.json" "$cache/browser"
    cp "$BATS_TEST_DIRNAME/../sdk/package-lock.json" "$cache/sdk"
    cp "$BATS_TEST_DIRNAME/../stores/package-lock.json" "$cache/stores"
    cp "$BATS_TEST_DIRNAME/../vod/package-lock.json" "$cache/vod"
}

# dummy NAME TEXT: a program on the made up machine, always a file of its own.
dummy() {
    rm -f "$bin/$1"
    printf '#!/bin/sh\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

# An apt-get that notes its arguments and "installs" jq and all headers.
with_apt() {
    dummy apt-get 'echo "$(id -u) apt-get $*" >>"$LOG"
case "$*" in *install*) printf "#!/bin/sh\n" >"$BIN/jq"; /bin/chmod +x "$BIN/jq"; : >"$BIN/headers" ;; esac'
}

# A compiler that finds headers only once they are installed.
without_headers() {
    dummy cc '[ -e "$BIN/headers" ]'
}

@test "where all is there nothing happens" {
    with_apt
    run --separate-stderr env PATH="$bin" sh "$deps"
    [ "$status" -eq 0 ]
    [ -z "$output$stderr" ]
    [ ! -s "$LOG" ]
}

@test "without apt-get what is missing is named, and the exit status is 1" {
    rm "$bin/jq"
    without_headers
    run --separate-stderr env PATH="$bin" sh "$deps"
    [ "$status" -eq 1 ]
    [ -z "$output" ]
    [[ $stderr == *"program jq "*"for: demo"* ]]
    [[ $stderr == *"header  cmocka.h "*"libcmocka-dev"* ]]
    [[ $stderr == *"header  b64/cencode.h "*"libb64-dev"* ]]
    [[ $stderr != *shellcheck* ]]
}

@test "a font is looked for where fonts lie" {
    run -0 env PATH="$bin" sh "$deps"
    [ -z "$output" ]
    mkdir -p "$XDG_DATA_HOME/fonts"
    mv "$font" "$XDG_DATA_HOME/fonts"
    run -0 env PATH="$bin" sh "$deps"
    [ -z "$output" ]
    rm "$XDG_DATA_HOME/fonts/DejaVuSans.ttf"
    run -1 env PATH="$bin" sh "$deps"
    [[ $output == *"font    DejaVuSans.ttf "*"fonts-dejavu-core"*"for: demo"* ]]
}

@test "certificates are looked for where OpenSSL does" {
    rm "$SSL_CERT_FILE"
    run -1 env PATH="$bin" sh "$deps"
    [[ $output == *"certs   ca-certificates.crt "*"ca-certificates"*"for: test"* ]]
}

@test "only what is asked for is looked for: libyuv is for the measurements" {
    dummy cc 'case $(cat) in *libyuv*) exit 1 ;; esac'
    dummy cat "exec $(command -v cat)"
    rm "$bin/jq" "$bin/chromium" "$bin/shellcheck"
    run -0 --separate-stderr env PATH="$bin" sh "$deps" build
    [ -z "$output$stderr" ]
    run -1 env PATH="$bin" sh "$deps" -n build demo
    [[ $output == *"program jq "* && $output != *libyuv* && $output != *shellcheck* && $output != *chromium* ]]
    run -1 env PATH="$bin" sh "$deps" bench
    [[ $output == *"header  libyuv.h "*"for: bench"* && $output != *jq* ]]
    run -0 --separate-stderr env PATH="$bin" sh "$deps" browser
    [[ $stderr == *"program chromium "* && $stderr != *jq* ]]
    run -64 env PATH="$bin" sh "$deps" build tests
    [ "$output" = 'deps: tests: no such use; there are build, demo, demo-live, test, lint, bench, browser, foreign, live, cluster, fuzz, chroot, package' ]
}

@test "libFuzzer is there where clang can link with it, and only fuzzing needs it" {
    run -0 --separate-stderr env PATH="$bin" sh "$deps" fuzz
    [ -z "$output$stderr" ]
    dummy clang 'case "$*" in *fuzzer*) exit 1 ;; esac'
    run -0 --separate-stderr env PATH="$bin" sh "$deps"
    [ -z "$output$stderr" ]
    run -1 env PATH="$bin" sh "$deps" fuzz
    [[ $output == *"fuzzer  libclang_rt.fuzzer "*"libclang-rt-dev"*"for: fuzz"* ]]
}

@test "servers for the long tests are no condition, and not started where they are installed" {
    with_apt
    dummy id 'echo 0'
    dummy systemctl 'echo "systemctl $*" >>"$LOG"'
    rm "$bin/janus" "$NGINX_MODULES/ngx_rtmp_module.so"
    run -0 --separate-stderr env PATH="$bin" sh "$deps"
    [[ $stderr == *"program janus "*"for: live"*"module  ngx_rtmp_module.so "*libnginx-mod-rtmp* ]]
    [ "$(sed -n '1p;$p' "$LOG")" = $'systemctl -q mask janus.service\nsystemctl -q disable janus.service' ]
    grep -q 'apt-get .*install .*janus libnginx-mod-rtmp' "$LOG"
    [ "$(grep -n unmask "$LOG" | cut -d: -f1)" -gt "$(grep -n ' install ' "$LOG" | tail -n 1 | cut -d: -f1)" ]
}

@test "-n only looks" {
    with_apt
    rm "$bin/jq"
    run env PATH="$bin" sh "$deps" -n
    [ "$status" -eq 1 ]
    [[ $output == *"program jq "* ]]
    [ ! -s "$LOG" ]
}

@test "root installs what is missing, lists first, each package once" {
    with_apt
    dummy id 'echo 0'
    rm "$bin/jq"
    without_headers
    run env PATH="$bin" sh "$deps"
    [ "$status" -eq 0 ]
    [[ $(sed -n 1p "$LOG") == "0 apt-get "*" update" ]]
    [[ $(sed -n 2p "$LOG") == "0 apt-get "*" --print-uris "*" install "* ]]
    line=$(sed -n 3p "$LOG")
    [[ $line == *" install -y --no-install-recommends "*"jq "* ]]
    [[ $line == *libavformat-dev* && $line == *libcjson-dev* ]]
    [[ $line != *clang* ]]
    [ "$(wc -l <"$LOG")" -eq 3 ]
}

@test "what will be installed is said first, with its size, and of apt-get's own lines only how far it is" {
    dummy id 'echo 0'
    dummy sleep 'exit 0'
    dummy seq "exec $(command -v seq) \"\$@\""
    rm "$bin/jq"
    dummy apt-get 'case "$*" in
*print-uris*) for i in $(seq 50); do echo "'"'http://x/\$i.deb'"' $i.deb 2000000 SHA256:0"; done ;;
*install*) echo "0 upgraded, 50 newly installed, 0 to remove and 0 not upgraded."
    for i in $(seq 50); do echo "Get:$i http://x $i"; done
    for i in $(seq 50); do echo "Setting up $i ..."; done
    [ ! -e "$BIN/broken" ] || { echo "E: no space"; exit 100; }
    printf "#!/bin/sh\n" >"$BIN/jq"; /bin/chmod +x "$BIN/jq" ;;
esac'
    : >"$bin/broken"
    run -1 env PATH="$bin" sh "$deps"
    [[ $output == *"E: no space"*"could not install: jq"* ]]
    rm "$bin/broken"
    run -0 env PATH="$bin" sh "$deps"
    [ "${lines[0]}" = 'deps: installing 50 packages, 100 MB: jq ' ]
    [ "${lines[1]}" = 'deps: fetched 12 of 50' ]
    [ "${#lines[@]}" -eq 9 ]
}

@test "who is not root asks sudo" {
    with_apt
    dummy id 'echo ${AS_ROOT:-1000}'
    dummy sudo 'AS_ROOT=0 exec "$@"'
    rm "$bin/jq"
    run env PATH="$bin" sh "$deps"
    [ "$status" -eq 0 ]
    [[ $(sed -n 1p "$LOG") == "0 apt-get "*" update" ]]
}

@test "who is not root and has no sudo is told what to install" {
    with_apt
    dummy id 'echo 1000'
    rm "$bin/jq"
    run env PATH="$bin" sh "$deps"
    [ "$status" -eq 1 ]
    [[ $output == *"program jq "*root* ]]
    [ ! -s "$LOG" ]
}

@test "an apt-get that fails, or installs the wrong thing, is an error" {
    dummy id 'echo 0'
    dummy sleep 'exit 0'
    rm "$bin/jq"
    dummy apt-get 'exit 100'
    run env PATH="$bin" sh "$deps"
    [ "$status" -eq 1 ]
    [[ $output == *"could not install: jq"* ]]
    dummy apt-get 'exit 0'
    run env PATH="$bin" sh "$deps"
    [ "$status" -eq 1 ]
    [[ $output == *"program jq "* ]]
}

@test "a browser that cannot be had is named, and is no error" {
    rm "$bin/chromium"
    run --separate-stderr env PATH="$bin" sh "$deps"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    [[ $stderr == *"program chromium "*"for: browser"* ]]
    dummy id 'echo 0'
    dummy apt-get 'echo "$*" >>"$LOG"; exit 100'
    run env PATH="$bin" sh "$deps"
    [ "$status" -eq 0 ]
    [[ $output == *"could not install: chromium"* ]]
    [ "$(wc -l <"$LOG")" -eq 3 ]
}

@test "GStreamer that cannot be had is named, and is no error" {
    dummy gst-inspect-1.0 '[ "$1" != x264enc ]'
    run --separate-stderr env PATH="$bin" sh "$deps" foreign
    [ "$status" -eq 0 ]
    [[ $stderr == *"element x264enc "*"gstreamer1.0-plugins-ugly"*"for: foreign"* && $stderr != *mpegtsmux* ]]
    run -0 --separate-stderr env PATH="$bin" sh "$deps" build test
    [ -z "$stderr" ]
}

@test "npm packages go into the cache, once for each lock" {
    dummy mkdir 'exec /bin/mkdir "$@"'
    dummy cp 'exec /bin/cp "$@"'
    dummy npm 'echo "$PWD: npm $*" >>"$LOG"; /bin/mkdir -p node_modules/hls.js node_modules/playwright-core \
        node_modules/tencentcloud-sdk-nodejs node_modules/cos-nodejs-sdk-v5 node_modules/@smithy/signature-v4 \
        node_modules/vod-node-sdk'
    rm -r "$XDG_CACHE_HOME"
    run -0 env PATH="$bin" sh "$deps"
    [[ $(sed -n 1p "$LOG") == "$cache/browser: npm ci "* && $(sed -n 2p "$LOG") == "$cache/sdk: npm ci "* ]]
    [[ $(sed -n 3p "$LOG") == "$cache/stores: npm ci "* && $(sed -n 4p "$LOG") == "$cache/vod: npm ci "* ]]
    run -0 env PATH="$bin" sh "$deps"
    [ -z "$output" ]
    echo '{}' >"$cache/sdk/package-lock.json"
    run -0 env PATH="$bin" sh "$deps"
    [[ $(sed -n 5p "$LOG") == "$cache/sdk: npm ci "* && $(wc -l <"$LOG") -eq 5 ]]
}

@test "an npm that fails is told of, and is no error" {
    dummy mkdir 'exec /bin/mkdir "$@"'
    dummy cp 'exec /bin/cp "$@"'
    dummy npm 'exit 1'
    rm -r "$XDG_CACHE_HOME"
    run -0 --separate-stderr env PATH="$bin" sh "$deps"
    [ -z "$output" ]
    [[ $stderr == *"the browser test is skipped"* && $stderr == *"the SDK test is skipped"* &&
        $stderr == *"the stores test is skipped"* ]]
    # without a home there is no cache, and root makes no directory at /
    run -0 --separate-stderr env -u HOME -u XDG_CACHE_HOME PATH="$bin" sh "$deps"
    [[ $stderr == *"the browser test is skipped"* && ! -e /nonexistent ]]
}

@test "make deps works before there is a compiler or pkg-config" {
    mkdir -p "$BATS_TEST_TMPDIR/tree/tests"
    cp "${BATS_TEST_DIRNAME%/tests/*}/Makefile" "$BATS_TEST_TMPDIR/tree"
    cp "$deps" "$BATS_TEST_TMPDIR/tree/tests"
    rm "$bin/cc" "$bin/pkg-config"
    run env PATH="$bin" make -C "$BATS_TEST_TMPDIR/tree" deps
    [ "$status" -ne 0 ]
    [[ $output == *"program cc "* && $output == *"program pkg-config "* ]]
    [[ $output != *"not found"* ]]
}
