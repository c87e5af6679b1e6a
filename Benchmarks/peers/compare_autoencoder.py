"""CAI's masked autoencoder beside PyTorch's: the same weights, galaxies, masks and cores, in rounds, as compare.py does it.

PyTorch's network has to give the golden predictions of the demo (autoencoder_peer.py), and so does CAI (the benchmark
`autoencoder`), and both the same loss of each galaxy; only then is anything timed. compare.sh starts this file with
`--with-torch`.
"""

import argparse
import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import compare
from compare import CORES, DEMO_GALAXIES, ROOT, Failure, Peer, closing, counts, pinned

WEIGHTS = ROOT / "weights/astromae-mae-demo.safetensors"
AGREEMENT = 1e-4  # relative, of a galaxy's loss: twice a prediction's error of 1e-6, over the errors that are squared


class Cai:
    """Our engine through the `autoencoder` benchmark: a process for each measurement, warmed up by its verification."""

    name = "CAI"

    def __init__(self, program: Path, galaxies: Path, threads: int) -> None:
        self.threads = threads
        self.command = [program, "--only", "reconstruct", "--weights", WEIGHTS, galaxies, "--rounds", "1", "--json"]
        self.command += ["--threads", str(threads)]

    def run(self, batch: int, *options: str) -> dict[str, Any]:
        process = pinned([*self.command, "--batch-size", str(batch), *options], self.threads)
        output, _ = process.communicate()
        if process.returncode != 0:
            raise Failure(f"{self.command[0]} ended with {process.returncode}")
        return json.loads(output)

    def losses(self, batch: int) -> list[float]:
        self.about = self.run(batch, "--losses")
        return self.about["losses"]

    def seconds(self, batch: int) -> float:
        return self.run(batch)["timings"][0]["seconds"]


def check(ours: list[float], theirs: list[float]) -> float:
    """The largest relative difference of two losses of a galaxy."""
    if len(ours) != len(theirs):
        raise Failure(f"{len(ours)} losses against {len(theirs)}")
    furthest = max(abs(a - b) / b for a, b in zip(ours, theirs))
    if not furthest <= AGREEMENT:
        raise Failure(f"losses are {furthest:.1e} of themselves apart, at most {AGREEMENT:.0e} is allowed")
    return furthest


def run(options: argparse.Namespace) -> dict[str, Any]:
    rows, furthest = [], 0.0
    with ExitStack() as stack:
        pairs = {}
        for threads in options.threads:
            torch = stack.enter_context(closing(Peer("autoencoder_peer.py", WEIGHTS, options.galaxies, threads)))
            pairs[threads] = (Cai(options.autoencoder, options.galaxies, threads), torch)
        combinations = [(threads, batch) for threads in options.threads for batch in options.batch_sizes]
        for threads, batch in combinations:
            cai, torch = pairs[threads]
            losses = cai.losses(batch)
            furthest = max(furthest, check(losses, torch.prepare(batch).redshifts))
        best = {key: [float("inf"), float("inf")] for key in combinations}
        for _ in range(options.rounds):
            for threads, batch in combinations:
                for index, engine in enumerate(pairs[threads]):
                    best[threads, batch][index] = min(best[threads, batch][index], engine.seconds(batch))
        for (threads, batch), seconds in best.items():
            rates = [len(losses) / one for one in seconds]
            rows.append({"threads": threads, "batch_size": batch, "CAI": rates[0], "PyTorch": rates[1]})
        about, version = cai.about, torch.version
    return {
        "cpu": about["machine"]["cpu"], "cores": len(CORES), "kernels": about["kernels"], "commit": about["commit"],
        "torch": version, "galaxies": len(losses), "rounds": options.rounds, "max_relative_difference": furthest,
        "results": rows,
    }  # fmt: skip


def markdown(report: dict[str, Any]) -> str:
    lines = [
        f"masked autoencoder, 12 of 16 patches masked; {report['cpu']}, {report['cores']} cores; {report['kernels']}; "
        f"commit {report['commit']}; PyTorch {report['torch']}; float32; {report['galaxies']} galaxies; "
        f"best of {report['rounds']}",
        f"verified: golden predictions, and losses that agree to {report['max_relative_difference']:.1e} of themselves",
        "",
        "galaxies/s:",
        "",
        "| threads | batch | CAI | PyTorch | CAI / PyTorch |",
        "|---:|---:|---:|---:|---:|",
    ]
    for row in report["results"]:
        cai, torch = row["CAI"], row["PyTorch"]
        lines.append(f"| {row['threads']} | {row['batch_size']} | {cai:.0f} | {torch:.0f} | {cai / torch:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="CAI's masked autoencoder beside PyTorch's; Markdown on stdout.")
    parser.add_argument("--galaxies", type=Path, default=DEMO_GALAXIES, help="a PyTorch partition")
    parser.add_argument("--threads", type=counts, default=counts(f"1,{len(CORES)}"), help="default: 1 and all cores")
    parser.add_argument("--batch-sizes", type=counts, default=[32, 128, 512], help="default 32,128,512")
    parser.add_argument("--rounds", type=int, default=5, help="default 5")
    parser.add_argument("--autoencoder", type=Path, default=ROOT / ".build/release/autoencoder")
    parser.add_argument(
        "--out", type=Path, default=ROOT / ".build/peers", metavar="STEM",
        help="writes STEM-autoencoder.md and .json; default .build/peers",
    )  # fmt: skip
    options, _ = parser.parse_known_args()  # compare.py has other options
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        report = run(options)
    except compare.Failure as failure:
        sys.exit(f"compare_autoencoder.py: {failure}")
    table = markdown(report)
    print(table)
    stem = options.out.with_name(options.out.stem + "-autoencoder")
    stem.with_suffix(".md").write_text(table + "\n")
    stem.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
