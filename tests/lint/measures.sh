#!/bin/bash
# SPDX-License-Identifier: MIT
# How the C of the tree is cut: lengths of functions, numbers of their parameters, the share of
# comments, and the rooms. Tables on stdout. As the rest of the tree, it takes K&R for granted: a
# function's name begins its line, its body stands between braces in the first column.
#
#   measures.sh [-l] [DIR]     DIR: the tree (here); -l: also lists each function of six or more
#                              parameters, and each of more than 60 lines
set -eu
export LC_ALL=C

list=0
if [[ ${1-} == -l ]]; then
    list=1
    shift
fi
cd "${1:-.}"
mapfile -t files < <(find lib cmd -name '*.[ch]' | sort)

awk -v list="$list" '
function percent(part, whole) { return sprintf("%.1f %%", whole ? 100 * part / whole : 0) }

# The parameters of "type name(...)": commas outside of inner brackets.
function parameters(text,   i, c, depth, n) {
    sub(/^[^(]*\(/, "", text)
    sub(/\)[^)]*$/, "", text)
    if (text ~ /^[ ]*(void)?[ ]*$/) return 0
    for (i = n = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        depth += c == "("
        depth -= c == ")"
        n += c == "," && depth == 0
    }
    return n
}

# Its place in the sorted list, k of them counted by length.
function at(share,   k, seen) {
    for (k = 1; k <= longest; k++)
        if ((seen += nb[k]) >= share * functions) return k
    return longest
}

FNR == 1 { head = body = comment = 0; n_files++; split(FILENAME, part, "/") }
{
    room = part[1] (part[1] == "lib" && part[3] != "" ? "/" part[2] : "")
    lines[room]++
    all++
    blank = $0 ~ /^[ \t]*$/
    if (comment || $0 ~ /^[ \t]*\/[*\/]/) comments++
    else if (!blank) coded++
    starts = $0 ~ /\/\*/ && $0 !~ /\/\*.*\*\//
    if (comment ? $0 ~ /\*\// : starts) { comment = !comment; if (!comment) next }
    if (comment && !starts) next
}
FNR == 1 && FILENAME ~ /\.h$/ && FILENAME !~ /_priv\.h$/ { modules[room]++ }
FILENAME !~ /\.c$/ { next }

body && /^}/ {
    length_of = FNR - opened - 1
    nb[length_of]++
    longest = length_of > longest ? length_of : longest
    functions++
    given = parameters(head_text)
    with[given > 9 ? 9 : given]++
    if (part[1] == "lib") in_lib += given >= 6
    many += given >= 6
    gsub(/[ ]+/, " ", head_text)
    if (list && given >= 6) wide[++n_wide] = sprintf("%2d %s:%d: %s", given, FILENAME, began, substr(head_text, 1, 90))
    if (list && length_of > 60) long[++n_long] = sprintf("%3d %s:%d: %s", length_of, FILENAME, began, substr(head_text, 1, 60))
    body = 0
    next
}
body { next }
/^{/ && head { body = 1; opened = FNR; head = 0; next }
/^[A-Za-z_]/ && /\(/ && !/^(struct|enum|union|static const)[^(]*[={;]/ && !/;[ ]*$/ {
    head = 1; began = FNR; head_text = $0
    if ($0 ~ /\)[ ]*{[ ]*$/) { body = 1; opened = FNR; head = 0 }
    next
}
head && /;[ ]*$/ { head = 0; next }
head { sub(/^[ ]+/, " "); head_text = head_text $0 }

END {
    print "functions", functions
    printf "lines of a body: median %d, nine of ten up to %d, longest %d\n", at(0.5), at(0.9), longest
    printf "parameters:"
    for (i = 0; i <= 9; i++) printf " %s%d: %d", i == 9 ? "from " : "", i, with[i]
    printf "\nsix or more: %d (%s), of them in lib %d\n", many, percent(many, functions), in_lib
    printf "comments: %s of the lines that are not blank\n", percent(comments, comments + coded)
    printf "files %d, lines %d\n", n_files, all
    for (r in lines) printf "%-16s %6d lines %6s %3d modules\n", r, lines[r], percent(lines[r], all), modules[r] | "sort"
    close("sort")
    for (i = 1; i <= n_wide; i++) print wide[i]
    for (i = 1; i <= n_long; i++) print long[i]
}' "${files[@]}"
