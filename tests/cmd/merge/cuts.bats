#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge and transport streams as tools leave them: cut anywhere, with other packet sizes, other bytes in front,
# tables that stand once. What one file has, the files that it was cut into have as well.

load ../../lib

setup_file() {
    files_begin
    mk rec --length 30 --user "$(user rate=48000)" --mixed
    cd rec && trtc-merge -q -f . && mv ./*.mp4 ../whole.mp4
}

setup() {
    test_begin
    have rec
    whole=$BATS_FILE_TMPDIR/whole.mp4
}

mixed=1400000001_3560_20260101000000495_av.mp4
list=rec/1400000001_3560.m3u8

# nth N: path of the Nth (0...) segment.
nth() {
    find rec -name '*.ts' | sort | sed -n "$(($1 + 1))p"
}

# said_size FILE: its playlist says the size that it has.
say_size() {
    local ms size
    size=$(stat -c %s "$1")
    ms=$(grep -B2 "${1##*/}" $list | sed -n 's/^#EXT-X-TRTC-FILE-ATTR:\(.*\),.*/\1/p')
    sed -i "s/^#EXT-X-TRTC-FILE-ATTR:$ms,.*/#EXT-X-TRTC-FILE-ATTR:$ms,$size/" $list
}

# cut_at FILE BYTES [TABLES]: what stands behind so many bytes becomes a segment of its own, with TABLES in front.
cut_at() {
    local file=$1 ms dur at next
    ms=$(grep -B2 "${file##*/}" $list | sed -n 's/^#EXT-X-TRTC-FILE-ATTR:\(.*\),.*/\1/p')
    dur=$(grep -B2 "${file##*/}" $list | sed -n 's/^#EXTINF:\(.*\),.*/\1/p')
    at=$(ffprobe -v error -show_entries packet=pts_time,pos -of csv=p=0 "$file" |
        awk -F, -v cut="$2" -v dur="$dur" '
            $2 !~ /^[0-9]/ { next }
            !n++ || $1 < first { first = $1 }
            $2 >= cut && (!m++ || $1 < behind) { behind = $1 }
            END { printf "%d", (m ? behind - first : dur) * 1000 - !m }')
    next=rec/1400000001_3560_$(date -u -d "@$(((ms + at) / 1000))" +%Y%m%d%H%M%S)$(printf %03d $(((ms + at) % 1000))).ts
    { cat ${3:+"$3"}; tail -c +$(($2 + 1)) "$file"; } >"$next" </dev/null
    truncate -s "$2" "$file"
    awk -v name="${file##*/}" -v more="${next##*/}" -v at="$at" -v ms="$((ms + at))" -v dur="$dur" '
        /^#EXTINF/ { extinf = $0; next }
        $0 == name {
            printf "#EXTINF:%.3f,\n%s\n#EXT-X-TRTC-FILE-ATTR:%s,0\n#EXTINF:%.3f,\n%s\n", at / 1000, name, ms, dur - at / 1000, more
            extinf = ""; next
        }
        { if (extinf) print extinf; extinf = ""; print }
    ' $list >list.new
    mv list.new $list
    say_size "$file"
    say_size "$next"
}

# packets FILE: of each track every packet, with its time in ms and its sum.
packets() {
    local k
    for k in v a; do
        ffprobe -v error -select_streams $k -show_entries packet=pts_time,data_hash -show_data_hash md5 -of csv "$1" |
            awk -F, '{ printf "%d %s\n", $2 * 1000 + 0.5, $3 }'
    done
}

# same: the merged file is, packet by packet, what it is when nothing was cut.
same() {
    quiet
    paste <(packets "$whole") <(packets rec/$mixed) |
        awk '$2 != $4 || $3 - $1 > 5 || $1 - $3 > 5 { print NR ": " $0; bad = 1 } END { exit bad }' >differ ||
        fail "not the same packets: $(wc -l <differ), $(head -3 differ)"
}

@test "a picture and a frame of sound that continue in the next segment are complete" {
    local k file tables
    file=$(nth 1)
    head -c $((2 * 188)) "$file" >tables
    for k in 3 40 111 $((RANDOM % 400 + 50)); do
        for tables in '' tables; do
            have rec
            cut_at "$file" $((k * 188)) $tables
            merge 0 -f rec
            same || fail "cut behind $k packets ${tables:+with tables}"
        done
    done
}

@test "the same over many segments, and across a packet that was cut" {
    local k
    for k in 400 300 203 140 61; do
        cut_at "$(nth 1)" $((k * 188))
    done
    cut_at "$(nth 0)" $((100 * 188 + 77))
    merge 0 -f rec
    same
}

@test "a segment without tables that goes on from the one before, and is named too early: nothing is missing" {
    local file cut=$((150 * 188)) size at next
    file=$(nth 0)
    find rec -type f ! -path "$file" -delete
    at=$(ffprobe -v error -select_streams v -show_entries packet=pts_time,pos -of csv=p=0 "$file" |
        awk -F, -v cut=$cut '!n++ { first = $1 } $2 >= cut { printf "%d", ($1 - first) * 1000 - 130; exit }')
    next=rec/1400000001_3560_202601010000$(printf %05d $((495 + at))).ts
    size=$(stat -c %s "$file")
    tail -c +$((cut + 1)) "$file" >"$next"
    truncate -s $cut "$file"
    printf '%s\n' '#EXTM3U' '#EXT-X-VERSION:3' '#EXT-X-TARGETDURATION:10' \
        "#EXTINF:$((at / 1000)).$(printf %03d $((at % 1000)))," "${file##*/}" \
        "#EXTINF:$(((10000 - at) / 1000)).$(printf %03d $(((10000 - at) % 1000)))," "${next##*/}" '#EXT-X-ENDLIST' >$list
    merge 0 -f rec
    quiet
    # their sizes say the same
    sed -i "\\|^${next##*/}|i #EXT-X-TRTC-FILE-ATTR:$((1767225600495 + at)),$((size - cut))" $list
    sed -i "\\|^${file##*/}|i #EXT-X-TRTC-FILE-ATTR:1767225600495,$cut" $list
    merge 0 --force -f rec
    quiet
}

# rewrap_all OPTION...: rewrites every segment (rewrap.c).
rewrap_all() {
    local file
    for file in rec/*.ts; do
        rewrap "$@" <"$file" >new.ts
        mv new.ts "$file"
        say_size "$file"
    done
}

@test "packets of other sizes, bytes before the first packet, tables that are late or appear once" {
    local how
    for how in lead=4 tail=16 tail=20 front=1 front=700 'front=95 lead=4' rtp=7 rtp=1 tables=late tables=turned 'tables=late lead=4'; do
        have rec
        # shellcheck disable=SC2086
        rewrap_all $how
        merge 0 -f rec
        same || fail "$how"
    done
    have rec
    for how in rec/*.ts; do
        printf '\r\n' >>"$how" # as tools that know only text leave it
        say_size "$how"
    done
    merge 0 -f rec
    same || fail 'a line end behind the last packet'
    have rec
    cp "$(nth 0)" first.ts
    rewrap_all tables=none
    cp first.ts "$(nth 0)"
    say_size "$(nth 0)"
    merge 0 -f rec
    same || fail 'tables in the first segment only'
    have rec
    rewrap_all tables=none
    merge 65 -f rec
}

@test "pictures a second apart that precede their sound, with a cut between them" {
    local k file=rec/1400000001_3560_20260101000000495.ts
    rm -rf rec
    mkdir rec
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x36:r=1:d=4 -f lavfi -i sine=d=4:r=48000 -c:v libx264 \
        -preset ultrafast -g 2 -c:a aac -f mpegts $file
    printf '#EXTM3U\n#EXT-X-TRTC-START-REC-TIME:1767225600495\n#EXT-X-TRTC-FILE-ATTR:1767225600495,%d\n#EXTINF:4.000,\n%s\n#EXT-X-ENDLIST\n' \
        "$(stat -c %s $file)" "${file##*/}" >$list
    cp -r rec uncut
    merge 0 -f rec
    mv rec/$mixed whole.mp4
    whole=whole.mp4
    for k in $(ffprobe -v error -select_streams v -show_entries packet=pos -of csv=p=0 uncut/${file##*/} | tail -n +2); do
        rm -rf rec
        cp -r uncut rec
        cut_at $file $((${k%,} + 188))
        merge 0 -f rec
        same || fail "cut behind byte $k"
    done
}

@test "segments that FFmpeg cut where pictures are shown late: no picture is lost, whatever their lengths say" {
    local file name at list=late/1400000001_3560.m3u8 size
    mkdir late
    ffmpeg -v error -f lavfi -i testsrc2=s=64x36:r=10:d=6 -f lavfi -i sine=d=6 -c:v libx264 -preset ultrafast \
        -x264-params bframes=3:b-adapt=0:keyint=20:min-keyint=20 -c:a aac -f segment -segment_time 2 -break_non_keyframes 1 \
        -segment_format mpegts -muxdelay 0 -segment_list late/l.csv late/%d.ts
    echo '#EXTM3U' >$list
    while IFS=, read -r file start end; do
        at=$(ffprobe -v error -show_entries packet=pts_time -of csv=p=0 late/"$file" |
            awk -F, '$1 ~ /^[0-9]/ && (!n++ || $1 < first) { first = $1 } END { printf "%d", first * 1000 }')
        name=1400000001_3560_2026010100000$((at / 1000))$(printf %03d $((at % 1000))).ts
        mv late/"$file" late/"$name"
        size=$(stat -c %s late/"$name")
        printf '#EXT-X-TRTC-FILE-ATTR:%d,%d\n#EXTINF:%s,\n%s\n' $((1767225600000 + at)) "$size" \
            "$(awk "BEGIN { print $end - $start }")" "$name" >>$list
    done <late/l.csv
    echo '#EXT-X-ENDLIST' >>$list
    merge 0 -f late
    quiet
    [ "$(field late/*.mp4 v nb_frames)" -eq 60 ] || fail "$(field late/*.mp4 v nb_frames) pictures"
}
