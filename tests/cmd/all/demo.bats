#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The demo, shortened: what it makes, what it says, that it can be run again (in the long tests) and destroys nothing.

bats_require_minimum_version 1.5.0

setup() {
    export LC_ALL=C TZ=UTC0
    tree=${BATS_TEST_DIRNAME%/tests/*}
    export B=${TRTC_B:-$tree/build}
    cd "$BATS_TEST_TMPDIR" || return
}

demo() { bash "$tree/examples/demo.sh" "$@"; }

# The sh blocks of the README, one shell for all of them, pasted where the demo has run; the programs are found as it
# says there.
readme_blocks() {
    ln -s "$B" build
    awk '/^```sh$/ { on = 1; n++; next } /^```$/ { on = 0 } on; END { print "# " n }' "$tree/README.md" >pasted
    [ "$(tail -n 1 pasted)" = '# 11' ]
    PATH=/usr/local/bin:/usr/bin:/bin bash -exuo pipefail pasted >said 2>errors </dev/null || { tail errors; false; }
    [ "$(grep -v -e '^++* ' -e '-a 0 leaves out [0-9]* segments of the substream$' errors)" = "" ] || { cat errors; false; }
    [ "$(grep -c 'OK$' < <(sha256sum -c SHA256SUMS))" -eq 4 ]
    [ "$(cut -f1 said | grep -cE '^(anna|ben|chloe)$')" -eq 7 ] && grep -q '"RecordMode":' said
    [ "$(find at-*.png look.png again.mp4 jobs -type f | wc -l)" -eq 9 ]
    [ -n "$(find mixed -name '*.m3u8')" ]
    # and the directory of the pages' examples, made as trtc.7 says
    eval "$(sed -n 's/^\.Ql \(.* demo\/recording rec\)$/\1/p' "$tree/man/trtc.7")"
    [ -n "$(find rec -name '*.ts')" ]
}

@test "the demo" {
    demo 'a demo' 40 >out 2>err
    [ ! -s err ] || { cat err; false; }
    cat out
    # three users, four files, all of them in the table with an offset below 40 ms where there is a picture
    [ "$(find 'a demo/merged' -type f | wc -l)" -eq 4 ]
    [ "$(find 'a demo/recording' -name '*aux_video.m3u8' | wc -l)" -eq 1 ]
    [ "$(grep -cE '^   (anna|ben) +[0-9]+\.[0-9] s +[0-9.]+ MB +[0-9]\.[0-9] ms +[0-9]+ x   [A-Za-z0-9+.-]+_[0-9]{17}_av\.mp4$' out)" -eq 3 ]
    [ "$(grep -cE '^   chloe +[0-9]+\.[0-9] s +[0-9.]+ MB +- +[0-9]+ x   [A-Za-z0-9+.-]+_[0-9]{17}\.m4a$' out)" -eq 1 ]
    grep -qE '^   all .* 4 files in [0-9.]+ s$' out
    [ "$(awk 'length > 100' out)" = "" ]
    # the line it drew: anna is twice in it, with more than 15 s between
    grep -qE '^   anna +\[#+\] +\[#+\]$' out
    rsvg-convert 'a demo/timeline.svg' -o timeline.png
    # both mixes, with picture and sound as long as they should be
    [ "$(grep -cE '^   (grid|screen) +[0-9]+\.[0-9] s +[0-9.]+ MB +[0-9]+ +[0-9]+ x   (grid|screen)\.mp4$' out)" -eq 2 ]
    for mix in grid:40 screen:12; do
        ffprobe -v error -show_entries stream=duration -of csv=p=0 "a demo/mix/${mix%:*}.mp4" >durations
        [ "$(wc -l <durations)" -eq 2 ]
        awk -v s="${mix#*:}" '$1 < s - .2 || $1 > s + .2 { exit 1 }' durations || { cat durations; false; }
    done
    # its picture, and the lines above, have the users in the order in which they came
    [ "$(sed -n 's/.*<text class="e".* y="\([0-9.]*\)".*<\/title>\(.*\)<.*/\1 \2/p' 'a demo/timeline.svg' |
        sort -n | cut -d' ' -f2 | tr '\n' ' ')" = 'anna chloe ben ' ]
    [ "$(grep -oE '^   (anna|ben|chloe) +\[' out | tr -d ' [' | tr '\n' ' ')" = 'anna chloe ben ' ]
    # the contact sheet: in the middle of its last still it is ben's screen, which is a dark blue
    [ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 'a demo/contact.png')" = 1904,638 ]
    read -r r g b < <(ffmpeg -v error -i 'a demo/contact.png' -vf crop=60:60:1580:440,scale=1:1 -f rawvideo -pix_fmt rgb24 - |
        od -An -tu1)
    ((b > 80 && b > r + 25 && b > g + 25)) || { echo "$r $g $b"; false; }
    [ ! -e 'a demo/.stills' ]
    # the command that it names works, and makes a picture out of the substream
    command=$(sed -n 's/^   \(.*trtc-merge -f .* -u ben\)$/\1/p' out)
    [ -n "$command" ]
    PATH=$B:$PATH bash -c "$command" >made
    mv 'a demo' demo
    [ "$(ffprobe -v error -select_streams v -show_entries stream=codec_type -of csv=p=0 "$(sed "s/^a //" made)")" = video ]

    readme_blocks

    # again: the same files; that it may be run again is also what its mark says
    [ -e demo/.demo ]
    [[ ${TRTC_LONG:-} ]] || return 0
    find demo/merged demo/mix demo/contact.png -type f | sort >first
    demo demo 40 >out
    find demo/merged demo/mix demo/contact.png -type f | sort | cmp - first
}

@test "the demo leaves files alone that it did not make" {
    mkdir -p mine/recording
    echo precious >mine/recording/file
    run -73 demo mine 40
    [[ $output == *'mine: is not empty, and no earlier demo made it'* ]]
    [ "$(cat mine/recording/file)" = precious ]
    run -64 demo new 5
    run -64 demo --help
    [[ $output == 'usage: demo.sh DIR [SECONDS]' && ! -e --help ]]
    [ ! -e new ]
    B=/nonexistent PATH=/usr/bin:/bin run -69 demo new 40
    [ ! -e new ]
}

@test "no two blocks of the README write into one directory, and none into that of make demo-live" {
    awk '/^```(sh|bash|shell)$/ { on = 1; next } /^```$/ { on = 0 } on' "$tree/README.md" |
        grep -oE ' (-d|--data) [a-z]+' | awk '{ print $2 }' | sort >directories
    [ "$(wc -l <directories)" -ge 5 ]
    [ -z "$(uniq -d directories)" ] || { uniq -d directories; false; }
    run ! grep -x live directories
}
