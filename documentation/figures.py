"""Whether the figures and numbers of the documentation are up to date, by the hashes of what they are made from.

python -m documentation.figures check
python -m documentation.figures draw moons compare

docs/figures.toml lists them.
"""

import ast
import hashlib
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import tyro

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "docs/figures.toml"
PROGRAMS = {"potstill": [sys.executable, "-m", "potstill"], "python": [sys.executable], "cp": ["cp"]}
"""What the commands of the table start."""


@dataclass(frozen=True)
class Figure:
    """An entry of the table: files, numbers on pages, or both."""

    name: str
    commands: tuple[str, ...]
    """Run in the repository; one that begins with "- " may fail, as in make."""
    inputs: tuple[str, ...]
    """Patterns of files, or groups of such patterns."""
    hash: str
    """That of the commands and inputs when it was made; empty before."""
    makes: tuple[str, ...] = ()
    """Patterns of the files that the commands write."""
    pages: tuple[str, ...] = ()
    """Pages that show its numbers, which a person copies."""
    slow: bool = False
    """Whether it takes more than a few minutes, so that it is made only when named."""

    def files(self) -> list[Path]:
        """The files that it made."""
        return [file for pattern in self.makes for file in sorted(ROOT.glob(pattern))]


def read(text: str) -> tuple[dict[str, Figure], dict[str, list[str]]]:
    """The figures by name, and the groups of inputs."""
    table = tomllib.loads(text)
    groups: dict[str, list[str]] = table.pop("inputs")
    return {
        name: Figure(name, **{key: _frozen(value) for key, value in entry.items()}) for name, entry in table.items()
    }, groups


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def current(figure: Figure, groups: Mapping[str, Sequence[str]]) -> str:
    """The hash of its commands and of all inputs, by name and content.

    Raises:
        ValueError: a pattern fits no file.
    """
    total = hashlib.sha256("\n".join(figure.commands).encode())
    for file in sorted(set(_expanded(figure.inputs, groups))):
        total.update(f"\n{file.relative_to(ROOT).as_posix()} {_content(file)}".encode())
    return total.hexdigest()[:16]


def _expanded(patterns: Sequence[str], groups: Mapping[str, Sequence[str]]) -> Iterator[Path]:
    for pattern in patterns:
        if pattern in groups:
            yield from _expanded(groups[pattern], groups)
            continue
        found = [file for file in ROOT.glob(pattern) if file.is_file()]
        if not found:
            raise ValueError(f"docs/figures.toml: {pattern!r} fits no file")
        yield from found


@cache
def _content(file: Path) -> str:
    """The hash of a file; of code without comments and docstrings, which change no figure."""
    data = file.read_bytes()
    if file.suffix == ".py":
        tree = ast.parse(data)
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                bare = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                node.body = [each for each in body if not (bare and _is_text(each))] or [ast.Pass()]
        data = ast.dump(tree).encode()
    return hashlib.sha256(data).hexdigest()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def stale(figures: Mapping[str, Figure], groups: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The figures that are out of date, and why."""
    found = {}
    for figure in figures.values():
        missing = [pattern for pattern in figure.makes if not list(ROOT.glob(pattern))]
        if missing:
            found[figure.name] = f"{', '.join(missing)} does not exist"
        elif not figure.hash:
            found[figure.name] = "was made before hashes were kept"
        elif figure.hash != current(figure, groups):
            found[figure.name] = "its inputs or its commands have changed"
    return found


def draw(figure: Figure, groups: Mapping[str, Sequence[str]]) -> None:
    """Run its commands in the repository, and record the hash of what it was made from.

    The JSON files that it made before are removed first, as some benchmarks keep the rows of such a file, and put back
    if a command fails before it has written another one.

    Raises:
        CalledProcessError: a command failed.
    """
    made_from = current(figure, groups)
    before = {file: file.read_bytes() for file in figure.files() if file.suffix == ".json"}
    for file in before:
        file.unlink()
    try:
        for command in figure.commands:
            program, *words = shlex.split(command.removeprefix("- "))
            subprocess.run([*PROGRAMS[program], *words], cwd=ROOT, check=not command.startswith("- "))
    finally:
        for file, data in before.items():
            if not file.exists():
                file.write_bytes(data)
    TABLE.write_text(recorded(TABLE.read_text(encoding="utf-8"), figure.name, made_from), encoding="utf-8")


def recorded(text: str, name: str, made_from: str) -> str:
    """The text of the table with another hash for one figure."""
    return re.sub(rf'(?ms)^(\[{re.escape(name)}\]\n.*?^hash = )"\w*"', rf'\1"{made_from}"', text, count=1)


def main(
    what: tyro.conf.Positional[Literal["check", "draw"]], names: tyro.conf.Positional[tuple[str, ...]] = ()
) -> None:
    """Check all figures, or draw some.

    Args:
        what: check, or draw.
        names: the figures to draw; by default all that are out of date and not slow.
    """
    figures, groups = read(TABLE.read_text(encoding="utf-8"))
    found = stale(figures, groups)
    if what == "draw":
        for name in names or [name for name in found if not figures[name].slow]:
            print(f"{name}: {' && '.join(figures[name].commands)}", flush=True)
            draw(figures[name], groups)
            print(*(f"  copy its numbers to {page}" for page in figures[name].pages), sep="\n")
        return
    for name, reason in found.items():
        print(f"{name}{' (slow)' if figures[name].slow else ''}: {reason}; python -m documentation.figures draw {name}")
    print(f"{len(figures) - len(found)} of {len(figures)} figures and tables are up to date")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
