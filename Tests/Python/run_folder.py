"""The folder for all temporary files of one run of the tests. It is removed when the run ends.

`$TMPDIR/cai-tests-PID-START`: id and start time (ticks since boot) of the process that created it. The folder of a run
that was killed is removed by the next run, since no process with that id and start time exists. Tests in Swift follow
the same rules (Tests/TestSupport/Processes/RunFolder.swift). With CAI_TEST_KEEP=1 folders are kept.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# The variable with the folder, for child processes.
VARIABLE = "CAI_TEST_FOLDER"
_NAME = re.compile(r"cai-tests-(\d+)-(\d+)")


def _start(pid: int) -> str | None:
    """The start time of a process: field 22 of its `stat`, whose second field, in parentheses, has any characters."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def make() -> tuple[Path, bool]:
    """The folder, and whether this process has created it and has to remove it."""
    if given := os.environ.get(VARIABLE):
        return Path(given), False
    parent = Path(tempfile.gettempdir())
    for entry in parent.iterdir():
        if (name := _NAME.fullmatch(entry.name)) and _start(int(name[1])) != name[2]:
            remove(entry)
    folder = parent / f"cai-tests-{os.getpid()}-{_start(os.getpid())}"
    folder.mkdir(mode=0o700)
    os.environ.update({VARIABLE: str(folder), "TMPDIR": str(folder)})
    tempfile.tempdir = None
    return folder, True


def remove(folder: Path) -> None:
    """Removes as much as possible: other users' files, and files that a process still writes, may remain."""
    if os.environ.get("CAI_TEST_KEEP"):
        print(f"kept: {folder}")
        return
    # A test of a full disk mounts a file system.
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in mounts:
        if mount.startswith(f"{folder}/"):
            subprocess.run(["umount", mount], check=False)
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
