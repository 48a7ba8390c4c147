"""Colours become sRGB, and a note says where they cannot."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from potstill.errors import Note
from potstill.io.images import levels, read_image, read_mask

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
NOISE = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)


def fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def matrix_profile(primaries, gamma: float) -> bytes:
    """An ICC profile of three primaries at D65 and a gamma."""
    white, pcs = np.array([0.9505, 1, 1.089]), np.array([0.9642, 1, 0.8249])
    matrix = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    matrix = matrix * np.linalg.solve(matrix, white)
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    matrix = np.linalg.inv(cone) @ np.diag((cone @ pcs) / (cone @ white)) @ cone @ matrix
    tags = {"desc": b"desc\0\0\0\0\0\0\0\2x\0" + bytes(78), "cprt": b"text\0\0\0\0x\0", "wtpt": b"XYZ \0\0\0\0"}
    tags["wtpt"] += b"".join(map(fixed, pcs))
    tags |= {
        f"{c}XYZ": b"XYZ \0\0\0\0" + b"".join(map(fixed, column)) for c, column in zip("rgb", matrix.T, strict=True)
    }
    tags |= {f"{c}TRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) for c in "rgb"}
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        padded = data + bytes(-len(data) % 4)
        table += name.encode() + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += padded
    head = struct.pack(">I4sI4s4s4s", 128 + len(table + body), b"lcms", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    return head + bytes(12) + b"acsp" + bytes(28) + b"".join(map(fixed, pcs)) + bytes(48) + table + body


ADOBE = matrix_profile([(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], 563 / 256)
GREEN = np.tile(np.array([102, 159, 70], np.uint8), (16, 16, 1))


def read(path):
    """The pixel at the top left, and the notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Note)
        found = levels(read_image(path))
    return found[0, :, 0, 0].tolist(), [str(each.message) for each in caught]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "palette.png", "a.jpg"])
def test_a_wide_gamut_is_converted(tmp_path, name):
    image = Image.fromarray(GREEN)
    image = image.quantize(4) if name.startswith("palette") else image
    options = {"quality": 100, "subsampling": 0} if name == "a.jpg" else {"lossless": True} if name == "a.webp" else {}
    image.save(tmp_path / name, icc_profile=ADOBE, **options)
    colour, notes = read(tmp_path / name)
    assert np.abs(np.subtract(colour, (60, 160, 60))).max() <= (4 if name == "a.jpg" else 1)
    assert not notes


def test_transparency_stays(tmp_path):
    image = Image.fromarray(GREEN).convert("RGBA")
    image.putalpha(128)
    image.save(tmp_path / "a.png", icc_profile=ADOBE)
    expected = [round(colour * 128 / 255 + 255 * 127 / 255) for colour in (60, 160, 60)]
    assert np.abs(np.subtract(read(tmp_path / "a.png")[0], expected)).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_the_profile_of_srgb_changes_no_bit(tmp_path, mode):
    image = Image.fromarray(NOISE).convert(mode)
    image.save(tmp_path / "bare.png")
    image.save(tmp_path / "told.png", icc_profile=SRGB)
    bare, told = (levels(read_image(tmp_path / name)) for name in ("bare.png", "told.png"))
    assert bare.equal(told)


def encoded(form: str, mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(NOISE).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def with_chunk(kind: bytes, content: bytes, **options) -> bytes:
    """A PNG with a chunk after its header."""
    data, chunk = encoded("PNG", **options), kind + content
    return data[:33] + struct.pack(">I", len(content)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


def deep_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.tobytes() for row in (NOISE.astype(">u2") * 257).astype(">u2"))
    head = struct.pack(">IIBBBBB", 24, 24, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def marked() -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.IFD.Interop] = {1: "R03"}
    return exif


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(encoded("PNG", icc_profile=b"x" * 300), "its colour profile cannot be applied", id="broken"),
        pytest.param(encoded("PNG", icc_profile=ADOBE[:200]), "its colour profile cannot be applied", id="cut off"),
        pytest.param(encoded("JPEG", "CMYK", icc_profile=ADOBE), "it is for RGB, and the picture is CMYK", id="alien"),
        pytest.param(encoded("TIFF", "CMYK"), "has CMYK inks and no colour profile", id="CMYK"),
        pytest.param(with_chunk(b"gAMA", struct.pack(">I", 100_000)), "has gamma 1, which is not applied", id="gamma"),
        pytest.param(
            with_chunk(b"cICP", bytes([12, 13, 0, 1])), "cICP 12/13/0/1 (primaries Display P3, transfer that", id="P3"
        ),
        pytest.param(with_chunk(b"cICP", bytes([9, 16, 0, 1])), "(primaries BT.2020, transfer PQ)", id="PQ"),
        pytest.param(
            with_chunk(b"cICP", bytes([9, 16, 0, 1]), icc_profile=SRGB),
            "which are not converted",
            id="profile",
        ),
        pytest.param(deep_png(), "has 16 bits a channel, of which the high 8 are read", id="16 bits"),
        pytest.param(encoded("JPEG", exif=marked()), "is marked as Adobe RGB", id="Adobe RGB"),
    ],
)
def test_what_cannot_be_applied_is_said_in_one_line(tmp_path, data, said):
    (tmp_path / "a").write_bytes(data)
    _, notes = read(tmp_path / "a")
    assert len(notes) == 1
    assert said in notes[0]


ORDINARY = [encoded("PNG"), encoded("JPEG"), encoded("PNG", "L"), encoded("PNG", "LA")]


@pytest.mark.parametrize("data", [*ORDINARY, with_chunk(b"cICP", bytes([1, 13, 0, 1]))])
def test_nothing_is_said_of_ordinary_pictures(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert not read(tmp_path / "a")[1]


def test_colours_of_lab_are_converted(tmp_path):
    lab = ImageCms.profileToProfile(
        Image.fromarray(GREEN), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    lab.info.clear()
    lab.save(tmp_path / "a.tif")
    assert np.abs(np.subtract(read(tmp_path / "a.tif")[0], (102, 159, 70))).max() <= 3


def test_a_mask_is_read_as_it_is_stored(tmp_path):
    grey = np.tile(np.linspace(0, 255, 24).astype(np.uint8), (24, 1))
    Image.fromarray(np.stack([grey] * 3, -1)).save(tmp_path / "mask.png", icc_profile=ADOBE)
    found = levels(read_mask(tmp_path / "mask.png", (24, 24)).expand(-1, 3, -1, -1))
    assert (found[0, 0].numpy() == grey).all()
