"""What must be the same on a GPU, on exact and on recorded scores: gradients, whole runs, and a volume's pictures.

Noise comes from generators on the CPU, so nothing but the rounding of sums may differ.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from potstill import DDS, PDS, SDS, Guided, Mixture, Points, distill, load
from potstill.diffusion.guidance import with_scale
from potstill.methods import Method, Source, named, noise
from potstill.methods.bank import DrawBank
from potstill.optimizers import SGD
from potstill.scenes import Projected, Volume, ring
from potstill.worlds import SOURCE, TARGET, load_world

PARITY = Path(__file__).parents[1] / "tests" / "priors" / "data" / "parity"
TINY = PARITY / "tiny_stable_diffusion"
STEPS = 6
NOISES = (
    noise.Fixed(),
    noise.Previous(),
    noise.Mixed(0.5),
    noise.DDIMNoise(),
    noise.Inverted(),
    noise.FixedPoint(),
    noise.Picard(),
    DrawBank(),
)


def of_each(names: Iterable[str], function: Callable[[str], Any]) -> dict[str, Any]:
    """The function of each name, or what it raised."""
    found: dict[str, Any] = {}
    for name in names:
        try:
            found[name] = function(name)
        except Exception as error:  # one of them must not hide the others
            found[name] = f"{type(error).__name__}: {error}"
    return found


def largest(one: Tensor, other: Tensor) -> float:
    """The largest difference of two tensors, relative to the largest number of the first."""
    one, other = (each.detach().double().cpu() for each in (one, other))
    return float((one - other).abs().max() / one.abs().max())


def descended(method: Method, device: torch.device, views: bool = False) -> Tensor:
    """The points of a world after a few steps in float64; with views, of a square's corners under random cameras."""
    own = load_world("moons").prior(torch.float64)
    prior, start = own, own.sample(32, SOURCE, Generator().manual_seed(0))
    if views:
        corners = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 3)
        prior = Mixture(corners.to(device), torch.tensor([0, 1] * 4), 0.1)
        start = torch.randn(32, 3, generator=Generator().manual_seed(0), dtype=torch.float64)
    else:
        prior = Mixture(own.centres.to(device), own.labels.to(device), own.width)
    scene = (Projected if views else Points)(start.to(device))
    for _ in distill(
        scene,
        Guided(prior, 2.0),
        method,
        target=prior.condition(TARGET),
        source=prior.condition(SOURCE),
        steps=STEPS,
        rng=Generator().manual_seed(0),
        optimizer=SGD(scene.parameters(), lr=0.1),
    ):
        pass
    return next(scene.parameters())


def methods_on_a_world(device: torch.device) -> dict[str, Any]:
    """Of every method: the largest difference of the points from those of the CPU, relative."""
    cpu, methods = torch.device("cpu"), named()
    return of_each(methods, lambda name: largest(descended(methods[name], cpu), descended(methods[name], device)))


def noises_on_a_world(device: torch.device) -> dict[str, Any]:
    """Of SDS with every source of noise, and with random cameras: as `methods_on_a_world`."""
    cpu = torch.device("cpu")
    kinds = {type(each).__name__: SDS(noise=each) for each in NOISES}
    plain = of_each(kinds, lambda name: largest(descended(kinds[name], cpu), descended(kinds[name], device)))
    seen = {name: kinds[name] for name in ("Previous", "Inverted")}
    views = of_each(seen, lambda name: largest(descended(seen[name], cpu, True), descended(seen[name], device, True)))
    return {"points": plain, "views": views}


def sampled(device: torch.device) -> dict[str, Any]:
    """Draws from a mixture whose centres are on the device."""
    own = load_world("moons").prior(torch.float64)
    there = Mixture(own.centres.to(device), own.labels.to(device), own.width)
    one, other = (each.sample(64, TARGET, Generator().manual_seed(0)) for each in (own, there))
    return {"relative": largest(one, other)}


def recorded(dtype: torch.dtype, device: torch.device) -> dict[str, Any]:
    """The gradients of the released code that tests/priors/data/parity records: the largest relative error."""
    prior, numbers = load(TINY, dtype=dtype, device=device), np.load(PARITY / "pds_release.npz")
    methods: dict[str, Method] = {"sds": SDS(), "dds": DDS(), "pds": PDS()}
    worst, finite = dict.fromkeys(methods, 0.0), True
    for case in range(int(numbers["count"])):
        entry = {name: torch.from_numpy(numbers[f"{case}/{name}"]) for name in ("tgt", "src", "noise", "t", "grad")}
        name = str(numbers[f"{case}/method"])
        gradient = (
            methods[name]
            .gradient(
                entry["tgt"].to(device),
                with_scale(prior, float(numbers[f"{case}/scale"])),
                entry["t"].double(),
                entry["noise"].to(device),
                prior.encode_prompt("a green pear"),
                Source(entry["src"].to(device), prior.encode_prompt("a red apple")),
            )
            .cpu()
        )
        finite = finite and bool(gradient.isfinite().all())
        worst[name] = max(worst[name], float((gradient - entry["grad"]).norm() / entry["grad"].norm()))
    return {**worst, "finite": finite}


def volume(device: torch.device) -> dict[str, Any]:
    """A volume's pictures and gradients."""
    answers = []
    for place in (torch.device("cpu"), device):
        scene = Volume.ball(17).to(place)
        with torch.no_grad():
            scene.colours += 0.3 * torch.randn(scene.colours.shape, generator=Generator().manual_seed(1)).to(place)
        colour, opacity = scene.shade(ring(3, size=32).to(place).view())
        (colour.square().sum() + opacity.sum()).backward()
        answers.append([colour, opacity, scene.densities.grad, scene.colours.grad])
    names = ("colour", "opacity", "gradient of densities", "gradient of colours")
    return {name: largest(*pair) for name, pair in zip(names, zip(*answers, strict=True), strict=True)}


CHECKS = {
    "methods on a world, float64": methods_on_a_world,
    "sources of noise on a world, float64": noises_on_a_world,
    "draws from a mixture": sampled,
    "recorded gradients, float32": lambda device: recorded(torch.float32, device),
    "recorded gradients, bfloat16": lambda device: recorded(torch.bfloat16, device),
    "recorded gradients, float16": lambda device: recorded(torch.float16, device),
    "volume, float32": volume,
}
