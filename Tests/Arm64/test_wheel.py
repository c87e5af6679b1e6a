"""The wheel for 64-bit ARM: its files, and the package under QEMU, by Python and NumPy of Debian for that architecture."""

import base64
import hashlib
import json
import re
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest

from conftest import FIXTURES, ROOT, WEIGHTS
from processes import BOUND
from program import Program

BUILT = ROOT / ".build-arm64"
TINY_GALAXIES = FIXTURES / "tiny/partition.pt"
AARCH64 = 183  # EM_AARCH64

PREDICT = """
import json, sys
import astrocai
galaxies = astrocai.read(sys.argv[2])
with astrocai.Model(sys.argv[1], threads=1) as model:
    redshifts, flags = model.predict(galaxies.images[:16], galaxies.magnitudes[:16])
    try:
        model.predict(galaxies.images[:, :4], galaxies.magnitudes)
    except astrocai.Error as error:
        message = str(error)
print(json.dumps({"bits": redshifts.view("u4").tolist(), "flags": flags.tolist(), "message": message,
                  "instruction_set": model.instruction_set}))
"""


@pytest.fixture(scope="module")
def wheel() -> Path:
    found = list((ROOT / "Python/dist").glob("astrocai-*_aarch64.whl"))
    assert len(found) == 1, f"expected one wheel for aarch64, found {found}: 'make wheel ARCH=arm64' writes it"
    return found[0]


@pytest.fixture(scope="module")
def package(wheel: Path, work: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work / "wheel")
    return work / "wheel"


def test_the_wheel_has_the_files_that_it_records(wheel: Path, package: Path) -> None:
    information = next(package.glob("*.dist-info"))
    tag = re.search(r"^Tag: (.+)$", (information / "WHEEL").read_text(), flags=re.MULTILINE)[1]
    assert wheel.stem.endswith(tag) and tag.startswith("py3-none-manylinux_2_")
    recorded = [line.split(",") for line in (information / "RECORD").read_text().splitlines()]
    for path, digest, size in recorded:
        content = (package / path).read_bytes()
        if not path.endswith("/RECORD"):
            assert int(size) == len(content)
            assert digest == "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert files == {path for path, *_ in recorded}
    program = next(package.glob("*.data/scripts/astrocai"))
    for path, built in [(package / "astrocai/libastrocai.so", "libastrocai.so"), (program, "cai")]:
        content = path.read_bytes()
        assert int.from_bytes(content[18:20], "little") == AARCH64
        assert content == (BUILT / built).read_bytes()


def test_python_has_the_redshifts_of_the_command_line(
    package: Path, native: Program, environment: dict[str, str], tmp_path: Path
) -> None:
    script = tmp_path / "predict.py"
    script.write_text(PREDICT)
    done = subprocess.run(
        [BUILT / "host/usr/bin/qemu-aarch64", "-L", BUILT / "root", BUILT / "root/usr/bin/python3", script, WEIGHTS,
         TINY_GALAXIES],
        env={**environment, "PYTHONPATH": str(package)}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=2 * BOUND,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    native.succeed("infer", TINY_GALAXIES, "--limit", 16, "-o", tmp_path / "z.npy", "--quiet")
    expected = np.load(tmp_path / "z.npy")
    assert len(expected) == 16 and np.array(found["bits"], np.uint32).tobytes() == expected.tobytes()
    assert found["flags"] == [0] * 16 and found["instruction_set"] == "neon"
    assert found["message"].startswith("images: expected shape [N, 5, ")
