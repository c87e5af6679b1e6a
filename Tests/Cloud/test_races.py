"""Two runs that begin at one `result_path` at the same time: 200 pairs, in the short form 5."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import WEIGHTS, make_tiny_sky
from fault_proxy import Latency, fault_proxy
from partitions import Galaxies
from program import Program, Sky
from s3 import S3
from shared_hooks import IS_ENDURANCE, SEED

ROUNDS = 200 if IS_ENDURANCE else 5
# Of these rounds, one in so many is run to its end.
COMPLETED = 20 if IS_ENDURANCE else 4
# Seconds: the longest delay of a request.
DELAY = 0.08

Write = Callable[[Any], Path]


@pytest.fixture(scope="module")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    return make_tiny_sky(s3, cai, galaxies, work / "raced", "raced", partitions=3)


@pytest.fixture(scope="module")
def other_weights(work: Path) -> Path:
    """The weights with another bias of the last layer: every redshift differs."""
    content = bytearray(WEIGHTS.read_bytes())
    (count,) = struct.unpack_from("<Q", content)
    first, last = json.loads(content[8 : 8 + count])["concat_block.2.bias"]["data_offsets"]
    assert last - first == 4
    struct.pack_into("<f", content, 8 + count + first, struct.unpack_from("<f", content, 8 + count + first)[0] + 0.5)
    path = work / "other-weights.safetensors"
    path.write_bytes(content)
    return path


@pytest.mark.endurance
def test_one_of_two_runs_begins_and_the_results_are_of_its_weights(
    cai: Program, s3: S3, sky: Sky, other_weights: Path, work: Path, write: Write
) -> None:
    print(f"seed {SEED}")
    table = work / "other-predictions.csv"
    cai.succeed("infer", work / "raced", "-o", table, "--quiet", "--weights", other_weights)
    skies = {str(WEIGHTS): sky, str(other_weights): replace(sky, predictions=table.read_bytes())}
    assert sky.predictions != table.read_bytes()
    with fault_proxy(s3.port, Latency(0, DELAY, SEED)) as proxy:
        for number in range(ROUNDS):
            path = f"races/{number}"
            pair = [
                cai.start(
                    "initialize", write(sky.input(path, weights=weights)), environment=cai.at(proxy.endpoint, s3)
                )
                for weights in skies
            ]
            results = dict(zip(skies, [running.end() for running in pair], strict=True))
            statuses = sorted(result.status for result in results.values())
            assert statuses == [0, 1], f"round {number}: {[result.errors for result in results.values()]}"
            weights, begun = next((name, result.value) for name, result in results.items() if result.status == 0)
            line = next(result.line for result in results.values() if result.status == 1)
            assert begun["run_id"] in line and path in line, f"round {number}: {line}"
            check_begun(s3, path, begun, weights)
            if number % COMPLETED == 0:
                for item in begun["body"]:
                    cai.succeed("worker", write(item), environment=cai.on(s3))
                cai.succeed("summarize", write(begun), environment=cai.on(s3))
                assert skies[weights].check(s3, path)["run_id"] == begun["run_id"]


def check_begun(s3: S3, path: str, begun: Any, weights: str) -> None:
    """Checks that the manifest, the items and all objects are those of the run that has begun."""
    own = f"{path}/{begun['run_id']}/items.json"
    assert set(s3.etags("results", f"{path}/")) == {f"{path}/manifest.json", own}
    manifest = json.loads(s3.get("results", f"{path}/manifest.json"))
    assert (manifest["run_id"], manifest["input"]["weights"]) == (begun["run_id"], weights)
    items = json.loads(s3.get("results", own))
    assert items == begun["body"]
    assert {(item["RUN_ID"], item["WEIGHTS"]) for item in items} == {(begun["run_id"], weights)}
