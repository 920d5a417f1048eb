#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix into trtc-hls: the mixed recording of the specification, from single streams.

load ../../lib
load ../../hls
load ../../mix

export start=1767225600495 stem=1400000001_3560

setup_file() {
    files_begin
    mkrec --loop --bitrate 20000 --length 32 \
        --user id=anna,size=64x36,rate=8000 --user id=ben,size=64x36,rate=8000,from=4,to=27 call
}

setup() {
    test_begin
}

# pipe STATUS MIX-OPTION... -- HLS-OPTION...: the call, two windows side by side, mixed into TS and cut. The status is
# that of trtc-hls; what it says is in out and err, what trtc-mix says in err.mix.
pipe() {
    local want=$1 options=() status=0
    shift
    while [[ $1 != -- ]]; do
        options+=("$1")
        shift
    done
    cat >list.json <<'END'
[{"UserId":"anna","Left":0,"Top":0,"Width":80,"Height":90},{"UserId":"ben","Left":80,"Top":0,"Width":80,"Height":90}]
END
    { trtc-mix -m custom -l list.json -s 160x90 -k 50 --preset ultrafast --sample-rate 16000 --channels 1 "${options[@]}" -o - \
        "$BATS_FILE_TMPDIR/call" 2>err.mix </dev/null || echo $? >status.mix; } |
        trtc-hls -A 1400000001 -R 3560 --no-sync "${@:2}" - >out 2>err || status=$?
    [[ $status -eq $want ]] || fail "exit status $status: $*"
    [[ ! -s err.mix ]] || fail "$(cat err.mix)"
}

# marks_at SECONDS...: the flashes of a view (the lines of marks on stdin) are there to a frame, their beeps to 22 ms.
marks_at() {
    paste - <(printf '%s\n' "$@") | awk -F'\t' '
        function far(a, b, most) { return a == "-" || a - b > most || b - a > most }
        { if (NF != 5 || far($2, $5, .067) || far($3, $5, .022)) { print; bad = 1 } }
        END { exit bad }' >why || fail "$(cat why)"
}

@test "a playlist of 10 s segments, named by the start; merged, they are the mix" {
    local extinf left=320 file names
    pipe 0 -- -d rec # the mix reports its start
    quiet
    listed rec/$stem
    strict rec/$stem.m3u8
    grep -qx '#EXT-X-TRTC-START-REC-TIME:1767225600495' rec/$stem.m3u8 || fail "not the start of the call"
    grep -qx '#EXT-X-TRTC-MIX-STREAM:1' rec/$stem.m3u8
    [[ $(grep -cx "rec/$stem.m3u8" out) -eq 4 ]]
    mapfile -t names < <(sed '/^#/d; s|^|rec/|' rec/$stem.m3u8)
    [[ ${#names[@]} -eq 4 && ${names[0]} == "rec/${stem}_20260101000000495.ts" ]] || fail "${names[*]}"
    while IFS=:, read -r _ extinf _; do # sound goes into segments by the block
        near "$extinf" "$((left > 100 ? 10 : 2))" 0.25
        left=$((left - 100))
    done < <(grep '^#EXTINF' rec/$stem.m3u8)

    # the key pictures: the first of each segment, and no other
    cat "${names[@]}" >all.ts
    ffprobe -v error -select_streams v -show_entries packet=pts_time,flags -of csv=p=0 all.ts |
        awk -F, '/./ && NR == 1 { first = $1 } /K/ { printf "%.3f ", $1 - first }' >keys.txt
    [[ $(<keys.txt) == '0.000 10.000 20.000 30.000 ' ]] || fail "$(<keys.txt)"

    merge 0 -f rec
    quiet
    file=rec/${stem}_20260101000000495_av.mp4
    made "$file"
    lasts "$file" 32 0.15
    marks --threshold 0.25 --region 0,0,80,90 --region 80,0,80,90 "$file" >marks.txt
    grep '^1' marks.txt | marks_at 9.505 19.505 29.505
    grep '^2' marks.txt | awk -F'\t' '$2 != "-"' | marks_at 9.505 19.505
    # and nobody but anna is there at the end
    [[ $(grep -c '^2.*	-$' marks.txt) -eq 1 ]] || fail "$(cat marks.txt)"
}

@test "shorter groups of pictures, shorter segments" {
    pipe 0 -g 2 --to +9 -- -t 4 -S $start -d rec --json
    quiet
    strict rec/$stem.m3u8
    [[ $(jq -s '[.[] | select(.kind == "segment") | .duration_ms / 1000 | round] | join(" ")' out) == '"4 4 1"' ]] || fail "$(cat out)"
}

@test "an output that is closed ends the mix without a message" {
    pipe 0 --to +1 -- -S $start -d rec
    pipe 73 -- -S $start -d rec
    said "m3u8"
    [[ ! -e status.mix || $(<status.mix) == 141 ]]
}
