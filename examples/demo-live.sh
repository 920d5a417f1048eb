#!/bin/bash
# SPDX-License-Identifier: MIT
# Starts a room, a recording service and a receiver of callbacks on this machine, and records a call of two people while
# it is live, each of them separately and both in one picture, by calls of the cloud's API: `make demo-live`.
#
#   demo-live.sh DIR      writes DIR; what is recorded lies in DIR/service/storage
#
# DIR is made anew each time; a directory that no earlier demo has made is left alone. B is the build directory. With
# DEMO_SECONDS=N it records for so long (30; 6 at least) and ends by itself; without it, on a terminal, it goes on until Ctrl-C.
set -euo pipefail

dir=${1-}
length=${DEMO_SECONDS:-30}
B=${B:-$(cd "$(dirname "$0")/.." && pwd)/build}
export PATH=$B:$B/tests:$PATH LC_ALL=C TZ=UTC0
unset "${!TENCENTCLOUD_@}" TRTC_ENDPOINT {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY

case $dir in
'' | -h | --help)
    echo "usage: demo-live.sh DIR" >&2
    exit 64
    ;;
-*) dir=./$dir ;;
esac
if ! [[ $length =~ ^[0-9]{1,4}$ ]] || ((10#$length == 0)); then
    echo "demo-live: DEMO_SECONDS must be a number from 1 to 9999" >&2
    exit 64
fi
length=$((10#$length))
if ((length < 6)); then
    echo "demo-live: nobody can come, leave and come again in $length s: it records for 6 s" >&2
    length=6
fi
for program in trtc-room trtc-recd trtc-task trtc-hook trtc-rec trtc-mix mkrec marks jq curl ffmpeg; do
    command -v "$program" >/dev/null || {
        echo "demo-live: $program is missing; run 'make demo-live', which gets and builds it" >&2
        exit 69
    }
done
if [[ -e $dir && ! -e $dir/.demo && -n $(ls -A "$dir") ]]; then
    echo "demo-live: $dir: is not empty, and no earlier demo made it; choose another directory" >&2
    exit 73
fi

# tasks_run: whether a task still records.
tasks_run() {
    local lock
    for lock in "$dir"/service/tasks/*/lock; do
        [[ ! -e $lock ]] || flock -n "$lock" true || return 0
    done
    return 1
}
if tasks_run; then
    echo "demo-live: $dir: a task of an earlier demo still runs" >&2
    exit 75
fi
umask 077
mkdir -p "$dir"
: >"$dir/.demo"
rm -rf "$dir"/{service,spool,state,room.log,service.log,hook.log,callbacks.ndjson,recd.conf,keys,callback-key} \
    "$dir"/{storage.json,contact.png,.streams,.stills}
dir=$(cd "$dir" && pwd)
export XDG_STATE_HOME=$dir/state

bold='' plain=''
if [[ -t 1 ]]; then
    bold=$'\e[1m' plain=$'\e[m'
fi
shown=${dir#"$PWD"/}
heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }

# ---- what runs ----

publishers=() tellers=() servers=() tasks=()

# At the end, however it comes: publishers first, then tasks, which end properly, then what they need.
finish() {
    local status=$? task i
    trap '' EXIT INT TERM
    stop publishers
    for task in "${tasks[@]}"; do
        trtc-rec delete -q --secret-file "$dir/keys" "$task" >/dev/null 2>&1 || true
    done
    for ((i = 0; i < 150; i++)); do
        tasks_run || break
        sleep 0.1
    done
    stop tellers
    stop servers
    rm -rf "$dir/.streams" "$dir/.stills"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# stop LIST: ends the processes of that list, with their children.
stop() {
    local -n list=$1
    local pid
    for pid in "${list[@]}"; do
        pkill -TERM -P "$pid" 2>/dev/null || true
        kill -TERM "$pid" 2>/dev/null || true
    done
    for pid in "${list[@]}"; do wait "$pid" 2>/dev/null || true; done
    list=()
}

# serve LOG COMMAND...: starts a server; $at is the address that it says it has.
serve() {
    local log=$1 i
    shift
    : >"$log"
    "$@" 2>"$log" </dev/null &
    servers+=($!)
    for ((i = 0; i < 500; i++)); do
        at=$(sed -n 's/.*listening on \(http[^ ]*\)\/$/\1/p' "$log")
        [[ ! $at ]] || return 0
        kill -0 "${servers[-1]}" 2>/dev/null || break
        sleep 0.02
    done
    cat "$log" >&2
    exit 69
}

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# ---- two people ----

leaves=$((length * 45 / 100)) returns=$((length * 65 / 100)) shares=$((length * 3 / 10)) hides=$((length * 7 / 10))

heading "1. A call of two people is made"
echo
echo "   anna    leaves after $leaves s and comes back after $returns s"
echo "   ben     shares a screen from $shares s to $hides s"
mkrec --scene --av-merge --segment $((length + 16)) --length $((length + 15)) --start "$(date +%s)000" \
    --user "id=anna,gap=$leaves-$returns" --user "id=ben,aux=$shares-$hides" "$dir/.streams"

# ---- the servers ----

heading "2. A room, a recording service and a receiver of its callbacks, on loopback"
echo
secret_id=$(random) secret_key=$(random) callback_key=$(random)
TRTC_SECRET_KEY=$(random)
export TRTC_SECRET_KEY
echo "$callback_key" >"$dir/callback-key"
printf '[default]\nsecret_id = %s\nsecret_key = %s\n' "$secret_id" "$secret_key" >"$dir/keys"
cat >"$dir/storage.json" <<END
{ "CloudStorage": { "Vendor": 0, "Region": "ap-shanghai", "Bucket": "demo-1400000001", "AccessKey": "made-up", "SecretKey": "made-up" } }
END

serve "$dir/room.log" trtc-room serve --listen 127.0.0.1:0
room=$at
serve "$dir/hook.log" trtc-hook serve --listen 127.0.0.1:0 --spool "$dir/spool" --key-file "$dir/callback-key" \
    >"$dir/callbacks.ndjson"
hook=$at
cat >"$dir/recd.conf" <<END
[app 1400000001]
secret_id = $secret_id
secret_key = $secret_key
usersig_key = $TRTC_SECRET_KEY
callback_url = $hook/
callback_key = $callback_key

[room]
source = $room
END
serve "$dir/service.log" trtc-recd --config "$dir/recd.conf" --listen 127.0.0.1:0 --data "$dir/service"
service=$at
echo "   $room   trtc-room: streams come in by PUT, go out by GET"
echo "   $service   trtc-recd: the cloud's API, and a page"
echo "   $hook   trtc-hook: receives the callbacks, and checks their signatures"

# ---- recorded while it is live ----

heading "3. trtc-rec creates one task that records each of them, and one that mixes them; it deletes both after $length s"
echo
export TRTC_ENDPOINT=$service

# since TEXT...: with the seconds since the call began.
since() { awk -v a="$began" -v b="$EPOCHREALTIME" -v text="$*" 'BEGIN { printf "   %5.1f s   %s\n", b - a, text }'; }
until_s() { sleep "$(awk -v a="$began" -v b="$EPOCHREALTIME" -v to="$1" 'BEGIN { left = to - (b - a); print (left < 0 ? 0 : left) }')"; }

# create ROBOT OPTION...
create() {
    trtc-rec create -q --secret-file "$dir/keys" --sdkappid 1400000001 --room 3560 --user "$1" --storage "$dir/storage.json" \
        --format hls+mp4 "${@:2}" | jq -r .TaskId
}
modify() { trtc-rec modify -q --secret-file "$dir/keys" "$mixed" --layout - >/dev/null; }

single=$(create each --mode single)
tasks+=("$single")
mixed=$(create all --mode mixed --size 640x360)
tasks+=("$mixed")
echo "   each separately      $single"
echo "   in one picture       $mixed"
echo

# What the room and the callbacks report, as it comes.
# shellcheck disable=SC2016 # jq's dollars
words='{ "103": "enters", "104": "leaves", "205": "shares a screen", "206": "ends sharing" } as $names |
    select(.EventType) | .EventInfo.UserId as $user | $names[.EventType | tostring] | values | "room              \($user) \(.)"'
# shellcheck disable=SC2016
calls='{ "301": "recorder started", "302": "recorder left", "303": "upload began", "304": "first index file uploaded",
    "305": "upload ended", "306": "moved on after a failure", "307": "index file appeared", "308": "storage refused",
    "309": "picture not fetched", "310": "MP4 made" } as $names |
    "callback   \(if .task == $single then "each" else "all " end)   \(.type) \($names[.type | tostring])" +
    ([(.payload.UserId // empty | select(. != "")), .payload.TrackType // empty, (.payload.FileList | arrays | "\(length) of them")] | map(", " + .) | add // "")'
began=$EPOCHREALTIME
tell() { while IFS= read -r line; do since "$line"; done; }
{ curl -sN "$room/events" | jq --unbuffered -r "$words" | tell; } 2>/dev/null &
tellers+=($!)
{ tail -n +1 -s 0.1 -f "$dir/callbacks.ndjson" | jq --unbuffered -r --arg single "$single" "$calls" | tell; } 2>/dev/null &
tellers+=($!)

# publish FILE PATH AFTER: as a camera would, in real time.
publish() {
    sleep "$3"
    exec ffmpeg -v error -re -i "$1" -c copy -f mpegts -method PUT "$room$2" </dev/null >/dev/null 2>&1
}
cameras=("$dir"/.streams/*_main_video_*.ts)
screens=("$dir"/.streams/*_aux_video_*.ts)
publish "${cameras[0]}" /3560/anna 0 &
publishers+=($!)
publish "${cameras[1]}" /3560/anna "$returns" &
publishers+=($!)
publish "${cameras[2]}" /3560/ben 0 &
publishers+=($!)
publish "${screens[0]}" '/3560/ben/aux?audio=0' "$shares" &
publishers+=($!)

until_s $((shares + 1))
trtc-layout -m screen -b ben:aux -s 640x360 -f api anna ben ben:aux | modify
since 'trtc-rec   all    modify: the screen, with those who look at it'
until_s "$hides"
trtc-layout -m grid -s 640x360 -f api anna ben | modify
since 'trtc-rec   all    modify: the first layout again'
until_s "$length"
since 'trtc-rec          delete both'
for task in "${tasks[@]}"; do
    trtc-rec delete -q --secret-file "$dir/keys" "$task" >/dev/null
done
for task in "${tasks[@]}"; do
    trtc-hook wait -q --spool "$dir/spool" --task "$task" --type 310 --timeout 60s >/dev/null
done
tasks=()
sleep 0.3
stop publishers
stop tellers

# ---- what came out ----

store=$dir/service/storage/demo-1400000001
heading "4. What came out: ${store#"$PWD"/}"
echo
list() {
    echo "   $1   $2"
    find "$store/$2" -type f -printf '%f %s\n' | awk '
        { bytes += $2; $1 ~ /m3u8$/ ? lists++ : $1 ~ /ts$/ ? segments++ : mp4++ }
        function of(n, one) { return n + 0 " " one (n == 1 ? "" : "s") }
        END {
            printf "          %s, %s, %s, %.1f MB\n", of(lists, "playlist"), of(segments, "segment"),
                of(mp4, "MP4 file"), bytes / 1e6
        }'
}
list each "$single"
list 'all ' "$mixed"
echo
printf '   %9s %10s %12s   %s\n' length size 'A/V offset' MP4
printf '   %9s %10s %12s   %s\n' --------- ---------- ------------ ---------------
for file in "$store/$single"/*.mp4 "$store/$mixed"/*.mp4; do
    offset=$(marks --json --summary-only "$file" | jq -r 'if .markers > .missing then .max_ms else empty end' |
        awk '{ printf "%.1f ms", $1 }')
    seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$file")
    printf '   %7.1f s %7.2f MB %12s   %s\n' "$seconds" "$(awk -v n="$(stat -c %s "$file")" 'BEGIN { print n / 1e6 }')" "${offset:--}" \
        "${file##*/}"
done
echo
echo '   A/V offset: sound against picture, the largest of the tones that the call has every 10 s'
echo
kinds() { jq -r --arg task "$1" 'select(.task == $task) | .type' "$dir/callbacks.ndjson" | paste -sd' '; }
echo "   callbacks   each   $(kinds "$single")"
echo "               all    $(kinds "$mixed")"

# Eight pictures of the mix, as watermarks on a canvas on which nobody has a window.
mkdir "$dir/.stills"
mix=("$store/$mixed"/*.mp4)
echo '[{ "Top": 0, "Left": 0, "Width": 2, "Height": 2, "UserId": "nobody" }]' >"$dir/.stills/none.json"
sheet=(--text "A call of $length s, mixed while it was live,12,10,0,0,22px")
for ((k = 0; k < 8; k++)); do
    ds=$((10 + 10 * k * (length - 3) / 7)) # tenths of a second
    s=$((ds / 10)).$((ds % 10)) x=$((12 + 472 * (k % 4))) y=$((46 + 294 * (k / 4)))
    trtc-mix -q -s 640x360 --still "+$s" -o "$dir/.stills/$k.png" "call=${mix[0]}" >/dev/null
    sheet+=(--watermark "$dir/.stills/$k.png,$x,$y,464,260" --text "$s s,$x,$((y + 264)),0,0,16px")
done
trtc-mix -q -s 1904x638 --background '#202428' -m custom -l "$dir/.stills/none.json" --still +1 "${sheet[@]}" \
    -o "$dir/contact.png" "call=${mix[0]}" >/dev/null
rm -rf "$dir/.stills" "$dir/.streams"
echo
echo "   eight pictures of the mix: $shown/contact.png"

# ---- what next ----

heading "5. Now"
echo
if [[ ! -t 1 || ${DEMO_SECONDS:-} ]]; then
    echo "   The demo ends here, because DEMO_SECONDS is set or this is not a terminal. Its files stay in $shown."
    echo "   Otherwise its servers run until Ctrl-C, and their page can record your own camera."
    exit 0
fi
cat <<END
   open   $service/   the page: tasks, events, a player, and a Record button for a camera of your own
          $shown/contact.png

   try    ffmpeg -f v4l2 -i /dev/video0 -c:v libx264 -tune zerolatency -g 30 -f mpegts -method PUT $room/3560/me

   All of it runs until Ctrl-C.
END
trap 'exit 0' INT
wait
