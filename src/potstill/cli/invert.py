"""potstill invert."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from potstill.cli.output import Model, Output, check_picture, picture
from potstill.tasks.checkpoint import Saved
from potstill.tasks.inverting import Invert


@dataclass(frozen=True)
class Command:
    """Find the noise that makes a picture from its prompt, and see how well the picture comes back.

    Writes a PNG with the source, the reconstruction and their difference (four times as strong), a JSON with
    the settings, every step and the PSNR, and the inverted latents as safetensors. The PNG carries its
    settings: `potstill replay` makes it again.

        potstill invert heart.png --prompt "red heart" --method ddim --steps 25
        potstill invert heart.png --prompt "red heart" --method null-text
    """

    image: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE")]
    """PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF; cropped and resized to the model's size, or to --size."""
    task: Invert
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("invert.png")))

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Command":
        """The command that a record describes."""
        return cls(picture(record), Invert.from_record(record), Model.of(record["model"]))

    @classmethod
    def again(cls, saved: Saved) -> "Command":
        """The command that a checkpoint is of."""
        return replace(cls.of(saved.record), model=Model.again(saved), output=Output.again(saved))

    def run(self, resumed: Path | None = None) -> None:
        """Invert, write, print."""
        check_picture(self.image)
        self.output.check()
        prior = self.model.load()
        run = self.task.start({"image": self.image}, prior, frame_count=self.output.frame_count)
        prior.release_text_encoders()
        self.output.write(run, self.model, resumed)
