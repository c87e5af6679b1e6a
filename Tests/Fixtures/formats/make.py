"""Writes the files in this folder with PyTorch, NumPy and safetensors: python3 make.py

The tests contain every value: element i of a tensor in row-major order is i - 3 for signed and floating-point types,
i for unsigned ones and (i % 2 == 1) for booleans.
"""
import argparse
import collections
import functools
import io
import pathlib
import types
import zipfile

import numpy as np
import torch
from safetensors.torch import save_file

torch.manual_seed(7)
# The older container includes the source of each module's class: any line is accepted
torch.serialization.get_source_lines_and_file = lambda cls, *_: ([f"class {cls.__name__}: ...\n"], 0, "source.py")
TYPES = {
    "f64": torch.float64, "f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "i64": torch.int64,
    "i32": torch.int32, "i16": torch.int16, "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool,
}


def values(count, dtype):
    if dtype == torch.bool:
        return torch.arange(count) % 2 == 1
    return (torch.arange(count) - (0 if dtype == torch.uint8 else 3)).to(dtype)


def typed():
    return {name: values(6, dtype).reshape(2, 3) for name, dtype in TYPES.items()}


# Every element type
torch.save(typed(), "dtypes.pt")
torch.save(typed(), "dtypes-legacy.pt", _use_new_zipfile_serialization=False)
save_file(typed(), "dtypes.safetensors", metadata={"origin": "make.py", "note": 'quotes " and \u00e9'})

# Layouts: all are [2, 3] with the values -3...2, except the last four
base = values(6, torch.float32)
wide = torch.full((4, 5), 99.0)
wide[1:3, 2:5] = base.reshape(2, 3)
layouts = {
    "plain": base.reshape(2, 3),
    "transposed": base.reshape(2, 3).t().contiguous().t(),
    "sliced": wide[1:3, 2:5],
    "stepped": torch.stack([base, base + 50], dim=1).reshape(-1)[::2].reshape(2, 3),
    "expanded": torch.tensor([[7.0], [8.0]]).expand(2, 3),
    "scalar": torch.tensor(4.5),
    "empty": torch.zeros(0, 3),
    "empty-offset": wide[4:, 2:],
}
torch.save(layouts, "layouts.pt")
torch.save(layouts, "layouts-legacy.pt", _use_new_zipfile_serialization=False)


# A module of an unknown class, also in the older container
class Tower(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.num_heads = 3
        self.name = "tower"
        self.scale = 0.125
        self.window = (4, 4)
        self.token = torch.nn.Parameter(values(4, torch.float32))
        self.absent = None
        self.register_parameter("nothing", None)
        self.register_buffer("table", values(5, torch.int64))
        self.register_buffer("cache", torch.zeros(2), persistent=False)
        self.layers = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
        self.alias = self.layers[0]


torch.save(Tower(), "module.pt")
torch.save(Tower(), "module-legacy.pt", _use_new_zipfile_serialization=False)
for protocol in (3, 4, 5):
    torch.save(Tower(), f"module-protocol{protocol}.pt", pickle_protocol=protocol)

# A data set, older container; a bare tensor
dataset = torch.utils.data.TensorDataset(
    values(2 * 5 * 4, torch.float32).reshape(2, 5, 2, 2), values(10, torch.float64).reshape(2, 5),
    values(2, torch.float64))
torch.save(dataset, "dataset-legacy.pt", _use_new_zipfile_serialization=False)
torch.save(values(6, torch.float32).reshape(2, 3), "bare.pt")

# Objects that training scripts save with the weights
tower = Tower()
optimizer = torch.optim.AdamW(tower.parameters(), lr=1e-3)
sum(parameter.sum() for parameter in tower.parameters()).backward()
optimizer.step()
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
torch.save(
    {
        "model": collections.OrderedDict(("module." + k, v) for k, v in tower.state_dict().items()),
        "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(),
        "args": argparse.Namespace(lr=0.001, data="demo", device=torch.device("cpu"), steps=[1, 2]),
        "epoch": 12, "best": np.float64(0.25), "size": torch.Size([2, 3]), "names": {"u", "g"},
        "seen": collections.defaultdict(list, {"r": [1]}), "make": functools.partial(collections.Counter, 3),
        "seed": 2**70, "raw": b"bytes", "done": False, "loss": float("inf"), "nothing": None,
    }, "checkpoint.pt")

# The zip container with compressed entries
with zipfile.ZipFile("dtypes.pt") as source, zipfile.ZipFile("dtypes-deflated.pt", "w", zipfile.ZIP_DEFLATED) as out:
    for name in source.namelist():
        out.writestr(name, source.read(name))

# Plain objects of training scripts, and a history too long to be listed
torch.save(
    {
        "weights": typed()["f32"], "args": argparse.Namespace(out=pathlib.PurePosixPath("/runs/7"), depth=12),
        "state": types.SimpleNamespace(best=0.5), "history": [0.5] * 5000,
    }, "training.pt")

# The older container with framed pickles; the stride of an axis of length 1
torch.save(typed(), "dtypes-legacy-protocol4.pt", _use_new_zipfile_serialization=False, pickle_protocol=4)
torch.save({"row": torch.as_strided(torch.arange(16), (1, 3), (2**62, 1))}, "one-row.pt")

# A view that is negated only when it is read
torch.save({"z": torch.conj(torch.complex(torch.zeros(2), -torch.ones(2))).imag}, "negated.pt")

# Unsupported types
torch.save({"z": torch.zeros(2, dtype=torch.complex64)}, "complex.pt")
torch.save({"z": torch.zeros(2, dtype=torch.uint16)}, "uint16.pt")
torch.save({"z": torch.zeros(2, 2).to_sparse()}, "sparse.pt")

# NumPy
arrays = {
    name: values(6, dtype).reshape(2, 3).numpy() for name, dtype in TYPES.items() if name != "bf16"
}
np.savez("arrays.npz", **arrays, columns=np.asfortranarray(arrays["f32"]), scalar=np.float32(4.5))
np.savez_compressed("arrays-deflated.npz", **arrays)
np.save("c-order.npy", arrays["f32"])
np.save("fortran-order.npy", np.asfortranarray(arrays["f64"]))
np.save("big-endian.npy", arrays["f32"].astype(">f4"))
np.save("structured.npy", np.zeros(2, dtype=[("ra", "<f8"), ("dec", "<f8")]))
np.save("object.npy", np.array([{}], dtype=object), allow_pickle=True)
np.save("uint16.npy", arrays["u8"].astype("<u2"))
for version in ((2, 0), (3, 0)):
    with open(f"version{version[0]}.npy", "wb") as out:
        np.lib.format.write_array(out, arrays["f32"], version=version)
