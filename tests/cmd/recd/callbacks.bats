#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Callbacks of trtc-recd: signed, in order, with the fields of the documents, at a receiver that is not ours; and when that
# is not there.

load ../../lib
load ../../hook
load ../../recd

setup() {
    test_begin
    hook_begin
    recd_begin
}

teardown() {
    recd_end
    hook_end
}

# received: what a receiver in Python has taken: "301 303 ...", and only what is signed.
received() {
    [[ ! -e received ]] || cut -d' ' -f1 received | xargs
}

# receiver STATUS [PORT [SECONDS [BYTES]]]: it runs from here on; $receives is its address. SECONDS: before it answers, with
# BYTES.
receiver() {
    python3 "$tree/tests/serve/callbacks.py" "$(<key)" "$1" "${2:-0}" "${3:-0}" "${4:-0}" >port 2>wrong 3>&- &
    hook_pids+=($!)
    eventually test -s port
    receives=http://127.0.0.1:$(<port)/cb
}

# unheard: a task has ended, and its callbacks wait: nobody listens at $port.
unheard() {
    receiver 200
    port=$(<port)
    kill "${hook_pids[0]}"
    wait "${hook_pids[0]}" 2>/dev/null || true
    rm -f port received
    config "callback_url = $receives" "callback_key = $(<key)"
    recd --config recd.ini --launch "$(standin leave 99)"
    request
    created
    gone
}

# all_in_order: those of the task as they happened, and that of the upload, which goes on beside it, at its place.
all_in_order() {
    [[ $(received | tr ' ' '\n' | grep -vx 304 | xargs) == '301 303 307 309 302 305 310' ]] && [[ $(received) =~ 307\ .*304\ .*305 ]]
}

# have_come TYPES: these, in any order.
have_come() { [[ $(received | tr ' ' '\n' | sort | xargs) == "$1" ]]; }

@test "HLS and MP4: every event arrives once, in order, signed, with its fields; the body of an answer does not matter" {
    receiver 200 0 0 5000000
    config "callback_url = $receives" "callback_key = $(<key)"
    recd --config recd.ini --launch "$(standin picture)"
    request
    created
    described InProgress
    rec 0 delete --sdkappid "$app" "$task"
    gone
    eventually all_in_order || fail "$(cat received)"
    [[ ! -s wrong ]] || fail "$(cat wrong)"
    sed 's/^[0-9]* //' received | jq -es --arg task "$task" 'all(.EventGroupId == 3 and .EventInfo.TaskId == $task and .EventInfo.RoomId == "3560" and
        .EventInfo.UserId == "recorder" and (.EventInfo.EventMsTs | type == "number") and .CallbackTs >= .EventInfo.EventMsTs and
        .EventInfo.EventTs == (.EventInfo.EventMsTs / 1000 | floor) and (.CallbackTs - .EventInfo.EventMsTs < 3000))' >/dev/null || fail "$(cat received)"
}

@test "a refused callback is repeated at once, given up by the rule, and reported; the others arrive" {
    receiver 500
    config "callback_url = $receives" "callback_key = $(<key)" '[limits]' 'callbacks = 1'
    recd --config recd.ini --launch "$(standin leave 99)"
    request
    created
    gone
    told_of 'callback 301 was given up after 2 attempts: HTTP status 500'
    told_of 'callback 310 was given up after 2 attempts: HTTP status 500'
    [[ $(grep -c '^301 ' received) == 2 ]] || fail "$(cut -c 1-4 received)"
}

@test "no receiver at first, and a clock that is set forward: all callbacks arrive when there is one" {
    clock_in ahead
    unheard
    echo 3600 >ahead
    [[ -n ${TRTC_SAN:-} ]] || told_of 'the time of day was set forward by 3600 s; '
    sleep 1.5 # two looks at what is due
    receiver 200 "$port"
    eventually have_come '301 302 303 304 305 307 310'
}

@test "callbacks that wait when their address is removed from the configuration: that is said, and they are sent once it is available again" {
    unheard
    recd_killed
    sed '/callback/d' recd.ini >none.ini && chmod 600 none.ini
    recd --config none.ini
    told_of "callbacks of application $app wait: it no longer has a callback_url"
    recd_killed
    receiver 200 "$port"
    recd --config recd.ini
    eventually have_come '301 302 303 304 305 307 310'
}

@test "a receiver that does not answer holds up no other application's callbacks" {
    receiver 200 0 30
    config "callback_url = $receives"
    rm port
    receiver 200
    printf '%s\n' '[app 1400000002]' 'secret_id = AKIDother' 'secret_key = othersecretkey' "callback_url = $receives" >>recd.ini
    recd --config recd.ini
    recd_killed TERM
    python3 - <<'PYTHON'
import sqlite3
db = sqlite3.connect('live/recd.db')
for i in range(70):
    app, kind = (1400000002, 305) if i == 69 else (1400000001, 301)
    db.execute('INSERT INTO outbox(task,sdkappid,event_ms,type,body,state,tries,first_ms,next_ms) VALUES(?,?,1,?,?,0,0,0,0)',
               (f't{i}', app, kind, '{"EventGroupId":3,"EventType":%d,"EventInfo":{}}' % kind))
db.commit()
PYTHON
    recd --config recd.ini
    waited grep -q ^305 received && [[ $(sed '/^305/q' received | grep -c ^301) -lt 16 ]] || fail "$(cut -c 1-4 received | sort | uniq -c)"
}

@test "the disk is full when a callback was accepted: it is not sent over and over" {
    receiver 200 0 0.5
    config "callback_url = $receives" "callback_key = $(<key)"
    recd --config recd.ini --launch "$(standin leave 99)"
    request
    created
    eventually grep -q ^301 received
    prlimit --pid "$recd" --fsize=1:
    sleep 3
    [[ $(grep -c ^301 received) == 1 ]] || fail "$(cut -c 1-4 received)"
    prlimit --pid "$recd" --fsize=unlimited:
    gone
    eventually all_received
}

# all_received: and 308 perhaps, if a file was put while the disk was full.
all_received() { [[ $(received | tr ' ' '\n' | grep -v 308 | sort | xargs) == '301 302 303 304 305 307 310' ]]; }
