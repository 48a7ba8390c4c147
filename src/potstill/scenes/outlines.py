"""The density at which the surface of a volume has the outline of its pictures."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from potstill.scenes.surface_colours import cameras_around
from potstill.scenes.volume import Volume

SIZE = 64
"""Of the pictures."""


@torch.no_grad()
def fitting_level(volume: Volume) -> tuple[float, float]:
    """The density l whose surface covers best what pictures from all around show, and how well it does.

    The surface is seen on the rays whose largest density is above l, and the object on those that lose at least half of
    the background's light. So l is the largest of

        IoU(l) = |{max density > l} and {alpha > 1/2}| / |{max density > l} or {alpha > 1/2}|

    over the rays of 26 cameras. A soft volume is wider at a small density, and lacks its thin parts at a large one.

    Returns:
        l and IoU(l) in [0, 1]; both are 0 where no ray loses half of the light.
    """
    largest, shown = [], []
    cameras = cameras_around(SIZE, volume.radius)
    for one in range(len(cameras)):
        _, alpha = volume.shade(cameras[[one]].view())
        assert volume.samples is not None
        density = F.softplus(volume.look_up(volume.densities[None], volume.samples.points)[0])
        largest.append(density.amax(-1).flatten())
        shown.append(alpha.flatten() > 0.5)
    return _best(torch.cat(largest).cpu(), torch.cat(shown).cpu())


def _best(largest: Float[Tensor, " n"], shown: Bool[Tensor, " n"]) -> tuple[float, float]:
    """The level between two values of `largest` that separates best those that are shown, and its IoU."""
    if not shown.any():
        return 0.0, 0.0
    values, order = largest.double().sort(descending=True)
    hits = shown[order].cumsum(0)
    above = torch.arange(1, len(values) + 1)
    iou = hits / (above - hits + hits[-1])
    iou[:-1][values[1:] == values[:-1]] = -1  # no level lies between equal values
    best = int(iou.argmax())
    below = values[best + 1] if best + 1 < len(values) else values[best] / 2
    return float(values[best] + below) / 2, float(iou[best])
