"""Every reader with every kind of file that is none: pictures, masks, worlds, settings."""

import io
import json
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile.harness import as_json, bounded, one_line, record, refused, words_of
from PIL import Image

from potstill.errors import InputError
from potstill.images import as_images, png_bytes, read_mask
from potstill.record import KEY, read_record
from potstill.worlds import load_world


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks."""
    packed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def header(width: int, height: int, bits: int = 8, colour: int = 2) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">II5B", width, height, bits, colour, 0, 0, 0)


def zeros(count: int) -> bytes:
    """So many zero bytes, packed."""
    packer = zlib.compressobj(9)
    block = bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(count // 2**20)) + packer.flush()


GREY = Image.new("RGB", (16, 16), "grey")
NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
END = (b"IEND", b"")
BYTES = {
    "no byte": (b"", "is empty"),
    "zeros": (bytes(5000), "is not a picture"),
    "text": (b"hello\n" * 100, "is not a picture"),
    "half of a PNG": (encoded(Image.fromarray(NOISE))[:1000], "cannot decode"),
    "a PNG of its header": (encoded(GREY)[:33], "cannot decode|is not a picture"),
    "half of a JPEG": (encoded(Image.fromarray(NOISE), "JPEG")[:500], "cannot decode"),
    "one pixel": (encoded(GREY.resize((1, 1))), "is 1 x 1 pixels"),
    "20,000 x 20,000": (
        chunks(header(20_000, 20_000), (b"IDAT", zlib.compress(bytes(99))), END),
        "at most 100 megapixels",
    ),
    "a bomb that says it is small": (
        chunks(header(16, 16), (b"IDAT", b""), (b"zTXt", b"a\0\0" + zeros(300 * 2**20)), END),
        "too large|cannot decode",
    ),
    "a bomb within the limit": (
        chunks(header(12_000, 12_000, 1, 0), (b"IDAT", zeros(2**20)), END),
        "at most 100 megapixels",
    ),
    "an animation": (
        encoded(
            GREY, "GIF", save_all=True, append_images=[GREY.rotate(9), GREY.resize((16, 16)).point(lambda v: v // 2)]
        ),
        "frames: choose one",
    ),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
    "SVG that says it is XML": (b'<?xml version="1.0"?>' + b" " * 3000 + b"<svg/>", "is an SVG drawing"),
    "PDF": (b"%PDF-1.7\n" + bytes(500), "is not a picture"),
    "PostScript that runs": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n(/tmp/pwned) (w) file\n",
        "is not a picture",
    ),
    "a pickle": (b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", "is not a picture"),
    "HTML": (b"<!doctype html><title>404</title>", "is not a picture"),
    "an archive": (b"PK\x03\x04" + bytes(200), "is not a picture"),
    "16 bits of NaN": (b"Pf\n8 8\n-1.0\n" + struct.pack("<f", float("nan")) * 64, "values from nan"),
    "infinite floats": (b"Pf\n8 8\n-1.0\n" + struct.pack("<f", float("inf")) * 64, "values from inf"),
    "32 bits beyond 16": (encoded(Image.new("I", (8, 8), 70_000), "TIFF"), "levels from 70000"),
}
SOUND = {
    "a PNG called JPEG": ("photo.jpg", encoded(GREY)),
    "a JPEG called PNG": ("jpeg.png", encoded(GREY, "JPEG")),
    "no suffix": ("photo", encoded(GREY)),
    "16 bits": ("deep.png", encoded(Image.new("I;16", (16, 16), 32896))),
    "CMYK": ("ink.jpg", encoded(GREY.convert("CMYK"), "JPEG")),
    "a palette with a transparent colour": ("p.png", encoded(GREY.convert("P"), transparency=0)),
    "EXIF that is NaN": (
        "exif.jpg",
        encoded(GREY, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x1a\0\5\0\0\0\1\0\0\0\x1a\0\0\0\0\0\0\0\0\0\0\0\0"),
    ),
    "EXIF that ends early": ("short.jpg", encoded(GREY, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")),
    "a name with spaces": ("a b  c .png", encoded(GREY)),
    "a name that is not ASCII": ("größe 猫 🖼.png", encoded(GREY)),
    "a name that starts with -": ("-rf.png", encoded(GREY)),
    "a name of a line break": ("a\nb.png", encoded(GREY)),
    "a name that is no UTF-8": ("\udcff.png", encoded(GREY)),
}
NO_FILES = {
    "nothing": (lambda path: None, "there is no such file"),
    "a folder": (Path.mkdir, "it is a folder"),
    "a link to nothing": (lambda path: path.symlink_to("gone.png"), "there is no such file"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "cannot read"),
    "a pipe": (os.mkfifo, "it is a device or a pipe"),
    "a device that never ends": (lambda path: path.symlink_to("/dev/zero"), "it is a device or a pipe"),
    "a device that is random": (lambda path: path.symlink_to("/dev/urandom"), "it is a device or a pipe"),
    "standard input": (
        lambda path: path.symlink_to("/dev/stdin"),
        "it is a device or a pipe|is (empty|not a picture)|holds no settings|cannot read",
    ),
}
NO_PATHS = {
    "no name": ("", "cannot read"),
    "a zero": ("a\0.png", "no file can have this name"),
    "half a character": ("\ud800.png", "no file can have this name"),
    "5,000 letters": ("x" * 5000 + ".png", "File name too long"),
    "4,000 folders": ("../" * 4000 + "a.png", "File name too long|there is no such file"),
    "below a file": ("photo.png/a.png", "Not a directory"),
    "a home of nobody": ("~nobody-here/a.png", "there is no such file"),
    "an address": ("https://example.com/a.png", "there is no such file"),
}


@pytest.mark.parametrize("name", BYTES)
def test_a_picture_that_is_none_is_one_line(capsys, folder, model, loaded_once, name):
    data, message = BYTES[name]
    (folder / "photo.png").write_bytes(data)
    commands = ["edit", "invert", "compare"] if name == "no byte" else ["invert"]
    for command in commands:
        refused(capsys, folder, words_of(command, model), message)
    for read in (as_images, lambda path: read_mask(path, (20, 30))):
        with bounded(), pytest.raises(InputError, match=message) as caught:
            read(folder / "photo.png")
        one_line(str(caught.value), "photo.png")


@pytest.mark.parametrize("name", SOUND)
def test_a_picture_that_looks_odd_is_read(folder, name):
    path, data = SOUND[name]
    Path(path).write_bytes(data)
    assert as_images(path).shape == (1, 3, 16, 16)
    assert as_images(f"../{folder.name}/{path}").shape == (1, 3, 16, 16)


@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_file_is_one_line(capsys, folder, model, loaded_once, name):
    make, message = NO_FILES[name]
    for at in ("odd.png", "odd.csv", "odd.npz"):
        make(folder / at)
    for words in (["replay", "odd.png"], ["world", "odd.csv"], ["theorem", "odd.npz"]):
        refused(capsys, folder, words, message)
    for read in (as_images, read_record, lambda path: read_mask(path, (20, 30))):
        with bounded(), pytest.raises(InputError, match=message):
            read("odd.png")


@pytest.mark.parametrize("name", NO_PATHS)
def test_what_is_no_path_is_one_line(capsys, folder, model, loaded_once, name):
    path, message = NO_PATHS[name]
    refused(capsys, folder, ["replay", path], message)
    for read in (as_images, lambda path: read_mask(path, (20, 30))):
        with pytest.raises(InputError, match=f"{message}|cannot read"):
            read(path)
    if path:
        refused(capsys, folder, ["world", f"{path[:-4]}.csv"], message)
        refused(capsys, folder, [*words_of("edit", model), "--mask", path], message)


def test_a_name_that_starts_with_a_dash_is_told_how_to_be_written(capsys, folder, model, loaded_once):
    (folder / "-rf.png").write_bytes(encoded(GREY))
    words = words_of("edit", model)
    refused(capsys, folder, [words[0], "-rf.png", *words[2:]], "written ./-name")


MASKS = {
    "another size": (encoded(GREY), "is 16 x 16 pixels and its picture 30 x 20"),
    "empty": (b"", "is empty"),
    "black": (encoded(Image.new("L", (30, 20))), "black all over"),
    "transparent": (encoded(Image.new("RGBA", (30, 20), (255, 255, 255, 0))), "black all over"),
    "opaque black": (encoded(Image.new("RGBA", (30, 20), (0, 0, 0, 255))), "black all over"),
    "an animation": (
        encoded(Image.new("L", (30, 20), 9), "GIF", save_all=True, append_images=[Image.new("L", (30, 20))]),
        "2 frames: choose one|save it as a still",
    ),
    "white where it is cut": (
        encoded(Image.fromarray(np.pad(np.full((20, 2), 255, np.uint8), ((0, 0), (0, 28))))),
        "cut off",
    ),
    "NaN": (b"Pf\n30 20\n-1.0\n" + struct.pack("<f", float("nan")) * 600, "values from nan"),
    "half": (encoded(Image.fromarray(NOISE))[:900], "cannot decode"),
}


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_that_is_none_is_one_line(capsys, folder, model, loaded_once, name):
    data, message = MASKS[name]
    (folder / "mask.png").write_bytes(data)
    refused(capsys, folder, [*words_of("edit", model), "--mask", "mask.png"], message)
    if name in ("empty", "black"):
        refused(capsys, folder, [*words_of("compare", model), "--mask", "mask.png"], message)


def table(*rows: str) -> bytes:
    return "\n".join(["x,y,label", *rows]).encode()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npy_header(shape: str, descr: str = "'<f8'") -> bytes:
    """What an array says of itself, without the array."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return buffer.getvalue()


POINTS, LABELS = np.eye(4, 2), np.array([0, 0, 1, 1])
WORLDS = {
    "empty.csv": (b"", r"has the columns \[\]"),
    "head.csv": (table(), "holds 0 points"),
    "one-row.csv": (table("0,0,1"), "holds 1 points"),
    "one-class.csv": (table("0,0,1", "1,1,1"), "has 1 classes"),
    "three-classes.csv": (table("0,0,1", "1,1,2", "2,2,3"), "has 3 classes"),
    "short-row.csv": (table("0,0,1", "1,1"), "line 3 of"),
    "long-row.csv": (table("0,0,1", "1,1,2,3,4"), "line 3 of"),
    "nan.csv": (table("0,0,1", "nan,1,2"), "must be finite"),
    "inf.csv": (table("0,0,1", "1,-inf,2"), "must be finite"),
    "1e400.csv": (table("0,0,1", "1,1e400,2"), "must be finite"),
    "1e300.csv": (table("0,0,1", "1,1e300,2"), "at most 1e.100"),
    "words.csv": (table("0,0,1", "one,1,2"), "x and y must be numbers"),
    "hex.csv": (table("0,0,1", "0x1p3,1,2"), "x and y must be numbers"),
    "no-label.csv": (table("0,0,1", "1,1,"), "label not empty"),
    "labels-nan.csv": (table("0,0,nan", "1,1,nan"), "has 1 classes"),
    "columns.csv": (b"a,b,c\n1,2,3\n", "they must be x, y, label"),
    "twice.csv": (b"x,x,label\n1,2,3\n", "they must be x, y, label"),
    "utf-16.csv": (table("0,0,1").decode().encode("utf-16"), "cannot read"),
    "zeros.csv": (bytes(500), "cannot read|columns"),
    "zero.csv": (table("0,0,1", "1,1,a\0b", "1,2,c"), "cannot read|classes"),
    "coincide.csv": (table("1,1,1", "1,1,2"), "coincide"),
    "many.csv": (table(*(f"{n},0,{n % 2}" for n in range(10_001))), "holds 10001 points: give 2 to 10,000"),
    "huge.csv": (b"x,y,label\n" + b"1,2,3\n" * 2_000_000, "12,000,010 bytes: give at most"),
    "wide.csv": (table("0,0," + "x" * 200_000), "cannot read"),
    "many-columns.csv": (b"," * 100_000, "they must be x, y, label"),
    "none.npz": (b"", "cannot read"),
    "text.npz": (b"hello", "cannot read"),
    "array.npz": (npy_header("(4, 2)") + bytes(64), "cannot read"),
    "pickle.npz": (b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", "cannot read"),
    "objects.npz": (npz(points=POINTS, labels=np.array([{}, 1, 2, 3], dtype=object)), "must be plain arrays"),
    "object-points.npz": (npz(points=POINTS.astype(object), labels=LABELS), "must be plain arrays"),
    "ragged.npz": (npz(points=POINTS, labels=LABELS[:3]), "shape .* and 3 labels"),
    "flat.npz": (npz(points=POINTS.ravel(), labels=LABELS), "give points"),
    "nan.npz": (npz(points=POINTS * np.nan, labels=LABELS), "must be finite"),
    "complex.npz": (npz(points=POINTS * 1j, labels=LABELS), "points of complex128"),
    "complex-labels.npz": (npz(points=POINTS, labels=LABELS * 1j), "labels of complex128"),
    "dates.npz": (npz(points=POINTS.astype("M8[s]"), labels=LABELS), "give real numbers"),
    "texts.npz": (npz(points=POINTS.astype(str), labels=LABELS), "give real numbers"),
    "structure.npz": (npz(points=POINTS, labels=np.zeros(4, [("a", int), ("b", int)])), "give real numbers"),
    "none-points.npz": (npz(labels=LABELS), "they must be points and labels"),
    "more.npz": (npz(points=POINTS, labels=LABELS, more=LABELS), "they must be points and labels"),
    "many.npz": (npz(points=np.zeros((20_000, 2)), labels=np.zeros(20_000)), "holds 20000 points"),
    "bomb.npz": (npz(points=np.zeros((10**7, 2)), labels=LABELS), "unpacks to 160,000,2.. bytes: give at most"),
    "says-huge.npz": (archive(points=npy_header("(10000000000, 2)"), labels=b""), "cannot read"),
    "says-negative.npz": (archive(points=npy_header("(-4, 2)"), labels=b""), "cannot read"),
    "says-code.npz": (
        archive(points=npy_header("(4, 2)", "__import__('os').system('touch pwned')"), labels=b""),
        "cannot read",
    ),
    "says-object.npz": (archive(points=npy_header("(4, 2)", "'|O'") + b"\x80\x04.", labels=b""), "cannot read"),
    "damaged.npz": (npz(points=POINTS, labels=LABELS)[:-30], "cannot read"),
    "changed.npz": (npz(points=POINTS, labels=LABELS).replace(b"points", b"../../", 1), "cannot read|must be points"),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_that_is_none_is_one_line(capsys, folder, name):
    data, message = WORLDS[name]
    (folder / name).write_bytes(data)
    refused(capsys, folder, [("world", "theorem")[len(name) % 2], name], message)
    with bounded(), pytest.raises(InputError, match=message) as caught:
        load_world(name)
    one_line(str(caught.value), name)


CODE = "__import__('os').system('touch pwned')"
DEEP = b"[" * 200_000
RECORDS = {  # what is forged in a record: changes of it, and what is said
    "a command that is none": ({"command": "rm"}, "potstill rm wrote cannot be made again|settings of potstill rm"),
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
    "a setting that is an expression": ({"settings": {"steps=1, count": 3}}, "given twice"),
    "a setting that is code": ({"settings": {CODE: 3}}, "cannot read"),
    "a setting that is deep": ({"settings": {"size": json.loads("[" * 500 + "]" * 500)}}, "size of Edit|cannot read"),
    "a method that is code": ({"settings": {"method": CODE}}, "cannot read .* as a method"),
    "a method that does not exist": ({"settings": {"method": "Magic()"}}, "unknown method 'Magic'"),
    "a method of another kind": ({"settings": {"method": "Fresh()"}}, "unknown method 'Fresh'"),
    "a method that is a number": ({"settings": {"method": 5}}, "method of Edit = 5 must be"),
    "a method that is a list": ({"settings": {"method": ["pds"]}}, "method of Edit"),
    "a field that is code": ({"settings": {"method": f"PDS(noise={CODE})"}}, "cannot read|must be a noise"),
    "a prompt that is a number": ({"settings": {"source": 5}}, "source of Edit = 5 must be a quoted text"),
    "a prompt that is half a character": ({"settings": {"source": "\ud800"}}, "is no text"),
    "a prompt with a zero": ({"settings": {"target": "a\0"}}, "is no text"),
    "a prompt that is a book": ({"settings": {"target": "a" * 50_000}}, "write at most 5,000"),
    "a prompt that is a library": ({"settings": {"target": "a" * 900_000}}, "write at most 100,000"),
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
    "an image that changed": ({}, "is not what it was"),
    "no image": ({"image": {"path": None}}, "came from no file"),
    "images that are a number": ({"images": 5}, "does not name its 1 images"),
    "no images": ({"images": []}, "does not name its 1 images"),
    "images that are numbers": ({"images": [5]}, "does not name its 1 images"),
    "too many images": ({"images": ["photo.png"] * 2}, "does not name its 1 images"),
    "an image elsewhere": ({"images": ["../../../etc/passwd"]}, "'passwd' is gone"),
    "an image at the root": ({"images": ["/etc/passwd"]}, "'passwd' is gone"),
    "an image that is the folder above": ({"images": [".."]}, "is gone"),
    "an image of 5,000 letters": ({"images": ["x" * 5000]}, "is gone"),
    "an image that is another picture": ({"images": ["photo.png"]}, "is 30 x 20 pixels, and made again 16 x 16"),
    "an index beyond": ({"index": 5}, "image 5 of 1: it was changed"),
    "an index that is a text": ({"index": "0"}, "image '0' of 1: it was changed"),
    "an index that is a truth": ({"index": True}, "image True of 1: it was changed"),
}
TEXTS = {
    "nothing": (b"", "is empty"),
    "a number": (b"5", "is not a picture|holds no settings"),
    "a list": (b"[]", "holds no settings"),
    "an object": (b"{}", "holds no settings"),
    "half of it": (as_json(record("emoji"))[:-9], "holds no settings"),
    "a name twice": (as_json(record("emoji")).replace(b'"steps": 2', b'"steps": 2, "steps": 3'), "name 'steps' twice"),
    "a whole part twice": (b'{"settings": {}, "settings": {}}', "name 'settings' twice"),
    "too many digits": (
        as_json(record("emoji")).replace(b'"steps": 2', b'"steps": ' + b"9" * 6000),
        "holds no settings",
    ),
    "1e400": (as_json(record("emoji")).replace(b'"steps": 2', b'"steps": 1e400'), "steps of Edit = inf"),
    "deep lists": (DEEP, "holds no settings"),
    "deep objects": (b'{"a":' * 100_000, "holds no settings"),
    "50 MB": (as_json(record("emoji")) + b" " * 50_000_000, "is larger than 10 MB"),
    "UTF-16": ("{}".encode("utf-16"), "holds no settings|is not a picture"),
    "a byte that is no UTF-8": (b'{"command": "\xff"}', "holds no settings"),
    "YAML": (b"command: !!python/object/apply:os.system ['touch pwned']", "is not a picture"),
    "a pickle": (b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", "is not a picture"),
}
PIXEL = (b"IDAT", zlib.compress((b"\0" + bytes(24)) * 8))


def itxt(text: bytes, packed: bool = True, key: bytes = KEY.encode()) -> tuple[bytes, bytes]:
    return b"iTXt", key + b"\0" + bytes([packed, 0]) + b"\0\0" + text


FORGED = {
    "no settings": (chunks(header(8, 8), PIXEL, END), "holds no settings"),
    "settings that are no JSON": (png_bytes(torch.zeros(1, 3, 8, 8), {KEY: "{not json"}), "holds no settings"),
    "settings that are deep": (png_bytes(torch.zeros(1, 3, 8, 8), {KEY: "[" * 200_000}), "holds no settings"),
    "settings that are code": (png_bytes(torch.zeros(1, 3, 8, 8), {KEY: CODE}), "holds no settings"),
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
        from potstill.edit import Edit

        run = Edit(source="a", target="b", steps=2).start("photo.png", potstill_load(model))
        changes = {"image": run.record["image"], **changes}
    (folder / "record.json").write_bytes(as_json(record(model, **changes)))
    refused(capsys, folder, ["replay", "record.json"], message)


def potstill_load(model: str):
    """The tiny model, from memory."""
    import potstill.replay

    return potstill.replay.load(model)


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
    from potstill.replay import _written

    (folder / "secret.png").write_bytes(encoded(GREY))
    (folder / "deep").mkdir()
    forged = record(model, images=["../secret.png"])
    with pytest.raises(InputError, match=r"deep/secret.png' is gone"):
        _written(forged, folder / "deep" / "record.json")
    (folder / "deep" / "secret.png").write_bytes(encoded(GREY))
    assert _written(forged, folder / "deep" / "record.json") == [(folder / "deep" / "secret.png", 0)]
    assert not list(folder.rglob("pwned"))
