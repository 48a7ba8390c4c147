"""potstill invert."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from potstill.cli.output import Model, Output, check_picture, picture
from potstill.tasks.checkpoint import Saved
from potstill.tasks.inverting import Invert
from potstill.tasks.schema import Positional


@dataclass(frozen=True)
class InvertCommand:
    """Find the noise that makes a picture from its prompt, and reconstruct the picture from it.

        potstill invert heart.png --prompt "red heart" --steps 25
        potstill invert heart.png --prompt "red heart" --method null-text

    Writes a PNG with the source, the reconstruction and their difference (four times as strong), a JSON file with the
    settings, every step and the PSNR, and the inverted latents as safetensors. `potstill replay` runs the PNG again.
    """

    image: Positional[Path]
    """The picture: PNG, JPEG, WebP, GIF, BMP, TIFF, PPM or AVIF. It is cropped and resized to the model's size, or to
    --size."""
    task: Invert
    model: Model = Model()
    output: Output = field(default_factory=lambda: Output(Path("invert.png")))

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "InvertCommand":
        """The command that a record describes."""
        return cls(picture(record), Invert.from_record(record), Model.from_record(record["model"]))

    @classmethod
    def from_checkpoint(cls, saved: Saved) -> "InvertCommand":
        """The command that a checkpoint belongs to."""
        return replace(
            cls.from_record(saved.record), model=Model.from_checkpoint(saved), output=Output.from_checkpoint(saved)
        )

    def run(self, resumed: Path | None = None) -> None:
        """Invert, write, print."""
        check_picture(self.image)
        self.output.check()
        prior = self.model.load()
        run = self.task.start({"image": self.image}, prior, frame_count=self.output.frame_count)
        prior.release_text_encoders()
        self.output.run_and_write(run, self.model, resumed)
