"""A flow against the study that it shows, and against itself with changes."""

import pytest
import torch

from potstill.errors import InputError, NotFiniteError
from potstill.methods import DDS, PDS, SDS, by_name
from potstill.methods.noise import Mixed
from potstill.worlds import EditStudy, LiveStudy

METHODS = [(name, by_name(name)) for name in ("sds", "pds")]


def study(**settings):
    return EditStudy(METHODS, **{"points": 6, "steps": 30, "seed": 3, "learning_rate": 0.05} | settings)


def test_without_changes_a_flow_is_the_study():
    flow = LiveStudy(study())
    assert (flow.advance(13), flow.advance(100), flow.advance()) == (13, 17, 0)
    for run, expected in zip(flow.runs(), study().run(), strict=True):
        assert torch.equal(run.path[-1], expected.path[-1])
        assert torch.equal(run.path[0], expected.path[0])
        assert (run.metrics, run.evaluations) == (expected.metrics, expected.evaluations)


def changed(**after):
    flow = LiveStudy(study())
    flow.advance(10)
    flow.change(**after)
    flow.advance(10)
    return flow


def test_a_change_acts_from_its_step_on_and_again_gives_the_same_bytes():
    flow, plain = changed(guidance_scale=1.0), changed(guidance_scale=study().guidance_scale)
    first, second = flow.lanes[0], plain.lanes[0]
    assert torch.equal(torch.stack(first.path[:11]), torch.stack(second.path[:11]))
    assert not torch.equal(first.points, second.points)
    assert changed(guidance_scale=1.0).picture() == flow.picture()
    assert flow.document()["changes"] == [{"step": 10, "guidance_scale": 1.0}]


def test_an_empty_change_changes_nothing():
    straight = LiveStudy(study())
    straight.advance(20)
    assert torch.equal(changed().lanes[1].points, straight.lanes[1].points)


def test_methods_may_change_their_fields_and_the_rate_the_steps():
    mixed = [("sds", SDS(noise=Mixed(0.0))), ("pds", PDS())]
    flow = changed(methods=mixed, learning_rate=1e-9)
    assert flow.document()["changes"] == [{"step": 10, "methods": ["sds", "pds"], "learning_rate": 1e-9}]
    for lane in flow.lanes:
        assert (lane.points - lane.path[10]).abs().max() < 1e-7
    with pytest.raises(InputError, match="classes cannot change"):
        flow.change(methods=[("sds", SDS()), ("dds", DDS())])
    with pytest.raises(InputError, match="points cannot change during a run"):
        flow.change(points=3)
    with pytest.raises(InputError, match="guidance scale"):
        flow.change(guidance_scale=1e9)
    assert flow.study.guidance_scale == study().guidance_scale


def test_a_run_that_diverged_goes_on_with_another_rate():
    flow = changed()
    flow.change(learning_rate=1e38)
    with pytest.raises(NotFiniteError):
        flow.advance(10)
    step = flow.step
    with pytest.raises(NotFiniteError):
        flow.advance()
    assert flow.step == step


def test_few_states_are_kept_of_a_long_run():
    flow = LiveStudy(study(steps=2000))
    flow.advance(100)
    assert (flow.stride, len(flow.lanes[0].path)) == (9, 1 + 100 // 9)
    assert len(flow.runs(frames=5)[0].path) == 5
    assert torch.equal(flow.runs(frames=5)[0].path[-1], flow.lanes[0].points)
