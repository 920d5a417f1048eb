#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The picture of trtc-mix by its content: whose colour is where and from which frame on, what is laid over it, and that
# what is drawn again is what had to be.

load lib
load mix

: "${epoch:=}" # of mix.bash

setup_file() {
    files_begin
    local i all=()
    for i in {1..26}; do all+=(u"$i".mp4="$i"); done
    people 3 "${all[@]}"
    voice 3 voice.m4a
    ffmpeg -nostdin -v error -f lavfi -i color=c=red@1:s=20x20,format=rgba -f lavfi -i color=c=blue@0.5:s=20x20,format=rgba \
        -filter_complex hstack -frames:v 1 mark.png
    ffmpeg -nostdin -v error -f lavfi -i "color=c=0x$(colour 7):s=64x64" -frames:v 1 seven.png
}

setup() {
    test_begin
    # shellcheck disable=SC2164 # it is there
    cd "$BATS_TEST_TMPDIR"
    ln -s "$BATS_FILE_TMPDIR"/*.mp4 "$BATS_FILE_TMPDIR"/*.m4a "$BATS_FILE_TMPDIR"/*.ts "$BATS_FILE_TMPDIR"/*.png . 2>/dev/null || true
}

# scene STATUS OPTION...: a mix of small pictures, without sound, 10 a second, in m.mp4.
scene() {
    mix "$1" -s "$canvas" --only video -r 10 -k 3000 -o m.mp4 "${@:2}"
}

# still STATUS FILE TIME OPTION...
still() {
    mix "$1" -s "$canvas" --still "$3" -o "$2" "${@:4}"
}

# users N...: operands of users who all come at once.
users() {
    local i
    for i; do echo "u$i@$epoch=u$i.mp4"; done
}

# a_list ENTRY...: a MixLayoutList of entries "LEFT TOP WIDTH HEIGHT [,"Key":value...]".
a_list() {
    local e sep='' x y w h more
    for e; do
        read -r x y w h more <<<"$e"
        printf '%s{"Left":%s,"Top":%s,"Width":%s,"Height":%s%s}' "$sep" "$x" "$y" "$w" "$h" "$more"
        sep=,
    done | sed 's/.*/[&]/'
}

custom_list() {
    a_list '0 0 320 180 ,"RenderMode":0' '20 20 120 60 ,"UserId":"u3","ImageLayer":2' '100 50 120 80 ,"ImageLayer":1,"Alpha":128' \
        '240 100 60 60 ,"UserId":"u2","MediaId":1' '240 10 60 40 ,"UserId":"nobody"'
}

# custom_windows FRAME: what it shows of users 1 ... 4 and the substream of 2, of colour 5.
custom_windows() {
    inside "$1" 20 20 120 60 3 u3
    inside "$1" 150 60 60 60 b11eb1 'u2 over u1' # half of 2 and half of 1
    inside "$1" 240 100 60 60 5 u2:aux
    inside "$1" 240 10 60 40 1 'nobody: u1 is seen'
    echo "$1 3 3 1"
    echo "$1 316 176 1"
}

@test "four layouts, as a script changes them, at their frames; and as options ask for them" {
    local who="u1=1 u2=2 u2:aux=5 u3=3 u4=4" in
    in=("u1@$epoch=u1.mp4" "u2@$epoch=u2.mp4" "u2:aux@$epoch=u5.mp4" "u3@$epoch=u3.mp4" "u4@$epoch=u4.mp4")
    custom_list >list.json
    cat >script <<END
{"at_ms":200,"layout":{"MixLayoutMode":1}}
{"at_ms":$((epoch + 400)),"layout":{"MixLayoutMode":2,"MaxResolutionUserId":"u3"}}
{"at_ms":600,"layout":{"MixLayoutMode":2,"MaxResolutionUserId":"u2","MediaId":1,"MaxResolutionUserAlign":1}}

{"at_ms":800,"layout":{"MixLayoutMode":4,"MixLayoutList":$(custom_list)}}
{"at_ms":1000,"subscribe":{"UnSubscribeVideoUserIds":["u4","u2"],"UnSubscribeAudioUserIds":["u4","u2"]},"layout":{"MixLayoutMode":3}}
END
    scene 0 --script script --to +1.2 "${in[@]}"
    said 'u4: no window'
    {
        windows 0 "$who"
        windows 1 "$who"
        windows 2 "$who" -m float
        windows 3 "$who" -m float
        windows 4 "$who" -m screen -b u3
        windows 5 "$who" -m screen -b u3
        windows 6 "$who" -m screen -b u2:aux --align right
        windows 7 "$who" -m screen -b u2:aux --align right
        custom_windows 8
        custom_windows 9
        windows 10 "u1=1 u3=3"
        windows 11 "u1=1 u3=3"
    } | sees m.mp4
    still 0 a.png +0.3 -m float -b u4 "${in[@]}"
    windows 0 "$who" -m float -b u4 | sees a.png
    still 0 a.png +0.3 -m screen -b u2:aux --align right "${in[@]}"
    windows 0 "$who" -m screen -b u2:aux --align right | sees a.png
    still 0 a.png +0.3 -m screen -b u2 "${in[@]}"
    windows 0 "$who" -m screen -b u2 | sees a.png
    still 0 a.png +0.3 -m screen "${in[@]}" # nobody is named: the background is large
    { windows 0 "$who" -m screen && inside 0 0 0 256 180 0; } | sees a.png
    still 0 a.png +0.3 -m custom -l list.json "${in[@]}"
    custom_windows 0 | sees a.png
}

# stay FILE N FRAMES-BEFORE HOLE FRAMES-AFTER: pictures of colour N with a hole of so many seconds.
stay() {
    ffmpeg -nostdin -v error -f lavfi -i "color=c=0x$(colour "$2"):s=160x90:r=5:d=$((($3 + $5) / 5 + 1))" -frames:v $(($3 + $5)) \
        -vf "setpts='N+if(gte(N,$3),5*$4)'" -fps_mode passthrough -c:v libx264 -preset ultrafast -g 5 -threads 1 \
        -output_ts_offset 1 "$1"
}

@test "who comes, leaves, comes again, stalls, and nobody: each at its frame" {
    local points='40,30 200,30 40,120 200,120' in
    stay a.ts 1 10 17 10 # 0-2, 19-21
    stay b.ts 2 95 0 0   # 1-20
    stay c.ts 3 8 10 10  # 2.4-4, 14-16
    people 1 e.mp4=5     # 24-25
    voice 0.55 d.m4a     # 3-3.55
    in=("e@$((epoch + 24000))=e.mp4" "d@$((epoch + 3000))=d.m4a" "c@$((epoch + 2400))=c.ts" "b@$((epoch + 1000))=b.ts" "a@$epoch=a.ts")
    mix 0 -s "$canvas" -r 5 -k 2000 --background "#$(colour 26)" -v -o m.mp4 "${in[@]}"
    tells m.mp4 "$points" '0 1 1 1 1' '5 1 2 1 2' '10 2 2 2 2' '12 2 3 2 3' '15 2 3 ? 26' '18 2 3 2 3' '80 2 2 2 2' '95 2 1 2 1' \
        '100 1 1 1 1' '105 26 26 26 26' '120 5 5 5 5' '125 end'
    said '19.1'
    # the same, as single pictures
    still 0 a.png +3 --background "#$(colour 26)" "${in[@]}"
    tells a.png "$points" '0 2 3 ? 26' '1 end'
    ffmpeg -nostdin -v info -i m.mp4 -i a.png -filter_complex "[0]select='eq(n,15)'[f];[f][1]psnr" -fps_mode passthrough -f null - 2>psnr.txt
    near "$(sed -n 's/.*PSNR.* average:\([0-9.inf]*\).*/\1/p' psnr.txt | sed 's/inf/99/')" 70 33 'a still and its frame'
    still 0 a.png +22 --background "#$(colour 26)" "${in[@]}"
    tells a.png "$points" '0 26 26 26 26' '1 end'
    still 0 a.png +8 --fill black "${in[@]}"
    tells a.png "$points" '0 2 0 2 0' '1 end'
    still 0 a.png +14 --fill black "${in[@]}"
    tells a.png "$points" '0 2 3 2 3' '1 end'
    still 0 a.png +3.8 --linger 2 "${in[@]}"
    tells a.png "$points" '0 1 2 3 ?' '1 end'
    still 0 a.png +4.2 --linger 2 "${in[@]}"
    tells a.png "$points" '0 2 3 ? 0' '1 end'
}

@test "25 who come in the same millisecond, and one who has no window" {
    local in who=u1=1 i
    for i in {2..26}; do
        in+=("u$i@$((epoch + 400))=u$i.mp4")
        who+=" u$i=$i"
    done
    scene 0 --to +0.6 "u1@$epoch=u1.mp4" "${in[@]}"
    said 'u26: no window'
    unsaid 'u25'
    { inside 3 0 0 320 180 1 && windows 4 "$who" 2>/dev/null && windows 5 "$who" 2>/dev/null; } | sees m.mp4
}

# bands X Y BAR_W BAND_W BAR_H BAND_H WHAT: lines for `sees`: in the window of 320x180 there stands a picture of `banded`,
# behind bars of that width and height, its bands cut to that much. Grey is in the middle, black the bars.
bands() {
    local x=$1 y=$2 bw=$3 w=$4 bh=$5 h=$6
    side "$((bw))" "$w" 160 "$x" "$y" 1 0 d0d0d0 "$7"
    side "$((319 - bw))" "-$w" 160 "$x" "$y" 1 0 303030 "$7"
    side "$((bh))" "$h" 90 "$x" "$y" 0 1 f0f0f0 "$7"
    side "$((179 - bh))" "-$h" 90 "$x" "$y" 0 1 585858 "$7"
}

# side FROM LENGTH MIDDLE X Y ACROSS DOWN COLOUR WHAT: one of them, to $margin pixels
side() {
    local from=$1 n=$2 s=1 m=${margin:-4} p
    ((n > 0)) || s=-1
    local places=("$((from + 3 * s)) $8" "$((from + n - m * s)) $8" "$((from + n + m * s)) 808080")
    ((from < 4 || from > ($6 ? 315 : 175))) || places+=("$((from - 4 * s)) 000000")
    for p in "${places[@]}"; do
        if (($6)); then
            echo "0 $(($4 + ${p% *})) $(($5 + 90)) ${p#* } ${*:9}"
        else
            echo "0 $(($4 + 160)) $(($5 + ${p% *})) ${p#* } ${*:9}"
        fi
    done
}

# banded WxH [FILTER]: the filter of a picture whose outer fifths are of four greys (colours would be blurred).
banded() {
    local w=${1%x*} h=${1#*x}
    local l=$(((w + 2) / 5)) t=$(((h + 2) / 5))
    local tall="drawbox=0:0:$l:ih:0xd0d0d0:fill,drawbox=$((w - l)):0:$l:ih:0x303030:fill"
    local flat="drawbox=$l:0:$((w - 2 * l)):$t:0xf0f0f0:fill,drawbox=$l:$((h - t)):$((w - 2 * l)):$t:0x585858:fill"
    echo "color=c=0x808080:s=$1:r=5:d=1,format=yuv444p,$tall,$flat${2:+,$2}"
}

@test "stretch, crop, fit, crop20: 4:3, wide pixels, an odd size" {
    local canvas=1280x540 in=() list=() render user x y=0 more=(-c:v libx264 -preset ultrafast -qp 10 -threads 1)
    ffmpeg -nostdin -v error -f lavfi -i "$(banded 160x120 format=yuv420p)" -f lavfi -i "$(banded 160x120 format=yuv420p,setsar=2)" \
        -f lavfi -i "$(banded 161x91)" -map 0 "${more[@]}" tv.mp4 -map 1 "${more[@]}" wide.mp4 -map 2 "${more[@]}" odd.mp4
    for user in tv wide odd; do
        for render in 0 1 2 3; do
            in+=("$user$render@$epoch=$user.mp4")
            list+=("$((render * 320)) $y 320 180 ,\"UserId\":\"$user$render\",\"RenderMode\":$render")
        done
        y=$((y + 180))
    done
    a_list "${list[@]}" >list.json
    still 0 a.png +0.2 -l list.json "${in[@]}"
    {
        bands 0 0 0 64 0 36 'tv stretch'
        bands 320 0 0 64 0 18 'tv crop'
        bands 640 0 40 48 0 36 'tv fit'
        bands 960 0 0 64 0 22 'tv crop20'
        bands 0 180 0 64 0 36 'wide stretch'
        margin=8 bands 320 180 0 16 0 36 'wide crop'
        bands 640 180 0 64 30 24 'wide fit'
        bands 960 180 0 40 0 36 'wide crop20'
        for x in 0 320 640 960; do
            bands $x 360 0 64 0 36 odd
            echo "0 $((x + 1)) 450 d0d0d0 odd"$'\n'"0 $((x + 318)) 450 303030 odd"$'\n'"0 $((x + 160)) 538 585858 odd"
        done
    } | sees a.png
    canvas=320x180
    for render in stretch crop fit crop20; do # of all windows, as an option
        still 0 $render.png +0.2 --render $render "tv@$epoch=tv.mp4"
    done
    bands 0 0 0 64 0 36 stretch | sees stretch.png
    bands 0 0 0 64 0 18 crop | sees crop.png
    bands 0 0 40 48 0 36 fit | sees fit.png
    bands 0 0 0 64 0 22 crop20 | sees crop20.png
}

@test "a source that changes its size" {
    local one=(-c:v libx264 -preset ultrafast -threads 1 -frames:v)
    ffmpeg -nostdin -v error -f lavfi -i "color=c=0x$(colour 1):s=160x90:r=5:d=1" -f lavfi -i "color=c=0x$(colour 2):s=90x160:r=5:d=1" \
        -map 0 "${one[@]}" 5 a.h264 -map 1 "${one[@]}" 3 b.h264 -map 0 "${one[@]}" 1 c.h264 -map 1 "${one[@]}" 1 d.h264
    cat a.h264 b.h264 c.h264 d.h264 c.h264 >all.h264
    ffmpeg -nostdin -v error -framerate 5 -i all.h264 -c copy all.ts
    a_list '0 0 160 180 ,"RenderMode":2' '160 0 160 180' >list.json
    mix 0 -s "$canvas" -r 5 -k 2000 -l list.json -o m.mp4 "fit@$epoch=all.ts" "crop@$epoch=all.ts"
    tells m.mp4 '80,90 80,10 10,90 240,10 160,170' '0 1 0 1 1 1' '5 2 2 0 2 2' '8 1 0 1 1 1' '9 2 2 0 2 2' '10 1 0 1 1 1' '11 end'
}

# differs A B [WxH X Y]: where two pictures differ (in that part of them): "LEFT TOP RIGHT BOTTOM" of a box (the pixels at
# its edges included), or nothing.
differs() {
    local size=${3:-$canvas}
    local crop=crop=${size/x/:}:${4:-0}:${5:-0}:exact=1
    ffmpeg -nostdin -v error -threads 1 -i "$1" -i "$2" -frames:v 1 -pix_fmt rgb24 -f rawvideo \
        -filter_complex "[0]format=gbrp,$crop[a];[1]format=gbrp,$crop[b];[a][b]blend=all_mode=difference" - |
        od -An -v -tx1 -w$((3 * ${size%x*})) | awk '
            !/[1-9a-f][0-9a-f]/ { next }
            {
                if (!rows++) top = NR - 1
                bottom = NR - 1
                n = split($0, v, " ")
                for (i = 1; i <= n; i++) if (v[i] !~ /^0/) {
                    x = int((i - 1) / 3)
                    if (left == "" || x < left) left = x
                    if (x > right) right = x
                }
            }
            END { if (rows) print left, top, right + 0, bottom }
        '
}

# within BOX LEFT TOP RIGHT BOTTOM: there is a box, and it lies inside of that one.
within() {
    local x y r b
    read -r x y r b <<<"$1"
    [[ $x ]] && ((x >= $2 && y >= $3 && r <= $4 && b <= $5)) && return
    fail "'$1' is not within ${*:2}"
}

@test "who sends only sound: the name, a picture, or no window; names in windows" {
    local in=("u1@$epoch=u1.mp4" "long name@$epoch=voice.m4a" "u2:aux@$epoch=u2.mp4")
    still 0 a.png +1 "${in[@]}"
    { inside 0 0 0 160 90 1 && inside 0 0 90 160 90 2; } | sees a.png
    inside 0 160 0 160 90 30343c | awk '$2 != 240' | sees a.png # the name is in the middle
    still 0 b.png +1 "u1@$epoch=u1.mp4" " @$epoch=voice.m4a" "u2:aux@$epoch=u2.mp4"
    within "$(differs a.png b.png)" 180 35 300 55
    still 0 b.png +1 --placeholder seven.png "${in[@]}"
    windows 0 'u1=1 v=7 u2:aux=2' | sees b.png
    still 0 b.png +1 --no-audio-windows "${in[@]}"
    windows 0 'u1=1 u2:aux=2' | sees b.png
    # labels lie in the lower left of their windows, and change nothing else
    still 0 b.png +1 --label "${in[@]}"
    local w
    for w in '0 0' '160 0' '0 90'; do
        # shellcheck disable=SC2086 # words are meant
        within "$(differs a.png b.png 160x90 $w)" 2 70 100 88
    done
}

@test "watermarks, text, clocks: where they belong, and as they should be" {
    local in=("u1@$epoch=u1.mp4") back=(--background "#$(colour 26)") z w i
    still 0 a.png +1 "${in[@]}"
    still 0 b.png +1 --watermark mark.png,100,60 --watermark mark.png,200,100,80,40 --watermark mark.png,300,0 "${in[@]}"
    {
        inside 0 100 60 20 20 fe0000 left
        inside 0 120 60 20 20 400fbf right
        inside 0 200 100 40 40 fe0000 'left, scaled'
        inside 0 240 100 40 40 400fbf 'right, scaled'
        inside 0 300 0 20 20 fe0000 'cut by the edge'
        printf '0 %d %d 1 beside it\n' 96 70 143 70 110 56 110 83 196 120 283 120 297 5 310 23
    } | sees b.png
    still 0 b.png +1 --text 'Hallo, Welt,20,30,24px,#fefe00,#000080' "${in[@]}"
    within "$(differs a.png b.png)" 19 29 200 64
    within "$(differs a.png b.png 100x60)" 19 29 99 59
    inside 0 20 30 8 24 000080 | awk '$2 < 24' | sees b.png
    still 0 b.png +1 --text 'ab,20,30,100,20,14px,#fefe00,#000080' --text 'in a box,200,100' "${in[@]}"
    within "$(differs a.png b.png 180x90)" 19 29 120 50
    inside 0 100 30 20 20 000080 | sees b.png
    within "$(differs a.png b.png 140x90 180 90)" 18 8 100 32
    # a clock shows the second of its frame, in its zone
    still 0 c0.png +1 --clock top-left,UTC --clock bottom-right,+05:30 "${in[@]}"
    still 0 c1.png +1.9 --clock top-left,UTC --clock bottom-right,+05:30 "${in[@]}"
    still 0 c2.png +2 --clock top-left,UTC --clock bottom-right,+05:30 "${in[@]}"
    cmp c0.png c1.png
    within "$(differs a.png c0.png 160x90)" 0 0 159 30
    within "$(differs a.png c0.png 160x90 160 90)" 0 60 159 89
    within "$(differs c0.png c2.png 160x90)" 60 0 159 30
    within "$(differs c0.png c2.png 160x90 160 90)" 60 60 159 89
    [[ ! $(differs a.png c0.png 160x90 160 0) && ! $(differs a.png c0.png 160x90 0 90) ]] || fail 'something where no clock is'
    for i in +05:30=19800000 8=28800000 -5=-18000000; do # its zone: as much later, by UTC
        still 0 c0.png +1 --clock top-right,"${i%=*}" "${in[@]}"
        still 0 c1.png +1 --clock top-right,UTC "u1@$((epoch + ${i#*=}))=u1.mp4"
        cmp c0.png c1.png || fail "zone ${i%=*}"
    done
    # pictures: the background and its watermark; what cannot be read ends it before any work
    still 0 b.png +1 -m screen --background seven.png "${in[@]}"
    { windows 0 u1=1 -m screen && inside 0 0 0 256 180 7 && inside 0 256 45 64 135 7; } | sees b.png
    still 0 b.png +1 -m screen "${back[@]}" "${in[@]}"
    { windows 0 u1=1 -m screen && inside 0 0 0 256 180 26; } | sees b.png
    head -c 100 mark.png >cut.png
    mkdir o
    for w in '--watermark nothing.png,0,0' '--watermark cut.png,0,0' '--background u1.mp4' '--placeholder nothing.png'; do
        # shellcheck disable=SC2086 # words are meant
        mix 66 $w -o o/m.mp4 "${in[@]}"
        said "${w#* }" || said "$(cut -d ' ' -f 2 <<<"${w%%,*}")"
    done
    [[ ! $(ls o) ]] || fail 'something was made'
}

@test "whose picture is wanted, whose sound, which streams" {
    # their sound begins with the pictures: what an encoder puts in front of it is left out
    ffmpeg -nostdin -v error -i u1.mp4 -i u2.mp4 -i u3.mp4 -itsoffset 0.064 -i voice.m4a -c copy -map 0 -map 3 a1.mp4 -map 1 -map 3 a2.mp4 -map 2 -map 3 b1.mp4
    local in=("a1@$epoch=a1.mp4" "a2@$epoch=a2.mp4" "b1@$epoch=b1.mp4" "a1:aux@$epoch=u4.mp4") want args
    while IFS=';' read -r want args; do
        # shellcheck disable=SC2086 # words are meant
        still 0 a.png +1 $args "${in[@]}"
        tells a.png '40,30 200,30 40,120 200,120' "0 $want" '1 end'
    done <<'END'
1 2 3 4;
1 2 3 0;--streams main
4 4 4 4;--streams aux
? 2 3 0;--unsubscribe video:a1 --streams main
1 2 3 0;--unsubscribe audio:a1 --streams main
3 3 3 3;--unsubscribe a.*$
1 2 4 0;--subscribe a.*$
? ? 3 0;--subscribe video:b1 --streams main
? 3 ? 3;--subscribe audio:a1,video:b1 --streams main
2 3 2 3;--unsubscribe video:a1 --streams main --no-audio-windows
END
}
