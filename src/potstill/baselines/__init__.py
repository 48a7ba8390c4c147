"""Editors without a gradient, beside the distillation methods. `BASELINES` is the only list."""

from potstill.baselines.baseline import Baseline, Inversion, Inverting, Job, Look, follow
from potstill.baselines.ddim import DDIMInversion
from potstill.baselines.ddpm import DDPMInversion
from potstill.baselines.null import NullText
from potstill.baselines.sdedit import SDEdit

BASELINES: dict[str, Baseline] = {
    "ddim-inversion": DDIMInversion(),
    "ddpm-inversion": DDPMInversion(),
    "null-text": NullText(),
    "sdedit": SDEdit(),
}
"""By their names on the command line."""

__all__ = [
    "BASELINES",
    "Baseline",
    "DDIMInversion",
    "DDPMInversion",
    "Inversion",
    "Inverting",
    "Job",
    "Look",
    "NullText",
    "SDEdit",
    "follow",
]
