#!/bin/sh
# Waits until a Job has ended:
#
#   deploy/kubernetes/wait.sh JOB [KUBECTL-OPTION...] && kubectl apply -f deploy/kubernetes/merge.yaml
#
# `kubectl wait --for=condition=complete` does not end if the Job fails. Exit status: 0 if it is complete, 1 if it has
# failed, 2 for a wrong command line, 3 if its state cannot be read five times in a row.
#
#   INTERVAL   seconds between two requests; default: 10
set -u
[ $# -ge 1 ] || {
    echo "usage: $0 JOB [KUBECTL-OPTION...]" >&2
    exit 2
}
job=$1
shift
unread=0
while :; do
    if states=$(kubectl get job "$job" "$@" \
        -o 'jsonpath={range .status.conditions[?(@.status=="True")]}{.type}: {.reason} {.message}{"\n"}{end}'); then
        unread=0
    else
        unread=$((unread + 1))
        [ $unread -lt 5 ] || exit 3
    fi
    if printf '%s\n' "$states" | grep -q '^Complete:'; then exit 0; fi
    if printf '%s\n' "$states" | grep '^Failed:' >&2; then
        echo "job $job has failed; its pods: kubectl get pods -l batch.kubernetes.io/job-name=$job" >&2
        exit 1
    fi
    sleep "${INTERVAL:-10}"
done
