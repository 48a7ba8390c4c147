"""Gaussians: a cloud of soft, coloured ellipsoids (3DGS, arXiv 2308.04079)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor

from potstill.errors import InputError
from potstill.fields import check_count, check_number
from potstill.scenes import harmonics as sh
from potstill.scenes.cameras import Cameras
from potstill.scenes.projection import Splats, rotations
from potstill.scenes.scene import View, parameter
from potstill.scenes.splatting import splat
from potstill.scenes.viewing import Solid, Viewing

LEARNING_RATES = {
    "means": 0.005,
    "log_scales": 0.01,
    "quaternions": 0.01,
    "opacity_logits": 0.03,
    "colours": 0.03,
    "harmonics": 0.0015,
}
"""Of Adam, for a scene in the unit sphere and a few hundred steps; harmonics a twentieth of the colours, as in 3DGS."""
MOST_GAUSSIANS = 2_000_000
"""The most on a CPU: an optimiser step keeps about 1 kB for each."""


class Gaussians(Solid):
    """n Gaussians, each with a mean, a size along three axes, a rotation, an opacity and a colour.

        density = exp(-(p - mean)^T (R S² R^T)^-1 (p - mean) / 2),   S = exp(log_scales),   R from the quaternion,
        opacity = sigmoid(opacity_logit),   colour = 1/2 + sum_k coefficient_k Y_k(direction of view)

    All are stored as 3DGS files store them. `colours` are the coefficients of degree 0; `harmonics` those above it.
    `comments` and `columns` [n] are what else a file says of them, for the file that they are written to.
    """

    def __init__(
        self,
        means: Float[Tensor, "n 3"],
        log_scales: Float[Tensor, "n 3"],
        quaternions: Float[Tensor, "n 4"],
        opacity_logits: Float[Tensor, " n"],
        colours: Float[Tensor, "n 3"],
        harmonics: Float[Tensor, "n k 3"] | None = None,
        viewing: Viewing = Viewing(),
    ) -> None:
        """Start from these.

        Args:
            means: in the world, around the origin.
            log_scales: the logarithm of the standard deviation along each axis.
            quaternions: w, x, y, z, of any length above 0.
            opacity_logits: the logit of the opacity.
            colours: coefficients of degree 0.
            harmonics: (degree + 1)² - 1 coefficients for each, none by default.
            viewing: the views of a step.

        Raises:
            InputError: the numbers of rows differ, there are no Gaussians or too many, or a number is not finite.
        """
        super().__init__(viewing)
        count = len(means)
        harmonics = colours.new_zeros(count, 0, 3) if harmonics is None else harmonics
        given = {
            "means": (means, (count, 3)),
            "log_scales": (log_scales, (count, 3)),
            "quaternions": (quaternions, (count, 4)),
            "opacity_logits": (opacity_logits, (count,)),
            "colours": (colours, (count, 3)),
            "harmonics": (harmonics, (count, harmonics.shape[1] if harmonics.ndim == 3 else 0, 3)),
        }
        check_gaussian_count(count, means.is_cuda)
        for name, (value, shape) in given.items():
            if tuple(value.shape) != shape:
                raise InputError(f"{name} of shape {tuple(value.shape)} must have the shape {shape}")
            if not value.isfinite().all():
                raise InputError(f"{name} hold NaN or infinity: remove those Gaussians")
        if harmonics.shape[1] not in (0, 3, 8, 15):
            raise InputError(f"harmonics have {harmonics.shape[1]} coefficients: degrees 0 to 3 have 0, 3, 8 or 15")
        if not quaternions.any(1).all():
            raise InputError("some quaternions are zero, which is no rotation: remove those Gaussians")
        for name, (value, _) in given.items():
            self.register_parameter(name, parameter(value, name))
        self.movable: Tensor | None
        self.register_buffer("movable", None)
        self.splats: Splats | None = None
        self.watched, self.seen_size = False, (1, 1)
        self.comments: tuple[str, ...] = ()
        self.columns: Mapping[str, np.ndarray] = {}

    means: Tensor
    log_scales: Tensor
    quaternions: Tensor
    opacity_logits: Tensor
    colours: Tensor
    harmonics: Tensor

    @classmethod
    def ball(
        cls,
        count: int,
        radius: float,
        rng: Generator,
        viewing: Viewing = Viewing(),
        grey: float = 0.5,
        opacity: float = 0.3,
        degree: int = 0,
    ) -> "Gaussians":
        """Round Gaussians of one grey, uniform in a ball around the origin and as wide as they are far apart.

        Raises:
            InputError: a number is out of range.
        """
        check_gaussian_count(count)
        check_number("radius", radius, 1e-6, 1e6, usual="0.8")
        check_number("grey", grey, 0.0, 1.0)
        check_number("opacity", opacity, 1e-4, 0.9999, usual="0.3")
        check_count("degree", degree, sh.HIGHEST_DEGREE, least=0)
        direction = torch.nn.functional.normalize(torch.randn(count, 3, generator=rng), dim=1)
        means = radius * torch.rand(count, 1, generator=rng) ** (1 / 3) * direction
        apart = radius * (4 / 3 * math.pi / count) ** (1 / 3)
        return cls(
            means,
            torch.full((count, 3), math.log(0.5 * apart)),
            torch.tensor([1.0, 0, 0, 0]).repeat(count, 1),
            torch.full((count,), math.log(opacity / (1 - opacity))),
            torch.full((count, 3), (grey - 0.5) / sh.CONSTANT),
            torch.zeros(count, (degree + 1) ** 2 - 1, 3),
            viewing,
        )

    def __len__(self) -> int:
        """How many there are."""
        return len(self.means)

    def shade(self, view: View) -> tuple[Float[Tensor, "v 3 h w"], Float[Tensor, "v 1 h w"]]:
        """Blended front to back."""
        cameras = Cameras.of_view(view)
        values = {name: getattr(self, name) for name in LEARNING_RATES}
        if self.movable is not None:
            for name, value in values.items():
                which = self.movable.reshape(-1, *[1] * (value.ndim - 1))
                values[name] = torch.where(which, value, value.detach())
        means = values["means"]
        direction = means - cameras.position.to(means)[:, None]
        colour = sh.colours(values["colours"], values["harmonics"], direction)
        opacity = values["opacity_logits"].sigmoid()
        picture, alpha, splats = splat(means, values["log_scales"], values["quaternions"], opacity, colour, cameras)
        if self.watched and splats is not None and splats.centre.requires_grad:  # a source is rendered without
            splats.centre.retain_grad()
            self.splats, self.seen_size = splats, (cameras.width, cameras.height)
        return picture, alpha

    def mass(self) -> tuple[Float[Tensor, "n 3"], Float[Tensor, " n"]]:
        """The means, by opacity."""
        return self.means, self.opacity_logits.sigmoid()

    def shares(self, view: View, mask: Float[Tensor, "v 1 h w"]) -> Float[Tensor, " n"]:
        """The share of each Gaussian's part in the pictures that lies in a mask, sum T alpha mask / sum T alpha.

        0 for one that no camera of the view sees.
        """
        cameras, ones = Cameras.of_view(view), torch.ones_like(mask)
        given = (self.means, self.log_scales, self.quaternions, self.opacity_logits.sigmoid())
        means, log_scales, quaternions, opacity = (each.detach() for each in given)
        colour = torch.ones(len(mask), len(self), 3).to(self.means).requires_grad_()
        picture, _, _ = splat(means, log_scales, quaternions, opacity, colour, cameras)
        (slope,) = torch.autograd.grad(picture, colour, torch.cat([mask, ones, 0 * ones], 1))  # a colour is linear
        inside, whole, _ = slope.sum(0).unbind(1)
        return inside / whole.clamp(min=torch.finfo(whole.dtype).tiny)

    @torch.no_grad()
    def held_part(self, view: View) -> Float[Tensor, "v 1 h w"]:
        """How much of each pixel is due to Gaussians that are held, the sum of their T alpha, in [0, 1]."""
        cameras, held = Cameras.of_view(view), torch.zeros(len(self)) if self.movable is None else ~self.movable
        colour = held.to(self.means)[None, :, None].expand(len(cameras), -1, 3)
        opacity = self.opacity_logits.sigmoid()
        return splat(self.means, self.log_scales, self.quaternions, opacity, colour, cameras)[0][:, :1]

    def hold(self, held: Bool[Tensor, " n"] | None) -> None:
        """Fix some of the Gaussians, to the bit; None lets all move.

        Raises:
            InputError: there is not one entry for each Gaussian, or all are held.
        """
        if held is not None and (held.shape != (len(self),) or held.all()):
            raise InputError(
                f"held of shape {tuple(held.shape)} must have a row for each of {len(self)}, one at least False"
            )
        self.movable = None if held is None else ~held

    def parameter_groups(self, scale: float = 1.0) -> list[dict[str, Any]]:
        """A group for each kind of parameter, with the learning rate of `LEARNING_RATES` times `scale`, for Adam.

        Raises:
            InputError: the scale is not a number above 0.
        """
        check_number("scale of the learning rates", scale, 1e-9, 1e6, usual="1")
        parts = dict(self.named_parameters())
        return [
            {"params": [parts[name]], "lr": scale * rate, "name": name}
            for name, rate in LEARNING_RATES.items()
            if parts[name].numel()
        ]

    def _load_from_state_dict(  # type: ignore[override]
        self, state_dict: Mapping[str, Any], prefix: str, *rest: Any
    ) -> None:
        """As many Gaussians as the state has: densification changes their number."""
        for name, value in (*self.named_parameters(), *self.named_buffers()):
            kept = state_dict.get(prefix + name)
            if isinstance(kept, Tensor) and kept.shape[1:] == value.shape[1:]:
                value.data = value.data.new_empty(kept.shape)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @torch.no_grad()
    def turned(self, rotation: Float[Tensor, "3 3"]) -> "Gaussians":
        """The same scene, turned about the origin by a rotation matrix, its harmonics with it; without `columns`.

        Raises:
            InputError: the matrix is no rotation.
        """
        unit = torch.eye(3).to(rotation)
        if not torch.allclose(rotation @ rotation.mT, unit, atol=1e-4) or torch.linalg.det(rotation) < 0:
            raise InputError("a scene is turned by a rotation matrix, without scale or mirroring")
        turn = rotation.to(self.means)
        return Gaussians(
            self.means @ turn.mT,
            self.log_scales,
            quaternions_of(turn @ rotations(self.quaternions)),
            self.opacity_logits,
            self.colours,
            sh.turned(self.harmonics, rotation),
            self.viewing,
        )


def check_gaussian_count(count: int, on_gpu: bool = False) -> None:
    """Raise unless that many Gaussians can be optimised.

    Raises:
        InputError: there are none, or more than a CPU takes.
    """
    if count < 1:
        raise InputError("there are 0 Gaussians: a scene needs at least 1")
    if count > MOST_GAUSSIANS and not on_gpu:
        raise InputError(
            f"{count:,} Gaussians are too many for a CPU, where up to {MOST_GAUSSIANS:,} fit: use a GPU, or "
            "prune the file"
        )


def quaternions_of(matrices: Float[Tensor, "n 3 3"]) -> Float[Tensor, "n 4"]:
    """Quaternions (w, x, y, z) of length 1 of rotation matrices, from the largest of the four (Shepperd's method)."""
    m = matrices
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    zy, xz, yx = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    xy, zx, yz = m[:, 1, 0] + m[:, 0, 1], m[:, 2, 0] + m[:, 0, 2], m[:, 2, 1] + m[:, 1, 2]
    rows = [  # 4 q_i q_j: its rows are parallel to the quaternion, and the row of the largest entry is the most exact
        [1 + xx + yy + zz, zy, xz, yx],
        [zy, 1 + xx - yy - zz, xy, zx],
        [xz, xy, 1 - xx + yy - zz, yz],
        [yx, zx, yz, 1 - xx - yy + zz],
    ]
    table = torch.stack([each for row in rows for each in row], 1).reshape(-1, 4, 4)
    largest = table.diagonal(dim1=1, dim2=2).argmax(1)
    return torch.nn.functional.normalize(table[torch.arange(len(m)), largest], dim=1)
