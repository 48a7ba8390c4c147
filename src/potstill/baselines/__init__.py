"""Editing baselines that sample instead of following a gradient. `BASELINES` is the only list."""

from potstill.baselines.baseline import Baseline, EditProblem, InversionBaseline, InversionResult, Snapshot
from potstill.baselines.ddim_inversion import DDIMInversion
from potstill.baselines.ddpm_inversion import DDPMInversion
from potstill.baselines.null_text import NullText
from potstill.baselines.run import BaselineRun
from potstill.baselines.sdedit import SDEdit
from potstill.moved import renamed

BASELINES: dict[str, Baseline] = {
    "ddim-inversion": DDIMInversion(),
    "ddpm-inversion": DDPMInversion(),
    "null-text": NullText(),
    "sdedit": SDEdit(),
}
"""By name on the command line."""
INVERSIONS: dict[str, InversionBaseline] = {
    name.removesuffix("-inversion"): each for name, each in BASELINES.items() if isinstance(each, InversionBaseline)
}
"""The inversion methods, by the short names that `potstill invert` takes."""

_EARLIER = {"Following": "BaselineRun", "Found": "InversionResult", "Inverting": "InversionBaseline"}
__getattr__ = renamed(__name__, {**_EARLIER, "Job": "EditProblem", "Look": "Snapshot"})

__all__ = [
    "BASELINES",
    "INVERSIONS",
    "Baseline",
    "BaselineRun",
    "DDIMInversion",
    "DDPMInversion",
    "EditProblem",
    "InversionBaseline",
    "InversionResult",
    "NullText",
    "SDEdit",
    "Snapshot",
]
