#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-rec beside the official SDK: both make the same requests of the same service; what is sent must be
# equivalent, and both must understand what comes back.

load ../../lib
load ../../node
load ../../rec

setup_file() {
    need_node sdk tencentcloud-sdk-nodejs
    files_begin
    rec_begin
    requests
    script 'set idle 1'
    serve
    node "$tree/tests/sdk/call.js" "$modules" "${TRTC_ENDPOINT#http://}" <sdk.in >sdk.out 2>sdk.err || fail "$(cat sdk.err)"
    mv "$service/log" sdk.log
    rec_end
    serve
    ours
    rec_end
    mv "$service/log" our.log
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
}

# requests: for the SDK in sdk.in, a line each, and for us. In the texts is what is easily sent wrong.
requests() {
    trtc-rec usersig --sdkappid "$app" --user recorder >sig
    mixed ".UserSig = \"$(<sig)\" | .MixLayoutParams.WaterMarkList = [{ WaterMarkType: 1,
        WaterMarkChar: { Top: 0, Left: 0, Width: 100, Height: 20, Chars: \"é 语 \\u2028 </script> \\\"\\\\ \\u007f 😀\" } }]"
    trtc-layout -f api -m screen -s 360x640 alice bob carol >layout.json
    jq -c '{ action: "CreateCloudRecording", body: . }' request.json >sdk.in
    for action in Describe Describe; do
        jq -cn --arg a "${action}CloudRecording" --argjson app "$app" '{ action: $a, body: { SdkAppId: $app, TaskId: "" } }' >>sdk.in
    done
    jq -cn --argjson app "$app" --slurpfile layout layout.json '{ action: "ModifyCloudRecording", body: {
        SdkAppId: $app, TaskId: "", MixLayoutParams: $layout[0],
        SubscribeStreamUserIds: { SubscribeAudioUserIds: ["alice", "bob"], SubscribeVideoUserIds: ["alice", "bob"] } } }' >>sdk.in
    jq -cn --argjson app "$app" '{ action: "DeleteCloudRecording", body: { SdkAppId: $app, TaskId: "" } }' >>sdk.in
    jq -c '{ action: "CreateCloudRecording", body: (. | .RecordParams.RecordMode = 2 | del(.StorageParams)) }' request.json >>sdk.in
}

# ours: the same with trtc-rec; all but the last, which it would not send.
ours() {
    created
    trtc-rec describe "$task" >describe-1.json
    trtc-rec describe "$task" >describe-2.json
    trtc-rec modify "$task" --layout layout.json --replace --subscribe alice,bob >modify.json
    trtc-rec delete "$task" >delete.json
}

# both FILTER: is the same of what the SDK sent and of what we sent.
both() {
    diff <(head -n 5 sdk.log | jq -cS "$1") <(head -n 5 our.log | jq -cS "$1") || fail "$1 is not the same"
}

@test "the service accepts all requests of both" {
    [[ $(wc -l <our.log) -eq 5 && $(wc -l <sdk.log) -eq 6 ]] || fail "$(cat sdk.out)"
    [[ $(jq -r .verdict our.log | xargs) == 'ok ok ok ok ok' ]] || fail "$(jq -r .verdict our.log)"
    [[ $(jq -r .verdict sdk.log | xargs) == 'ok ok ok ok ok MissingParameter.StorageParams' ]] || fail "$(cat sdk.out)"
}

@test "actions, versions, regions and media types are the same" {
    both .action
    both '.headers | [.["x-tc-version"], .["x-tc-region"], .["x-tc-action"], .["content-type"]]'
}

@test "the same headers are signed" {
    both '.headers.authorization | capture("SignedHeaders=(?<s>[^,]*)").s'
    both '.headers.authorization | capture("^(?<s>TC3-HMAC-SHA256) Credential=(?<id>[^/]*)/[0-9-]{10}/[^/]*/tc3_request, SignedHeaders=[^ ]*, Signature=[0-9a-f]{64}$")'
}

@test "the bodies hold the same" {
    # both services made the same ids
    both .body
}

@test "every header of the API that the SDK sends, except its own, is sent" {
    local name
    for name in x-tc-action x-tc-version x-tc-region x-tc-timestamp authorization content-type host; do
        head -n 5 our.log | jq -es --arg n "$name" 'all(.headers | has($n))' || fail "no $name"
    done
    diff <(jq -r '.headers["content-length"] | tonumber > 0' our.log | sort -u) <(echo true)
}

@test "both understand the answers in the same way" {
    diff <(sed -n 2p sdk.out | jq -S 'del(.RequestId)') <(jq -S '(.Response // .) | del(.RequestId)' describe-1.json)
    diff <(sed -n 3p sdk.out | jq -S 'del(.RequestId)') <(jq -S '(.Response // .) | del(.RequestId)' describe-2.json)
    diff <(sed -n 4p sdk.out | jq -S 'del(.RequestId)') <(jq -S '(.Response // .) | del(.RequestId)' modify.json)
    sed -n 6p sdk.out | jq -e '.code == "MissingParameter.StorageParams"'
}
