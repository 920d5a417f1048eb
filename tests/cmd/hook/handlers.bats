#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hook and its handlers: order, input, outcomes, ends; what a killed server leaves; forwarding; reconcile.

load ../../lib
load ../../rec
load ../../hook

setup_file() {
    files_begin
}

setup() {
    test_begin
    hook_begin
}

teardown() {
    hook_end
    ((${#servers[@]})) && rec_end
    return 0
}

# queued TYPE MS [TASK]: an event that is in the spool before a server begins.
queued() {
    mkdir -p S/{new,done,failed,gone,tmp,head}
    event "$1" "$2" '{"Status":0}' "${3-$task}"
    printf '%s' "$(cat event.json)" >"S/new/$2-$1-$(md5sum <event.json | cut -c 1-32).json"
}

@test "the body on standard input, four words in the environment, and never a shell" {
    # shellcheck disable=SC2016
    handler 'cat >"got.$TRTC_EVENT_TYPE"; printf "%s\n" "$#" "$TRTC_EVENT_TASK" "$TRTC_EVENT_ROOM" "$TRTC_EVENT_FILE" "$1" >said.$TRTC_EVENT_TYPE; echo out'
    event 301 1767225961123 '{"Status":0}' '$(touch harm);`touch harm`;x'
    serving --key-file key --settle 0 -- ./handler 'a b;$(touch harm)'
    posted 200 event.json
    in_place 'done' 1
    cmp got.301 event.json || fail 'not the body'
    diff said.301 <(printf '%s\n' 1 '$(touch harm);`touch harm`;x' 3560 "$(sed -n 's/.*"file":"\([^"]*\)".*/\1/p' lines)" 'a b;$(touch harm)')
    [[ ! -e harm ]] || fail 'a shell'
    grep -qx out told || fail 'its output is nowhere'
    [[ $(wc -l <lines) -eq 1 ]]
    event 304 1767225961124 "{\"FileList\":\"$(head -c 1048576 /dev/zero | tr '\0' x)\"}"
    posted 200 event.json
    in_place 'done' 2
    cmp got.304 event.json || fail 'not the megabyte'
    event 302 1767225961125 '{}' "$(head -c 200000 /dev/zero | tr '\0' y)"
    posted 200 event.json
    in_place 'done' 3
    [[ $(sed -n 2p said.302) == '' ]] || fail 'a task of 200 kB'
}

@test "in order within a task, whatever the order of arrival; different tasks at the same time" {
    # shellcheck disable=SC2016
    handler 'echo "begin $TRTC_EVENT_TASK $TRTC_EVENT_TYPE" >>log; : >"is.$TRTC_EVENT_TASK"; n=0
        case $TRTC_EVENT_TASK in b | c) while [ $n -lt 500 ] && ! { [ -e is.b ] && [ -e is.c ]; }; do n=$((n + 1)); sleep 0.01; done ;; esac
        echo "end $TRTC_EVENT_TASK $TRTC_EVENT_TYPE $((n < 500))" >>log'
    queued 310 1767225961300 b
    queued 310 1767225961300 c
    serving --key-file key --settle 3s --jobs 2 -- ./handler
    expect 0 trtc-hook send --url "$url" --key-file key --task a --fault reorder 301 302 305
    [[ $(jq -r .type out | xargs) == '302 305 301' ]]
    in_place 'done' 5
    [[ $(grep ' a ' log | xargs) == 'begin a 301 end a 301 1 begin a 302 end a 302 1 begin a 305 end a 305 1' ]] || fail "$(cat log)"
    [[ $(grep -c 'end [bc] 310 1' log) -eq 2 ]] || fail "not side by side: $(cat log)"
}

@test "an unreadable event is reported and waits; the others continue" {
    # shellcheck disable=SC2016
    handler 'echo "$TRTC_EVENT_TYPE" >>log'
    queued 301 1767225961123
    mkdir S/new/1767225961100-302-0123456789abcdef.json
    chmod 700 S S/*
    serving --key-file key --settle 0 -- ./handler
    in_place 'done' 1
    event 303 1767225961124 '{"Status":0}'
    posted 200 event.json
    in_place 'done' 2
    [[ $(xargs <log) == '301 303' ]] || fail "$(cat log)"
    [[ $(grep -c '1767225961100-302-0123456789abcdef.json: not handled yet: ' told) -eq 1 ]] || fail "$(cat told)"
}

@test "0, 75 and other statuses; five 75s are enough; replay" {
    local i
    handler 'echo "$TRTC_EVENT_TYPE" >>log; [ -e mended ] && exit 0; case $TRTC_EVENT_TYPE in 301) exit 75;; 302) exit 71;; 303) kill -9 $$;; 305) exit 255;; esac'
    serving --key-file key --settle 0 --back-off 20ms -- ./handler
    for i in 301 302 303 304 305; do
        event $i 1767225961$i '{"Status":0}' "t$i" && posted 200 event.json
    done
    in_place failed 4
    in_place 'done' 1
    [[ $(sort log | uniq -c | xargs) == '5 301 1 302 1 303 1 304 1 305' ]] || fail "$(sort log | uniq -c)"
    grep -q "the handler's exit status is 71" told || fail "$(cat told)"
    ! grep 'cannot start' told || fail 'a handler that began counts as not started'
    grep -q 'ended by signal 9' told || fail "$(cat told)"
    grep -q 'the handler has failed 5 times' told || fail "$(cat told)"
    : >mended
    expect 0 trtc-hook list --spool S --failed
    [[ $(jq -r .type out | xargs) == '301 302 303 305' ]]
    expect 0 trtc-hook replay --spool S --failed --type 302,303,305
    [[ $(wc -l <out) -eq 3 ]]
    in_place failed 1
    in_place 'done' 4
    expect 0 trtc-hook gc --spool S --failed
    in_place failed 0
    in_place 'done' 4
}

@test "a handler that hangs, or ignores SIGTERM, is killed with all its children, and counts as 75" {
    # shellcheck disable=SC2016
    handler 'trap "" TERM; echo $$ >>log; sleep 600 & echo $! >>log; wait; sleep 600'
    serving --key-file key --settle 0 --handler-timeout 300ms --back-off 60s -- ./handler
    event 301 1767225961123 '{"Status":0}' && posted 200 event.json
    for i in {1..300}; do ! grep -q 'was ended' told || break; sleep 0.02; done
    grep -q 'took longer than 300 ms and was ended' told || fail "$(cat told)"
    sleep 0.1
    while read -r i; do ! kill -0 "$i" 2>/dev/null || [[ $(ps -o stat= -p "$i") == Z* ]] || fail "$i lives"; done <log
    in_place new 1
    in_place failed 0
}

@test "after kill -9: queued events are handled once, handlers continue, handled events are not repeated" {
    handler 'echo "$TRTC_EVENT_TYPE" >>log; [ "$TRTC_EVENT_TYPE" != 302 ] || sleep 1'
    queued 301 1767225961000
    queued 302 1767225962000
    queued 303 1767225963000
    queued 304 1767225964000 other
    touch -d '+1 hour' S/new/*-304-* # the clock was set back meanwhile
    serving --key-file key --settle 0 -- ./handler
    until grep -qs 302 log; do sleep 0.01; done
    stopped KILL
    serving --key-file key --settle 0 -- ./handler # the handler of 302 still runs
    in_place 'done' 4
    [[ $(sort log | xargs) == '301 302 303 304' ]] || fail "$(cat log)"
    stopped TERM
    serving --key-file key --settle 0 -- ./handler
    sleep 0.2
    [[ $(wc -l <log) -eq 4 ]] || fail "$(cat log)"
}

@test "the server answers while handlers are slow, and many events wait" {
    handler 'sleep 5'
    serving --key-file key --settle 0 --jobs 1 -- ./handler
    local begin=$SECONDS
    expect 0 trtc-hook send --url "$url" --key-file key {301..312} {301..312} --retry none
    ((SECONDS - begin < 30)) || fail 'it waits for handlers' # for two minutes
    stopped
    in_place new 24
}

@test "--forward: the same bytes and Sign; without an answer it is retried, a refusal is final" {
    local first
    serving --key-file key --settle 0
    first=$url
    mv lines lines.first
    trtc-hook serve --listen 127.0.0.1:0 --spool T --key-file key --settle 0 --back-off 50ms --forward "$first" >lines 2>told2 3>&- </dev/null &
    hook_pids+=($!)
    until grep -q listening told2; do sleep 0.01; done
    url=$(sed -n 's/.*listening on //p' told2)
    cp "$tree/tests/data/callbacks/310.json" .
    posted 200 310.json
    in_place new 1
    cmp S/new/*-310-* 310.json || fail 'not the same bytes'
    diff -r S/head T/head || fail 'not the same Sign'
    [[ $(find T/done -name '*.json' | wc -l) -eq 1 ]] || sleep 0.3
    [[ $(find T/done -name '*.json' | wc -l) -eq 1 ]] || fail 'not done'
    kill "$hook" && wait "$hook" || true
    event 301 1767225961123 '{"Status":0}' && posted 200 event.json
    for i in {1..500}; do [[ -z $(ls T/failed) ]] || break; sleep 0.02; done
    [[ $(ls T/failed) == *-301-* ]] || fail 'not given up'
    grep -q 'no connection' told2 || fail "$(cat told2)"
}

@test "run: an event by hand; another process is handling it" {
    local name i
    queued 301 1767225961000
    name=$(ls S/new)
    expect 66 trtc-hook run --spool S "1-1-aa.json" -- true
    expect 64 trtc-hook run --spool S ../x -- true
    expect 64 trtc-hook run --spool S "$name"
    flock S/new/"$name" sleep 0.5 3>&- &
    sleep 0.1
    expect 69 trtc-hook run --spool S "$name" -- true
    wait
    expect 75 trtc-hook run --spool S "$name" -- ./none
    said "cannot run './none'"
    expect 75 trtc-hook run --spool S "$name" -- sh -c 'exit 75'
    in_place new 1
    for i in 4 71 255; do
        expect $i trtc-hook run --spool S "S/new/$name" -- sh -c "exit $i"
        in_place failed 1
        expect 0 trtc-hook replay --spool S --failed
    done
}

@test "no key in the environment of a handler, in arguments, in the spool, in messages" {
    local canary=CanaryZqKey
    printf '%s\n' $canary >key
    # shellcheck disable=SC2016
    handler 'env >env.txt; tr "\0" "\n" </proc/$PPID/cmdline >cmdline.run; grep -c . /proc/$PPID/environ >/dev/null; ulimit -c >core'
    serving -v --key-file key --settle 0 -- ./handler
    tr '\0' '\n' <"/proc/$hook/cmdline" >cmdline
    grep -q '^Max core file size  *0  ' "/proc/$hook/limits" || fail 'memory may be dumped'
    event 301 1767225961123 '{"Status":0}' && posted 200 event.json
    posted 401 event.json Sign=
    trtc-hook send -v --url "$url" --key-file key --fault bad-sign --retry none 301 >sent 2>sent.err || true
    in_place 'done' 1
    stopped
    rm key
    printf '1 two words %s\n' $canary >S/../bad && chmod 600 bad
    expect 78 trtc-hook sign --key-file bad
    rm bad
    ! grep -rlF $canary . || fail "a secret in: $(grep -rlF $canary .)"
}

@test "reconcile: events that follow from the service and a directory; a second run adds nothing" {
    local dir
    rec_begin
    serve
    handler 'echo "$TRTC_EVENT_TYPE" >>log'
    request '.RecordParams.OutputFormat=1 | .RecordParams.SubscribeStreamUserIds={"SubscribeAudioUserIds":["alice"]}'
    created
    expect 0 trtc-hook reconcile --spool S --task "$task"
    said 'has not ended'
    [[ $(jq -r .type out | sort | uniq -c | xargs) == '1 304 4 307' ]] || fail 'not its playlists'
    trtc-rec delete "$task" >/dev/null
    expect 0 trtc-hook reconcile --spool S --task "$task"
    [[ $(jq -r '.type' out | xargs) == 302 ]] || fail 'not its end'
    while trtc-rec describe "$task" >/dev/null 2>&1; do :; done
    dir=bucket/math/$task
    mkdir -p "$dir"
    echo x | tee "$dir/${app}_3560__UserId_s_YWxpY2U.__UserId_e_main.mp4" >"$dir/${app}_3560__UserId_s_YWxpY2U.__UserId_e_aux.mp4"
    expect 0 trtc-hook reconcile --spool S --task "$task" --check bucket
    [[ $(jq -r '.type' out | xargs) == '305 310' ]] || fail 'not the rest'
    [[ $(jq -r 'select(.type == 310).payload.FileList[]' out | wc -l) -eq 2 ]] || fail 'not its files'
    said '308, 309, 311 and 312 cannot be derived'
    expect 0 trtc-hook reconcile --spool S --task "$task" --check bucket
    [[ ! -s out ]] || fail 'added again'
    expect 0 trtc-hook list --spool S --task "$task"
    jq -se "length == 8 and all(.derived and .room == \"3560\" and .sdkappid == $app)" out >/dev/null || fail 'not marked'
    serving --key-file key --settle 0 -- ./handler
    in_place 'done' 8
    # of what was received nothing is derived
    rm -r S
    mkdir -p S/{new,done,failed,gone,tmp,head}
    event 302 1767225961123 '{"LeaveCode":0}'
    cp event.json S/done/1767225961123-302-aa.json
    event 310 1767225961124 "{\"Status\":0,\"FileList\":[\"${app}_3560__UserId_s_YWxpY2U.__UserId_e_main.mp4\"]}"
    cp event.json S/done/1767225961124-310-aa.json
    expect 0 trtc-hook reconcile --spool S --task "$task" --check bucket
    [[ $(jq -r '.type' out | xargs) == '305 310' ]] || fail 'not these'
    [[ $(jq -r 'select(.type == 310).payload.FileList[]' out) == *_aux.mp4 ]] || fail 'a file twice'
    expect 66 trtc-hook reconcile --spool S --task unknown --sdkappid "$app"
    created
    TRTC_ENDPOINT=http://127.0.0.1:9 expect 75 trtc-hook reconcile --spool S --task "$task" -- --retries 0
}
