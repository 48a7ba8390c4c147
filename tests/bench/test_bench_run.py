"""`potstill bench edits` as a whole: the same bytes again, nothing done twice, and what it writes."""

import json
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

import potstill
from potstill.bench.drawing_pairs import drawing_pairs
from potstill.bench.editing import edit_pairs
from potstill.bench.emoji_pairs import Pair, emoji_pairs
from potstill.bench.entries import BOUNDS, MethodEntry, select_entries
from potstill.bench.reference_based import ReferenceBased
from potstill.bench.reference_free import ReferenceFree
from potstill.bench.report import Report, collect_results
from potstill.bench.run import run_all, trials_of
from potstill.bench.settings import Setting
from potstill.cli import main
from potstill.cli.bench import GROUPS
from potstill.errors import InputError
from potstill.methods import DDS
from potstill.priors.unets import StableDiffusion
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings import plugins
from tests import tiny

ENTRIES = [
    BOUNDS["nothing"],
    MethodEntry("dds", Setting.STATED, Edit(source="s", target="t", method=DDS(), steps=2)),
]


@pytest.fixture(scope="module")
def prior():
    return potstill.load()


@pytest.fixture(scope="module")
def pairs():
    # On one background: the pictures that a result is held against are read once.
    return [pair for pair in emoji_pairs() if pair.name.count("@white") == 2][:2]


@pytest.fixture
def calls(monkeypatch):
    """The rows of every call of the bundled network."""
    counted, output = [], StableDiffusion.output
    monkeypatch.setattr(
        StableDiffusion, "output", lambda self, x_t, *more: counted.append(len(x_t)) or output(self, x_t, *more)
    )
    return counted


def document(trials, prior, folder, **more):
    return Report(collect_results(run_all(trials, lambda: prior, ReferenceBased(), folder, **more)), {}).document()


def test_a_seed_gives_the_same_bytes_in_one_call_a_step(prior, pairs, calls):
    task = Edit(source="s", target="t", method=DDS(), guidance_scale=1.5, steps=2)
    previews = list(edit_pairs(task, pairs, prior, previews=2))
    assert calls == [8, 8]  # two pairs, source and target, with and without the prompt
    assert [preview.evaluations for preview in previews] == [4, 8]
    *_, again = edit_pairs(task, pairs, prior)
    assert torch.equal(previews[-1].images, again.images)
    *_, other = edit_pairs(Edit(source="s", target="t", method=DDS(), steps=2, seed=1), pairs, prior)
    assert not torch.equal(other.images, again.images)


def test_what_was_done_is_not_done_again(prior, pairs, calls, tmp_path):
    trials = trials_of(ENTRIES, pairs, seeds=2, batch=1)
    assert [(trial.entry.name, trial.seed, len(trial.pairs)) for trial in trials] == [
        *[("nothing", 0, 1)] * 2,
        *[("dds", 0, 1)] * 2,
        *[("dds", 1, 1)] * 2,
    ]
    run_all(trials[:3], lambda: prior, ReferenceBased(), tmp_path)
    assert len(calls) == 2  # stopped after one edit of two steps
    whole = document(trials, prior, tmp_path)
    assert len(calls) == 8
    assert document(trials, prior, tmp_path) == whole
    assert len(calls) == 8
    assert {row["method"]: row["error"] for row in whole["methods"]}["nothing"] == pytest.approx(1)


def test_another_text_of_a_plugin_is_another_trial(prior, pairs, monkeypatch):
    trial = trials_of(ENTRIES, pairs, seeds=1, batch=1)[-1]
    keys = [trial.key(prior, ReferenceBased())]
    for digest in ("1" * 64, "2" * 64):
        monkeypatch.setattr(plugins, "LOADED", {Path("mine.py"): digest})
        keys.append(trial.key(prior, ReferenceBased()))
    assert len({*keys}) == 3


def test_two_processes_give_what_one_gives(prior, pairs, tmp_path):
    trials = trials_of(ENTRIES[1:], pairs, seeds=1, batch=1)
    one = collect_results(run_all(trials, lambda: prior, ReferenceBased(), tmp_path / "one"))
    two = collect_results(
        run_all(trials, partial(potstill.load, "emoji"), ReferenceBased(), tmp_path / "two", processes=2)
    )
    for mine, other in zip(one[0].cases[0], two[0].cases[0], strict=True):
        assert torch.equal(mine.image(), other.image())
        assert mine.scores == other.scores


def test_scores_that_some_pairs_lack_are_means_of_the_others(prior, tmp_path):
    sources = torch.rand(3, 1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    regions = [None, torch.ones(1, 1, 64, 64), None]
    told = [
        Pair(f"p{n}", "style", "", "red heart", "blue heart", source, region=region)
        for n, (source, region) in enumerate(zip(sources, regions, strict=True))
    ]
    done = run_all(trials_of(ENTRIES, told, 1, batch=2), lambda: prior, ReferenceFree(), tmp_path)
    report = Report(collect_results(done), {}, ReferenceFree())
    nothing, dds = report.document()["methods"]
    assert nothing["ssim"] == 1
    assert dds["pairs"]["p1"][0]["ssim"] is None
    there = [dds["pairs"][name][0]["ssim"] for name in ("p0", "p2")]
    assert dds["ssim"] == pytest.approx(sum(there) / 2)
    assert dds["curve"][-1]["ssim"] == pytest.approx(dds["ssim"])
    assert "| nothing | 1.000 (1.00 to 1.00) | 100 | 0 |" in report.markdown()


def test_without_answers_no_bound_needs_one():
    assert [entry.name for entry in select_entries(("dds",), Setting.PUBLISHED, has_answers=False)] == [
        "nothing",
        "caption",
        "dds",
    ]


def test_an_expression_runs_at_each_guidance_scale_and_a_name_at_its_own():
    *_, dds, low, high = select_entries(("dds", "DDS()"), Setting.TUNED, guidance_scales=(1.0, 2.5, 1.0))
    assert dds == select_entries(("dds",), Setting.TUNED)[-1]
    assert [(one.setting_name, one.task.guidance_scale) for one in (low, high)] == [
        ("guidance 1", 1.0),
        ("guidance 2.5", 2.5),
    ]
    with pytest.raises(InputError, match="given as expressions"):
        select_entries(("dds",), Setting.TUNED, guidance_scales=(1.0,))


def run(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    captured = capsys.readouterr()
    return stop.value.code or 0, captured.out, captured.err


def test_the_command_writes_all_and_prints_the_tables(capsys, tmp_path):
    place = tmp_path / "bench"
    words = ("bench", "edits", "--methods", "InfEdit()", "--pairs", "1", "--out", str(place))
    code, out, _ = run(capsys, *words)
    assert code == 0
    cases = [f"cases-{name}.png" for name in ("InfEdit____stated_", "answer", "caption", "nothing", "remade")]
    written = ["attempts", "bench.json", "bench.md", *cases, "curves.png", "sheet.png"]
    assert sorted(path.name for path in place.iterdir()) == written
    assert out.strip() == (place / "bench.md").read_text().strip()
    told = json.loads((place / "bench.json").read_text())
    assert told["settings"]["split"] == "held-out"
    errors = {row["method"]: row["error"] for row in told["methods"]}
    assert list(errors) == ["nothing", "answer", "remade", "caption", "InfEdit()"]
    assert errors["nothing"] == pytest.approx(1)
    assert errors["answer"] == 0
    assert 0 < errors["InfEdit()"] < 1
    costs = {row["method"]: (row["evaluations"], row["curve"][-1]["seconds"]) for row in told["methods"]}
    assert costs["nothing"] == costs["answer"] == (0, 0)
    assert costs["remade"] == costs["caption"] == (None, None)
    assert next(line for line in out.splitlines() if line.startswith("| remade")).endswith("| – | – |")
    for path in place.glob("*.png"):
        with Image.open(path) as picture:
            assert min(picture.size) > 100
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*.*")}
    code, _, err = run(capsys, *words)  # a second report, from the same attempts
    assert (code, f"{place}/bench.json exists: writing {place}-2; --overwrite" in err) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*.*")} == before
    assert sorted(path.name for path in (tmp_path / "bench-2").iterdir()) == written[1:]


@pytest.mark.parametrize("what", [*GROUPS, "scenes"])
def test_an_unknown_method_is_named_before_a_missing_package(what, capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "potstill.bench.reference_based", None)
    words = ("bench", what, "--out", str(tmp_path / "bench"), "--methods")
    code, _, err = run(capsys, *words, "infedits")
    assert (code, "infedits" in err, "did you mean 'infedit'?" in err, "pip install" in err) == (2, True, True, False)
    code, _, err = run(capsys, *words, "InfEdit()")
    assert (code, "pip install potstill[bench]" in err) == (2, True)


def test_the_command_takes_a_data_set(capsys, tmp_path):
    (tmp_path / "data" / "imgs").mkdir(parents=True)
    Image.new("RGB", (64, 64), "red").save(tmp_path / "data" / "imgs" / "heart.png")
    record = {"prompt": "red heart", "edit_prompt": "blue heart", "img_path": "$HOME/data/imgs/heart.png"}
    (tmp_path / "data" / "prompt_img_pairs.json").write_text(json.dumps({"heart": record}))
    networks = {"--clip": tiny.save_clip(tmp_path / "clip"), "--dino": tiny.save_vit(tmp_path / "dino")}
    options = [word for option in networks.items() for word in option]
    words = ("bench", "edits", "--methods", "InfEdit()", "--data", str(tmp_path), *options, "--out")
    code, out, _ = run(capsys, *words, str(tmp_path / "bench"))
    assert code == 0
    assert out.startswith("| method | ssim | psnr | mse | structure | clip | evaluations | seconds |")
    assert "ssim by group:" in out
    assert "clip by group:" in out
    told = json.loads((tmp_path / "bench" / "bench.json").read_text())
    nothing, caption, edit = told["methods"]
    assert (nothing["ssim"], nothing["structure"]) == (1, 0)
    assert nothing["clip_region"] is None
    assert 0 < edit["ssim"] < 1
    assert caption["clip"] is not None
    assert told["settings"]["settings"] == "published"
    assert (tmp_path / "bench" / "curves.png").stat().st_size > 5000


def test_the_command_ranks_pairs_of_ones_own_with_answers(capsys, tmp_path):
    pair = next(pair for pair in emoji_pairs() if pair.group == "background")
    for name, image in {"source.png": pair.source, "answer.png": pair.answer}.items():
        Image.fromarray((image[0].permute(1, 2, 0) * 255).round().byte().numpy()).save(tmp_path / name)
    row = f'source.png,answer.png,"{pair.source_prompt}","{pair.target_prompt}"'
    (tmp_path / "pairs.csv").write_text(f"image,answer,source,target\n{row}\n")
    words = ("bench", "edits", "--methods", "InfEdit()", "--data", str(tmp_path), "--out", str(tmp_path / "bench"))
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert out.startswith("| method | error | psnr | ssim | inside | outside | outlines | evaluations | seconds |")
    told = {
        row["method"]: row["error"] for row in json.loads((tmp_path / "bench" / "bench.json").read_text())["methods"]
    }
    assert (told["nothing"], told["answer"]) == (pytest.approx(1), 0)
    assert 0 < told["InfEdit()"] < 1
    code, _, error = run(capsys, *words, "--clip", "c")
    assert code == 2
    assert "judge without true answers" in error


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--data", "d", "--split", "seen"), "--data has no splits"),
        (("--clip", "c"), "give --data"),
        (("--pairs", "0"), "pairs = 0 must be from 1 to 10,000"),
        (("--groups", "part"), "there is no group 'part' of pairs: the groups are skin, hair"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_the_extra_is_asked_for(capsys, monkeypatch, words, says):
    monkeypatch.setitem(sys.modules, "potstill.bench.reference_based", None)
    code, _, error = run(capsys, "bench", "edits", *words)
    assert code == 2
    assert says in error


def test_the_groups_are_those_of_the_pairs():
    found = {"edits": emoji_pairs(), "drawings": drawing_pairs()}
    for what, pairs in found.items():
        assert {pair.group for pair in pairs} == {*GROUPS[what]}
