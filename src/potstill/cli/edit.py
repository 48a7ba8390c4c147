"""potstill edit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from potstill.cli.output import Model, Output, check_picture, picture
from potstill.tasks.checkpoint import Saved
from potstill.tasks.editing import Edit
from potstill.tasks.schema import Positional


@dataclass(frozen=True)
class EditCommand:
    """Edit a picture with two prompts: one describes the picture, the other what it should become.

    What the prompts have in common is kept, and what differs is changed, so write them alike except for the change.
    How much of the picture is kept depends on the method.

        potstill edit heart.png --source "red heart" --target "blue heart"
        potstill edit heart.png --source "red heart" --target "blue heart" --method pds --steps 400

    Writes a PNG that carries all its settings (`potstill replay` runs them again), and a JSON file with the settings
    and the numbers of every step.
    """

    image: Positional[Path]
    """The picture: PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF. It is cropped and resized to the model's size, or to
    --size."""
    task: Edit
    mask: Path | None = None
    """Edit only where this picture is white; it has the size of IMAGE."""
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("edit.png")))

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "EditCommand":
        """The command that a record describes."""
        mask = record.get("mask", {}).get("path")
        task = Edit.from_record(record)
        return cls(picture(record), task, Path(mask) if mask else None, Model.from_record(record["model"]))

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "EditCommand":
        """The command that a checkpoint belongs to."""
        return replace(
            cls.from_record(saved.record), model=Model.from_checkpoint(saved), output=Output.from_checkpoint(saved)
        )

    def run(self, resumed: Path | None = None) -> None:
        """Edit, write, print."""
        check_picture(self.image)
        self.output.check()
        prior = self.model.load()
        inputs = {"image": self.image} if self.mask is None else {"image": self.image, "mask": self.mask}
        run = self.task.start(inputs, prior, frame_count=self.output.frame_count)
        prior.release_text_encoders()
        self.output.run_and_write(run, self.model, resumed)
