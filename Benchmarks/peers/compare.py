"""CAI beside its peers: the same weights, galaxies, threads and batch sizes, one after another, in rounds.

Agreement comes first: the PyTorch definition is checked against the golden redshifts, and every engine against
PyTorch. Only then is anything timed. Within a round each engine runs one pass of each combination before any of them
runs the next, so that a noisy minute falls on all alike; the best round counts.

compare.sh finds a Python that has the packages, builds the benchmark and starts this file.
"""

import argparse
import json
import pathlib
import platform
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DEMO_WEIGHTS = ROOT / "weights/astromae-demo.safetensors"
DEMO_GALAXIES = ROOT / "weights/demo-galaxies.pt"
DEMO_GOLDEN = ROOT / "Tests/Fixtures/full/predictions-f16.golden.safetensors"

GOLDEN_TOLERANCE = 2e-6  # of PyTorch to the float64 redshifts
AGREEMENT = 1e-5  # of every engine to PyTorch

# The name of an engine and the program that serves it by the protocol of peer.py. The first one is the judge.
PEERS = {"PyTorch": HERE / "torch_peer.py"}


class Peer:
    """A peer's process, started and ready."""

    def __init__(self, program, weights, partition):
        command = [sys.executable, str(program), "--weights", str(weights), "--partition", str(partition)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        about = self.answer()
        self.name, self.version, self.redshifts = about["name"], about["version"], about["redshifts"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"compare: {self.process.args[1]} ended with {self.process.wait()} and no answer")
        return json.loads(line)

    def seconds(self, threads, batch):
        self.process.stdin.write(f"{threads} {batch}\n")
        self.process.stdin.flush()
        return self.answer()["seconds"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Cai:
    """Our engine, through the `endtoend` benchmark: a process for every measurement, warmed up by its verification."""

    name = "CAI"

    def __init__(self, program, weights, partition):
        self.command = [str(program), "--weights", str(weights), str(partition), "--rounds", "1", "--json"]
        about = self.run("--threads", "1", "--batch-sizes", "128", "--redshifts")
        self.version, self.redshifts = about["commit"], about["redshifts"]
        self.cpu, self.cores = about["machine"]["cpu"], about["machine"]["cores"]
        self.kernels = about["kernels"]

    def run(self, *options):
        done = subprocess.run([*self.command, *options], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"compare: {self.command[0]} ended with {done.returncode}")
        return json.loads(done.stdout)

    def seconds(self, threads, batch):
        return self.run("--threads", str(threads), "--batch-sizes", str(batch))["timings"][0]["seconds"]

    def stop(self):
        pass


def worst(ours, theirs):
    """max |a - b|; a NaN on either side counts as infinitely far."""
    if len(ours) != len(theirs):
        sys.exit(f"compare: {len(ours)} redshifts against {len(theirs)}")
    return max((abs(a - b) if a == a and b == b else float("inf")) for a, b in zip(ours, theirs))


def check_judge(judge, program):
    """The PyTorch definition has to give the golden redshifts of the demo."""
    from safetensors.numpy import load_file

    peer = judge or Peer(program, DEMO_WEIGHTS, DEMO_GALAXIES)
    golden = load_file(DEMO_GOLDEN)["z_float64"][: len(peer.redshifts)].tolist()
    if judge is None:
        peer.stop()
    difference = worst(peer.redshifts, golden)
    if not difference <= GOLDEN_TOLERANCE:
        allowed = f"at most {GOLDEN_TOLERANCE:.0e} is allowed"
        sys.exit(f"compare: {peer.name} is {difference:.1e} from the golden redshifts, {allowed}")
    return difference


def counts(text):
    values = [int(word) for word in text.split(",")]
    if any(value < 1 for value in values):
        raise argparse.ArgumentTypeError("numbers have to be positive")
    return values


def parse():
    parser = argparse.ArgumentParser(description="CAI beside its peers; Markdown on stdout.")
    parser.add_argument("--weights", type=pathlib.Path, default=DEMO_WEIGHTS, help="safetensors with state-dict names")
    parser.add_argument("--galaxies", type=pathlib.Path, default=DEMO_GALAXIES, help="a PyTorch partition")
    parser.add_argument("--threads", type=counts, default=[1, 2], help="default 1,2")
    parser.add_argument("--batch-sizes", type=counts, default=[32, 128, 512], help="default 32,128,512")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"of {', '.join(PEERS)}; the first one always runs")
    parser.add_argument("--endtoend", type=pathlib.Path, default=ROOT / "Benchmarks/.build/release/endtoend")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write the numbers there too")
    options = parser.parse_args()
    unknown = set(options.peers.split(",")) - set(PEERS)
    if unknown or options.rounds < 1:
        parser.error(f"unknown peers {sorted(unknown)}" if unknown else "--rounds has to be at least 1")
    return options


def main():
    options = parse()
    names = [name for index, name in enumerate(PEERS) if index == 0 or name in options.peers.split(",")]
    peers = [Peer(PEERS[name], options.weights, options.galaxies) for name in names]
    is_demo = (options.weights, options.galaxies) == (DEMO_WEIGHTS, DEMO_GALAXIES)
    golden = check_judge(peers[0] if is_demo else None, PEERS[names[0]])
    ours = Cai(options.endtoend, options.weights, options.galaxies)
    engines = [ours, *peers]

    differences = {engine.name: worst(engine.redshifts, peers[0].redshifts) for engine in engines}
    for name, difference in differences.items():
        if not difference <= AGREEMENT:
            sys.exit(f"compare: {name} is {difference:.1e} from {peers[0].name}, at most {AGREEMENT:.0e} is allowed")

    combinations = [(threads, batch) for threads in options.threads for batch in options.batch_sizes]
    best = {}
    for round in range(options.rounds):
        for threads, batch in combinations:
            for engine in engines:
                key = engine.name, threads, batch
                best[key] = min(best.get(key, float("inf")), engine.seconds(threads, batch))
        print(f"round {round + 1} of {options.rounds}", file=sys.stderr)
    for engine in engines:
        engine.stop()

    galaxies = len(ours.redshifts)
    report = {
        "cpu": ours.cpu,
        "cores": ours.cores,
        "system": platform.platform(),
        "commit": ours.version,
        "kernels": ours.kernels,
        "versions": {peer.name: peer.version for peer in peers},
        "weights": str(options.weights),
        "galaxies": galaxies,
        "rounds": options.rounds,
        "max_difference_to_golden": golden,
        "max_difference_to_judge": differences,
        "results": [
            {
                "engine": name,
                "threads": threads,
                "batch_size": batch,
                "seconds": seconds,
                "galaxies_per_second": galaxies / seconds,
            }
            for (name, threads, batch), seconds in best.items()
        ],
    }
    print(markdown(report, engines, combinations, best))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def markdown(report, engines, combinations, best):
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    agreement = ", ".join(f"{engine.name} {report['max_difference_to_judge'][engine.name]:.1e}" for engine in engines)
    lines = [
        f"{report['cpu']}, {report['cores']} cores; {report['kernels']}; commit {report['commit']}; {versions}; "
        f"{report['galaxies']} galaxies; best of {report['rounds']}",
        f"verified: {engines[1].name} to the golden redshifts {report['max_difference_to_golden']:.1e}; "
        f"to {engines[1].name}: {agreement}",
        "",
        "galaxies/s:",
        "",
        "| threads | batch | " + " | ".join(engine.name for engine in engines) + " | CAI / best peer |",
        "|---:|---:|" + "---:|" * (len(engines) + 1),
    ]
    for threads, batch in combinations:
        rates = [report["galaxies"] / best[engine.name, threads, batch] for engine in engines]
        cells = " | ".join(f"{rate:.0f}" for rate in rates)
        lines.append(f"| {threads} | {batch} | {cells} | {rates[0] / max(rates[1:]):.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
