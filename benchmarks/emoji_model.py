"""Whether the bundled model reaches its targets: the measures of `training.measure`.

    python -m benchmarks.emoji_model --out docs/results/emoji-model.json

Takes some minutes and needs the drawings of `make model-data`. Exits with 1 if a target is missed.
"""

import sys

import tyro

from potstill.cli.console import to_json
from potstill.io.files import write
from training import data
from training.card import reached, table
from training.measure import Measure, measure
from training.sheet import open_prior

settings = tyro.cli(Measure, description=__doc__)
numbers = measure(settings, open_prior(settings.model), data.load(settings.data))
if settings.out:
    write(settings.out, f"{to_json(numbers)}\n".encode())
print(table(numbers))
missed = [name for name, good in reached(numbers).items() if not good]
print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery target is reached")
sys.exit(bool(missed))
