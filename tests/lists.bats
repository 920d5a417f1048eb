#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Playlists and segments as other tools leave them: byte ranges of one file, encryption, fragments of MP4.

load lib
load mix

setup_file() {
    files_begin
    mk plain --length 30 --user "$(user)"
    trtc-merge -q -f plain -o ref >/dev/null
}

setup() {
    test_begin
    ref=$BATS_FILE_TMPDIR/ref
}

# list KIND: the playlist of p.
list() {
    echo p/"${stem}_$1.m3u8"
}

# in_one KIND STYLE: the segments of p's KIND become byte ranges of one file, with offsets (full), or without (next).
in_one() {
    local f at=0 size whole first
    first=$(segment p "$1" 0)
    whole=${first##*/}
    for f in p/"${stem}_$1"_*.ts; do
        size=$(stat -c %s "$f")
        sed -i "s|^${f##*/}\$|#EXT-X-BYTERANGE:$size$([[ $2 == next && $at -gt 0 ]] || echo "@$at")\n$whole|" "$(list "$1")"
        cat "$f" >>one
        at=$((at + size))
    done
    rm p/"${stem}_$1"_*.ts
    mv one "$first"
}

@test "byte ranges of one file are segments: all of it, nothing twice, nothing lost" {
    local style attr
    for style in full next; do
        for attr in with without; do
            have plain p
            in_one video $style
            in_one audio $style
            [[ $attr == with ]] || sed -i /FILE-ATTR/d p/*.m3u8
            merge 0 -f p -o o.$style.$attr
            quiet
        done
        cmp o.$style.with/$first "$ref/$first"
        synced o.$style.without/$first 3
        lasts o.$style.without/$first 30
        [ "$(frames o.$style.without/$first)" -eq 450 ]
    done
    mix 0 -s 64x36 -r 5 --preset ultrafast --json -o o.mkv p
    quiet
    near "$(jq .duration_ms out)" 30000 250 'the mix'
}

@test "byte ranges that the file does not hold are lost, and said so" {
    local size
    have plain p
    in_one video full
    size=$(stat -c %s "$(segment p video 0)")
    truncate -s $((size - 188 * 100)) "$(segment p video 0)"
    merge 3 -f p --report r.json
    said 'truncated: '
    [ "$(jq -r '[.losses[] | .lost_bytes] | add' r.json)" -eq $((188 * 100)) ]
    truncate -s 60000 "$(segment p video 0)"
    merge 3 -f p --force
    said 'missing: the file ends before its byte range; 10.0'
    said truncated
    # a range that is listed twice
    have plain p
    in_one video full
    sed -n '/BYTERANGE/,+1p' "$(list video)" | head -n 2 >again
    sed -i '/ENDLIST/e echo "#EXTINF:10,"; cat again' "$(list video)"
    merge 3 -f p
    said 'twice: listed more than once'
    [ "$(grep -c twice err)" -eq 1 ]
    synced p/$first 3
}

# encrypt FILE: bytes that look like nothing.
encrypt() {
    head -c "$(stat -c %s "$1")" /dev/urandom >x && mv x "$1"
}

@test "encrypted segments are called so, with their method; the others are merged" {
    local f
    have plain p
    for f in p/*.ts; do encrypt "$f"; done
    sed -i 's/^#EXT-X-MEDIA-SEQUENCE.*/&\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin",IV=0x0/' p/*.m3u8
    merge 65 -f p
    [ "$(grep -c ': encrypted: it is encrypted with AES-128 (EXT-X-KEY); [0-9.]* s, [0-9]* bytes lost$' err)" -eq 6 ]
    said 'user 10001: no usable media'
    mix 65 -o o.mp4 p
    said 'encrypted with AES-128'
    # from the second segment of the picture on, and no longer from the third
    have plain p
    encrypt "$(segment p video 1)"
    sed -i '/BOGUS/d; 0,/_video_.*ts$/s//&\n#EXT-X-KEY:KEYFORMAT="a,METHOD=X",URI="k, METHOD=Y",METHOD=SAMPLE-AES-CTR/' "$(list video)"
    sed -i "/20260101000010533.ts\$/s//&\n#EXT-X-KEY:METHOD=NONE/" "$(list video)"
    merge 3 -f p
    [ "$(wc -l <err)" -eq 1 ]
    said '20260101000010533.ts: encrypted: it is encrypted with SAMPLE-AES-CTR (EXT-X-KEY)'
    near "$(frames p/$first)" 300 1 'what is left'
    # the key that a player should fetch beforehand says nothing of segments
    have plain p
    encrypt "$(segment p video 1)"
    sed -i 's/^#EXT-X-MEDIA-SEQUENCE.*/&\n#EXT-X-SESSION-KEY:METHOD=AES-128,URI="k"/' "$(list video)"
    merge 3 -f p
    said '20260101000010533.ts: foreign: it is no MPEG transport stream'
}

@test "segments that are plain although the playlist says encrypted are merged" {
    have plain p
    sed -i 's/^#EXT-X-MEDIA-SEQUENCE.*/&\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin"/' p/*.m3u8
    merge 0 -f p
    quiet
    cmp p/$first "$ref/$first"
}

# sample_aes FILE: the stream types in its program maps become those of encrypted samples.
sample_aes() {
    perl -0777 -pi -e '
        sub crc { my $c = ~0 & 0xffffffff;
            for (unpack "C*", shift) { $c ^= $_ << 24; $c = ($c & 0x80000000 ? $c << 1 ^ 0x04c11db7 : $c << 1) & 0xffffffff for 1..8 }
            pack "N", $c }
        s{(\x47\x50\x00.\x00)(\x02.(.).{9})(\x1b|\x0f)(.{4})(.{4})}{my $s = $2 . chr(ord($4) | 0xc0) . $5; $1 . $s . crc($s)}gse' "$1"
}

@test "samples that are encrypted inside a plain transport stream" {
    have plain p
    sample_aes "$(segment p video 1)"
    sed -i "/^#EXT-X-TRTC-FILE-ATTR:1767225610533/s/^/#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n/" "$(list video)"
    merge 3 -f p
    said '20260101000010533.ts: encrypted: its sound and pictures are encrypted with SAMPLE-AES (EXT-X-KEY); 10.000 s'
    [ "$(wc -l <err)" -eq 1 ]
    # whatever the playlist says
    sed -i /EXT-X-KEY/d "$(list video)"
    sample_aes "$(segment p audio 0)"
    merge 3 -f p --force
    said '20260101000000495.ts: encrypted: its sound and pictures are encrypted with SAMPLE-AES; 10.005 s'
}

@test "what a segment is that is no transport stream" {
    have plain p
    ffmpeg -nostdin -v error -i "$(segment p video 0)" -c copy -f mp4 -movflags frag_keyframe+empty_moov frag.mp4
    cp frag.mp4 "$(segment p video 0)"
    gzip -c "$(segment p video 1)" >x && mv x "$(segment p video 1)"
    echo '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>' >"$(segment p video 2)"
    sed -i 's/^#EXT-X-MEDIA-SEQUENCE.*/&\n#EXT-X-MAP:URI="init.mp4"/' "$(list audio)"
    head -c 5000 /dev/urandom >"$(segment p audio 0)"
    merge 3 -f p
    said '_video_20260101000000533.ts: foreign: it is an MP4, no MPEG transport stream'
    said '_video_20260101000010533.ts: foreign: it is compressed with gzip, no MPEG transport stream'
    said '_video_20260101000020533.ts: foreign: it is an XML document, no MPEG transport stream'
    said '_audio_20260101000000495.ts: foreign: it is a fragment of an MP4 (EXT-X-MAP), no MPEG transport stream'
    [ "$(wc -l <err)" -eq 4 ]
}

@test "a segment that becomes shorter while it is read" {
    need_strace
    local f status=0
    mk p --bitrate 600000 --length 10 --user "$(user)"
    f=$PWD/$(segment p video 0)
    # what is read to look at it is its beginning; the second read finds nothing more
    strace -f -qq -o trace -P "$f" -e trace=pread64 -e inject=pread64:retval=0:when=2 \
        trtc-merge -j 1 -f "$PWD/p" -o o >out 2>err </dev/null || status=$?
    grep -q INJECTED trace || fail 'nothing was injected'
    [[ $status -eq 3 ]] || fail "exit status $status"
    said "truncated: it has become shorter meanwhile; $(($(stat -c %s "$f") - 262144)) bytes lost"
}
