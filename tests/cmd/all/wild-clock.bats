#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Clocks that are wild by days or years, in playlists, names and operands: nothing is planned for the years between,
# and what cannot be placed is a loss that is named with its time.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    mk two --length 30 --user "$(user)" --user "$(user id=2)" --tags old
    trtc-merge -q -f two -o ref >/dev/null
    clips 2 clip.ts=1
}

setup() {
    test_begin
    have two p
    ref=$BATS_FILE_TMPDIR/ref clip=$BATS_FILE_TMPDIR/clip.ts
    video=p/${stem}_video.m3u8 audio=p/${stem}_audio.m3u8
}

# small OPTION...: a mix that is quickly made, as JSON.
small() {
    expect "$1" timeout 60 trtc-mix -s 64x36 -r 5 --preset ultrafast --json -o o.mp4 "${@:2}"
}

@test "a START-REC-TIME that is zero or a month off is reported, and the times in the names are used" {
    local start
    for start in 0:1970-01-01T00:00:00.000Z 1769817600495:2026-01-31T00:00:00.495Z; do
        sed -i "s/^\(#EXT-X-TRTC-START-REC-TIME\):.*/\1:${start%%:*}/" "$audio"
        merge 3 -f p -o o
        said "main_audio.m3u8: stray: the time of 3 of its segments, from ${start#*:}, is over 48 h away from the rest of the recording"
        diff -r "$ref" o
        merge 3 -f p -o o1 -m 1
        lasts o1/$first 30
        small 3 p
        said "stray: the time of 3 of its segments, from ${start#*:}"
        near "$(jq .duration_ms out)" 30000 100
        rm -r o o1
    done
}

@test "FILE-ATTRs of a user that are zero, or in seconds: the times in the names are used, and that is reported" {
    local how
    for how in 's/.*/0/' 's/...$//'; do
        have two p
        sed -i "s/^#EXTINF/#EXT-X-TRTC-FILE-ATTR:@\\n&/" p/*MTAw*.m3u8
        for f in p/*MTAw*.m3u8; do
            for ms in $(sed -n 's/.*_202601010000\([0-9]*\)\.ts$/\1/p' "$f"); do
                sed -i "0,/:@/s/:@/:$(sed "$how" <<<$((1767225600000 + 10#$ms))),1/" "$f"
            done
        done
        merge 3 -f p -o o -m 1
        said 'main_video.m3u8: stray: the FILE-ATTR of 3 of its segments is over 48 h away from START-REC-TIME'
        unsaid 'FILE-ATTR is taken'
        diff -r "$ref" o
        small 3 p
        near "$(jq .duration_ms out)" 30000 100
        unsaid 'left out'
        rm -r o
    done
}

@test "a name that is years off: a loss with its time, which makes neither -m 1 nor a mix longer" {
    local bytes
    bytes=$(stat -c %s "$(segment p video 1)")
    mv "$(segment p video 1)" "p/${stem}_video_20360101000010533.ts"
    sed -i s/20260101000010533/20360101000010533/ "$video"
    merge 3 -f p -o o -m 1 --report r.json
    said "video_20360101000010533.ts: stray: its time, 2036-01-01T00:00:10.533Z, is over 48 h away from the rest of the recording; 10.000 s, $bytes bytes lost"
    [ "$(jq -c '[.losses[] | .kind, .lost_ms, .lost_bytes]' r.json)" = "[\"stray\",10000,$bytes]" ]
    lasts o/$first 30
    [ "$(frames o/$first)" -eq 300 ]
    small 3 p
    said 'its time, 2036-01-01T00:00:10.533Z'
    near "$(jq .duration_ms out)" 30000 100
}

@test "a user whose whole recording is at another time is left out of the mix, and reported" {
    local f
    for f in p/*_Mg..__*2026*.ts; do mv "$f" "${f/_2026/_2016}"; done
    sed -i 's/_2026/_2016/; /START-REC-TIME/d' p/*_Mg..__*.m3u8
    small 3 p
    said 'p: user 2: stray: it begins at 2016-01-01T00:00:00.495Z, over 48 h away from the rest of the mix; 30.000 s lost'
    near "$(jq .duration_ms out)" 30000 100
    [ "$(jq -r '.losses[].kind' out)" = stray ]
    # a time on the clock chooses: the other one is not asked for
    small 0 --from 2016-01-01T00:00:00Z --to 2016-01-01T00:00:10Z p
    unsaid stray
    near "$(jq .duration_ms out)" 10000 100
    # each is merged
    merge 0 -f p -o o
    [ "$(find o -name '*.mp4' | wc -l)" -eq 2 ]
}

@test "operands far apart, --from and --to days away" {
    small 3 a@0="$clip" b@$epoch="$clip" c="$clip"
    said 'a ('
    said 'it begins at 1970-01-01T00:00:00.000Z, over 48 h away from the rest of the mix; 2.'
    near "$(jq .duration_ms out)" 2100 150
    [ "$(jq -c '[.users[].user]' out)" = '["b","c"]' ]
    rm o.mp4
    small 64 --from 1990-01-01T00:00:00Z a@$epoch="$clip"
    said '--from is more than 48 h before the first user enters'
    small 64 --to 2030-01-01T00:00:00Z a@$epoch="$clip"
    said '--to is more than 48 h after the last user has left'
    [ ! -e o.mp4 ]
}

@test "a mix that was planned for a day and ends at once is a small file" {
    local pid i
    trtc-mix -s 64x36 -r 5 --preset ultrafast --to +86400 -o o.mp4 a="$clip" >out 2>err 3>&- &
    pid=$!
    for ((i = 0; i < 100; i++)); do [[ ! -e .o.mp4.part ]] || break; sleep 0.1; done
    sleep 0.3
    kill "$pid"
    wait "$pid" || [[ $? -eq 143 ]]
    plays o.mp4
    [ "$(stat -c %s o.mp4)" -lt 20000000 ]
}

@test "days of pauses in one file: its length is right; lengths that no file can have are refused" {
    local day n=1400000001_1__UserId_s_YQ..__UserId_e_main_video
    rm -r p && mkdir p
    { echo '#EXTM3U'
      for day in 01 02 04 05; do
          cp "$clip" p/${n}_202601${day}000000000.ts
          printf '#EXTINF:2,\n%s\n' ${n}_202601${day}000000000.ts
      done; } >p/$n.m3u8
    merge 0 -q -f p -m 1 -o o
    near "$(ffprobe -v error -show_entries format=duration -of csv=p=0 o/*.mp4)" 345602 1
    for day in 06 08 10 12 14 16 18; do
        cp "$clip" p/${n}_202601${day}000000000.ts
        printf '#EXTINF:2,\n%s\n' ${n}_202601${day}000000000.ts >>p/$n.m3u8
    done
    for day in 20 22 24 26 28 30; do
        cp "$clip" p/${n}_202601${day}000000000.ts
        printf '#EXTINF:2,\n%s\n' ${n}_202601${day}000000000.ts >>p/$n.m3u8
    done
    merge 0 -q -f p -m 1 -s -o o
    merge 65 -q -f p -m 1 -o o --force --video encode --fps 120
    said 'are too long for one file: use -m 0, -s or --split-time'
}

@test "the report contains no unknown offsets, and lists outputs in the order of the plan" {
    local k
    # key frames that are none: nothing can be decoded
    perl -0777 -pi -e 's/\x00\x00\x01[\x25\x45\x65]/\x00\x00\x01\x21/g' p/*_MTAwMDE.__*video*.ts
    for k in 1 2; do
        trtc-merge -q -f p -o o$k -j 4 --video encode --report r$k.json >/dev/null 2>err || [[ $? -eq 3 ]]
        jq -e '[.outputs[].files[0].path] == ([.outputs[].files[0].path] | sort) and
            all(.outputs[].av_offset_ms // {} | .[]; fabs < 3600000)' r$k.json
    done
    diff <(jq -S '.outputs, .losses' r1.json | sed s/o1/o/) <(jq -S '.outputs, .losses' r2.json | sed s/o2/o/)
}
