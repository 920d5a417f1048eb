#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/remix and examples/mix-live, and the pipelines of trtc-mix.1, each taken from where it stands.

load ../../lib

quick='-s 160x90 --preset ultrafast'

setup_file() {
    files_begin
    # two people for 3 s; the sound of the second begins a second later
    mkrec --loop --length 3 --bitrate 60000 --user id=anna,size=160x90 --user id=ben,kinds=a,from=1,size=160x90,aux=1-3 rec
    mkrec --loop --length 3 --bitrate 60000 --mixed mixed
    ffmpeg -v error -f lavfi -i testsrc2=s=160x90:r=10:d=2 -f lavfi -i sine=440:r=16000:d=2 \
        -c:v libx264 -preset ultrafast -bf 0 -g 10 -c:a aac -b:a 24k -f mpegts anna.ts
    ffmpeg -v error -i anna.ts -c copy anna.mp4
    cp anna.mp4 ben.mp4
    ffmpeg -v error -i anna.mp4 -c copy -f mpegts -mpegts_flags +initial_discontinuity again.ts
}

setup() {
    test_begin
    mkdir root
}

# a_dummy NAME: a program in front of the others, its text on stdin.
a_dummy() {
    mkdir -p bin
    { echo '#!/bin/bash'; cat; } >"bin/$1"
    chmod +x "bin/$1"
    PATH=$PWD/bin:$PATH
}

# literals FILE: as in examples.bats.
literals() {
    awk '/^\.Sh/ { sec = $2 } sec != "EXAMPLES" { next }
        /^\.Bd/ { on = 1; next } /^\.Ed/ { printf "%c", 0; on = 0 } on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' "$1"
}

@test "the pipelines of trtc-mix.1" {
    local text n=0
    while IFS= read -rd '' text; do
        n=$((n + 1))
        rm -rf work && mkdir work && cp -r "$BATS_FILE_TMPDIR"/{rec,anna.mp4,ben.mp4} work
        (cd work && bash -euo pipefail -c "$text") >out 2>err </dev/null || fail "$text"
        [ ! -s err ] || fail "$text"
        [ -s out ] || fail "$text"
        case $text in
        *trtc-hls*) compgen -G 'work/mixed/1400000001_3560.m3u8' ;;
        *jq*) [[ $(cat out) == *$'anna\tmain\t1767225600495\t'* && $(wc -l <out) -eq 3 ]] ;;
        *png*) [ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 work/look.png)" = 1280,720 ] ;;
        *both*) near "$(ffprobe -v error -show_entries format=duration -of csv=p=0 work/both.mkv)" 4.5 0.2 ;;
        *join*) lasts work/joined.mp4 3 0.1 ;;
        *screen.mp4*) lasts work/screen.mp4 2 ;;
        *) lasts "work/$(cat out)" 3 0.1 ;;
        esac || fail "$text"
    done < <(literals "$tree/man/trtc-mix.1")
    [ "$n" -eq 8 ] || fail "$n pipelines"
}

# ---- remix ----

# remix STATUS OPTION... -- OPTION...: its paths in out, what it says in err.
remix() { expect "$1" "$tree/examples/remix" "${@:2}"; }

@test "remix: each finished recording once; again with other options; also under another name" {
    cp -r "$BATS_FILE_TMPDIR/rec" root/A
    cp -r "$BATS_FILE_TMPDIR/rec" 'root/-b b'
    cp -r "$BATS_FILE_TMPDIR/mixed" root/mixed # nobody's stream is in it
    for list in root/A/*.m3u8; do sed -i '/^#EXT-X-ENDLIST/d' "$list"; break; done
    mv root ./-root
    # shellcheck disable=SC2086 # options
    remix 0 -- -root/ -- $quick
    [ "$(cat out)" = "./-root/-b b/mix.mp4" ]
    lasts "./-root/-b b/mix.mp4" 3
    # shellcheck disable=SC2086
    remix 0 -- -root -- $quick
    [ ! -s out ]
    echo '#EXT-X-ENDLIST' >>"-root/${list#root/}"
    # shellcheck disable=SC2086
    remix 0 -- -root -- $quick
    [ "$(cat out)" = ./-root/A/mix.mp4 ]
    # shellcheck disable=SC2086
    remix 0 -n still.png -o 'to here' -- -root -- $quick -m screen -b ben:aux --still +2
    [ "$(cat out)" = "to here/-b b/still.png"$'\n'"to here/A/still.png" ]
    # shellcheck disable=SC2086
    remix 0 -n still.png -o 'to here' -- -root -- $quick -m float -b ben:aux --still +2
    [ "$(wc -l <out)" -eq 2 ]
    rm 'to here/A/still.png'
    # shellcheck disable=SC2086
    remix 0 -n still.png -o 'to here' -- -root -- $quick -m float -b ben:aux --still +2
    [ "$(cat out)" = 'to here/A/still.png' ]
    [ ! -s err ]
    [ "$(find . -name '.*' ! -name '.*.done' ! -name . | wc -l)" -eq 0 ]
}

@test "remix: losses and failures are reported once, and repaired when the segment arrives" {
    cp -r "$BATS_FILE_TMPDIR/rec" root/A
    gone=$(compgen -G 'root/A/*main_video_*.ts' | tail -n 1)
    mv "$gone" kept
    mkdir root/bad
    printf '#EXTM3U\n#EXTINF:10,\nx.ts\n#EXT-X-ENDLIST\n' >root/bad/1400000001_1__UserId_s_MQ..__UserId_e_main_video.m3u8
    remix 65 -n mix.png root -- --still +1
    [ "$(cat out)" = root/A/mix.png ]
    grep -q "^trtc-mix: $gone: missing" err
    remix 0 -n mix.png root -- --still +1
    [ ! -s out ] && [ ! -s err ]
    mv kept "$gone"
    touch "$gone"
    remix 0 -n mix.png root -- --still +1
    [ "$(cat out)" = root/A/mix.png ]
    [ ! -s err ]
}

@test "remix: retries after a temporary fault; a signal leaves no files behind" {
    cp -r "$BATS_FILE_TMPDIR/rec" root/A
    a_dummy trtc-mix <<'END'
exit 75
END
    remix 75 root
    [ -z "$(find root -name '*mix.mp4*')" ]
    a_dummy trtc-mix <<'END'
while (($# > 2)); do shift; done
echo half >"$1"
trap 'exit 143' TERM
: >ready
while :; do sleep 0.05; done
END
    "$tree/examples/remix" root >out 2>err 3>&- &
    for ((i = 0; i < 100; i++)); do
        [ ! -e ready ] || break
        sleep 0.05
    done
    # one at a time
    run -75 "$tree/examples/remix" root
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ] || fail "exit status $status"
    [ -z "$(find root -name '*mix.mp4*')" ]
    rm bin/trtc-mix
    remix 0 -n mix.png root -- --still +1
    [ -s root/A/mix.png ]
    run -64 "$tree/examples/remix"
    run -64 "$tree/examples/remix" -x root
    run -64 "$tree/examples/remix" root -m grid
    run -64 "$tree/examples/remix" -n a/b root
}

# ---- mix-live ----

# live STATUS OPTION... -- SOURCE...: to rec and store.
live() {
    local options=() want=$1
    shift
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    expect "$want" "$tree/examples/mix-live" -w 0.1 -m "$quick -g 1" "${options[@]}" rec store \
        -A 1400000001 -R 3560 -t 1 "$@"
}

# same: what is in rec is in store, and nothing else; the playlists have their end.
same() {
    diff -r rec store || fail 'rec and store differ'
    [ "$(find rec -name '*.m3u8' -exec grep -l '^#EXT-X-ENDLIST' {} + | wc -l)" -eq 1 ] || fail 'no end'
}

@test "mix-live: files and a pipe become one mixed recording" {
    ln -s "$BATS_FILE_TMPDIR"/anna.{ts,mp4} .
    mkfifo pipe
    cat anna.ts >pipe 3>&- &
    live 0 -- 'anna a=anna.mp4' 'ben:aux=pipe'
    [ ! -s err ] || fail err
    same
    [ "$(grep -c '^store/1400000001_3560_[0-9]*\.ts$' out)" -ge 2 ]
    trtc-merge -q -f rec >merged
    lasts "$(cat merged)" 2.5 1 # 2 s, and as much as one of them comes later
}

@test "mix-live: a source that breaks off is tried again, and finally given up" {
    ln -s "$BATS_FILE_TMPDIR/again.ts" .
    a_dummy ffmpeg <<'END'
echo x >>runs
case $(wc -l <runs) in
1) echo 'not yet' >&2; exit 1 ;;
2 | 3) cat again.ts; exit 0 ;;
esac
echo 'no more' >&2
exit 1
END
    live 0 -n 4 -- anna=rtmp://127.0.0.1/live/anna
    grep -qxF 'mix-live: anna: given up: no more' err
    [ "$(wc -l <runs)" -eq 4 ]
    same
}

@test "mix-live: no input, and usage errors" {
    a_dummy ffmpeg <<'END'
echo 'Connection refused' >&2
exit 1
END
    live 75 -n 2 -- anna=rtmp://127.0.0.1/live/anna ben=rtmp://127.0.0.1/live/ben
    grep -qxF 'mix-live: ben: given up: Connection refused' err
    [ ! -e store ]
    live 64 -m --no-such-option -- anna=rtmp://127.0.0.1/live/anna
    run -64 "$tree/examples/mix-live" rec store -A 1
    run -64 "$tree/examples/mix-live" rec store -A 1 -- anna
    run -64 "$tree/examples/mix-live" -x rec store -A 1 -- anna=x
}

@test "mix-live: a signal ends the recording, and the last files are uploaded" {
    ln -s "$BATS_FILE_TMPDIR/anna.ts" .
    a_dummy ffmpeg <<'END'
cat anna.ts
trap 'exit 0' TERM
while :; do sleep 0.05; done
END
    "$tree/examples/mix-live" -m "$quick -g 1" rec store -A 1400000001 -R 3560 -t 0.5 -- anna=rtmp://x/y >out 2>err 3>&- &
    for ((i = 0; i < 200; i++)); do
        ! compgen -G 'store/*.m3u8' >/dev/null || break
        sleep 0.05
    done
    kill -TERM $!
    status=0
    wait $! || status=$?
    [ "$status" -eq 143 ] || fail "exit status $status"
    same
}
