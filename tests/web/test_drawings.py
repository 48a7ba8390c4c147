"""The tab Drawings without a browser: its results are the library's, and nothing hostile comes in."""

import base64
import json
import warnings

import pytest

from potstill import edit_drawing
from potstill.tasks.files.provenance import read_record
from potstill.web import drawings, limits

TEXT = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20">
<rect id="ground" width="20" height="20" fill="#fc0"/>
<path d="M4 4h12v12h-12z" fill="#c00"/><path d="M8 8h4v4h-4z" fill="#0c0"/></svg>"""
ASKED = {"source": "red square", "target": "blue square", "methods": ["infedit"], "steps": 3, "seed": 4}


@pytest.fixture(autouse=True)
def whole(monkeypatch):
    """One question takes all steps, however slow the machine is."""
    monkeypatch.setattr(limits, "SHARE", 60.0)


def url(text):
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


def edited(**settings):
    answer = drawings.drawings_begin({"drawing": url(TEXT)} | ASKED | settings)
    assert "error" not in answer, answer
    assert drawings.drawings_advance({"run": answer["run"]})["done"]
    return base64.b64decode(drawings.drawings_take({"run": answer["run"], "index": 0})["data"]).decode()


def test_an_edit_of_the_page_is_that_of_the_library(tmp_path):
    made = edited()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = edit_drawing(TEXT.encode(), source="red square", target="blue square", steps=3, seed=4)
    assert made == expected.svg
    path = tmp_path / "a.svg"
    path.write_text(made)
    assert "/tmp" not in json.dumps(read_record(path))
    found = drawings.drawings_open({"drawing": url(made)})
    assert found["settings"] == {key: ASKED[key] for key in ("source", "target", "steps", "seed")} | {
        "guidance_scale": 1.0,
        "method": "infedit",
    }


def test_elements_that_are_kept_keep_their_bytes():
    opened = drawings.drawings_open({"drawing": url(TEXT)})
    assert [each["name"] for each in opened["elements"]] == ["ground", "path:1", "path:2"]
    assert (opened["width"], opened["settings"]) == (20.0, None)
    made = edited(kept=["ground", "path:2"])
    for part in ('<rect id="ground" width="20" height="20" fill="#fc0"/>', '<path d="M8 8h4v4h-4z" fill="#0c0"/>'):
        assert part in made
    assert '<path d="M4 4h12v12h-12z" fill="#c00"/>' not in made


def test_examples_come_with_prompts_and_are_found_after_a_reload():
    answer = drawings.drawings_examples({})
    assert "heart" in answer["examples"][0]["source"]
    begun = drawings.drawings_begin(ASKED | {"example": 1})
    found = drawings.drawings_find({"run": begun["run"]})
    assert (found["before"], found["panels"][0]["step"]) == (begun["before"], 0)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"drawing": url("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")}, "script"),
        ({"drawing": url(TEXT.replace("<rect", "<rect onclick='alert(1)'"))}, "onclick"),
        ({"drawing": url(TEXT.replace("<rect", "<image href='file:///etc/passwd'/><rect"))}, "file:///etc/passwd"),
        ({"drawing": url(TEXT.replace("<rect", "<use href='http://elsewhere/a.svg#a'/><rect"))}, "elsewhere"),
        ({"drawing": url('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + TEXT)}, "entit"),
        ({"drawing": url("<svg" + "<g>" * 5000)}, "the SVG"),
        ({"drawing": "/etc/passwd"}, "upload it again"),
        ({"drawing": "A" * (2 * limits.UPLOAD)}, "too large"),
        ({"drawing": ["a"]}, "drawing of"),
        ({"example": 10**9}, "example"),
        ({"kept": ["path:9"]}, "no element 'path:9'"),
        ({"kept": ["ground", "path:1", "path:2"]}, "every element is kept"),
        ({"kept": "ground"}, "kept of"),
        ({"methods": ["sdedit"]}, "unknown method"),
        ({"steps": 401}, "steps = 401"),
    ],
)
def test_what_cannot_be_is_one_line_without_a_path(settings, told):
    error = drawings.drawings_begin({"drawing": url(TEXT)} | ASKED | settings)["error"]
    assert told in error
    assert "\n" not in error
    assert "/tmp" not in error


def test_a_large_drawing_is_refused_before_it_takes_anyones_time():
    path = "M0 0" + "L1 2" * (limits.NUMBERS // 2)
    large = TEXT.replace("M4 4h12v12h-12z", path)
    assert "simplify it to at most 20,000" in drawings.drawings_open({"drawing": url(large)})["error"]
