"""Servers as child processes: on ports of their own, with their output in files, ended by id, none left behind."""

import ctypes
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Makes this process the parent of whatever its children leave behind, so that `children` sees it."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children() -> list[int]:
    """The ids of this process's children that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # pid (name) state parent ...; the name may hold anything.
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:  # it ended meanwhile
                continue
            if int(parent) == os.getpid() and state not in "ZX":
                found.append(int(entry.name))
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(url: str) -> bool:
    """Whether a server answers at all, whatever it says."""
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
    """A process in a group of its own; `stop` ends the group."""

    def __init__(
        self, command: Sequence[object], log: Path, environment: dict[str, str], ready: Callable[[], bool],
        folder: Path | None = None,
    ) -> None:  # fmt: skip
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment, cwd=folder, start_new_session=True,
                # Where these tests are killed themselves, their servers go with them.
                preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
            )  # fmt: skip
        try:
            deadline = time.monotonic() + 60
            while not ready():
                if self.process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with {self.process.returncode}; see {log}\n{self.tail()}")
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} is not ready after a minute; see {log}\n{self.tail()}")
                time.sleep(0.02)
        except BaseException:
            self.stop()
            raise

    def descendants(self) -> list[int]:
        """The ids of the group's processes."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if os.getpgid(int(entry.name)) == self.process.pid:
                        found.append(int(entry.name))
                except ProcessLookupError:
                    continue
        return sorted(found)

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                self.process.poll()
                if not self._group():
                    return
                time.sleep(0.02)

    def _group(self) -> bool:
        """Whether any of the group still runs. Those that the leader left behind are ours to bury."""
        try:
            while os.waitpid(-self.process.pid, os.WNOHANG) != (0, 0):
                pass
        except ChildProcessError:
            pass
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True
