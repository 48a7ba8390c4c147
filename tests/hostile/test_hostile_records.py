"""Settings in PNGs and JSON that were forged."""

import json
import zlib

import pytest
import torch

from potstill.errors import InputError
from potstill.io.images import png_bytes
from potstill.tasks.files.provenance import KEY
from tests.hostile.harness import as_json, record, refused
from tests.hostile.pngs import END, GREY, chunks, encoded, header, zeros

CODE = "__import__('os').system('touch pwned')"
DEEP = b"[" * 200_000
RECORDS = {  # what is forged in a record: changes of it, and what is said
    "a command that is none": ({"command": "rm"}, "potstill rm wrote cannot be replayed|settings of potstill rm"),
    "a command that is a number": ({"command": 5}, "holds no settings"),
    "settings that are a list": ({"settings": []}, "holds no settings"),
    "a model that is a text": ({"model": "emoji"}, "holds no settings"),
    "an image that is null": ({"image": None}, "holds no settings"),
    "steps that are a text": ({"settings": {"steps": "3"}}, "steps of Edit = '3' must be a whole number"),
    "steps that are a truth": ({"settings": {"steps": True}}, "steps of Edit = True must be"),
    "steps that are infinite": ({"settings": {"steps": float("inf")}}, "steps of Edit = inf must be"),
    "steps without end": ({"settings": {"steps": 10**12}}, "must be at most 1,000,000"),
    "a seed below 0": ({"settings": {"seed": -1}}, "seed = -1 must be"),
    "a million million results": ({"settings": {"count": 10**12}}, "must be at most 10,000"),
    "guidance that is NaN": ({"settings": {"guidance_scale": float("nan")}}, "guidance_scale of Edit = nan"),
    "a size of three": ({"settings": {"size": [8, 8, 8]}}, "size of Edit"),
    "a size of texts": ({"settings": {"size": ["8", "8"]}}, "size of Edit"),
    "a size beyond memory": ({"settings": {"size": [10**6, 10**6]}}, "at most 100 megapixels"),
    "a setting that does not exist": (
        {"settings": {"stpes": 3}},
        "unknown field 'stpes' of Edit: did you mean 'steps'",
    ),
    "a setting that is an expression": ({"settings": {"steps=1, count": 3}}, "unknown field 'steps=1, count' of Edit"),
    "a setting that is code": ({"settings": {CODE: 3}}, r"unknown field .__import__\('os'\)"),
    "a setting that is deep": ({"settings": {"size": json.loads("[" * 500 + "]" * 500)}}, "size of Edit|cannot read"),
    "a method that is code": ({"settings": {"method": CODE}}, "cannot read .* as a method"),
    "a method that does not exist": ({"settings": {"method": "Magic()"}}, "unknown method 'Magic'"),
    "a method of another kind": ({"settings": {"method": "Fresh()"}}, "unknown method 'Fresh'"),
    "a method that is a number": ({"settings": {"method": 5}}, "method of Edit = 5 must be"),
    "a method that is a list": ({"settings": {"method": ["pds"]}}, "method of Edit"),
    "a field that is code": ({"settings": {"method": f"PDS(noise={CODE})"}}, "cannot read|must be a noise"),
    "a prompt that is a number": ({"settings": {"source": 5}}, "source of Edit = 5 must be a quoted text"),
    "a prompt that is half a character": ({"settings": {"source": "\ud800"}}, "is not text"),
    "a prompt with a zero": ({"settings": {"target": "a\0"}}, "is not text"),
    "a prompt that is a book": ({"settings": {"target": "a" * 50_000}}, "write at most 5,000"),
    "a prompt that is a library": ({"settings": {"target": "a" * 900_000}}, "write at most 5,000"),
    "a path that is a number": ({"image": {"path": 5}}, "path = 5 of the image .* must be a text"),
    "a path that is a list": ({"mask": {"path": ["a"]}}, "path = .* of the mask .* must be a text"),
    "a path to a device": ({"image": {"path": "/dev/zero"}}, "it is a device or a pipe"),
    "a path to no picture": ({"image": {"path": "/etc/passwd"}}, "is not a picture"),
    "a path upwards": ({"image": {"path": "../../../../etc/passwd"}}, "is not a picture|is gone"),
    "a path of 5,000 letters": ({"image": {"path": "x" * 5000}}, "is gone|File name too long"),
    "a model that is a number": ({"model": {"name": 5}}, "name = 5 of the model .* must be a text"),
    "a model that is nowhere": ({"model": {"name": "/nowhere"}}, "there is no /nowhere"),
    "a model with a zero": ({"model": {"name": "a\0b"}}, "there is no model"),
    "a model of 5,000 letters": ({"model": {"name": "x" * 5000}}, "there is no"),
    "a model of nobody's home": ({"model": {"name": "~nobody-here/a"}}, "there is no home folder"),
    "a dtype that is a function": ({"model": {"dtype": "load"}}, "dtype = 'load'.* must be one of float32"),
    "a dtype that is a list": ({"model": {"dtype": []}}, "dtype = .* must be a text"),
    "a device that is a number": ({"model": {"device": 5}}, "device = 5 of the model"),
    "a device that is none": ({"model": {"device": "toaster"}}, "there is no device 'toaster'"),
    "a LoRA that is pickled": ({"model": {"lora style.bin": "scale 1"}}, "no LoRA file style.bin|could run any code"),
    "a LoRA that is a list": ({"model": {"lora a": ["a"]}}, "'lora a' of the model = .* must end in scale"),
    "a LoRA of no scale": ({"model": {"lora a": "scale nan"}}, "'lora a' of the model = .* must end in scale"),
}
COMPARED = {  # what only `replay` looks at
    "an image that changed": ({}, "has changed: put the old one back"),
    "no image": ({"image": {"path": None}}, "came from no file"),
    "images that are a number": ({"images": 5}, "does not name its 1 images"),
    "no images": ({"images": []}, "does not name its 1 images"),
    "images that are numbers": ({"images": [5]}, "does not name its 1 images"),
    "too many images": ({"images": ["photo.png"] * 2}, "does not name its 1 images"),
    "an image elsewhere": ({"images": ["../../../etc/passwd"]}, "'passwd' is gone"),
    "an image at the root": ({"images": ["/etc/passwd"]}, "'passwd' is gone"),
    "an image that is the folder above": ({"images": [".."]}, "is gone"),
    "an image of 5,000 letters": ({"images": ["x" * 5000]}, "is gone"),
    "an image that is another picture": ({"images": ["photo.png"]}, "is 30x20 pixels, and the replay 16x16"),
    "an index beyond": ({"index": 5}, "image 5 of 1: it was changed"),
    "an index that is a text": ({"index": "0"}, "image '0' of 1: it was changed"),
    "an index that is a truth": ({"index": True}, "image True of 1: it was changed"),
}
TEXTS = {
    "nothing": (b"", "is empty"),
    "a number": (b"5", "is not a picture|holds no settings"),
    "a list": (b"[]", "holds no settings"),
    "an object": (b"{}", "holds no settings"),
    "half of it": (as_json(record("emoji"))[:-9], "is not valid JSON"),
    "a name twice": (
        as_json(record("emoji")).replace(b'"steps": 2', b'"steps": 2, "steps": 3'),
        "names 'steps' twice: keep one of them",
    ),
    "a whole part twice": (b'{"settings": {}, "settings": {}}', "names 'settings' twice"),
    "too many digits": (
        as_json(record("emoji")).replace(b'"steps": 2', b'"steps": ' + b"9" * 6000),
        "has a number with far too many digits",
    ),
    "1e400": (as_json(record("emoji")).replace(b'"steps": 2', b'"steps": 1e400'), "steps of Edit = inf"),
    "deep lists": (DEEP, "is nested too deeply"),
    "deep objects": (b'{"a":' * 100_000, "is nested too deeply"),
    "50 MB": (as_json(record("emoji")) + b" " * 50_000_000, "is larger than 10 MB"),
    "UTF-16": ("{}".encode("utf-16"), "holds no settings|is not a picture"),
    "a byte that is no UTF-8": (b'{"command": "\xff"}', "is not UTF-8 .byte 13.: save it in UTF-8"),
    "YAML": (b"command: !!python/object/apply:os.system ['touch pwned']", "is not a picture"),
    "a pickle": (b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", "is not a picture"),
}
PIXEL = (b"IDAT", zlib.compress((b"\0" + bytes(24)) * 8))


def itxt(text: bytes, packed: bool = True, key: bytes = KEY.encode()) -> tuple[bytes, bytes]:
    return b"iTXt", key + b"\0" + bytes([packed, 0]) + b"\0\0" + text


FORGED = {
    "no settings": (chunks(header(8, 8), PIXEL, END), "holds no settings"),
    "settings that are no JSON": (
        png_bytes(torch.zeros(1, 3, 8, 8), {KEY: "{not json"}),
        "the record in .* is not valid JSON",
    ),
    "settings that are deep": (
        png_bytes(torch.zeros(1, 3, 8, 8), {KEY: "[" * 200_000}),
        "the record in .* is nested too deeply",
    ),
    "settings that are code": (png_bytes(torch.zeros(1, 3, 8, 8), {KEY: CODE}), "the record in .* is not valid JSON"),
    "a method that does not exist": (
        png_bytes(torch.zeros(1, 3, 8, 8), {KEY: json.dumps(record("emoji", settings={"method": "Magic()"}))}),
        "unknown method 'Magic'",
    ),
    "a method that is code": (
        png_bytes(torch.zeros(1, 3, 8, 8), {KEY: json.dumps(record("emoji", settings={"method": CODE}))}),
        "cannot read .* as a method",
    ),
    "a huge text": (
        chunks(header(8, 8), PIXEL, itxt(b"{" * 40_000_000, packed=False), END),
        "too large|at most 1,000,000|cannot decode",
    ),
    "a bomb of 1 GB": (chunks(header(8, 8), PIXEL, itxt(zeros(2**30)), END), "too large|cannot decode"),
    "a thousand bombs": (
        chunks(header(8, 8), PIXEL, *[itxt(zeros(2**20), key=b"%d" % n) for n in range(1000)], END),
        "too large|at most|cannot decode",
    ),
    "a profile that is a bomb": (
        chunks(header(8, 8), (b"iCCP", b"a\0\0" + zeros(2**30)), PIXEL, END),
        "holds no settings|too large|cannot decode",
    ),
    "text that is not packed": (chunks(header(8, 8), PIXEL, itxt(b"not zlib"), END), "holds no settings|cannot decode"),
    "text that is no UTF-8": (
        chunks(header(8, 8), PIXEL, itxt(b"\xff\xfe{}", packed=False), END),
        "holds no settings|cannot decode",
    ),
    "a chunk longer than the file": (
        chunks(header(8, 8), PIXEL)[:-12] + b"\x7f\xff\xff\xffiTXt" + KEY.encode(),
        "holds no settings|cannot decode",
    ),
}


@pytest.mark.parametrize("name", RECORDS)
def test_settings_that_were_forged_are_one_line(capsys, folder, model, loaded_once, name):
    changes, message = RECORDS[name]
    (folder / "record.json").write_bytes(as_json(record(model, **changes)))
    refused(capsys, folder, ["replay", "record.json"], message)
    if len(name) % 3 == 0:
        refused(capsys, folder, ["edit", "--config", "record.json"], message)


@pytest.mark.parametrize("name", COMPARED)
def test_a_record_that_was_forged_is_one_line(capsys, folder, model, loaded_once, name):
    changes, message = COMPARED[name]
    if name not in ("an image that changed", "no image"):
        from potstill.tasks.images.editing import Edit

        run = Edit(source="a", target="b", steps=2).start({"image": "photo.png"}, potstill_load(model))
        changes = {"image": run.record["image"], **changes}
    (folder / "record.json").write_bytes(as_json(record(model, **changes)))
    refused(capsys, folder, ["replay", "record.json"], message)


def potstill_load(model: str):
    """The tiny model, from memory."""
    import potstill.priors.spec

    return potstill.priors.spec.load(model)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_holds_no_settings_is_one_line(capsys, folder, name):
    data, message = TEXTS[name]
    (folder / "record.json").write_bytes(data)
    refused(capsys, folder, ["replay", "record.json"], message)
    command = ("edit", "generate", "invert")[len(name) % 3]
    refused(capsys, folder, [command, "--config", "record.json"], f"{message}|settings of potstill edit")


@pytest.mark.parametrize("name", FORGED)
def test_a_png_that_was_forged_is_one_line(capsys, folder, name):
    data, message = FORGED[name]
    (folder / "record.png").write_bytes(data)
    refused(capsys, folder, ["replay", "record.png"], message)


def test_names_in_a_record_lead_nowhere_else(folder, model, loaded_once):
    """A forged list of images compares and writes beside the record only, and nothing ran."""
    from potstill.tasks.runs.replaying import _written

    (folder / "secret.png").write_bytes(encoded(GREY))
    (folder / "deep").mkdir()
    forged = record(model, images=["../secret.png"])
    with pytest.raises(InputError, match=r"deep/secret.png' is gone"):
        _written(forged, folder / "deep" / "record.json")
    (folder / "deep" / "secret.png").write_bytes(encoded(GREY))
    assert _written(forged, folder / "deep" / "record.json") == [(folder / "deep" / "secret.png", 0)]
    assert not list(folder.rglob("pwned"))
