# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A cluster of Slurm for tests: one node, on loopback, whose daemons are children of the test and whose files lie in
# ./slurm. After lib.bash.

slurm_pids=() # of its daemons

# slurm_start: starts it, on ports that are free; fails where it does not come up.
slurm_start() {
    local _
    for _ in 1 2 3 4 5; do
        slurm_configure $((20000 + RANDOM % 12000))
        slurmctld -D -i >"$PWD/slurm/ctld.log" 2>&1 3>&- &
        slurm_pids=("$!")
        slurmd -D >"$PWD/slurm/d.log" 2>&1 3>&- &
        slurm_pids+=("$!")
        ! slurm_up || return 0
        slurm_stop
    done
    return 1
}

slurm_configure() {
    local d=$PWD/slurm port=$1 host
    host=$(hostname -s)
    rm -rf "$d"
    mkdir -p "$d"/state "$d"/spool
    export SLURM_CONF=$d/slurm.conf
    cat >"$SLURM_CONF" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/none
CredType=cred/none
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$d/state
SlurmdSpoolDir=$d/spool
SlurmctldPidFile=$d/ctld.pid
SlurmdPidFile=$d/d.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,requeue_delay=0,batch_sched_delay=0
RequeueExit=75,143
ReturnToService=2
MinJobAge=3600
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES State=UP OverSubscribe=NO
END
}

# slurm_up: waits for the node, as long as the controller lives.
slurm_up() {
    local i
    for ((i = 0; i < 60; i++)); do
        kill -0 "${slurm_pids[0]}" 2>/dev/null || return 1
        [[ $(timeout 2 sinfo -h -o %T 2>/dev/null) != idle ]] || return 0
        sleep 0.5
    done
    return 1
}

# slurm_stop: ends its daemons and what they have started.
slurm_stop() {
    ((${#slurm_pids[@]})) || return 0
    timeout 5 scancel -u "$(id -un)" 2>/dev/null
    sleep 1
    kill "${slurm_pids[@]}" 2>/dev/null
    wait "${slurm_pids[@]}" 2>/dev/null
    slurm_pids=()
}

# slurm_wait [SECONDS]: until no job waits or runs.
slurm_wait() {
    local left end=$((SECONDS + ${1:-600}))
    while ((SECONDS < end)); do
        ! left=$(timeout 10 squeue -h 2>/dev/null) || [[ $left ]] || return 0
        sleep 0.5
    done
    return 1
}
