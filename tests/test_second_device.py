"""Runs on another device than the CPU: nothing is left behind there, and the results are the same."""

from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

import potstill
from potstill import DDS, SDS, Guided, Mixture, Points, distill
from potstill.methods import Method, Source, named, noise
from potstill.methods.bank import DrawBank
from potstill.optimizers import SGD
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Projected, Volume, ring
from tests.second_device import back, second_device

TINY = Path(__file__).parent / "priors" / "data" / "parity" / "tiny_stable_diffusion"
CPU = torch.device("cpu")
NOISES = (
    noise.Fixed(),
    noise.Previous(),
    noise.Mixed(0.5),
    noise.DDIMNoise(),
    noise.Inverted(steps=3),
    noise.FixedPoint(),
    noise.Picard(),
    DrawBank(size=2),
)


def descended(method: Method, device: torch.device, kind: type[Points | Projected]) -> Tensor:
    """Points after three steps in float64, or a cube's corners under random cameras."""
    size = 3 if kind is Projected else 2
    corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * size)
    prior = Mixture(corners.to(device), torch.tensor([0, 1] * 2 ** (size - 1)), 0.1)
    start = torch.randn(5, size, generator=Generator().manual_seed(0), dtype=torch.float64)
    scene = kind(start.to(device))
    run = distill(
        scene,
        Guided(prior, 2.0),
        method,
        target=prior.condition(1),
        source=prior.condition(0),
        steps=3,
        rng=Generator().manual_seed(0),
        optimizer=SGD(scene.parameters(), lr=0.1),
    )
    for _ in run:
        pass
    return back(scene.points)


def test_the_device_refuses_tensors_of_the_cpu_and_allows_what_a_gpu_allows():
    one = torch.arange(6.0).reshape(2, 3)
    with second_device() as device:
        there = one.to(device).requires_grad_()
        assert there.device == device != CPU
        with pytest.raises(RuntimeError, match="same device"):
            there + one
        with pytest.raises(RuntimeError, match="same device"):
            one @ there.mT
        with pytest.raises(RuntimeError, match="same device"):
            torch.cat([there, one])
        (there[:, [0, 2]] * 2 * torch.tensor(3.0)).square().sum().backward()
        assert there[torch.tensor([1])].device == device
        assert there.new_tensor([1.0, 2.0]).tolist() == [1.0, 2.0]
        assert torch.equal(back(there.grad), 72 * one * torch.tensor([1, 0, 1]))
        assert there.cpu().device == CPU
        assert one.clone().copy_(there).device == CPU


@pytest.mark.parametrize("name", named())
def test_every_method_on_points(name):
    with second_device() as device:
        assert torch.equal(descended(named()[name], device, Points), descended(named()[name], CPU, Points))


CASES = [(Points, each) for each in NOISES] + [(Projected, each) for each in NOISES if not isinstance(each, DrawBank)]


@pytest.mark.parametrize(("kind", "source"), CASES, ids=lambda each: getattr(each, "__name__", type(each).__name__))
def test_every_source_of_noise_with_and_without_views(kind, source):
    with second_device() as device:
        assert torch.equal(descended(SDS(noise=source), device, kind), descended(SDS(noise=source), CPU, kind))


def test_a_gradient_of_a_pipeline():
    def gradient(prior: Pipeline, device: torch.device) -> Tensor:
        prior.pipe.to(device)
        x0, noise = torch.randn(2, 1, 4, 8, 8, generator=Generator().manual_seed(0)).to(device)
        target, source = (prior.encode_prompt(each) for each in ("a green pear", "a red apple"))
        t = torch.tensor([500.0], dtype=torch.float64)
        return back(DDS().gradient(x0, Guided(prior, 7.5), t, noise, target, Source(x0, source)))

    own, moved = (potstill.load(TINY, dtype=torch.float32, device="cpu") for _ in range(2))
    with second_device() as device:
        one, other = gradient(own, CPU), gradient(moved, device)
    assert (one - other).norm() < 1e-4 * one.norm()


def test_a_volume_and_its_gradients():
    def shaded(device: torch.device) -> list[Tensor]:
        scene = Volume.ball(9).to(device)
        colour, opacity = scene.shade(ring(2, size=8).to(device).view())
        (colour.square().sum() + opacity.sum()).backward()
        return [back(each) for each in (colour, opacity, scene.densities.grad, scene.colours.grad)]

    with second_device() as device:
        for one, other in zip(shaded(CPU), shaded(device), strict=True):
            assert torch.equal(one, other)
