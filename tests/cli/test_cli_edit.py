"""edit, generate, compare and replay as a user meets them."""

import json
import re
import struct
import zlib

import pytest
import torch

from potstill.io.images import png_bytes
from potstill.tasks.files.provenance import read_record
from tests.cli.test_cli import run


@pytest.fixture(scope="module")
def model(tiny_folder):
    return str(tiny_folder("sd"))


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(png_bytes(torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))))
    return path


def told(photo, model, *words, out="edit.png"):
    prompts = ("--source", "a red apple", "--target", "a pear", "--model", model, "--steps", "2")
    return "edit", str(photo), *prompts, "--out", str(photo.parent / "out" / out), *words


def test_edit_writes_a_picture_and_its_settings(capsys, photo, model):
    words = told(photo, model, "--gif", "--preview", "--count", "2", "--times", "Uniform(low=0.3)")
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert "network evaluations" in out
    folder = photo.parent / "out"
    assert sorted(path.name for path in folder.iterdir()) == ["edit-1.png", "edit-2.png", "edit.gif", "edit.json"]
    record = read_record(folder / "edit-2.png")
    assert record["index"] == 1
    assert record["settings"]["method"] == "ShrinkEdit(times=Uniform(low=0.3))"
    assert json.loads((folder / "edit.json").read_text())["settings"] == record["settings"]
    code, out, _ = run(capsys, "replay", str(folder / "edit-2.png"))
    assert (code, out) == (0, "the same, to the byte\n")


def test_settings_are_saved_and_read_back(capsys, photo, model):
    config = photo.parent / "settings.json"
    words = ("--method", "dds", "--guidance-scale", "3", "--seed", "9", "--save-config", str(config))
    assert run(capsys, *told(photo, model, *words))[0] == 0
    folder = photo.parent / "out"
    first = (folder / "edit.png").read_bytes()
    for file in (config, folder / "edit.png", folder / "edit.json"):
        code, _, err = run(capsys, "edit", "--config", str(file), "--out", str(folder / "again.png"))
        assert code == 0, err
        assert (folder / "again.png").read_bytes() == first
    words = ("--config", str(config), "--seed", "8", "--weight", "Rho()", "--out", str(folder / "other.png"))
    assert run(capsys, "edit", *words)[0] == 0
    settings = read_record(folder / "other.png")["settings"]
    assert (settings["seed"], settings["method"], settings["guidance_scale"]) == (8, "DDS(weight=Rho())", 3.0)


@pytest.mark.parametrize("earlier", [False, True])
def test_a_config_with_another_method_takes_the_defaults_of_that_method(capsys, photo, model, earlier):
    prompts = ("--source", "a red apple", "--target", "a pear", "--model", model)
    out = photo.parent / "out"
    assert run(capsys, "edit", str(photo), *prompts, "--out", str(out / "edit.png"))[0] == 0
    record = json.loads((out / "edit.json").read_text())
    by_default = {"optimizer": "sgd", "learning_rate": 0.7, "finish": "TwoScales()"}
    assert record["resolved"] == {"steps": 4, "guidance_scale": 1.5, **by_default}
    if earlier:  # what was resolved stood among the settings
        record["settings"] |= record.pop("resolved")
    config = photo.parent / "settings.json"
    config.write_text(json.dumps(record))
    words = ("--config", str(config), "--method", "sdedit", "--out", str(out / "other.png"))
    assert run(capsys, "edit", *words)[0] == 0
    assert read_record(out / "other.png")["resolved"] == {"steps": 50, "guidance_scale": 1.5, "finish": "Untouched()"}


def test_generate_prints_json(capsys, tmp_path, model):
    out = tmp_path / "pear.png"
    words = ("generate", "a pear", "--model", model, "--steps", "2", "--method", "sds", "--out", str(out), "--json")
    code, printed, _ = run(capsys, *words)
    assert code == 0
    assert json.loads(printed)["settings"]["prompt"] == "a pear"
    assert run(capsys, "replay", str(out), "--json")[0] == 0


@pytest.mark.parametrize("edits", [True, False])
def test_compare_writes_a_sheet_and_results_that_replay(capsys, photo, model, edits):
    prompts = (str(photo), "--source", "an apple", "--target", "a pear") if edits else ("--prompt", "a pear")
    methods = ("dds", "PDS(coefficients=Identity(0.3))") if edits else ("sds", "sdi")
    out = photo.parent / "sheet"
    words = ("--methods", *methods, "--model", model, "--steps", "3", "--out", str(out), "--json")
    code, printed, err = run(capsys, "compare", *prompts, *words)
    assert code == 0, err
    document = json.loads(printed)
    assert [row["method"] for row in document["methods"]] == list(methods)
    assert {"compare.png", "compare.gif", "compare.json"} <= {path.name for path in out.iterdir()}
    results = [path for path in out.glob("*.png") if path.name != "compare.png"]
    assert len(results) == 2
    assert run(capsys, "replay", str(results[0]))[0] == 0


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims a size."""
    chunks = [b"IHDR" + struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(bytes(99))]
    packed = (struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


NOISE = png_bytes(torch.rand(1, 3, 20, 30))
FILES = {
    "empty": (b"", "empty"),
    "truncated": (NOISE[:200], "truncated|broken|damaged|cannot"),
    "text": (b"hello, I am a text", "photo.png"),
    "dot": (png_bytes(torch.rand(1, 3, 1, 1)), "1x1"),
    "bomb": (bomb(30_000, 30_000), "too many pixels"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_picture_is_one_line(capsys, photo, model, name):
    content, message = FILES[name]
    photo.write_bytes(content)
    fails(capsys, photo, told(photo, model), message)


WORDS = {
    "steps 0": (("--steps", "0"), "steps = 0 must be at least 1"),
    "guidance NaN": (("--guidance-scale", "nan"), "guidance scale = nan must be from -1000 to 1000"),
    "guidance inf": (("--guidance-scale", "inf"), "guidance scale = inf must be from -1000 to 1000"),
    "no source": (("--source", ""), "source prompt is empty"),
    "no target": (("--target", "  "), "target prompt is empty"),
    "method": (("--method", "dss"), "unknown method 'dss': did you mean"),
    "field": (("--noise", "Inverted(steps=0)"), "steps of the inversion = 0 must be a whole number from 1"),
    "model": (("--model", "/nowhere/model"), "there is no /nowhere/model"),
    "count": (("--count", "0"), "count = 0 must be at least 1"),
    "rate": (("--learning-rate", "-1"), "learning rate = -1.0 must be above 0"),
    "word": (("--steps", "many"), "steps"),
    "flag": (("--stpes", "3"), "--stpes"),
    "size": (("--size", "17x16"), "multiples of"),
    "out": (("--out", "edit.jpg"), "must end in .png"),
    "mask": (("--mask", "/nowhere/mask.png"), "/nowhere/mask.png"),
    "config": (("--config", "/nowhere/settings.json"), "/nowhere/settings.json"),
    "lora": (("--lora", "/nowhere/lora.safetensors"), "lora"),
    "device": (("--device", "toaster"), "toaster"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_mistake_is_one_line_and_leaves_no_file(capsys, photo, model, name):
    words, message = WORDS[name]
    fails(capsys, photo, told(photo, model, *words), message)


def test_other_mistakes(capsys, photo, model, tmp_path):
    fails(capsys, photo, told(photo.parent / "none.png", model), "none.png")
    fails(capsys, photo, told(photo.parent, model), "is a folder|directory")
    mask = tmp_path / "mask.png"
    mask.write_bytes(png_bytes(torch.ones(1, 3, 20, 31)))
    fails(capsys, photo, told(photo, model, "--mask", str(mask)), "31x20 pixels and its picture 30x20")
    mask.write_bytes(png_bytes(torch.zeros(1, 3, 20, 30)))
    fails(capsys, photo, told(photo, model, "--mask", str(mask)), "nothing to edit")
    mask.unlink()
    result = {"command": "edit", "settings": {"source": "a", "target": "b"}, "model": {"name": model}, "image": {}}
    (tmp_path / "record.json").write_text(json.dumps(result))
    fails(capsys, photo, ("edit", "--config", str(tmp_path / "record.json")), "no picture is named")
    (tmp_path / "record.json").unlink()
    (tmp_path / "file").write_text("")
    fails(capsys, photo, told(photo, model, out="../file/edit.png"), "cannot write to")
    (tmp_path / "file").unlink()
    empty = tmp_path / "model"
    empty.mkdir()
    fails(capsys, photo, told(photo, str(empty)), "is an empty folder")


def fails(capsys, photo, words, message):
    before = {path for path in photo.parent.rglob("*") if path.name != "out"}
    code, out, err = run(capsys, *words)
    assert code == 2
    assert not out
    line = [line for line in err.splitlines() if not line.startswith(("potstill: warning", "potstill: note"))]
    assert len(line) == 1, err
    assert line[0].startswith("potstill: ")
    assert re.search(message, line[0]), line[0]
    assert {path for path in photo.parent.rglob("*") if path.name != "out"} == before


def test_equal_prompts_and_long_prompts_are_warnings(capsys, photo, model):
    code, _, err = run(capsys, *told(photo, model, "--target", "a red apple"))
    assert code == 0
    assert "are the same" in err
    code, _, err = run(capsys, *told(photo, model, "--target", "pear " * 100))
    assert code == 0
    assert "too long" in err
