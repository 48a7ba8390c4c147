"""How fast runs on a GPU are, with the time of the CPU of the same machine beside it."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Generator

import potstill
from benchmarks.cuda_models import PROMPTS, heart, heart_file
from benchmarks.small_unet import small_prior
from potstill import DDS, PDS, SDS, distill
from potstill.diffusion.guidance import with_scale
from potstill.methods import Method
from potstill.priors.pipeline import Pipeline
from potstill.scenes import Latents

STEPS, SCALE = 20, 7.5


def seconds(function: Callable[[], object], device: torch.device, repeats: int = 5) -> float:
    """The median of a few calls after the first, each from an idle device to an idle device."""
    times = []
    for _ in range(repeats + 1):
        idle(device)
        began = time.perf_counter()
        function()
        idle(device)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def idle(device: torch.device) -> None:
    """Wait for all that was asked of the device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def both(measure: Callable[[torch.device], Any], device: torch.device) -> dict[str, Any]:
    """What is measured on the CPU and on the device."""
    return {place.type: measure(place) for place in dict.fromkeys((torch.device("cpu"), device))}


def warm(device: torch.device) -> dict[str, float]:
    """Seconds of runs with a model that is loaded, by default in ONNX Runtime on the CPU."""
    prior = potstill.load(device=device)
    tasks = {
        "default edit": lambda: potstill.edit(heart(), **PROMPTS, model=prior),
        "default edits, 16 at once": lambda: potstill.edit(heart(), **PROMPTS, model=prior, count=16),
        "sample of 8 pictures": lambda: potstill.sample("red heart", model=prior, count=8),
        "PDS, 50 steps": lambda: potstill.edit(heart(), **PROMPTS, model=prior, method="pds", steps=50),
    }
    return {name: seconds(task, device, repeats=2) for name, task in tasks.items()}


def cold(device: torch.device) -> float:
    """Seconds of the default edit as a command, from the start of its process to its end."""
    with TemporaryDirectory() as folder:
        words = [f"--{name}={prompt}" for name, prompt in PROMPTS.items()]
        place = [] if device.type == "cpu" else ["--device", str(device)]
        command = [sys.executable, "-m", "potstill", "edit", heart_file(folder), *words, *place]
        began = time.perf_counter()
        subprocess.run([*command, "--out", f"{folder}/heart.png"], check=True, capture_output=True)
        return time.perf_counter() - began


def steps_of(prior: Pipeline, told: tuple[str, str], device: torch.device) -> dict[str, Any]:
    """Of SDS, DDS and PDS: milliseconds of the bare network at the step's batch, and the step as a multiple of it."""
    config, found = prior.network.config, {}
    x0 = torch.randn(1, config.in_channels, *[config.sample_size] * 2, generator=Generator().manual_seed(0)).to(device)
    target, source = (prior.encode_prompt(each) for each in told)
    for method in (SDS(), DDS(), PDS()):
        batch = 4 if method.edits else 2
        states = target["encoder_hidden_states"].expand(batch, -1, -1).contiguous()
        x_t, t = x0.expand(batch, -1, -1, -1).contiguous(), torch.full((batch,), 500.0, device=device)

        @torch.no_grad()
        def bare(x_t=x_t, t=t, states=states) -> None:
            for _ in range(STEPS):
                prior.network(x_t, t, states, return_dict=False)

        forward = seconds(bare, device, repeats=3) / STEPS
        taken = seconds(lambda method=method: _run(prior, method, x0, target, source), device, repeats=3) / STEPS
        found[type(method).__name__] = {"batch": batch, "network, ms": 1e3 * forward, "step": taken / forward}
    return found


def _run(prior: Pipeline, method: Method, x0: torch.Tensor, target: Any, source: Any) -> None:
    origin = source if method.edits else None
    scene, rng = Latents(x0, prior.codec), Generator().manual_seed(0)
    for _ in distill(scene, with_scale(prior, SCALE), method, target=target, source=origin, steps=STEPS, rng=rng):
        pass


def emoji_steps(device: torch.device) -> dict[str, Any]:
    """On the bundled network, in torch."""
    prior = potstill.load(device=device, backend="torch" if device.type == "cpu" else None)
    return steps_of(prior, ("red heart", "blue heart"), device)


def unet_steps(device: torch.device) -> dict[str, Any]:
    """On a U-Net of 9 M random parameters."""
    prior = small_prior()
    prior.pipe.to(device)
    for told in prior._prompt_cache.values():
        told["encoder_hidden_states"] = told["encoder_hidden_states"].to(device)
    return steps_of(prior, ("target", "source"), device)


CHECKS = {
    "warm, seconds": lambda device: both(warm, device),
    "cold, seconds": lambda device: both(cold, device),
    "steps, emoji": lambda device: both(emoji_steps, device),
    "steps, U-Net of 9 M parameters": lambda device: both(unet_steps, device),
}
