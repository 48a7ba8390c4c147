"""The entries of `potstill bench drawings`: bounds, and methods as published and as found by a search.

`tuned_drawings.json` is written by `benchmarks/tune_drawings.py`, which gives every method the same budget, on seen
pairs only.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from potstill.bench.drawing_editing import best_fit, edit_drawings, true_results, unchanged
from potstill.bench.entries import Bound, Suite
from potstill.methods import DDS, PDS, SDS, Method
from potstill.methods.times import Uniform
from potstill.scenes.drawing import RATES
from potstill.tasks.drawings.editing import EditDrawing

TUNED = Path(__file__).parent / "tuned_drawings.json"
BOUNDS = {
    bound.name: bound
    for bound in (
        Bound("nothing", "the source unchanged", unchanged, free=True, seeded=False),
        Bound("answer", "the answer itself", true_results, needs_answer=True, free=True, seeded=False),
        Bound("fit", "the source's elements fitted to the answer's picture", best_fit, needs_answer=True, seeded=False),
    )
}


def new_task(**settings: Any) -> EditDrawing:
    """An edit whose prompts are placeholders: those of the pairs are used."""
    return EditDrawing.of({"source": "source", "target": "target", **settings})


def published() -> dict[str, EditDrawing]:
    """PDS as its released code edits SVG (arXiv 2311.13831), and SDS and DDS, with which it compares, in its place.

    1,000 steps of Adam at constant rates of points and colours, times from a tenth of the schedule on, guidance 100.
    """
    rates: dict[str, Any] = {"point_rate": RATES["points"], "colour_rate": RATES["colours"], "last_rate": 1.0}
    shared: dict[str, Any] = {"change": ("points", "colours"), "steps": 1000, "guidance_scale": 100.0, **rates}
    shared["coupling"] = 0.0
    times = Uniform(low=0.1)
    return {
        "pds": new_task(method=PDS(times=times), **shared),
        "dds": new_task(method=DDS(times=times), **shared),
        "sds": new_task(method=SDS(times=times), **shared),
    }


@cache
def tuned() -> dict[str, EditDrawing]:
    """The methods at the best settings found by the search."""
    found = json.loads(TUNED.read_text())["settings"] if TUNED.exists() else {}
    return {
        name: EditDrawing.of({"source": "source", "target": "target", **settings}) for name, settings in found.items()
    }


DRAWINGS = Suite(BOUNDS, published, tuned, new_task, edit_drawings, Method)
