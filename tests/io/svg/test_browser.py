"""What is written looks in a browser as it does here: Debian's Chromium draws every file in one page."""

import os
import shutil
import subprocess

import numpy as np
import torch
from PIL import Image

from potstill.io.svg import random_paths, random_strokes, read_svg
from tests.io.svg.files import DRAWINGS, by_us
from tests.io.svg.test_writer import jittered
from tests.optional import require_program

SIDE = 128
ALIKE = [path for path in DRAWINGS if path.stem != "noto-nose-dark-skin-tone"]
"""Without the one whose clip path has a <use> of a <use>, which resvg draws and browsers do not."""


def chromium(page, picture, width, height):
    """A picture of a page; the window has some rows more, which the frame of a browser takes."""
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb")
    options += (f"--user-data-dir={page.parent / 'profile'}", f"--window-size={width},{height + 200}")
    command = [shutil.which("chromium"), *options, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120, env={**os.environ, "TZ": "UTC"})
    with Image.open(picture) as found:
        return torch.from_numpy(np.array(found.convert("RGB"))).permute(2, 0, 1).double() / 255


def test_written_files_look_in_chromium_as_here(tmp_path):
    require_program("chromium")
    files = [read_svg(path) for path in ALIKE]
    files += [start(12, torch.Generator().manual_seed(0)) for start in (random_paths, random_strokes)]
    texts = [file.text(jittered(file, ("points", "colours", "gradients", "stops", "widths"))) for file in files]
    boxes = []
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.svg").write_text(text)
        style = f"position:absolute;left:{number * SIDE}px;top:0;width:{SIDE}px;height:{SIDE}px;object-fit:contain"
        boxes.append(f'<img src="{number}.svg" style="{style}">')
    page = tmp_path / "page.html"
    page.write_text(f'<!DOCTYPE html><body style="margin:0;background:white">{"".join(boxes)}')
    shown = chromium(page, tmp_path / "page.png", SIDE * len(texts), SIDE)
    for number, text in enumerate(texts):
        ours = by_us(read_svg(text.encode()), SIDE, SIDE)
        theirs = shown[:, :SIDE, number * SIDE : (number + 1) * SIDE]
        assert (ours - theirs).abs().mean() < 4e-3, number
