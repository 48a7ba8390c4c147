"""What a task works on: pictures, drawings or 3-D scenes; how a record, a file or a row of a table says which it is.

A new subject is one more entry here, with its tasks and its commands.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from potstill.tasks.files.drawings import DRAWING as DRAWING_ENDING
from potstill.tasks.files.scenes import scene_kind


@dataclass(frozen=True, eq=False)
class Subject:
    """Something that can be edited, generated and compared."""

    name: str
    tasks: Mapping[str, str]
    """The class of each command, below `potstill.tasks`."""
    inputs: tuple[str, ...]
    """The files of an edit: the first is what is edited, and is an input of no other subject."""
    kinds: tuple[str, ...]
    """The values of the setting `scene` with which a generation is of this subject; of pictures, none."""

    def task(self, command: str) -> Any:
        """The class of a command's task, imported when it is needed; None if there is none."""
        if command not in self.tasks:
            return None
        module, _, name = self.tasks[command].rpartition(".")
        return getattr(importlib.import_module(f"potstill.tasks.{module}"), name)

    def holds(self, given: Mapping[str, Any]) -> bool:
        """Whether inputs and settings by name are of this subject."""
        kind = given.get("scene")
        if isinstance(kind, str) and kind in _KINDS:
            return kind in self.kinds
        return given.get(self.inputs[0]) is not None


PICTURE = Subject(
    "picture",
    {
        "edit": "images.editing.Edit",
        "generate": "images.generating.Generate",
        "compare": "images.comparing.Compare",
        "invert": "images.inverting.Invert",
    },
    ("image", "mask"),
    (),
)
SCENE = Subject(
    "scene",
    {
        "edit": "scenes.editing.EditScene",
        "generate": "scenes.generating.GenerateScene",
        "compare": "scenes.comparing.CompareScenes",
    },
    ("scene", "cameras", "mask"),
    ("gaussians", "volume"),
)
DRAWING = Subject(
    "drawing",
    {
        "edit": "drawings.editing.EditDrawing",
        "generate": "drawings.generating.GenerateDrawing",
        "compare": "drawings.comparing.CompareDrawings",
    },
    ("drawing", "mask"),
    ("paths", "strokes"),
)
SUBJECTS = {each.name: each for each in (PICTURE, SCENE, DRAWING)}
"""All of them, by name."""
_KINDS = {kind for each in SUBJECTS.values() for kind in each.kinds}


def subject_of(given: Mapping[str, Any]) -> Subject:
    """The subject of inputs and settings by name; that of pictures, if they are of no other."""
    return next((each for each in SUBJECTS.values() if each.holds(given)), PICTURE)


def subject_of_record(record: Mapping[str, Any]) -> Subject:
    """The subject of a record; a world has settings of the same names."""
    return subject_of({**record["settings"], **record}) if record["command"] in SCENE.tasks else PICTURE


def subject_of_file(path: str | Path) -> Subject:
    """The subject of a file, by its ending or its first bytes; that of pictures, if it is of no other."""
    kind = scene_kind(path)
    return DRAWING if kind == DRAWING_ENDING else SCENE if kind else PICTURE
