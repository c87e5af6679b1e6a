"""AstroMAE's redshift network as an ONNX graph, in the structure of astromae_torch.py.

It has the operators that an exporter gives engines to fuse: LayerNormalization, Gelu, BatchNormalization after its
convolution, attention as batched matrix products of one joined q, k, v. Nothing is merged that the network has apart.
Shapes: B galaxies, T = 17 tokens (cls and 16 patches), D = 192 features.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from inputs import Arrays
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 20, 10  # 20 is the first with Gelu
LAYER_NORM_EPS, BATCH_NORM_EPS = 1e-6, 1e-5


class Graph:
    """Nodes and initializers in order. Tensors are identified by name; `op` names its result."""

    def __init__(self, weights: Arrays) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, np.ndarray] = {}

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> str | list[str]:
        node = f"{kind}.{len(self.nodes)}"
        names = [f"{node}.{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, node, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, values: np.ndarray) -> str:
        name = f"constant.{len(self.initializers)}"
        self.initializers[name] = values
        return name

    def integers(self, *values: int) -> str:
        return self.constant(np.array(values, np.int64))

    def weight(self, name: str) -> str:
        self.initializers[name] = self.weights[name]
        return name

    def reshape(self, x: str, *shape: int) -> str:
        return self.op("Reshape", x, self.integers(*shape))

    def slice(self, x: str, start: int, stop: int, axis: int) -> str:
        return self.op("Slice", x, self.integers(start), self.integers(stop), self.integers(axis))

    def linear(self, x: str, name: str) -> str:  # (B, K) -> (B, N)
        return self.op("Gemm", x, self.weight(f"{name}.weight"), self.weight(f"{name}.bias"), transB=1)

    def linear_of_tokens(self, x: str, matrix: np.ndarray, bias: np.ndarray) -> str:  # (B, T, K) -> (B, T, N)
        product = self.op("MatMul", x, self.constant(np.ascontiguousarray(matrix.T)))
        return self.op("Add", product, self.constant(bias))

    def layer_norm(self, x: str, name: str) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=LAYER_NORM_EPS)

    def batch_norm(self, x: str, name: str) -> str:
        names = [self.weight(f"{name}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.op("BatchNormalization", x, *names, epsilon=BATCH_NORM_EPS)

    def conv(self, x: str, name: str, stride: int = 1, padding: int = 0, groups: int = 1) -> str:
        matrix, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.op("Conv", x, matrix, bias, strides=[stride] * 2, pads=[padding] * 4, group=groups)


class Encoder:
    """patch_embed, cls_token, pos_embed and the NormalCells, for batches of B galaxies."""

    def __init__(self, graph: Graph, batch: int, heads: int) -> None:
        self.graph, self.batch, self.heads = graph, batch, heads
        _, self.tokens, self.dim = graph.weights["pos_embed"].shape
        self.side = round((self.tokens - 1) ** 0.5)
        self.depth = 1 + max(int(name.split(".")[1]) for name in graph.weights if name.startswith("blocks."))

    def forward(self, images: str) -> str:  # (B, 5, 32, 32) -> (B, T, D)
        g, weights = self.graph, self.graph.weights
        patch = weights["patch_embed.proj.weight"].shape[-1]
        patches = self.to_tokens(g.conv(images, "patch_embed.proj", stride=patch))
        patches = g.op("Add", patches, g.constant(weights["pos_embed"][:, 1:]))
        cls = np.repeat(weights["cls_token"] + weights["pos_embed"][:, :1], self.batch, axis=0)
        x = g.op("Concat", g.constant(cls), patches, axis=1)
        for index in range(self.depth):
            x = self.normal_cell(x, f"blocks.{index}")
        return x

    def normal_cell(self, x: str, name: str) -> str:
        g = self.graph
        convolved = self.pcm(self.patches_of(x), f"{name}.PCM")  # of the block's input, before norm1
        x = g.op("Add", x, self.attention(g.layer_norm(x, f"{name}.norm1"), f"{name}.attn"))
        patches = g.op("Add", self.patches_of(x), convolved)
        x = g.op("Concat", g.slice(x, 0, 1, axis=1), patches, axis=1)
        return g.op("Add", x, self.mlp(g.layer_norm(x, f"{name}.norm2"), f"{name}.mlp"))

    def pcm(self, patches: str, name: str) -> str:  # (B, T - 1, D) -> (B, T - 1, D)
        g = self.graph
        _, per_group, kernel, _ = g.weights[f"{name}.0.weight"].shape
        options = {"padding": kernel // 2, "groups": self.dim // per_group}
        x = g.reshape(g.op("Transpose", patches, perm=[0, 2, 1]), self.batch, self.dim, self.side, self.side)
        x = g.batch_norm(g.conv(x, f"{name}.0", **options), f"{name}.1")
        x = g.op("Mul", x, g.op("Sigmoid", x))
        return self.to_tokens(g.conv(x, f"{name}.3", **options))

    def attention(self, x: str, name: str) -> str:  # (B, T, D) -> (B, T, D)
        g, head = self.graph, self.dim // self.heads
        q_bias, v_bias = g.weights[f"{name}.q_bias"], g.weights[f"{name}.v_bias"]
        bias = np.concatenate([q_bias, np.zeros_like(q_bias), v_bias])  # keys have none
        qkv = g.linear_of_tokens(x, g.weights[f"{name}.qkv.weight"], bias)
        qkv = g.reshape(qkv, self.batch, self.tokens, 3, self.heads, head)
        qkv = g.op("Transpose", qkv, perm=[2, 0, 3, 1, 4])
        q, k, v = (g.op("Gather", qkv, g.constant(np.array(index, np.int64)), axis=0) for index in range(3))
        scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = g.op("Mul", scores, g.constant(np.array(head**-0.5, np.float32)))
        y = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)  # (B, heads, T, head)
        y = g.reshape(g.op("Transpose", y, perm=[0, 2, 1, 3]), self.batch, self.tokens, self.dim)
        return g.linear_of_tokens(y, g.weights[f"{name}.proj.weight"], g.weights[f"{name}.proj.bias"])

    def mlp(self, x: str, name: str) -> str:
        g = self.graph
        x = g.linear_of_tokens(x, g.weights[f"{name}.fc1.weight"], g.weights[f"{name}.fc1.bias"])
        x = g.op("Gelu", x)
        return g.linear_of_tokens(x, g.weights[f"{name}.fc2.weight"], g.weights[f"{name}.fc2.bias"])

    def patches_of(self, x: str) -> str:
        return self.graph.slice(x, 1, self.tokens, axis=1)

    def to_tokens(self, feature_map: str) -> str:  # (B, D, side, side) -> (B, T - 1, D)
        flat = self.graph.reshape(feature_map, self.batch, self.dim, self.tokens - 1)
        return self.graph.op("Transpose", flat, perm=[0, 2, 1])


def vit_branch(g: Graph, images: str, batch: int, heads: int) -> str:  # (B, 5, 32, 32) -> (B, 1096)
    encoder = Encoder(g, batch, heads)
    patches = encoder.patches_of(encoder.forward(images))
    x = g.layer_norm(g.op("ReduceMean", patches, g.integers(1), keepdims=0), "fc_norm")
    return linears(g, g.linear(x, "head"), ["vit_block.0", "vit_block.2"])


def inception_branch(g: Graph, images: str) -> str:  # (B, 5, 32, 32) -> (B, 1096)
    def conv_block(x: str, name: str) -> str:
        padding = g.weights[f"{name}.conv.weight"].shape[-1] // 2
        return g.op("Relu", g.batch_norm(g.conv(x, f"{name}.conv", padding=padding), f"{name}.bn"))

    def block(x: str, index: int, with5x5: bool = True) -> str:
        name = f"inception_model.vis_inception.{index}"
        branches = [conv_block(x, f"{name}.branch1")]
        for branch in ("branch2", "branch3") if with5x5 else ("branch2",):
            branches.append(conv_block(conv_block(x, f"{name}.{branch}.0"), f"{name}.{branch}.1"))
        pooled = g.op("MaxPool", x, kernel_shape=[3, 3], pads=[1] * 4)
        branches.append(conv_block(pooled, f"{name}.branch4.1"))
        return g.op("Concat", *branches, axis=1)

    def pool(x: str) -> str:
        return g.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])

    x = pool(g.conv(images, "inception_model.vis_inception.0"))
    x = pool(block(block(x, 2), 3))
    x = pool(block(block(x, 5), 6))
    x = g.op("Flatten", block(x, 8, with5x5=False))
    return linears(g, x, [f"inception_model.vis_inception.{index}" for index in (10, 12)])


def linears(g: Graph, x: str, names: Sequence[str]) -> str:
    """Linear layers with a ReLU between each and the next."""
    x = g.linear(x, names[0])
    for name in names[1:]:
        x = g.linear(g.op("Relu", x), name)
    return x


def build(weights: Arrays, heads: int, batch: int) -> onnx.ModelProto:
    """The network of a state dict, for batches of exactly `batch` galaxies.

    Inputs `images` (B, 5, 32, 32) and `magnitudes` (B, 5), output `redshifts` (B), all float32. Its encoder blocks are
    NormalCells. Raises KeyError where a tensor is missing.
    """
    g = Graph(weights)
    vit, inception = vit_branch(g, "images", batch, heads), inception_branch(g, "images")
    magnitude = linears(g, "magnitudes", [f"inception_model.magnitude_block.{index}" for index in (0, 2, 4, 6, 8)])
    fused = linears(g, g.op("Concat", vit, inception, magnitude, axis=1), ["concat_block.0", "concat_block.2"])
    g.nodes.append(helper.make_node("Squeeze", [fused, g.integers(1)], ["redshifts"], "redshifts"))

    _, bands, patch, _ = weights["patch_embed.proj.weight"].shape
    pixels = patch * round((weights["pos_embed"].shape[1] - 1) ** 0.5)
    shapes = {"images": [batch, bands, pixels, pixels], "magnitudes": [batch, bands], "redshifts": [batch]}
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    initializers = [numpy_helper.from_array(array, name) for name, array in g.initializers.items()]
    graph = helper.make_graph(g.nodes, "AstroMAE", values[:2], values[2:], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model
