#!/bin/bash
# SPDX-License-Identifier: MIT
# How fast trtc-name takes names apart: a million of them through a pipe, beside `wc -c` that only counts the
# same bytes, and a python3 loop that does the same work. Prints a line for each:
#
#   what  names/s  MB/s  peak memory in KB  ratio to trtc-name  names per second of processor time
#
# The goal for trtc-name decode is 3,000,000 of the last.
#
#   bench-name.sh       trtc-name in the PATH; NAMES=N for another number
set -eu
export LC_ALL=C

nb=${NAMES:-1000000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# 25 users, audio and video, main and substream, a segment every 10 s.
awk -v nb="$nb" 'BEGIN {
    for (i = 0; i < nb; i++)
        printf "{\"sdkappid\":1400000001,\"room\":\"3560\",\"user\":\"user_%06d\",\"media\":\"%s\",\"type\":\"%s\"," \
               "\"ext\":\"ts\",\"utc_ms\":%.0f}\n", i % 25 * 7919, i % 7 ? "main" : "aux", i % 2 ? "audio" : "video",
               1767225600000 + i * 10007
}' | trtc-name encode --json >"$dir/names"
head -n $((nb / 10)) "$dir/names" >"$dir/few"

cat >"$dir/decode.py" <<'PY'
import base64, re, sys
name = re.compile(r"(?:ha([123])_)?(\d+)_([^_]+?)(?:__UserId_s_([^_]*)__UserId_e_(main|aux)"
                  r"(?:_(audio|video))?)?(?:_(\d+))?\.(m3u8|ts|mp4)$")
def text(s):
    return base64.b64decode(s.replace("-", "/").replace(".", "=")).decode() if s is not None else "-"
for line in sys.stdin:
    dirs, slash, file = line.rstrip("\n").rpartition("/")
    prefix, _, task = dirs.rpartition("/")
    ha, app, room, user, media, kind, tail, ext = name.match(file).groups()
    number = room.isdigit() and 1 <= int(room) <= 4294967295
    print(app, room if number else text(room), "int" if number else "string", text(user), media or "-", kind or "-",
          tail if ext == "ts" else "-", tail or "-" if ext != "ts" else "-", ext, ha or "-", task or "-", prefix or "-",
          sep="\t")
PY

# Seconds of wall time that the pipe FILE | COMMAND takes, the best of three, in $best; its memory in $rss.
measure() {
    local file=$1 start end us
    shift
    best=0 rss=- used=0
    for _ in 1 2 3; do
        start=${EPOCHREALTIME/./}
        if [ -x /usr/bin/time ]; then
            # shellcheck disable=SC2002 # a pipe is what is measured
            cat "$file" | /usr/bin/time -o "$dir/rss" -f '%M %U %S' "$@" >/dev/null
            read -r rss used < <(awk -v u="$used" '{t = $2 + $3; print $1, u && u < t ? u : t}' "$dir/rss")
        else
            # shellcheck disable=SC2002
            cat "$file" | "$@" >/dev/null
        fi
        end=${EPOCHREALTIME/./}
        us=$((end - start))
        if ((best == 0 || us < best)); then best=$us; fi
    done
}

# row WHAT FILE COMMAND...
row() {
    local what=$1 file=$2 lines bytes
    shift 2
    lines=$(wc -l <"$file") bytes=$(wc -c <"$file")
    measure "$file" "$@"
    local rate=$((lines * 1000000 / best))
    : "${first:=$rate}"
    awk -v what="$what" -v rate="$rate" -v mb="$((bytes / best))" -v rss="$rss" -v first="$first" -v cpu="$used" -v n="$lines" 'BEGIN {
        printf "%-18s %10d names/s %6d MB/s %8s KB  x%-6.3g %s\n", what, rate, mb, rss, rate / first,
            (cpu > 0 ? sprintf("%.2f M/CPU s", n / cpu / 1e6) : "-")
    }'
}

row name-decode-tsv "$dir/names" trtc-name decode
row name-decode-json "$dir/names" trtc-name decode --json
row name-wc-c "$dir/names" wc -c
if command -v python3 >/dev/null; then
    row name-python3 "$dir/few" python3 "$dir/decode.py"
else
    echo 'name-python3: no python3 here, not measured'
fi
