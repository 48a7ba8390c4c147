"""Closed-form identities of the ways to guide, and of prompts that depend on the view."""

from dataclasses import replace

import pytest
import torch

from potstill import edit, generate
from potstill.diffusion.guidance import Interval, PerpNeg, Rescaled
from potstill.diffusion.guiding import GUIDANCE_RULES, Perpendicular, Plain, Rescale, Within
from potstill.diffusion.prior import Clipped, Guidance, Guided, Query, Tally, predict
from potstill.diffusion.schedule import VP, Flow
from potstill.errors import InputError
from potstill.methods import CSD, SDS
from potstill.scenes.view_prompts import ViewPrompts
from potstill.tasks.generating import Generate
from tests.methods.cases import Case

WAYS = {cls.__name__: cls for cls in Guidance.__subclasses__()}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def ask(case: Case, prior):
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    return predict(prior, Query(x_t, case.t, case.target))[0]


def same(first, second, atol: float = 1e-10) -> bool:
    return all(torch.allclose(a, b, atol=atol) for a, b in zip(first, second, strict=True))


@every_way
def test_scale_1_is_conditional_and_bare_is_the_prior(way):
    case = Case()
    prior = way(case.mixture, 7.5)
    assert same(ask(case, prior.guided(1.0)), ask(case, case.mixture))
    assert same(ask(case, prior.guided(0.0)), ask(case, Guided(case.mixture, 0.0)))
    assert prior.bare is case.mixture
    assert prior.guidance_scale == 7.5
    assert prior.guided(3.0).guidance_scale == 3.0


@every_way
def test_a_batch_gives_what_single_rows_give(way):
    case = Case()
    prior = way(case.mixture, 7.5)
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    together = predict(prior, Query(x_t, case.t, case.target))[0]
    for row in range(3):
        alone = predict(prior, Query(x_t[row : row + 1], case.t[row : row + 1], case.target))[0]
        assert same([part[row : row + 1] for part in together], alone, 1e-12)


@every_way
@pytest.mark.parametrize("schedule", [None, VP(), Flow()], ids=["table", "VP", "flow"])
def test_what_is_predicted_fits_x_t(way, schedule):
    case = Case(schedule)
    avoided = {"avoided": (case.mixture.condition(0),), "weights": (0.8,)} if way is PerpNeg else {}
    hat = ask(case, way(case.mixture, 7.5, **avoided))
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    alpha, sigma = (c[:, None] for c in case.mixture.schedule(case.t))
    assert torch.allclose(alpha * hat.x0 + sigma * hat.eps, x_t, atol=1e-9)


@every_way
def test_both_branches_are_one_call_and_one_branch_needs_no_other(way):
    case = Case()
    tally = Tally()
    for prior in (way(case.mixture, 7.5), way(case.mixture, 7.5).guided(1.0)):
        ask(case, prior.counted(tally))
    assert (tally.calls, tally.evaluations) == (2, 3 * (2 + 1))


@pytest.mark.parametrize("negative", [{}, Case().mixture.condition(0)])
def test_each_way_holds_plain_guidance(negative):
    case = Case()
    plain = ask(case, Guided(case.mixture, 7.5, negative))
    for prior in (
        Rescaled(case.mixture, 7.5, negative, rescale=0.0),
        Interval(case.mixture, 7.5, negative, low=0.0, high=1.0),
        PerpNeg(case.mixture, 7.5, negative),
    ):
        assert same(ask(case, prior), plain)


@pytest.mark.parametrize("rescale", [0.3, 1.0])
def test_rescaled_guidance_has_the_spread_of_the_conditional(rescale):
    case = Case()
    alpha, sigma = (c[:, None] for c in case.mixture.schedule(case.t))
    priors = (Rescaled(case.mixture, 7.5, rescale=rescale), case.mixture, Guided(case.mixture, 7.5))
    rescaled, cond, guided = (ask(case, prior).v(alpha, sigma) for prior in priors)
    stds = [v.std(1) for v in (rescaled, cond, guided)]
    assert torch.allclose(stds[0], rescale * stds[1] + (1 - rescale) * stds[2])
    assert torch.allclose(rescaled / guided, (stds[0] / stds[2])[:, None].expand(3, 3))  # nothing but a factor


def test_an_interval_guides_within_it_alone():
    case = Case()  # at 10, 50 and 90 %
    hat, plain, cond = (
        ask(case, prior) for prior in (Interval(case.mixture, 7.5), Guided(case.mixture, 7.5), case.mixture)
    )
    for part, inside, outside in zip(hat, plain, cond, strict=True):
        assert torch.allclose(part, torch.stack([outside[0], inside[1], outside[2]]), atol=1e-12)
    tally = Tally()
    ask(case, Interval(case.mixture, 7.5, low=0.2, high=0.4).counted(tally))
    assert tally.evaluations == 3


def test_perp_neg_ignores_what_is_parallel():
    """The prompt itself, and anything in its direction, cannot be avoided."""
    case = Case()
    plain = Guided(case.mixture, 7.5)
    parallel = PerpNeg(case.mixture, 7.5, avoided=(case.target,), weights=(2.0,))
    assert same(ask(case, parallel), ask(case, plain))


def test_perp_neg_takes_away_what_stands_at_right_angles():
    case = Case()
    avoided = case.mixture.condition(0)
    hat = ask(case, PerpNeg(case.mixture, 7.5, avoided=(avoided, case.target), weights=(0.8, 3.0)))
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
    for prior in (Rescaled(case.mixture, 7.5), Guided(case.mixture, 7.5).counted(Tally()), PerpNeg(case.mixture, 7.5)):
        case.prior = prior
        assert torch.equal(case.gradient(CSD()), expected)
    assert isinstance(Clipped(Guided(case.mixture, 7.5)).bare, Clipped)
    case.prior = Interval(case.mixture, 7.5, low=0.0, high=1.0)
    assert torch.allclose(case.gradient(SDS()), Case().gradient(SDS()), atol=1e-10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda prior: Rescaled(prior, 7.5, rescale=1.5), "rescale = 1.5 must be in"),
        (lambda prior: Interval(prior, 7.5, low=0.9), "guidance from 0.9 to 0.8 must satisfy"),
        (lambda prior: PerpNeg(prior, 7.5, weights=(1.0,)), "for 0 avoided conditions"),
        (lambda prior: PerpNeg(prior, 7.5, avoided=({},), weights=(float("nan"),)), "give a finite one"),
    ],
)
def test_misfits_are_named(change, message):
    with pytest.raises(InputError, match=message):
        change(Case().mixture)


def views() -> ViewPrompts:
    told = torch.eye(4, dtype=torch.float64)[:, None, :]
    return ViewPrompts(*({"states": told[n], "mask": torch.tensor([[n, 1]])} for n in range(4)))


def test_views_are_mixed_by_azimuth():
    azimuth = torch.tensor([0.0, 45.0, 90.0, -90.0, 180.0, -150.0, 400.0, 10.0])
    elevation = torch.tensor([0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.0, 80.0])
    told = views()(azimuth, elevation)
    third, ninth = 1 / 3, 4 / 9
    expected = [
        [1, 0, 0, 0],
        [0.5, 0.5, 0, 0],
        [0, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, third, 1 - third, 0],
        [1 - ninth, ninth, 0, 0],
        [0, 0, 0, 1],
    ]
    assert torch.allclose(told["states"], torch.tensor(expected, dtype=torch.float64), atol=1e-6)
    assert told["mask"][[0, 2, 4, 7], 0].tolist() == [0, 1, 2, 3]


def test_views_sum_to_one_and_join_where_the_circle_closes():
    azimuth = torch.linspace(-180, 180, 721)
    told = views()(azimuth, torch.zeros(721))["states"]
    assert torch.allclose(told.sum(1), torch.ones(721, dtype=torch.float64))
    assert told.diff(dim=0).abs().max() < 0.01
    assert torch.allclose(told, told.flip(0), atol=1e-5)


def test_views_must_have_the_same_entries():
    with pytest.raises(InputError, match="the same entries"):
        replace(views(), back={})


def test_views_of_a_prompt(priors):
    prior = priors("sd")
    told = ViewPrompts.of(prior, "a cup")
    state = told(torch.tensor([90.0, 0.0]), torch.zeros(2))["encoder_hidden_states"]
    assert torch.allclose(state[0], prior.tell("a cup, side view")["encoder_hidden_states"][0])
    assert torch.allclose(state[1], prior.tell("a cup, front view")["encoder_hidden_states"][0])


@pytest.mark.parametrize("guiding", GUIDANCE_RULES)
def test_a_setting_makes_a_wrapper_and_comes_back_from_a_record(priors, guiding):
    prior = priors("sd")
    task = Generate(prompt="a pear", negative="a cup", guidance_scale=3.0, guidance=guiding())
    assert Generate.of(task.settings()) == task
    wrapper = task.guided(prior)
    assert type(wrapper) is {Plain: Guided, Rescale: Rescaled, Within: Interval, Perpendicular: PerpNeg}[guiding]
    assert (wrapper.guidance_scale, wrapper.bare) == (3.0, prior)


def test_the_guidance_counts_in_a_run(priors):
    options = {"model": priors("sd"), "steps": 2, "negative": "a cup", "method": "sds"}
    ways = ("Plain()", "Rescale(1.0)", "Within(0.4, 0.6)", "Perpendicular()", "Perpendicular(0.5)")
    made = [generate("a pear", guidance=way, **options).images for way in ways]
    assert not any(torch.equal(a, b) for n, a in enumerate(made) for b in made[:n])
    same = generate("a pear", guidance=Within(0.0, 1.0), **options).images
    assert torch.equal(same, made[0])
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    told = {"source": "a cup", "target": "a pear", "model": priors("sd"), "steps": 4}
    edits = [edit(image, guidance=way, method="sdedit", **told).images for way in ("Plain()", "Rescale(1)")]
    assert not torch.equal(*edits)


@pytest.mark.parametrize(
    ("family", "settings", "message"),
    [
        ("sd", {"guidance": "Perpendicular()"}, "none: state negative"),
        ("sd", {"guidance": "Rescale(2)"}, "rescale = 2.0 must be in"),
        ("sd", {"guidance": "Within(0.8, 0.2)"}, "0 <= low <= high <= 1"),
        ("sd", {"guidance": "Rescaled()"}, "did you mean 'Rescale'"),
        ("flux-dev", {"guidance": "Rescale()"}, "no guidance but Plain"),
        ("ddpm", {"guidance": "Rescale()"}, "no guidance but Plain"),
    ],
)
def test_guidance_that_does_not_fit_is_refused(priors, family, settings, message):
    with pytest.raises(InputError, match=message):
        generate("a pear", model=priors(family), steps=1, size=(16, 16), **settings)
