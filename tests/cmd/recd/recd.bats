#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-recd with a stand-in for trtc-task: the four actions, the states of a task, its files and callbacks.

load ../../lib
load ../../recd

# callbacks: "301 303 ..." of the task, from the database of a service that has ended.
callbacks() {
    python3 - "$task" <<'P'
import json, sqlite3, sys
for kind, body in sqlite3.connect('live/recd.db').execute('select type, body from outbox where task=? order by id', sys.argv[1:]):
    print(kind, json.dumps(json.loads(body)['EventInfo']['Payload'], separators=(',', ':')))
P
}

@test "a task from its creation to its end: states, files, callbacks in order" {
    recd
    request
    created
    described InProgress '.StorageFileList == [{ UserId: "anna", FileName: "made.m3u8", TrackType: "audio_video",
        BeginTimeStamp: .StorageFileList[0].BeginTimeStamp }]'
    jq -e '.UserSig == "***" and .StorageParams.CloudStorage.SecretKey == "***"' "$dir/request.json" >/dev/null || fail 'a secret is there'
    rec 0 delete --sdkappid "$app" "$task"
    gone
    storage=live/storage/class-1250000000/math/$task
    [[ -s $storage/made_1.ts && -s $storage/made.m3u8 && -s $storage/made.mp4 ]] || fail "$(find live/storage)"
    eventually test ! -e "$dir/files"
    recd_killed TERM
    run -0 callbacks
    [[ $(cut -d' ' -f1 <<<"$output" | xargs) == '301 303 307 304 302 305 310' ]] || fail "$output"
    grep -q '^310 {"Status":0,"FileList":\["made.mp4"\],"FileMessage":\[{"FileName":"made.mp4","UserId":"anna"' <<<"$output" || fail "$output"
    grep -q '^304 {"FileList":"made.m3u8"}' <<<"$output" || fail "$output"
    [[ $(stat -c %a live live/tasks live/recd.db live/credentials "$dir" | xargs) == '700 700 600 600 700' ]] || fail 'open to others'
}

@test "an existing directory keeps its mode; everything created in it is private" {
    mkdir live
    chmod 755 live
    recd
    [[ $(cd live && stat -c '%a %n' . * | sort | xargs) == '600 credentials 600 recd.db 600 recd.db-wal 700 storage 700 tasks 755 .' ]] || fail "$(stat -c '%a %n' live live/*)"
}

@test "the keys of the made-up application are written to a file, once" {
    recd
    [[ $(stat -c %a live/credentials) == 600 ]]
    cp live/credentials first
    told_of 'an application was created: SdkAppId 1400000001'
    ! grep -qF "$(sed -n 's/secret_key = //p' first)" told || fail 'the key is told'
    recd_killed TERM
    recd
    cmp first live/credentials
    [[ $(grep -c 'application was created' told) == 1 ]]
}

@test "a second task of the same robot ends the first with 101; another room or robot does not" {
    recd
    request
    created
    first=$task
    request '.UserId = "other"'
    created
    second=$task
    request '.RoomIdType = 0'
    created
    request '.RecordParams.MaxIdleTime = 61'
    created
    task=$second
    described InProgress
    task=$first
    gone
    recd_killed TERM
    [[ $(callbacks | grep ^302) == '302 {"LeaveCode":101}' ]] || fail "$(callbacks)"
}

@test "limits: 3 tasks, not counting ended ones; calls per second" {
    config '[limits]' 'tasks = 3' 'calls = 5'
    recd --config recd.ini
    for i in 1 2 3; do
        request ".RoomId = \"$i\""
        created
    done
    request '.RoomId = "4"'
    rec 75 create -f request.json
    grep -q RestrictedConcurrency err || fail 'taken'
    rec 0 delete --sdkappid "$app" "$task"
    gone
    sleep 1
    created
    code RequestLimitExceeded DescribeCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"none\"}" times=6
    code ResourceNotFound DeleteCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"none\"}" times=5
    sleep 1
    code ResourceNotFound DescribeCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"none\"}"
}

@test "an expired id is not found, but its task goes on and counts" {
    config '[limits]' 'tasks = 1'
    recd --config recd.ini
    request '.ResourceExpiredHour = 6'
    created
    described InProgress
    recd_killed TERM
    in_database 'select expires_ms - created_ms from tasks' | grep -qx 21600000
    python3 -c 'import sqlite3; c = sqlite3.connect("live/recd.db"); c.execute("update tasks set expires_ms = 1"); c.commit()'
    recd --config recd.ini
    code ResourceNotFound DescribeCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\"}"
    code ResourceNotFound DeleteCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\"}"
    held || fail 'it has ended'
    request '.RoomId = "2"'
    rec 75 create -f request.json
    grep -q RestrictedConcurrency err || fail 'taken'
}

@test "a change reaches the task completely; an invalid one is refused" {
    recd
    request '.RecordParams.RecordMode = 2'
    created
    described InProgress
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":1,\"MaxResolutionUserId\":\"bob\"}}"
    eventually grep -qx '{"modify":{"MixLayoutParams":{"MixLayoutMode":1,"MaxResolutionUserId":"bob"}}}' "$dir/told"
    code InvalidParameter.OutOfRange ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":5}}"
    long=$(printf '"user%020d",' {1..32})
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"SubscribeStreamUserIds\":{\"SubscribeAudioUserIds\":[${long%,}]},\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[$(yes '{"Top":0,"Left":0,"Width":10,"Height":10,"SubBackgroundImage":"https://example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.png"}' | head -n 25 | paste -sd,)]}}"
    eventually grep -q 'user00000000000000000032' "$dir/told"
    code InvalidParameter.OutOfRange ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":4,\"MixLayoutList\":[$(yes "{\"Top\":0,\"Left\":0,\"Width\":10,\"Height\":10,\"SubBackgroundImage\":\"https://example.com/$(printf %02600d 0).png\"}" | head -n 25 | paste -sd,)]}}"
    jq -r .Response.Error.Message answer | grep -qx 'the change is longer than 64 KB' || fail "$(cat answer)"
    request '.RoomId = "5"'
    created
    code FailedOperation.CRUnsupportMethod ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":1}}"
}

# pipe WORD: fills the FIFO of a recorder that reads nothing, or prints what is in it.
pipe() {
    python3 - "$1" "$dir/control" <<'PYTHON'
import fcntl, os, sys
fd = os.open(sys.argv[2], os.O_RDWR | os.O_NONBLOCK)
if sys.argv[1] == 'fill':
    fcntl.fcntl(fd, 1031, 1 << 20)  # F_SETPIPE_SZ
    os.write(fd, b'x' * ((1 << 20) - 6000) + b'\n')
    sys.exit()
try:
    # just once: when the pipe is empty, the service writes what waits
    sys.stdout.buffer.write(os.read(fd, 1 << 20))
except BlockingIOError: pass
PYTHON
}

@test "a recorder that reads no orders: a change waits, and is passed on as a whole" {
    recd
    request '.RecordParams.RecordMode = 2'
    created
    described InProgress
    kill -STOP "$(<"$dir/lock")"
    pipe fill
    code '' ModifyCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\",\"MixLayoutParams\":{\"MixLayoutMode\":1,\"BackgroundImageUrl\":\"https://example.com/$(printf %08000d 0).png\"}}"
    eventually test -s "$dir/images/index.json"
    rec 0 describe "$task"
    pipe drain >filled
    [[ $(tail -c 1 filled | od -An -c) == *'\n'* && $(grep -c . filled) == 1 ]] || fail 'a part of the change is in the pipe'
    waited has_change || fail "$(wc passed)"
}

has_change() {
    pipe drain >passed
    [[ $(jq -r .modify.MixLayoutParams.MixLayoutMode passed) == 1 ]]
}

@test "what trtc-mix would refuse, and prefixes too long for a key, are refused at once" {
    recd
    request '.RecordParams.RecordMode = 2 | .MixTranscodeParams.VideoParams = { Width: 361, Height: 640, Fps: 15, BitRate: 550000, Gop: 10 }'
    code InvalidParameter.OutOfRange CreateCloudRecording "$(<request.json)"
    grep -q 'VideoParams.Width: 361 is odd' answer || fail "$(cat answer)"
    request '.StorageParams.CloudStorage.FileNamePrefix = ["a" * 201]'
    code InvalidParameter.OutOfRange CreateCloudRecording "$(<request.json)"
    grep -q 'FileNamePrefix: over 600 bytes in all, or over 200 in one part' answer || fail "$(cat answer)"
}

@test "VOD: a directory with a base URL; 311 for each file, then 312" {
    config '[storage]' 'vod_url = https://vod.example/x'
    recd --config recd.ini
    request '.StorageParams = { CloudVod: { TencentVod: { ExpireTime: 0 } } }'
    created
    described InProgress '.StorageFileList == []'
    rec 0 delete --sdkappid "$app" "$task"
    gone
    recd_killed TERM
    run -0 callbacks
    [[ $(cut -d' ' -f1 <<<"$output" | xargs) == '301 302 311 312' ]] || fail "$output"
    grep -E '^311 \{"Status":0,"TencentVod":\{"UserId":"anna","TrackType":"audio_video","MediaId":"main",.*"CacheFile":"made.mp4","FileId":"[0-9]{19}","VideoUrl":"https://vod.example/x/'"$task"'/made.mp4"\}\}' <<<"$output" || fail "$output"
    [[ -s live/storage/vod/$task/made.mp4 && ! -e live/storage/vod/$task/made_1.ts ]] || fail "$(find live/storage)"
    recd --config recd.ini
    request '.StorageParams = { CloudVod: { TencentVod: { MediaType: 3 } } } | .RoomId = "2"'
    created
    described InProgress
    recd_killed
    echo '{"stop":{"LeaveCode":0}}' >"$dir/control"
    eventually grep -q '"End"' "$dir/events.ndjson"
    rm "$dir/status.json" # it may be older than the last playlists: these are told all the same
    recd --config recd.ini
    gone
    recd_killed TERM
    run -0 callbacks
    [[ $(cut -d' ' -f1 <<<"$output" | xargs) == '301 302 311 311 312' ]] || fail "$output"
    grep -q '"CacheFile":"made.m3u8","FileId":"' <<<"$output" || fail "$output"
    [[ -s live/storage/vod/$task/made_1.ts ]] || fail "$(find live/storage)"
}

@test "events of a task: idle end, loss, picture; a refused task; a launcher that does not exist" {
    recd --launch "$(standin leave 99)"
    request
    created
    gone
    recd_killed TERM
    [[ $(callbacks | grep ^302) == '302 {"LeaveCode":99}' ]]
    recd --launch "$(standin loss picture leave 99)"
    request '.RoomId = "2"'
    created
    told_of 'anna: 2 s are missing'
    gone
    recd_killed TERM
    callbacks | grep -q '^309 {"Url":"https://example.com/logo.png"}' || fail "$(callbacks)"
    recd --launch "$(standin refuse)"
    request '.RoomId = "3"'
    created
    gone
    told_of 'cannot be recorded (status 77)'
    recd_killed TERM
    [[ $(callbacks | xargs) == '301 {Status:1} 302 {LeaveCode:100} 305 {Status:1}' ]] || fail "$(callbacks)"
    recd --launch nonsense-zq
    request '.RoomId = "4"'
    created
    told_of 'nonsense-zq: cannot be started'
    gone
    recd_killed TERM
    [[ $(callbacks | xargs) == '301 {Status:1} 302 {LeaveCode:100} 305 {Status:1}' ]] || fail "$(callbacks)"
}

@test "lines that cannot be read, are missing or doubled: losses, 305 with Status 1, and files that they may have named stay, also later" {
    recd --launch "$(standin damage leave 99)"
    request
    created
    gone
    told_of 'is left out'
    curl -s "$url/api/state" | jq -c '.Tasks[0].Losses' | sed 's/[0-9]\+/N/g; s/: events.ndjson: [^"]*//' >losses
    [[ $(<losses) == '["the line at byte N of events.ndjson is left out","events.ndjson has no lines between Seq N and N","the line at byte N of events.ndjson is left out: its Seq was used before"]' ]] || fail "$(<losses)"
    eventually test ! -e "$dir/files/made_1.ts"
    [[ $(<"$dir/files/other.ts") == recorded ]] || fail 'it is gone'
    told_of "files that were not uploaded stay in $PWD/$dir/files"
    recd_killed TERM
    [[ $(callbacks | grep ^305) == '305 {"Status":1}' ]] || fail "$(callbacks)"
    local damaged=$dir
    recd --launch "$(standin leave 99)"
    request '.RoomId = "2"'
    created
    gone
    recd_killed TERM
    days_pass 31
    recd
    eventually test ! -e "$dir"
    [[ -e $damaged/files/other.ts ]] || fail 'it is gone after 30 days'
}

# days_pass N: the tasks of a service that has ended are N days older.
days_pass() {
    python3 -c 'import sqlite3, sys
c = sqlite3.connect("live/recd.db")
c.execute("update tasks set ended_ms=ended_ms-?*86400000", sys.argv[1:])
c.commit()' "$1"
}

@test "the MP4 cannot be made: what was recorded for it stays, also later" {
    recd --launch "$(standin unmade leave 99)"
    request '.RecordParams.OutputFormat = 3'
    created
    gone
    told_of "files that were not uploaded stay in $PWD/$dir/files"
    recd_killed TERM
    [[ $(callbacks | grep ^310) == '310 {"Status":2,"FileList":[],"FileMessage":[]}' ]] || fail "$(callbacks)"
    days_pass 31
    : >told
    recd
    told_of "files that were not uploaded stay in $PWD/$dir/files"
    [[ -s $dir/files/made_1.ts && -s $dir/files/made.m3u8 ]] || fail "$(find "$dir")"
}

@test "keep = yes: after keep_days everything goes but the files of a failed task that were not uploaded" {
    config '[storage]' 'keep = yes'
    recd --config recd.ini --launch "$(standin damage leave 99)"
    request
    created
    gone
    local damaged=$dir
    recd_killed TERM
    recd --config recd.ini --launch "$(standin leave 99)"
    request '.RoomId = "2"'
    created
    gone
    recd_killed TERM
    [[ -s $damaged/files/made_1.ts && -s $dir/files/made_1.ts ]] || fail "$(find live/tasks)"
    days_pass 31
    recd --config recd.ini
    eventually test ! -e "$dir"
    told_of "files that were not uploaded stay in $PWD/$damaged/files"
    [[ $(cd "$damaged/files" && echo *) == other.ts ]] || fail "$(find "$damaged")"
}

@test "a storage directory that cannot be made: the message names it" {
    mkdir -p live/storage
    touch live/storage/class-1250000000
    recd --launch "$(standin leave 0)"
    request
    created
    told_of "task $task: its files cannot be uploaded: "
    grep -q "its files cannot be uploaded: .*$PWD/live/storage/class-1250000000" told || fail "$(cat told)"
}

@test "events that cannot be read: that is said" {
    recd
    request
    created
    described InProgress
    mv "$dir/events.ndjson" "$dir/moved"
    ln -s moved "$dir/events.ndjson"
    told_of "task $task: cannot read events.ndjson: "
}

@test "a task that cannot be stored is refused, and leaves no files" {
    recd
    request
    prlimit --pid "$recd" --fsize=1:
    code InternalError.CRInternalError CreateCloudRecording "$(<request.json)"
    [[ -z $(find live/tasks -mindepth 1) ]] || fail "$(find live/tasks)"
    prlimit --pid "$recd" --fsize=unlimited:
    created
    described InProgress
}

@test "while the state cannot be written, no task is started or counted as started" {
    # shellcheck disable=SC2016
    echo 'echo >>"$0.starts"; exec bash '"$tree"'/tests/serve/task.sh "$@"' >launch
    recd --launch "bash $PWD/launch"
    request
    created
    described InProgress
    prlimit --pid "$recd" --fsize=8192: # less than the database, more than its messages
    tasks_killed
    sleep 2.5
    [[ $(grep -c 'the database: ' told) == 1 ]] || fail "$(cat told)"
    prlimit --pid "$recd" --fsize=unlimited:
    eventually held
    recd_killed TERM
    [[ $(wc -l <launch.starts) == "$(in_database 'select starts from tasks')" ]] || fail "$(wc -l <launch.starts) $(in_database 'select starts from tasks'): $(cat told)"
}

@test "little free space: no task begins, and running tasks end" {
    config '[limits]' 'free = 100' 'end = 0'
    recd --config recd.ini
    request
    rec 75 create -f request.json --retries 0
    grep -q ResourceInsufficient err || fail 'taken'
    recd_killed TERM
    config '[limits]' 'free = 0' 'end = 0'
    recd --config recd.ini
    created
    described InProgress
    recd_killed TERM
    config '[limits]' 'free = 100' 'end = 100'
    recd --config recd.ini
    gone
    recd_killed TERM
    [[ $(callbacks | grep ^302) == '302 {"LeaveCode":3}' ]]
}

@test "what cannot be read for now is an internal error, and no other state of the task" {
    need_strace
    local tracer all
    recd
    request
    created
    described InProgress
    strace -o trace -p "$recd" -P "$(realpath "$dir")" -e inject=openat2:error=EIO 2>attached 3>&- &
    tracer=$!
    recd_pids+=("$tracer")
    told_of attached attached
    all=$(jq '{SdkAppId} + {TaskId: $t, MixLayoutParams: {MixLayoutMode: 3}}' --arg t "$task" request.json)
    code InternalError DescribeCloudRecording "{\"SdkAppId\":$app,\"TaskId\":\"$task\"}"
    told_of "$task/status.json: cannot be read: Input/output error"
    code InternalError ModifyCloudRecording "$all"
    end_all -INT "$tracer"
    described InProgress
}

@test "the made-up keys are never replaced; a second service on the same directory is refused" {
    need_strace
    recd
    cp live/credentials before
    expect 75 trtc-recd --data live --listen 127.0.0.1:0
    said 'another trtc-recd is using it'
    recd_killed TERM
    # they cannot be looked at for a moment
    strace -qq -o /dev/null -P "$(realpath live/credentials)" -e 'inject=?access,?faccessat,?faccessat2:error=EIO:when=1' \
        trtc-recd --data live --listen 127.0.0.1:0 >lines 2>again </dev/null 3>&- &
    recd_pids+=($!)
    listens again $!
    cmp live/credentials before
    pkill -TERM -P "${recd_pids[-1]}"
}

@test "files of an unknown task stay, even if it cannot be seen for a moment that a task has run" {
    need_strace
    local unknown=unknown_unknown_unknown_unknown begun=begun_begun_begun_begun_begun
    recd
    recd_killed TERM
    mkdir -p live/tasks/$unknown/files live/tasks/$begun
    echo recorded >live/tasks/$unknown/files/a.ts
    : >live/tasks/$unknown/events.ndjson
    strace -qq -o /dev/null -P "$(realpath live)/tasks/$unknown/events.ndjson" -e 'inject=?access,?faccessat,?faccessat2:error=EIO' \
        trtc-recd --data live --listen 127.0.0.1:0 >lines 2>again </dev/null 3>&- &
    recd_pids+=($!)
    listens again $!
    [[ -s live/tasks/$unknown/files/a.ts && ! -e live/tasks/$begun ]]
    pkill -TERM -P "${recd_pids[-1]}"
}

@test "a file system without hard links keeps the made-up keys, too" {
    need_strace
    strace -qq -o /dev/null -f -e inject=linkat:error=EPERM trtc-recd --data live --listen 127.0.0.1:0 >lines 2>log </dev/null 3>&- &
    recd_pids+=($!)
    listens log $!
    grep -q '^secret_key = .' live/credentials
    [[ $(ls live/credentials*) == live/credentials ]] || fail "$(ls live)"
    pkill -TERM -P "${recd_pids[-1]}"
}

@test "a service that may not open enough files is worth another try, whatever it opens when" {
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers open files of their own'
    local n
    for n in 5 6 7 8; do
        expect 75 bash -c "exec 3>&- 4>&-; ulimit -n $n; exec timeout 20 trtc-recd --data live --listen 127.0.0.1:0"
    done
}
