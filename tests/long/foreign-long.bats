#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The whole matrix of media that others made. Run by `make check-long`; what differs, and why that is right, is printed.

load ../lib

setup_file() {
    files_begin
    PATH=$(dirname "$(command -v mkrec)")/foreign:$PATH
    export PATH
}

setup() {
    test_begin
}

@test "all of the matrix: every frame at its time, or named" {
    local pairs from to nb=0 status=0
    mapfile -t pairs < <(bash "$tree/tests/foreign/media.bash" pairs)
    # a part at a time: the media of all together would need gigabytes
    for ((from = 0; from < ${#pairs[@]}; from = to)); do
        to=$((from + 12))
        rm -rf media
        bash "$tree/tests/foreign/media.bash" make media "${pairs[@]:from:12}"
        matrix -j 2 -e 3 "$PWD"/media/*.* >found || status=1
        grep -v '^[0-9]* combinations\|^explained' found >>bad || true
        grep '^explained' found >>explained || true
        nb=$((nb + $(tail -n 1 found | cut -d ' ' -f 1)))
    done
    echo "# $nb combinations" >&3
    sort explained | uniq -c | sed 's/^/# /' >&3 || true
    [[ $status -eq 0 ]] || fail "$(wc -l <bad) are not explained: $(cut -c 1-300 bad | head -n 50)"
    ((nb >= 5000)) || fail "only $nb"
}
