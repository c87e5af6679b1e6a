"""The program for 64-bit ARM under QEMU: the golden bits, and the outputs of this machine's program, bit by bit."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy.io import fits

from conftest import FIXTURES, ROOT, WEIGHTS
from emulator import Emulator
from partitions import Galaxies
from processes import BOUND
from program import Program
from s3 import S3

DEMO = ROOT / "weights/demo-galaxies.pt"
AUTOENCODER = ROOT / "weights/astromae-mae-demo.safetensors"
TINY_GALAXIES = FIXTURES / "tiny/partition.pt"
NETWORKS = ["normalcell", "plain-vit", "kernel3", "wrapped"]


def equal(arm: Program, native: Program, folder: Path, name: str, *arguments: object) -> tuple[bytes, bytes]:
    """The output files of the same command for both architectures. `OUT` is the file's path."""
    files = []
    for label, program in (("arm", arm), ("native", native)):
        path = folder / label / name
        path.parent.mkdir(exist_ok=True)
        program.succeed(*[path if word == "OUT" else word for word in arguments])
        files.append(path.read_bytes())
    return files[0], files[1]


def test_the_program_states_architecture_and_compiler(arm: Program) -> None:
    version = arm.succeed("--version").output
    assert "(arm64, Swift 6." in version
    facts = arm.succeed("inspect", "--cpu", "--json").value
    assert facts["architecture"] == "arm64" and f"Swift {facts['swift']}" in version
    assert facts["instruction_set"]["name"] == "neon"
    assert {"asimd", "crc32"} <= set(facts["extensions"])
    # Those of x86-64 are the host's.
    assert not {"avx2", "fma", "sse4_2"} & set(facts["extensions"])


def test_sixteen_galaxies_have_the_golden_bits(emulated: Path) -> None:
    command = [sys.executable, ROOT / "scripts/golden-bits.py", "--galaxies", "16", "--cai", emulated]
    # Other features are computed from the tokens, and the autoencoder's by the same layers.
    for name in ("redshifts", "features tokens", "reconstructions", "reconstruction losses"):
        command += ["--only", name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * BOUND)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["cai", "libastrocai.so"])
def test_the_largest_hosts_can_load_it(emulated: Path, name: str) -> None:
    """Segments aligned to 64 KiB, the largest page of 64-bit ARM, and no newer glibc than Ubuntu 24.04's."""
    header = subprocess.run(["readelf", "-lW", emulated.parent / name], capture_output=True, text=True, check=True)
    loads = [line.split() for line in header.stdout.splitlines() if line.split()[:1] == ["LOAD"]]
    assert loads and all(int(load[-1], 16) >= 65536 for load in loads)
    symbols = subprocess.run(["readelf", "-VW", emulated.parent / name], capture_output=True, text=True, check=True)
    versions = {
        tuple(map(int, word.removeprefix("GLIBC_").split(".")))
        for word in symbols.stdout.split() if word.startswith("GLIBC_2.")
    }  # fmt: skip
    assert versions and max(versions) <= (2, 39)


@pytest.mark.parametrize("name", ["z.csv", "z.csv.gz", "z.jsonl", "z.npy", "z.fits", "z.h5"])
def test_predictions_are_equal(arm: Program, native: Program, tmp_path: Path, name: str) -> None:
    arguments = ["infer", TINY_GALAXIES, "-o", "OUT", "--quiet"]
    found, expected = equal(arm, native, tmp_path, name, *arguments)
    if name == "z.fits":
        tables = [fits.getdata(tmp_path / label / name, 1) for label in ("arm", "native")]
        assert tables[0].columns.names == tables[1].columns.names
        assert tables[0].tobytes() == tables[1].tobytes()
    elif name == "z.h5":
        with h5py.File(tmp_path / "arm/z.h5") as ours, h5py.File(tmp_path / "native/z.h5") as other:
            assert set(ours) == set(other)
            for key in other:
                np.testing.assert_array_equal(ours[key][()], other[key][()])
    else:
        assert found == expected


@pytest.mark.parametrize(("processor", "has_bfmmla"), [("max", True), ("cortex-a76", False)])
def test_bfloat16_is_multiplied_with_and_without_its_instruction(
    arm: Program, native: Program, tmp_path: Path, processor: str, has_bfmmla: bool
) -> None:
    """Without BFMMLA, which rounds otherwise, the bits are those of AVX2."""
    environment = {"QEMU_CPU": processor}
    facts = arm.succeed("inspect", "--cpu", "--json", environment=environment).value
    assert facts["multiplies_bfloat16"] == has_bfmmla == ("bf16" in facts["extensions"])
    common = ["infer", TINY_GALAXIES, "--quiet", "-o"]
    arm.succeed(*common, tmp_path / "arm.npy", "--precision", "bf16", environment=environment)
    native.succeed(*common, tmp_path / "native.npy", "--precision", "bf16", environment={"CAI_ISA": "avx2"})
    native.succeed(*common, tmp_path / "float32.npy")
    found, expected, exact = (np.load(tmp_path / f"{name}.npy") for name in ("arm", "native", "float32"))
    assert (found.tobytes() == expected.tobytes()) != has_bfmmla
    # Errors by rounding operands to eight bits; the sums' own are far smaller.
    assert 0 < np.abs(found - exact).max() <= 2 * np.abs(expected - exact).max()


@pytest.mark.parametrize("network", NETWORKS)
def test_tiny_networks_agree_with_pytorch(arm: Program, network: str) -> None:
    golden = FIXTURES / f"tiny/{network}.golden.safetensors"
    heads = ["--num-heads", 3] if network in ("kernel3", "wrapped") else []
    weights = FIXTURES / f"tiny/{network}.pt"
    arm.succeed("verify", "--weights", weights, "--reference", golden, TINY_GALAXIES, *heads)


def test_fits_and_hdf5_are_read(arm: Program, native: Program, tmp_path: Path) -> None:
    names = ["cube.fits", "table.fits.gz", "gzip2.fits", "rice.fits", "chunked.h5", "contiguous.h5"]
    paths = [FIXTURES / "galaxies" / name for name in names]
    found, expected = equal(arm, native, tmp_path, "z.csv", "infer", *paths, "-o", "OUT", "--quiet")
    assert found == expected and all(name.encode() in found for name in names)


def test_checksums_of_archives_are_compared(arm: Program, native: Program, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    arrays = {"images": random.random((9, 5, 32, 32), np.float32), "magnitudes": random.uniform(18, 22, (9, 5))}
    np.savez(tmp_path / "stored.npz", **arrays)
    np.savez_compressed(tmp_path / "deflated.npz", **arrays)
    for name in ("stored.npz", "deflated.npz"):
        arguments = ["infer", tmp_path / name, "-o", "OUT", "--quiet"]
        found, expected = equal(arm, native, tmp_path, name + ".npy", *arguments)
        assert found == expected
    damaged = bytearray((tmp_path / "stored.npz").read_bytes())
    damaged[5000] ^= 1
    (tmp_path / "damaged.npz").write_bytes(damaged)
    assert "checksum" in arm.run("infer", tmp_path / "damaged.npz").line.lower()


def test_files_are_described_and_converted(arm: Program, native: Program, tmp_path: Path) -> None:
    for path in (WEIGHTS, DEMO, FIXTURES / "galaxies/table.fits", FIXTURES / "galaxies/chunked.h5"):
        assert arm.succeed("inspect", path, "--json").value == native.succeed("inspect", path, "--json").value
    found, expected = equal(arm, native, tmp_path, "w.safetensors", "convert", WEIGHTS, "-o", "OUT", "--dtype", "f16")
    # The headers name the program.
    assert len(found) == len(expected) and found[-4096:] == expected[-4096:]


def test_features_and_reconstructions_are_equal(arm: Program, native: Program, tmp_path: Path) -> None:
    arguments = ["embed", TINY_GALAXIES, "-o", "OUT", "--quiet"]
    found, expected = equal(arm, native, tmp_path, "features.npy", *arguments)
    assert found == expected
    arguments = ["reconstruct", DEMO, "--weights", AUTOENCODER, "--limit", 2, "-o", "OUT", "--quiet"]
    equal(arm, native, tmp_path, "r.npz", *arguments)
    with np.load(tmp_path / "arm/r.npz") as found, np.load(tmp_path / "native/r.npz") as expected:
        assert set(found) == set(expected)
        for key in expected:
            np.testing.assert_array_equal(found[key], expected[key])


def test_ranks_are_merged(arm: Program, native: Program, tmp_path: Path) -> None:
    """One rank of each architecture: the file is that of a single process."""
    common = [TINY_GALAXIES, "--quiet", "-o", tmp_path / "z.csv"]
    for rank, program in enumerate((arm, native)):
        program.succeed("infer", *common, "--rank", rank, "--world-size", 2)
    parts = sorted(tmp_path.glob("z.rank-*.csv"))
    arm.succeed("merge", *parts, "-o", tmp_path / "merged.csv")
    native.succeed("infer", *common)
    assert (tmp_path / "merged.csv").read_bytes() == (tmp_path / "z.csv").read_bytes()


def has_rows(journal: Path) -> bool:
    """Whether a record after the first has the kind 1. Before each are 4 bytes of length and 4 of CRC-32."""
    try:
        content = journal.read_bytes()
    except FileNotFoundError:
        return False
    kinds, offset = [], 16
    while offset + 8 < len(content):
        kinds.append(content[offset + 8])
        offset += 8 + int.from_bytes(content[offset : offset + 4], "little")
    return 1 in kinds[1:]


def test_a_killed_run_is_resumed(arm: Program, native: Program, tmp_path: Path) -> None:
    common = [DEMO, "--batch-size", 2, "--threads", 1, "--quiet"]
    native.succeed("infer", *common, "-o", tmp_path / "whole.csv")
    running = arm.start("infer", *common, "-o", tmp_path / "z.csv")
    deadline = time.monotonic() + BOUND
    while not has_rows(tmp_path / "z.csv.partial"):
        assert running.process.poll() is None and time.monotonic() < deadline, "expected a journal with galaxies"
        time.sleep(0.01)
    running.process.kill()
    assert running.end().status == -9
    assert not (tmp_path / "z.csv").exists()
    resumed = arm.succeed("infer", *common, "-o", tmp_path / "z.csv", "--resume", "--json").value
    assert 0 < resumed["resumed"] < 512
    assert (tmp_path / "z.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_galaxies_are_read_from_s3(arm: Program, native: Program, s3: S3, tmp_path: Path) -> None:
    galaxies = Galaxies.demo(DEMO)
    for number in (1, 2):
        content = galaxies.rows(3 * number, 3 * number + 3).partition()
        (tmp_path / f"{number}.pt").write_bytes(content)
        s3.put("galaxies", {f"some sky/{number}.pt": content})
    arm.succeed("infer", "s3://galaxies/some sky/", "-o", "s3://results/z.npy", "--quiet", environment=arm.on(s3))
    native.succeed("infer", tmp_path / "1.pt", tmp_path / "2.pt", "-o", tmp_path / "z.npy", "--quiet")
    assert s3.get("results", "z.npy") == (tmp_path / "z.npy").read_bytes()


def test_functions_run_in_the_emulator_of_lambda(
    arm: Program, native: Program, emulated: Path, s3: S3, environment: dict[str, str], tmp_path: Path
) -> None:
    galaxies = Galaxies.demo(DEMO)
    for number in (1, 2):
        content = galaxies.rows(20 + 3 * number, 23 + 3 * number).partition()
        (tmp_path / f"{number}.pt").write_bytes(content)
        s3.put("galaxies", {f"lambda/{number}.pt": content})
    bootstrap = tmp_path / "bootstrap"
    bootstrap.symlink_to(emulated)
    own = {**environment, **arm.on(s3)}

    def invoke(handler: str, *events: Any) -> list[Any]:
        function = Emulator(bootstrap, f"cai.{handler}", tmp_path / f"{handler}.log", own)
        try:
            done = [function.invoke(event) for event in events]
        finally:
            function.stop()
        assert [invocation.error for invocation in done] == [None] * len(events), [each.value for each in done]
        return [invocation.value for invocation in done]

    event = {"bucket": "results", "data_bucket": "galaxies", "data_prefix": "lambda/", "result_path": "arm64"}
    [begun] = invoke("initialize", event)
    workers = invoke("worker", *begun["body"])
    assert len(workers) == 2
    [ended] = invoke("summarize", {"manifest": begun["manifest"], "items": begun["items"]})
    assert ended["galaxies"] == 6
    ranks = json.loads(s3.get("results", "arm64/combined_data.json"))
    assert {rank["architecture"] for rank in ranks} == {"arm64"}
    native.succeed("infer", tmp_path / "1.pt", tmp_path / "2.pt", "-o", tmp_path / "z.csv", "--quiet")
    assert s3.get("results", "arm64/predictions.csv") == (tmp_path / "z.csv").read_bytes()
