"""The laws of the layout: what imports what, who prints and exits, what names may be used twice, and earlier paths."""

import ast
import importlib
import re
import statistics
import subprocess
import sys
import types
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import potstill

ROOT = Path(potstill.__file__).parent
FILES = {path.relative_to(ROOT): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}
STUBS = {path.relative_to(ROOT): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.pyi"))}

ROWS = (
    ("potstill", "__main__"),
    ("cli",),
    ("web",),
    ("bench",),
    ("batch",),
    ("tasks",),
    ("baselines", "worlds"),
    ("state",),
    ("distillation",),
    ("run_arguments",),
    ("methods", "scenes", "priors"),
    ("diffusion", "io"),
    ("vectors",),
    ("fields",),
    ("tensors", "moved", "optimizers"),
    ("errors",),
)
"""Packages and modules at the top, the highest first: each imports from the rows below its own only."""
WITHIN = {
    "tasks": (
        ("images", "drawings", "scenes"),
        ("runs",),
        ("subjects", "bibtex"),
        ("files",),
        ("settings",),
    ),
}
"""The same within packages that have packages of their own."""
SIBLINGS = {
    ("__main__", "potstill"): "the face of the package",
}
"""Imports within a row that are allowed, and why."""

MATHEMATICS = ("tensors", "errors", "fields", "optimizers", "vectors", "diffusion", "methods", "scenes", "distillation")
"""What loads with torch and numpy alone."""
HEAVY = ["PIL", "diffusers", "huggingface_hub", "matplotlib", "peft", "rich", "safetensors", "transformers", "tyro"]
ABOVE = ["priors", "io", "tasks", "batch", "bench", "cli", "web"]


def module_name(path: Path) -> str:
    """The module below `potstill` that a file defines, `potstill` itself for the face."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "potstill"


MODULES = {module_name(path) for path in FILES}


def imported(path: Path, tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The modules of the package that a file imports, anywhere in it, and the lines."""
    package = ("potstill", *path.parts[:-1])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) + 1 - node.level]] if node.level else []
            names = [".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names]
            found = [name if name.removeprefix("potstill.") in MODULES else name.rpartition(".")[0] for name in names]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "import_module":
            found = [str(value.value) for value in node.args if isinstance(value, ast.Constant)]
        else:
            continue
        for name in found:
            if name.split(".")[0] == "potstill":
                yield name.removeprefix("potstill.") or "potstill", node.lineno


def for_types(tree: ast.Module) -> ast.Module:
    """The file without what only a type checker reads."""

    class Pruned(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
            return node.orelse if "TYPE_CHECKING" in ast.unparse(node.test) else self.generic_visit(node)

    return Pruned().visit(ast.parse(ast.unparse(tree)))


LEVELS = {"": ROWS, **{f"{package}.": rows for package, rows in WITHIN.items()}}
"""The rows below each prefix of modules."""


def part(module: str, prefix: str) -> str:
    """The package or module below a prefix in which a module is; empty where it is elsewhere."""
    return module.removeprefix(prefix).split(".")[0] if module.startswith(prefix) else ""


@pytest.mark.parametrize("prefix", LEVELS)
def test_every_package_and_module_has_a_row(prefix):
    names = [name for row in LEVELS[prefix] for name in row]
    assert len(names) == len(set(names))
    assert {part(module, prefix) for module in MODULES} - {""} == set(names)


@pytest.mark.parametrize("prefix", LEVELS)
def test_imports_only_run_down(prefix):
    """From no row above, and from no sibling; within functions, for type checkers and in stubs, too."""
    row_of = {name: number for number, row in enumerate(LEVELS[prefix]) for name in row}
    wrong = []
    for path, tree in [*FILES.items(), *STUBS.items()]:
        here = part(module_name(path), prefix)
        for name, line in imported(path, tree):
            there = part(name, prefix)
            inside = bool(here and there) and here != there and (here, there) not in SIBLINGS
            if inside and row_of[there] <= row_of[here]:
                wrong.append(f"{path}:{line} imports potstill.{name}")
    assert not wrong, "\n".join(wrong)


def test_modules_import_one_another_in_no_circle():
    graph = {
        module_name(path): {name for name, _ in imported(path, for_types(tree))} - {module_name(path)}
        for path, tree in FILES.items()
    }
    while free := [module for module, needed in graph.items() if not needed & graph.keys()]:
        for module in free:
            del graph[module]
    assert not graph, f"circles run through {sorted(graph)}"


@cache
def loaded() -> set[str]:
    """The modules that a fresh interpreter has after it has imported the mathematics."""
    code = (
        "import sys, potstill.distillation, potstill.diffusion, potstill.methods, potstill.scenes; print(*sys.modules)"
    )
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("name", HEAVY)
def test_the_mathematics_loads_no_heavy_package(name):
    assert name not in loaded()


@pytest.mark.parametrize("package", ABOVE)
def test_the_mathematics_loads_nothing_that_reads_files_or_parses(package):
    assert not sorted(name for name in loaded() if name.startswith(f"potstill.{package}"))


OUTSIDE = re.compile(r"print|input|exit|quit|(sys|os)\._?exit|sys\.std(out|err)|SystemExit")
MAY_EXIT = {
    "batch/executors.py": "a worker that nobody listens to any more ends",
    "batch/processes.py": "a worker ends with the process that started it",
    "tasks/settings/plugins.py": "a plugin that exits is refused",
}


def test_only_the_command_line_prints_or_exits():
    wrong = []
    for path, tree in FILES.items():
        if path.parts[0] in ("cli", "web") or str(path) in MAY_EXIT:
            continue
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)]
        wrong += [f"{path}:{node.lineno} {text}" for node in nodes if OUTSIDE.fullmatch(text := ast.unparse(node))]
    assert not wrong, "\n".join(wrong)


def test_no_module_has_the_name_of_what_its_package_exposes():
    """`from potstill.package import name` means one thing, whatever was imported before."""
    for package in {".".join(module.split(".")[:-1]) for module in MODULES} - {""}:
        exposed = importlib.import_module(f"potstill.{package}")
        inside = {module.rpartition(".")[2] for module in MODULES if module.rpartition(".")[0] == package}
        public = {name for name in dir(exposed) if not isinstance(getattr(exposed, name), types.ModuleType)}
        assert not inside & public, package
    top = {module for module in MODULES if "." not in module}
    modules = {name for name in potstill.__all__ if isinstance(getattr(potstill, name), types.ModuleType)}
    assert not top & {*potstill.__all__} - modules


def test_no_two_classes_have_one_name():
    places: dict[str, list[str]] = {}
    for path, tree in FILES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path}:{node.lineno}")
    twice = {name: where for name, where in places.items() if len(where) > 1}
    assert not twice, "\n".join(f"{name}: {', '.join(where)}" for name, where in twice.items())


def test_there_are_few_modules_at_the_top_and_no_long_files():
    assert len([path for path in ROOT.glob("*.py") if not path.name.startswith("__")]) <= 8
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in FILES}
    assert not {path: count for path, count in lines.items() if count > 300}
    assert statistics.median(lines.values()) < 110


MAGIC = re.compile(r".*(__subclasses__|__dataclass_fields__|__deepcopy__|object\.__setattr__)")
FROZEN = {
    "diffusion/mixture.py": "labels that were not given, one for each centre",
    "diffusion/schedule.py": "the table in float64 and its rows, made once from a frozen field",
}
"""Files that may use `object.__setattr__`, and what for."""


def test_classes_do_what_they_say():
    """No look at subclasses, no rewritten fields, no copies that are none, no frozen field that changes."""
    wrong = []
    for path, tree in FILES.items():
        for node in ast.walk(tree):
            text = node.name if isinstance(node, ast.FunctionDef) else ""
            text = ast.unparse(node) if isinstance(node, ast.Attribute) else text
            if MAGIC.fullmatch(text) and not (text == "object.__setattr__" and str(path) in FROZEN):
                wrong.append(f"{path}:{node.lineno} {text}")
    assert not wrong, "\n".join(wrong)


TAKES_PATHS = ("tasks", "worlds", "bench", "batch", "io")
INSIDE = {
    "io/bounded.py": "below the readers",
    "io/claims.py": "below the writers",
    "io/files.py": "below the readers and the writers",
    "io/gltf.py": "below the readers",
    "io/outputs.py": "below the writers",
    "io/ply.py": "below the readers",
    "batch/executors.py": "the folder of a batch that is running",
    "batch/work.py": "the folder of a batch that is running",
    "bench/run.py": "the folder of a benchmark that is running",
}
"""Files that take paths from potstill's own code only."""


def test_a_path_is_a_text_or_a_path_for_every_caller():
    """Each public function that takes one converts it by `as_path`, or passes it on to one that does."""
    wrong = []
    for path, tree in FILES.items():
        if path.parts[0] not in TAKES_PATHS or str(path) in INSIDE:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and (node.name == "__init__" or not node.name.startswith("_")):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                bare = [each.arg for each in given if each.annotation and ast.unparse(each.annotation) == "Path"]
                wrong += [f"{path}:{node.lineno} {node.name}({name})" for name in bare]
    assert not wrong, "\n".join(wrong)
