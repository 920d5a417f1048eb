# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the measurements share: $work is a directory of their own, a table of rows that are compared.

runs=${RUNS:-5}
work=$(mktemp -d "${TMPDIR:-/tmp}/trtc-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

# started PID COMMAND...: the server with this process is ready once the command succeeds; waits for that, and gives up where
# the process has ended.
started() {
    until "${@:2}" >/dev/null 2>&1; do
        kill -0 "$1" 2>/dev/null || { echo 'bench: a server has ended; are all programs in PATH?' >&2 && exit 1; }
        sleep 0.02
    done
}

# address FILE: where a server listens that has written so to the file.
address() { sed -n 's/.*listening on \(.*[^/]\)\/*$/\1/p' "$1" | grep .; }

# median COLUMN < rows
median() {
    sort -n -k"$1,$1" | awk -v c="$1" '{v[NR] = $c} END {print v[int((NR + 1) / 2)]}'
}

# once COMMAND...: appends "wall cpu" in seconds to $rows.
once() {
    local t
    TIMEFORMAT='%3R %3U %3S'
    t=$({ time "$@" >"$work/out.txt" 2>"$work/err.txt" || echo failed >>"$work/failed"; } 2>&1)
    awk '{printf "%.3f %.3f\n", $1, $2 + $3}' <<<"$t" >>"$rows"
    if [ -e "$work/failed" ]; then
        echo "bench: failed: $*" >&2
        cat "$work/err.txt" >&2
        exit 1
    fi
}

# compare "label" ours theirs [more...]: functions, run in turn; prints a row each, ratios against the first.
compare() {
    local label=$1 i f base_wall='' base_cpu=''
    shift
    for f in "$@"; do : >"$work/$f.rows"; done
    for ((i = 0; i <= runs; i++)); do # the first round warms up
        for f in "$@"; do
            rows=$work/$f.rows
            [ "$i" = 0 ] && rows=/dev/null
            "$f"
        done
    done
    for f in "$@"; do
        local wall cpu
        wall=$(median 1 <"$work/$f.rows") cpu=$(median 2 <"$work/$f.rows")
        base_wall=${base_wall:-$wall} base_cpu=${base_cpu:-$cpu}
        printf '%-34s %-28s %8.3f %8.3f %8.2f %8.2f\n' "$label" "$f" "$wall" "$cpu" \
            "$(awk -v a="$base_wall" -v b="$wall" 'BEGIN {print (b > 0 ? a / b : 0)}')" \
            "$(awk -v a="$base_cpu" -v b="$cpu" 'BEGIN {print (b > 0 ? a / b : 0)}')"
        label=
    done
}

# goal OURS FLOOR wall|cpu LIMIT: after compare, how often ours takes the time of the floor, beside what is wanted.
goal() {
    local column=1 ours floor
    if [ "$3" = cpu ]; then column=2; fi
    ours=$(median "$column" <"$work/$1.rows") floor=$(median "$column" <"$work/$2.rows")
    awk -v o="$ours" -v f="$floor" -v text="$1 / $2, $3" -v limit="$4" 'BEGIN {
        printf "%35s %s: %.2f, goal %s\n", "", text, (f > 0 ? o / f : 0), limit}'
}

rss_mb() { # peak memory of a command, in MB
    command time -f '%M' "$@" 2>&1 >/dev/null | tail -1 | awk '{printf "%.1f", $1 / 1024}'
}

table_head() {
    printf '%-34s %-28s %8s %8s %8s %8s\n' job command 'wall s' 'cpu s' 'ours/its' '(cpu)'
}
