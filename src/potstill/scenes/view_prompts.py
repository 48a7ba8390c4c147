"""View-dependent prompts: the condition of a 3-D scene follows the camera."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from potstill.diffusion.prior import Condition
from potstill.errors import InputError

_VIEWS = ("front", "side", "back", "overhead")


@dataclass(frozen=True)
class ViewPrompts:
    """Front, side, back and overhead conditions, mixed by the camera (DreamFusion, arXiv 2209.14988, section 3.2).

    A scene whose `view` draws a camera adds the condition for that camera; its entries then replace the target's:

        view = {**camera, **prompts(azimuth, elevation)}

    Embeddings are interpolated linearly between front at azimuth 0, side at 90 and -90, and back at 180 degrees.
    Above `overhead_from` degrees of elevation only the overhead condition counts.

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
        for view in (self.side, self.back, self.overhead):
            if view.keys() != self.front.keys():
                raise InputError(
                    f"conditions of views must have the same entries, not {sorted(view)} beside {sorted(self.front)}"
                )

    @classmethod
    def of(cls, encode: Callable[[str], Condition], prompt: str) -> "ViewPrompts":
        """Encode the prompt with ", front view" and so on appended: `ViewPrompts.of(prior.encode_prompt, "a cup")`."""
        front, side, back, overhead = (encode(f"{prompt}, {view} view") for view in _VIEWS)
        return cls(front, side, back, overhead)

    def __call__(self, azimuth: Float[Tensor, " b"], elevation: Float[Tensor, " b"]) -> Condition:
        """The condition for each camera, angles in degrees. Integer entries, such as a mask, are the nearest view's."""
        turn = ((azimuth + 180) % 360 - 180).abs() / 90  # 0 front, 1 side, 2 back
        shares = ((1 - turn).clamp(min=0), 1 - (1 - turn).abs(), (turn - 1).clamp(min=0), 0 * turn)
        above = elevation > self.overhead_from
        shares = [share.where(~above, 1.0 * (index == 3)) for index, share in enumerate(shares)]
        views = (self.front, self.side, self.back, self.overhead)
        return {name: _mix(shares, [view[name] for view in views]) for name in self.front}


def _mix(shares: list[Float[Tensor, " b"]], rows: list[Shaped[Tensor, "1 ..."]]) -> Shaped[Tensor, "b ..."]:
    """sum_i share_i row_i for each sample; for integers the row with the largest share."""
    stacked, weights = torch.cat(rows), torch.stack(shares, 1)
    if not stacked.is_floating_point():
        return stacked[weights.argmax(1).to(stacked.device)]
    return torch.einsum("bi,i...->b...", weights.to(stacked), stacked)
