#!/bin/sh
# Builds the fuzz targets, and the project's libraries with them: optimised, with coverage counters for libFuzzer and the
# address sanitizer, traps kept. Prints where the program is.
set -e
cd "$(dirname "$0")"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Of several -sanitize= the Swift compiler takes the last one alone, and the package manager gives each of its own.
# Dead code is not stripped: the linker would take most counters for it.
if ! ${SWIFT:-swift} build --package-path . -c release --product fuzz --disable-dead-strip --sanitize=fuzzer \
    -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address -Xswiftc -enable-testing > "$log" 2>&1; then
    grep -v 'Cannot export local symbol' "$log" >&2
    exit 1
fi
echo "$PWD/.build/release/fuzz"
