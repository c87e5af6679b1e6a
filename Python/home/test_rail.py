"""The stages under RAIL's runner, on the 512 demo galaxies in chunks of 100, some of which are damaged."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import qp
from document import BOUND, WEIGHTS

import astrocai

DAMAGED = [0, 99, 100, 511]
# By qp, where it reads distributions of flagged galaxies.
pytestmark = pytest.mark.filterwarnings("ignore:There are non-finite values")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, galaxies: astrocai.Galaxies) -> Path:
    folder = tmp_path_factory.mktemp("rail")
    images = galaxies.images.copy()
    images[DAMAGED, 2, 5, 5] = np.nan
    for name, pixels in [("labelled.hdf5", galaxies.images), ("galaxies.hdf5", images)]:
        with h5py.File(folder / name, "w") as file:
            group = file.create_group("photometry")
            group["images"], group["redshift"] = pixels, galaxies.z_spec
            group["object_id"] = np.arange(len(pixels))
            for band, magnitudes in zip("ugriz", galaxies.magnitudes.T):
                group[f"mag_{band}"] = magnitudes
    return folder


def stage(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a stage of `astrocai.rail`."""
    magnitudes = "--magnitudes=mag_u,mag_g,mag_r,mag_i,mag_z"
    return subprocess.run(
        [sys.executable, "-m", "ceci", f"astrocai.rail.{name}", "--chunk_size=100", magnitudes, *arguments], cwd=folder,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BOUND,
    )  # fmt: skip


@pytest.fixture(scope="module")
def distributions(folder: Path) -> qp.Ensemble:
    done = stage(folder, "CaiInformer", f"--weights={WEIGHTS}", "--input=labelled.hdf5", "--model=model.pkl")
    assert done.returncode == 0, done.stdout + done.stderr
    done = stage(
        folder, "CaiEstimator", "--input=galaxies.hdf5", "--model=model.pkl", "--output=distributions.hdf5",
        "--threads=1", "--calculated_point_estimates=zmode",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return qp.read(str(folder / "distributions.hdf5"))


def test_redshifts_are_those_of_one_call(distributions: qp.Ensemble, prediction: astrocai.Prediction) -> None:
    assert distributions.npdf == 512
    expected = prediction.redshifts.astype(np.float64)
    expected[DAMAGED] = np.nan
    np.testing.assert_array_equal(np.ravel(distributions.ancil["zmode"]), expected)


def test_damaged_galaxies_have_flags_and_no_density(distributions: qp.Ensemble) -> None:
    is_damaged = np.isin(np.arange(512), DAMAGED)
    np.testing.assert_array_equal(distributions.ancil["flags"], np.where(is_damaged, 1, 0))
    density = distributions.pdf(np.linspace(0, 3, 301))
    assert np.isnan(density[is_damaged]).all() and np.isfinite(density[~is_damaged]).all()


def test_ids_redshifts_and_intervals_are_ancillary_data(
    distributions: qp.Ensemble, galaxies: astrocai.Galaxies, model: astrocai.Model, prediction: astrocai.Prediction
) -> None:
    ancillary = distributions.ancil
    np.testing.assert_array_equal(ancillary["id"], np.arange(512))
    np.testing.assert_array_equal(ancillary["redshift"], galaxies.z_spec)
    calibration = astrocai.Calibration.fit(prediction.redshifts, galaxies.z_spec, model=model)
    low, high = calibration.intervals(prediction.redshifts, model=model)
    rows = ~np.isin(np.arange(512), DAMAGED)
    for index, name in enumerate(["68", "95"]):
        np.testing.assert_array_equal(ancillary[f"z_low_{name}"][rows], low[rows, index])
        np.testing.assert_array_equal(ancillary[f"z_high_{name}"][rows], high[rows, index])


def test_bins_are_of_brightness_if_asked(
    folder: Path, galaxies: astrocai.Galaxies, model: astrocai.Model, prediction: astrocai.Prediction
) -> None:
    done = stage(
        folder, "CaiInformer", f"--weights={WEIGHTS}", "--input=labelled.hdf5", "--model=r.pkl", "--by=r", "--bins=2"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    done = stage(folder, "CaiEstimator", "--input=galaxies.hdf5", "--model=r.pkl", "--output=r.hdf5")
    assert done.returncode == 0, done.stdout + done.stderr
    calibration = astrocai.Calibration.fit(
        prediction.redshifts, galaxies.z_spec, model=model, by="r", magnitudes=galaxies.magnitudes, bins=2
    )
    low, _ = calibration.intervals(prediction.redshifts, model=model, magnitudes=galaxies.magnitudes)
    rows = ~np.isin(np.arange(512), DAMAGED)
    found = qp.read(str(folder / "r.hdf5")).ancil["z_low_68"]
    np.testing.assert_array_equal(found[rows], low[rows, 0])


def test_missing_magnitudes_are_those_that_are_stated(folder: Path) -> None:
    for name in ("labelled", "galaxies"):
        with h5py.File(folder / f"{name}.hdf5") as source, h5py.File(folder / f"{name}-missing.hdf5", "w") as file:
            source.copy("photometry", file)
            file["photometry/mag_g"][[7, 8]] = 42, -9999
    arguments = ["--missing=42", "--input=labelled-missing.hdf5", "--model=missing.pkl", "--by=g"]
    done = stage(folder, "CaiInformer", f"--weights={WEIGHTS}", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    arguments = ["--input=galaxies-missing.hdf5", "--model=missing.pkl", "--output=missing.hdf5"]
    for options, flagged in [([], 8), (["--missing=42"], 7)]:
        done = stage(folder, "CaiEstimator", *arguments, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        flags = qp.read(str(folder / "missing.hdf5")).ancil["flags"]
        assert list(np.flatnonzero(flags == 4)) == [flagged]


def test_missing_columns_are_named(folder: Path) -> None:
    done = stage(
        folder, "CaiInformer", f"--weights={WEIGHTS}", "--input=labelled.hdf5", "--model=x.pkl", "--images=cutouts"
    )
    assert done.returncode != 0 and "expected a column cutouts, found images, mag_g" in done.stderr
    assert not (folder / "x.pkl").exists()
