"""The figures of docs/results/gallery.md: every method on three exact worlds and on five edits with the bundled model.

python -m training.gallery
"""

import io
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import tyro
from PIL import Image

from potstill.cli.console import step_progress
from potstill.io.contact_sheet import contact_sheet
from potstill.io.files import writable_folder, write
from potstill.methods import by_name, named
from potstill.methods.finish import Untouched
from potstill.priors.loading import load
from potstill.priors.prompts import PromptWarning
from potstill.tasks.images.editing import Edit
from potstill.worlds import EditStudy, load_world
from training.picture import draw

WORLDS = ("moons", "blobs", "rings")
EDITS = {
    "heart": ("fluent/red-heart", "white", "fluent red heart", "fluent blue heart"),
    "apple": ("noto/red-apple", "white", "noto red apple", "noto green apple"),
    "background": ("fluent/star", "blue", "fluent star on a blue background", "fluent star on a red background"),
    "animal": ("fluent/cat-face", "white", "fluent cat face", "fluent dog face"),
    "face": ("noto/grinning-face", "white", "noto grinning face", "noto crying face"),
}
"""A drawing, its background, its caption, and the target caption."""
METHODS = {name: method for name, method in named().items() if "-" not in name}
"""Every method with its defaults."""
PER_ROW = 7


@dataclass(frozen=True)
class Gallery:
    """The settings of the gallery."""

    out: Path = Path("docs/pictures/gallery")
    """The folder."""
    data: Path = Path("build/emoji/icons.safetensors")
    """The drawings of `training.data`."""
    steps: int = 30
    """Steps of each edit; each world takes twenty times as many."""
    guidance_scale: float = 7.5
    learning_rate: float = 0.06
    """Learning rate of the edits, three times the default, for fewer steps than usual."""
    seed: int = 0


def worlds(gallery: Gallery) -> None:
    """A panel per method; and SDS and VSD without guidance."""
    everywhere = [(name, name, list(METHODS), gallery.guidance_scale) for name in WORLDS]
    for picture, name, methods, guidance_scale in [*everywhere, ("rings-guidance-1", "rings", ["sds", "vsd"], 1.0)]:
        study = EditStudy(
            [(method, by_name(method)) for method in methods],
            guidance_scale,
            points=100,
            steps=20 * gallery.steps,
            seed=gallery.seed,
            learning_rate=0.025,
            world=load_world(name),
        )
        with step_progress() as show:
            runs = study.run(show)
        write(gallery.out / f"{picture}.png", small(study.picture(runs)))


def edits(gallery: Gallery) -> None:
    """A sheet per edit: the source, then the result of each method with its share of changed pixels."""
    prior = load()
    for name, (key, background, source, target) in EDITS.items():
        image = draw(key, background, gallery.data)
        images, captions = [image], [f"source, to become {target}"]
        for label, method in METHODS.items():
            task = Edit(
                source=source,
                target=target,
                method=method,
                steps=gallery.steps,
                guidance_scale=gallery.guidance_scale,
                learning_rate=gallery.learning_rate,
                seed=gallery.seed,
                finish=Untouched(),
            )
            with step_progress() as show:
                images.append(task.start({"image": image}, prior).finish(partial(show, label)).images)
            changed = ((images[-1] - image).abs().amax(1) > 0.1).float().mean()
            captions.append(f"{label}: {changed:.0%} changed")
        write(gallery.out / f"edit-{name}.png", contact_sheet(torch.cat(images), PER_ROW, captions, zoom=2))


def small(png: bytes) -> bytes:
    """The PNG with 64 colours, which is enough for plots of points."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def main(gallery: Gallery) -> None:
    """Draw everything."""
    writable_folder(gallery.out)
    warnings.simplefilter("ignore", PromptWarning)
    edits(gallery)
    worlds(gallery)


if __name__ == "__main__":
    main(tyro.cli(Gallery, description=__doc__))
