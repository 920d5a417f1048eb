# SPDX-License-Identifier: MIT
# fish completion for trtc-mix

# The users of the recordings in the directories on the line.
function __trtc_mix_users
    set --local words (commandline -opc)
    set --local dirs
    for i in (seq 2 (count $words))
        test -d $words[$i]; and set -a dirs $words[$i]/
    end
    set -q dirs[1]; or return
    find $dirs -maxdepth 1 -name '*.m3u8' -printf '%f\n' 2>/dev/null | trtc-name decode 2>/dev/null |
        cut -f4 | string match -v '*\\\\*' | string match -v -- - | sort -u
end

complete -c trtc-mix -s m -l mode -x -a 'grid\t"Windows of one size" float\t"Small ones over a large one" screen\t"Small ones beside a large one" custom\t"As --list says"' -d 'Which layout'
complete -c trtc-mix -s b -l anchor -x -a '(__trtc_mix_users)' -d 'User in the large window'
complete -c trtc-mix -s l -l list -r -F -d 'Windows of a custom layout'
complete -c trtc-mix -l align -x -a 'left right' -d 'Side of the large window'
complete -c trtc-mix -l render -x -a 'stretch\t"All of it, in the shape of the window" crop\t"Its middle" fit\t"All of it, with bars" crop20\t"Cut by at most a fifth, then stretched"' -d 'How a picture fits its window'
complete -c trtc-mix -l label -d 'Show the user\'s name in each window'
complete -c trtc-mix -l no-audio-windows -d 'No window for who sends only sound'
complete -c trtc-mix -l linger -x -d 'Keep a window after its user has left'
complete -c trtc-mix -l fill -x -a 'hold\t"Its last one" black\tBlack' -d 'What is shown while a stream stalls'
complete -c trtc-mix -l script -r -F -d 'Changes over time'
complete -c trtc-mix -l subscribe -x -a '(__trtc_mix_users)' -d 'Only these users'
complete -c trtc-mix -l unsubscribe -x -a '(__trtc_mix_users)' -d 'All users except these'
complete -c trtc-mix -l streams -x -a 'main\t"Primary streams" aux\tSubstreams both' -d 'Which streams'
complete -c trtc-mix -l from -x -d 'Where the mix begins'
complete -c trtc-mix -l to -x -d 'Where the mix ends'
complete -c trtc-mix -l watermark -r -F -d 'Show a picture'
complete -c trtc-mix -l text -x -d 'Show a text'
complete -c trtc-mix -l clock -x -a 'top-left top-right bottom-left bottom-right top bottom center' -d 'Show a clock'
complete -c trtc-mix -l background -r -F -d 'Background'
complete -c trtc-mix -l placeholder -r -F -d 'Picture in windows without one'
complete -c trtc-mix -l request -r -F -d 'Take the settings of a CreateCloudRecording request'
complete -c trtc-mix -l image -r -F -d 'File of a picture that a request names'
complete -c trtc-mix -s o -l output -r -F -d 'Where to write; - for MPEG-TS on stdout'
complete -c trtc-mix -l format -x -a 'mp4 mkv ts' -d Container
complete -c trtc-mix -l still -x -d 'One picture of the mix, as PNG'
complete -c trtc-mix -s s -l size -x -a '640x360 360x640 854x480 1280x720 1920x1080' -d 'Size of the picture'
complete -c trtc-mix -s r -l fps -x -a '10 15 20 24 25 30' -d 'Pictures per second'
complete -c trtc-mix -s k -l bitrate -x -d 'Of the picture, kbit/s'
complete -c trtc-mix -s g -l gop -x -d 'Time between key frames'
complete -c trtc-mix -l preset -x -a 'ultrafast superfast veryfast faster fast medium slow slower veryslow placebo' -d 'Preset of x264'
complete -c trtc-mix -l sample-rate -x -a '48000 44100 16000' -d 'Of the sound'
complete -c trtc-mix -l channels -x -a '1 2' -d 'Of the sound'
complete -c trtc-mix -l audio-bitrate -x -d 'Of the sound, kbit/s'
complete -c trtc-mix -l audio-tracks -x -a 'mix\t"All voices" per-user\t"Also each voice"' -d 'Tracks of sound'
complete -c trtc-mix -l only -x -a 'audio video' -d 'Make only one of them'
complete -c trtc-mix -l part -x -a auto -d 'Only this part of the mix, K/N'
complete -c trtc-mix -l join -d 'Join all parts of a mix'
complete -c trtc-mix -s j -l workers -x -d 'Threads that decode and draw'
complete -c trtc-mix -l deterministic -d 'The same bytes on any machine'
complete -c trtc-mix -l allow-missing -d 'Exit with 0 even if parts are missing'
complete -c trtc-mix -l report -r -d 'Write a report as JSON'
complete -c trtc-mix -l progress -x -a json -d 'Print the progress as NDJSON'
complete -c trtc-mix -l json -d 'Print an object instead of the path'
complete -c trtc-mix -s q -l quiet -d 'No notes'
complete -c trtc-mix -s v -l verbose -d 'Say who enters and leaves'
complete -c trtc-mix -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-mix -s V -l version -d 'Print the version and exit'
