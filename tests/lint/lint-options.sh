#!/bin/bash
# SPDX-License-Identifier: MIT
# Compares the options of each program in all places that name them: --help (which counts), the table of
# its source, the man page, and the completions of bash, zsh and fish. Prints the differences.
#
#   lint-options.sh BUILD_DIR TREE TOOL...        exit 1 where something differs
set -u

build=$1 tree=$2
shift 2
bad=0

complain() {
    echo "$*"
    bad=1
}

# Words like -x and --long out of stdin, one a line, each once.
sorted() { grep -Eo -- '^(-[A-Za-z0-9]|--[a-z0-9][a-z0-9-]+)$' | sort -u; }

# The sub-commands that a tool's usage names, if any.
subcommands() {
    "$build/$1" --help | sed -En "s/^(usage:)? *([^ ]*\/)?$1 ([a-z]+)( .*)?$/\3/Ip" | sort -u
}

# --help, of the tool and its sub-commands: what stands at the start of an indented line, before the text.
of_help() {
    local sub
    for sub in '' "${subs[@]}"; do
        "$build/$1" ${sub:+"$sub"} --help
    done | sed -En 's/^ +(-.*)/\1/p' | sed -E 's/  .*//' | tr -s ' ,|=[]' '\n' | sorted
}

# The long options of the rows of a table: { "file", 'f', ...}, { .name = "file", .letter = ...}.
of_source() {
    local row='\{ *("[a-z0-9-]+", *('\''.'\''|0),|\.name = "[a-z0-9-]+", *\.(letter|value|help) =)'
    cat "$@" | tr -s '\n ' ' ' | grep -Eo "$row" |
        sed -E 's/[^"]*"([^"]*)".*/--\1/' | sorted
}

# mdoc: the flags of '.It Fl f , Fl -file Ar FILE', also within '.It Xo' ... '.Xc'.
of_man() {
    awk '
        /^\.It/ { item = 1; across = / Xo/ }
        item {
            flag = 0; dash = ""
            for (i = 1; i <= NF; i++) {
                w = $i
                sub(/^\./, "", w)
                if (w == "Fl") { dash = flag && dash != "" ? dash "-" : "-"; flag = 1 }
                else if (w ~ /^[A-Z][a-z0-9]$/) flag = 0
                else if (flag && w !~ /^[,|()]$/) print dash w
                if (w == "Xc") across = 0
            }
        }
        item && !across { item = 0 }
    ' "$1" | sorted
}

# bash: what the completion itself offers after a dash.
of_bash() {
    bash --norc --noprofile -c '
        source "$1" || exit
        shift
        [[ $(complete -p "$1") =~ -F\ ([^ ]+) ]] || exit
        fn=${BASH_REMATCH[1]}
        ask() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMPREPLY=()
            "$fn" "$1" "${@: -1}" "${@: -2:1}"
            printf "%s\n" "${COMPREPLY[@]}"
        }
        for sub in "" "${@:2}"; do
            for dash in - --; do ask "$1" ${sub:+"$sub"} "$dash"; done
        done
    ' - "$2" "$1" "${subs[@]}" | tr -d '= ' | sorted
}

# zsh: _arguments specifications, '(-f --file)'{-f,--file}'[text]:...' and the like.
of_zsh() {
    sed 's/^ *#.*//' "$1" |
        grep -Po -- "((?<=['\"{,*)(])|^ *)\\K(-[A-Za-z0-9]|--[a-z0-9-]*[a-z0-9])(?=[]['\"},+=:) -])" | sorted
}

# fish: complete -s f -l file.
of_fish() {
    sed 's/^ *#.*//' "$1" | awk '{
        for (i = 1; i < NF; i++) {
            if ($i == "-s" || $i == "--short-option") print "-" $(i + 1)
            if ($i == "-l" || $i == "--long-option") print "--" $(i + 1)
        }
    }' | tr -d "'\"" | sorted
}

# compare PLACE HELP NAMED: what --help has and PLACE does not name, and the other way round.
compare() {
    local option
    for option in $(comm -23 <(echo "$2") <(echo "$3")); do
        complain "$1: $option is missing, $tool --help has it"
    done
    for option in $(comm -13 <(echo "$2") <(echo "$3")); do
        complain "$1: $option is not in $tool --help"
    done
}

for tool in "$@"; do
    mapfile -t subs < <(subcommands "$tool")
    if ! help=$(set -o pipefail && of_help "$tool") || [[ -z $help ]]; then
        complain "$tool: --help shows no options"
        continue
    fi
    name=$tree/cmd/${tool#trtc-}
    mapfile -t sources < <(compgen -G "$name.c"; compgen -G "$name/*.c"; compgen -G "$tree/cmd/opt_help.c")
    if ((${#sources[@]})); then
        compare "cmd/${tool#trtc-}" "$(grep -- '^--' <<<"$help")" "$(of_source "${sources[@]}")"
    fi

    for file in "man/$tool.1" "completions/bash/$tool" "completions/zsh/_$tool" "completions/fish/$tool.fish"; do
        if [[ ! -e $tree/$file ]]; then
            complain "$file: is missing"
            continue
        fi
        case $file in
        man/*) named=$(of_man "$tree/$file") ;;
        */bash/*) named=$(of_bash "$tool" "$tree/$file") ;;
        */zsh/*) named=$(of_zsh "$tree/$file") ;;
        */fish/*) named=$(of_fish "$tree/$file") ;;
        esac
        compare "$file" "$help" "$named"
    done
done
exit "$bad"
