"""Shared fixtures: the program, the servers, the galaxies, and the check that no process remains."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from account import Account
from emulator import Emulator, Pool
from partitions import Galaxies
from processes import adopt_orphans, children
from program import Program, Sky
from s3 import REGION, S3, Keys
from shared_hooks import SEED, pytest_configure, pytest_unconfigure  # noqa: F401  # pytest finds them here
from step_functions import StepFunctions

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "weights/astromae-demo.safetensors"
DEMO = ROOT / "weights/demo-galaxies.pt"
# Twelve partitions of the first demo galaxies; the last is smaller.
ROWS = 16
COUNT = 11 * ROWS + 12


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the tests that check all files of the other tests last."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Set up first and so torn down last, when all processes of the tests and their children have to have ended."""
    adopt_orphans()
    yield
    left = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode() for pid in children()}
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"left behind: {left}"


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def logs(work: Path) -> Path:
    """The outputs of programs and servers, which `test_secrets.py` searches."""
    folder = work / "logs"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def environment(work: Path) -> dict[str, str]:
    """The environment of every process: without the user's settings and credentials, and without a metadata service."""
    for name in ("home", "tmp"):
        (work / name).mkdir()
    return {
        "PATH": os.environ["PATH"], "HOME": str(work / "home"), "TMPDIR": str(work / "tmp"), "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "localhost,127.0.0.1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_the_user(work: Path) -> None:
    """Removes the user's settings for boto3 in this process."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, NO_PROXY="*")


@pytest.fixture(scope="session")
def program() -> Path:
    path = Path(os.environ.get("CAI") or ROOT / ".build/release/cai").resolve()
    assert path.is_file(), f"{path}: expected the program; 'make build' builds it"
    return path


@pytest.fixture(scope="session")
def weights(program: Path, environment: dict[str, str], work: Path) -> Path:
    """The demo's weights as `cai convert` writes them, as in the container image: the bits of every redshift are the
    same, and a process takes a sixth of the time to load them."""
    path = work / "weights.safetensors"
    subprocess.run([program, "convert", WEIGHTS, "-o", path, "--quiet"], check=True, stdin=subprocess.DEVNULL, env=environment)
    return path


@pytest.fixture(scope="session")
def cai(program: Path, environment: dict[str, str], weights: Path, logs: Path) -> Program:
    return Program(program, {**environment, "CAI_WEIGHTS": str(weights)}, logs)


@pytest.fixture(scope="session")
def keys() -> Keys:
    """Credentials with a session token, as in AWS Lambda."""
    return Keys.random(with_token=True)


@pytest.fixture(scope="session")
def s3(work: Path, logs: Path, keys: Keys, environment: dict[str, str]) -> Iterator[S3]:
    """Lists keys in pages of five."""
    server = S3(work / "s3", logs / "s3.log", keys, environment, page=5)
    server.make_bucket("results")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def galaxies() -> Galaxies:
    return Galaxies.demo(DEMO)


@pytest.fixture(scope="session")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    """Twelve partitions, and other objects beside them."""
    parts = galaxies.rows(0, COUNT).split(ROWS)
    files = {f"{index}.pt": part.partition() for index, part in enumerate(parts, 1)}
    assert len(files) == 12
    s3.make_bucket("galaxies")
    others = {"100MB/README.txt": b"none", "100MB-old/1.pt": files["2.pt"], "1.pt": files["3.pt"]}
    s3.put("galaxies", {f"100MB/{name}": content for name, content in files.items()} | others)
    return make_sky(cai, work / "sky", "galaxies", "100MB", files, COUNT)


def make_sky(cai: Program, folder: Path, bucket: str, prefix: str, files: dict[str, bytes], count: int) -> Sky:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    predictions = folder / "predictions.csv"
    cai.succeed("infer", folder, "-o", predictions, "--quiet")
    return Sky(bucket, prefix, list(files), count, predictions.read_bytes())


def make_tiny_sky(
    s3: S3, cai: Program, galaxies: Galaxies, folder: Path, bucket: str, partitions: int, most: int = 4
) -> Sky:
    """Partitions `sky/1.pt`, ... with one to `most` galaxies each."""
    random, files, start = Random(SEED), {}, 0
    for number in range(1, partitions + 1):
        end = start + random.randint(1, most)
        files[f"{number}.pt"] = galaxies.rows(start, end).partition()
        start = end
    assert start <= len(galaxies)
    s3.make_bucket(bucket)
    s3.put(bucket, {f"sky/{name}": content for name, content in files.items()})
    return make_sky(cai, folder, bucket, "sky", files, start)


@pytest.fixture(scope="session")
def damaged(s3: S3, sky: Sky, work: Path) -> Sky:
    """The same with a truncated fifth partition."""
    s3.make_bucket("damaged")
    files = {name: (work / "sky" / name).read_bytes() for name in sky.names}
    files["5.pt"] = files["5.pt"][: len(files["5.pt"]) // 2]
    s3.put("damaged", {f"100MB/{name}": content for name, content in files.items()})
    return Sky("damaged", sky.prefix, sky.names, sky.galaxies, sky.predictions)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], Path]:
    """Writes a value to a JSON file."""

    def write_one(value: Any) -> Path:
        path = tmp_path / f"event-{len(list(tmp_path.iterdir()))}.json"
        path.write_text(json.dumps(value))
        return path

    return write_one


@pytest.fixture(scope="session")
def bootstrap(work: Path, program: Path) -> Path:
    """A link to the program with the name that Lambda starts."""
    folder = work / "task"
    folder.mkdir()
    path = folder / "bootstrap"
    path.symlink_to(program)
    return path


@pytest.fixture(scope="session")
def account(logs: Path) -> Iterator[Account]:
    server = Account(logs)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def functions(
    bootstrap: Path, s3: S3, account: Account, environment: dict[str, str], weights: Path, logs: Path
) -> Iterator[dict[str, Pool]]:
    """The three functions by their names in the state machine; `cai.worker` has two environments."""
    own = {
        **environment, **s3.keys.environment, "AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_LAMBDA": account.endpoint, "CAI_WEIGHTS": str(weights),
    }  # fmt: skip
    pools: dict[str, Pool] = {}
    try:
        for handler, count in {"initialize": 1, "worker": 2, "summarize": 1}.items():
            pool = pools[f"{handler.capitalize()}Function"] = Pool([])
            for number in range(count):
                log = logs / f"function-{handler}-{number}.log"
                pool.add(Emulator(bootstrap, f"cai.{handler}", log, own))
        yield pools
    finally:
        for pool in pools.values():
            pool.stop()


@pytest.fixture(scope="session")
def step_functions(s3: S3, environment: dict[str, str], logs: Path) -> Iterator[StepFunctions]:
    service = StepFunctions(s3, logs / "step-functions.log", environment)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def state_machine(step_functions: StepFunctions, functions: dict[str, Pool]) -> str:
    """The ARN of the deployed state machine."""
    return step_functions.create("cai", ROOT / "deploy/state-machine.asl.json", functions)
