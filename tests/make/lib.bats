#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What the suites share and rely on: tests/lib.bash.

load ../lib

@test "end_all ends what this test has started, and nothing else" {
    local mine ended other
    sleep 60 3>&- &
    mine=$!
    sleep 0 3>&- &
    ended=$!
    wait $ended
    other=$(sleep 60 >/dev/null 3>&- & echo $!)
    end_all $mine $ended "$other"
    ! kill -0 $mine 2>/dev/null || fail "it still runs"
    [[ $(ps -o stat= -p "$other") == S* ]] || fail "one that is not of this test was killed"
    kill "$other"
}
