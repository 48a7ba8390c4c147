"""The tab Worlds: points that flow under several methods side by side."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.fields import check_count
from potstill.methods import PDS, Method, by_name, named
from potstill.methods.coefficients import Identity
from potstill.methods.noise import Fixed, Fresh, Inverted, Mixed, NoiseSource, Previous
from potstill.methods.times import Annealed, Uniform
from potstill.tasks.settings.parsing import to_text
from potstill.web import limits
from potstill.web.calls import Answer, decoded, encoded, question, uploaded
from potstill.web.code import code_of
from potstill.web.runs import TURNS, Runs
from potstill.worlds import WORLDS, EditStudy, LiveStudy, World, load_world, score_field
from potstill.worlds.study import small_tensors

NOISES: dict[str, NoiseSource | None] = {
    "own": None,
    "fresh": Fresh(),
    "fixed": Fixed(),
    "previous": Previous(),
    "mixed": Mixed(),
    "inverted": Inverted(),
}


@dataclass(frozen=True)
class VisitorFlow:
    """A flow, and the methods that its visitor chose, by name."""

    flow: LiveStudy
    chosen: tuple[str, ...]


FLOWS: Runs[VisitorFlow] = Runs()
_LATTICE = 19
"""Arrows along a side."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """The settings that can change during a run."""

    guidance_scale: float = EditStudy.guidance_scale
    learning_rate: float = EditStudy.learning_rate
    noise: Literal["own", "fresh", "fixed", "previous", "mixed", "inverted"] = "own"
    share: float = Mixed.share
    """Of mixed noise."""
    identity: float | None = None
    """The identity strength of PDS; None keeps its own coefficients."""
    times: Literal["own", "random", "falling"] = "own"
    low: float = Uniform.low
    high: float = Uniform.high

    def method(self, name: str) -> tuple[str, Method]:
        """The method of that name with these settings, and how it is displayed."""
        method = base = by_name(name)
        if self.identity is not None and method == PDS():
            method = replace(method, coefficients=Identity(self.identity))
        if noise := Mixed(self.share) if self.noise == "mixed" else NOISES[self.noise]:
            method = replace(method, noise=noise)
        if self.times != "own":
            sampler = Uniform if self.times == "random" else Annealed
            method = replace(method, times=sampler(self.low, self.high))
        return (name if method == base else to_text(method)), method


@dataclass(frozen=True, kw_only=True)
class Begin(Live):
    """A new run."""

    methods: tuple[str, ...]
    world: str = next(iter(WORLDS))
    csv: str = ""
    """The points instead of a world, as a table x,y,label."""
    points: int = EditStudy.points
    steps: int = EditStudy.steps
    seed: int = EditStudy.seed
    run: str = ""
    """The visitor's earlier run, which ends."""


@dataclass(frozen=True, kw_only=True)
class Advance(Live):
    """The next frame of a run, after a number of steps."""

    run: str
    steps: int = 1
    judge: bool = False
    """Whether to say what is to be seen."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The score at a time, a fraction of the schedule."""

    run: str
    time: float


@dataclass(frozen=True, kw_only=True)
class Take:
    """A file of a run."""

    run: str
    kind: Literal["png", "gif", "json", "csv", "py"]


def _world(settings: Begin) -> World:
    if not settings.csv:
        if settings.world not in WORLDS:
            raise InputError(f"unknown world {settings.world!r}: choose {', '.join(WORLDS)}, or draw one")
        return load_world(settings.world)
    with uploaded(decoded(settings.csv, "points.csv"), "points.csv") as path:
        world = load_world(path)
    count = len(world.source) + len(world.target)
    if count > limits.CENTRES:
        raise InputError(f"points.csv holds {count:,} points: give at most {limits.CENTRES:,}")
    return world


@question(Begin)
def worlds_begin(settings: Begin) -> Answer:
    """Stand at the start of a run."""
    check_count("points", settings.points, limits.POINTS)
    check_count("steps", settings.steps, limits.STEPS)
    check_count("methods", len(settings.methods), limits.PANELS)
    with TURNS.turn():
        study = EditStudy(
            [settings.method(name) for name in settings.methods],
            world=_world(settings),
            **{
                name: getattr(settings, name) for name in ("guidance_scale", "learning_rate", "points", "steps", "seed")
            },
        )
        flow = LiveStudy(study)
        name = FLOWS.add(VisitorFlow(flow, settings.methods), settings.run)
        return {"run": name, **_scenery(flow), **_frame(flow, judge=False)}


@question(Take)
def worlds_find(settings: Take) -> Answer:
    """A run that is under way, after a reload."""
    flow = FLOWS.get(settings.run).flow
    with TURNS.turn():
        return {"run": settings.run, **_scenery(flow), **_frame(flow, judge=flow.step > 0)}


@question(Advance)
def worlds_advance(settings: Advance) -> Answer:
    """Take what has changed, then steps, as many as were asked for and fit into this visitor's share of time."""
    shown = FLOWS.get(settings.run)
    flow = shown.flow
    check_count("steps", settings.steps, limits.STEPS, least=0)
    with TURNS.turn() as waiting:
        if changes := _changes(shown, settings):
            flow.change(**changes)
        ends = time.perf_counter() + limits.SHARE
        for _ in range(settings.steps):
            if not flow.advance() or time.perf_counter() > ends:
                break
        return {"waiting": waiting, **_frame(flow, settings.judge)}


def _changes(shown: VisitorFlow, settings: Live) -> dict[str, Any]:
    """What differs from the run's settings as they are."""
    wanted: dict[str, Any] = {
        "methods": [settings.method(name) for name in shown.chosen],
        "guidance_scale": settings.guidance_scale,
        "learning_rate": settings.learning_rate,
    }
    return {name: value for name, value in wanted.items() if value != getattr(shown.flow.study, name)}


def _scenery(flow: LiveStudy) -> Answer:
    """What stays the same during a run."""
    world = flow.study.world
    return {
        "world": world.name,
        "classes": world.classes,
        "source": _floats(world.to_data(world.source)),
        "target": _floats(world.to_data(world.target)),
        "start": _floats(world.to_data(flow.lanes[0].path[0])),
        "total": flow.study.steps,
    }


def _frame(flow: LiveStudy, judge: bool) -> Answer:
    names = [name for name, _ in flow.study.methods]
    panels = [
        {
            "name": name,
            "points": _floats(flow.study.world.to_data(lane.points)),
            "evaluations": evaluations,
            "verdict": _verdict(flow, index) if judge else None,
        }
        for index, (name, lane, evaluations) in enumerate(zip(names, flow.lanes, flow.evaluations(), strict=True))
    ]
    return {"step": flow.step, "done": flow.step == flow.study.steps, "panels": panels}


def _verdict(flow: LiveStudy, index: int) -> Answer:
    metrics = flow.metrics(flow.lanes[index])
    early = flow.step < flow.study.steps and metrics.outcome in ("drifts", "nears") and metrics.transport_ratio < 1
    return {
        "outcome": "underway" if early else metrics.outcome,
        "spread": metrics.spread_left,
        "ratio": metrics.transport_ratio,
        "distance": metrics.target_distance,
    }


def _floats(points: Float[Tensor, "n 2"]) -> str:
    """Coordinates as the page reads them: float32 in base64."""
    return str(encoded(points.float().contiguous().numpy().tobytes(), "")["data"])


@question(Field)
def worlds_score(settings: Field) -> Answer:
    """The score on a lattice over the world and its surroundings."""
    flow = FLOWS.get(settings.run).flow
    world = flow.study.world
    both = torch.cat([world.source, world.target])
    low, high = both.amin(0), both.amax(0)
    middle, half = (low + high) / 2, 0.9 * (high - low).max()
    side = torch.linspace(-1, 1, _LATTICE, dtype=both.dtype)
    points = middle + half * torch.cartesian_prod(side, side)
    with TURNS.turn(), small_tensors():
        scores = score_field(flow.study, settings.time, points)
    return {"points": _floats(world.to_data(points)), "scores": _floats(scores)}


@question(Take)
def worlds_take(settings: Take) -> Answer:
    """A file of the run as it is."""
    flow = FLOWS.get(settings.run).flow
    name = f"{flow.study.world.name}.{settings.kind}"
    with TURNS.turn():
        return encoded(_file(flow, settings.kind), name)


def _file(flow: LiveStudy, kind: str) -> bytes:
    if kind == "py":
        return code_of(flow).encode()
    if kind == "csv":
        return table(flow.study.world).encode()
    if kind == "json":
        return json.dumps(flow.document(), indent=2, allow_nan=False).encode()
    return flow.picture() if kind == "png" else flow.animation()


def table(world: World) -> str:
    """The points of a world as CSV, in the units of its data; reading it gives the world again."""
    rows = [f"{x!r},{y!r},{label}" for label, x, y in _labelled(world)]
    return "\n".join(["x,y,label", *rows, ""])


def _labelled(world: World) -> Sequence[tuple[int, float, float]]:
    classes = ((1, world.source), (2, world.target))
    return [(label, x, y) for label, centres in classes for x, y in world.to_data(centres).tolist()]


def choices() -> Answer:
    """What the controls offer, and where they stand at first: every value is the library's own."""
    live = {field.name: field.default for field in fields(Live)}
    return {
        "worlds": [*WORLDS],
        "methods": [*named()],
        "first": ["sds", "dds", "pds", "pds-consistent"],
        "noises": [*NOISES],
        "live": live | {"identity": Identity.strength},
        "begin": {"points": EditStudy.points, "steps": EditStudy.steps, "seed": EditStudy.seed},
        "limits": {"points": limits.POINTS, "steps": limits.STEPS, "centres": limits.CENTRES, "panels": limits.PANELS},
    }


SERVER = (worlds_begin, worlds_find, worlds_advance, worlds_score, worlds_take)
"""What the page may call."""
