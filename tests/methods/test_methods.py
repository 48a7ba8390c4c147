"""Laws of every method; a new one is tested by being listed."""

import dataclasses
from dataclasses import dataclass, replace
from typing import get_args

import pytest
import torch
from torch import Generator
from torch.optim import SGD

from potstill.diffusion.guidance import with_scale
from potstill.diffusion.schedule import VP, Flow, Schedule, Tabulated, linear
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.distillation import distill, loss_and_slope, surrogate_loss
from potstill.methods import (
    DDS,
    IDS,
    PDS,
    Editing,
    FlowEdit,
    Generating,
    InfEdit,
    Method,
    Source,
)
from potstill.methods.draw import PreviousStep
from potstill.methods.method import SeparateSourceGuidance
from potstill.methods.noise import Fresh
from potstill.methods.render_model import EmpiricalPrior, WithRenderModel
from potstill.scenes import Points
from potstill.tensors import Times
from tests.methods.cases import EDITING, METHODS, NOISES, ONE_SCALE, TWO_SCALES, Case, weightless

every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@every_method
def test_a_batch_gives_what_single_runs_give(method):
    case = Case()
    together = case.gradient(method)
    for row in range(3):
        alone = case.gradient(method, slice(row, row + 1))
        assert torch.equal(together[row : row + 1], alone)


@every_method
def test_gradient_is_pure(method):
    case = Case()
    before = [value.clone() for value in (case.x0, case.noise, case.t, case.source.x0)]
    assert torch.equal(case.gradient(method), case.gradient(method))
    assert all(torch.equal(a, b) for a, b in zip(before, (case.x0, case.noise, case.t, case.source.x0), strict=True))


@pytest.mark.parametrize("name", EDITING)
@pytest.mark.parametrize("scale", [0.0, 1.0, 7.5])
def test_an_edit_to_the_same_prompt_rests_at_the_source(name, scale):
    """Where source and target have a guidance scale of their own, only at the same one."""
    method = EDITING[name]
    case = Case(scale=method.source_guidance if name in TWO_SCALES else scale)
    source = case.source
    gradient = method.gradient(source.x0, case.prior, case.t, case.noise, source.condition, source)
    assert gradient.abs().max() < 1e-12


@every_method
@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("source_guidance", [None, 2.0])
def test_a_step_costs_the_calls_that_the_method_states(method, progress, source_guidance):
    """One, unless it says otherwise: where a prediction rests on another, or there are two networks."""
    if isinstance(method, SeparateSourceGuidance):
        method = replace(method, source_guidance=source_guidance)
    case, counter, now = Case(), CallCounter(), method.at_progress(progress)
    counted = WithRenderModel(count_calls(case.prior, counter), count_calls(case.renders, counter))
    now.gradient(case.x0, counted, case.t, case.noise, case.target, case.source)
    assert counter.calls == now.calls


@pytest.mark.parametrize("method", [DDS(), IDS(), PDS(), InfEdit(), FlowEdit()], ids=lambda m: type(m).__name__)
def test_source_and_target_share_one_look_up_of_the_schedule(method, monkeypatch):
    """The prior looks up once more, for its own conversion; the coefficients of PDS look up three times."""
    case, looked_up = Case(), []
    look_up = Tabulated.__call__
    monkeypatch.setattr(Tabulated, "__call__", lambda self, t: looked_up.append(t) or look_up(self, t))
    method.residual(case.x0, case.prior, case.t, case.noise, case.target, case.source)
    of_coefficients = 3 if isinstance(method, PDS) else 0
    assert len(looked_up) == 2 + of_coefficients


@every_method
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_dtype_is_preserved(method, dtype):
    assert Case(dtype=dtype).gradient(method).dtype == dtype


@every_method
def test_float32_agrees_with_float64(method):
    single, double = (Case(dtype=dtype).gradient(method).double() for dtype in (torch.float32, torch.float64))
    assert (single - double).norm() < 1e-4 * double.norm()


@every_method
def test_the_scale_of_the_schedule_does_not_matter(method):
    """x_t and its schedule times 3: the same predictions, the same residual, unless betas of a table are in it."""
    tied = getattr(getattr(method, "coefficients", None), "uses_betas", False)
    plain, scaled = Case(), Case(Rescaled(linear(), 3.0))
    difference = plain.gradient(weightless(method)) - scaled.gradient(weightless(method))
    assert (difference.abs().max() < 1e-10) != tied


@every_method
def test_guidance_1_is_the_bare_prior(method):
    case, bare = Case(scale=1.0), Case()
    bare.prior = bare.mixture
    assert torch.equal(case.gradient(method), bare.gradient(method))


@every_method
def test_the_guidance_scale_counts_unless_the_method_says_otherwise(method):
    weak, strong = (Case(scale=scale).gradient(method) for scale in (1.5, 7.5))
    assert torch.equal(weak, strong) == (method.guided_by == "none")


@pytest.mark.parametrize("method", ONE_SCALE.values(), ids=ONE_SCALE)
def test_guidance_0_is_unconditional(method):
    case, bare = Case(scale=0.0), Case()
    bare.prior, bare.target = bare.mixture, bare.mixture.unconditional
    bare.source = bare.source._replace(condition=bare.mixture.unconditional)
    assert torch.equal(case.gradient(method), bare.gradient(method))


def test_the_loss_has_the_gradient():
    case = Case()
    gradient = case.noise
    x0 = case.x0.clone().requires_grad_()
    loss = surrogate_loss(x0, gradient)
    loss.backward()
    assert x0.grad is not None
    assert torch.allclose(x0.grad, gradient / 3, atol=1e-13)
    assert torch.isclose(loss, gradient.square().sum() / 6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_the_loop_takes_the_derivative_of_the_loss_to_the_bit(batch, dtype):
    x0, gradient = torch.randn(2, batch, 3, 4, 5, generator=Generator().manual_seed(batch)).to(dtype)
    x0.requires_grad_()
    loss = surrogate_loss(x0, gradient)
    (derivative,) = torch.autograd.grad(loss, x0)
    value, slope = loss_and_slope(x0.detach(), gradient)
    assert torch.equal(value, loss)
    assert torch.equal(slope, derivative)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", [1.0, 1e-2, 1e-4])
def test_in_half_precision_a_small_gradient_keeps_its_digits(dtype, size):
    """The slope is the gradient rounded once, to half an ulp, however small it is beside x0."""
    x0, gradient = torch.randn(2, 1, 4, 64, 64, generator=Generator().manual_seed(0)).to(dtype)
    gradient = size * gradient
    _, slope = loss_and_slope(x0, gradient)
    assert ((slope - gradient).double().norm() / gradient.double().norm()) < torch.finfo(dtype).eps


def test_in_half_precision_the_sum_of_a_large_render_does_not_overflow():
    """|g|² is 2e5 here, above the largest float16."""
    x0, gradient = torch.zeros(1, 4, 128, 128, dtype=torch.float16), torch.full((1, 4, 128, 128), 1.75).half()
    value = 1.75**2 * gradient.numel() / 2
    assert float(loss_and_slope(x0, gradient)[0]) == float(surrogate_loss(x0, gradient)) == value


@every_method
def test_the_same_seed_gives_the_same_bytes(method):
    def run(seed: int) -> torch.Tensor:
        case = Case()
        scene = Points(case.x0)
        run = distill(
            scene,
            case.prior,
            method,
            target=case.target,
            source=case.source.condition,
            steps=5,
            rng=Generator().manual_seed(seed),
        )
        assert [step.index for step in run] == list(range(5))
        return scene.points.detach()

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


@every_method
def test_the_global_generator_is_left_alone(method):
    state = torch.get_rng_state()
    case = Case()
    rng = Generator().manual_seed(0)
    method.draw_noise(*case.drawing(method), rng)
    case.gradient(method)
    assert torch.equal(state, torch.get_rng_state())


def moved(method: Method, steps: int) -> torch.Tensor:
    """Where plain descent takes the points of a case."""
    case = Case()
    scene = Points(case.x0)
    options = {"target": case.target, "source": case.source.condition, "rng": Generator().manual_seed(0)}
    list(distill(scene, case.prior, method, steps=steps, optimizer=SGD(scene.parameters(), lr=1.0), **options))
    return scene.points.detach()


def moved_by_hand(method: Method, steps: int) -> torch.Tensor:
    """As `moved`, written out: t, then the noise, then a step down the gradient's mean over the batch."""
    case, memory, rng = Case(), None, Generator().manual_seed(0)
    x, source = case.x0, Source(case.x0, case.source.condition)
    for step in range(steps):
        now = method.at_progress(step / (steps - 1))
        prior = WithRenderModel(case.prior, EmpiricalPrior(case.mixture, x))
        t = method.times(prior.schedule, len(x), step, steps, rng)
        origin = now.origin(x, case.target, source)
        noise = now.draw_noise(prior, t, origin, rng, memory)
        gradient, hat = now.estimate(x, prior, t, noise, case.target, origin)
        memory = PreviousStep(t, noise, hat.eps)
        x = x - gradient / len(x)
    return x


@every_method
@pytest.mark.parametrize("noise", [noise for name, noise in NOISES.items() if name != "DrawBank"], ids=repr)
def test_any_noise_source_fits(method, noise):
    """The noise is a field like any other: three steps lead where they do by hand, and elsewhere than fresh noise."""
    method = replace(method, noise=noise)
    found = moved(method, 3)
    assert torch.allclose(found, moved_by_hand(method, 3), rtol=1e-12, atol=1e-12)
    assert torch.equal(found, moved(replace(method, noise=Fresh()), 3)) == isinstance(noise, Fresh)


@every_method
@pytest.mark.parametrize("schedule", [VP(), Flow()], ids=["VP", "flow"])
def test_it_runs_in_continuous_time(method, schedule):
    """On schedules without a table: the batch law, and rest at the source for edits."""
    case = Case(schedule)
    together = case.gradient(method)
    assert together.isfinite().all()
    assert torch.allclose(together[1:2], case.gradient(method, slice(1, 2)), rtol=1e-10, atol=1e-10)
    noise = method.draw_noise(*case.drawing(method), Generator().manual_seed(0))
    assert noise.isfinite().all()
    if method.edits:
        source = case.source
        prior = with_scale(case.prior, getattr(method, "source_guidance", None) or 7.5)
        still = method.gradient(source.x0, prior, case.t, noise, source.condition, source)
        assert still.abs().max() < 1e-12


def test_the_unions_are_the_only_list():
    generating, editing = get_args(Generating), get_args(Editing)
    assert not any(cls.edits for cls in generating)
    assert all(cls.edits for cls in editing)
    for cls in (*generating, *editing):
        assert dataclasses.is_dataclass(cls)
        assert cls().bibtex.startswith("@")
        assert cls.equation
        assert cls.comparison
        assert "arXiv" in cls.reference


@dataclass(frozen=True)
class Rescaled(Schedule):
    """x_t' = factor · x_t."""

    schedule: Schedule
    factor: float

    def __post_init__(self) -> None:
        for name in ("t_clean", "t_min", "duration"):
            object.__setattr__(self, name, getattr(self.schedule, name))

    def __call__(self, t: Times) -> tuple[Times, Times]:
        alpha, sigma = self.schedule(t)
        return self.factor * alpha, self.factor * sigma

    def nearest(self, t: Times) -> Times:
        return self.schedule.nearest(t)
