"""Runs that share the calls of a network: each is what it is alone."""

import pytest
import torch

from potstill import DDS, InputError, edit_steps, generate_steps
from potstill.diffusion.shared_calls import Meeting
from potstill.errors import NotFiniteError
from potstill.priors.pipeline import Pipeline

PROMPTS = {"source": "a red apple", "target": "a green pear"}
METHODS = ("pds", "ism", "ddim-inversion", "IDS(noise=FixedPoint(iterations=1))")


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(1))


def together(prior: Pipeline, size: int, works) -> dict:
    """The images that each work makes, and the batch sizes that the network was asked with."""
    waiting = iter(enumerate(works))
    meeting = Meeting(size)
    shared = meeting.join(prior)

    def take(wait: bool):
        place, work = next(waiting, (None, None))
        return work and (lambda: (place, work(shared).finish().images))

    return dict(meeting.run(take))


def edits(image, seeds=range(5), **settings):
    return [
        lambda prior, seed=seed: edit_steps(image, model=prior, seed=seed, steps=2 + seed % 2, **PROMPTS, **settings)
        for seed in seeds
    ]


def watched(prior: Pipeline, monkeypatch) -> list[int]:
    seen, bare = [], prior.network.forward

    def forward(x, *args, **kwargs):
        seen.append(len(x))
        return bare(x, *args, **kwargs)

    monkeypatch.setattr(prior.network, "forward", forward)
    return seen


def test_questions_of_all_runs_are_one_call_of_one_size(priors, image, monkeypatch):
    prior = priors("sd")
    seen = watched(prior, monkeypatch)
    together(prior, 3, edits(image))
    assert set(seen) == {12}  # three runs, source and target, conditional and unconditional
    assert len(seen) < 12  # which are the steps of all runs


@pytest.mark.parametrize("method", METHODS)
def test_a_run_does_not_depend_on_those_it_meets(priors, image, method):
    prior = priors("sd")
    makes = edits(image, method=method) if method != "ism" else [
        lambda shared, seed=seed: generate_steps("a pear", model=shared, method=method, steps=2, seed=seed)
        for seed in range(3)
    ]  # fmt: skip
    other = edits(image, seeds=[9], method=DDS(), size=(24, 40))
    many = together(prior, 3, [*makes, *other])
    for place, make in enumerate(makes[:2]):
        assert torch.equal(make(Meeting(3).join(prior)).finish().images, many[place])
        torch.testing.assert_close(make(prior).finish().images, many[place], rtol=0, atol=2e-3)
        assert torch.equal(make(prior).finish().images, together(prior, 1, [make])[0])


@pytest.mark.parametrize("family", ["sdxl", "sd3", "flux-dev", "pixart-alpha", "pixels"])
def test_every_family_can_share_its_calls(priors, image, family):
    """Flux is told its guidance scale by the call, so rows of two scales are two calls."""
    prior = priors(family)
    works = [edits(image, seeds=[0], guidance_scale=scale, size=(32, 32))[0] for scale in (2.0, 5.0)]
    for place, made in together(prior, 2, works).items():
        torch.testing.assert_close(made, works[place](prior).finish().images, rtol=0, atol=1e-3)


def test_a_run_that_fails_leaves_the_others_alone(priors, image):
    prior = priors("sd")
    good = edits(image, seeds=[0])[0]
    bad = edits(image, seeds=[0], guidance_scale=1e38)[0]

    def failing(shared: Pipeline):
        with pytest.raises(NotFiniteError):
            bad(shared).finish()
        return good(shared)

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
        Meeting(size)
