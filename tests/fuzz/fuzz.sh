#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs the harnesses one after the other, each FUZZ_SECONDS long, and reports how often each ran. What it begins with it
# makes itself; what it finds on the way stays in BUILD_DIR/corpus/NAME. Where one fails, the input that did it is named,
# the others go on, and the exit status is 1.
#
#   fuzz.sh BUILD_DIR HARNESS.c...       FUZZ_SECONDS: 60
set -u
export LC_ALL=C TZ=UTC0
exec </dev/null

build=$(cd "$1" && pwd) || exit 1
tests=$(cd "$(dirname "$0")" && pwd)
shift
seconds=${FUZZ_SECONDS:-60}

ff() {
    ffmpeg -nostdin -v error -y "$@"
}

# Short streams of all containers, in the current directory.
make_streams() {
    ff -f lavfi -i testsrc2=s=32x32:r=10:d=1 -f lavfi -i sine=r=16000:d=1 -c:v libx264 -preset ultrafast -g 5 -bf 1 \
        -c:a aac -b:a 16k a.mp4
    ff -i a.mp4 -c copy a.ts -c copy a.mkv -c copy a.flv -c copy -movflags frag_keyframe+empty_moov b.mp4 \
        -c copy -an a.h264 -c copy -vn a.aac -c:v mpeg2video -c:a mp2 b.ts -c:v copy -c:a ac3 c.ts -c:v mjpeg -c:a pcm_s16le a.avi
    ff -i a.mp4 -c:v libx265 -preset ultrafast -x265-params log-level=none -c:a libopus d.ts
    ff -i d.ts -c copy b.mkv -c copy -an a.h265
    ff -i a.mp4 -vn -c:a eac3 a.eac3 -vn -c:a libmp3lame a.mp3 -vn -c:a flac a.flac -vn -c:a pcm_s16le a.wav
}

# prefixed BYTE FILE...: each behind a byte (octal) that chooses how a harness reads it.
prefixed() {
    local byte=$1 f
    shift
    for f; do { printf '%b' "\\0$byte"; cat "$f"; } >"$byte-${f##*/}"; done
}

playlists() {
    local v=1400000001_1__UserId_s_YQ..__UserId_e_main_video
    cat >a.m3u8 <<P
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:10
#EXT-X-TRTC-START-REC-TIME:1767225600000
#EXT-X-TRTC-VIDEO-METADATA:WIDTH:64 HEIGHT:48
#EXT-X-TRTC-FILE-ATTR:1767225600000,188
#EXTINF:10.000,
${v}_20260101000000000.ts
#EXTINF:10.000,
dir\\${v}_20260101000010000%20(1).ts
#EXT-X-KEY:METHOD=AES-128,URI="k"
#EXT-X-BYTERANGE:188@376
#EXTINF:1
https://h/x.ts?sign=1
#EXT-X-ENDLIST
P
    printf '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n' >master.m3u8
    gzip -nk a.m3u8
    iconv -t UTF-16 a.m3u8 >utf16.m3u8
}

# seeds NAME: what a harness begins with, in the current directory.
seeds() {
    local b f streams=("$work"/streams/*)
    case $1 in
    ts) for b in 0 1 210 300 320; do prefixed $b "$work"/streams/*.ts; done ;;
    input) for b in 0 1 2; do prefixed $b "${streams[@]}"; done ;;
    sets) for b in 20 21; do prefixed $b "$work"/streams/*.h26[45]; done ;;
    es) for f in "$work"/streams/*.{h264,h265,aac,eac3,mp3,ts}; do head -c 4000 "$f" >"${f##*/}"; done ;;
    mp4)
        cp "$work"/streams/*.mp4 .
        printf 'ab\0\0\1\0cd\0\1\0\0ef\0\1\2\377' >samples
        ;;
    playlist) playlists ;;
    recording)
        printf '\0\3\0#EXTM3U\n#EXTINF:10.0,\n\1\n#EXTINF:10.0,\n\2\n#EXT-X-ENDLIST\n\377#EXTM3U\n#EXT-X-TRTC-START-REC-TIME:1767225600000\n#EXTINF:10,\n\5\n#EXTINF:10,\n\6\n' >two
        printf '\1\353\0#EXTM3U\n#EXT-X-TRTC-FILE-ATTR:1767225600000,30\n#EXTINF:10.0,\n\1\n#EXTINF:1,\n\4\n\377\377#EXTM3U\n#EXTINF:9,\n\10\n' >wild
        printf '\140\77\0\377\377\377#EXTM3U\n#EXTINF:864000.0,\n\13\n#EXTINF:0.01,\n\14\n' >mixed
        ;;
    name)
        printf 'p/T/ha2_1400000001_YQ..__UserId_s_YQ..__UserId_e_aux_audio_20260101000000000.ts' >ts
        printf '1400000001_1_2.mp4' >mp4
        trtc-name decode --json 1_1.m3u8 T/1_1__UserId_s_YQ..__UserId_e_main_audio.m3u8 | split -l 1 - json-
        ;;
    json)
        for f in create modify describe; do
            trtc-rec "$f" --skeleton >"skeleton-$f"
        done
        trtc-layout -n 3 -f api >layout
        printf '{"Response":{"Error":{"Code":"A.B","Message":"m"},"RequestId":"r"}}' >answer
        printf '{"at_ms":1,"layout":{"MixLayoutMode":4,"MixLayoutList":[{"Top":0,"Left":0,"Width":2,"Height":2}]},"subscribe":{}}' >change
        printf 'MixLayoutParams.MixLayoutList[0].UserId=u' >path
        printf '{"StorageFileList":[{"TrackType":"video","BeginTimeStamp":1,"UserId":"u","FileName":"1_1.m3u8"}]}' >files
        ;;
    event)
        cp "$tests"/../data/callbacks/*.json .
        printf '{"Callback":%s,"CallbackCommand":"Call.CallbackAfterRecordChanged","EventTime":1774425607149}' "$(cat 305.json)" >second
        printf 'EventInfo.Payload.FileList[0]=x' >path
        printf '1767225900123-310-0a.json' >name
        ;;
    text)
        printf 'a secret: hunter22, %%68unter22\377hunter22\377\303\251\n\342\200\256' >secret
        TRTC_SECRET_KEY=key trtc-rec usersig --sdkappid 1 --user u | tr -d '\n' >token
        printf '[default]\nTENCENTCLOUD_SECRET_ID = "a"\nsecret_key=\xe2\x80\x9cb\n' >ini
        printf '\xef\xbb\xbf{"secretId":"a","secretKey":"b","token":"c"}' >json
        ;;
    words)
        printf %s '1.5Gi' >bytes
        printf %s '1500ms' >duration
        printf %s '1280x720' >size
        printf %s '2026-01-20T11:30:22.495+08:00' >utc
        printf %s 'a:aux@20260101000000000=b.ts' >operand
        printf %s '#ff8000' >colour
        printf %s 'hi, you,10,20,size=20,color=#ffffff' >mark
        printf %s 'http://127.0.0.1:8080/' >endpoint
        ;;
    put)
        printf 'file:///a%%20b' >dir
        printf 'cos://b-1/p?region=r' >cos
        printf 's3+https://h:1/b/p' >s3
        printf 'exec:a b' >program
        printf 'AccessKey=a\nSecretKey=b\n' >lines
        printf '{"Vendor":1,"Region":"r","Bucket":"b","AccessKey":"k","SecretKey":"s","FileNamePrefix":["a"]}' >params
        printf '#EXTM3U\n#EXT-X-MAP:URI="i"\na.ts\n../b\n#EXT-X-ENDLIST\n' >list
        ;;
    xml)
        printf '<?xml version="1.0"?>\n<Error a="b"><Code>NoSuchKey</Code></Error>' >error
        printf '<L><Part><ETag>&quot;a&#38;&#x3c;&quot;</ETag></Part><Part/><Part><ETag>b</ETag></Part></L>' >parts
        ;;
    *) printf x >x ;;
    esac
}

# number FILE KEY: of the statistics at the end of a run.
number() {
    sed -n "s/^stat::$2: *//p" "$1" | tail -n 1
}

# fuzz NAME
fuzz() {
    local name=$1 corpus=$build/corpus/$1 log=$work/log status=0
    mkdir -p "$corpus" "$work/seeds/$name"
    (cd "$work/seeds/$name" && seeds "$name")
    "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=20000 -timeout=20 -rss_limit_mb=1024 -close_fd_mask=1 \
        -print_final_stats=1 -artifact_prefix="$build/$name-" "$corpus" "$work/seeds/$name" >"$log" 2>&1 || status=$?
    printf '%-10s %12s executions, %s inputs kept\n' "$name" "$(number "$log" number_of_executed_units)" \
        "$(find "$corpus" -type f | wc -l)"
    ((status)) || return 0
    grep -E -m 12 'ERROR|SUMMARY|runtime error|^    #[0-6] |Test unit written' "$log"
    printf 'fuzz: %s: failed\n' "$name"
    return 1
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/streams" && cd "$work/streams" && make_streams && cd "$tests" || exit 1
bad=0
for harness; do
    harness=${harness##*/fuzz_}
    fuzz "${harness%.c}" || bad=1
done
exit $bad
