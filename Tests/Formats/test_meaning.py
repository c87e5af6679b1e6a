"""What files state of their numbers, in the forms that other programs write: it is followed, or refused by name."""

import h5py
import numpy as np
import pytest
from astropy.io import fits

from galaxies import cai, infer

SOME = 12


@pytest.fixture
def some(demo):
    return [array[:SOME] for array in demo]


def write(path, some, magnitudes, **attributes):
    with h5py.File(path, "w") as file:
        file["images"] = some[0]
        fill = attributes.pop("fill", None)
        data = file.create_dataset("magnitudes", data=magnitudes, fillvalue=fill)
        for name, value in attributes.items():
            data.attrs[name] = value


@pytest.mark.parametrize(("dtype", "fill"), [("u8", 2**64 - 1), ("u8", 2**64 - 2), ("i8", 2**63 - 1), ("i2", -32768)])
def test_fill_of_integers(some, tmp_path, dtype, fill):
    packed = np.round(some[1] * 1000).astype(dtype)
    packed[3, 2] = fill
    scale = {"scale_factor": 0.001, "add_offset": 0.0}
    write(tmp_path / "a.h5", some, packed, fill=np.array(fill, dtype)[()], **scale)
    write(tmp_path / "b.h5", some, packed, _FillValue=np.array(fill, dtype)[()], **scale)
    for name in "ab":
        bits = infer(tmp_path / f"{name}.h5", folder=tmp_path).view("f4")
        assert list(np.flatnonzero(np.isnan(bits))) == [3]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"scale_factor": "0.001"}, "scale_factor"),
        ({"scale_factor": [0.001, 0.001]}, "scale_factor"),
        ({"scale_factor": 0.001, "add_offset": "x"}, "add_offset"),
        ({"scale_factor": 0.001, "missing_value": "none"}, "missing_value"),
        ({"scale_factor": 0.001, "_Unsigned": "true"}, "_Unsigned"),
    ],
)
def test_attributes_that_are_not_read(some, tmp_path, attributes, words):
    write(tmp_path / "a.h5", some, np.round(some[1] * 1000).astype("i2"), **attributes)
    assert words in cai("infer", tmp_path / "a.h5", "--quiet", status=1).stderr


def test_scale_of_one(some, tmp_path):
    whole = np.round(some[1])
    write(tmp_path / "a.h5", some, whole.astype("i2"), scale_factor=1.0, add_offset=0.0)
    write(tmp_path / "b.h5", some, whole)
    found, expected = (infer(tmp_path / f"{name}.h5", folder=tmp_path) for name in "ab")
    np.testing.assert_array_equal(found, expected)


def test_missing_redshifts_of_half_precision(some, tmp_path):
    redshifts = some[2].astype("f2")
    redshifts[[1, 4, 7]] = [-9999, 99.99, 9999]
    np.savez(tmp_path / "a.npz", images=some[0], magnitudes=some[1], redshifts=redshifts)
    cai("infer", tmp_path / "a.npz", "-o", tmp_path / "z.csv", "--quiet")
    rows = [line.split(",") for line in (tmp_path / "z.csv").read_text().splitlines()[1:]]
    assert [index for index, row in enumerate(rows) if row[4] == ""] == [1, 4, 7]


@pytest.mark.parametrize("name", ["{}band", "SDSS{}", "BAND{}", "{}", "hst_{}_v2"])
def test_planes_that_differ_in_the_letter(some, expected, tmp_path, name):
    for case in (str.lower, str.upper):
        planes = [fits.ImageHDU(some[0][0, "ugriz".index(band)], name=name.format(case(band))) for band in "zirgu"]
        fits.HDUList([fits.PrimaryHDU(), *planes]).writeto(tmp_path / "g.fits", overwrite=True)
        row = ",".join(repr(float(value)) for value in some[1][0])
        (tmp_path / "t.csv").write_text(f"object_id,u,g,r,i,z\ng,{row}\n")
        found = infer(tmp_path / "g.fits", "--table", tmp_path / "t.csv", folder=tmp_path)
        np.testing.assert_array_equal(found, expected[:1])


def test_magnitudes_that_differ_in_case(some, expected, tmp_path):
    np.savez(tmp_path / "a.npz", images=some[0], object_id=np.arange(SOME))

    def table(names):
        rows = [
            ",".join([str(index), *(repr(float(value)) for value in magnitudes), "7"])
            for index, magnitudes in enumerate(some[1])
        ]
        (tmp_path / "t.csv").write_text("\n".join(["object_id," + ",".join(names), *rows]) + "\n")
        return [tmp_path / "a.npz", "--table", tmp_path / "t.csv"]

    upper = [f"MAG_{band.upper()}" for band in "ugriz"]
    errors = cai("infer", *table([*upper, "mag_z"]), "--quiet", status=1).stderr
    assert "MAG_Z" in errors
    assert "mag_z" in errors
    assert "--magnitudes" in errors
    for names in ([*upper, "extra"], [f"mag_{band}" for band in "ugriz"] + ["MAG_Z"]):
        np.testing.assert_array_equal(infer(*table(names), folder=tmp_path), expected[:SOME])


@pytest.mark.parametrize("compression", ["HCOMPRESS_1", "PLIO_1"])
def test_image_of_a_compression_that_is_not_read(some, tmp_path, compression):
    column = [
        fits.Column("cutout", "5120E", dim="(32,32,5)", array=some[0].reshape(SOME, -1)),
        fits.Column("magnitudes", "5D", array=some[1]),
    ]
    mask = fits.CompImageHDU(np.ones((32, 32), "i2"), compression_type=compression, tile_shape=(32, 32), name="MASK")
    table = fits.BinTableHDU.from_columns(column)
    fits.HDUList([fits.PrimaryHDU(), mask, table]).writeto(tmp_path / "a.fits")
    # It may be the cutouts: it is passed over only where these are named.
    words = cai("infer", tmp_path / "a.fits", "--quiet", status=1).stderr
    assert f"MASK: its tiles are compressed by '{compression}'" in words and "name these by --images" in words
    np.savez(tmp_path / "b.npz", images=some[0], magnitudes=some[1])
    found = infer(tmp_path / "a.fits", "--images", "cutout", folder=tmp_path)
    np.testing.assert_array_equal(found, infer(tmp_path / "b.npz", folder=tmp_path, name="b.npy"))
    words = cai("infer", tmp_path / "a.fits", "--images", "MASK", "--quiet", status=1).stderr
    assert f"MASK: its tiles are compressed by '{compression}'" in words


def test_deep_groups_beside_the_galaxies(some, tmp_path):
    write(tmp_path / "a.h5", some, some[1])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["/".join("abcdefghij")] = [1.0]
    assert len(infer(tmp_path / "a.h5", folder=tmp_path)) == SOME
    words = cai("infer", tmp_path / "a.h5", "--redshifts", "a/b/c/d/e/f/g/h", "--quiet", status=1).stderr
    assert "is a group more than 8 deep: not read" in words


def test_redshifts_that_are_not_read(some, tmp_path):
    np.savez(tmp_path / "a.npz", some[0], some[1], some[2].astype("c16"))
    words = cai("infer", tmp_path / "a.npz", "--quiet", status=1).stderr
    assert "arr_2: dtype '<c16' is not supported" in words
    table = fits.BinTableHDU.from_columns([fits.Column("redshift", "4A", array=["0.1"] * SOME)])
    table.writeto(tmp_path / "t.fits")
    np.savez(tmp_path / "b.npz", images=some[0], magnitudes=some[1])
    words = cai("infer", tmp_path / "b.npz", "--table", tmp_path / "t.fits", "--quiet", status=1).stderr
    assert "redshift: expected numbers, found texts" in words


def test_scaled_ids(some, tmp_path):
    write(tmp_path / "a.h5", some, some[1])
    with h5py.File(tmp_path / "a.h5", "a") as file:
        ids = file.create_dataset("object_id", data=np.arange(SOME) + 2**60)
        ids.attrs["add_offset"] = 5
    words = cai("infer", tmp_path / "a.h5", "--quiet", status=1).stderr
    assert "object_id: expected integers, found F64, scaled by the file" in words
    columns = [
        fits.Column("images", "5120E", dim="(32,32,5)", array=some[0].reshape(SOME, -1)),
        fits.Column("magnitudes", "5D", array=some[1]),
        fits.Column("object_id", "J", bzero=1000, array=np.arange(SOME) + 1000),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    cai("infer", tmp_path / "a.fits", "-o", tmp_path / "z.csv", "--quiet")
    rows = (tmp_path / "z.csv").read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == [str(1000 + row) for row in range(SOME)]
