"""Exact worlds: small enough to see, with a score that is known in closed form."""

from potstill.worlds.edit_study import EditStudy
from potstill.worlds.loading import load_world
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.study import Run, Study
from potstill.worlds.views_study import ViewMetrics, ViewsStudy
from potstill.worlds.world import SOURCE, TARGET, WORLDS, World

__all__ = [
    "SOURCE",
    "TARGET",
    "WORLDS",
    "EditStudy",
    "Metrics",
    "Run",
    "Study",
    "ViewMetrics",
    "ViewsStudy",
    "World",
    "load_world",
    "measure",
]
