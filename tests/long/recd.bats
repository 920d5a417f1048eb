#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-recd over and over: killed a thousand times (TRTC_KILLS) under load, with a receiver that is away, on a disk that fills up.

load ../lib
load ../hook
load ../recd

setup_file() {
    files_begin
    mk call --mixed --user "$(user gop=1)" --length 60 --segment 1000
    mv call/*.ts call.ts
}

setup() {
    test_begin
    hook_begin
    recd_begin
}

teardown() {
    recd_end
    hook_end
}

# live_begun: a room with a user who stays; $room is its address. ./launch begins a trtc-task for this room, and the
# stand-in for others.
live_begun() {
    trtc-room serve --listen 127.0.0.1:0 >room.out 2>room.told </dev/null 3>&- &
    hook_pids+=($!)
    eventually grep -q 'listening on' room.told
    room=$(sed -n 's/.*listening on \(.*\)\/$/\1/p' room.told)
    ffmpeg -nostdin -v error -re -stream_loop -1 -i "$BATS_FILE_TMPDIR/call.ts" -c copy -f mpegts -method PUT "$room/900000/anna" 3>&- &
    hook_pids+=($!)
    # shellcheck disable=SC2016 # these are for ./launch
    printf '%s\n' 'grep -q 900000 "$1/request.json" || exec bash '"$tree"'/tests/serve/task.sh "$@"' \
        'exec trtc-task "$@"' >launch
}

# service: under ./launch.
service() { recd --config recd.ini --room "$room" --launch "bash $PWD/launch"; }

# standins_killed: all that hold a lock but $live.
standins_killed() {
    local f pid
    for f in live/tasks/*/lock; do
        [[ $f != */$live/* && -s $f ]] || continue
        ! flock -n "$f" true || continue
        pid=$(<"$f")
        [[ ! $pid ]] || kill -KILL "$pid" 2>/dev/null || true
    done
}

# missing DIR: of the time from the first to the last sound, what no segment covers, in ms, which times are rounded to.
# recorded DIR: how much it is.
missing() {
    awk -F '[:,]' '/FILE-ATTR/ { at = $2 } /^#EXTINF/ { printf "%.0f %.0f\n", at, at + $2 * 1000 }' "$1"/*_audio.m3u8 | sort -n |
        awk 'NR > 1 && $1 > end + 1 { lost += $1 - end } $2 > end { end = $2 } END { printf "%d\n", lost }'
}
recorded() { awk -F '[:,]' '/^#EXTINF/ { s += $2 } END { printf "%d\n", s * 1000 }' "$1"/*_audio.m3u8; }

@test "1,000 kill -9 under load: no task without an end, no callback lost or doubled, no file or sound missing" {
    local i id live tasks=() at=0 kills=${TRTC_KILLS:-1000} began ended storage
    serving --key-file key
    config "callback_url = $url" "callback_key = $(<key)" '[limits]' 'calls = 1000' 'tasks = 1000'
    live_begun
    service
    request '.RoomId = "900000" | .RecordParams.OutputFormat = 0'
    created
    live=$task
    began=${EPOCHREALTIME/./}
    recd_killed
    for ((i = 0; i < kills; i++)); do
        service
        if ((i % 10 == 0)); then
            request ".RoomId = \"$((i + 1))\""
            trtc-rec create --secret-file keys -f request.json --retries 0 >out 2>err &
        elif ((i % 10 == 5)); then
            mapfile -t tasks < <(find live/tasks -mindepth 1 -maxdepth 1 ! -name "$live" -printf '%T@ %f\n' | sort -n | cut -d' ' -f2)
            id=${tasks[at++ % (${#tasks[@]} + 1)]-}
            [[ ! $id ]] || trtc-rec delete --secret-file keys --sdkappid "$app" --retries 0 "$id" >out 2>err &
        elif ((i % 37 == 36)); then
            standins_killed
        fi
        sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
        recd_killed
        wait $! 2>/dev/null || true
    done
    service
    ended=${EPOCHREALTIME/./}
    mapfile -t tasks < <(find live/tasks -mindepth 1 -maxdepth 1 -printf '%f\n')
    for id in "${tasks[@]}"; do
        trtc-rec delete --secret-file keys --sdkappid "$app" "$id" >out 2>err || true
    done
    # shellcheck disable=SC2034 # gone has it
    for task in "${tasks[@]}"; do gone; done
    eventually none_waits
    recd_killed TERM
    python3 "$tree/tests/serve/recdaccount.py" live S >account || fail "$(cat account)"
    storage=live/storage/class-1250000000/math/$live
    trtc-merge -q -f "$storage" -o merged >out 2>err || fail "$?: $(cat out err)"
    printf '%s\n' "$kills kills in $(((ended - began) / 1000)) ms, $(recorded "$storage") ms recorded, $(missing "$storage") ms missing" >>account
    [[ $(missing "$storage") == 0 ]] || fail "$(cat account)"
    (($(recorded "$storage") >= (ended - began) / 1000 - 2000)) || fail "$(cat account)"
    ! jq -e 'select(.Loss)' "live/tasks/$live/events.ndjson" || fail 'a loss'
    sed 's/^/# /' account >&3
}

# received: what a receiver in Python has taken.
received() { [[ ! -e received ]] || cut -d' ' -f1 received | sort | xargs; }

have_come() { [[ $(received) == "$1" ]]; }

# receiver PORT: it runs from here on; $receiver is its process.
receiver() {
    python3 "$tree/tests/serve/callbacks.py" "$(<key)" 200 "$1" >port 2>wrong 3>&- &
    receiver=$!
    hook_pids+=($!)
    eventually test -s port
}

@test "a receiver that is away for 40 s gets everything; one that is away for longer than the rule does not, and that is said" {
    receiver 0
    at=$(<port)
    kill "$receiver"
    config "callback_url = http://127.0.0.1:$at/" "callback_key = $(<key)"
    recd --config recd.ini --launch "$(standin leave 99)"
    request
    created
    gone
    sleep 40
    receiver "$at"
    eventually have_come '301 302 303 304 305 307 310'
    kill "$receiver"
    rm received
    request '.RoomId = "2"'
    created
    gone
    sleep 75
    receiver "$at"
    sleep 12
    [[ ! -e received ]] || fail "$(received)"
    [[ $(grep -c 'was given up after' told) == 7 ]] || fail "$(cat told)"
    [[ $(curl -s "$TRTC_ENDPOINT/api/state" | jq -c '[.Callbacks.Waiting, .Callbacks.Sent, .Callbacks.Failed]') == '[0,7,7]' ]] || fail "$(curl -s "$TRTC_ENDPOINT/api/state")"
}

@test "a recorder that hangs is killed two minutes after Delete, and its task ends" {
    recd
    request
    created
    described InProgress
    kill -STOP "$(<"$dir/lock")"
    rec 0 delete "$task"
    sleep 118
    held || fail 'it was killed too early'
    told_of "task $task was asked to end but does not leave its room: its recorder is killed"
    gone
    grep -q '"LeaveCode":0' "$dir/events.ndjson" || fail "$(cat "$dir/events.ndjson")"
}

@test "a recorder that hangs and was started by an earlier run of the service is killed as well" {
    live_begun
    recd --launch "bash $PWD/launch" --room "$room"
    request '.RoomId = "900000"'
    created
    described InProgress
    recd_killed
    recd --launch "bash $PWD/launch" --room "$room"
    kill -STOP "$(<"$dir/lock")"
    rec 0 delete "$task"
    sleep 118
    held || fail 'it was killed too early'
    told_of "task $task was asked to end but does not leave its room: its recorder is killed"
    gone
    grep -q '"LeaveCode":0' "$dir/events.ndjson" || fail "$(cat "$dir/events.ndjson")"
}

@test "an upload that takes longer than a minute: 310 and 311 say that it is stuck, and later where it is" {
    local real bucket vod is
    real=$(command -v trtc-put)
    mkdir bin
    # shellcheck disable=SC2016 # these are for bin/trtc-put
    printf '%s\n' '#!/bin/bash' 'while read -r path; do [[ $path != *.mp4 ]] || sleep 65; echo "$path"; done | '"$real"' "$@"' >bin/trtc-put
    chmod 700 bin/trtc-put
    PATH=$PWD/bin:$PATH recd --launch "$(standin leave 0)"
    request
    created
    request '.StorageParams = { CloudVod: { TencentVod: { ExpireTime: 0 } } } | .RoomId = "2"'
    bucket=$task
    created
    vod=$task
    sleep 75
    recd_killed TERM
    is=$(in_database "select type, body from outbox where task='$bucket' and type>302 and type!=307 order by id" | sed 's/ .*"Status":/ /; s/[,}].*//')
    [[ $(xargs <<<"$is") == *'305 0 310 1 310 0' ]] || fail "$is"
    is=$(in_database "select type, body from outbox where task='$vod' and type>302 order by id" | sed 's/ .*"Status":/ /; s/,.*"FileId".*/ FileId/; s/[,}].*//')
    [[ $(xargs <<<"$is") == '311 1 311 0 FileId 312 0' ]] || fail "$is"
}

@test "the disk fills up in the middle: tasks end, and what is there arrives when there is room" {
    unshare -rm true 2>/dev/null || skip 'no mounts of one'"'"'s own here'
    config '[limits]' 'free = 30' 'end = 20'
    request
    mkdir live
    unshare -rm bash -c '
        mount -t tmpfs -o size=8m none live || exit 99
        trtc-recd --config recd.ini --data live --listen 127.0.0.1:0 --launch "bash $tree/tests/serve/task.sh" 2>told </dev/null &
        recd=$!
        for i in {1..100}; do url=$(sed -n "s/.*listening on \(.*\)\/$/\1/p" told); [[ ! $url ]] || break; sleep 0.05; done
        export TRTC_ENDPOINT=$url
        trtc-rec create --secret-file keys -f request.json >out || exit 1
        task=$(jq -r .TaskId out)
        sleep 3
        head -c 6500000 /dev/zero >live/ballast
        for i in {1..100}; do grep -q "of the disk is free" told && [[ ! -e live/tasks/$task/files ]] && break; sleep 0.1; done
        trtc-rec create --secret-file keys -f request.json --retries 0 >out 2>err && exit 2
        grep -q ResourceInsufficient err || exit 3
        grep -q "\"LeaveCode\":3" "live/tasks/$task/events.ndjson" || exit 4
        [[ -s live/storage/class-1250000000/math/$task/made_1.ts ]] || exit 5
        rm live/ballast
        sleep 3
        trtc-rec create --secret-file keys -f request.json >out 2>err || exit 6
        kill -KILL $recd
        for f in live/tasks/*/lock; do flock -n "$f" true || kill -KILL "$(cat "$f")"; done
        exit 0' || fail "$?: $(cat told)"
}
