#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-task --uploader: what is put away, and what the events say of it.

load ../../lib
load ../../hls
load ../../room
load ../../task

# up: a program that copies into ./store, and fails with 77 as long as there is ./closed.
up() {
    mkdir store
    cat >up <<'END'
#!/bin/bash
while IFS= read -r f; do
    [[ ! -e closed ]] || { echo 'the store is closed' >&2; exit 77; }
    cp "$f" store/ && echo "$f"
done
END
    chmod +x up
}

@test "files are uploaded as they become complete, also by trtc-put, with 303, 304, 305 and 310" {
    opened
    ordered t '"RecordMode":1,"OutputFormat":1'
    recording t --uploader "trtc-put -q --to file://$PWD/store --root t/files"
    published 200 /3560/anna call.ts
    noted t 'map(select(.EventType == 304)) | length == 2'
    order '{"stop":{}}'
    ended 0
    # when the upload begins, one playlist or both may be there
    [[ $(events_of) =~ ^'301 '((30[37]' ')+)(30[47]' ')+'302 305 310'$ && ${BASH_REMATCH[1]} == *303* ]] || fail "$(events_of)"
    [[ $(events_of | tr ' ' '\n' | sort | xargs) == '301 302 303 304 304 305 307 307 310' ]] || fail "$(events_of)"
    diff <(cd t/files && ls) <(cd store && ls) || fail 'not all is there'
    for f in t/files/*; do cmp "$f" "store/${f##*/}"; done
    [[ $(jq -r 'select(.EventType == 304).Payload.FileList' t/events.ndjson | sort) == "$(cd t/files && ls -- *.m3u8)" ]]
    [[ $(jq -c 'select(.EventType == 310).Payload | [.Status, .FileList, (.FileMessage | length)]' t/events.ndjson) == "[0,[\"$(cd t/files && ls -- *.mp4)\"],1]" ]]
    jq -es '.[-1] | has("End")' t/events.ndjson >/dev/null
}

@test "an uploader that fails is restarted, and gets the files again that it had not proven" {
    up
    touch closed
    opened
    ordered t '"RecordMode":1'
    recording t --uploader ./up
    published 200 /3560/anna call.ts
    noted t 'any(.EventType == 308)'
    [[ $(jq -cs 'map(select(.EventType == 308))[0].Payload' t/events.ndjson) == '{"Code":"77","Message":"the store is closed"}' ]]
    rm closed
    noted t 'map(select(.EventType == 304)) | length == 2'
    order '{"stop":{}}'
    ended 0
    [[ $(events_of) =~ ' 302 305'$ ]]
    diff <(cd t/files && ls) <(cd store && ls)
}

@test "files that cannot be uploaded are reported at the end; the next run has nothing to do" {
    up
    touch closed
    opened
    ordered t '"RecordMode":1,"OutputFormat":3'
    recording t --uploader ./up
    published 200 /3560/anna call.ts
    stands t '.Streams | length' 2
    order '{"stop":{}}'
    ended 3
    [[ $(events_of) =~ ^'301 302 303 308'.*' 305 310:1'$ ]] || fail "$(events_of)"
    [[ $(jq -r 'select(.Loss).Loss' t/events.ndjson) == files/*_main.mp4' was not uploaded' ]]
    [[ $(jq -r 'select(.File).Type' t/events.ndjson) == mp4 ]]
    rm closed
    expect 3 trtc-task t --room "$url" --uploader ./up
    [[ $(ls store) == '' ]]
}

@test "after a kill, existing files are passed to the uploader again, and no event is repeated" {
    up
    opened
    ordered t '"RecordMode":1'
    recording t --uploader ./up
    published 200 /3560/anna call.ts
    noted t 'map(select(.EventType == 304)) | length == 2'
    kill -KILL "$task"
    wait "$task" || true
    rm store/*.m3u8
    recording t --uploader ./up
    noted t 'any(.EventType == 306)'
    sleep 0.5
    order '{"stop":{}}'
    ended 3
    [[ $(jq -r 'select(.EventType >= 303 and .EventType <= 305).EventType' t/events.ndjson | paste -sd' ') == '303 304 304 305' ]] || fail "$(events_of)"
    diff <(cd t/files && ls) <(cd store && ls)
}
