"""What `import potstill` offers; each name is imported when it is used."""

from . import baselines, diffusion, methods, priors, scenes, worlds
from .diffusion.guidance import Guided
from .diffusion.mixture import Mixture
from .diffusion.prior import Condition, Prediction, Prior, Query, predict
from .diffusion.schedule import VP, Flow, Schedule, Tabulated
from .diffusion.view_prompts import ViewPrompts
from .diffusion.views import ByView
from .diffusion.wrappers import Clipped
from .distillation import Step, distill, surrogate_loss
from .errors import InputError, NotFiniteError, PotstillError
from .methods import DDS, PDS, SDI, SDS, Method, Source
from .priors import Pipeline
from .scenes import Cameras, Gaussians, Points, Scene, Volume
from .tasks.bibtex import citation
from .tasks.drawings.editing import edit_drawing
from .tasks.drawings.generating import generate_drawing
from .tasks.images.editing import edit, edit_steps
from .tasks.images.generating import generate, generate_steps
from .tasks.images.inverting import invert, invert_steps
from .tasks.images.prompt_sampling import sample
from .tasks.scenes.editing import edit_scene
from .tasks.scenes.generating import generate_scene
from .tasks.settings.models import load

__all__ = [
    "DDS",
    "PDS",
    "SDI",
    "SDS",
    "VP",
    "ByView",
    "Cameras",
    "Clipped",
    "Condition",
    "Flow",
    "Gaussians",
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
    "ViewPrompts",
    "Volume",
    "baselines",
    "citation",
    "diffusion",
    "distill",
    "edit",
    "edit_drawing",
    "edit_scene",
    "edit_steps",
    "generate",
    "generate_drawing",
    "generate_scene",
    "generate_steps",
    "invert",
    "invert_steps",
    "load",
    "methods",
    "predict",
    "priors",
    "sample",
    "scenes",
    "surrogate_loss",
    "worlds",
]
