# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by ./run and ./test: what a fresh Debian 12 needs before cargo can build.
# Everything that is said here goes to stderr, so that `./run demo --json` prints nothing but JSON to stdout.

say() { printf '%s\n' "$*" >&2; }
give_up() { say "error: $*"; exit 1; }

# Is this Debian package there? A program found on PATH counts too, whoever installed it.
have_package() { # PACKAGE [PROGRAM]
    if [ -n "${2:-}" ] && command -v "$2" >/dev/null 2>&1; then return 0; fi
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null 2>&1; then sudo "$@"
    else give_up "installing packages needs root, and there is no sudo. As root: apt-get install $missing"
    fi
}

# Each argument is PACKAGE or PACKAGE:PROGRAM. apt is touched only if something is missing.
install_missing() {
    missing=
    for each in "$@"; do
        package=${each%%:*}
        program=
        case $each in *:*) program=${each#*:} ;; esac
        have_package "$package" "$program" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        give_up "these are missing, and there is no apt-get to install them:$missing"
    say "Installing:$missing"
    as_root apt-get -qq update >&2 || give_up "apt-get update failed (above); is the network there?"

    # Debian starts a mail server as soon as it is unpacked. The tests run Postfix in a directory of their own, so
    # the machine's own instance is neither configured nor started.
    guard=
    case " $missing " in
    *" postfix "*)
        echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections
        if [ ! -e /usr/sbin/policy-rc.d ]; then
            guard=/usr/sbin/policy-rc.d
            printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
            as_root chmod 755 "$guard"
        fi ;;
    esac
    status=0
    # shellcheck disable=SC2086 # The list is words.
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing \
        </dev/null >&2 || status=$?
    [ -z "$guard" ] || as_root rm -f "$guard"
    [ "$status" = 0 ] || give_up "apt-get could not install:$missing (its own words are above)"
}

# Debian 12's own rustc is too old; say so before cargo says something longer.
check_rust() {
    [ ! -d "$HOME/.cargo/bin" ] || PATH="$PATH:$HOME/.cargo/bin"
    command -v cargo >/dev/null 2>&1 && command -v rustc >/dev/null 2>&1 ||
        give_up "Rust 1.95 or newer is needed, and there is no cargo. Install rustup, then: rustup toolchain install 1.95"
    version=$(rustc --version) || give_up "rustc does not start; try: rustup toolchain install 1.95"
    number=${version#rustc }
    major=${number%%.*}
    rest=${number#*.}
    minor=${rest%%.*}
    if [ "$major" -lt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -lt 95 ]; }; then
        give_up "Rust 1.95 or newer is needed, and this is $version ($(command -v rustc)). Try: rustup update stable"
    fi
}

# To build: a C compiler for SQLite, OpenSSL's headers, and clang for the bindings to them.
install_to_build() {
    install_missing build-essential:cc clang:clang libclang-dev libssl-dev pkg-config:pkg-config
}

# The build directory, absolute: cargo takes a relative CARGO_TARGET_DIR from where it is called.
target_directory() { # ROOT
    case ${CARGO_TARGET_DIR:-} in
    '') printf '%s/target\n' "$1" ;;
    /*) printf '%s\n' "$CARGO_TARGET_DIR" ;;
    *) printf '%s/%s\n' "$PWD" "$CARGO_TARGET_DIR" ;;
    esac
}
