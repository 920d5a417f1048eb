#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs one test for prove: a bats file or a test program. What failed is told on stderr, since prove
# shows only the counts; a test that hangs is ended.
#
#   tap.sh FILE        TRTC_TEST_LIMIT_S: seconds a file may take (900; 3600 with TRTC_LONG)
set -u

file=$1
limit_s=${TRTC_TEST_LIMIT_S:-$([[ ${TRTC_LONG:-} ]] && echo 3600 || echo 900)}
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# What runs in real time goes before what only computes, so that it is not late on a busy machine.
case $file in
*/cmd/room/* | */cmd/task/* | */cmd/recd/* | */cmd/hook/* | */cmd/put/* | */cmd/rec/*) ;;
*/cmd/hls/live.bats | */cmd/hls/faults.bats | */cmd/mix/live.bats | */cmd/mix/join.bats | */cmd/mix/examples.bats) ;;
*/long/foreign-long.bats | */long/merge-long.bats | */long/package-long.bats | */long/scale-long.bats) renice -n 10 $$ >/dev/null ;;
*/long/*) ;;
*) renice -n 10 $$ >/dev/null ;;
esac

case $file in
*.bats) run=(bats --tap "$file") ;;
*) run=(env CMOCKA_MESSAGE_OUTPUT=TAP "$file") ;;
esac

# A shell cannot restore signals that were ignored when it began, as by nohup, and tests send them.
env --default-signal=HUP,INT,QUIT timeout -k 10 "$limit_s" "${run[@]}" </dev/null | tee "$log"
status=${PIPESTATUS[0]}
((status == 0)) && exit 0

{
    printf '\n%s: exit status %d' "$file" "$status"
    ((status == 124 || status == 137)) && printf ' (limit: %d s)' "$limit_s"
    echo
    awk '/^not ok/ { show = 1 } /^ok/ { show = 0 } show' "$log"
} >&2
exit "$status"
