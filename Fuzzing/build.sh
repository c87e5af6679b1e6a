#!/bin/sh
# Builds the fuzz targets and the project's libraries: optimised, with traps, coverage counters for libFuzzer and the
# address sanitizer. Prints the path of the program.
set -e
cd "$(dirname "$0")"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The Swift compiler uses only the last of several -sanitize= options, and the package manager passes one for each.
# Dead code is not stripped: the linker would remove most counters.
if ! ${SWIFT:-swift} build --package-path . -c release --product fuzz --disable-dead-strip --sanitize=fuzzer \
    -Xswiftc -sanitize=fuzzer,address -Xcc -fsanitize=address > "$log" 2>&1; then
    grep -v 'Cannot export local symbol' "$log" >&2
    exit 1
fi
echo "$PWD/.build/release/fuzz"
