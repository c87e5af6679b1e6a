"""Wrong arguments are exceptions, before anything is computed."""

import os
import re
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis.extra import numpy as arrays

import astrocai
import support
from shared_hooks import IS_ENDURANCE

IMAGES, MAGNITUDES = np.ones((2, 5, 32, 32), "f4"), np.ones((2, 5), "f4")


class Broken:
    def __array__(self, *arguments, **options):
        raise OSError("no data")


PREDICTIONS = {
    "images: expected 4 axes, found shape [5, 32, 32]": dict(images=IMAGES[0]),
    "images: expected shape [N, 5, 32, 32] for the bands ugriz, or larger cutouts, found [2, 4, 32, 32]": dict(
        images=IMAGES[:, :4]),
    "found [2, 5, 31, 32]": dict(images=IMAGES[:, :, :31]),
    "images: expected float16, float32 or float64, found int32": dict(images=IMAGES.astype("i4")),
    "found complex128": dict(images=IMAGES.astype("c16")),
    "images: expected float16, float32 or float64, found object": dict(images=IMAGES.astype(object)),
    "images: expected float16, float32 or float64, found <U3": dict(images=np.full((2, 5, 32, 32), "abc")),
    "found float128": dict(images=IMAGES.astype("f16")),
    "found bool": dict(magnitudes=MAGNITUDES > 0),
    "images: expected an array, found list": dict(images=[[1.0], [1.0, 2.0]]),
    "images: expected an array, found Broken: no data": dict(images=Broken()),
    "images: expected float16, float32 or float64, found object ": dict(images=None),
    "magnitudes: expected 2 axes, found shape [2]": dict(magnitudes=MAGNITUDES[:, 0]),
    "magnitudes: expected shape [2, 5] for 2 images of the bands ugriz, found [3, 5]": dict(magnitudes=np.ones((3, 5))),
    "expected shape [0, 5] for 0 images of the bands ugriz, found [2, 5]": dict(images=IMAGES[:0]),
    "found [2, 6]": dict(magnitudes=np.ones((2, 6))),
    "images: expected shape [N, 6, 32, 32] for the bands ugrizy": dict(bands="ugrizy"),
    "bands: expected the letters ugriz in some order, each once": dict(bands="ugrii"),
    "bands: expected the letters ugriz in some order, each once, ": dict(bands="UGRIZ"),
    "bands: expected a letter for each band of the images, found ''": dict(bands=""),
    "bands: expected a letter for each band of the images, found 5": dict(bands=5),
    "bands: expected text, found 'ugri\\x00'": dict(bands="ugri\0"),
    "threads: expected 1 to 4096, found 0": dict(threads=0),
    "threads: expected 1 to 4096, found -1": dict(threads=-1),
    "threads: expected 1 to 4096, found 4097": dict(threads=4097),
    "threads: expected a whole number, found 1.5": dict(threads=1.5),
    "threads: expected a whole number, found True": dict(threads=True),
    "threads: expected a whole number, found '2'": dict(threads="2"),
    "batch_size: expected 1 to 8192, found 0": dict(batch_size=0),
    "batch_size: expected 1 to 8192, found 8193": dict(batch_size=8193),
    "batch_size: expected a number of 64 bits": dict(batch_size=2**70),
    "batch_size: expected a whole number, found None": dict(batch_size=None),
    "missing: expected numbers between commas, or none, found '1,x'": dict(missing="1,x"),
    "missing: expected text, found b'1'": dict(missing=b"1"),
    "progress: expected a callable(done, total) or True, found 3": dict(progress=3),
}  # fmt: skip


@pytest.mark.parametrize("message", PREDICTIONS)
def test_wrong_arguments_of_predict(model, message):
    given = dict(images=IMAGES, magnitudes=MAGNITUDES) | PREDICTIONS[message]
    with pytest.raises(astrocai.Error) as caught:
        model.predict(given.pop("images"), given.pop("magnitudes"), **given)
    assert message.strip() in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_bar_needs_tqdm(model):
    with pytest.raises(astrocai.Error, match="progress: True needs tqdm"):
        model.predict(IMAGES, MAGNITUDES, progress=True)


class Bytes(os.PathLike):
    def __fspath__(self):
        return b"x"


WEIGHTS = {
    "no/such/file.pt: cannot be opened: No such file or directory": (["no/such/file.pt"], {}),
    "is a folder, not a file": ([os.curdir], {}),
    "weights: expected a path, found ''": ([""], {}),
    "weights: expected a path, found 'a\\x00b'": (["a\0b"], {}),
    "weights: expected a path, found int": ([3], {}),
    "weights: expected a path, found NoneType": ([None], {}),
    "weights: expected a path, found b'x'": ([Bytes()], {}),
    "is of no known format": ([__file__], {}),
    "demo-galaxies.pt": ([support.DEMO], {}),
    "precision: expected one of float32, bf16, found 'f64'": ([support.WEIGHTS], dict(precision="f64")),
    "threads: expected 1 to 4096, found 0": ([support.WEIGHTS], dict(threads=0)),
    "num_heads: expected 1 to": ([support.WEIGHTS], dict(num_heads=0)),
    "7 heads do not divide the width 192": ([support.WEIGHTS], dict(num_heads=7)),
    "network": ([support.WEIGHTS], dict(network="other")),
}  # fmt: skip


@pytest.mark.parametrize("message", WEIGHTS)
def test_wrong_weights_and_options(message):
    with pytest.raises(astrocai.Error) as caught:
        astrocai.Model(*WEIGHTS[message][0], **WEIGHTS[message][1])
    assert message in str(caught.value)


def test_a_closed_model_is_an_error():
    with astrocai.Model(support.WEIGHTS) as model:
        assert model.predict(IMAGES, MAGNITUDES).flags.shape == (2,)
    model.close()
    with pytest.raises(astrocai.Error, match=re.escape(f"{support.WEIGHTS}: the model is closed")):
        model.predict(IMAGES, MAGNITUDES)
    with pytest.raises(astrocai.Error, match=re.escape(f"{support.WEIGHTS}: the model is closed")):
        model.predict(IMAGES[:0], MAGNITUDES[:0])
    assert "closed" in repr(model)


def test_the_other_kind_of_network_is_an_error(model, autoencoder):
    with pytest.raises(astrocai.Error, match="is a masked autoencoder, expected a redshift network"):
        autoencoder.predict(IMAGES, MAGNITUDES)
    for call in (model.reconstruct, model.anomaly_scores):
        with pytest.raises(astrocai.Error, match="is a redshift network, expected a masked autoencoder"):
            call(IMAGES)
    with pytest.raises(astrocai.Error, match="has no layer fc_norm"):
        autoencoder.embed(IMAGES, layer="fc_norm")
    with pytest.raises(astrocai.Error, match="layer: expected one of pooled, cls, tokens, fc_norm, found 'other'"):
        model.embed(IMAGES, layer="other")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(mask_ratio=1.0), "mask_ratio: expected a number of at least 0 and less than 1, found 1.0"),
        (dict(mask_ratio=0.0), "hides none of 16 patches"),
        (dict(mask_ratio=float("nan")), "mask_ratio: expected a number of at least 0 and less than 1, found nan"),
        (dict(mask_ratio="x"), "mask_ratio: expected a number of at least 0 and less than 1, found 'x'"),
        (dict(seed=-1), "seed: expected at least 0, found -1"),
        (dict(seed=2**63), "seed: expected a number of 64 bits"),
        (dict(passes=0), "passes: expected 1 to 64, found 0"),
        (dict(passes=65), "passes: expected 1 to 64, found 65"),
    ],
)  # fmt: skip
def test_wrong_masks(autoencoder, options, message):
    for call in (autoencoder.reconstruct, autoencoder.anomaly_scores):
        with pytest.raises(astrocai.Error) as caught:
            call(IMAGES, **options)
        assert message in str(caught.value)


def test_too_few_passes_for_scores(autoencoder):
    with pytest.raises(astrocai.Error, match="passes: expected at least 2, to hide each of 16 patches once, found 1"):
        autoencoder.anomaly_scores(IMAGES, passes=1)


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=8),
    st.lists(st.floats(), max_size=3), st.just(Broken()), st.just(Path("x")),
    arrays.arrays(
        st.sampled_from([np.dtype(name) for name in ("f2", "f4", ">f4", "f8", "i4", "u1", "c8", "?", "U2", "O", "M8[s]")]),
        st.one_of(
            arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=3),
            st.sampled_from([(1, 5, 32, 32), (1, 5), (0, 5, 32, 32), (0, 5), (1, 5, 33, 40), (1, 6, 32, 32)]),
        ),
    ),
)  # fmt: skip


@pytest.mark.endurance
@hypothesis.settings(
    max_examples=1000 if IS_ENDURANCE else 100, deadline=None, database=None, derandomize=not IS_ENDURANCE,
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip
@hypothesis.given(data=st.data())
def test_random_arguments_give_a_result_or_an_error(model, autoencoder, data):
    """A trap would end this process."""
    call = data.draw(st.sampled_from(["predict", "embed", "reconstruct", "anomaly_scores", "Model", "read", "fit", "text"]))
    options = data.draw(
        st.dictionaries(
            st.sampled_from(
                {
                    "predict": ["bands", "threads", "batch_size", "missing"],
                    "embed": ["layer", "bands", "threads", "batch_size"],
                    "reconstruct": ["mask_ratio", "seed", "passes", "bands", "batch_size"],
                    "anomaly_scores": ["mask_ratio", "seed", "passes", "bands", "missing"],
                    "Model": ["threads", "precision", "network", "num_heads", "decoder_heads"],
                    "read": ["images", "magnitudes", "redshifts", "object_id", "bands", "table", "join", "missing"],
                    "fit": ["levels", "bins", "missing"],
                    "text": ["none"],
                }[call]
            ),
            ANYTHING, max_size=2,
        )
    )  # fmt: skip
    try:
        match call:
            case "predict":
                model.predict(data.draw(ANYTHING | st.just(IMAGES)), data.draw(ANYTHING | st.just(MAGNITUDES)), **options)
            case "embed":
                model.embed(data.draw(ANYTHING | st.just(IMAGES)), **options)
            case "reconstruct":
                autoencoder.reconstruct(data.draw(ANYTHING | st.just(IMAGES)), **options)
            case "anomaly_scores":
                autoencoder.anomaly_scores(data.draw(ANYTHING | st.just(IMAGES)), data.draw(ANYTHING), **options)
            case "Model":
                astrocai.Model(data.draw(ANYTHING | st.just(support.DEMO)), **options)
            case "read":
                astrocai.read(data.draw(ANYTHING | st.just(support.WEIGHTS)), **options)
            case "fit":
                astrocai.Calibration.fit(data.draw(ANYTHING), data.draw(ANYTHING), model=model, **options)
            case "text":
                astrocai.Calibration.from_json(data.draw(ANYTHING))
    except astrocai.Error as error:
        assert "\n" not in str(error)
