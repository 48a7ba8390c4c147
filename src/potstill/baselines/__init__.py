"""Editors without a gradient, beside the distillation methods. `BASELINES` is the only list."""

from potstill.baselines.baseline import Baseline, Found, Inverting, Job, Look
from potstill.baselines.ddim_inversion import DDIMInversion
from potstill.baselines.ddpm_inversion import DDPMInversion
from potstill.baselines.null_text import NullText
from potstill.baselines.run import Following
from potstill.baselines.sdedit import SDEdit

BASELINES: dict[str, Baseline] = {
    "ddim-inversion": DDIMInversion(),
    "ddpm-inversion": DDPMInversion(),
    "null-text": NullText(),
    "sdedit": SDEdit(),
}
"""By their names on the command line."""
INVERSIONS: dict[str, Inverting] = {
    name.removesuffix("-inversion"): baseline for name, baseline in BASELINES.items() if isinstance(baseline, Inverting)
}
"""Those that find what makes an image, by the names that suffice where nothing else is asked for."""

__all__ = [
    "BASELINES",
    "INVERSIONS",
    "Baseline",
    "DDIMInversion",
    "DDPMInversion",
    "Following",
    "Found",
    "Inverting",
    "Job",
    "Look",
    "NullText",
    "SDEdit",
]
