"""What commands run on."""

import pytest
import torch

from potstill.io.images import png_bytes


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A picture and a mask in the folder that commands run in."""
    noise = torch.rand(1, 3, 20, 30, generator=torch.Generator().manual_seed(0))
    (tmp_path / "photo.png").write_bytes(png_bytes(noise))
    (tmp_path / "mask.png").write_bytes(png_bytes((noise[:, :1] > 0.5).float().expand(-1, 3, -1, -1)))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photo.png"
