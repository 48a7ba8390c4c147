"""Packages that a test needs and that need not be installed.

Without one its tests are skipped. Where POTSTILL_REQUIRE_ALL is set, as in `.ci/run`, they fail instead.
"""

import os
import shutil
from importlib.util import find_spec

import pytest
import torch

on_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
"""The mark of a test that needs one."""
REQUIRED = bool(os.environ.get("POTSTILL_REQUIRE_ALL"))


def needs(package: str) -> pytest.MarkDecorator:
    """The mark of a test that needs a package."""
    return pytest.mark.skipif(not REQUIRED and find_spec(package) is None, reason=_reason(package))


def require(package: str) -> None:
    """Skip the rest of a test, or fail it, unless the package is installed."""
    if find_spec(package) is None:
        (pytest.fail if REQUIRED else pytest.skip)(_reason(package))


def _reason(package: str) -> str:
    return f"{package} is not installed: pip install potstill[dev,cluster]"


def require_program(name: str) -> None:
    """Skip the rest of a test, or fail it, unless the program is installed."""
    if shutil.which(name) is None:
        (pytest.fail if REQUIRED else pytest.skip)(f"{name} is not installed: apt-get install {name}")
