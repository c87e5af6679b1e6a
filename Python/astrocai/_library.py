"""The shared library by ctypes: declarations of include/astrocai.h, options, and strings that the library returns."""

import ctypes
import json
import operator
import os
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_double, c_float, c_int32, c_int64, c_uint8, c_void_p
from pathlib import Path
from typing import Any

from ._errors import Error

ABI_VERSION = 2
_ERROR_BYTES = 4096


class CArray(ctypes.Structure):
    """`cai_array`."""

    _fields_ = (
        ("data", c_void_p),
        ("dtype", c_int32),
        ("axes", c_int32),
        ("shape", c_int64 * 4),
        ("strides", c_int64 * 4),
    )


class Handle(c_int64):
    """A handle that is closed with its last reference, also where Ctrl-C ends the call that returned it."""

    # Its number stays, so that a closed handle is an error: 0 would be none.
    is_open = True

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Closes the handle; a second time has no effect."""
        if self.is_open:
            self.is_open = False
            _library.cai_close(self, None, 0)


class Text(c_void_p):
    """A string of the library's, which is freed with its last reference."""

    def __del__(self) -> None:
        _library.cai_free(self)


_error = (c_char_p, c_int64)
_array, _floats, _doubles, _bytes = POINTER(CArray), POINTER(c_float), POINTER(c_double), POINTER(c_uint8)

# Results and arguments of every function.
SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cai_abi_version": (c_int32, ()),
    "cai_free": (None, (c_void_p,)),
    "cai_close": (c_int32, (c_int64, *_error)),
    "cai_model_open": (Handle, (c_char_p, c_char_p, *_error)),
    "cai_describe": (Text, (c_int64, *_error)),
    "cai_predict": (c_int32, (c_int64, _array, _array, c_char_p, _floats, _bytes, c_int64, *_error)),
    "cai_embed": (c_int32, (c_int64, _array, c_char_p, _floats, c_int64, *_error)),
    "cai_reconstruct": (
        c_int32,
        (c_int64, _array, c_char_p, _floats, c_int64, _floats, _floats, c_int64, _floats, c_int64, *_error),
    ),
    "cai_measure_errors": (c_int32, (c_int64, _array, _array, c_char_p, _floats, c_int64, _bytes, c_int64, *_error)),
    "cai_anomaly_scores": (c_int32, (c_int64, _floats, c_int64, c_char_p, _doubles, c_int64, *_error)),
    "cai_galaxies_open": (Handle, (c_char_p, c_char_p, *_error)),
    "cai_galaxies_copy": (c_int32, (c_int64, _floats, c_int64, _floats, c_int64, _doubles, c_int64, *_error)),
    "cai_galaxies_ids": (Text, (c_int64, *_error)),
    "cai_calibration_fit": (Text, (c_int64, _floats, _array, _array, c_int64, c_char_p, *_error)),
    "cai_calibration_read": (Text, (c_char_p, *_error)),
    "cai_calibration_intervals": (
        c_int32,
        (c_char_p, c_int64, _floats, _array, c_int64, c_char_p, _floats, _floats, c_int64, *_error),
    ),
}  # fmt: skip


def _open() -> ctypes.CDLL:
    path = Path(__file__).with_name("libastrocai.so")
    library = ctypes.CDLL(str(path))
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    found = library.cai_abi_version()
    if found != ABI_VERSION:
        raise ImportError(f"{path}: expected version {ABI_VERSION} of its functions, found {found}")
    return library


_library = _open()


def _call(name: str, arguments: Sequence[Any]) -> Any:
    error = ctypes.create_string_buffer(_ERROR_BYTES)
    result = getattr(_library, name)(*arguments, error, _ERROR_BYTES)
    return result, error.value.decode("utf-8", "replace")


def run(name: str, *arguments: Any) -> None:
    """Calls a function whose result is 0 unless it fails."""
    status, error = _call(name, arguments)
    if status != 0:
        raise Error(error)


def opened(name: str, *arguments: Any) -> Handle:
    """Calls a function that returns a handle."""
    handle, error = _call(name, arguments)
    if not handle.value:
        raise Error(error)
    return handle  # type: ignore[no-any-return]


def string(name: str, *arguments: Any) -> str:
    """Calls a function that returns a string."""
    text, error = _call(name, arguments)
    if not text.value:
        raise Error(error)
    return ctypes.string_at(text).decode()


def path_bytes(path: str | os.PathLike[str], name: str) -> bytes:
    """A path for the library."""
    if not isinstance(path, str | os.PathLike):
        raise Error(f"{name}: expected a path, found {type(path).__name__}")
    text = os.fspath(path)
    if not isinstance(text, str) or "\0" in text or not text:
        raise Error(f"{name}: expected a path, found {text!r}")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Error(f"{name}: expected a path in UTF-8, found {text!r}") from None


def integer(name: str, value: object) -> int:
    """A whole number that fits 63 bits."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise Error(f"{name}: expected a whole number, found {value!r}") from None
    if not -(2**63) <= number < 2**63:
        raise Error(f"{name}: expected a number of 64 bits, found {number}")
    return number


_TEXTS = frozenset(
    ["precision", "network", "bands", "missing", "layer", "images", "magnitudes", "redshifts", "object_id", "table", "join",
     "missing_rows", "brightness", "by"]
)  # fmt: skip
_FLAGS = frozenset(["channels_last", "images_alone"])
# Checked by the caller.
_FLOATS = frozenset(["mask_ratio", "levels"])


def options(**values: object) -> bytes:
    """Options as JSON, without those that are None.

    Raises
    ------
    Error
        For a value of another type than the option's.
    """
    given: dict[str, object] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name in _TEXTS:
            if not isinstance(value, str) or "\0" in value:
                raise Error(f"{name}: expected text, found {value!r}")
        elif name in _FLAGS:
            if not isinstance(value, bool):
                raise Error(f"{name}: expected True or False, found {value!r}")
        elif name not in _FLOATS:
            value = integer(name, value)
        given[name] = value
    return json.dumps(given, allow_nan=False).encode("ascii")
