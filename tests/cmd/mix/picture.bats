#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The picture of trtc-mix by its content: whose colour is where and from which frame on, what is laid over it, and that
# what is drawn again is what had to be.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    local i all=()
    for i in {1..26}; do all+=(u"$i".mp4="$i"); done
    people 3 "${all[@]}"
    voice 3 voice.m4a
    ffmpeg -nostdin -v error -f lavfi -i color=c=red@1:s=20x20,format=rgba -f lavfi -i color=c=blue@0.5:s=20x20,format=rgba \
        -f lavfi -i "color=c=0x$(colour 7):s=64x64:d=1" -filter_complex '[0][1]hstack[m]' -map '[m]' -frames:v 1 mark.png -map 2 -frames:v 1 seven.png
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

@test "four layouts, changed by a script at the right frames, and chosen by options" {
    local who="u1=1 u2=2 u2:aux=5 u3=3 u4=4" in
    in=("u1@$epoch=u1.mp4" "u2@$epoch=u2.mp4" "u2:aux@$epoch=u5.mp4" "u3@$epoch=u3.mp4" "u4@$epoch=u4.mp4")
    custom_list >list.json
    cat >script <<END
{"at_ms":200,"layout":{"MixLayoutMode":1}}
{"at_ms":$((epoch + 400)),"layout":{"MixLayoutMode":2,"MaxResolutionUserId":"u3"}}
{"at_ms":600,"layout":{"MixLayoutMode":2,"MaxResolutionUserId":"u2","MediaId":1,"MaxResolutionUserAlign":1}}

{"at_ms":800,"layout":{"MixLayoutMode":4,"MixLayoutList":$(custom_list)}}
{"at_ms":1000,"subscribe":{"UnSubscribeVideoUserIds":["u4","u2"],"UnSubscribeAudioUserIds":["u4","u2"]},"layout":{"MixLayoutMode":3}}
{"at_ms":1200,"layout":{"MixLayoutMode":4,"PlaceHolderMode":1,"MixLayoutList":$(custom_list)}}
END
    scene 0 --script script --to +1.4 "${in[@]}"
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
        inside 13 240 10 60 40 30343c 'a placeholder for nobody' | awk '$3 != 30' # but for the name
        inside 13 20 20 120 60 3 u3
    } | sees m.mp4
    still 0 s0.png +0.3 -m float -b u4 "${in[@]}"
    still 0 s1.png +0.3 -m screen -b u2:aux --align right "${in[@]}"
    still 0 s2.png +0.3 -m screen "${in[@]}" # nobody is named: the background is large
    still 0 s3.png +0.3 -m custom -l list.json "${in[@]}"
    {
        windows 0 "$who" -m float -b u4
        windows 1 "$who" -m screen -b u2:aux --align right
        windows 2 "$who" -m screen
        inside 2 0 0 256 180 0
        custom_windows 3
    } | sees s%d.png
}

@test "users who come, leave, come back and stall, and no user: each at the right frame" {
    local points='40,30 200,30 40,120 200,120' in
    local f=(-fps_mode passthrough -c:v libx264 -preset ultrafast -g 5 -threads 1 -output_ts_offset 1)
    # 1 is there at 0-2 and 19-21, 2 at 1-20, 3 at 2.4-4 and 14-16, a voice at 3-3.55, 5 at 24-27
    ffmpeg -nostdin -v error -f lavfi -i "color=c=0x$(colour 1):s=160x90:r=5:d=4" -f lavfi -i "color=c=0x$(colour 2):s=160x90:r=5:d=19" \
        -f lavfi -i "color=c=0x$(colour 3):s=160x90:r=5:d=3.6" -f lavfi -i sine=r=16000:d=0.55 \
        -map 0 -vf "setpts='N+if(gte(N,10),85)'" "${f[@]}" a.ts -map 1 "${f[@]}" b.ts \
        -map 2 -vf "setpts='N+if(gte(N,8),50)'" "${f[@]}" c.ts -map 3 -c:a aac d.m4a
    in=("e@$((epoch + 24000))=u5.mp4" "d@$((epoch + 3000))=d.m4a" "c@$((epoch + 2400))=c.ts" "b@$((epoch + 1000))=b.ts" "a@$epoch=a.ts")
    mix 0 -s "$canvas" -r 5 -k 2000 --background "#$(colour 26)" -v -o m.mp4 "${in[@]}"
    tells m.mp4 "$points" '0 1 1 1 1' '5 1 2 1 2' '10 2 2 2 2' '12 2 3 2 3' '15 2 3 ? 26' '18 2 3 2 3' '80 2 2 2 2' '95 2 1 2 1' \
        '100 1 1 1 1' '105 26 26 26 26' '120 5 5 5 5' '135 end'
    said '19.1'
    # the same, and with other rules, as single pictures
    still 0 s0.png +3 --background "#$(colour 26)" "${in[@]}"
    still 0 s1.png +22 --background "#$(colour 26)" "${in[@]}"
    still 0 s2.png +8 --fill black "${in[@]}"
    still 0 s3.png +14 --fill black "${in[@]}"
    still 0 s4.png +3.8 --linger 2 "${in[@]}"
    still 0 s5.png +4.2 --linger 2 "${in[@]}"
    tells s%d.png "$points" '0 2 3 ? 26' '1 26 26 26 26' '2 2 0 2 0' '3 2 3 2 3' '4 1 2 3 ?' '5 2 3 ? 0' '6 end'
    ffmpeg -nostdin -v info -i m.mp4 -i s0.png -filter_complex "[0]select='eq(n,15)'[f];[f][1]psnr" -fps_mode passthrough -f null - 2>psnr.txt
    near "$(sed -n 's/.*PSNR.* average:\([0-9.inf]*\).*/\1/p' psnr.txt | sed 's/inf/99/')" 70 33 'a still and its frame'
}

@test "25 users who come in the same millisecond, and one without a window" {
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
    still 0 s0.png +0.2 --render stretch "tv@$epoch=tv.mp4" # of all windows, as an option
    still 0 s1.png +0.2 --render crop20 "tv@$epoch=tv.mp4"
    still 0 s2.png +0.2 "tv@$epoch=tv.mp4"
    {
        bands 0 0 0 64 0 36 stretch
        bands 0 0 0 64 0 22 crop20 | sed 's/^0/1/'
        bands 0 0 0 64 0 18 crop | sed 's/^0/2/'
    } | sees s%d.png
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

# differ FILES: lines "A B X Y W H[: LEFT TOP RIGHT BOTTOM]": in that part of them, pictures A and B of a sequence differ, only
# within the box, and in more than a few pixels; without a box they do not differ.
differ() {
    cat >differ.in
    ffmpeg -nostdin -v error -threads 1 -i "$1" -pix_fmt rgb24 -f rawvideo - | od -An -v -tx1 -w$((3 * ${canvas%x*})) |
        awk -v height="${canvas#*x}" "$mix_awk"'
            FILENAME != "differ.in" { row[int((FNR - 1) / height), (FNR - 1) % height] = $0; next }
            {
                n = 0; l = t = 9999; r = b = -1
                for (y = $4; y < $4 + $6; y++) {
                    p = substr(row[$1, y], 9 * $3 + 1, 9 * $5); q = substr(row[$2, y], 9 * $3 + 1, 9 * $5)
                    if (p == q) continue
                    for (x = 0; x < $5; x++) {
                        if (far(pixel(p, x), pixel(q, x)) < 24) continue
                        n++; b = y
                        if (y < t) t = y
                        if (x + $3 < l) l = x + $3
                        if (x + $3 > r) r = x + $3
                    }
                }
                ok = NF == 6 ? n == 0 : n > 20 && l >= $7 && t >= $8 && r <= $9 && b <= $10
                if (!ok) { print $0 ": differ at " l, t, r, b ", in " n; bad++ }
            }
            function pixel(line, x) { return substr(line, 9 * x + 2, 2) substr(line, 9 * x + 5, 2) substr(line, 9 * x + 8, 2) }
            END { exit bad > 0 }
        ' - differ.in >differ.out || fail "$1: $(cat differ.out)"
}

@test "users who send only sound: a name, a picture, or no window; names in windows" {
    local in=("u1@$epoch=u1.mp4" "long name@$epoch=voice.m4a" "u2:aux@$epoch=u2.mp4")
    still 0 s0.png +1 "${in[@]}"
    still 0 s1.png +1 "u1@$epoch=u1.mp4" " @$epoch=voice.m4a" "u2:aux@$epoch=u2.mp4"
    still 0 s2.png +1 --placeholder seven.png "${in[@]}"
    still 0 s3.png +1 --no-audio-windows "${in[@]}"
    still 0 s4.png +1 --label "${in[@]}"
    still 0 s5.png +1 --label --placeholder seven.png "${in[@]}"
    still 0 s6.png +1 -m float "${in[@]}"
    still 0 s7.png +1 -m float --label "${in[@]}"
    a_list '0 0 160 180' '160 0 80 180 ,"UserId":"long name","SubBackgroundImage":"http://a.example/x"' \
        '240 0 80 180 ,"UserId":"u2","MediaId":1' >list.json
    still 0 s8.png +1 -l list.json --image http://a.example/x=seven.png "${in[@]}"
    still 3 s9.png +1 -l list.json "${in[@]}"
    said 'http://a.example/x: not available'
    {
        inside 0 0 0 160 90 1
        inside 0 0 90 160 90 2
        inside 0 160 0 160 90 30343c | awk '$2 != 240' # the name is in the middle
        inside 1 160 0 160 90 30343c
        windows 2 'u1=1 v=7 u2:aux=2'
        windows 3 'u1=1 u2:aux=2'
        inside 8 0 0 160 180 1
        inside 8 160 0 80 180 7
        inside 8 240 0 80 180 2
        inside 9 160 0 80 180 30343c | awk '$3 != 90'
    } | sees s%d.png
    # the name is in the middle; labels lie in the lower left of their windows, in the upper left where another window
    # would cover them, not where the name stands already; and change nothing else
    differ s%d.png <<'END'
0 1 0 0 320 180 190 35 290 55
0 4 0 0 160 90 2 70 100 88
0 4 160 0 160 90
0 4 0 90 160 90 2 160 100 178
0 4 160 90 160 90
2 5 160 0 160 90 162 70 260 88
6 7 0 0 320 130 2 2 100 22
6 7 160 130 160 50
END
}

@test "watermarks, text, clocks: place and appearance" {
    local in=("u1@$epoch=u1.mp4") w
    local clocks
    # shellcheck disable=SC2054 # the commas belong to them
    clocks=(--clock top-left,+05:30 --clock bottom-right,8 --clock bottom-left,-5)
    still 0 s0.png +1 "${in[@]}"
    still 0 s1.png +1 --watermark mark.png,100,60 --watermark mark.png,200,100,80,40 --watermark mark.png,300,0 \
        --text 'Hallo, Welt,20,10,24px,#fefe00,#000080' --text 'ab,20,100,100,20,14px,#fefe00,#000080' --text 'in a box,20,140' "${in[@]}"
    still 0 s2.png +1 "${clocks[@]}" "${in[@]}"
    still 0 s3.png +1.9 "${clocks[@]}" "${in[@]}"
    still 0 s4.png +2 "${clocks[@]}" "${in[@]}"
    still 0 s5.png +1 --clock top-left,UTC --clock bottom-right,+02:30 --clock bottom-left,-10:30 "u1@$((epoch + 19800000))=u1.mp4"
    still 0 s6.png +1 -m screen --background seven.png "${in[@]}"
    cmp s2.png s3.png # a clock shows the second of its frame
    cmp s2.png s5.png # in its zone: five and a half hours later it is that much later
    {
        inside 1 100 60 20 20 fe0000 left
        inside 1 120 60 20 20 400fbf right
        inside 1 200 100 40 40 fe0000 'left, scaled'
        inside 1 240 100 40 40 400fbf 'right, scaled'
        inside 1 300 0 20 20 fe0000 'cut by the edge'
        printf '1 %d %d 1 beside it\n' 96 70 143 70 110 56 110 83 196 120 283 120 297 5 310 23
        inside 1 20 10 8 24 000080 | awk '$2 < 24'
        inside 1 100 100 20 20 000080
        windows 6 u1=1 -m screen
        inside 6 0 0 256 180 7
        inside 6 256 45 64 135 7
    } | sees s%d.png
    differ s%d.png <<'END' # colours are blurred by a pixel
0 1 0 0 200 55 19 9 199 44
0 1 0 90 190 48 19 99 120 120
0 1 0 138 190 42 19 138 100 165
0 2 0 0 320 60 0 0 159 30
0 2 0 60 160 120 0 150 159 179
0 2 160 60 160 120 160 150 319 179
2 4 0 0 320 60 60 0 159 30
2 4 0 60 160 120 60 150 159 179
2 4 160 60 160 120 240 150 319 179
END
    head -c 100 mark.png >cut.png
    mkdir o
    for w in '--watermark nothing.png,0,0' '--watermark cut.png,0,0' '--background u1.mp4'; do # before any work
        # shellcheck disable=SC2086 # words are meant
        mix 66 $w -o o/m.mp4 "${in[@]}"
        w=${w#* }
        said "${w%%,*}"
    done
    [[ ! $(ls o) ]] || fail 'something was made'
}

@test "subscriptions to pictures, to sound, and to streams" {
    local points='40,30 200,30 40,120 200,120' in
    # their sound begins with the pictures: what an encoder puts in front of it is left out
    ffmpeg -nostdin -v error -i u1.mp4 -i u2.mp4 -i u3.mp4 -itsoffset 0.064 -i voice.m4a -c copy -map 0 -map 3 a1.mp4 -map 1 -map 3 a2.mp4 -map 2 -map 3 b1.mp4
    in=("a1@$epoch=a1.mp4" "a2@$epoch=a2.mp4" "b1@$epoch=b1.mp4" "a1:aux@$epoch=u4.mp4")
    cat >script <<'END'
{"at_ms":200,"subscribe":{"UnSubscribeVideoUserIds":["a1"]}}
{"at_ms":400,"subscribe":{"UnSubscribeAudioUserIds":["a1"]}}
{"at_ms":600,"subscribe":{"UnSubscribeAudioUserIds":["a.*$"],"UnSubscribeVideoUserIds":["a.*$"]}}
{"at_ms":800,"subscribe":{"SubscribeAudioUserIds":["a.*$"],"SubscribeVideoUserIds":["a.*$"]}}
{"at_ms":1000,"subscribe":{"SubscribeVideoUserIds":["b1"]}}
{"at_ms":1200,"subscribe":{}}
END
    mix 0 -s "$canvas" -r 10 -k 2000 --streams main --script script --to +1.4 -o m.mp4 "${in[@]}"
    tells m.mp4 "$points" '0 1 2 3 0' '2 ? 2 3 0' '4 1 2 3 0' '6 3 3 3 3' '8 1 2 1 2' '10 ? ? 3 0' '12 1 2 3 0' '14 end'
    still 0 s0.png +1 "${in[@]}"
    still 0 s1.png +1 --streams aux "${in[@]}"
    still 0 s2.png +1 --unsubscribe video:a2 --streams main "${in[@]}"
    still 0 s3.png +1 --subscribe 'a.*$' "${in[@]}"
    still 0 s4.png +1 --subscribe audio:a1,video:b1 --streams main "${in[@]}"
    still 0 s5.png +1 --unsubscribe 'video:a.*$' --streams main --no-audio-windows "${in[@]}"
    tells s%d.png "$points" '0 1 2 3 4' '1 4 4 4 4' '2 1 ? 3 0' '3 1 2 4 0' '4 ? 3 ? 3' '5 3 3 3 3' '6 end'
}

@test "a request gives the same picture as options; members that are not supported are reported" {
    local in=("u1@$epoch=u1.mp4" "u2@$epoch=u2.mp4" "u3@$epoch=u3.mp4") i layout record
    request() { # LAYOUT-MEMBERS RECORD-MEMBERS
        cat >r.json <<END
{"SdkAppId":1400000001,"RoomId":"3560","UserId":"bot","UserSig":"x","StorageParams":{"CloudStorage":{"Vendor":0}},
 "RecordParams":{"RecordMode":2,"StreamType":2,"SubscribeStreamUserIds":{"UnSubscribeVideoUserIds":["u3"]}${2:-}},
 "MixTranscodeParams":{"VideoParams":{"Width":320,"Height":180,"Fps":10,"BitRate":600000,"Gop":2},"AudioParams":{"SampleRate":1,"Channel":2,"BitRate":64000}},
 "MixLayoutParams":{"MixLayoutMode":2,"MaxResolutionUserId":"u2","MaxResolutionUserAlign":1,"RenderMode":2,"BackGroundColor":"#$(colour 26)"${1:-}}}
END
    }
    request ',"WaterMarkList":[{"WaterMarkType":0,"WaterMarkImage":{"WaterMarkUrl":"https://a.example/m.png","Top":60,"Left":100,"Width":0,"Height":0}},
        {"WaterMarkType":1,"WaterMarkChar":{"Top":10,"Left":200,"Width":80,"Height":24,"Chars":"ab","FontSize":16,"FontColor":"#fefe00","BackGroundColor":"#000080"}},
        {"WaterMarkType":2,"WaterMarkTimestamp":{"Pos":2,"TimeZone":5}}]'
    mix 0 --deterministic --request r.json --image https://a.example/m.png=mark.png --to +0.5 -o r.mp4 "${in[@]}"
    quiet
    mix 0 --deterministic -s 320x180 -r 10 -k 600 -g 2 --only video --unsubscribe video:u3,audio:u3 -m screen -b u2 --align right --render fit \
        --background "#$(colour 26)" --watermark mark.png,100,60 --text 'ab,200,10,80,24,16px,#fefe00,#000080' --clock bottom-left,5 --to +0.5 -o o.mp4 "${in[@]}"
    quiet
    cmp r.mp4 o.mp4
    { inside 0 0 4 64 36 1 && inside 0 70 70 20 80 2 && inside 0 100 60 20 20 fe0000 && inside 0 230 10 50 24 000080; } | sees r.mp4
    # named, and the rest is done; options override
    request ',"NewThing":1,"BackgroundImageUrl":"https://a.example/no.png","WaterMarkList":[{"WaterMarkType":1,"WaterMarkChar":{"Top":0,"Left":0,"Width":0,"Height":0,"Chars":"a","Font":"Serif"}}]' \
        ',"OutputFormat":0,"MaxMediaFileDuration":60,"SubscribeAbility":1'
    still 3 a.png +0.1 --request r.json -m grid "${in[@]}"
    for i in 'r.json: MixLayoutParams.NewThing' https://a.example/no.png 'WaterMarkList[0].WaterMarkChar.Font' RecordParams.OutputFormat \
        RecordParams.MaxMediaFileDuration RecordParams.SubscribeAbility; do
        said "$i"
    done
    inside 0 160 45 160 90 2 | sees a.png
    while IFS=';' read -r i layout record; do # bad members, and their paths
        request "$layout" "$record"
        still 65 b.png +0.1 --request r.json "${in[@]}"
        said "$i"
    done <<'END'
MixLayoutParams.PlaceHolderMode;,"PlaceHolderMode":2
MixLayoutParams.MixLayoutList[1];,"MixLayoutList":[{"Top":0,"Left":0,"Width":20,"Height":20},{"Top":0,"Left":0,"Width":20,"Height":"x"}]
MixLayoutParams.WaterMarkList[0].WaterMarkTimestamp.Pos;,"WaterMarkList":[{"WaterMarkType":2,"WaterMarkTimestamp":{"Pos":7}}]
MixLayoutParams.WaterMarkList[0];,"WaterMarkList":[{"WaterMarkType":1,"WaterMarkChar":{"Top":200,"Left":0,"Width":9,"Height":9,"Chars":"a"}}]
RecordParams.MediaId;;,"MediaId":3
RecordParams.FillType;;,"FillType":true
END
    [[ ! -e b.png ]] || fail 'a picture was made'
}

# redrawn LAYOUT-PARAMS IN...: a mix whose windows and marks are drawn again only where they have changed has the same bytes
# as one in which each frame is drawn anew, since a script sets the layout at each of them; with 1 and with 2 workers.
redrawn() {
    local params=$1 k
    shift
    echo "{\"MixTranscodeParams\":{\"VideoParams\":{\"Width\":320,\"Height\":180,\"Fps\":10,\"BitRate\":4000000,\"Gop\":10}},\"MixLayoutParams\":$params}" >r.json
    for k in {0..15}; do echo "{\"at_ms\":$((k * 100)),\"layout\":$params}"; done >script
    local same=(-q --deterministic --label --to +1.6 --request r.json --image m=mark.png)
    mix 0 "${same[@]}" -j 2 -o two.mp4 "$@"
    mix 0 "${same[@]}" -j 2 --script script -o anew.mp4 "$@"
    cmp two.mp4 anew.mp4 || fail "not as if each frame were drawn anew: $params"
}

@test "drawing only the changes gives the same picture as drawing everything; the same bytes each time" {
    local enc=(-c:v libx264 -preset ultrafast -threads 1) marks
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=10:d=1.6 -f lavfi -i testsrc2=s=160x90:r=2:d=1.6 \
        -map 0 "${enc[@]}" -g 20 move.mp4 -map 1 "${enc[@]}" slow.mp4
    # a picture that comes after its sound, and leaves before it
    ffmpeg -nostdin -v error -itsoffset 0.4 -t 0.8 -i move.mp4 -i voice.m4a -c copy late.mp4
    marks='"WaterMarkList":[{"WaterMarkType":0,"WaterMarkImage":{"WaterMarkUrl":"m","Top":70,"Left":120,"Width":120,"Height":60}},
        {"WaterMarkType":1,"WaterMarkChar":{"Top":110,"Left":60,"Width":0,"Height":0,"Chars":"Over all of them","FontSize":24}},
        {"WaterMarkType":1,"WaterMarkChar":{"Top":100,"Left":180,"Width":60,"Height":40,"Chars":"box","BackGroundColor":"#000080"}},
        {"WaterMarkType":2,"WaterMarkTimestamp":{"Pos":6,"TimeZone":0}}]'
    marks=$(tr -d '\n' <<<"$marks")
    local list who slow=slow.mp4 move=move.mp4
    list=$(a_list '0 0 200 120 ,"UserId":"a"' '100 40 160 100 ,"UserId":"b","Alpha":100,"ImageLayer":1' '40 60 120 80 ,"UserId":"c","Alpha":60,"ImageLayer":2' \
        '240 100 80 80 ,"UserId":"d"' '150 120 120 60 ,"UserId":"e","Alpha":200,"ImageLayer":3' '200 0 60 60 ,"UserId":"f","ImageLayer":4')
    for who in a b c; do # only one of them moves
        local in=() u
        for u in a b c d e f; do
            if [[ $u == "$who" ]]; then in+=("$u@$epoch=$move"); else in+=("$u@$epoch=$slow"); fi
        done
        redrawn "{\"MixLayoutMode\":4,\"BackGroundColor\":\"#204060\",\"MixLayoutList\":$list,$marks}" "${in[@]}"
    done
    in=("a@$epoch=$slow" "b@$epoch=$move" "c@$((epoch + 600))=$slow" "d@$epoch=late.mp4")
    redrawn "{\"MixLayoutMode\":1,$marks}" "${in[@]}"
    in[2]="c@$epoch=$slow" # nobody comes: what a canvas has missed since it was last drawn on must be made up for
    redrawn "{\"MixLayoutMode\":3,\"WaterMarkList\":[{\"WaterMarkType\":2,\"WaterMarkTimestamp\":{\"Pos\":0}}]}" "${in[@]}" # windows by themselves
    mix 0 -q --deterministic --label --to +1.6 --request r.json --image m=mark.png -j 1 -o one.mp4 "${in[@]}"
    cmp one.mp4 two.mp4
}

# peak N: the memory in kB of a mix of N users with sound.
peak() {
    local i all=()
    for ((i = 0; i < $1; i++)); do all+=("u$i@$epoch=a.ts"); done
    /usr/bin/time -q -o kb -f %M trtc-mix -q -s 64x64 --preset ultrafast -o m.mp4 "${all[@]}" >out
    tail -1 kb
}

@test "memory: a further user takes 1 MB, not what the decoders have for other streams" {
    [[ -x /usr/bin/time ]] || skip 'no time(1)'
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers have allocators of their own'
    clips 1 a.ts=1
    few=$(peak 2) many=$(peak 12)
    ((many - few < 10 * 1700)) || fail "$few kB with 2 users, $many kB with 12"
}

@test "the last picture stays while its user is heard, for 15 seconds" {
    voice 20 long.m4a
    ffmpeg -nostdin -v error -i u1.mp4 -i long.m4a -c copy outlasted.mp4
    mix 0 -s "$canvas" -r 5 -o m.mp4 a=outlasted.mp4
    tells m.mp4 20,20 '0 1' '90 ?' '100 end'
}
