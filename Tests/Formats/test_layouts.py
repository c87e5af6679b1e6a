"""Small files in the layouts of public sets: the commands of docs/FORMATS.md, and the errors for what a set lacks."""

import h5py
import numpy as np
import pytest

from galaxies import cai, infer

SOME = 24


@pytest.fixture
def some(demo):
    return [array[:SOME] for array in demo]


def framed(images, size=64):
    """The cutouts in the middle of larger ones, whose other pixels differ."""
    edge = (size - 32) // 2
    larger = np.full((len(images), 5, size, size), 7, "f4")
    larger[:, :, edge : edge + 32, edge : edge + 32] = images
    return larger


def test_sdss_of_pasquet(some, expected, tmp_path):
    """npz: cube [N, 64, 64, 5], labels of named fields."""
    images, magnitudes, redshifts = some
    labels = np.zeros(SOME, [("ra", "f8"), *((f"modelMag_{band}", "f8") for band in "ugriz"), ("z", "f4")])
    for index, band in enumerate("ugriz"):
        labels[f"modelMag_{band}"] = magnitudes[:, index]
    labels["z"] = redshifts
    path = tmp_path / "sdss.npz"
    np.savez_compressed(path, cube=np.moveaxis(framed(images), 1, 3), labels=labels)
    names = ",".join(f"labels.modelMag_{band}" for band in "ugriz")
    options = ["--images", "cube", "--channels-last", "--magnitudes", names, "--redshifts", "labels.z"]
    np.testing.assert_array_equal(infer(path, *options, folder=tmp_path), expected[:SOME])


def galaxies_ml(path, some):
    images, magnitudes, redshifts = some
    with h5py.File(path, "w") as file:
        file["image"] = framed(images)
        for index, band in enumerate("grizy"):
            file[f"{band}_cmodel_mag"] = magnitudes[:, index]
        file["specz_redshift"] = redshifts
        file["object_id"] = np.arange(SOME) + 40_000_000_000_000_000


def test_galaxies_ml(some, expected, tmp_path):
    """HDF5: bands g, r, i, z, y in datasets of their own names."""
    path = tmp_path / "5x64x64.hdf5"
    galaxies_ml(path, some)
    names = ",".join(f"{band}_cmodel_mag" for band in "grizy")
    options = ["--bands", "grizy", "--magnitudes", names, "--redshifts", "specz_redshift"]
    np.testing.assert_array_equal(infer(path, *options, folder=tmp_path), expected[:SOME])
    cai("infer", path, *options, "-o", tmp_path / "z.csv", "--quiet")
    rows = (tmp_path / "z.csv").read_text().splitlines()
    assert rows[1].startswith("40000000000000000,")


def test_galaxies_ml_without_names(some, tmp_path):
    path = tmp_path / "5x64x64.hdf5"
    galaxies_ml(path, some)
    errors = cai("infer", path, "--quiet", status=1).stderr
    assert "--magnitudes" in errors
    assert "g_cmodel_mag" in errors


def test_galaxy10(tmp_path):
    """HDF5: images [N, 256, 256, 3] of bytes, and no magnitudes: three bands are not five."""
    path = tmp_path / "Galaxy10_DECals.h5"
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((3, 256, 256, 3), "u1")
        file["ans"] = np.arange(3, dtype="u1")
        file["redshift"] = np.array([0.1, 0.2, 0.3])
    errors = cai("infer", path, "--quiet", status=1).stderr
    assert "--magnitudes" in errors
    output = ["-o", tmp_path / "features.npy", "--quiet"]
    errors = cai("embed", path, *output, status=1).stderr
    assert "--channels-last" in errors
    errors = cai("embed", path, "--channels-last", *output, status=1).stderr
    assert "expected images of shape [N, 5, 32, 32]" in errors


def test_multimodal_universe(some, expected, tmp_path):
    """Folders NAME/healpix=N/*.hdf5 with image_array; the error of the folder proposes the pattern."""
    images, magnitudes, redshifts = some
    for number, rows in ((7, slice(0, 10)), (12, slice(10, SOME))):
        folder = tmp_path / f"hsc/healpix={number}"
        folder.mkdir(parents=True)
        with h5py.File(folder / "001-of-001.hdf5", "w") as file:
            file["image_array"] = framed(images, 160)[rows]
            file["object_id"] = np.arange(SOME).astype("S20")[rows]
            for index, band in enumerate("grizy"):
                file[f"{band}_cmodel_mag"] = magnitudes[rows, index]
            file["z_spec"] = redshifts[rows]
    errors = cai("infer", tmp_path / "hsc", "--quiet", status=1).stderr
    pattern = f"{tmp_path}/hsc/healpix=*/*.hdf5"
    assert f"'{pattern}'" in errors
    names = ",".join(f"{band}_cmodel_mag" for band in "grizy")
    options = ["--images", "image_array", "--bands", "grizy", "--magnitudes", names, "--redshifts", "z_spec"]
    np.testing.assert_array_equal(infer(pattern, *options, folder=tmp_path), expected[:SOME])
