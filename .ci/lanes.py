#!/usr/bin/env python3
"""Runs lanes of steps at the same time, the steps of a lane one after another: lanes.py NAME LINE ... [-- NAME LINE ...]

Each step has a name and a line of bash. Its output is printed when it has ended, and a line of progress at least every
30 s. The first failure ends all lanes, with exit status 1. The seconds and name of each step are appended to the file
$CAI_TEST_TIMES.
"""

import os
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/Python"))
sys.dont_write_bytecode = True

from parts import Part, run_and_end, run_lanes, say  # noqa: E402


def lane(words: list[str]) -> list[Part]:
    return [Part(name, ["bash", "-ec", line]) for name, line in zip(words[::2], words[1::2], strict=True)]


def main() -> int:
    groups = groupby(sys.argv[1:], lambda word: word == "--")
    lanes = [lane(list(words)) for is_separator, words in groups if not is_separator]
    run_lanes(lanes, stops_all=True)
    steps = [step for lane in lanes for step in lane]
    with open(os.environ["CAI_TEST_TIMES"], "a") as file:
        file.writelines(f"{step.seconds:.0f} {step.name}\n" for step in steps if step.status == 0)
    failed = next((step.name for step in steps if step.status not in (None, 0)), None)
    if failed:
        say(f"failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_and_end(main))
