import io
import json
from pathlib import Path

import pytest
from PIL import Image

from training.card import NOTHING, TARGETS, filled, reached, table
from training.curve import draw, from_csv, smooth, to_csv

DOCS = Path(__file__).parents[2] / "docs" / "results"
NUMBERS = {
    "settings": {"retrieval": 200, "composition": 100, "guidance_scale": 4.0, "steps": 50, "seed": 1, "threads": 1},
    "retrieval": {"top_5": 0.85, "background": 0.949, "ceiling": 0.99, "floor": 0.01},
    "korean": {"top_5": 0.83, "background": 0.95, "ceiling": 0.99, "floor": 0.01},
    "composition": {"top_5": 0.712, "background": 0.96, "ceiling": 1.0, "floor": 0.0},
    "colours": 0.9,
    "places": 0.96,
    "denoising": {kind: {"100": 0.01, "700": 0.2} for kind in ("training", "relatives", "held_out")},
    "seconds": 9.96,
    "megabytes": 23.2,
}


def test_the_card_shows_the_numbers_that_were_measured():
    path = DOCS / "emoji-model.json"
    text = table(json.loads(path.read_text())) if path.exists() else NOTHING
    page = (DOCS / "emoji-model.md").read_text()
    assert filled(page, text) == page, "run `python -m training.card`"


def test_a_target_is_reached_at_its_limit_and_not_before():
    assert reached(NUMBERS) == {name: name != "background" for name in TARGETS}
    text = table(NUMBERS)
    assert "| right background | 94.9 % | at least 95 % |" in text
    assert "| 8 pictures of 50 steps | 9.96 s | at most 10 s |" in text
    assert "| held-out variants | 0.0100 | 0.2000 |" in text


def test_only_what_is_between_the_markers_changes():
    page = "before\n<!-- measured -->\nold\nold\n<!-- /measured -->\nafter\n"
    assert filled(page, "new") == "before\n<!-- measured -->\nnew\n<!-- /measured -->\nafter\n"
    with pytest.raises(ValueError, match="0 pairs"):
        filled("nothing", "new")


def test_the_curve_has_every_step_once_and_goes_on_with_the_last_phase(tmp_path):
    for name, first, last, loss in (("run", 1, 300, 1.0), ("last", 201, 400, 0.5)):
        lines = [{"step": step, "loss": loss, "seconds": 36.0} for step in range(first, last + 1)]
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    rows = smooth([tmp_path / "run", tmp_path / "last"], 100)
    assert rows == [(100, 1.0, 1.0), (200, 1.0, 2.0), (300, 0.5, 3.0), (400, 0.5, 4.0)]
    assert smooth([tmp_path / "last"], 100, [*rows[:3], (350, 2.0, 9.0)]) == rows
    assert from_csv(to_csv(rows)) == rows
    assert draw(rows) == draw(rows)
    with Image.open(io.BytesIO(draw(rows))) as picture:
        assert picture.width > 400
