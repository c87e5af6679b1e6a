"""The folder of one run of the tests: everything temporary is in it, and it is removed when the run ends.

`$TMPDIR/cai-tests-PID-START`, after the process that made it: its id, and when it was started, in ticks since the boot.
A run that was killed cannot remove its folder; the next run does, since no process has that id and that start any more.
Tests in Swift follow the same rules (Tests/TestSupport/RunFolder.swift). With CAI_TEST_KEEP=1 folders are kept.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

# Names the folder to the processes that the run starts.
VARIABLE = "CAI_TEST_FOLDER"
_NAME = re.compile(r"cai-tests-(\d+)-(\d+)")


def _start(pid: int) -> str | None:
    """When a process was started: field 22 of its `stat`, whose second one, in parentheses, may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def make() -> tuple[Path, bool]:
    """The folder, and whether it was made here: then this process has to remove it."""
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
    """Of what belongs to another user, and of what a process still writes, as much as can be removed."""
    if os.environ.get("CAI_TEST_KEEP"):
        print(f"kept: {folder}")
        return
    # A test of a full disk mounts one.
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in mounts:
        if mount.startswith(f"{folder}/"):
            subprocess.run(["umount", mount], check=False)
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
