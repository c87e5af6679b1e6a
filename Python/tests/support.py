"""The demo galaxies and weights, and results of the command line."""

import csv
import os
import subprocess
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CAI = os.environ["CAI"]
WEIGHTS = ROOT / "weights/astromae-demo.safetensors"
AUTOENCODER = ROOT / "weights/astromae-mae-demo.safetensors"
DEMO = ROOT / "weights/demo-galaxies.pt"


def cai(*arguments: object) -> str:
    """Runs the command line; returns its standard output."""
    command = [CAI, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


def saved(folder: Path, **arrays: np.ndarray) -> Path:
    path = folder / f"galaxies-{len(list(folder.iterdir()))}.npz"
    np.savez(path, **arrays)
    return path


def infer(folder: Path, images: np.ndarray, magnitudes: np.ndarray, *options: object) -> tuple[np.ndarray, np.ndarray]:
    """Redshifts and flags of `cai infer` for arrays, as they are stored."""
    path = saved(folder, images=images, magnitudes=magnitudes)
    rows = rows_of(cai("infer", path, "--weights", WEIGHTS, "--quiet", *options))
    return np.array([row["z_phot"] for row in rows], np.float32), np.array([row["flags"] for row in rows], np.uint8)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def same(found: np.ndarray, expected: np.ndarray) -> None:
    """Compares all bits, except those of NaN."""
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
