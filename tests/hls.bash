# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of trtc-hls share: pictures with sound to cut, the program, and a strict reader of playlists.

export cam=$BATS_FILE_TMPDIR/cam.ts marked=$BATS_FILE_TMPDIR/marked.ts
as=()

# unprivileged: from here on, expect_unread runs the program as nobody.
unprivileged() {
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
}

# film SECONDS OPTION... FILE: 15 small pictures a second, and a tone; the options are of the encoders.
film() {
    ffmpeg -nostdin -v error -y -f lavfi -i "testsrc2=s=160x90:r=15:d=$1" -f lavfi -i "sine=r=16000:d=$1" \
        -c:v libx264 -preset ultrafast -threads 1 -c:a aac -b:a 32k "${@:2}"
}

# hls STATUS OPTION... INPUT: at a known time, not waiting for the disk.
hls() {
    expect "$1" trtc-hls -A 1400000001 -R 3560 -S 1767225600495 --no-sync "${@:2}"
}

# expect_unread STATUS OPTION...: ends while its standard input, from which nothing comes, is still open.
expect_unread() {
    local status=0
    # shellcheck disable=SC2094 # a FIFO held open for both never ends
    rm -f never
    mkfifo never
    timeout 5 "${as[@]}" trtc-hls -A 1400000001 -R 3560 "${@:2}" <>never >out 2>err || status=$?
    [[ $status -eq $1 && ! -s out ]] || fail "exit status $status, not $1: $*"
}

# listed STEM...: these playlists and at least one segment of each were printed, and are there.
listed() {
    local s f
    for s; do
        grep -qxF -- "$s.m3u8" out || fail "no $s.m3u8"
        for f in "$s".m3u8 "${s}"_[0-9]*.ts; do
            [[ -s $f ]] || fail "no $f"
            grep -qxF -- "$f" out || fail "$f was not printed"
        done
    done
}

# us SECONDS: of an EXTINF, as an integer.
us() {
    local whole=${1%%.*} part=${1#"${1%%.*}"}
    part=${part#.}000000
    echo $((10#$whole * 1000000 + 10#${part:0:6}))
}

# strict PLAYLIST [live|torn]: it is what RFC 8216 and its own tags promise: no tag twice, each segment there with
# the size and at the time told, one beginning where the one before ended, nothing longer than the target
# duration. Live: it may still grow. Torn: and what could not be written is missing.
strict() {
    local list=$1 live=${2:-} line target='' dir=${1%/*} start='' size='' dur='' next='' name utc ended=0 nb=0
    local -A seen=() sizes=()
    local -a lines=()
    mapfile -t lines <"$list" # before the sizes are taken: segments are there first
    while read -r size name; do sizes[$name]=$size; done < <(find "$dir" -maxdepth 1 -name '*.ts' -printf '%s %f\n')
    name='' size=''
    for line in "${lines[@]}"; do
        ((!ended)) || fail "$list: more behind ENDLIST: $line"
        case $line in
        '#EXTM3U') [[ ! ${seen[*]} ]] || fail "$list: not in front: $line" ;;
        '#EXT-X-VERSION:3' | '#EXT-X-MEDIA-SEQUENCE:0' | '#EXT-X-ALLOW-CACHE:NO') ;;
        '#EXT-X-TARGETDURATION:'*) target=${line#*:} ;;
        '#EXT-X-TRTC-START-REC-TIME:'*) next=${line#*:}000 ;;
        '#EXT-X-TRTC-FILE-ATTR:'*)
            IFS=, read -r start size <<<"${line#*:}"
            continue
            ;;
        '#EXT-X-DISCONTINUITY') continue ;;
        '#EXT-X-TRTC-'*) ;;
        '#EXTINF:'*)
            [[ $line =~ ^#EXTINF:([0-9]+(\.[0-9]+)?),$ ]] || fail "$list: $line"
            dur=$(us "${BASH_REMATCH[1]}")
            (((dur + 500000) / 1000000 <= target)) || fail "$list: longer than $target s: $line"
            continue
            ;;
        '#EXT-X-ENDLIST') ended=1 ;;
        '#'* | '') fail "$list: unknown: '$line'" ;;
        *)
            name=${line##*/}
            [[ $name == "$line" && $dur && $start && $size ]] || fail "$list: no EXTINF or FILE-ATTR before $line"
            [[ ${sizes[$name]:-} == "$size" ]] || fail "$list: $line: not there with $size bytes"
            ((size > 0 && size % 188 == 0)) || fail "$list: $size bytes are no whole packets"
            printf -v utc '%(%Y%m%d%H%M%S)T%03d' $((start / 1000)) $((start % 1000))
            [[ $name == *_$utc.ts ]] || fail "$list: $line begins at $utc"
            ((next - start * 1000 <= 1000)) && { [[ $live == torn ]] || ((start * 1000 - next <= 1000)); } || fail "$list: $line begins $start, not $next us"
            next=$((start * 1000 + dur))
            start='' size='' dur='' nb=$((nb + 1))
            [[ ! ${seen[$line]:-} ]] || fail "$list: twice: $line"
            ;;
        esac
        [[ ! ${seen[${line%%:*}]:-} ]] || [[ $line == '#EXT-X-TRTC-VIDEO-METADATA:'* ]] || fail "$list: twice: $line"
        seen[${line%%:*}]=1
    done
    [[ $live ]] || ((ended)) || fail "$list: no ENDLIST"
    [[ ! $dur && ! $start ]] || fail "$list: a segment without a name"
    ((nb)) || fail "$list: no segments"
    [[ ${seen['#EXTM3U']:-}${seen['#EXT-X-VERSION']:-}${seen['#EXT-X-MEDIA-SEQUENCE']:-} == 111 ]] || fail "$list: header"
    [[ $live ]] || [[ -z $(find "$dir" -name '.*' -type f) ]] || fail "hidden files: $(find "$dir" -name '.*')"
}
