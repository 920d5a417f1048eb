#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls | trtc-put: a live recording on its way, examples/hls-bucket, the pipelines of trtc-put.1, and rclone as the program
# that files are handed to.

load ../../lib
load ../../put

export opts='-A 1400000001 -R 3560 -u anna -t 2 -S 1767225600495'

setup_file() {
    files_begin
    ffmpeg -v error -f lavfi -i testsrc2=s=160x90:r=10:d=7 -f lavfi -i sine=440:r=16000:d=7 \
        -c:v libx264 -preset ultrafast -bf 0 -g 10 -c:a aac -b:a 24k -f mpegts call.ts
}

setup() {
    test_begin
    put_begin
    ln -s "$BATS_FILE_TMPDIR/call.ts" .
}

teardown() {
    stop_serving
}

# pace FILE: as if it came from a network, in about a second and a half.
pace() {
    local size at step
    exec 3>&-
    size=$(stat -Lc %s "$1")
    step=$((size / 30 / 188 * 188 + 77))
    for ((at = 0; at * step < size; at++)); do
        dd if="$1" bs=$step skip=$at count=1 status=none 2>/dev/null || return 0
        sleep 0.04
    done
}

# stamped FILE: standard input to standard output, each line as it comes; in FILE with the milliseconds at which it came.
stamped() {
    local line
    while IFS= read -r line; do
        printf '%s %s\n' "$((${EPOCHREALTIME/./} / 1000))" "$line" >>"$1"
        printf '%s\n' "$line"
    done
}

@test "each file is proven within a second of its completion, and all are stored" {
    local to
    serving
    for to in "cos://$bucket?region=ap-test --endpoint $store" "$there"; do
        rm -rf rec came went
        # shellcheck disable=SC2086 # options
        pace call.ts | trtc-hls $opts -d rec - 2>err | stamped came | trtc-put --root rec --to $to 2>>err | stamped went >out
        quiet
        diff <(cut -d ' ' -f 2 came | sort) <(cut -d ' ' -f 2 went | sort) || fail 'not a line for each line'
        [[ $(grep -c '\.ts$' came) -ge 6 ]] || fail 'no segments'
        # the time of each segment, in and out
        sort -u -k 2,2 went | join -1 2 -2 2 - <(grep '\.ts$' came | sort -k 2,2) |
            awk '{ d = $2 - $3; if (d > max) max = d } END { print "slowest: " max " ms"; exit max > 1000 }' || fail 'too slow'
    done
    same rec there
    [[ $(find rec -name '*.m3u8' -exec grep -c ENDLIST {} + | wc -l) -eq 2 ]]
    find rec -type f -printf '%P\n' | while IFS= read -r f; do has "$f" "rec/$f" cos; done
}

@test "hls-bucket: a source breaks off and returns, a store fails, an earlier run left files" {
    serving
    mkdir -p bin rec/old
    echo left >rec/old/left.ts
    # the first time it breaks off in the middle
    cat >bin/trtc-hls <<'P'
#!/bin/bash
if [[ ! -e broken ]]; then
    touch broken
    head -c 60000 call.ts >half.ts
    "$REAL" -q "${@:1:$#-2}" -- half.ts 2>/dev/null
    echo 'any - right' >script
    exit 75
fi
exec "$REAL" "$@"
P
    chmod +x bin/trtc-hls
    echo 'any - busy' >script
    REAL=$(command -v trtc-hls) PATH=$PWD/bin:$PATH \
        "$tree/examples/hls-bucket" -w 0.1 call.ts rec "s3+${store/http:/http:}/$bucket/live?region=ap-test" $opts >out 2>err || fail "$?"
    [[ $(find rec -name '*_video_*.ts' | wc -l) -ge 4 ]] || fail 'no segments'
    find rec -type f ! -name '.*' -printf '%P\n' >files
    while IFS= read -r f; do has "live/$f" "rec/$f"; done <files
    grep -q 'old/left.ts' out
    # again: nothing is sent that is there
    : >log
    find rec -type f ! -name '.*' -print0 | trtc-put -0 --to "s3+${store}/$bucket/live?region=ap-test" --root rec --journal rec/.journal >out 2>err || fail "$?"
    [[ $(tr '\0' '\n' <out | wc -l) -eq $(wc -l <files) && ! -s log ]] || fail 'sent again'
}

@test "hls-bucket: a signal; wrong usage" {
    local status=0 feeder recorder
    expect 64 "$tree/examples/hls-bucket" call.ts rec
    mkfifo never
    exec 7<>never
    cat call.ts >&7 3>&- &
    feeder=$!
    # shellcheck disable=SC2086 # options
    "$tree/examples/hls-bucket" - rec "$there" $opts <&7 >out 2>err 3>&- &
    recorder=$!
    eventually grep -q m3u8 out
    kill -TERM $recorder
    wait $recorder || status=$?
    kill $feeder 2>/dev/null || true
    [[ $status -eq 143 ]] || fail "$status"
    rm -f rec/.journal
    same rec there
    [[ -z $(find there -name '*.m3u8' -exec grep -L ENDLIST {} +) ]] || fail 'no end'
}

@test "the pipelines of trtc-put.1" {
    local text n=0
    command -v rclone >/dev/null || skip 'no rclone: make deps installs it'
    mkdir store
    export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_STORE_TYPE=alias RCLONE_CONFIG_STORE_REMOTE=$PWD/store
    mkdir rec
    # shellcheck disable=SC2086 # options
    trtc-hls -q $opts -d rec call.ts >/dev/null
    while IFS= read -rd '' text; do
        text=${text//rtmp:\/\/127.0.0.1\/live\/anna/call.ts}
        text=${text//\'cos:\/\/calls-1250000000\?region=ap-singapore\'/\"$there\"}
        bash -euo pipefail -c "$text" >out 2>err </dev/null || fail "$text"
        quiet
        n=$((n + 1))
    done < <(awk '/^\.Sh/ { sec = $2 } sec != "EXAMPLES" { next }
        /^\.Bd/ { on = 1; next } /^\.Ed/ { printf "%c", 0; on = 0 } on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' "$tree/man/trtc-put.1")
    [[ $n -eq 3 ]] || fail "$n pipelines"
    same rec copy
    same rec store/calls/rec
    [[ $(find there -name '*.ts' | wc -l) -eq 2 && -z $(find live -name '*.ts') ]] || fail 'not put, or not deleted'
}

@test "rclone finds what trtc-put has put through it, and copies it back" {
    command -v rclone >/dev/null || skip 'no rclone: make deps installs it'
    export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_STORE_TYPE=alias RCLONE_CONFIG_STORE_REMOTE=$PWD/store
    mkdir store
    recorded rec 2
    for name in 'a+b=c' 'per%cent' 'b l a n k' 'q?u#e&s' $'\xc3\xa9' '-lead' empty; do echo "$name" >"rec/$name"; done
    : >rec/empty
    find rec -type f -print0 | trtc-put -0 --to 'exec:rclone copyto' --root rec --prefix store:b/-t+= >out 2>err || fail "$?"
    rclone check rec store:b/-t+= 2>err || fail 'they differ'
    rclone copy store:b/-t+= back
    same rec back
    put 69 --to 'exec:rclone copyto' --prefix none: rec/s1.ts
    said 'rec/s1.ts'
}
