# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # tree is that of lib.bash; modules and browse are for the tests
# What the tests with packages from npm share. After lib.bash.

npm=${XDG_CACHE_HOME:-$HOME/.cache}/trtc-tools # where deps.sh keeps them; HOME is another in some tests

# need_node SET PACKAGE...: node, and these packages of that set, which are in $modules.
need_node() {
    local package
    modules=$npm/$1/node_modules
    command -v node >/dev/null || skip 'no node: make deps installs it'
    [[ $(node --version) =~ ^v([0-9]+) ]] && ((BASH_REMATCH[1] >= 18)) || skip 'node is older than 18'
    for package in "${@:2}"; do
        [[ -e $modules/$package ]] || skip "no $package in $modules: make deps puts it there"
    done
}

# need_browser [PACKAGE...]: Chromium, and these packages; "${browse[@]}" SCRIPT ARGUMENT... runs a script of browser/ in it.
need_browser() {
    command -v chromium >/dev/null || skip 'no chromium: make deps installs it'
    need_node browser playwright-core "$@"
    browse=(node "$tree/tests/browser/run.js" "$modules" "$(command -v chromium)")
}
