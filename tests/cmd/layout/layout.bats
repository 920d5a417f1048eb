#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-layout: users from all sides, the five formats, custom lists, what is refused, and the pipelines of its
# page. That the rectangles are right is tests/unit/layout/t_layout.c.

load ../../lib

setup_file() {
    files_begin
}

setup() {
    test_begin
}

# expect STATUS STDOUT STDERR COMMAND...: all three as they are, but for a last newline; stdin is file "in", if
# there is one.
expect() {
    local status=0
    [ -e in ] || : >in
    "${@:4}" >out 2>err <in || status=$?
    [ "$status" -eq "$1" ] || fail "exit status $status, not $1"
    [ "$(cat out)" = "$2" ] || fail "stdout differs from: $2"
    [ "$(cat err)" = "$3" ] || fail "stderr differs from: $3"
}

# refused STATUS TEXT COMMAND...: nothing on stdout, one line on stderr that holds TEXT.
refused() {
    local status=0
    [ -e in ] || : >in
    "${@:3}" >out 2>err <in || status=$?
    [ "$status" -eq "$1" ] || fail "exit status $status, not $1"
    [ ! -s out ] || fail 'something on stdout'
    [ "$(wc -l <err)" -eq 1 ] || fail 'not one line'
    grep -q '^trtc-layout: ' err || fail 'no prefix'
    grep -qF -- "$2" err || fail "no '$2'"
    [ "$1" -ne 64 ] || grep -q "; try 'trtc-layout --help'$" err || fail 'no hint'
}

# a_list ENTRY...: list.json of entries, each "LEFT TOP WIDTH HEIGHT [,"Key":value...]".
a_list() {
    local e sep='' x y w h more
    for e in "$@"; do
        read -r x y w h more <<<"$e"
        printf '%s{"Left":%s,"Top":%s,"Width":%s,"Height":%s%s}' "$sep" "$x" "$y" "$w" "$h" "$more"
        sep=,
    done | sed 's/.*/[&]/' >list.json
}

two=$'0\t0\t0\t320\t360\tanna\tmain\n1\t320\t0\t320\t360\tben\taux'

# ---- users ----

@test "users: operands, stdin, a count" {
    expect 0 "$two" '' trtc-layout anna ben:aux
    expect 0 "$two" '' trtc-layout anna:main -- ben:aux
    printf 'anna\nben:aux\n' >in
    expect 0 "$two" '' trtc-layout
    expect 0 "$two" '' trtc-layout -
    printf '\nanna\r\n\r\n\nben:aux' >in # empty lines, CRLF, no last newline
    expect 0 "$two" '' trtc-layout
    printf 'anna\0ben:aux\0' >in
    expect 0 "$two" '' trtc-layout -0
    printf 'ben:aux\n' >in
    expect 0 "$two" '' trtc-layout anna -
    expect 0 "$(tr '\t' ' ' <<<"$two" | sed 's/anna main/u1 main/; s/ben aux/u2 main/' | tr ' ' '\t')" '' \
        trtc-layout -n 2
    : >in
    expect 0 '' '' trtc-layout
    expect 0 '' '' trtc-layout -n 0
}

@test "users: a repeated user has one window" {
    expect 0 "$two" '' trtc-layout anna ben:aux anna anna:main ben:aux
    expect 0 "$two" $'trtc-layout: 1 named more than once: each has one window\ntrtc-layout: 2 of 2 have a window' \
        trtc-layout -v anna ben:aux anna
}

@test "users: ids of any bytes" {
    expect 0 '0 0 0 214 180 a:b@c=d main
1 214 0 212 180 x\ty\\ main
2 426 0 214 180 \x2D main
3 0 180 214 180 \xFF\x01 main
4 214 180 212 180 <&> main' '' \
        bash -c "trtc-layout -s 640x540 -- a:b@c=d $'x\ty\\\\' -:main $'\xff\x01' '<&>' | tr '\t' ' '"
    printf 'a\nb\0' >in
    expect 0 $'0\t0\t0\t640\t360\ta\\nb\tmain' '' trtc-layout -0
}

@test "users: those beyond the limit are reported, and -b is not among them" {
    trtc-layout -n 27 >out 2>err
    [ "$(wc -l <out)" -eq 25 ]
    [ "$(grep -o 'u[0-9]*: left out' err)" = $'u26: left out\nu27: left out' ]
    trtc-layout -q -n 27 -b u27 >out 2>err
    [ ! -s err ]
    [ "$(cut -f6 out | tail -n 2)" = $'u24\nu27' ]
    trtc-layout -m screen -n 25 >out 2>err
    [ "$(wc -l <out)" -eq 24 ]
    [ "$(tail -n 1 out)" = $'23\t448\t316\t64\t44\tu24\tmain' ]
    grep -q '^trtc-layout: u25: left out' err
    trtc-layout -m screen -n 24 -b u24 >out 2>err
    [ "$(head -n 1 out)" = $'0\t0\t0\t512\t316\tu24\tmain' ]
    [ ! -s err ]
}

@test "users: one whose window has no pixels" {
    expect 0 $'0\t0\t0\t2\t2\tu1\tmain' 'trtc-layout: u2: left out, its window has no pixels at 2x2' trtc-layout -s 2x2 -n 2
}

@test "layouts: float and screen, with and without -b" {
    expect 0 '0 0 0 512 360 ben aux
1 512 0 128 90 anna main
2 512 90 128 90 ben main' '' bash -c "trtc-layout -m screen -b ben:aux anna ben:aux ben | tr '\t' ' '"
    expect 0 '0 128 0 512 360 ben main
1 0 0 128 90 anna main' '' bash -c "trtc-layout -m screen --align right -b ben:main anna ben | tr '\t' ' '"
    expect 0 '0 512 0 128 90 anna main
1 512 90 128 90 ben main' '' bash -c "trtc-layout -m screen anna ben | tr '\t' ' '"
    expect 0 '0 0 0 640 360 anna main
1 8 272 150 84 ben main' '' bash -c "trtc-layout -m float anna ben | tr '\t' ' '"
    expect 0 '0 0 0 640 360 ben main
1 8 272 150 84 anna main' '' bash -c "trtc-layout -m float -b ben anna ben | tr '\t' ' '"
}

# ---- formats ----

@test "tsv: a header" {
    expect 0 $'z\tx\ty\tw\th\tuser\tmedia\n'"$two" '' trtc-layout --header anna ben:aux
    expect 0 $'z\tx\ty\tw\th\tuser\tmedia' '' trtc-layout --header -n 0
}

@test "json: an array, and lines" {
    local a='{"z":0,"x":0,"y":0,"w":320,"h":360,"user":"anna","media":"main","render":"fit","alpha":0}'
    local b='{"z":1,"x":320,"y":0,"w":320,"h":360,"user":"ben","media":"aux","render":"fit","alpha":0}'
    expect 0 "$a"$'\n'"$b" '' trtc-layout --render fit --json anna ben:aux
    expect 0 "$a"$'\n'"$b" '' trtc-layout --render fit -f json --json anna ben:aux
    expect 0 '' '' trtc-layout --json -n 0
    expect 0 "[$a,$b]" '' bash -c 'trtc-layout --render fit -f json anna ben:aux | jq -c .'
    expect 0 '[]' '' trtc-layout -f json -n 0
    expect 0 '"/+8=" null' '' bash -c "trtc-layout --json $'\xff\xef' | jq -r '\"\\(.user_b64|tojson) \\(.user)\"'"
}

@test "api: every layout is read again, and is the same" {
    local m
    for m in grid float screen; do
        trtc-layout -m $m -s 1280x720 -b u3 --render crop20 -f api -n 19 >api.json
        [ "$(jq '.MixLayoutMode' api.json)" = 4 ]
        trtc-layout -m $m -s 1280x720 -b u3 --render crop20 --json -n 19 >want
        trtc-layout -m custom -s 1280x720 -l api.json --json -n 19 >out
        diff want out
        trtc-layout -s 1280x720 -l - -f api -n 19 <api.json | diff api.json -
    done
    expect 0 '{"MixLayoutMode":4,"MixLayoutList":[]}' '' trtc-layout -f api -n 0
    expect 0 '{"MixLayoutMode":4,"MixLayoutList":[{"Top":0,"Left":0,"Width":640,"Height":360,"UserId":"a","MediaId":1,"RenderMode":1,"ImageLayer":0,"Alpha":0}]}' \
        '' trtc-layout -f api a:aux
}

@test "api: what the API does not allow" {
    refused 65 '1922x1080' trtc-layout -s 1922x1080 -f api -n 2
    refused 65 '\xFF' trtc-layout -f api $'\xff'
}

@test "svg: well-formed whatever the users are called, and the pictures of doc/" {
    trtc-layout -f svg '<&">' $'\xff\x02' $'\xef\xbf\xbf' 'ein sehr langer Name, der nicht in sein Fenster passt' >a.svg
    a_list '0 0 640 360 ,"UserId":"a<b"' '10 10 20 20'
    trtc-layout -l list.json -f svg x >b.svg
    trtc-layout -n 0 -f svg >c.svg
    for f in ./*.svg; do rsvg-convert "$f" >/dev/null; done
    grep -qF '&lt;&amp;&quot;&gt;' a.svg
    grep -q 'a&lt;b · not there' b.svg
    trtc-layout -f svg anna ben chloe dan eve farid gerda hiro ines | diff "$tree/doc/layout-grid.svg" -
    trtc-layout -m float -f svg anna ben chloe dan eve farid | diff "$tree/doc/layout-float.svg" -
    trtc-layout -m screen -b anna:aux -f svg anna:aux anna ben chloe dan eve farid |
        diff "$tree/doc/layout-screen.svg" -
    trtc-layout -l "$tree/doc/layout-custom.json" -f svg anna:aux anna ben chloe | diff "$tree/doc/layout-custom.svg" -
}

# draw OPTION...: what FFmpeg makes of the filter, out.rgb of 96x64; the inputs are one colour each, of odd sizes.
draw() {
    local inputs=() c
    for c in red lime blue yellow cyan; do
        inputs+=(-f lavfi -i "color=$c:s=$((30 + 14 * ${#inputs[@]}))x50:r=5:d=0.4")
    done
    ffmpeg -v error -y "${inputs[@]}" -filter_complex "$(trtc-layout -s 96x64 -f filter "$@")" -map '[v]' \
        -frames:v 1 -pix_fmt rgb24 -f rawvideo out.rgb
}

# colour X Y: of out.rgb, in words.
colour() {
    # shellcheck disable=SC2046 # three numbers
    set -- $(od -An -tu1 -j $((3 * ($2 * 96 + $1))) -N 3 out.rgb)
    local c bits=
    for c in "$@"; do bits+=$((c > 200 ? 2 : c > 60)); done
    case $bits in
    200) echo red ;; 020) echo lime ;; 002) echo blue ;; 220) echo yellow ;; 022) echo cyan ;; 000) echo black ;;
    *) echo "$bits" ;;
    esac
}

@test "filter: FFmpeg draws every user where the rectangles are" {
    local m r x y w h user
    for m in grid float screen; do
        for r in stretch crop fit crop20; do
            [[ $m == grid || $r == crop ]] || continue
            draw -m $m --render $r red lime blue yellow cyan
            while read -r _ x y w h user _; do
                [ "$(colour $((x + w / 2)) $((y + h / 2)))" = "$user" ] || fail "$m, $r: $user is not at $x,$y"
            done < <(trtc-layout -m $m -s 96x64 red lime blue yellow cyan)
        done
    done
    [ "$(colour 4 4)" = black ] # screen without an anchor
}

@test "filter: bars, order, transparency, users without a window" {
    draw --render fit red lime blue yellow cyan
    [ "$(colour 15 10)" = red ]
    [ "$(colour 2 10)" = black ] # 30x50 in 32x22
    a_list '0 0 96 64 ,"UserId":"red"' '0 0 40 40 ,"UserId":"blue","ImageLayer":2,"Alpha":128' \
        '0 0 96 64 ,"UserId":"gone","ImageLayer":9' '50 0 20 20 ,"UserId":"cyan","ImageLayer":1,"Alpha":255' \
        '20 20 40 40 ,"UserId":"lime","ImageLayer":1' '80 0 16 16 ,"UserId":"yellow","RenderMode":3'
    draw -l list.json red lime blue yellow cyan
    [ "$(colour 5 5)" = 101 ]
    [ "$(colour 30 30)" = 011 ]
    [ "$(colour 50 50)" = lime ]
    [ "$(colour 60 10)" = red ]
    [ "$(colour 88 8)" = yellow ]
    # ben has none: the files are those of anna and chloe
    a_list '0 0 48 64 ,"UserId":"chloe"' '48 0 48 64 ,"UserId":"anna"'
    trtc-layout -q -s 96x64 -l list.json -f filter anna ben chloe >filter
    grep -q '^\[1:v\].*\[w0\];$' filter
    grep -q '^\[0:v\].*\[w1\];$' filter
    run ! grep -q '\[2:v\]' filter
    expect 0 'color=black:s=640x360:r=15[v]' '' trtc-layout -f filter -n 0
}

@test "filter: as long as the longest input, at the requested rate" {
    ffmpeg -v error -f lavfi -i color=red:s=32x32:r=10:d=0.2 -f lavfi -i color=blue:s=32x32:r=50:d=1 \
        -filter_complex "$(trtc-layout -s 32x32 -r 20 -f filter a b)" -map '[v]' -f framecrc frames
    [ "$(grep -c '^0' frames)" -eq 20 ]
    grep -q '^#tb 0: 1/20$' frames
}

# ---- custom ----

@test "custom: reserved and free windows, layers, odd pixels, no size" {
    a_list '1 1 99 99 ,"ImageLayer":2' '100 0 100 100 ,"UserId":"c"' '200 0 100 100' \
        '300 0 100 100 ,"UserId":"gone"' '0 0 0 0 ,"UserId":"a"' '0 0 0 9'
    expect 0 '0 100 0 100 100 c main
1 200 0 100 100 d main
3 2 2 98 98 b main' 'trtc-layout: MixLayoutList[4]: 0x0 is not the size of a window
trtc-layout: MixLayoutList[5]: 0x9 is not the size of a window
trtc-layout: a: left out, the list has no window for it
trtc-layout: e:aux: left out, the list has no window for it' \
        bash -c "trtc-layout -l list.json a b c d e:aux | tr '\t' ' '"
    a_list '0 0 640 360 ,"MediaId":1,"UserId":"a","Alpha":200,"RenderMode":0'
    expect 0 '{"z":0,"x":0,"y":0,"w":640,"h":360,"user":"a","media":"aux","render":"stretch","alpha":200}' '' \
        trtc-layout -l list.json --json a:aux
}

@test "custom: refused lists, with the entry" {
    a_list '0 0 10 10' '600 0 41 10'
    refused 65 'MixLayoutList[1]: 41x10 at 600,0' trtc-layout -l list.json -n 1
    a_list '0 0 10 10' '0 0 10 10 ,"Alpha":256'
    refused 65 'list.json: MixLayoutList[1].Alpha' trtc-layout -l list.json -n 1
    a_list '0 0 10 1921'
    refused 65 'MixLayoutList[0].Height' trtc-layout -s 4000x4000 -l list.json -n 1
    a_list '0 0 10 10 ,"Colour":3'
    refused 65 'MixLayoutList[0].Colour' trtc-layout -l list.json -n 1
    echo '{' >list.json
    refused 65 'list.json' trtc-layout -l list.json -n 1
    echo '[{}]' >in
    refused 65 'MixLayoutList[0]' trtc-layout -l - -n 1
    refused 66 'none.json' trtc-layout -l none.json -n 1
}

# ---- what is refused ----

@test "sizes, and an absent anchor" {
    local s
    for s in 0x360 640x0 641x360 640x361 -640x360 640x-360 1x1 16386x2 99999999999999999999x360; do
        refused 65 "even, 2 to 16384" trtc-layout -s "$s" -n 1
    done
    for s in '' 640 640x 640x360x2 640,360 640X360 ax360 ' 640x360' 640x360p; do
        refused 64 'is not a size' trtc-layout -s "$s" -n 1
    done
    refused 65 "'zoe' (main) is not among" trtc-layout -b zoe -n 3
    refused 65 "'u1' (aux) is not among" trtc-layout -m screen -b u1:aux -n 3
    refused 65 "'zoe' (main) is not among" trtc-layout -m float -b zoe -n 0
}

@test "usage errors" {
    refused 64 "-m: unknown value 'round'" trtc-layout -m round -n 1
    refused 64 "-f: unknown value 'png'" trtc-layout -f png -n 1
    refused 64 "--align: unknown value 'top'" trtc-layout --align top -n 1
    refused 64 "--render: unknown value '1'" trtc-layout --render 1 -n 1
    refused 64 -n trtc-layout -n -1
    refused 64 -n trtc-layout -n 10001
    refused 64 -n trtc-layout -n 2 anna
    refused 64 -r trtc-layout -f filter -r 0 -n 1
    refused 64 'unknown option' trtc-layout --what -n 1
    refused 64 'needs a value' trtc-layout -n
    refused 64 -l trtc-layout -m custom -n 1
    refused 64 -l trtc-layout -m grid -l x.json -n 1
    refused 64 'standard input' trtc-layout -l -
    refused 64 'standard input' trtc-layout -l - anna -
    refused 64 --json trtc-layout --json -f svg -n 1
    refused 64 'empty' trtc-layout ''
    refused 64 'empty' trtc-layout :aux
    refused 64 'empty' trtc-layout -b :aux a
    printf 'a\n:aux\n' >in
    refused 65 'line 2' trtc-layout
    printf 'a\nb\0c\n' >in
    refused 65 'line 2' trtc-layout
    { echo a; head -c 100000 /dev/zero | tr '\0' x; } >in
    refused 65 'line 2' trtc-layout
    seq 10001 >in
    refused 65 '10000 users' trtc-layout
}

@test "files of recordings are not users, and the message shows the users" {
    local name=1400000001_3560__UserId_s_YW5uYQ..__UserId_e_main_video.m3u8
    local users="-name '*_video.m3u8' | trtc-name decode | cut -f4 | sort -u | trtc-layout"
    mkdir rec anna
    : >"rec/$name"
    expect 66 '' "trtc-layout: 'rec/' is a directory; for its users: find rec/ $users" trtc-layout rec/
    [ "$(bash -c "find rec/ $users" | cut -f6)" = anna ]
    expect 66 '' "trtc-layout: 'rec/$name' is a file: 'trtc-name decode rec/$name | cut -f4' prints its user" \
        trtc-layout ben "rec/$name"
    [ "$(trtc-name decode "rec/$name" | cut -f4)" = anna ]
    refused 66 'prints its user' trtc-layout "$name"
    expect 66 '' "trtc-layout: 'https://' is an address: give users" trtc-layout 'https://u:pass@example.com/rec?key=1'
    refused 66 'is a directory' trtc-layout .
    # whose name is that of a directory is a user
    expect 0 $'0\t0\t0\t32\t36\tanna\tmain\n1\t32\t0\t32\t36\ta/b\tmain' '' trtc-layout -s 64x36 anna a/b
    expect 0 $'0\t0\t0\t64\t36\trec\tmain' \
        "trtc-layout: 'rec' is taken as a user id; for the users of the directory: find rec $users" trtc-layout -s 64x36 rec
    expect 0 $'0\t0\t0\t64\t36\trec\tmain' '' trtc-layout -q -s 64x36 rec
}

@test "options without effect are noted" {
    trtc-layout --align right -r 5 -f tsv -n 1 >out 2>err
    [ "$(wc -l <err)" -eq 2 ]
    a_list '0 0 10 10'
    trtc-layout -l list.json --render fit --header -f svg -n 1 >out 2>err
    [ "$(wc -l <err)" -eq 2 ]
    trtc-layout -q -l list.json --render fit --header -f svg -n 1 >out 2>err
    [ ! -s err ]
}

@test "help, version, failing output" {
    run -0 --separate-stderr trtc-layout -h
    [[ ${lines[0]} == 'usage: trtc-layout '* && -z $stderr ]]
    run -0 --separate-stderr trtc-layout --version
    [[ $output == 'trtc-layout '[0-9]* && -z $stderr ]]
    local f
    for f in tsv json svg filter api; do
        run -75 bash -c "trtc-layout -f $f -n 25 >/dev/full"
    done
    bash -c 'set -o pipefail; trtc-layout -f svg -n 25 | head -n 1' >out 2>err || [ $? -eq 141 ]
    [ ! -s err ]
}

@test "FFmpeg's libraries are not linked" {
    ldd "$(command -v trtc-layout)" >libs
    grep -q libcjson libs
    run ! grep -E 'libav|libsw|libcurl|libcrypto|libass' libs
}

# ---- the page ----

@test "the pipelines of trtc-layout.1" {
    local text n=0 name
    local names=1400000001_3560__UserId_s_
    mkdir rec
    for name in YW5uYQ.. YmVu; do : >"rec/$names${name}__UserId_e_main_video.m3u8"; done
    for name in anna ben chloe; do
        ffmpeg -v error -f lavfi -i testsrc=s=32x32:r=5:d=0.4 -f lavfi -i anullsrc=r=16000:d=0.4 \
            -c:v libx264 -preset ultrafast -c:a aac $name.mp4
    done
    while IFS= read -rd '' text; do
        n=$((n + 1))
        bash -euo pipefail -c "$text" >out 2>err </dev/null || fail "$text"
        [ ! -s err ] || fail "$text"
        case $text in
        *ffmpeg*) [ "$(ffprobe -v error -show_entries stream=codec_type,width -of csv=p=0 mixed.mp4)" = $'video,640\naudio' ] ;;
        *call.svg*) grep -q 'anna · aux' call.svg ;;
        *clear.svg*) [ "$(grep -c 'fill-opacity="0.624"' clear.svg)" -eq 3 ] ;;
        *trtc-name*) [ "$(jq -c '[.MixLayoutList[].UserId]' out)" = '["anna","ben"]' ] ;;
        *) [ "$(wc -l <out)" -eq 5 ] ;;
        esac || fail "$text"
    done < <(awk '/^\.Sh/ { sec = $2 } sec != "EXAMPLES" { next }
        /^\.Bd/ { on = 1; next } /^\.Ed/ { printf "%c", 0; on = 0 } on { gsub(/\\e/, "\\"); print }' "$tree/man/trtc-layout.1")
    [ "$n" -eq 5 ] || fail "$n pipelines"
}
