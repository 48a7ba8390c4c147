"""InfEdit against its paper's sampler, and plain descent against its definition."""

from dataclasses import replace

import pytest
import torch
from torch import Generator
from torch.optim import SGD

from potstill import Guided, Points, distill
from potstill.baselines import SDEdit
from potstill.diffusion.prior import Query, predict
from potstill.distillation import surrogate_loss
from potstill.methods import DDS, InfEdit, ShrinkEdit, Source
from potstill.methods.weighting import Rho
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings.plan import EditPlan, SampledEditPlan
from potstill.tensors import normal
from tests.methods.cases import mixture


@pytest.mark.parametrize("method", [InfEdit(), InfEdit.release()], ids=["shared scale", "release"])
def test_plain_descent_at_rate_1_is_the_sampler_of_the_paper(method: InfEdit) -> None:
    """Noise the source, predict with eps_hat - eps_hat_src + eps, and start from that prediction again."""
    known, steps = mixture(), 6
    prior, source, target = Guided(known, 3.0), known.condition(0), known.condition(1)
    x_source = torch.randn(5, 3, generator=Generator().manual_seed(1), dtype=torch.float64)
    x0, rng = x_source, Generator().manual_seed(2)
    for step in range(steps):
        t = method.times(known.schedule, 5, step, steps, rng)
        eps = normal(x0, rng)
        x_t, x_t_source = (known.schedule.perturb(x, eps, t) for x in (x0, x_source))
        source_prior = known if method.source_guidance == 1 else prior
        (hat,), (hat_source,) = (
            predict(prior, Query(x_t, t, target)),
            predict(source_prior, Query(x_t_source, t, source)),
        )
        alpha, sigma = (c[:, None] for c in known.schedule(t))
        x0 = (x_t - sigma * (hat.eps - hat_source.eps + eps)) / alpha
    scene = Points(x_source.clone())
    descent = SGD(scene.parameters(), lr=5.0)  # 5 points: the loss is a mean over them
    rng, conditions = Generator().manual_seed(2), {"target": target, "source": source}
    for _ in distill(scene, prior, method, steps=steps, rng=rng, optimizer=descent, **conditions):
        pass
    torch.testing.assert_close(scene.points.detach(), x0, atol=1e-10, rtol=1e-10)


def test_its_gradient_is_how_the_edit_differs_from_what_the_denoised_pictures_differ_by() -> None:
    known = mixture()
    prior, t = Guided(known, 3.0), known.schedule.time(torch.tensor([0.2, 0.5, 0.8]))
    rng = Generator().manual_seed(0)
    x0, x_source, eps = (torch.randn(3, 3, generator=rng, dtype=torch.float64) for _ in range(3))
    source, target = known.condition(0), known.condition(1)
    perturb = known.schedule.perturb
    hat, hat_source = predict(prior, Query(perturb(x0, eps, t), t, target), Query(perturb(x_source, eps, t), t, source))
    expected = (x0 - x_source) - (hat.x0 - hat_source.x0)
    for method in (InfEdit(), DDS(weight=Rho())):
        found = method.gradient(x0, prior, t, eps, target, Source(x_source, source))
        torch.testing.assert_close(found, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("batch", [1, 4])
def test_plain_descent_moves_every_sample_by_rate_times_its_gradient(batch: int) -> None:
    task = Edit(source="a", target="b", optimizer="sgd", learning_rate=0.3, count=batch)
    scene, gradient = Points(torch.zeros(batch, 2)), torch.randn(batch, 2, generator=Generator().manual_seed(0))
    optimizer = task.resolve().optimizer_of(scene, task.count)
    surrogate_loss(scene(scene.view(Generator())), gradient).backward()
    optimizer.step()
    torch.testing.assert_close(scene.points.detach(), -0.3 * gradient)


def test_what_is_not_stated_is_the_method_s_to_say() -> None:
    task = Edit(source="a", target="b")
    assert task.resolve() == EditPlan(ShrinkEdit.default_optimizer.steps, 1.5, "sgd", 0.7, "TwoScales()")
    stated = Edit(source="a", target="b", method=DDS(), steps=3, learning_rate=0.5)
    assert stated.resolve() == EditPlan(3, 1.5, "adam", 0.5, "Untouched()")
    other = Edit(source="a", target="b", optimizer="adam")
    assert other.resolve() == EditPlan(ShrinkEdit.default_optimizer.steps, 1.5, "adam", 0.02, "TwoScales()")


def test_another_method_brings_its_own_defaults() -> None:
    task = replace(Edit(source="a", target="b"), method=DDS())
    assert task == Edit(source="a", target="b", method=DDS())
    assert task.resolve() == EditPlan(200, 1.5, "adam", 0.02, "Untouched()")
    assert replace(task, method=SDEdit()).resolve() == SampledEditPlan(50, 1.5, "Untouched()")
    assert replace(task, steps=7, method=ShrinkEdit()).resolve() == EditPlan(7, 1.5, "sgd", 0.7, "TwoScales()")
