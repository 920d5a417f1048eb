#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The block of README.md about the service, with a real room and a real trtc-task; and pictures that requests name.

load ../../lib
load ../../recd

teardown() {
    recd_end
    [[ ! ${web-} ]] || kill "$web" 2>/dev/null || true
}

@test "the block of README.md, typed as it stands" {
    awk '/^## / { sec = $4 } sec == "recording" && /^```shell$/ { on = 1; next } /^```$/ { on = 0 } on' "$tree/README.md" >block
    [[ $(wc -l <block) -gt 10 ]] || fail 'no block'
    sed -i "s/8087/$(free_port)/g; s/8490/$(free_port)/g" block
    umask 022
    echo 'what is typed next' >typed
    exec 8<typed
    run -0 --separate-stderr bash -m block <&8 3>&-
    [[ $(cat <&8) == 'what is typed next' ]] || fail 'the block reads what is typed after it'
    for end in _audio.m3u8 _video.m3u8 .mp4; do
        [[ $output == *service/storage/lessons/*"$end"* ]] || fail "no $end: $output $stderr"
    done
    [[ $(ffprobe -v error -show_entries stream=codec_type -of csv=p=0 "$(find service/storage -name '*.mp4')" | sort | xargs) == 'audio video' ]]
}

@test "pictures are fetched into the task's directory; one that does not exist is null" {
    ffmpeg -v error -f lavfi -i color=red:size=16x16 -frames:v 1 logo.png
    mkdir www
    mv logo.png www
    echo '<html>' >www/page.png
    at=$(free_port)
    python3 -m http.server --bind 127.0.0.1 -d www "$at" >/dev/null 2>&1 3>&- &
    web=$!
    eventually curl -s -o /dev/null "http://127.0.0.1:$at/"
    config '[pictures]' 'http = yes' 'internal = yes'
    recd --config recd.ini
    request ".RecordParams.RecordMode = 2 | .MixLayoutParams = { MixLayoutMode: 3, BackgroundImageUrl: \"http://127.0.0.1:$at/logo.png\",
        DefaultSubBackgroundImage: \"http://127.0.0.1:$at/missing.png\",
        WaterMarkList: [{ WaterMarkType: 0, WaterMarkImage: { WaterMarkUrl: \"http://127.0.0.1:$at/page.png\", Top: 0, Left: 0, Width: 10, Height: 10 } }] }"
    created
    described InProgress
    jq -e --arg at "http://127.0.0.1:$at" '.[$at + "/missing.png"] == null and .[$at + "/page.png"] == null' "$dir/images/index.json" || fail "$(cat "$dir/images/index.json")"
    cmp www/logo.png "$dir/images/$(jq -r --arg u "http://127.0.0.1:$at/logo.png" '.[$u]' "$dir/images/index.json")"
    recd_killed
    config
    recd --config recd.ini
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":3,\"BackgroundImageUrl\":\"http://127.0.0.1:$at/other.png\"}}"
    told_of 'a picture is left out: '
    eventually grep -q other.png "$dir/told"
    jq -e --arg u "http://127.0.0.1:$at/other.png" 'has($u) and .[$u] == null' "$dir/images/index.json" || fail 'something internal was fetched'
}

# pictures: a server of them runs; $at is its address.
pictures() {
    ffmpeg -v error -f lavfi -i color=red:size=16x16 -frames:v 1 logo.png
    python3 "$tree/tests/serve/slowpictures.py" logo.png >port 2>/dev/null 3>&- &
    web=$!
    eventually test -s port
    at=http://127.0.0.1:$(<port)
    config '[pictures]' 'http = yes' 'internal = yes'
}

# mixed URL...: ./request.json of a mix with these pictures.
mixed() {
    request ".RecordParams.RecordMode = 2 | .MixLayoutParams = { MixLayoutMode: 4, MixLayoutList: ([\"$1\"$(printf ', "%s"' "${@:2}")] |
        map({ Top: 0, Left: 0, Width: 10, Height: 10, SubBackgroundImage: . })) }"
}

# has_pictures NAME...: all of them have been fetched.
has_pictures() {
    local name
    for name; do
        jq -e --arg u "$at/$name" '.[$u] | strings' "$dir/images/index.json" >/dev/null || return 1
    done
}

@test "pictures of a change that arrive before those of the create; pictures that were being fetched when the service was killed" {
    pictures
    recd --config recd.ini
    mixed "$at/slow.png"
    created
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":3,\"BackgroundImageUrl\":\"$at/fast.png\"}}"
    described InProgress
    has_pictures slow.png fast.png || fail "$(cat "$dir/images/index.json")"
    eventually grep -q fast.png "$dir/told"
    mixed "$at/slow.png"
    created --room 2
    recd_killed
    recd --config recd.ini
    described InProgress
    has_pictures slow.png || fail "$(cat "$dir/images/index.json")"
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":3,\"BackgroundImageUrl\":\"$at/slow2.png\"}}"
    recd_killed
    recd --config recd.ini
    eventually grep -q slow2.png "$dir/told"
    has_pictures slow.png slow2.png || fail "$(cat "$dir/images/index.json")"
}

@test "pictures from a silent server delay no recording" {
    pictures
    recd --config recd.ini
    mixed "$at"/never{1,2,3,4}.png
    created
    described InProgress
    told_of 'a picture is left out: fetching the pictures before it took too long'
    jq -e 'length == 4 and all(. == null)' "$dir/images/index.json" || fail "$(cat "$dir/images/index.json")"
}
