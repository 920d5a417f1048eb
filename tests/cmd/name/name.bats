#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-name: options, both directions, bad names and objects, exit status, and the pipelines of its page.

bats_require_minimum_version 1.5.0
load ../../stack

U=__UserId_s_
E=__UserId_e_
UTC=20260120113022495
TS=P/T/1400000001_3560${U}MTAwMDE.${E}main_video_$UTC.ts

setup() {
    export LC_ALL=C TZ=UTC0
    cd "$BATS_TEST_TMPDIR" || return
}

# expect STATUS STDOUT STDERR COMMAND...: all three as they are, byte for byte but for a last newline.
expect() {
    local status=0
    "${@:4}" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$1" ] || fail "exit status $status, not $1"
    [ "$(cat out)" = "$2" ] || fail "stdout differs from: $2"
    [ "$(cat err)" = "$3" ] || fail "stderr differs from: $3"
}

fail() {
    echo "$1"
    echo "stdout: $(head -c 2000 out)"
    echo "stderr: $(head -c 2000 err)"
    return 1
}

# usage_error TEXT COMMAND...: exit 64, one line that holds TEXT and says where to look.
usage_error() {
    local status=0
    "${@:2}" >out 2>err </dev/null || status=$?
    [ "$status" -eq 64 ] || fail "exit status $status, not 64"
    [ ! -s out ] || fail "something on stdout"
    [ "$(wc -l <err)" -eq 1 ] || fail "not one line"
    grep -qF -- "$1" err || fail "no '$1'"
    grep -q "^trtc-name: .*; try 'trtc-name --help'$" err || fail "no prefix, or no hint"
}

# names N: N names of all forms, with users that are not UTF-8 among them. (%.0f: some awks print large
# numbers with an exponent.)
names() {
    awk -v n="$1" 'BEGIN {
        srand(7)
        split("MTAwMDE. dGVhY2hlcisx c3ViamVjdHM- Pj4+ w7-Dv8O- 6ICB5biI ---- AA.. -w.. X19Vc2VySWRfZV8. bXkiaWRcCg..", id, " ")
        split("3560 1 4294967295 0000 12345678 MTIz 6ICB5biI ----", room, " ")
        split("|T/|P/T/|./|//T/|a//b/-T..|/abs/x y/T/", dir, "|")
        for (i = 0; i < n; i++) {
            ext = int(rand() * 3)
            s = dir[int(rand() * 6) + 1]
            if (s != "" && s !~ /\/$/) s = s "/"
            if (ext < 2 && rand() < .3) s = s "ha" int(rand() * 3 + 1) "_"
            s = s sprintf("%.0f_", rand() * 4294967295) room[int(rand() * 8) + 1]
            if (rand() < .7) {
                s = s "__UserId_s_" (rand() < .1 ? "" : id[int(rand() * 11) + 1]) "__UserId_e_" (rand() < .5 ? "main" : "aux")
                if (ext < 2) s = s (rand() < .5 ? "_audio" : "_video")
            }
            if (ext == 1) s = s sprintf("_20260%d%02d%02d%02d%02d%03d", rand() * 9 + 1, rand() * 28 + 1, rand() * 24, rand() * 60, rand() * 60, rand() * 1000)
            else if (rand() < .5) s = s "_" int(rand() * 99 + 1)
            print s (ext == 0 ? ".m3u8" : ext == 1 ? ".ts" : ".mp4")
        }
    }'
}

@test "decode: the ten forms of the specification, and the further ones" {
    local s=1400000001_3560 u=1400000001_3560${U}MTAwMDE.${E}
    local want a='1400000001\t3560\tint'
    want=$(printf '%b\n' \
        "$a\t10001\tmain\taudio\t-\t-\tm3u8\t-\tT\tP" \
        "$a\t10001\tmain\tvideo\t$UTC\t-\tts\t-\tT\tP" \
        "$a\t10001\taux\t-\t-\t1\tmp4\t-\tT\tP" \
        "$a\t-\t-\t-\t-\t-\tm3u8\t-\tT\tP" \
        "$a\t-\t-\t-\t$UTC\t-\tts\t-\tT\tP" \
        "$a\t-\t-\t-\t-\t12\tmp4\t-\tT\tP" \
        "$a\t10001\tmain\taudio\t-\t-\tm3u8\t1\tT\tP" \
        "$a\t10001\tmain\tvideo\t$UTC\t-\tts\t2\tT\tP" \
        "$a\t-\t-\t-\t-\t-\tm3u8\t3\tT\tP" \
        "$a\t-\t-\t-\t$UTC\t-\tts\t1\tT\tP" \
        "$a\t10001\tmain\t-\t-\t-\tmp4\t-\t-\t-" \
        "$a\t-\t-\t-\t-\t-\tmp4\t-\t-\t-" \
        "$a\t10001\tmain\taudio\t-\t2\tm3u8\t-\t-\t-" \
        "$a\t-\t-\t-\t-\t2\tm3u8\t-\t-\t-")
    expect 0 "$want" '' trtc-name decode \
        P/T/${u}main_audio.m3u8 P/T/${u}main_video_$UTC.ts P/T/${u}aux_1.mp4 \
        P/T/$s.m3u8 P/T/${s}_$UTC.ts P/T/${s}_12.mp4 \
        P/T/ha1_${u}main_audio.m3u8 P/T/ha2_${u}main_video_$UTC.ts P/T/ha3_$s.m3u8 P/T/ha1_${s}_$UTC.ts \
        ${u}main.mp4 $s.mp4 ${u}main_audio_2.m3u8 ${s}_2.m3u8
}

@test "encode: the same names from their parts" {
    local s=1400000001_3560 u=1400000001_3560${U}MTAwMDE.${E}
    encode() { trtc-name encode --sdkappid 1400000001 --room 3560 "$@"; }
    one() { encode --prefix P --task T --user 10001 "$@"; }
    mix() { encode --prefix P --task T "$@"; }
    expect 0 P/T/${u}main_audio.m3u8 '' one --media main --type audio --ext m3u8
    expect 0 P/T/${u}main_video_$UTC.ts '' one --media main --type video --ext ts --utc $UTC
    expect 0 P/T/${u}aux_1.mp4 '' one --media aux --ext mp4 --index 1
    expect 0 P/T/$s.m3u8 '' mix --ext m3u8
    expect 0 P/T/${s}_$UTC.ts '' mix --ext ts --utc 1768908622495
    expect 0 P/T/${s}_12.mp4 '' mix --ext mp4 --index 12
    expect 0 P/T/ha1_${u}main_audio.m3u8 '' one --ha 1 --media main --type audio --ext m3u8
    expect 0 P/T/ha2_${u}main_video_$UTC.ts '' one --ha 2 --media main --type video --ext ts --utc 2026-01-20T19:30:22.495+08:00
    expect 0 P/T/ha3_$s.m3u8 '' mix --ha 3 --ext m3u8
    expect 0 P/T/ha1_${s}_$UTC.ts '' mix --ha 1 --ext ts --utc 2026-01-20T11:30:22.495Z
    expect 0 ${u}main.mp4 '' encode --user 10001 --media main --ext mp4
    expect 0 $s.mp4 '' encode --ext mp4
    expect 0 ${u}main_audio_2.m3u8 '' encode --user 10001 --media main --type audio --index 2 --ext m3u8
    expect 0 ${s}_2.m3u8 '' encode --index 2 --ext m3u8
    expect 0 T/$s.mp4 '' encode --task T --prefix '' --ext mp4
    expect 0 "1_1${U}${E}main.mp4" '' trtc-name encode -A 1 -R 1 -u '' -M main --ext mp4
    expect 0 'p/-T../1_1.mp4' '' trtc-name encode -A1 -R1 -p p -T -T.. --ext=mp4
}

@test "ids: the examples of the alphabet, in both directions" {
    local text b64
    while IFS='|' read -r text b64; do
        expect 0 "1_1$U$b64${E}main.mp4" '' trtc-name encode --sdkappid 1 --room 1 --user "$text" --media main --ext mp4
        trtc-name decode "1_1$U$b64${E}main.mp4" >out
        [ "$(cut -f4 out)" = "$text" ]
        expect 0 "1_$b64.mp4" '' trtc-name encode --sdkappid 1 --room "$text" --room-type string --ext mp4
        trtc-name decode --room-type string "1_$b64.mp4" >out
        [ "$(cut -f2,3 out)" = "$text	string" ]
    done <<'IDS'
10001|MTAwMDE.
teacher+1|dGVhY2hlcisx
subjects?|c3ViamVjdHM-
>>>|Pj4+
ÿÿÿ|w7-Dv8O-
老师|6ICB5biI
IDS
}

@test "room types: auto, int and string" {
    expect 0 $'1\t1234\tint\t-\t-\t-\t-\t-\tmp4\t-\t-\t-' '' trtc-name decode 1_1234.mp4
    expect 0 $'1\t\\xD7m\\xF8\tstring\t-\t-\t-\t-\t-\tmp4\t-\t-\t-' '' trtc-name decode --room-type string 1_1234.mp4
    expect 0 $'1\t123\tstring\t-\t-\t-\t-\t-\tmp4\t-\t-\t-' '' trtc-name decode 1_MTIz.mp4
    expect 65 '' "trtc-name: '1_MTIz.mp4': column 3: expected a room number from 1 to 4294967295" \
        trtc-name decode --room-type int 1_MTIz.mp4
    expect 65 '' "trtc-name: '1_123.mp4': column 6: the room is not valid Base64" \
        trtc-name decode --room-type string 1_123.mp4
    expect 0 1_123.mp4 '' trtc-name encode -A 1 -R 123 --ext mp4
    expect 0 1_MTIz.mp4 '' trtc-name encode -A 1 -R 123 --room-type string --ext mp4
    expect 0 1_MA...mp4 '' trtc-name encode -A 1 -R 0 --ext mp4
    expect 0 1_NDI5NDk2NzI5Ng...mp4 '' trtc-name encode -A 1 -R 4294967296 --ext mp4
    usage_error 'type int' trtc-name encode -A 1 -R 0 --room-type int --ext mp4
    # A string room whose Base64 is all digits keeps its type through JSON.
    trtc-name decode --json --room-type string 1_1234.mp4 | trtc-name encode --json >out
    [ "$(cat out)" = 1_1234.mp4 ]
}

@test "decode: escapes, the hyphen, and --header" {
    expect 0 $'1\t\\x2D\tstring\ta\\t\\n\\\\\\xFF\tmain\t-\t-\t-\tmp4\t-\t\\x2D\tp\\rq' '' \
        trtc-name decode $'p\rq/-/1_LQ..__UserId_s_YQkKXP8.__UserId_e_main.mp4'
    expect 0 $'sdkappid\troom\troom_type\tuser\tmedia\ttype\tutc\tindex\text\tha\ttask\tprefix\n1\t1\tint\t-\t-\t-\t-\t-\tmp4\t-\t-\t-' \
        '' trtc-name decode --header 1_1.mp4
}

@test "decode --json: keys, their order and their types" {
    expect 0 '{"sdkappid":1400000001,"room":"3560","room_type":"int","user":"10001","media":"main","type":"video","utc":"20260120113022495","ext":"ts","ha":1,"task":"T","prefix":"P","mode":"single","utc_ms":1768908622495,"name":"P/T/ha1_1400000001_3560__UserId_s_MTAwMDE.__UserId_e_main_video_20260120113022495.ts"}' \
        '' trtc-name decode --json "P/T/ha1_${TS#P/T/}"
    expect 0 '{"sdkappid":1,"room":"1","room_type":"int","index":7,"ext":"mp4","mode":"mixed","name":"1_1_7.mp4"}' \
        '' trtc-name decode --json 1_1_7.mp4
    expect 0 '{"sdkappid":1,"room":"1","room_type":"int","user_b64":"//8=","media":"aux","ext":"mp4","mode":"single","name":"1_1__UserId_s_--8.__UserId_e_aux.mp4"}' \
        '' trtc-name decode --json "1_1$U--8.${E}aux.mp4"
}

@test "bad names: one line each with the column, the others are decoded, exit 65" {
    printf '%s\n' "$TS" readme.txt '' "1_1${U}MTI=${E}main.mp4" ha4_1_1.m3u8 1_1.mp4 >in
    run -65 --separate-stderr trtc-name decode <in
    [ "${#lines[@]}" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 4 ]
    [ "${stderr_lines[0]}" = "trtc-name: line 2: 'readme.txt': column 1: expected an SdkAppId up to 4294967295" ]
    [ "${stderr_lines[1]}" = "trtc-name: line 3: '': column 1: an empty name" ]
    [ "${stderr_lines[2]}" = "trtc-name: line 4: '1_1${U}MTI=${E}main.mp4': column 18: the user is not valid Base64" ]
    [ "${stderr_lines[3]}" = "trtc-name: line 5: 'ha4_1_1.m3u8': column 3: expected ha1_, ha2_ or ha3_" ]
    expect 65 '' "trtc-name: '01_1.mp4': column 2: a leading zero" trtc-name decode -q 01_1.mp4
}

@test "a name with control characters makes one line on stderr" {
    run -65 --separate-stderr trtc-name decode $'a\nb\033[31m'
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr != *$'\033'* ]]
}

@test "20000 names through decode --json and encode --json, byte for byte" {
    names 20000 >in
    trtc-name decode --json <in >json
    [ "$(wc -l <json)" -eq 20000 ]
    trtc-name encode --json <json >out
    cmp in out
    # Each line is JSON for others too, and says the same as TSV.
    jq -se 'length == 20000 and all(.[]; (.name // .name_b64) and (.sdkappid | type) == "number" and
        (.room // .room_b64 | type) == "string" and .mode == (if .media then "single" else "mixed" end) and
        (.ext == "ts") == has("utc_ms"))' json >out
}

@test "-0: names with line breaks, in both directions" {
    printf 'a\nb/T/1_1.mp4\0\xff\n/1_2.mp4\0' >in
    trtc-name decode -0 --json <in >json
    [ "$(wc -l <json)" -eq 2 ]
    trtc-name encode --json -0 <json >out
    cmp in out
    trtc-name decode -0 <in | tr '\0' '\n' >out
    [ "$(cat out)" = $'1\t1\tint\t-\t-\t-\t-\t-\tmp4\t-\tT\ta\\nb\n1\t2\tint\t-\t-\t-\t-\t-\tmp4\t-\t\\xFF\\n\t-' ]
    run -65 --separate-stderr trtc-name encode --json <json
    [ "$output" = '' ]
    [ "${stderr_lines[0]}" = 'trtc-name: line 1: a line break in the task or the prefix needs -0' ]
}

@test "encode --json: bad objects are reported by line, the others are encoded" {
    cat >in <<'JSON'
{"sdkappid":1,"room":"1","ext":"mp4"}
{"sdkappid":1,"room":"1","ext":"mp4"} x

{"sdkappid":1,"room":"1","ext":"mp4","colour":"red"}
{"sdkappid":1,"room":"1","ext":"mp4","room":"2"}
{"sdkappid":1,"room":"1","ext":"ts"}
{"sdkappid":1,"room":"1","ext":"ts","utc":"20260120113022495","utc_ms":1}
{"sdkappid":1e400,"room":"1","ext":"mp4"}
{"sdkappid":1,"room":"a\u0000","ext":"mp4"}
{"sdkappid":1,"room":"","ext":"mp4"}
{"sdkappid":1,"room":"1","ext":"mp4","prefix":"P"}
{"sdkappid":1,"room":"1","ext":"mp4","task":"a/b"}
{"sdkappid":1,"room":"2","ext":"mp4","user":null}
JSON
    run -65 --separate-stderr trtc-name encode --json <in
    [ "$output" = $'1_1.mp4\n1_2.mp4' ]
    [ "$(sed 's/^trtc-name: line \([0-9]*\): .*/\1/' <<<"$stderr" | tr '\n' ' ')" = '2 3 4 5 6 7 8 9 10 11 12 ' ]
    [ "${stderr_lines[2]}" = "trtc-name: line 4: unknown key 'colour'" ]
}

@test "long names are accepted, and names beyond the limit are skipped" {
    local user
    user=$(head -c 300000 /dev/zero | tr '\0' A)
    {
        printf '1_1%s%s%smain.mp4\n' $U "$user" $E
        head -c 1100000 /dev/zero | tr '\0' A
        printf '\n1_2.mp4\n'
        head -c 3000000 /dev/zero | tr '\0' A
    } >in
    run -65 --separate-stderr trtc-name decode --json <in
    [ "${#lines[@]}" -eq 2 ]
    [ "${stderr_lines[0]}" = 'trtc-name: line 2: column 1048577: a name of more than 1048576 bytes' ]
    [[ ${stderr_lines[1]} = 'trtc-name: line 4: '* ]]
    printf '%s\n' "${lines[@]}" | trtc-name encode --json >out
    sed -n '1p;3p' in | cmp - out
}

@test "the last line may lack its newline; no input makes no output" {
    printf 1_1.mp4 | trtc-name decode >out
    [ "$(wc -l <out)" -eq 1 ]
    expect 0 '' '' trtc-name decode
    expect 0 '' '' trtc-name encode --json
}

@test "'-' is stdin among the operands, '--' ends the options" {
    echo 1_2.mp4 | trtc-name decode 1_1.mp4 - 1_3.mp4 | cut -f2 >out
    [ "$(cat out)" = $'1\n2\n3' ]
    echo '{"sdkappid":1,"room":"1","ext":"mp4"}' | trtc-name encode --json - >out
    [ "$(cat out)" = 1_1.mp4 ]
    expect 0 $'1\t1\tint\t-\t-\t-\t-\t-\tmp4\t-\t-T..\t-' '' trtc-name decode -- -T../1_1.mp4
}

@test "names come out while the pipe is still open" {
    mkfifo pipe
    trtc-name decode <pipe >out &
    local pid=$!
    exec 7>pipe
    echo 1_1.mp4 >&7
    for _ in {1..100}; do
        [ -s out ] && break
        sleep 0.05
    done
    [ -s out ]
    exec 7>&-
    wait $pid
}

@test "constant memory: 50 times the names in the same space" {
    names 4000 >in
    [ -x /usr/bin/time ] || skip 'no time(1)'
    [ -z "${TRTC_SAN:-}" ] || skip 'the sanitizers keep what is freed'
    small=$( { /usr/bin/time -f %M trtc-name decode <in >/dev/null; } 2>&1)
    for _ in {1..50}; do cat in; done >in50
    large=$( { /usr/bin/time -f %M trtc-name decode <in50 >/dev/null; } 2>&1)
    [ "$large" -lt $((small + 1024)) ]
}

@test "usage errors: exit 64, one line" {
    usage_error 'give a sub-command: encode, decode' trtc-name
    usage_error "unknown sub-command: 'frob'" trtc-name frob
    usage_error "'--json' must follow the sub-command" trtc-name --json decode
    usage_error "'--nope'" trtc-name decode --nope
    usage_error "'--nope'" trtc-name --nope
    usage_error "'-Z'" trtc-name decode -Z
    usage_error "'--room-type'" trtc-name decode --room-type
    usage_error "'both'" trtc-name decode --room-type both
    usage_error '--sdkappid' trtc-name encode --room 1 --ext mp4
    usage_error '--room' trtc-name encode --sdkappid 1 --ext mp4
    usage_error '--ext' trtc-name encode --sdkappid 1 --room 1
    encode() { trtc-name encode --sdkappid 1 --room 1 "$@"; }
    usage_error "'x.mp4'" encode --ext mp4 x.mp4
    usage_error "'mkv'" encode --ext mkv
    usage_error 'utc' encode --ext ts
    usage_error 'utc' encode --ext mp4 --utc 0
    usage_error 'index' encode --ext ts --utc 0 --index 1
    usage_error '--index' encode --ext mp4 --index 0
    usage_error '--index' encode --ext mp4 --index 1x
    usage_error '--utc' encode --ext ts --utc yesterday
    usage_error 'need a user' encode --ext mp4 --media main
    usage_error 'needs a media' encode --ext mp4 --user u
    usage_error "'side'" encode --ext mp4 --user u --media side
    usage_error 'needs a type' encode --ext m3u8 --user u --media main
    usage_error 'no type' encode --ext mp4 --user u --media main --type audio
    usage_error '(ha)' encode --ext mp4 --ha 1
    usage_error '--ha' encode --ext m3u8 --ha 4
    usage_error 'needs a task' encode --ext mp4 --prefix P
    usage_error "'/'" encode --ext mp4 --task a/b
    usage_error '--sdkappid' encode --ext mp4 --sdkappid 4294967296
    usage_error 'room' encode --ext mp4 --room ''
    usage_error '--json' encode --ext mp4 --json
    usage_error "'x'" trtc-name encode --json x
}

@test "--help and --version, before and after the command" {
    local words
    for words in '--help' '-h' 'decode --help' 'encode -h'; do
        # shellcheck disable=SC2086
        run -0 --separate-stderr trtc-name $words
        [[ $output = 'usage: trtc-name '* ]]
        [ -z "$stderr" ]
    done
    for words in '--version' '-V' 'decode -V'; do
        # shellcheck disable=SC2086
        run -0 --separate-stderr trtc-name $words
        [[ $output =~ ^trtc-name\ [0-9]+\.[0-9]+ ]]
    done
}

@test "a full disk is 75, a reader that disconnects is no fault" {
    expect 75 '' 'trtc-name: standard output: No space left on device' \
        bash -c 'trtc-name decode 1_1.mp4 >/dev/full'
    expect 75 '' 'trtc-name: standard output: No space left on device' \
        bash -c 'trtc-name encode -A 1 -R 1 --ext mp4 >/dev/full'
    run -75 bash -c 'trtc-name --help >/dev/full'
    names 20000 >in
    bash -c 'trtc-name decode <in 2>err | head -n 1 >out; s=${PIPESTATUS[0]}; [ $s -eq 141 ] || [ $s -eq 0 ]'
    [ "$(wc -l <out)" -eq 1 ]
    [ ! -s err ]
    expect 74 '' 'trtc-name: standard input: Is a directory' bash -c 'trtc-name decode <.'
}

@test "the page's examples" {
    mkdir -p rec/T
    touch rec/T/1_1${U}MTAwMDE.${E}main_{audio_$UTC.ts,video_$UTC.ts,video.m3u8} rec/T/1_1${U}MTAwMDI.${E}main_audio_$UTC.ts

    find rec -name '*.ts' | trtc-name decode | cut -f4 | sort | uniq -c >out
    [ "$(tr -s ' ' <out)" = $' 2 10001\n 1 10002' ]

    find rec -type f -print0 | trtc-name decode -0 --json |
        jq -c 'select(.media == "main")' | trtc-name encode --json | sort >out
    find rec -type f | sort | cmp - out

    find rec -type f >names
    trtc-name decode --json < names | jq -c '.task = "NEW"' |
        trtc-name encode --json >out
    sed s,/T/,/NEW/, names | cmp - out

    trtc-name encode --sdkappid 1400000001 --room 3560 --user 10001 \
        --media main --type video --utc 2026-01-20T11:30:22.495Z --ext ts >out
    [ "$(cat out)" = "${TS#P/T/}" ]
}

@test "decode: a name changed by a tool is refused, and the original name is reported" {
    local n=1400000001_3560__UserId_s_Pj4+__UserId_e_main_audio_20260101000000495.ts name
    for name in "https://h/p/$n?q-sign=1" "C:\\rec\\$n" "${n/.ts/ (1).ts}" "${n/+/%2B}" "${n/+/ }"; do
        run --separate-stderr -65 trtc-name decode "$name"
        [[ $stderr == *"column "*"; without what tools add it is '$n'" ]] || { echo "$stderr"; false; }
    done
    run --separate-stderr -65 trtc-name decode "x (1).ts"
    [[ $stderr != *'without what'* ]]
}
