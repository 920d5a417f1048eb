#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-put into directories and other programs: what gets there, in which order, what is said of what does not.

load ../../lib
load ../../put

setup_file() {
    files_begin
}

setup() {
    test_begin
    put_begin
}

@test "--help and --version; wrong usage is 64 in one line" {
    put 0 --help
    grep -q -- '--to URL' out
    quiet
    put 0 --version
    [[ $(<out) =~ ^trtc-put\ [0-9.]+$ ]]
    local args
    for args in '' '--to' '--to x a' '--to file:///t --storage s a' '--to http://h/ a' '--to exec: a' '--to cos://k:s@b?region=r a' \
        '--to file:///t -j 0 a' '--to file:///t -j 65 a' '--to file:///t --task a/b x' '--to file:///t --prefix .. x' \
        '--to file:///t --prefix /a x' '--to file:///t --endpoint http://127.0.0.1/ x' '--to file:///t --keys-fd 1 x' \
        '--to file:///t --keys-fd 0' '--storage -'; do
        # shellcheck disable=SC2086 # words
        put 64 $args
        [[ ! -s out && $(wc -l <err) -eq 1 ]] || fail "'$args'"
    done
}

@test "a recording into a directory: each path is printed when its file is there, from arguments, lines and records" {
    recorded rec 5
    mkdir 'rec/a b'
    echo x >'rec/a b/-x'
    : >'rec/a b/empty'
    find rec -type f | trtc-put --to "$there" --root rec >out 2>err || fail "$?"
    quiet
    same rec there
    mapfile -t files < <(find rec -type f)
    printed "${files[@]}"
    rm -rf there
    find rec -type f -print0 | trtc-put -0 --to "$there" --prefix 'pre/f ix' --task T+1= -j 1 >out 2>err || fail "$?"
    same rec 'there/pre/f ix/T+1=/rec'
    diff <(find rec -type f -print0 | sort -z | tr '\0' '@') <(sort -z out | tr '\0' '@') || fail 'not these records'
    cd rec
    put 0 --to "$there/2" -- p.m3u8 s*.ts './a b/-x'
    same there/rec . 2>/dev/null || cmp p.m3u8 "${there#file://}/2/p.m3u8"
    no_leftovers "${there#file://}"
}

@test "--json: path, key, bytes, crc64 and url" {
    mkdir d
    printf 123456789 >'d/a b%.ts'
    put 0 --to "$there" --root d --json 'd/a b%.ts'
    # the check value of the CRC is that of its documents: 995dc9bbdf1939fa
    jq -e --arg url "$there/a%20b%25.ts" '. == { path: "d/a b%.ts", key: "a b%.ts", bytes: 9, crc64: "11051210869376104954", url: $url }' out
    put 0 --to exec:true --json 'd/a b%.ts'
    jq -e '. == { path: "d/a b%.ts", key: "d/a b%.ts", bytes: 9, crc64: "11051210869376104954" }' out
}

@test "names that look like something else" {
    local name
    mkdir d
    for name in -rf '$(touch x)' '`touch x`' '; touch x' 'a&b|c' $'tab\there' $'\xff\xfe' '%2e%2e%2fx' "it's" '*'; do
        echo "$name" >"d/$name"
    done
    find d -type f -print0 | trtc-put -0 --to "$there" --root d >out 2>err || fail "$?"
    same d there
    up ''
    find d -type f -print0 | trtc-put -0 --to exec:./up --root d >out 2>err || fail "$?"
    same d kept
    [[ ! -e x ]] || fail 'a shell was at work'
    printf 'd/with\nnewline' | trtc-put -0 --to "$there" >out 2>err && fail 'it is not there'
    said 'd/with\nnewline'
}

@test "files that cannot be put are reported, and the others continue" {
    recorded rec 3
    mkdir dir
    mkfifo fifo
    echo x >closed
    put 66 --to "$there" none rec/s1.ts dir fifo ../up /etc/hostname rec/s2.ts ''
    printed rec/s1.ts rec/s2.ts
    for name in none dir fifo ../up /etc/hostname; do said "$name: "; done
    said '5 files were not put' || said '6 files were not put'
    put 65 --to "$there" dir
    said 'find'
    put 65 --to "$there" --root rec closed
    put 65 --to "$there" --root rec rec/../closed
    printf 'rec/s3.ts\n\n' | trtc-put --to "$there" >out 2>err && fail 'an empty path is none'
    printed rec/s3.ts
}

@test "a place that cannot be written: 73, a full disk: 75; no partial file is left, and old files stay" {
    recorded rec 2
    : >file
    put 73 --to "file://$PWD/file" rec/s1.ts
    put 73 --to "file://$PWD/file/x" rec/s1.ts
    mkdir -p there/rec/s1.ts
    put 73 --to "$there" rec/s1.ts rec/s2.ts
    printed rec/s2.ts
    need_strace
    echo old >there/rec/s2.ts
    local call name errno status
    for call in pwrite64,write:ENOSPC:75 pwrite64,write:EDQUOT:75 pwrite64,write:EIO:74 fsync:EIO:74 renameat,rename:ENOSPC:75; do
        IFS=: read -r name errno status <<<"$call"
        expect "$status" strace -f -o trace -e trace="$name" -P "$PWD/there/rec" -P "$PWD/there/rec/.f4d9b020f2825953.part" \
            -e inject="$name:error=$errno:when=1" trtc-put -q -j 1 --to "$there" rec/s2.ts
        [[ $(<there/rec/s2.ts) == old ]] || fail "$call: what was there is gone"
        no_leftovers there
    done
    # its new name may be lost: it is not proven
    expect 74 strace -f -o trace -e trace=fsync -P "$PWD/there/rec" -e inject=fsync:error=EIO:when=1 \
        trtc-put -q -j 1 --delete --to "$there" rec/s2.ts
    said 'cannot flush the directory'
    [[ -s rec/s2.ts && ! -s out ]] || fail 'it is deleted'
    put 0 --delete --to "$there" rec/s2.ts
    [[ ! -e rec/s2.ts ]] || fail 'it is kept'
}

@test "a file that cannot be examined is a failure, of the machine" {
    need_strace
    local when
    echo 1 >a.ts
    for when in 1 2 3 4; do # the looks at the file itself
        expect 74 strace -f -qq -o trace -P "$PWD/a.ts" -e trace=fstat,newfstatat \
            -e "inject=fstat,newfstatat:error=EIO:when=$when" trtc-put --to "$there" a.ts
        grep -q INJECTED trace || fail "nothing was injected, $when"
        said 'a.ts'
        [[ ! -e there/a.ts && ! -s out ]] || fail "$when: it is there"
    done
}

@test "a directory onto itself, and through a link" {
    recorded rec 1
    put 65 --to "file://$PWD/rec" --root rec rec/s1.ts
    said 'the same file'
    put 65 --to "file://$PWD/rec" --root rec rec/p.m3u8
    said 'the same file'
    [[ $(<rec/s1.ts) == 'segment 1 of rec' ]]
    mkdir there elsewhere
    ln -s ../elsewhere there/rec
    put 73 --to "$there" rec/s1.ts
    [[ -z $(ls elsewhere) ]] || fail 'written outside'
    rm there/rec
    mkdir there/rec
    echo mine >mine
    ln -s ../../mine there/rec/s1.ts
    put 0 --to "$there" rec/s1.ts
    [[ $(<mine) == mine && ! -L there/rec/s1.ts ]] || fail 'the link was followed'
}

@test "exec: the file and its key as last arguments, no shell, an empty input, output among the messages, no keys" {
    recorded rec 1
    cat >up <<'P'
#!/bin/bash
printf '<%s>' "$@" >args
cat >input
env >environment
echo to standard output
P
    chmod 700 up
    export TRTC_STORAGE_ACCESS_KEY=CanaryAccess TRTC_STORAGE_SECRET_KEY=CanarySecret TRTC_SECRET_KEY=CanaryApp
    echo input >in
    trtc-put --to 'exec:./up -x  $HOME' --prefix store:b/-p rec/s1.ts >out 2>err <in || fail "$?"
    [[ $(<args) == '<-x><$HOME><rec/s1.ts><store:b/-p/rec/s1.ts>' ]] || fail "$(<args)"
    [[ ! -s input ]] || fail 'it reads the paths'
    printed rec/s1.ts
    said 'to standard output'
    ! grep Canary environment || fail 'it has the keys'
    put 0 --to 'exec:./up' --root rec -T -t- rec/s1.ts
    [[ $(<args) == '<rec/s1.ts><./-t-/s1.ts>' ]] || fail "$(<args)"
}

@test "exec: exit statuses; 75 is tried again" {
    recorded rec 1
    local status
    for status in 64 66 77 78; do put "$status" --to 'exec:false' rec/s1.ts 2>/dev/null || true; done
    put 69 --to exec:false rec/s1.ts
    said 'rec/s1.ts: false ended with exit status 1'
    put 69 --to exec:./none rec/s1.ts
    up 'exit 77'
    put 77 --to exec:./up rec/s1.ts
    up 'kill -9 $$'
    put 69 --to exec:./up rec/s1.ts
    said 'signal 9'
    up 'echo >>tries; exit 75'
    put 75 --retries 0 --to exec:./up rec/s1.ts
    [[ $(wc -l <tries) -eq 1 ]]
    up 'echo >>tries; [[ $(wc -l <tries) -gt 2 ]] || exit 75'
    put 0 --to exec:./up rec/s1.ts
    said 'trying again'
    printed rec/s1.ts
}

@test "a playlist is put after its segments, wherever its path is in the input" {
    recorded rec 12
    up 'sleep 0.0$((RANDOM % 5))'
    put 0 --to exec:./up rec/p.m3u8 rec/s{1..12}.ts
    [[ $(tail -n 1 log) == rec/p.m3u8 && $(wc -l <log) -eq 13 ]] || fail "$(<log)"
    printed rec/p.m3u8 rec/s{1..12}.ts
    rm log
    put 0 --to exec:./up -j 16 rec/s{9..3}.ts rec/p.m3u8 # the others are there as well
    [[ $(tail -n 1 log) == rec/p.m3u8 && $(sort -u log | wc -l) -eq 13 ]] || fail "$(<log)"
    printed rec/p.m3u8 rec/s{9..3}.ts
}

@test "a missing segment: waited for while paths arrive, then reported as a loss" {
    recorded rec 3
    mv rec/s2.ts s2.ts
    up ''
    mkfifo paths
    trtc-put --to exec:./up <paths >out 2>err &
    exec 7>paths
    printf 'rec/p.m3u8\nrec/s1.ts\nrec/s3.ts\n' >&7
    eventually grep -q s1.ts out
    sleep 0.1
    mv s2.ts rec/s2.ts
    echo rec/s2.ts >&7
    eventually grep -q p.m3u8 out
    exec 7>&-
    wait $!
    quiet
    [[ $(tail -n 1 log) == rec/p.m3u8 ]] || fail "$(<log)"
    rm -rf rec/s2.ts log kept
    put 3 --to exec:./up rec/p.m3u8
    said "rec/p.m3u8: it names 'rec/s2.ts', which does not exist"
    [[ $(tail -n 1 log) == rec/p.m3u8 && $(wc -l <log) -eq 3 ]] || fail "$(<log)"
}

@test "a refused segment: its playlist is not put, others are" {
    recorded rec 3
    recorded other 2
    up '[[ $k != rec/s2.ts ]] || exit 77'
    put 77 --to exec:./up other/p.m3u8 rec/p.m3u8
    printed other/p.m3u8
    said 'rec/s2.ts: ./up ended with exit status 77'
    said "rec/p.m3u8: not put: it names 'rec/s2.ts', which does not exist"
    ! grep -q rec/p.m3u8 log
}

@test "a rewritten live playlist: it is put again each time, in order, and each line is answered" {
    local i
    mkdir rec
    up 'sleep 0.02; [[ $k != *.m3u8 ]] || grep -c ts "$f" >>versions'
    mkfifo paths
    trtc-put --to exec:./up <paths >out 2>err &
    exec 7>paths
    printf '#EXTM3U\n' >rec/p.m3u8
    for ((i = 1; i <= 10; i++)); do
        echo "$i" >"rec/s$i.ts"
        { cat rec/p.m3u8; printf '#EXTINF:1,\ns%d.ts\n' "$i"; } >next
        mv next rec/p.m3u8
        printf 'rec/s%d.ts\nrec/p.m3u8\n' "$i" >&7
        ((i % 3)) || sleep 0.05
    done
    exec 7>&-
    wait $!
    quiet
    [[ $(grep -c p.m3u8 out) -eq 10 && $(grep -c s out) -eq 10 ]] || fail 'not a line for each line'
    sort -nc versions || fail "out of order: $(xargs <versions)"
    [[ $(tail -n 1 versions) -eq 10 ]] || fail 'the last version is missing'
    # no version came before what it names
    awk '/m3u8/ { getline n <"versions"; if (seen < n) { print "version " n " before its segments"; bad = 1 } next } { seen++ } END { exit bad }' log
    same rec kept/rec
}

@test "names in playlists that lead elsewhere are neither opened nor waited for" {
    mkdir rec
    echo secret >outside.ts
    ln -s ../outside.ts rec/link.ts
    printf '#EXTM3U\n%s\n' ../outside.ts /etc/passwd http://127.0.0.1:9/x.ts link.ts >rec/p.m3u8
    up ''
    put 3 --to exec:./up rec/p.m3u8
    said "'rec/link.ts'"
    [[ $(<log) == rec/p.m3u8 ]] || fail "$(<log)"
}

@test "names in playlists as changed by servers and browsers" {
    recorded rec 1
    mv rec/s1.ts 'rec/s+1.ts'
    printf '#EXTM3U\n#EXTINF:1,\ns%%2B1.ts?sign=abc\n' >rec/p.m3u8
    up ''
    put 0 --to exec:./up rec/p.m3u8
    [[ $(<log) == $'rec/s+1.ts\nrec/p.m3u8' ]] || fail "$(<log)"
    mkdir 'rec/a b'
    mv rec/s+1.ts 'rec/a b/s 1.ts'
    printf '#EXTM3U\n#EXTINF:1,\na%%20b/s%%201.ts?sign=abc\n' >rec/p.m3u8
    : >log
    put 0 --to exec:./up rec/p.m3u8
    [[ $(<log) == $'rec/a b/s 1.ts\nrec/p.m3u8' ]] || fail "$(<log)"
}

@test "what is not a playlist although it is named like one names no files" {
    printf '<!DOCTYPE html>\n<p>403\n' >p.m3u8
    printf 'BZh91AY\ns.ts\n' >q.m3u8
    printf '#EXTM3U\ns.ts\n' >r.m3u8
    put 0 --to "$there" p.m3u8 q.m3u8
    said 'p.m3u8: stored without checking its files: it is no playlist but an HTML page'
    said 'q.m3u8: stored without checking its files: it is no playlist but compressed with bzip2'
    printed p.m3u8 q.m3u8
    put 3 --to "$there" r.m3u8
}

@test "two playlists that name each other are put" {
    printf '#EXTM3U\nb.m3u8\n' >a.m3u8
    printf '#EXTM3U\na.m3u8\n' >b.m3u8
    put 0 --to "$there" a.m3u8 b.m3u8
    printed a.m3u8 b.m3u8
}

@test "a file that changes while it is put is put again" {
    echo one >a
    up '[[ -e once ]] || { touch once; echo two >>a; }'
    put 0 --to exec:./up --json a
    cmp a kept/a
    [[ $(wc -l <log) -eq 2 && $(jq .bytes out) -eq 8 ]] || fail 'not the second one'
    up 'echo more >>a'
    put 75 --retries 0 --to exec:./up a
    said 'the file keeps changing'
    # another file in its place: what was read is there, and then the other one
    rm log
    up '[[ -e twice ]] || { touch twice; echo new >b; mv b a; }'
    put 0 --to exec:./up a
    cmp a kept/a
    printed a
}

@test "--delete: files that are proven, unchanged and were given; nothing else" {
    recorded rec 3
    up '[[ $k != rec/s2.ts ]] || exit 77'
    put 77 --delete --to exec:./up rec/s{1..3}.ts
    [[ $(echo rec/*) == 'rec/p.m3u8 rec/s2.ts' ]] || fail "$(ls rec)"
    up ''
    put 3 --delete --to exec:./up rec/p.m3u8 # it was only named by the playlist
    [[ $(echo rec/*) == rec/s2.ts ]] || fail "$(ls rec)"
    recorded rec 2
    sed -i /ENDLIST/d rec/p.m3u8
    put 0 --delete --to exec:./up rec/s{1,2}.ts rec/p.m3u8
    [[ $(echo rec/*) == rec/p.m3u8 ]] || fail 'a playlist that grows is gone'
    put 0 --to exec:./up rec/p.m3u8 || true
    [[ -e rec/p.m3u8 ]]
}

@test "standard output is full: 75, and nothing is deleted; a reader disconnects" {
    recorded rec 2
    local status=0
    trtc-put --delete --to "$there" rec/s1.ts >/dev/full 2>err || status=$?
    [[ $status -eq 75 && -e rec/s1.ts ]] || fail "$status"
    status=0
    { trtc-put --to "$there" rec/s{1,2}.ts 2>err || echo $? >status; } | true
    [[ ! -s status || $(<status) -eq 141 ]] || fail "$(<status)"
    [[ ! -s err ]]
}

@test "a signal: files in progress are finished, no file is begun, the others are reported" {
    recorded rec 9
    up 'sleep 0.3'
    trtc-put -j 2 --to exec:./up rec/s{1..9}.ts >out 2>err &
    eventually test -e kept/rec/s1.ts
    local status=0
    kill -TERM $!
    wait $! || status=$?
    [[ $status -eq 143 ]] || fail "$status"
    [[ $(wc -l <out) -eq $(wc -l <log) && $(grep -c 'not put: interrupted' err) -eq $((9 - $(wc -l <out))) ]] || fail 'not all are named'
}

@test "a signal to the whole pipeline: the writer's last files are put, too" {
    recorded rec 2
    mkfifo paths
    trtc-put --to "$there" <paths >out 2>err &
    exec 7>paths
    echo rec/s1.ts >&7
    eventually grep -q s1 out
    kill -INT $!
    sleep 0.3
    printf 'rec/s2.ts\nrec/p.m3u8\n' >&7
    exec 7>&-
    local status=0
    wait $! || status=$?
    [[ $status -eq 130 ]] || fail "$status"
    quiet
    printed rec/s1.ts rec/s2.ts rec/p.m3u8
}

@test "a signal while no paths arrive: it ends by itself; a hung program is stopped" {
    mkfifo paths
    echo x >a
    exec 7<>paths
    local status=0
    trtc-put --to "$there" <paths >out 2>err &
    echo a >&7
    eventually grep -q a out
    kill -TERM $!
    wait $! || status=$?
    [[ $status -eq 143 ]] || fail "$status"
    up 'echo $$ >pid; exec sleep 60'
    trtc-put --to exec:./up a >out 2>err &
    eventually test -s pid
    kill -TERM $!
    status=0
    wait $! || status=$?
    [[ $status -eq 143 ]] || fail "$status"
    ! kill -0 "$(<pid)" 2>/dev/null || fail 'it runs on'
}

@test "--json, with the playlist first: no file is put twice, and each has its line" {
    recorded rec 5
    up ''
    put 0 --json -j 1 --to exec:./up rec/p.m3u8 rec/s{1..5}.ts
    [[ $(sort log | uniq -d) == '' && $(wc -l <log) -eq 6 ]] || fail "$(<log)"
    jq -es 'length == 6 and all(.bytes > 0 and .crc64 and .key)' out
}

@test "waiting files are limited: then the writer of the paths has to wait" {
    local dir pid writer
    dir=$(printf '%0150d' 0)
    mkdir "$dir"
    (cd "$dir" && seq 8000 | split -l 1 -a 4 - s)
    mkfifo paths
    printf '#!/bin/sh\nexec sleep 3\n' >up
    chmod 700 up
    trtc-put -j 1 --to exec:./up <paths >out 2>err 3>&- &
    pid=$!
    find "$dir" -type f >paths 3>&- &
    writer=$!
    sleep 0.7
    kill -0 $writer || fail 'it takes all at once'
    (($(awk '/VmRSS/ { print $2 }' "/proc/$pid/status") < 30000)) || [[ ${TRTC_SAN:-} ]] || fail "$(grep VmRSS "/proc/$pid/status")"
    kill -KILL $pid $writer
    wait $pid $writer || true
}

@test "thousands of playlists that wait for a segment: it is read on, and each is put" {
    mkdir rec
    printf '#EXTM3U\n#EXTINF:2,\nlate.ts\n#EXT-X-ENDLIST\n' >rec/0.m3u8
    seq -f rec/%g.m3u8 4500 | xargs -n 500 sh -c 'tee "$@" <rec/0.m3u8 >/dev/null' sh
    touch -d '1 hour ago' rec
    expect 66 timeout 60 trtc-put --to exec:true rec/*.m3u8 rec/late.ts
    [[ $(wc -l <out) -eq 0 && $(grep -c 'rec/late.ts' err) -gt 4500 ]] || fail 'not all are put'
}

@test "an entry appended to a playlist while it is put is put when its segment is there" {
    need_strace
    local pid i
    mkdir d
    mkfifo paths
    echo 1 >d/1.ts
    printf '%s\n' '#EXTM3U' '#EXT-X-TARGETDURATION:2' '#EXTINF:2,' 1.ts >d/p.m3u8
    strace -f -qq -o trace -e trace=ftruncate -e inject=ftruncate:delay_enter=1000000 \
        trtc-put --to "$there" --root d <paths >out 2>err 3>&- &
    pid=$!
    exec 7>paths
    printf '%s\n' d/1.ts d/p.m3u8 >&7
    # its temporary is there, and will be filled in a second
    for ((i = 0; i < 200; i++)); do
        [[ ! -e there/1.ts || -z $(find there -name '.*.part') ]] || break
        sleep 0.02
    done
    printf '%s\n' '#EXTINF:2,' 2.ts >>d/p.m3u8
    for ((i = 0; i < 200; i++)); do
        [[ ! -e there/p.m3u8 ]] || break
        sleep 0.02
    done
    run ! grep -q 2.ts there/p.m3u8
    echo 2 >d/2.ts
    printf '%s\n' d/2.ts d/p.m3u8 >&7
    exec 7>&-
    wait $pid || fail "exit status $?"
    same d there
}
