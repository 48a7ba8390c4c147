"""potstill generate."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from potstill.cli.output import Model, Output
from potstill.tasks.checkpoint import Saved
from potstill.tasks.generating import Generate


@dataclass(frozen=True)
class Command:
    """Generate pictures from a prompt by score distillation: noise is optimised until the model likes it.

    This is how the methods are looked at and compared on pictures; for the best picture of the model take
    its own sampler, `potstill sample`.

        potstill generate "red heart on a blue background" --method sds --count 4

    Writes the PNG, which carries all its settings (`potstill replay` runs them again), and a JSON with the
    settings and every step.
    """

    task: Generate
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("generate.png")))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Command":
        """The command that a record describes."""
        return cls(Generate.from_record(record), Model.of(record["model"]))

    @classmethod
    def again(cls, saved: Saved) -> "Command":
        """The command that a checkpoint is of."""
        return replace(cls.of(saved.record), model=Model.again(saved), output=Output.again(saved))

    def run(self, resumed: Path | None = None) -> None:
        """Generate, write, print."""
        self.output.check()
        prior = self.model.load()
        run = self.task.start({}, prior, frame_count=self.output.frame_count)
        prior.release_text_encoders()
        self.output.write(run, self.model, resumed)
