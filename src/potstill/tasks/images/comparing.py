"""Several methods on one picture or prompt, from the same start with the same seed."""

from dataclasses import dataclass
from typing import ClassVar

from potstill.methods.finish import Finish, Untouched
from potstill.tasks.runs.comparison import Comparing
from potstill.tasks.settings.schema import Advanced
from potstill.tasks.settings.shared import RunSettings


@dataclass(frozen=True, kw_only=True)
class Compare(Comparing, RunSettings):
    """The settings of a comparison, the same for every method: an edit has two prompts, a generation one."""

    finish: Advanced[Finish] = Untouched()
    """What is done to the result of every edit; by default nothing, so that the methods are compared."""

    inputs: ClassVar = {"image": False, "mask": False}
