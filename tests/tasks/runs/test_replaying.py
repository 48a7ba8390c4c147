"""A result carries what made it, and is made again to the byte."""

import json

import pytest
import torch
from PIL import Image

from potstill import edit, generate, load
from potstill.cli.output import Model
from potstill.errors import InputError
from potstill.io.images import png_bytes
from potstill.methods import OptimizerSettings, ShrinkEdit
from potstill.methods.finish import Untouched
from potstill.tasks.files.provenance import differences, read_record
from potstill.tasks.images.editing import Edit
from potstill.tasks.images.generating import Generate
from potstill.tasks.runs.replaying import replay
from potstill.tasks.settings.plan import EditPlan
from tests.optional import needs
from tests.priors.test_lora import lora_file

PLANNED = ("steps", "guidance_scale", "optimizer", "learning_rate", "finish")


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(png_bytes(torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))))
    return path


@pytest.fixture
def edited(tiny_folder, photo, tmp_path):
    result = edit(photo, source="a red apple", target="a pear", model=str(tiny_folder("sd")), steps=2, seed=3)
    return result.save(tmp_path / "out" / "edit.png")[0]


def test_a_result_is_made_again_from_its_png_and_from_its_json(edited):
    for file in (edited, edited.with_suffix(".json")):
        found = replay(file)
        assert found.agree
        assert found.largest == 0
        assert found.changes == []


def test_several_generations_are_made_again(tiny_folder, tmp_path):
    result = generate("a pear", model=str(tiny_folder("sd")), steps=2, count=2, method="sds")
    places = result.save(tmp_path / "pear.png")
    assert [place.name for place in places] == ["pear-1.png", "pear-2.png"]
    assert replay(places[1]).agree
    assert replay(tmp_path / "pear.json").agree


def test_a_changed_picture_is_noticed(edited):
    record = read_record(edited)
    with Image.open(edited) as picture:
        text, picture = dict(picture.text), picture.convert("RGB")
    red, green, blue = picture.getpixel((1, 1))
    picture.putpixel((1, 1), (red ^ 4, green, blue))
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("potstill", text["potstill"])
    picture.save(edited, pnginfo=info)
    assert read_record(edited) == record
    found = replay(edited)
    assert not found.agree
    assert found.largest == 4


def test_an_input_that_changed_or_went_is_named(edited, photo):
    bytes_before = photo.read_bytes()
    photo.write_bytes(png_bytes(torch.rand(1, 3, 20, 30)))
    with pytest.raises(InputError, match="has changed: put the old one back"):
        replay(edited)
    photo.unlink()
    with pytest.raises(InputError, match="is gone"):
        replay(edited)
    (edited.parent / photo.name).write_bytes(bytes_before)  # beside the result
    assert replay(edited).agree


def test_the_record_says_all_that_matters(edited, tiny_folder):
    record = read_record(edited)
    assert record["settings"]["method"] == "ShrinkEdit()"
    assert record["model"]["name"] == str(tiny_folder("sd"))
    assert len(record["model"]["sha256"]) == 64
    assert {"torch", "diffusers", "potstill"} <= record["versions"].keys()
    document = json.loads(edited.with_suffix(".json").read_text())
    assert document["images"] == ["edit.png"]
    assert [step["step"] for step in document["trace"]] == [0, 1]


def test_differences_are_said_in_words():
    before = {"versions": {"torch": "2.12.0", "python": "3.11"}, "threads": 2}
    now = {"versions": {"torch": "2.13.0", "python": "3.11"}, "threads": 1}
    assert differences(before, now) == ["threads 2, now 1", "torch 2.12.0, now 2.13.0"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"no picture", "picture|settings"),
        (b"{", "is not valid JSON"),
        (b"[]", "holds no settings"),
        (b'{"command": "edit"}', "holds no settings"),
        (b'{"settings": 3, "command": "edit"}', "holds no settings"),
        (b'{"settings": {}, "command": "edit", "model": 3}', "holds no settings"),
        (b'{"settings": {}, "command": "rm", "model": {"name": "x", "dtype": "float32", "device": "cpu"}}', "x|rm"),
        (b"[" * 100_000, "is nested too deeply"),
        (png_bytes(torch.zeros(1, 3, 8, 8)), "holds no settings"),
        (png_bytes(torch.zeros(1, 3, 8, 8), {"potstill": "{"}), "is not valid JSON"),
    ],
)
def test_what_holds_no_settings_is_refused(tmp_path, content, message):
    file = tmp_path / "file.png"
    file.write_bytes(content)
    with pytest.raises(InputError, match=message):
        replay(file)


@needs("peft")
def test_a_result_of_a_lora_is_made_again_with_it(tiny_folder, photo, tmp_path):
    file, *_ = lora_file(tmp_path)
    options = {"dtype": torch.float32, "device": "cpu"}
    prior = load(tiny_folder("sd"), lora={str(file): 1 / 3}, **options)
    result = edit(photo, source="a red apple", target="a pear", model=prior, steps=2)
    place = result.save(tmp_path / "edit.png")[0]
    found = replay(place)
    assert (found.agree, found.changes) == (True, [])
    with pytest.raises(InputError, match=r"style.safetensors at scale 0.333333: --lora takes one, at scale 1"):
        Model.from_record(prior.identity)
    once = {**prior.identity, f"lora {file}": "scale 1"}
    assert Model.from_record(once) == Model(
        str(tiny_folder("sd")), lora=str(file), dtype="float32", device="cpu", backend="torch"
    )


def test_a_record_holds_what_was_stated_and_what_was_resolved(edited):
    record = read_record(edited)
    settings, resolved = record["settings"], record["resolved"]
    assert (settings["steps"], settings["optimizer"], settings["guidance_scale"]) == (2, None, None)
    assert resolved == dict(zip(PLANNED, (2, 1.5, "sgd", 0.7, "TwoScales()"), strict=True))
    assert Edit.from_record(record).resolve() == EditPlan(**resolved)


@pytest.mark.parametrize(
    "stated", [{}, {"steps": 5}, {"optimizer": "adam"}, {"optimizer": "sgd", "learning_rate": 0.02}]
)
@pytest.mark.parametrize("method", ["shrinkedit", "infedit", "dds", "sdedit"])
def test_an_earlier_record_is_read_as_it_was_stated(method, stated):
    if method == "sdedit" and "optimizer" in stated:
        stated = {"guidance_scale": 3.0}
    task = Edit.of({"source": "a", "target": "b", "method": method, **stated})
    earlier = {"settings": task.settings_as_run()}
    found = Edit.from_record(earlier)
    assert found.resolve() == task.resolve() == Edit.of(earlier["settings"]).resolve()
    assert all(value is None or name in stated for name, value in found.settings().items() if name in PLANNED)
    again = {"settings": task.settings(), "resolved": {}}
    assert Edit.from_record(again) == task


def test_a_result_is_made_again_after_the_defaults_have_changed(photo, tiny_folder, tmp_path, monkeypatch):
    prompts = {"source": "a red apple", "target": "a pear"}
    with monkeypatch.context() as earlier:
        earlier.setattr(ShrinkEdit, "default_optimizer", OptimizerSettings("sgd", 0.3, 3))
        earlier.setattr(Edit, "default_guidance_scale", 2.0)
        place = edit(photo, **prompts, model=str(tiny_folder("sd"))).save(tmp_path / "edit.png")[0]
    assert Edit.from_record(read_record(place)).resolve().steps == ShrinkEdit.default_optimizer.steps
    assert replay(place).agree
    record = read_record(place)
    del record["settings"]["finish"], record["resolved"]["finish"]  # of a version without them
    assert Edit.as_run(record).finishing == Untouched()


def test_inputs_are_named(photo, priors):
    for task, inputs, message in (
        (Edit(source="a", target="b"), {}, "potstill edit needs the input image"),
        (Edit(source="a", target="b"), {"image": photo, "masc": photo}, "potstill edit does not use the input masc"),
        (Generate(prompt="a"), {"image": photo}, "potstill generate does not use the input image"),
    ):
        with pytest.raises(InputError, match=message):
            task.start(inputs, priors("sd"))
