#!/bin/sh
# Links the release build of cai once more, with AVX-512's kernels emulated by SIMDe and no others in C: the whole
# program on AVX-512, on a processor with AVX2. Needs $CC (cc) and SIMDe (Debian: libsimde-dev); without them or AVX2 it
# says so, and OUT does not exist.
#
#   emulate-avx512.sh OUT
set -eu
cd "$(dirname "$0")/.."

if [ $# -ne 1 ]; then
    echo "usage: $0 OUT" >&2
    exit 2
fi
CC=${CC:-cc}
rm -f "$1"
if ! "$CC" -mavx2 -mfma -E -include simde/x86/avx512.h -x c /dev/null >/dev/null 2>&1; then
    echo "AVX-512 (emulated) skipped: no compiler for x86-64, or no SIMDe (Debian: libsimde-dev)"
    exit 0
elif ! grep -qw avx2 /proc/cpuinfo; then
    echo "AVX-512 (emulated) skipped: SIMDe is compiled for AVX2, and this processor has none"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# With -O3 the compiler needs minutes; bits do not depend on it.
for source in kernels/avx512.c Tests/KernelContracts/emulation/dispatch.c; do
    "$CC" -std=gnu11 -O1 -ffp-contract=off -mavx2 -mfma -Wno-psabi -Ikernels/include -Ikernels \
        -ITests/KernelContracts/emulation '-DCAI_BEGIN_TARGET(features)=' -DCAI_END_TARGET= \
        -c -o "$work/$(basename "$source" .c).o" "$source"
done
objects=.build/release/cai.product/Objects.LinkFileList
grep -v '/CKernels\.build/\(avx512\|dispatch\)\.c\.o$' "$objects" >"$work/objects"
"${SWIFT:-swift}c" -static-stdlib -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=cai_main \
    "@$work/objects" "$work/avx512.o" "$work/dispatch.o" -lz -o "$1"
