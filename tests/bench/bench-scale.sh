#!/bin/bash
# SPDX-License-Identifier: MIT
# What many recordings cost, and many processes: merging N recordings of four users and a minute each, in one process with
# -j 2 and as PARTS parts, two at a time; and the mix of one call of MINUTES and nine users in one process beside four
# parts and their join, on the same two cores. The times for 32 cores are computed from the CPU time measured here.
#
#   bench-scale.sh [merge|mix]        RECORDINGS='250 500' PARTS=8 MINUTES=20 narrow it down
set -euo pipefail

# shellcheck source=tests/bench/bench.bash
. "$(dirname "$0")/bench.bash"
parts=${PARTS:-8} minutes=${MINUTES:-20}

# timed FILE COMMAND...: "wall user+system peak_kb" of a command and all that it waits for.
timed() {
    local to=$1
    shift
    command time -o "$to.time" -f '%e %U %S %M' "$@" >"$to.out"
    awk '{print $1, $2 + $3, $4}' "$to.time" >"$to"
}

# ---- merge ----

# tree N: recordings of the same segments, each in a directory of its own; hard links, since only names differ.
tree() {
    local k
    rm -rf "$work/tree"
    mkdir "$work/tree"
    for ((k = 0; k < $1; k++)); do cp -rl "$work/one" "$work/tree/$k"; done
}

unmade() { find "$work/tree" -name '*.mp4' -delete; }
one_process() { timed "$work/one.row" trtc-merge -q --recursive -j 2 "$work/tree"; }
many_processes() {
    # shellcheck disable=SC2016
    timed "$work/parts.row" sh -c 'seq "$1" | xargs -P 2 -I{} trtc-merge -q --recursive -j 1 --part {}/"$1" "$2"' \
        sh "$parts" "$work/tree"
}

# opened: files that one process opens for each recording.
opened() {
    if ! command -v strace >/dev/null; then
        echo -
        return
    fi
    strace -f -qq -e trace=openat,openat2,open -o "$work/calls" trtc-merge -q --recursive -j 2 "$work/tree" >/dev/null
    awk -v n="$1" '!/ENOENT/ {opened++} END {printf "%.0f", opened / n}' "$work/calls"
}

merge_row() {
    local wall cpu kb
    read -r wall cpu kb <"$work/$3.row"
    printf '%-34s %-28s %8.2f %8.2f %8.2f %8.1f\n' "$1" "$2" "$wall" "$cpu" \
        "$(awk -v w="$wall" -v n="$4" 'BEGIN {print 1000 * w / n}')" "$(awk -v k="$kb" 'BEGIN {print k / 1024}')"
}

merge_all() {
    local n
    "$B/tests/mkrec" --loop --user id=a --user id=b --user id=c --user id=d --length 60 --bitrate 16000 \
        --audio-bitrate 16000 "$work/one" >/dev/null
    printf '%-34s %-28s %8s %8s %8s %8s\n' job command 'wall s' 'cpu s' 'ms each' 'peak MB'
    for n in ${RECORDINGS:-250 500 1000 2000}; do
        tree "$n"
        one_process
        merge_row "merge $n recordings, 4 x 60 s" 'one process, -j 2' one "$n"
        [[ $(wc -l <"$work/one.row.out") -eq $((4 * n)) ]]
        unmade
        many_processes
        merge_row '' "$parts parts, two at a time" parts "$n"
        [[ $(sort -u "$work/parts.row.out" | wc -l) -eq $((4 * n)) ]]
        unmade
        [[ $n -gt 250 ]] || printf '%35s files opened for each recording: %s\n' '' "$(opened "$n")"
    done
    rm -rf "$work/tree" "$work/one"
}

# ---- mix ----

whole_mix() { timed "$work/whole.row" trtc-mix -q -j 2 "${options[@]}" -o "$work/whole.mp4" "$work/call"; }
mix_in_parts() {
    # shellcheck disable=SC2016
    timed "$work/parts.row" sh -c 'w=$1 && shift && seq 4 | xargs -P 2 -I{} trtc-mix -q -j 1 "$@" --part {}/4 -o "$w/p{}.mkv" "$w/call"' \
        sh "$work" "${options[@]}"
    timed "$work/join.row" trtc-mix -q --join -o "$work/call.mp4" "$work"/p[1-4].mkv
}

mix_row() {
    local wall cpu kb
    read -r wall cpu kb <"$work/$3.row"
    printf '%-34s %-28s %8.2f %8.2f %8s %8.1f\n' "$1" "$2" "$wall" "$cpu" '' "$(awk -v k="$kb" 'BEGIN {print k / 1024}')"
}

# A part takes its share of the CPU time of a whole mix, and what parts cost besides; all run at the same time, each on a
# core, and the join comes last.
model() {
    awk -v cores="$1" '
        FILENAME ~ /whole/ { whole = $2 } FILENAME ~ /parts/ { parts = $2 } FILENAME ~ /join/ { join = $1 }
        END {
            extra = (parts - whole) / 4
            printf "%35s parts cost %.1f %% more CPU; %d cores, a part each, by that: %.1f s and the join, %.2f s\n", "",
                100 * (parts / whole - 1), cores, whole / cores + extra, join
        }' "$work/whole.row" "$work/parts.row" "$work/join.row"
}

mix_all() {
    local i users=()
    for ((i = 1; i <= 9; i++)); do users+=(--user "id=user$i"); done
    "$B/tests/mkrec" --loop "${users[@]}" --length $((minutes * 60)) --bitrate 800000 --audio-bitrate 64000 "$work/call" >/dev/null
    options=(-s 1280x720 -k 1500)
    printf '%-34s %-28s %8s %8s %8s %8s\n' job command 'wall s' 'cpu s' '' 'peak MB'
    whole_mix
    mix_row "mix $minutes minutes, 9 users" 'one process, -j 2' whole
    mix_in_parts
    mix_row '' '4 parts, two at a time, -j 1' parts
    mix_row '' 'join' join
    model 32
}

for what in ${1:-merge mix}; do
    "${what}_all"
done
