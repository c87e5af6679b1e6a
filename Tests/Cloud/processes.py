"""Servers as child processes: on free ports, with their output in files, ended by id."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

# Seconds: the time limit of every wait, far above the time needed on a machine with other work.
BOUND = 300
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Makes this process the parent of its children's orphans, so that `children` lists them."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def end_with_parent(number: int = signal.SIGTERM) -> None:
    """Called in a new child process: it gets that signal when the thread that started it ends for any reason."""
    _libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)


def alive() -> Iterator[tuple[int, int, int]]:
    """The id, parent id and session id of every running process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # pid (name) state parent group session ...; the name can contain any character.
                state, parent, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            except OSError:  # it ended meanwhile
                continue
            if state not in "ZX":
                yield int(entry.name), int(parent), int(session)


def children() -> list[int]:
    """The ids of this process's running children."""
    return [pid for pid, parent, _ in alive() if parent == os.getpid()]


def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(url: str) -> bool:
    """Whether a server responds, with any status."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


class Server:
    """A process in a new session; `stop` ends it and all processes that it has started."""

    def __init__(
        self, command: Sequence[object], log: Path, environment: dict[str, str], ready: Callable[[], bool],
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment, cwd=folder, start_new_session=True,
                # If the tests are killed, their servers are killed too.
                preexec_fn=lambda: end_with_parent(signal.SIGKILL),
            )  # fmt: skip
        try:
            deadline = time.monotonic() + BOUND
            while not ready():
                if self.process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with {self.process.returncode}; see {log}\n{self.tail()}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} is not ready after {BOUND} s; see {log}\n{self.tail()}")
                time.sleep(0.02)
        except BaseException:
            self.stop()
            raise

    def members(self) -> list[int]:
        """The ids of the session's processes."""
        return sorted(pid for pid, _, session in alive() if session == self.process.pid)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        self.process.terminate()
        if not self._ended(30):
            for pid in self.members():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            if not self._ended(30):
                raise RuntimeError(f"processes do not end: {self.members()}")

    def _ended(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.process.poll() is None or self.members():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True
