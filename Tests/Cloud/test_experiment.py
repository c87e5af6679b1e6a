"""Sweeps on AWS: an execution of the deployed state machine for each run, and the resulting tree."""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator import Pool
from fault_proxy import Exchange, LostAnswer, fault_proxy
from partitions import Galaxies
from processes import BOUND
from program import Program, Running
from s3 import S3
from step_functions import StepFunctions

ROWS = 20
FOLDER = "result-partition-25MB"


@dataclass(frozen=True)
class Sweep:
    """A sweep and its results."""

    cai: Program
    s3: S3
    step_functions: StepFunctions
    machine: str
    tree: Path

    @property
    def prefix(self) -> str:
        return f"sweeps/{self.tree.parent.name}"

    def start(self, *more: object, **environment: str) -> Running:
        return self.cai.start(
            "experiment", "s3://skies/sets/", "-o", self.tree, "--state-machine", self.machine,
            "--results", f"s3://results/{self.prefix}/", "--runs", 1, "--quiet", *more,
            environment={
                **self.cai.on(self.s3), "AWS_ENDPOINT_URL_SFN": self.step_functions.endpoint, **environment,
            },
        )  # fmt: skip

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.tree / "experiment.json").read_text())

    def executions(self) -> list[dict[str, Any]]:
        """The executions of this sweep, with their inputs."""
        client = self.step_functions.client
        found = client.list_executions(stateMachineArn=self.machine)["executions"]
        described = [client.describe_execution(executionArn=entry["executionArn"]) for entry in found]
        return [
            {**entry, "input": json.loads(entry["input"])} for entry in described if f'"{self.prefix}/' in entry["input"]
        ]

    def check(self, path: str, ranks: int, galaxies: int) -> list[dict[str, Any]]:
        """Checks that a run's results in the tree equal those in the bucket."""
        combined = (self.tree / path / "combined_data.json").read_bytes()
        assert combined == self.s3.get("results", f"{self.prefix}/{path}/combined_data.json")
        entries = json.loads(combined)
        assert [entry["rank"] for entry in entries] == list(range(ranks))
        assert sum(entry["num_samples"] for entry in entries) == galaxies
        assert json.loads((self.tree / path / "summary.json").read_bytes())["galaxies"] == galaxies
        return entries


@pytest.fixture(scope="module")
def skies(s3: S3) -> str:
    s3.make_bucket("skies")
    return "skies"


@pytest.fixture
def sweep(
    cai: Program, s3: S3, skies: str, step_functions: StepFunctions, state_machine: str, galaxies: Galaxies,
    tmp_path: Path,
) -> Sweep:  # fmt: skip
    """Three partitions under the prefix of a 25 MB set."""
    parts = galaxies.split(ROWS)[:3]
    s3.put(skies, {f"sets/25MB/{index}.pt": part.partition() for index, part in enumerate(parts, 1)})
    return Sweep(cai, s3, step_functions, state_machine, tmp_path / "tree")


def test_each_run_is_an_execution_and_its_results_are_in_the_tree(sweep: Sweep) -> None:
    ended = sweep.start("--vary", "data-size", "50MB,125MB", "--vary", "batch-size", 8, "--data-size", "75MB",
                        "--repeat", "--max-concurrency", 2).end()  # fmt: skip
    assert ended.status == 0, ended.errors
    sweep.check(f"{FOLDER}/50MB/1", 2, 2 * ROWS)
    # Five ranks share three partitions.
    entries = sweep.check(f"{FOLDER}/125MB/1", 5, 5 * ROWS)
    assert [entry["data_path"][-4:] for entry in entries] == ["1.pt", "2.pt", "3.pt", "1.pt", "2.pt"]
    entries = sweep.check(f"{FOLDER}/75MB/Batches/8/1", 3, 3 * ROWS)
    assert {entry["batch_size"] for entry in entries} == {8}

    executions = {entry["executionArn"]: entry for entry in sweep.executions()}
    record = sweep.record
    assert record["machine"] == {"state_machine": sweep.machine}
    assert [run["path"] for run in record["runs"]] == [f"{FOLDER}/{name}/1" for name in
                                                       ("50MB", "125MB", "75MB/Batches/8")]  # fmt: skip
    assert len(executions) == 3
    for run in record["runs"]:
        execution = executions[run["execution"]]
        assert execution["input"]["result_path"] == f"{sweep.prefix}/{run['path']}"
        assert execution["input"]["max_concurrency"] == 2
        took = (execution["stopDate"] - execution["startDate"]).total_seconds()
        assert abs(run["wall_s"] - took) < 0.01
    keys = sweep.s3.etags("results", f"{sweep.prefix}/")
    assert not [key for key in keys if "predictions" in key]


def test_a_running_execution_is_awaited_and_not_started_again(
    sweep: Sweep, functions: dict[str, Pool]
) -> None:
    arguments = ("--data-size", "75MB")
    # Without workers the execution keeps running.
    with functions["WorkerFunction"].held():
        running = sweep.start(*arguments)
        deadline = time.monotonic() + BOUND
        while not ((sweep.tree / "experiment.json").exists() and "underway" in sweep.record):
            assert running.process.poll() is None, running.end()
            assert time.monotonic() < deadline, f"no execution after {BOUND} s: {os.listdir(sweep.tree.parent)}"
            time.sleep(0.01)
        running.process.kill()
        running.end()
    execution = sweep.record["underway"]["execution"]
    resumed = sweep.start(*arguments, "--resume").end()
    assert resumed.status == 0, resumed.errors
    assert [run["execution"] for run in sweep.record["runs"]] == [execution]
    assert "underway" not in sweep.record
    assert len(sweep.executions()) == 1
    sweep.check(f"{FOLDER}/75MB/1", 3, 3 * ROWS)


class LostStart(LostAnswer):
    """An execution starts, and the connection is reset instead of a response."""

    def fits(self, exchange: Exchange) -> bool:
        return exchange.handler.headers.get("X-Amz-Target", "").endswith(".StartExecution")


def test_an_execution_whose_start_had_no_answer_is_not_started_again(sweep: Sweep) -> None:
    lost = LostStart()
    with fault_proxy(sweep.step_functions.gateway.port, lost) as proxy:
        once = {"AWS_ENDPOINT_URL_SFN": proxy.endpoint, "AWS_MAX_ATTEMPTS": "1"}
        ended = sweep.start("--data-size", "75MB", **once).end()
    assert lost.strikes == 1 and ended.status == 3, ended
    execution = sweep.record["underway"]["execution"]
    assert f"{execution} may have started; resume the experiment" in ended.errors
    resumed = sweep.start("--data-size", "75MB", "--resume").end()
    assert resumed.status == 0, resumed.errors
    assert [run["execution"] for run in sweep.record["runs"]] == [execution]
    assert len(sweep.executions()) == 1


def test_a_failed_run_is_repeated_and_replaces_its_results(sweep: Sweep, galaxies: Galaxies) -> None:
    broken = {"sets/25MB/2.pt": galaxies.rows(0, ROWS).partition()[:1000]}
    sweep.s3.put("skies", broken)
    failed = sweep.start("--data-size", "75MB").end()
    assert f"{FOLDER}/75MB/1" in failed.line and "25MB/2.pt" in failed.line
    sweep.s3.put("skies", {"sets/25MB/2.pt": galaxies.rows(ROWS, 2 * ROWS).partition()})
    resumed = sweep.start("--data-size", "75MB", "--resume").end()
    assert resumed.status == 0, resumed.errors
    sweep.check(f"{FOLDER}/75MB/1", 3, 3 * ROWS)
    assert [entry["input"].get("overwrite") for entry in sweep.executions()].count(True) == 1


def test_missing_inputs_are_reported_before_any_execution_starts(sweep: Sweep) -> None:
    few = sweep.start("--data-size", "1GB").end()
    assert "expected 41 partitions (.pt) in s3://skies/sets/25MB/, found 3" in few.line
    none = sweep.start("--data-size", "1GB", "--partition-size", 50, "--repeat").end()
    assert "s3://skies/sets/50MB/, found 0" in none.line
    planned = sweep.start("--data-size", "1GB", "--repeat", "--dry-run", "--json").end()
    point = planned.value["points"][0]
    assert (point["partitions"], point["galaxies"]) == (41, 41 * ROWS)
    assert not sweep.executions() and not sweep.tree.exists()
