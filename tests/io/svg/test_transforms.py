"""Transforms of CSS: the matrices of the attribute that they stand for, here, in resvg and in a browser."""

import pytest
import torch

from potstill.errors import Note
from potstill.io.svg.transforms import write_matrix
from tests.io.svg.files import by_resvg, by_us, read, svg
from tests.io.svg.test_browser import chromium
from tests.optional import needs, require_program

SHAPE = '<rect x="4" y="6" width="9" height="5" fill="red" {}/>'
PAIRS = {
    'style="transform:translate(8px,25%)"': 'transform="translate(8 8)"',
    'style="transform:translateX(8px) translateY(.5em)"': 'transform="translate(8 8)"',
    'style="transform:scale(2) translate( 3px )"': 'transform="scale(2) translate(3)"',
    'style="transform:scale(1.5,200%)"': 'transform="scale(1.5 2)"',
    'style="transform:scaleX(2) scaleY(.5)"': 'transform="scale(2 .5)"',
    'style="transform:rotate(30deg)"': 'transform="rotate(30)"',
    'style="transform:rotate(.05turn) skewX(10deg)"': 'transform="rotate(18) skewX(10)"',
    'style="transform:skew(10deg,20deg)"': 'transform="matrix(1 .36397 .17633 1 0 0)"',
    'style="transform:matrix(1,.2,0,1,4,4)"': 'transform="matrix(1 .2 0 1 4 4)"',
    'transform="scale(2)" style="transform:none"': "",
    'transform="scale(2)" style="transform:translate(4px,4px)"': 'transform="translate(4 4)"',
    'transform="rotate(40)" transform-origin="8 9"': 'transform="rotate(40 8 9)"',
    'transform="rotate(40)" transform-origin="25% 50%"': 'transform="rotate(40 8 16)"',
    'transform="rotate(40)" transform-origin="center"': 'transform="rotate(40 16 16)"',
    'transform="rotate(20)" transform-origin="bottom left"': 'transform="rotate(20 0 32)"',
    'transform="rotate(20)" style="transform-origin:8px"': 'transform="rotate(20 8 16)"',
    'style="transform:rotate(40deg);transform-origin:8px 9px"': 'transform="rotate(40 8 9)"',
}
"""What is declared, and the attribute that means the same."""
IGNORED = {
    'style="transform:translate(8,8)"': r"transform: translate\(8,8\)",
    'style="transform:rotate(40)"': r"transform: rotate\(40\)",
    'style="transform:scale(2px)"': r"transform: scale\(2px\)",
    'transform="translate(2 2)" style="transform:spin(3deg)"': r"transform: spin\(3deg\)",
    'transform="scale(2)" style="transform-origin:8 9"': "transform-origin: 8 9",
}
"""What browsers leave out, and how a note names it."""


@needs("resvg_py")
@pytest.mark.parametrize("declared", PAIRS)
@pytest.mark.parametrize("around", ["{}", '<g filter="url(#f)">{}</g>'])
def test_a_property_is_drawn_as_the_attribute_that_means_the_same(declared, around):
    """Also within a layer that resvg draws, which itself reads neither units nor keywords."""
    known = '<filter id="f"><feOffset/></filter><path d="M0 0h1v1z"/>'
    if "filter" in around:
        with pytest.warns(Note, match="a filter"):
            ours = by_us(read(known + around.format(SHAPE.format(declared))))
    else:
        ours = by_us(read(known + around.format(SHAPE.format(declared))))
    theirs = by_resvg(svg(known + around.format(SHAPE.format(PAIRS[declared]))))
    assert (ours - theirs).abs().mean() < 0.003


@needs("resvg_py")
def test_groups_around_layers_clip_paths_and_gradients_are_moved_as_well():
    body = '<style>.a{{{}}}</style><clipPath id="c" class="a"><rect width="9" height="9"/></clipPath>'
    body += '<linearGradient id="g" class="a" gradientUnits="userSpaceOnUse" x2="8"><stop stop-color="red"/>'
    body += '<stop offset="1"/></linearGradient><rect width="32" height="32" fill="#fd0" clip-path="url(#c)"/>'
    body += '<rect y="20" width="32" height="9" fill="url(#g)"/><filter id="f"><feOffset/></filter>'
    body += '<g class="a"><rect width="4" height="4" filter="url(#f)"/></g>'
    moved = body.format("transform:translate(9px,9px)").replace('class="a" g', 'gradientTransform="translate(9 9)" g')
    with pytest.warns(Note, match="a filter"):
        ours = by_us(read(body.format("transform:translate(9px,9px)")))
    plain = moved.replace('class="a"', 'transform="translate(9 9)"')
    assert (ours - by_resvg(svg(plain))).abs().mean() < 0.003


@pytest.mark.parametrize("declared", IGNORED)
def test_what_is_no_transform_is_named_and_left_out(declared):
    with pytest.warns(Note, match=f"'{IGNORED[declared]}', which is not supported: it is ignored") as notes:
        ours = by_us(read(SHAPE.format(declared)))
    assert len(notes) == 1
    assert torch.equal(ours, by_us(read(SHAPE.format(declared.partition("style")[0]))))


@pytest.mark.parametrize("other", ["scale:2", "rotate:20deg", "translate:3px", "transform-box:fill-box"])
def test_properties_that_are_not_read_are_named(other):
    with pytest.warns(Note, match=f"has '{other.replace(':', ': ')}', which is not supported: it is ignored"):
        read(SHAPE.format(f'style="{other}"'))


def test_a_browser_draws_them_so(tmp_path):
    require_program("chromium")
    cases = [*PAIRS, *IGNORED]
    for number, declared in enumerate(cases):
        (tmp_path / f"{number}.svg").write_text(svg(SHAPE.format(declared)))
    side = 64
    style = f"position:absolute;top:0;width:{side}px;height:{side}px;left:{{}}px"
    boxes = [f'<img src="{number}.svg" style="{style.format(number * side)}">' for number in range(len(cases))]
    page = tmp_path / "page.html"
    page.write_text(f'<!DOCTYPE html><body style="margin:0;background:white">{"".join(boxes)}')
    shown = chromium(page, tmp_path / "page.png", side * len(cases), side)
    for number, declared in enumerate(cases):
        plain = PAIRS.get(declared, declared.partition("style")[0])
        theirs = shown[:, :side, number * side : (number + 1) * side]
        assert (by_us(read(SHAPE.format(plain)), side, side) - theirs).abs().mean() < 5e-3, declared


def test_a_matrix_is_written_as_it_is_read():
    assert write_matrix((1.0, -0.5, 0.25, 1.0, 1e-3, 12.0)) == "matrix(1 -0.5 0.25 1 0.001 12)"
