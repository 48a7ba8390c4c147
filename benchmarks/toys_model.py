"""Whether the model of toys reaches its targets: the measures of `training.toys.measure`.

    python -m benchmarks.toys_model --out docs/results/toys-model.json

Takes some minutes, and some more to render the true pictures the first time. Exits with 1 if a target is missed.
"""

import sys

import tyro

from potstill.cli.console import to_json
from potstill.io.files import write
from training.card import reached
from training.sheet import open_prior
from training.toys.card import TARGETS, table
from training.toys.measure import Measure, measure, open_truth

settings = tyro.cli(Measure, description=__doc__)
numbers = measure(settings, open_prior(settings.model), open_truth(settings.truth))
if settings.out:
    write(settings.out, f"{to_json(numbers)}\n".encode())
print(table(numbers))
missed = [name for name, good in reached(numbers, TARGETS).items() if not good]
print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery target is reached")
sys.exit(bool(missed))
