"""What the page may send, and what it is told."""

from dataclasses import dataclass

import pytest

from potstill.errors import InputError
from potstill.web import limits
from potstill.web.calls import decoded, encoded, question, uploaded
from potstill.worlds import load_world


@dataclass(frozen=True)
class Ask:
    """A question."""

    run: str
    steps: int = 1


@question(Ask)
def answered(ask: Ask) -> dict:
    """The steps."""
    return {"steps": 1 // ask.steps}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"run": "a"}, {"steps": 1}),
        ({"run": "a", "steps": "1"}, "steps of Ask"),
        ({"run": ["/etc/passwd"]}, "run of Ask"),
        ({"run": "a", "path": "/etc/passwd"}, "unknown field 'path'"),
        ({}, "must state run"),
        ([1, 2], "takes a mapping"),
        (None, "takes a mapping"),
        ({1: 2}, "takes a mapping"),
        ({"run": "a", "steps": 10**400}, "steps"),
        ({"run": "a", "steps": float("nan")}, "steps"),
    ],
)
def test_what_was_sent_is_checked_and_each_error_is_one_line(sent, told):
    answer = answered(sent)
    if isinstance(told, dict):
        assert answer == told
    else:
        assert told in answer["error"]
        assert "\n" not in answer["error"]


def test_a_bug_is_logged_and_not_shown(caplog):
    assert "log says what" in answered({"run": "a", "steps": 0})["error"]
    assert "ZeroDivisionError" in caplog.text


def test_bytes_travel_in_base64():
    assert decoded("data:text/csv;base64," + encoded(b"\x00\xff", "a")["data"], "a") == b"\x00\xff"
    for wrong in ("ä", "a", "*" * 8):
        with pytest.raises(InputError, match="upload it again"):
            decoded(wrong, "a")
    with pytest.raises(InputError, match="at most 5 MB"):
        decoded("A" * (2 * limits.UPLOAD), "a")


def test_an_upload_leaves_no_file_and_its_errors_no_path():
    with pytest.raises(InputError) as caught, uploaded(b"x,y\n1,2\n", "points.csv") as path:
        load_world(path)
    assert str(caught.value).startswith("'points.csv' has the columns")
    assert not path.exists()
    with pytest.raises(InputError, match="give at most"), uploaded(b"x" * (limits.UPLOAD + 1), "points.csv"):
        pass
