#!/bin/sh
# Runs fuzz targets, one after the other: all, or those that are named. Tells how many inputs each has tried. What breaks a
# promise is kept in Fuzzing/finds, and then the exit status is 1.
#   FUZZ_SECONDS  for each target: 60 where it is not set; 0 tries the committed corpus alone
#   FUZZ_ARGS     further options of libFuzzer
set -u
cd "$(dirname "$0")" || exit 2
seconds=${FUZZ_SECONDS:-60}
fuzz=$(./build.sh) || exit 2
scratch=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)/cai-fuzz-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$scratch/tmp" "$scratch/seeds" finds
"$fuzz" --seeds "$scratch/seeds" || exit 2
# A library that is handed more than it can allocate says so.
# Swift's own report of a crash, made by another thread, is none that the sanitizer can read.
export SWIFT_BACKTRACE=enable=no TMPDIR="$scratch/tmp" ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
limit="-max_total_time=$seconds"
[ "$seconds" = 0 ] && limit="-runs=0"

# Whether the first function that is not the sanitizer's own is one of the C libraries'.
isOfLibrary() {
    grep -aE '^ +#[0-9]+ ' "$1" | grep -avE 'compiler-rt|libc\.so|memmove|memcpy|nptl/|stdlib/|libio/|debug/|sysdeps/' | head -1 | grep -qE 'libhdf5|libcfitsio|/hdf5-|/cfitsio-'
}

sum=0 failed=""
# shellcheck disable=SC2046
[ $# -gt 0 ] || set -- $("$fuzz" --list)
for target in "$@"; do
    mkdir -p ".corpus/$target" "corpus/$target"
    dictionary=""
    [ -f "dictionaries/$target.dict" ] && dictionary="-dict=dictionaries/$target.dict"
    # shellcheck disable=SC2086
    if ! "$fuzz" "$target" $limit -timeout=20 -malloc_limit_mb=512 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="finds/$target-" $dictionary ${FUZZ_ARGS:-} \
        ".corpus/$target" "corpus/$target" "$scratch/seeds/$target" > "$scratch/log" 2>&1; then
        if isOfLibrary "$scratch/log"; then
            echo "fuzz: $target: a find within cfitsio or libhdf5, which is kept, and known (SECURITY.md)" >&2
        else
            failed="$failed $target"
        fi
        grep -aE 'a promise is broken|Fatal error|ERROR: |SUMMARY: |Test unit written' "$scratch/log" >&2
        cp "$scratch/log" "finds/$target.log"
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log" | tail -1)
    counters=$(grep -ao ' cov: [0-9]*' "$scratch/log" | tail -1 | tr -dc '0-9')
    sum=$((sum + ${runs:-0}))
    printf '%-17s %11s executions %7s counters\n' "$target" "${runs:-?}" "${counters:-?}"
done
printf '%-17s %11s executions\n' "all" "$sum"
if [ -n "$failed" ]; then
    echo "fuzz: finds in$failed: see Fuzzing/finds and Fuzzing/README.md" >&2
    exit 1
fi
