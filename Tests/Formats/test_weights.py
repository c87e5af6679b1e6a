"""Weights whose meaning has to be stated: several networks, heads, layers around a network, references to compare with."""

import json
import shutil

import numpy as np
import pytest

import galaxies
from networks import NN, Maker, redshifts
from torch_pickle import Module, save


class Case:
    """A network, galaxies for it, and its float64 redshifts."""

    def __init__(self, folder, seed=3):
        rng = np.random.default_rng(seed)
        maker = Maker(rng)
        self.folder, self.net, self.width, self.heads = folder, maker.network(), maker.width, maker.heads
        self.images = rng.standard_normal((4, 5, maker.size, maker.size)).astype(np.float32)
        self.magnitudes = rng.normal(0, 1, (4, 5)).astype(np.float32)
        np.savez(folder / "galaxies.npz", images=self.images, magnitudes=self.magnitudes)
        self.redshifts = redshifts(self.net, self.images, self.magnitudes)

    def infer(self, value, *options, status=0):
        """The redshifts of a file with that value, or the message of the error."""
        save(value, self.folder / "net.pt")
        arguments = ["infer", "galaxies.npz", "--weights", "net.pt", "-o", "z.npy", "--quiet", *options]
        done = galaxies.cai(*arguments, status=status, cwd=self.folder)
        return done.stderr if status else np.load(self.folder / "z.npy")

    def check(self, found, expected=None):
        np.testing.assert_allclose(found, self.redshifts if expected is None else expected, rtol=0, atol=1e-5)


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def other(net):
    """The same network with other weights in one layer."""
    tensors = net.state_dict()
    tensors["head.bias"] = tensors["head.bias"] + np.float32(0.5)
    return tensors


def test_networks_that_differ_are_listed_and_named(case):
    error = case.infer({"model": case.net, "model_ema": other(case.net)}, status=1)
    assert "has 2 networks, and their weights differ: 'model', 'model_ema'" in error and "--network NAME" in error
    both = {"model": case.net, "model_ema": other(case.net)}
    case.check(case.infer(both, "--network", "model"))
    heads = ["--num-heads", str(case.heads)]
    averaged = case.infer(both, "--network", "model_ema", *heads)
    assert np.abs(averaged - case.redshifts).max() > 1e-4
    assert "has no network 'ema' (--network), found 'model', 'model_ema'" in case.infer(
        both, "--network", "ema", status=1)
    galaxies.cai("convert", "net.pt", "-o", "ema.safetensors", "--network", "model_ema", *heads, cwd=case.folder)
    galaxies.cai("infer", "galaxies.npz", "--weights", "ema.safetensors", "-o", "e.npy", cwd=case.folder)
    case.check(np.load(case.folder / "e.npy"), averaged)


def test_equal_networks_are_one(case):
    case.check(case.infer({"state_dict": case.net.state_dict(), "net": case.net}))
    case.check(case.infer({"a": case.net, "b": case.net}))


def test_a_network_below_the_root_is_not_a_part_of_it(case):
    case.net.parts["teacher"] = Maker(np.random.default_rng(5)).network()
    assert "'.', 'teacher'" in case.infer(case.net, status=1)
    case.check(case.infer(case.net, "--network", "."))


def test_heads_that_are_not_stated_are_asked_for(case):
    error = case.infer(case.net.state_dict(), status=1)
    assert f"width {case.width}, which is not a multiple of 64: expected --num-heads N" in error
    case.check(case.infer(case.net.state_dict(), "--num-heads", str(case.heads)))


@pytest.mark.parametrize("heads", [2, 3, 6])
def test_given_heads_give_the_redshifts_of_the_module(case, heads):
    maker = Maker(np.random.default_rng(4))
    maker.heads, maker.width, maker.groups, maker.patch, maker.size = heads, 24, 4, 8, case.images.shape[-1]
    net = maker.network()
    case.check(case.infer(net.state_dict(), "--num-heads", str(heads)), redshifts(net, case.images, case.magnitudes))
    for block in net["blocks"].parts.values():
        set_heads(block["attn"], 1)
    one = redshifts(net, case.images, case.magnitudes)
    assert np.abs(case.infer(net.state_dict(), "--num-heads", str(heads)) - one).max() > 1e-5


def set_heads(attention, heads):
    width = attention["proj"].attributes["in_features"]
    attention.attributes.update(num_heads=heads, scale=(width // heads) ** -0.5)


@pytest.mark.parametrize("is_state_dict", [False, True])
def test_the_named_average_of_the_weights_gives_its_own_redshifts(case, is_state_dict):
    average = Maker(np.random.default_rng(3)).network()
    average["head"].parameters["bias"] = average["head"].parameters["bias"] + np.float32(0.5)
    expected = redshifts(average, case.images, case.magnitudes)
    both = {"model": case.net, "model_ema": average}
    if is_state_dict:
        both = {name: net.state_dict() for name, net in both.items()}
    heads = ["--num-heads", str(case.heads)]
    case.check(case.infer(both, "--network", "model_ema", *heads), expected)
    case.check(case.infer(both, "--network", "model", *heads))
    assert np.abs(expected - case.redshifts).max() > 1e-4


@pytest.mark.parametrize("name, value, is_refused", [("H", 6, True), ("H", 3, False), ("window", 5, False)])
def test_a_number_that_may_be_the_heads_is_not_passed_over(case, name, value, is_refused):
    maker = Maker(np.random.default_rng(3))
    maker.heads, maker.width, maker.groups = 3, 192, 4
    case.net = maker.network()
    case.redshifts = redshifts(case.net, case.images, case.magnitudes)
    for block in case.net["blocks"].parts.values():
        block["attn"].attributes = {name: value}
    if is_refused:
        assert "'H' 6, which divides the width 192: expected --num-heads N" in case.infer(case.net, status=1)
    case.check(case.infer(case.net, *(["--num-heads", "3"] if is_refused else [])))


@pytest.mark.parametrize(
    "name, part, refused",
    [
        ("tail", Module(NN + "activation.Softplus"), True),
        ("calibration", Module("net.Calibration", parameters={"scale": np.ones(1, np.float32)}), True),
        ("loss", Module(NN + "loss.CrossEntropyLoss", buffers={"weight": np.ones(3, np.float32)}), False),
        ("drop", Module(NN + "dropout.Dropout", p=0.5), False),
    ])
def test_layers_around_a_network_are_refused_unless_it_is_named(case, name, part, refused):
    whole = Module("net.Wrapped", {"model": case.net, name: part})
    if refused:
        error = case.infer(whole, status=1)
        assert f"'{name}' is" in error and "beside the network 'model'" in error and "--network model" in error
    case.check(case.infer(whole, *(["--network", "model"] if refused else [])))


def test_verify_compares_with_a_reference(case):
    save(case.net, case.folder / "net.pt")
    np.savez(case.folder / "z.npz", z=case.redshifts[:, None])
    command = ["verify", "galaxies.npz", "--weights", "net.pt", "--quiet", "--reference"]
    done = galaxies.cai(*command, "z.npz", cwd=case.folder)
    assert "4 galaxies compared" in done.stdout and "agrees: no difference above 1e-05" in done.stdout
    np.save(case.folder / "z.npy", case.redshifts + [0, 0, 1e-3, 0])
    done = galaxies.cai(*command, "z.npy", "--json", cwd=case.folder, status=1)
    result = json.loads(done.stdout)
    assert not result["agrees"] and result["worst"][0]["index"] == 2 and result["tolerance"] == 1e-5
    assert abs(result["max"] - 1e-3) < 1e-5 and abs(result["rms"] - 5e-4) < 1e-5
    galaxies.cai(*command, "z.npy", "--tolerance", "0.01", cwd=case.folder)
    np.save(case.folder / "z.npy", case.redshifts[:3])
    assert "has 3 redshifts, expected one for each of the 4 galaxies" in galaxies.cai(
        *command, "z.npy", cwd=case.folder, status=1).stderr
    np.save(case.folder / "z.npy", np.where([1, 0, 0, 0], np.nan, case.redshifts))
    assert "differs" in galaxies.cai(*command, "z.npy", cwd=case.folder, status=1).stdout


def test_each_network_has_its_own_variable(tmp_path):
    other = {"PATH": "", "CAI_WEIGHTS": "/none.pt", "CAI_MAE_WEIGHTS": "/none.pth", "TMPDIR": str(tmp_path)}
    done = galaxies.cai("infer", galaxies.DEMO, "-o", tmp_path / "z.npy", env=other, status=1)
    assert "/none.pt: " in done.stderr and "(named by $CAI_WEIGHTS)" in done.stderr
    done = galaxies.cai("reconstruct", galaxies.DEMO, "-o", tmp_path / "r.npz", env=other, status=1)
    assert "(named by $CAI_MAE_WEIGHTS)" in done.stderr
    galaxies.cai("demo", "--output", tmp_path / "demo", env=other)
    shutil.rmtree(tmp_path / "demo")


def test_inspect_lists_what_was_compared(case):
    save(case.net, case.folder / "net.pt")
    lines = [line for line in galaxies.cai("inspect", "net.pt", cwd=case.folder).stdout.splitlines()
             if line.startswith("checked")]
    assert any("Conv2d" in line and "ReLU" in line for line in lines)
    assert any("not seen: forward of net.Attention" in line for line in lines)
