"""A complete fan-out by `cai run`, with partitions and results in S3."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import COUNT, ROWS, WEIGHTS, make_sky
from partitions import Galaxies
from program import Program, Sky
from s3 import S3

Write = Callable[[Any], Path]


def test_twelve_partitions_give_the_bits_of_infer(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    result = cai.succeed("run", write(sky.input("twelve")), "--json", environment=cai.on(s3))
    summary = sky.check(s3, "twelve")
    assert result.value["galaxies"] == summary["galaxies"] == sky.galaxies
    items = json.loads(s3.get("results", f"twelve/{summary['run_id']}/items.json"))
    assert [item["DATA_PATH"] for item in items] == [f"100MB/{index}.pt" for index in range(1, 13)]
    assert [item["RANK"] for item in items] == [str(rank) for rank in range(12)]


def test_a_run_may_have_fewer_or_more_ranks_than_partitions(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    cai.succeed("run", write(sky.input("five-ranks", world_size="5")), environment=cai.on(s3))
    sky.check(s3, "five-ranks", ranks=5)
    cai.succeed("run", write(sky.input("fourteen-ranks", world_size="14")), environment=cai.on(s3))
    sky.check(s3, "fourteen-ranks", ranks=14)


def test_initialize_worker_and_summarize_read_event_files(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    begun = cai.succeed("initialize", write(sky.input("by-hand", ranks=3)), environment=cai.on(s3)).value
    assert begun["statusCode"] == 200 and begun["ranks"] == 3
    for item in begun["body"]:
        result = cai.succeed("worker", write(item), environment=cai.on(s3)).value
        assert result == json.loads(s3.get("results", f"by-hand/{begun['run_id']}/{item['RANK']}.json"))
    cai.succeed("summarize", write({"manifest": begun["manifest"]}), environment=cai.on(s3))
    sky.check(s3, "by-hand", ranks=3)


def test_concurrent_runs_are_independent(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    first = cai.start("run", write(sky.input("at-once/a")), environment=cai.on(s3))
    second = cai.start("run", write(sky.input("at-once/b", ranks=4)), environment=cai.on(s3))
    assert [first.end().status, second.end().status] == [0, 0]
    sky.check(s3, "at-once/a")
    sky.check(s3, "at-once/b", ranks=4)


def test_results_of_another_run_are_refused(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    cai.succeed("run", write(sky.input("taken", ranks=2)), environment=cai.on(s3))
    before = s3.etags("results", "taken/")
    line = cai.run("run", write(sky.input("taken", ranks=3)), environment=cai.on(s3)).line
    assert "taken" in line and "overwrite" in line
    assert s3.etags("results", "taken/") == before
    cai.succeed("run", write(sky.input("taken", ranks=3, overwrite=True)), environment=cai.on(s3))
    sky.check(s3, "taken", ranks=3)


def test_a_corrupt_partition_fails_the_run_and_resume_repeats_only_it(
    cai: Program, s3: S3, damaged: Sky, work: Path, write: Write
) -> None:
    failed = cai.run("run", write(damaged.input("corrupt")), environment=cai.on(s3))
    assert failed.status == 1
    assert "100MB/5.pt" in failed.errors and "1 of 12 ranks failed" in failed.errors
    summary = json.loads(s3.get("results", "corrupt/summary.json"))
    assert [entry["rank"] for entry in summary["failed_ranks"]] == [4]
    # The results of the other ranks are complete; there is no table, which would look like one of all.
    assert not [key for key in s3.etags("results", "corrupt/predictions")]
    own = f"corrupt/{summary['run_id']}"
    assert "5.pt" in json.loads(s3.get("results", f"{own}/errors/4.json"))["message"]
    written = {rank: s3.modified("results", f"{own}/{rank}.json") for rank in range(12) if rank != 4}

    s3.put(damaged.bucket, {"100MB/5.pt": (work / "sky/5.pt").read_bytes()})
    try:
        cai.succeed("run", write(damaged.input("corrupt", resume=True)), environment=cai.on(s3))
    finally:
        content = (work / "sky/5.pt").read_bytes()
        s3.put(damaged.bucket, {"100MB/5.pt": content[: len(content) // 2]})
    damaged.check(s3, "corrupt")
    assert {rank: s3.modified("results", f"{own}/{rank}.json") for rank in written} == written


def test_a_corrupt_partition_is_tolerated_if_requested(
    cai: Program, s3: S3, damaged: Sky, write: Write
) -> None:
    payload = write(damaged.input("tolerated", tolerated_failure_percentage=10))
    result = cai.succeed("run", payload, environment=cai.on(s3))
    assert "100MB/5.pt" in result.errors
    summary = json.loads(s3.get("results", "tolerated/summary.json"))
    assert (summary["failed"], summary["galaxies"]) == (1, COUNT - ROWS)
    assert len(json.loads(s3.get("results", "tolerated/combined_data.json"))) == 11
    kept = [line for line in damaged.predictions.splitlines() if line not in damaged.rows("5.pt")]
    assert s3.get("results", "tolerated/predictions.partial.csv").splitlines() == kept
    assert summary["predictions"]["key"] == "tolerated/predictions.partial.csv"
    assert "tolerated/predictions.csv" not in s3.etags("results", "tolerated/predictions")

    payload = write(damaged.input("not-tolerated", tolerated_failure_percentage=8))
    assert cai.run("run", payload, environment=cai.on(s3)).status == 1


def test_keys_may_have_spaces_plus_percent_and_unicode(
    cai: Program, s3: S3, galaxies: Galaxies, work: Path, write: Write
) -> None:
    names = ["1 a+b.pt", "2 50%.pt", "3 Größe.pt", "4 星系.pt", "5 (x)=&'.pt"]
    files = {name: part.partition() for name, part in zip(names, galaxies.rows(0, 15).split(3))}
    prefix = "ciel étoilé/a+b"
    s3.make_bucket("names")
    s3.put("names", {f"{prefix}/{name}": content for name, content in files.items()})
    sky = make_sky(cai, work / "names", "names", prefix, files, 15)
    cai.succeed("run", write(sky.input("ergebnis ü+1")), environment=cai.on(s3))
    sky.check(s3, "ergebnis ü+1")


def test_weights_are_read_from_s3(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    s3.make_bucket("models")
    s3.put("models", {"demo/weights.safetensors": WEIGHTS.read_bytes()})
    payload = write(sky.input("weights", ranks=2, weights="s3://models/demo/weights.safetensors"))
    cai.succeed("run", payload, environment={**cai.on(s3), "CAI_WEIGHTS": "/nowhere"})
    sky.check(s3, "weights", ranks=2)


def test_infer_reads_and_writes_s3(cai: Program, s3: S3, sky: Sky) -> None:
    cai.succeed("infer", "s3://galaxies/100MB/", "-o", "s3://results/infer/z.csv", environment=cai.on(s3))
    assert s3.get("results", "infer/z.csv") == sky.predictions


def test_split_writes_partitions_to_s3(
    cai: Program, s3: S3, sky: Sky, galaxies: Galaxies, write: Write, tmp_path: Path
) -> None:
    s3.make_bucket("split")
    whole = tmp_path / "whole.pt"
    whole.write_bytes(galaxies.rows(0, COUNT).partition())
    cai.succeed("split", whole, "-o", "s3://split/small/", "--rows", ROWS, environment=cai.on(s3))
    assert set(s3.etags("split")) == {f"small/{index}.pt" for index in range(1, 13)}
    ours = Sky("split", "small", sky.names, sky.galaxies, sky.predictions)
    cai.succeed("run", write(ours.input("split-run")), environment=cai.on(s3))
    ours.check(s3, "split-run")


@pytest.mark.parametrize("more, words", [({"data_prefix": "50MB"}, "50MB"), ({"data_bucket": "nowhere"}, "nowhere")])
def test_a_run_without_partitions_is_an_error_of_one_line(
    cai: Program, s3: S3, sky: Sky, write: Write, more: dict[str, str], words: str
) -> None:
    line = cai.run("run", write({**sky.input("nothing"), **more}), environment=cai.on(s3)).line
    assert words in line
    assert not s3.etags("results", "nothing/")


def test_a_report_is_read_from_and_written_to_s3(cai: Program, s3: S3, sky: Sky, write: Write, tmp_path: Path) -> None:
    cai.succeed("run", write(sky.input("drawn", ranks=2)), environment=cai.on(s3))
    page = tmp_path / "run.html"
    written = cai.succeed("report", "s3://results/drawn", "-o", page, "--json", environment=cai.on(s3)).value
    assert written["galaxies"] == COUNT and written["runs"] == 1
    text = page.read_text()
    assert "Predicted against spectroscopic redshift" in text and "Calls to the store" in text
    # A report of the predictions only; the page is an object as well.
    cai.succeed("report", "s3://results/drawn/predictions.csv", "-o", "s3://results/page.html", environment=cai.on(s3))
    alone = s3.get("results", "page.html").decode()
    assert f"{COUNT} galaxies" in alone and "Calls to the store" not in alone
    assert "found neither" in cai.run("report", "s3://results/nothing", "-o", page, environment=cai.on(s3)).line
