"""The two pictures of each method's page: points under an exact score, and an edit by the bundled model.

python -m documentation.pictures
"""

import warnings
from pathlib import Path

import torch
import tyro

from documentation.methods import beside, main_methods
from potstill.baselines import BASELINES
from potstill.errors import Note
from potstill.io.contact_sheet import contact_sheet
from potstill.io.files import writable_folder, write
from potstill.io.images import read_image
from potstill.methods import by_name
from potstill.priors.loading import load
from potstill.priors.prompts import PromptWarning
from potstill.tasks.images.editing import edit
from potstill.worlds import EditStudy, load_world
from training.gallery import small

FOLDER = Path("docs/pictures/methods")
HEART = Path(__file__).parents[1] / "docs/pictures/heart.png"


def world_picture(name: str) -> bytes:
    """A panel of the method and one of the method beside it, on moons, as `potstill world moons` runs them."""
    other = beside(name, by_name(name))
    study = EditStudy([(other, by_name(other)), (name, by_name(name))], world=load_world("moons"))
    return small(study.picture(study.run()))


def edit_picture(name: str, prior: object) -> bytes:
    """The source, and the result with the defaults of `potstill edit`."""
    source = read_image(HEART)
    result = edit(HEART, source="fluent red heart", target="fluent blue heart", model=prior, method=name)
    return contact_sheet(torch.cat([source, result.images]), 2, ["source: red heart", f"{name}: to be blue"], zoom=3)


def main(out: Path = FOLDER, only: tuple[str, ...] = ()) -> None:
    """Draw them.

    Args:
        out: the folder.
        only: names of methods; by default all.
    """
    warnings.simplefilter("ignore", PromptWarning)
    warnings.simplefilter("ignore", Note)
    folder, prior = writable_folder(out), load()
    for name in only or (*main_methods(), *BASELINES):
        if name not in BASELINES:
            write(folder / f"{name}-world.png", world_picture(name))
        write(folder / f"{name}-edit.png", edit_picture(name, prior))
        print(name)


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
