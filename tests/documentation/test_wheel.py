"""What the wheel and the source distribution hold, and that the files about the version agree."""

import re
import subprocess
import tomllib

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from documentation.wheel import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def packed(builder) -> set[str]:
    files = builder.recurse_included_files()
    return {file.distribution_path for file in files}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else():
    kept = subprocess.run(["git", "ls-files", "src/potstill"], cwd=ROOT, capture_output=True, text=True)
    if kept.returncode:
        pytest.skip("not a git repository")
    assert packed(WheelBuilder(str(ROOT))) == {name.removeprefix("src/") for name in kept.stdout.splitlines()}


def test_the_source_distribution_holds_no_training_data_and_no_tests():
    names = packed(SdistBuilder(str(ROOT)))
    assert {name.split("/")[0] for name in names if "/" in name} == {"src"}
    assert {"CHANGELOG.md", "CITATION.cff", "LICENSE", "NOTICE", "README.md"} <= names


def test_the_changelog_and_the_citation_name_the_version():
    assert re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1] == VERSION
    assert re.search(r"^version: (\S+)", (ROOT / "CITATION.cff").read_text(), flags=re.MULTILINE)[1] == VERSION
