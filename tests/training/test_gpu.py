"""The training on a GPU, run on the CPU, where a step is not captured."""

import itertools
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from potstill.errors import InputError
from potstill.priors.loading import BUNDLED
from tests.tiny_emoji import TINY, random_drawings
from training import gpu
from training.checkpoint import Trained
from training.export import steps_of
from training.gpu import Settings, Trainer, learning_rate, ticks
from training.model import Networks, build_tokenizer


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    model = Networks(TINY, build_tokenizer())
    start = Trained(model)
    start.step = 7
    start.save(tmp_path / "emoji", keep=1)
    return Settings(
        folder=tmp_path,
        models=("emoji",),
        emoji=random_drawings(tmp_path),
        batch=4,
        workers=0,
        architecture=TINY,
        device="cpu",
        average=0.5,
    )


def begun(run: Settings) -> tuple[Trainer, Path]:
    start = gpu.begin(run, run.emoji)
    return Trainer(run.emoji, run, start), start


def test_a_step_moves_the_weights_and_the_average_follows(run):
    trainer, start = begun(run)
    before = load_file(start / "model.safetensors")
    trainer.advance(0.0)
    trainer.save()
    after, average = (
        load_file(run.folder / "emoji/step-000008" / f"{name}.safetensors") for name in ("model", "average")
    )
    name = "unet.down_blocks.0.resnets.0.conv1.weight"
    assert not torch.equal(before[name], after[name])
    share = 1 - min(run.average, 1 / 11)
    torch.testing.assert_close(average[name], before[name].lerp(after[name], share))
    assert trainer.total.item() > 0


def test_the_same_steps_give_the_same_weights(run):
    one, other = (begun(run)[0] for _ in range(2))
    for trainer in (one, other):
        trainer.advance(0.0)
        trainer.advance(0.5)
    for a, b in zip(one.weights, other.weights, strict=True):
        assert torch.equal(a, b)


def test_a_run_ends_in_a_checkpoint_that_the_next_one_starts_from(run, monkeypatch):
    monkeypatch.setattr(gpu, "ticks", lambda *_: itertools.islice(ticks(60.0, 3600.0), 2))
    gpu.main(run)
    assert gpu.begin(run, run.emoji).name == "step-000012"  # three steps before the capture, and two


def test_the_rate_rises_stays_and_falls_with_the_time():
    run = Settings(rate=2.0, decay=0.4)
    assert learning_rate(run, 29, 0.0) == pytest.approx(0.2)
    assert learning_rate(run, 1000, 0.6) == pytest.approx(2.0)
    assert learning_rate(run, 1000, 0.8) == pytest.approx(1.0)
    assert learning_rate(run, 1000, 1.0) == 0


def test_the_bundled_weights_are_where_a_run_starts(tmp_path):
    run = Settings(folder=tmp_path)
    assert gpu.begin(run, run.emoji).name == f"step-{steps_of(BUNDLED['emoji']):06d}"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_training_on_a_cpu_is_named():
    with pytest.raises(InputError, match=r"no CUDA device; `python -m training\.train`"):
        gpu.main(Settings())
