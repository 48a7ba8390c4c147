"""Values of the wrong type or out of range are refused where a component is made, in one line."""

import subprocess
import sys
from functools import partial

import pytest
import torch

from potstill.baselines import BASELINES
from potstill.diffusion.guidance import Guided, Interval, PerpNeg, Rescaled
from potstill.diffusion.null_text import optimize_null_text
from potstill.diffusion.sampling import ddim, sdedit
from potstill.diffusion.schedule import VP, Flow, cosine, linear, scaled_linear
from potstill.errors import InputError
from potstill.fields import check_count, check_number, shown
from potstill.methods import CSD, Identity, InfEdit
from potstill.methods.bank import DrawBank
from potstill.methods.noise import DDIMNoise, FixedPoint, Inverted, Mixed, Picard
from potstill.methods.render_model import LoRAModel
from potstill.methods.times import DreamTime, ShrinkingRange, Uniform
from potstill.methods.weighting import Constant
from tests.methods.cases import Case

NAN, INF = float("nan"), float("inf")
COMPONENTS = {
    "count": [
        *(partial(kind, **{name: value}) for value in (0, -1, 10**9, 10**5000) for kind, name in (
            (Inverted, "steps"), (FixedPoint, "iterations"), (Picard, "iterations"), (DrawBank, "size"),
            (DrawBank, "refresh"), (LoRAModel, "rank"), (linear, "steps"), (scaled_linear, "steps"), (cosine, "steps"),
            (type(BASELINES["null-text"]), "inner_steps"),
        ) if not (name == "inner_steps" and value == 0)),
    ],
    "number": [
        *(partial(kind, **{name: value}) for value in (NAN, INF, -INF) for kind, name in (
            (Inverted, "guidance_scale"), (Inverted, "overshoot"), (Inverted, "extra"), (Mixed, "share"),
            (DDIMNoise, "eta"), (FixedPoint, "rate"), (Uniform, "low"), (Uniform, "high"), (ShrinkingRange, "until"),
            (DreamTime, "lower"), (DreamTime, "upper_width"), (Constant, "value"), (Identity, "strength"),
            (Identity, "stride"), (LoRAModel, "learning_rate"), (CSD, "negative"), (CSD, "negative_end"),
            (InfEdit, "source_guidance"), (Rescaled, "rescale"), (Interval, "low"), (PerpNeg, "weight"),
            (VP, "beta_min"), (VP, "beta_max"), (type(BASELINES["ddim-inversion"]), "source_guidance"),
            (type(BASELINES["ddpm-inversion"]), "skip"), (type(BASELINES["sdedit"]), "strength"),
            (type(BASELINES["null-text"]), "inner_rate"), (type(BASELINES["null-text"]), "tolerance"),
        )),
        *(partial(Guided, Case().mixture, scale) for scale in (NAN, INF, 1e308, -1e308)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", COMPONENTS)
def test_counts_have_limits_and_numbers_are_finite(kind):
    for make in COMPONENTS[kind]:
        with pytest.raises(InputError) as caught:
            make()
        assert "\n" not in str(caught.value), make
        assert len(str(caught.value)) < 300, make


def test_every_baseline_and_its_limits_are_in_the_list():
    assert {"null-text", "ddim-inversion", "ddpm-inversion", "sdedit"} == set(BASELINES)


def test_a_value_of_another_type_is_refused():
    """In a process of its own: the type checker of the tests would be faster."""
    code = """
from potstill import Guided, Mixture, Points, Prediction, SDS, PDS, DDS, InputError, load, sample
from potstill.distillation import distill
from potstill.diffusion.schedule import Flow, linear
from potstill.optimizers import Adam
from potstill.state import LoopState
from potstill.tasks.runs.state_file import pack, unpack
from potstill.worlds import EditStudy, load_world
from potstill.methods import CSD
from potstill.methods.noise import Inverted, Mixed, Fresh
from potstill.methods.times import Uniform
import torch
points, x = torch.zeros(1, 2), torch.zeros(3, 3)
scene, rng = Points(points), torch.Generator()
mixture = Mixture(points)
for make in (
    lambda: Inverted(steps="10"),
    lambda: Inverted(steps=2.5),
    lambda: Inverted(steps=True),
    lambda: Inverted(steps=None),
    lambda: Inverted(extra_at="evry step"),
    lambda: Inverted(label="nxt"),
    lambda: Inverted(remap=1),
    lambda: Mixed("half"),
    lambda: Mixed(True),
    lambda: Uniform("0.1", 0.9),
    lambda: SDS(noise=Fresh),
    lambda: SDS(noise="fresh"),
    lambda: SDS(weight=2.0),
    lambda: SDS(times=0.5),
    lambda: PDS(coefficients="release"),
    lambda: CSD(negative="1"),
    lambda: DDS(times=Uniform),
    lambda: Guided("emoji", 7.5),
    lambda: Guided(mixture, "7.5"),
    lambda: Guided(mixture, None),
    lambda: Guided(mixture, 2.0, rule="plain"),
    lambda: Mixture(points, schedule=10),
    lambda: Mixture(points, width="1"),
    lambda: Prediction.from_v(x[:, :1], x, 0.5, 0.5),
    lambda: Prediction.from_flow(x[:1], x, 0.5, 0.5),
    lambda: Prediction.from_eps(x[0], x, 0.5, 0.5),
    lambda: Prediction.from_x0(x[..., None], x, 0.5, 0.5),
    lambda: SDS().gradient(x[:, :2], mixture, torch.full((3,), 500), x[:1, :2], mixture.condition(0)),
    lambda: Mixture([[0.0, 1.0]]),
    lambda: Points([[0.0, 1.0]]),
    lambda: sample(3),
    lambda: sample("red heart", count=1.5),
    lambda: sample("red heart", seed=0.5),
    lambda: load(3),
    lambda: load_world(3),
    lambda: EditStudy(["sds"]),
    lambda: EditStudy([("sds", SDS())], steps=1.5),
    lambda: EditStudy([("sds", SDS())], learning_rate=float("nan")),
    lambda: unpack(b"file"),
    lambda: pack({"a": object()}),
    lambda: load("emoji", backend="jax"),
    lambda: load("emoji", dtype="float32"),
    lambda: load("emoji", device=3.5),
    lambda: Guided(mixture, 2.0, negative="x"),
    lambda: Mixture(torch.zeros(2, 2, dtype=torch.long)),
    lambda: linear()(5),
    lambda: Flow()(0.5),
    lambda: linear().grid(3, low="a"),
    lambda: distill(Points(points), mixture, SDS(), target=mixture.condition(0), steps=1, rng=rng, progress=3),
    lambda: LoopState(scene, Adam(scene.parameters()), rng).restore({}),
    lambda: LoopState(scene, Adam(scene.parameters()), rng).restore(3),
):
    try:
        make()
    except InputError as error:
        print(error)
    else:
        raise SystemExit("not refused: " + repr(make()))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert not found.returncode, found.stderr
    lines = found.stdout.splitlines()
    assert len(lines) == 51
    assert lines[0] == "steps = '10' of Inverted must be a whole number"
    assert lines[10] == "noise = Fresh of SDS must be a NoiseSource: write Fresh(), with brackets"


def test_functions_check_their_numbers():
    case = Case()
    rng = torch.Generator()
    schedule = case.mixture.schedule
    for call in (
        lambda: schedule.grid(0),
        lambda: schedule.grid(10**9),
        lambda: schedule.grid(5, low=0.9, high=0.1),
        lambda: schedule.grid(5, low=NAN),
        lambda: schedule.inversion_grid(case.t, 0),
        lambda: ddim(case.prior, case.x0, [], case.target, rng),
        lambda: sdedit(case.prior, case.x0, case.target, rng, strength=NAN),
        lambda: sdedit(case.prior, case.x0, case.target, rng, strength=1.5),
        lambda: sdedit(case.prior, case.x0, case.target, rng, steps=0),
        lambda: next(optimize_null_text(case.mixture, [case.x0], [], case.target)),
        lambda: next(optimize_null_text(case.mixture, [case.x0], [case.t], case.target, scale=NAN)),
        lambda: case.mixture.sample(-1, 0, rng),
        lambda: case.mixture.sample(10**12, 0, rng),
        lambda: Flow()(case.t),
    ):
        with pytest.raises(InputError):
            call()


def test_the_checks_name_value_and_range():
    check_count("steps", 3, 10)
    check_number("share", 1, 0.0, 1.0)
    with pytest.raises(InputError, match=r"^steps = 11 must be a whole number from 1 to 10; 5 is usual$"):
        check_count("steps", 11, 10, usual="5")
    with pytest.raises(InputError, match=r"^share = nan must be a finite number from 0 to 1,000,000$"):
        check_number("share", NAN, 0.0, 1e6)
    assert shown(10**5000) == "a number of thousands of digits"
    assert len(shown("x" * 1000)) == 60
