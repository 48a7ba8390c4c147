"""The priors, each imported when it is used: pipelines pull in diffusers only when one is loaded."""

from .loading import load
from .mixture import Mixture
from .pipeline import Pipeline

__all__ = ["Mixture", "Pipeline", "load"]
