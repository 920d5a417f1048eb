#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls's account of what came in: each frame was written, or is left out for a reason that is said.

load lib
load hls

setup_file() {
    files_begin
    film 5 -g 15 -bf 2 cam.ts
    ffmpeg -nostdin -v error -i cam.ts -c copy -bsf:a aac_adtstoasc cam.mp4 -c copy -bsf:a aac_adtstoasc cam.mkv \
        -c copy -bsf:a aac_adtstoasc cam.flv
    ffmpeg -nostdin -v error -i cam.mp4 -c copy -movflags frag_keyframe+empty_moov frag.mp4
}

setup() {
    test_begin
}

# packets FILE KIND: how many FFmpeg finds in it (v, a).
packets() {
    ffprobe -v error -select_streams "$2:0" -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$1" | head -n 1 | tr -d ,
}

# account TRACK FILTER: a value of the account in ./out.
account() {
    jq -r --arg t "$1" "select(.kind == \"account\" and .track == \$t) | $2" out
}

@test "all containers: frames in are those that FFmpeg finds, frames out those in the segments" {
    local f mode sounds ts
    sounds=$(packets "$cam" a)
    for f in cam.ts cam.mp4 cam.mkv cam.flv frag.mp4; do
        mode=''
        [[ $f != cam.ts && $f != cam.flv ]] || mode='-u 10001'
        rm -rf o
        # shellcheck disable=SC2086 # words
        hls 0 -d o -t 2 $mode --json "$BATS_FILE_TMPDIR/$f"
        quiet
        ts=false
        [[ $f != *.ts ]] || ts=true
        jq -c 'select(.kind == "account") | [.track, .codec, (.account | .frames_in, .frames_out, .put_in, .left_out, .unaccounted, has("packets_in"))]' out |
            diff - <(printf '["%s",%d,%d,0,{},0,%s]\n' 'video","h264' 75 75 $ts 'audio","aac' "$sounds" "$sounds" $ts) || fail "$f"
    done
    [[ $(cat o/*.ts | ffprobe -v error -count_packets -select_streams v -show_entries stream=nb_read_packets -of csv=p=0 - | head -n 1) == 75 ]] || fail "segments"
}

@test "tracks that nobody takes are noted, not with -q" {
    ffmpeg -nostdin -v error -i "$cam" -f lavfi -i sine=600:d=5 -f lavfi -i sine=700:d=5 -map 0 -map 1 -map 2 -c copy \
        -c:a:1 ac3 -c:a:2 dca -strict -2 -metadata:s:a:1 language=eng three.mkv -map 0 -map 1 -map 2 -c copy -c:a:1 ac3 -c:a:2 dca -strict -2 three.ts
    printf '1\n00:00:00,000 --> 00:00:03,000\nhello\n' >text.srt
    ffmpeg -nostdin -v error -i "$cam" -i text.srt -map 0 -map 1 -c copy -c:s srt text.mkv
    hls 0 -d mkv three.mkv
    said 'three.mkv: sound (stream 2, ac3, eng) is left out'
    said 'three.mkv: sound (stream 3, dts) is left out'
    [[ $(wc -l <err) -eq 2 ]] || fail "more is said"
    hls 0 -d ts three.ts
    said 'three.ts: sound (PID 258, ac3) is left out'
    said 'three.ts: sound (PID 259, dts) is left out'
    [[ $(wc -l <err) -eq 2 ]] || fail "more is said"
    hls 0 -d text text.mkv
    said 'text.mkv: data (stream 2, subrip) is left out'
    hls 0 -q -d q three.ts
    quiet
}

@test "a picture of another codec that comes later is a loss that is named, and the sound goes on" {
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=15:d=4 -f lavfi -i sine=r=16000:d=8 -map 0 -c:v mpeg2video \
        -output_ts_offset 4 v.ts -map 1 -c:a aac -t 4 a.ts -map 1 -c:a aac -ss 4 -copyts a2.ts
    ffmpeg -nostdin -v error -i a2.ts -i v.ts -map 1 -map 0 -c copy -copyts -muxdelay 0 -streamid 0:258 -streamid 1:256 b.ts
    cat a.ts b.ts >late.ts
    hls 3 -d o -u 10001 --json late.ts
    said 'late.ts: picture: left out, of a format that is not taken: 60 of 60 frames'
    [[ $(account video .codec) == mpeg2video && $(account video .account.left_out.format) == 60 ]] || fail "account"
    [[ $(account audio .account.frames_out) -gt 120 ]] || fail "the sound"
}

@test "an interrupted recording accounts for what it has read" {
    local status=0
    { cat "$cam" && sleep 0.2 && kill -INT "$(<pid)" && sleep 1; } | { echo "$BASHPID" >pid && exec trtc-hls -A 1400000001 -R 3560 --no-sync -d o --json; } >out 2>err || status=$?
    [[ $status -eq 130 ]] || fail "status $status"
    quiet
    [[ $(account video .account.unaccounted) == 0 && $(account audio .account.unaccounted) == 0 ]] || fail "account"
    [[ $(account video .account.frames_out) -gt 10 ]] || fail "not much"
}
