#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room watch janus: whoever publishes in a videoroom is there, and relayed to another trtc-room.

load ../../lib
load ../../room

setup_file() {
    files_begin
    ffmpeg -v error "${marked[@]}" -t 20 -c:a libopus -c:v libx264 -preset ultrafast -tune zerolatency -g 12 -pix_fmt yuv420p \
        camera.mkv
}

setup() {
    test_begin
    room_begin
    printf 'secret = "secretOfTheRoom" \r\n' >keys
}

# janus: the stand-in; its ports are $api, $audio, $video.
janus() {
    : >ports
    python3 "$tree/tests/serve/fakejanus.py" secretOfTheRoom >ports 2>janus-told 3>&- &
    room_pids+=($!)
    eventually test -s ports
    read -r api audio video <ports
}

# guests [ID NAME CODECS]...: who publishes now.
guests() {
    : >guests.new
    while (($#)); do
        jq -cn "{id: $1, display: \"$2\", codecs: ($3)}" >>guests.new
        shift 3
    done
    mv guests.new guests
}

# camera: a flash and a beep every 2 s, sent as RTP from here on.
camera() {
    ffmpeg -v error -re -stream_loop -1 -i "$BATS_FILE_TMPDIR/camera.mkv" \
        -t 90 -map 0:a -c copy -f rtp "rtp://127.0.0.1:$audio?rtcpport=9" \
        -t 90 -map 0:v -c copy -bsf:v h264_mp4toannexb -f rtp "rtp://127.0.0.1:$video?rtcpport=9" >/dev/null </dev/null 2>camera 3>&- &
    room_pids+=($!)
    eventually test -e flows
}

# watching: $watch is its process.
watching() {
    export heard=watched
    trtc-room watch --interval 200ms --relay "$url" --secret-file keys "janus:http://127.0.0.1:$api/janus" \
        >watched 2>watch-told 3>&- &
    watch=$!
    room_pids+=("$watch")
}

has_segments() { [[ $(grep -c 'ts$' paths) -ge $1 ]]; }

@test "a publisher is there, relayed with picture and sound together though pictures came late at first, and gone" {
    janus
    opened
    watching
    camera
    guests 1312476348340601 anna '["opus", "h264"]'
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    [[ $(event 3 .EventInfo.Source) == "$url/3560/anna?wait=10s" ]]
    heard=events saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    curl -sN "$(event 3 .EventInfo.Source)" 3>&- | trtc-hls -q -A 1 -R 3560 -u anna --av-merge -t 2 -d rec >paths 3>&- &
    reader=$!
    eventually has_segments 2
    guests
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
    wait "$reader"
    [[ ! -s watch-told ]] || fail "$(cat watch-told)"
    heard=events
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    [[ $(event 5 .EventInfo.Reason) == 1 ]]
    trtc-merge -q -f rec -o out >merged
    together "$(cat merged)"
    kill -TERM "$watch"
    wait "$watch" || [[ $? -eq 143 ]]
}

@test "a relay that is killed begins again; one that Janus refuses is said; other codecs are left out" {
    janus
    opened
    guests 7 '/' '["opus", "h264"]'
    camera
    watching
    saw '101 3560, 103 3560/7, 201 3560/7, 203 3560/7'
    eventually curl -sf -o answer "$url/3560"
    pkill -KILL -P "$watch"
    told_of '3560/7: cannot be relayed: its relay has ended: trying again' watch-told
    heard=events
    saw '101 3560, 103 3560/7, 201 3560/7, 203 3560/7, 104 3560/7, 103 3560/7, 201 3560/7, 203 3560/7'
    guests 8 ben '["opus", "vp8"]'
    told_of '3560/ben: vp8 is left out' watch-told
    heard=watched
    saw '101 3560, 103 3560/7, 201 3560/7, 203 3560/7, 104 3560/7, 102 3560, 101 3560, 103 3560/ben, 203 3560/ben'
    kill -TERM "$watch"
    wait "$watch" || [[ $? -eq 143 ]]
    echo 'secret another' >keys
    watching
    told_of '3560/ben: cannot be relayed: Janus reports: Unauthorized (wrong secret) (433)' watch-told
}

have_sound() { [[ $(happened | grep -o 203 | wc -l) == "$1" ]]; }

@test "two who publish from the start have relays of their own, on a machine that starts them slowly" {
    mkdir slow
    printf '#!/bin/sh\nsleep 6\nexec "%s" "$@"\n' "$(command -v ffmpeg)" >slow/ffmpeg
    chmod 755 slow/ffmpeg
    janus
    opened
    guests 7 anna '["opus", "h264"]' 8 ben '["opus", "h264"]'
    camera
    PATH=$PWD/slow:$PATH watching
    heard=events
    eventually have_sound 2
    sleep 1 # looks, which would find a relay that could not begin
    have_sound 2 || fail "$(happened): $(cat watch-told)"
    [[ ! -s watch-told ]] || fail "$(cat watch-told)"
    pgrep -a -P "$watch" >relays
    [[ $(wc -l <relays) == 2 ]] || fail "$(cat relays)"
    kill -TERM "$watch"
    wait "$watch" || [[ $? -eq 143 ]]
}

@test "a room whose name cannot be one is said once, and left out" {
    JANUS_ROOM='"a/b"' janus
    guests 7 anna '["opus", "h264"]' 8 '' '["opus"]'
    opened
    watching
    told_of 'room a/b: publisher 8 is left out: its names cannot be part of a path' watch-told
    told_of 'room a/b: publisher 7 is left out: its names cannot be part of a path' watch-told
    sleep 0.5 # two looks more
    [[ $(wc -l <watch-told) == 2 && ! -s watched ]] || fail "$(cat watch-told watched)"
}

@test "once, and what is wrong with the command line" {
    janus
    guests 7 anna '["opus", "h264", "h264"]'
    to=(--relay http://127.0.0.1:1)
    expect 0 trtc-room watch --once "${to[@]}" "janus:http://127.0.0.1:$api/janus"
    export heard=out
    [[ $(happened) == '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 205 3560/anna' ]] || fail "$(cat out)"
    [[ $(event 5 .EventInfo.Source) == 'http://127.0.0.1:1/3560/anna/aux?wait=10s' ]]
    [[ ! -s err ]]
    guests 7 anna '["opus", "h264", "h264", "h264", "opus"]'
    expect 0 trtc-room watch --once "${to[@]}" "janus:http://127.0.0.1:$api/janus"
    said '3560/anna: a third picture is left out'
    said '3560/anna: a second sound is left out'
    expect 0 trtc-room watch --once --room 1 "${to[@]}" "janus:http://127.0.0.1:$api/janus"
    [[ ! -s out ]]
    expect 64 trtc-room watch --once "janus:http://127.0.0.1:$api/janus"
    expect 64 trtc-room watch --once "${to[@]}" "janus:127.0.0.1"
    expect 64 trtc-room watch --once --secret-file keys http://127.0.0.1:1
    expect 75 trtc-room watch --once "${to[@]}" janus:http://127.0.0.1:1/janus
    expect 66 trtc-room watch --secret-file none "${to[@]}" "janus:http://127.0.0.1:$api/janus"
    echo 'password x' >keys
    expect 78 trtc-room watch --secret-file keys "${to[@]}" "janus:http://127.0.0.1:$api/janus"
    said 'keys: each line must be'
    chmod 644 keys
    expect 77 trtc-room watch --secret-file keys "${to[@]}" "janus:http://127.0.0.1:$api/janus"
}
