#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hook: signing, verifying and decoding bodies; receiving them into the spool; looking at it.

load ../../lib
load ../../hook

data=$tree/tests/data

setup_file() {
    files_begin
}

setup() {
    test_begin
    hook_begin
}

teardown() {
    hook_end
}

# vector NAME: its body in ./body; $sign is its Sign.
vector() {
    jq -j --arg n "$1" '.vectors[] | select(.name == $n).body_base64' "$data/callback-vectors.json" | base64 -d >body
    sign=$(jq -r --arg n "$1" '.vectors[] | select(.name == $n).sign' "$data/callback-vectors.json")
}

# hooked STATUS ARGUMENT...: with ./body on standard input.
hooked() {
    local want=$1 status=0
    shift
    trtc-hook "$@" >out 2>err <body || status=$?
    [[ $status -eq $want ]] || fail "exit status $status, not $want: $*"
}

@test "sign and verify: a vector, and wrong Signs" {
    vector recording-301-tab-indented
    hooked 0 sign --key-file key
    [[ $(cat out) == "$sign" ]] || fail "not $sign"
    hooked 0 verify --key-file key --sign "$sign"
    quiet
    [[ ! -s out ]]
    jq -c . body >again && mv again body
    hooked 77 verify --key-file key --sign "$sign"
    said 'the Sign does not match this body'
    vector recording-305-compact
    hooked 77 verify --key-file key --sign "$(echo "$sign" | base64 -d | xxd -p -c 64)"
    echo another >other
    hooked 77 verify --key-file other --sign "$sign"
    printf '1 another\n%s exampleCallbackKey0123456789ABCD\n' "$app" >both
    hooked 0 verify --key-file both --sign "$sign"
    hooked 0 verify --key-file both --sign "$sign" --sdkappid "$app"
    hooked 77 verify --key-file both --sign "$sign" --sdkappid 1
    hooked 78 sign --key-file both --sdkappid 2
}

@test "errors in keys, and in the command line" {
    : >body
    chmod 640 key
    hooked 77 sign --key-file key
    said 'chmod 600'
    hooked 66 sign --key-file none
    : >empty
    hooked 78 sign --key-file empty
    hooked 64 sign
    hooked 64 verify --key-file key
    hooked 64 sing
    said "is 'sign' meant?"
    hooked 64 list
    hooked 66 list --spool none
    hooked 64 wait --spool S --task x
    hooked 64 wait --spool S --task x --type 310,x
    hooked 64 serve --listen 127.0.0.1:0
    hooked 64 serve --listen 127.0.0.1:0 --spool S
    said '--unsigned'
    hooked 77 serve --listen 127.0.0.1:0 --spool S --key-file key
    chmod 600 key
    hooked 64 serve --listen 8080 --spool S --key-file key
    hooked 64 serve --listen name:80 --spool S --key-file key
    hooked 64 serve --listen 127.0.0.1:0 --spool S --key-file key --forward ftp://x
    hooked 64 serve --listen 127.0.0.1:0 --spool S --key-file key --forward http://127.0.0.1/ -- true
    hooked 66 serve --listen 127.0.0.1:0 --spool S --key-file key -- ./none
    said "'./none' is not a command that can be run"
    mkdir -m 777 open
    hooked 77 serve --listen 127.0.0.1:0 --spool open --key-file key
    mkdir file && : >file/S
    hooked 66 serve --listen 127.0.0.1:0 --spool file/S --key-file key
}

@test "decode: every documented sample, both forms, several in a row" {
    local f
    for f in "$data"/callbacks/3*.json; do
        [[ $f != */309.json ]] || continue
        cat "$f"
        echo
    done >body
    hooked 0 decode
    quiet
    [[ $(jq -s 'length' out) -eq 12 && $(jq -r .type out | sort -u | wc -l) -eq 11 ]] || fail 'not all'
    jq -se 'all(.task == "xx" and .event_ms > 1622186000000 and (.event_ms % 1000 == 0))' out >/dev/null || fail 'not their times'
    [[ $(jq -r 'select(.type == 310).payload.FileList[]' out | xargs) == 'xxxx1.mp4 xxxx2.mp4' ]] || fail 'no files'
    hooked 65 decode "$data/callbacks/309.json" "$data/callbacks/310.json"
    said '309.json'
    [[ $(jq .type out) == 310 ]] || fail 'the other is not there'
    event 301 1774425607100 '{"Status":0}'
    printf '{"CallId":"x","Callback":%s,"CallbackCommand":"Call.CallbackAfterRecordChanged","EventTime":1774425607149}' "$(cat event.json)" >body
    hooked 0 decode --sdkappid "$app"
    [[ $(jq -c '[.sdkappid, .type, .task]' out) == "[$app,301,\"$task\"]" ]] || fail 'not unwrapped'
    hooked 0 decode --raw
    diff out <(jq -c . event.json) || fail 'not the event'
    : >body
    hooked 65 decode
    hooked 66 decode none
}

@test "serve: the documented samples are stored unchanged, and printed; the invalid one is kept raw" {
    local f
    serving --key-file key
    for f in "$data"/callbacks/*.json; do posted 200 "$f"; done
    printed 13
    in_place new 13
    [[ $(jq -r '.type // "raw"' lines | sort | xargs) == '301 302 303 304 305 306 307 308 310 311 311 312 raw' ]] || fail 'not these'
    grep -q 'kept unchanged' told || fail 'nothing is said of it'
    cmp "$(jq -r 'select(.raw).file' lines)" "$data/callbacks/309.json" || fail 'not its bytes'
    cmp "$(jq -r 'select(.type == 302).file' lines)" "$data/callbacks/302.json" || fail 'not its bytes'
    jq -se 'all(.sdkappid == 1400000001 and (.file | startswith("S/new/")))' lines >/dev/null || fail 'not flat lines'
    [[ -z $(find S -perm /077) && -z $(ls S/tmp) ]] || fail 'others may read it'
    expect 0 trtc-hook list --spool S --type 311,312
    [[ $(jq -c '[.type, .state]' out | xargs) == '[311,new] [311,new] [312,new]' ]] || fail "$(cat out)"
    expect 0 trtc-hook list --spool S --since 2021-05-28T08:00:00Z
    [[ $(wc -l <out) -eq 9 ]] || fail 'not since then'
    expect 0 trtc-hook list --spool S --task xx --failed
    [[ ! -s out ]] || fail 'none has failed'
    stopped
}

@test "serve: no Sign, a wrong one, another body: 401, and nothing is stored" {
    event 305 1767225961123 '{"Status":0}'
    cp event.json flipped.json
    printf 'x' | dd of=flipped.json bs=1 seek=100 conv=notrunc status=none
    serving --key-file key
    posted 401 event.json Sign=
    posted 401 event.json Sign=5bc15f7e906f42ebd6ddab9a8fd9a9dfe5fff98ea459b3ca1fb74b8d0ece855b
    posted 401 flipped.json "Sign=$(trtc-hook sign --key-file key <event.json)"
    posted 401 event.json "Sign=$(trtc-hook sign --key-file key <flipped.json)"
    posted 405 event.json method=GET
    posted 405 event.json method=PUT
    posted 400 event.json SdkAppId=none
    in_place new 0
    posted 200 event.json "SIGN=$(trtc-hook sign --key-file key <event.json)" # the name's case does not matter
    posted 200 event.json target=/ SdkAppId=
    in_place new 2 # the one without an application is another event
    stopped
    printf '1 another\n%s exampleCallbackKey0123456789ABCD\n' "$app" >key
    serving --key-file key
    posted 200 event.json
    posted 401 event.json SdkAppId=1
    posted 401 event.json SdkAppId=
    [[ $(find S -name '*.json' | wc -l) -eq 2 ]] || fail 'stored again'
}

@test "serve: a repetition is one record, whatever its CallbackTs; a different event is another" {
    event 302 1767225961123 '{"LeaveCode":0}'
    serving --key-file key
    posted 200 event.json
    posted 200 event.json
    sed 's/"CallbackTs":[0-9]*/"CallbackTs":\t1767225999999/; s/3560"/3560"\n/' event.json >again.json
    posted 200 again.json
    printed 1
    sed 's/"LeaveCode":0/"LeaveCode":1/' event.json >again.json
    posted 200 again.json
    printed 2
    stopped
    serving --key-file key # it is remembered
    posted 200 event.json
    printed 2
    mv S/new/*-302-* S/done/
    posted 200 event.json
    expect 0 trtc-hook gc --spool S
    in_place 'done' 0
    posted 200 event.json
    in_place new 0
}

@test "serve: other groups, unknown types, new members; the second form only with --unsigned" {
    local i=0 body
    while IFS= read -r body; do
        i=$((i + 1))
        printf '%s' "$body" >"body$i"
    done <<'B'
{"EventGroupId":1,"EventType":103,"CallbackTs":1687770731166,"EventInfo":{"RoomId":12345,"EventTs":1687770731,"EventMsTs":1687770731831,"UserId":"a","Role":21}}
{"EventGroupId":1,"EventType":103,"CallbackTs":1687770731166,"EventInfo":{"RoomId":12345,"EventTs":1687770731,"EventMsTs":1687770731831,"UserId":"b","Role":21}}
{"EventGroupId":8,"EventType":801,"CallbackTs":1,"EventInfo":{"RoomId":"x","EventTs":"1687770731","TaskId":"w","Payload":{"Status":0}},"New":{"a":[1]}}
{"EventGroupId":3,"EventType":399,"CallbackTs":1,"EventInfo":{"TaskId":"w","EventTs":5,"Payload":{"x":null}}}
{}
B
    serving --key-file key
    for i in {1..5}; do posted 200 "body$i"; done
    printed 5
    [[ $(line 1 '[.type, .name, .room, .user] | @tsv') == $'103\tENTER_ROOM\t12345\ta' ]] || fail "$(line 1 .)"
    printf '{"Callback":%s,"CallbackCommand":"Follow.CallbackAfterCloudRecordingChanged","EventTime":7}' "$(cat body4)" >second
    posted 401 second
    posted 401 second Sign=
    stopped
    serving --unsigned
    posted 200 second Sign= SdkAppId= "target=/x?SdkAppid=$app&CallbackCommand=Follow.CallbackAfterCloudRecordingChanged"
    printed 5 # it is the fourth
    sed 's/"EventTs":5/"EventTs":6/' second >third
    posted 200 third Sign= SdkAppId=
    printed 6
    stopped
    serving --unsigned --key-file key # what is signed is checked all the same
    posted 401 body4 "Sign=$(trtc-hook sign --key-file key <body3)"
    posted 200 body4
}

@test "serve: --max-age" {
    event 305 1767225961123 '{"Status":0}'
    serving --key-file key --max-age 15m
    posted 403 event.json
    event 305 "$(($(date +%s) * 1000 - 60000))" '{"Status":0}'
    posted 200 event.json
    expect 69 trtc-hook send --url "$url" --key-file key --fault late --retry none 310
    in_place new 1
}

@test "serve: one at a time on a spool and on an address; a body of a megabyte, but no larger one" {
    serving --key-file key
    expect 75 trtc-hook serve --listen 127.0.0.1:0 --spool S --key-file key
    said 'another process'
    expect 75 trtc-hook serve --listen "${url:7:-1}" --spool T --key-file key
    event 304 1767225961123 "{\"FileList\":\"$(head -c 1000000 /dev/zero | tr '\0' x)\"}"
    posted 200 event.json
    event 304 1767225961123 "{\"FileList\":\"$(head -c 1300000 /dev/zero | tr '\0' x)\"}"
    [[ $(post event.json 2>&1) != 200 ]] || fail 'taken'
    in_place new 1
    kill -INT "$hook"
    wait "$hook" && fail 'not its exit status'
    [[ $? -eq 130 ]]
}

@test "serve: a hang-up ends it, unless it is ignored" {
    event 305 1767225961123 '{"Status":0}'
    serving --key-file key
    kill -HUP "$hook"
    wait "$hook" 2>how && fail 'not its exit status'
    [[ $? -eq 129 && ! -s how ]] || fail "it did not end by itself: $(<how)"
    trap '' HUP
    serving --key-file key
    trap - HUP
    kill -HUP "$hook"
    posted 200 event.json
    stopped
}

@test "a failing disk: 503, nothing stored, and the next attempt succeeds" {
    local call tracer
    need_strace
    event 305 1767225961123 '{"Status":0}'
    for call in linkat renameat fsync openat; do
        rm -rf S lines
        serving --key-file key
        strace -f -qq -o trace -p "$hook" -P "$PWD/S/new" -P "$PWD/S/head" -P "$PWD/S/tmp" -e "inject=$call:error=ENOSPC" 2>strace.err 3>&- &
        tracer=$!
        until grep -q 'TracerPid:[[:space:]]*[1-9]' /proc/"$hook"/task/*/status; do sleep 0.01; done
        sleep 0.1
        posted 503 event.json
        kill "$tracer"
        wait "$tracer" || true
        grep -q 'answered 503' told || fail 'nothing is said'
        [[ -z $(find S -name '*305*') && -z $(ls S/tmp) ]] || fail "$call: left over: $(find S -type f)"
        posted 200 event.json
        in_place new 1
        stopped
    done
}

@test "a full disk: 503, nothing stored, and the next attempt succeeds" {
    unshare -rm true 2>/dev/null || skip 'no file system can be mounted here'
    event 304 1767225961123 "{\"FileList\":\"$(head -c 20000 /dev/zero | tr '\0' x)\"}"
    cat >full <<'S'
set -eu
mount -t tmpfs -o size=256k none disk
trtc-hook serve --listen 127.0.0.1:0 --spool disk/S --key-file key >lines 2>told &
trap 'kill $!' EXIT
until grep -q listening told; do sleep 0.01; done
url=$(sed -n 's/.*listening on //p' told)
dd if=/dev/zero of=disk/filler bs=4k 2>/dev/null || true
. ./post
echo "$(post event.json) $(find disk -name '*304*' | wc -l)"
rm disk/filler
echo "$(post event.json) $(find disk -name '*304*.json' | wc -l)"
S
    declare -f post >post
    mkdir disk
    [[ $(unshare -rm bash ./full 3>&- | xargs) == '503 0 200 1' ]] || fail "$(cat told)"
    grep -q 'No space left on device: answered 503' told || fail 'nothing is said'
}

@test "wait: an existing event, one that arrives, one that does not" {
    serving --key-file key
    event 310 1767225961123 '{"Status":0,"FileList":["a.mp4","b.mp4"]}'
    trtc-hook wait --spool S --task "$task" --type 305,310 --timeout 20s >waited 2>&1 3>&- &
    sleep 0.1
    event 310 1767225961123 '{"Status":0}' other
    posted 200 event.json
    event 310 1767225961123 '{"Status":0,"FileList":["a.mp4","b.mp4"]}'
    posted 200 event.json
    wait $! || fail "$(cat waited)"
    [[ $(jq -r '.payload.FileList[]' waited | xargs) == 'a.mp4 b.mp4' ]] || fail "$(cat waited)"
    expect 0 trtc-hook wait --spool S --task "$task" --type 310
    cmp out waited || fail 'not the same'
    expect 75 trtc-hook wait --spool S --task "$task" --type 312 --timeout 200ms
    said 'no such event'
}

@test "send: all types, both styles, every scenario; accepted, and signed correctly" {
    local s
    serving --key-file key
    expect 0 trtc-hook send --url "$url" --key-file key {301..312}
    quiet
    expect 0 trtc-hook send --url "$url" --key-file key --style documented --task T {301..312}
    [[ $(jq -r .status out | sort -u) == 200 ]]
    printed 24
    for s in hls mp4 vod failover idle kicked; do
        expect 0 trtc-hook send --url "$url" --key-file key --scenario $s --task "$s"
    done
    expect 0 trtc-hook list --spool S --task mp4
    [[ $(jq -r .type out | xargs) == '301 303 307 304 302 305 310' ]] || fail 'not in order'
    expect 0 trtc-hook list --spool S --task kicked --type 302
    [[ $(jq .payload.LeaveCode out) == 101 ]]
    command -v openssl >/dev/null || skip 'no openssl'
    for s in S/new/*-310-*; do
        [[ $(sed -n 's/^Sign: //p' "S/head/$(basename "$s" .json)") == \
            "$(openssl dgst -sha256 -hmac "$(cat key)" -binary "$s" | base64)" ]] || fail "$s: another Sign"
    done
}

@test "send: every fault, --set, files, and what cannot be sent" {
    serving --key-file key
    expect 0 trtc-hook send --url "$url" --key-file key --fault twice --fault reorder --task a 301 302 303
    [[ $(jq -r .type out | xargs) == '302 302 303 303 301 301' ]] || fail 'not reordered'
    printed 3
    expect 69 trtc-hook send --url "$url" --key-file key --fault bad-sign --retry none 301
    said 'not delivered'
    expect 69 trtc-hook send --url "$url" --key-file key --fault flip-bit --retry none 301
    expect 75 trtc-hook send --url "$url" --key-file key --fault cut --retry none 301
    expect 0 trtc-hook send --url "$url" --key-file key --fault cut 301 # the second try is at once
    [[ $(jq -c '[.attempt, .status]' out | xargs) == '[1,0] [2,200]' ]] || fail "$(cat out)"
    printed 4
    expect 0 trtc-hook send --url "$url" --key-file key --set EventInfo.Payload.Status=1 --set EventInfo.RoomId=77 \
        --set 'EventInfo.Payload.FileList[1]=x' 310
    printed 5
    [[ $(line 5 '[.room, .payload.Status, .payload.FileList[1]] | @tsv') == $'77\t1\tx' ]] || fail "$(line 5 .)"
    expect 0 trtc-hook send --url "$url" --key-file key -f "$data/callbacks/309.json"
    cmp S/new/0-0-*.json "$data/callbacks/309.json"
    expect 64 trtc-hook send --url "$url" 300
    expect 64 trtc-hook send --url "$url"
    expect 64 trtc-hook send --url "$url" --scenario x
    expect 64 trtc-hook send --url "$url" --fault x 301
    expect 64 trtc-hook send --url ftp://x 301
    expect 64 trtc-hook send --url "$url" --set 'EventInfo.Payload.FileList[7]=x' 310
    expect 69 trtc-hook send --url "$url" --retry none 301 # nothing is signed
    stopped
    expect 75 trtc-hook send --url "$url" --key-file key --retry none 301
}
