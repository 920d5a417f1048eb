# SPDX-License-Identifier: MIT
# fish completion for trtc-room

complete -c trtc-room -f
complete -c trtc-room -n __fish_use_subcommand -a serve -d 'Take streams in and hand them out'
complete -c trtc-room -n __fish_use_subcommand -a watch -d 'Print who enters and leaves'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l listen -x -d 'Address and port'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l key-file -r -F -d 'Publishers show a UserSig made with it'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l base-url -x -d 'What a Source begins with'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l origin -x -d 'Pages from there may publish and read'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l max-users -x -d 'Publishers in a room'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l max-rooms -x -d 'Rooms'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l max-connections -x -d 'Of publishers and readers'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l idle -x -d 'End a stream of which nothing comes'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l dismiss -x -d 'Dismiss a room that has been empty'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l hook -x -d 'Post the events there'
complete -c trtc-room -n '__fish_seen_subcommand_from serve' -l hook-key-file -r -F -d 'Sign them with this key'
complete -c trtc-room -n '__fish_seen_subcommand_from watch' -l room -x -d 'Only this room'
complete -c trtc-room -n '__fish_seen_subcommand_from watch' -l source -x -d 'Where streams are'
complete -c trtc-room -n '__fish_seen_subcommand_from watch' -l once -d 'Print what is so now, and end'
complete -c trtc-room -s q -l quiet -d 'No notes'
complete -c trtc-room -s v -l verbose -d 'Say more'
complete -c trtc-room -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-room -s V -l version -d 'Print the version and exit'
