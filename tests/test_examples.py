"""Every example runs as it stands, in an empty folder."""

import gc
import re
import runpy
from pathlib import Path

import pytest

from tests import optional

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("[0-9]*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example), run_name="__main__")
    assert capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # an event loop that gradio leaves open
def test_the_space_builds_the_page_with_the_gradio_that_is_tested():
    optional.require("gradio")
    folder = Path(__file__).parents[1] / "examples" / "space"
    assert type(runpy.run_path(str(folder / "app.py"))["page"]).__name__ == "Blocks"
    gc.collect()
    version = re.search(r"^sdk_version: (\S+)$", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    constraints = (folder.parents[1] / "constraints.txt").read_text()
    assert version
    assert f"gradio=={version[1]}\n" in constraints
    assert "potstill[web]" in (folder / "requirements.txt").read_text()
