"""The tab Pictures: edits of a picture by up to four methods side by side, watched while they run."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Shaped

from potstill.bench.emoji_pairs import Pair, emoji_pairs, select_evenly
from potstill.fields import check_count
from potstill.io.decode import arrays
from potstill.tasks.images.editing import Edit
from potstill.web.calls import Answer, decoded, question, uploaded
from potstill.web.edit_tab import EditTab
from potstill.web.watching import BeginTask, Nothing, edit_methods, picture, words

_EXAMPLES = 24
TAB = EditTab("pictures", Edit, edit_methods, lambda result: result.pngs()[0], ".png")
pictures_find, pictures_advance, pictures_take = TAB.questions()


@dataclass(frozen=True, kw_only=True)
class BeginEdit(BeginTask):
    """A new edit."""

    picture: str = ""
    """A data URL; empty for an example."""
    example: int = 0
    mask: str = ""
    """A data URL of a picture as large, white where to edit."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A picture that may hold settings."""

    picture: str


@cache
def _examples() -> list[Pair]:
    chosen = select_evenly(emoji_pairs(), _EXAMPLES)
    return sorted(chosen, key=lambda pair: "heart" not in pair.source_prompt)  # what is understood at once comes first


def _pixels(data: str, name: str) -> Shaped[np.ndarray, "h w c"]:
    with uploaded(decoded(data, name), name) as path:
        return arrays(path, colour=name != "mask.png")[0]


@question(Nothing)
def pictures_examples(settings: Nothing) -> Answer:
    """Pictures to begin with, with two prompts each, and the words that the model knows."""
    examples = [
        {"source": pair.source_prompt, "target": pair.target_prompt, "data": picture(pair.source)}
        for pair in _examples()
    ]
    return {"examples": examples, "words": words()}


@question(Upload)
def pictures_settings(settings: Upload) -> Answer:
    """The settings of an edit in a picture of potstill, as the page states them; nothing for any other picture."""
    return TAB.found(settings.picture)


@question(BeginEdit)
def pictures_begin(settings: BeginEdit) -> Answer:
    """Be ready for the first step of every method."""
    check_count("example", settings.example, len(_examples()) - 1, least=0)
    inputs: dict[str, Any] = {"image": _examples()[settings.example].source}
    if settings.picture:
        inputs["image"] = _pixels(settings.picture, "picture.png")
    if settings.mask:
        inputs["mask"] = _pixels(settings.mask, "mask.png")
    return TAB.begin(settings, inputs)


SERVER = (pictures_examples, pictures_settings, pictures_begin, pictures_find, pictures_advance, pictures_take)
"""What the page may call."""
