"""Exact worlds: small enough to see, with a score that is known in closed form."""

from potstill.worlds.edit import EditStudy
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.study import Run, Study
from potstill.worlds.views import ViewMetrics, ViewsStudy
from potstill.worlds.world import SOURCE, TARGET, WORLDS, World, load_world

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
