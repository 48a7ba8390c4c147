"""The tab Theorems: three identities with a slider each, computed on the spot."""

from dataclasses import dataclass

import torch

from potstill.diffusion.schedule import linear
from potstill.errors import InputError
from potstill.fields import check_number
from potstill.methods.coefficients import Coefficients, Consistent, Identity, Release
from potstill.web.calls import Answer, encoded, question
from potstill.web.runs import TURNS
from potstill.worlds import WORLDS, load_world
from potstill.worlds.theorem import Twins, theorem_1, theorem_3

_POINTS, _STEPS = 24, 20
_TIMES = 80


@dataclass(frozen=True, kw_only=True)
class Sigma:
    """A sigma on a world, as a share of the largest one."""

    share: float
    world: str = next(iter(WORLDS))
    guidance_scale: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """How PDS pairs its times, and the strength of a stated identity term."""

    stride: float = Release.stride
    strength: float = Identity.strength


def _paths(settings: Sigma, twins: Twins) -> Answer:
    """Both sides of a theorem as the page reads them: for each step all points."""
    world = load_world(settings.world)
    sides = {name: world.to_data(getattr(twins, name)) for name in ("sampled", "distilled")}
    data = {name: encoded(side.float().contiguous().numpy().tobytes(), "")["data"] for name, side in sides.items()}
    target = encoded(world.to_data(world.target).float().numpy().tobytes(), "")["data"]
    source = encoded(world.to_data(world.source).float().numpy().tobytes(), "")["data"]
    steps, points, _ = twins.sampled.shape
    return data | {"source": source, "target": target, "steps": steps, "points": points, "difference": twins.difference}


def _checked(settings: Sigma) -> Sigma:
    if settings.world not in WORLDS:
        raise InputError(f"unknown world {settings.world!r}: choose {', '.join(WORLDS)}")
    return settings


@question(Sigma)
def theorems_first(settings: Sigma) -> Answer:
    """DDIM sampling with this sigma, and score distillation with mixed noise."""
    world = load_world(_checked(settings).world)
    with TURNS.turn():
        numbers = {"guidance_scale": settings.guidance_scale, "points": _POINTS, "steps": _STEPS}
        (twins,) = theorem_1(world, [settings.share], **numbers)
    return _paths(settings, twins)


@question(Sigma)
def theorems_third(settings: Sigma) -> Answer:
    """The offset of an edit-friendly edit, and sequential DDS."""
    world = load_world(_checked(settings).world)
    with TURNS.turn():
        twins = theorem_3(world, settings.share, guidance_scale=settings.guidance_scale, points=_POINTS, steps=_STEPS)
    return _paths(settings, twins)


@question(Pairing)
def theorems_second(settings: Pairing) -> Answer:
    """psi and chi over the times, by the choices of coefficients."""
    check_number("stride", settings.stride, 0.001, 0.02, usual=str(Release.stride))
    schedule = linear()
    fractions = torch.linspace(settings.stride + 0.02, 0.98, _TIMES, dtype=torch.float64)
    chosen: dict[str, Coefficients] = {
        "release": Release(stride=settings.stride),
        "consistent": Consistent(stride=settings.stride),
        "identity": Identity(settings.strength, stride=settings.stride),
    }
    curves = {name: each(schedule, schedule.time(fractions)) for name, each in chosen.items()}
    return {
        "times": fractions.tolist(),
        "curves": {name: {"psi": psi.tolist(), "chi": chi.tolist()} for name, (psi, chi) in curves.items()},
    }


def choices() -> Answer:
    """Where the controls stand at first."""
    return {
        "worlds": [*WORLDS],
        "guidance": Sigma.guidance_scale,
        "pairing": {"stride": Release.stride, "strength": Identity.strength},
    }


SERVER = (theorems_first, theorems_second, theorems_third)
"""What the page may call."""
