#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-task that is killed over and over, and as many streams as it may record.

load ../lib
load ../hls
load ../room
load ../task
load ../put

teardown() {
    stop_serving
    task_end
}

setup_file() {
    files_begin
    mk call --mixed --user "$(user gop=1)" --length 60 --segment 1000
    mv call/*.ts call.ts
}

# live USER: as long as the test lasts.
live() {
    ffmpeg -nostdin -v error -re -stream_loop -1 -i "$BATS_FILE_TMPDIR/call.ts" -c copy -f mpegts -method PUT "$url/3560/$1" 3>&- &
    room_pids+=($!)
}

# some MS: waits up to so long.
some() {
    sleep "$(awk -v ms=$((RANDOM * $1 / 32768)) 'BEGIN { print ms / 1000 }')"
}

# judged DIR KILLS: it is one recording, of which each kill has cost a second at most, and each kill was told.
judged() {
    local lost lists=("$1"/files/*_audio.m3u8)
    [[ -e ${lists[0]} ]] || lists=("$1"/files/*.m3u8) # of a mix
    whole "$1"
    no_leftovers "$1"
    lost=$(missing "${lists[@]}")
    echo "$1 $2 $lost" >>lost
    ((lost <= 1000 * $2)) || fail "$1: $lost ms are missing after $2 kills"
    (($(jq -s 'map(select(.Loss)) | length' "$1/events.ndjson") >= $2)) || fail "$1: not each kill was told"
    trtc-merge -q -p 15 -f "$1/files" -o "$1/merged" >"$1.made" 2>"$1.err" || [[ $? -eq 3 ]] || fail "$1: it is not merged: $(<"$1.err")"
    [[ $(wc -l <"$1.made") -eq 1 ]] || fail "$1: several files"
    muxer=framecrc plays "$(<"$1.made")"
}

# kills_of_task DIR: three, and it goes on each time.
kills_of_task() {
    local n
    trap task_end_here EXIT
    ordered "$1" '"RecordMode":1'
    recording "$1"
    for n in 1 2 3; do
        stands "$1" '.Users | length' 1
        sleep 0.7
        some 1500
        kill -KILL "$task"
        wait "$task" 2>/dev/null || true
        recording "$1"
        noted "$1" "map(select(.EventType == 306)) | length == $n"
    done
    sleep 1.5
    kill -TERM "$task"
    ended 3 "$1"
    judged "$1" 3
}

# kills_of_child DIR PROGRAM KILLS RECORDPARAMS
kills_of_child() {
    local n
    trap task_end_here EXIT
    ordered "$1" "$4"
    recording "$1"
    for ((n = 0; n < $3; n++)); do
        sleep 2.2
        some 1500
        while ! kill -KILL "$(pgrep -P "$task" "$2" | head -n 1)" 2>/dev/null; do sleep 0.2; done
    done
    sleep 1.5
    kill -TERM "$task"
    ended 3 "$1"
}

# lacking N: a task whose Nth allocation fails records all of a stream, or its exit status is not 0.
lacking() {
    local status=0 length
    mkdir "n$1" && cd "n$1" || return
    ordered t '"RecordMode":1,"OutputFormat":1'
    (sleep 3; timeout 1 sh -c 'echo "{\"stop\":{}}" >t/control') 2>/dev/null 3>&- &
    LD_PRELOAD=$BATS_FILE_TMPDIR/failalloc.so FAIL_IN=trtc-task FAIL_AT=$1 FAIL_COUNT=count \
        PATH=$BATS_TEST_TMPDIR/bin:$PATH timeout 30 trtc-task t 2>t.log || status=$?
    [[ $status -le 3 || $status -eq 75 ]] || fail "$1: exit status $status: $(<t.log)"
    ((status == 0)) || return 0
    length=$(lengths t | awk '{ s += $2 } END { print s }')
    [[ -s $(ls t/files/*.mp4) && ${length%.*} -ge 11 ]] || fail "$1: 0, and $length s: $(cat t.log t/events.ndjson)"
}

# task_end_here: what a part of a test started that runs in the background, which the room is not.
task_end_here() {
    room_pids=()
    task_end
}

@test "120 kills of trtc-task: a second is missing at most each time, and it is one recording" {
    local i k all
    opened
    live anna
    for ((i = 0; i < 10; i++)); do
        all=()
        for k in a b c d; do
            { kills_of_task "t$i$k" && rm "fault$i$k"; } >"fault$i$k" 2>&1 &
            all+=($!)
        done
        wait "${all[@]}" || true
    done
    [[ ! $(ls fault* 2>/dev/null) ]] || fail "$(head -c 3000 fault*)"
    awk '{ n += $2; ms += $3 } END { printf "# %d kills, %d ms missing\n", n, ms; exit n != 120 }' lost >&3
}

@test "120 kills of trtc-hls: the same" {
    local k all=()
    opened
    live anna
    for k in a b c d; do
        { kills_of_child "t$k" trtc-hls 30 '"RecordMode":1' && judged "t$k" 30 && rm "fault$k"; } >"fault$k" 2>&1 &
        all+=($!)
    done
    wait "${all[@]}" || true
    [[ ! $(ls fault* 2>/dev/null) ]] || fail "$(head -c 3000 fault*)"
    awk '{ n += $2; ms += $3 } END { printf "# %d kills, %d ms missing\n", n, ms; exit n != 120 }' lost >&3
}

@test "60 kills of trtc-mix, and 30 of its recorder: the same" {
    local all=()
    opened
    live anna
    { kills_of_child tm trtc-mix 60 '"RecordMode":2' && judged tm 60 && rm faultm; } >faultm 2>&1 &
    all+=($!)
    { kills_of_child th trtc-hls 30 '"RecordMode":2' && judged th 30 && rm faulth; } >faulth 2>&1 &
    all+=($!)
    wait "${all[@]}" || true
    [[ ! $(ls fault* 2>/dev/null) ]] || fail "$(head -c 3000 fault*)"
    awk '{ n += $2; ms += $3 } END { printf "# %d kills, %d ms missing\n", n, ms; exit n != 90 }' lost >&3
}

@test "26 users: the last one waits until one leaves" {
    local i
    opened --max-users 50
    ordered t '"RecordMode":1'
    recording t
    for ((i = 10; i < 36; i++)); do
        python3 "$clients" steady "$port" "/3560/u$i" 40000 60 3>&- &
        room_pids+=($!)
        stands t '.Users | length' $((i - 9))
    done
    noted t 'any(.UserId == "u35" and (.Loss // "" | contains("waits")))'
    [[ $(pgrep -P "$task" -c trtc-hls) -eq 25 ]]
    kill -KILL "${room_pids[5]}"
    eventually pgrep -f -P "$task" 'trtc-hls.* -u u35 '
}

@test "a store that is down for 5 minutes, in which the task ends: all files are there in the end, and nothing is lost" {
    local f
    put_begin
    serving --life 900
    opened
    ordered t '"RecordMode":1,"OutputFormat":1'
    recording t --uploader "trtc-put -q --to s3://$bucket?region=ap-test --endpoint $store --root t/files --journal t.journal"
    live anna
    noted t 'map(select(.EventType == 304)) | length == 2' 40
    echo 'any - drop' >script
    sleep 270
    [[ $(jq -s 'map(select(.Type == "segment")) | length' t/events.ndjson) -ge 40 ]] || fail 'it was not recorded meanwhile'
    order '{"stop":{}}'
    noted t 'any(.EventType == 302)' 60
    sleep 30
    jq -es 'all(has("End") | not)' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    echo 'any - right' >script
    noted t 'any(has("End"))' 240
    ended 0
    whole t
    jq -es 'all(has("Loss") | not)' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    [[ $(events_of | tr ' ' '\n' | grep -vx 308 | xargs) == *' 302 305 310' ]] || fail "$(events_of)"
    for f in t/files/*; do has "${f##*/}" "$f"; done
}

@test "any allocation fails: all is recorded, or the exit status says that it is not" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    local nb i k all
    cp "$(command -v failalloc.so)" "$BATS_FILE_TMPDIR/"
    mkdir bin
    # shellcheck disable=SC2016 # these are for bin/trtc-room
    printf '%s\n' '#!/bin/sh' \
        'e() { echo "{\"EventGroupId\":$1,\"EventType\":$2,\"EventInfo\":{\"RoomId\":\"3560\",\"EventMsTs\":$at,\"UserId\":\"anna\"$3}}"; }' \
        "from=',\"Source\":\"$PWD/short.ts\"'" 'at=$(date +%s%3N); e 1 103; e 2 201 "$from"; e 2 203 "$from"' \
        'sleep 0.9; at=$(date +%s%3N); e 2 202; e 2 204; e 1 104; exec sleep 60' >bin/trtc-room
    chmod +x bin/trtc-room
    mk short --mixed --user "$(user)" --length 6 --segment 100
    mv short/*.ts short.ts
    (lacking 0) || fail 'nothing fails, and it does not work'
    nb=$(<n0/count)
    for ((i = 0; i < 20; i++)); do
        all=()
        for k in 0 1 2 3 4 5; do
            k=$((RANDOM % (nb / 120) + (i * 6 + k) * (nb / 120) + 1))
            { (lacking $k) && rm "fault$k"; } >"fault$k" 2>&1 &
            all+=($!)
        done
        wait "${all[@]}" || true
    done
    [[ ! $(ls fault* 2>/dev/null) ]] || fail "$(head -c 3000 fault*)"
}
