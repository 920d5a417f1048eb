#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Who may call, and where keys are: only signed requests, each once; nothing of a key outside of the service and its database.

load ../../lib
load ../../recd

setup() {
    test_begin
    recd_begin
    known="{\"SdkAppId\":$app,\"TaskId\":\"none\"}"
}

@test "requests without a signature, or changed after it" {
    recd
    code ResourceNotFound DescribeCloudRecording "$known"
    code AuthFailure.InvalidAuthorization DescribeCloudRecording "$known" unsigned=1
    code AuthFailure.InvalidAuthorization DescribeCloudRecording "$known" 'Authorization=Basic abc'
    code AuthFailure.InvalidAuthorization DescribeCloudRecording "$known" X-TC-Timestamp=
    code AuthFailure.SecretIdNotFound DescribeCloudRecording "$known" id=AKIDother
    code AuthFailure.SignatureFailure DescribeCloudRecording "$known" key=other
    code AuthFailure.SignatureFailure DescribeCloudRecording "$known" "late={\"SdkAppId\":$app,\"TaskId\":\"nonE\"}"
    code AuthFailure.SignatureFailure DescribeCloudRecording "$known" Content-Type=application/json 'X-TC-Content-SHA256=UNSIGNED-PAYLOAD' late='{}'
    code AuthFailure.SignatureExpire DescribeCloudRecording "$known" time=-302
    code AuthFailure.SignatureExpire DescribeCloudRecording "$known" time=302
    code ResourceNotFound DescribeCloudRecording "$known" time=-290
    code ResourceNotFound DescribeCloudRecording "$known" time=290
    code AuthFailure.TokenFailure DescribeCloudRecording "$known" X-TC-Token=abc
    code InvalidRequest DescribeCloudRecording "$known" Content-Type=text/plain
    code InvalidRequest DescribeCloudRecording "$known" Content-Type=application/x-www-form-urlencoded
    code ResourceNotFound DescribeCloudRecording "$known" 'Content-Type=application/json; charset=utf-8'
    code InvalidRequest DescribeCloudRecording '' method=GET
    code 'HTTP 405' DescribeCloudRecording "$known" method=PUT
    code 'HTTP 404' DescribeCloudRecording "$known" target=/other
    code NoSuchVersion DescribeCloudRecording "$known" version=2022-03-25
    code InvalidAction DescribeCloudRecordings "$known"
    code UnsupportedRegion DescribeCloudRecording "$known" region=us-east-1
    code InvalidRequest DescribeCloudRecording "$known" Origin=http://evil.example
    code InvalidParameter DescribeCloudRecording '{'
    code InvalidParameter DescribeCloudRecording '{"a":1,"a":2}'
    code InvalidParameter DescribeCloudRecording '[]'
}

@test "a repeated request" {
    recd
    request
    code AuthFailure.SignatureFailure CreateCloudRecording "$(<request.json)" times=2
    [[ $(find live/tasks -mindepth 1 -maxdepth 1 | wc -l) == 1 ]] || fail 'it was done twice'
    code ResourceNotFound DescribeCloudRecording "$known" times=2
    code AuthFailure.SignatureFailure DescribeCloudRecording "$known" times=2 apart=3.2
    code AuthFailure.SignatureFailure DeleteCloudRecording "$known" times=2 apart=3.2
}

@test "a repeated request after a restart of the service" {
    recd
    request
    at=$(date +%s)
    code '' CreateCloudRecording "$(<request.json)" "at=$at"
    recd_killed
    recd --listen "${url#http://}"
    code AuthFailure.SignatureFailure CreateCloudRecording "$(<request.json)" "at=$at"
    code '' CreateCloudRecording "$(<request.json)" "at=$((at + 1))"
    [[ $(find live/tasks -mindepth 1 -maxdepth 1 | wc -l) == 2 ]] || fail 'it was done twice'
}

@test "an application accepts its own keys only" {
    config '[app 1400000002]' 'secret_id = AKIDsecond' 'secret_key = secondkey'
    recd --config recd.ini
    code InvalidParameter.SdkAppId DescribeCloudRecording '{"SdkAppId":1400000009,"TaskId":"t"}'
    code AuthFailure.UnauthorizedOperation DescribeCloudRecording '{"SdkAppId":1400000002,"TaskId":"t"}'
    code AuthFailure.UnauthorizedOperation ModifyCloudRecording '{"SdkAppId":1400000009,"TaskId":"t"}'
    request
    created
    printf '%s\n' '[default]' 'secret_id = AKIDsecond' 'secret_key = secondkey' >second
    # shellcheck disable=SC2034 # recd.bash has it
    keys=second
    code ResourceNotFound DescribeCloudRecording "{\"SdkAppId\":1400000002,\"TaskId\":\"$task\"}"
    code AuthFailure.UnauthorizedOperation DeleteCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\"}"
}

@test "UserSigs that are malformed, of others, or expired, if the application's key is known" {
    config 'usersig_key = appkey'
    recd --config recd.ini
    sig() { TRTC_SECRET_KEY=$1 trtc-rec usersig --sdkappid "$2" --user "$3" --expire "$4"; }
    request
    create() { jq -c --arg s "$1" '.UserSig = $s' request.json; }
    code InvalidParameter.UserSig CreateCloudRecording "$(create nonsense)"
    code InvalidParameter.UserSig CreateCloudRecording "$(create "$(sig other "$app" recorder 1h)")"
    code InvalidParameter.UserSig CreateCloudRecording "$(create "$(sig appkey "$app" another 1h)")"
    code InvalidParameter.UserSig CreateCloudRecording "$(create "$(sig appkey 1400000002 recorder 1h)")"
    code '' CreateCloudRecording "$(create "$(sig appkey "$app" recorder 1h)")"
}

@test "keys are only in the configuration and the database, and never in a task" {
    export AWS_SECRET_ACCESS_KEY=CanaryEnv TRTC_SECRET_KEY=CanaryEnv TENCENTCLOUD_SECRET_KEY=CanaryEnv TRTC_STORAGE_SECRET_KEY=CanaryEnv
    config 'callback_url = http://127.0.0.1:1/' 'callback_key = CanaryCallback' '[storage]' 'send = request'
    sed -i 's/madeupsecretkey/CanaryApi/' recd.ini keys
    recd --config recd.ini -v
    request '.StorageParams.CloudStorage |= (.AccessKey = "CanaryAccess" | .SecretKey = "CanarySecret" | .EndpointUrl = "http://127.0.0.1:1") |
        .UserSig = "CanarySig" | .PrivateMapKey = "CanaryMap"'
    chmod 600 request.json
    created
    described InProgress
    eventually grep -q . "$dir/descriptors"
    ! grep -rl Canary live --include='*' | grep -v 'recd\.db' || fail 'in a file'
    ! grep -q Canary "$dir/environment" told || fail "$(grep Canary "$dir/environment" told)"
    pid=$(<"$dir/lock")
    ! tr '\0' '\n' <"/proc/$pid/cmdline" | grep Canary || fail 'on the command line'
    ! tr '\0' '\n' <"/proc/$pid/environ" | grep Canary || fail 'in the environment'
    [[ $(grep -c -- '->' "$dir/descriptors") -le 4 ]] || fail "$(cat "$dir/descriptors")"
    ! grep -E 'recd.db|socket|recd.ini|eventpoll' "$dir/descriptors" || fail 'descriptors of the service'
    put=$(pgrep -P "$recd" | head -n 1)
    [[ ! $put ]] || ! tr '\0' '\n' <"/proc/$put/cmdline" 2>/dev/null | grep Canary || fail 'on the command line of trtc-put'
    grep -q '^Max core file size  *0  ' "/proc/$recd/limits" || fail 'memory may be dumped'
    code InvalidParameter CreateCloudRecording '{"UserSig":"CanaryX","UserSig":"CanaryY"}'
    ! grep Canary answer || fail "$(cat answer)"
    code InvalidParameter.OutOfRange CreateCloudRecording "$(jq -c '.UserId = "a b"' request.json)"
    ! grep Canary answer || fail "$(cat answer)"
}

@test "configurations: 77 if others can read it; 78 and each wrong line, but no key" {
    config
    chmod 644 recd.ini
    expect 77 trtc-recd --config recd.ini --data live
    chmod 600 recd.ini
    expect 0 trtc-recd --check-config --config recd.ini
    printf '%s\n' '[nonsense]' 'CanaryZq' '[limits]' 'tasks = many' 'secret_key = CanaryZq' >>recd.ini
    expect 78 trtc-recd --check-config --config recd.ini
    [[ $(grep -c '^trtc-recd: recd.ini: line ' err) == 4 ]] || fail 'not each line'
    ! grep Canary err || fail 'a key'
    expect 78 trtc-recd --config recd.ini --data live
    expect 64 trtc-recd --check-config
    expect 64 trtc-recd --data live --listen 0.0.0.0:0
    expect 64 trtc-recd --data live nonsense
    expect 66 trtc-recd --config missing.ini
}
