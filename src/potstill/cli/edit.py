"""potstill edit."""

from dataclasses import dataclass, field
from pathlib import Path

from potstill.cli.output import Model, Output, RunCommand
from potstill.tasks.images.editing import Edit
from potstill.tasks.settings.schema import Positional


@dataclass(frozen=True, kw_only=True)
class EditCommand(RunCommand):
    """Edit a picture with two prompts: one describes the picture, the other what it should become. For drawings
    see `potstill edit x.svg --help`, for 3-D scenes (.ply, .splat, .glb, .obj) `potstill edit x.ply --help`.

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
