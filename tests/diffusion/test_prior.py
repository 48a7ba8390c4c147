import pytest
import torch
from torch import Generator

from potstill.diffusion import mixture
from potstill.diffusion.guidance import Guided
from potstill.diffusion.prior import Prediction, Query, predict
from potstill.diffusion.schedule import VP, Flow, linear
from potstill.errors import InputError
from potstill.priors import Mixture
from potstill.worlds import load_world
from tests.optional import on_gpu


def test_predictions_go_round_in_a_circle():
    """eps -> x0 -> v -> flow -> eps, on a variance-preserving, a flow and a variance-exploding level."""
    rng = Generator().manual_seed(0)
    x0, eps = (torch.randn(2, 3, 4, 4, generator=rng, dtype=torch.float64) for _ in range(2))
    for alpha, sigma in ((0.6, 0.8), (0.3, 0.7), (1.0, 9.0)):
        a, s = torch.tensor(alpha, dtype=torch.float64), torch.tensor(sigma, dtype=torch.float64)
        x_t = a * x0 + s * eps
        hat = Prediction.from_eps(eps, x_t, a, s)
        hat = Prediction.from_x0(hat.x0, x_t, a, s)
        hat = Prediction.from_v(hat.v(a, s), x_t, a, s)
        hat = Prediction.from_flow(hat.velocity, x_t, a, s)
        assert torch.allclose(hat.x0, x0, atol=1e-12)
        assert torch.allclose(hat.eps, eps, atol=1e-12)


def test_v_is_diffusers():
    """eps = alpha v + sigma x_t, x0 = alpha x_t - sigma v on variance-preserving schedules."""
    a, s = (c[:, None] for c in linear()(torch.tensor([400.0])))
    v, x_t = torch.tensor([[0.3, -1.0]]), torch.tensor([[2.0, 0.5]])
    hat = Prediction.from_v(v, x_t, a, s)
    assert torch.allclose(hat.eps, a * v + s * x_t)
    assert torch.allclose(hat.x0, a * x_t - s * v)


@pytest.fixture
def prior() -> Mixture:
    centres = torch.randn(6, 2, generator=Generator().manual_seed(1), dtype=torch.float64)
    return Mixture(centres, torch.tensor([0, 0, 1, 1, 1, 2]), width=0.2)


def query(prior: Mixture, label: int, seed: int = 0) -> Query:
    x_t = torch.randn(4, 2, generator=Generator().manual_seed(seed), dtype=torch.float64)
    return Query(x_t, prior.schedule.time(torch.tensor([0.1, 0.4, 0.6, 0.9])), prior.condition(label))


def test_guidance_formula_and_negative_condition(prior):
    cond = predict(prior, query(prior, 1))[0]
    for negative in ({}, prior.condition(2)):
        against = predict(prior, query(prior, 1)._replace(condition=negative or prior.unconditional))[0]
        guided = predict(Guided(prior, 7.5, negative), query(prior, 1))[0]
        for g, c, u in zip(guided, cond, against, strict=True):
            assert torch.allclose(g, u + 7.5 * (c - u), atol=1e-12)
    # Guided predictions still fit x_t.
    alpha, sigma = (c[:, None] for c in prior.schedule(query(prior, 1).t))
    assert torch.allclose(alpha * guided.x0 + sigma * guided.eps, query(prior, 1).x_t, atol=1e-12)


def test_one_call_answers_as_several_do(prior):
    queries = [query(prior, 1), query(prior, 0, seed=5), query(prior, 2, seed=6)]
    for together, single in zip(predict(prior, *queries), queries, strict=True):
        assert torch.equal(together.eps, predict(prior, single)[0].eps)


def test_conditions_that_do_not_fit_are_refused(prior):
    with pytest.raises(InputError, match="same entries"):
        predict(prior, query(prior, 1), query(prior, 1)._replace(condition={}))
    with pytest.raises(InputError, match="3 rows for a batch of 4"):
        predict(prior, query(prior, 1)._replace(condition={"label": torch.zeros(3, dtype=torch.long)}))


@pytest.mark.parametrize("schedule", [linear(), VP(), Flow()], ids=["table", "VP", "flow"])
@pytest.mark.parametrize("label", [-1, 1])
def test_mixture_score_is_the_gradient_of_its_density(prior, schedule, label):
    """eps_hat = -sigma_t ∇ log p_t(x_t), with p_t a mixture of its own, by autograd."""
    x_t = query(prior, 0).x_t.requires_grad_()
    t = schedule.time(torch.tensor([0.1, 0.4, 0.6, 0.9]))
    for row in range(4):
        alpha, sigma = (float(c) for c in schedule(t[row : row + 1]))
        noisy = Mixture(alpha * prior.centres, prior.labels, ((alpha * 0.2) ** 2 + sigma**2) ** 0.5)
        (score,) = torch.autograd.grad(noisy.log_prob(x_t, {"label": torch.tensor([label])})[row], x_t)
        exact = Mixture(prior.centres, prior.labels, 0.2, schedule)
        hat = predict(exact, Query(x_t.detach(), t, {"label": torch.tensor([label])}))[0]
        assert torch.allclose(hat.eps[row], -sigma * score[row], atol=1e-10)


def test_mixture_density_integrates_to_1_and_samples_follow_it(prior):
    side = torch.linspace(-6, 6, 400, dtype=torch.float64)
    cells = torch.cartesian_prod(side, side)
    density = prior.log_prob(cells, prior.condition(1)).exp()
    area = (side[1] - side[0]) ** 2
    assert abs(float(density.sum() * area) - 1) < 1e-6
    mean = (density[:, None] * cells).sum(0) * area
    samples = prior.sample(100_000, 1, Generator().manual_seed(0))
    assert torch.allclose(samples.mean(0), mean, atol=0.02)


def test_a_camera_projects_the_score(prior):
    """Seen by an orthonormal camera, the 3-D mixture is the 2-D mixture of projected centres."""
    from potstill.scenes.cameras import random_cameras

    solid = Mixture(torch.randn(5, 3, generator=Generator().manual_seed(2), dtype=torch.float64), width=0.3)
    cameras = random_cameras(4, Generator().manual_seed(3), torch.float64)
    assert torch.allclose(cameras @ cameras.mT, torch.eye(2, dtype=torch.float64).expand(4, 2, 2), atol=1e-12)
    x_t, t, label = query(prior, 0)
    label = {"label": torch.tensor([0])}
    seen = predict(solid, Query(x_t, t, {**label, "camera": cameras}))[0]
    for row in range(4):
        flat = Mixture(solid.centres @ cameras[row].T, width=0.3)
        alone = predict(flat, Query(x_t[row : row + 1], t[row : row + 1], label))[0]
        assert torch.allclose(seen.eps[row], alone.eps[0], atol=1e-12)


@pytest.mark.parametrize("seen", [False, True])
def test_a_mixture_in_blocks_is_the_whole_mixture(seen, monkeypatch):
    from potstill.scenes.cameras import random_cameras

    rng = Generator().manual_seed(0)
    prior = Mixture(torch.randn(6, 3, generator=rng, dtype=torch.float64), torch.tensor([0, 0, 1, 1, 1, 2]), width=0.2)
    labels = torch.tensor([-1] * 5 + [1] * 4)
    condition = {"label": labels, **({"camera": random_cameras(9, rng, torch.float64)} if seen else {})}
    x_t = torch.randn(9, 2 if seen else 3, generator=rng, dtype=torch.float64)
    found = []
    for block in (mixture._BLOCK, 13, 1):  # all at once; two or four rows; each row
        monkeypatch.setattr(mixture, "_BLOCK", block)
        found.append((*prior(x_t, torch.full((9,), 300.0), condition), prior.log_prob(x_t, condition)))
    for part in found[1:]:
        assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(part, found[0], strict=True))


def test_guidance_keeps_the_camera(prior):
    solid = Mixture(torch.randn(5, 3, generator=Generator().manual_seed(2), dtype=torch.float64), width=0.3)
    camera = torch.eye(3, dtype=torch.float64)[None, :2]
    x_t, t, _ = query(prior, 0)
    condition = {**solid.condition(0), "camera": camera}
    assert predict(Guided(solid, 3.0), Query(x_t, t, condition))[0].x0.shape == (4, 2)


@pytest.mark.parametrize(
    ("centres", "width", "message"),
    [
        (torch.zeros(0, 2), 0.1, "at least one"),
        (torch.tensor([[float("inf"), 0]]), 0.1, "finite"),
        (torch.zeros(1, 2), 0.0, "width = 0.0 must be a finite number from"),
    ],
)
def test_impossible_mixtures_are_refused(centres, width, message):
    with pytest.raises(InputError, match=message):
        Mixture(centres, width=width)


def test_an_unknown_label_is_refused(prior):
    with pytest.raises(InputError, match="label 7 is not among"):
        prior.condition(7)


@on_gpu
def test_a_mixture_on_a_gpu_draws_the_same_points():
    own = load_world("moons").prior()
    there = Mixture(own.centres.cuda(), own.labels.cuda(), own.width)
    points, far = (each.sample(9, 1, Generator().manual_seed(0)) for each in (own, there))
    assert torch.equal(points, far.cpu())
