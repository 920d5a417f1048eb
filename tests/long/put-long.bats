#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-put over and over, and for long: two hundred kills, a store that fails for two minutes, tens of thousands of files.

load ../lib
load ../put

setup() {
    files_begin
    test_begin
    put_begin
}

teardown() {
    stop_serving
}

@test "two hundred kills: each line that was printed is true, and nothing is missing at the end" {
    local i k=0
    serving --life 600
    recorded rec 400
    for ((i = 0; i < 200; i++)); do
        trtc-put -j 3 --to "s3://$bucket?region=ap-test" --endpoint "$store" --journal j rec/p.m3u8 rec/s*.ts >>all 2>>err &
        sleep "0.0$((RANDOM % 6))"
        kill -KILL $! 2>/dev/null && k=$((k + 1))
        wait $! 2>/dev/null || true
        # a playlist is there only with all that it names
        ! curl -sfo /dev/null "$store/$bucket/rec/p.m3u8" || has rec/s400.ts rec/s400.ts
    done
    ((k > 20)) || fail 'it was too fast'
    sort -u all | while IFS= read -r path; do has "$path" "$path"; done
    put 0 --to "s3://$bucket?region=ap-test" --endpoint "$store" --journal j rec/p.m3u8 rec/s*.ts
    [[ $(sort -u out | wc -l) -eq 401 ]]
    for path in rec/s*.ts; do has "$path" "$path"; done
}

@test "a store that fails for two minutes in the middle: nothing is lost, the order holds, and memory stays as it is" {
    local i before after had back=
    serving --life 600
    mkdir rec
    mkfifo paths
    trtc-put --to "cos://$bucket?region=ap-test" --endpoint "$store" <paths >out 2>err &
    local pid=$!
    exec 7>paths
    printf '#EXTM3U\n' >rec/p.m3u8
    for ((i = 1; i <= 180; i++)); do
        ((i != 10)) || echo 'any - drop' >script
        ((i != 15)) || before=$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")
        ((i != 125)) || after=$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")
        ((i != 130)) || { echo 'any - right' >script; had=$(wc -l <out); }
        ((i <= 130)) || [[ $back || $(wc -l <out) -eq $had ]] || back=$((i - 130))
        echo "$i" >"rec/s$i.ts"
        { cat rec/p.m3u8; printf '#EXTINF:1,\ns%d.ts\n' "$i"; } >next
        mv next rec/p.m3u8
        printf 'rec/s%d.ts\nrec/p.m3u8\n' "$i" >&7
        sleep 1
    done
    exec 7>&-
    wait $pid || fail "$?"
    [[ $(grep -c p.m3u8 out) -eq 180 && $(grep -c 'rec/s' out) -eq 180 ]] || fail 'not a line for each line'
    for ((i = 1; i <= 180; i++)); do has "rec/s$i.ts" "rec/s$i.ts" cos; done
    has rec/p.m3u8 rec/p.m3u8 cos
    echo "memory: $before kB, then $after kB; the first file $back s after the store was back"
    ((back <= 10)) || fail "the first file came $back s after the store was back"
    ((after - before < 2000)) || fail "memory grows: $before kB, then $after kB"
}

@test "forty thousand files in some 20 MB" {
    mkdir rec
    (cd rec && seq 40000 | split -l 1 -a 4 - s)
    find rec -type f >paths
    /usr/bin/time -f %M -o peak trtc-put --to "$there" --journal j <paths >out 2>err || fail "$?"
    diff <(sort paths) <(sort out) || fail 'not a line for each'
    diff -r rec there/rec || fail 'they differ'
    cat peak
    (($(<peak) < 30000)) || fail "$(<peak) kB"
}
