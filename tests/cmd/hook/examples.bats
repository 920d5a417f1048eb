#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/merge-on-callback, and the block of README.md about callbacks as it stands.

load ../../lib
load ../../hook

setup_file() {
    files_begin
    mk rec --length 12 --user "$(user)" --user "$(user id=2)"
}

setup() {
    test_begin
    hook_begin
}

teardown() {
    hook_end
}

@test "the block of README.md, typed unchanged" {
    awk '/^## / { sec = $2 } sec == "Callbacks" && /^```shell$/ { on = 1; next } /^```$/ { on = 0 } on' "$tree/README.md" >block
    [[ $(wc -l <block) -gt 5 ]] || fail 'no block'
    rm key
    sed -i "s/8080/$(free_port)/g" block
    run -0 --separate-stderr bash -m block 3>&-
    [[ $output == *'"status":200'*_main.mp4 ]] || fail "$output $stderr"
    [[ $(jq -r .type events.ndjson | xargs) == '301 303 307 304 302 305 310' ]] || fail "$(cat events.ndjson)"
}

@test "merge-on-callback: merges when 305 or 310 arrives, once, also when the server is killed or events come twice" {
    mkdir -p "bucket/math/$task"
    serving --key-file key --settle 0 --back-off 100ms -- "$tree/examples/merge-on-callback" bucket merged
    expect 0 trtc-hook send --url "$url" --key-file key --task "$task" 301 305 # the files come later
    in_place 'done' 1
    stopped KILL
    cp "$BATS_FILE_TMPDIR"/rec/* "bucket/math/$task"
    serving --key-file key --settle 0 --back-off 100ms -- "$tree/examples/merge-on-callback" bucket merged
    in_place 'done' 2
    [[ $(find merged -name '*.mp4' | wc -l) -eq 2 ]] || fail "$(cat told)"
    find merged -name '*.mp4' -printf '%p %T@\n' | sort >before
    expect 0 trtc-hook send --url "$url" --key-file key --task "$task" --fault twice 310 302
    in_place 'done' 4
    find merged -name '*.mp4' -printf '%p %T@\n' | sort | diff before - || fail 'merged again'
    expect 0 trtc-hook send --url "$url" --key-file key --task ../../x 310 # becomes no path
    in_place failed 1
    [[ ! -e ../../x && $(ls merged) == "$task" ]]
}
