#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix over an hour, with 25 users, and live. Run by `make check-long`; the figures are printed.

load ../lib
load ../mix

export start=1767225600495

setup_file() {
    files_begin
}

setup() {
    test_begin
}

teardown() {
    cd / && rm -rf "$BATS_TEST_TMPDIR"
}

no_sanitizers() {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers need time and memory of their own'
}

# watched OPTION...: trtc-mix, which must not say anything; what memory it has (KiB) as it goes on, in lines "SECONDS OF THE
# MIX, KIB" in memory.txt; $peak (KiB) and $took (s).
watched() {
    local pid status=0 kib from=$EPOCHREALTIME done_ms
    trtc-mix --progress json --json "$@" >out 2>err </dev/null 3>&- &
    pid=$!
    : >memory.txt
    while kib=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null) && [[ $kib ]]; do
        done_ms=$(tail -n 1 err | sed -n 's/.*"done_ms":\([0-9]*\).*/\1/p')
        echo "$((${done_ms:-0} / 1000)) $kib" >>memory.txt
        peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null) || break
        [[ ! $peak ]] || echo "$peak" >peak
        sleep 0.25
    done
    wait $pid || status=$?
    took=$(awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    peak=$(<peak)
    [[ $status -eq 0 ]] || fail "exit status $status: $*"
    ! grep -v '^{' err >said || fail "$(cat said)"
}

# grown FROM: by how much (KiB) the memory at the end is more than the most that was there up to second FROM.
grown() {
    awk -v from="$1" '$1 <= from && $2 > early { early = $2 } $1 > from && $2 > late { late = $2 }
        END { if (late == "") exit 1; print late - early }' memory.txt || fail "$(tail -n 3 memory.txt)"
}

# every USER TYPE LATE_MS: the seconds of their markers in the mix.
every() {
    jq -r --arg user "$1" --arg type "$2" --argjson from $((start - $3)) '
        .tracks[] | select(.user == $user and .type == $type) | .markers_ms[] | (. - $from) / 1000' truth.json
}

# off FIELD VIEW: of the markers that were found, how far (ms) the worst is from those on stdin; none may be missing.
off() {
    awk -v v="$2" -v f="$1" '$1 == v && $f != "-" { print $f }' marks.txt >seen
    sort -n | paste - seen | awk -F'\t' '
        $1 == "" || $2 == "" { print "not as many"; exit 1 }
        { d = $1 > $2 ? $1 - $2 : $2 - $1; if (d > worst) worst = d }
        END { if (!NR) exit 1; printf "%.1f\n", worst * 1000 }' || fail "view $2: $(wc -l <seen) markers"
}

@test "an hour of four users: every marker, no memory" {
    local u n=0 worst late=(0 300 600 900) users=(anna ben cem dora)
    mkrec --loop --bitrate 20000 --length 3600 --truth truth.json --pts-start 8489384592 \
        --user id=anna,size=64x36,rate=8000,drift_ppm=50 \
        --user id=ben,size=64x48,from=62,gap=1800-1840,rate=8000,drift_ppm=200,fps=10,avoff=300 \
        --user id=cem,size=64x64,vgap=900-911,rate=16000,to=3000,avoff=600 \
        --user id=dora,size=96x54,agap=2400-2412,rate=8000,drift_ppm=-300,avoff=900 call
    cat >list.json <<'END'
[{"UserId":"anna","Left":0,"Top":0,"Width":80,"Height":90},{"UserId":"ben","Left":80,"Top":0,"Width":80,"Height":90},
{"UserId":"cem","Left":0,"Top":90,"Width":80,"Height":90},{"UserId":"dora","Left":80,"Top":90,"Width":80,"Height":90}]
END
    watched -m custom -l list.json -s 160x180 -k 100 --preset ultrafast --channels 1 -o o.mp4 call
    figure "$peak KiB, $took s, $(jq .bytes out) bytes"
    figure "after the fifth minute $(grown 300) KiB more than before"
    lasts o.mp4 3600 0.15
    [[ $(frames o.mp4) -eq $(jq .frames out) ]]

    marks --threshold 0.25 --region 0,0,80,90 --region 80,0,80,90 --region 0,90,80,90 --region 80,90,80,90 o.mp4 >marks.txt
    for ((n = 0; n < 4; n++)); do
        u=${users[n]}
        every "$u" audio "${late[n]}" >>beeps.txt
        worst=$(every "$u" video 0 | off 2 $((n + 1)))
        figure "$u: $(wc -l <seen) flashes, $worst ms off at most"
        near "$worst" 0 66.7
    done
    worst=$(off 3 1 <beeps.txt)
    figure "$(wc -l <seen) beeps, $worst ms off at most"
    near "$worst" 0 22
    [[ $(wc -l <seen) -gt 1350 ]] || fail "$(wc -l <seen) beeps"
    [[ -n ${TRTC_SAN:-} || $(grown 300) -le 4096 ]] || fail "$(grown 300) KiB more: $(tail -n 1 memory.txt)"
}

# tile SECONDS FILE: 640x360 at 15 a second with sound, a picture with noise that moves.
tile() {
    ffmpeg -nostdin -v error -y -f lavfi -i "testsrc2=s=640x360:r=15:d=$1,noise=alls=12:allf=t" -f lavfi -i "sine=r=48000:d=$1" \
        -c:v libx264 -preset veryfast -b:v 500k -g 30 -bf 0 -c:a aac -b:a 48k "$2"
}

@test "25 tiles of 640x360: less than 250 MB, and less than 300 MB in 1920x1080 with the preset veryfast" {
    no_sanitizers
    local i users=()
    tile 20 one.ts
    for ((i = 0; i < 25; i++)); do users+=("u$i@$start=one.ts"); done
    watched -s 1280x720 -o o.mp4 "${users[@]}"
    figure "$peak KiB, $took s for $(jq .duration_ms out) ms"
    lasts o.mp4 20 0.15
    ((peak < 250000)) || fail "$peak KiB"
    (($(nproc) <= 2)) || return 0 # more cores: more threads of the encoder
    watched -s 1920x1080 -k 3000 --preset veryfast --to +8 -o large.mp4 "${users[@]}"
    figure "$peak KiB, $took s for $(jq .duration_ms out) ms"
    ((peak < 300000)) || fail "$peak KiB"
}

# live SIZE OPTION...: 25 pipes, which ffmpeg -re feeds from one.ts; in $behind how many seconds after the sources
# the mix has ended.
live() {
    local i users=() outputs=() status=0 pid feeder ended
    for ((i = 0; i < 25; i++)); do
        mkfifo "pipe$i"
        users+=("u$i=pipe$i")
        outputs+=(-map 0 -c copy -f mpegts "pipe$i")
    done
    trtc-mix -s "$1" "${@:2}" --json -o live.mp4 "${users[@]}" >out 2>err </dev/null 3>&- &
    pid=$!
    ffmpeg -nostdin -v error -y -re -i one.ts "${outputs[@]}" 3>&- &
    feeder=$!
    wait $feeder || fail "ffmpeg: $?"
    ended=$EPOCHREALTIME
    wait $pid || status=$?
    behind=$(awk -v a="$ended" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
    [[ $status -eq 0 ]] || fail "exit status $status"
}

@test "25 live inputs in real time" {
    no_sanitizers
    (($(nproc) >= 2)) || skip 'one processor'
    tile "${TRTC_LIVE_S:-60}" one.ts
    live 1280x720
    figure "ended $behind s after its sources; $(jq '.duration_ms / 1000' out) s"
    near "$(jq '.duration_ms / 1000' out)" "${TRTC_LIVE_S:-60}" 3
    near "$behind" 0 3
}
