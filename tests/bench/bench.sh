#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measurements, called by `make bench`: one table, each job in turn with what it is compared to, so that a noisy machine
# disturbs both alike. Medians of RUNS runs; the ratio is what counts. USERS and SECONDS_EACH make it smaller.
set -euo pipefail

users=${USERS:-8} seconds=${SECONDS_EACH:-300}
# shellcheck source=tests/bench/bench.bash
. "$(dirname "$0")/bench.bash"

concat_list() { # playlist -> list for ffmpeg's concat demuxer
    { echo 'ffconcat version 1.0'; sed -n "s|^[^#].*|file '${1%/*}/&'|p" "$1"; }
}

make_set() {
    local i args=()
    for ((i = 1; i <= users; i++)); do args+=(--user "id=user$i"); done
    "$B/tests/mkrec" --loop "${args[@]}" --length "$seconds" --bitrate 800000 --audio-bitrate 64000 "$work/set"
    mkdir "$work/lists"
    local list
    for list in "$work"/set/*_main_video.m3u8; do
        concat_list "$list" >"$work/lists/$(basename "$list" _main_video.m3u8).video"
        concat_list "${list/_video/_audio}" >"$work/lists/$(basename "$list" _main_video.m3u8).audio"
    done
}

merge_copy() { once trtc-merge -q -f "$work/set" -o "$work/merged" --force; }
ffmpeg_concat_copy() {
    # shellcheck disable=SC2016
    once sh -c 'for v in "$1"/lists/*.video; do
        ffmpeg -v error -y -f concat -safe 0 -i "$v" -f concat -safe 0 -i "${v%video}audio" -map 0:v -map 1:a \
            -c copy "$1/concat.mp4" || exit 1
    done' sh "$work"
}
# shellcheck disable=SC2016
cat_to_file() { once sh -c 'cat "$1"/set/*.ts >"$1/cat.bin"' sh "$work"; }

merge_copy_1_job() { once trtc-merge -q -j 1 -f "$work/set" -o "$work/merged" --force; }

make_minute() { "$B/tests/mkrec" --loop --user id=user1 --length 60 "$work/minute"; }
merge_minute() { once trtc-merge -q -f "$work/minute" -o "$work/merged-minute" --force; }
start_merge() { once trtc-merge --version; }
# shellcheck disable=SC2016
cat_minute() { once sh -c 'cat "$1"/minute/*.ts >"$1/cat.bin"' sh "$work"; }

first_list() { set -- "$work"/lists/*.video; echo "${1%.video}"; }
merge_encode() { once trtc-merge -q -f "$work/set" -u user1 --video encode -o "$work/encoded" --force; }
ffmpeg_encode() {
    local l
    l=$(first_list)
    once ffmpeg -v error -y -f concat -safe 0 -i "$l.video" -f concat -safe 0 -i "$l.audio" -map 0:v -map 1:a \
        -vf fps=15,scale=640:360 -c:v libx264 -preset veryfast -crf 23 -g 75 -c:a copy -movflags +faststart "$work/encode.mp4"
}

# One stream of an hour as a single TS, about 400 MB.
make_stream() {
    "$B/tests/mkrec" --loop --mixed --user id=x --length "$((seconds * 12))" --segment 100000 --bitrate 820000 \
        --audio-bitrate 64000 "$work/stream"
    mv "$work"/stream/*.ts "$work/stream.ts"
}

hls() { rm -rf "$work/hls" && once trtc-hls -q -A 1 -R 1 -d "$work/hls" --no-sync "$work/stream.ts"; }
hls_synced() { rm -rf "$work/hls" && once trtc-hls -q -A 1 -R 1 -d "$work/hls" "$work/stream.ts"; }
# shellcheck disable=SC2016
hls_from_a_pipe() {
    rm -rf "$work/hls"
    once sh -c 'cat "$1/stream.ts" | trtc-hls -q -A 1 -R 1 -d "$1/hls" --no-sync' sh "$work"
}
ffmpeg_hls() {
    rm -rf "$work/fhls" && mkdir "$work/fhls"
    once ffmpeg -v error -y -i "$work/stream.ts" -c copy -f hls -hls_time 10 -hls_list_size 0 "$work/fhls/x.m3u8"
}
cp_file() { once cp "$work/stream.ts" "$work/copy.ts"; }

# A segment's path against the packet that starts the next one: the stream comes at 20 times its speed.
hls_latency() {
    "$B/tests/mkrec" --loop --mixed --user id=x --length 60 --segment 100000 "$work/live"
    local mode
    for mode in --no-sync ''; do
        rm -rf "$work/hls"
        # shellcheck disable=SC2086
        printf '%s ' "hls: delay of a segment's path, ${mode:-synced}:"
        ffmpeg -v error -readrate 20 -i "$work"/live/*.ts -c copy -f mpegts - |
            trtc-hls -q -A 1 -R 1 -d "$work/hls" $mode --json - |
            jq -r --unbuffered 'select(.kind == "segment") | .duration_ms' |
            while read -r ms; do
                echo "$(date +%s%N) $ms"
            done |
            awk '{t = $1 / 1e6; if (NR > 1) {d = t - last - $2 / 20; if (d < 0) d = -d; if (d > worst) worst = d}; last = t}
                END {printf "worst %.0f ms off the pace of the source, its own unevenness included\n", worst}'
    done
}

echo "making $users users x $seconds s ..."
make_set
table_head
compare "copy $users users x $seconds s" merge_copy merge_copy_1_job ffmpeg_concat_copy cat_to_file
goal merge_copy cat_to_file wall 1.1
goal merge_copy cat_to_file cpu 2
make_minute
compare "copy 1 user x 60 s" merge_minute start_merge cat_minute
awk -v w="$(median 1 <"$work/merge_minute.rows")" -v c="$(median 2 <"$work/merge_minute.rows")" 'BEGIN {
    printf "%35s merge_minute: %.0f ms, %.0f of them processor time, goal 10 ms\n", "", w * 1000, c * 1000}'
compare "encode 1 user x $seconds s" merge_encode ffmpeg_encode

if command -v trtc-hls >/dev/null; then
    make_stream
    size=$(($(stat -c %s "$work/stream.ts") / 1000000))
    compare "segment a stream of $size MB" hls ffmpeg_hls cp_file hls_synced hls_from_a_pipe
    goal hls cp_file wall 1.2
    hls_latency
fi

trtc-merge -q -f "$work/set" -u user1 -o "$work/one" --force --report "$work/report.json" >/dev/null
printf '\nmerge, copying 1 user x %s s: peak memory %s MB; sample tables: %s\n' "$seconds" \
    "$(rss_mb trtc-merge -q -f "$work/set" -u user1 -o "$work/one" --force)" \
    "$(jq -r '.outputs[0] | "\(.table_samples) samples in \(.table_bytes) bytes, \(.table_bytes / .table_samples * 10 | round / 10) a sample"' "$work/report.json")"
echo
bash "$(dirname "$0")/bench-name.sh"
echo
bash "$(dirname "$0")/bench-mix.sh"
echo
bash "$(dirname "$0")/bench-rec.sh"
echo
bash "$(dirname "$0")/bench-hook.sh"
echo
bash "$(dirname "$0")/bench-put.sh"
echo
bash "$(dirname "$0")/bench-room.sh"
echo
bash "$(dirname "$0")/bench-scale.sh"
