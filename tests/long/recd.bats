#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-recd over and over: killed a thousand times under load, with a receiver that is away, on a disk that fills up.

load ../lib
load ../hook
load ../recd

setup_file() {
    files_begin
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

@test "1,000 kill -9 under load: no task without an end, no callback lost or doubled, no file missing" {
    local i id tasks=() at=0
    serving --key-file key
    config "callback_url = $url" "callback_key = $(<key)" '[limits]' 'calls = 1000' 'tasks = 1000'
    for ((i = 0; i < 1000; i++)); do
        recd --config recd.ini
        if ((i % 10 == 0)); then
            request ".RoomId = \"$((i + 1))\""
            trtc-rec create --secret-file keys -f request.json --retries 0 >out 2>err &
        elif ((i % 10 == 5)); then
            mapfile -t tasks < <(find live/tasks -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -n | cut -d' ' -f2)
            id=${tasks[at++ % (${#tasks[@]} + 1)]-}
            [[ ! $id ]] || trtc-rec delete --secret-file keys --sdkappid "$app" --retries 0 "$id" >out 2>err &
        elif ((i % 37 == 36)); then
            tasks_killed
        fi
        sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
        recd_killed
        wait $! 2>/dev/null || true
    done
    recd --config recd.ini
    mapfile -t tasks < <(find live/tasks -mindepth 1 -maxdepth 1 -printf '%f\n')
    for id in "${tasks[@]}"; do
        trtc-rec delete --secret-file keys --sdkappid "$app" "$id" >out 2>err || true
    done
    # shellcheck disable=SC2034 # gone has it
    for task in "${tasks[@]}"; do gone; done
    sleep 5
    python3 "$tree/tests/serve/recdaccount.py" live S >account || fail "$(cat account)"
    sed 's/^/# /' account >&3
}

# received: what a receiver in Python has taken.
received() { [[ ! -e received ]] || cut -d' ' -f1 received | sort | xargs; }

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
    for ((i = 0; i < 200; i++)); do [[ $(received | wc -w) -lt 7 ]] || break; sleep 0.1; done
    [[ $(received) == '301 302 303 304 305 307 310' ]] || fail "$(received)"
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
