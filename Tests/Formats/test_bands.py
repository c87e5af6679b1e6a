"""Bands of a network that its weights state: names, order, what contradicts them."""

import json

import numpy as np
import pytest

import galaxies
from networks import redshifts
from test_weights import case  # noqa: F401  # a fixture
from torch_pickle import save

BANDS = "grizy"


@pytest.fixture
def stated(case):  # noqa: F811
    """A network of g, r, i, z, y whose weights state them."""
    save(case.net, case.folder / "net.pt")
    galaxies.cai("convert", "net.pt", "-o", "net.safetensors", "--bands", BANDS, cwd=case.folder)
    return case


def infer(case, file, *options, weights="net.safetensors", status=0):  # noqa: F811
    done = galaxies.cai("infer", file, "--weights", weights, "-o", "z.npy", *options, status=status, cwd=case.folder)
    return (done.stderr, None) if status else (done.stderr, np.load(case.folder / "z.npy"))


def columns(case, bands=BANDS, order=range(5)):  # noqa: F811
    """Images and a column of magnitudes for each band."""
    np.savez(case.folder / "columns.npz", images=case.images[:, list(order)],
             **{f"mag_{band}": case.magnitudes[:, i] for i, band in enumerate(bands)})
    return "columns.npz"


def test_stated_bands_name_the_columns_of_magnitudes(stated):
    said, found = infer(stated, columns(stated))
    stated.check(found)
    assert "the bands of the network are g, r, i, z, y: metadata 'bands' of net.safetensors" in said
    assert "taken to be" not in said
    error, _ = infer(stated, columns(stated, "ugriz"), status=1)
    assert "mag_g, mag_r, mag_i, mag_z, mag_y" in error and "not mag_y" in error
    # Without stated bands the same columns are named by --bands alone, with a warning.
    said, found = infer(stated, columns(stated), "--bands", BANDS, weights="net.pt")
    stated.check(found)
    assert "taken to be those of --bands, in this order: g, r, i, z, y" in said


def test_bands_of_the_files_are_relative_to_those_of_the_network(stated):
    order = [2, 0, 4, 1, 3]
    files = "".join(BANDS[i] for i in order)
    np.savez(stated.folder / "o.npz", images=stated.images[:, order], magnitudes=stated.magnitudes[:, order])
    stated.check(infer(stated, "o.npz", "--bands", files)[1])
    more = np.concatenate([np.full_like(stated.images[:, :1], 7), stated.images], 1)
    magnitudes = np.concatenate([np.full_like(stated.magnitudes[:, :1], 7), stated.magnitudes], 1)
    np.savez(stated.folder / "m.npz", images=more, magnitudes=magnitudes)
    stated.check(infer(stated, "m.npz", "--bands", "u" + BANDS)[1])


@pytest.mark.parametrize("bands", ["ugriz", "griz"])
def test_bands_that_contradict_the_weights_are_an_error_that_names_both(stated, bands):
    error, _ = infer(stated, "galaxies.npz", "--bands", bands, status=1)
    assert f"found '{bands}'" in error and "bands grizy (metadata 'bands' of net.safetensors)" in error
    assert len(error.splitlines()) == 1


def test_a_network_that_states_the_usual_bands_is_as_one_that_states_none(stated):
    galaxies.cai("convert", "net.pt", "-o", "usual.safetensors", "--bands", "ugriz", cwd=stated.folder)
    usual = columns(stated, "ugriz")
    said, found = infer(stated, usual, weights="usual.safetensors")
    silent, expected = infer(stated, usual, weights="net.pt")
    stated.check(found, expected)
    assert "bands of the network" not in said + silent
    error, _ = infer(stated, usual, "--bands", BANDS, weights="usual.safetensors", status=1)
    assert "bands ugriz (metadata 'bands' of usual.safetensors)" in error


def test_a_joined_table_has_the_columns_of_the_stated_bands(stated):
    np.savez(stated.folder / "images.npz", images=stated.images, object_id=np.arange(4))
    rows = [f"{i}," + ",".join(map(repr, map(float, m))) for i, m in enumerate(stated.magnitudes)]
    (stated.folder / "t.csv").write_text("\n".join(["object_id," + ",".join(f"mag_{b}" for b in BANDS), *rows]) + "\n")
    stated.check(infer(stated, "images.npz", "--table", "t.csv")[1])
    names = ",".join(f"mag_{b}" for b in BANDS)
    stated.check(infer(stated, "images.npz", "--table", "t.csv", "--magnitudes", names)[1])
    error, _ = infer(stated, "images.npz", "--table", "t.csv", "--magnitudes", "mag_g,mag_r", status=1)
    assert "--magnitudes: expected one name, or one for each of g, r, i, z, y, found 2: mag_g,mag_r" in error


def test_conversion_keeps_or_replaces_the_bands(stated):
    def inspected(path):
        return json.loads(galaxies.cai("inspect", path, "--json", cwd=stated.folder).stdout)["bands"]

    assert inspected("net.pt") == {"names": "ugriz", "stated": False}
    assert inspected("net.safetensors") == {"names": BANDS, "stated": True}
    galaxies.cai("convert", "net.safetensors", "-o", "again.safetensors", "--dtype", "f16", cwd=stated.folder)
    assert inspected("again.safetensors") == {"names": BANDS, "stated": True}
    galaxies.cai("convert", "net.safetensors", "-o", "other.safetensors", "--bands", "yzirg", cwd=stated.folder)
    assert inspected("other.safetensors") == {"names": "yzirg", "stated": True}
    lines = galaxies.cai("inspect", "net.safetensors", cwd=stated.folder).stdout
    assert "bands       g, r, i, z, y (metadata 'bands')\n" in lines
    lines = galaxies.cai("inspect", "net.pt", cwd=stated.folder).stdout
    assert "bands       u, g, r, i, z (assumed: no metadata 'bands'; cai convert --bands writes them)\n" in lines
    error = galaxies.cai("convert", "net.pt", "-o", "n.safetensors", "--bands", "griz", cwd=stated.folder, status=1).stderr
    assert "--bands: expected another letter for each of the network's 5 bands, found 'griz'" in error
    for bands in ["UGRIZ", "g1izy", "gg", ""]:
        error = galaxies.cai("convert", "net.pt", "-o", "n.safetensors", "--bands", bands, cwd=stated.folder, status=2).stderr
        assert f"found '{bands}'" in error


def with_metadata(case, bands):  # noqa: F811
    """The weights with that text in place of the stated bands."""
    data = (case.folder / "net.safetensors").read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header["__metadata__"]["bands"] = bands
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (case.folder / "edited.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data[8 + size:])
    return "edited.safetensors"


@pytest.mark.parametrize("bands", ["g,r,i,z,y", "g, r, i, z, y", "grizy"])
def test_lists_of_bands_are_read(stated, bands):
    stated.check(infer(stated, columns(stated), weights=with_metadata(stated, bands))[1])


@pytest.mark.parametrize("bands, words", [
    ("griz", "metadata 'bands' has the bands 'griz', expected 5, as 'patch_embed.proj.weight'"),
    ("grizz", "metadata 'bands' is 'grizz', expected another letter for each band"),
    ("5", "metadata 'bands' is '5', expected another letter"), ("", "metadata 'bands' is '', expected another letter"),
    ("UGRIZ", "metadata 'bands' is 'UGRIZ'"), ("g\nrizy", "metadata 'bands' is 'g"),
])
def test_other_texts_are_refused(stated, bands, words):
    error, _ = infer(stated, columns(stated), weights=with_metadata(stated, bands), status=1)
    assert words in error and len(error.splitlines()) == 1


def test_the_redshifts_of_the_test_depend_on_the_order(stated):
    swapped = redshifts(stated.net, stated.images[:, ::-1], stated.magnitudes[:, ::-1])
    assert np.abs(swapped - stated.redshifts).max() > 1e-3


def test_pages_and_tables_of_an_autoencoder_have_the_names_of_its_bands(tmp_path):
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "i.npz", images=rng.standard_normal((6, 2, 16, 16)).astype(np.float32))
    weights = galaxies.ROOT / "Tests/Fixtures/mae/plain.safetensors"
    galaxies.cai("convert", weights, "-o", "m.safetensors", "--bands", "ry", cwd=tmp_path)
    command = ["anomalies", "i.npz", "-o", "a.csv", "--quiet", "--weights"]
    for file, names in [("m.safetensors", "score_r,score_y,"), (weights, "score_band0,score_band1,")]:
        galaxies.cai(*command, file, cwd=tmp_path)
        assert names in (tmp_path / "a.csv").read_text().splitlines()[0]
    error = galaxies.cai(*command, "m.safetensors", "--bands", "ug", cwd=tmp_path, status=1).stderr
    assert "bands ry (metadata 'bands' of m.safetensors)" in error and "found 'ug'" in error
