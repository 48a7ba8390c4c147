"""What `import potstill` offers; each name is imported when it is used."""

from . import baselines, inversion, methods, noise, priors, sampling, scenes, schedule, times, weights, worlds
from .citation import citation
from .distill import Step, distill, surrogate_loss
from .edit import edit, edit_steps
from .errors import InputError, NotFiniteError, PotstillError
from .generate import generate, generate_steps
from .invert import invert, invert_steps
from .methods import DDS, PDS, SDI, SDS, Method, Source
from .prior import Clipped, Condition, Guided, Prediction, Prior, Query, predict
from .priors import Mixture, Pipeline, load
from .sampling import sample
from .scenes import Points, Scene
from .schedule import VP, Flow, Schedule, Tabulated

__all__ = [
    "DDS",
    "PDS",
    "SDI",
    "SDS",
    "VP",
    "Clipped",
    "Condition",
    "Flow",
    "Guided",
    "InputError",
    "Method",
    "Mixture",
    "NotFiniteError",
    "Pipeline",
    "Points",
    "PotstillError",
    "Prediction",
    "Prior",
    "Query",
    "Scene",
    "Schedule",
    "Source",
    "Step",
    "Tabulated",
    "baselines",
    "citation",
    "distill",
    "edit",
    "edit_steps",
    "generate",
    "generate_steps",
    "inversion",
    "invert",
    "invert_steps",
    "load",
    "methods",
    "noise",
    "predict",
    "priors",
    "sample",
    "sampling",
    "scenes",
    "schedule",
    "surrogate_loss",
    "times",
    "weights",
    "worlds",
]
