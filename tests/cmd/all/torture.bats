#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# All programs on a machine that fails: standard output that is full, calls that a signal interrupts, allocations that
# fail. What cannot be done is reported with the right exit status; nothing half-made gets a final name.

load ../../lib
load ../../rec
load ../../torture

setup_file() {
    files_begin
    smoke_begin
}

teardown_file() {
    smoke_end
}

setup() {
    test_begin
}

# fresh: a state and an output directory of its own for each run.
fresh() {
    rm -rf o state
    mkdir o state
    cp -r "$BATS_FILE_TMPDIR/home/state/trtc" state/trtc
    export XDG_STATE_HOME=$PWD/state
}

# made: what is in o, and what it says.
made() {
    (cd o && find . -type f -exec md5sum {} + | sort)
}

@test "standard output is full: 75, and one line reports it" {
    local s status p args
    for s in "${all_smokes[@]}"; do
        fresh
        smoke "$s"
        status=0
        "${cmd[@]}" <"$in" >/dev/full 2>err || status=$?
        [[ $status -eq 75 ]] || fail "$s: $status"
        [[ $(grep -c 'standard output: No space left on device' err) -eq 1 ]] || fail "$s: not said"
        no_leftovers o
    done
    for args in name merge hls layout mix rec 'rec create' 'rec batch'; do
        for p in --help --version; do
            status=0
            # shellcheck disable=SC2086 # words are meant
            trtc-$args $p >/dev/full 2>err || status=$?
            [[ $status -eq 75 && $(wc -l <err) -eq 1 ]] || fail "$args $p: $status"
        done
    done
}

@test "standard descriptors that are closed: no file gets their numbers, and 74 if something is printed" {
    local s
    for s in hls merge mix put-directory name-encode rec-dry; do
        fresh
        smoke "$s"
        status=0
        "${cmd[@]}" <"$in" >&- 2>err || status=$?
        [[ $status -eq 74 ]] || fail "$s: $status"
        grep -q 'standard output: Bad file descriptor$' err || fail "$s: $(<err)"
        made >want
        fresh
        status=0
        "${cmd[@]}" <"$in" >&- 2>&- || status=$?
        [[ $status -eq 74 ]] || fail "$s: $status without standard error"
        diff <(made) want || fail "$s: another output"
    done
}

@test "a non-blocking pipe gets all output" {
    python3 - <<'P'
import fcntl, os, subprocess, time
r, w = os.pipe()
fcntl.fcntl(w, fcntl.F_SETFL, os.O_NONBLOCK)
fcntl.fcntl(w, 1031, 4096)  # F_SETPIPE_SZ
p = subprocess.Popen(['trtc-rec', 'create', '--skeleton'], stdout=w)
os.close(w)
time.sleep(0.3)
got = b''
while True:
    part = os.read(r, 1 << 16)
    if not part:
        break
    got += part
assert p.wait() == 0
assert got == subprocess.run(['trtc-rec', 'create', '--skeleton'], stdout=subprocess.PIPE).stdout, len(got)
P
}

@test "a reader that takes nothing: a signal still ends the program, without temporary files" {
    local s status pid
    mkfifo full
    exec 7<>full
    dd if=/dev/zero of=full bs=4096 oflag=nonblock 2>/dev/null || true
    for s in merge put-directory; do
        fresh
        smoke "$s"
        "${cmd[@]}" <"$in" >full 2>err 3>&- 7>&- &
        pid=$!
        waited compgen -G 'o/*' >/dev/null || fail "$s: nothing is made: $(<err)"
        sleep 0.2 # it prints, in a thread that gets no signals
        kill -TERM "$pid"
        has_ended "$pid" || fail "$s: it does not end"
        status=0
        wait "$pid" || status=$?
        [[ $status -eq 143 ]] || fail "$s: $status"
        grep -q 'standard output: Resource temporarily unavailable$' err || fail "$s: $(<err)"
        no_leftovers o
    done
    exec 7>&-
}

@test "system calls that a signal interrupts are repeated" {
    need_strace
    local s status
    for s in "${all_smokes[@]}"; do
        fresh
        smoke "$s"
        "${cmd[@]}" <"$in" >out 2>err || fail "$s: exit status $?"
        made >want
        cp out want.out
        cp err want.err
        fresh
        smoke "$s"
        status=0
        strace -f -qq -o /dev/null -e inject=write,pwrite64,fsync,fdatasync,ftruncate:error=EINTR:when=1+2 \
            "${cmd[@]}" <"$in" >out 2>err || status=$?
        [[ $status -eq 0 ]] || fail "$s: exit status $status"
        [[ $s == rec-* || $s == *-ts ]] || diff <(made) want || fail "$s: another output"
        [[ $s == rec-* ]] || diff out want.out || fail "$s: another text"
        cmp -s err want.err || fail "$s: another message"
    done
}

@test "a remembered task that cannot be read: 74, it is not skipped" {
    need_strace
    fresh
    local status=0 file s
    file=$(echo state/trtc/t-*.json)
    smoke rec-list
    strace -qq -o /dev/null -P "$PWD/$file" -e inject=read:error=EIO "${cmd[@]}" >out 2>err || status=$?
    [[ $status -eq 74 ]] || fail "$status"
    said "$file': Input/output error"
    # nor is the directory
    for s in rec-describe rec-files; do
        smoke $s
        status=0
        strace -qq -o /dev/null -P "$PWD/state/trtc" -e inject=openat:error=EMFILE "${cmd[@]}" >out 2>err || status=$?
        [[ $status -eq 75 ]] || fail "$s: $status"
    done
    smoke rec-list
    # nor is it taken for one that is not there
    printf x >"$file"
    expect 3 "${cmd[@]}"
}

# failing FAIL_ON N SMOKE: the Nth allocation fails, and with FAIL_ON=1 all behind it too. What comes of it is 75, said in
# words, and nothing half-made; or all is as ever, where somebody can do without.
failing() {
    local status=0 set=(LD_PRELOAD="$BATS_FILE_TMPDIR/failalloc.so" FAIL_AT="$2")
    ((!$1)) || set+=(FAIL_ON=1)
    fresh
    smoke "$3"
    env "${set[@]}" "${cmd[@]}" <"$in" >out 2>err || status=$?
    case $status in
    0)
        [[ $3 == rec-* ]] || cmp -s out "want.$3" || fail "$3, $2 ($1): 0, and another text"
        [[ $3 == rec-* || $3 == *-ts ]] || diff <(made) "made.$3" || fail "$3, $2 ($1): 0, and another output"
        ;;
    75)
        [[ -s err || $3 == rec-batch ]] || fail "$3, $2 ($1): nothing was said"
        [[ $3 == hls* ]] || [[ -z $(made | grep -v '\.part$' | comm -23 - "made.$3") ]] || fail "$3, $2 ($1): $(ls -A o)"
        ;;
    *) fail "$3, $2 ($1): exit status $status" ;;
    esac
}

@test "OpenSSL has no memory for its beginning, and is used again: 75" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    local i nb
    cp "$(command -v failalloc.so)" "$BATS_FILE_TMPDIR/"
    fresh
    smoke rec-batch
    LD_PRELOAD=$BATS_FILE_TMPDIR/failalloc.so FAIL_COUNT=$PWD/count "${cmd[@]}" <"$in" >want.rec-batch 2>err
    made >made.rec-batch
    nb=$(<count)
    # it begins with some 50 allocations
    for ((i = 20; i < nb && i < 1000; i += 40)); do failing 0 $i rec-batch; done
}

@test "OpenSSL has no memory for its beginning when an input comes over HTTP: 75" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    local i
    fresh
    smoke hls
    PYTHONUNBUFFERED=1 python3 -m http.server --bind 127.0.0.1 -d "$BATS_FILE_TMPDIR" 0 >served 2>&1 3>&- &
    local server=$!
    waited grep -q ' port ' served
    cmd[-1]=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served)/v.ts
    # it begins with some 10 allocations of these
    for ((i = 60; i < 80; i++)); do
        fresh
        status=0
        LD_PRELOAD=$(command -v failalloc.so) FAIL_AT=$i timeout -k 1 60 "${cmd[@]}" >out 2>err || status=$?
        [[ $status -eq 75 && -s err ]] || fail "$i: exit status $status: $(<err)"
    done
    end_all "$server"
}

@test "any allocation fails: 75, and no incomplete output" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    local s nb i tries=1 list
    cp "$(command -v failalloc.so)" "$BATS_FILE_TMPDIR/"
    [[ ! ${TRTC_LONG:-} ]] || tries=120
    for s in "${all_smokes[@]}"; do
        fresh
        smoke "$s"
        LD_PRELOAD=$BATS_FILE_TMPDIR/failalloc.so FAIL_COUNT=$PWD/count "${cmd[@]}" <"$in" >"want.$s" 2>err || fail "$s: exit status $?"
        made >"made.$s"
        nb=$(<count)
        ((nb > 0)) || fail "$s: no allocations"
        list=(1 "$nb")
        for ((i = 0; i < tries; i++)); do list+=($((RANDOM * RANDOM % nb + 1))); done
        ((nb > tries + 2)) || mapfile -t list < <(seq "$nb")
        for i in "${list[@]}"; do
            failing $((i % 2)) "$i" "$s"
            [[ ! ${TRTC_LONG:-} ]] || failing $(((i + 1) % 2)) "$i" "$s"
        done
    done
}

@test "a library that overflows the stack when memory runs out: 75, and a message" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    local s status
    for s in merge rec-dry; do
        fresh
        smoke "$s"
        status=0
        LD_PRELOAD=$(command -v failalloc.so) FAIL_AT=20 FAIL_ON=1 FAIL_DEEP=1 "${cmd[@]}" <"$in" >out 2>err || status=$?
        [[ $status -eq 75 ]] || fail "$s: exit status $status"
        grep -q ': out of memory$' err || fail "$s: $(<err)"
    done
}

@test "a library cannot register what it does at the end for want of memory: 75, and a message" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    local status=0
    fresh
    smoke merge
    LD_PRELOAD=$(command -v failalloc.so) FAIL_AT=1 FAIL_EXITS=64 timeout 20 "${cmd[@]}" <"$in" >out 2>err || status=$?
    [[ $status -eq 75 ]] || fail "exit status $status"
    grep -q ': out of memory$' err || fail "$(<err)"
}
