"""The written file: the user's own but for new numbers, small, valid, and read back as the picture that it is."""

import cmath
import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
import torch
from torch import Generator

from potstill.bench.drawing_pairs import drawing_pairs
from potstill.errors import InputError
from potstill.io.svg import SvgFile, read_svg
from potstill.io.svg.fields import format_number, write_colour
from potstill.io.svg.path_data import read_path
from potstill.io.svg.path_writer import write_path
from potstill.io.svg.writer import read_metadata
from potstill.vectors.curves import bernstein, weighted
from tests.io.svg.cases import CASES
from tests.io.svg.files import DRAWINGS, by_resvg, by_us, read, svg
from tests.optional import needs


def jittered(file: SvgFile, kinds: tuple[str, ...], seed: int = 0) -> torch.Tensor:
    """Numbers of some kinds, moved by a little."""
    rng, sketch = Generator().manual_seed(seed), file.sketch
    noise = torch.randn(len(sketch.numbers), generator=rng, dtype=torch.float64)
    scale = {"points": 0.003 * sketch.width, "widths": 0.003 * sketch.width, "gradients": 0.003, "colours": 0.05}
    moved = torch.tensor([scale.get(kind, 0.05) * (kind in kinds) for kind in sketch.kinds]) * noise
    moved[list(sketch.constant)] = 0
    return sketch.numbers + moved.double()


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
def test_what_did_not_move_keeps_its_bytes_and_what_moved_reads_back_as_it_is(path):
    text = path.read_text()
    file = read_svg(path)
    assert file.text(file.sketch.numbers) == text
    assert file.text(file.sketch.numbers.float()) == text
    for kinds in (("colours",), ("points", "colours"), ("points", "colours", "gradients", "opacities", "stops")):
        numbers = jittered(file, kinds)
        new = file.text(numbers)
        again = read_svg(new.encode())
        assert again.text(again.sketch.numbers) == new
        assert torch.equal(by_us(again), by_us(read_svg(again.text(again.sketch.numbers).encode())))
        names = [element.tag for element in ElementTree.fromstring(new).iter()]
        assert names == [element.tag for element in ElementTree.fromstring(text).iter()]
        if kinds == ("colours",):
            assert len(new) <= 1.05 * len(text)
            masked = [re.sub(r"#[0-9a-fA-F]{3,6}|=\"[a-z]+\"", "", each) for each in (new, text)]
            assert masked[0].replace(' fill=""', "") == masked[1].replace(' fill=""', "")


def test_a_file_grows_by_a_20th_at_most_when_everything_moves():
    """Also one of 220 bytes: its numbers become coarser until it fits, by less than what the model can see."""
    for pair in drawing_pairs()[::4]:
        file = read_svg(pair.drawing.encode())
        new = file.text(jittered(file, ("points", "colours", "stops")))
        assert new != pair.drawing
        assert len(new) <= 1.05 * len(pair.drawing), pair.name


@needs("resvg_py")
@pytest.mark.parametrize("path", DRAWINGS[::3], ids=lambda path: path.stem)
def test_what_is_written_is_what_is_shown(path):
    """Also by another program: no number is written in other units than it was rendered in."""
    file = read_svg(path)
    numbers = jittered(file, ("points", "colours", "gradients", "stops", "widths"))
    new = file.text(numbers)
    again = by_us(read_svg(new.encode()), 128, 128)
    moved = by_us(replace(file, sketch=replace(file.sketch, numbers=numbers)), 128, 128)
    assert (again - moved).abs().mean() < 3e-3
    assert (again - by_resvg(new, 128, 128)).abs().mean() < 4e-3


@pytest.mark.parametrize(
    "property", ['fill="red"', 'fill-opacity=".3"', 'stroke-width="6"', 'style="stroke-opacity:.3"']
)
def test_what_one_use_hands_down_stays_when_another_changes(property):
    """An attribute added to the shape would override it."""
    body = '<defs><g id="g"><path id="p" stroke="#080" d="M2 2H12V12H2Z"/></g></defs>'
    file = read(f'{body}<use href="#g"/><use href="#p" x="16" {property}/><use href="#p" y="16" fill="blue"/>')
    rng = Generator().manual_seed(0)
    numbers = torch.rand(len(file.sketch.numbers), generator=rng, dtype=torch.float64)
    numbers = torch.where(torch.tensor([kind == "points" for kind in file.sketch.kinds]), file.sketch.numbers, numbers)
    constant = list(file.sketch.constant)
    numbers[constant] = file.sketch.numbers[constant]
    moved = by_us(replace(file, sketch=replace(file.sketch, numbers=numbers)))
    assert (by_us(read(file.text(numbers).partition(">")[2].removesuffix("</svg>"))) - moved).abs().max() < 0.03


def test_a_diff_shows_only_the_element_that_moved():
    lines = [
        "<!-- my drawing -->",
        "<g   id='a'>",
        '  <rect x="1" width="9" height="9"/>',
        "</g>",
        '<path d="M0 0h9v9z"/>',
    ]
    text = svg("\n".join(lines))
    file = read_svg(text.encode())
    numbers = file.sketch.numbers.clone()
    numbers[0] += 2.123456
    changed = [new for new, old in zip(file.text(numbers).split("\n"), text.split("\n"), strict=True) if new != old]
    assert changed == ['  <rect x="3.123" width="9" height="9"/>']


def test_what_a_drawing_program_keeps_for_itself_stays():
    """Layers, guides and prefixes of Inkscape, and its entities."""
    text = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape -->
<!DOCTYPE svg [<!ENTITY ns_extend "http://ns.adobe.com/Extensibility/1.0/">]>
<svg xmlns:x="&ns_extend;" xmlns="http://www.w3.org/2000/svg" xmlns:sodipodi="http://sodipodi.sourceforge.net/a.dtd"
   xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" width="32mm" height="32mm" viewBox="0 0 32 32">
  <sodipodi:namedview id="b" inkscape:zoom="1"><sodipodi:guide orientation="0,1" position="3,4"/></sodipodi:namedview>
  <metadata id="m7"><x:p>mine</x:p></metadata>
  <g inkscape:label="Layer 1" inkscape:groupmode="layer" id="layer1" x:mine="1"/>
  <g id="layer2" inkscape:label='Ä "b"'><path d="M 2,3 H 20 V 9 Z" sodipodi:nodetypes="cccc" style="fill:#ff0000"/></g>
</svg>
"""
    file = read_svg(text.encode())
    numbers = file.sketch.numbers.clone()
    numbers[file.sketch.places("colours")] = 0.2
    assert file.text(numbers) == text.replace("#ff0000", "#333")
    again = file.text(numbers, "{}")
    assert re.sub('<metadata id="potstill">.*?</metadata>', "", again) == text.replace("#ff0000", "#333")


def test_numbers_are_written_where_they_win_and_nowhere_else():
    body = "<style>.b { fill : #112233 ; stroke:none }</style>"
    body += '<rect width="4" height="4" fill="red" style="fill: lime;x:1"/>'
    body += '<rect class="b" width="4" height="4" fill="red"/>'
    body += '<g color="#010203"><rect fill="currentColor" width="4" height="4"/></g><rect width="4" height="4"/>'
    file = read(body)
    numbers = file.sketch.numbers.clone()
    numbers[file.sketch.places("colours")] = 0.2
    new = file.text(numbers)
    assert 'fill="red" style="fill: #333;x:1"' in new
    assert ".b { fill : #333 ; stroke:none }" in new
    assert '<g color="#333"><rect fill="currentColor"' in new
    assert '<rect fill="#333" width="4" height="4"/></svg>' in new


@pytest.mark.parametrize("name", ["arc flags without spaces", "drawing goes on after Z", "exponents", "smooth curves"])
def test_path_data_means_the_same_after_it_is_written(name):
    for text in re.findall(r' d="([^"]*)"', CASES[name][0]):
        values, paths = read_path(text, "d")
        short = write_path(paths, values, 4)
        assert len(short) <= len(text) + 2
        again, others = read_path(short, "d")
        assert write_path(others, again, 4) == short
        was, now = (by_us(read(f'<path d="{each}"/>')) for each in (text, short))
        assert (was - now).abs().max() < 1e-3


def test_commands_keep_their_ties():
    """A horizontal line stays one, a smooth curve stays smooth, and an arc turns and grows with its ends."""
    text = "M2 2h10v5c0 2-2 3-4 3s-3 4-6 4a3 3 0 0 1-2-6z"
    values, paths = read_path(text, "d")
    moved = [value + 0.1 * math.sin(7 * number) for number, value in enumerate(values)]
    assert re.sub(r"[^a-z]", "", write_path(paths, moved, 2).lower()) == re.sub(r"[^a-z]", "", text.lower())
    wider = [3 * value for value in values]
    assert "a9 9 0 01" in write_path(paths, wider, 2).lower()


@pytest.mark.parametrize("flags", [(0, 1), (1, 1)])
@pytest.mark.parametrize("radii", [(3.0, 3.0), (3.0, 3.5)])
def test_the_middle_of_an_arc_moves_by_its_bend(radii, flags):
    """The height of its curves above the chord, where the ellipse is a circle, for radii that grow together."""

    def arc(growth: float) -> tuple[float, float]:
        a, b = (growth * radius for radius in radii)
        values, paths = read_path(f"M0 0A{a:.9f} {b:.9f} 20 {flags[0]} {flags[1]} 4 2", "d")
        segment = paths[0].segments[0]
        spots = [paths[0].start, *(spot for cubic in segment.cubics for spot in cubic)]
        points = torch.tensor([[sum(values[place] * w for place, w in axis) for axis in spot] for spot in spots])
        curves = torch.stack([points[number : number + 4] for number in range(0, len(points) - 1, 3)])
        drawn = weighted(bernstein(torch.linspace(0, 1, 999)).expand(len(curves), -1, -1), curves).view(-1, 2)
        round_ = [complex(x, y) * cmath.rect(1, -math.radians(20)) for x, y in [*drawn.tolist(), (4, 2)]]
        *places, end = (complex(each.real / radii[0], each.imag / radii[1]) for each in round_)
        assert segment.arc is not None
        return max(abs((place / end).imag) * abs(end) for place in places), segment.arc.bend

    (more, _), (less, _) = arc(1.001), arc(0.999)
    assert abs(more - less) / 0.002 == pytest.approx(arc(1)[1], rel=0.01)


def test_radii_are_as_short_as_the_curve_allows():
    values, paths = read_path("M2 4a2.1 2.1 0 0 1 2-2M9 9a2 2 0 1 1 0 4", "d")
    moved = [value + 0.03 * math.sin(number) for number, value in enumerate(values)]
    radii = [re.findall(r"[aA]([\d.]+) ([\d.]+)", write_path(paths, moved, decimals)) for decimals in (1, 4)]
    assert radii == [[("2.1", "2.1"), ("2", "2")], [("2.1254", "2.1254"), ("2.0242", "2.0242")]]


def test_an_almost_whole_circle_becomes_curves_that_do_not_grow_with_its_gap():
    values, paths = read_path("M10 5A5 5 0 1 1 10 4.99", "d")
    assert all(segment.arc is None for segment in paths[0].segments)
    assert len(values) > 20


def test_roundings_do_not_add_up():
    text = "M0 0" + "l.3333 .1111" * 300
    values, paths = read_path(text, "d")
    again, _ = read_path(write_path(paths, values, 1), "d")
    assert max(abs(a - b) for a, b in zip(again, values, strict=True)) <= 0.05 + 1e-9


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.5, 2, ".5"),
        (-0.5, 2, "-.5"),
        (1e-7, 3, "0"),
        (-1e-7, 3, "0"),
        (3.0, 3, "3"),
        (60.882000000000005, 3, "60.882"),
        (1e-7, 8, ".0000001"),
        (120.0, 0, "120"),
        (-3.05176e-5, 6, "-.000031"),
    ],
)
def test_numbers_are_short_and_never_have_an_exponent(value, decimals, text):
    assert format_number(value, decimals) == text


def test_colours_are_short():
    assert write_colour([1.0, 0.0, 0.2], 0) == "#f03"
    assert write_colour([1.2, -0.1, 0.5], 0) == "#ff0080"


def test_small_units_keep_their_digits():
    """In a group that is 10,000 times as large as its numbers say they need four digits more."""
    body = (
        '<g transform="scale(1e4)"><path d="M0 0h.001v.002"/></g><g transform="scale(.01)"><path d="M0 0h900v9"/></g>'
    )
    file = read(body)
    decimals = [each.decimals for each in file.written if len(each.numbers) == 4]
    assert decimals == [7, 1]


def test_settings_are_kept_in_the_metadata_and_read_back():
    text = svg('<title>x</title><path d="M0 0h9v9z"/>')
    file = read_svg(text.encode())
    record = '{"target": "a <b> & \\"c\\" é"}'
    new = file.text(file.sketch.numbers, record)
    assert read_metadata(new.encode(), "it") == record
    assert read_metadata(text.encode(), "it") is None
    assert new.replace(new[new.index("<metadata") : new.index("</metadata>") + 11], "") == text
    later = read_svg(new.encode())
    newer = later.text(later.sketch.numbers, "{}")
    assert newer.count("<metadata") == 1
    assert read_metadata(newer.encode(), "it") == "{}"


def test_numbers_that_are_none_are_not_written():
    file = read('<path d="M0 0h9v9z"/>')
    numbers = file.sketch.numbers.clone()
    numbers[0] = torch.nan
    with pytest.raises(InputError, match="only finite numbers can be written"):
        file.text(numbers)
