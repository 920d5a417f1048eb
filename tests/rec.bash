# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of trtc-rec share: a stand-in service (recserver), a home of their own with made-up keys, and what
# the service saw. After lib.bash.

export app=1400000001

# rec_begin [DIR]: a home in DIR (.), made-up keys, and none of what the user's environment says.
rec_begin() {
    local dir=${1:-.} v
    while read -r v; do unset "$v"; done < <(compgen -e | grep -iE '^(TENCENTCLOUD_|TRTC_(ENDPOINT|SECRET)|TCCLI|.*_proxy$)')
    mkdir -p "$dir/home" "$dir/service"
    dir=$(cd "$dir" && pwd)
    export HOME=$dir/home XDG_STATE_HOME=$dir/home/state service=$dir/service
    export TENCENTCLOUD_SECRET_ID=AKIDmadeup TENCENTCLOUD_SECRET_KEY=madeupsecretkey TRTC_SECRET_KEY=madeupappkey
    servers=()
}

# serve [OPTION...]: a service whose log and script lie in $service; TRTC_ENDPOINT is its address.
serve() {
    local port='' scheme=http i
    [[ " $* " == *' --cert '* ]] && scheme=https
    rm -f "$service/log" "$service/port"
    [[ -e $service/script ]] || : >"$service/script"
    recserver --log "$service/log" --script "$service/script" "$@" >"$service/port" 2>"$service/err" 3>&- </dev/null &
    servers+=($!)
    for ((i = 0; i < 500; i++)); do
        read -r port <"$service/port" && break
        sleep 0.01
    done
    [[ $port ]] || fail "the service does not start: $(cat "$service/err")"
    export TRTC_ENDPOINT=$scheme://127.0.0.1:$port
}

# rec_end: for teardown.
rec_end() {
    ((${#servers[@]})) || return 0
    kill "${servers[@]}" 2>/dev/null || true
    wait "${servers[@]}" 2>/dev/null || true
    servers=()
}

# script LINE...: the service's script from now on (see recserver.c).
script() {
    printf '%s\n' "$@" >"$service/script"
}

# rec STATUS ARGUMENT...
rec() {
    expect "$1" trtc-rec "${@:2}"
}

# request [FILTER]: ./request.json, of a single-stream recording, put through a filter of jq.
request() {
    jq -n --argjson app "$app" '{
        SdkAppId: $app, RoomId: "3560", UserId: "recorder",
        RecordParams: { RecordMode: 1, MaxIdleTime: 60 },
        StorageParams: { CloudStorage: { Vendor: 0, Region: "ap-singapore", Bucket: "class-1250000000",
            AccessKey: "AKIDstorage", SecretKey: "storagesecret", FileNamePrefix: ["math"] } } }' |
        jq "${1:-.}" >request.json
}

# mixed: a request of a mixed one with a layout.
mixed() {
    request '.RecordParams.RecordMode = 2
        | .MixLayoutParams = { MixLayoutMode: 3, BackGroundColor: "#102030" }
        | .RecordParams.SubscribeStreamUserIds = { SubscribeAudioUserIds: ["alice", "bob"] }'"${1:+ | $1}"
}

# created [ARGUMENT...]: a recording of request.json; $task is its id.
created() {
    rec 0 create -f request.json "$@"
    task=$(answered .TaskId)
    [[ $task ]] || fail 'no TaskId'
}

# answered FILTER: of the response on stdout.
answered() {
    jq -er "(.Response // .) | $1" out
}

# seen [FILTER]: the requests that came, as an array, through a filter; fails where that says false.
seen() {
    if [[ -e $service/log ]]; then jq -ces "${1:-.}" "$service/log"; else jq -cen "[] | ${1:-.}"; fi
}

# saw FILTER: the same, as a check.
saw() {
    seen "$1" >/dev/null || fail "the service saw: $(seen 'map({ action, body, verdict, fault })' | head -c 3000)"
}

# came N: so many requests came.
came() {
    saw "length == $1"
}

# verdicts WORD...: what became of the requests, in order.
verdicts() {
    [[ $(seen 'map(.verdict) | join(" ")' | tr -d '"') == "$*" ]] || saw false
}

# last FILTER: of the last request.
last() {
    seen ".[-1] | $1"
}
