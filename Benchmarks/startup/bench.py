"""From the start of `cai infer` to the first galaxy's row, and the peak of the resident memory, by the form of the weights.

The time is the shortest of some starts of `cai infer --limit 1`, until the row is read from a pipe; files are in the
system's cache. The memory is that of a run over a partition of 5,120 galaxies. Rows for the demo's weights as they are
(half precision, separate layers, merged at every start), merged by `cai convert`, and for each file that is named.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "weights/astromae-demo.safetensors"
GALAXIES = ROOT / "weights/demo-galaxies.pt"


def first_row(command: list[str]) -> float:
    """Seconds until the line after the header."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    seconds = time.monotonic() - start
    process.stdout.read()
    if process.wait() != 0 or not lines[1]:
        sys.exit(f"bench-start: {command[0]} ended with {process.returncode} and printed {lines}")
    return seconds


def peak_memory(command: list[str]) -> int:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench-start: {command[0]} ended with {process.returncode}")
    return usage.ru_maxrss << 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("weights", nargs="*", type=Path, help="further files of a network of the demo's sizes")
    parser.add_argument("--cai", type=Path, default=ROOT / ".build/release/cai")
    parser.add_argument("--starts", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="bench-start-"))
    try:
        merged, copies = folder / "merged.safetensors", folder / "copies"
        subprocess.run([options.cai, "convert", DEMO, "-o", merged, "--quiet"], check=True)
        copies.mkdir()
        for copy in range(10):
            shutil.copy(GALAXIES, copies / f"{copy}.pt")
        print(f"{options.threads} threads, shortest of {options.starts} starts\n")
        print("| weights | from start to first galaxy, ms | peak resident, MB |")
        print("|---|---:|---:|")
        names = {"the demo's, merged by cai convert": merged, "the demo's, merged at every start": DEMO}
        for name, weights in (names | {path.name: path for path in options.weights}).items():
            infer = [str(options.cai), "infer", "--quiet", "--weights", str(weights), "--threads", str(options.threads)]
            fastest = min(first_row([*infer, str(GALAXIES), "--limit", "1"]) for _ in range(options.starts))
            memory = peak_memory([*infer, str(copies)])
            print(f"| {name} | {fastest * 1e3:.0f} | {memory / 1e6:.0f} |", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
