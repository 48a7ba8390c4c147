"""The batches of a training against the definition of the noise, and with processes that draw ahead."""

import pytest
import torch

from tests.tiny_emoji import random_drawings
from training.batches import Ahead, Batches, Steps
from training.compose import generator

CPU = torch.device("cpu")


@pytest.fixture
def emoji(tmp_path):
    return random_drawings(tmp_path)


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_drawn_ahead_is_a_function_of_the_step_and_the_noise_of_the_beginning(emoji, workers):
    batches, steps = Batches(emoji, CPU), Steps(emoji, 4, seed=3)
    ahead = Ahead(batches, steps, start=5, workers=workers)
    noise = torch.Generator().manual_seed(3 + 5)
    for step in (5, 6):
        found, expected = next(ahead), batches.painted(*batches.drawn(4, generator(3, step)), noise)
        for one, other in zip(found, expected, strict=True):
            assert one is other is None or torch.equal(one, other)


def test_a_batch_is_noisy_at_its_times(emoji):
    batches = Batches(emoji, CPU)
    drawn = batches.drawn(4, generator(0, 0))
    x0, x_t, t, tokens, camera = batches.painted(*drawn, torch.Generator().manual_seed(1))
    abar = batches.abar[t]
    eps = (x_t - abar.sqrt().view(-1, 1, 1, 1) * x0) / (1 - abar).sqrt().view(-1, 1, 1, 1)
    assert eps.mean() == pytest.approx(0, abs=0.02)
    assert eps.std() == pytest.approx(1, abs=0.02)
    assert torch.equal(tokens, drawn[1])
    assert camera is None
