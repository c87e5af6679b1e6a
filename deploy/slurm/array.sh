#!/bin/sh
# One array task a rank: each computes its share of the galaxies on a node of its own choosing.
#
#   sbatch --array=0-15 deploy/slurm/array.sh OUT INPUT...
#
# Ranks start as processors become free, and one that fails leaves the others be. deploy/slurm/submit.sh submits the
# array and the merge behind it, and submits only the ranks that are missing when it is called again.
#
#   CAI         the program; default: cai on the PATH
#   CAI_RANKS   the number of ranks, where the array has some of them only: its tasks' numbers are then the ranks
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

# Threads are as many as the processors that Slurm gives the task; exec, so that Slurm's signals reach the program.
# Without CAI_RANKS the program finds its rank in Slurm's variables.
if [ -n "${CAI_RANKS:-}" ]; then set -- "$@" --rank "$SLURM_ARRAY_TASK_ID" --world-size "$CAI_RANKS"; fi
# A rank that is run again goes on where it was lost; what lies in a store is begun anew.
case $out in *://*) ;; *) set -- "$@" --resume ;; esac
# shellcheck disable=SC2086  # options are words
exec "${CAI:-cai}" infer "$@" --output "$out" ${CAI_FLAGS:-}
