"""The tab Pictures without a browser: its results are those of `potstill.edit`."""

import base64
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from potstill import edit
from potstill.io.images import levels
from potstill.tasks.files.provenance import read_record
from potstill.web import limits, pictures

ASKED = {"source": "red heart", "target": "blue heart", "methods": ["dds", "sdedit"], "steps": 3, "seed": 4}


@pytest.fixture(autouse=True)
def whole(monkeypatch):
    """One question takes all steps, however slow the machine is."""
    monkeypatch.setattr(limits, "SHARE", 60.0)


def url(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def begun(**settings):
    answer = pictures.pictures_begin(ASKED | settings)
    assert "error" not in answer, answer
    return answer


def taken(run, index=0):
    return base64.b64decode(pictures.pictures_take({"run": run, "index": index})["data"])


def opened(data):
    return np.array(Image.open(io.BytesIO(data)))


def test_an_edit_of_the_page_is_that_of_the_library(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (80, 64, 3), dtype=np.uint8)
    answer = begun(picture=url(Image.fromarray(pixels)))
    last = pictures.pictures_advance({"run": answer["run"]})
    assert last["done"]
    assert [panel["step"] for panel in last["panels"]] == [panel["total"] for panel in last["panels"]]
    expected = edit(pixels, source="red heart", target="blue heart", method="dds", steps=3, seed=4)
    assert np.array_equal(opened(taken(answer["run"])), levels(expected.images)[0].permute(1, 2, 0).numpy())
    assert np.array_equal(opened(base64.b64decode(last["panels"][0]["data"])), opened(taken(answer["run"])))
    path = tmp_path / "a.png"
    path.write_bytes(taken(answer["run"]))
    assert read_record(path)["image"]["path"] is None
    assert "/tmp" not in json.dumps(read_record(path))
    filled = pictures.pictures_settings({"picture": base64.b64encode(path.read_bytes()).decode()})["settings"]
    assert filled == {key: value for key, value in ASKED.items() if key != "methods"} | {
        "guidance_scale": pictures.Edit.default_guidance_scale,
        "method": "dds",
    }


def test_what_was_stopped_is_kept_and_says_so(monkeypatch, tmp_path):
    answer = begun(methods=["dds"])
    monkeypatch.setattr(limits, "SHARE", 0.0)
    assert pictures.pictures_advance({"run": answer["run"]})["panels"][0]["step"] == 1
    path = tmp_path / "a.png"
    path.write_bytes(taken(answer["run"]))
    assert read_record(path)["stopped_after"] == 1


def test_outside_of_the_mask_the_picture_stays():
    cover = Image.new("L", (64, 64))
    cover.paste(255, (0, 0, 32, 64))
    answer = begun(methods=["dds"], mask=url(cover), example=1)
    pictures.pictures_advance({"run": answer["run"]})
    after, before = opened(taken(answer["run"])), opened(base64.b64decode(answer["before"]))
    assert np.array_equal(after[:, 32:], before[:, 32:])
    assert not np.array_equal(after[:, :32], before[:, :32])


def test_notes_of_the_run_are_told():
    answer = begun(methods=["ddpm-inversion"], steps=None, target="blue zeppelinx")
    assert any("zeppelinx" in note for note in answer["notes"])
    assert not torch.is_inference_mode_enabled()


def test_examples_come_with_prompts_and_words():
    answer = pictures.pictures_examples({})
    assert len(answer["examples"]) == 24
    assert "heart" in answer["words"]
    assert opened(base64.b64decode(answer["examples"][0]["data"])).shape == (64, 64, 3)


def test_a_picture_without_settings_has_none():
    assert pictures.pictures_settings({"picture": url(Image.new("RGB", (8, 8)))}) == {"settings": None}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"methods": []}, "methods = 0"),
        ({"methods": ["Inverted(steps=1000)"]}, "unknown method"),
        ({"methods": ["SDS(noise=Picard(1000))"]}, "unknown method"),
        ({"steps": 401}, "steps = 401"),
        ({"source": " "}, "source prompt is empty"),
        ({"picture": base64.b64encode(b"GIF89a").decode()}, "'picture.png'"),
        ({"picture": "/etc/passwd"}, "upload it again"),
        ({"example": -1}, "example"),
        ({"mask": "data:image/png;base64,AAAA"}, "'mask.png'"),
        ({"seed": "1"}, "seed of BeginEdit"),
    ],
)
def test_what_cannot_be_is_one_line_without_a_path(settings, told):
    error = pictures.pictures_begin(ASKED | settings)["error"]
    assert told in error
    assert "/tmp" not in error
