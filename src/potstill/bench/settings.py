"""The settings of the benchmarked methods: as published, and as found by a search.

`tuned.json` is written by `benchmarks/tune_edits.py`, which gives every method the same budget.
"""

import json
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from potstill.baselines import DDIMInversion, DDPMInversion, NullText, SDEdit
from potstill.methods import DDS, IDS, PDS, SDI, SDS, FlowEdit, Identity, InfEdit
from potstill.methods.finish import Untouched
from potstill.tasks.images.editing import Edit

TUNED = Path(__file__).parent / "tuned.json"


class Setting(StrEnum):
    """Where the settings of a method come from."""

    PUBLISHED = "published"
    """From its paper or released code."""
    TUNED = "tuned"
    """From the search."""
    DEFAULT = "default"
    """From `potstill edit` without options."""
    STATED = "stated"
    """From an expression, with the defaults of `potstill edit`."""
    GUIDANCE = "guidance"
    """From an expression, at a guidance scale of its own."""


def new_task(**settings: Any) -> Edit:
    """An edit whose prompts are placeholders: those of the pairs are used."""
    return Edit(source="source", target="target", **settings)


def published() -> dict[str, Edit]:
    """The methods at the settings of their papers or released code, as far as these cover images.

    Steps, guidance scales and learning rates are documented in `methods`, at the sources named by each. Where a
    source uses plain gradient descent, the learning rate is a usual one for Adam.
    """
    identity, flow = PDS(coefficients=Identity(0.1)), FlowEdit.sd3()
    return {
        "sds": new_task(method=SDS(), guidance_scale=100.0, steps=500, learning_rate=0.01),
        "sdi": new_task(method=SDI(), guidance_scale=7.5, steps=500, learning_rate=0.01),
        "dds": new_task(method=DDS.release(), guidance_scale=7.5, steps=200, learning_rate=0.02),
        "pds": new_task(method=PDS(), guidance_scale=50.0, steps=500, learning_rate=0.1),
        "pds-consistent": new_task(method=PDS.consistent(), guidance_scale=50.0, steps=500, learning_rate=0.1),
        "pds-identity": new_task(method=identity, guidance_scale=50.0, steps=500, learning_rate=0.1),
        "ids": new_task(method=IDS(), guidance_scale=7.5, steps=200, learning_rate=0.02),
        "infedit": new_task(method=InfEdit.release(), guidance_scale=2.0, steps=15, learning_rate=1.0),
        "flowedit": new_task(method=flow, guidance_scale=13.5, optimizer="sgd", steps=33, learning_rate=0.025),
        "sdedit": new_task(method=SDEdit(), guidance_scale=7.5),
        "ddim-inversion": new_task(method=DDIMInversion(), guidance_scale=7.5),
        "ddpm-inversion": new_task(method=DDPMInversion(), guidance_scale=15.0),
        "null-text": new_task(method=NullText(), guidance_scale=7.5),
    }


@cache
def tuned() -> dict[str, Edit]:
    """The methods at the best settings found by the search, which has no finish."""
    found = json.loads(TUNED.read_text())["settings"] if TUNED.exists() else {}
    bare = {"source": "source", "target": "target", "finish": Untouched()}
    return {name: Edit.of({**bare, **settings}) for name, settings in found.items()}
