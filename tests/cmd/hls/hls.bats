#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls: what it takes and refuses, what its playlists say, every sample once, how it ends, and what is
# left when it is killed or the disk is full.

load ../../lib
load ../../hls

setup_file() {
    files_begin
    # B-frames, a key frame each second, and sound in large PES packets, as ffmpeg writes them
    film 12 -x264-params keyint=15:min-keyint=15:bframes=2:b-adapt=0:scenecut=0 cam.ts
    ffmpeg -nostdin -v error -i cam.ts -c copy -bsf:a aac_adtstoasc cam.mp4
    mkrec --av-merge --loop --segment 60 --bitrate 40000 --length 30 --user "$(user)" made
    cp made/*.ts marked.ts
}

setup() {
    test_begin
}

@test "usage errors: 64 and one line with a hint, nothing made" {
    local args
    for args in '' '-R 3560' '-A 1400000001' '-A x -R 1' '-A -1 -R 1' '-A 4294967296 -R 1' '-A 1 -R 1 -x' '-A 1 -R 1 --nonsense' \
        '-A 1 -R 1 a b' '-A 1 -R 1 -M aux' '-A 1 -R 1 --av-merge' '-A 1 -R 1 -u u -M side' '-A 1 -R 1 -T a/b' '-A 1 -R 1 -T ..' \
        '-A 1 -R 1 -T t -p ../x' '-A 1 -R 1 -T t -p /x' '-A 1 -R 1 -p x' '-A 1 -R 1 -t 0' '-A 1 -R 1 -t -3' '-A 1 -R 1 -t 2h' \
        '-A 1 -R 1 -t x' '-A 1 -R 1 -S yesterday' '-A 1 -R 1 --ha 0' '-A 1 -R 1 --ha 4' '-A 1 -R 1 --tags old' \
        '-A 1 -R 1 --room-type long' '-A'; do
        # shellcheck disable=SC2086 # words are meant
        expect 64 trtc-hls $args
        [[ $(wc -l <err) -eq 1 && ! -s out ]] || fail "$args: not one line"
        said 'trtc-hls: '
    done
    [[ $(find . -type f | sort | xargs) == './err ./out' ]] || fail "something was made"
}

@test "--help, --version, and a full standard output" {
    expect 0 trtc-hls -h
    grep -q '^usage: trtc-hls ' out
    quiet
    expect 0 trtc-hls --help
    expect 0 trtc-hls -V
    grep -q '^trtc-hls ' out
    expect 0 trtc-hls --version
    [[ $(trtc-hls -h 2>err >/dev/full || echo $?) == 75 ]] || fail "not 75"
}

@test "input that is missing (66), is not media (65), or has a codec that TS recordings cannot contain (69)" {
    hls 66 -d o nothing.ts
    said 'nothing.ts'
    head -c 100000 /dev/zero >zero
    seq 20000 >text
    : >empty
    local f
    for f in zero text empty; do
        hls 65 -d o $f
        said "$f"
        [[ $(wc -l <err) -eq 1 ]] || fail "not one line"
    done
    expect 65 trtc-hls -A 1400000001 -R 3560 -d o
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x48:r=5:d=1 -c:v libvpx-vp9 -cpu-used 8 -deadline realtime v.webm
    hls 69 -d o v.webm
    grep -qi 'vp9' err || fail "the codec is not named"
    [[ -z $(find o -type f) ]] || fail "something was made: $(find o)"
}

@test "a directory that cannot be written to, or is a file: 73 before any input is read" {
    : >file
    expect_unread 73 -d file
    said "cannot create directory 'file': not a directory"
    expect_unread 73 -d file/below
    if [[ $(id -u) -eq 0 ]]; then
        command -v setpriv >/dev/null || skip 'runs as root, and there is no setpriv'
        mkdir ro
        chmod 755 . ro
        unprivileged
    else
        mkdir -m 555 ro
    fi
    expect_unread 73 -d ro
    said ro
    expect_unread 73 -d ro/new
    [[ -z $(ls ro) ]] || fail "something in it"
}

@test "an existing recording: 73 before any input is read, and it stays as it is; --ha continues beside it" {
    local kind ha before
    for kind in single mixed merged; do
        case $kind in
        single) set -- -u 10001 ;;
        mixed) set -- ;;
        merged) set -- -u 10001 --av-merge ;;
        esac
        hls 0 -d $kind "$@" "$cam"
        before=$(tree $kind)
        expect_unread 73 -d $kind "$@"
        said '--ha auto'
        [[ $(tree $kind) == "$before" ]] || fail "$kind: touched"
        for ha in 1 2 3; do
            hls 0 -d $kind "$@" --ha auto "$cam"
            [[ $(xargs -n 1 basename <out | cut -c 1-4 | sort -u) == ha${ha}_ ]] || fail "$kind: not ha${ha}_"
        done
        before=$(tree $kind)
        expect_unread 69 -d $kind "$@" --ha auto
        expect_unread 73 -d $kind "$@" --ha 2
        [[ $(tree $kind) == "$before" ]] || fail "$kind: touched"
    done
    # on nothing, auto is the original; a number stands for itself
    hls 0 -d new --ha auto -u 10001 "$cam"
    [[ -e new/${stem}_video.m3u8 ]] || fail "no original"
    hls 0 -d third --ha 3 -u 10001 "$cam"
    [[ -e third/ha3_${stem}_video.m3u8 ]] || fail "no ha3_"
}

@test "names: string rooms, users, substreams, prefix and task" {
    local text='-A 1400000001 -S 1767225600495 --no-sync -t 60'
    # shellcheck disable=SC2086 # words are meant
    {
        expect 0 trtc-hls $text -R lobby -d o -p a/b -T '-task+1..' -u '>>>' -M aux "$cam"
        listed "o/a/b/-task+1../1400000001_bG9iYnk.__UserId_s_Pj4+__UserId_e_aux_"{audio,video}
        grep -qxF '#EXT-X-TRTC-MEDIA-ID:aux' o/a/b/-task+1../*video.m3u8
        expect 0 trtc-hls $text -R 12 --room-type string -d o "$cam"
        listed o/1400000001_MTI.
        expect 0 trtc-hls $text -R 4294967296 -u ../../x -d o/ --av-merge "$cam"
        listed o/1400000001_NDI5NDk2NzI5Ng..__UserId_s_Li4vLi4veA..__UserId_e_main_video
        # where it is
        expect 0 trtc-hls $text -R 3560 "$cam"
        listed ./1400000001_3560
    }
    trtc-name decode <out >/dev/null || fail "trtc-name does not know these"
}

@test "the full form: the same lines as in current recordings" {
    hls 0 -d o -u 10001 -t 5 "$marked"
    quiet
    sed -E 's/(FILE-ATTR:)[0-9]+,[0-9]+$/\1START,SIZE/; s/^(#EXTINF:)[0-9.]+,$/\1SECONDS,/; s/_[0-9]{17}.ts$/_UTC.ts/
        s/^(#EXT-X-TRTC-VERSION:)[0-9a-f]{6}$/\1BUILD/; s/(TRTC-DATE:)[0-9-]{10} [0-9:]{8} \+0000$/\1DATE/
        s/(START-REC-TIME:)1767225600[0-9]{3}$/\1MS/' o/${stem}_video.m3u8 | uniq >seen
    cat >want <<END
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-ALLOW-CACHE:NO
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:6
#EXT-X-TRTC-VERSION:BUILD
#EXT-X-TRTC-DATE:DATE
#EXT-X-TRTC-START-REC-TIME:MS
#EXT-X-TRTC-MEDIA-ID:main
#EXT-X-TRTC-USER-ID:10001
#EXT-X-TRTC-MIX-STREAM:0
#EXT-X-TRTC-STREAM-TYPE:1
#EXT-X-TRTC-VIDEO-METADATA:WIDTH:160 HEIGHT:90 Codec:27
$(for _ in 1 2 3 4 5; do printf '#EXT-X-TRTC-FILE-ATTR:START,SIZE\n#EXTINF:SECONDS,\n%s\n' ${stem}_video_UTC.ts; done)
#EXT-X-ENDLIST
END
    diff want seen || fail "another form"
    diff <(head -n 13 o/${stem}_audio.m3u8 | tail -n 2) - <<END
#EXT-X-TRTC-STREAM-TYPE:0
#EXT-X-TRTC-AUDIO-METADATA:Channel:1 SampleRate:48000 SampleFormat:1 Codec:86018
END
    strict o/${stem}_video.m3u8
    strict o/${stem}_audio.m3u8
    # both in one, and mixed
    hls 0 -d merged -u 10001 --av-merge "$marked"
    diff <(sed -n 9,14p merged/${stem}_video.m3u8) - <<END
#EXT-X-TRTC-MEDIA-ID:main
#EXT-X-TRTC-USER-ID:10001
#EXT-X-TRTC-MIX-STREAM:0
#EXT-X-TRTC-STREAM-TYPE:2
#EXT-X-TRTC-AUDIO-METADATA:Channel:1 SampleRate:48000 SampleFormat:1 Codec:86018
#EXT-X-TRTC-VIDEO-METADATA:WIDTH:160 HEIGHT:90 Codec:27
END
    hls 0 -d mixed "$marked"
    diff <(sed -n '/MIX-STREAM/,/TYPE/p; /USER-ID/p' mixed/1400000001_3560.m3u8) - <<END
#EXT-X-TRTC-MIX-STREAM:1
#EXT-X-TRTC-STREAM-TYPE:2
END
    strict merged/${stem}_video.m3u8
    strict mixed/1400000001_3560.m3u8
}

@test "the classic form: the same bytes as in the specification" {
    hls 0 -d o -u 10001 -t 3 --tags classic "$cam"
    {
        cat <<END
#EXTM3U
#EXT-X-VERSION:3
#EXT-X-ALLOW-CACHE:NO
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:70
#EXT-X-TRTC-START-REC-TIME:1767225600559
#EXT-X-TRTC-VIDEO-METADATA:WIDTH:160 HEIGHT:90
END
        printf '#EXTINF:3\n%s\n' ${stem}_video_202601010000{00,03,06,09}559.ts
        echo '#EXT-X-ENDLIST'
    } >want
    cmp want o/${stem}_video.m3u8
    {
        head -n 5 want
        echo '#EXT-X-TRTC-START-REC-TIME:1767225600495'
        printf '#EXTINF:%s\n%s\n' 3.008 ${stem}_audio_20260101000000495.ts 3.008 ${stem}_audio_20260101000003503.ts \
            3.008 ${stem}_audio_20260101000006511.ts 3.008 ${stem}_audio_20260101000009519.ts 0.064 ${stem}_audio_20260101000012527.ts
        echo '#EXT-X-ENDLIST'
    } | cmp - o/${stem}_audio.m3u8
}

@test "the classic form: a camera that was off is no loss to trtc-merge" {
    local -a last
    film 8 -vf 'select=lt(t\,2)+gt(t\,5)' -g 15 -bf 2 -b:a 32k off.mkv
    hls 0 -d classic -u u -t 1 --tags classic off.mkv
    expect 0 trtc-merge -q -f classic -o merged --report report
    jq -e '.outputs[0].video.account | .frames_in > 70 and .frames_out == .frames_in' report >/dev/null || fail "pictures are missing"
    # a whole packet less: that is truncated
    last=(classic/*_video_20260101000001*.ts)
    truncate -s -188 "${last[0]}"
    expect 3 trtc-merge -q -f classic -o torn
    grep -q 'truncated' err
}

@test "paths: each segment before the playlist that lists it; NUL; objects" {
    hls 0 -d o -u 10001 -t 3 "$cam"
    awk '/m3u8$/ { if (seg == "") bad = 1; seg = ""; next } { if (seg != "") bad = 1; seg = $0 } END { exit bad }' out || fail "order"
    [[ $(sort -u out) == $(find o -type f | sort) ]] || fail "not what is there"
    mv out lines
    hls 0 -d null -u 10001 -t 3 -0 "$cam"
    diff <(sed 's/^o/null/' lines) <(tr '\0' '\n' <out) || fail "other paths with -0"
    hls 0 -d json -u 10001 -t 3 --json "$cam"
    [[ $(jq -r .kind out | tail -n 2 | xargs) == 'account account' ]] || fail "the accounts are not at the end"
    jq -c 'select(.kind != "account")' out >files
    diff <(sed 's/^o/json/' lines) <(jq -r .path files) || fail "other paths in JSON"
    jq -es 'all(.[]; (keys == ["bytes", "duration_ms", "kind", "path", "start_ms", "track"]) and (.track == (.path | capture("main_(?<t>[a-z]+)").t)))' files >/dev/null || fail "keys"
    jq -r 'select(.kind == "segment") | "\(.path) \(.bytes)"' out | sort | diff - <(find json -name '*.ts' -printf '%p %s\n' | sort) || fail "sizes"
    jq -r 'select(.kind == "playlist") | [.path, .bytes, .start_ms, .duration_ms] | @tsv' out | sort -k 1,1 -k 2,2nr | sort -u -k 1,1 |
        diff - <(printf '%s\t%s\t%s\t%s\n' json/${stem}_audio.m3u8 "$(stat -c %s json/${stem}_audio.m3u8)" 1767225600495 12096 \
            json/${stem}_video.m3u8 "$(stat -c %s json/${stem}_video.m3u8)" 1767225600559 12000) || fail "playlists"
}

@test "FFmpeg is loaded for containers and other codecs, not for a transport stream" {
    LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/stream hls 0 -d stream -u 10001 "$cam"
    ! grep -q 'libav' stream.* || fail 'a transport stream has loaded FFmpeg'
    LD_DEBUG=files LD_DEBUG_OUTPUT=$PWD/container hls 0 -d container -u 10001 "${cam%.ts}.mp4"
    grep -q 'libavformat' container.*
    mkdir other
    cp "$(command -v failalloc.so)" "other/$(basename "$(grep -om1 'libavformat\.so\.[0-9]*' container.*)")"
    LD_LIBRARY_PATH=other hls 69 -d none -u 10001 "${cam%.ts}.mp4"
    grep -q 'cannot load FFmpeg: .*undefined symbol' err
    LD_LIBRARY_PATH=other hls 0 -d again -u 10001 "$cam"
    # what cannot be loaded now is no sound without a decoder
    ffmpeg -nostdin -v error -i "$cam" -c:v copy -c:a mp2 mp2.ts
    echo text >"other/$(basename "$(grep -om1 'libavcodec\.so\.[0-9]*' container.*)")"
    LD_LIBRARY_PATH=other hls 75 -d short -u 10001 mp2.ts
}
