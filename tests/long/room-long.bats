#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-room with publishers that are killed, and hostile clients, over and over.

load ../lib
load ../room

@test "a hundred publishers are killed: each one's reader gets all, and nobody stays" {
    opened --dismiss 100ms
    for ((k = 0; k < 100; k++)); do
        curl -sN -o "got.$k" "$url/k/u$k?wait=20" 3>&- &
        reader=$!
        python3 "$clients" hold "$port" "/k/u$k" call.ts 3>&- &
        publisher=$!
        eventually cmp "got.$k" call.ts
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
