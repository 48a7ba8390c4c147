"""Several methods on one 3-D scene, or on one prompt, from the same start with the same seed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from potstill.tasks.runs.comparison import Comparing
from potstill.tasks.scenes.editing import Box
from potstill.tasks.scenes.settings import SceneSettings
from potstill.tasks.settings.schema import Option


@dataclass(frozen=True, kw_only=True)
class CompareScenes(Comparing, SceneSettings):
    """The settings of a comparison of scenes: an edit has two prompts, a generation one."""

    source: str = ""  # these four come first in the help
    target: str = ""
    prompt: str = ""
    methods: tuple[str, ...] = ()
    scene: Literal["gaussians", "volume"] | None = None
    """What is generated: a cloud of Gaussians, or density and colour on a grid."""
    gaussians: int | None = None
    """Number of Gaussians at first; by default 500, which become up to 2000, and 2000 on the surface of a mesh."""
    grid: int | None = None
    """Points of a volume along a side; by default 49."""
    coarse_grid: int | None = None
    """Points of a volume along a side at first: the grid becomes finer in the first half of the run."""
    only_box: Annotated[Box | None, Option(metavar="X0 X1 Y0 Y1 Z0 Z1")] = None
    """Edit only the Gaussians whose centres are in this box; the others stay as they are, to the bit."""

    inputs: ClassVar = {"scene": False, "cameras": False, "mask": False}
    edits_with: ClassVar = ("infedit", "dds", "sds", "pds")
    generates_with: ClassVar = ("SDS(times=Annealed(high=0.7))", "sdi")

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        self._tasks()
