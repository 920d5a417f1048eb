#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls while it runs and when it is stopped: paths as they come, readers that look in between, kills, signals,
# closed pipes, full disks, hours of stream.

load ../../lib
load ../../hls

setup_file() {
    files_begin
    export user_keys=rate=16000
    mkrec --av-merge --loop --segment 60 --bitrate 40000 --length 30 --user "$(user)" made
    cp made/*.ts marked.ts
    pictures marked.ts >pictures
    # the same from its tenth second on
    ffmpeg -nostdin -v error -copyts -ss 11.4 -i marked.ts -c copy -copyts -muxdelay 0 -muxpreload 0 tail.ts
}

setup() {
    test_begin
}

teardown() { no_disks; }

live=(trtc-hls -A 1400000001 -R 3560 -u 10001 -t 2 --no-sync -S 1767225600495 -d o)

# pace FILE: as if it came from a network, in about half a second. Runs in a process of its own.
pace() {
    local size at step
    exec 3>&-
    size=$(stat -c %s "$1")
    step=$((size / 30 / 188 * 188 + 77))
    for ((at = 0; at * step < size; at++)); do
        dd if="$1" bs=$step skip=$at count=1 status=none 2>/dev/null || return 0
        sleep 0.015
    done
}

# stopped STATUS SIGNAL LINES COMMAND...: what runs when COMMAND's output is read is sent the signal once it has
# printed so many lines, and no more for a while.
stopped() {
    local pid status=0 i n=-1
    : >out
    "${live[@]}" < <(exec 3>&-; "${@:4}") >out 2>err 3>&- &
    pid=$!
    for ((i = 0; i < 400; i++)); do
        (($(wc -l <out) < $3 || $(wc -l <out) != n)) || break
        n=$(wc -l <out)
        sleep 0.05
    done
    # before it catches SIGINT (2), it ignores it, as what a shell starts behind its back does
    for ((i = 0; i < 400; i++)); do
        ((!(16#$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$pid/status 2>/dev/null || echo 2) & 2))) || break
        sleep 0.02
    done
    kill -"$2" $pid
    wait $pid || status=$?
    [[ $status -eq $1 ]] || fail "SIG$2: status $status, not $1"
}

# held BYTES: so many of the input's, and then nothing more for a while.
held() {
    head -c "$1" "$marked"
    exec sleep 20
}

# pictures FILE...: what they decode to, as one stream.
pictures() {
    cat "$@" | ffmpeg -nostdin -v error -threads 1 -i - -map 0:v -fps_mode passthrough -f framecrc - 2>/dev/null | sed '/^#/d; s/.*, *//'
}

# ended_well DIR N: it has N playlists, right and ended, and what they list is the beginning of the input.
ended_well() {
    local list seg n=0
    for list in "$1"/*.m3u8; do
        strict "$list"
        [[ $list != *_video.m3u8 ]] || {
            mapfile -t seg < <(sed "/^#/d; s|^|$1/|" "$list")
            pictures "${seg[@]}" >seen
            [[ -s seen ]] || fail "$list: no pictures"
            head -n "$(wc -l <seen)" "$BATS_FILE_TMPDIR/pictures" | cmp - seen || fail "$list: these are not the first pictures of the input"
        }
        n=$((n + 1))
    done
    ((n == $2)) || fail "$n playlists, not $2"
    [[ $(find "$1" -name '*.ts' | wc -l) -eq $(cat "$1"/*.m3u8 | grep -c '\.ts$') ]] || fail "segments that are not listed"
}

# whole_so_far DIR [torn]: what the playlists in it list, if there are any, is whole; what has a name plays.
whole_so_far() {
    local list in=() map=() kind
    for list in "$1"/*.m3u8; do
        [[ ! -e $list ]] || strict "$list" "${2:-live}"
    done
    for kind in video audio; do
        cat "$1"/*_$kind"_"*.ts >$kind.so_far 2>/dev/null || continue
        map+=(-map "$((${#in[@]} / 2))")
        in+=(-i "$kind.so_far")
    done
    ((!${#in[@]})) || ffmpeg -nostdin -v error -threads 1 "${in[@]}" "${map[@]}" -f null - 2>plays.txt || fail "does not play"
    [[ ! -s plays.txt ]] || fail "$(cat plays.txt)"
}

@test "a path is printed when the segment is complete, long before the input ends" {
    mkfifo paths
    "${live[@]}" < <(exec 3>&-; head -c $(($(stat -c %s "$marked") / 2)) "$marked"; exec sleep 20) >paths 2>err 3>&- &
    local pid=$! f list='' n=0
    exec 4<paths
    while ((n < 4)); do
        read -r -t 20 f <&4 || fail "nothing is printed"
        [[ -s $f ]] || fail "$f: printed, and not there"
        [[ $f != *.m3u8 ]] || { strict "$f" live; list+="$f "; n=$((n + 1)); }
    done
    kill -0 $pid || fail "has ended"
    ! grep -q ENDLIST $list || fail "ended"
    kill $pid
    wait $pid || n=$?
    exec 4<&-
    [[ $n -eq 143 ]] || fail "status $n"
    ended_well o 2
}

@test "a reader never sees an incomplete or a shrinking playlist" {
    "${live[@]}" < <(pace "$marked") >out 2>err &
    local pid=$! list=o/${stem}_video.m3u8 seen=0 now looks=0 text name
    while kill -0 $pid 2>/dev/null; do
        text=$(cat "$list" 2>/dev/null; echo x) || true
        text=${text%x}
        [[ $text ]] || { ((!seen)) || fail "it was gone"; continue; }
        [[ $text == '#EXTM3U'$'\n'*$'\n' && $text =~ (\.ts|ENDLIST)$'\n'$ ]] || fail "broken: $text"
        now=0
        while IFS= read -r name; do
            [[ $name == *.ts ]] || continue
            now=$((now + 1))
            ((now <= seen)) || [[ -s o/$name ]] || fail "$name: listed, and not there"
        done <<<"$text"
        ((now >= seen)) || fail "$seen segments, then $now"
        ((now == seen)) || looks=$((looks + 1))
        seen=$now
    done
    wait $pid
    ((looks >= 4)) || fail "only $looks changes were seen"
    ended_well o 2
}

@test "a stop within a frame of sound is no damage" {
    local at packets
    # a PES has several frames, and its packets end anywhere in them
    film 12 -g 15 several.ts
    at=$(ffprobe -v error -select_streams a -show_entries packet=pos -of csv=p=0 several.ts | awk -F , '$1 + 0 > 150000 { print $1; exit }')
    [[ $at ]] || fail 'no sound there'
    marked=$PWD/several.ts
    for packets in 1 4; do
        rm -rf o
        stopped 143 TERM 4 held $((at + 188 * packets))
        quiet
    done
}

@test "SIGINT, SIGTERM and SIGHUP: the last segment and ENDLIST, 130, 143 and 129" {
    local sig
    for sig in INT:130 TERM:143 HUP:129; do
        rm -rf o
        stopped ${sig#*:} ${sig%:*} 4 held 150000
        ended_well o 2
        [[ $(sort -u out) == $(find o -type f | sort) ]] || fail "not what was printed"
        quiet
        # with nothing read
        rm -rf o
        stopped ${sig#*:} ${sig%:*} 0 held 0
        [[ -z $(find o -type f) ]] || fail "nothing read, and there is $(find o)"
    done
}

@test "a signal in the middle of a picture: the incomplete picture is left out, without a message" {
    local n
    for n in 90500 100000 110000; do
        rm -rf o
        stopped 143 TERM 4 held $n
        quiet
        ended_well o 2
    done
}

@test "standard output closed: open segments are completed, 141" {
    local status=0
    "${live[@]}" < <(pace "$marked") 2>err | head -n 1 >line
    status=${PIPESTATUS[0]}
    [[ $status -eq 141 ]] || fail "closed: $status"
    [[ -s $(<line) ]] || fail "$(<line): not there"
    quiet
    ended_well o "$(find o -name '*.m3u8' | wc -l)"
}

@test "standard output full: 75" {
    local status=0
    "${live[@]}" "$marked" >/dev/full 2>err || status=$?
    [[ $status -eq 75 ]] || fail "full: $status"
    whole_so_far o
}

@test "a full disk: 75, and the playlists list complete segments only" {
    local status k
    small_disk o 256k
    for k in 24 100 148; do
        rm -rf o/* o/.[!.]*
        mount -o remount,size=${k}k o
        status=0
        "${live[@]}" "$marked" >out 2>err || status=$?
        [[ $status -eq 75 ]] || fail "$k KiB: $status"
        [[ $(wc -l <err) -eq 1 ]] || fail "not one line"
        whole_so_far o
    done
    ls o/*.m3u8 >/dev/null
}

@test "a full disk in the middle of a segment: what was written of it is kept, and listed when there is room" {
    local status=0 seconds
    small_disk o 60k
    "${live[@]}" -t 600 "$marked" >out 2>err || status=$?
    [[ $status -eq 75 ]] || fail "$status"
    said 'No space left on device'
    whole_so_far o
    [[ $(find o -name "${stem}_video_*.ts" -size +50k) ]] || fail "$(ls -lA o)"
    mount -o remount,size=2m o
    expect 0 "${live[@]}" -t 600 --ha auto "$marked"
    strict o/${stem}_video.m3u8 torn
    seconds=$(sed -n 's/^#EXTINF:\([0-9]*\).*/\1/p' o/${stem}_video.m3u8)
    ((seconds >= 5 && seconds < 30)) || fail "$seconds s of pictures: $(cat o/*.m3u8)"
    [[ -z $(find o -name '.*' -type f) ]] || fail "left over: $(find o -name '.*' -type f)"
}

@test "a segment that can no longer be written when a signal comes: 74, not 143" {
    local pid status=0 half size=0 before=-1
    ffmpeg -nostdin -v error -i "$marked" -map 0:v -c copy seen.ts
    half=$(($(stat -c %s seen.ts) / 376 * 188))
    mkfifo in
    "${live[@]}" -t 600 in >out 2>err 3>&- &
    pid=$!
    exec 7>in
    head -c "$half" seen.ts >&7
    while [[ $size -eq 0 || $size != "$before" ]]; do
        kill -0 $pid || fail "it has ended: $(<err)"
        sleep 0.5
        before=$size
        size=$(find o -name '.*.part' -type f -printf '%s\n' | sort -n | tail -n 1)
    done
    prlimit --pid $pid --fsize="$size:"
    tail -c +$((half + 1)) seen.ts | head -c 9400 >&7
    sleep 1
    kill -TERM $pid 2>kill.err || true
    exec 7>&-
    wait $pid || status=$?
    [[ $status -eq 74 ]] || fail "$status"
    said 'cannot write'
    whole_so_far o
}

@test "the nth system call fails: a sysexits code, and the playlists list complete segments only" {
    need_strace
    local call err when status
    for call in write:ENOSPC write:EIO fsync,fdatasync:EIO fsync,fdatasync:ENOSPC rename,renameat,renameat2:EACCES rename,renameat,renameat2:ENOSPC; do
        err=${call#*:}
        for when in 1 ${TRTC_LONG:+4} $((5 + RANDOM % 20)); do
            rm -rf o
            status=0
            strace -f -qq -o trace -e "trace=${call%:*}" -e "inject=${call%:*}:error=$err:when=$when" \
                trtc-hls -A 1400000001 -R 3560 -u 10001 -t 5 -d o "$marked" >out 2>err || status=$?
            grep -q INJECTED trace || { [[ $status -eq 0 ]] || fail "$call $when: failed by itself: $status"; continue; }
            case $err:$status in ENOSPC:75 | EIO:74 | EACCES:73 | EACCES:74 | EACCES:77) ;; *) fail "$call $when: exit status $status" ;; esac
            grep -q '^trtc-hls: ' err || grep -q 'write(2.*INJECTED' trace || fail "$call $when: nothing was said"
            whole_so_far o torn
        done
    done
}

@test "a file that cannot be read behind a hole is a failure of the disk, not of the file" {
    need_strace
    local status=0
    { head -c 100000 /dev/zero && cat "$marked"; } >hole.ts
    strace -f -qq -o trace -P "$PWD/hole.ts" -e trace=pread64 -e inject=pread64:error=EIO \
        trtc-hls -A 1400000001 -R 3560 -u 10001 -d o "$PWD/hole.ts" >out 2>err || status=$?
    grep -q INJECTED trace || fail 'nothing was injected'
    [[ $status -eq 74 ]] || fail "exit status $status"
}

@test "kill -9 at any moment: listed segments are complete, --ha auto continues beside them, trtc-merge joins both" {
    local i pid kind kills=3 seconds a b covered
    [[ ! ${TRTC_LONG:-} ]] || kills=20
    a=$(ffprobe -v error -show_entries format=start_time -of csv=p=0 "$marked")
    b=$(ffprobe -v error -show_entries format=start_time -of csv=p=0 "$BATS_FILE_TMPDIR/tail.ts")
    seconds=$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%d", (b - a) * 1000 + 0.5 }')
    ((seconds > 8000 && seconds < 12000)) || fail "the tail begins at $seconds ms"
    for ((i = 0; i < kills; i++)); do
        rm -rf o
        # far enough for a segment of each, then anywhere
        "${live[@]}" < <(pace "$marked") >out 2>err 3>&- &
        pid=$!
        while kill -0 $pid 2>/dev/null && [[ ! -e o/${stem}_audio.m3u8 || ! -e o/${stem}_video.m3u8 ]]; do sleep 0.01; done
        sleep "0.$(printf %03d $((RANDOM % 300)))"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        whole_so_far o
        trtc-hls -A 1400000001 -R 3560 -u 10001 -t 2 --no-sync -S $((1767225600495 + seconds)) -d o --ha auto "$BATS_FILE_TMPDIR/tail.ts" >out 2>err
        # first what is rescued of it
        ! sed '0,/ha1_/d' out | grep -qv '^o/ha1_' || fail "no ha1_"
        said 'recording that was killed'
        strict o/${stem}_video.m3u8
        strict o/${stem}_audio.m3u8
        strict o/ha1_${stem}_video.m3u8
        strict o/ha1_${stem}_audio.m3u8
        merge 0 -f o
        [[ $(wc -l <out) -eq 1 ]] || fail "not one file"
        lasts "$(<out)" 30 0.1
        covered=$(for kind in video audio; do sed -n 's/^#EXTINF:\(.*\),/\1/p' o/${stem}_$kind.m3u8 | awk '{s += $1} END {print s}'; done | sort -n | xargs)
        # of the flash at 9.5 s either may have been lost in the last second
        case $(awk '{ print ($1 > 9.6) ($2 > 9.6) }' <<<"$covered") in
        11) synced "$(<out)" 3 ;;
        00) synced "$(<out)" 2 ;;
        *) plays "$(<out)" ;;
        esac
    done
}

# waiting OPTION...: a run that has its names and nothing to read; its process is $pid, and ends with let_go.
waiting() {
    rm -f never
    mkfifo never
    # shellcheck disable=SC2094 # a FIFO held open for both never ends
    "${live[@]}" "$@" <>never >first 2>first.err 3>&- &
    pid=$!
    for ((i = 0; i < 400; i++)); do
        [[ ! $(find o -name '.*' 2>/dev/null) ]] || return 0
        sleep 0.02
    done
    fail "no names are claimed"
}

let_go() {
    kill "-${1:-TERM}" "$pid"
    wait "$pid" || true
}

@test "a name is claimed at the start: the second run gets 73, or the next one with --ha auto" {
    local f
    waiting
    expect 73 timeout 5 "${live[@]}" "$marked"
    said 'another process is making a recording; --ha auto'
    expect 73 timeout 5 "${live[@]}" --av-merge "$marked"
    expect 0 "${live[@]}" --ha auto "$marked"
    ! grep -qv '^o/ha1_' out || fail "no ha1_"
    quiet
    [[ $(find o -name '.*' -type f | wc -l) -eq 1 ]] || fail "$(ls -A o)"
    # another user, and the mixed recording of the same room
    expect 0 trtc-hls -A 1400000001 -R 3560 -u 10002 --no-sync -d o "$marked"
    expect 0 trtc-hls -A 1400000001 -R 3560 --no-sync -d o "$marked"
    kill -0 "$pid" || fail "the first has ended"
    let_go
    [[ -z $(find o -name '.*' -type f) ]] || fail "$(ls -A o)"
    expect 0 "${live[@]}" "$marked"
}

@test "five processes with --ha auto at once share no name, and all their files are listed" {
    local i pids=() status codes=() f
    for i in 1 2 3 4 5; do
        "${live[@]}" --ha auto "$marked" >out.$i 2>err.$i 3>&- &
        pids+=($!)
    done
    for i in 0 1 2 3 4; do
        status=0
        wait "${pids[i]}" || status=$?
        codes+=("$status")
    done
    [[ $(printf '%s\n' "${codes[@]}" | sort -n | xargs) == '0 0 0 0 69' ]] || fail "statuses: ${codes[*]}"
    grep -q 'three recoveries' err.* || fail "$(cat err.*)"
    for f in o/*.m3u8; do strict "$f"; done
    [[ $(find o -name '*.m3u8' | wc -l) -eq 8 ]] || fail "$(ls o)"
    diff <(cat out.? | grep '\.ts$' | sort) <(sed -n 's|^[^#].*|o/&|p' o/*.m3u8 | sort) || fail "not what was printed"
}

@test "the next run completes the files of a killed one, and leaves those of a running one alone" {
    local stranger=o/.${stem/MTAwMDE/MTAwMDI}_video_20260101000000495.ts.part other stays
    waiting --ha 2
    other=$pid
    stays=$(find o -name '.*')
    "${live[@]}" < <(exec 3>&-; held 150000) >out 2>err 3>&- &
    pid=$!
    for ((i = 0; i < 400; i++)); do
        (($(find o -name '.*ts.part' -size +0 | wc -l) < 2)) || [[ ! -e o/${stem}_video.m3u8 ]] || break
        sleep 0.02
    done
    let_go KILL
    (($(find o -name '.*.part' | wc -l) >= 4)) || fail "$(ls -A o)"
    : >"$stranger"
    # nor is it begun anew over what is there
    cp -r o before
    rm -f before/*.m3u8 o/*.m3u8
    expect 73 "${live[@]}" "$marked"
    said 'a killed run has left files; --append continues it, --ha auto'
    [[ $(find o -name '*[0-9].ts*' | sort) == $(find before -name '*[0-9].ts*' | sed 's/^before/o/' | sort) ]] || fail "it was touched: $(ls -A o)"
    expect 0 "${live[@]}" --ha auto "$marked"
    said 'recording that was killed; lost: '
    [[ $(wc -l <err) -eq 1 ]] || fail "not one line"
    strict o/${stem}_video.m3u8 torn
    strict o/${stem}_audio.m3u8 torn
    [[ $(find o -name '.*' -type f | sort) == $(printf '%s\n' "$stays" "$stranger" | sort) ]] || fail "$(ls -A o)"
    kill -0 "$other" || fail "the other has ended"
    pid=$other
    let_go
}

@test "an hour of a stream: memory does not grow, and the names are right to the millisecond" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers need memory of their own'
    local pid early late n
    # the clock wraps in it
    mkrec --av-merge --loop --segment 4000 --bitrate 20000 --audio-bitrate 16000 --pts-start 8500000000 --length 3600 --user "$(user)" long
    mkfifo in
    : >out
    trtc-hls -A 1400000001 -R 3560 -t 30 --no-sync -S 1767225600495 -d o -u 10001 <in >out 2>err 3>&- &
    pid=$!
    exec 4>in
    peak() {
        local deadline=$((SECONDS + 20))
        while (($(grep -c '_video_.*\.ts$' out) < $1)); do
            ((SECONDS < deadline)) || fail "no $1 segments"
            sleep 0.05
        done
        sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$pid/status
    }
    n=$(($(stat -c %s long/*.ts) / 6))
    head -c $n long/*.ts >&4
    early=$(peak 18)
    tail -c +$((n + 1)) long/*.ts >&4
    late=$(peak 118)
    exec 4>&-
    wait $pid
    ((late < 48 * 1024)) || fail "$late KiB"
    ((late - early < 4096)) || fail "$early KiB, then $late"
    strict o/${stem}_video.m3u8
    n=$(grep -c '^#EXTINF' o/${stem}_video.m3u8)
    ((n == 120)) || fail "$n segments"
    # key frames are 2 s apart; the first segment's name has its own rounding
    sed -n 's/.*FILE-ATTR:\([0-9]*\),.*/\1/p' o/${stem}_video.m3u8 | awk 'NR == 1 { first = $1 } { d = $1 - first - (NR - 1) * 30000
        if (d > 1 || d < -1) { print $1; bad = 1; exit } } END { exit bad }' || fail "the names drift"
}
