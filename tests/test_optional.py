"""What is optional is skipped in one way, so that `.ci/run` can have it fail."""

import re
from pathlib import Path

import pytest

from tests import optional


def test_no_test_skips_by_itself():
    here = Path(__file__).parent
    raw = re.compile(r"importorskip|find_spec\(|except ImportError|except ModuleNotFoundError")
    found = [path for path in here.rglob("*.py") if raw.search(path.read_text(encoding="utf-8"))]
    assert {path.relative_to(here).as_posix() for path in found} == {"optional.py", "test_optional.py"}


@pytest.mark.parametrize("required", [False, True])
def test_a_missing_package_is_skipped_or_fails_where_everything_is_required(monkeypatch, required):
    monkeypatch.setattr(optional, "REQUIRED", required)
    assert optional.needs("no_such_package").args == (not required,)
    assert optional.needs("torch").args == (False,)
    optional.require("torch")
    with pytest.raises(pytest.fail.Exception if required else pytest.skip.Exception, match="no_such_package is not"):
        optional.require("no_such_package")


def test_ci_requires_everything():
    text = (Path(__file__).parents[1] / ".ci" / "run").read_text(encoding="utf-8")
    assert "POTSTILL_REQUIRE_ALL=1 make test" in text
    assert "make .venv/all" in text
