#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-rec: what each sub-command does where all is well, what it sends, and what it refuses to send.

load ../../lib
load ../../rec

setup_file() {
    files_begin
}

setup() {
    test_begin
    rec_begin
    serve
}

teardown() {
    rec_end
}

@test "usage errors: 64, one line, nothing is sent" {
    local args
    for args in '' nonsense '--nonsense' 'create --nonsense' describe 'describe a b' 'describe --sdkappid x t' 'describe --sdkappid 0 t' \
        'describe --timeout -1 t' 'describe --retries -1 t' 'wait --for never t' 'create --set x' 'create --set =1' \
        'create --set RecordParams.MaxIdle=3' 'modify' 'usersig' 'usersig --sdkappid 1400000001' 'create a' \
        'create -f - --layout -' 'files' 'create --mode both' 'describe --intl --endpoint http://127.0.0.1:1 t' 'list x'; do
        # shellcheck disable=SC2086 # words are meant
        rec 64 $args
        [[ $(wc -l <err) -eq 1 && ! -s out ]] || fail "$args: not one line"
        said 'trtc-rec: '
    done
    came 0
}

@test "--help and --version, of the program and of each sub-command" {
    local sub
    rec 0 --help
    quiet
    grep -q '^usage: trtc-rec create' out
    cp out help
    rec 0 --version
    for sub in create describe modify delete wait list files usersig batch; do
        grep -q "trtc-rec $sub" help || fail "$sub is not in --help"
        rec 0 "$sub" --help
        quiet
        grep -q "^usage: trtc-rec $sub" out || fail "$sub: no usage"
        [[ $(trtc-rec "$sub" -h 2>err >/dev/full || echo $?) == 75 ]] || fail "$sub: a full disk is not 75"
    done
}

# ---- create ----

@test "create: sends the request, prints what comes back, remembers it without secrets" {
    request
    created
    quiet
    [[ $(answered .RequestId) == 5ca1ab1e-* ]]
    saw 'length == 1 and .[0].action == "CreateCloudRecording" and .[0].verdict == "ok"'
    saw '.[0].headers | .["x-tc-version"] == "2019-07-22" and .["x-tc-region"] == "ap-singapore" and .["content-type"] == "application/json"'
    diff <(jq -S . request.json) <(last '.body | del(.UserSig)' | jq -S .)
    [[ $(find "$XDG_STATE_HOME/trtc" -type f -perm /077) == '' ]] || fail 'others may read the state'
    [[ $(stat -c %a "$XDG_STATE_HOME/trtc") == 700 ]] || fail 'others may enter the state directory'
    ! grep -rE 'storagesecret|madeup' "$XDG_STATE_HOME" || fail 'a secret is kept'
    rec 0 list
    grep -qF -- "$task" out
}

@test "create: --json is one line" {
    request
    rec 0 create -f request.json --json
    [[ $(wc -l <out) -eq 1 ]]
    jq -e .TaskId out
}

@test "create: the UserSig is made, or comes from --usersig-file" {
    request
    rec 0 usersig --sdkappid "$app" --user recorder
    quiet
    [[ $(wc -l <out) -eq 1 ]]
    cp out sig
    rec 0 create -f request.json --usersig-file sig
    sends .UserSig "$(<sig)"
    # the service knows another key than the one that signs
    TRTC_SECRET_KEY=another rec 65 create -f request.json
    said 'InvalidParameter.UserSig'
    env -u TRTC_SECRET_KEY trtc-rec create -f request.json >out 2>err && fail 'without a key'
    said TRTC_SECRET_KEY
    came 2
}

@test "usersig: its content is right, and its lifetime as requested" {
    rec 0 usersig --sdkappid "$app" --user alice --expire 1h
    # neither of another user nor of another application
    request ".UserSig = \"$(<out)\""
    rec 65 create -f request.json
    said UserSig
    rec 65 create -f request.json --user alice --sdkappid 1400000002
    said UserSig
    came 0
    rec 0 create -f request.json --user alice
    rec 0 usersig --sdkappid "$app" --user alice --expire 1h --json
    jq -e --argjson app "$app" '.sdkappid == $app and .user == "alice" and .expires_ms / 1000 - now > 3590' out
    env -u TRTC_SECRET_KEY trtc-rec usersig --sdkappid "$app" --user alice >out 2>err && fail 'without a key'
    [[ ! -s out ]]
    rec 64 usersig --sdkappid "$app" --user ''
}

@test "create: options and --set override the file, field by field" {
    request
    created --room 77 --max-idle 99 --set RecordParams.StreamType=1 --set StorageParams.CloudStorage.Region=ap-tokyo
    sends .RoomId 77 \
        .RecordParams.MaxIdleTime 99 \
        .RecordParams.StreamType 1 \
        .RecordParams.RecordMode 1 \
        .StorageParams.CloudStorage.Region ap-tokyo \
        .StorageParams.CloudStorage.Bucket class-1250000000
}

@test "create: from options only" {
    echo '{"CloudStorage":{"Vendor":0,"Region":"ap-singapore","Bucket":"b-1250000000","AccessKey":"AKIDstorage","SecretKey":"storagesecret"}}' >storage.json
    echo '{}' >request.json
    created --sdkappid "$app" --room 3560 --user robot --mode mixed --size 1280x720 --fps 15 --bitrate 1500k \
        --subscribe alice,bob --format hls+mp4 --prefix a/b --storage storage.json --hours 24
    sends .RecordParams.RecordMode 2 \
        .RecordParams.OutputFormat 1 \
        .MixTranscodeParams.VideoParams.Width 1280 \
        .MixTranscodeParams.VideoParams.BitRate 1500000 \
        '.RecordParams.SubscribeStreamUserIds.SubscribeAudioUserIds | join(" ")' 'alice bob' \
        '.StorageParams.CloudStorage.FileNamePrefix | join("/")' a/b \
        .ResourceExpiredHour 24 \
        .UserId robot
}

@test "create: the request from standard input" {
    request
    trtc-rec create -f - <request.json >out 2>err || fail 'refused'
    answered .TaskId
}

@test "create: a generated robot id if none is given, different each time" {
    request 'del(.UserId)'
    created
    created
    saw 'map(.body.UserId) | (unique | length) == 2 and all(test("^[A-Za-z0-9_-]{1,32}$"))'
}

@test "errors are found before sending: 65 with the path" {
    local path filter paths=() filters=() i
    while IFS='|' read -r path filter; do
        paths+=("$path")
        filters+=("($filter)")
    done <<'X'
RecordParams.RecordMode|del(.RecordParams.RecordMode)
RecordParams.RecordMode|.RecordParams.RecordMode = 3
RecordParams.MaxIdleTime|.RecordParams.MaxIdleTime = 4
RecordParams.MaxIdleTime|.RecordParams.MaxIdleTime = "60"
RecordParams.Nonsense|.RecordParams.Nonsense = 1
ResourceExpiredHour|.ResourceExpiredHour = 5
RoomId|.RoomId = 3560
RoomId|del(.RoomId)
RoomId|.RoomId = "a class"
UserId|.UserId = "123456789012345678901234567890123"
StorageParams|.StorageParams.CloudVod = { TencentVod: { ExpireTime: 0 } }
StorageParams|.StorageParams = {}
StorageParams.CloudStorage.Bucket|del(.StorageParams.CloudStorage.Bucket)
SubscribeStreamUserIds|.RecordParams.SubscribeStreamUserIds.UnSubscribeAudioUserIds = ["carol"]
SubscribeAudioUserIds|.RecordParams.SubscribeStreamUserIds.SubscribeAudioUserIds = ["alice", "recorder"]
MixLayoutParams.MixLayoutMode|.MixLayoutParams.MixLayoutMode = 5
MixLayoutParams.PureAudioDisableLayout|.MixLayoutParams.PureAudioDisableLayout = 1
VideoParams|.MixTranscodeParams.VideoParams = { Width: 640, Height: 360 }
MixLayoutList[0]|.MixLayoutParams = { MixLayoutMode: 4, MixLayoutList: [{ Top: 0, Left: 300, Width: 100, Height: 100 }] }
X
    mixed
    jq -c "$(IFS=, && echo "${filters[*]}")" request.json >wrongs
    for ((i = 0; i < ${#paths[@]}; i++)); do
        sed -n $((i + 1))p wrongs >wrong.json
        rec 65 create -f wrong.json
        said "${paths[i]}"
        [[ $(wc -l <err) -eq 1 && ! -s out ]] || fail "${filters[i]}: not one line"
    done
    echo '{ "SdkAppId": 1, ' >wrong.json
    rec 65 create -f wrong.json
    rec 66 create -f nothing.json
    came 0
}

@test "--dry-run: shows the request, and sends nothing" {
    mixed
    rec 0 create -f request.json --dry-run
    came 0
    grep -q CreateCloudRecording out
    grep -qi 'TC3-HMAC-SHA256' out
    grep -q "${TRTC_ENDPOINT#http://}" out
    grep -q '"\*\*\*"' out
    ! grep -E 'storagesecret|madeup(secret|app)' out || fail 'a secret'
    [[ ! -e $XDG_STATE_HOME/trtc || $(find "$XDG_STATE_HOME/trtc" -name '*json*') == '' ]] || fail 'it left something in the state'
}

@test "--skeleton: a request with every member, which is valid as it is" {
    local name sub
    rec 0 create --skeleton
    quiet
    cp out skeleton
    for name in SdkAppId RoomIdType UserSig RecordMode MaxIdleTime SubscribeAudioUserIds CloudStorage CloudVod UserDefineRecordId \
        FileNamePrefix MixTranscodeParams SampleRate MixLayoutList WaterMarkTimestamp PureAudioDisableLayout ResourceExpiredHour \
        PrivateMapKey; do
        grep -q "\"$name\": .*//" skeleton || fail "$name is not there, or is not explained"
    done
    rec 0 create -f skeleton --dry-run
    for sub in describe modify delete; do
        rec 0 "$sub" --skeleton
        grep -q '"TaskId"' out || fail "$sub: no TaskId"
    done
    came 0
}

# ---- describe, wait, delete ----

@test "describe: the state as received; the application is remembered" {
    request
    created
    rec 0 describe "$task"
    is Idle
    rec 0 describe "$task"
    is InProgress
    answered '.StorageFileList | length == 4'
    sends .TaskId "$task" \
        .SdkAppId "$app"
    # somebody else's task needs to be told of
    rm -r "$XDG_STATE_HOME"
    rec 64 describe "$task"
    said sdkappid
    rec 0 describe "$task" --sdkappid "$app"
}

@test "describe: a list of files that is null" {
    script 'set null_files 1' 'set idle -1'
    request
    created
    rec 0 describe "$task"
    answered '.StorageFileList == null'
    rec 0 files "$task"
}

@test "wait: a line for each change, until it is recording, and until it has ended" {
    script 'set idle 2' 'set records 3'
    request
    created
    rec 0 wait "$task" --for recording --interval 60ms
    [[ $(cut -f 3 out | xargs) == 'idle recording' ]] || fail 'not these changes'
    rec 0 wait "$task" --interval 60ms --json
    [[ $(jq -r .state out | xargs) == 'recording exiting ended' ]] || fail 'not these changes'
    jq -es --arg task "$task" 'all(.task_id == $task and .time_ms > 1700000000000)' out
}

@test "wait: --timeout is 75, and what it waits for may never come" {
    request
    created
    rec 75 wait "$task" --for ended --interval 60ms --timeout 300ms
    script 'set records 0'
    # it ended, so that it will not record any more
    rec 66 wait "$task" --for recording --interval 60ms --timeout 5
}

@test "create --follow: from the TaskId to the end" {
    script 'set idle 1' 'set records 1'
    request
    rec 0 create -f request.json --follow --interval 60ms
    [[ $(jq -r .state out | xargs) == 'created idle recording exiting ended' ]] || fail 'not these changes'
    jq -es 'map(.task_id) | unique | length == 1' out
}

@test "delete: ends the task, which is remembered as ended" {
    request
    created
    rec 0 delete "$task"
    quiet
    answered ".TaskId == \"$task\""
    saw '.[-1].action == "DeleteCloudRecording"'
    rec 0 list
    grep -F -- "$task" out | grep -qi ended || fail 'not as ended'
}

# ---- list, files ----

@test "list: newest first, TSV with a header if asked for, and JSON" {
    request
    created
    local one=$task
    request '.RoomId = "3561"'
    created
    local two=$task
    rec 0 list
    [[ $(wc -l <out) -eq 2 && $(sed -n 1p out) == *"$two"* && $(sed -n 2p out) == *"$one"* ]] || fail 'not newest first'
    rec 0 list --header
    [[ $(wc -l <out) -eq 3 ]] || fail 'no header'
    [[ $(awk -F '\t' '{ print NF }' out | sort -u | wc -l) -eq 1 ]] || fail 'not the same columns'
    rec 0 list --json
    jq -es --argjson app "$app" 'length == 2 and all(.sdkappid == $app)' out
    came 2
}

@test "list: no tasks, no output" {
    rec 0 list
    quiet
    [[ ! -s out ]]
}

@test "files: the expected names, those of the service, and missing ones" {
    request '.RecordParams.SubscribeStreamUserIds = { SubscribeAudioUserIds: ["alice"], SubscribeVideoUserIds: ["alice"] }'
    script 'set idle 0' 'set users alice'
    created
    rec 0 files "$task" --offline
    local name=math/$task/1400000001_3560__UserId_s_YWxpY2U.__UserId_e_main
    grep -qF -- "${name}_audio.m3u8" out
    grep -qF -- "${name}_video.m3u8" out
    came 1
    rec 0 files "$task"
    came 2
    grep -qF -- "${name}_audio.m3u8" out
    rec 0 files "$task" --json
    jq -es 'length >= 2 and any(.user == "alice")' out
    request
    created
    rec 0 files "$task" --offline --user carol --user dave
    [[ $(grep -cF '__UserId_s_Y2Fyb2w.__' out) -eq 3 && $(grep -cF '__UserId_s_ZGF2ZQ..__' out) -eq 3 ]] || fail 'not their names'
}

@test "files: of a mix" {
    mixed
    script 'set idle 0'
    created
    rec 0 files "$task"
    [[ $(wc -l <out) -eq 1 ]] || fail 'not one'
    grep -qF -- "math/$task/1400000001_3560.m3u8" out
}

# recording DIR: what the service would have stored of alice's sound: two segments of 10 and 20 bytes.
recording() {
    local base=1400000001_3560__UserId_s_YWxpY2U.__UserId_e_main_audio
    mkdir -p "$1"
    head -c 10 /dev/zero >"$1/${base}_20260101000000495.ts"
    head -c 20 /dev/zero >"$1/${base}_20260101000010495.ts"
    printf '%s\n' '#EXTM3U' '#EXT-X-VERSION:3' '#EXT-X-TARGETDURATION:10' '#EXT-X-TRTC-START-REC-TIME:1767225600495' \
        '#EXT-X-TRTC-FILE-ATTR:1767225600495,10' '#EXTINF:10.0,' "${base}_20260101000000495.ts" \
        '#EXT-X-TRTC-FILE-ATTR:1767225610495,20' '#EXTINF:10.0,' "${base}_20260101000010495.ts" '#EXT-X-ENDLIST' >"$1/$base.m3u8"
}

@test "files: of a task that is not remembered, without credentials: 66, and not an empty list" {
    local -x TENCENTCLOUD_SECRET_ID='' TENCENTCLOUD_SECRET_KEY=''
    rec 66 files someTask
    said 'nothing is remembered of this task, and there are no credentials to ask the service: give its request with -f'
    rec 66 files someTask --offline
    said 'nothing is remembered of this task: give its request with -f'
}

@test "files --check: what is missing, extra, or of another size, exit 3" {
    request '.RecordParams.StreamType = 1 | .RecordParams.SubscribeStreamUserIds = { SubscribeAudioUserIds: ["alice"] }'
    created
    recording "copy/math/$task"
    rec 0 files "$task" --offline --check copy
    rec 0 files "$task" --offline --check "copy/math/$task"
    local dir=copy/math/$task f
    f=$(find "$dir" -name '*10495.ts')
    head -c 19 /dev/zero >"$f"
    rec 3 files "$task" --offline --check copy
    grep -F 10495.ts out | grep -q size || fail 'the size is not told'
    rm "$f"
    rec 3 files "$task" --offline --check copy
    grep -F 10495.ts out | grep -q missing || fail 'what is missing is not told'
    recording "$dir"
    : >"$dir/holiday.jpg" # is nobody's business
    rec 0 files "$task" --offline --check copy
    echo x >"${f/10495.ts/99495.ts}"
    rec 3 files "$task" --offline --check copy
    grep -F 99495.ts out | grep -q extra || fail 'what is extra is not told'
    rec 3 files "$task" --offline --check copy --json
    jq -es 'any(.fault == "extra")' out
    rec 66 files "$task" --offline --check nowhere
    grep -Fx "trtc-rec: 'nowhere': No such file or directory" err
    rec 66 files "$task" --offline --check 'https://u:pass@example.com/copy?key=1'
    grep -Fx 'trtc-rec: --check https://: it is an address: give the directory that its files were downloaded to' err
    rec 66 files "$task" --offline --check "$dir/holiday.jpg"
    grep -F 'it is a file: give the directory that it is in' err
}

# ---- modify ----

@test "modify: a layout of trtc-layout" {
    mixed
    created
    trtc-layout -f api -m grid -s 360x640 alice bob | trtc-rec modify "$task" --layout - >out 2>err || fail 'refused'
    sends .MixLayoutParams.MixLayoutMode 4 \
        '.MixLayoutParams.MixLayoutList | length' 2 \
        '.MixLayoutParams.MixLayoutList[1].UserId' bob
}

# ---- batch ----

@test "batch: an answer for each line, in order, good and bad" {
    request
    created
    {
        echo "{\"action\":\"describe\",\"TaskId\":\"$task\"}"
        echo '{"action":"describe","SdkAppId":1400000001,"TaskId":"unknown"}'
        echo 'no JSON'
        echo '{"action":"describe","SdkAppId":1400000001}'
        echo '{"action":"nonsense"}'
        echo "{\"action\":\"delete\",\"TaskId\":\"$task\"}"
    } >lines
    local status=0
    trtc-rec batch <lines >out 2>err || status=$?
    ((status == 66 || status == 65)) || fail "exit status $status"
    [[ $(wc -l <out) -eq 6 ]] || fail 'not an answer for each'
    jq -es . out >/dev/null || fail 'not JSON'
    sed -n 1p out | grep -q Idle || fail 'the first'
    sed -n 2p out | grep -q ResourceNotFound || fail 'the second'
    sed -n 6p out | grep -qF -- "$task" || fail 'the last'
    came 4
}

@test "batch: a slow request does not change the order" {
    local i
    script 'describe 2 late 250'
    for ((i = 0; i < 8; i++)); do echo "{\"action\":\"describe\",\"SdkAppId\":$app,\"TaskId\":\"task-$i\"}"; done >lines
    trtc-rec batch <lines >out 2>err && fail 'all succeeded'
    [[ $(jq .line out | xargs) == '1 2 3 4 5 6 7 8' ]] || fail 'another order'
    saw 'map(.connection) | unique | length > 1'
}

@test "batch: no input, no output" {
    rec 0 batch
    [[ ! -s out ]]
}

# ---- where things come from ----

@test "credentials: the first place that has them, from --secret-file to the home directory" {
    request
    created
    unset TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY
    rec 77 describe "$task"
    mkdir -p "$HOME/.tencentcloud" "$HOME/.tccli"
    printf '[default]\nsecret_id = AKIDmadeup\nsecret_key = madeupsecretkey\n' >"$HOME/.tencentcloud/credentials"
    rec 0 describe "$task"
    echo '{"secretId":"AKIDmadeup","secretKey":"wrong"}' >"$HOME/.tccli/default.credential"
    echo '{"secretId":"AKIDmadeup","secretKey":"madeupsecretkey"}' >"$HOME/.tccli/good.credential"
    rec 77 describe "$task"
    said SignatureFailure
    rec 0 describe "$task" --profile good
    TENCENTCLOUD_SECRET_ID=AKIDmadeup TENCENTCLOUD_SECRET_KEY=wrong rec 77 describe "$task" --profile good
    cp "$HOME/.tccli/good.credential" own
    TENCENTCLOUD_SECRET_ID=AKIDmadeup TENCENTCLOUD_SECRET_KEY=wrong rec 0 describe "$task" --secret-file own
}

@test "temporary credentials: the token goes with them" {
    rec_end
    export TENCENTCLOUD_TOKEN=madeuptoken
    serve
    request
    created
    saw '.[0].headers["x-tc-token"] == "madeuptoken"'
    TENCENTCLOUD_TOKEN=stale rec 77 describe "$task"
}

@test "region: option, environment, tccli's configuration, ap-singapore; later that of the task" {
    request
    created --region ap-guangzhou
    saw '.[-1].headers["x-tc-region"] == "ap-guangzhou"'
    rec 0 describe "$task"
    saw '.[-1].headers["x-tc-region"] == "ap-guangzhou"'
    TENCENTCLOUD_REGION=ap-beijing rec 66 describe x --sdkappid "$app"
    saw '.[-1].headers["x-tc-region"] == "ap-beijing"'
    mkdir -p "$HOME/.tccli"
    echo '{"_sys_param":{"region":"ap-shanghai","output":"json"}}' >"$HOME/.tccli/default.configure"
    rec 66 describe x --sdkappid "$app"
    saw '.[-1].headers["x-tc-region"] == "ap-shanghai"'
    rec 69 describe x --sdkappid "$app" --region mars
    said UnsupportedRegion
}

@test "endpoint: option, environment, the vendor's, --intl" {
    unset TRTC_ENDPOINT
    rec 0 describe x --sdkappid "$app" --dry-run
    grep -q '^POST https://trtc.tencentcloudapi.com/ ' out
    grep -qi '^host: trtc.tencentcloudapi.com$' out
    rec 0 describe x --sdkappid "$app" --dry-run --intl
    grep -qi '^host: trtc.intl.tencentcloudapi.com$' out
    TRTC_ENDPOINT=https://example.org rec 0 describe x --sdkappid "$app" --dry-run
    grep -qi '^host: example.org$' out
    TRTC_ENDPOINT=https://example.org rec 0 describe x --sdkappid "$app" --dry-run --endpoint https://example.net:444
    grep -qi '^host: example.net:444$' out
}

@test "standard output is full: 75, and the task is remembered" {
    request
    trtc-rec create -f request.json >/dev/full 2>err && fail 'not noticed'
    trtc-rec list --json >out
    jq -es 'length == 1' out
}
