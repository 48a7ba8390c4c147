"""The files of a drawing: an SVG with new numbers, and what is written beside it."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxtyping import Float
from torch import Tensor

from potstill.errors import InputError
from potstill.io.files import as_path
from potstill.io.outputs import FileOutputs

if TYPE_CHECKING:  # it needs packages of the extra `vector`
    from potstill.io.svg import SvgFile
    from potstill.vectors.sketch import Sketch

DRAWING = ".svg"
"""The ending of drawings."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """An SVG file and new numbers for it."""

    file: "SvgFile"
    numbers: Float[Tensor, " n"]

    def text(self, record: Mapping[str, Any] | None = None) -> str:
        """The file with its new numbers, and a record in `<metadata>`."""
        return self.file.text(self.numbers, None if record is None else json.dumps(record))

    def sketch(self) -> "Sketch":
        """The drawing as the file has it, whose numbers are rounded."""
        from potstill.io.svg import read_svg

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that were named when the file was read
            return read_svg(self.text().encode()).sketch


def drawing_outputs(path: str | Path, checkpoint_name: str = "", name: str = "--out") -> FileOutputs:
    """The outputs of a run on a drawing: the SVG, and all that may be written beside it.

    Raises:
        InputError: the path does not end in .svg.
    """
    path = as_path(path)
    if path.suffix.lower() != DRAWING:
        raise InputError(f"{name} {str(path)!r} must end in .svg")
    return FileOutputs(path, (path.suffix, ".png", ".json", ".gif", "-preview.png"), checkpoint_name)
