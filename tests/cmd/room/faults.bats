#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room serve when things go wrong: publishers that die or are silent, slow and many readers, hostile clients, a converter
# that fails, a receiver of callbacks that is down.

load ../../lib
load ../../room

@test "a publisher is killed: its readers get all it sent, and its user leaves" {
    opened
    reading /3560/anna got.ts
    python3 "$clients" hold "$port" /3560/anna call.ts 3>&- &
    publisher=$!
    room_pids+=("$publisher")
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    eventually cmp got.ts call.ts
    kill -KILL "$publisher"
    wait "$reader"
    cmp got.ts call.ts
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    [[ $(event 5 .EventInfo.Reason) == 2 ]]
    told_of '3560/anna: its publisher disconnected'
}

@test "a publisher that is silent is ended" {
    opened --idle 500ms
    reading /3560/anna got.ts
    python3 "$clients" hold "$port" /3560/anna call.ts 3>&- &
    room_pids+=($!)
    wait "$reader"
    cmp got.ts call.ts
    told_of '3560/anna: nothing arrived for'
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    [[ $(event 5 .EventInfo.Reason) == 2 ]]
}

@test "a slow reader loses whole packets, which is reported, and another loses none" {
    opened
    python3 "$clients" slow "$port" /3560/anna 24 0.3 >lost || fail "$(cat lost)"
    told_of "is too slow, and has disconnected: $(cat lost) packets lost"
}

@test "two hundred readers, each of which gets everything" {
    opened
    python3 "$clients" crowd "$port" /3560/anna 200 2 || fail "$(cat told)"
    [[ ! $(grep -v listening told) ]]
}

@test "hostile clients are refused, and honest ones are served" {
    opened --max-connections 256 --max-users 100
    python3 "$clients" hostile "$room" "$port" call.ts || fail "$(cat told)"
    kill -0 "$room"
}

@test "a stream that cannot become MPEG-TS is refused, with the reason" {
    opened
    { printf '\x1a\x45\xdf\xa3' && head -c 50000 /dev/zero; } >bad.mkv
    published 415 /3560/anna bad.mkv
    told_of '3560/anna: ffmpeg, which converts it to MPEG-TS, failed: '
    saw ''
    closed
    mkdir bin
    ln -s "$(command -v trtc-room)" bin/
    room_path=$PWD/bin opened
    published 503 /3560/anna bad.mkv
    told_of 'cannot start ffmpeg'
}

@test "the converter has no key, none of our environment, and limited memory" {
    printf '#!/bin/sh\n{ env; ls -l /proc/self/fd; cat /proc/self/limits; } >%s/fifo 2>&1\nexec cat\n' "$PWD" >ffmpeg
    chmod 700 ffmpeg
    mkfifo fifo # it may write no file
    timeout 60 cat fifo >seen 3>&- &
    reader=$!
    room_pids+=("$reader")
    echo secretOfTheApplication >key
    SECRET_CANARY=canary room_path=$PWD:$PATH opened --key-file key
    sig=$(sig anna secretOfTheApplication)
    { printf '\x1a\x45\xdf\xa3' && cat call.ts; } >in.mkv
    published 200 "/3560/anna?usersig=$sig" in.mkv
    wait "$reader" # the converter has written everything
    [[ -s seen && ! $(grep -E 'canary|secretOf|TRTC|HOME' seen) ]]
    grep -q '^Max address space *1073741824' seen
    grep -q '^Max file size *0' seen
    grep -q '^Max core file size *0' seen
    [[ $(grep -c 'socket:' seen) -eq 0 ]]
}

hooked_are() { [[ $(jq -r .type hooked | paste -sd' ') == "$1" ]]; }

@test "callbacks: a receiver that is down for a moment gets all; one that stays down is reported" {
    hook=$(free_port)
    opened --dismiss 1h --hook "http://127.0.0.1:$hook/"
    published 200 /3560/anna call.ts
    sleep 0.5
    trtc-hook serve --listen "127.0.0.1:$hook" --spool S --unsigned >hooked 2>hook-told 3>&- &
    room_pids+=($!)
    eventually hooked_are '101 103 201 203 104' || fail "$(cat hooked told hook-told)"
    kill "${room_pids[-1]}"
    published 200 /3560/ben call.ts
    closed
    told_of 'events could not be sent'
}

@test "memory runs out at the start: 75, and the address is not blamed" {
    local at status tried=0
    [[ -z ${TRTC_SAN:-} ]] || skip 'not under the sanitizers'
    opened
    # an address that is in use, so that each of them ends
    for ((at = 1; at <= 90; at++)); do
        status=0
        LD_PRELOAD=$(command -v failalloc.so) FAIL_AT=$at FAIL_IN=trtc-room \
            timeout 20 trtc-room serve --listen "${url#http://}" >out 2>err </dev/null || status=$?
        [[ $status -ne 64 ]] || fail "allocation $at: $(<err)"
        unsaid 'not a numeric address'
        tried=$((tried + (status == 75)))
    done
    ((tried > 10)) || fail "only $tried"
    closed
}

@test "memory runs out in a watch: it reports all who are there, or ends with 75, so that the next one does" {
    local at status watch short=0 whole=0
    [[ -z ${TRTC_SAN:-} ]] || skip 'not under the sanitizers'
    opened --idle 10m
    mkfifo fed
    curl -s -T - "$url/3560/anna" <fed >/dev/null 2>&1 3>&- &
    room_pids+=($!)
    exec 8>fed
    cat call.ts >&8
    eventually grep -q '"EventType":203' events
    for ((at = 3; at <= 150 && whole < 4; at += 3)); do
        status=0
        rm -f out # of the watch before: this one may be slow to begin
        LD_PRELOAD=$(command -v failalloc.so) FAIL_AT=$at FAIL_IN=trtc-room trtc-room watch "$url" >out 2>err </dev/null 3>&- 8>&- &
        watch=$!
        room_pids+=("$watch")
        eventually all_or_none "$watch" || fail "allocation $at: $(<out) $(<err)"
        kill "$watch" 2>/dev/null || true
        wait "$watch" || status=$?
        unset 'room_pids[-1]'
        [[ $status -eq 75 || $(jq -r .EventType out | xargs) == '101 103 201 203' ]] || fail "allocation $at: $status: $(<out)"
        short=$((short + (status == 75)))
        whole=$((status == 75 ? 0 : whole + 1))
    done
    exec 8>&-
    ((short > 5)) || fail "only $short"
    closed
}

# all_or_none PID: it has reported everybody, or has ended.
all_or_none() { ! kill -0 "$1" 2>/dev/null || [[ $(jq -r .EventType out | xargs) == '101 103 201 203' ]]; }
