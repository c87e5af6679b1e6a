"""Redshift intervals."""

import json
import os
from collections.abc import Sequence
from ctypes import byref, c_float
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _library
from ._arrays import Input, pointer
from ._errors import Error
from ._model import Floats, Model


class Intervals(NamedTuple):
    """Intervals of redshifts.

    Attributes
    ----------
    low, high
        float32 [N, levels], levels in ascending order, rounded outward; NaN where a redshift is NaN.
    """

    low: Floats
    high: Floats


class Calibration:
    """Redshift intervals of stated coverage, by split conformal prediction: docs/INTERVALS.md.

    Made by `fit`, or read by `load` and `from_json` from a file of `cai calibrate`, which reads what `save` writes. Instances
    are immutable and can be pickled.
    """

    def __init__(self, text: str) -> None:
        """Use `from_json`."""
        self._text = _library.string("cai_calibration_read", _utf8(text))
        self._facts: dict[str, Any] = json.loads(self._text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Calibration, (self._text,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calibration) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"<astrocai.Calibration of {self.galaxies} galaxies, levels {', '.join(map(str, self.levels))}>"

    @classmethod
    def fit(
        cls,
        redshifts: npt.ArrayLike,
        z_spec: npt.ArrayLike,
        *,
        model: Model,
        levels: Sequence[float] = (0.68, 0.95),
        bins: int = 3,
        by: str = "z_phot",
        magnitudes: npt.ArrayLike | None = None,
        bands: str = "ugriz",
        missing: str | None = None,
    ) -> "Calibration":
        """Makes a calibration of labelled galaxies that the network was not trained on: the numbers of `cai calibrate`.

        Parameters
        ----------
        redshifts
            [N], predicted by `model`. Galaxies whose redshift is NaN are left out.
        z_spec
            [N], spectroscopic, float16, float32 or float64; unknown ones, and those of `missing`, are left out.
        model
            The network that predicted `redshifts`: intervals are refused for those of another.
        levels
            Probabilities of coverage, ascending.
        bins
            Bins with equal numbers of galaxies.
        by
            What the bins are of: "z_phot", or a band's letter for its magnitude. Galaxies without it are left out.
        magnitudes, bands
            For bins of a magnitude: [N, bands], and the bands in their order, as for `Model.predict`.
        missing
            Values of `z_spec` and `magnitudes` that stand for none, as for `read`.

        Raises
        ------
        Error
            Where a bin has too few galaxies for a level, and for magnitudes that are needed and absent.
        """
        predicted, known = _redshifts(redshifts), Input("z_spec", z_spec, 1)
        if predicted.shape != known.array.shape:
            shape = list(known.array.shape)
            raise Error(f"z_spec: expected shape {list(predicted.shape)} as of redshifts, found {shape}")
        try:
            probabilities = [float(level) for level in levels]
        except (TypeError, ValueError, OverflowError):
            raise Error(f"levels: expected numbers, found {levels!r}") from None
        if not all(0 < level < 1 for level in probabilities):
            raise Error(f"levels: expected more than 0 and less than 1, found {levels!r}")
        options = _library.options(levels=probabilities, bins=bins, by=by, bands=bands, missing=missing)
        known_array, known_view = known.slice(0, len(known))
        values_array, values_view = _magnitudes(None if by == "z_phot" else magnitudes)
        text = _library.string(
            "cai_calibration_fit", _model_handle(model), pointer(predicted, c_float), byref(known_view), values_view,
            predicted.size, options,
        )  # fmt: skip
        del known_array, values_array
        return cls(text)

    @classmethod
    def from_json(cls, text: str) -> "Calibration":
        """A calibration from the text of a file of `cai calibrate`."""
        return cls(text)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Calibration":
        """Reads a file of `cai calibrate`."""
        name = _library.path_bytes(path, "path").decode()
        try:
            return cls(Path(name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise Error(f"{name}: cannot be read: {error}") from None

    def to_json(self) -> str:
        """The text that `cai calibrate` writes."""
        return self._text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a file that `cai infer --calibration` reads."""
        Path(path).write_text(self._text, encoding="utf-8")

    @property
    def levels(self) -> tuple[float, ...]:
        """Probabilities of coverage, ascending."""
        return tuple(self._facts["levels"])

    @property
    def by(self) -> str:
        """What the bins are of: "z_phot", or the letter of a band for its magnitude."""
        return str(self._facts.get("by", "z_phot")).removeprefix("mag_")

    @property
    def bins(self) -> tuple[dict[str, Any], ...]:
        """Bins in ascending order: `z_phot_from`, `z_phot_below` (of the magnitude in r: `mag_r_from`, `mag_r_below`; absent
        at the ends), `galaxies`, `half_widths`."""
        return tuple(dict(part) for part in self._facts["bins"])

    @property
    def galaxies(self) -> int:
        """Labelled galaxies that were used."""
        return sum(int(part["galaxies"]) for part in self._facts["bins"])

    def intervals(
        self,
        redshifts: npt.ArrayLike,
        *,
        model: Model | None,
        magnitudes: npt.ArrayLike | None = None,
        bands: str = "ugriz",
        missing: str | None = None,
    ) -> Intervals:
        """Intervals around redshifts: the numbers of `cai infer --calibration`.

        Parameters
        ----------
        redshifts
            [N], predicted by `model`.
        model
            The network that predicted them, of which weights, precision and arithmetic have to be those of the calibration;
            None checks nothing.
        magnitudes, bands, missing
            For bins of a magnitude, as for `fit`; `magnitudes` are not read for bins of z_phot.

        Returns
        -------
        Intervals
            low and high, float32 [N, levels]; NaN for a galaxy without a redshift, or without the magnitude of the bins.

        Raises
        ------
        Error
            For a model that the calibration was not made with, and for magnitudes that are needed and absent.
        """
        predicted = _redshifts(redshifts)
        values_array, values_view = _magnitudes(None if self.by == "z_phot" else magnitudes)
        shape = (predicted.size, len(self.levels))
        low, high = np.empty(shape, np.float32), np.empty(shape, np.float32)
        _library.run(
            "cai_calibration_intervals", self._text.encode(), 0 if model is None else _model_handle(model),
            pointer(predicted, c_float), values_view, predicted.size, _library.options(bands=bands, missing=missing),
            pointer(low, c_float), pointer(high, c_float), low.size,
        )  # fmt: skip
        del values_array
        return Intervals(low, high)


def _utf8(text: object) -> bytes:
    if not isinstance(text, str) or "\0" in text:
        raise Error("calibration: expected the text of a file of cai calibrate")
    return text.encode("utf-8", "replace")


def _model_handle(model: object) -> _library.Handle:
    if not isinstance(model, Model):
        raise Error(f"model: expected an astrocai.Model, found {type(model).__name__}")
    return model._handle


def _magnitudes(values: npt.ArrayLike | None) -> tuple[Any, Any]:
    """An array that has to live during the call, and the library's view of it; None for none."""
    if values is None:
        return None, None
    magnitudes = Input("magnitudes", values, 2)
    array, view = magnitudes.slice(0, len(magnitudes))
    return array, byref(view)


def _redshifts(values: npt.ArrayLike) -> Floats:
    """A dense vector of float32; masked elements are NaN."""
    try:
        array = np.asanyarray(values)
    except Exception as error:  # Of any object's own conversion.
        raise Error(f"redshifts: expected numbers, found {type(values).__name__}: {error}") from None
    if array.dtype.kind != "f" or array.ndim != 1:
        raise Error(f"redshifts: expected floats on one axis, found {array.dtype} of shape {list(array.shape)}")
    # What float32 cannot hold is infinite, and left out.
    with np.errstate(over="ignore"):
        if isinstance(array, np.ma.MaskedArray):
            array = np.ma.filled(array.astype(np.float32), np.nan)
        return np.ascontiguousarray(array, dtype=np.float32)
