"""Exact worlds: 2-D and 3-D points with a score in closed form, and studies of methods on them."""

from potstill.moved import renamed
from potstill.worlds.arrows import score_field
from potstill.worlds.edit_study import EditStudy
from potstill.worlds.live_study import LiveStudy
from potstill.worlds.loading import load_world
from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.study import MethodRun, Study
from potstill.worlds.views_study import ViewMetrics, ViewsStudy
from potstill.worlds.world import SOURCE, TARGET, WORLDS, World

__getattr__ = renamed(__name__, {"Run": "MethodRun"})

__all__ = [
    "SOURCE",
    "TARGET",
    "WORLDS",
    "EditStudy",
    "LiveStudy",
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
