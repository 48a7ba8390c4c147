"""A baseline at work: its looks as the steps of a run, which can stop between two of them and go on."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from potstill.baselines.baseline import Job, Look
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.distillation import Step
from potstill.errors import not_finite
from potstill.state import Resumable, State, finite


class Following(Resumable):
    """Runs a baseline as `distill` runs a method, and writes what is known of its result into `shown`."""

    def __init__(
        self, run: Callable[[Job], Iterator[Look]], total: int, job: Job, shown: Tensor, name: str = "baseline"
    ) -> None:
        """`run` is to yield `total` looks, and to keep in `job.found` what it found for each."""
        self._run, self._total, self._job, self._shown, self._name = run, total, job, shown, name
        self._done, self._counter = 0, CallCounter()

    def __iter__(self) -> Iterator[Step]:
        """The steps that are left.

        Raises:
            NotFiniteError: a NaN or an infinity, with step, time, quantity, baseline and dtype.
        """
        job = self._job
        looks = self._run(replace(job, prior=count_calls(job.prior, self._counter)))
        for look in iter(torch.no_grad()(lambda: next(looks, None)), None):
            distances = (look.x0 - job.x0).flatten(1).norm(dim=1)
            distance, loss = float(distances.mean()), torch.tensor([look.loss or 0.0])
            latest = [part for part in job.found.values() if part][-1]
            if not math.isfinite(distance + float(loss)) or not finite(latest[-1]):
                state = latest.pop()  # all is as it was before the step
                states = state if isinstance(state, Mapping) else {"state": state}
                sizes = {"loss": loss, "x0": look.x0, "distance_from_the_source": distances}
                raise not_finite(self._name, self._done, look.t, **states, **sizes)
            self._shown.detach().copy_(look.x0)
            self._done += 1
            yield Step(
                index=self._done - 1,
                total=self._total,
                t=look.t,
                x0=look.x0,
                gradient_norm=None,
                loss=look.loss,
                distance=distance,
                evaluations=self._counter.evaluations,
            )

    def state(self) -> State:
        """What it found so far, and the result as it is known."""
        done, evaluations = self._done, self._counter.evaluations
        return {"found": self._job.found, "shown": self._shown, "done": done, "evaluations": evaluations}

    def restore(self, state: State) -> None:
        """Go on from there."""
        found, done, evaluations = dict(state["found"]), int(state["done"]), int(state["evaluations"])
        if sum(map(len, found.values())) != done or not 0 <= done <= self._total:
            raise ValueError(f"it holds something for each of other steps than {done}")
        x0, condition = self._job.x0, self._job.source
        for part, kept in found.items():
            self._job.found[part] = [_like(entry, x0, condition) for entry in kept]
        self._shown.detach().copy_(_like(state["shown"], self._shown, condition))
        self._done, self._counter.evaluations = done, evaluations


def _like(entry: Any, x0: Tensor, condition: Mapping[str, Tensor]) -> Any:
    """What was found in a step, on the device of x0, if it has the shapes that it must have."""
    if isinstance(entry, Mapping):
        return {name: _like(value, condition.get(name, x0), condition) for name, value in entry.items()}
    if entry.shape[1:] != x0.shape[1:]:
        raise ValueError(f"what was found is of shape {tuple(entry.shape)} in the place of {tuple(x0.shape)}")
    return entry.to(x0.device)
