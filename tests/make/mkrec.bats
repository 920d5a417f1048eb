#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The recording generator and the sync meter themselves, with FFmpeg's programs as witnesses: what all other
# tests measure with has to be right.

bats_require_minimum_version 1.5.0
load ../stack

setup() {
    export LC_ALL=C TZ=UTC0
    local b=${TRTC_B:-${BATS_TEST_DIRNAME%/tests/*}/build}
    mkrec=$b/tests/mkrec marks=$b/tests/marks
    cd "$BATS_TEST_TMPDIR" || return
}

# What the suites that use it would notice as well is looked at by itself in check-long.
long_only() { [[ ${TRTC_LONG:-} ]] || skip 'only in the long tests'; }

# mk DIR OPTION...: one small user, 25 s; a later --length wins.
mk() {
    local dir=$1
    shift
    "$mkrec" --length 25 "$@" "$dir"
}

# attr DIR: start (ms), bytes, duration (s) and name of each segment, playlist by playlist.
attr() {
    local list
    for list in "$1"/*.m3u8; do
        tr -d '\r' <"$list" | awk -F: '
            /^#EXT-X-TRTC-FILE-ATTR:/ { split($2, a, ",") }
            /^#EXTINF:/ { sub(",", "", $2); d = $2 }
            !/^#/ { print a[1], a[2], d, $0 }'
    done
}

# Every segment is as its playlist says, and follows the one before it where that is so in the recording.
check_attr() {
    local start bytes duration name stamp
    attr "$1" >attr.txt
    [ -s attr.txt ]
    while read -r start bytes duration name; do
        [ "$(stat -c %s "$1/$name")" = "$bytes" ]
        ((bytes % 188 == 0))
        stamp=$(date -u -d "@${start%???}.${start: -3}" +%Y%m%d%H%M%S%3N)
        [[ $name == *_"$stamp.ts" ]]
    done <attr.txt
    [ "$(find "$1" -name '*.ts' | wc -l)" = "$(wc -l <attr.txt)" ]
}

# The segments, each opened by itself, make FFmpeg say nothing.
check_clean() {
    local f args=() n=0
    for f in "$1"/*.ts; do args+=(-i "$f"); done
    for f in "$1"/*.ts; do args+=(-map $((n++))); done
    ffmpeg -nostdin -hide_banner -v warning -threads 1 "${args[@]}" -f null - >ffmpeg.txt 2>&1
    cat ffmpeg.txt
    [ ! -s ffmpeg.txt ]
}

# packets DIR PATTERN: time stamps of all packets, segment after segment.
packets() {
    find "$1" -name "$2" | sort | xargs cat >joined.ts
    ffprobe -v fatal -correct_ts_overflow 0 -show_entries packet=pts,dts,flags -of csv=p=0 joined.ts
}

# walls DIR [MS]: each marker is at a multiple of 10 s by its segment's name, MS off at most (2). Prints how
# many flashes and beeps there are. What is heard in the first frame of a segment is left out: it may be the
# rest of a beep that was cut.
walls() {
    "$marks" -s "$1"/*.ts | awk -F'\t' -v limit="${2:-2}" '
        function off(t, last4) { t = (last4 + (t - first) * 1000) % 10000; return t > 5000 ? t - 10000 : t }
        function check(t, last4) { t = off(t, last4); if (t < -limit || t > limit) { print "off by", t, $1; bad = 1 } }
        $2 != "summary" { n++; f[n] = $2; b[n] = $3; next }
        {
            for (i = 3; i <= NF; i++) { split($i, kv, "="); v[kv[1]] = kv[2] }
            first = v["first_picture_s"]
            if (v["frames"] == 0 || (v["samples_s"] > 0 && v["first_sound_s"] < first)) first = v["first_sound_s"]
            last4 = substr($1, length($1) - 6, 4)
            for (i = 1; i <= n; i++) {
                if (f[i] != "-") { flashes++; check(f[i], last4) }
                if (b[i] != "-" && b[i] - first > 0.07) { beeps++; check(b[i], last4) }
            }
            n = 0
        }
        END { print flashes + 0, beeps + 0; exit bad }'
}

# stamps DIR PATTERN: seconds and ms of the names that match, on one line.
stamps() {
    find "$1" -name "$2" | sed 's/.*_\([0-9]*\)\.ts$/\1/; s/.*\(.....\)$/\1/' | sort | tr '\n' ' '
}

# pts FILE ENTRY: PTS (ticks) of the first packet.
pts() {
    ffprobe -v error -read_intervals '%+#1' -show_entries packet=pts -of csv=p=0 "$1" | head -n 1 | tr -d ,
}

small=size=160x90

@test "current playlists: names, tags, sizes, durations" {
    mk a --user $small
    check_attr a
    local stem=1400000001_3560__UserId_s_MTAwMDE.__UserId_e_main
    sed 's/\(FILE-ATTR:[0-9]*\),.*/\1,N/' a/${stem}_audio.m3u8 >audio.txt
    diff - audio.txt <<END
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-ALLOW-CACHE:NO
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:10
#EXT-X-TRTC-VERSION:1a2b3c
#EXT-X-TRTC-DATE:2025-11-27 11:23:39 +0800
#EXT-X-TRTC-START-REC-TIME:1767225600495
#EXT-X-TRTC-MEDIA-ID:main
#EXT-X-TRTC-USER-ID:10001
#EXT-X-TRTC-MIX-STREAM:0
#EXT-X-TRTC-STREAM-TYPE:0
#EXT-X-TRTC-AUDIO-METADATA:Channel:1 SampleRate:48000 SampleFormat:1 Codec:86018
#EXT-X-TRTC-FILE-ATTR:1767225600495,N
#EXTINF:10.0053,
${stem}_audio_20260101000000495.ts
#EXT-X-TRTC-FILE-ATTR:1767225610500,N
#EXTINF:10.0053,
${stem}_audio_20260101000010500.ts
#EXT-X-TRTC-FILE-ATTR:1767225620506,N
#EXTINF:4.992,
${stem}_audio_20260101000020506.ts
#EXT-X-ENDLIST
END
    grep -qx '#EXT-X-TRTC-VIDEO-METADATA:WIDTH:160 HEIGHT:90 Codec:27' a/${stem}_video.m3u8
    grep -qx '#EXT-X-TRTC-STREAM-TYPE:1' a/${stem}_video.m3u8
    [ "$(stamps a '*video*.ts')" = "00533 10533 20533 " ]
}

@test "older playlists, with CR LF, a byte-order mark, a string room, directories" {
    long_only
    mk d --user $small,kinds=v --start 1767225600000 --tags old --crlf --bom --room 'a?/' --room-type string \
        --prefix p/q --task T..
    local stem=1400000001_YT8v__UserId_s_MTAwMDE.__UserId_e_main_video
    {
        printf '\357\273\277'
        sed 's/$/\r/' <<END
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-ALLOW-CACHE:NO
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:70
#EXT-X-TRTC-START-REC-TIME:1767225600000
#EXT-X-TRTC-VIDEO-METADATA:WIDTH:160 HEIGHT:90
#EXTINF:10
${stem}_20260101000000000.ts
#EXTINF:10
${stem}_20260101000010000.ts
#EXTINF:5
${stem}_20260101000020000.ts
#EXT-X-ENDLIST
END
    } >expected
    cmp expected "d/p/q/T../$stem.m3u8"
    [ "$(find d -type f | wc -l)" = 4 ]
}

@test "segments are sound: FFmpeg has no complaint, frames are as many as the durations say" {
    long_only
    mk a --length 13 --user $small,bframes=2,aux=3-5
    check_clean a
    local start bytes duration name n
    attr a >attr.txt
    while read -r start bytes duration name; do
        n=$(ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "a/$name" | head -n 1)
        awk -v n="$n" -v d="$duration" -v audio="$([[ $name == *audio* ]] && echo 1)" 'BEGIN {
            x = n - d * (audio ? 48000 / 1024 : 15); exit !(x > -0.01 && x < 0.01) }'
        [[ $name != *video* ]] || [ "$(ffprobe -v error -read_intervals '%+#1' -show_entries packet=flags \
            -of csv=p=0 "a/$name" | head -c 1)" = K ]
    done <attr.txt
}

@test "markers: flash and beep at each 10 s of the wall clock" {
    mk a --user $small
    run -0 walls a 1
    [ "$output" = "2 2" ]
    "$marks" a/*video*0010533.ts | grep -q "^20\.9050.-.-\$"
}

@test "--loop: the same names, tags, times; markers where they belong" {
    mk a --user $small --user "id=b,$small,from=3.2,rate=16000"
    mk l --user $small --user "id=b,$small,from=3.2,rate=16000" --loop
    run -0 walls l 2
    [ "$output" = "4 4" ]
    attr a | cut -d ' ' -f 1,3,4 >a.txt
    attr l | cut -d ' ' -f 1,3,4 >l.txt
    diff a.txt l.txt
    check_attr l
    check_clean l
    local kind
    for kind in MTAwMDE._*video Yg.._*audio; do
        packets a "*$kind*.ts" >a.txt
        packets l "*$kind*.ts" >l.txt
        [ "$(wc -l <a.txt)" -gt 300 ]
        cmp a.txt l.txt
    done
}

@test "--loop with drift: beeps keep to the wall clock for an hour" {
    long_only
    mk l --loop --length 3600 --bitrate 20000 --audio-bitrate 16000 --user kinds=a,drift_ppm=-300,rate=16000
    run -0 walls l 4 # 10 s of 300 ppm, and a step of 1 ms
    ((${output#0 } >= 357)) # three fall on a cut
    # 3600 s of wall clock by the names, 3598.92 s by the samples
    [ "$(stamps l '*.ts' | wc -w)" = "$(attr l | wc -l)" ]
    attr l | awk '{ d += $3 } END { exit !(d > 3598.85 && d < 3599) }'
}

@test "drift: PTS are those of the device, names those of the wall" {
    long_only
    mk a --user kinds=a,drift_ppm=1000
    run -0 walls a 11
    [ "$output" = "0 2" ]
    local one two
    one=$(pts a/*000495.ts)
    two=$(pts a/*0010512.ts)
    [ $((two - one)) = 902400 ] # 470 frames, 10.0267 s of the device, take 10.0166 s
}

@test "joined with cat: 5 ms at most between flash and beep; --avoff is seen" {
    long_only
    mk a --user $small --av-merge
    check_clean a
    check_attr a
    cat a/*.ts >joined.ts
    run -0 "$marks" -s joined.ts
    [ "${#lines[@]}" = 3 ]
    [[ ${lines[2]} == *markers=2$'\t'missing=0$'\t'* ]]
    awk -F'\t' '$3 > 5 || $3 < -5 { exit 1 }' <<<"${lines[0]}"$'\n'"${lines[1]}"
    [ "$(find a -name '*.m3u8')" = a/1400000001_3560__UserId_s_MTAwMDE.__UserId_e_main_video.m3u8 ]
    grep -qx '#EXT-X-TRTC-STREAM-TYPE:2' a/*.m3u8
    # each segment begins where the one before it ends
    attr a | awk 'NR > 1 && ($1 - end > 1 || $1 - end < -1) { exit 1 } { end = $1 + $3 * 1000 }'

    mk b --user $small,avoff=-120 --mixed
    [ "$(find b -name '*.m3u8')" = b/1400000001_3560.m3u8 ]
    grep -qx '#EXT-X-TRTC-MIX-STREAM:1' b/*.m3u8
    cat b/*.ts >joined.ts
    "$marks" joined.ts | awk -F'\t' '$3 > -119 || $3 < -121 { exit 1 } END { exit NR != 2 }'
}

@test "33-bit wrap in the middle" {
    mk a --user $small --pts-start 8588934592
    check_clean a
    run -0 walls a
    [ "$output" = "2 2" ]
    local one two
    one=$(ffprobe -v error -correct_ts_overflow 0 -show_entries packet=pts -of csv=p=0 a/*audio*00495.ts | head -n 1)
    two=$(ffprobe -v error -correct_ts_overflow 0 -show_entries packet=pts -of csv=p=0 a/*audio*20506.ts | head -n 1)
    [ "${one%,}" = 8588934592 ]
    [ "${two%,}" = $((8588934592 + 2 * 900480 - (1 << 33))) ]
}

@test "PTS that start anew in each segment" {
    long_only
    mk a --user $small,bframes=1 --pts-per-segment-restart --pts-start 90000
    local f
    for f in a/*.ts; do [ "$(pts "$f")" = 90000 ]; done
    run -0 walls a
    [ "$output" = "2 2" ]
}

@test "recoveries: own names, own clocks, the overlap as asked" {
    long_only
    mk a --user $small --ha 1:8:3 --ha 2:16:-2
    check_attr a
    run -0 walls a
    [ "$output" = "3 3" ]
    [ "$(stamps a '14*video*.ts')" = "00533 10533 " ]
    [ "$(stamps a 'ha1_*video*.ts')" = "08533 " ]
    [ "$(stamps a 'ha2_*video*.ts')" = "16533 " ]
    attr a | grep ha1_ | awk '{ exit !($3 < 6.03 && $3 > 5.97) }' # 8 to 14: 16 less a hole of 2
    [ "$(pts a/ha1_*audio*.ts)" = $((126000 + 777777)) ]
}

@test "gaps, late users, substreams, sizes, further playlists" {
    long_only
    mk a --user $small,gap=5-8,vgap=12-13,agap=15-16
    [ "$(stamps a '*video*.ts')" = "00533 08533 13533 23533 " ]
    [ "$(stamps a '*audio*.ts')" = "00495 08495 16495 " ]
    mk b --user "$small,id=\\,x,from=4.5,to=20,aux=7-9,aux_audio,vstall=6-7"
    [ "$(stamps b '*main_video*.ts')" = "05000 15533 " ]
    [ "$(stamps b '*aux_video*.ts')" = "07533 " ]
    [ "$(stamps b '*aux_audio*.ts')" = "07495 " ]
    [ -e b/1400000001_3560__UserId_s_LHg.__UserId_e_aux_audio.m3u8 ]
    grep -qx '#EXT-X-TRTC-USER-ID:,x' b/*aux_audio.m3u8
    mk c --user $small,size_change=7:320x180,size_change_inside=12:160x90 --numbered
    [ "$(grep -h METADATA c/*video*.m3u8 | sed 's/.*DATA://' | tr '\n' ' ')" = \
        "WIDTH:160 HEIGHT:90 Codec:27 WIDTH:320 HEIGHT:180 Codec:27 WIDTH:160 HEIGHT:90 Codec:27 " ]
    [ "$(find c -name '*_2.m3u8' | wc -l)" = 2 ]
    [ "$(stamps c '*video*.ts')" = "00533 07533 13000 24533 " ]
    [ "$(grep START-REC c/*video_2.m3u8)" = '#EXT-X-TRTC-START-REC-TIME:1767225613000' ]
    check_attr a
    check_attr b
    check_attr c
    check_clean c
    run -0 walls c
    [ "$output" = "2 2" ]
}

@test "codecs" {
    long_only
    mk m --length 12 --user "$small,audio=mp3,rate=22050,channels=2" --av-merge
    mk o --length 12 --user "$small,audio=opus" --av-merge
    local d
    for d in m o; do
        check_clean $d
        run -0 walls $d 2
        [ "$output" = "1 1" ]
    done
    codec() { ffprobe -v error -show_entries stream=codec_name,sample_rate,channels -of csv=p=0 "$@"; }
    codec m/*0000???.ts | grep -qx mp3,22050,2
    codec o/*0000???.ts | grep -qx opus,48000,1
    if ffmpeg -v error -encoders | grep -q libx265; then
        mk h --length 12 --user "$small,codec=hevc,kinds=v"
        check_clean h
        run -0 walls h
        [ "$output" = "1 0" ]
        grep -q 'Codec:173$' h/*.m3u8
    else
        run -69 mk h --user codec=hevc
    fi
}

@test "--truth and -v say what was made" {
    mk a -v --user $small,vgap=5-8 --truth t.json >files.txt
    find a -type f | sort >found.txt
    sort files.txt | diff - found.txt
    tr -d ' \t\n' <t.json >t.txt
    grep -q '"spans_ms":\[\[1767225600533.333,1767225605533.333\],\[1767225608533.333,1767225625533.333\]\]' t.txt
    grep -q '"markers_ms":\[1767225610000,1767225620000\]' t.txt
}

@test "usage errors, and what cannot be written" {
    local bad
    for bad in "--user x=1" "--user size=1x1" "--length 0" "--ha 4:1:1" "--nothing" "--loop --user bframes=1" "--room"; do
        # shellcheck disable=SC2086 # a list of words
        run -64 --separate-stderr "$mkrec" $bad d
        [ "${#stderr_lines[@]}" = 1 ]
        [ -z "$output" ]
    done
    : >file
    run -73 "$mkrec" --length 1 --user $small file/d
    run -0 "$mkrec" --help
    [[ $output == usage:* ]]
}

@test "the meter: containers, edit lists, missing marks, offsets" {
    mk a --user $small,bframes=2
    cat a/*video*.ts >v.ts
    cat a/*audio*.ts >a.ts
    run -0 "$marks" v.ts
    [[ ${lines[0]} == 10.9050$'\t'-$'\t'- ]]
    run -0 "$marks" --json a.ts
    [[ ${lines[1]} == '{"file":"a.ts","beep_s":20.90'* ]]
    # picture and sound are 300 ms apart, through an MP4 whose edit lists say so
    ffmpeg -v fatal -nostdin -copyts -i v.ts -itsoffset 0.3 -copyts -i a.ts -c copy -avoid_negative_ts make_zero m.mp4
    run -0 "$marks" -S m.mp4
    [[ $output == *markers=2$'\t'missing=0$'\t'max_ms=300.* ]]
    [[ $output == *picture_s=25.0000$'\t'* ]]
    [[ $output == *frames=375$'\t'* ]]
    run -0 --separate-stderr "$marks" --strict m.mp4
    [ -z "$stderr" ]
    head -c 40000 /dev/zero | dd of=m.mp4 bs=1 seek=30000 conv=notrunc status=none
    run -0 --separate-stderr "$marks" --strict m.mp4
    [ -n "$stderr" ]
    cat v.ts v.ts >twice.ts
    run -0 --separate-stderr "$marks" --strict twice.ts
    [[ $stderr == *'twice.ts: stream 0: a packet at '*' behind one at '* ]]
    [[ $("$marks" --packets v.ts | awk -F, '{ n += $1 == "video" && $2 >= $3 && $4 > 0 } END { print n, NR }') == '375 375' ]]
    [[ $("$marks" --packets - <v.ts | tail -n 1) == "$("$marks" --packets v.ts | tail -n 1)" ]]
    run -66 "$marks" nothing.ts
    echo text >text.ts
    run -65 "$marks" text.ts
    run -64 "$marks"
}
