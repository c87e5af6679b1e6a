"""Redshift distributions of a prediction and its calibration, as ensembles of qp.

Needs qp: ``pip install 'astrocai[qp]'``.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._calibration import Calibration
from ._errors import Error
from ._model import Model, Prediction

if TYPE_CHECKING:
    import qp

Doubles = npt.NDArray[np.float64]

#: Normal deviates of the nodes, besides those of the levels.
_DEVIATES = np.linspace(-5, 5, 41)
#: Between nodes that would coincide, as a fraction of their distance from others.
_STEP = 1e-6


def ensemble(
    prediction: Prediction,
    calibration: Calibration,
    *,
    model: Model | None,
    magnitudes: npt.ArrayLike | None = None,
    bands: str = "ugriz",
    missing: str | None = None,
) -> "qp.Ensemble":
    """The distribution of each galaxy's redshift: that of the calibration's intervals, interpolated.

    z_phot is the median, and the interval of level p has the probability p, half of it on either side. Between levels,
    half-widths are interpolated linearly in the normal deviate of the level; beyond the largest one they continue with
    the slope before it, to a deviate of 5. Half-widths of a normal distribution give that distribution. The calibration
    states nothing about shapes between and beyond its levels, and nothing about a single galaxy.

    Parameters
    ----------
    prediction
        Of N > 0 galaxies, by `model`.
    calibration
        In any bins.
    model
        Of which weights, precision and arithmetic have to be those of the calibration; None checks nothing.
    magnitudes, bands, missing
        For a calibration in bins of a magnitude: [N, bands], the bands in their order, and the values that stand for an
        unknown one, as for `Calibration.intervals`.

    Returns
    -------
    qp.Ensemble
        N distributions of the kind `interp_irregular`: densities that are constant between nodes, and NaN at every
        redshift for a flagged galaxy, and for one without the magnitude of the bins. Ancillary data: zmode, zmedian and
        zmean (all z_phot, float64 [N], NaN where flagged), flags (uint8 [N]), and the ends of the intervals z_low_68,
        z_high_68, ... (float32 [N]).

    Raises
    ------
    Error
        For a model that the calibration was not made with, for magnitudes that are needed and absent, and without
        galaxies.
    ImportError
        Where qp is not installed.
    """
    import qp

    if not len(prediction.redshifts):
        raise Error("prediction: expected at least one galaxy, as an ensemble of qp has, found none")
    ends = calibration.intervals(
        prediction.redshifts, model=model, magnitudes=magnitudes, bands=bands, missing=missing
    )
    z = prediction.redshifts.astype(np.float64)
    known = np.isfinite(ends.low[:, :1])
    offsets, masses = _nodes(calibration)
    binned: npt.NDArray[Any] = prediction.redshifts
    if calibration.by != "z_phot":
        binned = np.asanyarray(magnitudes)[:, bands.index(calibration.by)]
    edges = z[:, None] + offsets[_bins(calibration, binned)]
    # Outside of its nodes qp has the density 0, which is no value for a flagged galaxy: these cover all redshifts.
    edges = np.where(known, edges, np.linspace(-1e6, 1e6, edges.shape[1]))
    x, y = _steps(edges, np.where(known, masses, np.nan))
    distributions = qp.Ensemble(qp.interp_irregular, data={"xvals": x, "yvals": y, "norm": False, "warn": False})
    ancillary: dict[str, npt.NDArray[Any]] = {name: z.copy() for name in ("zmode", "zmedian", "zmean")}
    ancillary["flags"] = prediction.flags
    for index, level in enumerate(calibration.levels):
        name = f"{100 * level:g}".replace(".", "_")
        ancillary[f"z_low_{name}"], ancillary[f"z_high_{name}"] = ends.low[:, index], ends.high[:, index]
    distributions.set_ancil(ancillary)
    return distributions


def _bins(calibration: Calibration, values: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """The index of each galaxy's bin; any of a NaN."""
    name = "z_phot_from" if calibration.by == "z_phot" else f"mag_{calibration.by}_from"
    edges = np.array([part[name] for part in calibration.bins[1:]], np.float32)
    # What float32 cannot hold is infinite, and has no interval.
    with np.errstate(over="ignore"):
        values = np.asarray(np.ma.filled(values.astype(np.float32), np.nan))
    return np.searchsorted(edges, values, side="right").clip(0, len(edges))


def _nodes(calibration: Calibration) -> tuple[Doubles, Doubles]:
    """Distances of nodes from z_phot [bins, n + 1], and the probabilities between them [n], which sum to 1."""
    from scipy.special import ndtr, ndtri

    knots = np.concatenate([[0.0], ndtri((1 + np.array(calibration.levels)) / 2)])
    widths = np.array([[0.0, *part["half_widths"]] for part in calibration.bins])
    # Of equal half-widths the larger level's is moved outward, so that every density is finite.
    ramp = _STEP * np.maximum(widths[:, -1:], _STEP) * np.arange(len(knots))
    widths = np.maximum.accumulate(widths - ramp, axis=1) + ramp
    deviates = np.unique(np.concatenate([_DEVIATES, knots, -knots]))
    sizes = np.abs(deviates)
    slopes = (widths[:, -1:] - widths[:, -2:-1]) / (knots[-1] - knots[-2])
    inside = np.array([np.interp(sizes, knots, row) for row in widths])
    beyond = widths[:, -1:] + slopes * (sizes - knots[-1])
    masses = np.diff(ndtr(deviates))
    return np.sign(deviates) * np.where(sizes <= knots[-1], inside, beyond), masses / masses.sum()


def _steps(edges: Doubles, masses: Doubles) -> tuple[Doubles, Doubles]:
    """Points [N, 2 n] whose linear interpolation is the densities between n + 1 edges; the step takes 1e-6 of a part.

    qp integrates by the sum of each part's length times the density at its right end, which is exact here.
    """
    sizes = np.diff(edges)
    x = np.stack([edges[:, :-1] + _STEP * sizes, edges[:, 1:]], axis=2).reshape(len(edges), -1)
    x[:, 0] = edges[:, 0]
    return x, np.repeat(masses / sizes, 2, axis=1)
