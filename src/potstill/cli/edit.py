"""potstill edit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from potstill.cli.output import Model, Output, check_picture, picture
from potstill.tasks.checkpoint import Saved
from potstill.tasks.editing import Edit


@dataclass(frozen=True)
class Command:
    """Edit a picture with two prompts: what it shows, and what it should show.

    What both prompts agree on stays, and what they differ in changes; how much of the picture is kept
    depends on the method (`potstill methods`). Write both prompts alike but for the change:

        potstill edit heart.png --source "red heart" --target "blue heart"

    Writes the PNG, which carries all its settings (`potstill replay` runs them again), and a JSON with the
    settings and every step.
    """

    image: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]
    """PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF; cropped and resized to the model's size, or to --size."""
    task: Edit
    mask: Path | None = None
    """Edit only where this picture, as large as IMAGE, is white."""
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("edit.png")))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Command":
        """The command that a record describes."""
        mask = record.get("mask", {}).get("path")
        task = Edit.from_record(record)
        return cls(picture(record), task, Path(mask) if mask else None, Model.of(record["model"]))

    @classmethod
    def again(cls, saved: Saved) -> "Command":
        """The command that a checkpoint is of."""
        return replace(cls.of(saved.record), model=Model.again(saved), output=Output.again(saved))

    def run(self, resumed: Path | None = None) -> None:
        """Edit, write, print."""
        check_picture(self.image)
        self.output.check()
        prior = self.model.load()
        inputs = {"image": self.image} if self.mask is None else {"image": self.image, "mask": self.mask}
        run = self.task.start(inputs, prior, frame_count=self.output.frame_count)
        prior.release_text_encoders()
        self.output.write(run, self.model, resumed)
