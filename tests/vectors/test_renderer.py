"""The render as a whole: exact derivatives, samples that do not know of one another, closed forms and bounds."""

import math

import pytest
import torch
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors

from potstill.io.svg import read_svg
from potstill.vectors import Renderer, Sketch, Still
from potstill.vectors import renderer as module
from potstill.vectors.sketch import KINDS

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'
EVERYTHING = f"""{HEAD}
<linearGradient id="l" x1=".1" y1=".2" x2=".8" y2=".9" gradientTransform="rotate(10)">
<stop offset=".1" stop-color="#c33"/><stop offset=".6" stop-color="#3c9" stop-opacity=".7"/>
<stop offset=".95" stop-color="#228"/></linearGradient>
<radialGradient id="r" gradientUnits="userSpaceOnUse" cx="6" cy="5" r="4.3" fx="5.2" fy="4.6" spreadMethod="reflect">
<stop offset="0.05" stop-color="#eec"/><stop offset=".9" stop-color="#735"/></radialGradient>
<path d="M1.13 1.21L8.37 2.07Q9.41 5.3 6.2 8.3C4.1 9.7 2.3 7.2 3.1 4.4z" fill="url(#l)" fill-opacity=".9"/>
<g opacity=".6"><circle cx="6.13" cy="5.21" r="2.77" fill="url(#r)"/>
<path d="M2.2 7.1A3.1 2.2 20 0 1 6.7 6.4H8.3" fill="none" stroke="#246" stroke-width="1.1" stroke-linejoin="round"/></g>
<path d="M3.3 .7L5.1 6.3L.9 2.9L6.1 2.7L1.7 6.1z" fill="#d81" fill-rule="evenodd" stroke="#153" stroke-width=".37"/>
</svg>"""


def sketch(text: str) -> Sketch:
    return read_svg(text.encode()).sketch


def render(drawing: Sketch, size: int, numbers: Tensor | None = None) -> Tensor:
    numbers = drawing.numbers[None] if numbers is None else numbers
    return Renderer(drawing, size, size)(numbers, torch.ones(len(numbers), 3, dtype=numbers.dtype))


@pytest.mark.parametrize("kind", KINDS)
def test_the_derivative_in_every_kind_of_number_is_that_of_differences(kind):
    drawing = sketch(EVERYTHING)
    show, rng = Renderer(drawing, 9, 7), Generator().manual_seed(0)
    weights = torch.rand(1, 4, 9, 7, generator=rng, dtype=torch.float64)
    numbers = torch.where(drawing.numbers == 1, 0.97, drawing.numbers)[None].requires_grad_()  # opacities end at 1
    (slope,) = torch.autograd.grad((show(numbers) * weights).sum(), numbers)
    places = drawing.places(kind)
    for _ in range(3):
        way = torch.zeros_like(numbers)
        way[0, places] = torch.randn(len(places), generator=rng, dtype=torch.float64)
        ahead, behind = ((show(numbers + step * way) * weights).sum().item() for step in (1e-6, -1e-6))
        assert (slope * way).sum().item() == pytest.approx((ahead - behind) / 2e-6, rel=1e-5, abs=1e-6)
    assert (slope[0, places] != 0).any()


def test_three_samples_give_what_three_single_runs_give():
    drawing = sketch(EVERYTHING)
    rng = Generator().manual_seed(1)
    numbers = drawing.numbers.float() + 0.1 * torch.randn(3, len(drawing.numbers), generator=rng)
    show = Renderer(drawing, 24, 24)

    def both(given: Tensor) -> tuple[Tensor, Tensor]:
        given = given.clone().requires_grad_()
        picture = show(given)
        picture.square().sum().backward()
        return picture.detach(), given.grad

    pictures, slopes = both(numbers)
    for number in range(3):
        picture, slope = both(numbers[number : number + 1])
        assert torch.equal(picture[0], pictures[number])
        assert torch.allclose(slope[0], slopes[number], rtol=1e-4, atol=1e-4)  # other sums over the same pixels


def test_paths_in_several_parts_give_what_one_pass_gives(monkeypatch):
    drawing = sketch(EVERYTHING)
    whole = render(drawing, 24)
    monkeypatch.setattr(module, "_AT_ONCE", 100)
    assert torch.equal(render(drawing, 24), whole)


def test_a_circle_has_its_area_and_its_slope():
    drawing = sketch(f'{HEAD}<circle cx="5" cy="5" r="3" fill="#000"/></svg>')
    numbers = drawing.numbers[None].clone().requires_grad_()
    area = (1 - render(drawing, 50, numbers)[0, 0]).sum() / 25
    assert area.item() == pytest.approx(9 * math.pi, rel=1e-3)
    area.backward()
    assert numbers.grad[0, :3].tolist() == pytest.approx([0, 0, 6 * math.pi], abs=2e-2)


def test_the_area_of_curves_does_not_depend_on_the_number_of_pixels():
    """Area is exact, so a picture at twice the size, averaged, is the picture: but for the flattening of curves."""
    drawing = sketch(f'{HEAD}<path d="M1 1C9 0 8 9 5 9S2 6 1 1z"/></svg>')
    small, large = render(drawing, 16), render(drawing, 32)
    assert (torch.nn.functional.avg_pool2d(large, 2) - small).abs().max() < 6e-3


def test_abutting_shapes_have_the_seam_that_viewers_show():
    """Half of the pixel by each: 1 - (1 - 1/2)² = 3/4 of it in all, and the background in the rest."""
    halves = '<path d="M0 0H5.5V10H0z"/><path d="M5.5 0H10V10H5.5z"/>'
    row = render(sketch(f"{HEAD}{halves}</svg>"), 10)[0, 0, 4]
    assert row.tolist() == [0, 0, 0, 0, 0, 0.25, 0, 0, 0, 0]


def test_a_group_has_one_opacity_and_its_shapes_have_none():
    two = '<circle cx="4" cy="5" r="3"/><circle cx="6" cy="5" r="3"/>'
    row = render(sketch(f'{HEAD}<g opacity=".5">{two}</g></svg>'), 10)[0, 0, 5]
    assert row[2:8].tolist() == pytest.approx([0.5] * 6)
    apart = two.replace("/>", ' opacity=".5"/>')
    assert render(sketch(f"{HEAD}{apart}</svg>"), 10)[0, 0, 5, 5].item() == pytest.approx(0.25)


def test_layers_over_no_background_look_right_over_any():
    drawing = sketch(EVERYTHING)
    clear = Renderer(drawing, 16, 16)(drawing.numbers[None])
    for grey in (0.0, 0.5, 1.0):
        background = torch.full((1, 3), grey, dtype=torch.float64)
        over = Renderer(drawing, 16, 16)(drawing.numbers[None], background)
        assert torch.allclose(over, clear[:, :3] + grey * (1 - clear[:, 3:]), atol=1e-12)


def test_fixed_layers_stand_in_their_order_and_nothing_is_drawn_beyond_the_page():
    drawing = sketch(f'{HEAD}<rect x="-5" width="20" height="5"/><rect width="2" height="10" fill="#f00"/></svg>')
    green = torch.zeros(4, 10, 20)
    green[1:4:2, :3] = 1
    nodes = (drawing.nodes[0], Still(lambda height, width: green.double()), drawing.nodes[1])
    between = Sketch(drawing.numbers, drawing.kinds, nodes, 10.0, 10.0)
    picture = Renderer(between, 10, 20)(drawing.numbers[None], torch.ones(1, 3, dtype=torch.float64))[0]
    assert picture[:, 1, 10].tolist() == [0, 1, 0]
    assert picture[:, 4, 10].tolist() == [0, 0, 0]
    assert picture[:, 1, 5].tolist() == [1, 0, 0]
    assert picture[:, 4, 4].tolist() == [1, 1, 1]


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_numbers_that_are_not_finite_or_huge_end_in_no_crash(value):
    """A run finds the NaN and says in which step it came up."""
    drawing = sketch(EVERYTHING)
    numbers = drawing.numbers.float()[None].clone()
    numbers[0, drawing.places("points")[:2]] = value
    assert torch.isnan(render(drawing, 8, numbers)).all() == (not math.isfinite(value))


def test_an_empty_canvas_of_shapes_beyond_it():
    drawing = sketch(f'{HEAD}<rect x="20" y="-50" width="5" height="10"/></svg>')
    numbers = drawing.numbers[None].clone().requires_grad_()
    picture = render(drawing, 8, numbers)
    assert (picture == 1).all()
    picture.sum().backward()
    assert (numbers.grad == 0).all()


class StatedDevices(TorchFunctionMode):
    """Fails where a tensor is made on the default device, or is brought to the CPU as a whole."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        assert func not in _device_constructors() or kwargs.get("device") is not None, func
        assert func not in (Tensor.cpu, Tensor.numpy), func
        return func(*args, **kwargs)


def test_a_render_and_its_derivative_stay_on_the_device_of_the_numbers():
    drawing = sketch(EVERYTHING)
    show, numbers = Renderer(drawing, 9, 7), drawing.numbers[None].float().requires_grad_()
    white = torch.ones(1, 3)
    with StatedDevices():
        show(numbers, white).sum().backward()
    assert numbers.grad is not None
    moved = show.to("meta")
    kept = [value for module in moved.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    assert not kept  # what is no buffer would stay behind


@pytest.mark.parametrize("spread", ["pad", "reflect", "repeat"])
def test_a_linear_gradient_without_a_length_is_its_last_stop(spread):
    """As SVG has it; the derivative is finite."""
    stops = '<stop stop-color="red"/><stop offset=".5" stop-color="#fff"/><stop offset="1" stop-color="#00f"/>'
    gradient = f'<linearGradient id="g" x1=".3" x2=".3" spreadMethod="{spread}">{stops}</linearGradient>'
    drawing = sketch(f'{HEAD}{gradient}<rect width="10" height="10" fill="url(#g)"/></svg>')
    numbers = drawing.numbers[None].requires_grad_()
    picture = render(drawing, 4, numbers)
    assert torch.equal(picture[0, :, 1, 2], torch.tensor([0.0, 0.0, 1.0], dtype=picture.dtype))
    picture.sum().backward()
    assert torch.isfinite(numbers.grad).all()
