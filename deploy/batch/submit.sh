#!/bin/sh
# Submits an array of ranks to AWS Batch, and the merge that runs when all of them have succeeded:
#
#   deploy/batch/submit.sh STACK RANKS s3://BUCKET/CUTOUTS/ s3://BUCKET/RESULTS/RUN/z.csv
#
# Parts are written to z.csv.parts/ beside the output. A failed rank has three attempts; if all fail, the merge is not
# run. Submitted again, all ranks are run again, and each writes the same bytes.
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
array=$(aws batch submit-job --job-name "$stack-infer" --job-queue "$queue" --job-definition "$(output InferJob)" \
    --array-properties "size=$ranks" --parameters "input=$input,output=$out.parts/${out##*/}" \
    --query jobId --output text)
echo "$ranks ranks: job $array"
merge=$(aws batch submit-job --job-name "$stack-merge" --job-queue "$queue" --job-definition "$(output MergeJob)" \
    --depends-on "jobId=$array" --parameters "parts=$out.parts/,output=$out" --query jobId --output text)
echo "merge into $out: job $merge"
