# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of trtc-put share. After lib.bash.

# put_begin: no keys and no proxies of whoever runs the tests.
put_begin() {
    umask 077
    unset TRTC_STORAGE_ACCESS_KEY TRTC_STORAGE_SECRET_KEY TRTC_STORAGE_TOKEN "${!TENCENTCLOUD_@}" SSL_CERT_FILE
    unset {http,https,all,no}_proxy {HTTP,HTTPS,ALL,NO}_PROXY
    there="file://$PWD/there"
    export there
}

# recorded DIR N: a playlist p.m3u8 and N segments s1.ts ... of a few bytes.
recorded() {
    local i
    mkdir -p "$1"
    {
        printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n'
        for ((i = 1; i <= $2; i++)); do
            printf '#EXTINF:1,\ns%d.ts\n' "$i"
            echo "segment $i of $1" >"$1/s$i.ts"
        done
        echo '#EXT-X-ENDLIST'
    } >"$1/p.m3u8"
}

# up TEXT: ./up is a program for exec: that notes what it gets in ./log, does this with file $f and key $k, and keeps a
# copy in ./kept.
up() {
    # shellcheck disable=SC2016
    printf '#!/bin/bash\nf=${@: -2:1} k=${@: -1}\n%s\necho "$k" >>log\nmkdir -p "$(dirname "./kept/$k")"\ncp -- "$f" "./kept/$k"\n' \
        "$1" >up
    chmod 700 up
}

# put STATUS OPTION...: trtc-put, with its output in ./out and ./err.
put() {
    expect "$1" trtc-put "${@:2}"
}

# same DIR DIR: the same files with the same content.
same() {
    diff -r "$1" "$2" || fail "$1 and $2 differ"
}

# printed LINE...: standard output is these lines, in any order.
printed() {
    diff <(printf '%s\n' "$@" | sort) <(sort out) || fail 'not these lines'
}

export bucket=bucket-1250000000

# serving [OPTION...]: an object store at $store, with the keys of the environment, else AKIDx and sec+ret=, which are there
# from here on. Its faults are read from ./script, its requests go to ./log, or to where $service is.
serving() {
    export TRTC_STORAGE_ACCESS_KEY=${TRTC_STORAGE_ACCESS_KEY-AKIDx} TRTC_STORAGE_SECRET_KEY=${TRTC_STORAGE_SECRET_KEY-sec+ret=}
    : >"${service:=.}/script"
    rm -f url
    objectserver --log "$service/log" --script "$service/script" --life 120 "$@" >url 2>"$service/told" </dev/null 3>&- &
    server=$!
    eventually test -s url
    store=$(<url)
}

# stop_serving: if it was.
stop_serving() {
    [[ ! ${server-} ]] || kill "$server" 2>/dev/null || true
    [[ ! ${server-} ]] || wait "$server" 2>/dev/null || true
    server=
}

# asked OPERATION: how many requests of it there were.
asked() {
    jq -s --arg o "$1" 'map(select(.operation == $o)) | length' log
}

# has KEY FILE [cos]: the store has exactly this under that key.
has() {
    local key=$1
    [[ ! $key =~ [^A-Za-z0-9._/-] ]] || key=$(jq -rn --arg k "$1" '$k | @uri | gsub("%2F"; "/")')
    [[ ${3-} ]] || key=$bucket/$key
    curl -s --path-as-is "$store/$key" | cmp - "$2" || fail "$1 is not $2"
}
