#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge and media as other recorders and encoders leave it: clocks that restart inside a segment, sound stamped
# on arrival, tracks that come late. Nothing of it is lost without a word.

load ../../lib
export user_keys=rate=16000

setup_file() {
    files_begin
    mk mixed --length 30 --user "$(user rate=48000)" --mixed
    mk single --length 30 --user "$(user rate=48000)"
    mk big --length 30 --user "$(user rate=48000)" --mixed --bitrate 3000000
}

setup() {
    test_begin
}

mixed=1400000001_3560_20260101000000495_av.mp4

# edit FILE EDIT...: restamps a segment in place; its playlist says the size that it has then.
edit() {
    restamp "$1" edited.ts "${@:2}"
    mv edited.ts "$1"
    resized "$1"
}

# resized FILE: the playlist says the size that a segment has now.
resized() {
    local file=$1 list
    for list in "${file%/*}"/*.m3u8; do
        awk -v file="${file##*/}" -v size="$(stat -c %s "$file")" '
            { line[NR] = $0 }
            /FILE-ATTR/ { attr = NR }
            $0 == file { sub(/,[0-9]*$/, "," size, line[attr]) }
            END { for (i = 1; i <= NR; i++) print line[i] }' "$list" >edited.m3u8
        mv edited.m3u8 "$list"
    done
}

# nth DIR KIND N: path of the Nth (0...) segment of a kind (mixed: of all).
nth() {
    if [[ $2 == mixed ]]; then
        find "$1" -name '*.ts' | sort | sed -n "$(($3 + 1))p"
    else
        segment "$@"
    fi
}

# whole FILE [MS]: 30 s of sound and picture, in step to so many ms, with the markers at their times; a black picture
# may stand in front of the first one.
whole() {
    plays "$1"
    synced "$1" 3 "${2:-5}"
    near "$(frames "$1")" 450.5 0.5 pictures
    lasts "$1" 30
    at "$1" 9.505 19.505 29.505
}

@test "time stamps that restart, fall back or jump inside a segment: everything is merged, in sync" {
    local by how
    for by in -5 -4 -1 -0.3 -0.06 +0.2 +0.8 +3 +3600 -40000 +50000; do
        for how in copy encode; do
            have mixed p
            edit "$(nth p mixed 1)" "av:5:$by"
            merge 0 -f p --audio "$([ $how = copy ] && echo auto || echo encode)"
            quiet
            whole p/$mixed
            [ $by = -5 ] || break
        done
    done
    have mixed p
    edit "$(nth p mixed 0)" av:3:-3 av:6:-3 av:8:+100
    edit "$(nth p mixed 1)" av:0:+7777 av:5:-7777
    merge 0 -f p
    whole p/$mixed 45
}

@test "the clock of one track falls back in a segment, or between two, and stays there: the other one is in step to the end" {
    local by n track out=p/$mixed
    for by in a:-2.561 v:-1.067; do
        track=${by%:*}
        have mixed p
        for n in 1 2; do
            edit "$(nth p mixed $n)" "$track:0:${by#*:}"
        done
        for n in border inside; do
            merge 0 -q -f p
            quiet
            synced "$out" 3 25
            near "$(frames "$out")" 450.5 0.5 "pictures, $by, $n"
            lasts "$out" 30
            edit "$(nth p mixed 0)" "$track:5:${by#*:}"
        done
    done
}

@test "the clock of one track jumps ahead by less than a second: it is in step to the end, and no frame is lost" {
    local by track kind n
    for by in a:+0.45 v:+0.3 a:+0.07; do
        track=${by%:*}
        have mixed p
        edit "$(nth p mixed 2)" "$track:0:${by#*:}"
        for n in border inside; do
            merge 0 -q -f p --report r.json
            quiet
            synced p/$mixed 3 25
            lasts p/$mixed 30
            jq -e '[.. | objects | select(has("frames_in")) | .frames_in == .frames_out] | all' r.json >/dev/null || fail "$by, $n"
            edit "$(nth p mixed 1)" "$track:5:${by#*:}"
        done
        have single p
        kind=$([ "$track" = a ] && echo audio || echo video)
        edit "$(nth p "$kind" 1)" "$track:5:${by#*:}"
        edit "$(nth p "$kind" 2)" "$track:0:${by#*:}"
        merge 0 -f p
        quiet
        whole p/$first 25
    done
}

@test "one track pauses for less than a second, in a segment and between two: nothing moves" {
    have mixed p
    edit "$(nth p mixed 0)" a:3-3.4:x v:6-6.9:x a:9.7:x
    edit "$(nth p mixed 1)" a:-1-0.4:x v:9.7:x
    merge 0 -f p
    quiet
    synced p/$mixed 3 5
    lasts p/$mixed 30
}

@test "time stamps that are off for a second and come back: nothing is lost, and nothing moves" {
    local change
    for change in av:5-6:+0.9 v:5-6:+0.2 a:5-6:-0.12 av:5-6:-0.06; do
        have mixed p
        edit "$(nth p mixed 1)" $change
        merge 0 -f p --report r.json
        quiet
        whole p/$mixed
        [[ $change != *+* ]] || marks --packets p/$mixed | sed -n 's/^video,\([^,]*\).*/\1/p' | sort -n |
            awk 'NR > 1 && ($1 - last < 0.03 || $1 - last > 0.1) { bad = 1 } { last = $1 } END { exit bad }' || fail "$change: distances"
        jq -e '[.. | objects | select(has("frames_in")) | .frames_in == .frames_out] | all' r.json >/dev/null || fail "$change"
    done
    # all of one segment
    for change in video audio; do
        have single p
        edit "$(nth p $change 1)" "${change:0:1}:-1:+0.2"
        merge 0 -f p
        quiet
        whole p/$first
    done
    # its second picture on, which only the parameter sets tell from another order
    have single p
    edit "$(nth p video 1)" v:0.1:-0.39
    merge 0 -f p
    quiet
    whole p/$first
}

@test "sound whose clock is 2 s to a minute away from the picture's: the file is as long as the recording, and in sync" {
    local by f
    for by in -55 +55 -9 +9 +2 +11; do
        have mixed p
        for f in p/*.ts; do edit "$f" "a:-1:$by"; done
        merge 0 -f p
        quiet
        synced p/$mixed 3 45 # where they begin together is not known better
        lasts p/$mixed 30
    done
}

# numbered DIR: names of segments are numbers, and the playlists have no times of their own.
numbered() {
    local list n=0
    for list in "$1"/*.m3u8; do
        while IFS= read -r uri; do
            mv "$1/$uri" "$1/$((++n)).ts"
            sed -i "s/^$uri\$/$n.ts/" "$list"
        done < <(grep '\.ts$' "$list")
        sed -i /FILE-ATTR/d "$list"
    done
}

# whole_seconds DIR 0|1: its playlists say whole seconds, rounded down or up, and no more; names of segments are numbers.
whole_seconds() {
    local list
    numbered "$1"
    for list in "$1"/*.m3u8; do
        awk -F '[:,]' -v up="$2" '/^#EXTINF/ { s = int($2); $0 = "#EXTINF:" s + (up && s < $2) } 1' "$list" >new
        mv new "$list"
    done
}

@test "the clock of one track is off across a border, and the names have no times: the other track does not move" {
    have mixed p
    edit "$(nth p mixed 0)" "a:9.3:+1.158"
    edit "$(nth p mixed 1)" "a:-1-0.3:+1.158" "v:8:+0.6"
    edit "$(nth p mixed 2)" "v:-1-0.8:+0.6"
    numbered p
    merge 0 -f p
    quiet
    whole p/*.mp4 25
}

@test "the clock of one track is off by minutes across a border: the other track does not move" {
    local track
    for track in a v; do
        have mixed p
        edit "$(nth p mixed 0)" $track:9.3:-114
        edit "$(nth p mixed 1)" $track:-1-0.5:-114
        merge 0 -f p
        quiet
        synced p/$mixed 3 25
        lasts p/$mixed 30
    done
}

@test "a jump ahead that cannot be told from a pause, in a segment whose clock falls as well: that is reported" {
    have mixed p
    edit "$(nth p mixed 2)" av:7.567-8.62:-2.741 av:9.341:+0.111
    merge 3 -f p
    said 'uncertain: its time stamps contradict each other or the playlist: its pictures, and what follows, may be off by 0.111 s'
    # the last EXTINF leaves a pause of the pictures out, as FFmpeg's does, and the sound has ended before
    have mixed p
    edit "$(nth p mixed 2)" v:3-4:x a:6-11:x
    awk '/^#EXTINF/ && ++n == 3 { split($0, x, /[:,]/); $0 = "#EXTINF:" x[2] - 1 "," } { print }' p/*.m3u8 >list
    mv list p/*.m3u8
    merge 3 -f p --force
    said 'uncertain: its time stamps contradict each other or the playlist: its pictures, and what follows, may be off by '
}

@test "both clocks jump ahead for good, and EXTINF says so, too, but no name does: that is reported" {
    have mixed p
    edit "$(nth p mixed 1)" av:5:+12
    edit "$(nth p mixed 2)" av:-1:+12
    awk '/^#EXTINF/ && ++n == 2 { split($0, x, /[:,]/); $0 = "#EXTINF:" x[2] + 12 "," } { print }' p/*.m3u8 >list
    mv list p/*.m3u8
    merge 3 -f p
    said 'the clock runs back by 12.000 s here'
    said 'uncertain: its time stamps contradict each other or the playlist: its pictures, and what follows, may be off by 12.000 s'
}

@test "the clock of one track falls at the beginning of the last segment, and rises again in it: all stays in step, or is reported" {
    local how
    for how in a:-1-2:-1.887 v:-1-3:-0.7; do
        have mixed p
        edit "$(nth p mixed 2)" $how
        sed -i 's/^#EXTINF:10,/#EXTINF:10.001,/' p/*.m3u8 # else it may be rounded
        merge 0 -f p
        quiet
        whole p/$mixed 12
    done
    have mixed p
    edit "$(nth p mixed 2)" a:-1-2:-0.7
    merge 3 -f p
    said 'uncertain: its time stamps contradict each other or the playlist: its sound, and what follows, may be off by 0.700 s'
}

@test "one track pauses where both clocks jump, while the other one goes on: nothing is uncertain" {
    local how
    for how in '1 a:4.5-5.5:x av:5:-5' '1 v:3-6:x av:5:+3600' '0 a:-1-2:x av:2:-5' '1 v:-1-2:x av:2:+3600'; do
        have mixed p
        # shellcheck disable=SC2086 # words are meant
        edit "$(nth p mixed ${how%% *})" ${how#* }
        merge 0 -f p --force
        quiet
        synced p/$mixed 3 25
        lasts p/$mixed 30 0.1
    done
}

@test "reordered pictures pause, and the last EXTINF leaves that out: both tracks end together, so nothing is uncertain" {
    mkdir p
    ffmpeg -v error -f lavfi -i "testsrc2=s=64x36:r=25:d=12,select='not(between(t,1.5,3.1))'" \
        -f lavfi -i sine=d=12:r=48000 -fps_mode vfr -c:v libx264 -preset veryfast -g 50 -bf 2 -x264-params b-adapt=0 \
        -c:a aac -muxdelay 0 -f mpegts p/"${mixed%_av.mp4}".ts
    printf '#EXTM3U\n#EXT-X-TRTC-START-REC-TIME:1767225600495\n#EXTINF:10.4,\n%s.ts\n#EXT-X-ENDLIST\n' "${mixed%_av.mp4}" >p/1400000001_3560.m3u8
    merge 0 -f p
    quiet
    lasts p/$mixed 12
}

@test "the last EXTINF is shorter than the first picture is delayed: nothing is uncertain" {
    mkdir p
    ffmpeg -v error -itsoffset 0.4 -f lavfi -i testsrc2=s=64x36:r=5:d=1 -f lavfi -i sine=d=1.4:r=48000 -c:v libx264 -preset veryfast -g 50 -bf 3 \
        -x264-params b-adapt=0:b-pyramid=normal -c:a aac -muxdelay 0 -f mpegts p/"${mixed%_av.mp4}".ts
    printf '#EXTM3U\n#EXT-X-TRTC-START-REC-TIME:1767225600495\n#EXTINF:0.008,\n%s.ts\n#EXT-X-ENDLIST\n' "${mixed%_av.mp4}" >p/1400000001_3560.m3u8
    merge 0 -f p
    quiet
    lasts p/$mixed 1.4
}

@test "durations in whole seconds, and names without times: the stream counts" {
    local up
    mk rec --tags old --segment 3.3 --length 10.4 --user "$(user rate=16000 gop=0.2 size=64x36)"
    for up in 0 1; do
        rm -rf p && cp -r rec p
        whole_seconds p $up
        merge 0 -f p -o out$up --report r.json
        quiet
        plays out$up/*.mp4
        synced out$up/*.mp4 1 5
        at out$up/*.mp4 9.505
        lasts out$up/*.mp4 10.4
        jq -e '[.. | objects | select(has("frames_in")) | .frames_in == .frames_out] | all' r.json >/dev/null || fail "$(cat r.json)"
    done
}

@test "durations with milliseconds that are whole seconds, and names without times: the playlist counts" {
    local n
    have single p
    for n in 1 2; do
        edit "$(nth p video $n)" v:0:-0.4
    done
    numbered p
    sed -i 's/^#EXTINF:10.*/#EXTINF:10.000,/' p/*.m3u8
    merge 0 -f p
    quiet
    whole p/*.mp4 45
}

@test "time stamps that fall back inside a segment without tables: those of the segment before are used" {
    have mixed p
    edit "$(nth p mixed 2)" av:5:-5
    python3 - "$(nth p mixed 2)" <<'P'
import sys
data = open(sys.argv[1], 'rb').read()
packets = [data[i:i + 188] for i in range(0, len(data), 188)]
pid = lambda p: (p[1] & 31) << 8 | p[2]
pat = next(p for p in packets if pid(p) == 0)
tables = (0, (pat[15] & 31) << 8 | pat[16])
open(sys.argv[1], 'wb').write(b''.join(p for p in packets if pid(p) not in tables))
P
    resized "$(nth p mixed 2)"
    merge 0 -f p
    quiet
    whole p/$mixed
}

@test "the same with separate files for picture and sound" {
    local by kind
    for by in -5 -1 -0.3 +3 +3600; do
        have single p
        for kind in video audio; do
            edit "$(nth p $kind 1)" "av:5:$by"
        done
        merge 0 -f p
        quiet
        whole p/$first 45
    done
}

@test "sound stamped on arrival is smoothed; no frame is dropped or inserted" {
    local ms how
    for ms in 10 25 39; do
        for how in mixed single; do
            have $how p
            for n in 0 1 2; do
                edit "$(nth p "$([ $how = mixed ] && echo mixed || echo audio)" $n)" "a:0:~$ms"
            done
            merge 0 -f p --report r.json
            quiet
            synced "$(<out)" 3 25
            lasts "$(<out)" 30
            jq -e '.outputs[0].audio | .dropped_frames == 0 and .filled_frames <= 2' r.json # at the end, up to that of the picture
            # its samples follow each other
            marks --packets "$(<out)" | awk -F , '
                $1 != "audio" { next }
                n++ { d = ($2 - last) * 48000 - 1024; if (d > 40 || d < -40) bad++ }
                { last = $2 }
                END { exit !n || bad > 1 }' ||
                fail "jitter of $ms ms is left"
        done
    done
}

@test "sound whose time stamps stand still, for a second or always: it goes on by its samples" {
    local n file
    have mixed p
    for n in 1 2; do
        file=$(nth p mixed $n)
        ffmpeg -nostdin -v error -copyts -i "$file" -map 0 -c copy -mpegts_copyts 1 -muxdelay 0 -pes_payload_size 0 one.ts
        mv one.ts "$file"
    done
    edit "$(nth p mixed 1)" a:5-6:.
    edit "$(nth p mixed 2)" a:0:.
    merge 0 -f p --report r.json
    quiet
    whole p/$mixed
    jq -e '.outputs[0].audio | .dropped_frames == 0 and .filled_frames <= 2' r.json
}

@test "after a lost segment the pictures that refer to it are left out and reported" {
    local nb
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=15:d=12 -c:v libx264 -preset ultrafast \
        -x264-params keyint=30:min-keyint=30:bframes=3:b-adapt=0:scenecut=0:open-gop=1 -pix_fmt yuv420p open.ts
    trtc-hls -q -A 1400000001 -R 3560 -u 10001 -t 4 -d p -S 2026-01-01T00:00:00.495Z open.ts >/dev/null
    merge 0 -f p -o whole
    quiet
    [ "$(frames "$(<out)")" -eq 180 ]
    rm "$(segment p video 1)"
    merge 3 -f p
    said ' before the first key frame cannot be decoded'
    nb=$(ffprobe -v quiet -select_streams v -show_entries stream=nb_frames -of csv=p=0 "$(<out)")
    [ "$nb" = 119 ] || fail "$nb pictures"
}

@test "a last EXTINF of 0, with FILE-ATTR and without: the file is as long as the segment" {
    local list
    have single p
    merge 0 -f p -o whole
    for list in p/*.m3u8; do
        awk '/^#EXTINF/ { n++ } n == 3 { sub(/^#EXTINF:[0-9.]*/, "#EXTINF:0") } 1' "$list" >l && mv l "$list"
    done
    merge 0 -f p
    quiet
    cmp whole/$first p/$first
    sed -i /FILE-ATTR/d p/*.m3u8
    merge 0 -f p --force
    quiet
    whole p/$first 25
}

@test "a clock that steps back a little in a continuous stream: nothing is dropped" {
    local ms list
    for ms in 60 500; do
        have single p
        for list in p/*.m3u8; do
            awk -F '[:,]' -v ms=$ms '/FILE-ATTR/ { if (++n > 1) $2 -= ms; printf "%s:%.0f,%s\n", $1, $2, $3; next } 1' "$list" >l
            mv l "$list"
        done
        merge 0 -f p --report r.json
        [ $ms = 60 ] || said 'the stream is followed'
        synced p/$first 3 45
        lasts p/$first 30
        [ "$(frames p/$first)" -eq 450 ]
        jq -e '.outputs[0] | [.video, .audio] | all(.account.left_out == {} and .account.unaccounted == 0)' r.json
    done
}

@test "the account: every frame was written, or left out for a reason" {
    # packets in the segments, by another program
    packets() {
        local f n=0
        for f in p/*_"$1"_2*.ts; do
            n=$((n + $(marks --packets "$f" | grep -c "^$1,")))
        done
        echo $n
    }
    have single p
    merge 0 -f p --report r.json --json
    [ "$(jq -c '.outputs[0] | [.video, .audio] | map(.account | [.frames_in, .frames_out, .unaccounted])' r.json)" = \
        "[[450,450,0],[$(packets audio),$(packets audio),0]]" ] || fail "$(jq -c .outputs r.json)"
    jq -e '.video.account.frames_out == 450 and .audio.account.packets_in > 100' out
    merge 0 -f p --report r.json --video encode -p 5 --audio encode --force
    jq -e '.outputs[0].video.account | .frames_in == 450 and .frames_out == 150 and .left_out.rate >= 299 and .unaccounted == 0' r.json
    jq -e '.outputs[0].audio.account | .frames_in == .frames_out and .unaccounted == 0' r.json
    # bytes overwritten; a first segment without its key frame; an overlap
    dd if=/dev/urandom of="$(segment p video 1)" bs=188 count=3 seek=20 conv=notrunc status=none
    dd if=/dev/urandom of="$(segment p audio 1)" bs=188 count=3 seek=20 conv=notrunc status=none
    sed -i 's/\(FILE-ATTR:\)176722562\(.*\)/\1176722561\2/' p/*.m3u8
    for how in copy encode; do
        merge 3 -f p --report r.json --video $how --audio "$([ $how = copy ] && echo auto || echo encode)" --force
        jq -e '.outputs[0] | [.video, .audio] | all(.account | .unaccounted == 0 and
            .frames_in == .frames_out + ([.left_out[]] | add // 0))' r.json || fail "$(jq -c '.outputs[0]' r.json)"
    done
}

# aac RATE CHANNELS SECONDS: a tone as ADTS on standard output.
aac() {
    ffmpeg -nostdin -v error -f lavfi -i "sine=1000:r=$1:d=$3" -ac "$2" -c:a aac -b:a 64k -f adts -
}

# one KIND: p becomes a recording of one segment, in.ts, that is $1.
one() {
    rm -rf p && mkdir p
    mv in.ts "p/${stem}_$1_20260101000000495.ts"
    printf '%s\n' '#EXTM3U' "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:160 HEIGHT:90" \
        "#EXT-X-TRTC-FILE-ATTR:1767225600495,$(stat -c %s "p/${stem}_$1_20260101000000495.ts")" "#EXTINF:$2," \
        "${stem}_$1_20260101000000495.ts" '#EXT-X-ENDLIST' >"p/${stem}_$1.m3u8"
}

@test "AAC that changes its rate or its channels inside a segment is encoded completely" {
    local from to
    for to in '24000 1' '48000 2'; do
        # shellcheck disable=SC2086
        { aac 48000 1 4; aac $to 4; } >a.aac
        ffmpeg -nostdin -v error -i a.aac -c copy -f mpegts in.ts 2>ignored || true
        [ -s in.ts ] || fail 'no segment'
        one audio 8
        merge 0 -f p --report r.json
        quiet
        plays "$(<out)"
        near "$(field "$(<out)" a duration)" 8 0.1 "$to"
        near "$(value "$(<out)" samples_s)" 8 0.1 "$to"
        jq -e '.outputs[0].audio | .action == "encode" and .account.unaccounted == 0 and .account.left_out == {}' r.json
        [ "$(field "$(<out)" a channels)" = "${to#* }" ]
    done
}

@test "a codec that changes inside a segment is encoded or mixed completely; PIDs may change their roles" {
    local to
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v libx264 -preset ultrafast -bf 2 -f mpegts -y a.ts
    for to in 'libx265 -x265-params log-level=none' mpeg2video; do
        # shellcheck disable=SC2086 # words
        ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=s=160x90:r=25:d=2 -c:v $to -f mpegts -output_ts_offset 2.12 b.ts
        cat a.ts b.ts >in.ts
        one video 4.12
        merge 0 -f p --report r.json
        near "$(field "$(<out)" v duration)" 4.1 0.15 "$to"
        jq -e '.outputs[0].video | .action == "encode" and .account.frames_in == 100 and .account.unaccounted == 0
            and (.account.left_out | keys - ["cut", "overlap", "rate"] == [])' r.json || fail "$(jq -c .outputs r.json)"
        mkdir -p q && mv p q/p
        run -0 trtc-mix -q -s 64x36 -r 25 --preset ultrafast --report x.json -o x.mkv q/p
        jq -e '.users[0].video.account | .frames_in == 100 and (.left_out | keys - ["cut"] == [])' x.json || fail "$to: $(jq -c .users x.json)"
        rm -r q
    done
    ffmpeg -nostdin -v error -y -f lavfi -i sine=d=2 -c:a aac -f mpegts a.ts
    ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=s=160x90:r=25:d=2 -f lavfi -i sine=d=2 -c:v libx264 -preset ultrafast -c:a aac \
        -f mpegts -output_ts_offset 2.12 b.ts
    cat a.ts b.ts >in.ts
    one video 4.12
    merge 0 -f p --report r.json
    jq -e '.outputs[0] | .video.account.frames_in == 50 and .video.account.left_out == {} and .audio.account.unaccounted == 0' r.json
}

@test "scrambled packets in the middle of a segment are reported" {
    local file flags
    have single q
    file=$(nth q video 0)
    flags=$(od -An -tu1 -j $((188 * 40 + 3)) -N 1 "$file")
    # shellcheck disable=SC2059 # an octal number
    printf "\\$(printf %o $((flags | 128)))" | dd of="$file" bs=1 seek=$((188 * 40 + 3)) conv=notrunc status=none
    merge 3 -f q
    said 'encrypted: 1 scrambled packet of picture left out; 188 bytes lost'
}

@test "pictures in a codec that is not copied, in one that nothing decodes, without key frame, without parameter sets" {
    local how
    have single q
    audio() {
        cp "$BATS_TEST_TMPDIR"/q/*_audio* p/
    }
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=25:d=10 -c:v mpeg2video -g 12 -f mpegts in.ts
    one video 10
    audio
    merge 0 -f p --report r.json
    [ "$(field "$(<out)" v width)x$(field "$(<out)" v height)" = 160x90 ]
    jq -e '.outputs[0].video.account | .frames_in == 250 and .unaccounted == 0' r.json
    sed -i /METADATA/d p/*.m3u8
    merge 0 -f p --force
    [ "$(field "$(<out)" v width)x$(field "$(<out)" v height)" = 160x90 ]
    # no_picture WHAT: sound alone is made of it, and what is missing is said
    no_picture() {
        for how in auto encode; do
            merge 3 -f p --report r.json --video $how --force
            said "$1"
            near "$(field "$(<out)" a duration)" 30 0.1 sound
            jq -e '.outputs[0].video.account | .frames_in > 0 and .frames_out == 0 and .unaccounted == 0' r.json ||
                fail "$(jq -c .outputs r.json)"
        done
    }
    # what this is not: FFmpeg's libraries do not know VVC, or cannot decode this as it
    restamp p/*video*.ts in.ts v:0:=33
    one video 10
    audio
    no_picture ': 250 '
    for how in k p; do
        restamp "$(nth q video 0)" in.ts v:0:$how
        one video 10
        audio
        no_picture 'picture'
    done
    # nothing else of the user is there
    restamp "$(nth q video 0)" in.ts v:0:k v:0:p
    one video 10
    rm -r q
    merge 65 -f p
    [ ! -s out ]
}

@test "a track that begins late in a segment is merged from its first frame, as the plan shows" {
    local edits media
    for edits in 'a:-1-5:x' 'a:-1-5:x a:5:@' 'v:-1-4:x' 'v:-1-4:x v:4:@' 'a:-1-9.9:x a:9:@'; do
        have big p
        # shellcheck disable=SC2086
        edit "$(nth p mixed 0)" $edits
        # shellcheck disable=SC2086
        edit "$(nth p mixed 1)" $edits
        merge 0 -f p --plan=json
        jq -e '.video and .audio' out || fail "the plan with $edits"
        merge 0 -f p --report r.json
        quiet
        [ "$(value p/$mixed frames)" -eq "$(frames p/$mixed)" ]
        jq -e '.outputs[0] | [.video, .audio] | all(.account.left_out == {} and .account.unaccounted == 0)' r.json
        lasts p/$mixed 30
        if [[ $edits == a* ]]; then
            [ "$(frames p/$mixed)" -eq 450 ]
        else # four seconds each, a picture each time
            near "$(frames p/$mixed)" 331 2 "$edits"
        fi
        near "$(mark p/$mixed 3 1)" 29.505 0.006 "$edits"
        near "$(mark p/$mixed 3 3)" 0 12 "$edits" # the playlist does not say that the segments begin later
    done
    # all of a recording; in a user's files as well
    for media in mixed single; do
        have $media p
        for n in 0 1 2; do edit "$(nth p "${media/single/video}" $n)" a:0-9.9:x; done
        [ $media = mixed ] || rm p/*_audio*
        merge 0 -f p --plan=json
        jq -e '.video.action == "copy"' out
    done
}

@test "segments of three packets, and DTS beside a picture, are read" {
    ffmpeg -nostdin -v error -f lavfi -i anullsrc=r=16000:cl=mono -t 2.2 -c:a aac -b:a 16k small.ts
    trtc-hls -q -A 1400000001 -R 3560 -u 10001 -t 0.1 -d p small.ts >/dev/null
    [ -n "$(find p -name '*.ts' -size -565c)" ]
    merge 0 -f p --report r.json
    quiet
    jq -e '.outputs[0].audio.account | .frames_in == .frames_out and .frames_in > 30' r.json
    mkdir q
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x48:r=15:d=2 -f lavfi -i sine=r=48000:d=2 -c:v libx264 \
        -preset ultrafast -pix_fmt yuv420p -c:a dca -strict -2 -b:a 384k q/1400000001_3560_20260101000000495.ts
    printf '#EXTM3U\n#EXTINF:2,\n1400000001_3560_20260101000000495.ts\n#EXT-X-ENDLIST\n' >q/1400000001_3560.m3u8
    merge 0 -f q --report r.json
    quiet
    jq -e '.outputs[0].audio | .action == "encode" and .account.frames_out == 188' r.json || fail "$(<r.json)"
}

@test "a pause of over 15 s inside a segment ends a section" {
    local how f
    for how in '' --av-merge --mixed; do
        mk p --length 55 --segment 60 --user "$(user rate=48000,stall=10-30.2)" $how
        merge 0 -f p --plan=json
        [ "$(wc -l <out)" -eq 2 ] || fail "not two sections with $how"
        merge 0 -f p --report r.json
        quiet
        [ "$(wc -l <out)" -eq 2 ]
        jq -e '[.outputs[] | .video, .audio | .account | .unaccounted == 0 and .left_out == {}] | all' r.json || fail "$(jq -c .outputs r.json)"
        [ "$(jq '[.outputs[].video.account.frames_in] | add' r.json)" -eq 522 ] || fail "$(jq -c .outputs r.json)"
        f=$(sort out | tail -n 1)
        plays "$(head -n 1 out)" "$f"
        lasts "$f" 24.8 0.1
        lasts "$(sort out | head -n 1)" 10 0.1
        synced "$f" 2 5
        rm -rf p
    done
    mk p --length 55 --segment 60 --user "$(user stall=10-24.5)"
    merge 0 -f p
    [ "$(wc -l <out)" -eq 1 ]
    # wherever it is in a segment of which only some places are looked at
    rm -rf p
    mk q --length 30 --segment 60 --bitrate 200000 --user "$(user rate=48000)" --mixed
    for how in 8 9 10 11 12; do
        rm -rf p
        cp -r q p
        edit "$(nth p mixed 0)" "av:$how:+20"
        sed -i 's/^#EXTINF:.*/#EXTINF:50,/' p/*.m3u8
        merge 0 -f p --plan
        [ "$(wc -l <out)" -eq 2 ] || fail "not two sections with a pause at $how s"
    done
    # with restarts before and behind it, and a third part
    rm -rf p
    mk p --length 90 --segment 100 --user "$(user rate=48000,stall=10-30.2,stall=50-70.2)" --mixed
    edit "$(nth p mixed 0)" av:3:-3 av:40:-12 av:75:+7
    merge 0 -f p --report r.json
    [ "$(wc -l <out)" -eq 3 ] || fail "$(cat out)"
    jq -e '[.outputs[] | .video, .audio | .account | .unaccounted == 0 and .left_out == {}] | all' r.json
    for f in $(<out); do plays "$f"; done
}

# cut_at FILE BYTE: p becomes a recording of the two parts of a stream, which starts at 0.
cut_at() {
    local i name
    local -a from=(0 "$2") to=("$2" "$(stat -c %s "$1")") at
    for i in 0 1; do
        at[i]=$(ffprobe -v quiet -show_entries packet=pts_time,pos -of csv=p=0 "$1" | awk -F, -v from="${from[i]}" -v to="${to[i]}" '
            $2 != "N/A" && $2 >= from && $2 < to && (low == "" || $1 < low) { low = $1 } END { printf "%.0f", low * 1000 }')
    done
    rm -rf p && mkdir p
    {
        printf '%s\n' '#EXTM3U' '#EXT-X-TRTC-START-REC-TIME:1767225600495'
        for i in 0 1; do
            name=1400000001_3560_2026010100000$(printf '%04d' $((495 + at[i] - at[0]))).ts
            tail -c +$((from[i] + 1)) "$1" | head -c $((to[i] - from[i])) >"p/$name"
            printf '#EXT-X-TRTC-FILE-ATTR:%d,%d\n#EXTINF:%s,\n%s\n' $((1767225600495 + at[i] - at[0])) $((to[i] - from[i])) \
                "$([ $i = 1 ] && echo 1 || printf '%d.%03d' $(((at[1] - at[0]) / 1000)) $(((at[1] - at[0]) % 1000)))" "$name"
        done
        echo '#EXT-X-ENDLIST'
    } >p/1400000001_3560.m3u8
}

@test "a stream that was cut at any point: before pictures that are shown earlier, before the header of its sound" {
    local at all
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x36:r=25:d=2 -f lavfi -i sine=r=16000:d=2 -c:v libx264 -preset ultrafast \
        -bf 3 -x264-params b-adapt=0 -threads 1 -c:a aac -b:a 32k -mpegts_flags latm in.ts
    all=$(ffprobe -v error -select_streams v -show_entries packet=pos -of csv=p=0 in.ts | tr -d , | sed -n '24,30p')
    for at in $all; do
        cut_at in.ts "$at"
        merge 0 -f p --report r.json
        quiet
        jq -e '.outputs[0] | .video.account.frames_out == 50 and ([.video, .audio] | all(.account | .left_out == {} and .unaccounted == 0))' r.json ||
            fail "cut at $at: $(jq -c '.outputs[0]' r.json)"
    done
}

@test "pictures that a muxer gave no times are a loss, in every program" {
    have single p
    local f
    f=$(segment p video 0)
    ffmpeg -nostdin -v error -i "$f" -c copy -bsf:v setts=ts=STARTDTS -muxdelay 0 -output_ts_offset 1.4 z.ts
    ffmpeg -nostdin -v error -i "$f" -c copy -bsf:v setts=ts=0 z.flv
    mv z.ts "$f"
    resized "$f"
    local said='damaged: 149 pictures within 1 ms of the one before'
    merge 3 -f p -o o
    said "${f##*/}: $said"
    [ "$(wc -l <err)" -eq 1 ]
    expect 3 trtc-mix -q -s 64x36 -r 5 --preset ultrafast -o o.mkv p
    said "${f##*/}: $said"
    expect 3 trtc-mix -q -s 64x36 -r 5 --preset ultrafast -o z.mkv a=z.flv
    said "(z.flv): $said, not shown"
    expect 3 trtc-hls -q -A 1 -R 1 --no-sync -d r z.flv
    said "z.flv: $said, recorded unchanged"
}

@test "a time stamp that cannot be right is guessed, and reported, where files are recorded or mixed" {
    have single p
    ffmpeg -nostdin -v error -t 4 -i "$(segment p video 0)" -c copy a.flv
    # in ms, whichever time base the filter counts in
    ffmpeg -nostdin -v error -i a.flv -c copy -bsf:v 'setts=pts=if(eq(N\,10)\,PTS+60000\,PTS):dts=DTS' w.flv
    local said='w.flv): damaged: 1 impossible time stamp, guessed instead'
    expect 3 trtc-mix -q -s 64x36 -r 5 --preset ultrafast -o w.mkv a=w.flv
    said "$said"
    expect 3 trtc-hls -q -A 1 -R 1 --no-sync -d r w.flv
    said "${said/)/}"
}
