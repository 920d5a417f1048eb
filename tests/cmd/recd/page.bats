#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the page of trtc-recd asks for: answered on loopback, to the page itself, and to nothing else.

load ../../lib
load ../../recd

setup_file() {
    files_begin
}

setup() {
    test_begin
    recd_begin
    recd --room http://127.0.0.1:1
}

teardown() {
    recd_end
}

# order NAME BODY [CURL-OPTION...]: what /api/NAME answers, in ./out.
order() {
    curl -s -o out -H 'Content-Type: application/json' -H 'X-Trtc-Page: 1' -d "$2" "${@:3}" "$url/api/$1"
}

# state FILTER EXPECTED: of /api/state; waits for that.
state() {
    local i is
    for ((i = 0; i < 100; i++)); do
        is=$(curl -s "$url/api/state" | jq -cr "$1")
        [[ $is != "$2" ]] || return 0
        sleep 0.05
    done
    fail "'$is', not '$2'"
}

@test "the page, and what it shows of a task that its button has begun" {
    curl -s -D head "$url/" >page
    grep -q '^<!DOCTYPE html>' page || fail 'no page'
    grep -qi "^Content-Security-Policy: default-src 'none'" head || fail "$(cat head)"
    curl -sN "$url/api/events" >events 3>&- &
    recd_pids+=($!)
    order record '{"RoomId":"3560","Mode":"mixed","OutputFormat":1,"MixLayoutMode":3}'
    task=$(jq -r .TaskId out)
    state '.Tasks[0] | [.TaskId, .Mode, .Status, .Users[0], .Files[0].FileName, .LeaveCode]' "[\"$task\",\"mixed\",\"InProgress\",\"anna\",\"made.m3u8\",null]"
    state '[.Room, .SdkAppId, .Callbacks.Url]' '["http://127.0.0.1:1",1400000001,null]'
    order layout "{\"TaskId\":\"$task\",\"MixLayoutMode\":1,\"MaxResolutionUserId\":\"anna\"}"
    order stop "{\"TaskId\":\"$task\"}"
    state '.Tasks[0] | [.Status, .LeaveCode, .Uploads.Waiting]' '["Exited",0,0]'
    grep -q '"MaxResolutionUserId":"anna"' "live/tasks/$task/told" || fail "$(cat "live/tasks/$task/told")"
    sleep 0.5
    [[ $(sed -n 's/^data: {"Id.*"EventType":\([0-9]*\).*/\1/p' events | xargs) == '301 303 307 304 302 305 310' ]] || fail "$(cat events)"
    curl -s -o got "$url/task/$task/made.mp4"
    cmp got "live/storage/page/$task/made.mp4"
    [[ $(curl -s -r 0-2 "$url/task/$task/made.mp4") == mp4 ]] || fail 'no part of a file'
    order stop "{\"TaskId\":\"$task\"}"
    [[ $(jq -r .Error.Code out) == ResourceNotFound ]] || fail "$(cat out)"
}

@test "pages of others, other names, other paths: nothing" {
    local o
    for o in 'Origin: http://evil.example' 'Origin: null' 'Host: evil.example' 'Origin: http://127.0.0.1:1' 'Sec-Fetch-Site: cross-site'; do
        [[ $(curl -s -o /dev/null -w '%{http_code}' -H "$o" "$url/api/state") == 404 ]] || fail "$o"
        order record '{"RoomId":"1"}' -H "$o"
        [[ $(jq .TaskId out) == null ]] || fail "$o"
    done
    [[ $(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: text/plain' -H 'X-Trtc-Page: 1' -d '{"RoomId":"1"}' "$url/api/record") == 403 ]]
    [[ $(curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -d '{"RoomId":"1"}' "$url/api/record") == 403 ]]
    state '.Tasks | length' 0
    order record '{"RoomId":"3560","Mode":"single"}'
    task=$(jq -r .TaskId out)
    for o in "/task/$task/../../recd.db" "/task/$task/..%2f..%2frecd.db" "/task/$task/request.json" /task/x/made.m3u8 /recd.db /credentials "/task/$task/%2e%2e/request.json"; do
        [[ $(curl -s --path-as-is -o /dev/null -w '%{http_code}' "$url$o") == 404 ]] || fail "$o"
    done
    ln -s ../../../recd.db "live/tasks/$task/files/x.ts"
    [[ $(curl -s -o /dev/null -w '%{http_code}' "$url/task/$task/x.ts") == 404 ]] || fail 'a link leads out'
}
