"""Import paths of potstill 0.1 that have moved: they work for this release, with a `DeprecationWarning`."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType

MODULES = {
    "bank": ("methods.bank", "methods.draw"),
    "citation": ("tasks.bibtex",),
    "codec": ("diffusion.codec", "priors.vae", "tensors"),
    "compare": ("tasks.images.comparing", "tasks.runs.comparison"),
    "distill": ("distillation",),
    "edit": ("tasks.images.editing", "tasks.settings.shared", "tasks.runs.run"),
    "expression": ("tasks.settings.parsing", "tasks.settings.kinds", "errors"),
    "generate": ("tasks.images.generating",),
    "guidance": ("diffusion.guidance",),
    "guiding": ("diffusion.guidance",),
    "images": ("io.images", "tensors"),
    "inversion": ("diffusion.inversion",),
    "invert": ("tasks.images.inverting",),
    "noise": ("methods.noise", "methods.draw"),
    "null_text": ("diffusion.null_text",),
    "priors.mixture": ("diffusion.mixture",),
    "prior": ("diffusion.prior", "diffusion.wrappers", "diffusion.guidance"),
    "renders": ("methods.render_model",),
    "replay": ("tasks.runs.replaying", "priors.spec"),
    "run": ("tasks.runs.run",),
    "sampling": ("diffusion.sampling", "tasks.images.prompt_sampling"),
    "schedule": ("diffusion.schedule", "tensors"),
    "task": ("tasks.settings.shared", "tasks.images.settings", "tasks.settings.parsing"),
    "times": ("methods.times",),
    "together": ("diffusion.shared_calls",),
    "view_prompts": ("diffusion.view_prompts",),
    "weights": ("methods.weighting",),
}
"""The modules, below `potstill`, in which the names of an earlier module are now."""
RENAMED = {
    "Accompanied": "WithRenderModel",
    "Adapted": "LoRAPrior",
    "Bank": "DrawBank",
    "Exact": "Empirical",
    "Filled": "BankEntries",
    "Going": "ComparisonRun",
    "Guiding": "GuidanceRule",
    "Learner": "LearnedPrior",
    "LowRank": "LoRAModel",
    "LowRankOrExact": "DefaultRenderModel",
    "Memory": "PreviousStep",
    "MixedEta": "DDIMNoise",
    "Narrowing": "ShrinkingRange",
    "Noise": "NoiseSource",
    "Meeting": "CallBatcher",
    "Particles": "EmpiricalPrior",
    "Perpendicular": "PerpNeg",
    "Question": "Request",
    "Renders": "RenderModel",
    "Reading": "ImageSettings",
    "Rescale": "Rescaled",
    "Tally": "CallCounter",
    "Task": "RunSettings",
    "TimeRule": "TimestepSampler",
    "Within": "Interval",
    "again": "rerun",
    "built": "from_values",
    "choices": "classes_of",
    "default": "default_of",
    "innermost": "unwrap",
    "parse": "from_text",
    "presets": "named_presets",
    "show": "to_text",
    "suggest": "did_you_mean",
    "null_text": "optimize_null_text",
}
"""The new name of an earlier class or function, where it has another one."""


class _Moved(ModuleType):
    """An earlier module: its names are looked up where they are now."""

    def __getattr__(self, name: str) -> object:
        """The new name, or else the name itself, in the first of the new modules that has it."""
        paths = () if name.startswith("__") else MODULES[self.__name__.removeprefix("potstill.")]
        modules = [importlib.import_module(f"potstill.{path}") for path in paths]
        for known in (RENAMED.get(name, name), name):
            for module in modules:
                if hasattr(module, known):
                    return getattr(module, known)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __call__(self, *values: object, **named: object) -> object:
        """`potstill.edit(...)` is a function also where the module `potstill.edit` was imported."""
        return getattr(self, self.__name__.removeprefix("potstill."))(*values, **named)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the earlier modules."""

    def find_spec(
        self, fullname: str, path: Iterable[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec, where the name is that of an earlier module."""
        known = fullname.removeprefix("potstill.") in MODULES and fullname.startswith("potstill.")
        return importlib.util.spec_from_loader(fullname, self) if known else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The stand-in."""
        return _Moved(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Warn, once for each module."""
        now = MODULES[module.__name__.removeprefix("potstill.")][0]
        warnings.warn(f"{module.__name__} is now potstill.{now}", DeprecationWarning, stacklevel=2)


def install() -> None:
    """Let `import potstill.noise` and the like find the modules that moved."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """A `__getattr__` for a module in which these names (earlier: current) have changed."""

    def getattr_of(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(f"{module}.{name} is now {names[name]}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[module], names[name])

    return getattr_of


def module(name: str) -> ModuleType:
    """The earlier module `potstill.name`."""
    return importlib.import_module(f"potstill.{name}")
