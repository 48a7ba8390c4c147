"""Pictures for the tests of reading them."""

import struct
import zlib

import numpy as np
from PIL import Image

from potstill.io.images import to_pil

RNG = np.random.default_rng(0)
NOISE = RNG.integers(0, 256, (24, 32, 3), dtype=np.uint8)
RAMP = np.tile(np.arange(256, dtype=np.uint8), (8, 1))


def save(path, picture, **options):
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def levels(images):
    return np.asarray(to_pil(images)[0])


def png(h, w, *chunks, bits=8, kind=2):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*each) for each in chunks) + chunk(b"IEND", b"")
