#!/usr/bin/env python3
"""Runs all tests: `make test`. With --endurance, the long tests in their full form: `make test-endurance`.

The tests in Python, which mostly wait, run in parallel with the build and the tests in Swift. Their output is printed
when they have ended, that of the Swift tests at once. A line of progress is printed at least every 30 s, and the time
of each part before the last line, which is that of Swift Testing. Exit status 0: every part passed.

Temporary files are in one folder (Tests/Python/run_folder.py). At the end, also after Ctrl-C or SIGTERM, the folder is
removed and all processes are ended.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Tests/Python"), str(ROOT / "Tests/Cloud")]
sys.dont_write_bytecode = True

import run_folder  # noqa: E402
from processes import adopt_orphans, alive, end_with_parent  # noqa: E402

SWIFT = os.environ.get("SWIFT", "swift")
CLOSING = re.compile(r"Test run with \d+ tests?\b")
# Lines of Swift Testing about the start of a test.
BEGUN = re.compile(r"^◇ (Test|Suite|Test case) .*started\.$")
PROGRESS = 30
# Seconds: the time limit of a part, far above the time needed on a machine with other work.
BOUND = 3600
_print_lock = threading.Lock()
_is_stopping = threading.Event()
_last_line = time.monotonic()


def say(text: str) -> None:
    global _last_line
    with _print_lock:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        _last_line = time.monotonic()


def clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def outcome(status: int | None) -> str:
    return "not run" if status is None else "passed" if status == 0 else f"FAILED, status {status}"


class Part:
    """A command and its result."""

    def __init__(self, name: str, command: Sequence[str], *, shown: bool = False) -> None:
        self.name, self.command, self.shown = name, command, shown
        self.last, self.closing = "", ""
        self.passed = 0
        self.status: int | None = None
        self.started = self.seconds = 0.0
        self.failures: list[str] = []

    def run(self) -> None:
        self.started = time.monotonic()
        say(f"== {self.name}: {' '.join(self.command)}")
        process = subprocess.Popen(
            self.command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", bufsize=1, start_new_session=True, preexec_fn=end_with_parent,
        )  # fmt: skip
        lines: list[str] = []
        watchdog = threading.Timer(BOUND, self.expire, [process])
        watchdog.daemon = True
        watchdog.start()
        for line in process.stdout:
            line = line.rstrip("\n")
            if not self.shown:
                self.last = line or self.last
            elif line.startswith("✔ Test "):
                self.passed += 1
                self.last = f"{self.passed} tests passed"
            if self.shown and CLOSING.search(line):
                self.closing = line
            elif self.shown:
                if line.startswith("✘"):
                    self.failures.append(line)
                if not BEGUN.match(line):
                    say(line)
            else:
                lines.append(line)
        status = process.wait()
        watchdog.cancel()
        self.seconds = time.monotonic() - self.started
        if lines:
            # The last line of a successful build is enough.
            text = lines[-1] if status == 0 and self.command[0] == SWIFT else "\n".join(lines)
            say(f"{text}\n== {self.name}: {outcome(status)}, {clock(self.seconds)}")
        self.status = status

    def expire(self, process: subprocess.Popen[str]) -> None:
        say(f"== {self.name}: expected its end within {clock(BOUND)}, found it running; its last line: {self.last}")
        end(sorted({process.pid, *descendants(process.pid)}), signal.SIGKILL)

    @property
    def row(self) -> str:
        return f"{self.name:<24} {clock(self.seconds):>6}  {outcome(self.status)}"


def in_turn(parts: Sequence[Part]) -> None:
    """Runs parts in order; the others need the first."""
    for part in parts:
        if not _is_stopping.is_set() and (parts[0] is part or parts[0].status == 0):
            part.run()


def earlier() -> list[str]:
    """Times of previous steps, from the file of .ci/run: seconds and name."""
    path = os.environ.get("CAI_TEST_TIMES")
    lines = Path(path).read_text().splitlines() if path else []
    return [f"{name:<24.24} {clock(float(seconds)):>6}" for seconds, _, name in (line.partition(" ") for line in lines)]


def progress(parts: Sequence[Part], start: float, ended: threading.Event) -> None:
    while not ended.wait(1):
        if time.monotonic() - _last_line < PROGRESS:
            continue
        running = [part for part in parts if part.started and part.status is None]
        words = [f"{part.name} {clock(time.monotonic() - part.started)} {part.last[:60]}".rstrip() for part in running]
        say(f"-- {clock(time.monotonic() - start)}: {'; '.join(words)}")


def descendants(root: int) -> list[int]:
    """The ids of a process's descendants."""
    parents = {pid: parent for pid, parent, _ in alive()}
    found: list[int] = []
    for pid in parents:
        ancestor = pid
        while ancestor in parents and ancestor != root:
            ancestor = parents[ancestor]
        if ancestor == root and pid != root:
            found.append(pid)
    return found


def end(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end_all() -> None:
    """Ends this process's descendants: by SIGTERM, and after five seconds by SIGKILL."""
    for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        end(descendants(os.getpid()), number)
        limit = time.monotonic() + seconds
        while descendants(os.getpid()) and time.monotonic() < limit:
            time.sleep(0.05)


class Stopped(BaseException):
    def __init__(self, number: int) -> None:
        self.number = number


def stop(number: int, _: object) -> None:
    _is_stopping.set()
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def run_all(is_endurance: bool) -> int:
    only = ["-m", "endurance"] if is_endurance else []
    python = [
        Part("Python environment", ["Tests/Python/environment.sh"]),
        Part("Tests/Formats", ["Tests/Formats/run.sh", *only]),
        Part("Tests/Cloud", ["Tests/Cloud/run.sh", *only]),
    ]
    if not is_endurance:
        python.append(Part("Tests/Pages", ["Tests/Pages/run.sh"]))
        python.append(Part("golden bits", ["scripts/golden-bits.py"]))
    build = Part("build of the Swift tests", [SWIFT, "build", "--build-tests"])
    chosen = ["--filter", "Endurance"] if is_endurance else []
    tests = Part("Swift tests", [SWIFT, "test", "--skip-build", "--disable-xctest", *chosen], shown=True)
    parts = [*python, build, tests]

    start = time.monotonic()
    ended = threading.Event()
    threads = [
        threading.Thread(target=in_turn, args=(python,), daemon=True),
        threading.Thread(target=in_turn, args=([build, tests],), daemon=True),
        threading.Thread(target=progress, args=(parts, start, ended), daemon=True),
    ]
    for thread in threads:
        thread.start()
    for thread in threads[:2]:
        thread.join()
    ended.set()
    threads[2].join()

    failed = [part.name for part in parts if part.status != 0]
    lines = [*tests.failures, "", *earlier(), *(part.row for part in parts)]
    say("\n".join([*lines, f"{'in all':<24} {clock(time.monotonic() - start):>6}", ""]))
    if failed:
        say(f"failed: {', '.join(failed)}")
    if tests.closing:
        say(tests.closing)
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endurance", action="store_true", help="run only the long tests, in their full form")
    is_endurance = parser.parse_args().endurance
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    adopt_orphans()
    folder, is_owner = run_folder.make()
    # The tests run the release build, as users do.
    os.environ.setdefault("CAI", str(ROOT / ".build/release/cai"))
    os.environ["CAI_TEST_ENDURANCE"] = "1" if is_endurance else "0"
    stopped: int | None = None
    status = 1
    try:
        status = run_all(is_endurance)
    except Stopped as request:
        stopped = request.number
        print(f"stopped by {signal.Signals(stopped).name}", file=sys.stderr, flush=True)
    finally:
        end_all()
        if is_owner:
            run_folder.remove(folder)
    if stopped:
        signal.signal(stopped, signal.SIG_DFL)
        os.kill(os.getpid(), stopped)
    return status


if __name__ == "__main__":
    sys.exit(main())
