"""Writes PyTorch files by hand: pickles of modules and tensors, without PyTorch."""

import struct
import zipfile
from collections import OrderedDict

import numpy as np


class Global:
    """A class or function, by its full name."""

    def __init__(self, name):
        self.module, self.name = name.rsplit(".", 1)


class Module:
    """A torch.nn.Module: its class, plain attributes, parameters, buffers and parts, in order."""

    def __init__(self, name, parts=(), parameters=(), buffers=(), **attributes):
        self.name, self.attributes = name, attributes
        self.parts = OrderedDict(parts)
        self.parameters, self.buffers = OrderedDict(parameters), OrderedDict(buffers)
        self.hidden = set()  # names of buffers that are not persistent
        self.hooks = []  # full names of functions

    def __getitem__(self, path):
        module = self
        for part in path.split("."):
            module = module.parts[part]
        return module

    def state_dict(self, prefix=""):
        tensors = OrderedDict()
        for name, value in [*self.parameters.items(), *self.buffers.items()]:
            if value is not None and name not in self.hidden:
                tensors[prefix + name] = value
        for name, part in self.parts.items():
            tensors.update(part.state_dict(f"{prefix}{name}."))
        return tensors

    def state(self):
        return {
            "training": False, "_parameters": self.parameters, "_buffers": self.buffers,
            "_non_persistent_buffers_set": self.hidden, "_forward_pre_hooks": OrderedDict(),
            "_forward_hooks": OrderedDict(enumerate(map(Global, self.hooks))), "_modules": self.parts,
            **self.attributes,
        }


class Pickle:
    TYPES = {"f": "FloatStorage", "d": "DoubleStorage", "e": "HalfStorage", "q": "LongStorage"}

    def __init__(self):
        self.bytes, self.storages = bytearray(b"\x80\x02"), []

    def add(self, value):
        out = self.bytes
        if value is None or isinstance(value, bool):
            out += {None: b"N", True: b"\x88", False: b"\x89"}[value]
        elif isinstance(value, int):
            out += b"J" + struct.pack("<i", value)
        elif isinstance(value, float):
            out += b"G" + struct.pack(">d", value)
        elif isinstance(value, str):
            out += b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        elif isinstance(value, Global):
            out += f"c{value.module}\n{value.name}\n".encode()
        elif isinstance(value, tuple):
            self.add_all(b"(", value, b"t")
        elif isinstance(value, list):
            self.add_all(b"](", value, b"e")
        elif isinstance(value, set):
            self.add(Global("__builtin__.set"))
            self.add_all(b"](", sorted(value), b"e\x85R")
        elif isinstance(value, dict):
            if isinstance(value, OrderedDict):
                self.add(Global("collections.OrderedDict"))
            self.add_all(b")R(" if isinstance(value, OrderedDict) else b"}(",
                         [part for item in value.items() for part in item], b"u")
        elif isinstance(value, Module):
            self.add(Global(value.name))
            out += b")\x81"
            self.add(value.state())
            out += b"b"
        else:
            self.add_tensor(np.ascontiguousarray(value))

    def add_all(self, begin, values, end):
        self.bytes += begin
        for value in values:
            self.add(value)
        self.bytes += end

    def add_tensor(self, array):
        self.add(Global("torch._utils._rebuild_tensor_v2"))
        key = str(len(self.storages))
        self.storages.append(array.tobytes())
        self.bytes += b"("
        self.add(("storage", Global("torch." + self.TYPES[array.dtype.char.replace("l", "q")]), key, "cpu", array.size))
        strides = tuple(stride // array.itemsize for stride in array.strides)
        self.bytes += b"Q"
        for part in (0, array.shape, strides, False, OrderedDict()):
            self.add(part)
        self.bytes += b"tR"


def save(value, path):
    pickle = Pickle()
    pickle.add(value)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", bytes(pickle.bytes) + b".")
        archive.writestr("archive/byteorder", "little")
        for key, storage in enumerate(pickle.storages):
            archive.writestr(f"archive/data/{key}", storage)
        archive.writestr("archive/version", "3\n")
