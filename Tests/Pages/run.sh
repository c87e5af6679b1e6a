#!/usr/bin/env bash
# Checks pages of every kind by HTML Tidy, and figures as XML; a warning is a failure. A page must not contain scripts,
# external resources or the folder of a file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cai=${CAI:-.build/release/cai}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# Every command takes seconds only: one that hangs is ended.
bounded() { timeout --foreground --kill-after=5 300 "$@"; }

# report NAME INPUT [OPTION...]: a page and its figures
report() {
    local name=$1
    shift
    bounded "$cai" report "$@" -o "$work/$name.html" --figures "$work/$name" --quiet
}

bounded "$cai" demo -o "$work/demo" >/dev/null
cp "$work/demo/report.html" "$work/demo.html"
report many "$work/demo/predictions.csv" --title 'Ampersands & <angles> "quoted"'
report tree Tests/Fixtures/results/tree
report beside Tests/Fixtures/results/tree --reference docs/results/reference.csv
bounded "$cai" demo --mae -o "$work/mae" >/dev/null
cp "$work/mae/reconstructed.html" "$work/mae/anomalies.html" "$work"
printf 'z_phot\n0.1\n0.2\nnan\n' >"$work/alone.csv"
report alone "$work/alone.csv"
printf 'z_phot,z_spec\n0.1,0.1\n' >"$work/one.csv"
report one "$work/one.csv"
mkdir -p "$work/store/data" "$work/store/results"
cp weights/demo-galaxies.pt "$work/store/data/1.pt"
printf '{"bucket": "results", "result_path": "run", "data_bucket": "data"}' |
    bounded "$cai" run - --store "file://$work/store" --quiet
report run "$work/store/results/run"
report plan "$work/store/results/run" --galaxies 500000 --within 60s
bounded "$cai" infer weights/demo-galaxies.pt -o "$work/half.csv" --quiet --weights weights/astromae-demo.safetensors
bounded "$cai" calibrate "$work/half.csv" -o "$work/calibration.json" --fraction 0.5 >/dev/null 2>"$work/said" || {
    cat "$work/said" >&2
    exit 1
}
report covered "$work/half.csv" --calibration "$work/calibration.json"

failed=0
check() { # check FILE TIDY'S OPTIONS...
    local file=$1 said
    shift
    said=$(bounded tidy -quiet -errors "$@" "$file" 2>&1) || true
    [ -z "$said" ] && return
    printf '%s:\n%s\n' "${file#"$work"/}" "$said" >&2
    failed=1
}
pages=0 figures=0
for page in "$work"/*.html; do
    check "$page"
    if found=$(grep -Eio '<script|(src|href)="(https?:)?//[^"]*|@import|url\((https?:)?//' "$page" | head -3); then
        printf '%s: expected a page that loads nothing, found %s\n' "${page##*/}" "$found" >&2
        failed=1
    fi
    if grep -Fq "$work" "$page" || grep -Fq "$PWD" "$page"; then
        printf '%s: expected no folder of this machine, found one\n' "${page##*/}" >&2
        failed=1
    fi
    pages=$((pages + 1))
done
for figure in "$work"/*/*.svg; do
    check "$figure" -xml
    figures=$((figures + 1))
done
[ "$failed" -eq 0 ] || exit 1
echo "$pages pages and $figures figures: valid"
