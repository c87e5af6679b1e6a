#!/bin/sh
# Submits an array of ranks to AWS Batch, and the merge that runs when all of them have succeeded:
#
#   deploy/batch/submit.sh STACK RANKS s3://BUCKET/CUTOUTS/ s3://BUCKET/RESULTS/RUN/z.csv
#
# Parts are written to z.csv.parts/ beside the output; a stack with a file system (FileSystemId) has them there, under a
# name made of the output's. A failed rank has three attempts, on Spot capacity ten; if all fail, the merge is not run.
# Submitted again, a stack with a file system keeps complete ranks and continues others. Without one all ranks are run
# again, and each writes the same bytes.
set -eu
[ $# -eq 4 ] || {
    echo "usage: $0 STACK RANKS s3://INPUT/ s3://OUT.csv" >&2
    exit 2
}
stack=$1
ranks=$2
input=$3
out=$4
case $ranks in
*[!0-9]* | '' | 0* | 1)
    echo "$0: RANKS: expected 2 to 10000, found '$ranks': an array has no fewer" >&2
    exit 2
    ;;
esac
output() {
    aws cloudformation describe-stacks --stack-name "$stack" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"
}
queue=$(output Queue)
folder=$(output PartsFolder)
case $folder in
/*)
    # One folder for all runs: the name has the whole location of the output.
    name=$(printf '%s' "${out#s3://}" | tr / _)
    part=$folder/$name
    parts=$folder/${name%.*}.rank-*-of-$(printf '%04d' "$ranks").${name##*.}
    ;;
*)
    part=$out.parts/${out##*/}
    parts=$out.parts/
    ;;
esac
array=$(aws batch submit-job --job-name "$stack-infer" --job-queue "$queue" --job-definition "$(output InferJob)" \
    --array-properties "size=$ranks" --parameters "input=$input,output=$part" --query jobId --output text)
echo "$ranks ranks: job $array"
merge=$(aws batch submit-job --job-name "$stack-merge" --job-queue "$queue" --job-definition "$(output MergeJob)" \
    --depends-on "jobId=$array" --parameters "parts=$parts,output=$out" --query jobId --output text)
echo "merge into $out: job $merge"
