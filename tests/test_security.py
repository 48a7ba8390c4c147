"""What SECURITY.md promises, read off the source: nothing is unpickled, nothing foreign runs, nothing is unpacked."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "potstill"
MODULES = sorted(SOURCE.rglob("*.py"))
NEVER_IMPORTED = {
    "pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "subprocess",
    "multiprocessing.reduction", "tarfile", "code", "codeop", "runpy", "ctypes", "xml", "telnetlib", "http.server",
}  # fmt: skip
NEVER_CALLED = {
    "eval", "exec", "compile", "__import__", "breakpoint", "input", "torch.load", "torch.hub.load", "torch.jit.load",
    "torch.package", "pickle.load", "pickle.loads", "yaml.load", "os.system", "os.popen", "os.execv", "os.spawnl",
    "extractall", "extract", "unpack_archive", "pty.spawn", "from_pickle", "read_pickle", "tempfile.mktemp",
}  # fmt: skip
NAMED_BY_US = {
    "cli/commands.py": "a command, from the table of commands",
    "tasks/subjects.py": "a task, from the table of subjects",
    "moved.py": "a module of potstill, from the table of modules that moved",
    "priors/safety.py": "diffusers or transformers, which the line before makes sure of",
}
"""Where a module is imported by a name that is not written there, and which name it is."""
XML = {"io/svg/document.py": "it refuses every entity but short texts, and what lies outside of the file"}
"""Where XML is parsed, and why that is safe."""
PROGRAMS = {
    "io/mp4.py": "it runs the user's ffmpeg with words of ours, without a shell; no text of a file is among them"
}
"""Where a program is run, and why that is safe."""
WITHOUT_WEIGHTS = ("Processor", "Tokenizer", "config_class", "weightless")
"""Names of what is read from JSON and text alone."""


def name_of(node: ast.expr) -> str:
    """`a.b.c` of an attribute or a name; `.c` where what stands before is no name."""
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(tree: ast.AST) -> list[str]:
    """What stands in a module and must not."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            whole = (
                names
                if isinstance(node, ast.Import)
                else [node.module or "", *(f"{node.module}.{name}" for name in names)]
            )
            found += [
                f"imports {name}" for name in whole if name in NEVER_IMPORTED or name.split(".")[0] in NEVER_IMPORTED
            ]
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        if name in NEVER_CALLED or (
            isinstance(node.func, ast.Attribute) and node.func.attr in NEVER_CALLED - {"eval", "compile", "input"}
        ):
            found.append(f"calls {name}")
        words = {word.arg: word.value for word in node.keywords}
        for flag in ("trust_remote_code", "allow_pickle", "weights_only", "shell", "custom_pipeline"):
            value = words.get(flag)
            if value is not None and not (isinstance(value, ast.Constant) and value.value is (flag == "weights_only")):
                found.append(f"calls {name} with {flag}")
        if name in ("np.load", "numpy.load") and "allow_pickle" not in words:
            found.append("calls np.load and does not say allow_pickle=False")
        if (
            name.split(".")[-1] in ("from_pretrained", "download", "load_lora_weights")
            and not any(
                kind in name for kind in ("Processor", "Tokenizer", "config_class", "weightless")
            )  # JSON and text
            and "use_safetensors" not in words
        ):
            found.append(f"calls {name} and does not say use_safetensors=True")
        if name.endswith("import_module") and not isinstance(node.args[0], ast.Constant):
            found.append("imports by name")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_is_unpickled_evaluated_or_unpacked(path):
    found = faults(ast.parse(path.read_text(encoding="utf-8")))
    if str(path.relative_to(SOURCE)) in NAMED_BY_US:
        found = [fault for fault in found if fault != "imports by name"]
    if str(path.relative_to(SOURCE)) in XML:
        found = [fault for fault in found if not fault.startswith("imports xml.")]
    if str(path.relative_to(SOURCE)) in PROGRAMS:
        found = [fault for fault in found if fault != "imports subprocess"]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle", "from pickle import loads", "import yaml", "import subprocess as s", "torch.load(f)",
        "eval(x)", "exec(x)", "np.load(f)",
        "np.load(f, allow_pickle=True)", "np.load(f, allow_pickle=x)", "file.extractall(path)",
        "cls.from_pretrained(x)", "cls.from_pretrained(x, use_safetensors=True, trust_remote_code=True)",
        "os.system(x)", "importlib.import_module(name)", "from torch import hub; torch.hub.load(x)",
    ],
)  # fmt: skip
def test_the_test_sees_what_it_looks_for(code):
    assert faults(ast.parse(code))


def test_only_files_that_are_named_are_written():
    """Every write goes through `potstill.io.files` with the path of its caller: no path is read from a file."""
    writers = {
        "write_bytes",
        "write_text",
        "savefig",
        "save_file",
        "touch",
        "mkdir",
        "symlink_to",
        "hardlink_to",
        "rename",
        "replace",
    }
    allowed = {"files.py", "checkpoint.py"}  # which moves an earlier checkpoint aside
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in writers:
                text = ast.unparse(node)
                told = node.func.attr in ("savefig", "replace") and (
                    "buffer" in text or "'" in text or name_of(node.func) in ("dataclasses.replace",)
                )
                assert path.name in allowed or told, f"{path}: {text}"
            if isinstance(node, ast.Call) and name_of(node.func) in ("open", "path.open", "file.open"):
                mode = node.args[-1].value if node.args and isinstance(node.args[-1], ast.Constant) else "r"
                assert not set(str(mode)) & set("wax+"), f"{path}: {ast.unparse(node)}"
