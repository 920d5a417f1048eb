#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lint.sh and lint-options.sh can fail: each finds its fault in a small tree that is otherwise clean.

bats_require_minimum_version 1.5.0

setup() {
    [ -z "${TRTC_SAN:-}" ] || skip "nothing here runs a program that is built with the sanitizers"
    export LC_ALL=C TZ=UTC0
    here=$BATS_TEST_DIRNAME
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree"/{b,cmd,doc,lib/base,tests,man,completions/{bash,zsh,fish},.ci}
    cd "$tree" || return
    cp "${here%/tests/*}/.clang-format" .

    echo '| `base/a` | a module |' >doc/ARCHITECTURE.md
    cat >b/tool <<'END'
#!/bin/sh
case $1 in
run) echo 'usage: tool run [-s SIZE]'; echo '  -s, --size WxH       a size, like --none or -n'; exit ;;
esac
cat <<'HELP'
usage: tool [-f DIR] [--plan[=FMT]]
       tool run [-s SIZE]

Options:
  -f, --from DIR       where from
      --plan[=tsv|svg] only says what would be done
  -0, --null           NUL instead of newline
  -h, --help           this text
HELP
END
    chmod +x b/tool
    cat >cmd/tool.c <<'END'
/* SPDX-License-Identifier: MIT */ /* clang-format off */
struct row { const char *name; char letter; const char *value, *help; };
static const struct row options[] = {
    { "from", 'f', "DIR", "where from" }, { "plan", 0, "[FMT]", "plan" },
    { .name = "null", .letter = '0', .help = "null" }, { "size", 's', "WxH", "size" },
    { .name = "help",
      .letter = 'h', .help = "help" }, { 0 },
};
END
    cat >man/tool.1 <<'END'
.\" SPDX-License-Identifier: MIT
.Dd November 20, 2026
.Dt TOOL 1
.Os
.Sh NAME
.Nm tool
.Nd a tool
.Sh DESCRIPTION
Not an option:
.Fl x .
.Bl -tag -width Ds
.It Fl f Ar DIR , Fl -from Ar DIR
From.
.It Fl -plan Ns Op = Ns Ar FMT
Plan.
.It Fl 0 , -null
Null.
.It Fl s Ar W , Fl Fl size Ns = Ns Ar W
Size.
.It Xo
.Fl h ,
.Fl -help
.Xc
Help.
.It Ar DIR
An operand.
.El
END
    cat >completions/bash/tool <<'END'
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
_tool() {
    local cur=$2
    COMPREPLY=()
    if [[ ${COMP_WORDS[1]} == run ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-s --size' -- "$cur")
    elif [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-f --from --plan -0 --null -h --help' -- "$cur")
    fi
}
complete -o nospace -F _tool tool
END
    cat >completions/zsh/_tool <<'END'
#compdef tool
# SPDX-License-Identifier: MIT
_arguments -S -A '-*' \
    '(-f --from)'{-f,--from}'[where from]:dir:_files -/' \
    '--plan=-[plan]::fmt:(tsv svg)' \
    {-0,--null}'[null]' \
    '(- *)'{-h,--help}'[help]' \
    '-s+[size]:size: ' \
    '*--size=[size]:size: '
END
    cat >completions/fish/tool.fish <<'END'
# SPDX-License-Identifier: MIT
complete -c tool -s f -l from -r -d 'where from'
complete -c tool -l plan -x -a 'tsv svg' -d plan
complete -c tool -s 0 -l null -d null
complete -c tool -s h -l help -d help
complete -c tool -n '__fish_seen_subcommand_from run' -s s -l size -x -d size
END
    options=(bash "$here/lint-options.sh" b . tool)

    echo '# SPDX-License-Identifier: MIT' >Makefile
    printf '#!/bin/sh\n# SPDX-License-Identifier: MIT\n' >.ci/run
    cp .ci/run tests/a.sh
    cat >lib/base/a.h <<'END'
/* SPDX-License-Identifier: MIT */
#ifndef A_H
#define A_H
int a(int n);
#endif
END
    cat >lib/base/a.c <<'END'
/* SPDX-License-Identifier: MIT */
/* Not calls: printf("x"), time(2), system(3). */
#include "base/a.h"

int a(int n)
{
    const char *text = "stdout, exit(1) and \"strcpy(\"";
    return text[n];
}
END
    lint=(bash "$here/lint.sh" b tool)
}

# finds TEXT: the options are complained about, and in these words.
options_find() {
    run "${options[@]}"
    [ "$status" -eq 1 ]
    [ "$output" = "$1" ] || { echo "$output"; false; }
}

# lint_finds CHECK PLACE: exactly this check fails (clang-format may besides), and names the place.
lint_finds() {
    run "${lint[@]}"
    [ "$status" -eq 1 ]
    [[ $output == *"$2"* ]] || { echo "$output"; false; }
    [ "$(grep ': failed$' <<<"$output" | grep -cvxF "${other-lint: clang-format: failed}")" -eq 1 ] || { echo "$output"; false; }
    grep -qxF "lint: $1: failed" <<<"$output"
}

@test "the options agree" {
    run "${options[@]}"
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "an option too few or too many in the man page" {
    sed -i 's/^\.It Fl 0 , -null/.It Fl 0 , -nul/' man/tool.1
    options_find "man/tool.1: --null is missing, tool --help has it
man/tool.1: --nul is not in tool --help"
}

@test "an option that the man page mentions only in the text" {
    sed -i '/^\.Fl -help/d' man/tool.1
    options_find "man/tool.1: --help is missing, tool --help has it"
}

@test "an option too few or too many in the bash completion" {
    sed -i 's/-0 --null/-0 --nothing/' completions/bash/tool
    options_find "completions/bash/tool: --null is missing, tool --help has it
completions/bash/tool: --nothing is not in tool --help"
}

@test "an option too few or too many in the zsh completion" {
    sed -i 's/{-0,--null}/{-1,--null}/' completions/zsh/_tool
    options_find "completions/zsh/_tool: -0 is missing, tool --help has it
completions/zsh/_tool: -1 is not in tool --help"
}

@test "an option too few or too many in the fish completion" {
    sed -i 's/-s s -l size/-l sizes -s s/' completions/fish/tool.fish
    options_find "completions/fish/tool.fish: --size is missing, tool --help has it
completions/fish/tool.fish: --sizes is not in tool --help"
}

@test "an option that --help hides" {
    sed -i 's/{ 0 },/{ "secret", 0, NULL, "secret" }, { 0 },/' cmd/tool.c
    options_find "cmd/tool: --secret is not in tool --help"
}

@test "an option that --help shows and no row has" {
    sed -i 's/{ "plan", 0, /{ "plans", 0, /' cmd/tool.c
    options_find "cmd/tool: --plan is missing, tool --help has it
cmd/tool: --plans is not in tool --help"
}

@test "a file that is missing, a program that is not built" {
    rm man/tool.1
    options_find "man/tool.1: is missing"
    rm b/tool
    run "${options[@]}"
    [ "$status" -eq 1 ]
    [[ $output == *"tool: --help shows no options"* ]]
}

@test "a clean tree passes" {
    run "${lint[@]}"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output != *failed* ]]
}

@test "lint: tabs" {
    printf 'int b(void);\n\tint c(void);\n' >>lib/base/a.c
    lint_finds 'no tabs in C' lib/base/a.c:11:
}

@test "lint: trailing blanks" {
    echo 'int b(void); ' >>lib/base/a.c
    lint_finds 'no trailing blanks' lib/base/a.c:10:
}

@test "lint: no SPDX line" {
    sed -i 1d tests/a.sh
    echo '#!/bin/sh' >tests/a.sh
    lint_finds 'SPDX lines' tests/a.sh:1:
}

@test "lint: an unsafe call" {
    sed -i 's/return text\[n\];/return system(text) + n;/' lib/base/a.c
    lint_finds 'no unsafe calls' lib/base/a.c:8:
}

@test "lint: a library that prints, or reads the clock" {
    sed -i 's/return text\[n\];/return time(NULL) + text[n];/' lib/base/a.c
    lint_finds 'lib neither prints nor exits nor asks' lib/base/a.c:8:
}

@test "lint: an include that goes up" {
    sed -i '3a #include "ts/ts.h"' lib/base/a.c
    lint_finds 'includes go down only' lib/base/a.c:4:
}

@test "lint: what a room may not know" {
    mkdir lib/net
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#include "base/a_priv.h"' >lib/net/b.c
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#include <libavutil/log.h>' >lib/net/c.c
    printf '%s\n' '/* SPDX-License-Identifier: MIT */' '#include "base/a.h"' '#include <curl/curl.h>' >lib/net/d.c
    mkdir lib/attic
    echo '/* SPDX-License-Identifier: MIT */' >lib/attic/e.c
    lint_finds 'includes go down only' lib/net/b.c:2:
    [[ $output == *lib/net/c.c:2:* && $output == *lib/attic/e.c:1:* && $output != *lib/net/d.c* ]]
}

@test "lint: a room of too many modules" {
    for n in {1..16}; do
        printf '/* SPDX-License-Identifier: MIT */\n#ifndef B%d_H\n#define B%d_H\n#endif\n' "$n" "$n" >"lib/base/b$n.h"
        printf '| `base/b%d` | a module |\n' "$n" >>doc/ARCHITECTURE.md
    done
    lint_finds 'rooms of a size' 'lib/base: 17 modules'
}

@test "lint: a module that the page of the rooms does not have, or has alone" {
    echo '| `base/b` | another |' >doc/ARCHITECTURE.md
    lint_finds 'modules in doc/ARCHITECTURE.md' lib/base/a.h:1:
    lint_finds 'modules in doc/ARCHITECTURE.md' 'no lib/base/b.h'
}

@test "lint: what only tests use" {
    printf '%s\n' 'void trtc_used(void);' 'void trtc_idle(void);' 'void trtc_scaler_plain(void);' \
        'void trtc_used(void) { }' 'void trtc_idle(void) { }' 'void trtc_scaler_plain(void) { }' >b/x.c
    sed '1,3d' b/x.c >>lib/base/a.c
    echo '/* calls trtc_used */' >>cmd/tool.c
    cc -c -o b/x.o b/x.c
    ar rcs b/libbase.a b/x.o
    lint_finds 'what lib exports is used' 'only tests use trtc_idle'
    ! grep -E 'use trtc_(used|scaler_plain)' <<<"$output"
}

@test "lint: a header that does not stand alone" {
    sed -i '/^int/s/int n/size_t n/' lib/base/a.h
    lint_finds 'headers stand alone' lib/base/a.h:4:
}

@test "lint: what cppcheck, shellcheck and mandoc find" {
    sed -i 's/return text\[n\];/int m; return m + text[n];/' lib/base/a.c
    lint_finds cppcheck lib/base/a.c:8:
    sed -i 's/int m; return m + /return /' lib/base/a.c
    # shellcheck disable=SC2016
    echo 'rm $1' >>tests/a.sh
    lint_finds shellcheck tests/a.sh:3:
    sed -i '$d' tests/a.sh
    echo '.Foo' >>man/tool.1
    lint_finds mandoc man/tool.1:
}

@test "lint: a line that clang-format breaks elsewhere" {
    [[ $(clang-format --version) == *"version 14."* ]] || skip 'not the version that the tree is formatted with'
    sed -i 's/return text\[n\];/return text [n];/' lib/base/a.c
    other='' lint_finds clang-format lib/base/a.c:8:
}

@test "lint: completions that do not parse" {
    echo 'end' >>completions/fish/tool.fish
    lint_finds 'fish -n' tool.fish
    sed -i '$d' completions/fish/tool.fish
    echo 'if' >>completions/zsh/_tool
    lint_finds 'zsh -n' _tool
}
