#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What trtc-hls writes, played from its beginning to its end by hls.js in headless Chromium.

load ../../lib
load ../../node

out=1400000001_3560

setup_file() {
    need_browser hls.js
    files_begin
    source ts 12 25 -bf 0
    source mkv 12 25 -bf 0
    source mp4 8 50 -bf 2
    source flv 6 25 -bf 0
    ffmpeg -v error -i mkv.mkv -map 0:v -c copy -f h264 video.h264
    ffmpeg -v error -i mkv.mkv -t 5.985 -c copy -f mpegts -pes_payload_size 0 -output_ts_offset 95000 wraps.ts
    cat wraps.ts wraps.ts >jumps.ts # where they meet, packets seem to be lost

    # All of it in one browser, which takes its time to start.
    record mixed mkv.mkv -t 3
    record user ts.ts -t 3.2 -u anna
    record merged mp4.mp4 -t 3 -u anna --av-merge
    record classic flv.flv -t 2 --tags classic
    record jumps jumps.ts -t 2 || [ $? -eq 3 ]
    record raw video.h264 -t 5
    # two users on one canvas, as trtc-mix writes them; one comes later
    trtc-mix -q -s 160x90 --preset ultrafast -g 5 --to +10 -o - a@1767225600000=mp4.mp4 b@1767225604000=flv.flv |
        trtc-hls -q -A 1400000001 -R 3560 -d composed -t 5 -S 1767225600000 - >composed.out
    local lists=(*/*.m3u8)
    "${browse[@]}" play "${lists[@]}" >told 2>told.err || true
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
}

# source FORMAT SECONDS FPS OPTION...: FORMAT.FORMAT, a picture and a tone.
source() {
    ffmpeg -v error -f lavfi -i "testsrc2=s=160x90:r=$3:d=$2" -f lavfi -i "sine=440:r=48000:d=$2" \
        -c:v libx264 -preset ultrafast -g "$3" -b:v 60k "${@:4}" -c:a aac -b:a 32k "$1.$1"
}

# record DIR INPUT OPTION...
record() {
    trtc-hls -q -A 1400000001 -R 3560 -d "$1" "${@:3}" "$2" >"$1.out"
}

# told PLAYLIST FILTER: of what the browser told, once it told anything at all.
told() {
    jq -es --arg playlist "$1" "map(select(.playlist == \$playlist))[0] | $2" "$BATS_FILE_TMPDIR/told"
}

# plays PLAYLIST SECONDS SEGMENTS: without any error, without a hole, as long as it is, and from its last segment.
plays() {
    local list=$1
    told "$list" . || fail "$(cat "$BATS_FILE_TMPDIR/told.err")"
    told "$list" '.failed == null and .errors == []'
    told "$list" "(.duration_s - $2 | fabs) <= 0.065" # three frames of sound
    told "$list" "(.listed_s - $2 | fabs) <= 0.05"
    told "$list" '.first_s == 0 and (.end_s - .duration_s | fabs) <= 0.05'
    told "$list" '.ranges | length == 1'
    told "$list" ".segments == $3"
    told "$list" '.seek_s >= .last_s and (.seek_end_s - .duration_s | fabs) <= 0.05'
}

@test "mixed, from Matroska" {
    plays "mixed/$out.m3u8" 12 4
    told "mixed/$out.m3u8" '.width_px == 160 and .frames == 300'
}

@test "mixed by trtc-mix" {
    plays "composed/$out.m3u8" 10 2
    told "composed/$out.m3u8" '.width_px == 160 and .frames == 150'
}

@test "a user's picture and sound, from MPEG-TS" {
    local one=user/${out}__UserId_s_YW5uYQ..__UserId_e_main
    plays "${one}_video.m3u8" 12 3
    told "${one}_video.m3u8" '.width_px == 160 and .frames == 300'
    plays "${one}_audio.m3u8" 12 4
}

@test "picture and sound of a user together, with B-frames, from MP4" {
    # hls.js counts from the first DTS, two frames before the first picture
    local one=merged/${out}__UserId_s_YW5uYQ..__UserId_e_main_video.m3u8
    plays "$one" 8 3
    told "$one" '.frames == 400'
}

@test "the classic tags, from FLV" {
    plays "classic/$out.m3u8" 6 3
}

@test "time stamps that wrap, and jump back" {
    grep -q '#EXT-X-DISCONTINUITY' "jumps/$out.m3u8"
    plays "jumps/$out.m3u8" 12 6
    told "jumps/$out.m3u8" '.frames == 300'
}

@test "a picture without sound" {
    plays "raw/$out.m3u8" 12 3
}
