#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# trtc-hook measured, called by bench.sh: how long a callback waits for its 200 at 200 a second, and how many a second are
# taken (each on disk before it is answered), alone and with a handler; beside Debian's webhook, where it is installed, which
# runs the same program and keeps nothing. SECONDS_EACH: how long a row takes (30).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/bench.bash
. "$here/bench.bash"
each=${SECONDS_EACH:-30}
cd "$work"
umask 077
echo exampleCallbackKey0123456789ABCD >key
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

connects() { (: >"/dev/tcp/127.0.0.1/$port"); }

# up COMMAND...: a server, from here on $server.
up() {
    rm -rf S
    "$@" >lines 2>told </dev/null &
    server=$!
    started "$server" connects
}

down() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
}
trap 'down; rm -rf "$work"' EXIT

# row NAME COMMAND...
row() {
    local name=$1 paced rush rss
    shift
    up "$@"
    read -ra paced < <(python3 "$here/../serve/hookclients.py" load "$port" 200 "$((each / 3 + 1))")
    read -ra rush < <(python3 "$here/../serve/hookclients.py" load "$port" 0 "$each")
    rss=$(awk '/VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$server/status")
    down
    printf '%-44s %8s %8s %10s %8s %8s\n' "$name" "${paced[1]}" "${paced[2]}" "${rush[0]}" "$((paced[3] + rush[3]))" "$rss"
}

serve=(trtc-hook serve -q --listen "127.0.0.1:$port" --spool S --key-file key)
printf '%-44s %8s %8s %10s %8s %8s\n' "callbacks over 4 (200/s) or 8 connections" 'p50 ms' 'p99 ms' "most/s, $each s" failed 'MB'
row 'trtc-hook serve' "${serve[@]}"
row 'trtc-hook serve -- true' "${serve[@]}" --settle 0 -- true
if command -v webhook >/dev/null; then
    echo '[{"id":"cb","execute-command":"/bin/true"}]' >hooks.json
    row 'webhook, /bin/true (nothing is kept)' webhook -hooks hooks.json -ip 127.0.0.1 -port "$port" -urlprefix ''
else
    echo 'webhook: not installed (Debian: apt-get install webhook)'
fi
