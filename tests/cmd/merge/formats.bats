#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge and streams whose format is not said once and for all: what the MP4 says of them, and what players make
# of that.

load ../../lib
first=MTAwMDE._20260101000000000_av.mp4

setup_file() {
    files_begin
}

setup() {
    test_begin
}

# begin DIR [WxH]: a recording of a picture, without segments yet.
begin() {
    list=$1/${stem}_video.m3u8 at=0
    mkdir -p "$1"
    printf '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:70\n#EXT-X-TRTC-START-REC-TIME:1767225600000\n' >"$list"
    [[ ! ${2:-} ]] || echo "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:${2%x*} HEIGHT:${2#*x}" >>"$list"
}

# add CODEC OPTION...: a segment of a second, encoded by ffmpeg with these options.
add() {
    local name
    name=${stem}_video_2026010100000${at}000.ts
    ffmpeg -nostdin -v error -f lavfi -i "${picture:-testsrc2=s=64x48}:r=10:d=1" -pix_fmt yuv420p -c:v "$1" \
        -x265-params log-level=none "${@:2}" -output_ts_offset $at -muxdelay 0 -f mpegts "${list%/*}/$name"
    printf '#EXT-X-TRTC-FILE-ATTR:%s,%s\n#EXTINF:1.0,\n%s\n' $((1767225600000 + at * 1000)) \
        "$(stat -c %s "${list%/*}/$name")" "$name" >>"$list"
    at=$((at + 1))
}

finish() {
    echo '#EXT-X-ENDLIST' >>"$list"
}

# pictures FILE: their sums, a line each. (FFmpeg hides pictures of H.264 that follow a key picture which is no IDR
# picture until that has been shown.)
pictures() {
    ffmpeg -nostdin -v error -flags output_corrupt -i "$1" -map 0:v -fps_mode passthrough -f framemd5 - | sed -n '/^#/!s/.*, *//p'
}

# same DIR FILE: the pictures of the segments are those of the file.
same() {
    cat "$1"/*video*.ts >all.ts
    diff <(pictures all.ts) <(pictures "$2") || fail "$2: other pictures"
}

# entry FILE: the codec tag of the picture; how often that stands in the file.
entry() {
    field "$1" v codec_tag_string
    grep -cao "$(field "$1" v codec_tag_string)" "$1" | head -n 1
}

@test "parameter sets that change, or appear once: one sample entry, avc1 or hvc1, and every picture" {
    local c tag
    for c in libx264:avc1 libx265:hvc1; do
        tag=${c#*:} c=${c%:*}
        begin $tag
        add $c -preset ultrafast -qp 20 -g 5
        add $c -preset medium -bf 2 -qp 30
        add $c -preset ultrafast -qp 20 -g 5
        # the sets of this one stand in the one before
        add $c -preset ultrafast -qp 20 -g 5 -bsf:v "filter_units=remove_types=$([[ $tag == avc1 ]] && echo '7|8' || echo '32-34')"
        finish
        merge 0 -f $tag --json
        quiet
        jq -e '.video.action == "copy"' out
        [[ $(entry $tag/$first) == "$tag"$'\n'1 ]] || fail "$tag: $(entry $tag/$first)"
        same $tag $tag/$first
    done
}

@test "pictures whose parameter sets never came are reported; those that can be decoded are merged" {
    begin p
    add libx264 -preset ultrafast -g 5 -bsf:v 'filter_units=remove_types=7|8'
    add libx264 -preset ultrafast -g 5
    finish
    merge 3 -f p --report r.json
    said '10 pictures refer to parameter sets that are missing; 1.000 s lost'
    jq -e '.outputs[0].video.account | .frames_in == 20 and .frames_out == 10 and .put_in == 1 and .unaccounted == 0' r.json
    [ "$(frames p/$first)" -eq 11 ] # a black one first
    # nothing at all
    rm -r p
    begin p
    add libx264 -preset ultrafast -g 5 -bsf:v 'filter_units=remove_types=7|8'
    finish
    mk q --start 1767225600000 --length 5 --user "$(user kinds=a)"
    cp q/*audio* p
    merge 3 -f p
    said 'parameter sets'
    [ "$(field p/$first a codec_name)" = aac ]
}

# gst_pictures FILE: how many pictures GStreamer shows, which believes what each box says of the length.
gst_pictures() {
    gst-launch-1.0 -q filesrc location="$1" ! qtdemux ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=GRAY8 ! \
        filesink location=gray.raw >&2
    echo $(($(stat -c %s gray.raw) / ($(field "$1" v width) * $(field "$1" v height))))
}

need_gst() {
    gst-inspect-1.0 avdec_h264 >gst 2>&1 && gst-inspect-1.0 qtdemux >gst 2>&1 || skip 'no GStreamer with its plugins good and libav'
}

@test "all boxes of the file have the same length: GStreamer shows every picture" {
    local late f
    need_gst
    for late in 0 2; do
        rm -rf p
        mkrec --length 4 --user "size=160x90,rate=16000,bframes=2,vgap=0-$late" p
        merge 0 -f p
        f=$(<out)
        [ "$(gst_pictures "$f")" -eq "$(frames "$f")" ] || fail "late by $late s: not all"
    done
}

# shape FILE: width, height and sample aspect ratio.
shape() {
    ffprobe -v error -select_streams v -show_entries stream=width,height,sample_aspect_ratio -of csv=p=0 "$1"
}

@test "pixels that are not square: the encoded picture is as wide as it is shown; a change of shape is not copied" {
    begin p
    add libx264 -preset ultrafast -g 5 -vf setsar=4/3
    finish
    merge 0 -f p --video encode
    [ "$(shape p/$first)" = 86,48,1:1 ] || fail "$(shape p/$first)"
    merge 0 -f p --force
    [ "$(shape p/$first)" = 64,48,4:3 ] || fail "$(shape p/$first)"
    rm -r p
    begin p
    add libx264 -preset ultrafast -g 5 -vf setsar=4/3
    add libx264 -preset ultrafast -g 5
    finish
    merge 0 -f p --json
    jq -e '.video.reason == "the sample aspect ratio changes"' out
    [ "$(shape p/$first)" = 86,48,1:1 ] || fail "$(shape p/$first)"
}

@test "an angle that is no quarter turn is noted if the picture is encoded; a copy keeps what the stream states" {
    local degrees
    for degrees in 45 90; do
        begin r$degrees
        add libx264 -preset ultrafast -g 10 -bsf:v h264_metadata=display_orientation=insert:rotate=$degrees
        finish
        merge 0 -f r$degrees
        quiet
        merge 0 -f r$degrees --force --video encode
        [[ $degrees == 45 ]] || quiet
    done
    merge 0 -f r45 --force --video encode
    said '10 pictures should be shown at an angle that is no quarter turn, or stretched: the nearest quarter turn is used'
}

# retype FILE TYPE: the picture in this transport stream is called another stream type.
retype() {
    perl -0777 -pi -e '
        sub crc { my $c = 0xffffffff; for (unpack "C*", shift) { $c ^= $_ << 24;
            $c = ($c << 1 ^ ($c & 0x80000000 ? 0x04c11db7 : 0)) & 0xffffffff for 1 .. 8 } pack "N", $c }
        for (my $at = 0; $at < length; $at += 188) {
            my ($pid, $length) = (unpack("n", substr $_, $at + 1, 2) & 0x1fff, unpack("n", substr $_, $at + 6, 2) & 0xfff);
            next if $pid != 0x1000;
            substr($_, $at + 17, 1) = chr '"$2"';
            substr($_, $at + 8 + $length - 4, 4) = crc(substr $_, $at + 5, $length - 1);
        }' "$1"
    list_size "$1"
}

# list_size FILE: FATTR of a segment that has changed.
list_size() {
    sed -i "/FILE-ATTR/s/,.*/,$(stat -c %s "$1")/" "$list"
}

@test "pictures of unknown size are encoded in their real size; those that cannot be decoded are reported" {
    mk s --start 1767225600000 --length 1 --user "$(user kinds=a)"
    # MPEG-2, the shape of which is in the picture itself
    begin p
    add mpeg2video -g 5 -r 25 -vf setsar=4/3
    finish
    cp s/*audio* p
    merge 0 -f p --json
    jq -e '.video.reason == "mpeg2video is not copied into MP4"' out
    [ "$(shape p/$first)" = 86,48,1:1 ] || fail "$(shape p/$first)"
    # one that nobody decodes: the sound is merged
    begin q 160x90
    add libx264 -preset ultrafast -g 5
    finish
    cp s/*audio* q
    retype q/*video*.ts 0x42
    for p in "" "WIDTH:160 HEIGHT:90"; do
        sed -i '/VIDEO-METADATA/d' "$list"
        [[ ! $p ]] || sed -i "4a#EXT-X-TRTC-VIDEO-METADATA:$p" "$list"
        merge 3 -f q --force --report r.json
        said 'q/'
        jq -e '.outputs[0].video.account | .frames_in == 10 and .frames_out == 0 and .unaccounted == 0' r.json
        [ "$(field q/$first a codec_name)" = aac ]
    done
    # encoding without a size, of a stream that says it late only
    begin r
    add libx264 -preset ultrafast -g 5 -bsf:v 'filter_units=remove_types=7|8'
    add libx264 -preset ultrafast -g 5
    finish
    merge 3 -f r --video encode
    [ "$(shape r/$first)" = 64,48,1:1 ] || fail "$(shape r/$first)"
}

@test "trtc-mix starts in the middle of a recording that has parameter sets only at its beginning" {
    local codec
    for codec in libx264:'7|8' libx265:32-34; do
        rm -rf p
        begin p
        picture=color=red:s=64x48 add ${codec%:*} -preset ultrafast -g 5
        picture=color=red:s=64x48 add ${codec%:*} -preset ultrafast -g 5 -bsf:v "filter_units=remove_types=${codec#*:}"
        finish
        expect 0 trtc-mix -q -s 64x48 --still +1.5 -o s.png p
        [ "$(ffmpeg -nostdin -v error -i s.png -vf scale=1:1 -f rawvideo -pix_fmt rgb24 - | od -An -tu1 | awk '{ print ($1 > 200 && $2 < 50) }')" = 1 ] ||
            fail "$codec: no picture"
    done
}

@test "a split at a key picture that is followed by pictures shown before it: none is lost" {
    local c f
    for c in libx264:x264 libx265:x265; do
        rm -rf p o
        begin p
        add ${c%:*} -preset medium -bf 2 -g 5 -${c#*:}-params open-gop=1:keyint=5:min-keyint=5:b-adapt=0:scenecut=0
        add ${c%:*} -preset medium -bf 2 -g 5 -${c#*:}-params open-gop=1:keyint=5:min-keyint=5:b-adapt=0:scenecut=0
        finish
        merge 0 -f p -o o --split-time 1500ms
        quiet
        [ "$(wc -l <out)" -gt 1 ]
        # the key picture ends one part and begins the next
        cat p/*video*.ts >all.ts
        while read -r f; do pictures "$f"; done <out | uniq >got
        diff <(pictures all.ts) got || fail "$c: other pictures"
    done
}
