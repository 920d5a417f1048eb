#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls and the samples: each of the input's is in exactly one segment, whatever the container, the codec,
# the clock and the way it arrives; and trtc-merge makes of the recording what the input was.

load ../../lib
load ../../hls

setup_file() {
    files_begin
    films
    export user_keys=rate=16000
    mkrec --av-merge --loop --segment 60 --bitrate 40000 --length 30 --user "$(user)" made
    cp made/*.ts marked.ts
}

setup() {
    test_begin
}

# films: cam.ts, and for part, in one run, stretches of a stream whose clocks begin at various times, to follow each other.
films() {
    local p all=()
    for p in 3@10 3@13 6@13 4@10 4@14 4@100 4@124 4@3600 4@7200 4@10800; do
        all+=(-t "${p%@*}" -c:v libx264 -preset ultrafast -threads 1 -g 15 -bf 2 -c:a aac -b:a 32k -muxdelay 0
            -output_ts_offset "${p#*@}" -mpegts_flags +initial_discontinuity "$p.ts")
    done
    film 9 -bf 2 -x264-params keyint=15:min-keyint=15:bframes=2:b-adapt=0:scenecut=0 cam.ts "${all[@]}"
}

# part SECONDS@OFFSET FILE: one of these.
part() {
    cp "$BATS_FILE_TMPDIR/$1.ts" "$2"
}

# samples (PICTURES SOUNDS NAME)...: what each picture of one file decodes to, and each frame of sound of the other
# is, in order, in NAME.pictures and NAME.sounds.
samples() {
    local kind name n=0 in=() out=() names=()
    while (($#)); do
        in+=(-threads 1 -i "$1" -threads 1 -i "$2")
        out+=(-map "$((n++)):v" -fps_mode passthrough -f framecrc "$3.pictures.crc"
            -map "$((n++)):a" -c copy -bsf:a aac_adtstoasc -f framecrc "$3.sounds.crc")
        names+=("$3")
        shift 3
    done
    ffmpeg -nostdin -v error -y "${in[@]}" "${out[@]}"
    for name in "${names[@]}"; do
        for kind in pictures sounds; do
            sed '/^#/d' "$name.$kind.crc" | cut -d , -f 5,6 >"$name.$kind"
        done
    done
}

# segments PLAYLIST: their paths, in its order.
segments() {
    sed "/^#/d; s|^|${1%/*}/|" "$1"
}

# one_behind_the_other DIR: the playlists are right, and their segments one stream each: $pictures and $sounds are the files.
one_behind_the_other() {
    local list kind
    pictures='' sounds=''
    for list in "$1"/*.m3u8; do
        strict "$list"
        mapfile -t seg < <(segments "$list")
        [[ $(find "$1" -name "$(basename "$list" .m3u8)_[0-9]*.ts" | wc -l) -eq ${#seg[@]} ]] || fail "$list: not all are listed"
        kind=$1.both.bin
        case $list in *_audio.m3u8) kind=$1.sounds.bin ;; *_video.m3u8) [[ ! -e ${list/_video/_audio} ]] || kind=$1.pictures.bin ;; esac
        cat "${seg[@]}" >"$kind"
        [[ $kind == *.sounds.bin ]] || pictures+=$kind
        [[ $kind == *.pictures.bin ]] || sounds+=$kind
    done
    [[ -s $pictures && -s $sounds ]] || fail "$1: not all kinds"
}

# whole INPUT DIR...: all of INPUT's samples are in the segments of each DIR, once, and the playlists are right.
whole() {
    local dir kind want all=()
    want=want.${1//\//%}
    [[ $1 != "$cam" ]] || want=$BATS_FILE_TMPDIR/want.cam
    [[ -s $want.sounds ]] || all=("$1" "$1" "$want")
    for dir in "${@:2}"; do
        one_behind_the_other "$dir"
        all+=("$pictures" "$sounds" "$dir.seen")
    done
    samples "${all[@]}"
    for kind in pictures sounds; do
        [[ $(wc -l <"$want.$kind") -gt 3 ]] || fail "$1: no $kind"
        for dir in "${@:2}"; do
            cmp "$want.$kind" "$dir.seen.$kind" || fail "$dir: $kind: of $(wc -l <"$want.$kind") there are $(wc -l <"$dir.seen.$kind")"
        done
    done
}

# each_way INPUT: in the three modes.
each_way() {
    hls 0 -d single -u 10001 -t 2 "$1"
    hls 0 -d merged -u 10001 -t 2 --av-merge "$1"
    hls 0 -d mixed -t 2 "$1"
    whole "$1" single merged mixed
}

@test "B-frames, from TS" {
    each_way "$cam"
}

@test "open groups of pictures: a segment begins at the key frame; the pictures shown before it stay with it" {
    film 6 -x264-params keyint=15:min-keyint=15:bframes=3:b-adapt=0:scenecut=0:open-gop=1 open.ts
    hls 0 -d o -u 10001 -t 2 open.ts
    whole open.ts o
}

@test "H.265" {
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=15:d=5 -f lavfi -i sine=r=16000:d=5 -c:v libx265 -preset ultrafast \
        -x265-params keyint=15:min-keyint=15:bframes=2:b-adapt=0:log-level=none:pools=1 -c:a aac -b:a 32k hevc.ts
    hls 0 -d o -u 10001 -t 2 hevc.ts
    whole hevc.ts o
    grep -q 'Codec:173$' o/*video.m3u8
}

@test "the 33-bit clock wraps in the middle" {
    ffmpeg -nostdin -v error -i "$cam" -c copy -muxdelay 0 -output_ts_offset 95440 wrap.ts
    hls 0 -d o -u 10001 -t 2 wrap.ts
    cmp <(segments o/*video.m3u8 | wc -l) <(echo 5)
    hls 0 -d merged -u 10001 -t 2 --av-merge wrap.ts
    whole wrap.ts o merged
}

@test "MP4, Matroska and FLV, as files and in a pipe" {
    local c
    for c in mp4 mkv flv; do
        ffmpeg -nostdin -v error -i "$cam" -c copy -bsf:a aac_adtstoasc in.$c
        hls 0 -d $c -u 10001 -t 2 in.$c
        [[ $c == mp4 ]] && continue
        trtc-hls -A 1400000001 -R 3560 -u 10001 -t 2 -d pipe-$c --no-sync - <in.$c >out 2>err
    done
    ffmpeg -nostdin -v error -i in.mp4 -c copy -movflags frag_keyframe+empty_moov frag.mp4
    trtc-hls -A 1400000001 -R 3560 -u 10001 -t 2 -d frag --no-sync <frag.mp4 >out 2>err
    whole "$cam" mp4 mkv pipe-mkv flv pipe-flv frag
}

@test "bare H.264, bare AAC" {
    film 5 -g 15 -bf 0 both.ts
    ffmpeg -nostdin -v error -i both.ts -map 0:v -c copy bare.h264 -map 0:a -c copy bare.aac
    samples bare.h264 bare.aac want
    hls 0 -d v -u 10001 -t 2 bare.h264
    strict v/${stem}_video.m3u8
    mapfile -t seg < <(segments v/${stem}_video.m3u8)
    cat "${seg[@]}" >v.ts
    hls 0 -d a -u 10001 -t 2 bare.aac
    strict a/${stem}_audio.m3u8
    mapfile -t seg < <(segments a/${stem}_audio.m3u8)
    cat "${seg[@]}" >a.ts
    samples v.ts a.ts seen
    [[ $(wc -l <want.pictures) -eq 75 && $(wc -l <want.sounds) -gt 70 ]] || fail "not all of it"
    cmp want.pictures seen.pictures || fail "other pictures"
    cmp want.sounds seen.sounds || fail "another sound"
    [[ $(find v a -name '*.m3u8' | wc -l) -eq 2 ]] || fail "playlists of what is not there"
}

@test "standard input in small writes gives the same recording as the file" {
    hls 0 -d file -t 2 "$cam"
    dd if="$cam" bs=61 status=none | trtc-hls -A 1400000001 -R 3560 -S 1767225600495 -t 2 -d pipe >out 2>err
    diff -r file pipe || fail "not the same"
    quiet
}

@test "Opus and MP3 are encoded to AAC, of the same length; a note says so" {
    local c
    for c in libopus libmp3lame; do
        ffmpeg -nostdin -v error -f lavfi -i "sine=r=48000:d=7" -c:a $c -b:a 48k in.mkv
        hls 0 -d $c -u 10001 -t 2 in.mkv
        said AAC
        strict $c/${stem}_audio.m3u8
        near "$(sed -n 's/#EXTINF:\(.*\),/\1/p' $c/*.m3u8 | awk '{s += $1} END {print s}')" 7 0.08 $c
        mapfile -t seg < <(segments $c/${stem}_audio.m3u8)
        [[ $(cat "${seg[@]}" | ffprobe -v error -show_entries stream=codec_name -of csv=p=0 - | sort -u | xargs) == aac ]]
        rm in.mkv
    done
}

@test "AC-3, E-AC-3, MP2, DTS and LATM in TS: encoded to the last sample" {
    local c samples
    ffmpeg -nostdin -v error -f lavfi -i "sine=r=48000:d=5" -c:a ac3 -b:a 96k ac3.ts -c:a eac3 -b:a 96k eac3.ts -c:a mp2 -b:a 96k mp2.ts \
        -c:a dca -strict -2 -b:a 384k dts.ts -c:a aac -b:a 96k -mpegts_flags +latm latm.ts
    ffmpeg -nostdin -v error -i ac3.ts -i eac3.ts -i mp2.ts -i dts.ts -i latm.ts -map 0 -f s16le -ac 1 ac3 -map 1 -f s16le -ac 1 eac3 \
        -map 2 -f s16le -ac 1 mp2 -map 3 -f s16le -ac 1 dts -map 4 -f s16le -ac 1 latm
    for c in ac3 eac3 mp2 dts latm; do
        samples=$(stat -c %s $c)
        hls 0 -d o-$c -u 10001 -t 2 $c.ts
        said "$c.ts: the sound is ${c/latm/aac_latm}, not AAC"
        strict o-$c/${stem}_audio.m3u8
        sed -n 's/#EXTINF:\(.*\),/\1/p' o-$c/*.m3u8 | awk -v want="$samples" '{ s += $1 } END { exit !(s * 96000 > want - 96 && s * 96000 < want + 2112) }' ||
            fail "$c: $samples bytes of samples in $(sed -n 's/#EXTINF:\(.*\),/\1/p' o-$c/*.m3u8 | xargs) s"
    done
}

@test "the sound's rate and channels change in mid-stream: a segment with a discontinuity begins, nothing is missing" {
    local aac=(-c:a aac -b:a 32k -muxdelay 0 -mpegts_flags +initial_discontinuity)
    ffmpeg -nostdin -v error -f lavfi -i sine=r=16000:d=4 "${aac[@]}" -output_ts_offset 10 a.ts
    ffmpeg -nostdin -v error -f lavfi -i sine=r=48000:d=4 -ac 2 "${aac[@]}" -output_ts_offset 14 b.ts
    cat a.ts b.ts >ab.ts
    hls 0 -d o -u 10001 -t 60 --json ab.ts
    strict o/${stem}_audio.m3u8
    [[ $(grep -c '^#EXTINF' o/*.m3u8) -eq 2 && $(breaks o/${stem}_audio.m3u8) -eq 1 ]] || fail "$(cat o/*.m3u8)"
    [[ $(for f in o/*.ts; do ffprobe -v error -show_entries stream=sample_rate,channels -of csv=p=0 "$f" | head -n 1; done | xargs) == '16000,1 48000,2' ]] || fail "formats"
    [[ $(jq 'select(.kind == "account") | .account.frames_out' out) -eq $(cat a.ts b.ts | marks --packets - | wc -l) ]] || fail "frames"
    # to a codec that is encoded, behind AAC that is not
    ffmpeg -nostdin -v error -f lavfi -i sine=r=48000:d=4 -c:a mp2 "${aac[@]:4}" -output_ts_offset 14 c.ts
    cat a.ts c.ts >ac.ts
    hls 0 -d e -u 10001 -t 60 ac.ts
    strict e/${stem}_audio.m3u8
    [[ $(breaks e/${stem}_audio.m3u8) -eq 1 ]] || fail "$(cat e/*.m3u8)"
    [[ $(for f in e/*.ts; do ffprobe -v error -show_entries stream=sample_rate -of csv=p=0 "$f" | head -n 1; done | xargs) == '16000 48000' ]] || fail "rates"
}

@test "the merged recording has the same length, is in sync, and nothing is missing" {
    local kind args
    for kind in single merged mixed; do
        case $kind in
        single) args=(-u 10001) ;;
        merged) args=(-u 10001 --av-merge) ;;
        mixed) args=() ;;
        esac
        hls 0 -d $kind "${args[@]}" -t 5 "$marked"
        merge 0 -f $kind
        quiet
        synced "$(<out)" 3 5
        lasts "$(<out)" 30
    done
}

# breaks PLAYLIST: how many are marked.
breaks() {
    grep -c '^#EXT-X-DISCONTINUITY$' "$1"
}

@test "the clock jumps by an hour, forwards and back: a discontinuity, and continuous names" {
    local offset mode
    part 4@7200 a.ts
    for offset in 10800 3600; do
        part 4@$offset b.ts
        cat a.ts b.ts >jump$offset.ts
        for mode in single merged; do
            rm -rf $mode
            hls 0 -d $mode -u 10001 -t 2 "$([[ $mode == merged ]] && echo --av-merge || echo --no-sync)" jump$offset.ts
            [[ $(breaks $mode/${stem}_video.m3u8) -eq 1 ]] || fail "not one break: $(cat $mode/*video.m3u8)"
            near "$(sed -n 's/#EXTINF:\(.*\),/\1/p' $mode/*video.m3u8 | awk '{s += $1} END {print s}')" 8 0.2 "length"
            grep -q 'time stamps jump by [+-]3[0-9]*\.[0-9]* s' err || fail "the jump is not said"
        done
        whole jump$offset.ts single merged
    done
}

@test "the clock jumps by days, and falls back by a third of a second: everything is recorded, at its distance" {
    local offset
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=15:d=4 -f lavfi -i sine=r=16000:d=4 -c:v libx264 -preset ultrafast -g 15 -c:a aac \
        -b:a 32k a.mp4
    for offset in 4.13 3.7 400004; do
        ffmpeg -nostdin -v error -y -i a.mp4 -c copy -f flv a.flv -output_ts_offset $offset -c copy -f flv b.flv
        { cat a.flv && tail -c +14 b.flv; } >ab.flv # one FLV, whose stamps jump
        rm -rf o
        hls 0 -d o -u 10001 -t 60 ab.flv
        case $offset in
        4.13) unsaid 'time stamps jump' ;;
        3.7) grep -qE 'at [34]\.[0-9]+ s its time stamps jump by -0\.[34]' err || fail "not said" ;;
        *) said 'its time stamps jump by +4.6 days' ;;
        esac
        strict o/${stem}_video.m3u8
        cat o/*_video_*.ts | marks --packets - | sed -n 's/^video,\([^,]*\).*/\1/p' | sort -n |
            awk 'NR > 1 { d = ($1 - last) * 1000; if (d < 40 || d > 220) { print d; bad = 1 } } { last = $1 } END { exit NR != 120 || bad }' || fail "$offset: distances"
    done
}

@test "a source that stalls for 20 s leaves 20 s in the names" {
    part 4@100 a.ts
    part 4@124 b.ts
    cat a.ts b.ts >stall.ts
    hls 0 -d o -u 10001 -t 2 stall.ts
    whole stall.ts o
    diff <(grep -v '^#' o/*video.m3u8 | grep -oE '[0-9]{17}') - <<END || fail "names"
20260101000000559
20260101000002559
20260101000024559
20260101000026559
END
}

@test "the picture comes 3 s after the sound" {
    ffmpeg -nostdin -v error -f lavfi -i sine=r=16000:d=8 -itsoffset 3 -f lavfi -i testsrc2=s=160x90:r=15:d=5 \
        -c:v libx264 -preset ultrafast -g 15 -c:a aac -b:a 32k late.ts
    hls 0 -d o -u 10001 -t 2 late.ts
    near "$(grep -ohE 'REC-TIME:[0-9]+' o/*audio.m3u8 o/*video.m3u8 | cut -d : -f 2 | sort | xargs | awk '{ print $2 - $1 }')" 3000 100 "start"
    hls 0 -d mixed -t 2 late.ts
    whole late.ts o mixed
}

@test "pictures far behind their sound: in order from a file; from a pipe, pictures too far behind are reported" {
    # the encoder's threads hold four pictures back, of 10 s each
    ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x90:r=1/10:d=60 -f lavfi -i sine=r=16000:d=60 -c:v libx264 -preset ultrafast \
        -threads 4 -g 1 -c:a aac -b:a 32k slow.mkv
    hls 0 -d o slow.mkv
    quiet
    hls 0 -d together -u 10001 --av-merge slow.mkv
    whole slow.mkv o together
    local status=0
    # shellcheck disable=SC2002 # a pipe is what is wanted
    cat slow.mkv | trtc-hls -A 1400000001 -R 3560 -S 1767225600495 --no-sync -d pipe >out 2>err || status=$?
    [[ $status -eq 3 ]] || fail "pipe: $status"
    grep -qE 'standard input: picture: [0-9]+ frames came up to [0-9.]+ s behind the sound' err || fail "not said"
    [[ $(cat pipe/*.ts | marks --packets - | grep -c ^video) == 6 ]] || fail "pictures are missing"
    sort -c <(grep '\.ts$' pipe/*.m3u8) || fail "the names go back"
}

@test "a track that the tables announce later is recorded from its first frame, in its own playlist" {
    part 4@10 both.ts
    ffmpeg -nostdin -v error -i both.ts -map 0:v -c copy -copyts -muxdelay 0 v.ts -map 0:a -c copy -copyts -muxdelay 0 a.ts
    part 4@14 more.ts
    cat both.ts more.ts >all.ts
    samples all.ts more.ts want.late-v.ts more.ts all.ts want.late-a.ts
    local kind
    for kind in v a; do
        cat $kind.ts more.ts >late-$kind.ts
        rm -rf single mixed
        hls 0 -d single -u 10001 -t 2 late-$kind.ts
        quiet
        hls 0 -d mixed -t 2 late-$kind.ts
        quiet
        whole late-$kind.ts single mixed
        [[ $(grep -c STREAM-TYPE:2 mixed/*.m3u8) -eq 1 && $(breaks mixed/1400000001_3560.m3u8) -eq 1 ]] || fail "$(cat mixed/*.m3u8)"
        near "$(grep -ohE 'REC-TIME:[0-9]+' single/*.m3u8 | cut -d : -f 2 | sort | xargs | awk '{ print $2 - $1 }')" 4000 100 "start"
        merge 0 -f single -m 1
        near "$(field "$(<out)" v duration)" 8 0.2 "merged picture"
        near "$(field "$(<out)" a duration)" 8 0.2 "merged sound"
    done
}

@test "rare key frames: longer segments, reported once" {
    film 8 -g 60 -bf 0 rare.ts
    hls 0 -d o -u 10001 -t 1 rare.ts
    [[ $(grep -c 'key frames are rare' err) -eq 1 ]] || fail "not said once"
    strict o/${stem}_video.m3u8
    [[ $(grep -c '^#EXTINF:4,' o/${stem}_video.m3u8) -eq 2 ]] || fail "$(cat o/*video.m3u8)"
    hls 0 -q -d quiet -u 10001 -t 1 rare.ts
    quiet
}

@test "the picture's size changes in mid-stream: a segment with the new size begins" {
    part 4@10 a.ts
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=96x64:r=15:d=4 -f lavfi -i sine=r=16000:d=4 -c:v libx264 -preset ultrafast -g 15 \
        -c:a aac -b:a 32k -muxdelay 0 -output_ts_offset 14 -mpegts_flags +initial_discontinuity b.ts
    cat a.ts b.ts >change.ts
    hls 0 -d o -u 10001 -t 60 change.ts
    whole change.ts o
    diff <(grep -oE 'WIDTH.*|[0-9]{17}.ts' o/*video.m3u8) - <<END || fail "sizes"
WIDTH:160 HEIGHT:90 Codec:27
20260101000000559.ts
WIDTH:96 HEIGHT:64 Codec:27
20260101000004559.ts
END
}

@test "parameter sets that appear once, or are repeated in part: every segment can be decoded by itself" {
    local types f in map
    part 3@10 a.ts
    part 6@13 b.ts
    for types in 7-8 8; do # SPS and PPS, PPS
        ffmpeg -nostdin -v error -y -i b.ts -c copy -copyts -muxdelay 0 -bsf:v "filter_units=remove_types=$types" -mpegts_flags +initial_discontinuity c.ts
        cat a.ts c.ts >once$types.ts
        cat a.ts b.ts >all.ts
        samples all.ts all.ts "want.once$types.ts"
        rm -rf o
        hls 0 -d o -u 10001 -t 2 "once$types.ts"
        whole "once$types.ts" o
        in=() map=()
        for f in o/*video_*.ts; do
            map+=(-map $((${#in[@]} / 4)))
            in+=(-err_detect explode -i "$f")
        done
        ffmpeg -nostdin -v warning "${in[@]}" "${map[@]}" -f null - 2>decode || fail "not each segment: $(<decode)"
        [[ ! -s decode ]] || fail "$(head -n 3 decode)"
    done
}

@test "an announced splice" {
    part 3@10 a.ts
    part 3@13 b.ts
    cat a.ts b.ts >ab.ts
    hls 0 -d o -u 10001 -t 2 ab.ts
    whole ab.ts o
}

@test "a dump of multicast: RTP headers between any number of packets" {
    local n
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x48:r=10:d=2 -f lavfi -i sine=r=16000:d=2 -c:v libx264 \
        -preset ultrafast -c:a aac -f mpegts plain.ts
    for n in 7 1; do
        rewrap rtp=$n <plain.ts >rtp.ts
        trtc-hls -q -A 1400000001 -R 3560 -d "d$n" --json rtp.ts >out 2>err
        [ ! -s err ] || fail "$n: $(<err)"
        jq -es '[.[] | select(.kind == "account") | .account | .frames_in == .frames_out and .frames_in > 19] == [true, true]' out ||
            fail "$n: $(<out)"
    done
}
