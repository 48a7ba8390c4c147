import io

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image

from potstill import ByView, Clipped, Guided, InputError, Prediction, sample
from potstill.diffusion.guidance import with_scale
from potstill.diffusion.sampling import ddim, in_range
from potstill.diffusion.views import CameraEmbedding
from potstill.io.contact_sheet import contact_sheet
from potstill.priors.loading import EMOJI, load
from tests.tiny_emoji import tiny_emoji


@pytest.fixture(scope="module")
def prior():
    return tiny_emoji()


@pytest.mark.parametrize("steps", [8, 50])
def test_sampling_is_that_of_diffusers_with_the_noise_of_the_clipped_prediction(prior, steps):
    scheduler = DDIMScheduler.from_config(prior.pipe.scheduler.config, clip_sample=True)
    scheduler.set_timesteps(steps)
    words, scale = ["red heart", "pizza on a blue background"], 6.0
    x_t = torch.stack([torch.randn(48, 16, 16, generator=torch.Generator().manual_seed(3 + n)) for n in range(2)])
    states = torch.cat([prior.encode_prompt(text)["encoder_hidden_states"] for text in ("", "", *words)])
    largest = 0.0
    with torch.no_grad():
        for t in scheduler.timesteps:
            free, conditional = prior.network(x_t.repeat(2, 1, 1, 1), t, states).sample.chunk(2)
            x0 = free + scale * (conditional - free)
            largest = max(largest, x0.abs().max().item())
            x_t = scheduler.step(x0, t, x_t, use_clipped_model_output=True).prev_sample
    assert largest > 1  # something was clipped
    images = sample(words, prior, guidance_scale=scale, steps=steps, seed=3)
    torch.testing.assert_close(images, prior.codec.decode(x_t), rtol=0, atol=2e-4)  # 50 steps of float32


def test_clipped_leaves_a_prediction_that_still_makes_x_t(prior):
    x_t, t = 3 * torch.randn(2, 48, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([10.0, 900.0])
    guided = Clipped(Guided(prior, 30.0))
    hat = guided(x_t, t, prior.encode_prompt("red heart"))
    assert hat.x0.abs().max() == 1
    torch.testing.assert_close(prior.schedule.perturb(hat.x0, hat.eps, t), x_t)
    inside = Guided(prior, 0.0)(x_t, t, prior.encode_prompt("red heart"))
    if inside.x0.abs().max() < 1:
        torch.testing.assert_close(Clipped(Guided(prior, 0.0))(x_t, t, prior.encode_prompt("")), inside)


def test_a_bundled_model_takes_half_of_the_steps_of_others(prior):
    heard = []
    sample("red heart", prior, on_step=lambda *step: heard.append(step))
    assert heard[-1] == (50, 50)
    assert torch.equal(sample("red heart", load("emoji")), sample("red heart", load("emoji"), steps=25))


def test_any_picture_can_be_drawn_again_alone(prior):
    heart, pizza = sample(["red heart", "pizza"], prior, count=9, steps=2, seed=5).split(9)
    torch.testing.assert_close(sample("red heart", prior, steps=2, seed=7)[0], heart[2])
    torch.testing.assert_close(sample("pizza", prior, count=2, steps=2, seed=5 + 9 + 7), pizza[7:])
    assert not torch.equal(heart[0], heart[1])


def test_sampling_ends_at_the_guided_prediction_and_tells_of_every_step(prior, monkeypatch):
    def oracle(self, x_t, t, condition):
        """A grey that the caption decides, whatever the noise: darker where it is empty."""
        empty = (
            (condition["encoder_hidden_states"] == prior.encode_prompt("")["encoder_hidden_states"]).flatten(1).all(1)
        )
        x0 = torch.where(empty, 0.1, 0.2)[:, None, None, None] * torch.ones_like(x_t)
        return Prediction(x0, x_t)

    monkeypatch.setattr(type(prior), "__call__", oracle)
    heard = []
    images = sample("red heart", prior, count=17, guidance_scale=3.0, steps=4, on_step=lambda *s: heard.append(s))
    torch.testing.assert_close(images, torch.full((17, 3, 64, 64), (1 + 0.1 + 3 * 0.1) / 2))
    assert heard == [(n, 8) for n in range(1, 9)]


def test_a_picture_is_drawn_from_each_side_from_the_same_noise(priors):
    prior = priors("views")
    options = {"steps": 3, "seed": 5, "guidance_scale": 2.0}
    images = sample(["a pear", "a cup"], prior, count=2, azimuth=(0.0, 90.0), elevation=30.0, **options)
    assert len(images) == 8
    camera = {"azimuth": torch.tensor([90.0]), "elevation": torch.tensor([30.0])}
    shape, rng = (1, 12, 8, 8), torch.Generator().manual_seed(5 + 1)
    guided = in_range(with_scale(ByView(prior, CameraEmbedding()), 2.0), prior.codec)
    times = prior.schedule.inversion_grid(prior.schedule.time(torch.ones(1)), 3)[:0:-1]
    with torch.no_grad():
        x_t = torch.randn(shape, generator=rng)
        x0 = ddim(guided, x_t, times, prior.encode_prompt("a pear") | camera, rng).x0
    torch.testing.assert_close(images[3:4], prior.codec.decode(x0), rtol=0, atol=1e-5)
    torch.testing.assert_close(
        sample("a cup", prior, azimuth=90.0, elevation=30.0, **options | {"seed": 7})[0], images[5]
    )
    default = sample("a cup", prior, azimuth=0.0, **options)
    torch.testing.assert_close(default, sample("a cup", prior, azimuth=[0.0], elevation=20.0, **options))
    assert not torch.equal(default, sample("a cup", prior, **options)), "the model is told no camera"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"azimuth": 30.0}, "does not know views: leave azimuth and elevation out, or choose the model toys"),
        ({"azimuth": (0.0, 1e9)}, "azimuth = 1000000000.0 must be a finite number from -360 to 360"),
        ({"azimuth": 0.0, "elevation": 91.0}, "elevation = 91.0 must be a finite number from -90 to 90; 20 is usual"),
        ({"elevation": 30.0}, "elevation = 30 needs an azimuth: state azimuth as well"),
        ({"azimuth": (0.0,) * 11, "count": 1000}, "count = 1000 for 1 prompts from 11 sides must make from 1"),
        ({"prompts": []}, "no prompt"),
        ({"count": 0}, "count = 0 for 1 prompts must make from 1"),
        ({"steps": 1001}, "steps = 1001 must be from 1 to 1,000"),
        ({"guidance_scale": float("nan")}, "guidance scale = nan must be"),
        ({"seed": -1}, "seed = -1 must be from 0"),
    ],
)
def test_numbers_out_of_range_are_refused(prior, wrong, message):
    with pytest.raises(InputError, match=message):
        sample(**({"prompts": "pizza", "model": prior} | wrong))


def test_a_sheet_shows_every_pixel_in_its_place():
    images = torch.rand(5, 3, 8, 6, generator=torch.Generator().manual_seed(0))
    sheet = np.asarray(Image.open(io.BytesIO(contact_sheet(images, 3, zoom=2))))
    assert sheet.shape == (2 * (16 + 4) + 4, 3 * (12 + 4) + 4, 3)
    expected = (images[4].permute(1, 2, 0) * 255).round().byte().numpy()
    for row, column in ((0, 0), (1, 1)):
        np.testing.assert_array_equal(sheet[24 + row : 40 : 2, 20 + column : 32 : 2], expected)
    named = np.asarray(Image.open(io.BytesIO(contact_sheet(images, 5, ["a word", *[""] * 4], zoom=2))))
    assert (named[20:35] < 100).any()
    with pytest.raises(InputError, match="got 2 captions for 5 images"):
        contact_sheet(images, 3, ["a", "b"])


@pytest.mark.skipif(
    not EMOJI.exists(), reason=f"the weights are not there: python -m training.export puts them in {EMOJI}"
)
def test_the_shipped_model_paints_what_the_prompt_says():
    prior = load("emoji")
    assert sum(file.stat().st_size for file in EMOJI.rglob("*") if file.is_file()) < 25e6
    prompts = [f"red apple on a {colour} background" for colour in ("blue", "yellow", "green", "black")]
    corners = sample(prompts, prior, steps=15)[:, :, ::63, ::63].flatten(2).median(2).values
    blue, yellow, green, black = corners.tolist()
    assert blue[2] > 0.5 > blue[0]
    assert min(yellow[:2]) > 0.6 > yellow[2]
    assert green[1] > max(green[0], green[2])
    assert max(black) < 0.4
