"""Codecs: autoencoders as diffusers has them, and none at all."""

import pytest
import torch
from diffusers import AutoencoderTiny
from torch import Generator

from potstill.priors.vae import Autoencoder
from tests import tiny


@pytest.mark.parametrize("name", ["sd", "sd3", "pixels", "ddpm"])
def test_codecs_take_images_to_latents_of_the_network_and_back(priors, name):
    prior = priors(name)
    images = torch.rand(2, 3, *prior.size, generator=Generator().manual_seed(0))
    with torch.no_grad():
        latents = prior.codec.encode(images)
        back = prior.codec.decode(latents)
    height, width = prior.size
    assert latents.shape == (2, prior.channels, height // prior.codec.factor, width // prior.codec.factor)
    assert back.min() >= 0
    assert back.max() <= 1
    if name in ("pixels", "ddpm"):
        assert torch.allclose(back, images, atol=1e-6)


def test_latents_are_scaled_as_the_config_of_the_vae_says():
    images, rng = torch.rand(1, 3, 8, 8, generator=Generator().manual_seed(0)), Generator().manual_seed(1)
    latents = torch.randn(1, 4, 4, 4, generator=rng)
    mean, std = [0.1, -0.2, 0.3, 0.4], [1.0, 2.0, 0.5, 1.5]
    column = {"mean": torch.tensor(mean)[:, None, None], "std": torch.tensor(std)[:, None, None]}
    cases = [
        ({"scaling_factor": 0.5}, lambda z: z * 0.5),
        ({"scaling_factor": 1.5305, "shift_factor": 0.0609}, lambda z: (z - 0.0609) * 1.5305),
        (
            {"scaling_factor": 0.5, "latents_mean": mean, "latents_std": std},
            lambda z: (z - column["mean"]) * 0.5 / column["std"],
        ),
    ]
    for config, affine in cases:
        vae = tiny.vae(**config)
        codec = Autoencoder(vae)
        with torch.no_grad():
            assert torch.allclose(codec.encode(images), affine(vae.encode(2 * images - 1).latent_dist.mean), atol=1e-6)
            decoded = (vae.decode(latents).sample + 1) / 2
            assert torch.allclose(codec.decode(affine(latents)), decoded.clamp(0, 1), atol=1e-5)


def test_a_tiny_autoencoder_gives_latents_without_a_distribution():
    vae = AutoencoderTiny(encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4)
    codec = Autoencoder(vae)
    images = torch.rand(1, 3, 32, 32, generator=Generator().manual_seed(0))
    assert codec.factor == 8
    with torch.no_grad():
        latents = codec.encode(images)
        assert torch.equal(latents, vae.encode(2 * images - 1).latents)
        assert codec.decode(latents).shape == images.shape


@pytest.mark.parametrize(("upcast", "dtype"), [(True, torch.float32), (False, torch.float16)])
def test_a_vae_that_overflows_in_half_precision_runs_in_float32(upcast, dtype):
    """SDXL's: its config says `force_upcast`."""
    vae = tiny.vae(force_upcast=upcast).to(torch.float16)
    assert Autoencoder(vae).vae.dtype == dtype
