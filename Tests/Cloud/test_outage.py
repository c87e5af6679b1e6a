"""S3 is away in the middle of a run: for 60 s, in the short form for 8 s."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import make_tiny_sky
from fault_proxy import Outage, Trigger, fault_proxy
from partitions import Galaxies
from processes import BOUND
from program import Program, Sky
from s3 import S3
from shared_hooks import IS_ENDURANCE

SECONDS = 60 if IS_ENDURANCE else 8
# Fractions of the requests of a run after which S3 is away: in a worker.
FRACTIONS = [0.5]

Write = Callable[[Any], Path]


@pytest.fixture(scope="module")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    return make_tiny_sky(s3, cai, galaxies, work / "away", "away", partitions=12)


@pytest.fixture(scope="module")
def requests(s3: S3, cai: Program, sky: Sky, work: Path) -> int:
    """The number of requests of a run without an outage."""
    with fault_proxy(s3.port) as proxy:
        payload = work / "without-outage.json"
        payload.write_text(json.dumps(sky.input("without-outage")))
        cai.succeed("run", payload, environment=cai.at(proxy.endpoint, s3))
        return len(proxy.requests)


@pytest.mark.endurance
@pytest.mark.parametrize("fraction", FRACTIONS)
def test_a_run_survives_an_outage(
    cai: Program, s3: S3, sky: Sky, write: Write, requests: int, fraction: float
) -> None:
    outage, path = Outage(), f"outage/{fraction}"
    end = threading.Timer(SECONDS, outage.stop)

    def begin() -> None:
        outage.start()
        end.start()

    # The first request is answered: an endpoint that never answers is an error within seconds.
    trigger = Trigger(max(2, round(requests * fraction)), begin)
    with fault_proxy(s3.port, trigger, outage) as proxy:
        cai.succeed("run", write(sky.input(path)), environment=cai.at(proxy.endpoint, s3))
    assert trigger.strikes == 1 and outage.strikes > 1
    end.join(BOUND)
    sky.check(s3, path)
