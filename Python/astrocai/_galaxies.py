"""Galaxies of files."""

import json
import os
import warnings
from collections.abc import Sequence
from ctypes import c_double, c_float
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _library
from ._arrays import pointer
from ._errors import Error


class Galaxies(NamedTuple):
    """Galaxies of files, copied.

    Attributes
    ----------
    images
        float32 [N, bands, rows, columns]; missing pixels are NaN.
    magnitudes
        float32 [N, bands]; missing ones are NaN. None for images alone.
    z_spec
        float64 [N], spectroscopic redshifts, NaN where unknown; None where no file has any.
    ids
        str [N]: the files' own, or FILE:ROW.
    bands
        A letter for each band of the arrays, in their order; None where the files have other bands than u, g, r, i, z, and
        no option names them.
    notices
        What was taken from the files, a line each.
    """

    images: npt.NDArray[np.float32]
    magnitudes: npt.NDArray[np.float32] | None
    z_spec: npt.NDArray[np.float64] | None
    ids: npt.NDArray[np.str_]
    bands: str | None
    notices: tuple[str, ...]


def read(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    images: str | None = None,
    magnitudes: str | None = None,
    redshifts: str | None = None,
    object_id: str | None = None,
    bands: str | None = None,
    table: str | os.PathLike[str] | None = None,
    join: str | None = None,
    missing_rows: str | None = None,
    missing: str | None = None,
    channels_last: bool = False,
    images_alone: bool = False,
) -> Galaxies:
    """Reads galaxies of any local file that `cai infer` reads, with its options.

    Parameters
    ----------
    path
        A file, a folder, a pattern, or several of them.
    images, magnitudes, redshifts, object_id
        Names in the files, where they are not the usual ones; of magnitudes one name, or one for each band, between commas.
    bands
        The bands in the files in their order, a letter each. The arrays have u, g, r, i, z, or all of these bands where one of
        them is lacking.
    table
        A file with magnitudes, redshifts or both.
    join
        How the table is joined: "id", or "rows".
    missing_rows
        For galaxies that the table does not have: "error", or "flag" for NaN.
    missing
        Values of magnitudes and redshifts that stand for none, between commas, or "none"; None for those of surveys.
    channels_last
        Whether images in the files are [N, rows, columns, bands].
    images_alone
        Whether files without magnitudes are read, as `cai embed` does; magnitudes and redshifts are then None.

    Returns
    -------
    Galaxies
        Copied arrays.

    Raises
    ------
    Error
        As `cai infer` reports it.

    Warns
    -----
    UserWarning
        For choices that numbers depend on.
    """
    paths = [path] if isinstance(path, str | os.PathLike) else path
    if not isinstance(paths, Sequence) or not paths:
        raise Error(f"path: expected a path, or several, found {path!r}")
    names = [_library.path_bytes(name, "path").decode() for name in paths]
    options = _library.options(
        images=images, magnitudes=magnitudes, redshifts=redshifts, object_id=object_id, bands=bands,
        table=None if table is None else _library.path_bytes(table, "table").decode(), join=join,
        missing_rows=missing_rows, missing=missing, channels_last=channels_last, images_alone=images_alone,
    )  # fmt: skip
    handle = _library.opened("cai_galaxies_open", json.dumps(names).encode(), options)
    try:
        facts: dict[str, Any] = json.loads(_library.string("cai_describe", handle))
        count, width = int(facts["galaxies"]), facts.get("magnitudes")
        pixels = np.empty((count, *facts["image_shape"]), np.float32)
        values = np.empty((count, width or 0), np.float32)
        known = np.empty(count, np.float64)
        _library.run(
            "cai_galaxies_copy", handle, pointer(pixels, c_float), pixels.size, pointer(values, c_float), values.size,
            pointer(known, c_double), count,
        )  # fmt: skip
        ids = np.array(json.loads(_library.string("cai_galaxies_ids", handle)), dtype=np.str_)
    finally:
        handle.close()
    for message in facts["warnings"]:
        warnings.warn(message, stacklevel=2)
    return Galaxies(
        images=pixels, magnitudes=None if width is None else values, z_spec=known if facts["has_redshifts"] else None,
        ids=ids, bands=facts.get("bands"), notices=(*facts["warnings"], *facts["notices"]),
    )  # fmt: skip
