"""Writes the files in this folder with astropy and h5py: python3 make.py

Galaxy n of 3 has images[b, y, x] = ((7 n + 5 b + 3 y + x) mod 64) / 8, exact in half precision and integers,
magnitudes[b] = 15 + n + b / 8, redshift n / 8, object_id 10^15 + n, or the string J000n.
"""
import gzip
import os
import shutil

import h5py
import numpy as np
from astropy.io import fits

n, b, y, x = np.ogrid[:3, :5, :32, :32]
images = (((7 * n + 5 * b + 3 * y + x) % 64) / 8).astype("f4")
magnitudes = 15 + np.arange(3)[:, None] + np.arange(5)[None, :] / 8
redshifts = np.arange(3) / 8
ids = np.arange(3) + 10**15
names = np.array([f"J000{i}" for i in range(3)])
catalogue = [
    fits.Column("magnitudes", "5D", array=magnitudes),
    fits.Column("redshift", "D", array=redshifts),
]
integer_ids = fits.Column("object_id", "K", array=ids)
text_ids = fits.Column("object_id", "12A", array=names)


def table(columns, name=None):
    return fits.BinTableHDU.from_columns(columns, name=name)


def unscaled(unit, scales):
    """Writes stored numbers and the scale of each column directly: astropy would store other numbers."""
    for number, scale in enumerate(scales, 1):
        unit.header[f"TSCAL{number}"] = scale
    return unit


def write(path, *units):
    fits.HDUList(list(units)).writeto(path, overwrite=True)


# A cube, and a table with its catalogue.
write("cube.fits", fits.PrimaryHDU(images), table(catalogue + [integer_ids]))
# The same in one table, and that compressed.
column = fits.Column("image", "5120E", dim="(32,32,5)", array=images.reshape(3, -1))
write("table.fits", fits.PrimaryHDU(), table([column] + catalogue + [text_ids]))
with open("table.fits", "rb") as plain, open("table.fits.gz", "wb") as file:
    with gzip.GzipFile("", "wb", mtime=0, fileobj=file) as packed:
        shutil.copyfileobj(plain, packed)
# Other names, a column for each magnitude, unsigned ids, single precision.
write(
    "names.fits",
    fits.PrimaryHDU(),
    table([fits.Column("CUTOUT", "5120E", dim="(32,32,5)", array=images.reshape(3, -1))], "PIXELS"),
    table(
        [fits.Column(f"psf_{band}", "E", array=magnitudes[:, i]) for i, band in enumerate("ugriz")]
        + [fits.Column("z_spec", "E", array=redshifts), fits.Column("objid", "K", bzero=2**63, array=ids.astype("u8"))],
        "CATALOGUE",
    ),
)
# Scaled integers with undefined values (TNULL, in stored numbers): galaxy 1 lacks its first pixel, its first
# magnitude and its redshift.
pixels, hundredths, thousandths = (images * 8).reshape(3, -1).astype("i2"), (magnitudes * 1000).astype("i2"), redshifts * 1000
pixels[1, 0], hundredths[1, 0], thousandths[1] = -1, -1, -9
write(
    "nulls.fits",
    fits.PrimaryHDU(),
    unscaled(
        table(
            [
                fits.Column("image", "5120I", dim="(32,32,5)", null=-1, array=pixels),
                fits.Column("magnitudes", "5I", null=-1, array=hundredths),
                fits.Column("redshift", "J", null=-9, array=thousandths.astype("i4")),
            ]
        ),
        [0.125, 0.001, 0.001],
    ),
)
# Three tables with ids; those of the second are in another order.
write(
    "tables.fits",
    fits.PrimaryHDU(),
    table([column, integer_ids], "PIXELS"),
    table([catalogue[0], fits.Column("object_id", "K", array=ids[::-1])], "CATALOGUE"),
    table([fits.Column("mags", "5D", array=magnitudes), catalogue[1], integer_ids], "SPECTRA"),
)

# Galaxy 1 alone: an extension for each band, of integers with BSCALE and BZERO; and a cube of three axes, float64.
planes = [fits.PrimaryHDU()]
for band in range(5):
    plane = fits.ImageHDU(images[1, band].copy(), name="ugriz"[band])
    plane.scale("int16", bscale=0.125, bzero=4.0)
    planes.append(plane)
write("planes.fits", *planes)
write("stack.fits", fits.PrimaryHDU(images[1].astype("f8")))
# Tiles; an undefined pixel, infinities and NaN.
whole = (images * 8).astype("i2")  # eight times the galaxies
rice = fits.CompImageHDU(whole, compression_type="RICE_1", tile_shape=(1, 1, 32, 32))
write("rice.fits", fits.PrimaryHDU(), rice, table(catalogue + [integer_ids]))
lossless = fits.CompImageHDU(images, compression_type="GZIP_2", quantize_level=0)
write("gzip2.fits", fits.PrimaryHDU(), lossless, table(catalogue + [integer_ids]))
blank = fits.ImageHDU(np.array([[1, -1], [2, 3]], "i2"), name="holes")
blank.header["BLANK"] = -1
special = np.array([np.nan, np.inf, -0.0, 1e-45, -np.inf, 1.5], "f4")
write("special.fits", fits.PrimaryHDU(special), blank)

with h5py.File("contiguous.h5", "w") as file:
    file["images"], file["magnitudes"], file["redshifts"], file["object_id"] = images, magnitudes, redshifts, ids
with h5py.File("chunked.h5", "w") as file:
    pack = dict(compression="gzip", shuffle=True, fletcher32=True)
    file.create_dataset("images", data=images.astype(">f8"), chunks=(2, 5, 16, 16), **pack)
    file.create_dataset("magnitudes", data=magnitudes.astype("f4"), chunks=(2, 5), **pack)
    file.create_dataset("redshift", data=redshifts, chunks=(2,), maxshape=(None,))
    file["object_id"] = list(map(str, names))  # of variable length, UTF-8
# Ids of 64 bits without a sign, and strings with blanks.
with h5py.File("unsigned.h5", "w") as file:
    file.create_dataset("images", data=images, chunks=(3, 5, 32, 32), compression="gzip")
    file["magnitudes"] = magnitudes
    file["object_id"] = np.array([2**63, 2**64 - 1, 1237648720693755918], "u8")
    file["name"] = ["J0", "J 1 ", "J2"]  # of variable length
with h5py.File("half.h5", "w") as file:
    file["survey/cutouts"] = images.astype("f2")
    file["survey/psf"] = magnitudes.astype("f2")
    file["survey/z"] = redshifts.astype("f4")
    file["survey/name"] = names.astype("S8")
    file["survey/number"] = np.array([1, 2**63, 3], "u8")
    file["survey/small"] = np.array([-1, 0, 1], "i1")
# Strings of variable length: contiguous, in chunks, and unwritten.
with h5py.File("texts.h5", "w") as file:
    kind = h5py.string_dtype()
    words = ["", "Andromède", "M 33", "x" * 300, "y", "NGC 7331", "last"]
    file.create_dataset("plain", data=words, dtype=kind)
    file.create_dataset("packed", data=words, dtype=kind, chunks=(3,), compression="gzip", shuffle=True)
    file.create_dataset("holes", (7,), kind, chunks=(3,))[3:5] = ["a", "b"]
    file.create_dataset("unwritten", (2,), kind)
# Refused datasets. h5py does not open the files that they name.
with h5py.File("refused.h5", "w") as file:
    file["images"] = h5py.ExternalLink("contiguous.h5", "images")
    file["magnitudes"] = h5py.SoftLink("/images")
    file.create_dataset("external", (4,), "f4", external=[("data.raw", 0, 16)])
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("contiguous.h5", "redshifts", (3,))
    file.create_virtual_dataset("virtual", layout)
    file.create_dataset("lzf", data=redshifts, chunks=(3,), compression="lzf")
    file.create_dataset("endless", (10**12,), "f4", chunks=(1024,))
    file.create_dataset("compound", data=np.zeros(2, [("a", "f4")]))
# Unwritten chunks: lengths beyond the memory in a file of a few kB.
with h5py.File("wide.h5", "w") as file:
    file["images"] = np.zeros((4, 1, 2, 2), "f4")
    file["magnitudes"] = np.zeros((4, 5), "f4")
    for name, kind in [("object_id", "i8"), ("redshifts", "f8")]:
        file.create_dataset(name, (4, 2**36), kind, chunks=(1, 1024))
if os.path.exists("data.raw"):
    os.remove("data.raw")
