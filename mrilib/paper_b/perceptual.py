"""LPIPS and DISTS: distances between images in the features of networks trained on photographs.

Implemented from the papers; the weights are the authors' and are fetched with `mrilib data get perceptual`.

Paper B (App. G.3, Table 3) states neither the backbone of LPIPS nor how a magnitude image enters a network with three
colour channels. Here it is divided by the data range, clipped to [0, 1], repeated for the three channels, and not
resized. DISTS takes this image, LPIPS 2x − 1 in [−1, 1]; each then applies its own network's mean and standard
deviation per channel.

Reference: Zhang, Isola, Efros, Shechtman, Wang, CVPR 2018; Ding, Ma, Wang, Simoncelli, TPAMI 2022.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from mrilib.data.fetch import locate
from mrilib.data.perceptual_weights import WEIGHTS
from mrilib.metrics import check_pair, item_limits
from mrilib.models.build import WeightsError
from mrilib.store.records import note

Backbone = Literal["alex", "vgg"]
Pool = Callable[[Tensor], Tensor]
SMALLEST = {"alex": 31, "vgg": 16}  # pixels per side that leave one in the deepest features
VGG_BLOCKS = ((0, 1), (2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12))  # convolutions between two pooling layers
LPIPS_COLOURS = ((-0.030, -0.088, -0.188), (0.458, 0.448, 0.450))  # mean, standard deviation
IMAGENET_COLOURS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def available() -> bool:
    """Whether the weights have been fetched."""
    return locate("perceptual") is not None


def load(device: str | torch.device = "cpu") -> "Perceptual":
    """Load both metrics with their authors' weights.

    Raises:
        WeightsError: the weights have not been fetched; the message gives the command to run.
    """
    folder = locate("perceptual")
    if folder is None:
        raise WeightsError(
            "LPIPS and DISTS need the weights of their networks, which are missing; fetch them (64 MB, once) with: "
            "mrilib data get perceptual"
        )
    note(folder / WEIGHTS)
    return Perceptual(load_file(folder / WEIGHTS, device=str(device)))


class Perceptual:
    """Two perceptual distances; 0 for equal images, larger is worse.

    Args:
        weights: tensors named as in `data.perceptual_weights`, all on one device, on which images are compared.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.weights = dict(weights)

    @torch.no_grad()
    def lpips(self, target: Tensor, image: Tensor, data_range: float | Tensor, backbone: Backbone = "alex") -> Tensor:
        """LPIPS v0.1: Σ_layers mean_pixels Σ_channels w (n(target) − n(image))², n = features / their norm.

        Args:
            target, image: (batch, 1, y, x) real magnitudes.
            data_range: value that becomes white: a number, or one per item (batch,).
            backbone: "alex" is the default of the authors' package.

        Returns:
            (batch,) float32.

        Raises:
            ValueError: as `metrics.ssim`; images with fewer than 31 ("alex") or 16 ("vgg") pixels per side.
        """
        if backbone not in SMALLEST:
            raise ValueError(f"backbone must be 'alex' or 'vgg', got {backbone!r}")
        pair = (2 * x - 1 for x in self._in_colour(target, image, data_range, SMALLEST[backbone]))
        features = self._alex if backbone == "alex" else self._vgg
        taps = zip(*(features(_standardised(x, LPIPS_COLOURS)) for x in pair), strict=True)
        linear = [self.weights[f"{backbone}.linear.{layer}"] for layer in range(5)]
        layers = [_lpips_layer(a, b, weight) for (a, b), weight in zip(taps, linear, strict=True)]
        return torch.stack(layers).sum(0)

    @torch.no_grad()
    def dists(self, target: Tensor, image: Tensor, data_range: float | Tensor) -> Tensor:
        """DISTS: Σ_channels α (1 − texture) + β (1 − structure) over the image and five layers; Σ (α + β) = 1.

        Args:
            target, image, data_range: as in `lpips`.

        Returns:
            (batch,) float32.

        Raises:
            ValueError: as `metrics.ssim`; images with fewer than 16 pixels per side.
        """
        pair = self._in_colour(target, image, data_range, SMALLEST["vgg"])
        stages = zip(*([x, *self._vgg(_standardised(x, IMAGENET_COLOURS), _l2_pool)] for x in pair), strict=True)
        texture, structure = zip(*(texture_and_structure(*stage) for stage in stages), strict=True)
        alpha, beta = self.weights["dists.alpha"], self.weights["dists.beta"]
        distance = (1 - torch.cat(texture, 1)) @ alpha + (1 - torch.cat(structure, 1)) @ beta
        return distance / (alpha.sum() + beta.sum())

    @torch.no_grad()
    def embed(self, images: Tensor, data_range: float | Tensor) -> Tensor:
        """VGG16's last features averaged over pixels, (batch, 1, y, x) → (batch, 512); errors as in `dists`."""
        colour, _ = self._in_colour(images, images, data_range, SMALLEST["vgg"])
        return self._vgg(_standardised(colour, IMAGENET_COLOURS))[-1].mean((2, 3))

    def _in_colour(
        self, target: Tensor, image: Tensor, data_range: float | Tensor, smallest: int
    ) -> tuple[Tensor, Tensor]:
        """Both images as (batch, 3, y, x) float32 in [0, 1], on the weights' device."""
        check_pair(target, image, smallest, name="image")
        limits, device = item_limits(target, data_range), self.weights["dists.alpha"].device
        first, second = ((x / limits).clamp(0, 1).to(device, torch.float32) for x in (target, image))
        return first.expand(-1, 3, -1, -1), second.expand(-1, 3, -1, -1)

    def _convolved(self, network: Backbone, layer: int, x: Tensor, stride: int = 1, padding: int = 1) -> Tensor:
        weight, bias = (self.weights[f"{network}.{layer}.{kind}"] for kind in ("weight", "bias"))
        return F.relu(F.conv2d(x, weight, bias, stride, padding))

    def _alex(self, x: Tensor) -> list[Tensor]:
        """AlexNet's features after each of its five rectified convolutions."""
        taps = [self._convolved("alex", 0, x, stride=4, padding=2)]
        taps.append(self._convolved("alex", 1, F.max_pool2d(taps[-1], 3, 2), padding=2))
        taps.append(self._convolved("alex", 2, F.max_pool2d(taps[-1], 3, 2)))
        for layer in (3, 4):
            taps.append(self._convolved("alex", layer, taps[-1]))
        return taps

    def _vgg(self, x: Tensor, pool: Pool = lambda x: F.max_pool2d(x, 2)) -> list[Tensor]:
        """VGG16's features before each pooling and at the end: relu 1_2, 2_2, 3_3, 4_3 and 5_3."""
        taps: list[Tensor] = []
        for block in VGG_BLOCKS:
            x = pool(taps[-1]) if taps else x
            for layer in block:
                x = self._convolved("vgg", layer, x)
            taps.append(x)
        return taps


def texture_and_structure(first: Tensor, second: Tensor, constant: float = 1e-6) -> tuple[Tensor, Tensor]:
    """DISTS's texture and structure similarity of two feature maps (batch, channel, y, x), each (batch, channel).

    (2 μ₁ μ₂ + c) / (μ₁² + μ₂² + c) and (2 σ₁₂ + c) / (σ₁² + σ₂² + c), with moments over all pixels.
    """
    mean1, mean2 = (x.mean((2, 3), keepdim=True) for x in (first, second))
    d1, d2 = first - mean1, second - mean2
    covariance, variances = (d1 * d2).mean((2, 3)), (d1 * d1).mean((2, 3)) + (d2 * d2).mean((2, 3))
    texture = (2 * mean1 * mean2 + constant) / (mean1**2 + mean2**2 + constant)
    return texture.flatten(1), (2 * covariance + constant) / (variances + constant)


def _lpips_layer(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """One layer's weighted squared distance of unit-length features, (batch,)."""
    a, b = (x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) for x in (first, second))
    return torch.einsum("bcyx,c->byx", (a - b).square(), weight).mean((1, 2))


def _standardised(x: Tensor, colours: tuple[tuple[float, ...], tuple[float, ...]]) -> Tensor:
    mean, deviation = (x.new_tensor(values).view(1, 3, 1, 1) for values in colours)
    return (x - mean) / deviation


def _l2_pool(x: Tensor) -> Tensor:
    """Anti-aliased pooling of DISTS: √(g ∗ x²) at every second pixel, g the 3×3 Hann window with sum 1."""
    window = x.new_tensor((0.25, 0.5, 0.25))
    kernel = torch.outer(window, window).expand(x.shape[1], 1, 3, 3)
    return (F.conv2d(x.square(), kernel, stride=2, padding=1, groups=x.shape[1]) + 1e-12).sqrt()
