#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge and what goes wrong: damaged and hostile input, kills, signals, full disks, two runs at once, and
# running again.

load ../../lib

setup_file() {
    files_begin
    mk plain --length 30 --user "$(user)"
    mk old --length 30 --user "$(user)" --tags old
    mk two --length 30 --user "$(user gap=5-21)" --user "$(user id=2)"
    mk many --length 40 --segment 2 --user "$(user gop=1,gap=10-26)" --user "$(user id=2,gop=1)"
    # so large that a run can be caught at it
    mk big --bitrate 20000000 --length 300 --user id=10001,size=640x360
}

setup() {
    test_begin
}

teardown() { no_disks; }

# list KIND: the playlist of p.
list() {
    echo p/"${stem}_$1.m3u8"
}

# say_again KIND STAMP [AFTER] [NEW]: the segment is listed again behind another one, as NEW.
say_again() {
    grep -B 2 "$2.ts" "$(list "$1")" | sed "s/$2/${4:-$2}/" >again
    sed -i "/${3:-$2}.ts/r again" "$(list "$1")"
}

# losses: their sum in r.json, "NUMBER BYTES MS".
losses() {
    jq -r '"\(.losses | length) \([.losses[].lost_bytes] | add) \([.losses[].lost_ms] | add | round)"' r.json
}

# picture_s FILE: how long its picture lasts, of a file that takes long to decode.
picture_s() {
    ffprobe -v warning -select_streams v -show_entries stream=duration -of csv=p=0 "$1"
}

video2=20260101000010533
audio2=20260101000010500

@test "missing and empty segments: reported with ms and bytes, exit 3, the timing kept; --allow-missing" {
    local kind stamp bytes
    for kind in video:$video2 audio:$audio2; do
        stamp=${kind#*:} kind=${kind%:*}
        have plain p
        bytes=$(stat -c %s "$(segment p $kind 1)")
        rm "$(segment p $kind 1)"
        merge 3 -f p --report r.json
        said "p/${stem}_${kind}_$stamp.ts: missing: 10.00"
        said "$bytes bytes lost"
        made p/$first
        lasts p/$first 30
        at p/$first 9.505 "$([[ $kind == video ]] && echo - || echo 19.505)" 29.505
        near "$(mark p/$first 3 3)" 0.4 5 "$kind"
        [[ $(losses) == "1 $bytes 1000"[05] ]] || fail "$(losses)"
        merge 3 -f p
        said missing
        merge 0 -f p --allow-missing --force
        said missing
        : >"p/${stem}_${kind}_$stamp.ts"
        merge 3 -f p --force
        said "$stamp.ts: empty: 10.00"
        lasts p/$first 30
    done
    # without a size in the playlist
    have old p
    rm "$(segment p video 1)"
    merge 3 -f p
    said "$video2.ts: missing: 10.000 s lost"
    # an unreadable one; at either end
    have plain p
    rm "$(segment p video 0)" "$(segment p audio 0)"
    merge 3 -f p
    [ "$(wc -l <err)" -eq 2 ]
    made p/MTAwMDE._20260101000010500_av.mp4
    have plain p
    rm "$(segment p video 2)" "$(segment p audio 2)"
    merge 3 -f p
    made p/$first
}

@test "truncated segments: each is reported once, with its bytes, and the rest plays in its place" {
    local kind cut cuts f size paths sum o
    for kind in video audio; do
        have plain p
        f=$(segment p $kind 1)
        size=$(stat -c %s "$f")
        cuts=(1 188 $((188 * 57 + 100)) $((size - 100)))
        [[ ! ${TRTC_LONG:-} ]] || cuts+=(187 189 376 1880 $((size / 2)) $((size - 188 * 4)))
        for cut in "${cuts[@]}"; do
            truncate -s $((size - cut)) "$f"
            o=o/$kind$cut
            merge 3 -f p -o $o --report r.json
            said "${f##*/}: "
            read -r paths sum < <(jq -r '"\([.losses[].path] | unique | length) \([.losses[].lost_bytes] | add)"' r.json)
            # where nothing usable is left, all of it is lost
            [ "$paths" = 1 ] && { [ "$sum" -eq $cut ] || { [ "$sum" -eq "$size" ] && [ $cut -gt $((size / 2)) ]; }; } ||
                fail "$kind, cut $cut: $(losses)"
            lasts $o/$first 30
            near "$(mark $o/$first ${#markers[@]} 1)" 29.505 0.003 "$kind, cut $cut"
            near "$(mark $o/$first ${#markers[@]} 3)" 0.4 5 "$kind, cut $cut"
            cp "$BATS_FILE_TMPDIR/plain/${f##*/}" "$f"
        done
    done
    plays o/*/*.mp4
}

@test "truncated segments without a size in the playlist are recognised by their content" {
    local kind cut f size
    for kind in video audio; do
        have old p
        f=$(segment p $kind 1)
        size=$(stat -c %s "$f")
        for cut in 100 1880 $((188 * 60)) $((size / 2)); do
            truncate -s $((size - cut)) "$f"
            merge 3 -f p -o o/$kind$cut
            said "${f##*/}: truncated"
            lasts o/$kind$cut/$first 30
            cp "$BATS_FILE_TMPDIR/old/${f##*/}" "$f"
        done
    done
    plays o/*/*.mp4
    # whole ones are not suspected
    have old p
    merge 0 -f p
    quiet
}

@test "a last picture cut between two packets, where counters begin anew: the decoder shows it" {
    local f size cut
    mk cut --bitrate 500000 --length 4 --segment 2 --tags old --user id=10001,kinds=v,size=320x180
    f=$(segment cut video 1)
    size=$(stat -c %s "$f")
    for cut in 188 $((188 * 3)); do
        truncate -s $((size - cut)) "$f"
        merge 3 -f cut --force
        said "${f##*/}: truncated: 0.067 s lost"
    done
}

@test "a segment whose beginning is missing, or was overwritten: named, and the rest keeps its place" {
    local f i
    for i in 0 1 2; do
        have plain p
        f=$(segment p audio $i)
        dd if=/dev/zero of="$f" bs=188 count=40 conv=notrunc status=none
        merge 3 -f p -o o/$i
        said "${f##*/}: damaged: "
        synced o/$i/*_av.mp4 3 5
    done
    have old p
    f=$(segment p audio 1)
    tail -c +$((188 * 40 + 1)) "$BATS_FILE_TMPDIR/old/${f##*/}" >"$f"
    merge 3 -f p
    said "${f##*/}: truncated: "
    synced p/$first 3 5
}

@test "16 packets of a picture are missing, which counters do not show: the length of its PES does" {
    local f
    mk fine --bitrate 500000 --length 4 --tags old --user id=10001,size=320x180
    expect 0 trtc-hls -q -A 1400000001 -R 3560 -u 10001 --tags classic -d p "$(segment fine video 0)"
    f=$(segment p video 0)
    merge 0 -f p
    quiet
    # behind the tables, inside the first picture
    { head -c $((188 * 6)) "$f" && tail -c +$((188 * 22 + 1)) "$f"; } >rest
    mv rest "$f"
    merge 3 -f p --force
    said "${f##*/}: damaged: 1 incomplete picture kept unchanged"
}

@test "a segment truncated at every byte of a packet, and at every tenth of its length" {
    local i f size
    have plain p
    f=$(segment p video 1)
    size=$(stat -c %s "$f")
    for ((i = 1; i <= $(n 30); i++)); do
        cp "$BATS_FILE_TMPDIR/plain/$(basename "$f")" "$f"
        truncate -s $((size * i / 31 + i * 7 % 188)) "$f"
        merge 3 -f p --force
        grep -q 'truncated\|empty\|damaged' err || fail "cut $i"
    done
}

@test "foreign content, a foreign name, a size that differs from FILE-ATTR" {
    local n bytes
    have plain p
    bytes=$(stat -c %s "$(segment p video 1)")
    head -c "$bytes" /dev/urandom >"$(segment p video 1)"
    merge 3 -f p
    said "$video2.ts: foreign: "
    said "$bytes bytes lost"
    made p/$first
    echo '<Error><Code>NoSuchKey</Code></Error>' >"$(segment p video 1)"
    merge 3 -f p --force
    said "$video2.ts: foreign: "
    said "$bytes bytes lost"
    # the tables alone, and with the first packet of a picture: of ours, if with nothing in it
    for n in 1 2 3; do
        have plain p
        truncate -s $((188 * n)) "$(segment p video 1)"
        merge 3 -f p --force
        said "$video2.ts: empty: it holds no picture and no sound"
    done
    have plain p
    mv "$(segment p video 1)" "p/${stem/MTAwMDE/MTAwMDI}_video_$video2.ts"
    sed -i "/$video2/s/MTAwMDE/MTAwMDI/" "$(list video)"
    merge 3 -f p
    said "MTAwMDI.__UserId_e_main_video_$video2.ts: foreign: "
    near "$(frames p/$first)" 300 1 foreign
    have plain p
    sed -i "s/^\(#EXT-X-TRTC-FILE-ATTR:1767225610533\),.*/\1,99976/" "$(list video)"
    merge 3 -f p
    said "$video2.ts: "
    said " $((99976 - $(stat -c %s "$(segment p video 1)"))) bytes"
    have plain p
    head -c 1880 "$(segment p video 2)" >>"$(segment p video 1)"
    merge 3 -f p
    said "$video2.ts: "
    lasts p/$first 30
}

@test "one segment under two names, two under each other's, pictures under the name of sound" {
    local kind i from to
    for kind in video audio; do
        for i in '0 1' '2 1' '0 2' '1 0'; do
            read -r from to <<<"$i"
            have plain p
            sed -i '/FILE-ATTR/d' p/*.m3u8
            cp "$(segment p $kind "$from")" "$(segment p $kind "$to")"
            merge 3 -f p --force
            [ "$(grep -c foreign err)" -eq 1 ]
            said "$(basename "$(segment p $kind "$to")"): foreign: it is a copy of $(basename "$(segment p $kind "$from")"); its own content is missing; "
            plays p/*.mp4
        done
        for i in '0 1' '1 2' '0 2'; do
            read -r from to <<<"$i"
            have plain p
            sed -i '/FILE-ATTR/d' p/*.m3u8
            mv "$(segment p $kind "$from")" p/x
            mv "$(segment "$BATS_FILE_TMPDIR/plain" $kind "$to" | sed "s,.*/,p/,")" "$(segment "$BATS_FILE_TMPDIR/plain" $kind "$from" | sed "s,.*/,p/,")"
            mv p/x "$(segment "$BATS_FILE_TMPDIR/plain" $kind "$to" | sed "s,.*/,p/,")"
            merge 0 -f p --force
            said "hold each other's content"
            synced p/$first 3 5
            at p/$first 9.505 19.505 29.505
            lasts p/$first 30
        done
    done
    # the same film, published twice: the second time from its beginning, and for one segment only
    for kind in video audio; do
        have plain p
        sed -i '/FILE-ATTR/d' p/*.m3u8
        cp "$(segment p $kind 0)" p/"${stem}_${kind}_20260101000033000.ts"
        sed -i "s/^#EXT-X-ENDLIST/#EXTINF:10.0,\n${stem}_${kind}_20260101000033000.ts\n&/" p/"${stem}_$kind.m3u8"
        merge 0 -f p --force
        near "$(field p/$first ${kind::1} duration)" 42.5 0.2 "published twice"
    done
    have plain p
    sed -i '/FILE-ATTR/d' p/*.m3u8
    cp "$(segment p video 1)" "$(segment p audio 1)"
    merge 3 -f p --force
    said "$audio2.ts: foreign: it holds pictures and no sound; 10."
    at p/$first 9.505 19.505 29.505
}

@test "a segment that is listed twice is used once, in its place" {
    local kind stamp after
    for kind in video audio; do
        stamp=$([[ $kind == video ]] && echo $video2 || echo $audio2)
        for after in "$stamp" 2026010100002050; do
            have plain p
            say_again $kind "$stamp" "$([[ $after == "$stamp" ]] && echo "$stamp" || { [[ $kind == video ]] && echo 20260101000020533 || echo 20260101000020506; })"
            [ "$(grep -c "$stamp.ts" "$(list $kind)")" -eq 2 ]
            merge 3 -f p
            said "$stamp.ts: twice"
            mkdir -p $kind.$after
            mv p/$first $kind.$after
            lasts $kind.$after/$first 30
            synced $kind.$after/$first 3 5
            at $kind.$after/$first 9.505 19.505 29.505
            [ "$(frames $kind.$after/$first)" -eq 450 ]
        done
    done
    plays audio.*/$first video.*/$first
}

@test "two files with the same start: one is used, the other reported" {
    have plain p
    cp "$(segment p video 1)" "p/${stem}_video_20260101000010534.ts"
    say_again video $video2 $video2 20260101000010534
    sed -i 's/FILE-ATTR:20260101000010534/FILE-ATTR:1767225610534/' "$(list video)"
    merge 3 -f p
    said twice
    synced p/$first 3 5
    at p/$first 9.505 19.505 29.505
    lasts p/$first 30
    near "$(frames p/$first)" 450 1 'one start'
}

@test "segments out of order are put in order" {
    have plain p
    awk '/FILE-ATTR/ { a = $0; getline b; getline c; x[++n] = a "\n" b "\n" c; next }
        /ENDLIST/ { print x[1]; print x[3]; print x[2] }
        { print }' "$BATS_FILE_TMPDIR/$(list video | sed s/^p/plain/)" >"$(list video)"
    merge 0 -f p
    synced p/$first 3 5
    at p/$first 9.505 19.505 29.505
    lasts p/$first 30
}

@test "a clock that jumps by an hour is reported; the sound stays with the picture" {
    local s
    for s in 20251231230020533:1767222020533 20260101020020533:1767232820533; do
        have plain p
        mv "$(segment p video 2)" "p/${stem}_video_${s%:*}.ts"
        sed -i "s/20260101000020533/${s%:*}/; s/1767225620533/${s#*:}/" "$(list video)"
        merge 0 -f p
        grep -q 'clock' err || fail 'not told'
    done
    # names of another clock: START-REC-TIME says how far off it is
    have old p
    for f in p/*2026*.ts; do mv "$f" "${f/20260101/20330531}"; done
    sed -i 's/_20260101/_20330531/' p/*.m3u8
    merge 0 -f p
    said 'shifted'
    made p/MTAwMDE._20330531000000495_av.mp4
    synced p/MTAwMDE._20330531000000495_av.mp4 3 5
    # names without a time: summed EXTINF
    have old p
    for f in p/*2026*.ts; do mv "$f" "p/$(basename "$f" | sed 's/.*_main_\(.*\)_2026.*\(.....\).ts/\1-\2.ts/')"; done
    sed -i 's/.*_main_\(.*\)_2026.*\(.....\).ts/\1-\2.ts/' p/*.m3u8
    merge 0 -f p
    made p/$first
    synced p/$first 3 40
    lasts p/$first 30 0.1
}

@test "no usable media: 65 for that user, the others are written" {
    have two p
    rm p/*MTAwMDE*.ts
    merge 65 -f p
    said 'user 10001: no usable media'
    made p/Mg.._20260101000000495_av.mp4
    merge 65 -f p --allow-missing --force
    have two p
    for f in p/*MTAwMDE*.ts; do echo no >"$f"; done
    merge 65 -f p
    # playlists that cannot be read
    have plain p
    echo no >"$(list audio)"
    : >"$(list video)"
    merge 65 -f p
    [ ! -s out ]
    have plain p
    echo no >"$(list audio)"
    merge 3 -f p
    said 'audio.m3u8'
    made p/MTAwMDE._20260101000000533_av.mp4
    near "$(field p/MTAwMDE._20260101000000533_av.mp4 v duration)" 30 0.07 'picture alone'
}

@test "URIs that lead elsewhere, or to a shell, are missing segments" {
    local u nb=0
    have plain p
    cp "$(segment p video 1)" out.ts
    {
        sed /ENDLIST/d "$BATS_FILE_TMPDIR/$(list video | sed s/^p/plain/)"
        for u in ../out.ts "$PWD/out.ts" "file:$PWD/out.ts" http://127.0.0.1:9/x.ts 'concat:../out.ts' './../p/../out.ts' .. \
            / /dev/zero '\\host\x.ts' 'a b;$(touch pwned)".ts' "'; touch pwned; '" '-x.ts' '|touch pwned' '`touch pwned`' \
            '%2e%2e/out.ts' "$(printf 'x%0300d' 1)" "$(printf '\033[2Jx\007.ts')" "$(printf '\377\376.ts')" 'p/../../out.ts' \
            '$HOME/x.ts' 'a//../../out.ts' ./.; do
            printf '#EXTINF:10,\n%s\n' "$u"
        done
        echo '#EXT-X-ENDLIST'
    } >"$(list video)"
    nb=$(($(grep -c EXTINF "$(list video)") - 3))
    merge 3 -f p
    [ "$(grep -c '10.000 s lost' err)" -eq $nb ] || fail "not $nb losses"
    ! grep -q "$(printf '\033')" err || fail 'an escape reaches the terminal'
    [ ! -e pwned ] && [ ! -e p/pwned ]
    made p/$first
    lasts p/$first 30
    synced p/$first 3 5
    # one in the place of a real one: its time is kept
    have plain p
    sed -i "s,^.*$video2.ts\$,../out.ts," "$(list video)"
    merge 3 -f p
    said 'p/../out.ts'
    lasts p/$first 30
    near "$(frames p/$first)" 300 1 outside
}

@test "links to other places, FIFOs, devices, directories and loops are missing segments" {
    local what f
    cp "$BATS_FILE_TMPDIR/plain/${stem}_video_$video2.ts" out.ts
    for what in 'ln -s ../out.ts' 'ln -s /dev/zero' 'mkfifo' 'mkdir' "ln -s ${stem}_video_$video2.ts" "ln -s $PWD/out.ts"; do
        have plain p
        f=$(segment p video 1)
        rm "$f"
        $what "$f"
        expect 3 timeout 20 trtc-merge -f p
        said "$video2.ts: "
        near "$(frames p/$first)" 300 1 "$what"
    done
    # a directory below that is a link out
    have plain p
    mkdir elsewhere
    mv "$(segment p video 1)" elsewhere/
    ln -s ../elsewhere p/sub
    sed -i "s,^\(.*$video2.ts\)\$,sub/\1," "$(list video)"
    merge 3 -f p
    # one inside is fine, by name and by link
    rm p/sub
    mv elsewhere p/sub
    merge 0 -f p --force
    # playlists themselves
    have plain p
    mv "$(list video)" list
    for what in 'ln -s ../list' mkfifo mkdir; do
        rm -rf "$(list video)"
        $what "$(list video)"
        expect 3 timeout 20 trtc-merge -f p --force
        said 'video.m3u8'
    done
}

@test "nothing outside the directory is opened" {
    need_strace
    local u
    have plain p
    cp "$(segment p video 1)" out.ts
    ln -s ../out.ts p/link.ts
    ln -s .. p/up
    mkfifo fifo
    {
        sed '/ENDLIST/d' "$BATS_FILE_TMPDIR/plain/${stem}_video.m3u8"
        for u in ../out.ts "$PWD/out.ts" link.ts up/out.ts up/../out.ts file:../out.ts file://"$PWD"/out.ts ../p/../out.ts \
            .//../out.ts up/fifo ../fifo /etc/passwd ../../../../../../../../etc/passwd; do
            printf '#EXTINF:10,\n%s\n' "$u"
        done
        echo '#EXT-X-ENDLIST'
    } >"$(list video)"
    expect 3 strace -f -qq -e trace=open,openat,openat2,execve,connect,socket -o trace trtc-merge -f p
    ! grep -E 'execve\(' trace | tail -n +2 | grep . || fail 'something was run'
    ! grep -E 'socket\(|connect\(' trace || fail 'something was called'
    # what was opened, by name, with success, and is not the program's own
    grep -E 'openat?2?\(' trace | grep -v '= -1' | grep -E 'out\.ts|fifo|passwd|"/(etc/passwd|dev/zero)|link\.ts|"up' >hits || true
    [ ! -s hits ] || fail "$(cat hits)"
}

@test "lines and playlists of any size" {
    have plain p
    { cat "$(list video)"; head -c 10000000 /dev/zero | tr '\0' x; echo; } >l
    mv l "$(list video)"
    expect 0 timeout 20 trtc-merge -f p
    made p/$first
    have plain p
    {
        sed /ENDLIST/d "$(list video)"
        yes '#EXT-X-TRTC-NONSENSE:1' | head -n "$(n 300000)"
        echo '#EXTINF:nan,'
        echo "${stem}_video_20260101000030533.ts"
        echo '#EXTINF:-1,'
        echo "${stem}_video_20260101000030534.ts"
        echo '#EXTINF:1e308,'
        echo "${stem}_video_20260101000030535.ts"
        echo '#EXT-X-ENDLIST'
    } >l
    mv l "$(list video)"
    expect 3 timeout 20 trtc-merge -f p
    made p/$first
    lasts p/$first 30
    # many that are missing
    have plain p
    {
        sed /ENDLIST/d "$(list video)"
        seq 1 "$(n 30000)" | sed 's/.*/#EXTINF:1,\nx&.ts/'
    } >l
    mv l "$(list video)"
    expect 3 timeout 30 trtc-merge -f p
    [ "$(grep -c missing err)" -eq "$(n 30000)" ]
}

# ---- the machine ----

@test "a second run does nothing; with --force or a newer playlist it makes the file again" {
    have two p
    merge 0 -f p
    local before
    sort out >first
    before=$(ls -li --full-time p)
    merge 0 -f p
    quiet
    sort out | diff first -
    [ "$before" = "$(ls -li --full-time p)" ]
    merge 0 -f p --json
    jq -es 'length == 3 and all(.[]; .existing)' out
    merge 0 -f p --force
    sort out | diff first -
    [ "$before" != "$(ls -li --full-time p)" ]
    sleep 0.05
    before=$(stat -c '%i %y' p/Mg..*.mp4)
    touch p/*MTAwMDE*.m3u8
    merge 0 -f p
    said 'made again'
    [ "$(grep -c 'made again' err)" -eq 2 ]
    sort out | diff first -
    [ "$before" = "$(stat -c '%i %y' p/Mg..*.mp4)" ]
    # a file under the name that is none of ours is not passed off as ready
    touch p/*.m3u8
    sleep 0.05
    : >p/Mg.._20260101000000495_av.mp4
    merge 0 -f p
    plays p/Mg.._20260101000000495_av.mp4
}

@test "a second run reports the losses again" {
    have plain p
    truncate -s -5000 "$(segment p video 1)"
    merge 3 -f p
    merge 3 -f p
    said truncated
    have plain p
    dd if=/dev/zero of="$(segment p video 1)" bs=188 count=10 seek=100 conv=notrunc status=none
    merge 3 -f p
    said damaged
    merge 3 -f p
}

@test "--finished skips a recording without ENDLIST, and merges it later" {
    mk live --length 12 --user "$(user)" --no-endlist
    merge 0 -f live --finished
    said 'still in progress'
    [ ! -s out ]
    [ -z "$(find live -name '*.mp4')" ]
    merge 0 -f live
    made live/$first
    have plain p
    sed -i /ENDLIST/d "$(list video)"
    merge 0 -f p --finished
    said 'still in progress'
    echo '#EXT-X-ENDLIST' >>"$(list video)"
    merge 0 -f p --finished
    made p/$first
}

@test "kill -9 at any moment: no partial file under a final name, and the next run completes" {
    local i want pid before
    before=$(cd "$BATS_FILE_TMPDIR/big" && stat -c '%n %s %Y' -- *)
    expect 0 trtc-merge -f "$BATS_FILE_TMPDIR/big" -o ref
    want=$(md5sum <ref/$first)
    for ((i = 0; i < $(n 6); i++)); do
        rm -rf o
        trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o >/dev/null 2>&1 &
        pid=$!
        sleep "0.$(printf %02d $((i * 3)))"
        kill -9 $pid 2>/dev/null || true
        wait $pid || true
        [ ! -e o/$first ] || [ "$(md5sum <o/$first)" = "$want" ] || fail "a partial file after $i"
        expect 0 trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o
        [ "$(md5sum <o/$first)" = "$want" ]
        no_leftovers o
    done
    [ "$(ls -A o)" = $first ]
    [ "$before" = "$(cd "$BATS_FILE_TMPDIR/big" && stat -c '%n %s %Y' -- *)" ]
}

@test "kill -9 while a file is made again: the old one stays complete" {
    local i want pid
    expect 0 trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o
    want=$(md5sum <o/$first)
    for ((i = 1; i < $(n 4); i++)); do
        trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o --force -m 1 --audio encode >/dev/null 2>&1 &
        pid=$!
        sleep "0.$(printf %02d $((i * 5)))"
        kill -9 $pid 2>/dev/null || break
        wait $pid || true
        [ "$(md5sum <o/$first)" = "$want" ] || [ ! -e "o/.$first.part" ] || fail "damaged after $i"
    done
    [ "$(md5sum <o/$first)" = "$want" ] || plays o/$first
    expect 0 trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o --force
    [ "$(md5sum <o/$first)" = "$want" ]
    [ "$(ls -A o)" = $first ]
}

@test "SIGTERM between users: finished files stay and were printed" {
    local pid status=0 i
    mk u --bitrate 1000000 --length 40 --user id=1,size=320x180 --user id=2,size=320x180
    trtc-merge -f u -o o -j 1 --video encode >out 2>err &
    pid=$!
    for ((i = 0; i < 500; i++)); do
        [ -s out ] && break
        sleep 0.01
    done
    kill -TERM $pid
    wait $pid || status=$?
    [ $status -eq 143 ] || skip 'too fast to be interrupted'
    [ "$(wc -l <out)" -eq 1 ]
    plays "$(cat out)"
    cp out first
    expect 0 trtc-merge -f u -o o
    [ "$(wc -l <out)" -eq 2 ]
    grep -qxFf first out
    no_leftovers o
}

@test "SIGTERM while the sizes of pictures are looked at, on a slow disk: the rest is not read" {
    need_strace
    local pid status=0 planned slow=(strace -D -f -q -o trace -P "$PWD/in" -e trace=pread64)
    mk in --length 120 --segment 1 --user "$(user fps=2)"
    for f in in/*.ts; do slow+=(-P "$PWD/$f"); done
    "${slow[@]}" trtc-merge --plan --video encode -f in >/dev/null 2>&1
    planned=$(grep -c pread64 trace)
    rm trace
    "${slow[@]}" -e inject=pread64:delay_enter=20000 trtc-merge --video encode -f in -o o >out 2>err </dev/null &
    pid=$!
    waited read_more_than $((planned + 10)) || fail "only $(grep -c pread64 trace) reads: $(<err)"
    kill -TERM $pid
    wait $pid || status=$?
    [[ $status -eq 143 ]] || fail "exit status $status"
    eventually grep -q 'exited with 143' trace
    [[ $(sed '1,/SIGTERM/d' trace | grep -c pread64) -lt 60 ]] || fail "$(sed '1,/SIGTERM/d' trace | grep -c pread64) more reads"
    no_leftovers o
}

read_more_than() { [[ $(grep -c pread64 trace) -gt $1 ]]; }

@test "SIGINT and SIGHUP: the file up to there plays, 130 or 129, and the next run completes it" {
    local sig code status pid
    for sig in INT:130 HUP:129; do
        code=${sig#*:} sig=${sig%:*} status=0
        rm -rf o
        mkdir o
        # (a background process ignores SIGINT, but for env's)
        env --default-signal=INT trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o >out 2>err &
        pid=$!
        for ((i = 0; i < 200; i++)); do
            [ "$(find o -type f -size +2000k)" ] && break
            sleep 0.01
        done
        kill -$sig $pid
        wait $pid || status=$?
        [ -e o/$first ] && skip 'too fast to be interrupted'
        [ "$status" -eq "$code" ] || fail "$status"
        [ ! -s out ] || fail 'an unfinished file is printed'
        said partial
        plays "o/${first%.mp4}.partial.mp4"
        [ "$(find o -type f | wc -l)" -eq 1 ]
        expect 0 trtc-merge -f "$BATS_FILE_TMPDIR/big" -o o
        [ "$(cat out)" = o/$first ]
        [ "$(ls -A o)" = $first ]
        near "$(picture_s o/$first)" 300 0.07 "$sig"
    done
}

@test "SIGINT with names of the recording service: an incomplete file is not taken for a complete one" {
    local pid status=0
    mk b --bitrate 20000000 --length 300 --user id=10001,size=640x360,gap=10-30
    env --default-signal=INT trtc-merge -f b -j 1 --names recording -o o >out 2>err &
    pid=$!
    for ((i = 0; i < 300; i++)); do
        [ "$(find o -type f -size +20000k 2>/dev/null)" ] && break
        sleep 0.01
    done
    kill -INT $pid
    wait $pid || status=$?
    [ $status -eq 130 ] || skip 'too fast to be interrupted'
    expect 0 trtc-merge -f b --names recording -o o
    [ "$(wc -l <out)" -eq 2 ] || fail 'the second file is never made'
    near "$(picture_s "o/${stem}_2.mp4")" 270 0.1 'second file'
    no_leftovers o
}

@test "a full disk: 75, no final name, the input unchanged; with free space the next run succeeds" {
    local before
    have plain p
    before=$(tree p)
    small_disk full 128k
    expect 75 trtc-merge -f p -o full
    [ ! -s out ] || fail 'a path was printed'
    grep -qE ': needs about [1-9][0-9]* kB, but only (0|[1-9][0-9]*) are free$' err || fail 'how much is not said'
    [ -z "$(find full -name '*.mp4')" ]
    [ "$before" = "$(tree p)" ]
    mount -o remount,size=2m full
    expect 0 trtc-merge -f p -o full
    plays full/$first
    [ "$(ls -A full)" = $first ]
}

@test "the nth system call fails: a sysexits code, no file or a complete one, the input unchanged" {
    need_strace
    local call err when status before want
    have plain p
    before=$(tree p)
    expect 0 trtc-merge -f p -o ref
    want=$(md5sum <ref/$first)
    for call in write:ENOSPC pwrite64:ENOSPC write:EIO pwrite64:EIO fsync:EIO fsync:ENOSPC rename,renameat,renameat2:EACCES rename,renameat,renameat2:ENOSPC \
        read:EIO pread64:EIO openat2:EIO ftruncate,fallocate:ENOSPC close:EIO mmap:ENOMEM fstat,newfstatat:EIO; do
        err=${call#*:}
        for when in 1 ${TRTC_LONG:+2} 3; do
            rm -rf o
            mkdir o
            status=0
            strace -f -qq -o trace -e "trace=${call%:*}" -e "inject=${call%:*}:error=$err:when=$when" -P "$PWD/o" -P "$PWD/o/$first" -P "$PWD/o/.$first.part" -P o -P "o/.$first.part" \
                trtc-merge -f p -o o >out 2>err || status=$?
            case $status in 0 | 3 | 65 | 66 | 69 | 70 | 73 | 74 | 75) ;; *) fail "$call $when: exit status $status" ;; esac
            if [ -e o/$first ]; then
                [ "$(md5sum <o/$first)" = "$want" ] || fail "$call $when: a bad file under the final name"
            else
                [[ $status != 0 ]] || fail "$call $when: exit 0, and there is no file"
                [ ! -s out ] || fail "$call $when: a path was printed"
                [ "$(wc -l <err)" -ge 1 ] || fail "$call $when: nothing was said"
                grep -q INJECTED trace || fail "$call $when: failed by itself"
            fi
            if [[ $err == ENOSPC ]] && grep -q INJECTED trace; then
                [[ $status == 75 || $status == 0 ]] || fail "$call $when: $status, not 75"
            fi
            [ "$before" = "$(tree p)" ] || fail "$call $when: the input has changed"
            [ "$(find o -type f | wc -l)" -le 1 ]
        done
    done
}

@test "two runs at once: both succeed, or one exits with 75" {
    local a b i
    expect 0 trtc-merge -f "$BATS_FILE_TMPDIR/many" -o ref
    for ((i = 0; i < $(n 6); i++)); do
        rm -rf o
        a=0 b=0
        trtc-merge -f "$BATS_FILE_TMPDIR/many" -o o >out1 2>err1 &
        trtc-merge -f "$BATS_FILE_TMPDIR/many" -o o >out2 2>err2 || b=$?
        wait $! || a=$?
        case "$a $b" in
        '0 0' | '0 75' | '75 0' | '75 75') ;;
        *) fail "$a and $b: $(cat err1 err2)" ;;
        esac
        merge 0 -f "$BATS_FILE_TMPDIR/many" -o o
        diff -r ref o || fail 'not the same files'
    done
}

@test "inputs and other files survive" {
    have two p
    echo mine >p/notes.txt
    echo mine >p/.hidden
    echo mine >p/10001_tmp.m4a
    echo mine >p/x.part
    echo mine >p/MTAwMDE._x_av.mp4
    (cd p && md5sum -- * .hidden) >sums
    merge 0 -f p
    merge 0 -f p --force -m 1
    rm "$(segment p audio 0)"
    merge 3 -f p --force
    merge 69 -f p --force --video copy -r 100 100 -o o
    (cd p && md5sum --quiet -c ../sums) >bad 2>/dev/null || true
    [ "$(wc -l <bad)" -eq 1 ] || fail "$(cat bad)"
}
