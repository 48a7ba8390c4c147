"""edit and generate on 3-D scenes as a user meets them."""

import json
from pathlib import Path

import pytest
import torch

from potstill.cli import main
from potstill.io.gaussian_files import SETTINGS, read_gaussians
from potstill.io.images import png_bytes
from potstill.io.meshes import mesh_settings
from potstill.io.ply import read_header
from potstill.scenes.files import read_gaussians as load_gaussians
from potstill.scenes.files import write_gaussians
from potstill.tasks.files.provenance import read_record
from tests.cli.test_cli import run
from tests.stops import Killed, contents, killed_after

PNG = png_bytes(torch.rand(1, 3, 20, 30))
TINY = ("--size", "16", "--steps", "4", "--views", "2")
GENERATE = ("generate", "red teapot", "--scene", "gaussians", "--gaussians", "30", *TINY)
EDIT = ("--source", "red teapot", "--target", "blue teapot", *TINY)


pytestmark = pytest.mark.usefixtures("small_orbits")


def test_a_file_of_gaussians_goes_in_and_comes_out(capsys, teapot):
    code, out, err = run(capsys, "edit", "teapot.ply", *EDIT, "--gif", "--preview")
    assert code == 0, err
    assert "psnr" in out
    assert "wrote edit.ply, edit-orbit.gif, edit.png" in out
    assert "4 steps are too few to judge a method or a prompt by: the default is 300" in err
    names = {"edit.ply", "edit-orbit.gif", "edit.gif", "edit.png", "edit.json", "teapot.ply"}
    assert {path.name for path in Path().iterdir()} == names
    for file in ("edit.ply", "edit.png", "edit.json"):
        assert run(capsys, "replay", file)[:2] == (0, "the same, to the byte\n")
    first = Path("edit.png").read_bytes()
    code, _, err = run(capsys, "edit", "--config", "edit.ply", "--out", "again.ply")
    assert code == 0, err
    assert Path("again.png").read_bytes() == first
    code, _, err = run(capsys, "edit", *EDIT, "teapot.ply", "--out", "colours.splat")  # the file may come last
    assert code == 0, err
    assert len(read_gaussians("colours.splat", 100).means) == 30
    assert "give the PNG or JSON beside it" in run(capsys, "replay", "colours.splat")[2]
    code, _, err = run(capsys, "replay", "edit.png", "--out", "third.ply")
    assert code == 0, err
    assert Path("third.ply").read_bytes() == Path("edit.ply").read_bytes()


def test_the_model_is_that_which_the_file_was_made_with(capsys, teapot):
    record = read_record(teapot)
    write_gaussians("network.ply", load_gaussians(teapot), {**record, "model": {"name": "toys"}})
    words = ("--source", "red teapot", "--target", "pink teapot", "--steps", "1", "--views", "1")
    note = "note: the model is toys, which 'network.ply' was made with; --model chooses another"
    code, _, err = run(capsys, "edit", "network.ply", *words, "--route", "Direct()", "--out", "pink.ply")
    assert code == 0, err
    assert note in err
    assert (found := read_record("pink.ply"))["model"]["name"] == "toys"
    assert found["settings"]["learning_rate"] == 4.0  # of its preset
    code, _, err = run(capsys, "edit", "network.ply", *words, "--model", "world:toys")
    assert (code, note in err) == (2, False)
    assert "choose it with --model toys" in err
    code, _, err = run(capsys, "compare", "network.ply", *words, "--methods", "dds")
    assert code == 0, err
    assert note in err


def test_text_goes_in_and_a_mesh_comes_out(capsys, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = ("--model", str(tiny_folder("sd")), "--preset", "sds-threestudio", "--steps", "2")
    code, _, err = run(capsys, "generate", "a pot", "--scene", "volume", "--grid", "9", *model)
    assert code == 0, err
    settings = mesh_settings("generate.glb")["settings"]
    assert (settings["steps"], settings["guidance_scale"], settings["last_rate"]) == (2, 101, 1)
    assert run(capsys, "replay", "generate.glb")[0] == 0
    words = ("--scene", "volume", "--method", "sds", "--noise", "Fixed()")
    code, _, err = run(capsys, "generate", "--config", "generate.glb", *words, "--out", "other.glb")
    assert code == 0, err
    assert mesh_settings("other.glb")["settings"]["method"].startswith("SDS(noise=Fixed()")


def test_rows_of_a_table_are_scenes(capsys, teapot, tiny_folder):
    table = Path("rows.csv")
    cells = {
        "scene": ("teapot.ply", "gaussians", "volume", "teapot.ply", "photo.png", "volume"),
        "source": ("red teapot", "", "", "red teapot", "a", ""),
        "target": ("blue teapot", "", "", "", "b", ""),
        "prompt": ("", "red teapot", "red teapot", "", "", "red teapot"),
        "method": ("dds", "", "", "", "", ""),
        "distance": ("", "", "", "", "", "2 3"),
        "gaussians": ("", "30", "", "", "", ""),
        "grid": ("", "", "7", "", "", ""),
    }
    lines = [",".join([*each, "16", "4", "2"]) for each in zip(*cells.values(), strict=True)]
    table.write_text("\n".join([",".join([*cells, "size", "steps", "views"]), *lines]))
    code, out, _ = run(capsys, "batch", "rows.csv", "--json")
    assert code == 1
    found = json.loads(out)
    errors = [row["error"] or "" for row in found]
    assert errors[:3] == ["", "", ""]
    assert "the row has no target prompt" in errors[3]
    assert "'photo.png'" in errors[4]
    assert "distance is fixed in world:toys" in errors[5]
    assert found[5]["camera_distance"] == "2.0 3.0"
    assert [row["output"][-4:] for row in found[:3]] == [".ply", ".ply", ".glb"]
    assert all(row["psnr"] > 10 for row in found[:3])
    assert Path("batch", found[0]["output"]).with_suffix(".png").exists()
    assert run(capsys, "replay", f"batch/{found[0]['output']}")[:2] == (0, "the same, to the byte\n")
    assert run(capsys, "edit", "teapot.ply", *EDIT, "--method", "dds")[0] == 0
    assert Path("edit.png").read_bytes() == Path("batch", found[0]["output"]).with_suffix(".png").read_bytes()
    Path("batch", found[1]["output"]).unlink()
    before = {path: path.stat().st_mtime_ns for path in Path("batch").glob("*-*.json")}
    assert run(capsys, "batch", "rows.csv")[0] == 1
    after = {path: path.stat().st_mtime_ns for path in Path("batch").glob("*-*.json")}
    assert sum(after[path] != changed for path, changed in before.items()) == 1  # one scene was gone


def test_pictures_and_scenes_may_stand_in_one_table(capsys, teapot, tiny_folder):
    rows = [
        {"image": "photo.png", "source": "a", "target": "b", "steps": 2},
        {"scene": "gaussians", "prompt": "red teapot", "gaussians": 30, "size": 16, "steps": 2, "views": 1},
        {"image": "teapot.ply", "source": "a", "target": "b"},
        {"scene": "gaussians", "prompt": "red teapot", "mask": "photo.png"},
        {"scene": "gaussians", "prompt": "red teapot", "cameras": "photo.png"},
    ]
    Path("photo.png").write_bytes(PNG)
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ("--model", str(tiny_folder("sd")), "--scene-model", "world:toys", "--json")
    code, out, err = run(capsys, "batch", "rows.jsonl", *words)
    found = json.loads(out)
    assert code == 1
    assert [row["output"][-4:] for row in found[:2]] == [".png", ".ply"], err
    assert (found[0]["psnr"], found[1]["rms_change"]) == (None, None)
    said = ["is a scene: give it in the column scene", "mask does not apply", "cameras does not apply"]
    for row, message in zip(found[2:], said, strict=True):
        assert message in row["error"]


COMMANDS = {
    "generate": (*GENERATE, "--regularizers", "Sparsity(0.1)", "Held(0.1)"),
    "volume": ("generate", "red teapot", "--scene", "volume", "--grid", "7", *TINY),
    "edit": ("edit", "teapot.ply", *EDIT, "--only-box", "-2", "2", "-2", "2", "-2", "0", "--gif"),
    "denser": (*GENERATE, "--most-gaussians", "45", "--densify-every", "2"),
    "denser in a box": (
        "edit",
        "teapot.ply",
        *EDIT,
        "--only-box",
        *["-2", "2", "-2", "2", "-2", "0"],
        "--most-gaussians",
        "33",
    ),
    "finer": ("generate", "red teapot", "--scene", "volume", "--grid", "9", "--coarse-grid", "5", *TINY),
    "compare": ("compare", "teapot.ply", *EDIT, "--methods", "dds", "sds"),
}


def test_methods_are_compared_on_a_scene_and_on_a_prompt(capsys, teapot):
    code, out, err = run(capsys, "compare", "teapot.ply", *EDIT, "--methods", "infedit", "dds", "--json")
    assert code == 0, err
    numbers = ["method", "psnr", "agreement", "rms_change", "pixels_changed", "evaluations"]
    assert [list(row) for row in json.loads(out)["methods"]] == [numbers, numbers]
    each = {f"{name}{ending}" for name in ("infedit", "dds") for ending in (".ply", ".png", ".json", "-orbit.gif")}
    names = {path.name for path in Path("compare").iterdir()}
    assert names == each | {f"compare.{ending}" for ending in ("png", "gif", "json")}
    assert run(capsys, "replay", "compare/dds.ply")[:2] == (0, "the same, to the byte\n")
    alone = run(capsys, "edit", "teapot.ply", *EDIT, "--method", "dds")
    assert alone[0] == 0
    assert Path("edit.ply").read_bytes() == Path("compare/dds.ply").read_bytes()
    words = ("--prompt", "red teapot", "--scene", "volume", "--grid", "7", "--methods", "sds", *TINY)
    code, out, err = run(capsys, "compare", *words, "--out", "made")
    assert code == 0, err
    assert "wrote made/compare.png, compare.gif, compare.json and sds.glb" in out
    assert Path("made/sds.glb").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("edit", "photo.png", "--only-box", *"010101"),
            "--only-box is an option for scenes and drawings: give the file of a scene or drawing, or leave it out",
        ),
        (
            ("generate", "a pot", "--views", "2"),
            "--views is an option for scenes: give --scene gaussians, or leave it out",
        ),
        (("edit", "teapot.ply", *EDIT, "--space", "pixels"), "--space is an option for pictures: leave it out"),
        (("edit", "teapot.ply", *EDIT, "--veiws", "2"), "unknown option --veiws: did you mean --views?"),
    ],
)
def test_an_option_of_another_subject_is_told_from_an_unknown_one(capsys, teapot, words, message):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err


UNFIT = {
    "no prompt": (("teapot.ply", "--prompt", "red teapot"), "a scene is edited with --source and --target"),
    "idle": (("teapot.ply", *EDIT, "--grid", "7"), "grid does not apply to a comparison that edits: leave it out"),
    "box": (("--prompt", "red teapot", "--scene", "volume", "--only-box", *"010101"), "only_box does not apply to a"),
    "baseline": (("teapot.ply", *EDIT, "--methods", "sdedit"), "unknown method 'sdedit'"),
    "editor": (("--prompt", "red teapot", "--scene", "gaussians", "--methods", "dds"), "DDS edits a scene"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_cannot_be_compared_is_one_line(capsys, teapot, name):
    words, message = UNFIT[name]
    code, out, err = run(capsys, "compare", *words)
    assert (code, out) == (2, "")
    assert message in err
    assert not Path("compare").exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_what_was_killed_goes_on_to_the_same_bytes(capsys, teapot, monkeypatch, name):
    file = {"volume": "/made.glb", "finer": "/made.glb", "compare": ""}.get(name, "/made.ply")
    step = 1 if name == "denser" else 2  # between two changes, or after one
    assert run(capsys, *COMMANDS[name], "--out", f"whole{file}")[0] == 0
    with monkeypatch.context() as patch:
        killed_after(patch, 6 if name == "compare" else step)  # in the second method
        with pytest.raises(Killed):
            main([*COMMANDS[name], "--out", f"killed{file}"])
    code, _, err = run(capsys, "resume", "killed")
    assert code == 0, err
    assert f"resuming after step {step} of 4" in err
    assert contents(Path("killed")) == contents(Path("whole"))
    if name != "compare":
        assert run(capsys, "replay", f"whole{file}")[:2] == (0, "the same, to the byte\n")
    if name.startswith("denser"):
        assert len(read_gaussians(f"whole{file}", 100).means) == int(COMMANDS[name][-1 if "box" in name else -3])


def test_the_helps_are_those_of_scenes_and_the_plain_ones_mention_them(capsys):
    _, scene, _ = run(capsys, "generate", "--scene", "gaussians", "--help")
    assert "--gaussians INT" in scene
    assert "world:toys" in scene
    assert "by default 4 for Gaussians from a prompt, 1 for a volume" in " ".join(scene.split())
    _, picture, _ = run(capsys, "generate", "--help")
    assert "--gaussians" not in picture
    assert "potstill generate --scene gaussians --help" in " ".join(picture.split())
    _, scene, _ = run(capsys, "edit", "x.ply", "--help")
    assert "--only-box X0 X1 Y0 Y1 Z0 Z1" in scene
    _, picture, _ = run(capsys, "edit", "--help")
    assert "potstill edit x.ply --help" in " ".join(picture.split())
    _, whole, _ = run(capsys, "edit", "x.ply", "--help-all")
    assert "--regularizers REGULARIZER ..." in whole


def test_the_file_carries_its_settings(made):
    (comment,) = read_header(made).comments
    record = json.loads(comment.removeprefix(SETTINGS))
    assert (record["command"], record["settings"]["prompt"]) == ("generate", "red teapot")
    assert record["model"]["name"] == "world:toys"
