"""A file of one's own adds methods and components to every command, and nothing but the command line can name one."""

import inspect
import json

import pytest

from potstill import methods
from potstill.cli import main
from potstill.errors import InputError
from potstill.methods import Method, by_name
from potstill.methods.noise import NoiseSource
from potstill.tasks.settings import plugins
from potstill.tasks.settings.kinds import KINDS
from potstill.tasks.settings.parsing import from_text, to_text
from potstill.tasks.settings.plugins import check_plugins, load_plugin, plugin_hashes, plugin_options, with_plugins
from tests.methods.cases import documented_source

NOISE = '''
from dataclasses import dataclass
from potstill.methods.noise import NoiseSource
from potstill.tensors import normal

@dataclass(frozen=True)
class Doubled(NoiseSource):
    """Twice a fresh draw."""

    factor: float = 2.0

    def __call__(self, x0, prior, t, condition, rng, past=None):
        return self.factor * normal(x0, rng)
'''


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """What a test loads is gone after it."""
    for kind in KINDS:
        monkeypatch.setitem(KINDS, kind, KINDS[kind])
    monkeypatch.setattr(plugins, "LOADED", {})
    plugged: list[type] = []
    for module in (methods, plugins):
        monkeypatch.setattr(module, "PLUGGED", plugged)


@pytest.fixture
def mine(tmp_path, request):
    """The method of the docs, in a file whose module has a name of its own."""
    path = tmp_path / f"{request.node.originalname}.py"
    path.write_text(documented_source())
    return path


def said(capsys, *words):
    """What the command line prints, and its exit code."""
    try:
        main(words)
    except SystemExit as stop:
        code = stop.code or 0
    else:
        code = 0
    out, err = capsys.readouterr()
    return code, out, err


def test_a_method_is_read_and_written_as_those_of_the_package(mine):
    (cls,) = load_plugin(str(mine))
    assert by_name("sjc") == cls()
    method = from_text("sjc(noise=Fixed())", Method)
    assert to_text(method) == "SJC(noise=Fixed())"
    assert from_text(to_text(method), Method) == method
    assert load_plugin(mine) == []
    assert plugin_options() == ["--plugin", str(mine)]


def test_a_noise_source_is_a_plugin_too(tmp_path):
    (tmp_path / "doubled.py").write_text(NOISE)
    (cls,) = load_plugin(tmp_path / "doubled.py")
    assert from_text("doubled(3)", NoiseSource) == cls(3.0)
    assert from_text("sds(noise=Doubled())", Method).noise == cls()


def test_the_commands_know_it(mine, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = said(capsys, "methods", "--plugin", str(mine))
    assert not code
    assert "sjc\n  use           generates\n  gradient      w(t) eps_hat" in out
    assert "Score Jacobian chaining" in said(capsys, "generate", "--help", "sjc", f"--plugin={mine}")[1]
    code, out, err = said(capsys, "world", "blobs", "--methods", "sjc", "--points", "5", "--steps", "3", "--out", "w")
    assert not code, err
    assert json.loads((tmp_path / "w" / "world.json").read_text())["methods"][0]["method"] == "sjc"


def test_a_record_holds_its_hash_and_asks_for_it(mine):
    assert plugin_hashes() == {}
    record = {"plugins": {mine.name: "0" * 64}}
    with pytest.raises(InputError, match=rf"need the plugin '{mine.name}': .* pass it with --plugin"):
        check_plugins(record)
    load_plugin(mine)
    check_plugins(record)
    assert list(plugin_hashes()["plugins"]) == [mine.name]
    for forged in (["os"], "os", 3, {"/etc/passwd": 1}, {"os.py": None}):
        with pytest.raises(InputError, match="need the plugin"):
            check_plugins({"plugins": forged})


def test_nothing_but_a_command_line_loads_one(mine):
    """A text, a row or a record is never a path: only `load_plugin` and the loader of a worker call `_run`."""
    with pytest.raises(InputError):
        from_text(str(mine), Method)
    with pytest.raises(InputError):
        from_text(f"{mine.stem}.SJC()", Method)
    with pytest.raises(InputError):
        check_plugins({"plugins": {str(mine): "0" * 64}})
    assert not plugins.LOADED
    functions = {name: each for name, each in vars(plugins).items() if inspect.isfunction(each)}
    callers = [name for name, each in functions.items() if "load_plugin(" in inspect.getsource(each)]
    assert callers == ["load_plugin", "_load_first"]


def test_other_processes_load_it_first(mine, monkeypatch):
    assert with_plugins(list) is list
    load_plugin(mine)
    load = with_plugins(list)
    monkeypatch.setattr(plugins, "LOADED", {})
    monkeypatch.setattr(plugins, "load_plugin", lambda path: seen.append(path))
    seen: list[str] = []
    assert load() == []
    assert seen == [str(mine)]


WRONG = {
    "empty": ("x = 1", "defines no final class"),
    "fails": ("1 / 0", "fails with ZeroDivisionError: division by zero"),
    "exits": ("raise SystemExit(3)", "fails with SystemExit: 3"),
    "no Python": ("def (:", "fails with SyntaxError"),
    "taken": (NOISE.replace("Doubled", "fresh"), "fresh of .* has the name of a NoiseSource that exists"),
    "no default": (NOISE.replace(" = 2.0", ""), "has no default for factor"),
    "no dataclass": (NOISE.replace("@dataclass(frozen=True)\n", ""), "is no dataclass"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path, name, capsys):
    text, message = WRONG[name]
    (tmp_path / f"wrong {name}.py").write_text(text)
    code, _, err = said(capsys, "methods", "--plugin", str(tmp_path / f"wrong {name}.py"))
    assert code == 2
    assert err.count("\n") == 1
    with pytest.raises(InputError, match=message):
        load_plugin(tmp_path / f"wrong {name}.py")
    assert not plugins.LOADED


def test_a_method_says_what_it_is(tmp_path):
    (tmp_path / "silent.py").write_text(documented_source().replace('equation: ClassVar = "w(t) eps_hat"', ""))
    with pytest.raises(InputError, match=r"SJC of .* lacks equation: state each as a ClassVar text"):
        load_plugin(tmp_path / "silent.py")


@pytest.mark.parametrize("words", [("--plugin",), ("--plugin", "nowhere.py"), ("--plugin", "."), ("--plugin=x.txt",)])
def test_a_path_that_is_no_python_file_is_refused(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.txt").write_text("")
    code, _, err = said(capsys, "methods", *words)
    assert code == 2
    assert err.startswith("potstill: ")
    assert err.count("\n") == 1
