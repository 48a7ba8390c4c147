"""Every method on every pipeline it applies to, two steps each, and on the exact worlds."""

import warnings
from contextlib import nullcontext

import diffusers
import pytest
import torch

from potstill import edit, generate
from potstill.diffusion.guidance import unguided, with_scale
from potstill.diffusion.prior import Query, predict
from potstill.errors import InputError, Note
from potstill.methods import CSD, NFSD, SDS, named
from potstill.priors.families import family as family_of
from potstill.priors.prompts import PromptWarning
from potstill.priors.unets import StableDiffusion, Unconditional
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


def latent_diffusion():
    """LDM's first pipelines name their autoencoder vqvae."""
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    vqvae = diffusers.VQModel(block_out_channels=(8, 16), norm_num_groups=4, latent_channels=3, **blocks)
    return diffusers.LDMPipeline(vqvae=vqvae, unet=tiny.ddpm().unet, scheduler=tiny.ddim())


def of_an_image():
    """Its network is Stable Diffusion's, and it has no text encoder."""
    parts = {name: part for name, part in tiny.stable_diffusion().components.items() if "text" not in name}
    del parts["tokenizer"]
    return diffusers.StableDiffusionImageVariationPipeline(**parts, requires_safety_checker=False)


def controlled():
    unet = tiny.unet()
    control = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16))
    options = {**tiny.stable_diffusion().components, "unet": unet, "controlnet": control}
    return diffusers.StableDiffusionControlNetPipeline(**options, requires_safety_checker=False)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (latent_diffusion, r"its latents are those of vqvae \(VQModel\), and only a part named vae is read; choose a"),
        (of_an_image, r"ImageVariationPipeline is not supported: it has no encode_prompt, .*; choose a text-to-image"),
    ],
)
def test_a_pipeline_that_is_not_what_its_network_says_is_refused(build, message):
    with pytest.raises(InputError, match=message):
        family_of(build())


def test_parts_that_are_left_out_are_told():
    with pytest.warns(Note, match=r"^controlnet \(ControlNetModel\) of StableDiffusionControlNetPipeline is not used"):
        assert family_of(controlled()) is StableDiffusion
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for build in tiny.BUILDERS.values():
            family_of(build())


def question(prior):
    """One sample of a small size, at a time in the middle."""
    cells = (tiny.small(prior)[0] // prior.codec.factor,) * 2
    x_t = torch.randn(1, prior.channels, *cells, generator=torch.Generator().manual_seed(1))
    t = prior.schedule.time(torch.tensor([0.5]))
    return x_t, t, {**prior.encode_prompt("a cat"), **prior.size_condition(x_t)}


@pytest.mark.parametrize("name", ["sd", "sd3", "flux-dev", "pixart-sigma"])
def test_a_scene_with_views_runs_without_a_reading_of_them(priors, name):
    """The network of a text is not told the camera, so the entries of a view change nothing."""
    prior = priors(name)
    x_t, t, told = question(prior)
    view = {"azimuth": torch.tensor([90.0]), "elevation": torch.tensor([20.0])}
    with torch.no_grad():
        seen, unseen = (predict(prior, Query(x_t, t, each))[0].eps for each in (told | view, told))
    assert torch.equal(seen, unseen)


@pytest.mark.parametrize(("name", "missing"), [("sdxl", "time_ids"), ("pixart-alpha", "aspect_ratio, resolution")])
def test_a_network_that_takes_the_size_of_the_picture_asks_for_it(priors, name, missing):
    prior = priors(name)
    x_t, t, told = question(prior)
    text = prior.encode_prompt("a cat")
    with pytest.raises(InputError, match=rf"lacks {missing}, the size .* \*\*prior.size_condition\(x0\)"):
        prior.check(x_t, text)
    with pytest.raises(InputError, match=f"lacks {missing}, the size"):
        predict(prior, Query(x_t, t, text))
    prior.check(x_t, told)
