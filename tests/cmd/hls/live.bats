#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls as a recorder of live streams: one track alone, connections that end and that break, a user who comes
# back, what a killed run leaves, playlists of a given length.

load ../../lib
load ../../hls

setup_file() {
    files_begin
    film 12 -x264-params keyint=15:min-keyint=15:bframes=2:b-adapt=0:scenecut=0 cam.ts
    # so many bytes a second that a pipe holds little of it, which nobody has received yet
    film 6 -b:v 2000k -maxrate 2000k -bufsize 1000k -x264-params nal-hrd=cbr:keyint=15:min-keyint=15:bframes=2:b-adapt=0:scenecut=0 wide.ts
}

setup() {
    test_begin
}

# ---- one track alone ----

@test "--only: the same bytes and times as with both tracks, whatever the codec of the other one" {
    local kind m
    hls 0 -d both -u 10001 -t 3 "$cam"
    for kind in audio video; do
        hls 0 -d $kind -u 10001 -t 3 --only $kind "$cam"
        quiet
        (($(wc -l <out) == $(find $kind -name "*.ts" | wc -l) * 2)) || fail "$kind: paths"
        for m in both/*_$kind*; do cmp "$m" "$kind/${m##*/}"; done
        [[ $(find $kind -type f | wc -l) -eq $(find both -name "*_$kind*" | wc -l) ]] || fail "more than the $kind"
    done
    hls 0 -d mixed -t 3 --only video --json "$cam"
    strict mixed/1400000001_3560.m3u8
    grep -qx '#EXT-X-TRTC-STREAM-TYPE:1' mixed/1400000001_3560.m3u8 || fail "not pictures alone"
    jq -es '.[] | select(.kind == "account" and .track == "audio") | .account | .left_out.unwanted == .frames_in and .unaccounted == 0' out >/dev/null || fail "account"
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=64x48:r=5:d=2 -f lavfi -i sine=d=2 -c:v libvpx-vp9 -cpu-used 8 -deadline realtime \
        -c:a libopus v.webm
    hls 0 -d opus --only audio v.webm
    said 'opus, not AAC'
    strict opus/1400000001_3560.m3u8
    hls 69 -d vp9 --only video v.webm
}

@test "--only: damage of the other track is no loss, in trtc-mix either" {
    python3 - "$cam" >holes.ts <<'P'
import sys
cam = open(sys.argv[1], 'rb').read()
packets = [cam[i:i + 188] for i in range(0, len(cam), 188)]
pictures = [i for i, p in enumerate(packets) if (p[1] & 0x5f, p[2]) == (1, 0)]
for i in reversed(pictures[10:100:9]):
    del packets[i]
sys.stdout.buffer.write(b''.join(packets))
P
    hls 3 -d picture --only video holes.ts
    said ' missing'
    hls 0 -d sound --only audio holes.ts
    quiet
    expect 0 trtc-mix --only audio -o m.mp4 a=holes.ts
    quiet
    expect 3 trtc-mix -s 64x36 -r 5 -o m.mp4 a=holes.ts
    said ' missing'
}

@test "--only without that track: 65, and nothing is made; a late track is waited for" {
    ffmpeg -nostdin -v error -i "$cam" -an -c copy silent.ts
    hls 65 -d o --only audio silent.ts
    said 'no frame of sound'
    [[ -z $(find o -type f) ]] || fail "something was made"
    # a picture from the beginning, a sound from the eighth second on
    ffmpeg -nostdin -v error -i "$cam" -itsoffset 8 -i "$cam" -map 0:v -map 1:a -c copy -t 12 late.ts
    hls 0 -d o -u 10001 --only audio <(cat late.ts)
    grep -qx '#EXT-X-TRTC-START-REC-TIME:17672256084[0-9][0-9]' o/${stem}_audio.m3u8 || fail "not at its time: $(grep START o/*.m3u8)"
}

# ---- connections ----

# listening PORT: waits until a socket (TCP, or UDP with a second argument) is there.
listening() {
    local port
    port=$(printf ':%04X' "$1")
    until grep -q "$port 00000000:0000 ${2:-0A}" /proc/net/"$([[ ${2:-} ]] && echo udp || echo tcp)"; do sleep 0.05; done
}

@test "SRT: a peer that closes the connection ends the recording (0)" {
    ffmpeg -hide_banner -protocols 2>/dev/null | grep -qw srt || skip 'no SRT here'
    local port=$((20000 + RANDOM % 10000)) status=0 pid
    timeout 20 trtc-hls -A 1400000001 -R 3560 --no-sync -d o "srt://127.0.0.1:$port?mode=listener" >out 2>err 3>&- &
    pid=$!
    listening $port 07
    ffmpeg -nostdin -v error -re -t 2 -i "$cam" -c copy -f mpegts "srt://127.0.0.1:$port" 3>&-
    wait $pid || status=$?
    ((status == 0)) || fail "status $status"
    quiet
    strict o/1400000001_3560.m3u8
}

@test "SRT: a peer that disappears breaks the connection (75); everything that arrived is recorded" {
    ffmpeg -hide_banner -protocols 2>/dev/null | grep -qw srt || skip 'no SRT here'
    local port=$((20000 + RANDOM % 10000)) status=0 pid peer
    timeout 30 trtc-hls -A 1400000001 -R 3560 --no-sync -d o "srt://127.0.0.1:$port?mode=listener" >out 2>err 3>&- &
    pid=$!
    listening $port 07
    ffmpeg -nostdin -v quiet -re -i "$cam" -c copy -f mpegts "srt://127.0.0.1:$port" 3>&- &
    peer=$!
    until [[ -n $(find o -name '.*.ts.part' -size +20k 2>/dev/null) ]]; do sleep 0.05; done
    kill -9 $peer
    wait $peer || true
    wait $pid || status=$?
    ((status == 75)) || fail "status $status"
    said 'the connection was lost'
    strict o/1400000001_3560.m3u8
}

@test "TCP: closed at its end (0), closed in the middle of a frame (3), reset (75)" {
    command -v python3 >/dev/null || skip 'no python3'
    local how want size
    size=$(stat -c %s "$cam")
    for how in end:0:$size middle:3:100100 reset:75:100100; do
        want=${how#*:}
        rm -rf o port
        python3 - "$cam" "${how%%:*}" "${how##*:}" >port 3>&- <<'P' &
import socket, struct, sys, time
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
s.settimeout(20)
c = s.accept()[0]
c.sendall(open(sys.argv[1], "rb").read(int(sys.argv[3])))
time.sleep(0.5)  # all of it is read by then
if sys.argv[2] == "reset":
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
c.close()
P
        until [[ -s port ]]; do sleep 0.05; done
        hls "${want%%:*}" -d o "tcp://127.0.0.1:$(<port)"
        wait $!
        strict o/1400000001_3560.m3u8
    done
}

@test "HLS: segments whose packets are numbered anew are complete; a packet that is missing inside one is reported" {
    command -v python3 >/dev/null || skip 'no python3'
    local status
    mkdir web
    film 2 -bf 2 -g 15 web/1.ts
    cp web/1.ts web/2.ts
    printf '%s\n' '#EXTM3U' '#EXT-X-TARGETDURATION:2' '#EXTINF:2,' 1.ts '#EXT-X-DISCONTINUITY' '#EXTINF:2,' 2.ts \
        '#EXT-X-ENDLIST' >web/list.m3u8
    python3 -u -m http.server --bind 127.0.0.1 -d web 0 >served 2>&1 3>&- &
    until grep -q 'port [0-9]' served; do sleep 0.05; done
    for status in 0 3; do
        rm -rf o
        hls $status -d o --json "http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served)/list.m3u8"
        [[ $(jq -r 'select(.kind == "account" and .track == "video") | .account.frames_out' out) == 60 ]] || fail "$(<out)"
        { head -c $((188 * 60)) web/2.ts && tail -c +$((188 * 61 + 1)) web/2.ts; } >web/1.ts
    done
    end_all $!
    said 'damaged: 1 incomplete frame '
}

@test "HLS: a segment that is stored short is reported, a pause between two and segments made one by one are none" {
    command -v python3 >/dev/null || skip 'no python3'
    local what port status want
    film 6 -bf 2 -g 15 cam.ts
    hls_of() { # DIR OPTION...
        mkdir -p "web/$1"
        ffmpeg -nostdin -v error -i cam.ts -c copy "${@:2}" -f hls -hls_time 1 -hls_list_size 0 "web/$1/a.m3u8"
    }
    packets() { head -c $((188 * ($2 - $3))) "web/whole/a$1.ts" >"web/$4/a$1.ts"; } # SEGMENT NUMBER LESS DIR
    hls_of whole
    hls_of boxes -bsf:a aac_adtstoasc -hls_segment_type fmp4
    for what in short frame last zeros early empty ad; do cp -r web/whole web/$what; done
    packets 2 $(($(stat -c %s web/whole/a2.ts) / 188)) 20 short
    packets 2 $(($(stat -c %s web/whole/a2.ts) / 188)) 1 frame
    packets 5 $(($(stat -c %s web/whole/a5.ts) / 188)) 20 last
    mkdir web/seconds # the same for all segments, in whole seconds
    ffmpeg -nostdin -v error -i cam.ts -c copy -f hls -hls_time 2 -hls_list_size 0 -hls_flags round_durations web/seconds/a.m3u8
    truncate -s $((188 * 4)) web/seconds/a2.ts
    dd if=/dev/zero of=web/zeros/a2.ts bs=188 seek=30 count=20 conv=notrunc status=none
    { head -c $((188 * 5)) web/whole/a2.ts && tail -c +$((188 * 6 + 1)) web/whole/a2.ts; } >web/early/a2.ts
    head -c $((188 * 3)) web/whole/a2.ts >web/empty/a2.ts # tables only
    packets 2 $(($(stat -c %s web/whole/a2.ts) / 188)) 100 ad
    sed -i 's/^a3.ts/#EXT-X-DISCONTINUITY\n&/' web/ad/a.m3u8 # EXTINF states that it is longer
    for what in box moof tail; do cp -r web/boxes web/$what; done
    truncate -s -59 web/box/a2.m4s
    truncate -s 300 web/moof/a2.m4s
    truncate -s 24 web/tail/a5.m4s
    mkdir web/frames
    ffmpeg -nostdin -v error -i cam.ts -vn -c copy -f segment -segment_format adts -segment_time 2 -segment_list web/frames/a.m3u8 web/frames/a%d.aac
    cp -r web/frames web/aac
    truncate -s -20 web/aac/a1.aac
    mkdir web/single web/pause web/stops
    ffmpeg -nostdin -v error -i cam.ts -c copy -f segment -segment_time 1 -segment_list web/single/a.m3u8 web/single/a%d.ts
    # both tracks pause from one segment to the next, which EXTINF includes, or does not
    ffmpeg -nostdin -v error -i cam.ts -c copy -bsf:v "setts=pts=PTS+gte(PTS\,4*90000)*90000:dts=DTS+gte(PTS\,4*90000)*90000" \
        -bsf:a "setts=ts=TS+gte(TS\,4*90000)*90000" -f hls -hls_time 1 -hls_list_size 0 web/pause/a.m3u8
    cp web/pause/*.ts web/stops
    sed 's/^#EXTINF:2.0.*/#EXTINF:1.000,/' web/pause/a.m3u8 >web/stops/a.m3u8
    cp -r web/stops web/paused # and the segment in front of the pause is short
    truncate -s $(($(stat -c %s web/stops/a3.ts) / 376 * 188)) web/paused/a3.ts
    python3 -u -m http.server --bind 127.0.0.1 -d web 0 >served 2>&1 3>&- &
    until grep -q 'port [0-9]' served; do sleep 0.05; done
    port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served)
    for what in whole boxes single pause stops frames; do
        hls 0 -d $what --json "http://127.0.0.1:$port/$what/a.m3u8"
        [[ $what == frames || $(jq -r 'select(.kind == "account" and .track == "video") | .account.frames_out' out) == 90 ]] || fail "$what: $(<out)"
    done
    for want in 'short:1 segment ends too early, where 0.' 'frame:1 segment ends within a frame' 'last:1 segment ends too early, where 0.' 'seconds:1 segment ends too early, where ' \
        'zeros:3760 bytes could not be used' 'early:at least 1 transport packet missing' 'empty:1 segment ends too early, where ' \
        'ad:1 segment ends too early, where 0.' 'box:1 segment ends within a frame' 'moof:1 segment ends within a frame' 'aac:1 segment ends within a frame' \
        'paused:1 segment ends too early, where 0.' 'tail:1 segment ends too early, where 1.0'; do
        what=${want%%:*}
        hls 3 -d $what --json "http://127.0.0.1:$port/$what/a.m3u8"
        said "damaged: ${want#*:}"
        # what follows is there
        [[ $what != box || $(jq -r 'select(.kind == "account" and .track == "video") | .account.frames_in' out) == 90 ]] || fail "$(<out)"
    done
    expect 3 trtc-mix -o short.mp4 "alice=http://127.0.0.1:$port/short/a.m3u8"
    said '1 segment ends too early, where 0.'
    end_all $!
}

# FFmpeg reports a segment that it leaves out in its log only: a version that says it in other words fails here.
@test "HLS: a segment that is missing, has no media, breaks off or expires before it is read is reported" {
    command -v python3 >/dev/null || skip 'no python3'
    local list lost
    mkdir web
    ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x120:r=10:d=6 -c:v libx264 -preset ultrafast -g 10 \
        -f hls -hls_time 1 -hls_list_size 0 web/list.m3u8
    printf 0123456789abcdef >web/key
    printf 'key\nweb/key\n' >keys
    ffmpeg -nostdin -v error -i web/list.m3u8 -c copy -f hls -hls_time 1 -hls_list_size 0 -hls_key_info_file keys web/secret.m3u8
    cat >serve.py <<'END'
import http.server, sys
lines = open('web/list.m3u8').read().split('#EXTINF')
gets = [0]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        lost, name = self.path.split('/')[1:]
        n = None
        if lost + '.ts' == name:
            return self.send_error(404)
        if name != 'list.m3u8':
            body = open('web/' + name, 'rb').read()
            n = len(body) // 376 * 188 if lost == 'cut' and name == 'list3.ts' else None
            if name == 'list3.ts':
                body = {'empty': b'', 'page': b'<html>no</html>\r\n', 'zeros': bytes(1880)}.get(lost, body)
        elif lost != 'expired':
            body = '#EXTINF'.join(lines).encode()
        else: # the first three requests see its first two segments, all others the last two
            gets[0] += 1
            first = 0 if gets[0] <= 3 else 4
            body = '#EXTINF'.join([lines[0].replace('SEQUENCE:0', 'SEQUENCE:%d' % first),
                                   *lines[first + 1:first + 3]]).encode()
        self.send_response(200)
        if lost != 'made' or name != 'list.m3u8': # a playlist made by a program, of no stated size
            self.send_header('Content-Length', len(body))
        self.end_headers()
        self.wfile.write(body[:n])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END
    python3 serve.py >port 2>served 3>&- &
    until [[ -s port ]]; do sleep 0.05; done
    for list in list secret; do # the second one is encrypted
        hls 0 -d $list --json "http://127.0.0.1:$(<port)/none/$list.m3u8"
        grep -q '"track":"video".*"frames_out":60,' out || fail "$(<out)"
    done
    hls 0 -d made "http://127.0.0.1:$(<port)/made/list.m3u8"
    for lost in list0 list3 list5 cut expired empty page zeros; do
        hls 3 -d $lost "http://127.0.0.1:$(<port)/$lost/list.m3u8"
        case $lost in # the first two see segments 0 and 1, and then 4 and 5
            expired) said '2 segments could not be fetched, or not to the end' ;;
            *) said '1 segment could not be fetched, or not to the end' ;;
        esac
        [[ $(<err) != *'faults of the container'* ]] || fail "$(<err)"
    done
    end_all $!
}

@test "HLS: a segment that is not read because no more files may be open is no loss of the input" {
    command -v python3 >/dev/null || skip 'no python3'
    need_strace
    local when
    film 4 -g 10 -f hls -hls_time 1 -hls_list_size 0 a.m3u8
    python3 -u -m http.server --bind 127.0.0.1 0 >served 2>&1 3>&- &
    until grep -q 'port [0-9]' served; do sleep 0.05; done
    for when in 2+ 2 6; do # no segment can be opened, or not the first one, or a later one
        expect 75 strace -f -qq -o trace -e trace=socket -e "inject=socket:error=EMFILE:when=$when" \
            trtc-hls -A 1400000001 -R 3560 -d "o$when" "http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\) .*/\1/p' served)/a.m3u8"
        # curl 8.23 only says that it could not connect
        said ': Too many open files' || said 'Could not connect'
    done
    end_all $!
}

@test "RTP: all of the stream, in the order of its numbers, until its sender ends; a datagram that is missing is reported" {
    command -v python3 >/dev/null || skip 'no python3'
    film 4 -b:v 80k -g 15 rtp.ts
    cat >send.py <<'END'
import glob, socket, struct, subprocess, sys, time
mode = sys.argv[1]
while True: # RTCP has the port behind
    s, t = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    try:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1] & ~1
        if port != s.getsockname()[1]:
            continue
        t.bind(('127.0.0.1', port + 1))
        break
    except OSError:
        pass
s.close(), t.close()
run = subprocess.Popen(['trtc-hls', '-A', '1400000001', '-R', '3560', '-d', mode, '--json', 'rtp://127.0.0.1:%d' % port])
while not all(':%04X ' % (port + i) in open('/proc/net/udp').read() for i in (0, 1)):
    assert run.poll() is None
    time.sleep(0.05)
ts = open('rtp.ts', 'rb').read()
rtp = [struct.pack('>BBHII', 0x80, 33, 65530 + i & 0xffff, i * 900, 1) + ts[at:at + 1316]
       for i, at in enumerate(range(0, len(ts), 1316))]
assert len(rtp) > 40, len(rtp)
rtcp = struct.pack('>BBHIIIIII', 0x80, 200, 6, 1, 0, 0, 0, 0, 0)
rtp[3], rtp[4] = rtp[4], rtp[3]   # overtaken
rtp.insert(9, rtp[8])             # repeated
rtp[20:24] = rtp[23:19:-1]
if mode == 'lost':
    del rtp[30:46]                # so many packets that the counters of some streams go on
    rtp[40:] = [d[:2] + struct.pack('>H', struct.unpack('>H', d[2:4])[0] + 5000 & 0xffff) + d[4:] for d in rtp[40:]]
bye = rtcp + struct.pack('>BBHI', 0x81, 203, 1, 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
i, behind = 0, 0
while mode == 'sound' and run.poll() is None: # G.711, which is read by FFmpeg's libraries
    behind += glob.glob('sound/*.ts*') != []
    i += 4 if behind and behind % 20 == 0 else 1
    try: # nobody listens between two looks at the first datagrams
        s.sendto(struct.pack('>BBHII', 0x80, 0, i & 0xffff, i * 160, 1) + bytes(160), ('127.0.0.1', port))
        if behind > 200:
            s.sendto(bye, ('127.0.0.1', port + 1))
    except ConnectionRefusedError:
        pass
    time.sleep(0.005)
for i, d in enumerate(rtp if mode != 'sound' else ()):
    s.sendto(d, ('127.0.0.1', port))
    if i % 16 == 0:
        s.sendto(rtcp, ('127.0.0.1', port + 1))
if mode != 'sound':
    s.sendto(bye, ('127.0.0.1', port + 1))
sys.exit(run.wait())
END
    expect 0 python3 send.py whole
    quiet
    jq -c 'select(.kind == "account")' out >account
    hls 0 -d file --json rtp.ts
    diff account <(jq -c 'select(.kind == "account")' out)
    expect 3 python3 send.py lost
    said 'faults of the container, where frames may be missing: 5016; the first: a datagram of RTP is missing'
    expect 3 python3 send.py sound
    said 'faults of the container, where frames may be missing: '
}

# ---- a user who comes back ----

# discontinuities PLAYLIST: how many; and each segment of it is there.
discontinuities() {
    local line
    while IFS= read -r line; do
        case $line in '#'*) ;; *) [[ -s ${1%/*}/$line ]] || fail "$1: no $line" ;; esac
    done <"$1"
    grep -c '^#EXT-X-DISCONTINUITY$' "$1" || true
}

# starts PLAYLIST: of its segments (ms).
starts() {
    sed -n 's/^#EXT-X-TRTC-FILE-ATTR:\([0-9]*\),.*/\1/p' -- "$1"
}

@test "--append: one playlist, a discontinuity at each break, everything at its time, old segments unchanged" {
    local list old n
    hls 0 -d o -u 10001 -t 3 --append "$cam" # nothing is there yet
    for n in 1 2; do
        cp -r o before
        expect 0 trtc-hls -A 1400000001 -R 3560 -S $((1767225600495 + n * 60000)) --no-sync -d o -u 10001 -t 3 --append "$cam"
        quiet
        for list in ${stem}_audio.m3u8 ${stem}_video.m3u8; do
            strict o/$list torn
            [[ $(tail -n 1 o/$list) == '#EXT-X-ENDLIST' && $(grep -c ENDLIST o/$list) -eq 1 ]] || fail "$list: its end"
            [[ $(discontinuities o/$list) -eq $n ]] || fail "$list: discontinuities"
            old=$(grep -vc ENDLIST before/$list)
            cmp <(head -n "$old" o/$list) <(grep -v ENDLIST before/$list) || fail "$list: what was there has changed"
            [[ $(sed -n "$((old + 1))p" o/$list) == '#EXT-X-DISCONTINUITY' ]] || fail "$list: no discontinuity behind it"
            starts o/$list | sort -c -n -u || fail "$list: not in order"
        done
        for old in before/*.ts; do cmp "$old" o/"${old##*/}"; done
        rm -r before
    done
    (($(find o -type f | wc -l) == $(cat o/*.m3u8 | grep -vc "^#") + 2)) || fail "files"
    merge 0 -f o -m 1 --json
    [[ $(wc -l <out) -eq 1 ]] || fail "not one file"
    jq -e '.start_ms == 1767225600495 and .end_ms > 1767225600495 + 131000 and .end_ms < 1767225600495 + 133000' out >/dev/null || fail "not on the clock"
}

@test "--append: mixed, classic and with other tracks; a start before the end of the recording is moved behind it" {
    hls 0 -d o -t 3 "$cam"
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225602000 --no-sync -d o -t 3 --append "$cam"
    said 's before the end of the existing recording'
    strict o/1400000001_3560.m3u8
    [[ $(discontinuities o/1400000001_3560.m3u8) -eq 1 ]] || fail "no discontinuity"
    hls 0 -d c -t 3 --tags classic "$cam"
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225700000 --no-sync -d c -t 3 --append "$cam"
    ! grep -Eq 'FILE-ATTR|TRTC-VERSION' c/1400000001_3560.m3u8 || fail "not classic any more"
    grep -qx '#EXT-X-TARGETDURATION:70' c/1400000001_3560.m3u8 || fail "another target duration"
    grep -qx '#EXT-X-TRTC-START-REC-TIME:1767225600495' c/1400000001_3560.m3u8 || fail "another start"
    # sound alone, then both, then the picture alone
    hls 0 -d p -u 10001 -t 3 --only audio "$cam"
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225700000 --no-sync -d p -u 10001 -t 3 --append "$cam"
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225800000 --no-sync -d p -u 10001 -t 3 --append --only video "$cam"
    strict p/${stem}_audio.m3u8 torn
    strict p/${stem}_video.m3u8 torn
    [[ $(discontinuities p/${stem}_audio.m3u8) -eq 1 && $(discontinuities p/${stem}_video.m3u8) -eq 1 ]] || fail "discontinuities"
    grep -qx '#EXT-X-TRTC-START-REC-TIME:17672257000[0-9]*' p/${stem}_video.m3u8 || fail "the picture's start"
    expect 64 trtc-hls -A 1 -R 1 --append --ha auto x
    echo 'no playlist' >o/1400000001_3560.m3u8
    expect_unread 65 -d o --append
    [[ $(<o/1400000001_3560.m3u8) == 'no playlist' ]] || fail "it was changed"
}

# ---- what a killed run leaves ----

# killed_live DIR OPTION...: records a call as it would come from a network into DIR/o, is killed some time, and leaves what
# had come in DIR/fed, and in DIR/early what had come a second before. Runs in the background.
killed_live() {
    exec 3>&-
    cd "$1" || return
    shift
    local pid
    mkfifo in
    ffmpeg -nostdin -v quiet -re -i "$BATS_FILE_TMPDIR/wide.ts" -c copy -pes_payload_size 0 -flush_packets 1 -f mpegts - 2>/dev/null | tee fed 2>/dev/null >in &
    trtc-hls -q -A 1400000001 -R 3560 -S 1767225600495 -t 2 -d o "$@" - <in >first 2>first.err &
    pid=$!
    sleep "$((RANDOM % 4)).$(printf %03d $((RANDOM % 1000)))"
    while kill -0 $pid 2>/dev/null && [[ ! -s fed ]]; do sleep 0.02; done
    cp fed early
    sleep 1
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    wait
}

# came DIR PLAYLIST: how many ms of the stream had come of the tracks in the playlist a second before the kill: a packet of
# sound may bring more than a second at once.
came() {
    local kind=.
    case $2 in *_audio.m3u8) kind=audio ;; *_video.m3u8) [[ -e ${2/_video/_audio} ]] && kind=video ;; esac
    [[ -s $1/packets ]] || marks --packets "$1/early" >"$1/packets" 2>/dev/null
    awk -F, -v kind="$kind" '
        $2 == "N/A" || !NF { next }
        low == "" || $2 + 0 < low { low = $2 + 0 }
        $1 ~ kind { e = $2 + ($4 == "N/A" ? 0 : $4); if (e > high[$1]) high[$1] = e }
        END {
            for (k in high) if (high[k] > most) most = high[k]
            printf "%d", most ? (most - low) * 1000 : 0
        }' "$1/packets"
}

# rescued FILE...: ms from the start of the recording to the end of what these playlists list, up to a discontinuity.
rescued() {
    cat /dev/null "$@" | awk '
        /^#EXTM3U/ { on = 1 }
        /^#EXT-X-DISCONTINUITY/ { on = 0 }
        /^#EXT-X-TRTC-FILE-ATTR:/ { split($0, a, /[:,]/); at = a[2] - 1767225600495 }
        /^#EXTINF:/ && on { sub(/^#EXTINF:/, ""); e = at + $0 * 1000; if (e > end) end = e }
        END { printf "%d", end }'
}

@test "kill -9 at any moment of a live stream: at most the last second is missing and reported, in one recording" {
    local i n=10 missing most=0 said list modes=('--append' '--ha auto') shapes=('-u 10001' '' '-u 10001 --av-merge')
    [[ ! ${TRTC_LONG:-} ]] || n=200
    for ((i = 0; i < n; i++)); do
        mkdir k$i
        # shellcheck disable=SC2086 # words are meant
        killed_live k$i ${shapes[i % 3]} 2>/dev/null &
        ((i % 5 < 4)) || wait
    done
    wait
    for ((i = 0; i < n; i++)); do
        # shellcheck disable=SC2086 # words are meant
        expect 0 trtc-hls -q -A 1400000001 -R 3560 ${shapes[i % 3]} -S $((1767225600495 + 8000)) -t 2 -d k$i/o ${modes[i % 2]} "$cam"
        said=0
        ! grep -qF 'recording that was killed; lost: ' err || said=1
        for list in k$i/o/*.m3u8; do
            strict "$list" torn
            [[ $(tail -n 1 "$list") == '#EXT-X-ENDLIST' ]] || fail "$list: no end"
        done
        [[ -z $(find k$i/o -name '.*' -type f) ]] || fail "hidden files"
        # shellcheck disable=SC2086 # words are meant
        trtc-hls -q -A 1400000001 -R 3560 ${shapes[i % 3]} -S 1767225600495 -t 2 -d k$i/ref k$i/fed >/dev/null 2>&1 || true
        # each file that is there is listed, and was told
        [[ $(cat k$i/o/*.m3u8 | grep -v '^#' | sort) == $(cd k$i/o && printf '%s\n' *.ts | sort) ]] || fail "not listed: $(diff <(cat k$i/o/*.m3u8 | grep -v "^#" | sort) <(cd k$i/o && printf "%s\n" *.ts | sort))"
        while IFS= read -r list; do
            grep -qxF "$list" k$i/first || grep -qxF "k$i/$list" out || fail "$list was not told"
        done < <(cd k$i && find o -name '*.ts')
        for list in k$i/o/14*.m3u8; do
            missing=$(came k$i "$list")
            ((!said)) || missing=$((missing - $(rescued "$list")))
            ((missing <= most)) || most=$missing
            ((!said)) || [[ -z $(comm -23 <(sed '/DISCONTINUITY/Q' "$list" | starts -) <(starts "${list/\/o\//\/ref\/}")) ]] ||
                fail "$list: begins elsewhere than without a kill: $(starts "${list/\/o\//\/ref\/}")"
            ((missing <= 100)) || fail "$list: $missing ms are missing (${shapes[i % 3]} ${modes[i % 2]})"
        done
        merge 0 -f k$i/o
        [[ $(wc -l <out) -eq 1 ]] || fail "not one file"
        muxer=framecrc plays "$(<out)"
    done
    [[ ! ${TRTC_LONG:-} ]] || echo "# $n kills: at most $most ms missing of what had come a second before" >&3
}

@test "kill -9 during a pause after a burst: the burst is recorded" {
    local pid i missing list=o/1400000001_3560.m3u8
    mkdir -p o k
    head -c 150000 "$cam" >k/fed
    cp k/fed k/early
    trtc-hls -q -A 1400000001 -R 3560 -S 1767225600495 -t 20 -d o - < <(exec 3>&-; cat k/fed; exec sleep 20) >out 3>&- &
    pid=$!
    for ((i = 0; i < 200; i++)); do
        [[ -z $(find o -name '.*_20*.ts.part' -size +0) ]] || break
        sleep 0.05
    done
    kill -9 $pid
    wait $pid || true
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225700495 --no-sync -t 20 -d o --append "$cam"
    said 'rescued 1 segment ('
    missing=$(($(came k $list) - $(rescued $list)))
    ((missing < 500)) || fail "$missing ms are missing"
    strict $list torn
}

# burst FILE OPTION...: records what comes at once, and is killed when nothing more is written.
burst() {
    local pid size before=-1 still=0
    trtc-hls -q -A 1400000001 -R 3560 -S 1767225600495 -t 3 -d o "${@:2}" - < <(exec 3>&-; cat "$1"; exec sleep 20) >/dev/null 3>&- &
    pid=$!
    while ((still < 3)); do
        kill -0 $pid || fail 'it has ended'
        sleep 0.3
        size=$(find o -type f -printf '%s\n' 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
        still=$((size && size == before ? still + 1 : 0))
        before=$size
    done
    kill -9 $pid
    wait $pid || true
}

# frames KIND FILE...: the decoding times of its packets, from that of the first picture on.
frames() {
    cat "${@:2}" | marks --packets - 2>/dev/null | awk -F, -v kind="$1" '
        $1 == "video" && zero == "" { zero = $3 }
        $1 == kind { t[n++] = $3 }
        END { for (i = 0; i < n; i++) printf "%.2f\n", t[i] - zero }'
}

@test "kill -9 while a track pauses, or arrives in large packets: frames that waited for it are recorded once, in order" {
    local src kind shape mode n list shapes=('' '-u 10001 --av-merge' '') modes=('--append' '--ha auto' '--append --tags classic')
    # pictures without sound from the second second on, sound without pictures, and sound of which a packet holds 1.4 s
    ffmpeg -nostdin -v error -i "$cam" -t 2 -i "$cam" -map 0:v -map 1:a -c copy unheard.ts
    ffmpeg -nostdin -v error -t 2 -i "$cam" -i "$cam" -map 0:v -map 1:a -c copy unseen.ts
    ffmpeg -nostdin -v error -i "$cam" -t 8 -c:v copy -c:a aac -b:a 16k large.ts
    n=0
    for src in unheard unseen large; do
        shape=${shapes[n]} mode=${modes[n++]}
        mkdir $src
        cd $src
        # shellcheck disable=SC2086 # words are meant
        burst ../$src.ts $shape
        [[ $src == large ]] || [[ -n $(find o -name '*waiting*' -size +1k) ]] || fail "$src: nothing waits on the disk: $(ls -A o)"
        # shellcheck disable=SC2086 # words are meant
        expect 0 trtc-hls -q -A 1400000001 -R 3560 $shape -S 1767225700495 -t 3 -d o $mode "$cam"
        said 'rescued '
        [[ -z $(find o -name '.*' -type f) ]] || fail "$src: hidden files"
        list=o/1400000001_3560.m3u8
        [[ ! $shape ]] || list=o/${stem}_video.m3u8
        [[ $mode == *classic ]] || strict "$list" torn
        mapfile -t seg < <(sed '/DISCONTINUITY/Q; /^#/d; s|^|o/|' "$list")
        for kind in video audio; do
            frames $kind ../$src.ts >want
            frames $kind "${seg[@]}" >got
            diff <(head -n "$(wc -l <got)" want) got >diff.txt || fail "$src: $kind: not the same: $(head diff.txt)"
            (($(wc -l <want) - $(wc -l <got) <= 2)) || # a picture may go on
                fail "$src: $kind: $(wc -l <got) of $(wc -l <want)"
        done
        merge 0 -f o -m 1
        [[ $(wc -l <out) -eq 1 ]] || fail "$src: not one file"
        muxer=framecrc plays "$(<out)"
        cd ..
    done
}

@test "kill -9 before the first frame of an announced track: the other track is recorded" {
    local shape list n
    ffmpeg -nostdin -v error -i "$cam" -itsoffset 8 -i "$cam" -map 0:v -map 1:a -c copy -t 12 late.ts
    head -c $(($(stat -c %s late.ts) / 3)) late.ts >only.ts # some 4 s, with a sound in its tables of which nothing comes
    frames video only.ts >want
    for shape in '' '-u 10001' '-u 10001 --av-merge'; do
        rm -rf o
        # shellcheck disable=SC2086 # words are meant
        burst only.ts $shape
        [[ -z $(find o -name '.*_20*.ts.part') ]] || fail "$shape: it has begun: $(ls -A o)"
        # shellcheck disable=SC2086 # words are meant
        expect 0 trtc-hls -q -A 1400000001 -R 3560 $shape -S 1767225700495 -t 3 -d o --append "$cam"
        said 'rescued 1 segment ('
        [[ -z $(find o -name '.*' -type f) ]] || fail "$shape: hidden files"
        list=o/1400000001_3560.m3u8
        [[ ! $shape ]] || list=o/${stem}_video.m3u8
        strict "$list" torn
        n=$(sed '/DISCONTINUITY/Q; /^#/d' "$list")
        frames video "o/$n" >got
        diff <(head -n "$(wc -l <got)" want) got >diff.txt || fail "$shape: not the same: $(head diff.txt)"
        (($(wc -l <want) - $(wc -l <got) <= 2)) || fail "$shape: $(wc -l <got) of $(wc -l <want)"
        grep -qx '#EXT-X-TRTC-START-REC-TIME:1767225600495' "$list" || fail "$shape: not at its time"
    done
    # behind a recording that ends later than the stream began
    rm -rf o
    hls 0 -d o -t 3 "$cam"
    burst only.ts --append
    expect 0 trtc-hls -q -A 1400000001 -R 3560 -S 1767225700495 -t 3 -d o --append "$cam"
    said 'rescued 1 segment ('
    n=$(sed '1,/DISCONTINUITY/d' o/1400000001_3560.m3u8 | sed '/DISCONTINUITY/Q; /^#/d')
    frames video "o/$n" >got
    diff <(head -n "$(wc -l <got)" want) got >diff.txt || fail "behind: not the same: $(head diff.txt)"
    (($(wc -l <want) - $(wc -l <got) <= 2)) || fail "behind: $(wc -l <got) of $(wc -l <want)"
}

@test "kill -9 with FLV whose second track has not begun, or never begins, and with bare H.264: what had come is recorded" {
    local src seg
    ffmpeg -nostdin -v error -i "$cam" -itsoffset 8 -i "$cam" -map 0:v -map 1:a -c copy -t 12 -bsf:a aac_adtstoasc late.flv
    head -c $(($(stat -c %s late.flv) / 3)) late.flv >sets.flv # it has the sound's configuration, and no sound
    ffmpeg -nostdin -v error -i "$cam" -map 0:v -c copy -t 1 none.flv
    printf '\5' | dd of=none.flv bs=1 seek=4 conv=notrunc status=none # its header promises sound
    ffmpeg -nostdin -v error -i "$cam" -map 0:v -c copy -t 1 bare.h264
    for src in sets.flv none.flv bare.h264; do
        rm -rf o
        burst $src
        expect 0 trtc-hls -q -A 1400000001 -R 3560 -S 1767225700495 -t 3 -d o --append "$cam"
        said 'rescued '
        strict o/1400000001_3560.m3u8 torn
        mapfile -t seg < <(sed '/DISCONTINUITY/Q; /^#/d; s|^|o/|' o/1400000001_3560.m3u8)
        frames video "${src/bare.h264/none.flv}" >want # the same pictures, with times
        frames video "${seg[@]}" >got
        diff <(head -n "$(wc -l <got)" want) got >diff.txt || fail "$src: not the same: $(head diff.txt)"
        (($(wc -l <want) - $(wc -l <got) <= 2)) || fail "$src: $(wc -l <got) of $(wc -l <want)"
    done
}

@test "--ha auto: pictures before the first key frame are recorded if the earlier recording has only sound at that time" {
    local start
    ffmpeg -nostdin -v error -t 4 -i "$cam" -i "$cam" -map 0:v -map 1:a -c copy -t 10 short.ts
    tail -c +$((188 * 400 + 1)) "$cam" >joined.ts
    # while there was a picture it has these pictures; later nobody has
    for start in 1767225602495:true 1767225606495:false; do
        rm -rf o
        hls 0 -d o -u 10001 -t 3 short.ts
        # what is left of a picture in front is no picture
        expect 3 trtc-hls -q -A 1400000001 -R 3560 -u 10001 -S "${start%:*}" --no-sync --ha auto -t 3 -d o --json joined.ts
        jq -es --argjson had "${start#*:}" '[.[] | select(.kind == "account" and .track == "video").account]
            | length == 1 and (.[0].left_out.twice > 0) == $had' out || fail "${start%:*}: $(grep account out)"
    done
}

@test "a live stream that is joined between key frames begins with a key frame; a file is recorded as it is" {
    local seg k
    ffmpeg -nostdin -v error -i "$cam" -c copy -f mpegts whole.ts
    for k in 41 43 47 55 71; do # in the middle of pictures, too
        trtc-hls -A 1400000001 -R 3560 -u 10001 -S 1767225600495 -t 3 -d "from$k" --no-sync - < <(exec 3>&-; tail -c +$((188 * k + 1)) whole.ts) >out 2>err || fail "$k: $(<err)"
    done
    tail -c +$((188 * 40 + 1)) whole.ts >joined.ts
    trtc-hls -A 1400000001 -R 3560 -u 10001 -S 1767225600495 -t 3 -d live --json - < <(exec 3>&-; cat joined.ts) >out 2>err
    said 'pictures before its first key frame left out'
    jq -es 'map(select(.kind == "account" and .track == "video").account)[0] | .left_out.cut > 0 and .unaccounted == 0' out >/dev/null || fail "$(grep account out)"
    seg=$(sed -n '/^[^#]/p' live/${stem}_video.m3u8 | head -n 1)
    ffprobe -v error -select_streams v -show_entries packet=flags -of csv=p=0 "live/$seg" | head -n 1 | grep -q '^K' || fail "$seg"
    merge 0 -f live -o m
    quiet
    hls 0 -d stored -u 10001 -t 3 joined.ts
    unsaid 'left out'
    merge 3 -f stored -o n
    said 'pictures before the first key frame cannot be decoded'
}

@test "setting the clock of the machine does not delay writing: no wait depends on the time of day" {
    need_strace
    strace -f -qq -o trace -e trace=futex \
        trtc-hls -q -A 1400000001 -R 3560 -d o - < <(exec 3>&-; cat "$cam"; exec sleep 0.6) >/dev/null 3>&-
    grep -q FUTEX_WAIT_BITSET trace || fail "nothing waits"
    ! grep 'CLOCK_REALTIME.*tv_sec' trace || fail "by the time of day"
}

@test "a rescue that fails for lack of resources is no loss: 74 or 75, nothing is changed, and the next run does it" {
    need_strace
    local pid call part status
    mkdir o
    trtc-hls -q -A 1400000001 -R 3560 -S 1767225600495 -t 20 -d o - < <(exec 3>&-; head -c 150000 "$cam"; exec sleep 20) >/dev/null 3>&- &
    pid=$!
    until part=$(find o -name '.*.ts.part' -size +100k) && [[ $part ]]; do sleep 0.05; done
    kill -9 $pid
    wait $pid || true
    md5sum "$part" >sum
    for call in read:EIO:74 openat:EMFILE:75 ftruncate:EIO:74 rename,renameat,renameat2:ENOSPC:75; do
        status=0
        strace -f -qq -o trace -P "$PWD/$part" -P "$part" -e "trace=${call%%:*}" -e "inject=${call%%:*}:error=$(cut -d: -f2 <<<"$call")" \
            trtc-hls -q -A 1400000001 -R 3560 -S 1767225700495 --no-sync -t 20 -d o --append "$cam" >out 2>err || status=$?
        grep -q INJECTED trace || fail "$call: nothing failed"
        [[ $status -eq ${call##*:} ]] || fail "$call: exit status $status"
        [[ $call == ftruncate* ]] || md5sum -c --quiet sum || fail "$call: it has changed"
        [[ -s $part && -z $(find o -name '*.ts' ! -name '.*') ]] || fail "$call: $(ls -A o)"
    done
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225700495 --no-sync -t 20 -d o --append "$cam"
    said 'rescued 1 segment ('
}

@test "a rescued segment with a single picture lasts as long as the pictures before" {
    local list=o/${stem}_video.m3u8 last pos
    hls 0 -d o -u 10001 -t 2 "$cam"
    last=$(sed '/^#/d' "$list" | tail -n 1)
    pos=$(ffprobe -v error -select_streams v -show_entries packet=pos -of csv=p=0 "o/$last" | grep -o '[0-9]*' | sed -n 2p)
    head -c $((pos + 188)) "o/$last" >"o/.$last.part"
    rm "o/$last"
    sed -i '/ENDLIST/d' "$list"
    sed -i "$(($(wc -l <"$list") - 2)),\$ d" "$list"
    expect 0 trtc-hls -q -A 1400000001 -R 3560 -u 10001 -S 1767225700495 -d o --append "$cam"
    said 'rescued 1 segment ('
    sed '/DISCONTINUITY/Q' "$list" >before
    [[ $(tail -n 1 before) == "$last" ]] || fail "$(cat before)"
    near "$(sed -n 's/^#EXTINF:\(.*\),$/\1/p' before | tail -n 1)" "$(ffprobe -v error -select_streams v -show_entries packet=duration_time -of csv=p=0 "$cam" | grep -o '[0-9.]*' | head -n 1)" 0.001
}

# ---- playlists of a given length ----

@test "--max-duration: numbered playlists, each complete, with every segment once and in order; --append continues the last" {
    local kind n list
    hls 0 -d whole -u 10001 -t 2 "$cam"
    hls 0 -d o -u 10001 -t 2 --max-duration 5s --json "$cam"
    quiet
    for kind in audio video; do
        for n in '' _2 _3; do
            list=o/${stem}_$kind$n.m3u8
            strict "$list"
            [[ $n == _3 ]] || awk '/^#EXTINF/ { s += substr($0, 9) } END { exit s < 3.9 || s > 6.1 }' "$list" || fail "$list: its length"
            grep -qx "#EXT-X-TRTC-START-REC-TIME:$(starts "$list" | head -n 1)" "$list" || fail "$list: its start"
            jq -es --arg p "$list" 'map(select(.path == $p)) | last | .start_ms > 0 and .duration_ms < 6100' out >/dev/null || fail "$list: told"
        done
        [[ ! -e o/${stem}_${kind}_4.m3u8 && ! -e o/${stem}_${kind}_1.m3u8 ]] || fail "more of them"
        cat o/${stem}_$kind.m3u8 o/${stem}_${kind}_2.m3u8 o/${stem}_${kind}_3.m3u8 | starts - | sort -c -n -u || fail "order"
    done
    merge 0 -f whole --json
    mv out one
    merge 0 -f o --json
    diff <(jq '[.start_ms, .end_ms]' one) <(jq '[.start_ms, .end_ms]' out) || fail "not the same file"
    # behind one that is full, and behind one that is not
    hls 0 -d m -t 2 --max-duration 6s "$cam"
    [[ $(find m -name '*.m3u8' -printf '%f\n' | sort | xargs) == '1400000001_3560.m3u8 1400000001_3560_2.m3u8' ]] || fail "$(ls m)"
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225700495 --no-sync -d m -t 2 --max-duration 6s --append --only audio "$cam"
    n=$(find m -name '*.m3u8' | wc -l)
    ((n > 3)) || fail "$(ls m)"
    expect 0 trtc-hls -A 1400000001 -R 3560 -S 1767225800495 --no-sync -d m -t 2 --max-duration 20s --append "$cam"
    [[ $(find m -name '*.m3u8' | wc -l) -eq $n && $(discontinuities m/1400000001_3560_$n.m3u8) -eq 1 ]] || fail "$n: $(ls m)"
    for list in m/*.m3u8; do strict "$list" torn; done
    expect 73 trtc-hls -A 1400000001 -R 3560 -d m "$cam"
    expect 64 trtc-hls -A 1 -R 1 --max-duration 25h "$cam"
}
