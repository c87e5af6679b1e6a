#!/bin/sh
# Unpacks an image made by build-image.sh and runs it as Lambda does, with a root of its own and as a user without
# rights: deploy/test-image.sh IMAGE.tar. Its predictions have to be those of this machine's cai with the same
# weights. Needs root and the right to mount, and skopeo.
set -eu
cd "$(dirname "$0")/.."

IMAGE=${1:?usage: $0 IMAGE.tar}
MOST_MEGABYTES=60
cai=.build/release/cai

fail() {
    echo "$0: $1" >&2
    exit 1
}

if [ "$(id -u)" -ne 0 ] || ! unshare --mount true 2>/dev/null; then
    echo "$IMAGE: not run: that needs root, and the right to mount"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir "$root"
size=$(stat -c %s "$IMAGE")
[ "$size" -le $((MOST_MEGABYTES * 1000 * 1000)) ] || fail "$IMAGE: expected at most $MOST_MEGABYTES MB, found $size bytes"

skopeo copy --quiet "oci-archive:$IMAGE" "dir:$work/image"
grep -q '"application/vnd.oci.image.manifest.v1+json"' "$work/image/manifest.json" ||
    fail "$IMAGE: expected an OCI manifest, found another"
skopeo inspect "oci-archive:$IMAGE" --format '{{range .Layers}}{{println .}}{{end}}' | while read -r layer; do
    [ -z "$layer" ] || tar -xzpf "$work/image/${layer#sha256:}" -C "$root"
done
skopeo inspect --config "oci-archive:$IMAGE" >"$work/config.json"
grep -q '"Entrypoint": *\[' "$work/config.json" || fail "$IMAGE: expected an entry point, found none"

[ ! -e "$root/bin/sh" ] && [ ! -e "$root/usr/bin/sh" ] || fail "$IMAGE: expected no shell, found one"
writable=$(find "$root" -type f -perm /go=w -o -type d -perm /go=w ! -path "$root/tmp")
[ -z "$writable" ] || fail "$IMAGE: expected that nobody but root can write, found $writable"

# As in Lambda there is a /proc, where Swift finds a program's arguments. The mount ends with the program.
mkdir -p "$root/proc"
inside() {
    # shellcheck disable=SC2016  # the inner shell's own
    unshare --mount env -i PATH="$PATH:/usr/sbin:/sbin" CAI_WEIGHTS=/var/task/weights.safetensors \
        sh -c 'mount --rbind /proc "$0/proc" && exec chroot --userspec=65534:65534 "$0" "$@"' "$root" "$@"
}

cp weights/demo-galaxies.pt "$root/tmp/galaxies.pt"
chmod go+r "$root/tmp/galaxies.pt"
inside /usr/bin/cai --version >"$work/version"
inside /usr/bin/cai infer /tmp/galaxies.pt --limit 64 --quiet >"$work/inside.csv"
"$cai" infer "$root/tmp/galaxies.pt" --limit 64 --quiet --weights "$root/var/task/weights.safetensors" >"$work/outside.csv"
cmp "$work/inside.csv" "$work/outside.csv" || fail "$IMAGE: expected the predictions of $cai, found others"
[ "$(wc -l <"$work/inside.csv")" -eq 65 ] || fail "$IMAGE: expected 64 predictions, found $(wc -l <"$work/inside.csv") lines"

echo "$IMAGE: cai $(cat "$work/version") runs in it as nobody, without a shell; 64 predictions are bit for bit this machine's"
