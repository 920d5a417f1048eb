#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The block of README.md about recorders, and the example of --help, as they stand.

load ../../lib

setup_file() {
    files_begin
}

setup() {
    test_begin
}

@test "the block of README.md, typed unchanged" {
    awk '/^## / { sec = $3 } sec == "recorder" && /^```shell$/ { on = 1; next } /^```$/ { on = 0 } on' "$tree/README.md" >block
    [[ $(wc -l <block) -gt 5 ]] || fail 'no block'
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sed -i "s/8089/$port/g" block
    echo 'what is typed next' >typed
    exec 8<typed
    run -0 --separate-stderr bash -m block <&8 3>&-
    [[ $(cat <&8) == 'what is typed next' ]] || fail 'the block reads what is typed after it'
    [[ $output == *_main_video.m3u8*_main.mp4 ]] || fail "$output $stderr"
    muxer=framecrc plays lesson/files/*_main.mp4
}

@test "the example of --help makes a request that is accepted" {
    trtc-task --help | awk '/^Example:/ { on = 1; next } on && !/trtc-task/' >lines
    [[ $(wc -l <lines) -eq 2 ]] || fail "$(cat lines)"
    cat >create.json <<'END'
{"SdkAppId":1400000001,"RoomId":"3560","UserId":"recorder","UserSig":"example",
 "RecordParams":{"RecordMode":1},
 "StorageParams":{"CloudStorage":{"Vendor":0,"Region":"here","Bucket":"here","AccessKey":"a","SecretKey":"b"}}}
END
    chmod 600 create.json
    TENCENTCLOUD_SECRET_ID=a TENCENTCLOUD_SECRET_KEY=b bash -euo pipefail lines
    [[ $(jq -r .RoomId lesson/request.json) == 3560 ]]
    echo '{"stop"' >lesson/modify.json # read after the request, and only if that is accepted
    trtc-task lesson --room exec:true >out 2>err </dev/null 3>&- &
    eventually grep -q 'the change is left out' err || fail "$(cat err)"
    kill %1
    wait %1 || true
}
