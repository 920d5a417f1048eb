#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-rec and the traps of the recording API: ids that look like options, errors that come with HTTP 200, answers
# that never come, tasks that idle, tasks that have ended, changes that forget.

load ../../lib
load ../../rec

setup_file() {
    files_begin
    # Answers that are lost have to be waited for: both at once, beside all others.
    beside lost 'create 1 drop'
    beside robot 'create 1 behind 504 Retry-After: 1' 'set idle 1'
}

# beside NAME SCRIPT_LINE...: a create, in a directory of its own, whose outcome stands there when its time has come.
beside() {
    local name=$1
    mkdir "$name"
    (
        set +eE
        cd "$name" || exit
        rec_begin
        script "${@:2}"
        serve
        request
        [[ $name != robot ]] || request 'del(.UserId)'
        trtc-rec create -f request.json >out 2>err
        echo $? >status
        [[ $name != robot ]] || alive >alive
        rec_end
    ) 3>&- >/dev/null 2>&1 &
}

setup() {
    test_begin
    rec_begin
    serve
}

teardown() {
    rec_end
}

# alive: how many tasks the service has that have not ended, of those that it ever made.
alive() {
    local id n=0
    for id in $(seen 'map(.response.TaskId // empty) | unique | join(" ")' | tr -d '"'); do
        trtc-rec describe --sdkappid "$app" --retries 0 -- "$id" >/dev/null 2>&1 && n=$((n + 1))
    done
    echo $n
}

# later SECONDS: all that is remembered is older by that.
later() {
    local f
    while read -r f; do
        jq --argjson ms $(($1 * 1000)) '(.. | objects | select(has("created_ms"))) |=
            (.created_ms -= $ms | .changed_ms -= $ms | .expires_ms -= $ms)' "$f" >new
        cat new >"$f"
    done < <(grep -rl created_ms "$XDG_STATE_HOME/trtc")
}

# ---- ids ----

@test "a TaskId that begins with '-', with and without --, before and after options" {
    script 'set dash 1' 'set idle -1'
    request
    created
    [[ $task == -* ]] || fail "not the id that is wanted: $task"
    rec 0 describe "$task"
    rec 0 describe -- "$task"
    rec 0 describe "$task" --json
    rec 0 describe --json "$task"
    rec 0 describe --json -- "$task"
    rec 0 describe "$task" --retries 0 --timeout 3
    rec 0 files "$task" --offline
    rec 75 wait "$task" --timeout 100ms --interval 60ms
    rec 0 modify "$task" --subscribe alice
    rec 0 delete "$task"
    saw "map(.body.TaskId // \"$task\") | unique == [\"$task\"]"
}

@test "ids of all shapes reach the service as they are" {
    local id ids=()
    for id in '-mmziew0DpcszXY1IwoabtoptW-L--Q-EAy1B7XZglcjbUAcSN+BS8NCPt9bpasH3vx+t-mstR6E6zau2QM.' 'AAbb+CC-dd..' \
        '-f9mziew0DpcszXY1IwoabtoptW-L--Q-EAy1B7XZglcjbUAcSN+BS8NCPt9bpasH3vx+t-mstR6E6zau2QM.' \
        '--ziew0DpcszXY1IwoabtoptW-L--Q-EAy1B7XZglcjbUAcSN+BS8NCPt9bpasH3vx+t-mstR6E6zau2QM.' \
        '-qvh0000000000000000000000000000000000000000000000000000000000000000000000000000QM.' \
        '123e4567-e89b-12d3-a456-426614174000'; do
        rec 66 describe "$id" --sdkappid "$app"
        rec 66 describe --sdkappid "$app" -- "$id"
        ids+=("$id" "$id")
    done
    diff <(printf '%s\n' "${ids[@]}") <(seen 'map(.body.TaskId)' | jq -r '.[]') || fail 'other ids'
    # behind --, anything is one
    rec 66 describe --sdkappid "$app" -- -h
    sends .TaskId -h
}

# ---- answers ----

@test "errors come with HTTP 200: one line with the code and the request id, nothing on stdout" {
    request
    script 'any - code FailedOperation.CRUnsupportMethod'
    rec 69 create -f request.json
    said FailedOperation.CRUnsupportMethod
    said 5ca1ab1e-
    [[ $(wc -l <err) -eq 1 && ! -s out ]] || fail 'not one line'
    came 1
    rec 0 list
    [[ ! -s out ]] || fail 'a task that never was is remembered'
}

@test "too many tasks: 75, and the message says what helps" {
    script 'set limit 1'
    request
    created
    request '.RoomId = "3561"'
    rec 75 create -f request.json
    said RestrictedConcurrency
    grep -qiE 'end|delete|limit|tasks' err || fail 'what helps is not said'
    came 2
    rec 0 list
    [[ $(wc -l <out) -eq 1 ]] || fail 'not one task'
}

# ---- create, answered late or never ----

@test "create without an answer: outcome unknown, 75, and the journal names room and robot" {
    request
    script 'create - drop'
    rec 75 create -f request.json --retries 0
    said 'outcome unknown'
    [[ ! -s out ]]
    rec 0 list --json
    [[ $(wc -l <out) -eq 1 ]] || fail 'not in the list'
    grep -q 3560 out || fail 'no room'
    grep -q recorder out || fail 'no robot'
    # made again by hand, the robot is the same: the service ends the first
    script 'set idle 1'
    created
    [[ $(alive) -eq 1 ]] || fail "$(alive) tasks are alive"
    rec 0 list
    [[ $(wc -l <out) -eq 1 ]] || fail 'the journal is left'
}

@test "create that is answered after --timeout: outcome unknown, 75" {
    request
    script 'create 1 late 1500'
    rec 75 create -f request.json --retries 0 --timeout 700ms
    said 'outcome unknown'
    saw '.[0].verdict == "ok"'
}

@test "a journal is written before anything is sent" {
    request
    script 'create 1 deaf'
    trtc-rec create -f request.json --timeout 1 --retries 0 >out 2>err &
    local pid=$!
    arrived
    kill -KILL $pid
    wait $pid || true
    rec 0 list --json
    [[ $(wc -l <out) -eq 1 ]] || fail 'nothing is known of it'
    grep -q recorder out || fail 'no robot'
}

@test "create that is interrupted while it waits for the answer: outcome unknown, 130, and in the journal" {
    request
    script 'create 1 deaf'
    trtc-rec create -f request.json >out 2>err &
    local pid=$! status=0
    arrived
    kill -INT $pid
    wait $pid || status=$?
    [[ $status -eq 130 ]] || fail "exit status $status"
    said 'outcome unknown'
    rec 0 list
    [[ $(wc -l <out) -eq 1 ]] || fail 'nothing is known of it'
}

@test "create if nothing can be remembered: not sent" {
    local status=0
    request
    : >file
    XDG_STATE_HOME=$PWD/file trtc-rec create -f request.json >out 2>err || status=$?
    ((status == 73 || status == 77)) || fail "exit status $status"
    [[ $(wc -l <err) -eq 1 ]] || fail 'not one line'
    came 0
}

@test "two creates with one robot at the same time: the second does not end the first" {
    request
    script 'create 1 deaf'
    trtc-rec create -f request.json >out1 2>err1 &
    local pid=$!
    arrived
    rec 75 create -f request.json
    came 1
    kill $pid
    wait $pid || true
}

@test "no server: nothing was created, and nothing is in the journal" {
    request
    rec_end
    rec 75 create -f request.json --retries 0
    unsaid 'outcome unknown'
    rec 0 list
    [[ ! -s out ]] || fail 'a task that never was is remembered'
}

@test "an interrupted wait: 130 or 143, and the task continues" {
    local pid status sig
    script 'set idle -1'
    request
    created
    for sig in INT:130 TERM:143; do
        forgotten
        trtc-rec wait "$task" >out 2>err &
        pid=$!
        arrived
        status=0
        kill -"${sig%:*}" $pid
        wait $pid || status=$?
        [[ $status -eq ${sig#*:} ]] || fail "exit status $status"
    done
    rec 0 describe "$task"
}

# ---- idle ----

@test "Idle for long is explained, once; Idle at first is not" {
    script 'set idle -1'
    request
    created
    rec 75 wait "$task" --for recording --interval 60ms --timeout 200ms
    unsaid 'publish'
    rec 75 wait "$task" --for recording --interval 60ms --timeout 700ms --idle-after 100ms
    [[ $(grep -ciE 'nobody|publish|send' err) -eq 1 ]] || fail 'not explained once'
}

@test "describe explains Idle of a task that is older than 15 s" {
    script 'set idle -1'
    request
    created
    rec 0 describe "$task"
    quiet
    later 60
    rec 0 describe "$task"
    [[ $(grep -ciE 'nobody|publish|send' err) -eq 1 ]] || fail 'not explained'
}

# ---- ended or unknown ----

@test "a task that has ended and one that never existed: both 66, with different messages" {
    script 'set idle 0' 'set records 0' 'set exits 0'
    request
    created
    rec 66 describe "$task"
    said ended
    rec 66 describe never --sdkappid "$app"
    unsaid 'has ended'
    rec 0 list
    grep -F -- "$task" out | grep -qi ended || fail 'not remembered as ended'
}

@test "delete of a task that has ended succeeds, and is reported" {
    script 'set idle 0' 'set records 0' 'set exits 0'
    request
    created
    rec 0 delete "$task"
    grep -qiE 'ended|stopped' err || fail 'not told'
    rec 0 delete "$task"
    grep -qiE 'ended|stopped' err || fail 'not told'
}

@test "a TaskId that is too old to be accepted is reported as such" {
    request '.ResourceExpiredHour = 6'
    created
    script 'set skip_s 21601'
    later 21601
    rec 66 describe "$task"
    said expired
    rec 0 list
    ! grep -F -- "$task" out | grep -q ended || fail 'it may still be recording'
}

@test "delete twice at once: both succeed" {
    local a b
    script 'delete - late 100'
    request
    created
    trtc-rec delete "$task" >out1 2>err1 &
    a=$!
    trtc-rec delete "$task" >out2 2>err2 &
    b=$!
    wait $a && wait $b || fail "$(cat err1 err2)"
}

# ---- modify ----

@test "modify: repeats everything that is remembered, at the top level as this action requires" {
    mixed
    created
    rec 0 modify "$task" --set MixLayoutParams.BackGroundColor=#ffffff
    sends .MixLayoutParams.BackGroundColor '#ffffff' \
        .MixLayoutParams.MixLayoutMode 3 \
        '.SubscribeStreamUserIds.SubscribeAudioUserIds | join(" ")' 'alice bob' \
        'has("RecordParams")' false
    # and what was modified is remembered in its turn
    rec 0 modify "$task" --subscribe alice
    sends .MixLayoutParams.BackGroundColor '#ffffff' \
        '.SubscribeStreamUserIds.SubscribeAudioUserIds | join(" ")' alice
    rec 0 modify "$task" --unsubscribe carol
    sends '.SubscribeStreamUserIds | keys | all(startswith("UnSubscribe"))' true \
        .MixLayoutParams.MixLayoutMode 3
}

@test "modify that fails changes nothing that is remembered" {
    mixed
    created
    script 'modify 1 code InvalidParameter.OutOfRange'
    rec 65 modify "$task" --set MixLayoutParams.BackGroundColor=#ffffff
    rec 0 modify "$task" --subscribe alice
    sends .MixLayoutParams.BackGroundColor '#102030'
}

@test "modify of a task that is not remembered: refused, except with --replace" {
    mixed
    created
    rm -r "$XDG_STATE_HOME"
    local status=0
    trtc-rec modify "$task" --sdkappid "$app" --subscribe alice >out 2>err || status=$?
    ((status >= 64)) || fail "exit status $status"
    said --replace
    came 1
    rec 0 modify "$task" --sdkappid "$app" --subscribe alice --replace
    sends '.SubscribeStreamUserIds.SubscribeAudioUserIds | join(" ")' alice \
        'has("MixLayoutParams")' false
}

@test "modify: a robot does not subscribe to itself, a single-stream recording has no layout" {
    mixed
    created
    rec 65 modify "$task" --subscribe alice,recorder
    request '.RoomId = "3561"'
    created
    rec 65 modify "$task" --set MixLayoutParams.MixLayoutMode=3
    came 2
}

@test "two modify at once: none of the changes is lost" {
    local pids=() pid bad=0
    mixed
    created
    script 'modify 1 late 150'
    trtc-rec modify "$task" --subscribe alice >out1 2>err1 &
    pids+=($!)
    trtc-rec modify "$task" --set MixLayoutParams.BackGroundColor=#ffffff >out2 2>err2 &
    pids+=($!)
    for pid in "${pids[@]}"; do wait "$pid" || bad=$?; done
    # the other waits for it, or says that it may be tried again
    if ((bad)); then
        ((bad == 75)) || fail "exit status $bad: $(cat err1 err2)"
        [[ $(seen 'map(select(.action == "ModifyCloudRecording")) | length') -eq 1 ]] || fail 'sent all the same'
    else
        sends .MixLayoutParams.BackGroundColor '#ffffff' \
            '.SubscribeStreamUserIds.SubscribeAudioUserIds | join(" ")' alice
    fi
}

@test "a damaged state is reported, and the rest is listed" {
    request
    created
    request '.RoomId = "3561"'
    local one=$task
    created
    echo '{' >"$(grep -rlF -- "$one" "$XDG_STATE_HOME/trtc" | head -n 1)"
    local status=0
    trtc-rec list >out 2>err || status=$?
    ((status == 65 || status == 3)) || fail "exit status $status"
    [[ $(wc -l <out) -eq 1 && $(wc -l <err) -eq 1 ]] || fail 'not one and one'
}

@test "list creates no state, and needs none" {
    local home
    : >file
    for home in "$PWD/new" "$PWD/file" /proc/none; do
        XDG_STATE_HOME=$home expect 0 trtc-rec list --header
        quiet
        [[ $(wc -l <out) -eq 1 ]] || fail "$home: $(<out)"
    done
    [[ ! -e new ]] || fail 'it was created'
    ln -s nowhere trtc
    XDG_STATE_HOME=$PWD expect 73 trtc-rec list
}

# ---- what was begun first ----

@test "create without an answer is repeated with the same robot, and one task is left" {
    of lost
    [[ $(<status) == 0 ]] || fail "exit status $(<status)"
    came 2
    saw 'map(.body) | .[0] == .[1]'
    saw 'map(.headers["x-tc-timestamp"]) | .[0] != .[1]'
    saw '.[1].ms - .[0].ms | . >= 3000 and . < 7000'
    # its TaskId is that of the second; the first was thrown out of the room
    local first
    first=$(seen '.[0].response.TaskId' | tr -d '"')
    [[ $(answered .TaskId) != "$first" ]] || fail 'the id of the first'
    [[ $(wc -l <err) -ge 1 ]] || fail 'nothing is said of it'
    rec_home_list 1
}

# of NAME: this becomes the directory of a case that setup_file began.
of() {
    local i
    rec_end
    cd "$BATS_FILE_TMPDIR/$1" || return
    export service=$PWD/service
    for ((i = 0; i < 1000; i++)); do
        [[ -s status ]] && return
        sleep 0.01
    done
    fail 'it did not come to its end'
}

# rec_home_list N: so many tasks are remembered there, none of them as being created.
rec_home_list() {
    XDG_STATE_HOME=$PWD/home/state trtc-rec list --json >list
    [[ $(wc -l <list) -eq $1 ]] || fail "remembered: $(cat list)"
    ! grep -qi creating list || fail 'a journal is left'
}

@test "a made-up robot is the same in all attempts" {
    of robot
    [[ $(<status) == 0 ]] || fail "exit status $(<status)"
    saw 'map(select(.action == "CreateCloudRecording").body.UserId) | length == 2 and (unique | length) == 1'
    [[ $(<alive) -eq 1 ]] || fail "$(<alive) tasks are alive"
}

@test "credentials and a UserSig as other tools leave them" {
    request 'del(.UserSig)'
    trtc-rec usersig --sdkappid "$app" --user recorder >sig
    printf '\xef\xbb\xbf"%s"\r\n' "$(<sig)" >bom.sig
    unset TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY
    printf '\xef\xbb\xbfexport TENCENTCLOUD_SECRET_ID="AKIDmadeup" \r\nexport TENCENTCLOUD_SECRET_KEY='"'madeupsecretkey'"'\r\n' >keys
    rec 0 create -f request.json --usersig-file bom.sig --secret-file keys
    verdicts ok
    sends .UserSig "$(<sig)"
    forgotten
    # in the request itself
    jq --arg sig "$(<sig)" '.UserSig = "\ufeff \"" + $sig + "\"\r\n" | .StorageParams.CloudStorage.AccessKey = "\"AKIDstorage\"\r\n"' \
        request.json >odd.json
    rec 0 create -f odd.json --secret-file keys
    sends .UserSig "$(<sig)" .StorageParams.CloudStorage.AccessKey AKIDstorage
    jq '.StorageParams.CloudStorage.SecretKey = "two words"' odd.json >wrong.json
    rec 65 create -f wrong.json --secret-file keys
    said 'StorageParams.CloudStorage.SecretKey holds a blank'
    unsaid words
    : >"$service/log"
    TENCENTCLOUD_SECRET_ID='"AKIDmadeup"' TENCENTCLOUD_SECRET_KEY=x rec 78 create -f request.json --usersig-file sig
    said 'TENCENTCLOUD_SECRET_ID has a quotation mark around its value: remove it'
    TENCENTCLOUD_REGION='"ap-singapore"' rec 64 create -f request.json --usersig-file sig --secret-file keys
    said 'ap-singapore'
    came 0
    unsaid AKID
}
