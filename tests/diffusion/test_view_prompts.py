"""Prompts that depend on the view: the mix by azimuth and elevation, where the circle closes, and the user's own."""

import pytest
import torch

from potstill.diffusion.view_prompts import ViewPrompts
from potstill.diffusion.views import ByView
from potstill.errors import InputError

F64 = torch.float64


def test_prompts_are_mixed_by_the_camera():
    azimuth = torch.tensor([0.0, 45.0, 90.0, -90.0, 180.0, -150.0, 400.0, 10.0], dtype=F64)
    elevation = torch.tensor([0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.0, 80.0], dtype=F64)
    third, ninth = 1 / 3, 4 / 9
    expected = [
        [1, 0, 0, 0, 0],
        [0.5, 0.5, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0],
        [0, 0, 1 - third, third, 0],
        [1 - ninth, ninth, 0, 0, 0],
        [0, 0, 0, 0, 1],
    ]
    assert torch.allclose(ViewPrompts().shares(azimuth, elevation), torch.tensor(expected, dtype=F64))


def test_shares_sum_to_one_and_join_where_the_circle_closes():
    azimuth = torch.linspace(-180, 180, 721, dtype=F64)
    shares = ViewPrompts().shares(azimuth, torch.zeros(721, dtype=F64))
    assert torch.allclose(shares.sum(1), torch.ones(721, dtype=F64))
    assert shares.diff(dim=0).abs().max() < 0.01
    assert torch.allclose(shares, shares.flip(0)[:, [0, 3, 2, 1, 4]], atol=1e-9)


def encode(prompt: str) -> dict[str, torch.Tensor]:
    """A prompt's length as its embedding and as an integer."""
    return {"states": torch.tensor([[float(len(prompt))]]), "mask": torch.tensor([[len(prompt)]])}


def test_a_condition_under_a_view_is_that_views_prompt():
    prompts = ViewPrompts(front="{}", side="side of {}", left="the left of {}", back="{}, seen from behind")
    told = prompts.encode(encode, "cup")
    assert told["states"].shape == (1, 5, 1)
    view = {"azimuth": torch.tensor([0.0, 90, 180, -90, 45, 3]), "elevation": torch.tensor([0.0, 0, 0, 0, 0, 89])}
    read = prompts({**told, **view, "time_ids": torch.tensor([[7]])}, {"states", "mask"})
    lengths = [3, 15, 21, 11, 9, 18]
    assert read["states"][:, 0].tolist() == lengths
    assert read["mask"][:4, 0].tolist() == lengths[:4]
    assert set(read) == {"states", "mask", "time_ids"}
    wide = prompts({**prompts.widen(encode("")), **view}, {"states"})
    assert wide["states"].abs().max() == 0


def test_what_is_no_prompt_of_views_is_refused():
    with pytest.raises(InputError, match=r"must hold \{\} once"):
        ViewPrompts(front="front view")
    view = {"azimuth": torch.zeros(2), "elevation": torch.zeros(2)}
    with pytest.raises(InputError, match=r"states of shape \(1, 1\) is not of all views"):
        ViewPrompts()({**encode("cup"), **view}, {"states"})
    with pytest.raises(InputError, match="no azimuth, which this prior takes: use a scene that draws cameras"):
        ViewPrompts()(ViewPrompts().encode(encode, "cup"), {"states"})


def test_prompts_of_a_pipeline(priors):
    prior = priors("sd")
    told = ViewPrompts().encode(prior.encode_prompt, "a cup")
    view = {"azimuth": torch.tensor([90.0, 0.0]), "elevation": torch.zeros(2)}
    x_t, t = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([500.0, 500.0])
    hat = ByView(prior, ViewPrompts())(x_t, t, {**told, **view})
    for row, prompt in enumerate(["a cup, side view", "a cup, front view"]):
        alone = prior(x_t[row : row + 1], t[:1], prior.encode_prompt(prompt))
        assert torch.allclose(hat.eps[row], alone.eps[0], atol=1e-5)
