"""invert, and baselines of edit and compare, as a user meets them."""

import json

import pytest
import torch
from safetensors.torch import load_file

from potstill.io.images import png_bytes
from potstill.tasks.files.provenance import read_record
from tests.cli.test_cli import run
from tests.cli.test_cli_edit import fails


@pytest.fixture(scope="module")
def model(tiny_folder):
    return str(tiny_folder("sd"))


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(png_bytes(torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))))
    return path


def told(photo, model, *words):
    out = photo.parent / "out" / "invert.png"
    return "invert", str(photo), "--prompt", "a red apple", "--model", model, "--steps", "2", "--out", str(out), *words


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--label", "current", "--guidance-scale", "7.5"), {"times", "states"}),
        (("--method", "ddpm", "--skip", "0.5"), {"times", "states", "maps"}),
        (("--method", "null-text", "--inner-steps", "1"), {"times", "states", "null.encoder_hidden_states"}),
    ],
)
def test_invert_writes_a_sheet_its_settings_and_the_latents(capsys, photo, model, words, names):
    code, out, err = run(capsys, *told(photo, model, *words))
    assert code == 0, err
    assert "psnr" in out
    folder = photo.parent / "out"
    assert sorted(path.name for path in folder.iterdir()) == ["invert.json", "invert.png", "invert.safetensors"]
    assert load_file(folder / "invert.safetensors").keys() == names
    document = json.loads((folder / "invert.json").read_text())
    assert document["settings"] == read_record(folder / "invert.png")["settings"]
    assert run(capsys, "replay", str(folder / "invert.json"))[:2] == (0, "the same, to the byte\n")
    first = (folder / "invert.png").read_bytes()
    words = ("--config", str(folder / "invert.json"), "--out", str(folder / "again.png"))
    assert run(capsys, "invert", *words)[0] == 0
    assert (folder / "again.png").read_bytes() == first


WORDS = {
    "sdedit": (("--method", "sdedit"), "unknown method|unknown inversion baseline|choose from ddim"),
    "method": (("--method", "dddim"), "did you mean 'ddim'"),
    "label": (("--label", "last"), "label"),
    "steps": (("--steps", "0"), "steps = 0 must be at least 1"),
    "skip": (("--method", "ddpm", "--skip", "1"), "skip = 1.0 must be"),
    "guidance": (("--guidance-scale", "nan"), "guidance scale = nan must be from -1000 to 1000"),
    "seed": (("--seed", "-1"), "seed = -1 must be"),
    "field": (("--method", "ddpm", "--label", "next"), "--label"),
    "out": (("--out", "edit.jpg"), "must end in .png"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_mistake_is_one_line(capsys, photo, model, name):
    words, message = WORDS[name]
    fails(capsys, photo, told(photo, model, *words), message)


def test_edit_and_compare_take_baselines(capsys, photo, model):
    prompts = ("--source", "an apple", "--target", "a pear", "--model", model, "--steps", "3")
    out = photo.parent / "edit.png"
    words = ("--method", "sdedit", "--strength", "0.7", "--out", str(out), "--gif", "--preview")
    code, printed, err = run(capsys, "edit", str(photo), *prompts, *words)
    assert code == 0, err
    assert "4 network evaluations" in printed
    assert read_record(out)["settings"]["method"] == "SDEdit(strength=0.7)"
    assert run(capsys, "replay", str(out))[0] == 0
    words = ("--methods", "dds", "ddim-inversion", "--out", str(photo.parent / "sheet"), "--json")
    code, printed, err = run(capsys, "compare", str(photo), *prompts, *words)
    assert code == 0, err
    assert [row["evaluations"] for row in json.loads(printed)["methods"]] == [12, 9]
