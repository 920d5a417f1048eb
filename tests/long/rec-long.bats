#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-rec over and over: answers to create that are lost, connections that break at every byte, a long batch.

load ../lib
load ../rec

setup() {
    files_begin
    test_begin
    rec_begin
}

teardown() {
    rec_end
}

@test "no task is left recording twice, of hundreds whose answer was lost" {
    local round i pids per=50 rounds
    rounds=$(n 20)
    serve --life 600
    request
    for ((round = 0; round < rounds; round++)); do
        script 'set rate 0' 'set limit 4000' "create $per drop"
        pids=()
        for ((i = 0; i < per; i++)); do
            trtc-rec create -q -f request.json --room "$((1000 + round * per + i))" >"out-$round-$i" 2>"err-$round-$i" &
            pids+=($!)
        done
        for i in "${pids[@]}"; do wait "$i" || fail "$(cat err-*)"; done
    done
    # each room had one robot, which came twice, so that the service ended its first task; the second is what we know
    saw 'group_by(.body.RoomId) | all(length == 2 and (map(.body.UserId) | unique | length) == 1 and all(.verdict == "ok"))'
    saw "map(.body.RoomId) | unique | length == $((rounds * per))"
    diff <(seen 'group_by(.body.RoomId) | map(max_by(.n).response.TaskId) | sort' | jq -r '.[]') \
        <(trtc-rec list --json | jq -r 'select(.state == "known").task' | LC_ALL=C sort)
}

@test "connections that break at each byte of an answer: never anything but 75" {
    local i how status step=1
    [[ -z ${TRTC_SAN:-} ]] || step=7
    serve --life 600
    for how in cut reset; do
        for ((i = 0; ; i += step)); do
            script 'set rate 0' "any - $how $i"
            status=0
            trtc-rec describe --sdkappid "$app" --retries 0 t >out 2>err || status=$?
            ((status == 75)) || break
            [[ ! -s out && $(wc -l <err) -eq 1 ]] || fail "$how at $i"
        done
        # the whole of it is no such task
        ((status == 66 && i > 200)) || fail "$how at $i: $status"
    done
}

@test "a batch of a thousand: in order, at 20 a second, in little memory" {
    local nb=$(($(n 10) * 100)) begin ms kb=0 i
    serve --life 600
    script 'set rate 0'
    for ((i = 0; i < nb; i++)); do echo "{\"action\":\"describe\",\"SdkAppId\":$app,\"TaskId\":\"task-$i\"}"; done >lines
    begin=$(date +%s%N)
    /usr/bin/time -q -f %M -o kb trtc-rec batch <lines >out 2>err && fail 'all succeeded'
    ms=$((($(date +%s%N) - begin) / 1000000))
    came "$nb"
    near "$ms" $((nb * 50)) $((nb * 50 / 20))
    [[ $(jq .line out | awk '$1 != NR' | wc -l) -eq 0 ]] || fail 'another order'
    [[ ${TRTC_SAN:-} ]] || kb=$(<kb)
    ((kb < 32768)) || fail "$kb kB"
}

@test "a request of 120,000 members is refused in a second or so" {
    local what begin ms status
    [[ -z ${TRTC_SAN:-} ]] || skip 'the sanitizers take their own time'
    export TRTC_RECORDER_SIG=x
    for what in '.' '{ StorageParams: { CloudStorage: . } }' '{ RecordParams: [.] }'; do
        jq -cn "[range(120000) | { key: \"k\\(.)\", value: . }] | from_entries | $what" >many.json
        begin=$(date +%s%N)
        expect 65 trtc-rec create --dry-run --sdkappid "$app" --room r -f many.json
        ms=$((($(date +%s%N) - begin) / 1000000))
        ((ms < 3000)) || fail "$what: $ms ms"
        status=0
        jq -c '. + { action: "create" }' many.json | trtc-rec batch >out 2>err || status=$?
        ms=$((($(date +%s%N) - begin) / 1000000 - ms))
        ((status == 65 && ms < 4000)) || fail "$what: $ms ms, exit status $status"
    done
}
