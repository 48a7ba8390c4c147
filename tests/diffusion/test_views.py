"""A view becomes a condition in one place: every method, noise, rule of guidance and of times works with views."""

from dataclasses import dataclass, field, replace

import pytest
import torch
from torch import Generator

from potstill.diffusion.guidance import GUIDANCE_RULES, Guided, PerpNeg, unguided, with_scale
from potstill.diffusion.inversion import ddim_inversion
from potstill.diffusion.null_text import optimize_null_text
from potstill.diffusion.prior import NetworkPrior, Prediction, Query, predict
from potstill.diffusion.schedule import Schedule, linear
from potstill.diffusion.view_prompts import ViewPrompts
from potstill.diffusion.views import ByView, CameraEmbedding, PassEntries, ViewReading
from potstill.diffusion.wrappers import CallCounter, count_calls
from potstill.distillation import distill
from potstill.errors import InputError
from potstill.methods import PDS, SDS, Source, times
from potstill.methods.bank import DrawBank
from potstill.methods.draw import PreviousStep
from potstill.methods.render_model import WithRenderModel
from potstill.methods.times import TimestepSampler
from potstill.scenes import Among, Gaussians, RandomColour, Viewing, ring
from potstill.tensors import SampleGenerators, per_sample
from tests.methods.cases import METHODS, NOISES, final

TIMES = {cls.__name__: cls() for cls in final(times, TimestepSampler)}


@dataclass(frozen=True, eq=False)
class Tiny(NetworkPrior):
    """eps_hat = tanh(a x_t + prompt + camera): a network that takes a prompt and, if it is given, `class_labels`."""

    schedule: Schedule = field(default_factory=linear)
    weight: torch.Tensor = field(default_factory=lambda: torch.tensor(0.7, dtype=torch.float64))

    @property
    def unconditional(self):
        return {"states": torch.zeros(1, 3, dtype=torch.float64)}

    def encode(self, prompt: str):
        rng = Generator().manual_seed(sum(map(ord, prompt)))
        return {"states": torch.randn(1, 3, generator=rng, dtype=torch.float64)}

    def __call__(self, x_t, t, condition):
        assert set(condition) <= {"states", "class_labels"}
        told = condition["states"].sum(1) + condition.get("class_labels", torch.zeros(1, 1)).sum(1)
        eps = (self.weight * x_t + 0.3 * per_sample(told, x_t)).tanh()
        return Prediction.from_eps(eps, x_t, *(per_sample(c, x_t) for c in self.schedule(t)))

    @property
    def trainable_weights(self):
        return [self.weight] if self.weight.requires_grad else []

    def trainable(self, rank, rng):
        return replace(self, weight=self.weight.clone().requires_grad_())

    def loss(self, x0, noise, t, condition):
        return (predict(self, Query(self.schedule.perturb(x0, noise, t), t, condition))[0].eps - noise).square().mean()


READINGS: dict[str, ViewReading] = {
    "prompts": ViewPrompts(left="{} from the left"),
    "embedding": CameraEmbedding(2),
    "nothing": PassEntries(()),
}
every_reading = pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
VIEWS = 3


class ViewCase:
    """Three renders under three cameras, with one prompt for all."""

    def __init__(self, reading: ViewReading, scale: float = 3.0, **guidance) -> None:
        network = Tiny()
        self.prior = Guided(ByView(network, reading), scale, **guidance)
        prompts = (network.encode, "a cup"), (network.encode, "a mug")
        encode = reading.encode if isinstance(reading, ViewPrompts) else lambda encode, prompt: encode(prompt)
        self.target, self.source = (encode(*each) for each in prompts)
        rng = Generator().manual_seed(0)
        draw = torch.randn(3, VIEWS, 3, 4, 4, generator=rng, dtype=torch.float64)
        self.x0, self.x0_source, self.noise = draw
        self.t = network.schedule.time(torch.tensor([0.2, 0.5, 0.8]))
        self.view = ring(VIEWS, elevation=20.0, size=4).to(torch.float64).numbered().view()

    def conditions(self, rows: slice):
        view = {name: value[rows] for name, value in self.view.items()}
        return {**self.target, **view}, {**self.source, **view}

    def gradient(self, method, rows: slice = slice(None)):
        target, source = self.conditions(rows)
        prior = WithRenderModel(self.prior, self.prior.prior)
        return method.gradient(
            self.x0[rows], prior, self.t[rows], self.noise[rows], target, Source(self.x0_source[rows], source)
        )


@every_reading
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_views_of_a_step_give_what_single_views_give(method, reading):
    case = ViewCase(reading)
    together = case.gradient(method)
    assert together.isfinite().all()
    for row in range(VIEWS):
        assert torch.allclose(together[row : row + 1], case.gradient(method, slice(row, row + 1)), atol=1e-12)


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
def test_every_noise_is_that_of_the_single_views(noise):
    case = ViewCase(READINGS["prompts"])
    case.t = case.t[:1].expand(VIEWS)  # an inversion to another time draws another number of times
    past = PreviousStep(case.t + 50, case.noise, case.x0_source)
    target, _ = case.conditions(slice(None))
    together = noise(case.x0, case.prior, case.t, target, SampleGenerators(range(VIEWS)), past)
    for row in range(VIEWS):
        rows, rng = slice(row, row + 1), Generator().manual_seed(row)
        before = PreviousStep(*(value[rows] for value in past))
        alone = noise(case.x0[rows], case.prior, case.t[rows], case.conditions(rows)[0], rng, before)
        assert torch.allclose(together[rows], alone, atol=1e-9)


@pytest.mark.parametrize("rule", [rule() for rule in GUIDANCE_RULES], ids=lambda rule: type(rule).__name__)
def test_every_rule_of_guidance_reads_each_branch_under_its_view(rule):
    reading = ViewPrompts()
    negative = reading.encode(Tiny().encode, "a blurred cup")
    avoided = ((0.5, negative),) if isinstance(rule, PerpNeg) else ()
    case = ViewCase(reading, rule=rule, negative=negative, avoided=avoided)
    together = case.gradient(SDS())
    for row in range(VIEWS):
        assert torch.allclose(together[row : row + 1], case.gradient(SDS(), slice(row, row + 1)), atol=1e-12)


@every_reading
def test_guidance_is_changed_and_taken_off_around_the_reading(reading):
    prior = ByView(Tiny(), reading)
    guided = with_scale(prior, 3.0)
    assert guided == Guided(prior, 3.0)
    assert unguided(guided) == prior
    assert ByView(Tiny(), reading).call_key != prior.call_key
    assert replace(prior).call_key == prior.call_key


@every_reading
def test_all_views_and_branches_are_one_call(reading):
    counter = CallCounter()
    case = ViewCase(reading)
    case.prior = count_calls(case.prior, counter)
    case.gradient(PDS())
    assert (counter.calls, counter.evaluations) == (1, 4 * VIEWS)


def scene(dtype: torch.dtype = torch.float64) -> Gaussians:
    viewing = Viewing(Among(ring(6, size=4)), views=VIEWS, background=RandomColour())
    return Gaussians.ball(6, 0.8, Generator().manual_seed(0), viewing).to(dtype)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("rule", ["Uniform", "others"])
def test_every_method_and_rule_of_times_moves_a_scene_of_views(method, rule):
    case, rules = ViewCase(READINGS["prompts"]), {"Uniform": ["Uniform"], "others": sorted(TIMES.keys() - {"Uniform"})}
    for name in rules[rule] if method == METHODS["sds"] else rules["Uniform"]:
        model, rng = scene(), Generator().manual_seed(0)
        before = model.means.detach().clone()
        moved = replace(method, times=TIMES[name])
        steps = list(distill(model, case.prior, moved, target=case.target, source=case.source, steps=2, rng=rng))
        assert steps[-1].gradient_norm > 0
        assert not torch.equal(model.means, before)


def test_the_gradient_of_a_scene_is_the_mean_over_its_views():
    """One step of plain descent from three views is the mean of three steps from one each."""
    case, start = ViewCase(READINGS["embedding"]), scene()
    view = start.view(Generator().manual_seed(3))
    t = case.t

    def slope(rows: slice) -> torch.Tensor:
        part = {name: value[rows] for name, value in view.items()}
        model = scene()
        x0 = model(part)
        gradient = SDS().gradient(x0.detach(), case.prior, t[rows], case.noise[rows], {**case.target, **part})
        (x0 * gradient / len(x0)).sum().backward()
        return model.means.grad

    singles = torch.stack([slope(slice(row, row + 1)) for row in range(VIEWS)])
    assert torch.allclose(slope(slice(None)), singles.mean(0), atol=1e-12)


def test_inversion_and_null_text_read_views():
    case = ViewCase(READINGS["prompts"])
    prior = unguided(case.prior)
    falling = prior.schedule.grid(3)
    ends = []
    for rows in (slice(None), slice(1, 2)):
        condition, _ = case.conditions(rows)
        states = ddim_inversion(prior, case.x0[rows], falling[::-1], condition)[::-1]
        *_, last = optimize_null_text(prior, states, falling, condition, scale=1.5)
        ends.append((states[0], last.x_s, last.condition["states"]))
    assert ends[0][2].shape == (VIEWS, 5, 3)
    for together, alone in zip(*ends, strict=True):
        assert torch.allclose(together[1:2], alone, atol=1e-9)


def test_a_bank_keeps_no_prediction_on_a_source_that_turns():
    case = ViewCase(READINGS["prompts"])
    arguments = {"target": case.target, "source": case.source, "steps": 2}
    with pytest.raises(InputError, match="which changes with the view: use fresh noise"):
        list(distill(scene(), case.prior, PDS(noise=DrawBank(2)), rng=Generator().manual_seed(0), **arguments))


def test_the_embedding_of_a_camera_closes_the_circle_and_tells_cameras_apart():
    azimuth = torch.tensor([-180.0, 180.0, 0.0, 90.0])
    waves = CameraEmbedding(2).embed(azimuth, torch.tensor([10.0, 10.0, 10.0, -10.0]))
    assert waves.shape == (4, 8)
    assert torch.allclose(waves[0], waves[1], atol=1e-5)
    assert torch.allclose(waves[3, :4], torch.tensor([1.0, 0, 0, -1]), atol=1e-5)


def test_entries_pass_as_they_are():
    view = ring(2).numbered().view()
    read = PassEntries(("index",))({"label": torch.tensor([3]), **view}, {"label"})
    assert set(read) == {"label", "index"}
    with pytest.raises(InputError, match="the condition has no index"):
        PassEntries(("index",))({"label": torch.tensor([3])}, {"label"})
    with pytest.raises(InputError, match="entries label are not of a view"):
        PassEntries(("label",))
