#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hook over and over: a thousand kills, ten thousand connections, a hundred thousand repetitions.

load ../lib
load ../hook

clients=$tree/tests/serve/hookclients.py

setup() {
    files_begin
    test_begin
    hook_begin
}

teardown() {
    hook_end
}

port() {
    sed 's/.*:\([0-9]*\).*/\1/' <<<"${url#http:}"
}

@test "a thousand kills, ten thousand events" {
    python3 "$clients" storm 1000 10000 0 >out 2>err || fail "$(tail -n 5 told)"
    cat out
}

@test "a hundred kills while handlers run" {
    # shellcheck disable=SC2016
    handler 'cat >/dev/null; basename "$TRTC_EVENT_FILE" >>log'
    python3 "$clients" storm 100 1000 1 >out 2>err || fail "$(tail -n 5 told)"
}

@test "ten thousand connections, and how long one may take" {
    serving --key-file key
    python3 "$clients" hostile "$hook" "$(port)" 10000 >out 2>err || fail "$(tail -n 5 told)"
    python3 "$clients" slow "$(port)" 2>err || fail 'it waits too long, or too short'
}

@test "a hundred thousand repetitions are one record" {
    serving --key-file key
    python3 "$clients" again "$(port)" 100000 2>err || fail 'not one'
    [[ $(wc -l <lines) -eq 1 ]]
}
