#!/usr/bin/env python3
"""Runs all tests: `make test`. With --endurance, the long tests in their full form: `make test-endurance`.

The tests in Python, which mostly wait, run in two lanes beside the build and the tests in Swift. Their output is printed
when they have ended, that of the Swift tests at once. A line of progress is printed at least every 30 s, and the time
of each part before the last line, which is that of Swift Testing. Exit status 0: every part passed.

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

SWIFT = os.environ.get("SWIFT", "swift")
# A build folder of its own, so that the wheel's build runs at the same time, and so that it can have flags with which a
# build from nothing takes less processor time: whole modules, which are compiled again at each change; one compiler process
# for a module and its interface; no debug information, so that backtraces have no lines.
TESTS_BUILD = ["--scratch-path", ".build/tests", "-debug-info-format", "none"] + [
    word for flag in ("-wmo", "-num-threads", "2", "-no-emit-module-separately-wmo") for word in ("-Xswiftc", flag)
]


def earlier() -> list[str]:
    """Times of previous steps, from the file of .ci/run: seconds and name."""
    path = os.environ.get("CAI_TEST_TIMES")
    lines = Path(path).read_text().splitlines() if path else []
    return [f"{name:<24.24} {clock(float(seconds)):>6}" for seconds, _, name in (line.partition(" ") for line in lines)]


def run_all(is_endurance: bool) -> int:
    only = ["-m", "endurance"] if is_endurance else []
    # Tests/Formats waits for the environment if it is not complete.
    package = [
        Part("Python wheel", ["make", "--no-print-directory", "wheel"], brief=True),
        Part("Python package", ["Python/tests/run.sh", *only]),
        Part("Tests/Formats", ["Tests/Formats/run.sh", *only]),
    ]
    cloud = [
        Part("Python environment", ["Tests/Python/environment.sh"]),
        Part("Tests/Cloud", ["Tests/Cloud/run.sh", *only]),
    ]
    if is_endurance:
        package.append(Part("Python/home", ["Python/home/run.sh"]))
    else:
        cloud.append(Part("Tests/Pages", ["Tests/Pages/run.sh"]))
        soak = ["-m", "unittest", "discover", "--quiet", "--start-directory", "Benchmarks/soak"]
        cloud.append(Part("Benchmarks/soak", [sys.executable, *soak]))
        cloud.append(Part("golden bits", ["scripts/golden-bits.py"]))
    build = Part("build of the Swift tests", [SWIFT, "build", *TESTS_BUILD, "--product", "caiPackageTests"], brief=True)
    chosen = ["--filter", "Endurance"] if is_endurance else []
    tests = Part("Swift tests", [SWIFT, "test", *TESTS_BUILD, "--skip-build", "--disable-xctest", *chosen], shown=True)
    parts = [*package, *cloud, build, tests]

    seconds = run_lanes([package, cloud, [build, tests]], stops_all=False)
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
