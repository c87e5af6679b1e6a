"""Features, reconstructions and anomaly scores against the command line."""

import numpy as np
import pytest

import support
from support import same


@pytest.mark.parametrize("layer", ["pooled", "cls", "tokens", "fc_norm"])
@pytest.mark.parametrize("kind", ["model", "autoencoder"])
def test_features_are_those_of_the_command_line(request, few, kind, layer, tmp_path):
    if (kind, layer) == ("autoencoder", "fc_norm"):
        return
    network = request.getfixturevalue(kind)
    images = few[0].copy()
    images[1], images[2, 0, 0, 0] = 0, np.nan
    path, out = support.saved(tmp_path, images=images), tmp_path / "features.npy"
    support.cai("embed", path, "--weights", network.weights, "--layer", layer, "-o", out, "--quiet")
    found = network.embed(images, layer=layer)
    same(found, np.load(out))
    assert np.isnan(found[1:3]).all() and np.isfinite(found[3:]).all()
    same(network.embed(images.astype("f8")[::-1][::-1], layer=layer, batch_size=5, threads=1), found)
    assert network.embed(images[:0], layer=layer).shape == (0, *found.shape[1:])


@pytest.mark.parametrize("passes", [1, 3])
def test_reconstructions_are_those_of_the_command_line(autoencoder, few, passes, tmp_path):
    images = few[0].copy()
    images[1] = 0
    path, out = support.saved(tmp_path, images=images), tmp_path / "reconstructed.npz"
    options = ["--seed", 7, "--passes", passes, "--mask-ratio", 0.4 if passes == 3 else 0.75]
    support.cai("reconstruct", path, "--weights", support.AUTOENCODER, "-o", out, "--quiet", *options)
    # Many slices: masks depend on a galaxy's index among all.
    found = autoencoder.reconstruct(
        images, seed=7, passes=passes, mask_ratio=0.4 if passes == 3 else 0.75, threads=1, batch_size=3)  # fmt: skip
    with np.load(out) as expected:
        same(found.predictions, expected["pred"])
        same(found.mask, expected["mask"])
        same(found.losses, expected["loss"])
        same(found.noise, expected["noise"])
    assert autoencoder.reconstruct(images[:0], passes=passes).mask.shape == (0, *found.mask.shape[1:])


@pytest.mark.parametrize("brightness", ["catalogue", "image"])
def test_scores_are_those_of_the_command_line(autoencoder, few, demo, brightness, tmp_path):
    images, magnitudes = demo.images[:60].copy(), demo.magnitudes[:60].copy()
    images[3], magnitudes[5, 2] = 0, -9999
    path, out = support.saved(tmp_path, images=images, magnitudes=magnitudes), tmp_path / "odd.csv"
    support.cai(
        "anomalies", path, "--weights", support.AUTOENCODER, "-o", out, "--quiet", "--seed", 3, "--brightness",
        brightness,
    )  # fmt: skip
    rows = sorted(support.rows_of(out.read_text()), key=lambda row: int(row["row"]))

    def column(name):
        return np.array([row[name] or "nan" for row in rows], np.float32)

    found = autoencoder.anomaly_scores(
        images, magnitudes if brightness == "catalogue" else None, seed=3, threads=1, batch_size=7)  # fmt: skip
    same(found.scores.astype("f4"), column("score"))
    same(found.error_ratios.astype("f4"), column("error_ratio"))
    same(found.signal_to_noise.astype("f4"), column("snr"))
    same(found.losses, column("loss"))
    same(found.flags, column("flags").astype("u1"))
    for index, band in enumerate("ugriz"):
        same(found.band_scores[:, index].astype("f4"), column(f"score_{band}"))
    assert np.isnan(found.scores[3]) and np.isfinite(found.scores[4:]).all()
    assert np.isnan(autoencoder.anomaly_scores(images[:19]).scores).all()
    assert autoencoder.anomaly_scores(images[:0]).band_scores.shape == (0, 5)
