import torch

from training.loss import FLOOR, draw_times, perturb, v_loss
from training.model import Architecture, Emoji, build_scheduler, build_tokenizer, to_images, to_latents
from training.sample import sample


def test_the_codec_is_exact_both_ways():
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)).round(decimals=2)
    latents = to_latents(images)
    assert latents.shape == (2, 48, 16, 16)
    torch.testing.assert_close(to_images(latents), images, rtol=0, atol=1e-6)
    assert latents[0, 5, 0, 0] == 2 * images[0, 0, 1, 1] - 1  # a channel is a place in the 4x4 block


def test_the_loss_is_the_loss_of_v():
    rng = torch.Generator().manual_seed(0)
    x0, x0_hat, eps = (torch.randn(3, 48, 16, 16, generator=rng) for _ in range(3))
    abar = torch.tensor([0.9, 0.5, 0.01])
    a, s = abar.sqrt()[:, None, None, None], (1 - abar).sqrt()[:, None, None, None]
    x_t = perturb(x0, eps, abar)
    eps_hat = (x_t - a * x0_hat) / s
    v, v_hat = a * eps - s * x0, a * eps_hat - s * x0_hat
    torch.testing.assert_close(v_loss(x0_hat, x0, abar), (v_hat - v).square().mean())
    silent = torch.ones(3)
    torch.testing.assert_close(v_loss(x0_hat, x0, silent), (x0_hat - x0).square().mean() / FLOOR)


def test_times_cover_every_level_and_prefer_the_middle():
    t = draw_times(20_000, torch.Generator().manual_seed(0))
    assert t.min() == 0
    assert t.max() == 999
    middle = ((t >= 250) & (t < 750)).float().mean()
    assert 0.5 < middle < 0.7


def test_the_last_noise_level_hides_even_the_colour_of_a_picture():
    scheduler = build_scheduler()
    betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
    abar = torch.cumprod(1 - betas, 0)
    torch.testing.assert_close(scheduler.alphas_cumprod.double(), abar, rtol=1e-4, atol=0)
    assert (abar[-1] / (1 - abar[-1]) * 3 * 64**2).sqrt() < 1  # mean of a white picture over that of noise
    assert scheduler.config.prediction_type == "sample"


def test_the_whole_model_fits_into_25_megabytes():
    model = Emoji(Architecture(), len(build_tokenizer()))
    assert 2 * sum(p.numel() for p in model.parameters()) < 24.9e6


def test_sampling_arrives_at_the_guided_prediction(monkeypatch):
    tokenizer = build_tokenizer()
    model = Emoji(Architecture((32, 32, 32), 2, 24, 1), len(tokenizer))

    def oracle(x_t, t, tokens):
        """A grey that the caption decides, whatever the noise: darker where it is empty."""
        empty = (tokens[:, 1] == tokenizer.eos_token_id)[:, None, None, None]
        return torch.where(empty, 0.1, 0.2) * torch.ones_like(x_t)

    monkeypatch.setattr(model, "forward", oracle)
    images = sample(model, tokenizer, build_scheduler(), ["red heart", ""], guidance=3.0, steps=5)
    torch.testing.assert_close(images[0], torch.full((3, 64, 64), (1 + 0.1 + 3 * 0.1) / 2))
    torch.testing.assert_close(images[1], torch.full((3, 64, 64), (1 + 0.1) / 2))
