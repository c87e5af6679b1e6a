#!/bin/sh
# Builds and runs Tests/KernelContracts with $CC: every instruction set in C that this processor can run. With
# --emulated, those that it cannot: AVX-512 by SIMDe and NEON by QEMU, each skipped if its tools are missing. With
# --sanitized, the former under the address and undefined-behaviour sanitizers, with memory before arrays inaccessible.
# All of them have to give the bits of golden-bits.txt, which only --write-bits writes, from this processor's AVX2.
# SHA-256 by the processor's instructions is compared with plain C.
set -eu
cd "$(dirname "$0")/.."

CC=${CC:-cc}
ARM_CC=${ARM_CC:-aarch64-linux-gnu-gcc}
golden=Tests/KernelContracts/golden-bits.txt
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# No contraction: kernels/target.h says so to clang.
compile() {
    compiler=$1
    program=$2
    shift 2
    "$compiler" -std=gnu11 -O2 -ffp-contract=off -Wall -Wextra -Werror -Ikernels/include -Ikernels "$@" \
        -o "$build/$program" Tests/KernelContracts/*.c kernels/*.c -lm
}

# The digests' instructions, which are no kernels: digests COMPILER RUNNER OPTION...
digests() {
    compiler=$1
    runner=$2
    required=""
    # The emulated processor has them.
    [ -z "$runner" ] || required=--required
    ! grep -qsw sha_ni /proc/cpuinfo || required=--required
    shift 2
    "$compiler" -std=gnu11 -O2 -Wall -Wextra -Werror -ISources/CDigests/include "$@" -o "$build/digests" \
        Tests/KernelContracts/digests/main.c Sources/CDigests/digests.c
    $runner "$build/digests" $required
}

skipped() { printf '%-19s skipped: %s\n' "$1" "$2"; }

emulate_avx512() {
    if ! "$CC" -mavx2 -mfma -E -include simde/x86/avx512.h -x c /dev/null >/dev/null 2>&1; then
        skipped "AVX-512 (emulated)" "no compiler for x86-64, or no SIMDe (Debian: libsimde-dev)"
    elif ! grep -qw avx2 /proc/cpuinfo; then
        skipped "AVX-512 (emulated)" "SIMDe is compiled for AVX2, and this processor has none"
    else
        # Without AVX-512 compilers warn about another calling convention for wide vectors. With -O2 SIMDe takes minutes
        # to compile; bits do not depend on it.
        compile "$CC" emulated -O1 -mavx2 -mfma -Wno-psabi -ITests/KernelContracts/emulation -DCAI_EMULATED_AVX512 \
            '-DCAI_BEGIN_TARGET(features)=' -DCAI_END_TARGET=
        "$build/emulated" avx512 avx512bf16 --golden "$golden"
    fi
}

emulate_neon() {
    if ! command -v "$ARM_CC" >/dev/null 2>&1; then
        skipped "NEON (emulated)" "no $ARM_CC (Debian: gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)"
    elif ! command -v qemu-aarch64 >/dev/null 2>&1; then
        skipped "NEON (emulated)" "no qemu-aarch64 (Debian: qemu-user)"
    else
        compile "$ARM_CC" neon -static
        qemu-aarch64 "$build/neon" neon neonbf16 --golden "$golden"
        digests "$ARM_CC" qemu-aarch64 -static
    fi
}

case "${1:-}" in
"")
    compile "$CC" native
    "$build/native" --golden "$golden"
    digests "$CC" ""
    ;;
--sanitized)
    # Undefined behaviour, and float conversions that overflow, end the program at once.
    set -- -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
    compile "$CC" sanitized "$@" -fsanitize=float-cast-overflow
    "$build/sanitized" --golden "$golden"
    digests "$CC" "" "$@"
    ;;
--write-bits)
    compile "$CC" native
    "$build/native" --bits avx2 >"$build/bits"
    cp "$build/bits" "$golden"
    ;;
--emulated)
    emulate_avx512
    emulate_neon
    ;;
*)
    echo "usage: $0 [--emulated | --sanitized | --write-bits]" >&2
    exit 2
    ;;
esac
