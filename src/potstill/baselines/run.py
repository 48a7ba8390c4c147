"""A baseline as a resumable run: one step per snapshot."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch

from potstill.baselines.baseline import EditProblem, Snapshot
from potstill.diffusion.prior import Condition
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.distillation import Step
from potstill.state import Resumable, State, finite
from potstill.tensors import Latent, norm_of_each, not_finite


class BaselineRun(Resumable):
    """Runs a baseline as `distill` runs a method, and writes the current result into `shown`."""

    def __init__(
        self,
        run: Callable[[EditProblem], Iterator[Snapshot]],
        total: int,
        problem: EditProblem,
        shown: Latent,
        name: str = "baseline",
    ) -> None:
        """`run` yields `total` snapshots and appends one entry to `problem.completed` for each."""
        self._run, self._total, self._problem, self._shown, self._name = run, total, problem, shown, name
        self._done, self._counter = 0, CallCounter()

    def __iter__(self) -> Iterator[Step]:
        """The remaining steps.

        Raises:
            NotFiniteError: a NaN or an infinity, with step, time, quantity, baseline and dtype.
        """
        problem = self._problem
        snapshots = self._run(replace(problem, prior=count_calls(problem.prior, self._counter)))
        for snapshot in iter(torch.no_grad()(lambda: next(snapshots, None)), None):
            distances = norm_of_each(snapshot.x0 - problem.x0)
            distance, loss = float(distances.mean()), torch.tensor([snapshot.loss or 0.0])
            latest = [entries for entries in problem.completed.values() if entries][-1]
            if not math.isfinite(distance + float(loss)) or not finite(latest[-1]):
                entry = latest.pop()  # the state is again the one before this step
                tensors = entry if isinstance(entry, Mapping) else {"state": entry}
                sizes = {"loss": loss, "x0": snapshot.x0, "distance_from_the_source": distances}
                raise not_finite(self._name, self._done, snapshot.t, **tensors, **sizes)
            self._shown.detach().copy_(snapshot.x0)
            self._done += 1
            step, t, x0, evaluations = self._done - 1, snapshot.t, snapshot.x0, self._counter.evaluations
            yield Step(step, self._total, t, x0, None, snapshot.loss, distance, evaluations)

    def live_state(self) -> State:
        """The completed steps and the current result; not a copy."""
        done, evaluations = self._done, self._counter.evaluations
        return {"found": self._problem.completed, "shown": self._shown, "done": done, "evaluations": evaluations}

    def restore(self, state: State) -> None:
        """Resume from a state."""
        completed, done, evaluations = dict(state["found"]), int(state["done"]), int(state["evaluations"])
        if sum(map(len, completed.values())) != done or not 0 <= done <= self._total:
            raise ValueError(f"the number of its entries does not match the {done} steps done")
        x0, condition = self._problem.x0, self._problem.source
        for phase, entries in completed.items():
            self._problem.completed[phase] = [_like(entry, x0, condition) for entry in entries]
        self._shown.detach().copy_(_like(state["shown"], self._shown, condition))
        self._done, self._counter.evaluations = done, evaluations


def _like(entry: Any, x0: Latent, condition: Condition) -> Any:
    """A stored entry on the device of x0, after a check of its shapes."""
    if isinstance(entry, Mapping):
        return {name: _like(value, condition.get(name, x0), condition) for name, value in entry.items()}
    if entry.shape[1:] != x0.shape[1:]:
        raise ValueError(f"a stored tensor has shape {tuple(entry.shape)} where {tuple(x0.shape)} is needed")
    return entry.to(x0.device)
