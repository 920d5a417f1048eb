#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# trtc-put measured, called by bench.sh: an hour of 408 MB in 360 segments into an object store on loopback, beside rclone copy
# to the same store, and into a directory, beside cp. The store keeps checksums alone and checks no signature; it needs a
# processor itself. What trtc-put puts is proven: HEAD after each object; a directory is synced and read back.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/bench/bench.bash
. "$here/bench.bash"
cd "$work"
bytes=${SEGMENT_BYTES:-1133333}
export TRTC_STORAGE_ACCESS_KEY=AKIDbench TRTC_STORAGE_SECRET_KEY=benchkey
unset AWS_CA_BUNDLE

trap 'kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir in
for i in {001..360}; do head -c "$bytes" /dev/urandom >"in/s$i.ts"; done
touch -d '1 hour ago' in/*
"$B/tests/objectserver" --digests --unchecked >url 2>/dev/null </dev/null &
server=$!
started "$server" test -s url
store=$(cat url) bucket=bucket-1250000000
export RCLONE_CONFIG="$work/rclone.conf" RCLONE_CONFIG_ST_TYPE=s3 RCLONE_CONFIG_ST_PROVIDER=Other RCLONE_CONFIG_ST_REGION=ap-test
export RCLONE_CONFIG_ST_ACCESS_KEY_ID=$TRTC_STORAGE_ACCESS_KEY RCLONE_CONFIG_ST_SECRET_ACCESS_KEY=$TRTC_STORAGE_SECRET_KEY
export RCLONE_CONFIG_ST_ENDPOINT=$store RCLONE_CONFIG_ST_FORCE_PATH_STYLE=true
: >rclone.conf

# Each run finds a place where nothing is.
nb=0
fresh() {
    nb=$((nb + 1))
    rm -rf out
    sync
}
put_s3() { fresh && once trtc-put -q --to "s3://$bucket/$nb?region=ap-test" --endpoint "$store" in/*.ts; }
put_cos() { fresh && once trtc-put -q --to "cos://$bucket/$nb?region=ap-test" --endpoint "$store" in/*.ts; }
rclone_copy() { fresh && once rclone -q copy in "st:$bucket/$nb"; }
put_directory() { fresh && once trtc-put -q --to "file://$work/out" in/*.ts; }
cp_all() { fresh && once cp -r in out; }
# shellcheck disable=SC2016
cp_and_sync() { fresh && once sh -c 'cp -r in out && sync out/*'; }
# shellcheck disable=SC2016
cp_sync_and_read() { fresh && once sh -c 'cp -r in out && sync out/* && cat out/* >/dev/null'; }

if command -v rclone >/dev/null; then
    compare 'put 360 segments into a bucket' put_s3 put_cos rclone_copy
else
    compare 'put 360 segments into a bucket' put_s3 put_cos
    echo 'rclone: not installed (Debian: apt-get install rclone)'
fi
compare 'put 360 segments into a directory' put_directory cp_all cp_and_sync cp_sync_and_read
