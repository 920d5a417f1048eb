#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The page of trtc-recd: used in headless Chromium as a person would, and asked by those who may not.

load ../../lib
load ../../node
load ../../room

teardown() {
    local lock pid
    room_end
    for lock in live/tasks/*/lock; do # a task outlives the service
        [[ -e $lock ]] && pid=$(cat "$lock") && [[ $pid ]] && kill -KILL -- "-$pid" 2>/dev/null || true
    done
}

# service: a room and a service that records it, whose page is at $page.
service() {
    local url
    opened
    : >service
    trtc-recd --listen 127.0.0.1:0 --data live --room "$url" >out 2>service 3>&- &
    room_pids+=($!)
    listens service $!
    page=$url
}

# used MODE: the page does all that it should; what it showed stands in ./shown.
used() {
    need_browser
    service
    "${browse[@]}" page "$page/" "$1" >shown 2>err 3>&- || fail "$(cat err)"
    jq -e '.failed == null and .messages == [] and .trouble == "" and .opened' shown >is || fail "$(cat shown service)"
    jq -e '.played == { "mp4": "plays", "playlist": "plays" }' shown >is || fail "$(cat shown)"
}

@test "the camera is published and mixed, the layout is changed, the task is stopped, and the result plays" {
    used mixed
    [[ $(jq -c .lanes shown) == '["everyone "]' ]]
    [[ $(jq -r '.events | join(" ")' shown) =~ ^301.*307.*302.*310 ]] || fail "$(cat shown)"
    grep -q '"MixLayoutMode":1' live/tasks/*/modify.json || fail "$(cat live/tasks/*/modify.json)"
}

@test "the same with single streams" {
    [[ ${TRTC_LONG:-} ]] || skip 'only in the long tests'
    used single
    [[ $(jq -c .lanes shown) == '["anna sound","anna picture"]' ]]
}

@test "requests from other origins, to other host names, or without the page's header are refused" {
    service
    # asks PATH CURL-OPTION...: the status
    asks() { curl -s -m 5 -o answer -w '%{http_code}' "${@:2}" "$page$1" || true; }
    [[ $(asks /) == 200 ]]
    grep -q '<title>Recordings</title>' answer
    curl -s -D head -o answer "$page/"
    grep -qi "^Content-Security-Policy: default-src 'none'" head
    for path in / /api/state /api/events; do
        [[ $(asks $path -H 'Host: page.example:8490') =~ ^40 ]] || fail "$path"
        [[ $(asks $path -H 'Origin: http://page.example') =~ ^40 ]] || fail "$path"
        [[ $(asks $path -H 'Origin: null') =~ ^40 ]] || fail "$path"
    done
    body='{"RoomId":"3560","RoomIdType":1,"Mode":"single","OutputFormat":0}'
    post=(-H 'Content-Type: application/json' -d "$body")
    own=(-H 'X-Trtc-Page: 1')
    [[ $(asks /api/record "${post[@]}") =~ ^40 ]]
    [[ $(asks /api/record "${own[@]}" "${post[@]}" -H 'Origin: http://page.example') =~ ^40 ]]
    [[ $(asks /api/record "${own[@]}" "${post[@]}" -H 'Origin: http://127.0.0.1:1') =~ ^40 ]]
    [[ $(asks /api/record "${own[@]}" "${post[@]}" -H 'Host: page.example') =~ ^40 ]]
    [[ $(asks /api/record "${own[@]}" -d "$body" -H 'Content-Type: text/plain') =~ ^40 ]]
    [[ $(asks /api/record "${own[@]}") =~ ^40 ]]
    [[ $(asks '/task/x/..%2F..%2Fcredentials') =~ ^40 ]]
    [[ $(asks '/task/../credentials' --path-as-is) =~ ^40 ]]
    [[ $(curl -s "$page/api/state" | jq '.Tasks | length') == 0 ]]
    [[ $(asks /api/record "${own[@]}" "${post[@]}" -H "Origin: $page") == 200 ]]
    [[ $(curl -s "$page/api/state" | jq '.Tasks | length') == 1 ]]
}
