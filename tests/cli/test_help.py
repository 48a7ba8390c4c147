"""The helps of every command: one screen of what people use, all options by group, a method explained."""

import subprocess
import sys

import pytest

from potstill.cli.commands import COMMANDS, find_command
from potstill.cli.option_words import option
from potstill.methods import named
from potstill.tasks.settings.schema import is_method, schema
from tests.cli.test_cli import run


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_fits_on_one_screen_and_the_full_one_has_every_option(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "100")
    code, brief, _ = run(capsys, name, "--help")
    assert code == 0
    assert len(brief.splitlines()) <= 40
    assert max(map(len, brief.splitlines())) <= 100
    assert brief.startswith(f"usage: potstill {name} ")
    assert f"\n    potstill {name}" in brief
    code, full, _ = run(capsys, name, "--help-all")
    settings = schema(find_command(name))
    assert code == 0
    assert all(f"  {option(setting)}" in full for setting in settings if not setting.option.positional)
    assert all(len(line) <= 100 for line in full.splitlines() if not line.startswith("    potstill"))
    assert "--help-all shows every option" in brief
    assert run(capsys, name, "-h")[1] == brief


def test_the_short_help_of_an_edit_has_what_changes_its_result_and_no_model_of_other_subjects(capsys):
    brief = run(capsys, "edit", "--help")[1]
    assert all(f"  --{name} " in brief for name in ("method", "guidance-scale", "finish", "style", "mask"))
    assert "world:" not in brief
    assert "world:toys" in run(capsys, "edit", "x.ply", "--help")[1]


@pytest.mark.parametrize("columns", ["1", "50", "0", "x", "1000"])
def test_any_width_of_the_terminal_will_do(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    for words in (("edit", "--help"), ("edit", "--help-all"), ("edit", "--help", "pds")):
        code, out, _ = run(capsys, *words)
        assert code == 0
        if columns in ("1", "50"):
            wide = [line for line in out.splitlines() if len(line) > max(40, int(columns))]
            assert all(line.startswith("    ") for line in wide), wide  # examples and equations, to be copied


@pytest.mark.parametrize("method", [*named(), "sdedit", "PDS(noise=Fixed())"])
def test_a_method_is_explained(capsys, method):
    code, out, _ = run(capsys, "edit", "--help", method)
    assert code == 0
    assert "reference" in out
    assert run(capsys, "edit", "--method", method, "--help")[1] == out
    if method != "sdedit":
        assert "gradient" in out
        assert "--noise NOISESOURCE" in out
        assert "Choices for --noise:" in out


def test_a_command_that_takes_expressions_explains_their_fields(capsys):
    for name in ("world", "compare", "bench"):
        code, out, _ = run(capsys, name, "--help", "pds")
        assert code == 0
        assert f"potstill {name} takes it as an expression, with the fields:" in out


def test_an_unknown_method_is_no_help(capsys):
    code, _, err = run(capsys, "edit", "--help", "psd")
    assert code == 2
    assert "unknown method 'psd': did you mean" in err


def test_every_command_of_the_list_is_there_under_a_name_of_its_own():
    kinds = [find_command(name) for name in COMMANDS]
    assert len({kind.__name__ for kind in kinds}) == len(kinds)
    assert all(kind.__name__ == f"{name.capitalize()}Command" for name, kind in zip(COMMANDS, kinds, strict=True))
    assert sum(is_method(setting.kind) for name in COMMANDS for setting in schema(find_command(name))) == 3


def test_without_a_command_the_list_is_printed_and_nothing_heavy_loaded():
    code = (
        "import sys; from potstill.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "assert not {'torch', 'numpy', 'docstring_parser'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert len(done.stdout.splitlines()) <= 40
