"""`astrocai.read` against the files, and against what the command line makes of them."""

import numpy as np
import pytest

import astrocai
import support
from support import same


def test_arrays_of_a_file(demo, tmp_path):
    assert demo.images.shape == (512, 5, 32, 32) and demo.images.dtype == np.float32
    assert demo.magnitudes.shape == (512, 5) and demo.magnitudes.dtype == np.float32
    assert demo.z_spec.shape == (512,) and demo.z_spec.dtype == np.float64
    assert demo.bands == "ugriz"
    rows = support.rows_of(support.cai("infer", support.DEMO, "--weights", support.WEIGHTS, "--quiet"))
    assert list(demo.ids) == [row["object_id"] for row in rows]
    same(demo.z_spec, np.array([float(row["z_spec"]) for row in rows]))


@pytest.fixture
def files(tmp_path, few):
    """Two files with other names, another order of bands, ids, and missing values."""
    images, magnitudes = few[0][:7, ::-1].astype("f8"), few[1][:7, ::-1].astype("f8")
    magnitudes[1, 2] = -9999
    images[2, 0, 0, 0] = np.nan
    z = np.linspace(0.1, 0.7, 7)
    z[3] = -99
    ids = np.arange(7) * 10**15 + 2**53
    for index, rows in enumerate([slice(0, 4), slice(4, 7)]):
        np.savez(
            tmp_path / f"{index}.npz", cutouts=images[rows], mags=magnitudes[rows], z=z[rows], object_id=ids[rows]
        )
    return tmp_path, images, magnitudes, z, ids


OPTIONS = dict(images="cutouts", magnitudes="mags", redshifts="z", bands="zirgu")


@pytest.mark.parametrize("given", ["folder", "pattern", "list"])
def test_options_are_those_of_the_command_line(files, given):
    folder, images, magnitudes, z, ids = files
    paths = {"folder": folder, "pattern": f"{folder}/?.npz", "list": [folder / "0.npz", str(folder / "1.npz")]}
    found = astrocai.read(paths[given], **OPTIONS)
    wanted = images[:, ::-1].astype("f4")
    same(found.images, wanted)
    expected = magnitudes[:, ::-1].astype("f4")
    expected[1, 2] = np.nan
    same(found.magnitudes, expected)
    known = z.copy()
    known[3] = np.nan
    same(found.z_spec, known)
    assert list(found.ids) == [str(number) for number in ids]
    assert found.bands == "ugriz"


def test_predictions_of_read_galaxies_are_those_of_the_command_line(model, files):
    folder = files[0]
    arguments = [word for key, value in OPTIONS.items() for word in (f"--{key}", value)]
    rows = support.rows_of(support.cai("infer", folder, "--weights", support.WEIGHTS, "--quiet", *arguments))
    found = astrocai.read(folder, **OPTIONS)
    prediction = model.predict(found.images, found.magnitudes, bands=found.bands)
    same(prediction.redshifts, np.array([row["z_phot"] for row in rows], np.float32))
    assert [int(row["flags"]) for row in rows] == list(prediction.flags) == [0, 4, 1, 0, 0, 0, 0]


def test_tables_are_joined(tmp_path, few):
    images, magnitudes = few[0][:4], few[1][:4]
    np.savez(tmp_path / "cutouts.npz", images=images, object_id=np.array([4, 3, 2, 1]))
    lines = ["object_id,mag_u,mag_g,mag_r,mag_i,mag_z,redshift"]
    for name, row in zip([1, 2, 3], magnitudes[::-1], strict=False):
        lines.append(f"{name}," + ",".join(str(value) for value in row) + f",0.{name}")
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(astrocai.Error, match="table.csv"):
        astrocai.read(tmp_path / "cutouts.npz", table=tmp_path / "table.csv")
    with pytest.warns(UserWarning, match="1 galaxy of 4 without a row"):
        found = astrocai.read(tmp_path / "cutouts.npz", table=tmp_path / "table.csv", missing_rows="flag")
    same(found.magnitudes[1:], magnitudes[1:])
    assert np.isnan(found.magnitudes[0]).all()
    np.testing.assert_array_equal(found.z_spec, [np.nan, 0.3, 0.2, 0.1])
    assert any("table.csv" in notice for notice in found.notices)


def test_images_alone(tmp_path, few):
    np.save(tmp_path / "images.npy", few[0][:3])
    found = astrocai.read(tmp_path / "images.npy", images_alone=True)
    same(found.images, few[0][:3])
    assert found.magnitudes is None and found.z_spec is None
    assert list(found.ids) == ["images:0", "images:1", "images:2"]


def test_channels_last(tmp_path, few):
    np.savez(tmp_path / "last.npz", images=np.moveaxis(few[0][:3], 1, -1), magnitudes=few[1][:3])
    same(astrocai.read(tmp_path / "last.npz", channels_last=True).images, few[0][:3])


ERRORS = {
    "no such file or folder": (["no/such"], {}),
    "path: expected a path, or several, found []": ([[]], {}),
    "path: expected a path, found ''": ([""], {}),
    "path: expected a path, or several, found 3": ([3], {}),
    "path: expected a path, found int": ([[3]], {}),
    "is given twice": ([[support.DEMO, support.DEMO]], {}),
    "is not a galaxy file": ([support.WEIGHTS], {}),
    "is not there": ([support.DEMO], dict(images="other")),
    "expected images of 6 bands": ([support.DEMO], dict(bands="ugrizy")),
    "join: expected table with it": ([support.DEMO], dict(join="rows")),
    "join: expected one of id, rows, found 'x'": ([support.DEMO], dict(join="x", table="y.csv")),
    "missing: expected numbers between commas": ([support.DEMO], dict(missing="x")),
    "channels_last: expected True or False, found 'yes'": ([support.DEMO], dict(channels_last="yes")),
    "images: expected text, found b'x'": ([support.DEMO], dict(images=b"x")),
}  # fmt: skip


@pytest.mark.parametrize("message", ERRORS)
def test_wrong_arguments(message):
    arguments, options = ERRORS[message]
    with pytest.raises(astrocai.Error) as caught:
        astrocai.read(*arguments, **options)
    assert message in str(caught.value)


def test_the_arrays_are_copies(tmp_path, few):
    path = tmp_path / "galaxies.npz"
    np.savez(path, images=few[0][:3], magnitudes=few[1][:3])
    found = astrocai.read(path)
    path.write_bytes(b"")
    same(found.images, few[0][:3])


def test_damaged_files_are_errors(tmp_path, few):
    path = tmp_path / "galaxies.npz"
    np.savez(path, images=few[0][:3], magnitudes=few[1][:3])
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(astrocai.Error, match="galaxies.npz"):
        astrocai.read(path)
