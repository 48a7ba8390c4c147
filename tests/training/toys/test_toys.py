import numpy as np
import pytest
import torch

from potstill.scenes.cameras import Cameras
from tests.optional import needs
from training.toys import surfaces
from training.toys.kinds import KINDS
from training.toys.parts import COLOURS, MAIN, Drawn, Spread

SURFACES = {
    "ball": surfaces.ball(0.7, 0.5),
    "box": surfaces.box(0.8, 0.5, 0.3, 0.1),
    "cylinder": surfaces.cylinder(0.4, 1.0),
    "cone": surfaces.cylinder(0.4, 1.0, 0.0),
    "ring": surfaces.ring(0.6, 0.2),
    "lathe": surfaces.lathe((0, 0), (0.6, 0.3), (0, 1)),
    "tube": surfaces.tube([(0, 0, 0), (0.5, 0, 0.5), (0.5, 0.4, 1)], [0.2, 0.15, 0.1]),
    "prism": surfaces.prism([(-0.5, 0), (0, 1), (0.5, 0)], 0.4),
    "mirrored": surfaces.tube([(0, 0, 0), (0.5, 0, 0.5)], [0.2, 0.1]).mirrored(),
    "turned": surfaces.box(0.8, 0.5, 0.3).turned("x", 40).turned("z", 20).scaled(1, 2, 1).at(1, 0, 0),
}


@pytest.mark.parametrize("name", SURFACES)
def test_normals_are_unit_and_agree_with_the_triangles(name):
    """Up to the sense in which the corners are listed, which nothing rests on."""
    shape = SURFACES[name]
    corners = shape.vertices[shape.triangles]
    flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    size = np.linalg.norm(flat, axis=1)
    smooth = shape.normals[shape.triangles].mean(1)
    cosine = np.abs((flat * smooth).sum(1))[size > 1e-6] / size[size > 1e-6]
    assert np.allclose(np.linalg.norm(shape.normals, axis=1), 1, atol=1e-6)
    assert np.quantile(cosine, 0.05) > 0.8
    assert np.average(cosine, weights=size[size > 1e-6]) > 0.95


@pytest.mark.parametrize("name", ["ball", "box", "cylinder", "cone", "ring", "lathe", "tube"])
def test_normals_point_outwards(name):
    """The flux of the position through the surface is three times the volume, so above 0 (divergence theorem)."""
    shape = SURFACES[name]
    corners = shape.vertices[shape.triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    middle, normal = corners.mean(1), shape.normals[shape.triangles].mean(1)
    assert ((middle - shape.vertices.mean(0)) * normal).sum(1) @ area > 0


def test_volumes():
    """A ball and a box by the divergence theorem."""
    for name, volume in (("ball", 4 / 3 * np.pi * 0.7**3 * 0.5), ("cylinder", np.pi * 0.4**2)):
        shape = SURFACES[name]
        corners = shape.vertices[shape.triangles]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
        normal = shape.normals[shape.triangles].mean(1)
        cross *= np.sign((cross * normal).sum(1, keepdims=True))
        assert (corners.mean(1) * cross).sum() / 3 == pytest.approx(volume, rel=0.03)


def test_there_are_kinds_of_every_sort():
    assert len(KINDS) >= 16
    for name, kind in KINDS.items():
        toy = kind(Drawn(np.random.default_rng(0)))
        assert kind.__doc__, name
        assert any(part.colour == MAIN for part in toy), name
        assert {part.colour for part in toy} <= {MAIN, *COLOURS}, name
        assert len({part.name for part in toy}) == len(toy), name
        assert all(np.isfinite(part.surface.vertices).all() for part in toy), name


def test_proportions_are_spread_given_or_drawn():
    variants = [Spread(number, 4)("wide", 1.0, 2.0) for number in range(4)]
    assert sorted(variants) == pytest.approx([1, 4 / 3, 5 / 3, 2])
    drawn = Drawn(np.random.default_rng(0), {"lid": 0.0, "wide": 1.0})
    assert drawn("wide", 1.0, 2.0) == 2.0
    assert drawn.has("lid")
    assert 1 <= drawn("tall", 1.0, 2.0) <= 2


@needs("embreex")
def test_a_picture_is_light_times_colour():
    from training.toys.parts import Part
    from training.toys.render import RADIUS, Renderer, filled, sky

    toy = [Part("left", surfaces.ball(0.5).at(0.5)), Part("right", surfaces.ball(0.5).at(-0.5), "green")]
    shading = Renderer(toy)(Cameras.orbit([0.0, 180.0, 90.0], size=32))
    cover = sum(shading.shares.values())
    assert set(shading.shares) == {MAIN, "green"}
    assert cover.max() == pytest.approx(1)
    assert shading.light.max() <= 1
    assert shading.light[cover > 0].min() > 0.1
    assert (shading.light[cover == 0] == 0).all()
    main = shading.shares[MAIN]
    assert main[0, :, 16:].sum() > 10 * main[0, :, :16].sum(), "its left is on the right of its front"
    assert main[1, :, :16].sum() > 10 * main[1, :, 16:].sum(), "and on the left of its back"
    assert shading.shares["green"][2].sum() == 0, "the left side hides the right one"
    # A ball of radius RADIUS / 2 at distance 3 - RADIUS / 2 covers a disc of this radius, in pixels.
    radius = 16 / np.tan(np.deg2rad(20)) * np.tan(np.arcsin(RADIUS / 2 / (3 - RADIUS / 2)))
    assert cover[2].sum() == pytest.approx(np.pi * radius**2, rel=0.02)
    pictures = shading.pictures({**COLOURS, MAIN: (1.0, 0.0, 0.0)}, (0.0, 0.0, 1.0))
    assert np.allclose(
        pictures[:, 0], shading.light * (main + shading.shares["green"] * COLOURS["green"][0]), atol=1e-6
    )
    assert np.allclose(pictures.transpose(0, 2, 3, 1)[cover == 0], [0.0, 0.0, 1.0])
    directions, radiance = sky()
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    assert radiance.min() > 0
    light = filled(np.array([0.0, 0.5, 0.9]), np.array([[0, 1, 2]]))
    assert light == pytest.approx([0.7, 0.5, 0.9])


@needs("embreex")
def test_light_does_not_depend_on_the_camera():
    """The middle of a ball's picture shows another point from every side, but its top the same from all."""
    from training.toys.parts import Part
    from training.toys.render import Renderer

    toy = [Part("ball", surfaces.ball(0.5)), Part("cap", surfaces.ball(0.1).at(z=0.5), "red")]
    shading = Renderer(toy)(Cameras.orbit([0.0, 120.0, 240.0], 80.0, size=32))
    cap = shading.shares["red"] > 0.99
    light = [shading.light[view][cap[view]].mean() for view in range(3)]
    assert max(light) - min(light) < 0.06  # the sides of the cap are seen, too
    assert torch.tensor(light).mean() > 0.8
