#!/usr/bin/env bash
# Runs deploy/slurm on a private Slurm on this machine, and compares the outputs with those of one command:
#   Tests/Slurm/run.sh CAI
# Needs slurmctld, slurmd, the client commands and munge (Debian: slurmctld slurmd slurm-client munge), and root, as which
# slurmd starts jobs. Its daemons have their own ports, keys and folders, and are ended by process id.
set -euo pipefail
cai=$(realpath "${1:?usage: $0 CAI}")
root=$(realpath "$(dirname "$0")/../..")
base=$(mktemp -d /tmp/cai-slurm.XXXXXX)
pids=()

finish() {
    status=$?
    trap - EXIT INT TERM
    # In reverse order: slurmd, which ends its steps, then slurmctld, then munged.
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill "${pids[i]}" 2>/dev/null || continue
        for _ in {1..50}; do
            kill -0 "${pids[i]}" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "${pids[i]}" 2>/dev/null || true
        wait "${pids[i]}" 2>/dev/null || true
    done
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$base"/*.log "$base"/work/*.log >&2 2>/dev/null || true
    fi
    rm -rf "$base"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    echo "slurm: $1" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || fail "expected root: slurmd starts jobs as their users"
for tool in munged slurmctld slurmd sbatch srun sinfo scontrol; do
    command -v "$tool" >/dev/null || fail "$tool: not found (Debian: slurmctld slurmd slurm-client munge)"
done

# Free ports.
free_ports() {
    python3 -c 'import socket
held = [socket.socket() for _ in range(2)]
for s in held: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in held))'
}
read -r controller_port node_port < <(free_ports)
host=$(hostname -s)
cpus=$(nproc)
chmod 755 "$base"
mkdir -p "$base/state" "$base/spool" "$base/munge" "$base/work"
# munged refuses folders that other users can write to, such as /tmp: hence --force.
chmod 700 "$base/munge"
head -c 128 /dev/urandom >"$base/munge/key"
chmod 400 "$base/munge/key"
munged --foreground --force --socket="$base/munge.socket" --key-file="$base/munge/key" --pid-file="$base/munge/pid" \
    --seed-file="$base/munge/seed" --log-file="$base/munged.log" 2>"$base/munged.err.log" &
pids+=($!)

# Tasks share processors, so that four ranks fit a machine with one.
cat >"$base/slurm.conf" <<CONF
ClusterName=cai
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=$controller_port
SlurmdPort=$node_port
AuthType=auth/munge
AuthInfo=socket=$base/munge.socket
CredType=cred/munge
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,batch_sched_delay=1
ReturnToService=2
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool
SlurmctldPidFile=$base/slurmctld.pid
SlurmdPidFile=$base/slurmd.pid
SlurmctldLogFile=$base/slurmctld.log
SlurmdLogFile=$base/slurmd.log
PlugStackConfig=$base/plugstack.conf
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=2048 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES OverSubscribe=FORCE:8 MaxTime=UNLIMITED State=UP
CONF
: >"$base/plugstack.conf"
export SLURM_CONF=$base/slurm.conf
for ((i = 0; i < 1200; i++)); do
    [ -S "$base/munge.socket" ] && break
    kill -0 "${pids[0]}" 2>/dev/null || fail "munged has ended: $(cat "$base/munged.err.log")"
    sleep 0.1
done
[ -S "$base/munge.socket" ] || fail "munged has no socket after two minutes: $(cat "$base/munged.err.log")"
slurmctld -D -c 2>"$base/slurmctld.err.log" &
pids+=($!)
slurmd -D -c 2>"$base/slurmd.err.log" &
pids+=($!)
for _ in {1..400}; do
    [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && break
    sleep 0.3
done
[ "$(sinfo -h -o %T)" = idle ] || fail "the node is $(sinfo -h -o %T): expected idle"
echo "slurm: $(slurmctld -V), $cpus processors, ports $controller_port and $node_port"

cd "$base/work"
export CAI=$cai
unset CAI_WEIGHTS RANK WORLD_SIZE
inputs=("$root/Tests/Fixtures/tiny/partition.pt" "$root/Tests/Fixtures/tiny/partition-f32.pt")
export CAI_FLAGS="--weights $root/Tests/Fixtures/tiny/normalcell.pt --threads 1"
# shellcheck disable=SC2086  # options are words
"$cai" infer "${inputs[@]}" $CAI_FLAGS --quiet --output whole.csv
small="--cpus-per-task=1 --mem-per-cpu=0 --time=5"

# Waits until all jobs have ended, and prints how each ended.
wait_for_jobs() {
    for ((i = 0; i < ${POLLS:-1500}; i++)); do
        [ -z "$(squeue -h -o %i)" ] && return
        sleep 0.2
    done
    fail "jobs are left: $(squeue -o "%i %T %r")"
}
same() { cmp whole.csv "$1" && echo "slurm: $2: the bytes of one command"; }

# 1. An array that gets its ranks from Slurm, and the merge that depends on it.
mkdir parts
# shellcheck disable=SC2086
array=$(sbatch --parsable --array=0-3 $small "$root/deploy/slurm/array.sh" parts/z.csv "${inputs[@]}")
sbatch --parsable --mem=0 --dependency="afterok:$array" "$root/deploy/slurm/merge.sh" parts array.csv >/dev/null
wait_for_jobs
grep -h '(SLURM_ARRAY_TASK_ID)' cai-"$array"-*.log | sort | sed 's/^/slurm: /'
same array.csv "array of 4"

# 2. submit.sh, deletion of two ranks, and submit.sh again: it runs only those.
export SBATCH_FLAGS="$small --requeue" SBATCH_MEM_PER_NODE=0
"$root/deploy/slurm/submit.sh" 5 again.csv "${inputs[@]}"
wait_for_jobs
same again.csv "submit.sh with 5 ranks"
rm again.csv.parts/*rank-0001* again.csv.parts/*rank-0003*.rank.json again.csv
kept=$(stat -c %Y.%i again.csv.parts/*rank-0002*.csv)
"$root/deploy/slurm/submit.sh" 5 again.csv "${inputs[@]}" | tee lost.log
grep -q '^ranks 1,3 of 5' lost.log || fail "expected ranks 1,3 to be submitted again"
wait_for_jobs
same again.csv "ranks 1 and 3 run again"
[ "$kept" = "$(stat -c %Y.%i again.csv.parts/*rank-0002*.csv)" ] || fail "rank 2 was run again"
"$root/deploy/slurm/submit.sh" 5 again.csv "${inputs[@]}" | grep '^all 5 ranks are there'
wait_for_jobs
for other in "6 again.csv ${inputs[*]}" "5 again.csv ${inputs[0]}"; do
    # shellcheck disable=SC2086  # words
    "$root/deploy/slurm/submit.sh" $other 2>other.log && fail "other arguments were accepted: $other"
    grep -q 'parts of other RANKS, inputs' other.log || fail "$(cat other.log)"
done

# 3. Tasks of one job.
# shellcheck disable=SC2086
step=$(sbatch --parsable --ntasks="$cpus" $small --overcommit "$root/deploy/slurm/srun.sh" srun.csv "${inputs[@]}")
wait_for_jobs
grep -h '(SLURM_PROCID)' "cai-$step.log" | sort | sed 's/^/slurm: /'
same srun.csv "srun with $cpus tasks"
[ ! -e srun.csv.parts ] || fail "parts remain"

# 4. A script without srun runs all galaxies, for any number of tasks.
# shellcheck disable=SC2086
sbatch $small --ntasks="$cpus" --output=plain.log \
    --wrap "$cai infer ${inputs[*]} $CAI_FLAGS --output plain.csv" >/dev/null
wait_for_jobs
same plain.csv "a script without srun"

# 5. An array whose elements have several tasks.
# shellcheck disable=SC2086
sbatch $small --ntasks="$cpus" --array=0-1 --output="both-%a.log" \
    --wrap "mkdir -p both; srun --cpus-per-task=1 $cai infer ${inputs[*]} $CAI_FLAGS --output both/z.csv" >/dev/null
wait_for_jobs
"$cai" merge both --output both.csv
same both.csv "srun in an array, $((2 * cpus)) ranks"
