#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge where it decodes and encodes: rates, sizes, bars, black, other codecs, and what is copied though asked.

load ../../lib
export user_keys=rate=16000

setup_file() {
    files_begin
    mk plain --length 12 --user "$(user)"
    mk hole --length 30 --user "$(user vgap=11-19)"
    mk wide --length 12 --user size=320x120
}

setup() {
    test_begin
}

# luma FILE SECONDS [X:Y]: of a pixel (the middle one), black 0, white 255, as shown at that time.
luma() {
    local at
    at=$BATS_TEST_TMPDIR.gray/$(stat -c %.9Y.%i "$1")
    if [[ ! -e $at ]]; then # decoded once
        mkdir -p "${at%/*}"
        ffmpeg -nostdin -v error -y -threads 1 -i "$1" -map 0:v -vf format=gray -fps_mode passthrough -f rawvideo "$at.new" \
            -map 0:v -vf format=gray -fps_mode passthrough -enc_time_base 1:90000 -f framecrc "$at.list"
        mv "$at.new" "$at"
    fi
    awk -F '[ :,x/]+' -v t="$2" -v x="${3%:*}" -v y="${3#*:}" '
        /^#tb/ { tb = $3 / $4 }
        /^#dimensions/ { w = $3; h = $4 }
        /^[^#]/ && $3 * tb <= t { n++ }
        END { print (n - 1) * w * h + (y == "" ? int(h / 2) : y) * w + (x == "" ? int(w / 2) : x) }
    ' "$at.list" | xargs -I @ od -An -tu1 -j @ -N 1 "$at" | tr -d ' '
}

# size FILE WxH
size() {
    [ "$(field "$1" v width)x$(field "$1" v height)" = "$2" ] || fail "$1: $(field "$1" v width)x$(field "$1" v height), not $2"
}

# constant FILE FPS SECONDS: so many pictures, evenly spaced.
constant() {
    near "$(frames "$1")" "$(awk -v r="$2" -v s="$3" 'BEGIN { print r * s }')" 1 "$1: pictures at $2 fps"
    marks --packets "$1" | awk -F , '$1 == "video" { printf "%.0f\n", $2 * 90000 }' | sort -n |
        awk 'NR > 1 { d[$1 - last]++ } { last = $1 } END { n = 0; for (i in d) n++; exit n > 2 }' || fail "$1: steps vary"
}

@test "--video encode: H.264 at 15 frames per second, the size unchanged, the sound copied" {
    have plain
    merge 0 -f plain --video encode --json
    jq -e '.video.action == "encode" and .audio.action == "copy"' out
    plays plain/$first
    [ "$(field plain/$first v codec_name)" = h264 ]
    size plain/$first 160x90
    synced plain/$first 1 40
    lasts plain/$first 12
    constant plain/$first 15 12.038
}

@test "-p: the frame rate, whatever that of the source; as many frames as duration times rate" {
    local p
    have plain
    for p in 5 10 14; do
        merge 0 -f plain -p $p --force
        plays plain/$first
        constant plain/$first $p 12.038
        lasts plain/$first 12 "0.3"
    done
    merge 0 -f plain -p 5 --force
    synced plain/$first 1 120
    # 15 and above: there is nothing to do
    for p in 15 30 120; do
        merge 0 -f plain -p $p --plan=json
        jq -e '.video.action == "copy"' out
    done
    merge 0 -f plain -p 30 --video encode --force
    constant plain/$first 30 12.038
    synced plain/$first 1 40
    # 2 % of tolerance
    mk f --length 12 --user "$(user fps=61)"
    merge 0 -f f -p 60 --plan=json
    jq -e '.video.action == "copy"' out
    merge 0 -f f -p 59 --plan=json
    jq -e '.video.action == "encode"' out
    # a variable rate: the average counts, and the gaps are filled
    mk g --length 30 --user "$(user vgap=3-7,vstall=12-15,fps=20)"
    merge 0 -f g -p 10
    made g/$first
    constant g/$first 10 30.03
    synced g/$first 3 60
}

@test "-r: the size, with bars and without distortion" {
    have wide
    merge 0 -f wide -r 160 160
    made wide/$first
    size wide/$first 160x160
    # 320x120 in 160x160 is 160x60, from 50 to 110
    near "$(luma wide/$first 2 80:20)" 0 6 'bar above'
    near "$(luma wide/$first 2 80:150)" 0 6 'bar below'
    [ "$(luma wide/$first 9.52 80:80)" -gt 180 ] || fail 'no flash in the middle'
    [ "$(luma wide/$first 9.52 2:52)" -gt 150 ] || fail 'no flash at the left edge'
    [ "$(luma wide/$first 9.52 2:104)" -gt 150 ] || fail 'no flash at the lower edge'
    near "$(luma wide/$first 9.52 80:40)" 0 12 'bar above the flash'
    lasts wide/$first 12
    merge 0 -f wide -r 200x100 -p 10 --force
    size wide/$first 200x100
    constant wide/$first 10 12.038
    merge 0 -f wide -r 640 240 --force
    size wide/$first 640x240
    synced wide/$first 1 40
    # no bars where the shape is the same
    [ "$(luma wide/$first 9.52 4:4)" -gt 150 ] || fail 'a bar'
}

@test "holes: the last picture is held, or black with -b, copied or encoded" {
    local how
    have hole
    for how in copy encode; do
        merge 0 -f hole --video $how --force
        made hole/$first
        [ "$(luma hole/$first 15)" -gt 40 ] || fail "$how: not held"
        lasts hole/$first 30
        merge 0 -f hole -b --video $how --force --json
        plays hole/$first
        jq -e --arg how $how '.video.action == $how' out
        near "$(luma hole/$first 15)" 0 6 "$how: black"
        near "$(luma hole/$first 18.9)" 0 6 "$how: black to the end"
        [ "$(luma hole/$first 10.9)" -gt 40 ] || fail "$how: black too early"
        [ "$(luma hole/$first 19.7)" -gt 40 ] || fail "$how: black too late"
        lasts hole/$first 30
        synced hole/$first 3 40
    done
}

@test "-b: a late picture, an early end, and a section without picture" {
    mk l --length 30 --user "$(user vgap=0-5,vgap=25-30)"
    merge 0 -f l -b
    made l/$first
    near "$(luma l/$first 2)" 0 6 'before the first picture'
    near "$(luma l/$first 29)" 0 6 'behind the last one'
    [ "$(luma l/$first 7)" -gt 40 ]
    lasts l/$first 30
    mk h --length 12 --user "$(user codec=hevc,vgap=4-8)"
    merge 69 -f h -b --video copy
    said black
    merge 0 -f h -b
    made h/$first
    near "$(luma h/$first 6)" 0 6 hevc
    # blanks between sections
    mk b --length 40 --user "$(user gap=8-28)"
    merge 0 -f b -m 1 -b
    made b/$first
    near "$(luma b/$first 18)" 0 6 'between sections'
    lasts b/$first 40
    merge 0 -f b -m 1 -s -b --force
    lasts b/$first 20 0.1
}

@test "sound: AAC is copied, or encoded on demand; other codecs are encoded" {
    have plain
    merge 0 -f plain --audio encode --json
    jq -e '.audio.action == "encode" and .video.action == "copy"' out
    plays plain/$first
    [ "$(field plain/$first a codec_name)" = aac ]
    synced plain/$first 1 40
    lasts plain/$first 12
    local codec f
    for codec in mp3 opus; do
        mkrec --bitrate 40000 --length 22 --user "$(user rate=48000,audio=$codec,agap=4-7)" $codec
        merge 0 -f $codec --json
        f=$(jq -r .path out)
        plays "$f"
        jq -e '.audio.action == "encode" and .video.action == "copy" and (.audio.reason | test("'$codec'"; "i"))' out
        [ "$(field "$f" a codec_name)" = aac ]
        synced "$f" 2 40
        lasts "$f" 22
    done
    mk s --length 12 --user "$(user rate=44100,channels=2)"
    merge 0 -f s
    made s/$first
    [ "$(field s/$first a sample_rate) $(field s/$first a channels)" = '44100 2' ]
    synced s/$first 1 5
}

@test "sound encoded over drift, gaps and sections" {
    mk d --length 110 --user "$(user rate=48000,drift_ppm=500,agap=20-27,gap=60-80)"
    merge 0 -f d -m 1 --audio encode
    made d/$first
    synced d/$first 9 40
    lasts d/$first 110
    merge 0 -f d -m 1 -s --audio encode --force
    synced d/$first 9 40
    lasts d/$first 90 0.1
}

@test "two formats of AAC in one recording are encoded to one" {
    mk a --length 20 --user "$(user rate=48000)"
    mk b --start 1767225620495 --length 20 --user "$(user rate=32000)"
    cp b/*.ts a/
    sed -i /ENDLIST/d a/*.m3u8
    local kind
    for kind in audio video; do
        sed -n '/FILE-ATTR/,$p' "b/${stem}_$kind.m3u8" >>"a/${stem}_$kind.m3u8"
    done
    merge 0 -f a --json
    plays a/$first
    jq -e '.audio.action == "encode" and .video.action == "copy"' out
    synced a/$first 4 40
    lasts a/$first 40
}

@test "AAC whose frames come to have two blocks within a segment is encoded, with all of its sound" {
    local f
    mk a --length 12 --user "$(user kinds=a,rate=48000)"
    f=$(segment a audio 0)
    ffmpeg -nostdin -v error -i "$f" -c copy -f adts plain.aac
    python3 - plain.aac blocks.aac <<'P'
import sys
aac, frames = open(sys.argv[1], 'rb').read(), []
while aac:
    n = (aac[3] & 3) << 11 | aac[4] << 3 | aac[5] >> 5
    frames, aac = frames + [aac[:n]], aac[n:]
with open(sys.argv[2], 'wb') as out:
    out.writelines(frames[:100])
    for a, b in zip(frames[100::2], frames[101::2]):
        both, n = bytearray(a + b[7:]), len(a) + len(b) - 7
        both[3] = both[3] & 0xfc | n >> 11
        both[4] = n >> 3 & 255
        both[5] = both[5] & 0x1f | (n & 7) << 5
        both[6] = both[6] & 0xfc | 1
        out.write(both)
P
    ffmpeg -nostdin -v error -y -i blocks.aac -c copy -f mpegts "$f"
    sed -i /FILE-ATTR/d a/*.m3u8
    merge 0 -f a --json
    jq -e '.audio.action == "encode" and .audio.reason and .audio.account.put_in == 0' out || fail account
}

@test "--video copy is refused with the reason (69); other files are made" {
    have plain
    merge 69 -f plain --video copy -r 320 180
    said '160x90'
    [ ! -s out ]
    [ -z "$(find plain -name '*.mp4')" ]
    merge 69 -f plain --video copy -p 5
    said 'frame rate'
    merge 0 -f plain --video copy -p 15 -r 160 90
    made plain/$first
    have wide
    merge 69 -f plain -f wide -o o --video copy -r 320 120 2>/dev/null || true
    mk w2 --length 12 --user id=w,size=320x120
    merge 69 -f plain -f w2 -o o --video copy -r 320 120
    [ "$(cat out)" = o/dw.._20260101000000495_av.mp4 ]
    plays "$(cat out)"
}

@test "sizes that change: pictures are fitted with bars; without -r into the largest width and height" {
    mk c --length 22 --user "$(user size_change=11:60x120)" --user "$(user id=2)"
    merge 0 -f c
    [ "$(wc -l <out)" -eq 2 ]
    size c/$first 160x120
    size c/Mg.._20260101000000495_av.mp4 160x90
    near "$(luma c/$first 2 80:6)" 0 6 'above 160x90'
    near "$(luma c/$first 15 10:60)" 0 6 'left of 60x120'
    [ "$(luma c/$first 19.53 80:6)" -gt 150 ] || fail 'no flash at the top of 60x120'
    plays c/*.mp4
    # each section is an output of its own
    mk d --length 50 --user "$(user size_change=25:120x160,gap=12-30)"
    merge 0 -f d
    size d/$first 160x90
    size d/MTAwMDE._20260101000030495_av.mp4 120x160
    # the largest picture is inside a segment
    mk e --length 12 --user "$(user size_change_inside=4:320x180)"
    merge 0 -f e --video encode --report report
    size e/$first 320x180
    jq -e '.outputs[0].video | .width == 320 and .height == 180' report
    merge 0 -f e --force
    size e/$first 320x180
    merge 0 -f e --force -r 160 90
    size e/$first 160x90
}

@test "B-frames encoded, HEVC encoded, a single picture" {
    mkrec --length 12 --bitrate 60000 --user "$(user bframes=2)" b
    merge 0 -f b -p 10
    made b/$first
    constant b/$first 10 12.04
    mk h --length 12 --user "$(user codec=hevc)"
    merge 0 -f h --video encode
    made h/$first
    [ "$(field h/$first v codec_name)" = h264 ]
    synced h/$first 1 40
    mk o --length 12 --user "$(user vgap=0.1-12)"
    merge 0 -f o
    made o/$first
    lasts o/$first 12
    merge 0 -f o --video encode --force
    made o/$first
    lasts o/$first 12
    constant o/$first 15 12
}

@test "encoding goes on after a missing segment and a damaged one" {
    mk m --length 40 --user "$(user)"
    rm "$(segment m video 1)"
    truncate -s -20000 "$(segment m video 2)"
    merge 3 -f m -p 10
    made m/$first
    lasts m/$first 40 0.12
    constant m/$first 10 40.03
}

@test "FFmpeg is loaded when something is encoded; without it copying works, and encoding ends with 69 or 75" {
    local version
    mk plain --length 4 --user "$(user)"
    LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/copied merge 0 -f plain
    ! grep -q avcodec copied.* || fail 'a copy has loaded FFmpeg'
    LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/encoded merge 0 -f plain --video encode --force
    version=$(grep -om1 'libavcodec\.so\.[0-9]*' encoded.*) || fail 'encoding has not loaded FFmpeg'
    rm plain/*.mp4
    mkdir other
    cp "$(command -v failalloc.so)" "other/$version"
    LD_LIBRARY_PATH=other merge 69 -f plain --video encode
    grep -q 'cannot load FFmpeg: .*undefined symbol' err
    echo text >"other/$version"
    LD_LIBRARY_PATH=other merge 75 -f plain --video encode
    LD_LIBRARY_PATH=other merge 75 -f plain --audio encode
    [[ ! -e $(echo plain/*.mp4) ]] || fail 'a file has its name'
    LD_LIBRARY_PATH=other merge 0 -f plain
}
