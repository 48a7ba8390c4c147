"""potstill generate."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from potstill.cli.output import Model, Output
from potstill.tasks.checkpoint import Saved
from potstill.tasks.generating import Generate


@dataclass(frozen=True)
class GenerateCommand:
    """Generate pictures from a prompt by score distillation.

    This shows what the methods do. For the best pictures of a model use its own sampler, `potstill sample`.

        potstill generate "red heart on a blue background"
        potstill generate "red heart on a blue background" --method sds --count 4

    Writes a PNG that carries all its settings (`potstill replay` runs them again), and a JSON file with the settings
    and the numbers of every step.
    """

    task: Generate
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("generate.png")))

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "GenerateCommand":
        """The command that a record describes."""
        return cls(Generate.from_record(record), Model.from_record(record["model"]))

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "GenerateCommand":
        """The command that a checkpoint belongs to."""
        return replace(
            cls.from_record(saved.record), model=Model.from_checkpoint(saved), output=Output.from_checkpoint(saved)
        )

    def run(self, resumed: Path | None = None) -> None:
        """Generate, write, print."""
        self.output.check()
        prior = self.model.load()
        run = self.task.start({}, prior, frame_count=self.output.frame_count)
        prior.release_text_encoders()
        self.output.run_and_write(run, self.model, resumed)
