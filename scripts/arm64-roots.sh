#!/bin/sh
# Makes two folders in .build-arm64/, which scripts/arm64-build.sh needs, and keeps them for the next call:
#   host/   Debian unstable for x86-64: Swift, entered by chroot, and QEMU
#   root/   Debian 13 for 64-bit ARM: the C library that is linked against, the libraries at run time, and Python with NumPy;
#           of unstable only the libraries of Swift, which are linked into the program
# Packages are only unpacked: no script of theirs runs, and no package of this machine changes. The mirror and apt's
# settings are this machine's; DEBIAN_MIRROR=URL names another mirror.
# Needs root, for chroot. Exit status 77, after one line with the reason: it cannot be built here.
set -eu
cd "$(dirname "$0")/.."

suite=trixie
host="base-files bash coreutils git gcc g++ pkgconf swiftlang qemu-user"
libraries="libc6-dev libgcc-14-dev libstdc++-14-dev zlib1g-dev libcurl4-openssl-dev libssl-dev libopenblas-dev
    libcfitsio10t64 libhdf5-310 ca-certificates python3 python3-numpy"
# What no build needs: debuggers, editors' servers, documents.
left_out="*/bin/lldb* */bin/clangd */bin/sourcekit-lsp */bin/docc */liblldb* */libsourcekitd* usr/share/doc
    usr/share/man usr/share/locale"

out=.build-arm64
mkdir -p "$out"
out=$(cd "$out" && pwd)

unavailable() {
    echo "arm64: not run: $1" >&2
    exit 77
}

[ "$(uname -m)" = x86_64 ] || unavailable "a cross build on $(uname -m); on a machine for 64-bit ARM, run 'make build'"
[ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null || unavailable "that needs root, and the right to mount"
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null 2>&1 || unavailable "no $tool: the packages are Debian's"
done
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e "$keys" ] || unavailable "no $keys (Debian: debian-archive-keyring)"
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$' ||
    true)}
[ -n "$mirror" ] || unavailable "apt's sources name no mirror of Debian: DEBIAN_MIRROR=URL names one"

# apt SUITE ARCHITECTURE COMMAND...: apt-get or apt-cache on a system without a package, whose state is in $out/apt.
apt() (
    state=$out/apt/$1-$2
    architecture=$2
    suite=$1
    command=$3
    shift 3
    if [ ! -e "$state/status" ]; then
        mkdir -p "$state/lists/partial" "$state/archives/partial"
        echo "deb [signed-by=$keys] $mirror $suite main" >"$state/sources.list"
        : >"$state/status"
    fi
    "$command" -q -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
        -o Dir::Cache::archives="$state/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferencesparts=/dev/null -o APT::Architecture="$architecture" \
        -o APT::Architectures::="$architecture" -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@" </dev/null
)

# update SUITE ARCHITECTURE: apt's lists; apt-get only warns if they cannot be had, unless told otherwise.
update() {
    apt "$1" "$2" apt-get update -o APT::Update::Error-Mode=any >"$out/apt.log" 2>&1 ||
        unavailable "package lists of $1 for $2: $(grep -m1 '^[EW]:' "$out/apt.log" || tail -n 1 "$out/apt.log")"
}

version() { apt sid "$1" apt-cache show --no-all-versions swiftlang 2>/dev/null | sed -n 's/^Version: //p'; }

# unpack SUITE ARCHITECTURE FOLDER PACKAGE...: the packages and all that they depend on.
unpack() (
    suite=$1 architecture=$2 folder=$3
    shift 3
    apt "$suite" "$architecture" apt-get install --download-only --yes --no-install-recommends "$@" \
        >"$out/apt.log" 2>&1 || unavailable "packages of $suite for $architecture: $(grep -m1 '^E:' "$out/apt.log")"
    # All files are under /usr; the other paths are links into it.
    mkdir -p "$folder/usr/bin" "$folder/usr/sbin" "$folder/usr/lib" "$folder/usr/lib64" "$folder/proc" "$folder/dev" \
        "$folder/tmp"
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$folder/$name"; done
    set -- "$out/apt/$suite-$architecture/archives"/*.deb
    set -f
    for package in "$@"; do
        # shellcheck disable=SC2046,SC2086  # lists of words
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$folder" --keep-directory-symlink --no-same-owner \
            --wildcards $(printf -- '--exclude=%s ' $left_out)
    done
    rm -rf "$out/apt/$suite-$architecture"
)

# An earlier call made them from the same packages.
description=$(echo "sid: $host; $suite: $libraries; without $left_out" | tr -s ' \n' ' ')
[ "$(cat "$out/roots.complete" 2>/dev/null)" != "$description" ] || exit 0
rm -rf "$out/roots.complete" "$out/host" "$out/root" "$out/apt"

for pair in "sid amd64" "sid arm64" "$suite arm64"; do
    # shellcheck disable=SC2086  # two words
    update $pair
done
# Modules are read by the compiler of their version only. A rebuild of the same source ends with +bN.
compiler=$(version amd64)
modules=$(version arm64)
[ -n "$compiler" ] && [ "${compiler%+b*}" = "${modules%+b*}" ] ||
    unavailable "Debian unstable has Swift ${compiler:-none} for amd64 and ${modules:-none} for arm64"
(cd "$out/apt" && apt sid arm64 apt-get download swiftlang >"$out/apt.log" 2>&1) ||
    unavailable "swiftlang for arm64: $(grep -m1 '^E:' "$out/apt.log")"

# shellcheck disable=SC2086  # lists of words
unpack sid amd64 "$out/host" $host &
# shellcheck disable=SC2086
unpack "$suite" arm64 "$out/root" $libraries
dpkg-deb --fsys-tarfile "$out"/apt/swiftlang_*_arm64.deb | tar -x -C "$out/root/usr/lib" --strip-components=5 \
    ./usr/libexec/swift/lib/swift ./usr/libexec/swift/lib/swift_static ./usr/libexec/swift/lib/clang
# What a script of the package would link.
for folder in include lib; do
    (cd "$out/root/usr/$folder/aarch64-linux-gnu" && ln -sf openblas-pthread/*.[hs]* .)
done
wait $!
rm -rf "$out/apt"
echo "$description" >"$out/roots.complete"
