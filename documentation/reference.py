"""The reference: a page for each part of potstill, filled from docstrings, and every command with all its options."""

import ast
import contextlib
import importlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

import potstill
from potstill.cli import main
from potstill.cli.commands import GROUPS

SRC = Path(potstill.__file__).parent


@dataclass(frozen=True)
class Part:
    """A page of the reference."""

    title: str
    about: str
    package: str | None = None
    """The package whose public names it lists, "" for `potstill` itself."""
    within: str = "potstill."
    """Where those that it lists are defined."""
    modules: tuple[str, ...] = ()
    """Modules that it lists whole."""


PARTS = {
    "tasks": Part(
        "Edit, generate, sample",
        "What the commands do, as functions.",
        "",
        "potstill.tasks.",
    ),
    "distillation": Part(
        "The loop and its errors",
        "One loop runs every method on every scene and yields each step.",
        modules=("distillation", "errors", "optimizers", "tensors"),
    ),
    "methods": Part("Methods", "A method is a residual, a noise source, a weight and a rule for t.", "methods"),
    "parts": Part(
        "Parts of methods",
        "What the fields of a method accept, and the interface of a method.",
        modules=tuple(
            f"methods.{name}"
            for name in ("method", "noise", "times", "weighting", "coefficients", "bank", "render_model", "draw")
        ),
    ),
    "diffusion": Part(
        "Diffusion",
        "Schedules, priors, guidance, sampling and inversion, on torch alone.",
        modules=tuple(f"diffusion.{path.stem}" for path in sorted((SRC / "diffusion").glob("[a-z]*.py"))),
    ),
    "scenes": Part("Scenes", "Parameters with a differentiable render.", "scenes"),
    "priors": Part("Models", "Trained networks as priors.", "priors"),
    "worlds": Part("Worlds", "Distributions with an exact score, and studies of methods on them.", "worlds"),
    "baselines": Part("Baselines", "Editing by sampling.", "baselines"),
}


def pages() -> dict[str, str]:
    """Every page of the section, by its path below docs."""
    made = {"reference/index.md": _index(), "reference/command-line.md": "\n".join(_commands())}
    return made | {f"reference/{name}.md": "\n".join(_page(part)) for name, part in PARTS.items()}


def public(package: str = "") -> dict[str, str]:
    """The public names of a package, each with the full name of what it is: `PDS`, potstill.methods.pds.PDS."""
    module = importlib.import_module(f"potstill.{package}".rstrip("."))
    names = [name for name in module.__all__ if not isinstance(getattr(module, name), ModuleType)]
    return {name: home(module.__name__, name) for name in sorted(names, key=str.lower)}


def home(module: str, name: str) -> str:
    """The full name of what a module offers under a name, in the module that defines it."""
    found = getattr(importlib.import_module(module), name)
    if isinstance(found, type | FunctionType):
        return f"{found.__module__}.{found.__qualname__}"
    file = Path(importlib.import_module(module).__file__ or "")
    stub = file.with_suffix(".pyi")
    for node in ast.parse((stub if stub.exists() else file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and any(name == each.name for each in node.names):
            return home(f"{module}." * node.level + node.module, name)
    return f"{module}.{name}"


def listed(part: Part) -> dict[str, str]:
    """The names that a page lists one by one, and their full names."""
    found = {} if part.package is None else public(part.package)
    return {name: full for name, full in found.items() if full.startswith(part.within)}


def _page(part: Part) -> Iterator[str]:
    yield from [f"# {part.title}", "", part.about]
    for name, full in listed(part).items():
        package = f"potstill.{part.package}".rstrip(".")
        yield from ["", f"::: {full}", "    options:", f"      heading: {package}.{name}"]
    for module in part.modules:
        yield from ["", f"## `potstill.{module}`", "", f"::: potstill.{module}", "    options:"]
        yield from ["      show_root_heading: false", "      heading_level: 3"]


def _index() -> str:
    rows = []
    for name, full in public().items():
        found = getattr(potstill, name)
        text = (getattr(found, "__doc__", "") or "").strip().split("\n")[0]
        rows.append(f"| [`{name}`][{full}] | {text.replace('|', chr(92) + '|')} |")
    parts = [f"| [{part.title}]({name}.md) | {part.about} |" for name, part in PARTS.items()]
    commands = ["| [Command line](command-line.md) | Every command with all its options. |"]
    return "\n".join(
        [
            "# Reference",
            "",
            "| page | what is on it |",
            "|---|---|",
            *parts,
            *commands,
            "",
            "## What `import potstill` offers",
            "",
            "Each name is imported when it is used.",
            "",
            "| name | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _commands() -> Iterator[str]:
    yield from [
        "# Command line",
        "",
        "What `potstill COMMAND --help-all` prints. `potstill edit --help pds` explains a",
    ]
    yield from ["method, as do [the pages of the methods](../methods/index.md)."]
    for heading, group in GROUPS.items():
        yield from ["", f"## {heading.capitalize()}"]
        for name, entry in group.items():
            yield from [
                "",
                f"### potstill {name}",
                "",
                entry.summary,
                "",
                "```text",
                _printed([name, "--help-all"]),
                "```",
            ]


def _printed(words: Sequence[str]) -> str:
    """What a command prints, at 100 columns."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main(list(words))
    return out.getvalue().rstrip()
