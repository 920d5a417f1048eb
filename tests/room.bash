# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # url, port, room and reader are for the tests
# What the tests of trtc-room share: a server, its events as they come, publishers and readers. After lib.bash.

export clients=${tree-}/tests/serve/roomclients.py

# room_begin: the file's stream in ./call.ts, nothing running.
room_begin() {
    umask 077
    unset {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY SSL_CERT_FILE
    room_pids=()
    [[ ! -e $BATS_FILE_TMPDIR/call.ts ]] || cp "$BATS_FILE_TMPDIR/call.ts" .
}

# make_call: the stream (6 s, 30 KB), once a file.
make_call() {
    mk call --mixed --user "$(user)" --length 6 --segment 100
    mv call/*.ts call.ts
}

# What a file does that says nothing else.
setup_file() {
    files_begin
    make_call
}

setup() {
    test_begin
    room_begin
}

teardown() { room_end; }

# opened [OPTION...]: a server; its messages go to ./told. $url is its address, $port the port, $room its process. Its events
# go to ./events. It finds its programs in $room_path, or PATH. No empty room is dismissed, unless an OPTION says so.
opened() {
    : >told
    : >events
    PATH=${room_path:-$PATH} trtc-room serve --listen 127.0.0.1:0 --dismiss 1h "$@" >lines 2>told </dev/null 3>&- &
    room=$!
    room_pids+=("$room")
    listens told "$room"
    port=${url##*:}
    curl -sN "$url/events" >events 2>/dev/null 3>&- &
    room_pids+=($!)
    eventually test -s events
}

# closed [STATUS]: ends the server, which ends with that status.
closed() {
    local status=0
    kill -TERM "$room"
    wait "$room" || status=$?
    [[ $status -eq ${1:-143} ]] || fail "exit status $status: $(cat told)"
}

room_end() {
    end_all "${room_pids[@]}"
    room_pids=()
}

# publish PATH FILE [CURL-OPTION...]: the status that a PUT of the file gets.
publish() {
    curl -s -o answer -w '%{http_code}' -T - "${@:3}" "$url$1" <"$2" || true
}

# published STATUS PATH FILE [CURL-OPTION...]
published() {
    local status
    status=$(publish "${@:2}")
    [[ $status == "$1" ]] || fail "HTTP $status, not $1: $(cat answer told)"
}

# reading PATH FILE: a reader that waits for the stream; $reader is its process.
reading() {
    curl -sN -o "$2" "$url$1?wait=20" 3>&- &
    reader=$!
    sleep 0.1
}

# happened: "101 3560, 103 3560/anna ..." of what stands in ./events, or in $heard.
happened() {
    jq -r 'select(.EventType) | "\(.EventType) \(.EventInfo.RoomId)" +
        (if .EventInfo.UserId then "/" + .EventInfo.UserId else "" end)' "${heard:-events}" | paste -sd, | sed 's/,/, /g'
}

# saw TEXT: these events and no others; waits for that.
saw() {
    waited_on "${heard:-events}" has_happened "$1" || fail "not '$1' but '$(happened)': $(cat told)"
}

has_happened() { [[ $(happened) == "$1" ]]; }

# event N FILTER: of the Nth event.
event() {
    jq -c 'select(.EventType)' "${heard:-events}" | sed -n "$1p" | jq -r "$2"
}

# there FILTER EXPECTED [PATH]: of the page that says who is there.
there() {
    local is
    is=$(curl -s "$url${3:-/3560}" | jq -cr "$1")
    [[ $is == "$2" ]] || fail "'$is', not '$2'"
}

# frames FILE: how many packets each stream has, and the first times.
frames() {
    ffprobe -v error -count_packets -show_entries stream=codec_name,nb_read_packets,start_time -of csv "$1" | grep ^stream
}

# sig USER KEY [SDKAPPID] [EXPIRE]: a UserSig.
sig() {
    TRTC_SECRET_KEY=$2 trtc-rec usersig --sdkappid "${3:-1400000001}" --user "$1" --expire "${4:-1h}"
}

# Inputs of ffmpeg: a flash and a beep of 0.2 s every 2 s.
marked=(-f lavfi -i "color=black:s=160x90:r=25,drawbox=c=white:t=fill:enable='lt(mod(t,2),0.2)'"
    -f lavfi -i "aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,2),0.2)':s=48000")

# offsets FILE: how far each beep is behind its flash, in ms; flashes and beeps come every 2 s and last 0.2 s, and may be cut,
# or one of them alone, at an end.
offsets() {
    marks "$1" | awk '$3 != "-" && $1 > 0.3 && $2 > 0.3 { d = $3; while (d > 1000) d -= 2000; while (d < -1000) d += 2000; print d }'
}

# together FILE [MS [N]]: picture and sound are within 60 ms of that (0), by N of them (1).
together() {
    offsets "$1" | awk -v is="${2:-0}" -v least="${3:-1}" '
        { n++; bad += $1 - is > 60 || is - $1 > 60 } END { exit n < least || bad }' || fail "$1: $(marks "$1")"
}
