#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What programs say about names and values from outside: one line, on which nothing is left that a terminal acts on.

load ../../lib
load ../../rec

setup_file() {
    files_begin
}

setup() {
    test_begin
    rec_begin
}

# What a terminal, or a reader of lines, acts on: ESC, C1, DEL, directions, separators; and bytes that are no text.
hostile=$'\e[31m\xc2\x9b2J\x7f\u202e\u2066\u2069\u200e\u200f\u061c\u2028\u2029\xff\r'

# shown COMMAND...: it says something, and nothing of that.
shown() {
    "$@" >out 2>err </dev/null || true
    [[ -s err ]] || return 0
    python3 - err <<'P' || fail "acts on a terminal: $*"
import sys
data = open(sys.argv[1], 'rb').read()
text = data.decode()
bad = [hex(ord(c)) for c in text if c != '\n' and (ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) in
       (0x61c, 0x200e, 0x200f, 0x2028, 0x2029) or 0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069)]
sys.exit(f'{bad} in {text!r}' if bad else 0)
P
    said=$((said + 1))
}

@test "control characters in names and values are escaped in every program" {
    local h=$hostile o said=0
    mkdir "d$h"
    : >"d$h/1_1__UserId_s_YQ..__UserId_e_main_audio.m3u8"
    printf '#EXTM3U\n#EXTINF:1,\n1_1%s.ts\n' "$h" >"d$h/1_1__UserId_s_Yg..__UserId_e_main_audio.m3u8"
    printf '#EXTM3U\n#EXTINF:%s,\nx.ts\n' "$h" >"d$h/1_1__UserId_s_Yw..__UserId_e_main_audio.m3u8"
    : >"d$h/1_1$h.m3u8"
    printf '{"%s":1}' "${h//[^[:print:]]/}" >bad.json
    printf '{"a":1' >"j$h"
    shown trtc-name decode "$h" "1_1_$h.ts"
    shown trtc-name encode --sdkappid 1 --room "$h" --ext "$h"
    shown trtc-layout -m "$h" -n 1
    shown trtc-layout -m custom -l "j$h" a
    shown trtc-layout -b "$h" a b
    # shellcheck disable=SC2046 # words
    shown trtc-layout $(printf "$h%s " {1..30})
    shown trtc-merge -f "$h"
    shown trtc-merge -f "d$h"
    shown trtc-merge -f "d$h" --plan
    shown trtc-merge -f "d$h" --video "$h"
    shown trtc-merge -f "d$h" -u "$h"
    shown trtc-merge "--$h"
    shown trtc-mix "$h=$h" -o o.mp4
    shown trtc-mix "d$h" -o "o$h.mp4" --watermark "$h,0,0"
    shown trtc-mix "d$h" -o "o.$h"
    shown trtc-mix "u@$h=x" -o o.mp4 --request "j$h"
    shown trtc-hls -A 1 -R 1 -d o "$h"
    shown trtc-hls -A 1 -R 1 -d o "d$h"
    shown trtc-hls -A 1 -R 1 -T "a/$h" x
    shown trtc-hls -A "$h" -R 1
    for o in describe modify wait delete files; do shown trtc-rec $o --endpoint "$h" "$h"; done
    shown trtc-rec describe --endpoint http://127.0.0.1:9 --retries 0 "$h"
    shown trtc-rec create -f "j$h"
    shown trtc-rec create --set "$h=1"
    shown trtc-rec create --region "$h" --room "$h" --sdkappid 1 --storage "j$h"
    shown trtc-rec --secret-file "$h" list
    shown trtc-rec describe --secret-file "j$h" x
    shown trtc-rec usersig --sdkappid 1400000001 --user "$h"
    shown trtc-rec "$h"
    shown trtc-hook "$h"
    shown trtc-hook decode "$h" "j$h"
    shown trtc-hook sign --key-file "$h"
    shown trtc-hook list --spool "$h"
    shown trtc-hook run --spool "d$h" "$h" -- true
    shown trtc-hook serve --listen "$h" --spool "s$h" --unsigned
    shown trtc-hook serve --listen 127.0.0.1:0 --spool "j$h" --unsigned
    shown trtc-hook serve --listen 127.0.0.1:0 --spool s --unsigned -- "$h"
    shown trtc-hook send --url "$h" "$h"
    shown trtc-room "$h"
    shown trtc-room serve --listen "$h"
    shown trtc-room serve --listen 127.0.0.1:0 "$h"
    shown trtc-room serve --listen 127.0.0.1:0 --key-file "$h"
    shown trtc-room serve --listen 127.0.0.1:0 --hook "$h"
    shown trtc-hook send --url http://127.0.0.1:9/ --fault "$h" 301
    shown trtc-hook send --url http://127.0.0.1:9/ --set "$h=1" 301
    shown trtc-put --to "$h" x
    shown trtc-put --to file:///tmp/none --root "$h" "$h"
    shown trtc-put --to "exec:$h" -p "$h" "j$h"
    shown trtc-put --storage "j$h" x
    shown trtc-put --to "exec:true" --journal "j$h" x
    ((said > 30)) || fail "only $said said anything"
}

@test "control characters in answers of the service are escaped" {
    local said=0
    serve
    script 'any - code Bad\u202e\u009b'
    request
    shown trtc-rec create -f request.json --retries 0
    script "any - code $hostile"
    shown trtc-rec create -f request.json --retries 0 -v
    ((said == 2)) || fail 'nothing was said'
}

# meant WORD COMMAND...: refused with 64 in one line, which names the option or sub-command that was meant.
meant() {
    local status=0 word=$1
    shift
    "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq 64 ] || fail "exit $status: $*"
    [ "$(wc -l <err)" -eq 1 ] || fail "not one line: $*"
    grep -qF "(is '$word' meant?); try '$1 --help'" err || fail "$word is not named: $*"
    [ ! -s out ]
}

@test "a misspelt option or sub-command: the message suggests the nearest one" {
    meant --anchor trtc-layout --ancor anna -n 1
    meant --align trtc-layout -align left -n 1
    meant --segment-time trtc-hls -A 1 -R 1 --segmenttime 5 -
    meant --room-type trtc-name decode --roomtype int
    meant encode trtc-name encdoe
    meant --output-dir trtc-merge . --outputdir x
    meant --watermark trtc-mix . -o x.mp4 --wattermark logo.png,0,0
    meant --storage trtc-rec create --storrage x
    meant describe trtc-rec descibe
    meant --journal trtc-put --to file:///x --jurnal x
    meant --spool trtc-hook serve --spol x
    meant serve trtc-hook sevre
}

@test "JSON output is UTF-8, whatever the bytes of file names" {
    local d=$'d\x85' f
    mkrec --loop --bitrate 40000 --length 1 --user size=64x36,rate=16000 "$d"
    trtc-merge -q -f "$d" -o $'o\xff' --json --report r.json >merge.json
    trtc-merge -q -f "$d" -o $'o\xff' --plan=json >plan.json
    trtc-hls -q -A 1 -R 1 -d $'h\xff' --json "$d"/*_video_*.ts >hls.json
    trtc-mix -q -s 64x36 --to +0.1 -o $'m\xff.mp4' --json --report mr.json "$d" >mix.json
    for f in *.json; do
        iconv -f UTF-8 -t UTF-8 "$f" >/dev/null || fail "$f is no UTF-8"
        jq -es 'length > 0' "$f" >/dev/null || fail "$f is no JSON"
    done
    [[ $(jq -r .path merge.json) == 'o\xFF/'* ]]
    [[ $(jq -r .path mix.json) == 'm\xFF.mp4' ]]
}

# would STATUS TEXT COMMAND...: refused in one line that has the line that would do.
would() {
    local status=0 want=$1 text=$2
    shift 2
    "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$want" ] || fail "exit $status: $*"
    [ "$(wc -l <err)" -eq 1 ] || fail "not one line: $*"
    grep -qF -- "$text" err || fail "not '$text': $*"
}

@test "what people type first: the message contains the correct command" {
    local before
    mkdir rec
    : >out
    : >err
    : >call.mp4
    echo '#EXTM3U' >list
    before=$(find . | sort)
    : >rec/1_1__UserId_s_YQ..__UserId_e_main_audio.m3u8
    would 64 "'trtc-merge DIR'" trtc-merge
    would 66 "'trtc-merge rec'" trtc-merge rec/*.m3u8
    would 64 "'trtc-mix -o FILE.mp4 DIR'" trtc-mix -o o.mp4
    would 66 "'rec', or 'USER=rec/1_1__" trtc-mix -o o.mp4 rec/*.m3u8
    would 64 "'trtc-hls -A SDKAPPID -R ROOM INPUT'" trtc-hls call.ts
    would 66 "'trtc-merge rec'" trtc-hls -A 1 -R 1 rec
    would 65 "'ls rec | trtc-name decode'" trtc-name decode rec
    would 64 "'trtc-rec list'" trtc-rec describe
    would 64 encode trtc-name
    would 64 "'trtc-name decode rec/1_1.m3u8'" trtc-name rec/1_1.m3u8
    would 64 "'-o o.mp4' writes this file" trtc-mix rec o.mp4
    would 64 "'trtc-mix -o FILE.mp4 INPUT...'" trtc-mix rec
    would 64 "'x.mp4': --still makes one picture, as .png" trtc-mix --still +1 -o x.mp4 rec
    would 65 'trtc-merge and trtc-mix read the directory' trtc-hls -A 1 -R 1 list
    would 66 "'trtc-merge DIR' merges" trtc-merge call.mp4
    would 64 "'trtc-put --to file:///DIR PATH'" trtc-put call.mp4
    would 64 "'?region=R', such as ?region=ap-singapore" trtc-put --to cos://b-1 call.mp4
    would 64 "--room: 'foo': a SOURCE is http://HOST:PORT" trtc-task --room foo rec
    would 64 "--room: 'foo': a SOURCE is http://HOST:PORT" trtc-recd --room foo --data rec
    would 66 'list: it is a file: give the directory that has request.json in it' trtc-task list
    would 66 "'USER=call.mp4' mixes it" trtc-mix -o o.mp4 call.mp4
    rm rec/*.m3u8
    [ "$(find . | sort)" = "$before" ] || fail 'something was made'
}

# told STATUS TEXT COMMAND...: one line that holds the text.
told() {
    local status=$1 text=$2
    shift 2
    expect "$status" "$@"
    said "$text"
    [[ $(wc -l <err) -eq 1 ]] || fail "more than a line: $*"
}

@test "a usage error states what would be right" {
    local list e
    mkrec --loop --bitrate 40000 --length 2 --user size=64x36,rate=16000 room/a
    list=$(echo room/a/*_audio.m3u8)
    # a file, a playlist, an address for a directory
    told 66 "it is a file: 'trtc-merge room/a' merges its directory" trtc-merge -f "$list" -o o
    : >x.TS
    told 66 "it is a file: 'trtc-merge .' merges its directory" trtc-merge -f x.TS -o o
    told 66 'https://h: it is an address: give the directory' trtc-merge -f 'https://h/x.m3u8?sign=secret' -o o
    told 66 "room/request.json is missing; 'trtc-task --help'" trtc-task room
    printf '[app 1]\nsecret_id = a\nsecret_key = b\n[room]\nsource = foo\n' >recd.ini
    chmod 600 recd.ini
    told 65 'recd.ini: it is not below --root room/a' trtc-put --to "file://$PWD/copy" --root room/a recd.ini
    told 65 'give it with --sdkappid N' trtc-rec create
    told 65 'give it with --room R' trtc-rec create --sdkappid 1
    told 65 'give it with --mode single or --mode mixed' trtc-rec create --sdkappid 1 --room 1
    told 65 'give it with --storage FILE' trtc-rec create --sdkappid 1 --room 1 --mode single
    told 78 "[room] source: 'foo': a SOURCE is" trtc-recd --config recd.ini --data service
    # a user who is not there, a directory for the output
    told 66 "no recording of user 'bo'; 'trtc-merge --plan room/a' prints the users" trtc-merge -u bo room/a
    expect 66 trtc-merge --plan room/a out.mp4
    said "No such file or directory; '-o out.mp4' writes the files there"
    expect 0 trtc-merge --plan -o out.mp4 room/a
    said '-o out.mp4: this becomes a directory'
    expect 65 trtc-mix --subscribe bo -o m.mp4 room/a
    said "'bo' is in a list of users, but no user here has that id"
    unsaid secret
    expect 66 trtc-mix -o m.mp4 "$list"
    said "$list: it is a file: give its directory, 'room/a', or 'USER=$list'"
    expect 66 trtc-mix -o m.mp4 'https://h/x.m3u8?sign=secret'
    said 'https://h: it is an address: give the directory that its files were downloaded to, or '\''USER=https://h'\'
    unsaid secret
    request
    told 66 "is a file: give the directory" trtc-rec files --offline --check "$list" -f request.json T
    # a directory above the recordings
    told 66 'room: contains no recordings; --recursive searches its subdirectories too' trtc-merge -f room
    mkdir empty
    told 66 'empty: contains no recordings' trtc-merge -f empty
    unsaid recursive
    expect 66 trtc-mix -o m.mp4 room
    said 'room: contains no playlists; give one of its directories'
    # formats
    for e in avi mov webm flv; do
        told 64 "'m.$e': the formats are .mp4, .mkv and .ts; --format takes any name" trtc-mix -o m.$e room/a
    done
    told 64 "'s.jpg': a picture is made as .png" trtc-mix --still +1 -o s.jpg room/a
    expect 0 trtc-mix -q -s 64x36 --to +0.1 --format ts -o m.avi room/a
    expect 0 trtc-mix -q -s 64x36 --to +0.1 -o d.x/m room/a
    [[ $(find . -name 'm.*' -o -name 's.*') == ./m.avi ]]
    # ranges
    told 64 "-p: 'abc' is not a whole number from 5 to 120" trtc-merge -f room/a -p abc
    told 64 "--fps: 'abc' is not a whole number from 1 to 60" trtc-mix --fps abc -o m.mp4 room/a
    # a variable that is not set
    for e in 'merge' 'mix -o m.mp4' 'hls -A 1 -R 1'; do
        # shellcheck disable=SC2086 # words are meant
        told 64 'argument 1 is empty: is a variable not set?' trtc-$e ''
    done
    # a time at which nobody is there
    told 65 '--still: the time is outside of the mix, which lasts from 2026-01-01T00:00:00.495Z to 2026-01-01T00:00:02.' trtc-mix --still +60 -o s.png room/a
    told 65 '--still: the time is outside of the mix' trtc-mix --still 2025-12-31T23:59:59Z -o s.png room/a
    [[ ! -e s.png ]]
}

@test "an empty value is refused, and a value is named with its option" {
    local e
    mkdir room store task
    echo '{' >task/request.json
    for e in 'merge -f' 'merge --report' 'mix -o' 'mix --report' 'hls -A 1 -d' 'hls -A 1 -R' 'hls -A 1 -R 1 -u' 'layout -l' \
        'put --to file:///x --journal' 'put --to' 'rec create --storage' 'rec files x --check' 'hook serve --spool' \
        'hook gc --task' 'room watch --room' 'room serve --origin' 'task room --uploader' 'recd --launch' 'recd --data'; do
        # shellcheck disable=SC2086 # words are meant
        told 64 "${e##* }: the value is empty: is a variable not set?" trtc-$e ''
    done
    told 64 'argument 1 is empty: is a variable not set?' trtc-task ''
    told 65 "'': it is not a file" trtc-put --to file:///x '' # the others are put
    for e in nowhere :80 1.2.3.4 [::1 1.2.3.4:70000 host.example:80; do
        told 64 "--listen: '$e' is not " trtc-hook serve --spool spool --unsigned --listen "$e"
        told 64 "--listen: '$e' is not " trtc-room serve --listen "$e"
    done
    for e in app.example https:// https://app.example/ https://app.example/room; do
        told 64 "--origin: '$e' is not https://HOST[:PORT] without a path" trtc-room serve --listen 127.0.0.1:0 --origin "$e"
    done
    told 75 'http://127.0.0.1:1: ' trtc-room watch --once http://127.0.0.1:1
    told 75 'http://127.0.0.1:1: ' trtc-room watch --once nginx-rtmp:http://127.0.0.1:1/stat
    told 65 'task/request.json: not JSON' trtc-task task
    echo '{"SecretKey":"x"}' >task/request.json
    told 77 'task/request.json: the request contains a secret' trtc-task task
    told 64 "--progress: unknown value 'x': expected json;" trtc-merge --progress x room
    told 64 "--split-time: '0' is not within 1s to 315360000s" trtc-merge --split-time 0 room
    told 64 "--from: 'x' is not a time: give epoch milliseconds, 17 digits (20260120113022495) or RFC 3339, or +SECONDS from the beginning;" \
        trtc-mix --from x -o m.mp4 room
    mkrec --loop --bitrate 40000 --length 1 --user id=u,kinds=a one
    told 66 "no mixed recording, which is what -u '' selects" trtc-merge -u '' one
    # the name that was given, and not that of a temporary file
    told 73 "cannot create 'nowhere/r.json': No such file" trtc-merge --report nowhere/r.json one
}

@test "a mix is not written onto a terminal, and a stream is not read from one" {
    mkrec --loop --bitrate 40000 --length 1 --user size=64x36,rate=16000 room
    python3 - <<'P'
import os, pty, subprocess
master, slave = pty.openpty()
for more in ['--to', '+0.1'], ['--still', '+0.1']:
    p = subprocess.run(['trtc-mix', '-s', '64x36', *more, '-o', '-', 'room'], stdout=slave, stderr=subprocess.PIPE, text=True)
    assert p.returncode == 64 and 'standard output is a terminal' in p.stderr, p
p = subprocess.run(['trtc-hls', '-A', '1', '-R', '1'], stdin=slave, stderr=subprocess.PIPE, text=True, timeout=20)
assert p.returncode == 64 and 'no INPUT: standard input is a terminal' in p.stderr, p
os.set_blocking(master, False)
try:
    assert not os.read(master, 1)
except BlockingIOError:
    pass
P
}
