"""The time of a step of `distill` relative to the bare U-Net at the same batch size, on one thread.

    python -m benchmarks.step_overhead

Steps, bare calls and the same step written out by hand (`by_hand`) alternate, in one process, and medians are reported.
Time is the CPU time of this thread. SDS with guidance is a batch of 2, DDS and PDS of 4. The loop by hand draws the
same numbers and moves the picture in the same way, in plain torch, with nothing checked, counted or measured: what it
spends outside of the network is the floor. After 12 ms of network nothing is left in the processor's caches, so most of
that is the time to fetch the code of some 40 operations again.

Exits with 1 if a step on the larger networks in torch takes over 1.03 of the bare network.
"""

import statistics
import sys
import time
from collections.abc import Iterator

import torch
from torch import Generator, Tensor
from torch.optim import Adam

import potstill
from benchmarks.small_unet import small_prior
from potstill import DDS, PDS, SDS, distill
from potstill.diffusion.guidance import with_scale
from potstill.methods.coefficients import Release
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents

LIMIT, REPEATS, SCALE = 1.03, 60, 7.5


def seconds(function) -> float:
    began = time.thread_time()
    function()
    return time.thread_time() - began


@torch.no_grad()
def by_hand(prior: Pipeline, kind: type, x0: Tensor, prompts: list[str]) -> Iterator[Tensor]:
    """The steps of a method with its defaults on one picture. Yields the picture."""
    alphas, sigmas = (values.tolist() for values in prior.schedule(torch.arange(1000.0)))
    release = [values.tolist() for values in Release()(prior.schedule, torch.arange(2.0, 1000.0))]
    predicts_eps = prior.pipe.scheduler.config.prediction_type == "epsilon"
    x, rng = x0.clone().requires_grad_(), Generator().manual_seed(0)
    optimizer, edits = Adam([x], lr=0.01), kind is not SDS
    copies = 4 if edits else 2
    states = torch.cat([prior.encode_prompt(prompt)["encoder_hidden_states"] for prompt in prompts])
    while True:
        t = round((0.02 + 0.96 * float(torch.rand(1, generator=rng, dtype=torch.float64))) * 1000)
        alpha, sigma = alphas[t], sigmas[t]
        noise = torch.randn(x0.shape, generator=rng)
        x_t = alpha * x + sigma * noise
        rows = [x_t, alpha * x0 + sigma * noise] * 2 if edits else [x_t, x_t]
        batch = torch.cat(rows)
        eps = prior.network(batch, torch.full((copies,), float(t)), states, return_dict=False)[0]
        if not predicts_eps:
            eps = (batch - alpha * eps) / sigma
        cond, uncond = eps.chunk(2)
        eps = uncond.lerp(cond, SCALE)
        if kind is SDS:
            x.grad = sigma**2 * (eps - noise)
        else:
            x.grad = eps[:1] - eps[1:]
        if kind is PDS:
            psi, chi = (values[t - 2] for values in release)
            x.grad = psi * (x - x0) + chi * x.grad
        optimizer.step()
        yield x


def measure(name: str, prior: Pipeline, target: str, source: str) -> float:
    """Print a line for each method; returns the largest ratio."""
    print(name)
    config, largest = prior.network.config, 0.0
    x0 = torch.randn(1, config.in_channels, *[config.sample_size] * 2, generator=Generator().manual_seed(0))
    for method in (SDS(), DDS(), PDS()):
        told = [target, source] if method.edits else [target]
        scene = Latents(x0, prior.codec)
        steps = distill(
            scene,
            with_scale(prior, SCALE),
            method,
            target=prior.encode_prompt(target),
            source=prior.encode_prompt(source) if method.edits else None,
            steps=REPEATS + 4,
            rng=Generator().manual_seed(0),
        )
        floor = by_hand(prior, type(method), x0, told + [""] * len(told))
        batch = 2 * len(told)
        x_t, t = x0.expand(batch, -1, -1, -1).contiguous(), torch.full((batch,), 500.0)
        states = prior.encode_prompt(target)["encoder_hidden_states"].expand(batch, -1, -1).contiguous()

        @torch.no_grad()
        def bare(x_t=x_t, t=t, states=states):
            prior.network(x_t, t, states, return_dict=False)

        for _ in range(3):
            bare()
            next(steps)
            next(floor)
        next(steps)
        if not torch.allclose(
            next(floor), scene.latents, atol=1e-3
        ):  # Adam enlarges rounding where a gradient is near 0
            raise AssertionError("the loop by hand is another one")
        forward, ratios, outside = [], {"step": [], "floor": []}, {"step": [], "floor": []}
        for _ in range(REPEATS):
            for part, run in (("step", steps), ("floor", floor)):
                before, taken, after = seconds(bare), seconds(lambda run=run: next(run)), seconds(bare)
                forward.append((before + after) / 2)
                ratios[part].append(taken / forward[-1])
                outside[part].append(taken - forward[-1])
        ratio, by_itself = (statistics.median(ratios[part]) for part in ("step", "floor"))
        spent, least = (1e6 * statistics.median(outside[part]) for part in ("step", "floor"))
        largest = max(largest, ratio)
        print(
            f"  {type(method).__name__}: forward at batch {batch} {1e3 * statistics.median(forward):6.1f} ms; "
            f"step {ratio:.3f}, {spent:5.0f} µs outside; by hand {by_itself:.3f}, {least:5.0f} µs outside"
        )
    return largest


torch.set_num_threads(1)
for backend in ("onnx", "torch"):
    measure(f"bundled network, {backend}", potstill.load(backend=backend), "red heart", "blue heart")
sys.exit(measure("U-Net of 9 M random parameters, torch", small_prior(), "target", "source") > LIMIT)
