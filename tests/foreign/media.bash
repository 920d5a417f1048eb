#!/bin/bash
# SPDX-License-Identifier: MIT
# Media as others make it: each picture and each sound is encoded once, and every pair is then written by several
# muxers that are not ours.
#
#   media.bash pairs              the pairs there are, one a line
#   media.bash make DIR PAIR...   makes these: DIR/PAIR.MUXING.ts and so on, and directories of segments
#
# A pair is PICTURE.SOUND; either may be none. What this FFmpeg or GStreamer cannot write is not made.
set -u

seconds=3

# ---- pictures and sounds ----

x264() {
    echo "-c:v libx264 -preset ultrafast -threads 1 -pix_fmt ${2:-yuv420p} -x264-params scenecut=0:$1"
}

x265() {
    echo "-c:v libx265 -preset ultrafast -pix_fmt ${2:-yuv420p} -tag:v hvc1 -x265-params log-level=none:pools=none:frame-threads=1:scenecut=0:$1"
}

# name, rate, size, filter, options of the encoder
pictures() {
    cat <<END
plain     25          128x72 null $(x264 keyint=25:bframes=0)
b2        25          128x72 null $(x264 keyint=25:bframes=2:b-adapt=0)
b3pyr     25          128x72 null $(x264 keyint=25:bframes=3:b-adapt=0:b-pyramid=normal:ref=4)
open      25          128x72 null $(x264 keyint=24:min-keyint=24:bframes=3:b-adapt=0:open-gop=1)
refresh   25          128x72 null $(x264 keyint=25:bframes=0:intra-refresh=1)
fields    25          128x96 tinterlace=interleave_top,fps=25 $(x264 keyint=25:bframes=2:b-adapt=0:tff=1:aud=1)
fake      25          128x72 null $(x264 keyint=25:bframes=0:fake-interlaced=1)
slices    25          128x96 null $(x264 keyint=25:bframes=2:b-adapt=0:slices=4:aud=1)
hrd       25          128x72 null $(x264 keyint=25:bframes=1:b-adapt=0:nal-hrd=cbr:vbv-maxrate=300:vbv-bufsize=300:bitrate=300)
intra     25          128x72 null $(x264 keyint=1:bframes=0)
onekey    25          128x72 null $(x264 keyint=1000:bframes=2:b-adapt=0)
fps1      1           128x72 null $(x264 keyint=2:bframes=0)
fps5b     5           128x72 null $(x264 keyint=5:bframes=2:b-adapt=0)
ntsc      30000/1001  128x72 null $(x264 keyint=30:bframes=2:b-adapt=0)
film      24000/1001  128x72 null $(x264 keyint=24:bframes=3:b-adapt=0)
fps60     60          128x72 null $(x264 keyint=60:bframes=2:b-adapt=0)
vfr       30          128x72 select=not(eq(mod(n\\,7)\\,3))*not(between(n\\,40\\,44)) $(x264 keyint=25:bframes=0)
vfrb      30          128x72 select=not(eq(mod(n\\,5)\\,2)) $(x264 keyint=25:bframes=2:b-adapt=0)
ten       25          128x72 null $(x264 keyint=25:bframes=1:b-adapt=0 yuv420p10le)
hevc      25          128x72 null $(x265 keyint=25:bframes=0)
hevcb     25          128x72 null $(x265 keyint=25:bframes=3:b-adapt=0:open-gop=0)
hevcopen  25          128x72 null $(x265 keyint=24:min-keyint=24:bframes=3:b-adapt=0:open-gop=1)
hevcaud   30000/1001      128x72 null $(x265 keyint=25:bframes=2:b-adapt=0:aud=1:repeat-headers=1)
hevcten   25          128x72 null $(x265 keyint=25:bframes=2:b-adapt=0 yuv420p10le)
hevc60    60          128x72 null $(x265 keyint=60:bframes=2:b-adapt=0)
hevcfld   50          128x64 null $(x265 keyint=50:bframes=2:b-adapt=0:interlace=tff)
hevcs1    1           128x72 null $(x265 keyint=2:bframes=0)
END
}

# name, rate, channels (a layout), options of the encoder
sounds() {
    cat <<END
aac48     48000 stereo    -c:a aac -b:a 64k
aac44     44100 mono      -c:a aac -b:a 48k
aac32     32000 stereo    -c:a aac -b:a 48k
aac22     22050 stereo    -c:a aac -b:a 48k
aac16     16000 mono      -c:a aac -b:a 32k
aac8      8000  mono      -c:a aac -b:a 16k
aache     24000 stereo    -c:a aac -b:a 48k
aac51     48000 5.1       -c:a aac -b:a 128k
aacpce    48000 hexagonal -c:a aac -b:a 128k
mp2       48000 stereo    -c:a mp2 -b:a 64k
mp2mono   44100 mono      -c:a mp2 -b:a 64k
mp3       44100 stereo    -c:a libmp3lame -b:a 64k
ac3       48000 stereo    -c:a ac3 -b:a 96k
ac351     48000 5.1       -c:a ac3 -b:a 192k
eac3      48000 stereo    -c:a eac3 -b:a 96k
opus      48000 stereo    -c:a libopus -b:a 48k
END
}

gst_pictures=(gstx264 gstx264b gstx265)
gst_sounds=(gstvoaac gstac3)

# FFmpeg 7.1 has it: fragments that become a file with an index when it ends.
has_hybrid() {
    [[ ${hybrid:=$(ffmpeg -hide_banner -h muxer=mp4 2>/dev/null | grep -c hybrid_fragmented)} -gt 0 ]]
}

run() {
    "$@" </dev/null >>"$dir/log" 2>&1
}

have_gst() {
    command -v gst-launch-1.0 >/dev/null && gst-inspect-1.0 mpegtsmux >/dev/null 2>&1
}

gst() {
    run timeout 20 gst-launch-1.0 -q "$@"
}

# picture NAME: DIR/es/NAME.mp4, unless it is there.
picture() {
    local name rate size filter options at=$dir/es/$1.mp4
    [[ ! -e $at ]] || return 0
    case $1 in
    gstx264) gst videotestsrc num-buffers=75 pattern=ball ! video/x-raw,width=128,height=72,framerate=25/1 ! x264enc key-int-max=25 tune=zerolatency threads=1 ! h264parse ! mp4mux ! filesink location="$at" ;;
    gstx264b) gst videotestsrc num-buffers=75 pattern=ball ! video/x-raw,width=128,height=72,framerate=25/1 ! x264enc key-int-max=25 bframes=3 b-adapt=false threads=1 ! h264parse ! mp4mux ! filesink location="$at" ;;
    gstx265) gst videotestsrc num-buffers=75 pattern=ball ! video/x-raw,width=128,height=72,framerate=25/1 ! x265enc key-int-max=25 ! h265parse ! mp4mux ! filesink location="$at" ;;
    *)
        read -r name rate size filter options < <(pictures | grep "^$1 ")
        # shellcheck disable=SC2086 # words
        run ffmpeg -nostdin -v error -y -f lavfi -i "testsrc2=s=$size:r=$rate:d=$seconds,$filter" -fps_mode passthrough \
            -enc_time_base 1:90000 $options -video_track_timescale 90000 -use_editlist 0 "$at"
        ;;
    esac
}

sound() {
    local name rate layout options at=$dir/es/$1.mp4
    [[ ! -e $at ]] || return 0
    case $1 in
    gstvoaac) gst audiotestsrc num-buffers=140 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! voaacenc ! aacparse ! mp4mux ! filesink location="$at" ;;
    gstac3) gst audiotestsrc num-buffers=90 samplesperbuffer=1536 ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! avenc_ac3 ! ac3parse ! mp4mux ! filesink location="$at" ;;
    *)
        read -r name rate layout options < <(sounds | grep "^$1 ")
        # shellcheck disable=SC2086 # words
        run ffmpeg -nostdin -v error -y -f lavfi -i "aevalsrc=0.4*sin(t*2500)+0.2*sin(t*t*900):s=$rate:d=$seconds" \
            -af "aformat=channel_layouts=mono,pan=$layout|$(pan "$layout")" $options -use_editlist 0 -strict -2 "$at"
        [[ $1 != aache ]] || say_he "$at"
        ;;
    esac
}

# say_he FILE: its description says that the spectrum is replicated, up to 48 kHz, as HE-AAC's does. No encoder of
# Debian's makes that; the frames have none, and decoders double the rate all the same.
say_he() {
    local at
    at=$(LC_ALL=C grep -obUaP '\x56\xe5\x00' "$1" | head -n 1 | cut -d : -f 1)
    [[ $at ]] && printf '\x98' | dd of="$1" bs=1 seek=$((at + 2)) conv=notrunc status=none
}

# pan LAYOUT: the one channel in all of them.
pan() {
    local n i
    case $1 in mono) n=1 ;; stereo) n=2 ;; *) n=6 ;; esac
    for ((i = 0; i < n; i++)); do printf '%sc%d=c0' "$([[ $i == 0 ]] || echo '|')" $i; done
}

# ---- pairs ----

# Each picture with three sounds, each sound with several pictures; each of them alone.
pairs() {
    local p s i=0
    local -a ps ss
    mapfile -t ps < <(pictures | cut -d ' ' -f 1; have_gst && printf '%s\n' "${gst_pictures[@]}")
    mapfile -t ss < <(sounds | cut -d ' ' -f 1; have_gst && printf '%s\n' "${gst_sounds[@]}")
    for p in "${ps[@]}"; do
        echo "$p.aac48"
        echo "$p.${ss[1 + i % (${#ss[@]} - 1)]}"
        echo "$p.${ss[1 + (i * 5 + 7) % (${#ss[@]} - 1)]}"
        i=$((i + 1))
    done | sort -u
    for p in b2 hevcb vfr fields; do echo "$p.none"; done
    for s in "${ss[@]}"; do echo "none.$s"; done
}

# ---- muxers ----

# muxings PICTURE SOUND: lines of "NAME.EXTENSION OPTIONS" for FFmpeg.
muxings() {
    cat <<END
plain.ts -f mpegts
tables.ts -f mpegts -pat_period 0.2 -sdt_period 5
resend.ts -f mpegts -mpegts_flags resend_headers
onepes.ts -f mpegts -pes_payload_size 0
bigpes.ts -f mpegts -pes_payload_size 30000
systemb.ts -f mpegts -mpegts_flags system_b
m2ts.ts -f mpegts -mpegts_m2ts_mode 1
lengths.ts -f mpegts -omit_video_pes_length 0
muxrate.ts -f mpegts -muxrate 3M
pids.ts -f mpegts -tables_version 9 -mpegts_start_pid 0x30 -mpegts_pmt_start_pid 0x1ff0 -mpegts_service_id 77
atframes.ts -f mpegts -mpegts_flags pat_pmt_at_frames+initial_discontinuity
nodelay.ts -f mpegts -muxdelay 0 -muxpreload 0
wrap.ts -f mpegts -output_ts_offset 95440.7
zero.ts -f mpegts -muxdelay 0 -muxpreload 0 -mpegts_copyts 1
matroska.mkv -f matroska
live.mkv -f matroska -live 1
plain.mp4 -f mp4
fast.mp4 -f mp4 -movflags +faststart
noedit.mp4 -f mp4 -use_editlist 0
negative.mp4 -f mp4 -movflags negative_cts_offsets
frag.mp4 -f mp4 -movflags frag_keyframe+empty_moov+default_base_moof
dash.mp4 -f mp4 -movflags dash+delay_moov+frag_every_frame
cmaf.mp4 -f mp4 -movflags cmaf+frag_every_frame
plain.mov -f mov
END
    ! has_hybrid || echo 'hybrid.mp4 -f mp4 -movflags hybrid_fragmented+frag_keyframe'
    case $2 in aac* | gstvoaac) echo 'latm.ts -f mpegts -mpegts_flags latm' ;; esac
    case $1.$2 in
    hevc* | gstx265.*) ;;
    *.aac51 | *.aacpce | *.aac8) ;;
    *.aac* | *.gstvoaac | *.mp3 | *.none) echo 'plain.flv -f flv' ;;
    esac
}

# by_ffmpeg PAIR: all its files in one run.
by_ffmpeg() {
    local name options input=() maps=() all=() n=0
    for name in ${1/./ }; do
        [[ $name != none ]] || continue
        input+=(-i "$dir/es/$name.mp4")
        maps+=(-map "$n")
        n=$((n + 1))
    done
    while read -r name options; do
        # shellcheck disable=SC2206 # words
        all+=("${maps[@]}" -c copy -strict -2 $options "$dir/$1.$name")
    done < <(muxings "${1%.*}" "${1#*.}")
    run ffmpeg -nostdin -v error -y "${input[@]}" "${all[@]}" && return
    # what one of them cannot hold must not end the others
    while read -r name options; do
        # shellcheck disable=SC2086 # words
        run ffmpeg -nostdin -v error -y "${input[@]}" "${maps[@]}" -c copy -strict -2 $options "$dir/$1.$name" ||
            rm -f "$dir/$1.$name"
    done < <(muxings "${1%.*}" "${1#*.}")
}

# parser NAME: GStreamer's for this picture or sound.
parser() {
    case $1 in
    hevc* | gstx265) echo h265parse ;;
    aac* | gstvoaac) echo aacparse ;;
    mp2* | mp3) echo mpegaudioparse ;;
    *ac3*) echo ac3parse ;;
    opus) echo opusparse ;;
    *) echo h264parse ;;
    esac
}

# by_gst PAIR: by its muxers, in one pipeline.
by_gst() {
    local name muxers=(mpegtsmux 'mpegtsmux m2ts-mode=true' 'mpegtsmux alignment=7 pat-interval=9000 pmt-interval=9000' matroskamux 'mp4mux fragment-duration=500')
    local files=(gst.ts gstm2ts.ts gst7.ts gst.mkv gstfrag.mp4) args=() i
    for ((i = 0; i < ${#muxers[@]}; i++)); do
        # shellcheck disable=SC2206 # words
        args+=(${muxers[i]} "name=m$i" ! filesink "location=$dir/$1.${files[i]}" async=false)
    done
    for name in ${1/./ }; do
        [[ $name != none ]] || continue
        args+=(filesrc "location=$dir/es/$name.mp4" ! qtdemux ! tee "name=$name")
        for ((i = 0; i < ${#muxers[@]}; i++)); do
            args+=("$name." ! queue max-size-time=0 max-size-buffers=0 ! "$(parser "$name")" ! "m$i.")
        done
    done
    gst "${args[@]}" && return
    for ((i = 0; i < ${#muxers[@]}; i++)); do
        # shellcheck disable=SC2206 # words
        args=(${muxers[i]} name=m ! filesink "location=$dir/$1.${files[i]}")
        for name in ${1/./ }; do
            [[ $name == none ]] || args+=(filesrc "location=$dir/es/$name.mp4" ! qtdemux ! "$(parser "$name")" ! queue max-size-time=0 max-size-buffers=0 ! m.)
        done
        gst "${args[@]}" || rm -f "$dir/$1.${files[i]}"
    done
}

make_pair() {
    [[ ${1%.*} == none ]] || picture "${1%.*}"
    [[ ${1#*.} == none ]] || sound "${1#*.}"
    by_ffmpeg "$1"
    ! have_gst || by_gst "$1"
}

case ${1:-} in
pairs) pairs ;;
make)
    dir=$2
    mkdir -p "$dir/es"
    for pair in "${@:3}"; do make_pair "$pair"; done
    find "$dir" -maxdepth 1 -size 0 -delete
    ;;
*)
    echo 'usage: media.bash pairs | make DIR PAIR...' >&2
    exit 64
    ;;
esac
