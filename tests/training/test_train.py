import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from diffusers import DiffusionPipeline
from PIL import Image
from safetensors.torch import load_file

from potstill.priors.loading import BUNDLED, load
from potstill.priors.logs import quiet
from potstill.priors.prompts import PromptWarning
from tests.tiny_emoji import TINY, random_drawings
from training import export, reopen, sheet
from training import train as module
from training.model import build_tokenizer, tokenize
from training.train import Train, learning_rate, train

CPU = Accelerator(cpu=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emoji")
    return Train(
        folder=folder / "run",
        data=random_drawings(folder),
        steps=4,
        decay_steps=2,
        warmup=2,
        batch=2,
        sheet_steps=1,
        architecture=TINY,
    )


@pytest.fixture(scope="module")
def trained(run):
    return run, list(train(run, CPU))


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_run_that_is_stopped_goes_on_to_the_same_bytes(trained):
    run, metrics = trained
    halves = replace(run, folder=run.folder.with_name("halves"), checkpoint_every=0.0)
    first = train(halves, CPU)
    before = [next(first) for _ in range(3)]  # step 3 is lost: the checkpoint is of step 2
    first.close()
    after = list(train(halves, CPU))
    assert [one["step"] for one in after] == [3, 4]
    assert after[0]["loss"] == before[2]["loss"] == metrics[2]["loss"]
    assert contents(halves.folder / "step-000004") == contents(run.folder / "step-000004")


def test_ctrl_c_saves_and_the_same_command_goes_on_to_the_same_bytes(trained, monkeypatch, capsys):
    run, _ = trained
    stopped = replace(run, folder=run.folder.with_name("stopped"))
    monkeypatch.setattr(torch, "set_flush_denormal", lambda on: True)  # of this process, whose other tests run without

    def interrupted(*arguments):
        follow(*arguments)
        signal.raise_signal(signal.SIGINT)

    follow = module._follow
    with monkeypatch.context() as patch:
        patch.setattr(module, "_follow", interrupted)
        with pytest.raises(SystemExit) as stop:
            module.main(stopped)
    assert stop.value.code == 130
    assert "interrupted after step 1, which is saved; run the same command to resume" in capsys.readouterr().err
    module.main(stopped)
    assert contents(stopped.folder / "step-000004") == contents(run.folder / "step-000004")


def test_a_last_phase_starts_from_another_runs_checkpoint(trained):
    run, _ = trained
    last = replace(run, folder=run.folder.with_name("last"), start=run.folder / "step-000004", steps=5)
    assert [one["step"] for one in train(last, CPU)] == [5]
    assert not list(run.folder.glob("step-000005"))


def test_a_checkpoint_of_another_architecture_is_refused(trained):
    run, _ = trained
    with pytest.raises(ValueError, match="architecture"):
        next(train(replace(run, steps=5, architecture=replace(TINY, heads=4)), CPU))


def test_the_rate_warms_up_stays_and_falls_to_zero():
    run = Train(steps=100, warmup=10, decay_steps=20, rate=2.0)
    rates = [learning_rate(run, step) for step in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert set(rates[9:81]) == {2.0}
    assert rates[90] == pytest.approx(1.0)
    assert rates[100] == 0
    assert learning_rate(replace(run, decay_steps=0), 99) == 2.0


def test_the_exported_folder_loads_and_predicts_the_same(trained, tmp_path, capsys):
    run, _ = trained
    place = run.folder / "step-000004"
    export.main(export.Export(place, out=tmp_path))
    assert f"MB in {tmp_path}" in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.bin"))
    assert export.steps_of(tmp_path) == 4
    with quiet():
        pipe = DiffusionPipeline.from_pretrained(tmp_path, vae=None)
    assert pipe.scheduler.config.prediction_type == "sample"

    words = "noto red heart on a zeppelin"
    prior = load(tmp_path, dtype=torch.float32)
    with pytest.warns(PromptWarning, match="'zeppelin'"):
        condition = prior.encode_prompt(words)
    rng = torch.Generator().manual_seed(0)
    x_t, t = torch.randn(1, 48, 16, 16, generator=rng), torch.tensor([500])
    with torch.no_grad():
        expected = sheet.read(place)(x_t, t, tokenize(build_tokenizer(), [words]))
        found = prior(x_t, t.double(), condition).x0
    torch.testing.assert_close(found, expected, rtol=0, atol=5e-3)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_readme_of_bundled_weights_says_how_many_steps_they_were_trained(name):
    assert f"{export.steps_of(BUNDLED[name]):,} steps" in (BUNDLED[name] / "README.md").read_text()


def test_training_goes_on_from_an_exported_folder_alone(trained, tmp_path):
    run, _ = trained
    export.main(export.Export(run.folder / "step-000004", out=tmp_path / "model"))
    again = reopen.Reopen(4, tmp_path / "run", tmp_path / "model", TINY)
    reopen.main(again)
    kept, exported = (
        load_file(place / "average.safetensors") for place in (run.folder / "step-000004", tmp_path / "run/step-000004")
    )
    assert kept.keys() == exported.keys()
    for name, value in kept.items():
        assert torch.equal(exported[name], value.half().float())
    assert [one["step"] for one in train(replace(run, folder=again.folder, steps=6), CPU)] == [5, 6]
    with pytest.raises(SystemExit, match="already contains a run"):
        reopen.main(again)


def test_the_sheet_of_an_exported_model_is_that_of_its_checkpoint(trained, tmp_path):
    run, _ = trained
    export.main(export.Export(run.folder / "step-000004", out=tmp_path / "model"))
    for name in (run.folder / "step-000004", tmp_path / "model"):
        sheet.main(sheet.Sheet(str(name), tmp_path / f"{name.name}.png", steps=1))
    one, other = (np.asarray(Image.open(tmp_path / f"{name}.png")).astype(float) for name in ("step-000004", "model"))
    assert np.abs(one - other).max() < 3
