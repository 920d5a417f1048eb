# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # url and room are those of room.bash
# What the tests of trtc-task share: tasks, and what they write down. After lib.bash and room.bash.

task_begin() {
    room_begin
    task_pids=()
}

# task_end: nothing that a test started is left.
task_end() {
    end_all -TERM "${task_pids[@]}"
    task_pids=()
    room_end
}

# What a file does that says nothing else.
setup() {
    test_begin
    task_begin
}

teardown() { task_end; }

# ordered DIR RECORDPARAMS [MEMBERS]: a task in DIR, for room 3560.
ordered() {
    mkdir -m 700 "$1"
    cat >"$1/request.json" <<END
{"SdkAppId":1400000001,"RoomId":"3560","UserId":"recorder","UserSig":"***","RecordParams":{$2},
 "StorageParams":{"CloudStorage":{"Vendor":0,"Region":"r","Bucket":"b"}}${3:+,$3}}
END
}

# recording DIR [OPTION...]: trtc-task runs in the background, and follows the room, unless it ends at once; its process is
# $task, its messages go to DIR.log.
recording() {
    trtc-task "$1" --room "$url" "${@:2}" >"$1.out" 2>>"$1.log" </dev/null 3>&- &
    task=$!
    task_pids+=("$task")
    noted "$1" 'any(.EventType == 301)'
    waited is_followed_or_ended || fail "the room is not followed: $(cat "$1.log")"
}

# is_followed_or_ended: the room is followed, by a connection of what the task has started; or the task has ended.
is_followed_or_ended() {
    local child
    for child in $(pgrep -P "$task"); do
        find "/proc/$child/fd" -printf '%l\n' | sed -n 's/^socket:\[\(.*\)\]$/\1/p' | awk -v port="$(printf ':%04X$' "${url##*:}")" '
            NR == FNR { mine[$1]; next } $3 ~ port && $4 == "01" && $10 in mine { f = 1 } END { exit !f }' - /proc/net/tcp || continue
        return
    done
    ! kill -0 "$task"
}

# ended STATUS [DIR]: it ends, with this status.
ended() {
    local status=0
    wait "$task" || status=$?
    [[ $status -eq $1 ]] || fail "exit status $status, not $1: $(cat -- *.log "${2:-t}"/events.ndjson)"
}

# noted DIR FILTER: waits until the events, as an array, are so.
noted() {
    waited_on "$1/events.ndjson" jq -es "$2" "$1/events.ndjson" >/dev/null || fail "never: $2: $(cat "$1/events.ndjson" "$1.log")"
}

# stands DIR FILTER EXPECTED: of status.json; waits for that.
stands() {
    waited_on "$1/status.json" status_is "$@" || fail "$2 is not '$3': $(cat "$1"/{status.json,events.ndjson} "$1.log")"
}

status_is() { [[ $(jq -cr "$2" "$1/status.json") == "$3" ]]; }

# order TEXT [DIR]: into the task's control.
order() {
    echo "$1" >"${2:-t}/control"
}

# events [DIR]: "301 307 302 ...": their types, in order; with each LeaveCode and Status that is not 0.
events_of() {
    jq -r 'select(.EventType) | "\(.EventType)" + ((.Payload.LeaveCode // .Payload.Status // 0) |
        if . == 0 then "" else ":\(.)" end)' "${1:-t}/events.ndjson" | paste -sd' '
}

# whole DIR: the journal is numbered, ends with the end, and names each file that is there, playlists behind what they
# list, and nothing that is not.
whole() {
    local file line
    jq -es '[.[].Seq] == [range(1; length + 1)] and (.[-1] | has("End")) and ([.[] | select(has("End"))] | length == 1)' \
        "$1/events.ndjson" >/dev/null || fail "the journal: $(cat "$1/events.ndjson")"
    diff <(jq -r 'select(.File) | .File' "$1/events.ndjson" | sort -u) \
        <(cd "$1" && find files -type f | sort) || fail 'the files are not those of the journal'
    jq -r 'select(.File) | .File' "$1/events.ndjson" >"$1.listed"
    while IFS= read -r file; do
        if [[ $file == *.m3u8 ]]; then
            strict "$1/$file" torn
            while IFS= read -r line; do
                grep -qxF "files/$line" <(sed "\\|^$file\$|q" "$1.listed") || fail "$file came before $line"
            done < <(awk '/#EXTINF/ { getline; print; exit }' "$1/$file")
        fi
    done < <(sort -u "$1.listed")
}

# missing PLAYLIST...: of the time from the first to the last segment of one track, what none covers, in ms.
missing() {
    cat "$@" | awk -F '[:,]' '/FILE-ATTR/ { at = $2 } /^#EXTINF/ { printf "%.0f %.0f\n", at, at + $2 * 1000 }' | sort -n |
        awk 'NR > 1 && $1 > end { lost += $1 - end } $2 > end { end = $2 } END { printf "%d\n", lost }'
}

# recorded DIR: the length of all that is there, also of what is being written, in ms.
recorded() {
    local f
    {
        cat "$1"/files/*.m3u8 2>/dev/null | sed -n 's/^#EXTINF://p'
        for f in "$1"/files/.*.ts.part; do
            [[ ! -s $f ]] || marks --packets "$f" 2>/dev/null | awk -F , '
                $2 == "N/A" { next }
                from == "" || $2 < from { from = $2 }
                $2 + $4 > to { to = $2 + $4 }
                END { if (from != "") print to - from }'
        done
    } | awk -F , '$1 + 0 == $1 { s += $1 } END { printf "%.0f\n", s * 1000 }'
}

# goes_on DIR MS: waits until so much more is there.
goes_on() {
    local i from
    from=$(recorded "$1")
    for ((i = 0; i < 200; i++)); do
        (($(recorded "$1") < from + $2)) || return 0
        sleep 0.25
    done
    fail "it does not go on from $from ms: $(cat "$1/events.ndjson" "$1.log")"
}

# lengths DIR: how long each playlist is, in seconds, by its name without the application and room.
lengths() {
    local f
    for f in "$1"/files/*.m3u8; do
        awk -F '[:,]' -v name="${f##*_3560}" '/^#EXTINF/ { s += $2 } END { printf "%s %.1f\n", name, s }' "$f"
    done
}
