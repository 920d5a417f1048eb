#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge over hours: sync, length and memory. Run by `make check-long`; the figures are printed.

load ../lib

setup_file() {
    files_begin
}

setup() {
    test_begin
}

teardown() {
    cd / && rm -rf "$BATS_TEST_TMPDIR"
}

# measured OPTION...: trtc-merge; its peak memory (KiB) in $rss and seconds in $took.
measured() {
    command -v time >/dev/null || skip 'no time(1)'
    expect 0 env time -f '%M %e' -o usage trtc-merge "$@"
    read -r rss took < <(tail -n 1 usage)
}

# small: the smallest user there is, 5 pictures a second.
small='size=64x48,fps=5'

@test "10 h, 50 ppm of drift, three gaps" {
    mk d --bitrate 5000 --length 36000 --user "$small,drift_ppm=50,gap=7200-7212,agap=14400-14500,gap=25000-25014" --truth d.json
    measured -f d
    figure "$rss KiB, $took s"
    look d/$first
    # 3,600 less two in the gaps; ten flashes lie where there is no sound
    [ "$(value d/$first markers) $(value d/$first missing)" = '3598 10' ]
    awk -v m="$(value d/$first max_ms)" 'BEGIN { exit !(m <= 40) }'
    figure "largest offset $(value d/$first max_ms) ms, p95 $(value d/$first p95_ms) ms at $(value d/$first markers) markers"
    lasts d/$first 36000 0.2
    figure "picture $(field d/$first v duration) s, sound $(field d/$first a duration) s"
    merge 0 -f d -m 1 -s -o s
    look s/$first
    awk -v m="$(value s/$first max_ms)" 'BEGIN { exit !(m <= 40) }'
}

@test "24 h in 8,640 segments a track, 64 open files" {
    mk m --bitrate 5000 --length 86400 --user "$small"
    [ "$(find m -name '*_video_*.ts' | wc -l)" -ge 8640 ]
    (
        ulimit -n 64
        measured -f m --report m.json
        echo "$rss $took" >figures
    )
    read -r rss took <figures
    figure "$rss KiB, $took s, $(find m -name '*.ts' | wc -l) segments"
    # from an hour to a day memory grows with the sample tables, and by less than 20 MB besides
    local day=$rss table
    table=$(jq '.outputs[0].table_bytes' m.json)
    mk h --bitrate 5000 --length 3600 --user "$small"
    measured -f h --report h.json
    table=$((table - $(jq '.outputs[0].table_bytes' h.json)))
    figure "$(((day - rss) / 1024)) MiB more than for an hour, of which $((table >> 20)) MiB are sample tables"
    [ $((day - rss - table / 1024)) -lt $((20 * 1024)) ]
    rss=$day
    plays m/$first
    lasts m/$first 86400 0.2
    # 4.05 million AAC frames and 432,000 pictures at 16 bytes are 72 MB
    [ "$rss" -lt 160000 ]
}

@test "one hour in less than 60 MB" {
    mk h --bitrate 200000 --length 3600 --user "size=320x180"
    measured -f h
    figure "$rss KiB, $took s for $(du -sm h | cut -f 1) MB"
    plays h/$first
    synced h/$first 360 40
    lasts h/$first 3600
    [ "$rss" -lt 60000 ]
}

@test "30 h across the wrap of the 33-bit clock" {
    mk w --bitrate 5000 --length 108000 --segment 60 --user "$small" --pts-start 8589384592
    measured -f w
    figure "$rss KiB, $took s"
    synced w/$first 10800 40
    figure "largest offset $(value w/$first max_ms) ms"
    lasts w/$first 108000 0.2
    ffprobe -v error -select_streams v -show_entries packet=pts -of csv=p=0 w/$first | tr -d , |
        awk 'NR > 1 && $1 - last > max { max = $1 - last } NR > 1 && $1 <= last { exit 1 } { last = $1 } END { exit max > 90000 * .25 }'
}
