#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The scripts of examples/, and the pipelines of the pages, each taken from where it stands.

bats_require_minimum_version 1.5.0
load ../../stack

export tree=${BATS_TEST_DIRNAME%/tests/*}
U=__UserId_s_
E=__UserId_e_

setup_file() {
    export LC_ALL=C TZ=UTC0
    local b=${TRTC_B:-$tree/build}
    export PATH=$b:$b/tests:$PATH
    cd "$BATS_FILE_TMPDIR" || return
    # Two people for 20 s, small and without a clock; what looks odd in a name or a list is separate.
    mkrec --loop --length 20 --bitrate 60000 --user id=10001,size=320x180 --user id=10002,kinds=a,from=2 rec
    mkrec --loop --length 12 --user id=-,kinds=a --user 'id=a b',kinds=a --user $'id=\xff\xfe',kinds=a --user 'id=>>>',kinds=a odd
    mkrec --loop --length 12 --mixed --bitrate 60000 odd
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    mkdir root
    cp -r "$BATS_FILE_TMPDIR/rec" rec
}

# literals FILE: the literal displays of a page's EXAMPLES, NUL after each.
literals() {
    awk '/^\.Sh/ { sec = $2 } sec != "EXAMPLES" { next }
        /^\.Bd/ { on = 1; next } /^\.Ed/ { printf "%c", 0; on = 0 } on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' "$1"
}

# run_literals FILE N: all pipelines, each in a fresh copy of the recording; there are N.
run_literals() {
    local text n=0
    while IFS= read -rd '' text; do
        n=$((n + 1))
        rm -rf work && mkdir work && cp -r "$BATS_FILE_TMPDIR/rec" work/rec
        (cd work && bash -euo pipefail -c "$text") >out 2>err </dev/null || {
            printf '%s\nexit status %d\n' "$text" $?
            cat err
            return 1
        }
        [ -s out ] || [ -n "$(find work -newer work/rec -type f ! -path 'work/rec/*.ts')" ] ||
            { printf '%s\nprinted nothing and made nothing\n' "$text"; return 1; }
        [ ! -s err ] || { printf '%s\n' "$text"; cat err; return 1; }
    done < <(literals "$1")
    [ "$n" -eq "$2" ] || { echo "$n pipelines, not $2"; return 1; }
}

@test "the pipelines of trtc-merge.1" {
    run_literals "$tree/man/trtc-merge.1" 8
}

@test "the pipelines of trtc.7" {
    run_literals "$tree/man/trtc.7" 4
}

# ---- merge-finished ----

finished() { "$tree/examples/merge-finished" "$@"; }

# a_task: root/T with the recording of rec, without the ENDLIST of 10002.
a_task() {
    mv rec root/T
    sed -i '/^#EXT-X-ENDLIST/d' root/T/*"${U}MTAwMDI."*.m3u8
}

# lines N FILE: it has so many.
lines() { [ "$(wc -l <"$2")" -eq "$1" ] || { cat "$2"; return 1; }; }

@test "merge-finished: merges each finished recording once" {
    a_task
    finished root >log 2>err
    lines 1 log
    [ ! -s err ]
    [[ $(cat log) == *Z' merged root/T/MTAwMDE._20260101000000495_av.mp4'$'\t'20.0*s$'\t'*' bytes' ]]
    finished root >log 2>err
    lines 0 log
    [ ! -s err ]
    sed -i '$a #EXT-X-ENDLIST' root/T/*"${U}MTAwMDI."*.m3u8
    finished root >log 2>err
    lines 1 log
    grep -q 'merged root/T/MTAwMDI._[0-9]*\.m4a' log
    finished root >log
    lines 0 log
    rm root/T/.merged
    finished root >log
    lines 0 log
    [ "$(find root -name '.*' -printf '%f\n')" = .merged ]
}

@test "merge-finished: a loss is reported once, and repaired when the segment arrives" {
    a_task
    gone=$(ls root/T/*"${U}MTAwMDE.${E}main_video"_*.ts | tail -n 1)
    mv "$gone" kept
    run -3 --separate-stderr finished root
    [[ ${lines[0]} == *' merged root/T/'* ]]
    [[ ${lines[1]} == *' losses root/T' ]]
    [[ $stderr == "trtc-merge: $gone: missing: "* ]]
    run -0 --separate-stderr finished root
    [ -z "$output$stderr" ]
    mv kept "$gone"
    run -0 --separate-stderr finished root
    [ "${#lines[@]}" -eq 1 ]
    [[ ${lines[0]} == *' merged root/T/'* ]]
    [ -z "$stderr" ]
    run -0 --separate-stderr finished root
    [ -z "$output$stderr" ]
}

@test "merge-finished: awkward names, an output directory, options" {
    mkdir -p "root/-p q/T.."
    mv rec "root/-p q/T../-x.."
    cp -r "$BATS_FILE_TMPDIR/odd" root/$'new\nline'
    mv root ./-root
    finished -o 'mp4 s' -- -root/ -m 1 >log 2>err
    lines 7 log
    [ ! -s err ]
    [ -s "mp4 s/-p q/T../-x../MTAwMDE._20260101000000495_av.mp4" ]
    [ -s 'mp4 s'/$'new\nline/Pj4+_20260101000000495.m4a' ]
    [ -s 'mp4 s'/$'new\nline/1400000001_3560_20260101000000495_av.mp4' ]
}

@test "merge-finished: retries after a temporary fault, and reports a permanent one once" {
    a_task
    mkdir bin
    printf '#!/bin/sh\nexit 75\n' >bin/trtc-merge
    chmod +x bin/trtc-merge
    PATH=$PWD/bin:$PATH run -75 finished root
    [[ $output == *' later root/T' ]]
    [ ! -e root/T/.merged ]
    run -0 finished root
    [[ $output == *' merged '* ]]
    mkdir root/bad
    printf '#EXTM3U\n#EXTINF:10,\nx.ts\n#EXT-X-ENDLIST\n' >"root/bad/1400000001_1${U}MTAwMDE.${E}main_video.m3u8"
    run -65 --separate-stderr finished root
    [[ $output == *' failed 65 root/bad' ]]
    [[ $stderr == *'no usable media' ]]
    run -0 finished root
    [ -z "$output" ]
}

@test "merge-finished: only one process works at a time" {
    a_task
    exec 8<root
    flock 8
    run -75 finished root
    [ -z "$output" ]
    exec 8<&-
    run -0 finished root
    [ "${#lines[@]}" -eq 1 ]
}

@test "merge-finished: usage" {
    run -64 finished
    run -64 finished no-such-directory
    run -64 finished -x root
}

# ---- merge-parallel ----

parallel_merge() { "$tree/examples/merge-parallel" "$@"; }

@test "merge-parallel: makes all parts, whatever the names of the users" {
    cp -r "$BATS_FILE_TMPDIR/odd" 'odd ones'
    parallel_merge -J 2 'odd ones' -o 'out 1' >made 2>err
    [ ! -s err ] || { cat err; false; }
    trtc-merge -f 'odd ones' -o 'out 2' >expected
    [ "$(sort made)" = "$(sed 's/^out 2/out 1/' expected | sort)" ]
    lines 5 made
    diff -r 'out 1' 'out 2'
}

@test "merge-parallel: losses and failures" {
    rm "$(ls rec/*main_video_*.ts | head -n 1)"
    run -3 --separate-stderr parallel_merge -S : -J 1 rec -o out
    [ "${#lines[@]}" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == *': missing: '* ]]
    run -66 --separate-stderr parallel_merge no-such-directory
    [ -z "$output" ]
    run -64 parallel_merge
    run -64 parallel_merge rec --no-such-option
    run -64 --separate-stderr parallel_merge rec -o 'out{#}' # not a directory for each part
    [[ $stderr == *"replaces what is in braces: 'out{#}'"* ]]
    # not all jobs have run
    mkdir bin
    cat >bin/parallel <<'END'
#!/bin/sh
while [ "$1" != --joblog ]; do shift; done
printf 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n1\t:\t0\t0\t0\t0\t0\t0\t\n' >"$2"
kill -KILL $$
END
    chmod +x bin/parallel
    PATH=$PWD/bin:$PATH run -75 --separate-stderr parallel_merge -n 2 rec -o out
    [[ $stderr == *'1 of 2 parts have not been made'* ]]
}
