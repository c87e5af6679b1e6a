#!/bin/sh
# Builds .build-arm64/cai and libastrocai.so, the program and the shared library of Python/ for 64-bit ARM, on a machine for
# x86-64: scripts/arm64-build.sh
# Swift, its libraries and those of the program are Debian's (scripts/arm64-roots.sh), packages of Swift those of this
# checkout. They are linked against Debian 13's C library and run on any system with MOST_GLIBC or newer.
# Exit status 77, after one line with the reason: it cannot be built here.
set -eu
cd "$(dirname "$0")/.."

MOST_GLIBC=2.39
swift=${SWIFT:-swift}
here=$PWD
out=$here/.build-arm64

scripts/arm64-roots.sh

# The packages' sources come by this machine's Swift, with its settings; the other one only builds.
"$swift" package --scratch-path "$out/build" resolve >/dev/null

root=$out/root
cat >"$out/destination.json" <<END
{
  "version": 1,
  "sdk": "$root",
  "toolchain-bin-dir": "/usr/libexec/swift/bin",
  "target": "aarch64-unknown-linux-gnu",
  "extra-cc-flags": [],
  "extra-cpp-flags": ["-lstdc++"],
  "extra-swiftc-flags": ["-sdk", "$root", "-resource-dir", "$root/usr/lib/swift_static", "-use-ld=lld", "-static-stdlib"]
}
END

# enter COMMAND...: in the root with Swift, where this checkout has its own path, HOME is empty, and the mounts end with
# the command.
enter() {
    mkdir -p "$out/host$here" "$out/host/root"
    # shellcheck disable=SC2016  # the inner shell's own
    unshare --mount env -i PATH=/usr/libexec/swift/bin:/usr/bin:/usr/sbin HOME=/root LC_ALL=C.UTF-8 \
        PKG_CONFIG_LIBDIR="$root/usr/lib/aarch64-linux-gnu/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root" \
        PKG_CONFIG_PATH="$root/usr/lib/aarch64-linux-gnu/pkgconfig" \
        sh -c 'here=$1 host=$2; shift 2
            mount --bind "$here" "$host$here" && mount --rbind /proc "$host/proc" && mount --rbind /dev "$host/dev" &&
            mount -t tmpfs none "$host/tmp" && exec chroot "$host" "$@"' sh "$here" "$out/host" "$@"
}

echo "arm64: $(enter swiftc --version 2>/dev/null | head -n 1)"
for product in cai astrocai; do
    enter swift-build --package-path "$here" --scratch-path "$out/build" -c release --static-swift-stdlib \
        -debug-info-format none --product "$product" --destination "$out/destination.json" \
        --disable-automatic-resolution --disable-sandbox
done
enter llvm-objcopy --strip-all "$out/build/release/cai" "$out/cai"
cp "$out/build/release/libastrocai.so" "$out/"

for file in libastrocai.so cai; do
    newest=$(enter objdump -T "$out/$file" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
    [ "$(printf '%s\n' "GLIBC_$MOST_GLIBC" "$newest" | sort -V | tail -n 1)" = "GLIBC_$MOST_GLIBC" ] || {
        echo "$out/$file: expected symbols of at most GLIBC_$MOST_GLIBC, found $newest" >&2
        exit 1
    }
done

# Runs it on this machine, with the libraries of its architecture.
cat >"$out/run" <<END
#!/bin/sh
exec "$out/host/usr/bin/qemu-aarch64" -L "$root" "$out/cai" "\$@"
END
chmod +x "$out/run"
echo "arm64: .build-arm64/cai, $("$out/run" --version), needs at most $newest"
