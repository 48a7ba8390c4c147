"""What commands run on."""

from pathlib import Path

import pytest
import torch

from potstill.cli import main
from potstill.io.images import png_bytes


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A picture and a mask in the folder that commands run in."""
    noise = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    (tmp_path / "photo.png").write_bytes(png_bytes(noise))
    (tmp_path / "mask.png").write_bytes(png_bytes((noise[:, :1] > 0.5).float().expand(-1, 3, -1, -1)))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photo.png"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A teapot of 30 Gaussians after four steps."""
    folder = tmp_path_factory.mktemp("made")
    words = ("generate", "red teapot", "--scene", "gaussians", "--gaussians", "30")
    with pytest.raises(SystemExit) as end:
        main([*words, "--size", "16", "--steps", "4", "--views", "2", "--out", str(folder / "teapot.ply")])
    assert end.value.code == 0
    return folder / "teapot.ply"


@pytest.fixture
def teapot(made, tmp_path, monkeypatch):
    """That teapot, as a copy in the working directory."""
    (tmp_path / "teapot.ply").write_bytes(made.read_bytes())
    monkeypatch.chdir(tmp_path)
    return Path("teapot.ply")
