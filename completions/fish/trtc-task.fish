# SPDX-License-Identifier: MIT
# fish completion for trtc-task

complete -c trtc-task -f -a '(__fish_complete_directories)'
complete -c trtc-task -l room -x -a 'http:// exec: nginx-rtmp:' -d 'Source of the room'
complete -c trtc-task -l uploader -x -a '(__fish_complete_command)' -d 'Program that stores the files'
complete -c trtc-task -s q -l quiet -d 'No notes'
complete -c trtc-task -s v -l verbose -d 'Print more messages'
complete -c trtc-task -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-task -s V -l version -d 'Print the version and exit'
