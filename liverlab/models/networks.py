"""The networks of Frid-Adar et al. 2018 (arXiv:1803.01229). No training, no Lightning."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils import spectral_norm  # that of parametrizations cannot be sent to ddp_spawn's processes


class LesionCNN(nn.Sequential):
    """Classifier, sec. 2: pairs of 3x3 convolution and 2x2 max-pool, then two dense layers; 1,273,347 parameters.

    Pooling comes before ReLU: the same function (both are monotone) for a quarter of the comparisons.
    Input (N, 1, size, size), output logits (N, num_classes).

    Args:
        num_classes: Number of classes.
        size: Pixels per side of the input.
        channels: Filters of each convolution (valid padding).
        hidden: Width of the dense layer.
        dropout: Dropout after it.
    """

    def __init__(self, *, num_classes: int, size: int, channels: Sequence[int], hidden: int, dropout: float) -> None:
        layers: list[nn.Module] = []
        side, width = size, 1
        for filters in channels:
            layers += [nn.Conv2d(width, filters, 3), nn.MaxPool2d(2), nn.ReLU()]
            side, width = (side - 2) // 2, filters
        dense = [nn.Flatten(), nn.Linear(width * side * side, hidden), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(*layers, *dense, nn.Linear(hidden, num_classes))
        self.apply(_glorot)


class Generator(nn.Module):
    """DCGAN generator, sec. 3.3: dense to 4 x 4, then 5x5 fractionally-strided convolutions to one tanh channel.

    Batch norm and ReLU follow all but the output layer. Input (N, input_dim), output (N, 1, size, size) in [-1, 1].

    Args:
        input_dim: Length of the noise vector, with the class embedding where there is one.
        channels: Channels at 4 x 4, halved by every layer.
        size: Pixels per side of the output, 4 times a power of 2.
    """

    def __init__(self, *, input_dim: int, channels: int, size: int) -> None:
        super().__init__()
        self.project = nn.Linear(input_dim, channels * 4 * 4, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
        side, width = 4, channels
        while 2 * side < size:
            layers += [_upsample(width, width // 2, bias=False), nn.BatchNorm2d(width // 2), nn.ReLU(inplace=True)]
            side, width = 2 * side, width // 2
        self.body = nn.Sequential(*layers, _upsample(width, 1, bias=True), nn.Tanh())
        self.apply(_normal)

    def forward(self, code: Tensor) -> Tensor:
        """Images of shape (N, 1, size, size) from codes of shape (N, input_dim)."""
        images: Tensor = self.body(self.project(code).unflatten(1, (-1, 4, 4)))
        return images


class ConditionalGenerator(nn.Module):
    """The generator with a learned class embedding beside the noise: Frid-Adar et al. 2018, sec. 3.4.

    Args:
        num_classes: Number of classes.
        latent_dim: Length of the noise vector.
        embedding_dim: Length of the class embedding.
        channels: Channels at 4 x 4.
        size: Pixels per side of the output.
    """

    def __init__(self, *, num_classes: int, latent_dim: int, embedding_dim: int, channels: int, size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, embedding_dim)
        self.image = Generator(input_dim=latent_dim + embedding_dim, channels=channels, size=size)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        """Images of shape (N, 1, size, size) in [-1, 1] from noise (N, latent_dim) and class indices (N,)."""
        images: Tensor = self.image(torch.cat([noise, self.embedding(labels)], dim=1))
        return images


class DCGANDiscriminator(nn.Module):
    """Sec. 3.3: four 5x5 stride-2 convolutions, leaky ReLU 0.2, batch norm on all but the first, then dense.

    Input (N, 1, size, size); output logits (N, outputs).

    Args:
        channels: Filters of the first layer, doubled by every layer.
        size: Pixels per side of the input.
        outputs: 1 for the source logit, 1 + classes with an auxiliary head.
    """

    def __init__(self, *, channels: int, size: int, outputs: int) -> None:
        super().__init__()
        widths = [1] + [channels * 2**i for i in range(4)]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(before, after, 5, stride=2, padding=2, bias=i == 0))
            layers += ([nn.BatchNorm2d(after)] if i else []) + [nn.LeakyReLU(0.2, inplace=True)]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * (size // 16) ** 2, outputs))
        self.apply(_normal)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (N, outputs)."""
        logits: Tensor = self.body(images)
        return logits


class OdenaDiscriminator(nn.Module):
    """Odena et al. 2017 (arXiv:1610.09585), table 2: six 3x3 convolutions, stride 2 in every odd layer, dropout.

    Leaky ReLU 0.2 and dropout 0.5 in every layer but the dense last one, batch norm on all but the first.
    Input (N, 1, size, size); output logits (N, outputs): source first, then the classes.

    Args:
        channels: Filters of the first layer, doubled by every layer (published: 16 to 512).
        size: Pixels per side of the input.
        outputs: 1 + number of classes.
    """

    def __init__(self, *, channels: int, size: int, outputs: int) -> None:
        super().__init__()
        widths = [1] + [channels * 2**i for i in range(6)]
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(pairwise(widths)):
            layers.append(nn.Conv2d(before, after, 3, stride=2 if i % 2 == 0 else 1, padding=1, bias=i == 0))
            layers += ([nn.BatchNorm2d(after)] if i else []) + [nn.LeakyReLU(0.2, inplace=True), HalfDropout()]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(widths[-1] * (size // 8) ** 2, outputs))
        self.apply(_normal)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (N, outputs)."""
        logits: Tensor = self.body(images)
        return logits


class HalfDropout(nn.Dropout):
    """Dropout with p = 0.5. On a CPU one random word serves 64 activations.

    PyTorch draws one number per activation, which took 43 % of an ACGAN step on two cores (measured).
    """

    def __init__(self) -> None:
        super().__init__(0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Zero half of the activations at random and double the others."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        words = torch.empty(-(-x.numel() // 64), 1, dtype=torch.int64).random_(-(2**63), None)
        bits = (words >> torch.arange(64)) & 1
        return x * bits.flatten()[: x.numel()].view(x.shape).to(x.dtype).mul_(2.0)


def spectrally_normalised(network: nn.Module) -> nn.Module:
    """The network with every weight divided by its largest singular value: Miyato et al. 2018 (arXiv:1802.05957).

    Instead of batch norm, as there: it would undo the division. Its shift becomes the bias of the layer before.
    """
    for module in list(network.modules()):
        for name, layer in module.named_children():
            if isinstance(layer, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
            elif isinstance(layer, nn.Conv2d | nn.Linear):
                layer.bias = layer.bias if layer.bias is not None else nn.Parameter(torch.zeros(len(layer.weight)))
                spectral_norm(layer)
    return network


def _upsample(channels_in: int, channels_out: int, *, bias: bool) -> nn.Module:
    return nn.ConvTranspose2d(channels_in, channels_out, 5, stride=2, padding=2, output_padding=1, bias=bias)


def _glorot(module: nn.Module) -> None:
    """Keras' default, which the authors used: Glorot uniform weights, zero bias."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        assert module.bias is not None
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def _normal(module: nn.Module) -> None:
    """Weights N(0, 0.02): Radford et al. 2016, sec. 4; batch norm's scale N(1, 0.02) as in their code."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
