"""Densification: what is cloned, split and removed, within the budget, with the optimiser's state, and resumed."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Generator

from potstill.distillation import distill
from potstill.errors import InputError, Note
from potstill.methods import PDS
from potstill.optimizers import Adam
from potstill.scenes import Densification, Densifier, Gaussians, Viewing, fit, ring
from potstill.state import LoopState
from tests.diffusion.test_views import READINGS, ViewCase
from tests.diffusion.test_views import scene as views_scene

RULE = Densification(every=2, share=0.25, least_opacity=0.05)


def run(scene: Gaussians, rule: Densification, size: int = 16, steps: int = 2):
    """A fit to a white square, with the changes; the optimiser and what changed it."""
    goal = torch.zeros(3, 3, size, size)
    goal[:, :, size // 4 : size // 2, size // 4 : size // 2] = 1
    optimizer = Adam(scene.parameter_groups(0.01))
    densifier = Densifier(scene, optimizer, rule, Generator().manual_seed(9))
    cameras = ring(3, size=size)
    for step in fit(scene, goal, cameras, steps=steps, rng=Generator().manual_seed(0), optimizer=optimizer):
        densifier.after(step.index)
    return optimizer, densifier


def ball(scale: float = 0.02, count: int = 20) -> Gaussians:
    scene = Gaussians.ball(count, 0.6, Generator().manual_seed(0), Viewing(views=3), opacity=0.9)
    with torch.no_grad():
        scene.log_scales.fill_(math.log(scale))
    return scene


def test_small_ones_are_cloned_and_the_optimiser_follows():
    scene = ball()
    optimizer, _ = run(scene, RULE)
    assert len(scene) == 25
    copies = (scene.means[:20, None] - scene.means[20:]).norm(dim=2)
    assert (copies.amin(0) == 0).all()
    moment = optimizer.state[scene.means]["exp_avg"]
    assert moment.shape == (25, 3)
    assert moment[:20].abs().sum() > 0
    assert moment[20:].abs().max() == 0
    scene.zero_grad()
    scene.render(scene.view(Generator())).sum().backward()
    optimizer.step()


def test_large_ones_become_two_smaller_ones_near_their_place():
    scene = ball(0.2)
    before = scene.means.detach().clone()
    run(scene, RULE)
    assert len(scene) == 25
    new = scene.log_scales[15:].exp()
    assert torch.allclose(new, torch.tensor(0.2 / 1.6), rtol=0.01)
    assert (scene.means[15:, None] - before).norm(dim=2).amin(1).max() < 1.0


def test_the_transparent_go_but_never_all():
    scene = ball()
    with torch.no_grad():
        scene.opacity_logits[:5] = -6
    run(scene, replace(RULE, share=0.0))
    assert len(scene) == 15
    with torch.no_grad():
        scene.opacity_logits.fill_(-6)
        scene.opacity_logits[3] = -5
    with pytest.warns(Note, match="the most opaque one stays"):
        run(scene, replace(RULE, share=0.0))
    assert len(scene) == 1
    assert scene.opacity_logits.item() == pytest.approx(-5, abs=0.01)


def test_the_budget_holds():
    scene = ball()
    run(scene, replace(RULE, most=22, share=1.0), steps=6)
    assert len(scene) == 22


def test_what_is_held_stays_and_is_not_copied():
    scene = ball()
    scene.hold(torch.arange(20) < 10)
    held = scene.means[:10].detach().clone()
    run(scene, replace(RULE, share=1.0))
    assert torch.equal(scene.means[~scene.movable], held)


def test_the_size_of_the_picture_does_not_matter():
    """The same Gaussians are chosen at 32 and 64 pixels, where each covers several of both."""
    chosen = []
    for size in (32, 64):
        scene = ball(0.08)
        run(scene, replace(RULE, split_above=1.0), size)
        chosen.append((scene.means[:20, None] - scene.means[20:]).norm(dim=2).argmin(0))
    assert len(set(chosen[0].tolist()) & set(chosen[1].tolist())) >= 4


def test_a_run_resumes_with_another_number_of_gaussians():
    scene = ball()
    scene.hold(torch.arange(20) < 3)
    optimizer, densifier = run(scene, RULE, steps=3)
    state = LoopState(scene, optimizer, Generator(), growth=densifier).state()
    again = ball()
    again.hold(torch.arange(20) < 3)
    other = Adam(again.parameter_groups(0.01))
    second = Densifier(again, other, RULE, Generator())
    LoopState(again, other, Generator(), growth=second).restore(state)
    assert len(again) == 25
    assert torch.equal(again.movable, scene.movable)
    assert other.param_groups[0]["params"][0] is again.means
    assert torch.equal(other.state[again.means]["exp_avg"], optimizer.state[scene.means]["exp_avg"])
    assert torch.equal(second.gathered, densifier.gathered)


def test_an_edit_densifies_by_its_own_gradient_not_by_its_source():
    case, scene = ViewCase(READINGS["prompts"]), views_scene()
    optimizer = Adam(scene.parameter_groups())
    densifier = Densifier(scene, optimizer, replace(RULE, split_above=0.0), Generator())
    arguments = {"target": case.target, "source": case.source, "steps": 4, "rng": Generator().manual_seed(0)}
    for step in distill(scene, case.prior, PDS(), optimizer=optimizer, **arguments):
        densifier.after(step.index)
    assert len(scene) == 10
    assert all(value.isfinite().all() for value in scene.parameters())


def test_nothing_changes_after_the_last_step():
    scene = ball()
    run(scene, replace(RULE, last=2), steps=8)
    assert len(scene) == 25


def test_without_splats_the_gradient_in_the_world_counts():
    """As on a GPU."""
    scene = ball()
    optimizer = Adam(scene.parameter_groups(0.01))
    densifier = Densifier(scene, optimizer, replace(RULE, every=1), Generator())
    scene.means.grad = torch.zeros(20, 3)
    scene.means.grad[[4, 7]] = 1.0
    densifier.after(0)
    assert len(scene) == 22
    assert torch.equal(scene.means[20:], scene.means[[4, 7]])


def test_a_change_needs_a_step():
    scene = ball()
    with pytest.raises(InputError, match=r"call after\(step.index\) after a step"):
        Densifier(scene, Adam(scene.parameters()), RULE, Generator()).after(0)


def test_what_a_file_held_moves_to_the_device_of_the_scene():
    _, densifier = run(ball(), replace(RULE, every=4))
    state = densifier.state()
    far = ball().to("meta")
    again = Densifier(far, Adam(far.parameter_groups(0.01)), RULE, Generator())
    again.restore(state)
    assert again.gathered.is_meta
    assert again.seen.is_meta
