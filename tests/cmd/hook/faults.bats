#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hook serve under kill -9, and among clients that misbehave.

load ../../lib
load ../../hook

clients=$tree/tests/serve/hookclients.py

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

@test "killed 30 times while events arrive: none that got 200 is missing, none is stored twice, no file is partial" {
    python3 "$clients" storm 30 100000 0 >out 2>err || fail "$(cat told | tail -n 5)"
    [[ -z $(find S/tmp -type f) ]] || fail 'something is left in tmp/'
}

@test "killed while handlers run: each event is handled once" {
    # shellcheck disable=SC2016
    handler 'cat >/dev/null; basename "$TRTC_EVENT_FILE" >>log'
    python3 "$clients" storm 5 100 1 >out 2>err || fail "$(cat told | tail -n 5)"
}

@test "misbehaving clients are refused; memory and descriptors stay limited; the honest one is always served" {
    serving --key-file key
    python3 "$clients" hostile "$hook" "$(sed 's/.*:\([0-9]*\).*/\1/' <<<"${url#http:}")" 400 >out 2>err || fail "$(tail -n 5 told)"
    kill -0 "$hook" || fail 'it is dead'
}

@test "unread standard output blocks nothing" {
    mkfifo pipe
    exec 7<>pipe
    trtc-hook serve --listen 127.0.0.1:0 --spool S --key-file key >pipe 2>told </dev/null 3>&- 7>&- &
    hook=$!
    hook_pids+=("$hook")
    until grep -q listening told; do sleep 0.01; done
    url=$(sed -n 's/.*listening on //p' told)
    event 304 1767225961123 "{\"FileList\":\"$(head -c 300000 /dev/zero | tr '\0' x)\"}"
    posted 200 event.json # more than the pipe holds
    event 305 1767225961123 '{"Status":0}'
    posted 200 event.json
    in_place new 2
    kill -TERM "$hook"
    has_ended "$hook" || fail 'it does not end'
    exec 7>&-
}

@test "the process that starts handlers is killed: received events are kept, and it is reported" {
    serving --key-file key --settle 0 -- sleep 5
    event 305 1767225961123 '{"Status":0}'
    posted 200 event.json
    pkill -KILL -P "$hook"
    local status=0
    wait "$hook" || status=$?
    [[ $status -eq 70 ]] || fail "exit status $status"
    grep -q 'the process that starts handlers has died' told || fail "$(cat told)"
    serving --key-file key --settle 0 -- true
    posted 200 event.json
}

# short CALL ERROR PATH STATUS COMMAND...: CALL of this path fails, and so does the program.
short() {
    local status=0
    strace -f -qq -o /dev/null -P "$3" -e "inject=$1:error=$2" "${@:5}" >out 2>err </dev/null || status=$?
    [[ $status -eq $4 ]] || fail "exit status $status: ${*:5}"
}

@test "what the machine is short of is reported as that" {
    need_strace
    local name
    serving --unsigned
    event 305 1767225961123 '{"Status":0}'
    posted 200 event.json
    stopped
    name=$(cd S/new && echo *.json)
    short flock ENOLCK "$PWD/S/lock" 74 trtc-hook serve --listen 127.0.0.1:0 --spool S --unsigned
    said "cannot lock 'S/lock': No locks available"
    short flock ENOLCK "$PWD/S/new/$name" 74 trtc-hook run --spool S "$name" -- true
    said "cannot lock 'S/new/$name': No locks available"
    # nor is the Sign unknown then, with which it would be forwarded
    short openat2 EMFILE "$PWD/S/head" 75 trtc-hook list --spool S
    said "'S/head/${name%.json}': cannot be read: Too many open files"
    [[ ! -s out ]]
    short openat2 EIO "$PWD/S/new" 74 trtc-hook list --spool S
    said "'S/new/$name': cannot be read: Input/output error"
    expect 0 trtc-hook run --spool S "$name" -- true
}

@test "an event is not given up while the machine lacks memory for its handler, or files" {
    lacking "cannot run 'true': Cannot allocate memory" -e inject=execve:error=ENOMEM
    lacking "cannot read 'S/new/.*': Too many open files in system" -P "$PWD/S/new" -e inject=openat:error=ENFILE
}

# lacking MESSAGE OPTION...: a handler cannot be started under strace with these options, but can be later.
lacking() {
    need_strace
    rm -rf S
    : >told
    strace -f -qq -o /dev/null "${@:2}" \
        trtc-hook serve --listen 127.0.0.1:0 --spool S --unsigned --settle 0 --back-off 1ms -- true >lines 2>told </dev/null 3>&- &
    hook=$!
    hook_pids+=("$hook")
    listens told "$hook"
    event 305 1767225961123 '{"Status":0}'
    posted 200 event.json
    waited several_times "$1" 6 || fail "$(<told)"
    [[ $(find S/new -name '*.json' | wc -l) -eq 1 ]]
    pkill -TERM -P "$hook"
    wait "$hook" || true
    serving --unsigned --settle 0 -- true
    in_place 'done' 1
}

several_times() { [[ $(grep -c "$1" told) -ge $2 ]]; }
