"""pytest hooks of Tests/Cloud and Tests/Formats: temporary files in the run's folder, and the endurance tests."""

import os
import signal
from pathlib import Path

import pytest

import run_folder

# Long tests in their full form (make test-endurance).
IS_ENDURANCE = os.environ.get("CAI_TEST_ENDURANCE") == "1"
# Of random choices. Tests that make some print it, and pytest shows that after a failure.
SEED = int(os.environ.get("CAI_TEST_SEED") or 1)
_owned: list[Path] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "endurance: short in `make test`, in full in `make test-endurance`")
    # Fixtures are torn down as after Ctrl-C: servers are ended, and files are removed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: pytest.exit(f"stopped by signal {number}", 128 + number))
    if config.option.basetemp is None:
        folder, is_owner = run_folder.make()
        if is_owner:
            _owned.append(folder)
        config.option.basetemp = str(folder / f"{config.rootpath.name}-{os.getpid()}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    while _owned:
        run_folder.remove(_owned.pop())
