"""Ordinary architectures as people write them, small: what export is tried on beside our own models."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Residual(nn.Module):
    """Bottleneck blocks with a projected shortcut (He et al., 2016), rectified in place."""

    class Block(nn.Module):
        def __init__(self, inputs: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=2, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv3 = nn.Conv2d(width, 2 * width, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(2 * width)
            self.relu = nn.ReLU(inplace=True)
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 2 * width, 1, stride, bias=False), nn.BatchNorm2d(2 * width)
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            identity = self.downsample(x)
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.relu(self.bn2(self.conv2(out)))
            out = self.bn3(self.conv3(out))
            out += identity
            return self.relu(out)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 7, 2, 3, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        self.layer1 = self.Block(8, 8, 1)
        self.layer2 = self.Block(16, 16, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.layer2(self.layer1(self.stem(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Dense(nn.Module):
    """Layers that see all that came before, a list of features (Huang et al., 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(8 + 4 * i), nn.ReLU(), nn.Conv2d(8 + 4 * i, 4, 3, padding=1))
            for i in range(3)
        )
        self.transition = nn.Sequential(nn.BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 10, 1), nn.AvgPool2d(2))
        self.classifier = nn.Linear(10, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = [self.stem(x)]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        x = self.transition(torch.cat(features, 1))
        return self.classifier(F.adaptive_avg_pool2d(F.relu(x, inplace=True), 1).view(x.size(0), -1))


class InvertedResidual(nn.Module):
    """Narrow, wide and depthwise, narrow (Sandler et al., 2018), with a dropout before the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
        self.expand = nn.Sequential(nn.Conv2d(8, 24, 1, bias=False), nn.BatchNorm2d(24), nn.ReLU6())
        self.depthwise = nn.Sequential(
            nn.Conv2d(24, 24, 3, 1, 1, groups=24, bias=False), nn.BatchNorm2d(24), nn.Hardswish()
        )
        self.project = nn.Sequential(nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = x + self.project(self.depthwise(self.expand(x)))
        return self.classifier(x.mean([2, 3]))


class SqueezeExcite(nn.Module):
    """Channels weighed by what the whole image says of them (Hu et al., 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, 3, padding=1)
        self.squeeze = nn.Sequential(
            nn.Linear(16, 4), nn.ReLU(inplace=True), nn.Linear(4, 16), nn.Hardsigmoid()
        )
        self.fc = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.silu(self.conv(x))
        batch, channels, _, _ = x.size()
        weight = self.squeeze(x.mean((2, 3))).view(batch, channels, 1, 1)
        return self.fc((x * weight.expand_as(x)).amax((2, 3)))


class ConvNeXt(nn.Module):
    """Depthwise 7x7, normalised in the last axis, widened and scaled (Liu et al., 2022)."""

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
            self.norm = nn.LayerNorm(width, eps=1e-6)
            self.wide = nn.Linear(width, 4 * width)
            self.narrow = nn.Linear(4 * width, width)
            self.gamma = nn.Parameter(0.1 * torch.ones(width))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.depthwise(x).permute(0, 2, 3, 1)
            y = self.narrow(F.gelu(self.wide(self.norm(y)))) * self.gamma
            return x + y.permute(0, 3, 1, 2)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 4, stride=4)
        self.blocks = nn.Sequential(self.Block(12), self.Block(12))
        self.norm = nn.LayerNorm(12)
        self.head = nn.Linear(12, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.blocks(self.stem(x)).mean([-2, -1])))


class ImageTransformer(nn.Module):
    """Patches, a class token, positions, torch's own layers (Dosovitskiy et al., 2021), each with an exit."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 8, 8)
        self.token = nn.Parameter(torch.randn(1, 1, 16))
        self.positions = nn.Parameter(torch.randn(1, 17, 16))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.heads = nn.ModuleList(nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 10)) for _ in range(2))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        logits = []
        for layer, head in zip(self.layers, self.heads, strict=True):
            x = layer(x)
            logits.append(head(x[:, 0]))
        return logits


class TokenTransformer(nn.Module):
    """A decoder of tokens with rotated positions and the embedding as its last layer (Vaswani et al., 2017;
    Su et al., 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 16)
        self.norm1 = nn.RMSNorm(16)
        self.qkv = nn.Linear(16, 48, bias=False)
        self.out = nn.Linear(16, 16, bias=False)
        self.norm2 = nn.RMSNorm(16)
        self.gate = nn.Linear(16, 64, bias=False)
        self.down = nn.Linear(32, 16, bias=False)
        self.last = nn.Linear(16, 20, bias=False)
        self.last.weight = self.embedding.weight
        angles = torch.outer(torch.arange(12.0), 100.0 ** -torch.arange(0, 1, 0.5))
        self.register_buffer("cos", angles.cos().repeat(1, 2))
        self.register_buffer("sin", angles.sin().repeat(1, 2))

    def rotated(self, x: torch.Tensor) -> torch.Tensor:
        first, second = x.chunk(2, dim=-1)
        length = x.shape[-2]
        return x * self.cos[:length] + torch.cat((-second, first), dim=-1) * self.sin[:length]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embedding(tokens)
        batch, length, width = x.shape
        query, key, value = (
            part.view(batch, length, 4, width // 4).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        mixed = F.scaled_dot_product_attention(self.rotated(query), self.rotated(key), value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        value, gate = self.gate(self.norm2(x)).chunk(2, dim=-1)
        x = x + self.down(F.silu(gate) * value)
        return self.last(x[:, -1])


class MaskedAttention(nn.Module):
    """`nn.MultiheadAttention` as it comes, asked for its weights, which are used."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2)
        self.register_buffer("mask", torch.ones(6, 6).triu(1).bool())
        self.fc = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.transpose(0, 1)
        x, weights = self.attention(x, x, x, attn_mask=self.mask)
        return self.fc(x[-1]) + weights[:, -1, :5]


class AttentionWithBiases(nn.Module):
    """`nn.MultiheadAttention` that adds a key and a value of its own to those of each sample, and a zero."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True, add_bias_kv=True, add_zero_attn=True)
        self.fc = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.attention(x, x, x, need_weights=False)[0].mean(1))


class UNet(nn.Module):
    """Down, up and across (Ronneberger et al., 2015), with an exit at the bottom and one at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.ReLU(inplace=True))
        self.down2 = nn.Sequential(
            nn.Conv2d(8, 16, 3, padding=1), nn.InstanceNorm2d(16, affine=True), nn.LeakyReLU(0.2)
        )
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.merge = nn.Conv2d(16, 8, 3, padding=1, padding_mode="reflect")
        self.early = nn.Linear(16, 4)
        self.final = nn.Conv2d(8, 4, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        one = self.down1(x)
        two = self.down2(F.max_pool2d(one, 2))
        up = F.interpolate(self.up(two), size=one.shape[-2:], mode="bilinear", align_corners=False)
        merged = F.relu(self.merge(torch.cat([one, up], dim=1)))
        return self.early(two.mean((2, 3))), self.final(merged).mean((2, 3))


class Recurrent(nn.Module):
    """Words, a small LSTM of two layers, both ways, and a GRU upon it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(11, 6, padding_idx=0)
        self.lstm = nn.LSTM(6, 5, num_layers=2, batch_first=True, bidirectional=True, dropout=0.3)
        self.gru = nn.GRU(10, 4)
        self.fc = nn.Linear(4 + 5, 3)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        x, (hidden, _) = self.lstm(self.embedding(words))
        _, last = self.gru(x.transpose(0, 1))
        return self.fc(torch.cat([last[0], hidden[-1]], dim=1))


class TwoInputs(nn.Module):
    """An image and numbers beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Conv2d(1, 4, 3)
        self.both = nn.Linear(4 + 3, 2)

    def forward(self, image: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
        return self.both(torch.cat([self.image(image).relu().mean((2, 3)), numbers], dim=1))


def _image(size: int = 32) -> tuple[torch.Tensor, ...]:
    return (torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(0)),)


def _tokens(length: int, words: int) -> tuple[torch.Tensor, ...]:
    return (torch.randint(0, words, (4, length), generator=torch.Generator().manual_seed(0)),)


ARCHITECTURES: dict[str, tuple[type[nn.Module], tuple[torch.Tensor, ...]]] = {
    "residual": (Residual, _image()),
    "dense": (Dense, _image(16)),
    "inverted_residual": (InvertedResidual, _image()),
    "squeeze_excite": (SqueezeExcite, _image(16)),
    "convnext": (ConvNeXt, _image()),
    "image_transformer": (ImageTransformer, _image()),
    "token_transformer": (TokenTransformer, _tokens(12, 20)),
    "masked_attention": (
        MaskedAttention,
        (torch.randn(4, 6, 16, generator=torch.Generator().manual_seed(0)),),
    ),
    "attention_with_biases": (
        AttentionWithBiases,
        (torch.randn(4, 6, 16, generator=torch.Generator().manual_seed(0)),),
    ),
    "u_net": (UNet, _image(16)),
    "recurrent": (Recurrent, _tokens(7, 11)),
    "two_inputs": (TwoInputs, (torch.randn(2, 1, 8, 8), torch.randn(2, 3))),
}


def build(name: str) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """An architecture with weights of a fixed seed and statistics that are not 0 and 1, and its example."""
    architecture, example = ARCHITECTURES[name]
    torch.manual_seed(0)
    module = architecture()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    return module.eval(), example
