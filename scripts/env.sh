# Sourced by the other scripts: where things are, which versions the build needs, and how to talk to people.
# shellcheck shell=bash

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
TOOLS="$ROOT/.tools"
cd "$ROOT"

RUST_VERSION="$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)"
WASM_TARGET=wasm32-unknown-unknown
TRUNK_VERSION=0.21.14
# The tool and the library must be of the very same version, so the lock file decides.
WASM_BINDGEN_VERSION="$(awk '$0 == "name = \"wasm-bindgen\"" { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock)"
NODE_MAJOR_MIN=20

TRUNK_DIR="$TOOLS/trunk-$TRUNK_VERSION"
WASM_BINDGEN_DIR="$TOOLS/wasm-bindgen-cli-$WASM_BINDGEN_VERSION"
NODE_TOOLS_DIR="$TOOLS/node-tools-$(cksum < scripts/node-tools/package-lock.json | tr ' ' '-')"

export PATH="$NODE_TOOLS_DIR/node_modules/.bin:$TRUNK_DIR/bin:$WASM_BINDGEN_DIR/bin:$PATH"
export NODE_TOOLS_DIR

say() { printf '%s\n' "$*"; }

# fail MESSAGE...: one line per argument, then the end.
fail() {
    printf '\n' >&2
    printf '%s\n' "$@" >&2
    exit 1
}

have() { command -v "$1" > /dev/null 2>&1; }

# as_root COMMAND...: runs it as root, through sudo where that is possible without a surprise.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo && { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

# Sets CHROMIUM, CHROMEDRIVER and FIREFOX to what the system has; leaves them empty where it has none.
find_browser() {
    local name
    CHROMIUM="${CHROMIUM:-}" CHROMEDRIVER="${CHROMEDRIVER:-}" FIREFOX="${FIREFOX:-}"
    for name in chromium chromium-browser google-chrome-stable google-chrome; do
        [ -n "$CHROMIUM" ] || CHROMIUM="$(command -v "$name" || true)"
    done
    for name in chromedriver /usr/lib/chromium/chromedriver /usr/lib/chromium-browser/chromedriver; do
        [ -n "$CHROMEDRIVER" ] || CHROMEDRIVER="$(command -v "$name" || true)"
    done
    for name in firefox-esr firefox; do
        [ -n "$FIREFOX" ] || FIREFOX="$(command -v "$name" || true)"
    done
    export CHROMIUM CHROMEDRIVER FIREFOX
}
