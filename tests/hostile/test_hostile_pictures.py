"""Pictures and masks that are none."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from potstill.errors import InputError
from potstill.io.images import as_images, read_mask
from potstill.tasks.files.provenance import read_record
from tests.hostile.harness import bounded, one_line, refused, words_of
from tests.hostile.pngs import END, GREY, chunks, encoded, header, zeros

NOISE = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
BYTES = {
    "no byte": (b"", "is empty"),
    "zeros": (bytes(5000), "is not a picture"),
    "text": (b"hello\n" * 100, "is not a picture"),
    "half of a PNG": (encoded(Image.fromarray(NOISE))[:1000], "cannot decode"),
    "a PNG of its header": (encoded(GREY)[:33], "cannot decode|is not a picture"),
    "half of a JPEG": (encoded(Image.fromarray(NOISE), "JPEG")[:500], "cannot decode"),
    "one pixel": (encoded(GREY.resize((1, 1))), "is 1x1 pixels"),
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
    "no name": ("", "must be a path|is empty: give a path"),
    "a zero": ("a\0.png", "not a valid file name"),
    "half a character": ("\ud800.png", "not a valid file name"),
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
    "another size": (encoded(GREY), "is 16x16 pixels and its picture 30x20"),
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
