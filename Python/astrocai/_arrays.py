"""Arrays of NumPy as the library reads them."""

import ctypes
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ._errors import Error
from ._library import CArray

#: Called between slices with the galaxies that are done and all; True shows a bar of tqdm.
Progress = Callable[[int, int], object] | Literal[True] | None

_DTYPES = {2: 0, 4: 1, 8: 2}
#: Seconds of a slice: Ctrl-C has an effect when it ends.
_SLICE_SECONDS = 1.0


class Input:
    """An array of galaxies, of which the library reads a slice at a time.

    Slices lie where the array is, unless they have negative strides, another byte order, a mask or a start that is not
    aligned: these are copied, masked elements as NaN.

    Parameters
    ----------
    name
        For errors.
    values
        float16, float32 or float64, of `axes` axes.

    Raises
    ------
    Error
        For another type or number of axes.
    """

    def __init__(self, name: str, values: npt.ArrayLike, axes: int) -> None:
        try:
            array = np.asanyarray(values)
        except Exception as error:  # Of any object's own conversion.
            raise Error(f"{name}: expected an array, found {type(values).__name__}: {error}") from None
        if not isinstance(array, np.ma.MaskedArray):
            array = np.asarray(array)
        if array.dtype.kind != "f" or array.dtype.itemsize not in _DTYPES:
            raise Error(f"{name}: expected float16, float32 or float64, found {array.dtype}")
        if array.ndim != axes:
            raise Error(f"{name}: expected {axes} axes, found shape {list(array.shape)}")
        self.array: npt.NDArray[Any] = array

    def __len__(self) -> int:
        return int(self.array.shape[0])

    def slice(self, start: int, stop: int) -> tuple[npt.NDArray[Any], CArray]:
        """Galaxies as the library reads them, and the array that has to live meanwhile."""
        piece = self.array[start:stop]
        native = piece.dtype.newbyteorder("=")
        if isinstance(piece, np.ma.MaskedArray):
            piece = np.asarray(np.ma.filled(piece.astype(native), np.nan))
        size = piece.dtype.itemsize
        if (
            piece.dtype != native
            or not piece.flags.aligned
            or any(stride < 0 or stride % size for stride in piece.strides)
        ):
            piece = np.ascontiguousarray(piece, dtype=native)
        view = CArray(data=piece.ctypes.data, dtype=_DTYPES[size], axes=piece.ndim)
        for axis, (length, stride) in enumerate(zip(piece.shape, piece.strides, strict=True)):
            # NumPy leaves the strides of an empty array as they are.
            view.shape[axis], view.strides[axis] = length, stride if piece.size else 0
        return piece, view


def pointer(array: npt.NDArray[Any], ctype: Any) -> Any:
    """The first element of a dense array."""
    return array.ctypes.data_as(ctypes.POINTER(ctype))


class Pace:
    """How many galaxies a second a model has computed, by the kind of call, which sets the size of slices."""

    def __init__(self) -> None:
        self._rates: dict[str, float] = {}

    def slices(self, kind: str, count: int, unit: int, progress: Progress) -> Iterator[tuple[int, int]]:
        """Start and end of slices of about a second.

        Parameters
        ----------
        kind
            Of the call.
        count
            Galaxies in all.
        unit
            Slices are multiples of this, so that all threads end at the same time.
        progress
            See `Progress`.
        """
        report = _reporter(progress, count)
        start = 0
        try:
            # Also without galaxies: the library checks the arrays.
            while True:
                rate = self._rates.get(kind)
                size = unit if rate is None else max(1, round(rate * _SLICE_SECONDS / unit)) * unit
                stop = min(start + size, count)
                begin = time.perf_counter()
                yield start, stop
                seconds = time.perf_counter() - begin
                if seconds > 0 and stop > start and stop - start >= min(unit, count):
                    self._rates[kind] = (stop - start) / seconds
                start = stop
                report(start)
                if start >= count:
                    return
        finally:
            report(None)


def _reporter(progress: Progress, total: int) -> Callable[[int | None], None]:
    """Reports the galaxies that are done; None at the end."""
    if progress is None:
        return lambda done: None
    if progress is True:
        try:
            from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise Error("progress: True needs tqdm, which is not installed: pass a callable(done, total)") from None
        bar = tqdm(total=total, unit=" galaxies")

        def show(done: int | None) -> None:
            if done is None:
                bar.close()
            else:
                bar.update(done - bar.n)

        return show
    if not callable(progress):
        raise Error(f"progress: expected a callable(done, total) or True, found {progress!r}")

    def tell(done: int | None) -> None:
        if done is not None:
            progress(done, total)

    return tell
