"""AstroMAE in float64, written from the papers' figures for modules of any torch.nn leaves: what PyTorch would compute.

Every leaf is evaluated by its own class and attributes, and a Sequential by its own parts, so that a module that is not
AstroMAE has its own redshifts.
"""

from math import erf, sqrt

import numpy as np

from torch_pickle import Module

NN = "torch.nn.modules."
PAD = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + np.vectorize(erf)(x / sqrt(2)))


ACTIVATIONS = {
    "ReLU": lambda x: np.maximum(x, 0), "SiLU": lambda x: x * sigmoid(x), "Tanh": np.tanh, "Sigmoid": sigmoid,
    "ReLU6": lambda x: np.clip(x, 0, 6), "Softplus": lambda x: np.logaddexp(x, 0), "GELU": gelu,
    "LeakyReLU": lambda x, negative_slope: np.where(x > 0, x, negative_slope * x),
    "ELU": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))),
    "Mish": lambda x: x * np.tanh(np.logaddexp(x, 0)), "Hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "SELU": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0))),
}
IDLE = ("Identity", "Dropout", "Dropout2d", "AlphaDropout", "DropPath")


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def windows(x, kernel, stride, dilation=1):
    """[N, C, H, W] -> [N, C, H', W', k, k]"""
    span = dilation * (kernel - 1) + 1
    view = np.lib.stride_tricks.sliding_window_view(x, (span, span), (2, 3))
    return view[:, :, ::stride, ::stride, ::dilation, ::dilation]


def convolve(m, x):
    w = m.parameters["weight"].astype(float)
    kernel, stride, dilation, groups = w.shape[-1], pair(m.attributes["stride"])[0], \
        pair(m.attributes["dilation"])[0], m.attributes["groups"]
    padding = m.attributes["padding"]
    if isinstance(padding, str):
        padding = dilation * (kernel - 1) // 2 if padding == "same" else 0
    p = pair(padding)[0]
    if p:
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), PAD[m.attributes["padding_mode"]])
    parts = []
    for group, weight in zip(np.split(x, groups, 1), np.split(w, groups, 0)):
        parts.append(np.einsum("nchwij,ocij->nohw", windows(group, kernel, stride, dilation), weight, optimize=True))
    return np.concatenate(parts, 1) + m.parameters["bias"].astype(float)[:, None, None]


def normalize(m, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + m.attributes.get("eps", m.attributes.get("epsilon")))
    if not m.parameters:
        return y
    return y * m.parameters["weight"].astype(float) + m.parameters["bias"].astype(float)


def leaf(m, x):
    """A module without a forward of its own."""
    kind, a = m.name.rsplit(".", 1)[1], m.attributes
    if kind == "Sequential":
        for part in m.parts.values():
            x = run(part, x)
        return x
    if kind in IDLE:
        return x
    if kind in ACTIVATIONS:
        return ACTIVATIONS[kind](x, **{k: v for k, v in a.items() if k in ("approximate", "negative_slope", "alpha")})
    if kind in ("Conv2d", "OwnConv2d"):
        return convolve(m, x)
    if kind == "Linear":
        y = x @ m.parameters["weight"].astype(float).T
        return y if m.parameters["bias"] is None else y + m.parameters["bias"].astype(float)
    if kind in ("LayerNorm", "OwnNorm"):
        return normalize(m, x)
    if kind in ("BatchNorm2d", "SyncBatchNorm"):
        s = m.parameters["weight"].astype(float) / np.sqrt(m.buffers["running_var"].astype(float) + a["eps"])
        return (x - m.buffers["running_mean"].astype(float)[:, None, None]) * s[:, None, None] + \
            m.parameters["bias"].astype(float)[:, None, None]
    if kind == "InstanceNorm2d":
        return (x - x.mean((2, 3), keepdims=True)) / np.sqrt(x.var((2, 3), keepdims=True) + a["eps"])
    if kind == "AvgPool2d":
        p, k = pair(a["padding"])[0], pair(a["kernel_size"])[0]
        if p:
            x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        return windows(x, k, pair(a["stride"])[0]).sum((4, 5)) / (a["divisor_override"] or k * k)
    if kind == "AdaptiveAvgPool2d":
        k = x.shape[2] // pair(a["output_size"])[0]
        return windows(x, k, k).mean((4, 5))
    if kind == "MaxPool2d":
        p, k = pair(a["padding"])[0], pair(a["kernel_size"])[0]
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-np.inf)
        return windows(x, k, pair(a["stride"])[0], pair(a["dilation"])[0]).max((4, 5))
    if kind == "Flatten":
        return x.reshape(len(x), -1)
    raise NotImplementedError(kind)


def run(m, x):
    own = {"net.ConvBlock": conv_block, "net.Inception": inception, "net.Mlp": mlp, "net.Attention": attention}
    if "forward" in m.attributes:
        return 1.25 * own.get(m.name, leaf)(m, x)
    return own.get(m.name, leaf)(m, x) * (1.25 if m.hooks else 1)


def conv_block(m, x):
    x = run(m.parts["bn"], run(m.parts["conv"], x))
    extra = [part for name, part in m.parts.items() if name not in ("conv", "bn")]
    if "act" in m.attributes:
        return ACTIVATIONS[{"silu": "SiLU", "relu": "ReLU"}[m.attributes["act"].name]](x)
    if not extra:
        return np.maximum(x, 0)
    for part in extra:
        x = run(part, x)
    return x


def inception(m, x):
    names = ["branch1", "branch2", "branch4"] if m.attributes["last"] else ["branch1", "branch2", "branch3", "branch4"]
    return np.concatenate([run(m.parts[name], x) for name in names], 1)


def mlp(m, x):
    for part in m.parts.values():
        x = run(part, x)
    return x


def attention(m, x):
    n, t, width = x.shape
    a = m.attributes
    heads = next((a[k] for k in ("num_heads", "heads", "n_head", "num_attention_heads") if k in a), None) \
        or width // a["head_dim"]
    qkv = x @ m.parts["qkv"].parameters["weight"].astype(float).T
    if m.parts["qkv"].parameters["bias"] is not None:
        qkv = qkv + m.parts["qkv"].parameters["bias"].astype(float)
    else:
        q, v = m.parameters["q_bias"].astype(float), m.parameters["v_bias"].astype(float)
        qkv = qkv + np.concatenate([q, np.zeros(width), v])
    q, k, v = qkv.reshape(n, t, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
    w = softmax(q @ k.transpose(0, 1, 3, 2) * a.get("scale", (width // heads) ** -0.5))
    return run(m.parts["proj"], (w @ v).transpose(0, 2, 1, 3).reshape(n, t, width))


def redshifts(net, images, magnitudes):
    images, magnitudes = images.astype(float), magnitudes.astype(float)
    if "mean" in net.buffers:
        images = images - net.buffers["mean"].astype(float)[:, None, None]
    if "input_norm" in net.parts:
        images = run(net["input_norm"], images)
    x = run(net["patch_embed.proj"], images)
    x = x.reshape(*x.shape[:2], -1).transpose(0, 2, 1)
    side = int(sqrt(x.shape[1]))
    token = np.broadcast_to(net.parameters["cls_token"].astype(float), (len(x), 1, x.shape[2]))
    x = np.concatenate([token, x], 1) + net.parameters["pos_embed"].astype(float)
    for block in net["blocks"].parts.values():
        mixed = run(block["attn"], run(block["norm1"], x))
        if "PCM" in block.parts:
            image = x[:, 1:].transpose(0, 2, 1).reshape(len(x), -1, side, side)
            mixed[:, 1:] += run(block["PCM"], image).reshape(len(x), x.shape[2], -1).transpose(0, 2, 1)
        x = x + mixed
        x = x + run(block["mlp"], run(block["norm2"], x))
    vit = run(net["vit_block"], run(net["head"], run(net["fc_norm"], x[:, 1:].mean(1))))
    branches = [vit, run(net["inception_model.vis_inception"], images),
                run(net["inception_model.magnitude_block"], magnitudes)]
    z = run(net["concat_block"], np.concatenate(branches, 1))
    if "tail" in net.parts:
        z = run(net["tail"], z)
    return z[:, 0]


class Maker:
    """A random legal network."""

    def __init__(self, rng):
        self.rng = rng
        self.bands, self.depth = 5, int(rng.integers(1, 3))
        self.heads = int(rng.choice([1, 2, 3, 4]))
        self.width = self.heads * int(rng.choice([4, 8]))
        self.patch, self.size = [(8, 32), (4, 16), (8, 16), (16, 32)][rng.integers(4)]
        self.is_cell = bool(rng.integers(2))
        self.kernel = int(rng.choice([1, 3]))
        self.groups = int(rng.choice([1, 2, 4]))

    def values(self, *shape, scale=None):
        scale = scale or 1 / sqrt(np.prod(shape[1:]) or 1)
        return (self.rng.standard_normal(shape) * scale).astype(np.float32)

    def linear(self, inputs, outputs, bias=True):
        return Module(NN + "linear.Linear", in_features=inputs, out_features=outputs, parameters={
            "weight": self.values(outputs, inputs), "bias": self.values(outputs, scale=0.1) if bias else None})

    def conv(self, inputs, outputs, kernel, groups=1, stride=1, padding=None):
        p = (kernel - 1) // 2 if padding is None else padding
        return Module(
            NN + "conv.Conv2d", in_channels=inputs, out_channels=outputs, kernel_size=(kernel, kernel),
            stride=(stride, stride), padding=(p, p), dilation=(1, 1), groups=groups, padding_mode="zeros", parameters={
                "weight": self.values(outputs, inputs // groups, kernel, kernel), "bias": self.values(outputs, scale=0.1)})

    def norm(self, width):
        return Module(NN + "normalization.LayerNorm", normalized_shape=(width,), eps=1e-6, elementwise_affine=True,
                      parameters={"weight": 1 + self.values(width, scale=0.1), "bias": self.values(width, scale=0.1)})

    def batch_norm(self, width):
        return Module(
            NN + "batchnorm.BatchNorm2d", num_features=width, eps=1e-5, momentum=0.1, affine=True,
            track_running_stats=True,
            parameters={"weight": 1 + self.values(width, scale=0.1), "bias": self.values(width, scale=0.1)},
            buffers={"running_mean": self.values(width, scale=0.1),
                     "running_var": self.rng.uniform(0.05, 1, width).astype(np.float32),
                     "num_batches_tracked": np.array(7, np.int64)})

    def sequence(self, *parts):
        return Module(NN + "container.Sequential", {str(i): part for i, part in enumerate(parts)})

    def activation(self, name, **attributes):
        return Module(f"{NN}activation.{name}", **attributes)

    def stack(self, *widths):
        parts = []
        for inputs, outputs in zip(widths, widths[1:]):
            parts += [self.linear(inputs, outputs), self.activation("ReLU", inplace=False)]
        return self.sequence(*parts[:-1])

    def block(self):
        w, hidden = self.width, 2 * self.width
        attn = Module("net.Attention", {
            "qkv": self.linear(w, 3 * w, bias=not self.is_cell), "attn_drop": self.drop(), "proj": self.linear(w, w),
            "proj_drop": self.drop()}, num_heads=self.heads, scale=(w // self.heads) ** -0.5)
        if self.is_cell:
            attn.parameters.update(q_bias=self.values(w, scale=0.1), v_bias=self.values(w, scale=0.1))
        parts = {"norm1": self.norm(w), "attn": attn, "drop_path": Module(NN + "linear.Identity"), "norm2": self.norm(w)}
        if self.is_cell:
            parts["PCM"] = self.sequence(
                self.conv(w, hidden, self.kernel, self.groups), self.batch_norm(hidden), self.activation("SiLU"),
                self.conv(hidden, w, self.kernel, self.groups))
        parts["mlp"] = Module("net.Mlp", {
            "fc1": self.linear(w, hidden), "act": self.activation("GELU", approximate="none"),
            "fc2": self.linear(hidden, w), "drop": self.drop()})
        return Module("net.Block", parts)

    def drop(self):
        return Module(NN + "dropout.Dropout", p=0.1, inplace=False)

    def conv_block(self, inputs, outputs, kernel):
        return Module("net.ConvBlock", {"conv": self.conv(inputs, outputs, kernel), "bn": self.batch_norm(outputs)})

    def inception(self, inputs, last):
        def tower(kernel):
            return self.sequence(self.conv_block(inputs, 5, 1), self.conv_block(5, 4, kernel))

        pool = Module(NN + "pooling.MaxPool2d", kernel_size=3, stride=1, padding=1, dilation=1, return_indices=False,
                      ceil_mode=False)
        return Module("net.Inception", {
            "branch1": self.conv_block(inputs, 4, 1), "branch2": tower(3), "branch3": tower(5),
            "branch4": self.sequence(pool, self.conv_block(inputs, 4, 1))}, last=last)

    def average(self):
        return Module(NN + "pooling.AvgPool2d", kernel_size=2, stride=2, padding=0, ceil_mode=False,
                      count_include_pad=True, divisor_override=None)

    def network(self):
        w, side = self.width, self.size // 8
        first = self.conv(self.bands, 6, 1)
        vision = self.sequence(
            first, self.average(), self.inception(6, False), self.inception(16, False), self.average(),
            self.inception(16, False), self.inception(16, False), self.average(), self.inception(16, True),
            Module(NN + "flatten.Flatten", start_dim=1, end_dim=-1), self.linear(12 * side * side, 10),
            self.activation("ReLU"), self.linear(10, 9))
        patches = (self.size // self.patch) ** 2
        return Module("net.Net", {
            "patch_embed": Module("net.PatchEmbed", {
                "proj": self.conv(self.bands, w, self.patch, stride=self.patch, padding=0),
                "norm": Module(NN + "linear.Identity")}),
            "blocks": Module(NN + "container.ModuleList", {str(i): self.block() for i in range(self.depth)}),
            "fc_norm": self.norm(w), "head": self.linear(w, 12), "vit_block": self.stack(12, 11, 10),
            "inception_model": Module("net.Mixed", {
                "conv2d_init": first, "vis_inception": vision,
                "magnitude_block": self.stack(self.bands, 8, 7, 8, 7, 6)}),
            "concat_block": self.stack(25, 14, 1),
        }, parameters={"cls_token": self.values(1, 1, w), "pos_embed": self.values(1, patches + 1, w, scale=0.5)})
