#!/bin/sh
# Installs the missing C libraries that CAI is built with, and pkg-config.
# Checks for files, not for packages, so that libraries from other sources count; does nothing if all are installed.
# --python also installs Python with venv, for the tests in Python. --checks adds the tools of .ci/run: a C compiler,
# Valgrind, SIMDe, QEMU and a cross compiler for 64-bit ARM. --pages adds HTML Tidy.
# --slurm adds Slurm for the test of deploy/slurm.
# --formats adds cfitsio and HDF5, which `cai` opens on demand: their tests need them.
# --engines adds GNU parallel, for the test of docs/ENGINES.md.
# --shells adds zsh and fish, for the tests of completions.
# --tls adds OpenSSL's headers, for the server of `make bench-s3`.
# --arm64 adds readelf, for the tests of the program for 64-bit ARM.
# --image adds the tools of `make image`: Buildah, Skopeo and strip.
set -eu

missing=""
need() { missing="$missing $1"; }

if command -v pkg-config >/dev/null 2>&1; then
    pkg-config --exists openblas || need libopenblas-dev
    pkg-config --exists zlib || need zlib1g-dev
    pkg-config --exists libcurl || need libcurl4-openssl-dev
else
    need pkg-config
    need libopenblas-dev
    need zlib1g-dev
    need libcurl4-openssl-dev
fi
command -v git >/dev/null 2>&1 || need git
[ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] || need ca-certificates

if [ "${1:-}" = --python ]; then
    command -v python3 >/dev/null 2>&1 || need python3
    python3 -c 'import venv, ensurepip' 2>/dev/null || need python3-venv
fi

if [ "${1:-}" = --formats ]; then
    # Libraries that the loader finds; ldconfig may not be on the PATH.
    libraries=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p)
    case $libraries in *libcfitsio.so*) ;; *) need libcfitsio-dev ;; esac
    case $libraries in *libhdf5_serial.so* | *libhdf5.so*) ;; *) need libhdf5-dev ;; esac
fi

if [ "${1:-}" = --checks ]; then
    command -v cc >/dev/null 2>&1 || { need gcc && need libc6-dev; }
    command -v valgrind >/dev/null 2>&1 || need valgrind
    if [ "$(uname -m)" = x86_64 ]; then
        [ -e /usr/include/simde/x86/avx512.h ] || need libsimde-dev
        command -v qemu-aarch64 >/dev/null 2>&1 || need qemu-user
        command -v aarch64-linux-gnu-gcc >/dev/null 2>&1 || need gcc-aarch64-linux-gnu
        [ -e /usr/aarch64-linux-gnu/lib/libc.a ] || need libc6-dev-arm64-cross
    fi
fi

if [ "${1:-}" = --pages ]; then
    command -v tidy >/dev/null 2>&1 || need tidy
fi

if [ "${1:-}" = --slurm ]; then
    command -v slurmctld >/dev/null 2>&1 || need slurmctld
    command -v slurmd >/dev/null 2>&1 || need slurmd
    command -v sbatch >/dev/null 2>&1 || need slurm-client
    command -v munged >/dev/null 2>&1 || need munge
    command -v python3 >/dev/null 2>&1 || need python3
fi

if [ "${1:-}" = --engines ]; then
    command -v parallel >/dev/null 2>&1 || need parallel
fi

if [ "${1:-}" = --shells ]; then
    for shell in zsh fish; do command -v "$shell" >/dev/null 2>&1 || need "$shell"; done
fi

if [ "${1:-}" = --tls ]; then
    pkg-config --exists openssl || need libssl-dev
fi

if [ "${1:-}" = --image ]; then
    command -v buildah >/dev/null 2>&1 || need buildah
    command -v skopeo >/dev/null 2>&1 || need skopeo
    command -v strip >/dev/null 2>&1 || need binutils
fi

if [ "${1:-}" = --arm64 ]; then
    command -v readelf >/dev/null 2>&1 || need binutils
fi

if [ -n "$missing" ]; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Missing, by their Debian names:$missing" >&2
        echo "This system has no apt-get: install them (OpenBLAS with cblas.h, zlib, libcurl, pkg-config) and try again." >&2
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
    # Package lists are fetched only if they are missing or stale.
    # shellcheck disable=SC2086
    apt-get install --simulate $missing >/dev/null 2>&1 || update
    install || { update && install; }
fi

if ! command -v "${SWIFT:-swift}" >/dev/null 2>&1; then
    echo "Swift 6.3 or newer is needed and '${SWIFT:-swift}' was not found: https://www.swift.org/install/linux" >&2
    exit 1
fi
