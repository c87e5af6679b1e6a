"""Partition files made from the demo galaxies, byte by byte, without PyTorch and without the program under test.

A partition is a `torch.save` of a `TensorDataset` of images [N, 5, 32, 32] f32, magnitudes [N, 5] f64 and redshifts [N]
f64: a zip of stored members, of which `data.pkl` describes the tensors and `data/0`, ... hold their elements.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

# Bytes per galaxy in each storage.
_WIDTHS = (5 * 32 * 32 * 4, 5 * 8, 8)
_SHAPES = ((5, 32, 32), (5,), ())
_STORAGES = ("FloatStorage", "DoubleStorage", "DoubleStorage")


@dataclass(frozen=True)
class Galaxies:
    images: bytes
    magnitudes: bytes
    redshifts: bytes

    @classmethod
    def demo(cls, path: Path) -> "Galaxies":
        """The 512 galaxies of `weights/demo-galaxies.pt`, whose tensors are contiguous, each with its own storage."""
        with zipfile.ZipFile(path) as archive:
            root = archive.namelist()[0].split("/")[0]
            return cls(*(archive.read(f"{root}/data/{index}") for index in range(3)))

    def __len__(self) -> int:
        return len(self.redshifts) // _WIDTHS[2]

    def rows(self, start: int, end: int) -> "Galaxies":
        parts = (self.images, self.magnitudes, self.redshifts)
        return Galaxies(*(part[start * width : end * width] for part, width in zip(parts, _WIDTHS)))

    def split(self, rows: int) -> list["Galaxies"]:
        return [self.rows(start, min(start + rows, len(self))) for start in range(0, len(self), rows)]

    def partition(self) -> bytes:
        """The bytes of a partition file."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("archive/data.pkl", self._pickle())
            archive.writestr("archive/byteorder", "little")
            for index, part in enumerate((self.images, self.magnitudes, self.redshifts)):
                archive.writestr(f"archive/data/{index}", part)
            archive.writestr("archive/version", "3\n")
        return target.getvalue()

    def _pickle(self) -> bytes:
        """The pickle in protocol 2, opcode by opcode, without the classes that it names."""
        tensors = b"".join(self._tensor(index) for index in range(3))
        data_set = b"ctorch.utils.data.dataset\nTensorDataset\n)\x81"  # an instance, made without arguments,
        return b"\x80\x02" + data_set + b"}" + _text("tensors") + tensors + b"\x87sb."  # of state {"tensors": (3)}

    def _tensor(self, index: int) -> bytes:
        shape = (len(self), *_SHAPES[index])
        strides, elements = [], 1
        for size in reversed(shape):
            strides.insert(0, elements)
            elements *= size
        kind = b"ctorch\n" + _STORAGES[index].encode() + b"\n"
        storage = b"(" + _text("storage") + kind + _text(str(index)) + _text("cpu") + _number(elements) + b"tQ"
        hooks = b"ccollections\nOrderedDict\n)R"
        layout = _number(0) + _numbers(shape) + _numbers(strides) + b"\x89" + hooks
        return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + layout + b"tR"


def _text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def _number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def _numbers(values: tuple[int, ...] | list[int]) -> bytes:
    return b"(" + b"".join(_number(value) for value in values) + b"t"
