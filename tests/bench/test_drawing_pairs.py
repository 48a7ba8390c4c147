"""`potstill bench drawings`: the pairs, the bounds, the scores, and the command."""

import json
from collections import Counter

import pytest
import torch

import potstill
from potstill.bench.drawing_editing import best_fit, edit_drawings, true_results, unchanged
from potstill.bench.drawing_judge import DrawingJudge, element_scores
from potstill.bench.drawing_pairs import drawing_pairs, read
from potstill.bench.drawing_suite import BOUNDS, DRAWINGS, new_task, published, tuned
from potstill.bench.entries import select_entries
from potstill.cli import main
from potstill.errors import InputError
from potstill.io.svg import read_svg
from potstill.methods import PDS


@pytest.fixture(scope="module")
def prior():
    return potstill.load()


@pytest.fixture(scope="module")
def pairs():
    """Two of the smallest."""
    return [each.pair() for each in sorted(drawing_pairs(), key=lambda each: len(each.drawing))[:2]]


def test_every_element_of_a_pair_has_a_counterpart():
    counts = Counter((pair.group, pair.split) for pair in drawing_pairs())
    assert sum(counts.values()) >= 80
    assert {group for group, _ in counts} == {"background", "colour", "part", "recolour", "skin"}
    assert min(counts.values()) >= 7
    names = {pair.name for pair in drawing_pairs() if pair.split == "held-out"}
    assert len({pair.answer for pair in drawing_pairs() if pair.split == "held-out"}) == len(names)
    for pair in drawing_pairs()[::6]:
        source, answer = read(pair.drawing).sketch, read(pair.answer).sketch
        assert source.kinds == answer.kinds
        assert pair.source != pair.target


def test_the_bounds_are_what_they_are_called(prior, pairs):
    judge, found = DrawingJudge(), {}
    for name, make in {"nothing": unchanged, "answer": true_results, "fit": best_fit}.items():
        preview = make(pairs, prior, 0)
        found[name] = [judge.of_preview(preview, index, pair) for index, pair in enumerate(pairs)]
    for nothing, answer, fit in zip(*found.values(), strict=True):
        assert (nothing["error"], nothing["error_256"], nothing["colours"]) == (1, 1, 1)
        assert (answer["error"], answer["error_256"], answer["colours"], answer["shapes"]) == (0, 0, 0, 0)
        assert fit["error"] < 0.05
        assert fit["psnr"] > nothing["psnr"] + 15


def test_scores_of_elements_are_relative_to_the_change_and_to_the_page():
    text = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path fill="#f00" d="M1 1H6V6z"/></svg>'
    other = text.replace("#f00", "#00f")
    sketch, answer = read(text).sketch, read(other).sketch
    half = (sketch.numbers + answer.numbers) / 2
    assert element_scores(text, other, half) == pytest.approx({"colours": 0.5, "shapes": 0.0})
    moved = answer.numbers.clone()
    moved[sketch.places("points")] += 0.3  # along both axes
    assert element_scores(text, other, moved) == pytest.approx({"colours": 0.0, "shapes": 3 * 2**0.5})
    assert element_scores(text, text, sketch.numbers)["colours"] is None


def test_several_pairs_are_edited_in_one_call_a_step(prior, pairs):
    task = new_task(steps=2)
    both, one = (list(edit_drawings(task, chosen, prior, 1))[-1] for chosen in (pairs, pairs[:1]))
    assert both.images.shape == (2, 3, 256, 256)
    assert both.evaluations == one.evaluations == 4
    assert [read_svg(text.encode()).text(read_svg(text.encode()).sketch.numbers) for text in both.texts] == [
        *both.texts
    ]


def test_the_entries(prior):
    names = [entry.label for entry in select_entries(suite=DRAWINGS)]
    assert names[:3] == list(BOUNDS)
    assert names[-1] == "potstill edit (default)"
    assert {"pds (published)", "dds (published)", "sds (published)"} <= {*names}
    assert {f"{name} (tuned)" for name in tuned()} <= {*names}
    pds = published()["pds"]
    assert (pds.method.times.low, pds.scale, pds.resolve().steps) == (0.1, 100, 1000)
    assert isinstance(pds.method, PDS)
    assert pds.resolve().rates == {"points": 0.8 / 512, "colours": 0.01}
    with pytest.raises(InputError, match="sdedit"):
        select_entries(("sdedit(0.5)",), suite=DRAWINGS)


def test_the_command_writes_tables_and_pictures_and_does_nothing_twice(tmp_path, capsys, monkeypatch):
    words = ["bench", "drawings", "--pairs", "2", "--groups", "background", "colour", "--methods", "InfEdit()"]
    monkeypatch.setattr("potstill.tasks.drawings.editing.EditDrawing.default_steps", 2)
    monkeypatch.setattr("potstill.bench.drawing_editing.FIT", 2)
    out = tmp_path / "bench"
    for _ in range(2):
        with pytest.raises(SystemExit) as end:
            main([*words, "--out", str(out), "--overwrite"])
        assert end.value.code == 0, capsys.readouterr().err
    document = json.loads((out / "bench.json").read_text())
    assert [row["method"] for row in document["methods"]] == ["nothing", "answer", "fit", "InfEdit()"]
    assert set(document["methods"][0]["groups"]) == {"background", "colour"}
    assert (out / "sheet.png").exists()
    assert len(list((out / "attempts").iterdir())) == 4
    with pytest.raises(SystemExit) as end:
        main([*words, "--data", str(tmp_path), "--out", str(out)])
    assert end.value.code == 2


def test_pictures_of_a_pair_are_those_of_its_drawings(pairs):
    for pair in pairs:
        assert pair.source.shape == (1, 3, 256, 256)
        assert pair.fingerprint
        assert not torch.equal(pair.source, pair.answer)
