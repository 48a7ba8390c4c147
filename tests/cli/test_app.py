"""potstill app: what it refuses and warns of before it serves."""

from contextlib import nullcontext

import pytest

from potstill.cli.app import AppCommand
from potstill.errors import InputError
from potstill.web import page


def test_what_cannot_be_served_is_refused():
    with pytest.raises(InputError, match="port = 70000"):
        AppCommand(port=70_000).run()
    for auth in ("", "ada", "ada:", ":secret"):
        with pytest.raises(InputError, match="NAME:PASSWORD"):
            AppCommand(auth=auth).run()


@pytest.mark.parametrize(
    ("command", "warned"),
    [
        (AppCommand(), 0),
        (AppCommand(host="0.0.0.0"), 1),
        (AppCommand(share=True), 2),
        (AppCommand(share=True, auth="ada:lovelace"), 1),
    ],
)
def test_it_warns_where_others_can_open_the_page(monkeypatch, capsys, command, warned):
    served = {}

    class Page:
        def close(self, verbose):
            served["closed"] = True

    def stop(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "build", Page)
    monkeypatch.setattr(page, "launch", lambda built, **settings: served.update(settings) or "http://here")
    monkeypatch.setattr("potstill.cli.app.time.sleep", stop)
    with pytest.warns(UserWarning, match="page") if warned else nullcontext([]) as said:
        command.run()
    assert len(said) == warned
    assert served["closed"]
    assert served["auth"] == (("ada", "lovelace") if command.auth else None)
    assert "http://here" in capsys.readouterr().out
