#!/usr/bin/env python3
"""Runs all tests: `make test`. With --endurance, the long tests in their full form: `make test-endurance`.

The Python wheel is built first. Then the tests in Python, which mostly wait, run in two lanes beside the build and the
tests in Swift. Their output is printed when they have ended, that of the Swift tests at once. A line of progress is
printed at least every 30 s, and the time of each part before the last line, which is that of Swift Testing. Exit status
0: every part passed.

Temporary files are in one folder (Tests/Python/run_folder.py), which is removed at the end, also after Ctrl-C or
SIGTERM.
"""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Python"))
sys.dont_write_bytecode = True

import run_folder  # noqa: E402
from parts import Part, clock, run_and_end, run_lanes, say  # noqa: E402

MAKE = ["make", "--no-print-directory"]


def earlier() -> list[str]:
    """Times of previous steps, from the file of .ci/run: seconds and name."""
    path = os.environ.get("CAI_TEST_TIMES")
    lines = Path(path).read_text().splitlines() if path else []
    return [f"{name:<24.24} {clock(float(seconds)):>6}" for seconds, _, name in (line.partition(" ") for line in lines)]


def run_all(is_endurance: bool) -> int:
    only = ["-m", "endurance"] if is_endurance else []
    # Tests/Formats waits for the environment if it is not complete.
    package = [
        Part("Python package", ["Python/tests/run.sh", *only]),
        Part("Tests/Formats", ["Tests/Formats/run.sh", *only]),
    ]
    cloud = [
        Part("Python environment", ["Tests/Python/environment.sh"], needed=True),
        Part("Tests/Cloud", ["Tests/Cloud/run.sh", *only]),
    ]
    if is_endurance:
        package.append(Part("Python/home", ["Python/home/run.sh"]))
    else:
        cloud.append(Part("Tests/Pages", ["Tests/Pages/run.sh"]))
        soak = ["-m", "unittest", "discover", "--quiet", "--start-directory", "Benchmarks/soak"]
        cloud.append(Part("Benchmarks/soak", [sys.executable, *soak]))
        cloud.append(Part("golden bits", ["scripts/golden-bits.py"]))
    # First, since it uses the build folder of the Swift tests.
    wheel = Part("Python wheel", [*MAKE, "wheel"], brief=True)
    build = Part("build of the Swift tests", [*MAKE, "build-tests"], brief=True, needed=True)
    chosen = ["--filter", "Endurance"] if is_endurance else []
    # Not by `swift test`, which keeps the build folder locked until the tests have ended.
    bundle = ["env", "NO_COLOR=1", ".build/release/caiPackageTests.xctest", "--testing-library", "swift-testing"]
    tests = Part("Swift tests", [*bundle, *chosen], shown=True)
    parts = [wheel, *package, *cloud, build, tests]

    seconds = run_lanes([[wheel]], stops_all=False)
    lanes = [cloud, [build, tests]]
    if wheel.status == 0:
        lanes.append(package)
    seconds += run_lanes(lanes, stops_all=False)
    failed = [part.name for part in parts if part.status != 0]
    lines = [*tests.failures, "", *earlier(), *(part.row for part in parts)]
    say("\n".join([*lines, f"{'in all':<24} {clock(seconds):>6}", ""]))
    if failed:
        say(f"failed: {', '.join(failed)}")
    if tests.closing:
        say(tests.closing)
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endurance", action="store_true", help="run only the long tests, in their full form")
    is_endurance = parser.parse_args().endurance
    folder, is_owner = run_folder.make()
    # The tests run the release build, as users do.
    os.environ.setdefault("CAI", str(ROOT / ".build/release/cai"))
    os.environ["CAI_TEST_ENDURANCE"] = "1" if is_endurance else "0"
    return run_and_end(lambda: run_all(is_endurance), lambda: run_folder.remove(folder) if is_owner else None)


if __name__ == "__main__":
    sys.exit(main())
