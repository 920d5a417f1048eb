#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# trtc-room measured, called by bench.sh: what one stream costs that comes in and goes out once, and what it costs to record
# it as well, in cores and private memory; the goal is 0.005 core and 8 MB a recorded stream, relay included. STREAMS: how many
# at a time (20); SECONDS_EACH: how long (30).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/bench.bash
. "$here/bench.bash"
streams=${STREAMS:-20} each=${SECONDS_EACH:-30}
((each <= 60)) || each=60
cd "$work"
pids=()
down() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    pids=()
}
trap 'down; rm -rf "$work"' EXIT

# ticks PID...: processor time so far, of them all, in hundredths of a second.
ticks() {
    local p sum=0
    for p; do sum=$((sum + $(awk '{ print $14 + $15 }' "/proc/$p/stat"))); done
    echo "$sum"
}

# private_kb PID...: what only they have in memory.
private_kb() {
    local p
    for p; do cat "/proc/$p/smaps_rollup"; done | awk '/^Private/ { n += $2 } END { print n }'
}

# row NAME RECORD: streams of 1 Mbit/s at 25 pictures a second; RECORD 1: a trtc-hls each, else curl, which does not count.
row() {
    local i port counted=() before after kb
    trtc-room serve --listen 127.0.0.1:0 >/dev/null 2>told &
    pids=($!) counted=($!)
    started $! address told
    port=$(address told)
    port=${port##*:}
    for ((i = 0; i < streams; i++)); do
        if (($2)); then
            trtc-hls -q -A 1 -R 1 -u "u$i" -d rec --no-sync "http://127.0.0.1:$port/1/u$i?wait=20" >/dev/null &
            counted+=($!)
        else
            curl -sN "http://127.0.0.1:$port/1/u$i?wait=20" >/dev/null &
        fi
        pids+=($!)
    done
    sleep 0.5
    for ((i = 0; i < streams; i++)); do
        ffmpeg -v quiet -re -stream_loop -1 -i source.ts -c copy -f mpegts -method PUT "http://127.0.0.1:$port/1/u$i" </dev/null &
        pids+=($!)
    done
    sleep 3
    before=$(ticks "${counted[@]}")
    sleep "$each"
    after=$(ticks "${counted[@]}")
    kb=$(private_kb "${counted[@]}")
    down
    awk -v name="$1" -v t="$((after - before))" -v s="$each" -v n="$streams" -v kb="$kb" \
        'BEGIN { printf "%-44s %10.4f %10.2f\n", name, t / 100 / s / n, kb / 1024 / n }'
}

ffmpeg -v error -f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine -t 20 -c:v libx264 -preset ultrafast -b:v 900k \
    -maxrate 900k -bufsize 450k -g 50 -pix_fmt yuv420p -c:a aac -b:a 64k -f mpegts source.ts </dev/null
printf '%-44s %10s %10s\n' "$streams streams of 1 Mbit/s, $each s, each" cores MB
row 'trtc-room serve' 0
row 'trtc-room serve and trtc-hls' 1
