"""The bank of noise: what it keeps is what the prior says, and what it saves."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import Generator

from potstill import Guided, Points, distill
from potstill.diffusion.prior import Query, predict
from potstill.distillation import Progress
from potstill.errors import InputError, NotFiniteError
from potstill.methods import DDS, PDS, SDS, FlowEdit, Identity, InfEdit, Source
from potstill.methods.bank import DrawBank
from potstill.methods.times import Annealed, Stratified, Uniform
from potstill.priors import Mixture
from potstill.scenes import Projected
from potstill.tasks.settings.parsing import to_text
from tests.methods.cases import mixture

EDITORS = (
    *(DDS(), PDS(), PDS.consistent(), PDS(coefficients=Identity(0.1))),
    *(InfEdit(), InfEdit.release(), FlowEdit(), FlowEdit.sd3()),
)


def banked(method, steps, **bank):
    known = mixture()
    x_source = torch.randn(4, 3, generator=Generator().manual_seed(1), dtype=torch.float64)
    scene = Points(x_source.clone())
    told = {"target": known.condition(1), "source": known.condition(0)}
    run = distill(
        scene,
        Guided(known, 3.0),
        replace(method, noise=DrawBank(**bank)),
        steps=steps,
        rng=Generator().manual_seed(2),
        **told,
    )
    return scene, list(run)


@pytest.mark.parametrize("method", EDITORS, ids=to_text)
def test_kept_predictions_give_the_gradient_that_fresh_ones_give(method):
    known = mixture()
    prior, rng = Guided(known, 3.0), Generator().manual_seed(0)
    x0, x_source = (torch.randn(4, 3, generator=rng, dtype=torch.float64) for _ in range(2))
    target, origin = known.condition(1), Source(x_source, known.condition(0))
    filled = DrawBank(size=5).fill(method.times, method.source_prior(prior), origin, x0, rng)
    for number in range(5):
        t, noise, kept = filled.draw(number, origin)
        (hat,) = predict(
            method.source_prior(prior), Query(known.schedule.perturb(x_source, noise, t), t, origin.condition)
        )
        torch.testing.assert_close(kept.hat.eps, hat.eps, atol=1e-12, rtol=1e-12)
        found = method.gradient(x0, prior, t, noise, target, kept)
        torch.testing.assert_close(found, method.gradient(x0, prior, t, noise, target, origin), atol=1e-10, rtol=1e-10)


def test_a_step_costs_the_target_alone_once_the_bank_is_filled():
    size, steps, samples = 5, 40, 4
    _, run = banked(DDS(), steps, size=size)
    assert run[-1].evaluations == 2 * samples * (size + steps)  # conditional and unconditional
    assert {step.evaluations - before.evaluations for before, step in pairwise(run)} == {2 * samples}
    _, run = banked(DDS(), steps, size=size, refresh=20)
    assert run[-1].evaluations == 2 * samples * (2 * size + steps)


def test_a_bank_is_filled_in_few_calls(monkeypatch):
    """16 samples at once: five entries of four samples take one call of four entries and one of the last."""
    sizes, known, answer = [], mixture(), Mixture.__call__
    monkeypatch.setattr(Mixture, "__call__", lambda prior, x, *rest: sizes.append(len(x)) or answer(prior, x, *rest))
    x0 = torch.zeros(4, 3, dtype=torch.float64)
    DrawBank(size=5).fill(Uniform(), known, Source(x0, known.condition(0)), x0, Generator().manual_seed(0))
    assert sizes == [16, 4]


def test_a_bank_asks_about_the_source_at_its_own_guidance_scale():
    steps, samples = 10, 4
    _, run = banked(InfEdit.release(), steps, size=5)
    assert run[-1].evaluations == samples * (5 + 2 * steps)  # the source is not guided


@pytest.mark.parametrize("method", [DDS(), InfEdit()], ids=to_text)
def test_a_bank_larger_than_the_run_costs_no_more_than_fresh_noise(method):
    steps, samples = 6, 4
    _, run = banked(method, steps, size=64)
    assert run[-1].evaluations == 4 * samples * steps


@pytest.mark.parametrize("rule", [Uniform(0.1, 0.9), Stratified(0.1, 0.9)])
def test_in_strata_random_times_are_one_in_each_and_come_round_after_round(rule):
    _, run = banked(replace(DDS(), times=rule), 20, size=10, strata=True)
    times = torch.stack([step.t for step in run])
    assert torch.equal(times[:10], times[10:])
    shares = (mixture().schedule.time(torch.tensor([0.1, 0.9])) - times[:10, :, None]).abs()
    position = shares[..., 0] / shares.sum(-1)
    for sample in position.T:
        assert (sample.sort().values * 10).long().clamp(max=9).tolist() == pytest.approx(list(range(10)), abs=1)


@pytest.mark.parametrize("rule", [Uniform(0.1, 0.9), Stratified(0.1, 0.9)])
def test_else_they_are_distributed_as_the_rule_draws_them(rule):
    """The means of t and t² agree within four standard errors."""
    known, rng, size, batch = mixture(), Generator().manual_seed(0), 500, 4
    drawn = torch.stack([rule(known.schedule, batch, step, size, rng) for step in range(size)]).double()
    kept = DrawBank(size).fill(rule, known, None, torch.zeros(batch, 3), rng).times.double()
    for power in (1, 2):
        a, b = drawn.pow(power), kept.pow(power)
        assert (a.mean() - b.mean()).abs() < 4 * (2 * a.var() / a.numel()) ** 0.5


@pytest.mark.parametrize("strata", [False, True])
def test_falling_times_fall_once(strata):
    _, run = banked(replace(DDS(), times=Annealed()), 20, size=10, strata=strata)
    times = torch.stack([step.t for step in run])
    assert (times.diff(dim=0) <= 0).all()
    assert times[:, 0].unique(return_counts=True)[1].tolist() == [2] * 10


def test_a_bank_as_large_as_the_run_edits_as_fresh_noise_does():
    """In the mean over seeds and points: the entries are a sample of the same times and noises."""
    fresh, kept = [], []
    for method, ends in ((PDS(), fresh), (replace(PDS(), noise=DrawBank(size=100)), kept)):
        for seed in range(4):
            known = mixture()
            scene = Points(torch.randn(16, 3, generator=Generator().manual_seed(5), dtype=torch.float64))
            told = {"target": known.condition(1), "source": known.condition(0)}
            for _ in distill(scene, Guided(known, 3.0), method, steps=100, rng=Generator().manual_seed(seed), **told):
                pass
            ends.append(scene.points.detach().mean(0))
    spread = torch.stack(fresh).std(0).norm() / 4**0.5
    assert (torch.stack(fresh).mean(0) - torch.stack(kept).mean(0)).norm() < 4 * spread


def test_a_step_that_is_not_finite_leaves_the_bank_as_it_was():
    """Where the entries were drawn anew in that step, the earlier ones are back, and the generator where it was."""
    known, progress, rng = mixture(), Progress(), Generator().manual_seed(2)
    scene = Points(torch.randn(4, 3, generator=Generator().manual_seed(1), dtype=torch.float64))
    method = replace(DDS(), noise=DrawBank(size=2, refresh=3))
    told = {"target": known.condition(1), "source": known.condition(0)}
    run = distill(scene, Guided(known, 3.0), method, steps=6, rng=rng, progress=progress, **told)
    for _ in range(3):
        next(run)
    assert progress.memory is not None
    kept, state = progress.memory.bank, rng.get_state()
    with torch.no_grad():
        scene.points[0, 0] = float("nan")
    with pytest.raises(NotFiniteError, match="at step 3"):
        next(run)
    assert progress.memory.bank is kept
    assert torch.equal(rng.get_state(), state)


@pytest.mark.parametrize("rule", [Uniform(), Annealed()])
@pytest.mark.parametrize("steps", [6, 40])
def test_a_resumed_run_of_another_length_uses_the_entries_there_are(rule, steps):
    """Ten entries of a run of ten steps, stopped after four: all steps that remain draw from them."""
    known, progress, drawn = mixture(), Progress(), []
    scene = Points(torch.zeros(4, 3, dtype=torch.float64))
    options = {"rng": Generator().manual_seed(2), "progress": progress, "target": known.condition(1)}
    options |= {"source": known.condition(0), "source_scene": Points(torch.zeros(4, 3, dtype=torch.float64))}
    method = replace(DDS(), times=rule, noise=DrawBank(size=64))
    run = distill(scene, Guided(known, 3.0), method, steps=10, **options)
    for _ in range(4):
        next(run)
    entries = progress.memory.bank.times.tolist()
    drawn = [step.t.tolist() for step in distill(scene, Guided(known, 3.0), method, steps=steps, **options)]
    assert len(entries) == 10
    assert len(drawn) == steps - 4
    assert all(t in entries for t in drawn)


def test_a_bank_is_refused_where_the_view_changes():
    scene = Projected(torch.zeros(4, 3, dtype=torch.float64))
    known = mixture()
    method = replace(SDS(), noise=DrawBank())
    with pytest.raises(InputError, match="which changes with the view: use fresh noise"):
        next(distill(scene, known, method, target=known.condition(1), steps=2, rng=Generator()))


@pytest.mark.parametrize("numbers", [{"size": 0}, {"refresh": 0}])
def test_numbers_are_checked(numbers):
    with pytest.raises(InputError, match="= 0 must be a whole number from 1 to"):
        DrawBank(**numbers)
