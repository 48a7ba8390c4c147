"""View-dependent prompts: what a 3-D scene is told to be, from where it is looked at."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from potstill.diffusion.prior import Condition
from potstill.errors import InputError
from potstill.priors.pipeline import Pipeline

_VIEWS = ("front", "side", "back", "overhead")


@dataclass(frozen=True)
class ViewPrompts:
    """Front, side, back and overhead conditions, mixed by the camera (DreamFusion, arXiv 2209.14988, section 3.2).

    A scene whose `view` draws a camera adds the condition of that camera to it, and then every entry takes
    the place of the target's own:

        view = {**camera, **prompts(azimuth, elevation)}

    In between, embeddings are mixed in a line: front at azimuth 0, side at 90 and -90, back at 180 degrees.
    Above `overhead_from` degrees of elevation it is the overhead condition alone.

    Raises:
        InputError: the conditions differ in their entries.
    """

    front: Condition
    side: Condition
    back: Condition
    overhead: Condition
    overhead_from: float = 60.0

    def __post_init__(self) -> None:
        """Check the entries."""
        for told in (self.side, self.back, self.overhead):
            if told.keys() != self.front.keys():
                raise InputError(
                    f"conditions of views must have the same entries, not {sorted(told)} beside {sorted(self.front)}"
                )

    @classmethod
    def of(cls, prior: Pipeline, prompt: str) -> "ViewPrompts":
        """The prompt with ", front view" and so on behind it."""
        front, side, back, overhead = (prior.tell(f"{prompt}, {view} view") for view in _VIEWS)
        return cls(front, side, back, overhead)

    def __call__(self, azimuth: Float[Tensor, " b"], elevation: Float[Tensor, " b"]) -> Condition:
        """A row for each camera, in degrees; whole numbers, such as a mask, are not mixed but the nearest view's."""
        turn = ((azimuth + 180) % 360 - 180).abs() / 90  # 0 front, 1 side, 2 back
        shares = ((1 - turn).clamp(min=0), 1 - (1 - turn).abs(), (turn - 1).clamp(min=0), 0 * turn)
        above = elevation > self.overhead_from
        shares = [share.where(~above, 1.0 * (index == 3)) for index, share in enumerate(shares)]
        views = (self.front, self.side, self.back, self.overhead)
        return {name: _mix(shares, [view[name] for view in views]) for name in self.front}


def _mix(shares: list[Float[Tensor, " b"]], rows: list[Tensor]) -> Tensor:
    """sum_i share_i row_i for each sample; the row of the largest share where there is nothing to mix."""
    stacked, weights = torch.cat(rows), torch.stack(shares, 1)
    if not stacked.is_floating_point():
        return stacked[weights.argmax(1).to(stacked.device)]
    return torch.einsum("bi,i...->b...", weights.to(stacked), stacked)
