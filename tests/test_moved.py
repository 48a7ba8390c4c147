"""Earlier import paths: each still finds what it had, with a warning that names the new one."""

import importlib
import sys
import warnings
from types import ModuleType

import pytest

import potstill
from potstill import moved
from potstill.tasks.images import editing

NAMES = {
    "bank": "Entries TOGETHER Bank Filled",
    "citation": "POTSTILL citation",
    "codec": "Grid Codec PixelUnshuffle Autoencoder codec_of",
    "compare": "FRAMES Compare Going Comparison",
    "distill": "Step Progress surrogate_loss distill",
    "edit": "OPTIMISER Edit change edit edit_steps",
    "expression": "LONGEST parse show presets choices default suggest",
    "generate": "Generate generate generate_steps",
    "guidance": "Rescaled Interval PerpNeg check_rescale check_interval combine",
    "guiding": "Guiding Plain Rescale Within Perpendicular",
    "images": "Images Levels TEXT read_image as_images read_mask levels to_pil png_bytes read_text",
    "inversion": "Label ddim_inversion ascend NoiseMaps ddpm_inversion noise_maps ddpm_edit",
    "invert": "STRENGTH Invert psnr Inversion invert invert_steps",
    "noise": "Memory Noise Fresh Fixed Previous Mixed MixedEta Inverted FixedPoint Picard",
    "null_text": "NullStep Begun null_text",
    "prior": "Condition Prediction Prior Query predict Wrapper innermost Guidance Guided Clipped Tally Counted",
    "priors.mixture": "Mixture",
    "renders": "Learner Accompanied Renders Exact Particles LowRank Adapted LowRankOrExact",
    "replay": "DTYPES Replay replay again",
    "run": "Result Run",
    "sampling": "Sigma eta share Position Trajectory descend ddim sdedit OnStep sample in_range check_numbers",
    "schedule": "Latent Times per_sample normal Posterior Schedule Tabulated VP Flow linear scaled_linear cosine",
    "task": "leading Settings Reading Task built",
    "times": "TimeRule Uniform Annealed Stratified Narrowing DreamTime",
    "together": "Network LARGEST Question Meeting",
    "view_prompts": "ViewPrompts",
    "weights": "Weight Constant SigmaSquared AlphaSigmaSquared Rho Velocity",
}
"""The public names of the earlier modules."""
GONE: dict[str, str] = {
    "compare.FRAMES": "the pictures of an animation are an argument, frame_count",
    "task.leading": "the order of options is the command line's",
    "guidance.check_rescale": "a rule checks its own numbers",
    "guidance.check_interval": "a rule checks its own numbers",
    "guidance.combine": "`guide` is the one formula",
    "prior.Guidance": "Guided is the one wrapper; what differs is its rule",
    "together.Network": "the type of an argument",
}
"""Names that nothing stands for any more, as `module.name`, and why."""


@pytest.fixture
def forget(monkeypatch):
    """Makes an earlier module as if it had never been imported, then and afterwards."""

    def forget(module: str) -> None:
        package, _, name = f"potstill.{module}".rpartition(".")
        for place, key in ((sys.modules, f"potstill.{module}"), (vars(importlib.import_module(package)), name)):
            monkeypatch.setitem(place, key, None)  # so that what the import leaves is taken back
            del place[key]

    return forget


def load(module: str) -> ModuleType:
    """The earlier module, with its one warning."""
    now = moved.MODULES[module][0]
    with pytest.warns(DeprecationWarning, match=rf"^potstill\.{module} is now potstill\.{now}$") as seen:
        earlier = importlib.import_module(f"potstill.{module}")
    assert len(seen) == 1
    return earlier


def test_every_earlier_module_is_listed():
    assert NAMES.keys() == moved.MODULES.keys()


@pytest.mark.parametrize("module", NAMES)
def test_an_earlier_module_warns_and_finds_its_names(module, forget):
    forget(module)
    earlier = load(module)
    lost = [name for name in NAMES[module].split() if not hasattr(earlier, name) and f"{module}.{name}" not in GONE]
    assert not lost
    assert not hasattr(earlier, "nonsense")


@pytest.mark.parametrize(("name", "new"), moved.RENAMED.items())
def test_what_was_renamed_is_found_under_its_earlier_name(name, new, forget):
    modules = [module for module, names in NAMES.items() if name in names.split()]
    assert modules
    for module in modules:
        forget(module)
        found = getattr(load(module), name)
        now = [importlib.import_module(f"potstill.{path}") for path in moved.MODULES[module]]
        assert any(getattr(place, new, None) is found for place in now)


def test_the_face_s_functions_stay_functions(forget, monkeypatch):
    """`potstill.edit(...)` edits also where the earlier module of that name was imported."""
    for name in ("edit", "distill", "generate", "invert", "citation"):
        forget(name)
        load(name)
        assert callable(getattr(potstill, name))
    monkeypatch.setattr(editing, "edit", lambda *values, **named: (values, named))
    assert potstill.edit("image", target="a pear") == (("image",), {"target": "a pear"})


def test_the_new_paths_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in sorted({path for paths in moved.MODULES.values() for path in paths}):
            importlib.import_module(f"potstill.{path}")
