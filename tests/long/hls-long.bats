#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls over a day, and killed again and again. Run by `make check-long`; the figures are printed.

load ../lib
load ../hls

export day_s=86400 epoch_ms=1767225600495

setup_file() {
    files_begin
    # the clock wraps in the eighth hour
    mkrec --mixed --loop --bitrate 5000 --segment 100000 --length $day_s --pts-start 6000000000 \
        --user size=160x90,fps=5,rate=16000 day
    mv day/*.ts day.ts
    mkrec --mixed --loop --bitrate 5000 --segment 100000 --length 600 --user size=160x90,fps=5,rate=16000 minutes
    mv minutes/*.ts minutes.ts
    mkrec --av-merge --bitrate 40000 --segment 100000 --length 60 --user size=160x90,rate=16000 call
    mv call/*.ts call.ts
}

setup() {
    test_begin
}

teardown() {
    cd / && rm -rf "$BATS_TEST_TMPDIR"
}

# ---- a day ----

# measured FILE DIR OPTION...: cuts the file as it comes through a pipe; peak memory (KiB) in $rss, seconds in $took.
measured() {
    command -v time >/dev/null || skip 'no time(1)'
    # shellcheck disable=SC2002 # a pipe is what is wanted
    cat "$1" | env time -f '%M %e' -o usage \
        trtc-hls -A 1400000001 -R 3560 -S $epoch_ms --no-sync -d "$2" "${@:3}" - >out 2>err ||
        fail "exit status $?"
    quiet
    read -r rss took < <(tail -n 1 usage)
}

# first_pts FILE: the lowest time stamp in it, in ticks.
first_pts() {
    ffprobe -v error -show_entries packet=pts -of csv=p=0 "$1" | tr -d , | awk '
        $1 != "N/A" && $1 != "" && (low == "" || $1 < low) { low = $1 }
        END { printf "%.0f\n", low }'
}

# named_right NAME...: the UTC in each name is what the time stamps in it say, to 1 ms.
named_right() {
    local name from pts utc_ms at_ms off worst=0
    from=$(head -c 200000 "$BATS_FILE_TMPDIR/day.ts" >head.ts && first_pts head.ts)
    for name; do
        utc_ms=$(trtc-name decode --json "${name##*/}" | jq .utc_ms)
        pts=$(first_pts "$name")
        ((pts >= from)) || pts=$((pts + (1 << 33)))
        at_ms=$(((pts - from + 45) / 90 + epoch_ms))
        off=$((utc_ms > at_ms ? utc_ms - at_ms : at_ms - utc_ms))
        ((off <= 1)) || fail "$name: begins at $at_ms"
        ((off <= worst)) || worst=$off
    done
    figure "$# names, up to $(((utc_ms - epoch_ms) / 1000)) s: $worst ms off at most"
}

@test "24 h: memory, names, every second" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers need memory of their own'
    local early
    measured "$BATS_FILE_TMPDIR/minutes.ts" m
    early=$rss
    measured "$BATS_FILE_TMPDIR/day.ts" o
    figure "$rss KiB, of which $((rss - early)) KiB since the tenth minute; $took s"
    ((rss < 48 * 1024)) || fail "$rss KiB"
    ((rss - early <= 4 * 1024)) || fail "$early KiB after 10 minutes, $rss KiB after 24 h"

    strict o/1400000001_3560.m3u8
    near "$(sed -n 's/^#EXTINF:\(.*\),$/\1/p' o/*.m3u8 | awk '{ s += $1 } END { printf "%.3f", s }')" $day_s 0.5
    mapfile -t seg < <(sed '/^#/d; s|^|o/|' o/*.m3u8)
    figure "${#seg[@]} segments"
    ((${#seg[@]} >= day_s / 10 - 1)) || fail "${#seg[@]} segments"
    # at the beginning, the wrap, ten hours and the end
    named_right "${seg[@]:0:5}" "${seg[@]:2875:6}"
    named_right "${seg[@]:3596:10}"
    named_right "${seg[@]: -5}"
}

@test "24 h of one user, picture and sound apart: memory" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers need memory of their own'
    local early
    measured "$BATS_FILE_TMPDIR/minutes.ts" m -u 10001
    early=$rss
    measured "$BATS_FILE_TMPDIR/day.ts" o -u 10001
    figure "$rss KiB, of which $((rss - early)) KiB since the tenth minute; $took s"
    ((rss < 48 * 1024)) || fail "$rss KiB"
    # the text of the two playlists, 2.3 MB, in buffers of twice that size
    ((rss - early <= 6 * 1024)) || fail "$early KiB after 10 minutes, $rss KiB after 24 h"
}

# ---- kill -9 ----

# pace FILE AT: from byte AT on, behind the tables, some 25 s of the call a second. Runs in a process of its own.
pace() {
    local at=$2 size
    exec 3>&- 2>/dev/null
    size=$(stat -c %s "$1")
    head -c 376 "$1"
    for ((; at < size; at += 4096)); do
        tail -c +$((at + 1)) "$1" | head -c 4096 || return 0
        sleep 0.015
    done
}

# keys FILE: where its key pictures are: byte, and ms since the start, of the earliest thing behind it.
keys() {
    ffprobe -v error -show_entries packet=codec_type,pts,pos,flags -of csv=p=0 "$1" |
        grep '^[^,]*,[0-9]*,[0-9]' | sort -t, -k3,3nr | awk -F, '
        $1 == "audio" { sound = $2 }
        $1 == "video" && $4 ~ /K/ { low = sound != "" && sound < $2 ? sound : $2; print $3, low }' | tac |
        awk 'NR == 1 { from = $2 } { printf "%d %d\n", $1, ($2 - from) / 90 + .5 }'
}

# pictures FILE: when each is shown (s), and what it decodes to.
pictures() {
    ffmpeg -nostdin -v error -threads 1 -copyts -i "$1" -map 0:v -fps_mode passthrough -enc_time_base 1:90000 -f framecrc - |
        awk -F, '!/^#/ { gsub(/ /, "", $NF); print $2 / 90000, $NF }'
}

# covered DIR KIND: the seconds since the start that the playlists list, a line each: from, to.
covered() {
    awk -v epoch=$epoch_ms '
        /^#EXT-X-TRTC-FILE-ATTR:/ { split($0, a, /[:,]/); at = (a[2] - epoch) / 1000 }
        /^#EXTINF:/ { sub(/^#EXTINF:/, ""); print at, at + $0 + 0 }' "$1"/*_"$2".m3u8
}

# end_of DIR KIND: the last second that is covered; 0 where nothing is.
end_of() {
    covered "$1" "$2" 2>/dev/null | awk '$2 > end { end = $2 } END { print end + 0 }'
}

# each_once FILE BASE_S: its pictures are the source's, in order and at their times, none twice, and all that the
# playlists list; so are the marks, where both tracks are listed. What is missing is given to figure.
each_once() {
    covered o video >spans.video
    covered o audio >spans.audio
    pictures "$1" >seen
    awk -v base="$2" -v rate=15 '
        FILENAME ~ /spans/ { from[++n] = $1; to[n] = $2; next }
        FILENAME ~ /source/ { t0 = nb ? t0 : $1; at[nb] = $1 - 1.4; sum[nb++] = $2; next }
        { i = int(($1 + base + 1.4 - t0) * rate + .5)
          if (sum[i] != $2) { print "not the picture of", at[i], "at", $1 + base; bad = 1 }
          if (FNR > 1 && i <= last) { print "twice, or not in order:", at[i]; bad = 1 }
          last = i; there[i] = 1; shown++ }
        END {
            for (i = 0; i < nb; i++) {
                for (k = 1; k <= n && !(at[i] >= from[k] - .005 && at[i] < to[k] - .005); k++);
                if (k > n) continue
                listed++
                if (!there[i]) { print "not there:", at[i]; bad = 1 }
            }
            if (!shown || shown > listed + 1) { print shown, "shown,", listed, "listed"; bad = 1 }
            exit bad
        }' spans.video "$BATS_FILE_TMPDIR/source" seen >why || fail "$(head -n 5 why; cat spans.video)"
    look "$1"
    grep -v '^summary' marks.txt >marked || true
    awk -v base="$2" '
        FILENAME ~ /video/ { v[++nv] = $1 " " $2; next }
        FILENAME ~ /audio/ { a[++na] = $1 " " $2; next }
        FILENAME ~ /marked/ { t[++nt] = $1 + base; off[nt] = $2 - $1; next }
        function inside(list, n, t,    i, s) {
            for (i = 1; i <= n; i++) { split(list[i], s, " "); if (t > s[1] + .3 && t < s[2] - .3) return 1 }
            return 0
        }
        /^summary/ { next }
        { at = $1 - 1.4; hits = 0
          if (!inside(v, nv, at) || !inside(a, na, at)) next
          for (i = 1; i <= nt; i++) {
              if (t[i] - at >= 1 || at - t[i] >= 1) continue
              hits++
              if (t[i] - at <= .04 && at - t[i] <= .04 && off[i] <= .04 && off[i] >= -.04) continue
              print "mark of", at, "at", t[i], off[i]; bad = 1
          }
          if (hits != 1) { print "mark of", at, "is there", hits, "times"; bad = 1 } }
        END { exit bad }' spans.video spans.audio marked "$BATS_FILE_TMPDIR/call.marks" >why || fail "$(cat why marks.txt)"
}

# has_both PID: the run has begun both tracks, or has ended. If it is killed before that, the one that it has is placed as if
# the other one began no earlier.
has_both() {
    ! kill -0 "$1" 2>/dev/null || { [[ $(find o -newer began -name '*_audio_*') ]] && [[ $(find o -newer began -name '*_video_*') ]]; }
}

@test "killed 20 times: --ha auto goes on, trtc-merge has each second that was listed, once" {
    local kills=0 rounds=0 refused=0 runs pid status at base key hole shown=0 list file
    mapfile -t key < <(keys "$BATS_FILE_TMPDIR/call.ts")
    ((${#key[@]} == 30)) || fail "${#key[@]} key pictures"
    pictures "$BATS_FILE_TMPDIR/call.ts" >"$BATS_FILE_TMPDIR/source"
    marks "$BATS_FILE_TMPDIR/call.ts" >"$BATS_FILE_TMPDIR/call.marks"
    while ((kills < 20)); do
        rm -rf o
        rounds=$((rounds + 1))
        at=0
        for ((runs = 0; runs < 4; runs++)); do
            touch began
            trtc-hls -A 1400000001 -R 3560 -u 10001 -t 2 -S $((epoch_ms + ${key[at]#* })) -d o --ha auto - \
                < <(pace "$BATS_FILE_TMPDIR/call.ts" "${key[at]% *}") >out 2>err 3>&- &
            pid=$!
            if ((runs < 3 && kills < 20)); then
                waited has_both $pid
                sleep "0.$(printf %03d $((50 + RANDOM % 550)))"
                kill -9 $pid 2>/dev/null || true
            fi
            status=0
            wait $pid || status=$?
            ! grep -v 'of a recording that was killed' err || fail "more on stderr than what was rescued"
            ((status)) || break
            ((status == 137)) || fail "exit status $status"
            kills=$((kills + 1))
            # from up to 4 s before what is there, or up to 4 s behind
            hole=$(awk -v end="$(end_of o video)" -v r=$RANDOM 'BEGIN { printf "%d", (end + r % 9 - 4) * 1000 }')
            while ((at < ${#key[@]} - 2)) && ((${key[at]#* } < hole)); do at=$((at + 1)); done
        done
        ((!status)) || fail "did not end: $status"
        for list in o/*.m3u8; do strict "$list" live; done
        if [[ -n $(find o -name 'ha3_*.m3u8') ]]; then
            expect 69 trtc-hls -A 1400000001 -R 3560 -u 10001 -d o --ha auto "$BATS_FILE_TMPDIR/call.ts"
            refused=$((refused + 1))
        fi
        merge 0 -f o --json
        [[ $(wc -l <out) -eq 1 ]] || fail "not one file"
        base=$(jq "(.start_ms - $epoch_ms) / 1000" out)
        file=$(jq -r .path out)
        lasts "$file" "$(awk -v b="$base" 'BEGIN { print 60 - b }')" 0.15
        each_once "$file" "$base"
        shown=$((shown + $(wc -l <seen)))
    done
    ((refused)) || fail "there were never three recoveries"
    figure "$kills kills in $rounds calls, $refused recoveries refused;" \
        "$shown of $((rounds * 900)) pictures there, each once"
}
