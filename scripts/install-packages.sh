#!/bin/sh
# Installs what Swift alone does not bring: the C libraries that CAI is built with, and the tools that find and fetch them.
# Looks for files, not for packages, so that a library from elsewhere counts; does nothing when all is there.
set -eu

missing=""
need() { missing="$missing $1"; }

if command -v pkg-config >/dev/null 2>&1; then
    pkg-config --exists openblas || need libopenblas-dev
    pkg-config --exists zlib || need zlib1g-dev
else
    need pkg-config
    need libopenblas-dev
    need zlib1g-dev
fi
command -v git >/dev/null 2>&1 || need git
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] || need ca-certificates

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Missing, by their Debian names:$missing" >&2
        echo "This system has no apt-get: install them (OpenBLAS with cblas.h, zlib, pkg-config) and try again." >&2
        exit 1
    fi
    sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null 2>&1; then
            echo "Missing:$missing. Neither root nor sudo: run as root  apt-get install$missing" >&2
            exit 1
        fi
        sudo="sudo"
    fi
    update() { $sudo apt-get update -q </dev/null; }
    # shellcheck disable=SC2086  # a list of words
    install() {
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing </dev/null
    }
    echo "Installing$missing"
    # Lists are fetched only where they are not there, or turn out to be stale.
    # shellcheck disable=SC2086
    apt-get install --simulate $missing >/dev/null 2>&1 || update
    install || { update && install; }
fi

if ! command -v "${SWIFT:-swift}" >/dev/null 2>&1; then
    echo "Swift 6.2 or newer is needed and '${SWIFT:-swift}' was not found: https://www.swift.org/install/linux" >&2
    exit 1
fi
