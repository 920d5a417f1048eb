# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154 # the variables are for the tests, those of lib.bash for this
# What the tests of trtc-recd share: a service with a made-up application, a stand-in for trtc-task, requests. After
# lib.bash.

export app=1400000001

# recd_begin: a home of its own in this directory, nothing running.
recd_begin() {
    umask 077
    unset "${!TENCENTCLOUD_@}" TRTC_ENDPOINT TRTC_SECRET_KEY "${!TRTC_STORAGE_@}" {http,https,all,no}_proxy \
        {HTTP,HTTPS,ALL,NO}_PROXY SSL_CERT_FILE
    mkdir -p home
    export HOME=$PWD/home XDG_STATE_HOME=$PWD/home/state
    recd_pids=()
    task='' keys=''
}

# standin [WORD...]: the command that is started in place of trtc-task.
standin() { echo "bash $tree/tests/serve/task.sh $*"; }

# recd [OPTION...]: a service in ./live; its messages are added to ./told. $url is its address, $recd its process. It
# starts the stand-in, unless --launch is given.
recd() {
    local from
    [[ " $* " == *' --launch '* ]] || set -- --launch "$(standin)" "$@"
    touch told
    from=$(wc -l <told)
    trtc-recd --data live --listen 127.0.0.1:0 "$@" >lines 2>>told </dev/null 3>&- &
    recd=$!
    recd_pids+=("$recd")
    listens told "$recd" "$from"
    export TRTC_ENDPOINT=$url
}

# recd_killed [SIGNAL]: ends the service; tasks go on.
recd_killed() {
    kill "-${1:-KILL}" "$recd"
    wait "$recd" 2>/dev/null || true
    recd_pids=()
}

# tasks_killed: ends all stand-ins and whatever else holds a task's lock in ./live, or in another service's directory
# here. What a lock says that nobody holds may be another's process by now.
tasks_killed() {
    local f pid
    for f in */tasks/*/lock; do
        [[ -s $f ]] || continue
        ! flock -n "$f" true || continue
        pid=$(<"$f")
        [[ ! $pid ]] || kill -KILL "$pid" 2>/dev/null || true
    done
}

recd_end() {
    end_all "${recd_pids[@]}"
    recd_pids=()
    tasks_killed
}

# What a file does that says nothing else.
setup_file() { files_begin; }

setup() {
    test_begin
    recd_begin
}

teardown() { recd_end; }

# rec STATUS ARGUMENT...: trtc-rec with the application's keys.
rec() {
    expect "$1" trtc-rec "$2" --secret-file "${keys:-live/credentials}" "${@:3}"
}

# request [FILTER]: ./request.json, of a single-stream recording, put through a filter of jq.
request() {
    echo "{\"SdkAppId\":$app,\"RoomId\":\"3560\",\"UserId\":\"recorder\",\"UserSig\":\"anything\",
        \"RecordParams\":{\"RecordMode\":1,\"MaxIdleTime\":60,\"OutputFormat\":1},
        \"StorageParams\":{\"CloudStorage\":{\"Vendor\":0,\"Region\":\"ap-singapore\",\"Bucket\":\"class-1250000000\",
        \"AccessKey\":\"AKIDstorage\",\"SecretKey\":\"storagesecret\",\"FileNamePrefix\":[\"math\"]}}}" >request.json
    [[ -n ${1:-} ]] || return 0
    mv request.json plain.json
    jq "$1" plain.json >request.json
}

# created [ARGUMENT...]: a task of request.json; $task is its id, $dir its directory.
created() {
    rec 0 create -f request.json "$@"
    task=$(jq -r .TaskId out)
    dir=live/tasks/$task
    [[ -d $dir ]] || fail 'no task'
}

# described STATUS [FILTER]: what Describe says; waits for that.
described() {
    waited is_described "$@" || fail "not $1, ${2:-}"
}

describe() { trtc-rec describe --secret-file "${keys:-live/credentials}" --sdkappid "$app" "$task" >out 2>err; }

is_described() {
    describe || true
    jq -e ".Status == \"$1\" and (${2:-true})" out >/dev/null
}

# gone: Describe knows it no more; waits for that.
gone() {
    waited is_gone || fail 'it is still there'
}

is_gone() { ! describe && grep -qE 'ResourceNotFound|has ended|is unknown' err; }

# call ACTION BODY [NAME=VALUE...]: a request signed by Python; the code of the error stands on stdout, or "" and the answer
# in ./answer. NAME: a header field instead ('' for none), or time (an offset in seconds), at (a time), method, target, id, key, unsigned,
# late (the body is replaced after signing), times (the same
# bytes so often; the last answer counts), apart (so many seconds).
call() {
    python3 "$tree/tests/serve/recdclient.py" "$url" "${keys:-live/credentials}" "$@"
}

# code CODE ACTION BODY [NAME=VALUE...]
code() {
    local is
    is=$(call "${@:2}") || fail "no answer: $(cat told)"
    [[ $is == "$1" ]] || fail "'$is', not '$1': $(cat answer)"
}

# held: the file's task is running: somebody holds the lock.
held() {
    ! flock -n "$dir/lock" true
}

# config LINE...: ./recd.ini with one application.
config() {
    { printf '%s\n' "[app $app]" 'secret_id = AKIDmadeup' 'secret_key = madeupsecretkey' "$@"; } >recd.ini
    printf '%s\n' '[default]' 'secret_id = AKIDmadeup' 'secret_key = madeupsecretkey' >keys
    keys=keys
}

# none_waits: every callback was sent, or given up.
none_waits() {
    [[ $(curl -s "$TRTC_ENDPOINT/api/state" | jq .Callbacks.Waiting) == 0 ]]
}

# in_database QUERY: of a service that has ended.
in_database() {
    python3 -c 'import sqlite3, sys
for row in sqlite3.connect("live/recd.db").execute(sys.argv[1]): print(*row)' "$1"
}
