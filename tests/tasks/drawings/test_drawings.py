"""Drawings are edited and generated: files, masks, ids, records, and what is refused."""

import json
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from potstill import edit_drawing, generate_drawing
from potstill.errors import InputError, Note
from potstill.io.svg import read_svg
from potstill.methods import DDS
from potstill.tasks.drawings.editing import EditDrawing
from potstill.tasks.drawings.generating import GenerateDrawing
from potstill.tasks.files.provenance import read_record
from potstill.tasks.files.scenes import scene_kind
from potstill.tasks.runs.replaying import replay
from potstill.tasks.subjects import subject_of_record
from potstill.vectors import Renderer
from potstill.vectors.regularizers import NoCrossing
from tests.optional import require

for package in ("tinycss2", "cssselect2", "fontTools"):
    require(package)

SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
  <rect id="page" x="0" y="0" width="32" height="32" fill="#eee"/>
  <!-- two eyes -->
  <circle id="left" cx="8" cy="16" r="4" fill="#d22"/>
  <g id="right"><circle id="eye" cx="24" cy="16" r="4" fill="#d22"/></g>
</svg>
"""
EDIT = {"source": "red heart", "target": "blue heart", "steps": 2, "page": "change"}


@pytest.fixture(scope="module")
def model(priors):
    return priors("sd")


@pytest.fixture
def face(tmp_path):
    path = tmp_path / "face.svg"
    path.write_text(SVG)
    return path


def lines(text: str) -> list[str]:
    """The lines of an SVG without its settings."""
    return re.sub(r"<metadata.*</metadata>", "", text).splitlines()


def test_an_edit_is_the_same_file_with_new_numbers_and_all_files_make_it_again(model, face, tmp_path):
    result = edit_drawing(face, model=model, **EDIT)
    places = result.save(tmp_path / "out.svg")
    assert [place.name for place in places] == ["out.svg", "out.png"]
    written = places[0].read_text()
    assert written == result.svg
    assert face.read_text() == SVG
    before, after = SVG.splitlines(), lines(written)
    assert len(before) == len(after)
    same = [one == other for one, other in zip(before, after, strict=True)]
    assert same == [True, False, True, False, False, True]
    assert re.sub(r'="[^"]*"', "", "".join(before)) == re.sub(r'="[^"]*"', "", "".join(after))
    record = read_record(places[0])
    assert (subject_of_record(record).name, scene_kind(places[0])) == ("drawing", ".svg")
    assert {key: value for key, value in read_record(places[1]).items() if key != "index"} == record
    for file in (*places, tmp_path / "out.json"):
        found = replay(file)
        assert found.agree
        assert not found.changes


def test_the_picture_is_that_of_the_written_file(model, face):
    result = edit_drawing(face, model=model, **EDIT)
    sketch = read_svg(result.svg.encode()).sketch
    with torch.no_grad():
        drawn = Renderer(sketch, 256, 256)(sketch.numbers[None].float(), torch.ones(1, 3)).clamp(0, 1)
    assert torch.equal(result.images, drawn)


@pytest.mark.parametrize("which", ["only", "only_box", "mask"])
def test_what_was_not_chosen_keeps_its_bytes(model, face, which):
    mask = np.zeros((64, 64), np.uint8)
    mask[16:48, 34:62] = 255
    told = {"only": ("#right",), "only_box": (18.0, 10.0, 30.0, 22.0), "mask": Image.fromarray(mask)}
    result = edit_drawing(face, model=model, **EDIT, **{which: told[which]})
    before, after = SVG.splitlines(), lines(result.svg)
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, True, True, True, False, True]
    assert result.record["settings"]["only"] == (told["only"] if which == "only" else ())


KEPT = "what fills the whole page keeps its colours: name the new background"


@pytest.mark.parametrize(
    ("source", "target", "only", "kept"),
    [
        ("red heart", "blue heart", (), True),
        ("red heart on a white background", "blue heart on a white background", (), True),
        ("red heart on a white background", "red heart on a blue background", (), False),
        ("red heart", "blue heart", ("page", "left"), False),
        ("red heart", "red heart, black background", (), False),
    ],
)
def test_the_page_keeps_its_colour_unless_the_prompts_say_another(model, face, source, target, only, kept):
    with pytest.warns(Note, match=KEPT) if kept else nullcontext():
        result = edit_drawing(face, source=source, target=target, only=only, model=model, steps=2, colour_rate=0.1)
    assert ('height="32" fill="#eee"' in result.svg) == kept
    assert 'r="4" fill="#d22"' not in result.svg or only


def test_a_page_that_is_all_there_is_changes(model, tmp_path):
    path = tmp_path / "page.svg"
    path.write_text(SVG.split("<!--")[0] + "</svg>")
    assert 'fill="#eee"' not in edit_drawing(path, **{**EDIT, "page": "keep"}, model=model, colour_rate=0.1).svg


def test_rates_and_kinds_are_settings(model, face):
    result = edit_drawing(face, model=model, **EDIT, change=("colours",), colour_rate=0.5, learning_rate=2.0)
    assert result.record["resolved"]["rates"] == {"colours": 1.0}
    assert re.findall(r'(?:cx|r|width)="[^"]*"', result.svg) == re.findall(r'(?:cx|r|width)="[^"]*"', SVG)
    task = EditDrawing.of({**EDIT, "regularizers": ["NoCrossing(10)"], "method": "dds", "last_rate": 1.0})
    assert (task.regularizers, task.method) == ((NoCrossing(10.0),), DDS())
    assert EditDrawing.of(task.settings()) == task


@pytest.mark.parametrize("scene", ["paths", "strokes"])
def test_random_shapes_become_a_file_that_makes_itself_again(model, tmp_path, scene):
    result = generate_drawing("red heart", model=model, scene=scene, steps=2, **{scene: 5})
    place = result.save(tmp_path / "heart.svg")[0]
    assert place.read_text().count("<path") == 5
    assert read_record(place)["settings"][scene] == 5
    assert replay(place).agree
    document = json.loads(place.with_suffix(".json").read_text())
    assert (document["files"], document["images"]) == (["heart.svg"], ["heart.png"])


def test_a_page_of_other_proportions_is_shown_whole_and_said(model, tmp_path):
    wide = SVG.replace('viewBox="0 0 32 32"', 'viewBox="0 0 64 32"')
    with pytest.warns(Note, match="the page is 64 x 32, and the model sees it in the middle of"):
        result = edit_drawing(wide.encode(), model=model, **EDIT)
    assert result.images.shape == (1, 3, 128, 256)
    assert result.record["drawing"]["path"] is None


REFUSED = {
    "an id": ({"only": ("#nose",)}, "no element with the id 'nose'"),
    "a kind": ({"change": ("shapes",)}, "change"),
    "no kinds": ({"change": ()}, "change names nothing"),
    "a rate of nothing": ({"change": ("colours",), "point_rate": 0.1}, "point rate = 0.1 has no effect"),
    "a rate": ({"colour_rate": -1.0}, "colour rate = -1.0 must be"),
    "a last rate": ({"last_rate": 2.0}, "last rate = 2.0 must be"),
    "a colour": ({"background": "nice"}, "background = 'nice'"),
    "an empty box": ({"only_box": (0.0, 0.0, 1.0, 1.0)}, "no chosen shape lies whole in the box"),
    "a mask of the wrong shape": ({"mask": Image.new("L", (64, 32), 255)}, "the page 32 x 32"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(model, face, name):
    settings, reason = REFUSED[name]
    with pytest.raises(InputError, match=reason):
        edit_drawing(face, model=model, **{**EDIT, **settings})


def test_generations_that_cannot_be(model):
    with pytest.raises(InputError, match="strokes does not apply to a scene of paths"):
        GenerateDrawing.of({"prompt": "heart", "strokes": 3})
    with pytest.raises(InputError, match="DDS edits a drawing: use potstill edit"):
        generate_drawing("heart", model=model, method=DDS())
    with pytest.raises(InputError, match="count = 0 must be"):
        generate_drawing("heart", model=model, paths=0)
    result = generate_drawing("heart", model=model, paths=1, steps=1)
    with pytest.raises(InputError, match=r"must end in \.svg"):
        result.save("heart.png")


def test_prompts_without_a_style_take_that_of_the_drawing():
    heart = (Path(__file__).parents[3] / "docs" / "pictures" / "drawing.svg").read_bytes()
    stated = edit_drawing(heart, source="fluent red heart", target="fluent blue heart", steps=2)
    with pytest.warns(Note, match="^the style 'fluent', nearest to the picture, is added"):
        found = edit_drawing(heart, source="red heart", target="blue heart", steps=2)
    assert lines(found.svg) == lines(stated.svg)
    assert found.record["read_as"] == {"source": "fluent red heart", "target": "fluent blue heart"}
