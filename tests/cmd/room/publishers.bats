#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room serve with publishers that others have made: a page with MediaRecorder, GStreamer, ffmpeg as it posts by itself.

load ../../lib
load ../../node
load ../../room

# recording PATH: what is published there becomes files in ./rec; $reader is its process.
recording() {
    curl -sN "$url$1?wait=30" 3>&- | trtc-hls -q -A 1 -R 3560 -u anna --av-merge -t 2 -d rec >paths 3>&- &
    reader=$!
    sleep 0.1
}

@test "a page's camera, on another port: what is recorded has picture and sound as far apart as the page" {
    need_browser
    opened
    recording /3560/anna
    "${browse[@]}" publish source.webm 'video/webm;codecs=h264,opus' 5 post "$url/3560/anna" >statuses 2>err 3>&- || fail "$(cat err)"
    [[ $(sort -u statuses) == 200 && $(wc -l <statuses) -ge 10 ]]
    wait "$reader"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    trtc-merge -q -f rec -o out >merged
    offsets source.webm >there
    offsets "$(cat merged)" >here
    [[ $(wc -l <there) -ge 2 && $(wc -l <here) == $(wc -l <there) ]] || fail "$(cat there here)"
    paste there here | awk '{ off = $1 - $2; if (off > 60 || off < -60) exit 1 }' || fail "$(paste there here)"
}

@test "GStreamer, in one POST" {
    local element
    for element in curlhttpsink x264enc avenc_aac mpegtsmux; do
        gst-inspect-1.0 "$element" >/dev/null 2>&1 || skip "no $element of GStreamer: make deps installs it"
    done
    opened
    recording /3560/anna
    timeout 30 gst-launch-1.0 -q -e videotestsrc is-live=true num-buffers=60 ! video/x-raw,width=64,height=64,framerate=20/1 ! \
        x264enc tune=zerolatency key-int-max=20 ! h264parse ! queue ! mpegtsmux name=mux ! curlhttpsink location="$url/3560/anna" \
        audiotestsrc is-live=true num-buffers=130 ! audio/x-raw,rate=44100 ! avenc_aac ! aacparse ! queue ! mux. >gst 2>&1 3>&- ||
        fail "$(cat gst)"
    wait "$reader"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    trtc-merge -q -f rec -o out >merged
    [[ $(ffprobe -v error -select_streams v -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$(cat merged)") == 60 ]]
}

@test "ffmpeg posts where it is not told to put" {
    opened
    reading /3560/anna got.ts
    ffmpeg -v error -i call.ts -c copy -f mpegts "$url/3560/anna" </dev/null
    wait "$reader"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    diff <(frames call.ts | cut -d, -f2,4) <(frames got.ts | cut -d, -f2,4)
}
