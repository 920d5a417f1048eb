#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge: the sound alone, as MP4 and as bare AAC.

load ../../lib

setup_file() {
    files_begin
    export user_keys=rate=16000
    mk call --length 30 --segment 5 --user "$(user agap=12-19)" --user "$(user id=10002 kinds=v)"
    mkrec --length 6 --bitrate 40000 --user size=160x90,audio=opus opus
    mk av --length 8 --av-merge --user "$(user)"
    mk mixed --length 8 --mixed --user "$(user)"
}

setup() {
    test_begin
}

# frames FILE: how many frames of sound; and that it holds nothing else.
frames() {
    [[ $(ffprobe -v error -show_entries stream=codec_type,codec_name -of csv=p=0 "$1") == aac,audio ]] || fail "$1: not sound in AAC alone"
    ffprobe -v error -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$1"
}

# heard FILE: what it decodes to.
heard() {
    ffmpeg -nostdin -v error -i "$1" -f s16le - 2>heard.err | md5sum
    [[ ! -s heard.err ]] || fail "$(<heard.err)"
}

# tag FILE NAME
tag() {
    ffprobe -v error -show_entries "format_tags=$2" -of csv=p=0 "$1"
}

@test "--output aac and m4a: the frames of the recording, silence in holes, the length of the clock; nothing about pictures" {
    local n
    have call
    merge 0 -f call -m 1 --output aac --json
    said 'user 10002: no sound'
    [[ $(wc -l <err) -eq 1 && $(wc -l <out) -eq 1 ]] || fail "more than one file"
    jq -e '.path == "call/MTAwMDE._20260101000000495.aac" and .audio.action == "copy" and .video == null and .audio.account.unaccounted == 0' out >/dev/null || fail "object"
    merge 0 -f call -m 1 --output m4a
    [[ $(<out) == call/MTAwMDE._20260101000000495.m4a ]] || fail "name"
    n=$(frames call/MTAwMDE._20260101000000495.aac)
    [[ $n -eq $(frames call/MTAwMDE._20260101000000495.m4a) ]] || fail "not as many"
    # 30 s at 16 kHz, to a frame
    ((n >= 467 && n <= 469)) || fail "$n frames"
    [[ $(heard call/MTAwMDE._20260101000000495.aac) == $(heard call/MTAwMDE._20260101000000495.m4a) ]] || fail "they sound different"
    [[ $(tag call/MTAwMDE._20260101000000495.aac title) == 10001 && $(tag call/MTAwMDE._20260101000000495.aac date) == 2026-01-01T00:00:00 ]] || fail "tags"
    [[ -z $(tag call/MTAwMDE._20260101000000495.aac comment) ]] || fail "losses"
    # the pause in the sound is under 15 s; the picture makes no section
    merge 0 -f call --output aac --plan
    [[ $(cut -f 6,7,8 out) == $'-\tcopy\tcall/MTAwMDE._20260101000000495.aac' ]] || fail "plan"
    # what is encoded begins at the same place
    merge 0 -f call -m 1 --output aac --audio encode -o encoded
    (($(frames encoded/*.aac) * 1000 / 48 >= n * 1000 / 16 - 64 && $(frames encoded/*.aac) * 1000 / 48 <= n * 1000 / 16 + 64)) || fail "another length"
    have opus
    merge 0 -f opus --output aac -o o
    (($(frames o/*.aac) >= 280 && $(frames o/*.aac) <= 282)) || fail "opus: $(frames o/*.aac)"
}

@test "the sound of segments with picture and sound, and of a mix; the service's names, split with every frame once" {
    local one
    have av
    have mixed
    merge 0 -f av --output aac
    [[ $(<out) == av/MTAwMDE._20260101000000495.aac ]] || fail "name"
    one=$(frames "$(<out)")
    ((one >= 125 && one <= 127)) || fail "$one frames"
    merge 0 -f mixed --output aac
    [[ $(<out) == mixed/1400000001_3560_20260101000000495_av.aac || $(<out) == mixed/1400000001_3560_20260101000000495.aac ]] || fail "name"
    merge 0 -f av --output aac --names recording -o r
    [[ $(<out) == r/$stem.aac ]] || fail "name"
    merge 0 -f av --output m4a --names recording -o r
    [[ $(<out) == r/$stem.m4a ]] || fail "name"
    merge 0 -f mixed --output aac --names recording -o r
    [[ $(<out) == r/1400000001_3560.aac ]] || fail "name"
    merge 0 -f av --output aac --names recording --split-time 3 -o s
    [[ $(<out) == s/${stem}_1.aac$'\n's/${stem}_2.aac$'\n's/${stem}_3.aac ]] || fail "names"
    (($(frames s/${stem}_1.aac) + $(frames s/${stem}_2.aac) + $(frames s/${stem}_3.aac) == one)) || fail "not every frame once"
    merge 0 -f av --output aac --split-size 65536
    expect 64 trtc-merge -f av --output aac -p 15
    expect 64 trtc-merge -f av --output m4a -r 64x48
    expect 64 trtc-merge -f av --output mp3
}

@test "losses of the sound, stored in the file for the next run; a finished file stays until its recording grows" {
    local aac=call/MTAwMDE._20260101000000495.aac before
    have call
    rm "$(segment call video 1)"
    merge 0 -f call --output aac
    before=$(stat -c %i.%Y "$aac")
    merge 0 -f call --output aac
    [[ $(<out) == "$aac" && $(stat -c %i.%Y "$aac") == "$before" ]] || fail "made again"
    rm "$aac"
    dd if=/dev/zero of="$(segment call audio 1)" bs=188 seek=15 count=3 conv=notrunc status=none
    merge 3 -f call --output aac
    [[ $(wc -l <out) -eq 1 ]] || fail "nothing was made"
    [[ $(tag "$aac" comment) == 'losses in the input: 1' ]] || fail "comment: $(tag "$aac" comment)"
    merge 3 -f call --output aac
    said 'finished by an earlier run'
    # with --allow-missing only the report says it to a program
    merge 0 -f call --output aac --allow-missing --report r.json
    jq -e --arg path "$aac" '.losses == [{ path: $path, kind: "earlier", detail: "losses that an earlier run found in the segments: 1" }]
        and .outputs[0].existing' r.json >/dev/null || fail "report: $(<r.json)"
    before=$(stat -c %i "$aac")
    touch -d '+1 minute' "$(segment call audio 2)"
    merge 3 -f call --output aac
    said 'made again'
    # an MP4 beside it is one of its own
    merge 3 -f call -u 10001
    [[ $(<out) == call/MTAwMDE._20260101000000495_av.mp4 ]] || fail "name"
    # a file of another kind with that name says nothing of losses
    echo mine >"$aac"
    touch -d '+2 minutes' "$aac"
    merge 0 -f call --output aac
    unsaid 'finished by an earlier run'
    [[ $(<"$aac") == mine ]] || fail "it was replaced"
}
