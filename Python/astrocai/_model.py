"""Networks."""

import json
import os
import warnings
from ctypes import byref, c_double, c_float, c_uint8
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from . import _library
from ._arrays import Input, Pace, Progress, pointer
from ._errors import Error

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_DEFAULT_BATCH_SIZE = 128
_DEFAULT_MASKED_BATCH_SIZE = 64


class Prediction(NamedTuple):
    """Redshifts of galaxies.

    Attributes
    ----------
    redshifts
        float32 [N], dimensionless; NaN exactly where `flags` are not 0.
    flags
        uint8 [N]: the sum of 1 (pixels not finite or missing), 2 (image all zero), 4 (magnitudes not finite or missing),
        8 (magnitudes all zero) and 16 (the network's result is not finite).
    """

    redshifts: Floats
    flags: npt.NDArray[np.uint8]


class Reconstruction(NamedTuple):
    """Masked and reconstructed cutouts; every array has an axis of passes after the first if `passes` is above 1.

    Attributes
    ----------
    predictions
        float32 [N, patches, numbers of a patch]: rows x columns x bands, band fastest, in the units of the pixels. NaN for
        a galaxy that has no finite pixels.
    mask
        float32 [N, patches]: 1 for a hidden patch, 0 for a visible one.
    losses
        float32 [N]: mean squared error over the hidden patches.
    noise
        float32 [N, patches]: the patches with the least noise are visible.
    """

    predictions: Floats
    mask: Floats
    losses: Floats
    noise: Floats


class Anomalies(NamedTuple):
    """How unusually well or badly galaxies are reconstructed: docs/ANOMALIES.md.

    Attributes
    ----------
    scores
        float64 [N]: about 1 for a usual galaxy, higher for an unusual one; NaN for a galaxy with flags, and for all of fewer
        than 20.
    error_ratios
        float64 [N]: errors over the expected ones; above 1 where they are higher.
    band_scores
        float64 [N, bands]: of each band alone, negative where its errors are lower than expected.
    signal_to_noise
        float64 [N]: of the whole cutout.
    losses
        float32 [N]: mean squared error over hidden patches and passes.
    flags
        uint8 [N]: the sum of 1 (pixels not finite or missing), 2 (image all zero) and 16 (result not finite).
    """

    scores: Doubles
    error_ratios: Doubles
    band_scores: Doubles
    signal_to_noise: Doubles
    losses: Floats
    flags: npt.NDArray[np.uint8]


class Model:
    """A redshift network or a masked autoencoder, loaded once; any number of threads may use it at once.

    Models are pickled by the absolute path of their weights and their options, and are context managers.

    Parameters
    ----------
    weights
        Any checkpoint that `cai inspect` supports: a local path.
    threads
        Threads that load and compute, unless a call states others; None for the processors of this process.
    precision
        Of the Linear layers' operands: "float32", or "bf16" for processors with AVX512_BF16 or BFMMLA.
    network
        The one of several networks in the file, by its path there.
    num_heads, decoder_heads
        Attention heads, if missing or wrong in the weights.

    Raises
    ------
    Error
        Where the file cannot be read, or its weights are not those of either network.

    Warns
    -----
    UserWarning
        For what the weights do not state and was assumed.
    """

    def __init__(
        self,
        weights: str | os.PathLike[str],
        threads: int | None = None,
        *,
        precision: str = "float32",
        network: str | None = None,
        num_heads: int | None = None,
        decoder_heads: int | None = None,
    ) -> None:
        path = os.path.abspath(_library.path_bytes(weights, "weights").decode())
        self._options: dict[str, Any] = {
            "threads": threads, "precision": precision, "network": network, "num_heads": num_heads,
            "decoder_heads": decoder_heads,
        }  # fmt: skip
        self._handle = _library.opened("cai_model_open", path.encode(), _library.options(**self._options))
        self._facts: dict[str, Any] = json.loads(_library.string("cai_describe", self._handle))
        self._pace = Pace()
        self.weights: str = path
        for message in self._facts["warnings"]:
            warnings.warn(message, stacklevel=2)

    def __reduce__(self) -> tuple[Any, ...]:
        return _open, (self.weights, self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<astrocai.Model {self.kind} {self.weights!r}{'' if self._handle.is_open else ' (closed)'}>"

    def close(self) -> None:
        """Releases the weights. A call of another thread ends its slice, and with an error if it has more; later ones are
        errors."""
        self._handle.close()

    @property
    def kind(self) -> str:
        """"redshift network" or "masked autoencoder"."""
        return str(self._facts["network"])

    @property
    def config(self) -> dict[str, Any]:
        """Sizes of the network, as `cai inspect --json` names them."""
        return dict(self._facts["config"])

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Bands, rows and columns of a cutout."""
        bands, rows, columns = self._facts["image_shape"]
        return bands, rows, columns

    @property
    def bands(self) -> str | None:
        """The bands that the weights state, a letter each, in the network's order; None where they state none."""
        return self._facts.get("bands")

    @property
    def parameter_count(self) -> int:
        """Trainable parameters of the network as it was trained."""
        return int(self._facts["parameters"])

    @property
    def notices(self) -> tuple[str, ...]:
        """What was assumed about the weights, and what the user may want to know, a line each."""
        return (*self._facts["warnings"], *self._facts["notices"])

    @property
    def instruction_set(self) -> str:
        """The kernels in use: "avx512", "avx2", "neon" or "portable"."""
        return str(self._facts["instruction_set"])

    @property
    def precision(self) -> str:
        """"float32" or "bf16"."""
        return str(self._facts["precision"])

    def predict(
        self,
        images: npt.ArrayLike,
        magnitudes: npt.ArrayLike,
        *,
        bands: str = "ugriz",
        threads: int | None = None,
        batch_size: int = _DEFAULT_BATCH_SIZE,
        missing: str | None = None,
        progress: Progress = None,
    ) -> Prediction:
        """Predicts redshifts: the bits of `cai infer` for the same galaxies.

        Parameters
        ----------
        images
            [N, bands, rows, columns], float16, float32 or float64, in any strides and byte order. Larger cutouts than the
            network's are cropped to their middle. Masked elements are missing.
        magnitudes
            [N, bands], of the same types.
        bands
            The bands of both arrays in their order, a letter each; others than the network's are left out.
        threads
            Threads that compute; None for the model's.
        batch_size
            The most galaxies that a thread computes at once. No bit depends on it.
        missing
            Values of magnitudes that stand for none, between commas, or "none"; None for those of surveys, such as -9999,
            -99, 99.
        progress
            Called with the galaxies that are done, and all, about once a second; True shows a bar of tqdm. Its exceptions,
            and Ctrl-C, end the call.

        Returns
        -------
        Prediction
            redshifts float32 [N] and flags uint8 [N].

        Raises
        ------
        Error
            For arrays that do not fit the network, before anything is computed.
        """
        pixels, values = Input("images", images, 4), Input("magnitudes", magnitudes, 2)
        count = len(pixels)
        self._require("redshift network")
        self._check(pixels, bands)
        self._check_magnitudes(values, count, bands)
        options = self._run_options(threads, batch_size, bands=bands, missing=missing)
        redshifts, flags = np.empty(count, np.float32), np.empty(count, np.uint8)
        for start, stop in self._pace.slices("predict", count, self._unit(threads, batch_size), progress):
            (image_array, image_view), (value_array, value_view) = pixels.slice(start, stop), values.slice(start, stop)
            self._run(
                "cai_predict", byref(image_view), byref(value_view), options,
                pointer(redshifts[start:stop], c_float), pointer(flags[start:stop], c_uint8), stop - start,
            )  # fmt: skip
            del image_array, value_array
        return Prediction(redshifts, flags)

    def embed(
        self,
        images: npt.ArrayLike,
        *,
        layer: str = "pooled",
        bands: str = "ugriz",
        threads: int | None = None,
        batch_size: int = _DEFAULT_BATCH_SIZE,
        progress: Progress = None,
    ) -> Floats:
        """Features of the encoder: the bits of `cai embed`.

        Parameters
        ----------
        images
            As for `predict`.
        layer
            "pooled", the mean over the patch tokens; "cls", the class token; "tokens", the class token and the patches'; or
            "fc_norm", the redshift head's input, which a masked autoencoder does not have.
        bands, threads, batch_size, progress
            As for `predict`.

        Returns
        -------
        numpy.ndarray
            float32 [N, width], or [N, tokens, width] of the layer "tokens"; NaN for a galaxy whose pixels are not finite or
            all zero.

        Raises
        ------
        Error
            For arrays that do not fit the network, before anything is computed.
        """
        pixels = Input("images", images, 4)
        self._check(pixels, bands)
        options = self._run_options(threads, batch_size, bands=bands, layer=layer)
        width = int(self._facts["width"])
        shape = (int(self._facts["tokens"]), width) if layer == "tokens" else (width,)
        features = np.empty((len(pixels), *shape), np.float32)
        unit = self._unit(threads, batch_size)
        for start, stop in self._pace.slices("embed", len(pixels), unit, progress):
            array, view = pixels.slice(start, stop)
            part = features[start:stop]
            self._run("cai_embed", byref(view), options, pointer(part, c_float), part.size)
            del array
        return features

    def reconstruct(
        self,
        images: npt.ArrayLike,
        *,
        mask_ratio: float = 0.75,
        seed: int = 0,
        passes: int = 1,
        bands: str = "ugriz",
        threads: int | None = None,
        batch_size: int = _DEFAULT_MASKED_BATCH_SIZE,
        progress: Progress = None,
    ) -> Reconstruction:
        """Hides patches of cutouts and reconstructs them by a masked autoencoder: the bits of `cai reconstruct`.

        Parameters
        ----------
        images
            As for `predict`.
        mask_ratio
            Share of patches that are hidden.
        seed
            Of the masks, which depend on it and on a galaxy's index in `images`: docs/ANOMALIES.md has the generator.
        passes
            How often each galaxy is masked, 1 to 64.
        bands, threads, batch_size, progress
            As for `predict`.

        Returns
        -------
        Reconstruction
            Arrays as of `cai reconstruct`.

        Raises
        ------
        Error
            For the weights of a redshift network, and for arrays that do not fit.
        """
        pixels = Input("images", images, 4)
        self._require("masked autoencoder")
        self._check(pixels, bands)
        given = _Masks(mask_ratio, seed, passes)
        count, patches, numbers = len(pixels), int(self._facts["patches"]), int(self._facts["patch_count"])
        predictions = np.empty((count, given.passes, patches, numbers), np.float32)
        mask, noise = (np.empty((count, given.passes, patches), np.float32) for _ in range(2))
        losses = np.empty((count, given.passes), np.float32)
        unit = self._unit(threads, batch_size)
        for start, stop in self._pace.slices(f"reconstruct {given.passes}", count, unit, progress):
            array, view = pixels.slice(start, stop)
            options = self._run_options(threads, batch_size, bands=bands, first_galaxy=start, **given.options)
            parts = [part[start:stop] for part in (predictions, mask, noise, losses)]
            self._run(
                "cai_reconstruct", byref(view), options, pointer(parts[0], c_float), parts[0].size,
                pointer(parts[1], c_float), pointer(parts[2], c_float), parts[1].size, pointer(parts[3], c_float),
                parts[3].size,
            )  # fmt: skip
            del array
        if given.passes == 1:
            return Reconstruction(predictions[:, 0], mask[:, 0], losses[:, 0], noise[:, 0])
        return Reconstruction(predictions, mask, losses, noise)

    def anomaly_scores(
        self,
        images: npt.ArrayLike,
        magnitudes: npt.ArrayLike | None = None,
        *,
        mask_ratio: float = 0.75,
        seed: int = 0,
        passes: int = 4,
        bands: str = "ugriz",
        threads: int | None = None,
        batch_size: int = _DEFAULT_MASKED_BATCH_SIZE,
        missing: str | None = None,
        progress: Progress = None,
    ) -> Anomalies:
        """Scores galaxies by the errors of their reconstructions: the numbers of `cai anomalies`.

        Usual errors are estimated from `images`: give many galaxies of one kind at once.

        Parameters
        ----------
        images
            As for `predict`.
        magnitudes
            [N, bands]: a galaxy's brightness. None takes that of its image.
        mask_ratio, seed
            As for `reconstruct`.
        passes
            How often each galaxy is masked, every patch once at least: 1 to 64.
        bands, threads, batch_size, missing, progress
            As for `predict`.

        Returns
        -------
        Anomalies
            Scores, in the order of `images`.

        Raises
        ------
        Error
            For the weights of a redshift network, and for arrays that do not fit.
        """
        pixels = Input("images", images, 4)
        values = None if magnitudes is None else Input("magnitudes", magnitudes, 2)
        self._require("masked autoencoder")
        self._check(pixels, bands)
        if values is not None:
            self._check_magnitudes(values, len(pixels), bands)
        given = _Masks(mask_ratio, seed, passes)
        count, width = len(pixels), int(self._facts["measurements"])
        rows, flags = np.empty((count, width), np.float32), np.empty(count, np.uint8)
        unit = self._unit(threads, batch_size)
        for start, stop in self._pace.slices(f"reconstruct {given.passes}", count, unit, progress):
            array, view = pixels.slice(start, stop)
            value_array, value_view = (None, None) if values is None else values.slice(start, stop)
            options = self._run_options(
                threads, batch_size, bands=bands, missing=missing, first_galaxy=start, **given.options
            )
            part = rows[start:stop]
            self._run(
                "cai_measure_errors", byref(view), None if value_view is None else byref(value_view),
                options, pointer(part, c_float), part.size, pointer(flags[start:stop], c_uint8), stop - start,
            )  # fmt: skip
            del array, value_array
        scores = np.empty((count, 3 + self.image_shape[0]), np.float64)
        brightness = _library.options(brightness="image" if values is None else "catalogue")
        self._run(
            "cai_anomaly_scores", pointer(rows, c_float), rows.size, brightness, pointer(scores, c_double),
            scores.size,
        )  # fmt: skip
        return Anomalies(scores[:, 0], scores[:, 1], scores[:, 3:], scores[:, 2], rows[:, -1].copy(), flags)

    def _run(self, name: str, *arguments: Any) -> None:
        """Calls a function with this model, which another thread may close meanwhile."""
        try:
            _library.run(name, self._handle, *arguments)
        except Error:
            if self._handle.is_open:
                raise
            raise Error(f"{self.weights}: the model is closed") from None

    def _require(self, kind: str) -> None:
        if self.kind != kind:
            raise Error(f"{self.weights}: is a {self.kind}, expected a {kind}")

    def _check(self, pixels: Input, bands: object) -> None:
        """Checks shapes before the first slice is computed."""
        if not isinstance(bands, str) or not bands:
            raise Error(f"bands: expected a letter for each band of the images, found {bands!r}")
        _, rows, columns = self.image_shape
        found = pixels.array.shape
        if found[1] != len(bands) or found[2] < rows or found[3] < columns:
            raise Error(
                f"images: expected shape [N, {len(bands)}, {rows}, {columns}] for the bands {bands}, or larger cutouts, found "
                f"{list(found)}"
            )

    @staticmethod
    def _check_magnitudes(values: Input, count: int, bands: str) -> None:
        if values.array.shape != (count, len(bands)):
            raise Error(
                f"magnitudes: expected shape [{count}, {len(bands)}] for {count} images of the bands {bands}, found "
                f"{list(values.array.shape)}"
            )

    def _run_options(self, threads: int | None, batch_size: int, **others: object) -> bytes:
        if threads is None:
            threads = self._options["threads"]
        return _library.options(threads=threads, batch_size=batch_size, **others)

    def _unit(self, threads: int | None, batch_size: int) -> int:
        """Galaxies that all threads compute at once."""
        count = threads or self._options["threads"] or len(os.sched_getaffinity(0))
        return max(1, _library.integer("threads", count) * _library.integer("batch_size", batch_size))


def _open(weights: str, options: dict[str, Any]) -> Model:
    return Model(weights, **options)


class _Masks:
    """Options of masks, checked as arrays are made by them."""

    def __init__(self, ratio: object, seed: object, passes: object) -> None:
        if isinstance(ratio, bool) or not isinstance(ratio, int | float | np.floating) or not 0 <= ratio < 1:
            raise Error(f"mask_ratio: expected a number of at least 0 and less than 1, found {ratio!r}")
        self.passes = _library.integer("passes", passes)
        if not 1 <= self.passes <= 64:
            raise Error(f"passes: expected 1 to 64, found {self.passes}")
        number = _library.integer("seed", seed)
        if number < 0:
            raise Error(f"seed: expected at least 0, found {number}")
        self.options: dict[str, object] = {"mask_ratio": float(ratio), "seed": number, "passes": self.passes}
