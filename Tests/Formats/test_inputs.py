"""Galaxies written by astropy, h5py and NumPy give the same bits as PyTorch's file."""

import csv
import gzip
import shutil

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from galaxies import COUNT, cai, infer
from shared_hooks import IS_ENDURANCE

# The number of galaxies in compressed tiles: astropy takes a minute for all.
TILED = COUNT if IS_ENDURANCE else 48


def catalogue(demo, *more):
    _, magnitudes, redshifts = demo
    return fits.BinTableHDU.from_columns(
        [fits.Column("magnitudes", "5D", array=magnitudes), fits.Column("redshift", "D", array=redshifts), *more]
    )


def write(path, *units):
    fits.HDUList(list(units)).writeto(path)


@pytest.mark.endurance
def test_npz(demo, same, tmp_path):
    images, magnitudes, redshifts = demo
    np.savez(tmp_path / "a.npz", images=images, magnitudes=magnitudes, redshifts=redshifts)
    same(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", cutouts=images, m=magnitudes, z=redshifts)
    same(tmp_path / "b.npz", "--images", "cutouts", "--magnitudes", "m", "--redshifts", "z")


@pytest.mark.endurance
def test_fits_cube(demo, same, tmp_path):
    write(tmp_path / "a.fits", fits.PrimaryHDU(demo[0]), catalogue(demo))
    same(tmp_path / "a.fits")


@pytest.mark.endurance
def test_astropy_table_and_gzip(demo, same, tmp_path):
    images, magnitudes, redshifts = demo
    table = Table({"images": images, "magnitudes": magnitudes, "redshift": redshifts})
    table.write(tmp_path / "a.fits")
    same(tmp_path / "a.fits")
    with open(tmp_path / "a.fits", "rb") as plain, gzip.open(tmp_path / "b.fits.gz", "wb", 1) as packed:
        shutil.copyfileobj(plain, packed)
    same(tmp_path / "b.fits.gz")


@pytest.mark.endurance
def test_lossless_tiles(demo, expected, tmp_path):
    demo = [array[:TILED] for array in demo]
    tiles = fits.CompImageHDU(demo[0], compression_type="GZIP_2", quantize_level=0, name="CUTOUTS")
    write(tmp_path / "a.fits", fits.PrimaryHDU(), tiles, catalogue(demo))
    np.testing.assert_array_equal(infer(tmp_path / "a.fits", folder=tmp_path), expected[:TILED])


@pytest.mark.endurance
@pytest.mark.parametrize("level", [16, None])
def test_rice(demo, tmp_path, level):
    """Lossy tiles, or tiles of scaled integers, give the bits that astropy reads."""
    demo = [array[:TILED] for array in demo]
    images = demo[0]
    if level is None:
        images = np.round((images - images.min()) / np.ptp(images) * 30000).astype("i2")
    options = {} if level is None else {"quantize_level": level}
    write(tmp_path / "a.fits", fits.PrimaryHDU(), fits.CompImageHDU(images, **options), catalogue(demo))
    with fits.open(tmp_path / "a.fits") as units:
        decoded = units[1].data.astype("f4")
    np.savez(tmp_path / "a.npz", images=decoded, magnitudes=demo[1])
    np.testing.assert_array_equal(
        infer(tmp_path / "a.fits", folder=tmp_path), infer(tmp_path / "a.npz", folder=tmp_path)
    )


@pytest.mark.endurance
def test_hdf5(demo, same, tmp_path):
    images, magnitudes, redshifts = demo
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["magnitudes"], file["redshifts"] = images, magnitudes, redshifts
    same(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.hdf5", "w") as file:
        for name, data in {"images": images, "magnitudes": magnitudes, "redshifts": redshifts}.items():
            file.create_dataset(f"survey/{name}", data=data, chunks=True, compression="gzip", shuffle=True)
    same(tmp_path / "b.hdf5", *(f"--{name}=survey/{name}" for name in ["images", "magnitudes", "redshifts"]))
    # As float64: the conversion from float32 and back is exact.
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["images"], file["magnitudes"] = images.astype(">f8"), magnitudes
    same(tmp_path / "c.h5")


@pytest.mark.endurance
def test_bands_and_larger_cutouts(demo, same, tmp_path):
    images, magnitudes, _ = demo
    order = [4, 1, 0, 3, 2]
    larger = np.full((COUNT, 5, 64, 48), 7, "f4")
    larger[:, :, 16:48, 8:40] = images[:, order]
    np.savez(tmp_path / "a.npz", images=larger, magnitudes=magnitudes[:, order])
    same(tmp_path / "a.npz", "--bands", "zguir")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("images", data=larger, chunks=(100, 5, 16, 16))
        file["magnitudes"] = magnitudes[:, order]
    same(tmp_path / "a.h5", "--bands", "zguir")
    small = tmp_path / "small.npz"
    np.savez(small, images=images[:, :, 1:, :], magnitudes=magnitudes)
    assert f"expected images of shape [N, 5, 32, 32], found [{COUNT}, 5, 31, 32]" in cai("infer", small, status=1).stderr


@pytest.mark.endurance
def test_half_precision_and_scaled_integers(demo, tmp_path):
    images, magnitudes, _ = demo
    half = images.astype("f2")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["magnitudes"] = half, magnitudes
    np.savez(tmp_path / "a.npz", images=half.astype("f4"), magnitudes=magnitudes)
    np.testing.assert_array_equal(infer(tmp_path / "a.h5", folder=tmp_path), infer(tmp_path / "a.npz", folder=tmp_path))
    stored = np.round(images / images.max() * 20000).astype("i2")
    unit = fits.ImageHDU(stored.copy(), name="IMAGES")
    write(tmp_path / "b.fits", fits.PrimaryHDU(), unit, catalogue(demo))
    # BSCALE and BZERO are written to the finished file: astropy would store other integers.
    bytes_ = (tmp_path / "b.fits").read_bytes()
    card = b"EXTNAME = 'IMAGES  '           / extension name".ljust(80)
    assert bytes_.count(card) == 1
    scale, zero = 1 / 512, 0.25
    cards = card + f"BSCALE  = {scale!r:>20}".encode().ljust(80) + f"BZERO   = {zero!r:>20}".encode().ljust(80)
    start = bytes_.index(card)
    end = bytes_.index(b"END".ljust(80), start)
    header = cards + bytes_[start + 80 : end] + b"END".ljust(80)
    (tmp_path / "b.fits").write_bytes(bytes_[:start] + header + bytes_[end + 80 + 160 :])
    physical = (stored.astype("f8") * scale + zero).astype("f4")
    np.savez(tmp_path / "b.npz", images=physical, magnitudes=magnitudes)
    np.testing.assert_array_equal(infer(tmp_path / "b.fits", folder=tmp_path), infer(tmp_path / "b.npz", folder=tmp_path))


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_one_file_a_galaxy(demo, expected, tmp_path):
    """Five extensions or a cube of three axes; magnitudes from a catalogue by file name."""
    images, magnitudes, redshifts = demo
    folder = tmp_path / "cutouts"
    folder.mkdir()
    for n in range(20):
        if n % 2:
            write(folder / f"gal{n}.fits", fits.PrimaryHDU(images[n]))
        else:
            write(folder / f"gal{n}.fits", fits.PrimaryHDU(), *(fits.ImageHDU(band) for band in images[n]))
    with open(tmp_path / "catalogue.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["ra", "object_id", *(f"mag_{band}" for band in "ugriz"), "z_spec"])
        for n in reversed(range(20)):
            out.writerow([1.5, f"gal{n}", *map(repr, map(float, magnitudes[n])), repr(float(redshifts[n])) if n else ""])
    cai("infer", folder, "--table", tmp_path / "catalogue.csv", "-o", tmp_path / "z.csv", "--quiet")
    found = rows(tmp_path / "z.csv")
    assert [row["object_id"] for row in found] == [f"gal{n}" for n in range(20)]
    np.testing.assert_array_equal(np.array([row["z_phot"] for row in found], "f4").view("u4"), expected[:20])
    assert found[0]["z_spec"] == ""
    assert [float(row["z_spec"]) for row in found[1:]] == list(redshifts[1:20])
    Table(
        {"objid": [f"gal{n}" for n in range(20)], **{band: magnitudes[:20, i] for i, band in enumerate("ugriz")}}
    ).write(tmp_path / "catalogue.fits")
    z = infer(folder, "--table", tmp_path / "catalogue.fits", "--object-id", "objid", folder=tmp_path)
    np.testing.assert_array_equal(z, expected[:20])


@pytest.mark.parametrize("kind", ["i8", "U", "S"])
def test_object_ids(demo, tmp_path, kind):
    images, magnitudes, _ = (part[:5] for part in demo)
    ids = np.array([2**62 + n for n in range(5)]) if kind == "i8" else np.array([f"J{n}é" for n in range(5)])
    if kind == "S":
        ids = np.array([f"SDSS J{n:09}" for n in range(5)]).astype("S")
    names = [text.decode() if kind == "S" else str(text) for text in ids]
    Table({"images": images, "magnitudes": magnitudes, "object_id": ids if kind != "U" else [f"J{n}e" for n in range(5)]}
          ).write(tmp_path / "a.fits")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"], file["magnitudes"] = images, magnitudes
        file["object_id"] = names if kind == "U" else ids
    np.savez(tmp_path / "a.npz", images=images, magnitudes=magnitudes, object_id=ids)
    for name in ["a.fits", "a.h5", "a.npz"]:
        cai("infer", tmp_path / name, "-o", tmp_path / "z.csv", "--quiet")
        wanted = [text.replace("é", "e") for text in names] if name == "a.fits" else names
        assert [row["object_id"] for row in rows(tmp_path / "z.csv")] == wanted, name


def test_npy_with_a_table_row_for_row(demo, same, tmp_path):
    images, magnitudes, redshifts = demo
    np.save(tmp_path / "a.npy", images)
    np.savez(tmp_path / "t.npz", magnitudes=magnitudes, redshifts=redshifts)
    same(tmp_path / "a.npy", "--table", tmp_path / "t.npz")


def test_split(demo, same, tmp_path):
    write(tmp_path / "a.fits", fits.PrimaryHDU(demo[0][:, ::-1]), catalogue(demo))
    _, magnitudes, _ = demo
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["magnitudes"] = magnitudes[:, ::-1]
    cai("split", tmp_path / "a.fits", "--images", "primary", "--bands", "zirgu", "--magnitudes", "magnitudes",
        "--table", tmp_path / "t.h5", "-o", tmp_path / "parts", "--rows", "100", "--quiet")
    same(tmp_path / "parts")
