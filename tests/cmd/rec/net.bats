#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-rec and a network that is not well: what is tried again and how it is signed, clocks, limits, certificates.

load ../../lib
load ../../rec

# case NAME SCRIPT_LINE... -- ARGUMENT...: trtc-rec beside the others, with a service, a home and a directory of its own.
# Those that have to wait all wait at once, here; the tests look at what came of it.
case_of() {
    local name=$1 lines=()
    shift
    while [[ $1 != -- ]]; do
        lines+=("$1")
        shift
    done
    shift
    (
        set +eE
        mkdir "$name"
        cd "$name" || exit
        rec_begin
        script "${lines[@]}"
        serve
        request
        [[ -e ../$name.in ]] && exec <"../$name.in"
        begin=$(date +%s%N)
        trtc-rec "$@" >out 2>err
        echo "$? $((($(date +%s%N) - begin) / 1000000))" >status
        rec_end
    ) 3>&- &
}

setup_file() {
    local i
    files_begin
    for ((i = 0; i < 40; i++)); do
        printf '{"action":"describe","SdkAppId":1400000001,"TaskId":"task-%d"}\n' "$i"
    done >batch.in
    head -n 12 batch.in >batch-clock.in

    local one=(describe --sdkappid 1400000001)
    case_of status 'any 1 status 503 Retry-After: 1' -- "${one[@]}" t
    case_of status-twice 'any 1 status 429 Retry-After: 1' 'any 1 status 502 Retry-After: 1' -- "${one[@]}" t
    case_of rate 'any 1 code RequestLimitExceeded.UinLimitExceeded Retry-After: 1' -- "${one[@]}" t
    case_of internal 'any 1 code InternalError.CRInternalError' -- "${one[@]}" t
    case_of enough 'any - status 500 Retry-After: 1' -- "${one[@]}" --retries 1 t
    case_of deaf 'any - deaf' -- "${one[@]}" --retries 0 --timeout 1 t
    case_of trickle 'any - trickle 20' -- "${one[@]}" --retries 0 --timeout 1 t
    case_of batch 'set rate 0' -- batch
    case_of batch-clock 'set rate 0' 'set clock_s 86400' -- batch
    wait
}

setup() {
    test_begin
    rec_begin
}

teardown() {
    rec_end
}

# of NAME STATUS: the case's directory becomes this; $ms is how long it took.
of() {
    local status
    cd "$BATS_FILE_TMPDIR/$1" || return
    export service=$PWD/service
    read -r status ms <status || fail 'it did not come to its end'
    [[ $status == "$2" ]] || fail "$1: exit status $status, not $2"
}

# describe STATUS ARGUMENT...: of a task that the service does not know, with one attempt.
describe() {
    rec "$1" describe --sdkappid "$app" --retries 0 "${@:2}" t
}

# signed_anew: every attempt has a time and a signature of its own, and both were right.
signed_anew() {
    saw 'map(.headers["x-tc-timestamp"]) | length == (unique | length)'
    saw 'map(.headers.authorization) | length == (unique | length)'
    saw 'map(.text) | unique | length == 1'
}

# ---- what is tried again ----

@test "HTTP 503: retried, signed anew, after the time that the server requests" {
    of status 66 # the last answer: no such task
    verdicts none ResourceNotFound
    signed_anew
    saw '.[1].ms - .[0].ms | . >= 1000 and . < 5000'
    said '503'
}

@test "HTTP 429 and 502: two more attempts" {
    of status-twice 66
    verdicts none none ResourceNotFound
    signed_anew
}

@test "a rate limit that comes with HTTP 200" {
    of rate 66
    verdicts RequestLimitExceeded.UinLimitExceeded ResourceNotFound
    signed_anew
    said 'RequestLimitExceeded'
}

@test "InternalError: again after 3 s and up to a quarter" {
    of internal 66
    verdicts InternalError.CRInternalError ResourceNotFound
    signed_anew
    saw '.[1].ms - .[0].ms | . >= 3000 and . < 7000'
}

@test "--retries 1: two attempts, then 75" {
    of enough 75
    verdicts none none
    signed_anew
}

@test "errors in the request are not retried" {
    local code
    serve
    while read -r code status; do
        script "any - code $code"
        rec "$status" describe --sdkappid "$app" --retries 5 t
        said "$code"
        [[ $(wc -l <err) -eq 1 ]] || fail 'not one line'
    done <<'X'
InvalidParameter.OutOfRange 65
MissingParameter.TaskId 65
UnknownParameter 65
AuthFailure.SignatureFailure 77
AuthFailure.UnauthorizedOperation 77
UnsupportedOperation 69
FailedOperation 69
FailedOperation.RestrictedConcurrency 75
X
}

# ---- what takes too long, and what is too much ----

@test "a silent server, and a very slow one: --timeout" {
    of deaf 75
    ((ms >= 900 && ms < 6000)) || fail "$ms ms"
    came 1
    of trickle 75
    ((ms >= 900 && ms < 6000)) || fail "$ms ms"
}

@test "an endless answer, one of over 4 MB, one of 64 MB when decompressed: refused, in little memory" {
    local fault kb
    serve
    for fault in endless 'big 4194305' bomb; do
        script "any - $fault"
        if [[ -z ${TRTC_SAN:-} && -x /usr/bin/time ]]; then
            expect 69 /usr/bin/time -q -f %M -o kb trtc-rec describe --sdkappid "$app" --retries 0 --timeout 5 t
            kb=$(tail -n 1 kb)
            ((kb < 32768)) || fail "$fault: $kb kB"
        else
            describe 69 --timeout 5
        fi
        [[ $(wc -l <err) -eq 1 ]] || fail "$fault: not one line"
    done
    script 'any - big 4000000'
    describe 0
}

@test "connections that break at every part of an answer: 75" {
    local n how
    serve
    for how in reset cut; do
        for n in 0 1 12 16 40 90 120 131 140 200 240; do
            script 'set rate 0' "any - $how $n"
            describe 75
        done
    done
    script 'set rate 0' 'any - lose'
    describe 75
    script 'set rate 0' 'any - length 20'
    describe 75
    script 'set rate 0' 'any - cut 100000'
    describe 66
}

@test "no server: 75" {
    serve
    rec_end
    describe 75
    [[ $(wc -l <err) -eq 1 ]] || fail 'not one line'
}

@test "answers that are not of this API: 69" {
    local fault
    serve
    for fault in text half old 'length -30'; do
        script "any - $fault"
        describe 69
        [[ ! -s out ]] || fail "$fault: something on stdout"
    done
}

@test "redirects are not followed" {
    local status
    serve
    for status in 301 302 307 308; do
        script "any - status $status Location: $TRTC_ENDPOINT/elsewhere"
        describe 69
        said "$status"
    done
    came 4
    saw 'all(.action == "DescribeCloudRecording")'
}

# ---- who is asked ----

@test "plain http is for loopback only, and an address has no other parts" {
    local url
    for url in http://192.0.2.1 http://example.org http://127.0.0.1.example.org http://user@127.0.0.1 https://127.0.0.1/path \
        https://a:b@example.org ftp://127.0.0.1 'https://' 'https://x?y'; do
        describe 64 --endpoint "$url"
        [[ $(wc -l <err) -eq 1 ]] || fail "$url: not one line"
        TRTC_ENDPOINT=$url describe 64
    done
}

@test "certificates: a good one" {
    serve --cert IP:127.0.0.1,-3600,3600 ca.pem
    describe 66 --ca-file ca.pem
    came 1
}

@test "certificates: expired, not yet valid, of another name, signed by itself: 77, and nothing is sent" {
    local cert
    for cert in IP:127.0.0.1,-7200,-3600 IP:127.0.0.1,3600,7200 IP:127.0.0.2,-3600,3600 DNS:example.org,-3600,3600; do
        serve --cert "$cert" ca.pem
        rec 77 describe --sdkappid "$app" --retries 3 --ca-file ca.pem t
        [[ $(wc -l <err) -eq 1 ]] || fail "$cert: not one line"
        came 0
    done
    serve --cert IP:127.0.0.1,-3600,3600 ca.pem
    rec 77 describe --sdkappid "$app" t
    came 0
}

@test "a proxy of the environment is not used for loopback" {
    serve
    http_proxy=http://127.0.0.1:1 https_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 describe 66
    came 1
}

# ---- clocks ----

@test "a clock that is a day off is corrected from the server's, once, with a warning" {
    local off
    serve
    for off in 86400 -86400 400; do
        forgotten
        script "set clock_s $off"
        describe 66
        verdicts AuthFailure.SignatureExpire ResourceNotFound
        saw ".[1].headers[\"x-tc-timestamp\"] as \$a | .[0].headers[\"x-tc-timestamp\"] as \$b
            | (\$a | tonumber) - (\$b | tonumber) - ($off) | . >= -1 and . <= 2"
        [[ $(grep -c clock err) -eq 1 ]] || fail 'not one warning'
    done
}

@test "a server that never accepts the time: two requests, 77" {
    serve
    script 'any - code AuthFailure.SignatureExpire'
    rec 77 describe --sdkappid "$app" --retries 5 t
    came 2
}

# ---- many ----

@test "a batch: 20 per second over kept connections, answered in the order of the input" {
    of batch 66
    came 40
    # jitter of the machine may bring two a little closer
    saw 'sort_by(.ms) | [range(0; length - 30) as $i | .[$i + 30].ms - .[$i].ms] | min >= 1200'
    saw '(map(.ms) | max - min) as $ms | $ms >= 1850 and $ms < 15000'
    saw 'map(.connection) | unique | length <= 8'
    [[ $(wc -l <out) -eq 40 ]] || fail 'not 40 lines'
}

@test "a batch with a wrong clock: corrected from the first answers, not from each" {
    of batch-clock 66
    saw 'map(select(.verdict == "AuthFailure.SignatureExpire")) | length <= 8'
    saw 'map(select(.verdict == "ResourceNotFound")) | length == 12'
    ! grep -q SignatureExpire out || fail 'an error that was got over stands in the output'
}
