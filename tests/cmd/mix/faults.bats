#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-mix and what goes wrong: damaged, foreign and hostile input, full disks, closed pipes, signals and kills. The
# others go on, who is lost is named, and nothing half-made has a name.

load ../../lib
load ../../mix

small=(-s 64x36 -r 1 --preset ultrafast --sample-rate 16000 --channels 1)

setup_file() {
    files_begin
    clips 4 red.ts=1
    clips 20 blue.ts=2
    # cut within a packet, and within a frame of both
    head -c $(($(stat -c %s red.ts) / 2 / 188 * 188 + 100)) red.ts >cut.ts
    mkrec --loop --bitrate 30000 --length 12 --segment 4 --user id=1,size=160x90,fps=5,gop=1,rate=16000 \
        --user id=2,size=160x90,fps=5,gop=1,rate=16000 rec
    seq 99999 | gzip -n | head -c 40000 >random
    : >empty
    seq 5000 >text
    find . -type f -exec md5sum {} + | sort >"$BATS_FILE_TMPDIR/../sums.${BATS_TEST_FILENAME##*/}"
}

setup() {
    test_begin
    ln -s "$BATS_FILE_TMPDIR"/*.ts "$BATS_FILE_TMPDIR"/{random,empty,text} .
}

teardown() { no_disks; }

# small STATUS OPTION...: a mix of 320x180 at 5 frames a second.
small() {
    mix "$1" -s 320x180 -r 5 "${@:2}"
}

# tiny STATUS OPTION...: one in which nothing is looked at.
tiny() {
    mix "$1" "${small[@]}" "${@:2}"
}

# untouched: nobody has written to the sources.
untouched() {
    (cd "$BATS_FILE_TMPDIR" && find . -type f -exec md5sum {} + | sort) |
        cmp - "$BATS_FILE_TMPDIR/../sums.${BATS_TEST_FILENAME##*/}" || fail "sources have changed"
}

# nothing FILE...: none of them is there, and nothing half-made.
nothing() {
    local f
    for f; do [[ ! -e $f ]] || fail "$f is there"; done
    f=$(find . -name '.*' -type f)
    [[ -z $f ]] || fail "left over: $f"
}

@test "a file truncated in mid-packet freezes, leaves 15 s later, and is reported; the others go on" {
    small 3 -v --json -o o.mp4 a=cut.ts b=blue.ts
    said 'a (cut.ts): '
    grep -q '^trtc-mix: a (cut.ts): .*[0-9]\{4\}-[0-9-]*T[0-9:.]*Z' err || fail "it is not said when"
    said 'a leaves'
    unsaid 'b (blue.ts)'
    [[ $(jq -r '.duration_ms, .frames, .interrupted, (.losses | length), .losses[0].kind' out | xargs) == '20000 100 false 1 truncated' ]] ||
        fail "not what was lost"
    plays o.mp4
    lasts o.mp4 20 0.2
    # a stays for 15 s beyond those two; a first frame may come before both have a picture
    story o.mp4 80,90 240,90 >story
    awk '$2 == 1 && $3 == 2 { in_at = $1 } $2 == 2 && $3 == 2 { out_at = $1 }
        END { exit !(NR < 5 && in_at <= 1 && out_at > 80 && out_at < 92 && $1 == 100) }' story || fail "seen: $(paste -sd ';' story)"
    # first or last operand, it is all the same; losses that are allowed
    tiny 3 -o o.mp4 b=red.ts a=cut.ts
    said 'a (cut.ts): '
    tiny 0 --allow-missing -o o.mp4 a=cut.ts
    said 'a (cut.ts): '
    untouched
}

@test "a file truncated anywhere: the mix is made, and only its loss is reported" {
    local i size at
    size=$(stat -Lc %s red.ts)
    RANDOM=7
    for ((i = 0; i < $(n 8); i++)); do
        at=$((size / 4 + RANDOM % (size / 2)))
        head -c $at red.ts >part.ts
        tiny 3 --to +4 -o o.mp4 a=part.ts b=red.ts
        said 'a (part.ts): '
        unsaid 'b ('
        [[ -s o.mp4 ]] || fail "cut at $at: nothing is made"
    done
}

@test "an id that is not UTF-8 is Base64 in JSON, whether of an operand or of a recording" {
    local f
    cp -r "$BATS_FILE_TMPDIR/rec" r
    sed -i 's/_s_MQ\.\./_s_-w../' r/*_s_MQ..*.m3u8
    for f in r/*_s_MQ..__*; do
        mv "$f" "${f/_s_*__UserId_e/_s_-w..__UserId_e}"
    done
    tiny 0 --json -o o.mp4 r $'a\xff=red.ts'
    [[ $(jq -c '[.users[] | .user_b64 // empty] | sort' out) == '["/w==","Yf8="]' ]] || fail "users: $(<out)"
}

@test "segments that are missing, empty, foreign or truncated are reported (3), and everything else is mixed" {
    local seg
    cp -r "$BATS_FILE_TMPDIR/rec" r
    mapfile -t seg < <(find r -name '*.ts' | sort | sed -n '2p;5p;8p;11p') # the second of each track
    rm "${seg[0]}"
    : >"${seg[1]}"
    cp random "${seg[2]}"
    truncate -s 5000 "${seg[3]}"
    tiny 3 --json -o o.mp4 r
    said "${seg[0]}: missing"
    said "${seg[1]}: empty"
    said "${seg[2]}: foreign"
    said "${seg[3]}: truncated"
    [[ $(wc -l <err) -eq 4 ]] || fail "not these four"
    [[ $(jq -r '[.losses[].kind] | sort | join(" ")' out) == 'empty foreign missing truncated' ]] || fail "not as it was lost"
    [[ $(jq -r '.duration_ms' out) -ge 12000 ]] || fail "too short"
    plays o.mp4
    tiny 0 --allow-missing -o o.mp4 r
    said "${seg[3]}"
    # names that lead out of the directory are as missing
    sed -i "s|^${seg[1]##*/}$|../red.ts|" r/*_video.m3u8
    tiny 3 -o o.mp4 r
    said '../red.ts'
    grep -q 'red.ts: \(missing\|foreign\)' err || fail "it is not refused"
    # ... and what is no file is not waited for
    rm "${seg[3]}"
    mkfifo "${seg[0]}"
    ln -s "$BATS_FILE_TMPDIR/red.ts" "${seg[3]}"
    tiny 3 -o o.mp4 r
    said "${seg[0]}: unreadable: not a regular file"
    said "${seg[3]}: missing: leads out"
    # all of a user's, then of everybody
    rm r/*_MQ..__*.ts
    tiny 3 --json -o o.mp4 r
    [[ $(jq -r '.users[].user' out) == 2 ]] || fail "not only 2"
    plays o.mp4
    rm r/*.ts o.mp4
    expect 65 trtc-mix -o o.mp4 r
    nothing o.mp4
}

@test "the codec changes: H.265 goes on; one that cannot be decoded freezes, leaves and is reported" {
    local film=(ffmpeg -nostdin -v error -y -f lavfi -i "color=c=0x$(colour 3):s=64x36:r=5:d=2" -output_ts_offset 4)
    ffmpeg -nostdin -v error -i red.ts -an -c copy h264.ts
    "${film[@]}" -c:v libx265 -preset ultrafast -x265-params log-level=none:pools=none h265.ts
    "${film[@]}" -c:v mpeg2video mpeg2.ts
    cat h264.ts h265.ts >changes.ts
    small 0 -o o.mp4 a=changes.ts
    quiet
    [[ $(story o.mp4 160,90 | sed '1{/^0 [0?]$/d}' | sed '1s/^1 /0 /' | paste -sd ';') =~ ^'0 1;2'[012]' 3;30 end'$ ]] || fail "seen: $(story o.mp4 160,90 | paste -sd ';')"
    cat h264.ts mpeg2.ts >changes.ts
    small 0 -o o.mp4 a=changes.ts
    quiet
    [[ $(story o.mp4 160,90 | tail -n 2 | paste -sd ';') =~ ' 3;30 end'$ ]] || fail "seen: $(story o.mp4 160,90 | paste -sd ';')"
    # a codec for which there is no decoder: the voice is heard, and the user has a window
    ffmpeg -nostdin -v error -i red.ts -i mpeg2.ts -map 0:a -map 1:v -c copy mpeg2.mkv
    sed 's/V_MPEG2/V_AVS3\x00/' mpeg2.mkv >avs3.mkv
    ffmpeg -nostdin -v error -i avs3.mkv -an -c copy silent.mkv
    small 3 -r 5 --report r.json -o o.mp4 a=avs3.mkv
    said "a: the picture breaks at "
    said "no video decoder for codec 'avs3'"
    said 'a (avs3.mkv): format: 10 frames of the picture'
    [[ $(jq -c '.users[0] | [.video.account.left_out.format, .audio.account.frames_out > 60]' r.json) == '[10,true]' ]] || fail "account: $(<r.json)"
    near "$(field o.mp4 v duration)" 4 0.3
    small 3 -r 5 -o o.mp4 a=avs3.mkv b=red.ts
    tells o.mp4 '80,90 240,90' '0 ? 1' '20 end'
    # ... and nothing else: there is no mix of it
    small 69 -o p.mp4 a=silent.mkv
    nothing p.mp4
    tiny 69 -o o.mp4 a=silent.mkv b=red.ts
    said "silent.mkv: this FFmpeg has no video decoder for codec 'avs3'"
    plays o.mp4
}

@test "flipped bits: the mix ends, and reports the file" {
    local seed status
    for seed in $(seq "$(n 4)"); do
        xxd -p -c 1 red.ts | awk -v seed="$seed" 'BEGIN { srand(seed); hex = "0123456789abcdef" }
            rand() < 0.002 { $0 = substr(hex, 1 + int(rand() * 16), 1) substr(hex, 1 + int(rand() * 16), 1) } 1' | xxd -r -p >bent.ts
        status=0
        timeout 20 trtc-mix "${small[@]}" -r 5 -o o.mp4 a=bent.ts b=red.ts >out 2>err || status=$?
        [[ $status -eq 3 || $status -eq 65 ]] || fail "seed $seed: exit status $status"
        said bent.ts
        unsaid 'b ('
        plays o.mp4
        # a recording's segment
        cp -r "$BATS_FILE_TMPDIR/rec" r
        cp bent.ts "$(find r -name '*_MQ..__*_video_*.ts' | sort | sed -n 2p)"
        status=0
        timeout 20 trtc-mix "${small[@]}" -o o.mp4 r >out 2>err || status=$?
        [[ $status -eq 3 ]] || fail "seed $seed: exit status $status of the recording"
        rm -rf r
    done
}

@test "inputs that are not media (65), missing (66) or unreadable (77) are reported; others are mixed; alone they make nothing" {
    local f code
    mkdir dir
    # the worst of them counts
    tiny 66 -r 5 -o o.mp4 a=red.ts b=random c=empty d=text e=nowhere f=nowhere/below g=dir
    for f in random empty text nowhere nowhere/below dir; do said "$f: "; done
    [[ $(wc -l <err) -eq 6 && $(frames o.mp4) -eq 20 ]] || fail "a is not mixed"
    tiny 65 -o o.mp4 a=red.ts b=random
    rm o.mp4
    for f in random:65 empty:65 text:65 nowhere:66 nowhere/below:66 dir:66; do
        code=${f#*:} f=${f%:*}
        mix "$code" -o o.mp4 b="$f"
        said "$f: "
        [[ $(wc -l <err) -eq 1 && ! -s out ]] || fail "$f: not one line"
        nothing o.mp4
    done
    # directories: without recordings, not there, a file
    for f in dir nowhere red.ts; do
        mix 66 -o p.mp4 $f
        said $f
        nothing p.mp4
    done
    if [[ $(id -u) -eq 0 ]]; then
        command -v setpriv >/dev/null || skip 'runs as root, and there is no setpriv'
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    fi
    mkdir -m 777 open
    chmod 755 .
    cp red.ts here.ts
    cp red.ts locked.ts
    chmod 000 locked.ts
    expect 77 "${as[@]}" trtc-mix -s 64x36 -r 5 -o open/o.mp4 a=locked.ts b=here.ts
    said 'locked.ts: Permission denied'
    plays open/o.mp4
}

@test "hostile ids and names are plain bytes: they run nothing, control no terminal, and form no path" {
    local id=$'../x\n\e[31mid' name=$'-n\n\e]0;x\a $(touch pwned) `touch pwned`;"\'.ts'
    head -c 20000 red.ts >"$name" # in the middle of a frame
    small 3 -v --label -o o.mp4 "$id=$name" $'\377\376=red.ts' '%s%n%s=red.ts'
    [[ $(frames o.mp4) -eq 20 ]] || fail "not all frames"
    small 66 -v --label -o "o$name.mp4" "$id=no$name" b=red.ts "no$name"
    [[ -s o$name.mp4 ]] || fail "no output of that name"
    cat err >all
    small 66 -o x.mp4 --watermark "no$name,0,0" a=red.ts
    cat err >>all
    mix 64 -m "$name" a=red.ts
    cat err >>all
    mix 66 -m custom -l "no$name" -o x.mp4 a=red.ts
    cat err >>all
    ! LC_ALL=C grep -q '[^ -~]' all || fail "raw bytes: $(LC_ALL=C grep '[^ -~]' all | cat -v)"
    [[ $(grep -vc '^trtc-mix: ' all) -eq 0 ]] || fail "lines of its own: $(cat -v all)"
    [[ ! -e pwned && ! -e ../x && -z $(find .. -maxdepth 1 -newer all) ]] || fail "something else was made"
}

@test "playlists and session descriptions are not media: nothing that they name is opened" {
    local f
    mkfifo never.ts # who opened it would wait
    printf '%s\n' '#EXTM3U' '#EXT-X-TARGETDURATION:5' '#EXTINF:4,' never.ts '#EXT-X-ENDLIST' >list.m3u8
    printf '%s\n' 'ffconcat version 1.0' 'file never.ts' >list.ffconcat
    printf '%s\n' v=0 'o=- 0 0 IN IP4 127.0.0.1' s=x 'c=IN IP4 127.0.0.1' t='0 0' 'm=video 15004 RTP/AVP 96' a='rtpmap:96 H264/90000' >list.sdp
    for f in list.m3u8 list.ffconcat list.sdp; do
        expect 65 timeout 20 trtc-mix -o o.mp4 a=$f
        said $f
        timeout 20 trtc-mix -o o.mp4 a=- < <(exec cat $f) >out 2>err && fail "$f is taken" || [[ $? -eq 65 ]] || fail "$f: not 65"
    done
    # what looks like a protocol is a name
    for f in concat:red.ts subfile,,start,0,end,0,,:red.ts pipe:0 crypto:red.ts; do
        mix 66 -o o.mp4 "a=$f"
        said "$f: No such file"
    done
    mix 69 -o o.mp4 a=lavfi://testsrc
    nothing o.mp4
}

@test "an image that is missing, too large, not an image, or not a file: 66 before any work" {
    local f option
    ffmpeg -nostdin -v error -f lavfi -i color=red:s=16x16 -frames:v 1 ok.png -frames:v 1 -s 2562x16 wide.png
    cp ok.png fat.png
    truncate -s 5300000 fat.png
    mkfifo pipe.png never
    exec 7<>never # a source that would be waited for
    for f in missing.png fat.png wide.png pipe.png text empty red.ts . /dev/zero; do
        for option in --watermark --background --placeholder; do
            [[ $option == --watermark || $f == wide.png || $f == pipe.png ]] || continue
            expect 66 timeout 20 trtc-mix $option "$f$([[ $option != --watermark ]] || echo ,0,0)" -o new/o.mp4 a=never
            said "$f"
            [[ $(wc -l <err) -eq 1 && ! -s out && ! -e new ]] || fail "$f: not one line, or something was made"
        done
    done
    exec 7<&-
    mix 0 -s 64x36 -r 1 --watermark ok.png,0,0 --background ok.png --placeholder ok.png -o o.mp4 a=red.ts
    quiet
}

@test "an output that cannot be written: 73, and an existing file stays" {
    mkdir -m 777 ro d.mp4
    : >file
    small 73 -o file/x.mp4 a=red.ts
    small 73 -o file/below/x.mp4 a=red.ts
    small 73 -o d.mp4 a=red.ts
    said d.mp4
    if [[ $(id -u) -eq 0 ]]; then
        command -v setpriv >/dev/null || skip 'runs as root, and there is no setpriv'
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    fi
    chmod 755 .
    chmod 555 ro
    cp red.ts here.ts
    expect 73 "${as[@]}" trtc-mix -o ro/x.mp4 a=here.ts
    said ro
    [[ -z $(find ro d.mp4 -mindepth 1) && ! -s file ]] || fail "something was made"
}

@test "a full disk, and a limit of the file size: 75 or 74, and an existing mix is unchanged" {
    local status=0 ext
    (
        ulimit -f 8
        tiny 74 -o o.mp4 a=red.ts
    ) || fail "size limit"
    said 'o.mp4'
    nothing o.mp4
    trtc-mix "${small[@]}" -o - a=red.ts >/dev/full 2>err || status=$?
    [[ $status -eq 75 && $(wc -l <err) -eq 1 ]] || fail "/dev/full: $status"
    small_disk disk 12k
    for ext in mp4 ts mkv; do
        seq 1000 >disk/o.$ext
        cp disk/o.$ext before
        tiny 75 -o disk/o.$ext a=red.ts
        said "disk/o.$ext"
        [[ $(wc -l <err) -eq 1 && ! -s out ]] || fail "not one line"
        cmp before disk/o.$ext || fail "what was there is damaged"
        [[ $(find disk -type f | wc -l) -eq 1 ]] || fail "left over: $(find disk -type f)"
        rm disk/*
    done
}

@test "the nth system call fails: a sysexits code, and no file or a complete one" {
    need_strace
    local call err when status
    for call in write,pwrite64:ENOSPC write,pwrite64:EIO fsync,fdatasync:EIO rename,renameat,renameat2:ENOSPC; do
        err=${call#*:}
        for when in 1 ${TRTC_LONG:+2 3 4}; do
            rm -f o.mp4
            status=0
            strace -f -qq -o trace -P "$PWD" -P "$PWD/o.mp4" -P "$PWD/.o.mp4.part" -e "trace=${call%:*}" \
                -e "inject=${call%:*}:error=$err:when=$when" \
                trtc-mix -s 64x36 -r 5 --to +1 -o "$PWD/o.mp4" a=red.ts >out 2>err || status=$?
            grep -q INJECTED trace || { [[ $status -eq 0 ]] || fail "$call $when: failed by itself: $status"; continue; }
            case $err:$status in ENOSPC:75 | EIO:74) ;; *) fail "$call $when: exit status $status" ;; esac
            [[ $(<err) == *"$PWD"* ]] || fail "$call $when: $(<err)"
            [[ ! -s out ]] || fail "$call $when: a path is printed"
            [[ ! -e o.mp4 ]] || plays o.mp4
        done
    done
}

@test "a file that cannot be read for now: 74 or 75, no mix, and nothing is said to be truncated" {
    need_strace
    local fault call error want when file status tried=0
    cp red.ts in.ts
    ffmpeg -nostdin -v error -i red.ts -c copy in.mkv
    ffmpeg -nostdin -v error -i red.ts -c copy in.mp4
    for file in in.ts in.mkv in.mp4; do
        for fault in read:EIO:74 read:ESTALE:75 openat:ENOTCONN:74 newfstatat,fstat:EIO:74; do
            IFS=: read -r call error want <<<"$fault"
            for when in 1 4 ${TRTC_LONG:+2 9 10}; do
                rm -f o.mp4
                status=0
                strace -f -qq -o trace -P "$PWD/$file" -e "trace=$call" -e "inject=$call:error=$error:when=$when" \
                    trtc-mix -q "${small[@]}" -o o.mp4 a="$PWD/$file" b=red.ts >out 2>err || status=$?
                grep -q INJECTED trace || continue
                [[ $call != newfstatat* || $status -ne 0 ]] || continue # a size that is not needed
                [[ $status -eq $want && ! -e o.mp4 ]] || fail "$file $fault $when: exit status $status"
                said "$file: "
                unsaid truncated
                tried=$((tried + 1))
            done
        done
    done
    ((tried > 10)) || fail "only $tried failures"
}

@test "a reader that goes away: 141 or 0, without a message" {
    local status
    trtc-mix -s 320x180 -r 5 -o - a=red.ts 2>err | head -c 2000 >/dev/null || true
    status=${PIPESTATUS[0]}
    [[ $status -eq 141 || $status -eq 0 ]] || fail "exit status $status"
    quiet
}

@test "SIGINT and SIGTERM: the mix up to there plays, 130 and 143; a second one ends at once; kill -9 leaves the old file" {
    local pid=() status=() i t0
    # ten hours, most of it after everybody has left: never done by itself in this time
    local hours=(trtc-mix -s 320x180 -r 60 --sample-rate 16000 --channels 1 --to +36000)
    mkfifo stuck held
    seq 1000 | tee kill.mp4 >ok.mp4
    exec 7<>held 8<>stuck # the one never ends; the other is full, and nobody reads it
    cat red.ts >&7
    dd if=/dev/zero of=stuck bs=4096 oflag=nonblock 2>/dev/null || true
    "${hours[@]}" -v -o int.mp4 a=red.ts >int.out 2>int.err 3>&- 7>&- 8>&- &
    pid+=($!)
    "${hours[@]}" -v --json -o term.mkv a=held >term.out 2>term.err 3>&- 8>&- &
    pid+=($!)
    "${hours[@]}" -o kill.mp4 b=red.ts >kill.out 2>kill.err 3>&- 7>&- 8>&- &
    pid+=($!)
    "${hours[@]}" -o - b=red.ts >stuck 2>stuck.err 3>&- 7>&- 8>&- &
    pid+=($!)
    for ((i = 0; i < 200; i++)); do
        ! { grep -q enters int.err && grep -q enters term.err && [[ -e .kill.mp4.part ]]; } || break
        sleep 0.03
    done
    sleep 0.1
    [[ ! -e int.mp4 && ! -e term.mkv ]] || fail "a name before the end"
    tiny 75 -o int.mp4 a=red.ts # only one can write it
    said int.mp4
    kill -9 "${pid[2]}"
    kill -INT "${pid[0]}" "${pid[3]}"
    kill -TERM "${pid[1]}"
    t0=${EPOCHREALTIME/./}
    sleep 0.2
    kill -INT "${pid[3]}" 2>/dev/null || true
    for i in 0 1 2 3; do
        status[i]=0
        wait "${pid[i]}" || status[i]=$?
    done
    ((${EPOCHREALTIME/./} - t0 < 5000000)) || fail "it took too long"
    exec 7<&- 8<&-
    [[ ${status[*]} == '130 143 137 130' ]] || fail "exit status ${status[*]}"
    [[ $(<int.out) == int.mp4 && $(grep -vc ' s: a enters$\| s: a leaves$' int.err) -eq 0 ]] || fail "not told"
    [[ $(jq -r '.interrupted' term.out) == true && $(wc -l <term.err) -eq 1 ]] || fail "not told"
    plays int.mp4 term.mkv
    near "$(field int.mp4 v duration)" "$(field int.mp4 a duration)" 0.1
    cmp kill.mp4 ok.mp4 || fail "killed, and what was there is damaged"
    # and it can be made again over what was left
    tiny 0 -o kill.mp4 a=red.ts
    plays kill.mp4
    nothing
}

@test "the sources are unchanged" {
    untouched
    [[ -z $(find "$BATS_FILE_TMPDIR" -name '.*' -type f) ]] || fail "something lies beside them"
}
