"""Compares CAI with its peers: the same weights, galaxies, cores and batch sizes, interleaved in rounds.

Agreement comes first: every peer's network is checked against the golden redshifts of the demo, and every engine, with
each number of threads and batch size, against every other one. Only then is anything timed. Within a round each engine
runs one pass of each combination before any of them runs the next, so that a noisy minute affects all of them; the best
round counts.

compare.sh finds a Python that has the packages, builds the benchmark and starts this file.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEMO_WEIGHTS = ROOT / "weights/astromae-demo.safetensors"
DEMO_GALAXIES = ROOT / "weights/demo-galaxies.pt"
DEMO_GOLDEN = ROOT / "Tests/Fixtures/full/predictions-f16.golden.safetensors"

GOLDEN_TOLERANCE = 2e-6  # of a peer in float32 to the float64 redshifts: docs/ARCHITECTURE.md, Tolerances
REDUCED_TOLERANCE = 2e-2  # in bfloat16; with it in all layers, convolutions too, the demo is within 5.4e-3
AGREEMENT = 1e-5  # of any two engines in float32

# The programs that serve engines by the protocol of peer.py.
PEERS = ["onnxruntime_peer.py", "openvino_peer.py", "openvino_installed_peer.py"]
TORCH = ["torch_peer.py", "torch_compiled_peer.py"]
# CAI from Python, by the same protocol: beside the peers, not one of them.
OURS = ["astrocai_peer.py"]
OUR_NAME = "CAI from Python"  # as in peer.py

FLOAT32 = "float32"  # as in peer.py, which needs NumPy

CORES = sorted(os.sched_getaffinity(0))


class Failure(Exception):
    """An error of one line."""


@dataclass(frozen=True)
class Prepared:
    setting: str
    redshifts: list[float]
    precision: str = FLOAT32


class Peer:
    """A peer's process, with as many cores as threads, stopped while others are timed."""

    def __init__(self, program: str, weights: Path, galaxies: Path, threads: int) -> None:
        self.program = program
        command = [sys.executable, HERE / program, "--weights", weights, "--galaxies", galaxies]
        self.process = pinned([*command, "--threads", str(threads)], threads, stdin=subprocess.PIPE)
        about = self.answer()
        self.name, self.version = about["name"], about["version"]

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline() if self.process.stdout else ""
        if not line:
            raise Failure(f"{self.program} ended with {self.process.wait()} and no answer")
        return json.loads(line)

    def ask(self, request: str) -> dict[str, Any]:
        self.process.send_signal(signal.SIGCONT)
        if self.process.stdin:
            self.process.stdin.write(f"{request}\n")
            self.process.stdin.flush()
        answer = self.answer()
        self.process.send_signal(signal.SIGSTOP)  # its threads may spin while they wait for work
        return answer

    def prepare(self, batch: int) -> Prepared:
        return Prepared(**self.ask(f"prepare {batch}"))

    def seconds(self, batch: int) -> float:
        return self.ask(f"time {batch}")["seconds"]

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Cai:
    """CAI by the `endtoend` benchmark: a process for each measurement, warmed up by its verification."""

    def __init__(
        self, program: Path, weights: Path, galaxies: Path, golden: Path | None, threads: int, precision: str = FLOAT32
    ) -> None:
        self.name = "CAI" if precision == FLOAT32 else f"CAI, {precision}"
        self.threads, self.precision = threads, precision
        self.command = [program, "--weights", weights, galaxies, "--rounds", "1", "--json", "--threads", str(threads)]
        self.command += ["--precision", precision, *(["--golden", golden] if golden else [])]

    def run(self, batch: int, *options: str) -> dict[str, Any]:
        process = pinned([*self.command, "--batch-sizes", str(batch), *options], self.threads)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise Failure(f"{self.command[0]} ended with {process.returncode}")
        return json.loads(output)

    def prepare(self, batch: int) -> Prepared:
        self.about = self.run(batch, "--redshifts")
        return Prepared(f"{self.threads} threads", self.about["redshifts"], self.precision)

    @property
    def version(self) -> str:
        return self.about["commit"]

    def seconds(self, batch: int) -> float:
        return self.run(batch)["timings"][0]["seconds"]

    def close(self) -> None:
        pass


Engine = Cai | Peer


def pinned(command: Sequence[object], threads: int, stdin: int | None = None) -> subprocess.Popen[str]:
    """A process pinned to as many cores as it has threads, always the same ones."""
    return subprocess.Popen(
        [str(word) for word in command], stdin=stdin, stdout=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, CORES[:threads]),
    )  # fmt: skip


def first_predictions(
    programs: Sequence[str], weights: Path, galaxies: Path, threads: int, rounds: int
) -> dict[str, float]:
    """Seconds from the start of a Python process to its first redshift, weights included: the best of all rounds."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for program in programs:
            command = [sys.executable, HERE / program, "--weights", weights, "--galaxies", galaxies, "--first"]
            started = time.perf_counter()
            output, _ = (process := pinned([*command, "--threads", str(threads)], threads)).communicate()
            seconds = time.perf_counter() - started
            if process.returncode != 0:
                raise Failure(f"{program} --first ended with {process.returncode}")
            name = json.loads(output)["name"]
            best[name] = min(best.get(name, seconds), seconds)
    return best


@contextmanager
def closing(engine: Engine) -> Iterator[Engine]:
    try:
        yield engine
    finally:
        engine.close()


def worst(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """max |a - b|; a NaN on either side counts as infinitely far."""
    if len(ours) != len(theirs):
        raise Failure(f"{len(ours)} redshifts against {len(theirs)}")
    return max((abs(a - b) if a == a and b == b else float("inf")) for a, b in zip(ours, theirs))


def demo_predictions(programs: Sequence[str]) -> dict[str, Prepared]:
    """What each peer predicts for the demo galaxies with the demo weights."""
    predictions = {}
    for program in programs:
        with closing(Peer(program, DEMO_WEIGHTS, DEMO_GALAXIES, len(CORES))) as peer:
            predictions[peer.name] = peer.prepare(128)
    return predictions


def check_networks(predictions: dict[str, Prepared]) -> dict[str, float]:
    """max |z - golden z| of each peer over the demo. Raises `Failure` where a network is not AstroMAE."""
    from safetensors.numpy import load_file  # here, so that --help needs no packages

    golden = load_file(DEMO_GOLDEN)["z_float64"].ravel().tolist()
    differences = {}
    for name, found in predictions.items():
        difference = worst(found.redshifts, golden[: len(found.redshifts)])
        allowed = GOLDEN_TOLERANCE if found.precision == FLOAT32 else REDUCED_TOLERANCE
        if not difference <= allowed:
            limit = f"at most {allowed:.0e} is allowed in {found.precision}"
            raise Failure(f"{name} is {difference:.1e} from the golden redshifts, {limit}")
        differences[name] = difference
    return differences


def check_agreement(prepared: dict[tuple[str, int, int], Prepared]) -> float:
    """max |z - z'| over all pairs of what engines in float32 predicted, whatever their threads and batch sizes."""
    furthest = 0.0
    entries = [(key, found) for key, found in prepared.items() if found.precision == FLOAT32]
    for index, (first, ours) in enumerate(entries):
        for second, theirs in entries[:index]:
            difference = worst(ours.redshifts, theirs.redshifts)
            furthest = max(furthest, difference)
            if not difference <= AGREEMENT:
                names = " and ".join(f"{name} ({t} threads, batch {b})" for name, t, b in (second, first))
                raise Failure(f"{names} are {difference:.1e} apart, at most {AGREEMENT:.0e} is allowed")
    return furthest


def precision(prepared: dict[tuple[str, int, int], Prepared], name: str) -> str:
    """An engine's precision; all of them if it depends on threads or batch size."""
    return " and ".join(dict.fromkeys(found.precision for key, found in prepared.items() if key[0] == name))


def counts(text: str) -> list[int]:
    values = [int(word) for word in text.split(",")]
    if any(value < 1 for value in values):
        raise argparse.ArgumentTypeError("numbers have to be positive")
    return list(dict.fromkeys(values))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="compare.sh", description="CAI beside its peers; Markdown on stdout.")
    parser.add_argument("--weights", type=Path, default=DEMO_WEIGHTS, help="safetensors with state-dict names")
    parser.add_argument("--cai-weights", type=Path, help="what CAI reads instead; default: the same weights")
    parser.add_argument("--galaxies", type=Path, default=DEMO_GALAXIES, help="a PyTorch partition")
    parser.add_argument("--threads", type=counts, default=counts(f"1,{len(CORES)}"), help="default: 1 and all cores")
    parser.add_argument("--batch-sizes", type=counts, default=[32, 128, 512], help="default 32,128,512")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--with-torch", action="store_true", help="PyTorch too; a download of several GB, once")
    parser.add_argument(
        "--bf16", action="store_true",
        help="CAI in bfloat16 too: for processors with AVX512_BF16, on others it is slower than float32",
    )  # fmt: skip
    parser.add_argument("--endtoend", type=Path, default=ROOT / ".build/release/endtoend")
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".build/peers", metavar="STEM",
        help="writes STEM.md and STEM.json; default .build/peers",
    )  # fmt: skip
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds has to be at least 1")
    if max(options.threads) > len(CORES):
        parser.error(f"--threads: there are {len(CORES)} cores")
    return options


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Checks, then times: all that the tables say."""
    programs = [*OURS, *PEERS, *(TORCH if options.with_torch else [])]
    peer_weights, cai_weights = options.weights, options.cai_weights or options.weights
    is_demo = (options.weights, options.galaxies) == (DEMO_WEIGHTS, DEMO_GALAXIES)
    golden = {} if is_demo else check_networks(demo_predictions(programs))

    with ExitStack() as stack:
        engines: dict[tuple[str, int], Engine] = {}
        for threads in options.threads:
            common = options.endtoend, cai_weights, options.galaxies, DEMO_GOLDEN if is_demo else None, threads
            ours, rounded = Cai(*common), [Cai(*common, "bf16")] if options.bf16 else []
            for engine in [ours, *rounded, *(Peer(program, peer_weights, options.galaxies, threads) for program in programs)]:
                engines[engine.name, threads] = stack.enter_context(closing(engine))

        names = list(dict.fromkeys(name for name, _ in engines))
        peers = list(dict.fromkeys(name for (name, _), engine in engines.items() if isinstance(engine, Peer)))
        others = [name for name in peers if name != OUR_NAME]
        combinations = [(threads, batch) for threads in options.threads for batch in options.batch_sizes]
        keys = [(name, threads, batch) for threads, batch in combinations for name in names]
        prepared = {key: engines[key[:2]].prepare(key[2]) for key in keys}
        if is_demo:
            golden = check_networks({name: prepared[name, *combinations[0]] for name in names if name != ours.name})
        agreement = check_agreement(prepared)
        precisions = {name: precision(prepared, name) for name in names}
        equal = ", ".join(name for name in names if precisions[name] == FLOAT32)
        print(f"checked: {equal} agree to {agreement:.1e}", file=sys.stderr)

        best = dict.fromkeys(keys, float("inf"))
        for round in range(options.rounds):
            for key in keys:
                best[key] = min(best[key], engines[key[:2]].seconds(key[2]))
            print(f"round {round + 1} of {options.rounds}", file=sys.stderr)

    first = first_predictions(programs, peer_weights, options.galaxies, max(options.threads), options.rounds)
    galaxies = len(prepared[keys[0]].redshifts)
    return {
        "cpu": ours.about["machine"]["cpu"],
        "cores": len(CORES),
        "system": platform.platform(),
        "commit": ours.version,
        "kernels": ours.about["kernels"],
        "versions": {name: engines[name, options.threads[0]].version for name in peers},
        "precisions": precisions,
        "weights": str(peer_weights),
        "cai_weights": str(cai_weights),
        "galaxies": galaxies,
        "rounds": options.rounds,
        "max_difference_to_golden": golden,
        "max_difference": agreement,
        "first_prediction_seconds": first,
        "results": [
            {
                "threads": threads,
                "batch_size": batch,
                "galaxies_per_second": {name: galaxies / best[name, threads, batch] for name in names},
                "settings": {name: prepared[name, threads, batch].setting for name in names},
                "ratios": ratios(
                    {name: best[name, threads, batch] for name in names},
                    min(others, key=lambda name: best[name, threads, batch]),
                ),
            }
            for threads, batch in combinations
        ],
    }


def ratios(seconds: dict[str, float], fastest: str) -> dict[str, float]:
    """Speeds of CAI over others', from the seconds of each engine and the name of the fastest peer."""
    pairs = {"CAI / fastest peer": (fastest, "CAI"), "CAI from Python / CAI": ("CAI", OUR_NAME)}
    if "CAI, bf16" in seconds:
        pairs["CAI, bf16 / CAI"] = ("CAI", "CAI, bf16")
        pairs["CAI, bf16 / OpenVINO as installed"] = ("OpenVINO as installed", "CAI, bf16")
    return {name: seconds[other] / seconds[ours] for name, (other, ours) in pairs.items()}


def markdown(report: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    precisions = ", ".join(f"{name} {value}" for name, value in report["precisions"].items())
    golden = ", ".join(f"{name} {value:.1e}" for name, value in report["max_difference_to_golden"].items())
    names, compared = list(report["results"][0]["galaxies_per_second"]), list(report["results"][0]["ratios"])
    lines = [
        f"{report['cpu']}, {report['cores']} cores; {report['kernels']}; commit {report['commit']}; {versions}; "
        f"{report['galaxies']} galaxies; best of {report['rounds']}",
        f"precision: {precisions}",
        f"verified: those in float32 agree to {report['max_difference']:.1e}; to the golden (float64) redshifts: {golden}",
        "",
        "galaxies/s:",
        "",
        "| threads | batch | " + " | ".join([*names, *compared]) + " |",
        "|---:|---:|" + "---:|" * (len(names) + len(compared)),
    ]
    for row in report["results"]:
        rates = " | ".join(f"{rate:.0f}" for rate in row["galaxies_per_second"].values())
        factors = " | ".join(f"{ratio:.2f}" for ratio in row["ratios"].values())
        lines.append(f"| {row['threads']} | {row['batch_size']} | {rates} | {factors} |")
    lines += ["", "from the start of a Python process to its first redshift, weights included:", ""]
    lines += ["| engine | seconds |", "|---|---:|"]
    lines += [f"| {name} | {seconds:.2f} |" for name, seconds in report["first_prediction_seconds"].items()]
    return "\n".join(lines)


def main() -> None:
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that peers are ended, too
    try:
        report = compare(options)
        table = markdown(report)
        print(table)
        options.out.with_suffix(".md").write_text(table + "\n")
        options.out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
    except (Failure, OSError) as error:
        sys.exit(f"compare: {error}")


if __name__ == "__main__":
    main()
