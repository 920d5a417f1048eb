#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The vendor's SDK drives trtc-recd unchanged: only its endpoint is another.

load ../../lib
load ../../node
load ../../recd

setup_file() {
    need_node sdk tencentcloud-sdk-nodejs
    files_begin
    export modules
}

setup() {
    test_begin
    recd_begin
    recd
    TENCENTCLOUD_SECRET_ID=$(sed -n 's/secret_id = //p' live/credentials)
    TENCENTCLOUD_SECRET_KEY=$(sed -n 's/secret_key = //p' live/credentials)
    export TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY
}

# sdk LINE...: calls, "ACTION BODY" each; what is answered stands in ./out, a line each.
sdk() {
    local line
    for line; do
        printf '{"action":"%s","body":%s}\n' "${line%% *}" "${line#* }"
    done | node "$tree/tests/sdk/call.js" "$modules" "${url#http://}" >out 2>err || fail "$(cat err)"
}

# codes WORD...: of the errors, - for none.
codes() {
    [[ $(jq -r '.code // "-"' out | xargs) == "$*" ]] || fail "$(cat out)"
}

mine="\"SdkAppId\":$app,\"TaskId\":\"\""

@test "all four actions, single streams and mixed; the formats, lists, layouts and watermarks of the documents" {
    local body single mixed
    request
    single=$(jq -c 'del(.RecordParams.OutputFormat)' request.json)
    for body in '.' '.RecordParams.OutputFormat = 1' '.RecordParams |= (.StreamType = 1 | .OutputFormat = 2)' '.RecordParams.AvMerge = 1' \
        '.RecordParams.SubscribeStreamUserIds = { SubscribeAudioUserIds: ["anna", "class.*$"], UnSubscribeVideoUserIds: ["bob"] }' \
        '.StorageParams = { CloudVod: { TencentVod: { ExpireTime: 86400 } } }' '.RoomIdType = 0 | .RoomId = "a room"'; do
        sdk "CreateCloudRecording $(jq -c "$body" <<<"$single")" "DescribeCloudRecording {$mine}" "DeleteCloudRecording {$mine}" "DeleteCloudRecording {$mine}"
        # it is there until all is uploaded, which may be before the second Delete
        sed -i '4s/"code":"ResourceNotFound"/"ended":true/' out
        codes - - - -
        [[ $(sed -n 2p out | jq -r .Status) =~ ^(Idle|InProgress)$ ]] || fail "$(cat out)"
        sleep 0.3
    done
    mixed=$(jq -c '.RecordParams.RecordMode = 2 | .RoomId = "4711" |
        .MixTranscodeParams = { VideoParams: { Width: 1280, Height: 720, Fps: 15, BitRate: 550000, Gop: 10 }, AudioParams: { SampleRate: 1, Channel: 2, BitRate: 64000 } } |
        .MixLayoutParams = { MixLayoutMode: 3, BackGroundColor: "#102030", WaterMarkList: [{ WaterMarkType: 1, WaterMarkChar: { Top: 0, Left: 0, Width: 100, Height: 20, Chars: "é 语" } },
            { WaterMarkType: 2, WaterMarkTimestamp: { Pos: 1, TimeZone: 0 } }] }' request.json)
    sdk "CreateCloudRecording $mixed" "DescribeCloudRecording {$mine}" \
        "ModifyCloudRecording {$mine,\"MixLayoutParams\":{\"MixLayoutMode\":1,\"MaxResolutionUserId\":\"anna\"}}" \
        "ModifyCloudRecording {$mine,\"MixLayoutParams\":{\"MixLayoutMode\":2}}" \
        "ModifyCloudRecording {$mine,\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[{\"Top\":0,\"Left\":0,\"Width\":640,\"Height\":720}]},\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[\"anna\"]}}" \
        "DeleteCloudRecording {$mine}"
    codes - - - - - -
}

@test "errors arrive as those of the SDK, with the documented code" {
    request
    sdk "CreateCloudRecording $(jq -c 'del(.StorageParams)' request.json)" "CreateCloudRecording $(jq -c '.RecordParams.MaxIdleTime = 4' request.json)" \
        "CreateCloudRecording $(jq -c '.StorageParams.CloudVod = { TencentVod: {} }' request.json)" \
        "DescribeCloudRecording {\"SdkAppId\":$app,\"TaskId\":\"nothing\"}" "DescribeCloudRecording {\"SdkAppId\":1,\"TaskId\":\"nothing\"}" \
        "CreateCloudRecording $(jq -c . request.json)" "ModifyCloudRecording {$mine,\"MixLayoutParams\":{\"MixLayoutMode\":1}}"
    codes MissingParameter.StorageParams InvalidParameter.OutOfRange FailedOperation ResourceNotFound InvalidParameter.SdkAppId - FailedOperation.CRUnsupportMethod
    TENCENTCLOUD_SECRET_KEY=other sdk "DescribeCloudRecording {\"SdkAppId\":$app,\"TaskId\":\"nothing\"}"
    codes AuthFailure.SignatureFailure
}
