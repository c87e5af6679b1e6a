"""`Calibration` against `cai calibrate` and `cai infer --calibration`."""

import json
import pickle
import re

import numpy as np
import pytest

import astrocai
import support
from support import same


@pytest.fixture(scope="module")
def prediction(model, demo):
    return model.predict(demo.images, demo.magnitudes)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Labelled predictions of the demo galaxies, and a calibration from them."""
    folder = tmp_path_factory.mktemp("calibration")
    labelled, calibration = folder / "labelled.csv", folder / "calibration.json"
    support.cai("infer", support.DEMO, "--weights", support.WEIGHTS, "-o", labelled, "--quiet")
    support.cai("calibrate", labelled, "-o", calibration, "--quiet", "--levels", "0.5,0.68,0.997", "--bins", "1")
    return labelled, calibration


def test_numbers_are_those_of_the_command_line(model, demo, prediction, files):
    text = files[1].read_text()
    made = json.loads(text)
    found = astrocai.Calibration.fit(
        prediction.redshifts, demo.z_spec, model=model, levels=[0.5, 0.68, 0.997], bins=1)  # fmt: skip
    own = json.loads(found.to_json())
    for key in made:
        if key != "made_of":
            assert own[key] == made[key]
    same_origin = ["arithmetic", "num_heads", "precision", "weights_sha256"]
    assert {key: own["made_of"].get(key) for key in same_origin} == {
        key: made["made_of"].get(key) for key in same_origin
    }
    assert found.levels == (0.5, 0.68, 0.997)
    assert found.galaxies == 512 and len(found.bins) == 1


def bytes_of(calibration):
    """The file's text without the name and the digest of the labelled predictions."""
    text = calibration if isinstance(calibration, str) else calibration.to_json()
    kept, removed = re.subn(r'"predictions(_sha256)?" : ".*",?\n', "", text)
    assert removed == 2
    return kept


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("by", ["z_phot", "r"])
def test_files_of_arrays_with_missing_values_have_the_bytes_of_the_command_line(model, demo, tmp_path, dtype, by):
    """Values for none are rounded to the type of the array: 99.99 is 100 in float16."""
    magnitudes, z_spec = demo.magnitudes.astype(dtype), demo.z_spec.astype(dtype)
    for row, value in enumerate([-9999, 99, 99.99, np.nan, np.inf, -99]):
        magnitudes[row, 2], z_spec[10 + row] = value, value
    galaxies = support.saved(tmp_path, images=demo.images, magnitudes=magnitudes, redshifts=z_spec)
    labelled, calibration = tmp_path / "labelled.csv", tmp_path / "calibration.json"
    support.cai("infer", galaxies, "--weights", support.WEIGHTS, "-o", labelled, "--add-magnitudes", "--quiet")
    support.cai("calibrate", labelled, "-o", calibration, "--by", by, "--bins", 4, "--quiet")
    redshifts, flags = model.predict(demo.images, magnitudes)
    assert (flags[:6] == 4).all() and not flags[6:].any()
    found = astrocai.Calibration.fit(redshifts, z_spec, model=model, by=by, magnitudes=magnitudes, bins=4)
    assert found.by == by and found.galaxies == 512 - 12
    assert bytes_of(found) == bytes_of(calibration.read_text())


@pytest.mark.parametrize("missing", [None, "none", "-7,20.5"])
def test_missing_magnitudes_of_galaxies_with_a_redshift_are_left_out(model, demo, prediction, tmp_path, missing):
    magnitudes = demo.magnitudes.copy()
    magnitudes[:7, 2] = [-9999, 99, np.nan, np.inf, -7, 20.5, 99.99]
    rows = zip(prediction.redshifts, demo.z_spec, magnitudes[:, 2], strict=True)
    (tmp_path / "z.csv").write_text("z_phot,z_spec,mag_r\n" + "".join(f"{z},{known},{m}\n" for z, known, m in rows))
    options = [] if missing is None else ["--missing", missing]
    support.cai("calibrate", tmp_path / "z.csv", "-o", tmp_path / "c.json", "--by", "r", "--weights", support.WEIGHTS,
                "--quiet", *options)  # fmt: skip
    expected = json.loads((tmp_path / "c.json").read_text())
    found = astrocai.Calibration.fit(
        prediction.redshifts, demo.z_spec, model=model, by="r", magnitudes=magnitudes, missing=missing)  # fmt: skip
    assert list(found.bins) == expected["bins"]
    low, high = found.intervals(prediction.redshifts, model=model, magnitudes=magnitudes, missing=missing)
    left_out = {None: [0, 1, 2, 3, 6], "none": [2, 3], "-7,20.5": [2, 3, 4, 5]}[missing]
    for ends in (low, high):
        assert np.flatnonzero(np.isnan(ends).any(axis=1)).tolist() == left_out


def test_intervals_by_brightness_are_those_of_the_command_line(model, demo, prediction, tmp_path):
    found = astrocai.Calibration.fit(
        prediction.redshifts, demo.z_spec, model=model, by="i", magnitudes=demo.magnitudes[:, ::-1], bands="zirgu")  # fmt: skip
    found.save(tmp_path / "own.json")
    assert astrocai.Calibration.load(tmp_path / "own.json") == found and found.by == "i"
    assert "mag_i_below" in found.bins[0] and "mag_i_from" in found.bins[1]
    rows = support.rows_of(
        support.cai("infer", support.DEMO, "--weights", support.WEIGHTS, "--quiet", "--calibration", tmp_path / "own.json"))
    low, high = found.intervals(prediction.redshifts, model=model, magnitudes=demo.magnitudes)
    same(low[:, 1], np.array([row["z_low_95"] for row in rows], np.float32))
    same(high[:, 0], np.array([row["z_high_68"] for row in rows], np.float32))
    masked = np.ma.MaskedArray(demo.magnitudes, mask=np.broadcast_to(np.arange(512)[:, None] == 7, (512, 5)))
    low, _ = found.intervals(prediction.redshifts, model=None, magnitudes=masked)
    assert np.flatnonzero(np.isnan(low[:, 0])).tolist() == [7]


def test_files_keep_their_bytes(files, tmp_path):
    found = astrocai.Calibration.load(files[1])
    assert found.to_json() == files[1].read_text()
    found.save(tmp_path / "copy.json")
    assert (tmp_path / "copy.json").read_bytes() == files[1].read_bytes()
    assert astrocai.Calibration.from_json(found.to_json()) == found == pickle.loads(pickle.dumps(found))
    assert len({found, pickle.loads(pickle.dumps(found))}) == 1


def test_intervals_are_those_of_the_command_line(model, prediction, files):
    rows = support.rows_of(
        support.cai("infer", support.DEMO, "--weights", support.WEIGHTS, "--quiet", "--calibration", files[1]))
    found = astrocai.Calibration.load(files[1]).intervals(prediction.redshifts, model=model)
    for index, name in enumerate(["50", "68", "99_7"]):
        same(found.low[:, index], np.array([row[f"z_low_{name}"] for row in rows], np.float32))
        same(found.high[:, index], np.array([row[f"z_high_{name}"] for row in rows], np.float32))


def test_the_command_line_reads_what_is_saved(model, demo, prediction, tmp_path):
    found = astrocai.Calibration.fit(prediction.redshifts, demo.z_spec, model=model)
    found.save(tmp_path / "own.json")
    rows = support.rows_of(
        support.cai("infer", support.DEMO, "--weights", support.WEIGHTS, "--quiet", "--calibration", tmp_path / "own.json"))
    low, high = found.intervals(prediction.redshifts, model=model)
    same(low[:, 1], np.array([row["z_low_95"] for row in rows], np.float32))
    same(high[:, 0], np.array([row["z_high_68"] for row in rows], np.float32))


def test_flagged_and_unknown_galaxies_are_left_out(model, demo, prediction):
    redshifts, z_spec = prediction.redshifts.copy(), demo.z_spec.copy()
    redshifts[:10], z_spec[10:20], z_spec[20:30], z_spec[30:35] = np.nan, np.nan, -9999, -1.5
    found = astrocai.Calibration.fit(redshifts, z_spec, model=model)
    assert found.galaxies == 512 - 35
    kept = slice(35, None)
    other = astrocai.Calibration.fit(prediction.redshifts[kept], demo.z_spec[kept], model=model)
    assert other.bins == found.bins
    low, high = found.intervals(redshifts, model=model)
    assert low.shape == (512, 2) and np.isnan(low[:10]).all() and np.isnan(high[:10]).all()
    assert np.isfinite(low[10:]).all() and (low[10:] < redshifts[10:, None]).all()
    masked = np.ma.MaskedArray(demo.z_spec, mask=np.isnan(z_spec) | (z_spec < 0))
    assert astrocai.Calibration.fit(redshifts, masked, model=model).bins == found.bins
    assert found.intervals(redshifts[:0], model=None).low.shape == (0, 2)


def test_other_weights_and_precisions_are_refused(model, autoencoder, prediction, files, tmp_path):
    found = astrocai.Calibration.load(files[1])
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(support.WEIGHTS.read_bytes())
    with astrocai.Model(copy) as same_weights:
        same(found.intervals(prediction.redshifts, model=same_weights).low,
             found.intervals(prediction.redshifts, model=model).low)  # fmt: skip
    support.cai("convert", support.WEIGHTS, "-o", tmp_path / "other.safetensors")
    with astrocai.Model(tmp_path / "other.safetensors") as other:
        with pytest.raises(astrocai.Error, match="the calibration is of weights .* expected a calibration of"):
            found.intervals(prediction.redshifts, model=other)
    with astrocai.Model(support.WEIGHTS, precision="bf16") as other:
        with pytest.raises(astrocai.Error, match="the calibration is of precision float32"):
            found.intervals(prediction.redshifts, model=other)
    with pytest.raises(astrocai.Error, match="is a masked autoencoder, expected a redshift network"):
        found.intervals(prediction.redshifts, model=autoencoder)
    with pytest.raises(astrocai.Error, match="model: expected an astrocai.Model, found str"):
        found.intervals(prediction.redshifts, model="weights")
    same(found.intervals(prediction.redshifts, model=None).low, found.intervals(prediction.redshifts, model=model).low)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(bins=0), "bins: expected 1 to 1000, found 0"),
        (dict(bins=1.5), "bins: expected a whole number"),
        (dict(levels=[]), "levels: expected one or more in ascending order"),
        (dict(levels=[0.9, 0.5]), "levels: expected one or more in ascending order"),
        (dict(levels=[0.5, 1.0]), "levels: expected more than 0 and less than 1"),
        (dict(levels=[float("nan")]), "levels: expected more than 0 and less than 1"),
        (dict(levels="high"), "levels: expected numbers, found 'high'"),
        (dict(levels=[0.999]), "too few for a level of 99.9%"),
        (dict(bins=513 // 2 * 4), "bins: expected 1 to 1000, found 1024"),
        (dict(bins=600), "expected at least one galaxy for each of 600 bins, found 512"),
        (dict(by="rr"), "by: expected z_phot, or the letter of a band, such as r; found 'rr'"),
        (dict(by=1), "by: expected text, found 1"),
        (dict(by="r"), "magnitudes: expected them for bins of mag_r, found none"),
        (dict(by="y", magnitudes=np.ones((512, 5))), "by: expected z_phot, or one of the network's bands, u, g, r, i, z; found 'y'"),
        (dict(by="r", magnitudes=np.ones((512, 4))), "magnitudes: expected shape [512, 5] for 512 redshifts and the bands ugriz"),
        (dict(by="r", magnitudes=np.ones(512)), "magnitudes: expected 2 axes, found shape [512]"),
        (dict(by="r", magnitudes=np.ones((512, 5)), bands="ugri"), "bands"),
        (dict(by="r", magnitudes=np.ones((512, 5))), "lower --bins"),
    ],
)  # fmt: skip
def test_wrong_options(model, demo, prediction, options, message):
    with pytest.raises(astrocai.Error) as caught:
        astrocai.Calibration.fit(prediction.redshifts, demo.z_spec, model=model, **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "calibration: expected JSON"),
        ("{}", "calibration: expected the key kind, found none"),
        ('{"kind": "other", "version": 1}', "expected a file of 'cai calibrate', found 'other'"),
        ("[1]", "calibration"),
        ("\0", "calibration: expected the text"),
        (b"{}", "calibration: expected the text"),
    ],
)
def test_wrong_texts(text, message):
    with pytest.raises(astrocai.Error) as caught:
        astrocai.Calibration.from_json(text)
    assert message in str(caught.value)


def test_wrong_arrays(model, prediction):
    for redshifts, z_spec, message in [
        (prediction.redshifts, prediction.redshifts[:3], "z_spec: expected shape [512] as of redshifts, found [3]"),
        (prediction.redshifts[:, None], prediction.redshifts, "redshifts: expected floats on one axis"),
        (np.ones(3, int), np.ones(3), "redshifts: expected floats on one axis, found int64"),
        (prediction, np.ones(2), "redshifts"),
    ]:
        with pytest.raises(astrocai.Error) as caught:
            astrocai.Calibration.fit(redshifts, z_spec, model=model)
        assert message in str(caught.value)


def test_without_a_model_bins_may_be_of_any_band_that_is_stated(model, demo, prediction):
    """As of a network with other bands: the column y of `ugrizy`."""
    by_r = astrocai.Calibration.fit(
        prediction.redshifts, demo.z_spec, model=model, by="r", magnitudes=demo.magnitudes)  # fmt: skip
    by_y = astrocai.Calibration.from_json(by_r.to_json().replace("mag_r", "mag_y"))
    magnitudes = np.column_stack([demo.magnitudes, demo.magnitudes[:, 2]])
    expected = by_r.intervals(prediction.redshifts, model=None, magnitudes=demo.magnitudes)
    found = by_y.intervals(prediction.redshifts, model=None, magnitudes=magnitudes, bands="ugrizy")
    same(found.low, expected.low)
    same(found.high, expected.high)
    with pytest.raises(astrocai.Error, match="^bands: expected the calibration's band 'y' among them, found 'ugriz'$"):
        by_y.intervals(prediction.redshifts, model=None, magnitudes=demo.magnitudes)
