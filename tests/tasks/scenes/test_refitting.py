"""Edits of a scene through its pictures."""

from itertools import pairwise

import pytest
import torch

from potstill import generate_scene, load
from potstill.errors import InputError, Note
from potstill.methods import DDS, InfEdit
from potstill.scenes import Cameras, Gaussians, RandomColour, Sparsity
from potstill.scenes.files import read_gaussians
from potstill.tasks.runs.replaying import replay
from potstill.tasks.scenes.editing import EditScene, edit_scene
from potstill.tasks.scenes.run import look
from potstill.tasks.settings.schema import schema

EDIT = {"source": "red teapot", "target": "blue teapot", "size": 16, "views": 8, "route": "Refit(steps=30)"}


@pytest.fixture(scope="module")
def teapot(tmp_path_factory):
    """A scene of 100 Gaussians."""
    made = generate_scene("red teapot", size=16, gaussians=100, steps=60)
    return made.save(tmp_path_factory.mktemp("scene") / "teapot.ply")[0]


def test_a_scene_is_edited_through_its_pictures(teapot, tmp_path):
    result = edit_scene(teapot, **EDIT, learning_rate=4.0)
    moving = InfEdit.default_optimizer.steps
    assert [step["step"] for step in result.trace] == list(range(moving + 30))
    assert {step["evaluations"] for step in result.trace[moving:]} == {2 * 8 * moving}  # the fit has none
    assert result.measured["psnr"] > edit_scene(teapot, **{**EDIT, "route": "Refit(steps=1)"}).measured["psnr"] + 3
    assert replay(result.save(tmp_path / "blue.ply")[0]).largest == 0


def test_a_preview_shows_the_pictures_while_they_move_and_then_the_scene(teapot):
    task, world = EditScene.of({**EDIT, "steps": 2}), load("world:toys")
    run = task.start({"scene": teapot}, world)
    assert isinstance(run.scene, Gaussians)
    assert run.look is not None
    seen = task.shown(run.scene.viewing, 8)
    unmoved, first = look(run.scene, seen), run.look(seen)
    previews = [run.preview()]
    for step in run:
        assert step.total == 32
        assert torch.allclose(look(run.scene, seen), unmoved, atol=1e-5) == (step.index < 2)
        assert torch.equal(run.look(seen), look(run.scene, seen)) == (step.index >= 2)
        previews.append(run.preview())
        if step.index == 1:
            assert (run.look(seen) - first).square().mean() > 1e-3
    assert len({each.shape for each in previews}) == 1
    assert all(not torch.equal(*pair) for pair in pairwise(previews))


@pytest.mark.parametrize("steps", [1, 2, 12])
def test_a_resumed_run_has_the_same_scene(steps, teapot):
    task, world = EditScene.of({**EDIT, "steps": 2}), load("world:toys")
    whole, half, rest = (task.start({"scene": teapot}, world) for _ in range(3))
    expected = whole.finish().scene
    assert isinstance(expected, torch.nn.Module)
    taken = iter(half)
    for _ in range(steps):
        next(taken)
    rest.restore(half.state())
    found = rest.finish().scene
    assert isinstance(found, torch.nn.Module)
    assert all(torch.equal(one, other) for one, other in zip(expected.parameters(), found.parameters(), strict=True))


def test_what_is_outside_of_the_box_keeps_its_bits(teapot):
    before, after = read_gaussians(teapot), edit_scene(teapot, **EDIT, only_box=(-2, 2, -2, 2, 0, 2)).scene
    assert isinstance(after, Gaussians)
    outside = before.means[:, 2] < 0
    assert outside.any()
    assert torch.equal(after.means[outside], before.means[outside])
    assert not torch.equal(after.colours[~outside], before.colours[~outside])


def test_what_is_seen_where_no_picture_changed_keeps_its_bits(teapot):
    before = read_gaussians(teapot)
    after = edit_scene(teapot, **{**EDIT, "route": "Refit(steps=30, still=0.7)"}).scene
    assert isinstance(after, Gaussians)
    assert after.movable is not None
    held = ~after.movable
    assert 0 < int(held.sum()) < len(held)
    for name, value in before.named_parameters():
        assert torch.equal(getattr(after, name)[held], value[held])
    assert not torch.equal(after.colours[~held], before.colours[~held])


def test_what_suits_no_fit_is_refused():
    told = {"source": "a", "target": "b", "route": "Refit()"}
    for name, value in {
        "regularizers": (Sparsity(1.0),),
        "most_gaussians": 3000,
        "background": RandomColour(),
    }.items():
        with pytest.raises(InputError, match=rf"^{name}.* cannot be used with the route Refit\(\).*leave it out"):
            EditScene.of({**told, name: value})
    route = next(each for each in schema(EditScene) if each.name == "route")
    assert route.choices == ["Direct", "Refit"]
    assert EditScene.of({**told, "method": DDS()}).resolve().steps == DDS.default_optimizer.steps
    assert EditScene.of({**told, "steps": 5}).resolve().steps == 5
    assert EditScene.of({"source": "a", "target": "b"}).resolve().steps == 300


def test_a_box_ends_an_edit_of_pictures_and_the_other_route_says_that_it_does_not(teapot):
    box = (-2.0, 2.0, -2.0, 2.0, 0.0, 2.0)
    before = read_gaussians(teapot)
    inside = before.means[:, 2] >= 0
    with pytest.warns(Note, match=r"the route Direct\(\) an edit spreads a little over the border.*--route"):
        edit_scene(teapot, **{**EDIT, "route": "Direct()", "steps": 1}, only_box=box)
    after = edit_scene(teapot, **EDIT, learning_rate=4.0, only_box=box).scene
    assert torch.equal(after.means[~inside], before.means[~inside])
    before.hold(~inside)
    view = Cameras.orbit([0.0, 120.0, 240.0], 15.0, size=32).view()
    held = before.held_part(view)[:, 0] > 0.8
    change = (after.shade(view)[0] - before.shade(view)[0]).detach().abs().mean(1)
    assert change[held].mean() < 0.03
    assert change[~held].max() > 0.2
