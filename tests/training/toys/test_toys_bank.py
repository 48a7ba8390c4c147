import json

import numpy as np

from potstill.worlds.toys.bank import FOLDER, _document, _planes
from tests.optional import needs

pytestmark = needs("embreex")


def test_the_command_makes_the_bank_again():
    """Some pictures of some kinds, from scratch. Rays that graze an edge may fall on either side of it elsewhere."""
    from training.toys.bank import ENTRIES, cameras, document, planes

    assert list(_document()["kinds"]) == list(ENTRIES)
    some = [0, 29, 55]
    for kind, variant in (("teapot", 0), ("snowman", 1), ("car", 3)):
        names, made = planes(kind, variant, cameras()[some])
        assert names == _document()["kinds"][kind]["planes"]
        kept = _planes(kind)[variant, some].numpy()
        gap = np.abs(made.astype(int) - kept.astype(int))
        assert np.mean(gap > 1) < 1e-3
    slots = {kind: entry["planes"] for kind, entry in _document()["kinds"].items()}
    assert json.loads(document(slots)) == json.loads((FOLDER / "toys.json").read_text())


def test_a_file_holds_the_planes():
    from io import BytesIO

    from PIL import Image

    from training.toys.bank import PER_ROW, encode

    stack = np.random.default_rng(0).integers(0, 255, (PER_ROW, 6, 8, 8), dtype=np.uint8)
    with Image.open(BytesIO(encode(stack))) as opened:
        pixels = np.asarray(opened)
    assert pixels.shape == (3 * 8, PER_ROW * 8, 3)
    assert np.array_equal(pixels[:8, :8, 0], stack[0, 0])
    assert np.array_equal(pixels[16:, 8:16, 1], stack[1, 5])
