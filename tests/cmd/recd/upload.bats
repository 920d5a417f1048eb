#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files into the storage that the request names, with its keys: when it is there, refuses, and comes back.

load ../../lib
load ../../put
load ../../recd

setup() {
    test_begin
    put_begin
    recd_begin
    export TRTC_STORAGE_ACCESS_KEY=CanaryAccess TRTC_STORAGE_SECRET_KEY=CanarySecret
    serving
    unset TRTC_STORAGE_ACCESS_KEY TRTC_STORAGE_SECRET_KEY
    config '[storage]' 'send = request'
    request ".StorageParams.CloudStorage |= (.AccessKey = \"CanaryAccess\" | .SecretKey = \"CanarySecret\" | .Bucket = \"$bucket\" | .EndpointUrl = \"$store\")"
}

teardown() {
    recd_end
    stop_serving
}

@test "COS: everything arrives, signed with the request's keys, which are wiped afterwards" {
    recd --config recd.ini
    created
    described InProgress
    rec 0 delete --sdkappid "$app" "$task"
    gone
    [[ $(grep -c "math/$task/made" log) -ge 4 ]] || fail "$(cat log)"
    eventually test ! -e "$dir/files"
    recd_killed TERM
    ! grep -rl Canary live || fail 'a key is left'
    sent 308 0
}

# sent TYPE N: so many callbacks of that type.
sent() {
    [[ $(python3 -c 'import sqlite3, sys
print(sqlite3.connect("live/recd.db").execute("select count(*) from outbox where type = ?", sys.argv[1:]).fetchone()[0])' "$1") == "$2" ]] || fail "not $2 of $1"
}

@test "the store refuses files: 308, and everything arrives once it accepts them" {
    echo 'any - refuse' >script
    recd --config recd.ini
    created
    told_of made_1.ts
    rec 0 delete --sdkappid "$app" "$task"
    described Exited
    echo '# nothing' >script
    gone
    recd_killed TERM
    [[ $(python3 -c 'import json, sqlite3
for body, in sqlite3.connect("live/recd.db").execute("select body from outbox where type = 308 limit 1"):
    p = json.loads(body)["EventInfo"]["Payload"]; print(p["Code"], bool(p["Message"]))') == 'AccessDenied True' ]] || fail 'no 308'
    sent 305 1
}

@test "the service is killed while files wait: they arrive later" {
    echo 'any - refuse' >script
    recd --config recd.ini
    created
    told_of made_1.ts
    rec 0 delete --sdkappid "$app" "$task"
    described Exited
    recd_killed
    echo '# nothing' >script
    recd --config recd.ini
    gone
    eventually test ! -e "$dir/files"
}

# putter LINE...: a program in the place of trtc-put.
putter() {
    mkdir -p bin
    printf '%s\n' '#!/bin/bash' "$@" >bin/trtc-put
    chmod 700 bin/trtc-put
    export PATH=$PWD/bin:$PATH
}

@test "trtc-put ends without a proof: this is reported, and it is not restarted at once" {
    putter 'echo >>starts' 'timeout 0.2 cat >/dev/null; exit 0'
    recd --config recd.ini
    created
    told_of 'trtc-put has ended, and '
    sleep 1.5
    [[ $(wc -l <starts) == 1 ]] || fail "$(cat told)"
}

@test "a file that disappears before its upload is a loss: the task ends, and 305 has Status 1" {
    putter 'cat >/dev/null; exit 74'
    recd --config recd.ini
    created
    described InProgress
    rm bin/trtc-put
    recd_killed
    rm "$dir/files/made_1.ts"
    recd --config recd.ini
    rec 0 delete --sdkappid "$app" "$task"
    gone
    told_of "task $task: files/made_1.ts disappeared before it was uploaded"
    recd_killed TERM
    [[ $(in_database "select body from outbox where type=305" | sed 's/.*"Payload"://') == '{"Status":1}}}' ]] || fail "$(in_database "select type,body from outbox")"
    [[ $(in_database 'select count(*) from files where seq>proven_seq') == 0 ]] || fail 'a file waits'
    [[ $(in_database 'select text from losses') == 'files/made_1.ts disappeared before it was uploaded' ]] || fail "$(in_database 'select text from losses')"
}

@test "VOD: trtc-put gets the configured keys by a descriptor; without them no task is created" {
    request '.StorageParams = { CloudVod: { TencentVod: { ExpireTime: 0 } } }'
    recd --config recd.ini
    code FailedOperation CreateCloudRecording "$(<request.json)"
    recd_killed TERM
    config '[storage]' 'send = request' 'vod_secret_id = CanaryVod' 'vod_secret_key = CanaryKey'
    # shellcheck disable=SC2016
    putter 'echo "$*" >words' 'cat /dev/fd/3 >storage' 'cat /dev/fd/4 >pair' \
        'while read -r path; do echo "{\"path\":\"$path\",\"file_id\":\"5285\",\"url\":\"https://vod.example/5285.mp4\"}"; done'
    recd --config recd.ini --launch "$(standin leave 99)"
    created
    gone
    [[ $(<pair) == $'CanaryVod\nCanaryKey' ]] || fail "$(cat pair)"
    grep -q '^--json --storage /dev/fd/3 --keys-fd 4 ' words || fail "$(cat words)"
    jq -e .CloudVod storage || fail "$(cat storage)"
    recd_killed TERM
    ! grep -rl Canary live told words || fail 'a key is left'
    sent 311 1
}
