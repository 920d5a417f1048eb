#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-rec and secrets: made-up ones are planted everywhere they are taken from, and looked for everywhere they
# must not be.

load ../../lib
load ../../rec

# All of them hold these words.
canary=CanaryZq

setup_file() {
    files_begin
}

setup() {
    test_begin
    rec_begin
    export TENCENTCLOUD_SECRET_ID=AKIDmadeup TENCENTCLOUD_SECRET_KEY=${canary}Cloud TENCENTCLOUD_TOKEN=${canary}Token
    export TRTC_SECRET_KEY=${canary}App
    service=$BATS_FILE_TMPDIR/service-$BATS_TEST_NUMBER # what the service keeps may hold them
    mkdir -p "$service"
    serve
    planted
}

teardown() {
    rec_end
}

# planted: a request, kept where it is not looked for.
planted() {
    request ".StorageParams.CloudStorage.AccessKey = \"${canary}Access\" | .StorageParams.CloudStorage.SecretKey = \"${canary}Storage\"
        | .PrivateMapKey = \"${canary}Map\" | .RecordParams.RecordMode = 2 | .MixLayoutParams = { MixLayoutMode: 3 }"
    mv request.json "$service/request.json"
}

# clean: neither they nor a UserSig that was made are anywhere in what is here.
clean() {
    local sigs
    seen 'map(.body.UserSig // empty) | unique | .[]' 2>/dev/null | tr -d '"' >"$service/sigs" || true
    ! grep -rlF "$canary" . || fail "a secret in: $(grep -rlF "$canary" .)"
    if [[ -s $service/sigs ]]; then
        sigs=$(grep -rlFf "$service/sigs" .) && fail "a UserSig in: $sigs"
    fi
    ! grep -rlE "$(printf %s "$canary" | base64 | head -c 10)" . || fail 'a secret in Base64'
}

@test "outputs, notes and state of successes" {
    trtc-rec create -v -f "$service/request.json" >out1 2>err1
    task=$(jq -r '(.Response // .).TaskId' out1)
    trtc-rec describe -v "$task" >out2 2>err2
    trtc-rec modify -v "$task" --subscribe alice >out3 2>err3 || fail "$(cat err3)"
    trtc-rec files -v "$task" >out4 2>err4
    trtc-rec list -v --json >out5 2>err5
    printf '{"action":"describe","TaskId":"%s"}\n' "$task" | trtc-rec batch -v >out6 2>err6
    trtc-rec delete -v "$task" >out7 2>err7
    trtc-rec create -v -f "$service/request.json" --dry-run >out8 2>err8
    trtc-rec create -v -f "$service/request.json" --follow --interval 60ms --timeout 1 >out9 2>err9 &
    sleep 0.2
    kill -INT $! 2>/dev/null
    wait $! || true
    [[ $(cat out[1-8] | wc -c) -gt 500 ]] || fail 'there is nothing to look at'
    clean
}

@test "messages of failures, with the journal of a lost create" {
    local fault
    for fault in drop 'code InvalidParameter.OutOfRange' 'status 500' text half 'big 5000000' 'code FailedOperation'; do
        script "any - $fault"
        trtc-rec create -v -f "$service/request.json" --retries 0 >>out 2>>err && fail "$fault: succeeded"
    done
    jq '.RecordParams.RecordMode = 9 | .StorageParams.CloudStorage.Vendor = "x"' "$service/request.json" >"$service/wrong.json"
    trtc-rec create -v -f "$service/wrong.json" >>out 2>>err && fail 'succeeded'
    jq ".StorageParams.CloudStorage.SecretKey = [\"${canary}List\"] | .UserSig = { x: \"${canary}Sig\" }" "$service/request.json" >"$service/wrong.json"
    trtc-rec create -v -f "$service/wrong.json" >>out 2>>err && fail 'succeeded'
    head -c 500 "$service/request.json" >"$service/wrong.json"
    trtc-rec create -v -f "$service/wrong.json" >>out 2>>err && fail 'succeeded'
    jq ".Nonsense = \"${canary}\"" "$service/request.json" >"$service/wrong.json"
    trtc-rec create -v -f "$service/wrong.json" >>out 2>>err && fail 'succeeded'
    clean
}

@test "a service that quotes the request: in no output, message or state" {
    local code sub line
    line=$(jq -c '. + { action: "create" }' "$service/request.json")
    # each signs with its own id: AKIDmadeup is no more shown than the keys
    for code in - InvalidParameter InternalError AuthFailure.SecretIdNotFound RequestLimitExceeded; do
        script "any - quote $code"
        for sub in '' --json -v --follow; do
            timeout 2 trtc-rec create $sub -f "$service/request.json" --retries 0 --interval 60ms --timeout 500ms >>out.create 2>>err || true
            ((${#sub})) || task=$(sed -n 's/.*"TaskId":[[:space:]]*"\([^"]*\)".*/\1/p' out.create | head -n 1)
        done
        timeout 2 trtc-rec create -v -f "$service/request.json" --retries 1 --timeout 300ms >>out.create 2>>err || true
        echo "$line" | trtc-rec batch -v --retries 0 >>out.batch 2>>err || true
        printf '{"action":"describe","TaskId":"%s"}\n{"action":"delete","TaskId":"%s"}\n' "$task" x | trtc-rec batch -v --retries 0 >>out.batch 2>>err || true
        for sub in describe modify wait files delete; do
            # shellcheck disable=SC2046 # two words, or none
            timeout 2 trtc-rec $sub -v --retries 0 "$task" $([[ $sub != modify ]] || echo --subscribe alice) >>"out.$sub" 2>>err || true
        done
        trtc-rec list --json >>out.list 2>>err || true
    done
    grep -q '"Text":' out.create || fail 'it quotes nothing'
    grep -q '\*\*\*' out.create || fail 'nothing is hidden'
    grep -q '"Bucket":' out.batch || fail 'more is hidden than what is secret'
    clean
    ! grep -rlF AKIDmadeup . || fail "the id in: $(grep -rlF AKIDmadeup .)"
}

@test "a service that quotes an earlier call" {
    local sub
    export TRTC_STORAGE_ACCESS_KEY=${canary}Access TRTC_STORAGE_SECRET_KEY=${canary}Storage
    script "any - code InvalidParameter.${canary}Storage.${canary}Access.${canary}App"
    for sub in describe wait files delete modify; do
        # shellcheck disable=SC2046 # two words, or none
        timeout 2 trtc-rec $sub --sdkappid "$app" --retries 0 task-1 $([[ $sub != modify ]] || echo --subscribe a) >>out 2>>err || true
    done
    printf '{"action":"describe","SdkAppId":%s,"TaskId":"x"}\n' "$app" | trtc-rec batch --retries 0 >>out 2>>err || true
    [[ $(grep -c 'InvalidParameter\.\*\*\*\.\*\*\*\.\*\*\*' out err | awk -F: '{ n += $2 } END { print n }') -ge 5 ]] || fail 'nothing is hidden'
    clean
}

@test "batch: a service that quotes an earlier line, however short" {
    jq -c '. + { action: "create", UserSig: "fromLine1Only" } | .StorageParams.CloudStorage.SecretKey = "kS1x"' \
        "$service/request.json" >lines
    printf '{"action":"describe","SdkAppId":%s,"TaskId":"x"}\n' "$app" >later
    script 'CreateCloudRecording - pass' 'any - code InvalidParameter.kS1x.fromLine1Only'
    { cat lines && sleep 1 && cat later; } | trtc-rec batch --retries 0 >>out 2>>err || true
    [[ $(wc -l <out) -eq 2 ]] || fail 'not one answer each'
    grep -qF 'InvalidParameter.***.***' out || fail 'nothing is hidden'
    ! grep -qE 'kS1x|fromLine1Only' out err || fail 'a secret of the line before'
    rm lines
    clean
}

@test "--dry-run shows *** where they would be" {
    rec 0 create -f "$service/request.json" --dry-run
    [[ $(grep -o '"\*\*\*"' out | wc -l) -ge 4 ]] || fail 'not one for each'
    clean
    came 0
}

@test "no option accepts one, the process list shows none, and memory is not dumped" {
    local sub pid
    for sub in create describe modify delete wait list files usersig batch; do
        trtc-rec "$sub" --help
    done >help
    ! grep -E '^ +(-., )?--(secret-key|secretkey|secret-id|usersig|key|token)( |$)' help || fail 'an option for a secret'
    script 'any - deaf'
    trtc-rec create -f "$service/request.json" --retries 0 --timeout 5 >out 2>err &
    pid=$!
    arrived
    tr '\0' '\n' <"/proc/$pid/cmdline" >cmdline
    grep -q create cmdline || fail 'it is not there'
    grep -q '^Max core file size  *0  ' "/proc/$pid/limits" || fail 'memory may be dumped'
    if [[ -z ${TRTC_SAN:-} ]]; then
        # its pages with secrets, and what others may see of it
        grep -q '^VmFlags:.* dd' "/proc/$pid/smaps" || fail 'no page is left out of dumps'
    fi
    kill -INT $pid
    wait $pid || true
    clean
}

@test "a requested core dump contains no secret" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'not under the sanitizers'
    ulimit -c unlimited 2>/dev/null || skip 'no core dumps here'
    script 'any - deaf'
    # another program is dumped here
    aborted sleep 5 &
    local other=$!
    aborted trtc-rec create -f "$service/request.json" --retries 0 --timeout 5 &
    local ours=$!
    arrived
    until [[ -s sleep.pid && -s trtc-rec.pid ]]; do sleep 0.01; done
    kill -ABRT "$(<sleep.pid)" "$(<trtc-rec.pid)"
    wait $other && skip 'no core dumps here'
    wait $ours || fail 'it dumped its memory'
}

# aborted COMMAND...: fails where its memory is dumped when it ends. Its id stands in COMMAND.pid.
aborted() {
    # shellcheck disable=SC2016
    perl -e '$p = fork // die; if (!$p) { open STDOUT, ">out"; open STDERR, ">err"; exec @ARGV } open F, ">$ARGV[0].pid"; print F $p; close F;
        waitpid $p, 0; exit($? & 128 ? 1 : 0)' "$@"
}

@test "files that others can read are refused: 77" {
    local mode
    unset TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY TENCENTCLOUD_TOKEN
    printf '[default]\nsecret_id = AKIDmadeup\nsecret_key = %sCloud\ntoken = %sToken\n' "$canary" "$canary" >"$service/keys"
    for mode in 644 640 604 660 777; do
        chmod "$mode" "$service/keys"
        rec 77 describe --sdkappid "$app" --secret-file "$service/keys" t
        grep -qE 'chmod|others|0?600' err || fail 'what helps is not said'
    done
    came 0
    chmod 600 "$service/keys"
    rec 66 describe --sdkappid "$app" --secret-file "$service/keys" t
    chmod 400 "$service/keys"
    rec 66 describe --sdkappid "$app" --secret-file "$service/keys" t
    clean
}

@test "a state directory that others may write to is refused: 77" {
    mkdir -p "$XDG_STATE_HOME/trtc"
    chmod 777 "$XDG_STATE_HOME/trtc"
    rec 77 create -f "$service/request.json"
    came 0
}

@test "written files are for the owner only, whatever the umask" {
    umask 000
    rec 0 create -f "$service/request.json"
    [[ -z $(find "$XDG_STATE_HOME" -type f -perm /077) ]] || fail 'others may read a file'
    [[ -z $(find "$XDG_STATE_HOME/trtc" -type d -perm /077) ]] || fail 'others may enter a directory'
}
