"""More partitions than a page of a listing: 1,050 with pages of 1,000, or a tenth of both in the short form."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import make_sky
from partitions import Galaxies
from processes import BOUND
from program import Program
from s3 import S3, Keys
from shared_hooks import IS_ENDURANCE

PAGE = 1000 if IS_ENDURANCE else 100
COUNT = PAGE + PAGE // 20


@pytest.fixture
def s3(work: Path, logs: Path, keys: Keys, environment: dict[str, str]) -> Iterator[S3]:
    """Lists keys in pages of a thousand, as AWS does, or of a hundred."""
    server = S3(work / "s3-large", logs / "s3-large.log", keys, environment, page=PAGE)
    server.make_bucket("results")
    server.make_bucket("tiny")
    yield server
    server.stop()


@pytest.mark.endurance
def test_many_partitions_are_listed_run_and_summarized_and_no_rank_is_lost(
    s3: S3, cai: Program, galaxies: Galaxies, work: Path, write: Callable[[Any], Path]
) -> None:
    contents = [galaxies.rows(index, index + 1).partition() for index in range(len(galaxies))]
    files = {f"{index}.pt": contents[index % len(contents)] for index in range(1, COUNT + 1)}
    s3.put("tiny", {f"sky/{name}": content for name, content in files.items()})
    sky = make_sky(cai, work / "tiny", "tiny", "sky", files, COUNT)

    payload = sky.input("all", file_limit=None)
    cai.succeed("run", write(payload), environment=cai.on(s3), timeout=2 * BOUND)
    summary = sky.check(s3, "all")
    items = json.loads(s3.get("results", f"all/{summary['run_id']}/items.json"))
    assert [item["DATA_PATH"] for item in items] == [f"sky/{index}.pt" for index in range(1, COUNT + 1)]
