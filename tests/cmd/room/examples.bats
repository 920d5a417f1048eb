#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The block of README.md about rooms as it stands.

load ../../lib
load ../../room

@test "the block of README.md, typed unchanged" {
    awk '/^## / { sec = $3 } sec == "room" && /^```shell$/ { on = 1; next } /^```$/ { on = 0 } on' "$tree/README.md" >block
    [[ $(wc -l <block) -gt 5 ]] || fail 'no block'
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    sed -i "s/8088/$port/g" block
    echo 'what is typed next' >typed
    exec 8<typed
    run -0 --separate-stderr bash -m block <&8 3>&-
    [[ $(cat <&8) == 'what is typed next' ]] || fail 'the block reads what is typed after it'
    [[ $output == *.m3u8* ]] || fail "$output $stderr"
    [[ $(happened_in room.ndjson) == '101 103 201 203 104 102' ]] || fail "$(cat room.ndjson)"
    [[ $(find rec -name '*_video.m3u8' | wc -l) -eq 1 ]]
}

happened_in() {
    jq -r 'select(.EventType).EventType' "$1" | paste -sd' '
}
