"""docs/PYTHON.md: the blocks that need NumPy alone. Those of other packages are in Python/home."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from document import BOUND, HOME, NOT_RUN_HERE, PLAIN, ROOT, blocks, run, sections

import astrocai


def test_every_section_is_run_or_marked() -> None:
    assert sorted(sections()) == sorted([*PLAIN, *HOME, *NOT_RUN_HERE])
    for name, text in sections().items():
        assert ("*Not run here.*" in text) == (name in NOT_RUN_HERE), name
        for language, code in blocks(name):
            if language == "python":
                compile(code, name, "exec")


def test_the_example_of_the_readme_runs() -> None:
    readme = (ROOT / "README.md").read_text()
    code = re.search(r"^```python\n(import astrocai\n.+?)^```", readme, flags=re.MULTILINE | re.DOTALL)[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=BOUND)
    assert done.returncode == 0 and re.fullmatch(r"\[0\.\d+ .+\] \[0 0 0\]\n", done.stdout), done.stdout + done.stderr


def test_quick_start_has_a_redshift_for_every_galaxy(tmp_path: Path) -> None:
    assert run("Quick start", tmp_path) == "512 of 512 galaxies have a redshift\n"


def test_intervals_cover_galaxies_that_the_calibration_did_not_use(tmp_path: Path) -> None:
    printed = run("Intervals", tmp_path)
    found = re.findall(r"intervals of (\d+)% cover ([\d.]+)%", printed)
    # Four standard deviations of the beta-binomial fraction for 256 and 256 galaxies.
    for (level, fraction), expected, tolerance in zip(found, (68, 95), (17, 8), strict=True):
        assert int(level) == expected
        assert abs(float(fraction) - expected) < tolerance
    assert astrocai.Calibration.load(tmp_path / "calibration.json").galaxies == 256
    bins = re.findall(r"^r of (\S+) to (\S+): half-width ([\d.]+) from (\d+) galaxies$", printed, flags=re.MULTILINE)
    assert len(bins) == 3 and bins[0][0] == "-inf" and bins[2][1] == "inf"
    assert sum(int(count) for *_, count in bins) == 256


def test_processes_have_the_redshifts_of_one(
    tmp_path: Path, model: astrocai.Model, demo: astrocai.Galaxies
) -> None:
    redshifts = model.predict(demo.images, demo.magnitudes).redshifts
    assert run("Threads and processes", tmp_path) == f"mean redshift {np.nanmean(redshifts):.4f}\n"
