"""Checkpoints of very many networks, modules, attributes or names: read or refused in bounded memory and time.

Limits are the kernel's: 64 MB of private memory and the file's size beyond a run with ordinary weights, and three
seconds of processor time, where each file takes less than one.
"""

import json
import struct
import subprocess

import numpy as np
import pytest

import galaxies
from networks import NN, Maker
from shared_hooks import IS_ENDURANCE
from torch_pickle import Global, Module, save

ANCHOR = "patch_embed.proj.weight"
IDLE, LOSS = NN + "linear.Identity", NN + "loss.HuberLoss"
SECONDS, ALLOWANCE = 3, 64 << 20
ONE = np.ones(1, np.float32)


def network(**parts):
    net = Maker(np.random.default_rng(3)).network()
    net.parts.update(parts)
    return net


def modules(count, name, depth=0, **options):
    """That many modules in a list, that many containers deep."""
    parts = Module(NN + "container.ModuleList", {str(i): Module(name, **options) for i in range(count)})
    for _ in range(depth):
        parts = Module(NN + "container.Sequential", {"a": parts})
    return parts


def with_attributes(path, **attributes):
    net = network()
    net[path].attributes.update(attributes)
    return net


def safetensors(names, path):
    """Tensors of one zero each."""
    entries = (f'"{n}":{{"dtype":"F32","shape":[1],"data_offsets":[{4 * i},{4 * i + 4}]}}' for i, n in enumerate(names))
    header = ("{" + ",".join(entries) + "}").encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4 * len(names)))


def outside(**parts):
    return Module("net.Trainer", {"model": network(), **parts})


# Name, what is in the file, words of the error or "", and the same with `--network model`; None where it is not tried. The
# short form has every second one: networks, modules, losses, numbers and functions.
FILES = [
    ("8,000 networks", lambda: {"model": network(), **{f"c{i}": {ANCHOR: ONE} for i in range(8000)}},
     "has 8001 networks, expected at most 64", "has 8001 networks, expected at most 64"),
    ("63 networks beside 9,000 tensors",
     lambda: {"model": network(), **{f"c{i}": {ANCHOR: ONE} for i in range(62)}, "k": {f"k{i}": ONE for i in range(9000)}},
     "has 63 networks, and their weights differ", ""),
    ("a network in which 6,000 modules are 150 deep", lambda: network(x=modules(6000, IDLE, 150)), "",
     "has no network 'model' (--network), found '.'"),
    ("3,000 losses 150 deep", lambda: network(x=modules(3000, LOSS, 150)), "", None),
    ("3,000 modules beside a network, 150 deep", lambda: outside(x=modules(3000, IDLE, 150)), "", ""),
    ("3,000 losses beside a network, 150 deep", lambda: outside(x=modules(3000, LOSS, 150)), "", ""),
    ("1,500 losses with tensors, 150 deep",
     lambda: outside(x=modules(1500, LOSS, 150, buffers={"weight": ONE})), "", ""),
    ("20,000 numbers of attention",
     lambda: with_attributes("blocks.0.attn", **{f"head{i}": 3 for i in range(20_000)}), "layers state different values",
     None),
    ("40,000 numbers of a norm", lambda: with_attributes("fc_norm", **{f"a{i}": 3 for i in range(40_000)}), "", None),
    ("15,000 functions of a norm",
     lambda: with_attributes("fc_norm", **{f"f{i}": Global("net.f") for i in range(15_000)}), "", None),
    ("5,000 functions of modules",
     lambda: network(x=modules(5000, "net.B", act=Global("torch.nn.functional.relu"))), "has the function torch.nn", None),
][:: 1 if IS_ENDURANCE else 2]

NAMES = [
    ("64 equal networks", [f"{i}.{t}" for i in range(64) for t in [ANCHOR] + [f"t{j}" for j in range(800)]],
     "has shape [1], expected 4 axes"),
    ("58,000 tensors in the last of 64 networks",
     [f"n{i}.{ANCHOR}" for i in range(64)] + [f"n63.t{i}" for i in range(58_000)], "weights differ"),
    ("64 networks in one another", ["x." * i + ANCHOR for i in range(64)] + ["x." * 63 + f"t{i}" for i in range(20_000)],
     "weights differ"),
    ("48,000 blocks", [ANCHOR] + [f"blocks.{i}.norm1.weight" for i in range(48_000)], "has shape [1], expected 4 axes"),
]


@pytest.fixture(scope="module")
def base():
    """The smallest private memory in which the tiny network runs on the tiny partition, to within 4 MB."""
    run = ["infer", galaxies.TINY.parent / "partition.pt", "--weights", galaxies.TINY, "--quiet", "--threads", "1"]
    return next(m for m in range(4 << 20, 1 << 30, 4 << 20) if limited(run, m)[0] == 0)


def limited(arguments, memory):
    script = 'ulimit -c 0; ulimit -t "$1"; ulimit -d "$0"; shift; exec "$@"'
    words = ["/bin/sh", "-c", script, str(memory >> 10), str(SECONDS), galaxies.PROGRAM, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=galaxies.BOUND)
    return done.returncode, done.stdout, done.stderr


def check(path, memory, words, *options):
    """Inspects and converts the file."""
    memory += ALLOWANCE + path.stat().st_size
    status, output, errors = limited(["inspect", path, "--json", *options], memory)
    assert status == 0, errors[:300]
    problem = json.loads(output).get("problem", "")
    assert words in problem and bool(words) == bool(problem) and "\n" not in problem and len(problem) < 1000
    status, output, errors = limited(["convert", path, "-o", path.parent / "w.safetensors", *options], memory)
    assert status == (1 if words else 0) and words in errors and output == "", errors[:300]
    assert len(errors.splitlines()) < 2 and len(errors) < 1000


@pytest.mark.endurance
@pytest.mark.parametrize("name, make, words, words_if_named", FILES, ids=[file[0] for file in FILES])
def test_many_of_everything(tmp_path, base, name, make, words, words_if_named):
    path = tmp_path / "net.pt"
    save(make(), path)
    check(path, base, words)
    if words_if_named is not None:
        check(path, base, words_if_named, "--network", "model")


@pytest.mark.parametrize("name, names, words", NAMES, ids=[names[0] for names in NAMES])
def test_many_names(tmp_path, base, name, names, words):
    path = tmp_path / "net.safetensors"
    safetensors(names, path)
    check(path, base, words)
    check(path, base, "has no network 'none' (--network), found", "--network", "none")


def test_a_repeated_name_is_refused(tmp_path, base):
    safetensors([ANCHOR] * 40_000, tmp_path / "names.safetensors")
    save({"model": {ANCHOR: ONE}, "model.patch_embed": {"proj.weight": ONE}}, tmp_path / "names.pt")
    for name, words in [("names.safetensors", "twice"), ("names.pt", "two tensors have this name")]:
        memory = base + ALLOWANCE + (tmp_path / name).stat().st_size
        status, _, errors = limited(["inspect", tmp_path / name], memory)
        assert status == 1 and words in errors and len(errors.splitlines()) == 1, errors
