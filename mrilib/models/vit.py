"""The vision transformer for image reconstruction of Lin and Heckel, with its published state_dict keys."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mrilib.models.channels import margins
from mrilib.models.reconstructor import Fidelity, ImageReconstructor

DEVIATION = 0.02  # standard deviation of the initial weights
MLP_RATIO = 4


class PatchEmbed(nn.Module):
    """Embed each patch independently into `dim` numbers: (n, in_chans, y, x) → (n, dim, y / patch, x / patch)."""

    def __init__(self, in_chans: int, dim: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_chans, dim, patch, stride=patch)

    def forward(self, image: Tensor) -> Tensor:
        return self.proj(image)


class Attention(nn.Module):
    """Multi-head self-attention between patches, softmax(q kᵀ / √d) v: (n, patches, dim) → same shape."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def extra_repr(self) -> str:
        """Settings that affect the result but are not weights."""
        return f"heads={self.heads}"

    def forward(self, tokens: Tensor) -> Tensor:
        q, k, v = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two linear layers applied to each patch independently, four times as wide in between."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, MLP_RATIO * dim)
        self.fc2 = nn.Linear(MLP_RATIO * dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """Attention and MLP, each with normalised input and a residual connection."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), Attention(dim, heads)
        self.norm2, self.mlp = nn.LayerNorm(dim), Mlp(dim)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class Vit(nn.Module):
    """Image-to-image vision transformer: patches → tokens + position → `depth` blocks → patches.

    Args:
        in_chans, out_chans: channels of input and output.
        dim, depth, heads: token width, number of blocks, attention heads per block (ViT-S: 396, 4, 9).
        patch: side length of the square patches (Lin and Heckel: 10).
        image_size: size for which the position embedding is stored; it is resized bilinearly to the input image.

    Raises:
        ValueError: sizes are not positive, heads does not divide dim, or image_size is smaller than patch.

    Reference: Lin, Heckel, MIDL 2022; Dosovitskiy et al., ICLR 2021. 1 → 1 channel: 8,029,000 parameters.
    """

    def __init__(
        self,
        in_chans: int,
        out_chans: int,
        dim: int = 396,
        depth: int = 4,
        heads: int = 9,
        patch: int = 10,
        image_size: int = 320,
    ) -> None:
        super().__init__()
        if min(in_chans, out_chans, dim, depth, heads, patch) < 1 or dim % heads or image_size < patch:
            raise ValueError(
                "dim, depth, heads and patch must be positive, dim a multiple of heads and image_size at least "
                f"patch; got dim {dim}, depth {depth}, heads {heads}, patch {patch}, image_size {image_size}"
            )
        self.patch, self.out_chans = patch, out_chans
        self.patch_embed = PatchEmbed(in_chans, dim, patch)
        self.pos_embed = nn.Parameter(torch.empty(1, dim, image_size // patch, image_size // patch))
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, out_chans * patch**2)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.trunc_normal_(self.pos_embed, std=DEVIATION)
        for layer in self.blocks.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=DEVIATION)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, image: Tensor) -> Tensor:
        """Apply the transformer: (n, in_chans, y, x) → (n, out_chans, y, x); any size, zero-padded to whole patches."""
        border = margins(image, self.patch)
        tokens = self.patch_embed(F.pad(image, border))
        grid = tokens.shape[-2:]
        tokens = tokens + F.interpolate(self.pos_embed, size=grid, mode="bilinear", align_corners=False)
        tokens = tokens.flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        patches = self.head(self.norm(tokens)).transpose(1, 2)  # (n, out_chans · patch², patches)
        output = F.pixel_shuffle(patches.unflatten(-1, grid), self.patch)
        return F.pad(output, [-width for width in border])


class VitReconstructor(ImageReconstructor):
    """Vision transformer in place of paper A's U-Net (its App. G, which does not state the size).

    Args:
        dim, depth, heads, patch, image_size: see `Vit`; the default is paper B's ViT-S.
        residual, pinv_iterations, fidelity: see `ImageReconstructor`.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. G; Lin, Heckel, MIDL 2022.
    """

    def __init__(
        self,
        dim: int = 396,
        depth: int = 4,
        heads: int = 9,
        patch: int = 10,
        image_size: int = 320,
        residual: bool = False,
        pinv_iterations: int = 0,
        fidelity: Fidelity = "paper",
    ) -> None:
        super().__init__(residual, pinv_iterations, fidelity)
        self.vit = Vit(2, 2, dim, depth, heads, patch, image_size)

    def network(self, channels: Tensor) -> Tensor:
        return self.vit(channels)
