#!/usr/bin/env bash
# Runs the tests under sanitizers, each in a separate build below .build; stops at the first finding.
#
#   scripts/sanitize.sh                      all three, one after another
#   scripts/sanitize.sh address thread       some of them
#   TARGETS=TensorFilesTests scripts/sanitize.sh address
#
# undefined  the contracts of the C kernels with $CC only, under the undefined-behaviour and address sanitizers
# address    all Swift tests, with the program that the command-line tests start, and leaks (leaks.txt)
# thread     the same for data races. Synchronization.Mutex is reported to the sanitizer (Tests/Sanitizers/mutex.c), so
#            that no report is suppressed
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SWIFT=${SWIFT:-swift}
here=Tests/Sanitizers
# In dependency order: a finding is easiest to locate in the lowest target.
all="KernelTests AstroMAETests TensorFilesTests InferenceTests CloudTests RunsTests ExperimentTests ReportTests CommandTests"
TARGETS=${TARGETS:-$all}
PRELOAD=
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { printf '\n== %s\n' "$1"; }

# First checks that planted faults are found.
undefined() {
    step "undefined: contracts of the C kernels"
    for fault in 'int x[2]; x[argc + 1] = 1; return x[argc + 1];' 'return 0x7fffffff + argc;'; do
        printf 'int main(int argc, char **argv) { (void)argv; %s }\n' "$fault" >"$work/fault.c"
        "${CC:-cc}" -fsanitize=address,undefined -fno-sanitize-recover=all -o "$work/fault" "$work/fault.c"
        if "$work/fault" >/dev/null 2>&1; then
            echo "sanitize.sh: ${CC:-cc}: expected a planted fault to be found: $fault" >&2
            exit 1
        fi
    done
    CC="${CC:-}" scripts/kernel-contracts.sh --sanitized
}

# swift_tests NAME: builds with --sanitize=NAME, and runs each target
swift_tests() {
    local scratch=.build/sanitize-$1 tests target
    step "$1: build"
    "$SWIFT" build --build-tests --sanitize="$1" --scratch-path "$scratch"
    tests=$("$SWIFT" build --show-bin-path --sanitize="$1" --scratch-path "$scratch")/caiPackageTests.xctest
    for target in $TARGETS; do
        step "$1: $target"
        # Prints the tests' output only if they fail: thousands of cases have a line each.
        if ! env ${PRELOAD:+LD_PRELOAD="$PRELOAD"} "$tests" --testing-library swift-testing --filter "^$target\." >"$work/log" 2>&1; then
            grep -vE '^(◇|✔)' "$work/log" >&2 || true
            echo "sanitize.sh: $1: $target failed" >&2
            exit 1
        fi
        grep -E '^✔ Test run with [1-9]' "$work/log" || {
            echo "sanitize.sh: $1: $target: expected tests, found none" >&2
            exit 1
        }
    done
}

address() {
    export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1
    export LSAN_OPTIONS=suppressions=$PWD/$here/leaks.txt:print_suppressions=0
    swift_tests address
}

thread() {
    # Clang supports Swift's calling convention; it is installed with Swift.
    local clang
    clang=$(dirname "$(readlink -f "$(command -v "$SWIFT")")")/clang
    "$clang" -O1 -Wall -Wextra -Werror -shared -fPIC -o "$work/mutex.so" $here/mutex.c
    export TSAN_OPTIONS=second_deadlock_stack=1
    PRELOAD=$work/mutex.so
    swift_tests thread
}

for name in "${@:-undefined address thread}"; do
    for sanitizer in $name; do
        case $sanitizer in
        undefined | address | thread) ;;
        *)
            echo "usage: $0 [undefined] [address] [thread]" >&2
            exit 2
            ;;
        esac
        # A subshell, so that settings of one sanitizer do not affect the next.
        (time "$sanitizer")
    done
done
