"""Runs of the program under test, whose output is kept, and checks of their results."""

import itertools
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import BOUND
from s3 import REGION, S3

# Keys of a rank's result in the reference, and in its later versions.
RANK_FIELDS = {
    "total_cpu_time (seconds)", "total_cpu_memory (MB)", "execution_time (seconds/batch)", "num_batches", "batch_size",
    "device", "throughput_bps", "sample_persec", "result_path", "data_path", "s3_num_requests", "s3_total_time",
    "s3_avg_time", "s3_min_time", "s3_max_time", "s3_first_request_time", "s3_last_response_time", "num_samples",
    "init_s", "payload_fetch_s", "scatter_s", "model_load_s", "inference_s", "barrier_s", "publish_s", "total_s",
}  # fmt: skip


@dataclass(frozen=True)
class Result:
    status: int
    output: str
    errors: str

    @property
    def value(self) -> Any:
        return json.loads(self.output)

    @property
    def line(self) -> str:
        """The error, which has to be one line."""
        assert self.status == 1, f"expected exit status 1, found {self.status}: {self.errors}"
        lines = self.errors.splitlines()
        assert len(lines) == 1, f"expected one line, found {self.errors!r}"
        return lines[0]


class Program:
    """Runs `cai`, and keeps its output in `logs`."""

    def __init__(self, path: Path, environment: dict[str, str], logs: Path) -> None:
        self.path, self.environment, self.logs = path, environment, logs
        self._numbers = itertools.count(1)

    def start(self, *arguments: object, environment: dict[str, str] | None = None) -> "Running":
        return Running(self, [str(word) for word in arguments], {**self.environment, **(environment or {})})

    def run(self, *arguments: object, environment: dict[str, str] | None = None, timeout: float = BOUND) -> Result:
        return self.start(*arguments, environment=environment).end(timeout)

    def succeed(self, *arguments: object, environment: dict[str, str] | None = None, timeout: float = BOUND) -> Result:
        result = self.run(*arguments, environment=environment, timeout=timeout)
        assert result.status == 0, f"cai {arguments[0]} ended with {result.status}: {result.errors}"
        return result

    def on(self, s3: S3) -> dict[str, str]:
        """The environment of a command that uses that store."""
        return self.at(s3.endpoint, s3)

    def at(self, endpoint: str, s3: S3) -> dict[str, str]:
        """The same for another endpoint."""
        return {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_REGION": REGION, **s3.keys.environment}


class Running:
    def __init__(self, program: Program, arguments: Sequence[str], environment: dict[str, str]) -> None:
        self.log = program.logs / f"cai-{next(program._numbers):03}-{arguments[0].lstrip('-')}"
        self.process = subprocess.Popen(
            [program.path, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment, text=True,
        )  # fmt: skip

    def end(self, timeout: float = BOUND) -> Result:
        """Waits for its end, up to a limit far above the time needed."""
        try:
            output, errors = self.process.communicate(timeout=timeout)
        except BaseException:
            self.process.kill()
            output, errors = self.process.communicate()
            self.log.with_suffix(".err").write_text(errors)
            raise
        self.log.with_suffix(".out").write_text(output)
        self.log.with_suffix(".err").write_text(errors)
        return Result(self.process.returncode, output, errors)


@dataclass(frozen=True)
class Sky:
    """Partitions in a bucket, and the output of `cai infer` for the same files on disk."""

    bucket: str
    prefix: str
    names: list[str]
    galaxies: int
    predictions: bytes

    def input(self, result_path: str, **more: Any) -> dict[str, Any]:
        """The input of the reference, with results in the bucket `results`."""
        return {
            "bucket": "results", "file_limit": str(len(self.names)), "batch_size": 512, "object_type": "folder",
            "S3_object_name": "scripts", "script": "inference.py", "result_path": result_path,
            "data_bucket": self.bucket, "data_prefix": self.prefix, **more,
        }  # fmt: skip

    def check(self, s3: S3, result_path: str, ranks: int | None = None) -> dict[str, Any]:
        """Checks that a run's results are complete and right bit for bit. Returns its summary."""
        ranks = ranks or len(self.names)
        assert s3.get("results", f"{result_path}/predictions.csv") == self.predictions
        combined = json.loads(s3.get("results", f"{result_path}/combined_data.json"))
        assert len(combined) == ranks
        assert all(RANK_FIELDS <= set(entry) for entry in combined)
        assert sum(entry["num_samples"] for entry in combined) == self.galaxies
        paths = itertools.chain.from_iterable(
            [entry["data_path"]] if isinstance(entry["data_path"], str) else entry["data_path"] or []
            for entry in combined
        )
        assert list(paths) == [self.key(name) for name in self.names]
        summary = json.loads(s3.get("results", f"{result_path}/summary.json"))
        results = {f"{rank}.json" for rank in range(ranks)}
        own = {"items.json"} | results | {f"predictions/{rank}.csv" for rank in range(ranks)}
        expected = {"manifest.json", "combined_data.json", "predictions.csv", "predictions.csv.run.json", "summary.json"}
        expected |= results | {f"{summary['run_id']}/{key}" for key in own}
        found = {key.removeprefix(f"{result_path}/") for key in s3.etags("results", f"{result_path}/")}
        # Step Functions writes these for its Map.
        assert {key for key in found if not key.startswith("map/")} == expected
        assert (summary["ranks"], summary["failed"], summary["galaxies"]) == (ranks, 0, self.galaxies)
        return summary

    def key(self, name: str) -> str:
        return f"{self.prefix.rstrip('/')}/{name}" if self.prefix else name

    def rows(self, name: str) -> list[bytes]:
        """The lines of `predictions.csv` of a partition."""
        return [line for line in self.predictions.splitlines() if line.split(b",")[1] == name.encode()]
