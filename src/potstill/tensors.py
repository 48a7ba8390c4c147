"""Type names for shapes of tensors; coefficients, norms, draws and copies, and which of them is not finite."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Float64, Shaped, UInt8
from torch import Generator, Tensor

from potstill.errors import InputError, NotFiniteError

Latent = Float[Tensor, " b *d"]
"""Points, pixels or latents, batch first."""
Grid = Float[Tensor, "b c rows columns"]
"""Latents of images."""
Images = Float[Tensor, "b 3 h w"]
"""RGB in [0, 1]."""
Levels = UInt8[Tensor, "b 3 h w"]
"""RGB in 8 bits."""
Factor = Float[Tensor, "..."]
"""A coefficient shaped for the data axes of a latent (`per_sample`), [b, 1, ...], or a single number."""
Times = Float[Tensor, " #b"]
"""Times or coefficients: one for each sample, or one for all."""


def per_sample(coefficient: Times, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Shape a coefficient [b] so that it broadcasts over the data axes of x [b, ...], in x's dtype and device."""
    return coefficient.to(x).reshape(-1, *[1] * (x.ndim - 1))


def norm_of_each(x: Latent) -> Times:
    """|x| for each sample, [b]."""
    return torch.linalg.vector_norm(x.flatten(1), dim=1)


class SampleGenerators(Generator):
    """A generator for each sample of a batch, so that each has the draws that it has alone.

    What is drawn for the batch as a whole comes from the generator itself, which has the first seed.
    """

    def __new__(cls, seeds: Sequence[int]) -> "SampleGenerators":
        """On the CPU."""
        return super().__new__(cls)

    def __init__(self, seeds: Sequence[int]) -> None:
        """With a seed for each sample."""
        self.manual_seed(seeds[0])
        self.samples = [Generator().manual_seed(seed) for seed in seeds]

    def get_state(self) -> UInt8[Tensor, "generators bytes"]:
        """Its own state, and that of each sample."""
        return torch.stack([super().get_state(), *(each.get_state() for each in self.samples)])

    def set_state(self, new_state: UInt8[Tensor, "generators bytes"]) -> "SampleGenerators":
        """Restore `get_state`.

        Raises:
            InputError: it is the state of another number of generators.
        """
        if new_state.shape != self.get_state().shape:
            count = len(new_state) if new_state.ndim > 1 else 1
            raise InputError(
                f"the state is of {count} generators, and this run has {1 + len(self.samples)}, one for each result "
                "and one for all: start it anew"
            )
        own, *states = new_state.unbind()
        super().set_state(own.clone())
        for each, state in zip(self.samples, states, strict=True):
            each.set_state(state.clone())
        return self


def generators(rng: Generator, count: int) -> list[Generator]:
    """The generator of each of `count` samples: their own, or the same for all."""
    own = rng.samples if isinstance(rng, SampleGenerators) else []
    return own if len(own) == count else [rng] * count


def normal(
    like: Float[Tensor, "..."], rng: Generator, drawing: Bool[Tensor, " #b"] | None = None
) -> Float[Tensor, "..."]:
    """A standard normal draw with the shape, dtype and device of `like`, drawn on the generator's device.

    A sample with a generator of its own draws only where `drawing` is true, and is 0 elsewhere: one that waits for
    others of its batch draws what it draws alone.
    """
    shape, count = (1, *like.shape[1:]), len(like) if like.ndim else 1
    own = generators(rng, count)
    if own[:1] == [rng]:
        return torch.randn(like.shape, generator=rng, dtype=like.dtype, device=rng.device).to(like.device)
    draws = [True] * count if drawing is None else drawing.expand(count).tolist()
    rows = [
        torch.randn(shape, generator=each, dtype=like.dtype, device=rng.device)
        if draw
        else torch.zeros(shape, dtype=like.dtype, device=rng.device)
        for each, draw in zip(own, draws, strict=True)
    ]
    return torch.cat(rows).to(like.device)


def uniform(count: int, rng: Generator) -> Float64[Tensor, " b"]:
    """A uniform draw from [0, 1) for each sample, in float64."""
    own = generators(rng, count)
    if own[:1] == [rng]:
        return torch.rand(count, generator=rng, dtype=torch.float64)
    return torch.cat([torch.rand(1, generator=each, dtype=torch.float64) for each in own])


def owned(tensor: Shaped[Tensor, "*s"]) -> Shaped[Tensor, "*s"]:
    """The tensor in memory of its own, which torch has aligned.

    A safetensors file is mapped into memory, so its tensors have the alignment of the file, and kernels round
    differently by alignment: the same numbers in two files would give two results.
    """
    return tensor.detach().clone(memory_format=torch.preserve_format)


def copied(state: Any) -> Any:
    """The state of a run or a model with tensors, lists and mappings of its own, much faster than `deepcopy`."""
    if isinstance(state, Tensor):
        return state.detach().clone()
    if isinstance(state, Mapping):
        return {name: copied(part) for name, part in state.items()}
    if isinstance(state, list | tuple):
        return [copied(part) for part in state]
    return state


def without_small(change: Float[Tensor, "b c h w"], still: float) -> Float[Tensor, "b c h w"]:
    """A change of pictures whose small parts are undone, to the bit.

    It is multiplied by a ramp that rises from 0 to 1 where the largest change of a channel is between 0.4 `still` and
    `still`; with 0 all of it is kept.
    """
    if not still:
        return change
    return change * ((change.abs().amax(1, keepdim=True) / still - 0.4) / 0.6).clamp(0, 1)


def not_finite(method: str, step: int, t: Float[Tensor, " b"], **quantities: Tensor | None) -> NotFiniteError:
    """An error that names the first of the quantities that holds a NaN or an infinity, or the last if none does.

    It also gives the method, the step, the times and number of the affected samples, the dtype, and what to try. If all
    quantities are finite, a mean over samples overflowed.
    """
    given = {name: value for name, value in quantities.items() if value is not None}
    name = next((name for name, value in given.items() if not torch.isfinite(value).all()), list(given)[-1])
    value = given[name]
    bad = ~torch.isfinite(value).flatten(1).all(1).cpu() if value.ndim > 1 else ~torch.isfinite(value).cpu()
    bad = bad if bad.any() else ~bad
    times = t.expand(len(bad)).cpu()[bad][:5].tolist()
    shown = ", ".join(f"{time:g}" for time in times) + (", ..." if int(bad.sum()) > 5 else "")
    return NotFiniteError(
        f"{method}: {name.replace('_', ' ')} is not finite at step {step}, t = {shown} ({int(bad.sum())} of "
        f"{len(bad)} samples, {value.dtype}): lower the learning rate or the guidance scale, "
        "narrow the range of t, or compute in float32"
    )
