"""Predictions in every format are read by astropy, h5py, NumPy and csv."""

import csv
import gzip
import hashlib
import json

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from galaxies import COUNT, DEMO, ROOT, cai

ENDINGS = ["csv", "csv.gz", "jsonl", "npy", "fits", "h5"]
WEIGHTS = ROOT / "weights/astromae-demo.safetensors"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The demo's predictions, once in each format."""
    folder = tmp_path_factory.mktemp("written")
    for ending in ENDINGS:
        cai("infer", DEMO, "--limit", COUNT, "-o", folder / f"z.{ending}", "--quiet", cwd=ROOT)
    return folder


def csv_rows(file):
    return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def table(written):
    with open(written / "z.csv", newline="") as file:
        return csv_rows(file)


def test_gzip(written):
    assert gzip.decompress((written / "z.csv.gz").read_bytes()) == (written / "z.csv").read_bytes()
    assert (written / "z.csv.gz").stat().st_size < (written / "z.csv").stat().st_size / 1.5


def test_npy(written, table):
    z = np.load(written / "z.npy")
    assert z.dtype == "f4" and z.shape == (COUNT,)
    np.testing.assert_array_equal(z.view("u4"), np.array([row["z_phot"] for row in table], "f4").view("u4"))


def test_jsonl(written, table):
    with open(written / "z.jsonl") as file:
        rows = [json.loads(line) for line in file]
    assert [row["object_id"] for row in rows] == [row["object_id"] for row in table]
    assert [row["z_spec"] for row in rows] == [float(row["z_spec"]) for row in table]


def test_fits_with_astropy(written, table, demo):
    with fits.open(written / "z.fits", checksum=True) as units:
        units.verify("exception")
        assert len(units) == 2 and units[0].data is None
        header, data = units["PREDICTIONS"].header, units["PREDICTIONS"].data
        assert data.names == ["object_id", "source", "row", "z_phot", "z_spec", "flags"]
        assert data["z_phot"].dtype == ">f4" and data["z_spec"].dtype == ">f8" and data["row"].dtype == ">i8"
        np.testing.assert_array_equal(
            data["z_phot"].astype("f4").view("u4"), np.load(written / "z.npy").view("u4")
        )
        np.testing.assert_array_equal(data["z_spec"], demo[2])
        assert list(data["object_id"]) == [row["object_id"] for row in table]
        assert set(data["source"]) == {"demo-galaxies.pt"}
        np.testing.assert_array_equal(data["row"], np.arange(COUNT))
        assert header["TCOMM4"] == "predicted redshift" and header["TUNIT4"] == ""
        assert header["WSHA256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
        assert header["CREATOR"].startswith("cai ") and " packed float32" in header["ARITHM"]
        assert header["BANDS"] == "ugriz" and header["MISSING"].startswith("-9999,-999,") and header["HEADS"] == "3"
        assert header["WEIGHTS"].endswith("weights/astromae-demo.safetensors")
        assert header["COMMAND"].startswith("cai infer ") and header["COMMAND"].endswith("z.fits --quiet")
    read = Table.read(written / "z.fits")
    assert len(read) == COUNT and read["z_phot"].unit in (None, "")


def test_hdf5_with_h5py(written, table, demo):
    with h5py.File(written / "z.h5") as file:
        assert set(file) == {"object_id", "source", "row", "z_phot", "z_spec", "flags"}
        np.testing.assert_array_equal(file["z_phot"][:].view("u4"), np.load(written / "z.npy").view("u4"))
        assert file["z_phot"].dtype == "<f4" and file["z_spec"].dtype == "<f8" and file["row"].dtype == "<i8"
        np.testing.assert_array_equal(file["z_spec"][:], demo[2])
        assert list(file["object_id"].asstr()[:]) == [row["object_id"] for row in table]
        assert file["z_phot"].attrs["description"].decode() == "predicted redshift"
        assert file.attrs["WSHA256"].decode() == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
        assert file.attrs["COMMAND"].decode().startswith("cai infer ")
        assert " packed float32" in file.attrs["ARITHM"].decode()
        assert file.attrs["BANDS"].decode() == "ugriz" and file.attrs["MISSING"].decode().startswith("-9999,-999,")


@pytest.mark.parametrize("ending", ENDINGS)
def test_same_command_same_bytes(tmp_path, ending):
    files = []
    for _ in range(2):
        cai("infer", DEMO, "--weights", WEIGHTS, "--limit", "20", "-o", f"z.{ending}", "--quiet", cwd=tmp_path)
        files.append((tmp_path / f"z.{ending}").read_bytes())
    assert files[0] == files[1]
    record = [] if ending in ["fits", "h5"] else [f"z.{ending}.run.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"z.{ending}"] + record


def test_ids_that_fits_cannot_store_are_escaped(demo, tmp_path):
    names = ["plain", "Jé1", "quote's", "x" * 90]
    np.savez(
        tmp_path / "a.npz", images=demo[0][:4], magnitudes=demo[1][:4], redshifts=[0.5, np.nan, 1, 2],
        object_id=np.array(names),
    )
    for ending in ["fits", "h5"]:
        cai("infer", tmp_path / "a.npz", "-o", tmp_path / f"z.{ending}", "--quiet")
    with fits.open(tmp_path / "z.fits") as units:
        data = units[1].data
        assert list(data["object_id"]) == ["plain", "J\\u{E9}1", "quote's", "x" * 90]
        assert np.isnan(data["z_spec"][1]) and data["z_spec"][0] == 0.5
    with h5py.File(tmp_path / "z.h5") as file:
        assert list(file["object_id"].asstr()[:]) == names


def test_written_tables_can_be_joined(demo, expected, tmp_path):
    """Predictions in FITS and HDF5 are read as tables: z_spec is joined by object_id."""
    names = [f"g{n}" for n in range(8)]
    np.savez(
        tmp_path / "a.npz", images=demo[0][:8], magnitudes=demo[1][:8], redshifts=demo[2][:8], object_id=np.array(names)
    )
    np.savez(tmp_path / "b.npz", images=demo[0][:8], magnitudes=demo[1][:8], object_id=np.array(names))
    for ending in ["fits", "h5", "csv"]:
        cai("infer", tmp_path / "a.npz", "-o", tmp_path / f"t.{ending}", "--quiet")
        cai("infer", tmp_path / "b.npz", "--table", tmp_path / f"t.{ending}", "--redshifts", "z_spec",
            "-o", tmp_path / "z.csv", "--quiet")
        with open(tmp_path / "z.csv", newline="") as file:
            assert [float(row["z_spec"]) for row in csv_rows(file)] == list(demo[2][:8])
