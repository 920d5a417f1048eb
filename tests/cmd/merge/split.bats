#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge: outputs split by size and by time, and the recording service's names.

load ../../lib
export user_keys=rate=16000

setup_file() {
    files_begin
    mk long --bitrate 400000 --length 90 --user size=160x90
    mk far --length 60 --user "$(user gap=10-30)"
}

setup() {
    test_begin
}

# parts FILE...: together all pictures of $1 (a file made whole), each begins with a key frame and is in sync.
parts() {
    local whole=$1 f sum=0 seconds=0
    shift
    for f; do
        sum=$((sum + $(frames "$f")))
        seconds=$(awk -v a="$seconds" -v b="$(field "$f" v duration)" 'BEGIN { print a + b }')
        [ "$(ffprobe -v error -select_streams v -read_intervals '%+#1' -show_entries packet=flags -of csv=p=0 "$f" | head -c 1)" = K ] ||
            fail "$f does not begin with a key frame"
        look "$f"
        awk -v max="$(value "$f" max_ms)" 'BEGIN { exit !(max <= 40) }' || fail "$f: $(cat marks.txt)"
        near "$(field "$f" v duration)" "$(field "$f" a duration)" 0.1 "$f: picture and sound"
    done
    near "$sum" "$(frames "$whole")" 0 'pictures of the parts'
    near "$seconds" "$(field "$whole" v duration)" 0.1 'length of the parts'
}

@test "--split-size: every part is smaller, nothing is lost between parts, names by the first picture's time" {
    have long
    merge 0 -f long -o whole
    local f limit
    for limit in 1000000 2Mi; do
        rm -f long/*.mp4
        merge 0 -f long --split-size $limit
        quiet
        [ "$(wc -l <out)" -gt 1 ] || fail "not split at $limit"
        [ "$(head -n 1 out)" = long/$first ] || fail 'not in time order'
        sort -c out
        mapfile -t made <out
        plays "${made[@]}"
        for f in "${made[@]}"; do
            [ "$(stat -c %s "$f")" -le "$(numfmt --from=auto $limit)" ] || fail "$f is over $limit"
        done
        [ $limit = 1000000 ] || parts whole/$first "${made[@]}"
        [ "$(find long -name '*.mp4' | sort)" = "$(sort out)" ]
    done
}

@test "--split-time: every part is shorter, and named by its start" {
    have long
    merge 0 -f long -o whole
    merge 0 -f long --split-time 30 --json
    jq -r .path out >paths
    [ "$(wc -l <paths)" -ge 4 ]
    mapfile -t made <paths
    plays "${made[@]}"
    local f
    for f in "${made[@]}"; do
        awk -v d="$(field "$f" v duration)" 'BEGIN { exit !(d <= 30.1) }' || fail "$f: $(field "$f" v duration) s"
    done
    parts whole/$first "${made[@]}"
    jq -es '[.[1:][] | (.path | capture("_(?<s>[0-9]{17})_av") | .s) as $s
        | .start_ms / 1000 | (strftime("%Y%m%d%H%M%S") + (((. * 1000) | round) % 1000 + 1000 | tostring)[1:]) == $s] | all' out
    # what a part's name says is where its markers lie: 9.505 s after the start, and every 10 s
    for f in "${made[@]}"; do
        look "$f"
        awk -v s="$(sed 's/.*\(.....\)_av.mp4/\1/' <<<"$f")" '$1 ~ /^[0-9]/ { t = s % 10000 / 1000 + $1; d = t - int(t / 10 + .5) * 10; if (d > .04 || d < -.04) { print t; exit 1 } }' marks.txt ||
            fail "$f: markers are not where its name says"
    done
    # a limit beyond the end splits nothing; units
    merge 0 -f long --split-time 5m -o five
    [ "$(wc -l <out)" -eq 1 ]
    merge 0 -f long --split-time 60s -o sixty
    [ "$(wc -l <out)" -ge 2 ]
}

@test "a second run of a split does nothing and prints all its parts" {
    have long
    merge 0 -f long --split-time 30
    cp out first
    local before
    before=$(ls -li --full-time long)
    merge 0 -f long --split-time 30
    quiet
    diff first out
    [ "$before" = "$(ls -li --full-time long)" ]
    merge 0 -f long --split-time 30 --force
    diff first out
}

@test "sections, splits and sound only" {
    have far
    merge 0 -f far --split-time 15
    mapfile -t made <out
    [ ${#made[@]} -ge 3 ]
    plays "${made[@]}"
    merge 0 -f far -m 1 --split-time 15 -o m1
    mapfile -t made <out
    plays "${made[@]}"
    [ ${#made[@]} -ge 4 ]
    mk s --length 60 --user "$(user kinds=a)"
    merge 0 -f s --split-time 20
    [ "$(wc -l <out)" -ge 3 ]
    mapfile -t made <out
    plays "${made[@]}"
    [[ ${made[0]} == *.m4a ]]
    local f sum=0
    for f in "${made[@]}"; do
        awk -v d="$(field "$f" a duration)" 'BEGIN { exit !(d <= 20.05) }' || fail "$f"
        sum=$(awk -v a=$sum -v b="$(field "$f" a duration)" 'BEGIN { print a + b }')
    done
    near "$sum" 60 0.1 'sound alone'
}

@test "encoded outputs are split, too" {
    have far
    merge 0 -f far --video encode -p 10 --split-time 12
    mapfile -t made <out
    plays "${made[@]}"
    local f
    for f in "${made[@]}"; do
        awk -v d="$(field "$f" v duration)" 'BEGIN { exit !(d <= 12.1) }' || fail "$f: $(field "$f" v duration) s"
    done
}

@test "--names recording: no index for one file, from 1 for several, in time order" {
    have long
    merge 0 -f long --names recording
    [ "$(cat out)" = long/$stem.mp4 ]
    plays long/$stem.mp4
    merge 0 -f long --names recording --split-time 40 -o o
    diff out <(printf "o/${stem}_%d.mp4\n" 1 2 3)
    plays o/*.mp4
    # again: all are named, nothing is done
    local before
    before=$(ls -li --full-time o)
    merge 0 -f long --names recording --split-time 40 -o o
    diff out <(printf "o/${stem}_%d.mp4\n" 1 2 3)
    [ "$before" = "$(ls -li --full-time o)" ]
    # sections
    have far
    merge 0 -f far --names recording
    diff out <(printf "far/${stem}_%d.mp4\n" 1 2)
    merge 0 -f far --names recording -m 1 -o m1
    [ "$(cat out)" = m1/$stem.mp4 ]
    near "$(field m1/$stem.mp4 v duration)" 60 0.07 'whole'
    # the substream's, a mix's, a room that is text
    mk a --length 12 --user "$(user aux=0-12)" --room-type string --room 'r/?' --user "$(user id=b,kinds=a)"
    merge 0 -f a --names recording -a 2
    grep -qx "a/1400000001_ci8-__UserId_s_MTAwMDE.__UserId_e_aux.mp4" out
    mk m --length 12 --user "$(user)" --mixed
    merge 0 -f m --names recording
    [ "$(cat out)" = m/1400000001_3560.mp4 ]
    trtc-name decode m/1400000001_3560.mp4 o/${stem}_3.mp4 >/dev/null
}

@test "a split that fails leaves no part behind" {
    need_strace
    have long
    local i status
    for i in 3 12 40; do
        rm -rf o
        mkdir o
        status=0
        strace -f -qq -o trace -e trace=pwrite64,write -e "inject=pwrite64,write:error=ENOSPC:when=$i" \
            trtc-merge -f long -o o --split-time 30 >out 2>err || status=$?
        grep -q INJECTED trace || continue
        [ $status -eq 75 ] || fail "$i: $status"
        [ ! -s out ]
        [ -z "$(find o -name '*.mp4')" ] || fail "$i: $(ls o)"
    done
}
