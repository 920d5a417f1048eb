# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of a machine that fails share: a short run of each program and form of output. After lib.bash and
# rec.bash.

# smoke_begin: what the runs read, in $BATS_FILE_TMPDIR.
smoke_begin() {
    mkrec --loop --bitrate 40000 --length 2 --segment 1 --user size=64x36,rate=16000 rec
    ffmpeg -nostdin -v error -y -f lavfi -i color=red:s=16x16 -frames:v 1 w.png
    ffmpeg -nostdin -v error -y -f lavfi -i sine=r=16000:d=1 -c:a mp2 s.mp2
    trtc-layout -n 3 -f api >list.json
    cp "$(segment rec video 0)" v.ts
    rec_begin
    export TRTC_STORAGE_ACCESS_KEY=AKIDmadeup TRTC_STORAGE_SECRET_KEY=madeup
    serve
    request
    created
    sed 's/"recorder"/"other"/' request.json >other.json # a robot of the same name would end the first task
    sed 's/"recorder"/"third"/; s/^{/{"action":"create",/' request.json | tr -d '\n' >batch.json
    echo '1400000001 made-up' >key
    chmod 600 key
    mkdir -m 700 -p spool/{tmp,new,done,failed,head,gone}
    cp "$tree/tests/data/callbacks/310.json" spool/new/1767225600000-310-0123456789abcdef.json
    objectserver ${TRTC_LONG:+--life 7200} >objects 2>/dev/null 3>&- </dev/null &
    servers+=($!)
    until [[ -s objects ]]; do sleep 0.05; done
    objects=$(<objects)
    export task objects
}

smoke_end() {
    rec_end
}

all_smokes=(name-encode name-decode layout layout-json layout-svg layout-filter layout-api layout-custom
    merge merge-json merge-report merge-plan merge-plan-json merge-plan-svg merge-split merge-encode
    hls hls-json hls-encode mix mix-json mix-ts mix-mkv mix-still mix-marks
    put-directory put-cos put-s3
    hook-sign hook-decode hook-list
    rec-dry rec-usersig rec-skeleton rec-create rec-list rec-describe rec-modify rec-files rec-wait rec-batch)

# smoke NAME: puts into $cmd what makes everything in ./o, and into $in what it reads.
smoke() {
    local at=$BATS_FILE_TMPDIR
    local merge=(trtc-merge -j 1 -f "$at/rec" -o o) mix=(trtc-mix -s 64x36 -r 5 --to +0.6)
    local hls=(trtc-hls -A 1400000001 -R 3560 -S 1767225600495 -d o -t 1)
    in=/dev/null
    case $1 in
    name-encode) cmd=(trtc-name encode --sdkappid 1 --room ab --user x --media main --type audio --ext m3u8) ;;
    name-decode) cmd=(trtc-name decode --json 1_1.m3u8 T/1_1__UserId_s_YQ..__UserId_e_main_audio.m3u8) ;;
    layout) cmd=(trtc-layout a b c) ;;
    layout-custom) cmd=(trtc-layout -m custom -l "$at/list.json" -f json a b) ;;
    layout-*) cmd=(trtc-layout -f "${1#*-}" a b c) ;;
    merge) cmd=("${merge[@]}") ;;
    merge-json) cmd=("${merge[@]}" --json) ;;
    merge-report) cmd=("${merge[@]}" --report -) ;;
    merge-plan) cmd=("${merge[@]}" --plan) ;;
    merge-plan-*) cmd=("${merge[@]}" --plan="${1##*-}") ;;
    merge-split) cmd=("${merge[@]}" --split-time 1) ;;
    merge-encode) cmd=("${merge[@]}" -p 5 -r 32x18 --audio encode) ;;
    hls) cmd=("${hls[@]}" -u 10001 "$at/v.ts") ;;
    hls-json) cmd=("${hls[@]}" --json "$at/v.ts") ;;
    hls-encode) cmd=("${hls[@]}" -u 10001 "$at/s.mp2") ;;
    mix) cmd=("${mix[@]}" -o o/m.mp4 "$at/rec") ;;
    mix-json) cmd=("${mix[@]}" --json -o o/m.mp4 "$at/rec") ;;
    mix-ts) cmd=("${mix[@]}" -o - "$at/rec") ;;
    mix-mkv) cmd=("${mix[@]}" -o o/m.mkv "$at/rec") ;;
    mix-still) cmd=(trtc-mix -s 64x36 --still +0.5 -o o/m.png "$at/rec") ;;
    mix-marks) cmd=("${mix[@]}" --text 'hi,2,2' --watermark "$at/w.png,0,0" -o o/m.mp4 "$at/rec") ;;
    hook-sign)
        cmd=(trtc-hook sign --key-file "$at/key")
        in=$tree/tests/data/callbacks/310.json
        ;;
    hook-decode) cmd=(trtc-hook decode "$tree/tests/data/callbacks/310.json") ;;
    hook-list) cmd=(trtc-hook list --spool "$at/spool") ;;
    put-directory) cmd=(trtc-put -j 1 --root "$at" --to "file://$PWD/o" "$at/v.ts") ;;
    put-cos) cmd=(trtc-put -j 1 --retries 0 --root "$at" --to 'cos://bucket-1250000000?region=r' --endpoint "$objects" "$at/v.ts") ;;
    put-s3) cmd=(trtc-put -j 1 --retries 0 --root "$at" --to 's3://bucket-1250000000?region=r' --endpoint "$objects" "$at/v.ts") ;;
    rec-dry) cmd=(trtc-rec create --dry-run -f "$at/request.json") ;;
    rec-usersig) cmd=(trtc-rec usersig --sdkappid 1400000001 --user recorder --json) ;;
    rec-skeleton) cmd=(trtc-rec create --skeleton) ;;
    rec-create) cmd=(trtc-rec create --retries 0 -f "$at/other.json") ;;
    rec-list) cmd=(trtc-rec list --json) ;;
    rec-modify) cmd=(trtc-rec modify --retries 0 --subscribe bob "$task") ;;
    rec-wait) cmd=(trtc-rec wait --retries 0 --for recording --json "$task") ;;
    rec-batch)
        cmd=(trtc-rec batch --retries 0)
        in=$at/batch.json
        ;;
    rec-*) cmd=(trtc-rec "${1#*-}" --retries 0 "$task") ;;
    *) fail "no $1" ;;
    esac
}
