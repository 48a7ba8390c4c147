"""The priors, each imported when it is used: pipelines pull in diffusers only when one is loaded."""

from .families import family
from .hub import ModelWarning
from .loading import load
from .mixture import Mixture
from .pipeline import Pipeline
from .prompts import PromptWarning

__all__ = ["Mixture", "ModelWarning", "Pipeline", "PromptWarning", "family", "load"]
