"""Weights and galaxies as NumPy arrays, so that only PyTorch's own peer needs PyTorch."""

import pickle
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import safe_open

Arrays = dict[str, np.ndarray]

UNUSED = ("inception_model.conv2d_init.", "inception_model.vis_inception.8.branch3.")  # an alias, and never run
ELEMENTS = {"DoubleStorage": np.dtype("<f8"), "FloatStorage": np.dtype("<f4")}


def load_weights(path: Path) -> tuple[Arrays, int]:
    """The tensors of a state dict that the network uses, in float32, and the heads of its attentions.

    Heads come from the file's metadata, where `cai convert` puts them; else there is one for every 64 channels.
    """
    with safe_open(path, "np") as file:
        tensors = {name.removeprefix("module."): file.get_tensor(name) for name in file.keys()}
        heads = (file.metadata() or {}).get("num_heads")
    used = {
        name: np.ascontiguousarray(tensor, np.float32)
        for name, tensor in tensors.items()
        if not name.startswith(UNUSED) and not name.endswith("num_batches_tracked")
    }
    return used, int(heads) if heads else max(1, used["cls_token"].shape[-1] // 64)


def load_galaxies(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images [N, 5, 32, 32] and magnitudes [N, 5] in float32, of a TensorDataset that PyTorch 1.6 or newer saved."""
    with zipfile.ZipFile(path) as archive:
        folder = archive.namelist()[0].split("/")[0]
        with archive.open(f"{folder}/data.pkl") as file:
            images, magnitudes = _Partition(file, archive, folder).load()["tensors"][:2]
    return images.astype(np.float32, order="C"), magnitudes.astype(np.float32, order="C")


class _Partition(pickle.Unpickler):
    """Accepts the names in the pickle of a TensorDataset, and refuses all others."""

    def __init__(self, file: BinaryIO, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(file)
        self.archive, self.folder = archive, folder

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in ELEMENTS:
            return ELEMENTS[name]
        known = {
            "torch._utils._rebuild_tensor_v2": _tensor,
            "torch.utils.data.dataset.TensorDataset": _Attributes,
            "collections.OrderedDict": dict,
        }
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"not a partition of float32 and float64 tensors: {module}.{name} in it")
        return known[f"{module}.{name}"]

    def persistent_load(self, pid: tuple[str, np.dtype, str, str, int]) -> np.ndarray:
        _, element, key, _, _ = pid
        return np.frombuffer(self.archive.read(f"{self.folder}/data/{key}"), element)


class _Attributes(dict):
    """Stands for an object: its attributes by name."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.update(state)


def _tensor(
    storage: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> np.ndarray:
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides))
    if min((offset, *shape, *strides)) < 0 or (0 not in shape and last >= len(storage)):
        raise pickle.UnpicklingError(f"a tensor of shape {shape} and strides {strides} reaches beyond its storage")
    steps = [stride * storage.itemsize for stride in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)
