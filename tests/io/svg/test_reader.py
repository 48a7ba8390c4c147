"""What is read looks as resvg draws it: every trap of readers, real drawings, and what cannot be optimised."""

import warnings

import pytest
import torch

from potstill.errors import InputError, Note
from potstill.io.svg import read_svg
from potstill.io.svg.fixed import families
from tests.io.svg.cases import CASES
from tests.io.svg.files import DRAWINGS, by_resvg, by_us, difference, read, svg
from tests.optional import needs


@needs("resvg_py")
@pytest.mark.parametrize("name", CASES)
def test_it_is_drawn_as_by_resvg(name):
    text = svg(*CASES[name])
    assert difference(text) < 0.003
    assert difference(text, 64, 64) < 0.003


@needs("resvg_py")
@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.stem)
@pytest.mark.parametrize("size", [64, 128])
def test_real_drawings_agree_with_resvg(path, size):
    assert difference(path.read_text(), size, size) < 0.004


@needs("resvg_py")
def test_oblong_pages_stand_in_the_middle_of_the_canvas():
    for attributes in ('viewBox="0 0 40 20"', 'width="20mm" height="60mm" viewBox="0 0 20 60"'):
        text = svg('<rect width="100%" height="100%" fill="#9ab"/><circle cx="10" cy="10" r="9"/>', attributes)
        ours = by_us(read_svg(text.encode()), 48, 48)
        side = 'width="20mm" height="60mm" '
        assert (ours - by_resvg(text.replace(side, ""), 48, 48)).abs().mean() < 0.003


def test_names_of_colours_and_inherited_gradients_follow_the_standard():
    """`rebeccapurple`, and a gradientTransform that comes through href: resvg knows neither."""
    assert by_us(read('<rect width="32" height="32" fill="rebeccapurple"/>'), 4, 4)[:, 1, 1].tolist() == [0.4, 0.2, 0.6]
    gradient = '<linearGradient id="{}" gradientUnits="userSpaceOnUse" x2="32" gradientTransform="scale(.5)" {}>'
    stops = '<stop stop-color="#fff"/><stop offset="1"/></linearGradient>'
    own = gradient.format("a", "") + stops + '<rect width="32" height="9" fill="url(#a)"/>'
    base = gradient.format("b", "") + stops + '<linearGradient id="a" xlink:href="#b"/>'
    assert torch.equal(by_us(read(own)), by_us(read(base + '<rect width="32" height="9" fill="url(#a)"/>')))


def test_the_winner_of_the_cascade_is_the_number_that_is_kept():
    file = read('<style>.a{fill:#00f}</style><rect class="a" fill="red" width="9" height="9"/>')
    blue = file.sketch.numbers[file.sketch.nodes[0].paint.colour :][:3]
    assert blue.tolist() == [0, 0, 1]
    text = file.text(torch.where(file.sketch.numbers == 1, 0.6, file.sketch.numbers))
    assert ".a{fill:#009}" in text
    assert 'fill="red"' in text


@needs("resvg_py")
def test_what_cannot_be_optimised_is_named_once_and_drawn():
    body = '<rect width="9" height="9"/><text y="20">A</text><text y="30">B</text>'
    body += '<g filter="url(#f)"><path d="M0 0h9"/></g>'
    filtered = '<filter id="f"><feGaussianBlur stdDeviation="1"/></filter>' + body
    with pytest.warns(
        Note, match="has <text>, a filter: kept as they are, and drawn as layers that do not move"
    ) as notes:
        file = read(filtered)
    assert len(notes) == 1
    assert len(file.sketch.nodes) == 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "draws nothing that can be optimised"),
        ('<g display="none"><path d="M0 0h9v9z"/></g>', "draws nothing"),
        ('<path d="M0 0L5"/>', "d of <path> is not path data"),
        ('<path d="M0 0LNaN 5"/>', "not path data at 'NaN 5'"),
        ('<path d="L5 5"/>', "not path data at 'L5 5'"),
        ('<path d="M0 0L1e30 5"/>', "beyond 10,000,000"),
        ('<path d="M0 0A1 1 0 2 1 5 5"/>', "not path data at '2 1 5 5'"),
        ('<rect width="inf" height="3"/>', "width of <rect> = 'inf' must be a length"),
        ('<circle r="1e99"/>', "must be a length"),
        ('<rect width="1" height="1" fill="bluish"/>', "fill = 'bluish' is not a known colour"),
        ('<rect width="1" height="1" transform="spin(3)"/>', "must be transforms such as"),
        ('<rect width="1" height="1" transform="matrix(1 0 0)"/>', "must be transforms"),
        ('<polygon points="1,2 x"/>', "points of <polygon> = '1,2 x' must be numbers"),
        ('<g id="a"><use href="#a"/></g>', "refers to itself"),
        ('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>', "refers to itself"),
        (
            '<clipPath id="c" clip-path="url(#c)"><path d="M0 0h9v9z"/></clipPath>'
            '<path clip-path="url(#c)" d="M0 0h9v9z"/>',
            "clip path 'url\\(#c\\)' refers to itself",
        ),
    ],
)
def test_mistakes_are_one_line(body, message):
    with pytest.raises(InputError, match=message) as error:
        read(body)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ('viewBox="0 0 0 5"', "must be x, y and a width and height above 0"),
        ('viewBox="0 0 5"', "viewBox = '0 0 5'"),
        ('viewBox="0 0 1e9 5"', "beyond 10,000,000"),
        ('width="0" height="5"', "is 0 x 5"),
        ('width="1" height="5000"', "of one order"),
        ('viewBox="NaN 0 1 1"', "must be numbers"),
        ('viewBox="0 0 9 9" filter="url(#f)"', "a filter of the root would keep all as it is: remove it"),
        ('viewBox="0 0 9 9" style="mask:url(#m)"', "a mask of the root"),
        ('viewBox="0 0 9 9" display="none"', "draws nothing"),
    ],
)
def test_pages_without_an_area_and_roots_that_hide_or_hold_all_are_refused(attributes, message):
    with pytest.raises(InputError, match=message):
        read('<path d="M0 0h9v9z"/>', attributes)


def test_uses_that_multiply_are_refused_before_they_are_drawn():
    levels = "".join(f'<g id="l{n}">{f"""<use href="#l{n - 1}"/>""" * 10}</g>' for n in range(1, 9))
    with pytest.raises(InputError, match="draws over 10,000 shapes"):
        read(f'<defs><path id="l0" d="M0 0h1v1z"/>{levels}</defs><use href="#l8"/>')


@needs("resvg_py")
@pytest.mark.parametrize("family", ["", "sans-serif", "Arial, sans-serif", "serif", "monospace", "Nobody Has This"])
def test_text_is_drawn_whatever_its_family(family):
    """Alone, resvg draws no text in Arial or in no family where Arial and Times New Roman are not installed."""
    if not families():
        pytest.skip("no font is installed")
    with pytest.warns(Note, match="has <text>: kept"):
        file = read(f'<rect width="1" height="1"/><text x="2" y="28" font-size="30" font-family="{family}">M</text>')
    assert by_us(file).mean() < 0.9


@needs("resvg_py")
def test_text_that_comes_back_clear_is_named():
    with pytest.warns(Note, match="has <text>: kept"):
        file = read('<rect width="1" height="1"/><text y="28" font-size="30" fill="none">M</text>')
    with pytest.warns(Note, match="a <text> of the SVG draws nothing: it is hidden, or no font that is installed has"):
        by_us(file)


def test_blending_is_named_as_left_out():
    with pytest.warns(Note, match=r"has mix-blend-mode \(drawn without blending\): kept as they are"):
        read('<rect width="9" height="9"/><rect width="5" height="5" style="mix-blend-mode:multiply"/>')


@pytest.mark.parametrize("attributes", ['transform="scale(2)"', 'style="transform:scale(2)"'])
def test_a_transform_of_the_root_is_named_and_ignored(attributes):
    """Browsers turn about the middle of the page and outside of the viewBox, resvg about its origin and inside."""
    filtered = '<filter id="f"><feOffset/></filter><path d="M9 9h9v9z" filter="url(#f)"/><rect width="9" height="9"/>'
    with pytest.warns(Note, match="has a filter"):
        plain = read(filtered)
    with (
        pytest.warns(Note, match="has a filter"),
        pytest.warns(Note, match="the root, where viewers differ: it is ign"),
    ):
        turned = read(filtered, f'viewBox="0 0 32 32" {attributes}')
    assert torch.equal(by_us(turned), by_us(plain))


def test_paths_and_texts_are_read_from_files(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text(svg('<path d="M0 0h9v9z"/>'))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_svg(path).sketch.width == read_svg(str(path)).sketch.width == 32
    with pytest.raises(InputError, match="there is no such file"):
        read_svg(tmp_path / "b.svg")


def test_a_shape_without_an_id_is_called_by_its_place_in_the_file():
    text = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><path id="dot" d="M0 0h1v1z"/></defs>
    <g id="all"><path d="M1 1h2v2z"/><rect width="3" height="2"/><path id="path:4" d="M5 5h2v2z"/></g>
    <use href="#dot"/><path d="M7 7h1v1z"/></svg>"""
    sketch = read_svg(text.encode()).sketch
    assert set(sketch.named) == {"all", "path:2", "rect:1", "path:4", "dot"}
    assert sketch.named["path:2"] < sketch.named["all"]
    assert not sketch.named["path:2"] & sketch.named["path:4"]
