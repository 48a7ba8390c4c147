"""One thread a process: the suite runs one process a core. And the tiny pipelines, each built once."""

from functools import cache

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)
settings.register_profile("shared machines", deadline=None)
settings.load_profile("shared machines")


def pytest_configure(config):
    """Let notes pass, and sizes that suit tests; in `pyproject.toml` this would import the package too early."""
    config.addinivalue_line("filterwarnings", "ignore::potstill.errors.Note")
    config.addinivalue_line("filterwarnings", "ignore:size = .* is far from")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """The folder of a tiny pipeline, by its name in `tiny.BUILDERS`."""
    from tests import tiny

    @cache
    def folder(name: str):
        path = tmp_path_factory.mktemp(name)
        tiny.build(name).save_pretrained(path, safe_serialization=True)
        return path

    return folder


@pytest.fixture(scope="session")
def priors(tiny_folder):
    """A tiny pipeline as a prior, by its name in `tiny.BUILDERS`, saved and loaded."""
    from potstill import load

    return cache(lambda name: load(tiny_folder(name), dtype=torch.float32, device="cpu"))
