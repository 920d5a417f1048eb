#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix: which options and operands it takes, what it says to the others, and with which exit status.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    clips 1 red.ts=1
    ffmpeg -nostdin -v error -f lavfi -i color=red:s=16x16 -frames:v 1 ok.png
}

setup() {
    test_begin
    ln -s "$BATS_FILE_TMPDIR"/{red.ts,ok.png} .
    echo '{"MixLayoutList":[{"Top":0,"Left":0,"Width":64,"Height":36}]}' >list.json
}

# refused STATUS TEXT ARGUMENT...: one line that holds TEXT, and nothing is made.
refused() {
    local status=0
    trtc-mix "${@:3}" >out 2>err </dev/null || status=$?
    [[ $status -eq $1 ]] || fail "exit status $status, not $1: ${*:3}"
    mapfile -t said <err
    [[ ${#said[@]} -eq 1 && ! -s out && ! -e o.mp4 ]] || fail "not one line, or something was made: ${*:3}"
    [[ ${said[0]} == 'trtc-mix: '*"$2"* ]] || fail "no '$2' in what is said of: ${*:3}"
}

# usage TEXT OPTION...: 64.
usage() {
    refused 64 "$1" -o o.mp4 "${@:2}" a=red.ts
}

# tiny STATUS OPTION...
tiny() {
    mix "$1" -s 64x36 -r 1 --preset ultrafast --sample-rate 16000 --channels 1 "${@:2}"
}

@test "a subscription that matches no user is reported once" {
    tiny 0 --to +1 -o n.mp4 --subscribe 'anna,anan,b.*$' anna@0=red.ts
    [[ $(grep -c "'anan' is in a list of users, but no user" err) -eq 1 && $(wc -l <err) -eq 1 ]] || fail "$(<err)"
}

@test "--help and --version; a full standard output" {
    expect 0 trtc-mix -h
    grep -q '^usage: trtc-mix ' out
    quiet
    cp out help
    expect 0 trtc-mix --help --nonsense
    cmp out help
    expect 0 trtc-mix -V
    grep -Eq '^trtc-mix [0-9]+\.[0-9.]+$' out
    expect 0 trtc-mix --version
    [[ $(trtc-mix -h 2>err >/dev/full || echo $?) == 75 ]] || fail "not 75"
    [[ $(tiny 0 -o o.mp4 a=red.ts; trtc-mix -q -s 64x36 -r 1 -o o.mp4 a=red.ts 2>err >/dev/full || echo $?) == 75 ]] || fail "not 75"
}

@test "no input, no output, an unknown option or one without its value: 64" {
    refused 64 'no INPUT'
    refused 64 'no INPUT' -o o.mp4
    refused 64 'no INPUT' -o o.mp4 --
    refused 64 'no output' a=red.ts
    refused 64 '' -o '' a=red.ts
    refused 64 'dir/' -o dir/ a=red.ts
    usage --nonsense --nonsense
    usage -x -x
    usage json=1 --json=1
    refused 64 "'-o'" a=red.ts -o
    refused 64 --output a=red.ts --output
    refused 64 --still -o o.mp4 a=red.ts --still
    # operands
    refused 64 'empty' -o o.mp4 =red.ts
    refused 64 "'a='" -o o.mp4 a=
    refused 64 'empty' -o o.mp4 :aux=red.ts
}

@test "combinations of options" {
    local file
    usage '-l' -m custom
    usage '-m custom' -m grid -l list.json
    usage per-user --only video --audio-tracks per-user
    usage per-user --format ts --audio-tracks per-user
    refused 64 per-user -o o.ts --audio-tracks per-user a=red.ts
    usage --script --still +1 --script list.json
    usage --audio-tracks --still +1 --audio-tracks per-user
    refused 64 --json -o - --json a=red.ts
    refused 64 mp4 -o - --format mp4 a=red.ts
    refused 64 mkv -o - --format mkv a=red.ts
    refused 64 --still -o o.mp4 --still +1 a=-
    for file in o.mp4 red.ts call/x.m3u8 o.mkv; do
        refused 64 "--report: '$file' is named like media" -o o --report $file a=red.ts
    done
    ln red.ts red
    echo {} >request
    refused 64 "--report: 'red' is also read" -o o --report red a=red.ts
    refused 64 "--report: 'request' is also read" -o o --report request --request request a=red.ts
    refused 64 different -o o --report o a=red.ts
    refused 64 'standard output' -o - --report - a=red.ts
    refused 64 'standard output' -o - --report /dev/fd/1 a=red.ts
    refused 73 'it is an open descriptor' -o /dev/fd/1 a=red.ts
    [[ ! -e o && $(<request) == {} ]] || fail 'something was made'
}

@test "wrong values of each option: 64, and the message states what would be right" {
    local right option value
    # a word that the message has, the option, its value
    while read -r right option value; do
        [[ $right ]] || continue
        usage "$option" "$option" "$value"
        [[ ${said[0]} == *"$right"* ]] || fail "$option $value: what is right is not said"
    done <<'END'
custom -m table
empty -b :aux
1280x720 -s 640
1280x720 -s 640x360x2
16384 -s 99999x99999
60 -r 0
60 -r 61
whole -r 1.5
100000 -k 0
100000 -k 999999999999999999999
3600 -g 0
whole -g 1e3
256 -j 257
right --align up
crop20 --render zoom
URL=FILE --image x
FILE,X,Y --watermark ok.png,-1,0
FILE,X,Y --watermark ok.png,1
2560 --watermark ok.png,9999,0
TEXT,X,Y --text ,0,0
1px --text hi,0,0,0px
top-left --clock here
+05:30 --clock top,99
#RRGGBB --background #12
1.5 --linger -1
black --fill red
aux --streams all
video --only both
RFC --from x
RFC --to yesterday
1.5 --from +x
RFC --still x
16000 --sample-rate 8000
2 --channels 3
320 --audio-bitrate 321
per-user --audio-tracks all
mkv --format avi
json --progress text
END
    usage 'empty' --subscribe ''
    usage 'empty' --unsubscribe a,,b
    usage 'empty' --unsubscribe audio:
    usage "'nonsense'" --preset nonsense
    local marks=()
    while ((${#marks[@]} < 52)); do marks+=(--watermark "ok.png,0,0"); done
    usage '25' "${marks[@]}"
}

@test "impossible data: 65, and the message names the file and the entry" {
    local bad
    refused 65 641x360 -o o.mp4 -s 641x360 a=red.ts
    refused 65 --from -o o.mp4 --from +0.9 --to +0.5 a=red.ts
    refused 65 --from -o o.mp4 --from 5000000000000 a=red.ts
    refused 65 --to -o o.mp4 --to +0 a=red.ts
    for bad in '' '{' '{}' '[]x' '{"MixLayoutList":7}' '{"MixLayoutList":[{"Top":"x"}]}' \
        '{"MixLayoutList":[{"Top":0,"Left":0,"Width":64,"Height":36,"Alpha":300}]}' '[{"Top":0,"Left":0,"Width":64}]'; do
        echo "$bad" >bad.json
        refused 65 bad.json -o o.mp4 -m custom -l bad.json a=red.ts
    done
    said Height
    echo '[{"Top":0,"Left":700,"Width":64,"Height":36}]' >bad.json
    refused 65 '[0]' -o o.mp4 -m custom -l bad.json a=red.ts
    for bad in '' '{' '[]' '{"MixLayoutParams":{"MixLayoutMode":9}}' '{"MixTranscodeParams":{"VideoParams":{"Width":"x"}}}'; do
        echo "$bad" >bad.json
        refused 65 bad.json -o o.mp4 --request bad.json a=red.ts
    done
    for bad in '{' '[]' '{}' '{"at_ms":-1,"layout":{"MixLayoutMode":3}}' '{"at_ms":1,"size":{}}' '{"layout":{"MixLayoutMode":"x"}}'; do
        echo "$bad" >bad.json
        refused 65 'bad.json: line 1: ' -o o.mp4 --script bad.json a=red.ts
    done
    refused 66 nowhere -o o.mp4 -m custom -l nowhere a=red.ts
    refused 66 nowhere -o o.mp4 --request nowhere a=red.ts
    refused 66 nowhere -o o.mp4 --script nowhere a=red.ts
    refused 66 "nothing to mix" -o o.mp4 --subscribe somebody a=red.ts
}

@test "limits that are accepted: 25 watermarks, the largest and smallest numbers, names with any character" {
    local marks=() i
    for ((i = 0; i < 23; i++)); do marks+=(--watermark "ok.png,$i,$i"); done
    cp ok.png 'a, b,1,2.png'
    tiny 0 -b a:main -k 16 -g 3600 -j 256 --align right --render fit --linger 1h --fill black --streams both \
        --from +0 --to +1 --audio-bitrate 320 --audio-tracks mix --format mkv --progress json \
        "${marks[@]}" --watermark 'a, b,1,2.png,1,2,8,8' --clock top,+05:30,12px,#FFFFFF -o ./-dash.mp4 -- 'a:b@c:aux@2026-01-01T00:00:00Z=red.ts' a=red.ts
    [[ $(ffprobe -v error -show_entries format=format_name -of csv=p=0 ./-dash.mp4) == *matroska* ]] || fail "--format is not heeded"
    tail -n 1 err | jq -e '.done_ms >= 1000' >/dev/null || fail "no progress"
    tiny 0 -k 100000 -g 1 -j 1 -r 60 --to +0.1 -o o.mp4 a=red.ts
    quiet
    [[ $(<out) == o.mp4 ]] || fail "the path is not printed"
    # the last one given counts
    tiny 0 -s 32x32 -s 66x38 -m float -m grid -o new/dir/o.mp4 a=red.ts
    [[ $(<out) == new/dir/o.mp4 && $(field new/dir/o.mp4 v width)x$(field new/dir/o.mp4 v height) == 66x38 ]] || fail "not the last size"
}

@test "--json: one object about the mix; --still: one picture; -q: no notes" {
    tiny 0 --json -o o.mp4 a=red.ts b:aux=red.ts
    quiet
    [[ $(wc -l <out) -eq 1 ]] || fail "not one line"
    jq -e --argjson bytes "$(stat -c %s o.mp4)" '.path == "o.mp4" and .duration_ms == 1000 and .bytes == $bytes and .width == 64 and .height == 36
        and .fps == 1 and .frames == 1 and .interrupted == false and .losses == [] and .end_ms - .start_ms == 1000
        and [.users[] | .user + .media] == ["amain", "baux"] and (.users[0].picture[0].end_ms > .start_ms)' out >/dev/null || fail "not that"
    tiny 0 --still +0.5 -o s.png a=red.ts
    [[ $(<out) == s.png && $(head -c 8 s.png | xxd -p) == 89504e470d0a1a0a ]] || fail "no picture"
    mix 0 -s 64x36 --still +0.5 -o - a=red.ts
    cmp out s.png || fail "not the same"
    tiny 0 -r 5 -v -o o.mp4 a=red.ts
    said 'a enters'
    tiny 0 -r 5 -v -q --report - -o o.mp4 a=red.ts
    quiet
    [[ $(sed 1d out | jq -r .path) == o.mp4 && ! -e ./- ]] || fail "no report"
    mkdir dir
    tiny 0 -o o.mp4 dir a=red.ts
    said 'dir: contains no playlists'
    tiny 0 -q -o o.mp4 dir a=red.ts
    quiet
}

@test "completion: the users of the directories on the command line" {
    offers() {
        bash --norc --noprofile -c '
            source "$1/completions/bash/trtc-mix"
            shift
            compopt() { :; }
            COMP_WORDS=(trtc-mix "$@") COMP_CWORD=$#
            _trtc_mix
            printf "%s\n" "${COMPREPLY[@]}"' - "$tree" "$@"
    }
    mkdir rec
    : >rec/1_1__UserId_s_YW5uYQ..__UserId_e_main_audio.m3u8
    : >rec/1_1__UserId_s_YmVu__UserId_e_main_video.m3u8
    [[ $(offers rec -b '' | xargs) == 'anna ben' ]]
    [[ $(offers rec --subscribe b) == ben ]]
    [[ $(offers rec --unsubscribe anna,b) == anna,ben ]]
    [[ -z $(offers -b '') ]]
}
