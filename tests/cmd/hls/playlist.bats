#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-hls as a recorder of an HLS playlist that grows, from servers that fail for a while or begin anew.

load ../../lib
load ../../hls

setup_file() {
    files_begin
}

setup() {
    test_begin
}

# A server whose playlists grow by one segment of 0.2 s with each request, from 4 to 20; how they fail is the
# first part of their path. Sets port and server.
serve() {
    mkdir web
    ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x120:r=25:d=4 -f lavfi -i sine=r=48000:d=4 -c:v libx264 \
        -preset ultrafast -g 5 -c:a aac -f hls -hls_time 0.2 -hls_list_size 0 web/live.m3u8
    cat >serve.py <<'END'
import http.server, sys, time
segs = open('web/live.m3u8').read().replace('#EXT-X-ENDLIST\n', '').split('#EXTINF')[1:]
gets, early = {}, set()
def listed(mode, at):
    end = min(at, 20)
    if mode == 'behind' and at % 2 == 1: # another server answers
        end -= 2
    first = max(0, end - 8)
    some, number, longest = segs[first:end], first, 1
    if mode == 'numbers' and at <= 10 or mode == 'again' and at <= 10 or mode == 'ahead' and at > 10:
        number += 100
    if mode == 'again' and at > 10:
        some, number = segs[max(0, end - 18):end - 10], max(0, end - 18)
    if mode == 'still':
        some, number, at = segs, None, 0
    if mode == 'growing': # a list of all segments, of which each may last 10 s
        some, number, longest = segs[:end - 10 * (at > 10)], None, 10
    return ('#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n' % longest
            + ('' if number is None else '#EXT-X-MEDIA-SEQUENCE:%d\n' % number)
            + ''.join('#EXTINF' + s for s in some) + ('#EXT-X-ENDLIST\n' if at >= 20 else '')).encode()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        mode, name = self.path.split('/')[1:]
        is_list = name == 'live.m3u8'
        at = gets[mode] = gets.get(mode, 3) + is_list
        late = is_list and 10 < at <= 13
        if mode == 'error' and late or mode == 'gone' and is_list and at > 10:
            return self.send_error(503)
        if mode == 'stalls' and (is_list and at > 10 or name == 'live5.ts'):
            self.send_response(200)
            self.send_header('Content-Length', 1000)
            self.end_headers()
            self.wfile.write(open('web/' + name, 'rb').read(188))
            self.wfile.flush()
            return time.sleep(600)
        if mode == 'early' and not is_list and name not in early: # it is listed a little too early
            early.add(name)
            return self.send_error(404)
        if name == 'master.m3u8': # the names of its playlists are not those of playlists, and only one is followed
            body = b''.join(b'#EXT-X-STREAM-INF:BANDWIDTH=1000000\nlist\n' for k in range(2))
            body = b'#EXTM3U\n' + body.replace(b'list', b'list1', 1)
        elif is_list or name.startswith('list'):
            gets[mode] += not is_list
            body = listed('numbers' if mode == 'master' else mode, gets[mode])
        else:
            body = open('web/' + name, 'rb').read()
        if mode == 'page' and late:
            body = b'<html>busy</html>\n'
        self.send_response(200)
        if mode != 'unsized' or not is_list:
            self.send_header('Content-Length', len(body))
        self.end_headers()
        self.wfile.write(body[:len(body) * 4 // 5] if mode == 'cut' and late else body)
http.server.ThreadingHTTPServer.daemon_threads = True
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
END
    python3 serve.py >port 2>served 3>&- &
    server=$!
    until [[ -s port ]]; do sleep 0.05; done
    port=$(<port)
}

# record MODE [LIST]: leaves MODE.status, and the number of pictures in MODE.pictures.
record() {
    local status=0
    trtc-hls -A 1400000001 -R 1 -d "$1" --json "http://127.0.0.1:$port/$1/${2:-live.m3u8}" >"$1.out" 2>"$1.err" </dev/null || status=$?
    echo "$status" >"$1.status"
    jq -r 'select(.kind == "account" and .track == "video") | .account.frames_out' "$1.out" >"$1.pictures"
}

@test "a playlist that cannot be fetched for a while, or numbers its segments anew, is followed" {
    command -v python3 >/dev/null || skip 'no python3'
    local mode pids=()
    serve
    for mode in error page cut unsized behind numbers ahead again growing early; do
        record $mode 3>&- &
        pids+=($!)
    done
    record master master.m3u8 3>&-
    wait "${pids[@]}"
    for mode in error page cut unsized behind numbers ahead again growing early master; do
        [[ $(<$mode.status) == 0 ]] || fail "$mode: $(<$mode.status): $(<$mode.err)"
        # it begins with the third segment from the end of the list that comes first
        [[ $(<$mode.pictures) -ge 90 && $(<$mode.pictures) -le 100 ]] || fail "$mode: $(<$mode.pictures) pictures"
    done
    grep -q 'not recorded' master.err || fail "$(<master.err)"
    end_all $server
}

@test "a playlist that cannot be fetched any more: the stream has broken off; a signal ends the waiting" {
    command -v python3 >/dev/null || skip 'no python3'
    local pid status=0
    serve
    trtc-hls -A 1400000001 -R 1 --json "http://127.0.0.1:$port/gone/live.m3u8" >out 2>err </dev/null 3>&- &
    pid=$!
    until [[ $(grep -c 'gone/live.m3u8' served) -gt 9 ]]; do sleep 0.1; done
    [[ ${TRTC_LONG:-} ]] || kill $pid
    wait $pid || status=$?
    if [[ ${TRTC_LONG:-} ]]; then
        [[ $status == 75 ]] || fail "$status: $(<err)"
        said 'its playlist can no longer be fetched'
    else
        [[ $status == 143 ]] || fail "$status: $(<err)"
        said 'the 2 segments before the last three that it listed at first are not recorded'
        [[ $(wc -l <err) == 1 ]] || fail "$(<err)"
    fi
    grep -qE '"track":"video".*"frames_in":(39|40),' out || fail "$(<out)"
    end_all $server
}

@test "a playlist without an end that does not grow: its last three segments, and the stream has broken off" {
    [[ ${TRTC_LONG:-} ]] || skip 'takes minutes'
    command -v python3 >/dev/null || skip 'no python3'
    serve
    expect 75 trtc-hls -A 1400000001 -R 1 --json "http://127.0.0.1:$port/still/live.m3u8"
    said 'the 17 segments before the last three that it listed at first are not recorded'
    said 'its playlist has no #EXT-X-ENDLIST, and does not grow any more'
    grep -q '"track":"video".*"frames_out":15,' out || fail "$(<out)"
    end_all $server
}

@test "a server that stops answering is given up after a minute, for a segment and for the playlist" {
    [[ ${TRTC_LONG:-} ]] || skip 'takes minutes'
    command -v python3 >/dev/null || skip 'no python3'
    serve
    expect 75 trtc-hls -A 1400000001 -R 1 --json "http://127.0.0.1:$port/stalls/live.m3u8"
    said 'its playlist can no longer be fetched'
    said '1 segment could not be fetched, or not to the end'
    end_all $server
}
