#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-put and stores: COS, S3 and VOD as the tests' object store speaks them; refusals, outages, and what a journal is for.

load ../../lib
load ../../put

setup_file() {
    files_begin
}

setup() {
    test_begin
    put_begin
}

teardown() {
    stop_serving
}

@test "a recording into COS, S3 and a store of another host: under these keys, with these bytes" {
    local to
    serving
    recorded rec 2
    put 0 --to "s3+$store/$bucket" rec/s1.ts
    has rec/s1.ts rec/s1.ts
    grep -q us-east-1/s3 log
    : >log
    for name in 'a+b=c' 'per%cent' 'b l a n k' 'q?u#e&s' $'\xc3\xa9\xe2\x82\xac' '-lead'; do echo "$name" >"rec/$name"; done
    find rec -type f -print0 >paths
    for to in "cos://$bucket/cos//x?region=ap-test" "s3://$bucket/s3?region=ap-test" "s3+${store/\/\///}/$bucket/s4?region=ap-test"; do
        to=${to/http:\//http://}
        [[ $to == s3+* ]] || set -- --endpoint "$store"
        trtc-put -0 --to "$to" "$@" --root rec --task -t+= --json <paths >out 2>err || fail "$to: $?"
        quiet
        [[ $(wc -l <out) -eq 9 ]] || fail 'not a line for each'
        set --
    done
    for name in rec/*; do
        has "cos//x/-t+=/${name#rec/}" "$name" cos
        has "s3/-t+=/${name#rec/}" "$name"
        has "s4/-t+=/${name#rec/}" "$name"
    done
    jq -es 'all(.etag and .url and (.crc64 | test("^[0-9]+$"))) and (map(.key) | index("s4/-t+=/a+b=c"))' out || fail 'not these members'
    # what stands in an URL there is read by others
    curl -s "$(jq -r 'select(.key == "s4/-t+=/q?u#e&s").url' out)" | cmp - 'rec/q?u#e&s'
}

@test "StorageParams: a bucket of each vendor, and VOD" {
    serving
    recorded rec 2
    jq -n --arg e "$store" '{ StorageParams: { CloudStorage: { Vendor: 1, Region: "ap-test", Bucket: "bucket-1250000000",
        AccessKey: "AKIDx", SecretKey: "sec+ret=", FileNamePrefix: ["a", "b_c"], EndpointUrl: $e } } }' >s3.json
    jq .StorageParams.CloudStorage s3.json | jq '.Vendor = 0 | del(.AccessKey, .SecretKey)' >cos.json
    echo '{ "CloudVod": { "TencentVod": { "SubAppId": 7, "ExpireTime": 86400 } } }' >vod.json
    env -u TRTC_STORAGE_ACCESS_KEY -u TRTC_STORAGE_SECRET_KEY trtc-put --storage s3.json rec/p.m3u8 >out 2>err || fail "$?"
    has a/b_c/rec/s2.ts rec/s2.ts
    put 0 --storage cos.json --prefix p rec/s1.ts
    has a/b_c/p/rec/s1.ts rec/s1.ts cos
    put 0 --storage vod.json --endpoint "$store" --json rec/s1.ts
    jq -e '.file_id and .url and .key == "rec/s1.ts"' out
    [[ $(asked apply) -eq 1 && $(asked commit) -eq 1 ]]
    trtc-put --storage - rec/s2.ts <s3.json >out 2>err || fail "$?"
    jq '.Vendor = 7' cos.json >wrong.json
    put 65 --storage wrong.json rec/s1.ts
    said Vendor
    chmod 644 s3.json
    put 77 --storage s3.json rec/s1.ts
    said 'chmod 600'
    put 66 --storage none.json rec/s1.ts
}

@test "keys: a descriptor, the environment; none at all" {
    serving
    echo x >a
    unset TRTC_STORAGE_ACCESS_KEY TRTC_STORAGE_SECRET_KEY
    local to=(--to "cos://$bucket?region=ap-test" --endpoint "$store")
    put 77 "${to[@]}" a
    said TRTC_STORAGE_ACCESS_KEY
    trtc-put "${to[@]}" --keys-fd 5 a >out 2>err 5< <(printf 'AKIDx\nsec+ret=\n') || fail "$?"
    trtc-put "${to[@]}" --keys-fd 0 a >out 2>err < <(echo '{ "AccessKey": "AKIDx", "SecretKey": "sec+ret=" }') || fail "$?"
    TRTC_STORAGE_ACCESS_KEY=x TRTC_STORAGE_SECRET_KEY=y trtc-put "${to[@]}" --keys-fd 5 a >out 2>err 5< <(printf 'AKIDx\nsec+ret=\n') || fail "$?"
    TRTC_STORAGE_ACCESS_KEY=AKIDx put 77 "${to[@]}" a
    TRTC_STORAGE_ACCESS_KEY=AKIDx TRTC_STORAGE_SECRET_KEY=wrong put 77 "${to[@]}" a
    said 'a: '
    TRTC_STORAGE_ACCESS_KEY=AKIDx TRTC_STORAGE_SECRET_KEY=wrong put 78 "${to[@]}" --keys-fd 5 a 5< <(echo one)
    put 66 "${to[@]}" --keys-fd 99 a
}

@test "refused in the middle: 77, the file is reported, the others continue; no bucket: 69; no server: 75" {
    serving
    recorded rec 5
    local to=(--to "s3://$bucket?region=ap-test" --endpoint "$store")
    echo 'put 2 right
put 1 refuse' >script
    put 77 -j 1 "${to[@]}" rec/s{1..5}.ts rec/p.m3u8
    printed rec/s{1,2,4,5}.ts
    said 'rec/s3.ts: '
    said "rec/p.m3u8: not put: it names 'rec/s3.ts'"
    echo 'any - right' >script
    put 64 --to "s3://$bucket" rec/s1.ts
    said '?region=R'
    put 64 --to "cos://$bucket" rec/s1.ts
    put 0 --to "cos://$bucket" --endpoint "$store" rec/s1.ts # which signs for none
    put 64 "${to[@]}" --endpoint http://192.0.2.1/ rec/s1.ts
    stop_serving
    put 75 --retries 0 "${to[@]}" rec/s1.ts rec/p.m3u8
    said 'rec/s1.ts: '
    said 'rec/p.m3u8'
}

@test "--journal: proven files are not sent again, even after kill -9; changed files are" {
    serving
    recorded rec 6
    local to=(--to "s3://$bucket?region=ap-test" --endpoint "$store" --journal j)
    put 0 "${to[@]}" rec/s{1..3}.ts
    put 0 "${to[@]}" --json rec/p.m3u8 rec/s{1..6}.ts
    [[ $(asked put) -eq 7 ]] || fail "$(asked put) puts, not 7"
    jq -es 'length == 7 and all(.etag and .url and .bytes)' out
    echo more >>rec/s2.ts
    put 0 "${to[@]}" rec/p.m3u8 rec/s{1..6}.ts
    printed rec/p.m3u8 rec/s{1..6}.ts
    [[ $(asked put) -eq 8 ]] || fail "$(asked put) puts, not 8"
    has rec/s2.ts rec/s2.ts
    put 78 --to "s3://other?region=ap-test" --endpoint "$store" --journal j rec/s1.ts
    said 'another place'
    put 78 "${to[@]}" --journal rec/p.m3u8 rec/s1.ts
    (
        flock 9
        put 75 "${to[@]}" rec/s1.ts
    ) 9<j
    put 0 "${to[@]}" --delete rec/s1.ts
    [[ ! -e rec/s1.ts ]]
}

@test "killed repeatedly: each printed line is true, and in the end nothing is missing" {
    local i k=0
    serving
    recorded rec 20
    for ((i = 0; i < $(n 30); i++)); do
        trtc-put -j 3 --to "cos://$bucket?region=ap-test" --endpoint "$store" --journal j rec/s*.ts >>all 2>>err &
        sleep "0.0$((RANDOM % 4))"
        kill -KILL $! 2>/dev/null && k=$((k + 1))
        wait $! 2>/dev/null || true
    done
    ((k > 3)) || fail 'it was too fast'
    sort -u all | while IFS= read -r path; do has "$path" "$path" cos; done
    put 0 --to "cos://$bucket?region=ap-test" --endpoint "$store" --journal j rec/s*.ts
    [[ $(sort -u out | wc -l) -eq 20 ]]
    for path in rec/s*.ts; do has "$path" "$path" cos; done
    # what the journal had was not sent again
    jq -s 'map(select(.operation == "put")) | length' log >puts
    [[ $(<puts) -le 70 ]] || fail "$(<puts) puts of 20 files"
}

@test "a large file resumes where it stopped" {
    serving --digests
    head -c 40000000 /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null >big.ts
    local to=(--to "s3://$bucket?region=ap-test" --endpoint "$store" --journal j)
    echo 'part 3 right
part - busy' >script
    trtc-put "${to[@]}" big.ts >out 2>err &
    eventually grep -q ' *part .* 3 ' j
    kill -KILL $!
    wait $! || true
    echo 'any - right' >script
    : >log
    put 0 "${to[@]}" --json big.ts
    [[ $(asked part) -eq 2 && $(asked begin) -eq 0 && $(asked complete) -eq 1 ]] || fail "$(asked part) parts"
    [[ $(jq .bytes out) -eq 40000000 ]]
}

@test "the store fails for a while during a live recording: nothing is lost, and the order is kept" {
    local i
    serving
    mkdir rec
    mkfifo paths
    trtc-put --to "cos://$bucket?region=ap-test" --endpoint "$store" --retries 1 <paths >out 2>err &
    exec 7>paths
    printf '#EXTM3U\n' >rec/p.m3u8
    for ((i = 1; i <= 12; i++)); do
        ((i != 4)) || echo 'any - busy' >script
        ((i != 9)) || echo 'any - right' >script
        echo "$i" >"rec/s$i.ts"
        { cat rec/p.m3u8; printf '#EXTINF:1,\ns%d.ts\n' "$i"; } >next
        mv next rec/p.m3u8
        printf 'rec/s%d.ts\nrec/p.m3u8\n' "$i" >&7
        sleep 0.1
    done
    exec 7>&-
    wait $! || fail "$?"
    [[ $(grep -c p.m3u8 out) -eq 12 && $(grep -c 'rec/s' out) -eq 12 ]] || fail 'not a line for each line'
    for ((i = 1; i <= 12; i++)); do has "rec/s$i.ts" "rec/s$i.ts" cos; done
    has rec/p.m3u8 rec/p.m3u8 cos
    # each version of the playlist came after as many segments as it has lines
    jq -rs 'map(select(.operation == "put" and .status == 200))[] | .key' log >order
    grep -q s12 order || fail "no order: $(head -n 1 log)"
    [[ $(tail -n 1 order) == rec/p.m3u8 ]]
}

@test "a playlist grows while the store fails: no version arrives before the files that it names" {
    local i
    serving
    mkdir rec
    mkfifo paths
    trtc-put --to "cos://$bucket?region=ap-test" --endpoint "$store" <paths >out 2>err &
    exec 7>paths
    echo '#EXTM3U' >rec/p.m3u8
    echo 'any 6 busy' >script
    for ((i = 1; i <= 20; i++)); do
        echo "$i" >"rec/s$i.ts"
        printf '#EXTINF:1,\ns%d.ts\n' "$i" >>rec/p.m3u8
        printf 'rec/s%d.ts\nrec/p.m3u8\n' "$i" >&7
        sleep 0.05
    done
    exec 7>&-
    # what the store has names only what the store has
    while kill -0 $! 2>/dev/null; do
        curl -sf "$store/rec/p.m3u8" >list || continue
        for name in $(grep -v '^#' list); do curl -sfo /dev/null "$store/rec/$name" || fail "$name is named, and not there"; done
    done
    wait $! || fail "$?"
    has rec/p.m3u8 rec/p.m3u8 cos
    [[ $(grep -c p.m3u8 out) -eq 20 ]]
}
