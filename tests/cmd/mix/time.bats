#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix and time: each window and each voice at its time, frames at a constant rate, what sounds how, and into
# which files it goes.

load ../../lib
load ../../mix

export canvas=320x180 start=1767225600495

# Where the window of each user is, and how late the beeps are (ms): so each is heard alone in one sound.
declare -gA window=(["anna"]="0,0,160,90" ["ben"]="160,0,80,90" ["cem"]="240,0,80,90" ["cem:aux"]="0,90,160,90" ["dora"]="160,90,160,90")
declare -gA late=([anna]=0 [ben]=300 [cem]=600 [dora]=900)

setup_file() {
    files_begin
    local u
    # Late, away for a while, without a picture, gone early; clocks that are fast and slow.
    mkrec --loop --bitrate 20000 --length 120 --truth call.json \
        --user id=anna,size=64x36,rate=8000,to=93 \
        --user id=ben,size=64x48,from=12.3,gap=33-49,rate=8000,drift_ppm=200,fps=10,avoff="${late[ben]}" \
        --user id=cem,size=64x64,vgap=60-71,aux=35-85,rate=8000,avoff="${late[cem]}" call
    # B-frames, and clocks that wrap in the middle
    mkrec --bitrate 20000 --length 120 --truth dora.json --pts-start 8589384592 \
        --user id=dora,size=64x36,rate=8000,bframes=2,drift_ppm=-300,avoff="${late[dora]}" call
    windows_list >list.json
    timeout 60 trtc-mix -m custom -l list.json -s $canvas -k 100 --preset ultrafast --sample-rate 16000 --channels 1 --json \
        -o call.mp4 call >call.out 2>call.err || true

    # A marker at 9.505 s, and a second of sound before it ends
    mkrec --loop --av-merge --bitrate 20000 --length 11 --segment 100 --user id=x,size=64x36,rate=8000 short
    mv short/*.ts x=y.ts
    mkdir solo
    cp call/*_YW5uYQ..__* solo
    for u in 440 1000; do
        ffmpeg -nostdin -v error -f lavfi -i "aevalsrc=sin(2*PI*$u*t):s=16000:d=1.5" -f lavfi -i color=gray:s=64x36:r=5:d=1.5 \
            -c:v libx264 -preset ultrafast -threads 1 -c:a pcm_f32le full$u.mkv
    done
}

setup() {
    test_begin
    cp "$BATS_FILE_TMPDIR/list.json" .
}

# windows_list: those above, as MixLayoutList.
windows_list() {
    local u x y w h list=()
    for u in "${!window[@]}"; do
        IFS=, read -r x y w h <<<"${window[$u]}"
        list+=("$(printf '{"UserId":"%s","MediaId":%d,"Left":%d,"Top":%d,"Width":%d,"Height":%d}' \
            "${u%:aux}" "$([[ $u == *:aux ]] && echo 1 || echo 0)" "$x" "$y" "$w" "$h")")
    done
    local IFS=,
    echo "[${list[*]}]"
}

# small OPTION...: a quick mix.
small() {
    mix 0 -s 64x64 -k 50 --preset ultrafast "$@"
}

# marked FILE [REGION TRACK]...: its markers, in marks.txt: view, flash, beep. Tones are below the threshold.
marked() {
    local views=() file=$1
    shift
    while (($#)); do
        views+=(--region "$1" --track "$2")
        shift 2
    done
    marks --threshold 0.25 "${views[@]}" "$file" | awk -F'\t' -v OFS='\t' '{ if (NF == 3) $0 = 1 FS $0; print }' >marks.txt
    [[ -s marks.txt ]] || fail "$file: no markers"
}

# marks_at VIEW FIELD TOLERANCE SECONDS...: flashes (2) or beeps (3) of a view are at these times, and nowhere else.
marks_at() {
    local view=$1 field=$2 tolerance=$3
    shift 3
    awk -v v="$view" -v f="$field" '$1 == v && $f != "-" { print $f }' marks.txt >seen
    printf '%s\n' "$@" | paste - seen | awk -F'\t' -v t="$tolerance" '
        { d = $1 - $2; if ($1 == "" || $2 == "" || d > t || d < -t) { print "at", $2, "not", $1; bad = 1 } }
        END { exit bad }' >why || fail "view $view, field $field: $(head -n 5 why)"
}

# truth TYPE USER: the seconds of their markers in the mix of the call.
truth() {
    local media=main from=$start
    [[ $2 != *:aux ]] || media=aux
    [[ $1 != audio ]] || from=$((start - late[$2]))
    jq -r --arg user "${2%:aux}" --arg type "$1" --arg media $media --argjson start $from '
        .tracks[] | select(.user == $user and .type == $type and .media == $media)
        | .markers_ms[] | (. - $start) / 1000' "$BATS_FILE_TMPDIR"/{call,dora}.json
}

# tracks FILE: the numbers of the sound tracks (0 is the mix), by their names, in $track.
tracks() {
    local name
    declare -gA track=()
    while read -r name; do track[$name]=${#track[@]}; done < <(
        ffprobe -v error -select_streams a -show_entries stream_tags=handler_name,title -of json "$1" |
            jq -r '.streams[].tags | .title // .handler_name'
    )
}

# steady FILE FPS FRAMES: pictures at a constant rate from 0 on, so many; sound without a hole, as long as they are.
steady() {
    ffprobe -v error -show_entries packet=codec_type,stream_index,pts_time,duration_time -of csv=p=0 "$1" |
        awk -F, -v fps="$2" -v frames="$3" '
        function complain(text) { if (told++ < 5) print text }
        NF < 4 { next } # side data
        function far(a, b, most) { return a - b > most || b - a > most }
        $1 == "video" {
            k = int($3 * fps + .5)
            if (far($3, k / fps, .0001) || seen[k]++ || k >= frames) complain("a picture at " $3)
            nb++
            next
        }
        {
            if (!($2 in end) && ($3 > 0 || $3 < -.07)) complain("sound " $2 " begins at " $3) # the priming is before 0
            if ($2 in end && far($3, end[$2], .0003)) complain("sound " $2 " goes on at " $3 ", not " end[$2])
            end[$2] = $3 + $4
        }
        END {
            if (nb != frames) complain(nb " pictures")
            for (s in end) {
                heard = 1
                if (far(end[s], frames / fps, 1 / fps)) complain("sound " s " ends at " end[s])
            }
            if (!heard) complain("no sound")
            exit told > 0
        }' >why || fail "$1: $(cat why)"
}

# levels FILE "TRACK FROM TO"...: what astats says of each of these stretches of sound.
levels() {
    local file=$1 number from to graph='' outputs=() i=0
    shift
    for ((; $#; i++)); do
        read -r number from to <<<"$1"
        graph+=";[0:a:$number]atrim=$from:$to,astats@n${i}[o$i]"
        outputs+=(-map "[o$i]" -f null -)
        shift
    done
    ffmpeg -nostdin -nostats -v info -i "$file" -filter_complex "${graph#;}" "${outputs[@]}" 2>&1 |
        sed -n 's/^\[astats@n\([0-9]*\).*\] \(.*\): *\(.*\)/\1,\2,\3/p' >levels.txt
    [[ -s levels.txt ]] || fail "$file: no sound"
}

# level N [MEASURE]: of the Nth (0 ...) of them, over all channels ("Zero crossings rate": the last channel's).
level() {
    sed -n "s/^$1,${2:-Peak level dB},//p" levels.txt | tail -n 1
}

# mute N...: these were digitally silent.
mute() {
    local n
    for n; do [[ $(level "$n") == -inf ]] || fail "stretch $n: $(level "$n") dB"; done
}

# below VALUE LIMIT / above VALUE LIMIT
below() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 < b) }' || fail "$1 is not below $2"
}
above() {
    awk -v a="$1" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 > b) }' || fail "$1 is not above $2"
}

@test "two minutes: each marker is in its window within a frame, and in its voice within 22 ms" {
    local u views=() n=0 order=(anna ben cem cem:aux dora) file=$BATS_FILE_TMPDIR/call.mp4
    [[ -s $file && ! -s $BATS_FILE_TMPDIR/call.err ]] || fail "$(cat "$BATS_FILE_TMPDIR/call.err")"
    jq -e ".start_ms == $start and (.duration_ms - 120000 | fabs) < 100 and .frames == (.duration_ms * 15 / 1000 | round)
        and .losses == [] and (.users | map(.user) | unique) == [\"anna\", \"ben\", \"cem\", \"dora\"]" \
        "$BATS_FILE_TMPDIR/call.out" >/dev/null || fail "$(cat "$BATS_FILE_TMPDIR/call.out")"
    for u in "${order[@]}"; do views+=("${window[$u]}" 0); done
    marked "$file" "${views[@]}"
    for u in "${order[@]}"; do
        n=$((n + 1))
        # shellcheck disable=SC2046 # numbers
        marks_at $n 2 0.0667 $(truth video "$u")
        [[ $u == *:aux ]] || truth audio "$u" >>beeps.txt
    done
    [[ $(wc -l <beeps.txt) -ge 38 ]] || fail "$(cat beeps.txt)"
    # shellcheck disable=SC2046
    marks_at 1 3 0.022 $(sort -n beeps.txt)
}

@test "two minutes: a constant rate, and sound without a hole" {
    steady "$BATS_FILE_TMPDIR/call.mp4" 15 "$(jq .frames "$BATS_FILE_TMPDIR/call.out")"
    lasts "$BATS_FILE_TMPDIR/call.mp4" "$(jq '.frames / 15' "$BATS_FILE_TMPDIR/call.out")" 0.0667
}

@test "--from and --to cut at the right times" {
    local ben
    mix 0 -m custom -l list.json -s $canvas -k 100 --preset ultrafast --audio-tracks per-user --sample-rate 16000 \
        --from $((start + 27123)) --to 2026-01-01T00:00:43.618Z --json -o part.mp4 "$BATS_FILE_TMPDIR/call"
    quiet
    jq -e ".start_ms == $((start + 27123)) and .duration_ms == 16000 and .frames == 240" out
    steady part.mp4 15 240
    tracks part.mp4
    ben=${track[ben]}
    marked part.mp4 "${window[ben]}" "$ben" "${window[dora]}" "${track[dora]}"
    marks_at 1 2 0.0667 2.382 # 29.505 s after the beginning
    marks_at 1 3 0.022 2.682
    marks_at 2 2 0.0667 2.382 12.382
    marks_at 2 3 0.022 3.282 13.282
    # from 33 s on the user is away: digital silence
    levels part.mp4 "$ben 6.1 16" "$ben 3 5.7" "0 6.1 16"
    mute 0
    above "$(level 1)" -32
    above "$(level 2)" -32
    # relative to the beginning; the 17 digits
    mix 0 --only audio --subscribe anna --from +12.5 --to 20260101000023000 --json -o part.mp4 "$BATS_FILE_TMPDIR/call"
    jq -e ".start_ms == $((start + 12500)) and (.duration_ms - 10005 | fabs) <= 34" out
    marked part.mp4
    marks_at 1 3 0.022 7.005
    mix 65 --from +20 --to +10 -o none.mp4 "$BATS_FILE_TMPDIR/call"
    [[ ! -e none.mp4 ]]
}

@test "files at their START, in each form, beside a directory" {
    local f=$BATS_FILE_TMPDIR/x=y.ts v views=()
    mix 0 -s $canvas -k 100 -m custom -l list.json --preset ultrafast --audio-tracks per-user --sample-rate 16000 --json -o o.mp4 \
        --to +14 "$BATS_FILE_TMPDIR/solo" "ben@1767225601495=$f" "cem:aux@20260101000003495=$f" \
        "dora@2026-01-01T08:00:02.495+08:00=$f"
    quiet
    jq -e ".start_ms == $start and .duration_ms == 14000" out
    tracks o.mp4
    for v in anna ben cem:aux dora; do views+=("${window[$v]}" "${track[$v]}"); done
    marked o.mp4 "${views[@]}"
    for v in 1:9.505 2:10.505 3:12.505 4:11.505; do
        marks_at "${v%:*}" 2 0.0667 "${v#*:}"
        marks_at "${v%:*}" 3 0.022 "${v#*:}"
    done
}

@test "files without START begin with the first of the others, or all together" {
    local f=$BATS_FILE_TMPDIR/x=y.ts before
    mix 0 --only audio --audio-tracks per-user --sample-rate 16000 --json --to +11 -o o.mp4 "$BATS_FILE_TMPDIR/solo" "b=$f" \
        "c@1767225601495=$f"
    jq -e ".start_ms == $start" out
    tracks o.mp4
    marked o.mp4 0,0,1,1 "${track[anna]}" 0,0,1,1 "${track[b]}" 0,0,1,1 "${track[c]}"
    marks_at 1 3 0.022 9.505
    marks_at 2 3 0.022 9.505
    marks_at 3 3 0.022 10.505
    before=$(date +%s%3N)
    mix 0 --only audio --audio-tracks per-user --sample-rate 16000 --json -o o.mp4 "b=$f" "c=$f"
    jq -e ".start_ms >= $before and .start_ms <= $before + 5000 and (.duration_ms - 11000 | fabs) < 70" out
    tracks o.mp4
    marked o.mp4 0,0,1,1 "${track[b]}" 0,0,1,1 "${track[c]}"
    marks_at 1 3 0.022 9.505
    marks_at 2 3 0.022 9.505
}

@test "ids that contain @, = and :" {
    local f=$BATS_FILE_TMPDIR/x=y.ts
    mkrec --length 2 --start $start --user 'id=k=v@1:aux,kinds=a,rate=8000' d=e
    mix 0 --only audio --json --to +1 -o o.mp4 d=e "a@b=$f" "a@b@$start=$f" "a:b=$f" "a:aux:aux=$f" "c:main=$f" "@=$f" \
        "x@2026-13-01T00:00:00Z=$f" "é:aux@2026-01-01T00:00:00.495Z=$f" "y:aux@=$f"
    quiet
    jq -e '[.users[] | .user + " " + .media] == ["k=v@1:aux main", "a@b main", "a@b main", "a:b main", "a:aux aux", "c main",
        "@ main", "x@2026-13-01T00:00:00Z main", "é aux", "y:aux@ main"]' out
    jq -e ".start_ms == $start and ([.users[].sound[0].start_ms] | unique) == [$start]" out
    mix 64 -o none.mp4 "=$f"
    mix 64 -o none.mp4 ":aux=$f"
    mix 64 -o none.mp4 "a="
    [[ ! -e none.mp4 ]]
}

# ---- sound ----

@test "25 voices at full scale do not clip the sum" {
    local i voices=()
    for ((i = 0; i < 25; i++)); do voices+=("u$i=$BATS_FILE_TMPDIR/full440.mkv"); done
    mix 0 --only audio --to +0.8 -o same.mp4 "${voices[@]}"
    for ((i = 0; i < 25; i += 2)); do voices[i]="u$i=$BATS_FILE_TMPDIR/full1000.mkv"; done
    mix 0 --only audio --to +0.8 --channels 1 --sample-rate 16000 -o two.mp4 "${voices[@]}"
    for i in same.mp4 two.mp4; do
        levels $i '0 0 9'
        below "$(level 0)" -0.1
        above "$(level 0)" -4
        below "$(level 0 'Flat factor')" 1
        below "$(level 0 'Peak count')" 5
    done
}

@test "each user has a track with their name and only their voice, and digital silence in between" {
    local f=$BATS_FILE_TMPDIR/full n
    mix 0 --only audio --audio-tracks per-user -o o.mp4 "a@$start=${f}440.mkv" "b é@$((start + 1000))=${f}1000.mkv" \
        "c:aux@$((start + 3000))=${f}440.mkv"
    mix 0 --only audio --audio-tracks per-user -o o.mkv --to +1 "a@$start=${f}440.mkv" "b é@$start=${f}1000.mkv"
    tracks o.mkv
    [[ "${track[mix]} ${track[a]} ${track[b é]} ${#track[@]}" == '0 1 2 3' ]]
    tracks o.mp4
    [[ "${track[mix]} ${track[a]} ${track[b é]} ${track[c:aux]} ${#track[@]}" == '0 1 2 3 4' ]]
    levels o.mp4 '1 1.1 1.4' '2 1.1 1.4' '1 1.6 9' '2 0 0.9' '2 2.6 9' '0 2.6 2.9' '0 0.1 0.4' '0 1.1 1.4' '0 1.7 2' '0 3.2 3.5'
    near "$(level 0 'Zero crossings rate')" 0.01833 0.0005
    near "$(level 1 'Zero crossings rate')" 0.04167 0.0005
    mute 2 3 4 5
    for n in 6 7 8 9; do above "$(level $n)" -3; done
}

# streams FILE: its streams: codec, sample rate, channels, size.
streams() {
    ffprobe -v error -show_entries stream=codec_name,sample_rate,channels,width,height -of csv=p=0 "$1" | sed -n '/./p; /^$/q' | paste -sd ' '
}

@test "sample rates and channels; only sound, only picture" {
    local f=$BATS_FILE_TMPDIR/full440.mkv
    small -o o.mp4 --to +1 "a=$f"
    [[ $(streams o.mp4) == 'h264,64,64 aac,48000,2' ]]
    small -o o.mp4 --to +1 --sample-rate 44100 --channels 1 "a=$f"
    [[ $(streams o.mp4) == 'h264,64,64 aac,44100,1' ]]
    small -o o.mp4 --to +1 --sample-rate 16000 --only audio "a=$f"
    [[ $(streams o.mp4) == aac,16000,2 ]]
    near "$(field o.mp4 a duration)" 1 0.067
    small -o o.mp4 --to +1 --only video "a=$f"
    [[ $(streams o.mp4) == h264,64,64 && $(frames o.mp4) -eq 15 ]]
}

# ---- output ----

# container FILE: by how it begins.
container() {
    local head
    head=$(od -An -tx1 -N 189 -v "$1" | tr -d ' \n')
    case $head in
    47??*47) echo ts ;;
    1a45dfa3*) echo mkv ;;
    ????????66747970*) echo mp4 ;;
    esac
}

@test "MP4, Matroska and TS, by suffix or option" {
    local f=$BATS_FILE_TMPDIR/full440.mkv o
    for o in new/o.mp4 o.mkv o.ts; do
        small --to +1 -o $o "a=$f"
        quiet
        [[ $(<out) == "$o" ]] || fail "$(cat out)"
    done
    small --to +1 --format mkv -o o.xyz "a=$f"
    small --to +1 --format ts -o odd.mp4 "a=$f"
    plays new/o.mp4 o.mkv o.ts
    for o in new/o.mp4=mp4 o.mkv=mkv o.ts=ts o.xyz=mkv odd.mp4=ts; do
        [[ $(container "${o%=*}") == "${o#*=}" ]] || fail "$o: $(container "${o%=*}")"
    done
    no_leftovers .
}

@test "-o - is MPEG-TS on standard output, and nothing else" {
    local f=$BATS_FILE_TMPDIR/full440.mkv
    small --to +1 -o - "a=$f"
    quiet
    mv out o.ts
    plays o.ts
    [[ $(container o.ts) == ts && $(streams o.ts) == 'h264,64,64 aac,48000,2' ]]
    (($(stat -c %s o.ts) % 188 == 0))
    mix 64 --format mp4 -o - "a=$f"
    mix 64 --json -o - "a=$f"
}

@test "--json describes the file that was made" {
    local f=$BATS_FILE_TMPDIR/full440.mkv
    small --to +1 --json -o d/o.mp4 "a@$start=$f" "b:aux@$((start + 500))=$f"
    [[ $(wc -l <out) -eq 1 ]]
    jq -e ".path == \"d/o.mp4\" and .start_ms == $start and .end_ms == $start + 1000 and .duration_ms == 1000 and .frames == 15
        and .bytes == $(stat -c %s d/o.mp4) and .width == 64 and .height == 64 and .fps == 15 and .interrupted == false
        and .losses == [] and (.users | map([.user, .media])) == [[\"a\", \"main\"], [\"b\", \"aux\"]]
        and .users[1].picture[0].start_ms == $start + 500 and (.users[1].sound[0].end_ms - $start - 2000 | fabs) < 25" out
}

@test "no file under the final name before the end; an older one stays" {
    local pid i
    for i in mp4 ts mkv; do
        mkdir $i
        [[ $i == mkv ]] || echo old >$i/o.$i
        trtc-mix -s $canvas -o $i/o.$i "$BATS_FILE_TMPDIR/call" 3>&- &
        pid=$!
        while kill -0 $pid && [[ -z $(find $i -type f ! -name "o.$i") ]]; do sleep 0.02; done
        kill -9 $pid # it has begun
        wait $pid || true
        case $i in
        mkv) [[ ! -e mkv/o.mkv ]] ;;
        *) [[ $(<$i/o.$i) == old ]] ;;
        esac || fail "$i: something under the final name"
    done
    small --to +1 -o mp4/o.mp4 "a=$BATS_FILE_TMPDIR/full440.mkv"
    plays mp4/o.mp4
}
