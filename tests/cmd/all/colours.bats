#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Colours: what trtc-mix and trtc-merge encode looks as its source does, in players that go by the tags, or without them by
# the size.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    export user_keys=
    mk room --length 2 --user "id=10001,size=64x48,gop=1"
}

setup() {
    test_begin
}

# flat FILE WxH COLOUR FORMAT MATRIX OPTION...: two seconds of one colour, as H.264 with these options. The tags are those
# that they name: newer FFmpeg takes them from the frames instead.
flat() {
    local i words=("${@:6}") tags=setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown range=limited
    for ((i = 0; i < ${#words[@]}; i += 2)); do
        tags+=,setparams=${words[i]#-}=${words[i + 1]}
    done
    [[ $4 != yuvj* ]] || range=full
    ffmpeg -nostdin -v error -y -f lavfi -i "color=$3:s=$2:r=5:d=2,format=gbrp" \
        -vf "scale=out_color_matrix=$5:out_range=$range:flags=accurate_rnd,format=$4,$tags" \
        -c:v libx264 -preset ultrafast -g 5 "${words[@]}" -f mpegts "$1"
}

# look_at FILE: $width, $height, $matrix, and all of its $tags: range, matrix, transfer, primaries. It is read once.
look_at() {
    local at IFS=,
    at=$BATS_TEST_TMPDIR.looks/$(stat -c %.9Y.%i "$1")
    if [[ ! -s $at ]]; then
        mkdir -p "${at%/*}"
        ffprobe -v error -select_streams v -show_entries stream=width,height,color_range,color_space,color_transfer,color_primaries \
            -of csv=p=0 "$1" | head -n 1 >"$at"
    fi
    # shellcheck disable=SC2034 # range and the others are what is said
    read -r width height range matrix transfer primaries <"$at"
    tags="$range $matrix $transfer $primaries"
}

# shown FILE [X:Y [SECONDS]]: red, green and blue of a place, as a player shows it.
shown() {
    local m
    look_at "$1"
    case $matrix in
    bt709) m=bt709 ;;
    bt2020nc) m=bt2020 ;;
    smpte170m | bt470bg) m=bt601 ;;
    *) [[ $width -ge 1280 || $height -ge 720 ]] && m=bt709 || m=bt601 ;;
    esac
    ffmpeg -nostdin -v error -threads 1 -ss "${3:-1}" -i "$1" \
        -vf "crop=8:8:${2:-20:20},scale=in_color_matrix=$m,format=rgb24,scale=1:1:flags=area" -frames:v 1 -f rawvideo - |
        od -An -tu1
}

# tagged FILE TAGS WHAT
tagged() {
    look_at "$1"
    [ "$tags" = "$2" ] || fail "$3: $tags"
}

# alike RGB RGB WHAT: by 3 at most.
alike() {
    awk -v a="$1" -v b="$2" 'BEGIN {
        n = split(a, x); split(b, y)
        for (i = 1; i <= 3; i++) if (x[i] - y[i] > 3 || y[i] - x[i] > 3) exit 1
        exit n != 3
    }' || fail "$3: $1 is shown as $2"
}

# shellcheck disable=SC2034 # by name
bt601='smpte170m smpte170m smpte170m' bt709='bt709 bt709 bt709'
# shellcheck disable=SC2034 # by name
bt2020='bt2020nc bt2020-10 bt2020'
said709=(-colorspace bt709 -color_primaries bt709 -color_trc bt709)

@test "the picture looks the same in every size and from every pixel format, and the tags match it" {
    local what size form matrix canvas want opts is
    # what (with a + in the long tests only); size; pixel format; its matrix; canvas; the tags that come out; options
    while read -r what size form matrix canvas want opts; do
        [[ $what != +* || ${TRTC_LONG:-} ]] || continue
        # shellcheck disable=SC2086 # a list
        flat s.ts "$size" 0x20c040 "$form" "$matrix" $opts
        is=$(shown s.ts)
        mix 0 -q --only video -r 5 -s "$canvas" -o m.mp4 u=s.ts
        tagged m.mp4 "tv ${!want}" "$what: mix"
        alike "$is" "$(shown m.mp4)" "$what: mix"
        rm -rf h o
        trtc-hls -q -A 1 -R 2 -d h s.ts
        merge 0 -q -f h -o o -r "$canvas" -p 5 --video encode
        tagged o/*.mp4 "tv ${!want}" "$what: merge"
        alike "$is" "$(shown o/*.mp4)" "$what: merge"
        grep -qa 'colr.*nclx' o/*.mp4 || fail "$what: no colr"
    done <<'END'
HD,made-small 1280x720 yuv420p bt709 160x90 bt709 -colorspace bt709 -color_primaries bt709 -color_trc bt709
SD,made-large 160x90 yuv420p bt601 1280x720 bt709
+HD,without-tags 1280x720 yuv420p bt709 160x90 bt601
+full-range 160x90 yuvj420p bt601 160x90 bt601
+10-bits,4:2:2 160x90 yuv422p10 bt709 160x90 bt709 -colorspace bt709
+4:4:4,full-range 160x90 yuvj444p bt709 1280x720 bt709 -colorspace bt709
BT.2020 160x90 yuv420p10 bt2020 160x90 bt2020 -colorspace bt2020nc -color_primaries bt2020 -color_trc bt2020-10
END
}

@test "sources in several colour spaces are converted to that of the canvas, even if the tags change midway" {
    local f
    flat a.ts 160x90 0x20c040 yuv420p bt709 "${said709[@]}"
    flat b.ts 160x90 0xc02040 yuv420p bt601
    mix 0 -q --only video -r 5 -s 320x180 -o m.mp4 a=a.ts b=b.ts
    tagged m.mp4 "tv $bt601" mix
    alike "$(shown a.ts)" "$(shown m.mp4)" first
    alike "$(shown b.ts)" "$(shown m.mp4 200:20)" second
    # in whatever container
    for f in m.mkv m.ts; do
        mix 0 -q --only video -r 5 -s 1280x720 -o $f a=a.ts b=b.ts
        tagged $f "tv $bt709" $f
    done
    # one after the other in one recording
    mkdir r
    trtc-hls -q -A 1 -R 2 -u u -d r -S 1767225600000 a.ts >list
    trtc-hls -q -A 1 -R 2 -u u -d r -S 1767225602000 --ha 1 b.ts >list
    merge 0 -q -f r -o o -m 1 --video encode -p 5
    tagged o/*.mp4 "tv $bt601" merge
    alike "$(shown a.ts)" "$(shown o/*.mp4)" 'before the change'
    alike "$(shown b.ts)" "$(shown o/*.mp4 20:20 3)" 'behind it'
    rm -r o
    # copied, all is as it was
    rm -rf c
    trtc-hls -q -A 1 -R 2 -d c a.ts
    merge 0 -q -f c -o c
    tagged c/*.mp4 "tv $bt709" copy
    grep -qa 'colr.*nclx' c/*.mp4
}

@test "backgrounds, watermarks, text and placeholders keep their colours on either canvas" {
    local s
    ffmpeg -nostdin -v error -f lavfi -i color=0x20c040:s=64x36,format=rgb24 -frames:v 1 p.png
    ffmpeg -nostdin -v error -f lavfi -i color=0xc02040:s=64x36,format=yuvj420p -frames:v 1 p.jpg
    have room
    for s in 320x180 1280x720; do
        # the only window is small: what is beside it is background
        echo '[{"Left":200,"Top":100,"Width":64,"Height":36}]' >l.json
        mix 0 -q --only video -r 5 -s $s -m custom -l l.json --background 0x2040c0 --watermark p.png,100,20 --watermark p.jpg,20,100 \
            -o m.mp4 room
        alike "32 64 192" "$(shown m.mp4)" "$s: background"
        alike "32 192 64" "$(shown m.mp4 120:30)" "$s: PNG"
        alike "192 32 64" "$(shown m.mp4 40:110)" "$s: JPEG"
        mix 0 -q --only video -r 5 -s $s -m custom -l l.json --background p.png --placeholder p.jpg --unsubscribe nobody -o n.mp4 room
        alike "32 192 64" "$(shown n.mp4)" "$s: background picture"
        # a still says the same
        mix 0 -q -s $s -m custom -l l.json --background 0x2040c0 --still +1 -o m.png room
        alike "32 64 192" "$(shown m.png 20:20 0)" "$s: still"
    done
}

@test "colour tags in the container only, and tags that later parameter sets do not repeat" {
    local rgb
    # what is shown of the MP4 is what its colr says: it has the place of the bit rate
    flat a.ts 160x90 0x20c040 yuv420p bt709 "${said709[@]}"
    flat bare.ts 160x90 0x20c040 yuv420p bt709
    ffmpeg -nostdin -v error -i bare.ts -c copy bare.mp4
    printf 'colrnclx\0\1\0\1\0\1\0\0' |
        dd of=bare.mp4 bs=1 seek="$(grep -abo btrt bare.mp4 | cut -d : -f 1)" conv=notrunc status=none
    tagged bare.mp4 "tv $bt709" container
    flat b.ts 160x90 0xc02040 yuv420p bt601
    mix 0 -q --only video -r 5 -s 320x180 -o m.mp4 a=bare.mp4 b=b.ts
    tagged m.mp4 "tv $bt601" mix
    rgb=$(shown a.ts)
    alike "$rgb" "$(shown m.mp4)" 'tagged by the container'
    alike "$(shown b.ts)" "$(shown m.mp4 200:20)" 'not tagged'
    mix 0 -q --only video -r 5 -s 320x180 -o n.mp4 a=bare.mp4
    tagged n.mp4 "tv $bt709" alone
    alike "$rgb" "$(shown n.mp4)" alone
    # a recording that says it at first
    mkdir r
    trtc-hls -q -A 1 -R 2 -u u -d r -S 1767225600000 a.ts >list
    trtc-hls -q -A 1 -R 2 -u u -d r -S 1767225602000 --ha 1 b.ts >list
    mix 0 -q --only video -r 5 -s 320x180 -o o.mp4 r
    alike "$rgb" "$(shown o.mp4)" 'before the change'
    alike "$(shown b.ts)" "$(shown o.mp4 20:20 3)" 'behind it'
}
