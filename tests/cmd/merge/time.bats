#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# trtc-merge and time: sections, gaps, sync, drift, wraps, clocks, recoveries, streams, and memory.

load ../../lib
export user_keys=rate=16000

setup_file() {
    files_begin
    mk plain --length 25 --user "$(user rate=48000)"
    mk far --length 60 --user "$(user gap=10-30)"
    mk aux --length 60 --user "$(user from=0,to=60,vgap=20-40,aux=20-40,aux_audio)"
}

setup() {
    test_begin
}

@test "a simple recording: every frame, in sync, of the right length" {
    have plain
    local before
    before=$(tree plain)
    merge 0 -f plain
    quiet
    made plain/$first
    synced plain/$first 2 5
    at plain/$first 9.505 19.505
    [ "$(frames plain/$first)" -eq 375 ]
    lasts plain/$first 25
    [ "$(field plain/$first v codec_name)" = h264 ]
    [ "$(field plain/$first a codec_name)" = aac ]
    [ "$before" = "$(tree plain)" ]
    no_leftovers plain
}

@test "a playlist that states too short a last segment: the report has the times of the file, as --json has" {
    local list
    have plain p
    for list in p/*.m3u8; do
        sed -i "$(grep -n '^#EXTINF' "$list" | tail -n 1 | cut -d : -f 1)s/:.*/:3.000,/" "$list"
    done
    merge 0 -f p --json --report r.json
    lasts p/$first 25
    [ "$(jq -c '.outputs[] | [.start_ms, .end_ms, .duration_ms]' r.json)" = "$(jq -c '[.start_ms, .end_ms, .duration_ms]' out)" ]
    near "$(jq '.outputs[].duration_ms' r.json)" 25000 100
}

@test "a segment that begins a little before its playlist and its clock have it: no frame is left out" {
    local list
    have plain p
    for list in p/*.m3u8; do
        sed -i 's/^#EXTINF:10.*/#EXTINF:10.4,/; s/ATTR:1767225610500/ATTR:1767225610480/' "$list"
    done
    merge 0 -f p --report r.json
    quiet
    [ "$(jq -c '[.outputs[] | .audio, .video | .account.left_out]' r.json)" = '[{},{}]' ]
}

@test "sections end at pauses of more than 15 s, not at shorter ones" {
    merge_gap() { # SECONDS FILES
        mk "g$1" --length 45 --user "$(user "gap=10-$((10 + $1))")"
        merge 0 -f "g$1"
        [ "$(wc -l <out)" -eq "$2" ] || fail "a gap of $1 s"
    }
    merge_gap 14 1
    merge_gap 16 2
    # sound alone in the gap keeps the section together
    mk s --length 60 --user "$(user vgap=10-45)"
    merge 0 -f s
    made s/$first
    lasts s/$first 60
    # a long segment and a short one behind it: the latest end counts
    mk l --length 50 --segment 30 --user "$(user agap=10-20,vgap=30-44)"
    merge 0 -f l
    made l/$first
}

@test "-m 0: a file for each section, named by its first segment" {
    have far
    merge 0 -f far
    quiet
    made far/$first far/MTAwMDE._20260101000030495_av.mp4
    synced far/$first 1 5
    lasts far/$first 10
    synced far/MTAwMDE._20260101000030495_av.mp4 3 5
    at far/MTAwMDE._20260101000030495_av.mp4 9.505 19.505 29.505
    lasts far/MTAwMDE._20260101000030495_av.mp4 30
}

@test "-m 1: a file for each user, with the gaps; without them with -s" {
    have far
    merge 0 -f far -m 1
    quiet
    made far/$first
    synced far/$first 4 5
    at far/$first 9.505 39.505 49.505 59.505
    lasts far/$first 60
    merge 0 -f far -m 1 -s -o stripped
    made stripped/$first
    synced stripped/$first 4 5
    at stripped/$first 9.505 19.543 29.543 39.543
    lasts stripped/$first 40 0.1
}

@test "holes in one track: silence or held pictures of the same length" {
    mk h --length 60 --user "$(user rate=48000,agap=12-19,vgap=31-38,stall=41-43,astall=51-54)"
    merge 0 -f h
    made h/$first
    lasts h/$first 60
    synced h/$first 6 5
    # the whole sound is there: as many samples as time
    near "$(value h/$first samples_s)" 60 0.07
    ffmpeg -nostdin -v info -ss 13 -t 5 -i h/$first -vn -af volumedetect -f null - 2>vol.txt
    awk '/max_volume/ { v = $(NF - 1) } END { exit !(v < -80) }' vol.txt || fail "$(cat vol.txt)"
}

@test "late sound or a late picture: the offset is kept" {
    local s f
    for s in 0.5 10; do
        mk "a$s" --length 35 --user "$(user "agap=0-$s")"
        mk "v$s" --length 35 --user "$(user "vgap=0-$s")"
        merge 0 -f "a$s"
        f=a$s/MTAwMDE._20260101000000533_av.mp4
        made "$f"
        if [ "$s" = 10 ]; then
            near "$(mark "$f" 2 3)" 0.4 5 "$f"
        else
            synced "$f" 3 5
        fi
        near "$(mark "$f" 3 1)" 29.467 0.003 "$f"
        lasts "$f" 34.962 0.08
        merge 0 -f "v$s"
        made "v$s/$first"
        near "$(mark "v$s/$first" 3 1)" 29.505 0.003 "$f"
        near "$(mark "v$s/$first" 3 3)" 0.4 5 "$f"
        lasts "v$s/$first" 35 0.08
    done
}

@test "50 ppm of drift in the sound, three gaps, 10 minutes" {
    mk d --length 600 --segment 12 --user "$(user rate=48000,drift_ppm=50,gap=100-110,agap=250-256,gap=400-414)"
    merge 0 -f d
    made d/$first
    synced d/$first 58 40
    lasts d/$first 600
    merge 0 -f d -m 1 -s -o s
    [ "$(<out)" = s/$first ]
    synced s/$first 58 40
}

@test "-250 and 500 ppm are followed, too" {
    local ppm
    for ppm in -250 500; do
        mk "d$ppm" --length 240 --user "$(user rate=48000,drift_ppm=$ppm)"
        merge 0 -f "d$ppm"
        [ "$(<out)" = "d$ppm/$first" ]
        synced "d$ppm/$first" 24 40
        lasts "d$ppm/$first" 240
    done
    plays d*/$first
}

@test "the 33-bit clock: wraps, restarts, negative and near-wrap starts" {
    local start
    for start in 8589384592 8589934500 -900000; do
        mk w$start --length 25 --user "$(user)" --pts-start $start
        merge 0 -f w$start
        [ "$(<out)" = w$start/$first ]
        synced w$start/$first 2 5
        at w$start/$first 9.505 19.505
        lasts w$start/$first 25
        [ "$(frames w$start/$first)" -eq 375 ]
    done
    plays w*/$first
    mk r --length 25 --user "$(user)" --pts-per-segment-restart
    merge 0 -f r
    quiet
    made r/$first
    synced r/$first 2 40
    at r/$first 9.505 19.505
    lasts r/$first 25
}

@test "the time zone makes no difference" {
    local zone sum=
    # the night in which New York, and the one in which Berlin changes its clocks
    mk z --start 1772953190000 --length 25 --user "$(user gap=9-12)"
    for zone in UTC0 America/New_York Asia/Shanghai Europe/Berlin EST5EDT,M3.2.0,M11.1.0; do
        TZ=$zone merge 0 -f z -o "z$zone"
        [ "$(md5sum <"z$zone/MTAwMDE._20260308065950000_av.mp4")" = "${sum:=$(md5sum <zUTC0/MTAwMDE._20260308065950000_av.mp4)}" ]
    done
}

@test "the same input gives the same bytes, with one job or four" {
    mk s --length 25 --user "$(user)" --user "$(user id=2)"
    merge 0 -f s -j 1 -o a
    merge 0 -f s -j 4 -o b
    [ "$(cd a && md5sum -- *)" = "$(cd b && md5sum -- *)" ]
}

@test "playlists: old tags, CRLF, byte-order mark, no comma, no ENDLIST" {
    local how list
    mk old --length 25 --user "$(user rate=48000)" --tags old
    for how in '' 's/$/\r/' '1s/^/\xef\xbb\xbf/' 's/^\(#EXTINF:.*\),$/\1/' '/ENDLIST/d' \
        '1s/^/\xef\xbb\xbf/;/ENDLIST/d;s/^\(#EXTINF:.*\),$/\1/;s/$/\r/' 's/^#EXTINF:\(.*\),/#EXTINF:\1,a title/' 's/TARGETDURATION:10/TARGETDURATION:1/'; do
        if [ "$how" ]; then have plain p; else cp -r old p; fi
        for list in p/*.m3u8; do sed -i "$how" "$list"; done
        merge 0 -f p
        quiet
        [ "$(<out)" = p/$first ]
        [ "${sum:=$(md5sum <p/$first)}" = "$(md5sum <p/$first)" ] || fail "another file with $how"
        rm -r p
    done
    merge 0 -f old
    made old/$first
    synced old/$first 2 5
    at old/$first 9.505 19.505
    lasts old/$first 25
}

@test "numbered playlists, and longer ones than their numbers promise" {
    mk p --length 45 --user "$(user)" --numbered
    merge 0 -f p
    made p/$first
    synced p/$first 4 5
    lasts p/$first 45
    [ "$(frames p/$first)" -eq 675 ]
}

@test "one playlist with sound and picture (AvMerge), and a mixed recording" {
    mk m --length 25 --user "$(user)" --av-merge
    merge 0 -f m
    quiet
    made m/$first
    synced m/$first 2 5
    [ "$(frames m/$first)" -eq 375 ]
    lasts m/$first 25
    mk o --length 45 --user "$(user gap=10-27)" --mixed --tags old
    trtc-merge -f o >out 2>err || [ $? -eq 3 ] # without sizes, a hole in a segment cannot be told from a cut
    [ "$(wc -l <out)" -eq 2 ]
    mk x --length 45 --user "$(user gap=10-27)" --mixed
    merge 0 -f x
    quiet
    made x/1400000001_3560_20260101000000495_av.mp4 x/1400000001_3560_20260101000027533_av.mp4
    synced x/1400000001_3560_20260101000027533_av.mp4 2 5
    merge 0 -f x -m 1 --force
    made x/1400000001_3560_20260101000000495_av.mp4
    lasts x/1400000001_3560_20260101000000495_av.mp4 45
    # -u means a user; -a has no meaning for a mix
    merge 66 -f x -u 10001
    merge 0 -f x -a 2 -o a2
    [ "$(wc -l <out)" -eq 2 ]
}

@test "recoveries: every second is used once" {
    local o
    for o in 0 5 30; do
        mk h$o --length 90 --user "$(user rate=48000)" --ha "1:40:$o" --ha "2:70:$o"
        ls h$o/ha2_* >/dev/null
        merge 0 -f h$o
        quiet
        [ "$(<out)" = h$o/$first ]
        synced h$o/$first 9 40
        lasts h$o/$first 90
        near "$(frames h$o/$first)" 1350 1 "overlap $o"
        at h$o/$first 9.505 19.505 29.505 39.505 49.505 59.505 69.505 79.505 89.505
    done
    plays h*/$first
    # a hole before the recovery, longer than a section's end, and the third
    mk h --length 90 --user "$(user)" --ha 1:30:0 --ha 2:50:3 --ha 3:70:-16
    merge 0 -f h
    [ "$(wc -l <out)" -ge 1 ]
    mk h3 --length 80 --user "$(user gap=28-32)" --ha 1:20:2 --ha 2:40:12 --ha 3:60:1
    merge 0 -f h3
    made h3/$first
    synced h3/$first 7 40
    near "$(frames h3/$first)" 1140 1 ha3
}

@test "recoveries that are not in step with the original" {
    mk a --length 60 --user "$(user rate=48000,gop=1)"
    mk b --start 1767225603795 --length 50 --user "$(user rate=48000,gop=1)"
    local f
    for f in b/*; do mv "$f" "a/ha1_${f#b/}"; done
    sed -i 's/^14/ha1_14/' a/ha1*.m3u8
    merge 0 -f a -o whole
    made whole/$first
    synced whole/$first 6 5
    [ "$(frames whole/$first)" -eq 900 ]
    # what the original lacks is in the recovery: nothing is missed in the output, but the losses are told
    rm "a/${stem}_video_20260101000020533.ts"
    truncate -s -20000 "a/${stem}_audio_20260101000030511.ts"
    merge 3 -f a
    made a/$first
    synced a/$first 6 40
    lasts a/$first 60
    [ "$(frames a/$first)" -eq 900 ] || fail "$(frames a/$first) pictures, not 900"
    near "$(value a/$first samples_s)" 60 0.07
}

@test "a recovery takes over between pictures that refer to each other: none of those that lack another is left" {
    mkrec --bitrate 40000 --length 8 --user "$(user gop=1,bframes=3)" a
    mkrec --bitrate 40000 --start 1767225603795 --length 12 --user "$(user gop=1,bframes=3)" b
    local f
    for f in b/*; do mv "$f" "a/ha1_${f#b/}"; done
    sed -i 's/^14/ha1_14/' a/ha1*.m3u8
    merge 0 -f a
    made a/$first
    near "$(frames a/$first)" 230 5
}

@test "string rooms, and user ids whose Base64 contains a plus or a minus" {
    local u
    mk r --length 12 --room-type string --room 'class/ä?1' --user "$(user 'id=>>>')" --user "$(user 'id=ÿÿÿ')" --user "$(user id=老师)"
    merge 0 -f r
    quiet
    made r/Pj4+_20260101000000495_av.mp4 r/w7-Dv8O-_20260101000000495_av.mp4 r/6ICB5biI_20260101000000495_av.mp4
    for u in '>>>' 老师; do
        merge 0 -f r -u "$u" -o "o$u"
        [ "$(wc -l <out)" -eq 1 ]
    done
    # the same user in two rooms stays apart
    mk r --length 12 --room 7 --user "$(user 'id=>>>')"
    merge 73 -f r
    said 'Pj4+_20260101000000495_av.mp4'
    merge 0 -f r --names recording
    [ "$(grep -c 'Pj4+' out)" -eq 2 ]
}

@test "-a 0, 1, 2: the primary stream, the substream in its holes, the substream" {
    have aux
    local s2=MTAwMDE._20260101000020533_av.mp4
    merge 0 -f aux
    made aux/$first
    lasts aux/$first 60
    [ "$(frames aux/$first)" -eq 600 ]
    said '-a 0 leaves out'
    merge 0 -f aux -a 1 -o a1 --report a1.json
    made a1/$first
    synced a1/$first 6 5
    near "$(frames a1/$first)" 900 1 '-a 1'
    lasts a1/$first 60
    merge 0 -f aux -a 2 -o a2
    made a2/$first
    near "$(frames a2/$first)" 300 1 '-a 2'
    lasts a2/$first 60
    # a substream of one segment is not lost
    mk one --length 30 --user "$(user kinds=a,aux=10-20)"
    merge 0 -f one -a 1
    made one/$first
    near "$(frames one/$first)" 150 1 'one segment'
    # a substream alone, and none
    mk sub --length 20 --user "$(user kinds=a,aux=0-20)"
    merge 0 -f sub -a 0
    made sub/MTAwMDE._20260101000000495.m4a
    said '-a 0 leaves out'
    have plain
    merge 0 -f plain -a 2
    made plain/MTAwMDE._20260101000000495.m4a
    near "$(field plain/MTAwMDE._20260101000000495.m4a a duration)" 25 0.05 m4a
    : "$s2"
}

@test "-a 1: holes of up to 15 s stay holes; a stream that is left out causes no section and no loss" {
    mk a --length 60 --user "$(user vgap=20-32,aux=0-60)"
    merge 0 -f a -a 1
    made a/$first
    near "$(frames a/$first)" 720 1 'a hole of 12 s'
    # primary 0-10 and 50-60, substream all the time: two sections with -a 0
    mk b --length 60 --user "$(user vgap=10-50,agap=10-50,aux=0-60)"
    merge 0 -f b
    [ "$(wc -l <out)" -eq 2 ]
    rm b/*aux_video_20260101000050*.ts
    merge 0 -f b -a 0 --force
    unsaid missing
    merge 3 -f b -a 2 -o b2
    said missing
}

@test "B-frames, HEVC, 1 and 60 pictures per second" {
    mkrec --length 22 --bitrate 60000 --user "$(user bframes=2)" b
    merge 0 -f b
    made b/$first
    synced b/$first 2 5
    [ "$(frames b/$first)" -eq 330 ]
    lasts b/$first 22 0.14
    [ "$(field b/$first v has_b_frames)" -gt 0 ]
    mk h --length 12 --user "$(user codec=hevc)"
    merge 0 -f h
    made h/$first
    [ "$(field h/$first v codec_tag_string)" = hvc1 ]
    synced h/$first 1 5
    mk r1 --length 25 --user "$(user fps=1)"
    merge 0 -f r1
    made r1/$first
    near "$(mark r1/$first 3 1)" 19.505 0.003 '1 fps'
    near "$(mark r1/$first 3 3)" 0 5 '1 fps'
    mk r60 --length 12 --user "$(user fps=60)"
    merge 0 -f r60
    made r60/$first
    [ "$(frames r60/$first)" -eq 720 ]
}

@test "a size that changes: one picture size, bars, and all frames" {
    local inside
    for inside in '' _inside; do
        mk c --length 22 --user "$(user "size_change$inside=11:120x160")"
        merge 0 -f c
        made c/$first
        [ "$(field c/$first v width)x$(field c/$first v height)" = 160x160 ]
        near "$(frames c/$first)" 330 1 "size change$inside"
        lasts c/$first 22
        merge 69 -f c --video copy -o none
        said 'size changes'
        [ ! -s out ]
        # in the size that was asked for, which is that of the first pictures
        merge 0 -f c -r 160 90 -o r --json
        [ "$(field r/$first v width)x$(field r/$first v height)" = 160x90 ]
        jq -e '.video.action == "encode" and .video.reason and .video.width == 160 and .video.height == 90' out
        rm -r c r
    done
}

@test "hundreds of segments per track with 64 open files, in little memory" {
    local nb=200
    [[ ! ${TRTC_LONG:-} ]] || nb=500
    mk m --length $nb --segment 1 --user "$(user rate=48000,gop=1)"
    [ "$(find m -name '*.ts' | wc -l)" -ge $((2 * nb - 1)) ]
    (
        ulimit -n 64
        [[ ${TRTC_SAN:-} ]] || ulimit -v 300000
        expect 0 /usr/bin/env time -f %M -o rss trtc-merge -f m
    ) || fail "not with 64 files: $(cat err)"
    made m/$first
    synced m/$first $((nb / 10)) 5
    lasts m/$first $nb
    [[ ${TRTC_SAN:-} || ! -s rss ]] || [ "$(tail -n 1 rss)" -lt 60000 ] || fail "$(cat rss) KB"
}
