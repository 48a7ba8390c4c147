"""One thread a process: the suite runs one process a core. And the tiny pipelines, each built once."""

import shutil
from functools import cache

import pytest
import torch
from hypothesis import settings

torch.set_num_threads(1)
# The suite draws the same examples every time; `pytest --hypothesis-profile explore` draws new ones.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("suite")


def pytest_configure(config):
    """Load plugins; let notes pass, and sizes that suit tests. `pyproject.toml` would import the package too early."""
    config.addinivalue_line("filterwarnings", "ignore::potstill.errors.Note")
    config.addinivalue_line("filterwarnings", "ignore:size = .* is far from")
    # beartype looks at a random item of a list, also while a strategy builds an example
    config.addinivalue_line("filterwarnings", "ignore:Do not use the `random` module inside strategies")
    for path in config.getoption("--plugin"):
        from potstill.tasks.settings.plugins import load_plugin

        load_plugin(path)


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, driven by Playwright, which starts only once in a process."""
    from tests import optional

    optional.require_program("chromium")
    optional.require("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        # as root there is no sandbox
        opened = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """The folder of a tiny pipeline, by its name in `tiny.BUILDERS`."""
    from potstill.priors.logs import quiet
    from tests import tiny

    @cache
    def folder(name: str):
        path = tmp_path_factory.mktemp(name)
        with quiet():  # its bars would be read as words of the command under test
            tiny.build(name).save_pretrained(path, safe_serialization=True)
        return path

    return folder


@pytest.fixture(scope="session")
def priors(tiny_folder):
    """A tiny pipeline as a prior, by its name in `tiny.BUILDERS`, saved and loaded."""
    from potstill import load

    return cache(lambda name: load(tiny_folder(name), dtype=torch.float32, device="cpu"))


def pytest_addoption(parser):
    parser.addoption("--plugin", action="append", default=[], help="a file with methods to run the general tests on")


@pytest.fixture(scope="module")
def small_orbits():
    """Orbits of three small views."""
    from potstill.tasks.scenes import run as scene_run
    from potstill.tasks.scenes import settings as scene_settings

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene_run, "FRAMES", 3)
        patch.setattr(scene_settings, "SHOWN", (32, 32))
        yield
