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
from potstill.web import limits
from potstill.web.calls import Answer, decoded, encoded, question, uploaded
from potstill.web.runs import TURNS, Runs
from potstill.web.watching import (
    BeginTask,
    Nothing,
    TakeFile,
    Visit,
    Watched,
    edit_methods,
    following,
    found_settings,
    model,
    name_of,
    noted,
    picture,
    total_steps,
    words,
)

_EXAMPLES = 24
EDITS: Runs[Visit] = Runs()
pictures_find, pictures_advance = following("pictures", EDITS)


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
    return found_settings(Edit, edit_methods(), settings.picture, "picture.png")


@question(BeginEdit)
def pictures_begin(settings: BeginEdit) -> Answer:
    """Be ready for the first step of every method."""
    check_count("example", settings.example, len(_examples()) - 1, least=0)
    inputs: dict[str, Any] = {"image": _examples()[settings.example].source}
    if settings.picture:
        inputs["image"] = _pixels(settings.picture, "picture.png")
    if settings.mask:
        inputs["mask"] = _pixels(settings.mask, "mask.png")
    prompts = {"source": settings.source, "target": settings.target}
    with TURNS.turn(), noted() as notes:
        tasks = settings.tasks(Edit, edit_methods(), limits.EDIT_STEPS, **prompts)
        started = {name: (task.start(inputs, model()), total_steps(task)) for name, task in tasks.items()}
    runs = [Watched(name, run, total, run.preview) for name, (run, total) in started.items()]
    before = runs[0].run.source
    assert before is not None
    visit = Visit(runs, notes, lambda: before)
    return {"run": EDITS.add(visit, settings.run), **visit.whole()}


@question(TakeFile)
def pictures_take(settings: TakeFile) -> Answer:
    """The picture of a method as it is, with its settings inside."""
    watched = EDITS.get(settings.run).run(settings.index)
    with TURNS.turn():
        return encoded(watched.result().pngs()[0], f"{watched.name}.png")


def choices() -> Answer:
    """What the controls offer, and where they stand at first."""
    return {
        "methods": [*edit_methods()],
        "first": name_of(Edit.method, edit_methods()),
        "begin": {"guidance_scale": Edit.default_guidance_scale, "seed": Edit.seed},
        "limits": {"panels": limits.PANELS, "steps": limits.EDIT_STEPS},
    }


SERVER = (pictures_examples, pictures_settings, pictures_begin, pictures_find, pictures_advance, pictures_take)
"""What the page may call."""
