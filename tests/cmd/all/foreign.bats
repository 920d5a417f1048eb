#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Media that muxers and encoders made which are not ours, through all programs: a sample of the matrix, for 30 s.
# tests/long/foreign-long.bats runs all of it.

load ../../lib

setup_file() {
    files_begin
    PATH=$(dirname "$(command -v mkrec)")/foreign:$PATH
    export PATH
}

setup() {
    test_begin
}

@test "a sample of the matrix: every frame is at its time, or reported" {
    local seed=${TRTC_SEED:-1} pairs budget_s=${TRTC_FOREIGN_S:-30}
    command -v gst-launch-1.0 >/dev/null || echo '# no GStreamer (make deps installs it): FFmpeg alone makes the media' >&3
    pairs=(plain.mp2 b3pyr.aac32 fake.aac51)
    [[ ! ${TRTC_SEED:-} ]] || mapfile -t pairs < <(bash "$tree/tests/foreign/media.bash" pairs |
        while read -r pair; do echo "$(cksum <<<"$seed $pair") $pair"; done | sort -n | head -n 4 | cut -d ' ' -f 3)
    bash "$tree/tests/foreign/media.bash" make media "${pairs[@]}"
    matrix -j 1 -s "$seed" -t "$budget_s" "$PWD"/media/*.* >found || fail "seed $seed: $(cut -c 1-300 found | tail -n 20)"
    echo "# seed $seed, ${pairs[*]}: $(tail -n 1 found)" >&3
}
