"""`cai launch` with the deployed state machine: outages, executions that exist, the check before the start, the cost."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from account import UNRESERVED, Account
from emulator import Pool
from fault_proxy import Outage, Trigger, fault_proxy
from processes import BOUND
from program import Program, Sky
from s3 import S3
from shared_hooks import IS_ENDURANCE
from step_functions import StepFunctions

Write = Callable[[Any], Path]
SECONDS = 60 if IS_ENDURANCE else 3


@pytest.fixture
def aws(cai: Program, s3: S3, step_functions: StepFunctions, account: Account) -> dict[str, str]:
    """The environment of a command that uses all services."""
    return {**cai.on(s3), "AWS_ENDPOINT_URL": account.endpoint, "AWS_ENDPOINT_URL_SFN": step_functions.endpoint}


@pytest.mark.endurance
def test_launch_survives_an_outage_of_step_functions(
    step_functions: StepFunctions, state_machine: str, cai: Program, s3: S3, sky: Sky, write: Write, aws: dict[str, str]
) -> None:
    outage = Outage()
    end = threading.Timer(SECONDS, outage.stop)

    def begin() -> None:
        outage.start()
        end.start()

    # After the start and the first question.
    trigger = Trigger(3, begin)
    with fault_proxy(step_functions.gateway.port, trigger, outage) as proxy:
        environment = {**aws, "AWS_ENDPOINT_URL_SFN": proxy.endpoint, "AWS_MAX_ATTEMPTS": "1"}
        arguments = ("--state-machine", state_machine, "--json")
        launched = cai.succeed("launch", write(sky.input("launch-outage")), *arguments, environment=environment)
    end.join()
    assert trigger.strikes == 1 and outage.strikes > 1
    assert launched.value["galaxies"] == sky.galaxies
    lines = launched.errors.splitlines()
    assert sum("no answer from Step Functions" in line for line in lines) == 1
    assert sum("Step Functions answers again" in line for line in lines) == 1
    sky.check(s3, "launch-outage")


def test_a_start_without_an_answer_is_exit_status_3(
    step_functions: StepFunctions, state_machine: str, cai: Program, sky: Sky, write: Write, aws: dict[str, str]
) -> None:
    outage = Outage()
    outage.start()
    with fault_proxy(step_functions.gateway.port, outage) as proxy:
        environment = {**aws, "AWS_ENDPOINT_URL_SFN": proxy.endpoint, "AWS_MAX_ATTEMPTS": "2"}
        arguments = ("--state-machine", state_machine, "--name", "launch-lost", "--quiet")
        lost = cai.run("launch", write(sky.input("launch-lost")), *arguments, environment=environment)
    assert lost.status == 3, lost
    arn = state_machine.replace(":stateMachine:", ":execution:") + ":launch-lost"
    assert lost.errors.endswith(f": launch-lost may have started; follow it with: cai launch --follow {arn}\n")
    missing = cai.run("launch", "--follow", arn, environment=aws)
    assert missing.status == 1 and "ExecutionDoesNotExist" in missing.errors


def test_an_execution_is_followed_by_name_and_its_cost_is_lambdas_own(
    step_functions: StepFunctions, state_machine: str, functions: dict[str, Pool], account: Account, cai: Program,
    s3: S3, sky: Sky, damaged: Sky, write: Write, aws: dict[str, str],
) -> None:  # fmt: skip
    # Lines of another run are in the same log.
    step_functions.wait(step_functions.start(state_machine, "launch-damaged", damaged.input("launch-damaged")))
    step_functions.start(state_machine, "launch-followed", sky.input("launch-followed"))
    arguments = ("launch", "--follow", "launch-followed", "--state-machine", state_machine, "--json")
    followed = cai.succeed(*arguments, environment=aws)
    summary = sky.check(s3, "launch-followed")
    assert followed.value["galaxies"] == sky.galaxies and followed.value["run_id"] == summary["run_id"] == "launch-followed"

    results = json.loads(s3.get("results", "launch-followed/combined_data.json"))
    own = {result["request_id"] for result in results}
    assert len(own) == 12
    reports = [line for line in account.lines("REPORT RequestId") if line.split()[2] in own]
    assert len(account.lines("REPORT RequestId")) > len(reports) == 12
    billed = sum(int(line.split("Billed Duration: ")[1].split()[0]) for line in reports) / 1000 * 3008 / 1024
    assert (followed.value["cost_source"], followed.value["billed_requests"]) == ("lambda", 12)
    assert abs(followed.value["billed_gb_s"] - billed) < 1e-9
    assert "billed by Lambda: " in followed.errors

    account.is_closed = True
    try:
        estimated = cai.succeed(*arguments, environment=aws)
    finally:
        account.is_closed = False
    assert (estimated.value["cost_source"], estimated.value["cost_usd"]) == ("estimate", summary["cost_usd"])

    failed = cai.run("launch", "--follow", "launch-damaged", "--state-machine", state_machine, environment=aws)
    assert failed.status == 1 and "100MB/5.pt" in failed.errors


def test_the_concurrency_is_planned_from_the_accounts_limit(
    step_functions: StepFunctions, state_machine: str, s3: S3, sky: Sky
) -> None:
    for name, more, workers in (("planned", {}, UNRESERVED * 4 // 5), ("given", {"max_concurrency": 3}, 3)):
        started = step_functions.start(state_machine, f"launch-{name}", sky.input(f"launch-{name}", ranks=1, **more))
        assert step_functions.wait(started)["status"] == "SUCCEEDED"
        runs = step_functions.client.list_map_runs(executionArn=started)["mapRuns"]
        run = step_functions.client.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
        assert run["maxConcurrency"] == workers
    manifest = json.loads(s3.get("results", "launch-planned/manifest.json"))
    assert manifest["max_concurrency_reason"] == f"80% of the {UNRESERVED} that functions of the account share"


def test_an_execution_is_stopped_and_resumed(
    step_functions: StepFunctions, state_machine: str, functions: dict[str, Pool], cai: Program, s3: S3, sky: Sky,
    write: Write, aws: dict[str, str],
) -> None:  # fmt: skip
    arguments = ("launch", "--stop", "launch-stopped", "--state-machine", state_machine)
    # Without workers the execution keeps running.
    with functions["WorkerFunction"].held():
        started = step_functions.start(state_machine, "launch-stopped", sky.input("launch-stopped"))
        deadline = time.monotonic() + BOUND
        while "launch-stopped/launch-stopped/items.json" not in s3.etags("results", "launch-stopped/"):
            assert time.monotonic() < deadline, f"no items after {BOUND} s"
            time.sleep(0.1)
        stopped = cai.succeed(*arguments, environment=aws)
    assert f"stopped {started}" in stopped.errors
    assert step_functions.wait(started)["status"] == "ABORTED"
    again = cai.succeed(*arguments, environment=aws)
    assert f"{started} had ended already: ABORTED" in again.errors
    assert cai.run("launch", "--follow", started, environment=aws).status == 1
    event = sky.input("launch-stopped", resume=True)
    resumed = cai.succeed("launch", write(event), "--state-machine", state_machine, "--json", environment=aws)
    assert resumed.value["run_id"] == "launch-stopped"
    sky.check(s3, "launch-stopped")


def test_what_cannot_work_is_not_started(
    step_functions: StepFunctions, state_machine: str, cai: Program, s3: S3, sky: Sky, write: Write, aws: dict[str, str]
) -> None:
    def executions() -> int:
        return len(step_functions.client.list_executions(stateMachineArn=state_machine)["executions"])

    cai.succeed("run", write(sky.input("launch-twice", file_limit=1)), environment=cai.on(s3))
    before = executions()
    cases = {
        "no such bucket": sky.input("launch-no") | {"bucket": "not-there"},
        "expected at least one partition": sky.input("launch-no") | {"data_prefix": "nothing"},
        "holds the results of run": sky.input("launch-twice", file_limit=1),
        "expected the weights, found no such object": sky.input("launch-no", weights="s3://results/none.pt"),
    }
    for reason, event in cases.items():
        refused = cai.run("launch", write(event), "--state-machine", state_machine, "--quiet", environment=aws)
        assert reason in refused.line and refused.line.endswith("(nothing was started: --force starts it anyway)")
    assert executions() == before
