"""What `distill` is given by mistake is refused when it is called, and a module of one's own is a scene."""

import warnings
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Generator, nn
from torch.optim import LBFGS, SGD, Adam, SparseAdam

from potstill.diffusion.guidance import Guided
from potstill.diffusion.prior import Prediction, Prior, Query, predict
from potstill.diffusion.schedule import Flow, linear
from potstill.distillation import distill
from potstill.errors import InputError
from potstill.methods import DDS, PDS, SDS
from potstill.run_arguments import preview
from potstill.scenes import Masked, Points
from tests.methods.cases import Case, mixture

CASE = Case()


class Bare(nn.Module):
    """A module without `view`, whose `forward` takes nothing and gives what it was told to."""

    def __init__(self, render=None):
        super().__init__()
        self.points = nn.Parameter(CASE.x0.clone())
        self.render = render or (lambda points: points)

    def forward(self):
        return self.render(self.points)


class Viewed(Bare):
    """The same, with views."""

    def view(self, rng):
        return {"label": torch.randint(0, 2, (1,), generator=rng)}

    def forward(self, view):
        return self.render(self.points)


class Needy(nn.Linear):
    """A module whose `forward` renders nothing."""

    def forward(self, x, y):
        return x


class Empty(nn.Module):
    """A module with nothing to optimise."""

    def forward(self):
        return CASE.x0


def frozen_points():
    scene = Points(CASE.x0)
    scene.points.requires_grad_(False)
    return scene


def start(scene=None, prior=None, method=None, **options):
    told = {"target": CASE.target, "steps": 2, "rng": Generator().manual_seed(0)} | options
    scene = Points(CASE.x0) if scene is None else scene
    return distill(scene, CASE.prior if prior is None else prior, SDS() if method is None else method, **told)


OTHER = nn.Linear(2, 2)
WRONG = {
    "rng = 0": ({"rng": 0}, r"rng = 0 must be a torch.Generator: pass torch.Generator\(\).manual_seed\(0\)"),
    "rng of NumPy": ({"rng": np.random.default_rng(0)}, "must be a torch.Generator"),
    "rng = None": ({"rng": None}, "rng = None must be"),
    "name": ({"method": "pds"}, r"pass potstill.methods.by_name\('pds'\)"),
    "wrong name": ({"method": "psd"}, "did you mean"),
    "class": ({"method": PDS}, r"method = PDS is a class: pass an instance of it, PDS\(\)"),
    "function": ({"method": print}, "must be a potstill.Method"),
    "text": ({"target": "a red heart"}, "target = 'a red heart' must be a mapping of tensors"),
    "label": ({"target": 1}, r"pass prior.condition\(label\)"),
    "number": ({"target": {"label": 1}}, "mapping of tensors"),
    "empty": ({"target": {}}, "target lacks label, which the prior takes"),
    "unbatched": ({"target": {"label": torch.tensor(1)}}, "label of target has no rows for 3 renders"),
    "rows": ({"target": {"label": torch.tensor([1, 1])}}, "label of target has 2 rows for 3 renders"),
    "source": ({"method": DDS(), "source": "a blue heart"}, "source = 'a blue heart' must be a mapping"),
    "no source": ({"method": DDS()}, "pass source="),
    "source scene": ({"method": DDS(), "source": CASE.target, "source_scene": CASE.x0}, "source_scene = .* must be"),
    "other source": ({"method": DDS(), "source": CASE.target, "source_scene": Points(CASE.x0[:1])}, r"shape \(1, 3\)"),
    "source scene alone": ({"source_scene": Points(CASE.x0)}, "source_scene is the source of an edit, .* pass source="),
    **{f"steps {steps}": ({"steps": steps}, "steps = .* must be a whole number") for steps in (0, -1, 1.5, True, "9")},
    "scene": ({"scene": CASE.x0}, r"pass Points\(points\)"),
    "scene class": ({"scene": Points}, r"scene = Points must be a torch.Module: make an instance of it, Points\(...\)"),
    "no parameters": ({"scene": Empty()}, "Empty has no parameters"),
    "no forward": ({"scene": nn.ModuleList([OTHER])}, "ModuleList has no forward"),
    "a network": ({"scene": OTHER}, "forward of Linear takes input"),
    "sparse": ({"scene": Bare(lambda points: points.to_sparse())}, "return a dense tensor"),
    "frozen": ({"scene": frozen_points()}, "Points has no parameter that requires grad"),
    "meta": ({"scene": Points(CASE.x0).to("meta")}, "meta device"),
    "needy": ({"scene": Needy(2, 2)}, "forward of Needy takes x, y"),
    "prior": ({"prior": "emoji"}, "prior = 'emoji' must be a potstill.Prior"),
    "network": ({"prior": OTHER}, "must be a potstill.Prior"),
    "batch axis": ({"scene": Bare(lambda points: points[0])}, r"shape \(3,\): it must be a batch"),
    "scalar": ({"scene": Bare(lambda points: points.sum())}, r"shape \(\): it must be a batch"),
    "empty batch": ({"scene": Points(CASE.x0[:0])}, r"shape \(0, 3\): it must be a batch"),
    "width": ({"scene": Points(CASE.x0[:, :2])}, r"must hold points \[b, 3\]"),
    "picture": ({"scene": Bare(lambda points: points[None])}, r"must hold points \[b, 3\]"),
    "whole numbers": ({"scene": Bare(lambda points: points.long())}, "a tensor of torch.int64"),
    "list": ({"scene": Bare(lambda points: [points])}, "the render of the scene is a list"),
    "none": ({"scene": Bare(lambda points: None)}, "the render of the scene is a NoneType"),
    "optimizer": ({"optimizer": Adam}, "optimizer = Adam must be"),
    "name of optimizer": ({"optimizer": "adam"}, "optimizer = 'adam' must be"),
    "elsewhere": ({"optimizer": Adam(OTHER.parameters())}, "holds no parameter of Points, so nothing would move"),
    "LBFGS": ({"optimizer": LBFGS(OTHER.parameters())}, "LBFGS evaluates the loss several times"),
    "SparseAdam": ({"optimizer": SparseAdam(list(OTHER.parameters()))}, "SparseAdam takes sparse gradients"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_refused_when_distill_is_called(name):
    given, message = WRONG[name]
    before = torch.get_rng_state()
    with pytest.raises(InputError, match=message) as caught:
        start(**given)
    assert "\n" not in str(caught.value)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_learning_rate_is_finite(rate):
    scene = Points(CASE.x0)
    with pytest.raises(InputError, match=r"learning rate = .* of SGD must be finite"):
        start(scene, optimizer=SGD(scene.parameters(), lr=rate))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_must_be_on(mode):
    with mode(), pytest.raises(InputError, match="distill needs gradients"):
        start()
    run = start()
    with torch.no_grad(), pytest.raises(InputError, match="outside of torch"):
        next(run)


def test_a_scene_made_in_inference_mode_is_refused():
    with torch.inference_mode():
        scene = Points(CASE.x0)
    with pytest.raises(InputError, match=r"made under torch\.inference_mode"):
        start(scene)


def test_a_render_that_rests_on_no_parameter_is_refused():
    with pytest.raises(InputError, match="no gradient with respect to the scene's parameters"):
        next(start(Bare(lambda points: points.detach())))


def test_the_render_of_a_scene_with_views_is_checked_in_its_first_step():
    """To draw a view is to change the scene's or the generator's state."""
    for render in (lambda points: points[0], lambda points: points[:0], lambda points: points.long()):
        run = start(Viewed(render))
        with pytest.raises(InputError, match="the render of the scene"):
            next(run)
    assert len(list(start(Viewed()))) == 2


def test_a_module_of_ones_own_moves_as_points_do():
    ends = []
    for scene in (Points(CASE.x0), Bare()):
        list(start(scene, steps=4, method=DDS(), source=CASE.source.condition))
        ends.append(scene.points.detach())
    assert torch.equal(*ends)
    assert not torch.equal(ends[0], CASE.x0)


def test_a_look_at_the_render_changes_nothing():
    """Buffers and random states are those of before."""

    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(2, 2))
            self.norm = nn.BatchNorm1d(2)
            self.drop = nn.Dropout()

        def forward(self):
            return self.drop(self.norm(self.weight))

    scene = Noisy()
    kept, before = {name: value.clone() for name, value in scene.state_dict().items()}, torch.get_rng_state()
    assert preview(scene).shape == (2, 2)
    assert all(torch.equal(value, kept[name]) for name, value in scene.state_dict().items())
    assert torch.equal(before, torch.get_rng_state())


class Answering(Prior):
    """A prior that answers what it is told to."""

    schedule = linear()
    unconditional: ClassVar = {}

    def __init__(self, answer):
        self.answers = answer

    def __call__(self, x_t, t, condition):
        return self.answers(x_t)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda x: Prediction(x, x[:, :1]), r"eps of shape \(3, 1\) for x_t of shape \(3, 3\)"),
        (lambda x: Prediction(x[:1], x), r"x0 of shape \(1, 3\)"),
        (lambda x: torch.stack([x, x]), "answered with a Tensor: return a Prediction"),
        (lambda x: (x, x), "answered with a tuple"),
        (lambda x: None, "answered with a NoneType"),
        (lambda x: nn.Linear(3, 3)(x), r"cannot denoise x_t of shape \(3, 3\) and torch.float64 on cpu"),
        (lambda x: nn.Linear(2, 2).double()(x), r"cannot denoise x_t of shape \(3, 3\)"),
        (lambda x: nn.Conv2d(4, 4, 1).double()(x), r"cannot denoise x_t of shape \(3, 3\)"),
    ],
)
def test_a_prior_answers_in_the_shape_of_x_t(answer, message):
    """Anything else would broadcast, or end in an error of torch; under guidance, too."""
    answering = Answering.__call__
    Answering.__call__ = getattr(answering, "__wrapped__", answering)
    with pytest.raises(InputError, match=message):
        predict(Answering(answer), Query(CASE.x0, CASE.t, {}))
    if "answered with a " not in message:  # the type checker of the tests is faster
        with pytest.raises(InputError, match=message):
            next(start(prior=Answering(answer), target={}))


@pytest.mark.parametrize("schedule", [linear(), Flow()], ids=["table", "flow"])
@pytest.mark.parametrize("wrong", [-1.0, -5.0, 1e6, float("nan"), float("inf")])
def test_times_outside_of_the_schedule_are_refused(schedule, wrong):
    prior = mixture(schedule)
    t = torch.tensor([0.0, 0.0, wrong], dtype=torch.float64) + schedule.time(torch.full((3,), 0.5))
    t[2] = wrong
    for asked in (prior, Guided(prior, 7.5)):
        with pytest.raises(InputError, match="t = "):
            predict(asked, Query(CASE.x0, t, CASE.target))
        with pytest.raises(InputError, match="t = "):
            SDS().gradient(CASE.x0, asked, t, CASE.noise, CASE.target)


@pytest.mark.parametrize("label", [7, -2])
def test_a_mixture_has_no_other_labels(label):
    told = {"label": torch.tensor([label])}
    for call in (
        lambda: predict(CASE.mixture, Query(CASE.x0, CASE.t, told)),
        lambda: CASE.mixture.condition(label),
        lambda: CASE.mixture.sample(2, label, Generator()),
        lambda: CASE.mixture.log_prob(CASE.x0, told),
        lambda: next(start(target=told)),
    ):
        with pytest.raises(InputError, match=rf"label {label} is not among \[0, 1\]"):
            call()


def test_conditions_that_do_not_fit_together_are_refused():
    long, short = ({"text": torch.zeros(1, length, 4)} for length in (77, 154))
    with pytest.raises(InputError, match=r"'text'.* do not fit together"):
        predict(CASE.mixture, Query(CASE.x0, CASE.t, long), Query(CASE.x0, CASE.t, short))


def test_a_gradient_broadcasts_nothing():
    with pytest.raises(InputError, match=r"source of shape \(1, 3\)"):
        DDS().gradient(CASE.x0, CASE.prior, CASE.t, CASE.noise, CASE.target, CASE.source._replace(x0=CASE.x0[:1]))


def test_a_mask_fits_its_render():
    with pytest.raises(InputError, match=r"mask of shape \(2, 1\) does not fit"):
        Masked(Points(CASE.x0), torch.ones(2, 1), CASE.x0)
    with pytest.raises(InputError, match="the masked scene's render has shape"):
        next(start(Masked(Points(CASE.x0), torch.ones(1), CASE.x0[:1])))


def test_there_is_something_to_predict():
    for queries in ([], [Query(CASE.x0[:0], CASE.t[:0], CASE.target)]):
        with pytest.raises(InputError, match="nothing to predict"):
            predict(CASE.mixture, *queries)
    with pytest.raises(InputError, match="the condition lacks 'label', which Mixture takes"):
        predict(CASE.mixture, Query(CASE.x0, CASE.t, {}))


def test_numbers_of_numpy_are_numbers():
    (step, _) = start(steps=np.int64(2))
    assert type(step.total) is int


def test_a_right_run_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(start())) == 2
