#!/usr/bin/env python3
"""The demo galaxies, repeated, in each form that cai reads: inputs.py FOLDER. Files that exist are kept."""
import pathlib
import sys
import zipfile

import h5py
import numpy
from astropy.io import fits

REPEATS = 8
DEFLATED_FILES = 8


def galaxies():
    root = pathlib.Path(__file__).resolve().parents[2]
    with zipfile.ZipFile(root / "weights/demo-galaxies.pt") as archive:
        def read(storage, kind, shape):
            return numpy.frombuffer(archive.read(f"1/data/{storage}"), kind).reshape(shape)
        return (read(0, "<f4", (-1, 5, 32, 32)), read(1, "<f8", (-1, 5)), read(2, "<f8", (-1,)))


def write_table(path, images, magnitudes, redshifts):
    count = len(redshifts)
    fits.BinTableHDU.from_columns([
        fits.Column("images", "5120E", dim="(32,32,5)", array=images.reshape(count, 5120)),
        fits.Column("magnitudes", "5D", array=magnitudes),
        fits.Column("redshifts", "D", array=redshifts),
    ]).writeto(path)


def write_cube(path, images, magnitudes, redshifts):
    columns = [fits.Column("magnitudes", "5D", array=magnitudes), fits.Column("redshifts", "D", array=redshifts)]
    fits.HDUList([
        fits.PrimaryHDU(), fits.ImageHDU(images, name="images"), fits.BinTableHDU.from_columns(columns)
    ]).writeto(path)


def write_hdf5(path, images, magnitudes, redshifts, **options):
    with h5py.File(path, "w") as file:
        file.create_dataset("images", data=images, **options)
        file["magnitudes"], file["redshifts"] = magnitudes, redshifts


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    demo = galaxies()
    images, magnitudes, redshifts = (numpy.concatenate([array] * REPEATS) for array in demo)
    arrays = {"images": images, "magnitudes": magnitudes, "redshifts": redshifts}
    deflated = {name: array[:len(redshifts) // DEFLATED_FILES] for name, array in arrays.items()}
    files = {
        "stored.npz": lambda path: numpy.savez(path, **arrays),
        "cube.fits": lambda path: write_cube(path, images, magnitudes, redshifts),
        "table.fits": lambda path: write_table(path, images, magnitudes, redshifts),
        "plain.h5": lambda path: write_hdf5(path, images, magnitudes, redshifts),
        "gzip.h5": lambda path: write_hdf5(
            path, images, magnitudes, redshifts, chunks=(16, 5, 32, 32), compression="gzip"),
    }
    for number in range(DEFLATED_FILES):
        files[f"deflated-{number}.npz"] = lambda path: numpy.savez_compressed(path, **deflated)
    for name, write in files.items():
        if not (folder / name).exists():
            unfinished = folder / f"unfinished-{name}"
            unfinished.unlink(missing_ok=True)
            write(unfinished)
            unfinished.rename(folder / name)


if __name__ == "__main__":
    main()
