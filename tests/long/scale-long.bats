#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Work that many processes share, given to the engines that run them: arrays of Slurm, on a cluster of one node on
# loopback, with processes killed and put off on the way.

load ../lib
load ../mix
load ../slurm

setup_file() {
    files_begin
    unset PARALLEL_SEQ
    sh "$tree/tests/deps.sh" cluster >/dev/null 2>&1 # what cannot be had is skipped
    mkdir tree
    mk one --length 12 --user "$(user id=anna)" --user "$(user id=ben kinds=a rate=16000)"
    for k in {1..40}; do
        cp -rl one "tree/call$k"
    done
    mk call --length 1200 --user "$(user id=anna)" --user "$(user id=ben from=200 gap=500-520)" \
        --user "$(user id=cem from=300.5 rate=48000 drift_ppm=100)"
}

setup() {
    test_begin
    ln -s "$BATS_FILE_TMPDIR"/call .
}

teardown() {
    slurm_stop
}

# cluster: with programs in front of ours that fail once where a file of theirs says so.
cluster() {
    local p
    command -v slurmctld slurmd sbatch >/dev/null || skip 'no Slurm (slurmctld, slurmd, slurm-client)'
    mkdir bin fail
    for p in trtc-merge trtc-mix; do
        cat >bin/$p <<END
#!/bin/bash
case \$SLURM_ARRAY_TASK_ID in
'') ;;
\$(cat $PWD/fail/later 2>/dev/null)) rm $PWD/fail/later && exit 75 ;;
\$(cat $PWD/fail/killed 2>/dev/null)) rm $PWD/fail/killed && kill -9 \$\$ ;;
esac
exec $(command -v $p) "\$@"
END
        chmod +x bin/$p
    done
    PATH=$PWD/bin:$PATH
    slurm_start || skip "Slurm does not come up: $(tail -qn 3 slurm/*.log)"
}

# states JOB: how often each state and status of its tasks is there.
states() {
    scontrol show job "$1" | grep -oE 'JobState=[A-Z]+|ExitCode=[0-9]+:[0-9]+|Restarts=[0-9]+' | sort | uniq -c
}

@test "40 recordings as an array of 8, one task killed and one put off" {
    local job
    cluster
    cp -rl "$BATS_FILE_TMPDIR/tree" tree
    cp -rl "$BATS_FILE_TMPDIR/tree" whole
    merge 0 --recursive whole
    echo 3 >fail/later
    echo 6 >fail/killed
    job=$(sbatch --parsable --array=1-8 -o 'out-%a' "$tree/examples/slurm/merge.sbatch" --recursive tree)
    slurm_wait || fail "$(squeue)"
    states "$job" >states
    [[ ! -e fail/later && ! -e fail/killed ]] || fail 'nothing failed on the way'
    [[ $(grep -c 'Restarts=1$' states) -eq 1 && $(grep -oP '\d+(?= Restarts=1$)' states) -eq 2 ]] || fail "$(cat states)"
    ! grep -v 'Restarts=\|JobState=COMPLETED\|ExitCode=0:0' states || fail "$(cat states)"
    diff -r whole tree
    [[ $(cat out-* | grep -c '^tree/.*\.m[4p]') -eq 80 ]] || fail 'not each path once'
}

@test "a mix of 20 minutes in 8 parts, one killed and one put off, and a join behind them" {
    local job parts=.call.mp4.parts end pid=
    cluster
    set -- -s 160x90 -r 5 --preset ultrafast --label --clock top call
    trtc-mix "$@" -o whole.mp4
    echo 2 >fail/later
    job=$("$tree/examples/slurm/mix" -n 8 -s --output=out-%A-%a call.mp4 "$@")
    end=$((SECONDS + 300))
    while [[ ! $pid ]] && ((SECONDS < end)); do # one that is at work
        pid=$(pgrep -f -- "--part auto -o [^ ]*$parts/5.mkv" | tail -n 1) || sleep 0.05
    done
    kill -9 "$pid" || fail 'part 5 was never at work'
    slurm_wait || fail "$(squeue)"
    [[ ! -e fail/later ]] || fail 'nobody was put off'
    [[ $(scontrol show job $((job - 1)) | grep -c 'Restarts=1 ') -eq 2 ]] || fail "$(scontrol show job | grep -E 'JobId|Restarts|ExitCode')"
    plays call.mp4
    alike whole.mp4 call.mp4 38
    [[ ! -e $parts ]] || fail "left over: $(ls -A $parts)"
}

@test "a part that cannot be made is named by the join, and the same command makes only that" {
    cluster
    local parts=.call.mp4.parts first
    set -- -s 160x90 -r 5 --preset ultrafast --to +40 call
    "$tree/examples/slurm/mix" -n 4 -s --output=out-%A-%a call.mp4 "$@" >job
    scancel "$(($(cat job) - 1))_3"
    slurm_wait || fail "$(squeue)"
    [[ ! -e call.mp4 && -e $parts/1.mkv ]] || fail 'not what was expected'
    grep -q 'of 4 parts, these are missing: 3' out-* || fail "$(cat out-*)"
    first=$(stat -c %i.%Y $parts/1.mkv)
    "$tree/examples/slurm/mix" -n 4 -s --output=more-%A-%a -s --begin=now+3 call.mp4 "$@"
    [[ $(stat -c %i.%Y $parts/1.mkv) == "$first" ]]
    slurm_wait || fail "$(squeue)"
    plays call.mp4
}

# Where deps.sh keeps what comes from npm.
modules=${XDG_CACHE_HOME:-$HOME/.cache}/trtc-tools/kubernetes/node_modules

# job NAME: checks the Job's file, and has ./NAME.json say what its container is run with.
job() {
    command -v node >/dev/null || skip 'no node'
    [[ -e $modules/kubernetes-models && -e $modules/yaml ]] || skip "no kubernetes-models, or no yaml, in $modules: make deps puts them there"
    node "$tree/tests/kubernetes/check.mjs" "$modules" "$tree/examples/kubernetes/$1.yaml" >"$1.json"
}

# pod NAME INDEX: what the container does, with its recordings in ./recordings.
pod() {
    local env=() command=()
    mapfile -t env < <(jq -r '.env | to_entries[] | "\(.key)=\(.value)"' "$1.json")
    mapfile -d '' command < <(jq -j --arg to "$PWD/recordings" '.command[] | gsub("/recordings"; $to) + "\u0000"' "$1.json")
    env -i PATH="$PATH" JOB_COMPLETION_INDEX="$2" "${env[@]}" "${command[@]}"
}

@test "the Jobs of Kubernetes are such, and what their containers do" {
    local k
    job merge-job
    job mix-job
    job join-job
    [[ $(jq .completions merge-job.json) -eq 16 ]]
    cp -rl "$BATS_FILE_TMPDIR/tree" recordings
    cp -rl "$BATS_FILE_TMPDIR/tree" whole
    merge 0 --recursive whole
    rm "$(find recordings/call7 -name '*video*.ts' | tail -n 1)" # a loss, which is no failure
    for k in {0..15}; do
        pod merge-job $k >>paths 2>>said
    done
    [[ $(sort -u paths | wc -l) -eq 80 && $(wc -l <paths) -eq 80 && $(wc -l <said) -eq 1 ]]
    rm -r whole/call7 recordings/call7
    diff -r whole recordings
    mk recordings/call --length 8 --user "$(user)"
    for k in {7..0}; do
        pod mix-job $k
        [[ -s recordings/parts/$k.mkv ]]
    done
    pod join-job 0
    [[ ! -e recordings/parts/0.mkv ]] || fail 'the next call would have these parts'
    plays recordings/call.mp4
    [[ $(frames recordings/call.mp4) -eq 120 || $(frames recordings/call.mp4) -eq 121 ]]
}
