"""Runs that share the calls of a network: each is what it is alone."""

from dataclasses import replace

import pytest
import torch

from potstill import DDS, InputError
from potstill.diffusion.mixture import Mixture
from potstill.diffusion.prior import Prior, Query, predict
from potstill.diffusion.shared_calls import Batched, CallBatcher, Request
from potstill.errors import NotFiniteError
from potstill.priors.pipeline import Pipeline
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.generating import Generate
from tests.optional import needs

needs_peft = needs("peft")
PROMPTS = {"source": "a red apple", "target": "a green pear"}
METHODS = ("pds", "ism", "ddim-inversion", "IDS(noise=FixedPoint(iterations=1))", pytest.param("vsd", marks=needs_peft))


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(1))


def together(prior: Pipeline, size: int, works) -> dict:
    """The images that each work makes."""
    waiting = iter(enumerate(works))
    batcher = CallBatcher(size)

    def take(wait: bool):
        place, work = next(waiting, (None, None))
        return work and (lambda: (place, work(prior, batcher.attach(prior)).finish().images))

    return dict(batcher.run(take))


def edits(image, seeds=range(5), **settings):
    tasks = [Edit.of({**PROMPTS, "seed": seed, "steps": 2 + seed % 2, **settings}) for seed in seeds]
    return [lambda prior, shared, task=task: task.start({"image": image}, prior, denoiser=shared) for task in tasks]


def generations(method):
    tasks = [Generate.of({"prompt": "a pear", "method": method, "steps": 2, "seed": seed}) for seed in range(3)]
    return [lambda prior, shared, task=task: task.start({}, prior, denoiser=shared) for task in tasks]


def watched(prior: Pipeline, monkeypatch) -> list[int]:
    seen, bare = [], prior.network.forward

    def forward(x, *args, **kwargs):
        seen.append(len(x))
        return bare(x, *args, **kwargs)

    monkeypatch.setattr(prior.network, "forward", forward)
    return seen


def test_the_requests_of_all_runs_are_one_call_of_one_size(priors, image, monkeypatch):
    prior = priors("sd")
    seen = watched(prior, monkeypatch)
    together(prior, 3, edits(image))
    assert set(seen) == {12}  # three runs, source and target, conditional and unconditional
    assert len(seen) < 12  # which are the steps of all runs


@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
@pytest.mark.parametrize("method", METHODS)
def test_a_run_does_not_depend_on_those_it_meets(priors, image, method):
    prior = priors("sd")
    makes = generations(method) if method in ("ism", "vsd") else edits(image, method=method)
    other = edits(image, seeds=[9], method=DDS(), size=(24, 40))
    many = together(prior, 3, [*makes, *other])
    for place, make in enumerate(makes[:2]):
        assert torch.equal(make(prior, CallBatcher(3).attach(prior)).finish().images, many[place])
        torch.testing.assert_close(make(prior, None).finish().images, many[place], rtol=0, atol=2e-3)
        assert torch.equal(make(prior, None).finish().images, together(prior, 1, [make])[0])


@pytest.mark.parametrize("family", ["sdxl", "sd3", "flux-dev", "pixart-alpha", "pixels"])
def test_every_family_can_share_its_calls(priors, image, family):
    """Flux is told its guidance scale by the call, so rows of two scales are two calls."""
    prior = priors(family)
    works = [edits(image, seeds=[0], guidance_scale=scale, size=(32, 32))[0] for scale in (2.0, 5.0)]
    for place, made in together(prior, 2, works).items():
        torch.testing.assert_close(made, works[place](prior, None).finish().images, rtol=0, atol=1e-3)


def test_a_run_that_fails_leaves_the_others_alone(priors, image):
    prior = priors("sd")
    good = edits(image, seeds=[0])[0]
    bad = edits(image, seeds=[0], learning_rate=1e36)[0]

    def failing(prior: Pipeline, shared: Prior):
        with pytest.raises(NotFiniteError):
            bad(prior, shared).finish()
        return good(prior, shared)

    alone = together(prior, 2, [good])[0]
    for made in together(prior, 2, [good, failing, good]).values():
        assert torch.equal(made, alone)


def test_what_the_network_raises_reaches_who_asked_and_the_threads_end(priors, image, monkeypatch):
    import threading

    prior = priors("sd")
    monkeypatch.setattr(prior.network, "forward", lambda *args, **kwargs: 1 / 0)
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        together(prior, 2, edits(image))
    assert threading.active_count() == before


@pytest.mark.parametrize("size", [0, 257])
def test_sizes_are_checked(size):
    with pytest.raises(InputError, match="must be from 1 to 256"):
        CallBatcher(size)


def query(grad: bool = False) -> Query:
    x_t = torch.randn(2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64).requires_grad_(grad)
    return Query(x_t, torch.tensor([100.0, 900.0]), {"label": torch.tensor([0])})


def test_two_networks_that_get_equal_requests_give_their_own_answers():
    priors = [Mixture(torch.full((1, 2), centre, dtype=torch.float64)) for centre in (1.0, 2.0)]
    batcher, waiting = CallBatcher(4), [0, 1, 0, 1]

    def work(place: int):
        return place, predict(batcher.attach(priors[place]), query())[0]

    def take(wait: bool):
        return (lambda place=waiting.pop(): work(place)) if waiting else None

    found = list(batcher.run(take))
    assert sorted(place for place, _ in found) == [0, 0, 1, 1]
    for place, hat in found:
        assert all(map(torch.equal, hat, predict(priors[place], query())[0]))


def test_copies_of_a_prior_on_one_network_share_a_call_and_flux_at_two_scales_does_not(priors):
    def keys(*asked: Prior):
        return {Request(each, query()).key for each in asked}

    sd, flux = priors("sd"), priors("flux-dev")
    assert len(keys(sd, replace(sd))) == 1
    assert len(keys(flux, replace(flux))) == 1
    assert len(keys(sd, flux, replace(flux, guidance=2.0))) == 3


@needs_peft
def test_autograd_records_calls_for_inputs_and_for_weights_in_training(priors):
    prior = priors("sd")
    adapted = prior.trainable(2, torch.Generator().manual_seed(0))
    for each, asked, recorded in (
        (prior, query(), False),
        (prior, query(grad=True), True),
        (adapted, query(), True),
        (Batched(adapted, CallBatcher(2)), query(), True),
    ):
        request = Request(each, asked)
        assert request.differentiated == recorded
        with torch.no_grad():
            assert not request.differentiated
    x0, t = torch.randn(1, prior.channels, 8, 8), torch.tensor([300.0])
    loss = predict(CallBatcher(3).attach(adapted), Query(x0, t, prior.encode_prompt("a pear")))[0].eps.sum()
    assert all(gradient is not None for gradient in torch.autograd.grad(loss, adapted.trainable_weights))
