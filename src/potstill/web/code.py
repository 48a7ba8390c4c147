"""The lines of Python that make a picture of a flow again, to the byte."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from potstill.methods import Method
from potstill.worlds import WORLDS, EditStudy, LiveStudy
from potstill.worlds.live_study import Change

_HEAD = """\
from pathlib import Path
from potstill.methods import Method
from potstill.tasks.settings.parsing import from_text
from potstill.worlds import EditStudy, LiveStudy, load_world
"""


def code_of(flow: LiveStudy) -> str:
    """A program that writes the picture of the flow as it is; points that were drawn are read from points.csv."""
    study = flow.study
    world = study.world.name if study.world.name in WORLDS else f"{study.world.name}.csv"
    stated = {name: getattr(study, name) for name in ("points", "steps", "seed")}
    begun, changes = _history(flow)
    stated |= {name: begun[name] for name in ("guidance_scale", "learning_rate")}
    settings = ", ".join(f"{name}={value!r}" for name, value in stated.items() if value != getattr(EditStudy, name))
    lines = [
        f"texts = {_texts(begun['methods'])!r}",
        "methods = [(text, from_text(text, Method)) for text in texts]",
        f"study = EditStudy(methods, world=load_world({world!r}){f', {settings}' if settings else ''})",
        "flow = LiveStudy(study)",
    ]
    for here, after in pairwise([*changes, Change(flow.step, {})]):
        if here.settings:
            lines.append(f"flow.change({_stated(here)})")
        if after.step > here.step:
            lines.append(f"flow.advance({after.step - here.step})")
    lines.append(f"Path({f'{study.world.name}.png'!r}).write_bytes(flow.picture())")
    return _HEAD + "\n".join(lines) + "\n"


def _texts(methods: Sequence[tuple[str, Method]]) -> list[str]:
    return [name for name, _ in methods]


def _stated(change: Change) -> str:
    parts = []
    for name, value in change.settings.items():
        if name == "methods":
            value = f"[(text, from_text(text, Method)) for text in {_texts(value)!r}]"
            parts.append(f"methods={value}")
        else:
            parts.append(f"{name}={value!r}")
    return ", ".join(parts)


def _history(flow: LiveStudy) -> tuple[dict[str, Any], list[Change]]:
    """The settings at the beginning, and the changes after it, those at one step as one."""
    merged: dict[int, dict[str, Any]] = {0: {}}
    for step, settings in flow.changes:
        merged.setdefault(step, {}).update(settings)
    return flow.begun | merged.pop(0), [Change(0, {}), *(Change(step, kept) for step, kept in merged.items())]
