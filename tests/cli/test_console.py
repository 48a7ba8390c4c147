"""Bars show that something goes on where it takes long, and only there."""

import time

import pytest
from rich.console import Console

from potstill.cli import console


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, False), (0.4, True)])
def test_a_wait_has_a_bar_on_a_terminal_once_it_is_long(monkeypatch, capsys, seconds, shown):
    monkeypatch.setattr(console, "PATIENCE", 0.1)
    monkeypatch.setattr(console, "Console", lambda **kinds: Console(force_terminal=True, **kinds))
    with console.waiting("finish"):
        time.sleep(seconds)
    out, err = capsys.readouterr()
    assert ("finish" in err) == shown
    assert not out


def test_a_wait_is_silent_where_nobody_watches(monkeypatch, capsys):
    monkeypatch.setattr(console, "PATIENCE", 0.0)
    with console.waiting("start"):
        time.sleep(0.1)
    assert capsys.readouterr().err == ""
