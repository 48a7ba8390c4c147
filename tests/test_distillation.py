import math

import pytest
import torch
from torch import Generator
from torch.optim import SGD, AdamW

from potstill.diffusion.guidance import Guided
from potstill.diffusion.schedule import Tabulated, linear
from potstill.distillation import distill
from potstill.errors import InputError, NotFiniteError
from potstill.methods import DDS, PDS, SDI, SDS, Source, by_name, named
from potstill.methods.noise import Fresh, Inverted
from potstill.methods.times import Annealed, Uniform
from potstill.methods.weighting import Constant, Rho
from potstill.priors import Mixture
from potstill.scenes import Points, Projected
from tests.methods.cases import METHODS, Case, mixture


def run(method, steps=4, scale=7.5, optimizer=None, **options):
    case = Case(scale=scale)
    scene = Points(case.x0)
    options = {"target": case.target, "source": case.source.condition, "rng": Generator().manual_seed(0)} | options
    optimizer = optimizer and optimizer(scene.parameters())
    return scene, list(distill(scene, case.prior, method, steps=steps, optimizer=optimizer, **options))


def test_one_sgd_step_is_the_gradient_over_the_batch():
    case = Case()
    scene, (step,) = run(SDS(), steps=1, optimizer=lambda p: SGD(p, lr=2.0))
    rng = Generator().manual_seed(0)
    t = SDS().times(case.prior.schedule, 3, 0, 1, rng)
    noise = SDS().draw_noise(case.prior, t, Source(case.x0, case.target), rng)
    gradient = SDS().gradient(case.x0, case.prior, t, noise, case.target)
    assert torch.equal(step.t, t)
    assert torch.allclose(scene.points.detach(), case.x0 - 2.0 * gradient / 3, atol=1e-12)
    assert math.isclose(step.gradient_norm, float(gradient.norm(dim=1).mean()))


def test_a_step_says_what_it_cost_and_how_far_it_is():
    scene, steps = run(DDS(), steps=3)
    assert [step.evaluations for step in steps] == [12, 24, 36]  # 3 samples, two branches, source and target
    assert steps[0].distance == 0
    start, before_last = Case().x0, steps[-1].x0
    assert math.isclose(steps[-1].distance, float((before_last - start).norm(dim=1).mean()))
    assert not torch.equal(scene.points.detach(), before_last)
    assert run(SDS(), steps=1, scale=1.0)[1][0].evaluations == 3
    assert run(SDS(), steps=1, source=None)[1][0].distance is None


def test_inversion_is_counted():
    noise = Inverted(steps=10, overshoot=0.0)
    steps = run(SDS(noise=noise, times=Annealed(low=0.5, high=0.5)), steps=1)[1]
    assert steps[0].evaluations == 3 * 2 * (1 + 6)  # t = 500 is 501 above clean: six of ten steps


def test_a_still_source_is_rendered_once(monkeypatch):
    renders, forward = [], Points.forward
    monkeypatch.setattr(Points, "forward", lambda scene, view: renders.append(1) or forward(scene, view))
    run(DDS(), steps=5)
    assert len(renders) == 1 + 5 + 1  # the first look, when `distill` is called, the steps, and the source


def test_the_source_scene_is_left_alone_and_can_be_given():
    case = Case()
    elsewhere = Points(case.source.x0)
    steps = run(PDS(), steps=3, source_scene=elsewhere)[1]
    assert torch.equal(elsewhere.points.detach(), case.source.x0)
    assert elsewhere.points.requires_grad
    assert math.isclose(steps[0].distance, float((case.x0 - case.source.x0).norm(dim=1).mean()))


def test_a_source_is_seen_through_the_same_camera():
    """An edit of 3-D points to their own prompt stays at rest under random views."""
    prior = mixture()
    scene = Projected(torch.randn(4, 3, generator=Generator().manual_seed(0), dtype=torch.float64))
    steps = distill(
        scene,
        Guided(prior, 7.5),
        DDS(),
        target=prior.condition(0),
        source=prior.condition(0),
        steps=3,
        rng=Generator().manual_seed(0),
    )
    assert all(step.gradient_norm < 1e-12 for step in steps)


class Labelled(Points):
    """Points whose view says which class they are of."""

    def view(self, rng):
        return {"label": torch.tensor([0])}


def test_entries_of_a_view_take_the_place_of_the_target_s_and_the_source_s():
    """As the conditions of view-dependent prompts do: the target's class 1 gives way to the view's class 0."""
    case, ends = Case(), []
    for scene, label in ((Labelled(case.x0), 1), (Points(case.x0), 0)):
        told = {"target": case.mixture.condition(label), "rng": Generator().manual_seed(0)}
        list(distill(scene, case.prior, SDS(), steps=3, **told))
        ends.append(scene.points.detach())
    assert torch.equal(*ends)
    told = {"target": case.target, "source": case.source.condition, "rng": Generator().manual_seed(0)}
    (step,) = distill(Labelled(case.x0), case.prior, DDS(), steps=1, **told)
    assert step.gradient_norm < 1e-12


def test_not_finite_names_step_time_and_quantity():
    case = Case()
    points = case.x0.clone()
    points[1, 0] = float("nan")
    with pytest.raises(NotFiniteError, match=r"x0 is not finite at step 0, t = \d+ \(1 of 3 samples, torch.float64\)"):
        next(distill(Points(points), case.prior, SDS(), target=case.target, steps=2, rng=Generator()))


def test_a_loss_that_overflows_is_caught_where_every_gradient_is_finite():
    """|g|² of each sample is below the largest float32, and their sum above it."""
    case = Case(dtype=torch.float32)
    told = {"target": case.target, "steps": 1}

    def first(weight):
        method = SDS(weight=Constant(weight), times=Annealed(low=0.9, high=0.9))
        return next(distill(Points(case.x0), case.prior, method, rng=Generator().manual_seed(0), **told))

    largest = torch.finfo(torch.float32).max
    size = first(1.0).gradient_norm  # the mean of three of one size, about
    with pytest.raises(NotFiniteError, match="SDS: loss is not finite at step 0"):
        first((largest / 2) ** 0.5 / size)


def test_a_rate_that_blows_up_is_caught():
    with pytest.raises(NotFiniteError, match="lower the learning rate"):
        run(PDS(), steps=400, optimizer=lambda p: SGD(p, lr=1e6))


def test_weight_decay_is_warned_of():
    with pytest.warns(UserWarning, match="weight_decay=0"):
        run(SDS(), steps=1, optimizer=AdamW)


def test_impossible_runs_are_refused():
    with pytest.raises(InputError, match="steps = 0"):
        run(SDS(), steps=0)
    with pytest.raises(InputError, match="DDS edits, so it needs"):
        run(DDS(), source=None)
    case = Case()
    with pytest.raises(InputError, match="PDS edits, so it needs a source"):
        PDS().gradient(case.x0, case.prior, case.t, case.noise, case.target)


def test_presets_are_named():
    assert set(named()) <= set(METHODS)
    assert by_name("sdi-release") == SDI.release()
    assert by_name("pds") == PDS()
    assert by_name("pds").noise == Fresh()
    with pytest.raises(InputError, match="unknown method 'sdz': choose from bridge, bridge-release, csd"):
        by_name("sdz")


def test_sdi_is_sds_with_inverted_noise():
    case = Case()
    sds = SDS(noise=SDI().noise, weight=Rho(), times=SDI().times)
    assert torch.equal(case.gradient(SDI()), case.gradient(sds))


def test_a_weight_that_is_infinite_at_zero_terminal_snr_is_named():
    """The last level is noise alone: DDS works there, and chi of PDS does not."""
    table = linear().alphas_cumprod.clone()
    table[-1] = 0
    prior = Mixture(torch.zeros(1, 2), schedule=Tabulated(table))
    last = Uniform(1.0, 1.0)

    def once(method):
        told = prior.condition(0)
        rng = Generator().manual_seed(0)
        return list(distill(Points(torch.ones(2, 2)), prior, method, target=told, source=told, steps=1, rng=rng))

    assert once(DDS(times=last))[0].t.tolist() == [999, 999]
    with pytest.raises(NotFiniteError, match="gradient is not finite at step 0, t = 999, 999"):
        once(PDS(times=last))
