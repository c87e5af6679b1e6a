#!/usr/bin/env bash
# Measures this machine: time against data size, batch size, partition size and threads, with repeated demo galaxies;
# then writes tables and figures. `make sweep` builds the program first.
#
#   scripts/sweep.sh              about 41 minutes at 950 galaxies/s; the same command continues an interrupted sweep
#   scripts/sweep.sh --dry-run    prints points, galaxies and time only
#
# Arguments are those of `cai experiment`. Measured sizes, and the number of runs:
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CAI=${CAI:-.build/release/cai}
OUT=${OUT:-sweep-output}                             # OUT/tree, OUT/tables, OUT/report.html, OUT/figures
GALAXIES=${GALAXIES:-weights/demo-galaxies.pt}
WEIGHTS=${WEIGHTS:-weights/astromae-demo.safetensors}
RUNS=${RUNS:-3}
SIZES=${SIZES:-1GB,2GB,4GB}                          # RUNS times each
LARGE=${LARGE-12.6GB}                                # LARGE_RUNS times; empty for none
LARGE_RUNS=${LARGE_RUNS:-1}
SMALL=${SMALL:-300MB}                               # at which the other three are varied: whole partitions of each size
BATCHES=${BATCHES:-32,64,128,256,512}
THREADS=${THREADS:-1..N}
PARTITIONS=${PARTITIONS:-25,50,75,100}
REFERENCE=${REFERENCE-docs/results/reference.csv}    # drawn beside; empty for none

[ -x "$CAI" ] || {
    echo "sweep.sh: $CAI: expected the program; 'make build' builds it" >&2
    exit 1
}
commit=$(git -c safe.directory='*' describe --always --dirty 2>/dev/null || true)

# Both continue an existing tree, and add missing runs.
measure() {
    "$CAI" experiment "$GALAXIES" -o "$OUT/tree" --weights "$WEIGHTS" --repeat --extend \
        ${commit:+--commit "$commit"} --data-size "$SMALL" "$@"
}

measure --warm-up --runs "$RUNS" "$@" --vary data-size "$SIZES" --vary batch-size "$BATCHES" \
    --vary threads "$THREADS" --vary partition-size "$PARTITIONS"
if [ -n "$LARGE" ]; then measure --warm-up --runs "$LARGE_RUNS" "$@" --vary data-size "$LARGE"; fi

for argument in "$@"; do
    if [ "$argument" = --dry-run ]; then exit 0; fi
done
"$CAI" stats "$OUT/tree" -o "$OUT/tables"
"$CAI" report "$OUT/tree" -o "$OUT/report.html" --figures "$OUT/figures" ${REFERENCE:+--reference "$REFERENCE"}
