#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-task with RecordMode 2: everybody in one picture, changed while it runs, with a gap while nobody is there.

load ../../lib
load ../../hls
load ../../mix
load ../../room
load ../../task

setup_file() {
    files_begin
    clips 24 a.mkv=3 b.mkv=7
    # a mixed task needs some ten seconds of real time: both runs side by side
    run_changed &
    run_broken &
    wait
}

setup() {
    test_begin
    cd "$BATS_FILE_TMPDIR" || return
}

canvas=320x180
mixing='"MixTranscodeParams":{"VideoParams":{"Width":320,"Height":180,"Fps":5,"BitRate":200000,"Gop":1}}'

# live USER FILE [SECONDS]: for so long, or until `gone`.
live() {
    local most=(-stream_loop -1)
    [[ ! ${3-} ]] || most=(-t "$3")
    ffmpeg -nostdin -v error -re "${most[@]}" -i "$BATS_FILE_TMPDIR/$2.mkv" -c copy -f mpegts -method PUT "$url/3560/$1" 3>&- &
    room_pids+=($!)
    publisher=$!
}

# gone PROCESS: a publisher ends its stream.
gone() {
    kill -TERM "$1"
    wait "$1" || true
}

# here N: so many users are there.
here() {
    stands t '.Users | length' "$1"
}

# run_changed: anna alone, then with ben, then ben in the large window, then nobody, then ben again.
run_changed() {
    local anna
    mkdir changed && cd changed || return
    task_begin
    echo 'it did not come to its end' >fault
    trap '[[ ! -e fault ]] || cat t.log t/events.ndjson >>fault; task_end' EXIT
    opened
    ordered t '"RecordMode":2,"OutputFormat":1,"MaxIdleTime":5' \
        "$mixing"',"MixLayoutParams":{"MixLayoutMode":3,"BackgroundImageUrl":"http://a.example/b.png","WaterMarkList":[{"WaterMarkType":0,"WaterMarkImage":{"WaterMarkUrl":"http://a.example/w.png","Top":0,"Left":0,"Width":16,"Height":16}}]}'
    mkdir t/images
    ffmpeg -nostdin -v error -f lavfi -i color=white:s=16x16 -frames:v 1 t/images/w.png
    echo '{"http://a.example/w.png":"w.png","http://a.example/b.png":null}' >t/images/index.json
    recording t
    live anna a
    anna=$publisher
    here 1
    goes_on t 2000
    live ben b
    here 2
    goes_on t 3000
    order '{"modify":{"MixLayoutParams":{"MixLayoutMode":2,"MaxResolutionUserId":"ben"}}}'
    goes_on t 4000
    gone "$anna"
    here 1
    goes_on t 2000
    gone "$publisher"
    noted t 'any(.Type == "playlist")'
    live ben b 2
    noted t 'any(.[]; has("End"))' 40
    wait "$task" || [[ $? -eq 3 ]]
    rm fault
}

# run_broken: trtc-mix is killed, then trtc-hls, then the task, while somebody is there whose id has a '=' in it.
run_broken() {
    mkdir broken && cd broken || return
    task_begin
    echo 'it did not come to its end' >fault
    trap '[[ ! -e fault ]] || cat t.log t/events.ndjson >>fault; task_end' EXIT
    opened
    ordered t '"RecordMode":2,"MaxIdleTime":5' "$mixing"
    recording t
    live an%3Dna a
    here 1
    goes_on t 2000
    kill -KILL "$(pgrep -P "$task" trtc-mix)"
    noted t 'any(.Loss // "" | startswith("the mix was ended by signal 9"))'
    goes_on t 3000
    kill -KILL "$(pgrep -P "$task" trtc-hls)"
    noted t 'any(.Loss // "" | startswith("the recorder of the mix was ended by signal 9"))'
    goes_on t 3000
    kill -KILL "$task"
    wait "$task" 2>/dev/null || true
    recording t
    noted t 'any(.EventType == 306)'
    goes_on t 3000
    gone "$publisher"
    ended 3 >fault 2>&1 && rm fault
}

# busy: the machine has so much to do that the start of a process takes seconds.
busy() {
    local load
    read -r load _ </proc/loadavg
    ((${load%.*} >= 4 * $(nproc)))
}

# colours FILE X,Y...: the colours at these places, by their numbers, of each picture.
colours() {
    ffmpeg -nostdin -v error -threads 1 -i "$1" -fps_mode passthrough -pix_fmt rgb24 -f rawvideo - |
        python3 -c '
import sys
w, h, *at = (int(n) for n in " ".join(sys.argv[1:]).replace(",", " ").split())
at = [3 * (y * w + x) for x, y in zip(at[::2], at[1::2])]
while len(f := sys.stdin.buffer.read(3 * w * h)) == 3 * w * h:
    print(*(f[i:i + 3].hex() for i in at))' "${canvas%x*}" "${canvas#*x}" "${@:2}" |
        awk "$mix_awk"'{ s = whose($1); for (i = 2; i <= NF; i++) s = s "," whose($i); print s }'
}

@test "a mix follows users who come and go, and changes; without users the playlist has a gap" {
    cd changed
    [[ ! -e fault ]] || fail "$(<fault)"
    [[ $(events_of) == '301 309 307 302:99' ]] || fail "$(events_of): $(cat t/events.ndjson)"
    [[ $(jq -r 'select(.EventType == 309).Payload.Url' t/events.ndjson) == http://a.example/b.png ]]
    [[ $(jq -cr 'select(.EventType == 307).Payload | [.UserId, .TrackType, .FileName] | join(",")' t/events.ndjson) == ,audio_video,1400000001_3560.m3u8 ]]
    # sound may come late on a busy machine, and nothing else may be missing
    jq -es 'all(.[]; .Loss // "" | . == "" or contains(": late: "))' t/events.ndjson >/dev/null || fail "$(cat t/events.ndjson)"
    whole t
    [[ $(grep -c DISCONTINUITY t/files/*.m3u8) -eq 1 ]]
    [[ $(jq -r '.Made | select(.) | .FileMessage[] | [.UserId, .TrackType, .MediaId] | join(",")' t/events.ndjson) == ,audio_video,mix ]]
    f=t/files/1400000001_3560.mp4
    muxer=framecrc plays "$f"
    echo '4 8 8 ffffff the watermark' | sees "$f"
    # alone; side by side; ben in the large window, anna beside him; ben again
    colours "$f" 80,90 240,90 288,22 | uniq >seen
    [[ $(paste -sd' ' seen) =~ 3,3,3\ .*3,7,7\ .*7,7,3\ .*7,7,0 ]] || fail "$(paste -sd' ' seen)"
    stands t '.Streams[] | [.UserId, .MediaId, .TrackType] | join(",")' ',mix,audio_video'
}

@test "the children of a mix, and the task, are replaced when they die; each death is reported, and nothing is missing" {
    local lost
    cd broken
    [[ ! -e fault ]] || fail "$(<fault)"
    [[ $(events_of) =~ ^'301 307'.*' 306 307'.*' 302:99'$ ]] || fail "$(events_of)"
    whole t
    [[ -s t/files/ha1_1400000001_3560.m3u8 && -s t/files/ha2_1400000001_3560.m3u8 ]] || fail "$(ls t/files)"
    merge 0 -q -p 5 -f t/files -o merged
    muxer=framecrc plays "$(<out)"
    ! busy || return 0
    lost=$(missing t/files/*.m3u8)
    ((lost <= 1000)) || fail "$lost ms are missing: $(cat t/files/*.m3u8 t.log)"
    # from the first picture of the user on; a second of 5 pictures for each death
    colours "$(<out)" 160,90 | awk '$1 == 3 { any++ } any && $1 != 3 { other++ } END { exit !(any > 40 && other <= 15) }' ||
        fail "$(colours "$(<out)" 160,90 | uniq -c)"
    ffmpeg -nostdin -v info -ss 1 -i "$(<out)" -af silencedetect=n=-50dB:d=2 -f null - 2>err
    ! grep silence_end err || fail 'sound is missing'
}
