#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix with media that other encoders and muxers made: shown and heard as players do, and every frame accounted for.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    # quarters of four colours; and a colour a second: 1 2 3 4
    ffmpeg -nostdin -v error -f lavfi -i "color=c=0x$(colour 1):s=64x32:r=5:d=1" -f lavfi -i "color=c=0x$(colour 2):s=64x32:r=5:d=1" \
        -f lavfi -i "color=c=0x$(colour 3):s=64x32:r=5:d=1" -f lavfi -i "color=c=0x$(colour 4):s=64x32:r=5:d=1" \
        -filter_complex '[0][1]hstack[t];[2][3]hstack[b];[t][b]vstack' -c:v libx264 -preset ultrafast -qp 8 -threads 1 quarters.mp4
    ffmpeg -nostdin -v error -f lavfi -i "color=c=0x$(colour 1):s=64x36:r=10:d=1" -f lavfi -i "color=c=0x$(colour 2):s=64x36:r=10:d=1" \
        -f lavfi -i "color=c=0x$(colour 3):s=64x36:r=10:d=1" -f lavfi -i "color=c=0x$(colour 4):s=64x36:r=10:d=1" -f lavfi -i sine=r=16000:d=4 \
        -filter_complex '[0][1][2][3]concat=n=4' -c:v libx264 -preset ultrafast -bf 2 -g 15 -threads 1 -c:a aac -b:a 32k seconds.mp4
    # flashes with their beeps at 9.5 and 19.5 s: a recording of two segments, and the same as one file
    user_keys=rate=16000 mk rec --length 20 --user "$(user size=64x36)"
    user_keys=rate=16000 mk both --length 20 --av-merge --user "$(user size=64x36)"
    cat both/*.ts >both.ts
}

setup() {
    test_begin
    # shellcheck disable=SC2164 # it is there
    cd "$BATS_TEST_TMPDIR"
    ln -s "$BATS_FILE_TMPDIR"/*.mp4 "$BATS_FILE_TMPDIR"/both.ts .
}

# scene STATUS OPTION...: a mix of small pictures in m.mp4, ten a second, with its account in report.json.
scene() {
    mix "$1" -s "$canvas" -r 10 -k 3000 --preset ultrafast --sample-rate 16000 --report report.json -o m.mp4 "${@:2}"
    balanced report.json
}

# balanced REPORT: every frame that came in is out, or has its reason.
balanced() {
    jq -e '[.users[] | .video, .audio | values | .account
        | .unaccounted == 0 and .frames_in == .frames_out + ([.left_out[]] | add // 0)] | length > 0 and all' "$1" >/dev/null ||
        fail "$1: does not balance: $(jq -c '.users[] | [.user, .video, .audio]' "$1")"
}

# account USER KIND: "IN OUT [REASON=N]..." of a track.
account() {
    jq -r --arg u "$1" --arg k "$2" '.users[] | select(.user == $u) | .[$k].account
        | [.frames_in, .frames_out] + [.left_out | to_entries[] | "\(.key)=\(.value)"] | join(" ")' report.json
}

# accounts USER KIND "IN OUT [REASON=N]..."
accounts() {
    [[ $(account "$1" "$2") == "$3" ]] || fail "$1: $2: $(account "$1" "$2"), not $3"
}

@test "a picture is turned and mirrored as its container says, in every window" {
    local n=0 m in=() x y
    for m in '1 0 0 1' '0 1 -1 0' '-1 0 0 -1' '0 -1 1 0' '-1 0 0 1' '1 0 0 -1' '0 1 1 0' '0 -1 -1 0'; do
        # shellcheck disable=SC2086 # words
        with_matrix $m quarters.mp4 turned$n.mp4
        ffmpeg -nostdin -v error -i turned$n.mp4 -vf format=rgb24,scale=2:2:flags=area -frames:v 1 -pix_fmt rgb24 -f rawvideo - | xxd -p -c 3 >players$n
        in+=("u$n=turned$n.mp4")
        n=$((n + 1))
    done
    canvas=336x192 # nine windows of 112x64
    scene 0 --render fit "${in[@]}"
    for ((n = 0; n < 8; n++)); do # 128x64, or 64x128 upright, within
        read -r x y <<<"$((n % 3 * 112 + 56)) $((n / 3 * 64 + 32))"
        paste <(printf '%s\n' "2 $((x - 8)) $((y - 14))" "2 $((x + 8)) $((y - 14))" "2 $((x - 8)) $((y + 14))" "2 $((x + 8)) $((y + 14))") \
            <(sed "s/$/ u$n/" players$n) | tr '\t' ' '
    done | sees m.mp4 24
    accounts u1 video '5 5'
    # ... and where something is laid over it, or it is half clear
    a_clear='[{"Left":0,"Top":0,"Width":336,"Height":192,"UserId":"u0","RenderMode":0},{"Left":20,"Top":20,"Width":64,"Height":128,"UserId":"u1","ImageLayer":2,"Alpha":128,"RenderMode":0}]'
    echo "$a_clear" >list.json
    scene 0 -m custom -l list.json --text 'x,200,100' u0=turned0.mp4 u1=turned1.mp4
    sees m.mp4 24 <<END
2 10 90 1 beside
2 30 150 3 beside
2 28 40 $(half 1 3)
2 76 40 $(half 1 1)
2 28 130 $(half 3 4)
END
    with_matrix 1 1 -1 1 quarters.mp4 askew.mp4
    scene 0 u=askew.mp4
    grep -q 'askew.mp4): 5 pictures should be shown at an angle that is no quarter turn' err || fail "askew: $(<err)"
}

# half A B: between two colours.
half() {
    local a b i out=
    a=$(colour "$1") b=$(colour "$2")
    for i in 0 2 4; do out+=$(printf %02x $(((16#${a:i:2} + 16#${b:i:2}) / 2))); done
    echo "$out"
}

# tenth N: a tenth of a second in the pictures of seconds.mp4, on its own clock.
tenth() {
    echo $((2048 + $1 * 1024))
}

@test "edit lists: parts that are cut away are neither seen nor heard, delayed tracks come later" {
    local cut=(ffmpeg -nostdin -v error -y)
    # not at a key frame, in the middle of a frame of sound; sound that comes later, pictures that do; pieces in another order
    "${cut[@]}" -ss 1.23 -i seconds.mp4 -c copy trimmed.mp4
    "${cut[@]}" -itsoffset 0.7 -i seconds.mp4 -i seconds.mp4 -map 0:a -map 1:v -c copy later-sound.mp4
    "${cut[@]}" -i seconds.mp4 -itsoffset 0.7 -i seconds.mp4 -map 0:a -map 1:v -c copy -movie_timescale 1000 later-picture.mp4
    with_edits later-picture.mp4 pieces.mp4 "1000,$(tenth 22)" "1000,$(tenth 4)"
    with_edits later-picture.mp4 still.mp4 "1000,$(tenth 14),0" "1200,$(tenth 14)"
    with_edits later-picture.mp4 in-order.mp4 "600,$(tenth 4)" "800,$(tenth 22)"
    with_edits later-picture.mp4 fast.mp4 "300,-1" "1000,$(tenth 8),131072"
    [[ $(ffprobe -v error -show_entries packet=flags -of csv=p=0 trimmed.mp4 | grep -c D) -gt 10 ]] || fail "nothing is cut away"
    scene 0 u=trimmed.mp4
    quiet
    as_players_show trimmed.mp4
    # of a file of fragments, FFmpeg's player would show the pictures before it as well
    "${cut[@]}" -ss 1.23 -i seconds.mp4 -c copy -movflags frag_keyframe+delay_moov fragments.mp4
    scene 0 u=fragments.mp4
    tells m.mp4 160,90 '0 2' '8 3' '18 4' '28 end'
    [[ $(account u video) =~ cut=1[0-9]$ && $(account u audio) =~ cut=[1-9][0-9]$ ]] || fail "fragments: $(account u video), $(account u audio)"
    # what is cut away is not heard in front of it either, where there is room
    scene 0 v@1000=seconds.mp4 u@3000=trimmed.mp4 --unsubscribe audio:v
    silent m.mp4 0 1.95
    heard m.mp4 2.1 2.5
    scene 0 u=later-picture.mp4
    tells m.mp4 160,90 '0 ?' '7 1' '17 2' '27 3' '37 4' '47 end'
    accounts u video '40 40'
    heard m.mp4 0.1 0.5
    scene 0 u=later-sound.mp4
    tells m.mp4 160,90 '0 1' '10 2' '20 3' '30 4' '47 end'
    silent m.mp4 0 0.65
    heard m.mp4 0.8 1.2
    scene 0 --only video u=pieces.mp4
    tells m.mp4 160,90 '0 3' '8 4' '10 1' '16 2' '20 end'
    [[ $(account u video) == '56 20 cut=36' ]] || fail "account: $(account u video)"
    # one picture that stands still, parts that are in order, with a pause in front, and what is not followed
    scene 0 --only video u=still.mp4
    quiet
    tells m.mp4 160,90 '0 2' '16 3' '22 end'
    [[ $(account u video) == '40 12 cut=28' ]] || fail "account: $(account u video)"
    scene 0 --only video u=in-order.mp4
    quiet
    tells m.mp4 160,90 '0 1' '6 3' '14 end'
    scene 0 --only video u=fast.mp4
    said 'u (fast.mp4): the edit list of picture (stream 1, h264, und) shows nothing for 0.300 s, 1.000 s from 1.000 s on, at 2.00 times the speed: it is mixed at normal speed'
    with_empty_edits seconds.mp4 none.mp4
    scene 3 u=none.mp4
    grep -q 'an edit list leaves out all of picture (stream 0, h264' err || fail "none: $(<err)"
    # several codecs in a track, of which FFmpeg's demuxer passes over all but the first
    with_other_codec seconds.mp4 two.mp4
    scene 3 u=two.mp4
    grep -q 'frames of the picture could not be used: their format is not supported' err || fail "two: $(<err)"
}

@test "a picture whose time contradicts the order of the pictures is reported, also if an edit list then hides it" {
    local at
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=25:d=3 -c:v libx264 -preset veryfast -g 25 -bf 2 -x264-params b-adapt=0:scenecut=0 right.mp4
    at=$(($(grep -abo ctts right.mp4 | cut -d : -f 1) + 12 + 8 * 20)) # the 21st entry of the table of offsets
    expect 0 trtc-hls -A 1 -R 1 -u u -d right --no-sync right.mp4
    merge 0 -o made right
    for bytes in '\0\1\0\0' '\0\4\0\0' '\0\200\0\0' '\0\0\100\0'; do # 5 s, 20 s: behind its end; 655 s; 1.3 s
        cp right.mp4 wrong.mp4
        printf "$bytes" | dd of=wrong.mp4 bs=1 seek=$((at + 4)) conv=notrunc status=none
        scene 3 --only video u=wrong.mp4
        said 'with times out of order, placed as they came'
        rm -rf rec made
        expect 3 trtc-hls -A 1 -R 1 -u u -d rec --no-sync wrong.mp4
        said 'with times out of order, placed as they came'
    done
    merge 3 -o made rec # as it was recorded
    said 'with times out of order, placed as they came'
    scene 3 --only video rec
    said 'with times out of order, placed as they came'
}

@test "a fragment for each frame, some stamped no later than the one before: everything is mixed" {
    # FFmpeg 5.1 writes such; what its demuxer says of them is the same as of what an edit list hides
    # also where the index lists the first frames
    ffmpeg -nostdin -v error -i seconds.mp4 -c copy -movflags cmaf+frag_every_frame frames.mp4 -c copy -movflags frag_every_frame indexed.mp4
    scene 0 u=frames.mp4 v=indexed.mp4
    quiet
    for u in u v; do
        [[ $(account $u audio) =~ ^([0-9]+)\ ([0-9]+)(\ (cut|overlap)=[0-9])?$ ]] || fail "$u: $(account $u audio)"
        ((BASH_REMATCH[1] - BASH_REMATCH[2] < 3)) || fail "$u: $(account $u audio)"
    done
    heard m.mp4 2.5 3.5
}

# as_players_show FILE: m.mp4, a mix of it alone, shows the same colours from the same pictures on as FFmpeg's player would.
as_players_show() {
    ffmpeg -nostdin -v error -y -i "$1" -an -vf "fps=10:round=near,scale=$canvas" -c:v libx264 -preset ultrafast -qp 8 players.mp4
    [[ $(story m.mp4 160,90 | grep -v '[?d]$') == "$(story players.mp4 160,90 | grep -v '[?d]$')" ]] ||
        fail "$1: shown $(story m.mp4 160,90 | paste -sd ';'), not $(story players.mp4 160,90 | paste -sd ';')"
}

# level FILE FROM TO: the peak of the sound there, in whole dB.
level() {
    ffmpeg -nostdin -v info -i "$1" -map 0:a -af "atrim=$2:$3,volumedetect" -f null - 2>&1 | sed -n 's/.*max_volume: \(-*[0-9]*\).*/\1/p'
}

silent() {
    [[ $(level "$@") -lt -60 ]] || fail "$*: not silent: $(level "$@") dB"
}

heard() {
    [[ $(level "$@") -gt -30 ]] || fail "$*: nothing is heard: $(level "$@") dB"
}

# quarters_at X Y W H A B C D: lines for `sees`: the colours of the quarters of what is shown there, just inside its edges.
quarters_at() {
    local x=$1 y=$2 r=$(($1 + $3 - 4)) b=$(($2 + $4 - 4))
    printf '%s\n' "2 $((x + 3)) $((y + 3)) $5" "2 $r $((y + 3)) $6" "2 $((x + 3)) $b $7" "2 $r $b $8" \
        "2 $((x ? x - 4 : 319)) $((x ? 80 : y - 4)) 000000" "2 $((x ? r + 8 : 0)) $((x ? 80 : b + 8)) 000000"
}

@test "pixels that are not square: as the container states, or else the stream" {
    # 128x64 samples each, that are shown twice as wide, half as wide, and turned
    ffmpeg -nostdin -v error -i quarters.mp4 -vf setsar=2 -c:v libx264 -preset ultrafast -qp 8 -threads 1 wide.mp4
    ffmpeg -nostdin -v error -i wide.mp4 -c copy stream.ts -c copy -aspect 1:1 container.mp4 -c copy -aspect 1:1 container.mkv
    with_matrix 0 1 -1 0 wide.mp4 turned.mp4
    canvas=320x160
    scene 0 --render fit u=wide.mp4
    quarters_at 0 40 320 80 1 2 3 4 | sees m.mp4 24
    scene 0 --render fit u=stream.ts
    quarters_at 0 40 320 80 1 2 3 4 | sees m.mp4 24
    for f in container.mp4 container.mkv; do
        scene 0 --render fit u=$f
        quarters_at 80 0 160 160 1 2 3 4 | sees m.mp4 24
    done
    scene 0 --render fit u=turned.mp4 # 64x256
    quarters_at 140 0 40 160 3 1 4 2 | sees m.mp4 24
}

@test "pictures and sound of other codecs, and containers without times" {
    local make=(ffmpeg -nostdin -v error -y -i seconds.mp4) u
    "${make[@]}" -c:v libvpx -deadline realtime -c:a libvorbis vp8.webm -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus vp9.webm \
        -c:v mpeg4 -bf 2 -an asp.mkv -c:v mjpeg -c:a pcm_s16le jpeg.mov
    "${make[@]}" -c copy avc.avi -c:v mpeg2video -r 25 -fps_mode cfr -c:a mp2 -f mpegts mpeg.ts
    scene 0 a=vp8.webm b=vp9.webm c=asp.mkv d=jpeg.mov e=avc.avi f=mpeg.ts
    quiet
    # a grid of 3 by 3
    [[ $(story m.mp4 50,30 160,30 270,30 50,90 160,90 270,90 | head -n 4 | paste -sd ';') == \
        '0 1 1 1 1 1 1;10 2 2 2 2 2 2;20 3 3 3 3 3 3;30 4 4 4 4 4 4' ]] || fail "shown: $(story m.mp4 50,30 160,30 270,30 50,90 160,90 270,90)"
    for u in a b c d e; do accounts $u video '40 40'; done
    [[ $(account f video) =~ ^'100 '[0-9]+' rate='[0-9]+$ ]] || fail "f: $(account f video)"
    for u in a b d e f; do
        jq -e --arg u $u '.users[] | select(.user == $u) | .audio.account.left_out | del(.cut) == {}' report.json >/dev/null || fail "$u: $(account $u audio)"
    done
}

# in_step STATUS INPUT...: a mix of it, as long as it is, with the second marker where it belongs, and every frame accounted
# for.
in_step() {
    mix "$1" -s 64x36 -r 15 -k 100 --preset ultrafast --sample-rate 16000 --channels 1 --report report.json -o m.mp4 "${@:2}"
    balanced report.json
    plays m.mp4
    near "$(mark m.mp4 2 1)" 19.495 0.06 flash
    near "$(mark m.mp4 2 3)" 0 45 'how far the beep is from it'
    lasts m.mp4 20 0.2
}

# edit DIR KIND EDIT...: restamps the second segment of a kind in place.
edit() {
    local file size
    file=$(segment "$1" "$2" 1)
    restamp "$file" edited.ts "${@:3}"
    size=$(stat -c %s "$file")
    mv edited.ts "$file"
    sed -i "s/^\(#EXT-X-TRTC-FILE-ATTR:.*,\)$size\$/\1$(stat -c %s "$file")/" "$1"/*.m3u8
}

@test "time stamps that restart, fall back, jump, or are made on arrival: everything is mixed, in sync" {
    local by
    for by in -5 -0.3 +3600; do
        have rec r
        edit r video "v:5:$by"
        edit r audio "a:5:$by" 'a:0:~10'
        in_step 0 r
        quiet
        near "$(mark m.mp4 1 3)" 0 45 'the first beep'
        restamp both.ts file.ts "av:15:$by" 'a:0:~10'
        in_step 0 u=file.ts
        quiet
        jq -e '.users[0] | [.video, .audio] | all(.account.left_out | del(.cut) == {})' report.json || fail "$(jq -c .users report.json)"
    done
}

@test "late tracks are mixed from their first frame, in a file, a pipe and a directory" {
    local f
    restamp both.ts sound.ts a:-1-15:x a:12:@
    restamp both.ts picture.ts v:-1-14:x v:12:@
    ffmpeg -nostdin -v error -i sound.ts -c copy sound.mkv -c copy -f flv flv
    printf '\1' | dd of=flv bs=1 seek=4 conv=notrunc status=none # says that it has a picture, and no more
    for f in sound.ts sound.mkv flv picture.ts; do
        in_step 0 u=$f
        quiet
    done
    mkfifo pipe
    cat picture.ts >pipe &
    in_step 0 "u@$epoch=pipe"
    # one fragment, with all its pictures in front of its sound
    ffmpeg -nostdin -v error -i both.ts -c copy -bsf:a aac_adtstoasc -frag_duration 30000000 \
        -movflags empty_moov+default_base_moof long.mp4
    cat long.mp4 >pipe &
    in_step 0 "u@$epoch=pipe"
}

@test "no key frame, or no parameter sets: reported; everyone else is mixed, and the user has a window" {
    local how
    for how in k p; do
        restamp both.ts spoilt.ts v:0:$how
        scene 3 u=spoilt.ts v=seconds.mp4
        near "$(field m.mp4 v duration)" 20 0.2
        [[ $(story m.mp4 240,90 | sed -n 2p) == '10 2' ]] || fail "v is not seen: $(story m.mp4 240,90)"
        grep -q 'u (spoilt.ts): before_key_frame: [23][0-9][0-9] frames of the picture could not be decoded' err || fail "not named"
        [[ $(wc -l <err) -eq 1 ]] || fail "more is said"
        jq -e '.users[0].audio.account.frames_out > 150' report.json >/dev/null || fail "u is not heard"
    done
}

@test "further tracks in a container: a second sound is reported in a note, and the account balances" {
    ffmpeg -nostdin -v error -i seconds.mp4 -map 0 -map 0:a -c copy -c:a:1 ac3 two.ts
    scene 0 u=two.ts
    said 'u (two.ts): sound (PID 258, ac3) is left out'
    scene 0 -q u=two.ts
    quiet
}

@test "a single picture, and slides, are shown for their whole duration" {
    ffmpeg -nostdin -v error -i seconds.mp4 -vf select='eq(n\,12)' -fps_mode vfr -c:v libx264 -c:a copy -f mpegts one.ts
    scene 0 u=one.ts
    quiet
    tells m.mp4 160,90 '0 ?' "$(story m.mp4 160,90 | sed -n 2p)" "$(story m.mp4 160,90 | tail -n 1)"
    [[ $(story m.mp4 160,90 | sed -n 2p) =~ ^1[1-3]' 2'$ ]] || fail "seen: $(story m.mp4 160,90)"
    accounts u video '1 1'
    # shorter than a picture of the mix lasts
    ffmpeg -nostdin -v error -i one.ts -an -c copy alone.ts
    mix 0 -s $canvas -r 5 --report report.json -o m.mp4 u=alone.ts
    accounts u video '1 1'
    tells m.mp4 160,90 '0 2' '1 end'
}

# chance N: a number below N.
chance() {
    echo $((RANDOM % $1))
}

# an_edit: one of restamp's, somewhere in 20 seconds.
an_edit() {
    local from=$(($(chance 20)))
    case $(chance 6) in
    0) echo "av:$from:-$(chance 10).$(chance 10)" ;;
    1) echo "a:0:~$(chance 40)" ;;
    2) echo "v:$from-$((from + $(chance 9))):x" ;;
    3) echo "a:$from-$((from + $(chance 9))):x" ;;
    4) echo "v:$from:+$(chance 3).$(chance 100)" ;;
    *) echo "av:$from:+$(chance 9000)" ;;
    esac
}

# spoil_bytes FILE: cut somewhere, overwritten here and there, or left as it is.
spoil_bytes() {
    local i size
    size=$(stat -c %s "$1")
    case $(chance 3) in
    0) truncate -s $((size * ($(chance 90) + 5) / 100)) "$1" ;;
    1) for i in 1 2 3; do dd if=/dev/urandom of="$1" bs=50 count=1 seek=$((RANDOM * 32768 % (size / 50))) conv=notrunc status=none; done ;;
    esac
}

@test "pictures that the decoder still holds when the mix ends are no loss" {
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x36:r=25:d=3 -f lavfi -i sine=r=16000:d=3.1 \
        -c:v libx264 -preset ultrafast -bf 2 -g 25 -x264-params b-adapt=0 -threads 1 -c:a aac -b:a 32k -use_editlist 0 late.mp4
    trtc-hls -q -A 1400000001 -R 3560 -S 1767225600495 --no-sync -u anna -d late -t 1 late.mp4 >/dev/null
    mix 0 -s 64x36 -r 5 --report report.json -o m.mkv late
    quiet
    balanced report.json
    [[ $(jq '.users[0].video.account | .frames_out + .left_out.rate' report.json) -eq 75 ]] || fail "$(account anna video)"
}

@test "pictures or sound that last longer than the playlist says are mixed to their end, before a pause and in parts too" {
    local kind f small='-s 64x36 -r 15 -k 50 --preset ultrafast --sample-rate 16000 --channels 1 --report report.json'
    mk rec --length 21 --segment 1 --av-merge --user "$(user size=64x36 rate=16000 gop=1 gap=2-19)"
    sed -i 's/^#EXTINF:1[0-9]\.[0-9]*/#EXTINF:1/' rec/*.m3u8 # without the pause
    # shellcheck disable=SC2086 # words
    for kind in v a; do
        rm -rf r && cp -r rec r
        for f in r/*.ts; do restamp "$f" edited.ts $kind:-1:+0.6 && mv edited.ts "$f"; done
        mix 0 $small -o m.mp4 r
        quiet
        balanced report.json
        jq -e '[.users[] | .video, .audio | .account.left_out | del(.rate, .overlap)] | all(. == {})' report.json || fail "$(jq -c .users report.json)"
        near "$(field m.mp4 v duration)" 21.6 0.07
    done
    # shellcheck disable=SC2086
    mix 0 $small --from +1.3 -o m.mp4 r
    [[ $(account 10001 audio) == '62 51 cut=11' ]] || fail "sound from 1.3 s on: $(account 10001 audio)"
    # shellcheck disable=SC2086
    mix 0 $small --part 2/2 -o p.mkv r
    [[ $(account 10001 audio) =~ ^62\ 3[0-9]\ cut=[23][0-9]$ ]] || fail "the second part: $(account 10001 audio)"
    # how long the last of some slides is shown, the playlist knows better than the time between them
    mk slides --length 3 --av-merge --user "$(user size=64x36 rate=16000)"
    restamp slides/*.ts edited.ts v:0.05-2.55:x v:2.65:x
    mv edited.ts slides/*.ts
    sed -i /FILE-ATTR/d slides/*.m3u8
    # shellcheck disable=SC2086
    mix 0 $small -o m.mp4 slides
    near "$(field m.mp4 v duration)" 3.04 0.07
}

@test "an incomplete picture of which only the length of its PES shows it, and not the decoder, is reported" {
    mkrec --bitrate 500000 --length 4 --user id=1,size=320x180,codec=hevc,kinds=v rec
    expect 0 trtc-hls -q -A 1 -R 1 -u 1 -d p rec/*_video_*.ts
    # behind the tables, inside the first picture: 16 packets, so that no counter shows it
    { head -c $((188 * 6)) p/*_video_*.ts && tail -c +$((188 * 22 + 1)) p/*_video_*.ts; } >cut.ts
    expect 3 trtc-mix -s 64x36 -o m.mp4 a=cut.ts
    said 'a (cut.ts): damaged: 1 frame of the picture shown in spite of damage'
}

@test "whatever is done to a stream, the account balances, and losses are reported" {
    local i f status options=('' '--from +2' '--to +5' '--unsubscribe video:u,10001' '--only video' '--only audio')
    for ((i = 0; i < $(n 10); i++)); do
        RANDOM=$((i + 100))
        have rec r
        restamp both.ts file.ts "$(an_edit)" "$(an_edit)"
        f=$(find r -name '*.ts' | sort | sed -n "$((1 + $(chance 4)))p")
        restamp "$f" edited.ts "$(an_edit)"
        mv edited.ts "$f"
        spoil_bytes file.ts
        spoil_bytes "$f"
        status=0
        # shellcheck disable=SC2086 # words
        trtc-mix -s 64x36 -r $((3 + $(chance 25))) -k 50 --preset ultrafast --sample-rate 16000 --channels 1 --report report.json \
            -o m.mp4 ${options[$(chance 6)]} r u@$epoch=file.ts >out 2>err || status=$?
        [[ $status -eq 0 || $status -eq 3 ]] || fail "$i: exit status $status"
        balanced report.json
        jq -e '[.users[] | .video, .audio | values | .account.left_out | .undecoded, .damaged, .before_key_frame, .format, .unplaced, .late | values]
            | add // 0 == 0' report.json >/dev/null || [[ $status -eq 3 ]] || fail "$i: losses, and exit status 0"
        [[ $status -eq 0 ]] || [[ -s err ]] || fail "$i: nothing is named"
    done
}
