#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The demo of the live side, shortened: what it says, what it leaves, that it ends all it has begun.

bats_require_minimum_version 1.5.0

setup() {
    export LC_ALL=C TZ=UTC0
    tree=${BATS_TEST_DIRNAME%/tests/*}
    export B=${TRTC_B:-$tree/build}
    cd "$BATS_TEST_TMPDIR" || return
}

demo() { bash "$tree/examples/demo-live.sh" "$@"; }

# nothing_runs DIR: no process of it is left.
nothing_runs() {
    local i
    for ((i = 0; i < 100; i++)); do
        pgrep -f "$PWD/$1" >left || return 0
        sleep 0.05
    done
    ps -fp "$(paste -sd, left)"
    return 1
}

@test "a live call is recorded, each user separately and all in one picture" {
    DEMO_SECONDS=12 demo 'a demo' >out 2>err </dev/null
    [ ! -s err ] || { cat err; false; }
    cat out
    nothing_runs 'a demo'
    for line in 'room +anna enters' 'room +ben shares a screen' 'room +anna leaves' 'modify: the screen' 'each +310 MP4 made' \
        'all +310 MP4 made'; do
        grep -qE " s   .*$line" out || { echo "no $line"; false; }
    done
    # files: anna, ben, his screen, and all of them
    [ "$(grep -cE '^ +[0-9.]+ s +[0-9.]+ MB +([0-9.]+ ms|-)   [A-Za-z0-9_.-]+\.mp4$' out)" -eq 4 ]
    cd 'a demo/service/storage/demo-1400000001'
    [ "$(find . -name '*.mp4' | wc -l)" -eq 4 ]
    ffprobe -v error -show_entries stream=codec_name,width,height -of csv=p=0 */1400000001_3560.mp4 >"$BATS_TEST_TMPDIR/streams"
    [ "$(paste -sd' ' "$BATS_TEST_TMPDIR/streams")" = 'h264,640,360 aac' ]
    # callbacks in the order of the service, each task for itself
    cd "$BATS_TEST_TMPDIR/a demo"
    for task in service/tasks/*/; do
        kinds=$(jq -r --arg t "$(basename "$task")" 'select(.task == $t) | .type' callbacks.ndjson | paste -sd' ')
        [[ $kinds =~ ^301\ .*303.*307.*302.*310$ ]] || { echo "$kinds"; false; }
    done
    [ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 contact.png)" = 1904,638 ]
    # no secret is readable by others, and nothing is left lying about
    [ -z "$(find . -perm /077 ! -type l | head)" ]
    [ ! -e .stills ] && [ ! -e .streams ]
}

@test "a directory that belongs to someone else is left alone" {
    mkdir mine
    echo precious >mine/file
    run -73 demo mine
    [ "$(cat mine/file)" = precious ] && [ "$(ls -A mine)" = file ]
    DEMO_SECONDS=0 run -64 demo other
    DEMO_SECONDS=x run -64 demo other
    [ ! -e other ]
}

@test "on a terminal it runs until Ctrl-C, which ends everything" {
    [ -n "${TRTC_LONG:-}" ] || skip 'only in the long tests'
    python3 - "$tree/examples/demo-live.sh" <<'P'
import os, pty, subprocess, sys, time
master, slave = pty.openpty()
p = subprocess.Popen(['bash', sys.argv[1], 'live'], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                     preexec_fn=lambda: __import__('fcntl').ioctl(0, 0x540E, 0))
os.close(slave)
text = b''
try:
    while b'until Ctrl-C' not in text:
        text += os.read(master, 65536)
    time.sleep(1)
    os.write(master, b'\x03')
    while True:
        text += os.read(master, 65536)
except OSError:
    pass
sys.stdout.write(text.decode(errors='replace'))
sys.exit(p.wait())
P
    nothing_runs live
}
