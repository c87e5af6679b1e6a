"""Writes the files of this folder again: `python3 make.py` (needs only NumPy).

A masked autoencoder in float64, implemented from its description and independent of the program: no merged or folded
layers, one galaxy at a time. It runs small random networks, which it writes as well, and the demo weights.
`python3 make.py check WEIGHTS GOLDEN` compares it with PyTorch's results for the same weights.
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
WEIGHTS = FOLDER.parents[2] / "weights" / "astromae-mae-demo.safetensors"
TYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64}
erf = np.vectorize(math.erf)


def read(path):
    content = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            data = np.frombuffer(content[8 + size + first : 8 + size + last], TYPES[entry["dtype"]])
            tensors[name] = data.reshape(entry["shape"])
    return tensors


def write(path, tensors, metadata=None):
    header, offset, data = {}, 0, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, values in sorted(tensors.items()):
        values = np.ascontiguousarray(values, np.float32)
        header[name] = {
            "dtype": "F32",
            "shape": list(values.shape),
            "data_offsets": [offset, offset + values.nbytes],
        }
        data += values.tobytes()
        offset += values.nbytes
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    (FOLDER / path).write_bytes(struct.pack("<Q", len(text)) + text + data)


class Network:
    """Weights by their names in the state dict; heads and epsilons of the constructor."""

    def __init__(self, tensors, heads, decoder_heads):
        self.w = {name: np.asarray(values, np.float64) for name, values in tensors.items()}
        self.heads, self.decoder_heads = heads, decoder_heads

    def linear(self, key, x, bias=None):
        bias = self.w[key + ".bias"] if bias is None else bias
        return x @ self.w[key + ".weight"].T + bias

    def norm(self, key, x):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-6) * self.w[key + ".weight"] + self.w[key + ".bias"]

    def convolution(self, key, x):
        """A grouped convolution that keeps the map's size; x [channels, side, side]."""
        weight = self.w[key + ".weight"]
        outputs, per_group, kernel, _ = weight.shape
        side, pad = x.shape[1], kernel // 2
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        groups = x.shape[0] // per_group
        result = np.zeros((outputs, side, side))
        for output in range(outputs):
            group = output // (outputs // groups)
            part = padded[group * per_group : (group + 1) * per_group]
            for row in range(side):
                for column in range(side):
                    window = part[:, row : row + kernel, column : column + kernel]
                    result[output, row, column] = (window * weight[output]).sum()
        return result + self.w[key + ".bias"][:, None, None]

    def parallel(self, key, patches):
        side = math.isqrt(len(patches))
        assert side * side == len(patches)
        x = self.convolution(key + ".0", patches.T.reshape(-1, side, side))
        mean, variance = self.w[key + ".1.running_mean"], self.w[key + ".1.running_var"]
        scale = self.w[key + ".1.weight"] / np.sqrt(variance + 1e-5)
        x = (x - mean[:, None, None]) * scale[:, None, None] + self.w[key + ".1.bias"][:, None, None]
        x = x / (1 + np.exp(-x))
        return self.convolution(key + ".3", x).reshape(patches.shape[1], -1).T

    def block(self, key, x, heads):
        tokens, width = x.shape
        dim = width // heads
        convolved = self.parallel(key + ".PCM", x[1:]) if key + ".PCM.0.weight" in self.w else None
        if key + ".attn.q_bias" in self.w:
            zero = np.zeros(width)
            bias = np.concatenate([self.w[key + ".attn.q_bias"], zero, self.w[key + ".attn.v_bias"]])
        else:
            bias = self.w[key + ".attn.qkv.bias"]
        qkv = self.linear(key + ".attn.qkv", self.norm(key + ".norm1", x), bias).reshape(tokens, 3, heads, dim)
        mixed = np.zeros((tokens, heads, dim))
        for head in range(heads):
            q, k, v = qkv[:, 0, head], qkv[:, 1, head], qkv[:, 2, head]
            scores = q @ k.T / math.sqrt(dim)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, head] = scores / scores.sum(-1, keepdims=True) @ v
        x = x + self.linear(key + ".attn.proj", mixed.reshape(tokens, width))
        if convolved is not None:
            x[1:] += convolved
        hidden = self.linear(key + ".mlp.fc1", self.norm(key + ".norm2", x))
        hidden = hidden * (1 + erf(hidden / math.sqrt(2))) / 2
        return x + self.linear(key + ".mlp.fc2", hidden)

    def blocks(self, key, x, heads, stages):
        index = 0
        while f"{key}.{index}.norm1.weight" in self.w:
            x = stages[f"{key}.{index}"] = self.block(f"{key}.{index}", x, heads)
            index += 1
        return x

    def encode(self, image, kept, stages):
        """Class token and the patches `kept`, in that order, after `norm`."""
        weight = self.w["patch_embed.proj.weight"]
        patch, size = weight.shape[2], image.shape[1]
        positions, grid = self.w["pos_embed"][0], size // patch
        tokens = [self.w["cls_token"][0, 0] + positions[0]]
        for index in kept:
            row, column = index // grid * patch, index % grid * patch
            pixels = image[:, row : row + patch, column : column + patch]
            projected = (weight * pixels).sum((1, 2, 3)) + self.w["patch_embed.proj.bias"]
            tokens.append(projected + positions[1 + index])
        return self.norm("norm", self.blocks("blocks", np.array(tokens), self.heads, stages))

    def reconstruct(self, image, noise, visible):
        """Every stage of one galaxy."""
        stages = {}
        order = np.argsort(noise, kind="stable")
        restore = np.argsort(order, kind="stable")
        latent = stages["latent"] = self.encode(image, order[:visible], stages)
        embedded = stages["decoder_embed"] = self.linear("decoder_embed", latent)
        masked = np.repeat(self.w["mask_token"][0], len(noise) - visible, 0)
        x = np.concatenate([embedded[1:], masked])[restore]
        x = np.concatenate([embedded[:1], x]) + self.w["decoder_pos_embed"][0]
        x = self.blocks("decoder_blocks", x, self.decoder_heads, stages)
        normed = self.norm("decoder_norm", x)[1:]
        pred = stages["pred"] = self.linear("decoder_pred", normed)
        mask = stages["mask"] = (restore >= visible).astype(float)
        bands, size = image.shape[:2]
        patch = self.w["patch_embed.proj.weight"].shape[2]
        grid = size // patch
        target = image.reshape(bands, grid, patch, grid, patch).transpose(1, 3, 2, 4, 0).reshape(grid * grid, -1)
        if mask.any():
            stages["loss"] = (((pred - target) ** 2).mean(-1) * mask).sum() / mask.sum()
        return stages

    def features(self, images):
        """Every token of each galaxy, no patch masked."""
        patches = len(self.w["pos_embed"][0]) - 1
        return np.stack([self.encode(image.astype(float), range(patches), {}) for image in images])

    def run(self, images, noise, visible):
        galaxies = [self.reconstruct(*galaxy, visible) for galaxy in zip(images.astype(float), noise)]
        return {name: np.stack([galaxy[name] for galaxy in galaxies]) for name in galaxies[0]}


def random_network(seed, width, depth, kernel, groups, decoder_width, decoder_depth, bands=2, patch=4, grid=4):
    """A state dict of float32: fan-in scaled weights, norms near one. `kernel` 0 makes plain blocks."""
    draw = np.random.default_rng(seed)
    w = {}

    def put(key, shape, fan):
        w[key + ".weight"] = draw.normal(0, fan**-0.5, shape)
        w[key + ".bias"] = draw.normal(0, 0.2, shape[0])

    def norm(key, width):
        w[key + ".weight"] = 1 + draw.normal(0, 0.2, width)
        w[key + ".bias"] = draw.normal(0, 0.2, width)

    def block(key, width, cell):
        norm(key + ".norm1", width)
        put(key + ".attn.qkv", (3 * width, width), width)
        if cell:
            del w[key + ".attn.qkv.bias"]
            w[key + ".attn.q_bias"] = draw.normal(0, 0.2, width)
            w[key + ".attn.v_bias"] = draw.normal(0, 0.2, width)
            put(key + ".PCM.0", (4 * width, width // groups, kernel, kernel), width // groups * kernel**2)
            norm(key + ".PCM.1", 4 * width)
            w[key + ".PCM.1.running_mean"] = draw.normal(0, 0.2, 4 * width)
            w[key + ".PCM.1.running_var"] = draw.uniform(0.5, 2, 4 * width)
            put(key + ".PCM.3", (width, 4 * width // groups, kernel, kernel), 4 * width // groups * kernel**2)
        put(key + ".attn.proj", (width, width), width)
        norm(key + ".norm2", width)
        put(key + ".mlp.fc1", (4 * width, width), width)
        put(key + ".mlp.fc2", (width, 4 * width), 4 * width)

    tokens = grid * grid + 1
    w["cls_token"] = draw.normal(0, 0.5, (1, 1, width))
    w["pos_embed"] = draw.normal(0, 0.5, (1, tokens, width))
    put("patch_embed.proj", (width, bands, patch, patch), bands * patch**2)
    for index in range(depth):
        block(f"blocks.{index}", width, kernel > 0)
    norm("norm", width)
    put("decoder_embed", (decoder_width, width), width)
    w["mask_token"] = draw.normal(0, 0.5, (1, 1, decoder_width))
    w["decoder_pos_embed"] = draw.normal(0, 0.5, (1, tokens, decoder_width))
    for index in range(decoder_depth):
        block(f"decoder_blocks.{index}", decoder_width, False)
    norm("decoder_norm", decoder_width)
    put("decoder_pred", (bands * patch**2, decoder_width), decoder_width)
    return {name: values.astype(np.float32) for name, values in w.items()}


# name: arguments of `random_network`, heads, decoder's heads, numbers of visible patches
SMALL = {
    "cell": ((1, 24, 2, 1, 6, 16, 1), 3, 2, (1, 4, 9, 16)),
    "cell-kernel3": ((2, 16, 2, 3, 4, 24, 2), 2, 3, (1, 4, 9, 16)),
    "plain": ((3, 24, 2, 0, 1, 40, 3), 3, 5, (1, 3, 10, 16)),
}


def make_small():
    draw = np.random.default_rng(4)
    images = draw.normal(0, 1, (3, 2, 16, 16)).astype(np.float32)
    noise = draw.uniform(0, 1, (3, 16)).astype(np.float32)
    # Equal noise: the first patch counts as smaller.
    noise[1, [2, 5, 11]] = noise[1].min()
    noise[2] = np.round(noise[2] * 4) / 8
    for name, (sizes, heads, decoder_heads, counts) in SMALL.items():
        tensors = random_network(*sizes)
        write(f"{name}.safetensors", tensors, {"num_heads": f"{heads}", "decoder_num_heads": f"{decoder_heads}"})
        network = Network(tensors, heads, decoder_heads)
        golden = {"images": images, "noise": noise}
        for visible in counts:
            for stage, values in network.run(images, noise, visible).items():
                golden[f"{visible}.{stage}"] = values
        golden["tokens"] = network.features(images)
        write(f"{name}.golden.safetensors", golden)


def make_demo():
    torch = read(FOLDER / "demo-first8.golden.safetensors")
    stages = Network(read(WEIGHTS), 3, 3).run(torch["images"], torch["noise"], 4)
    golden = {name: stages[name] for name in ("latent", "pred", "loss")}
    golden["tokens"] = Network(read(WEIGHTS), 3, 3).features(torch["images"][:2])
    write("demo-f16-first8.golden.safetensors", golden)


def check(weights, golden):
    torch = read(golden)
    ours = Network(read(weights), 3, 3).run(torch["images"], torch["noise"], 4)
    for name in ("latent", "pred", "mask"):
        error = np.abs(ours[name] - torch[name]).max()
        print(f"{name}: largest difference {error:.2e}, of {np.abs(torch[name]).max():.3f} at most")
    print(f"loss: {ours['loss'].mean():.9f}, PyTorch's {torch['loss'][0]:.9f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["check"]:
        check(*sys.argv[2:])
    else:
        make_small()
        make_demo()
