#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix: inputs that a script has begin and end while the mix runs, and a mix with nobody there. What takes its time
# runs once, all of it at the same time, and is looked at afterwards.

load ../../lib
load ../../mix
load ../../room

# begin NAME OPTION...: a mix in a directory of its own, with a named pipe as script; `say` writes to it.
begin() {
    mkdir "$1"
    cd "$1" || return
    shift
    mkfifo script
    timeout 60 trtc-mix -s "$canvas" -r 5 -v --script script "$@" >out 2>err 3>&- &
    pid=$!
}

# say LINE [SECONDS]: from a writer of its own, which waits until the mix has opened the pipe.
say() {
    timeout 20 bash -c 'printf "%s\n" "$1" >script' _ "$1"
    sleep "${2:-0}"
}

ended() {
    local status=0
    wait "$pid" || status=$?
    echo "$status" >status
}

run_rooms() {
    begin rooms -o o.mp4 --report report.json
    say '' 1
    say "{\"input\":\"anna=$BATS_FILE_TMPDIR/a.mkv\"}" 1.6
    say "{\"input\":\"ben:aux=$BATS_FILE_TMPDIR/b.mkv\"}" 1.6
    say '{"end":"anna"}' 1.2
    say "{\"input\":\"anna=$BATS_FILE_TMPDIR/c.mkv\"}" 1.6
    say '{"end":"anna"}'
    say '{"end":"ben:aux"}' 1.2
    say '{"end":true}'
    ended
}

run_wrong() {
    begin wrong -o o.mp4
    say '{"end":"nobody"}'
    say '{"input":"anna"}'
    say '{"input":"anna=-"}'
    say "{\"input\":\"anna@1767225600000=$BATS_FILE_TMPDIR/a.mkv\"}"
    say "{\"input\":\"gone=$BATS_FILE_TMPDIR/nothing.mkv\"}"
    say "{\"input\":\"ben=$BATS_FILE_TMPDIR/b.mkv\"}" 1.5
    kill -0 $pid || echo "it has ended" >>fault
    pkill -TERM -P $pid # of timeout
    ended
}

run_piped() {
    mkdir piped
    cd piped || return
    {
        sleep 0.5
        echo "{\"input\":\"anna=$BATS_FILE_TMPDIR/a.mkv\"}"
        waited grep -q '\.ts$' rec/1400000001_3560.m3u8
        sleep 0.5
        echo '{"end":"anna"}'
    } | trtc-mix -q -s "$canvas" -r 5 -g 1 --script - -o - 2>err |
        trtc-hls -q -A 1400000001 -R 3560 -t 1 -d rec >out 2>>err
    echo "${PIPESTATUS[*]}" >status
}

# A mix that begins 2 s before its program, of a stream that the room has kept, and which it sends a second later. The
# lines wait in the script, the one that ends the mix as well.
run_past() {
    mkdir past
    cd past || return
    trap room_end EXIT
    room_begin
    opened
    mkfifo script pub
    exec 8<>script 9<>pub
    ffmpeg -nostdin -v error -i "$BATS_FILE_TMPDIR/a.mkv" -t 6 -c copy -f mpegts a.ts
    curl -s -o answer -T - "$url/3560/anna" <pub 3>&- 8>&- 9>&- &
    room_pids+=($!)
    date +%s%3N >from
    cat a.ts >pub
    sleep 2
    printf '%s\n' "{\"user\":\"an=na\",\"input\":\"$url/3560/anna?from=oldest\"}" '{"end":true}' >&8
    kill -STOP "$room"
    timeout 60 trtc-mix -q -s "$canvas" -r 5 -o o.mp4 --script script --from "$(<from)" >out 2>err 3>&- 8>&- 9>&- &
    pid=$!
    sleep 1
    kill -CONT "$room"
    ended
}

setup_file() {
    files_begin
    clips 20 a.mkv=3 b.mkv=7 c.mkv=11
    local run
    for run in rooms wrong piped past; do (run_$run) & done
    wait
}

setup() {
    test_begin
    cd "$BATS_FILE_TMPDIR" || return
}

@test "a mix begins without users, and continues while they come, go and come back" {
    cd rooms
    [[ $(<status) == 0 ]] || { [[ $(<status) == 3 ]] && few_late; } || fail "status $(<status)"
    [[ $(grep -Ec 'anna enters|ben:aux enters|anna leaves|ben:aux leaves' err) -eq 6 ]] || fail "who came and went"
    ! grep -Ev 'enters|leaves' err || fail "something else was said"
    # by the clock: 8.2 s, some less for what starting takes
    ffprobe -v error -show_entries format=duration -of csv=p=0 o.mp4 | awk '{ exit $1 < 7 || $1 > 11 }' || fail "its length"
    jq -e '[.users[].user] == ["anna", "ben", "anna"] and all(.users[]; .video.account.unaccounted == 0 and .audio.account.unaccounted == 0)' report.json >/dev/null ||
        fail "the account"
    # the middle of the stays, by what was said
    awk '/enters|leaves/ { sub(/^trtc-mix: /, ""); at[++n] = $1 } END {
        print 1, 160, 90, 0
        print int((at[1] + at[2]) / 2 * 5), 160, 90, 3
        print int((at[2] + at[3]) / 2 * 5), 80, 90, 3
        print int((at[2] + at[3]) / 2 * 5), 240, 90, 7
        print int((at[3] + at[4]) / 2 * 5), 160, 90, 7
        print int((at[4] + at[5]) / 2 * 5), 80, 90, 7
        print int((at[4] + at[5]) / 2 * 5), 240, 90, 11
    }' err | sees o.mp4
    plays o.mp4
}

@test "a wrong line and a missing source are reported; the mix goes on until a signal" {
    cd wrong
    [[ ! -e fault ]] || fail "$(<fault)"
    grep -q 'line 1: nobody is not in the mix' err || fail "who is not there"
    grep -q 'line 2: ' err || fail "no source"
    grep -q 'line 3: standard input cannot be added to a mix' err || fail "standard input"
    grep -q 'line 4: anna: an input that is added begins at once' err || fail "a START"
    grep -q 'line 5: .*nothing.mkv: No such file' err || fail "a file that is not there"
    grep -q 'ben enters' err || fail "the one that is there"
    [[ $(<status) == 143 ]] || fail "status $(<status)"
    plays o.mp4
}

@test "a script on standard input that ends without users ends the mix, which trtc-hls records" {
    cd piped
    [[ $(<status) == '0 0 0' ]] || { [[ $(<status) == '0 3 0' ]] && few_late; } || fail "status $(<status): $(<err)"
    [[ ! -s err ]] || fail "$(<err)"
    grep -qx '#EXT-X-ENDLIST' rec/1400000001_3560.m3u8 || fail "no end"
    [[ $(grep -c '\.ts$' rec/1400000001_3560.m3u8) -ge 2 ]] || fail "segments"
}

@test "a mix that begins in the past waits for what the room has kept, and has it at its time" {
    cd past
    [[ $(<status) == 0 && ! -s err ]] || fail "status $(<status): $(<err)"
    printf '%s 160 90 3\n' 5 8 | sees o.mp4
    ffmpeg -nostdin -v info -t 2 -i o.mp4 -af silencedetect=n=-50dB:d=1.2 -f null - 2>heard
    ! grep silence_start heard || fail 'sound is missing'
    plays o.mp4
}

@test "input and end need a live mix: a script in a file, and recordings with a pipe, refuse them (65)" {
    cd "$BATS_TEST_TMPDIR" || return
    echo '{"end":true}' >lines
    expect 65 trtc-mix -s "$canvas" -o o.mp4 --script lines "anna=$BATS_FILE_TMPDIR/a.mkv"
    said 'line 1: input and end require a live mix'
    expect 64 trtc-mix -s "$canvas" -o o.mp4 --script lines
    [[ ! -e o.mp4 ]] || fail "something was made"
}
