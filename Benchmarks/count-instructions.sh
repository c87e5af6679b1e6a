#!/bin/sh
# Instructions of `predict` for eight galaxies, counted by callgrind and compared with the committed figure: a
# difference of more than 3% is a failure. Unlike times, counts do not depend on the machine or on other load.
# Takes about a minute. `make instruction-count` builds its program first.
#
#   count-instructions.sh            measure, compare, exit 1 beyond the tolerance
#   count-instructions.sh --update   measure, and write the figure
set -eu
cd "$(dirname "$0")/.."

figure=Benchmarks/instructions.json
tolerance=3

case "${1:-}" in
"" | --update) ;;
*)
    echo "usage: $0 [--update]" >&2
    exit 2
    ;;
esac

skip() {
    echo "instruction count: skipped: $1"
    exit 0
}
grep -qw avx2 /proc/cpuinfo 2>/dev/null && grep -qw fma /proc/cpuinfo || skip "the count is of AVX2 and FMA, which are not here"
command -v valgrind >/dev/null 2>&1 || skip "valgrind is not installed"
program=.build/release/instructions
[ -x "$program" ] || {
    echo "instruction count: $program: not found; make instruction-count builds it" >&2
    exit 1
}

out=$(mktemp)
log=$(mktemp)
trap 'rm -f "$out" "$log"' EXIT
CAI_ISA=avx2 valgrind --tool=callgrind --callgrind-out-file="$out" --collect-atstart=no \
    --toggle-collect='*countedPredict*' "$program" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
measured=$(awk '/^(totals|summary):/ { count = $2 } END { print count + 0 }' "$out")
if [ "$measured" -eq 0 ]; then
    cat "$log" >&2
    echo "instruction count: callgrind counted nothing" >&2
    exit 1
fi

if [ "${1:-}" = --update ]; then
    printf '{"predict": "8 demo galaxies, avx2, packed", "instructions": %s}\n' "$measured" >"$figure"
    echo "instruction count: $measured, written to $figure"
    exit 0
fi
committed=$(sed -n 's/.*"instructions": *\([0-9][0-9]*\).*/\1/p' "$figure")
if [ -z "$committed" ]; then
    echo "instruction count: $figure: expected \"instructions\": a number" >&2
    exit 1
fi
awk -v measured="$measured" -v committed="$committed" -v tolerance="$tolerance" 'BEGIN {
    difference = 100 * (measured - committed) / committed
    printf "instruction count: measured %d, committed %d, difference %+.2f%%\n", measured, committed, difference
    exit difference > tolerance || difference < -tolerance
}' || {
    echo "More than $tolerance% away. If that is meant: make instruction-count ARGS=--update, and say why in the commit." >&2
    exit 1
}
