#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-task when something dies: its children, itself, all of them; and what a full disk or a torn journal does.

load ../../lib
load ../../hls
load ../../room
load ../../task

setup_file() {
    files_begin
    mk call --mixed --user "$(user gop=1)" --length 30 --segment 100
    mv call/*.ts call.ts
}

# live USER SECONDS: in the background.
live() {
    ffmpeg -nostdin -v error -re -t "$2" -i call.ts -c copy -f mpegts -method PUT "$url/3560/$1" 3>&- &
    room_pids+=($!)
}

child() {
    pgrep -P "$task" "$1" | head -n 1
}

# killed: the task, by SIGKILL.
killed() {
    kill -KILL "$task"
    wait "$task" 2>/dev/null || true
}

# in_place_of PROGRAM TEXT: a shell script in its place, in ./bin.
in_place_of() {
    mkdir -p bin
    printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
    chmod +x "bin/$1"
}

# gaps DIR: the longest time between two segments of a track, in whole milliseconds.
gaps() {
    local track
    for track in audio video; do
        awk -F '[:,]' '/FILE-ATTR/ { at = $2 } /^#EXTINF/ { printf "%.0f %.0f\n", at, at + $2 * 1000 }' "$1"/files/*_main_$track.m3u8 | sort -n |
            awk 'NR > 1 && $1 - end > most { most = $1 - end } $2 > end { end = $2 } END { printf "%d\n", most }'
    done
}

@test "a killed recorder is replaced and reported; what trtc-room has kept is not missing" {
    opened
    ordered t '"RecordMode":1,"OutputFormat":1'
    recording t
    live anna 12
    stands t .Status InProgress
    sleep 2.5
    kill -KILL "$(child trtc-hls)"
    noted t 'any(.Loss // "" | contains("rescued"))'
    sleep 3
    order '{"stop":{}}'
    ended 3
    whole t
    [[ $(events_of) == '301 307 307 307 307 302' ]]
    jq -es 'any(.Loss // "" | startswith("the recorder of the primary stream was ended by signal 9"))' t/events.ndjson >/dev/null
    while read -r ms; do ((ms <= 500)) || fail "$ms ms are missing"; done < <(gaps t)
    jq -es 'all(.[]; .Loss // "" | contains("key frame") | not)' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    muxer=framecrc plays t/files/*.mp4
}

@test "a killed task continues with the next recovery number; after three times it ends" {
    local n
    opened
    ordered t '"RecordMode":1'
    recording t
    live anna 28
    stands t .Status InProgress
    for n in 1 2 3; do
        sleep 1.5
        killed
        recording t
        noted t "map(select(.EventType == 306)) | length == $n"
        stands t '[.Status, .Ha] | tostring' "[\"InProgress\",$n]"
    done
    sleep 1.5
    killed
    # a child that still completes its files
    n=t/files/.ha3_1400000001_3560__UserId_s_YW5uYQ..__UserId_e_main_audio_20990101000000000.ts.part
    { flock 9 && touch locked && sleep 1 && touch completed && rm "$n"; } 9>"$n" 3>&- &
    waited test -e locked
    recording t
    ended 3
    [[ -e completed ]]
    [[ $(events_of) =~ ^301' '.*306' '.*306' '.*306' '.*302:100$ ]]
    [[ $(jq -c 'select(.End).End' t/events.ndjson) == '{"Status":1,"ExitStatus":3}' ]]
    whole t
    [[ $(find t/files -name 'ha3_*_video.m3u8' | wc -l) -eq 1 ]]
    no_leftovers t
    trtc-merge -q -f t/files -o merged >out 2>err || [[ $? -eq 3 ]]
    muxer=framecrc plays "$(<out)"
}

@test "everything is killed at once: open segments are completed, and nothing is listed twice" {
    local pids
    opened
    ordered t '"RecordMode":1'
    recording t
    live anna 12
    live ben 12
    stands t '.Users | length' 2
    sleep 2.5
    pids=$(pgrep -P "$task")
    # shellcheck disable=SC2086 # several
    kill -KILL "$task" $pids
    wait "$task" 2>/dev/null || true
    printf '{"Seq":9,"EventMs' >>t/events.ndjson # torn
    sleep 0.5
    recording t
    noted t 'map(select(.Loss // "" | contains("rescued"))) | length == 2'
    sleep 2
    order '{"stop":{}}'
    ended 3
    whole t
    no_leftovers t
    [[ $(jq -r 'select(.EventType == 307).Payload.FileName' t/events.ndjson | sort | uniq -d) == '' ]]
    [[ $(jq -r 'select(.Type == "segment").File' t/events.ndjson | sort | uniq -d) == '' ]]
}

@test "killed after the recorder had left: the next run finishes, and records nothing" {
    opened
    ordered t '"RecordMode":1,"OutputFormat":1'
    in_place_of trtc-merge 'sleep 60'
    PATH=$PWD/bin:$PATH recording t
    live anna 12
    stands t .Status InProgress
    sleep 1.5
    order '{"stop":{}}'
    noted t 'any(.EventType == 302)'
    stands t .Status Exited
    sleep 0.2
    killed
    trtc-task t --room "$url" 2>>t.log || fail "$? $(cat t.log)"
    [[ $(events_of) == '301 307 307 302' ]]
    whole t
    muxer=framecrc plays t/files/*.mp4
}

@test "trtc-room watch is restarted when it dies; present users are still recorded, users who left meanwhile are not" {
    local first
    opened
    ordered t '"RecordMode":1'
    recording t
    live anna 20
    stands t .Status InProgress
    first=$(child trtc-hls)
    kill -KILL "$(child trtc-room)"
    sleep 0.5
    live ben 20
    stands t '.Users | join(" ")' 'anna ben'
    sleep 3
    kill -0 "$first" || fail 'anna was recorded anew'
    order '{"stop":{}}'
    ended 0
    [[ $(events_of) == '301 307 307 307 307 302' ]]
}

@test "a room that cannot be followed is reported, and tried again after pauses that become longer" {
    local n
    ordered t '"RecordMode":1'
    trtc-task t --room exec:false 2>t.log </dev/null 3>&- &
    task=$!
    task_pids+=("$task")
    noted t 'any(.EventType == 301)'
    sleep 3
    order '{"stop":{}}'
    ended 3
    [[ $(jq -r 'select(.Loss).Loss' t/events.ndjson) == 'the room could not be followed for a while: '* ]]
    n=$(grep -c 'is started again' t.log)
    ((n == 2 || n == 3)) || fail "$n starts"
}

@test "a stream that breaks off is recorded again in the same playlist, even if the clock was set back meanwhile" {
    opened
    ordered t '"RecordMode":1'
    clock_in ahead
    recording t
    live anna 20
    stands t .Status InProgress
    sleep 1.5
    kill -KILL "${room_pids[-1]}"
    stands t '.Users' '[]'
    echo -3600 >ahead
    live anna 20
    stands t '.Users | join(" ")' anna
    sleep 2
    order '{"stop":{}}'
    ended 0
    whole t
    [[ -n ${TRTC_SAN:-} || $(grep -c 'the time of day was set back by 3600 s; ' t.log) -eq 1 ]] || fail "$(<t.log)"
    [[ $(gaps t | sort -n | tail -n 1) -lt 20000 ]] || fail "gaps: $(gaps t | xargs)"
    [[ $(events_of) == '301 307 307 302' ]]
    [[ $(grep -c DISCONTINUITY t/files/*_main_video.m3u8) -eq 1 ]]
}

# room_says TEXT: in the place of trtc-room, a script in which `come` and `go` report a user with the stream of call.ts.
room_says() {
    # shellcheck disable=SC2016 # these are for the script
    in_place_of trtc-room 'e() { echo "{\"EventGroupId\":$1,\"EventType\":$2,\"EventInfo\":{\"RoomId\":\"3560\",\"EventMsTs\":$at,\"UserId\":\"anna\"$3}}"; }
from=",\"Source\":\"'"$BATS_FILE_TMPDIR"'/call.ts\""
come() { at=$(date +%s%3N); e 1 103; e 2 203 "$from"; e 2 201 "$from"; }
go() { at=$(date +%s%3N); e 2 204; e 2 202; e 1 104; }
'"$1"
}

# run_there: a task in the background, with the programs of ./bin first.
run_there() {
    PATH=$PWD/bin:$PATH trtc-task t 2>t.log </dev/null 3>&- &
    task=$!
    task_pids+=("$task")
}

@test "a stream that ends before its recorder has begun is a loss" {
    ordered t '"RecordMode":1'
    in_place_of trtc-hls 'trap "exit 143" TERM; while :; do sleep 0.05; done'
    room_says 'come; sleep 0.5; go; exec sleep 60'
    run_there
    noted t 'any(.Loss // "" | startswith("nothing of the primary stream was recorded"))'
    order '{"stop":{}}'
    ended 3
}

@test "a stream that ends before its recorder has begun is a loss, although the one before it was recorded meanwhile" {
    ordered t '"RecordMode":1'
    # shellcheck disable=SC2016 # these are for the script
    in_place_of trtc-hls 'if [ -e again ]; then trap "exit 143" TERM; touch begun; fi
printed() { sleep 0.4; printf "{\"kind\":\"segment\",\"path\":\"files/7_3560.ts\",\"track\":\"audio\",\"start_ms\":1,\"duration_ms\":2}\n"; exit 0; }
[ -e again ] || trap printed TERM
touch again
while :; do sleep 0.05; done'
    room_says 'until [ -e t/again ]; do sleep 0.05; done & come; wait; go; come; until [ -e t/begun ]; do sleep 0.05; done; go; exec sleep 60'
    run_there
    noted t 'any(.Loss // "" | startswith("nothing of the primary stream was recorded"))'
    order '{"stop":{}}'
    ended 3
    [[ $(jq -r 'select(.File).File' t/events.ndjson) == files/7_3560.ts ]]
}

@test "a user who comes while a new trtc-room still reports is recorded at once" {
    ordered t '"RecordMode":1'
    room_says '[ -e again ] || { touch again; exit 1; }
come; n=0; until [ $n = 24 ] || ls t/files/*video*.m3u8 t/files/*audio*.m3u8 >/dev/null 2>&1; do sleep 0.05; n=$((n + 1)); done; go; exec sleep 60'
    run_there
    stands t '.Streams | length' 2
    order '{"stop":{}}'
    ended 0
}

@test "a killed merge is reported, and a file with a long line is listed" {
    opened
    in_place_of trtc-merge 'kill -9 $$'
    ordered t '"RecordMode":1,"OutputFormat":3'
    PATH=$PWD/bin:$PATH recording t
    published 200 /3560/anna call.ts
    stands t '.Streams | length' 2
    order '{"stop":{}}'
    ended 3
    [[ $(jq -r 'select(.Loss).Loss' t/events.ndjson) == 'trtc-merge was ended by signal 9' ]] || fail "$(cat t/events.ndjson)"
    [[ $(jq -c '.Made | select(.) | [.Status, .FileList]' t/events.ndjson) == '[2,[]]' ]]
    in_place_of trtc-merge 'printf "{\"path\":\"files/a.mp4\",\"gaps\":[%0040000d1]}\n" | sed s/0/1,/g; echo "{}"; echo nonsense; head -c 1052672 /dev/zero'
    ordered u '"RecordMode":1,"OutputFormat":3'
    PATH=$PWD/bin:$PATH recording u
    published 200 /3560/anna call.ts
    stands u '.Streams | length' 2
    order '{"stop":{}}' u
    ended 3 u
    [[ $(jq -c '.Made | select(.) | [.Status, .FileList]' u/events.ndjson) == '[2,["a.mp4"]]' ]] || fail "$(cat u/events.ndjson)"
    [[ $(jq -r 'select(.Loss).Loss' u/events.ndjson) == *'the file is not listed'*'a line is too long: left out' ]]
}

@test "a line of the journal that has changed on the disk is left out, which is a loss; lines without a hash are read" {
    ordered t '"RecordMode":1'
    printf '{"Seq":%s}\n' '1,"EventMsTs":1,"EventType":301,"Payload":{"Status":0}' '2,"EventMsTs":2,"Leave":{"LeaveCode":0}' \
        '3,"EventMsTs":3,"EventType":302,"Payload":{"LeaveCode":9},"Check":"0123456789abcdef"' >t/events.ndjson
    expect 3 trtc-task t
    said 'events.ndjson: a line is not as it was written: it is left out'
    [[ $(jq -r 'select(.Loss).Loss' t/events.ndjson) == 'lines of events.ndjson are damaged, and were left out' ]]
    jq -es '[.[3:][] | .Check | test("^[0-9a-f]{16}$")] | all and length > 1' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    sed -i '4s/"Loss"/"Lnss"/' t/events.ndjson
    expect 3 trtc-task t
    said 'events.ndjson: a line is not as it was written: it is left out'
}

@test "files that cannot be completed are left to the next run, or reported" {
    ordered t '"RecordMode":1'
    mkdir t/files
    : >t/files/.1400000001_3560__UserId_s_YW5uYQ..__UserId_e_main_audio.m3u8.lock.part
    printf '{"Seq":1,"EventMsTs":1,%s}\n{"Seq":2,"EventMsTs":2,"Leave":{"LeaveCode":0}}\n' '"EventType":301,"Payload":{"Status":0}' >t/events.ndjson
    in_place_of trtc-hls 'exit 73'
    PATH=$PWD/bin:$PATH expect 75 trtc-task t
    jq -es 'all(has("End") | not)' t/events.ndjson >/dev/null
    (
        ulimit -n 12 # which it reaches when it starts a process
        exec 3>&-
        expect 75 timeout 10 trtc-task t
    )
    said 'cannot start trtc-hls'
    in_place_of trtc-hls 'kill -9 $$'
    PATH=$PWD/bin:$PATH expect 3 trtc-task t
    [[ $(jq -r 'select(.Loss) | .UserId + ": " + .Loss' t/events.ndjson) == 'anna: the trtc-hls that completes'*'was ended by signal 9' ]]
}

@test "the disk is full: this is reported, and existing files are complete and listed" {
    opened
    mkdir disk
    mount -t tmpfs -o size=256k none disk 2>/dev/null || skip 'no tmpfs can be mounted here'
    ordered disk/t '"RecordMode":1'
    recording disk/t
    live anna 20
    stands disk/t .Status InProgress
    head -c 1M /dev/zero >disk/filler 2>/dev/null || true
    sleep 3
    kill -TERM "$task" || true
    sleep 1
    rm disk/filler
    status=0
    wait "$task" || status=$?
    cp -r disk/t t
    umount disk
    [[ $status -eq 3 ]] || fail "exit status $status: $(cat t/events.ndjson t.log)"
    jq -es '.[-1].End.Status == 0 and any(.Loss // "" | contains("No space"))' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    [[ $(events_of) =~ ^301.*302$ ]]
    whole t
}

@test "a file system without locks is reported as that, and so is an id that cannot be read" {
    need_strace
    local status=0
    ordered t '"RecordMode":1'
    echo id >t/task
    strace -qq -o /dev/null -P "$(realpath t)/task" -e inject=read:error=EIO trtc-task t >out 2>err || status=$?
    [[ $status -eq 74 ]] || fail "exit status $status"
    said 't/task: cannot be read: Input/output error'
    status=0
    strace -qq -o /dev/null -e inject=flock:error=ENOLCK trtc-task t >out 2>err || status=$?
    [[ $status -eq 74 ]] || fail "exit status $status"
    said 't: cannot lock it: No locks available'
}
