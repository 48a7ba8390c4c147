"""Text on one line, without what a terminal obeys and what has no bytes."""

import pytest

from potstill.io.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a red heart", "a red heart"),
        ("größe 猫 ❤", "größe 猫 ❤"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("name-\udcff\ud800", "name-\\udcff\\ud800"),
        ("right\u202eleft\u200b", "right\\u202eleft\\u200b"),
        ("$\\alpha$", "$\\alpha$"),
        ("", ""),
    ],
)
def test_what_cannot_be_shown_is_escaped(text, shown):
    assert printable(text) == shown
    shown.encode()
