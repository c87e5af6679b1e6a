"""The smallest redshift network, so that the line is the limit: one patch, one block, one channel per convolution."""

import json
import random
import struct
from pathlib import Path

WIDTH = 8


def shapes() -> dict[str, list[int]]:
    """The tensors of a state dict and their shapes."""
    found: dict[str, list[int]] = {"cls_token": [1, 1, WIDTH], "pos_embed": [1, 2, WIDTH]}

    def layer(name: str, *weight: int) -> None:
        found[name + ".weight"] = list(weight)
        found[name + ".bias"] = [weight[0]]

    def normalized(name: str, outputs: int, inputs: int) -> None:
        layer(name + ".conv", outputs, inputs, 1, 1)
        for part in ("weight", "bias", "running_mean", "running_var"):
            found[f"{name}.bn.{part}"] = [outputs]

    layer("patch_embed.proj", WIDTH, 5, 32, 32)
    for name in ("fc_norm", "blocks.0.norm1", "blocks.0.norm2"):
        layer(name, WIDTH)
    layer("blocks.0.attn.qkv", 3 * WIDTH, WIDTH)
    layer("blocks.0.attn.proj", WIDTH, WIDTH)
    layer("blocks.0.mlp.fc1", WIDTH, WIDTH)
    layer("blocks.0.mlp.fc2", WIDTH, WIDTH)
    for name in ("head", "vit_block.0", "vit_block.2"):
        layer(name, WIDTH, WIDTH)
    inception = "inception_model.vis_inception"
    layer("inception_model.conv2d_init", 1, 5, 1, 1)
    layer(inception + ".0", 1, 5, 1, 1)
    inputs = 1
    for index in (2, 3, 5, 6, 8):
        block = f"{inception}.{index}"
        normalized(block + ".branch1", 1, inputs)
        for tower in ("branch2", "branch3"):
            normalized(f"{block}.{tower}.0", 1, inputs)
            normalized(f"{block}.{tower}.1", 1, 1)
        normalized(block + ".branch4.1", 1, inputs)
        inputs = 4
    # The last block's branch3 is not used.
    layer(inception + ".10", WIDTH, 3 * 4 * 4)
    layer(inception + ".12", WIDTH, WIDTH)
    layer("inception_model.magnitude_block.0", WIDTH, 5)
    for index in (2, 4, 6, 8):
        layer(f"inception_model.magnitude_block.{index}", WIDTH, WIDTH)
    layer("concat_block.0", WIDTH, 3 * WIDTH)
    layer("concat_block.2", 1, WIDTH)
    return found


def write(path: Path) -> None:
    """Random weights as safetensors; those with two names are equal."""
    source = random.Random(1)
    header: dict[str, object] = {"__metadata__": {"num_heads": "1"}}
    data = bytearray()
    parts: dict[str, bytes] = {}
    for name, shape in shapes().items():
        count = 1
        for size in shape:
            count *= size
        twin = name.replace("conv2d_init", "vis_inception.0")
        if twin not in parts:
            low, high = (0.5, 1.5) if name.endswith("running_var") else (-0.1, 0.1)
            parts[twin] = struct.pack(f"<{count}f", *(source.uniform(low, high) for _ in range(count)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
        data += parts[twin]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
