#!/bin/bash
# SPDX-License-Identifier: MIT
# How fast trtc-mix composes: N inputs of 640x360 at 15 fps with sound into one canvas, beside ffmpeg (xstack and amix, one
# thread a decoder, bilinear), GStreamer where it is installed, and the floor: the CPU time of decoding all inputs and
# encoding the composed picture alone, spread over the cores. All encode with the same preset and bit rate; the last row of
# each is what trtc-mix does by default.
#
#   bench-mix.sh        TILES='4 25' CANVAS='1280x720' LENGTH=30 RUNS=3 narrow it down
set -euo pipefail

export RUNS=${RUNS:-3}
# shellcheck source=tests/bench/bench.bash
. "$(dirname "$0")/bench.bash"
length=${LENGTH:-30} sources=5
cores=$(nproc)

# Moving pictures with the grain of a camera, so that decoding costs what it does in a call.
make_sources() {
    local i
    for ((i = 0; i < sources; i++)); do
        ffmpeg -nostdin -v error -y -f lavfi \
            -i "testsrc2=s=640x360:r=15:d=$length,hue=h=$((i * 70)),noise=alls=9:allf=t" \
            -f lavfi -i "sine=f=$((200 + i * 70)):r=48000:d=$length,volume=0.2" -c:v libx264 -profile:v main -bf 0 -g 30 \
            -b:v 800k -preset medium -c:a aac -b:a 64k -ac 1 "$work/$i.ts" &
        ((i % cores == cores - 1)) && wait
    done
    wait
}

input() { echo "$work/$(($1 % sources)).ts"; }
fast=(-preset veryfast)

mix() {
    local i args=()
    for ((i = 0; i < tiles; i++)); do args+=("u$i@1767225600000=$(input "$i")"); done
    trtc-mix -q -s "$canvas" -r 15 -k "$kbps" -g 2 "$@" -o "$work/mix.mp4" --audio-bitrate 64 "${args[@]}"
}
trtc_mix() { once mix --preset veryfast; }
trtc_mix_default() { once mix; }

ffmpeg_inputs() {
    local i
    for ((i = 0; i < tiles; i++)); do printf -- '-threads\n1\n-i\n%s\n' "$(input "$i")"; done
}

ffmpeg_xstack() {
    local i graph='' stack='' layout='' sound='' args
    mapfile -t args < <(ffmpeg_inputs)
    for ((i = 0; i < tiles; i++)); do
        graph+="[${i}:v]scale=$tile_w:$tile_h:flags=bilinear[v${i}];" stack+="[v$i]" sound+="[$i:a]"
        layout+="${layout:+|}$((tile_w * (i % side)))_$((tile_h * (i / side)))"
    done
    graph+="${stack}xstack=inputs=$tiles:layout=$layout:fill=black,pad=${canvas_w}:${canvas_h}[v];"
    graph+="${sound}amix=inputs=${tiles}[a]"
    once ffmpeg -nostdin -v error -y "${args[@]}" -filter_complex "$graph" -map '[v]' -map '[a]' -c:v libx264 "${fast[@]}" \
        -b:v "${kbps}k" -g 30 -c:a aac -b:a 64k -ac 2 "$work/x.mp4"
}

gstreamer() {
    local i pads='' chains=()
    for ((i = 0; i < tiles; i++)); do
        pads+=" sink_${i}::xpos=$((tile_w * (i % side))) sink_${i}::ypos=$((tile_h * (i / side))) sink_${i}::width=$tile_w sink_${i}::height=$tile_h"
        chains+=(filesrc "location=$(input "$i")" ! tsdemux "name=d$i" "d$i." ! queue ! h264parse ! avdec_h264 max-threads=1 !
            queue ! "c.sink_$i" "d$i." ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! queue ! a.)
    done
    # shellcheck disable=SC2086 # a list
    once gst-launch-1.0 -q compositor name=c background=black $pads ! \
        "video/x-raw,format=I420,width=$canvas_w,height=$canvas_h,framerate=15/1" ! queue ! \
        x264enc speed-preset=veryfast "bitrate=$kbps" key-int-max=30 ! h264parse ! queue ! mp4mux name=m ! filesink "location=$work/g.mp4" \
        audiomixer name=a ! audioconvert ! audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate=64000 ! aacparse ! queue ! m. "${chains[@]}"
}

# CPU seconds of a command.
cpu() {
    local TIMEFORMAT='%3U %3S'
    { time "$@" >/dev/null 2>&1; } 2>&1 | awk '{print $1 + $2}'
}

encode() { cpu ffmpeg -nostdin -v error -y -i "$work/raw.y4m" -c:v libx264 "${fast[@]}" -b:v "${kbps}k" "$@" -g 30 -f null -; }

floor() {
    local i args decode plain capped sound maps=()
    mapfile -t args < <(ffmpeg_inputs)
    for ((i = 0; i < tiles; i++)); do maps+=(-map "$i"); done
    decode=$(cpu ffmpeg -nostdin -v error "${args[@]}" "${maps[@]}" -f null -)
    # what was composed, and not what a mix has left of it
    kbps=100000 mix --preset ultrafast >/dev/null
    ffmpeg -nostdin -v error -y -i "$work/mix.mp4" -an -pix_fmt yuv420p "$work/raw.y4m" -vn "$work/raw.wav"
    plain=$(encode)
    capped=$(encode -maxrate "$((kbps * 3 / 2))k" -bufsize "$((kbps * 2))k") # as a mix encodes
    sound=$(cpu ffmpeg -nostdin -v error -y -i "$work/raw.wav" -c:a aac -b:a 64k -f null -)
    rm -f "$work"/raw.{y4m,wav}
    awk -v s="$sound" -v d="$decode" -v p="$plain" -v c="$capped" -v n="$cores" -v w="$(median 1 <"$work/trtc_mix.rows")" \
        -v u="$(median 2 <"$work/trtc_mix.rows")" 'BEGIN {
        printf "%35s floor: decode %.2f + encode %.2f CPU s over %d cores = %.2f s\n", "", d, p, n, (d + p) / n
        printf "%35s with the cap on peaks that a mix has: encode %.2f CPU s, %.2f s\n", "", c, (d + c) / n
        printf "%35s trtc_mix / (decode + encode): wall %.2f, CPU %.2f, goal 1.12; the rest, %.2f CPU s,\n", "",
            w * n / (d + p), u / (d + p), u - d - p
        printf "%35s encodes the sound (%.2f by itself), draws, mixes, reads, and keeps the peaks\n", "", s}'
}

peak() {
    local wanted=''
    if [ "$tiles $canvas" = '25 1920x1080' ]; then wanted=', goal 300 MB'; fi
    printf '%35s peak memory %s MB%s\n' '' "$(rss_mb bash -c "$(declare -f mix input); work=$work sources=$sources tiles=$tiles canvas=$canvas kbps=$kbps; mix")" "$wanted"
}

command -v trtc-mix >/dev/null || exit 0
echo "mix: making $sources inputs of $length s ..."
make_sources
rivals=(ffmpeg_xstack)
if command -v gst-launch-1.0 >/dev/null && gst-inspect-1.0 x264enc avdec_h264 >/dev/null 2>&1; then rivals+=(gstreamer); fi
table_head
for canvas in ${CANVAS:-1280x720 1920x1080}; do
    canvas_w=${canvas%x*} canvas_h=${canvas#*x}
    kbps=1500 list='4 9 16 25'
    if ((canvas_w > 1280)); then kbps=3000 list='4 25'; fi
    for tiles in ${TILES:-$list}; do
        side=$(awk -v n="$tiles" 'BEGIN {s = int(sqrt(n)); print s * s < n ? s + 1 : s}')
        tile_w=$((canvas_w / side / 2 * 2)) tile_h=$((canvas_h / side / 2 * 2))
        compare "mix $tiles into $canvas, $length s" trtc_mix "${rivals[@]}" trtc_mix_default
        peak
        floor
    done
done

echo
"$B/tests/scalebench"
