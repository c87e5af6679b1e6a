"""A worker's wall time for a partition over a slow line, compared with the same partition from disk.

The line has twice the bandwidth that the worker computes. Both are interleaved, and the best of each counts. `total_s`
is the wall time of a rank, from its event to the last byte of its predictions in the store.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from store import Store, worker_event

ROOT = Path(__file__).resolve().parents[2]


def run(cai: Path, folder: Path, *options: str, environment: dict[str, str]) -> dict[str, Any]:
    command = [cai, "worker", folder / "event.json", *options]
    process = subprocess.run(
        [str(word) for word in command], env={"PATH": os.environ["PATH"], **environment}, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    if process.returncode != 0:
        sys.exit(f"overlap: cai worker ended with {process.returncode}")
    return json.loads(process.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(prog="overlap.py", description=__doc__.split("\n")[0])
    parser.add_argument("--cai", type=Path, default=ROOT / ".build/release/cai")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights/astromae-demo.safetensors")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    folder = Path(tempfile.mkdtemp())
    try:
        # 5,120 galaxies, 105 MB: the demo galaxies ten times.
        (folder / "copies").mkdir()
        for copy in range(10):
            shutil.copy(ROOT / "weights/demo-galaxies.pt", folder / "copies" / f"{copy}.pt")
        subprocess.run(
            [options.cai, "split", folder / "copies", "-o", folder / "local/data", "--rows", "5120"], check=True,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        (folder / "local/results").mkdir()
        partition = (folder / "local/data/1.pt").read_bytes()
        event = {**worker_event("1.pt"), "WEIGHTS": str(options.weights)}
        (folder / "event.json").write_text(json.dumps(event))

        local = ["--store", f"file://{folder / 'local'}"]
        alone = min((run(options.cai, folder, *local, environment={}) for _ in range(2)), key=lambda r: r["total_s"])
        rate = 2 * len(partition) / alone["inference_s"]
        store = Store(bytes_per_second=rate)
        store.objects["/data/1.pt"] = partition
        slow: dict[str, Any] | None = None
        for _ in range(options.rounds):
            alone = min(alone, run(options.cai, folder, *local, environment={}), key=lambda r: r["total_s"])
            now = run(options.cai, folder, environment=store.environment)
            slow = min(slow or now, now, key=lambda r: r["total_s"])
        store.shutdown()
    finally:
        shutil.rmtree(folder)
    print(f"{alone['num_samples']} galaxies, {len(partition) / 1e6:.0f} MB; a line of {rate / 1e6:.0f} MB/s\n")
    print("| partition | inference_s | total_s | most MB of it in memory |\n|---|---:|---:|---:|")
    for name, result in (("on this machine", alone), ("over the line", slow)):
        held = result.get("fetched_peak_bytes") or 0
        print(f"| {name} | {result['inference_s']:.2f} | {result['total_s']:.2f} | {held / 1e6:.0f} |")
    print(f"\nwall time over the line: {slow['total_s'] / alone['total_s']:.3f} of that without")


if __name__ == "__main__":
    main()
