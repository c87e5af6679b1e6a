"""Checkpoints as training programs save them: each gives the redshifts of its network, or is refused by name."""

import numpy as np
import pytest

import galaxies
from networks import Maker, redshifts
from test_weights import Case, case  # noqa: F401  # a fixture
from torch_pickle import Module


def prefixed(tensors, prefix):
    return {prefix + name: value for name, value in tensors.items()}


def optimizer(tensors):
    """As of AdamW: its averages have the shapes of the weights."""
    state = {i: {"step": np.float32([3]), "exp_avg": value * 0, "exp_avg_sq": value * 0 + 1}
             for i, value in enumerate(v for v in tensors.values() if v.dtype == np.float32)}
    return {"state": state, "param_groups": [{"lr": 1e-4, "params": list(state)}]}


COMPUTED = {
    "torch.compile": lambda t: prefixed(t, "_orig_mod."),
    "torch.compile in DataParallel": lambda t: prefixed(t, "module._orig_mod."),
    "DataParallel in torch.compile": lambda t: {"model": prefixed(t, "_orig_mod.module.")},
    "Lightning": lambda t: {
        "epoch": 3, "pytorch-lightning_version": "2.4.0", "state_dict": prefixed(t, "net."),
        "optimizer_states": [optimizer(t)], "lr_schedulers": [{"last_epoch": 3}], "hparams_name": "kwargs"},
    "an optimizer beside it": lambda t: {"model": t, "optimizer": optimizer(t), "scaler": {"scale": 65536.0}},
    "an average by swa_utils": lambda t: {"n_averaged": np.array(9, np.int64), **prefixed(t, "module.")},
    "DeepSpeed": lambda t: {"module": t, "dp_world_size": 4, "optimizer": None},
}


@pytest.mark.parametrize("wrap", COMPUTED.values(), ids=COMPUTED)
def test_wrapped_weights_give_the_redshifts_of_the_network(case, wrap):  # noqa: F811
    case.check(case.infer(wrap(case.net.state_dict()), "--num-heads", str(case.heads)))


@pytest.mark.parametrize("name", [
    "torch._dynamo.eval_frame.OptimizedModule", "torch.optim.swa_utils.AveragedModel", "net.LightningNet"])
def test_modules_around_a_network_that_only_call_it(case, name):  # noqa: F811
    part = {"Optim": "_orig_mod", "Avera": "module", "Light": "net"}[name.rsplit(".", 1)[1][:5]]
    case.check(case.infer(Module(name, {part: case.net}, buffers={"n_averaged": np.array(9, np.int64)})))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions_give_the_redshifts_of_the_rounded_weights(case, dtype):  # noqa: F811
    for module in modules(case.net):
        for tensors in (module.parameters, module.buffers):
            for name, value in tensors.items():
                if value is not None and value.dtype == np.float32:
                    tensors[name] = value.astype(dtype)
    expected = redshifts(case.net, case.images, case.magnitudes)
    case.check(case.infer(case.net.state_dict(), "--num-heads", str(case.heads)), expected)


def modules(module):
    yield module
    for part in module.parts.values():
        yield from modules(part)


def replaced(tensors, name, others):
    """The tensors with others in place of one; `{}` in their names is its name."""
    return {key: value for key, value in tensors.items() if key != name} | {
        key.format(name): value for key, value in others.items()}


def matrix(tensors):
    return tensors["blocks.0.attn.proj.weight"]


PROJECTION = "blocks.0.attn.proj"
# What is made of the state dict, and parts of the error.
REFUSED = {
    "weight_norm": (lambda t: replaced(t, PROJECTION + ".weight", {
        "{}_g": matrix(t)[:, :1], "{}_v": matrix(t)}), "missing key 'blocks.0.attn.proj.weight'"),
    "weight_norm by parametrizations": (lambda t: replaced(t, PROJECTION + ".weight", {
        PROJECTION + ".parametrizations.weight.original0": matrix(t)[:, :1],
        PROJECTION + ".parametrizations.weight.original1": matrix(t)}), "missing key 'blocks.0.attn.proj.weight'"),
    "spectral_norm": (lambda t: replaced(t, PROJECTION + ".weight", {
        "{}_orig": matrix(t), "{}_u": matrix(t)[0]}), "missing key 'blocks.0.attn.proj.weight'"),
    "pruning": (lambda t: replaced(t, PROJECTION + ".weight", {
        "{}_orig": matrix(t), "{}_mask": matrix(t) * 0 + 1}), "missing key 'blocks.0.attn.proj.weight'"),
    "LoRA beside the weights": (lambda t: t | {
        PROJECTION + ".lora_A": matrix(t)[:2], PROJECTION + ".lora_B": matrix(t)[:, :2]},
        "unexpected key 'blocks.0.attn.proj.lora_A' and 1 more"),
    "LoRA of peft": (lambda t: prefixed(replaced(t, PROJECTION + ".weight", {
        PROJECTION + ".base_layer.weight": matrix(t), PROJECTION + ".lora_A.default.weight": matrix(t)[:2]}),
        "base_model.model."), "missing key 'base_model.model.blocks.0.attn.proj.weight'"),
    "quantized": (lambda t: t | {PROJECTION + ".weight": (matrix(t) * 100).astype(np.int64)},
                  "'blocks.0.attn.proj.weight' is I64, expected floating-point weights"),
    "quantized, with scales": (lambda t: t | {PROJECTION + ".weight.absmax": matrix(t)[0]},
                               "unexpected key 'blocks.0.attn.proj.weight.absmax'"),
    "BatchNorm of the batch": (lambda t: {k: v for k, v in t.items() if "running_" not in k}, "running_mean'"),
    "a learned scale of residuals": (lambda t: t | {"blocks.0.ls1.gamma": matrix(t)[0]},
                                     "unexpected key 'blocks.0.ls1.gamma'"),
    "norms of queries and keys": (lambda t: t | {"blocks.0.attn.q_norm.weight": matrix(t)[0]},
                                  "unexpected key 'blocks.0.attn.q_norm.weight'"),
}


@pytest.mark.parametrize("change, words", REFUSED.values(), ids=REFUSED)
def test_weights_that_are_not_the_layers_own_are_refused_by_name(case, change, words):  # noqa: F811
    error = case.infer(change(dict(case.net.state_dict())), "--num-heads", str(case.heads), status=1)
    assert words in error and len(error.splitlines()) == 1, error


@pytest.fixture
def wide(tmp_path):
    """A state dict 192 wide with six heads, where heads of 64 channels would be three."""
    found = Case(tmp_path)
    maker = Maker(np.random.default_rng(3))
    maker.heads, maker.width, maker.groups = 6, 192, 4
    found.net = maker.network()
    found.redshifts = redshifts(found.net, found.images, found.magnitudes)
    return found


STATED = {
    "hyper_parameters": lambda heads: {"hyper_parameters": {"num_heads": heads, "lr": 1e-4}},
    "hyper_parameters.encoder": lambda heads: {"hyper_parameters": {"encoder": {"n_heads": heads}}},
    "args": lambda heads: {"args": Namespace(num_heads=heads)},
    "config": lambda heads: {"config": {"num_attention_heads": heads, "head_dim": 192 // heads}},
}


class Namespace(Module):
    """An object with attributes alone."""

    def __init__(self, **attributes):
        super().__init__("argparse.Namespace", **attributes)

    def state(self):
        return self.attributes


@pytest.mark.parametrize("owner", STATED)
def test_heads_stated_beside_the_weights_are_not_passed_over(wide, owner):
    value = {"state_dict": wide.net.state_dict(), **STATED[owner](6)}
    error = wide.infer(value, status=1)
    assert f"'{owner}." in error and "6" in error and "expected --num-heads N" in error, error
    wide.check(wide.infer(value, "--num-heads", "6"))
    # The converted file would not have them.
    for option in [], ["--state-assumed"]:
        error = galaxies.cai("convert", "net.pt", "-o", "w.safetensors", *option, cwd=wide.folder, status=1).stderr
        assert f"'{owner}." in error and "expected --num-heads N" in error, error
    galaxies.cai("convert", "net.pt", "-o", "w.safetensors", "--num-heads", "6", cwd=wide.folder)
    agreeing = {"state_dict": wide.net.state_dict(), **STATED[owner](3)}
    assert np.isfinite(wide.infer(agreeing)).all()


def test_a_module_states_its_own_heads(wide):
    wide.check(wide.infer({"model": wide.net, "hyper_parameters": {"num_heads": 3}}))


def test_other_numbers_beside_the_weights_are_no_heads(wide):
    for block in wide.net["blocks"].parts.values():
        block["attn"].attributes.update(num_heads=3, scale=64 ** -0.5)
    wide.redshifts = redshifts(wide.net, wide.images, wide.magnitudes)
    numbers = {"headers": 2, "head_dim": 32, "head_layers": 2, "decoder_num_heads": 6, "depth": 6}
    wide.check(wide.infer({"state_dict": wide.net.state_dict(), "hyper_parameters": numbers}))
