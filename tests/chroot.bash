# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A Debian of its own for tests: made by debootstrap, entered as root with processes and mounts that end with the command.
#
# MIRROR is where the packages come from; how apt gets there is taken from this machine.

# chroot_possible: else a reason on stdout.
chroot_possible() {
    [[ $(id -u) -eq 0 ]] || { echo 'not root' && return 1; }
    unshare --mount true 2>/dev/null || { echo 'mounts are not allowed here' && return 1; }
}

# chroot_make SUITE DIR: the smallest system there is. A half made one is not kept.
chroot_make() {
    local suite=$1 root=$2 new=$2.new proxy
    proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy 2>/dev/null || true)
    rm -rf "$new"
    mkdir -p "$new"
    http_proxy=${proxy:-${http_proxy:-}} timeout 1200 debootstrap --variant=minbase "$suite" "$new" \
        "${MIRROR:-http://deb.debian.org/debian}" >"$new.log" 2>&1 || {
        tail -n 3 "$new.log" >&2
        rm -rf "$new" "$new.log"
        return 1
    }
    apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::|Check-)' >"$new/etc/apt/apt.conf.d/00host" || true
    rm -f "$new.log"
    mv "$new" "$root"
}

# chroot_in DIR COMMAND...: in its /src where that is there, else in its /.
chroot_in() {
    cp -L /etc/resolv.conf /etc/hosts "$1/etc/" || true
    # shellcheck disable=SC2016 # for the shell that unshare starts
    unshare --mount --pid --fork --kill-child sh -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" || exit
        exec chroot "$0" /usr/bin/env -i HOME=/root LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            sh -c "cd /src 2>/dev/null; exec \"\$@\"" sh "$@"' "$@"
}
