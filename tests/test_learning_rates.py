"""A learning rate that a scheduler or the user moves is part of the state of a run."""

import pytest
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from potstill.distillation import distill
from potstill.errors import InputError
from potstill.methods import SDS
from potstill.state import LoopState
from potstill.tasks.runs.state_file import pack, unpack
from tests.methods.cases import Case
from tests.test_state import STEPS, begin, digest


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: StepLR(o, 1, 0.5),
        lambda o: MultiStepLR(o, [1, 3]),
        lambda o: CosineAnnealingLR(o, STEPS),
        lambda o: SequentialLR(o, [ConstantLR(o, 0.5, 2), ExponentialLR(o, 0.9)], [2]),
        lambda o: LambdaLR(o, lambda step: 0.5**step),
        lambda o: OneCycleLR(o, 0.1, total_steps=STEPS + 1),
        ReduceLROnPlateau,
    ],
)
def test_a_learning_rate_that_a_scheduler_moves_goes_on(tmp_path, schedule):
    def run(stop=None, state=None):
        changing, _ = begin(SDS())
        scheduler = schedule(changing.optimizer)
        changing = LoopState(changing.scene, changing.optimizer, changing.rng, scheduler)
        case = Case()
        if state is not None:
            changing.restore(unpack(state))
        told = {"optimizer": changing.optimizer, "rng": changing.rng, "progress": changing.progress}
        for step in distill(changing.scene, case.prior, SDS(), target=case.target, steps=STEPS, **told):
            scheduler.step(*[step.loss] * isinstance(scheduler, ReduceLROnPlateau))
            if step.index + 1 == stop:
                (tmp_path / "state").write_bytes(pack(changing.state()))
                return changing
        return changing

    whole = run()
    run(stop=2)
    assert digest(run(state=tmp_path / "state")) == digest(whole)


def test_a_scheduler_that_the_state_does_not_know_is_refused():
    changing, _ = begin(SDS())
    scheduler = StepLR(changing.optimizer, 1)
    for call in (changing.state, lambda: changing.restore({})):
        with pytest.raises(InputError, match=r"pass LoopState\(..., scheduler=scheduler\)"):
            call()
    known = LoopState(changing.scene, changing.optimizer, changing.rng, scheduler)
    plain, _ = begin(SDS())
    with pytest.raises(InputError, match="was saved with one: pass the same"):
        plain.restore(known.state())
    with pytest.raises(InputError, match="was saved without one"):
        known.restore(plain.state())


def test_a_learning_rate_that_was_moved_by_hand_stays_where_it_is():
    changing, steps = begin(SDS())
    next(steps)
    changing.optimizer.param_groups[0]["lr"] = 0.007
    again, _ = begin(SDS())
    again.restore(changing.state())
    assert again.optimizer.param_groups[0]["lr"] == 0.007
