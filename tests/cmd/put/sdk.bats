#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-put beside the vendors' SDKs: what it sends is signed as they sign it, and the store that checks it in all other
# tests takes what they send.

load ../../lib
load ../../put

# Where deps.sh keeps what comes from npm.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trtc-tools
modules=$cache/stores/node_modules

setup_file() {
    command -v node >/dev/null || skip 'no node: make deps installs it'
    [[ $(node --version) =~ ^v([0-9]+) ]] && ((BASH_REMATCH[1] >= 18)) || skip 'node is older than 18'
    files_begin
}

setup() {
    test_begin
    put_begin
}

teardown() {
    stop_serving
}

# need PACKAGE [DIR]: in DIR, or among the stores' packages.
need() {
    [[ -e ${2:-$modules}/$1 ]] || skip "no $1 in ${2:-$modules}: make deps puts it there"
}

# difficult: files whose names are easily signed wrong, in rec; one that goes in parts; their paths in ./paths.
difficult() {
    local name
    mkdir -p 'rec/a+b=c'
    for name in 'a+b=c/d' 'per%25cent %' 'b l a n k' 'q?u#e&s;t' $'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80' '-lead' \
        "~a!*'()\$:@,[]{}|^\`" '"<>\'; do
        echo "$name" >"rec/$name"
    done
    head -c 20000000 /dev/zero >'rec/a+b=c/l ar+ge.ts'
    find rec -type f -print0 >paths
}

# signed KIND N: of that kind so many requests at least, all of them signed as the SDK does it.
signed() {
    node "$tree/tests/stores/check.js" "$modules" <log >checked || fail "$(cat checked)"
    [[ $(<checked) =~ $1\ ([0-9]+) ]] && ((BASH_REMATCH[1] >= $2)) || fail "$(cat checked)"
}

@test "requests to COS are signed like those of cos-nodejs-sdk-v5, with a token too" {
    need cos-nodejs-sdk-v5
    difficult
    export TRTC_STORAGE_TOKEN=
    serving
    trtc-put -0 --to "cos://$bucket/p//q?region=ap-test" --endpoint "$store" <paths >out 2>err || fail "$?"
    quiet
    signed COS 22
    # and they are listed under the same names
    node "$tree/tests/stores/list.js" "$modules" "${store#http://}" "$bucket" ap-test >keys || fail "$?"
    diff <(sort -z keys | tr '\0' '\n') <(sed -z 's|^|p//q/|' paths | sort -z | tr '\0' '\n') || fail 'not these keys'
    stop_serving
    export TRTC_STORAGE_TOKEN=to+k/e=n
    serving
    trtc-put -0 --to "cos://$bucket?region=ap-test" --endpoint "$store" <paths >out 2>err || fail "$?"
    signed COS 44
}

@test "requests to S3 are signed like those of @smithy/signature-v4, with a token too" {
    need @smithy/signature-v4
    difficult
    serving
    trtc-put -0 --to "s3://$bucket/p//q?region=ap-test" --endpoint "$store" <paths >out 2>err || fail "$?"
    quiet
    signed S3 22
    stop_serving
    rm log
    export TRTC_STORAGE_TOKEN=to+k/e=n
    serving
    trtc-put -0 --to "s3://$bucket?region=eu-x-1" --endpoint "$store" <paths >out 2>err || fail "$?"
    signed S3 22
}

@test "the store of these tests accepts what cos-nodejs-sdk-v5 puts, and refuses another key" {
    need cos-nodejs-sdk-v5
    serving
    head -c 2500000 /dev/zero >f
    node "$tree/tests/stores/upload.js" "$modules" "${store#http://}" "$bucket" ap-test f 'a b+/=é?' || fail "$?"
    has 'a b+/=é?' f cos
    has 'a b+/=é?.parts' f cos
    ! TRTC_STORAGE_SECRET_KEY=other node "$tree/tests/stores/upload.js" "$modules" "${store#http://}" "$bucket" ap-test f x \
        2>/dev/null || fail 'another key is good'
}

@test "trtc-put sends to VOD what vod-node-sdk sends" {
    need vod-node-sdk "$cache/vod/node_modules"
    local f who
    head -c 2500000 /dev/urandom >big.mp4
    echo x >small.mp4
    jq -n '{ CloudVod: { TencentVod: { SubAppId: 1500000000, Procedure: "p", ClassId: 3, SourceContext: "s", SessionContext: "é" } } }' >vod.json
    for who in our its; do
        rm -f log
        serving --unchecked # the older SDK of COS beneath it does not sign the token
        for f in small.mp4 big.mp4; do
            if [[ $who == our ]]; then
                put 0 --storage vod.json --endpoint "$store" --json $f
                jq '{ FileId: .file_id, MediaUrl: .url }' out >made
            else
                node "$tree/tests/vod/upload.js" "$cache/vod/node_modules" "${store##*:}" $f \
                    "$(jq -c .CloudVod.TencentVod vod.json)" >made || fail "$?"
            fi
            # it is where ApplyUpload said, which is what CommitUpload makes its address of
            has "$(jq -r '.MediaUrl | ltrimstr("http://media.example/")' made)" $f cos
            jq -r .FileId made
        done >$who.ids
        jq -cS 'select(.operation == "apply" or .operation == "commit") | [.operation, (.body | del(.VodSessionKey))]' log >$who.calls
        jq -c 'select(.method == "PUT") | [.headers["x-cos-security-token"], (.headers.authorization | capture("q-ak=(?<ak>[^&]*)").ak)]' log |
            sort -u >$who.keys
        stop_serving
    done
    diff our.calls its.calls || fail 'not the same calls'
    diff our.ids its.ids || fail 'not the same media'
    diff our.keys its.keys || fail 'not the same keys'
    [[ $(wc -l <our.calls) -eq 4 && $(wc -l <our.keys) -eq 1 ]]
}

@test "ApplyUpload and CommitUpload are the same as the official SDK's" {
    need tencentcloud-sdk-nodejs "$cache/sdk/node_modules"
    serving
    echo x >a.mp4
    jq -n '{ CloudVod: { TencentVod: { SubAppId: 1500000000, Procedure: "p", ClassId: 3, SourceContext: "s", SessionContext: "é" } } }' >vod.json
    put 0 --storage vod.json --endpoint "$store" --json a.mp4
    mv log our.log
    stop_serving
    serving
    node "$tree/tests/sdk/vod.js" "$cache/sdk/node_modules" "${store#http://}" "$(jq -c 'select(.operation == "apply").body' our.log)" >sdk.out ||
        fail "$(cat sdk.out)"
    jq -es '.[0].TempCertificate.Token and .[0].MediaStoragePath and (.[1].code | startswith("InvalidParameterValue"))' sdk.out || fail "$(cat sdk.out)"
    local what
    for what in .body '.headers | [.["x-tc-version"], .["x-tc-action"], .["content-type"]]' \
        '.headers.authorization | capture("SignedHeaders=(?<s>[^,]*)").s'; do
        diff <(jq -cS "select(.operation == \"apply\" or .operation == \"commit\") | $what" our.log) <(jq -cS "$what" log) || fail "$what is not the same"
    done
}
