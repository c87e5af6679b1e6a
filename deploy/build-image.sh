#!/bin/sh
# Builds the container image of the Lambda functions, as an OCI archive: deploy/build-image.sh OUT.tar
#   WEIGHTS   the network's weights, in any format that cai reads; default: the demo's
#   DTYPE     the type of large matrices in the image, f16 or f32; default: f16
#   ARCH      x86_64 or arm64; default: this machine's. all: both, as one index
# Needs .build/release/cai (`make build`), buildah and skopeo; on a machine for x86-64, arm64 needs .build-arm64/cai
# (`make arm64`).
set -eu
cd "$(dirname "$0")/.."

OUT=${1:?usage: $0 OUT.tar}
WEIGHTS=${WEIGHTS:-weights/astromae-demo.safetensors}
DTYPE=${DTYPE:-f16}
cai=.build/release/cai
case $(uname -m) in aarch64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
ARCH=${ARCH:-$machine}

fail() {
    echo "$0: $1" >&2
    exit 1
}

[ -x "$cai" ] || fail "$cai: not found; run 'make build' first"
[ -e "$WEIGHTS" ] || fail "WEIGHTS: $WEIGHTS: not found"
case $ARCH in
all) architectures="x86_64 arm64" ;;
x86_64 | arm64) architectures=$ARCH ;;
*) fail "ARCH: expected x86_64, arm64 or all, found $ARCH" ;;
esac
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -e "$bundle" ] && break
done
[ -e "$bundle" ] || fail "no certificates of authorities at $bundle (Debian: ca-certificates)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
weights=$work/weights.safetensors
"$cai" convert "$WEIGHTS" -o "$weights" --dtype "$DTYPE" --quiet >&2

# The lines of ldd for the program and libcurl, which is opened by name at the first request.
list_libraries() {
    if [ "$1" = "$machine" ]; then
        LD_PRELOAD=libcurl.so.4 ldd "$2" 2>&1 || true
    else
        .build-arm64/host/usr/bin/qemu-aarch64 -L "$root" "$root/lib/ld-linux-aarch64.so.1" --preload libcurl.so.4 \
            --list "$2" 2>&1 || true
    fi
}

# make_context ARCHITECTURE FOLDER: what the Containerfile copies.
make_context() {
    architecture=$1
    context=$2
    if [ "$architecture" = "$machine" ]; then
        program=$cai root=""
    elif [ "$machine" = x86_64 ]; then
        program=.build-arm64/cai root=.build-arm64/root
        [ -x "$program" ] || fail "$program: not found; run 'make arm64' first"
    else
        fail "ARCH: this machine builds the image for $machine only"
    fi
    mkdir -p "$context/system/etc/ssl/certs" "$context/weights/var/task" "$context/program/var/runtime" \
        "$context/program/usr/bin"
    # The program without symbols, which `make arm64` has removed. `cai` is for `docker run --entrypoint`, since the
    # image has no shell.
    if [ "$architecture" = "$machine" ]; then
        strip -o "$context/program/var/runtime/bootstrap" "$program"
    else
        cp "$program" "$context/program/var/runtime/bootstrap"
    fi
    ln -s ../../var/runtime/bootstrap "$context/program/usr/bin/cai"

    # Every library that the loader maps, at its search path, including the loader. glibc's lookup of names in files and
    # by DNS is part of libc.so since 2.34.
    list_libraries "$architecture" "$program" >"$work/loaded"
    grep -q '^[[:space:]]*libcurl.so.4 => /' "$work/loaded" || fail "libcurl.so.4: not found (Debian: libcurl4)"
    awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 } /not found/ { exit 1 }' \
        "$work/loaded" >"$work/libraries" ||
        fail "$program: needs a missing library: $(grep 'not found' "$work/loaded")"
    while read -r library; do
        library=${library#"$root"}
        mkdir -p "$context/system$(dirname "$library")"
        cp -L "$root$library" "$context/system$library"
    done <"$work/libraries"
    echo "hosts: files dns" >"$context/system/etc/nsswitch.conf"
    cp -L "$bundle" "$context/system/etc/ssl/certs/ca-certificates.crt"
    cp "$weights" "$context/weights/var/task/weights.safetensors"

    # Lambda runs it as a separate user, who needs read permission for all files.
    chmod -R u=rwX,go=rX "$context"
    mkdir -m 1777 "$context/system/tmp"
}

# A separate container storage, so that only the archive remains on this machine. Times are 1970, so that the same
# content gives the same image.
engine() { buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
megabytes() { du -sb "$1" | awk '{ printf "%.1f", $1 / 1e6 }'; }

for architecture in $architectures; do
    context=$work/$architecture
    make_context "$architecture" "$context"
    case $architecture in x86_64) name=amd64 ;; *) name=$architecture ;; esac
    engine bud --quiet --isolation chroot --layers --timestamp 0 --arch "$name" --tag "cai-$architecture" \
        -f deploy/Containerfile "$context" >/dev/null
    echo "$architecture, in MB unpacked: program $(megabytes "$context/program")," \
        "weights $(megabytes "$context/weights"), libraries and certificates $(megabytes "$context/system")"
done
mkdir -p "$(dirname "$OUT")"
if [ "$ARCH" = all ]; then
    engine manifest create cai >/dev/null
    for architecture in $architectures; do engine manifest add cai "cai-$architecture" >/dev/null; done
    engine manifest push --quiet --all cai "oci-archive:$work/image.tar:cai" >/dev/null
else
    engine push --quiet "cai-$ARCH" "oci-archive:$work/image.tar:cai"
fi
mv "$work/image.tar" "$OUT"
echo "$OUT: $(stat -c %s "$OUT" | awk '{ printf "%.1f", $1 / 1e6 }') MB compressed, for $architectures"
