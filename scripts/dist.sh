#!/bin/sh
# Writes .build/cai-VERSION-linux-ARCH.tar.gz: what `make install` installs, weights and galaxies included.
#   ARCH   x86_64 or arm64; default: this machine's. arm64 on a machine for x86-64 needs .build-arm64/cai (`make arm64`)
set -eu
cd "$(dirname "$0")/.."

case $(uname -m) in aarch64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
ARCH=${ARCH:-$machine}
if [ "$ARCH" = "$machine" ]; then
    CAI=.build/release/cai RUN=.build/release/cai
elif [ "$machine-$ARCH" = x86_64-arm64 ]; then
    CAI=.build-arm64/cai RUN=.build-arm64/run
else
    echo "$0: ARCH: expected $machine$([ "$machine" = arm64 ] || echo ' or arm64'), found $ARCH" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$("$RUN" --version)
name=cai-${version%% *}-linux-$ARCH
CAI=$CAI RUN=$RUN scripts/install.sh "$work/$name" >/dev/null
# The program for this machine still has its symbols.
[ "$ARCH" != "$machine" ] || strip "$work/$name/bin/cai"
# The same content gives the same bytes.
tar -c -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 "$name" | gzip -n >"$work/archive"
mv "$work/archive" ".build/$name.tar.gz"
echo ".build/$name.tar.gz: $(stat -c %s ".build/$name.tar.gz" | awk '{ printf "%.1f", $1 / 1e6 }') MB, cai $version"
