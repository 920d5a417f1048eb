#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A real application: its callbacks of rooms and media come to trtc-hook, its streams are pushed to a server, and trtc-room
# watch brings both into a trtc-room, where a task records them. The server is stood in for by another trtc-room; the long
# tests have nginx with its RTMP module.

load ../../lib
load ../../room

# pushing: the server that the application pushes to; its address is $pushed.
pushing() {
    opened
    pushed=$url
    mv events events-pushed # its own go on there
}

# watching: the callbacks' address is $hook.
watching() {
    echo exampleCallbackKey0123456789ABCD >key
    trtc-room watch --relay "$url" --source "$pushed/{room}/{user}?wait=10s" \
        "exec:trtc-hook serve --listen 127.0.0.1:0 --spool spool --key-file key" >watched 2>watch-told 3>&- &
    watch=$!
    room_pids+=("$watch")
    local url
    listens watch-told "$watch"
    hook=$url
}

# called TYPE USER: the application's callback, signed.
called() {
    local ms=${EPOCHREALTIME/./}
    ms=${ms%???}
    jq -cn --argjson type "$1" --arg user "$2" --argjson ms "$ms" '{ EventGroupId: ($type / 100 | floor), EventType: $type, CallbackTs: $ms,
        EventInfo: ({ RoomId: 3560, EventTs: ($ms / 1000 | floor), EventMsTs: $ms } +
            if $user == "" then {} else { UserId: $user, Role: 20, TerminalType: 2, UserType: 3, Reason: 1 } end) }' >body
    trtc-hook send -q --url "$hook" --key-file key -f body || fail "$(cat body)"
}

# pushed_by USER SECONDS: as the application's relay pushes it.
pushed_by() {
    ffmpeg -v error -re "${marked[@]}" -t "$2" -c:v libx264 -preset ultrafast -tune zerolatency -g 12 -pix_fmt yuv420p \
        -c:a aac -f flv -method PUT "$pushed/3560/$1" 2>push-told </dev/null 3>&- &
    push=$!
    room_pids+=("$push")
}

@test "its users are recorded: names and times by its callbacks, media by what it pushes" {
    pushing
    opened
    watching
    mkdir task
    jq -n '{ SdkAppId: 1400000001, RoomId: "3560", RoomIdType: 1, UserId: "robot",
        RecordParams: { RecordMode: 1, StreamType: 0, MaxIdleTime: 30, OutputFormat: 1, AvMerge: 1 },
        StorageParams: { CloudStorage: { Vendor: 0, Region: "ap-shanghai", Bucket: "b-1" } } }' >task/request.json
    trtc-task -q task --room "$url" 2>task-told 3>&- &
    task=$!
    room_pids+=("$task")
    called 101 ''
    called 103 anna
    called 203 anna
    called 201 anna
    pushed_by anna 20
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    [[ $(jq -r 'select(.EventType == 201).EventInfo.Source' watched) == "$url/3560/anna?wait=10s" ]]
    sleep 5
    called 104 anna
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    [[ $(event 5 .EventInfo.Reason) == 1 ]]
    called 102 ''
    status=0
    wait "$task" || status=$?
    [[ $status -eq 0 || $status -eq 3 ]] || fail "$status: $(cat task-told)"
    [[ $(jq -r 'select(.EventType == 302).Payload.LeaveCode' task/events.ndjson) == 2 ]] || fail "$(cat task/events.ndjson)"
    together task/files/*.mp4
    [[ ! $(grep -v 'listening on' watch-told) ]] || fail "$(cat watch-told)"
    kill -TERM "$watch"
    wait "$watch" || [[ $? -eq 143 ]]
}
