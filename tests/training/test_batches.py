"""The batches of a training against the definition of the noise, and with processes that draw ahead."""

import pytest
import torch

from tests.tiny_emoji import random_drawings
from training.batches import Ahead, Batches
from training.compose import generator
from training.train import Train


@pytest.fixture
def batches(tmp_path):
    emoji = random_drawings(tmp_path)
    return Batches(emoji, Train(data=emoji, batch=4, seed=3), torch.device("cpu"))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_is_drawn_ahead_is_a_function_of_the_step_and_the_noise_of_the_beginning(batches, workers):
    ahead, noise = Ahead(batches, batches, start=5, workers=workers), torch.Generator().manual_seed(3 + 5)
    for step in (5, 6):
        found, expected = next(ahead), batches.painted(*batches.drawn(generator(3, step)), noise)
        assert found.keys() == expected.keys() == {"x0", "x_t", "t", "tokens"}
        assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_a_batch_has_the_noise_of_its_times(batches):
    drawn = batches.drawn(generator(0, 0))
    batch = batches.painted(*drawn, torch.Generator().manual_seed(1))
    abar = batches.abar[batch["t"]][:, None, None, None]
    eps = (batch["x_t"] - abar.sqrt() * batch["x0"]) / (1 - abar).sqrt()
    assert eps.mean() == pytest.approx(0, abs=0.02)
    assert eps.std() == pytest.approx(1, abs=0.02)
    assert torch.equal(batch["tokens"], drawn[1])
