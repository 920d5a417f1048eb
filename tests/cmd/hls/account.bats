#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls's account of what came in: each frame was written, or is left out for a reason that is said.

load ../../lib
load ../../hls

setup_file() {
    files_begin
    film 5 -g 15 -bf 2 cam.ts
    ffmpeg -nostdin -v error -i cam.ts -c copy -bsf:a aac_adtstoasc cam.mp4 -c copy -bsf:a aac_adtstoasc cam.mkv \
        -c copy -bsf:a aac_adtstoasc cam.flv
    ffmpeg -nostdin -v error -i cam.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof \
        frag.mp4 -map 0:a -c copy cam.aac
}

setup() {
    test_begin
}

# packets FILE KIND: how many FFmpeg finds in it (v, a).
packets() {
    marks --packets "$1" | grep -c "^$2"
}

# account TRACK FILTER: a value of the account in ./out.
account() {
    jq -r --arg t "$1" "select(.kind == \"account\" and .track == \$t) | $2" out
}

@test "all containers: frames in are those that FFmpeg finds, frames out those in the segments" {
    local f mode sounds ts
    sounds=$(packets "$cam" a)
    for f in cam.ts cam.mp4 cam.mkv cam.flv frag.mp4; do
        mode=''
        [[ $f != cam.ts && $f != cam.flv ]] || mode='-u 10001'
        rm -rf o
        # shellcheck disable=SC2086 # words
        hls 0 -d o -t 2 $mode --json "$BATS_FILE_TMPDIR/$f"
        quiet
        ts=false
        [[ $f != *.ts ]] || ts=true
        jq -c 'select(.kind == "account") | [.track, .codec, (.account | .frames_in, .frames_out, .put_in, .left_out, .unaccounted, has("packets_in"))]' out |
            diff - <(printf '["%s",%d,%d,0,{},0,%s]\n' 'video","h264' 75 75 $ts 'audio","aac' "$sounds" "$sounds" $ts) || fail "$f"
    done
    [[ $(cat o/*.ts | marks --packets - | grep -c ^video) == 75 ]] || fail "segments"
}

@test "unused tracks are reported in notes, but not with -q" {
    ffmpeg -nostdin -v error -i "$cam" -f lavfi -i sine=600:d=5 -f lavfi -i sine=700:d=5 -map 0 -map 1 -map 2 -c copy \
        -c:a:1 ac3 -c:a:2 dca -strict -2 -metadata:s:a:1 language=eng three.mkv -map 0 -map 1 -map 2 -c copy -c:a:1 ac3 -c:a:2 dca -strict -2 three.ts
    printf '1\n00:00:00,000 --> 00:00:03,000\nhello\n' >text.srt
    ffmpeg -nostdin -v error -i "$cam" -i text.srt -map 0 -map 1 -c copy -c:s srt text.mkv
    hls 0 -d mkv three.mkv
    said 'three.mkv: sound (stream 2, ac3, eng) is left out'
    said 'three.mkv: sound (stream 3, dts) is left out'
    [[ $(wc -l <err) -eq 2 ]] || fail "more is said"
    hls 0 -d ts three.ts
    said 'three.ts: sound (PID 258, ac3) is left out'
    said 'three.ts: sound (PID 259, dts) is left out'
    [[ $(wc -l <err) -eq 2 ]] || fail "more is said"
    hls 0 -d text text.mkv
    said 'text.mkv: data (stream 2, subrip) is left out'
    hls 0 -q -d q three.ts
    quiet
    # the first of two sounds is in a codec that nobody knows
    local at was
    ffmpeg -nostdin -v error -i "$cam" -map 0 -map 0:a -c copy -bsf:a aac_adtstoasc two.mp4
    for was in mp4a esds; do
        at=$(grep -abo $was two.mp4 | head -n 1 | cut -d : -f 1)
        printf new1 | dd of=two.mp4 bs=1 seek="$at" conv=notrunc status=none
    done
    hls 0 -d two --json two.mp4
    said 'two.mp4: sound (stream 1, unknown codec'
    [[ $(wc -l <err) -eq 1 && $(account audio .account.frames_out) == "$(packets "$cam" a)" ]] || fail "$(<err) $(<out)"
}

@test "sound that nothing decodes is left out and reported if there are pictures; Blu-ray sound is recorded" {
    local sound
    restamp "$cam" odd.ts a:0:=2d
    hls 3 --json -d odd odd.ts
    said 'the sound is mpegh, not AAC, and is left out'
    said 'sound: left out, in an unsupported format'
    [[ $(account video '.account.frames_out') -eq 75 ]] || fail "pictures"
    account audio '.account | .frames_out == 0 and .left_out.format == .frames_in' | grep -qx true || fail "sound"
    for sound in pcm_bluray truehd; do
        ffmpeg -nostdin -v error -i "$cam" -map 0 -c:v copy -c:a $sound -strict -2 -f mpegts -mpegts_m2ts_mode 1 $sound.ts || continue
        hls 0 --json -d $sound $sound.ts
        [[ $(account audio '.codec, (.account | .frames_in > 100, .frames_in == .frames_out, .left_out == {}, .put_in)' | tr '\n' ' ') == \
            "$sound true true true 0 " ]] || fail "$sound: $(<out)"
    done
}

@test "display properties that a transport stream cannot carry are reported in a note; no frame is missing" {
    ffmpeg -nostdin -v error -i "$BATS_FILE_TMPDIR/cam.mp4" -c copy -aspect 4:3 wide.mkv
    with_matrix 0 1 -1 0 "$BATS_FILE_TMPDIR/cam.mp4" turned.mp4
    ffmpeg -nostdin -v error -ss 1.5 -i "$BATS_FILE_TMPDIR/cam.mp4" -c copy cut.mp4
    hls 0 -d turned turned.mp4
    said 'turned.mp4: the picture should be shown turned by a quarter: '
    local f m n=0 how=('turned by a quarter and mirrored' 'at an angle that is no quarter turn' stretched)
    for m in '0 1 1 0' '1 1 -1 1' '2 0 0 1'; do
        # shellcheck disable=SC2086 # words
        with_matrix $m "$BATS_FILE_TMPDIR/cam.mp4" other.mp4
        hls 0 -d other$n other.mp4
        said "other.mp4: the picture should be shown ${how[n]}: "
        n=$((n + 1))
    done
    hls 0 -d wide wide.mkv
    said 'wide.mkv: only the container states a sample aspect ratio of 3:4: in the recording it is 1:1'
    [[ $(wc -l <err) -eq 1 ]] || fail "more is said"
    ffmpeg -nostdin -v error -i "$BATS_FILE_TMPDIR/cam.mp4" -c copy -colorspace bt709 -color_primaries bt709 -color_trc bt709 colours.mkv
    hls 0 -d colours colours.mkv
    said 'colours.mkv: only the container states the colours of the picture'
    hls 0 -d cut --json cut.mp4
    grep -qE 'cut.mp4: an edit list hides [0-9]+ pictures' err || fail "not the pictures"
    grep -qE 'cut.mp4: an edit list hides 0\.[0-9]+ s of sound' err || fail "not the sound"
    [[ $(account video .account.frames_out) == $(packets cut.mp4 v) ]] || fail "pictures are missing"
    hls 0 -q -d q turned.mp4
    quiet
    # of a list of several parts a recording has all that is coded, in that order
    ffmpeg -nostdin -v error -itsoffset 0.7 -i "$BATS_FILE_TMPDIR/cam.mp4" -c copy -map 0:v -movie_timescale 1000 later.mp4
    with_edits later.mp4 parts.mp4 1000,180000 500,90000,0
    hls 0 -d parts --json parts.mp4
    said 'parts.mp4: the edit list of picture (stream 0, h264, und) shows 2.000-3.000 s, the picture at 1.000 s for 0.500 s: a recording has no edit lists, so everything is recorded, as it is coded'
    [[ $(wc -l <err) -eq 1 && $(account video .account.frames_out) == 75 ]] || fail "parts: $(account video .account)"
    [[ $(cat parts/*.ts | marks --packets - | wc -l) -ge 75 ]] || fail "parts are missing"
    # an edit list whose only entry is empty: FFmpeg's demuxer passes over the whole track
    with_empty_edits "$BATS_FILE_TMPDIR/cam.mp4" none.mp4
    hls 3 -d none none.mp4
    said 'none.mp4: an edit list leaves out all of picture (stream 0, h264'
    # frames of PCM, or of another codec in QuickTime, are single samples in the index: none is left out
    ffmpeg -nostdin -v error -f lavfi -i sine=d=0.5 -c:a pcm_s16le pcm.mov
    hls 0 -d pcm pcm.mov
    said 'pcm.mov: the sound is pcm_s16le, not AAC, and is encoded'
    [[ $(wc -l <err) -eq 1 ]] || fail "more is said of PCM: $(<err)"
    ffmpeg -nostdin -v error -f lavfi -i sine=d=0.5 -c:a adpcm_ms adpcm.mov
    hls 0 -d adpcm adpcm.mov
    [[ $(wc -l <err) -eq 1 ]] || fail "more is said of ADPCM: $(<err)"
    # a WAV that was written to a pipe does not state its size, and may end anywhere
    ffmpeg -nostdin -v error -f lavfi -i sine=d=0.5 -f wav - | cat >pipe.wav
    hls 0 -d wav pipe.wav
    said 'pipe.wav: the sound is pcm_s16le, not AAC, and is encoded'
    [[ $(wc -l <err) -eq 1 ]] || fail "more is said of a WAV: $(<err)"
    # one that states it is truncated
    ffmpeg -nostdin -v error -f lavfi -i sine=d=0.5 whole.wav
    head -c 30000 whole.wav >cut.wav
    hls 3 -d cutwav cut.wav
    said 'cut.wav: truncated'
    for f in flac au; do # their headers state how long they are
        ffmpeg -nostdin -v error -f lavfi -i sine=d=3 whole.$f
        hls 0 -d whole$f whole.$f
        head -c $(($(stat -c %s whole.$f) / 2)) whole.$f >cut.$f
        hls 3 -d cut$f cut.$f
        said 'its header states 3.000 s of sound, of which '
    done
    cat whole.wav whole.wav >two.wav
    hls 3 -d twowav two.wav
    said 'a second file begins at byte '
    ffmpeg -nostdin -v error -i whole.wav whole.aiff whole.caf whole.w64 -rf64 always whole.rf64.wav
    for f in aiff caf w64 rf64.wav; do
        hls 0 -d "one$f" "whole.$f"
        cat "whole.$f" "whole.$f" >"two.$f"
        hls 3 -d "two$f" "two.$f"
        said 'a second file begins at byte '
    done
    ffmpeg -nostdin -v error -i whole.wav -f caf - | cat >piped.caf # its size is not stated
    hls 0 -d piped piped.caf
    cat whole.flac whole.flac >two.flac
    hls 3 -d twoflac two.flac
    said 'its header states 3.000 s of sound, and '
    ffmpeg -nostdin -v error -i whole.wav -c:a alac apple.caf
    hls 65 -d caf <(cat apple.caf)
    said 'give the file'
    { cat whole.wav && printf TAG && head -c 125 /dev/zero; } >padded.wav
    hls 0 -d padded padded.wav
    with_other_codec "$BATS_FILE_TMPDIR/cam.mp4" two.mp4
    hls 3 -d two two.mp4
    said 'two.mp4: picture: left out, in an unsupported format: '
}

@test "pictures that change their codec are a reported loss, and the sound goes on" {
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=15:d=4 -f lavfi -i sine=r=16000:d=8 -map 0 -c:v mpeg2video \
        -output_ts_offset 4 v.ts -map 1 -c:a aac -t 4 a.ts -map 1 -c:a aac -ss 4 -copyts a2.ts
    ffmpeg -nostdin -v error -i a2.ts -i v.ts -map 1 -map 0 -c copy -copyts -muxdelay 0 -streamid 0:258 -streamid 1:256 b.ts
    cat a.ts b.ts >late.ts
    hls 3 -d o -u 10001 --json late.ts
    said 'late.ts: picture: left out, in an unsupported format: 60 of 60 frames'
    [[ $(account video .codec) == mpeg2video && $(account video .account.left_out.format) == 60 ]] || fail "account"
    [[ $(account audio .account.frames_out) -gt 120 ]] || fail "the sound"
}

# spoil FILE HOW AT: a copy of it, cut, or with a stretch missing, put in, or overwritten.
spoil() {
    case $2 in
    cut) head -c "$3" "$1" ;;
    less) head -c "$3" "$1" && tail -c +$(($3 + 3000)) "$1" ;;
    more) head -c "$3" "$1" && head -c 700 /dev/zero | tr '\0' '\125' && tail -c +$(($3 + 1)) "$1" ;;
    other) head -c "$3" "$1" && head -c 900 /dev/zero | tr '\0' '\252' && tail -c +$(($3 + 901)) "$1" ;;
    esac
}

@test "damage in any container: missing frames are reported (3), and the account still balances" {
    local f how i at whole got status rounds
    rounds=$(n 2)
    [[ ${TRTC_LONG:-} ]] || RANDOM=1
    for f in cam.ts cam.mkv cam.flv frag.mp4 cam.aac; do
        rm -rf o
        hls 0 -d o --json "$BATS_FILE_TMPDIR/$f"
        whole=$(grep -o '"frames_out":[0-9]*' out)
        for how in cut less more other; do
            for ((i = 0; i < rounds; i++)); do
                at=$(($(stat -c %s "$BATS_FILE_TMPDIR/$f") * (3 + RANDOM % 6) / 10 + RANDOM % 1000))
                ((at % 188)) || at=$((at + 50)) # a stream may end behind any packet
                spoil "$BATS_FILE_TMPDIR/$f" $how $at >bad
                rm -rf o
                status=0
                trtc-hls -A 1400000001 -R 3560 --no-sync -d o --json bad >out 2>err || status=$?
                got=$(grep -o '"frames_out":[0-9]*' out)
                [[ $status -eq 3 || ($status -eq 0 && $got == "$whole") ]] || fail "$f, $how $at: status $status, $got of $whole"
                [[ $status -eq 0 || -s err ]] || fail "$f, $how $at: not a word"
                ! grep -q '"unaccounted":[^0]' out || fail "$f, $how $at: does not balance"
            done
        done
    done
}

# zeros FILE FROM COUNT: zeros over so many bytes, as where a download was never filled in.
zeros() {
    head -c "$3" /dev/zero | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "a fragment longer than a live source's tracks may be apart: all of it in order, from a pipe as well" {
    local fields='[inputs | select(.kind == "segment") | [.track, .start_ms, .duration_ms]]'
    film 20 -g 150 -frag_duration 30000000 -movflags empty_moov+default_base_moof long.mp4
    hls 0 -d o --json long.mp4
    quiet
    jq -cn "$fields" out >segments
    hls 0 -d pipe --json <(cat long.mp4)
    quiet
    [[ $(jq -cn "$fields" out) == "$(<segments)" && $(account audio .account.frames_out) -gt 300 ]] || fail "$(<out)"
}

@test "an MP4 with holes, without its index, with a second one, or with frames that nothing describes: reported" {
    local mp4=$BATS_FILE_TMPDIR/cam.mp4 frag=$BATS_FILE_TMPDIR/frag.mp4 at end
    # a hole where a fragment begins ends the file for FFmpeg's demuxer
    cp "$frag" hole.mp4
    at=$(($(grep -abo moof "$frag" | sed -n 3p | cut -d : -f 1) - 4))
    zeros hole.mp4 $((at - 10)) 600
    hls 3 -d o --json hole.mp4
    said "no box begins at byte $at"
    rm -rf o
    hls 3 -d o --json <(cat hole.mp4)
    said "no box begins at byte $at"
    cp "$frag" end.mp4 # what a program has reserved at the end is none
    head -c 5003 /dev/zero >>end.mp4
    rm -rf o
    hls 0 -d o --json end.mp4
    quiet
    # in the middle of a picture, and over whole frames of sound
    cp "$mp4" hole.mp4
    zeros hole.mp4 $((16#$(xxd -p -s $(($(grep -abo stco "$mp4" | head -n 1 | cut -d : -f 1) + 12)) -l 4 "$mp4") + 900)) 600
    rm -rf o
    hls 3 -d o --json hole.mp4
    said 'damaged: 1 incomplete frame recorded unchanged'
    ffmpeg -nostdin -v error -i "$mp4" -map 0:a -c copy sound.mp4
    zeros sound.mp4 5000 3000
    rm -rf o
    hls 3 -d o --json sound.mp4
    said 'sound: left out, damaged: '
    [[ $(account audio .account.unaccounted) == 0 ]] || fail "$(<out)"
    # two files in a row
    cat "$mp4" "$mp4" >two.mp4
    rm -rf o
    hls 3 -d o --json two.mp4
    said 'a second index begins at byte '
    cat "$frag" "$frag" >two.mp4 # fragments say by themselves what they are
    rm -rf o
    hls 0 -d o --json two.mp4
    [[ $(account video .account.frames_out) == 150 ]] || fail "$(<out)"
    # a download that was not finished
    at=$(($(grep -abo moov "$mp4" | cut -d : -f 1) - 4))
    for end in 40 $((at - 100)) $at $((at + 100)); do
        head -c "$end" "$mp4" >part.mp4
        hls 65 -d part part.mp4
        said 'part.mp4: truncated: an MP4 without its index'
    done
    tail -c +$(($(grep -abo moof "$frag" | head -n 1 | cut -d : -f 1) - 3)) "$frag" >part.mp4
    hls 65 -d part part.mp4
    said 'part.mp4: fragments of an MP4 without their initialization segment'
    # a recording that was killed while it wrote the header of a fragment
    at=$(grep -abo moof "$frag" | sed -n 3p | cut -d : -f 1)
    for end in 1 6 20 60 100; do
        head -c $((at + end)) "$frag" >part.mp4
        rm -rf o
        hls 3 -d o --json part.mp4
        said 'part.mp4: truncated'
        [[ $(account video .account.frames_out) == 30 && $(account audio .account.frames_out) -gt 25 ]] || fail "$end: $(<out)"
    done
    # a chunk of pictures that is not in the file, and an edit list that shows all of them
    cp "$mp4" stray.mp4
    put_u32 stray.mp4 $(($(grep -abo stco stray.mp4 | head -n 1 | cut -d : -f 1) + 12 + 4 * 20)) 99999999
    rm -rf o
    hls 3 -d o --json stray.mp4
    said 'picture: left out, damaged: '
    # the last chunks of the picture are of a description that does not exist
    ffmpeg -nostdin -v error -i "$mp4" -c copy -use_editlist 0 odd.mp4
    at=$(grep -abo stsc odd.mp4 | head -n 1 | cut -d : -f 1)
    put_u32 odd.mp4 $((at + 8 + 12 * 16#$(xxd -p -s $((at + 8)) -l 4 odd.mp4))) 9
    rm -rf o
    hls 3 -d o --json odd.mp4
    said 'picture: left out, damaged: '
    [[ $(account video .account.frames_in) == 75 ]] || fail "$(<out)"
}

@test "bytes that are missing inside a Matroska file: where its elements do not follow each other is reported" {
    local mkv=$BATS_FILE_TMPDIR/cam.mkv how at i
    for ((i = 1; i < 9; i++)); do
        at=$(($(stat -c %s "$mkv") * i / 10))
        { head -c $at "$mkv" && tail -c +$((at + 8)) "$mkv"; } >bad.mkv
        rm -rf o
        hls 3 -d o bad.mkv
        said 'bad.mkv: damaged: faults of the container'
    done
    # sizes that are not stated, and what may stand around clusters, is no damage
    for how in '-live 1' '-reserve_index_space 500 -cluster_time_limit 300' '-dash 1 -write_crc32 0' '-cues_to_front 1'; do
        # shellcheck disable=SC2086 # words
        ffmpeg -nostdin -v error -y -i "$mkv" -c copy -metadata title=x $how some.mkv 2>/dev/null || continue
        rm -rf o
        hls 0 -d o some.mkv
        quiet
    done
}

@test "an Ogg file that ends within a page is truncated; several in a row are complete" {
    ffmpeg -nostdin -v error -f lavfi -i sine=d=3 -c:a libopus sound.ogg
    hls 0 -d whole --json sound.ogg
    head -c $(($(stat -c %s sound.ogg) * 2 / 3)) sound.ogg >cut.ogg
    hls 3 -d cut cut.ogg
    said 'cut.ogg: truncated'
    { cat sound.ogg && printf TAG && head -c 125 /dev/zero; } >tag.ogg
    hls 0 -d tag tag.ogg
    cat sound.ogg sound.ogg >two.ogg # a stream of radio, for example
    hls 0 -d two --json two.ogg
    [[ $(account audio .account.left_out) == '{}' ]] || fail "$(<out)"
}

@test "an Ogg stream behind one of another sample rate is reported: it is read by the clock of the first one" {
    local codec
    for codec in libvorbis flac; do
        for rate in 44100 24000; do
            ffmpeg -nostdin -v error -f lavfi -i sine=r=$rate:d=1.5 -c:a $codec -f ogg $codec-$rate.ogg
        done
        cat $codec-44100.ogg $codec-24000.ogg >two.ogg
        hls 3 -d $codec two.ogg
        said "a stream of another sample rate begins at byte $(stat -c %s $codec-44100.ogg)"
        cat $codec-24000.ogg $codec-24000.ogg >two.ogg
        hls 0 -d $codec-same two.ogg
    done
}

@test "a picture, or a frame of sound, whose stamp is ahead is put in its place and reported; all others stay" {
    local odd kind
    hls 0 -d plain --json -S 20260101000000000 "$cam"
    for odd in v:1.45-1.5 a:1.4-1.784; do # a packet of sound has six frames of 64 ms
        kind=${odd%%:*}
        restamp "$cam" in.ts "$odd:+2"
        hls 3 -d $kind --json -S 20260101000000000 in.ts
        said 'times out of order, placed as they came'
        ! grep -q jump err || fail "$(<err)"
        [[ $(cd $kind && ls) == "$(cd plain && ls)" ]] || fail "other segments: $(ls plain $kind)"
        packets_of() { cat "$1"/*.ts | ffprobe -v error -select_streams $kind -show_entries packet=pts -of csv=p=0 -; }
        diff <(packets_of plain) <(packets_of $kind) || fail "$kind: other times"
    done
}

@test "pictures without any key frame, or without parameter sets, are recorded and reported" {
    local how
    for how in k p; do
        restamp "$cam" in.ts "v:0:$how"
        hls 3 -d o --ha auto in.ts
        said "picture: no $([ $how = k ] && echo key frame || echo parameter sets) came: its "
    done
}

@test "a truncated last frame is left out and reported" {
    local f
    for f in cam.ts cam.flv frag.mp4; do
        # in the middle of the last picture or frame of sound
        head -c $(($(stat -c %s "$BATS_FILE_TMPDIR/$f") * 97 / 100)) "$BATS_FILE_TMPDIR/$f" >./cut
        rm -rf o
        hls 3 -d o --json cut
        said 'cut: truncated'
        cat o/*.ts >all.ts
        ffmpeg -nostdin -v error -threads 1 -err_detect explode -i all.ts -f null - 2>decode || true
        [[ ! -s decode ]] || fail "$f: $(head -n 3 decode)"
    done
}

# twice PID: a signal, and the same again as soon as it was handled, as timeout(1) sends it to its program and to the
# process group. It comes late on a busy machine: the file late is there then.
twice() {
    python3 - "$1" <<'END'
import os, sys, time
pid = int(sys.argv[1])
def waits():
    pending = [line.split()[1] for line in open(f'/proc/{pid}/status') if line.startswith(('SigPnd', 'ShdPnd'))]
    return any(int(p, 16) >> 14 & 1 for p in pending)
begin = time.monotonic()
os.kill(pid, 15)
while waits():
    pass
os.kill(pid, 15)
if time.monotonic() - begin > 0.05:
    open('late', 'w')
END
}

@test "a signal that comes twice at once ends a recording properly" {
    command -v python3 >/dev/null || skip 'no python3'
    local status
    for _ in 1 2 3; do
        rm -rf o late
        status=0
        { cat "$cam" && sleep 0.2 && twice "$(<pid)" && sleep 0.3; } | { echo "$BASHPID" >pid && exec trtc-hls -A 1400000001 -R 3560 --no-sync -d o; } >out 2>err || status=$?
        [[ ! -e late ]] || continue
        [[ $status -eq 143 ]] || fail "status $status"
        quiet
        grep -qx '#EXT-X-ENDLIST' o/1400000001_3560.m3u8
    done
}

@test "an interrupted recording accounts for what it has read" {
    local status=0
    { cat "$cam" && sleep 0.2 && kill -INT "$(<pid)" && sleep 1; } | { echo "$BASHPID" >pid && exec trtc-hls -A 1400000001 -R 3560 --no-sync -d o --json; } >out 2>err || status=$?
    [[ $status -eq 130 ]] || fail "status $status"
    quiet
    [[ $(account video .account.unaccounted) == 0 && $(account audio .account.unaccounted) == 0 ]] || fail "account"
    [[ $(account video .account.frames_out) -gt 10 ]] || fail "not much"
}
