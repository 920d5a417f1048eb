#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge --part: parts that many processes make, without a word between them.

load ../../lib
export user_keys=rate=16000,kinds=a

# Directories t/a, t/b/c with several users and sections, sizes that differ.
setup_file() {
    files_begin
    unset PARALLEL_SEQ
    mk t/a --length 12 --user "$(user)" --user "$(user id=ben from=3)" --user "$(user id=cem from=6)"
    mk t/b/c --length 70 --user "$(user id=dana gap=10-27)" --user "$(user id=eve gap=20-40)"
    mk t/d --length 8 --start 1767225700000 --user "$(user)"
}

setup() {
    test_begin
    have t
}

# parts N OPTION...: the paths of all N plans, as they come, in ./parts.
parts() {
    local k n=$1
    shift
    : >parts
    for ((k = 1; k <= n; k++)); do
        merge 0 --plan --recursive "$@" --part "$k/$n"
        quiet
        cut -f 8 out >>parts
    done
}

@test "each file is in one part" {
    local n
    merge 0 --plan --recursive t
    cut -f 8 out | sort >whole
    [[ $(wc -l <whole) -eq 8 ]]
    for n in 1 2 3 8 13; do
        parts "$n" t
        diff whole <(sort parts) || fail "$n parts"
    done
    # the larger recordings are divided: nobody has nothing to do
    for n in 1 2 3 4 5 6 7 8; do
        merge 0 --plan --recursive t --part "$n/8"
        [[ $(wc -l <out) -eq 1 ]] || fail "part $n of 8"
    done
}

@test "the parts are the same wherever the tree is, and whatever the order of its entries" {
    local k
    mkdir elsewhere
    cp -r t/d elsewhere/d
    cp -r t/b elsewhere/b
    cp -r t/a elsewhere/a
    for k in 1 2 3; do
        merge 0 --plan --recursive t --part "$k/3"
        cut -f 8 out | cut -d / -f 2- >here
        merge 0 --plan --recursive "$PWD/elsewhere/" --part "$k/3"
        diff here <(cut -f 8 out | sed "s,^$PWD/elsewhere/,,") || fail "part $k"
    done
}

@test "all parts together make the same files as one run" {
    local k
    mk t/e --length 1 --no-endlist --user "$(user)" # left out
    cp -r t one
    merge 0 -q --recursive --finished one --report whole.json
    for k in 1 2 3; do
        merge 0 -q --recursive --finished t --part "$k/3" -j 1 --report "$k.json"
        quiet
        cat out >>paths
    done
    # and the same report
    jq -s '{inputs: map(.inputs[]) | sort, outputs: map(.outputs[]) | sort_by(.files)}' [123].json >reports
    diff reports <(jq '{inputs: .inputs | sort, outputs: .outputs | sort_by(.files)}' whole.json | sed 's,"one/,"t/,')
    [[ $(sort -u paths | wc -l) -eq 8 && $(wc -l <paths) -eq 8 ]] || fail 'not each file once'
    diff -r one t
    merge 0 -q --recursive --finished t # and another run has nothing to do
    [[ $(sort out) == "$(sort paths)" ]]
}

@test "a part reads its own segments only" {
    need_strace
    strace -f -e trace=openat,openat2 -o calls trtc-merge --recursive t --part 1/5 --plan >out
    [[ $(wc -l <out) -ge 1 ]]
    strace -f -e trace=openat,openat2 -o all trtc-merge --recursive t --plan >/dev/null
    [[ $(grep -c '\.ts"' calls) -lt $(grep -c '\.ts"' all) ]] || fail "$(grep -c '\.ts"' calls) of $(grep -c '\.ts"' all)"
}

@test "clashing names are refused by one part" {
    local k refused=0
    have t/a x
    cp -r x y
    for k in 1 2 3; do
        status=0
        trtc-merge x y -o out.d --part "$k/3" >out 2>err || status=$?
        [[ $status -eq 0 || $status -eq 73 ]] || fail "exit status $status"
        refused=$((refused + (status == 73)))
    done
    [[ $refused -ge 1 ]] || fail 'nobody has seen it'
    for k in out.d/*; do
        [[ ! -e $k ]] || fail "$k was made"
    done
}

@test "a loss is reported by one part" {
    local k code=() told=0
    rm "$(find t/b/c -name '*.ts' | sort | tail -n 1)"
    touch t/a/"${stem}_audio_x.m3u8.tmp"
    for k in 1 2 3 4; do
        status=0
        trtc-merge --recursive t --part "$k/4" >out 2>err || status=$?
        code+=("$status")
        told=$((told + $(wc -l <err)))
    done
    [[ $told -eq 1 ]] || fail "told $told times"
    [[ $(printf '%s\n' "${code[@]}" | sort | tr '\n' ' ') == '0 0 0 3 ' ]] || fail "${code[*]}"
}

# bound COMMAND...: without root's privilege to read everything.
bound() {
    local drop=()
    [[ $(id -u) -ne 0 ]] || drop=(setpriv "--bounding-set=-dac_override,-dac_read_search")
    "${drop[@]}" "$@"
}

@test "what this user must not read makes no parts" {
    local locked k
    bound true || skip 'setpriv is not allowed here'
    for locked in t/b t/b/c "$(find t/a -name '*.m3u8' | head -n 1)" "$(find t/a -name '*.ts' | head -n 1)"; do
        chmod 0 "$locked"
        for k in 1 2; do
            expect 77 bound trtc-merge --recursive t --part $k/2
            said 'the parts are unknown' && said "$locked: "
            [[ ! -s out ]]
        done
        chmod 755 "$locked"
    done
}

@test "a missing directory makes no parts" {
    merge 66 t/a no-such --part 1/2
    said 'the parts are unknown'
    [[ ! -s out ]]
}

@test "auto: K and N from engines" {
    local k
    for k in 0 1 2; do
        merge 0 --plan --recursive t --part "$((k + 1))/3"
        mv out want
        expect 0 env SLURM_ARRAY_TASK_ID=$((k + 5)) SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_COUNT=3 \
            trtc-merge --plan --recursive t --part auto
        diff want out
        expect 0 env JOB_COMPLETION_INDEX=$k TRTC_PARTS=3 trtc-merge --plan --recursive t --part auto
        diff want out
        expect 0 env AWS_BATCH_JOB_ARRAY_INDEX=$k TRTC_PARTS=3 trtc-merge --plan --recursive t --part auto
        diff want out
        expect 0 env PARALLEL_SEQ=$((k + 1)) TRTC_PARTS=3 trtc-merge --plan --recursive t --part auto
        diff want out
    done
    merge 64 t --part auto
    said 'none of SLURM_ARRAY_TASK_ID'
    expect 64 env JOB_COMPLETION_INDEX=1 trtc-merge t --part auto
    said TRTC_PARTS
    expect 64 env JOB_COMPLETION_INDEX=3 TRTC_PARTS=3 trtc-merge t --part auto
    said 'auto, which is 4/3'
}
