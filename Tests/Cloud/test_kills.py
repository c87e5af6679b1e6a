"""Processes of a run are killed at random requests and started again: 60 kills of runs of 64 ranks and 200 of their functions, in the short form
10 of 16 ranks."""

import itertools
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conftest import make_tiny_sky
from fault_proxy import FaultProxy, Trigger, fault_proxy
from partitions import Galaxies
from processes import BOUND
from program import Program, Result, Sky
from s3 import S3, Keys
from shared_hooks import IS_ENDURANCE, SEED

KILLS = 200 if IS_ENDURANCE else 10
# Of whole runs, each of which takes longer.
RUN_KILLS = 60 if IS_ENDURANCE else 10
RANKS = 64 if IS_ENDURANCE else 16
# The ranks of the run as separate processes, each of which loads the weights.
PROCESSES = 64 if IS_ENDURANCE else 4
# Kills between two ends of a run.
MOST_IN_A_ROW = 8

Write = Callable[[Any], Path]


@pytest.fixture(scope="module")
def s3(work: Path, logs: Path, keys: Keys, environment: dict[str, str]) -> Iterator[S3]:
    server = S3(work / "s3-kills", logs / "s3-kills.log", keys, environment, page=50)
    server.make_bucket("results")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    return make_tiny_sky(s3, cai, galaxies, work / "killed", "killed", RANKS)


class Killer:
    """Runs the program through a proxy, which kills it at a request."""

    def __init__(self, cai: Program, s3: S3, proxy: FaultProxy, folder: Path) -> None:
        self.cai, self.s3, self.proxy, self.folder = cai, s3, proxy, folder
        self.random = Random(SEED)
        self.kills = 0
        # Process ids, which the system may use again.
        self.killed: set[int] = set()
        folder.mkdir()

    def run(self, *arguments: object, kill_within: int | None) -> Result | None:
        """The result; nothing if it was killed, at one of its first `kill_within` requests, which may take effect."""
        started = threading.Event()

        def kill() -> None:
            assert started.wait(BOUND)
            running.process.kill()

        number = self.random.randint(1, kill_within) if kill_within else 0
        self.proxy.faults = [Trigger(number, kill, is_lost=self.random.random() < 0.5)]
        self.proxy.requests.clear()
        own = {**self.cai.at(self.proxy.endpoint, self.s3), "TMPDIR": str(self.folder)}
        running = self.cai.start(*arguments, environment=own)
        started.set()
        result = running.end()
        if result.status == -signal.SIGKILL:
            self.kills += 1
            self.killed.add(running.process.pid)
            return None
        assert result.status == 0, f"seed {SEED}: cai {arguments[0]} ended with {result.status}: {result.errors}"
        return result

    def check_temporary_files(self) -> None:
        """A killed process leaves at most the table that it was about to upload; no other process leaves a file."""
        left = [path.name for path in self.folder.iterdir()]
        print(f"{self.kills} processes killed; temporary files left: {len(left)}")
        owners = [re.fullmatch(r"cai-(\d+)-[0-9a-f]+\.csv", name) for name in left]
        assert all(owner and int(owner[1]) in self.killed for owner in owners), left
        assert len(left) <= self.kills


@pytest.fixture
def killer(cai: Program, s3: S3, sky: Sky, tmp_path: Path) -> Iterator[Killer]:
    print(f"seed {SEED}")
    with fault_proxy(s3.port) as proxy:
        yield Killer(cai, s3, proxy, tmp_path / "temporary")


@pytest.mark.endurance
def test_a_run_that_is_killed_and_resumed_gives_the_bytes_of_infer(
    s3: S3, sky: Sky, killer: Killer, write: Write
) -> None:
    killer.run("run", write(sky.input("whole")), kill_within=None)
    requests = len(killer.proxy.requests)
    for number in itertools.count():
        path = f"kills/{number}"
        payload = write(sky.input(path, resume=True))
        for _ in range(killer.random.randint(1, MOST_IN_A_ROW)):
            if killer.kills == RUN_KILLS or killer.run("run", payload, kill_within=requests):
                break
        killer.run("run", payload, kill_within=None)
        sky.check(s3, path)
        assert not s3.open_uploads("results")
        killer.check_temporary_files()
        if killer.kills == RUN_KILLS:
            break


@pytest.mark.endurance
def test_killed_processes_that_are_started_again_give_the_bytes_of_infer(
    s3: S3, sky: Sky, killer: Killer, write: Write
) -> None:
    # The requests of each command, as far as known.
    requests = dict.fromkeys(["initialize", "worker", "summarize"], 10)

    def finish(command: str, event: Any) -> Any:
        """The output of the first process that is not killed."""
        path = write(event)
        while True:
            within = 2 * requests[command] if killer.kills < KILLS else None
            if result := killer.run(command, path, kill_within=within):
                requests[command] = len(killer.proxy.requests)
                return result.value

    for number in itertools.count():
        path, name = f"processes/{number}", f"run-{number}"
        begun = finish("initialize", sky.input(path, ranks=PROCESSES, run_id=name))
        items = json.loads(s3.get("results", f"{path}/{name}/items.json"))
        assert begun["run_id"] == name and len(items) == PROCESSES
        for item in items:
            finish("worker", item)
        finish("summarize", {"manifest": begun["manifest"]})
        assert sky.check(s3, path, ranks=PROCESSES)["run_id"] == name
        assert not s3.open_uploads("results")
        killer.check_temporary_files()
        if not IS_ENDURANCE or killer.kills >= KILLS:
            break
    assert killer.kills
