#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room watch: who is there elsewhere, what changes, and what has changed while nothing was heard.

load ../../lib
load ../../room

# watching ARGUMENT...: events go to ./watched, messages to ./watch-told; $watch is its process.
watching() {
    export heard=watched
    trtc-room watch "$@" >watched 2>watch-told 3>&- &
    watch=$!
    room_pids+=("$watch")
}

# body TYPE ROOM USER [MORE]: a callback.
body() {
    printf '{"EventGroupId":%d,"EventType":%d,"CallbackTs":2,"EventInfo":{"RoomId":%s,"EventTs":1,"EventMsTs":1000,"UserId":"%s"%s}}\n' \
        $(($1 / 100)) "$1" "$2" "$3" "${4:-}"
}

@test "another room: the present state, new events, and once" {
    opened
    python3 "$clients" steady "$port" /3560/anna 40000 30 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    expect 0 trtc-room watch --once "$url"
    quiet
    diff <(jq -c .EventInfo out) <(jq -c 'select(.EventType).EventInfo' events)
    expect 0 trtc-room watch --once --room other "$url/"
    [[ ! -s out ]]
    watching "$url"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    published 200 /1/ben call.ts
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 101 1, 103 1/ben, 201 1/ben, 203 1/ben, 104 1/ben'
    kill -TERM "$watch"
    status=0
    wait "$watch" || status=$?
    [[ $status -eq 143 ]]
}

@test "a lost connection is made again, and only changes are printed" {
    opened
    at=$port
    python3 "$clients" steady "$port" /3560/anna 40000 30 2>/dev/null 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    watching "$url"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    kill -KILL "$room"
    told_of 'trying again' watch-told
    trtc-room serve --listen "127.0.0.1:$at" 2>told 3>&- &
    room_pids+=($!)
    told_of listening
    python3 "$clients" steady "$at" '/3560/carl?video=0' 40000 30 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560, 101 3560, 103 3560/carl, 203 3560/carl'
    [[ $(sed 's/.*: //' watch-told | paste -sd,) == 'trying again,it is available again' ]]
}

@test "a room watched alone does not end with a lost connection" {
    opened
    at=$port
    python3 "$clients" steady "$port" /3560/anna 40000 30 2>/dev/null 3>&- &
    room_pids+=($!)
    watching --room 3560 "$url"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    kill -KILL "$room"
    told_of 'trying again' watch-told
    trtc-room serve --listen "127.0.0.1:$at" 2>told 3>&- &
    room=$!
    room_pids+=("$room")
    told_of listening
    python3 "$clients" steady "$at" '/3560/carl?video=0' 40000 30 2>/dev/null 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 103 3560/carl, 203 3560/carl'
    kill -TERM "$room" # it says that it ends
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 103 3560/carl, 203 3560/carl, 104 3560/carl, 102 3560'
}

@test "no server: once fails, watching keeps trying" {
    port=$(free_port)
    expect 75 trtc-room watch --once "http://127.0.0.1:$port"
    watching "http://127.0.0.1:$port"
    sleep 0.3
    trtc-room serve --listen "127.0.0.1:$port" 2>told 3>&- &
    room_pids+=($!)
    told_of listening
    python3 "$clients" steady "$port" /1/ben 40000 30 3>&- &
    room_pids+=($!)
    saw '101 1, 103 1/ben, 201 1/ben, 203 1/ben'
}

@test "a program: callbacks, flat lines, missing events in between, lines that are not events" {
    {
        body 201 '"r"' anna
        body 203 3560 ben ',"Source":"http://a/b"'
        body 105 '"r"' anna
        body 301 '"r"' anna
        echo '{"type":205,"room":"r","user":"anna","event_ms":5}'
        echo 'no event'
        printf '{"EventType":103,"EventInfo":{"RoomId":"r","UserId":"%070000d"}}\n' 1
        body 104 '"r"' anna
        body 204 3560 ben
    } >lines
    expect 0 trtc-room watch --source 'rtmp://h/{room}/{user}.{media}?{x}' "exec:cat lines"
    mv out events
    saw '101 r, 103 r/anna, 201 r/anna, 101 3560, 103 3560/ben, 203 3560/ben, 205 r/anna, 104 r/anna, 204 3560/ben'
    [[ $(event 3 .EventInfo.Source) == 'rtmp://h/r/anna.main?{x}' && $(event 6 .EventInfo.Source) == http://a/b ]]
    [[ $(event 7 '"\(.EventInfo.Source) \(.EventInfo.EventMsTs)"') == 'rtmp://h/r/anna.aux?{x} 5' ]]
    [[ $(wc -l <err) -eq 2 ]]
    said 'a line is longer than'
    expect 0 trtc-room watch --room 3560 'exec:cat lines'
    [[ $(jq -r .EventInfo.RoomId out | sort -u) == 3560 ]]
    expect 66 trtc-room watch exec:/nowhere
    expect 69 trtc-room watch 'exec:false'
    expect 64 trtc-room watch exec:
    expect 64 trtc-room watch
    expect 64 trtc-room watch ftp://a
}

@test "the callbacks of an application, through trtc-hook" {
    echo exampleCallbackKey0123456789ABCD >key
    watching --source 'rtmp://127.0.0.1/{room}/{user}' 'exec:trtc-hook serve --listen 127.0.0.1:0 --spool S --key-file key'
    listens watch-told "$watch"
    for type in 103 201 104; do
        body "$type" 3560 anna >body
        expect 0 trtc-hook send --url "$url" --key-file key -f body
    done
    saw '101 3560, 103 3560/anna, 201 3560/anna, 104 3560/anna'
    [[ $(event 3 .EventInfo.Source) == rtmp://127.0.0.1/3560/anna ]]
    kill -TERM "$watch"
    wait "$watch" || true
}

# stat_page [USER...]: what nginx's RTMP module says of application 3560, as its page ./stat.
stat_page() {
    local u
    {
        echo '<rtmp><server><application><name>3560</name><live>'
        for u; do
            echo "<stream><name>$u</name><time>1000</time><meta><video><codec>H264</codec></video>" \
                '<audio><codec>AAC</codec></audio></meta><publishing/></stream>'
        done
        echo '</live></application></server></rtmp>'
    } >page.new
    mv page.new stat
}

@test "nginx's RTMP module: its page, fetched repeatedly" {
    stat_page anna
    python3 -u -m http.server --bind 127.0.0.1 0 >served 2>&1 3>&- &
    room_pids+=($!)
    eventually grep -q 'port [0-9]' served
    page=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served)/stat
    expect 0 trtc-room watch --once "nginx-rtmp:$page"
    [[ $(jq -r .EventInfo.Source out | tail -n 1) == rtmp://127.0.0.1/3560/anna ]]
    watching --interval 100ms --source 'rtmp://h:1/{room}/{user}' "nginx-rtmp:$page"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    stat_page anna anna.aux ben
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 205 3560/anna, 103 3560/ben, 201 3560/ben, 203 3560/ben'
    [[ $(event 5 .EventInfo.Source) == rtmp://h:1/3560/anna.aux ]]
    stat_page ben
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 205 3560/anna, 103 3560/ben, 201 3560/ben, 203 3560/ben, 104 3560/anna'
    expect 66 trtc-room watch "nginx-rtmp:$page-not"
    echo '<html></html>' >other
    expect 65 trtc-room watch "nginx-rtmp:${page%stat}other"
    expect 64 trtc-room watch nginx-rtmp:/stat
}

# pushed PATH: somebody publishes there, in real time.
pushed() {
    ffmpeg -v error -re -stream_loop -1 -i call.ts -c copy -f mpegts -method PUT "$url$1" >/dev/null 2>&1 </dev/null 3>&- &
    room_pids+=($!)
}

# readers PATH JSON: how many readers each user has there; waits for that.
readers() {
    url=${1%/*} waited there '[.Users[]? | { (.UserId): .Streams[0].Readers }] | add' "$2" "/${1##*/}" ||
        fail "$(curl -s "$1"), not $2: $(cat watch-told)"
}

@test "a relay goes where the Source goes; one that is killed, or fails again and again, is said" {
    opened
    pushed /from/x
    pushed /from/y
    readers "$url/from" '{"x":0,"y":0}'
    mkfifo feed
    exec 9<>feed
    watching --relay "$url/" 'exec:cat feed'
    body 201 '"3560"' anna ",\"Source\":\"$url/from/x\"" >&9
    readers "$url/from" '{"x":1,"y":0}'
    body 201 '"3560"' anna ",\"Source\":\"$url/from/y\"" >&9
    readers "$url/from" '{"x":0,"y":1}'
    [[ ! -s watch-told ]] || fail "$(cat watch-told)"
    pkill -KILL -P "$watch" ffmpeg
    readers "$url/from" '{"x":0,"y":0}'
    readers "$url/from" '{"x":0,"y":1}'
    [[ $(<watch-told) == 'trtc-room: 3560/anna: cannot be relayed: its relay has ended: trying again' ]] || fail "$(cat watch-told)"
    body 201 '"3560"' ben ',"Source":"http://127.0.0.1:1/ben"' >&9
    told_of ben watch-told
    [[ $(tail -n 1 watch-told) == 'trtc-room: 3560/ben: cannot be relayed: its relay has repeatedly ended early: trying again' ]] || fail "$(cat watch-told)"
    kill -TERM "$watch"
    wait "$watch" || [[ $? -eq 143 ]]
    expect 64 trtc-room watch --relay here http://127.0.0.1:1
    said '--relay: not http://HOST'
}
