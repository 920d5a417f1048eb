#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The block of README.md about recorders as it stands.

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
