"""Writes the samples beside it: the first 16 demo galaxies as FITS, HDF5 and CSV (numpy, astropy and h5py are needed)."""

import csv
import pathlib
import zipfile

import h5py
import numpy as np
from astropy.io import fits

FOLDER = pathlib.Path(__file__).resolve().parent
COUNT = 16
BANDS = "ugriz"


def galaxies() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """images [16, 5, 32, 32], magnitudes [16, 5] and redshifts [16]: the storages of the PyTorch file."""
    with zipfile.ZipFile(FOLDER.parent / "demo-galaxies.pt") as archive:
        parts = [archive.read(f"1/data/{key}") for key in range(3)]
    images = np.frombuffer(parts[0], "<f4").reshape(-1, 5, 32, 32)
    return images[:COUNT], np.frombuffer(parts[1], "<f8").reshape(-1, 5)[:COUNT], np.frombuffer(parts[2], "<f8")[:COUNT]


def main() -> None:
    images, magnitudes, redshifts = galaxies()
    ids = np.arange(1001, 1001 + COUNT)
    cutouts = fits.BinTableHDU.from_columns(
        [
            fits.Column("object_id", "K", array=ids),
            fits.Column("images", "5120E", dim="(32,32,5)", array=images),
        ]
    )
    fits.HDUList([fits.PrimaryHDU(), cutouts]).writeto(FOLDER / "cutouts.fits", overwrite=True)
    # Another order than the cutouts': the table is joined by object_id.
    order = np.argsort(-redshifts)
    columns = [fits.Column("object_id", "K", array=ids[order])]
    columns += [fits.Column(band, "D", array=magnitudes[order, k]) for k, band in enumerate(BANDS)]
    columns.append(fits.Column("redshift", "D", array=redshifts[order]))
    table = fits.BinTableHDU.from_columns(columns)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(FOLDER / "catalogue.fits", overwrite=True)
    with open(FOLDER / "catalogue.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["object_id", *BANDS, "redshift"])
        for row in order:
            writer.writerow([ids[row], *map(float, magnitudes[row]), float(redshifts[row])])
    with h5py.File(FOLDER / "survey.h5", "w") as file:
        file.create_dataset("cutouts/flux", data=images, track_times=False)
        file.create_dataset("object_id", data=ids, track_times=False)


if __name__ == "__main__":
    main()
