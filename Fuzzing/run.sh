#!/bin/sh
# Runs fuzz targets one after another: all, or the named ones. Prints the number of executions of each. Inputs that
# break a promise are kept in Fuzzing/finds, with exit status 1.
#   FUZZ_SECONDS  for each target: 60 by default; 0 runs the committed corpus only
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
# Failed allocations of libraries return null.
# Swift's crash report by another thread is disabled: the sanitizer cannot read it.
export SWIFT_BACKTRACE=enable=no TMPDIR="$scratch/tmp" ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
limit="-max_total_time=$seconds"
[ "$seconds" = 0 ] && limit="-runs=0"

# Whether the first function outside the sanitizer belongs to one of the C libraries.
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
