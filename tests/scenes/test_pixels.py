"""Pixels and latents: the same picture through a codec, and the way back into range."""

import torch
from torch import Generator
from torch.optim import SGD

from potstill.diffusion.codec import PixelUnshuffle
from potstill.scenes import Latents, Pixels

CODEC = PixelUnshuffle(2)


def picture() -> torch.Tensor:
    return torch.rand(1, 3, 4, 4, generator=Generator().manual_seed(0), dtype=torch.float64)


def test_pixels_render_their_encoding_and_latents_themselves():
    pixels, latents = Pixels(picture(), CODEC), Latents(CODEC.encode(picture()), CODEC)
    assert torch.equal(pixels({}), latents({}))
    assert torch.allclose(latents.images, picture(), atol=1e-12)
    assert torch.equal(pixels.images, picture())


def test_the_gradient_of_pixels_passes_through_the_encoder():
    """The codec doubles and moves pixels, so their gradient is twice that of the latents, moved back."""
    scene = Pixels(picture(), CODEC)
    gradient = torch.randn(1, 12, 2, 2, generator=Generator().manual_seed(1), dtype=torch.float64)
    scene({}).backward(gradient)
    assert torch.allclose(scene.pixels.grad, 2 * torch.nn.functional.pixel_shuffle(gradient, 2), atol=1e-12)


def test_a_pixel_out_of_range_counts_as_the_nearest_and_can_come_back():
    given = picture()
    given[0, 0, 0, 0], given[0, 1, 2, 3] = 1.5, -0.25
    scene = Pixels(given, CODEC)
    assert torch.equal(scene.images, given.clamp(0, 1))
    descent = SGD(scene.parameters(), lr=1.0)
    (scene({}) - CODEC.encode(picture())).square().sum().backward()
    slope = scene.pixels.grad
    assert slope[0, 0, 0, 0] > 0 > slope[0, 1, 2, 3]
    descent.step()
    assert scene.pixels[0, 0, 0, 0] < 1.5
    assert scene.pixels[0, 1, 2, 3] > -0.25
