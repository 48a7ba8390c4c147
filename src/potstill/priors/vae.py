"""The autoencoder of a latent diffusion model as a codec."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from potstill.diffusion.codec import Codec, PixelUnshuffle
from potstill.errors import InputError
from potstill.tensors import Grid, Images


@dataclass(frozen=True, eq=False)
class Autoencoder(Codec):
    """A variational autoencoder of diffusers, scaled as its own config says:

        latents = (mean of q(z | 2 images - 1) - shift_factor) · scaling_factor,

    or, where the config holds statistics, scaling_factor (z - latents_mean) / latents_std. The mean is
    taken, not a sample (arXiv 2304.07090 does so; the released PDS code samples), so encoding adds no
    noise. A VAE with `force_upcast` in its config overflows in float16, and is converted to float32 (SDXL).
    """

    vae: Any

    def __post_init__(self) -> None:
        """Convert a VAE that would overflow in float16 to float32.

        Raises:
            InputError: its scale is 0 or not finite, or its statistics do not fit its channels.
        """
        scale = self.vae.config.scaling_factor
        if isinstance(scale, bool) or not isinstance(scale, int | float) or not math.isfinite(scale) or not scale:
            raise InputError(f"scaling_factor = {scale!r} of the VAE must be a finite number other than 0: correct it")
        mean, std = (getattr(self.vae.config, name, None) for name in ("latents_mean", "latents_std"))
        count = self.vae.config.latent_channels
        if mean is not None and std is not None and (len(mean) != count or len(std) != count or not min(std) > 0):
            raise InputError(
                f"latents_mean and latents_std of the VAE must each have {count} numbers, for its channels, with std "
                "above 0: fetch it again"
            )
        if self.vae.dtype == torch.float16 and getattr(self.vae.config, "force_upcast", False):
            self.vae.to(torch.float32)

    @property
    def factor(self) -> int:  # type: ignore[override]
        """2 to the number of downsamplings."""
        return 2 ** (len(self.vae.config.block_out_channels) - 1)

    def encode(self, images: Images) -> Grid:
        """The scaled mean."""
        encoded = self.vae.encode(self._moved(2 * images - 1))
        z = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
        shift, scale = self._affine(z)
        return ((z - shift) * scale).to(images.device, images.dtype)

    def decode(self, latents: Grid) -> Images:
        """Decode the unscaled latents."""
        z = self._moved(latents)
        shift, scale = self._affine(z)
        decoded = self.vae.decode(z / scale + shift).sample.to(latents.device, latents.dtype)
        return ((decoded + 1) / 2).clamp(0, 1)

    def _moved(self, x: Grid) -> Grid:
        """Move to the device that the VAE computes on: an offloaded one waits on another."""
        hook, weight = getattr(self.vae, "_hf_hook", None), next(self.vae.parameters())
        return x.to(getattr(hook, "execution_device", None) or weight.device, weight.dtype)

    def _affine(self, z: Grid) -> tuple[Tensor | float, Tensor | float]:
        """The shift and the scale of latents = (z - shift) · scale."""
        config = self.vae.config
        scale = config.scaling_factor
        if getattr(config, "latents_mean", None) is None or getattr(config, "latents_std", None) is None:
            return getattr(config, "shift_factor", None) or 0.0, scale
        mean, std = (z.new_tensor(value).view(1, -1, 1, 1) for value in (config.latents_mean, config.latents_std))
        return mean, scale / std


def codec_of(vae: Any, channels: int) -> Codec:
    """The codec of a pipeline: its VAE, or blocks of pixels that fit the network's input channels.

    Raises:
        InputError: there is no VAE, and the channels are not 3 k².
    """
    if vae is not None:
        return Autoencoder(vae)
    factor = round((channels / 3) ** 0.5)
    if 3 * factor**2 != channels:
        raise InputError(
            f"a network with {channels} input channels and no VAE is not a model of RGB images: it needs 3 k² channels"
        )
    return PixelUnshuffle(factor)
