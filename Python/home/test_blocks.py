"""docs/PYTHON.md: the blocks that need packages of others."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as parquet
import pytest
import qp
from astropy.table import Table
from document import run

import astrocai


def test_astropy(tmp_path: Path, prediction: astrocai.Prediction) -> None:
    run("Astropy", tmp_path)
    table = Table.read(tmp_path / "redshifts.fits")
    np.testing.assert_array_equal(table["z_phot"], prediction.redshifts)
    assert list(table["object_id"]) == [f"galaxies:{row}" for row in range(512)]


def test_parquet(tmp_path: Path, prediction: astrocai.Prediction) -> None:
    run("Parquet", tmp_path)
    table = parquet.read_table(tmp_path / "redshifts.parquet")
    np.testing.assert_array_equal(table["z_phot"].to_numpy(), prediction.redshifts)
    np.testing.assert_array_equal(table["flags"].to_numpy(), prediction.flags)


def test_dask(tmp_path: Path, prediction: astrocai.Prediction) -> None:
    assert run("Dask", tmp_path) == f"mean redshift {np.nanmean(prediction.redshifts):.4f}\n"


def test_ray(tmp_path: Path, prediction: astrocai.Prediction, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its sockets are files, whose paths have to be short.
    with TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        run("Ray", tmp_path)
    table = parquet.read_table(tmp_path / "redshifts").sort_by("row")
    np.testing.assert_array_equal(table["row"].to_numpy(), np.arange(512))
    np.testing.assert_array_equal(table["z_phot"].to_numpy(), prediction.redshifts)
    np.testing.assert_array_equal(table["flags"].to_numpy(), prediction.flags)


@pytest.mark.parametrize("section", ["qp", "RAIL"])
def test_ensembles(section: str, tmp_path: Path, prediction: astrocai.Prediction) -> None:
    run(section, tmp_path)
    distributions = qp.read(str(tmp_path / "distributions.hdf5"))
    np.testing.assert_array_equal(distributions.ancil["zmode"], prediction.redshifts.astype(np.float64))
    np.testing.assert_allclose(distributions.cdf(prediction.redshifts[:, None].astype(np.float64)), 0.5, atol=1e-6)
