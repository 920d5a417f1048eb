#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Playlists, segments and their names as other tools leave them: signed addresses, Windows paths, percent-encoding,
# copies, gzip, UTF-16; master playlists; byte ranges of one file, encryption, fragments of MP4.

load ../../lib
load ../../mix

setup_file() {
    files_begin
    mk plain --length 30 --user "$(user)"
    trtc-merge -q -f plain -o ref >/dev/null
    # ids with a '+' in their Base64
    mk two --length 20 --user "$(user 'id=>>>')" --user "$(user id=2)"
    trtc-merge -q -f two -o two.ref >/dev/null
}

setup() {
    test_begin
    ref=$BATS_FILE_TMPDIR/ref two=$BATS_FILE_TMPDIR/two.ref
}

# whole OPTION...: all of "two", which p is made of, is merged as it should be.
whole() {
    rm -rf o
    merge 0 "$@" -f p -o o
    unsaid lost
    diff -r "$two" o || fail 'not the same files'
}

# each PATTERN SED: p's files of that pattern are renamed.
each() {
    local f
    for f in p/*$1; do
        mv -T "$f" "p/$(basename "$f" | sed "$2")" 2>/dev/null || true
    done
}

# lines SED: the lines of p's playlists that name segments are edited.
lines() {
    sed -i "/^1400/{$1}" p/*.m3u8
}

@test "a line with a URL or a path of another machine stands for the local file of that name" {
    local how
    for how in 's/$/?q-sign-algorithm=sha1\&q-ak=AKID\/x/' \
        's,^,https://b-1250000000.cos.ap-guangzhou.myqcloud.com/task/,' 's,^,/prefix/task/,; s/$/?x#y/' \
        's,^,C:\\rec\\,' 's,^,file:///C:/rec/,' 's,^,../elsewhere/,' 's/+/%2B/g' 's/+/ /g' 's/_/%5f/g' 's,^,..%2F,'; do
        have two p
        lines "$how"
        whole
        said '2 of its lines spell file names differently from the directory'
    done
    mix 0 -s 64x36 -r 5 --preset ultrafast -o o.mkv p
    # nothing outside of the directory, and no link out of it
    have two p
    f=$(find p -name '*_Mg..__*video_*533.ts' | sort | head -n 1)
    mv "$f" out.ts
    ln -s ../out.ts p/link.ts
    lines "s,^.*/\?${f##*/},../p/link.ts,"
    merge 3 -f p -o o
    said 'p/../p/link.ts: missing: leads out of its directory'
}

@test "files that browsers, download tools and forms have renamed" {
    local how
    for how in 's/+/ /g' 's/+/%2B/g' 's/\(\.[a-z0-9]*\)$/ (1)\1/' 's/\(\.[a-z0-9]*\)$/ - Copy (2)\1/' 's/\(\.[a-z0-9]*\)$/ copy\1/' \
        's/$/?q-sign-algorithm=sha1/' 's/$/.1/' 's/\.m3u8$/.M3U8/' 's/^/Copy of /' 's/\(\.[a-z0-9]*\)$/.1\1/' 's/.*/\L&/' 's/.*/\U&/' 's/+/_/g' \
        's/$/_1/' 's/$/_sign=a/' 's/\.ts$/.mp2t/' 's/\.ts$//'; do
        have two p
        each .m3u8 "$how"
        each .ts "$how"
        whole
    done
    # where Windows stores from where they are; and a directory that is named like a file
    have two q
    for f in q/*; do echo '[ZoneTransfer]' >"$f:Zone.Identifier"; done
    rm -rf p
    mkdir p
    mv q p/rec.ts
    rm -rf o
    merge 0 --recursive -f p -o o
    quiet
    diff -r "$two" o
    # mixed recordings have no user in their names
    mk mixed --length 20 --mixed --user "$(user)"
    trtc-merge -q -f mixed -o mixed.ref >/dev/null
    for how in 's/\(\.[a-z0-9]*\)$/ (copy)\1/' 's/^/task_/' 's/$/~/' 's/\.ts$/.mp2t/'; do
        rm -rf p
        cp -r mixed p
        each .m3u8 "$how"
        each .ts "$how"
        rm -rf o
        merge 0 -f p -o o
        diff -r mixed.ref o || fail "$how"
    done
    # copies beside what they are copies of, some of which look numbered, and a playlist that was saved twice while it grew
    have two p
    for f in p/*.m3u8; do cp "$f" "${f/.m3u8/_2.m3u8}"; done
    whole
    have two p
    for f in p/*.m3u8; do cp "$f" "${f/.m3u8/ (1).m3u8}"; done
    for f in p/*Mg*video.m3u8; do sed -i '/10533/,$d' "$f"; done
    whole
    said 'are listed by another playlist of this track as well'
}

@test "what downloads leave that were repeated, and tools that make directories" {
    local f how
    # a playlist that an error page has replaced, and the one that was fetched again; what a converter made of one
    have two p
    for f in p/*.m3u8; do cp "$f" "${f/.m3u8/ (1).m3u8}"; done
    for f in p/*video.m3u8; do echo '<html>403' >"$f"; done
    for f in p/*audio.m3u8; do cp "$BATS_FILE_TMPDIR"/ref/*.mp4 "$f.mp4"; done
    whole
    said 'video.m3u8: ignored, this track has another playlist: not a playlist: the first line is not #EXTM3U; it is an HTML page'
    # not if the other one is not complete
    sed -i /ENDLIST/d p/*Mg*video*.m3u8
    merge 3 -f p -o o
    said 'Mg..__UserId_e_main_video.m3u8: unreadable: playlist: not a playlist'
    # segments that were broken off, and those that were fetched again
    have two p
    for f in p/*.ts; do cp "$f" "$f.1" && truncate -s 1000 "$f"; done
    for f in p/*Mg*.ts; do : >"$f"; done
    sed -i /FILE-ATTR/d p/*Mg*.m3u8
    whole
    # segments in directories that are made of their addresses, or that lines name
    for how in 's,.*,https://b.example/rec/1/&?sign=1,' 's,.*,/data/b.example/rec/1/&,' 's,.*,../b.example/rec/1/&,'; do
        have two p
        mkdir -p p/b.example/rec/1
        for f in p/*.ts; do mv "$f" "p/b.example/rec/1/${f##*/}"; done
        [[ $how != *sign* ]] || for f in p/b.example/rec/1/*; do mv "$f" "$f?sign=1"; done
        lines "$how"
        whole
        rm -rf o
        merge 0 --recursive -f p -o o
        diff -r "$two" o
    done
    # a playlist for a player, of the merged files and of all playlists
    have two p
    cp "$two"/* p
    (cd p && printf '#EXTM3U\n' && printf '#EXTINF:20,x\n./%s\n' *.mp4 *.m3u8) >m && mv m p/all.m3u
    whole
    said 'p/all.m3u: ignored, not the name'
    # or of all segments
    (cd p && printf '#EXTM3U\n' && printf '#EXTINF:10,x\n%s\n' *.ts) >m && mv m p/all.m3u
    whole
    said 'p/all.m3u: ignored, its segments are in playlists of their own'
    rm p/*Mg*video.m3u8
    merge 3 -q -f p -o o
}

@test "a playlist that was cut, or has NULs, is a loss unless a copy of it is complete" {
    local f how
    have two p
    f=$(echo p/*Mg*video.m3u8)
    cp "$f" whole
    # the last segment has lost its name (2 ways), a tag is cut, a disk has written zeros (2 ways)
    for how in '$d;/10533.ts/d' '$d;/10533.ts/s/.*/#EXT/' '$s/.*/#EXT-X-TRTC/' '$s/.*/\x00\x00/' 's/\(#EXTINF\).*/\1\x00\x00/'; do
        sed "$how" whole >"$f"
        [[ $how != *TRTC/ ]] || truncate -s -1 "$f"
        rm -rf o
        merge 3 -q -f p -o o
        grep -qE 'video.m3u8: (missing: playlist: it describes|truncated: playlist:)' err || fail "$how"
        mix 3 -q -s 64x36 -r 5 --preset ultrafast -o o.mkv p
        # beside a complete copy nothing is lost
        for copy in 'p/0 (1).m3u8' "$f.1"; do
            cp whole "$copy"
            [[ $copy == "$f.1" ]] || mv "$copy" "${f%.m3u8} (1).m3u8"
            whole
            rm -f "$copy" p/*' (1)'*
        done
    done
    sed '$d;/10533.ts/d' whole >"$f"
    merge 3 -q -f p -o o
    said "main_video.m3u8: missing: playlist: it describes 1 segment without a name, the first in line 19; 10.000 s lost"
    # a part of a download beside the whole, cut within a name
    cp whole "$f"
    head -c -25 whole >"$f.part"
    whole
    # but that of another recording is no copy
    sed 's/0001_3560/0001_3561/;s/START-REC-TIME:176/START-REC-TIME:175/' whole >"${f%.m3u8} (1).m3u8"
    sed '$d;/10533.ts/d' whole >"$f"
    rm "$f.part"
    merge 3 -q -f p -o o
    said 'main_video.m3u8: missing: playlist: it describes 1 segment'
}

@test "--recursive leaves out the directories of other systems" {
    local d f
    for d in __MACOSX/p @eaDir lost+found '#recycle'; do
        have two p
        mkdir -p "p/$d"
        for f in p/1*; do
            printf '\0\5\26\7' >"p/$d/._${f#p/}"
            echo x >"p/$d/${f#p/}@SynoEAStream"
            mkdir "p/$d/${f#p/}"
        done
        whole --recursive
        quiet
    done
}

@test "gzip, UTF-16, byte-order marks and old line ends are read; other formats are named in the error" {
    local how f
    for how in 'gzip -c' 'iconv -t utf-16' 'iconv -t utf-16le' 'iconv -t utf-16be' 'sed 1s/^/\xef\xbb\xbf/' 'tr \n \r' 'sed s/$/\r/' \
        'sed s/^#EXT[^:]*/\L&/;1s/^/\n/;s/^/\t/;$s/$/\x1a\x00/'; do
        have two p
        for f in p/*.m3u8; do $how <"$f" >x && mv x "$f"; done
        whole
        quiet
    done
    mix 0 -s 64x36 -r 5 --preset ultrafast -o o.mkv p
    have two p
    gzip p/*.m3u8
    whole
    have two p
    for f in p/*Mg*.m3u8; do gzip -c "$f" | head -c 100 >x && mv x "$f"; done
    merge 65 -q -f p -o o1
    said 'unreadable: playlist: compressed with gzip, and cut'
    [ -e o1/Pj4+_20260101000000495_av.mp4 ]
    for f in p/*Mg*.m3u8; do echo '<html>' >"$f"; done
    mix 3 -q -s 64x36 -r 5 --preset ultrafast -o o.mkv p
    said 'not a playlist: the first line is not #EXTM3U; it is an HTML page'
}

@test "no user is left out silently, not even with -q" {
    local f how
    # a user's playlists are not there
    have two p
    rm p/*Mg*.m3u8
    for how in 'merge 3' 'mix 3 -s 64x36 -r 5 --preset ultrafast -o o.mkv'; do
        $how -q ${how:+$([[ $how == merge* ]] && echo -f)} p
        said 'unlisted: 4 segments belong to a user who has no playlist'
        [ "$(wc -l <err)" -eq 1 ]
    done
    merge 3 -q -f p -u 2 || merge 66 -q -f p -u 2
    # nobody has one: nothing is made
    rm p/*.m3u8
    mix 66 -q -o o.mkv p
    # and a tool has changed the names of the segments
    have two p
    rm p/*Mg*.m3u8
    each Mg*.ts 's/.*/\L&/'
    merge 3 -q -f p -o o0
    said 'unlisted: 4 segments are in no playlist, and their names were changed so that the user is unknown'
    [ "$(wc -l <err)" -eq 1 ]
    each Pj4+* 's/__/_/g'
    rm p/*Pj4+*.m3u8
    merge 66 -q -f p -o o0
    said 'unlisted: 8 segments are in no playlist, and their names were changed'
    have two p
    each Pj4+* 's/+/\&#43;/'
    merge 65 -q -f p -o o0
    said 'unlisted: 4 segments are in no playlist, and their names were changed so that the user is unknown'
    # only that of the picture is missing, or has another ending
    have two p
    mv p/*Mg*video.m3u8 v
    merge 3 -q -f p -o o1
    said 'unlisted: 2 segments belong to a picture track that has no playlist'
    [ "$(wc -l <err)" -eq 1 ]
    mv v p/list.m3u
    whole
    # the playlist of one recording has replaced that of another, whose segments are still there
    have two p
    for f in p/*Mg*.ts; do cp "$f" "${f/_202601010000/_202601010100}"; done
    merge 3 -q -f p -o o3
    said '_video_20260101010000533.ts: unlisted: 2 segments are in no playlist, and of another time than those that are'
    [ "$(wc -l <err)" -eq 2 ]
    merge 0 -q -f p -o o3 -u '>>>'
    merge 3 -q -f p -o o3 -u 2
    # those just before or after listed ones are left out with a note: a recorder was killed, or someone cut the playlist
    have two p
    sed -i '/EXTINF/,+1d' p/*Mg*video.m3u8
    sed -i '/FILE-ATTR/d' p/*Mg*video.m3u8
    cp "$two"/../two/*Mg*audio_20260101000000495.ts "$(echo p/*Mg*audio_20260101000010500.ts | sed s/10500/20500/)"
    merge 3 -f p -o o4
    said '1 segment is in no playlist and left out, the first is 1400000001_3560__UserId_s_Mg..__UserId_e_main_audio_20260101000020500.ts'
    said '_video_20260101000000533.ts: unlisted: 2 segments are in no playlist'
    # a playlist that was copied while it grew, and not again
    have plain p
    for f in 3 4 5; do cp "$(segment p video 1)" "$(segment p video 2 | sed "s/0000205/0000${f}05/")"; done
    merge 0 -f p -o o5
    said '3 segments are in no playlist and left out'
    sed -i /ENDLIST/d p/*video.m3u8
    merge 3 -q -f p -o o5
    said '30533.ts: unlisted: 3 segments are in no playlist, and that of their track is older, without an end'
    [ "$(wc -l <err)" -eq 1 ]
    rm p/*50533.ts
    merge 0 -q -f p -o o5
    quiet
    # they have names of their own: their segments tell whose they are
    have two p
    f=0
    for how in p/*Mg*.m3u8; do mv "$how" p/list$((f++)).m3u8; done
    whole
    said "p/list0.m3u8: its name is not that of a playlist: the names of its segments are used instead"
    # and so have the segments
    for f in p/*Mg*.ts; do mv "$f" "${f/_Mg/-Mg}"; done
    sed -i s/_Mg/-Mg/ p/list?.m3u8
    rm -rf o
    merge 3 -q -f p -o o
    said "p/list0.m3u8: foreign: neither its name nor those of its segments belong to a recording: 2 of them are here and left out"
    # a master playlist is none; whose playlists it lists are missed
    have two p
    (printf '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI="x.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n' && cd p && ls -- *Mg*video.m3u8) >master
    cp master p/index.m3u8
    whole
    said 'p/index.m3u8: a master playlist: the playlists that it lists are used'
    mkdir p/d
    mv p/*Mg* p/d
    sed 's,^1,d/1,' master >p/index.m3u8
    whole --recursive
    rm -rf o
    merge 3 -q -f p -o o
    said 'p/index.m3u8: missing: a master playlist: 1 of its playlists are in directories below, which --recursive searches'
    cp master p/index.m3u8
    rm -rf o p/d
    merge 3 -q -f p -o o
    said 'p/index.m3u8: missing: a master playlist: 1 of its playlists are not here'
    have two p
    cp master "$(echo p/*Mg*video.m3u8)"
    merge 3 -q -f p -o o2
    said 'video.m3u8: unreadable: playlist: a master playlist: it lists playlists, not segments'
    # an empty playlist
    have two p
    for f in p/*Mg*.m3u8; do echo '#EXTM3U' >"$f"; done
    mix 3 -q -s 64x36 -r 5 --preset ultrafast -o o.mkv p
    said 'p: user 2: no usable media'
    have two p
    rm p/*Mg*video_*.ts
    echo '#EXTM3U' >"$(echo p/*Mg*video.m3u8)"
    merge 0 -f p -o o6
    said 'main_video.m3u8: lists no segments'
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

@test "byte ranges of one file are segments: everything is merged, once" {
    local style attr
    for style in full next; do
        for attr in with without; do
            have plain p
            in_one video $style
            in_one audio $style
            [[ $attr == with ]] || sed -i /FILE-ATTR/d p/*.m3u8
            merge 0 -f p -o o.$style.$attr
            quiet
            # what has the size of a range is not that range
            [[ $attr == without ]] || head -c "$(sed -n 's/.*FILE-ATTR:.*,//p' "$(list video)" | head -n 1)" /dev/zero >"$(segment p video 0).1"
            merge 0 -q --force -f p -o o.$style.$attr
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

@test "byte ranges beyond the end of the file are reported as losses" {
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

@test "encrypted segments are reported with their method; the others are merged" {
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
    encrypt "$(segment p audio 0)"
    printf Salted__ | dd of="$(segment p audio 0)" conv=notrunc status=none
    merge 3 -f p
    said '20260101000000495.ts: foreign: it is encrypted with OpenSSL, no MPEG transport stream'
    said '20260101000010533.ts: foreign: it is perhaps encrypted, no MPEG transport stream'
}

@test "unencrypted segments are merged even if the playlist calls them encrypted" {
    have plain p
    sed -i 's/^#EXT-X-MEDIA-SEQUENCE.*/&\n#EXT-X-KEY:METHOD=AES-128,URI="key.bin"/' p/*.m3u8
    merge 0 -f p
    quiet
    cmp p/$first "$ref/$first"
}

# sample_aes FILE TYPE...: these stream types (1b, 0f) in its program maps become those of encrypted samples.
sample_aes() {
    perl -e '
        sub crc { my $c = ~0 & 0xffffffff;
            for (unpack "C*", shift) { $c ^= $_ << 24; $c = ($c & 0x80000000 ? $c << 1 ^ 0x04c11db7 : $c << 1) & 0xffffffff for 1..8 }
            pack "N", $c }
        my ($file, @types) = @ARGV; local $/; open F, "+<", $file; binmode F; my $d = <F>;
        for (my $i = 0; $i < length $d; $i += 188) {
            next if (unpack("n", substr $d, $i + 1, 2) & 0x1fff) != 0x1000;
            my $n = 3 + (unpack("n", substr $d, $i + 6, 2) & 0xfff); my $s = substr $d, $i + 5, $n - 4;
            for (@types) { my ($a, $b) = (chr hex, chr(hex() | 0xc0)); $s =~ s/$a(?=[\xe0-\xff].)/$b/s }
            substr($d, $i + 5, $n) = $s . crc($s);
        }
        seek F, 0, 0; print F $d' "$@"
}

@test "encrypted samples in an unencrypted transport stream" {
    have plain p
    sample_aes "$(segment p video 1)" 1b
    sed -i "/^#EXT-X-TRTC-FILE-ATTR:1767225610533/s/^/#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n/" "$(list video)"
    merge 3 -f p
    said '20260101000010533.ts: encrypted: its sound and pictures are encrypted with SAMPLE-AES (EXT-X-KEY); 10.000 s'
    [ "$(wc -l <err)" -eq 1 ]
    # whatever the playlist says
    sed -i /EXT-X-KEY/d "$(list video)"
    sample_aes "$(segment p audio 0)" 0f
    merge 3 -f p --force
    said '20260101000000495.ts: encrypted: its sound and pictures are encrypted with SAMPLE-AES; 10.005 s'
}

# seal sound|picture <STREAM >STREAM: a bare stream with the samples encrypted that SAMPLE-AES encrypts, with a
# simpler cipher.
seal() {
    perl -e '
        sub seal { my ($s, $from, $step) = @_;
            for (my $i = $from; $i + 16 <= length $s; $i += $step) { substr($s, $i, 16) ^= "\xa5\x5a\x3c\xc3" x 4 } $s }
        local $/; my $d = <STDIN>;
        if ($ARGV[0] eq "picture") {
            print((ord(substr $_, 3, 1) & 31) =~ /^[15]$/ && length > 51 ? seal($_, 35, 160) : $_) for split /(?=\x00\x00\x01)/, $d;
            exit }
        for (my $i = 0; $i < length $d;) {
            my @b = unpack "C*", substr $d, $i, 7; my $n = ($b[3] & 3) << 11 | $b[4] << 3 | $b[5] >> 5;
            print seal(substr($d, $i, $n), 7 + 16, 16); $i += $n }' "$1"
}

@test "encrypted samples in streams of the ordinary types, if the playlist says so and a decoder agrees" {
    local sealed what
    ffmpeg -nostdin -v error -f lavfi -i testsrc2=s=160x90:r=10:d=2 -f lavfi -i sine=d=2 \
        -map 0 -c:v libx264 -preset ultrafast -g 10 -f h264 clear.picture -map 1 -c:a aac -f adts clear.sound
    mkdir p
    printf '#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:2,\n1_1_20260101000000000.ts\n#EXT-X-ENDLIST\n' >p/1_1.m3u8
    for sealed in '' picture sound 'picture sound'; do
        cp clear.picture some.picture
        cp clear.sound some.sound
        for what in $sealed; do seal $what <clear.$what >some.$what; done
        ffmpeg -nostdin -v quiet -y -r 10 -i some.picture -i some.sound -c copy -f mpegts p/1_1_20260101000000000.ts
        case $sealed in
        '') merge 0 -f p --force && quiet && continue ;;
        'picture sound') merge 65 -f p --force && what='sound and pictures are' ;;
        *) merge 3 -f p --force && what="$sealed is" && [ "$(wc -l <err)" -eq 1 ] ;;
        esac
        said "1_1_20260101000000000.ts: encrypted: its $what encrypted with SAMPLE-AES (EXT-X-KEY); "
    done
    # pictures whose parameter sets are in the segment before do not decode alone, which proves nothing
    printf '#EXTM3U\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF:2,\n1_1_20260101000000000.ts\n#EXTINF:2,\n1_1_20260101000002000.ts\n#EXT-X-ENDLIST\n' >p/1_1.m3u8
    ffmpeg -nostdin -v quiet -y -r 10 -i clear.picture -i clear.sound -c copy -f mpegts p/1_1_20260101000000000.ts
    ffmpeg -nostdin -v quiet -r 10 -i clear.picture -i clear.sound -c copy -output_ts_offset 2 -f mpegts p/1_1_20260101000002000.ts
    perl -0777 -pi -e 's/\x00\x00\x01\K[\x67\x68]/\x6c/g' p/1_1_20260101000002000.ts # filler
    merge 0 -f p --force
    quiet
}

@test "encrypted samples in the input of trtc-hls and trtc-mix are reported; the rest is used" {
    clips 2 some.ts=1
    sample_aes some.ts 1b
    expect 3 trtc-hls -q -A 1 -R 1 -u a -d h -S $epoch some.ts
    said 'the parts that are encrypted with SAMPLE-AES are left out'
    [ "$(find h -name '*audio*.ts' | wc -l)" -eq 1 ]
    mix 3 -q -s 64x36 -r 5 --preset ultrafast -o o.mkv a=some.ts
    said 'a (some.ts): encrypted: some of it is encrypted with SAMPLE-AES'
    cp some.ts all.ts
    sample_aes all.ts 0f
    expect 65 trtc-hls -q -A 1 -R 1 -u a -d h2 -S $epoch all.ts
    said 'no frame of video or sound in it: it is encrypted with SAMPLE-AES'
    mix 65 -q -o o.mp4 a=all.ts
    said 'it is encrypted with SAMPLE-AES'
}

@test "MP4 and Matroska whose frames are encrypted: the method is reported; the rest is used" {
    local f scheme
    clips 2 some.ts=1
    # the title of a track makes room for what says that it is encrypted
    ffmpeg -nostdin -v error -i some.ts -c copy -bsf:a aac_adtstoasc -metadata:s:v title=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA some.mkv
    perl -pe 's/\x53\x6e\xa1A{33}/\x6d\x80\xa1\x62\x40\x9e\x50\x33\x81\x01\x50\x35\x97\x47\xe1\x81\x05\x47\xe2\x90AAAAAAAAAAAAAAAA/s' \
        <some.mkv >a.mkv
    ffmpeg -nostdin -v error -i some.ts -c copy -bsf:a aac_adtstoasc -encryption_scheme cenc-aes-ctr \
        -encryption_key 76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8 all.mp4
    # FairPlay's kind of the same, and one whose sound is not
    sed 's/schm\(....\)cenc/schm\1cbcs/g' all.mp4 >b.mp4
    perl -e 'local $/; $_ = <STDIN>; s/enca/mp4a/; my $at = index $_, "sinf", index($_, "esds"); substr($_, $at, 4) = "free"; print' \
        <all.mp4 >a.mp4
    for f in a.mkv=AES-CTR a.mp4=cenc; do
        scheme=${f#*=}
        f=${f%=*}
        expect 3 trtc-hls -q -A 1 -R 1 -u a -d h$scheme -S $epoch --json $f
        grep -q "^trtc-hls: $f: encrypted: [0-9]* frames of picture encrypted with $scheme, and left out$" err
        jq -se 'map(select(.track == "video"))[0].account | .left_out.encrypted == .frames_in and .unaccounted == 0' out
        mix 3 -q -s 64x36 -r 5 --preset ultrafast -o o.mkv a=$f
        grep -q "^trtc-mix: a ($f): encrypted: [0-9]* frames of picture encrypted with $scheme$" err
    done
    for f in all.mp4=cenc b.mp4=cbcs; do
        expect 65 trtc-hls -q -A 1 -R 1 -u a -d h -S $epoch ${f%=*}
        said "no frame of video or sound in it: it is encrypted with ${f#*=}"
    done
    mix 65 -q -o o.mp4 a=all.mp4
    said 'it is encrypted with cenc'
}

# scramble FILE PID [EVERY]: the packets of a PID, or every so many of them, say that they are scrambled.
scramble() {
    perl -e 'my ($file, $pid, $every) = @ARGV; local $/; open F, "+<", $file; binmode F; my ($d, $nb) = (<F>, 0);
        for (my $i = 0; $i < length $d; $i += 188) {
            next if (unpack("n", substr $d, $i + 1, 2) & 0x1fff) != $pid || $nb++ % $every;
            substr($d, $i + 3, 1) |= "\x80";
        }
        seek F, 0, 0; print F $d' "$1" "$2" "${3:-1}"
}

@test "scrambled sound or pictures are called encrypted by all programs; the rest is used" {
    local kind pid
    clips 2 plain.ts=1
    mkdir p
    printf '#EXTM3U\n#EXTINF:2,\n1_1_20260101000000000.ts\n#EXT-X-ENDLIST\n' >p/1_1.m3u8
    for kind in picture sound; do
        [ $kind = picture ] && pid=256 || pid=257
        cp plain.ts some.ts
        scramble some.ts $pid
        cp some.ts p/1_1_20260101000000000.ts
        merge 3 -f p --force
        said "1_1_20260101000000000.ts: encrypted: the packets of its $kind are scrambled; 2.000 s lost"
        [ "$(wc -l <err)" -eq 1 ]
        expect 3 trtc-hls -q -A 1 -R 1 -u a -d h$kind -S $epoch some.ts
        grep -q "^trtc-hls: some.ts: encrypted: [0-9]* scrambled packets\? of $kind left out$" err
        mix 3 -q -s 64x36 -r 5 --preset ultrafast -o o.mkv a=some.ts
        grep -q "^trtc-mix: a (some.ts): encrypted: [0-9]* scrambled packets\? of $kind left out$" err
    done
    scramble some.ts 256
    cp some.ts p/1_1_20260101000000000.ts
    merge 65 -f p --force
    said '1_1_20260101000000000.ts: encrypted: its packets are scrambled; 2.000 s'
    expect 65 trtc-hls -q -A 1 -R 1 -u a -d h -S $epoch some.ts
    said 'no frame of video or sound in it: it is encrypted: its packets are scrambled'
    # a part of the sound
    cp plain.ts p/1_1_20260101000000000.ts
    scramble p/1_1_20260101000000000.ts 257 9
    merge 3 -f p --force
    grep -q '1_1_20260101000000000.ts: encrypted: [0-9]* scrambled packets\? of sound left out; [0-9]* bytes lost$' err
}

@test "a segment that is not a transport stream: the message names its format" {
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
    have plain p
    printf 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n' >"$(segment p video 0)"
    printf 'HTTP/2 404 \r\n\r\n' >"$(segment p video 1)"
    merge 3 -f p
    said '_video_20260101000000533.ts: foreign: it is a pointer of Git LFS, no MPEG transport stream'
    said '_video_20260101000010533.ts: foreign: it is an HTTP answer with its headers, no MPEG transport stream'
}

@test "a segment that becomes shorter while it is read" {
    need_strace
    local f status=0
    mk p --bitrate 600000 --length 10 --user "$(user)"
    f=$PWD/$(segment p video 0)
    # after the first block nothing more can be read, not at the end of the file either
    strace -f -qq -o trace -P "$f" -e trace=pread64 -e inject=pread64:retval=0:when=2+ \
        trtc-merge -j 1 -f "$PWD/p" -o o >out 2>err </dev/null || status=$?
    grep -q INJECTED trace || fail 'nothing was injected'
    [[ $status -eq 3 ]] || fail "exit status $status"
    said "truncated: it has become shorter meanwhile; $(($(stat -c %s "$f") - 262144)) bytes lost"
}
