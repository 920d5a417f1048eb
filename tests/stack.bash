# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# bats keeps the stack before each command, which costs more than most commands: here, where one fails. (Other versions
# of bats do as they do.)
if declare -F bats_capture_stack_trace bats_check_status_from_trap bats_error_trap >/dev/null; then
    bats_error_trap() {
        bats_check_status_from_trap
        bats_capture_stack_trace
        export BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
    }
    set +T
fi
