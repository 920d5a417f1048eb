#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The recording service measured, called by `make bench-live` and bench.sh: what tasks cost in cores and private memory, room,
# recorders, uploads and service included; how soon a recording has its first bytes; how fast calls are answered; how long it
# takes to have 100 tasks again after kill -9. A line each, with the goal. TASKS: of 4 users (3), MIXES (1), SECONDS_EACH (20).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/bench.bash
. "$here/bench.bash"
tasks=${TASKS:-3} mixes=${MIXES:-1} each=${SECONDS_EACH:-20}
((each <= 60)) || each=60
cd "$work"
umask 077
pids=()
down() {
    local f
    for f in live*/tasks/*/lock; do [[ ! -s $f ]] || flock -n "$f" true || kill "$(<"$f")" 2>/dev/null || true; done
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    pids=()
}
trap 'down; rm -rf "$work"' EXIT

line() { printf '%-56s %12s   %s\n' "$1" "$2" "$3"; }

# tree PID...: these processes and all that they have started.
tree_of() {
    local p
    for p; do
        echo "$p"
        # shellcheck disable=SC2046
        tree_of $(pgrep -P "$p" || true)
    done
}
recorders() { for f in live/tasks/*/lock; do [[ ! -s $f ]] || tree_of "$(<"$f")"; done; }
ticks() {
    local p sum=0
    for p; do [[ ! -e /proc/$p/stat ]] || sum=$((sum + $(awk '{ print $14 + $15 + $16 + $17 }' "/proc/$p/stat" 2>/dev/null || echo 0))); done
    echo "$sum"
}
private_kb() {
    local p
    for p; do cat "/proc/$p/smaps_rollup" 2>/dev/null || true; done | awk '/^Private/ { n += $2 } END { print n + 0 }'
}

# service DIR [OPTION...]: $service is its process, $api its address.
service() {
    : >told
    printf '%s\n' '[app 1400000001]' 'secret_id = AKIDbench' 'secret_key = benchkey' '[limits]' 'calls = 1000' >recd.ini
    trtc-recd --config recd.ini --data "$1" --listen 127.0.0.1:"${port:-0}" "${@:2}" 2>told >/dev/null </dev/null &
    service=$!
    pids+=("$service")
    started "$service" address told
    api=$(address told)
    export TRTC_ENDPOINT=$api
}

# create N MODE USER-PREFIX: a task of room N; its id.
create() {
    printf '{"SdkAppId":1400000001,"RoomId":"%d","UserId":"rec%d_%d","UserSig":"none","RecordParams":{"RecordMode":%d,"MaxIdleTime":600},
        %s"StorageParams":{"CloudStorage":{"Vendor":0,"Region":"here","Bucket":"bench","AccessKey":"none","SecretKey":"none"}}}' \
        "$1" "$2" "$1" "$2" "${3-}" >request.json
    trtc-rec create --secret-file keys -f request.json | jq -r .TaskId
}

# publish ROOM USER: for as long as it is measured.
publish() {
    ffmpeg -v quiet -re -stream_loop -1 -i source.ts -c copy -f mpegts -method PUT "$room/$1/$2" </dev/null &
    pids+=($!)
}

# cost NAME N GOAL [PART]: of the N tasks that run, over $each seconds.
cost() {
    local counted before after kb
    # A recorder is also in the tree of the service that has started it.
    mapfile -t counted < <({ recorders; tree_of "$service"; echo "$room_pid"; } | sort -u)
    before=$(ticks "${counted[@]}")
    sleep "$each"
    after=$(ticks "${counted[@]}")
    kb=$(private_kb "${counted[@]}")
    line "$1: cores" "$(awk -v t="$((after - before))" -v s="$each" -v n="$2" 'BEGIN { printf "%.4f", t / 100 / s / n }')" "$3"
    line "$1: private MB" "$(awk -v kb="$kb" -v n="$2" 'BEGIN { printf "%.1f", kb / 1024 / n }')" "$4"
}

ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=15 -f lavfi -i sine -t 20 -c:v libx264 -preset ultrafast -b:v 300k \
    -g 30 -pix_fmt yuv420p -c:a aac -b:a 64k -f mpegts source.ts </dev/null
printf '%s\n' '[default]' 'secret_id = AKIDbench' 'secret_key = benchkey' >keys
export XDG_STATE_HOME=$work/state

trtc-room serve --listen 127.0.0.1:0 >/dev/null 2>room.told &
room_pid=$!
pids+=("$room_pid")
started "$room_pid" address room.told
room=$(address room.told)

line "measured for $each s" is goal
service live --room "$room"
for ((r = 1; r <= tasks; r++)); do create "$r" 1 >/dev/null; done
for ((r = 1; r <= tasks; r++)); do for u in a b c d; do publish "$r" "$u"; done; done
sleep 4
cost "$tasks tasks of 4 users, each recorded stream" $((4 * tasks)) '<= 0.005' '<= 8'
curl -sN "$room/events" >room.events &
pids+=($!)
from=$((${EPOCHREALTIME/./} / 1000))
id=$(create 900 1)
publish 900 a
has_bytes() { find "live/tasks/$id/files" -name '.*.ts*' -size +0 -o -name '*.ts' -size +0 | grep -q .; }
started "$service" has_bytes
first=$((${EPOCHREALTIME/./} / 1000))
media=$(jq -r 'select(.EventInfo.RoomId == "900") | .EventInfo.EventMsTs' room.events | head -n 1)
line 'create and publish to first bytes, ms' $((first - from)) ''
line 'first media in the room to first bytes, ms' $((first - media)) '<= 1000'
down

trtc-room serve --listen 127.0.0.1:0 >/dev/null 2>room.told &
room_pid=$!
pids+=("$room_pid")
started "$room_pid" address room.told
room=$(address room.told)
rm -rf live
service live --room "$room"
for ((r = 1; r <= mixes; r++)); do
    create "$r" 2 '"MixTranscodeParams":{"VideoParams":{"Width":640,"Height":480,"Fps":15,"BitRate":550000,"Gop":10},"AudioParams":{"SampleRate":1,"Channel":2,"BitRate":64000}},' >/dev/null
    for u in a b; do publish "$r" "$u"; done
done
sleep 5
cost "$mixes mixes of 2 users, 640x480 at 15, each" "$mixes" '<= 0.09' ''
down

service live100 --launch "bash $here/../serve/task.sh slow"
port=${api##*:}
python3 "$here/calls.py" "$api" create 100
sleep 3
python3 "$here/calls.py" "$api" describe 400 | while read -r p50 p99; do
    line '100 tasks, DescribeCloudRecording, ms, median' "$p50" ''
    line '100 tasks, DescribeCloudRecording, ms, p99' "$p99" '< 20'
done
kill -KILL "$service"
wait "$service" 2>/dev/null || true
from=${EPOCHREALTIME/./}
service live100 --launch "bash $here/../serve/task.sh slow"
has_tasks() { [[ $(curl -s "$api/api/state" | jq '.Tasks | length') == "$1" ]]; }
started "$service" has_tasks 100
line 'kill -9 to 100 tasks again, ms' $(((${EPOCHREALTIME/./} - from) / 1000)) '<= 5000'
