"""Runs give the same results in bounded time although a proxy between the program and S3 injects faults."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import make_sky
from fault_proxy import (
    Corrupted, Cropped, Crowded, DuplicatedPages, EndlessPages, Fault, LostAnswer, Reset, Short, SlowFirstByte, Stall,
    Storm, fault_proxy,
)  # fmt: skip
from partitions import Galaxies
from program import Program, Sky
from s3 import S3

Write = Callable[[Any], Path]

SURVIVED: dict[str, Callable[[], list[Fault]]] = {
    "503 storm": lambda: [Storm()],
    "429 with Retry-After": lambda: [Storm(1, 429, "TooManyRequests", retry_after=1, suffix="/3.pt")],
    "503 for more than two downloads at a time": lambda: [Crowded()],
    "500, 502 and 504": lambda: [Storm(1, 500), Storm(1, 502, suffix=".pt"), Storm(1, 504, suffix=".csv")],
    "reset in mid-body": lambda: [Reset()],
    "reset after the header": lambda: [Reset(part=0)],
    "stall in mid-body": lambda: [Stall(suffix="/3.pt")],
    "last byte missing": lambda: [Short()],
    "most of the body missing": lambda: [Short(missing=1 << 40)],
    "fewer bytes than the range": lambda: [Cropped()],
    "a bit flipped": lambda: [Corrupted(times=1)],
    "duplicated pages": lambda: [DuplicatedPages()],
    "slow first byte": lambda: [SlowFirstByte(suffix="/3.pt", seconds=1)],
    "answers to uploads lost": lambda: [LostAnswer()],
    "several at once": lambda: [Storm(times=1), Reset(times=1), Short(times=1), LostAnswer(times=1), DuplicatedPages()],
}


@pytest.fixture(scope="module")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    """Six partitions: their listing has two pages, and the third is fetched in several ranges."""
    rows = [(0, 4), (4, 8), (8, 68), (68, 72), (72, 76), (76, 80)]
    files = {f"{index}.pt": galaxies.rows(*span).partition() for index, span in enumerate(rows, 1)}
    s3.make_bucket("few")
    s3.put("few", {f"sky/{name}": content for name, content in files.items()})
    return make_sky(cai, work / "few", "few", "sky", files, 80)


@pytest.mark.parametrize("name", SURVIVED)
def test_results_are_unchanged_by_faults(cai: Program, s3: S3, sky: Sky, write: Write, name: str) -> None:
    faults = SURVIVED[name]()
    path = f"faults/{name}"
    with fault_proxy(s3.port, *faults) as proxy:
        cai.succeed("run", write(sky.input(path)), environment=cai.at(proxy.endpoint, s3))
    assert all(fault.strikes for fault in faults), f"not every fault occurred: {faults}"
    sky.check(s3, path)


def test_endless_refusals_end_with_one_line(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    with fault_proxy(s3.port, Storm(times=1_000_000, status=500, code="InternalError")) as proxy:
        environment = {**cai.at(proxy.endpoint, s3), "AWS_MAX_ATTEMPTS": "6"}
        line = cai.run("run", write(sky.input("storm")), environment=environment).line
    assert "500" in line and "InternalError" in line


def test_an_endless_listing_is_an_error(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    with fault_proxy(s3.port, EndlessPages()) as proxy:
        environment = {**cai.at(proxy.endpoint, s3), "AWS_MAX_ATTEMPTS": "6"}
        line = cai.run("run", write(sky.input("endless")), environment=environment).line
    assert "s3://" in line


def test_refused_requests_are_not_retried(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    storm = Storm(times=1_000_000, status=403, code="AccessDenied")
    with fault_proxy(s3.port, storm) as proxy:
        assert "denied" in cai.run("run", write(sky.input("no")), environment=cai.at(proxy.endpoint, s3)).line
        assert len(proxy.requests) == 1
