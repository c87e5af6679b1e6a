"""Cold start and warm overhead of the worker in Amazon's Lambda Runtime Interface Emulator, on loopback.

Cold: from the start of the process to its first response, as the emulator does it: it starts the program when the first
event comes. The event is a rank without partitions, so that what is measured is the start, the weights and the two
objects that every rank writes, into a store that answers at once. Warm: the same event again; the overhead is what the
caller waits beyond the worker's own `total_s`.

start.sh finds the emulator and starts this file.
"""

import argparse
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from store import Store, worker_event

ROOT = Path(__file__).resolve().parents[2]
INVOKE = "/2015-03-31/functions/function/invocations"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """One environment: the emulator and, after the first request, the worker."""

    def __init__(self, emulator: Path, bootstrap: Path, environment: dict[str, str]) -> None:
        self.port = free_port()
        command = [
            emulator, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
            "--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap, "cai.worker",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            [str(word) for word in command], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit(f"start: the emulator ended with {self.process.returncode}")
                time.sleep(0.005)

    def invoke(self, event: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        """Seconds until the response, and the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps(event)
        start = time.perf_counter()
        connection.request("POST", INVOKE, body)
        answer = connection.getresponse().read()
        seconds = time.perf_counter() - start
        connection.close()
        return seconds, json.loads(answer)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


def summary(milliseconds: list[float]) -> dict[str, float]:
    return {"least": min(milliseconds), "median": statistics.median(milliseconds), "most": max(milliseconds)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="start.sh", description=__doc__.split("\n")[0])
    parser.add_argument("--emulator", type=Path, required=True, help="aws-lambda-rie")
    parser.add_argument("--cai", type=Path, default=ROOT / ".build/release/cai")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights/astromae-demo.safetensors")
    parser.add_argument("--starts", type=int, default=10)
    parser.add_argument("--invocations", type=int, default=200, help="of the warm worker")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    store = Store()
    folder = Path(tempfile.mkdtemp())
    bootstrap = folder / "bootstrap"
    bootstrap.symlink_to(options.cai.resolve())
    environment = {"PATH": os.environ["PATH"], **store.environment}
    event = {**worker_event(None), "WEIGHTS": str(options.weights)}
    cold: list[float] = []
    warm: list[float] = []
    overhead: list[float] = []
    try:
        for start in range(options.starts):
            emulator = Emulator(options.emulator, bootstrap, environment)
            try:
                seconds, answer = emulator.invoke(event)
                if "errorMessage" in answer:
                    sys.exit(f"start: {answer['errorMessage']}")
                cold.append(1e3 * seconds)
                for _ in range(options.invocations if start + 1 == options.starts else 0):
                    seconds, answer = emulator.invoke(event)
                    warm.append(1e3 * seconds)
                    overhead.append(1e3 * (seconds - answer["total_s"]))
            finally:
                emulator.close()
    finally:
        store.shutdown()
        shutil.rmtree(folder)
    report = {"cold_ms": summary(cold), "warm_ms": summary(warm), "overhead_ms": summary(overhead)}
    if options.json:
        print(json.dumps(report))
        return
    print("milliseconds, a rank without partitions\n\n| | least | median | most |\n|---|---:|---:|---:|")
    names = {
        "cold_ms": f"cold: process start to first response ({options.starts} starts)",
        "warm_ms": f"warm: a whole invocation ({options.invocations})",
        "overhead_ms": "warm, beyond the worker's own time",
    }
    for key, name in names.items():
        print(f"| {name} | " + " | ".join(f"{report[key][column]:.1f}" for column in report[key]) + " |")


if __name__ == "__main__":
    main()
