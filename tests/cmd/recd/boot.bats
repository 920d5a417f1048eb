#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-recd that dies: tasks go on, it goes on with them, and nothing is lost or said twice.

load ../../lib
load ../../hook
load ../../recd

setup() {
    test_begin
    hook_begin
    recd_begin
}

teardown() {
    recd_end
    hook_end
}

# with_hook: a receiver of callbacks, and a service that sends them there.
with_hook() {
    serving --key-file key
    config "callback_url = $url" "callback_key = $(<key)"
    recd --config recd.ini
}

# spooled: the callbacks of the task that the receiver has, "301 302 ...", in the order of their time.
spooled() {
    find S -name '*.json' -printf '%f\n' | sort | cut -d- -f2 | xargs
}

@test "the service is killed and restarted: the task is the same process, and its callbacks arrive once" {
    with_hook
    request
    created
    described InProgress
    pid=$(<"$dir/lock")
    for _ in 1 2 3; do
        recd_killed
        recd --config recd.ini
        described InProgress
    done
    [[ $(<"$dir/lock") == "$pid" ]] || fail 'it is another process'
    rec 0 delete --sdkappid "$app" "$task"
    gone
    eventually same_as_sent || fail "$(spooled)"
}

# same_as_sent: each event once, and all of them. The file (304) is the service's own event, and its place among those
# of the task (301, 302) is not certain on a busy machine.
same_as_sent() {
    [[ $(spooled) =~ ^'301 303 307 '('304 302'|'302 304')' 305 310'$ ]]
}

@test "the task ends while the service is down: its callbacks are sent when it is back" {
    with_hook
    request
    created
    described InProgress
    recd_killed
    echo '{"stop":{"LeaveCode":2}}' >"$dir/control"
    eventually grep -q '"End"' "$dir/events.ndjson"
    recd --config recd.ini
    gone
    eventually same_as_sent || fail "$(spooled)"
    [[ -s live/storage/class-1250000000/math/$task/made.mp4 ]] || fail "$(find live/storage)"
}

@test "everything is killed: the task continues with the next recovery number; after the third time it ends" {
    with_hook
    request
    created
    described InProgress
    for i in 1 2 3; do
        recd_killed
        tasks_killed
        recd --config recd.ini
        eventually held
        described InProgress ".StorageFileList[0].FileName == \"ha${i}_made.m3u8\"" # not the status of the run before
    done
    tasks_killed
    gone
    eventually all_failovers || fail "$(spooled)"
    [[ -s live/storage/class-1250000000/math/$task/ha3_made.m3u8 ]] || fail "$(find live/storage)"
}

all_failovers() {
    [[ $(spooled | tr ' ' '\n' | sort | uniq -c | xargs) == '1 301 1 302 1 303 4 304 1 305 3 306 4 307 1 310' ]]
}

@test "only the task is killed: it is restarted at once" {
    with_hook
    request
    created
    described InProgress
    tasks_killed
    eventually grep -q '"EventType":306' "$dir/events.ndjson"
    described InProgress '.StorageFileList[0].FileName == "ha1_made.m3u8"'
}

@test "a delete and a change that the task has not received are repeated" {
    recd --launch "$(standin)"
    request '.RecordParams.RecordMode = 2'
    created
    described InProgress
    kill -STOP "$(<"$dir/lock")"
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":1}}"
    rec 0 delete --sdkappid "$app" "$task"
    recd_killed
    kill -KILL "$(<"$dir/lock")"
    recd
    gone
    grep -q '{"modify":{"MixLayoutParams":{"MixLayoutMode":1}}}' "$dir/told" || fail "$(cat "$dir/told")"
}

@test "the database is damaged: this is reported, recordings go on, and Describe answers" {
    recd
    request
    created
    described InProgress
    recd_killed TERM
    python3 -c 'f = open("live/recd.db", "r+b"); f.seek(5000); f.write(b"Z" * 30000)'
    recd
    told_of 'the state can no longer be changed'
    described InProgress
    held || fail 'it has ended'
    code InternalError.CRInternalError DeleteCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\"}"
    code ResourceNotFound DescribeCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"../x\"}"
    code ResourceNotFound DescribeCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"nothing\"}"
    request '.RoomId = "2"'
    expect 75 trtc-rec create --secret-file live/credentials -f request.json --retries 0
    [[ $(find live/tasks -mindepth 1 -maxdepth 1 | wc -l) == 1 ]] || fail 'something was made'
}

@test "a task without its directory ends; a recorder of an unknown task is asked to end" {
    recd
    request
    created
    described InProgress
    recd_killed
    tasks_killed
    rm -r "$dir"
    recd
    gone
    request '.RoomId = "2"'
    created
    described InProgress
    recd_killed
    rm live/recd.db*
    recd
    told_of 'belongs to no known task: its recorder was asked to end, and its files stay there'
    eventually grep -q '"LeaveCode":3' "$dir/events.ndjson"
    [[ -s $dir/files/made_1.ts ]] || fail "$(find "$dir")"
}

@test "a launcher that starts nothing is ended with its task, and a later start finds the task ended" {
    # shellcheck disable=SC2016
    echo 'echo $$ >"$1/launcher"; exec sleep 100' >launch
    recd --launch "bash $PWD/launch"
    request
    created
    eventually test -s "$dir/launcher"
    rec 0 delete "$task"
    gone
    ! kill -0 "$(<"$dir/launcher")" 2>/dev/null || fail 'it still runs'
    expect 143 trtc-task "$dir"
    grep -q 'has ended already' err || fail "$(cat err)"
    recd_killed TERM
    [[ $(in_database 'select type, body from outbox' | sed 's/ .*"Payload":/ /; s/}}$//' | xargs) == '301 {Status:1} 302 {LeaveCode:0} 305 {Status:1}' ]] || fail "$(in_database 'select type, body from outbox')"
}

@test "where the kernel does not report the end of a process: a killed task is restarted, and what is uploaded is removed" {
    python3 "$tree/tests/serve/nopidfd.py" true || skip 'no seccomp here'
    mkdir bin
    printf '%s\n' '#!/bin/bash' "exec python3 '$tree/tests/serve/nopidfd.py' '$(command -v trtc-recd)' \"\$@\"" >bin/trtc-recd
    chmod 700 bin/trtc-recd
    PATH=$PWD/bin:$PATH recd --launch "$(standin slow)"
    request
    created
    eventually held
    sleep 0.5
    tasks_killed
    eventually grep -q '"EventType":306' "$dir/events.ndjson"
    rec 0 delete "$task"
    gone
    [[ -s live/storage/class-1250000000/math/$task/ha1_made.mp4 ]] || fail "$(find live/storage)"
    eventually test ! -e "$dir/files"
}

@test "two services cannot use one directory" {
    recd
    expect 75 trtc-recd --data live --listen 127.0.0.1:0
}

@test "kill -9 again and again under load: no task and no callback is lost or doubled, no file is missing" {
    local i id killed=0 tasks=()
    serving --key-file key
    config "callback_url = $url" "callback_key = $(<key)"
    recd --config recd.ini
    request
    created
    for ((i = 0; i < $(n 20); i++)); do
        ((!i)) || recd --config recd.ini
        if ((i % 4 == 0)); then
            request ".RoomId = \"$((i + 1))\""
            trtc-rec create --secret-file keys -f request.json --retries 0 >out 2>err &
        elif ((i % 4 == 3)) && id=$(find live/tasks -mindepth 1 -maxdepth 1 -printf '%f\n' | head -n $((i / 4 + 1)) | tail -n 1) && [[ $id ]]; then
            trtc-rec delete --secret-file keys --sdkappid "$app" --retries 0 "$id" >out 2>err &
        fi
        sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
        recd_killed
        wait $! 2>/dev/null || true
        killed=$((killed + 1))
    done
    recd --config recd.ini
    mapfile -t tasks < <(find live/tasks -mindepth 1 -maxdepth 1 -printf '%f\n')
    ((${#tasks[@]})) || fail 'no task was made'
    for id in "${tasks[@]}"; do
        trtc-rec delete --secret-file keys --sdkappid "$app" "$id" >out 2>err || true
    done
    for task in "${tasks[@]}"; do gone; done
    eventually none_waits
    recd_killed TERM
    python3 "$tree/tests/serve/recdaccount.py" live S >account || fail "$(cat account)"
    cat account
}

