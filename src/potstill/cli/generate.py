"""potstill generate."""

from dataclasses import dataclass, field
from pathlib import Path

from potstill.cli.output import Model, Output, RunCommand
from potstill.tasks.images.generating import Generate


@dataclass(frozen=True, kw_only=True)
class GenerateCommand(RunCommand):
    """Generate pictures from a prompt by score distillation. For drawings see
    `potstill generate --scene paths --help`, for 3-D scenes `potstill generate --scene gaussians --help`. This shows
    what the methods do; for the best pictures of a model use its own sampler, `potstill sample`.

        potstill generate "red heart on a blue background"
        potstill generate "red heart on a blue background" --method sds --count 4

    Writes a PNG that carries all its settings (`potstill replay` runs them again), and a JSON file with the settings
    and the numbers of every step.
    """

    task: Generate
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("generate.png")))
