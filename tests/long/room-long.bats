#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room beside a real server: nginx with its RTMP module (Debian: nginx-light, libnginx-mod-rtmp); publishers that are
# killed over and over; hostile clients over and over.

load ../lib
load ../room

@test "nginx with its RTMP module: who publishes is seen, and recorded from its Source" {
    local module=/usr/lib/nginx/modules/ngx_rtmp_module.so page rtmp
    command -v nginx >/dev/null && [[ -e $module ]] || skip 'no nginx with its RTMP module'
    page=$(free_port) rtmp=$(free_port)
    cat >nginx.conf <<C
load_module $module;
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {}
rtmp { server { listen 127.0.0.1:$rtmp; application 3560 { live on; record off; } } }
http { access_log off; server { listen 127.0.0.1:$page; location /stat { rtmp_stat all; } } }
C
    nginx -p "$PWD" -c "$PWD/nginx.conf" 2>nginx-told 3>&- &
    room_pids+=($!)
    eventually curl -sf -o /dev/null "http://127.0.0.1:$page/stat"
    export heard=watched
    trtc-room watch --interval 200ms --source "rtmp://127.0.0.1:$rtmp/{room}/{user}" \
        "nginx-rtmp:http://127.0.0.1:$page/stat" >watched 2>told 3>&- &
    room_pids+=($!)
    ffmpeg -v error -re -stream_loop -1 -i call.ts -c copy -bsf:a aac_adtstoasc -f flv "rtmp://127.0.0.1:$rtmp/3560/anna" \
        2>/dev/null </dev/null 3>&- &
    publisher=$!
    room_pids+=("$publisher")
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    sleep 1 # longer than the page's ages are rounded by
    timeout -s TERM 8 trtc-hls -q -A 1 -R 3560 -u anna -t 2 -d rec "$(event 3 .EventInfo.Source)" >paths 3>&- || true
    [[ $(grep -c 'video.*\.ts$' paths) -ge 1 ]] || fail "$(cat paths)"
    kill -KILL "$publisher"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
}

@test "a hundred publishers are killed: each one's reader gets all, and nobody stays" {
    opened --dismiss 100ms
    for ((k = 0; k < 100; k++)); do
        curl -sN -o "got.$k" "$url/k/u$k?wait=20" 3>&- &
        reader=$!
        python3 "$clients" hold "$port" "/k/u$k" call.ts 3>&- &
        publisher=$!
        for ((i = 0; i < 500 && $(stat -c %s "got.$k" 2>/dev/null || echo 0) < $(stat -c %s call.ts); i++)); do sleep 0.01; done
        kill -KILL "$publisher"
        wait "$reader"
        cmp "got.$k" call.ts
        rm "got.$k"
    done
    eventually there '.Rooms | length' 0 /
    [[ $(happened | tr ',' '\n' | grep -c ' 103 ') -eq $(happened | tr ',' '\n' | grep -c ' 104 ') ]]
}

@test "hostile clients, over and over" {
    opened --max-connections 256 --max-users 100
    for ((k = 0; k < 20; k++)); do
        python3 "$clients" hostile "$room" "$port" call.ts || fail "$(tail -n 5 told)"
    done
    kill -0 "$room"
}
