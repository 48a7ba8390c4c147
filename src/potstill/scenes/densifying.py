"""More Gaussians where a scene needs them, and fewer where it does not (3DGS, arXiv 2308.04079, section 5.2)."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int64
from torch import Generator, Tensor
from torch.optim import Optimizer

from potstill.errors import InputError, Note
from potstill.fields import Checked, check_count, check_number
from potstill.scenes.gaussians import MOST_GAUSSIANS, Gaussians
from potstill.scenes.growing import Growth, exchange
from potstill.scenes.projection import rotations

_SHRINK = 1.6
"""The two halves of a split Gaussian are smaller by this factor (3DGS)."""


@dataclass(frozen=True)
class Densification(Checked):
    """When and where Gaussians are added and removed.

    3DGS adds where the gradient of the loss with respect to the centre on the screen, averaged over the views that see
    the Gaussian, is above a threshold. A distilled gradient has no such scale, it grows with guidance and weight, so
    here it is the `share` of Gaussians with the largest one. A small Gaussian is cloned, and one larger than
    `split_above` becomes two in its place. Those of an opacity below `least_opacity` are removed, but never all.

    Raises:
        InputError: a number is out of range.
    """

    every: int = 50
    """Steps between two changes."""
    last: int = 15_000
    """No change after that many steps: what is new has to settle (3DGS)."""
    most: int = 10_000
    """The budget: Gaussians in all."""
    share: float = 0.1
    """Of the Gaussians, that are cloned or split in a change."""
    split_above: float = 0.05
    """The largest scale of a Gaussian that is cloned, in units of the world."""
    least_opacity: float = 0.01
    """Below it a Gaussian is removed."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        super().__post_init__()
        check_count("every", self.every, 1_000_000, usual="50")
        check_count("last", self.last, 100_000_000, usual="15,000")
        check_count("most", self.most, MOST_GAUSSIANS, usual="10,000")
        check_number("share", self.share, 0.0, 1.0, usual="0.1")
        check_number("split_above", self.split_above, 0.0, 1e6, usual="0.05")
        check_number("least_opacity", self.least_opacity, 0.0, 0.99, usual="0.01")


class Densifier(Growth):
    """Adds and removes Gaussians by a rule; what is new begins with moments of 0, all others keep theirs.

    On a GPU, where gsplat draws them, the gradient is that of the centre in the world, of all views together.
    """

    def __init__(self, scene: Gaussians, optimizer: Optimizer, rule: Densification, rng: Generator) -> None:
        """For a run of this scene and optimiser; `rng` draws where the halves of a split Gaussian lie."""
        self.scene, self.optimizer, self.rule, self.rng = scene, optimizer, rule, rng
        self.scene.watched = True
        self._clear()

    def state(self) -> dict[str, Any]:
        """What was gathered since the last change; with the scene, the optimiser and the generator, all there is."""
        return {"gathered": self.gathered, "seen": self.seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume from `state`, after the scene was restored."""
        self.gathered, self.seen = (state[name].clone().to(self.scene.means) for name in ("gathered", "seen"))

    @torch.no_grad()
    def after(self, index: int) -> None:
        """Gather the gradients of step `index`, from 0 up, and change the scene if it is time."""
        if index >= self.rule.last:
            return
        self._gather()
        if (index + 1) % self.rule.every == 0:
            self._change()
            self._clear()

    def _clear(self) -> None:
        self.gathered, self.seen = torch.zeros(2, len(self.scene)).to(self.scene.means).unbind()

    def _gather(self) -> None:
        """|d loss / d centre| in half pictures, so that the size of the picture does not count, times the views."""
        splats, means = self.scene.splats, self.scene.means
        if splats is None and means.grad is not None:
            self.gathered += means.grad.norm(dim=1)
            self.seen += (means.grad != 0).any(1)
            return
        if splats is None or splats.centre.grad is None:
            raise InputError("there is no gradient to densify by: call after(step.index) after a step")
        size = torch.tensor(self.scene.seen_size).to(splats.centre)
        slopes = (splats.centre.grad * size / 2).norm(dim=2) * len(splats.centre)
        self.gathered += slopes.sum(0)
        self.seen += (slopes > 0).sum(0)

    def _change(self) -> None:
        scene, rule = self.scene, self.rule
        movable = torch.ones_like(self.seen, dtype=torch.bool) if scene.movable is None else scene.movable
        opacity = scene.opacity_logits.sigmoid()
        faint = (opacity < rule.least_opacity) & movable
        if faint.all():
            warnings.warn("all Gaussians are nearly transparent: the most opaque one stays", Note, stacklevel=3)
            faint[opacity.argmax()] = False
        grown = self._largest(movable & ~faint)
        large = scene.log_scales.exp().amax(1) > rule.split_above
        split, clone = grown[large[grown]], grown[~large[grown]]
        halves = split.repeat(2)
        keep = ~faint
        keep[split] = False
        stay = keep.nonzero()[:, 0]
        self._take(torch.cat([stay, clone, halves]), len(stay))
        if len(halves):
            self._part(slice(len(stay) + len(clone), None))

    def _largest(self, allowed: Bool[Tensor, " n"]) -> Int64[Tensor, " k"]:
        """Those with the largest mean gradient that there is room for."""
        mean = (self.gathered / self.seen.clamp(min=1)).where(allowed & (self.seen > 0), -1.0)
        room = self.rule.most - int((~(self.scene.opacity_logits.sigmoid() < self.rule.least_opacity)).sum())
        count = min(math.ceil(self.rule.share * len(mean)), max(room, 0), int((mean > 0).sum()))
        return mean.argsort(descending=True, stable=True)[:count].sort().values

    def _take(self, rows: Int64[Tensor, " k"], old: int) -> None:
        """Make the scene of these rows; from `old` on they are new to the optimiser."""

        def moment(key: str, kept: Tensor) -> Tensor:
            return torch.cat([kept[rows[:old]], torch.zeros_like(kept[rows[old:]])])

        for name, value in list(self.scene.named_parameters()):
            exchange(self.scene, self.optimizer, name, value[rows], moment)
        if self.scene.movable is not None:
            self.scene.movable = self.scene.movable[rows]

    def _part(self, rows: slice) -> None:
        """Move the halves of split Gaussians to draws from them, and shrink them."""
        scene = self.scene
        scales = scene.log_scales[rows].exp()
        draw: Float[Tensor, "k 3"] = torch.randn(scales.shape, generator=self.rng, dtype=scales.dtype).to(scales)
        scene.means[rows] += (rotations(scene.quaternions[rows]) @ (scales * draw)[:, :, None])[:, :, 0]
        scene.log_scales[rows] -= math.log(_SHRINK)
