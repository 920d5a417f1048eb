#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the machine is short of for a while (open files, memory, a disk that answers) is no loss of a recording: nothing
# gets a final name that was made without what could not be read, all the rest is made, and a second run completes it.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    local u users=()
    for ((u = 1; u <= 25; u++)); do users+=(--user "id=$u,size=64x48,fps=5"); done
    mk room --length 12 "${users[@]}"
    mk two --length 20 --user "$(user)" --user "$(user id=2)"
    trtc-merge -q -f two -o ref >/dev/null
}

setup() {
    test_begin
    room=$BATS_FILE_TMPDIR/room two=$BATS_FILE_TMPDIR/two ref=$BATS_FILE_TMPDIR/ref
}

# failing CALL ERROR WHEN COMMAND...: the WHENth CALL on the files of "two" fails in each thread; its exit status in
# $status. False where there are not so many.
failing() {
    local call=$1 error=$2 when=$3 f paths=(-P "$two")
    shift 3
    for f in "$two"/*; do paths+=(-P "$f"); done
    status=0
    strace -f -qq -o trace "${paths[@]}" -e "trace=$call" -e "inject=$call:error=$error:when=$when" \
        "$@" >out 2>err </dev/null || status=$?
    grep -q INJECTED trace
}

# code ERROR: the exit status that is right.
code() {
    [[ $1 == EIO ]] && echo 74 || echo 75
}

@test "a low limit of open files: fewer jobs run, and every file is complete" {
    local f
    for n in 40 12; do
        (
            ulimit -n $n
            merge 0 -f "$room" -j 25 -o o$n
            quiet
        )
        [ "$(find o$n -name '*.mp4' | wc -l)" -eq 25 ]
    done
    diff -r o40 o12
    (
        ulimit -n 40
        merge 0 -f "$room" --names recording -v -j 25 -o named
        said 'jobs, not 25: no more files may be open'
    )
    # a soft limit is raised
    (
        ulimit -S -n 40
        merge 0 -f "$room" -v -j 25 -o soft
        unsaid 'no more files'
    )
    # hardly any: each file that is there is whole, and the next run makes the others
    for n in 8 6; do
        (
            ulimit -n $n
            trtc-merge -f "$room" -o few$n >out 2>err
        ) && status=0 || status=$?
        [[ $status -eq 0 || $status -ge 75 ]] || fail "$n open files: exit status $status"
        for f in few$n/*; do [[ ! -e $f ]] || cmp "$f" "o40/${f##*/}"; done
        merge 0 -f "$room" -o few$n
        diff -r o40 few$n
    done
}

@test "a segment or playlist that cannot be read for now: 74 or 75; other users are merged, and this one by the next run" {
    need_strace
    local call error when f
    for call in openat2 read pread64; do
        for error in EMFILE EIO; do
            for ((when = 1; when <= 16; when += ${TRTC_LONG:+1}${TRTC_LONG:-4})); do
                rm -rf o
                failing $call $error $when trtc-merge -j 1 -f "$two" -o o || continue
                [[ $status -eq $(code $error) ]] || fail "$call $error $when: exit status $status"
                [[ $call != read || $when -gt 4 ]] || said "run trtc-merge again"
                [ "$(find o -name '*.mp4' | wc -l)" -le 1 ]
                unsaid missing
                unsaid unreadable
                for f in o/*; do [[ ! -e $f ]] || cmp "$f" "$ref/${f##*/}"; done
                merge 0 -q -f "$two" -o o
                diff -r "$ref" o
                [[ ! -d o ]] || no_leftovers o
            done
        done
    done
    # a signal that comes in between is none of these
    failing openat2 EINTR 2+3 trtc-merge -j 1 -f "$two" -o eintr
    [[ $status -eq 0 ]]
    diff -r "$ref" eintr
}

@test "a mix of a directory: 74 or 75 and no mix, or the whole one" {
    need_strace
    local call error when mix=(trtc-mix -s 64x48 -r 5 --preset ultrafast --deterministic)
    "${mix[@]}" -q -o whole.mp4 "$two"
    for call in openat2 read pread64; do
        for error in EMFILE EIO; do
            for when in 1 3 5 9; do
                rm -f o.mp4
                failing $call $error $when "${mix[@]}" -o o.mp4 "$two" || continue
                # the end of a segment is looked at alone first, then with the rest
                [[ $status -ne 0 ]] || { cmp o.mp4 whole.mp4 && continue; }
                [[ $status -eq $(code $error) ]] || fail "$call $error $when: exit status $status"
                [[ ! -e o.mp4 && ! -s out ]] || fail "$call $error $when: there is a mix"
                said "$two/"
            done
        done
    done
}

@test "losses of an earlier run: the message suggests --force" {
    local f
    cp -r "$two" p
    f=$(segment p video 1)
    dd if=/dev/zero of="$f" bs=188 count=10 seek=100 conv=notrunc status=none
    merge 3 -f p -o o
    cp "$two/${f##*/}" "$f" && touch -d '1 hour ago' p/*
    merge 3 -f p -o o
    said 'found losses in the segments: 1; --force makes it again'
    merge 0 -f p -o o --force
    diff -r "$ref" o
}

# injected CALL ERROR PATH COMMAND...: CALL fails on PATH, each time; its exit status in $status.
injected() {
    local call=$1 error=$2 path=$3
    shift 3
    status=0
    strace -f -qq -o trace -P "$path" -e "trace=$call" -e "inject=$call:error=$error" "$@" >out 2>err </dev/null || status=$?
    grep -q INJECTED trace || fail "no $call of $path"
}

@test "no thread for a decoder: 75, and no loss is reported" {
    need_strace
    local when tried=0
    for ((when = 1; when <= 9; when++)); do
        rm -rf o
        mkdir o
        status=0
        strace -f -qq -o trace -e trace=clone,clone3 -e "inject=clone,clone3:error=EAGAIN:when=$when" \
            trtc-mix -s 64x48 -r 5 --preset ultrafast --to +1 -o o/m.mp4 "$two" >out 2>err </dev/null || status=$?
        grep -q INJECTED trace || break
        tried=$((tried + 1))
        ((status == 0)) || [[ $status -eq 75 && ! -e o/m.mp4 ]] || fail "mix, thread $when: exit status $status"
        unsaid format:
        status=0
        strace -f -qq -o trace -e trace=clone,clone3 -e "inject=clone,clone3:error=EAGAIN:when=$when" \
            trtc-merge -f "$two" -o o/m -j 1 -r 32x18 -p 5 >out 2>err </dev/null || status=$?
        ((status == 0 || status == 75)) || fail "merge, thread $when: exit status $status"
    done
    ((tried > 1))
}

@test "a temporary file that cannot be truncated or examined is removed" {
    need_strace
    mkdir o
    injected ftruncate EIO "$PWD/o/.m.mp4.part" trtc-mix -s 64x48 -r 5 --to +0.2 -o o/m.mp4 "$two"
    [[ $status -eq 74 ]]
    said "cannot empty 'o/.m.mp4.part': Input/output error"
    [ -z "$(ls -A o)" ]
}

@test "names that cannot be checked are not used for another recording" {
    need_strace
    local list=o/1_1.m3u8 hls=(trtc-hls -q -A 1 -R 1 -S 1767225600495 -d o -t 2 --ha auto)
    expect 0 "${hls[@]}" "$(segment "$two" video 0)"
    cp $list before
    injected %%stat EIO $list "${hls[@]}" "$(segment "$two" video 1)"
    [[ $status -eq 74 ]] || fail "$status"
    said "$list: Input/output error"
    cmp $list before
    [ "$(find o -name '*.m3u8' | wc -l)" -eq 1 ]
}
