"""Exact worlds: 2-D and 3-D points with a score in closed form, and studies of methods on them."""

from potstill.moved import renamed
from potstill.worlds.edit_study import EditStudy
from potstill.worlds.flow import Flow
from potstill.worlds.loading import load_world
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.score_field import score_field
from potstill.worlds.study import MethodRun, Study
from potstill.worlds.views_study import ViewMetrics, ViewsStudy
from potstill.worlds.world import SOURCE, TARGET, WORLDS, World

__getattr__ = renamed(__name__, {"Run": "MethodRun"})

__all__ = [
    "SOURCE",
    "TARGET",
    "WORLDS",
    "EditStudy",
    "Flow",
    "MethodRun",
    "Metrics",
    "Study",
    "ViewMetrics",
    "ViewsStudy",
    "World",
    "load_world",
    "measure",
    "score_field",
]
