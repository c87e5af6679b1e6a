#!/bin/sh
# Unpacks an image made by build-image.sh and runs it as Lambda does, with a separate root and as an unprivileged user:
# deploy/test-image.sh IMAGE.tar. Its predictions have to equal those of this machine's cai with the same weights.
#   ARCH             x86_64 or arm64; default: this machine's. On a machine for x86-64, arm64 is run by QEMU. all: both
#   RIE              Amazon's Lambda Runtime Interface Emulator: the entry point is then also run in it
#   MOST_MEGABYTES   the maximum size of the image for an architecture; default: 60
# Needs root, permission to mount, and skopeo.
set -eu
cd "$(dirname "$0")/.."

IMAGE=${1:?usage: $0 IMAGE.tar}
MOST_MEGABYTES=${MOST_MEGABYTES:-60}
RIE=${RIE:-}
cai=.build/release/cai
case $(uname -m) in aarch64) machine=arm64 ;; *) machine=$(uname -m) ;; esac
ARCH=${ARCH:-$machine}

fail() {
    echo "$0: $1" >&2
    exit 1
}

if [ "$(id -u)" -ne 0 ] || ! unshare --mount true 2>/dev/null; then
    echo "$IMAGE: not run: that needs root, and the right to mount"
    exit 0
fi
if [ "$ARCH" = all ]; then
    for architecture in x86_64 arm64; do ARCH=$architecture IMAGES=2 "$0" "$IMAGE"; done
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$root"
size=$(stat -c %s "$IMAGE")
[ "$size" -le $((MOST_MEGABYTES * 1000 * 1000 * ${IMAGES:-1})) ] ||
    fail "$IMAGE: expected at most $MOST_MEGABYTES MB an architecture, found $size bytes"

# Of an index, the image for that architecture.
case $ARCH in x86_64) name=amd64 ;; *) name=$ARCH ;; esac
skopeo() { command skopeo --override-arch "$name" "$@"; }
skopeo copy --quiet "oci-archive:$IMAGE" "dir:$work/image"
grep -q '"application/vnd.oci.image.manifest.v1+json"' "$work/image/manifest.json" ||
    fail "$IMAGE: expected an OCI manifest, found another"
skopeo inspect "oci-archive:$IMAGE" --format '{{range .Layers}}{{println .}}{{end}}' | while read -r layer; do
    [ -z "$layer" ] || tar -xzpf "$work/image/${layer#sha256:}" -C "$root"
done
skopeo inspect --config "oci-archive:$IMAGE" >"$work/config.json"
grep -q "\"architecture\": *\"$name\"" "$work/config.json" ||
    fail "$IMAGE: expected an image for $ARCH, found $(grep -o '"architecture": *"[a-z0-9]*"' "$work/config.json")"
grep -q '"Entrypoint": *\[' "$work/config.json" || fail "$IMAGE: expected an entry point, found none"

[ ! -e "$root/bin/sh" ] && [ ! -e "$root/usr/bin/sh" ] || fail "$IMAGE: expected no shell, found one"
writable=$(find "$root" -type f -perm /go=w -o -type d -perm /go=w ! -path "$root/tmp")
[ -z "$writable" ] || fail "$IMAGE: expected that only root can write, found $writable"

# As in Lambda there are /proc, which Swift reads for a program's arguments, and /dev. The mounts and all descendants
# end with the program. Replaces the calling shell.
mkdir -p "$root/proc" "$root/dev"
enter() {
    # shellcheck disable=SC2016  # the inner shell's own
    exec unshare --mount --pid --fork env -i PATH="$PATH:/usr/sbin:/sbin" \
        CAI_WEIGHTS=/var/task/weights.safetensors AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x \
        sh -c 'mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" &&
            exec chroot --userspec=65534:65534 "$0" "$@"' "$root" "$@"
}

cp weights/demo-galaxies.pt "$root/tmp/galaxies.pt"
chmod go+r "$root/tmp/galaxies.pt"
emulator="" galaxies=64
if [ "$ARCH" != "$machine" ]; then
    cp .build-arm64/host/usr/bin/qemu-aarch64 "$root/tmp/qemu"
    chmod 755 "$root/tmp/qemu"
    emulator=/tmp/qemu galaxies=4
fi
# shellcheck disable=SC2086  # none or one word
version=$(enter $emulator /usr/bin/cai --version)
# shellcheck disable=SC2086
(enter $emulator /usr/bin/cai infer /tmp/galaxies.pt --limit $galaxies --quiet) >"$work/inside.csv"
"$cai" infer "$root/tmp/galaxies.pt" --limit $galaxies --quiet --weights "$root/var/task/weights.safetensors" \
    >"$work/outside.csv"
cmp "$work/inside.csv" "$work/outside.csv" || fail "$IMAGE: expected the predictions of $cai, found others"
lines=$(wc -l <"$work/inside.csv")
[ "$lines" -eq $((galaxies + 1)) ] || fail "$IMAGE: expected a head and $galaxies predictions, found $lines lines"
echo "$IMAGE: cai $version runs in it as nobody, without a shell${emulator:+, under QEMU};" \
    "$galaxies predictions are bit for bit this machine's"

# The emulator of Lambda starts the program itself.
[ -n "$RIE" ] && [ -z "$emulator" ] || exit 0

cp "$RIE" "$root/tmp/rie"
chmod 755 "$root/tmp/rie"
port=$((20000 + $$ % 10000))
enter /tmp/rie --runtime-interface-emulator-address 127.0.0.1:$port --runtime-api-address 127.0.0.1:$((port + 1)) \
    /var/runtime/bootstrap cai.worker >"$work/log" 2>&1 &
emulator=$!
# The child of unshare is the first process of its namespace: all other processes of it end with it.
stop() {
    # shellcheck disable=SC2013  # words are meant
    for process in $(cat "/proc/$emulator/task/$emulator/children"); do kill -KILL "$process"; done
    wait "$emulator" || true
    rm -rf "$work"
}
trap stop EXIT
answer=$(curl --silent --retry 20 --retry-connrefused --retry-delay 1 --retry-max-time 20 --max-time 20 --data '{}' \
    "http://127.0.0.1:$port/2015-03-31/functions/function/invocations")
case $answer in
*"the worker's event"*) echo "$IMAGE: in the emulator its worker answers: $answer" ;;
*)
    cat "$work/log" >&2
    fail "$IMAGE: expected that the worker asks for its event's keys, found: $answer"
    ;;
esac
