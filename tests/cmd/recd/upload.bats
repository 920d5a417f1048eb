#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files into the storage that the request names, with its keys: when it is there, refuses, and comes back.

load ../../lib
load ../../put
load ../../recd

setup_file() {
    files_begin
}

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

@test "COS: everything arrives, signed with the request's keys, which are wiped then" {
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

@test "the store refuses: 308, and everything arrives when it takes it" {
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
