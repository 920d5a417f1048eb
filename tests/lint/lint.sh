#!/bin/bash
# SPDX-License-Identifier: MIT
# The static checks that need no build, and lint-options.sh on the programs that are built. What is found
# stands on stdout as file:line: text; exit 1 where anything was.
#
#   lint.sh BUILD_DIR TOOL...       in the tree that is to be looked at
# shellcheck disable=SC2317 # the functions are called through check
set -u
exec </dev/null
shopt -s nullglob
export LC_ALL=C

here=$(dirname "$0")
build=$1
shift
tools=("$@")
bad=0

c=(lib/*/*.[ch] cmd/*.[ch] cmd/*/*.[ch] tests/*/*.[ch] tests/unit/*/*.[ch])
headers=(lib/*/*.h cmd/*.h cmd/*/*.h tests/*/*.h)
sh=(tests/*.sh tests/*/*.sh .ci/* completions/bash/*)
for f in examples/* examples/*/*; do
    [[ ! -f $f || $(head -c 2 "$f") != '#!' ]] || sh+=("$f")
done
bats=(tests/*/*.bats tests/cmd/*/*.bats)
sources=("${c[@]}" "${sh[@]}" "${bats[@]}" completions/zsh/* completions/fish/* Makefile)

# check NAME COMMAND...: a check passes when the command prints nothing and exits 0.
check() {
    local name=$1 out status=0
    shift
    out=$("$@" 2>&1) || status=$?
    if [[ $out ]] || ((status)); then
        printf '%s\nlint: %s: failed\n' "${out:-exit status $status}" "$name"
        bad=1
    else
        printf 'lint: %s: ok\n' "$name"
    fi
}

# C without comments and what stands in strings, each line as file:line:text.
code() {
    local f
    for f in "$@"; do
        ${CC:-cc} -w -fpreprocessed -dD -E "$f" | sed -E 's/"(\\.|[^"\\])*"/""/g' |
            awk -v f="$f" '/^# [0-9]+ / { n = $2; next } { if ($0 != "") print f ":" n ":" $0; n++ }'
    done
}

# found REGEX FILE...: the lines that match, as failures. The same for code.
found() { ! grep -nHP -e "$@"; }
found_in_code() {
    local regex=$1
    shift
    ! code "$@" | grep -P "^[^:]*:\d+:.*($regex)"
}

spdx() {
    local f
    for f in "${sources[@]}"; do
        head -n 3 "$f" | grep -q 'SPDX-License-Identifier: MIT' || echo "$f:1: no SPDX line"
    done
}

# Each room of lib/: what it may include of the others, and (behind --) which libraries' headers.
rooms='
base       -- cjson b64
layout     base -- cjson
playlist   base -- cjson b64 zlib
recording  base layout playlist -- cjson
ts         base playlist recording -- ffmpeg
mp4        base recording ts -- ffmpeg
codec      base recording ts mp4 -- ffmpeg
picture    base layout codec -- ffmpeg ass zlib
container  base playlist ts codec -- ffmpeg
input      base layout playlist recording ts mp4 codec picture container -- ffmpeg
source     base layout playlist recording ts mp4 codec picture input -- ffmpeg
merge      base layout playlist recording ts mp4 codec picture input source -- ffmpeg cjson
hls        base layout playlist recording ts mp4 codec picture input -- ffmpeg
mix        base layout playlist recording ts mp4 codec picture input source -- ffmpeg
api        base layout playlist -- cjson openssl
task       base layout playlist api -- cjson
net        base api -- cjson openssl zlib curl
storage    base net -- cjson openssl
put        base playlist api net storage -- cjson openssl
serve      base -- microhttpd
service    base api net -- cjson openssl sqlite
'

# Includes go down only, as the table has it: what parses media holds no credentials, and the other way about.
down_only() {
    local f
    for f in lib/*/*.[ch]; do
        awk -v f="$f" -v rooms="$rooms" '
            BEGIN {
                split(f, part, "/")
                n = split(rooms, line, "\n")
                for (i = 1; i <= n; i++) {
                    k = split(line[i], word, " ")
                    known[word[1]] = 1
                    if (word[1] == part[2])
                        for (j = 2; j <= k; j++) may[word[j]] = 1
                }
                if (!(part[2] in known)) print f ":1: no such room in the table of lint.sh"
                may[part[2]] = 1
                lib["libav"] = lib["libsw"] = "ffmpeg"
                lib["curl/"] = "curl"; lib["openssl/"] = "openssl"; lib["ass/"] = "ass"; lib["zlib.h"] = "zlib"
                lib["cjson/"] = "cjson"; lib["b64/"] = "b64"; lib["microhttpd.h"] = "microhttpd"; lib["sqlite3.h"] = "sqlite"
            }
            /^[ \t]*#[ \t]*include[ \t]*["<]/ {
                name = $0
                sub(/^[^"<]*["<]/, "", name)
                sub(/[">].*/, "", name)
                room = name
                bad = sub(/\/.*/, "", room) && ((room in known) || room == "cmd") && !(room in may)
                bad = bad || name == "cli.h"
                bad = bad || name ~ /_priv\.h$/ && room != part[2] && room in known
                for (start in lib)
                    if (index(name, start) == 1 && !(lib[start] in may)) bad = 1
                if (bad) print f ":" FNR ":" $0
            }' "$f"
    done
}

# No room has more than 15 modules, or is a fifth of all.
room_sizes() {
    [[ -n $(ls lib/*/*.c 2>/dev/null) ]] || return 0
    wc -l lib/*/*.[ch] | awk '
        $2 == "total" { next }
        {
            split($2, part, "/")
            lines[part[2]] += $1
            all += $1
            if ($2 ~ /\.h$/ && $2 !~ /_priv\.h$/) modules[part[2]]++
        }
        END {
            for (room in lines) {
                if (modules[room] > 15) print "lib/" room ": " modules[room] " modules"
                if (length(lines) >= 5 && lines[room] * 5 > all) print "lib/" room ": " lines[room] " of " all " lines"
            }
        }'
}

# Each module of lib/ has its line in doc/ARCHITECTURE.md, and each that stands there exists.
modules_named() {
    local page=doc/ARCHITECTURE.md f name
    for f in lib/*/*.h; do
        name=${f#lib/}
        [[ $f == *_priv.h ]] || grep -qF "| \`${name%.h}\` |" "$page" || echo "$f:1: no line in $page"
    done
    # shellcheck disable=SC2016 # these are no commands
    sed -n 's/^| `\([a-z0-9_]*\/[a-z0-9_]*\)` |.*/\1/p' "$page" | while IFS= read -r name; do
        [[ -e lib/$name.h ]] || echo "$page:1: no lib/$name.h"
    done
}

# What the library exports begins with trtc_.
exported() {
    local a
    for a in "$build"/lib*.a; do
        nm --defined-only -g "$a" 2>/dev/null |
            awk -v a="${a##*/}" '$2 ~ /[TDBRCVW]/ && $3 !~ /^(trtc_|__|_[A-Z])/ { print a ":1: " $3 }'
    done
}

# What the library exports, some file of lib/ or cmd/ uses: what only tests need stands with them. But these let tests
# see what is inside, choose the slow one of two ways to the same bytes, or open an input with the defaults.
for_tests='trtc_input_open trtc_input_open_only trtc_replay_length trtc_crc64_plain trtc_file_temp_path trtc_mixer_sounds trtc_scaler_plain'
used() {
    comm -12 <(nm --defined-only -g "$build"/lib*.a 2>/dev/null | awk '$2 == "T" { print $3 }' | sort -u) \
        <(cat lib/*/*.c cmd/*.c cmd/*/*.c | grep -oE '\btrtc_[a-z0-9_]+' | sort | uniq -u) |
        grep -vxF -f <(tr ' ' '\n' <<<"$for_tests") | sed 's/^/lib: only tests use /'
}

# Each header compiles alone, and twice.
headers_alone() {
    local f flags
    flags=$(pkg-config --cflags libavformat libcjson)
    for f in "${headers[@]}"; do
        # shellcheck disable=SC2086 # flags is a list
        printf '#include "%s"\n#include "%s"\n' "$f" "$f" |
            ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -I. -Ilib -Icmd -Itests $flags -fsyntax-only -x c -
    done
}

cpp_check() {
    cppcheck --quiet --std=c11 --platform=unix64 --enable=warning,portability,performance \
        --inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 -j 2 \
        --template='{file}:{line}: {severity}: {message} [{id}]' \
        -D_POSIX_C_SOURCE=200809L -DTRTC_VERSION='"x"' -Ilib -Icmd -Itests -I. lib cmd tests
}

# each COMMAND... -- FILE...: runs COMMAND on each file, so that every file is looked at.
each() {
    local run=() status=0 f
    while [[ $1 != -- ]]; do
        run+=("$1")
        shift
    done
    shift
    for f in "$@"; do "${run[@]}" "$f" || status=1; done
    return "$status"
}

# Each version of clang-format breaks some lines elsewhere: the tree is as this one has it.
format_version=14
formatted() {
    local version
    version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
    if [[ $version == "$format_version" ]]; then
        clang-format --dry-run -Werror "${c[@]}"
    else
        printf 'lint: clang-format %s: skipped: the tree is as %s has it\n' "$version" "$format_version" >&3
    fi
}

banned='\b(ato[fil]|atoll|strtok|v?sprintf|gets|strcpy|strcat|system|popen|alloca|mktemp|tmpnam)\s*\('
outer='\b(stdin|stdout|stderr|getenv|optarg|optind)\b|(?<!->)\b(exit|_exit|abort|time|clock|clock_gettime(?!\(CLOCK_MONOTONIC\b)|gettimeofday|s?rand|random|v?printf|puts|putchar|perror)\s*\('

check 'no tabs in C' found '\t' "${c[@]}"
check 'no trailing blanks' found '[ \t]+$' "${sources[@]}" man/*
check 'SPDX lines' spdx
check 'nothing left to do' found '\b(TO[D]O|FIX[M]E|XX[X])\b' "${c[@]}" "${sh[@]}" man/* completions/*/*
check 'no unsafe calls' found_in_code "$banned" lib/*/*.[ch] cmd/*.[ch] cmd/*/*.[ch]
check 'no typedefs' found_in_code '\btypedef\b' lib/*/*.[ch] cmd/*.[ch] cmd/*/*.[ch]
check 'lib neither prints nor exits nor asks' found_in_code "$outer" lib/*/*.[ch]
check 'cmocka 2 has no assert_in_range: range.h' found_in_code '\bassert_(not_)?in_range\b' tests/*/*.c tests/unit/*/*.c
check 'includes go down only' down_only
check 'rooms of a size' room_sizes
check 'lib exports trtc_ alone' exported
check 'what lib exports is used' used
check 'modules in doc/ARCHITECTURE.md' modules_named
check clang-format formatted 3>&1
check 'headers stand alone' headers_alone
check cppcheck cpp_check
check shellcheck shellcheck -x -f gcc -e SC1091 "${sh[@]}"
((${#bats[@]})) && check 'shellcheck bats' shellcheck -f gcc -S warning -s bats -e SC1091,SC2030,SC2031,SC2154 "${bats[@]}"
check mandoc each mandoc -T lint -W warning -- man/*
check 'bash -n' each bash -n -- completions/bash/*
check 'zsh -n' each zsh -n -- completions/zsh/*
check 'fish -n' each fish -n -- completions/fish/*
check options bash "$here/lint-options.sh" "$build" . "${tools[@]}"
exit "$bad"
