"""The fan-out under engines that map a command over the items: the blocks of docs/ENGINES.md, over folders as buckets."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from processes import BOUND
from program import Program
from shared_hooks import IS_ENDURANCE

DOCUMENT = ROOT / "docs/ENGINES.md"
WEIGHTS = ROOT / "Tests/Fixtures/tiny/normalcell.pt"
REQUIREMENTS = ROOT / "Tests/Python/requirements-engines.txt"
ITEMS = 16
RUN_HERE = ["Python processes", "GNU parallel", "Dask"]
NOT_RUN_HERE = ["Ray", "Spark", "Airflow"]


def sections() -> dict[str, str]:
    """The text below each heading."""
    parts = re.split(r"^## (.+)\n", DOCUMENT.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(section: str) -> list[tuple[str, str]]:
    """The language and the code of each block of a section."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", sections()[section], flags=re.MULTILINE | re.DOTALL)


class Engine:
    """A folder like a checkout, in which blocks of the document are executed. The network is a small one."""

    def __init__(self, cai: Program, folder: Path) -> None:
        (folder / "weights").symlink_to(ROOT / "weights")
        programs = folder / "bin"
        programs.mkdir()
        (programs / "cai").symlink_to(cai.path)
        (programs / "python3").symlink_to(sys.executable)
        self.folder, self.cai = folder, cai
        self.environment = {
            **cai.environment, "PATH": f"{programs}:{cai.environment['PATH']}", "CAI_WEIGHTS": str(WEIGHTS),
            "STORE": f"file://{folder}/store",
        }  # fmt: skip
        # The link to Python does not find the packages of its environment.
        self.environment["PYTHONPATH"] = ":".join(path for path in sys.path if path.endswith("site-packages"))

    def execute(self, section: str) -> None:
        """Writes the section's modules, which begin with their name, and runs its commands."""
        found = blocks(section)
        assert found, f"{DOCUMENT}: no block below {section}"
        for language, code in found:
            if language == "python":
                name = re.match(r"# (\w+\.py)\n", code)
                assert name, f"{DOCUMENT}: {section}: a module without a name"
                (self.folder / name[1]).write_text(code)
                continue
            assert language == "sh"
            done = subprocess.run(
                ["sh", "-e", "-c", code], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=BOUND,
            )  # fmt: skip
            assert done.returncode == 0, f"{section}: {code}{done.stdout}{done.stderr}"

    def check(self, section: str) -> None:
        """The whole run by that engine gives the bytes of one command."""
        for part in ["Begin", "Items", section, "End"]:
            self.execute(part)
        expected = self.folder / "expected.csv"
        data = self.folder / "store/data/sky"
        self.cai.succeed("infer", data, "-o", expected, "--quiet", environment=self.environment)
        results = self.folder / "store/results/run"
        assert (results / "predictions.csv").read_bytes() == expected.read_bytes()
        summary = json.loads((results / "summary.json").read_text())
        assert (summary["ranks"], summary["failed"]) == (ITEMS, 0)


@pytest.fixture
def engine(cai: Program, tmp_path: Path) -> Engine:
    return Engine(cai, tmp_path)


def test_every_engine_of_the_document_is_tested_or_marked() -> None:
    assert list(sections()) == ["Begin", "Items", *RUN_HERE, *NOT_RUN_HERE, "End"]
    for name, text in sections().items():
        assert ("*Not run here.*" in text) == (name in NOT_RUN_HERE), name
        for language, code in blocks(name):
            if language == "python":
                compile(code, name, "exec")


def test_python_processes_give_the_bytes_of_one_command(engine: Engine) -> None:
    engine.check("Python processes")


def test_gnu_parallel_gives_the_bytes_of_one_command(engine: Engine) -> None:
    if shutil.which("parallel", path=engine.environment["PATH"]) is None:
        pytest.skip("GNU parallel is not installed: scripts/install-packages.sh --engines")
    engine.check("GNU parallel")


@pytest.mark.endurance
def test_dask_gives_the_bytes_of_one_command(engine: Engine, tmp_path: Path) -> None:
    if not IS_ENDURANCE:
        pytest.skip("Dask is installed and run by make test-endurance only")
    folder = tmp_path / "packages"
    install = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder,
         "--requirement", REQUIREMENTS], capture_output=True, text=True, timeout=BOUND,
    )  # fmt: skip
    if install.returncode != 0:
        pytest.skip(f"Dask cannot be installed: {install.stderr.strip().splitlines()[-1:]}")
    engine.environment["PYTHONPATH"] += f":{folder}"
    engine.check("Dask")
