"""Ensembles of qp: the probabilities of the calibration's intervals, and what flagged galaxies have."""

from pathlib import Path

import numpy as np
import pytest
import qp
from document import WEIGHTS
from scipy.stats import norm

import astrocai
from astrocai.ensembles import ensemble

LEVELS = (0.68, 0.9, 0.95)
# By qp, where it reads distributions of flagged galaxies.
pytestmark = pytest.mark.filterwarnings("ignore:There are non-finite values")


@pytest.fixture(scope="module")
def calibration(
    galaxies: astrocai.Galaxies, model: astrocai.Model, prediction: astrocai.Prediction
) -> astrocai.Calibration:
    return astrocai.Calibration.fit(prediction.redshifts, galaxies.z_spec, model=model, levels=LEVELS, bins=3)


@pytest.fixture(scope="module")
def flagged(prediction: astrocai.Prediction) -> astrocai.Prediction:
    """Every fifth galaxy is flagged."""
    redshifts, flags = prediction.redshifts.copy(), prediction.flags.copy()
    redshifts[::5], flags[::5] = np.nan, 1
    return astrocai.Prediction(redshifts, flags)


def test_intervals_have_their_probabilities(
    calibration: astrocai.Calibration, model: astrocai.Model, prediction: astrocai.Prediction
) -> None:
    distributions = ensemble(prediction, calibration, model=model)
    assert distributions.npdf == 512
    z = prediction.redshifts.astype(np.float64)
    np.testing.assert_allclose(distributions.cdf(z[:, None])[:, 0], 0.5, atol=1e-6)
    np.testing.assert_allclose(distributions.ppf(0.5)[:, 0], z, atol=1e-6)
    ends = calibration.intervals(prediction.redshifts, model=model)
    for index, level in enumerate(LEVELS):
        name = f"{level:.0%}".rstrip("%")
        low, high = ends.low[:, index], ends.high[:, index]
        np.testing.assert_array_equal(distributions.ancil[f"z_low_{name}"], low)
        np.testing.assert_array_equal(distributions.ancil[f"z_high_{name}"], high)
        inside = distributions.cdf(high[:, None].astype(float)) - distributions.cdf(low[:, None].astype(float))
        # The ends are rounded outward to float32.
        np.testing.assert_allclose(inside[:, 0], level, atol=1e-4)


def test_bins_of_brightness_have_their_probabilities(
    galaxies: astrocai.Galaxies, model: astrocai.Model, prediction: astrocai.Prediction
) -> None:
    magnitudes = galaxies.magnitudes.copy()
    magnitudes[5, 2] = np.nan
    by_r = astrocai.Calibration.fit(
        prediction.redshifts, galaxies.z_spec, model=model, levels=LEVELS, by="r", magnitudes=magnitudes
    )
    distributions = ensemble(prediction, by_r, model=model, magnitudes=magnitudes)
    low, high = by_r.intervals(prediction.redshifts, model=model, magnitudes=magnitudes)
    np.testing.assert_array_equal(distributions.ancil["z_low_68"], low[:, 0])
    rows = np.arange(512) != 5
    inside = [distributions.cdf(ends[:, :1].astype(float))[rows, 0] for ends in (high, low)]
    np.testing.assert_allclose(inside[0] - inside[1], LEVELS[0], atol=1e-4)
    assert np.isnan(distributions.pdf(0.1)[~rows]).all()
    with pytest.raises(astrocai.Error, match="magnitudes: expected them for bins of mag_r, found none"):
        ensemble(prediction, by_r, model=model)


def test_densities_integrate_to_the_distribution_function(
    calibration: astrocai.Calibration, prediction: astrocai.Prediction
) -> None:
    some = astrocai.Prediction(prediction.redshifts[:20], prediction.flags[:20])
    distributions = ensemble(some, calibration, model=None)
    grid = np.linspace(-1, 2, 30_001)
    density = distributions.pdf(grid)
    assert (density >= 0).all()
    integral = np.cumsum(density, axis=1) * (grid[1] - grid[0])
    np.testing.assert_allclose(integral[:, -1], 1, atol=2e-3)
    np.testing.assert_allclose(integral, distributions.cdf(grid), atol=1e-2)


def test_half_widths_of_a_normal_distribution_give_it(model: astrocai.Model) -> None:
    errors = norm.ppf((np.arange(20_000) + 0.5) / 20_000) * 0.02
    redshifts = np.full(20_000, 0.25, np.float32)
    calibration = astrocai.Calibration.fit(redshifts, redshifts + errors, model=model, levels=LEVELS, bins=1)
    distributions = ensemble(astrocai.Prediction(redshifts[:1], np.zeros(1, np.uint8)), calibration, model=None)
    grid = 0.25 + 0.02 * np.linspace(-4, 4, 81)
    np.testing.assert_allclose(np.ravel(distributions.cdf(grid)), norm.cdf(grid, 0.25, 0.02), atol=5e-3)


def test_flagged_galaxies_are_nan_and_the_others_undisturbed(
    tmp_path: Path, calibration: astrocai.Calibration, prediction: astrocai.Prediction, flagged: astrocai.Prediction
) -> None:
    grid = np.linspace(0, 3, 31)
    whole = ensemble(prediction, calibration, model=None)
    distributions = ensemble(flagged, calibration, model=None)
    is_flagged = flagged.flags != 0
    # Written and read again, too.
    distributions.write_to(str(tmp_path / "distributions.hdf5"))
    for found in [distributions, qp.read(str(tmp_path / "distributions.hdf5"))]:
        for name in ["pdf", "cdf"]:
            values = getattr(found, name)(grid)
            assert np.isnan(values[is_flagged]).all(), name
            np.testing.assert_allclose(values[~is_flagged], getattr(whole, name)(grid)[~is_flagged], rtol=1e-12)
        quantiles = found.ppf([0.16, 0.5, 0.84])
        assert np.isnan(quantiles[is_flagged]).all()
        np.testing.assert_allclose(quantiles[~is_flagged], whole.ppf([0.16, 0.5, 0.84])[~is_flagged], rtol=1e-12)
        np.testing.assert_array_equal(found.ancil["flags"], flagged.flags)
        np.testing.assert_array_equal(np.isnan(found.ancil["zmode"]), is_flagged)


def test_equal_half_widths_give_finite_densities(model: astrocai.Model) -> None:
    redshifts = np.full(100, 0.25, np.float32)
    calibration = astrocai.Calibration.fit(redshifts, redshifts + 0.0625, model=model, levels=LEVELS, bins=1)
    distributions = ensemble(astrocai.Prediction(redshifts[:2], np.zeros(2, np.uint8)), calibration, model=None)
    density = distributions.pdf(np.linspace(0, 0.5, 1001))
    assert np.isfinite(density).all()
    assert distributions.cdf(0.3125 + 1e-5)[0, 0] - distributions.cdf(0.1875 - 1e-5)[0, 0] > 0.94


def test_calibrations_of_another_precision_are_refused(
    calibration: astrocai.Calibration, prediction: astrocai.Prediction
) -> None:
    with astrocai.Model(WEIGHTS, precision="bf16") as other, pytest.raises(astrocai.Error, match="precision"):
        ensemble(prediction, calibration, model=other)


def test_no_galaxies_are_refused(calibration: astrocai.Calibration) -> None:
    none = astrocai.Prediction(np.empty(0, np.float32), np.empty(0, np.uint8))
    with pytest.raises(astrocai.Error, match="at least one galaxy"):
        ensemble(none, calibration, model=None)
