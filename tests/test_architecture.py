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


def row_of(module: str) -> int:
    """The row in which the package or top module of a module stands, 0 the highest."""
    return next(number for number, row in enumerate(ROWS) if module.split(".")[0] in row)


def test_every_package_and_top_module_has_a_row():
    names = [name for row in ROWS for name in row]
    assert len(names) == len(set(names))
    assert {module.split(".")[0] for module in MODULES} <= set(names)


def test_imports_only_run_down():
    """From no row above, and from no sibling; within functions, for type checkers and in stubs, too."""
    wrong = []
    for path, tree in [*FILES.items(), *STUBS.items()]:
        here = module_name(path).split(".")[0]
        for name, line in imported(path, tree):
            there = name.split(".")[0]
            if there != here and row_of(there) <= row_of(here) and (here, there) not in SIBLINGS:
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
    "tasks/plugins.py": "a plugin that exits is refused",
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


TESTS = Path(__file__).parent
TESTED_IN = {
    "baselines/test_run.py": "baselines.(baseline|ddim_inversion|ddpm_inversion|null_text|sdedit)",  # all, in one law
    "bench/test_bench_run.py": "bench.(editing|entries|plots|report|run|settings) cli.bench",
    "bench/test_datasets.py": "bench.reference_based",
    "bench/test_drawing_pairs.py": "bench.drawing_(editing|judge|suite)",
    "bench/test_emoji_pairs.py": "bench.retrieval",
    "bench/test_reference_free.py": "bench.networks",
    "bench/test_scene_pairs.py": "bench.scene_(editing|judge|pictures|starts|suite)",
    "cli/test_cli.py": "__main__ cli.(cite|commands|compare|methods|theorem|world) tasks.bibtex",
    "cli/test_cli_batch.py": "batch.(executors|results|work) cli.batch",
    "cli/test_cli_edit.py": "cli.(console|edit|generate|output) io.gif tasks.comparison_figure",
    "cli/test_cli_invert.py": "cli.invert",
    "cli/test_parser.py": "cli.words",
    "cli/test_emoji.py": "cli.(sample|vocabulary)",
    "cli/test_view.py": "cli.viewer",
    "cli/test_resume.py": "cli.(interrupts|replay) tasks.(checkpoint|resuming|run)",
    "diffusion/test_inversion.py": "diffusion.sampling",
    "diffusion/test_prior.py": "diffusion.(mixture|wrappers)",
    "diffusion/test_codec.py": "priors.vae",
    "hostile/test_limits.py": "io.(bounded|documents) tasks.numbers",
    "hostile/test_hostile_models.py": "priors.(safety|vocabulary)",
    "batch/test_manifest.py": "io.tables",
    "io/test_reading.py": "io.(decode|images)",
    "io/svg/test_reader.py": "io.svg.(census|clips|fixed|geometry|pages|paints|styles|values)",
    "io/svg/test_writer.py": "io.svg.(fields|path_data|path_writer)",
    "vectors/test_renderer.py": "vectors.(curves|paints|sketch|tables)",
    "tasks/test_sampling_prompts.py": "io.contact_sheet tasks.prompt_sampling",
    "worlds/test_worlds.py": "io.plotting worlds.(edit_study|loading|metrics|plots|study|views_study|world)",
    "methods/test_bank.py": "methods.draw",
    "methods/test_methods.py": "methods.(method|bridge|csd|dds|flowedit|ids|ism|nfsd|pds|sdi|sds|vsd)",  # all, by list
    "methods/test_theorems.py": "worlds.theorem",
    "priors/test_loading.py": "priors.hub",
    "priors/reading/test_order.py": "priors.reading.lexicon",
    "priors/test_weights.py": "priors.guard",
    "priors/test_pipelines.py": "priors.(pipeline|transformers|unets)",
    "scenes/test_points.py": "scenes.scene",
    "scenes/test_pixels.py": "scenes.latents",
    "tasks/test_edit_baselines.py": "tasks.(comparing|image_settings|inverting)",
    "scenes/test_refining.py": "scenes.growing",
    "tasks/test_scenes.py": "tasks.(guiding|models|subjects)"
    " tasks.scene_(baking|comparing|editing|files|generating|growth|models|presets|run|settings|task)",
    "tasks/test_editing.py": "tasks.(generating|settings)",
    "tasks/test_drawings.py": "tasks.drawing_(comparing|editing|files|generating|settings)",
    "tasks/test_replaying.py": "priors.spec tasks.(plan|provenance)",
    "tasks/test_parsing.py": "tasks.kinds",
    "worlds/toys/test_toys_bank.py": "worlds.toys.bank",
    "worlds/toys/test_toys_study.py": "worlds.toys.(figures|starts|study)",
    "worlds/toys/test_prior.py": "worlds.toys.views",
    "test_state.py": "tasks.state_file",
    "web/test_worlds.py": "web.(code|limits)",
}
"""Modules without a test file of their name in the mirrored place, beside the file that tests them."""


def test_every_module_has_its_tests():
    modules = {module_name(path) for path in FILES if path.name != "__init__.py"}
    named = {
        name for name in modules if (TESTS / Path(*name.split(".")[:-1], f"test_{name.split('.')[-1]}.py")).exists()
    }
    assert not [file for file in TESTED_IN if not (TESTS / file).exists()]
    patterns = [re.compile(pattern.replace(".", r"\.")) for text in TESTED_IN.values() for pattern in text.split()]
    listed = [name for name in modules for pattern in patterns if pattern.fullmatch(name)]
    assert not modules - named - {*listed}, "without a test file"
    assert not named & {*listed}, "in the list, but with a test file of their own"
    assert len(listed) == len({*listed}), "listed twice"
    assert not [pattern.pattern for pattern in patterns if not any(map(pattern.fullmatch, modules))]


TAKES_PATHS = ("tasks", "worlds", "bench", "batch", "io")
INSIDE = {
    "io/bounded.py": "below the readers",
    "io/claims.py": "below the writers",
    "io/files.py": "below the readers and the writers",
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
