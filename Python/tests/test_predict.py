"""`Model.predict` against `cai infer`."""

import json

import numpy as np
import pytest

import astrocai
import support
from support import same


def test_demo_galaxies_have_the_bits_of_the_command_line(model, demo, tmp_path):
    out = tmp_path / "z.npy"
    support.cai("infer", support.DEMO, "--weights", support.WEIGHTS, "-o", out, "--quiet")
    prediction = model.predict(demo.images, demo.magnitudes)
    same(prediction.redshifts, np.load(out))
    same(prediction.flags, np.zeros(512, np.uint8))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_every_type_has_the_bits_of_a_file_of_that_type(model, few, dtype, tmp_path):
    images, magnitudes = (array.astype(dtype) for array in few)
    redshifts, flags = support.infer(tmp_path, images, magnitudes)
    found = model.predict(images, magnitudes)
    same(found.redshifts, redshifts)
    same(found.flags, flags)


def unaligned(array):
    room = np.empty(array.nbytes + 1, np.uint8)
    copy = room[1:].view(array.dtype).reshape(array.shape)
    copy[...] = array
    assert not copy.flags.aligned
    return copy


def field(array):
    """A field of a packed structure, whose strides are no multiples of its size."""
    table = np.zeros(array.shape, np.dtype([("tag", "i1"), ("value", array.dtype)]))
    table["value"] = array
    return table["value"]


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "channels last": lambda array: np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1),
    "every second row": lambda array: np.repeat(array, 2, axis=0)[::2],
    "negative strides": lambda array: array[::-1].copy()[::-1],
    "all axes reversed": lambda array: np.ascontiguousarray(np.flip(array))[(slice(None, None, -1),) * array.ndim],
    "other byte order": lambda array: array.astype(array.dtype.newbyteorder()),
    "unaligned": unaligned,
    "a field of a packed structure": field,
    "read-only": read_only,
    "a list": lambda array: array.astype("f8").tolist(),
    "a mask without masked elements": np.ma.MaskedArray,
    "a subclass": lambda array: array.view(type("Column", (np.ndarray,), {})),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_bits_do_not_depend_on_the_layout_in_memory(model, few, layout, dtype):
    arrays = [array[:6].astype(dtype) for array in few]
    plain = model.predict(*arrays)
    if layout == "a list":
        plain = model.predict(*[array.astype("f8") for array in arrays])
    found = model.predict(*[LAYOUTS[layout](array) for array in arrays])
    same(found.redshifts, plain.redshifts)
    same(found.flags, plain.flags)


def test_an_image_may_be_repeated_by_a_stride_of_zero(model, few, expected):
    images = np.broadcast_to(few[0][:1], (5, *few[0].shape[1:]))
    magnitudes = np.broadcast_to(few[1][:1], (5, 5))
    same(model.predict(images, magnitudes).redshifts, np.repeat(expected[:1], 5))


def damaged(few):
    images, magnitudes = (array.copy() for array in few)
    images[0, 2, 3, 4] = np.nan
    images[1] = 0
    magnitudes[2, 1] = np.nan
    magnitudes[3] = 0
    images[4, 0, 0, 0] = np.inf
    magnitudes[5, 4] = -9999
    magnitudes[6, 0] = 99
    images[7, 1, 1, 1] = 1e30
    images[8, 2] = 0
    images[9] *= np.float32(1e35)
    return images, magnitudes


def test_flags_and_missing_values_are_those_of_the_command_line(model, few, tmp_path):
    images, magnitudes = damaged(few)
    redshifts, flags = support.infer(tmp_path, images, magnitudes)
    found = model.predict(images, magnitudes)
    same(found.redshifts, redshifts)
    same(found.flags, flags)
    assert list(flags[:8]) == [1, 2, 4, 8, 1, 4, 4, 1]
    np.testing.assert_array_equal(np.isnan(found.redshifts), found.flags != 0)
    for missing in ["none", "-9999"]:
        redshifts, flags = support.infer(tmp_path, images, magnitudes, "--missing", missing)
        found = model.predict(images, magnitudes, missing=missing)
        same(found.redshifts, redshifts)
        same(found.flags, flags)


def test_masked_elements_are_missing(model, few, expected):
    images, magnitudes = np.ma.MaskedArray(few[0].copy()), np.ma.MaskedArray(few[1].copy())
    images[0, 1, 2, 3] = np.ma.masked
    magnitudes[2, 4] = np.ma.masked
    found = model.predict(images, magnitudes)
    assert list(found.flags[:3]) == [1, 0, 4]
    same(found.redshifts[3:], expected[3:])


def test_no_galaxies_give_empty_results(model):
    for dtype in ["f2", "f4", "f8"]:
        found = model.predict(np.empty((0, 5, 32, 32), dtype), np.empty((0, 5), dtype))
        same(found.redshifts, np.empty(0, np.float32))
        same(found.flags, np.empty(0, np.uint8))


@pytest.mark.parametrize("bands", ["zirgu", "grizu", "ugrizy", "yzirgu"])
def test_bands_in_another_order_are_those_of_the_command_line(model, few, expected, bands, tmp_path):
    places = ["ugrizy".index(band) for band in bands]
    images = np.concatenate([few[0], np.ones_like(few[0][:, :1])], axis=1)[:, places]
    magnitudes = np.concatenate([few[1], np.ones_like(few[1][:, :1])], axis=1)[:, places]
    found = model.predict(images, magnitudes, bands=bands)
    same(found.redshifts, expected)
    same(found.redshifts, support.infer(tmp_path, images, magnitudes, "--bands", bands)[0])


def test_larger_cutouts_are_cropped_to_their_middle(model, few, expected, tmp_path):
    images = np.pad(few[0], ((0, 0), (0, 0), (3, 4), (2, 2)), constant_values=7)
    found = model.predict(images, few[1])
    same(found.redshifts, expected)
    same(found.redshifts, support.infer(tmp_path, images, few[1])[0])


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("batch_size", [1, 7, 8192])
def test_bits_do_not_depend_on_threads_and_batches(model, few, expected, threads, batch_size):
    same(model.predict(*few, threads=threads, batch_size=batch_size).redshifts, expected)


def test_progress_is_called_between_slices(model, few, expected):
    calls = []
    found = model.predict(*few, threads=1, batch_size=1, progress=lambda done, total: calls.append((done, total)))
    same(found.redshifts, expected)
    assert calls[-1] == (24, 24)
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})


def test_an_exception_of_progress_ends_the_call(model, few):
    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        model.predict(*few, progress=stop)


def test_facts_of_the_model(model):
    assert model.kind == "redshift network"
    assert model.image_shape == (5, 32, 32)
    assert model.bands is None
    assert model.instruction_set in {"avx512", "avx2", "neon", "portable"}
    assert model.precision == "float32"
    assert model.config == json.loads(support.cai("inspect", support.WEIGHTS, "--json"))["config"]
    assert model.notices == ()
    assert astrocai.__version__ in support.cai("--version")


def test_bf16_has_the_bits_of_the_command_line(few, expected, tmp_path):
    with astrocai.Model(support.WEIGHTS, precision="bf16") as model:
        found = model.predict(*[array[:4] for array in few])
        assert model.precision == "bf16"
    redshifts, _ = support.infer(tmp_path, few[0][:4], few[1][:4], "--precision", "bf16")
    same(found.redshifts, redshifts)
    assert (found.redshifts != expected[:4]).any()
