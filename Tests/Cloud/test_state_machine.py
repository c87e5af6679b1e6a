"""The deployed state machine in an interpreter, with real workers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from account import Account
from conftest import ROOT
from emulator import Invocation, Pool
from program import Program, Sky
from s3 import S3
from step_functions import StepFunctions

Write = Callable[[Any], Path]
Functions = dict[str, Pool]


def test_an_execution_matches_infer(step_functions: StepFunctions, state_machine: str, s3: S3, sky: Sky) -> None:
    ended = step_functions.wait(step_functions.start(state_machine, "twelve", sky.input("states")))
    assert ended["status"] == "SUCCEEDED", ended
    summary = sky.check(s3, "states")
    assert json.loads(ended["output"])["galaxies"] == summary["galaxies"] == sky.galaxies
    assert summary["run_id"] == "twelve"


def test_concurrent_executions_are_independent(
    step_functions: StepFunctions, state_machine: str, s3: S3, sky: Sky
) -> None:
    first = step_functions.start(state_machine, "first", sky.input("states-at-once/a"))
    second = step_functions.start(state_machine, "second", sky.input("states-at-once/b", ranks=5))
    assert [step_functions.wait(execution)["status"] for execution in (first, second)] == ["SUCCEEDED"] * 2
    sky.check(s3, "states-at-once/a")
    sky.check(s3, "states-at-once/b", ranks=5)


def test_a_corrupt_partition_fails_the_execution_and_resume_repeats_only_it(
    step_functions: StepFunctions, state_machine: str, functions: Functions, s3: S3, damaged: Sky, work: Path
) -> None:
    ended = step_functions.wait(step_functions.start(state_machine, "corrupt", damaged.input("states-corrupt")))
    assert ended["status"] == "FAILED"
    assert "100MB/5.pt" in ended["cause"]
    summary = json.loads(s3.get("results", "states-corrupt/summary.json"))
    assert 4 in [entry["rank"] for entry in summary["failed_ranks"]]

    missing = [str(entry["rank"]) for entry in summary["failed_ranks"]]
    whole = (work / "sky/5.pt").read_bytes()
    s3.put(damaged.bucket, {"100MB/5.pt": whole})
    before = len(functions["WorkerFunction"].invocations)
    try:
        event = damaged.input("states-corrupt", resume=True)
        ended = step_functions.wait(step_functions.start(state_machine, "resumed", event))
    finally:
        s3.put(damaged.bucket, {"100MB/5.pt": whole[: len(whole) // 2]})
    assert ended["status"] == "SUCCEEDED", ended
    assert sorted(event["RANK"] for event in functions["WorkerFunction"].invocations[before:]) == sorted(missing)
    damaged.check(s3, "states-corrupt")


def test_resuming_a_complete_run_starts_no_worker(
    step_functions: StepFunctions, state_machine: str, functions: Functions, cai: Program, s3: S3, sky: Sky,
    write: Write,
) -> None:  # fmt: skip
    cai.succeed("run", write(sky.input("states-whole", ranks=2)), environment=cai.on(s3))
    before = len(functions["WorkerFunction"].invocations)
    event = sky.input("states-whole", ranks=2, resume=True)
    ended = step_functions.wait(step_functions.start(state_machine, "whole", event))
    assert ended["status"] == "SUCCEEDED", ended
    assert len(functions["WorkerFunction"].invocations) == before
    sky.check(s3, "states-whole", ranks=2)


def test_an_invalid_input_fails_the_execution(
    step_functions: StepFunctions, state_machine: str, sky: Sky
) -> None:
    event = {**sky.input("states-no"), "data_bucket": "not-there"}
    ended = step_functions.wait(step_functions.start(state_machine, "no", event))
    assert ended["status"] == "FAILED" and "not-there" in ended["cause"]


def test_a_result_path_that_is_no_prefix_of_keys_is_refused_before_a_function_runs(
    step_functions: StepFunctions, state_machine: str, functions: Functions, sky: Sky
) -> None:
    before = len(functions["InitializeFunction"].invocations)
    paths = ("/states-path", "states//path", "./states", "states/./path", "states/.", "..", "../states", "a/../b", "a/..")
    for index, path in enumerate(paths):
        started = step_functions.start(state_machine, f"path-{index}", sky.input("x") | {"result_path": path})
        ended = step_functions.wait(started)
        assert (ended["status"], ended["error"]) == ("FAILED", "Cai.InvalidResultPath"), (path, ended)
        assert ended["cause"].endswith(f"found {path}")
    assert len(functions["InitializeFunction"].invocations) == before


def test_a_missing_result_path_is_reported_by_initialize(
    step_functions: StepFunctions, state_machine: str, sky: Sky
) -> None:
    event = {key: value for key, value in sky.input("x").items() if key != "result_path"}
    ended = step_functions.wait(step_functions.start(state_machine, "no-path", event))
    assert ended["status"] == "FAILED" and "result_path" in ended["cause"]


class WithoutItems:
    """An Initialize whose response names a missing list of items, so that the Map fails."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def invoke(self, event: Any) -> Invocation:
        answer = self.pool.invoke(event).value
        return Invocation(json.dumps({**answer, "items": {**answer["items"], "key": "not-there.json"}}).encode())


def test_a_failed_map_is_summarized_and_fails_the_execution(
    step_functions: StepFunctions, functions: Functions, s3: S3, sky: Sky
) -> None:
    broken = {**functions, "InitializeFunction": WithoutItems(functions["InitializeFunction"])}
    machine = step_functions.create("no-items", ROOT / "deploy/state-machine.asl.json", broken)
    for tolerated, summarized in ((0, False), (100, True)):
        path = f"states-no-items/{tolerated}"
        event = sky.input(path, tolerated_failure_percentage=tolerated)
        ended = step_functions.wait(step_functions.start(machine, f"no-items-{tolerated}", event))
        assert (ended["status"], ended["error"]) == ("FAILED", "Cai.MapFailed"), ended
        assert ("12 of 12 ranks failed" in ended["cause"]) != summarized
        assert json.loads(s3.get("results", f"{path}/summary.json"))["failed"] == 12


def test_launch_follows_an_execution_to_its_end(
    step_functions: StepFunctions, state_machine: str, account: Account, cai: Program, s3: S3, sky: Sky, damaged: Sky,
    write: Write,
) -> None:  # fmt: skip
    own = {"AWS_ENDPOINT_URL_SFN": step_functions.endpoint, "AWS_ENDPOINT_URL": account.endpoint}
    environment = {**cai.on(s3), **own}
    arguments = ("--state-machine", state_machine, "--json")
    event = sky.input("launched") | {"result_path": "/launched/"}  # the slashes are removed for the state machine
    launched = cai.succeed("launch", write(event), *arguments, environment=environment)
    assert launched.value["galaxies"] == sky.galaxies
    sky.check(s3, "launched")

    failed = cai.run("launch", write(damaged.input("launched-damaged")), *arguments, environment=environment)
    assert failed.status == 1 and "100MB/5.pt" in failed.errors


def test_a_dry_run_starts_nothing(
    step_functions: StepFunctions, state_machine: str, cai: Program, s3: S3, sky: Sky, write: Write
) -> None:
    def executions() -> int:
        return len(step_functions.client.list_executions(stateMachineArn=state_machine)["executions"])

    before = executions()
    environment = {**cai.on(s3), "AWS_ENDPOINT_URL_SFN": step_functions.endpoint}
    plan = cai.succeed("launch", write(sky.input("dry")), "--dry-run", "--json", environment=environment).value
    assert len(plan["ranks"]) == 12
    assert executions() == before and not s3.etags("results", "dry/")
