"""Exact worlds: small enough to see, with a score that is known in closed form."""

from potstill.worlds.metrics import Metrics, measure
from potstill.worlds.run import Run, run_world
from potstill.worlds.world import SOURCE, TARGET, WORLDS, World, load_world

__all__ = ["SOURCE", "TARGET", "WORLDS", "Metrics", "Run", "World", "load_world", "measure", "run_world"]
