"""Commands that run at the same time, for Tests/run.py and .ci/lanes.py.

The output of a command is printed when it has ended, or line by line if it is `shown`. A line of progress is printed at
least every 30 s. At the end, also after a failure, Ctrl-C or SIGTERM, all processes are ended.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Cloud"))

from processes import adopt_orphans, alive, end_with_parent  # noqa: E402

CLOSING = re.compile(r"Test run with \d+ tests?\b")
# Lines of Swift Testing about the start of a test.
BEGUN = re.compile(r"^◇ (Test|Suite|Test case) .*started\.$")
PROGRESS = 30
# Seconds: the time limit of a part, far above the time needed on a machine with other work.
BOUND = 3600
_print_lock = threading.Lock()
# Set when all parts are to end. Those that are then ended have no status and print no output.
stopping = threading.Event()
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
    """A command and its result.

    Parameters:
        shown: print its lines at once, those of Swift Testing without the starts of tests and the closing line; without
            that line it fails, since `swift test` ends with 0 if it finds no test.
        brief: print only the last line if it succeeds.
        needed: the parts after it in its lane are not run if it fails.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, shown: bool = False, brief: bool = False, needed: bool = False
    ) -> None:
        self.name, self.command, self.shown, self.brief, self.needed = name, command, shown, brief, needed
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
        if stopping.is_set():
            return
        if self.shown and status == 0 and not self.closing:
            say(f"== {self.name}: expected tests, found none")
            status = 1
        self.seconds = time.monotonic() - self.started
        if not self.shown:
            shown = lines[-1:] if status == 0 and self.brief else lines
            say("\n".join([*shown, f"== {self.name}: {outcome(status)}, {clock(self.seconds)}"]))
        self.status = status

    def expire(self, process: subprocess.Popen[str]) -> None:
        say(f"== {self.name}: expected its end within {clock(BOUND)}, found it running; its last line: {self.last}")
        end(sorted({process.pid, *descendants(process.pid)}), signal.SIGKILL)

    @property
    def row(self) -> str:
        return f"{self.name:<24} {clock(self.seconds):>6}  {outcome(self.status)}"


def run_lanes(lanes: Sequence[Sequence[Part]], *, stops_all: bool) -> float:
    """Runs lanes at the same time, and the parts of a lane one after another; returns the seconds.

    Parameters:
        stops_all: a failed part ends all lanes. Otherwise it ends its lane if it is `needed`.
    """
    start = time.monotonic()
    ended = threading.Event()
    threads = [threading.Thread(target=_run_lane, args=(lane, stops_all), daemon=True) for lane in lanes]
    parts = [part for lane in lanes for part in lane]
    reporter = threading.Thread(target=_progress, args=(parts, start, ended), daemon=True)
    for thread in [*threads, reporter]:
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    reporter.join()
    return time.monotonic() - start


def _run_lane(lane: Sequence[Part], stops_all: bool) -> None:
    for part in lane:
        if stopping.is_set():
            return
        part.run()
        if part.status == 0 or stopping.is_set():
            continue
        if stops_all:
            stopping.set()
            end_all()
        elif part.needed:
            return


def _progress(parts: Sequence[Part], start: float, ended: threading.Event) -> None:
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
    stopping.set()
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def run_and_end(run: Callable[[], int], cleanup: Callable[[], None] = lambda: None) -> int:
    """The exit status of `run`, after which all descendants are ended and `cleanup` is called; also after a signal, by
    which this process then ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    adopt_orphans()
    stopped: int | None = None
    status = 1
    try:
        status = run()
    except Stopped as request:
        stopped = request.number
        print(f"stopped by {signal.Signals(stopped).name}", file=sys.stderr, flush=True)
    finally:
        end_all()
        cleanup()
    if stopped:
        signal.signal(stopped, signal.SIG_DFL)
        os.kill(os.getpid(), stopped)
    return status
