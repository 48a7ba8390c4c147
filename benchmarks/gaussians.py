"""The time of a picture of a scene and its gradient, on one thread: python -m benchmarks.gaussians

Gaussians fill a ball of radius 0.8, each about as wide as the distance to its neighbours, so that they overlap as those
of an object do. The volume is a grid of 64³ points, with 64 samples along each ray. Best of several, forward and with
backward, in milliseconds of this process's CPU time and of the clock.
"""

import argparse
import math
import time
from collections.abc import Callable

import torch
from torch import Generator

from potstill.scenes import Cameras, Gaussians, Volume, compositing
from potstill.scenes.projection import project

CASES = ((2_000, 64), (2_000, 128), (20_000, 128))
"""Gaussians, and pixels of a side."""


def scene(count: int) -> Gaussians:
    ball = Gaussians.ball(count, 0.8, Generator().manual_seed(0), opacity=0.5)
    rng = Generator().manual_seed(1)
    with torch.no_grad():
        ball.log_scales += 0.2 * torch.randn(count, 3, generator=rng) + math.log(1.2)
        ball.quaternions += torch.randn(count, 4, generator=rng)
        ball.colours += torch.randn(count, 3, generator=rng)
    return ball


def pairs(ball: Gaussians, cameras: Cameras) -> int:
    """How many (Gaussian, pixel) pairs count."""
    splats = project(ball.means, ball.log_scales, ball.quaternions, cameras)
    opacity, colour = ball.opacity_logits.sigmoid(), ball.colours.expand(len(cameras), -1, -1)
    items = compositing._items(splats, opacity, colour)
    return int(compositing._spans(items, len(ball), cameras.width, cameras.height).size.sum())


def best(function: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Milliseconds of CPU time and of the clock, the best of each."""
    times = []
    for _ in range(repeats):
        began, cpu = time.perf_counter(), time.process_time()
        function()
        times.append((time.process_time() - cpu, time.perf_counter() - began))
    cpu, clock = (1000 * min(column) for column in zip(*times, strict=True))
    return cpu, clock


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print(
        f"{'Gaussians':>9} {'pixels':>8} {'pairs':>10} {'forward':>16} {'with backward':>16}   ms CPU / clock, 1 thread"
    )
    for count, side in CASES:
        ball, cameras = scene(count), Cameras.orbit(20.0, 10.0, size=side)
        view = cameras.view()

        def forward(ball: Gaussians = ball, view: dict = view) -> torch.Tensor:
            return ball.shade(view)[0]

        one, both = best(forward, repeats), best(lambda: forward().sum().backward(), repeats)
        text = " ".join(f"{cpu:8.1f}/{clock:<7.1f}" for cpu, clock in (one, both))
        print(f"{count:9,} {side:4}x{side:<3} {pairs(ball, cameras):10,} {text}")
    volume, view = Volume.ball(64), Cameras.orbit(20.0, 10.0, size=64).view()
    view["offset"] = torch.rand(1, 64, 64, generator=Generator().manual_seed(0))
    marched = (lambda: volume.shade(view)[0]), (lambda: volume.shade(view)[0].sum().backward())
    text = " ".join(f"{cpu:8.1f}/{clock:<7.1f}" for cpu, clock in (best(each, repeats) for each in marched))
    print(f"{'volume':>9} {'64x64':>8} {64**3:10,} {text}")


if __name__ == "__main__":
    main()
