#!/bin/sh
# Submits an array of ranks, and a merge that runs after all of them:
#
#   deploy/slurm/submit.sh RANKS OUT INPUT...
#
# Called again with the same arguments, it submits only the missing ranks: after a lost node or a time limit, repeat it
# until all ranks are complete. Parts stay in OUT.parts until they are deleted; OUT.parts/.words records their
# arguments, CAI_FLAGS and CAI_WEIGHTS, and others are refused.
#
#   CAI, CAI_FLAGS   as in array.sh
#   SBATCH_FLAGS     options of sbatch for the array, such as "--partition=long --time=12:00:00"
set -eu
[ $# -ge 3 ] || {
    echo "usage: $0 RANKS OUT INPUT..." >&2
    exit 2
}
ranks=$1
out=$2
shift 2
case $ranks in
*[!0-9]* | '' | 0*)
    echo "$0: RANKS: expected a number from 1, found '$ranks'" >&2
    exit 2
    ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
parts=$out.parts
mkdir -p "$parts"

# Parts of another run could be merged with this one's. Names are absolute, so that they do not depend on the folder.
words=$(
    printf 'RANKS=%s\nCAI_FLAGS=%s\nCAI_WEIGHTS=%s\n' "$ranks" "${CAI_FLAGS:-}" "${CAI_WEIGHTS:-}"
    for input in "$@"; do
        case $input in
        /* | *://*) printf '%s\n' "$input" ;;
        *) printf '%s/%s\n' "$(pwd -P)" "$input" ;;
        esac
    done
)
refuse() {
    echo "$0: $parts: has $1: delete it, or name another OUT" >&2
    exit 1
}
if [ -e "$parts/.words" ]; then
    [ "$(cat "$parts/.words")" = "$words" ] ||
        refuse "parts of other RANKS, inputs, CAI_FLAGS or CAI_WEIGHTS, which its .words names"
else
    for sidecar in "$parts"/*.rank.json; do
        if [ -e "$sidecar" ]; then refuse "parts that are not known to be of these words (no .words)"; fi
        break
    done
    printf '%s\n' "$words" >"$parts/.words.$$"
    mv "$parts/.words.$$" "$parts/.words"
fi

missing=0-$((ranks - 1))
for sidecar in "$parts"/*.rank.json; do
    if [ -e "$sidecar" ]; then missing=$("${CAI:-cai}" merge "$parts" --missing-ranks); fi
    break
done
export CAI_RANKS="$ranks"
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086  # options are words
    array=$(sbatch --parsable --array="$missing" ${SBATCH_FLAGS:-} "$here/array.sh" "$parts/$(basename "$out")" "$@")
    echo "ranks $missing of $ranks: job ${array%%;*}"
    set -- --dependency="afterok:${array%%;*}" --kill-on-invalid-dep=yes
else
    echo "all $ranks ranks are there"
    set --
fi
merge=$(sbatch --parsable "$@" "$here/merge.sh" "$parts" "$out")
echo "merge into $out: job ${merge%%;*}"
