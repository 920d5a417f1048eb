#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-task: what is recorded of whom, when it ends, what is written down.

load ../../lib
load ../../hls
load ../../room
load ../../task

# live PATH SECONDS: a publisher who sends so much of the call, as it passes.
live() {
    ffmpeg -nostdin -v error -re -t "$2" -i call.ts -c copy -f mpegts -method PUT "$url$1" 3>&-
}

@test "a user who leaves and comes back is recorded; without users the task ends, although not at an ignored hang-up, and makes MP4" {
    opened
    ordered t '"RecordMode":1,"OutputFormat":1,"MaxIdleTime":5'
    trap '' HUP # as under nohup
    recording t
    trap - HUP
    stands t '[.Status, .Users, .Streams] | tostring' '["Idle",[],[]]'
    live /3560/anna 3
    stands t '.Streams | length' 2
    live /3560/anna 2
    stands t .Status InProgress
    kill -HUP "$task"
    ended 0
    [[ $(events_of) == '301 307 307 302:99' ]] || fail "$(events_of)"
    whole t
    [[ $(grep -c DISCONTINUITY t/files/*_main_video.m3u8) -eq 1 ]]
    [[ $(jq -r 'select(.EventType == 307) | .Payload | [.UserId, .TrackType] | join(" ")' t/events.ndjson | sort | paste -sd,) == 'anna audio,anna video' ]]
    [[ $(jq -r '.Made | select(.) | .FileMessage[] | [.UserId, .TrackType, .MediaId] | join(" ")' t/events.ndjson) == 'anna audio_video main' ]]
    muxer=framecrc plays t/files/*_main.mp4
    stands t '[.Status, .LeaveCode, (.Streams | length), (.EndMs > .StartMs)] | tostring' '["Exited",99,2,true]'
    near "$(jq -r '.Streams[0] | (.EndTimeStamp - .BeginTimeStamp) / 1000' t/status.json)" "$(field t/files/*_main.mp4 v duration)" 0.3
    # Run again, it does nothing.
    expect 0 trtc-task t --room "$url"
    said 'has ended already'
    closed
}

@test "a stream that ends right after its beginning is recorded completely, even repeatedly" {
    opened
    ordered t '"RecordMode":1'
    recording t
    published 200 /3560/anna call.ts
    noted t 'map(select(.Type == "playlist")) | length >= 2'
    published 200 /3560/ben call.ts
    published 200 /3560/ben/aux call.ts
    noted t 'map(select(.EventType == 307)) | length == 6'
    kill -TERM "$task"
    ended 0
    [[ $(events_of) == '301 307 307 307 307 307 307 302' ]]
    whole t
    [[ $(lengths t | grep -c 'video.m3u8 6.0$') -eq 3 ]] || fail "$(lengths t)"
}

@test "a stop order ends the task with its code, and completes the recordings" {
    opened
    ordered t '"RecordMode":1,"AvMerge":1'
    recording t
    live /3560/anna 30 3>&- &
    room_pids+=($!)
    stands t .Status InProgress
    sleep 1.5
    expect 75 trtc-task t --room "$url"
    said 'another trtc-task is running it'
    order '{"stop":{"LeaveCode":400}}'
    order 'nonsense'
    order '{"stop":{"LeaveCode":1}}'
    ended 0
    [[ $(grep -c 'left out' t.log) -eq 2 ]]
    [[ $(events_of) == '301 307 302:1' ]]
    whole t
    [[ $(jq -r '.Streams[] | [.TrackType, .FileName] | join(" ")' t/status.json) == 'audio_video '*_main_video.m3u8 ]]
    [[ $(find t -perm /077 ! -name request.json) == '' ]]
}

@test "an interrupt from the terminal ends the task, which ends its children" {
    opened
    ordered t '"RecordMode":1'
    setsid --wait trtc-task t --room "$url" 2>t.log </dev/null 3>&- &
    task=$!
    task_pids+=("$task")
    live /3560/anna 30 2>/dev/null 3>&- &
    room_pids+=($!)
    stands t .Status InProgress
    sleep 1.5
    kill -INT -- "-$(cat t/lock)" "-$(cat t/lock)" # twice, as timeout(1) does
    ended 0
    [[ $(events_of) == '301 307 307 302' ]]
    whole t
}

@test "a user with the robot's id, and the end of the room, end the task" {
    opened
    ordered t '"RecordMode":1'
    recording t
    published 200 /3560/recorder call.ts
    ended 0
    [[ $(events_of) == '301 302:101' ]]
    ordered u '"RecordMode":1'
    recording u
    live /3560/anna 30 3>&- &
    room_pids+=($!)
    stands u .Status InProgress
    sleep 1
    closed
    ended 0 u
    [[ $(events_of u) == '301 307 307 302:2' ]]
    whole u
}

@test "users outside the subscription are not recorded, even after a change; a user comes back after a lost connection" {
    opened
    ordered t '"RecordMode":1,"SubscribeStreamUserIds":{"SubscribeAudioUserIds":["an.*$"],"UnSubscribeVideoUserIds":["anna"]}'
    recording t
    live /3560/anna 30 3>&- &
    room_pids+=($!)
    live /3560/ben 30 3>&- &
    room_pids+=($!)
    stands t '.Users | join(" ")' 'anna ben'
    sleep 2
    order '{"modify":{"SubscribeStreamUserIds":{"UnSubscribeVideoUserIds":["ben"]}}}'
    noted t 'map(select(.EventType == 307)) | length == 2'
    sleep 2
    order '{"stop":{}}'
    ended 0
    whole t
    # anna's sound all the time, and her picture from the change on; ben the other way about
    [[ $(jq -r 'select(.EventType == 307).Payload | [.UserId, .TrackType] | join(" ")' t/events.ndjson | sort | paste -sd,) == 'anna audio,anna video,ben audio,ben video' ]] || fail "$(cat t/events.ndjson)"
    # and nothing is placed behind the time at which it came; of half a second, FFmpeg 6.1 and newer send more with -re
    jq -e '.EndMs as $over | all(.Streams[]; .EndTimeStamp < $over + 800) and (.Streams | map(.BeginTimeStamp) | sort | .[2] - .[1] > 1500)' t/status.json >/dev/null || fail "$(cat t/status.json)"
    [[ -s t/modify.json ]]
}

@test "a room that is lost for a while does not end the task" {
    opened
    at=$port
    ordered t '"RecordMode":1,"MaxIdleTime":60'
    recording t
    live /3560/anna 30 2>/dev/null 3>&- &
    room_pids+=($!)
    stands t .Status InProgress
    sleep 1.5
    kill -KILL "$room"
    sleep 2
    opened --listen "127.0.0.1:$at"
    for ((i = 0; i < 4; i++)); do ! live /3560/anna 6 2>/dev/null || break; done
    noted t 'map(select(.Type == "segment")) | length >= 4'
    order '{"stop":{}}'
    ended 3
    [[ $(events_of) == '301 307 307 302' ]] || fail "$(events_of)"
    jq -es 'any(.Loss // "" | startswith("the room could not be followed"))' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    whole t
}

@test "a wrong request is refused, and nothing is created" {
    url=http://127.0.0.1:9
    expect 64 trtc-task
    said 'exactly one DIR is needed'
    expect 64 trtc-task a b
    expect 66 trtc-task nowhere
    mkdir t
    expect 66 trtc-task t
    said 'request.json'
    echo '{}' >t/request.json
    expect 65 trtc-task t
    rm -r t
    ordered t '"RecordMode":1' '"PrivateMapKey":"kept"'
    expect 77 trtc-task t
    said 'contains a secret'
    unsaid kept
    rm -r t
    ordered t '"RecordMode":1,"MaxIdleTime":1'
    expect 65 trtc-task t
    said 'RecordParams.MaxIdleTime'
    [[ $(ls t) == request.json ]]
}

@test "the TaskId is that of the file, or the name of the directory" {
    opened
    ordered t '"RecordMode":1'
    recording t
    stands t .TaskId t
    order '{"stop":{}}'
    ended 0
    ordered u '"RecordMode":1'
    echo 'AAbb+CC-dd..' >u/task
    recording u
    stands u .TaskId 'AAbb+CC-dd..'
    order '{"stop":{}}' u
    ended 0 u
}
