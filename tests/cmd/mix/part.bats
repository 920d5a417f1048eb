#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix --part and --join: a mix that many processes make is the mix that one makes.

load ../../lib
load ../../mix

export small='-s 160x90 -r 10 -g 2 --preset ultrafast'

# People come and go between the parts, one pauses, one drifts; and a tone in a file.
setup_file() {
    files_begin
    unset PARALLEL_SEQ
    mk call --length 26 --user "$(user id=anna)" --user "$(user id=ben from=7 rate=48000 drift_ppm=300)" \
        --user "$(user id=cem from=2 gap=4-20)" --user "$(user id=dana kinds=a from=3)"
    ffmpeg -nostdin -v error -f lavfi -i 'sine=440:r=48000:d=21,volume=4' -c:a aac -b:a 96k tone.mp4
}

setup() {
    test_begin
    ln -s "$BATS_FILE_TMPDIR"/{call,tone.mp4} .
}

# parts N OPTION...: p1.mkv to pN.mkv.
parts() {
    local k n=$1
    shift
    for ((k = 1; k <= n; k++)); do
        mix 0 "$@" --part "$k/$n" -o "p$k.mkv"
        quiet
        [[ $(cat out) == "p$k.mkv" ]] || fail "part $k: not its path"
    done
}

@test "the parts joined are the whole mix, in any order" {
    # shellcheck disable=SC2086
    set -- $small --label --clock top,UTC call
    mix 0 "$@" -o whole.mp4
    parts 4 "$@"
    expect 0 trtc-mix --join -o made/call.mp4 p4.mkv p2.mkv p1.mkv p3.mkv
    quiet
    [[ $(cat out) == made/call.mp4 ]]
    plays made/call.mp4
    alike whole.mp4 made/call.mp4 38
    # where parts meet is a key frame; windows stand where they stood: that is in the pictures above
    [[ $(ffprobe -v error -select_streams v -show_entries packet=pts_time,flags -of csv=p=0 p3.mkv | head -n 1) == 15.000000,K* ]]
}

@test "a tone through many joins" {
    local nb=11
    [[ ! ${TRTC_LONG:-} ]] || nb=21
    # shellcheck disable=SC2086
    set -- $small --only audio --channels 1 a=tone.mp4
    mix 0 "$@" -o whole.mp4
    parts $nb "$@"
    # one part after the other: fewer files may be open than there are parts
    expect 0 bash -c 'ulimit -n 12 && exec trtc-mix --join -o call.mp4 p*.mkv'
    plays call.mp4
    ffmpeg -nostdin -v warning -i whole.mp4 -i call.mp4 -map 0 -f s16le whole.pcm -map 1 -f s16le call.pcm 2>plays.txt
    [[ ! -s plays.txt ]] || fail "$(cat plays.txt)"
    [[ $(stat -c %s whole.pcm) -eq $(stat -c %s call.pcm) ]] || fail 'not as long'
    # a tone goes on as its last two samples say; what differs from that is a step
    od -An -v -td2 -w2 call.pcm | awk -v f=440 -v r=48000 '
        BEGIN { c = 2 * cos(8 * atan2(1, 1) * f / r) }
        { step = $1 - c * a + b; b = a; a = $1 }
        NR > r && NR < 20 * r { if (step < 0) step = -step; if (step > most) { most = step; at = NR } }
        END { print "step of", most, "at", at / r; exit !(NR > 20 * r && most < 104) }' >steps || fail "$(cat steps)" # -50 dBFS
    # another file of the same length
    cp tone.mp4 other.mp4
    printf '\0\0\0\10free' >>other.mp4
    # shellcheck disable=SC2086
    mix 0 $small --only audio --channels 1 a=other.mp4 --part 2/$nb -o p2.mkv
    expect 65 trtc-mix --join -o call.mp4 p*.mkv
    said 'p2.mkv: it belongs to another mix'
}

@test "every container, a track for each user, and no pictures" {
    # shellcheck disable=SC2086
    set -- $small call
    parts 2 "$@" --audio-tracks per-user --to +6
    expect 0 trtc-mix --join -o call.mkv p1.mkv p2.mkv
    [[ $(ffprobe -v error -show_entries stream_tags=title -of csv=p=0 call.mkv | sort | xargs) == 'anna ben cem dana mix' ]]
    muxer=null plays call.mkv
    parts 2 "$@" --to +6
    expect 0 trtc-mix --join -o - p1.mkv p2.mkv
    mv out call.ts
    plays call.ts
    [[ $(marks --packets call.ts | grep -c ^video) == 60 ]]
    expect 0 trtc-mix --join --json -o call.mp4 p1.mkv p2.mkv
    jq -e '.path == "call.mp4" and .frames == 60 and .parts == 2 and .duration_ms == 6000 and .start_ms == 1767225600495' out
    parts 2 "$@" --to +2 --only video
    expect 0 trtc-mix --join -o mute.mp4 p1.mkv p2.mkv
    plays mute.mp4
    [[ $(frames mute.mp4) -eq 20 ]]
}

@test "a script, and parts shorter than a second" {
    # shellcheck disable=SC2086
    set -- $small --script script --to +7 call
    cat >script <<'END'
{"at_ms":2000,"layout":{"MixLayoutMode":1,"BackGroundColor":"#203040"}}
{"at_ms":5000,"layout":{"MixLayoutMode":3},"subscribe":{"UnSubscribeAudioUserIds":["anna"]}}
END
    mix 0 "$@" -o whole.mp4
    parts 9 "$@"
    expect 0 trtc-mix --join -o call.mp4 p*.mkv
    alike whole.mp4 call.mp4 36
    sed -i s/5000/6000/ script
    mix 0 "$@" --part 9/9 -o p9.mkv
    expect 65 trtc-mix --join -o call.mp4 p*.mkv
    said 'p9.mkv: it belongs to another mix'
}

@test "parts that are missing, doubled, of another mix, truncated, or not parts are reported" {
    # shellcheck disable=SC2086
    set -- $small --to +4 call
    parts 4 "$@"
    join() { expect "$1" trtc-mix --join -o call.mp4 "${@:3}" && said "$2" && [[ ! -e call.mp4 && ! -s out ]]; }
    join 66 'of 4 parts, these are missing: 2' p1.mkv p3.mkv p4.mkv
    join 66 'these are missing: 1-3' p4.mkv
    cp p3.mkv other.mkv
    join 65 'it is part 3, and so is' p1.mkv p2.mkv p3.mkv p4.mkv other.mkv
    mix 0 "$@" -k 300 --part 3/4 -o other.mkv
    join 65 'other.mkv: it belongs to another mix' p1.mkv p2.mkv other.mkv p4.mkv
    mix 0 "$@" --part 3/5 -o other.mkv
    join 65 'other.mkv: it belongs to another mix' p1.mkv p2.mkv p3.mkv other.mkv p4.mkv
    head -c $(($(stat -c %s p3.mkv) / 2)) p3.mkv >cut.mkv
    join 65 'cut.mkv: ' p1.mkv p2.mkv cut.mkv p4.mkv
    for size in 0 100 700 2000 9000; do # whatever is left of it
        head -c $size p3.mkv >cut.mkv
        join 65 'cut.mkv: ' p1.mkv p2.mkv cut.mkv p4.mkv
    done
    head -c "$(grep -abo 'status 0' p3.mkv | cut -d : -f 1)" p3.mkv >cut.mkv # its last packet alone is missing
    join 65 'cut.mkv: incomplete' p1.mkv p2.mkv cut.mkv p4.mkv
    cp p3.mkv bad.mkv # a picture that changed, and nothing else
    printf '~~~' | dd of=bad.mkv bs=1 seek=$(($(stat -c %s p3.mkv) / 2)) conv=notrunc status=none
    join 65 'bad.mkv: damaged' p1.mkv p2.mkv bad.mkv p4.mkv
    sed 's/DURATION/DURATIOM/' p3.mkv >bad.mkv # a tag
    join 65 'bad.mkv: damaged' p1.mkv p2.mkv bad.mkv p4.mkv
    join 66 '.: Is a directory' p1.mkv .
    head -c 500 /dev/urandom >noise.mkv
    join 65 'noise.mkv: not a part of a mix' p1.mkv noise.mkv
    mix 0 "$@" -o whole.mkv
    join 65 'whole.mkv: not a part of a mix' whole.mkv
    join 66 'nothing.mkv' p1.mkv nothing.mkv
    mkfifo pipe.mkv # nobody writes
    join 66 'pipe.mkv: not a regular file' pipe.mkv p1.mkv p2.mkv p3.mkv p4.mkv
    expect 0 trtc-mix --join --progress json -o call.mp4 p?.mkv
    [[ $(tail -n 1 err | jq .done_ms) -ge 3900 ]] || fail 'no progress'
    # the parts are kept
    ln p1.mkv twin.mkv
    expect 64 trtc-mix --join -o twin.mkv p?.mkv
    said "'twin.mkv' is also read"
    # the reader of the mix is gone
    local status=0
    exec 5<>pipe.mkv 6>pipe.mkv 5>&-
    trtc-mix --join -o - p?.mkv >&6 2>err || status=$?
    exec 6>&-
    quiet
    [[ $status -eq 141 ]] || fail "exit status $status"
}

@test "an output is not one of its inputs" {
    cp "$(readlink tone.mp4)" own.mp4
    mix 64 --only audio -o own.mp4 a=own.mp4
    said "'own.mp4' is also read"
    ln -s own.mp4 link.mp4
    mix 64 --only audio -o link.mp4 "a@1767225600000=file:own.mp4"
    cmp own.mp4 tone.mp4
}

@test "pictures of a user who leaves before the first picture of a part are no loss" {
    mix 0 -s 64x36 -r 1 -g 1 --preset ultrafast --only video --from +3.8 --to +6 -o call.mkv call
    quiet
}

@test "mixes that cannot be made in parts" {
    refused() { expect "$1" trtc-mix "${@:3}" && said "$2" && [[ ! -s out ]]; }
    refused 64 'a part is written as Matroska' --part 1/2 -o p.mp4 call
    refused 64 'a part is written as Matroska' --part 1/2 -o - call
    refused 64 'a part is written as Matroska' --part 1/2 --format ts -o p.mkv call
    refused 64 'no such part' --part 3/2 -o p.mkv call
    refused 64 'neither K/N' --part x -o p.mkv call
    refused 64 '--still and --part exclude' --part 1/2 --still +1 -o p.png call
    refused 64 'options about the mix, and --report, are not allowed' --join --part 1/2 -o c.mp4 p.mkv
    for option in -s=64x36 --label --clock=top --preset=slow --unsubscribe=ben; do
        # shellcheck disable=SC2086
        refused 64 'options about the mix, and --report, are not allowed' --join ${option/=/ } -o c.mp4 p.mkv
    done
    refused 64 'no PART' --join -o c.mp4
    refused 64 'cannot be read by many processes' --part 1/2 -o p.mkv a=- </dev/null
    # shellcheck disable=SC2086
    refused 65 '20 parts: the mix has 10 pictures' $small --to +1 --part 7/20 -o p.mkv call
}

@test "a loss is reported by the part that contains its time, and by the join" {
    local k
    cp -rL call hurt
    rm "$(find hurt -name '*YW5uYQ*video_*.ts' | sort | sed -n 2p)" # anna's picture from 10 s on
    for k in 1 2 3; do
        # shellcheck disable=SC2086
        mix $((k == 2 ? 3 : 0)) $small hurt --part $k/3 -o p$k.mkv
        [[ $(wc -l <err) -eq $((k == 2)) ]] || fail "part $k"
    done
    expect 3 trtc-mix --join -o call.mp4 p?.mkv
    [[ $(wc -l <err) -eq 1 && $(cat out) == call.mp4 ]]
    said 'p2.mkv: hurt/' && said ': missing'
    plays call.mp4
    expect 0 trtc-mix --join --allow-missing --json -o call.mp4 p?.mkv
    jq -e '.losses | length == 1 and (.[0] | startswith("p2.mkv: "))' out
    # what was no loss for the parts is named, and none for the join
    # shellcheck disable=SC2086
    mix 0 $small hurt --allow-missing --part 2/3 -o p2.mkv
    expect 0 trtc-mix --join -o call.mp4 p?.mkv
    said 'p2.mkv: hurt/' && said ': missing'
    # a part of which an input was not there at all
    for k in 1 2 3; do
        # shellcheck disable=SC2086
        mix 66 $small --to +3 hurt b=no-such.mp4 --allow-missing --part $k/3 -o p$k.mkv
    done
    expect 66 trtc-mix --join --allow-missing -o call.mp4 p?.mkv
    said 'p1.mkv: ' && said 'no-such.mp4'
}

@test "damage anywhere in a segment is named, wherever parts meet, and where the mix ends" {
    local kind at size k status tiny='-s 64x36 -r 5 -g 2 --preset ultrafast'
    # shellcheck disable=SC2086
    parts 3 $tiny call
    # per cent of the segment from 10 s to 20 s; parts meet at 8 s and 18 s
    for at in video:10 audio:95 ${TRTC_LONG:+video:80 video:95 audio:10 audio:80}; do
        kind=${at%:*} at=${at#*:}
        rm -rf hurt
        cp -rL call hurt
        hurt=$(find hurt -name "*YW5uYQ*_${kind}_*10???.ts")
        size=$(stat -c %s "$hurt")
        head -c 188 /dev/zero | dd of="$hurt" bs=188 seek=$((size / 188 * at / 100)) conv=notrunc status=none
        for k in 2 3; do
            # shellcheck disable=SC2086
            trtc-mix -q $tiny hurt --part $k/3 -o p$k.mkv >out 2>err || status=$?
            [[ ${status:-0} -eq 3 || ! -s err ]] || fail "part $k: $(<err)"
            status=0
        done
        expect 3 trtc-mix --join -o call.mp4 p?.mkv
        said "$hurt: damaged: "
        [[ $at -gt 10 ]] || mix 3 --to +14 $tiny -o call.mp4 hurt
    done
}

@test "an interrupted part leaves no file under its name" {
    trtc-mix -s 1280x720 --preset slower call --part 1/2 -o p1.mkv >out 2>err 3>&- &
    eventually [ -e .p1.mkv.part ]
    kill -TERM $!
    wait $! || status=$?
    [[ $status -eq 143 ]] || fail "exit status $status"
    [[ ! -e p1.mkv && ! -s out ]]
    no_leftovers .
}
