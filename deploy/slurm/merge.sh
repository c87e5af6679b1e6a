#!/bin/sh
# Merges the parts of an array: sbatch --dependency=afterok:JOB deploy/slurm/merge.sh PARTS OUT
#SBATCH --job-name=cai-merge
#SBATCH --ntasks=1
#SBATCH --mem=1G
#SBATCH --time=00:30:00
#SBATCH --output=cai-merge-%j.log
set -eu
[ $# -eq 2 ] || {
    echo "usage: sbatch $0 PARTS OUT" >&2
    exit 2
}
exec "${CAI:-cai}" merge "$1" --output "$2"
