#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/record-class, and the pipelines of trtc-rec.1 and of the README, each taken from where it stands.

load ../../lib
load ../../rec

setup_file() {
    files_begin
    mkrec --loop --length 3 --bitrate 60000 --user id=alice,size=160x90 --user id=bob,size=160x90 rec
}

setup() {
    test_begin
    rec_begin
    umask 077
    request '.StorageParams.CloudStorage.FileNamePrefix = ["math", "7b"]'
    script 'set idle 1' 'set users alice,bob'
    serve
}

teardown() {
    rec_end
}

# a_dummy NAME: a program in front of the others, its text on stdin.
a_dummy() {
    mkdir -p bin
    { echo '#!/bin/bash'; cat; } >"bin/$1"
    chmod +x "bin/$1"
    PATH=$PWD/bin:$PATH
}

# a_store: rclone, whose first copy comes while the upload is still going on.
a_store() {
    export store=$BATS_FILE_TMPDIR/rec copies=$PWD/copies
    a_dummy rclone <<'END'
[[ $1 == copy && $2 == cos:class-1250000000/math/7b/?* && ${2##*/} == "${3##*/}" ]] || exit 1
echo "$2" >>"$copies"
cp "$store"/*.m3u8 "$3"
[[ $(wc -l <"$copies") -gt 1 ]] || exit 0
cp "$store"/*.ts "$3"
END
}

class() {
    expect "$1" "$tree/examples/record-class" -r request.json -i 0.05 "${@:2}" rclone copy cos:class-1250000000/%p %d
}

# actions: what came, each once where it came again and again.
actions() {
    seen 'map(.action | rtrimstr("CloudRecording")) | join(" ")' | tr -d '"' | tr ' ' '\n' | uniq | xargs
}

@test "record-class: from the create to the merged files" {
    a_store
    class 0 -t 1 -o mp4
    [[ $(actions) == 'Create Describe Delete' ]] || fail "$(actions)"
    [[ $(wc -l <out) -eq 2 && $(wc -l <copies) -eq 2 ]]
    while IFS= read -r f; do [[ -s $f ]]; done <out
    grep -q '/YWxpY2U\._[0-9]*_av\.mp4$' out
    grep -q '/Ym9i_[0-9]*_av\.mp4$' out
    quiet
    rec 0 list
    [[ $(cut -f2 out) == ended ]]
}

@test "record-class: a TaskId that begins with '-'" {
    a_store
    script 'set idle 0' 'set users alice,bob' 'set dash 1'
    class 0 -t 1 -o out.d
    [[ $(wc -l <out) -eq 2 && -d $(echo out.d/-*) ]]
}

@test "record-class: an empty room is reported, and 69 if nothing was recorded" {
    a_store
    export store=$PWD/none
    mkdir none
    script 'set idle -1'
    class 69 -t 1 -g 0 -n 2 -o out.d
    said 'nobody is heard'
    said 'nothing was recorded'
}

@test "record-class: listed files that did not arrive are reported, exit 3" {
    a_store
    cp -r "$store" less
    export store=$PWD/less
    rm less/*_main_video_*.ts
    class 3 -t 1 -n 3 -o out.d
    said 'not all of it came'
    said missing
    [[ -s out ]]
}

@test "record-class: a create that may succeed later is repeated" {
    a_store
    script 'set idle 0' 'set users alice,bob' 'create 1 code FailedOperation.RestrictedConcurrency'
    class 0 -t 1 -o out.d
    said RestrictedConcurrency
    [[ $(actions) == 'Create Describe Delete' && $(seen 'map(select(.action == "CreateCloudRecording")) | length') -eq 2 ]]
}

@test "record-class: when stopped, it ends the task" {
    a_store
    "$tree/examples/record-class" -r request.json -i 0.05 -t 60 -o out.d rclone copy cos:class-1250000000/%p %d >out 2>err </dev/null 3>&- &
    local pid=$! i
    for ((i = 0; i < 200; i++)); do
        seen 'any(.action == "DescribeCloudRecording")' >/dev/null && break
        sleep 0.02
    done
    kill -TERM "$pid"
    wait "$pid" && fail 'no status' || [[ $? -eq 143 ]]
    saw '.[-1].action == "DeleteCloudRecording"'
    [[ ! -e copies ]]
}

@test "record-class: a request that is wrong is found at once" {
    request '.RecordParams.MaxIdleTime = 1'
    class 65 -t 1
    said RecordParams.MaxIdleTime
    came 0
    class 64 -t x
}

# offers WORD...: what bash completes the last word to.
offers() {
    bash --norc --noprofile -c '
        source "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _trtc_rec
        printf "%s\n" "${COMPREPLY[@]}"' - "$tree/completions/bash/trtc-rec" trtc-rec "$@"
}

@test "completion: tasks that have not ended, whatever they begin with" {
    script 'set dash 1'
    created
    local ended=$task
    rec 0 delete "$ended"
    created
    [[ $(offers describe '') == "$task" ]]
    offers describe - | grep -qxF -- "$task"
    offers describe - | grep -qxF -- --region
    [[ $(offers describe -) != *"$ended"* ]]
    [[ $(offers wait --for r) == recording ]]
    [[ $(offers mod) == modify ]]
}

# literals FILE: as in examples.bats; of the README the shell blocks, which are those of trtc-rec.
literals() {
    case $1 in
    *.md) awk '/^## / { sec = $2 } sec != "Recording" { next } /^```shell$/ { on = 1; next } /^```$/ { if (on) printf "%c", 0; on = 0 } on' "$1" ;;
    *) awk '/^\.Sh/ { sec = $2 } sec != "EXAMPLES" { next }
            /^\.Bd/ { on = 1; next } /^\.Ed/ { printf "%c", 0; on = 0 } on { gsub(/\\e/, "\\"); gsub(/\\&/, ""); print }' "$1" ;;
    esac
}

# run_literals FILE N: all of them, one after the other; there are N.
run_literals() {
    local text n=0
    while IFS= read -rd '' text; do
        n=$((n + 1))
        bash -euo pipefail -c "$text" >out 2>err </dev/null || fail "$text"
        [[ -s out ]] || fail "printed nothing: $text"
        quiet
    done < <(literals "$1")
    [[ $n -eq $2 ]] || fail "$n pipelines, not $2"
}

@test "the pipelines of trtc-rec.1" {
    jq .StorageParams.CloudStorage request.json >storage.json
    mixed '.RoomId = "3561"'
    cp request.json mixed.json
    trtc-rec create -q -f mixed.json >created
    # the first of them ends its task: the layout is for this one
    run_literals "$tree/man/trtc-rec.1" 4
    saw 'any(.action == "ModifyCloudRecording" and .verdict == "ok")'
    rec 0 list
    [[ $(cut -f2 out | sort -u) == ended ]]
}

@test "the pipelines of the README" {
    jq .StorageParams.CloudStorage request.json >storage.json
    run_literals "$tree/README.md" 1
}
