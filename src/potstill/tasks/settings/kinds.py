"""The kinds of components, with the final classes of each, and what they are called in text and in messages."""

import inspect
import re
from typing import get_args

from potstill.baselines import BASELINES, INVERSIONS, Baseline, InversionBaseline
from potstill.diffusion.guidance import GUIDANCE_RULES, GuidanceRule
from potstill.diffusion.view_prompts import ViewPrompts
from potstill.diffusion.views import PassEntries, ViewReading
from potstill.methods import Coefficients, Editing, Generating, Method, named
from potstill.methods.bank import DrawBank
from potstill.methods.coefficients import COEFFICIENTS
from potstill.methods.finish import FINISHES, Finish
from potstill.methods.noise import NOISE_SOURCES, NoiseSource
from potstill.methods.render_model import RENDER_MODELS, RenderModel
from potstill.methods.times import TIMESTEP_SAMPLERS, TimestepSampler
from potstill.methods.weighting import WEIGHTS, Weight
from potstill.scenes import (
    Background,
    Held,
    Opaqueness,
    Orientation,
    RandomColour,
    Regularizer,
    ScaleLimit,
    SolidColour,
    Sparsity,
)
from potstill.scenes.snapshots import ROUTES, Route
from potstill.vectors.regularizers import CurveRegularizer, KeepArea, NoCrossing, Smooth

KINDS: dict[type, tuple[type, ...]] = {
    Method: (*get_args(Generating), *get_args(Editing)),
    Baseline: tuple(map(type, BASELINES.values())),
    InversionBaseline: tuple(map(type, INVERSIONS.values())),
    NoiseSource: (*NOISE_SOURCES, DrawBank),
    Weight: WEIGHTS,
    TimestepSampler: TIMESTEP_SAMPLERS,
    Coefficients: COEFFICIENTS,
    Finish: FINISHES,
    RenderModel: RENDER_MODELS,
    GuidanceRule: GUIDANCE_RULES,
    Background: (SolidColour, RandomColour),
    Route: ROUTES,
    Regularizer: (Sparsity, Opaqueness, Orientation, Held, ScaleLimit),
    CurveRegularizer: (NoCrossing, Smooth, KeepArea),
    ViewReading: (ViewPrompts, PassEntries),
}
"""The classes that can be named in text. A plugin adds its own; any other class of a user's is used by passing an
instance in Python."""
NOTHING: dict[type, str] = {Finish: "Untouched"}
"""The class that `none`, in any case, stands for where a kind has one that does nothing."""
EARLIER = {
    "bank": "drawbank",
    "exact": "empirical",
    "lowrank": "loramodel",
    "lowrankorexact": "defaultrendermodel",
    "mixedeta": "ddimnoise",
    "narrowing": "shrinkingrange",
    "perpendicular": "perpneg",
    "releaseoridentity": "defaultcoefficients",
    "renders": "render_model",
    "rescale": "rescaled",
    "within": "interval",
}
"""Earlier names of classes, in lower case, and of fields, which earlier records hold."""


def named_presets(*kinds: type) -> dict[str, Method | Baseline]:
    """The methods and baselines of these kinds that have a name on the command line."""
    everything = named() | (INVERSIONS if kinds == (InversionBaseline,) else BASELINES)
    return {name: method for name, method in everything.items() if isinstance(method, kinds)}


def classes_of(kind: type) -> dict[str, type]:
    """The final classes of a kind by their names; a final class is its own only one."""
    return {cls.__name__: cls for cls in KINDS.get(kind, () if inspect.isabstract(kind) else (kind,))}


def names_of(*kinds: type) -> list[str]:
    """What may be written for the kinds: class names, and for methods their names on the command line."""
    classes = {name: cls for kind in kinds for name, cls in classes_of(kind).items() if not issubclass(cls, Baseline)}
    lower = {name.lower() if issubclass(cls, Method) else name for name, cls in classes.items()}
    return sorted({*named_presets(*kinds), *lower})


def noun(kind: type) -> str:
    """A kind in words: `noise source`; a final class by its name."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower() if inspect.isabstract(kind) else kind.__name__


def a_noun(kind: type) -> str:
    """As `noun`, with an article where there is one."""
    return noun(kind) if noun(kind)[-1] in "sS" else f"a {noun(kind)}"
