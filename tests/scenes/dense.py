"""The slow twin of the rasteriser: every Gaussian at every pixel, straight from the definition."""

import torch

from potstill.scenes.projection import Splats


def dense(splats: Splats, opacity: torch.Tensor, colour: torch.Tensor, width: int, height: int):
    """What `composite` gives, [v, 3, h, w] and [v, 1, h, w]."""
    rows, columns = (torch.arange(side).to(opacity) + 0.5 for side in (height, width))
    pictures = []
    for view in range(len(colour)):
        (order,) = torch.where(splats.visible[view])
        order = order[splats.depth[view][order].argsort(stable=True)]
        x, y = (splats.centre[view, order, axis, None, None] for axis in (0, 1))
        xx, xy, yy = (splats.conic[view, order, part, None, None] for part in range(3))
        dx, dy = columns - x, rows[:, None] - y
        alpha = opacity[order, None, None] * (-(xx * dx**2 + 2 * xy * dx * dy + yy * dy**2) / 2).exp()
        alpha = alpha.clamp(max=0.99)
        alpha = alpha.where(alpha >= 1 / 255, 0.0)
        after = (1 - alpha).cumprod(0)
        before = torch.cat([torch.ones_like(after[:1]), after[:-1]])
        weight = (before * alpha).where(after >= 1e-4, 0.0)
        shown = torch.cat([colour[view, order], torch.ones_like(colour[view, order, :1])], 1)
        pictures.append(torch.einsum("nhw,nc->chw", weight, shown))
    whole = torch.stack(pictures)
    return whole[:, :3], whole[:, 3:]
