"""AstroMAE's masked autoencoder in PyTorch, by the names of the state dict, on the modules of astromae_torch.py.

Shapes: B galaxies, P = 16 patches of which V stay visible, D = 192 features.
"""

import torch
from astromae_torch import LAYER_NORM_EPS, Mlp, NormalCell, PatchEmbed, loaded
from torch import nn


class DecoderAttention(nn.Module):
    """timm's: one bias for queries, keys and values."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(x).reshape(B, T, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.proj(y.transpose(1, 2).reshape(B, T, D))


class DecoderBlock(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, LAYER_NORM_EPS), nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.attn, self.mlp = DecoderAttention(dim, heads), Mlp(dim, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class MaskedAutoencoder(nn.Module):
    def __init__(self, shapes, heads):
        super().__init__()
        shape = shapes.__getitem__

        def depth(blocks):
            return 1 + max(int(name.split(".")[1]) for name in shapes if name.startswith(blocks + "."))

        dim, bands, self.patch = shape("patch_embed.proj.weight")[:3]
        self.patch_embed = PatchEmbed(bands, dim, self.patch)
        for name in ("cls_token", "pos_embed", "mask_token", "decoder_pos_embed"):
            setattr(self, name, nn.Parameter(torch.zeros(shape(name))))
        self.blocks = nn.ModuleList()
        for index in range(depth("blocks")):
            hidden = shape(f"blocks.{index}.mlp.fc1.weight")[0]
            pcm_hidden, per_group, kernel = shape(f"blocks.{index}.PCM.0.weight")[:3]
            self.blocks.append(NormalCell(dim, heads, hidden, pcm_hidden, dim // per_group, kernel))
        self.norm = nn.LayerNorm(dim, LAYER_NORM_EPS)
        width = shape("decoder_embed.weight")[0]
        self.decoder_embed = nn.Linear(dim, width)
        self.decoder_blocks = nn.ModuleList(
            DecoderBlock(width, max(1, width // 64), shape(f"decoder_blocks.{index}.mlp.fc1.weight")[0])
            for index in range(depth("decoder_blocks"))
        )
        self.decoder_norm = nn.LayerNorm(width, LAYER_NORM_EPS)
        self.decoder_pred = nn.Linear(width, shape("decoder_pred.weight")[0])

    def forward(self, images, noise, visible):
        """(B, 5, 32, 32), (B, P) -> predictions (B, P, 320), mask (B, P), losses (B)"""
        B, P = noise.shape
        order = torch.argsort(noise, dim=1, stable=True)
        restore = torch.argsort(order, dim=1)
        x = self.patch_embed(images) + self.pos_embed[:, 1:]
        x = torch.gather(x, 1, order[:, :visible, None].expand(-1, -1, x.shape[2]))
        x = torch.cat(((self.cls_token + self.pos_embed[:, :1]).expand(B, -1, -1), x), dim=1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))
        patches = torch.cat((x[:, 1:], self.mask_token.expand(B, P - visible, -1)), dim=1)
        patches = torch.gather(patches, 1, restore[:, :, None].expand(-1, -1, x.shape[2]))
        x = torch.cat((x[:, :1], patches), dim=1) + self.decoder_pos_embed
        for block in self.decoder_blocks:
            x = block(x)
        predictions = self.decoder_pred(self.decoder_norm(x))[:, 1:]
        mask = (restore >= visible).to(images.dtype)
        losses = (((predictions - self.patchify(images)) ** 2).mean(dim=2) * mask).sum(dim=1) / mask.sum(dim=1)
        return predictions, mask, losses

    def patchify(self, images):  # (B, 5, 32, 32) -> (B, P, 320): rows, columns, bands
        B, bands, size, _ = images.shape
        grid = size // self.patch
        x = images.reshape(B, bands, grid, self.patch, grid, self.patch)
        return x.permute(0, 2, 4, 3, 5, 1).reshape(B, grid * grid, -1)


def build(tensors, heads):
    """The network of a state dict in float32, as inputs.py gives it. Raises RuntimeError when names or shapes differ."""
    return loaded(MaskedAutoencoder({name: tuple(tensor.shape) for name, tensor in tensors.items()}, heads), tensors)
