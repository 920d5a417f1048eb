# SPDX-License-Identifier: MIT
# fish completion for trtc-merge

# The users of the recordings in the directories given so far.
function __trtc_merge_users
    set --local words (commandline -opc)
    set --local dirs
    for i in (seq 2 (count $words))
        contains -- $words[(math $i - 1)] -o --output-dir --report; and continue
        test -d $words[$i]; and set -a dirs $words[$i]/
    end
    set -q dirs[1]; or return
    find $dirs -maxdepth 1 -name '*.m3u8' -printf '%f\n' 2>/dev/null | trtc-name decode 2>/dev/null |
        cut -f4 | string match -v '*\\\\*' | string match -v -- - | sort -u
end

complete -c trtc-merge -f -a '(__fish_complete_directories)'
complete -c trtc-merge -s f -l dir -x -a '(__fish_complete_directories)' -d 'Directory of playlists and segments'
complete -c trtc-merge -l recursive -d 'And the recordings in its subdirectories'
complete -c trtc-merge -s m -l mode -x -a '0\t"A file a section" 1\t"A file a user"' -d 'What a file is'
complete -c trtc-merge -s s -l strip -d 'With -m 1: leave out the gaps between sections'
complete -c trtc-merge -s a -l aux -x -a '0\t"Primary stream" 1\t"Substream where that is absent" 2\tSubstream' -d 'Where the picture comes from'
complete -c trtc-merge -s b -l black -d 'Show black while there is no video'
complete -c trtc-merge -s p -l fps -x -a '10 15 24 25 30 60' -d 'Frame rate'
complete -c trtc-merge -s r -l size -x -a '640x360 640x480 1280x720 1920x1080' -d 'Picture size'
complete -c trtc-merge -s o -l output-dir -x -a '(__fish_complete_directories)' -d 'Write the files there'
complete -c trtc-merge -s u -l user -x -a '(__trtc_merge_users)' -d 'Only this user'
complete -c trtc-merge -l part -x -a auto -d 'Only this part of the work, K/N'
complete -c trtc-merge -s j -l jobs -x -d 'Files that are made at a time'
complete -c trtc-merge -l video -x -a 'auto copy encode' -d 'Copy or encode the picture'
complete -c trtc-merge -l audio -x -a 'auto encode' -d 'Copy or encode the sound'
complete -c trtc-merge -l output -x -a 'mp4\t"Picture and sound" m4a\t"Sound alone, in MP4" aac\t"Sound alone, bare AAC"' -d 'Form of the files'
complete -c trtc-merge -l names -x -a 'script\t"USER_TIME_av.mp4" recording\t"As the service names its MP4"' -d 'Names of the files'
complete -c trtc-merge -l split-size -x -d 'Begin a new file before this size'
complete -c trtc-merge -l split-time -x -d 'Begin a new file before this length'
complete -c trtc-merge -l plan -a 'tsv json svg' -d 'Make nothing, print what would be made'
complete -c trtc-merge -l dry-run -a 'tsv json svg' -d 'The same as --plan'
complete -c trtc-merge -l finished -d 'Skip recordings that have no ENDLIST yet'
complete -c trtc-merge -l allow-missing -d 'Exit with 0 even if parts are missing'
complete -c trtc-merge -l force -d 'Make files again that exist already'
complete -c trtc-merge -l report -r -F -d 'Write a report as JSON'
complete -c trtc-merge -l json -d 'Print objects instead of paths'
complete -c trtc-merge -s 0 -l null -d 'End each path with NUL'
complete -c trtc-merge -l header -d 'Name the columns of the plan'
complete -c trtc-merge -l progress -x -a json -d 'Progress on standard error'
complete -c trtc-merge -s q -l quiet -d 'No notes and no progress'
complete -c trtc-merge -s v -l verbose -d 'Print more messages'
complete -c trtc-merge -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-merge -s V -l version -d 'Print the version and exit'
