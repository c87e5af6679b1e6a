"""Workers that reach Lambda's deadline keep what they have finished, and the state machine starts them again."""

import json
from dataclasses import dataclass
from pathlib import Path

from conftest import ROOT, make_sky
from emulator import Emulator, Pool
from fault_proxy import Exchange, Fault, fault_proxy
from partitions import Galaxies
from program import Program
from s3 import REGION, S3
from step_functions import StepFunctions

# Of a worker: enough to load the weights also on a machine with other work; the test waits for its end once.
SECONDS = 8


@dataclass
class Late(Fault):
    """The first range that begins within these bytes arrives after the deadline."""

    times: int = 1
    start: int = 0
    end: int = 0

    def fits(self, exchange: Exchange) -> bool:
        given = exchange.handler.headers.get("Range") or ""
        first = given.removeprefix("bytes=").split("-")[0]
        return exchange.is_download and first.isdigit() and self.start <= int(first) < self.end

    def spoil(self, exchange: Exchange) -> None:
        exchange.wait(10 * SECONDS)
        exchange.hang_up(reset=False)


def test_a_split_partition_survives_a_deadline(
    step_functions: StepFunctions, functions: dict[str, Pool], bootstrap: Path, environment: dict[str, str], cai: Program,
    s3: S3, galaxies: Galaxies, weights: Path, work: Path, logs: Path,
) -> None:  # fmt: skip
    content = galaxies.partition()
    s3.make_bucket("large")
    s3.put("large", {"sky/1.pt": content})
    sky = make_sky(cai, work / "large", "large", "sky", {"1.pt": content}, len(galaxies))
    # In the rows of rank 0, not of rank 1.
    late = Late(start=len(content) // 5, end=len(content) * 2 // 5)
    with fault_proxy(s3.port, late) as proxy:
        pool = Pool([])
        own = {
            **environment, **s3.keys.environment, "AWS_ENDPOINT_URL_S3": proxy.endpoint, "AWS_REGION": REGION,
            "CAI_WEIGHTS": str(weights),
        }  # fmt: skip
        try:
            pool.add(Emulator(bootstrap, "cai.worker", logs / "function-late.log", own, timeout=SECONDS))
            machine = step_functions.create(
                "late", ROOT / "deploy/state-machine.asl.json", {**functions, "WorkerFunction": pool}
            )
            event = sky.input("late", rank_galaxies=256, batch_size=16)
            ended = step_functions.wait(step_functions.start(machine, "late", event))
        finally:
            pool.stop()
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert late.strikes == 1
    # A loaded machine may need further attempts, of either rank.
    assert [event["RANK"] for event in pool.invocations].count("0") >= 2
    assert s3.get("results", "late/predictions.csv") == sky.predictions
    results = json.loads(s3.get("results", "late/combined_data.json"))
    assert [result["data_rows"] for result in results] == [[[0, 256]], [[256, 512]]]
    assert results[0]["attempts"] >= 2
    assert 0 < results[0]["earlier_galaxies"] < 256
    assert not [key for key in s3.etags("results", "late/") if "/partial/" in key]
