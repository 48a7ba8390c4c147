from contextlib import nullcontext

import pytest
import torch
from torch import Generator

from potstill import SDS, edit, generate, load
from potstill.diffusion.prior import Query, predict
from potstill.methods.times import Annealed
from potstill.methods.weighting import Rho
from potstill.tasks.images.generating import Generate
from potstill.tensors import normal
from tests.optional import needs
from tests.tiny_emoji import tiny_emoji


def test_the_default_replaces_the_picture_by_the_denoised_one_at_falling_times():
    """The loop by hand: DDIM with the largest sigma."""
    prior, steps = tiny_emoji(), 5
    made = generate("red heart", model=prior, steps=steps, guidance_scale=1, seed=3)
    rng = Generator().manual_seed(3)
    x0, condition = (
        normal(torch.empty(1, prior.channels, *(side // prior.codec.factor for side in prior.size)), rng),
        prior.encode_prompt("red heart"),
    )
    for step in range(steps):
        t = Annealed()(prior.schedule, 1, step, steps, rng)
        noise = normal(x0, rng)
        with torch.no_grad():
            (hat,) = predict(prior, Query(prior.schedule.perturb(x0, noise, t), t, condition))
        x0 = hat.x0
    assert (made.images - prior.codec.decode(x0).clamp(0, 1)).abs().max() < 1e-4


def test_other_methods_take_adam_and_settings_stay_free():
    assert Generate(prompt="a").resolve().optimizer == "sgd"
    assert Generate(prompt="a", method=SDS()).resolve().optimizer == "adam"
    plan = Generate(prompt="a", optimizer="adam").resolve()
    assert (plan.steps, plan.learning_rate) == (200, 0.05)
    plan = Generate(prompt="a", method=SDS(weight=Rho(), times=Annealed()), steps=7, learning_rate=0.5).resolve()
    assert (plan.optimizer, plan.steps, plan.learning_rate) == ("sgd", 7, 0.5)


@pytest.mark.parametrize("method", ["csd", "nfsd", "ism", pytest.param("vsd", marks=needs("peft"))])
def test_a_method_that_leaves_the_noise_of_the_beginning_says_so(method):
    with pytest.warns(UserWarning, match=f"{method.upper()} does not compare with the noise itself.*: use SDS, SDI or"):
        generate("red heart", model=tiny_emoji(), method=method, steps=1)


@pytest.mark.parametrize("method", ["sds", "sdi", "VSD(render_model=Empirical())"])
def test_a_method_that_removes_noise_says_nothing(method, recwarn):
    generate("red heart", model=tiny_emoji(), method=method, steps=1)
    assert not recwarn


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"guidance_scale": 5}, True),
        ({"guidance_scale": 3}, False),
        ({"guidance_scale": 5, "guidance": "Interval(0.2, 0.8)"}, False),
        ({"guidance_scale": 5, "method": "sds"}, False),
    ],
)
def test_a_guidance_scale_that_spoils_pictures_is_said_with_what_works(settings, said):
    with pytest.warns(UserWarning, match="guidance scale 5 spoils the .*: choose at most 3") if said else nullcontext():
        generate("red heart", model=tiny_emoji(), steps=1, **settings)


def test_pixels_and_latents_of_a_model_of_pixels_make_the_same_picture():
    """The encoder is linear, so a quarter of the rate is the same step, but for pixels held within their range."""
    options = {"model": tiny_emoji(), "steps": 3, "finish": "untouched", "source": "red heart", "target": "blue heart"}
    image = torch.rand(1, 3, 64, 64, generator=Generator().manual_seed(1)) / 2 + 0.25
    one, other = (edit(image, space=space, **options).images for space in ("latents", "pixels"))
    assert (one - image).abs().mean() > 0.01
    assert (one - other).abs().mean() < 1e-3
    assert Generate(prompt="a", space="pixels").resolve().learning_rate == 0.25


def test_the_default_draws_what_the_prompt_says():
    for channel, colour in ((0, "red"), (2, "blue")):
        (image,) = generate(f"{colour} heart", model=load()).images
        middle, above = image[:, 28:36, 28:36].mean((1, 2)), image[:, :4].mean()
        assert int(middle.argmax()) == channel
        assert above == pytest.approx(1.0, abs=0.05)
