"""Random legal networks and variants of their modules: each is right, or refused; none is silently another network."""

from collections import OrderedDict

import numpy as np
import pytest

import galaxies
from networks import NN, Maker, redshifts
from shared_hooks import IS_ENDURANCE
from torch_pickle import Global, Module, save

COUNT = 200 if IS_ENDURANCE else 20
TOLERANCE = 1e-5
GALAXIES = 3


def convs(net):
    return [m for m in modules(net) if m.name.endswith("Conv2d")]


def modules(module):
    yield module
    for part in module.parts.values():
        yield from modules(part)


def named(net, ending):
    return [m for m in modules(net) if m.name.endswith(ending)]


def pick(rng, items):
    return items[rng.integers(len(items))]


def leaf(kind, **attributes):
    return Module(NN + kind, **attributes)


def set_attributes(module, **attributes):
    module.attributes.update(attributes)


def rename(module, name):
    module.name = NN + name


def put(owner, name, part):
    owner.parts[name] = part


def append(sequence, part):
    put(sequence, str(len(sequence.parts)), part)


def without(sequence, name):
    del sequence.parts[name]


def swap(sequence, first, second):
    order = list(sequence.parts.items())
    order[first], order[second] = order[second], order[first]
    sequence.parts = OrderedDict(order)


def rename_heads(net, name, value=lambda heads, width: heads):
    for m in named(net, "Attention"):
        heads = m.attributes.pop("num_heads")
        m.attributes.pop("scale")
        m.attributes[name] = value(heads, m["proj"].attributes["in_features"])


def hide(net, rng):
    net.buffers["mean"] = rng.standard_normal(5).astype(np.float32)
    net.hidden = {"mean"}


VISION = "inception_model.vis_inception"
SEQUENCES = ["vit_block", "concat_block", "inception_model.magnitude_block", VISION]
ACTIVATIONS = ["activation.Tanh", "activation.Sigmoid", "activation.SELU", "activation.Mish", "activation.Hardswish",
               "activation.ReLU6", "activation.SiLU"]


def any_activation(rng):
    return leaf(pick(rng, ACTIVATIONS))


def random_sequence(net, rng):
    return net[pick(rng, SEQUENCES)]


# Name and change.
VARIANTS = [
    ("plain", lambda net, rng: None),
    ("training flags", lambda net, rng: [set_attributes(m, training=True) for m in modules(net)]),
    ("LayerNorm eps", lambda net, rng: [set_attributes(m, eps=1e-3) for m in named(net, "LayerNorm")]),
    ("eps of one LayerNorm", lambda net, rng: set_attributes(net["fc_norm"], eps=1e-2)),
    ("BatchNorm eps", lambda net, rng: [set_attributes(m, eps=1e-2) for m in named(net, "BatchNorm2d")]),
    ("eps of one BatchNorm", lambda net, rng: set_attributes(pick(rng, named(net, "BatchNorm2d")), eps=0.1)),
    ("SyncBatchNorm", lambda net, rng: [
        (rename(m, "batchnorm.SyncBatchNorm"), set_attributes(m, eps=1e-2)) for m in named(net, "BatchNorm2d")]),
    ("own norm class", lambda net, rng: [
        (setattr(m, "name", "net.OwnNorm"), set_attributes(m, eps=1e-2)) for m in named(net, "LayerNorm")]),
    ("own norm class, epsilon", lambda net, rng: (
        setattr(net["fc_norm"], "name", "net.OwnNorm"), net["fc_norm"].attributes.pop("eps"),
        set_attributes(net["fc_norm"], epsilon=1e-2))),
    ("scale of attention", lambda net, rng: [set_attributes(m, scale=0.7) for m in named(net, "Attention")]),
    ("heads", lambda net, rng: rename_heads(net, "heads")),
    ("n_head", lambda net, rng: rename_heads(net, "n_head")),
    ("num_attention_heads", lambda net, rng: rename_heads(net, "num_attention_heads")),
    ("head_dim", lambda net, rng: rename_heads(net, "head_dim", lambda heads, width: width // heads)),
    ("GELU by tanh", lambda net, rng: [set_attributes(m, approximate="tanh") for m in named(net, "GELU")]),
    ("activation of an MLP", lambda net, rng: put(net["blocks.0.mlp"], "act", any_activation(rng))),
    ("activation of an MLP by another name", lambda net, rng: (
        setattr(net["blocks.0.mlp"], "parts", OrderedDict(
            ("activation" if name == "act" else name, part) for name, part in net["blocks.0.mlp"].parts.items())))),
    ("second activation of an MLP", lambda net, rng: put(net["blocks.0.mlp"], "act2", leaf("activation.GELU"))),
    ("activation of a head", lambda net, rng: put(net["vit_block"], "1", any_activation(rng))),
    ("activation of the fusion", lambda net, rng: put(net["concat_block"], "1", any_activation(rng))),
    ("activation of magnitudes", lambda net, rng: put(
        net["inception_model.magnitude_block"], pick(rng, "1357"), any_activation(rng))),
    ("Identity for a ReLU", lambda net, rng: put(net["vit_block"], "1", leaf("linear.Identity"))),
    ("LeakyReLU", lambda net, rng: put(net["vit_block"], "1", leaf("activation.LeakyReLU", negative_slope=0.2))),
    ("LeakyReLU of slope 0", lambda net, rng: put(
        net["vit_block"], "1", leaf("activation.LeakyReLU", negative_slope=0.0))),
    ("ELU of alpha 0", lambda net, rng: put(net["concat_block"], "1", leaf("activation.ELU", alpha=0.0))),
    ("trailing activation", lambda net, rng: append(random_sequence(net, rng), any_activation(rng))),
    ("trailing ReLU", lambda net, rng: append(random_sequence(net, rng), leaf("activation.ReLU"))),
    ("trailing Softplus", lambda net, rng: append(net["concat_block"], leaf("activation.Softplus"))),
    ("trailing Dropout", lambda net, rng: append(random_sequence(net, rng), leaf("dropout.Dropout", p=0.5))),
    ("trailing Identity", lambda net, rng: append(random_sequence(net, rng), leaf("linear.Identity"))),
    ("no activation in a Sequential", lambda net, rng: without(net[pick(rng, ["vit_block", "concat_block"])], "1")),
    ("another order in a Sequential", lambda net, rng: swap(net["concat_block"], 1, 2)),
    ("activations of Inception", lambda net, rng: [
        put(m, "activation", leaf("activation.SiLU")) for m in named(net, "ConvBlock")]),
    ("ReLUs of Inception", lambda net, rng: [
        put(m, "relu", leaf("activation.ReLU", inplace=True)) for m in named(net, "ConvBlock")]),
    ("function of Inception", lambda net, rng: [
        set_attributes(m, act=Global("torch.nn.functional.silu")) for m in named(net, "ConvBlock")]),
    ("usual function of Inception", lambda net, rng: [
        set_attributes(m, act=Global("torch.nn.functional.relu")) for m in named(net, "ConvBlock")]),
    ("padding of patches", lambda net, rng: set_attributes(net["patch_embed.proj"], padding=(1, 1))),
    ("padding mode", lambda net, rng: [
        set_attributes(m, padding_mode=pick(rng, ["reflect", "replicate", "circular"]))
        for m in named(net[VISION], "Conv2d") if m.attributes["kernel_size"][0] == 3]),
    ("padding mode of 1x1", lambda net, rng: [
        set_attributes(m, padding_mode="reflect") for m in named(net[VISION], "Conv2d")
        if m.attributes["kernel_size"][0] == 1]),
    ("padding 'same'", lambda net, rng: [set_attributes(m, padding="same") for m in named(net[VISION], "Conv2d")]),
    ("dilation", lambda net, rng: [
        set_attributes(m, dilation=(2, 2), padding=(2, 2)) for m in named(net[VISION], "Conv2d")
        if m.attributes["kernel_size"][0] == 3]),
    ("dilation of 1x1", lambda net, rng: [
        set_attributes(m, dilation=(2, 2)) for m in named(net[VISION], "Conv2d")
        if m.attributes["kernel_size"][0] == 1]),
    ("divisor_override", lambda net, rng: set_attributes(net[VISION + ".4"], divisor_override=3)),
    ("divisor_override of 4", lambda net, rng: [
        set_attributes(m, divisor_override=4, ceil_mode=True, count_include_pad=False)
        for m in named(net, "AvgPool2d")]),
    ("maximum for a mean", lambda net, rng: put(net[VISION], "4", leaf(
        "pooling.MaxPool2d", kernel_size=2, stride=2, padding=0, dilation=1, return_indices=False, ceil_mode=False))),
    ("mean for a maximum", lambda net, rng: put(net[VISION + ".2.branch4"], "0", leaf(
        "pooling.AvgPool2d", kernel_size=3, stride=1, padding=1, ceil_mode=False, count_include_pad=True,
        divisor_override=None))),
    ("dilated maximum", lambda net, rng: set_attributes(net[VISION + ".2.branch4.0"], dilation=2, padding=2)),
    ("norm of the input", lambda net, rng: put(net, "input_norm", leaf(
        "instancenorm.InstanceNorm2d", num_features=5, eps=1e-5, affine=False, track_running_stats=False))),
    ("hidden buffer", hide),
    ("tail", lambda net, rng: put(net, "tail", leaf(pick(rng, ["activation.Softplus", "activation.ReLU"])))),
    ("loss at the root", lambda net, rng: put(net, "criterion", leaf("loss.HuberLoss", delta=1.0, reduction="mean"))),
    ("loss with weights at the root", lambda net, rng: put(net, "criterion", Module(
        NN + "loss.CrossEntropyLoss", buffers={"weight": np.ones(3, np.float32)}, reduction="mean"))),
    ("metric at the root", lambda net, rng: put(net, "r2", Module("torchmetrics.regression.r2.R2Score"))),
    ("DropPath", lambda net, rng: put(
        net["blocks.0"], "drop_path", Module("timm.models.layers.drop.DropPath", drop_prob=0.1))),
    ("softmax of attention", lambda net, rng: [
        put(m, "softmax", leaf("activation.Softmax", dim=-1)) for m in named(net, "Attention")]),
    ("forward hook", lambda net, rng: net["fc_norm"].hooks.append("net.scale_output")),
    ("forward of its own", lambda net, rng: set_attributes(net["fc_norm"], forward=Global("net.scaled"))),
    ("own convolution class", lambda net, rng: setattr(net["patch_embed.proj"], "name", "net.OwnConv2d")),
]

# Networks that are others, though galaxies may not show it: ReLU6 of small numbers, a ReLU of positive redshifts.
OTHER_NETWORKS = {"tail", "trailing activation", "trailing ReLU"} | {
    name for name, _ in VARIANTS if name.startswith("activation of")}

WRAPPERS = {
    "module": lambda net: net,
    "DataParallel": lambda net: Module("torch.nn.parallel.data_parallel.DataParallel", {"module": net}),
    "dictionary": lambda net: {"epoch": 7, "model": net},
    "state dict beside it": lambda net: {"model": net, "state_dict": net.state_dict()},
}


def difference(net, path, folder, images, magnitudes):
    """The largest difference from the module's float64 redshifts, or None and the reason of a refusal."""
    expected = redshifts(net, images, magnitudes)
    output = folder / "z.npy"
    output.unlink(missing_ok=True)
    try:
        galaxies.cai("infer", folder / "galaxies.npz", "--weights", path, "-o", output, "--quiet")
    except AssertionError as refusal:
        assert "Fatal" not in str(refusal), refusal
        return None, str(refusal)
    return np.abs(np.load(output) - expected).max() / max(1, np.abs(expected).max()), ""


@pytest.mark.endurance
def test_random_networks_are_right_or_refused(tmp_path, capsys):
    computed, refused, wrong, needless = [], [], [], []
    for seed in range(COUNT):
        rng = np.random.default_rng(seed)
        maker = Maker(rng)
        net = maker.network()
        # The short form has a variant of each third; all of them come thrice in the full form.
        name, change = VARIANTS[(seed * (1 if IS_ENDURANCE else 3)) % len(VARIANTS)]
        images = rng.standard_normal((GALAXIES, 5, maker.size, maker.size)).astype(np.float32)
        magnitudes = rng.normal(0, 1, (GALAXIES, 5)).astype(np.float32)
        np.savez(tmp_path / "galaxies.npz", images=images, magnitudes=magnitudes)
        plain = redshifts(net, images, magnitudes)
        change(net, rng)
        wrapper = list(WRAPPERS)[seed % len(WRAPPERS)]
        save(WRAPPERS[wrapper](net), tmp_path / "net.pt")
        error, reason = difference(net, tmp_path / "net.pt", tmp_path, images, magnitudes)
        label = f"{seed}: {name}, {wrapper}"
        if error is None:
            refused.append(label)
            if name not in OTHER_NETWORKS and np.array_equal(redshifts(net, images, magnitudes), plain):
                needless.append((label, reason))
        else:
            computed.append(label)
            if not error <= TOLERANCE:
                wrong.append((label, error))
    with capsys.disabled():
        print(f"\n{len(computed)} of {COUNT} networks computed, {len(refused)} refused")
    assert not wrong, wrong
    assert not needless, needless
