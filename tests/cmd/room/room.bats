#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room serve: streams in and out, who is there, what is told of it, who may publish.

load ../../lib
load ../../room

@test "a stream is unchanged, for readers who waited for it and for those who connect at once" {
    opened
    reading /3560/anna early.ts
    published 200 /3560/anna call.ts
    [[ $(cat answer) == '{"code":0}' ]]
    wait "$reader"
    cmp early.ts call.ts
    curl -sf -D fields "$url/3560/anna" | cmp - call.ts
    near "$(sed -n 's/^Trtc-First-Byte-Ms: \([0-9]*\).*/\1/p' fields)" "$(event 3 .EventInfo.EventMsTs)" 500
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    [[ $(event 3 .EventInfo.Source) == "$url/3560/anna" && $(event 1 .EventInfo.Source) == null ]]
    [[ $(event 5 '"\(.EventGroupId) \(.EventInfo.Reason)"') == '1 1' ]]
    [[ $(event 3 .EventGroupId) == 2 ]]
    expect 22 curl -sf "$url/3560/ben"
    closed
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
}

@test "a recording through the room equals the recording without it" {
    opened
    ffmpeg -v error -i call.ts -c copy -copyts -f mpegts -y direct.ts </dev/null
    trtc-hls -q -A 1 -R 3560 -u anna -S 1767225600000 -d straight direct.ts >/dev/null
    curl -sN "$url/3560/anna?wait=20" 3>&- | trtc-hls -q -A 1 -R 3560 -u anna -S 1767225600000 -d through >/dev/null &
    reader=$!
    ffmpeg -v error -readrate 4 -i call.ts -c copy -copyts -f mpegts -method PUT "$url/3560/anna" </dev/null
    wait "$reader"
    diff -r straight through
}

@test "presence: users, substreams, sound or picture only, and later followers learn the state first" {
    opened
    python3 "$clients" steady "$port" '/3560/anna?video=0' 40000 30 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 203 3560/anna'
    python3 "$clients" steady "$port" /3560/anna/aux 40000 30 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 203 3560/anna, 205 3560/anna'
    there '[.RoomId, .Users[0].UserId, (.Users[0].Streams[] | .MediaId, .Audio, .Video)] | join(" ")' \
        '3560 anna main true false aux true true'
    there '[.Rooms[].RoomId] | join(" ")' 3560 /
    curl -sN -m 1 "$url/events?room=3560" >late || true
    [[ $(head -n 4 late | jq -r .EventType | paste -sd' ') == '101 103 203 205' && -z $(sed -n 5p late) ]]
    curl -sN -m 1 "$url/events?room=other" >late || true
    [[ $(cat late) == '' ]]
    kill "${room_pids[-1]}"
    saw '101 3560, 103 3560/anna, 203 3560/anna, 205 3560/anna, 206 3560/anna'
    expect 22 curl -sf "$url/other"
}

@test "the newer stream of a user replaces the older" {
    opened
    python3 "$clients" steady "$port" /3560/anna 40000 30 >older 2>&1 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    reading /3560/anna older.ts
    python3 "$clients" steady "$port" /3560/anna 40000 1 3>&-
    wait "$reader"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    [[ $(event 5 .EventInfo.Reason) == 3 ]]
    told_of '3560/anna: replaced by a newer stream'
}

@test "numbered POSTs: early ones, repeated ones, the last; a page of another origin has to be allowed" {
    opened --origin http://page.example
    reading /3560/anna got.ts
    python3 "$clients" posts "$port" /3560/anna call.ts
    wait "$reader"
    cmp got.ts call.ts
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna'
    curl -s -D head -o answer -X OPTIONS -H 'Origin: http://page.example' "$url/3560/ben"
    grep -qi '^Access-Control-Allow-Origin: http://page.example' head
    curl -s -D head -o answer -X OPTIONS -H 'Origin: http://other.example' "$url/3560/ben"
    grep -q '^HTTP/1.1 403' head
}

@test "a missing POST is given up, and reported" {
    opened --idle 60s
    reading /3560/anna got.ts
    post() { curl -sf -o answer --data-binary "@$1" "$url/3560/anna?session=a&$2"; }
    split -b 4700 -a 1 call.ts p.
    post p.a seq=0
    post p.c seq=2
    post p.d 'seq=3&end=1'
    told_of '1 POSTs from number 1 on did not arrive: lost'
    wait "$reader"
    cat p.a p.c p.d | cmp - got.ts
}

@test "other containers become MPEG-TS, with everything in them" {
    opened
    for f in matroska flv mp4; do
        options=()
        [[ $f != mp4 ]] || options=(-movflags frag_keyframe+empty_moov+default_base_moof)
        ffmpeg -v error -f lavfi -i testsrc=size=64x64:rate=10 -f lavfi -i sine=sample_rate=48000 -t 2 -c:v libx264 -preset ultrafast \
            -g 10 -pix_fmt yuv420p -c:a aac -f "$f" "${options[@]}" "in.$f"
        reading "/3560/$f" "out.$f"
        published 200 "/3560/$f" "in.$f"
        wait "$reader"
        diff <(frames "in.$f" | cut -d, -f2,4) <(frames "out.$f" | cut -d, -f2,4 | sort -ru)
    done
    [[ $(head -c 1 out.mp4) == G ]]
}

@test "a publisher presents a UserSig" {
    secret=secretOfTheApplication
    echo "1400000001 $secret" >key
    opened --key-file key
    published 401 /3560/anna call.ts
    published 401 "/3560/anna?usersig=x" call.ts
    published 401 "/3560/anna?usersig=$(sig anna another)" call.ts
    published 401 "/3560/anna?usersig=$(sig ben $secret)" call.ts
    published 401 "/3560/anna?usersig=$(sig anna $secret 1400000002)" call.ts
    late=$(sig anna $secret 1400000001 1s)
    published 200 "/3560/anna?usersig=$(sig anna $secret)" call.ts
    published 200 "/3560/anna/aux?usersig=$(sig anna $secret)" call.ts
    [[ $(curl -s -o answer -w '%{http_code}' --data-binary x "$url/3560/anna?session=a&seq=0") == 401 ]]
    sleep 1.1
    published 401 "/3560/anna?usersig=$late" call.ts
    [[ ! $(grep -F "$late" told events) ]]
    chmod 644 key
    expect 77 trtc-room serve --listen 127.0.0.1:0 --key-file key
}

@test "an address that others can reach, without a key file: a note says what they can do" {
    opened --listen 0.0.0.0:0
    [[ $(tail -n 1 told) == *'anyone who can reach this address can publish'*--key-file* ]] || fail "$(cat told)"
    closed
    echo secretOfTheApplication >key
    chmod 600 key
    opened --listen 0.0.0.0:0 --key-file key
    [[ $(wc -l <told) == 1 ]] || fail "$(cat told)"
    closed
    opened
    [[ $(wc -l <told) == 1 ]] || fail "$(cat told)"
}

@test "readers on other machines present a UserSig as well, if there is a key file" {
    secret=secretOfTheApplication
    echo "$secret" >key
    # status PATH [CURL-OPTION...]: a proxy says that the reader is not here
    status() { curl -s -m 5 -o answer -w '%{http_code}' -H 'X-Forwarded-For: 192.0.2.7' "${@:2}" "$url$1" || true; }
    opened --key-file key
    curl -sf -o answer "$url/"
    published 200 "/3560/anna?usersig=$(sig anna $secret)" call.ts
    curl -sf "$url/3560/anna" | cmp - call.ts
    for path in /3560/anna /3560 / /events; do
        [[ $(status $path) == 401 ]] || fail "$path"
        [[ $(status "$path?usersig=$(sig ben another)") == 401 ]] || fail "$path"
    done
    [[ $(status "/3560/anna?usersig=$(sig ben $secret)") == 200 ]]
    cmp answer call.ts
    [[ $(status / -H 'X-Forwarded-For;' -H 'Forwarded: for=192.0.2.7') == 401 ]]
    closed
    opened --key-file key --readers signed
    expect 22 curl -sf "$url/"
    curl -sf -o answer "$url/?usersig=$(sig ben $secret)"
    closed
    opened --key-file key --readers all
    [[ $(status /) == 200 ]]
}

@test "a room is dissolved, a user removed" {
    opened
    python3 "$clients" steady "$port" /3560/anna 40000 30 2>/dev/null 3>&- &
    room_pids+=($!)
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    python3 "$clients" steady "$port" '/3560/ben?video=0' 40000 30 2>/dev/null 3>&- &
    room_pids+=($!)
    begun='101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 103 3560/ben, 203 3560/ben'
    saw "$begun"
    reading /3560/anna got.ts
    curl -sN "$url/events?room=3560" >one 3>&- & # whoever follows a room keeps it, but not against this
    room_pids+=($!)
    expect 22 curl -sf -X DELETE "$url/3560/carl"
    expect 22 curl -sf -X DELETE "$url/3560/ben/aux"
    expect 22 curl -sf -X DELETE "$url/other"
    curl -sf -o answer -X DELETE "$url/3560/ben"
    saw "$begun, 104 3560/ben"
    [[ $(event 7 .EventInfo.Reason) == 3 ]]
    curl -sf -o answer -X DELETE "$url/3560"
    saw "$begun, 104 3560/ben, 104 3560/anna, 102 3560"
    wait "$reader"
    [[ -s got.ts ]]
    expect 22 curl -sf "$url/3560"
    published 200 /3560/anna call.ts
    saw "$begun, 104 3560/ben, 104 3560/anna, 102 3560, 101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna"
    closed
    secret=secretOfTheApplication
    echo "$secret" >key
    opened --key-file key
    published 200 "/3560/anna?usersig=$(sig anna $secret)" call.ts
    expect 22 curl -sf -X DELETE "$url/3560"
    expect 22 curl -sf -X DELETE "$url/3560?usersig=$(sig anna $secret)"
    curl -sf -o answer -X DELETE "$url/3560?usersig=$(sig administrator $secret)"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
}

@test "a page of this machine may publish and read; no other one, by whatever name it comes" {
    # asks CURL-OPTION...: the status, and which origin is allowed
    asks() {
        curl -s -D head -o answer "$@" "$url/3560/anna?session=a&seq=0"
        sed -nE '1s/HTTP.1.1 ([0-9]+).*/\1/p; s/^Access-Control-Allow-Origin: ([^\r]*).*/\1/p' head | paste -sd' '
    }
    opened
    for origin in http://127.0.0.1:8081 http://localhost 'http://[::1]:3000' "$url"; do
        is="200 $origin"
        [[ $origin != "$url" ]] || is=200
        [[ $(asks -X OPTIONS -H "Origin: $origin") == "$is" ]] || fail "$origin: $(cat head)"
        [[ $(asks --data-binary @call.ts -H "Origin: $origin") == "$is" ]] || fail "$origin: $(cat head)"
    done
    for origin in null http://192.0.2.7 http://page.example http://localhost.page.example http://127.0.0.1.page.example; do
        [[ $(asks -X OPTIONS -H "Origin: $origin") == 403 ]] || fail "$origin: $(cat head)"
        [[ $(asks --data-binary @call.ts -H "Origin: $origin") == 403 ]] || fail "$origin: $(cat head)"
    done
    # a name that was bound to this address again; a picture or a script of another site
    [[ $(asks -H 'Host: page.example:8080') == 403 ]]
    [[ $(asks -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: no-cors') == 403 ]]
    [[ $(asks -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate') == 200 ]]
    [[ $(asks -H "Host: localhost:$port") == 200 ]]
    closed
    opened --base-url http://live.example
    [[ $(asks -H 'Host: live.example:8080') == 404 ]]
    [[ $(asks -H 'Host: page.example') == 403 ]]
}

@test "limits of users and rooms" {
    opened --max-users 2 --max-rooms 2 --dismiss 100ms
    for u in a b; do
        python3 "$clients" steady "$port" "/1/$u" 40000 30 >/dev/null 2>&1 3>&- &
        room_pids+=($!)
    done
    eventually there '.Users | length' 2 /1
    published 503 /1/c call.ts
    published 200 /1/a/aux call.ts
    python3 "$clients" steady "$port" /2/a 40000 30 >/dev/null 2>&1 3>&- &
    room_pids+=($!)
    eventually curl -sf -o /dev/null "$url/2"
    published 503 /3/a call.ts
    grep -q 'try again' answer
}

@test "an empty room is dismissed after a while, but not while it is followed" {
    opened --dismiss 300ms
    published 200 /1/anna call.ts
    saw '101 1, 103 1/anna, 201 1/anna, 203 1/anna, 104 1/anna, 102 1'
    curl -sN "$url/events?room=1" >one 3>&- &
    room_pids+=($!)
    sleep 0.3
    published 200 /1/anna call.ts
    sleep 0.8
    saw '101 1, 103 1/anna, 201 1/anna, 203 1/anna, 104 1/anna, 102 1, 101 1, 103 1/anna, 201 1/anna, 203 1/anna, 104 1/anna'
    there .RoomId 1 /1
}

@test "events are sent as the service's callbacks, signed" {
    echo exampleCallbackKey0123456789ABCD >key
    trtc-hook serve --listen 127.0.0.1:0 --spool S --key-file key >hooked 2>hook-told 3>&- &
    room_pids+=($!)
    listens hook-told $!
    opened --hook "$url" --hook-key-file key
    published 200 /3560/anna call.ts
    closed
    [[ $(jq -r .type hooked | paste -sd' ') == '101 103 201 203 104 102' ]]
    [[ $(jq -r .EventInfo.UserId S/new/*-103-*) == anna && $(jq .EventInfo.Source S/new/*-201-*) == null ]]
}

@test "a socket that is open already; readiness is reported" {
    python3 - <<'P' >port 2>told 3>&- &
import os, socket, subprocess
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
n.bind('notify')
n.settimeout(20)
p = subprocess.Popen('exec trtc-room serve --listen fd:3 3<&%d' % s.fileno(), shell=True, close_fds=False,
                     pass_fds=[s.fileno()], env={**os.environ, 'NOTIFY_SOCKET': os.path.abspath('notify')})
print(n.recv(100).decode(), s.getsockname()[1], p.pid, flush=True)
p.wait()
P
    room_pids+=($!)
    eventually test -s port
    read -r is port room <port
    [[ $is == READY=1 ]] || fail "$(cat port told)"
    url=http://127.0.0.1:$port
    published 200 /3560/anna call.ts
    kill -TERM "$room"
    grep -q "listening on $url/" told
    expect 64 trtc-room serve --listen fd:0
    expect 64 trtc-room serve --listen fd:x
    said 'is not a listening socket'
}

@test "errors in the command line" {
    expect 64 trtc-room serve
    expect 64 trtc-room serve --listen x
    expect 64 trtc-room serve --listen 127.0.0.1:0 x
    expect 64 trtc-room serve --listen 127.0.0.1:0 --hook ftp://a
    expect 64 trtc-room serve --listen 127.0.0.1:0 --hook-key-file key
    expect 64 trtc-room serve --listen 127.0.0.1:0 --base-url x
    expect 64 trtc-room serve --listen 127.0.0.1:0 --readers all
    expect 64 trtc-room serve --listen 127.0.0.1:0 --key-file key --readers some
    expect 66 trtc-room serve --listen 127.0.0.1:0 --key-file none
}

@test "a Source begins with --base-url" {
    opened --base-url https://live.example
    published 200 '/a%20room/anna' call.ts
    saw '101 a room, 103 a room/anna, 201 a room/anna, 203 a room/anna, 104 a room/anna'
    [[ $(event 3 .EventInfo.Source) == https://live.example/a%20room/anna ]]
}
