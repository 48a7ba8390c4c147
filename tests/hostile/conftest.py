"""A folder to spoil things in, with a picture, and a tiny model that is loaded once."""

import pytest
import torch

import potstill.cli.sample
import potstill.priors.spec
from potstill.io.images import png_bytes
from potstill.priors import loading
from potstill.priors.pipeline import Pipeline


@pytest.fixture(scope="session")
def model(tiny_folder):
    return str(tiny_folder("sd"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, alone with photo.png, 30 x 20 pixels."""
    monkeypatch.chdir(tmp_path)
    rng = torch.Generator().manual_seed(0)
    (tmp_path / "photo.png").write_bytes(png_bytes(torch.rand(1, 3, 20, 30, generator=rng)))
    return tmp_path


@pytest.fixture
def loaded_once(monkeypatch, model, priors):
    """The commands load the tiny model from memory, and keep its text encoders for the next case."""

    def load(name, **options):
        plain = str(name) == model and not any(options.get(each) for each in ("lora", "revision"))
        known = options.get("device") in (None, "cpu")
        return priors("sd") if plain and known else loading.load(name, **options)

    for module in (potstill.cli.sample, potstill.priors.spec):
        monkeypatch.setattr(module, "load", load)
    monkeypatch.setattr(Pipeline, "release_text_encoders", lambda self: None)
