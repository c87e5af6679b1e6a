#!/bin/sh
# One job whose tasks are the ranks, and the merge when all of them are done.
#
#   sbatch --ntasks=16 deploy/slurm/srun.sh OUT INPUT...
#
# All ranks start together, and the job ends with the last one. If nodes are scarce or fail, use the array
# (deploy/slurm/submit.sh).
#
#   CAI         the program; default: cai on the PATH
#   CAI_FLAGS   further options of 'cai infer', such as --weights model.pt
#SBATCH --job-name=cai
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=8
#SBATCH --mem-per-cpu=1G
#SBATCH --time=04:00:00
#SBATCH --output=cai-%j.log
set -eu
[ $# -ge 2 ] || {
    echo "usage: sbatch --ntasks=16 $0 OUT INPUT..." >&2
    exit 2
}
out=$1
shift
parts=$(dirname "$out")/$(basename "$out").parts
mkdir -p "$parts"

# Each task finds its rank in SLURM_PROCID and SLURM_NTASKS. Slurm since 22.05 does not pass --cpus-per-task on to srun.
# shellcheck disable=SC2086  # options are words
srun --kill-on-bad-exit=0 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" \
    "${CAI:-cai}" infer "$@" --resume --output "$parts/$(basename "$out")" ${CAI_FLAGS:-}
"${CAI:-cai}" merge "$parts" --output "$out"
rm -r "$parts"
