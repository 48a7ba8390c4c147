"""Drawings: what moves is what was chosen, in its units; what did not move keeps its bits; and it is distilled."""

import pytest
import torch
from torch import Generator
from torch.optim import SGD, Adam

from potstill.diffusion.codec import PixelUnshuffle
from potstill.errors import InputError, Note
from potstill.io.svg import read_svg
from potstill.scenes import Chosen, Drawing
from potstill.scenes.drawing import RATES
from potstill.vectors.coupling import Coupled
from potstill.vectors.regularizers import KeepArea, NoCrossing

CODEC = PixelUnshuffle(1)
TEXT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20">
<clipPath id="c"><circle r="9" cx="10" cy="10"/></clipPath>
<g id="face" fill="#fc0" clip-path="url(#c)"><path id="head" d="M1 1H19V19H1z"/>
<g id="eyes"><circle id="eye" cx="6" cy="7" r="2" fill="#024"/><circle id="unseen" cx="14" cy="7" r="2"/></g></g>
<g transform="scale(.1)"><path id="mouth" d="M60 140C80 160 120 160 140 140" fill="none"
 stroke="#800" stroke-width="12"/></g>
</svg>"""
ALL = ("points", "widths", "colours", "opacities", "stops", "gradients")


def drawing(chosen: Chosen = Chosen(), **more) -> Drawing:
    return Drawing(read_svg(TEXT.encode()).sketch, CODEC, 16, 16, chosen=chosen, **more)


def moved_by_one_step(scene: Drawing) -> set[int]:
    """The numbers that a step changes."""
    before = scene.numbers.detach().clone()
    weights = torch.randn(1, 3, 16, 16, generator=Generator().manual_seed(0))
    (scene.images * weights).sum().backward()
    Adam(scene.groups()).step()
    return set((scene.numbers != before).any(0).nonzero()[:, 0].tolist())


def test_the_start_is_the_sketch_to_the_bit_and_the_render_its_encoding():
    scene = drawing(Chosen(ALL))
    assert torch.equal(scene.numbers[0], scene.renderer.sketch.numbers.float())
    assert torch.equal(scene(scene.view(Generator())), CODEC.encode(scene.images))
    assert ((scene.images >= 0) & (scene.images <= 1)).all()


def test_only_what_was_chosen_moves_and_a_clip_path_never():
    sketch = drawing().renderer.sketch
    colours = set(sketch.places("colours").tolist())
    assert moved_by_one_step(drawing(Chosen(("colours",)))) <= colours
    moved = moved_by_one_step(drawing(Chosen(("points",))))
    seen = (sketch.named["face"] - sketch.named["unseen"]) | sketch.named["mouth"]
    assert moved == set(sketch.places("points").tolist()) & seen
    assert moved_by_one_step(drawing(Chosen(("widths",)))) == set(sketch.places("widths").tolist())


@pytest.mark.parametrize("page", ["0 0 20 20", "-4 2 30 20"])
def test_the_outline_of_a_background_stays_and_its_colour_moves(page):
    left, top, width, height = page.split()
    text = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="{page}"><g transform="translate(1 0)">
    <rect id="back" x="{float(left) - 1}" y="{top}" width="{width}" height="{height}" fill="#fc0"/></g>
    <circle id="round" cx="{float(left) + float(width) / 2}" cy="{float(top) + float(height) / 2}" r="15"/></svg>"""
    sketch = read_svg(text.encode()).sketch
    chosen = Chosen().places(sketch)
    moved = {place for place in chosen if sketch.kinds[place] == "points"}
    assert moved
    assert moved <= sketch.named["round"]
    assert {place for place in sketch.named["back"] if sketch.kinds[place] == "colours"} <= chosen
    with pytest.raises(InputError, match="nothing of the drawing is left"):
        Chosen(("points",), only=["back"]).places(sketch)


def test_elements_are_chosen_by_id_and_by_region():
    sketch = drawing().renderer.sketch
    assert moved_by_one_step(drawing(Chosen(only=("#eye",)))) <= sketch.named["eye"]
    assert moved_by_one_step(drawing(Chosen(only=("eyes", "mouth"), kinds=("points",)))) <= (
        sketch.named["eyes"] | sketch.named["mouth"]
    )
    mouth = moved_by_one_step(drawing(Chosen(("points", "widths", "colours"), inside=(5.0, 13.0, 15.0, 16.0))))
    assert mouth
    assert mouth <= sketch.named["mouth"]
    with pytest.warns(Note, match="3 numbers of the chosen elements belong to others as well"):
        drawing(Chosen(only=("eyes",)))  # one eye inherits its colour from the group, as the head does


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Chosen(only=("#nose",)), "no element with the id 'nose': did you mean"),
        (Chosen(only=("path:9",)), "no element with the id 'path:9'"),
        (Chosen(("colors",)), "no kind 'colors' of numbers of a drawing: did you mean 'colours'"),
        (Chosen(("stops",)), "nothing of the drawing is left to optimise"),
        (
            Chosen(inside=(0.0, 0.0, 1.0, 1.0)),
            r"no chosen shape lies whole in the box \(0.0, 0.0, 1.0, 1.0\) \(left, top, right, bottom\): the page is",
        ),
    ],
)
def test_choices_that_do_not_exist(chosen, message):
    with pytest.raises(InputError, match=message):
        drawing(chosen)


def test_lengths_move_by_shares_of_the_page_in_whatever_units_they_are_written():
    scene = drawing(Chosen(("points", "widths")))
    with torch.no_grad():
        for shift in scene.shifts.values():
            shift += 0.01
    change = (scene.numbers - scene.start)[0]
    sketch = scene.renderer.sketch
    outer, inner = sketch.named["head"], sketch.named["mouth"]
    lengths = {place for kind in ("points", "widths") for place in sketch.places(kind).tolist()}
    assert change[sorted(outer & lengths)].tolist() == pytest.approx([0.2] * len(outer & lengths), abs=1e-5)
    assert change[sorted(inner & lengths)].tolist() == pytest.approx([2.0] * len(inner & lengths), abs=1e-4)


def test_each_kind_has_its_learning_rate():
    groups = drawing(Chosen(("points", "colours", "widths"))).groups(RATES | {"colours": 0.5})
    rates = {group["kind"]: group["lr"] for group in groups}
    assert rates == {"points": 0.8 / 512, "widths": 0.8 / 512, "colours": 0.5}


def test_coupled_points_start_as_they_are_and_move_with_their_neighbours():
    alone, coupled = drawing(Chosen(ALL)), drawing(Chosen(ALL), coupling=0.1)
    assert torch.equal(alone.images, coupled.images)
    weights = torch.randn(1, 3, 16, 16, generator=Generator().manual_seed(0))
    slopes = [
        torch.autograd.grad((each.images * weights).sum(), [each.shifts[kind] for kind in ("points", "colours")])
        for each in (alone, coupled)
    ]
    links = (coupled.link_one, coupled.link_other, coupled.link_weight)
    points = alone.shifts["points"].detach().requires_grad_()
    (expected,) = torch.autograd.grad(Coupled.apply(points, *links), points, slopes[0][0])
    assert len(coupled.link_one)
    assert torch.equal(slopes[1][0], expected)
    assert torch.equal(slopes[1][1], slopes[0][1])
    shared = {group["kind"]: group["shared"] for group in coupled.groups()}
    assert shared == {kind: kind in ("points", "widths", "gradients") for kind in coupled.shifts}
    assert not any(group["shared"] for group in alone.groups())
    assert coupled.to("meta").link_weight.device.type == "meta"


def test_colours_out_of_range_count_as_the_nearest_and_can_come_back():
    scene = drawing(Chosen(("colours",)))
    with torch.no_grad():
        scene.shifts["colours"] += 3
    assert (scene.numbers[:, scene.renderer.sketch.places("colours")] <= 1).all()
    before = scene.images.detach().mean()
    scene.images.sum().backward()
    SGD(scene.parameters(), lr=0.05).step()
    assert scene.images.detach().mean() < before


def test_several_drawings_are_optimised_side_by_side():
    one, three = drawing(), drawing(count=3)
    assert three.images.shape == (3, 3, 16, 16)
    assert torch.equal(three.images[2], one.images[0])
    assert [len(shift) for shift in three.shifts.values()] == [3, 3]


def test_regularisers_pull_as_well():
    scene, free = drawing(Chosen(("points",)), regularizers=(KeepArea(5.0), NoCrossing())), drawing()
    with torch.no_grad():
        scene.shifts["points"] += 0.02 * torch.randn(scene.shifts["points"].shape, generator=Generator().manual_seed(0))
    render = scene({})
    (0 * render).sum().backward()
    assert scene.shifts["points"].grad.abs().sum() > 0
    (0 * free({})).sum().backward()
    assert free.shifts["points"].grad.abs().sum() == 0


def test_it_finds_the_colours_and_the_outline_of_another_drawing():
    goal = Drawing(read_svg(TEXT.replace("#fc0", "#0ae").replace('cx="6"', 'cx="7"').encode()).sketch, CODEC, 16, 16)
    scene = drawing()
    target = goal.images.detach()
    descent = Adam(scene.groups({"colours": 0.2, "points": 0.004}))
    begin = (scene.images - target).square().mean().item()
    for _ in range(60):
        scene.zero_grad()
        (scene.images - target).square().mean().backward()
        descent.step()
    assert (scene.images - target).square().mean().item() < 0.01 * begin
