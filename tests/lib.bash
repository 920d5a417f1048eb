# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the bats files share: a directory for each test, recordings to work on, FFmpeg's programs as witnesses,
# and checks that say what they saw.
#
# A file's setup_file calls files_begin, makes its recordings in $BATS_FILE_TMPDIR, and its setup calls test_begin.

bats_require_minimum_version 1.5.0
. "${BASH_SOURCE[0]%/*}/stack.bash"

tree=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd) # the project's
export tree

files_begin() {
    export LC_ALL=C TZ=UTC0
    local b=${TRTC_B:-$tree/build}
    PATH=$(cd "$b" && pwd):$(cd "$b/tests" && pwd):$PATH
    export PATH
    cd "$BATS_FILE_TMPDIR" || return
}

test_begin() {
    cd "$BATS_TEST_TMPDIR" || return
}

# fail TEXT...: ends the test, with what the last command said.
fail() {
    echo "$*"
    [[ -e out ]] && echo "stdout: $(head -c 2000 out | tr '\0' '@')"
    [[ -e err ]] && echo "stderr: $(head -c 2000 err)"
    return 1
}

# n FULL: how often a loop turns; half as often but in the long tests, a third under the sanitizers.
n() {
    local part=2
    [[ -z ${TRTC_SAN:-} ]] || part=3
    [[ -z ${TRTC_LONG:-} ]] || part=1
    echo $((($1 + part - 1) / part))
}

# clock_in FILE: what is started from here on has a time of day ahead by the seconds in FILE, which may change. Not under
# the sanitizers, which want to be loaded first.
clock_in() {
    [[ -z ${TRTC_SAN:-} ]] || return 0
    LD_PRELOAD=$(command -v setclock.so)
    CLOCK_SET=$PWD/$1
    echo 0 >"$1"
    export LD_PRELOAD CLOCK_SET
}

# need_strace: the sanitizers' leak check cannot run under ptrace.
need_strace() {
    [[ -z ${TRTC_SAN:-} ]] || skip 'not under the sanitizers'
    command -v strace >/dev/null || skip 'no strace'
    strace -o /dev/null true 2>/dev/null || skip 'strace may not trace here'
}

# figure TEXT...: a line of the TAP output.
figure() {
    echo "# $BATS_TEST_DESCRIPTION: $*" >&3
}

# ---- programs that run beside the test ----

# waited COMMAND...: whether it succeeds within half a minute; how often it is tried is no matter.
waited() {
    local limit=$((SECONDS + 30))
    until "$@" 2>/dev/null; do
        ((SECONDS < limit)) || return 1
        sleep 0.05
    done
}

# waited_on FILE COMMAND...: the same of a command that reads this file, and costs more than a look at it: tried whenever the
# file has changed.
waited_on() {
    local limit=$((SECONDS + 30)) now was=none
    while :; do
        now=$(stat -c '%i %s %.9Y' "$1" 2>/dev/null) || true
        if [[ $now != "$was" ]]; then
            was=$now
            ! "${@:2}" 2>/dev/null || return 0
        fi
        ((SECONDS < limit)) || return 1
        sleep 0.05
    done
}

# eventually COMMAND...: it succeeds; waits for that.
eventually() {
    waited "$@" || fail "never: $*"
}

# told_of TEXT [FILE]: the file (told) has it; waits for that.
told_of() {
    waited grep -qF -- "$1" "${2:-told}" || fail "no '$1': $(cat "${2:-told}")"
}

# has_ended PID: this child has; waits for that.
has_ended() {
    waited process_gone "$1"
}

process_gone() { ! kill -0 "$1"; }

# listens FILE PID [LINES]: the process says in the file, behind so many lines, where it listens: $url. Waits for that.
listens() {
    url=
    waited listens_or_ended "$@" && [[ $url ]] || fail "$1: nobody listens: $(cat "$1")"
}

listens_or_ended() {
    url=$(tail -n +$((${3:-0} + 1)) "$1" | sed -n 's/.*listening on \(.*[^/]\)\/*$/\1/p')
    [[ $url ]] || ! kill -0 "$2"
}

# free_port: one on loopback where nobody listens.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# end_all [-SIGNAL] PID...: kills them, and waits for their end. One that has ended already is left alone: its number may
# be that of another program by now, which has nothing to do with this test.
end_all() {
    local signal=-KILL pid self=$BASHPID children
    [[ ${1:-} != -* ]] || { signal=$1 && shift; }
    (($#)) || return 0
    children=$'\n'$(pgrep -P "$self")$'\n'
    for pid; do
        [[ $children != *$'\n'$pid$'\n'* ]] || kill "$signal" "$pid" 2>/dev/null || true
    done
    wait "$@" 2>/dev/null || true
}

# ---- recordings ----

export stem=1400000001_3560__UserId_s_MTAwMDE.__UserId_e_main
export first=MTAwMDE._20260101000000495_av.mp4

# mk DIR OPTION...: a small recording of repeated pictures; users are given as --user.
mk() {
    local dir=$1
    shift
    mkrec --loop --bitrate 40000 "$@" "$dir"
}

# user KEYS...: the --user value of a small picture; $user_keys are those of a whole file (sound at 16 kHz is
# made and heard in a third of the time).
user() {
    local IFS=,
    echo "size=160x90${user_keys:+,$user_keys}${*:+,$*}"
}

# have NAME: a copy of the file's recording NAME as ./NAME (or as ./$2).
have() {
    rm -rf "${2:-$1}"
    cp -r "$BATS_FILE_TMPDIR/$1" "${2:-$1}"
}

# segment DIR KIND N: path of the Nth (0...) segment of 10001's main stream.
segment() {
    find "$1" -name "$stem"_"$2"'_*.ts' | sort | sed -n "$(($3 + 1))p"
}

# tree DIR: names, sizes, times and sums of all that is there.
tree() {
    (cd "$1" && find . -type f ! -name '*.mp4' ! -name '*.m4a' -printf '%p %s %T@ %i\n' -exec md5sum {} + | sort)
}

# small_disk DIR SIZE: a file system of that size; a file that uses it has no_disks in its teardown.
small_disk() {
    mkdir -p "$1"
    mount -t tmpfs -o "size=$2" none "$1" 2>/dev/null || skip 'no tmpfs can be mounted here'
}

no_disks() {
    local d
    for d in "$BATS_TEST_TMPDIR"/*/; do
        ! mountpoint -q "$d" || umount "$d"
    done
}

# ---- the program ----

# expect STATUS COMMAND...: stdout goes to ./out, stderr to ./err.
expect() {
    local want=$1 status=0
    shift
    "$@" >out 2>err </dev/null || status=$?
    [[ $status -eq $want ]] || fail "exit status $status, not $want: $*"
}

# merge STATUS OPTION...
merge() {
    expect "$1" trtc-merge "${@:2}"
}

# quiet: nothing was said.
quiet() {
    [[ ! -s err ]] || fail "something on stderr"
}

# said TEXT: a line on stderr holds it.
said() {
    grep -qF -- "$1" err || fail "no '$1' on stderr"
}

# unsaid TEXT: none does.
unsaid() {
    ! grep -qF -- "$1" err || fail "'$1' on stderr"
}

# made FILE...: stdout names exactly these (in any order), and each plays.
made() {
    diff <(printf '%s\n' "$@" | sort) <(sort out) || fail "not these paths"
    plays "$@"
}

# no_leftovers DIR: nothing half-written lies about.
no_leftovers() {
    local f
    f=$(find "$1" -name '*.part' -o -name '*.partial.*')
    [[ -z $f ]] || fail "left over: $f"
}

# ---- witnesses ----

# look FILE [--strict]: its streams, its markers (also in marks.txt) and their summary, as marks finds them, once a file;
# FFmpeg's libraries must not complain of it: of its header, or, with --strict, of anything in it.
look() {
    local at line
    at=$BATS_TEST_TMPDIR.looks/$(stat -c %.9Y.%i "$1")
    [[ ${looked:-} != "$at" || -n ${2:-} ]] || return 0
    if [[ ! -s $at || (${2:-} && ! -e $at.strict) ]]; then
        mkdir -p "${at%/*}"
        marks -s --streams ${2:+"$2"} "$1" >"$at.new" 2>plays.txt || fail "$1: marks: $(head -n 5 plays.txt)"
        [[ ! -s plays.txt ]] || fail "$1: $(head -n 5 plays.txt)"
        mv "$at.new" "$at"
        [[ -z ${2:-} ]] || : >"$at.strict"
    fi
    streams=() markers=() summary=
    while IFS= read -r line; do
        case $line in
        stream*) streams+=("$line") ;;
        summary*) summary=$line ;;
        *) markers+=("$line") ;;
        esac
    done <"$at"
    printf '%s\n' "${markers[@]}" "$summary" >marks.txt
    looked=$at
}

# plays FILE...: FFmpeg's libraries decode all of it, and have nothing to complain of; in the long tests its programs, too.
plays() {
    local f
    for f; do
        [[ -s $f ]] || fail "$f: not there, or empty"
        look "$f" --strict
    done
    [[ -z ${TRTC_LONG:-} ]] || played "$@"
}

# played FILE...: FFmpeg's program has nothing to complain of. Where pictures are few, it guesses a rate that has no room for
# all times: then $muxer is one that allows for that.
played() {
    local f in=() map=()
    for f; do in+=(-i "$f"); done
    for ((f = 0; f < $#; f++)); do map+=(-map "$f"); done
    ffmpeg -nostdin -v warning -threads 1 "${in[@]}" "${map[@]}" -f "${muxer:-null}" -y /dev/null >plays.txt 2>&1 || fail "$*: $(cat plays.txt)"
    [[ ! -s plays.txt ]] || fail "$*: $(head -n 5 plays.txt)"
}

# field FILE STREAM FIELD: what the file says of its picture (STREAM: v) or sound (a), by ffprobe's names.
field() {
    local s type=audio
    look "$1"
    [[ $2 != v ]] || type=video
    for s in "${streams[@]}"; do
        [[ $s != *$'\t'codec_type=$type$'\t'* || ! $s =~ $'\t'"$3="([^$'\t']*) ]] || echo "${BASH_REMATCH[1]}"
    done
}

# frames FILE: pictures in it.
frames() {
    field "$1" v nb_frames
}

# near A B TOLERANCE
near() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { exit !(a != "" && a - b <= t && b - a <= t) }' || fail "$1 is not $2 +- $3 (${4:-})"
}

# value FILE KEY: from marks' summary.
value() {
    look "$1"
    [[ ! $summary =~ $'\t'"$2="([^$'\t']*) ]] || echo "${BASH_REMATCH[1]}"
}

# synced FILE MARKERS [MS]: so many flashes with their beeps, at most MS (40) apart, and as many pictures
# decoded as there are in the file.
synced() {
    look "$1"
    [[ $(value "$1" markers) == "$2" && $(value "$1" missing) == 0 ]] || fail "$1: not $2 markers: $(cat marks.txt)"
    [[ $(value "$1" frames) == "$(frames "$1")" ]] || fail "$1: of $(frames "$1") pictures not all are shown: $(cat marks.txt)"
    awk -v max="$(value "$1" max_ms)" -v limit="${3:-40}" 'BEGIN { exit !(max <= limit) }' || fail "$1: $(cat marks.txt)"
}

# lasts FILE SECONDS [TOLERANCE]: in picture and in sound, to one picture of 15 a second.
lasts() {
    near "$(field "$1" v duration)" "$2" "${3:-0.07}" "$1: picture"
    near "$(field "$1" a duration)" "$2" "${3:-0.07}" "$1: sound"
}

# at FILE SECONDS...: markers are at these container times, to 3 ms.
at() {
    local file=$1 flashes
    shift
    look "$file"
    flashes=$(printf '%s\n' "${markers[@]%%$'\t'*}")
    paste <(echo "$flashes") <(printf '%s\n' "$@") |
        awk -v t=0.003 '{ d = $1 - $2; if (NF != 2 || d > t || d < -t) { print "flash at", $1, "not", $2; bad = 1 } } END { exit bad }' ||
        fail "$file: ${flashes//$'\n'/ }"
}

# mark FILE N FIELD: of the Nth marker (1...): 1 flash, 2 beep (s), 3 how far apart (ms).
mark() {
    local parts
    look "$1"
    IFS=$'\t' read -ra parts <<<"${markers[$2 - 1]-}"
    echo "${parts[$3 - 1]-}"
}

# with_empty_edits IN OUT: the last entry of the first edit list is empty, as others before it may be: it shows nothing.
with_empty_edits() {
    local at
    at=$(grep -abo elst "$1" | head -n 1 | cut -d : -f 1)
    cp --remove-destination "$1" "$2"
    at=$((at + 4 + 12 * $(od -An -t u1 -j $((at + 11)) -N 1 "$1")))
    printf ffffffff | xxd -r -p | dd of="$2" bs=1 seek=$at conv=notrunc status=none
}

# with_edits FILE OUT MS,TICK[,RATE] MS,TICK[,RATE]: another edit list in place of the last one, which has two
# entries: for so long from there in the track (-1: nothing), at this speed in 1/65536.
with_edits() {
    local at e part
    at=$(($(grep -abo elst "$1" | tail -n 1 | cut -d : -f 1) + 12))
    cp --remove-destination "$1" "$2"
    for e in "$3" "$4"; do
        IFS=, read -ra part <<<"$e"
        printf '%08x%08x%08x' "${part[0]}" $((part[1] & 0xffffffff)) "${part[2]-65536}"
    done | xxd -r -p | dd of="$2" bs=1 seek=$at conv=notrunc status=none
}

# put_u32 FILE AT N
put_u32() {
    printf %08x "$3" | xxd -r -p | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# with_other_codec IN OUT: the last chunks of the first track, in a file with its index at the end, are said to be of another codec.
with_other_codec() {
    local box at size
    cp --remove-destination "$1" "$2"
    for box in moov trak mdia minf stbl stsd; do
        at=$(grep -abo $box "$1" | head -n 1 | cut -d : -f 1)
        size=$((16#$(xxd -p -s $((at - 4)) -l 4 "$1")))
        put_u32 "$2" $((at - 4)) $((size + 86))
    done
    put_u32 "$2" $((at + 8)) 2
    size=$((at - 4 + size)) # here the second description belongs
    at=$(grep -abo stsc "$1" | head -n 1 | cut -d : -f 1)
    put_u32 "$2" $((at + 8 + 12 * 16#$(xxd -p -s $((at + 8)) -l 4 "$1"))) 2
    { head -c $size "$2" && printf 0000005668766331 | xxd -r -p && head -c 78 /dev/zero && tail -c +$((size + 1)) "$2"; } >both
    mv both "$2"
}

# with_matrix A B C D IN OUT: another display matrix.
with_matrix() {
    local at
    at=$(($(grep -abo tkhd "$5" | head -n 1 | cut -d : -f 1) + 44))
    cp --remove-destination "$5" "$6"
    printf '%08x%08x00000000%08x%08x00000000' $((($1 << 16) & 0xffffffff)) $((($2 << 16) & 0xffffffff)) \
        $((($3 << 16) & 0xffffffff)) $((($4 << 16) & 0xffffffff)) | xxd -r -p | dd of="$6" bs=1 seek=$at conv=notrunc status=none
}
