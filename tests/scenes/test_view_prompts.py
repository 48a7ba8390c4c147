"""Prompts that depend on the view: the mix by azimuth and elevation, and where the circle closes."""

from dataclasses import replace

import pytest
import torch

from potstill.errors import InputError
from potstill.scenes.view_prompts import ViewPrompts


def views() -> ViewPrompts:
    told = torch.eye(4, dtype=torch.float64)[:, None, :]
    return ViewPrompts(*({"states": told[n], "mask": torch.tensor([[n, 1]])} for n in range(4)))


def test_views_are_mixed_by_azimuth():
    azimuth = torch.tensor([0.0, 45.0, 90.0, -90.0, 180.0, -150.0, 400.0, 10.0])
    elevation = torch.tensor([0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 0.0, 80.0])
    told = views()(azimuth, elevation)
    third, ninth = 1 / 3, 4 / 9
    expected = [
        [1, 0, 0, 0],
        [0.5, 0.5, 0, 0],
        [0, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, third, 1 - third, 0],
        [1 - ninth, ninth, 0, 0],
        [0, 0, 0, 1],
    ]
    assert torch.allclose(told["states"], torch.tensor(expected, dtype=torch.float64), atol=1e-6)
    assert told["mask"][[0, 2, 4, 7], 0].tolist() == [0, 1, 2, 3]


def test_views_sum_to_one_and_join_where_the_circle_closes():
    azimuth = torch.linspace(-180, 180, 721)
    told = views()(azimuth, torch.zeros(721))["states"]
    assert torch.allclose(told.sum(1), torch.ones(721, dtype=torch.float64))
    assert told.diff(dim=0).abs().max() < 0.01
    assert torch.allclose(told, told.flip(0), atol=1e-5)


def test_views_must_have_the_same_entries():
    with pytest.raises(InputError, match="the same entries"):
        replace(views(), back={})


def test_views_of_a_prompt(priors):
    prior = priors("sd")
    told = ViewPrompts.of(prior.encode_prompt, "a cup")
    state = told(torch.tensor([90.0, 0.0]), torch.zeros(2))["encoder_hidden_states"]
    assert torch.allclose(state[0], prior.encode_prompt("a cup, side view")["encoder_hidden_states"][0])
    assert torch.allclose(state[1], prior.encode_prompt("a cup, front view")["encoder_hidden_states"][0])
