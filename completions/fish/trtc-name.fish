# SPDX-License-Identifier: MIT
# fish completion for trtc-name

complete -c trtc-name -f
complete -c trtc-name -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-name -s V -l version -d 'Print the version and exit'
complete -c trtc-name -s q -l quiet -d 'Print no notes'
complete -c trtc-name -s v -l verbose -d 'Say at the end how many names there were'

complete -c trtc-name -n 'not __fish_seen_subcommand_from encode decode' -a encode -d 'Make names of their parts'
complete -c trtc-name -n 'not __fish_seen_subcommand_from encode decode' -a decode -d 'Take names apart'

complete -c trtc-name -n '__fish_seen_subcommand_from encode decode' -s 0 -l null -d 'Names end with NUL'
complete -c trtc-name -n '__fish_seen_subcommand_from encode decode' -l json -d 'NDJSON, out of decode and into encode'
complete -c trtc-name -n '__fish_seen_subcommand_from encode decode' -l room-type -x -a 'auto int string' -d 'What the room is'

complete -c trtc-name -n '__fish_seen_subcommand_from decode' -l header -d 'Print the names of the columns first'
complete -c trtc-name -n '__fish_seen_subcommand_from decode' -F

complete -c trtc-name -n '__fish_seen_subcommand_from encode' -s A -l sdkappid -x -d 'Application id'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -s R -l room -x -d 'Room'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -s u -l user -x -d 'User id'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -s M -l media -x -a 'main aux' -d 'Stream of the user'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -l type -x -a 'audio video' -d 'Kind of the stream'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -l utc -x -d 'Start of a segment: epoch ms, 17 digits, RFC 3339'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -l index -x -d 'Number of an MP4 or playlist, from 1'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -l ha -x -a '1 2 3' -d 'Times recovered'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -l ext -x -a 'm3u8 ts mp4' -d 'Extension'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -s p -l prefix -x -d 'Directories before the task'
complete -c trtc-name -n '__fish_seen_subcommand_from encode' -s T -l task -x -d 'Task id'
