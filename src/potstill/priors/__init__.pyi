"""The priors, each imported when it is used: pipelines pull in diffusers only when one is loaded."""

import potstill.diffusion.mixture

from .families import family
from .hub import ModelWarning
from .loading import load
from .pipeline import Pipeline
from .prompts import PromptWarning

Mixture = potstill.diffusion.mixture.Mixture

__all__ = ["Mixture", "ModelWarning", "Pipeline", "PromptWarning", "family", "load"]
