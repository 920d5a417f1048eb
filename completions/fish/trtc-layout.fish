# SPDX-License-Identifier: MIT
# fish completion for trtc-layout

complete -c trtc-layout -f
complete -c trtc-layout -s m -l mode -x -a 'grid\t"Windows of one size" float\t"Small ones over a large one" screen\t"Small ones beside a large one" custom\t"As --list says"' -d 'Which layout'
complete -c trtc-layout -s s -l size -x -a '640x360 360x640 854x480 1280x720 1920x1080' -d 'Size of the canvas'
complete -c trtc-layout -s b -l anchor -x -d 'Whose is the large window'
complete -c trtc-layout -l align -x -a 'left right' -d 'Where the large window of screen is'
complete -c trtc-layout -s l -l list -r -F -d 'Windows of a custom layout'
complete -c trtc-layout -l render -x -a 'stretch\t"All of it, in the shape of the window" crop\t"Its middle" fit\t"All of it, with bars" crop20\t"Cut by at most a fifth, then stretched"' -d 'How a picture fits its window'
complete -c trtc-layout -s n -l count -x -d 'Users u1 to uN'
complete -c trtc-layout -s f -l format -x -a 'tsv\t"A line a window" json\t"An array" svg\t"A picture" filter\t"For FFmpeg" api\t"For the REST API"' -d 'What to print'
complete -c trtc-layout -l header -d 'Name the columns first'
complete -c trtc-layout -l json -d 'Print an object a line'
complete -c trtc-layout -s r -l fps -x -d 'Pictures a second of the filter'
complete -c trtc-layout -s 0 -l null -d 'Users on stdin end with NUL'
complete -c trtc-layout -s q -l quiet -d 'No notes'
complete -c trtc-layout -s v -l verbose -d 'Say how many windows there are'
complete -c trtc-layout -s h -l help -d 'Print a summary of the options and exit'
complete -c trtc-layout -s V -l version -d 'Print the version and exit'
