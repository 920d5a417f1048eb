#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Two trtc-recd behind HAProxy, by examples/haproxy.cfg: what concerns a task goes to the host that has it.

load ../lib
load ../recd

setup() {
    test_begin
    recd_begin
    proxies=()
}

teardown() {
    ((!${#proxies[@]})) || kill -KILL "${proxies[@]}" 2>/dev/null || true
    recd_end
}

# node NAME: a service in ./NAME; its port is in $port.
node() {
    local url
    printf '[listen]\nnode = %s\n\n[app 1400000001]\nsecret_id = exampleId\nsecret_key = exampleKey\n' "$1" >"$1.conf"
    trtc-recd --config "$1.conf" --listen 127.0.0.1:0 --data "$1" --launch "$(standin)" 2>"$1.told" >lines </dev/null 3>&- &
    recd_pids+=($!)
    listens "$1.told" $!
    port=${url##*:}
}

@test "a task is created on one of two hosts, and described, changed and deleted there" {
    command -v haproxy >/dev/null || skip 'no haproxy: make deps installs it'
    local front i room
    node a && a=$port
    node b && b=$port
    front=$(free_port)
    sed "s/bind 127.0.0.1:8490/bind 127.0.0.1:$front/; s/10.0.0.1:8490/127.0.0.1:$a/; s/10.0.0.2:8490/127.0.0.1:$b/" \
        "$tree/examples/haproxy.cfg" >haproxy.cfg
    haproxy -q -f haproxy.cfg >haproxy-told 2>&1 3>&- &
    proxies+=($!)
    for ((i = 0; i < 500; i++)); do [[ $(curl -s -o answer -w '%{http_code}' "http://127.0.0.1:$front/") != 403 ]] || break; sleep 0.02; done
    printf '[default]\nsecret_id = exampleId\nsecret_key = exampleKey\n' >keys
    export TRTC_ENDPOINT=http://127.0.0.1:$front TRTC_SECRET_KEY=exampleUserSigKey
    echo '{"CloudStorage":{"Vendor":0,"Region":"ap-shanghai","Bucket":"b-1","AccessKey":"x","SecretKey":"x"}}' >storage.json
    for room in 1 2 3 4 5 6 7 8; do
        trtc-rec create -q --secret-file keys --sdkappid 1400000001 --room $room --mode single --storage storage.json |
            jq -r .TaskId >>tasks
    done
    [[ $(grep -c 'a$' tasks) -ge 1 && $(grep -c 'b$' tasks) -ge 1 && $(sort -u tasks | wc -l) == 8 ]] || fail "$(cat tasks)"
    [[ $(find a/tasks -mindepth 1 -maxdepth 1 | wc -l) == $(grep -c 'a$' tasks) ]]
    while read -r task; do
        trtc-rec describe -q --secret-file keys --sdkappid 1400000001 "$task" >said || fail "$task: $(cat said)"
        trtc-rec delete -q --secret-file keys --sdkappid 1400000001 "$task" >said || fail "$task: $(cat said)"
    done <tasks
    [[ $(curl -s -o answer -w '%{http_code}' "http://127.0.0.1:$front/") == 403 ]] # the page is for its own host
    # one of a room, by the same robot, ends the one before it: both are on one host
    for i in 1 2; do
        trtc-rec create -q --secret-file keys --sdkappid 1400000001 --room 77 --user robot --mode single --storage storage.json |
            jq -r .TaskId | tail -c 2 >>nodes
    done
    [[ $(sort -u nodes | wc -l) == 1 ]] || fail "$(cat nodes)"
}
