"""What `import potstill` offers; each name is imported when it is used."""

from . import inversion, methods, noise, priors, sampling, scenes, schedule, times, weights, worlds
from .citation import citation
from .distill import Step, distill, surrogate_loss
from .errors import InputError, NotFiniteError, PotstillError
from .methods import DDS, PDS, SDI, SDS, Method, Source
from .prior import Clipped, Condition, Guided, Prediction, Prior, Query, predict
from .priors import Mixture
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
    "citation",
    "distill",
    "inversion",
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
