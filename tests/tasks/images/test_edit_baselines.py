"""Baselines beside the methods: what reconstructs, what a mask keeps, what is counted, and every family."""

import json
from itertools import pairwise

import pytest
import torch
from torch import Generator

from potstill import edit, edit_steps, invert
from potstill.baselines import BASELINES, DDIMInversion, DDPMInversion, EditProblem, NullText, SDEdit
from potstill.diffusion.guidance import Guided, with_scale
from potstill.diffusion.inversion import ddpm_edit, ddpm_inversion
from potstill.diffusion.sampling import eta
from potstill.diffusion.schedule import VP, Flow, linear
from potstill.errors import InputError
from potstill.methods import Method, ShrinkEdit
from potstill.priors import Mixture
from potstill.priors.unets import Unconditional
from potstill.tasks.images.comparing import Compare
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.inverting import Invert
from potstill.tasks.runs.replaying import replay
from potstill.tasks.settings.parsing import from_text, to_text
from tests import tiny

PROMPTS = {"source": "a red apple", "target": "a green pear"}
TOLD = [name for name in tiny.BUILDERS if name != "ddpm"]
CENTRES = torch.tensor([[1.0, 0.0], [-1.0, 0.3]], dtype=torch.float64)
X0 = torch.tensor([[0.9, 0.1], [1.3, -0.2]], dtype=torch.float64)


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 24, 40, generator=Generator().manual_seed(1))


def problem(schedule, steps: int, guidance: float, target: int = 0, **more) -> EditProblem:
    prior = Mixture(CENTRES, torch.tensor([0, 1]), width=0.4, schedule=schedule)
    source, aim = prior.condition(0), prior.condition(target)
    return EditProblem(Guided(prior, guidance), X0, source, aim, steps, Generator().manual_seed(0), **more)


def result(baseline, problem: EditProblem) -> torch.Tensor:
    looks = list(baseline.run(problem))
    assert len(looks) == baseline.total(problem.steps)
    return looks[-1].x0


@pytest.mark.parametrize("schedule", [linear(), VP(), Flow()], ids=["table", "VP", "flow"])
@pytest.mark.parametrize("baseline", [DDPMInversion(), DDPMInversion(skip=0.0, eta=0.3)], ids=["default", "eta"])
def test_ddpm_inversion_with_the_source_ends_on_the_source(schedule, baseline):
    back = result(baseline, problem(schedule, 20, baseline.source_guidance))
    torch.testing.assert_close(back, X0, rtol=0, atol=1e-10)


@pytest.mark.parametrize(
    ("schedule", "label"), [(linear(), "next"), (VP(), "current"), (Flow(), "current")], ids=["table", "VP", "flow"]
)
def test_the_round_trip_of_ddim_inversion_is_off_by_the_first_power_of_the_step(schedule, label):
    runs = [
        (result(DDIMInversion(label=label), problem(schedule, n, 1.0)) - X0).norm(dim=1).mean() for n in (125, 250, 500)
    ]
    orders = [float((one / other).log2()) for one, other in pairwise(runs)]
    assert abs(orders[-1] - 1) < 0.25, orders


def test_the_ddpm_baseline_is_the_edit_friendly_edit():
    task = problem(linear(), 20, 7.5, target=1)
    *times, _ = task.times(0.36)
    found = ddpm_inversion(with_scale(task.prior, 3.5), X0, times, task.source, Generator().manual_seed(0), eta(1.0))
    torch.testing.assert_close(result(DDPMInversion(), task), ddpm_edit(task.prior, found, task.target)[-1])


@pytest.mark.parametrize("baseline", [DDIMInversion(), DDPMInversion(), SDEdit()], ids=lambda one: type(one).__name__)
def test_a_mask_of_zeros_keeps_the_source_and_ones_change_nothing(baseline):
    free = result(baseline, problem(linear(), 20, 3.0, 1))
    assert (free - X0).norm() > 0.1
    assert torch.equal(result(baseline, problem(linear(), 20, 3.0, 1, latent_mask=torch.zeros(1, 2))), X0)
    whole = result(baseline, problem(linear(), 20, 3.0, 1, latent_mask=torch.ones(1, 2)))
    torch.testing.assert_close(whole, free, rtol=0, atol=1e-10)


@pytest.mark.parametrize("family", TOLD)
def test_every_family_is_edited(priors, image, family):
    prior = priors(family)
    options = {"model": prior, "size": tiny.small(prior), "guidance_scale": 1.5, **PROMPTS}
    for baseline in (DDIMInversion(), DDPMInversion(), SDEdit()):
        found = edit(image, method=to_text(baseline), steps=3, **options)
        assert len(found.trace) == found.trace[-1]["step"] + 1 == baseline.total(3)
        assert found.images.isfinite().all()
        assert found.trace[-1]["distance"] > 0
    method = "NullText(inner_steps=1, tolerance=0.0)"
    if family == "flux-dev":
        with pytest.raises(InputError, match="without an empty prompt"):
            edit(image, method=method, steps=2, **options)
        return
    trace = edit(image, method=method, steps=2, **options).trace
    assert trace[-1]["evaluations"] == 2 + 2 * (1 + 2) + 2 * 2
    assert [step["loss"] is None for step in trace] == [True, True, False, False, True, True]


@pytest.mark.filterwarnings("ignore:the 2 results are the same")
def test_evaluations_are_those_of_the_network(priors, image):
    options = {"model": priors("sd"), "steps": 10, "count": 2, "guidance_scale": 1.5, **PROMPTS}
    for method, calls in (("ddim-inversion", 10 + 20), ("ddpm-inversion", 2 * 6 + 12), ("sdedit", 10)):
        assert edit(image, method=method, **options).trace[-1]["evaluations"] == 2 * calls


def test_outside_the_mask_the_picture_stays(priors, image):
    mask = torch.zeros(1, 24, 40)
    mask[:, :, 20:] = 1
    for method in BASELINES:
        found = edit(image, model=priors("pixels"), mask=mask, method=method, steps=2, size=(24, 40), **PROMPTS).images
        assert torch.equal(found[..., :20], image[..., :20])
        assert not torch.equal(found[..., 20:], image[..., 20:])


@pytest.mark.parametrize("family", tiny.BUILDERS)
def test_every_family_is_inverted(priors, image, family):
    prior = priors(family)
    prompt = "" if isinstance(prior, Unconditional) else "a red apple"
    options = {"prompt": prompt, "model": prior, "size": tiny.small(prior), "steps": 3}
    exact = invert(image, method="ddpm", **options).result
    assert exact.trace[-1]["distance"] < 1e-2  # of latents: the PSNR has what the VAE loses, too
    found = invert(image, method="ddim", **options)
    assert found.images.shape == (1, 3, *tiny.small(prior))
    assert found.latents["states"].shape[0] == found.latents["times"].shape[0] == 4


def test_null_text_brings_back_more_than_ddim_inversion_under_guidance(priors, image):
    options = {"prompt": "a red apple", "model": priors("pixels"), "guidance_scale": 7.5, "steps": 10}
    plain, optimised = (invert(image, method=method, **options).psnr for method in ("ddim", "null-text"))
    assert optimised > plain


def test_the_same_seed_gives_the_same_bytes_and_a_result_is_made_again(tiny_folder, image, tmp_path):
    from potstill.io.images import png_bytes

    photo = tmp_path / "photo.png"
    photo.write_bytes(png_bytes(image))
    options = {"model": str(tiny_folder("sd")), "method": "ddpm-inversion", "steps": 3, **PROMPTS}
    first, again, other = (edit(photo, seed=seed, **options) for seed in (5, 5, 6))
    assert first.pngs() == again.pngs() != other.pngs()
    assert replay(first.save(tmp_path / "edit.png")[0]).agree
    options = {"prompt": "an apple", "model": str(tiny_folder("sd")), "method": "null-text", "steps": 2}
    places = invert(photo, **options).result.save(tmp_path / "invert.png")
    assert [place.name for place in places] == ["invert.png", "invert.safetensors"]
    for file in ("invert.png", "invert.json"):
        assert replay(tmp_path / file).agree
    assert json.loads((tmp_path / "invert.json").read_text())["measured"]["psnr"] > 0


def test_steps_are_the_methods_own_unless_stated(priors, image):
    assert Edit(**PROMPTS).resolve().steps == ShrinkEdit.default_optimizer.steps
    assert Edit(method=DDPMInversion(), **PROMPTS).resolve().steps == 100
    assert Edit(method=SDEdit(), steps=7, **PROMPTS).resolve().steps == 7
    for task in (Edit(method=NullText(inner_steps=3), **PROMPTS), Invert(prompt="", method=NullText())):
        assert type(task).of(task.settings()) == task
    tasks = Compare(methods=("pds", "sdedit"), learning_rate=0.1, **PROMPTS).tasks({"image": image})
    assert [task.resolve().steps for task in tasks.values()] == [200, 50]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "SDEdit(strength=0.0)"}, "strength = 0.0 must be above 0 to 1"),
        ({"method": "DDPMInversion(skip=1.0)"}, "skip = 1.0 must be from 0 to below 1"),
        ({"method": "DDPMInversion(eta=0.0)"}, "eta = 0.0 must be above 0 to 1"),
        ({"method": "NullText(inner_steps=-1)"}, "inner steps = -1 must be a whole number from 0 to 1,000"),
        ({"method": "sdedit", "learning_rate": 0.1}, "learning rate = 0.1 does not apply to SDEdit"),
        ({"method": "sdedit", "space": "pixels"}, "space = pixels does not apply to SDEdit"),
        ({"method": "sdedit", "steps": 2000}, "steps = 2000 must be at most 1000"),
        ({"method": "ddim-invresion"}, "did you mean 'ddim-inversion'"),
    ],
)
def test_what_does_not_fit_is_named(priors, image, change, message):
    with pytest.raises(InputError, match=message):
        edit_steps(image, model=priors("sd"), **PROMPTS, **change).finish()


def test_a_baseline_is_no_method():
    for name, baseline in BASELINES.items():
        assert from_text(to_text(baseline), Method | type(baseline)) == from_text(name, type(baseline)) == baseline
        with pytest.raises(InputError, match=r"unknown method|as a method"):
            from_text(name, Method)
