"""AstroMAE's redshift network in PyTorch, in the structure of Sources/AstroMAE.

Module names follow the state dict, so that a checkpoint's own names load it strictly. Widths come from the tensors (the
branches of an Inception block are as wide as its first); the number of heads is given. Shapes: B galaxies, T = 17
tokens (cls and 16 patches), D = 192 features.
"""

import torch
from torch import nn

LAYER_NORM_EPS = 1e-6


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(dim))
        self.v_bias = nn.Parameter(torch.zeros(dim))
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        B, T, D = x.shape
        bias = torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))  # keys have none
        qkv = nn.functional.linear(x, self.qkv.weight, bias).reshape(B, T, 3, self.heads, D // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # each (B, heads, T, D / heads)
        y = nn.functional.scaled_dot_product_attention(q, k, v)  # scales by (D / heads)^-0.5
        return self.proj(y.transpose(1, 2).reshape(B, T, D))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.act, self.fc2 = nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class NormalCell(nn.Module):
    """ViTAE's block: attention and MLP, and a convolution of the patch tokens (PCM) beside the attention."""

    def __init__(self, dim, heads, hidden, pcm_hidden, groups, kernel):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, LAYER_NORM_EPS), nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.attn, self.mlp = Attention(dim, heads), Mlp(dim, hidden)
        self.PCM = nn.Sequential(
            nn.Conv2d(dim, pcm_hidden, kernel, padding=kernel // 2, groups=groups),
            nn.BatchNorm2d(pcm_hidden),
            nn.SiLU(),
            nn.Conv2d(pcm_hidden, dim, kernel, padding=kernel // 2, groups=groups),
        )

    def forward(self, x):  # (B, T, D) -> (B, T, D)
        B, T, D = x.shape
        side = int((T - 1) ** 0.5)
        patches = x[:, 1:].transpose(1, 2).reshape(B, D, side, side)
        convolved = self.PCM(patches).flatten(2).transpose(1, 2)  # of the block's input, before norm1
        x = x + self.attn(self.norm1(x))
        x = torch.cat((x[:, :1], x[:, 1:] + convolved), dim=1)
        return x + self.mlp(self.norm2(x))


class ConvBlock(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class InceptionBlock(nn.Module):
    """Up to four parallel branches; the last block of the network has no 5x5 one."""

    def __init__(self, inputs, width, middle, with5x5=True):
        super().__init__()
        self.branch1 = ConvBlock(inputs, width, 1)
        self.branch2 = nn.Sequential(ConvBlock(inputs, middle[0], 1), ConvBlock(middle[0], width, 3))
        if with5x5:
            self.branch3 = nn.Sequential(ConvBlock(inputs, middle[1], 1), ConvBlock(middle[1], width, 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), ConvBlock(inputs, width, 1))
        self.with5x5 = with5x5

    def forward(self, x):
        third = [self.branch3(x)] if self.with5x5 else []
        return torch.cat([self.branch1(x), self.branch2(x), *third, self.branch4(x)], dim=1)


class InceptionAndMagnitudes(nn.Module):
    def __init__(self, shape):
        super().__init__()

        def block(index, with5x5=True):
            name = f"inception_model.vis_inception.{index}"
            width, inputs = shape(f"{name}.branch1.conv.weight")[:2]
            middle = [shape(f"{name}.branch{b}.0.conv.weight")[0] if with5x5 or b == 2 else 0 for b in (2, 3)]
            return InceptionBlock(inputs, width, middle, with5x5)

        def linear(name):
            outputs, inputs = shape(f"inception_model.{name}.weight")
            return nn.Linear(inputs, outputs)

        channels, bands = shape("inception_model.vis_inception.0.weight")[:2]
        self.vis_inception = nn.Sequential(
            nn.Conv2d(bands, channels, 1), nn.AvgPool2d(2), block(2), block(3), nn.AvgPool2d(2), block(5), block(6),
            nn.AvgPool2d(2), block(8, with5x5=False), nn.Flatten(), linear("vis_inception.10"), nn.ReLU(),
            linear("vis_inception.12"),
        )  # fmt: skip
        layers = [linear("magnitude_block.0")]
        for index in (2, 4, 6, 8):
            layers += [nn.ReLU(), linear(f"magnitude_block.{index}")]
        self.magnitude_block = nn.Sequential(*layers)

    def forward(self, images, magnitudes):
        return torch.cat((self.vis_inception(images), self.magnitude_block(magnitudes)), dim=1)


class PatchEmbed(nn.Module):
    def __init__(self, bands, dim, patch):
        super().__init__()
        self.proj = nn.Conv2d(bands, dim, patch, stride=patch)

    def forward(self, images):  # (B, 5, 32, 32) -> (B, 16, D), patches in row-major order
        return self.proj(images).flatten(2).transpose(1, 2)


class AstroMAE(nn.Module):
    def __init__(self, shapes, heads):
        """shapes: state-dict name -> shape. heads: of every attention."""
        super().__init__()
        shape = shapes.__getitem__
        dim, bands, patch = shape("patch_embed.proj.weight")[:3]
        self.patch_embed = PatchEmbed(bands, dim, patch)
        self.cls_token = nn.Parameter(torch.zeros(shape("cls_token")))
        self.pos_embed = nn.Parameter(torch.zeros(shape("pos_embed")))
        depth = 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith("blocks."))
        self.blocks = nn.ModuleList()
        for index in range(depth):
            hidden = shape(f"blocks.{index}.mlp.fc1.weight")[0]
            pcm_hidden, per_group, kernel = shape(f"blocks.{index}.PCM.0.weight")[:3]
            self.blocks.append(NormalCell(dim, heads, hidden, pcm_hidden, dim // per_group, kernel))
        self.fc_norm = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.head = nn.Linear(dim, shape("head.weight")[0])
        wide = shape("vit_block.0.weight")
        last = shape("vit_block.2.weight")
        self.vit_block = nn.Sequential(nn.Linear(wide[1], wide[0]), nn.ReLU(), nn.Linear(last[1], last[0]))
        self.inception_model = InceptionAndMagnitudes(shape)
        joined = shape("concat_block.0.weight")
        self.concat_block = nn.Sequential(nn.Linear(joined[1], joined[0]), nn.ReLU(), nn.Linear(joined[0], 1))

    def forward(self, images, magnitudes):  # (B, 5, 32, 32), (B, 5) -> (B)
        x = self.patch_embed(images)
        x = torch.cat((self.cls_token.expand(len(x), -1, -1), x), dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        vit = self.vit_block(self.head(self.fc_norm(x[:, 1:].mean(dim=1))))
        return self.concat_block(torch.cat((vit, self.inception_model(images, magnitudes)), dim=1)).squeeze(1)


def build(tensors, heads):
    """The network of a state dict in float32, as inputs.py gives it, ready to predict.

    Its encoder blocks are NormalCells. Raises RuntimeError when names or shapes differ from the network's.
    """
    return loaded(AstroMAE({name: tuple(tensor.shape) for name, tensor in tensors.items()}, heads), tensors)


def loaded(model, tensors):
    """The model with all of the tensors and no others. Raises RuntimeError when names or shapes differ from its own."""
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise RuntimeError(f"not a {type(model).__name__} state dict: missing {missing}, unexpected {unexpected}")
    return model.eval()
