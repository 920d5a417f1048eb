#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# trtc-rec measured, called by bench.sh: a signed describe against the stand-in service, beside curl sending the very same
# bytes and the vendor's SDK for Node.js (where deps.sh could have it), and the pace of a batch.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/bench.bash
. "$here/bench.bash"
modules=${XDG_CACHE_HOME:-${HOME:-/dev/null}/.cache}/trtc-tools/sdk/node_modules
times=${TIMES:-20} # calls a row

export HOME=$work XDG_STATE_HOME=$work/state
export TENCENTCLOUD_SECRET_ID=AKIDmadeup TENCENTCLOUD_SECRET_KEY=madeupsecretkey
unset TENCENTCLOUD_TOKEN TENCENTCLOUD_REGION TRTC_SECRET_KEY
printf 'set rate 0\n' >"$work/script"
"$B/tests/recserver" --life 600 --log "$work/log" --script "$work/script" >"$work/port" &
server=$!
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
started "$server" test -s "$work/port"
TRTC_ENDPOINT=http://127.0.0.1:$(cat "$work/port")
export TRTC_ENDPOINT

# A describe's headers and body, as they were sent: they are good for five minutes.
take_bytes() {
    trtc-rec describe --sdkappid 1400000001 --retries 0 unknown >/dev/null 2>&1 || true
    tail -n 1 "$work/log" | jq -r '.headers | to_entries[]
        | select(.key | test("^(host|content-type|authorization|x-tc-.*)$")) | "\(.key): \(.value)"' >"$work/headers"
    tail -n 1 "$work/log" | jq -j .text >"$work/body"
}

describe() { trtc-rec describe --sdkappid 1400000001 --retries 0 unknown; }
with_curl() { curl -sS -H "@$work/headers" --data-binary "@$work/body" "$TRTC_ENDPOINT/"; }
with_sdk() {
    echo '{"action":"DescribeCloudRecording","body":{"SdkAppId":1400000001,"TaskId":"unknown"}}' |
        node "$here/../sdk/call.js" "$modules" "${TRTC_ENDPOINT#http://}"
}
# shellcheck disable=SC2016
with_sdk_rss() {
    echo '{"action":"DescribeCloudRecording","body":{"SdkAppId":1400000001,"TaskId":"unknown"}}' >"$work/one"
    rss_mb sh -c 'node "$1" "$2" "$3" <"$4"' sh "$here/../sdk/call.js" "$modules" "${TRTC_ENDPOINT#http://}" "$work/one"
}
# repeat COMMAND: as often as a row has calls; that the task is unknown is as good an answer as any.
repeat() {
    local i
    for ((i = 0; i < times; i++)); do "$1" || true; done
}
describes() { once repeat describe; }
curl_same_bytes() { once repeat with_curl; }
node_sdk() { once repeat with_sdk; }

batch() {
    local begin
    for ((i = 0; i < 200; i++)); do
        echo '{"action":"describe","SdkAppId":1400000001,"TaskId":"unknown"}'
    done >"$work/lines"
    begin=$(date +%s%N)
    trtc-rec batch <"$work/lines" >"$work/answers" 2>/dev/null || true
    awk -v ns=$(($(date +%s%N) - begin)) -v n="$(wc -l <"$work/answers")" \
        'BEGIN { s = ns / 1e9; printf "rec: batch of 200 (%d answers): %.2f s, wanted 9.5 ... 10.5: %s\n", n, s, (s >= 9.5 && s <= 10.5) ? "yes" : "NO" }'
}

rows=(describes)
command -v curl >/dev/null && take_bytes && rows+=(curl_same_bytes)
[ -e "$modules/tencentcloud-sdk-nodejs" ] && command -v node >/dev/null && rows+=(node_sdk)
table_head
compare "$times signed describes" "${rows[@]}"
printf 'rec: peak memory of a describe: %s MB' "$(rss_mb trtc-rec describe --sdkappid 1400000001 --retries 0 unknown)"
[[ " ${rows[*]} " != *' curl'* ]] ||
    printf ', curl: %s MB' "$(rss_mb curl -sS -H "@$work/headers" --data-binary "@$work/body" "$TRTC_ENDPOINT/")"
[[ " ${rows[*]} " != *' node'* ]] || printf ', the SDK: %s MB' "$(with_sdk_rss)"
echo
batch
