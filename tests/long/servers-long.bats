#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Rooms on the servers of others: Janus with headless Chromium that publishes by WebRTC, and nginx with its RTMP module and
# ffmpeg. Each is recorded single and mixed, with picture and sound as far apart as they were sent.

load ../lib
load ../node
load ../room

# middle FILE: the offset of most of them.
middle() {
    offsets "$1" | sort -n | awk '{ a[NR] = $1 } END { if (NR) print a[int((NR + 1) / 2)] }'
}

# recording_both SOURCE: single and mixed, until the source ends or $mix is told to.
recording_both() {
    trtc-hls -q -A 1 -R 3560 -u anna --av-merge -d single "$1" >paths 2>hls-told 3>&- &
    reader=$!
    trtc-mix -q -s 320x240 -r 25 --preset ultrafast -o mixed.mp4 "anna=$1" >mix-out 2>mix-told 3>&- &
    mix=$!
    room_pids+=("$reader" "$mix")
}

# recorded_both MS: what has become of it.
recorded_both() {
    local status=0
    wait "$reader" || status=$?
    [[ $status -eq 0 || $status -eq 75 ]] || fail "trtc-hls: $status $(cat hls-told)"
    kill -TERM "$mix" 2>/dev/null || true
    wait "$mix" || true
    trtc-merge -q -f single -o out >merged || [[ $? -eq 3 ]]
    together "$(cat merged)" "$1" 3
    together mixed.mp4 "$1" 3
}

# janus: its HTTP API is at $api.
janus() {
    local lib
    lib=$(dirname "$(dirname "$(dpkg -L janus | grep libjanus_videoroom.so$)")")
    api=$(free_port)
    mkdir -p conf
    cat >conf/janus.jcfg <<C
general: {
  configs_folder = "$PWD/conf"; plugins_folder = "$lib/plugins"; transports_folder = "$lib/transports"
  events_folder = "$lib/events"; loggers_folder = "$lib/loggers"; log_to_stdout = true
}
nat: { full_trickle = true; ice_enforce_list = "lo"; ice_tcp = false }
plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_streaming.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_voicemail.so" }
transports: { disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so" }
C
    cat >conf/janus.plugin.videoroom.jcfg <<C
room-3560: { publishers = 25; secret = "secretOfTheRoom"; audiocodec = "opus"; videocodec = "h264"; h264_profile = "42e01f"; fir_freq = 2; notify_joining = true; record = false; bitrate = 600000 }
C
    cat >conf/janus.transport.http.jcfg <<C
general: { http = true; ip = "127.0.0.1"; port = $api; https = false; base_path = "/janus" }
admin: { admin_http = false }
cors: { allow_origin = "*" }
C
    command janus -F "$PWD/conf" >janus-told 2>&1 3>&- &
    room_pids+=($!)
    eventually curl -sf -o answer "http://127.0.0.1:$api/janus/info"
}

@test "Janus, and Chromium that publishes a camera by WebRTC" {
    command -v janus >/dev/null || skip 'no janus: make deps installs it'
    need_browser
    janus
    opened
    (umask 077 && echo 'secret secretOfTheRoom' >keys)
    export heard=watched
    trtc-room watch --interval 500ms --relay "$url" --secret-file keys "janus:http://127.0.0.1:$api/janus" \
        >watched 2>watch-told 3>&- &
    room_pids+=($!)
    "${browse[@]}" publish source.webm 'video/webm;codecs=h264,opus' 20 \
        call "http://127.0.0.1:$api/janus" 3560 anna >browser 2>&1 3>&- &
    browser=$!
    room_pids+=("$browser")
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    recording_both "$(event 3 .EventInfo.Source)"
    wait "$browser" || fail "$(cat browser)"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
    recorded_both "$(middle source.webm)"
    [[ ! -s watch-told ]] || fail "$(cat watch-told)"
}

# watching_nginx OPTION...: its RTMP module has an application 3560 with these options; its streams are at $rtmp, and watched.
watching_nginx() {
    local module=/usr/lib/nginx/modules/ngx_rtmp_module.so page port
    command -v nginx >/dev/null && [[ -e $module ]] || skip 'no nginx with its RTMP module: make deps installs it'
    page=$(free_port) port=$(free_port)
    rtmp=rtmp://127.0.0.1:$port
    cat >nginx.conf <<C
load_module $module;
daemon off; master_process off; pid nginx.pid; error_log error.log;
events {}
rtmp { server { listen 127.0.0.1:$port; application 3560 { live on; record off; $* } } }
http { access_log off; server { listen 127.0.0.1:$page; location /stat { rtmp_stat all; } } }
C
    nginx -p "$PWD" -c "$PWD/nginx.conf" 2>nginx-told 3>&- &
    room_pids+=($!)
    eventually curl -sf -o answer "http://127.0.0.1:$page/stat"
    export heard=watched
    trtc-room watch --interval 500ms --source "$rtmp/{room}/{user}" "nginx-rtmp:http://127.0.0.1:$page/stat" >watched 2>told 3>&- &
    room_pids+=($!)
}

@test "nginx with its RTMP module, and ffmpeg" {
    watching_nginx 'idle_streams off;'
    ffmpeg -v error "${marked[@]}" -t 16 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac source.flv
    ffmpeg -v error -re -i source.flv -c copy -f flv "$rtmp/3560/anna" 2>/dev/null </dev/null 3>&- &
    publisher=$!
    room_pids+=("$publisher")
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    recording_both "$(event 3 .EventInfo.Source)"
    wait "$publisher"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
    kill -TERM "$reader" 2>/dev/null || true # a server of RTMP says nothing of the end
    wait "$reader" || true
    recorded_both "$(middle source.flv)"
}

@test "a publisher of nginx is killed: it leaves, and what it sent is recorded" {
    watching_nginx
    ffmpeg -v error -re -stream_loop -1 -i call.ts -c copy -bsf:a aac_adtstoasc -f flv "$rtmp/3560/anna" 2>/dev/null </dev/null 3>&- &
    publisher=$!
    room_pids+=("$publisher")
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna'
    sleep 1 # longer than the page's ages are rounded by
    timeout -s TERM 8 trtc-hls -q -A 1 -R 3560 -u anna -t 2 -d rec "$(event 3 .EventInfo.Source)" >paths 3>&- || true
    [[ $(grep -c 'video.*\.ts$' paths) -ge 1 ]] || fail "$(cat paths)"
    kill -KILL "$publisher"
    saw '101 3560, 103 3560/anna, 201 3560/anna, 203 3560/anna, 104 3560/anna, 102 3560'
}
