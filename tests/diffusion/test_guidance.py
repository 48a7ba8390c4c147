"""Closed-form identities of the rules of guidance, and of wrappers in a chain."""

import math
from dataclasses import replace

import pytest
import torch

from potstill import edit, generate
from potstill.diffusion.guidance import GUIDANCE_RULES, Guided, Interval, PerpNeg, Plain, Rescaled, unguided, with_scale
from potstill.diffusion.prior import Prediction, Query, predict
from potstill.diffusion.schedule import VP, Flow
from potstill.diffusion.wrappers import CallCounter, Clipped, Counted, Wrapper, count_calls, unwrap
from potstill.errors import InputError
from potstill.methods import CSD, SDS
from potstill.tasks.images.generating import Generate
from tests.methods.cases import Case

every_rule = pytest.mark.parametrize("rule", [rule() for rule in GUIDANCE_RULES], ids=lambda rule: type(rule).__name__)


def ask(case: Case, prior):
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    return predict(prior, Query(x_t, case.t, case.target))[0]


def same(first, second, atol: float = 1e-10) -> bool:
    return all(torch.allclose(a, b, atol=atol) for a, b in zip(first, second, strict=True))


@every_rule
def test_scale_1_is_conditional_and_without_guidance_it_is_the_prior(rule):
    case = Case()
    prior = Guided(case.mixture, 7.5, rule=rule)
    assert same(ask(case, with_scale(prior, 1.0)), ask(case, case.mixture))
    assert same(ask(case, with_scale(prior, 0.0)), ask(case, Guided(case.mixture, 0.0)))
    assert unguided(prior) is case.mixture
    assert prior.guidance_scale == 7.5
    assert with_scale(prior, 3.0) == replace(prior, scale=3.0)


@every_rule
def test_a_batch_gives_what_single_rows_give(rule):
    case = Case()
    prior = Guided(case.mixture, 7.5, rule=rule)
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    together = predict(prior, Query(x_t, case.t, case.target))[0]
    for row in range(3):
        alone = predict(prior, Query(x_t[row : row + 1], case.t[row : row + 1], case.target))[0]
        assert same([part[row : row + 1] for part in together], alone, 1e-12)


@every_rule
@pytest.mark.parametrize("schedule", [None, VP(), Flow()], ids=["table", "VP", "flow"])
def test_what_is_predicted_fits_x_t(rule, schedule):
    case = Case(schedule)
    avoided = ((0.8, case.mixture.condition(0)),) if rule.takes_avoided else ()
    hat = ask(case, Guided(case.mixture, 7.5, rule=rule, avoided=avoided))
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    alpha, sigma = (c[:, None] for c in case.mixture.schedule(case.t))
    assert torch.allclose(alpha * hat.x0 + sigma * hat.eps, x_t, atol=1e-9)


@every_rule
def test_both_branches_are_one_call_and_one_branch_needs_no_other(rule):
    case, counter = Case(), CallCounter()
    prior = Guided(case.mixture, 7.5, rule=rule)
    for each in (prior, with_scale(prior, 1.0)):
        ask(case, count_calls(each, counter))
    assert (counter.calls, counter.evaluations) == (2, 3 * (2 + 1))


@every_rule
def test_the_branches_of_several_queries_are_concatenated_once(rule, monkeypatch):
    """x_t, t, and the one entry of the condition, in the order of the branches: as if they were joined one by one."""
    case = Case()
    prior = Guided(case.mixture, 7.5, rule=rule)
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    queries = [Query(x_t, case.t, case.target), Query(2 * x_t, case.t, case.mixture.condition(0))]
    alone = [predict(prior, query)[0] for query in queries]
    joined, cat = [], torch.cat
    monkeypatch.setattr(type(case.mixture), "__call__", lambda self, x_t, t, condition: Prediction(x_t, x_t))
    monkeypatch.setattr(torch, "cat", lambda tensors, *rest: joined.append(len(tensors)) or cat(tensors, *rest))
    predict(prior, *queries)
    assert joined == [4, 4, 4]
    monkeypatch.undo()
    for both, single in zip(predict(prior, *queries), alone, strict=True):
        assert all(map(torch.equal, both, single))


@pytest.mark.parametrize("negative", [{}, Case().mixture.condition(0)])
def test_each_rule_holds_plain_guidance(negative):
    case = Case()
    plain = ask(case, Guided(case.mixture, 7.5, negative))
    for rule in (Rescaled(0.0), Interval(0.0, 1.0), PerpNeg()):
        assert same(ask(case, Guided(case.mixture, 7.5, negative, rule)), plain)


@pytest.mark.parametrize("rescale", [0.3, 1.0])
def test_rescaled_guidance_has_the_spread_of_the_conditional(rescale):
    case = Case()
    alpha, sigma = (c[:, None] for c in case.mixture.schedule(case.t))
    plain = Guided(case.mixture, 7.5)
    priors = (replace(plain, rule=Rescaled(rescale)), case.mixture, plain)
    rescaled, cond, guided = (ask(case, prior).v(alpha, sigma) for prior in priors)
    stds = [v.std(1) for v in (rescaled, cond, guided)]
    assert torch.allclose(stds[0], rescale * stds[1] + (1 - rescale) * stds[2])
    assert torch.allclose(rescaled / guided, (stds[0] / stds[2])[:, None].expand(3, 3))  # nothing but a factor


def test_an_interval_guides_within_it_alone():
    case = Case()  # at 10, 50 and 90 %
    prior = Guided(case.mixture, 7.5)
    hat, plain, cond = (ask(case, each) for each in (replace(prior, rule=Interval()), prior, case.mixture))
    for part, inside, outside in zip(hat, plain, cond, strict=True):
        assert torch.allclose(part, torch.stack([outside[0], inside[1], outside[2]]), atol=1e-12)
    counter = CallCounter()
    ask(case, count_calls(replace(prior, rule=Interval(0.2, 0.4)), counter))
    assert counter.evaluations == 3


def test_perp_neg_ignores_what_is_parallel():
    """The prompt itself, and anything in its direction, cannot be avoided."""
    case = Case()
    plain = Guided(case.mixture, 7.5)
    parallel = replace(plain, rule=PerpNeg(), avoided=((2.0, case.target),))
    assert same(ask(case, parallel), ask(case, plain))


def test_perp_neg_takes_away_what_stands_at_right_angles():
    case = Case()
    avoided = case.mixture.condition(0)
    hat = ask(case, Guided(case.mixture, 7.5, rule=PerpNeg(0.5), avoided=((1.6, avoided), (6.0, case.target))))
    cond, plain, uncond = (ask(case, Guided(case.mixture, scale)) for scale in (1.0, 7.5, 0.0))
    case.target = avoided
    other = ask(case, case.mixture)
    d, away = cond.eps - uncond.eps, plain.eps - hat.eps
    assert torch.allclose((away * d).sum(1), torch.zeros(3, dtype=torch.float64), atol=1e-9)
    full = other.eps - uncond.eps
    right = full - (full * d).sum(1, keepdim=True) / d.square().sum(1, keepdim=True) * d
    assert torch.allclose(away, 7.5 * 0.8 * right, atol=1e-9)


def test_methods_that_compare_branches_see_them_through_any_wrapper():
    case = Case()
    expected = case.gradient(CSD())
    plain = Guided(case.mixture, 7.5)
    for prior in (replace(plain, rule=Rescaled()), count_calls(plain, CallCounter()), replace(plain, rule=PerpNeg())):
        case.prior = prior
        assert torch.equal(case.gradient(CSD()), expected)
    assert unguided(Clipped(plain)) == Clipped(case.mixture)
    case.prior = replace(plain, rule=Interval(0.0, 1.0))
    assert torch.allclose(case.gradient(SDS()), Case().gradient(SDS()), atol=1e-10)


class Noisy(Wrapper):
    """A wrapper as a user writes one: it defines its prediction and nothing else."""

    def __call__(self, x_t, t, condition):
        x0, eps = self.prior(x_t, t, condition)
        return Prediction(x0, eps + 1)


@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
def test_a_wrapper_that_knows_no_guidance_is_guided_once(scale):
    case = Case()
    for prior in (Noisy(Guided(case.mixture, 7.5)), Noisy(case.mixture), Noisy(Noisy(Guided(case.mixture, 7.5)))):
        scaled, wrappers = with_scale(prior, scale), []
        while isinstance(scaled, Wrapper):
            wrappers.append(type(scaled))
            scaled = scaled.prior
        assert wrappers.count(Guided) == 1
        assert [kind for kind in wrappers if kind is Noisy] == [Noisy] * (2 if isinstance(prior.prior, Noisy) else 1)
        assert with_scale(prior, scale).guidance_scale == scale
    once, plain = (ask(case, each) for each in (with_scale(Noisy(Guided(case.mixture, 7.5)), scale), case.mixture))
    assert same(once, ask(case, Noisy(Guided(case.mixture, scale))))
    assert same(ask(case, unguided(Noisy(Guided(case.mixture, 7.5)))), Prediction(plain.x0, plain.eps + 1))


def test_what_belongs_to_the_network_stays_inside_of_guidance():
    """A counter counts the call of all branches, also where guidance comes later."""
    case, counter = Case(), CallCounter()
    counted = Counted(case.mixture, counter)
    assert count_calls(Clipped(Guided(case.mixture, 7.5)), counter) == Clipped(Guided(counted, 7.5))
    assert with_scale(counted, 7.5) == Guided(counted, 7.5)
    assert with_scale(Clipped(counted), 7.5) == Clipped(Guided(counted, 7.5))
    assert unwrap(Clipped(Guided(counted, 7.5))) is case.mixture


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rescaled(rescale=1.5), "rescale = 1.5 must be a finite number from 0 to 1"),
        (lambda: Interval(low=0.9), "guidance from 0.9 to 0.8 must satisfy"),
        (lambda: Guided(Case().mixture, 7.5, rule=PerpNeg(), avoided=((math.inf, {}),)), r"weights = \[inf\] of the"),
        (lambda: PerpNeg(float("nan")), "weight = nan of PerpNeg must be a finite number"),
        (lambda: Guided(Case().mixture, 7.5, avoided=((1.0, {}),)), r"Plain\(\) takes no conditions to avoid"),
    ],
)
def test_misfits_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


@every_rule
def test_a_setting_makes_a_wrapper_and_comes_back_from_a_record(priors, rule):
    prior = priors("sd")
    task = Generate(prompt="a pear", negative="a cup", guidance_scale=3.0, guidance=rule)
    assert Generate.of(task.settings()) == task
    wrapper = task.guided(prior, task.method)
    assert wrapper.rule == rule
    assert (wrapper.guidance_scale, unguided(wrapper)) == (3.0, prior)
    assert wrapper.avoided == (((1.0, prior.encode_prompt("a cup")),) if rule.takes_avoided else ())


@pytest.mark.parametrize(
    ("earlier", "rule"),
    [
        ("Plain()", Plain()),
        ("Rescale(0.3)", Rescaled(0.3)),
        ("Rescale(rescale=0.3)", Rescaled(0.3)),
        ("Within(0.2, 0.4)", Interval(0.2, 0.4)),
        ("Perpendicular()", PerpNeg()),
        ("Perpendicular(weight=0.5)", PerpNeg(0.5)),
    ],
)
def test_rules_in_earlier_records_are_read(earlier, rule):
    assert Generate.of({"prompt": "a pear", "negative": "a cup", "guidance": earlier}).guidance == rule


def test_the_guidance_counts_in_a_run(priors):
    options = {"model": priors("sd"), "steps": 2, "negative": "a cup", "method": "sds"}
    ways = ("Plain()", "Rescaled(1.0)", "Interval(0.4, 0.6)", "PerpNeg()", "PerpNeg(0.5)")
    made = [generate("a pear", guidance=way, **options).images for way in ways]
    assert not any(torch.equal(a, b) for n, a in enumerate(made) for b in made[:n])
    same = generate("a pear", guidance=Interval(0.0, 1.0), **options).images
    assert torch.equal(same, made[0])
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    told = {"source": "a cup", "target": "a pear", "model": priors("sd"), "steps": 4}
    edits = [edit(image, guidance=way, method="sdedit", **told).images for way in ("Plain()", "Rescaled(1)")]
    assert not torch.equal(*edits)


@pytest.mark.parametrize(
    ("family", "settings", "message"),
    [
        ("sd", {"guidance": "PerpNeg()"}, "none: state negative"),
        ("sd", {"guidance": "Rescaled(2)"}, "rescale = 2.0 must be a finite number from 0 to 1"),
        ("sd", {"guidance": "Interval(0.8, 0.2)"}, "0 <= low <= high <= 1"),
        ("sd", {"guidance": "Rescaling()"}, "did you mean 'Rescaled'"),
        ("flux-dev", {"guidance": "Rescaled()"}, "no guidance but Plain"),
        ("ddpm", {"guidance": "Rescaled()"}, "no guidance but Plain"),
    ],
)
def test_guidance_that_does_not_fit_is_refused(priors, family, settings, message):
    with pytest.raises(InputError, match=message):
        generate("a pear", model=priors(family), steps=1, size=(16, 16), **settings)
