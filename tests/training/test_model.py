import torch

from training.loss import FLOOR, draw_times, perturb, v_loss
from training.model import CODEC, Architecture, Networks, as_prior, build_scheduler, build_tokenizer


def test_a_channel_is_a_place_in_the_block_of_4x4_pixels():
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    latents = CODEC.encode(images)
    assert latents.shape == (2, 48, 16, 16)
    assert latents[0, 5, 0, 0] == 2 * images[0, 0, 1, 1] - 1


def test_the_network_is_trained_on_the_noise_that_the_library_knows():
    rng = torch.Generator().manual_seed(0)
    prior = as_prior(Networks(Architecture((32, 32, 32), 2, 24, 1), build_tokenizer()))
    x0, eps, t = (*torch.randn(2, 3, 48, 16, 16, generator=rng), torch.tensor([0, 500, 999]))
    expected = prior.schedule.perturb(x0, eps, t.double())
    torch.testing.assert_close(perturb(x0, eps, build_scheduler().alphas_cumprod[t]), expected)


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
    model = Networks(Architecture(), build_tokenizer())
    assert 2 * sum(p.numel() for p in model.parameters()) < 24.9e6
