#!/bin/sh
# Builds the container image of the Lambda functions, as an OCI archive: deploy/build-image.sh OUT.tar
#   WEIGHTS   the network's weights, in any format that cai reads; default: the demo's
#   DTYPE     the type of large matrices in the image, f16 or f32; default: f16
# Needs .build/release/cai (`make build`), buildah and skopeo. The image is for this machine's architecture.
set -eu
cd "$(dirname "$0")/.."

OUT=${1:?usage: $0 OUT.tar}
WEIGHTS=${WEIGHTS:-weights/astromae-demo.safetensors}
DTYPE=${DTYPE:-f16}
cai=.build/release/cai

fail() {
    echo "$0: $1" >&2
    exit 1
}

[ -x "$cai" ] || fail "$cai: not found; run 'make build' first"
[ -e "$WEIGHTS" ] || fail "WEIGHTS: $WEIGHTS: not found"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
context=$work/context
mkdir -p "$context/system/etc/ssl/certs" "$context/weights/var/task" "$context/program/var/runtime" \
    "$context/program/usr/bin"

# The program without symbols. `cai` is for `docker run --entrypoint`, since the image has no shell.
strip -o "$context/program/var/runtime/bootstrap" "$cai"
ln -s ../../var/runtime/bootstrap "$context/program/usr/bin/cai"

# Every library that the loader maps, at its search path, including the loader. glibc's lookup of names in files and by
# DNS is part of libc.so since 2.34. libcurl is opened by name at the first request.
LD_PRELOAD=libcurl.so.4 ldd "$cai" >"$work/loaded" 2>&1 || true
grep -q '^[[:space:]]*libcurl.so.4 => /' "$work/loaded" || fail "libcurl.so.4: not found (Debian: libcurl4)"
awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 } /not found/ { exit 1 }' \
    "$work/loaded" >"$work/libraries" ||
    fail "$cai: needs a missing library: $(grep 'not found' "$work/loaded")"
while read -r library; do
    mkdir -p "$context/system$(dirname "$library")"
    cp -L "$library" "$context/system$library"
done <"$work/libraries"
echo "hosts: files dns" >"$context/system/etc/nsswitch.conf"

for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -e "$bundle" ] && break
done
[ -e "$bundle" ] || fail "no certificates of authorities at $bundle (Debian: ca-certificates)"
cp -L "$bundle" "$context/system/etc/ssl/certs/ca-certificates.crt"

"$cai" convert "$WEIGHTS" -o "$context/weights/var/task/weights.safetensors" --dtype "$DTYPE" >&2

# Lambda runs it as a separate user, who needs read permission for all files.
chmod -R u=rwX,go=rX "$context"
mkdir -m 1777 "$context/system/tmp"

# A separate container storage, so that only the archive remains on this machine. Times are 1970, so that the same
# content gives the same image.
engine() { buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
engine bud --quiet --isolation chroot --layers --timestamp 0 --tag cai -f deploy/Containerfile "$context" >/dev/null
mkdir -p "$(dirname "$OUT")"
rm -f "$work/image.tar"
engine push --quiet cai "oci-archive:$work/image.tar:cai"
mv "$work/image.tar" "$OUT"

echo "$OUT: $(stat -c %s "$OUT" | awk '{ printf "%.1f", $1 / 1e6 }') MB compressed, of which in MB unpacked:" \
    "program $(du -sb "$context/program" | awk '{ printf "%.1f", $1 / 1e6 }')," \
    "weights $(du -sb "$context/weights" | awk '{ printf "%.1f", $1 / 1e6 }')," \
    "libraries and certificates $(du -sb "$context/system" | awk '{ printf "%.1f", $1 / 1e6 }')"
