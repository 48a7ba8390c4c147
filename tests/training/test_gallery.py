"""The gallery holds every method there is, and draws what its page shows."""

import re
from pathlib import Path
from typing import get_args

import pytest
import torch
from PIL import Image

from potstill.methods import Editing, Generating
from tests.tiny_emoji import tiny_emoji
from training import gallery

PAGE = Path(__file__).parents[2] / "docs" / "results" / "gallery.md"


def test_it_has_every_method_and_the_page_every_picture():
    classes = {type(method) for method in gallery.METHODS.values()}
    assert classes == {*get_args(Generating), *get_args(Editing)}
    shown = set(re.findall(r"pictures/gallery/([\w-]+)\.png", PAGE.read_text()))
    drawn = {*gallery.WORLDS, *(f"edit-{name}" for name in gallery.EDITS), "rings-guidance-1"}
    assert shown == drawn


@pytest.mark.filterwarnings("ignore::potstill.priors.prompts.PromptWarning")
def test_it_draws(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "WORLDS", ("blobs",))
    monkeypatch.setattr(gallery, "EDITS", {"heart": gallery.EDITS["heart"]})
    monkeypatch.setattr(gallery, "METHODS", {name: gallery.METHODS[name] for name in ("csd", "dds")})
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(gallery, "draw", lambda *where: image)
    monkeypatch.setattr(gallery, "load", tiny_emoji)
    gallery.main(gallery.Gallery(tmp_path, steps=1))
    for name in ("blobs", "edit-heart", "rings-guidance-1"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert len(picture.getcolors(10**6) or []) > 10
