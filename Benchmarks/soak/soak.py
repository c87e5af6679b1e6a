"""A soak: one process that runs the same partitions repeatedly for an hour, and the verdict on its resources.

Divides the demo galaxies into partitions of 25 MB, times a few of them, and starts `cai run --repeat N` with the number
that takes the requested time. /proc/PID is read every few seconds; galaxies, times and peak memory of ranks are read from
their results at the end, so that the measurement does not affect the run. Writes samples.csv, soak.svg and soak.json into
OUT.

    make soak                                   an hour
    make soak SOAK_SECONDS=180                  three minutes
    python3 Benchmarks/soak/soak.py --judge docs/results/soak-NAME    the verdict of an earlier soak, by its samples.csv

Exit status: 0 if memory, descriptors, threads and the rate are constant within the limits of verdict.py, and a run ended
well with the same predictions for each partition every time; 1 otherwise; 2 for an invalid command line or table.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from figure import draw
from readings import InvalidTable, Rank, Reading, Row, parse, read, rows, write
from verdict import Finding, judge

ROOT = Path(__file__).resolve().parents[2]
# The number of galaxies of every rank: a partition of 25 MB in the published system.
ROWS, PARTITIONS = 1278, 4
GALAXIES, COPIES = ROOT / "weights/demo-galaxies.pt", 10
# More than requested, so that the run is not slightly shorter.
MARGIN = 1.02


class Store:
    """Folders used as S3: partitions, and the results of one run."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        self.folder = folder
        self.results = folder / "results" / "run"
        self.options = options
        (folder / "results").mkdir()
        (folder / "copies").mkdir()
        for copy in range(COPIES):
            shutil.copy(GALAXIES, folder / "copies" / f"{copy}.pt")
        self.cai("split", folder / "copies", "-o", folder / "data", "--rows", ROWS, "--quiet")
        shutil.rmtree(folder / "copies")
        # The last partition has fewer galaxies.
        payload = {"bucket": "results", "result_path": "run", "data_bucket": "data", "file_limit": PARTITIONS}
        (folder / "payload.json").write_text(json.dumps(payload))

    def cai(self, *words: Any) -> str:
        done = subprocess.run([str(self.options.cai), *map(str, words)], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"soak: cai {words[0]} ended with {done.returncode}")
        return done.stdout

    def start(self, partitions: int) -> subprocess.Popen[str]:
        shutil.rmtree(self.results, ignore_errors=True)
        words = [self.options.cai, "run", self.folder / "payload.json", "--store", f"file://{self.folder}"]
        words += ["--repeat", partitions, "--json", "--quiet"]
        if self.options.threads:
            words += ["--threads", self.options.threads]
        environment = {**os.environ, "CAI_WEIGHTS": str(self.options.weights), "TMPDIR": str(self.folder)}
        return subprocess.Popen([str(word) for word in words], env=environment, stdout=subprocess.PIPE, text=True)

    def done(self) -> list[dict[str, Any]]:
        """The existing results by rank; all of them, unless the run was interrupted."""
        found = [json.loads(path.read_text()) for path in self.results.glob("[0-9]*.json")]
        return sorted(found, key=lambda result: result["rank"])

    def differing(self) -> int:
        """Ranks whose predictions differ from those of the first rank with the same partition."""
        first: dict[int, bytes] = {}
        count = 0
        for path in sorted(self.results.glob("predictions/*.csv"), key=lambda path: int(path.stem)):
            digest = hashlib.sha256(path.read_bytes()).digest()
            count += digest != first.setdefault(int(path.stem) % PARTITIONS, digest)
        return count


def calibrate(store: Store, seconds: float) -> int:
    """The number of partitions for a duration, from a short run, whose first partition loads the weights."""
    trial = 3 * PARTITIONS
    store.start(trial).communicate()
    results = store.done()
    if len(results) < trial:
        sys.exit("soak: a short run to begin with failed")
    each = (results[-1]["finished"] - results[PARTITIONS]["started"]) / (trial - PARTITIONS)
    return max(2 * PARTITIONS, round(MARGIN * seconds / each))


def sample(process: subprocess.Popen[str], store: Store, partitions: int, every: float) -> list[tuple[float, Reading]]:
    """Readings with their seconds since 1970, until the last rank is done, before the summary is written."""
    last = store.results / f"{partitions - 1}.json"
    found: list[tuple[float, Reading]] = []
    next_one = time.monotonic()
    while process.poll() is None and not last.exists():
        now = time.time()
        if reading := read(process.pid, 0):
            found.append((now, reading))
        if sys.stderr.isatty():
            done = sum(path.name[0].isdigit() for path in store.results.glob("*.json"))
            print(f"\rsoak: {done:,} of {partitions:,} partitions", end="", file=sys.stderr, flush=True)
        next_one += every
        # The last rank's result ends the wait at once.
        while time.monotonic() < next_one and process.poll() is None and not last.exists():
            time.sleep(min(0.2, max(0.0, next_one - time.monotonic())))
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return found


def table(found: list[tuple[float, Reading]], results: list[dict[str, Any]]) -> list[Row]:
    start = results[0]["started"]
    for moment, reading in found:
        reading.minute = (moment - start) / 60
    ranks = [
        Rank(
            (result["finished"] - start) / 60, result["num_samples"], result["total_s"], result["processor_s"],
            round(result["total_cpu_memory (MB)"] * 1e6 / 1024),
        )
        for result in results
    ]  # fmt: skip
    return rows([reading for _, reading in found if reading.minute >= 0], ranks)


def machine(store: Store) -> dict[str, Any]:
    """The processor is named by the program: /proc/cpuinfo has numbers for those of 64-bit ARM."""
    processor = json.loads(store.cai("inspect", "--cpu", "--json"))["processor"]
    memory = next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines())
    return {
        "processor": processor, "cores": len(os.sched_getaffinity(0)),
        "memory_mib": memory // 1024, "kernel": f"{platform.system()} {platform.release()}",
    }  # fmt: skip


def commit() -> str | None:
    words = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "describe", "--always", "--dirty"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip() or None


def caption(record: dict[str, Any]) -> str:
    where = record["machine"]
    return (
        f"cai {record['version']}, {record['partitions']:,} partitions, {record['galaxies']:,} galaxies in one process, "
        f"{record['threads']} thread{'s' if record['threads'] != 1 else ''}; {where['processor']}. Grey: not judged"
    )


def report(findings: list[Finding]) -> bool:
    """Prints the findings and the verdict. Returns whether the soak passes."""
    for finding in findings:
        print(finding)
    failed = [finding.name for finding in findings if finding.counts and not finding.holds]
    print(f"failed: {', '.join(failed)}" if failed else "passed: all limits are met")
    return not failed


def judged(path: Path) -> bool:
    """The verdict of a table of readings, or of a folder with its samples.csv."""
    table = path / "samples.csv" if path.is_dir() else path
    if not table.is_file():
        raise InvalidTable(f"{table}: no such file: expected a folder of a soak, or its samples.csv")
    made = parse(table)
    print(f"{table}: {len(made):,} readings in {made[-1].minute:.1f} minutes, {made[-1].galaxies:,} galaxies")
    return report(judge(made))


def soak(options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="cai-soak-") as name:
        store = Store(Path(name), options)
        version, where = store.cai("--version").strip(), machine(store)
        partitions = options.partitions or calibrate(store, options.seconds)
        began = time.time()
        process = store.start(partitions)
        try:
            found = sample(process, store, partitions, options.every)
            output, _ = process.communicate()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        results = store.done()
        differing = store.differing()
    if not results:
        sys.exit(f"soak: cai run ended with {process.returncode} before its first rank did")
    made = table(found, results)
    galaxies = sum(result["num_samples"] for result in results)
    findings = judge(made)
    findings.append(Finding(
        "the run", f"status {process.returncode}, {len(results):,} ranks, {galaxies:,} galaxies",
        f"status 0, {partitions:,} and {ROWS * partitions:,}",
        (process.returncode, len(results), galaxies) == (0, partitions, ROWS * partitions)
        and json.loads(output)["galaxies"] == galaxies,
    ))  # fmt: skip
    findings.append(Finding(
        "predictions", f"{differing:,} ranks with other bytes than the first one of their partition", "none",
        differing == 0,
    ))  # fmt: skip
    record = {
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began)), "commit": commit(), "machine": where,
        "version": version, "partitions": len(results), "galaxies": galaxies,
        "minutes": round((results[-1]["finished"] - results[0]["started"]) / 60, 2), "threads": results[0]["threads"],
        "instruction_set": results[0]["instruction_set"], "reading_every_s": options.every,
        "findings": [vars(finding) for finding in findings],
    }  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    write(made, options.out / "samples.csv")
    (options.out / "soak.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    (options.out / "soak.svg").write_text(draw(parse(options.out / "samples.csv"), caption(record)))
    print(f"{record['minutes']} minutes, {len(results):,} partitions, {galaxies:,} galaxies: {options.out}")
    return report(findings)


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak.py", description=__doc__.split("\n")[0])
    parser.add_argument("--cai", type=Path, default=ROOT / ".build/release/cai")
    parser.add_argument("--weights", type=Path, default=ROOT / "weights/astromae-demo.safetensors")
    parser.add_argument("--threads", type=int, help="default: cai's own")
    parser.add_argument("--seconds", type=float, default=3600, help="about how long")
    parser.add_argument("--partitions", type=int, help="so many instead")
    parser.add_argument("--every", type=float, default=10, help="seconds between readings")
    parser.add_argument("--out", type=Path, default=Path("soak-output"))
    parser.add_argument(
        "--judge", type=Path, metavar="FILE", help="print the verdict of an earlier soak: its samples.csv or its folder"
    )
    options = parser.parse_args()
    # Also ends the process under test and removes its files.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    if options.judge:
        try:
            passes = judged(options.judge)
        except InvalidTable as error:
            print(f"soak: error: {error}", file=sys.stderr)
            sys.exit(2)
    else:
        passes = soak(options)
    sys.exit(0 if passes else 1)


if __name__ == "__main__":
    main()
