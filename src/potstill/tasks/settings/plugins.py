"""Methods and components of a user's own, from Python files that `--plugin` names on the command line.

Loading a file runs it. So only a person names one: a record, a configuration or a table holds names and hashes of
plugins, which are compared and never loaded.
"""

import dataclasses
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from potstill.errors import InputError
from potstill.fields import shown
from potstill.io.files import as_path, check_file
from potstill.methods import PLUGGED, Method
from potstill.tasks.settings.kinds import KINDS, names_of

T = TypeVar("T")

LOADED: dict[Path, str] = {}
"""The files that were loaded, with their SHA-256."""
_DESCRIBED = ("equation", "comparison", "reference", "bibtex")


def load_plugin(path: str | Path) -> list[type]:
    """Run a Python file, and add the methods and components that it defines to those that can be named.

    Returns:
        The classes that were added; none if the file was loaded before.

    Raises:
        InputError: the file cannot be read or run, defines nothing, or a class is incomplete or has a name that exists.
    """
    path = as_path(path, "--plugin").absolute()
    check_file(path, "a Python file that defines a method")
    if path.suffix != ".py":
        raise InputError(f"--plugin {str(path)!r} must be a Python file, with the ending .py")
    if path in LOADED:
        return []
    digest, module = hashlib.sha256(path.read_bytes()).hexdigest(), _run(path)
    try:
        added = _classes(module, path)
    except InputError:
        del sys.modules[module.__name__]
        raise
    for kind, classes in added.items():
        KINDS[kind] += tuple(classes)
    PLUGGED.extend(added[Method])
    LOADED[path] = digest
    return list(dict.fromkeys(cls for classes in added.values() for cls in classes))


def plugin_hashes() -> dict[str, dict[str, str]]:
    """The plugins for a record, `{"plugins": {name: SHA-256}}`; empty without any."""
    return {"plugins": {path.name: digest for path, digest in LOADED.items()}} if LOADED else {}


def plugin_options() -> list[str]:
    """The words of a command line that load the plugins again."""
    return [word for path in LOADED for word in ("--plugin", str(path))]


def check_plugins(record: Mapping[str, Any]) -> None:
    """Raise unless the plugins that a record names are loaded.

    Raises:
        InputError: one is not.
    """
    named = record.get("plugins", {})
    loaded = {path.name for path in LOADED}
    if missing := [name for name in (named if isinstance(named, Mapping) else [str(named)]) if name not in loaded]:
        fix = "if you have that file and trust it, pass it with --plugin"
        raise InputError(f"these settings need the plugin {shown(missing[0])}: {fix}")


def with_plugins(load: Callable[[], T]) -> Callable[[], T]:
    """The function, which loads the plugins of this process first; for other processes."""
    return partial(_load_first, [str(path) for path in LOADED], load) if LOADED else load


def _load_first(paths: Sequence[str], load: Callable[[], T]) -> T:
    for path in paths:
        load_plugin(path)
    return load()


def _run(path: Path) -> ModuleType:
    """The module of a file, under a name of its own, by which its classes are found again."""
    name = f"potstill_plugin_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or name in sys.modules:
        raise InputError(f"--plugin {str(path)!r} has the name of another plugin: rename it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the file does
        del sys.modules[name]
        reason = " ".join(str(error).split())
        raise InputError(f"--plugin {str(path)!r} fails with {type(error).__name__}: {reason}") from error
    return module


def _classes(module: ModuleType, path: Path) -> dict[type, list[type]]:
    """The final classes of each kind that the module defines, all of them complete."""
    own = [cls for cls in vars(module).values() if isinstance(cls, type) and cls.__module__ == module.__name__]
    found = {kind: [cls for cls in own if issubclass(cls, kind) and not inspect.isabstract(cls)] for kind in KINDS}
    if not any(found.values()):
        kinds = ", ".join(kind.__name__ for kind in KINDS)
        raise InputError(f"--plugin {str(path)!r} defines no final class of {kinds}: see docs/guides/add-a-method.md")
    for kind, classes in found.items():
        for cls in classes:
            _check(cls, kind, path)
    return found


def _check(cls: type, kind: type, path: Path) -> None:
    """Raise unless the class can be named, written as text and explained."""
    refusal = f"{cls.__name__} of --plugin {str(path)!r}"
    if cls.__name__.lower() in {name.lower() for name in names_of(kind)}:
        raise InputError(f"{refusal} has the name of a {kind.__name__} that exists: rename it")
    if not dataclasses.is_dataclass(cls):
        raise InputError(f"{refusal} is no dataclass: write @dataclass(frozen=True) above it")
    if required := [field.name for field in dataclasses.fields(cls) if field.init and _has_no_default(field)]:
        raise InputError(
            f"{refusal} has no default for {', '.join(required)}: give every field one, under @dataclass(frozen=True)"
        )
    if issubclass(cls, Method) and (
        missing := [name for name in _DESCRIBED if not isinstance(getattr(cls, name, None), str)]
    ):
        raise InputError(f"{refusal} lacks {', '.join(missing)}: state each as a ClassVar text")


def _has_no_default(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
