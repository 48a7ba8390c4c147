"""The models of the renders: the exact one against a mixture, the learned one by what it must and must not change."""

import importlib.util
import math

import pytest
import torch
from torch import Generator
from torch.optim import Adam

from potstill import distill, generate
from potstill.diffusion.guidance import Guided, with_scale
from potstill.diffusion.prior import Query, predict
from potstill.diffusion.schedule import VP, Flow
from potstill.distillation import Progress
from potstill.errors import InputError, NotFiniteError
from potstill.methods import CSD, SDS, VSD
from potstill.methods.render_model import DefaultRenderModel, Empirical, EmpiricalPrior, LoRAModel, WithRenderModel
from potstill.priors import Mixture
from potstill.scenes import Latents, Points
from potstill.tensors import normal
from tests.methods.cases import Case
from tests.optional import needs

needs_peft = needs("peft")


@pytest.mark.parametrize("schedule", [None, VP(), Flow()], ids=["table", "VP", "flow"])
def test_the_exact_model_is_a_mixture_without_width(schedule):
    case = Case(schedule)
    points = case.renders.points
    x_t = case.mixture.schedule.perturb(case.x0, case.noise, case.t)
    told = {"label": torch.tensor([0])}
    narrow = Mixture(points, width=1e-9, schedule=case.mixture.schedule)
    found, truth = (predict(prior, Query(x_t, case.t, told))[0] for prior in (case.renders, narrow))
    assert torch.allclose(found.x0, truth.x0, atol=1e-10)
    assert torch.allclose(found.eps, truth.eps, atol=1e-10)


def test_vsd_keeps_the_spread_that_sds_loses():
    """On a Gaussian: SDS ends in its mean, and 60 points under VSD end as a sample of it."""
    prior = Mixture(torch.tensor([[1.0, -0.5]]), width=0.5)
    left = {}
    for method in (SDS(), VSD()):
        scene = Points(2 * torch.randn(60, 2, generator=Generator().manual_seed(1)))
        optimizer = Adam(scene.parameters(), lr=0.05)
        rng, target = Generator().manual_seed(0), prior.condition(0)
        list(distill(scene, prior, method, target=target, steps=250, rng=rng, optimizer=optimizer))
        points = scene.points.detach()
        assert (points.mean(0) - prior.centres[0]).norm() < 0.2
        left[type(method)] = float(points.std(0).mean()) / prior.width
    assert left[SDS] < 0.4
    assert 0.8 < left[VSD] < 1.3


@needs_peft
@pytest.mark.parametrize("family", ["sd", "sd3", "pixels"])
def test_a_learned_model_begins_as_the_prior_and_then_learns(priors, family):
    """Before any lesson VSD is (s - 1) CSD; lessons lower the denoising loss and leave the prior alone."""
    prior = priors(family)
    rng, method = Generator().manual_seed(3), VSD(render_model=LoRAModel(learning_rate=0.01))
    x0 = torch.randn(2, prior.channels, 8, 8, generator=rng)
    noise, t = normal(x0, rng), prior.schedule.time(torch.tensor([0.3, 0.7]))
    target = {**prior.encode_prompt("a pear"), **prior.size_condition(x0)}
    before = {name: value.clone() for name, value in prior.network.state_dict().items()}
    state = torch.get_rng_state()
    guided = Guided(prior, 4.0)
    learner = method.init(guided, rng).render_model

    with torch.no_grad():
        gradient = method.gradient(x0, WithRenderModel(guided, learner), t, noise, target)
        assert torch.allclose(gradient, 3 * CSD().gradient(x0, guided, t, noise, target), atol=1e-5)

    draws = [(normal(x0, rng), prior.schedule.time(torch.rand(2, generator=rng))) for _ in range(8)]

    def loss() -> float:
        with torch.no_grad():
            return float(sum(learner.prior.loss(x0, *draw, target) for draw in draws))

    first = loss()
    assert [learner.train_step(x0, target, rng) for _ in range(30)] == [1] * 30
    assert loss() < first
    after = prior.network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
@needs_peft
@pytest.mark.parametrize("begun", [False, True], ids=["first step", "second step"])
def test_a_step_that_is_not_finite_teaches_nothing(priors, begun):
    """Repaired, the run ends in the bytes of one that met no infinity."""
    prior, ends = priors("sd"), []
    for broken in (False, True):
        scene, rng, progress = Latents(torch.ones(1, 4, 8, 8), prior.codec), Generator().manual_seed(0), Progress()
        options = {"target": prior.encode_prompt("a pear"), "steps": 3, "rng": rng, "progress": progress}
        options["optimizer"] = Adam(scene.parameters(), lr=0.05)
        run = distill(scene, prior, VSD(render_model=LoRAModel()), **options)
        if begun:
            next(run)
        if broken:
            good = scene.latents.detach().clone()
            with torch.no_grad():
                scene.latents[0, 0, 0, 0] = math.inf
            with pytest.raises(NotFiniteError, match="x0 is not finite"):
                next(run)
            with torch.no_grad():
                scene.latents.copy_(good)
            run = distill(scene, prior, VSD(render_model=LoRAModel()), **options)
        list(run)
        ends += [scene.latents.detach(), *progress.memory.render_model.state()["weights"].values()]
    half = len(ends) // 2
    assert all(torch.equal(sound, repaired) for sound, repaired in zip(ends[:half], ends[half:], strict=True))


@needs_peft
@pytest.mark.filterwarnings("ignore:VSD does not compare")
def test_the_same_seed_gives_the_same_bytes_and_a_lesson_counts(priors):
    options = {"model": priors("sd"), "method": VSD(), "steps": 3, "guidance_scale": 2.0}
    first, again, other = (generate("a pear", seed=seed, **options) for seed in (1, 1, 2))
    assert torch.equal(first.images, again.images)
    assert not torch.equal(first.images, other.images)
    assert [record["evaluations"] for record in first.trace] == [4, 8, 12]
    exact = generate("a pear", **{**options, "method": VSD(render_model=Empirical())})
    assert exact.trace[-1]["evaluations"] == 6  # those of the prior: the exact model asks no network


@needs_peft
def test_a_network_told_its_guidance_is_learned_without(priors):
    learner = LoRAModel().learner(with_scale(priors("flux-dev"), 6.0), Generator())
    assert learner.prior.guidance_scale == 1.0


def test_what_fits_the_prior_is_taken():
    rng = Generator()
    assert isinstance(DefaultRenderModel().learner(Guided(Case().mixture, 7.5), rng), EmpiricalPrior)
    with pytest.raises(InputError, match=r"Mixture has no network to adapt: use render_model=Empirical\(\)"):
        LoRAModel().learner(Guided(Case().mixture, 7.5), rng)


@needs_peft
def test_a_network_that_cannot_be_adapted_is_refused(priors, monkeypatch):
    prior = priors("ddpm")
    for name in ("to_q", "nowhere"):
        monkeypatch.setattr("potstill.priors.lora._ATTENTION", (name,))
        if name == "to_q":
            LoRAModel().learner(prior, Generator())
    with pytest.raises(InputError, match="has no attention to adapt"):
        LoRAModel().learner(prior, Generator())
    monkeypatch.setattr(prior.network, "_hf_hook", None, raising=False)
    with pytest.raises(InputError, match="without cpu_offload"):
        LoRAModel().learner(prior, Generator())


@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
def test_a_learned_model_needs_peft(priors, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "peft" else find(name, *rest))
    with pytest.raises(InputError, match=r"run `pip install potstill\[lora\]`"):
        generate("a pear", model=priors("sd"), method="vsd", steps=1)


@pytest.mark.parametrize(("rank", "rate"), [(0, 1e-4), (4, 0.0), (4, -1.0), (4, float("nan"))])
@pytest.mark.parametrize("kind", [LoRAModel, DefaultRenderModel])
def test_numbers_out_of_range_are_refused(kind, rank, rate):
    with pytest.raises(InputError, match=r"rank of .* from 1 to 1,024|rate = .* must be"):
        kind(rank, rate)


def test_a_model_that_knows_no_renders_says_so():
    case = Case()
    with pytest.raises(InputError, match="no model of the renders"):
        VSD().gradient(case.x0, case.prior, case.t, case.noise, case.target)
    model = EmpiricalPrior(case.mixture)
    with pytest.raises(InputError, match="call train_step first"):
        VSD().gradient(case.x0, WithRenderModel(case.prior, model), case.t, case.noise, case.target)
    with pytest.raises(InputError, match="different views"):
        model.train_step(case.x0, {"camera": torch.randn(3, 2, 3, dtype=torch.float64)}, Generator())


def test_a_training_step_counts_for_every_sample(monkeypatch):
    """Three samples: one evaluation of the prior and of the model each, and five of a training step."""
    train_step = EmpiricalPrior.train_step
    monkeypatch.setattr(EmpiricalPrior, "train_step", lambda model, *values: train_step(model, *values) + 5)
    case = Case()
    run = distill(Points(case.x0), case.mixture, VSD(), target=case.target, steps=2, rng=Generator().manual_seed(0))
    assert [step.evaluations for step in run] == [3 * 7, 6 * 7]
