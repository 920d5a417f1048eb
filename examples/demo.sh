#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes a small recording of a call, merges it, mixes it, measures the files and shows the results: `make demo`.
#
#   demo.sh DIR [SECONDS]      writes DIR/recording, DIR/merged, DIR/mix, DIR/timeline.svg, DIR/contact.png;
#                              the call lasts 75 s
#
# DIR is made anew each time; a directory that no earlier demo has made is left alone. B is the build directory.
set -euo pipefail

dir=${1-}
length=${2:-75}
B=${B:-$(cd "$(dirname "$0")/.." && pwd)/build}
export PATH=$B:$B/tests:$PATH LC_ALL=C TZ=UTC0

case $dir in
'' | -h | --help)
    echo "usage: demo.sh DIR [SECONDS]" >&2
    exit 64
    ;;
-*) dir=./$dir ;;
esac
if ! ((length >= 40)); then
    echo "demo: the call must last 40 s or more" >&2
    exit 64
fi
for program in trtc-hls trtc-merge trtc-mix trtc-name mkrec marks jq; do
    command -v "$program" >/dev/null || {
        echo "demo: $program is missing; run 'make demo', which gets and builds it" >&2
        exit 69
    }
done
if [[ -e $dir && ! -e $dir/.demo && -n $(ls -A "$dir") ]]; then
    echo "demo: $dir: is not empty, and no earlier demo made it; choose another directory" >&2
    exit 73
fi
mkdir -p "$dir"
: >"$dir/.demo"
rm -rf "$dir"/{recording,merged,mix,timeline.svg,contact.png,.streams,.stills}

bold='' plain=''
if [[ -t 1 ]]; then
    bold=$'\e[1m' plain=$'\e[m'
fi
shown=$(printf %q "$dir") # as a command that is printed needs it
heading() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
now_us() { echo "${EPOCHREALTIME/./}"; }

# ---- a call of three people ----

gap=$(((length - 19) / 2))-$(((length + 19) / 2))
late=$((length * 4 / 25))
share=$((length * 2 / 5))-$((length * 7 / 10))
off=$((length * 4 / 5))-$((length * 10 / 11))
early=$((length * 14 / 15))

heading "1. A call of $length s is recorded: $dir/recording"
echo
echo "   anna    leaves for 19 s (at ${gap/-/ s to } s) and comes back"
echo "   chloe   joins after 3 s, sends sound only, leaves after $early s"
echo "   ben     joins after $late s, shares a screen (${share/-/ s to } s), has the camera off (${off/-/ s to } s)"
# Each stream is one file, which is cut as if it came live; its name says whose it is and when it begins.
mkrec --scene --start 1767258000495 --av-merge --segment $((length + 1)) --length "$length" --user "id=anna,stall=$gap" \
    --user "id=ben,from=$late,aux=$share,vstall=$off" --user "id=chloe,kinds=a,from=3,to=$early" "$dir/.streams"
for stream in "$dir"/.streams/*.ts; do
    IFS=$'\t' read -r app room _ user media _ start _ < <(trtc-name decode "${stream##*/}")
    trtc-hls -A "$app" -R "$room" -u "$user" -M "$media" -S "$start" -d "$dir/recording" --no-sync - <"$stream" >/dev/null
done
streams=("$dir"/.streams/*.ts)
rm -rf "$dir/.streams"
echo
echo "   trtc-hls has cut their ${#streams[@]} streams, sound and picture apart, into segments of 10 s"
find "$dir/recording" -type f -printf '%f %s\n' | awk '
    { bytes += $2; $1 ~ /m3u8$/ ? lists++ : segments++ }
    END { printf "   %d playlists, %d segments, %.1f MB; pictures show the clock; a flash and a tone every 10 s\n", lists, segments, bytes / 1e6 }'

# ---- what will be made of it ----

heading "2. What will be made of it: trtc-merge --plan"
echo
trtc-merge -q -f "$dir/recording" -o "$dir/merged" --plan=json |
    jq -sr 'group_by(.user) | sort_by(map(.start_ms) | min) | .[] | sort_by(.start_ms)[] |
        [.user, .start_ms, .end_ms, if .video then "#" else "-" end] | @tsv' |
    awk -F'\t' -v width=60 '
        { user[NR] = $1; from[NR] = $2; to[NR] = $3; mark[NR] = $4
          if (NR == 1 || $2 < first) first = $2
          if (NR == 1 || $3 > last) last = $3 }
        function column(ms) { return int((ms - first) * width / (last - first) + .5) }
        function bar(i, row,    x) {
            for (x = length(row); x < column(from[i]); x++) row = row " "
            row = row (row ~ /[^ ]$/ ? " " : "") "["
            for (x = length(row); x < column(to[i]) - 1; x++) row = row mark[i]
            return row "]"
        }
        END {
            for (i = 1; i <= NR; i++) {
                row = bar(i, i > 1 && user[i] == user[i - 1] ? row : "")
                if (i == NR || user[i] != user[i + 1]) printf "   %-7s %s\n", user[i], row
            }
            printf "   %-7s 0 s%*d s\n\n", "", width - 5, (last - first) / 1000 + .5
            print "   [###] picture and sound   [---] sound   each pair of brackets is one file"
        }'
trtc-merge -q -f "$dir/recording" -o "$dir/merged" --plan=svg >"$dir/timeline.svg"
echo "   the same as a picture: $dir/timeline.svg"

# ---- making it ----

heading "3. trtc-merge -f $shown/recording -o $shown/merged"
echo
began=$(now_us)
last=$began
trtc-merge -q -j 1 -f "$dir/recording" -o "$dir/merged" --json |
    while IFS= read -r object; do # each line comes when its file is done
        now=$(now_us)
        printf '%s\n' "{\"us\":$((now - last)),${object#\{}"
        last=$now
    done | jq -r '[.user, .start_ms, .duration_ms, .bytes, .us, .path] | @tsv' >"$dir/.merged"
took=$(($(now_us) - began))

# Picture flash and tone of each 10 s: how far apart are they in the file?
offset() {
    case $1 in
    *_av.mp4) marks --json --summary-only "$1" | jq -r 'if .markers > 0 then .max_ms | tonumber else "-" end' ;;
    *) echo - ;;
    esac
}

printf '   %-7s %9s %10s %12s %9s   %s\n' user length size 'A/V offset' speed 'file in merged/'
printf '   %-7s %9s %10s %12s %9s   %s\n' ------- --------- ---------- ------------ --------- ---------------
sort -k2,2n "$dir/.merged" | while IFS=$'\t' read -r user _ ms bytes us path; do
    awk -v user="$user" -v ms="$ms" -v bytes="$bytes" -v us="$us" -v path="${path##*/}" -v off="$(offset "$path")" '
        BEGIN { if (off != "-") off = sprintf("%.1f ms", off)
                printf "   %-7s %7.1f s %7.2f MB %12s %7.0f x   %s\n", user, ms / 1e3, bytes / 1e6, off, ms * 1e3 / (us > 0 ? us : 1), path }'
done
awk -F'\t' -v took="$took" '
    { ms += $3; bytes += $4 }
    END { printf "   %-7s %7.1f s %7.2f MB %12s %7.0f x   %d files in %.2f s\n", "all", ms / 1e3, bytes / 1e6, "", ms * 1e3 / took, NR, took / 1e6 }
' "$dir/.merged"
rm -f "$dir/.merged"
echo
echo "   A/V offset: sound against picture, measured in the file, the largest of all tones"
echo "   speed: how many times faster than real time; nothing was encoded again"

# ---- everybody in one picture ----

heading "4. trtc-mix --label -o $shown/mix/grid.mp4 $shown/recording"
echo
shared_from=${share%-*} shared_to=${share#*-}

# mixed NAME OPTION...: mixes, and prints a line of the table.
mixed() {
    local began took
    began=$(now_us)
    trtc-mix -q --label --json "${@:2}" -o "$dir/mix/$1.mp4" "$dir/recording" >"$dir/.mixed"
    took=$(($(now_us) - began))
    jq -r '[.duration_ms, .bytes, .frames, .path] | @tsv' "$dir/.mixed" |
        awk -F'\t' -v layout="$1" -v took="$took" '
            { sub(/.*\//, "", $4)
              printf "   %-7s %7.1f s %7.2f MB %8d %11.0f x   %s\n", layout, $1 / 1e3, $2 / 1e6, $3, $1 * 1e3 / took, $4 }'
    rm -f "$dir/.mixed"
}

printf '   %-7s %9s %10s %8s %13s   %s\n' layout length size pictures speed 'file in mix/'
printf '   %-7s %9s %10s %8s %13s   %s\n' ------- --------- ---------- -------- ------------- ------------
mixed grid
mixed screen -m screen -b ben:aux --from "+$shared_from" --to "+$shared_to"
echo
echo "   grid     everybody, the whole call; a user who sends no picture has a window with a name"
echo "   screen   while ben shares a screen: -m screen -b ben:aux --from +$shared_from --to +$shared_to"

# Eight pictures of the mix, and a canvas on which nobody has a window, with these as watermarks.
mkdir "$dir/.stills"
echo '[{ "Top": 0, "Left": 0, "Width": 2, "Height": 2, "UserId": "nobody" }]' >"$dir/.stills/none.json"
sheet=(--text "A call of $length s as a grid; below: the screen layout, while ben shares one,12,10,0,0,22px")
# still COLUMN ROW SECONDS OPTION...
still() {
    local file=$dir/.stills/$1$2.png x=$((12 + 472 * $1)) y=$((46 + 294 * $2))
    trtc-mix -q --label --still "+$3" "${@:4}" -o "$file" "$dir/recording" >/dev/null
    sheet+=(--watermark "$file,$x,$y,464,260" --text "$3 s,$x,$((y + 264)),0,0,16px")
}
still 0 0 4
still 1 0 $((late + 2))
still 2 0 $(((shared_from + shared_to) / 2))
still 3 0 $((${off#*-} + 2))
for column in 0 1 2 3; do
    still "$column" 1 $((shared_from + 1 + (shared_to - shared_from - 3) * column / 3)) -m screen -b ben:aux
done
trtc-mix -q -s 1904x638 --background '#202428' -m custom -l "$dir/.stills/none.json" --still +1 "${sheet[@]}" -o "$dir/contact.png" "$dir/recording" >/dev/null
rm -rf "$dir/.stills"
echo
echo "   eight pictures of them, taken with --still: $dir/contact.png"

# ---- what next ----

heading "5. Now"
at=
case $B in
"$PWD"/*) at=${B#"$PWD"/}/ ;;
esac
cat <<END

   open   $shown/mix/grid.mp4     everybody, in a player
          $shown/contact.png      eight pictures of it
          $shown/timeline.svg     who was there when, in a browser

   try    a floating layout with a clock, and ben's screen with ben's voice:
   ${at}trtc-mix -m float -b anna --clock top,UTC -o $shown/float.mp4 $shown/recording
   ${at}trtc-merge -f $shown/recording -o $shown/screen -a 2 -u ben

   a recording of your own is a directory with the .m3u8 and .ts files of a task:
   ${at}trtc-merge --plan -f DIR                shows what would be made of it
   ${at}trtc-merge -f DIR -o OUT                makes it
   ${at}trtc-mix --label -o call.mp4 DIR        makes one file of everybody

   'sudo make install' installs the programs, their pages and completions;
   'man ./man/trtc.7' is the page to begin with
END
