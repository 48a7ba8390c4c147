"""Edits and generations on every family, and the laws of what is optimised."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from potstill import edit, edit_steps, generate, generate_steps
from potstill.bench.settings import tuned
from potstill.errors import InputError
from potstill.methods import DDS, PDS, SDS
from potstill.methods.finish import TwoScales, Untouched
from potstill.priors.prompts import PromptWarning
from potstill.priors.unets import Unconditional
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.generating import Generate
from potstill.tasks.settings.parsing import to_text
from tests import tiny

PROMPTS = {"source": "a red apple", "target": "a green pear"}


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 24, 40, generator=torch.Generator().manual_seed(1))


def calls(network, method: str = "forward") -> list:
    """The batch sizes that a part of the model is called with from now on."""
    seen = []
    bare = getattr(network, method)

    def counted(x, *args, **kwargs):
        seen.append(len(x))
        return bare(x, *args, **kwargs)

    setattr(network, method, counted)
    return seen


@pytest.mark.parametrize("family", tiny.BUILDERS)
def test_every_family_generates_and_edits(priors, image, family):
    prior = priors(family)
    untold = isinstance(prior, Unconditional)
    with pytest.warns(PromptWarning, match="reads no text") if untold else nullcontext():
        made = generate("a red apple", model=prior, steps=2, count=2, size=(size := tiny.small(prior)))
    assert made.images.shape == (2, 3, *size)
    assert not torch.equal(*made.images.split(1))
    if untold:
        with pytest.warns(PromptWarning), pytest.raises(InputError, match="takes no text prompt"):
            edit(image, model=prior, **PROMPTS)
        return
    options = {"model": prior, "size": size, "finish": "untouched", **PROMPTS}
    start = edit_steps(image, steps=1, **options).images()
    edited = edit(image, steps=3, **options)
    assert edited.images.shape == start.shape
    assert (edited.images - start).abs().max() > 0
    assert edited.images.min() >= 0
    assert edited.images.max() <= 1


def test_an_edit_to_the_same_prompt_changes_nothing(priors, image):
    prior = priors("sd")
    with pytest.warns(UserWarning, match="are the same"):
        run = edit_steps(image, model=prior, method=DDS(), source="an apple", target="an apple", steps=3)
    before = run.images()
    assert torch.equal(run.finish().images, before)


def test_nothing_changes_outside_the_mask(priors, image):
    mask = torch.zeros(1, 24, 40)
    mask[:, :, 20:] = 1
    prior = priors("pixels")
    whole = edit(image, model=prior, steps=4, method=DDS(), size=(24, 40), **PROMPTS).images
    result = edit(image, model=prior, mask=mask, steps=4, method=DDS(), size=(24, 40), **PROMPTS).images
    assert torch.equal(result[..., :20], image[..., :20])
    assert (result[..., 20:] - image[..., 20:]).abs().max() > 1e-3
    assert (whole[..., :20] - image[..., :20]).abs().max() > 1e-3
    through_vae = edit(image, model=priors("sd"), mask=mask, steps=2, method=DDS(), size=(24, 40), **PROMPTS).images
    assert torch.equal(through_vae[..., :20], image[..., :20])


def test_pixels_move_as_latents_do_where_the_codec_is_affine(priors):
    """Latents are 2 pixels - 1, and Adam does not see the scale of a gradient: half the rate is the same run."""
    image = torch.full((1, 3, 8, 8), 0.5)
    options = {"model": priors("pixels"), "steps": 5, "method": DDS(), "size": (8, 8), **PROMPTS}
    latents = edit(image, learning_rate=0.01, **options).images
    pixels = edit(image, learning_rate=0.005, space="pixels", **options).images
    assert (latents - 0.5).abs().max() > 0.01
    torch.testing.assert_close(pixels, latents, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("space", "encodings"), [("latents", 1), ("pixels", 5)])
def test_a_step_is_one_call_of_the_network_and_encodes_only_pixels(tiny_folder, image, space, encodings):
    from potstill import load

    prior = load(tiny_folder("sd"), device="cpu", dtype=torch.float32)
    network, encoder = calls(prior.pipe.unet), calls(prior.pipe.vae, "encode")
    decoder, texts = calls(prior.pipe.vae, "decode"), calls(prior.pipe.text_encoder)
    edit(image, model=prior, steps=4, count=2, guidance_scale=1.5, space=space, **PROMPTS)
    assert network == [8] * 4  # conditional and unconditional, of source and target, of two results
    assert len(encoder) == encodings
    assert len(decoder) == (space == "latents")
    assert len(texts) == 3


def test_the_same_seed_gives_the_same_bytes(priors, image):
    options = {"model": priors("sd"), "steps": 3, **PROMPTS}
    first, again, other = (edit(image, seed=seed, **options) for seed in (5, 5, 6))
    assert first.pngs() == again.pngs()
    assert not torch.equal(first.images, other.images)
    assert generate("a pear", model=priors("sd"), steps=2, seed=7).pngs() == (
        generate("a pear", model=priors("sd"), steps=2, seed=7).pngs()
    )


def test_a_negative_prompt_takes_the_place_of_the_empty_one(priors):
    options = {"model": priors("sd"), "steps": 2, "method": SDS()}
    plain = generate("an apple", **options).images
    assert not torch.equal(plain, generate("an apple", negative="a pear", **options).images)
    conditional = generate("an apple", guidance_scale=1.0, **options).images
    same = generate("an apple", negative="an apple", **options).images
    torch.testing.assert_close(same, conditional, rtol=0, atol=1e-5)
    with pytest.raises(InputError, match="no negative prompt"):
        generate("an apple", model=priors("flux-dev"), negative="a pear", steps=1)


def test_a_run_yields_its_steps_and_can_be_looked_at(priors, image):
    run = edit_steps(image, model=priors("sd"), steps=3, **PROMPTS)
    looks = [run.images() for _ in run]
    assert [record["step"] for record in run.trace] == [0, 1, 2]
    assert run.trace[0]["distance"] == 0
    assert torch.equal(run.finish().images, looks[-1])


def test_settings_come_back(image):
    task = Edit(**PROMPTS, method=PDS(), size="24x16", negative="x", guidance_scale=3.0)
    assert Edit.of(task.settings()) == task
    other = Generate(prompt="a pear", seed=4)
    assert Generate.of(other.settings()) == other


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps = 0 must be at least 1"),
        ({"count": 0}, "count = 0 must be at least 1"),
        ({"size": (0, 8)}, "size = 8x0 must be at least 1"),
        ({"seed": -1}, "seed = -1 must be from 0"),
        ({"guidance_scale": float("nan")}, "guidance scale = nan must be from -1000 to 1000"),
        ({"learning_rate": 0.0}, "learning rate = 0.0 must be above 0"),
        ({"learning_rate": float("inf")}, "learning rate = inf must be above 0 and finite"),
        ({"source": " "}, "source prompt is empty"),
        ({"target": ""}, "target prompt is empty"),
    ],
)
def test_settings_are_checked(change, message):
    with pytest.raises(InputError, match=message):
        replace(Edit(**PROMPTS), **change)


def test_misfits_are_named(priors, image):
    with pytest.raises(InputError, match="unknown field 'stpes' of Edit: did you mean 'steps'"):
        edit(image, model=priors("sd"), stpes=3, **PROMPTS)
    with pytest.raises(InputError, match="DDS edits an image"):
        generate("a pear", model=priors("sd"), method=DDS())
    with pytest.raises(InputError, match="multiples of 2"):
        generate_steps("a pear", model=priors("sd"), size=(17, 16))
    with pytest.raises(InputError, match="release coefficients need the betas"):
        edit(image, model=priors("sd3"), method="PDS(coefficients=Release())", steps=1, **PROMPTS)
    with pytest.raises(InputError, match="unknown method 'dss'"):
        edit(image, model=priors("sd"), method="dss", **PROMPTS)


@pytest.mark.parametrize("method", ["shrinkedit", "ShrinkEdit(half=0.2)", "ShrinkEdit(times=Annealed(low=0.2))"])
def test_the_default_method_has_its_finish_at_any_settings(method):
    assert Edit.of({**PROMPTS, "method": method}).resolve().finish == to_text(TwoScales())
    assert Edit.of({**PROMPTS, "method": method, "finish": "untouched"}).resolve().finish == to_text(Untouched())


def test_another_method_has_no_finish_unless_stated():
    assert Edit.of({**PROMPTS, "method": "infedit"}).resolve().finish == to_text(Untouched())
    assert {task.resolve().finish for task in tuned().values()} == {to_text(Untouched())}
