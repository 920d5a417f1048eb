#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix with sources that come as they come: pipes, standard input, servers, and a script on standard input. All
# these mixes run side by side from the start, each in a directory of its own; a test waits for its mix.

load ../../lib
load ../../mix

cases=(later stdin waits piped script signal server past refused alone broken pause set)
[[ ! ${TRTC_LONG:-} ]] || cases+=(stall)

setup_file() {
    local name
    files_begin
    clips 3 one.ts=1 two.ts=2
    for name in "${cases[@]}"; do
        mkdir "$name"
        mkfifo "$name/a" "$name/b"
        (cd "$name" && run_"$name") 3>&- &
    done
}

# after NAME STATUS: that mix has ended so; goes where it was.
after() {
    local i
    for ((i = 0; i < 600; i++)); do
        [[ ! -e $BATS_FILE_TMPDIR/$1/status ]] || break
        sleep 0.05
    done
    cd "$BATS_FILE_TMPDIR/$1" || return
    [[ -e status ]] || fail "it does not end"
    [[ $(<status) -eq $2 ]] || { [[ $(<status) -eq 3 && $2 -eq 0 ]] && few_late; } || fail "exit status $(<status), not $2"
}

# start OPTION...: a mix in the background; `ended` waits for it.
start() {
    trtc-mix -s "$canvas" -r 5 "$@" >out 2>err &
    pid=$!
}

ended() {
    local status=0
    wait "$pid" || status=$?
    echo $status >status.new
    mv status.new status
}

# slowly FILE MS PARTS: as if it came from a network.
slowly() {
    local size part at nap
    size=$(stat -c %s "$1")
    part=$((size / $3 / 188 * 188 + 77))
    printf -v nap '%d.%03d' $(($2 / $3 / 1000)) $(($2 / $3 % 1000))
    for ((at = 0; at * part < size; at++)); do
        dd if="$1" bs=$part skip=$at count=1 status=none 2>/dev/null || return 0
        sleep "$nap"
    done
}

# stays NAME KEY: of the summary, "FROM-TO" in ms of the mix, for each interval.
stays() {
    jq -r --arg u "$1" --arg k "$2" '.start_ms as $s | .users[] | select(.user == $u) | .[$k][] |
        "\(.start_ms - $s)-\(if .end_ms then .end_ms - $s else "" end)"' out | xargs
}

# ---- one comes a second later; the other is through by then ----

run_later() {
    start -v --json -o o.mp4 anna=a ben=b
    cat ../one.ts >a # which waits until the program is there
    sleep 1
    cat ../two.ts >b
    ended
}

@test "two pipes: the later one enters later, one that ends leaves, in order" {
    local from to
    after later 0
    grep -o ' s: .*' err >said
    [[ $(sed 's/ s: //' said | xargs) == 'anna enters ben enters anna leaves' ]] || fail "not in order"
    plays o.mp4
    IFS=- read -r from to <<<"$(stays ben picture)"
    near "$from" 1000 600 'ben comes'
    near $((to - from)) 3000 100 'ben stays'
    [[ $(stays anna picture) =~ ^[0-9]{1,2}-(29|30)[0-9][0-9]$ ]] || fail "anna: $(stays anna picture)"
    lasts o.mp4 "$(awk -v t="$to" 'BEGIN { print t / 1000 }')" 0.25
    story o.mp4 80,90 240,90 >story
    # the sound may be there a frame before the picture is
    [[ $(grep -v '?' story | cut -d ' ' -f 2- | xargs) == *'1 1 1 2 2 2 end' ]] || fail "seen: $(paste -sd ';' story)"
}

# ---- standard input ----

run_stdin() {
    trtc-mix -s "$canvas" -r 5 --json -o o.mp4 anna=- < <(exec cat ../one.ts) >out 2>err &
    pid=$!
    ended
}

@test "standard input, as fast as it arrives: everything is mixed" {
    after stdin 0
    quiet
    [[ $(frames o.mp4) -eq 15 ]] || fail "$(frames o.mp4) frames"
    lasts o.mp4 3 0.1
    [[ $(story o.mp4 160,90 | tail -n 2 | xargs) == [0-2]' 1 15 end' ]] || fail "seen: $(story o.mp4 160,90 | xargs)"
}

# ---- with a START ----

run_waits() {
    start --json -o o.mp4 anna@$epoch=a ben@$((epoch + 1000))=../two.ts
    {
        head -c 4000 ../one.ts
        sleep 1.5
        tail -c +4001 ../one.ts
    } >a
    ended
}

@test "a live stream that is joined between key frames has no losses" {
    ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x90:r=5:d=4 -f lavfi -i sine=r=16000:d=4 -c:v libx264 -preset ultrafast \
        -g 10 -c:a aac all.ts
    ffmpeg -nostdin -v error -i all.ts -ss 0.5 -copyinkf -c copy joined.ts
    trtc-mix -s 64x36 -r 5 --preset ultrafast --json -o o.mp4 anna=- < <(exec cat joined.ts) >out 2>err || fail "$? $(<err)"
    jq -e '.losses == [] and .users[0].video.account.left_out.cut > 3' out >/dev/null || fail 'the account'
}

@test "a camera pauses between reordered pictures of a live Matroska stream: nothing is late behind that" {
    ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x90:r=25:d=4 -vf "setpts=PTS+gte(N\\,53)*13/TB" -fps_mode passthrough \
        -c:v libx264 -preset veryfast -g 25 -bf 2 -x264-params b-adapt=0:scenecut=0 pause.mkv
    trtc-mix -s 64x36 -r 5 --preset ultrafast -o o.mp4 anna=- < <(exec cat pause.mkv) >out 2>err || fail "$? $(<err)"
    lasts o.mp4 17 0.3
}

@test "a pipe with a START is waited for, and complete" {
    after waits 0
    quiet
    [[ $(jq .start_ms out) -eq $epoch && $(frames o.mp4) -eq 20 ]] || fail "not from the start, or not all"
    lasts o.mp4 4 0.1
    [[ $(story o.mp4 80,90 240,90 | sed '1{/ 0 0$/d}' | sed '1s/^1 /0 /' | paste -sd ';') =~ ^'0 1 1;'[56]' 1 2;1'[56]' 2 2;20 end'$ ]] ||
        fail "seen: $(story o.mp4 80,90 240,90 | paste -sd ';')"
}

# ---- to a pipe ----

run_piped() {
    trtc-mix -s "$canvas" -r 5 -o - anna=a ben=b 2>err > >(exec cat >o.ts) &
    pid=$!
    cat ../two.ts >b &
    slowly ../one.ts 1000 8 >a
    ended
    sleep 0.1
}

@test "from pipes to a pipe: a transport stream" {
    after piped 0
    quiet
    ffprobe -v error -show_entries packet=stream_index -of csv=p=0 o.ts >packets
    # as much of the one as of the other
    near "$(grep -c ^0 packets)" 22 8 pictures # 15, and as many as one comes later
    near "$(grep -c ^1 packets)" "$(($(grep -c ^0 packets) * 48000 / 5 / 1024))" 12 'frames of sound'
    ffmpeg -nostdin -v warning -i o.ts -f null - >plays.txt 2>&1
    [[ ! -s plays.txt ]] || fail "$(<plays.txt)"
}

# ---- a script ----

run_script() {
    mkfifo lines
    # each in a place of their own, whoever comes first
    echo '[{"UserId":"anna","Top":0,"Left":0,"Width":160,"Height":180},{"UserId":"ben","Top":0,"Left":160,"Width":160,"Height":180}]' >list.json
    trtc-mix -s "$canvas" -r 5 -v -m custom -l list.json --script - -o o.mp4 anna=a ben=b <lines >out 2>err &
    pid=$!
    {
        until grep -q 'anna enters' err && grep -q 'ben enters' err; do sleep 0.05; done
        sleep 1
        echo '{"layout":{"MixLayoutMode":4,"MixLayoutList":['
        echo '{"layout":{"MixLayoutMode":4,"MixLayoutList":[{"UserId":"ben","Top":0,"Left":0,"Width":160,"Height":180}]}}'
        until [[ -e status ]]; do sleep 0.1; done # held open to the end
    } >lines &
    slowly ../one.ts 3000 15 >a &
    slowly ../two.ts 3000 15 >b
    ended
}

@test "lines of a script on standard input change the layout as they arrive; a wrong line is reported and ignored (65)" {
    after script 65
    said '-: line 1: '
    [[ $(grep -c 'line' err) -eq 1 ]] || fail "more than one wrong line"
    plays o.mp4
    story o.mp4 80,90 240,90 >story
    awk '$2 == 1 && $3 == 2 { both = $1 } $2 == 2 && $3 == 0 && !at { at = $1 } END { exit !(both != "" && at > both) }' story ||
        fail "seen: $(paste -sd ';' story)"
}

# ---- SIGINT ----

run_signal() {
    start --json -o o.mp4 anna=a
    exec 7>a
    slowly ../one.ts 1000 8 >&7
    sleep 0.5
    local t0=${EPOCHREALTIME/./}
    cp "/proc/$pid/status" proc
    kill -INT "$pid" # while the source could go on
    ended
    echo $((${EPOCHREALTIME/./} - t0)) >took
    exec 7>&-
}

@test "SIGINT ends it with a complete file" {
    after signal 130
    quiet
    [[ $(jq .interrupted out) == true ]] || fail "not told"
    plays o.mp4
    [[ $(frames o.mp4) -ge 5 ]] || fail "only $(frames o.mp4) frames"
    sleep 0.05
    [[ $(<took) -lt 6000000 ]] || fail "it took $(<took) us"
}

@test "a mix has no huge pages, which x264 asks for" {
    after signal 130
    grep -q '^THP_enabled' proc || skip "the kernel does not show it"
    grep -qx $'THP_enabled:\t0' proc
}

# ---- a clock that is set ----

run_set() {
    [[ -z ${TRTC_SAN:-} ]] || return 0
    clock_in ahead
    start --json -o o.mp4 anna=a ben=b
    exec 7>a 8>b
    slowly ../one.ts 1000 8 >&7
    echo 3600 >ahead
    slowly ../one.ts 1000 8 >&7
    echo -20 >ahead
    slowly ../two.ts 1000 8 >&8
    exec 7>&- 8>&-
    ended
}

@test "a time of day that is set meanwhile moves nothing in the mix, and is noted" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers want to be loaded first'
    after set 0
    said 'the time of day was set back by 20 s; the mix continued without that'
    [[ $(wc -l <err) -eq 1 ]] || fail "$(<err)"
    [[ $(stays ben sound) =~ ^[1-6][0-9]{3}-[4-9][0-9]{3}$ ]] || fail "ben: $(stays ben sound)"
    [[ $(jq .duration_ms out) -lt 12000 ]] || fail "the mix lasts $(jq .duration_ms out) ms"
}

# ---- URLs ----

secret='http://name:pass''word@127.0.0.1'

run_server() {
    local port i
    for ((i = 0; i < 5; i++)); do
        port=$((20000 + RANDOM % 10000))
        ffmpeg -nostdin -v error -i ../one.ts -c copy -listen 1 -f mpegts http://127.0.0.1:$port/x 2>server.err &
        until grep -q ":$(printf %04X $port) 00000000:0000 0A" /proc/net/tcp; do
            kill -0 $! 2>/dev/null || continue 2
            sleep 0.02
        done
        break
    done
    start -v --json -o o.mp4 "anna=$secret:$port/x?sign=hidden"
    ended
}

@test "a stream from a server" {
    after server 0
    [[ $(frames o.mp4) -ge 14 ]] || fail "$(frames o.mp4) frames"
    [[ $(story o.mp4 160,90 | tail -n 2 | head -n 1) == [0-2]' 1' ]] || fail "seen: $(story o.mp4 160,90)"
    ! grep -E 'password|hidden' out err || fail "secrets"
}

# ---- what a trtc-room has kept ----

run_past() {
    local room at
    trtc-room serve --listen 127.0.0.1:0 >/dev/null 2>told &
    room=$!
    # shellcheck disable=SC2064 # this one
    trap "kill $room" EXIT
    listens told $room
    at=$(date +%s%3N)
    slowly ../one.ts 3000 15 | curl -sT - "$url/3560/anna" >/dev/null 2>&1 &
    sleep 1.5
    curl -s -m 0.5 -D fields -o /dev/null "$url/3560/anna?from=oldest" || true
    trtc-mix -s "$canvas" -r 5 --json -o o.mp4 --script - --from $((at - 500)) \
        < <(echo "{\"user\":\"anna\",\"input\":\"$url/3560/anna?from=oldest\"}") >out 2>err &
    pid=$!
    echo $((at - 500)) >from
    ended
}

@test "--from in the past: the mix begins then, with what a trtc-room has kept, placed at its arrival" {
    local from to
    after past 0
    [[ $(jq .start_ms out) -eq $(<from) ]] || fail "it begins at $(jq .start_ms out)"
    IFS=- read -r from to <<<"$(stays anna picture)"
    near "$from" $(($(sed -n 's/^Trtc-First-Byte-Ms: \([0-9]*\).*/\1/p' fields) - $(<from) + 200)) 500 'anna comes'
    near $((to - from)) 3000 100 'anna stays'
    lasts o.mp4 "$(awk -v t="$to" 'BEGIN { print t / 1000 }')" 0.25
    # what had arrived before the program began is seen, too
    story o.mp4 160,90 >story
    awk -v f="$from" '$2 == 1 { exit !($1 <= f / 200 + 1) }' story || fail "seen: $(paste -sd ';' story)"
}

run_refused() {
    start -v --json --progress json -o o.mp4 anna=../one.ts "ben=rtmp://name:password@127.0.0.1:1/live/stream?sign=hidden" \
        "cem=$secret:1/x?sign=hidden"
    ended
}

@test "a URL that is refused is reported without its secrets, and the others go on" {
    after refused 75
    grep -q 'ben: .*127.0.0.1' err || fail "ben is not named"
    grep -q 'cem: .*127.0.0.1' err || fail "cem is not named"
    ! grep -E 'password|hidden' out err || fail "secrets"
    plays o.mp4
    lasts o.mp4 3 0.25
}

run_alone() {
    start -o o.mp4 "cem=$secret:1/x?sign=hidden"
    ended
}

@test "a refused URL as the only input: 75, and nothing is made" {
    after alone 75
    said '127.0.0.1'
    ! grep -E 'password|hidden' out err || fail "secrets"
    [[ ! -s out && ! -e o.mp4 && ! -e .o.mp4.part ]] || fail "something was made"
}

# ---- pipes with nothing, or nonsense, in them; one that is cut ----

run_broken() {
    mkfifo c d
    start -v -o o.mp4 anna=a ben=b cem=c dora=d
    : >b &
    seq 20000 >c 2>/dev/null &
    head -c 11495 ../one.ts >d &
    cat ../two.ts >a
    ended
}

@test "pipes that are empty, or contain nonsense or half a stream, are reported, and the others go on" {
    after broken 65
    local who
    for who in ben cem dora; do
        grep -q "^trtc-mix: ${who}[ :].*[a-z]" <(grep -v 'enters$\|leaves$' err) || fail "$who is not named"
    done
    ! grep -v 'enters$\|leaves$' err | grep -q anna || fail "anna is named"
    plays o.mp4
    lasts o.mp4 3 0.5
}

run_pause() {
    start -v --json -o o.mp4 anna=a ben=b
    slowly ../two.ts 3500 12 >b &
    {
        head -c 12000 ../one.ts
        sleep 2.2
        tail -c +12001 ../one.ts
    } >a
    ended
}

@test "a source that stalls for a while keeps its window, and delays no other" {
    after pause 0
    [[ $(grep -c enters err) -eq 2 ]] || fail "somebody came twice"
    plays o.mp4
    ! story o.mp4 80,90 240,90 | sed 1d | grep -q ' 0' || fail "seen: $(story o.mp4 80,90 240,90 | paste -sd ';')"
}

# ---- 16 s of nothing ----

run_stall() {
    ffmpeg -nostdin -v error -stream_loop 6 -i ../two.ts -c copy long.ts
    start -v --json -o o.mp4 anna=a ben=b
    slowly long.ts 20000 60 >b &
    {
        head -c 12000 ../one.ts
        sleep 19
        tail -c +12001 ../one.ts
    } >a
    ended
}

@test "a source that stalls for more than 15 s leaves; what it sends at once afterwards is late, and named" {
    [[ ${TRTC_LONG:-} ]] || skip 'only in the long tests'
    after stall 3 # what comes at once after the pause is not late for long enough to be placed again
    grep -q 'late: 2[0-9] frames of the sound came too late' err || fail "$(<err)"
    [[ $(grep -o 'anna [a-z]*' err | xargs) == 'anna enters anna leaves'* ]] || fail "anna does not leave"
    story o.mp4 80,90 240,90 >story
    awk '$2 == 1 && $3 == 2 { both = 1 } both && $2 == 2 && $3 == 2 { at = $1 } END { exit !(at >= 75 && at <= 95) }' story ||
        fail "seen: $(paste -sd ';' story)"
}
