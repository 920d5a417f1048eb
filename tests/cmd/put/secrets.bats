#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-put and secrets: made-up ones are planted everywhere they are taken from, and looked for everywhere they must not be.

load ../../lib
load ../../put

# All of them hold these words.
canary=CanaryZq

setup_file() {
    files_begin
}

setup() {
    test_begin
    put_begin
    service=$BATS_FILE_TMPDIR/service-$BATS_TEST_NUMBER # what the store keeps may hold them
    mkdir -p "$service"
    export TRTC_STORAGE_ACCESS_KEY=${canary}Access TRTC_STORAGE_SECRET_KEY=${canary}Secret TRTC_SECRET_KEY=${canary}App
    serving
    to=(--to "cos://$bucket?region=ap-test" --endpoint "$store")
    recorded rec 2
}

teardown() {
    stop_serving
}

# clean: none of them is anywhere in what is here.
clean() {
    ! grep -rlF "$canary" . || fail "a secret in: $(grep -rlF "$canary" .)"
    ! grep -rlE "$(printf %s "$canary" | base64 | head -c 10)" . || fail 'a secret in Base64'
}

@test "outputs, notes and journal of successes and failures" {
    local fault
    put 0 -v "${to[@]}" --journal j --json rec/p.m3u8
    for fault in busy drop refuse lie flip silent skewed cut; do
        echo "any - $fault" >"$service/script"
        echo "$fault" >>rec/s1.ts
        trtc-put -v --retries 0 "${to[@]}" --journal j rec/s1.ts >>out2 2>>err2 || true
        trtc-put -v --retries 0 --to "s3://$bucket?region=ap-test" --endpoint "$store" rec/s1.ts >>out2 2>>err2 || true
    done
    [[ $(wc -l <err2) -gt 8 ]] || fail 'there is nothing to look at'
    clean
}

@test "wrong StorageParams and keys: no message shows them" {
    local wrong
    cd rec
    for wrong in '.AccessKey = 7' '.SecretKey = ["'$canary'"]' '.Vendor = 9' '.Nonsense = 1' '.SecretKey = "'$canary' x"' '.Bucket = ""'; do
        jq -n '{ Vendor: 0, Region: "ap-test", Bucket: "b-1", AccessKey: "'$canary'A", SecretKey: "'$canary'S" }' | jq "$wrong" >"$service/params"
        trtc-put --storage "$service/params" --endpoint "$store" s1.ts >>out 2>>err && fail "$wrong"
    done
    head -c 60 "$service/params" >"$service/half"
    trtc-put --storage "$service/half" s1.ts >>out 2>>err && fail 'half of a file'
    for wrong in "$canary" "$canary\\n$canary\\n$canary" "$canary=$canary" "{\"AccessKey\":\"$canary\"" "\"$canary\\nx"; do
        # shellcheck disable=SC2059
        trtc-put "${to[@]}" --keys-fd 5 s1.ts >>out 2>>err 5< <(printf "$wrong") && fail "$wrong"
    done
    trtc-put --to "s3://${canary}:${canary}@b/?region=r" s1.ts 2>&1 | grep -vF "$canary" >>err || fail 'an URL with keys is shown'
    TRTC_STORAGE_SECRET_KEY="\"$canary\"" trtc-put "${to[@]}" s1.ts >>out 2>>err && fail 'quotation marks'
    clean
}

@test "argv, the process list, environment and memory" {
    echo 'any - busy' >"$service/script"
    trtc-put "${to[@]}" rec/s1.ts >out 2>err &
    local pid=$!
    eventually test -s "$service/log"
    tr '\0' '\n' <"/proc/$pid/cmdline" >cmdline
    grep -q s1.ts cmdline || fail 'it is not there'
    tr '\0' '\n' <"/proc/$pid/environ" >environment || true
    grep -q '^Max core file size  *0  ' "/proc/$pid/limits" || fail 'memory may be dumped'
    [[ ${TRTC_SAN:-} ]] || grep -q '^VmFlags:.* dd' "/proc/$pid/smaps" || fail 'no page is left out of dumps'
    kill -KILL $pid
    wait $pid || true
    clean
    trtc-put --help >help
    ! grep -E '^ +(-., )?--(secret-key|access-key|key|token)( |$)' help || fail 'an option for a secret'
}

@test "a program run by exec: has no key in its environment" {
    printf '#!/bin/sh\nenv >environment.$$\ntr "\\0" "\\n" </proc/self/cmdline >cmdline.$$\nls -l /proc/self/fd >fds.$$\n' >up
    chmod 700 up
    put 0 --to exec:./up rec/p.m3u8 5< <(printf 'x')
    [[ $(cat environment.* | wc -l) -gt 10 ]]
    clean
    ! grep -E 'socket|eventfd|journal' fds.* || fail 'descriptors are handed on'
}

@test "a requested core dump contains no secret" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'not under the sanitizers'
    ulimit -c unlimited 2>/dev/null || skip 'no core dumps here'
    echo 'any - busy' >"$service/script"
    # shellcheck disable=SC2016
    dumped='$p = fork // die; if (!$p) { open STDOUT, ">out"; open STDERR, ">err"; exec @ARGV } open F, ">$ARGV[0].pid"; print F $p; close F;
        waitpid $p, 0; exit($? & 128 ? 1 : 0)'
    perl -e "$dumped" sleep 5 &
    local other=$!
    perl -e "$dumped" trtc-put "${to[@]}" rec/s1.ts &
    local ours=$!
    eventually test -s "$service/log"
    eventually test -s sleep.pid
    kill -ABRT "$(<sleep.pid)" "$(<trtc-put.pid)"
    wait $other && skip 'no core dumps here'
    wait $ours || fail 'it dumped its memory'
}

@test "the journal is for its owner only, whatever the umask" {
    umask 000
    put 0 "${to[@]}" --journal j rec/s1.ts
    [[ $(stat -c %a j) == 600 ]] || fail "$(stat -c %a j)"
}
