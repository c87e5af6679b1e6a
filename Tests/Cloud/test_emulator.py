"""The program as `bootstrap` in Amazon's Runtime Interface Emulator."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from emulator import Emulator, Pool
from program import Sky
from s3 import S3

Functions = dict[str, Pool]


def test_twelve_partitions_by_workers_in_the_emulator(functions: Functions, s3: S3, sky: Sky) -> None:
    begun = functions["InitializeFunction"].invoke(sky.input("emulator")).value
    assert begun["statusCode"] == 200 and len(begun["body"]) == begun["ranks"] == 12
    assert begun["body"] == json.loads(s3.get("results", f"emulator/{begun['run_id']}/items.json"))
    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(functions["WorkerFunction"].invoke, begun["body"]))
    assert [invocation.error for invocation in done] == [None] * 12
    ended = functions["SummarizeFunction"].invoke({"manifest": begun["manifest"], "items": begun["items"]})
    assert ended.error is None and ended.value["galaxies"] == sky.galaxies
    sky.check(s3, "emulator")


def test_a_worker_runs_twice_with_the_same_result(functions: Functions, s3: S3, sky: Sky) -> None:
    begun = functions["InitializeFunction"].invoke(sky.input("twice", ranks=2)).value
    for item in begun["body"] * 2:
        assert functions["WorkerFunction"].invoke(item).error is None
    assert functions["SummarizeFunction"].invoke({"manifest": begun["manifest"]}).error is None
    sky.check(s3, "twice", ranks=2)


def test_an_error_is_reported_and_the_environment_continues(functions: Functions, s3: S3, damaged: Sky) -> None:
    begun = functions["InitializeFunction"].invoke(damaged.input("emulator-damaged")).value
    worker = functions["WorkerFunction"].emulators[0]
    assert worker.invoke({"nonsense": True}).error  # it starts with the first event
    before = worker.server.members()
    assert len(before) == 2  # the emulator and the program
    failed = worker.invoke(begun["body"][4])
    assert failed.error and "100MB/5.pt" in failed.value["errorMessage"]
    assert worker.invoke(begun["body"][3]).error is None
    assert worker.server.members() == before
    ended = functions["SummarizeFunction"].invoke({"manifest": begun["manifest"]})
    assert ended.error and "11 of 12 ranks failed" in ended.value["errorMessage"]


def test_an_unknown_handler_is_an_error(bootstrap: Path, environment: dict[str, str], logs: Path) -> None:
    emulator = Emulator(bootstrap, "cai.nothing", logs / "function-nothing.log", environment)
    try:
        invocation = emulator.invoke({})
        assert invocation.error and "cai.nothing" in invocation.value["errorMessage"]
    finally:
        emulator.stop()


@pytest.mark.parametrize("handler", ["InitializeFunction", "SummarizeFunction"])
def test_an_invalid_event_is_an_error_of_one_line(functions: Functions, handler: str) -> None:
    invocation = functions[handler].invoke({"bucket": 7})
    assert invocation.error and "\n" not in invocation.value["errorMessage"]
