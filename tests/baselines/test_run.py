"""A baseline that stops between any two steps goes on to the same numbers; a state of another run is refused."""

from dataclasses import replace

import pytest
import torch
from torch import Generator

from potstill.baselines import BASELINES, BaselineRun, EditProblem, NullText
from potstill.diffusion.guidance import Guided
from potstill.diffusion.prior import Prediction
from potstill.diffusion.schedule import linear
from potstill.diffusion.wrappers import Wrapper
from potstill.errors import NotFiniteError
from potstill.state import finite
from potstill.tasks.runs.state_file import pack, unpack
from tests.diffusion.test_null_text import PRIOR, TOLD, X0
from tests.tasks.images.test_edit_baselines import problem

STEPS = 4


def begin(name, prior=None):
    """A baseline at work on an exact prior, null-text inversion on one whose empty prompt has numbers."""
    baseline = BASELINES[name]
    if isinstance(baseline, NullText):
        baseline = replace(baseline, inner_steps=2)
        task = EditProblem(Guided(PRIOR, 3.0), X0, TOLD, TOLD, STEPS, Generator().manual_seed(0))
    else:
        task = problem(linear(), STEPS, 3.0, latent_mask=torch.tensor([[1.0, 0.3]], dtype=torch.float64), target=1)
    task = replace(task, prior=prior(task.prior)) if prior else task
    shown = torch.zeros_like(task.x0)
    return BaselineRun(baseline.run, baseline.total(STEPS), task, shown), shown


def seen(steps):
    return [(step.index, step.t.tolist(), step.loss, step.distance, step.evaluations) for step in steps]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_goes_on_to_the_same_bytes(tmp_path, name):
    whole, result = begin(name)
    expected = seen(whole)
    for stop in range(1, len(expected) + 1):
        first, _ = begin(name)
        steps = iter(first)
        found = seen(next(steps) for _ in range(stop))
        (tmp_path / "state").write_bytes(pack(first.state()))
        second, shown = begin(name)
        second.restore(unpack(tmp_path / "state"))
        assert found + seen(second) == expected
        assert shown.equal(result)


@pytest.mark.parametrize("name", ["ddpm-inversion", "null-text"])
def test_a_state_of_another_run_is_refused(name):
    whole, _ = begin(name)
    list(whole)
    state = whole.state()
    part = list(state["found"])[-1]
    for other in (
        {"done": 3},
        {"done": -1, "found": {}},
        {"found": {**state["found"], part: state["found"][part][:-1]}},
        {"found": {**state["found"], part: [torch.zeros(2, 9)] * len(state["found"][part])}},
        {"shown": torch.zeros(2, 9)},
    ):
        with pytest.raises(ValueError, match=r"has shape|does not match"):
            begin(name)[0].restore(state | other)


class Broken(Wrapper):
    """Answers NaN to the fifth question."""

    def __call__(self, x_t, t, condition):
        """As the prior, four times."""
        self.__dict__["asked"] = self.__dict__.get("asked", 0) + 1
        hat = self.prior(x_t, t, condition)
        return Prediction(*(part * float("nan") for part in hat)) if self.asked == 5 else hat


@pytest.mark.parametrize("name", ["ddim-inversion", "null-text"])
def test_a_step_that_leaves_the_numbers_is_named_and_leaves_the_state_as_it_was(name):
    going, _ = begin(name, lambda guided: replace(guided, prior=Broken(guided.prior)))
    with pytest.raises(NotFiniteError, match="not finite at step 4" if name == "ddim-inversion" else "not finite"):
        list(going)
    state = going.state()
    assert finite(state)
    begin(name)[0].restore(state)
