# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of trtc-rec share: a stand-in service (recserver), a home of their own with made-up keys, and what
# the service saw. After lib.bash.

export app=1400000001

# rec_begin: a home in this directory, made-up keys, and none of what the user's environment says.
rec_begin() {
    unset "${!TENCENTCLOUD_@}" TRTC_ENDPOINT "${!TRTC_STORAGE_@}" {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY SSL_CERT_FILE
    umask 077 # requests hold keys
    mkdir -p home service
    export HOME=$PWD/home XDG_STATE_HOME=$PWD/home/state service=$PWD/service
    export TENCENTCLOUD_SECRET_ID=AKIDmadeup TENCENTCLOUD_SECRET_KEY=madeupsecretkey TRTC_SECRET_KEY=madeupappkey
    servers=()
}

# serve [OPTION...]: a service whose log and script lie in $service; TRTC_ENDPOINT is its address.
serve() {
    local port='' scheme=http from
    [[ " $* " == *' --cert '* ]] && scheme=https
    : >"$service/log"
    [[ -e $service/script ]] || : >"$service/script"
    exec {from}< <(exec recserver --log "$service/log" --script "$service/script" ${TRTC_LONG:+--life 7200} "$@" 2>"$service/err" 3>&- </dev/null)
    servers+=($!)
    read -r -t 20 port <&"$from" || true
    exec {from}<&-
    [[ $port ]] || fail "the service does not start: $(cat "$service/err")"
    export TRTC_ENDPOINT=$scheme://127.0.0.1:$port
}

# forgotten: what came so far.
forgotten() {
    : >"$service/log"
}

# arrived: waits until a request has.
arrived() {
    local i
    for ((i = 0; i < 500; i++)); do
        [[ -s $service/log ]] && return
        sleep 0.01
    done
    fail 'nothing came'
}

# rec_end: for teardown.
rec_end() {
    ((${#servers[@]})) || return 0
    kill "${servers[@]}" 2>/dev/null || true
    wait "${servers[@]}" 2>/dev/null || true
    servers=()
}

# script LINE...: the service's script from now on (see recserver.c), from its beginning.
script() {
    printf '%s\n' "$@" "# $((++scripts))" >"$service/script"
}

# rec STATUS ARGUMENT...
rec() {
    expect "$1" trtc-rec "${@:2}"
}

# jq takes 20 ms to start, so that it is used where there is no other way only.

# request [FILTER]: ./request.json, of a single-stream recording, put through a filter of jq.
request() {
    written '"RecordParams":{"RecordMode":1,"MaxIdleTime":60}' "$@"
}

# mixed [FILTER]: the same of a mixed one with a layout.
mixed() {
    written '"RecordParams":{"RecordMode":2,"MaxIdleTime":60,"SubscribeStreamUserIds":{"SubscribeAudioUserIds":["alice","bob"]}},
        "MixLayoutParams":{"MixLayoutMode":3,"BackGroundColor":"#102030"}' "$@"
}

written() {
    echo "{\"SdkAppId\":$app,\"RoomId\":\"3560\",\"UserId\":\"recorder\",$1,
        \"StorageParams\":{\"CloudStorage\":{\"Vendor\":0,\"Region\":\"ap-singapore\",\"Bucket\":\"class-1250000000\",
        \"AccessKey\":\"AKIDstorage\",\"SecretKey\":\"storagesecret\",\"FileNamePrefix\":[\"math\"]}}}" >request.json
    [[ -n ${2:-} ]] || return 0
    mv request.json plain.json
    jq "$2" plain.json >request.json
}

# created [ARGUMENT...]: a recording of request.json; $task is its id.
created() {
    rec 0 create -f request.json "$@"
    task=$(sed -n 's/.*"TaskId":[[:space:]]*"\([^"]*\)".*/\1/p' out)
    [[ $task ]] || fail 'no TaskId'
}

# is STATUS: the task on stdout.
is() {
    grep -q "\"Status\":[[:space:]]*\"$1\"" out || fail "not $1"
}

# answered FILTER: of the response on stdout.
answered() {
    jq -er "(.Response // .) | $1" out
}

# seen [FILTER]: the requests that came, as an array, through a filter; fails where that says false.
seen() {
    jq -ces "${1:-.}" "$service/log"
}

# saw FILTER: the same, as a check.
saw() {
    seen "$1" >/dev/null || fail "the service saw: $(seen 'map({ action, body, verdict, fault })' | head -c 3000)"
}

# came N: so many requests came.
came() {
    [[ $(wc -l <"$service/log") -eq $1 ]] || saw false
}

# verdicts WORD...: what became of the requests, in order.
verdicts() {
    [[ $(sed 's/.*"verdict":"\([^"]*\)".*/\1/' "$service/log" | xargs) == "$*" ]] || saw false
}

# sends FILTER VALUE...: of the body of the last request.
sends() {
    local filters=() values=()
    while (($#)); do
        filters+=("($1 | if type == \"string\" then . else tojson end)")
        values+=("$2")
        shift 2
    done
    tail -n 1 "$service/log" | jq -r ".body | $(IFS=, && echo "${filters[*]}")" >sent
    diff <(printf '%s\n' "${values[@]}") sent || fail "other than wanted: $(last .body)"
}

# last FILTER: of the last request.
last() {
    seen ".[-1] | $1"
}
