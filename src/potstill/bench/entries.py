"""Who takes part: every method at its published settings, and at the best that a search found; and the bounds.

`tuned.json` holds what `benchmarks/tune_edits.py` found, with the budget it had: the same for all, on seen pairs alone.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from potstill.baselines import Baseline, DDIMInversion, DDPMInversion, NullText, SDEdit
from potstill.errors import InputError
from potstill.methods import DDS, IDS, PDS, SDI, SDS, FlowEdit, Identity, InfEdit, Method
from potstill.tasks.editing import Edit
from potstill.tasks.text import from_text

TUNED = Path(__file__).parent / "tuned.json"
Bound = Literal["nothing", "answer", "remade", "caption"]
BOUNDS: dict[str, str] = {
    "nothing": "the source as it is",
    "answer": "the answer itself",
    "remade": "the answer noised half way and sampled back: as near as the model comes that is given the answer",
    "caption": "the target prompt sampled from pure noise, which knows nothing of the source",
}


@dataclass(frozen=True)
class Contestant:
    """A way to edit, or a bound."""

    name: str
    setting: str
    """`published`, `tuned`, `default`, `stated`, `guidance` and its scale, or `bound`."""
    task: Edit | None = None
    """None for a bound; its prompts and its seed do not count."""


def _task(**settings: Any) -> Edit:
    return Edit(source="source", target="target", **settings)


def published() -> dict[str, Edit]:
    """The methods at the settings of their papers or released code, where these say something about pictures.

    Steps, guidance scales and rates are those of `methods` at the sources each of them names; where a source
    optimises with plain descent, the rate is Adam's usual one here.
    """
    return {
        "sds": _task(method=SDS(), guidance_scale=100.0, steps=500, learning_rate=0.01),
        "sdi": _task(method=SDI(), guidance_scale=7.5, steps=500, learning_rate=0.01),
        "dds": _task(method=DDS.release(), guidance_scale=7.5, steps=200, learning_rate=0.02),
        "pds": _task(method=PDS(), guidance_scale=50.0, steps=500, learning_rate=0.1),
        "pds-consistent": _task(method=PDS.consistent(), guidance_scale=50.0, steps=500, learning_rate=0.1),
        "pds-identity": _task(
            method=PDS(coefficients=Identity(0.1)), guidance_scale=50.0, steps=500, learning_rate=0.1
        ),
        "ids": _task(method=IDS(), guidance_scale=7.5, steps=200, learning_rate=0.02),
        "infedit": _task(method=InfEdit.release(), guidance_scale=2.0, steps=15, learning_rate=1.0),
        "flowedit": _task(method=FlowEdit.sd3(), guidance_scale=13.5, optimizer="sgd", steps=33, learning_rate=0.025),
        "sdedit": _task(method=SDEdit(), guidance_scale=7.5),
        "ddim-inversion": _task(method=DDIMInversion(), guidance_scale=7.5),
        "ddpm-inversion": _task(method=DDPMInversion(), guidance_scale=15.0),
        "null-text": _task(method=NullText(), guidance_scale=7.5),
    }


@cache
def tuned() -> dict[str, Edit]:
    """The methods at the best settings that the search found."""
    found = json.loads(TUNED.read_text())["settings"] if TUNED.exists() else {}
    return {name: Edit.of({"source": "source", "target": "target", **settings}) for name, settings in found.items()}


def contestants(
    names: tuple[str, ...] = (),
    setting: str = "both",
    answers: bool = True,
    guidance_scales: tuple[float, ...] = (),
) -> list[Contestant]:
    """The bounds, and the methods named, or all; a name may be an expression, which runs as `potstill edit` would.

    Without `answers` only those bounds are there that need none. An expression runs at each of the guidance scales,
    if there are any.

    Raises:
        InputError: a name is no method, the search has not been run for it, or there are guidance scales and no
            expression.
    """
    if guidance_scales and not set(names) - published().keys():
        raise InputError(
            'guidance scales are of methods given as expressions, such as "DDS()"; a method by its name has its own'
        )
    chosen = [Contestant(name, "bound") for name in BOUNDS if answers or name in ("nothing", "caption")]
    for name in dict.fromkeys(names or published()):
        known = {"published": published().get(name), "tuned": tuned().get(name)}
        known = {key: task for key, task in known.items() if task is not None}
        if not known:
            stated = _task(method=from_text(name, Method | Baseline))
            at = [
                Contestant(name, f"guidance {s:g}", replace(stated, guidance_scale=s))
                for s in dict.fromkeys(guidance_scales)
            ]
            chosen += at or [Contestant(name, "stated", stated)]
            continue
        wanted = [key for key in known if setting in (key, "both")]
        if not wanted:
            raise InputError(f"{name} has no {setting} settings: take --settings {next(iter(known))}")
        chosen += [Contestant(name, key, known[key]) for key in wanted]
    return [*chosen, Contestant("potstill edit", "default", _task())] if not names else chosen
