"""`potstill bench scenes`: the pairs, the bounds, the scores, and the command."""

import json
from collections import Counter
from dataclasses import replace

import pytest
import torch

from potstill.bench import scene_editing, scene_judge, scene_pairs, scene_pictures, scene_starts
from potstill.bench.entries import select_entries
from potstill.bench.scene_editing import best_fit, make_scenes, remade, true_views, unchanged
from potstill.bench.scene_judge import PromptJudge, SceneJudge, azimuth, four
from potstill.bench.scene_pairs import ScenePair, known_to
from potstill.bench.scene_pictures import AZIMUTHS, strip, truth, unstrip
from potstill.bench.scene_starts import look, start
from potstill.bench.scene_suite import new_edit, new_generation, suite
from potstill.cli import main
from potstill.errors import InputError
from potstill.scenes import Gaussians, Volume
from potstill.worlds.toys.prior import Toys

SWAP = ScenePair("swap", "seen", target="green tree", source="green house")
PROMPT = ScenePair("colour", "seen", target="green tree")


@pytest.fixture
def few(monkeypatch):
    """A truth of few captions, and fits of few steps."""
    whole = truth()
    captions = ["green tree", "green house", "red house", "yellow duck"]
    small = replace(
        whole,
        looks={caption: whole.looks[caption] for caption in captions},
        pairs=[each for each in whole.pairs if each["source"] == "green house" and each["target"] == "green tree"],
        prompts=[{"group": "colour", "split": "held-out", "target": "green tree"}],
    )
    for module in (scene_editing, scene_judge, scene_pairs, scene_starts):
        monkeypatch.setattr(module, "truth", lambda: small)
    monkeypatch.setattr(scene_starts, "STEPS", 2)
    scene_judge._everything.cache_clear()
    yield small
    scene_judge._everything.cache_clear()


def test_there_are_enough_pairs_and_every_caption_has_pictures():
    counts = Counter((pair.group, pair.split) for pair in scene_pairs.scene_pairs())
    assert {group for group, _ in counts} == {"colour", "part", "both", "added", "taken", "swap"}
    for split in ("held-out", "seen"):
        assert sum(count for (_, each), count in counts.items() if each == split) >= 60
        assert len([each for each in scene_pairs.scene_prompts() if each.split == split]) == 40
    for pair in (*scene_pairs.scene_pairs(), *scene_pairs.scene_prompts()):
        assert pair.source != pair.target
        assert {pair.target, pair.source} - {""} <= truth().looks.keys()
        assert not pair.source or pair.source in truth().starts
    held_out = {pair.target for pair in scene_pairs.scene_pairs() if pair.split == "held-out"}
    assert not held_out & {pair.source for pair in scene_pairs.scene_pairs()}
    files = (scene_pictures.LIST, scene_pictures.PIXELS, scene_pictures.STARTS)
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_a_colour_changes_nothing_but_colours():
    one, other = (truth().pictures(caption) for caption in ("green house", "red house"))
    back = torch.tensor(scene_pictures.BACKGROUND)[:, None, None]
    assert torch.equal((one - back).abs().amax(1) < 1e-6, (other - back).abs().amax(1) < 1e-6)
    assert torch.equal(unstrip(strip(one)), one)
    assert torch.equal(four(strip(one))[..., 64:128], one[[4]])


@pytest.mark.parametrize("caption", ["yellow duck", "brown chair"])
def test_a_start_shows_its_source(caption):
    seen = look(start(caption, "gaussians"), truth().cameras)
    assert (seen - truth().pictures(caption)).square().mean().sqrt() < 0.04
    assert azimuth(strip(seen), caption) > 0.7


def test_azimuth_and_rank_are_those_of_the_nearest_pictures(few):
    true = truth().pictures("yellow duck")
    assert azimuth(strip(true), "yellow duck") == 1
    turned = torch.cat([true[:16].roll(4, 0), true[16:].roll(2, 0)])  # a quarter around
    assert azimuth(strip(turned), "yellow duck") == 0
    pair = PROMPT.pair()
    found = PromptJudge()(pair.answer, pair)
    assert (found["rank"], found["in_five"]) == (1, 1)
    assert (found["azimuth"] is None) == ("green tree" not in few.told)
    assert PromptJudge()(strip(truth().pictures("yellow duck")), pair)["rank"] > 1


@pytest.mark.parametrize("material", ["gaussians", "volume"])
def test_the_bounds_are_what_they_are_called(few, material, monkeypatch):
    monkeypatch.setattr(scene_starts, "AZIMUTHS", 4)
    scene_starts._volume.cache_clear()
    judge, pair = SceneJudge(material), SWAP.pair()
    nothing = judge.of_preview(unchanged([pair], Toys(), 0, material), 0, pair)
    answer = judge.of_preview(true_views([pair], Toys(), 0), 0, pair)
    assert nothing["changed"] == 0
    assert (answer["error"], answer["psnr"], answer["retrieved"]) == (0, 100, 1)
    if material == "gaussians":
        assert nothing["error"] == pytest.approx(1, abs=0.05)
        fit = judge.of_preview(best_fit([pair], Toys(), 0, material), 0, pair)
        assert fit["error"] < nothing["error"]
    else:
        assert isinstance(start("green house", "volume"), Volume)
    scene_starts._volume.cache_clear()


def test_edits_and_generations_run_in_a_world(few):
    edited = list(make_scenes(new_edit(steps=2), [SWAP.pair()] * 2, Toys(), 2))
    assert [preview.evaluations for preview in edited] == [8, 16]  # four views of the source and of the target
    assert edited[-1].images.shape == (2, 3, 64, 64 * len(AZIMUTHS))
    assert torch.equal(*edited[-1].images.split(1))
    assert edited[-1].before is not None
    (made,) = make_scenes(new_generation(steps=1), [PROMPT.pair()], Toys())
    assert made.before is None
    assert PromptJudge()(made.images, PROMPT.pair())["rank"] >= 1


def test_a_world_knows_some_pairs():
    pairs = known_to(Toys(), scene_pairs.scene_pairs())
    assert SWAP in pairs
    assert 2 <= len(pairs) < 60


def test_a_network_remakes_the_answers(few, priors):
    preview = remade([SWAP.pair()], priors("views"), 0)
    assert preview.images.shape == (1, 3, 64, 64 * len(AZIMUTHS))


def test_the_entries():
    labels = [entry.label for entry in select_entries(suite=suite("edit", "gaussians"))]
    assert labels[:4] == ["nothing", "answer", "fit", "remade"]
    assert {"pds (published)", "dds (published)", "sds (published)"} <= {*labels}
    assert labels[-1] == "potstill edit (default)"
    made = suite("generate", "volume", network=False)
    assert [*made.bounds] == ["answer", "fit"]
    assert made.new().scene == "volume"
    assert made.new().resolve().learning_rate == 1
    assert suite("edit", "volume").new().resolve().learning_rate == 0.5
    with pytest.raises(InputError, match="sdedit"):
        select_entries(("sdedit(0.5)",), suite=suite("edit", "gaussians"))


@pytest.mark.parametrize("task", ["edit", "generate"])
def test_the_command_writes_tables_and_pictures_and_does_nothing_twice(few, task, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("potstill.tasks.scenes.settings.SceneSettings.default_steps", 2)
    out = tmp_path / "bench"
    method = {"edit": "InfEdit()", "generate": "SDS()"}[task]
    split = ["--split", "seen"] if task == "edit" else []
    words = ["bench", "scenes", "--task", task, "--model", "world:toys", *split, "--methods", method]
    for _ in range(2):
        with pytest.raises(SystemExit) as end:
            main([*words, "--out", str(out), "--overwrite"])
        assert end.value.code == 0, capsys.readouterr().err
    document = json.loads((out / "bench.json").read_text())
    bounds = {"edit": ["nothing", "answer", "fit"], "generate": ["answer", "fit"]}[task]
    assert [row["method"] for row in document["methods"]] == [*bounds, method]
    assert document["settings"]["task"] == task
    assert (out / "sheet.png").exists()
    assert len(list((out / "attempts").iterdir())) == len(bounds) + 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["edits", "--task", "edit"], "--task has no meaning for edits"),
        (["drawings", "--scene", "volume"], "--scene has no meaning for drawings"),
        (["scenes", "--batch", "2"], "--batch has no meaning for scenes"),
        (["scenes", "--data", "."], "--data holds pictures"),
        (["scenes", "--model", "world:toys"], "no held-out pair is of swap"),
    ],
)
def test_options_that_do_not_fit_are_refused(few, words, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(["bench", *words])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_starts_are_gaussians_of_their_own():
    one, other = start("yellow duck", "gaussians"), start("yellow duck", "gaussians")
    assert isinstance(one, Gaussians)
    one.means.data += 1
    assert not torch.equal(one.means, other.means)
