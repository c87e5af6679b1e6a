"""The blocks of docs/PYTHON.md."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/PYTHON.md"
WEIGHTS = ROOT / "weights/astromae-demo.safetensors"
GALAXIES = ROOT / "weights/demo-galaxies.pt"
#: Sections whose blocks need NumPy alone; other packages; and an engine that the tests do not install.
PLAIN = ["Quick start", "Intervals", "Threads and processes"]
HOME = ["Astropy", "Parquet", "Dask", "Ray", "qp", "RAIL"]
NOT_RUN_HERE = ["Spark"]
#: Seconds: far above the need on a machine with other work.
BOUND = 300


def sections() -> dict[str, str]:
    """The text below each heading."""
    parts = re.split(r"^## (.+)\n", DOCUMENT.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(section: str) -> list[tuple[str, str]]:
    """The language and the code of each block of a section."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", sections()[section], flags=re.MULTILINE | re.DOTALL)


def run(section: str, folder: Path) -> str:
    """Runs the blocks of a section, each in a process, beside weights and galaxies. Returns what they print."""
    for name, path in [("weights.pt", WEIGHTS), ("galaxies.pt", GALAXIES)]:
        (folder / name).symlink_to(path)
    programs = folder / "bin"
    programs.mkdir()
    (programs / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (programs / "python3").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    printed = ""
    found = blocks(section)
    assert found, f"{DOCUMENT}: no block below {section}"
    for index, (language, code) in enumerate(found):
        assert language in ("python", "sh"), language
        if language == "python":
            block = folder / f"block{index}.py"
            block.write_text(code)
            command = [sys.executable, block]
        else:
            command = ["sh", "-e", "-c", code]
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=BOUND,
        )  # fmt: skip
        assert done.returncode == 0, f"{section}:\n{code}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    return printed
