"""Volumes: density and colour on a dense grid, seen by marching along rays."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Generator, Tensor

from potstill.errors import InputError
from potstill.fields import check_count, check_number, no_type_check
from potstill.scenes.cameras import Cameras
from potstill.scenes.scene import View, parameter
from potstill.scenes.surface import Surface, marching_cubes
from potstill.scenes.viewing import Solid, Viewing

LEARNING_RATES = {"densities": 0.2, "colours": 0.1}
"""Of Adam, for a few hundred steps."""
FINEST = 512
"""The most points along a side: 2 GB with the moments of Adam."""
MOST_SAMPLES = 4096
"""The most samples along a ray."""


class Samples(NamedTuple):
    """What a march met, ray by ray."""

    points: Float[Tensor, "v h w s 3"]
    directions: Float[Tensor, "v h w 3"]
    weights: Float[Tensor, "v h w s"]
    """How much each sample adds to its pixel, T alpha."""


class Volume(Solid):
    """A cube of side 2 radius around the origin, with numbers on a grid of n x n x n points, trilinear between them.

        density = softplus(d(p)),   colour = sigmoid(c(p)),   alpha_i = 1 - exp(-density_i step),
        pixel = sum_i T_i alpha_i colour_i,   T_i = prod_{j < i} (1 - alpha_j)

    Rays cross the cube in `samples` equal steps, one sample in each; where in its step is the view's `offset` in
    [0, 1), drawn for each ray, or else the middle. The grid's axes are z, y, x, as `grid_sample` has them.
    """

    @no_type_check
    def __init__(
        self,
        densities: Float[Tensor, "n n n"],
        colours: Float[Tensor, "3 n n n"],
        radius: float = 1.0,
        samples: int = 64,
        viewing: Viewing = Viewing(),
    ) -> None:
        """Start from raw densities and colours, before softplus and sigmoid.

        Raises:
            InputError: the grids do not fit each other, a number is not finite, or an argument is out of range.
        """
        super().__init__(viewing)
        count = len(densities) if densities.ndim else 0
        check_count("points along a side", count, FINEST, least=2, usual="64")
        check_number("radius", radius, 1e-6, 1e6, usual="1")
        check_count("samples", samples, MOST_SAMPLES, usual="64")
        for name, value, shape in (("densities", densities, (count,) * 3), ("colours", colours, (3, *[count] * 3))):
            if tuple(value.shape) != shape:
                raise InputError(f"{name} of shape {tuple(value.shape)} must have the shape {shape}")
            if not value.isfinite().all():
                raise InputError(f"{name} hold NaN or infinity: give finite numbers")
        self.densities, self.colours = parameter(densities, "densities"), parameter(colours, "colours")
        self.radius, self.count = radius, samples
        self.samples: Samples | None = None

    @classmethod
    def ball(
        cls,
        points: int = 33,
        radius: float = 0.5,
        density: float = 5.0,
        grey: float = 0.5,
        samples: int = 64,
        viewing: Viewing = Viewing(),
    ) -> "Volume":
        """A soft grey ball in the cube of side 2; outside of it there is a trace of density, so that it can grow.

        Raises:
            InputError: a number is out of range.
        """
        check_count("points", points, FINEST, least=2, usual="33")
        check_number("radius", radius, 0.0, 2.0, usual="0.5")
        check_number("density", density, 1e-3, 1e4, usual="5")
        check_number("grey", grey, 0.01, 0.99, usual="0.5")
        axis = torch.linspace(-1, 1, points)
        far = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).norm(dim=0)
        inside = density + math.log(-math.expm1(-density))  # softplus of it is the density
        shade = torch.full((3, points, points, points), math.log(grey / (1 - grey)))
        return cls((10 * (radius - far)).clamp(-4, inside), shade, 1.0, samples, viewing)

    def view(self, rng: Generator) -> View:
        """The cameras and backgrounds of a step, and where the samples of each ray lie."""
        view = super().view(rng)
        width, height = view["size"][0].tolist()
        offset = torch.rand(len(view["size"]), height, width, generator=rng)
        return {**view, "offset": offset.to(self.densities)}

    def shade(self, view: View) -> tuple[Float[Tensor, "v 3 h w"], Float[Tensor, "v 1 h w"]]:
        """Marched from front to back."""
        origins, directions = Cameras.of_view(view).rays()
        origins, directions = origins.to(self.densities)[:, None, None], directions.to(self.densities)
        near, far = self._crossing(origins, directions)
        step = (far - near) / self.count
        offset = view.get("offset", torch.full_like(near, 0.5))
        place = near[..., None] + step[..., None] * (torch.arange(self.count).to(step) + offset[..., None])
        points = origins[..., None, :] + place[..., None] * directions[..., None, :]
        values = self.look_up(torch.cat([self.densities[None], self.colours]), points)
        depth = F.softplus(values[0]) * step[..., None]
        behind = depth.cumsum(-1)
        weights = (depth - behind).exp() - (-behind).exp()  # T_i - T_{i + 1}
        self.samples = Samples(points, directions, weights)
        colour = torch.stack([(weights * each.sigmoid()).sum(-1) for each in values[1:]], 1)
        return colour, -torch.expm1(-behind[..., -1])[:, None]

    def mass(self) -> tuple[Float[Tensor, "n 3"], Float[Tensor, " n"]]:
        """The points of the grid, by density."""
        axis = torch.linspace(-self.radius, self.radius, len(self.densities)).to(self.densities)
        places = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")[::-1], -1)
        return places.reshape(-1, 3), F.softplus(self.densities).flatten()

    def parameter_groups(self, scale: float = 1.0) -> list[dict[str, Any]]:
        """Densities and colours, with the learning rates of `LEARNING_RATES` times `scale`, for Adam.

        Raises:
            InputError: the scale is not a number above 0.
        """
        check_number("scale of the learning rates", scale, 1e-9, 1e6, usual="1")
        return [
            {"params": [getattr(self, name)], "lr": scale * lr, "name": name} for name, lr in LEARNING_RATES.items()
        ]

    def refined(self, points: int | None = None) -> "Volume":
        """The same function on a finer grid, by default of 2 n - 1 points a side, which holds it exactly.

        Raises:
            InputError: there are too many points.
        """
        points = 2 * len(self.densities) - 1 if points is None else points
        check_count("points along a side", points, FINEST, least=2)
        densities, colours = (resampled(each.detach(), points) for each in (self.densities, self.colours))
        return Volume(densities, colours, self.radius, self.count, self.viewing)

    def _load_from_state_dict(  # type: ignore[override]
        self, state_dict: Mapping[str, Any], prefix: str, *rest: Any
    ) -> None:
        """Of as many points as the state has: refinement changes their number."""
        kept = state_dict.get(f"{prefix}densities")
        if isinstance(kept, Tensor) and kept.ndim == 3:
            for value in self.parameters():
                value.data = value.data.new_empty(*value.shape[:-3], *kept.shape)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @torch.no_grad()
    def surface(self, level: float = 10.0) -> Surface:
        """The surface where the density is `level`, closed at the faces of the cube, by marching cubes.

        Raises:
            InputError: scikit-image is not installed, or no density is above the level.
        """
        check_number("level", level, 1e-6, 1e6, usual="10")
        vertices, faces = marching_cubes(F.softplus(self.densities.double()).cpu().numpy(), self.radius, level)
        points = torch.from_numpy(vertices).to(self.colours)[None, None, None]
        colours = self.look_up(self.colours, points)[:, 0, 0, 0].sigmoid().T
        return Surface(vertices, faces, colours.double().cpu().numpy())

    def look_up(self, grid: Float[Tensor, "c z y x"], points: Float[Tensor, "v h w s 3"]) -> Float[Tensor, "c v h w s"]:
        """The grid's values at points of the world."""
        places = (points / self.radius).reshape(1, -1, 1, 1, 3)
        values = F.grid_sample(grid[None], places, padding_mode="border", align_corners=True)
        return values.reshape(len(grid), *points.shape[:-1])

    def _crossing(self, origins: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """Where each ray enters and leaves the cube, from the camera on; the same twice if it misses the cube."""
        safe = directions.where(directions.abs() > 1e-9, 1e-9)
        one, other = (-self.radius - origins) / safe, (self.radius - origins) / safe
        near = torch.minimum(one, other).amax(-1).clamp(min=0)
        return near, torch.maximum(torch.maximum(one, other).amin(-1), near)


def resampled(grid: Float[Tensor, "*c z y x"], points: int) -> Float[Tensor, "*c n n n"]:
    """Values on a grid of that many points a side, between those of another, by trilinear interpolation."""
    whole = grid.reshape(1, -1, *grid.shape[-3:])
    finer = F.interpolate(whole, size=(points,) * 3, mode="trilinear", align_corners=True)
    return finer.reshape(*grid.shape[:-3], *[points] * 3)
