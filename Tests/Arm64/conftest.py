"""Fixtures: the program for 64-bit ARM under QEMU, this machine's own, and a server for S3."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from program import Program
from s3 import S3, Keys
from shared_hooks import pytest_configure, pytest_unconfigure  # noqa: F401  # pytest finds them here

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/Fixtures"
# Of the tiny network, of which a process under QEMU computes hundreds of galaxies a second.
WEIGHTS = FIXTURES / "tiny/normalcell.pt"


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("arm64")


@pytest.fixture(scope="session")
def environment(work: Path) -> dict[str, str]:
    """The environment of every process: without the user's settings and credentials, and without a metadata service."""
    for name in ("home", "tmp", "logs"):
        (work / name).mkdir()
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    return {
        "PATH": os.environ["PATH"], "HOME": str(work / "home"), "TMPDIR": str(work / "tmp"), "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "localhost,127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1",
        "CAI_WEIGHTS": str(WEIGHTS),
    }  # fmt: skip


def existing(path: Path, target: str) -> Path:
    assert path.is_file(), f"{path}: expected the program; 'make {target}' builds it"
    return path


@pytest.fixture(scope="session")
def emulated() -> Path:
    """A script that runs the program for 64-bit ARM, with the libraries of that architecture."""
    return existing(ROOT / ".build-arm64/run", "arm64")


@pytest.fixture(scope="session")
def arm(emulated: Path, environment: dict[str, str], work: Path) -> Program:
    return Program(emulated, environment, work / "logs")


@pytest.fixture(scope="session")
def native(environment: dict[str, str], work: Path) -> Program:
    return Program(existing(ROOT / ".build/release/cai", "build"), environment, work / "logs")


@pytest.fixture(scope="session")
def s3(work: Path, environment: dict[str, str]) -> Iterator[S3]:
    server = S3(work / "s3", work / "logs/s3.log", Keys.random(with_token=True), environment)
    for bucket in ("galaxies", "results"):
        server.make_bucket(bucket)
    yield server
    server.stop()
