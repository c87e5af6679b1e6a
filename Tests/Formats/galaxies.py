"""The demo galaxies as arrays, and the program that predicts them."""

import os
import subprocess
import zipfile
from pathlib import Path

import numpy as np

from shared_hooks import IS_ENDURANCE

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("CAI") or str(ROOT / ".build/release/cai")
DEMO = ROOT / "weights/demo-galaxies.pt"
TINY = ROOT / "Tests/Fixtures/tiny/normalcell.pt"
STORED = 512
# The galaxies that are used, the first ones: in the short form one batch and a part of one.
COUNT = STORED if IS_ENDURANCE else 160
# Seconds: the time limit of a command, far above the time needed on a machine with other work.
BOUND = 600


def demo():
    """images [COUNT, 5, 32, 32] float32, magnitudes [COUNT, 5] and redshifts [COUNT] float64, from the .pt's storages."""
    with zipfile.ZipFile(DEMO) as archive:
        parts = [archive.read(f"1/data/{key}") for key in range(3)]
    return (
        np.frombuffer(parts[0], "<f4").reshape(STORED, 5, 32, 32)[:COUNT],
        np.frombuffer(parts[1], "<f8").reshape(STORED, 5)[:COUNT],
        np.frombuffer(parts[2], "<f8")[:COUNT],
    )


def cai(*arguments, status=0, **options):
    """Runs the program, and returns its standard output and standard error."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=BOUND, **options)
    assert done.returncode == status, done.stderr
    return done


def infer(*arguments, folder, name="z.npy", **options):
    """z_phot of a run, as bits."""
    output = folder / name
    cai("infer", *arguments, "-o", output, "--quiet", **options)
    return np.load(output).view("u4")
