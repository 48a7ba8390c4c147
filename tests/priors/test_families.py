"""Every method on every pipeline it applies to, two steps each, and on the exact worlds."""

from contextlib import nullcontext

import pytest
import torch

from potstill import edit, generate
from potstill.diffusion.guidance import unguided, with_scale
from potstill.errors import InputError
from potstill.methods import CSD, NFSD, SDS, named
from potstill.priors.prompts import PromptWarning
from potstill.priors.unets import Unconditional
from potstill.worlds import EditStudy, load_world
from tests import tiny

PROMPTS = {"source": "a red apple", "target": "a green pear"}
COMPARES_BRANCHES = ("csd", "nfsd", "ism")


@pytest.mark.filterwarnings("ignore::potstill.priors.prompts.PromptWarning")
@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
@pytest.mark.parametrize("family", tiny.BUILDERS)
def test_every_method_runs_on_every_family(priors, family):
    prior = priors(family)
    size = tiny.small(prior)
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(1))
    options = {"model": prior, "steps": 2, "size": size}
    untold = isinstance(prior, Unconditional)
    for name, method in named().items():
        if method.edits:
            if not untold:
                edited = edit(image, method=method, **options, **PROMPTS).images
                assert edited.isfinite().all(), name
            continue
        refused = untold and name.split("-")[0] in COMPARES_BRANCHES
        with pytest.raises(InputError, match="Unconditional takes no condition") if refused else nullcontext():
            made = generate("a pear", method=method, **options).images
            assert made.isfinite().all(), name


@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
def test_distilled_guidance_has_branches_of_its_own(priors):
    """FLUX.1-dev is told its scale: methods that compare branches ask it at 1, and weigh by what it was told."""
    prior = with_scale(priors("flux-dev"), 4.0)
    assert (prior.guidance_scale, unguided(prior).guidance_scale) == (4.0, 1.0)
    assert priors("flux-schnell").guidance_scale == 1.0
    strong, weak = (
        generate("a pear", model=priors("flux-dev"), method=NFSD(), guidance_scale=scale, steps=2, size=(16, 16)).images
        for scale in (8.0, 1.0)
    )
    assert not torch.equal(strong, weak)


@pytest.mark.filterwarnings("ignore:.* does not compare with the noise itself")
def test_a_negative_prompt_reaches_the_methods_that_compare_with_it(priors):
    options = {"model": priors("sd"), "steps": 2}
    for method in (NFSD(threshold=0.0), CSD(negative=1.0)):
        plain = generate("a pear", method=method, **options).images
        assert not torch.equal(plain, generate("a pear", method=method, negative="a cup", **options).images)
    plain = generate("a pear", method="csd", **options).images
    with pytest.warns(PromptWarning, match=r"the negative prompt changes nothing with CSD .* CSD\(negative=1.0\)"):
        assert torch.equal(plain, generate("a pear", method="csd", negative="a cup", **options).images)


def test_every_method_runs_on_the_worlds():
    study = EditStudy([*named().items(), ("warm", SDS.rfds())], world=load_world("blobs"), points=4, steps=3)
    for run in study.run():
        assert run.path.isfinite().all(), run.method
        assert run.evaluations > 0
