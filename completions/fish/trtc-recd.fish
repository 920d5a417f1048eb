# SPDX-License-Identifier: MIT
# fish completion for trtc-recd

complete -c trtc-recd -f
complete -c trtc-recd -l config -r -F -d 'Applications with their keys, and all settings'
complete -c trtc-recd -l check-config -d 'Report every error in it, and exit'
complete -c trtc-recd -l listen -x -d 'Address of the API'
complete -c trtc-recd -l data -x -a '(__fish_complete_directories)' -d 'Where everything is kept'
complete -c trtc-recd -l room -x -d 'Source of events and streams'
complete -c trtc-recd -l launch -x -a '(__fish_complete_command)' -d 'Command that starts a task'
complete -c trtc-recd -s q -l quiet -d 'No notes'
complete -c trtc-recd -s v -l verbose -d 'Print more messages'
complete -c trtc-recd -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-recd -s V -l version -d 'Print the version and exit'
