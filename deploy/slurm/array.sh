#!/bin/sh
# One array task for each rank: each computes its share of the galaxies on any node.
#
#   sbatch --array=0-15 deploy/slurm/array.sh OUT INPUT...
#
# Ranks start as processors become free, and a failed rank does not affect others. deploy/slurm/submit.sh submits the
# array and the dependent merge, and only the missing ranks when it is called again.
#
#   CAI         the program; default: cai on the PATH
#   CAI_RANKS   the number of ranks, if the array has only some of them: its task numbers are then the ranks
#   CAI_FLAGS   further options of 'cai infer', such as --weights model.pt
#SBATCH --job-name=cai
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --output=cai-%A-%a.log
set -eu
[ $# -ge 2 ] || {
    echo "usage: sbatch --array=0-15 $0 OUT INPUT..." >&2
    exit 2
}
out=$1
shift

# The number of threads is that of the task's processors; exec, so that Slurm's signals reach the program.
# Without CAI_RANKS the program reads its rank from Slurm's variables.
if [ -n "${CAI_RANKS:-}" ]; then set -- "$@" --rank "$SLURM_ARRAY_TASK_ID" --world-size "$CAI_RANKS"; fi
# A repeated rank resumes from its journal; an output in a store has none, and is computed again.
case $out in *://*) ;; *) set -- "$@" --resume ;; esac
# shellcheck disable=SC2086  # options are words
exec "${CAI:-cai}" infer "$@" --output "$out" ${CAI_FLAGS:-}
