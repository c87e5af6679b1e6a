"""docs/quickstart.ipynb: its cells, in one process."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from document import ROOT
from matplotlib.figure import Figure

NOTEBOOK = ROOT / "docs/quickstart.ipynb"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that cells show."""
    shown: list[Figure] = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    yield shown
    plt.close("all")


def test_every_cell_runs(
    monkeypatch: pytest.MonkeyPatch, figures: list[Figure], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(NOTEBOOK.parent)
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    names: dict[str, object] = {"__name__": "__main__"}
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"cell {index}", "exec"), names)
    printed = capsys.readouterr().out
    covered = float(re.search(r"covered: ([\d.]+)%", printed)[1])
    # Four standard deviations of the beta-binomial fraction for 256 and 256 galaxies.
    assert abs(covered - 68) < 17
    assert int(re.search(r"most unusual: \[\s*(\d+)", printed)[1]) == names["trail"]
    assert len(figures) == 2
    for index, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{index}.png", dpi=60)
        pixels = plt.imread(tmp_path / f"{index}.png")
        assert len(np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)) > 100
