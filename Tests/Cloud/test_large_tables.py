"""Summarize joins more rows than fit in its memory: 49 million, in the short form 4 tables of 20 to 40 MiB."""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conftest import make_tiny_sky
from partitions import Galaxies
from processes import BOUND
from program import Program, Sky
from s3 import S3, Keys
from shared_hooks import IS_ENDURANCE, SEED

HEADER = b"object_id,source,row,z_phot,z_spec,flags\n"
# Rows of each rank's table. Small tables are read and sent again, those from 16 MiB are copied by S3.
ROWS = [1_000_000] * 49 if IS_ENDURANCE else [100_000, 1, 95_000, 2_000, 100, 110_000, 3, 160_000]
# Characters added to each id: about 53 bytes a row, in the short form as many bytes in a fifth of the rows.
PADDING = "" if IS_ENDURANCE else "-" + 170 * "x"
LARGE = 350_000 if IS_ENDURANCE else 85_000
RANKS = 49
# Bytes.
MOST_MEMORY = 300e6

Write = Callable[[Any], Path]


@dataclass
class Ended:
    status: int
    errors: str
    # Bytes.
    memory: int
    seconds: float


@dataclass
class SyntheticRun:
    """A run whose ranks' tables and results were written by the test, after the result of one real worker."""

    path: str
    begun: Any
    # SHA-256 of the header and all rows.
    sha256: str = ""

    @property
    def folder(self) -> str:
        return f"{self.path}/{self.begun['run_id']}"


@pytest.fixture(scope="module")
def s3(work: Path, logs: Path, keys: Keys, environment: dict[str, str]) -> Iterator[S3]:
    server = S3(work / "s3-tables", logs / "s3-tables.log", keys, environment)
    server.make_bucket("results")
    yield server
    server.stop()
    # Up to 3 GB.
    for path in (server.folder / "results").rglob("*.csv"):
        path.unlink()


@pytest.fixture(scope="module")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    return make_tiny_sky(s3, cai, galaxies, work / "tables", "tables", RANKS, most=1)


def rows(rank: int, count: int) -> bytes:
    """Rows whose redshifts differ from rank to rank."""
    random = Random(SEED * 1000 + rank)
    values = [f"0.{random.randint(10**7, 10**8 - 1)}" for _ in range(1009)]
    lines = (
        f"{rank}:{row}{PADDING},{rank}.pt,{row},{values[row % 1009]},{values[row % 997]}1234567,0\n"
        for row in range(count)
    )
    return "".join(lines).encode()


def make_run(cai: Program, s3: S3, sky: Sky, write: Write, path: str, counts: list[int]) -> SyntheticRun:
    payload = write(sky.input(path, file_limit=len(counts)))
    run = SyntheticRun(path, cai.succeed("initialize", payload, environment=cai.on(s3)).value)
    items = json.loads(s3.get("results", f"{run.folder}/items.json"))
    assert len(items) == len(counts)
    real = cai.succeed("worker", write(items[0]), environment=cai.on(s3)).value
    assert real["num_samples"] == 1 and s3.get("results", f"{run.folder}/predictions/0.csv").startswith(HEADER)
    whole = hashlib.sha256(HEADER)
    for rank, (item, count) in enumerate(zip(items, counts, strict=True)):
        content = rows(rank, count)
        whole.update(content)
        table = HEADER + content
        etag = s3.client.put_object(Bucket="results", Key=f"{run.folder}/predictions/{rank}.csv", Body=table)["ETag"]
        result = {
            **real, "rank": rank, "data_path": item["DATA_PATH"], "data_etags": item["ETAGS"], "num_samples": count,
            "predictions_bytes": len(table), "predictions_sha256": hashlib.sha256(table).hexdigest(),
            "predictions_etag": etag.strip('"'),
        }  # fmt: skip
        s3.put("results", {f"{run.folder}/{rank}.json": json.dumps(result).encode()})
    run.sha256 = whole.hexdigest()
    return run


def summarize(cai: Program, s3: S3, run: SyntheticRun, folder: Path) -> Ended:
    """Runs it without a folder for temporary files."""
    event, errors = folder / "summarize.json", folder / "errors"
    event.write_text(json.dumps({"manifest": run.begun["manifest"]}))
    own = {**cai.environment, **cai.on(s3), "TMPDIR": str(folder / "does-not-exist")}
    start, memory = time.monotonic(), 0
    with errors.open("wb") as output:
        process = subprocess.Popen(
            [cai.path, "summarize", event], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output, env=own
        )
    try:
        while process.poll() is None:
            assert time.monotonic() - start < 6 * BOUND, f"not ended: {errors.read_text()}"
            memory = max(memory, peak(process.pid))
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    seconds = time.monotonic() - start
    print(f"{run.path}: {seconds:.1f} s, at most {memory / 1e6:.0f} MB")
    return Ended(process.returncode, errors.read_text(), memory, seconds)


def peak(pid: int) -> int:
    """The peak memory of the program; `getrusage` would include this process, of which it was a copy before `exec`."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:")), 0)


def digest(s3: S3, key: str) -> str:
    with (s3.folder / "results" / key).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.endurance
def test_large_tables_are_joined_with_little_memory_and_no_disk(
    cai: Program, s3: S3, sky: Sky, write: Write, tmp_path: Path
) -> None:
    run = make_run(cai, s3, sky, write, "large", ROWS)
    ended = summarize(cai, s3, run, tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.memory < MOST_MEMORY
    assert digest(s3, "large/predictions.csv") == run.sha256
    assert not s3.open_uploads("results")
    summary = json.loads(s3.get("results", "large/summary.json"))
    assert (summary["galaxies"], summary["ranks"], summary["failed"]) == (sum(ROWS), len(ROWS), 0)
    assert summary["failed_ranks"] == []


@pytest.mark.endurance
@pytest.mark.parametrize("rank", [0, 1, 2] if IS_ENDURANCE else [2])
def test_a_changed_digit_fails_its_rank_and_no_table_has_its_rows(
    cai: Program, s3: S3, sky: Sky, write: Write, tmp_path: Path, rank: int
) -> None:
    path = f"changed-{rank}"
    counts = [LARGE, 100, LARGE]
    run = make_run(cai, s3, sky, write, path, counts)
    key = f"{run.folder}/predictions/{rank}.csv"
    table = bytearray(s3.get("results", key))
    # The last digit of z_spec in the last row.
    assert table.endswith(b"7,0\n")
    table[-4] = ord("8")
    s3.put("results", {key: bytes(table)})

    ended = summarize(cai, s3, run, tmp_path)
    assert ended.status == 1 and len(ended.errors.splitlines()) == 1, ended.errors
    assert f"{rank}.csv" in ended.errors and "SHA-256" in ended.errors
    check_failed(s3, run, rank, galaxies=sum(counts) - counts[rank])
    assert not [key for key in s3.etags("results", f"{path}/") if key.startswith(f"{path}/predictions")]

    manifest = json.loads(s3.get("results", f"{path}/manifest.json"))
    manifest["input"]["tolerated_failure_percentage"] = 40
    s3.put("results", {f"{path}/manifest.json": json.dumps(manifest).encode()})
    ended = summarize(cai, s3, run, tmp_path)
    assert ended.status == 0, ended.errors
    check_failed(s3, run, rank, galaxies=sum(counts) - counts[rank])
    kept = b"".join(rows(other, count) for other, count in enumerate(counts) if other != rank)
    assert s3.get("results", f"{path}/predictions.partial.csv") == HEADER + kept
    assert not s3.etags("results", f"{path}/predictions.csv")


def check_failed(s3: S3, run: SyntheticRun, rank: int, galaxies: int) -> None:
    summary = json.loads(s3.get("results", f"{run.path}/summary.json"))
    assert ([entry["rank"] for entry in summary["failed_ranks"]], summary["galaxies"]) == ([rank], galaxies)
    assert not s3.open_uploads("results")
