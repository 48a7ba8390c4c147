"""Coupled points: which are neighbours, how gradients are shared, and what that leaves as it is."""

import math

import pytest
import torch
from torch import Generator

from potstill.io.svg import read_svg
from potstill.vectors.coupling import ROUNDS, Coupled, Links, links
from potstill.vectors.sketch import Shape
from tests.optional import require

for package in ("tinycss2", "cssselect2", "fontTools"):
    require(package)

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'


def of(body: str, length: float) -> dict[tuple[int, int], float]:
    """The links of all points of a drawing, with their weights."""
    sketch = read_svg(f"{HEAD}{body}</svg>".encode()).sketch
    shapes = [each for each in sketch.nodes if isinstance(each, Shape)]
    found = links(shapes, sketch.numbers, sketch.places("points").tolist(), length)
    return {(int(a), int(b)): float(w) for a, b, w in zip(*found, strict=True)}


def test_neighbours_are_successive_points_of_an_outline_on_the_same_axis():
    found = of('<path d="M1 2L4 6C5 7 8 9 9 9z"/>', 2.0)
    steps = {(0, 2), (2, 4), (4, 6), (6, 8), (0, 8)}
    assert found.keys() == {(a + x, b + x) for p, q in steps for a, b in ((p, q), (q, p)) for x in (0, 1)}
    assert found[0, 2] == found[1, 3] == pytest.approx(math.exp(-25 / 8))
    assert found[2, 4] == found[5, 3] == pytest.approx(math.exp(-2 / 8))


def test_an_outline_that_is_filled_and_stroked_has_its_links_once():
    path = 'd="M1 2L4 6L9 3z"'
    assert of(f'<path {path} stroke="red"/>', 2.0) == of(f"<path {path}/>", 2.0)


def test_shapes_of_sums_and_other_shapes_are_no_neighbours():
    """A circle is a centre and a radius, which move it as a whole."""
    assert of('<circle cx="3" cy="4" r="2"/>', 9.0) == {}
    triangle = '<path d="M1 2L4 6L9 3z"/>'
    assert all(max(pair) < 6 or min(pair) >= 6 for pair in of(2 * triangle, 9.0))


def test_numbers_stay_and_gradients_are_averages_of_neighbours():
    one, other = torch.tensor([0, 1, 1, 2]), torch.tensor([1, 0, 2, 1])
    pairs = Links(one, other, torch.tensor([0.5, 0.5, 0.2, 0.2], dtype=torch.float64))
    numbers = torch.randn(2, 4, generator=Generator().manual_seed(0), dtype=torch.float64).requires_grad_()
    given = torch.randn(2, 4, generator=Generator().manual_seed(1), dtype=torch.float64)
    coupled = Coupled.apply(numbers, *pairs)
    assert torch.equal(coupled, numbers)
    (found,) = torch.autograd.grad(coupled, numbers, given)
    w = torch.zeros(4, 4, dtype=torch.float64).index_put((one, other), pairs.weight)
    share = (torch.eye(4, dtype=torch.float64) + w) / (1 + w.sum(1, keepdim=True))
    assert torch.allclose(found, given @ torch.linalg.matrix_power(share, ROUNDS).T)
    assert torch.equal(found[:, 3], given[:, 3])  # without neighbours


def test_an_equal_push_moves_an_outline_as_a_whole():
    one, other = torch.tensor([0, 1]), torch.tensor([1, 0])
    numbers = torch.zeros(1, 2, requires_grad=True)
    (found,) = torch.autograd.grad(Coupled.apply(numbers, one, other, torch.ones(2)).sum(), numbers)
    assert torch.equal(found, torch.ones(1, 2))
