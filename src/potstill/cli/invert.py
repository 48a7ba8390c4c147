"""potstill invert."""

from dataclasses import dataclass, field
from pathlib import Path

from potstill.cli.output import Model, Output, RunCommand
from potstill.tasks.images.inverting import Invert
from potstill.tasks.settings.schema import Positional


@dataclass(frozen=True, kw_only=True)
class InvertCommand(RunCommand):
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
