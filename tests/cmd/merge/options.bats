#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge: options, usage errors, exit status, what it prints and where it writes.

load ../../lib
export user_keys=rate=16000

setup_file() {
    files_begin
    mk plain --length 12 --user "$(user)"
    mk two --length 12 --user "$(user)" --user "$(user 'id=a b\,c')"
    mk far --length 45 --user "$(user gap=10-30)"
    mk slow --length 12 --user "$(user fps=10)"
}

setup() {
    test_begin
}

# usage_error TEXT OPTION...: exit 64, one line with TEXT that says where to look.
usage_error() {
    merge 64 "${@:2}"
    [[ ! -s out ]] || fail 'something on stdout'
    [[ $(wc -l <err) -eq 1 ]] || fail 'not one line'
    grep -q "^trtc-merge: .*; try 'trtc-merge --help'$" err || fail 'no prefix, or no hint'
    said "$1"
}

@test "help and version go to stdout" {
    local o
    for o in -h --help; do
        merge 0 "$o"
        quiet
        head -n 1 out | grep -q '^usage: trtc-merge .*DIR'
        awk 'length > 120 { print; bad = 1 } END { exit bad }' out
    done
    for o in -V --version; do
        merge 0 "$o"
        quiet
        grep -qx 'trtc-merge [0-9.]*' out
    done
    # the specification's options, each explained
    trtc-merge --help >out
    for o in -f -m -s -a -b -p -r -o -u -j -q -v -0 --recursive --video --audio --names --split-size --split-time \
        --plan --finished --allow-missing --force --report --json --header --progress --dry-run; do
        grep -qE -- "^ .*$o\b" out || fail "no $o"
    done
}

@test "usage errors: exit 64, one line" {
    local s
    usage_error "no directory"
    usage_error "unknown option: '--nope'" -f plain --nope
    usage_error "'-z'" -f plain -z
    usage_error 'needs a value' -f
    usage_error 'needs a value' -f plain --report
    usage_error 'takes no value' -f plain --force=1
    usage_error "'x'" -f plain x
    usage_error "'-x'" -f plain -- -x
    for s in 2 -1 x '' 0x 1.5 ' '; do
        usage_error -m -f plain -m "$s"
    done
    usage_error -a -f plain -a 3
    usage_error -j -f plain -j 0
    usage_error --video -f plain --video fast
    usage_error --audio -f plain --audio copy
    usage_error --names -f plain --names x
    usage_error --plan -f plain --plan=yaml
    usage_error --progress -f plain --progress tsv
    usage_error -p -f plain -p x
    usage_error -p -f plain -p 15.5
    for s in 640 640x 0x0 -2x2 640x361 641x360 x 64000000x2 640x360x2; do
        usage_error -r -f plain -r "$s"
    done
    usage_error -r -f plain -r 640 abc
    usage_error -o -f plain -o ''
    for s in 0 x -1 1e99 99999999999999999999; do
        usage_error --split-size -f plain --split-size "$s"
        usage_error --split-time -f plain --split-time "$s"
    done
    for s in x.mp4 x.MP4 ./x.m4a o/x.aac plain/x.ts x.m3u8; do
        usage_error "--report: '$s' is named like media" -f plain --report $s
    done
}

@test "a report goes to a FIFO, a device or a descriptor as well, which stay what they are" {
    local to
    have plain
    ln -s /proc/self/fd/2 to-err
    mkfifo fifo
    for to in to-err /dev/fd/3; do # appended to a regular file, and through a pipe
        echo before >log
        trtc-merge -q -f plain -o o --force --report $to >out 2>>log 3>&2
        [[ $(head -n 1 log) == before && $(sed 1d log | jq .exit_status) == 0 ]] || fail "$to: $(<log)"
        trtc-merge -q -f plain -o o --force --report $to 2>&1 3>&1 >out | jq .exit_status >got
        [[ -L to-err && $(<got) == 0 ]] || fail "$to: $(<got)"
    done
    merge 0 -f plain -o o --force --report /dev/null
    [[ -c /dev/null ]]
    jq .exit_status fifo >got &
    merge 0 -f plain -o o --force --report fifo
    wait $!
    [[ -p fifo && $(<got) == 0 ]] || fail "$(<got)"
    echo before >out
    trtc-merge -f plain -o o --force --report /dev/fd/1 >>out
    [[ $(head -n 2 out | xargs) == 'before o/'* && $(sed 1,2d out | jq .exit_status) == 0 ]] || fail "$(<out)"
    merge 73 -f plain -o o --force --report /dev/fd/77
    said "cannot open '/dev/fd/77': Bad file descriptor"
    merge 73 -f plain -o o --force --report /dev/fd
    said 'a directory is there already'
}

@test "-p is limited to 5 to 120, and -s without -m 1 is ignored, each with a note" {
    have plain
    have slow
    merge 0 -f plain -p 500 --plan
    said '120'
    [ "$(wc -l <err)" -eq 1 ]
    merge 0 -f slow -p 1 --plan
    said ' 5 is used'
    merge 0 -f slow -p -7 --plan
    said ' 5 is used'
    merge 0 -f plain -p 2147483647 --plan
    said '120'
    merge 0 -f plain -p 120 --plan
    quiet
    merge 0 -f plain -p 5 --plan
    quiet
    merge 0 -f plain -s --plan
    said '-s is ignored'
    merge 0 -f plain -s -m 1 --plan
    quiet
    merge 0 -f plain -q -s -p 500 --plan
    quiet
}

@test "-r: two words or one, with units, followed by other options" {
    have plain
    merge 0 -f plain -r 120 80 --plan=json
    jq -e '.video | .action == "encode" and (.reason | test("160x90"))' out
    cp out a
    merge 0 -r 120x80 -f plain --plan=json
    cmp out a
    merge 0 -f plain --size 120 80 --plan=json
    cmp out a
    merge 0 -f plain --size=120x80 --plan=json
    cmp out a
    merge 0 -f plain -r 160 90 --plan=json
    jq -e '.video.action == "copy"' out
    merge 64 -f plain -r 120 80 90
}

@test "-u: the decoded id, several times; one that does not exist is reported" {
    have two
    merge 0 -f two -u 10001 --plan
    [ "$(wc -l <out)" -eq 1 ]
    merge 0 -f two -u 'a b,c' -u 10001 --plan
    [ "$(wc -l <out)" -eq 2 ]
    merge 0 -f two -u 'a b,c'
    made two/YSBiLGM._20260101000000495_av.mp4
    merge 66 -f two -u MTAwMDE.
    said 'MTAwMDE.'
    merge 66 -f two -u ''
    # one of two is not there: the other is merged, and the first is not passed over in silence
    merge 66 -f two -u 10001 -u nobody
    said nobody
    [ "$(cat out)" = two/$first ]
}

@test "-f several times, the same directory twice, and one inside another" {
    have plain
    have far
    merge 0 -f plain -f far --plan
    [ "$(wc -l <out)" -eq 3 ]
    ln -s plain link
    merge 0 -f plain -f ./plain/ -f link -f "$PWD/plain"
    made plain/$first
    mkdir -p tree/a/b
    mv plain tree/a/b/
    merge 66 -f tree
    said 'no recordings'
    merge 0 -f tree --recursive
    made tree/a/b/plain/$first
    merge 0 -f tree -f tree/a --recursive --plan
    [ "$(wc -l <out)" -eq 1 ] || fail 'a directory below another one is taken twice'
    # links are not followed
    mkdir t2
    ln -s ../tree t2/l
    merge 66 -f t2 --recursive
    # one that is not there does not stop the other
    merge 66 -f nowhere -f far
    said 'nowhere: No such file or directory'
    [ "$(wc -l <out)" -eq 2 ]
}

@test "directories as operands, alone and with -f; the message about a file names its directory; --dry-run is --plan" {
    local f
    have plain
    have far
    merge 0 plain far --plan
    [ "$(wc -l <out)" -eq 3 ]
    cp out a
    merge 0 -f plain --dry-run far
    cmp out a
    merge 0 --dry-run=json -- plain far
    jq -es 'length == 3' out
    merge 0 plain
    made plain/$first
    merge 66 nowhere far --plan
    said 'nowhere: No such file or directory'
    [ "$(wc -l <out)" -eq 2 ]
    for f in far/*.m3u8 far/*.ts; do
        merge 66 "$f"
        said "'trtc-merge far'"
    done
    cd far
    for f in *.m3u8; do
        merge 66 -f "$f"
        said "'trtc-merge .'"
        merge 66 "$PWD/$f"
        said "'trtc-merge $PWD'"
    done
}

# offers WORD...: what bash completes the last word to.
offers() {
    bash --norc --noprofile -c '
        source "$1/completions/bash/trtc-merge"
        shift
        compopt() { :; }
        COMP_WORDS=(trtc-merge "$@") COMP_CWORD=$#
        _trtc_merge
        printf "%s\n" "${COMPREPLY[@]}"' - "$tree" "$@"
}

@test "completion: directories, options, and the users of the directories, in any order" {
    have two
    mkdir out
    [[ $(offers t) == two ]]
    offers two - | grep -qx -e --dry-run
    [[ $(offers two -u '' | tr '\n' ' ') == '10001 a\ b\,c ' ]]
    [[ $(offers -f two -o out -u 1) == 10001 ]]
    [[ -z $(offers -o two -u 1) ]]
}

@test "-o: created with its parents, flat; name clashes are found before any work; paths are printed as given" {
    have plain
    have far
    merge 0 -f plain -o new/deep/dir/
    made new/deep/dir/$first
    [ -z "$(find plain -name '*.mp4')" ]
    cp -r plain other
    merge 73 -f plain -f other -o clash
    said $first
    [ ! -s out ]
    [ -z "$(find clash -type f 2>/dev/null)" ]
    merge 0 -f plain -f other
    [ "$(sort out)" = "$(printf '%s\n' other/$first plain/$first)" ]
    (cd plain && trtc-merge -f . --force) >out
    [ "$(cat out)" = ./$first ]
    merge 0 -f "$PWD/plain" -o .
    [ "$(cat out)" = "./$first" ]
    touch file
    merge 73 -f far -o file
    merge 73 -f far -o file/below
    said 'file'
    merge 0 -f far --plan -o not/made
    [ ! -e not ]
}

@test "an existing final name: 73 for a directory; a link is replaced and its target kept" {
    have plain
    mkdir plain/$first
    merge 73 -f plain
    said 'directory'
    rmdir plain/$first
    echo precious >precious
    touch -d 2020-01-01 precious
    ln -s ../precious plain/$first
    merge 0 -f plain
    plays plain/$first
    [ "$(cat precious)" = precious ]
    rm plain/$first
    ln -s ../nowhere plain/$first
    merge 0 -f plain
    plays plain/$first
    [ ! -e nowhere ]
}

@test "task directories as the service names them; closed descriptors" {
    local task=-mmziew0DpcszXY1IwoabtoptW-L--Q-EAy1B7XZglcjbUAcSN+BS8NCPt9bpasH3vx+t-mstR6E6zau2QM. status=0
    have plain
    mkdir -p "t/p 1/$task" t/p/AAbb+CC-dd..
    cp plain/* "t/p 1/$task/"
    mv plain/* t/p/AAbb+CC-dd../
    merge 0 -f t --recursive
    made "t/p 1/$task/$first" t/p/AAbb+CC-dd../$first
    (cd "t/p 1" && expect 0 trtc-merge -f $task --force && [ "$(cat out)" = "$task/$first" ])
    trtc-merge -f t/p/AAbb+CC-dd.. --force <&- >&- 2>&- || status=$?
    [ $status -eq 74 ] || fail "$status"
    plays t/p/AAbb+CC-dd../$first
}

@test "an output directory that cannot be written to: 73" {
    [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null || skip 'runs as root, and there is no setpriv'
    have plain
    local as=()
    [ "$(id -u)" -ne 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${as[@]}" true || skip 'cannot become another user'
    chmod 755 . && mkdir ro && chmod 555 ro
    "${as[@]}" trtc-merge --version >/dev/null || skip 'the program cannot be reached as another user'
    "${as[@]}" ls plain >/dev/null || skip 'the recordings cannot be reached as another user'
    expect 73 "${as[@]}" trtc-merge -f plain -o ro
    [ ! -s out ]
    expect 73 "${as[@]}" trtc-merge -f plain -o ro/sub/deeper
    said "cannot create directory 'ro/sub': Permission denied"
    [ -z "$(ls -A ro)" ]
}

@test "--plan: a line for each output, nothing is written; TSV, JSON, SVG" {
    have far
    local before
    before=$(ls -lA --full-time far)
    merge 0 -f far --plan
    quiet
    cut -f 1-4,6- out | diff - <(
        printf '%s\t' 10001 main 20260101000000495 20260101000010533 copy copy
        echo far/$first
        printf '%s\t' 10001 main 20260101000030495 20260101000045533 copy copy
        echo far/MTAwMDE._20260101000030495_av.mp4
    )
    merge 0 -f far --plan=tsv --header
    [ "$(head -n 1 out | tr '\t' ' ')" = 'user media start end gaps video audio path' ]
    [ "$(wc -l <out)" -eq 3 ]
    merge 0 -f far --plan=json
    jq -es 'length == 2
        and all(.[]; .user == "10001" and .end_ms - .start_ms == .duration_ms and (.path | startswith("far/")))
        and .[0].start_ms == 1767225600495 and .[1].start_ms == 1767225630495' out
    cp out a
    merge 0 -f far --plan --json
    cmp out a
    merge 0 -f far --plan=svg
    grep -q '^<svg .*xmlns' out
    tail -n 1 out | grep -q '</svg>$'
    merge 0 -f far --plan -0
    [ "$(tr -cd '\0' <out | wc -c)" -eq 2 ]
    [ "$before" = "$(ls -lA --full-time far)" ]
    # a plan is units of work: each user and section is one
    merge 0 -f far -m 1 --plan
    [ "$(wc -l <out)" -eq 1 ]
}

@test "--json, -0, and the report" {
    have far
    merge 0 -f far --json --report r.json
    quiet
    jq -es 'length == 2 and all(.[]; .duration_ms > 9000)' out
    jq -r '"\(.bytes) \(.path)"' out >sizes
    while read -r bytes path; do [ "$(stat -c %s "$path")" = "$bytes" ]; done <sizes
    jq -e --slurpfile made out '
        .exit_status == 0 and .losses == []
        and ([.outputs[].files[].path] | sort) == ([$made[].path] | sort)
        and all(.outputs[]; .video.action == "copy" and .audio.action == "copy"
            and (.av_offset_ms | has("start") and has("end")))
        and (.inputs | length == 1) and .inputs[0].segments == .inputs[0].usable' r.json
    [ "$(jq .inputs[0].bytes r.json)" = "$(cat far/*.ts | wc -c)" ]
    merge 0 -f far -0 --force
    tr '\0' '\n' <out | sort | diff - <(printf '%s\n' far/$first far/MTAwMDE._20260101000030495_av.mp4)
    merge 0 -f far --force --report -
    grep -q '"exit_status"' out
    # a report that cannot be written
    merge 73 -f far --force --report nowhere/r.json
}

@test "a report of finished files still contains their accounts" {
    have plain
    merge 0 -f plain
    merge 0 -f plain --report r.json
    jq -e '(.inputs | length == 1) and [.outputs[].files[].path] == ["plain/'$first'"]' r.json
}

@test "stdout: a full disk is 74 or 75; a closed pipe causes no message" {
    have two
    local status=0
    trtc-merge -f two --plan >/dev/full 2>err || status=$?
    [[ $status == 74 || $status == 75 ]] || fail "$status"
    [ "$(wc -l <err)" -eq 1 ]
    status=0
    trtc-merge -f two >/dev/full 2>err || status=$?
    [[ $status == 74 || $status == 75 ]] || fail "$status"
    rm two/*.mp4
    for o in --plan --json --help; do
        (trtc-merge -f two $o --force; echo $? >status) 2>err | head -n 1 >out
        [[ $(cat status) == 0 || $(cat status) == 141 ]] || fail "$(cat status)"
        [ ! -s err ] || fail "$o"
    done
    status=0
    trtc-merge --help >&- 2>err || status=$?
    [[ $status == 74 ]] || fail "$status with stdout closed"
}

@test "a missing or empty directory, a file, a playlist: 66" {
    mkdir empty
    merge 66 -f empty
    merge 66 -f nowhere
    touch f
    merge 66 -f f
    merge 64 -f ''
    [ "$(wc -l <err)" -eq 1 ]
    # playlists, but no recording's
    mkdir other
    printf '#EXTM3U\n#EXTINF:1,\na.ts\n' >other/index.m3u8
    merge 66 -f other
    said 'index.m3u8'
}

@test "progress as NDJSON is printed on stderr" {
    have plain
    merge 0 -f plain --progress json --force
    jq -es 'length > 0 and (last | .fraction == 1 and .left_ms == 0 and .file == 1 and .files == 1)' err
    made plain/$first
    # what is there already costs no time, and makes nothing fast
    merge 0 -f plain --progress json
    jq -es 'last | .fraction == 1 and .speed == 0 and .left_ms == 0' err
}

@test "-v prints more, -q only errors; a directory that begins with a dash" {
    have plain
    mv plain ./-f
    merge 0 -f -f -v
    [ "$(cat out)" = "-f/$first" ]
    plays "./-f/$first"
    mk h --length 40 --user "$(user)" --ha 1:20:5
    merge 0 -f h -v --plan
    said 'more than once'
    merge 0 -f h -q -v --plan
}
