"""Several methods on one drawing, or on one prompt, from the same start with the same seed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from potstill.tasks.drawings.editing import Box
from potstill.tasks.drawings.settings import DrawingSettings
from potstill.tasks.runs.comparison import Comparing
from potstill.tasks.settings.schema import Option


@dataclass(frozen=True, kw_only=True)
class CompareDrawings(Comparing, DrawingSettings):  # type: ignore[override]  # its plan is that of a comparison
    """The settings of a comparison of drawings: an edit has two prompts, a generation one."""

    source: str = ""  # these four come first in the help
    target: str = ""
    prompt: str = ""
    methods: tuple[str, ...] = ()
    scene: Literal["paths", "strokes"] | None = None
    """What is generated: closed paths, or strokes of a pen."""
    paths: int | None = None
    """Number of closed paths; by default 32."""
    strokes: int | None = None
    """Number of strokes; by default 64."""
    only: tuple[str, ...] = ()
    """Ids of the elements that may change, with all within them, such as "#eye" "#mouth"; by default all. A shape
    without an id is path:3, the third <path> of the file."""
    only_box: Annotated[Box | None, Option(metavar="LEFT TOP RIGHT BOTTOM")] = None
    """Change only shapes within this box, in units of the viewBox; the others keep their bytes."""

    inputs: ClassVar = {"drawing": False, "mask": False}
    edits_with: ClassVar = ("infedit", "dds", "sds", "pds")
    generates_with: ClassVar = ("SDS(times=Annealed(high=0.95))", "sdi")

    def __post_init__(self) -> None:
        """Check every value, by the rules of each method's task."""
        self._tasks()
