"""Memory does not grow with the input: 4 GB of cutouts, in the short form 256 MB, in sparse files."""

import os
import subprocess
import threading

import h5py
import numpy as np
import pytest

from galaxies import BOUND, PROGRAM, TINY
from shared_hooks import IS_ENDURANCE

BYTES = (4 << 30) if IS_ENDURANCE else (256 << 20)
GALAXIES = BYTES // (5 * 32 * 32 * 4)


def fits_file(path):
    """A cube and a table of magnitudes, all zeros."""

    def header(*cards):
        text = "".join(f"{card:<80}" for card in [*cards, "END"])
        return text.ljust(-len(text) // 2880 * -2880).encode()

    axes = [32, 32, 5, GALAXIES]
    cube = header(
        "SIMPLE  =                    T", "BITPIX  =                  -32", "NAXIS   =                    4",
        *(f"NAXIS{n + 1}  = {axis:20}" for n, axis in enumerate(axes)), "EXTEND  =                    T",
    )
    table = header(
        "XTENSION= 'BINTABLE'", "BITPIX  =                    8", "NAXIS   =                    2",
        "NAXIS1  =                   20", f"NAXIS2  = {GALAXIES:20}", "PCOUNT  =                    0",
        "GCOUNT  =                    1", "TFIELDS =                    1", "TTYPE1  = 'magnitudes'", "TFORM1  = '5E'",
    )
    with open(path, "wb") as file:
        file.write(cube)
        file.seek(-(-(len(cube) + GALAXIES * 20480) // 2880) * 2880)
        file.write(table)
        end = file.tell() + 20 * GALAXIES
        file.truncate(-(-end // 2880) * 2880)


def hdf5_file(path):
    with h5py.File(path, "w") as file:
        for name, shape in {"images": (GALAXIES, 5, 32, 32), "magnitudes": (GALAXIES, 5)}.items():
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            h5py.h5d.create(file.id, name.encode(), h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple(shape), properties)


def safetensors_file(path):
    end = GALAXIES * 20480
    text = (
        f'{{"images":{{"dtype":"F32","shape":[{GALAXIES},5,32,32],"data_offsets":[0,{end}]}},'
        f'"magnitudes":{{"dtype":"F32","shape":[{GALAXIES},5],"data_offsets":[{end},{end + GALAXIES * 20}]}}}}'
    )
    text = text.ljust(-len(text) // 8 * -8).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.truncate(8 + len(text) + end + GALAXIES * 20)


def peak(arguments):
    """The peak memory of a run, with pages of mapped files."""
    process = subprocess.Popen([PROGRAM, *map(str, arguments)])
    watchdog = threading.Timer(BOUND, process.kill)
    watchdog.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"status {process.returncode} within {BOUND} s"
    return usage.ru_maxrss << 10


@pytest.mark.endurance
@pytest.mark.parametrize(
    "name, make", [("a.fits", fits_file), ("a.h5", hdf5_file), ("a.safetensors", safetensors_file)]
)
def test_gigabytes(tmp_path, name, make):
    path = tmp_path / name
    make(path)
    assert path.stat().st_size > BYTES - 20480
    assert path.stat().st_blocks * 512 < 64 << 20
    command = ["infer", path, "--weights", TINY, "--quiet", "--threads", "2", "--batch-size", "32"]
    small = peak([*command, "--limit", "2000", "-o", tmp_path / "small.npy"])
    whole = peak([*command, "-o", tmp_path / "whole.npy"])
    assert np.load(tmp_path / "whole.npy", mmap_mode="r").shape == (GALAXIES,)
    # The redshifts are in memory: four bytes a galaxy, and again as many while they are written.
    assert whole < small + (24 << 20), f"{small >> 20} MiB for 2,000 galaxies, {whole >> 20} MiB for {GALAXIES}"
