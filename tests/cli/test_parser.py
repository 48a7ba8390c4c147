"""The grammar of a command line: which words are options, which are values, and which value is whose."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from potstill.cli.option_words import UsageError
from potstill.cli.parser import check_complete, split, values
from potstill.tasks.settings.schema import Positional, build, schema


@dataclass(frozen=True)
class Trial:
    """Try something."""

    file: Positional[Path]
    """What to read."""
    scale: float | None = None
    size: tuple[int, int] | None = None
    names: tuple[str, ...] = ("a",)
    text: str = ""
    space: Literal["latents", "pixels"] | None = None
    fast: bool | None = None
    gif: bool = False
    sweep: bool = True
    long_name: int = 0


def read(*words):
    settings = schema(Trial)
    found = values(split(words), settings)
    check_complete(found, settings)
    return build(Trial, found)


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ((), {}),
        (("--scale", "-1e-5"), {"scale": -1e-5}),
        (("--scale", "-inf"), {"scale": float("-inf")}),
        (("--scale=-3",), {"scale": -3.0}),
        (("--scale", "1", "--scale", "2"), {"scale": 2.0}),
        (("--scale", "2", "--scale", "None"), {"scale": None}),
        (("--size", "8", "16"), {"size": (8, 16)}),
        (("--size=8", "16"), {"size": (8, 16)}),
        (("--size", "None"), {"size": None}),
        (("--names", "b", "c"), {"names": ("b", "c")}),
        (("--names",), {"names": ()}),
        (("--text", "- so - "), {"text": "- so - "}),
        (("--text", "-"), {"text": "-"}),
        (("--text=--gif",), {"text": "--gif"}),
        (("--text=",), {"text": ""}),
        (("--text=a=b",), {"text": "a=b"}),
        (("--space", "pixels"), {"space": "pixels"}),
        (("--space", "None"), {"space": None}),
        (("--fast", "False"), {"fast": False}),
        (("--gif",), {"gif": True}),
        (("--no-sweep",), {"sweep": False}),
        (("--long-name", "-3"), {"long_name": -3}),
        (("--long_name", "3"), {"long_name": 3}),
    ],
)
def test_words_become_values_before_and_behind_the_file(words, fields):
    expected = Trial(Path("f"), **fields)
    assert read("f", *words) == expected
    if words[:1] != ("--names",):
        assert read(*words, "f") == expected
    assert read(*words, "--", "f") == expected


def test_what_follows_two_dashes_is_no_option():
    assert read("--gif", "--", "--gif") == Trial(Path("--gif"), gif=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "missing: FILE (What to read)"),
        ("f --lon 3", "unknown option --lon: did you mean --long-name?"),
        ("f --long 3", "unknown option --long: did you mean --long-name?"),
        ("f --no-gif", "unknown option --no-gif: did you mean --gif?"),
        ("f --sweep", "unknown option --sweep: did you mean --no-sweep?"),
        ("f -x", "unknown option -x; a file whose name starts with - is written ./-name"),
        ("f --gif=yes", "--gif takes no value: leave '=yes' out"),
        ("f --gif g", "unexpected 'g': leave it out, or put a text of several words in quotes"),
        ("f -3", "unexpected '-3': leave it out"),
        ("f --scale", "--scale needs a value"),
        ("f --text --gif", "--text needs a value: write --text TEXT, or --text=-... for a value that starts with -"),
        ("f --scale many", "--scale = 'many' must be a number or None"),
        ("f --long-name 1.5", "--long-name = '1.5' must be a whole number"),
        ("f --long-name " + "9" * 5000, "--long-name has far too many digits: whole numbers are at most"),
        ("f --size 8", "--size = '8' must be two whole numbers or None"),
        ("f --size 8 8 8", "--size = '8 8 8' must be two whole numbers or None"),
        ("f --size 8 x", "--size = 'x' must be two whole numbers or None"),
        ("f --space voxels", "--space = 'voxels' must be one of latents, pixels, None"),
        ("f --fast yes", "--fast = 'yes' must be one of True, False, None"),
        ("-- f --gif", "--gif comes after --, where only positional arguments are allowed: move it before --"),
    ],
)
def test_a_mistake_names_the_value_the_rule_and_the_fix(words, message):
    with pytest.raises(UsageError) as found:
        read(*words.split())
    assert str(found.value).startswith(message)
