"""Each of several results has a seed that makes it alone."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from potstill import edit, generate
from potstill.baselines import BASELINES, DDIMInversion, NullText
from potstill.methods import DDS, ISM, NFSD, PDS, SDI, SDS, VSD, InfEdit
from potstill.methods.bank import DrawBank
from potstill.methods.noise import DDIMNoise, Mixed
from potstill.methods.render_model import Empirical
from potstill.methods.times import Stratified
from potstill.priors.prompts import PromptWarning
from potstill.tasks.runs.run import Run
from tests.tiny_emoji import tiny_emoji

PROMPTS = {"source": "red heart", "target": "blue heart"}
APART = [SDS(), SDI(), ISM(), NFSD(), SDS(noise=Mixed(0.5)), SDS(noise=DDIMNoise()), SDS(noise=DrawBank(size=4))]


@pytest.fixture(scope="module")
def prior():
    return tiny_emoji()


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def alike(several, single):
    """The batch of the network changes the last digits, and Adam takes whole steps where the gradient is near 0."""
    for index, alone in enumerate(single):
        assert (several.images[index] - alone.images[0]).abs().mean() < 1e-4
        assert several.record["seeds"][index] == alone.record["settings"]["seed"]
        assert "seeds" not in alone.record


@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
@pytest.mark.parametrize("method", APART, ids=lambda method: type(method).__name__)
def test_each_generated_picture_can_be_made_alone(prior, method):
    options = {"model": prior, "method": method, "steps": 4, "optimizer": "adam", "learning_rate": 0.02}
    several = generate("red heart", count=3, seed=7, **options)
    alike(several, [generate("red heart", seed=seed, **options) for seed in (7, 8, 9)])
    assert (several.images[0] - several.images[1]).abs().max() > 0.01


@pytest.mark.parametrize(
    "method",
    [DDS(), PDS(), InfEdit(), DDS(noise=DrawBank(size=4, strata=True)), *BASELINES.values()],
    ids=lambda method: type(method).__name__,
)
def test_each_edit_can_be_made_alone(prior, image, method):
    method = replace(method, inner_steps=1) if isinstance(method, NullText) else method
    options = {"model": prior, "method": method, "steps": 4, "guidance_scale": 1.5, "finish": "untouched", **PROMPTS}
    random = type(method) not in (DDIMInversion, NullText)
    with nullcontext() if random else pytest.warns(PromptWarning, match="the 2 results are the same"):
        several = edit(image, count=2, seed=3, **options)
    alike(several, [edit(image, seed=seed, **options) for seed in (3, 4)])


@pytest.mark.parametrize(
    "method", [VSD(render_model=Empirical()), SDS(times=Stratified())], ids=lambda method: type(method).__name__
)
def test_results_that_affect_one_another_have_one_seed(prior, method):
    assert "seeds" not in generate("red heart", model=prior, method=method, steps=2, count=2).record


def test_a_resumed_run_keeps_each_seed(prior):
    from potstill import generate_steps

    def run() -> Run:
        return generate_steps("red heart", model=prior, method=SDS(), steps=4, count=2)

    whole, first, second = run().finish(), run(), run()
    steps = iter(first)
    next(steps), next(steps)
    second.restore(first.state())
    assert torch.equal(second.finish().images, whole.images)
