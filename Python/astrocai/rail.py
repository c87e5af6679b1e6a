"""Stages of RAIL: `CaiInformer` calibrates a network, `CaiEstimator` gives redshift distributions.

Needs RAIL: ``pip install 'astrocai[rail]'``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from ceci.config import StageParameter as Param
from rail.core.common_params import SharedParams
from rail.core.data import ModelHandle, TableHandle
from rail.estimation.estimator import CatEstimator
from rail.estimation.informer import CatInformer

from ._calibration import Calibration
from ._errors import Error
from ._model import Model, Prediction
from .ensembles import ensemble

_COLUMNS = {
    "images": Param(str, "images", msg="dataset of the cutouts [N, bands, rows, columns]"),
    "magnitudes": Param(list, ["magnitudes"], msg="dataset of the magnitudes [N, bands], or a column for each band"),
    "band_order": Param(str, "ugriz", msg="bands of both, in their order, a letter each"),
    "missing": Param(str, "", msg="magnitudes that stand for a missing one, such as -9999,99; none: no value does"),
    "threads": Param(int, 0, msg="threads that compute; 0: the processors of this process"),
}


class CaiInformer(CatInformer):  # type: ignore[misc, unused-ignore]
    """Calibrates the redshifts of a network by galaxies with known redshifts, which it was not trained on.

    The model is the path of the weights and the calibration. Input: a table of images, magnitudes and redshifts.
    """

    name = "CaiInformer"
    entrypoint_function = "inform"
    # A rank would see its own chunks alone.
    parallel = False
    config_options = CatInformer.config_options.copy()
    config_options.update(
        weights=Param(str, required=True, msg="checkpoint of a redshift network"),
        levels=Param(list, [0.68, 0.95], msg="probabilities of coverage, ascending"),
        bins=Param(int, 3, msg="bins with equal numbers of galaxies"),
        by=Param(str, "z_phot", msg="what the bins are of: z_phot, or a band's letter for its magnitude"),
        chunk_size=SharedParams.copy_param("chunk_size"),
        redshift_col=SharedParams.copy_param("redshift_col"),
        **_COLUMNS,
    )

    def run(self) -> None:
        redshifts: list[npt.NDArray[np.float32]] = []
        known: list[npt.NDArray[Any]] = []
        magnitudes: list[npt.NDArray[Any]] = []
        with _model(self.config.weights, self.config) as model:
            for _, _, data in self.input_iterator("input"):
                redshifts.append(_predict(model, data, self.config).redshifts)
                known.append(_known(data[self.config.redshift_col]))
                magnitudes.append(_magnitudes(data, self.config))
            calibration = Calibration.fit(
                np.concatenate(redshifts), np.concatenate(known), model=model, levels=self.config.levels,
                bins=self.config.bins, by=self.config.by, magnitudes=np.concatenate(magnitudes),
                bands=self.config.band_order, missing=self.config.missing or None,
            )  # fmt: skip
            self.model = {"weights": model.weights, "calibration": calibration}
        self.add_data("model", self.model)


class CaiEstimator(CatEstimator):  # type: ignore[misc, unused-ignore]
    """Redshift distributions by a network and its calibration: see `astrocai.ensembles.ensemble`.

    A flagged galaxy has NaN for its redshift and its density, and the reason in the ancillary column `flags`.
    """

    name = "CaiEstimator"
    entrypoint_function = "estimate"
    config_options = CatEstimator.config_options.copy()
    config_options.update(
        weights=Param(str, "", msg="the checkpoint, where it is not at the path that the model states"), **_COLUMNS
    )
    inputs = [("model", ModelHandle), ("input", TableHandle)]

    def open_model(self, **kwargs: Any) -> Any:
        model = super().open_model(**kwargs)
        if not isinstance(model, dict) or not isinstance(model.get("calibration"), Calibration):
            raise Error(f"model: expected that of CaiInformer, found {type(model).__name__}")
        self._calibration: Calibration = model["calibration"]
        self._network = _model(self.config.weights or model["weights"], self.config)
        return model

    def _process_chunk(self, start: int, end: int, data: Any, first: bool) -> None:
        prediction = _predict(self._network, data, self.config)
        distributions = ensemble(
            prediction, self._calibration, model=self._network, magnitudes=_magnitudes(data, self.config),
            bands=self.config.band_order, missing=self.config.missing or None,
        )  # fmt: skip
        self._do_chunk_output(distributions, start, end, first, data=data)

    def _finalize_run(self) -> None:
        self._network.close()
        super()._finalize_run()


def _model(weights: str, config: Any) -> Model:
    return Model(weights, threads=config.threads or None)


def _predict(model: Model, data: Any, config: Any) -> Prediction:
    return model.predict(
        _column(data, config.images), _magnitudes(data, config), bands=config.band_order, missing=config.missing or None
    )


def _known(column: Any) -> npt.NDArray[Any]:
    """Known redshifts. Floats stay as they are: a value for none is rounded to their type."""
    values = np.asarray(column).reshape(-1)
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _magnitudes(data: Any, config: Any) -> npt.NDArray[Any]:
    columns = [_column(data, name) for name in config.magnitudes]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _column(data: Any, name: str) -> npt.NDArray[Any]:
    if name not in data:
        raise Error(f"input: expected a column {name}, found {', '.join(sorted(data))}")
    return np.asarray(data[name])
