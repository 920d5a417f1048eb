#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/hls-live, and the pipelines of trtc-hls.1 and of the README, each taken from where it stands.

load ../../lib

export names=1400000001_3560__UserId_s_YW5uYQ..__UserId_e_main
export opts='-A 1400000001 -R 3560 -u anna -t 2 -S 1767225600495'

setup_file() {
    files_begin
    ffmpeg -v error -f lavfi -i testsrc2=s=160x90:r=10:d=7 -f lavfi -i sine=440:r=16000:d=7 \
        -c:v libx264 -preset ultrafast -bf 0 -g 10 -c:a aac -b:a 24k -f mpegts call.ts
    ffmpeg -v error -i call.ts -c copy call.mkv
}

setup() {
    test_begin
    ln -s "$BATS_FILE_TMPDIR/call.ts" "$BATS_FILE_TMPDIR/call.mkv" .
}

# live OPTION... SOURCE: hls-live to rec and store, at once where it is to try again.
live() {
    # shellcheck disable=SC2086 # options
    "$tree/examples/hls-live" -w 0.1 "${@:1:$#-1}" "${@: -1}" rec store $opts
}

# a_dummy NAME: a program in front of the others, its text on stdin.
a_dummy() {
    mkdir -p bin
    { echo '#!/bin/bash'; cat; } >"bin/$1"
    chmod +x "bin/$1"
    PATH=$PWD/bin:$PATH
}

# same: what is in rec is in store, and nothing else; the playlists have their end.
same() {
    diff -r rec store || fail 'rec and store differ'
    find rec -name '*.m3u8' | grep -q . || fail 'no playlist'
    [ -z "$(find rec -name '*.m3u8' -exec grep -L '^#EXT-X-ENDLIST' {} +)" ] || fail 'no end'
}

# until_there GLOB: waits for a file.
until_there() {
    local i
    for ((i = 0; i < 200; i++)); do
        compgen -G "$1" >/dev/null && return
        sleep 0.05
    done
    fail "no $1"
}

# literals FILE: as in examples.bats; of the README those of trtc-hls.
literals() {
    case $1 in
    *.md) awk '/^```bash$/ { on = 1; next } /^```$/ { if (on) printf "%c", 0; on = 0 } on' "$1" ;;
    *) awk '/^\.Sh/ { sec = $2 } sec != "EXAMPLES" { next }
            /^\.Bd/ { on = 1; next } /^\.Ed/ { printf "%c", 0; on = 0 } on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' "$1" ;;
    esac
}

@test "the pipelines of trtc-hls.1" {
    local text n=0
    while IFS= read -rd '' text; do
        n=$((n + 1))
        mkdir -p work && cp "$BATS_FILE_TMPDIR"/call.* work # one directory for all, as when they are typed in order
        (cd work && bash -euo pipefail -c "$text") >out 2>err </dev/null || fail "$text"
        [ ! -s err ] || fail "$text"
        compgen -G 'work/*/*.m3u8' || fail "$text"
        case $text in
        *store*) diff -r work/live work/store ;;
        *merge*) [ -s out ] && compgen -G 'work/out/*_av.mp4' ;;
        *jq*) [[ $(head -n 1 out) =~ ^(audio|video)$'\t'[0-9]{13}$'\t'[0-9]+$ ]] ;;
        *) [ -s out ] ;;
        esac || fail "$text"
    done < <(literals "$tree/man/trtc-hls.1")
    [ "$n" -eq 5 ] || fail "$n pipelines"
}

@test "the pipeline of the README" {
    literals "$tree/README.md" | tr '\0' '\n' | sed '1s/.*/source=call.ts store=store/' >pipeline
    [ "$(wc -l <pipeline)" -eq 5 ]
    bash -euo pipefail pipeline 2>err
    [ ! -s err ] || fail pipeline
    diff -r cut store
}

@test "hls-live: a file" {
    run -0 --separate-stderr live call.ts
    [ -z "$stderr" ]
    same
    [ "$(find store -name "${names}_video_*.ts" | wc -l)" -eq 4 ]
    # every path is printed once it is there; a playlist again with each segment
    [ "$(printf '%s\n' "${lines[@]}" | sort -u)" = "$(find store -type f | sort)" ]
    [[ ${lines[0]} == store/*.ts && ${lines[1]} == store/*.m3u8 ]]
}

@test "hls-live: a live pipe, with directories, and cp as uploader" {
    mkdir -p store/T
    mkfifo pipe
    "$tree/examples/hls-live" -c cp - rec/ store -T T -A 1400000001 -R 3560 -t 2 <pipe >log 2>err 3>&- &
    exec 4>pipe
    head -c "$(($(stat -Lc %s call.ts) * 4 / 5))" call.ts >&4
    until_there 'store/T/*_3560.m3u8' # long before the end
    run ! grep ENDLIST store/T/*.m3u8
    tail -c "+$(($(stat -Lc %s call.ts) * 4 / 5 + 1))" call.ts >&4
    exec 4>&-
    wait $!
    same
    [ ! -s err ]
}

@test "hls-live: a signal ends the recording, and the last files are uploaded" {
    mkfifo pipe
    # shellcheck disable=SC2086 # options
    "$tree/examples/hls-live" - rec store $opts <pipe >log 2>err 3>&- &
    exec 4>pipe
    cat call.ts >&4
    until_there 'store/*_video.m3u8'
    kill -TERM $!
    local status=0
    wait $! || status=$?
    exec 4>&-
    [ "$status" -eq 143 ] || fail "exit status $status"
    same
    [ ! -s err ]
}

@test "hls-live: a failed uploader is run again, in order" {
    a_dummy put <<'END'
mkdir -p store
echo "$2" >>tried
(($(wc -l <tried) % 3)) || exit 1
cp "$1" "$2"
END
    run -0 --separate-stderr live -c put call.ts
    same
    [[ $stderr == *"hls-live: rec/"*": not handed over yet"* ]]
    # what failed comes before what is next
    [ "$(uniq -d tried | wc -l)" -ge 3 ]
    [ "$(uniq tried)" = "$(printf '%s\n' "${lines[@]}" | uniq)" ]
}

@test "hls-live: an uploader that always fails does not harm the recording" {
    run -75 --separate-stderr live -n 2 -c false call.ts
    [ -z "$output" ]
    [[ $stderr == *"hls-live: rec/${names}_audio.m3u8: not handed over" ]]
    [ ! -e store ]
    grep ENDLIST "rec/${names}_video.m3u8"
}

@test "hls-live: a source that breaks off is recorded again beside the earlier files" {
    a_dummy trtc-hls <<END
echo x >>runs
case \$(wc -l <runs) in
1) exit 75 ;; # not there yet
2) "$(command -v trtc-hls)" "\$@"; exit 75 ;;
esac
exec "$(command -v trtc-hls)" "\$@"
END
    run -0 --separate-stderr live call.ts
    [ "$(wc -l <runs)" -eq 3 ]
    same
    [ -s "store/${names}_video.m3u8" ] && [ -s "store/ha1_${names}_video.m3u8" ]
}

@test "hls-live: it gives up, and reports the reason" {
    a_dummy trtc-hls <<'END'
echo x >>runs
exit 75
END
    run -75 live -n 3 call.ts
    [ "$(wc -l <runs)" -eq 3 ]
    rm runs bin/trtc-hls
    run -66 live -n 3 nothing.ts
    run -64 "$tree/examples/hls-live" call.ts rec store
    run -64 "$tree/examples/hls-live" -x call.ts rec store -A 1
}
