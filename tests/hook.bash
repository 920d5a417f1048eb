# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of trtc-hook share: a server with its spool, and a client that signs by itself. After lib.bash.

export app=1400000001
export task=-mmziew0DpcszXY1IwoabtoptW-L--Q-EAy1B7XZglcjbUAcSN+BS8NCPt9bpasH3vx+t-mstR6E6zau2QM.

# hook_begin: a key in this directory.
hook_begin() {
    umask 077
    unset "${!TRTC_EVENT_@}" {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY SSL_CERT_FILE
    echo exampleCallbackKey0123456789ABCD >key
    hook_pids=()
}

# serving [OPTION...]: a server on the spool S; its lines go to ./lines, its messages to ./told. $url is its address, $hook
# its process.
serving() {
    : >told
    trtc-hook serve --listen 127.0.0.1:0 --spool S "$@" >>lines 2>told </dev/null 3>&- &
    hook=$!
    hook_pids+=("$hook")
    listens told "$hook"
    url=$url/
}

# stopped [SIGNAL]: ends it.
stopped() {
    kill "-${1:-TERM}" "$hook"
    wait "$hook" || true
    hook_pids=()
}

hook_end() {
    end_all "${hook_pids[@]}"
    hook_pids=()
}

# post FILE [NAME=VALUE...]: the status that a signed body gets; a header of that name instead, '' for none. The Sign is
# OpenSSL's.
post() {
    local file=$1 m h name words target=/cb method=POST headers=() kept
    read -ra words -d '' <key || true
    headers=('Content-Type: application/json' "SdkAppId: $app"
        "Sign: $(openssl dgst -sha256 -hmac "${words[-1]}" -binary "$file" | base64 -w 0)")
    shift
    for m; do
        name=${m%%=*} kept=()
        case $name in
        target) target=${m#*=} && continue ;;
        method) method=${m#*=} && continue ;;
        esac
        for h in "${headers[@]}"; do [[ ${h,,} == "${name,,}":* ]] || kept+=("$h"); done
        headers=("${kept[@]}" "$name: ${m#*=}")
    done
    curl -qsg -m 20 --noproxy '*' --path-as-is -X "$method" -H Expect: -H User-Agent: "${headers[@]/#/-H}" --data-binary "@$file" \
        -o /dev/null -w '%{http_code}\n' "${url%/}$target"
}

# posted STATUS FILE [NAME=VALUE...]
posted() {
    local status
    status=$(post "${@:2}") || fail "no answer: $(cat told)"
    [[ $status == "$1" ]] || fail "HTTP $status, not $1: $(cat told)"
}

# event TYPE MS PAYLOAD [TASK]: a body, in ./event.json.
event() {
    printf '{"EventGroupId":3,"EventType":%d,"CallbackTs":%d,"EventInfo":{"RoomId":"3560","EventTs":%d,"EventMsTs":%d,"UserId":"r","TaskId":"%s","Payload":%s}}' \
        "$1" $(($2 + 42)) $(($2 / 1000)) "$2" "${4-$task}" "$3" >event.json
}

# in_place PLACE N: so many events are there; waits for it.
in_place() {
    local i n
    for ((i = 0; i < 500; i++)); do
        n=$(find "S/$1" -name '*.json' | wc -l)
        [[ $n -ne $2 ]] || return 0
        sleep 0.02
    done
    fail "$n events in $1/, not $2: $(cat told)"
}

# printed N: so many lines are on standard output; waits for it.
printed() {
    local i
    for ((i = 0; i < 500; i++)); do
        [[ $(wc -l <lines) -lt $1 ]] || break
        sleep 0.01
    done
    [[ $(wc -l <lines) -eq $1 ]] || fail "$(wc -l <lines) lines, not $1"
}

# line N FILTER: of the Nth line.
line() {
    sed -n "$1p" lines | jq -r "$2"
}

# handler TEXT: ./handler is a script that does this.
handler() {
    printf '#!/bin/sh\n%s\n' "$1" >handler
    chmod 700 handler
}
