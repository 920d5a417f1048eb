#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls as a recorder of live streams: one track alone, connections that end and that break, a user who comes
# back, what a killed run leaves, playlists of a given length.

load lib
load hls

setup_file() {
    files_begin
    film 12 -x264-params keyint=15:min-keyint=15:bframes=2:b-adapt=0:scenecut=0 cam.ts
}

setup() {
    test_begin
}

# ---- one track alone ----

@test "--only: the track, to the byte and at the time that it has beside the other one; the other one's codec is all the same" {
    local kind m
    hls 0 -d both -u 10001 -t 3 "$cam"
    for kind in audio video; do
        hls 0 -d $kind -u 10001 -t 3 --only $kind "$cam"
        quiet
        (($(wc -l <out) == $(find $kind -name "*.ts" | wc -l) * 2)) || fail "$kind: paths"
        for m in both/*_$kind*; do cmp "$m" "$kind/${m##*/}"; done
        [[ $(find $kind -type f | wc -l) -eq $(find both -name "*_$kind*" | wc -l) ]] || fail "more than the $kind"
    done
    hls 0 -d mixed -t 3 --only video --json "$cam"
    strict mixed/1400000001_3560.m3u8
    grep -qx '#EXT-X-TRTC-STREAM-TYPE:1' mixed/1400000001_3560.m3u8 || fail "not pictures alone"
    jq -es '.[] | select(.kind == "account" and .track == "audio") | .account | .left_out.unwanted == .frames_in and .unaccounted == 0' out >/dev/null || fail "account"
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x48:r=5:d=2 -f lavfi -i sine=d=2 -c:v libvpx-vp9 -cpu-used 8 -deadline realtime \
        -c:a libopus v.webm
    hls 0 -d opus --only audio v.webm
    said 'opus, not AAC'
    strict opus/1400000001_3560.m3u8
    hls 69 -d vp9 --only video v.webm
}

@test "--only, of a stream without that track: 65, and nothing is made; one where it comes late is waited for" {
    ffmpeg -nostdin -v error -i "$cam" -an -c copy silent.ts
    hls 65 -d o --only audio silent.ts
    said 'no frame of sound'
    [[ -z $(find o -type f) ]] || fail "something was made"
    # a picture from the beginning, a sound from the eighth second on
    ffmpeg -nostdin -v error -i "$cam" -itsoffset 8 -i "$cam" -map 0:v -map 1:a -c copy -t 12 late.ts
    hls 0 -d o -u 10001 --only audio <(cat late.ts)
    grep -qx '#EXT-X-TRTC-START-REC-TIME:17672256084[0-9][0-9]' o/${stem}_audio.m3u8 || fail "not at its time: $(grep START o/*.m3u8)"
}

# ---- connections ----

# listening PORT: waits until a socket (TCP, or UDP with a second argument) is there.
listening() {
    local port
    port=$(printf ':%04X' "$1")
    until grep -q "$port 00000000:0000 ${2:-0A}" /proc/net/"$([[ ${2:-} ]] && echo udp || echo tcp)"; do sleep 0.05; done
}

@test "SRT: a peer that closes is the end (0)" {
    ffmpeg -hide_banner -protocols 2>/dev/null | grep -qw srt || skip 'no SRT here'
    local port=$((20000 + RANDOM % 10000)) status=0 pid
    timeout 20 trtc-hls -A 1400000001 -R 3560 --no-sync -d o "srt://127.0.0.1:$port?mode=listener" >out 2>err 3>&- &
    pid=$!
    listening $port 07
    ffmpeg -nostdin -v error -re -t 2 -i "$cam" -c copy -f mpegts "srt://127.0.0.1:$port" 3>&-
    wait $pid || status=$?
    ((status == 0)) || fail "status $status"
    quiet
    strict o/1400000001_3560.m3u8
}
