"""Surfaces of volumes against those of a ball."""

import math

import numpy as np
import pytest
import torch

from potstill.errors import InputError
from potstill.scenes import Volume
from potstill.scenes.surface import marching_cubes, without_flecks
from potstill.tasks.files.scenes import body_level, surface_of
from tests.optional import needs

F64 = torch.float64


@needs("skimage")
def test_the_surface_of_a_ball_is_closed_and_as_large_as_the_ball():
    axis = torch.linspace(-1, 1, 33, dtype=F64)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    far = torch.stack([x - 0.2, y, z]).norm(dim=0)
    shade = torch.stack([4 * x, 0 * y, 0 * z])
    scene = Volume(10 + 40 * (0.5 - far), shade)
    vertices, faces, colours = scene.surface(10.0)
    assert np.abs(np.linalg.norm(vertices - [0.2, 0, 0], axis=1) - 0.5).max() < 1 / 32
    edges = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    volume = (a * np.cross(b, c)).sum() / 6
    assert volume == pytest.approx(4 / 3 * math.pi / 8, rel=0.02)
    assert np.abs(colours[:, 0] - 1 / (1 + np.exp(-4 * vertices[:, 0]))).max() < 0.01
    with pytest.raises(InputError, match="no density is above level = 1000, they are from"):
        scene.surface(1000.0)


@needs("skimage")
def test_the_surface_to_be_written_holds_a_body_that_is_less_dense_than_a_knob_on_it():
    axis = torch.linspace(-1, 1, 33)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    body, knob = torch.stack([x, y, z]).norm(dim=0) < 0.5, torch.stack([x, y, z - 0.6]).norm(dim=0) < 0.15
    scene = Volume(torch.where(knob, 15.0, torch.where(body, 5.0, -9.0)), torch.zeros(3, 33, 33, 33))
    assert body_level(scene) < 5
    found = surface_of(scene)
    assert found.surface.vertices[:, 2].min() == pytest.approx(-0.5, abs=0.07)
    assert found.agreement > 0.95
    assert found.flecks == 0


@needs("skimage")
def test_loose_flecks_are_left_out_and_counted():
    axis = torch.linspace(-1, 1, 49)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    body, fleck = torch.stack([x, y, z]).norm(dim=0) < 0.7, torch.stack([x - 0.875, y, z - 0.875]).norm(dim=0) < 0.03
    scene = Volume(torch.where(body | fleck, 40.0, -9.0), torch.stack([4 * x, 0 * y, 0 * z]))
    whole, found = scene.surface(5.0), surface_of(scene)
    assert np.linalg.norm(whole.vertices, axis=1).max() > 1
    assert found.flecks == 1
    vertices, faces, colours = found.surface
    assert np.linalg.norm(vertices, axis=1).max() < 0.75
    assert len(np.unique(faces)) == len(vertices)
    assert np.abs(colours[:, 0] - 1 / (1 + np.exp(-4 * vertices[:, 0]))).max() < 0.02
    same, none = without_flecks(found.surface)
    assert none == 0
    assert all(np.array_equal(one, other) for one, other in zip(same, found.surface, strict=True))


@needs("skimage")
def test_vertices_are_x_y_z_of_a_grid_that_is_z_y_x():
    density = np.zeros((9, 9, 9))
    density[1, 4, 7] = 20.0  # z = -0.75, y = 0, x = 0.75
    vertices, _ = marching_cubes(density, 1.0, 10.0)
    assert np.allclose(vertices.mean(0), [0.75, 0.0, -0.75])
