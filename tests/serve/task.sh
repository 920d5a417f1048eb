#!/bin/bash
# SPDX-License-Identifier: MIT
# A stand-in for trtc-task, for the tests of trtc-recd: it keeps the same directory, but records nothing. Each second it
# makes a segment of a few bytes.
#
#   task.sh [WORD...] DIR [--room SOURCE]
#
#   slow      nothing is made before the end; refuse    ends with 77, as for a request it does not take
#   die       ends by itself right after its start; leave N    ends by itself with this LeaveCode
#   loss      reports one; picture    reports a picture that could not be fetched
#   unmade    MP4 or AAC cannot be made
#   damage    a line that is none, and a file that only that may have named; lines that are missing, and one twice
set -u
export LC_ALL=C TZ=UTC0
slow='' die='' loss='' picture='' unmade='' damage='' leave=''
while [[ ${1-} != /* ]]; do
    case $1 in
    slow | die | loss | picture | unmade | damage) declare "$1=yes" ;;
    leave) leave=$2 && shift ;;
    refuse) exit 77 ;;
    esac
    shift
done
cd "$1" || exit 66
task=$(basename "$1")
env >environment
ls -l /proc/self/fd >descriptors

exec 9>>lock
flock -n 9 || exit 75
echo $$ >lock
mkdir -p files
[[ -p control ]] || mkfifo -m 600 control
exec 8<>control

request=$(<request.json)
has() { [[ $request =~ $1 ]]; }
format=0 user=anna media=main
has '"OutputFormat":[[:space:]]*([0-9])' && format=${BASH_REMATCH[1]}
has '"MediaType":[[:space:]]*([0-9])' && media_types=(3 0 4 1 2) && format=${media_types[BASH_REMATCH[1]]}
has '"CloudVod"' && ! has '"MediaType"' && format=3
has '"RecordMode":[[:space:]]*2' && user='' media=mix

# The last line of a run that was killed may be torn.
touch events.ndjson
[[ ! -s events.ndjson || -z $(tail -c 1 events.ndjson) ]] || {
    sed '$d' events.ndjson >whole && mv whole events.ndjson
}
seq=$(wc -l <events.ndjson)
ha=$(grep -c '"EventType":306' events.ndjson)

now() { echo "${EPOCHREALTIME/./}" | cut -c 1-13; }
say() { printf '{"Seq":%d,"EventMsTs":%s,%s}\n' $((++seq)) "$(now)" "$1" >>events.ndjson; }
event() { say "\"EventType\":$1,\"Payload\":$2"; }
status() {
    printf '{"Status":"%s","TaskId":"%s","Ha":%d,"StartMs":%s,"Users":["anna"],"Streams":[%s],"Seq":%d}\n' \
        "$1" "$task" "$ha" "$begin" "$stream" "$seq" >status.part
    mv status.part status.json
}

finish() {
    event 302 "{\"LeaveCode\":$1}"
    status Exited
    if [[ $unmade ]]; then
        say '"Made":{"FileList":[],"FileMessage":[],"Status":2}'
    elif ((format)); then
        echo "mp4 of $task" >"files/$name.mp4"
        say "\"File\":\"files/$name.mp4\",\"Type\":\"$([[ $format =~ [24] ]] && echo aac || echo mp4)\""
        say "\"Made\":{\"FileList\":[\"$name.mp4\"],\"FileMessage\":[{\"FileName\":\"$name.mp4\",\"UserId\":\"$user\",\"TrackType\":\"audio_video\",\"MediaId\":\"$media\",\"StartTimeStamp\":$begin,\"EndTimeStamp\":$(now)}],\"Status\":0}"
    fi
    say "\"End\":{\"Status\":${2:-0},\"ExitStatus\":0}"
    exit 0
}

segment() {
    local f=${name}_$((++nb)).ts
    [[ ! $slow ]] || return
    echo "segment $nb of $task" >"files/$f"
    printf '#EXTINF:1.0,\n%s\n' "$f" >>"files/$name.m3u8"
    say "\"File\":\"files/$f\",\"Type\":\"segment\""
    ((nb > 1)) || event 307 "{\"FileName\":\"$name.m3u8\",\"UserId\":\"$user\",\"TrackType\":\"audio_video\",\"BeginTimeStamp\":$begin}"
    say "\"File\":\"files/$name.m3u8\",\"Type\":\"playlist\""
}

begin=$(now) nb=0 stream=''
name=made
if ((seq == 0)); then
    event 301 '{"Status":0}'
elif ((ha == 3)); then
    finish 100 1
else
    ha=$((ha + 1))
    name=ha${ha}_$name
    event 306 '{"Status":0}'
fi
status Idle
[[ ! $die ]] || exit 75
stream="{\"UserId\":\"$user\",\"MediaId\":\"$media\",\"TrackType\":\"audio_video\",\"FileName\":\"$name.m3u8\",\"BeginTimeStamp\":$begin}"
printf '#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n' >"files/$name.m3u8"
segment
[[ $slow ]] || status InProgress
[[ ! $picture ]] || event 309 '{"Url":"https://example.com/logo.png"}'
[[ ! $loss ]] || say '"Loss":"anna: 2 s are missing","UserId":"anna"'
[[ ! $damage ]] || {
    echo 'recorded' >files/other.ts
    printf '{"Seq":%d,"File":"files/oth\n' $((++seq)) >>events.ndjson
    ((seq += 2)) && say '"Note":"two lines are not there"'
    tail -n 1 events.ndjson >again && cat again >>events.ndjson
}
[[ ! $leave ]] || finish "$leave"
# Where its directory is taken away, which a test does at its end, it ends as well.
while [[ -e lock ]]; do
    if IFS= read -r -t 1 -u 8 line; then
        echo "$line" >>told
        [[ $line =~ \"stop\".*\"LeaveCode\":([0-9]+) ]] && finish "${BASH_REMATCH[1]}"
    else
        segment
    fi
done
